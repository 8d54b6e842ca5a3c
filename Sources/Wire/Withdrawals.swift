// Withdrawals on the wire: terms, the address book, requests and how they stand.

internal import Crypto
public import Formats

/// On which terms an asset can be taken out.
public struct WithdrawalTermsLine: Codable, Sendable, Equatable {
  public var asset: String
  public var chain: String
  /// Whether requests are taken.
  public var open: Bool
  /// Without the fee.
  public var minimum: DecimalAmount
  /// For each, on top of what arrives.
  public var fee: DecimalAmount
  /// In 24 hours.
  public var userDayLimit: DecimalAmount
  public var venueDayLimit: DecimalAmount
  /// What takes a user's 24 hours above it is approved by operators first, so many of them.
  public var approvalAbove: DecimalAmount
  public var approvals: UInt8

  private enum CodingKeys: String, CodingKey {
    case asset, chain, open, minimum, fee, approvals
    case userDayLimit = "user_day_limit"
    case venueDayLimit = "venue_day_limit"
    case approvalAbove = "approval_above"
  }

  public init(
    asset: String, chain: String, open: Bool = true, minimum: DecimalAmount, fee: DecimalAmount,
    userDayLimit: DecimalAmount, venueDayLimit: DecimalAmount, approvalAbove: DecimalAmount,
    approvals: UInt8
  ) {
    self.asset = asset
    self.chain = chain
    self.open = open
    self.minimum = minimum
    self.fee = fee
    self.userDayLimit = userDayLimit
    self.venueDayLimit = venueDayLimit
    self.approvalAbove = approvalAbove
    self.approvals = approvals
  }

  /// Left out, `open` is true.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    asset = try container.decode(String.self, forKey: .asset)
    chain = try container.decode(String.self, forKey: .chain)
    open = try container.decodeIfPresent(Bool.self, forKey: .open) ?? true
    minimum = try container.decode(DecimalAmount.self, forKey: .minimum)
    fee = try container.decode(DecimalAmount.self, forKey: .fee)
    userDayLimit = try container.decode(DecimalAmount.self, forKey: .userDayLimit)
    venueDayLimit = try container.decode(DecimalAmount.self, forKey: .venueDayLimit)
    approvalAbove = try container.decode(DecimalAmount.self, forKey: .approvalAbove)
    approvals = try container.decode(UInt8.self, forKey: .approvals)
  }
}

/// Looser terms that wait.
public struct PendingWithdrawalTerms: Codable, Sendable, Equatable {
  public var terms: WithdrawalTermsLine
  public var effectiveAt: Timestamp

  private enum CodingKeys: String, CodingKey {
    case terms
    case effectiveAt = "effective_at"
  }

  public init(terms: WithdrawalTermsLine, effectiveAt: Timestamp) {
    self.terms = terms
    self.effectiveAt = effectiveAt
  }
}

/// A shorter delay that waits.
public struct PendingAddressDelay: Codable, Sendable, Equatable {
  public var seconds: Int64
  public var effectiveAt: Timestamp

  private enum CodingKeys: String, CodingKey {
    case seconds
    case effectiveAt = "effective_at"
  }

  public init(seconds: Int64, effectiveAt: Timestamp) {
    self.seconds = seconds
    self.effectiveAt = effectiveAt
  }
}

public struct WithdrawalTermsList: Codable, Sendable, Equatable {
  /// In force.
  public var terms: [WithdrawalTermsLine]
  public var pending: [PendingWithdrawalTerms]
  /// A new address of the address book is usable after so many seconds; looser terms are in force,
  /// and an operator's new key may approve.
  public var addressDelaySeconds: Int64
  @Nullable public var pendingAddressDelay: PendingAddressDelay?

  private enum CodingKeys: String, CodingKey {
    case terms, pending
    case addressDelaySeconds = "address_delay_seconds"
    case pendingAddressDelay = "pending_address_delay"
  }

  public init(
    terms: [WithdrawalTermsLine], pending: [PendingWithdrawalTerms], addressDelaySeconds: Int64,
    pendingAddressDelay: PendingAddressDelay?
  ) {
    self.terms = terms
    self.pending = pending
    self.addressDelaySeconds = addressDelaySeconds
    self.pendingAddressDelay = pendingAddressDelay
  }
}

public struct AddressDelay: Codable, Sendable, Equatable {
  public var seconds: Int64

  public init(seconds: Int64) { self.seconds = seconds }
}

/// A setting that was taken, and from when on it is in force.
public struct SettingChange: Codable, Sendable, Equatable {
  /// The asset's code or the chain's name.
  public var name: String
  public var appliedAt: Timestamp
  /// Later than `appliedAt` where it loosens what guards withdrawals.
  public var effectiveAt: Timestamp

  public var isPending: Bool { effectiveAt != appliedAt }

