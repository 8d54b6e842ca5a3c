// Several nodes: the first that is believed is asked, and none that is away, behind or foreign
// stops the scan.

import Embedded
import Engine
import Ethereum
import Foundation
import Ledger
import SeededNumbers
import TestServers
import Testing

@testable import CoreFixture
@testable import Custody

@Suite struct NodeRosterTests {
  private static let epoch = ContinuousClock.now
  private static let foreign = NodeVerdict.foreign(.wrongGenesis)

  private func roster(_ verdicts: [NodeVerdict]) -> NodeRoster {
    var roster = NodeRoster(count: verdicts.count, pause: .seconds(1))
    for (index, verdict) in verdicts.enumerated() {
      roster.note(index, verdict, height: nil, at: Self.epoch)
    }
    return roster
  }

  /// Which is taken; nil: none. The one in use at first is the first.
  @Test(
    arguments: [
      ([.well, .well], 0), ([.lagging, .well], 1), ([.lagging, .lagging], 0),
      ([.failing(.status(429)), .well], 1), ([foreign, .behind, .lagging], 2),
      ([.failing(.status(429)), foreign], nil), ([.untried, .behind], nil),
    ] as [([NodeVerdict], Int?)])
  func theFirstThatIsBelieved(verdicts: [NodeVerdict], expected: Int?) {
    var roster = roster(verdicts)
    #expect((roster.choose() ? roster.current : nil) == expected)
  }

  @Test func allMustContradictForAHalt() {
    #expect(roster([Self.foreign, .behind]).halt == nil)
    #expect(roster([Self.foreign, .failing(.status(500))]).halt == nil)
    #expect(
      roster([.foreign(.finalBlockLeft(height: 3)), Self.foreign]).halt
        == .finalBlockLeft(height: 3))
  }

  /// The pause doubles with each failure, up to 64 times, and begins anew once the node has served.
  @Test func looksAreBounded() {
    var roster = roster([.well, .failing(.status(500))])
    var now = Self.epoch
    for expected in [1, 2, 4, 8, 16, 32, 64, 64, 64] {
      #expect(roster.due(at: now + .seconds(expected) - .milliseconds(1)) == [])
      now += .seconds(expected)
      #expect(roster.due(at: now) == [1])
      roster.note(1, .failing(.status(500)), height: nil, at: now)
    }
    roster.note(0, .failing(.status(500)), height: nil, at: now)
    #expect(roster.due(at: now) == [0, 1], "none is believed: all are looked at")
    roster.note(1, .well, height: 5, at: now)
    #expect(roster.choose() && roster.current == 1)
    #expect(roster.due(at: now + .seconds(1)) == [0])
    roster.served(height: 6, isLagging: false)
    roster.note(1, .failing(.status(500)), height: nil, at: now)
    roster.note(0, .well, height: 6, at: now)
    #expect(roster.choose() && roster.current == 0)
    #expect(roster.due(at: now + .seconds(1)) == [1])
  }
}

extension NodeRosterTests {
  /// Three nodes as a scanner looks at them, whatever each does.
  private struct Scene {
    var numbers: SeededNumbers
    var roster = NodeRoster(count: 3, pause: .seconds(1))
    var now = NodeRosterTests.epoch
    var chain: Int64 = 100
    /// Blocks behind the chain, at most; nil: it stands at its height.
    var behind: [Int64?] = [3, 3, 3]
    var heights: [Int64] = [100, 100, 100]
    var looked: [ContinuousClock.Instant?] = [nil, nil, nil]
    /// What was scanned.
    var tip: Int64 = 0

    init(_ seed: UInt64) { numbers = SeededNumbers(seed) }

