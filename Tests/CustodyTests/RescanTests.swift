// Payments that a node left out of its blocks, found when an operator has them looked at again.

import Embedded
import Engine
import Ethereum
import Ledger
import TestServers
import Testing

@testable import CoreFixture
@testable import Custody

extension DatabaseTests {
  @Suite(.serialized) struct RescanTests {
    private func rescan(_ venue: Venue, _ scanner: DepositScanner) throws -> RescanOutcome {
      let store = try CustodyStore(
        venue.database.app, chain: "dev", term: venue.custodyCore().term)
      let height = try venue.chain.height()
      return try scanner.rescan(0...height + 5, by: .custody(1, "left out"), store)
    }

    /// A payment of 7,000 that the venue's node tells nobody of, and one of 2,000 in the next block
    /// that it does.
    private func leaveOut(_ address: Address, of chains: TestChain...) throws -> String {
      var hash = ""
      for chain in chains {
        hash = try chain.fund(address, wei: 7_000)
        // Somebody else's, in the same block.
        try chain.fund(.zero, wei: 1)
      }
      try chains[0].call("dev_lie", [["omitted": [hash]]])
      for chain in chains {
        try chain.mine()
        try chain.fund(address, wei: 2_000)
      }
      for chain in chains { try chain.mine(4) }
      return hash
    }

    private func end(_ venue: Venue, _ scanner: DepositScanner) throws {
      #expect(eventually { scanner.currentFigures().state == "caught_up" })
      scanner.stop()
      #expect(venue.core.projection.drain(withinSeconds: patience))
      venue.core.stop()
      try venue.chain.call("dev_lie", [[:]])
      try venue.checkDeposits()
    }

    /// The other node has it: recorded, and credited, once.
    @Test func whatOneNodeLeftOutIsFoundByAnotherOnce() throws {
      let second = try TestChain()
      defer { second.stop() }
      try Venue.run { venue, chain in
        let address = try venue.address(2)
        let scanner = try venue.scan(nodes: [second.ready.url]) {
          ($0.nodePauseMilliseconds, $0.retryMilliseconds) = (20, 5)
        }
        let hash = try leaveOut(address, of: chain, second)
        #expect(try eventually { try venue.balance(2, 1) == 2_000 })
        #expect(try venue.deposits(2).count == 1)
        let height = try chain.height()
        #expect(eventually { scanner.currentFigures().tip == height })
        let outcome = try rescan(venue, scanner)
        #expect(outcome.blocks == Int(height) + 1 && outcome.unproved == 0)
        #expect(outcome.found == 1 && outcome.node == 1)
        #expect(try rescan(venue, scanner).found == 0)
        // The node in use still tells nobody: the credit waits for one that does.
        try chain.call("dev_lie", [[:]])
        #expect(try eventually { try venue.balance(2, 1) == 9_000 })
        #expect(try venue.deposits(2).map { "\($0.transaction)" }.contains(hash))
        #expect(try rescan(venue, scanner).found == 0)
        #expect(
          try venue.database.number(
            "select count(*) from core.custody_decision where action = 'rescan' and reason <> ''")
            == 3)
        try end(venue, scanner)
      }
    }

    /// Its blocks do not give their hashes: it is no answer, and nothing is recorded or logged.
    @Test func aNodeThatStillLeavesItOutIsRefused() throws {
      try Venue.run { venue, chain in
        let scanner = try venue.scan()
        let address = try venue.address(2)
        _ = try leaveOut(address, of: chain)
        try venue.settle(scanner)
        #expect(throws: NodeError.doubtful(.transactionsDoNotMatchRoot)) {
          try rescan(venue, scanner)
        }
        #expect(
          try venue.database.number("select count(*) from core.custody_decision") == 0)
        try chain.call("dev_lie", [[:]])
        #expect(try rescan(venue, scanner).found == 1)
        #expect(try eventually { try venue.balance(2, 1) == 9_000 })
        try end(venue, scanner)
      }
    }

    /// Only the balance showed it, and it is in review: its own row takes that one's place. What an
    /// operator decided about is perhaps in the user's balance by an adjustment.
    @Test(arguments: [false, true]) func whatTheBalanceShowedIsNotCountedTwice(
      isDecided: Bool
    ) throws {
      try Venue.run { venue, chain in
        let scanner = try venue.scan { ($0.surplusSeconds, $0.nodePauseMilliseconds) = (0, 20) }
        let address = try venue.address(2)
        _ = try leaveOut(address, of: chain)
        #expect(
          try eventually {
            try chain.mine()
            return try venue.statuses(2).contains(.review)
          })
        try venue.settle(scanner)
        let shown = try #require(try venue.deposits(2).first { $0.outRef.hasPrefix("b") })
        if isDecided { _ = try venue.resolve(shown.id, .reject) }
        try chain.call("dev_lie", [[:]])
        #expect(try rescan(venue, scanner).found == 1)
        if isDecided {
          try venue.settle(scanner)
          let found = try venue.deposits(2).filter { $0.raw == UInt256(7_000 as UInt64) }
          #expect(Set(found.map(\.status)) == [.review, .rejected])
          #expect(try venue.balance(2, 1) == 2_000)
          try venue.settle(scanner)
        } else {
          #expect(try eventually { try venue.balance(2, 1) == 9_000 })
          #expect(try venue.deposits(2).first { $0.id == shown.id }?.status == .orphaned)
        }
        #expect(try rescan(venue, scanner).found == 0)
        try end(venue, scanner)
      }
    }
  }
}
