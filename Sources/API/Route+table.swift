// The table of all routes: the only place, with that of operators beside it, where a path gets a
// handler and says who may call it, what it takes and what it answers.

internal import Engine
internal import Ledger
internal import Wire

extension Route {
  private static let traders: Set<Role> = [.trader, .tradeOnly]
  /// Whoever may take something out, or let others.
  private static let owners: Set<Role> = [.trader]
  private static let readers: Set<Role> = [.trader, .tradeOnly, .readOnly, .operator]
  static let operators: Set<Role> = [.operator]

  static let all: [Route] =
    publicRoutes + traderRoutes + withdrawalRoutes + keyRoutes + ofOperators

  /// Of the listener for the operator's own machines, which asks nobody for a key.
  static let operations: [Route] = [
    Route(
      "checkHealth", .get, "/healthz", "Whether the process runs.",
      answer: .json(ServiceStatus.self),
      access: .open { _, _ in Handlers.healthy }),
    Route(
      "checkReadiness", .get, "/readyz", "Whether requests are taken.",
      answer: .json(ServiceStatus.self),
      access: .open { handlers, _ throws(Refusal) in try handlers.ready(saysWhy: true) }),
    Route(
      "getMetrics", .get, "/metrics", "Shows the venue's figures.", answer: .prometheus,
      access: .open { handlers, _ in handlers.figures() }),
  ]

  private static let publicRoutes: [Route] = [
    Route(
      "checkHealth", .get, "/healthz", "Whether the process runs.",
      answer: .json(ServiceStatus.self),
      access: .open { _, _ in Handlers.healthy }),
    Route(
      "checkReadiness", .get, "/readyz", "Whether requests are taken.",
      answer: .json(ServiceStatus.self),
      access: .open { handlers, _ throws(Refusal) in try handlers.ready(saysWhy: false) }),
    Route(
      "getDescription", .get, "/v1/openapi.json", "This description of the API.", answer: .object,
      access: .open { _, _ in OpenAPI.answer }),
    Route(
      "listMarkets", .get, "/v1/markets",
      "Lists the markets with their terms and where they stand.",
      answer: .json(MarketList.self),
      access: .open { handlers, _ throws(Refusal) in try await handlers.markets() }),
    Route(
      "getMarket", .get, "/v1/markets/{market}", "Shows one market.",
      answer: .json(MarketDetails.self),
      access: .open { handlers, call throws(Refusal) in try await handlers.market(call) }),
    Route(
      "getIndicativePrice", .get, "/v1/markets/{market}/indicative",
      "Shows what an auction would do now.",
      answer: .json(IndicativePrice.self),
      access: .open { handlers, call throws(Refusal) in try await handlers.indicative(call) }),
    Route(
      "getBook", .get, "/v1/markets/{market}/book",
      "Shows the quantities that rest at each price, best first.",
      query: [.depth],
      answer: .json(BookDepth.self),
      access: .open { handlers, call throws(Refusal) in try await handlers.book(call) }),
    Route(
      "streamMarketEvents", .get, "/v1/markets/{market}/events",
      "Sends auctions and indicative prices as they come.",
      answer: .events([
        ("auction", AuctionReport.self), ("indicative", IndicativePrice.self),
      ]),
      access: .open { handlers, call throws(Refusal) in try handlers.subscribe(call) }),
  ]

