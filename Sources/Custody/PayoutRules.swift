// What to do next about one payment: a pure decision from what was signed and what the chain shows.

public import Engine
public import Ethereum

/// One signature of a slot. All of a slot's attempts have its nonce, so at most one is ever mined.
public struct PayoutAttempt: Sendable, Equatable {
  public enum Kind: String, Sendable {
    case payment
    /// Nothing, to the sender itself: takes the nonce so that the payment cannot.
    case cancellation
  }

  public var hash: Hash32
  public var kind: Kind
  public var fees: GasFees
  /// The last scanned block when it was signed.
  public var signedHeight: Int64
  /// When a node last heard of it, by the clock of custody; nil before the first time, and where it
  /// is not known whether one did.
  public var sentAt: Microseconds?
  public var answer: PayoutAnswer?

  public init(
    hash: Hash32, kind: Kind, fees: GasFees, signedHeight: Int64, sentAt: Microseconds? = nil,
    answer: PayoutAnswer? = nil
  ) {
    self.hash = hash
    self.kind = kind
    self.fees = fees
    self.signedHeight = signedHeight
    self.sentAt = sentAt
    self.answer = answer
  }
}

/// What a node said to a raw transaction.
public enum PayoutAnswer: String, Sendable, CaseIterable {
  case accepted
  case alreadyKnown = "already_known"
  /// The nonce is used: by one of ours, or by somebody else.
  case nonceTooLow = "nonce_too_low"
  /// The node has another transaction of this nonce, with higher fees or not enough lower ones.
  case underpriced
  case insufficientFunds = "insufficient_funds"
  case wrongChain = "wrong_chain"
  /// Anything else that the node says.
  case refused

  /// Nodes differ in codes; most share geth's words, Nethermind answers with names, Besu with some
  /// of its own. What is not recognised is sent again, and signed again with higher fees.
  public init(message: String) {
    let text = message.lowercased()
    let words: [(String, PayoutAnswer)] = [
      ("already known", .alreadyKnown), ("known transaction", .alreadyKnown),
      ("already imported", .alreadyKnown), ("nonce too low", .nonceTooLow),
      ("underpriced", .underpriced), ("insufficient funds", .insufficientFunds),
      ("alreadyknown", .alreadyKnown), ("oldnonce", .nonceTooLow),
      ("nonce is too low", .nonceTooLow),
      ("replacementnotallowed", .underpriced), ("feetoolow", .underpriced),
      ("gas price is too low", .underpriced), ("insufficientfunds", .insufficientFunds),
      ("upfront cost exceeds", .insufficientFunds),
      ("invalid chain id", .wrongChain), ("invalid sender", .wrongChain),
    ]
    self = words.first { text.contains($0.0) }?.1 ?? .refused
  }
}

/// One payment: a nonce of its sender for ever, and what was signed for it.
public struct PayoutSlot: Sendable, Equatable {
  public enum Purpose: String, Sendable {
    case withdrawal
    /// Gas for a deposit address, so that it can send its tokens.
    case topUp = "top_up"
    case sweep
  }

  public var sender: Address
  public var nonce: UInt64
  public var purpose: Purpose
  public var withdrawal: Int64?
  public var destination: Address
  public var value: UInt256
  public var data: [UInt8]
  public var gasLimit: UInt64
  /// An operator wants it to end without a payment.
  public var isCancelled = false
  /// Why it waits for a person.
  public var hold: String?
  /// What a person found out of a transaction that this cannot be judged by.
  public var resolution: Resolution?
  public var attempts: [PayoutAttempt] = []
  /// What the signer was last asked for and has not answered: it may have signed it all the same.
  public var asked: Ask?
  /// Of an ask before that one, whose answer was lost too.
  public var doubted: GasFees?

  /// What a person says became of the payment by one transaction: of another that takes its place
  /// nothing is said.
  public struct Resolution: Sendable, Equatable {
    public var outcome: PayoutOutcome
    public var transaction: Hash32

