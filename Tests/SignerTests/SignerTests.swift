// The signer: its judgement against a naive account of the same, its files against damage, its socket against
// bad peers, and all of it across restarts.

import Ethereum
import Foundation
import Testing

@testable import Signer

let secret = [UInt8](repeating: 5, count: 32)
let token = address(0x70)
let recipient = address(0x33)

func address(_ byte: UInt8) -> Address {
  guard let address = Address([UInt8](repeating: byte, count: 20)) else {
    preconditionFailure("20 bytes")
  }
  return address
}

func testKey() -> SecretKey {
  guard let key = SecretKey(secret) else { preconditionFailure("a key") }
  return key
}

var wallet: Address { testKey().address }

func big(_ value: UInt64) -> UInt256 { UInt256(value) }

/// One ether a payment and three a day, 500 tokens and 1,000, fees of 100 wei, gas of 100,000.
func policy(allowList: Set<Address>? = nil) -> SignerPolicy {
  SignerPolicy(
    chainID: 5,
    assets: [
      .init(
        code: "ETH", contract: nil, maximumPerTransaction: big(1_000_000),
        maximumPerDay: big(3_000_000)),
      .init(
        code: "USDC", contract: token, maximumPerTransaction: big(500), maximumPerDay: big(1_000)),
    ], maximumFeePerGas: big(100), maximumGasLimit: 100_000, maximumGasCostPerDay: big(200_000_000),
    allowList: allowList)
}

func transaction(
  nonce: UInt64 = 0, chainID: UInt64 = 5, maximum: UInt64 = 10, priority: UInt64 = 1,
  gas: UInt64 = 21_000, to destination: Address = recipient, value: UInt64 = 1_000,
  data: [UInt8] = []
) -> Transaction1559 {
  guard let fees = GasFees(maximum: big(maximum), priority: big(priority)),
    let transaction = try? Transaction1559(
      chainID: chainID, nonce: nonce, fees: fees, gasLimit: gas, destination: destination,
      value: big(value), data: data)
  else { preconditionFailure("not a transaction") }
  return transaction
}

func tokens(
  _ amount: UInt64, to destination: Address = recipient, nonce: UInt64 = 0, value: UInt64 = 0
) -> Transaction1559 {
  transaction(
    nonce: nonce, gas: 60_000, to: token, value: value,
    data: ERC20.transferCall(to: destination, amount: big(amount)))
}

func noop(nonce: UInt64 = 0, maximum: UInt64 = 10, priority: UInt64 = 1) -> Transaction1559 {
  transaction(nonce: nonce, maximum: maximum, priority: priority, to: wallet, value: 0)
}

