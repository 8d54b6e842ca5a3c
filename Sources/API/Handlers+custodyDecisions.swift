// Decisions about custody that give a user money: one operator proposes, another one approves.
//
// Who may is the engine's rule, the same as for adjustments; what is given is custody's to say, and
// it says so again in the transaction that gives it.

public import Engine
internal import Formats
public import Wire

/// A deposit to credit, or a payment that has an end.
public enum CustodyMatter: Sendable, Equatable {
  case deposit(Int64)
  /// - Parameter sender: the wallet, where it is one of before.
  case payout(nonce: UInt64, PayoutResolution.Outcome, sender: String?)
}

/// A decision as custody keeps it.
public struct ProposedDecision: Sendable, Equatable {
  public enum State: Sendable, Equatable {
    case waits
    case approved(by: UserID)
    /// Refused, or overtaken by another decision.
    case ended
  }

  public var id: Int64
  /// As it is shown, and signed.
  public var line: WaitingDecision
  public var user: UserID
  /// Who proposed it.
  public var authority: Authority
  public var time: Microseconds
  public var state: State

  public init(
    id: Int64, line: WaitingDecision, user: UserID, authority: Authority, time: Microseconds,
    state: State
  ) {
    self.id = id
    self.line = line
    self.user = user
    self.authority = authority
    self.time = time
    self.state = state
  }
}

/// What would come of a decision.
public enum ConsideredDecision: Sendable {
  /// Money for a user. What waits about the same comes with it.
  case gives(to: UserID, waiting: ProposedDecision?)
  case givesNothing
  /// A deposit that there is no crediting, or that is credited.
  case deposit(DepositResolutionOutcome)
  case unknownPayout
}

public enum ProposalOutcome: Sendable {
  case waits(ProposedDecision)
  /// Another one about the same.
  case otherWaits(ProposedDecision)
  /// It is no longer what it was when it was considered.
  case changed
}

public enum ApprovalOutcome: Sendable {
  case applied, gone, changed
}

/// A decision that an operator was found fit to propose.
public struct NewProposal: Sendable, Equatable {
  public var matter: CustodyMatter
  public var user: UserID
  public var authority: Authority
  public var time: Microseconds
  /// One that waits and no longer stands.
  public var replacing: Int64?
}

/// Decisions that wait as the API sees them.
public protocol DecisionDesk: Sendable {
  func consider(_ matter: CustodyMatter) async throws(ExchangeError) -> ConsideredDecision
  /// The same again is answered alike.
  func propose(_ new: NewProposal) async throws(ExchangeError) -> ProposalOutcome
  /// Those that wait, oldest first.
  func waitingDecisions() async throws(ExchangeError) -> [ProposedDecision]
  /// In whatever state.
  func decision(_ id: Int64) async throws(ExchangeError) -> ProposedDecision?
  /// Applies it, once, where it still is what it was.
  func approve(
    _ id: Int64, by authority: Authority, signature: [UInt8]
  ) async throws(ExchangeError) -> ApprovalOutcome
  /// False where no such decision waits.
  func refuse(_ id: Int64, by authority: Authority) async throws(ExchangeError) -> Bool
}

extension Handlers {
  private func ask<Value>(
    _ body: (any DecisionDesk) async throws(ExchangeError) -> Value
  ) async throws(Refusal) -> Value {
    guard let desk = exchange.decisions else {
      throw Refusal(.notFound, "this exchange has no chain: nothing is decided about it")
    }
    do throws(ExchangeError) {
      return try await body(desk)
    } catch {
      throw Refusal(ofCore: error)
    }
  }

  // MARK: The first operator

