// Sweeps that were signed elsewhere are sent until the chain has them; the gas that they need is paid like a
// withdrawal, with a nonce of the hot wallet.

internal import Engine
internal import Ethereum
internal import Synchronization

extension PayoutSender {
  /// With the wallet, fees and bounds of this sender.
  public func planner(node: ChainNode) -> SweepPlanner {
    SweepPlanner(
      chain: configuration.chain,
      rules: SweepRules(
        chainID: configuration.chainID, hotWallet: configuration.sender, assets: assets,
        maximumFee: configuration.rules.maximumFee, maximumGas: configuration.maximumGas),
      fees: configuration.rules, depth: configuration.depth, addresses: addresses, node: node)
  }

  /// So many a turn: withdrawals come first, and the node has others to serve.
  private static let sweepsAtOnce = 50

  /// Looks at every open sweep, and sends those that no block has. One that fails holds up no other.
  func sweep(_ look: PayoutLook, settled: Int64, _ store: borrowing CustodyStore) throws {
    figures.withLock { $0.openSweeps = look.sweeps.count }
    var sent = 0
    for open in look.sweeps {
      let view = PayoutView(
        mined: open.mined, tip: look.tip.height, settled: settled, nonce: open.slot.nonce,
        baseFee: .zero, now: Self.now())
      switch configuration.rules.sweepStep(open.slot, view) {
      case .wait: break
      case .send(let hash) where sent < Self.sweepsAtOnce:
        sent += 1
        try send(sweep: hash, open.slot, view, store)
      case .send: break
      case .settle(let outcome):
        if let mined = open.mined { try store.close(open.slot, outcome, mined) }
        figures.withLock { $0.swept += outcome == .paid ? 1 : 0 }
        if outcome == .reverted {
          report("\(configuration.chain): the sweep of \(open.slot.sender) was reverted")
        }
      case .foreign(let hash):
        try store.closeForeign(open.slot, hash)
        report(
          "\(configuration.chain): \(hash) of deposit address \(open.slot.sender) was signed by "
            + "somebody else: who has the key of deposit addresses?")
      }
    }
  }

  private func send(
    sweep hash: Hash32, _ slot: PayoutSlot, _ view: PayoutView, _ store: borrowing CustodyStore
  ) throws {
    guard let attempt = slot.attempts.first(where: { $0.hash == hash }),
      let raw = try store.raw(hash)
    else { preconditionFailure("an attempt without its bytes") }
    // It was signed for a wallet of before, which was given up for a reason.
    guard let transaction = try? SignedTransaction(raw: raw).transaction,
      SweepPayload(transaction)?.recipient == configuration.sender
    else { return }
    let answer = try nodes[0].send(raw)
    for node in nodes.dropFirst() { _ = try? node.send(raw) }
    try configuration.onBoundary(.sent)
    if ![.accepted, .alreadyKnown].contains(answer.answer), attempt.answer != answer.answer {
      report("\(configuration.chain): sweep of \(slot.sender): \(answer.message)")
    }
    try store.sent(
      hash, of: slot, answer.answer, attempt.kind, height: view.tip, at: view.now)
  }

  /// After withdrawals, and only with what they leave: of the slots half, of the coins none that one waits for.
  func topUp(
    _ account: PayoutAccount, _ open: [PayoutSlot], _ purse: inout Purse,
    _ store: borrowing CustodyStore
  ) throws -> Pause {
    let native = assets.asset(.native)?.code ?? ""
    if figures.withLock({ $0.unfunded.contains(native) }) { return .poll }
    let room = min(
      configuration.openSlots - open.count,
      max(1, configuration.openSlots / 2) - open.count { $0.purpose == .topUp })
    if room <= 0 { return .poll }
    var next = account.next
    for waiting in try store.waitingTopUps(room) {
      let slot = PayoutSlot(
        sender: configuration.sender, nonce: next, purpose: .topUp, destination: waiting.address,
        value: waiting.value, data: [], gasLimit: 21_000)
      guard purse.take(slot, native) else { break }
      try store.insert(slot, for: waiting)
      try configuration.onBoundary(.slotted)
      next += 1
    }
    return next > account.next ? .none : .poll
  }
}
