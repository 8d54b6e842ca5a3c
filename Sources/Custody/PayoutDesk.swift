// What users and operators ask of withdrawals and payments, and what operators decide.

public import Engine
public import Ethereum
internal import Postgres

/// A withdrawal as it is stored.
public struct StoredWithdrawal: Sendable, Equatable {
  public var id: Int64
  public var user: UserID
  public var clientID: String
  public var asset: String
  public var amount: Int128
  public var fee: Int128
  public var chain: String
  public var address: PayoutAddress
  public var status: String
  public var approvalsNeeded: Int
  public var transaction: Hash32?
  public var height: Int64?
  public var reason: String
  public var requested: Microseconds
}

/// What one operator decides about payments alone: nobody is given money by it.
public enum PayoutDecision: Sendable, Equatable {
  /// Payments go on after a halt.
  case resume
  /// An open payment shall end without paying: the chain decides.
  case cancel(nonce: UInt64)
  /// What became of one by a transaction that does not tell. That a user's payment has not paid
  /// takes two operators (`CustodyProposal`).
  case resolve(nonce: UInt64, PayoutOutcome)
}

extension CustodyDesk {
  /// Newest first, of all users where none is named; `before` is the id of the last one of the page
  /// before.
  public func withdrawals(
    of user: UserID?, in status: String? = nil, before: Int64? = nil, limit: Int
  ) async throws(Failure) -> [StoredWithdrawal] {
    try await withStore { store throws(PostgresError) in
      try store.withdrawals(of: user, in: status, before: before ?? .max, limit: limit)
    }
  }

  public func withdrawal(_ id: Int64) async throws(Failure) -> StoredWithdrawal? {
    try await withStore { store throws(PostgresError) in try store.withdrawal(id) }
  }

  /// The user's first under a client id.
  public func withdrawal(
    of user: UserID, clientID: String
  ) async throws(Failure) -> StoredWithdrawal? {
    try await withStore { store throws(PostgresError) in
      try store.withdrawal(of: user, clientID: clientID)
    }
  }

  /// Payments that are not finished, this account's first, each account's lowest nonce first.
  public func openPayments(_ sender: Address) async throws(Failure) -> [PayoutSlot] {
    try await withStore { store throws(PostgresError) in
      var slots = try store.openSlots(sender, 1_000)
      for earlier in try store.openAccounts(besides: sender) {
        slots += try store.openSlots(earlier, 1_000)
      }
      return slots
    }
  }

  /// Recorded with the operator's reason, in the transaction that does it; false where it does not
  /// apply.
  public func decide(
    _ decision: PayoutDecision, _ sender: Address, by authority: Authority
  ) async throws(Failure) -> Bool {
    try await withStore { store throws(PostgresError) in
      try store.decide(decision, sender, by: authority)
    }
  }
}

extension CustodyStore {
  func withdrawals(
    of user: UserID?, in status: String?, before: Int64, limit: Int
  ) throws(PostgresError) -> [StoredWithdrawal] {
    var parameters = PostgresParameters()
    parameters.int8(before)
    if let status { parameters.text(status) } else { parameters.null() }
    if let user { parameters.int8(Int64(user)) } else { parameters.null() }
    return try read(
      """
      where id < $1 and ($2::text is null or status = $2::text)
        and ($3::int8 is null or user_id = $3::int8)
      order by id desc limit \(limit)
      """, parameters)
  }

  func withdrawal(_ id: Int64) throws(PostgresError) -> StoredWithdrawal? {
    var parameters = PostgresParameters()
    parameters.int8(id)
    return try read("where id = $1", parameters).first
  }

  func withdrawal(
    of user: UserID, clientID: String
  ) throws(PostgresError) -> StoredWithdrawal? {
    var parameters = PostgresParameters()
    parameters.int8(Int64(user))
    parameters.text(clientID)
    return try read("where user_id = $1 and client_id = $2 order by id limit 1", parameters).first
  }

  private func read(
    _ condition: String, _ parameters: consuming PostgresParameters
  ) throws(PostgresError) -> [StoredWithdrawal] {
    let result = try connection.query(
      """
      select id, user_id, client_id, asset, amount, fee, chain, address, status, approvals_needed,
        tx_hash, block_height, reason, created_at
      from public.withdrawals \(condition)
      """, parameters)
    return (0..<result.rowCount).map { row in
      StoredWithdrawal(
        id: result.int64(row, 0), user: UserID(result.int64(row, 1)),
        clientID: result.string(row, 2), asset: result.string(row, 3),
        amount: result.numeric(row, 4), fee: result.numeric(row, 5),
        chain: result.string(row, 6), address: PayoutAddress(result.bytes(row, 7)),
        status: result.string(row, 8), approvalsNeeded: Int(result.int16(row, 9)),
        transaction: result.optionalBytes(row, 10).flatMap { Hash32($0) },
        height: result.optionalInt64(row, 11), reason: result.string(row, 12),
        requested: result.timestamp(row, 13))
    }
  }

  func decide(
    _ decision: PayoutDecision, _ sender: Address, by authority: Authority
  ) throws(PostgresError) -> Bool {
    var applies = false
    try transaction { () throws(PostgresError) in
      switch decision {
      case .resume: applies = try resume(sender)
      case .cancel(let nonce): applies = try cancelPayment(sender, nonce)
      case .resolve(let nonce, let outcome):
        let matter = CustodyProposal.Matter.payout(sender: sender, nonce: nonce, outcome)
        guard case .givesNothing = try consider(matter) else { return }
        applies = try resolve(sender, nonce, outcome)
        if applies { try endWaiting(about: matter, by: authority.user) }
      }
      if applies { try log(logged(decision, sender), by: authority) }
    }
    return applies
  }

  private func logged(
    _ decision: PayoutDecision, _ sender: Address
  ) throws(PostgresError) -> LoggedDecision {
    switch decision {
    case .resume:
      LoggedDecision(action: "resume_payouts", subject: chain, detail: "sender=\(sender)")
    case .cancel(let nonce):
      LoggedDecision(
        action: "cancel_payout", subject: try subject(sender, nonce),
        detail: "sender=\(sender) nonce=\(nonce)")
    case .resolve(let nonce, let outcome):
      LoggedDecision(
        action: "resolve_payout", subject: try subject(sender, nonce),
        detail: "sender=\(sender) nonce=\(nonce) outcome=\(outcome)")
    }
  }

  /// Whose payment it is; the chain where it is nobody's.
  private func subject(_ sender: Address, _ nonce: UInt64) throws(PostgresError) -> String {
    let result = try connection.query(
      """
      select w.user_id from core.payout_slot s join public.withdrawals w on w.id = s.withdrawal_id
      where s.chain = $1 and s.sender = $2 and s.nonce = $3
      """, slotKey(sender, nonce))
    return result.rowCount == 1 ? "\(result.int64(0, 0))" : chain
  }
}
