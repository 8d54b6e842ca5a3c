// The follower against a chain that grows, reorganises, lags and lies, by seed.

import Ethereum
import SeededNumbers
import Testing

@testable import CoreFixture
@testable import Custody

/// A chain as a node has it: blocks by height, each with a hash of its own.
struct ModelChain {
  private(set) var blocks: [BlockPlace] = []
  private var made: UInt64 = 0

  init(height: Int64) { grow(to: height) }

  var head: BlockPlace { blocks[blocks.count - 1] }

  mutating func grow(to height: Int64) {
    while Int64(blocks.count) <= height {
      made += 1
      let hash = Hash32(UInt256(high: 7, low: UInt128(made)))
      let parent = blocks.last?.hash ?? Hash32(UInt256.zero)
      blocks.append(BlockPlace(height: Int64(blocks.count), hash: hash, parent: parent))
    }
  }

  /// The last blocks leave and others come, so that the head is at `height`.
  mutating func reorganise(depth: Int, to height: Int64) {
    blocks.removeLast(min(depth, blocks.count - 1))
    grow(to: height)
  }

  subscript(height: Int64) -> BlockPlace? {
    blocks.indices.contains(Int(height)) ? blocks[Int(height)] : nil
  }
}

/// Does what the follower says, on a model, and keeps what it applied.
struct ModelDriver {
  var follower: ChainFollower
  var applied: [BlockPlace] = []
  var rollbacks: [Int64] = []

  /// Until it waits or halts. `answers` may be another chain than the one of the heads.
  mutating func turn(
    _ chain: ModelChain, finalized: Int64? = nil, answers: ModelChain? = nil
  ) -> ChainFollower.Action {
    let remote = answers ?? chain
    var action = follower.heads(latest: chain.head, finalized: finalized.flatMap { chain[$0] })
    for _ in 0..<1_000 {
      switch action {
      case .fetch(let heights): action = follower.blocks(heights.compactMap { remote[$0] })
      case .compare(let heights):
        action = follower.hashes(heights.map { ($0, remote[$0]?.hash) })
      case .apply(let step):
        if let height = step.rollBackTo {
          rollbacks.append(height)
          applied.removeAll { $0.height > height }
        }
        applied += step.blocks
        follower.applied(step)
        if step.isCaughtUp { return .wait(.caughtUp) }
        action = follower.heads(latest: chain.head, finalized: finalized.flatMap { chain[$0] })
      case .wait, .halt: return action
      }
    }
    Issue.record("it goes round for ever")
    return action
  }

  /// Gapless, linked, and the same as the chain.
  func check(_ chain: ModelChain, from start: Int64, _ context: String = "") {
    #expect(applied == chain.blocks.filter { $0.height >= start }, "\(context)")
    for (block, next) in zip(applied, applied.dropFirst()) {
      #expect(next.parent == block.hash && next.height == block.height + 1, "\(context)")
    }
  }
}

@Suite struct ChainFollowerTests {
  private func driver(_ start: Int64 = 0, _ change: (inout ChainFollower.Limits) -> Void = { _ in })
    -> ModelDriver
  {
    var limits = ChainFollower.Limits()
    (limits.blocks, limits.hashes, limits.depth) = (5, 3, 40)
    change(&limits)
    return ModelDriver(follower: ChainFollower(start: start, tail: [], limits: limits))
  }

  @Test func aChainIsFollowedFromItsStart() {
    var (chain, driver) = (ModelChain(height: 23), driver(4))
    #expect(driver.turn(chain) == .wait(.caughtUp))
    driver.check(chain, from: 4)
    #expect(driver.turn(chain) == .wait(.caughtUp) && driver.follower.lag == 0)
    chain.grow(to: 24)
    #expect(driver.turn(chain) == .wait(.caughtUp))
    driver.check(chain, from: 4)
    #expect(driver.rollbacks.isEmpty)
  }

  @Test func aStartThatIsNotReachedIsWaitedFor() {
    var driver = driver(50)
    #expect(driver.turn(ModelChain(height: 49)) == .wait(.nodeBehind))
    #expect(driver.turn(ModelChain(height: 50)) == .wait(.caughtUp))
    #expect(driver.applied.map(\.height) == [50])
  }

  /// Deeper, equal and higher; each leaves the blocks that both have.
  @Test(arguments: [(1, 30), (1, 31), (6, 30), (6, 29), (17, 45), (29, 30)])
  func aReorganisationIsFollowed(depth: Int, height: Int64) {
    var (chain, driver) = (ModelChain(height: 30), driver())
    _ = driver.turn(chain)
    chain.reorganise(depth: depth, to: height)
    #expect(driver.turn(chain) == .wait(.caughtUp))
    driver.check(chain, from: 0)
    #expect(driver.rollbacks == [30 - Int64(depth)])
  }

  @Test func aNodeThatLagsTakesNothingBack() {
    var (chain, driver) = (ModelChain(height: 30), driver())
    _ = driver.turn(chain)
    let before = driver.applied
    var lagging = chain
    lagging.reorganise(depth: 4, to: 26)
    #expect(driver.turn(lagging) == .wait(.nodeBehind) && driver.applied == before)
    #expect(driver.turn(ModelChain(height: 0)) == .wait(.nodeBehind))
    chain.grow(to: 33)
    #expect(driver.turn(chain) == .wait(.caughtUp))
    driver.check(chain, from: 0)
  }

