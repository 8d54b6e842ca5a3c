// The terms of orders on the wire: what is remembered, and how many a trade allows.

public struct VenueOrderTerms: Codable, Sendable, Equatable {
  /// A user's newest finished orders whose ids are remembered for 24 hours.
  public var rememberedOrders: Int
  /// 0 where there is no allowance: orders are free.
  public var freeOrdersPerDay: Int
  public var ordersPerTrade: Int

  public init(rememberedOrders: Int, freeOrdersPerDay: Int, ordersPerTrade: Int) {
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

extension UncrossClient {
  public func orderAllowance() async throws(APIError) -> OwnOrderAllowance {
    try await call(.get, Target("v1", "order-allowance"), isSafeToRepeat: true)
  }

  public func orderTerms() async throws(APIError) -> VenueOrderTerms {
    try await call(.get, Target("v1", "operator", "order-terms"), isSafeToRepeat: true)
  }

  public func setOrderTerms(
    _ terms: VenueOrderTerms, reason: String
  ) async throws(APIError) -> VenueOrderTerms {
    try await call(
      .post, Target("v1", "operator", "order-terms"),
      body: JSON.bytes(Reasoned(terms, reason: reason)), isSafeToRepeat: true)
  }
}
