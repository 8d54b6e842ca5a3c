// Whether a transaction is signed: a pure decision from the policy and from what was signed before.

public import Ethereum

/// Why a transaction is not signed. The code is for programs, the words are for people.
public enum SignerRefusal: String, Error, Sendable, CaseIterable {
  case malformed
  case wrongChain = "wrong_chain"
  case notAPayment = "not_a_payment"
  case assetNotListed = "asset_not_listed"
  case recipientInvalid = "recipient_invalid"
  case notOnAllowList = "not_on_allow_list"
  case overTransactionLimit = "over_transaction_limit"
  case overDayLimit = "over_day_limit"
  case feeTooHigh = "fee_too_high"
  case gasTooHigh = "gas_too_high"
  case gasCostOverDayLimit = "gas_cost_over_day_limit"
  case nonceUsed = "nonce_used"
  case nonceCancelled = "nonce_cancelled"
  case feeNotRaised = "fee_not_raised"

  public var meaning: String {
    switch self {
    case .malformed: "the bytes are no transaction of the exchange's kind"
    case .wrongChain: "the transaction is for another chain"
    case .notAPayment: "it is neither a payment nor a token's transfer nor a cancellation"
    case .assetNotListed: "the policy does not list the asset"
    case .recipientInvalid: "the recipient is zero, the wallet itself or a token's contract"
    case .notOnAllowList: "the recipient is not on the allow-list"
    case .overTransactionLimit: "the amount is above the limit of one payment"
    case .overDayLimit: "the payments of 24 hours would be above their limit"
    case .feeTooHigh: "the maximum fee is above the policy's"
    case .gasTooHigh: "the gas limit is above the policy's"
    case .gasCostOverDayLimit: "the gas of 24 hours would cost more than its limit"
    case .nonceUsed: "another payment was signed with this nonce"
    case .nonceCancelled: "a cancellation was signed with this nonce"
    case .feeNotRaised: "a replacement raises both fees by a tenth or more"
    }
  }
}

/// One signature, as it is remembered.
public struct SignedRecord: Sendable, Equatable {
  public enum Kind: UInt8, Sendable {
    case payment = 0
    /// Nothing, to the wallet itself.
    case cancellation = 1
  }

  public var nonce: UInt64
  public var kind: Kind
  /// Of a payment: whom, what, and how much in the chain's smallest units.
  public var contract: Address?
  public var recipient: Address
  public var amount: UInt256
  public var gasLimit: UInt64
  public var priorityFee: UInt256
  public var maximumFee: UInt256
  /// Seconds since 1970.
  public var time: Int64

  var payment: Payment { Payment(contract: contract, recipient: recipient, amount: amount) }

  struct Payment: Hashable {
    var contract: Address?
    var recipient: Address
    var amount: UInt256
  }
}

/// The signer's judgement. It holds what was signed (about 300 bytes a nonce), and changes only by `record`.
public struct SignerRules: Sendable {
  static let day: Int64 = 86_400

  private struct Nonce: Sendable {
    var payment: SignedRecord?
    var isCancelled = false
    /// The dearest attempt of either kind.
    var priorityFee: UInt256
    var maximumFee: UInt256
    var gasCost: UInt256
    var time: Int64
  }

  public let policy: SignerPolicy
  public let wallet: Address
  private var nonces: [UInt64: Nonce] = [:]
  /// Nonces by the time of their first signature, for the limits of a day.
  private var recent: [UInt64] = []
  /// Never goes back.
  private(set) var time: Int64 = 0

  public init(policy: SignerPolicy, wallet: Address) {
    self.policy = policy
    self.wallet = wallet
  }

  /// What would be recorded for a transaction, or why it is not signed. `now` is in seconds.
  public func judge(
    _ transaction: Transaction1559, at now: Int64
  ) throws(SignerRefusal) -> SignedRecord {
    guard transaction.chainID == policy.chainID else { throw .wrongChain }
    let record = try classify(transaction, at: max(now, time))
    guard transaction.fees.maximum <= policy.maximumFeePerGas else { throw .feeTooHigh }
    guard transaction.gasLimit <= policy.maximumGasLimit else { throw .gasTooHigh }
    let known = nonces[record.nonce]
    if let known { try checkReplacement(record, known) }
    if known?.payment == nil, record.kind == .payment { try checkLimits(record) }
    try checkGas(record, known)
    return record
  }

