// Reorganisations under deposits: mined again they are the same, lost they are taken back.

import Engine
import Foundation
import TestServers
import Testing

@testable import CoreFixture
@testable import Custody

extension DatabaseTests {
  @Suite(.serialized) struct ScannerReorgTests {
    /// Shallower than the depth, equal to it, and at equal height: the transaction comes again
    /// elsewhere in its block, and is one deposit.
    @Test(arguments: [(1, 2), (2, 3), (3, 4), (2, 2)])
    func aDepositThatIsMinedAgainIsOneDeposit(depth: Int, blocks: Int) throws {
      try Venue.run { venue, chain in
        let address = try venue.address(2)
        let scanner = try venue.scan()
        // A neighbour before it, which leaves: the deposit's index in the block shifts.
        let neighbour = try chain.mint("USDC", to: venue.address(3), 50)
        try chain.mint("USDC", to: address, 700)
        try chain.mine(depth)
        try venue.settle(scanner)
        let before = try #require(try venue.deposits(2).first)
        try chain.reorganise(depth: depth, blocks: blocks, drop: [neighbour])
        try chain.mine(0)
        try venue.settle(scanner)
        // The neighbour's nonce is gone: ours waits until somebody fills it.
        try chain.fund(try chain.contract("FORGER"), wei: 1)
        try chain.mine(4)
        #expect(try eventually { try venue.balance(2, 0) == 700 })
        try venue.settle(scanner)
        let after = try venue.deposits(2)
        #expect(after.count == 1 && after[0].id == before.id && after[0].block != before.block)
        // At the depth of 3 it had been credited.
        let gone = try venue.deposits(3).map(\.status)
        #expect(gone == [depth < 3 ? .orphaned : .clawback])
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// Deeper than its depth, and mined again at once: the credit and its number stay.
    @Test(arguments: [(4, 5), (6, 9), (7, 7)])
    func aDeepReorganisationThatBringsItAgainKeepsTheCredit(depth: Int, blocks: Int) throws {
      try Venue.run { venue, chain in
        let address = try venue.address(2)
        let scanner = try venue.scan()
        try chain.mint("USDC", to: venue.address(3), 50)
        try chain.mint("USDC", to: address, 700)
        try chain.mine(depth)
        #expect(try eventually { try venue.balance(2, 0) == 700 })
        try venue.settle(scanner)
        let before = try #require(try venue.deposits(2).first)
        try chain.reorganise(depth: depth, blocks: blocks)
        // One of equal height is seen by its hash only.
        #expect(eventually { scanner.currentFigures().reorganisations == 1 })
        try venue.settle(scanner)
        let after = try #require(try venue.deposits(2).first)
        #expect(after.block != before.block && after.credited == 700)
        #expect(after.creditNumber == before.creditNumber && after.clawbackNumber == nil)
        #expect(try venue.balance(2, 0) == 700 && venue.balance(3, 0) == 50)
        #expect(venue.core.ask { $0.isFrozen(2) } == false)
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    @Test func aDropBeforeTheCreditIsOrphanedAndMayComeAgain() throws {
      try Venue.run { venue, chain in
        let address = try venue.address(2)
        let scanner = try venue.scan()
        let hash = try chain.fund(address, wei: 8_000)
        try chain.mine(2)
        try venue.settle(scanner)
        try chain.reorganise(depth: 2, blocks: 5, drop: [hash])
        try venue.settle(scanner)
        #expect(try venue.statuses(2) == [.orphaned])
        try chain.mine(5)
        try venue.settle(scanner)
        #expect(try venue.balance(2, 1) == 0)
        #expect(scanner.currentFigures().reorganisations == 1)
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// Deeper than the depth: what was credited is taken back, from the user or, where it is spent,
    /// from the venue's loss account; the user is frozen.
    @Test(arguments: [false, true]) func aDropAfterTheCreditIsTakenBack(isSpent: Bool) throws {
      try Venue.run { venue, chain in
        let address = try venue.address(2)
        let scanner = try venue.scan()
        let hash = try chain.fund(address, wei: 8_000)
        try chain.mine(4)
        #expect(try eventually { try venue.balance(2, 1) == 8_000 })
        try venue.settle(scanner)
        if isSpent {
          #expect(
            try venue.core.submit([Load.adjust(2, 1, -7_000, "spent")]).get()[0].rejection == nil)
        }
        try chain.reorganise(depth: 4, blocks: 6, drop: [hash])
        #expect(try eventually { try venue.balance(2, 1) == 0 })
        try venue.settle(scanner)
        #expect(try venue.statuses(2) == [.clawback])
        #expect(venue.core.ask { $0.isFrozen(2) } == true)
        let loss = try #require(
          venue.core.ask { $0.balance(Bounds.lossAccount, 1).total })
        #expect(loss == (isSpent ? -7_000 : 0))
        #expect(venue.reports.all.contains { $0.contains("taken back") })
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// Taken back, and mined again after all: credited anew, under a new number.
    @Test func aClawbackThatComesAgainIsCreditedAgain() throws {
      try Venue.run { venue, chain in
        let address = try venue.address(2)
        let scanner = try venue.scan()
        let hash = try chain.fund(address, wei: 8_000)
        try chain.mine(4)
        #expect(try eventually { try venue.balance(2, 1) == 8_000 })
        try venue.settle(scanner)
        // It leaves the chain, but waits.
        try chain.call("dev_hold", [hash])
        try chain.reorganise(depth: 4, blocks: 6)
        #expect(try eventually { try venue.balance(2, 1) == 0 })
        try venue.settle(scanner)
        try chain.call("dev_hold", [hash, false])
        try chain.mine(5)
        #expect(try eventually { try venue.balance(2, 1) == 8_000 })
        try venue.settle(scanner)
        let deposit = try #require(try venue.deposits(2).first)
        #expect(deposit.creditNumber == 2 && deposit.clawbackNumber == nil)
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// Each step as it was: in its own block, and with what the balance had of it then.
    @Test func stepsAreOfTheirTime() throws {
      try Venue.run { venue, chain in
        let address = try venue.address(2)
        let scanner = try venue.scan()
        try venue.settle(scanner)
        let hash = try chain.fund(address, wei: 8_000)
        try chain.mine(4)
        #expect(try eventually { try venue.balance(2, 1) == 8_000 })
        try venue.settle(scanner)
        try chain.call("dev_hold", [hash])
        let first = try #require(try venue.deposits(2).first).block
        try chain.reorganise(depth: 4, blocks: 6)
        #expect(try eventually { try venue.balance(2, 1) == 0 })
        try venue.settle(scanner)
        try chain.call("dev_hold", [hash, false])
        try chain.mine(4)
        #expect(try eventually { try venue.balance(2, 1) == 8_000 })
        try venue.settle(scanner)
        let second = try #require(try venue.deposits(2).first).block
        let store = try CustodyStore(
          venue.database.app, chain: "dev", term: venue.custodyCore().term)
        let steps = try store.steps(of: 2, after: 0, limit: 100).map(\.deposit)
        let before = steps.filter { $0.block == first }
        let after = steps.filter { $0.block == second }
        #expect(first != second && before.count + after.count == steps.count)
        func told(_ steps: [Deposit]) -> [String] {
          steps.map { "\($0.status) \($0.credited) \($0.creditNumber ?? 0)" }
        }
        #expect(
          told(before) == [
            "seen 0 0", "confirming 0 0", "confirming 0 1", "credited 8000 1", "orphaned 8000 1",
            "clawback 0 1",
          ])
        #expect(told(after).first == "clawback 0 1" && told(after).last == "credited 8000 2")
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }
  }
}
