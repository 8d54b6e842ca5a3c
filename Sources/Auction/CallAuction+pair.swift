// Pairing: from what each order gets to who trades with whom.

/// What one order gets in an auction.
public struct Fill: Equatable, Sendable {
  /// The caller's name for the order; given back in the trades.
  public var index: Int32
  /// In lots, at least 1.
  public var quantity: Int64

  @inlinable
  public init(index: Int32, quantity: Int64) {
    self.index = index
    self.quantity = quantity
  }
}

extension CallAuction {
  /// Pairs the fills of both sides, each in rank order (market orders, then better limits, then
  /// time), into trades: at most `buys.count + sells.count - 1` of them, given in rank order of
  /// both sides.
  ///
  /// The fills of both sides must sum to the same volume. Nothing is allocated.
  @inlinable
  public static func pair(
    buys: Span<Fill>, sells: Span<Fill>,
    body: (_ buyIndex: Int32, _ sellIndex: Int32, _ quantity: Int64) -> Void
  ) {
    var bought = 0
    var sold = 0
    var openBuy: Int64 = 0
    var openSell: Int64 = 0
    while true {
      if openBuy == 0 && bought < buys.count {
        openBuy = buys[bought].quantity
        precondition(openBuy > 0, "a fill has at least one lot")
      }
      if openSell == 0 && sold < sells.count {
        openSell = sells[sold].quantity
        precondition(openSell > 0, "a fill has at least one lot")
      }
      let quantity = min(openBuy, openSell)
      guard quantity > 0 else { break }
      body(buys[bought].index, sells[sold].index, quantity)
      openBuy -= quantity
      openSell -= quantity
      if openBuy == 0 { bought += 1 }
      if openSell == 0 { sold += 1 }
    }
    precondition(
      bought == buys.count && sold == sells.count, "both sides must be filled with the same volume")
  }
}
