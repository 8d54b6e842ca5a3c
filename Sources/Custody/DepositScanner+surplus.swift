// Coins that no transfer shows: what an address holds, and has sent on, against what the books say
// of it.

internal import Ethereum
internal import Foundation
internal import Postgres
internal import Synchronization

extension DepositScanner {
  /// A look at all addresses as of one final block, slice by slice.
  struct SurplusLook {
    /// When the next one begins.
    var startAt = ContinuousClock.now
    /// What the last one found that was not certain yet, and the block that it was of.
    var suspected: [Address: UInt256] = [:]
    var suspectedAt: Int64 = -1
    /// Nil while none is under way.
    fileprivate var present: Present?

    fileprivate struct Present {
      var block: BlockPlace
      var addresses: [Address]
      /// By address: what the books say came to it, and what it has sent on.
      var told: [Address: UInt256]
      var out: [Address: UInt256]
      /// Addresses that were looked at.
      var done = 0
      var found: [Address: UInt256] = [:]
    }
  }

  /// Addresses of one request; whether to stop is looked at between two.
  private static let surplusPart = 100

  /// Coins that came from inside a call where nothing traces: no transaction names us, no log
  /// tells. As of a final block an address holds, or has sent on, more than its deposits and the
  /// gas that it was given say; the rest goes to review, and is never credited by itself. Two
  /// blocks must say so: a node's one wrong answer would look the same. A slice of the addresses a
  /// turn, so that no chain waits for it.
  func findSurplus(_ session: inout Session, _ stop: OwnerThread.Stop) throws {
    guard let asset = scan.rules.asset(.native), session.follower.lag == 0 else { return }
    if session.surplus.present == nil { try beginSurplus(asset, &session) }
    guard var present = session.surplus.present else { return }
    do throws(NodeError) {
      try look(at: &present, stop)
    } catch {
      // Nodes forget old states: that says nothing of what was scanned, and holds up nothing.
      session.surplus.present = nil
      session.surplus.startAt = .now + .seconds(configuration.surplusSeconds)
      noteAside(error)
      return
    }
    session.surplus.present = present
    if present.done == present.addresses.count { try endSurplus(present, asset, &session) }
  }

  private func beginSurplus(_ asset: DepositAsset, _ session: inout Session) throws {
    guard ContinuousClock.now >= session.surplus.startAt,
      let block = try session.store.block(at: session.follower.finalized),
      block.height > session.surplus.suspectedAt
    else { return }
    let paid = try session.store.paid(asset.code, upTo: block.height)
    let opening = try session.store.opening(of: asset.code)
    let flows = try session.store.ownFlows(after: opening.height, upTo: block.height)
    // What lay there when the coin was opened explains itself.
    var told = paid.merging(opening.raw) { $0.adding($1) ?? .max }
    for (address, received) in flows.received {
      told[address] = (told[address] ?? .zero).adding(received) ?? .max
    }
    session.surplus.present = SurplusLook.Present(
      block: block, addresses: addresses.all, told: told, out: flows.out)
  }

  /// What no transfer explains of the coins of the next addresses.
  private func look(
    at present: inout SurplusLook.Present, _ stop: OwnerThread.Stop
  ) throws(NodeError) {
    let end = min(present.addresses.count, present.done + max(1, configuration.surplusSlice))
    while present.done < end, !stop.isRequested {
      let part = present.addresses[present.done..<min(end, present.done + Self.surplusPart)]
      let balances = try node.balances(Array(part), at: present.block.hash)
      for (address, held) in zip(part, balances) {
        guard let came = held.adding(present.out[address] ?? .zero),
          let raw = came.subtracting(present.told[address] ?? .zero), raw > .zero
        else { continue }
        present.found[address] = raw
      }
      present.done += part.count
    }
  }

  private func endSurplus(
    _ present: SurplusLook.Present, _ asset: DepositAsset, _ session: inout Session
  ) throws {
    let (now, block) = (present.found, present.block)
    let certain = now.compactMap { address, raw in
      session.surplus.suspected[address].map { (address, min($0, raw)) }
    }
    let isClear = now.count == certain.count
    session.surplus = SurplusLook(
      startAt: .now + .seconds(isClear ? configuration.surplusSeconds : 0), suspected: now,
      suspectedAt: block.height)
    if certain.isEmpty { return }
    for (address, _) in certain { session.surplus.suspected[address] = nil }
    try session.store.record(
      certain.sorted { $0.0 < $1.0 }.compactMap { address, raw in
        found(raw, on: address, of: asset, at: block)
      })
    report(
      "\(configuration.chain): as of block \(block.height) payments from inside calls were found: "
        + certain.map { "\($0.1) on \($0.0)" }.sorted().joined(separator: ", "))
  }

  private func found(
    _ raw: UInt256, on address: Address, of asset: DepositAsset, at block: BlockPlace
  ) -> FoundDeposit? {
    guard let user = addresses.owner(address) else { return nil }
    let transfer = Transfer(
      transaction: block.hash, outRef: "b" + address.lowercase, source: .native, sender: .zero,
      recipient: address, raw: raw)
    // Nobody need look at less than is ever credited.
    let isDust = scan.rules.value(of: transfer, in: asset).status == .dust
    let value = DepositValue(
      amount: 0, dust: raw, status: isDust ? .dust : .review,
      reason: isDust
        ? "found by balance: below the minimum" : "found by balance: paid from inside a call")
    return FoundDeposit(transfer: transfer, user: user, asset: asset, value: value, place: block)
  }
}
