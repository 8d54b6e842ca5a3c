// What an account may ask of the venue beyond its rates: set by operators, for all alike.

/// Since rules 3.
public struct OrderTerms: Sendable, Equatable {
  /// A user's orders, the newest to end, whose ids are remembered for 24 hours.
  public var rememberedOrders: UInt32
  /// Nil where orders cost nothing.
  public var allowance: OrderAllowance?

  public init(rememberedOrders: UInt32 = 1 << 14, allowance: OrderAllowance? = OrderAllowance()) {
    self.rememberedOrders = rememberedOrders
    self.allowance = allowance
  }

  var isValid: Bool {
    guard (1...Bounds.maximumRememberedOrders).contains(rememberedOrders) else { return false }
    guard let allowance else { return true }
    return (1...Bounds.maximumFreeOrders).contains(allowance.freePerDay)
      && allowance.perTrade <= Bounds.maximumOrdersPerTrade
  }
}

/// The order-to-trade allowance. An account has a stock of orders. It begins with `freePerDay`, and
/// as many flow in evenly over a day while the stock is below that. An accepted order takes one,
/// and so does an amendment that changes something; a cancel takes none. Each order that trades in
/// an auction brings `perTrade`. The stock is never more than ten times `freePerDay`.
public struct OrderAllowance: Sendable, Equatable {
  public var freePerDay: UInt32
  public var perTrade: UInt32

  /// A quote on both sides that is renewed every second needs 172,800 orders a day and no trade.
  public init(freePerDay: UInt32 = 200_000, perTrade: UInt32 = 100) {
    self.freePerDay = freePerDay
    self.perTrade = perTrade
  }

  /// How many times `freePerDay` trades can save up.
  static let most: Int64 = 10
  static let day: Microseconds = 86_400 * 1_000_000
}

/// What an account has left of its allowance: 16 bytes.
struct OrderStock: Equatable {
  /// Orders.
  var orders: Int64 = 0
  /// The time up to which the inflow is in `orders`. A new account's is a day before time began: so
  /// its stock is full when it is first looked at.
  var countedTo: Microseconds = -OrderAllowance.day

  static let untouched = OrderStock()
  /// Of a snapshot: terms may have been lowered since an account saved it up.
  static let mostEver = Int64(Bounds.maximumFreeOrders) * OrderAllowance.most

  /// Brings the inflow into the stock. Rounded down; the rest stays in `countedTo`.
  mutating func flow(to time: Microseconds, _ allowance: OrderAllowance) {
    let full = Int64(allowance.freePerDay)
    if orders >= full {
      countedTo = time
      orders = min(orders, full * OrderAllowance.most)
      return
    }
    // Below 2^37 by 2^26: it fits.
    let elapsed = min(time - max(countedTo, time - OrderAllowance.day), OrderAllowance.day)
    let gained = elapsed * full / OrderAllowance.day
    if orders + gained >= full {
      orders = full
      countedTo = time
    } else if gained > 0 {
      orders += gained
      countedTo = time - (elapsed - (gained * OrderAllowance.day + full - 1) / full)
    }
  }

  mutating func earn(_ allowance: OrderAllowance) {
    orders = min(
      orders + Int64(allowance.perTrade), Int64(allowance.freePerDay) * OrderAllowance.most)
  }
}
