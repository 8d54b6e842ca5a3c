// Nodes that fail, lag, disagree or are of another chain: the scanner waits or halts, and loses
// nothing.

import Embedded
import Engine
import Foundation
import Ledger
import TestServers
import Testing

@testable import CoreFixture
@testable import Custody

extension DatabaseTests {
  @Suite(.serialized) struct ScannerNodeTests {
    @Test func aNodeOfAnotherChainHaltsCustodyOnly() throws {
      try Venue.run { venue, chain in
        try chain.call("dev_claim", [["chain_id": 1]])
        let scanner = try venue.scan()
        #expect(eventually { scanner.currentFigures().halted != nil })
        #expect(scanner.currentFigures().halted == .wrongChain(expected: 31337, found: 1))
        scanner.stop()
        try chain.call("dev_claim", [[:]])
        let second = try venue.scan()
        try venue.settle(second)
        second.stop()
        try chain.call("dev_claim", [["genesis": "0x" + String(repeating: "ab", count: 32)]])
        let third = try venue.scan()
        #expect(eventually { third.currentFigures().halted == .wrongGenesis })
        #expect(
          try venue.core.submit([.venue(.activateRules(version: 1))]).get()[0].rejection == nil)
        venue.stop(third)
        try venue.checkDeposits()
      }
    }

    /// What the settings say of a token and of finality is asked before anything is booked.
    @Test func aNodeThatContradictsTheSettingsHaltsCustodyOnly() throws {
      try Venue.run { venue, chain in
        let usdc = try chain.contract("USDC")
        let nothing = try venue.address(2)
        try chain.mint("USDC", to: nothing, 5_000_000)
        try chain.mine(14)
        // How it stands after a while: it halts, or waits for a node that says the same.
        func state(_ token: ChainExpectations.Token?, waits: [String] = []) throws -> String {
          let scanner = try venue.scan {
            $0.expectations = ChainExpectations(
              chainID: 31337, tokens: token.map { [$0] } ?? [], waitsForFinality: waits)
          }
          _ = eventually {
            let figures = scanner.currentFigures()
            return figures.halted != nil || figures.credits > 0 || figures.nodeErrors > 3
          }
          scanner.stop()
          let figures = scanner.currentFigures()
          return figures.halted?.description ?? figures.lastError
        }
        #expect(
          try state(.init(asset: "USDC", contract: usdc, decimals: 18))
            == "\(CustodyHalt.wrongDecimals("USDC", expected: 18, found: 6))")
        #expect(
          try state(.init(asset: "USDC", contract: nothing, decimals: 6)).contains("no_contract"))
        try chain.options(["finality": false])
        #expect(try state(nil, waits: ["payouts"]).contains("no_finality"))
        #expect(try venue.balance(2, 0) == 0)
        try chain.options(["finality": true])
        let scanner = try venue.scan {
          $0.expectations = ChainExpectations(
            chainID: 31337, tokens: [.init(asset: "USDC", contract: usdc, decimals: 6)],
            waitsForFinality: ["payouts"])
        }
        try venue.settle(scanner)
        #expect(try venue.balance(2, 0) == 5_000_000)
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// Late, later than anybody waits, cut off, refused, told to go slower, not JSON, larger than
    /// any answer may be, nothing, without logs.
    private static var faults: [[String: Any]] {
      [
        ["kind": "delay", "milliseconds": 300],
        ["kind": "delay", "milliseconds": 1_300],
        ["kind": "drop"], ["kind": "error"],
        [
          "kind": "error", "error": ["code": -32602, "message": "query exceeds max block range 2"],
        ],
        ["kind": "error", "error": ["code": 35, "message": "batch limit 2 exceeded"]],
        ["kind": "error", "error": ["code": -32005, "message": "limit exceeded"]],
        ["kind": "status", "status": 429], ["kind": "status", "status": 503], ["kind": "malformed"],
        ["kind": "huge", "bytes": 1 << 16], ["kind": "huge", "bytes": 2 << 20],
        ["kind": "result", "result": NSNull()], ["kind": "result", "result": "0x0"],
        ["kind": "omit_logs"], ["kind": "accept_then_drop"],
      ]
    }

