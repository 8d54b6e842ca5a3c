// What stops custody of a chain, on a real chain; trading goes on.

import Engine
import Ethereum
import Foundation
import TestServers
import Testing

@testable import CoreFixture
@testable import Custody

extension DatabaseTests {
  @Suite(.serialized) struct ScannerHaltTests {
    private func venue(
      listsFee: Bool = false, _ body: (Venue, TestChain) throws -> Void
    ) throws {
      let chain = try TestChain()
      defer { chain.stop() }
      let venue = try Venue(TestDatabase(), chain, listsFee: listsFee)
      try body(venue, chain)
      #expect(venue.core.halts.all.isEmpty)
    }

    /// - Parameter balance: of user 2 in ether, which the halt leaves as it is.
    private func expectHalt(
      _ venue: Venue, _ scanner: DepositScanner, _ halt: CustodyHalt, balance: Int128 = 5_000,
      sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
      let isHalted = eventually { scanner.currentFigures().halted != nil }
      let figures = scanner.currentFigures()
      #expect(
        isHalted && figures.halted == halt && figures.state == "halted", "\(figures)",
        sourceLocation: sourceLocation)
      #expect(!figures.isFollowing, sourceLocation: sourceLocation)
      let others = try venue.core.submit([.venue(.activateRules(version: 1))]).get()
      #expect(others[0].rejection == nil, sourceLocation: sourceLocation)
      #expect(try venue.balance(2, 1) == balance, sourceLocation: sourceLocation)
      venue.stop(scanner)
    }

    @Test func aReorganisationDeeperThanIsRemembered() throws {
      try venue { venue, chain in
        try chain.options(["finalized_stalled": 0])
        try chain.fund(venue.address(2), wei: 5_000)
        try chain.mine(30)
        let scanner = try venue.scan { $0.limits.depth = 10 }
        #expect(try eventually { try venue.balance(2, 1) == 5_000 })
        try venue.settle(scanner)
        let lowest = try chain.height() - 9
        try chain.reorganise(depth: 15, blocks: 17)
        try expectHalt(venue, scanner, .reorganisationTooDeep(below: lowest))
        // Nothing was taken back.
        #expect(try venue.deposits(2)[0].status == .credited)
      }
    }

    /// Where the database holds what the program never wrote, another connection finds the same.
    @Test func aRowThatCannotBe() throws {
      try venue { venue, chain in
        try chain.fund(venue.address(2), wei: 5_000)
        try chain.mine(20)
        let first = try venue.scan()
        #expect(try eventually { try venue.balance(2, 1) == 5_000 })
        first.stop()
        try venue.database.forge(
          "update public.scanned_blocks set hash = substring(hash for 5) where height = 15")
        try expectHalt(
          venue, try venue.scan(),
          .impossibleRow("scanned_blocks: a hash that has not 32 bytes"))
        // What a user asks is answered, or refused, by the connection that is there.
        let shown = try venue.deposits(2)
        #expect(shown.count == 1)
        try venue.database.forge("update public.deposits set sender = '\\x01'")
        let sessions =
          "select sum(pid) from pg_stat_activity "
          + "where datname = '\(venue.database.name)' and usename = 'uncross_app'"
        let before = try venue.database.number(sessions)
        for _ in 0..<3 {
          let answer = Answer<Bool>()
          let desk = venue.desk
          Task { answer.give((try? await desk.deposits(of: 2, limit: 100)) == nil) }
          #expect(try answer.wait())
        }
        #expect(try venue.database.number(sessions) == before)
      }
    }

    @Test func aFinalBlockThatLeaves() throws {
      try venue { venue, chain in
        try chain.fund(venue.address(2), wei: 5_000)
        try chain.mine(20)
        let scanner = try venue.scan()
        let height = try chain.height()
        #expect(try eventually { try venue.deposits(2).first?.status == .final })
        #expect(eventually { scanner.currentFigures().finalized == height - 8 })
        try venue.settle(scanner)
        try chain.reorganise(depth: 12, blocks: 14)
        try expectHalt(venue, scanner, .finalBlockLeft(height: height - 11))
      }
    }

    /// The database is an older one than the engine's journal, but for what custody wrote.
    @Test func creditsThatTheDatabaseDoesNotKnow() throws {
      try venue { venue, chain in
        try chain.fund(venue.address(2), wei: 5_000)
        try chain.mine(4)
        let scanner = try venue.scan()
        #expect(try eventually { try venue.balance(2, 1) == 5_000 })
        try venue.settle(scanner)
        scanner.stop()
        try venue.database.forge(
          """
          update core.chain set last_credit = 0;
          update public.deposits set credit_no = null, credited = 0, status = 'confirming'
          """)
        let again = try venue.scan()
        try expectHalt(
          venue, again,
          .lostDeposits(
            "the engine has credit 1 and clawback 0, the database 0 and 0"))
      }
    }

    @Test func anAssetThatTheVenueDoesNotHave() throws {
      try venue(listsFee: true) { venue, chain in
        try chain.mint("FEE", to: venue.address(2), 700)
        try chain.mine(4)
        let scanner = try venue.scan()
        try expectHalt(venue, scanner, .refused("the venue has no asset FEE"), balance: 0)
      }
    }
  }
}
