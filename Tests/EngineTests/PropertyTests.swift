// What must hold after every command, whatever the commands are.

import Auction
import Testing

@testable import Engine

@Suite struct PropertyTests {
  static let seeds: [UInt64] = Array(1...24)
  static let commands = 2_000

  /// The ledger is a chain, locks are those of the live orders, value is conserved, runs are the
  /// kernel's.
  @Test(arguments: seeds, [UInt32(1), 3])
  func booksBalanceAfterEveryCommand(seed: UInt64, rules: UInt32) {
    var engine = Venue.make(rules: rules)
    var source = CommandSource(seed: seed)
    var audit = Audit(engine)
    var references = NaiveReferences(engine)
    var cleared = 0
    for step in 0..<Self.commands {
      let command = ExtremeTests.spoken(source.next(engine), under: rules)
      var expected: (outcome: AuctionOutcome, orders: [OrderView])?
      if case .schedule(.runAuction(let market, _)) = command {
        expected = Naive.outcome(engine, market)
      }
      let reply = engine.apply(command)
      if case .order(.place) = command { source.learn(reply) }
      if reply.rejection == nil, let expected, let run = engine.effects.tape.last?.auction {
        cleared += run.status == .cleared ? 1 : 0
        Naive.check(run, engine.effects, expected, seed: seed, step: step)
        references.take(run, expected, rules)
      }
      if case .operation(.setReference(let market, let ticks), _) = command, reply.rejection == nil
      {
        references.set(market, ticks)
      }
      references.check(engine, rules, seed: seed, step: step)
      audit.check(engine, seed: seed, step: step)
      engine.effects.removeAll()
    }
    #expect(cleared > 3, "seed \(seed): too few auctions cleared to mean anything")
    // The source's operators have no keys, which rules 1 alone do not ask for.
    if rules > 1 { return }
    let ends = Set(audit.withdrawals.map(\.status))
    #expect(
      audit.withdrawals.count > 15 && ends.count > 3,
      "seed \(seed): too few withdrawals to mean anything")
  }

  /// Restored from its snapshot at any point, the engine has the same bytes and the same future.
  @Test(arguments: seeds, [UInt32(1), 3])
  func snapshotHasTheSameFuture(seed: UInt64, rules: UInt32) throws {
    var engine = Venue.make(rules: rules)
    var source = CommandSource(seed: seed &+ 1_000)
    for _ in 0..<500 + Int(source.random(800)) {
      let reply = engine.apply(source.next(engine))
      source.learn(reply)
    }
    let bytes = Venue.snapshot(engine)
    var restored = try AuctionEngine(restoring: bytes)
    #expect(Venue.snapshot(restored) == bytes, "seed \(seed)")
    engine.effects.removeAll()
    restored.effects.removeAll()
    for step in 0..<600 {
      let command = source.next(engine)
      let reply = engine.apply(command)
      #expect(restored.apply(command) == reply, "seed \(seed), step \(step)")
      source.learn(reply)
    }
    #expect(engine.effects.entries == restored.effects.entries, "seed \(seed)")
    #expect(engine.effects.firstEntry == restored.effects.firstEntry, "seed \(seed)")
    #expect(engine.effects.tape == restored.effects.tape, "seed \(seed)")
    #expect(engine.effects.trades == restored.effects.trades, "seed \(seed)")
    #expect(engine.effects.withdrawals == restored.effects.withdrawals, "seed \(seed)")
    #expect(engine.effects.directory == restored.effects.directory, "seed \(seed)")
    #expect(Venue.snapshot(engine) == Venue.snapshot(restored), "seed \(seed)")
  }

  /// Damaged snapshots are refused; none stops the process.
  @Test(arguments: seeds) func damagedSnapshotIsRefusedOrHarmless(seed: UInt64) {
    var engine = Venue.make()
    var source = CommandSource(seed: seed &+ 5_000)
    for _ in 0..<300 { source.learn(engine.apply(source.next(engine))) }
    let bytes = Venue.snapshot(engine)
    for cut in [0, 1, 13, bytes.count / 3, bytes.count / 2, bytes.count - 1] {
      #expect(throws: ByteError.self) { try Self.restore(Array(bytes.prefix(cut))) }
    }
    #expect(throws: ByteError.self) { try Self.restore(bytes + [0]) }
  }

  private static func restore(_ bytes: [UInt8]) throws { _ = try AuctionEngine(restoring: bytes) }
}

/// Keeps the whole ledger of a run, and compares the engine with it.
struct Audit {
  private var balances: [UInt64: (free: Int128, locked: Int128, last: UInt64)] = [:]
  private var nextEntry: UInt64
  private var nextTrade: [MarketID: Int64] = [:]
  private var nextAuction: [MarketID: Int64] = [:]
  /// All that were ever asked for; the one with id 1 is the first.
  private(set) var withdrawals: [Withdrawal] = []

  init(_ engine: borrowing AuctionEngine) {
    nextEntry = 1
    check(engine, seed: 0, step: -1)
  }

