// Placing, amending and cancelling: the hot path.

internal import Auction

extension AuctionEngine {
  // MARK: Place

  mutating func place(_ order: PlaceOrder) -> Reply {
    guard venue != nil, Int(order.user) < users.count, order.user != 0 else {
      return refuse(.unknownUser)
    }
    if rulesVersion >= 3 { return placeKept(order) }
    let request = RememberedRequest(
      isAdjustment: false, market: order.market, side: order.side, type: order.type,
      timeInForce: order.timeInForce, limitTicks: order.limitTicks, lots: order.lots,
      expiry: order.expiry)
    if let answer = recall(order.user, order.clientOrderID, request) { return answer }
    if let refusal = refuseToRemember(order.user) { return refusal }

    let outcome = admit(order)
    var entry = RememberedOrder(
      user: order.user, clientOrderID: order.clientOrderID, request: request, time: time, id: 0,
      rejection: nil)
    switch outcome {
    case .failure(let rejection):
      entry.rejection = rejection
      remember(entry)
      return refuse(rejection)
    case .success(let slot):
      entry.id = orders[slot].id
      orders[slot].remembered = remember(entry)
      return accept(entry.id)
    }
  }

  /// The first answer to the same request, or the refusal of another under its id.
  mutating func recall(
    _ user: UserID, _ id: ClientOrderID, _ request: RememberedRequest
  ) -> Reply? {
    guard let slot = remembered.find(user, id) else { return nil }
    let first = remembered.slab[slot]
    guard first.request == request else { return refuse(.duplicateClientOrderID, id: first.id) }
    let outcome: Outcome =
      first.request.isAdjustment && first.rejection == nil
      ? .adjusted(first.status == .executed ? .bookedBefore : .askedBefore) : .repeated
    return Reply(rejection: first.rejection, id: first.id, time: first.time, outcome: outcome)
  }

  /// Forgets what may be forgotten, at most two entries a command, and refuses where that left no
  /// room.
  mutating func refuseToRemember(_ user: UserID) -> Reply? {
    for _ in 0..<2 {
      guard let oldest = remembered.expired(at: time) else { break }
      let entry = remembered.slab[oldest]
      users[Int(entry.user)].rememberedCount -= 1
      if let slot = orderIndex.find(UInt64(entry.id)), slot == -(oldest + 1) {
        orderIndex.remove(UInt64(entry.id), value: slot)
      }
      remembered.removeFirst()
    }
    return hasRoom(user) ? nil : refuse(.tooManyRememberedOrders)
  }

  /// Since rules 3 each operator has room of its own.
  private func hasRoom(_ user: UserID) -> Bool {
    guard let venue else { return false }
    let own = users[Int(user)].rememberedCount
    if rulesVersion >= 3 { return own < Bounds.maximumAdjustmentsOfOperator }
    return remembered.count < Int(venue.maximumRememberedOrders)
      && own < venue.maximumRememberedOrdersOfUser
  }

  @discardableResult
  mutating func remember(_ entry: RememberedOrder) -> Int32 {
    users[Int(entry.user)].rememberedCount += 1
    return remembered.append(entry)
  }

