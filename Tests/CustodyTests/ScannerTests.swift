// The scanner on a real chain and a real database: what arrives is credited once, across kills
// and restarts.

import Engine
import Ethereum
import SeededNumbers
import Synchronization
import TestServers
import Testing

@testable import CoreFixture
@testable import Custody

extension DatabaseTests {
  @Suite(.serialized) struct ScannerTests {
    @Test func aDepositIsSeenConfirmedCreditedAndFinal() throws {
      try Venue.run { venue, chain in
        let address = try venue.address(2)
        #expect(try venue.address(2) == address && venue.address(3) != address)
        let scanner = try venue.scan()
        try venue.settle(scanner)
        try chain.fund(address, wei: 5_000)
        try chain.mint("BTC", to: address, 12_345)
        try chain.mine()
        try venue.settle(scanner)
        #expect(try venue.statuses(2) == [.seen, .seen])
        try chain.mine()
        try venue.settle(scanner)
        #expect(try venue.statuses(2) == [.confirming, .confirming])
        #expect(try venue.balance(2, 1) == 0)
        try chain.mine()
        try venue.settle(scanner)
        // Ether by its depth of 3; Bitcoin waits for finality, 8 blocks behind the head.
        #expect(try eventually { try venue.balance(2, 1) == 5_000 })
        try chain.mine(7)
        try venue.settle(scanner)
        #expect(try eventually { try venue.balance(2, 2) == 123 })
        #expect(
          try eventually {
            try venue.settle(scanner)
            return try venue.statuses(2) == [.final, .final]
          })
        let bitcoin = try #require(try venue.deposits(2).first { $0.asset == "BTC" })
        #expect(bitcoin.raw == UInt256(12_345 as UInt64) && bitcoin.amount == 123)
        #expect(bitcoin.dust == UInt256(45 as UInt64) && bitcoin.credited == 123)
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// A forger's log, a token that moves nothing, one below the minimum, a failing transfer, and
    /// one to somebody else: none is credited, and none leaves a row but the dust.
    @Test func whatIsNoDepositIsNotCredited() throws {
      try Venue.run { venue, chain in
        let address = try venue.address(2)
        let scanner = try venue.scan()
        for token in ["FORGER", "FALSE", "FEE"] { try chain.mint(token, to: address, 1_000_000) }
        try chain.mint("USDC", to: address, 9)
        try chain.mint("USDC", to: address, 0)
        try chain.mint("USDC", to: chain.contract("FORWARDER"), 500)
        try chain.fund(address, wei: 999)
        try chain.mine(12)
        try venue.settle(scanner)
        let found = try venue.deposits(2)
        #expect(found.map(\.status) == [.dust, .dust])
        #expect(Set(found.map(\.asset)) == ["ETH", "USDC"] && found.allSatisfy { $0.amount == 0 })
        #expect(try venue.balance(2, 0) == 0 && venue.balance(2, 1) == 0)
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    @Test func twoPaymentsInOneTransactionAreTwoDeposits() throws {
      try Venue.run { venue, chain in
        let address = try venue.address(3)
        let forwarder = try chain.contract("FORWARDER")
        try chain.mint("USDC", to: forwarder, 1_000)
        try chain.call(
          "dev_sendTwice",
          [["token": "USDC", "to": "\(address)", "first": "100", "second": "200"]])
        try chain.mine(4)
        let scanner = try venue.scan()
        #expect(try eventually { try venue.balance(3, 0) == 300 })
        try venue.settle(scanner)
        #expect(try Set(venue.deposits(3).map(\.outRef)) == ["l0", "l1"])
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// As many deposits as are looked at together wait for a finality that stalls; another asset's
    /// go on.
    @Test func anAssetThatWaitsHoldsUpNoOther() throws {
      try Venue.run { venue, chain in
        let address = try venue.address(2)
        try chain.options(["finalized_stalled": 1])
        for _ in 0..<5 { try chain.mint("BTC", to: address, 10_000) }
        try chain.mine()
        let scanner = try venue.scan { $0.creditBatch = 2 }
        for _ in 0..<5 { try chain.fund(address, wei: 2_000) }
        try chain.mine(4)
        #expect(try eventually { try venue.balance(2, 1) == 10_000 })
        #expect(try venue.balance(2, 2) == 0)
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// The scanner forgets everything at each moment when one thing is durable and the next is not,
    /// again and again, while deposits arrive, leave and come again.
    @Test(arguments: [UInt64(1), 2, 3]) func aKillAtAnyBoundaryIsHarmless(seed: UInt64) throws {
      try Venue.run { venue, chain in
        var numbers = SeededNumbers(seed)
        let addresses = try (UInt32(2)...4).map { try venue.address($0) }
        let kills = Mutex(
          (numbers: SeededNumbers(seed &+ 99), met: [DepositScanner.Boundary: Int](), visits: 0))
        let scanner = try venue.scan { configuration in
          configuration.limits.blocks = 3
          configuration.pollMilliseconds = 5
          configuration.retryMilliseconds = 1
          configuration.onBoundary = { boundary in
            try kills.withLock { kills in
              kills.visits += 1
              // Each boundary is met once at least and then some times; the rest may come to its
              // end.
              let met = kills.met[boundary, default: 0]
              guard met < 12, met == 0 || kills.numbers.once(in: 3) else { return }
              kills.met[boundary] = met + 1
              throw ChainCallError(description: "killed at \(boundary)")
            }
          }
        }
        var recent: [String] = []
        for _ in 0..<40 {
          let visits = kills.withLock { $0.visits }
          for _ in 0..<numbers.below(4) {
            let address = numbers.pick(addresses)
            recent.append(
              numbers.once(in: 2)
                ? try chain.fund(address, wei: Int128(1_000 + numbers.below(9_000)))
                : try chain.mint("USDC", to: address, Int128(10 + numbers.below(90_000))))
          }
          if numbers.once(in: 6), try chain.height() > 12 {
            let depth = 1 + numbers.below(5)
            let drop = numbers.once(in: 2) ? [numbers.pick(recent.suffix(6))] : []
            try chain.reorganise(depth: depth, drop: drop)
          } else {
            try chain.mine(1 + numbers.below(2))
          }
          // It has seen something of that.
          #expect(eventually { kills.withLock { $0.visits } > visits })
        }
        // What was dropped left a gap in the payer's numbers; the next payment fills it.
        try chain.fund(chain.contract("FORGER"), wei: 1)
        try chain.mine(14)
        let isQuiet = try eventually {
          try venue.settle(scanner)
          return try venue.database.number(
            """
            select count(*) from public.deposits where status in ('seen', 'confirming')
              or status = 'clawback' and clawback_seq is null
              or status = 'orphaned' and credit_no is not null
            """) == 0
        }
        #expect(isQuiet, "seed \(seed): \(scanner.currentFigures())")
        let met = kills.withLock { $0.met }
        #expect(met.count == DepositScanner.Boundary.allCases.count, "\(met)")
        #expect(scanner.currentFigures().halted == nil, "seed \(seed)")
        #expect(try venue.reconcile().agrees, "seed \(seed)")
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// Deep in the chain a scan goes in steps, and a restart goes on where it ended.
    @Test func aBacklogIsScannedInStepsAndAcrossRestarts() throws {
      try Venue.run { venue, chain in
        let address = try venue.address(2)
        for _ in 0..<5 {
          try chain.fund(address, wei: 2_000)
          try chain.mine(30)
        }
        func scanned() throws -> Int64 {
          try venue.database.number("select count(*) from public.scanned_blocks")
        }
        for _ in 0..<4 {
          let before = try scanned()
          let scanner = try venue.scan {
            ($0.limits.blocks, $0.creditBatch) = (7, 2)
          }
          #expect(try eventually { try before == 152 || scanned() > before })
          scanner.stop()
        }
        let scanner = try venue.scan()
        #expect(try eventually { try venue.balance(2, 1) == 10_000 })
        try venue.settle(scanner)
        #expect(try scanned() == 152)
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }
  }
}
