// A deposit's life under random events: as a value, and the value against what the store does in
// Postgres.

import Engine
import Ethereum
import Foundation
import Ledger
import Postgres
import SeededNumbers
import TestServers
import Testing

@testable import CoreFixture
@testable import Custody
@testable import Journal

/// What a payment is worth: mostly some thousand wei, at times dust, sent by the venue, or too
/// much.
private struct Payments {
  static let users: [(address: Address, user: UserID)] = [
    (DepositRulesTests.ours, 2), (DepositRulesTests.address(0x11), 3),
  ]
  static let rules = DepositRules(
    assets: [
      DepositAsset(
        code: "ETH", source: .native, scale: .one, minimum: 1_000, finality: .depth(3)),
      DepositAsset(
        code: "BTC", source: .token(DepositRulesTests.token), scale: UInt256(100 as UInt64),
        minimum: 10, finality: .depth(2)),
      DepositAsset(
        code: "USDC", source: .token(DepositRulesTests.other), scale: .one, minimum: 500,
        finality: .depth(2)),
    ], ownSenders: [DepositRulesTests.address(0x0f)])

  static func raw(_ numbers: inout SeededNumbers) -> UInt256 {
    switch numbers.below(12) {
    case 0: UInt256(UInt64(1 + numbers.below(900)))
    case 1: UInt256(UInt128(1) << 127)
    default: UInt256(UInt64(2_000 + numbers.below(90_000)))
    }
  }

  static func transfer(
    _ index: Int, _ raw: UInt256, _ numbers: inout SeededNumbers
  ) -> (Transfer, DepositAsset) {
    let asset = rules.assets[index % 4 == 3 ? 1 : 0]
    let outRef = index % 4 == 3 ? "l\(index)" : index % 2 == 0 ? "n" : "t\(index).1"
    let sender = index % 11 == 10 ? 0x0f : 0x02 as UInt64
    let transfer = Transfer(
      transaction: DepositRulesTests.hash(UInt64(1_000 + index)), outRef: outRef,
      source: asset.source, sender: DepositRulesTests.address(sender),
      recipient: DepositRulesTests.ours, raw: raw)
    return (transfer, asset)
  }

  /// Where it is mined again: mostly the same; another amount, recipient, or token's log at times.
  static func again(
    _ before: Transfer, _ numbers: inout SeededNumbers
  ) -> (Transfer, DepositAsset) {
    var transfer = before
    if numbers.once(in: 5) { transfer.raw = raw(&numbers) }
    if numbers.once(in: 8) { transfer.recipient = numbers.pick(users).address }
    if transfer.outRef.hasPrefix("l"), numbers.once(in: 4) {
      transfer.source = rules.assets[1 + numbers.below(2)].source
    }
    guard let asset = rules.asset(transfer.source) else { preconditionFailure("a listed asset") }
    return (transfer, asset)
  }

  static func payment(_ transfer: Transfer, _ asset: DepositAsset) -> DepositLifecycle.Payment {
    DepositLifecycle.Payment(
      rules.value(of: transfer, in: asset), raw: transfer.raw, asset: asset.code,
      recipient: transfer.recipient)
  }

  static func user(_ address: Address) -> UserID {
    users.first { $0.address == address }?.user ?? 0
  }
}

@Suite struct DepositLifecycleTests {
  /// Any event at any time: what cannot happen is refused and changes nothing; what happens keeps
  /// the invariants.
  @Test(arguments: Array(UInt64(1)...40)) func anyEvents(seed: UInt64) throws {
    var numbers = SeededNumbers(seed)
    for index in 0..<30 {
      let (transfer, asset) = Payments.transfer(index, Payments.raw(&numbers), &numbers)
      let payment = Payments.payment(transfer, asset)
      var life = DepositLifecycle(payment, height: 10)
      var seen = Seen(mayBeNumbered: payment.value.status == .seen)
      for step in 0..<60 {
        let before = life
        let event = event(transfer, Int64(10 + step), &numbers)
        do throws(DepositLifecycle.Impossible) {
          try life.apply(event)
        } catch {
          #expect(life == before && error.status == before.status, "seed \(seed)")
          continue
        }
        seen.note(event, before)
        check(life, before, seen, "seed \(seed), \(event) on \(before)")
      }
    }
  }

  private struct Seen {
    var mayBeNumbered: Bool
    var live = 0

    mutating func note(_ event: DepositLifecycle.Event, _ before: DepositLifecycle) {
      switch event {
      case .credited: live += 1
      case .clawedBack: live -= 1
      case .resolved(let decision): mayBeNumbered = decision == .credit
      case .minedAgain(let now, _) where before.creditNumber == nil:
        mayBeNumbered =
          now.value.status == .seen
          || now.value.status == .review && before.resolution == .credit
            && now.isSame(as: before.payment)
      case .numbered: #expect(mayBeNumbered, "\(before)")
      default: break
      }
    }
  }

