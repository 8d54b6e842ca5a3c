// The table of all routes: the only place where a path gets a handler and says who may call it.

internal import Engine

extension Route {
  private static let traders: Set<Role> = [.trader, .tradeOnly]
  /// Whoever may take something out, or let others.
  private static let owners: Set<Role> = [.trader]
  private static let readers: Set<Role> = [.trader, .tradeOnly, .readOnly, .operator]
  private static let operators: Set<Role> = [.operator]

  static let all: [Route] =
    publicRoutes + traderRoutes + withdrawalRoutes + operatorRoutes + userRoutes
    + payoutRoutes

  /// Of the listener for the operator's own machines, which asks nobody for a key.
  static let operations: [Route] = [
    Route(method: .get, template: "/healthz", access: .open { _, _ in Handlers.healthy }),
    Route(
      method: .get, template: "/readyz",
      access: .open { handlers, _ throws(Refusal) in try handlers.ready(saysWhy: true) }),
    Route(method: .get, template: "/metrics", access: .open { handlers, _ in handlers.figures() }),
  ]

  private static let publicRoutes: [Route] = [
    Route(method: .get, template: "/healthz", access: .open { _, _ in Handlers.healthy }),
    Route(
      method: .get, template: "/readyz",
      access: .open { handlers, _ throws(Refusal) in try handlers.ready(saysWhy: false) }),
    Route(
      method: .get, template: "/v1/markets",
      access: .open { handlers, _ throws(Refusal) in try await handlers.markets() }),
    Route(
      method: .get, template: "/v1/markets/{market}",
      access: .open { handlers, call throws(Refusal) in try await handlers.market(call) }),
    Route(
      method: .get, template: "/v1/markets/{market}/indicative",
      access: .open { handlers, call throws(Refusal) in try await handlers.indicative(call) }),
    Route(
      method: .get, template: "/v1/markets/{market}/book", query: ["depth"],
      access: .open { handlers, call throws(Refusal) in try await handlers.book(call) }),
    Route(
      method: .get, template: "/v1/markets/{market}/events",
      access: .open { handlers, call throws(Refusal) in try handlers.subscribe(call) }),
  ]

  private static let traderRoutes: [Route] = [
    Route(
      method: .post, template: "/v1/orders", maximumBody: maximumBody,
      access: .roles(traders) { handlers, call, user throws(Refusal) in
        try await handlers.placeOrder(call, user)
      }),
    Route(
      method: .post, template: "/v1/orders/batch", maximumBody: maximumBatchBody,
      access: .roles(traders) { handlers, call, user throws(Refusal) in
        try await handlers.placeOrders(call, user)
      }),
    Route(
      method: .get, template: "/v1/orders",
      query: ["client_order_id", "market", "after", "limit"],
      access: .roles(readers) { handlers, call, user throws(Refusal) in
        try await handlers.orders(call, user)
      }),
    Route(
      method: .delete, template: "/v1/orders", query: ["market"],
      access: .roles(traders) { handlers, call, user throws(Refusal) in
        try await handlers.cancelAllOrders(call, user)
      }),
    Route(
      method: .get, template: "/v1/orders/{id}",
      access: .roles(readers) { handlers, call, user throws(Refusal) in
        try await handlers.order(call, user)
      }),
    Route(
      method: .patch, template: "/v1/orders/{id}", maximumBody: maximumBody,
      access: .roles(traders) { handlers, call, user throws(Refusal) in
        try await handlers.amendOrder(call, user)
      }),
    Route(
      method: .delete, template: "/v1/orders/{id}",
      access: .roles(traders) { handlers, call, user throws(Refusal) in
        try await handlers.cancelOrder(call, user)
      }),
    Route(
      method: .get, template: "/v1/order-allowance",
      access: .roles(readers) { handlers, _, user throws(Refusal) in
        try await handlers.orderAllowance(user)
      }),
    Route(
      method: .get, template: "/v1/balances",
      access: .roles(readers) { handlers, _, user throws(Refusal) in
        try await handlers.balances(of: user.user)
      }),
    Route(
      method: .get, template: "/v1/ledger", query: ["asset", "type", "before", "limit"],
      access: .roles(readers) { handlers, call, user throws(Refusal) in
        try await handlers.ledger(call, user)
      }),
    Route(
      method: .get, template: "/v1/fills", query: ["before", "limit"],
      access: .roles(readers) { handlers, call, user throws(Refusal) in
        try await handlers.fills(call, user)
      }),
    Route(
      method: .get, template: "/v1/deposit-address",
      access: .roles(traders) { handlers, _, user throws(Refusal) in
        try await handlers.depositAddress(user)
      }),
    Route(
      method: .get, template: "/v1/deposits", query: ["status", "before", "limit"],
      access: .roles(readers) { handlers, call, user throws(Refusal) in
        try await handlers.deposits(call, user)
      }),
    Route(
      method: .get, template: "/v1/deposits/events",
      access: .roles(readers) { handlers, call, user throws(Refusal) in
        try await handlers.subscribeToDeposits(call, user)
      }),
  ]

