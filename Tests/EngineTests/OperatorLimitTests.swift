// What one operator's key cannot do since rules 4: choose its own limits, open an asset's way out
// at once, lift a freeze of the engine's, or stop custody for a month.

import Auction
import SeededNumbers
import Testing

@testable import Engine

private let day = SafeguardScene.day

/// `SafeguardScene` under rules 4.
private func scene(rules: UInt32 = Bounds.rulesVersion) -> AuctionEngine {
  var engine = SafeguardScene.make()
  while engine.rulesVersion < rules {
    engine.must(.venue(.activateRules(version: engine.rulesVersion + 1)))
  }
  engine.effects.removeAll()
  return engine
}

@Suite struct OperatorLimitTests {
  private static func asset(_ code: String, limit: Int128 = 1 << 119) -> OperatorAction {
    .createAsset(AssetDefinition(code: code, decimals: 0, adjustmentLimit: limit))
  }

  private func give(
    _ amount: Int128, _ asset: AssetID, by user: UserID, _ engine: inout AuctionEngine
  ) -> Outcome? {
    let reply = engine.operate(
      .adjustBalance(
        BalanceAdjustment(
          user: 3, asset: asset, amount: amount,
          requestID: Venue.identifier("give-\(engine.commandCount)"))), user)
    return reply.rejection == nil ? reply.outcome : nil
  }

  @Test func nobodyChoosesTheLimitThatItUses() {
    var engine = scene()
    let asset = AssetID(engine.operate(Self.asset("MINE"), 1).id)
    for wait in [1, day, 30 * day] {
      #expect(give(5, asset, by: 1, &engine) == .adjusted(.waits), "however long it waits")
      engine.pass(wait)
    }
    #expect(give(5, asset, by: 6, &engine) == .adjusted(.booked), "by another operator")
    let venues = AssetID(engine.apply(.operation(Self.asset("OURS"), by: .venue)).id)
    #expect(give(5, venues, by: 1, &engine) == .adjusted(.booked), "the venue's own word")
  }

  @Test func aNewLimitCountsAfterTheDelay() throws {
    var engine = scene()
    let asset = AssetID(engine.operate(Self.asset("NEW"), 1).id)
    engine = try AuctionEngine(restoring: Venue.snapshot(engine))
    engine.pass(day - 1)
    #expect(give(5, asset, by: 6, &engine) == .adjusted(.waits))
    let waiting = engine.pendingAdjustmentViews()[0].id
    #expect(engine.approveAdjustment(waiting, by: 1).rejection == nil, "a second one may")
    engine.pass(1)
    #expect(give(5, asset, by: 6, &engine) == .adjusted(.booked))
  }

  @Test func aNewKeySetsNoLimit() {
    var engine = scene()
    engine.must(engine.grant(50, to: 1, as: .operator, by: 1))
    #expect(engine.operate(Self.asset("NEW"), 1, key: 50).rejection == .operatorKeyTooNew)
    #expect(engine.operate(Self.asset("NEW", limit: 0), 1, key: 50).rejection == nil)
    #expect(engine.operate(Self.asset("NEW"), 1, key: 50).rejection == .assetExists)
    engine.pass(day)
    #expect(engine.operate(Self.asset("MORE"), 1, key: 50).rejection == nil)
  }

  /// What rules 3 took at once stays as it was taken.
  @Test func limitsOfOlderRulesGoOn() {
    var engine = scene(rules: 3)
    engine.must(engine.grant(50, to: 1, as: .operator, by: 1))
    let asset = AssetID(engine.operate(Self.asset("OLD"), 1, key: 50).id)
    #expect(give(5, asset, by: 1, &engine) == .adjusted(.booked))
    engine.activateNewestRules()
    #expect(give(5, asset, by: 1, &engine) == .adjusted(.booked))
  }

  // MARK: First terms

  private static var coinTerms: WithdrawalTerms {
    var terms = WithdrawalScene.terms
    terms.asset = Scene.coin
    return terms
  }

