// Placing since rules 3: an order's id is remembered without taking room from anybody, and an order
// is taken from the account's allowance.

internal import Auction

extension AuctionEngine {
  mutating func placeKept(_ order: PlaceOrder) -> Reply {
    if let answer = recallKept(order) { return answer }
    guard makeRoom(for: order.user) else { return refuse(.tooManyRememberedOrders) }
    // The answers above pass: the same request may be accepted in a moment.
    if isStockEmpty(order.user) { return refuse(.orderAllowanceUsed) }
    switch admit(order) {
    case .failure(let rejection):
      memory.refuse(order, rejection, at: time)
      return refuse(rejection)
    case .success(let slot):
      _ = takeFromStock(order.user)
      let kept = keptOrder(orders[slot], limitTicks: order.limitTicks, lots: order.lots)
      orders[slot].remembered = memory.keep(kept, restingIn: slot, expiry: order.expiry)
      return accept(orders[slot].id)
    }
  }

  /// False where there is none: the user has as many as one may have, or all places are taken by
  /// orders that nobody may forget.
  private mutating func makeRoom(for user: UserID) -> Bool {
    memory.makeRoom(user, newest: rememberedForADay, at: time)
    if rulesVersion >= 4, memory.isCrowded {
      memory.sweep(newest: rememberedForADay, at: time, step: OrderMemory.crowdedSweepStep)
    }
    // Since rules 4 lower terms refuse nobody: what they no longer cover goes step by step.
    let most =
      rulesVersion >= 4
      ? memory.placesOfUser : Int(orderTerms.rememberedOrders) + Bounds.maximumRecentOrders
    return Int(memory.users[Int(user)].count) < most && memory.count < memory.places
  }

  /// Of a user's newest finished orders.
  var rememberedForADay: UInt32 {
    let most = orderTerms.rememberedOrders
    return rulesVersion >= 4 ? memory.newest(most) : most
  }

  /// The first answer to the same request, or the refusal of another under its id.
  private func recallKept(_ order: PlaceOrder) -> Reply? {
    if let slot = memory.find(order.user, order.clientOrderID) {
      let kept = memory.slab[slot]
      guard memory.isSame(slot, order) else {
        return refuse(.duplicateClientOrderID, id: kept.id)
      }
      return Reply(rejection: nil, id: kept.id, time: kept.time, outcome: .repeated)
    }
    guard let refused = memory.refusal(order.user, order.clientOrderID, at: time) else {
      return nil
    }
    guard refused.content == memory.contentHash(order) else {
      return refuse(.duplicateClientOrderID)
    }
    return Reply(rejection: refused.rejection, time: refused.time, outcome: .repeated)
  }

  func keptOrder(_ order: Order, limitTicks: Int64, lots: Int64) -> KeptOrder {
    KeptOrder(
      name: PackedClientOrderID(order.clientOrderID), user: traders[order.trader].user,
      id: order.id, time: order.time, limitTicks: limitTicks, lots: lots, market: order.market,
      kind: OrderKind(order.side, order.type, order.timeInForce))
  }

  /// Its status and terms at the end; amendments may have changed what was asked.
  mutating func finishKept(_ order: Order, _ status: OrderStatus) {
    guard order.remembered >= 0 else { return }
    memory.finish(
      order.remembered, status,
      OrderOutcome(
        notional: order.notional, feePaid: order.feePaid,
        limitTicks: order.type == .market ? 0 : order.limitTicks,
        lots: order.executedLots + order.remainingLots, executedLots: order.executedLots),
      at: time)
  }

  func keptView(_ slot: Int32) -> OrderView {
    let kept = memory.slab[slot]
    let outcome = memory.outcome(slot)
    return OrderView(
      id: kept.id, user: kept.user, market: kept.market, clientOrderID: kept.name.unpacked,
      side: kept.kind.side, type: kept.kind.type, timeInForce: kept.kind.timeInForce,
      status: kept.status, limitTicks: outcome.limitTicks, lots: outcome.lots,
      executedLots: outcome.executedLots, notional: outcome.notional, feePaid: outcome.feePaid,
      expiry: outcome.expiry, time: kept.time)
  }

  // MARK: Terms

  mutating func set(_ terms: OrderTerms) -> Reply {
    guard rulesVersion >= 3 else { return refuse(.unknownRulesVersion) }
    guard terms.isValid else { return refuse(.orderTermsInvalid) }
    orderTerms = terms
    return accept()
  }

  // MARK: Allowance

