// What operators decide about a deposit in review.

/// One operator rejects; two credit (`CustodyProposal`).
public enum DepositResolution {
  public enum Decision: String, Sendable {
    /// On its way to the balance, as any other: the chain is asked again before it gets a number.
    case credit
    /// Never credited.
    case reject
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
