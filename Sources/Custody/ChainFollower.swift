// Which block comes next, and what a reorganisation takes back: a value, without a node or a
// database.

public import Ethereum

/// A block's place in its chain.
public struct BlockPlace: Sendable, Hashable {
  public var height: Int64
  public var hash: Hash32
  public var parent: Hash32

  public init(height: Int64, hash: Hash32, parent: Hash32) {
    self.height = height
    self.hash = hash
    self.parent = parent
  }
}

/// How many blocks are asked for at once. Every provider limits it and says so in its own words, so
/// nothing is read from the words: any failure halves it, each success lets it grow a little.
public struct AdaptiveRange: Sendable, Equatable {
  public let maximum: Int64
  private var present: Double

  public init(maximum: Int64) {
    self.maximum = max(1, maximum)
    present = Double(self.maximum)
  }

  /// At least 1.
  public var blocks: Int64 { max(1, Int64(present)) }

  public mutating func failed() { present = max(1, present / 2) }

  /// By 5 %, and by at least a part of a block, so that 1 is not for ever.
  public mutating func succeeded() {
    present = min(Double(maximum), max(present * 1.05, present + 0.25))
  }
}

/// Follows one chain by one node's answers. Events go in, the next action comes out; the driver
/// does what it says and tells what came of it.
///
/// **Invariant:** the blocks that were applied are gapless and each names the one before as its
/// parent.
public struct ChainFollower: Sendable {
  /// Blocks that leave and blocks that come, to be made durable at once.
  public struct Step: Sendable, Equatable {
    /// The last block that stays; nil where none leaves.
    public var rollBackTo: Int64?
    public var blocks: [BlockPlace]
    /// Nothing more was known of the chain when this step was made.
    public var isCaughtUp: Bool
  }

  public enum Action: Sendable, Equatable {
    /// Ask for these blocks by number, all of them from one answer.
    case fetch(ClosedRange<Int64>)
    /// Ask the *remote* chain for its hashes at our heights, highest first. Our own parents say
    /// nothing: they are the chain that left.
    case compare([Int64])
    case apply(Step)
    case wait(Reason)
    case halt(HaltReason)
  }

  public enum Reason: String, Sendable {
    case caughtUp = "caught_up"
    /// The node's head is below ours and on our chain: it lags, or is another node than before.
    case nodeBehind = "node_behind"
    /// Answers that cannot be of one chain: asked again later.
    case inconsistent
  }

  public enum HaltReason: Sendable, Equatable {
    /// No block of ours that we still know is on the chain.
    case reorganisationTooDeep(below: Int64)
    /// A block that was final is not on the chain.
    case finalBlockLeft(height: Int64)
  }

  public struct Limits: Sendable {
    /// Blocks of one step.
    public var blocks: Int64 = 64
    /// Blocks that are remembered, and so the deepest reorganisation that is followed.
    public var depth = 256
    /// Hashes asked for at once while the common ancestor is looked for.
    public var hashes = 16

    public init() {}
  }

  public let limits: Limits
  /// Blocks of the next `fetch`, at most `limits.blocks`.
  public var range: Int64
  /// The first block to scan.
  public let start: Int64
  /// The last applied blocks, lowest first.
  public private(set) var tail: [BlockPlace]
  /// The highest block that was ever said to be final.
  public private(set) var finalized: Int64
  public private(set) var latest: BlockPlace?
  private var ancestor: Int64?

  public init(start: Int64, tail: [BlockPlace], finalized: Int64 = -1, limits: Limits = Limits()) {
    self.start = start
    self.tail = tail
    self.finalized = finalized
    self.limits = limits
    range = limits.blocks
  }

  public var tip: BlockPlace? { tail.last }

  /// How far behind the node's head; nil before it was asked.
  public var lag: Int64? { latest.map { max(0, $0.height - (tip?.height ?? start - 1)) } }

  // MARK: Events

  /// The node's head, and its last final block where it offers one.
  public mutating func heads(latest: BlockPlace, finalized final: BlockPlace?) -> Action {
    self.latest = latest
    ancestor = nil
    if let final { finalise(final) }
    guard let tip else {
      return latest.height < start ? .wait(.nodeBehind) : fetch(from: start, latest)
    }
    if latest.height > tip.height { return fetch(from: tip.height + 1, latest) }
    guard let ours = block(at: latest.height) else { return .wait(.nodeBehind) }
    if ours.hash == latest.hash {
      return .wait(latest.height == tip.height ? .caughtUp : .nodeBehind)
    }
    return compare(below: latest.height)
  }

