// What the database says of a chain's money, all of it as of one moment.

internal import Engine
internal import Ethereum
internal import Postgres

/// One snapshot of it.
struct ReconciledBooks {
  var tip: BlockPlace?
  var addresses: [Address] = []
  private var users: [String: Int128] = [:]
  private var venue: [String: Int128] = [:]
  private var adjustments: [String: Int128] = [:]
  private var unbooked: [String: UInt256] = [:]
  private var waiting: [String: UInt256] = [:]
  /// Of deposit addresses; nil for an asset whose openings are due.
  private var openings: [String: UInt256] = [:]
  /// Over the venue's border in scanned blocks, gas included; below zero what left.
  private var crossed: [String: Int128] = [:]
  /// Of payments in scanned blocks: what withdrawals took out, and what of it is booked.
  private var paid: [String: Int128] = [:]
  private var confirmed: [String: Int128] = [:]
  /// Wei.
  private var gas: Int128 = 0
  /// Of what crossed outwards, the part that nobody here signed.
  private var taken: [String: Int128] = [:]

  /// - Parameter native: the asset that is the chain's own coin, which pays the gas.
  init(_ conninfo: String, chain: String, native: String?) throws(PostgresError) {
    let connection = try PostgresConnection(conninfo)
    // The projection books a credit and marks its deposit in one transaction: a snapshot has both
    // or none.
    try connection.execute("begin isolation level repeatable read read only")
    try readChain(connection, chain)
    try readBalances(connection)
    try readDeposits(connection, chain)
    try readOpenings(connection, chain)
    try readVenue(connection, chain)
    if let native { try readGas(connection, chain, native) }
    try connection.execute("commit")
  }

  private mutating func readChain(
    _ connection: borrowing PostgresConnection, _ chain: String
  ) throws(PostgresError) {
    var parameters = PostgresParameters()
    parameters.text(chain)
    let blocks = try connection.query(
      """
      select height, hash, parent_hash from public.scanned_blocks where chain = $1
      order by height desc limit 1
      """, parameters)
    if blocks.rowCount == 1, let hash = Hash32(blocks.bytes(0, 1)),
      let parent = Hash32(blocks.bytes(0, 2))
    {
      tip = BlockPlace(height: blocks.int64(0, 0), hash: hash, parent: parent)
    }
    let owned = try connection.query(
      "select address from core.deposit_address where chain = $1 order by 1", parameters)
    for row in 0..<owned.rowCount {
      guard let address = Address(owned.bytes(row, 0)) else {
        throw PostgresError.impossible("deposit_address: an address that has not 20 bytes")
      }
      addresses.append(address)
    }
  }

  private mutating func readBalances(
    _ connection: borrowing PostgresConnection
  ) throws(PostgresError) {
    let totals = try connection.query(
      """
      select asset, sum(total), coalesce(sum(total) filter (
        where user_id in (\(Authority.venue.user), \(Bounds.lossAccount))), 0)
      from public.balance group by 1
      """)
    for row in 0..<totals.rowCount {
      users[totals.string(row, 0)] = totals.numeric(row, 1)
      venue[totals.string(row, 0)] = totals.numeric(row, 2)
    }
    let adjusted = try connection.query(
      "select asset, sum(delta) from public.balance_log where type = 'ADJUSTMENT' group by 1")
    for row in 0..<adjusted.rowCount {
      adjustments[adjusted.string(row, 0)] = adjusted.numeric(row, 1)
    }
  }

  private mutating func readDeposits(
    _ connection: borrowing PostgresConnection, _ chain: String
  ) throws(PostgresError) {
    var parameters = PostgresParameters()
    parameters.text(chain)
    let result = try connection.query(
      """
      select asset, sum(raw_amount - credited * scale)::text, coalesce(sum(raw_amount) filter (
        where status in ('seen', 'confirming', 'review')), 0)::text
      from public.deposits d
      where chain = $1 and exists (select from public.scanned_blocks b where b.chain = d.chain
        and b.height = d.block_height and b.hash = d.block_hash)
      group by 1
      """, parameters)
    for row in 0..<result.rowCount {
      guard let raw = UInt256(decimal: result.string(row, 1)),
        let coming = UInt256(decimal: result.string(row, 2))
      else { throw PostgresError.impossible("deposits: a sum beyond 256 bits") }
      unbooked[result.string(row, 0)] = raw
      waiting[result.string(row, 0)] = coming
    }
  }