  private static let withdrawalRoutes: [Route] = [
    Route(
      method: .get, template: "/v1/withdrawal-terms",
      access: .roles(readers) { handlers, _, _ throws(Refusal) in
        try await handlers.withdrawalTerms()
      }),
    Route(
      method: .get, template: "/v1/withdrawal-addresses",
      access: .roles(readers) { handlers, _, user throws(Refusal) in
        try await handlers.withdrawalAddresses(user)
      }),
    Route(
      method: .post, template: "/v1/withdrawal-addresses", maximumBody: maximumBody,
      access: .roles(owners) { handlers, call, user throws(Refusal) in
        try await handlers.addWithdrawalAddress(call, user)
      }),
    Route(
      method: .delete, template: "/v1/withdrawal-addresses/{address}",
      access: .roles(owners) { handlers, call, user throws(Refusal) in
        try await handlers.removeWithdrawalAddress(call, user)
      }),
    Route(
      method: .post, template: "/v1/withdrawals", maximumBody: maximumBody,
      access: .roles(owners) { handlers, call, user throws(Refusal) in
        try await handlers.withdraw(call, user)
      }),
    Route(
      method: .get, template: "/v1/withdrawals", query: ["status", "before", "limit"],
      access: .roles(readers) { handlers, call, user throws(Refusal) in
        try await handlers.withdrawals(call, of: user)
      }),
    Route(
      method: .get, template: "/v1/withdrawals/{id}",
      access: .roles(readers) { handlers, call, user throws(Refusal) in
        try await handlers.withdrawal(call, user)
      }),
    Route(
      method: .delete, template: "/v1/withdrawals/{id}",
      access: .roles(owners) { handlers, call, user throws(Refusal) in
        try await handlers.cancelWithdrawal(call, user)
      }),
  ]

