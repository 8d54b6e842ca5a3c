// What is taken as a sweep and what is signed, without a chain.

import Ethereum
import Testing

@testable import Custody

@Suite struct SweepRulesTests {
  private static let wallet = DepositRulesTests.address(0x51)
  private static let token = DepositRulesTests.address(0x77)
  private static let seed = [UInt8](repeating: 9, count: 32)

  private static func address(_ user: UInt32) throws -> Address {
    try ExtendedPrivateKey(seed: seed).extendedPublicKey.child(user).publicKey.address
  }

  private static func transaction(
    chain: UInt64 = 7, nonce: UInt64 = 0, maximum: UInt64 = 100, gas: UInt64 = 21_000,
    to destination: Address = wallet, value: UInt256 = .one, data: [UInt8] = []
  ) throws -> Transaction1559 {
    try Transaction1559(
      chainID: chain, nonce: nonce,
      fees: #require(GasFees(maximum: UInt256(maximum), priority: .one)), gasLimit: gas,
      destination: destination, value: value, data: data)
  }

  private static func request(
    _ transaction: Transaction1559, user: UInt32 = 2
  ) throws -> SweepRequest {
    SweepRequest(user: user, address: try address(2), unsigned: transaction.signingPayload)
  }

  private let signer = SweepSigner(
    chainID: 7, hotWallet: wallet, maximumFee: UInt256(100 as UInt64))

  private func sign(_ requests: [SweepRequest]) throws -> [SignedTransaction] {
    try signer.sign(requests, with: ExtendedPrivateKey(seed: Self.seed))
  }

  @Test func signsCoinsAndTokensForTheWallet() throws {
    let coins = try Self.transaction()
    let tokens = try Self.transaction(
      nonce: 1, gas: 60_000, to: Self.token, value: .zero,
      data: ERC20.transferCall(to: Self.wallet, amount: UInt256(5 as UInt64)))
    let signed = try sign([Self.request(coins), Self.request(tokens)])
    #expect(signed.map(\.transaction) == [coins, tokens])
    #expect(try signed.map(\.sender) == [Self.address(2), Self.address(2)])
    #expect(SweepPayload(coins)?.source == .native)
    #expect(SweepPayload(tokens)?.source == .token(Self.token))
    #expect(SweepPayload(tokens)?.amount == UInt256(5 as UInt64))
  }

  /// The plan comes from a machine that may be captured: what it says is not believed.
  @Test func nothingOfAForgedPlanIsSigned() throws {
    let address = try Self.address(2)
    let stranger = DepositRulesTests.stranger
    let approve = Array("\u{09}\u{5e}".utf8) + [UInt8](repeating: 0, count: 66)
    let forged: [(SweepRequest, SweepSigningError)] = [
      (try Self.request(Self.transaction(chain: 8)), .wrongChain(address)),
      (try Self.request(Self.transaction(to: stranger)), .wrongDestination(address)),
      (try Self.request(Self.transaction(value: .zero)), .wrongDestination(address)),
      (
        try Self.request(
          Self.transaction(
            to: Self.token, value: .zero, data: ERC20.transferCall(to: stranger, amount: .one))),
        .wrongDestination(address)
      ),
      (
        try Self.request(Self.transaction(to: Self.token, value: .zero, data: approve)),
        .wrongDestination(address)
      ),
      (
        try Self.request(
          Self.transaction(
            to: Self.token, data: ERC20.transferCall(to: Self.wallet, amount: .one))),
        .wrongDestination(address)
      ),
      (try Self.request(Self.transaction(maximum: 101)), .feeTooHigh(address)),
      (try Self.request(Self.transaction(gas: 500_001)), .gasTooHigh(address)),
      (try Self.request(Self.transaction(), user: 3), .wrongKey(address)),
      (try Self.request(Self.transaction(), user: 1 << 31), .malformed(address)),
      (SweepRequest(user: 2, address: address, unsigned: [2, 0xc0]), .malformed(address)),
      (
        SweepRequest(
          user: 2, address: address,
          unsigned: try Self.transaction().signingPayload.dropLast() + [0x80]), .malformed(address)
      ),
      (
        try Self.request(Self.transaction(nonce: 5, value: UInt256(2 as UInt64))), .twice(address)
      ),
    ]
    for (request, error) in forged {
      // Behind one that is good: all or nothing.
      let requests = [try Self.request(Self.transaction(nonce: 5)), request]
      #expect(throws: error) { try sign(requests) }
    }
  }

