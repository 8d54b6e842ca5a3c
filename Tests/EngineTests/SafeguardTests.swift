// What one operator's key cannot do: make money, or get at another's account.

import Auction
import Testing

@testable import Engine

private let day = SafeguardScene.day

@Suite struct AdjustmentSafeguardTests {
  @Test func aNewKeyCountsForNothing() {
    var engine = SafeguardScene.make()
    #expect(
      engine.grant(9, to: 2, as: .operator, by: 1).outcome == .waits(grant: 1), "grant 1 waits")
    #expect(engine.approveKey(1, by: 6).rejection == nil)
    engine.pass(day)
    #expect(engine.holds(9, 2) == true)
    // User 2 is an operator since a moment ago: nothing that it says counts.
    #expect(engine.give(5, to: 3, by: 2, "a", key: 9).rejection == .operatorKeyTooNew)
    let waits = engine.give(900_000_000, to: 3, by: 1, "b")
    #expect(waits.outcome == .adjusted(.waits))
    #expect(engine.approveAdjustment(waits.id, by: 2, key: 9).rejection == .operatorKeyTooNew)
    engine.pass(day - 1)
    #expect(engine.approveAdjustment(waits.id, by: 2, key: 9).rejection == .operatorKeyTooNew)
    engine.pass(1)
    #expect(engine.approveAdjustment(waits.id, by: 2, key: 9).rejection == nil)
    #expect(engine.cash(3) == [900_100_000, 0])
  }

  /// The limit of one operator is on a day's sum, given and taken, asset by asset.
  @Test func aLargeSumIsNotBookedInPieces() {
    var engine = SafeguardScene.make()
    for piece in 0..<20 {
      let reply = engine.give(piece % 2 == 0 ? 100_000 : -100_000, to: 3, by: 1, "p\(piece)")
      #expect(
        reply.rejection == nil && reply.outcome == .adjusted(piece < 10 ? .booked : .waits),
        "piece \(piece)")
    }
    #expect(engine.pendingAdjustmentViews().count == 10)
    let coin = BalanceAdjustment(
      user: 3, asset: Scene.coin, amount: 5, requestID: Venue.identifier("coin"))
    #expect(engine.operate(.adjustBalance(coin), 1).outcome == .adjusted(.booked), "another asset")
    #expect(engine.give(5, to: 3, by: 6, "other").outcome == .adjusted(.booked), "another operator")
    engine.pass(day - 1)
    #expect(engine.give(5, to: 3, by: 1, "same-day").outcome == .adjusted(.waits))
    engine.pass(WithdrawalScene.hour + 1)
    #expect(engine.give(1_000_000, to: 3, by: 1, "next-day").outcome == .adjusted(.booked))
    #expect(engine.give(1, to: 3, by: 1, "next-day-more").outcome == .adjusted(.waits))
  }

  @Test func nobodyBooksForAnOwnAccountOrOneItGaveAKeyTo() {
    var engine = SafeguardScene.make()
    #expect(engine.operate(.registerUser(name: "anna"), 1).id == 9)
    #expect(engine.grant(40, to: 9, by: 1).outcome == .done, "a first key is there at once")
    let granted = engine.give(5, to: 9, by: 1, "granted")
    let own = engine.give(5, to: 1, by: 1, "own")
    #expect(
      granted.outcome == .adjusted(.waits) && own.outcome == .adjusted(.waits),
      "both wait, however small")
    #expect(engine.approveAdjustment(granted.id, by: 1).rejection == .approvalByRequester)
    #expect(engine.approveAdjustment(granted.id, by: 6).rejection == nil)
    #expect(
      engine.give(5, to: 9, by: 6, "6").outcome == .adjusted(.booked),
      "who has nothing to do with it")
    // The other way round: who gave the key does not approve.
    let large = engine.give(2_000_000, to: 9, by: 6, "large")
    #expect(engine.approveAdjustment(large.id, by: 1).rejection == .approvalByGrantor)
    // Also when the key is gone.
    #expect(engine.operate(.revokeKey(SafeguardScene.key(40)), 1).rejection == nil)
    #expect(engine.approveAdjustment(large.id, by: 1).rejection == .approvalByGrantor)
    #expect(engine.approveAdjustment(large.id, by: 7).rejection == nil)
    let owns = engine.give(2_000_000, to: 6, by: 1, "owns")
    #expect(engine.approveAdjustment(owns.id, by: 6).rejection == .approvalByOwner)
  }

  @Test func anApprovalIsForWhatWasAskedFor() {
    var engine = SafeguardScene.make()
    let id = engine.give(2_000_000, to: 3, by: 1, "large").id
    let good = AdjustmentApproval.Content(
      adjustment: engine.pendingAdjustmentViews()[0].adjustment, requestedBy: 1, reason: "test")
    var changed: [AdjustmentApproval.Content?] = [nil]
    for change: (inout AdjustmentApproval.Content) -> Void in [
      { $0.adjustment.user = 4 }, { $0.adjustment.asset = Scene.coin },
      { $0.adjustment.amount += 1 }, { $0.adjustment.requestID = Venue.identifier("other") },
      { $0.requestedBy = 6 }, { $0.reason = "another" },
    ] {
      var content = good
      change(&content)
      changed.append(content)
    }
    for content in changed {
      let reply = engine.operate(
        .approveAdjustment(AdjustmentApproval(id: id, content: content)), 6)
      #expect(reply.rejection == .approvalMismatch, "\(String(describing: content))")
    }
    #expect(engine.cash(3) == [100_000, 0])
    #expect(
      engine.operate(.approveAdjustment(AdjustmentApproval(id: id, content: good)), 6).rejection
        == nil)
  }

  @Test func whatARevokedOrFrozenOperatorAskedForIsWithdrawn() {
    var engine = SafeguardScene.make()
    let first = engine.give(2_000_000, to: 3, by: 7, "a").id
    #expect(engine.operate(.revokeKey(SafeguardScene.key(7)), 1).rejection == nil)
    #expect(engine.approveAdjustment(first, by: 6).rejection == .approvalNotFound)
    let second = engine.give(2_000_000, to: 3, by: 8, "b").id
    #expect(engine.operate(.setFrozen(user: 8, frozen: true), 1).rejection == nil)
    #expect(engine.approveAdjustment(second, by: 6).rejection == .approvalNotFound)
    #expect(engine.give(5, to: 3, by: 7, "c").rejection == .notAnOperatorKey)
    #expect(engine.give(5, to: 3, by: 8, "d").rejection == .userFrozen)
  }

  /// A refusal is not remembered, and what waits of one operator leaves room for the others.
  @Test func oneOperatorTakesNotAllPlaces() {
    var engine = SafeguardScene.make()
    let remembered = engine.rememberedOrderCount
    for number in 0..<50 {
      let reply = engine.give(-1_000_000, to: 3, by: 1, "short-\(number)")
      #expect(reply.rejection == .insufficientFunds)
    }
    #expect(engine.rememberedOrderCount == remembered)
    for number in 0..<Bounds.maximumPendingOfOperator {
      #expect(engine.give(2_000_000, to: 3, by: 1, "large-\(number)").outcome == .adjusted(.waits))
    }
    #expect(engine.give(2_000_000, to: 3, by: 1, "more").rejection == .tooManyApprovals)
    #expect(engine.give(2_000_000, to: 3, by: 6, "more").outcome == .adjusted(.waits))
  }

  /// A repeat says whether the first one was booked at once.
  @Test func aRepeatIsAnsweredAlike() {
    var engine = SafeguardScene.make()
    let first = engine.give(5, to: 3, by: 1, "again")
    let again = engine.give(5, to: 3, by: 1, "again")
    #expect(
      again.id == first.id && again.outcome == .adjusted(.bookedBefore)
        && engine.cash(3) == [100_005, 0])
    let large = engine.give(2_000_000, to: 3, by: 1, "large")
    #expect(engine.give(2_000_000, to: 3, by: 1, "large").outcome == .adjusted(.askedBefore))
    #expect(engine.pendingAdjustmentViews().map(\.id) == [large.id])
  }
}