    mutating func step(_ context: String, failures: Bool = true) {
      now += .milliseconds(numbers.below(4_000))
      chain += Int64(numbers.below(5))
      for index in heights.indices {
        guard let most = behind[index] else { continue }
        heights[index] = max(heights[index], chain - Int64(numbers.below(Int(most) + 1)))
      }
      let isBelieved = roster.nodes.contains { $0.verdict.isUsable }
      for index in roster.due(at: now) {
        if isBelieved {
          #expect(index != roster.current || !roster.nodes[index].verdict.isUsable, "\(context)")
          if let before = looked[index] { #expect(now >= before + .seconds(1), "\(context)") }
        }
        looked[index] = now
        let verdict: NodeVerdict =
          failures && numbers.once(in: 4)
          ? .failing(.status(500)) : heights[index] < tip ? .lagging : .well
        roster.note(
          index, verdict, height: verdict.isUsable ? heights[index] : nil, at: now)
      }
      guard roster.choose() else {
        #expect(!roster.nodes.contains { $0.verdict.isUsable }, "\(context)")
        return
      }
      #expect(roster.nodes[roster.current].verdict.isUsable, "\(context)")
      if roster.nodes.contains(where: { $0.verdict == .well }) {
        #expect(roster.nodes[roster.current].verdict == .well, "\(context)")
      }
      if failures, numbers.once(in: 6) {
        looked[roster.current] = now
        roster.note(roster.current, .failing(.late(seconds: 10)), height: nil, at: now)
      } else {
        let height = heights[roster.current]
        roster.served(height: height, isLagging: height < tip)
        tip = max(tip, height)
      }
    }
  }

  /// One is asked while one can be, none too often, and the first that is well.
  @Test(arguments: UInt64(1)...40) func anyEvents(seed: UInt64) {
    var scene = Scene(seed)
    for step in 0..<300 { scene.step("seed \(seed), step \(step)") }
  }

  /// Those that are some blocks apart are all well; one that stands still is behind after two
  /// looks, whichever it is, and can be asked again when it goes on.
  @Test(arguments: UInt64(1)...40) func oneThatStandsStillIsLeft(seed: UInt64) {
    var scene = Scene(seed)
    for step in 0..<100 {
      scene.step("seed \(seed), step \(step)", failures: false)
      #expect(
        scene.roster.nodes.allSatisfy { $0.verdict.isUsable }, "seed \(seed), step \(step)")
    }
    let still = scene.numbers.below(3)
    scene.behind[still] = nil
    // Far ahead after 16 blocks, and looked at twice in 12 seconds more.
    for step in 0..<60 { scene.step("seed \(seed), still \(step)", failures: false) }
    #expect(scene.roster.current != still, "seed \(seed)")
    #expect(scene.roster.nodes[still].verdict == .behind, "seed \(seed)")
    #expect(scene.roster.bestHeight ?? 0 > scene.heights[still] + NodeRoster.wellAhead)
    scene.behind[still] = 3
    for step in 0..<300 { scene.step("seed \(seed), again \(step)", failures: false) }
    #expect(scene.roster.nodes.allSatisfy { $0.verdict.isUsable }, "seed \(seed)")
  }

  /// A node that is behind and comes nearer is waited for.
  @Test func oneThatCatchesUpIsKept() {
    var roster = roster([.well, .well])
    #expect(roster.choose() && roster.current == 0)
    roster.served(height: 100, isLagging: false)
    for (own, other) in [(100, 200), (120, 210), (150, 220), (190, 221), (220, 222)]
      as [(Int64, Int64)]
    {
      roster.told(height: own)
      roster.note(1, .well, height: other, at: Self.epoch)
      #expect(roster.choose() && roster.current == 0)
    }
    for other in [240, 241] as [Int64] {
      roster.note(1, .well, height: other, at: Self.epoch)
      let isChosen = roster.choose()
      #expect(isChosen && roster.current == (other == 240 ? 0 : 1))
    }
    #expect(roster.nodes[0].verdict == .behind)
  }
}

extension DatabaseTests {
  @Suite(.serialized) struct NodeFailoverTests {
    /// Two nodes of one chain: what is done to both gives the same blocks.
    private func twins(_ body: (Venue, TestChain, TestChain) throws -> Void) throws {
      let (first, second) = (try TestChain(), try TestChain())
      defer {
        first.stop()
        second.stop()
      }
      let venue = try Venue(TestDatabase(), first)
      try body(venue, first, second)
      #expect(venue.core.halts.all.isEmpty)
      venue.core.stop()
    }

    /// Three of them: two that are well are enough for a credit.
    private func triplets(_ body: (Venue, TestChain, TestChain, TestChain) throws -> Void) throws {
      let third = try TestChain()
      defer { third.stop() }
      try twins { try body($0, $1, $2, third) }
    }

