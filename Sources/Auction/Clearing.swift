// The result of an auction run: what is published, and what allocation starts from.

/// The side of an order.
public enum Side: UInt8, Sendable {
  case buy = 0
  case sell = 1

  /// The side that an order of this side trades with.
  public var opposite: Side { self == .buy ? .sell : .buy }
}

/// What became of an auction run (`docs/auction.md`, "Statuses of a published auction"). Every run
/// is published, whatever its status.
public enum AuctionStatus: UInt8, Sendable {
  /// No live orders.
  case empty = 0
  /// Orders, but no executable volume at any candidate price.
  case noCross = 1
  /// Executable volume at a candidate price outside the band and at none inside it: the run does
  /// not print.
  case outsideBand = 2
  /// One price was found and `volume` lots trade at it.
  case cleared = 3

  /// The name under which the status is published.
  public var name: String {
    switch self {
    case .empty: "empty"
    case .noCross: "no_cross"
    case .outsideBand: "outside_band"
    case .cleared: "cleared"
    }
  }
}

/// The outcome of price determination.
public struct Clearing: Equatable, Sendable {
  public var status: AuctionStatus
  /// The clearing price in ticks, at least 1; 0 unless `status` is `cleared`.
  public var price: Int64
  /// The executable volume `min(D, S)` at `price`, in lots; positive if `cleared`, else 0.
  public var volume: Int128
  /// `D - S` at `price`, in lots: positive if buy orders are left over, negative if sell orders
  /// are; 0 unless `cleared`.
  public var surplus: Int128

  /// Ticks and lots as described at the properties.
  public init(status: AuctionStatus, price: Int64, volume: Int128, surplus: Int128) {
    self.status = status
    self.price = price
    self.volume = volume
    self.surplus = surplus
  }

  /// A run without a trade: `empty`, `noCross` or `outsideBand`.
  public init(withoutTrade status: AuctionStatus) {
    precondition(status != .cleared, "a cleared auction has a price and a volume")
    self.init(status: status, price: 0, volume: 0, surplus: 0)
  }
}