  /// Checks an order against its market, the user's other orders and funds; locks and queues it.
  mutating func admit(_ order: PlaceOrder) -> Result<Int32, Rejection> {
    if users[Int(order.user)].isFrozen { return .failure(.userFrozen) }
    guard Int(order.market) < markets.count else { return .failure(.unknownMarket) }
    let slot = Int32(order.market)
    let market = markets[slot].constants
    guard market.isOpen else { return .failure(.marketSuspended) }
    if let rejection = checkTerms(order, market) { return .failure(rejection) }
    guard markets[slot].orderCount(order.side) < Bounds.maximumOrdersOfSide else {
      return .failure(.bookFull)
    }
    let trader = openTrader(order.user, order.market, market)
    guard traders[trader].buys.count + traders[trader].sells.count < market.maximumOpenOrders else {
      return .failure(.tooManyOpenOrders)
    }
    guard !crossesOwn(trader, order.side, order.type == .market ? nil : order.limitTicks) else {
      return .failure(.selfTrade)
    }
    var record = Order(
      id: 0, priority: 0, limitTicks: order.limitTicks, remainingLots: order.lots, executedLots: 0,
      expiry: order.expiry, time: time, notional: 0, feePaid: 0, clientOrderID: order.clientOrderID,
      remembered: -1, trader: trader, level: -1, market: order.market,
      feeBasisPoints: order.side == .buy ? market.buyFeeBasisPoints : market.sellFeeBasisPoints,
      side: order.side, type: order.type, timeInForce: order.timeInForce)
    if order.type == .market, order.side == .buy, let band = market.band {
      record.limitTicks = band.upper
    }
    guard let lock = checkedLock(record, market) else { return .failure(.notionalTooLarge) }
    let account = lockAccount(record)
    guard accounts.slab[account].free >= lock else { return .failure(.insufficientFunds) }
    if let rejection = checkNotional(order, record, market) { return .failure(rejection) }

    orderCount += 1
    record.id = memory.numbers.id(of: orderCount)
    let inserted = orders.insert(record)
    if rulesVersion < 3 { orderIndex.insert(UInt64(record.id), inserted) }
    enqueue(inserted)
    moveLock(account, by: lock, order: record.id)
    return .success(inserted)
  }

  private func checkTerms(_ order: PlaceOrder, _ market: MarketConstants) -> Rejection? {
    guard order.lots > 0, order.lots <= Bounds.maximumLots else { return .quantityOutOfRange }
    switch order.type {
    case .limit:
      guard order.limitTicks != 0 else { return .limitMissing }
      guard order.limitTicks > 0, order.limitTicks <= Bounds.maximumPriceTicks else {
        return .priceOutOfRange
      }
    case .market:
      guard order.limitTicks == 0 else { return .limitNotAllowed }
      guard order.timeInForce == .auction else { return .timeInForceNotAllowed }
      guard market.referenceTicks > 0 else { return .noReferencePrice }
      guard market.band != nil else { return .marketOrdersNotOffered }
    }
    if order.timeInForce == .goodTilDate {
      guard order.expiry != 0 else { return .expiryMissing }
      guard order.expiry > time else { return .expiryPassed }
    } else if order.expiry != 0 {
      return .expiryNotAllowed
    }
    return nil
  }

  /// The minimum is asked of the whole quantity at the limit; a market sell counts at the
  /// reference.
  private func checkNotional(
    _ order: PlaceOrder, _ record: Order, _ market: MarketConstants
  ) -> Rejection? {
    let price =
      order.type == .market && order.side == .sell
      ? market.referenceTicks : record.limitTicks
    guard let notional = Self.notional(price, order.lots, market) else { return .notionalTooLarge }
    return notional < market.minimumNotional ? .notionalTooSmall : nil
  }

  // MARK: Locks

  /// Quote atoms of `lots` at a price; nil beyond `Bounds.maximumAtoms`.
  static func notional(_ ticks: Int64, _ lots: Int64, _ market: MarketConstants) -> Int128? {
    let (product, overflow) = (Int128(ticks) * Int128(lots))
      .multipliedReportingOverflow(by: Int128(market.atomsPerTickLot))
    return overflow || product >= Bounds.maximumAtoms ? nil : product
  }

  /// What an order must hold locked now; recomputed from the order, never accumulated, so that a
  /// finished order's lock is exactly 0 (docs/auction.md, Locks).
  @inline(__always)
  func lock(_ order: Order, _ market: MarketConstants) -> Int128 {
    if order.side == .sell { return Int128(order.remainingLots) * Int128(market.lotAtoms) }
    let rest =
      Int128(order.limitTicks) * Int128(order.remainingLots) * Int128(market.atomsPerTickLot)
    return rest + fee(on: order.notional + rest, order.feeBasisPoints) - order.feePaid
  }

