// Payments from inside calls on a chain that traces: found in their block, in review, one row for ever.

import Engine
import Ethereum
import Foundation
import Testing

@testable import CoreFixture
@testable import Custody

extension DatabaseTests {
  @Suite(.serialized) struct TracedDepositTests {
    private func venue(
      _ arguments: [String] = ["--traces"], _ body: (Venue, TestChain) throws -> Void
    ) throws {
      let chain = try TestChain(arguments)
      defer { chain.stop() }
      let venue = try Venue(TestDatabase(), chain)
      try body(venue, chain)
      #expect(venue.core.halts.all.isEmpty)
    }

    @Test func aPaymentFromInsideACallIsFoundInItsBlock() throws {
      try venue { venue, chain in
        let address = try venue.address(2)
        let scanner = try venue.scan { $0.traces = true }
        try chain.pay(address, wei: 7_000)
        try chain.pay(address, wei: 999)
        try chain.fund(address, wei: 5_000)
        try chain.mint("USDC", to: address, 50)
        try chain.mine(4)
        #expect(try eventually { try venue.balance(2, 1) == 5_000 })
        try chain.mine(12)
        try venue.settle(scanner)
        let found = try venue.deposits(2)
        let inside = found.filter { $0.outRef == "t0" }
        #expect(Set(inside.map(\.status)) == [.review, .dust])
        #expect(Set(found.map(\.outRef)) == ["n", "l0", "t0"] && found.count == 4)
        let review = try #require(inside.first { $0.status == .review })
        #expect(review.amount == 7_000 && review.credited == 0)
        #expect(review.reason == "paid from inside a call")
        #expect(try review.sender == chain.contract("FORWARDER"))
        // Final, and still not credited by itself; the books count it.
        #expect(try venue.balance(2, 1) == 5_000)
        #expect(try venue.reconcile().agrees)
        #expect(try venue.reconcile().assets[0].unbooked == UInt256(7_999 as UInt64))
        venue.stop(scanner)
      }
    }

    /// With a neighbour less, in another block: the same row. Dropped: orphaned, and the books agree.
    @Test func aReorganisationMovesTheRow() throws {
      try venue { venue, chain in
        let address = try venue.address(2)
        let scanner = try venue.scan { $0.traces = true }
        let neighbour = try chain.fund(venue.address(3), wei: 2_000)
        let hash = try chain.pay(address, wei: 7_000)
        try chain.mine(2)
        try venue.settle(scanner)
        let before = try #require(try venue.deposits(2).first)
        try chain.reorganise(depth: 2, blocks: 3, drop: [neighbour])
        try chain.fund(chain.contract("FORGER"), wei: 1)
        try chain.mine(2)
        try venue.settle(scanner)
        let after = try venue.deposits(2)
        #expect(after.map(\.id) == [before.id] && after[0].block != before.block)
        #expect(after[0].status == .review && after[0].outRef == "t0")
        #expect(try venue.reconcile().agrees)
        try chain.reorganise(depth: 4, drop: [hash])
        try venue.settle(scanner)
        #expect(try venue.deposits(2).map(\.status) == [.orphaned])
        #expect(try venue.reconcile().agrees)
        venue.stop(scanner)
      }
    }

    /// A payment that was undone inside a transaction that succeeded, one inside a transaction that failed, and
    /// one by a contract that ends itself: only the last one arrived.
    @Test func onlyWhatWasNotUndoneIsFound() throws {
      try venue { venue, chain in
        let address = try venue.address(2)
        let payee = address.lowercase.dropFirst(2)
        let pays = "6000600060006000611388" + "73" + payee + "5af1"
        let reverts = try chain.deploy(pays + "60006000fd")
        let around = try chain.deploy(
          "6000600060006000611388" + "73" + reverts.lowercase.dropFirst(2) + "5af1")
        let ends = try chain.deploy("73" + payee + "ff")
        let scanner = try venue.scan { $0.traces = true }
        for contract in [reverts, around, ends] {
          try chain.call("dev_send", [["to": "\(contract)", "wei": "5000"]])
        }
        try chain.mine(3)
        try venue.settle(scanner)
        let found = try venue.deposits(2)
        #expect(found.map(\.raw) == [UInt256(5_000 as UInt64)])
        #expect(found.first?.sender == ends)
        #expect(try venue.reconcile().agrees)
        venue.stop(scanner)
      }
    }

    /// A node without traces, or with another block's: the block is not scanned, as for any other fault.
    @Test func aBlockWithoutItsTracesIsNotScanned() throws {
      try venue([]) { venue, chain in
        let scanner = try venue.scan { ($0.traces, $0.retryMilliseconds) = (true, 1) }
        #expect(eventually { scanner.currentFigures().nodeErrors > 3 })
        let figures = scanner.currentFigures()
        #expect(figures.tip == nil && figures.halted == nil && figures.state == "retrying")
        #expect(figures.lastError.contains("debug_traceBlockByHash"), "\(figures)")
        venue.stop(scanner)
      }
      try venue { venue, chain in
        let address = try venue.address(2)
        let scanner = try venue.scan { $0.traces = true }
        try venue.settle(scanner)
        for result in [NSNull(), [Any](), [["txHash": "0x" + String(repeating: "1", count: 64)]]] {
          try chain.fault(
            ["kind": "result", "method": "debug_traceBlockByHash", "result": result, "times": 2])
          try chain.pay(address, wei: 2_000)
          try chain.mine()
          try venue.settle(scanner)
        }
        #expect(try venue.deposits(2).map(\.status) == [.review, .review, .review])
        #expect(scanner.currentFigures().nodeErrors >= 6)
        venue.stop(scanner)
      }
    }
  }
}
