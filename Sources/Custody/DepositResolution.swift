// What an operator decides about a deposit in review.

public import Engine

public struct DepositResolution: Sendable, Equatable {
  public enum Decision: String, Sendable {
    /// On its way to the balance, as any other: the chain is asked again before it gets a number.
    case credit
    /// Never credited.
    case reject
  }

  public var decision: Decision
  public var `operator`: UserID
  /// For the auditor.
  public var reason: String

  public init(_ decision: Decision, operator: UserID, reason: String) {
    self.decision = decision
    self.operator = `operator`
    self.reason = reason
  }

  public enum Outcome: Sendable, Equatable {
    /// By this, or by the same decision before: what is asked again is done once.
    case resolved(Deposit)
    case notInReview(DepositStatus)
    /// No amount of it can be booked, or no transaction shows it: only a transfer that can be
    /// looked at again is credited.
    case notCreditable
    case unknown
  }
}
