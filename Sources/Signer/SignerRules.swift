// What the signer signs: the policy's limits, and one payment for each nonce for ever.

public import Ethereum

/// Decides which transactions of one account are signed. A value without clock or I/O: from the
/// same history it gives the same decisions, so a start rebuilds it from the signer's log.
///
/// It keeps about 650 bytes for each nonce, and 32 for each further attempt of one.
public struct SignerRules: Sendable {
  public enum Decision: Equatable, Sendable {
    /// Not signed before: to be recorded, then signed.
    case sign
    /// Signed before, byte for byte: signing it again gives the bytes that were given.
    case repeated
    case refused(SignerRefusal)
  }

  public let account: Address
  public let policy: SignerPolicy
  /// Seconds since 1970; never goes back.
  public private(set) var time: Int64 = 0

  private(set) var nonces: [UInt64: Nonce] = [:]
  /// Payments, by contract.
  private var paid: [Address?: DayWindow] = [:]
  private var gasCosts = DayWindow()

  /// What was signed at a nonce.
  struct Nonce {
    /// The payment, and its gas limit.
    var payment: (digest: Hash32, gasLimit: UInt64)?
    /// Of the cancel; nil while there is none.
    var cancelGasLimit: UInt64?
    /// Of the last attempt, which has the highest.
    var fees: GasFees
    /// The highest of all attempts.
    var gasCost: UInt256
    /// Its number in `gasCosts`.
    var gasEntry: Int
    /// The signing hashes of all attempts, which are few: each raises the fees by 10 %.
    var first: Hash32
    var later: [Hash32] = []

    func contains(_ hash: Hash32) -> Bool { first == hash || later.contains(hash) }
  }

  public init(account: Address, policy: SignerPolicy) {
    self.account = account
    self.policy = policy
  }

  // MARK: Deciding

  /// Judges a transaction at a time of the wall clock, which counts only where it is not behind.
  ///
  /// A repetition is answered whatever the policy says now: its signature may be out since long.
  public mutating func decide(_ transaction: Transaction1559, at seconds: Int64) -> Decision {
    advance(to: seconds)
    do throws(SignerRefusal) {
      guard transaction.chainID == policy.chainID else { throw .wrongChain }
      let payload = try SignerPayload(transaction, account: account)
      let nonce = nonces[transaction.nonce]
      if let nonce, nonce.contains(transaction.signingHash) { return .repeated }
      if case .payment(let payment) = payload { try checkListed(payment) }
      try checkNonce(transaction, payload)
      try checkGas(transaction)
      if case .payment(let payment) = payload {
        try checkLimits(payment, isNew: nonce?.payment == nil)
      }
      return .sign
    } catch {
      return .refused(error)
    }
  }

  /// What `decide` would say, of a history and a time that stay as they are.
  public func judged(_ transaction: Transaction1559, at seconds: Int64) -> Decision {
    var copy = self
    return copy.decide(transaction, at: seconds)
  }

  private func checkListed(_ payment: SignerPayload.Payment) throws(SignerRefusal) {
    guard policy.asset(of: payment.contract) != nil else { throw .assetNotListed }
    guard policy.asset(of: payment.recipient) == nil else { throw .badRecipient }
    if let allowList = policy.allowList, !allowList.contains(payment.recipient) {
      throw .notOnAllowList
    }
  }

  /// What holds at a nonce whatever the policy is.
  private func checkNonce(
    _ transaction: Transaction1559, _ payload: SignerPayload
  ) throws(SignerRefusal) {
    guard let nonce = nonces[transaction.nonce] else { return }
    switch payload {
    case .cancel:
      if let gasLimit = nonce.cancelGasLimit, gasLimit != transaction.gasLimit {
        throw .gasLimitChanged
      }
    case .payment:
      guard nonce.cancelGasLimit == nil else { throw .nonceCancelled }
      guard let payment = nonce.payment, payment.digest == transaction.payloadDigest else {
        throw .nonceUsed
      }
      guard payment.gasLimit == transaction.gasLimit else { throw .gasLimitChanged }
    }
    guard
      Self.isRaised(transaction.fees.maximum, from: nonce.fees.maximum),
      Self.isRaised(transaction.fees.priority, from: nonce.fees.priority)
    else { throw .feeNotRaised }
  }