  private mutating func isStockEmpty(_ user: UserID) -> Bool {
    guard let allowance = orderTerms.allowance else { return false }
    users[Int(user)].stock.flow(to: time, allowance)
    return users[Int(user)].stock.orders == 0
  }

  /// Nil where an order was taken from the stock, or none is needed.
  mutating func takeFromStock(_ user: UserID) -> Rejection? {
    guard let allowance = orderTerms.allowance else { return nil }
    users[Int(user)].stock.flow(to: time, allowance)
    guard users[Int(user)].stock.orders > 0 else { return .orderAllowanceUsed }
    users[Int(user)].stock.orders -= 1
    return nil
  }

  mutating func earnStock(_ user: UserID) {
    guard let allowance = orderTerms.allowance else { return }
    users[Int(user)].stock.flow(to: time, allowance)
    users[Int(user)].stock.earn(allowance)
  }

  /// Orders that the user may place before it must wait or trade; nil without an allowance.
  public func orderStock(_ user: UserID) -> Int64? {
    guard let allowance = orderTerms.allowance, Int(user) < users.count else { return nil }
    var stock = users[Int(user)].stock
    stock.flow(to: time, allowance)
    return stock.orders
  }

  // MARK: From rules 2

  /// Orders leave the table of all requests for their own; adjustments stay there alone.
  mutating func beginOrderMemory() {
    memory.hash = remembered.hash
    for _ in users { memory.addUser() }
    for slot in 0..<orders.used { orders[slot].remembered = -1 }
    var adjustments = RememberedOrders()
    adjustments.hash = remembered.hash
    swap(&adjustments, &remembered)
    for user in users.indices { users[user].rememberedCount = 0 }
    var slot = adjustments.head
    while slot >= 0 {
      let entry = adjustments.slab[slot]
      if entry.request.isAdjustment { remember(entry) } else { take(entry, at: slot) }
      slot = adjustments.next(after: slot)
    }
    for slot in liveOrders() where orders[slot].remembered < 0 { takeForgotten(slot) }
  }

  /// One order, or refused order, of the older table.
  private mutating func take(_ entry: RememberedOrder, at oldSlot: Int32) {
    let request = entry.request
    if let rejection = entry.rejection {
      let order = PlaceOrder(
        user: entry.user, market: request.market, side: request.side, type: request.type,
        timeInForce: request.timeInForce, limitTicks: request.limitTicks, lots: request.lots,
        expiry: request.expiry, clientOrderID: entry.clientOrderID)
      return memory.refuse(order, rejection, at: entry.time)
    }
    let kept = KeptOrder(
      name: PackedClientOrderID(entry.clientOrderID), user: entry.user, id: entry.id,
      time: entry.time, limitTicks: request.limitTicks, lots: request.lots,
      market: request.market,
      kind: OrderKind(request.side, request.type, request.timeInForce))
    if entry.status == .open {
      guard let live = orderIndex.find(UInt64(entry.id)), live >= 0 else {
        preconditionFailure("a remembered order is open and does not rest")
      }
      return keep(kept, of: live)
    }
    let slot = memory.keep(kept, expiry: request.expiry)
    orderIndex.remove(UInt64(entry.id), value: -(oldSlot + 1))
    // When it ended was not kept: it counts from now.
    memory.finish(
      slot, entry.status,
      OrderOutcome(
        notional: entry.notional, feePaid: entry.feePaid, limitTicks: entry.limitTicks,
        lots: entry.lots, executedLots: entry.executedLots),
      at: time)
  }

  /// A live order whose id older rules forgot: it is known again, by its present terms, where no
  /// later order has its id.
  private mutating func takeForgotten(_ slot: Int32) {
    let order = orders[slot]
    guard memory.find(traders[order.trader].user, order.clientOrderID) == nil else { return }
    let kept = keptOrder(
      order, limitTicks: order.type == .market ? 0 : order.limitTicks,
      lots: order.executedLots + order.remainingLots)
    keep(kept, of: slot)
  }

  /// A resting order's entry, through which it is found from now on.
  mutating func keep(_ kept: KeptOrder, of slot: Int32) {
    orderIndex.remove(UInt64(kept.id), value: slot)
    orders[slot].remembered = memory.keep(kept, restingIn: slot, expiry: orders[slot].expiry)
  }

  /// Slots of live orders by their place in time.
  func liveOrders() -> [Int32] {
    (0..<orders.used).filter { orders[$0].priority != 0 }
      .sorted { orders[$0].priority < orders[$1].priority }
  }
}