  /// The same for terms that are not admitted yet; nil where it would pass the bound.
  func checkedLock(_ order: Order, _ market: MarketConstants) -> Int128? {
    if order.side == .sell {
      let lots = Int128(order.remainingLots) * Int128(market.lotAtoms)
      // Buyers' locks bound what a sell earns in one run; in all its runs the highest price does.
      let (most, overflow) = (Int128(Bounds.maximumPriceTicks) * Int128(order.remainingLots))
        .multipliedReportingOverflow(by: Int128(market.atomsPerTickLot))
      guard Self.notional(max(order.limitTicks, 1), order.remainingLots, market) != nil,
        !overflow, most < Bounds.maximumProceeds - order.notional
      else { return nil }
      return lots < Bounds.maximumAtoms ? lots : nil
    }
    guard let rest = Self.notional(order.limitTicks, order.remainingLots, market),
      order.notional + rest < Bounds.maximumAtoms
    else { return nil }
    let total = rest + fee(on: order.notional + rest, order.feeBasisPoints) - order.feePaid
    return total < Bounds.maximumAtoms ? total : nil
  }

  @inline(__always)
  func lockAccount(_ order: Order) -> Int32 {
    order.side == .buy
      ? traders[order.trader].quoteAccount : traders[order.trader].baseAccount
  }

  // MARK: Queues

  mutating func openTrader(
    _ user: UserID, _ market: MarketID, _ constants: MarketConstants
  ) -> Int32 {
    let key = UInt64(user) << 16 | UInt64(market)
    if let slot = traderIndex.find(key) { return slot }
    let slot = traders.insert(
      Trader(
        user: user, market: market, baseAccount: accounts.open(user, constants.base),
        quoteAccount: accounts.open(user, constants.quote)))
    traderIndex.insert(key, slot)
    return slot
  }

  /// Puts an order at the end of every queue it belongs to.
  mutating func enqueue(_ slot: Int32) {
    priorityCount += 1
    orders[slot].priority = priorityCount
    let order = orders[slot]
    let market = Int32(order.market)
    markets[market][order.side].append(slot, &orders)
    linkOwn(slot)
    if order.isForOneRun { linkRun(slot) }
    if order.timeInForce == .goodTilDate {
      let live = markets[market].buys.orderCount + markets[market].sells.orderCount
      markets[market].expiries.insert(
        ExpiryHeap.Entry(expiry: order.expiry, priority: order.priority, slot: slot), orders,
        live: live)
    }
  }

  /// Takes an order out of every queue; its slot stays.
  mutating func dequeue(_ slot: Int32) {
    let order = orders[slot]
    markets[Int32(order.market)][order.side].remove(slot, &orders)
    unlinkOwn(slot)
    if order.isForOneRun { unlinkRun(slot) }
    orders[slot].priority = 0
  }

  private mutating func linkOwn(_ slot: Int32) {
    let order = orders[slot]
    let tail = traders[order.trader][order.side].tail
    orders[slot].ownPrevious = tail
    orders[slot].ownNext = -1
    if tail >= 0 { orders[tail].ownNext = slot }
    var own = traders[order.trader][order.side]
    if tail < 0 { own.head = slot }
    own.tail = slot
    own.count += 1
    if order.type == .market {
      own.marketCount += 1
    } else if own.count == own.marketCount + 1 {
      own.best = order.limitTicks
    } else if own.best != 0 {
      own.best =
        order.side == .buy ? max(own.best, order.limitTicks) : min(own.best, order.limitTicks)
    }
    traders[order.trader][order.side] = own
  }

  private mutating func unlinkOwn(_ slot: Int32) {
    let order = orders[slot]
    if order.ownPrevious >= 0 { orders[order.ownPrevious].ownNext = order.ownNext }
    if order.ownNext >= 0 { orders[order.ownNext].ownPrevious = order.ownPrevious }
    var own = traders[order.trader][order.side]
    if own.head == slot { own.head = order.ownNext }
    if own.tail == slot { own.tail = order.ownPrevious }
    own.count -= 1
    if order.type == .market {
      own.marketCount -= 1
    } else if own.best == order.limitTicks {
      own.best = 0
    }
    traders[order.trader][order.side] = own
  }

  private mutating func linkRun(_ slot: Int32) {
    let market = Int32(orders[slot].market)
    let tail = markets[market].runTail
    orders[slot].runPrevious = tail
    orders[slot].runNext = -1
    if tail >= 0 { orders[tail].runNext = slot } else { markets[market].runHead = slot }
    markets[market].runTail = slot
  }