    private func scan(
      _ venue: Venue, _ others: TestChain..., secondNodeFrom: Int128? = nil, depth: Int = 256
    ) throws -> DepositScanner {
      try venue.scan(nodes: others.map(\.ready.url), secondNodeFrom: secondNodeFrom) {
        ($0.nodePauseMilliseconds, $0.retryMilliseconds, $0.limits.depth) = (20, 5, depth)
      }
    }

    private func pay(_ address: Address, _ wei: Int128, on chains: TestChain...) throws {
      for chain in chains {
        try chain.fund(address, wei: wei)
        try chain.mine(4)
      }
    }

    private func inUse(_ scanner: DepositScanner) -> Int { scanner.currentFigures().nodeInUse }

    /// Quiet, and as it must be.
    private func end(
      _ venue: Venue, _ scanner: DepositScanner, on chain: TestChain,
      sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
      let height = try chain.height()
      let isThere = eventually { scanner.currentFigures().tip == height }
      #expect(isThere, "\(scanner.currentFigures())", sourceLocation: sourceLocation)
      scanner.stop()
      #expect(venue.core.projection.drain(withinSeconds: patience), sourceLocation: sourceLocation)
      try venue.checkDeposits(on: chain, sourceLocation: sourceLocation)
    }

    /// Nothing is credited on the word of the one that is left, until a third has the same block.
    @Test func theSecondGoesOnWhereTheFirstIsKilled() throws {
      try triplets { venue, first, second, third in
        let address = try venue.address(2)
        let scanner = try scan(venue, second, third)
        try pay(address, 2_000, on: first, second, third)
        #expect(try eventually { try venue.balance(2, 1) == 2_000 })
        #expect(inUse(scanner) == 0)
        first.stop()
        try pay(address, 3_000, on: second)
        #expect(eventually { scanner.currentFigures().unagreed == 1 })
        expectDisagreement(scanner)
        #expect(try venue.balance(2, 1) == 2_000)
        try pay(address, 3_000, on: third)
        #expect(try eventually { try venue.balance(2, 1) == 5_000 })
        #expect(eventually { scanner.currentFigures().unagreed == 0 })
        let figures = scanner.currentFigures()
        let verdicts = figures.nodes.map(\.verdict.name)
        #expect(figures.nodeInUse == 1 && verdicts == ["failing", "well", "well"])
        #expect(figures.reorganisations == 0 && figures.halted == nil)
        try end(venue, scanner, on: second)
      }
    }

    @Test func theFirstIsAskedAgainWhenItIsWell() throws {
      try triplets { venue, first, second, third in
        let address = try venue.address(2)
        let scanner = try scan(venue, second, third)
        try first.fault(["kind": "drop", "method": "eth_getBlockByNumber", "times": 100_000])
        try pay(address, 2_000, on: first, second, third)
        #expect(try eventually { try venue.balance(2, 1) == 2_000 })
        #expect(inUse(scanner) == 1)
        try first.call("dev_clearFaults")
        #expect(eventually { inUse(scanner) == 0 })
        second.stop()
        try pay(address, 3_000, on: first, third)
        #expect(try eventually { try venue.balance(2, 1) == 5_000 })
        #expect(inUse(scanner) == 0)
        try end(venue, scanner, on: first)
      }
    }

    /// A node that leaves logs out answers, and cannot be believed.
    @Test func aNodeThatContradictsItselfIsLeft() throws {
      try twins { venue, first, second in
        let address = try venue.address(2)
        let scanner = try scan(venue, second)
        try first.fault(
          ["kind": "omit_logs", "method": "eth_getBlockReceipts", "times": 100_000])
        for chain in [first, second] {
          try chain.mint("USDC", to: address, 700)
          try chain.mine(4)
        }
        #expect(try eventually { try venue.balance(2, 0) == 700 })
        #expect(scanner.currentFigures().doubts >= 1)
        try end(venue, scanner, on: first)
      }
    }

