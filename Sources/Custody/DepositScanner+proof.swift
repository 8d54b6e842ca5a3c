// Before a credit: its block is proved by its own hash, and another node has the same block.

internal import Engine
internal import Ethereum
internal import Foundation
internal import Synchronization

extension DepositScanner {
  /// Blocks that are proved for one page of deposits: each is some hundred kilobytes, and what is
  /// proved gets its numbers before more are asked for.
  private static let proofs = 64

  /// Deposits whose block another node that can be asked has at the same height; those that wait
  /// until it is final, as final by that node too: finality is no node's word alone. With one node
  /// there is none to compare with.
  func knownToAnother(_ deposits: [Deposit]) -> [Deposit] {
    if nodes.count == 1 { return deposits }
    var known: Set<Int64> = []
    let (inUse, usable) = roster.withLock { ($0.current, $0.nodes.map(\.verdict.isUsable)) }
    for index in nodes.indices where index != inUse && usable[index] {
      let rest = deposits.filter { !known.contains($0.id) }
      if rest.isEmpty { break }
      do throws(NodeError) {
        known.formUnion(try ripe(rest, by: nodes[index]).map(\.id))
      } catch {
        noteAside(error)
        judge(index, .failing(error))
      }
    }
    return deposits.filter { known.contains($0.id) }
  }

  private func ripe(
    _ deposits: [Deposit], by node: ChainNode
  ) throws(NodeError) -> [Deposit] {
    let finalized = try node.heads().finalized?.height ?? -1
    let ripe = deposits.filter { deposit in
      let asset = scan.rules.asset(named: deposit.asset)
      return asset?.finality != .finalized || deposit.height <= finalized
    }
    if ripe.isEmpty { return [] }
    var blocks: [Int64: Hash32] = [:]
    for (height, hash) in try node.hashes(at: Set(ripe.map(\.height)).sorted()) {
      blocks[height] = hash
    }
    return ripe.filter { blocks[$0.height] == $0.block }
  }

  /// Those of the deposits that their blocks have. A block that no node proves keeps its deposits
  /// waiting, and no others; a payment that its proved block does not have was never made, and is
  /// taken off the chain.
  func proved(_ deposits: [Deposit], _ session: inout Session) throws -> [Deposit] {
    var (shown, forged): ([Deposit], [Deposit]) = ([], [])
    for (block, deposits) in byBlock(deposits, unproved.withLock { $0 }).prefix(Self.proofs) {
      guard let proof = try proof(of: block, deposits, &session) else { continue }
      var unreadable: [Deposit] = []
      for deposit in deposits {
        guard let transfer = transfer(deposit) else { continue }
        switch proof.verdict(on: transfer) {
        case .shown: shown.append(deposit)
        case .notShown: forged.append(deposit)
        case .unreadable: unreadable.append(deposit)
        }
      }
      if unreadable.isEmpty {
        unproved.withLock { $0.told(block) }
      } else {
        wait(block, unreadable, "a transaction of a kind that is not known proves no payment")
      }
    }
    try takeOff(forged, session.store)
    return shown
  }

  /// Looks at deposits that the node in use does not have where they were found: whether their
  /// block ever had them. Those that it has wait, as they did.
  func takeOffForged(_ deposits: [Deposit], _ session: inout Session) throws {
    var forged: [Deposit] = []
    for (block, deposits) in byBlock(deposits, absent.withLock { $0 }).prefix(Self.proofs) {
      _ = absent.withLock { $0.failed(block, at: .now) }
      guard let proof = try proof(of: block, deposits, &session) else { continue }
      forged += deposits.filter { deposit in
        transfer(deposit).map { proof.verdict(on: $0) == .notShown } ?? false
      }
    }
    try takeOff(forged, session.store)
  }

  /// By block, lowest first, and only those that may be asked for now.
  private func byBlock(
    _ deposits: [Deposit], _ suspects: Suspects
  ) -> [(block: Hash32, deposits: [Deposit])] {
    let groups = Dictionary(grouping: deposits, by: \.block)
    let known = groups.keys.filter { suspects.contains($0) }
    let due = Set(suspects.due(Array(known), at: .now))
    return groups.filter { !suspects.contains($0.key) || due.contains($0.key) }
      .sorted { ($0.value[0].height, $0.key) < ($1.value[0].height, $1.key) }
      .map { (block: $0.key, deposits: $0.value) }
  }

  /// By the first node that tells it so that it gives its hash; the one in use is asked first. Nil
  /// where none does.
  private func proof(
    of block: Hash32, _ deposits: [Deposit], _ session: inout Session
  ) throws -> ProvedBlock? {
    let transfers = deposits.compactMap { transfer($0) }
    if let known = session.proved[block],
      transfers.allSatisfy({ known.verdict(on: $0) == .shown })
    {
      return known
    }
    let (inUse, usable) = roster.withLock { ($0.current, $0.nodes.map(\.verdict.isUsable)) }
    let others = nodes.indices.filter { $0 != inUse && usable[$0] }
    var liars: [(index: Int, doubt: BlockDoubt)] = []
    var last = "no node has the block"
    for index in [inUse] + others {
      do {
        guard let told = try nodes[index].whole(block) else { continue }
        let proof = try ProvedBlock(told, hash: block, tokens: Set(scan.rules.contracts)) {
          [addresses] in addresses.owner($0) != nil
        }
        session.proved.add(proof)
        // Another node tells the block so that it gives its hash: these did not.
        for (index, doubt) in liars { blame(index, doubt, &session) }
        return proof
      } catch let doubt as BlockDoubt {
        liars.append((index, doubt))
        noteAside(NodeError.doubtful(doubt))
        last = "\(name(index)): \(doubt.rawValue)"
      } catch let error as NodeError {
        // The node in use is away: the whole turn waits for it, or for another.
        if index == inUse, error.isAway { throw error }
        noteAside(error)
        last = "\(name(index)): \(error)"
      }
    }
    wait(block, deposits, last)
    return nil
  }

  private func blame(_ index: Int, _ doubt: BlockDoubt, _ session: inout Session) {
    report("\(configuration.chain): \(name(index)) forged a block: \(doubt.rawValue)")
    if index == nodeInUse {
      session.forgery = doubt
    } else {
      judge(index, .failing(.doubtful(doubt)))
    }
  }

  private func wait(_ block: Hash32, _ deposits: [Deposit], _ why: String) {
    guard unproved.withLock({ $0.failed(block, at: .now) }) else { return }
    let ids = deposits.map { "\($0.id)" }.joined(separator: ", ")
    report(
      "\(configuration.chain): deposits wait (\(ids)): their block \(block) is not proved: \(why)")
  }

  private func takeOff(_ forged: [Deposit], _ store: borrowing CustodyStore) throws {
    if forged.isEmpty { return }
    try store.takeOff(forged)
    for deposit in forged {
      report(
        "\(configuration.chain): deposit \(deposit.id) (\(deposit.amount) atoms of "
          + "\(deposit.asset)) was never made: its block \(deposit.height), proved by its hash, "
          + "does not have it")
    }
  }

  /// What a node once said; nil for an asset that is no longer listed.
  private func transfer(_ deposit: Deposit) -> Transfer? {
    scan.rules.asset(named: deposit.asset).map { asset in
      Transfer(
        transaction: deposit.transaction, outRef: deposit.outRef, source: asset.source,
        sender: deposit.sender, recipient: deposit.address, raw: deposit.raw)
    }
  }
}
