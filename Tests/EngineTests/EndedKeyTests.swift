// What ends with a key, and what does not come back. Since rules 4.

import Testing

@testable import Engine

private let day = SafeguardScene.day

@Suite struct EndedKeyTests {
  private func scene(rules: UInt32 = 4) -> AuctionEngine {
    var engine = SafeguardScene.make()
    for version in 3...max(3, rules) where version <= rules {
      precondition(engine.apply(.venue(.activateRules(version: version))).rejection == nil)
    }
    engine.effects.removeAll()
    return engine
  }

  private func rescue(_ engine: inout AuctionEngine, _ key: UInt8) -> Reply {
    engine.apply(
      .operation(
        .registerKey(user: 1, key: SafeguardScene.key(key), role: .operator),
        by: Authority(user: 0, reason: "named at the start")))
  }

  /// Operator 6 by a key that ends in a minute and is old enough.
  private func withEndingKey(_ engine: inout AuctionEngine) {
    let end = engine.time + day + 60_000_000
    precondition(engine.grant(66, to: 6, as: .operator, by: 6, until: end).outcome == .done)
    engine.pass(day)
  }

  @Test(arguments: [UInt32(3), 4])
  func whatAnEndedKeyAskedForIsBookedByNobody(rules: UInt32) {
    var engine = scene(rules: rules)
    withEndingKey(&engine)
    let id = engine.give(5_000_000, to: 3, by: 6, "large", key: 66).id
    engine.pass(61_000_000)
    let reply = engine.approveAdjustment(id, by: 7)
    #expect(reply.rejection == (rules < 4 ? nil : .approvalNotFound))
  }

  @Test func aKeyThatAnEndedKeyAskedForGivesNoAccess() {
    for isApprovedBefore in [true, false] {
      var engine = scene()
      withEndingKey(&engine)
      let grant = OperatorAction.registerKey(
        user: 3, key: SafeguardScene.key(90), role: .trader, expiresAt: 0)
      let id = engine.operate(grant, 6, key: 66).outcome.grant ?? 0
      if isApprovedBefore { #expect(engine.approveKey(id, by: 7).rejection == nil) }
      engine.pass(61_000_000)
      if !isApprovedBefore {
        #expect(engine.approveKey(id, by: 7).rejection == .keyGrantNotFound)
      }
      engine.pass(2 * day)
      #expect(engine.holds(90, 3) == false)
      #expect(engine.pendingKeyGrants(of: 3).isEmpty)
    }
  }

  /// A start whose settings still name a key that was revoked does not bring it back.
  @Test func aRevokedKeyDoesNotComeBackWithTheNextStart() throws {
    var engine = scene()
    #expect(rescue(&engine, 200).outcome == .done)
    #expect(rescue(&engine, 200).outcome == .repeated)
    #expect(engine.operate(.revokeKey(SafeguardScene.key(200)), 6).rejection == nil)
    var writer = ByteWriter()
    engine.writeSnapshot(to: &writer)
    var restored = try AuctionEngine(restoring: writer.bytes)
    for reply in [rescue(&engine, 200), rescue(&restored, 200)] {
      #expect(reply.rejection == .keyRevoked)
    }
    #expect(engine.holds(200, 1) == false)
    #expect(restored.holds(200, 1) == false)
    #expect(rescue(&restored, 201).outcome == .done)
  }

  /// Sixteen keys of a thief keep nobody out; the newest goes, and the log has both.
  @Test func aRescueThatTakesAPlaceIsLogged() {
    var engine = scene()
    for number in UInt8(0)..<15 {
      #expect(engine.grant(100 + number, to: 1, as: .operator, by: 1).outcome == .done)
    }
    engine.effects.removeAll()
    #expect(rescue(&engine, 200).outcome == .done)
    #expect([200, 1, 114].map { engine.holds($0, 1) } == [true, true, false])
    #expect(
      engine.effects.operations.map(\.action) == [
        .revokeKey(SafeguardScene.key(114)),
        .registerKey(user: 1, key: SafeguardScene.key(200), role: .operator, expiresAt: 0),
      ])
    #expect(engine.effects.operations.allSatisfy { $0.authority.user == 0 })
    engine.effects.removeAll()
    #expect(rescue(&engine, 200).outcome == .repeated)
    #expect(engine.effects.operations.isEmpty)
  }

