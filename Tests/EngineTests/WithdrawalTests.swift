// Each way that a withdrawal takes, with the entries that it leaves in the ledger.

import Auction
import Testing

@testable import Engine

@Suite struct WithdrawalTests {
  @Test func aSmallOneIsPaid() throws {
    var engine = WithdrawalScene.make()
    let issued = engine.issued(Scene.usd)
    let reply = engine.withdraw(2, 1_000, "a")
    #expect(reply == Reply(rejection: nil, id: 1, time: engine.time))
    let reference = LedgerReference.withdrawal(1, on: 0)
    #expect(engine.effects.entries.allSatisfy { $0.reference == reference })
    #expect(engine.takeEntries() == ["2 lock -1002 1002"])
    let found = engine.withdrawal(1)
    let asked = try #require(found)
    #expect(asked.status == .approved && asked.approvalsNeeded == 0)
    #expect(asked.fee == 2 && asked.amount == 1_000 && asked.requestedAt == engine.time)

    #expect(engine.apply(.withdrawal(.start(id: 1))).outcome == .done)
    #expect(
      engine.apply(.withdrawal(.start(id: 1))) == Reply(nil, 1, engine.time, outcome: .repeated))
    #expect(engine.moves == ["1 started"] && engine.takeEntries().isEmpty)
    #expect(engine.apply(.withdrawal(.cancel(user: 2, id: 1))).rejection == .withdrawalStarted)

