// What is remembered of orders, and the order-to-trade allowance: for operators, and for a user.

internal import Engine
internal import Wire

extension Handlers {
  func orderTerms() async throws(Refusal) -> Answer {
    .json(VenueOrderTerms(try await read { $0.orderTerms }))
  }

  func setOrderTerms(_ call: Call, _ operator: Identity) async throws(Refusal) -> Answer {
    let request: Reasoned<VenueOrderTerms> = try call.decoded()
    let (new, reason) = (request.body, try request.checkedReason())
    let terms = OrderTerms(
      rememberedOrders: new.rememberedOrders,
      allowance: new.freeOrdersPerDay == 0
        ? nil
        : OrderAllowance(freePerDay: new.freeOrdersPerDay, perTrade: new.ordersPerTrade))
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
      rememberedOrders: terms.rememberedOrders,
      freeOrdersPerDay: terms.allowance?.freePerDay ?? 0,
      ordersPerTrade: terms.allowance?.perTrade ?? 0)
  }
}