/// A directory that only we may enter, for the length of a test.
func withDirectory<R>(_ body: (String) throws -> R) throws -> R {
  let path = "/tmp/signer-\(UInt32.random(in: .min ... .max))"
  try FileManager.default.createDirectory(
    atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try body(path)
}

@Suite struct SignerRulesTests {
  private func rules(_ policy: SignerPolicy = policy()) -> SignerRules {
    SignerRules(policy: policy, wallet: wallet)
  }

  private func refusal(
    _ transaction: Transaction1559, _ rules: SignerRules, at now: Int64 = 1_000
  ) -> SignerRefusal? {
    do throws(SignerRefusal) {
      _ = try rules.judge(transaction, at: now)
      return nil
    } catch {
      return error
    }
  }

  @Test func eachRefusalHasItsCode() {
    let rows: [(Transaction1559, SignerRefusal?)] = [
      (transaction(), nil), (tokens(500), nil), (noop(), nil),
      (transaction(chainID: 6), .wrongChain),
      (transaction(value: 0), .notAPayment), (tokens(0), .notAPayment),
      (transaction(data: [1, 2, 3]), .notAPayment), (tokens(5, value: 1), .notAPayment),
      (transaction(to: token, value: 0, data: [0xa9, 5, 9, 0xcb]), .notAPayment),
      (
        transaction(
          to: recipient, value: 0, data: ERC20.transferCall(to: recipient, amount: big(1))),
        .assetNotListed
      ),
      (transaction(to: token), .recipientInvalid), (transaction(to: .zero), .recipientInvalid),
      (transaction(to: wallet), .recipientInvalid), (tokens(5, to: wallet), .recipientInvalid),
      (tokens(5, to: token), .recipientInvalid), (tokens(5, to: .zero), .recipientInvalid),
      (transaction(value: 1_000_001), .overTransactionLimit), (tokens(501), .overTransactionLimit),
      (transaction(maximum: 101), .feeTooHigh), (transaction(gas: 100_001), .gasTooHigh),
    ]
    for (transaction, expected) in rows {
      #expect(refusal(transaction, rules()) == expected, "\(transaction)")
    }
    let listed = rules(policy(allowList: [address(0x44)]))
    #expect(refusal(transaction(), listed) == .notOnAllowList)
    #expect(refusal(transaction(to: address(0x44)), listed) == nil)
    #expect(refusal(noop(), listed) == nil)
    #expect(Set(SignerRefusal.allCases.map(\.rawValue)).count == SignerRefusal.allCases.count)
  }

  @Test func oneNonceIsOnePayment() throws {
    var rules = rules()
    rules.record(try rules.judge(transaction(), at: 1_000))
    #expect(refusal(transaction(), rules) == nil)
    #expect(refusal(transaction(value: 1_001), rules) == .nonceUsed)
    #expect(refusal(transaction(to: address(0x34)), rules) == .nonceUsed)
    #expect(refusal(tokens(5), rules) == .nonceUsed)
    #expect(refusal(transaction(gas: 22_000), rules) == .nonceUsed)
    #expect(refusal(transaction(maximum: 11, priority: 1), rules) == .feeNotRaised)
    #expect(refusal(transaction(maximum: 10, priority: 2), rules) == .feeNotRaised)
    #expect(refusal(transaction(maximum: 9, priority: 1), rules) == .feeNotRaised)
    #expect(refusal(transaction(maximum: 11, priority: 2), rules) == nil)
    rules.record(try rules.judge(transaction(maximum: 20, priority: 3), at: 1_000))
    #expect(refusal(transaction(maximum: 21, priority: 4), rules) == .feeNotRaised)
    // A cancellation is decisive: the payment is not signed any more, however dear.
    #expect(refusal(noop(maximum: 21, priority: 4), rules) == .feeNotRaised)
    rules.record(try rules.judge(noop(maximum: 22, priority: 4), at: 1_000))
    #expect(refusal(transaction(maximum: 90, priority: 50), rules) == .nonceCancelled)
    #expect(refusal(transaction(maximum: 20, priority: 3), rules) == .nonceCancelled)
    #expect(refusal(noop(maximum: 22, priority: 4), rules) == nil)
    #expect(refusal(noop(maximum: 25, priority: 5), rules) == nil)
  }

  @Test func limitsRollOverADay() throws {
    var rules = rules()
    for nonce in UInt64(0)..<3 {
      let payment = transaction(nonce: nonce, value: 1_000_000)
      rules.record(try rules.judge(payment, at: 1_000 + Int64(nonce)))
    }
    #expect(refusal(transaction(nonce: 3, value: 1), rules, at: 2_000) == .overDayLimit)
    // Raising a fee pays nothing more.
    #expect(
      refusal(transaction(nonce: 2, maximum: 20, priority: 5, value: 1_000_000), rules, at: 2_000)
        == nil)
    // A clock that goes back gives nothing free.
    #expect(refusal(transaction(nonce: 3, value: 1), rules, at: -500_000) == .overDayLimit)
    #expect(refusal(transaction(nonce: 3, value: 1), rules, at: 1_000 + 86_399) == .overDayLimit)
    #expect(refusal(transaction(nonce: 3, value: 1), rules, at: 1_000 + 86_400) == nil)
  }

  /// Random requests: what was signed is, recomputed from a list of all of it, within every promise.
  @Test(arguments: UInt64(1)...30) func promisesHold(seed: UInt64) throws {
    var random = SplitMix(state: seed)
    var rules = rules()
    var signed: [SignedRecord] = []
    var now: Int64 = 1_000
    for _ in 0..<600 {
      now += Int64(random.next() % 4_000) - 500
      let nonce = random.next() % 12 + UInt64(signed.count / 8)
      let fee = random.next() % 95 + 1
      let asked: Transaction1559 =
        switch random.next() % 4 {
        case 0: noop(nonce: nonce, maximum: fee, priority: fee / 3)
        case 1: tokens(random.next() % 520 + 1, nonce: nonce)
        default:
          transaction(
            nonce: nonce, maximum: fee, priority: fee / 3,
            value: random.next() % 2 == 0 ? 1_000 : random.next() % 1_000_100)
        }
      guard let record = try? rules.judge(asked, at: now) else { continue }
      check(record, signed, seed)
      rules.record(record)
      signed.append(record)
    }
    #expect(signed.count > 20, "seed \(seed): too little was signed to mean anything")
  }

  private func check(_ record: SignedRecord, _ signed: [SignedRecord], _ seed: UInt64) {
    let before = signed.filter { $0.nonce == record.nonce }
    let isSame = before.contains { earlier in
      earlier.kind == record.kind && earlier.priorityFee == record.priorityFee
        && earlier.maximumFee == record.maximumFee
    }
    if !isSame {
      for earlier in before {
        #expect(SignerRules.isRaised(record.maximumFee, over: earlier.maximumFee), "seed \(seed)")
        #expect(SignerRules.isRaised(record.priorityFee, over: earlier.priorityFee), "seed \(seed)")
      }
    }
    guard record.kind == .payment else { return }
    #expect(!before.contains { $0.kind == .cancellation }, "seed \(seed)")
    #expect(
      before.filter { $0.kind == .payment }.allSatisfy { $0.payment == record.payment },
      "seed \(seed)")
    // The first payment of each nonce of the last day, this one included.
    var firsts: [UInt64: SignedRecord] = [:]
    for one in signed + [record] where one.kind == .payment && firsts[one.nonce] == nil {
      firsts[one.nonce] = one
    }
    let latest = (signed + [record]).map(\.time).max() ?? 0
    let sum = firsts.values
      .filter { $0.contract == record.contract && latest - $0.time < 86_400 }
      .reduce(UInt256.zero) { $0.adding($1.amount) ?? .max }
    #expect(sum <= (record.contract == nil ? big(3_000_000) : big(1_000)), "seed \(seed)")
  }
}

struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

@Suite struct SignerFileTests {
  private func records(_ path: String) throws -> [SignedRecord] {
    var found: [SignedRecord] = []
    _ = try SignerLog(path: path, wallet: wallet, chainID: 5) { found.append($0) }
    return found
  }

  private func fill(_ path: String, _ count: UInt64) throws -> [SignedRecord] {
    let rules = SignerRules(policy: policy(), wallet: wallet)
    let log = try SignerLog(path: path, wallet: wallet, chainID: 5) { _ in }
    var written: [SignedRecord] = []
    for nonce in 0..<count {
      let asked = nonce % 3 == 2 ? tokens(5, nonce: nonce) : transaction(nonce: nonce)
      let record = try rules.judge(asked, at: 1_000)
      try log.append(record)
      written.append(record)
    }
    return written
  }

  @Test func whatIsWrittenIsThere() throws {
    try withDirectory { directory in
      let path = directory + "/signed.log"
      let written = try fill(path, 5)
      #expect(try records(path) == written)
      #expect(throws: SignerFileError.self) {
        _ = try SignerLog(path: path, wallet: address(1), chainID: 5) { _ in }
      }
      #expect(throws: SignerFileError.self) {
        _ = try SignerLog(path: path, wallet: wallet, chainID: 6) { _ in }
      }
      let held = try SignerLog(path: path, wallet: wallet, chainID: 5) { _ in }
      #expect(throws: SignerFileError.self) { _ = try records(path) }
      withExtendedLifetime(held) {}
    }
  }

  /// Cut off anywhere in its last record the file is what it was before; changed anywhere before, it is refused.
  @Test func damageIsSeen() throws {
    try withDirectory { directory in
      let path = directory + "/signed.log"
      let written = try fill(path, 3)
      let whole = try Data(contentsOf: URL(fileURLWithPath: path))
      let size = (whole.count - 43) / 3
      func put(_ data: Data) throws {
        try? FileManager.default.removeItem(atPath: path)
        #expect(
          FileManager.default.createFile(
            atPath: path, contents: data, attributes: [.posixPermissions: 0o600]))
      }
      for cut in stride(from: 1, to: size, by: 7) {
        try put(whole.dropLast(cut))
        #expect(try records(path) == Array(written.dropLast()), "cut \(cut)")
        // What was cut off may be written anew.
        let log = try SignerLog(path: path, wallet: wallet, chainID: 5) { _ in }
        try log.append(written[2])
      }
      try put(whole)
      #expect(try records(path) == written)
      for index in stride(from: 0, to: whole.count, by: 11) {
        var damaged = whole
        damaged[index] ^= 0x10
        try put(damaged)
        #expect(throws: SignerFileError.self, "byte \(index)") { _ = try records(path) }
      }
    }
  }

  @Test func theKeyIsSealed() throws {
    try withDirectory { directory in
      let path = directory + "/hot.json"
      let key = testKey()
      let passphrase = Array("correct horse".utf8)
      try KeyFile.write(key, to: path, passphrase: passphrase)
      #expect(try KeyFile.read(path, passphrase: passphrase).address == wallet)
      #expect(throws: SignerFileError.self) {
        try KeyFile.write(SecretKey.random(), to: path, passphrase: passphrase)
      }
      #expect(throws: SignerFileError.self) {
        _ = try KeyFile.read(path, passphrase: Array("wrong horse".utf8)).address
      }
      let text = try String(contentsOfFile: path, encoding: .utf8)
      #expect(!text.contains(Hex.encode(secret).dropFirst(2)))
      // Another address, a cheaper passphrase, a changed byte.
      for (old, new) in [
        ("\(wallet)", "\(address(1))"), (#""rounds":131072"#, #""rounds":1024"#),
        (#""sealed":"0x"#, #""sealed":"0x00"#),
      ] {
        let changed = text.replacingOccurrences(of: old, with: new)
        #expect(changed != text)
        let other = directory + "/other-\(new.count)"
        #expect(
          FileManager.default.createFile(
            atPath: other, contents: Data(changed.utf8), attributes: [.posixPermissions: 0o600]))
        #expect(throws: SignerFileError.self) {
          _ = try KeyFile.read(other, passphrase: passphrase).address
        }
      }
      for mode in [0o640, 0o604, 0o644] {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        #expect(throws: SignerFileError.self) {
          _ = try KeyFile.read(path, passphrase: passphrase).address
        }
      }
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
      let link = directory + "/link"
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
      #expect(throws: SignerFileError.self) {
        _ = try KeyFile.read(link, passphrase: passphrase).address
      }
    }
  }

  @Test func aPolicyIsReadStrictly() throws {
    try withDirectory { directory in
      let path = directory + "/policy.json"
      let good = """
        {"chain_id": 5, "maximum_fee_per_gas": "100", "maximum_gas_limit": 100000,
         "maximum_gas_cost_per_day": "200000000", "assets": [
           {"asset": "ETH", "maximum_per_transaction": "1000000", "maximum_per_day": "3000000"},
           {"asset": "USDC", "contract": "\(token)", "maximum_per_transaction": "500",
            "maximum_per_day": "1000"}]}
        """
      try good.write(toFile: path, atomically: true, encoding: .utf8)
      #expect(try SignerPolicy(file: path) == policy())
      for (old, new) in [
        (#""chain_id": 5"#, #""chain_id": 5, "extra": 1"#), (#""chain_id": 5"#, #""chain": 5"#),
        (#""100""#, "100"), (#""100""#, #""-100""#), (#""3000000""#, #""3e6""#),
        ("\(token)", "0x12"), ("100000,", #""100000","#), (#""asset": "ETH""#, #""asset": 1"#),
        (#", "contract": "\#(token)""#, ""),
      ] {
        let bad = good.replacingOccurrences(of: old, with: new)
        #expect(bad != good, "\(old)")
        try bad.write(toFile: path, atomically: true, encoding: .utf8)
        #expect(throws: SignerFileError.self, "\(new)") { _ = try SignerPolicy(file: path) }
      }
    }
  }
}
