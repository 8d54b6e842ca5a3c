// What the venue's own wallets held before the scan began to see what they get and send.

internal import Ethereum
internal import Postgres

extension DepositScanner {
  /// Once for each wallet and asset, as of the last block whose transfers were not recorded for
  /// them: a wallet may have coins when it is named, and an asset when it is listed. Where the node
  /// has no state of that block, or the token no answer, it is taken as nothing, and the
  /// reconciliation shows what it was.
  func recordOpenings(_ store: borrowing CustodyStore, start: Int64) throws {
    let missing = try store.missingOpenings(
      scan.rules.ownSenders.sorted(), scan.rules.assets.map(\.code))
    if missing.isEmpty { return }
    let height = try store.tail(1).last?.height ?? start - 1
    let block = height < 0 ? nil : try openingBlock(height, store)
    for (code, wallets) in missing {
      guard let asset = scan.rules.asset(named: code) else { continue }
      var amounts = [UInt256](repeating: .zero, count: wallets.count)
      if let block {
        do throws(NodeError) {
          amounts = try balances(of: asset, wallets, at: block)
        } catch {
          // A contract that was not there yet answers with nothing.
          switch error {
          case .refused, .malformed: break
          default: throw error
          }
          report(
            "\(configuration.chain): what own wallets had of \(code) at block \(height) is not "
              + "known: reconciliation will show it (\(error))")
        }
      }
      try store.insertOpenings(code, Array(zip(wallets, amounts)), height: height)
    }
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
  /// Of each asset the wallets whose opening is not recorded.
  func missingOpenings(
    _ wallets: [Address], _ assets: [String]
  ) throws(PostgresError) -> [(asset: String, wallets: [Address])] {
    if wallets.isEmpty { return [] }
    var parameters = PostgresParameters()
    parameters.text(chain)
    let result = try connection.query(
      "select asset, own from core.venue_opening where chain = $1", parameters)
    var known: [String: Set<[UInt8]>] = [:]
    for row in 0..<result.rowCount {
      known[result.string(row, 0), default: []].insert(result.bytes(row, 1))
    }
    return assets.compactMap { asset in
      let missing = wallets.filter { known[asset]?.contains($0.bytes) != true }
      return missing.isEmpty ? nil : (asset, missing)
    }
  }

  func insertOpenings(
    _ asset: String, _ openings: [(wallet: Address, raw: UInt256)], height: Int64
  ) throws(PostgresError) {
    try transaction { () throws(PostgresError) in
      var parameters = PostgresParameters(capacity: openings.count * 120 + 128)
      parameters.text(chain)
      parameters.text(asset)
      parameters.byteaArray(openings.count) { openings[$0].wallet.bytes }
      parameters.textArray(openings.count) { "\(openings[$0].raw)" }
      parameters.int8(height)
      try connection.query(
        """
        insert into core.venue_opening(chain, asset, own, raw_amount, block_height)
        select $1, $2, o, w::numeric, $5 from unnest($3::bytea[], $4::text[]) t(o, w)
        on conflict do nothing
        """, parameters)
    }
  }
}