  mutating func check(_ engine: borrowing AuctionEngine, seed: UInt64, step: Int) {
    var entry = engine.effects.firstEntry
    if entry < nextEntry { entry = nextEntry }
    for row in engine.effects.entries.dropFirst(Int(entry - engine.effects.firstEntry)) {
      let key = UInt64(row.user) << 16 | UInt64(row.asset)
      let before = balances[key] ?? (0, 0, 0)
      #expect(row.previousEntry == before.last, "seed \(seed), step \(step): chain of entries")
      #expect(before.free + row.freeDelta == row.freeAfter, "seed \(seed), step \(step)")
      #expect(before.locked + row.lockedDelta == row.lockedAfter, "seed \(seed), step \(step)")
      let mayOwe = row.user == Bounds.lossAccount
      #expect(
        (row.freeAfter >= 0 || mayOwe) && row.lockedAfter >= 0, "seed \(seed), step \(step)")
      #expect(
        row.type != .lock && row.type != .unlock || row.delta == 0, "seed \(seed), step \(step)")
      balances[key] = (row.freeAfter, row.lockedAfter, entry)
      entry += 1
    }
    nextEntry = entry
    checkTape(engine, seed, step)
    checkWithdrawals(engine, seed, step)
    checkLocks(engine, seed, step)
  }

  private mutating func checkTape(_ engine: borrowing AuctionEngine, _ seed: UInt64, _ step: Int) {
    for event in engine.effects.tape {
      guard let run = event.auction else { continue }
      #expect(run.id == nextAuction[run.market, default: 1], "seed \(seed), step \(step)")
      #expect(run.firstTrade == nextTrade[run.market, default: 1], "seed \(seed), step \(step)")
      nextAuction[run.market] = run.id + 1
      nextTrade[run.market] = run.firstTrade + Int64(run.tradeCount)
    }
  }

  /// Each goes its way once, keeps to the day, and is in the engine as long as it is not finished.
  private mutating func checkWithdrawals(
    _ engine: borrowing AuctionEngine, _ seed: UInt64, _ step: Int
  ) {
    for event in engine.effects.withdrawals {
      switch event {
      case .requested(let asked):
        #expect(asked.id == Int64(withdrawals.count) + 1, "seed \(seed), step \(step)")
        withdrawals.append(asked)
        checkDay(asked, engine, seed, step)
      case .changed(let id, let status, _, _, _):
        let before = withdrawals[Int(id) - 1].status
        #expect(
          Naive.next(before).contains(status), "seed \(seed), step \(step): \(before), \(status)")
        withdrawals[Int(id) - 1].status = status
      case .approved: break
      }
    }
    for known in withdrawals where !known.status.isFinished {
      let found = engine.withdrawal(known.id)
      #expect(found?.status == known.status, "seed \(seed), step \(step): \(known.id)")
      #expect(
        known.status == .requested || found?.approvals.count == Int(known.approvalsNeeded),
        "seed \(seed), step \(step): approvals of \(known.id)")
      #expect(
        known.status == .started || !engine.isFrozen(known.user),
        "seed \(seed), step \(step): \(known.id) of a frozen user")
    }
  }

  private func checkDay(
    _ asked: Withdrawal, _ engine: borrowing AuctionEngine, _ seed: UInt64, _ step: Int
  ) {
    let ofDay = withdrawals.filter {
      $0.asset == asked.asset
        && Naive.counts($0.status, isOfDay: engine.time - $0.requestedAt <= 86_400_000_000)
    }
    let venue = ofDay.reduce(0) { $0 + $1.amount }
    let user = ofDay.reduce(0) { $0 + ($1.user == asked.user ? $1.amount : 0) }
    let day = engine.withdrawals.day(asked.user, asked.asset)
    #expect(day.user == user && day.venue == venue, "seed \(seed), step \(step): the day's sums")
    guard let terms = engine.withdrawalTerms(of: asked.asset) else {
      Issue.record("seed \(seed), step \(step): a withdrawal without terms")
      return
    }
    #expect(user <= terms.userDayLimit, "seed \(seed), step \(step): a user's day")
    #expect(venue <= terms.venueDayLimit, "seed \(seed), step \(step): the venue's day")
    #expect(
      asked.approvalsNeeded == (user > terms.approvalAbove ? terms.approvals : 0),
      "seed \(seed), step \(step): approvals of \(asked.id)")
  }

  /// The engine's balances are the ledger's, and what is locked is what the live orders and the
  /// unfinished withdrawals need.
  private func checkLocks(_ engine: borrowing AuctionEngine, _ seed: UInt64, _ step: Int) {
    var totals: [AssetID: Int128] = [:]
    for user in Array(0..<UserID(engine.userCount)) + [Bounds.lossAccount] {
      var locks: [AssetID: Int128] = [:]
      for order in engine.openOrders(user) {
        let (asset, amount) = Naive.lock(order, engine)
        locks[asset, default: 0] += amount
      }
      for withdrawal in withdrawals where withdrawal.user == user && !withdrawal.status.isFinished {
        locks[withdrawal.asset, default: 0] += withdrawal.amount + withdrawal.fee
      }
      for balance in engine.balances(user) {
        let ledger = balances[UInt64(user) << 16 | UInt64(balance.asset)] ?? (0, 0, 0)
        #expect(balance.free == ledger.free, "seed \(seed), step \(step): free of \(user)")
        #expect(balance.locked == ledger.locked, "seed \(seed), step \(step): locked of \(user)")
        #expect(
          balance.locked == locks[balance.asset, default: 0],
          "seed \(seed), step \(step): locks of \(user) in \(balance.asset)")
        totals[balance.asset, default: 0] += balance.total
      }
    }
    for (asset, total) in totals {
      #expect(total == engine.issued(asset), "seed \(seed), step \(step): conservation")
    }
  }
}

