// What rules 3 added to the state, as bytes: remembered orders, refused ones, and allowances.

internal import Auction

extension AuctionEngine {
  func writeMemory(to writer: inout ByteWriter) {
    writer.orderTerms(orderTerms)
    writer.uint(memory.nextSwept)
    for user in users.indices {
      let own = memory.users[user]
      writer.uint(own.count)
      var slot = own.head
      while slot >= 0 {
        writeFinished(slot, to: &writer)
        slot = memory.slab[slot].next
      }
      writer.uint(own.refusals.count)
      memory.forEachRefusal(of: UserID(user)) { refused in
        writer.fixed(refused.name)
        writer.fixed(refused.content)
        writer.uint(refused.time)
        writer.uint(refused.rejection.rawValue)
      }
      let stock = users[user].stock
      writer.bool(stock != .untouched)
      guard stock != .untouched else { continue }
      writer.uint(stock.orders)
      writer.int(Int128(stock.countedTo))
    }
    // Of an order that rests all but what was asked for is written with the order.
    for slot in liveOrders() {
      let kept = orders[slot].remembered
      writer.bool(kept >= 0)
      guard kept >= 0 else { continue }
      writer.uint(memory.slab[kept].limitTicks)
      writer.uint(memory.slab[kept].lots)
    }
  }

  private func writeFinished(_ slot: Int32, to writer: inout ByteWriter) {
    let kept = memory.slab[slot]
    writer.clientOrderID(kept.name.unpacked)
    writer.uint(kept.id)
    writer.uint(kept.time)
    writer.uint(kept.secondsToEnd)
    writer.uint(kept.market)
    writer.byte(kept.kind.side.rawValue)
    writer.byte(kept.kind.type.rawValue)
    writer.byte(kept.kind.timeInForce.rawValue)
    writer.byte(kept.status.rawValue)
    writer.uint(kept.limitTicks)
    writer.uint(kept.lots)
    writer.bool(kept.outcome >= 0)
    guard kept.outcome >= 0 else { return }
    let outcome = memory.outcome(slot)
    writer.uint(outcome.expiry)
    writer.uint(outcome.limitTicks)
    writer.uint(outcome.lots)
    writer.uint(outcome.executedLots)
    writer.uint(outcome.notional)
    writer.uint(outcome.feePaid)
  }

  // MARK: Restore

  mutating func readMemory(_ reader: inout ByteReader) throws(ByteError) {
    orderTerms = try reader.orderTerms()
    memory.nextSwept = try reader.uint()
    guard orderTerms.isValid, Int(memory.nextSwept) <= users.count else {
      throw reader.fail("not the terms of orders")
    }
    for user in users.indices {
      memory.addUser()
      for _ in 0..<(try reader.count()) { try readFinished(of: UserID(user), &reader) }
      try readRefusals(of: UserID(user), &reader)
      guard try reader.bool() else { continue }
      let stock = OrderStock(
        orders: try reader.uint(), countedTo: try reader.int(as: Int64.self))
      guard stock != .untouched, stock.orders <= OrderStock.mostEver,
        stock.countedTo >= OrderStock.untouched.countedTo, stock.countedTo <= time
      else { throw reader.fail("not an allowance") }
      users[user].stock = stock
    }
    for slot in liveOrders() where try reader.bool() {
      try readKept(slot, &reader)
    }
  }

  private mutating func readRefusals(
    of user: UserID, _ reader: inout ByteReader
  ) throws(ByteError) {
    let count = try reader.count()
    guard count <= OrderMemory.refusalsOfUser else { throw reader.fail("too many refusals") }
    for _ in 0..<count {
      let (name, content) = (try reader.fixed(), try reader.fixed())
      let time: Microseconds = try reader.uint()
      guard let rejection = Rejection(rawValue: try reader.uint()), time <= self.time else {
        throw reader.fail("not a refusal")
      }
      memory.add(
        RefusedOrder(name: name, content: content, time: time, rejection: rejection), of: user)
    }
  }

