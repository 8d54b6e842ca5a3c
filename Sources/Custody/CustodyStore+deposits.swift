// Deposits as they are stored: found, moved by reorganisations, numbered, taken back.

internal import Engine
internal import Ethereum
internal import Postgres

extension CustodyStore {
  /// New deposits, and those that a reorganisation moved: the key is the same wherever they lie.
  func insert(_ found: [FoundDeposit]) throws(PostgresError) {
    var parameters = PostgresParameters(capacity: found.count * 400 + 256)
    parameters.text(chain)
    parameters.byteaArray(found.count) { found[$0].transfer.transaction.bytes }
    parameters.textArray(found.count) { found[$0].transfer.outRef }
    parameters.int8Array(found.count) { Int64(found[$0].user) }
    parameters.textArray(found.count) { found[$0].asset.code }
    parameters.byteaArray(found.count) { found[$0].transfer.recipient.bytes }
    parameters.byteaArray(found.count) { found[$0].transfer.sender.bytes }
    parameters.byteaArray(found.count) { found[$0].contract }
    parameters.int8Array(found.count) { found[$0].place.height }
    parameters.byteaArray(found.count) { found[$0].place.hash.bytes }
    parameters.textArray(found.count) { "\(found[$0].transfer.raw)" }
    parameters.numericArray(found.count) { found[$0].value.amount }
    parameters.textArray(found.count) { "\(found[$0].value.dust)" }
    parameters.textArray(found.count) { "\(found[$0].asset.scale)" }
    parameters.textArray(found.count) { found[$0].value.status.rawValue }
    parameters.textArray(found.count) { found[$0].value.reason }
    let result = try connection.query(Self.insertDeposits, parameters)
    guard result.affectedRows == found.count else {
      throw PostgresError(
        sqlstate: Self.divergence,
        message: "deposits: \(found.count) found, \(result.affectedRows) taken")
    }
  }

  /// What the user reads of a resolution; null where there is none.
  static func resolvedReason(_ resolution: String) -> String {
    "case \(resolution) when 'credit' then '' when 'reject' then 'rejected by an operator' end"
  }

  // What the chain shows in a deposit's place: the same, or not.
  private static let same = """
    ((d.raw_amount, d.asset, d.address)
      = (excluded.raw_amount, excluded.asset, excluded.address))
    """

  // Its credit is live or on its way: the row must say what was credited.
  private static let bound = "(d.credit_no is not null and d.clawback_seq is null)"

  private static let changedReason = """
    '\(DepositLifecycle.changed)' || concat_ws(', ',
      case when d.raw_amount <> excluded.raw_amount then 'amount' end,
      case when d.asset <> excluded.asset then 'asset' end,
      case when d.address <> excluded.address then 'recipient' end)
    """

  /// All that the chain shows of a deposit, but for its block.
  private static let shown = [
    "user_id", "asset", "address", "sender", "contract", "raw_amount", "amount", "dust", "scale",
  ]