  /// Proposes it where it gives a user money; nil where it gives nobody anything, which one
  /// operator decides.
  func propose(
    _ matter: CustodyMatter, by authority: Authority
  ) async throws(Refusal) -> CustodyOutcome? {
    let considered = try await ask { desk async throws(ExchangeError) in
      try await desk.consider(matter)
    }
    switch considered {
    case .givesNothing: return nil
    case .deposit(let outcome):
      _ = try Self.resolved(outcome)
      return CustodyOutcome(status: .applied)
    case .unknownPayout:
      throw Refusal(
        .notFound, "no payment of this nonce has a transaction that a person must judge")
    case .gives(let user, let waiting):
      let (rejection, stands, time) = try await read { engine in
        (
          engine.refusalToDecide(by: authority, aboutAccountOf: user),
          waiting.map { Self.stands($0, engine) } ?? true, engine.time
        )
      }
      if let rejection { throw Refusal(rejection) }
      return try await propose(
        NewProposal(
          matter: matter, user: user, authority: authority, time: time,
          replacing: stands ? nil : waiting?.id))
    }
  }

  private func propose(_ new: NewProposal) async throws(Refusal) -> CustodyOutcome {
    let outcome = try await ask { desk async throws(ExchangeError) in try await desk.propose(new) }
    switch outcome {
    case .waits(let decision):
      return CustodyOutcome(status: .waitingApproval, decisionID: String(decision.id))
    case .otherWaits(let decision):
      throw Refusal(
        .decisionWaits, "decision \(decision.id) about it waits: approve or refuse that one first")
    case .changed: throw Refusal(.approvalMismatch)
    }
  }

  /// Whether its operator could still propose it: a key is revoked because it is in wrong hands.
  private static func stands(
    _ decision: ProposedDecision, _ engine: borrowing AuctionEngine
  ) -> Bool {
    engine.refusalToDecide(
      by: decision.authority, aboutAccountOf: decision.user, asked: decision.time) == nil
  }

  // MARK: The second operator

  func waitingDecisions() async throws(Refusal) -> Answer {
    let all = try await ask { desk async throws(ExchangeError) in
      try await desk.waitingDecisions()
    }
    let standing = try await read { engine in all.filter { Self.stands($0, engine) } }
    return .json(WaitingDecisions(decisions: standing.map(\.line)))
  }

  private func decision(_ call: Call) async throws(Refusal) -> ProposedDecision {
    guard let id: Int64 = Self.number(call.parameters[0]) else { throw Refusal(.approvalNotFound) }
    let found = try await ask { desk async throws(ExchangeError) in try await desk.decision(id) }
    guard let found else { throw Refusal(.approvalNotFound) }
    return found
  }

  /// As `approveAdjustment`: the signature is over all fields.
  func approveDecision(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    let decision = try await decision(call)
    let signature = try signature(call, of: decision.line.approvalDigest, by: user)
    switch decision.state {
    case .waits: break
    case .approved(user.user): return .json(Self.applied(decision))
    case .approved, .ended: throw Refusal(.approvalNotFound)
    }
    guard user.user != decision.authority.user else { throw Refusal(.approvalByRequester) }
    let authority = user.authority("")
    let (rejection, stands) = try await read { engine in
      (
        engine.refusalToDecide(by: authority, aboutAccountOf: decision.user),
        Self.stands(decision, engine)
      )
    }
    if let rejection { throw Refusal(rejection) }
    guard stands else { throw Refusal(.decisionLapsed) }
    let outcome = try await ask { desk async throws(ExchangeError) in
      try await desk.approve(decision.id, by: authority, signature: signature)
    }
    switch outcome {
    case .applied: return .json(Self.applied(decision))
    case .gone: throw Refusal(.approvalNotFound)
    case .changed: throw Refusal(.approvalMismatch, "it is no longer what was proposed")
    }
  }

  private static func applied(_ decision: ProposedDecision) -> CustodyOutcome {
    CustodyOutcome(status: .applied, decisionID: String(decision.id))
  }

  /// By any operator, the first one included.
  func refuseDecision(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    let decision = try await decision(call)
    let authority = user.authority(try call.reason())
    try Self.checkActs(try present(user))
    let isRefused = try await ask { desk async throws(ExchangeError) in
      try await desk.refuse(decision.id, by: authority)
    }
    guard isRefused else { throw Refusal(.approvalNotFound) }
    return .json(CustodyOutcome(status: .refused, decisionID: String(decision.id)))
  }
}