  private static let payoutRoutes: [Route] = [
    operating(.get, "/withdrawals", query: ["status", "before", "limit"]) {
      handlers, call, _ throws(Refusal) in
      try await handlers.withdrawals(call, of: nil)
    },
    operating(.get, "/withdrawals/waiting") { handlers, _, _ throws(Refusal) in
      try await handlers.waitingWithdrawals()
    },
    operating(.post, "/withdrawals/{id}/approve", maximumBody: maximumBody) {
      handlers, call, user throws(Refusal) in
      try await handlers.approveWithdrawal(call, user)
    },
    operating(.post, "/withdrawals/{id}/reject", maximumBody: maximumBody) {
      handlers, call, user throws(Refusal) in
      try await handlers.rejectWithdrawal(call, user)
    },
    operating(.post, "/withdrawal-terms", maximumBody: maximumBody) {
      handlers, call, user throws(Refusal) in
      try await handlers.setWithdrawalTerms(call, user)
    },
    operating(.post, "/address-delay", maximumBody: maximumBody) {
      handlers, call, user throws(Refusal) in
      try await handlers.setAddressDelay(call, user)
    },
    operating(.get, "/payouts") { handlers, _, _ throws(Refusal) in
      try await handlers.payouts()
    },
    operating(.post, "/payouts/resume", maximumBody: maximumBody) {
      handlers, call, user throws(Refusal) in
      try await handlers.resumePayouts(call, user)
    },
    operating(.post, "/payouts/{nonce}/cancel", maximumBody: maximumBody) {
      handlers, call, user throws(Refusal) in
      try await handlers.cancelPayout(call, user)
    },
    operating(.post, "/payouts/{nonce}/resolve", maximumBody: maximumBody) {
      handlers, call, user throws(Refusal) in
      try await handlers.resolvePayout(call, user)
    },
    operating(.get, "/sweeps") { handlers, _, _ throws(Refusal) in
      try await handlers.sweeps()
    },
    operating(.post, "/sweeps", maximumBody: maximumBody) { handlers, call, user throws(Refusal) in
      try await handlers.submitSweeps(call, user)
    },
    operating(.get, "/sweeps/plan", query: ["asset", "minimum", "after"]) {
      handlers, call, _ throws(Refusal) in
      try await handlers.sweepPlan(call)
    },
    operating(.post, "/sweeps/top-ups", maximumBody: maximumBody) {
      handlers, call, user throws(Refusal) in
      try await handlers.topUp(call, user)
    },
  ]

  /// An operator's route.
  private static func operating(
    _ method: RequestMethod, _ template: String, query: [String] = [], maximumBody: Int = 0,
    _ handler: @escaping @Sendable (Handlers, Call, Identity) async throws(Refusal) -> Answer
  ) -> Route {
    Route(
      method: method, template: "/v1/operator" + template, query: query, maximumBody: maximumBody,
      access: .roles(operators, handler))
  }

  private static let operatorRoutes: [Route] = [
    operating(.post, "/assets", maximumBody: maximumBody) { handlers, call, user throws(Refusal) in
      try await handlers.createAsset(call, user)
    },
    operating(.post, "/markets", maximumBody: maximumBody) { handlers, call, user throws(Refusal) in
      try await handlers.createMarket(call, user)
    },
    operating(.patch, "/markets/{market}", maximumBody: maximumBody) {
      handlers, call, user throws(Refusal) in
      try await handlers.changeMarket(call, user)
    },
    operating(.post, "/markets/{market}/suspend", maximumBody: maximumBody) {
      handlers, call, user throws(Refusal) in
      try await handlers.setOpen(call, user, false)
    },
    operating(.post, "/markets/{market}/resume", maximumBody: maximumBody) {
      handlers, call, user throws(Refusal) in
      try await handlers.setOpen(call, user, true)
    },
    operating(.post, "/markets/{market}/reference", maximumBody: maximumBody) {
      handlers, call, user throws(Refusal) in
      try await handlers.setReference(call, user)
    },
    operating(.post, "/adjustments", maximumBody: maximumBody) {
      handlers, call, user throws(Refusal) in
      try await handlers.adjust(call, user)
    },
    operating(.get, "/adjustments") { handlers, _, _ throws(Refusal) in
      try await handlers.waitingAdjustments()
    },
    operating(.post, "/adjustments/{id}/approve", maximumBody: maximumBody) {
      handlers, call, user throws(Refusal) in
      try await handlers.approveAdjustment(call, user)
    },
    operating(.post, "/adjustments/{id}/refuse", maximumBody: maximumBody) {
      handlers, call, user throws(Refusal) in
      try await handlers.refuseAdjustment(call, user)
    },
    operating(.get, "/state") { handlers, _, _ throws(Refusal) in
      try await handlers.engineState()
    },
    operating(.get, "/log", query: ["operator", "action", "subject", "before", "limit"]) {
      handlers, call, _ throws(Refusal) in
      try await handlers.operatorLog(call)
    },
    operating(.get, "/deposits", query: ["status", "before", "limit"]) {
      handlers, call, _ throws(Refusal) in
      try await handlers.depositsOfAll(call)
    },
    operating(.post, "/deposits/{id}/resolution", maximumBody: maximumBody) {
      handlers, call, user throws(Refusal) in
      try await handlers.resolveDeposit(call, user)
    },
    operating(.get, "/reconciliation") { handlers, _, _ throws(Refusal) in
      try await handlers.reconciliation()
    },
    operating(.get, "/custody") { handlers, _, _ throws(Refusal) in
      try await handlers.custodyState()
    },
    operating(.get, "/metrics") { handlers, _, _ in handlers.figures() },
    operating(.get, "/balances", query: ["user"]) { handlers, call, _ throws(Refusal) in
      try await handlers.balancesOfUser(call)
    },
  ]

