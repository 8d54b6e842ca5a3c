// What lay on addresses of ours before the scan began to see what they get and send: the venue's
// wallets, and the addresses that users pay to.

internal import Ethereum
internal import Postgres

/// Addresses whose balances are to be recorded, once, as of a block.
struct DueOpening: Sendable {
  enum Kind: Sendable {
    /// It is the venue's.
    case wallets
    /// It is nobody's until an operator says whose: no deposit, no surplus and no difference.
    case deposits
  }

  var kind: Kind
  var asset: String
  var addresses: [Address]
  /// The last block whose transfers were not recorded for them.
  var height: Int64
}

extension DepositScanner {
  /// Addresses of one request; whether to stop is looked at between two.
  private static let openingPart = 1_000

  /// Once for each wallet and asset, and once for each asset for all deposit addresses that were
  /// given out by then, as of the last block whose transfers were not recorded for them: a wallet
  /// may have coins when it is named, and an address when its asset is listed, or the scan begins.
  /// Where the node has no state of that block, or the token no answer, it is taken as nothing, and
  /// the reconciliation shows what it was.
  func recordOpenings(
    _ store: borrowing CustodyStore, start: Int64, _ stop: OwnerThread.Stop
  ) throws {
    let last = try store.tail(1).last?.height ?? start - 1
    let due = try store.dueOpenings(
      scan.rules.ownSenders.sorted(), scan.rules.assets.map(\.code), at: last)
    for opening in due {
      guard let asset = scan.rules.asset(named: opening.asset) else { continue }
      let block = opening.height < 0 ? nil : try openingBlock(opening.height, store)
      guard let amounts = try amounts(of: asset, opening, at: block, stop) else { return }
      try store.record(opening, amounts, block: block)
    }
  }

  /// Nil where it is to stop.
  private func amounts(
    of asset: DepositAsset, _ opening: DueOpening, at block: Hash32?, _ stop: OwnerThread.Stop
  ) throws(NodeError) -> [UInt256]? {
    let nothing = [UInt256](repeating: .zero, count: opening.addresses.count)
    guard let block else { return nothing }
    var amounts: [UInt256] = []
    while amounts.count < opening.addresses.count {
      if stop.isRequested { return nil }
      let part = Array(opening.addresses.dropFirst(amounts.count).prefix(Self.openingPart))
      do throws(NodeError) {
        amounts += try balances(of: asset, part, at: block)
      } catch {
        // A contract that was not there yet answers with nothing.
        switch error {
        case .refused, .malformed: break
        default: throw error
        }
        let whose = opening.kind == .wallets ? "own wallets" : "deposit addresses"
        report(
          "\(configuration.chain): what \(whose) had of \(asset.code) at block \(opening.height) "
            + "is not known: reconciliation will show it (\(error))")
        return nothing
      }
    }
    return amounts
  }

  private func openingBlock(_ height: Int64, _ store: borrowing CustodyStore) throws -> Hash32 {
    if let scanned = try store.block(at: height) { return scanned.hash }
    guard let hash = try node.hashes(at: [height])[0].hash else {
      throw NodeError.malformed("no block \(height), which is before the first to scan")
    }
    return hash
  }

  private func balances(
    of asset: DepositAsset, _ wallets: [Address], at block: Hash32
  ) throws(NodeError) -> [UInt256] {
    switch asset.source {
    case .native: try node.balances(wallets, at: block)
    case .token(let contract): try node.balances(wallets, ofToken: contract, at: block)
    }
  }
}

extension CustodyStore {
  /// What was never recorded, as of `tip`; and what a reorganisation made due again, as of the
  /// block where the chain forked.
  func dueOpenings(
    _ wallets: [Address], _ assets: [String], at tip: Int64
  ) throws(PostgresError) -> [DueOpening] {
    try dueWallets(wallets, assets, at: tip) + dueDeposits(assets, at: tip)
  }

  private func dueWallets(
    _ wallets: [Address], _ assets: [String], at tip: Int64
  ) throws(PostgresError) -> [DueOpening] {
    if wallets.isEmpty { return [] }
    let result = try connection.query(
      "select asset, own, block_height, is_due from core.venue_opening where chain = $1",
      chainParameter())
    var known: [String: Set<[UInt8]>] = [:]
    var due: [String: [Int64: [Address]]] = [:]
    for row in 0..<result.rowCount {
      let asset = result.string(row, 0)
      known[asset, default: []].insert(result.bytes(row, 1))
      guard result.bool(row, 3), let wallet = Address(result.bytes(row, 1)) else { continue }
      due[asset, default: [:]][result.int64(row, 2), default: []].append(wallet)
    }
    return assets.flatMap { asset in
      var byHeight = due[asset] ?? [:]
      let missing = wallets.filter { known[asset]?.contains($0.bytes) != true }
      if !missing.isEmpty { byHeight[tip, default: []] += missing }
      return byHeight.sorted { $0.key < $1.key }.map {
        DueOpening(kind: .wallets, asset: asset, addresses: $0.value, height: $0.key)
      }
    }
  }