  private func set(
    _ terms: WithdrawalTerms, _ engine: inout AuctionEngine
  ) -> Microseconds? {
    engine.operate(.setWithdrawalTerms(terms), 1).start.map { $0 - engine.time }
  }

  @Test func theFirstTermsOfAnAssetThatIsHeldWait() throws {
    var engine = scene()
    #expect(set(Self.coinTerms, &engine) == day, "the chain's own delay is none")
    #expect(engine.withdrawalTerms(of: Scene.coin) == nil)
    #expect(engine.pendingWithdrawalTerms().map(\.value) == [Self.coinTerms])
    engine = try AuctionEngine(restoring: Venue.snapshot(engine))
    engine.pass(1_000)
    #expect(set(Self.coinTerms, &engine) == day - 1_000, "the same keep their time")
    var closed = Self.coinTerms
    closed.isOpen = false
    #expect(set(closed, &engine) == day, "others take their place")
    #expect(set(Self.coinTerms, &engine) == day)
    engine.pass(day - 1)
    #expect(
      engine.apply(WithdrawalScene.request(3, 50, "w", asset: Scene.coin)).rejection
        == .withdrawalsNotOffered)
    engine.pass(1)
    #expect(
      engine.apply(WithdrawalScene.request(3, 50, "w", asset: Scene.coin)).rejection == nil)
  }

  @Test func theyHoldAtOnceWhereNobodyHasAny() {
    var engine = scene()
    var terms = WithdrawalScene.terms
    terms.asset = AssetID(engine.operate(Self.asset("NEW", limit: 0), 1).id)
    #expect(set(terms, &engine) == 0)
    var venue = scene()
    let reply = venue.apply(.operation(.setWithdrawalTerms(Self.coinTerms), by: .venue))
    #expect(reply.start == venue.time, "and by the venue's word")
    var older = scene(rules: 3)
    #expect(set(Self.coinTerms, &older) == 0)
  }

  /// What is issued may be none where losses are owed, and still somebody has some.
  @Test func lossesDoNotHideWhatIsHeld() {
    var engine = scene()
    let asset = AssetID(engine.operate(Self.asset("NEW", limit: 0), 1).id)
    for (number, user) in [(Int64(1), UserID(3)), (2, 4)] {
      engine.must(
        .deposit(
          .credit(DepositCredit(chain: 0, number: number, user: user, asset: asset, amount: 9))))
    }
    for number in Int64(1)...2 {
      engine.must(
        .deposit(
          .clawBack(
            DepositClawback(
              chain: 0, number: number, credit: number, user: 3, asset: asset, amount: 9))))
    }
    var terms = WithdrawalScene.terms
    terms.asset = asset
    #expect(engine.accounts.issued[Int(asset)] == 0)
    #expect(set(terms, &engine) == day)
  }

  // MARK: Freezes and approvals

  private func clawBack(_ user: UserID, _ engine: inout AuctionEngine) {
    let credit = DepositCredit(chain: 0, number: 1, user: user, asset: Scene.usd, amount: 500)
    engine.must(.deposit(.credit(credit)))
    let clawback = DepositClawback(
      chain: 0, number: 1, credit: 1, user: user, asset: Scene.usd, amount: 500)
    engine.must(.deposit(.clawBack(clawback)))
  }

  @Test func theEnginesFreezeIsLiftedAsMoneyIsGiven() throws {
    var engine = scene()
    let user = UserID(engine.operate(.registerUser(name: "anna"), 1).id)
    engine.must(engine.grant(40, to: user, by: 1))
    engine.must(engine.grant(50, to: 6, as: .operator, by: 6))
    clawBack(user, &engine)
    engine.must(engine.operate(.setFrozen(user: user, frozen: true), 6))
    engine = try AuctionEngine(restoring: Venue.snapshot(engine))
    let lift = OperatorAction.setFrozen(user: user, frozen: false)
    #expect(engine.operate(lift, 6, key: 50).rejection == .operatorKeyTooNew)
    #expect(engine.operate(lift, 1).rejection == .approvalByGrantor)
    #expect(engine.operate(lift, 6).rejection == nil)
    // An operator's own freeze is any operator's to lift.
    engine.must(engine.operate(.setFrozen(user: user, frozen: true), 6))
    #expect(engine.operate(lift, 1, key: 1).rejection == nil)
    var older = scene(rules: 3)
    clawBack(3, &older)
    older.must(older.grant(50, to: 6, as: .operator, by: 6))
    #expect(older.operate(.setFrozen(user: 3, frozen: false), 6, key: 50).rejection == nil)
  }

  /// Where a new address waits for nothing, an operator's key of a second still approves nothing.
  @Test func aNewKeyApprovesNoWithdrawal() {
    for (rules, rejection) in [(UInt32(3), nil), (4, Rejection.operatorKeyTooNew)] {
      var engine = scene(rules: rules)
      let id = engine.withdraw(2, 2_000, "w").id
      engine.must(engine.grant(50, to: 6, as: .operator, by: 6))
      let approval = WithdrawalScene.approval(
        id, by: 6, of: 2_000, key: SafeguardScene.key(50))
      #expect(engine.apply(approval.command).rejection == rejection, "rules \(rules)")
      #expect(engine.approve(id, by: 7, of: 2_000).rejection == nil)
    }
  }
}

