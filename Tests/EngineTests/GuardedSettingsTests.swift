// What one operator's key can undo: nothing at once. Terms and delays that loosen wait; tighter
// ones do not.

import Testing

@testable import Engine

@Suite struct GuardedSettingsTests {
  static let seeds: [UInt64] = Array(1...40)
  private static let hour = WithdrawalScene.hour

  /// One step looser in one respect; the other way round it is tighter.
  static let loosenings: [@Sendable (inout WithdrawalTerms) -> Void] = [
    { $0.minimum = 9 }, { $0.userDayLimit = 5_001 }, { $0.venueDayLimit = 8_001 },
    { $0.approvalAbove = 1_001 }, { $0.approvals = 1 },
    // Mixed: one respect is enough.
    {
      $0.minimum = 9
      ($0.userDayLimit, $0.venueDayLimit, $0.approvals) = (1, 1, 8)
    },
  ]

  /// The scene an hour later, with a delay of an hour.
  private static func scene(_ terms: WithdrawalTerms = WithdrawalScene.terms) -> AuctionEngine {
    var engine = WithdrawalScene.make(terms)
    engine.pass(hour)
    precondition(
      engine.apply(.operation(.setAddressDelay(chain: 0, seconds: 3_600), by: Authority(user: 1)))
        .rejection == nil)
    return engine
  }

  @Test(arguments: loosenings.indices) func whatLoosensWaits(row: Int) {
    var engine = Self.scene()
    var terms = WithdrawalScene.terms
    Self.loosenings[row](&terms)
    let then = engine.time + Self.hour
    let reply = engine.apply(.operation(.setWithdrawalTerms(terms), by: Authority(user: 1)))
    #expect(reply == Reply(rejection: nil, id: 0, time: engine.time, outcome: .inForce(from: then)))
    #expect(engine.withdrawalTerms() == [WithdrawalScene.terms])
    #expect(engine.pendingWithdrawalTerms() == [PendingChange(terms, effectiveAt: then)])
    engine.apply(.schedule(.advanceTime(then - 1)))
    #expect(engine.withdrawalTerms() == [WithdrawalScene.terms])
    engine.apply(.schedule(.advanceTime(then)))
    #expect(engine.withdrawalTerms() == [terms] && engine.pendingWithdrawalTerms().isEmpty)
  }

  @Test(arguments: loosenings.indices.dropLast()) func whatTightensDoesNot(row: Int) {
    var loose = WithdrawalScene.terms
    Self.loosenings[row](&loose)
    var engine = Self.scene(loose)
    let reply = engine.apply(
      .operation(.setWithdrawalTerms(WithdrawalScene.terms), by: Authority(user: 1)))
    #expect(reply.rejection == nil && reply.start == engine.time)
    #expect(engine.withdrawalTerms() == [WithdrawalScene.terms])
    #expect(engine.pendingWithdrawalTerms().isEmpty)
  }

