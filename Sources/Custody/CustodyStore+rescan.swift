// Deposits that a node left out of scanned blocks, recorded once.

internal import Engine
internal import Ethereum
internal import Postgres

extension CustodyStore {
  /// Records those that have no row, or whose row is in no block and has no credit; how many. All
  /// others keep theirs, whatever is credited already.
  func recordLeftOut(
    _ found: [FoundDeposit], of heights: ClosedRange<Int64>, by authority: Authority
  ) throws(PostgresError) -> Int {
    var recorded = 0
    try transaction { () throws(PostgresError) in
      let new = try leftOut(found)
      if !new.isEmpty { try insert(try unlessResolved(new)) }
      recorded = new.count
      try log(
        LoggedDecision(
          action: "rescan", subject: chain,
          detail: "from=\(heights.lowerBound) to=\(heights.upperBound) found=\(recorded)"),
        by: authority)
    }
    return recorded
  }

  private func leftOut(_ found: [FoundDeposit]) throws(PostgresError) -> [FoundDeposit] {
    if found.isEmpty { return [] }
    var parameters = PostgresParameters(capacity: found.count * 160 + 64)
    parameters.text(chain)
    parameters.byteaArray(found.count) { found[$0].transfer.transaction.bytes }
    parameters.textArray(found.count) { found[$0].transfer.outRef }
    parameters.int8Array(found.count) { found[$0].place.height }
    parameters.byteaArray(found.count) { found[$0].place.hash.bytes }
    // A reorganisation may have come between the look and this.
    let result = try connection.query(
      """
      select t.i from unnest($2::bytea[], $3::text[], $4::int8[], $5::bytea[])
        with ordinality t(h, o, n, b, i)
      join public.scanned_blocks s on s.chain = $1 and s.height = t.n and s.hash = t.b
      left join public.deposits d on d.chain = $1 and d.tx_hash = t.h and d.out_ref = t.o
      where d.id is null or d.status = 'orphaned' and d.credit_no is null
      order by t.i
      """, parameters)
    return (0..<result.rowCount).map { found[Int(result.int64($0, 0)) - 1] }
  }

  /// A payment that no block had shown was perhaps found by the balance of its address. This row
  /// takes the place of that one, and the look by balance will find what is more than it. Where an
  /// operator has decided about that one, the user was perhaps given it: a person must look.
  private func unlessResolved(_ found: [FoundDeposit]) throws(PostgresError) -> [FoundDeposit] {
    let native = found.filter { $0.transfer.source == .native }
    if native.isEmpty { return found }
    var parameters = PostgresParameters(capacity: native.count * 64 + 128)
    parameters.text(chain)
    parameters.byteaArray(native.count) { native[$0].transfer.recipient.bytes }
    parameters.int8Array(native.count) { native[$0].place.height }
    let resolved = try connection.query(
      """
      select distinct d.address from public.deposits d
      join unnest($2::bytea[], $3::int8[]) t(a, n) on d.address = t.a and d.block_height >= t.n
      where d.chain = $1 and d.out_ref like 'b%' and d.resolution is not null
      """, parameters)
    let decided = Set((0..<resolved.rowCount).map { resolved.bytes($0, 0) })
    var replaced = PostgresParameters(capacity: native.count * 64 + 128)
    replaced.text(chain)
    replaced.byteaArray(native.count) { native[$0].transfer.recipient.bytes }
    replaced.int8Array(native.count) { native[$0].place.height }
    replaced.bytea(Hash32(.zero).bytes)
    try connection.query(
      """
      update public.deposits d set block_hash = $4, reason = 'found in its block',
        status = case d.status when 'rejected' then d.status else 'orphaned' end, updated_at = now()
      from unnest($2::bytea[], $3::int8[]) t(a, n)
      where d.chain = $1 and d.address = t.a and d.block_height >= t.n and d.out_ref like 'b%'
        and d.status in ('review', 'dust', 'rejected')
      """, replaced)
    return found.map { deposit in
      guard decided.contains(deposit.transfer.recipient.bytes), deposit.value.status == .seen,
        deposit.transfer.source == .native
      else { return deposit }
      var held = deposit
      (held.value.status, held.value.reason) = (.review, "found by balance before")
      return held
    }
  }
}
