// What is signed and what is not: a row for each refusal, and seeded histories against an oracle.

import Ethereum
import SeededNumbers
import Testing

@testable import Signer

@Suite struct RulesTests {
  private struct Row {
    var name: String
    /// Signed before, each at second 0.
    var before: [Transaction1559] = []
    var policy: SignerPolicy
    var transaction: Transaction1559
    var seconds: Int64 = 0
    var decision: SignerRules.Decision
  }

  private static func check(_ row: Row) throws {
    var rules = SignerRules(account: Accounts.own, policy: row.policy)
    for transaction in row.before { try rules.record(transaction, at: 0) }
    #expect(rules.judged(row.transaction, at: row.seconds) == row.decision, "\(row.name)")
    #expect(rules.time == 0)
    #expect(rules.decide(row.transaction, at: row.seconds) == row.decision, "\(row.name)")
  }

  private static func rows() throws -> [Row] {
    let standard = try policy()
    var rows: [Row] = []
    func add(
      _ name: String, _ transaction: Transaction1559, after before: [Transaction1559] = [],
      at seconds: Int64 = 0, policy: SignerPolicy? = nil, _ decision: SignerRules.Decision
    ) {
      rows.append(
        Row(
          name: name, before: before, policy: policy ?? standard, transaction: transaction,
          seconds: seconds, decision: decision))
    }
    func refuse(
      _ refusal: SignerRefusal, _ name: String, _ transaction: Transaction1559,
      after before: [Transaction1559] = [], at seconds: Int64 = 0, policy: SignerPolicy? = nil
    ) {
      add(name, transaction, after: before, at: seconds, policy: policy, .refused(refusal))
    }
    let transfer = ERC20.transferCall(to: Accounts.alice, amount: wei(1))

    add("a payment at its limit", pay(1_000), .sign)
    add("a token's payment at its limit", payToken(500), .sign)
    add("a cancel", cancel(), .sign)
    refuse(.wrongChain, "another chain", pay(1, chain: 8))

    refuse(.notAPayment, "data to an account", pay(0, data: [1]))
    refuse(.notAPayment, "a transfer with the coin", pay(1, to: Accounts.token, data: transfer))
    refuse(.notAPayment, "a longer transfer", pay(0, to: Accounts.token, data: transfer + [0]))
    refuse(
      .notAPayment, "a shorter transfer", pay(0, to: Accounts.token, data: transfer.dropLast()))
    refuse(
      .notAPayment, "approve(address,uint256)",
      pay(0, to: Accounts.token, data: [0x09, 0x5e, 0xa7, 0xb3] + transfer.dropFirst(4)))
    var padded = transfer
    padded[4] = 1
    refuse(.notAPayment, "a padded recipient", pay(0, to: Accounts.token, data: padded))
    refuse(.notAPayment, "data to the own address", pay(0, to: Accounts.own, data: transfer))
    refuse(.zeroAmount, "nothing", pay(0))
    refuse(.zeroAmount, "no tokens", payToken(0))
    refuse(.badRecipient, "to nobody", pay(1, to: .zero))
    refuse(.badRecipient, "to the signer", pay(1, to: Accounts.own))
    refuse(.badRecipient, "the coin to a token", pay(1, to: Accounts.token))
    refuse(.badRecipient, "tokens to nobody", payToken(1, to: .zero))
    refuse(.badRecipient, "tokens to the signer", payToken(1, to: Accounts.own))
    refuse(.badRecipient, "tokens to their contract", payToken(1, to: Accounts.token))
    refuse(.assetNotListed, "another token", payToken(1, of: Accounts.otherToken))
    refuse(
      .assetNotListed, "no coin", pay(1),
      policy: try SignerPolicy(
        chainID: 7, assets: Array(standard.assets.dropFirst()), maximumFeePerGas: wei(1_000),
        maximumGasLimit: 100_000, maximumGasCostPerDay: wei(1_000_000_000)))
    let listed = try policy(allowList: [Accounts.bob])
    add("on the allow-list", pay(1, to: Accounts.bob), policy: listed, .sign)
    add("tokens on the allow-list", payToken(1, to: Accounts.bob), policy: listed, .sign)
    add("a cancel needs no allow-list", cancel(), policy: listed, .sign)
    refuse(.notOnAllowList, "not on the allow-list", pay(1), policy: listed)
    refuse(.notOnAllowList, "tokens not on the allow-list", payToken(1), policy: listed)

    refuse(.overTransactionLimit, "over a transaction's limit", pay(1_001))
    refuse(.overTransactionLimit, "tokens over a transaction's limit", payToken(501))
    let thousand = [pay(1_000, nonce: 1), pay(1_000, nonce: 2)]
    add("a day's limit is reached", pay(1_000, nonce: 3), after: thousand, .sign)
    let three = thousand + [pay(999, nonce: 3)]
    add("one is left", pay(1, nonce: 4), after: three, .sign)
    refuse(.overDayLimit, "one is left, not two", pay(2, nonce: 4), after: three)
    refuse(.overDayLimit, "a second before", pay(2, nonce: 4), after: three, at: 86_399)
    add("a day later", pay(2, nonce: 4), after: three, at: 86_400, .sign)
    add("tokens have their own day", payToken(500, nonce: 4), after: three, .sign)
    add("raised, not counted again", pay(999, nonce: 3, fee: 110), after: three, .sign)
    let tokens = [1, 2, 3].map { payToken(500, nonce: $0) }
    refuse(.overDayLimit, "a day of tokens", payToken(1, nonce: 4), after: tokens)

    add("gas at its limits", pay(1, fee: 1_000, gas: 100_000), .sign)
    refuse(.gasTooHigh, "gas", pay(1, gas: 100_001))
    refuse(.feeTooHigh, "fee", pay(1, fee: 1_001))
    refuse(.feeTooHigh, "a cancel's fee", cancel(fee: 1_001))
    let tight = try policy(gasCost: 4_200_000)
    let first = [pay(1, fee: 100)]
    add("a day of gas", pay(1, nonce: 1, fee: 100), after: first, policy: tight, .sign)
    refuse(
      .gasCostOverDayLimit, "over a day of gas", pay(1, nonce: 1, fee: 101), after: first,
      policy: tight)
    add("a nonce costs once", pay(1, fee: 200), after: first, policy: tight, .sign)
    refuse(.gasCostOverDayLimit, "raised too far", pay(1, fee: 201), after: first, policy: tight)
    add(
      "a day later, gas", pay(1, nonce: 1, fee: 101), after: first, at: 86_400, policy: tight, .sign
    )
    refuse(
      .gasCostOverDayLimit, "the dearest attempt counts", pay(1, nonce: 1, fee: 1),
      after: [pay(1, fee: 100, gas: 42_000), cancel(fee: 110)], policy: tight)

    let paid = [pay(5, fee: 100, gas: 30_000)]
    add("the same again", paid[0], after: paid, .repeated)
    add("the same a year later", paid[0], after: paid, at: 31_536_000, .repeated)
    add(
      "the same, whatever the policy is now", paid[0], after: paid,
      policy: try policy(ether: 1, etherDay: 1, fee: 1, gasLimit: 21_000), .repeated)
    refuse(.nonceUsed, "another amount", pay(6, fee: 200, gas: 30_000), after: paid)
    refuse(
      .nonceUsed, "another recipient", pay(5, to: Accounts.bob, fee: 200, gas: 30_000), after: paid)
    refuse(.nonceUsed, "tokens instead", payToken(5, fee: 200), after: paid)
    refuse(.gasLimitChanged, "another gas limit", pay(5, fee: 200, gas: 30_001), after: paid)
    refuse(.feeNotRaised, "one below a tenth", pay(5, fee: 109, gas: 30_000), after: paid)
    refuse(
      .feeNotRaised, "only the maximum", pay(5, fee: 200, priority: 109, gas: 30_000), after: paid)
    add("a tenth more", pay(5, fee: 110, gas: 30_000), after: paid, .sign)
    let raised = paid + [pay(5, fee: 110, gas: 30_000)]
    refuse(
      .feeNotRaised, "a tenth over the first only", pay(5, fee: 120, gas: 30_000), after: raised)
    add("the first attempt again", paid[0], after: raised, .repeated)
    refuse(
      .feeNotRaised, "a priority fee of zero stays", pay(1, fee: 200, priority: 0),
      after: [pay(1, fee: 100, priority: 0)])
    refuse(
      .overTransactionLimit, "raised under a tighter policy", pay(5, fee: 110, gas: 30_000),
      after: paid, policy: try policy(ether: 4))

    refuse(.feeNotRaised, "a cancel at the same fees", cancel(fee: 100), after: paid)
    add("a cancel a tenth dearer", cancel(fee: 110), after: paid, .sign)
    let cancelled = paid + [cancel(fee: 110)]
    refuse(
      .nonceCancelled, "a payment is not raised over a cancel", pay(5, fee: 200, gas: 30_000),
      after: cancelled)
    add("the payment's bytes again", paid[0], after: cancelled, .repeated)
    refuse(.nonceCancelled, "no payment after a cancel", pay(5, fee: 200), after: [cancel()])
    refuse(.feeNotRaised, "a cancel is raised by a tenth", cancel(fee: 120), after: cancelled)
    add("a cancel is raised", cancel(fee: 121), after: cancelled, .sign)
    refuse(
      .gasLimitChanged, "a cancel's gas limit", cancel(fee: 200, gas: 22_000), after: cancelled)
    return rows
  }

