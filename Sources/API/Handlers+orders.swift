// Orders: placing, amending, cancelling, and how they stand.

internal import Auction
internal import Engine
internal import Formats
internal import Wire

/// An order as it is asked for, before its market is known.
struct OrderRequest {
  private let order: NewOrder
  let clientOrderID: ClientOrderID

  /// `place` is as `orders[3].`, for messages. Throws where this is no order at all.
  init(_ order: NewOrder, at place: @autoclosure () -> String = "") throws(Refusal) {
    self.order = order
    clientOrderID = try checkedClientID(
      order.clientOrderID, field: "client_order_id", at: place())
  }

  /// The command; throws where it asks for what an auction does not offer, or where price, quantity
  /// or expiry do not fit the market.
  func command(of user: UserID, _ directory: Directory) throws(Refusal) -> PlaceOrder {
    if order.minimumQuantity != nil { throw Refusal(.minimumQuantityNotOffered) }
    if order.fillOrKill == true { throw Refusal(.fillOrKillNotOffered) }
    guard Handlers.isName(order.market), let market = directory.market(named: order.market) else {
      throw Refusal(.unknownMarket)
    }
    var command = PlaceOrder(
      user: user, market: market.id, side: order.side == .buy ? .buy : .sell,
      type: order.type == .limit ? .limit : .market, timeInForce: order.timeInForce.engine,
      limitTicks: 0, lots: try market.lots(order.quantity), clientOrderID: clientOrderID)
    if let price = order.price { command.limitTicks = try market.ticks(price) }
    if let expiresAt = order.expiresAt {
      // 0 stands for none in the engine.
      guard expiresAt.microseconds > 0 else { throw Refusal(.expiryPassed) }
      command.expiry = expiresAt.microseconds
    }
    return command
  }
}

extension Handlers {
  // MARK: Placing

  func placeOrder(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    let order = try OrderRequest(call.decoded()).command(of: user.user, directory)
    let reply = try await submit(.order(.place(order)), of: user)
    return .json(Self.accepted(order, reply))
  }

  /// A body that is not a list of orders is refused whole; each order has its own outcome else.
  func placeOrders(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    let batch: OrderBatch = try call.decoded()
    var requests: [OrderRequest] = []
    for (index, order) in batch.orders.enumerated() {
      requests.append(try OrderRequest(order, at: "orders[\(index)]."))
    }
    try charge(user, requests.count, paid: call.paid)
    var orders: [PlaceOrder] = []
    var refusals: [Int: Refusal] = [:]
    for (index, request) in requests.enumerated() {
      do throws(Refusal) {
        orders.append(try request.command(of: user.user, directory))
      } catch {
        refusals[index] = error
      }
    }
    let replies =
      orders.isEmpty ? [] : try await submit(orders.map { .order(.place($0)) }, of: user)
    var placed = zip(orders, replies).makeIterator()
    let outcomes = requests.enumerated().map { index, request in
      if let refusal = refusals[index] { return Self.refused(request.clientOrderID, refusal) }
      guard let (order, reply) = placed.next() else {
        preconditionFailure("an order without refusal or reply")
      }
      if let rejection = reply.rejection {
        return Self.refused(order.clientOrderID, Refusal(rejection))
      }
      return OrderOutcome.accepted(Self.accepted(order, reply))
    }
    return .json(OrderOutcomes(outcomes: outcomes))
  }

  private static func accepted(_ order: PlaceOrder, _ reply: Reply) -> AcceptedOrder {
    AcceptedOrder(
      orderID: String(reply.id), clientOrderID: order.clientOrderID.description,
      acceptedAt: Timestamp(microseconds: reply.time), repeated: reply.outcome == .repeated)
  }

  private static func refused(_ id: ClientOrderID, _ refusal: Refusal) -> OrderOutcome {
    .refused(
      RefusedOrder(
        clientOrderID: id.description,
        error: OrderRefusal(code: refusal.code, message: refusal.message)))
  }

  // MARK: Changing

  func amendOrder(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    let wanted: OrderAmendment = try call.decoded()
    guard wanted.price != nil || wanted.quantity != nil else {
      throw Refusal(.badRequest, "an amendment has a price, a quantity or both")
    }
    let order = try await ownOrder(call, user)
    guard order.status == .open else { throw Refusal(.orderFinished) }
    let market = listedMarket(order.market)
    var amendment = AmendOrder(user: user.user, order: order.id, limitTicks: 0, lots: 0)
    if let price = wanted.price { amendment.limitTicks = try market.ticks(price) }
    if let quantity = wanted.quantity { amendment.lots = try market.lots(quantity) }
    if let same = try await unchanged(order, amendment, user) { return same }
    let reply = try await submit(.order(.amend(amendment)), of: user)
    return .json(
      AmendedOrder(
        orderID: String(order.id), lostPriority: reply.outcome == .amended(lostPriority: true),
        amendedAt: Timestamp(microseconds: reply.time)))
  }