  // A deposit that was credited keeps its number where the same is mined again; in place of
  // anything else it stays orphaned, is taken back, and waits for a person: what the chain has now
  // is kept apart until the ledger has the clawback. One that was taken back begins anew. What an
  // operator decided stands for the same.
  private static let insertDeposits = """
    with t as (
      select h, o, u, a, r, s, nullif(c, ''::bytea) as c, n, b, w::numeric as w, m,
        d::numeric as d, k::numeric as k, z, y
      from unnest($2::bytea[], $3::text[], $4::int8[], $5::text[], $6::bytea[], $7::bytea[],
        $8::bytea[], $9::int8[], $10::bytea[], $11::text[], $12::numeric[], $13::text[],
        $14::text[], $15::text[], $16::text[])
        x(h, o, u, a, r, s, c, n, b, w, m, d, k, z, y)),
    changed as (
      insert into core.changed_deposit(chain, tx_hash, out_ref, user_id, asset, address, sender,
        contract, block_height, block_hash, raw_amount, amount, dust, scale)
      select $1::text, t.h, t.o, t.u, t.a, t.r, t.s, t.c, t.n, t.b, t.w, t.m, t.d, t.k
      from t join public.deposits d on d.chain = $1 and d.tx_hash = t.h and d.out_ref = t.o
      where \(bound) and (d.raw_amount, d.asset, d.address) <> (t.w, t.a, t.r)
      on conflict (chain, tx_hash, out_ref) do update set
        block_height = excluded.block_height, block_hash = excluded.block_hash,
        \(shown.map { "\($0) = excluded.\($0)" }.joined(separator: ", ")))
    insert into public.deposits as d (chain, tx_hash, out_ref, user_id, asset, address, sender,
      contract, block_height, block_hash, raw_amount, amount, dust, scale, status, reason,
      created_at, updated_at)
    select $1::text, t.h, t.o, t.u, t.a, t.r, t.s, t.c, t.n, t.b, t.w, t.m, t.d, t.k, t.z, t.y,
      now(), now()
    from t
    on conflict (chain, tx_hash, out_ref) do update set
      \(["block_height", "block_hash"].map {
        "\($0) = case when \(bound) and not \(same) then d.\($0) else excluded.\($0) end"
      }.joined(separator: ",\n")),
      \(shown.map {
        "\($0) = case when \(bound) then d.\($0) else excluded.\($0) end"
      }.joined(separator: ",\n")),
      \(["resolution", "resolved_by", "resolution_reason"].map {
        "\($0) = case when \(bound) or \(same) then d.\($0) end"
      }.joined(separator: ",\n")),
      updated_at = now(),
      reason = case
        when d.status = 'clawback' and d.reason <> '' then d.reason
        when d.credit_no is not null and not \(same) then \(changedReason)
        when \(same) and excluded.status = 'review'
          then coalesce(\(resolvedReason("d.resolution")), excluded.reason)
        else excluded.reason end,
      status = case
        when d.status = 'clawback' then 'clawback'
        when d.credit_no is null and \(same) and excluded.status = 'review'
          and d.resolution = 'reject' then 'rejected'
        when d.credit_no is null and \(same) and excluded.status = 'review'
          and d.resolution = 'credit' then 'seen'
        when d.credit_no is null then excluded.status
        when not \(same) then 'orphaned'
        when d.credited_seq is not null then 'credited'
        else 'confirming' end
    """

  /// What a new last block, or a new final one, makes of all deposits.
  func proceed(tip: Int64, finalized: Int64, numbersLost: Bool) throws(PostgresError) {
    var parameters = PostgresParameters()
    parameters.text(chain)
    parameters.int8(tip)
    try connection.query(
      """
      update public.deposits set status = 'confirming', updated_at = now()
      where chain = $1 and status = 'seen' and block_height < $2
      """, parameters)
    try takeChanged()
    // Taken back, in the ledger too, and on the chain again: as if it were new.
    try connection.query(
      """
      update public.deposits d set status = 'confirming', credit_no = null, clawback_no = null,
        credited_seq = null, clawback_seq = null, updated_at = now()
      from public.scanned_blocks b
      where d.chain = $1 and d.status = 'clawback' and d.clawback_seq is not null and d.reason = ''
        and b.chain = d.chain and b.height = d.block_height and b.hash = d.block_hash
        and b.height <= $2
      """, parameters)
    var final = PostgresParameters()
    final.text(chain)
    final.int8(finalized)
    try connection.query(
      """
      update public.deposits set status = 'final', updated_at = now()
      where chain = $1 and status = 'credited' and block_height <= $2
      """, final)
    try connection.query(
      "update core.chain set finalized = greatest(finalized, $2) where chain = $1", final)
    if numbersLost { try numberLost("") }
  }

