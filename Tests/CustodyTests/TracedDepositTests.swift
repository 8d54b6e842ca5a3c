// Payments from inside calls on a chain that traces: found in their block, in review, one row for
// ever.

import Engine
import Ethereum
import Foundation
import Ledger
import Postgres
import TestServers
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
        try venue.checkDeposits()
      }
    }

    /// With a neighbour less, in another block: the same row. Dropped: orphaned, and the books
    /// agree.
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
        try venue.checkDeposits()
      }
    }

    /// A payment that was undone inside a transaction that succeeded, one inside a transaction that
    /// failed, and one by a contract that ends itself: only the last one arrived.
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
        try venue.checkDeposits()
      }
    }

    private func log(_ venue: Venue, _ deposit: Int64) throws -> [String] {
      let connection = try venue.database.connect(venue.database.audit)
      let rows = try connection.query(
        """
        select l.status || coalesce(':' || l.resolved_by || ':' || l.resolution_reason, '')
        from core.deposit_log l join public.deposits d using (chain, tx_hash, out_ref)
        where d.id = \(deposit) order by l.id
        """)
      return (0..<rows.rowCount).map { rows.string($0, 0) }
    }

    /// The ordinary way from there on: depth, the chain asked again, a number, the journal.
    @Test func anOperatorCredits() throws {
      try venue { venue, chain in
        let address = try venue.address(2)
        let scanner = try venue.scan { $0.traces = true }
        try chain.pay(address, wei: 7_000)
        try chain.mine()
        try venue.settle(scanner)
        let review = try #require(try venue.deposits(2).first)
        let outcome = try venue.resolve(review.id, .credit)
        guard case .resolved(let deposit) = outcome else {
          Issue.record("\(outcome)")
          return
        }
        #expect(deposit.status == .confirming && deposit.reason.isEmpty)
        #expect(try venue.resolve(review.id, .credit, "again") == outcome)
        #expect(try venue.resolve(review.id, .reject) == .notInReview(.confirming))
        #expect(try venue.resolve(review.id + 1, .credit) == .unknown)
        try venue.settle(scanner)
        #expect(try venue.balance(2, 1) == 0, "its depth is 3")
        try chain.mine(2)
        #expect(try eventually { try venue.balance(2, 1) == 7_000 })
        try chain.mine(9)
        try venue.settle(scanner)
        let isFinal = try eventually { try venue.deposits(2).map(\.status) == [.final] }
        #expect(isFinal)
        #expect(
          try log(venue, review.id)
            == ["review", "confirming:1:looked at", "confirming", "credited", "final"])
        #expect(try venue.reconcile().agrees)
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    @Test func anOperatorRejects() throws {
      try venue { venue, chain in
        let address = try venue.address(2)
        let scanner = try venue.scan { $0.traces = true }
        try chain.pay(address, wei: 7_000)
        try chain.mine()
        try venue.settle(scanner)
        let id = try #require(try venue.deposits(2).first).id
        let outcome = try venue.resolve(id, .reject, "not ours")
        guard case .resolved(let deposit) = outcome else {
          Issue.record("\(outcome)")
          return
        }
        #expect(deposit.status == .rejected && deposit.reason == "rejected by an operator")
        #expect(try venue.resolve(id, .credit) == .notInReview(.rejected))
        // It stands where the payment is mined again.
        try chain.reorganise(depth: 1, blocks: 3)
        try chain.mine(12)
        try venue.settle(scanner)
        #expect(try venue.deposits(2).map(\.status) == [.rejected])
        #expect(try venue.balance(2, 1) == 0 && venue.reconcile().agrees)
        #expect(
          try log(venue, id) == ["review", "rejected:1:not ours", "orphaned", "rejected"])
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// The decision outlives a reorganisation, before the number and after a clawback: it was about
    /// this payment and this amount.
    @Test func aDecisionStandsWhereItIsMinedAgain() throws {
      try venue { venue, chain in
        let address = try venue.address(2)
        let scanner = try venue.scan { $0.traces = true }
        let hash = try chain.pay(address, wei: 7_000)
        try chain.mine(2)
        try venue.settle(scanner)
        let id = try #require(try venue.deposits(2).first).id
        _ = try venue.resolve(id, .credit)
        try chain.reorganise(depth: 2, blocks: 3)
        #expect(try eventually { try venue.balance(2, 1) == 7_000 })
        try venue.settle(scanner)
        try chain.call("dev_hold", [hash])
        try chain.reorganise(depth: 3, blocks: 5)
        #expect(try eventually { try venue.balance(2, 1) == 0 })
        try venue.settle(scanner)
        try chain.call("dev_hold", [hash, false])
        try chain.mine(4)
        #expect(try eventually { try venue.balance(2, 1) == 7_000 })
        try venue.settle(scanner)
        let deposit = try #require(try venue.deposits(2).first)
        #expect(deposit.id == id && deposit.creditNumber == 2)
        #expect(try venue.reconcile().agrees)
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// Asked again by its trace before it is credited: where the node has none any more it waits,
    /// and what others paid in does not.
    @Test func aCreditWaitsForItsTrace() throws {
      try venue { venue, chain in
        let address = try venue.address(2)
        let scanner = try venue.scan { $0.traces = true }
        try chain.pay(address, wei: 7_000)
        try chain.mine()
        try venue.settle(scanner)
        try chain.fault(
          [
            "kind": "result", "method": "debug_traceTransaction", "times": 1_000,
            "result": ["type": "CALL", "from": "\(address)", "value": "0x0"],
          ])
        _ = try venue.resolve(#require(try venue.deposits(2).first).id, .credit)
        try chain.fund(address, wei: 2_000)
        try chain.mine(3)
        #expect(try eventually { try venue.balance(2, 1) == 2_000 })
        try venue.settle(scanner)
        #expect(try venue.balance(2, 1) == 2_000)
        try chain.call("dev_clearFaults")
        #expect(try eventually { try venue.balance(2, 1) == 9_000 })
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// What was found by balance has no transaction that could be looked at again.
    @Test func whatBalancesShowIsNotCredited() throws {
      try venue([]) { venue, chain in
        let address = try venue.address(2)
        let scanner = try venue.scan { $0.surplusSeconds = 0.05 }
        try chain.pay(address, wei: 7_000)
        try chain.mine(12)
        #expect(
          try eventually {
            try chain.mine()
            return try venue.deposits(2).map(\.status) == [.review]
          })
        let id = try #require(try venue.deposits(2).first).id
        #expect(try venue.resolve(id, .credit) == .notCreditable)
        guard case .resolved = try venue.resolve(id, .reject) else {
          Issue.record("not rejected")
          return
        }
        let adjustment = try Load.adjust(2, 1, 7_000, "inside")
        #expect(try venue.core.submit([adjustment]).get()[0].rejection == nil)
        #expect(venue.core.projection.drain(withinSeconds: patience))
        #expect(try venue.reconcile().agrees && venue.balance(2, 1) == 7_000)
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// Traces larger than any answer may be, or not made in time: the block is scanned without
    /// them, that is told, and what came is found by balance.
    @Test(arguments: ["huge", "delay"])
    func aBlockWhoseTracesCannotBeHadIsScannedWithout(kind: String) throws {
      try venue { venue, chain in
        let address = try venue.address(2)
        var limits = Venue.nodeLimits
        (limits.bodyBytes, limits.traceSeconds) = (1 << 20, 1)
        let scanner = try venue.scan(limits: limits) {
          ($0.traces, $0.surplusSeconds) = (true, 0.05)
        }
        try venue.settle(scanner)
        try chain.fault([
          "kind": kind, "method": "debug_traceBlockByHash", "bytes": 2 << 20,
          "milliseconds": 2_500,
        ])
        try chain.pay(address, wei: 7_000)
        try chain.fund(address, wei: 5_000)
        try chain.mine(4)
        #expect(try eventually { try venue.balance(2, 1) == 5_000 })
        try venue.settle(scanner)
        #expect(try chain.faults() == 0 && venue.deposits(2).map(\.outRef) == ["n"])
        #expect(scanner.currentFigures().untraced == 1)
        let told = venue.reports.all.filter { $0.contains("is scanned without its traces") }
        #expect(told.count == 1)
        let isFound = try eventually {
          try chain.mine()
          return try venue.deposits(2).contains { $0.status == .review }
        }
        #expect(isFound)
        try venue.settle(scanner)
        let review = try #require(try venue.deposits(2).first { $0.status == .review })
        #expect(review.outRef.hasPrefix("b") && review.raw == UInt256(7_000 as UInt64))
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// A node without traces, or with another block's: the block is not scanned, as for any other
    /// fault.
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
        try venue.checkDeposits()
      }
    }
  }
}
