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

/// An operator's decision about payments.
public struct PayoutDecision: Sendable, Equatable {
  public enum Kind: String, Sendable {
    /// Payments go on after a halt.
    case resume
    /// An open payment shall end without paying.
    case cancel
    /// What became of one by a transaction that does not tell.
    case paid, reverted, cancelled
  }

  public var kind: Kind
  public var nonce: UInt64?
  public var `operator`: UserID
  public var reason: String

  public init(_ kind: Kind, nonce: UInt64? = nil, operator: UserID, reason: String) {
    self.kind = kind
    self.nonce = nonce
    self.operator = `operator`
    self.reason = reason
  }
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
  public func decide(_ decision: PayoutDecision, _ sender: Address) async throws(Failure) -> Bool {
    try await withStore { store throws(PostgresError) in try store.decide(decision, sender) }
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

  func decide(_ decision: PayoutDecision, _ sender: Address) throws(PostgresError) -> Bool {
    var applies = false
    try transaction { () throws(PostgresError) in
      switch decision.kind {
      case .resume: applies = try resume(sender)
      case .cancel: applies = try cancelPayment(sender, decision.nonce ?? 0)
      case .paid: applies = try resolve(sender, decision.nonce ?? 0, .paid)
      case .reverted: applies = try resolve(sender, decision.nonce ?? 0, .reverted)
      case .cancelled: applies = try resolve(sender, decision.nonce ?? 0, .cancelled)
      }
      guard applies else { return }
      var parameters = PostgresParameters()
      parameters.text(chain)
      parameters.bytea(sender.bytes)
      if let nonce = decision.nonce {
        parameters.int8(Int64(clamping: nonce))
      } else {
        parameters.null()
      }
      parameters.int8(Int64(decision.operator))
      parameters.text(decision.kind.rawValue)
      parameters.text(decision.reason)
      try connection.query(
        """
        insert into core.payout_decision(chain, sender, nonce, operator_id, decision, reason)
        values ($1, $2, $3::int8, $4, $5, $6)
        """, parameters)
    }
    return applies
  }
}