  @Test func whatIsDeeperThanTheTailHalts() {
    var (chain, driver) = (ModelChain(height: 100), driver())
    _ = driver.turn(chain)
    chain.reorganise(depth: 41, to: 110)
    #expect(driver.turn(chain) == .halt(.reorganisationTooDeep(below: 61)))
    #expect(driver.applied.last?.height == 100)
  }

  @Test func aFinalBlockThatLeavesHalts() {
    var (chain, driver) = (ModelChain(height: 30), driver())
    _ = driver.turn(chain)
    _ = driver.turn(chain, finalized: 25)
    var other = chain
    other.reorganise(depth: 5, to: 31)
    #expect(driver.turn(other, finalized: 25) == .wait(.caughtUp), "above the final block it may")
    chain = other
    chain.reorganise(depth: 8, to: 35)
    #expect(driver.turn(chain, finalized: 20) == .halt(.finalBlockLeft(height: 24)))
    #expect(driver.follower.finalized == 25, "finality does not go back")
  }

  /// The node is on another branch already, and a block of it is final: ours at that height never
  /// was.
  @Test func finalityOfABranchThatIsNotOursYetIsNotOurs() {
    var (chain, driver) = (ModelChain(height: 22), driver())
    _ = driver.turn(chain, finalized: 18)
    _ = driver.turn(chain, finalized: 18)
    #expect(driver.follower.finalized == 18)
    chain.reorganise(depth: 4, to: 23)
    #expect(driver.turn(chain, finalized: 19) == .wait(.caughtUp))
    driver.check(chain, from: 0)
    _ = driver.turn(chain, finalized: 19)
    #expect(driver.follower.finalized == 19)
  }

  /// The head is of one node, the blocks of another on another branch: nothing is applied by
  /// halves.
  @Test func answersOfTwoChainsAreNotMixed() {
    var (chain, driver) = (ModelChain(height: 30), driver())
    _ = driver.turn(chain)
    var other = chain
    chain.grow(to: 33)
    other.reorganise(depth: 3, to: 27)
    #expect(driver.turn(chain, answers: other) == .wait(.inconsistent))
    #expect(driver.applied.last?.height == 30)
    #expect(driver.turn(chain) == .wait(.caughtUp))
    driver.check(chain, from: 0)
  }

  /// A range of which a part is of another branch, or missing.
  @Test func blocksOfARangeFollowOneAnother() throws {
    var (chain, driver) = (ModelChain(height: 30), driver())
    _ = driver.turn(chain)
    chain.grow(to: 33)
    var other = chain
    other.reorganise(depth: 2, to: 33)
    func range(_ last: ModelChain, _ heights: [Int64] = [31, 32]) -> [BlockPlace] {
      heights.compactMap { chain[$0] } + [last.head]
    }
    #expect(driver.follower.heads(latest: other.head, finalized: nil) == .fetch(31...33))
    #expect(driver.follower.blocks(range(other)) == .wait(.inconsistent))
    #expect(driver.follower.blocks(range(chain, [31])) == .wait(.inconsistent))
    #expect(
      driver.follower.blocks(range(chain))
        == .apply(.init(rollBackTo: nil, blocks: range(chain), isCaughtUp: true)))
  }

  /// A provider that answers for at most so many blocks is found out, and a range grows again after
  /// it.
  @Test(arguments: [Int64(1), 7, 100]) func aRangeFindsItsLimit(limit: Int64) {
    var range = AdaptiveRange(maximum: 64)
    #expect(range.blocks == 64)
    var refused = 0
    for _ in 0..<1_000 {
      if range.blocks > limit {
        refused += 1
        range.failed()
      } else {
        range.succeeded()
      }
      #expect((1...64).contains(range.blocks))
    }
    #expect(limit >= 64 ? refused == 0 && range.blocks == 64 : range.blocks <= limit + 1)
    // At most one in four is asked in vain.
    #expect(refused <= 260)
    for _ in 0..<20 { range.failed() }
    #expect(range.blocks == 1)
    for _ in 0..<100 { range.succeeded() }
    #expect(range.blocks == 64)
  }

  @Test(arguments: UInt64(1)...60) func anyHistoryEndsOnTheChain(seed: UInt64) {
    var numbers = SeededNumbers(seed)
    var chain = ModelChain(height: Int64(numbers.below(30)))
    let start = Int64(numbers.below(10))
    var driver = driver(start)
    for round in 0..<80 {
      let height = chain.head.height
      switch numbers.below(6) {
      case 0:
        let depth = 1 + numbers.below(12)
        chain.reorganise(depth: depth, to: max(1, height - 3 + Int64(numbers.below(8))))
      case 1:
        // A node that lags or has another branch answers in between.
        var other = chain
        other.reorganise(depth: 1 + numbers.below(6), to: height - Int64(numbers.below(3)))
        _ = driver.turn(chain, answers: other)
      default: chain.grow(to: height + Int64(numbers.below(9)))
      }
      let action = driver.turn(chain)
      if case .halt = action { Issue.record("seed \(seed), round \(round): \(action)") }
    }
    chain.grow(to: chain.head.height + 10)
    #expect(driver.turn(chain) == .wait(.caughtUp), "seed \(seed)")
    driver.check(chain, from: start, "seed \(seed)")
    // A restart goes on from the stored tail.
    var restarted = ModelDriver(
      follower: ChainFollower(
        start: start, tail: Array(driver.applied.suffix(20)), limits: driver.follower.limits),
      applied: driver.applied)
    chain.reorganise(depth: 4, to: chain.head.height + 2)
    #expect(restarted.turn(chain) == .wait(.caughtUp), "seed \(seed)")
    restarted.check(chain, from: start, "seed \(seed)")
  }
}
