// What is remembered of orders, and the order-to-trade allowance: for operators, and for a user.

internal import Client
internal import Engine
internal import Formats

extension Handlers {
  func orderTerms() async throws(Refusal) -> Answer {
    .json(VenueOrderTerms(try await read { $0.orderTerms }))
  }

  func setOrderTerms(_ call: Call, _ operator: Identity) async throws(Refusal) -> Answer {
    var fields = try call.fields()
    let remembered: UInt32 = try fields.integer("remembered_orders")
    let free: UInt32 = try fields.integer("free_orders_per_day")
    let perTrade: UInt32 = try fields.integer("orders_per_trade")
    let reason = try fields.reason()
    try fields.finish()
    let terms = OrderTerms(
      rememberedOrders: remembered,
      allowance: free == 0 ? nil : OrderAllowance(freePerDay: free, perTrade: perTrade))
    _ = try await submit(.setOrderTerms(terms), by: `operator`, reason)
    return .json(VenueOrderTerms(terms))
  }

  func orderAllowance(_ user: Identity) async throws(Refusal) -> Answer {
    let id = user.user
    let (terms, stock) = try await read { ($0.orderTerms, $0.orderStock(id)) }
    return .json(OwnOrderAllowance(terms: VenueOrderTerms(terms), remaining: stock))
  }
}

extension VenueOrderTerms {
  fileprivate init(_ terms: OrderTerms) {
    self.init(
      rememberedOrders: Int(terms.rememberedOrders),
      freeOrdersPerDay: Int(terms.allowance?.freePerDay ?? 0),
      ordersPerTrade: Int(terms.allowance?.perTrade ?? 0))
  }
}