  /// The ledger has the clawback: from here on the row says what the chain has, which no balance
  /// has.
  private func takeChanged() throws(PostgresError) {
    var parameters = PostgresParameters()
    parameters.text(chain)
    let columns = (["block_height", "block_hash"] + Self.shown).map { "\($0) = t.\($0)" }
    try connection.query(
      """
      with t as (
        delete from core.changed_deposit c using public.deposits d
        where c.chain = $1 and d.status = 'clawback' and d.clawback_seq is not null
          and (d.chain, d.tx_hash, d.out_ref) = (c.chain, c.tx_hash, c.out_ref)
        returning c.*)
      update public.deposits d set \(columns.joined(separator: ", ")), resolution = null,
        resolved_by = null, resolution_reason = null, updated_at = now()
      from t where (d.chain, d.tx_hash, d.out_ref) = (t.chain, t.tx_hash, t.out_ref)
      """, parameters)
  }

  // MARK: Clawbacks

  /// Credits that are not on the chain and have no clawback yet, in order of their numbers.
  func lostCredits(limit: Int) throws(PostgresError) -> [Deposit] {
    try deposits(
      """
      chain = $1 and status = 'orphaned' and credit_no is not null
      order by credit_no limit \(limit)
      """)
  }

  /// Gives them the numbers of their clawbacks. From here on each is taken back, whatever happens.
  func numberClawbacks(of lost: [Deposit]) throws(PostgresError) {
    if lost.isEmpty { return }
    try transaction { () throws(PostgresError) in
      let ids = lost.map { "\($0.id)" }.joined(separator: ",")
      try numberLost("and id in (\(ids))")
    }
  }

  /// The new chain is known to its end and these credits are not on it.
  private func numberLost(_ which: String) throws(PostgresError) {
    var parameters = PostgresParameters()
    parameters.text(chain)
    try connection.query(
      """
      with lost as (
        select tx_hash, out_ref, (select last_clawback from core.chain where chain = $1)
          + row_number() over (order by credit_no) as number
        from public.deposits
        where chain = $1 and status = 'orphaned' and credit_no is not null \(which)),
      numbered as (
        update public.deposits d set status = 'clawback', clawback_no = lost.number,
          clawback_seq = null, updated_at = now()
        from lost where d.chain = $1 and d.tx_hash = lost.tx_hash and d.out_ref = lost.out_ref
        returning lost.number)
      update core.chain set last_clawback = (select max(number) from numbered)
      where chain = $1 and exists (select from numbered)
      """, parameters)
  }

  // MARK: Credits

  /// Deposits without a number that are ripe by their block, in pages in order of discovery.
  /// - Parameter heights: for each asset the highest block that is deep enough, or final. Those
  /// that still wait are not among them, so that an asset whose finality stalls holds up no other.
  func ripe(
    _ heights: [(asset: String, height: Int64)], after id: Int64, limit: Int
  ) throws(PostgresError) -> [Deposit] {
    var parameters = PostgresParameters()
    parameters.text(chain)
    parameters.textArray(heights.count) { heights[$0].asset }
    parameters.int8Array(heights.count) { heights[$0].height }
    return try Deposit.rows(
      connection,
      """
      join unnest($2::text[], $3::int8[]) ripe(code, top) on code = asset and block_height <= top
      where chain = $1 and status in ('seen', 'confirming') and credit_no is null and id > \(id)
      order by id limit \(limit)
      """, parameters)
  }

  /// Gives deposits their numbers, gapless and for ever, where they still lie in the block that was
  /// looked at. From here on each is credited, whatever happens.
  func number(_ ripe: [Deposit]) throws(PostgresError) {
    try transaction { () throws(PostgresError) in
      var parameters = PostgresParameters(capacity: ripe.count * 96 + 64)
      parameters.text(chain)
      parameters.int8Array(ripe.count) { ripe[$0].id }
      parameters.byteaArray(ripe.count) { ripe[$0].block.bytes }
      let result = try connection.query(
        """
        with ripe as (
          select i, b, row_number() over () + (select last_credit from core.chain where chain = $1)
            as number
          from unnest($2::int8[], $3::bytea[]) t(i, b))
        update public.deposits d set credit_no = ripe.number, status = 'confirming',
          updated_at = now()
        from ripe where d.id = ripe.i and d.chain = $1 and d.block_hash = ripe.b
          and d.credit_no is null and d.status in ('seen', 'confirming')
        """, parameters)
      guard result.affectedRows == ripe.count else {
        throw PostgresError(
          sqlstate: Self.divergence, message: "a deposit changed while it was credited")
      }
      var chainOnly = PostgresParameters()
      chainOnly.text(chain)
      chainOnly.int8(Int64(ripe.count))
      try connection.query(
        "update core.chain set last_credit = last_credit + $2 where chain = $1", chainOnly)
    }
  }