  @Test func reopeningWaitsAndClosingDoesNot() {
    var engine = Self.scene()
    var terms = WithdrawalScene.terms
    terms.isOpen = false
    #expect(
      engine.apply(.operation(.setWithdrawalTerms(terms), by: Authority(user: 1))).start
        == engine.time)
    #expect(engine.withdraw(2, 100, "a").rejection == .withdrawalsNotOffered)
    #expect(
      engine.apply(.operation(.setWithdrawalTerms(WithdrawalScene.terms), by: Authority(user: 1)))
        .start
        == engine.time + Self.hour)
    engine.pass(Self.hour - 1)
    #expect(engine.withdraw(2, 100, "a").rejection == .withdrawalsNotOffered)
    engine.pass(1)
    #expect(engine.withdraw(2, 100, "a").rejection == nil)
  }

  /// A fee guards nothing; another chain has another delay.
  @Test func aFeeChangesAtOnceAndAChainDoesNot() {
    var engine = Self.scene()
    var terms = WithdrawalScene.terms
    for fee in [Int128(0), 9] {
      terms.fee = fee
      #expect(
        engine.apply(.operation(.setWithdrawalTerms(terms), by: Authority(user: 1))).start
          == engine.time)
    }
    engine.apply(.operation(.registerChain(name: "other"), by: .venue))
    engine.apply(.operation(.setAddressDelay(chain: 1, seconds: 0), by: Authority(user: 1)))
    terms.chain = 1
    #expect(
      engine.apply(.operation(.setWithdrawalTerms(terms), by: Authority(user: 1))).start == engine
        .time + Self.hour,
      "the delay of the chain that it leaves")
    // It counts already as terms of the chain to come.
    engine.apply(.operation(.setAddressDelay(chain: 1, seconds: 60), by: Authority(user: 1)))
    #expect(
      engine.apply(.operation(.setAddressDelay(chain: 1, seconds: 0), by: Authority(user: 1)))
        .start
        == engine.time + 60 * Scene.second)
  }

  /// One change waits for each asset: the last.
  @Test func theNextTakesThePlaceOfWhatWaits() {
    var engine = Self.scene()
    func set(_ limit: Int128) -> Microseconds? {
      var terms = WithdrawalScene.terms
      terms.userDayLimit = limit
      return engine.apply(.operation(.setWithdrawalTerms(terms), by: Authority(user: 1))).start
        .map { $0 - engine.time }
    }
    #expect(set(6_000) == Self.hour)
    engine.pass(1_000)
    #expect(set(6_000) == Self.hour - 1_000, "the same again keeps its time")
    #expect(set(7_000) == Self.hour, "another one begins anew")
    engine.pass(Self.hour - 1)
    #expect(engine.withdrawalTerms(of: 0)?.userDayLimit == 5_000)
    // What is in force, set again, calls off what waits; so does what is tighter.
    #expect(set(5_000) == 0 && engine.pendingWithdrawalTerms().isEmpty)
    #expect(set(6_000) == Self.hour)
    #expect(set(4_000) == 0 && engine.pendingWithdrawalTerms().isEmpty)
    engine.pass(2 * Self.hour)
    #expect(engine.withdrawalTerms(of: 0)?.userDayLimit == 4_000)
  }

  @Test func theFirstTermsOfAnAssetHoldAtOnce() {
    var engine = Self.scene()
    var terms = WithdrawalScene.terms
    terms.asset = Scene.coin
    #expect(
      engine.apply(.operation(.setWithdrawalTerms(terms), by: Authority(user: 1))).start
        == engine.time)
    #expect(engine.withdrawalTerms().map(\.asset) == [Scene.usd, Scene.coin])
  }

  @Test func aShorterDelayWaitsForTheOldOne() {
    var engine = Self.scene()
    func set(_ seconds: Int64) -> Microseconds? {
      engine.apply(.operation(.setAddressDelay(chain: 0, seconds: seconds), by: Authority(user: 1)))
        .start.map { $0 - engine.time }
    }
    #expect(set(0) == Self.hour && engine.addressDelay(on: 0) == 3_600)
    let then = engine.time + Self.hour
    #expect(engine.pendingAddressDelay(on: 0) == PendingChange(0, effectiveAt: then))
    // Until then all waits as before: an address, terms, and a yet shorter delay.
    #expect(
      engine.apply(WithdrawalScene.add(2, WithdrawalScene.address(9))).start == then)
    engine.pass(1_000)
    #expect(set(0) == Self.hour - 1_000, "the same again keeps its time")
    engine.apply(.schedule(.advanceTime(then)))
    #expect(engine.addressDelay(on: 0) == 0 && engine.pendingAddressDelay(on: 0) == nil)
    // Raised at once, in the place of what waits.
    #expect(set(7_200) == 0 && set(60) == 2 * Self.hour && set(9_000) == 0)
    #expect(engine.addressDelay(on: 0) == 9_000 && engine.pendingAddressDelay(on: 0) == nil)
  }

  /// Where nothing can be taken out there is nothing to guard, a day unless set.
  @Test func aChainWithoutTermsIsSetUpAtOnce() {
    var engine = Self.scene()
    engine.apply(.operation(.registerChain(name: "other"), by: .venue))
    func set(_ seconds: Int64) -> Microseconds? {
      engine.apply(.operation(.setAddressDelay(chain: 1, seconds: seconds), by: Authority(user: 1)))
        .start.map { $0 - engine.time }
    }
    #expect(set(60) == 0 && set(5) == 0 && set(86_400) == 0)
    var terms = WithdrawalScene.terms
    (terms.asset, terms.chain) = (Scene.coin, 1)
    engine.apply(.operation(.setWithdrawalTerms(terms), by: Authority(user: 1)))
    #expect(set(0) == 24 * Self.hour)
    engine.apply(.operation(.registerChain(name: "third"), by: .venue))
    (terms.asset, terms.chain) = (Scene.usd, 2)
    engine.apply(.operation(.setWithdrawalTerms(terms), by: Authority(user: 1)))
    engine.pass(Self.hour)
    #expect(
      engine.apply(.operation(.setAddressDelay(chain: 2, seconds: 5), by: Authority(user: 1)))
        .start
        == engine.time + 24 * Self.hour, "where nobody set it it was a day")
  }

  /// The end of time is when what does not fit it takes effect.
  @Test func timesThatDoNotFitAreTheEndOfTime() {
    var engine = Self.scene()
    engine.apply(.schedule(.advanceTime(.max - 5)))
    #expect(
      engine.apply(.operation(.setAddressDelay(chain: 0, seconds: 0), by: Authority(user: 1)))
        .start == .max)
    let bytes = Venue.snapshot(engine)
    #expect(throws: Never.self) { _ = try AuctionEngine(restoring: bytes) }
    engine.apply(.schedule(.advanceTime(.max)))
    #expect(engine.addressDelay(on: 0) == 0)
  }

  // MARK: The oracle

  /// How loose terms are, in each respect.
  private static let respects: [@Sendable (WithdrawalTerms) -> Int128] = [
    { $0.isOpen ? 1 : 0 }, { -$0.minimum }, \.userDayLimit, \.venueDayLimit, \.approvalAbove,
    { -Int128($0.approvals) },
  ]

  /// Everything that was asked for, and from when on it may hold at the earliest.
  private struct History {
    var terms: [AssetID: [(terms: WithdrawalTerms, earliest: Microseconds)]] = [:]
    var delays: [ChainID: [(seconds: Int64, earliest: Microseconds)]] = [:]
    /// The last of each, and from when on the engine said that it holds.
    var lastTerms: [AssetID: PendingChange<WithdrawalTerms>] = [:]
    var lastDelays: [ChainID: PendingChange<Int64>] = [:]
  }

  /// Nothing is ever looser than what was asked for as long ago as the delay was then; and what was
  /// asked for last comes about when it was said to.
  @Test(arguments: seeds) func nothingLoosensBeforeItsTime(seed: UInt64) {
    var engine = WithdrawalScene.make()
    engine.apply(.operation(.registerChain(name: "other"), by: .venue))
    var numbers = CommandSource(seed: seed)
    var history = History()
    history.terms[Scene.usd] = [(WithdrawalScene.terms, engine.time)]
    history.delays = [0: [(0, engine.time)], 1: [(86_400, engine.time)]]
    var (waited, came) = (0, 0)
    for step in 0..<400 {
      let note: Comment = "seed \(seed), step \(step)"
      switch numbers.random(5) {
      case 0, 1: Self.pass(&engine, &numbers, history)
      case 2: Self.changeDelay(&engine, &numbers, &history, note)
      default: Self.changeTerms(&engine, &numbers, &history, note)
      }
      waited += engine.pendingWithdrawalTerms().isEmpty ? 0 : 1
      came += history.lastTerms.values.count {
        $0.effectiveAt <= engine.time && engine.withdrawalTerms(of: $0.value.asset) == $0.value
      }
      Self.check(engine, history, note)
    }
    #expect(waited > 20 && came > 20, "seed \(seed): \(waited) steps with something that waits")
  }

  private static func pass(
    _ engine: inout AuctionEngine, _ numbers: inout CommandSource, _ history: History
  ) {
    var next = engine.time + 1 + Microseconds(numbers.random(7_200_000_000))
    let waiting = (engine.pendingWithdrawalTerms().map(\.effectiveAt)).filter { $0 < .max }
    if let edge = numbers.pick(waiting) {
      next = max(engine.time + 1, edge + Microseconds(numbers.random(3)) - 1)
    }
    engine.apply(.schedule(.advanceTime(next)))
  }

  private static func changeDelay(
    _ engine: inout AuctionEngine, _ numbers: inout CommandSource, _ history: inout History,
    _ note: Comment
  ) {
    let chain = ChainID(numbers.random(2))
    let seconds = numbers.pick([0, 60, 3_600, 7_200] as [Int64]) ?? 0
    let old = engine.addressDelay(on: chain)
    let all = engine.withdrawalTerms() + engine.pendingWithdrawalTerms().map(\.value)
    let waits = seconds < old && all.contains { $0.chain == chain }
    let earliest = engine.time + (waits ? old * Scene.second : 0)
    let waiting = engine.pendingAddressDelay(on: chain)
    let reply = engine.apply(
      .operation(.setAddressDelay(chain: chain, seconds: seconds), by: Authority(user: 1)))
    let isSame = waits && waiting?.value == seconds
    #expect(reply.start == (isSame ? waiting?.effectiveAt : earliest), note)
    history.delays[chain, default: []].append((seconds, earliest))
    history.lastDelays[chain] = PendingChange(seconds, effectiveAt: reply.start ?? 0)
  }

  private static func changeTerms(
    _ engine: inout AuctionEngine, _ numbers: inout CommandSource, _ history: inout History,
    _ note: Comment
  ) {
    let asset = AssetID(numbers.random(2))
    let waiting = engine.pendingWithdrawalTerms().first { $0.value.asset == asset }
    var terms = engine.withdrawalTerms(of: asset) ?? WithdrawalScene.terms
    terms.asset = asset
    if numbers.random(6) == 0, let waiting { terms = waiting.value } else { vary(&terms, &numbers) }
    var earliest = engine.time
    if let old = engine.withdrawalTerms(of: asset) {
      let isLooser = respects.contains { $0(terms) > $0(old) } || terms.chain != old.chain
      if isLooser { earliest += engine.addressDelay(on: old.chain) * Scene.second }
    }
    let reply = engine.apply(.operation(.setWithdrawalTerms(terms), by: Authority(user: 1)))
    let isSame = earliest > engine.time && waiting?.value == terms
    #expect(reply.start == (isSame ? waiting?.effectiveAt : earliest), note)
    history.terms[asset, default: []].append((terms, earliest))
    history.lastTerms[asset] = PendingChange(terms, effectiveAt: reply.start ?? 0)
  }

  private static func vary(_ terms: inout WithdrawalTerms, _ numbers: inout CommandSource) {
    switch numbers.random(8) {
    case 0: terms.isOpen.toggle()
    case 1: terms.minimum = 1 + Int128(numbers.random(20))
    case 2: terms.userDayLimit = Int128(numbers.random(9_000))
    case 3: terms.venueDayLimit = Int128(numbers.random(9_000))
    case 4: terms.approvalAbove = Int128(numbers.random(9_000))
    case 5: terms.approvals = UInt8(numbers.random(4))
    case 6: terms.chain = ChainID(numbers.random(2))
    default:
      terms.fee = Int128(numbers.random(9))
      if numbers.random(2) == 0 { vary(&terms, &numbers) }
    }
  }

  private static func check(
    _ engine: borrowing AuctionEngine, _ history: History, _ note: Comment
  ) {
    let now = engine.time
    for terms in engine.withdrawalTerms() {
      let due = (history.terms[terms.asset] ?? []).filter { $0.earliest <= now }
      for respect in respects {
        let loosest = due.map { respect($0.terms) }.max() ?? .min
        #expect(respect(terms) <= loosest, note)
      }
      #expect(due.contains { $0.terms.chain == terms.chain }, note)
    }
    for (chain, asked) in history.delays {
      let shortest = asked.filter { $0.earliest <= now }.map(\.seconds).min() ?? .max
      #expect(engine.addressDelay(on: chain) >= shortest, note)
    }
    for (asset, last) in history.lastTerms {
      let waiting = engine.pendingWithdrawalTerms().first { $0.value.asset == asset }
      let isInForce = engine.withdrawalTerms(of: asset) == last.value
      #expect(now < last.effectiveAt ? waiting == last : isInForce && waiting == nil, note)
    }
    for (chain, last) in history.lastDelays {
      let waiting = engine.pendingAddressDelay(on: chain)
      let isInForce = engine.addressDelay(on: chain) == last.value
      #expect(now < last.effectiveAt ? waiting == last : isInForce && waiting == nil, note)
    }
  }
}
