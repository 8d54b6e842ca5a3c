// How a payment ends: what the chain has is final, the nodes agree about it, and the engine books
// it.

internal import Engine
internal import Ethereum
internal import Synchronization

extension PayoutSender {
  func settle(
    _ outcome: PayoutOutcome, _ slot: PayoutSlot, _ view: PayoutView,
    _ store: borrowing CustodyStore
  ) throws -> Acted {
    guard let mined = view.mined else { preconditionFailure("settled without a transaction") }
    if let doubt = doubt(about: mined) {
      noteDoubt(slot, doubt)
      try store.note(.mined, of: slot, transaction: mined.hash, height: mined.height)
      return .waits
    }
    switch try book(outcome, slot, store) {
    case .booked: break
    case .waits: return .waits
    case .otherwise:
      // It is on the chain with this end whatever was booked: a person puts the books right, once.
      try store.close(slot, outcome, mined)
      try halt(.endContradicted(nonce: slot.nonce, hash: mined.hash), store)
      return .halted
    case .refused(let why):
      try halt(.refused(why), store)
      return .halted
    }
    try configuration.onBoundary(.finished)
    try store.close(slot, outcome, mined)
    doubted.withLock { $0[slot.place] = nil }
    figures.withLock { figures in
      switch outcome {
      case .paid: figures.paid += 1
      case .reverted: figures.reverted += 1
      case .cancelled: figures.cancelled += 1
      }
    }
    return .acted
  }

  private enum Booking {
    case booked, waits
    /// With another end than the chain has.
    case otherwise
    case refused(String)
  }

  private func book(
    _ outcome: PayoutOutcome, _ slot: PayoutSlot, _ store: borrowing CustodyStore
  ) throws -> Booking {
    guard let withdrawal = slot.withdrawal else { return .booked }
    let command: Command =
      outcome == .paid
      ? .withdrawal(.finish(id: withdrawal))
      : .withdrawal(.fail(id: withdrawal, isCancelled: outcome == .cancelled))
    guard let reply = core.submit([command])?.first else { throw CoreAway() }
    guard let rejection = reply.rejection else { return .booked }
    guard rejection == .withdrawalFinished else {
      return .refused("withdrawal \(withdrawal) \(outcome): \(rejection.code)")
    }
    // Forgotten by the engine: the ledger says how it ended, or will say it.
    let booked = try store.decision(withdrawal)
    if booked == "started" { return .waits }
    return outcome.agrees(with: booked) ? .booked : .otherwise
  }

  /// Nothing was ever signed for it, and nothing will be: its wallet was given up.
  func giveUp(_ slot: PayoutSlot, _ store: borrowing CustodyStore) throws {
    guard case .booked = try book(.cancelled, slot, store) else { return }
    try store.close(slot, .cancelled, nil)
    report(
      "\(configuration.chain): nonce \(slot.nonce) of the earlier wallet \(slot.sender) was never "
        + "signed: its payment is cancelled")
  }

  /// Why an end is not believed yet. The node that the block was scanned from may not be the one in
  /// use, and may have lied: every node that answers must have the same transaction in the same
  /// block with the same end, and of several at least two.
  private func doubt(about mined: SentTransaction) -> String? {
    var agreed = 0
    for node in nodes {
      guard let receipts = try? node.receipts(of: [mined.hash]) else { continue }
      guard let receipt = receipts[0], receipt.block == mined.block,
        receipt.isSuccess == mined.isSuccess
      else { return "\(node.host) disagrees about \(mined.hash)" }
      agreed += 1
    }
    let needed = min(2, nodes.count)
    return agreed < needed ? "\(agreed) of \(needed) nodes say how \(mined.hash) ended" : nil
  }

  private func noteDoubt(_ slot: PayoutSlot, _ doubt: String) {
    let text = "nonce \(slot.nonce): \(doubt)"
    let isNew = doubted.withLock { $0.updateValue(doubt, forKey: slot.place) != doubt }
    if isNew { report("\(configuration.chain): \(text)") }
    noteTrouble(text)
  }
}

extension PayoutOutcome {
  /// Whether the ledger has booked the same: one that reverted and whose nonce went to nothing
  /// afterwards has paid as little as one that was cancelled.
  fileprivate func agrees(with booked: String?) -> Bool {
    switch self {
    case .paid: booked == "confirmed"
    case .reverted, .cancelled: booked == "reverted" || booked == "cancelled"
    }
  }
}
