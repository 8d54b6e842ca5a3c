// Scanned blocks looked at once more, by another node where there is one, for what was left out.

internal import Engine
internal import Ethereum
internal import Foundation
internal import Postgres
internal import Synchronization

/// What came of looking at scanned blocks again.
public struct RescanOutcome: Sendable, Equatable {
  /// Of the blocks asked for those that were scanned, and so were looked at.
  public var blocks = 0
  /// Of these, those whose transactions their hash does not prove: of unknown types, or without a
  /// bloom.
  public var unproved = 0
  /// Deposits that were recorded.
  public var found = 0
  /// The node that told the last of them, by its place in the settings.
  public var node = 0

  public init() {}
}

extension DepositScanner {
  /// Looks at blocks that were scanned, and records what no row has; it is credited as all others
  /// are. What has a row keeps it, so that nothing is credited twice. Blocks, and asks nodes.
  func rescan(
    _ heights: ClosedRange<Int64>, by authority: Authority, _ store: borrowing CustodyStore
  ) throws -> RescanOutcome {
    var outcome = RescanOutcome()
    var found: [FoundDeposit] = []
    let scanned = try store.blocks(in: heights)
    var rest = scanned[...]
    while !rest.isEmpty {
      // Blocks come by hundreds of kilobytes each.
      let part = Array(rest.prefix(16))
      found += try look(at: part, &outcome)
      rest = rest.dropFirst(part.count)
    }
    outcome.blocks = scanned.count
    outcome.found = try store.recordLeftOut(found, of: heights, by: authority)
    report(
      "\(configuration.chain): blocks \(heights.lowerBound) to \(heights.upperBound) were looked "
        + "at again by \(name(outcome.node)): \(outcome.found) deposits had been left out")
    return outcome
  }

  /// By the first node that has the very blocks: another than the one in use, which may be the one
  /// that left something out, is asked before it.
  private func look(
    at places: [BlockPlace], _ outcome: inout RescanOutcome
  ) throws -> [FoundDeposit] {
    let (inUse, usable) = roster.withLock { ($0.current, $0.nodes.map(\.verdict.isUsable)) }
    var last: any Error = roster.withLock { $0.error }
    for index in nodes.indices.filter({ $0 != inUse && usable[$0] }) + [inUse] {
      do {
        let (found, unproved) = try look(at: places, by: nodes[index])
        outcome.unproved += unproved
        outcome.node = index
        return found
      } catch let doubt as BlockDoubt {
        last = NodeError.doubtful(doubt)
      } catch let error as NodeError {
        last = error
      }
      noteAside(last)
    }
    throw last
  }

  private func look(
    at places: [BlockPlace], by node: ChainNode
  ) throws -> (found: [FoundDeposit], unproved: Int) {
    guard let first = places.first, let end = places.last else { return ([], 0) }
    let told = try node.wholeBlocks(first.height...end.height)
    guard told.map(\.block.place) == places else { throw BlockDoubt.otherBlock }
    try scan.checkUnique(told.map(\.block))
    var (found, unproved): ([FoundDeposit], Int) = ([], 0)
    for each in told {
      if try !each.isProved() { unproved += 1 }
      // What our own addresses sent was recorded when the block was scanned.
      var own = OwnMovements()
      found += try deposits(in: each.block, by: node, &own)
    }
    return (found, unproved)
  }
}
