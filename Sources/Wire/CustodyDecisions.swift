// Decisions about custody that give a user money: one operator proposes, another one approves.

internal import Crypto
public import Formats

/// What came of an operator's decision about a deposit or a payment.
public struct CustodyOutcome: Codable, Sendable, Equatable {
  public enum Status: String, JSONChoice {
    /// Done, now or when it was asked before.
    case applied
    /// It gives a user money: a second operator must approve it.
    case waitingApproval = "waiting_approval"
    case refused
  }

  public var status: Status
  /// Of the decision that waits, or waited; nil where none had to.
  @Nullable public var decisionID: String?

  public init(status: Status, decisionID: String? = nil) {
    self.status = status
    self.decisionID = decisionID
  }

  private enum CodingKeys: String, CodingKey {
    case status
    case decisionID = "decision_id"
  }
}

/// A decision that waits for a second operator.
public struct WaitingDecision: Codable, Sendable, Equatable {
  public enum Decision: String, JSONChoice {
    /// A deposit in review is credited.
    case credit
    /// A payment has not paid: what is locked for it is its user's again.
    case reverted, cancelled
  }

  public var decisionID: String
  public var decision: Decision
  public var chain: String
  /// The deposit's id; nil of a payment.
  @Nullable public var deposit: String?
  /// The withdrawal's id, the wallet that pays it and the nonce; nil of a deposit.
  @Nullable public var withdrawal: String?
  @Nullable public var sender: String?
  @Nullable public var nonce: String?
  /// Who gets it.
  public var user: String
  public var asset: String
  /// What comes into the balance, or comes free in it.
  public var amount: DecimalAmount
  /// That paid in, or that has the payment's nonce.
  public var transaction: String
  /// Which payment of the transaction, as in `DepositLine`; nil of a payment out.
  @Nullable public var outRef: String?
  /// The operator who proposed it, by user id.
  public var requestedBy: String
  public var reason: String
  public var requestedAt: Timestamp

  /// Of a decision: which, and who asked.
  public init(
    decisionID: String, _ decision: Decision, chain: String, user: String, asset: String,
    amount: DecimalAmount, transaction: String, requestedBy: String, reason: String,
    requestedAt: Timestamp
  ) {
    self.decisionID = decisionID
    self.decision = decision
    self.chain = chain
    self.user = user
    self.asset = asset
    self.amount = amount
    self.transaction = transaction
    self.requestedBy = requestedBy
    self.reason = reason
    self.requestedAt = requestedAt
  }

  private enum CodingKeys: String, CodingKey {
    case decision, chain, deposit, withdrawal, sender, nonce, user, asset, amount, transaction
    case reason
    case decisionID = "decision_id"
    case outRef = "out_ref"
    case requestedBy = "requested_by"
    case requestedAt = "requested_at"
  }

  /// What a second operator's approval signs: every field that says what is given to whom and why,
  /// a line each, the reason last, so that no reason reads as another line. `-` for none.
  public var approvalText: String {
    """
    uncross custody approval 1
    id \(decisionID)
    decision \(decision.rawValue)
    chain \(chain)
    deposit \(deposit ?? "-")
    withdrawal \(withdrawal ?? "-")
    sender \(sender ?? "-")
    nonce \(nonce ?? "-")
    user \(user)
    asset \(asset)
    amount \(amount)
    transaction \(transaction)
    out_ref \(outRef ?? "-")
    requested_by \(requestedBy)
    requested_at \(requestedAt)
    reason \(reason)

    """
  }

  /// SHA-256 of `approvalText`.
  public var approvalDigest: [UInt8] { Array(SHA256.hash(data: Array(approvalText.utf8))) }
}

public struct WaitingDecisions: Codable, Sendable, Equatable {
  public var decisions: [WaitingDecision]

  public init(decisions: [WaitingDecision]) { self.decisions = decisions }
}
