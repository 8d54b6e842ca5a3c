// What a block shows: deposits, and movements of our own.

internal import Engine
internal import Ethereum
internal import Synchronization

extension DepositScanner {
  /// Throws `BlockDoubt` where what a node says of it does not hold together.
  func deposits(
    in block: ChainBlock, by node: ChainNode, _ own: inout OwnMovements
  ) throws -> [FoundDeposit] {
    try transfers(in: block, by: node, &own).compactMap { transfer in
      // Between addresses of ours nothing is paid in.
      guard let user = addresses.owner(transfer.recipient), addresses.owner(transfer.sender) == nil,
        let asset = scan.rules.asset(transfer.source)
      else { return nil }
      return FoundDeposit(
        transfer: transfer, user: user, asset: asset,
        value: scan.rules.value(of: transfer, in: asset), place: block.place)
    }
  }

  private func transfers(
    in block: ChainBlock, by node: ChainNode, _ own: inout OwnMovements
  ) throws -> [Transfer] {
    let watching: (Address) -> Bool = { [addresses] in addresses.owner($0) != nil }
    let traces = configuration.traces ? try traces(of: block, by: node) : []
    guard
      traces.contains(where: { scan.mayPay($0, watching: watching) })
        || scan.needsReceipts(block, watching: watching)
    else { return [] }
    let receipts = try node.receipts(block)
    try scan.check(receipts, of: block)
    var found: [Transfer] = []
    for (index, (transaction, receipt)) in zip(block.transactions, receipts).enumerated() {
      try note(transaction, receipt, in: block.place, &own)
      found += scan.transfers(transaction, receipt, watching: watching)
      if traces.isEmpty { continue }
      found += try scan.transfers(traces[index], transaction, receipt, watching: watching)
    }
    return found
  }

  /// None where the node answers, and not with the traces of this block: they are larger than any
  /// answer may be, or take too long. It must not stop the scan for ever; what they would have
  /// shown is found by balance.
  private func traces(of block: ChainBlock, by node: ChainNode) throws -> [CallTrace] {
    do throws(NodeError) {
      let traces = try node.traces(block)
      try check(traces, of: block)
      return traces
    } catch {
      switch error {
      case .tooLarge, .late: break
      default: throw error
      }
      // A node that is away gives nothing else either: that is waited for.
      _ = try node.heads()
      figures.withLock { $0.untraced += 1 }
      report(
        "\(configuration.chain): block \(block.place.height) is scanned without its traces: "
          + "\(error)")
      return []
    }
  }

  private func check(_ traces: [CallTrace], of block: ChainBlock) throws(NodeError) {
    do throws(BlockDoubt) {
      try scan.check(traces, of: block)
    } catch {
      throw .doubtful(error)
    }
  }

  private func note(
    _ transaction: ChainTransaction, _ receipt: ChainReceipt, in place: BlockPlace,
    _ own: inout OwnMovements
  ) throws(BlockDoubt) {
    let owner: (Address) -> AddressOwner = { [addresses, scan] address in
      if scan.rules.ownSenders.contains(address) { return .venue }
      return addresses.owner(address) == nil ? .outside : .user
    }
    if let sent = try scan.sent(transaction, receipt, in: place, owner) { own.sent.append(sent) }
    own.transfers += scan.venueTransfers(transaction, receipt, in: place, owner)
  }
}