/// The rules once more, by the book and slowly.
enum Naive {
  static func lock(
    _ order: OrderView, _ engine: borrowing AuctionEngine
  ) -> (asset: AssetID, amount: Int128) {
    let market = engine.marketView(order.market)
    let definition = market.definition
    let rest = Int128(order.lots - order.executedLots)
    if order.side == .sell { return (definition.base, rest * Int128(definition.lotAtoms)) }
    let limit = order.type == .market ? market.band?.upper ?? 0 : order.limitTicks
    var scale: Int128 = 1
    for _ in 0..<engine.asset(definition.base).decimals { scale *= 10 }
    let unit = Int128(definition.tickAtoms) * Int128(definition.lotAtoms) / scale
    let need = Int128(limit) * rest * unit
    let fee = share(order.notional + need, engine.feeBasisPoints(of: order.id)) - order.feePaid
    return (definition.quote, need + fee)
  }

  /// What a withdrawal may come to.
  static func next(_ status: WithdrawalStatus) -> [WithdrawalStatus] {
    switch status {
    case .requested: [.approved, .cancelled, .rejected]
    case .approved: [.started, .cancelled, .rejected]
    case .started: [.confirmed, .cancelled, .reverted]
    case .confirmed, .cancelled, .rejected, .reverted: []
    }
  }

  /// Whether it counts for the limits of a day.
  static func counts(_ status: WithdrawalStatus, isOfDay: Bool) -> Bool {
    switch status {
    case .requested, .approved, .started: true
    case .confirmed, .reverted: isOfDay
    case .cancelled, .rejected: false
    }
  }

  /// `ceil(amount x rate / 10,000)` over 256 bits.
  private static func share(_ amount: Int128, _ rate: UInt16) -> Int128 {
    let product = UInt128(amount).multipliedFullWidth(by: UInt128(rate))
    let (quotient, rest) = (10_000 as UInt128).dividingFullWidth(product)
    return Int128(quotient) + (rest == 0 ? 0 : 1)
  }

  /// What the kernel says of the live orders that have not expired, oldest first.
  static func outcome(
    _ engine: borrowing AuctionEngine, _ market: MarketID
  ) -> (outcome: AuctionOutcome, orders: [OrderView])? {
    var slots: [(priority: UInt64, view: OrderView)] = []
    for slot in 0..<engine.orders.used where engine.orders[slot].priority != 0 {
      guard let view = engine.order(engine.orders[slot].id), view.market == market else { continue }
      if view.timeInForce == .goodTilDate, view.expiry <= engine.time { continue }
      slots.append((engine.orders[slot].priority, view))
    }
    slots.sort { $0.priority < $1.priority }
    let orders = slots.map(\.view)
    let view = engine.marketView(market)
    let outcome = CallAuction.run(
      orders: orders.map {
        AuctionOrder(
          side: $0.side, type: $0.type == .market ? .market : .limit($0.limitTicks),
          quantity: $0.lots - $0.executedLots)
      }, reference: view.referenceTicks == 0 ? nil : view.referenceTicks, band: view.band)
    return (outcome, orders)
  }

  static func check(
    _ run: AuctionResult, _ effects: Effects,
    _ expected: (outcome: AuctionOutcome, orders: [OrderView]), seed: UInt64, step: Int
  ) {
    let (outcome, orders) = expected
    #expect(run.status == outcome.clearing.status, "seed \(seed), step \(step): status")
    #expect(run.priceTicks == outcome.clearing.price, "seed \(seed), step \(step): price")
    #expect(Int128(run.volumeLots) == outcome.clearing.volume, "seed \(seed), step \(step)")
    #expect(Int128(run.surplusLots) == outcome.clearing.surplus, "seed \(seed), step \(step)")
    let trades = effects.trades.map { "\($0.buyOrder) \($0.sellOrder) \($0.lots)" }
    let wanted = outcome.trades.map { "\(orders[$0.buy].id) \(orders[$0.sell].id) \($0.quantity)" }
    #expect(trades == wanted, "seed \(seed), step \(step): trades")
    #expect(effects.ladder.count == outcome.ladder.count, "seed \(seed), step \(step): ladder")
  }
}

extension AuctionEngine {
  /// The rate that a live order was accepted at.
  fileprivate func feeBasisPoints(of id: OrderID) -> UInt16 {
    restingSlot(id).map { orders[$0].feeBasisPoints } ?? 0
  }
}