  private static let userRoutes: [Route] = [
    operating(.post, "/users", maximumBody: maximumBody) { handlers, call, user throws(Refusal) in
      try await handlers.createUser(call, user)
    },
    operating(.get, "/users", query: ["name"]) { handlers, call, _ throws(Refusal) in
      try await handlers.findUser(call)
    },
    operating(.post, "/users/{id}/keys", maximumBody: maximumBody) {
      handlers, call, user throws(Refusal) in
      try await handlers.grantKey(call, user)
    },
    operating(.post, "/users/{id}/freeze", maximumBody: maximumBody) {
      handlers, call, user throws(Refusal) in
      try await handlers.setFrozen(call, user, true)
    },
    operating(.post, "/users/{id}/unfreeze", maximumBody: maximumBody) {
      handlers, call, user throws(Refusal) in
      try await handlers.setFrozen(call, user, false)
    },
    operating(.post, "/keys/{public_key}/revoke", maximumBody: maximumBody) {
      handlers, call, user throws(Refusal) in
      try await handlers.revokeKey(call, user)
    },
    operating(.get, "/key-grants") { handlers, _, _ throws(Refusal) in
      try await handlers.waitingKeys()
    },
    operating(.post, "/key-grants/{id}/approve", maximumBody: maximumBody) {
      handlers, call, user throws(Refusal) in
      try await handlers.approveKey(call, user)
    },
    operating(.post, "/key-grants/{id}/refuse", maximumBody: maximumBody) {
      handlers, call, user throws(Refusal) in
      try await handlers.refuseKey(call, user)
    },
    operating(.get, "/order-terms") { handlers, _, _ throws(Refusal) in
      try await handlers.orderTerms()
    },
    operating(.post, "/order-terms", maximumBody: maximumBody) {
      handlers, call, user throws(Refusal) in
      try await handlers.setOrderTerms(call, user)
    },
    operating(.get, "/operator-delay") { handlers, _, _ throws(Refusal) in
      try await handlers.operatorDelay()
    },
    operating(.post, "/operator-delay", maximumBody: maximumBody) {
      handlers, call, user throws(Refusal) in
      try await handlers.setOperatorDelay(call, user)
    },
    Route(
      method: .get, template: "/v1/keys",
      access: .roles(readers) { handlers, _, user throws(Refusal) in
        try await handlers.ownKeys(user)
      }),
    Route(
      method: .post, template: "/v1/key-grants/{id}/confirm",
      access: .roles(owners.union(operators)) { handlers, call, user throws(Refusal) in
        try await handlers.answerKeyGrant(call, user, isConfirmed: true)
      }),
    Route(
      method: .post, template: "/v1/key-grants/{id}/refuse",
      access: .roles(owners.union(operators)) { handlers, call, user throws(Refusal) in
        try await handlers.answerKeyGrant(call, user, isConfirmed: false)
      }),
  ]
}