    #expect(engine.apply(.withdrawal(.finish(id: 1))) == Reply(nil, 1, engine.time))
    #expect(engine.effects.entries.allSatisfy { $0.reference == reference })
    #expect(engine.moves == ["1 confirmed"])
    #expect(engine.takeEntries() == ["2 withdrawal 0 -1000", "2 fee 0 -2", "0 fee 2 0"])
    #expect(engine.cash(2) == [98_998, 0] && engine.cash(0) == [2, 0])
    #expect(engine.issued(Scene.usd) == issued - 1_000)
    // Again and again: no entry, and no other end.
    #expect(
      engine.apply(.withdrawal(.finish(id: 1))) == Reply(nil, 1, engine.time, outcome: .repeated))
    for isCancelled in [true, false] {
      let other = engine.apply(.withdrawal(.fail(id: 1, isCancelled: isCancelled)))
      #expect(other.rejection == .withdrawalFinished)
    }
    #expect(engine.apply(.withdrawal(.start(id: 1))).rejection == .withdrawalFinished)
    #expect(engine.takeEntries().isEmpty && engine.issued(Scene.usd) == issued - 1_000)
    engine.accounts.checkConservation()
  }

  @Test func withoutAFeeNoFeeIsBooked() {
    var terms = WithdrawalScene.terms
    terms.fee = 0
    var engine = WithdrawalScene.make(terms)
    _ = engine.withdraw(2, 50, "a")
    engine.apply(.withdrawal(.start(id: 1)))
    engine.apply(.withdrawal(.finish(id: 1)))
    #expect(engine.takeEntries() == ["2 lock -50 50", "2 withdrawal 0 -50"])
    #expect(engine.cash(0) == [0, 0])
  }

  /// What was asked for keeps its fee and its approvals when the terms change.
  @Test func termsHoldForLaterRequests() {
    var engine = WithdrawalScene.make()
    _ = engine.withdraw(2, 1_001, "a")
    var terms = WithdrawalScene.terms
    (terms.fee, terms.approvals, terms.isOpen) = (9, 0, false)
    engine.apply(.operation(.setWithdrawalTerms(terms), by: Authority(user: 1)))
    #expect(engine.withdraw(2, 1_001, "b").rejection == .withdrawalsNotOffered)
    #expect(engine.apply(.withdrawal(.start(id: 1))).rejection == .withdrawalNotApproved)
    #expect(engine.approve(1, by: 1, of: 1_001).outcome == .approved(missing: 1))
    #expect(engine.approve(1, by: 6, of: 1_001).outcome == .approved(missing: 0))
    engine.apply(.withdrawal(.start(id: 1)))
    engine.apply(.withdrawal(.finish(id: 1)))
    #expect(engine.cash(2) == [100_000 - 1_003, 0] && engine.cash(0) == [2, 0])
  }

  /// Before the start its user or an operator ends it, after it custody does: the lock returns
  /// once.
  @Test(arguments: [
    ("cancelled", false, Command.withdrawal(.cancel(user: 2, id: 1))),
    (
      "rejected", false,
      .operation(.rejectWithdrawal(id: 1), by: Authority(user: 1, reason: "sanctioned"))
    ),
    (
      "rejected", false, .operation(.rejectWithdrawal(id: 1), by: Authority(user: 0, reason: "dry"))
    ),
    ("cancelled", true, .withdrawal(.fail(id: 1, isCancelled: true))),
    ("reverted", true, .withdrawal(.fail(id: 1, isCancelled: false))),
  ])
  func theLockReturnsOnce(status: String, isStarted: Bool, end: Command) {
    var engine = WithdrawalScene.make()
    let issued = engine.issued(Scene.usd)
    _ = engine.withdraw(2, 500, "a")
    if isStarted { engine.apply(.withdrawal(.start(id: 1))) }
    engine.effects.removeAll()
    #expect(engine.apply(end) == Reply(nil, 1, engine.time))
    #expect(engine.moves == ["1 \(status)"])
    #expect(engine.takeEntries() == ["2 unlock 502 -502"])
    #expect(engine.cash(2) == [100_000, 0] && engine.issued(Scene.usd) == issued)
    // Custody's commands are accepted again, the others are refused; nothing moves.
    let again = engine.apply(end)
    #expect(isStarted ? again.outcome == .repeated : again.rejection == .withdrawalFinished)
    #expect(engine.apply(.withdrawal(.finish(id: 1))).rejection == .withdrawalFinished)
    #expect(engine.apply(.withdrawal(.start(id: 1))).rejection == .withdrawalFinished)
    #expect(engine.takeEntries().isEmpty)
    // The same request again gets the first answer, not a second payment.
    #expect(engine.withdraw(2, 500, "a").outcome == .repeated && engine.cash(2) == [100_000, 0])
  }

  /// Each step says who decided it, and 0 where no person did.
  @Test func eachStepSaysWhoDecided() {
    var engine = WithdrawalScene.make()
    func steps(_ commands: Command...) -> [String] {
      engine.effects.removeAll()
      for command in commands { #expect(engine.apply(command).rejection == nil, "\(command)") }
      return engine.effects.withdrawals.compactMap { event in
        guard case .changed(let id, let status, let by, let reason, let time) = event
        else { return nil }
        #expect(time == engine.time)
        return "\(id) \(status) by \(by) \(reason)"
      }
    }
    for id in 1...5 { _ = engine.withdraw(2, 100, "\(id)") }
    _ = engine.withdraw(2, 1_000, "6")
    #expect(
      steps(.operation(.rejectWithdrawal(id: 1), by: Authority(user: 6, reason: "sanctioned"))) == [
        "1 rejected by 6 sanctioned"
      ]
    )
    #expect(
      steps(.operation(.rejectWithdrawal(id: 2), by: Authority(user: 0, reason: "dry"))) == [
        "2 rejected by 0 dry"
      ])
    #expect(steps(.withdrawal(.cancel(user: 2, id: 3))) == ["3 cancelled by 2 by its user"])
    #expect(
      steps(.withdrawal(.start(id: 4)), .withdrawal(.finish(id: 4))) == [
        "4 started by 0 ", "4 confirmed by 0 ",
      ])
    #expect(
      steps(
        WithdrawalScene.approval(6, by: 8, of: 1_000).command,
        WithdrawalScene.approval(6, by: 7, of: 1_000).command) == ["6 approved by 7 "])
    #expect(
      steps(.withdrawal(.start(id: 6)), .withdrawal(.fail(id: 6, isCancelled: false))) == [
        "6 started by 0 ", "6 reverted by 0 ",
      ])
    #expect(
      steps(.operation(.setFrozen(user: 2, frozen: true), by: .venue)) == [
        "5 cancelled by 0 the user was frozen"
      ])
  }

  /// What is not yet on its way ends, and then the orders; what is started goes on.
  @Test func freezingEndsWhatIsNotStarted() {
    var engine = WithdrawalScene.make()
    for (amount, id) in [(100, "a"), (200, "b"), (1_500, "c"), (300, "d")] as [(Int128, String)] {
      #expect(engine.withdraw(2, amount, id).rejection == nil)
    }
    _ = engine.withdraw(3, 700, "theirs")
    engine.apply(.withdrawal(.start(id: 2)))
    let order = engine.place(2, .buy, 5, at: 100)
    engine.effects.removeAll()
    #expect(
      engine.apply(.operation(.setFrozen(user: 2, frozen: true), by: .venue)).outcome
        == .cancelledAll(count: 1))
    #expect(engine.moves == ["1 cancelled", "3 cancelled", "4 cancelled"])
    #expect(
      engine.takeEntries() == [
        "2 unlock 102 -102", "2 unlock 1502 -1502", "2 unlock 302 -302", "2 unlock 500 -500",
      ])
    #expect(engine.status(order) == .cancelled && engine.withdrawal(5)?.status == .approved)
    #expect(engine.cash(2) == [100_000 - 202, 202])
    // Again it changes nothing; what is on its way ends as the chain says.
    engine.apply(.operation(.setFrozen(user: 2, frozen: true), by: .venue))
    #expect(engine.moves.isEmpty && engine.takeEntries().isEmpty)
    #expect(engine.withdraw(2, 100, "e").rejection == .userFrozen)
    #expect(engine.withdraw(2, 100, "a").outcome == .repeated, "an answer is no new request")
    #expect(
      engine.apply(WithdrawalScene.add(2, WithdrawalScene.address(77))).rejection == .userFrozen)
    #expect(engine.apply(.withdrawal(.start(id: 2))).outcome == .repeated)
    #expect(engine.apply(.withdrawal(.finish(id: 2))).rejection == nil)
    #expect(engine.takeEntries() == ["2 withdrawal 0 -200", "2 fee 0 -2", "0 fee 2 0"])
    #expect(
      engine.apply(.operation(.setFrozen(user: 2, frozen: false), by: .venue)).rejection == nil)
    #expect(engine.withdraw(2, 100, "e").rejection == nil)
  }

  /// Withdrawals lie in a dictionary, whose order is another in each process: a replay must not
  /// show it.
  @Test func freezingEndsThemInTheOrderOfTheirNumbers() {
    var engine = WithdrawalScene.make()
    for id in 1...12 { #expect(engine.withdraw(2, 10, "w\(id)").rejection == nil) }
    engine.effects.removeAll()
    engine.apply(.operation(.setFrozen(user: 2, frozen: true), by: .venue))
    #expect(engine.moves == (1...12).map { "\($0) cancelled" })
  }

  /// A user cannot hide what is clawed back in a request; what is started is the venue's loss.
  @Test func aClawbackTakesWhatIsNotStarted() {
    var engine = WithdrawalScene.make()
    engine.apply(.operation(.registerUser(name: "late"), by: .venue))
    let user: UserID = 9
    engine.apply(WithdrawalScene.add(user, WithdrawalScene.address(9)))
    engine.apply(
      .deposit(
        .credit(
          DepositCredit(chain: 0, number: 1, user: user, asset: Scene.usd, amount: 1_000))))
    _ = engine.withdraw(user, 298, "a")
    _ = engine.withdraw(user, 598, "b")
    engine.apply(.withdrawal(.start(id: 1)))
    engine.effects.removeAll()
    let clawback = DepositClawback(
      chain: 0, number: 1, credit: 1, user: user, asset: Scene.usd, amount: 1_000)
    #expect(engine.apply(.deposit(.clawBack(clawback))).outcome == .clawedBack(withLoss: true))
    #expect(engine.moves == ["2 cancelled"] && engine.isFrozen(user))
    #expect(
      engine.takeEntries() == [
        "9 unlock 600 -600", "9 clawback -700 0", "\(Bounds.lossAccount) clawback -300 0",
      ])
    engine.apply(.withdrawal(.finish(id: 1)))
    #expect(engine.cash(user) == [0, 0])
    #expect(engine.balance(Bounds.lossAccount, Scene.usd).free == -300)
    engine.accounts.checkConservation()
  }

  // MARK: Addresses

  @Test func aNewAddressWaits() {
    var engine = WithdrawalScene.make()
    engine.apply(.operation(.setAddressDelay(chain: 0, seconds: 60), by: Authority(user: 1)))
    let fresh = WithdrawalScene.address(99)
    let usable = engine.time + 60 * Scene.second
    #expect(engine.apply(WithdrawalScene.add(2, fresh, label: "cold")).start == usable)
    #expect(
      engine.payoutAddresses(of: 2).last
        == ListedPayoutAddress(
          chain: 0, address: fresh, label: "cold", addedAt: engine.time, usableAt: usable))
    engine.apply(.schedule(.advanceTime(usable - 1)))
    #expect(
      engine.apply(WithdrawalScene.request(2, 50, "a", to: fresh)).rejection == .addressTooNew)
    engine.apply(.schedule(.advanceTime(usable)))
    #expect(engine.apply(WithdrawalScene.request(2, 50, "a", to: fresh)).rejection == nil)
    // Removed and listed again it waits again; what was asked for before goes on.
    engine.apply(.user(.removePayoutAddress(user: 2, chain: 0, address: fresh)))
    #expect(
      engine.apply(WithdrawalScene.request(2, 50, "b", to: fresh)).rejection == .addressNotListed)
    engine.apply(WithdrawalScene.add(2, fresh))
    #expect(
      engine.apply(WithdrawalScene.request(2, 50, "b", to: fresh)).rejection == .addressTooNew)
    #expect(engine.apply(.withdrawal(.start(id: 1))).rejection == nil)
  }

  @Test func anUnknownDelayIsADay() {
    var engine = WithdrawalScene.make()
    engine.apply(.operation(.registerChain(name: "other"), by: .venue))
    #expect(engine.addressDelay(on: 1) == 86_400 && engine.addressDelay(on: 0) == 0)
    let addition = PayoutAddressAddition(
      user: 2, chain: 1, address: WithdrawalScene.address(2), label: "")
    #expect(
      engine.apply(.user(.addPayoutAddress(addition))).start == engine.time + 24
        * WithdrawalScene.hour)
  }

  /// An address of another chain, or of another user, is none.
  @Test func anAddressIsOneChainsAndOneUsers() {
    var engine = WithdrawalScene.make()
    let theirs = WithdrawalScene.address(3)
    #expect(
      engine.apply(WithdrawalScene.request(2, 50, "a", to: theirs)).rejection == .addressNotListed)
    engine.apply(.operation(.registerChain(name: "other"), by: .venue))
    var terms = WithdrawalScene.terms
    terms.chain = 1
    #expect(
      engine.apply(.operation(.setWithdrawalTerms(terms), by: Authority(user: 1))).start
        == engine.time)
    #expect(engine.withdraw(2, 50, "a").rejection == .addressNotListed)
  }

  @Test func addressesAreBounded() {
    var engine = WithdrawalScene.make()
    for number in 1..<Bounds.maximumPayoutAddresses {
      let address = WithdrawalScene.address(UInt8(100 + number))
      #expect(engine.apply(WithdrawalScene.add(2, address)).rejection == nil)
    }
    let more = WithdrawalScene.add(2, WithdrawalScene.address(99))
    #expect(engine.apply(more).rejection == .tooManyAddresses)
    let known = WithdrawalScene.address(2)
    #expect(engine.apply(WithdrawalScene.add(2, known)).rejection == .addressExists)
    engine.apply(.user(.removePayoutAddress(user: 2, chain: 0, address: known)))
    #expect(engine.apply(more).rejection == nil)
  }
}

extension Reply {
  fileprivate init(
    _ rejection: Rejection?, _ id: Int64, _ time: Microseconds, outcome: Outcome = .done
  ) {
    self.init(rejection: rejection, id: id, time: time, outcome: outcome)
  }
}