@Suite struct KeySafeguardTests {
  /// User 9, whose first key (40) operator 1 gave.
  private func withAnna() -> AuctionEngine {
    var engine = SafeguardScene.make()
    precondition(engine.operate(.registerUser(name: "anna"), 1).id == 9)
    precondition(engine.grant(40, to: 9, by: 1).outcome == .done)
    return engine
  }

  @Test func anotherKeyWaitsForTheOwner() {
    var engine = withAnna()
    #expect(engine.grant(41, to: 9, by: 6).outcome == .waits(grant: 1) && !engine.holds(41, 9))
    #expect(
      engine.grant(41, to: 9, by: 6).outcome == .waits(grant: 1), "asked again it is the same grant"
    )
    #expect(
      engine.grant(41, to: 2, by: 7).outcome == .waits(grant: 2), "it may wait for another too")
    #expect(engine.operate(.refuseKey(grant: 2), 7).rejection == nil)
    #expect(engine.answer(1, 3, key: 40).rejection == .keyGrantNotFound, "another's account")
    #expect(engine.answer(1, 9, key: 41).rejection == .keyNotOfOwner, "the key itself")
    #expect(engine.answer(1, 9, key: 40).rejection == nil && engine.holds(41, 9))
    // The owner let it in: operator 6 has nothing to do with the account.
    #expect(engine.give(5, to: 9, by: 6, "six").outcome == .adjusted(.booked))
    #expect(engine.grant(42, to: 9, by: 6).outcome == .waits(grant: 3))
    #expect(engine.answer(3, 9, key: 40, yes: false).rejection == nil)
    #expect(engine.pendingKeyGrants().isEmpty && !engine.holds(42, 9))
  }

  @Test func onlyAFullKeyAnswersForTheAccount() {
    var engine = withAnna()
    for (key, role) in [(UInt8(50), Role.readOnly), (51, .tradeOnly)] {
      let grant = engine.grant(key, to: 9, as: role, by: 6).outcome.grant ?? 0
      #expect(engine.answer(grant, 9, key: 40).rejection == nil)
    }
    let soon = engine.time + 10
    let brief = engine.grant(52, to: 9, by: 6, until: soon).outcome.grant ?? 0
    #expect(engine.answer(brief, 9, key: 40).rejection == nil)
    let grant = engine.grant(53, to: 9, by: 6).outcome.grant ?? 0
    for key in [UInt8(50), 51] {
      #expect(engine.answer(grant, 9, key: key).rejection == .keyNotOfOwner)
    }
    engine.pass(10)
    #expect(engine.answer(grant, 9, key: 52).rejection == .keyNotOfOwner, "it has ended")
    // Nor does an owner make itself an operator.
    let office = engine.grant(54, to: 9, as: .operator, by: 6).outcome.grant ?? 0
    #expect(engine.answer(office, 9, key: 40).rejection == .keyNotOfOwner)
    #expect(engine.operate(.setFrozen(user: 9, frozen: true), 1).rejection == nil)
    #expect(engine.answer(grant, 9, key: 40).rejection == .userFrozen)
    #expect(engine.answer(grant, 9, key: 40, yes: false).rejection == nil)
  }

  @Test func orForASecondOperatorAndTheDelay() {
    var engine = withAnna()
    #expect(engine.grant(41, to: 9, by: 6).outcome == .waits(grant: 1))
    #expect(engine.approveKey(1, by: 6).rejection == .approvalByRequester)
    #expect(engine.approveKey(1, by: 1).rejection == .approvalByGrantor, "of the first key")
    var other = engine.pendingKeyGrants()[0].grant
    other.role = .readOnly
    let approval = KeyApproval(id: 1, grant: other, signature: [])
    #expect(engine.operate(.approveKey(approval), 7).rejection == .approvalMismatch)
    #expect(engine.approveKey(1, by: 7).rejection == nil)
    #expect(engine.approveKey(1, by: 8).rejection == .approvalNotNeeded)
    engine.pass(day - 1)
    #expect(engine.holds(41, 9) == false, "its time has not come")
    engine.pass(1)
    #expect(engine.holds(41, 9) && engine.pendingKeyGrants().isEmpty)
    // Time alone is not enough.
    #expect(engine.grant(42, to: 9, by: 6).outcome == .waits(grant: 2))
    engine.pass(30 * day)
    #expect(engine.holds(42, 9) == false)
    #expect(engine.approveKey(2, by: 7).rejection == nil && engine.holds(42, 9))
  }

  @Test func anApprovalCountsAsLongAsItsKey() {
    var engine = withAnna()
    #expect(engine.grant(41, to: 9, by: 6).outcome == .waits(grant: 1))
    #expect(engine.approveKey(1, by: 7).rejection == nil)
    #expect(engine.operate(.revokeKey(SafeguardScene.key(7)), 8).rejection == nil)
    engine.pass(day)
    #expect(engine.holds(41, 9) == false)
    #expect(engine.approveKey(1, by: 8).rejection == nil && engine.holds(41, 9))
    // What the requester asked for goes with its key.
    #expect(engine.grant(42, to: 9, by: 8).outcome == .waits(grant: 2))
    #expect(engine.operate(.revokeKey(SafeguardScene.key(8)), 6).rejection == nil)
    #expect(engine.pendingKeyGrants().isEmpty)
  }

  /// Neither an account whose keys were taken away nor one that has funds is a new one.
  @Test func anAccountWithAStoryIsNotNew() {
    var engine = withAnna()
    #expect(engine.operate(.revokeKey(SafeguardScene.key(40)), 6).rejection == nil)
    #expect(engine.grant(41, to: 9, by: 6).outcome == .waits(grant: 1))
    #expect(engine.grant(43, to: 3, by: 6).outcome == .waits(grant: 2), "funds, and never a key")
    #expect(!engine.holds(41, 9) && !engine.holds(43, 3))
  }

  /// Who revokes all the others' keys does not become the only operator, who waits for nobody.
  @Test func nobodyBecomesTheOnlyOperator() {
    var engine = SafeguardScene.make()
    for other in [UInt8(6), 7, 8] {
      #expect(engine.operate(.revokeKey(SafeguardScene.key(other)), 1).rejection == nil)
    }
    #expect(engine.operate(.registerUser(name: "puppet"), 1).id == 9)
    #expect(engine.grant(60, to: 9, as: .operator, by: 1).outcome == .waits(grant: 1))
    #expect(
      engine.grant(61, to: 6, as: .operator, by: 1).outcome == .waits(grant: 2),
      "nor in another's name")
    engine.pass(60 * day)
    #expect(!engine.holds(60, 9) && !engine.holds(61, 6))
    // Whoever starts the exchange helps.
    let rescue = OperatorAction.registerKey(
      user: 6, key: SafeguardScene.key(62), role: .operator)
    #expect(engine.apply(.operation(rescue, by: .venue)).rejection == nil && engine.holds(62, 6))
  }

  @Test func theFirstOperatorMakesASecondByWaiting() {
    var engine = AuctionEngine()
    let key = SafeguardScene.key
    for command: Command in [
      .schedule(.advanceTime(Scene.start)),
      .venue(.configure(VenueConfiguration(seed: 1, secondSeed: 2))),
      .venue(.activateRules(version: 2)), .operation(.registerUser(name: "first"), by: .venue),
      .operation(.registerKey(user: 1, key: key(1), role: .operator), by: .venue),
      .operation(.registerUser(name: "second"), by: SafeguardScene.by(1)),
    ] {
      #expect(engine.apply(command).rejection == nil, "\(command)")
    }
    #expect(engine.grant(2, to: 2, as: .operator, by: 1).outcome == .waits(grant: 1))
    engine.pass(day - 1)
    #expect(engine.holds(2, 2) == false)
    engine.pass(1)
    #expect(engine.holds(2, 2) == true)
    #expect(engine.operate(.registerUser(name: "third"), 1).id == 3)
    #expect(engine.grant(3, to: 3, as: .operator, by: 1).outcome == .waits(grant: 2))
    engine.pass(2 * day)
    #expect(engine.holds(3, 3) == false, "from the second on it takes two")
    #expect(engine.approveKey(2, by: 2).rejection == nil && engine.holds(3, 3))
  }

  @Test func anOwnKeyIsRenewedAtOnceButCountsLater() {
    var engine = SafeguardScene.make()
    #expect(engine.grant(70, to: 1, as: .operator, by: 1).outcome == .done)
    #expect(engine.give(5, to: 3, by: 1, "new", key: 70).rejection == .operatorKeyTooNew)
    let large = engine.give(2_000_000, to: 3, by: 6, "large").id
    #expect(engine.approveAdjustment(large, by: 1).rejection == nil, "the old one counts")
  }

  @Test func expiredKeysDoNothing() {
    var engine = SafeguardScene.make()
    #expect(
      engine.grant(71, to: 1, as: .operator, by: 1, until: engine.time).rejection == .expiryPassed)
    #expect(
      engine.grant(71, to: 1, as: .operator, by: 1, until: engine.time + 2 * day).outcome == .done)
    engine.pass(day)
    #expect(engine.give(5, to: 3, by: 1, "a", key: 71).rejection == nil)
    engine.pass(day)
    #expect(engine.give(5, to: 3, by: 1, "b", key: 71).rejection == .notAnOperatorKey)
    // What waits and has ended meanwhile is gone.
    #expect(engine.grant(72, to: 3, by: 1, until: engine.time + 5).outcome.grant != nil)
    engine.pass(2 * day)
    #expect(engine.pendingKeyGrants().isEmpty && !engine.holds(72, 3))
  }

  @Test func aShorterDelayWaits() {
    var engine = SafeguardScene.make()
    #expect(engine.operate(.setOperatorDelay(seconds: 5), 1).start == engine.time + day)
    #expect(engine.operatorDelay == 86_400 && engine.pendingOperatorDelay?.value == 5)
    #expect(engine.operate(.setOperatorDelay(seconds: 90_000), 1).start == engine.time)
    #expect(engine.operatorDelay == 90_000 && engine.pendingOperatorDelay == nil)
    #expect(
      engine.operate(.setOperatorDelay(seconds: -1), 1).rejection == .operatorDelayInvalid)
    #expect(
      engine.operate(.setOperatorDelay(seconds: 2_592_001), 1).rejection == .operatorDelayInvalid)
    #expect(engine.operate(.setOperatorDelay(seconds: 0), 1).rejection == nil)
    engine.pass(90_000 * Scene.second)
    #expect(engine.operatorDelay == 0)
  }

  /// Withdrawals too are not approved by who gave the account's key.
  @Test func whoGaveTheKeyApprovesNoWithdrawal() {
    var engine = withAnna()
    let address = WithdrawalScene.address(9)
    engine.apply(WithdrawalScene.add(9, address))
    #expect(engine.give(5_000, to: 9, by: 6, "funds").outcome == .adjusted(.booked))
    let id = engine.apply(WithdrawalScene.request(9, 2_000, "w")).id
    let approval = WithdrawalScene.approval(id, by: 1, of: 2_000, user: 9, to: address)
    #expect(engine.apply(approval.command).rejection == .approvalByGrantor)
    let other = WithdrawalScene.approval(id, by: 6, of: 2_000, user: 9, to: address)
    #expect(engine.apply(other.command).rejection == nil)
  }
}

