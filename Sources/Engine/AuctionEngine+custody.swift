// Deposits from chains: credits and clawbacks, each applied once and in the order of its number.

/// Where a chain stands in the books. Numbers rise by one, so the last is all that must be
/// remembered: what was applied is refused as a duplicate, what comes too early as a gap.
struct ChainState {
  var name: String
  var lastCredit: Int64 = 0
  var lastClawback: Int64 = 0
}

extension AuctionEngine {
  mutating func registerChain(_ name: String) -> Reply {
    if let id = chains.firstIndex(where: { $0.name == name }) {
      return refuse(.chainExists, id: Int64(id))
    }
    guard isChainName(name), chains.count < Bounds.maximumChains else {
      return refuse(.chainInvalid)
    }
    chains.append(ChainState(name: name))
    effects.directory.append(.chainRegistered(ChainID(chains.count - 1), name))
    return accept(Int64(chains.count - 1))
  }

  private func isChainName(_ name: String) -> Bool {
    (1...16).contains(name.utf8.count)
      && name.utf8.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) }
  }

  mutating func credit(_ deposit: DepositCredit) -> Reply {
    if let rejection = check(deposit.user, deposit.asset, deposit.amount, on: deposit.chain) {
      return refuse(rejection)
    }
    let last = chains[Int(deposit.chain)].lastCredit
    guard deposit.number > last else { return refuse(.creditAlreadyApplied) }
    guard deposit.number == last + 1 else { return refuse(.creditOutOfSequence, id: last) }
    guard accounts.issued[Int(deposit.asset)] + deposit.amount < Bounds.maximumAtoms else {
      return refuse(.supplyTooLarge)
    }
    chains[Int(deposit.chain)].lastCredit = deposit.number
    accounts.issue(deposit.amount, of: deposit.asset)
    post(
      accounts.open(deposit.user, deposit.asset), .deposit, free: deposit.amount,
      .deposit(deposit.number, on: deposit.chain))
    return accept(deposit.number)
  }

  /// Takes back a credit whose transaction is no longer on the chain. It always succeeds: what the
  /// user has spent is charged to the venue's loss account, which alone may fall below zero.
  mutating func clawBack(_ clawback: DepositClawback) -> Reply {
    if let rejection = check(clawback.user, clawback.asset, clawback.amount, on: clawback.chain) {
      return refuse(rejection)
    }
    let chain = chains[Int(clawback.chain)]
    guard clawback.number > chain.lastClawback else { return refuse(.clawbackAlreadyApplied) }
    guard clawback.number == chain.lastClawback + 1, clawback.credit > 0,
      clawback.credit <= chain.lastCredit
    else { return refuse(.clawbackOutOfSequence, id: chain.lastClawback) }
    // What others hold is what was issued and what was lost: both stay below the bound.
    let lost = accounts.find(Bounds.lossAccount, clawback.asset).map { accounts.slab[$0].free } ?? 0
    guard min(accounts.issued[Int(clawback.asset)], lost) - clawback.amount > -Bounds.maximumAtoms
    else { return refuse(.supplyTooLarge) }
    chains[Int(clawback.chain)].lastClawback = clawback.number
    freeze(clawback.user)
    let reference = LedgerReference.clawback(clawback.number, on: clawback.chain)
    let account = accounts.open(clawback.user, clawback.asset)
    let taken = min(accounts.slab[account].free, clawback.amount)
    accounts.issue(-clawback.amount, of: clawback.asset)
    if taken > 0 { post(account, .clawback, free: -taken, reference) }
    if taken < clawback.amount {
      let loss = accounts.open(Bounds.lossAccount, clawback.asset)
      post(loss, .clawback, free: taken - clawback.amount, reference)
    }
    return accept(clawback.number, .clawedBack(withLoss: taken < clawback.amount))
  }

  private func check(
    _ user: UserID, _ asset: AssetID, _ amount: Int128, on chain: ChainID
  ) -> Rejection? {
    guard Int(chain) < chains.count else { return .unknownChain }
    guard user != 0, Int(user) < users.count else { return .unknownUser }
    guard Int(asset) < assets.count else { return .unknownAsset }
    return amount > 0 && amount < Bounds.maximumAtoms ? nil : .amountInvalid
  }

  private mutating func freeze(_ user: UserID) {
    if !users[Int(user)].isFrozen {
      users[Int(user)].isFrozen = true
      effects.directory.append(.userFrozen(user, true))
    }
    if rulesVersion >= 4 { users[Int(user)].isFrozenByClawback = true }
    _ = cancelAll(user: user, market: nil)
    cancelUnstartedWithdrawals(of: user)
    if rulesVersion >= 2 { withdrawRequests { $0.user == user } }
  }

  // MARK: Queries

  public func chain(named name: String) -> ChainID? {
    chains.firstIndex { $0.name == name }.map { ChainID($0) }
  }

  /// The number of the last credit and the last clawback that were applied; 0 before the first.
  public func lastNumbers(_ chain: ChainID) -> (credit: Int64, clawback: Int64) {
    let state = chains[Int(chain)]
    return (state.lastCredit, state.lastClawback)
  }

  // MARK: Snapshot

  /// At the end and only where there are chains: a journal of before has the bytes it had.
  func writeChains(to writer: inout ByteWriter) {
    if chains.isEmpty { return }
    writer.uint(chains.count)
    for chain in chains {
      writer.text(chain.name)
      writer.uint(chain.lastCredit)
      writer.uint(chain.lastClawback)
    }
  }

  mutating func readChains(_ reader: inout ByteReader) throws(ByteError) {
    if reader.isAtEnd { return }
    let count = try reader.count()
    guard count > 0, count <= Bounds.maximumChains else { throw reader.fail("not chains") }
    for _ in 0..<count {
      let name = try reader.text()
      guard isChainName(name), chain(named: name) == nil else { throw reader.fail("not a chain") }
      chains.append(
        ChainState(
          name: name, lastCredit: try reader.counter(), lastClawback: try reader.counter()))
    }
  }
}