  /// The answer to an amendment that changes nothing, where the engine would accept it: there is
  /// nothing to journal.
  private func unchanged(
    _ order: OrderView, _ amendment: AmendOrder, _ user: Identity
  ) async throws(Refusal) -> Answer? {
    guard [0, order.limitTicks].contains(amendment.limitTicks),
      [0, order.lots].contains(amendment.lots), order.type == .limit, !user.isFrozen,
      listedMarket(order.market).isOpen
    else { return nil }
    let time = try await read { $0.time }
    return .json(
      AmendedOrder(
        orderID: String(order.id), lostPriority: false, amendedAt: Timestamp(microseconds: time)))
  }

  func cancelOrder(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    let order = try await ownOrder(call, user)
    guard order.status == .open else { throw Refusal(.orderFinished) }
    let reply = try await submit(
      .order(.cancel(CancelOrder(user: user.user, order: order.id))), of: user)
    guard case .cancelled(let lots) = reply.outcome else { Self.unexpected(reply) }
    return .json(
      CancelledOrder(
        orderID: String(order.id),
        cancelledQuantity: listedMarket(order.market).quantity(lots: lots),
        cancelledAt: Timestamp(microseconds: reply.time)))
  }

  func cancelAllOrders(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    var market: MarketID?
    if let symbol = call.query["market"] { market = try self.market(named: symbol).id }
    let (owner, scope) = (user.user, market)
    // What changes nothing is not journaled: else a user without money fills the disk with it.
    let (hasOrders, time) = try await read { ($0.hasOpenOrders(owner, scope), $0.time) }
    guard hasOrders else {
      return .json(
        CancelledOrders(cancelledOrders: 0, cancelledAt: Timestamp(microseconds: time)))
    }
    let reply = try await submit(.order(.cancelAll(user: owner, market: scope)), of: user)
    guard case .cancelledAll(let count) = reply.outcome else { Self.unexpected(reply) }
    return .json(
      CancelledOrders(
        cancelledOrders: Int(count), cancelledAt: Timestamp(microseconds: reply.time)))
  }

  // MARK: Reading

  func order(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    .json(details(try await ownOrder(call, user)))
  }

  /// The order that the path names, if it is the user's: others' orders do not exist for it.
  private func ownOrder(_ call: Call, _ user: Identity) async throws(Refusal) -> OrderView {
    guard let id: OrderID = Self.number(call.parameters[0]) else { throw Refusal(.orderNotFound) }
    guard let order = try await read({ $0.order(id) }), order.user == user.user else {
      throw Refusal(.orderNotFound)
    }
    return order
  }

  /// One order by its client order id, or a page of open orders by ascending id: an order that is
  /// open all the while is on exactly one page.
  func orders(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    if let text = call.query["client_order_id"] {
      return try await order(under: text, call, user)
    }
    let limit = call.query.integer("limit") ?? Self.defaultLimit
    let after: OrderID = call.query.integer("after") ?? 0
    var market: MarketID?
    if let symbol = call.query["market"] { market = try self.market(named: symbol).id }
    let (filter, owner) = (market, user.user)
    let found = try await orderTurns.take(owner) { () async throws(Refusal) in
      try await read { $0.openOrders(owner, filter, after: after, count: limit + 1) }
    }
    let page = found.prefix(limit)
    return .json(
      OrderPage(
        orders: page.map(details), next: found.count > limit ? page.last.map { String($0.id) } : nil
      ))
  }

  private func order(
    under text: String, _ call: Call, _ user: Identity
  ) async throws(Refusal) -> Answer {
    guard call.query["market"] == nil, call.query["after"] == nil, call.query["limit"] == nil
    else { throw Refusal(.badRequest, "`client_order_id` stands alone") }
    guard let id = ClientOrderID(text) else {
      throw Refusal(.badRequest, "`client_order_id` is 1 to 36 characters of A-Z a-z 0-9 . _ : -")
    }
    let owner = user.user
    let order = try await read { $0.order(owner, id) }
    return .json(OrderPage(orders: order.map { [details($0)] } ?? [], next: nil))
  }

  private func details(_ order: OrderView) -> OrderDetails {
    let market = listedMarket(order.market)
    return OrderDetails(
      orderID: String(order.id), clientOrderID: order.clientOrderID.description,
      market: market.symbol, side: order.side == .buy ? .buy : .sell,
      type: order.type == .limit ? .limit : .market, timeInForce: order.timeInForce.wire,
      status: order.status.wire, price: market.priceIfAny(ticks: order.limitTicks),
      quantity: market.quantity(lots: order.lots),
      executedQuantity: market.quantity(lots: order.executedLots),
      executedAmount: market.quote(order.notional), feePaid: market.quote(order.feePaid),
      expiresAt: order.expiry == 0 ? nil : Timestamp(microseconds: order.expiry),
      acceptedAt: Timestamp(microseconds: order.time))
  }
}

extension NewOrder.TimeInForce {
  fileprivate var engine: TimeInForce {
    switch self {
    case .gtc: .goodTilCancelled
    case .gtd: .goodTilDate
    case .auction: .auction
    }
  }
}

extension TimeInForce {
  fileprivate var wire: NewOrder.TimeInForce {
    switch self {
    case .goodTilCancelled: .gtc
    case .goodTilDate: .gtd
    case .auction: .auction
    }
  }
}

extension OrderStatus {
  fileprivate var wire: OrderDetails.Status {
    switch self {
    case .open: .open
    case .executed: .executed
    case .cancelled: .cancelled
    case .expired: .expired
    }
  }
}
