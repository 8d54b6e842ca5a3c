// Which node is asked, and what is thought of the others.

internal import Engine
internal import Ethereum
internal import Foundation
internal import Synchronization

extension DepositScanner {
  var nodeInUse: Int { roster.withLock { $0.current } }

  func name(_ index: Int) -> String { "node \(index + 1) (\(nodes[index].host))" }

  func judge(_ index: Int, _ verdict: NodeVerdict, height: Int64? = nil) {
    let (before, after) = roster.withLock { roster in
      let before = roster.nodes.map(\.verdict)
      roster.note(index, verdict, height: height, at: .now)
      return (before, roster.nodes.map(\.verdict))
    }
    for (index, (before, after)) in zip(before, after).enumerated() {
      // To lag by some blocks is a node's daily life, and the first look that finds all well is no
      // news.
      let isKnown = before.name == after.name || before.isUsable && after.isUsable
      if !isKnown, before != .untried || !after.isUsable {
        report("\(configuration.chain): \(name(index)) is \(after.name)")
      }
    }
  }

  /// A node that contradicts what was scanned is left for another, where one is not known to agree
  /// with it.
  func isByOneNodeOnly(_ halt: CustodyHalt) -> Bool {
    guard halt.isOfANode, nodes.count > 1, roster.withLock({ $0.halt }) == nil else { return false }
    judge(nodeInUse, .foreign(halt))
    return roster.withLock { $0.halt } == nil
  }

  /// The node to ask from here on. Those that are not in use are looked at from time to time; the
  /// first that is believed is taken.
  func choose(_ known: CustodyStore.Known?, _ follower: ChainFollower?) throws {
    let due = roster.withLock { $0.due(at: .now) }
    // Others are compared with it as it is now; how it fails, the turn will show.
    if nodes.count > 1, !due.isEmpty, !due.contains(nodeInUse), let heads = try? node.heads() {
      roster.withLock { $0.told(height: heads.latest.height) }
    }
    for index in due {
      let (verdict, height) = look(at: nodes[index], known, follower)
      judge(index, verdict, height: height)
    }
    let before = nodeInUse
    guard roster.withLock({ $0.choose() }) else {
      if let halt = roster.withLock({ $0.halt }) { throw halt }
      throw roster.withLock { $0.error }
    }
    if nodeInUse != before {
      // What one did not tell another may.
      unread.withLock { $0.keep([]) }
      untraced.withLock { $0.keep([]) }
      report("\(configuration.chain): \(name(nodeInUse)) is asked instead of \(name(before))")
    }
  }

  /// Whether a node is of our chain and holds what we have scanned. Where there is no other, the
  /// follower waits or halts by its own rules.
  private func look(
    at node: ChainNode, _ known: CustodyStore.Known?, _ follower: ChainFollower?
  ) -> (NodeVerdict, Int64?) {
    do throws(NodeError) {
      let identity = try node.identity()
      switch try configuration.expectations.contradiction(by: node, identity) {
      case nil: break
      // A node that was just started may have neither yet: it waits, and nothing is booked by it.
      case .noFinality(let what):
        throw .malformed("\(CustodyHalt.noFinality(of: what))")
      case .noContract(let asset, let address):
        throw .malformed("\(CustodyHalt.noContract(asset, address))")
      case let halt?: return (.foreign(halt), nil)
      }
      if let known, known.genesis != identity.genesis { return (.foreign(.wrongGenesis), nil) }
      guard nodes.count > 1, let follower else { return (.well, nil) }
      let height = try node.heads().latest.height
      return (
        try follower.verdict(on: height) { height throws(NodeError) in
          try node.hashes(at: [height])[0].hash
        }, height
      )
    } catch {
      figures.withLock { $0.nodeErrors += 1 }
      return (.failing(error), nil)
    }
  }
}