@Suite struct AttributionTests {
  /// Every action of an operator names a key that is its own, and says why where somebody may be
  /// hurt.
  @Test func nobodyActsWithoutAName() {
    let market = MarketChange(market: 0, terms: Scene.terms(interval: 2_000))
    let rows: [(action: OperatorAction, needsReason: Bool)] = [
      (.suspendMarket(0), true), (.resumeMarket(0), true), (.changeMarket(market), true),
      (.setReference(market: 0, priceTicks: 101), true),
      (.registerKey(user: 1, key: SafeguardScene.key(90), role: .readOnly), true),
      (.revokeKey(SafeguardScene.key(90)), true), (.setFrozen(user: 3, frozen: true), true),
      (.setFrozen(user: 3, frozen: false), true), (.setOperatorDelay(seconds: 90_000), true),
      (.setAddressDelay(chain: 0, seconds: 9), true),
      (.setWithdrawalTerms(WithdrawalScene.terms), true), (.registerUser(name: "new"), false),
      (.createAsset(AssetDefinition(code: "NEW", decimals: 0, adjustmentLimit: 0)), false),
    ]
    var engine = SafeguardScene.make()
    for (action, needsReason) in rows {
      func reply(_ authority: Authority) -> Rejection? {
        engine.apply(.operation(action, by: authority)).rejection
      }
      #expect(reply(Authority(user: 1, reason: "r")) == .notAnOperatorKey, "\(action)")
      #expect(reply(SafeguardScene.by(1, key: 6)) == .notAnOperatorKey, "another's: \(action)")
      #expect(reply(SafeguardScene.by(2, key: 1)) == .notAnOperatorKey, "\(action)")
      #expect(reply(SafeguardScene.by(99)) == .unknownUser, "\(action)")
      #expect(reply(SafeguardScene.by(0, key: 1)) == .unknownUser, "\(action)")
      #expect(reply(SafeguardScene.by(1, String(repeating: "r", count: 201))) == .reasonMissing)
      #expect(reply(SafeguardScene.by(1, "a\0b")) == .reasonMissing, "\(action)")
      if needsReason { #expect(reply(SafeguardScene.by(1, "")) == .reasonMissing, "\(action)") }
      #expect(engine.effects.operations.isEmpty, "a refusal is not logged: \(action)")
      let by = SafeguardScene.by(1, needsReason ? "because" : "")
      #expect(reply(by) == nil, "\(action)")
      #expect(engine.effects.operations.map(\.authority) == [by], "\(action)")
      #expect(engine.effects.operations.first?.action == action)
      engine.effects.removeAll()
    }
  }

  @Test func rulesOneStayAsTheyWere() {
    var engine = WithdrawalScene.make()
    #expect(engine.rulesVersion == 1)
    #expect(
      engine.apply(.operation(.setOperatorDelay(seconds: 5), by: SafeguardScene.by(1))).rejection
        == .unknownRulesVersion)
    #expect(engine.apply(.venue(.activateRules(version: 3))).rejection == .unknownRulesVersion)
    #expect(
      engine.apply(
        .operation(
          .registerKey(user: 3, key: SafeguardScene.key(80), role: .trader), by: .venue)
      ).rejection == nil)
    #expect(engine.effects.operations.isEmpty)
    #expect(engine.apply(.venue(.activateRules(version: 2))).rejection == nil)
    #expect(engine.apply(.venue(.activateRules(version: 2))).rejection == nil)
    #expect(engine.apply(.venue(.activateRules(version: 1))).rejection == .unknownRulesVersion)
    #expect(
      engine.operate(.setOrderTerms(OrderTerms()), 1).rejection == .unknownRulesVersion)
    #expect(
      engine.grant(81, to: 3, by: 1).outcome == .waits(grant: 1), "the key of before counts as one")
  }
  /// A later version begins where rules 2 stand: a key that was revoked still was one.
  @Test func rulesThreeForgetNoKey() {
    var engine = SafeguardScene.make()
    let user = UserID(engine.operate(.registerUser(name: "anna"), 6).id)
    #expect(engine.grant(40, to: user, by: 6).outcome == .done)
    #expect(engine.operate(.revokeKey(SafeguardScene.key(40)), 6).rejection == nil)
    #expect(engine.apply(.venue(.activateRules(version: 3))).rejection == nil)
    #expect(engine.grant(41, to: user, by: 6).outcome == .waits(grant: 1))
  }
}