  @Test func decidesByTheRules() throws {
    for row in try Self.rows() { try Self.check(row) }
  }

  @Test func everyRefusalHasARow() throws {
    var missing = Set(SignerRefusal.allCases)
    for row in try Self.rows() {
      if case .refused(let refusal) = row.decision { missing.remove(refusal) }
    }
    // Bytes that are no transaction do not reach the rules.
    #expect(missing == [.malformed])
    for refusal in SignerRefusal.allCases {
      #expect(refusal.rawValue.allSatisfy { $0 == "_" || $0.isLowercase })
    }
  }

  @Test func theClockNeverGoesBack() throws {
    var rules = SignerRules(account: Accounts.own, policy: try policy())
    for nonce in 0..<3 as Range<UInt64> {
      #expect(rules.decide(pay(1_000, nonce: nonce), at: 1_000) == .sign)
      try rules.record(pay(1_000, nonce: nonce), at: rules.time)
    }
    #expect(rules.decide(pay(1, nonce: 3), at: -90_000) == .refused(.overDayLimit))
    #expect(rules.time == 1_000)
    #expect(throws: SignerContradiction.clockWentBack) {
      try rules.record(pay(1, nonce: 3), at: 999)
    }
    #expect(rules.decide(pay(1, nonce: 3), at: 87_400) == .sign)
  }

  @Test func sumsDoNotOverflow() throws {
    let large = try SignerPolicy(
      chainID: 7,
      assets: [.init(code: "ETH", contract: nil, maximumPerTransaction: .max, maximumPerDay: .max)],
      maximumFeePerGas: .max, maximumGasLimit: .max, maximumGasCostPerDay: .max)
    func huge(_ nonce: UInt64, value: UInt256, fee: UInt256) throws -> Transaction1559 {
      guard let fees = GasFees(maximum: fee, priority: fee) else { throw Unexpected("fees") }
      return try Transaction1559(
        chainID: 7, nonce: nonce, fees: fees, gasLimit: 21_000, destination: Accounts.alice,
        value: value)
    }
    var rules = SignerRules(account: Accounts.own, policy: large)
    #expect(
      rules.decide(try huge(0, value: .one, fee: .max), at: 0) == .refused(.gasCostOverDayLimit))
    #expect(rules.decide(try huge(0, value: .max, fee: .one), at: 0) == .sign)
    try rules.record(huge(0, value: .max, fee: .one), at: 0)
    #expect(rules.decide(try huge(1, value: .one, fee: .one), at: 0) == .refused(.overDayLimit))
  }

  // MARK: Histories

  /// All that was signed, and the rules in their plainest words.
  private struct Oracle {
    let policy: SignerPolicy
    var signed: [(time: Int64, transaction: Transaction1559)] = []

    func decides(_ new: Transaction1559, at time: Int64) -> (isSigned: Bool, isRepeated: Bool) {
      let here = signed.filter { $0.transaction.nonce == new.nonce }.map(\.transaction)
      if here.contains(new) { return (true, true) }
      let isCancel = new.destination == Accounts.own
      let payments = here.filter { $0.destination != Accounts.own }
      if !isCancel && here.contains(where: { $0.destination == Accounts.own }) {
        return (false, false)
      }
      for old in isCancel ? here.filter({ $0.destination == Accounts.own }) : payments {
        let isSame =
          old.destination == new.destination && old.value == new.value && old.data == new.data
          && old.gasLimit == new.gasLimit
        if !isSame { return (false, false) }
      }
      for old in here where !Self.isRaised(new.fees, old.fees) { return (false, false) }
      let isWithin =
        new.gasLimit <= policy.maximumGasLimit && new.fees.maximum <= policy.maximumFeePerGas
      guard isWithin, gas(with: new, at: time) <= number(policy.maximumGasCostPerDay) else {
        return (false, false)
      }
      if isCancel { return (true, false) }
      let (asset, amount) = Self.amount(new)
      let limits = policy.assets[asset]
      guard amount <= number(limits.maximumPerTransaction) else { return (false, false) }
      if !payments.isEmpty { return (true, false) }
      return (paid(asset, at: time) + amount <= number(limits.maximumPerDay), false)
    }

    /// Of payments, each nonce once, at its first signature.
    func paid(_ asset: Int, at time: Int64) -> UInt64 {
      var seen: Set<UInt64> = []
      var sum: UInt64 = 0
      for (then, transaction) in signed where transaction.destination != Accounts.own {
        guard seen.insert(transaction.nonce).inserted, time - then < 86_400 else { continue }
        let (paidAsset, amount) = Self.amount(transaction)
        if paidAsset == asset { sum += amount }
      }
      return sum
    }

    /// Of nonces with an attempt within the day, by their dearest attempt of all time.
    func gas(with new: Transaction1559?, at time: Int64) -> UInt64 {
      var dearest: [UInt64: UInt64] = [:]
      var recent: Set<UInt64> = []
      for (then, transaction) in signed + (new.map { [(time, $0)] } ?? []) {
        let cost = transaction.gasLimit * number(transaction.fees.maximum)
        dearest[transaction.nonce] = max(dearest[transaction.nonce] ?? 0, cost)
        if time - then < 86_400 { recent.insert(transaction.nonce) }
      }
      return recent.reduce(0) { $0 + (dearest[$1] ?? 0) }
    }

    static func isRaised(_ new: GasFees, _ old: GasFees) -> Bool {
      number(new.maximum) * 10 >= number(old.maximum) * 11
        && number(new.priority) * 10 >= number(old.priority) * 11
        && new.maximum > old.maximum && new.priority > old.priority
    }

    static func amount(_ transaction: Transaction1559) -> (asset: Int, amount: UInt64) {
      if let call = try? ERC20.decodeTransferCall(transaction.data) {
        return (1, number(call.amount))
      }
      return (0, number(transaction.value))
    }
  }

  private static func transaction(_ random: inout SeededNumbers, _ oracle: Oracle)
    -> Transaction1559
  {
    let last = oracle.signed.last?.transaction
    // Repeats and raises of what was signed, changed or not, else something new.
    if let last, random.below(2) == 0 {
      let old =
        random.below(2) == 0
        ? last : oracle.signed[random.below(oracle.signed.count)].transaction
      let fee = number(old.fees.maximum) * UInt64(95 + random.below(30)) / 100 + 1
      switch random.below(6) {
      case 0: return old
      case 1: return cancel(nonce: old.nonce, fee: fee)
      case 2: return pay(number(old.value) + 1, nonce: old.nonce, fee: fee, gas: old.gasLimit)
      default:
        guard
          let fees = GasFees(
            maximum: wei(fee),
            priority: wei(min(fee, number(old.fees.priority) * UInt64(95 + random.below(30)) / 100))
          ),
          let raised = try? Transaction1559(
            chainID: 7, nonce: old.nonce, fees: fees, gasLimit: old.gasLimit,
            destination: old.destination, value: old.value, data: old.data)
        else { return old }
        return raised
      }
    }
    let nonce = UInt64(random.below(oracle.signed.count + 3))
    let fee = UInt64(1 + random.below(700))
    switch random.below(8) {
    case 0: return cancel(nonce: nonce, fee: fee)
    case 1, 2, 3: return payToken(UInt64(1 + random.below(510)), nonce: nonce, fee: fee)
    default: return pay(UInt64(1 + random.below(1_020)), nonce: nonce, fee: fee)
    }
  }

  @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
  func agreesWithTheOracle(seed: UInt64) throws {
    var random = SeededNumbers(seed)
    let policy = try policy(gasCost: 200_000_000)
    var oracle = Oracle(policy: policy)
    var rules = SignerRules(account: Accounts.own, policy: policy)
    // What the wall clock should say, and the latest that it has said.
    var now: Int64 = 1_000
    var time = now
    var (signed, repeated, refused) = (0, 0, 0)
    for step in 0..<1_500 {
      // Up to an hour on; now and then the clock is set back, which stops time and no more.
      now += random.below(3) == 0 ? Int64(random.below(3_600)) : 0
      let clock = random.below(10) == 0 ? now - Int64(random.below(100_000)) : now
      time = max(time, clock)
      let transaction = Self.transaction(&random, oracle)
      let expected = oracle.decides(transaction, at: time)
      // Asking before changes nothing, now or of a later time, and says the same.
      let before = rules.time
      _ = rules.judged(Self.transaction(&random, oracle), at: clock + 1_000_000)
      let judged = rules.judged(transaction, at: clock)
      #expect(rules.time == before)
      let decided = rules.decide(transaction, at: clock)
      #expect(judged == decided, "seed \(seed), step \(step)")
      switch decided {
      case .sign:
        #expect(expected == (true, false), "seed \(seed), step \(step)")
        signed += 1
        try rules.record(transaction, at: rules.time)
        oracle.signed.append((time, transaction))
      case .repeated:
        #expect(expected == (true, true), "seed \(seed), step \(step)")
        repeated += 1
      case .refused(let refusal):
        #expect(expected == (false, false), "seed \(seed), step \(step): \(refusal)")
        refused += 1
      }
      #expect(oracle.paid(0, at: time) <= 3_000 && oracle.paid(1, at: time) <= 1_500)
      #expect(oracle.gas(with: nil, at: time) <= 200_000_000)
      // A start: what the log holds gives the same rules, at the time of its last entry.
      if random.below(200) == 0 {
        rules = SignerRules(account: Accounts.own, policy: policy)
        for (then, transaction) in oracle.signed { try rules.record(transaction, at: then) }
        time = oracle.signed.last?.time ?? 0
      }
    }
    let nonces = Dictionary(grouping: oracle.signed.map(\.transaction), by: \.nonce)
    for (nonce, attempts) in nonces {
      let payments = attempts.filter { $0.destination != Accounts.own }
      #expect(
        Set(payments.map { [$0.destination.bytes, $0.data, [UInt8]("\($0.value)".utf8)] }).count
          <= 1)
      for (old, new) in zip(attempts, attempts.dropFirst()) {
        #expect(Oracle.isRaised(new.fees, old.fees), "seed \(seed), nonce \(nonce)")
      }
    }
    #expect(rules.nonces.count == nonces.count)
    #expect(signed > 60 && repeated > 20 && refused > 60, "\(signed) \(repeated) \(refused)")
    #expect(nonces.values.contains { $0.count > 2 })
  }
}

/// The tests' amounts are small.
private func number(_ amount: UInt256) -> UInt64 { UInt64(exactly: amount) ?? .max }