  /// Atoms of each asset whose credits got their numbers within a time up to now, and at least. All
  /// up to a number that is older are older.
  func credited(withinSeconds seconds: Int64) throws(PostgresError) -> [String: Int128] {
    var parameters = PostgresParameters()
    parameters.text(chain)
    parameters.int8(seconds)
    let result = try connection.query(
      """
      select asset, least(sum(amount), 2::numeric ^ 126)::numeric(39,0) from public.deposits
      where chain = $1 and credit_no > coalesce((
        select credit_no from core.deposit_log
        where chain = $1 and status = 'confirming' and credit_no is not null
          and clawback_no is null and at < now() - $2::int8 * interval '1 second'
        order by id desc limit 1), 0)
      group by 1
      """, parameters)
    return Dictionary(
      (0..<result.rowCount).map { (result.string($0, 0), result.numeric($0, 1)) },
      uniquingKeysWith: { first, _ in first })
  }

  /// Deposits that were never made: the block in which a node showed them does not have them. In no
  /// block from here on, they are as if their block had left the chain, and come again only if a
  /// block has them.
  func takeOff(_ forged: [Deposit]) throws(PostgresError) {
    try transaction { () throws(PostgresError) in
      var parameters = PostgresParameters(capacity: forged.count * 96 + 64)
      parameters.text(chain)
      parameters.int8Array(forged.count) { forged[$0].id }
      parameters.byteaArray(forged.count) { forged[$0].block.bytes }
      parameters.bytea(Hash32(.zero).bytes)
      try connection.query(
        """
        update public.deposits d set status = 'orphaned', block_hash = $4,
          reason = 'not in its block', updated_at = now()
        from unnest($2::int8[], $3::bytea[]) t(i, b)
        where d.id = t.i and d.chain = $1 and d.block_hash = t.b and d.credit_no is null
          and d.status in ('seen', 'confirming')
        """, parameters)
    }
  }

  /// Numbered after `number`, in order: what the engine may not have had yet.
  func credits(after number: Int64, limit: Int = 1_000) throws(PostgresError) -> [Deposit] {
    try deposits("chain = $1 and credit_no > \(number) order by credit_no limit \(limit)")
  }

  func clawbacks(after number: Int64, limit: Int = 1_000) throws(PostgresError) -> [Deposit] {
    try deposits("chain = $1 and clawback_no > \(number) order by clawback_no limit \(limit)")
  }

  /// Whether a credit waits for its block to be final.
  func hasUnfinal() throws(PostgresError) -> Bool {
    try !deposits("chain = $1 and status = 'credited' limit 1").isEmpty
  }

  /// Of this chain, which is `$1`.
  func deposits(_ condition: String) throws(PostgresError) -> [Deposit] {
    var parameters = PostgresParameters()
    parameters.text(chain)
    return try Deposit.rows(connection, "where \(condition)", parameters)
  }

  /// Newest first, of every chain.
  func deposits(where condition: String, limit: Int) throws(PostgresError) -> [Deposit] {
    try Deposit.rows(
      connection, "where \(condition) order by id desc limit \(limit)", PostgresParameters())
  }

