// Payments that nothing is signed for any more: those of wallets of before, and all while payments
// are halted. What the chain takes of them is booked all the same.

internal import Engine
internal import Ethereum
internal import Synchronization

extension PayoutSender {
  /// A wallet is changed by plan, or because somebody else has its key: what was signed with it may
  /// still be mined.
  func watchEarlier(settled: Int64, _ store: borrowing CustodyStore) throws {
    var open = 0
    for sender in try store.openAccounts(besides: configuration.sender) {
      guard let account = try store.account(sender),
        let look = try store.look(
          sender, next: account.next, limit: Self.watchedAtOnce, midway: {})
      else { continue }
      if earlier.withLock({ $0.insert(sender).inserted }) {
        report(
          "\(configuration.chain): \(look.slots.count) payments of the earlier wallet \(sender) "
            + "are open: they are watched, and nothing more is signed for them")
      }
      open += look.slots.count
      for slot in look.slots where slot.isUnsigned && look.mined[slot.nonce] == nil {
        try giveUp(slot, store)
      }
      if !assets.ownSenders.contains(sender) {
        noteTrouble("the earlier wallet \(sender) is not in own_senders: its payments are not seen")
      }
      try watch(look, settled: settled, isSending: account.halted == nil, store)
    }
    figures.withLock { $0.openOfEarlier = open }
  }

  /// Open payments of one earlier wallet that one look has.
  private static let watchedAtOnce = 100

  /// Books what is final, and where it may sends what is stored.
  func watch(
    _ look: PayoutLook, settled: Int64, isSending: Bool, _ store: borrowing CustodyStore
  ) throws {
    for slot in look.slots {
      // By its own nonce nothing is contradicted: that is the running sender's to find out.
      let view = PayoutView(
        mined: look.mined[slot.nonce], tip: look.tip.height, settled: settled, nonce: slot.nonce,
        baseFee: .zero, now: Self.now())
      guard view.mined != nil else {
        if isSending { _ = try sendAgain(slot, view, store) }
        continue
      }
      switch configuration.rules.step(slot, view) {
      case .settle(let outcome): _ = try settle(outcome, slot, view, store)
      case .hold(let reason): try hold(slot, reason, store)
      case .wait(let state):
        try store.note(
          state, of: slot, transaction: view.mined?.hash, height: view.mined?.height)
      // Another transaction has its nonce: a person says what became of it.
      case .halt: try store.note(.halted, of: slot, transaction: nil, height: nil)
      case .sign, .send, .waitForFees: break
      }
    }
  }
}

extension PayoutSlot {
  /// No bytes of it are anywhere, the signer's memory included.
  fileprivate var isUnsigned: Bool { attempts.isEmpty && asked == nil && doubted == nil }
}
