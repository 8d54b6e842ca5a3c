// Sweeps that were signed elsewhere are sent until the chain has them; the gas that they need is
// paid like a withdrawal, with a nonce of the hot wallet.

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

  /// So many a turn, and for so long: withdrawals come first, and a node that is away takes its
  /// time.
  private static let sweepsAtOnce = 50
  private static let sweepTime = Duration.seconds(3)

  /// Looks at every open sweep, and sends those that no block has. One that fails holds up no
  /// other.
  func sweep(_ look: PayoutLook, settled: Int64, _ store: borrowing CustodyStore) throws {
    figures.withLock { $0.openSweeps = look.sweeps.count }
    let end = ContinuousClock.now + Self.sweepTime
    var sent = 0
    for open in look.sweeps {
      let view = PayoutView(
        mined: open.mined, tip: look.tip.height, settled: settled, nonce: open.slot.nonce,
        baseFee: .zero, now: Self.now())
      switch configuration.rules.sweepStep(open.slot, view) {
      case .wait: break
      case .send(let hash) where sent < Self.sweepsAtOnce && ContinuousClock.now < end:
        sent += try send(sweep: hash, open.slot, view, store) ? 1 : 0
      case .send: break
      case .settle(let outcome):
        if let mined = open.mined { try store.close(open.slot, outcome, mined) }
        figures.withLock { $0.swept += outcome == .paid ? 1 : 0 }
        if outcome == .reverted {
          report(
            "\(configuration.chain): the sweep of \(open.slot.sender) was reverted, "
              + "or moved nothing")
        }
      case .foreign(let hash):
        try store.closeForeign(open.slot, hash)
        report(
          "\(configuration.chain): \(hash) of deposit address \(open.slot.sender) was signed by "
            + "somebody else: who has the key of deposit addresses?")
      }
    }
  }

  /// False where it is kept back.
  private func send(
    sweep hash: Hash32, _ slot: PayoutSlot, _ view: PayoutView, _ store: borrowing CustodyStore
  ) throws -> Bool {
    if keptBack.withLock({ $0.contains(hash) }) { return false }
    guard let attempt = slot.attempts.first(where: { $0.hash == hash }),
      let raw = try store.raw(hash)
    else { preconditionFailure("an attempt without its bytes") }
    // A wallet is given up where somebody else may have its key: this was signed before.
    guard let transaction = try? SignedTransaction(raw: raw).transaction,
      SweepPayload(transaction)?.recipient == configuration.sender
    else {
      keptBack.withLock { _ = $0.insert(hash) }
      report(
        "\(configuration.chain): sweep \(hash) of \(slot.sender) pays another wallet and is not "
          + "sent: plan it again")
      return false
    }
    let answer = try sendToAll(raw)
    try configuration.onBoundary(.sent)
    if ![.accepted, .alreadyKnown].contains(answer.answer), attempt.answer != answer.answer {
      report("\(configuration.chain): sweep of \(slot.sender): \(answer.message)")
    }
    try store.sent(
      hash, of: slot, answer.answer, attempt.kind, height: view.tip, at: view.now)
    return true
  }

  /// After withdrawals, and only with what they leave: of the slots half, of the coins none that
  /// one waits for.
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
