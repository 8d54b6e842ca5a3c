// The rules of payments: properties against a naive chain, and the answers of nodes one by one.

import Engine
import Ethereum
import SeededNumbers
import Testing

@testable import Custody

@Suite struct PayoutRulesTests {
  /// At most one payload besides the cancellation a nonce, fees that are replacements and never
  /// above the cap, no end before it is final and none but the chain's, a halt for every foreign
  /// transaction and for nothing else, and an end for each when faults stop.
  @Test(arguments: UInt64(1)...400) func whateverHappensEachEndsAsTheChainSays(seed: UInt64) {
    var model = PayoutModel(seed: seed)
    model.run()
    #expect(model.faults.isEmpty, "seed \(seed)")
  }

  /// The property says something: every end is met, and halts, and replacements.
  @Test func theModelMeetsEverything() {
    var (outcomes, halts, attempts) = ([PayoutOutcome: Int](), 0, 0)
    for seed in UInt64(1)...200 {
      var model = PayoutModel(seed: seed)
      model.run()
      for outcome in model.closed.values { outcomes[outcome, default: 0] += 1 }
      halts += model.halt == nil ? 0 : 1
      attempts += model.signed.count
    }
    #expect([.paid, .reverted, .cancelled].allSatisfy { outcomes[$0, default: 0] > 10 })
    #expect(halts > 10 && attempts > 600, "\(outcomes), \(halts), \(attempts)")
  }

  @Test(arguments: [
    ("already known", PayoutAnswer.alreadyKnown), ("ALREADY_EXISTS: already known", .alreadyKnown),
    ("known transaction: 0xab", .alreadyKnown), ("transaction already imported", .alreadyKnown),
    ("nonce too low: next nonce 5, tx nonce 4", .nonceTooLow),
    ("replacement transaction underpriced", .underpriced),
    ("transaction underpriced: tip needed 1, tip permitted 0", .underpriced),
    ("insufficient funds for gas * price + value", .insufficientFunds),
    ("AlreadyKnown", .alreadyKnown), ("OldNonce, Current nonce: 5", .nonceTooLow),
    ("InsufficientFunds, Account balance: 1, cumulative cost: 2", .insufficientFunds),
    ("ReplacementNotAllowed", .underpriced), ("Known transaction", .alreadyKnown),
    ("Upfront cost exceeds account balance", .insufficientFunds),
    ("invalid chain id for signer: have 1 want 2", .wrongChain), ("txpool is full", .refused),
    ("", .refused),
  ])
  func nodesAnswersAreRecognised(message: String, answer: PayoutAnswer) {
    #expect(PayoutAnswer(message: message) == answer)
  }

  private static let sender = DepositRulesTests.address(0x51)

  private func slot(_ attempts: [PayoutAttempt] = []) -> PayoutSlot {
    var slot = PayoutSlot(
      sender: Self.sender, nonce: 3, purpose: .withdrawal, withdrawal: 1,
      destination: DepositRulesTests.stranger, value: .one, data: [], gasLimit: 21_000)
    slot.attempts = attempts
    return slot
  }

