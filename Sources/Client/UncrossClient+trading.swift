// A trader's calls: orders, balances, ledger, fills.

public import Wire

extension UncrossClient {
  // MARK: Orders

  /// Safe to repeat, and repeated where the outcome is unknown: the client order id names the
  /// order.
  public func place(_ order: NewOrder) async throws(APIError) -> AcceptedOrder {
    try await call(
      .post, Target("v1", "orders"), body: JSON.bytes(order), isSafeToRepeat: true)
  }

  /// Up to 1,000 orders, each with its own outcome, in the same order.
  public func place(_ orders: [NewOrder]) async throws(APIError) -> [OrderOutcome] {
    let answer: OrderOutcomes = try await call(
      .post, Target("v1", "orders", "batch"), body: JSON.bytes(OrderBatch(orders: orders)),
      isSafeToRepeat: true)
    return answer.outcomes
  }

  public func order(_ id: String) async throws(APIError) -> OrderDetails {
    try await call(.get, Target("v1", "orders", id), isSafeToRepeat: true)
  }

  /// The order under a client order id; nil where none was accepted under it (in the last 24
  /// hours).
  public func order(clientOrderID: String) async throws(APIError) -> OrderDetails? {
    let page: OrderPage = try await call(
      .get, Target("v1", "orders").with("client_order_id", clientOrderID), isSafeToRepeat: true)
    return page.orders.first
  }

  /// Open orders by ascending id; `next` of a page goes into `after`.
  public func openOrders(
    market: String? = nil, after: String? = nil, limit: Int? = nil
  ) async throws(APIError) -> OrderPage {
    try await call(
      .get,
      Target("v1", "orders").with("market", market).with("after", after).with("limit", limit),
      isSafeToRepeat: true)
  }

  public func amend(
    _ id: String, _ amendment: OrderAmendment
  ) async throws(APIError) -> AmendedOrder {
    try await call(
      .patch, Target("v1", "orders", id), body: JSON.bytes(amendment), isSafeToRepeat: true)
  }

  /// After a repetition `order_finished` may mean that the first attempt cancelled it.
  public func cancel(_ id: String) async throws(APIError) -> CancelledOrder {
    try await call(.delete, Target("v1", "orders", id), isSafeToRepeat: true)
  }

  /// All open orders, in one market or (nil) in all. Not repeated where the outcome is unknown: it
  /// would cancel orders placed meanwhile.
  public func cancelAll(market: String? = nil) async throws(APIError) -> CancelledOrders {
    try await call(
      .delete, Target("v1", "orders").with("market", market), isSafeToRepeat: false)
  }

  // MARK: Accounts

  public func balances() async throws(APIError) -> [AssetBalance] {
    let answer: BalanceList = try await call(
      .get, Target("v1", "balances"), isSafeToRepeat: true)
    return answer.balances
  }

  /// Newest first; `next` of a page goes into `before`.
  public func ledger(
    asset: String? = nil, type: String? = nil, before: String? = nil, limit: Int? = nil
  ) async throws(APIError) -> LedgerPage {
    try await call(
      .get,
      Target("v1", "ledger").with("asset", asset).with("type", type).with("before", before)
        .with("limit", limit),
      isSafeToRepeat: true)
  }

  /// The own address on the exchange's chain.
  public func depositAddress() async throws(APIError) -> DepositAddress {
    try await call(.get, Target("v1", "deposit-address"), isSafeToRepeat: true)
  }

  /// Newest first; `next` of a page goes into `before`.
  public func deposits(
    status: DepositLine.Status? = nil, before: String? = nil, limit: Int? = nil
  ) async throws(APIError) -> DepositPage {
    try await call(
      .get,
      Target("v1", "deposits").with("status", status?.rawValue).with("before", before)
        .with("limit", limit),
      isSafeToRepeat: true)
  }

  // MARK: Withdrawals

  public func withdrawalTerms() async throws(APIError) -> WithdrawalTermsList {
    try await call(.get, Target("v1", "withdrawal-terms"), isSafeToRepeat: true)
  }

  public func withdrawalAddresses() async throws(APIError) -> [WithdrawalAddressLine] {
    let book: WithdrawalAddressBook = try await call(
      .get, Target("v1", "withdrawal-addresses"), isSafeToRepeat: true)
    return book.addresses
  }

  /// After a repetition `address_exists` may mean that the first attempt added it.
  public func add(
    _ address: NewWithdrawalAddress
  ) async throws(APIError) -> WithdrawalAddressLine {
    try await call(
      .post, Target("v1", "withdrawal-addresses"), body: JSON.bytes(address), isSafeToRepeat: true)
  }

  public func remove(withdrawalAddress address: String) async throws(APIError) -> Applied {
    try await call(.delete, Target("v1", "withdrawal-addresses", address), isSafeToRepeat: true)
  }

  /// Safe to repeat: the client id names the withdrawal.
  public func withdraw(_ withdrawal: NewWithdrawal) async throws(APIError) -> WithdrawalLine {
    try await call(
      .post, Target("v1", "withdrawals"), body: JSON.bytes(withdrawal), isSafeToRepeat: true)
  }

  /// Newest first; `next` of a page goes into `before`.
  public func withdrawals(
    status: WithdrawalLine.Status? = nil, before: String? = nil, limit: Int? = nil
  ) async throws(APIError) -> WithdrawalPage {
    try await call(
      .get,
      Target("v1", "withdrawals").with("status", status?.rawValue).with("before", before)
        .with("limit", limit),
      isSafeToRepeat: true)
  }

  public func withdrawal(_ id: String) async throws(APIError) -> WithdrawalLine {
    try await call(.get, Target("v1", "withdrawals", id), isSafeToRepeat: true)
  }

  /// After a repetition `withdrawal_finished` may mean that the first attempt cancelled it.
  public func cancel(withdrawal id: String) async throws(APIError) -> WithdrawalOutcome {
    try await call(.delete, Target("v1", "withdrawals", id), isSafeToRepeat: true)
  }

  /// Newest first; `next` of a page goes into `before`.
  public func fills(before: String? = nil, limit: Int? = nil) async throws(APIError) -> FillPage {
    try await call(
      .get, Target("v1", "fills").with("before", before).with("limit", limit),
      isSafeToRepeat: true)
  }
}
