// What is on the chain against what is in the books, to the smallest unit, as of one block.

public import Ethereum
public import Postgres

/// One asset's account of itself, in the chain's smallest units.
///
///     held = users - adjustments + unbooked - leaving + float - taken + difference
///
/// `difference` is zero, or something is wrong: above it, somebody paid in a way that no block
/// shows as a transfer (from inside a call); below it, coins are missing.
public struct ReconciledAsset: Sendable, Equatable {
  public var code: String
  /// Atoms to smallest units.
  public var scale: UInt256
  /// On all addresses of the chain.
  public var held: UInt256
  /// Every balance, the venue's and the loss account's included, in atoms.
  public var users: Int128
  /// What operators' adjustments brought in on balance, in atoms: no coin covers it.
  public var adjustments: Int128
  /// Deposits on the chain that no balance has: seen, confirming, dust, in review, rejected; and
  /// the dust of those that were credited.
  public var unbooked: UInt256
  /// Withdrawals that are paid in a scanned block and not yet booked: it may still leave the chain.
  public var leaving: UInt256
  /// The venue's own: what its wallets held when they were named, and what it put into its
  /// addresses from outside, less what it took out, less gas.
  public var float: Int128
  /// What left deposit addresses and wallets that pay by transactions that were never signed here:
  /// somebody else has a key.
  public var taken: Int128
  /// `held` less what the books say; nil where a figure is beyond 127 bits and cannot be compared.
  public var difference: Int128?

  /// Every user's coin is there: where it is not, gas was paid with it or somebody took it.
  public var isCovered: Bool { float >= taken }
}

public struct Reconciled: Sendable, Equatable {
  public var chain: String
  public var height: Int64
  public var block: Hash32
  public var assets: [ReconciledAsset]

  public var agrees: Bool { assets.allSatisfy { $0.difference == 0 && $0.isCovered } }
}

/// Why there is no reconciliation.
public enum ReconciliationError: Error, Sendable {
  /// Nothing was scanned yet.
  case noBlock
  case node(NodeError)
  case database(PostgresError)
}

public struct Reconciliation: Sendable {
  public let chain: String
  public let rules: DepositRules
  public let node: ChainNode

  public init(chain: String, rules: DepositRules, node: ChainNode) {
    self.chain = chain
    self.rules = rules
    self.node = node
  }

  /// Reads the books in one snapshot, then asks the chain for its balances as of that very block.
  /// - Parameter conninfo: any role that may read. Blocks.
  public func run(_ conninfo: String) throws(ReconciliationError) -> Reconciled {
    let books: Books
    do throws(PostgresError) {
      books = try Books(conninfo, chain: chain)
    } catch {
      throw .database(error)
    }
    guard let tip = books.tip else { throw .noBlock }
    var assets: [ReconciledAsset] = []
    for asset in rules.assets {
      do throws(NodeError) {
        let held = try total(of: asset, on: books.addresses + rules.ownSenders.sorted(), tip.hash)
        assets.append(books.reconcile(asset, held: held))
      } catch {
        throw .node(error)
      }
    }
    return Reconciled(chain: chain, height: tip.height, block: tip.hash, assets: assets)
  }

  private func total(
    of asset: DepositAsset, on addresses: [Address], _ block: Hash32
  ) throws(NodeError) -> UInt256 {
    let balances: [UInt256]
    switch asset.source {
    case .native: balances = try node.balances(addresses, at: block)
    case .token(let contract):
      balances = try node.balances(addresses, ofToken: contract, at: block)
    }
    var sum = UInt256.zero
    for balance in balances {
      guard let next = sum.adding(balance) else { throw .malformed("balances beyond 256 bits") }
      sum = next
    }
    return sum
  }
}

/// What the database says, all of it as of one moment.
private struct Books {
  var tip: BlockPlace?
  var addresses: [Address] = []
  var users: [String: Int128] = [:]
  var adjustments: [String: Int128] = [:]
  var unbooked: [String: UInt256] = [:]
  /// Over the venue's border in scanned blocks, gas included; below zero what left.
  var crossed: [String: Int128] = [:]
  /// Of payments in scanned blocks: what withdrawals took out, and what of it is booked.
  var paid: [String: Int128] = [:]
  var confirmed: [String: Int128] = [:]
  /// Wei.
  var gas: Int128 = 0
  /// Of what crossed outwards, the part that nobody here signed.
  var taken: [String: Int128] = [:]

