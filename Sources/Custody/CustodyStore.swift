// Custody's records in Postgres: scanned blocks, deposits, addresses. Each step is one transaction.

public import Engine
public import Ethereum
internal import Postgres

/// A deposit as it is stored.
public struct Deposit: Sendable, Equatable {
  public var id: Int64
  public var chain: String
  public var transaction: Hash32
  public var outRef: String
  public var user: UserID
  public var asset: String
  public var address: Address
  public var sender: Address
  public var height: Int64
  public var block: Hash32
  public var raw: UInt256
  public var amount: Int128
  public var dust: UInt256
  public var status: DepositStatus
  public var reason: String
  public var creditNumber: Int64?
  public var clawbackNumber: Int64?
  /// Atoms that are in the user's balance by it.
  public var credited: Int128
  public var created: Microseconds
  /// What an operator decided about it.
  public var resolution: DepositResolution.Decision?

  /// Found in a trace: a call of the transaction paid, not the transaction itself.
  var isFromInside: Bool { outRef.hasPrefix("t") }
}

/// A transfer with all that its row needs.
struct FoundDeposit: Sendable {
  var transfer: Transfer
  var user: UserID
  var asset: DepositAsset
  var value: DepositValue
  var place: BlockPlace
}

/// The scanner's connection. Every transaction is fenced by the term of the one leader.
struct CustodyStore: ~Copyable {
  let connection: PostgresConnection
  let chain: String
  private let term: @Sendable () -> Int64

  init(
    _ conninfo: String, chain: String, term: @escaping @Sendable () -> Int64
  ) throws(PostgresError) {
    connection = try PostgresConnection(conninfo)
    self.chain = chain
    self.term = term
  }

  func transaction(_ body: () throws(PostgresError) -> Void) throws(PostgresError) {
    let mine = term()
    guard mine > 0 else { throw PostgresError(sqlstate: "UX001", message: "nobody leads") }
    do throws(PostgresError) {
      try connection.execute(
        """
        begin isolation level read committed;
        select core.require_term(\(mine));
        select core.lock_deposits()
        """)
      try body()
      try connection.execute("commit")
    } catch {
      if connection.isAlive { try? connection.execute("rollback") }
      throw error
    }
  }

  // MARK: The chain

  struct Known {
    var chainID: Int64
    var genesis: Hash32
    var start: Int64
    var lastCredit: Int64
    var lastClawback: Int64
    var finalized: Int64
  }

  func known() throws(PostgresError) -> Known? {
    var parameters = PostgresParameters()
    parameters.text(chain)
    let result = try connection.query(
      """
      select chain_id, genesis_hash, scan_from, last_credit, last_clawback, finalized
      from core.chain where chain = $1
      """, parameters)
    guard result.rowCount == 1, let genesis = Hash32(result.bytes(0, 1)) else { return nil }
    return Known(
      chainID: result.int64(0, 0), genesis: genesis, start: result.int64(0, 2),
      lastCredit: result.int64(0, 3), lastClawback: result.int64(0, 4),
      finalized: result.int64(0, 5))
  }

  func begin(chainID: Int64, genesis: Hash32, start: Int64) throws(PostgresError) {
    try transaction { () throws(PostgresError) in
      var parameters = PostgresParameters()
      parameters.text(chain)
      parameters.int8(chainID)
      parameters.bytea(genesis.bytes)
      parameters.int8(start)
      try connection.query(
        "insert into core.chain(chain, chain_id, genesis_hash, scan_from) values ($1, $2, $3, $4)",
        parameters)
    }
  }

  /// The last scanned blocks, lowest first.
  func tail(_ count: Int) throws(PostgresError) -> [BlockPlace] {
    var parameters = PostgresParameters()
    parameters.text(chain)
    parameters.int8(Int64(count))
    let result = try connection.query(
      """
      select height, hash, parent_hash from public.scanned_blocks where chain = $1
      order by height desc limit $2
      """, parameters)
    var tail: [BlockPlace] = []
    for row in (0..<result.rowCount).reversed() {
      guard let hash = Hash32(result.bytes(row, 1)), let parent = Hash32(result.bytes(row, 2))
      else {
        throw PostgresError(message: "scanned_blocks: a hash that has not 32 bytes")
      }
      tail.append(BlockPlace(height: result.int64(row, 0), hash: hash, parent: parent))
    }
    return tail
  }

