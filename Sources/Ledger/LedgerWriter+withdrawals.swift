// Withdrawals as the engine decided them, into `public.withdrawals`.

internal import Engine
internal import Postgres

extension LedgerWriter {
  /// Absolute values in the order of the journal: a group that comes again after a restart changes nothing.
  func writeWithdrawals(_ batch: LedgerBatch, _ names: LedgerNames) throws(PostgresError) {
    var requested: [Withdrawal] = []
    var approved: [(approval: WithdrawalApproval, time: Microseconds)] = []
    // The last of each is enough, and one statement may touch a row once only.
    var changed: [Int64: (status: WithdrawalStatus, reason: String, time: Microseconds)] = [:]
    for event in batch.directory {
      switch event {
      case .withdrawalRequested(let withdrawal): requested.append(withdrawal)
      case .withdrawalApproved(let approval, let time): approved.append((approval, time))
      case .withdrawalChanged(let id, let status, let reason, let time):
        changed[id] = (status, reason, time)
      default: break
      }
    }
    if !requested.isEmpty { try insert(requested, names) }
    if !approved.isEmpty { try insert(approved) }
    if !changed.isEmpty { try update(changed) }
  }

  private func insert(_ requested: [Withdrawal], _ names: LedgerNames) throws(PostgresError) {
    var parameters = PostgresParameters(capacity: requested.count * 200 + 256)
    parameters.int8Array(requested.count) { requested[$0].id }
    parameters.int8Array(requested.count) { Int64(requested[$0].user) }
    parameters.textArray(requested.count) { names.assets[Int(requested[$0].asset)] }
    parameters.numericArray(requested.count) { requested[$0].amount }
    parameters.numericArray(requested.count) { requested[$0].fee }
    parameters.byteaArray(requested.count) { requested[$0].address.bytes }
    parameters.textArray(requested.count) { names.chains[Int(requested[$0].chain)] }
    parameters.textArray(requested.count) { requested[$0].clientID.description }
    parameters.int8Array(requested.count) { Int64(requested[$0].approvalsNeeded) }
    parameters.textArray(requested.count) { requested[$0].status.name }
    parameters.int8Array(requested.count) { requested[$0].requestedAt }
    try connection.query(
      """
      insert into public.withdrawals(id, user_id, asset, amount, fee, address, chain, client_id,
        approvals_needed, decision, created_at, updated_at)
      select i, u, a, m, f, d, c, k, n, s, \(Self.moment("t")), \(Self.moment("t"))
      from unnest($1::int8[], $2::int8[], $3::text[], $4::numeric[], $5::numeric[], $6::bytea[],
        $7::text[], $8::text[], $9::int8[], $10::text[], $11::int8[])
        x(i, u, a, m, f, d, c, k, n, s, t)
      on conflict (id) do nothing
      """, parameters)
  }

  private func insert(
    _ approved: [(approval: WithdrawalApproval, time: Microseconds)]
  ) throws(PostgresError) {
    var parameters = PostgresParameters()
    parameters.int8Array(approved.count) { approved[$0].approval.id }
    parameters.int8Array(approved.count) { Int64(approved[$0].approval.operator) }
    parameters.byteaArray(approved.count) { approved[$0].approval.key.bytes }
    parameters.byteaArray(approved.count) { approved[$0].approval.signature }
    parameters.int8Array(approved.count) { approved[$0].time }
    try connection.query(
      """
      insert into core.withdrawal_approval(withdrawal_id, operator_id, public_key, signature,
        approved_at)
      select i, o, k, s, \(Self.moment("t"))
      from unnest($1::int8[], $2::int8[], $3::bytea[], $4::bytea[], $5::int8[]) x(i, o, k, s, t)
      on conflict (withdrawal_id, public_key) do nothing
      """, parameters)
  }

  private func update(
    _ changed: [Int64: (status: WithdrawalStatus, reason: String, time: Microseconds)]
  ) throws(PostgresError) {
    let rows = changed.sorted { $0.key < $1.key }
    var parameters = PostgresParameters()
    parameters.int8Array(rows.count) { rows[$0].key }
    parameters.textArray(rows.count) { rows[$0].value.status.name }
    parameters.textArray(rows.count) { rows[$0].value.reason }
    parameters.int8Array(rows.count) { rows[$0].value.time }
    let result = try connection.query(
      """
      update public.withdrawals w set decision = s, reason = r, updated_at = \(Self.moment("t"))
      from unnest($1::int8[], $2::text[], $3::text[], $4::int8[]) x(i, s, r, t) where w.id = x.i
      """, parameters)
    try require(result.affectedRows, rows.count, "withdrawals to change")
  }

  /// A timestamp from microseconds, exactly.
  private static func moment(_ column: String) -> String {
    "to_timestamp(\(column) / 1000000) + (\(column) % 1000000) * interval '1 microsecond'"
  }
}
