// From a ripe deposit to the balance: what a node does not tell holds up nobody else, and what has
// its number comes whatever the node does.

import Embedded
import Engine
import Ethereum
import Formats
import Foundation
import Synchronization
import TestServers
import Testing

@testable import CoreFixture
@testable import Custody

extension DatabaseTests {
  @Suite(.serialized) struct CreditTests {
    private func venue(_ body: (Venue, TestChain) throws -> Void) throws {
      let chain = try TestChain()
      defer { chain.stop() }
      let venue = try Venue(TestDatabase(), chain)
      try body(venue, chain)
      #expect(venue.core.halts.all.isEmpty)
    }

    private func reports(_ venue: Venue, _ text: String) -> Int {
      venue.reports.all.count { $0.contains(text) }
    }

    // MARK: What a node takes and tells

    /// Whatever the words in which a node refuses long batches: blocks, a reorganisation, and more
    /// ripe deposits than it tells of at once.
    @Test(arguments: ["each", "one", "status_413", "status_429"])
    func aNodeThatTakesFewAtOnce(shape: String) throws {
      try venue { venue, chain in
        let addresses = try (UInt32(2)...4).map { try venue.address($0) }
        try chain.options(["batch_limit": 3, "batch_error": shape])
        let scanner = try venue.scan { $0.retryMilliseconds = 5 }
        try venue.settle(scanner)
        try chain.fund(Array(repeating: addresses, count: 12).flatMap { $0 }, wei: 2_000)
        try chain.mine(2)
        try venue.settle(scanner)
        try chain.reorganise(depth: 2, blocks: 5)
        #expect(
          try eventually {
            try (UInt32(2)...4).allSatisfy { try venue.balance($0, 1) == 24_000 }
          }, "\(scanner.currentFigures())")
        try venue.settle(scanner)
        let figures = scanner.currentFigures()
        #expect(figures.credits == 36 && figures.reorganisations == 1 && figures.halted == nil)
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// One transaction whose receipt is too large, is no receipt, or which the node refuses to
    /// show: its deposit waits, is reported once, and comes when it is told; others do not wait.
    @Test(arguments: [
      ("huge", "eth_getTransactionReceipt"), ("result", "eth_getTransactionReceipt"),
      ("error", "eth_getTransactionByHash"),
    ])
    func whatIsNotToldHoldsUpNoOther(kind: String, method: String) throws {
      try venue { venue, chain in
        let (address, other) = (try venue.address(2), try venue.address(3))
        var limits = Venue.nodeLimits
        limits.bodyBytes = 1 << 20
        let scanner = try venue.scan(limits: limits) { $0.nodePauseMilliseconds = 20 }
        try venue.settle(scanner)
        let hashes = try chain.fund(Array(repeating: address, count: 5), wei: 2_000)
        try chain.fault([
          "kind": kind, "method": method, "first": hashes[2], "times": 1_000_000,
          "bytes": 2 << 20, "result": ["not": "a receipt"],
        ])
        try chain.mine(4)
        #expect(try eventually { try venue.balance(2, 1) == 8_000 })
        try chain.fund(other, wei: 3_000)
        try chain.mine(4)
        #expect(try eventually { try venue.balance(3, 1) == 3_000 })
        try venue.settle(scanner)
        #expect(try venue.balance(2, 1) == 8_000 && scanner.currentFigures().unread == 1)
        #expect(reports(venue, "deposits wait (") == 1, "\(venue.reports.all)")
        try chain.call("dev_clearFaults")
        #expect(try eventually { try venue.balance(2, 1) == 10_000 })
        #expect(eventually { scanner.currentFigures().unread == 0 })
        try venue.settle(scanner)
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// Before it has a number a deposit is looked at once more, by its transaction.
    enum Lie: CaseIterable {
      case none, otherBlock, failed, withoutLog, otherAmount
    }

    @Test(arguments: Lie.allCases) func aCreditWaitsForItsReceipt(lie: Lie) throws {
      try venue { venue, chain in
        let (address, other) = (try venue.address(2), try venue.address(3))
        let scanner = try venue.scan()
        try venue.settle(scanner)
        let hash = try chain.mint("USDC", to: address, 700)
        try chain.mint("USDC", to: other, 900)
        try chain.mine()
        try venue.settle(scanner)
        let receipt = try chain.call("eth_getTransactionReceipt", [hash])
        try chain.fault([
          "kind": "result", "method": "eth_getTransactionReceipt", "first": hash,
          "times": 1_000_000, "result": try told(lie, of: #require(receipt as? [String: Any])),
        ])
        try chain.mine(3)
        #expect(try eventually { try venue.balance(3, 0) == 900 })
        try chain.mine(2)
        try venue.settle(scanner)
        #expect(try venue.balance(2, 0) == 0)
        #expect(try venue.deposits(2).map(\.status) == [.confirming])
        try chain.call("dev_clearFaults")
        #expect(try eventually { try venue.balance(2, 0) == 700 })
        try venue.settle(scanner)
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    private func told(_ lie: Lie, of receipt: [String: Any]) throws -> Any {
      var lying = receipt
      switch lie {
      case .none: return NSNull()
      case .otherBlock: lying["blockHash"] = "0x" + String(repeating: "ab", count: 32)
      case .failed: lying["status"] = "0x0"
      case .withoutLog: lying["logs"] = [Any]()
      case .otherAmount:
        var log = try #require((receipt["logs"] as? [[String: Any]])?.first)
        log["data"] = Hex.encode(UInt256(701 as UInt64).bigEndianBytes)
        lying["logs"] = [log]
      }
      return lying
    }

    // MARK: The engine

    /// The node goes away between the number and the engine.
    @Test func whatHasItsNumberNeedsNoNode() throws {
      try venue { venue, chain in
        let address = try venue.address(2)
        let isMet = Mutex(false)
        let scanner = try venue.scan { configuration in
          configuration.retryMilliseconds = 5
          configuration.onBoundary = { boundary in
            let isFirst = isMet.withLock { isMet in
              defer { isMet = isMet || boundary == .numbered }
              return boundary == .numbered && !isMet
            }
            guard isFirst else { return }
            try chain.fault(["kind": "drop", "times": 1_000_000])
            throw ChainCallError(description: "killed at \(boundary)")
          }
        }
        try venue.settle(scanner)
        try chain.fund(address, wei: 5_000)
        try chain.mine(4)
        #expect(try eventually { try venue.balance(2, 1) == 5_000 })
        let faults = try chain.faults()
        #expect(faults > 0, "the node is still away")
        try chain.call("dev_clearFaults")
        try venue.settle(scanner)
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// More credits than the engine gets at once wait for it, and the last of them is to be taken
    /// back.
    @Test func allCreditsComeBeforeAClawback() throws {
      try venue { venue, chain in
        let address = try venue.address(2)
        let scanner = try venue.scan { ($0.submitBatch, $0.retryMilliseconds) = (2, 5) }
        try venue.settle(scanner)
        venue.refusesCommands.withLock { $0 = true }
        let hashes = try chain.fund(Array(repeating: address, count: 5), wei: 2_000)
        try chain.mine(4)
        func count(_ condition: String) throws -> Int64 {
          try venue.database.number("select count(*) from public.deposits where \(condition)")
        }
        #expect(try eventually { try count("credit_no is not null") == 5 })
        let last = try venue.database.number(
          "select credit_no from public.deposits where tx_hash = '\\x\(hashes[4].dropFirst(2))'")
        try chain.reorganise(depth: 4, blocks: 6, drop: [hashes[4]])
        #expect(try eventually { try count("clawback_no is not null") == 1 })
        #expect(try venue.balance(2, 1) == 0)
        venue.refusesCommands.withLock { $0 = false }
        #expect(
          eventually {
            let figures = scanner.currentFigures()
            return figures.halted != nil || figures.clawbacks == 1 && figures.credits == 5
          })
        try venue.settle(scanner)
        #expect(try venue.balance(2, 1) == 8_000 && (1...5).contains(last))
        #expect(scanner.currentFigures().halted == nil)
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }
  }
}

@Suite struct SuspectsTests {
  /// Those that fail are asked ever less often, each by itself; one that is told, or waited for no
  /// more, is forgotten.
  @Test func looksAreBounded() {
    let (first, second) = (DepositRulesTests.hash(1), DepositRulesTests.hash(2))
    var (suspects, now) = (Suspects(pause: .seconds(1)), ContinuousClock.now)
    var isNew = suspects.failed(first, at: now)
    #expect(isNew && suspects.contains(first))
    #expect(suspects.due([first, second], at: now).isEmpty)
    for expected in [1, 2, 4, 8, 16, 32, 64, 64] {
      #expect(suspects.due([first], at: now + .seconds(expected) - .milliseconds(1)).isEmpty)
      now += .seconds(expected)
      #expect(suspects.due([first], at: now) == [first])
      isNew = suspects.failed(first, at: now)
      #expect(!isNew)
    }
    isNew = suspects.failed(second, at: now)
    #expect(isNew && suspects.count == 2)
    suspects.told(first)
    #expect(!suspects.contains(first))
    suspects.keep([first])
    #expect(suspects.count == 0)
    for index in 0..<100 { _ = suspects.failed(DepositRulesTests.hash(UInt64(index)), at: now) }
    let all = (0..<100).map { DepositRulesTests.hash(UInt64($0)) }
    #expect(suspects.due(all, at: now + .seconds(1)).count == Suspects.looks)
  }
}