  /// A scanned block by its height; nil where it was not scanned.
  func block(at height: Int64) throws(PostgresError) -> BlockPlace? {
    var parameters = PostgresParameters()
    parameters.text(chain)
    parameters.int8(height)
    let result = try connection.query(
      "select hash, parent_hash from public.scanned_blocks where chain = $1 and height = $2",
      parameters)
    guard result.rowCount == 1, let hash = Hash32(result.bytes(0, 0)),
      let parent = Hash32(result.bytes(0, 1))
    else { return nil }
    return BlockPlace(height: height, hash: hash, parent: parent)
  }

  /// What the deposits of an asset say was paid to each address up to a block.
  func paid(_ asset: String, upTo height: Int64) throws(PostgresError) -> [Address: UInt256] {
    var parameters = PostgresParameters()
    parameters.text(chain)
    parameters.text(asset)
    parameters.int8(height)
    let result = try connection.query(
      """
      select address, sum(raw_amount)::text from public.deposits
      where chain = $1 and asset = $2 and block_height <= $3
        and status not in ('orphaned', 'clawback') group by 1
      """, parameters)
    var paid: [Address: UInt256] = [:]
    for row in 0..<result.rowCount {
      guard let address = Address(result.bytes(row, 0)),
        let raw = UInt256(decimal: result.string(row, 1))
      else { throw PostgresError(message: "deposits: a sum that does not read") }
      paid[address] = raw
    }
    return paid
  }

  /// Payments that no block shows: recorded for a person to look at, once each.
  func record(_ surplus: [FoundDeposit]) throws(PostgresError) {
    try transaction { () throws(PostgresError) in try insert(surplus) }
  }

  // MARK: A step

  /// Rolls back, applies and advances, all or nothing.
  func apply(
    _ step: ChainFollower.Step, _ found: [FoundDeposit], _ own: OwnMovements = OwnMovements(),
    finalized: Int64
  ) throws(PostgresError) {
    guard let tip = step.blocks.last else { return }
    try transaction { () throws(PostgresError) in
      if let height = step.rollBackTo { try rollBack(to: height) }
      try insert(step.blocks)
      if !found.isEmpty { try insert(found) }
      try insert(own)
      try advance(tip: tip.height, finalized: finalized, isCaughtUp: step.isCaughtUp)
    }
  }

  /// The chain did not move, but it may have become final, or ended a hope.
  func advance(tip: Int64, finalized: Int64) throws(PostgresError) {
    try transaction { () throws(PostgresError) in
      try advance(tip: tip, finalized: finalized, isCaughtUp: true)
    }
  }

  // MARK: Reviews

  /// Decides about a deposit that is in review, once.
  func resolve(
    _ id: Int64, _ resolution: DepositResolution
  ) throws(PostgresError) -> DepositResolution.Outcome {
    try transaction { () throws(PostgresError) in
      var parameters = PostgresParameters()
      parameters.text(chain)
      parameters.int8(id)
      parameters.text(resolution.decision.rawValue)
      parameters.int8(Int64(resolution.operator))
      parameters.text(resolution.reason)
      try connection.query(
        """
        update public.deposits set resolution = $3, resolved_by = $4, resolution_reason = $5,
          reason = \(Self.resolvedReason("$3")), updated_at = now(),
          status = case $3 when 'credit' then 'confirming' else 'rejected' end
        where chain = $1 and id = $2 and status = 'review' and ($3 = 'reject' or amount > 0)
        """, parameters)
    }
    guard let deposit = try deposits("chain = $1 and id = \(id)").first else { return .unknown }
    if deposit.resolution == resolution.decision { return .resolved(deposit) }
    return deposit.status == .review ? .notCreditable : .notInReview(deposit.status)
  }

  private func rollBack(to height: Int64) throws(PostgresError) {
    var parameters = PostgresParameters()
    parameters.text(chain)
    parameters.int8(height)
    try connection.query(
      """
      with gone as (
        delete from public.scanned_blocks where chain = $1 and height > $2
        returning chain, height, hash, parent_hash)
      insert into core.orphan_block(chain, height, hash, parent_hash) select * from gone
      """, parameters)
    try connection.query(
      """
      update public.deposits set status = 'orphaned', updated_at = now()
      where chain = $1 and block_height > $2 and status not in ('orphaned', 'clawback')
      """, parameters)
    try connection.query(
      "delete from core.sent_transaction where chain = $1 and block_height > $2", parameters)
    try connection.query(
      "delete from core.venue_transfer where chain = $1 and block_height > $2", parameters)
  }