  private mutating func unlinkRun(_ slot: Int32) {
    let order = orders[slot]
    let market = Int32(order.market)
    if order.runPrevious >= 0 {
      orders[order.runPrevious].runNext = order.runNext
    } else {
      markets[market].runHead = order.runNext
    }
    if order.runNext >= 0 {
      orders[order.runNext].runPrevious = order.runPrevious
    } else {
      markets[market].runTail = order.runPrevious
    }
  }

  /// Whether an order at `limit` (nil: a market order) would trade with the user's own resting
  /// orders.
  mutating func crossesOwn(_ trader: Int32, _ side: Side, _ limit: Int64?) -> Bool {
    let opposite = side.opposite
    let own = traders[trader][opposite]
    if own.count == 0 { return false }
    guard let limit, own.marketCount == 0 else { return true }
    if own.best == 0 { refreshBest(trader, opposite) }
    let best = traders[trader][opposite].best
    return side == .buy ? limit >= best : limit <= best
  }

  // A walk over one user's orders of one side, at most `maximumOpenOrders`, after the best one
  // went.
  private mutating func refreshBest(_ trader: Int32, _ side: Side) {
    var best: Int64 = 0
    var slot = traders[trader][side].head
    while slot >= 0 {
      let order = orders[slot]
      let isBetter = side == .buy ? order.limitTicks > best : order.limitTicks < best
      if order.type == .limit, best == 0 || isBetter { best = order.limitTicks }
      slot = order.ownNext
    }
    traders[trader][side].best = best
  }

  // MARK: Amend

  mutating func amend(_ amendment: AmendOrder) -> Reply {
    let slot: Int32
    switch locate(amendment.user, amendment.order) {
    case .failure(let rejection): return refuse(rejection)
    case .success(let found): slot = found
    }
    if users[Int(amendment.user)].isFrozen { return refuse(.userFrozen) }
    let order = orders[slot]
    let market = markets[Int32(order.market)].constants
    guard market.isOpen else { return refuse(.marketSuspended) }
    guard order.type == .limit else { return refuse(.marketOrderNotAmendable) }
    let limit = amendment.limitTicks == 0 ? order.limitTicks : amendment.limitTicks
    let total = amendment.lots == 0 ? order.executedLots + order.remainingLots : amendment.lots
    guard limit > 0, limit <= Bounds.maximumPriceTicks else { return refuse(.priceOutOfRange) }
    guard total > 0, total <= Bounds.maximumLots else { return refuse(.quantityOutOfRange) }
    guard total > order.executedLots else { return refuse(.quantityAlreadyExecuted) }
    var amended = order
    amended.limitTicks = limit
    amended.remainingLots = total - order.executedLots
    let losesPriority = limit != order.limitTicks || amended.remainingLots > order.remainingLots
    if !losesPriority, amended.remainingLots == order.remainingLots {
      return accept(order.id, .amended(lostPriority: false))
    }
    if losesPriority {
      guard !crossesOwn(order.trader, order.side, limit) else { return refuse(.selfTrade) }
      guard let notional = Self.notional(limit, total, market) else {
        return refuse(.notionalTooLarge)
      }
      if rulesVersion < 3, notional < market.minimumNotional { return refuse(.notionalTooSmall) }
    }
    if rulesVersion >= 3, leavesTooLittle(amended, of: order, market) {
      return refuse(.notionalTooSmall)
    }
    guard let newLock = checkedLock(amended, market) else { return refuse(.notionalTooLarge) }
    let account = lockAccount(order)
    let more = newLock - lock(order, market)
    guard accounts.slab[account].free >= more else { return refuse(.insufficientFunds) }
    if rulesVersion >= 3, let rejection = takeFromStock(amendment.user) { return refuse(rejection) }
    if losesPriority {
      dequeue(slot)
      orders[slot].limitTicks = limit
      orders[slot].remainingLots = amended.remainingLots
      enqueue(slot)
    } else {
      markets[Int32(order.market)][order.side].reduce(
        slot, by: order.remainingLots - amended.remainingLots, &orders)
    }
    moveLock(account, by: more, order: order.id)
    return accept(order.id, .amended(lostPriority: losesPriority))
  }