    public init(_ outcome: PayoutOutcome, by transaction: Hash32) {
      self.outcome = outcome
      self.transaction = transaction
    }
  }

  /// A signature of a slot that is wanted.
  public struct Ask: Sendable, Equatable {
    public var kind: PayoutAttempt.Kind
    public var fees: GasFees

    public init(kind: PayoutAttempt.Kind, fees: GasFees) {
      self.kind = kind
      self.fees = fees
    }
  }

  public init(
    sender: Address, nonce: UInt64, purpose: Purpose, withdrawal: Int64? = nil,
    destination: Address, value: UInt256, data: [UInt8], gasLimit: UInt64
  ) {
    self.sender = sender
    self.nonce = nonce
    self.purpose = purpose
    self.withdrawal = withdrawal
    self.destination = destination
    self.value = value
    self.data = data
    self.gasLimit = gasLimit
  }

  /// What it is for ever: no other payment has it.
  public struct Place: Hashable, Sendable {
    public var sender: Address
    public var nonce: UInt64

    public init(sender: Address, nonce: UInt64) {
      self.sender = sender
      self.nonce = nonce
    }
  }

  public var place: Place { Place(sender: sender, nonce: nonce) }
  /// What is to be mined of it.
  var wantedKind: PayoutAttempt.Kind { isCancelled ? .cancellation : .payment }
  /// The attempt of that kind which may be mined: the others are replaced by it.
  var current: PayoutAttempt? {
    attempts.filter { $0.kind == wantedKind }.max { $0.fees.maximum < $1.fees.maximum }
  }
  /// The highest that may be signed: each further one raises both fees over it, so both are of one.
  var highestFees: GasFees? {
    (attempts.map(\.fees) + [asked?.fees, doubted].compactMap(\.self))
      .max { $0.maximum < $1.maximum }
  }
}

/// How a slot ended.
public enum PayoutOutcome: String, Sendable {
  case paid
  case reverted
  case cancelled
}

/// How far a payment is, as its user sees it.
public enum PayoutState: String, Sendable, CaseIterable {
  case slotted
  case signed
  case broadcast
  case mined
  case cancelling
  /// A person must look at it.
  case halted
}

/// Why nothing more is paid from a sender until an operator has looked (`docs/operations.md`).
public enum PayoutHalt: Error, Sendable, Equatable, CustomStringConvertible {
  /// Somebody else has the key: a transaction of ours that we did not sign.
  case foreignTransaction(nonce: UInt64, hash: Hash32)
  /// By its count of transactions the chain has used the nonce, by its blocks it has not.
  case nonceWithoutReceipt(nonce: UInt64)
  /// The chain has used nonces that the database knows nothing of: another database, or another
  /// user.
  case nonceBehind(next: UInt64, chain: UInt64)
  /// What was booked as final is on the chain in another way.
  case endContradicted(nonce: UInt64, hash: Hash32)
  case wrongChain(String)
  case refused(String)
  /// A row of custody's tables that this program never writes.
  case impossibleRow(String)

  public var description: String {
    switch self {
    case .foreignTransaction(let nonce, let hash):
      "foreign_transaction: \(hash) with nonce \(nonce) was signed by somebody else"
    case .nonceWithoutReceipt(let nonce):
      "nonce_without_receipt: nonce \(nonce) is used, and no block has its transaction"
    case .nonceBehind(let next, let chain):
      "nonce_behind: the next nonce here is \(next), the chain's is \(chain)"
    case .endContradicted(let nonce, let hash):
      "end_contradicted: nonce \(nonce) was booked, and \(hash) on the chain is another end"
    case .wrongChain(let what): "wrong_chain: \(what)"
    case .refused(let what): "refused: \(what)"
    case .impossibleRow(let what): "impossible_row: \(what)"
    }
  }
}