  private enum CodingKeys: String, CodingKey {
    case name
    case appliedAt = "applied_at"
    case effectiveAt = "effective_at"
  }

  public init(name: String, appliedAt: Timestamp, effectiveAt: Timestamp) {
    self.name = name
    self.appliedAt = appliedAt
    self.effectiveAt = effectiveAt
  }
}

// MARK: - The address book

public struct NewWithdrawalAddress: Codable, Sendable, Equatable {
  /// With the checksum of EIP-55, or in lower case.
  public var address: String
  /// At most 64 bytes, for the user.
  public var label: String?

  public init(address: String, label: String? = nil) {
    self.address = address
    self.label = label
  }
}

public struct WithdrawalAddressLine: Codable, Sendable, Equatable {
  public var address: String
  public var chain: String
  public var label: String
  public var addedAt: Timestamp
  /// From when on it can be paid to.
  public var usableAt: Timestamp

  private enum CodingKeys: String, CodingKey {
    case address, chain, label
    case addedAt = "added_at"
    case usableAt = "usable_at"
  }

  public init(
    address: String, chain: String, label: String, addedAt: Timestamp, usableAt: Timestamp
  ) {
    self.address = address
    self.chain = chain
    self.label = label
    self.addedAt = addedAt
    self.usableAt = usableAt
  }
}

public struct WithdrawalAddressBook: Codable, Sendable, Equatable {
  public var addresses: [WithdrawalAddressLine]

  public init(addresses: [WithdrawalAddressLine]) { self.addresses = addresses }
}

// MARK: - Withdrawals

public struct NewWithdrawal: Codable, Sendable, Equatable {
  /// Sending the same again under the same id asks for nothing more.
  public var clientWithdrawalID: String
  public var asset: String
  /// What arrives; the fee is taken on top of it.
  public var amount: DecimalAmount
  /// Of the address book.
  public var address: String

  private enum CodingKeys: String, CodingKey {
    case asset, amount, address
    case clientWithdrawalID = "client_withdrawal_id"
  }

  public init(clientWithdrawalID: String, asset: String, amount: DecimalAmount, address: String) {
    self.clientWithdrawalID = clientWithdrawalID
    self.asset = asset
    self.amount = amount
    self.address = address
  }
}

/// One withdrawal and how it stands.
public struct WithdrawalLine: Codable, Sendable, Equatable {
  /// From `slotted` to `cancelling`, and `halted`: how far its payment on the chain is.
  public enum Status: String, JSONChoice {
    case requested, approved, started, slotted, signed, broadcast, mined, confirmed, reverted,
      cancelling, cancelled, rejected, halted
  }

  public var id: String
  public var user: String
  public var clientWithdrawalID: String
  public var asset: String
  public var amount: DecimalAmount
  public var fee: DecimalAmount
  public var chain: String
  public var address: String
  public var status: Status
  /// Operators that must approve.
  public var approvalsNeeded: Int
  /// The chain's transaction, as far as there is one.
  @Nullable public var transaction: String?
  @Nullable public var block: Int64?
  /// Why it ended without a payment.
  public var reason: String
  public var requestedAt: Timestamp

  private enum CodingKeys: String, CodingKey {
    case id, user, asset, amount, fee, chain, address, status, transaction, block, reason
    case clientWithdrawalID = "client_withdrawal_id"
    case approvalsNeeded = "approvals_needed"
    case requestedAt = "requested_at"
  }

  public init(
    id: String, user: String, clientWithdrawalID: String, asset: String, amount: DecimalAmount,
    fee: DecimalAmount, chain: String, address: String, status: Status, approvalsNeeded: Int,
    transaction: String?, block: Int64?, reason: String, requestedAt: Timestamp
  ) {
    self.id = id
    self.user = user
    self.clientWithdrawalID = clientWithdrawalID
    self.asset = asset
    self.amount = amount
    self.fee = fee
    self.chain = chain
    self.address = address
    self.status = status
    self.approvalsNeeded = approvalsNeeded
    self.transaction = transaction
    self.block = block
    self.reason = reason
    self.requestedAt = requestedAt
  }

  /// What an operator's approval signs: every field that says what is paid to whom, a line each.
  /// The hash of it is what the key signs, so that an approval is for this withdrawal and for
  /// nothing else.
  public var approvalText: String {
    """
    uncross withdrawal approval 1
    id \(id)
    user \(user)
    asset \(asset)
    amount \(amount)
    fee \(fee)
    chain \(chain)
    address \(address)
    requested_at \(requestedAt)

    """
  }

  /// SHA-256 of `approvalText`.
  public var approvalDigest: [UInt8] { Array(SHA256.hash(data: Array(approvalText.utf8))) }
}

public struct WithdrawalPage: Codable, Sendable, Equatable {
  public var withdrawals: [WithdrawalLine]
  /// For `before` of the next page; nil on the last.
  @Nullable public var next: String?