@Suite struct DelayRaiseTests {
  private static let month: Int64 = days(30)

  private static func days(_ count: Int64) -> Int64 { count * 86_400 }

  /// Seconds that a change of the operator delay waits, or of the address delay of chain 0.
  private static func set(
    _ seconds: Int64, _ engine: inout AuctionEngine, ofAddresses: Bool, by user: UserID = 1
  ) -> Int64? {
    let action: OperatorAction =
      ofAddresses
      ? .setAddressDelay(chain: 0, seconds: seconds) : .setOperatorDelay(seconds: seconds)
    return engine.operate(action, user).start.map { ($0 - engine.time) / Scene.second }
  }

  private static func delay(_ engine: borrowing AuctionEngine, ofAddresses: Bool) -> Int64 {
    ofAddresses ? engine.addressDelay(on: 0) : engine.operatorDelay
  }

  /// Both delays are a day, and have been for long.
  private static func make(rules: UInt32 = Bounds.rulesVersion) -> AuctionEngine {
    var engine = scene(rules: rules)
    engine.must(engine.operate(.setAddressDelay(chain: 0, seconds: 86_400), 1))
    engine.pass(day)
    return engine
  }

  /// One stolen key raises it to a month; another operator takes that back in a day.
  @Test(arguments: [false, true]) func aRaiseIsTakenBackAfterTheOldDelay(ofAddresses: Bool) throws {
    var engine = Self.make()
    func set(_ seconds: Int64, by user: UserID = 1) -> Int64? {
      Self.set(seconds, &engine, ofAddresses: ofAddresses, by: user)
    }
    #expect(set(Self.days(2), by: 8) == 0 && set(Self.month, by: 8) == 0)
    engine.pass(10 * day)
    engine = try AuctionEngine(restoring: Venue.snapshot(engine))
    #expect(set(86_399) == Self.month, "below what it was it waits for what it is")
    #expect(set(86_400) == 86_400, "not for the steps between")
    engine.pass(day - 1)
    #expect(Self.delay(engine, ofAddresses: ofAddresses) == Self.month)
    engine.pass(1)
    #expect(Self.delay(engine, ofAddresses: ofAddresses) == 86_400)
    #expect(set(0) == 86_400)
    var older = Self.make(rules: 3)
    #expect(Self.set(Self.month, &older, ofAddresses: ofAddresses) == 0)
    #expect(Self.set(86_400, &older, ofAddresses: ofAddresses) == Self.month)
  }