    /// Only where all say so does custody halt.
    @Test func aFirstOfAnotherChainIsPassedOver() throws {
      try twins { venue, first, second in
        let address = try venue.address(2)
        try first.call("dev_claim", [["chain_id": 1]])
        let scanner = try scan(venue, second)
        try pay(address, 2_000, on: first, second)
        #expect(try eventually { try venue.statuses(2) == [.confirming] })
        #expect(
          scanner.currentFigures().nodes.map(\.verdict.name) == ["wrong_chain", "well"])
        try first.call("dev_claim", [["genesis": "0x" + String(repeating: "ab", count: 32)]])
        #expect(
          eventually { scanner.currentFigures().nodes[0].verdict.name == "wrong_genesis" })
        // One of another chain agrees about nothing.
        expectDisagreement(scanner)
        #expect(try venue.balance(2, 1) == 0)
        try first.call("dev_claim", [[:]])
        #expect(eventually { inUse(scanner) == 0 })
        #expect(try eventually { try venue.balance(2, 1) == 2_000 })
        scanner.stop()
        for chain in [first, second] { try chain.call("dev_claim", [["chain_id": 1]]) }
        let other = try scan(venue, second)
        #expect(
          eventually {
            other.currentFigures().halted == .wrongChain(expected: 31337, found: 1)
          })
        other.stop()
        #expect(venue.core.projection.drain(withinSeconds: patience))
        try venue.checkDeposits()
      }
    }

    /// Behind by more than the window, or without a block that is final here: the second is asked.
    @Test func aFirstThatIsBehindOrOnAnotherBranchIsPassedOver() throws {
      try triplets { venue, first, second, third in
        let address = try venue.address(2)
        try pay(address, 2_000, on: first, second, third)
        for chain in [first, second, third] { try chain.mine(20) }
        let scanner = try scan(venue, second, third, depth: 12)
        try venue.settle(scanner)
        scanner.stop()
        try first.options(["head_lag": 15])
        let again = try scan(venue, second, third, depth: 12)
        try pay(address, 3_000, on: first, second, third)
        #expect(try eventually { try venue.balance(2, 1) == 5_000 })
        #expect(again.currentFigures().nodes.map(\.verdict.name) == ["behind", "well", "well"])
        try first.options(["head_lag": 0])
        #expect(eventually { inUse(again) == 0 })
        // Final blocks leave the first node's chain, and not the second's.
        try first.reorganise(depth: 11, blocks: 14)
        try pay(address, 4_000, on: second, third)
        #expect(try eventually { try venue.balance(2, 1) == 9_000 })
        let figures = again.currentFigures()
        #expect(figures.halted == nil && figures.clawbacks == 0 && figures.nodeInUse == 1)
        #expect(figures.nodes[0].verdict.name == "final_block_left")
        try end(venue, again, on: second)
      }
    }

    /// The other node is another one also where the second is asked: alone it does not agree with
    /// itself.
    @Test func muchNeedsADifferentNodeWhicheverIsAsked() throws {
      try twins { venue, first, second in
        let address = try venue.address(2)
        try first.fault(["kind": "drop", "method": "eth_getBlockByNumber", "times": 100_000])
        let scanner = try scan(venue, second, secondNodeFrom: 3_000)
        try pay(address, 2_000, on: first, second)
        try pay(address, 5_000, on: first, second)
        #expect(try eventually { try venue.statuses(2) == [.confirming, .confirming] })
        expectDisagreement(scanner)
        #expect(try inUse(scanner) == 1 && venue.balance(2, 1) == 0)
        try first.call("dev_clearFaults")
        #expect(try eventually { try venue.balance(2, 1) == 7_000 })
        try end(venue, scanner, on: first)
      }
    }

    // MARK: A second node

    private func expectDisagreement(
      _ scanner: DepositScanner, sourceLocation: SourceLocation = #_sourceLocation
    ) {
      let isTold = eventually { scanner.currentFigures().state == "second_node_disagrees" }
      #expect(isTold, "\(scanner.currentFigures())", sourceLocation: sourceLocation)
    }

    enum Disagreement: CaseIterable {
      case genesis, block, amount, place
    }

    /// From here on the node answers this of a transaction, changed.
    private func tell(
      _ chain: TestChain, _ method: String, _ hash: String, _ change: [String: String]
    ) throws {
      let told = try #require(try chain.call(method, [hash]) as? [String: Any])
      try chain.fault([
        "kind": "result", "method": method, "first": hash, "times": 1_000_000,
        "result": told.merging(change) { $1 },
      ])
    }

    /// Ten payments of 9.9 where a second node is asked from 10 on: it is from the second one on.
    /// A day later they count no more.
    @Test(arguments: [false, true]) func manySmallPaymentsAreAsMuchAsALargeOne(
      aDayLater: Bool
    ) throws {
      try twins { venue, first, second in
        let address = try venue.address(2)
        var hashes: [String] = []
        for _ in 0..<10 {
          let hash = try first.fund(address, wei: 9_900)
          #expect(try second.fund(address, wei: 9_900) == hash)
          hashes.append(hash)
        }
        try second.call("dev_lie", [["omitted": hashes]])
        for chain in [first, second] { try chain.mine(4) }
        let scanner = try venue.scan(nodes: [second.ready.url], secondNodeFrom: 10_000) {
          ($0.nodePauseMilliseconds, $0.retryMilliseconds) = (20, 5)
          if aDayLater { ($0.secondNodeWindowSeconds, $0.creditBatch) = (0, 1) }
        }
        if !aDayLater {
          #expect(try eventually { try venue.balance(2, 1) == 9_900 })
          #expect(eventually { scanner.currentFigures().unagreed == 9 })
          expectDisagreement(scanner)
          #expect(try venue.balance(2, 1) == 9_900)
          try second.call("dev_lie", [[:]])
        }
        #expect(try eventually { try venue.balance(2, 1) == 99_000 })
        try second.call("dev_lie", [[:]])
        try end(venue, scanner, on: first)
      }
    }

    @Test(arguments: Disagreement.allCases)
    func aSecondNodeThatSaysOtherwiseHoldsUpMuch(about what: Disagreement) throws {
      try twins { venue, first, second in
        let address = try venue.address(2)
        let scanner = try scan(venue, second, secondNodeFrom: 3_000)
        switch what {
        case .genesis:
          try second.call("dev_claim", [["genesis": "0x" + String(repeating: "ab", count: 32)]])
          #expect(
            eventually { scanner.currentFigures().nodes[1].verdict.name == "wrong_genesis" })
        case .block: try second.mine()
        case .amount, .place: break
        }
        let hash = try first.fund(address, wei: 5_000)
        #expect(try second.fund(address, wei: 5_000) == hash)
        if what == .amount {
          // In the mempool already, and shown with a wei more.
          try tell(second, "eth_getTransactionByHash", hash, ["value": "0x1389"])
        }
        if what == .place {
          for chain in [first, second] { try chain.mine() }
          let other = "0x" + String(repeating: "ab", count: 32)
          try tell(second, "eth_getTransactionReceipt", hash, ["blockHash": other])
        }
        try pay(address, 2_000, on: first, second)
        // Of another chain, or with other blocks, it agrees about nothing.
        let agreed: Int128 = what == .amount || what == .place ? 2_000 : 0
        #expect(try eventually { try venue.balance(2, 1) == agreed })
        expectDisagreement(scanner)
        #expect(try venue.balance(2, 1) == agreed && scanner.currentFigures().halted == nil)
        // It says the same from here on, but where its blocks are others for ever.
        try second.call("dev_claim", [[:]])
        try second.call("dev_clearFaults")
        if what != .block {
          #expect(try eventually { try venue.balance(2, 1) == 7_000 })
        }
        try end(venue, scanner, on: first)
      }
    }

    /// It has the very block, and the deposit is not as deep there, or not final there.
    @Test func theSecondNodeMustBeAsFar() throws {
      try twins { venue, first, second in
        let address = try venue.address(2)
        try second.options(["head_lag": 3, "finalized_lag": 30])
        let scanner = try scan(venue, second, secondNodeFrom: 3_000)
        for chain in [first, second] {
          try chain.mint("BTC", to: address, 1_000_000)
          try chain.fund(address, wei: 2_000)
          try chain.fund(address, wei: 5_000)
          try chain.mine(4)
        }
        #expect(try eventually { try venue.balance(2, 1) == 2_000 })
        expectDisagreement(scanner)
        #expect(try venue.balance(2, 1) == 2_000)
        try second.options(["head_lag": 0])
        #expect(try eventually { try venue.balance(2, 1) == 7_000 })
        for chain in [first, second] { try chain.mine(8) }
        expectDisagreement(scanner)
        #expect(try venue.balance(2, 2) == 0)
        try second.options(["finalized_lag": 8])
        #expect(try eventually { try venue.balance(2, 2) == 10_000 })
        try end(venue, scanner, on: first)
      }
    }

    /// A node that calls its head final credits nothing by that, however small.
    @Test func whatIsFinalIsNoNodesWordAlone() throws {
      try twins { venue, first, second in
        let address = try venue.address(2)
        try second.options(["finalized_lag": 30])
        let scanner = try scan(venue, second)
        for chain in [first, second] {
          try chain.mint("BTC", to: address, 1_000_000)
          try chain.fund(address, wei: 2_000)
          try chain.mine(12)
        }
        #expect(try eventually { try venue.balance(2, 1) == 2_000 })
        expectDisagreement(scanner)
        #expect(try venue.balance(2, 2) == 0)
        try second.options(["finalized_lag": 8])
        #expect(try eventually { try venue.balance(2, 2) == 10_000 })
        try end(venue, scanner, on: first)
      }
    }

    /// The node in use lost a credited payment, and the other one has it where it was.
    @Test(arguments: [false, true]) func aClawbackIsNotTakenOnOneNodesWord(isAway: Bool) throws {
      try twins { venue, first, second in
        let address = try venue.address(2)
        let scanner = try scan(venue, second)
        let hash = try first.fund(address, wei: 8_000)
        #expect(try second.fund(address, wei: 8_000) == hash)
        for chain in [first, second] { try chain.mine(4) }
        #expect(try eventually { try venue.balance(2, 1) == 8_000 })
        try first.reorganise(depth: 4, blocks: 6, drop: [hash])
        let isDisputed = eventually {
          scanner.currentFigures().state == "clawback_disputed"
        }
        #expect(isDisputed, "\(scanner.currentFigures())")
        try first.mine(2)
        let height = try first.height()
        #expect(eventually { scanner.currentFigures().tip == height })
        #expect(eventually { scanner.currentFigures().state == "clawback_disputed" })
        #expect(try venue.balance(2, 1) == 8_000 && scanner.currentFigures().clawbacks == 0)
        #expect(venue.core.ask { $0.isFrozen(2) } == false)
        // Until it is decided nobody is paid.
        #expect(!scanner.currentFigures().isFollowing)
        // It is away, which says nothing; or its chain took the same way.
        if isAway {
          second.stop()
        } else {
          try second.reorganise(depth: 4, blocks: 8, drop: [hash])
        }
        #expect(try eventually { try venue.balance(2, 1) == 0 })
        #expect(venue.core.ask { $0.isFrozen(2) } == true)
        let told = venue.reports.all.filter { $0.contains("it is not taken back while") }
        #expect(told.count == 1, "\(told)")
        #expect(eventually { scanner.currentFigures().state == "caught_up" })
        #expect(try venue.deposits(2).map(\.status) == [.clawback])
        try end(venue, scanner, on: first)
      }
    }

    /// It answers, on our chain, and its head does not move while the other's does.
    @Test func aNodeThatStandsStillIsLeft() throws {
      try triplets { venue, first, second, third in
        let address = try venue.address(2)
        let scanner = try scan(venue, second, third)
        try pay(address, 2_000, on: first, second, third)
        #expect(try eventually { try venue.balance(2, 1) == 2_000 })
        #expect(inUse(scanner) == 0)
        for chain in [second, third] {
          try chain.fund(address, wei: 3_000)
          try chain.mine(20)
        }
        #expect(try eventually { try venue.balance(2, 1) == 5_000 })
        let figures = scanner.currentFigures()
        #expect(figures.nodeInUse == 1 && figures.reorganisations == 0)
        try first.fund(address, wei: 3_000)
        try first.mine(20)
        #expect(eventually { inUse(scanner) == 0 })
        try end(venue, scanner, on: first)
      }
    }
  }
}