  private func dueDeposits(
    _ assets: [String], at tip: Int64
  ) throws(PostgresError) -> [DueOpening] {
    let opened = try connection.query(
      "select asset, block_height, is_due from core.opened_asset where chain = $1",
      chainParameter())
    var heights: [String: Int64?] = [:]
    for row in 0..<opened.rowCount {
      heights[opened.string(row, 0)] = opened.bool(row, 2) ? opened.int64(row, 1) : .some(nil)
    }
    var due: [DueOpening] = []
    for asset in assets {
      let height: Int64
      switch heights[asset] {
      case .none: height = tip
      case .some(.none): continue
      case .some(.some(let forked)): height = forked
      }
      due.append(
        DueOpening(
          kind: .deposits, asset: asset, addresses: try addresses(openedWith: asset), height: height
        ))
    }
    return due
  }

  /// The deposit addresses that were given out when the asset was opened; all, where it was not.
  private func addresses(openedWith asset: String) throws(PostgresError) -> [Address] {
    var parameters = chainParameter()
    parameters.text(asset)
    let result = try connection.query(
      """
      select address from core.deposit_address d where chain = $1 and d.created_at <= coalesce(
        (select opened_at from core.opened_asset a where (a.chain, a.asset) = ($1, $2)),
        d.created_at)
      order by 1
      """, parameters)
    var found: [Address] = []
    for row in 0..<result.rowCount {
      guard let address = Address(result.bytes(row, 0)) else {
        throw PostgresError.impossible("deposit_address: an address that has not 20 bytes")
      }
      found.append(address)
    }
    return found
  }

  func record(
    _ opening: DueOpening, _ amounts: [UInt256], block: Hash32?
  ) throws(PostgresError) {
    try transaction { () throws(PostgresError) in
      switch opening.kind {
      case .wallets: try recordWallets(opening, amounts)
      case .deposits: try recordDeposits(opening, amounts, block)
      }
    }
  }

  private func recordWallets(
    _ opening: DueOpening, _ amounts: [UInt256]
  ) throws(PostgresError) {
    var parameters = PostgresParameters(capacity: amounts.count * 120 + 128)
    parameters.text(chain)
    parameters.text(opening.asset)
    parameters.byteaArray(amounts.count) { opening.addresses[$0].bytes }
    parameters.textArray(amounts.count) { "\(amounts[$0])" }
    parameters.int8(opening.height)
    try connection.query(
      """
      insert into core.venue_opening as v(chain, asset, own, raw_amount, block_height)
      select $1, $2, o, w::numeric, $5 from unnest($3::bytea[], $4::text[]) t(o, w)
      on conflict (chain, asset, own) do update set raw_amount = excluded.raw_amount, is_due = false
      where v.is_due
      """, parameters)
  }

  private func recordDeposits(
    _ opening: DueOpening, _ amounts: [UInt256], _ block: Hash32?
  ) throws(PostgresError) {
    var marker = chainParameter()
    marker.text(opening.asset)
    marker.int8(opening.height)
    try connection.query(
      """
      insert into core.opened_asset(chain, asset, block_height) values ($1, $2, $3)
      on conflict (chain, asset) do update set is_due = false
      """, marker)
    var parameters = chainParameter()
    parameters.text(opening.asset)
    try connection.query(
      "delete from core.deposit_opening where chain = $1 and asset = $2", parameters)
    let found = amounts.indices.filter { amounts[$0] > .zero }
    guard !found.isEmpty, let block else { return }
    var rows = PostgresParameters(capacity: found.count * 120 + 128)
    rows.text(chain)
    rows.text(opening.asset)
    rows.byteaArray(found.count) { opening.addresses[found[$0]].bytes }
    rows.textArray(found.count) { "\(amounts[found[$0]])" }
    rows.int8(opening.height)
    rows.bytea(block.bytes)
    try connection.query(
      """
      insert into core.deposit_opening(chain, asset, address, raw_amount, block_height, block_hash)
      select $1, $2, o, w::numeric, $5, $6 from unnest($3::bytea[], $4::text[]) t(o, w)
      """, rows)
  }

  /// In the transaction that rolls back: what was recorded as of a block that left the chain is due
  /// as of the one where it forked, for the blocks above it are scanned again. Where all that was
  /// scanned left, the block before it may have left too.
  func reopen(at height: Int64) throws(PostgresError) {
    for table in ["core.opened_asset", "core.venue_opening"] {
      var parameters = chainParameter()
      parameters.int8(height)
      try connection.query(
        """
        update \(table) set block_height = $2, is_due = true
        where chain = $1 and (block_height > $2 or block_height = $2
          and not exists (select from public.scanned_blocks where chain = $1))
        """, parameters)
    }
  }

  /// What lay on deposit addresses when the asset was opened, and as of which block.
  func opening(
    of asset: String
  ) throws(PostgresError) -> (height: Int64, raw: [Address: UInt256]) {
    var parameters = chainParameter()
    parameters.text(asset)
    let opened = try connection.query(
      "select block_height from core.opened_asset where chain = $1 and asset = $2", parameters)
    var rows = chainParameter()
    rows.text(asset)
    let result = try connection.query(
      "select address, raw_amount::text from core.deposit_opening where chain = $1 and asset = $2",
      rows)
    var raw: [Address: UInt256] = [:]
    for row in 0..<result.rowCount {
      guard let address = Address(result.bytes(row, 0)),
        let amount = UInt256(decimal: result.string(row, 1))
      else { throw PostgresError.impossible("deposit_opening: a row that does not read") }
      raw[address] = amount
    }
    return (opened.rowCount == 1 ? opened.int64(0, 0) : -1, raw)
  }
}