  /// Steps of deposits, each with the deposit as it was then in status, block and numbers, and with
  /// what the balance had of it by that status; the rest is as it is now.
  func steps(
    of user: UserID?, after: Int64, limit: Int
  ) throws(PostgresError) -> [(id: Int64, deposit: Deposit)] {
    let condition = user.map { "and d.user_id = \($0)" } ?? ""
    let log = try connection.query(
      """
      select l.id, d.id, l.status, l.block_height, l.block_hash, l.credit_no, l.clawback_no,
        l.status in ('credited', 'final') or l.status = 'orphaned' and exists (
          select from core.deposit_log b where (b.chain, b.tx_hash, b.out_ref, b.credit_no)
            = (l.chain, l.tx_hash, l.out_ref, l.credit_no)
            and b.id < l.id and b.status = 'credited')
      from core.deposit_log l join public.deposits d using (chain, tx_hash, out_ref)
      where l.id > \(after) \(condition) order by l.id limit \(limit)
      """)
    if log.rowCount == 0 { return [] }
    var parameters = PostgresParameters()
    parameters.int8Array(log.rowCount) { log.int64($0, 1) }
    let deposits = try Deposit.rows(connection, "where id = any($1)", parameters)
    let byID = Dictionary(deposits.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    return (0..<log.rowCount).compactMap { row in
      guard var deposit = byID[log.int64(row, 1)], let block = Hash32(log.bytes(row, 4)),
        let status = DepositStatus(rawValue: log.string(row, 2))
      else { return nil }
      (deposit.status, deposit.height, deposit.block) = (status, log.int64(row, 3), block)
      deposit.creditNumber = log.optionalInt64(row, 5)
      deposit.clawbackNumber = log.optionalInt64(row, 6)
      deposit.credited = log.bool(row, 7) ? deposit.amount : 0
      return (log.int64(row, 0), deposit)
    }
  }

  func lastStep() throws(PostgresError) -> Int64 {
    try connection.query("select coalesce(max(id), 0)::int8 from core.deposit_log").int64(0, 0)
  }
}

extension FoundDeposit {
  /// A token's contract; empty for the chain's own coin.
  var contract: [UInt8] {
    if case .token(let contract) = asset.source { contract.bytes } else { [] }
  }
}

extension Deposit {
  /// Rows of `public.deposits`.
  static func rows(
    _ connection: borrowing PostgresConnection, _ condition: String,
    _ parameters: consuming PostgresParameters
  ) throws(PostgresError) -> [Deposit] {
    let result = try connection.query(
      """
      select id, chain, tx_hash, out_ref, user_id, asset, address, sender, block_height, block_hash,
        raw_amount::text, amount, dust::text, status, reason, credit_no, clawback_no, credited,
        created_at, resolution
      from public.deposits \(condition)
      """, parameters)
    var rows: [Deposit] = []
    for row in 0..<result.rowCount {
      guard let transaction = Hash32(result.bytes(row, 2)),
        let address = Address(result.bytes(row, 6)),
        let sender = Address(result.bytes(row, 7)), let block = Hash32(result.bytes(row, 9)),
        let raw = UInt256(decimal: result.string(row, 10)),
        let dust = UInt256(decimal: result.string(row, 12)),
        let status = DepositStatus(rawValue: result.string(row, 13))
      else { throw PostgresError.impossible("deposits: a row that does not read") }
      rows.append(
        Deposit(
          id: result.int64(row, 0), chain: result.string(row, 1), transaction: transaction,
          outRef: result.string(row, 3), user: UserID(result.int64(row, 4)),
          asset: result.string(row, 5), address: address, sender: sender,
          height: result.int64(row, 8), block: block, raw: raw, amount: result.numeric(row, 11),
          dust: dust, status: status, reason: result.string(row, 14),
          creditNumber: result.optionalInt64(row, 15),
          clawbackNumber: result.optionalInt64(row, 16), credited: result.numeric(row, 17),
          created: result.timestamp(row, 18),
          resolution: result.optionalString(row, 19).flatMap(DepositResolution.Decision.init)))
    }
    return rows
  }
}