  private func check(
    _ life: DepositLifecycle, _ before: DepositLifecycle, _ seen: Seen, _ comment: String
  ) {
    let scale = Payments.rules.asset(named: life.payment.asset)?.scale ?? .one
    let booked = UInt256(exactly: life.amount)?.multiplied(by: scale)?
      .adding(life.payment.value.dust)
    #expect(booked == life.payment.raw, "\(comment)")
    if life.credited > 0, before.credited > 0 {
      #expect(life.payment.isSame(as: before.payment), "\(comment)")
    }
    #expect(seen.live == 0 || seen.live == 1, "\(comment)")
    #expect(life.credited == (seen.live == 1 ? life.amount : 0), "\(comment)")
    if life.status == .credited || life.status == .final {
      #expect(life.credited == life.amount && life.amount > 0 && life.isOnChain, "\(comment)")
    }
    if life.creditNumber != nil, life.status != .clawback {
      #expect(life.amount > 0, "\(comment)")
    }
    // Where the chain had another in its place, no credit comes by itself.
    if before.status == .clawback, !before.reason.isEmpty {
      #expect(life.status == .clawback && life.reason == before.reason, "\(comment)")
    }
    if [.dust, .review, .rejected, .seen].contains(life.status) {
      #expect(life.creditNumber == nil && life.isOnChain, "\(comment)")
    }
    if life.status == .orphaned, life.creditNumber == nil {
      #expect(!life.isOnChain, "\(comment)")
    }
  }

  private func event(
    _ transfer: Transfer, _ height: Int64, _ numbers: inout SeededNumbers
  ) -> DepositLifecycle.Event {
    switch numbers.below(9) {
    case 0: return .deeper(tip: height, finalized: height - Int64(numbers.below(12)))
    case 1: return .numbered(height)
    case 2: return .credited
    case 3: return .blockLeft
    case 4, 5:
      let (again, asset) = Payments.again(transfer, &numbers)
      return .minedAgain(Payments.payment(again, asset), height: height)
    case 6: return .clawbackNumbered(height)
    case 7: return .clawedBack
    default: return .resolved(numbers.once(in: 3) ? .reject : .credit)
    }
  }
}

/// A chain in memory, the store in Postgres and the value of each deposit, moved together.
private struct LifecycleModel: ~Copyable {
  var numbers: SeededNumbers
  let core: Core
  let store: CustodyStore
  let chain: ChainID
  var lives: [Int: DepositLifecycle] = [:]
  var transfers: [Int: Transfer] = [:]
  var blocks: [BlockPlace] = []
  var made: UInt64 = 0
  var finalized: Int64 = -1
  var (lastCredit, lastClawback) = (Int64(0), Int64(0))
  var (sentCredit, sentClawback) = (Int64(0), Int64(0))
  var met: [String: Int] = [:]