  private mutating func readOpenings(
    _ connection: borrowing PostgresConnection, _ chain: String
  ) throws(PostgresError) {
    var parameters = PostgresParameters()
    parameters.text(chain)
    let result = try connection.query(
      """
      select a.asset, (select coalesce(sum(o.raw_amount), 0) from core.deposit_opening o
        where (o.chain, o.asset) = (a.chain, a.asset))::text
      from core.opened_asset a where a.chain = $1 and not a.is_due and not exists (
        select from core.venue_opening v where (v.chain, v.asset) = (a.chain, a.asset) and v.is_due)
      """, parameters)
    for row in 0..<result.rowCount {
      guard let raw = UInt256(decimal: result.string(row, 1)) else {
        throw PostgresError.impossible("deposit_opening: a sum beyond 256 bits")
      }
      openings[result.string(row, 0)] = raw
    }
  }

  private mutating func readVenue(
    _ connection: borrowing PostgresConnection, _ chain: String
  ) throws(PostgresError) {
    func sums(_ sql: String) throws(PostgresError) -> [String: Int128] {
      var parameters = PostgresParameters()
      parameters.text(chain)
      let result = try connection.query(sql, parameters)
      var found: [String: Int128] = [:]
      for row in 0..<result.rowCount {
        guard let sum = Int128(result.string(row, 1)) else {
          throw PostgresError.impossible("a sum beyond 127 bits")
        }
        found[result.string(row, 0)] = sum
      }
      return found
    }
    crossed = try sums(
      """
      select asset, sum(raw_amount)::text from (
        select asset, raw_amount from core.venue_transfer where chain = $1
        union all select asset, raw_amount from core.venue_opening where chain = $1) x
      group by 1
      """)
    // A wallet that pays nothing by slots, a cold one for example, is the venue's to use.
    taken = try sums(
      """
      select v.asset, (-sum(v.raw_amount))::text from core.venue_transfer v
      where v.chain = $1 and v.raw_amount < 0
        and not exists (select from core.payout_attempt a where a.hash = v.tx_hash)
        and not exists (select from core.payout_slot s
          where s.resolved_hash = v.tx_hash and s.resolution = 'paid')
        and (exists (select from core.payout_sender p where (p.chain, p.sender) = (v.chain, v.own))
          or exists (select from core.deposit_address d
            where (d.chain, d.address) = (v.chain, v.own)))
      group by 1
      """)
    // A payment's value is what its withdrawal says: that it is what left, `crossed` proves.
    paid = try sums(
      """
      select w.asset, sum(w.amount)::text from public.withdrawals w
      join core.payout_slot s on s.withdrawal_id = w.id
      join core.sent_transaction t on (t.chain, t.sender, t.nonce) = (s.chain, s.sender, s.nonce)
      where w.chain = $1 and t.has_paid and (s.resolution = 'paid' and s.resolved_hash = t.hash
        or exists (select from core.payout_attempt a
          where a.hash = t.hash and a.kind = 'payment'))
      group by 1
      """)
    // One that a person found to be paid, though no log says so, crossed the border unseen: the
    // coins are gone and so is the balance.
    confirmed = try sums(
      """
      select w.asset, sum(w.amount)::text from public.withdrawals w
      where w.chain = $1 and w.decision = 'confirmed' and not exists (
        select from core.payout_slot s
        join core.sent_transaction t on (t.chain, t.sender, t.nonce) = (s.chain, s.sender, s.nonce)
        where s.withdrawal_id = w.id and s.resolution = 'paid' and not t.has_paid)
      group by 1
      """)
  }

  /// What was paid before the coin was opened is not in the opening either.
  private mutating func readGas(
    _ connection: borrowing PostgresConnection, _ chain: String, _ native: String
  ) throws(PostgresError) {
    var parameters = PostgresParameters()
    parameters.text(chain)
    parameters.text(native)
    let result = try connection.query(
      """
      select coalesce(sum(t.gas_cost), 0)::text from core.sent_transaction t
      where t.chain = $1 and t.block_height > coalesce(
        (select block_height from core.venue_opening o
          where (o.chain, o.asset, o.own) = (t.chain, $2, t.sender)),
        (select block_height from core.opened_asset o where (o.chain, o.asset) = (t.chain, $2)),
        -1)
      """, parameters)
    guard let sum = Int128(result.string(0, 0)) else {
      throw PostgresError.impossible("sent_transaction: gas beyond 127 bits")
    }
    gas = sum
  }