  /// A raise that has stood for its own length is what the delay is.
  @Test(arguments: [false, true]) func anOldRaiseIsSettled(ofAddresses: Bool) {
    var engine = Self.make()
    func set(_ seconds: Int64) -> Int64? { Self.set(seconds, &engine, ofAddresses: ofAddresses) }
    #expect(set(Self.days(3)) == 0)
    engine.pass(3 * day - 1)
    #expect(set(86_400) == 86_400)
    #expect(set(Self.days(3)) == 0, "the raise again calls that off, and is no new one")
    engine.pass(1)
    #expect(set(86_400) == Self.days(3))
    // A part of a raise may be taken back, and the rest settles.
    #expect(set(Self.days(9)) == 0 && set(Self.days(5)) == Self.days(3))
    engine.pass(3 * day)
    #expect(Self.delay(engine, ofAddresses: ofAddresses) == Self.days(5))
    #expect(set(Self.days(4)) == Self.days(3))
    engine.pass(2 * day)
    #expect(set(Self.days(3)) == Self.days(5))
  }

  /// Whatever is asked for: where a delay falls below the least that it was in a month, that was
  /// asked for as long before.
  @Test(arguments: UInt64(1)...30) func noSequenceGetsBelowWhatItWas(seed: UInt64) throws {
    var numbers = SeededNumbers(seed)
    let ofAddresses = seed % 2 == 0
    var engine = Self.make()
    // What was in force, by the time from which on.
    var history = [(time: Microseconds(0), seconds: Int64(86_400))]
    var asked: [Int64: Microseconds] = [:]
    var drops = 0
    for step in 0..<1_500 {
      let values: [Int64] = [
        0, 3_600, 86_399, 86_400, 86_401, Self.days(2), Self.days(9), Self.month,
      ]
      if numbers.once(in: 7) {
        let seconds = numbers.pick(values)
        let pending =
          ofAddresses
          ? engine.pendingAddressDelay(on: 0)?.value : engine.pendingOperatorDelay?.value
        if pending != seconds { asked[seconds] = engine.time }
        _ = Self.set(seconds, &engine, ofAddresses: ofAddresses, by: numbers.pick([1, 6, 7, 8]))
      } else {
        engine.pass(1 + Int64(numbers.next() % UInt64(numbers.pick([1, 1, 5])) * UInt64(day)))
      }
      let now = Self.delay(engine, ofAddresses: ofAddresses)
      let last = history[history.count - 1].seconds
      defer { if now != last { history.append((engine.time, now)) } }
      guard now < last else { continue }
      drops += 1
      let since = try #require(asked[now])
      // The least that was in force in the month before it was asked for.
      let begin = since - Self.month * Scene.second
      let inForce = history.enumerated().filter { index, entry in
        index + 1 == history.count || history[index + 1].time > begin
      }.map(\.element.seconds)
      let least = min(inForce.min() ?? 0, last)
      let waited = (engine.time - since) / Scene.second
      #expect(now >= least || waited >= least, "seed \(seed), step \(step): \(last) to \(now)")
    }
    #expect(drops > 0, "seed \(seed)")
    _ = try AuctionEngine(restoring: Venue.snapshot(engine))
  }

  @Test func forgedRaisesAreRefused() {
    func refuses(_ name: String, _ forge: (inout AuctionEngine) -> Void) {
      var engine = Self.make()
      forge(&engine)
      let bytes = Venue.snapshot(engine)
      #expect(throws: ByteError.self, "\(name)") { _ = try AuctionEngine(restoring: bytes) }
    }
    refuses("no raise") { $0.safeguards.raise = DelayRaise(before: 86_400, at: $0.time) }
    refuses("settled") { $0.safeguards.raise = DelayRaise(before: 5, at: $0.time - day) }
    refuses("to come") { $0.safeguards.raise = DelayRaise(before: 5, at: $0.time + 1) }
    refuses("no raise of a chain") {
      $0.withdrawals.raises[0] = DelayRaise(before: 86_400, at: $0.time)
    }
    refuses("of no chain") { $0.withdrawals.raises[7] = DelayRaise(before: 5, at: $0.time) }
    refuses("a limit of nobody") { $0.assetLimits[0].setBy = 4_000 }
    refuses("a time of nobody's limit") { $0.assetLimits[0].countsFrom = 7 }
    refuses("frozen by a clawback and not frozen") { $0.users[3].isFrozenByClawback = true }
  }
}