  /// Whether less than the minimum would rest, and less than rests now: executions may have left
  /// less already.
  private func leavesTooLittle(
    _ amended: Order, of order: Order, _ market: MarketConstants
  ) -> Bool {
    // Nil is beyond every bound: not too little.
    guard let rest = Self.notional(amended.limitTicks, amended.remainingLots, market),
      let before = Self.notional(order.limitTicks, order.remainingLots, market)
    else { return false }
    return rest < min(market.minimumNotional, before)
  }

  // MARK: Cancel

  /// The user's live order, or why there is none.
  func locate(_ user: UserID, _ id: OrderID) -> Result<Int32, Rejection> {
    guard Int(user) < users.count, id > 0 else { return .failure(.orderNotFound) }
    let (owner, result): (UserID, Result<Int32, Rejection>)
    switch place(of: id) {
    case .resting(let slot): (owner, result) = (traders[orders[slot].trader].user, .success(slot))
    case .kept(let slot): (owner, result) = (memory.slab[slot].user, .failure(.orderFinished))
    case .remembered(let slot):
      (owner, result) = (remembered.slab[slot].user, .failure(.orderFinished))
    case nil: return .failure(.orderNotFound)
    }
    return owner == user ? result : .failure(.orderNotFound)
  }

  /// Where an order is to be found.
  enum OrderPlace {
    /// In `orders`.
    case resting(Int32)
    /// Finished, in `memory`; under rules 1 and 2 in `remembered`.
    case kept(Int32)
    case remembered(Int32)
  }

  /// Of an id above 0.
  @inline(__always)
  func place(of id: OrderID) -> OrderPlace? {
    if let kept = memory.find(id) {
      return memory.slab[kept].status == .open ? .resting(memory.slab[kept].next) : .kept(kept)
    }
    guard let slot = orderIndex.find(UInt64(id)) else { return nil }
    return slot >= 0 ? .resting(slot) : .remembered(-(slot + 1))
  }

  mutating func cancel(_ cancel: CancelOrder) -> Reply {
    switch locate(cancel.user, cancel.order) {
    case .failure(let rejection): return refuse(rejection)
    case .success(let slot):
      let lots = orders[slot].remainingLots
      end(slot, .cancelled)
      return accept(cancel.order, .cancelled(lots: lots))
    }
  }

  mutating func cancelAll(user: UserID, market: MarketID?) -> Reply {
    guard Int(user) < users.count, user != 0 else { return refuse(.unknownUser) }
    if let market {
      guard Int(market) < markets.count else { return refuse(.unknownMarket) }
      return accept(0, .cancelledAll(count: cancelOwn(user, market)))
    }
    var count: Int64 = 0
    for market in 0..<markets.count { count += cancelOwn(user, MarketID(market)) }
    return accept(0, .cancelledAll(count: count))
  }

  private mutating func cancelOwn(_ user: UserID, _ market: MarketID) -> Int64 {
    guard let trader = traderIndex.find(UInt64(user) << 16 | UInt64(market)) else { return 0 }
    var count: Int64 = 0
    for side in [Side.buy, .sell] {
      while traders[trader][side].head >= 0 {
        end(traders[trader][side].head, .cancelled)
        count += 1
      }
    }
    return count
  }

  /// Ends a live order: queues left, rest of the lock returned, status remembered, slot free.
  mutating func end(_ slot: Int32, _ status: OrderStatus) {
    let order = orders[slot]
    let rest = lock(order, markets[Int32(order.market)].constants)
    moveLock(lockAccount(order), by: -rest, order: order.id)
    forget(slot, status)
  }

  /// Ends an order whose lock is settled already.
  mutating func forget(_ slot: Int32, _ status: OrderStatus) {
    let order = orders[slot]
    dequeue(slot)
    if rulesVersion >= 3 {
      finishKept(order, status)
      // Only an order of older rules, whose id was forgotten and used again, has no entry.
      if order.remembered < 0 { orderIndex.remove(UInt64(order.id), value: slot) }
      orders.release(slot)
      return
    }
    let entry = order.remembered
    if entry >= 0, remembered.slab[entry].id == order.id,
      !remembered.slab[entry].request.isAdjustment
    {
      remembered.finish(entry, status, order)
      orderIndex.replace(UInt64(order.id), with: -(entry + 1))
    } else {
      orderIndex.remove(UInt64(order.id), value: slot)
    }
    orders.release(slot)
  }
}
