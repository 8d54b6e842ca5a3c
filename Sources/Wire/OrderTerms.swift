// The terms of orders on the wire: what is remembered, and how many a trade allows.

public struct VenueOrderTerms: Codable, Sendable, Equatable {
  /// A user's newest finished orders whose ids are remembered for 24 hours.
  public var rememberedOrders: UInt32
  /// 0 where there is no allowance: orders are free.
  public var freeOrdersPerDay: UInt32
  public var ordersPerTrade: UInt32

  public init(rememberedOrders: UInt32, freeOrdersPerDay: UInt32, ordersPerTrade: UInt32) {
    self.rememberedOrders = rememberedOrders
    self.freeOrdersPerDay = freeOrdersPerDay
    self.ordersPerTrade = ordersPerTrade
  }

  private enum CodingKeys: String, CodingKey {
    case rememberedOrders = "remembered_orders"
    case freeOrdersPerDay = "free_orders_per_day"
    case ordersPerTrade = "orders_per_trade"
  }
}

public struct OwnOrderAllowance: Codable, Sendable, Equatable {
  public var terms: VenueOrderTerms
  /// Orders and amendments that are left; nil where there is no allowance.
  @Nullable public var remaining: Int64?

  public init(terms: VenueOrderTerms, remaining: Int64?) {
    self.terms = terms
    self.remaining = remaining
  }
}
