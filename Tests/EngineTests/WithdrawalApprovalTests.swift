// Approvals: who counts, once each, and that only the right number of them lets money go.

import Testing

@testable import Engine

@Suite struct WithdrawalApprovalTests {
  static let seeds: [UInt64] = Array(1...40)

  @Test func twoOperatorsAreNeededAboveTheLimit() {
    var engine = WithdrawalScene.make()
    #expect(engine.withdraw(2, 1_000, "at").rejection == nil)
    #expect(engine.withdraw(2, 1_001, "above").rejection == nil)
    #expect(engine.withdrawal(1)?.status == .approved)
    #expect(engine.withdrawal(2)?.status == .requested)
    #expect(engine.withdrawalsToApprove().map(\.id) == [2])
    engine.effects.removeAll()
    let approval = WithdrawalScene.approval(2, by: 1, of: 1_001)
    #expect(engine.apply(approval.command).outcome == .approved(missing: 1))
    #expect(engine.effects.withdrawals == [.approved(approval, time: engine.time)])
    #expect(engine.apply(.withdrawal(.start(id: 2))).rejection == .withdrawalNotApproved)
    #expect(engine.approve(2, by: 7, of: 1_001).outcome == .approved(missing: 0))
    #expect(engine.moves == ["2 approved"] && engine.withdrawalsToApprove().isEmpty)
    #expect(engine.approve(2, by: 8, of: 1_001).rejection == .approvalNotNeeded)
    #expect(engine.effects.entries.isEmpty, "an approval moves no money")
    #expect(engine.apply(.withdrawal(.start(id: 2))).rejection == nil)
  }

  /// What counts is all that the user takes in 24 hours, so a large amount in small ones is a large
  /// one.
  @Test func smallOnesAddUpToALargeOne() {
    var engine = WithdrawalScene.make()
    func ask(_ amount: Int128, _ id: String, _ user: UserID = 2) -> WithdrawalStatus? {
      let reply = engine.withdraw(user, amount, id)
      return engine.withdrawal(reply.id)?.status
    }
    #expect(ask(600, "a") == .approved && ask(400, "b") == .approved)
    #expect(ask(10, "c") == .requested, "1,010 in all")
    #expect(ask(1_000, "d", 3) == .approved, "each user's own")
    engine.pay(1)
    engine.apply(.withdrawal(.cancel(user: 2, id: 2)))
    engine.apply(.withdrawal(.cancel(user: 2, id: 3)))
    #expect(ask(401, "e") == .requested, "what was paid counts for its day")
    engine.apply(.withdrawal(.cancel(user: 2, id: 5)))
    #expect(ask(400, "f") == .approved)
    engine.pass(24 * WithdrawalScene.hour + 1)
    #expect(ask(601, "g") == .requested, "what is not paid counts however old")
    engine.apply(.withdrawal(.cancel(user: 2, id: 7)))
    #expect(ask(600, "h") == .approved)
  }

  /// Two keys of one operator are one operator, and a key that changed hands is its new owner's
  /// alone.
  @Test func oneOperatorIsOneAndOneKeyIsOne() {
    var engine = WithdrawalScene.make()
    _ = engine.withdraw(2, 1_001, "a")
    #expect(engine.approve(1, by: 1, of: 1_001).rejection == nil)
    engine.apply(
      .operation(.registerKey(user: 1, key: WithdrawalScene.key(50), role: .operator), by: .venue))
    let second = WithdrawalScene.approval(1, by: 1, of: 1_001, key: WithdrawalScene.key(50))
    #expect(engine.apply(second.command).rejection == .approvalRepeated)
    engine.apply(.operation(.revokeKey(WithdrawalScene.key(1)), by: .venue))
    engine.apply(
      .operation(.registerKey(user: 6, key: WithdrawalScene.key(1), role: .operator), by: .venue))
    let moved = WithdrawalScene.approval(1, by: 6, of: 1_001, key: WithdrawalScene.key(1))
    #expect(engine.apply(moved.command).outcome == .approved(missing: 1), "it is one yes, not two")
    #expect(engine.apply(.withdrawal(.start(id: 1))).rejection == .withdrawalNotApproved)
    #expect(engine.approve(1, by: 6, of: 1_001).rejection == .approvalRepeated)
    #expect(engine.apply(second.command).outcome == .approved(missing: 0))
  }