  private mutating func readFinished(
    of user: UserID, _ reader: inout ByteReader
  ) throws(ByteError) {
    let name = try reader.clientOrderID()
    let id: OrderID = try reader.uint()
    let time: Microseconds = try reader.uint()
    let secondsToEnd: UInt32 = try reader.uint()
    let market: MarketID = try reader.uint()
    let kind = try reader.orderKind()
    guard let status = OrderStatus(rawValue: try reader.byte()) else {
      throw reader.fail("not a status")
    }
    var kept = KeptOrder(
      name: PackedClientOrderID(name), user: user, id: id, time: time,
      limitTicks: try reader.uint(), lots: try reader.uint(), secondsToEnd: secondsToEnd,
      market: market, kind: OrderKind(kind.side, kind.type, kind.timeInForce))
    kept.status = status
    var outcome: OrderOutcome?
    if try reader.bool() {
      outcome = OrderOutcome(
        expiry: try reader.uint(), limitTicks: try reader.uint(), lots: try reader.uint(),
        executedLots: try reader.uint())
      outcome?.notional = try reader.uint()
      outcome?.feePaid = try reader.uint()
    }
    guard isSound(kept, outcome), memory.find(user, name) == nil, memory.find(id) == nil,
      orderIndex.find(UInt64(id)) == nil
    else { throw reader.fail("not a finished order, or one of two") }
    memory.restore(kept, outcome)
  }

  /// Whether the order could have been accepted and have ended so.
  private func isSound(_ kept: KeptOrder, _ outcome: OrderOutcome?) -> Bool {
    guard isOrderID(kept.id), wasGiven(kept.id), kept.status != .open,
      Int(kept.market) < markets.count, isAsked(kept.limitTicks, kept.lots, kept.kind.type),
      // Rounded up, the end may lie a second ahead.
      kept.time <= time, Int64(kept.secondsToEnd) <= (time - kept.time) / 1_000_000 + 1
    else { return false }
    let expiry = outcome?.expiry ?? 0
    guard (expiry != 0) == (kept.kind.timeInForce == .goodTilDate) else { return false }
    guard let outcome else { return true }
    return !outcome.isPlain(for: kept)
      && isAsked(outcome.limitTicks, outcome.lots, kept.kind.type)
      && outcome.executedLots <= outcome.lots && outcome.notional < Bounds.maximumProceeds
      && outcome.feePaid < Bounds.maximumProceeds
  }

  private func isAsked(_ limitTicks: Int64, _ lots: Int64, _ type: OrderType) -> Bool {
    lots > 0 && lots <= Bounds.maximumLots && limitTicks <= Bounds.maximumPriceTicks
      && (limitTicks == 0) == (type == .market)
  }

  private mutating func readKept(_ slot: Int32, _ reader: inout ByteReader) throws(ByteError) {
    let order = orders[slot]
    let (limitTicks, lots): (Int64, Int64) = (try reader.uint(), try reader.uint())
    guard isAsked(limitTicks, lots, order.type), order.time <= time,
      memory.find(traders[order.trader].user, order.clientOrderID) == nil
    else { throw reader.fail("not what was asked for") }
    keep(keptOrder(order, limitTicks: limitTicks, lots: lots), of: slot)
  }
}

// MARK: Shared encodings: the journal writes them in the same way

extension ByteWriter {
  package mutating func orderTerms(_ terms: OrderTerms) {
    uint(terms.rememberedOrders)
    bool(terms.allowance != nil)
    guard let allowance = terms.allowance else { return }
    uint(allowance.freePerDay)
    uint(allowance.perTrade)
  }
}

extension ByteReader {
  package mutating func orderTerms() throws(ByteError) -> OrderTerms {
    let remembered: UInt32 = try uint()
    guard try bool() else { return OrderTerms(rememberedOrders: remembered, allowance: nil) }
    return OrderTerms(
      rememberedOrders: remembered,
      allowance: OrderAllowance(freePerDay: try uint(), perTrade: try uint()))
  }
}