  public init(withdrawals: [WithdrawalLine], next: String?) {
    self.withdrawals = withdrawals
    self.next = next
  }
}

// MARK: - Operators

/// A withdrawal that waits for operators, and what they sign.
public struct WaitingWithdrawal: Codable, Sendable, Equatable {
  public var withdrawal: WithdrawalLine
  /// Operators who have approved.
  public var approvedBy: [String]
  /// Hex of the hash that an approval signs.
  public var digest: String

  private enum CodingKeys: String, CodingKey {
    case withdrawal, digest
    case approvedBy = "approved_by"
  }

  public init(withdrawal: WithdrawalLine, approvedBy: [String], digest: String) {
    self.withdrawal = withdrawal
    self.approvedBy = approvedBy
    self.digest = digest
  }
}

public struct WaitingWithdrawals: Codable, Sendable, Equatable {
  public var withdrawals: [WaitingWithdrawal]

  public init(withdrawals: [WaitingWithdrawal]) { self.withdrawals = withdrawals }
}

public struct ApprovalSignature: Codable, Sendable, Equatable {
  /// Ed25519 over the digest, by the key that signs the request: 128 hex digits.
  public var signature: String

  public init(signature: String) { self.signature = signature }
}

public struct Reason: Codable, Sendable, Equatable {
  /// 1 to 200 bytes, for the auditor.
  public var reason: String

  public init(reason: String) { self.reason = reason }
}

public struct WithdrawalOutcome: Codable, Sendable, Equatable {
  public var id: String
  public var status: WithdrawalLine.Status
  /// Approvals that are still missing.
  public var missing: Int

  public init(id: String, status: WithdrawalLine.Status, missing: Int = 0) {
    self.id = id
    self.status = status
    self.missing = missing
  }
}

/// How payments stand, for operators.
public struct PayoutReport: Codable, Sendable, Equatable {
  public struct Slot: Codable, Sendable, Equatable {
    /// The wallet that pays it: the hot wallet, or one of before.
    public var sender: String
    public var nonce: String
    /// `withdrawal`, `top_up`, `sweep`.
    public var purpose: String
    @Nullable public var withdrawal: String?
    public var destination: String
    /// In the chain's smallest units.
    public var value: String
    /// An operator wants it to end without a payment.
    public var cancelled: Bool
    /// Why it waits for a person.
    @Nullable public var hold: String?
    /// Transactions signed for it, the dearest last, and the nodes' last answer.
    public var transactions: [String]
    public var answer: String

    public init(
      sender: String, nonce: String, purpose: String, withdrawal: String?, destination: String,
      value: String, cancelled: Bool, hold: String?, transactions: [String], answer: String
    ) {
      self.sender = sender
      self.nonce = nonce
      self.purpose = purpose
      self.withdrawal = withdrawal
      self.destination = destination
      self.value = value
      self.cancelled = cancelled
      self.hold = hold
      self.transactions = transactions
      self.answer = answer
    }
  }

  public var chain: String
  /// The hot wallet.
  public var sender: String
  public var state: String
  /// Why nothing is paid; nil while it is.
  @Nullable public var halted: String?
  public var nextNonce: String
  /// Assets of which it has too little for what is approved.
  public var unfunded: [String]
  /// Assets of which nothing that is approved can be paid now, each with the signer's code for it,
  /// or `token_refuses`: `ETH over_day_limit`.
  public var unsigned: [String]
  @Nullable public var lastError: String?
  /// Not finished: the hot wallet's, then those of wallets of before, lowest nonce first.
  public var slots: [Slot]

  private enum CodingKeys: String, CodingKey {
    case chain, sender, state, halted, unfunded, unsigned, slots
    case nextNonce = "next_nonce"
    case lastError = "last_error"
  }

  public init(
    chain: String, sender: String, state: String, halted: String?, nextNonce: String,
    unfunded: [String], unsigned: [String], lastError: String?, slots: [Slot]
  ) {
    self.chain = chain
    self.sender = sender
    self.state = state
    self.halted = halted
    self.nextNonce = nextNonce
    self.unfunded = unfunded
    self.unsigned = unsigned
    self.lastError = lastError
    self.slots = slots
  }
}

/// What an operator found out about a payment that was held, or whose nonce another transaction
/// took.
public struct PayoutResolution: Codable, Sendable, Equatable {
  public enum Outcome: String, JSONChoice {
    case paid, reverted
    /// Another transaction took its nonce, and it paid nothing of this.
    case cancelled
  }

  public var outcome: Outcome
  public var reason: String
  /// The wallet that pays it, where it is one of before.
  public var sender: String?

  public init(outcome: Outcome, reason: String, sender: String? = nil) {
    self.outcome = outcome
    self.reason = reason
    self.sender = sender
  }
}
