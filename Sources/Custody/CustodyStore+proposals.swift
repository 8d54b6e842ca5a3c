// Operators' decisions as they are stored: what waits for a second one, and the log of all. Each is
// one transaction with what it does.

internal import Engine
internal import Ethereum
internal import Postgres

extension CustodyStore {
  /// Proposals of one answer: each is of a deposit in review or of a payment that is held, which
  /// are few.
  static let maximumProposals = 1_000

  // MARK: What it gives

  func consider(_ matter: CustodyProposal.Matter) throws(PostgresError) -> CustodyConsidered {
    let considered = try content(of: matter)
    guard case .gives(let content, _) = considered else { return considered }
    return .gives(content, waiting: try waiting(about: matter))
  }

  private func content(of matter: CustodyProposal.Matter) throws(PostgresError) -> CustodyConsidered
  {
    switch matter {
    case .deposit(let id): try content(ofDeposit: id)
    case .payout(let sender, let nonce, let outcome): try content(ofPayout: sender, nonce, outcome)
    }
  }

  private func content(ofDeposit id: Int64) throws(PostgresError) -> CustodyConsidered {
    guard let deposit = try deposits("chain = $1 and id = \(id)").first else {
      return .deposit(.unknown)
    }
    if deposit.resolution == .credit { return .deposit(.resolved(deposit)) }
    guard deposit.status == .review else { return .deposit(.notInReview(deposit.status)) }
    guard deposit.amount > 0 else { return .deposit(.notCreditable) }
    return .gives(
      CustodyProposal.Content(
        matter: .deposit(id), withdrawal: nil, user: deposit.user, asset: deposit.asset,
        amount: deposit.amount, transaction: deposit.transaction, outRef: deposit.outRef),
      waiting: nil)
  }

  private func content(
    ofPayout sender: Address, _ nonce: UInt64, _ outcome: PayoutOutcome
  ) throws(PostgresError) -> CustodyConsidered {
    var parameters = slotKey(sender, nonce)
    parameters.text(outcome.rawValue)
    let result = try connection.query(
      """
      select t.hash, w.id, w.user_id, w.asset, w.amount + w.fee,
        case when s.resolved_hash = t.hash then s.resolution end
      from core.payout_slot s join core.sent_transaction t
        on (t.chain, t.sender, t.nonce) = (s.chain, s.sender, s.nonce)
      left join public.withdrawals w on w.id = s.withdrawal_id
      where s.chain = $1 and s.sender = $2 and s.nonce = $3 and \(Self.isForAPerson)
      """, parameters)
    guard result.rowCount == 1 else { return .unknownPayout }
    let standing = result.optionalString(0, 5).flatMap { PayoutOutcome(rawValue: $0) }
    guard let withdrawal = result.optionalInt64(0, 1), standing != outcome else {
      // Nobody's money, or the same again.
      return .givesNothing
    }
    // What two operators said, one does not take back.
    guard outcome != .paid else { return standing == nil ? .givesNothing : .unknownPayout }
    guard let hash = Hash32(result.bytes(0, 0)) else {
      throw PostgresError.impossible("sent_transaction: a row that does not read")
    }
    return .gives(
      CustodyProposal.Content(
        matter: .payout(sender: sender, nonce: nonce, outcome), withdrawal: withdrawal,
        user: UserID(result.int64(0, 2)), asset: result.string(0, 3),
        amount: result.numeric(0, 4), transaction: hash, outRef: ""),
      waiting: nil)
  }

  // MARK: The first operator

  func propose(_ new: NewCustodyProposal) throws(PostgresError) -> CustodyProposed {
    var proposed = CustodyProposed.changed
    try transaction { () throws(PostgresError) in
      guard case .gives(let content, _) = try content(of: new.matter), content.user == new.user
      else { return }
      if let waiting = try waiting(about: new.matter) {
        if waiting.content == content, waiting.authority == new.authority {
          proposed = .waits(waiting)
          return
        }
        let isStill = try isStill(waiting.content)
        guard waiting.id == new.replacing || !isStill else {
          proposed = .otherWaits(waiting)
          return
        }
        try end(waiting.id, .ended, by: new.authority.user)
      }
      guard let proposal = try insert(content, new) else { return }
      try log(.propose, proposal, by: new.authority)
      proposed = .waits(proposal)
    }
    return proposed
  }

  /// Of what is no longer so, nobody can approve it.
  private func isStill(_ content: CustodyProposal.Content) throws(PostgresError) -> Bool {
    guard case .gives(let now, _) = try self.content(of: content.matter) else { return false }
    return now == content
  }

