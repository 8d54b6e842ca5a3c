// The auction run: expire, clear, allocate, settle, end what was for one run, prove conservation.

internal import Auction

extension AuctionEngine {
  mutating func runAuction(_ id: MarketID, slot: Int64) -> Reply {
    guard Int(id) < markets.count else { return refuse(.unknownMarket) }
    let market = Int32(id)
    let constants = markets[market].constants
    guard constants.isOpen else { return refuse(.marketSuspended) }
    guard slot > markets[market].lastSlot else { return refuse(.slotAlreadyRun) }
    guard slot <= time / constants.interval else { return refuse(.slotInFuture) }
    markets[market].lastSlot = slot
    expireOrders(market)

    let clearing = clear(market, constants)
    let outcome = outcome(of: clearing, market, constants)
    markets[market].auctionCount += 1
    var result = AuctionResult(
      id: markets[market].auctionCount, market: id, status: clearing.status, time: time, slot: slot,
      priceTicks: clearing.price, volumeLots: Int64(clearing.volume),
      surplusLots: Int64(clearing.surplus), firstTrade: markets[market].tradeCount + 1,
      tradeCount: 0, ladderCount: 0, referenceTicks: constants.referenceTicks, band: constants.band,
      buyOrders: markets[market].buys.orderCount, sellOrders: markets[market].sells.orderCount,
      outcome: outcome)
    if clearing.status == .cleared {
      result.ladderCount = appendLadder(market, constants)
      result.tradeCount = settle(market, constants, clearing)
      markets[market].tradeCount += Int64(result.tradeCount)
    }
    while markets[market].runHead >= 0 { end(markets[market].runHead, .expired) }
    conclude(clearing, outcome, market)
    accounts.checkConservation()
    effects.tape.append(.auction(result))
    return accept(result.id, .ran(trades: Int64(result.tradeCount)))
  }

  private mutating func expireOrders(_ market: Int32) {
    while let entry = markets[market].expiries.first, entry.expiry <= time {
      markets[market].expiries.removeFirst()
      if orders[entry.slot].priority == entry.priority { end(entry.slot, .expired) }
    }
  }

  /// The outcome of a run on the book as it is; changes nothing.
  func clear(_ market: Int32, _ constants: MarketConstants) -> Clearing {
    withLevels(market) { buys, sells, marketBuy, marketSell in
      CallAuction.clear(
        buys: buys, sells: sells, marketBuy: marketBuy, marketSell: marketSell,
        reference: constants.referenceTicks == 0 ? nil : constants.referenceTicks,
        band: constants.band)
    }
  }

  private func withLevels<R>(
    _ market: Int32, _ body: (BookSide.Levels, BookSide.Levels, Int128, Int128) -> R
  ) -> R {
    markets.withMemory { memory in
      let book = memory + Int(market)
      return withUnsafePointer(to: book.pointee.buys) { buys in
        withUnsafePointer(to: book.pointee.sells) { sells in
          body(
            BookSide.Levels(side: buys), BookSide.Levels(side: sells),
            Int128(buys.pointee.marketOrders.lots), Int128(sells.pointee.marketOrders.lots))
        }
      }
    }
  }

  private mutating func appendLadder(_ market: Int32, _ constants: MarketConstants) -> Int {
    var rows = ContiguousArray<LadderRow>()
    swap(&rows, &effects.ladder)
    let before = rows.count
    withLevels(market) { buys, sells, marketBuy, marketSell in
      CallAuction.ladder(
        buys: buys, sells: sells, marketBuy: marketBuy, marketSell: marketSell,
        reference: constants.referenceTicks == 0 ? nil : constants.referenceTicks,
        band: constants.band
      ) { price, buy, sell in
        rows.append(LadderRow(priceTicks: price, buyLots: Int64(buy), sellLots: Int64(sell)))
      }
    }
    swap(&rows, &effects.ladder)
    return effects.ladder.count - before
  }

  // MARK: Settlement

