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
    guard result.rowCount == 1 else { return nil }
    guard let genesis = Hash32(result.bytes(0, 1)) else {
      throw PostgresError.impossible("chain: a hash that has not 32 bytes")
    }
    return Known(
      chainID: result.int64(0, 0), genesis: genesis, start: result.int64(0, 2),
      lastCredit: result.int64(0, 3), lastClawback: result.int64(0, 4),
      finalized: result.int64(0, 5))
  }

  /// The name under which the books have this chain.
  func chain(_ identity: ChainNode.Identity) throws(PostgresError) -> String? {
    var parameters = PostgresParameters()
    parameters.int8(identity.chainID)
    parameters.bytea(identity.genesis.bytes)
    let result = try connection.query(
      "select chain from core.chain where (chain_id, genesis_hash) = ($1, $2)", parameters)
    return result.rowCount == 0 ? nil : result.string(0, 0)
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
    return try places(result).reversed()
  }

  /// A scanned block by its height; nil where it was not scanned.
  func block(at height: Int64) throws(PostgresError) -> BlockPlace? {
    var parameters = PostgresParameters()
    parameters.text(chain)
    parameters.int8(height)
    let result = try connection.query(
      "select hash, parent_hash from public.scanned_blocks where chain = $1 and height = $2",
      parameters)
    guard result.rowCount == 1 else { return nil }
    guard let hash = Hash32(result.bytes(0, 0)), let parent = Hash32(result.bytes(0, 1)) else {
      throw PostgresError.impossible("scanned_blocks: a hash that has not 32 bytes")
    }
    return BlockPlace(height: height, hash: hash, parent: parent)
  }

  /// Scanned blocks of a range, lowest first.
  func blocks(in heights: ClosedRange<Int64>) throws(PostgresError) -> [BlockPlace] {
    var parameters = chainParameter()
    parameters.int8(heights.lowerBound)
    parameters.int8(heights.upperBound)
    return try places(
      connection.query(
        """
        select height, hash, parent_hash from public.scanned_blocks
        where chain = $1 and height between $2 and $3 order by height
        """, parameters))
  }

  private func places(_ result: borrowing PostgresResult) throws(PostgresError) -> [BlockPlace] {
    var places: [BlockPlace] = []
    for row in 0..<result.rowCount {
      guard let hash = Hash32(result.bytes(row, 1)), let parent = Hash32(result.bytes(row, 2))
      else {
        throw PostgresError.impossible("scanned_blocks: a hash that has not 32 bytes")
      }
      places.append(BlockPlace(height: result.int64(row, 0), hash: hash, parent: parent))
    }
    return places
  }

  /// What the deposits of an asset say was paid to each address up to a block, whatever became of
  /// them.
  func paid(_ asset: String, upTo height: Int64) throws(PostgresError) -> [Address: UInt256] {
    var parameters = PostgresParameters()
    parameters.text(chain)
    parameters.text(asset)
    parameters.int8(height)
    let result = try connection.query(
      """
      select address, sum(raw_amount)::text from (
        select address, raw_amount from public.deposits d
        where chain = $1 and asset = $2 and block_height <= $3
          and (status not in ('orphaned', 'clawback') or exists (
            select from public.scanned_blocks b where b.chain = d.chain
              and b.height = d.block_height and b.hash = d.block_hash))
        union all
        select address, raw_amount from core.changed_deposit
        where chain = $1 and asset = $2 and block_height <= $3) shown
      group by 1
      """, parameters)
    var paid: [Address: UInt256] = [:]
    for row in 0..<result.rowCount {
      guard let address = Address(result.bytes(row, 0)),
        let raw = UInt256(decimal: result.string(row, 1))
      else { throw PostgresError.impossible("deposits: a sum that does not read") }
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
  /// - Parameter numbersLost: credits that the new chain does not have are taken back without
  ///   asking further.
  func apply(
    _ step: ChainFollower.Step, _ found: [FoundDeposit], _ own: OwnMovements = OwnMovements(),
    finalized: Int64, numbersLost: Bool = true
  ) throws(PostgresError) {
    guard let tip = step.blocks.last else { return }
    try transaction { () throws(PostgresError) in
      if let height = step.rollBackTo { try rollBack(to: height) }
      try insert(step.blocks)
      if !found.isEmpty { try insert(found) }
      try insert(own)
      try proceed(
        tip: tip.height, finalized: finalized, numbersLost: numbersLost && step.isCaughtUp)
    }
  }

  /// The chain did not move, but it may have become final, or ended a hope.
  func advance(
    tip: Int64, finalized: Int64, numbersLost: Bool = true
  ) throws(PostgresError) {
    try transaction { () throws(PostgresError) in
      try proceed(tip: tip, finalized: finalized, numbersLost: numbersLost)
    }
  }

  // MARK: Reviews

  /// A deposit that is in review is never credited; told again it is done once.
  func reject(
    _ id: Int64, by authority: Authority
  ) throws(PostgresError) -> DepositResolution.Outcome {
    try transaction { () throws(PostgresError) in
      guard try resolve(id, .reject, by: authority),
        let deposit = try deposits("chain = $1 and id = \(id)").first
      else { return }
      try endWaiting(about: .deposit(id), by: authority.user)
      try log(
        LoggedDecision(
          action: "reject_deposit", subject: "\(deposit.user)",
          detail: "deposit=\(id) asset=\(deposit.asset) amount_atoms=\(deposit.amount) "
            + "transaction=\(deposit.transaction)"), by: authority)
    }
    guard let deposit = try deposits("chain = $1 and id = \(id)").first else { return .unknown }
    return deposit.resolution == .reject ? .resolved(deposit) : .notInReview(deposit.status)
  }

  /// In the caller's transaction; false where it is not in review, or nothing of it can be booked.
  func resolve(
    _ id: Int64, _ decision: DepositResolution.Decision, by authority: Authority
  ) throws(PostgresError) -> Bool {
    var parameters = chainParameter()
    parameters.int8(id)
    parameters.text(decision.rawValue)
    parameters.int8(Int64(authority.user))
    parameters.text(authority.reason)
    return try connection.query(
      """
      update public.deposits set resolution = $3, resolved_by = $4, resolution_reason = $5,
        reason = \(Self.resolvedReason("$3")), updated_at = now(),
        status = case $3 when 'credit' then 'confirming' else 'rejected' end
      where chain = $1 and id = $2 and status = 'review' and ($3 = 'reject' or amount > 0)
      """, parameters
    ).affectedRows == 1
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
      "delete from core.changed_deposit where chain = $1 and block_height > $2", parameters)
    try connection.query(
      "delete from core.sent_transaction where chain = $1 and block_height > $2", parameters)
    try connection.query(
      "delete from core.venue_transfer where chain = $1 and block_height > $2", parameters)
    try reopen(at: height)
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

  static let divergence = "UX030"

  // MARK: Addresses

  func addresses() throws(PostgresError) -> [(address: Address, user: UserID)] {
    var parameters = PostgresParameters()
    parameters.text(chain)
    let result = try connection.query(
      "select address, user_id from core.deposit_address where chain = $1", parameters)
    var found: [(address: Address, user: UserID)] = []
    for row in 0..<result.rowCount {
      guard let address = Address(result.bytes(row, 0)) else {
        throw PostgresError.impossible("deposit_address: an address that has not 20 bytes")
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