  /// Frozen, an operator approves nothing, and a yes of before does not count.
  @Test func aFrozenOperatorDoesNotApprove() {
    var engine = WithdrawalScene.make()
    _ = engine.withdraw(2, 1_001, "a")
    #expect(engine.approve(1, by: 1, of: 1_001).outcome == .approved(missing: 1))
    for user in [UserID(1), 6] {
      engine.apply(.operation(.setFrozen(user: user, frozen: true), by: .venue))
    }
    #expect(engine.withdrawalsToApprove().map(\.approvals) == [[]])
    #expect(engine.approve(1, by: 6, of: 1_001).rejection == .userFrozen)
    #expect(engine.approve(1, by: 7, of: 1_001).outcome == .approved(missing: 1))
    #expect(engine.withdrawal(1)?.status == .requested)
    // What was said counts no more when its operator is back: it is said again.
    engine.apply(.operation(.setFrozen(user: 1, frozen: false), by: .venue))
    #expect(engine.withdrawalsToApprove().map { $0.approvals.map(\.user) } == [[7]])
    #expect(engine.approve(1, by: 1, of: 1_001).outcome == .approved(missing: 0))
  }

  /// A key is revoked because it is in wrong hands: so were they when it approved.
  @Test func aRevokedKeyDoesNotCount() {
    var engine = WithdrawalScene.make()
    _ = engine.withdraw(2, 1_001, "a")
    _ = engine.withdraw(2, 1_002, "b")
    for id in Int64(1)...2 {
      #expect(engine.approve(id, by: 1, of: 1_000 + Int128(id)).outcome == .approved(missing: 1))
    }
    #expect(engine.approve(1, by: 6, of: 1_001).outcome == .approved(missing: 0))
    engine.apply(.operation(.revokeKey(WithdrawalScene.key(1)), by: .venue))
    #expect(engine.withdrawalsToApprove().map(\.approvals) == [[]])
    #expect(engine.approve(2, by: 6, of: 1_002).outcome == .approved(missing: 1))
    // Another role of the same key is none.
    engine.apply(
      .operation(.registerKey(user: 1, key: WithdrawalScene.key(1), role: .trader), by: .venue))
    #expect(engine.approve(2, by: 7, of: 1_002).outcome == .approved(missing: 0))
    #expect(engine.withdrawal(2)?.approvals.map(\.user) == [6, 7])
    // What was approved before stays so.
    #expect(engine.apply(.withdrawal(.start(id: 1))).rejection == nil)
  }