/// What the chain shows, as of the last scanned block.
public struct PayoutView: Sendable, Equatable {
  /// The transaction of the slot's sender and nonce in a scanned block.
  public var mined: SentTransaction?
  public var tip: Int64
  /// The highest block whose payments count as final.
  public var settled: Int64
  /// How many transactions the sender has had, as of the tip.
  public var nonce: UInt64
  /// Wei, of the tip.
  public var baseFee: UInt256
  /// By the clock of custody.
  public var now: Microseconds

  public init(
    mined: SentTransaction?, tip: Int64, settled: Int64, nonce: UInt64, baseFee: UInt256,
    now: Microseconds
  ) {
    self.mined = mined
    self.tip = tip
    self.settled = settled
    self.nonce = nonce
    self.baseFee = baseFee
    self.now = now
  }
}

public enum PayoutStep: Sendable, Equatable {
  case wait(PayoutState)
  /// Fees would have to be above the cap: nothing is signed until they fall.
  case waitForFees(PayoutState)
  case sign(PayoutAttempt.Kind, GasFees)
  /// These bytes, which are stored.
  case send(Hash32)
  /// Final on the chain.
  case settle(PayoutOutcome)
  /// Only this one stops.
  case hold(String)
  case halt(PayoutHalt)
}

/// How much a payment may cost, and how patient it is.
public struct PayoutRules: Sendable, Equatable {
  /// Wei for each unit of gas, in total: nothing is signed above it.
  public var maximumFee: UInt256
  /// Wei for each unit of gas above the base fee.
  public var priorityFee: UInt256
  /// Blocks after which an attempt that is not mined is signed again with higher fees.
  public var bumpAfterBlocks: Int64
  /// After so long the same bytes are sent again: a node may have dropped them.
  public var resendAfter: Microseconds

  public init(
    maximumFee: UInt256, priorityFee: UInt256, bumpAfterBlocks: Int64 = 5,
    resendAfter: Microseconds = 30_000_000
  ) {
    self.maximumFee = maximumFee
    self.priorityFee = priorityFee
    self.bumpAfterBlocks = bumpAfterBlocks
    self.resendAfter = resendAfter
  }

  public func step(_ slot: PayoutSlot, _ view: PayoutView) -> PayoutStep {
    if let mined = view.mined { return judge(mined, slot, view) }
    if view.nonce > slot.nonce { return .halt(.nonceWithoutReceipt(nonce: slot.nonce)) }
    if slot.hold != nil, !slot.isCancelled { return .wait(.halted) }
    let kind = slot.wantedKind
    let state: PayoutState =
      slot.isCancelled ? .cancelling : slot.attempts.isEmpty ? .slotted : .broadcast
    let fees = fees(kind, slot, view)
    guard let current = slot.current else {
      return fees.map { .sign(kind, $0) } ?? .waitForFees(state)
    }
    if current.sentAt == nil { return .send(current.hash) }
    if mustRise(current, slot, view), let fees { return .sign(kind, fees) }
    return resend(slot, view).map { .send($0) } ?? .wait(state)
  }

  /// Of the next signature. Where an answer of the signer was lost it is asked for the same again,
  /// or for more if the chain by now asks a tenth more: of this nonce it may sign nothing else.
  private func fees(
    _ kind: PayoutAttempt.Kind, _ slot: PayoutSlot, _ view: PayoutView
  ) -> GasFees? {
    let raised = fees(kind, over: slot.highestFees, baseFee: view.baseFee)
    guard let asked = slot.asked, asked.kind == kind, asked.fees.maximum <= cap(kind) else {
      return raised
    }
    // Where nothing is out the base fee must fit at all.
    guard let fresh = fees(kind, over: nil, baseFee: view.baseFee) else {
      return slot.attempts.isEmpty ? nil : asked.fees
    }
    return raised.flatMap { fresh.maximum >= $0.maximum ? $0 : nil } ?? asked.fees
  }