  init(_ conninfo: String, chain: String) throws(PostgresError) {
    let connection = try PostgresConnection(conninfo)
    // The projection books a credit and marks its deposit in one transaction: a snapshot has both
    // or none.
    try connection.execute("begin isolation level repeatable read read only")
    try readChain(connection, chain)
    try readBooks(connection, chain)
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

  private mutating func readBooks(
    _ connection: borrowing PostgresConnection, _ chain: String
  ) throws(PostgresError) {
    let totals = try connection.query("select asset, sum(total) from public.balance group by 1")
    for row in 0..<totals.rowCount { users[totals.string(row, 0)] = totals.numeric(row, 1) }
    let adjusted = try connection.query(
      "select asset, sum(delta) from public.balance_log where type = 'ADJUSTMENT' group by 1")
    for row in 0..<adjusted.rowCount {
      adjustments[adjusted.string(row, 0)] = adjusted.numeric(row, 1)
    }
    var parameters = PostgresParameters()
    parameters.text(chain)
    let waiting = try connection.query(
      """
      select asset, sum(raw_amount - credited * scale)::text from public.deposits d
      where chain = $1 and exists (select from public.scanned_blocks b where b.chain = d.chain
        and b.height = d.block_height and b.hash = d.block_hash)
      group by 1
      """, parameters)
    for row in 0..<waiting.rowCount {
      guard let raw = UInt256(decimal: waiting.string(row, 1)) else {
        throw PostgresError.impossible("deposits: a sum beyond 256 bits")
      }
      unbooked[waiting.string(row, 0)] = raw
    }
    try readVenue(connection, chain)
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
    gas =
      try sums(
        "select chain, sum(gas_cost)::text from core.sent_transaction where chain = $1 group by 1")[
        chain] ?? 0
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

  func reconcile(_ asset: DepositAsset, held: UInt256) -> ReconciledAsset {
    let figures = AssetFigures(
      users: users[asset.code] ?? 0, adjustments: adjustments[asset.code] ?? 0,
      crossed: crossed[asset.code] ?? 0, taken: taken[asset.code] ?? 0,
      paid: paid[asset.code] ?? 0, confirmed: confirmed[asset.code] ?? 0,
      gas: asset.source == .native ? gas : 0)
    let unbooked = unbooked[asset.code] ?? .zero
    let scale = Int128(exactly: asset.scale)
    return ReconciledAsset(
      code: asset.code, scale: asset.scale, held: held, users: figures.users,
      adjustments: figures.adjustments, unbooked: unbooked,
      leaving: scale.flatMap { figures.leaving($0) }.flatMap { UInt256(exactly: $0) } ?? .zero,
      float: scale.flatMap { figures.float($0) } ?? 0, taken: figures.taken,
      difference: scale.flatMap { figures.difference(held: held, unbooked: unbooked, $0) })
  }
}

/// What the books say of one asset. The chain's settings name its scale, and others send its coins
/// too, so no sum of these may be taken to fit: nil stands for one beyond 127 bits.
struct AssetFigures {
  /// Atoms.
  var users: Int128
  var adjustments: Int128
  /// Smallest units.
  var crossed: Int128
  var taken: Int128
  /// Atoms.
  var paid: Int128
  var confirmed: Int128
  /// Smallest units; 0 for what is not the chain's own coin.
  var gas: Int128

  func leaving(_ scale: Int128) -> Int128? { paid.less(confirmed)?.times(scale) }

  func float(_ scale: Int128) -> Int128? {
    guard let paid = paid.times(scale) else { return nil }
    return crossed.plus(taken)?.plus(paid)?.less(gas)
  }

  func difference(held: UInt256, unbooked: UInt256, _ scale: Int128) -> Int128? {
    guard let held = Int128(exactly: held), let waiting = Int128(exactly: unbooked),
      let leaving = leaving(scale), let own = float(scale)?.less(taken)?.less(leaving),
      let booked = users.less(adjustments)?.times(scale)
    else { return nil }
    return held.less(waiting)?.less(own)?.less(booked)
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