  /// Every trade of a cleared run, then fees and unused locks; returns how many trades.
  private mutating func settle(
    _ market: Int32, _ constants: MarketConstants, _ clearing: Clearing
  ) -> Int {
    // Taken out of the engine for the length of the run, so that posting may change the engine.
    var (buys, sells) = (ContiguousArray<Fill>(), ContiguousArray<Fill>())
    swap(&buys, &buyFills)
    swap(&sells, &sellFills)
    defer {
      buys.removeAll(keepingCapacity: true)
      sells.removeAll(keepingCapacity: true)
      swap(&buys, &buyFills)
      swap(&sells, &sellFills)
    }
    markets[market].buys.allocate(Int64(clearing.volume), into: &buys, orders)
    markets[market].sells.allocate(Int64(clearing.volume), into: &sells, orders)
    // At most one trade a fill but the last, and for each fill a fee and an unlock.
    let fills = buys.count + sells.count
    effects.trades.makeRoom(fills)
    effects.entries.makeRoom(4 * fills + 2 * fills + 1)
    locksBefore.removeAll(keepingCapacity: true)
    locksBefore.makeRoom(buys.count)
    for fill in buys { locksBefore.append(lock(orders[fill.index], constants)) }

    let count = trade(buys, sells, market, constants, priceTicks: clearing.price)
    var fees: Int128 = 0
    for (index, fill) in buys.enumerated() {
      let spent = Self.exactNotional(clearing.price, fill.quantity, constants)
      fees += finishBuy(fill, lockBefore: locksBefore[index], spent: spent, market, constants)
    }
    for fill in sells { fees += finishSell(fill, market, constants) }
    if fees > 0 {
      let account = accounts.open(0, constants.quote)
      post(account, .fee, free: fees, .auction(markets[market].auctionCount, in: MarketID(market)))
    }
    return count
  }

  /// Pairs the fills in rank order and posts four entries a trade.
  private mutating func trade(
    _ buys: ContiguousArray<Fill>, _ sells: ContiguousArray<Fill>, _ market: Int32,
    _ constants: MarketConstants, priceTicks: Int64
  ) -> Int {
    var number = markets[market].tradeCount
    let first = number
    CallAuction.pair(buys: buys.span, sells: sells.span) { buy, sell, lots in
      number += 1
      let amount = Self.exactNotional(priceTicks, lots, constants)
      let quantity = Int128(lots) * Int128(constants.lotAtoms)
      let reference = LedgerReference.trade(number, in: MarketID(market))
      let buyer = traders[orders[buy].trader]
      let seller = traders[orders[sell].trader]
      precondition(buyer.user != seller.user, "a user would trade with itself")
      post(buyer.quoteAccount, .trade, locked: -amount, reference)
      post(buyer.baseAccount, .trade, free: quantity, reference)
      post(seller.baseAccount, .trade, locked: -quantity, reference)
      post(seller.quoteAccount, .trade, free: amount, reference)
      orders[buy].notional += amount
      orders[sell].notional += amount
      effects.trades.append(
        Trade(lots: lots, buyOrder: orders[buy].id, sellOrder: orders[sell].id))
    }
    return Int(number - first)
  }

  /// Quote atoms of a fill. It cannot overflow: a buyer's lock, which is checked, covers it.
  @inline(__always)
  static func exactNotional(
    _ ticks: Int64, _ lots: Int64, _ constants: MarketConstants
  ) -> Int128 {
    Int128(ticks) * Int128(lots) * Int128(constants.atomsPerTickLot)
  }

  /// Takes the fee out of the lock and returns what the order no longer needs.
  private mutating func finishBuy(
    _ fill: Fill, lockBefore: Int128, spent: Int128, _ market: Int32, _ constants: MarketConstants
  ) -> Int128 {
    let slot = fill.index
    let charged = takeFill(fill, market)
    let order = orders[slot]
    let account = traders[order.trader].quoteAccount
    if charged > 0 {
      post(account, .fee, locked: -charged, .order(order.id))
    }
    let ends = order.remainingLots == 0 || order.isForOneRun
    let unused = lockBefore - spent - charged - (ends ? 0 : lock(order, constants))
    precondition(unused >= 0, "a buy order's lock does not cover what it bought")
    moveLock(account, by: -unused, order: order.id)
    if ends { forget(slot, order.remainingLots == 0 ? .executed : .expired) }
    return charged
  }

  private mutating func finishSell(
    _ fill: Fill, _ market: Int32, _ constants: MarketConstants
  ) -> Int128 {
    let slot = fill.index
    let charged = takeFill(fill, market)
    let order = orders[slot]
    if charged > 0 {
      post(traders[order.trader].quoteAccount, .fee, free: -charged, .order(order.id))
    }
    guard order.remainingLots == 0 || order.isForOneRun else { return charged }
    let rest = lock(order, constants)
    moveLock(traders[order.trader].baseAccount, by: -rest, order: order.id)
    forget(slot, order.remainingLots == 0 ? .executed : .expired)
    return charged
  }

  /// Books a fill's lots and charges the fee on the order's cumulative notional.
  private mutating func takeFill(_ fill: Fill, _ market: Int32) -> Int128 {
    let slot = fill.index
    markets[market][orders[slot].side].reduce(slot, by: fill.quantity, &orders)
    orders[slot].executedLots += fill.quantity
    let due = fee(on: orders[slot].notional, orders[slot].feeBasisPoints)
    let charged = due - orders[slot].feePaid
    orders[slot].feePaid = due
    if rulesVersion >= 3 { earnStock(traders[orders[slot].trader].user) }
    return charged
  }
}
