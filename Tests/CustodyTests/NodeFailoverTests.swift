// Several nodes: the first that is believed is asked, and none that is away, behind or foreign stops the scan.

import Embedded
import Engine
import Ethereum
import Foundation
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

    private func scan(
      _ venue: Venue, _ second: TestChain, secondNodeFrom: Int128? = nil, depth: Int = 256
    ) throws -> DepositScanner {
      try venue.scan(nodes: [second.ready.url], secondNodeFrom: secondNodeFrom) {
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

    @Test func theSecondGoesOnWhereTheFirstIsKilled() throws {
      try twins { venue, first, second in
        let address = try venue.address(2)
        let scanner = try scan(venue, second)
        try pay(address, 2_000, on: first, second)
        #expect(try eventually { try venue.balance(2, 1) == 2_000 })
        #expect(inUse(scanner) == 0)
        first.stop()
        try pay(address, 3_000, on: second)
        #expect(try eventually { try venue.balance(2, 1) == 5_000 })
        let figures = scanner.currentFigures()
        #expect(figures.nodeInUse == 1 && figures.nodes.map(\.verdict.name) == ["failing", "well"])
        #expect(figures.reorganisations == 0 && figures.halted == nil)
        scanner.stop()
      }
    }

    @Test func theFirstIsAskedAgainWhenItIsWell() throws {
      try twins { venue, first, second in
        let address = try venue.address(2)
        let scanner = try scan(venue, second)
        try first.fault(["kind": "drop", "method": "eth_getBlockByNumber", "times": 100_000])
        try pay(address, 2_000, on: first, second)
        #expect(try eventually { try venue.balance(2, 1) == 2_000 })
        #expect(inUse(scanner) == 1)
        try first.call("dev_clearFaults")
        #expect(eventually { inUse(scanner) == 0 })
        second.stop()
        try pay(address, 3_000, on: first)
        #expect(try eventually { try venue.balance(2, 1) == 5_000 })
        #expect(inUse(scanner) == 0)
        scanner.stop()
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
        scanner.stop()
      }
    }

    /// Only where all say so does custody halt.
    @Test func aFirstOfAnotherChainIsPassedOver() throws {
      try twins { venue, first, second in
        let address = try venue.address(2)
        try first.call("dev_claim", [["chain_id": 1]])
        let scanner = try scan(venue, second)
        try pay(address, 2_000, on: first, second)
        #expect(try eventually { try venue.balance(2, 1) == 2_000 })
        #expect(
          scanner.currentFigures().nodes.map(\.verdict.name) == ["wrong_chain", "well"])
        try first.call("dev_claim", [["genesis": "0x" + String(repeating: "ab", count: 32)]])
        #expect(
          eventually { scanner.currentFigures().nodes[0].verdict.name == "wrong_genesis" })
        try first.call("dev_claim", [[:]])
        #expect(eventually { inUse(scanner) == 0 })
        scanner.stop()
        for chain in [first, second] { try chain.call("dev_claim", [["chain_id": 1]]) }
        let other = try scan(venue, second)
        #expect(
          eventually {
            other.currentFigures().halted == .wrongChain(expected: 31337, found: 1)
          })
        other.stop()
      }
    }

    /// Behind by more than the window, or without a block that is final here: the second is asked.
    @Test func aFirstThatIsBehindOrOnAnotherBranchIsPassedOver() throws {
      try twins { venue, first, second in
        let address = try venue.address(2)
        try pay(address, 2_000, on: first, second)
        for chain in [first, second] { try chain.mine(20) }
        let scanner = try scan(venue, second, depth: 12)
        try venue.settle(scanner)
        scanner.stop()
        try first.options(["head_lag": 15])
        let again = try scan(venue, second, depth: 12)
        try pay(address, 3_000, on: first, second)
        #expect(try eventually { try venue.balance(2, 1) == 5_000 })
        #expect(again.currentFigures().nodes.map(\.verdict.name) == ["behind", "well"])
        try first.options(["head_lag": 0])
        #expect(eventually { inUse(again) == 0 })
        // Final blocks leave the first node's chain, and not the second's.
        try first.reorganise(depth: 11, blocks: 14)
        try pay(address, 4_000, on: second)
        #expect(try eventually { try venue.balance(2, 1) == 9_000 })
        let figures = again.currentFigures()
        #expect(figures.halted == nil && figures.clawbacks == 0 && figures.nodeInUse == 1)
        #expect(figures.nodes[0].verdict.name == "final_block_left")
        again.stop()
      }
    }

    /// The other node is another one also where the second is asked: alone it does not agree with itself.
    @Test func muchNeedsADifferentNodeWhicheverIsAsked() throws {
      try twins { venue, first, second in
        let address = try venue.address(2)
        try first.fault(["kind": "drop", "method": "eth_getBlockByNumber", "times": 100_000])
        let scanner = try scan(venue, second, secondNodeFrom: 3_000)
        try pay(address, 2_000, on: first, second)
        try pay(address, 5_000, on: first, second)
        #expect(try eventually { try venue.balance(2, 1) == 2_000 })
        #expect(try eventually { try venue.deposits(2).map(\.status).first == .confirming })
        #expect(try inUse(scanner) == 1 && venue.balance(2, 1) == 2_000)
        try first.call("dev_clearFaults")
        #expect(try eventually { try venue.balance(2, 1) == 7_000 })
        scanner.stop()
      }
    }
  }
}