  private func insert(_ blocks: [BlockPlace]) throws(PostgresError) {
    var parameters = PostgresParameters(capacity: blocks.count * 96 + 128)
    parameters.text(chain)
    parameters.int8Array(blocks.count) { blocks[$0].height }
    parameters.byteaArray(blocks.count) { blocks[$0].hash.bytes }
    parameters.byteaArray(blocks.count) { blocks[$0].parent.bytes }
    let result = try connection.query(
      """
      insert into public.scanned_blocks(chain, height, hash, parent_hash, scanned_at)
      select $1, h, x, p, now() from unnest($2::int8[], $3::bytea[], $4::bytea[]) t(h, x, p)
      where not exists (select from public.scanned_blocks where chain = $1)
        or exists (select from public.scanned_blocks b where b.chain = $1
          and b.height = ($2::int8[])[1] - 1 and b.hash = ($4::bytea[])[1])
      """, parameters)
    guard result.affectedRows == blocks.count else {
      throw PostgresError(
        sqlstate: Self.divergence, message: "blocks that do not follow the last scanned one")
    }
  }

  /// New deposits, and those that a reorganisation moved: the key is the same wherever they lie.
  private func insert(_ found: [FoundDeposit]) throws(PostgresError) {
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

  static let divergence = "UX030"

  /// What the user reads of a resolution; null where there is none.
  private static func resolvedReason(_ resolution: String) -> String {
    "case \(resolution) when 'credit' then '' when 'reject' then 'rejected by an operator' end"
  }

  // A deposit that was credited keeps its number where it is mined again with the same amount; with another
  // it stays orphaned, is taken back, and waits for a person. One that was taken back begins anew as soon
  // as the ledger has the clawback. What an operator decided stands for the same amount.
  private static let insertDeposits = """
    insert into public.deposits as d (chain, tx_hash, out_ref, user_id, asset, address, sender,
      contract, block_height, block_hash, raw_amount, amount, dust, scale, status, reason,
      created_at, updated_at)
    select $1, t.h, t.o, t.u, t.a, t.r, t.s, nullif(t.c, ''::bytea), t.n, t.b, t.w::numeric, t.m,
      t.d::numeric, t.k::numeric, t.z, t.y, now(), now()
    from unnest($2::bytea[], $3::text[], $4::int8[], $5::text[], $6::bytea[], $7::bytea[],
      $8::bytea[], $9::int8[], $10::bytea[], $11::text[], $12::numeric[], $13::text[],
      $14::text[], $15::text[], $16::text[])
      t(h, o, u, a, r, s, c, n, b, w, m, d, k, z, y)
    on conflict (chain, tx_hash, out_ref) do update set
      block_height = excluded.block_height, block_hash = excluded.block_hash, updated_at = now(),
      raw_amount = case when d.credit_no is null then excluded.raw_amount else d.raw_amount end,
      amount = case when d.credit_no is null then excluded.amount else d.amount end,
      dust = case when d.credit_no is null then excluded.dust else d.dust end,
      scale = case when d.credit_no is null then excluded.scale else d.scale end,
      resolution = case when d.raw_amount = excluded.raw_amount then d.resolution end,
      resolved_by = case when d.raw_amount = excluded.raw_amount then d.resolved_by end,
      resolution_reason = case when d.raw_amount = excluded.raw_amount
        then d.resolution_reason end,
      reason = case
        when d.raw_amount <> excluded.raw_amount and d.credit_no is not null
          then 'its amount changed in a reorganisation'
        when d.raw_amount = excluded.raw_amount and excluded.status = 'review'
          then coalesce(\(resolvedReason("d.resolution")), excluded.reason)
        else excluded.reason end,
      status = case
        when d.status = 'clawback' then 'clawback'
        when d.credit_no is null and d.raw_amount = excluded.raw_amount
          and excluded.status = 'review' and d.resolution = 'reject' then 'rejected'
        when d.credit_no is null and d.raw_amount = excluded.raw_amount
          and excluded.status = 'review' and d.resolution = 'credit' then 'seen'
        when d.credit_no is null then excluded.status
        when d.raw_amount <> excluded.raw_amount then 'orphaned'
        when d.credited_seq is not null then 'credited'
        else 'confirming' end
    """

  private func advance(tip: Int64, finalized: Int64, isCaughtUp: Bool) throws(PostgresError) {
    var parameters = PostgresParameters()
    parameters.text(chain)
    parameters.int8(tip)
    try connection.query(
      """
      update public.deposits set status = 'confirming', updated_at = now()
      where chain = $1 and status = 'seen' and block_height < $2
      """, parameters)
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
    if isCaughtUp { try numberClawbacks() }
  }

  /// The new chain is known to its end and these credits are not on it.
  private func numberClawbacks() throws(PostgresError) {
    var parameters = PostgresParameters()
    parameters.text(chain)
    try connection.query(
      """
      with lost as (
        select tx_hash, out_ref, (select last_clawback from core.chain where chain = $1)
          + row_number() over (order by credit_no) as number
        from public.deposits where chain = $1 and status = 'orphaned' and credit_no is not null),
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
  /// - Parameter heights: for each asset the highest block that is deep enough, or final. Those that still
  ///   wait are not among them, so that an asset whose finality stalls holds up no other.
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

  /// Gives deposits their numbers, gapless and for ever, where they still lie in the block that was looked
  /// at. From here on each is credited, whatever happens.
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

  /// Numbered after `number`, in order: what the engine may not have had yet.
  func credits(after number: Int64) throws(PostgresError) -> [Deposit] {
    try deposits("chain = $1 and credit_no > \(number) order by credit_no limit 1000")
  }

  func clawbacks(after number: Int64) throws(PostgresError) -> [Deposit] {
    try deposits("chain = $1 and clawback_no > \(number) order by clawback_no limit 1000")
  }

  private func deposits(_ condition: String) throws(PostgresError) -> [Deposit] {
    var parameters = PostgresParameters()
    parameters.text(chain)
    return try Deposit.rows(connection, "where \(condition)", parameters)
  }

  /// Newest first, of every chain.
  func deposits(where condition: String, limit: Int) throws(PostgresError) -> [Deposit] {
    try Deposit.rows(
      connection, "where \(condition) order by id desc limit \(limit)", PostgresParameters())
  }

  /// Steps of deposits, each with the deposit as it is now but for its status and block.
  func steps(
    of user: UserID?, after: Int64, limit: Int
  ) throws(PostgresError) -> [(id: Int64, deposit: Deposit)] {
    let condition = user.map { "and d.user_id = \($0)" } ?? ""
    let log = try connection.query(
      """
      select l.id, d.id, l.status from core.deposit_log l
      join public.deposits d using (chain, tx_hash, out_ref)
      where l.id > \(after) \(condition) order by l.id limit \(limit)
      """)
    if log.rowCount == 0 { return [] }
    var parameters = PostgresParameters()
    parameters.int8Array(log.rowCount) { log.int64($0, 1) }
    let deposits = try Deposit.rows(connection, "where id = any($1)", parameters)
    let byID = Dictionary(deposits.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    return (0..<log.rowCount).compactMap { row in
      guard var deposit = byID[log.int64(row, 1)],
        let status = DepositStatus(rawValue: log.string(row, 2))
      else { return nil }
      deposit.status = status
      return (log.int64(row, 0), deposit)
    }
  }

  func lastStep() throws(PostgresError) -> Int64 {
    try connection.query("select coalesce(max(id), 0)::int8 from core.deposit_log").int64(0, 0)
  }

  // MARK: Addresses

  func addresses() throws(PostgresError) -> [(address: Address, user: UserID)] {
    var parameters = PostgresParameters()
    parameters.text(chain)
    let result = try connection.query(
      "select address, user_id from core.deposit_address where chain = $1", parameters)
    var found: [(address: Address, user: UserID)] = []
    for row in 0..<result.rowCount {
      guard let address = Address(result.bytes(row, 0)) else {
        throw PostgresError(message: "deposit_address: an address that has not 20 bytes")
      }
      found.append((address, UserID(result.int64(row, 1))))
    }
    return found
  }

  func insert(_ address: Address, of user: UserID, xpub: String) throws(PostgresError) {
    try transaction { () throws(PostgresError) in
      var parameters = PostgresParameters()
      parameters.text(chain)
      parameters.bytea(address.bytes)
      parameters.int8(Int64(user))
      parameters.text(xpub)
      try connection.query(
        """
        insert into core.deposit_address(chain, address, user_id, xpub) values ($1, $2, $3, $4)
        on conflict (chain, xpub, user_id) do nothing
        """, parameters)
    }
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
      else { throw PostgresError(message: "deposits: a row that does not read") }
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