    /// Each fault is met, by the blocks of a range, the receipts of a block, and what is asked
    /// before a credit while two deposits wait for it. Nothing is lost and nothing comes twice.
    @Test(arguments: [
      ("eth_getBlockByNumber", 3, 1), ("eth_getBlockReceipts", 1, 2),
      ("eth_getTransactionReceipt", 2, 1), ("eth_getTransactionByHash", 2, 1),
    ]) func faultsOfTheNodeAreWaitedOut(method: String, batch: Int, times: Int) throws {
      try Venue.run { venue, chain in
        let address = try venue.address(2)
        var limits = Venue.nodeLimits
        (limits.seconds, limits.bodyBytes) = (1, 1 << 20)
        let first = try venue.scan(limits: limits)
        try venue.settle(first)
        first.stop()
        var expected: Int128 = 0
        var (errors, doubts) = (0, 0)
        for fault in Self.faults {
          for _ in 0..<2 { try chain.mint("USDC", to: address, 1_000) }
          expected += 2_000
          try chain.mine(3)
          // What is only late is asked for once.
          let isLate = fault["milliseconds"] as? Int == 300
          let aim: [String: Any] = [
            "method": method, "batch_from": batch, "times": isLate ? 1 : times,
          ]
          try chain.fault(fault.merging(aim) { own, _ in own })
          // Begins with a range of three blocks, whatever it came to before.
          let scanner = try venue.scan(limits: limits) {
            ($0.limits.blocks, $0.nodePauseMilliseconds, $0.retryMilliseconds) = (3, 20, 5)
          }
          #expect(
            try eventually { try venue.balance(2, 0) == expected },
            "\(fault): \(scanner.currentFigures())")
          #expect(try chain.faults() == 0, "\(fault)")
          let figures = scanner.currentFigures()
          #expect(figures.halted == nil, "\(fault)")
          errors += figures.nodeErrors
          doubts += figures.doubts
          scanner.stop()
        }
        #expect(venue.core.projection.drain(withinSeconds: patience))
        #expect(errors > 3 && (doubts >= 1 || method != "eth_getBlockReceipts"), "\(errors)")
        venue.core.stop()
        try venue.checkDeposits()
      }
    }

    @Test func aStaleNodeAndAStalledFinalityAreWaitedFor() throws {
      try Venue.run { venue, chain in
        let address = try venue.address(2)
        try chain.mine(10)
        let scanner = try venue.scan()
        try venue.settle(scanner)
        try chain.options(["head_lag": 6])
        #expect(eventually { scanner.currentFigures().state == "node_behind" })
        try chain.options(["head_lag": 0, "finalized_stalled": 2])
        try chain.mint("BTC", to: address, 10_000)
        try chain.mine(30)
        try venue.settle(scanner)
        #expect(try venue.balance(2, 2) == 0 && venue.statuses(2) == [.confirming])
        try chain.options(["finalized_stalled": NSNull()])
        #expect(try eventually { try venue.balance(2, 2) == 100 })
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// Somebody must know when finality stands still, once, and that it goes on.
    @Test func aFinalityThatStandsStillIsTold() throws {
      try Venue.run { venue, chain in
        try chain.mine(12)
        let scanner = try venue.scan { $0.finalityAlarmBlocks = 10 }
        try venue.settle(scanner)
        try chain.options(["finalized_stalled": 4])
        try chain.mine(9)
        try venue.settle(scanner)
        #expect(!scanner.currentFigures().isFinalityStalled)
        for _ in 0..<3 {
          try chain.mine()
          #expect(eventually { scanner.currentFigures().state == "finality_stalled" })
        }
        let figures = scanner.currentFigures()
        #expect(figures.isFinalityStalled && figures.isFollowing)
        try chain.options(["finalized_stalled": NSNull()])
        try venue.settle(scanner)
        #expect(!scanner.currentFigures().isFinalityStalled)
        #expect(venue.reports.all.count { $0.contains("no block became final") } == 1)
        #expect(venue.reports.all.count { $0.contains("finality goes on") } == 1)
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// Whatever is paid, another node must have its block.
    @Test func aSecondNodeMustHaveTheBlock() throws {
      let other = try TestChain()
      defer { other.stop() }
      try Venue.run { venue, chain in
        let address = try venue.address(2)
        let scanner = try venue.scan(nodes: [other.ready.url], secondNodeFrom: 10_000)
        try chain.fund(address, wei: 9_999)
        try chain.fund(address, wei: 10_000)
        try chain.mine(5)
        #expect(eventually { scanner.currentFigures().state == "second_node_disagrees" })
        #expect(try venue.statuses(2) == [.confirming, .confirming])
        #expect(try venue.balance(2, 1) == 0 && scanner.currentFigures().unagreed == 2)
        // The same transactions in the same blocks: the other node has them now.
        try other.fund(address, wei: 9_999)
        try other.fund(address, wei: 10_000)
        try other.mine(5)
        #expect(try other.height() == chain.height())
        #expect(try eventually { try venue.balance(2, 1) == 19_999 })
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }
  }
}
