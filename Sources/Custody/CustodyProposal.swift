// Decisions that give a user money: one operator proposes, another one approves, then it is done.

public import Engine
public import Ethereum
internal import Postgres

/// What one operator proposed, and what it gives to whom.
public struct CustodyProposal: Sendable, Equatable {
  public enum Matter: Sendable, Equatable {
    /// A deposit in review is credited.
    case deposit(Int64)
    /// A payment has this end, by a transaction that does not tell.
    case payout(sender: Address, nonce: UInt64, PayoutOutcome)
  }

  /// All that the second operator signs, but for who asked and why.
  public struct Content: Sendable, Equatable {
    public var matter: Matter
    /// Of a payment; nil of a deposit.
    public var withdrawal: Int64?
    public var user: UserID
    public var asset: String
    /// Atoms that come into the balance, or come free in it.
    public var amount: Int128
    /// That paid in, or that has the payment's nonce.
    public var transaction: Hash32
    /// The place in the transaction; empty of a payment.
    public var outRef: String

    /// As the API names it.
    public var decision: String {
      switch matter {
      case .deposit: "credit"
      case .payout(_, _, let outcome): outcome.rawValue
      }
    }
  }

  public enum Outcome: String, Sendable {
    case approved, refused
    /// Overtaken by another decision, or its operator could no longer say it.
    case ended
  }

  public var id: Int64
  public var chain: String
  public var content: Content
  /// Who asked, by which key, and why.
  public var authority: Authority
  public var time: Microseconds
  /// Nil while it waits.
  public var outcome: Outcome?
  public var decidedBy: UserID?
}

/// What would come of a decision.
public enum CustodyConsidered: Sendable, Equatable {
  /// Money for a user, so it takes two. What waits about the same comes with it.
  case gives(CustodyProposal.Content, waiting: CustodyProposal?)
  /// Nothing for anybody: a payment that was none to a user, or one that is paid.
  case givesNothing
  /// The deposit is not there to be credited, or is credited already.
  case deposit(DepositResolution.Outcome)
  /// No payment of this nonce has a transaction that a person must judge.
  case unknownPayout
}

public enum CustodyProposed: Sendable, Equatable {
  /// It waits, now or since the same was proposed before.
  case waits(CustodyProposal)
  /// Another one about the same waits.
  case otherWaits(CustodyProposal)
  /// It is no longer what it was when it was considered.
  case changed
}

public enum CustodyApproved: Sendable, Equatable {
  /// Now, or before by the same operator.
  case applied
  /// No such proposal waits.
  case gone
  /// The chain, or another decision, has made something else of it.
  case changed
}

/// How a second operator approves.
public struct CustodyApproval: Sendable, Equatable {
  public var proposal: Int64
  public var authority: Authority
  /// Over all that is proposed; whoever passes it has verified it.
  public var signature: [UInt8]

  public init(proposal: Int64, authority: Authority, signature: [UInt8]) {
    self.proposal = proposal
    self.authority = authority
    self.signature = signature
  }
}

/// A decision to be proposed, as it was considered.
public struct NewCustodyProposal: Sendable, Equatable {
  public var matter: CustodyProposal.Matter
  /// Whose account the first operator was found fit to decide about.
  public var user: UserID
  public var authority: Authority
  public var time: Microseconds
  /// One that waits and that its operator could no longer say.
  public var replacing: Int64?

  public init(
    _ matter: CustodyProposal.Matter, for user: UserID, by authority: Authority,
    at time: Microseconds, replacing: Int64? = nil
  ) {
    self.matter = matter
    self.user = user
    self.authority = authority
    self.time = time
    self.replacing = replacing
  }
}

extension CustodyDesk {
  /// What a decision would give, before anybody is asked who may take it.
  public func consider(
    _ matter: CustodyProposal.Matter
  ) async throws(Failure) -> CustodyConsidered {
    try await withStore { store throws(PostgresError) in try store.consider(matter) }
  }

  /// A failure says nothing of whether it was done: ask again.
  public func propose(_ new: NewCustodyProposal) async throws(Failure) -> CustodyProposed {
    try await withStore { store throws(PostgresError) in try store.propose(new) }
  }

  /// Those that wait, oldest first.
  public func proposals() async throws(Failure) -> [CustodyProposal] {
    try await withStore { store throws(PostgresError) in try store.waitingProposals() }
  }

  /// In whatever state.
  public func proposal(_ id: Int64) async throws(Failure) -> CustodyProposal? {
    try await withStore { store throws(PostgresError) in try store.proposal(id) }
  }

  /// Applies what was proposed, once, where it still is what it was. A failure says nothing of
  /// whether it was done: ask again.
  public func approve(_ approval: CustodyApproval) async throws(Failure) -> CustodyApproved {
    try await withStore { store throws(PostgresError) in try store.approve(approval) }
  }

  /// False where no such proposal waits.
  public func refuse(_ id: Int64, by authority: Authority) async throws(Failure) -> Bool {
    try await withStore { store throws(PostgresError) in try store.refuse(id, by: authority) }
  }
}