  private func insert(
    _ content: CustodyProposal.Content, _ new: NewCustodyProposal
  ) throws(PostgresError) -> CustodyProposal? {
    // Whoever proposes for the venue itself has no key, and none is needed.
    guard let key = new.authority.key else { return nil }
    var parameters = matterParameters(content.matter)
    if let withdrawal = content.withdrawal {
      parameters.int8(withdrawal)
    } else {
      parameters.null()
    }
    parameters.text(content.decision)
    parameters.int8(Int64(content.user))
    parameters.text(content.asset)
    parameters.numeric(content.amount)
    parameters.bytea(content.transaction.bytes)
    parameters.text(content.outRef)
    parameters.int8(Int64(new.authority.user))
    parameters.bytea(key.bytes)
    parameters.text(new.authority.reason)
    parameters.timestamp(new.time)
    let result = try connection.query(
      """
      insert into core.custody_proposal(chain, deposit_id, sender, nonce, withdrawal_id, decision,
        user_id, asset, amount, tx_hash, out_ref, operator_id, public_key, reason, requested_at)
      values ($1, $2::int8, $3::bytea, $4::int8, $5::int8, $6, $7, $8, $9, $10, $11, $12, $13, $14,
        $15)
      returning id
      """, parameters)
    return try proposal(result.int64(0, 0))
  }

  /// `$1` to `$4`: the chain, then the deposit or the payment.
  private func matterParameters(_ matter: CustodyProposal.Matter) -> PostgresParameters {
    var parameters = PostgresParameters()
    parameters.text(chain)
    switch matter {
    case .deposit(let id):
      parameters.int8(id)
      parameters.null()
      parameters.null()
    case .payout(let sender, let nonce, _):
      parameters.null()
      parameters.bytea(sender.bytes)
      parameters.int8(Int64(clamping: nonce))
    }
    return parameters
  }

  // MARK: The second operator

  func approve(_ approval: CustodyApproval) throws(PostgresError) -> CustodyApproved {
    var approved = CustodyApproved.gone
    try transaction { () throws(PostgresError) in
      guard let proposal = try proposal(approval.proposal) else { return }
      let `operator` = approval.authority.user
      // Asked whoever it is: one operator alone never gives.
      guard `operator` != proposal.authority.user else { return }
      guard proposal.outcome == nil else {
        if proposal.outcome == .approved, proposal.decidedBy == `operator` { approved = .applied }
        return
      }
      approved = .changed
      guard try isStill(proposal.content), try apply(proposal) else { return }
      try end(proposal.id, .approved, by: `operator`)
      try log(.approve, proposal, by: approval.authority, signature: approval.signature)
      approved = .applied
    }
    return approved
  }

  private func apply(_ proposal: CustodyProposal) throws(PostgresError) -> Bool {
    switch proposal.content.matter {
    case .deposit(let id): try resolve(id, .credit, by: proposal.authority)
    case .payout(let sender, let nonce, let outcome): try resolve(sender, nonce, outcome)
    }
  }

  /// By any operator, its own included: it gives nobody anything.
  func refuse(_ id: Int64, by authority: Authority) throws(PostgresError) -> Bool {
    var isRefused = false
    try transaction { () throws(PostgresError) in
      guard let proposal = try proposal(id), proposal.outcome == nil else { return }
      try end(id, .refused, by: authority.user)
      try log(.refuse, proposal, by: authority)
      isRefused = true
    }
    return isRefused
  }

  private func end(
    _ id: Int64, _ outcome: CustodyProposal.Outcome, by operator: UserID
  ) throws(PostgresError) {
    var parameters = PostgresParameters()
    parameters.int8(id)
    parameters.text(outcome.rawValue)
    parameters.int8(Int64(`operator`))
    try connection.query(
      """
      update core.custody_proposal set outcome = $2, decided_by = $3
      where id = $1 and outcome is null
      """, parameters)
  }

  /// Another decision about the same was taken, in the caller's transaction: what waits ends.
  func endWaiting(
    about matter: CustodyProposal.Matter, by operator: UserID
  ) throws(PostgresError) {
    if let waiting = try waiting(about: matter) {
      try end(waiting.id, .ended, by: `operator`)
    }
  }

  // MARK: Rows

  func waitingProposals() throws(PostgresError) -> [CustodyProposal] {
    try proposals(
      "where chain = $1 and outcome is null order by id limit \(Self.maximumProposals)",
      chainParameter())
  }