  /// A yes that finds no place is refused, or must be said again: access never comes in silence.
  @Test func aFullAccountGetsNoKeyLater() {
    var engine = scene()
    let id = engine.grant(90, to: 1, as: .operator, by: 6).outcome.grant ?? 0
    for number in UInt8(0)..<15 {
      #expect(engine.grant(100 + number, to: 1, as: .operator, by: 1).outcome == .done)
    }
    engine.pass(day)
    #expect(engine.approveKey(id, by: 7).rejection == .tooManyKeys)
    #expect(engine.operate(.revokeKey(SafeguardScene.key(100)), 1).rejection == nil)
    engine.pass(day)
    #expect(engine.holds(90, 1) == false)

    // Approved while there was a place, taken before its time.
    let late = engine.grant(91, to: 1, as: .operator, by: 6).outcome.grant ?? 0
    #expect(engine.approveKey(late, by: 7).rejection == nil)
    #expect(engine.grant(120, to: 1, as: .operator, by: 1).outcome == .done)
    engine.pass(day + 1)
    #expect(engine.holds(91, 1) == false)
    #expect(engine.operate(.revokeKey(SafeguardScene.key(120)), 1).rejection == nil)
    engine.pass(day)
    #expect(engine.holds(91, 1) == false)
    #expect(engine.pendingKeyGrants(of: 1).map(\.approvedBy) == [nil, nil])
    #expect(engine.approveKey(late, by: 7).rejection == nil)
    #expect(engine.holds(91, 1) == true)
  }

  @Test func aFrozenAccountsKeyOnlyReadsAndCancels() {
    var engine = scene()
    let user = UserID(engine.operate(.registerUser(name: "anna"), 6).id)
    #expect(engine.grant(40, to: user, by: 6).outcome == .done)
    let id = engine.grant(41, to: user, by: 7).outcome.grant ?? 0
    let address = WithdrawalScene.address(9)
    let addition = PayoutAddressAddition(user: user, chain: 0, address: address, label: "home")
    #expect(engine.apply(.user(.addPayoutAddress(addition))).rejection == nil)
    #expect(engine.operate(.setFrozen(user: user, frozen: true), 7).rejection == nil)
    for yes in [true, false] {
      #expect(engine.answer(id, user, key: 40, yes: yes).rejection == .userFrozen)
    }
    let removal = Command.user(.removePayoutAddress(user: user, chain: 0, address: address))
    #expect(engine.apply(removal).rejection == .userFrozen)
    #expect(engine.pendingKeyGrants(of: user).map(\.id) == [id])
    #expect(engine.payoutAddresses(of: user).map(\.address) == [address])
  }

  /// A yes goes with its operator's key or freedom, and does not come back with them.
  @Test(arguments: [true, false])
  func anApprovalOfAWithdrawalEndsWithItsKey(byFreezing: Bool) {
    var engine = scene()
    _ = engine.withdraw(2, 1_001, "a")
    #expect(engine.approve(1, by: 6, of: 1_001).outcome == .approved(missing: 1))
    if byFreezing {
      #expect(engine.operate(.setFrozen(user: 6, frozen: true), 7).rejection == nil)
      #expect(engine.operate(.setFrozen(user: 6, frozen: false), 7).rejection == nil)
    } else {
      #expect(engine.operate(.revokeKey(SafeguardScene.key(6)), 7).rejection == nil)
      let again = OperatorAction.registerKey(
        user: 6, key: SafeguardScene.key(6), role: .operator, expiresAt: 0)
      #expect(engine.apply(.operation(again, by: Authority(user: 0, reason: "x"))).outcome == .done)
      engine.pass(2 * day)
    }
    #expect(engine.approve(1, by: 7, of: 1_001).outcome == .approved(missing: 1))
    #expect(engine.withdrawal(1)?.status == .requested)
  }
}