  func reconcile(_ asset: DepositAsset, held: UInt256) -> ReconciledAsset {
    account(of: asset.code, asset.scale, isNative: asset.source == .native, held: held)
  }

  /// What somebody owns though the chain is not said to have it, by name: none of it is held.
  func elsewhere(than rules: DepositRules) -> [ReconciledAsset] {
    users.keys.filter { rules.asset(named: $0) == nil && users[$0] != venue[$0] }.sorted().map {
      code in
      let figures = AssetFigures(
        users: users[code] ?? 0, venue: venue[code] ?? 0, adjustments: adjustments[code] ?? 0)
      return ReconciledAsset(
        code: code, scale: .one, isOnChain: false, held: .zero, users: figures.users,
        venue: figures.venue, adjustments: figures.adjustments, unbooked: .zero, waiting: .zero,
        leaving: .zero, float: 0, opening: .zero, taken: 0,
        owed: figures.owed(waiting: .zero, 1),
        difference: figures.difference(held: .zero, unbooked: .zero, opening: .zero, 1))
    }
  }

  private func account(
    of code: String, _ atom: UInt256, isNative: Bool, held: UInt256
  ) -> ReconciledAsset {
    let figures = AssetFigures(
      users: users[code] ?? 0, venue: venue[code] ?? 0, adjustments: adjustments[code] ?? 0,
      crossed: crossed[code] ?? 0, taken: taken[code] ?? 0, paid: paid[code] ?? 0,
      confirmed: confirmed[code] ?? 0, gas: isNative ? gas : 0)
    let (unbooked, waiting) = (unbooked[code] ?? .zero, waiting[code] ?? .zero)
    let (scale, opening) = (Int128(exactly: atom), openings[code])
    return ReconciledAsset(
      code: code, scale: atom, isOnChain: true, held: held, users: figures.users,
      venue: figures.venue, adjustments: figures.adjustments, unbooked: unbooked, waiting: waiting,
      leaving: scale.flatMap { figures.leaving($0) }.flatMap { UInt256(exactly: $0) } ?? .zero,
      float: scale.flatMap { figures.float($0) } ?? 0, opening: opening ?? .zero,
      taken: figures.taken, owed: scale.flatMap { figures.owed(waiting: waiting, $0) },
      difference: scale.flatMap { scale in
        opening.flatMap {
          figures.difference(held: held, unbooked: unbooked, opening: $0, scale)
        }
      })
  }
}

/// What the books say of one asset. The chain's settings name its scale, and others send its coins
/// too, so no sum of these may be taken to fit: nil stands for one beyond 127 bits.
struct AssetFigures {
  /// Atoms.
  var users: Int128
  var venue: Int128
  var adjustments: Int128
  /// Smallest units.
  var crossed: Int128 = 0
  var taken: Int128 = 0
  /// Atoms.
  var paid: Int128 = 0
  var confirmed: Int128 = 0
  /// Smallest units; 0 for what is not the chain's own coin.
  var gas: Int128 = 0

  func leaving(_ scale: Int128) -> Int128? { paid.less(confirmed)?.times(scale) }

  func float(_ scale: Int128) -> Int128? {
    guard let paid = paid.times(scale) else { return nil }
    return crossed.plus(taken)?.plus(paid)?.less(gas)
  }

  /// Nothing is taken off for adjustments: whoever got one may take it out.
  func owed(waiting: UInt256, _ scale: Int128) -> Int128? {
    guard let waiting = Int128(exactly: waiting), let leaving = leaving(scale) else { return nil }
    return users.less(venue)?.times(scale)?.plus(waiting)?.less(leaving)
  }

  func difference(
    held: UInt256, unbooked: UInt256, opening: UInt256, _ scale: Int128
  ) -> Int128? {
    guard let held = Int128(exactly: held), let unbooked = Int128(exactly: unbooked),
      let opening = Int128(exactly: opening), let leaving = leaving(scale),
      let own = float(scale)?.less(taken)?.less(leaving),
      let booked = users.less(adjustments)?.times(scale)
    else { return nil }
    return held.less(unbooked)?.less(opening)?.less(own)?.less(booked)
  }
}

extension Int128 {
  fileprivate func plus(_ other: Int128) -> Int128? {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? nil : sum
  }

  fileprivate func less(_ other: Int128) -> Int128? {
    let (rest, overflow) = subtractingReportingOverflow(other)
    return overflow ? nil : rest
  }

  fileprivate func times(_ other: Int128) -> Int128? {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? nil : product
  }
}