  private func classify(
    _ transaction: Transaction1559, at time: Int64
  ) throws(SignerRefusal) -> SignedRecord {
    var record = SignedRecord(
      nonce: transaction.nonce, kind: .payment, contract: nil, recipient: transaction.destination,
      amount: transaction.value, gasLimit: transaction.gasLimit,
      priorityFee: transaction.fees.priority, maximumFee: transaction.fees.maximum, time: time)
    if transaction.data.isEmpty {
      if transaction.destination == wallet, transaction.value == .zero {
        record.kind = .cancellation
        return record
      }
    } else {
      guard transaction.value == .zero,
        let call = try? ERC20.decodeTransferCall(transaction.data)
      else { throw .notAPayment }
      record.contract = transaction.destination
      record.recipient = call.recipient
      record.amount = call.amount
    }
    guard policy.asset(record.contract) != nil else { throw .assetNotListed }
    guard record.amount > .zero else { throw .notAPayment }
    guard record.recipient != .zero, record.recipient != wallet,
      !policy.assets.contains(where: { $0.contract == record.recipient })
    else { throw .recipientInvalid }
    guard policy.allowList?.contains(record.recipient) ?? true else { throw .notOnAllowList }
    return record
  }

  /// One payment a nonce, for ever; both fees rise by a tenth; after a cancellation no payment any more.
  private func checkReplacement(
    _ record: SignedRecord, _ known: Nonce
  ) throws(SignerRefusal) {
    switch record.kind {
    case .payment:
      if let payment = known.payment {
        guard payment.payment == record.payment, payment.gasLimit == record.gasLimit else {
          throw .nonceUsed
        }
      }
      // The very same again has the same signature: it tells nobody anything new.
      let isSame =
        known.payment != nil && known.priorityFee == record.priorityFee
        && known.maximumFee == record.maximumFee
      if known.isCancelled { throw .nonceCancelled }
      if isSame { return }
    case .cancellation:
      let isSame =
        known.isCancelled && known.priorityFee == record.priorityFee
        && known.maximumFee == record.maximumFee
      if isSame { return }
    }
    guard Self.isRaised(record.priorityFee, over: known.priorityFee),
      Self.isRaised(record.maximumFee, over: known.maximumFee)
    else { throw .feeNotRaised }
  }

  static func isRaised(_ fee: UInt256, over earlier: UInt256) -> Bool {
    guard let ten = fee.multiplied(by: UInt256(10 as UInt64)),
      let eleven = earlier.multiplied(by: UInt256(11 as UInt64))
    else { return false }
    return ten >= eleven
  }

  private func checkLimits(_ record: SignedRecord) throws(SignerRefusal) {
    guard let asset = policy.asset(record.contract) else { throw .assetNotListed }
    guard record.amount <= asset.maximumPerTransaction else { throw .overTransactionLimit }
    var sum = record.amount
    for nonce in recent {
      guard let payment = nonces[nonce]?.payment, payment.contract == record.contract,
        record.time - payment.time < Self.day
      else { continue }
      guard let next = sum.adding(payment.amount) else { throw .overDayLimit }
      sum = next
    }
    guard sum <= asset.maximumPerDay else { throw .overDayLimit }
  }

  private func checkGas(_ record: SignedRecord, _ known: Nonce?) throws(SignerRefusal) {
    guard var sum = Self.gasCost(record) else { throw .gasCostOverDayLimit }
    if let known { sum = max(sum, known.gasCost) }
    for nonce in recent where nonce != record.nonce {
      guard let other = nonces[nonce], record.time - other.time < Self.day else { continue }
      guard let next = sum.adding(other.gasCost) else { throw .gasCostOverDayLimit }
      sum = next
    }
    guard sum <= policy.maximumGasCostPerDay else { throw .gasCostOverDayLimit }
  }

  private static func gasCost(_ record: SignedRecord) -> UInt256? {
    UInt256(record.gasLimit).multiplied(by: record.maximumFee)
  }

  /// Takes a signature that is durable.
  public mutating func record(_ record: SignedRecord) {
    time = max(time, record.time)
    recent.removeAll { nonce in
      nonces[nonce].map { time - $0.time >= Self.day } ?? true
    }
    let cost = Self.gasCost(record) ?? .max
    var nonce =
      nonces[record.nonce]
      ?? Nonce(
        priorityFee: record.priorityFee, maximumFee: record.maximumFee, gasCost: cost,
        time: record.time)
    if nonces[record.nonce] == nil { recent.append(record.nonce) }
    switch record.kind {
    case .payment: if nonce.payment == nil { nonce.payment = record }
    case .cancellation: nonce.isCancelled = true
    }
    nonce.priorityFee = max(nonce.priorityFee, record.priorityFee)
    nonce.maximumFee = max(nonce.maximumFee, record.maximumFee)
    nonce.gasCost = max(nonce.gasCost, cost)
    nonces[record.nonce] = nonce
  }
}