  init(_ seed: UInt64, _ database: TestDatabase) throws {
    let core = try Core(database, limits: .small(batchRows: 20, partitionRows: 1_000))
    let commands = Venue.genesis(users: 2) + [.operation(.registerChain(name: "dev"), by: .venue)]
    try #expect(
      core.submit(commands, isReserved: true).get().allSatisfy { $0.rejection == nil })
    let chain = try #require(core.ask { $0.chain(named: "dev") } ?? nil)
    let store = try CustodyStore(
      database.app, chain: "dev", term: { core.loop.currentFigures().term })
    try store.begin(chainID: 1, genesis: DepositRulesTests.hash(1), start: 0)
    (numbers, self.core, self.chain) = (SeededNumbers(seed), core, chain)
    self.store = store
  }

  /// Each deposit's value takes what is possible for it.
  private mutating func tell(_ event: DepositLifecycle.Event) {
    for index in lives.keys { try? lives[index]?.apply(event) }
  }

  private mutating func grow(to count: Int) -> (blocks: [BlockPlace], found: [FoundDeposit]) {
    var (fresh, found): ([BlockPlace], [FoundDeposit]) = ([], [])
    for _ in 0..<count {
      made += 1
      let place = BlockPlace(
        height: Int64(blocks.count), hash: DepositRulesTests.hash(10_000 + made),
        parent: blocks.last?.hash ?? DepositRulesTests.hash(0))
      blocks.append(place)
      fresh.append(place)
      for index in 0..<40 where lives[index]?.isOnChain != true && numbers.once(in: 12) {
        found.append(mine(index, place))
      }
    }
    return (fresh, found)
  }

  private mutating func mine(_ index: Int, _ place: BlockPlace) -> FoundDeposit {
    let (transfer, asset) =
      transfers[index].map { Payments.again($0, &numbers) }
      ?? Payments.transfer(index, Payments.raw(&numbers), &numbers)
    transfers[index] = transfer
    let payment = Payments.payment(transfer, asset)
    if let life = lives[index] {
      if life.creditNumber != nil, !payment.isSame(as: life.payment) { note("changed") }
      try? lives[index]?.apply(.minedAgain(payment, height: place.height))
    } else {
      lives[index] = DepositLifecycle(payment, height: place.height)
    }
    return FoundDeposit(
      transfer: transfer, user: Payments.user(transfer.recipient), asset: asset,
      value: payment.value, place: place)
  }

  mutating func step() throws {
    switch numbers.below(8) {
    case 0, 1: try scan(above: nil)
    case 2:
      let depth = 1 + numbers.below(6)
      let base = max(finalized, Int64(blocks.count - 1 - depth), 0)
      try scan(above: base < Int64(blocks.count - 1) ? base : nil)
    case 3: try advance()
    case 4, 5: try number()
    case 6: try submit()
    default: try resolve()
    }
  }

  private mutating func scan(above base: Int64?) throws {
    if let base {
      blocks.removeLast(blocks.count - 1 - Int(base))
      for (index, life) in lives where life.heightOnChain ?? -1 > base {
        try lives[index]?.apply(.blockLeft)
      }
    }
    let (fresh, found) = grow(to: 1 + numbers.below(3))
    let isCaughtUp = !numbers.once(in: 3)
    try store.apply(
      ChainFollower.Step(rollBackTo: base, blocks: fresh, isCaughtUp: isCaughtUp), found,
      finalized: finalized)
    deepen(isCaughtUp: isCaughtUp)
    note(base == nil ? "grown" : "reorganised")
  }

  private mutating func advance() throws {
    guard let tip = blocks.last else { return }
    finalized = max(finalized, tip.height - Int64(4 + numbers.below(8)))
    try store.advance(tip: tip.height, finalized: finalized)
    deepen(isCaughtUp: true)
    note("final")
  }

  private mutating func deepen(isCaughtUp: Bool) {
    guard let tip = blocks.last else { return }
    tell(.deeper(tip: tip.height, finalized: finalized))
    guard isCaughtUp else { return }
    let lost = lives.filter { $0.value.status == .orphaned && $0.value.creditNumber != nil }
    for (index, _) in lost.sorted(by: { $0.value.creditNumber ?? 0 < $1.value.creditNumber ?? 0 }) {
      lastClawback += 1
      try? lives[index]?.apply(.clawbackNumbered(lastClawback))
      note("lost")
    }
  }

  private mutating func number() throws {
    guard let tip = blocks.last else { return }
    let heights = Payments.rules.assets.map { ($0.code, $0.ripeHeight(tip.height, finalized)) }
    let ripe = try store.ripe(heights, after: 0, limit: 100).filter { _ in !numbers.once(in: 3) }
    try store.number(ripe)
    for deposit in ripe {
      lastCredit += 1
      try lives[index(of: deposit)]?.apply(.numbered(lastCredit))
      note("numbered")
    }
  }

  /// Through the engine and the real projection.
  private mutating func submit() throws {
    let (credits, clawbacks) = (
      try store.credits(after: sentCredit), try store.clawbacks(after: sentClawback)
    )
    var commands: [Command] = []
    for deposit in credits {
      sentCredit += 1
      commands.append(
        .deposit(
          .credit(
            DepositCredit(
              chain: chain, number: sentCredit, user: deposit.user,
              asset: try asset(deposit), amount: deposit.amount))))
    }
    for deposit in clawbacks {
      sentClawback += 1
      commands.append(
        .deposit(
          .clawBack(
            DepositClawback(
              chain: chain, number: sentClawback, credit: try #require(deposit.creditNumber),
              user: deposit.user, asset: try asset(deposit), amount: deposit.amount))))
    }
    if commands.isEmpty { return }
    let replies = try core.submit(commands, isReserved: true).get()
    try #require(replies.allSatisfy { $0.rejection == nil })
    try #require(core.projection.drain(withinSeconds: patience))
    for deposit in credits { try lives[index(of: deposit)]?.apply(.credited) }
    for deposit in clawbacks { try lives[index(of: deposit)]?.apply(.clawedBack) }
    note("submitted")
  }

  private func asset(_ deposit: Deposit) throws -> AssetID {
    try #require(core.ask { $0.asset(named: deposit.asset) } ?? nil)
  }

  private mutating func resolve() throws {
    let decision: DepositResolution.Decision = numbers.once(in: 3) ? .reject : .credit
    guard let deposit = try store.deposits(where: "status = 'review'", limit: 100).last else {
      return
    }
    let outcome = try store.decide(deposit.id, decision, "by seed")
    do throws(DepositLifecycle.Impossible) {
      try lives[index(of: deposit)]?.apply(.resolved(decision))
      guard case .resolved = outcome else {
        Issue.record("\(deposit): \(outcome)")
        return
      }
      note("resolved")
    } catch {
      #expect(outcome == .notCreditable, "\(deposit)")
    }
  }

  private mutating func note(_ what: String) { met[what, default: 0] += 1 }

  private func index(of deposit: Deposit) -> Int {
    Int(truncatingIfNeeded: Int128(exactly: deposit.transaction.number) ?? 0) - 1_000
  }

  /// Every row is what its value says.
  func check(_ comment: String) throws {
    let rows = try store.deposits(where: "true", limit: 1_000)
    #expect(rows.count == lives.count, "\(comment)")
    for row in rows {
      let life = try #require(lives[index(of: row)])
      let payment = life.payment
      let stored =
        "\(row.status) \(row.reason) \(row.raw) \(row.asset) \(row.address) \(row.user) "
        + "\(row.amount) \(row.dust) \(row.height) \(row.credited) \(row.creditNumber ?? 0) "
        + "\(row.clawbackNumber ?? 0) \(row.resolution?.rawValue ?? "-")"
      let expected =
        "\(life.status) \(life.reason) \(payment.raw) \(payment.asset) \(payment.recipient) "
        + "\(Payments.user(payment.recipient)) \(payment.value.amount) \(payment.value.dust) "
        + "\(life.height) \(life.credited) \(life.creditNumber ?? 0) "
        + "\(life.clawbackNumber ?? 0) \(life.resolution?.rawValue ?? "-")"
      try #require(stored == expected, "\(comment), deposit \(row.id) \(row.outRef)")
    }
    try checkBooks(comment)
  }

  /// What the reconciliation counts as booked nowhere is what the chain shows and no balance has;
  /// the look for surpluses counts all that the chain shows.
  private func checkBooks(_ comment: String) throws {
    var (unbooked, paid): ([String: Int128], [Address: UInt256]) = ([:], [:])
    for (index, life) in lives where life.isOnChain {
      let transfer = try #require(transfers[index])
      let asset = try #require(Payments.rules.asset(transfer.source))
      if asset.code == "ETH" {
        paid[transfer.recipient] = paid[transfer.recipient, default: .zero].adding(transfer.raw)
      }
      // Beyond 127 bits only what is never booked.
      guard !life.isChanged, let raw = Int128(exactly: transfer.raw) else { continue }
      let scale = try #require(Int128(exactly: asset.scale))
      unbooked[asset.code, default: 0] += raw - life.credited * scale
    }
    let stored = try store.connection.query(
      """
      select asset, sum(raw_amount - credited * scale)::text from public.deposits d
      where raw_amount < 2::numeric ^ 127 and exists (select from public.scanned_blocks b
        where b.chain = d.chain and b.height = d.block_height and b.hash = d.block_hash)
      group by 1
      """)
    let sums = (0..<stored.rowCount).map {
      (stored.string($0, 0), Int128(stored.string($0, 1)) ?? -1)
    }
    let expected = unbooked.filter { $0.value != 0 }
    let found = Dictionary(sums) { first, _ in first }.filter { $0.value != 0 }
    try #require(found == expected, "\(comment)")
    let tip = blocks.last?.height ?? -1
    try #require(try store.paid("ETH", upTo: tip) == paid, "\(comment)")
  }
}

extension DatabaseTests {
  @Suite(.serialized) struct DepositStoreModelTests {
    @Test(arguments: Array(UInt64(1)...6)) func theStoreDoesWhatTheValueSays(
      seed: UInt64
    ) throws {
      var model = try LifecycleModel(seed, TestDatabase())
      for step in 0..<150 {
        try model.step()
        try model.check("seed \(seed), step \(step)")
      }
      // In two of the six histories the chain loses no credit.
      let kinds =
        ["grown", "reorganised", "final", "numbered", "submitted", "resolved"]
        + (seed.isMultiple(of: 3) ? [] : ["lost"])
      let met = model.met
      #expect(kinds.allSatisfy { met[$0, default: 0] > 0 }, "seed \(seed): \(met)")
      let core = model.core
      core.stop()
      #expect(core.halts.all.isEmpty)
    }
  }
}

extension DepositLifecycle {
  /// Of the block that the chain has it in, whatever it is there.
  fileprivate var heightOnChain: Int64? { isOnChain ? changed?.height ?? height : nil }

  /// The chain has another payment in its place, which no row counts until the ledger has the
  /// clawback.
  fileprivate var isChanged: Bool { changed != nil }
}