  /// A nonce behind another one gains nothing by higher fees, and higher fees need more of what is
  /// missing.
  private func mustRise(
    _ current: PayoutAttempt, _ slot: PayoutSlot, _ view: PayoutView
  ) -> Bool {
    if current.answer == .underpriced { return true }
    return slot.nonce == view.nonce && view.tip - current.signedHeight >= bumpAfterBlocks
      && current.answer != .insufficientFunds
  }

  /// What is out and may have been lost: for a step that waits for a signature too.
  func resend(_ slot: PayoutSlot, _ view: PayoutView) -> Hash32? {
    guard view.mined == nil, let current = slot.current else { return nil }
    guard let sentAt = current.sentAt else { return current.hash }
    // A clock that was set back says nothing about how long ago it was.
    return view.now - sentAt >= resendAfter || view.now < sentAt ? current.hash : nil
  }

  private func judge(
    _ mined: SentTransaction, _ slot: PayoutSlot, _ view: PayoutView
  ) -> PayoutStep {
    // A person's word counts where the chain tells nothing, and of the transaction that it was said
    // of.
    let resolution = slot.resolution.flatMap { $0.transaction == mined.hash ? $0.outcome : nil }
    guard let attempt = slot.attempts.first(where: { $0.hash == mined.hash }) else {
      guard let resolution else {
        return .halt(.foreignTransaction(nonce: slot.nonce, hash: mined.hash))
      }
      return mined.height <= view.settled ? .settle(resolution) : .wait(.halted)
    }
    guard mined.height <= view.settled else { return .wait(.mined) }
    switch attempt.kind {
    case .cancellation: return .settle(.cancelled)
    case .payment where !mined.isSuccess: return .settle(.reverted)
    case .payment where mined.hasPaid: return .settle(.paid)
    case .payment:
      if let resolution { return .settle(resolution) }
      return slot.hold == nil
        ? .hold("it succeeded, but the token logged no such transfer") : .wait(.halted)
    }
  }

  /// The most that a payment offers leaves a tenth below the cap: whatever is out, a cancellation
  /// over it fits.
  private func cap(_ kind: PayoutAttempt.Kind) -> UInt256 {
    switch kind {
    case .cancellation: return maximumFee
    case .payment:
      let (eleventh, rest) = maximumFee.quotientAndRemainder(dividingBy: UInt256(11 as UInt64))
      let least = rest == .zero ? eleventh : eleventh.adding(.one) ?? eleventh
      return maximumFee.subtracting(least) ?? .zero
    }
  }

  /// Twice the base fee, so that six full blocks in a row do not outrun it; over an earlier attempt
  /// both fees by at least a tenth, which nodes ask of a replacement. Nil above the cap.
  func fees(
    _ kind: PayoutAttempt.Kind, over earlier: GasFees?, baseFee: UInt256
  ) -> GasFees? {
    let cap = cap(kind)
    guard let room = baseFee.adding(baseFee), let target = room.adding(priorityFee) else {
      return nil
    }
    guard let earlier else {
      // Below twice the base fee it may wait; below the base fee itself it must.
      guard let least = baseFee.adding(priorityFee), least <= cap else { return nil }
      return GasFees(maximum: min(target, cap), priority: priorityFee)
    }
    guard let maximum = Self.raised(earlier.maximum), let priority = Self.raised(earlier.priority)
    else { return nil }
    let wanted = max(maximum, min(target, cap))
    guard wanted <= cap else { return nil }
    return GasFees(maximum: wanted, priority: max(priority, priorityFee))
  }

  /// A tenth more, rounded up, and at least one more.
  private static func raised(_ fee: UInt256) -> UInt256? {
    let (tenth, rest) = fee.quotientAndRemainder(dividingBy: UInt256(10 as UInt64))
    return fee.adding(tenth)?.adding(rest == .zero && fee > .zero ? .zero : .one)
  }
}