  func proposal(_ id: Int64) throws(PostgresError) -> CustodyProposal? {
    try proposals("where chain = $1 and id = \(id)", chainParameter()).first
  }

  private func waiting(
    about matter: CustodyProposal.Matter
  ) throws(PostgresError) -> CustodyProposal? {
    try proposals(
      """
      where chain = $1 and outcome is null
        and (deposit_id = $2::int8 or (sender, nonce) = ($3::bytea, $4::int8))
      """, matterParameters(matter)
    ).first
  }

  private func proposals(
    _ condition: String, _ parameters: consuming PostgresParameters
  ) throws(PostgresError) -> [CustodyProposal] {
    let result = try connection.query(
      """
      select id, deposit_id, sender, nonce, withdrawal_id, decision, user_id, asset, amount,
        tx_hash, out_ref, operator_id, public_key, reason, requested_at, outcome, decided_by, chain
      from core.custody_proposal \(condition)
      """, parameters)
    var found: [CustodyProposal] = []
    for row in 0..<result.rowCount {
      guard let matter = Self.matter(result, row), let hash = Hash32(result.bytes(row, 9)),
        let key = Engine.PublicKey(result.bytes(row, 12))
      else { throw PostgresError.impossible("custody_proposal: a row that does not read") }
      found.append(
        CustodyProposal(
          id: result.int64(row, 0), chain: result.string(row, 17),
          content: CustodyProposal.Content(
            matter: matter, withdrawal: result.optionalInt64(row, 4),
            user: UserID(result.int64(row, 6)), asset: result.string(row, 7),
            amount: result.numeric(row, 8), transaction: hash, outRef: result.string(row, 10)),
          authority: Authority(
            user: UserID(result.int64(row, 11)), key: key, reason: result.string(row, 13)),
          time: result.timestamp(row, 14),
          outcome: result.optionalString(row, 15).flatMap(CustodyProposal.Outcome.init),
          decidedBy: result.optionalInt64(row, 16).map { UserID($0) }))
    }
    return found
  }

  private static func matter(
    _ result: borrowing PostgresResult, _ row: Int
  ) -> CustodyProposal.Matter? {
    if let deposit = result.optionalInt64(row, 1) { return .deposit(deposit) }
    guard let sender = result.optionalBytes(row, 2).flatMap({ Address($0) }),
      let nonce = result.optionalInt64(row, 3),
      let outcome = PayoutOutcome(rawValue: result.string(row, 5))
    else { return nil }
    return .payout(sender: sender, nonce: UInt64(nonce), outcome)
  }

  // MARK: The log

  /// What an operator did, as its row names it.
  struct LoggedDecision {
    var action: String
    /// The user's number where an account is concerned, else the chain's name.
    var subject: String
    /// `name=value` pairs.
    var detail: String
    var signature: [UInt8]?
  }

  private enum Step: String {
    case propose, approve, refuse
  }

  private func log(
    _ step: Step, _ proposal: CustodyProposal, by authority: Authority, signature: [UInt8]? = nil
  ) throws(PostgresError) {
    let content = proposal.content
    let (what, about) =
      switch content.matter {
      case .deposit(let id): ("credit", "deposit=\(id)")
      case .payout(let sender, let nonce, let outcome):
        (
          "payout_end",
          "withdrawal=\(content.withdrawal ?? 0) sender=\(sender) nonce=\(nonce) outcome=\(outcome)"
        )
      }
    try log(
      LoggedDecision(
        action: "\(step.rawValue)_\(what)", subject: "\(content.user)",
        detail: "decision=\(proposal.id) \(about) asset=\(content.asset) "
          + "amount_atoms=\(content.amount) transaction=\(content.transaction)",
        signature: signature), by: authority)
  }

  /// In the caller's transaction, which does it.
  func log(_ decision: LoggedDecision, by authority: Authority) throws(PostgresError) {
    var parameters = chainParameter()
    parameters.int8(Int64(authority.user))
    if let key = authority.key { parameters.bytea(key.bytes) } else { parameters.null() }
    parameters.text(decision.action)
    parameters.text(decision.subject)
    parameters.text(decision.detail)
    parameters.text(authority.reason)
    if let signature = decision.signature {
      parameters.bytea(signature)
    } else {
      parameters.null()
    }
    try connection.query(
      """
      insert into core.custody_decision(journal_seq, chain, operator_id, public_key, action,
        subject, detail, reason, signature)
      select journal_seq, $1, $2, $3::bytea, $4, $5, $6, $7, $8::bytea from core.projection
      """, parameters)
  }
}
