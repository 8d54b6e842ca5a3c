// Coins that no transfer shows: what an address holds, and has sent on, against what the books say of it.

internal import Ethereum
internal import Synchronization

extension DepositScanner {
  /// Coins that came from inside a call where nothing traces: no transaction names us, no log tells. As of the
  /// last final block an address holds, or has sent on, more than its deposits and the gas that it was given
  /// say; the rest goes to review, and is never credited by itself. Two blocks must say so: a node's one wrong
  /// answer would look the same.
  func findSurplus(_ session: inout Session) throws {
    guard let asset = scan.rules.asset(.native), session.follower.lag == 0,
      ContinuousClock.now >= session.surplusAt,
      let block = try session.store.block(at: session.follower.finalized),
      block.height > session.suspectedAt
    else { return }
    let now: [Address: UInt256]
    do {
      now = try surplus(asset, at: block, session.store)
    } catch let error as NodeError {
      // Nodes forget old states: that says nothing of what was scanned, and holds up nothing.
      session.surplusAt = .now + .seconds(configuration.surplusSeconds)
      figures.withLock { ($0.nodeErrors, $0.lastError) = ($0.nodeErrors + 1, "\(error)") }
      return
    }
    let certain = now.compactMap { address, raw in
      session.suspected[address].map { (address, min($0, raw)) }
    }
    (session.suspected, session.suspectedAt) = (now, block.height)
    let isClear = now.count == certain.count
    session.surplusAt = .now + .seconds(isClear ? configuration.surplusSeconds : 0)
    if certain.isEmpty { return }
    for (address, _) in certain { session.suspected[address] = nil }
    try session.store.record(
      certain.sorted { $0.0 < $1.0 }.compactMap { address, raw in
        found(raw, on: address, of: asset, at: block)
      })
    report(
      "\(configuration.chain): as of block \(block.height) payments from inside calls are in review: "
        + certain.map { "\($0.1) on \($0.0)" }.sorted().joined(separator: ", "))
  }

  /// What no transfer explains of the coins of each address.
  private func surplus(
    _ asset: DepositAsset, at block: BlockPlace, _ store: borrowing CustodyStore
  ) throws -> [Address: UInt256] {
    let paid = try store.paid(asset.code, upTo: block.height)
    let flows = try store.ownFlows(upTo: block.height)
    let all = addresses.all
    var found: [Address: UInt256] = [:]
    for (address, held) in zip(all, try node.balances(all, at: block.hash)) {
      guard let came = held.adding(flows.out[address] ?? .zero),
        let told = (paid[address] ?? .zero).adding(flows.received[address] ?? .zero),
        let raw = came.subtracting(told), raw > .zero
      else { continue }
      found[address] = raw
    }
    return found
  }

  private func found(
    _ raw: UInt256, on address: Address, of asset: DepositAsset, at block: BlockPlace
  ) -> FoundDeposit? {
    guard let user = addresses.owner(address) else { return nil }
    let transfer = Transfer(
      transaction: block.hash, outRef: "b" + address.lowercase, source: .native, sender: .zero,
      recipient: address, raw: raw)
    let value = DepositValue(
      amount: 0, dust: raw, status: .review, reason: "found by balance: paid from inside a call")
    return FoundDeposit(transfer: transfer, user: user, asset: asset, value: value, place: block)
  }
}