  private static let traderRoutes: [Route] = [
    Route(
      "placeOrder", .post, "/v1/orders", "Places an order.",
      body: NewOrder.self,
      answer: .json(AcceptedOrder.self),
      access: .roles(traders) { handlers, call, user throws(Refusal) in
        try await handlers.placeOrder(call, user)
      }),
    Route(
      "placeOrders", .post, "/v1/orders/batch",
      "Places up to 1,000 orders; each has its own outcome.",
      body: OrderBatch.self, maximumBody: maximumBatchBody,
      answer: .json(OrderOutcomes.self),
      access: .roles(traders) { handlers, call, user throws(Refusal) in
        try await handlers.placeOrders(call, user)
      }),
    Route(
      "listOrders", .get, "/v1/orders", "Lists open orders, or finds one by its client order id.",
      query: [.clientOrderID, .market, .afterOrder, .limit(Handlers.maximumLimit)],
      answer: .json(OrderPage.self),
      access: .roles(readers) { handlers, call, user throws(Refusal) in
        try await handlers.orders(call, user)
      }),
    Route(
      "cancelAllOrders", .delete, "/v1/orders", "Cancels all open orders, of one market or of all.",
      query: [.market],
      answer: .json(CancelledOrders.self),
      access: .roles(traders) { handlers, call, user throws(Refusal) in
        try await handlers.cancelAllOrders(call, user)
      }),
    Route(
      "getOrder", .get, "/v1/orders/{id}", "Shows an order and what was executed of it.",
      answer: .json(OrderDetails.self),
      access: .roles(readers) { handlers, call, user throws(Refusal) in
        try await handlers.order(call, user)
      }),
    Route(
      "amendOrder", .patch, "/v1/orders/{id}", "Changes an order's price, total quantity or both.",
      body: OrderAmendment.self,
      answer: .json(AmendedOrder.self),
      access: .roles(traders) { handlers, call, user throws(Refusal) in
        try await handlers.amendOrder(call, user)
      }),
    Route(
      "cancelOrder", .delete, "/v1/orders/{id}", "Cancels what is left of an order.",
      answer: .json(CancelledOrder.self),
      access: .roles(traders) { handlers, call, user throws(Refusal) in
        try await handlers.cancelOrder(call, user)
      }),
    Route(
      "getOrderAllowance", .get, "/v1/order-allowance",
      "Shows how many orders the account may place before it must trade or wait.",
      answer: .json(OwnOrderAllowance.self),
      access: .roles(readers) { handlers, _, user throws(Refusal) in
        try await handlers.orderAllowance(user)
      }),
    Route(
      "listBalances", .get, "/v1/balances", "Lists the balances of the account.",
      answer: .json(BalanceList.self),
      access: .roles(readers) { handlers, _, user throws(Refusal) in
        try await handlers.balances(of: user.user)
      }),
    Route(
      "listLedger", .get, "/v1/ledger", "Lists the changes of balances, newest first.",
      query: [.asset, .ledgerType, .beforeRow, .limit(LedgerQuery.maximumLimit)],
      answer: .json(LedgerPage.self),
      access: .roles(readers) { handlers, call, user throws(Refusal) in
        try await handlers.ledger(call, user)
      }),
    Route(
      "listFills", .get, "/v1/fills", "Lists the trades of the account, newest first.",
      query: [.beforeRow, .limit(Handlers.maximumFills)],
      answer: .json(FillPage.self),
      access: .roles(readers) { handlers, call, user throws(Refusal) in
        try await handlers.fills(call, user)
      }),
    Route(
      "getDepositAddress", .get, "/v1/deposit-address", "Shows the address to pay to.",
      answer: .json(DepositAddress.self),
      access: .roles(traders) { handlers, _, user throws(Refusal) in
        try await handlers.depositAddress(user)
      }),
    Route(
      "listDeposits", .get, "/v1/deposits", "Lists deposits, newest first.",
      query: [.depositStatus, .before, .limit(Handlers.maximumLimit)],
      answer: .json(DepositPage.self),
      access: .roles(readers) { handlers, call, user throws(Refusal) in
        try await handlers.deposits(call, user)
      }),
    Route(
      "streamDepositEvents", .get, "/v1/deposits/events",
      "Sends each step of the deposits as it comes.",
      answer: .events([("deposit", DepositLine.self)]),
      access: .roles(readers) { handlers, call, user throws(Refusal) in
        try await handlers.subscribeToDeposits(call, user)
      }),
  ]