  /// The blocks that `fetch` asked for.
  public mutating func blocks(_ blocks: [BlockPlace]) -> Action {
    guard let first = blocks.first, let latest else { return .wait(.inconsistent) }
    for (block, next) in zip(blocks, blocks.dropFirst()) {
      guard next.height == block.height + 1, next.parent == block.hash else {
        return .wait(.inconsistent)
      }
    }
    // Nothing of ours stays where even the first block left.
    let base = ancestor == nil ? tip : ancestor.flatMap { block(at: $0) }
    guard first.height == (ancestor ?? tip?.height ?? start - 1) + 1 else {
      return .wait(.inconsistent)
    }
    if let base, first.parent != base.hash {
      // Once an ancestor is agreed on, its successor must name it: else the answers are of two
      // chains.
      return ancestor == nil ? compare(below: base.height + 1) : .wait(.inconsistent)
    }
    return .apply(
      Step(
        rollBackTo: ancestor, blocks: blocks,
        isCaughtUp: blocks.last?.height ?? -1 >= latest.height))
  }

  /// The remote chain's hashes at the heights that `compare` asked for, nil where it has no block.
  public mutating func hashes(_ remote: [(height: Int64, hash: Hash32?)]) -> Action {
    guard let latest else { return .wait(.inconsistent) }
    for (height, hash) in remote {
      guard let hash, let ours = block(at: height), ours.hash == hash else { continue }
      // Our tip is on the chain after all: an answer before was of another chain.
      if height == tip?.height { return .wait(.inconsistent) }
      return rollBack(to: height, latest)
    }
    guard let lowest = remote.map(\.height).min() else { return .wait(.inconsistent) }
    return compare(below: lowest)
  }

  /// What `apply` asked for is durable.
  public mutating func applied(_ step: Step) {
    if let height = step.rollBackTo { tail.removeAll { $0.height > height } }
    tail += step.blocks
    if tail.count > limits.depth { tail.removeFirst(tail.count - limits.depth) }
    ancestor = nil
  }

  /// Finality does not go back. A block is final for us only where it is ours: after a
  /// reorganisation the node's final block may be of a branch that we have still to follow.
  private mutating func finalise(_ final: BlockPlace) {
    guard let first = tail.first, final.height >= first.height else {
      finalized = max(finalized, min(final.height, (tail.first?.height ?? start) - 1))
      return
    }
    if block(at: final.height)?.hash == final.hash { finalized = max(finalized, final.height) }
  }

  // MARK: Other nodes

  /// What is thought of a node whose head has this height. A block that stays, by finality or
  /// because none below it is remembered, must be the node's too.
  func verdict(
    on height: Int64, _ hash: (Int64) throws(NodeError) -> Hash32?
  ) throws(NodeError) -> NodeVerdict {
    guard let tip, let first = tail.first else { return .well }
    if height < tip.height - Int64(limits.depth) { return .behind }
    let final = block(at: finalized)
    if let anchor = final ?? (first.height == start ? nil : first) {
      if height < anchor.height { return .behind }
      guard try hash(anchor.height) == anchor.hash else {
        return .foreign(
          final == nil
            ? .reorganisationTooDeep(below: anchor.height)
            : .finalBlockLeft(height: anchor.height))
      }
    }
    return height < tip.height ? .lagging : .well
  }

  // MARK: Steps

  private func block(at height: Int64) -> BlockPlace? {
    guard let first = tail.first, height >= first.height,
      height <= first.height + Int64(tail.count) - 1
    else { return nil }
    return tail[Int(height - first.height)]
  }

  private mutating func rollBack(to height: Int64, _ latest: BlockPlace) -> Action {
    if height < finalized, let left = block(at: height + 1), left.height <= finalized {
      return .halt(.finalBlockLeft(height: left.height))
    }
    // Nothing above it yet: a chain that only got shorter, or a node that lags.
    if latest.height <= height { return .wait(.nodeBehind) }
    ancestor = height
    return fetch(from: height + 1, latest)
  }

  private func fetch(from height: Int64, _ latest: BlockPlace) -> Action {
    .fetch(height...min(latest.height, height + min(range, limits.blocks) - 1))
  }

  private mutating func compare(below height: Int64) -> Action {
    guard let first = tail.first, let tip else { return .wait(.inconsistent) }
    let highest = min(height - 1, tip.height)
    guard highest >= first.height else {
      guard first.height == start, let latest else {
        return .halt(.reorganisationTooDeep(below: first.height))
      }
      return rollBack(to: start - 1, latest)
    }
    let lowest = max(first.height, highest - Int64(limits.hashes) + 1)
    return .compare(Array((lowest...highest).reversed()))
  }
}