  private func attempt(
    _ kind: PayoutAttempt.Kind, _ maximum: UInt64, signedHeight: Int64 = 100,
    sentAt: Microseconds? = 1_000, answer: PayoutAnswer? = .accepted
  ) throws -> PayoutAttempt {
    PayoutAttempt(
      hash: DepositRulesTests.hash(maximum), kind: kind,
      fees: try #require(
        GasFees(maximum: UInt256(maximum), priority: UInt256(1_000 as UInt64))),
      signedHeight: signedHeight, sentAt: sentAt, answer: answer)
  }

  private func view(
    tip: Int64 = 100, nonce: UInt64 = 3, baseFee: UInt64 = 5_000, now: Microseconds = 1_001
  ) -> PayoutView {
    PayoutView(
      mined: nil, tip: tip, settled: tip - 3, nonce: nonce, baseFee: UInt256(baseFee), now: now)
  }

  private let rules = PayoutModel.rules

  /// By its count the chain has used the nonce, by its blocks it has not: somebody must look.
  @Test func aNonceThatIsUsedWithoutATransactionHalts() throws {
    let slot = slot([try attempt(.payment, 11_000, answer: .nonceTooLow)])
    #expect(rules.step(slot, view()) == .wait(.broadcast))
    #expect(rules.step(slot, view(nonce: 4)) == .halt(.nonceWithoutReceipt(nonce: 3)))
    #expect(rules.step(self.slot(), view(nonce: 4)) == .halt(.nonceWithoutReceipt(nonce: 3)))
  }

  /// A signature whose answer was lost may exist: the same again, or more than it.
  @Test func whatWasAskedForIsAskedForAgain() throws {
    var slot = slot()
    guard case .sign(.payment, let fees) = rules.step(slot, view(baseFee: 5_000)) else {
      Issue.record("not signed")
      return
    }
    slot.asked = PayoutSlot.Ask(kind: .payment, fees: fees)
    for baseFee in [UInt64(1_000), 5_000, 5_500] {
      #expect(rules.step(slot, view(baseFee: baseFee)) == .sign(.payment, fees))
    }
    guard case .sign(.payment, let more) = rules.step(slot, view(baseFee: 5_550)) else {
      Issue.record("not signed")
      return
    }
    #expect(more.maximum == UInt256(12_100 as UInt64) && more.priority == UInt256(1_100 as UInt64))
    #expect(rules.step(slot, view(baseFee: 150_000)) == .waitForFees(.slotted))
    slot.isCancelled = true
    guard case .sign(.cancellation, let over) = rules.step(slot, view(baseFee: 1_000)) else {
      Issue.record("not cancelled")
      return
    }
    #expect(over.maximum == UInt256(12_100 as UInt64) && over.priority == UInt256(1_100 as UInt64))
  }

  /// Whatever a payment may cost, its cancellation may cost a tenth more.
  @Test func aCancellationAlwaysFitsUnderTheCap() throws {
    for baseFee in [UInt64(40_000), 60_000, 89_000] {
      guard case .sign(.payment, let fees) = rules.step(slot(), view(baseFee: baseFee)) else {
        Issue.record("not signed at \(baseFee)")
        continue
      }
      var slot = slot([
        PayoutAttempt(
          hash: DepositRulesTests.hash(1), kind: .payment, fees: fees, signedHeight: 100,
          sentAt: 1_000, answer: .accepted)
      ])
      slot.isCancelled = true
      guard case .sign(.cancellation, let over) = rules.step(slot, view(baseFee: baseFee)) else {
        Issue.record("not cancelled at \(baseFee): \(rules.step(slot, view(baseFee: baseFee)))")
        continue
      }
      #expect(over.maximum <= rules.maximumFee && over.maximum > fees.maximum)
    }
  }

  /// A nonce behind one that is stuck gains nothing by higher fees.
  @Test func onlyTheNextNonceIsBumped() throws {
    let slot = slot([try attempt(.payment, 11_000)])
    #expect(rules.step(slot, view(tip: 110, nonce: 2)) == .wait(.broadcast))
    guard case .sign(.payment, _) = rules.step(slot, view(tip: 110, nonce: 3)) else {
      Issue.record("not bumped")
      return
    }
  }

  /// Higher fees would need more of what is missing; the same bytes go again.
  @Test func withoutFundsNothingIsBumped() throws {
    let slot = slot([try attempt(.payment, 11_000, answer: .insufficientFunds)])
    #expect(rules.step(slot, view(tip: 110)) == .wait(.broadcast))
    #expect(
      rules.step(slot, view(tip: 110, now: 1_010)) == .send(DepositRulesTests.hash(11_000)))
  }

  /// A clock that was set back does not silence it.
  @Test func aClockThatWentBackSendsAgain() throws {
    let slot = slot([try attempt(.payment, 11_000, sentAt: 1_000_000)])
    #expect(rules.step(slot, view(now: 1_000)) == .send(DepositRulesTests.hash(11_000)))
  }

  /// Of two signatures the one with the higher fees is sent, whatever their order.
  @Test func theHighestOfItsKindIsSent() throws {
    var slot = slot([
      try attempt(.payment, 22_000, sentAt: nil, answer: nil),
      try attempt(.payment, 11_000, answer: .accepted),
    ])
    #expect(rules.step(slot, view()) == .send(DepositRulesTests.hash(22_000)))
    slot.isCancelled = true
    guard case .sign(.cancellation, let fees) = rules.step(slot, view()) else {
      Issue.record("not cancelled")
      return
    }
    #expect(fees.maximum == UInt256(24_200 as UInt64))
    slot.attempts.append(try attempt(.cancellation, 24_200, sentAt: nil, answer: nil))
    #expect(rules.step(slot, view()) == .send(DepositRulesTests.hash(24_200)))
  }
}
