// Withdrawals as the engine decided them, into `public.withdrawals`.

internal import Engine
internal import Postgres

extension LedgerWriter {
  private typealias Change = (
    id: Int64, status: WithdrawalStatus, by: UserID, reason: String, time: Microseconds
  )

  /// In the order of the journal, and only forward: a group that comes again after a restart
  /// changes nothing.
  func writeWithdrawals(_ batch: LedgerBatch, _ names: LedgerNames) throws(PostgresError) {
    var requested: [Withdrawal] = []
    var approved: [(approval: WithdrawalApproval, time: Microseconds)] = []
    // A statement touches a row once only, and each step is logged, however many came in one batch:
    // so first the first change of each, then the second. The engine moves none more than three
    // times.
    var rounds: [[Change]] = []
    var changes: [Int64: Int] = [:]
    for event in batch.withdrawals {
      switch event {
      case .requested(let withdrawal): requested.append(withdrawal)
      case .approved(let approval, let time): approved.append((approval, time))
      case .changed(let id, let status, let by, let reason, let time):
        let round = changes[id, default: 0]
        changes[id] = round + 1
        if round == rounds.count { rounds.append([]) }
        rounds[round].append((id, status, by, reason, time))
      }
    }
    if !requested.isEmpty { try insert(requested, names) }
    if !approved.isEmpty { try insert(approved) }
    for round in rounds { try update(round) }
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

  private func update(_ rows: [Change]) throws(PostgresError) {
    var parameters = PostgresParameters()
    parameters.int8Array(rows.count) { rows[$0].id }
    parameters.textArray(rows.count) { rows[$0].status.name }
    parameters.int8Array(rows.count) { Int64(rows[$0].by) }
    parameters.textArray(rows.count) { rows[$0].reason }
    parameters.int8Array(rows.count) { rows[$0].time }
    let unfinished = "array['requested', 'approved', 'started']"
    let result = try connection.query(
      """
      with x as (
        select * from unnest($1::int8[], $2::text[], $3::int8[], $4::text[], $5::int8[])
          x(i, s, b, r, t)),
      moved as (
        update public.withdrawals w set decision = s, decided_by = b, reason = r,
          updated_at = \(Self.moment("t"))
        from x where w.id = x.i and array_position(\(unfinished), w.decision)
          < coalesce(array_position(\(unfinished), s), 4))
      select count(*) from x join public.withdrawals w on w.id = x.i
      """, parameters)
    try require(Int(result.int64(0, 0)), rows.count, "withdrawals to change")
  }

  /// A timestamp from microseconds, exactly.
  private static func moment(_ column: String) -> String {
    "to_timestamp(\(column) / 1000000) + (\(column) % 1000000) * interval '1 microsecond'"
  }
}