  private static let withdrawalRoutes: [Route] = [
    Route(
      "getWithdrawalTerms", .get, "/v1/withdrawal-terms",
      "Shows on which terms assets can be withdrawn.",
      answer: .json(WithdrawalTermsList.self),
      access: .roles(readers) { handlers, _, _ throws(Refusal) in
        try await handlers.withdrawalTerms()
      }),
    Route(
      "listWithdrawalAddresses", .get, "/v1/withdrawal-addresses", "Lists the address book.",
      answer: .json(WithdrawalAddressBook.self),
      access: .roles(readers) { handlers, _, user throws(Refusal) in
        try await handlers.withdrawalAddresses(user)
      }),
    Route(
      "addWithdrawalAddress", .post, "/v1/withdrawal-addresses",
      "Adds an address to the address book.",
      body: NewWithdrawalAddress.self,
      answer: .json(WithdrawalAddressLine.self),
      access: .roles(owners) { handlers, call, user throws(Refusal) in
        try await handlers.addWithdrawalAddress(call, user)
      }),
    Route(
      "removeWithdrawalAddress", .delete, "/v1/withdrawal-addresses/{address}",
      "Removes an address from the address book.",
      answer: .json(Applied.self),
      access: .roles(owners) { handlers, call, user throws(Refusal) in
        try await handlers.removeWithdrawalAddress(call, user)
      }),
    Route(
      "requestWithdrawal", .post, "/v1/withdrawals",
      "Asks for a withdrawal to an address of the address book.",
      body: NewWithdrawal.self,
      answer: .json(WithdrawalLine.self),
      access: .roles(owners) { handlers, call, user throws(Refusal) in
        try await handlers.withdraw(call, user)
      }),
    Route(
      "listWithdrawals", .get, "/v1/withdrawals", "Lists withdrawals, newest first.",
      query: [.withdrawalStatus, .before, .limit(Handlers.maximumLimit)],
      answer: .json(WithdrawalPage.self),
      access: .roles(readers) { handlers, call, user throws(Refusal) in
        try await handlers.withdrawals(call, of: user)
      }),
    Route(
      "getWithdrawal", .get, "/v1/withdrawals/{id}", "Shows a withdrawal.",
      answer: .json(WithdrawalLine.self),
      access: .roles(readers) { handlers, call, user throws(Refusal) in
        try await handlers.withdrawal(call, user)
      }),
    Route(
      "cancelWithdrawal", .delete, "/v1/withdrawals/{id}",
      "Cancels a withdrawal whose payment has not begun.",
      answer: .json(WithdrawalOutcome.self),
      access: .roles(owners) { handlers, call, user throws(Refusal) in
        try await handlers.cancelWithdrawal(call, user)
      }),
  ]

  private static let keyRoutes: [Route] = [
    Route(
      "listKeys", .get, "/v1/keys",
      "Lists the keys of the account, and those that wait for its owner.",
      answer: .json(OwnKeys.self),
      access: .roles(readers) { handlers, _, user throws(Refusal) in
        try await handlers.ownKeys(user)
      }),
    Route(
      "confirmKeyGrant", .post, "/v1/key-grants/{id}/confirm",
      "Lets a key that an operator asked for have access to this account.",
      answer: .json(KeyGrantOutcome.self),
      access: .roles(owners.union(operators)) { handlers, call, user throws(Refusal) in
        try await handlers.answerKeyGrant(call, user, isConfirmed: true)
      }),
    Route(
      "declineKeyGrant", .post, "/v1/key-grants/{id}/refuse",
      "Turns down a key that an operator asked for.",
      answer: .json(KeyGrantOutcome.self),
      access: .roles(owners.union(operators)) { handlers, call, user throws(Refusal) in
        try await handlers.answerKeyGrant(call, user, isConfirmed: false)
      }),
  ]
}