  /// A sweep comes back signed from the same machine: what it does is looked at again.
  @Test func nothingButASweepIsTaken() throws {
    let rules = SweepRules(
      chainID: 7, hotWallet: Self.wallet, assets: DepositRulesTests.rules,
      maximumFee: UInt256(100 as UInt64), maximumGas: 500_000)
    let ours = try Self.address(2)
    func check(_ transaction: Transaction1559, watched: Bool = true) throws -> SignedTransaction {
      let child = try ExtendedPrivateKey(seed: Self.seed).child(2)
      let raw = transaction.signed(by: child.secretKey).raw
      return try rules.check(raw) { watched && $0 == ours }
    }
    let (stranger, listed) = (DepositRulesTests.stranger, DepositRulesTests.token)
    func tokens(_ token: Address, to recipient: Address) throws -> Transaction1559 {
      try Self.transaction(
        to: token, value: .zero, data: ERC20.transferCall(to: recipient, amount: .one))
    }
    for good in [try Self.transaction(), try tokens(listed, to: Self.wallet)] {
      let taken = try check(good)
      #expect(taken.transaction == good)
      #expect(throws: SweepRefusal.notADepositAddress) { try check(good, watched: false) }
    }
    let forged: [(Transaction1559, SweepRefusal)] = [
      (try Self.transaction(chain: 8), .wrongChain),
      (try Self.transaction(to: stranger), .notToTheHotWallet),
      (try Self.transaction(value: .zero), .notToTheHotWallet),
      (try tokens(listed, to: stranger), .notToTheHotWallet),
      (try tokens(Self.token, to: Self.wallet), .assetNotListed),
      (try Self.transaction(maximum: 101), .feeTooHigh),
      (try Self.transaction(gas: 500_001), .gasTooHigh),
    ]
    for (transaction, refusal) in forged {
      #expect(throws: refusal) { try check(transaction) }
    }
    #expect(throws: SweepRefusal.malformed) {
      try rules.check(Self.transaction().signingPayload) { _ in true }
    }
  }

  @Test func aSweepIsSentUntilItIsFinal() throws {
    let hash = DepositRulesTests.hash(1)
    var slot = PayoutSlot(
      sender: try Self.address(2), nonce: 4, purpose: .sweep, destination: Self.wallet,
      value: .one, data: [], gasLimit: 21_000)
    let rules = PayoutModel.rules
    slot.attempts = [
      PayoutAttempt(
        hash: hash, kind: .payment,
        fees: try #require(GasFees(maximum: .one, priority: .one)), signedHeight: 90)
    ]
    func view(_ mined: SentTransaction? = nil, now: Int64 = 1_000) -> PayoutView {
      PayoutView(
        mined: mined, tip: 100, settled: 97, nonce: 4, baseFee: UInt256(1_000 as UInt64), now: now)
    }
    func mined(_ hash: Hash32, _ height: Int64, _ isSuccess: Bool = true) -> SentTransaction {
      SentTransaction(
        hash: hash, sender: slot.sender, nonce: 4, isSuccess: isSuccess, hasPaid: isSuccess,
        gasCost: .one, height: height, block: hash)
    }
    #expect(rules.sweepStep(slot, view()) == .send(hash))
    slot.attempts[0].sentAt = 1_000
    slot.attempts[0].answer = .underpriced
    // Never signed here, whatever the node says and however long it takes.
    #expect(rules.sweepStep(slot, view()) == .wait)
    #expect(rules.sweepStep(slot, view(now: 2_000)) == .send(hash))
    #expect(rules.sweepStep(slot, view(mined(hash, 98))) == .wait)
    #expect(rules.sweepStep(slot, view(mined(hash, 97))) == .settle(.paid))
    #expect(rules.sweepStep(slot, view(mined(hash, 97, false))) == .settle(.reverted))
    let other = DepositRulesTests.hash(2)
    #expect(rules.sweepStep(slot, view(mined(other, 98))) == .wait)
    #expect(rules.sweepStep(slot, view(mined(other, 97))) == .foreign(other))
  }
}