  /// By a tenth, rounded up, and by 1 at least: what nodes ask of a replacement (go-ethereum,
  /// core/txpool/legacypool, `PriceBump`).
  static func isRaised(_ fee: UInt256, from lower: UInt256) -> Bool {
    guard let difference = fee.subtracting(lower), difference > .zero else { return false }
    let (tenth, rest) = lower.quotientAndRemainder(dividingBy: 10 as UInt64)
    return difference > tenth || difference == tenth && rest == 0
  }

  private func checkGas(_ transaction: Transaction1559) throws(SignerRefusal) {
    guard transaction.gasLimit <= policy.maximumGasLimit else { throw .gasTooHigh }
    guard transaction.fees.maximum <= policy.maximumFeePerGas else { throw .feeTooHigh }
    let nonce = nonces[transaction.nonce]
    guard
      let cost = transaction.maximumGasCost,
      gasCosts.fits(
        max(cost, nonce?.gasCost ?? .zero), replacing: nonce?.gasEntry,
        limit: policy.maximumGasCostPerDay)
    else { throw .gasCostOverDayLimit }
  }

  private func checkLimits(
    _ payment: SignerPayload.Payment, isNew: Bool
  ) throws(SignerRefusal) {
    guard let asset = policy.asset(of: payment.contract) else { throw .assetNotListed }
    guard payment.amount <= asset.maximumPerTransaction else { throw .overTransactionLimit }
    guard isNew else { return }
    let day = paid[payment.contract] ?? DayWindow()
    guard day.fits(payment.amount, limit: asset.maximumPerDay) else { throw .overDayLimit }
  }

  private mutating func advance(to seconds: Int64) {
    time = max(time, seconds)
    gasCosts.advance(to: time)
    for contract in paid.keys { paid[contract]?.advance(to: time) }
  }

  // MARK: Recording

  /// Takes in what is signed at `seconds`: after a decision for it, or out of the log, where a
  /// policy of its day may have allowed what today's does not. What no policy allows is a
  /// contradiction.
  public mutating func record(
    _ transaction: Transaction1559, at seconds: Int64
  ) throws(SignerContradiction) {
    guard seconds >= time else { throw .clockWentBack }
    advance(to: seconds)
    guard transaction.chainID == policy.chainID else { throw .refused(.wrongChain) }
    let payload: SignerPayload
    do throws(SignerRefusal) {
      payload = try SignerPayload(transaction, account: account)
      try checkNonce(transaction, payload)
    } catch { throw .refused(error) }
    guard let cost = transaction.maximumGasCost else { throw .refused(.gasCostOverDayLimit) }

    let before = nonces[transaction.nonce]
    let highestCost = max(cost, before?.gasCost ?? .zero)
    if let before { gasCosts.remove(before.gasEntry) }
    guard let gasEntry = gasCosts.add(highestCost, at: time) else {
      throw .refused(.gasCostOverDayLimit)
    }
    let hash = transaction.signingHash
    var nonce =
      before
      ?? Nonce(fees: transaction.fees, gasCost: cost, gasEntry: gasEntry, first: hash)
    if before != nil { nonce.later.append(hash) }
    nonce.fees = transaction.fees
    nonce.gasCost = highestCost
    nonce.gasEntry = gasEntry
    switch payload {
    case .cancel: nonce.cancelGasLimit = transaction.gasLimit
    case .payment(let payment):
      if nonce.payment == nil {
        guard paid[payment.contract, default: DayWindow()].add(payment.amount, at: time) != nil
        else { throw .refused(.overDayLimit) }
      }
      nonce.payment = (transaction.payloadDigest, transaction.gasLimit)
    }
    nonces[transaction.nonce] = nonce
  }
}

/// A history that no policy allows: the log was not written by a signer, or the signer is wrong.
public enum SignerContradiction: Error, Equatable, Sendable {
  case clockWentBack
  case refused(SignerRefusal)
}

extension Transaction1559 {
  /// Of destination, value and data: what a nonce is used for.
  fileprivate var payloadDigest: Hash32 {
    Keccak256.hash(destination.bytes + value.bigEndianBytes + data)
  }
}
