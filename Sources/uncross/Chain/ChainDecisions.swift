// Decisions about custody that wait for a second operator, in a running exchange: how the API sees
// them.

internal import API
internal import Custody
internal import Engine
internal import Ethereum
internal import Formats
internal import Wire

extension ChainCustody: DecisionDesk {
  func consider(_ matter: CustodyMatter) async throws(ExchangeError) -> ConsideredDecision {
    guard let matter = try stored(matter) else { return .unknownPayout }
    let considered = try await asked { desk async throws(CustodyDesk.Failure) in
      try await desk.consider(matter)
    }
    return switch considered {
    case .gives(let content, let waiting): .gives(to: content.user, waiting: waiting.map(shown))
    case .givesNothing: .givesNothing
    case .deposit(let outcome): .deposit(self.outcome(outcome))
    case .unknownPayout: .unknownPayout
    }
  }

  /// Nil where the wallet is no address, and so has no payment.
  private func stored(
    _ matter: CustodyMatter
  ) throws(ExchangeError) -> CustodyProposal.Matter? {
    switch matter {
    case .deposit(let id): return .deposit(id)
    case .payout(let nonce, let outcome, let sender):
      guard let wallet = try wallet(sender) else { return nil }
      return .payout(sender: wallet, nonce: nonce, PayoutOutcome(outcome))
    }
  }

  func propose(_ new: NewProposal) async throws(ExchangeError) -> ProposalOutcome {
    guard let matter = try stored(new.matter) else { return .changed }
    let proposed = try await decided { desk async throws(CustodyDesk.Failure) in
      try await desk.propose(
        NewCustodyProposal(
          matter, for: new.user, by: new.authority, at: new.time, replacing: new.replacing))
    }
    return switch proposed {
    case .waits(let proposal): .waits(shown(proposal))
    case .otherWaits(let proposal): .otherWaits(shown(proposal))
    case .changed: .changed
    }
  }

  func waitingDecisions() async throws(ExchangeError) -> [ProposedDecision] {
    try await asked { desk async throws(CustodyDesk.Failure) in try await desk.proposals() }
      .map(shown)
  }

  func decision(_ id: Int64) async throws(ExchangeError) -> ProposedDecision? {
    try await asked { desk async throws(CustodyDesk.Failure) in try await desk.proposal(id) }
      .map(shown)
  }

  func approve(
    _ id: Int64, by authority: Authority, signature: [UInt8]
  ) async throws(ExchangeError) -> ApprovalOutcome {
    let approved = try await decided { desk async throws(CustodyDesk.Failure) in
      try await desk.approve(
        CustodyApproval(proposal: id, authority: authority, signature: signature))
    }
    return switch approved {
    case .applied: .applied
    case .gone: .gone
    case .changed: .changed
    }
  }

  func refuse(_ id: Int64, by authority: Authority) async throws(ExchangeError) -> Bool {
    try await decided { desk async throws(CustodyDesk.Failure) in
      try await desk.refuse(id, by: authority)
    }
  }

  /// Of what changes something: a failure does not say whether it did.
  private func decided<Value>(
    _ body: (CustodyDesk) async throws(CustodyDesk.Failure) -> Value
  ) async throws(ExchangeError) -> Value {
    do throws(CustodyDesk.Failure) {
      return try await body(desk)
    } catch {
      throw .outcomeUnknown
    }
  }

  private func shown(_ proposal: CustodyProposal) -> ProposedDecision {
    let content = proposal.content
    var line = WaitingDecision(
      decisionID: "\(proposal.id)", Self.decision(content.matter), chain: proposal.chain,
      user: "\(content.user)", asset: content.asset,
      amount: amount(content.amount, content.asset), transaction: "\(content.transaction)",
      requestedBy: "\(proposal.authority.user)", reason: proposal.authority.reason,
      requestedAt: Timestamp(microseconds: proposal.time))
    switch content.matter {
    case .deposit(let id): (line.deposit, line.outRef) = ("\(id)", content.outRef)
    case .payout(let sender, let nonce, _):
      (line.sender, line.nonce) = ("\(sender)", "\(nonce)")
      line.withdrawal = content.withdrawal.map { "\($0)" }
    }
    return ProposedDecision(
      id: proposal.id, line: line, user: content.user, authority: proposal.authority,
      time: proposal.time, state: Self.state(proposal))
  }

  private static func decision(_ matter: CustodyProposal.Matter) -> WaitingDecision.Decision {
    switch matter {
    case .deposit: .credit
    case .payout(_, _, .reverted): .reverted
    case .payout(_, _, .cancelled): .cancelled
    case .payout(_, _, .paid): preconditionFailure("a payment that paid gives nobody anything")
    }
  }

  private static func state(_ proposal: CustodyProposal) -> ProposedDecision.State {
    switch (proposal.outcome, proposal.decidedBy) {
    case (nil, _): .waits
    case (.approved, let by?): .approved(by: by)
    case (.approved, nil), (.refused, _), (.ended, _): .ended
    }
  }
}

extension PayoutOutcome {
  init(_ outcome: PayoutResolution.Outcome) {
    switch outcome {
    case .paid: self = .paid
    case .reverted: self = .reverted
    case .cancelled: self = .cancelled
    }
  }
}
