// Key, rules and log together: an unsigned transaction in, a signed one or a refusal out.

public import Ethereum

/// The sole owner of the hot key, its log and its rules.
///
/// **Invariant:** a signature exists only after its log entry is on disk.
public struct SignerDesk: ~Copyable {
  private let key: SecretKey
  private var rules: SignerRules
  private var log: SignerLog
  private let time: SignerTime

  /// Opens the log and rebuilds the rules from it.
  public init(
    key: consuming SecretKey, policy: SignerPolicy, log path: String, _ start: SignerLog.Start,
    clock: SignerClock = .system
  ) throws(SignerLogError) {
    var rules = SignerRules(account: key.address, policy: policy)
    let identity = SignerIdentity(address: key.address, chainID: policy.chainID)
    log = try SignerLog.open(path, of: identity, start) { entry throws(SignerContradiction) in
      try rules.record(entry.transaction, at: entry.time)
    }
    time = SignerTime(clock, notBefore: rules.time)
    self.rules = rules
    self.key = key
  }

  public var account: Address { rules.account }
  public var chainID: UInt64 { rules.policy.chainID }
  /// How many signatures the log holds.
  public var entryCount: Int { log.entryCount }
  /// See `SignerLog.cutByteCount`.
  public var cutByteCount: Int { log.cutByteCount }

  public enum Answer: Equatable, Sendable {
    case signed(SignedTransaction)
    case refused(SignerRefusal)
  }

  /// Signs, or says why not. Throws where the log cannot be written: then the process must end.
  public mutating func sign(unsigned payload: [UInt8]) throws(SignerLogError) -> Answer {
    guard let transaction = try? Transaction1559(signingPayload: payload) else {
      return .refused(.malformed)
    }
    switch rules.decide(transaction, at: time.now) {
    case .refused(let refusal): return .refused(refusal)
    case .repeated: break
    case .sign:
      let time = rules.time
      try log.append(SignerLog.Entry(time: time, transaction: transaction))
      do throws(SignerContradiction) {
        try rules.record(transaction, at: time)
      } catch {
        preconditionFailure("what was decided cannot be recorded: \(error)")
      }
    }
    return .signed(checked(transaction.signed(by: key), transaction))
  }

  /// What `sign` would refuse now; nil where it would sign, or has signed. Nothing is kept of it:
  /// neither a record nor a nonce, no sum and no time.
  public func check(unsigned payload: [UInt8]) -> SignerRefusal? {
    guard let transaction = try? Transaction1559(signingPayload: payload) else { return .malformed }
    guard case .refused(let refusal) = rules.judged(transaction, at: time.now) else { return nil }
    return refusal
  }

  /// The second look, at the bytes that leave.
  private func checked(
    _ signed: SignedTransaction, _ transaction: Transaction1559
  ) -> SignedTransaction {
    guard
      let read = try? SignedTransaction(raw: signed.raw), read == signed,
      read.transaction == transaction, read.sender == account
    else { preconditionFailure("a signed transaction is not the one that was asked for") }
    return read
  }
}