  /// Whoever holds one operator's key can register others, but these approve nothing before it is
  /// noticed.
  @Test func aNewKeyWaits() {
    var engine = WithdrawalScene.make()
    engine.pass(WithdrawalScene.hour)
    engine.apply(.operation(.setAddressDelay(chain: 0, seconds: 3_600), by: Authority(user: 1)))
    _ = engine.withdraw(2, 1_001, "a")
    engine.apply(
      .operation(.registerKey(user: 4, key: WithdrawalScene.key(4), role: .operator), by: .venue))
    let usable = engine.time + WithdrawalScene.hour
    #expect(engine.approve(1, by: 4, of: 1_001).rejection == .operatorKeyTooNew)
    #expect(
      engine.approve(1, by: 1, of: 1_001).outcome == .approved(missing: 1), "it is an hour old")
    engine.apply(.schedule(.advanceTime(usable - 1)))
    // The same again makes it no older and no younger; registered anew it is new.
    engine.apply(
      .operation(.registerKey(user: 4, key: WithdrawalScene.key(4), role: .operator), by: .venue))
    #expect(engine.approve(1, by: 4, of: 1_001).rejection == .operatorKeyTooNew)
    engine.apply(.operation(.revokeKey(WithdrawalScene.key(6)), by: .venue))
    engine.apply(
      .operation(.registerKey(user: 6, key: WithdrawalScene.key(6), role: .operator), by: .venue))
    engine.apply(.schedule(.advanceTime(usable)))
    #expect(engine.approve(1, by: 6, of: 1_001).rejection == .operatorKeyTooNew)
    #expect(engine.approve(1, by: 4, of: 1_001).outcome == .approved(missing: 0))
  }

  /// Raised, the delay is that of keys that have approved too.
  @Test func aLongerDelayMakesYoungKeysWait() {
    var engine = WithdrawalScene.make()
    _ = engine.withdraw(2, 1_001, "a")
    #expect(engine.approve(1, by: 1, of: 1_001).outcome == .approved(missing: 1))
    engine.apply(.operation(.setAddressDelay(chain: 0, seconds: 60), by: Authority(user: 1)))
    #expect(engine.withdrawalsToApprove().map(\.approvals) == [[]])
    #expect(engine.approve(1, by: 6, of: 1_001).rejection == .operatorKeyTooNew)
    engine.pass(60 * Scene.second)
    #expect(
      engine.approve(1, by: 6, of: 1_001).outcome == .approved(missing: 0),
      "both are old enough by now")
  }

  @Test func whatEndedIsNotApproved() {
    var engine = WithdrawalScene.make()
    _ = engine.withdraw(2, 1_001, "a")
    #expect(engine.approve(1, by: 1, of: 1_001).rejection == nil)
    engine.apply(.withdrawal(.cancel(user: 2, id: 1)))
    #expect(engine.approve(1, by: 6, of: 1_001).rejection == .withdrawalFinished)
    #expect(engine.apply(.withdrawal(.start(id: 1))).rejection == .withdrawalFinished)
  }

  /// Random operators, keys and fields, revoked and frozen in between: approved if and only if so
  /// many distinct ones said yes to all, and could still say it at the last one's yes.
  @Test(arguments: seeds) func approvedIfAndOnlyIfEnoughAgree(seed: UInt64) {
    var numbers = CommandSource(seed: seed)
    var terms = WithdrawalScene.terms
    terms.approvals = UInt8(1 + numbers.random(4))
    var engine = WithdrawalScene.make(terms)
    engine.apply(
      .operation(.setAddressDelay(chain: 0, seconds: Office.delay), by: Authority(user: 1)))
    var office = Office(engine.time)
    _ = engine.withdraw(2, 2_000, "a")
    var isApproved = false
    for step in 0..<120 {
      let note: Comment = "seed \(seed), step \(step)"
      if numbers.random(4) == 0 {
        office.change(&engine, &numbers)
        continue
      }
      if numbers.random(4) == 0 {
        engine.pass(Microseconds(numbers.random(3)) * Scene.second * Office.delay / 2 + 1)
      }
      let key = numbers.pick(Office.keys) ?? 1
      let user = numbers.random(5) == 0 ? 6 : office.owners[key] ?? 7
      var approval = WithdrawalScene.approval(1, by: user, of: 2_000, key: WithdrawalScene.key(key))
      let isWrong = Self.spoil(&approval, &numbers)
      let now = engine.time
      let isRight = !isWrong && office.allows(user, key, now) && user != 2
      let yes = office.yes.filter { office.allows($0.user, $0.key, now) }
      let isNew = !yes.contains { $0.user == user || $0.key == key }
      let reply = engine.apply(approval.command)
      #expect((reply.rejection == nil) == (isRight && isNew && !isApproved), note)
      if reply.rejection == nil {
        office.yes = yes + [(user, key)]
        isApproved = office.yes.count == Int(terms.approvals)
        #expect(
          reply.outcome
            == .approved(missing: Int64(terms.approvals) - Int64(office.yes.count)), note)
      }
      #expect(engine.withdrawal(1)?.status == (isApproved ? .approved : .requested), note)
      #expect(engine.withdrawal(1)?.approvals.map(\.user) == office.yes.map(\.user), note)
    }
    let start = engine.apply(.withdrawal(.start(id: 1))).rejection
    #expect(start == (isApproved ? nil : .withdrawalNotApproved))
  }

  /// Who may approve, and who did.
  private struct Office {
    static let keys: [UInt8] = [1, 6, 7, 8, 30, 31, 32]
    /// Seconds.
    static let delay: Int64 = 60

    /// Keys and who holds them now as an operator, since when; user 2, who asks, may hold some too.
    var owners: [UInt8: UserID] = [1: 1, 6: 6, 7: 7, 8: 8]
    var since: [UInt8: Microseconds] = [:]
    var frozen: Set<UserID> = []
    var yes: [(user: UserID, key: UInt8)] = []

    init(_ time: Microseconds) { for key in owners.keys { since[key] = time } }

    func allows(_ user: UserID, _ key: UInt8, _ now: Microseconds) -> Bool {
      guard owners[key] == user, let since = since[key] else { return false }
      return !frozen.contains(user) && now >= since + Self.delay * Scene.second
    }

    /// Freezes somebody or lets him go; or revokes a key, or gives it to somebody, to trade with at
    /// times.
    mutating func change(_ engine: inout AuctionEngine, _ numbers: inout CommandSource) {
      if numbers.random(3) == 0 {
        let user = numbers.pick(WithdrawalScene.operators) ?? 1
        let isFrozen = frozen.remove(user) == nil
        if isFrozen { frozen.insert(user) }
        engine.apply(.operation(.setFrozen(user: user, frozen: isFrozen), by: .venue))
        return
      }
      let key = numbers.pick(Self.keys) ?? 1
      let isHeld = owners.removeValue(forKey: key) != nil
      engine.apply(.operation(.revokeKey(WithdrawalScene.key(key)), by: .venue))
      if isHeld { return }
      let user = numbers.pick([1, 2, 6, 7, 8] as [UserID]) ?? 1
      let role: Role = numbers.random(4) == 0 ? .trader : .operator
      engine.apply(
        .operation(.registerKey(user: user, key: WithdrawalScene.key(key), role: role), by: .venue))
      since[key] = engine.time
      if role == .operator { owners[key] = user }
    }
  }

  /// Now and then another field.
  private static func spoil(
    _ approval: inout WithdrawalApproval, _ numbers: inout CommandSource
  ) -> Bool {
    switch numbers.random(12) {
    case 0: approval.amount += 1
    case 1: approval.fee += 1
    case 2: approval.user = 3
    case 3: approval.asset = Scene.coin
    case 4: approval.address = WithdrawalScene.address(4)
    default: return false
    }
    return true
  }
}
