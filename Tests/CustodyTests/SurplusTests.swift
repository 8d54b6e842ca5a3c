// Coins that no transfer shows, and books that show what the chain lacks.

import Engine
import Ethereum
import Foundation
import Ledger
import TestServers
import Testing

@testable import CoreFixture
@testable import Custody

extension DatabaseTests {
  @Suite(.serialized) struct SurplusTests {
    /// One address a turn, as of one final block; what is below the minimum is nobody's to look at.
    @Test func aLookByBalanceGoesInSlices() throws {
      try Venue.run { venue, chain in
        let addresses = try (UInt32(2)...4).map { try venue.address($0) }
        let scanner = try venue.scan {
          ($0.surplusSeconds, $0.surplusSlice, $0.pollMilliseconds) = (0.05, 1, 5)
        }
        try chain.pay(addresses[0], wei: 7_000)
        try chain.pay(addresses[1], wei: 777)
        try chain.pay(addresses[2], wei: 9_000)
        try chain.mine(9)
        let isFound = try eventually {
          try chain.mine()
          try venue.settle(scanner)
          return try (UInt32(2)...4).allSatisfy { try !venue.deposits($0).isEmpty }
        }
        #expect(isFound)
        for _ in 0..<6 {
          try chain.mine()
          try venue.settle(scanner)
        }
        let found = try (UInt32(2)...4).map { try venue.deposits($0) }
        #expect(found.map(\.count) == [1, 1, 1])
        #expect(found.flatMap { $0 }.map(\.status) == [.review, .dust, .review])
        #expect(
          found.flatMap { $0 }.map(\.raw) == [7_000, 777, 9_000].map { UInt256($0 as UInt64) })
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// A payment from inside a call is no transfer of any block: it is found by balance, once it is
    /// final, and waits for a person; the reconciliation counts it.
    @Test func aPaymentFromInsideACallGoesToReview() throws {
      try Venue.run { venue, chain in
        let address = try venue.address(2)
        let scanner = try venue.scan { $0.surplusSeconds = 0.05 }
        try chain.pay(address, wei: 7_770)
        try chain.fund(address, wei: 5_000)
        try chain.mine(4)
        #expect(try eventually { try venue.balance(2, 1) == 5_000 })
        try venue.settle(scanner)
        // Not final yet: the books say less than the chain.
        #expect(try venue.reconcile().assets.map(\.difference) == [7_770, 0, 0])
        try chain.mine(8)
        // Two final blocks say so.
        #expect(
          try eventually {
            try chain.mine()
            return try venue.statuses(2).contains(.review)
          })
        try chain.mine(5)
        try venue.settle(scanner)
        let review = try venue.deposits(2).filter { $0.status == .review }
        #expect(review.map(\.raw) == [UInt256(7_770 as UInt64)] && review[0].amount == 0)
        #expect(try venue.balance(2, 1) == 5_000)
        #expect(try venue.reconcile().agrees)
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// Wallets that had coins before the first scanned block: they are the venue's, once.
    @Test func whatWalletsHeldBeforeIsTheVenues() throws {
      try Venue.run { venue, chain in
        try chain.fund(Venue.hotWallet, wei: 9_000)
        try chain.mint("USDC", to: Venue.hotWallet, 700)
        let height = try chain.mine(2)
        for round in 1...2 {
          let scanner = try venue.scan(start: height + 1)
          try chain.fund(venue.address(2), wei: 5_000)
          try chain.fund(Venue.hotWallet, wei: 50)
          try chain.mine(3)
          try venue.settle(scanner)
          let books = try venue.reconcile()
          #expect(books.agrees, "\(books)")
          #expect(books.assets.map(\.float) == [Int128(9_000 + 50 * round), 700, 0])
          scanner.stop()
        }
        venue.core.stop()
      }
    }

    /// The scan begins before the token's contract was made, or where a node has no state any more:
    /// custody goes on.
    @Test(arguments: [
      ["kind": "result", "result": "0x"],
      ["kind": "error", "error": "missing trie node"],
    ]) func whatIsNotKnownOfAWalletHoldsUpNothing(fault: [String: String]) throws {
      try Venue.run { venue, chain in
        let height = try chain.mine(2)
        var answer: [String: Any] = fault.merging(["method": "eth_call"]) { own, _ in own }
        if let message = fault["error"] { answer["error"] = ["code": -32000, "message": message] }
        // One question a token, and again one by one where it is refused.
        answer["times"] = 2
        try chain.fault(answer)
        let scanner = try venue.scan(start: height + 1)
        try chain.mint("USDC", to: venue.address(2), 1_000)
        try chain.mine(3)
        #expect(try eventually { try venue.balance(2, 0) == 1_000 })
        #expect(venue.reports.all.contains { $0.contains("is not known") })
        try chain.call("dev_clearFaults")
        try venue.settle(scanner)
        #expect(try venue.reconcile().agrees)
        venue.stop(scanner)
      }
    }

    /// What the chain lacks is noticed: a token that takes a fee logs more than arrives, and coins
    /// that an operator gave out are not on the chain.
    @Test func theReconciliationNamesWhatIsMissing() throws {
      try Venue.run { venue, chain in
        let address = try venue.address(2)
        let scanner = try venue.scan()
        try chain.fund(address, wei: 5_000)
        try chain.mint("BTC", to: address, 12_345)
        try chain.mint("USDC", to: address, 5)
        try chain.mine(2)
        try venue.settle(scanner)
        #expect(try venue.reconcile().agrees, "before the credit")
        try chain.mine(12)
        #expect(try eventually { try venue.balance(2, 2) == 123 })
        try venue.settle(scanner)
        #expect(try venue.core.submit([Load.adjust(3, 1, 9, "gift")]).get()[0].rejection == nil)
        #expect(venue.core.projection.drain(withinSeconds: patience))
        let books = try venue.reconcile()
        #expect(books.assets.map(\.difference) == [0, 0, 0])
        #expect(books.assets.map(\.adjustments) == [9, 0, 0])
        // What was given out without a coin is owed as any other.
        #expect(books.assets.map(\.isCovered) == [false, true, true] && !books.agrees)
        #expect(books.assets.map(\.owed) == [5_009, 0, 12_300])
        #expect(books.assets.map(\.users) == [5_009, 0, 123])
        #expect(books.assets.map(\.unbooked) == [0, 5, 45].map { UInt256($0 as UInt64) })
        try venue.database.forge("update public.balance set free = free + 1, total = total + 1")
        #expect(try venue.reconcile().assets[0].difference == -2)
        scanner.stop()
        venue.core.stop()
      }
    }

    /// Why such a token must not be listed: its log says more than arrives, the user gets what the
    /// log says, and the reconciliation names what is missing to the smallest unit, before the
    /// credit and after.
    @Test func aTokenWithAFeeIsNoticedByTheReconciliationOnly() throws {
      let chain = try TestChain()
      defer { chain.stop() }
      let venue = try Venue(TestDatabase(), chain, listsFee: true)
      let fee = Command.operation(
        .createAsset(AssetDefinition(code: "FEE", decimals: 6, adjustmentLimit: 1 << 100)),
        by: .venue)
      #expect(try venue.core.submit([fee]).get()[0].rejection == nil)
      let address = try venue.address(2)
      let scanner = try venue.scan()
      try chain.mint("FEE", to: address, 123_457)
      try chain.fund(address, wei: 5_000)
      try chain.mine()
      try venue.settle(scanner)
      #expect(try venue.deposits(2).contains { $0.asset == "FEE" && $0.amount == 123_457 })
      // 1 % of it, rounded down, went to the token's owner.
      #expect(try venue.reconcile().assets.map(\.difference) == [0, 0, 0, -1_234])
      try chain.mine(3)
      #expect(try eventually { try venue.balance(2, 3) == 123_457 })
      try venue.settle(scanner)
      let books = try venue.reconcile()
      #expect(!books.agrees && books.assets.map(\.difference) == [0, 0, 0, -1_234])
      #expect(books.assets[3].held == UInt256(122_223 as UInt64))
      #expect(books.assets[3].users == 123_457)
      venue.stop(scanner)
      try venue.checkDeposits(differences: ["FEE": -1_234])
    }
  }
}
