// Whether what is held is enough for what is owed; and what lay on deposit addresses before anybody
// looked.

import Engine
import Ethereum
import Foundation
import Postgres
import TestServers
import Testing

@testable import CoreFixture
@testable import Custody
@testable import Ledger

extension DatabaseTests {
  @Suite(.serialized) struct SolvencyTests {
    private static let theft = Venue.gwei * 21_000 * 50

    /// The chain and the books say the same, and still 40 are owed that nobody has.
    @Test func anAdjustmentIsOwed() throws {
      try Venue.run { venue, chain in
        let scanner = try venue.scan()
        try chain.mint("BTC", to: venue.address(2), 10_000)
        try chain.mine(12)
        #expect(try eventually { try venue.balance(2, 2) == 100 })
        try venue.settle(scanner)
        #expect(try venue.reconcile().agrees)
        try give(venue, 3, 2, 40)
        let books = try venue.reconcile()
        #expect(!books.agrees && books.assets.map(\.difference) == [0, 0, 0])
        #expect(books.assets[2].held == UInt256(10_000 as UInt64) && books.assets[2].owed == 14_000)
        #expect(books.assets.map(\.isCovered) == [true, true, false])
        // One smallest unit less than what is missing does not do, the rest of it does.
        for (amount, isCovered) in [(3_999, false), (1, true)] as [(Int128, Bool)] {
          try chain.mint("BTC", to: Venue.hotWallet, amount)
          try chain.mine()
          try venue.settle(scanner)
          #expect(try venue.reconcile().assets[2].isCovered == isCovered)
        }
        #expect(try venue.reconcile().agrees)
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// What the venue itself has is owed to nobody; nor does it hide what others are owed.
    @Test func theVenuesOwnIsNotOwed() throws {
      try Venue.run { venue, chain in
        let scanner = try venue.scan()
        try chain.fund(venue.address(2), wei: 5_000)
        try chain.mine(4)
        #expect(try eventually { try venue.balance(2, 1) == 5_000 })
        try venue.settle(scanner)
        try give(venue, 0, 1, 700)
        try give(venue, Bounds.lossAccount, 1, 300)
        let books = try venue.reconcile().assets[0]
        #expect(books.venue == 1_000 && books.owed == 5_000 && books.agrees)
        venue.stop(scanner)
      }
    }

    /// The coin left the chain, what it bought is somebody's: the sum of all balances is what is
    /// held, and 5,000 are owed.
    @Test func aLossIsOwed() throws {
      try Venue.run { venue, chain in
        let scanner = try venue.scan()
        let hash = try chain.fund(venue.address(2), wei: 5_000)
        try chain.mine(4)
        #expect(try eventually { try venue.balance(2, 1) == 5_000 })
        try venue.settle(scanner)
        try give(venue, 2, 1, -5_000)
        try give(venue, 3, 1, 5_000)
        try chain.reorganise(depth: 4, blocks: 6, drop: [hash])
        #expect(try eventually { try venue.balance(Bounds.lossAccount, 1) == -5_000 })
        try venue.settle(scanner)
        let books = try venue.reconcile()
        #expect(books.assets[0].held == .zero && books.assets[0].users == 0)
        #expect(books.assets[0].difference == 0 && books.assets[0].owed == 5_000)
        #expect(!books.assets[0].isCovered && !books.agrees)
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// A deposit on its way is owed before any balance has it; one that was turned down is not.
    @Test func aDepositOnItsWayIsOwed() throws {
      try Venue.run { venue, chain in
        let scanner = try venue.scan()
        try chain.fund(venue.address(2), wei: 5_000)
        try chain.fund(venue.address(2), wei: 7)
        try chain.mine()
        try venue.settle(scanner)
        let books = try venue.reconcile().assets[0]
        #expect(books.unbooked == UInt256(5_007 as UInt64) && books.owed == 5_000 && books.agrees)
        try venue.database.forge("update public.deposits set status = 'rejected'")
        #expect(try venue.reconcile().assets[0].owed == 0)
        scanner.stop()
        venue.core.stop()
      }
    }

    /// Nobody can take it out here: it is named while somebody owns any.
    @Test func whatLivesOnNoChainIsNotCovered() throws {
      try Venue.run { venue, chain in
        let scanner = try venue.scan()
        try chain.mine()
        try venue.settle(scanner)
        let create = Command.operation(
          .createAsset(AssetDefinition(code: "DOT", decimals: 2, adjustmentLimit: 1 << 100)),
          by: .venue)
        #expect(try venue.core.submit([create]).get()[0].rejection == nil)
        try give(venue, 0, 3, 900)
        #expect(try venue.reconcile().assets.map(\.code) == ["ETH", "USDC", "BTC"])
        try give(venue, 2, 3, 5)
        let books = try venue.reconcile()
        #expect(books.assets.map(\.code) == ["ETH", "USDC", "BTC", "DOT"] && !books.agrees)
        #expect(books.assets[3].owed == 5 && books.assets[3].held == .zero)
        #expect(!books.assets[3].isOnChain && books.assets[3].difference == 0)
        try give(venue, 2, 3, -5)
        #expect(try venue.reconcile().agrees)
        venue.stop(scanner)
      }
    }

    // MARK: Openings

    /// Given out before the scan began: what lies there is no deposit, no surplus, no difference.
    /// Whoever takes it by a key of ours is seen; so is what goes without a trace.
    @Test func whatLayOnAnAddressBeforeTheScanIsItsOpening() throws {
      try Venue.run { venue, chain in
        let address = try venue.address(2)
        try chain.fund(address, wei: 2 * Self.theft)
        try chain.mint("USDC", to: address, 700)
        let height = try chain.mine(2)
        for _ in 1...2 {
          let scanner = try venue.scan(start: height + 1) { $0.surplusSeconds = 0.05 }
          for _ in 0..<14 {
            try chain.mine()
            try venue.settle(scanner)
          }
          #expect(try venue.deposits(2).isEmpty)
          let books = try venue.reconcile()
          #expect(books.agrees && books.assets.map(\.owed) == [0, 0, 0], "\(books)")
          #expect(books.assets[0].opening == UInt256(exactly: 2 * Self.theft))
          #expect(books.assets[1].opening == UInt256(700 as UInt64))
          scanner.stop()
        }
        try chain.fault(["method": "eth_call", "kind": "result", "result": Self.nothing])
        #expect(try venue.reconcile().assets[1].difference == -700)
        try chain.call("dev_clearFaults")
        let scanner = try venue.scan()
        let child = try ExtendedPrivateKey(seed: Venue.seed).child(2)
        try chain.transact(
          by: child.secretKey, to: #require(Address([UInt8](repeating: 9, count: 20))),
          value: #require(UInt256(exactly: Self.theft)))
        try chain.mine()
        try venue.settle(scanner)
        let robbed = try venue.reconcile()
        #expect(robbed.assets[0].taken == Self.theft && !robbed.assets[0].isWhole)
        #expect(robbed.assets[0].difference == 0 && robbed.assets[0].isCovered && !robbed.agrees)
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// Coins that were there before the token was listed are its opening, once; an address that is
    /// given out later has none, and what came before is a difference.
    @Test func anAssetIsListedLater() throws {
      try Venue.run { venue, chain in
        let unlisted: Set<String> = ["USDC"]
        let address = try venue.address(2)
        var scanner = try venue.scan(without: unlisted)
        try chain.mint("USDC", to: address, 700)
        try chain.mint("USDC", to: venue.addresses.derive(3), 33)
        try chain.mine(3)
        try venue.settle(scanner)
        #expect(try venue.reconcile(without: unlisted).agrees)
        // Before custody has looked, nobody knows.
        let unknown = try venue.reconcile()
        #expect(unknown.assets[1].difference == nil && !unknown.agrees)
        scanner.stop()
        for round in 1...2 {
          scanner = try venue.scan()
          try chain.mint("USDC", to: address, 100)
          try chain.mine(4)
          try venue.settle(scanner)
          #expect(try eventually { try venue.balance(2, 0) == Int128(100 * round) })
          try venue.settle(scanner)
          let books = try venue.reconcile()
          #expect(books.agrees && books.assets[1].opening == UInt256(700 as UInt64), "\(books)")
          scanner.stop()
        }
        _ = try venue.address(3)
        scanner = try venue.scan()
        try venue.settle(scanner)
        let books = try venue.reconcile().assets[1]
        #expect(books.opening == UInt256(700 as UInt64) && books.difference == 33)
        venue.stop(scanner)
        try venue.checkDeposits(differences: ["USDC": 33])
      }
    }

    /// The block as of which a token was opened leaves the chain, with what had come in it; then it
    /// comes again in a block that is scanned with the token on the list.
    @Test(arguments: [false, true]) func anOpeningLeavesTheChain(comesAgain: Bool) throws {
      try Venue.run { venue, chain in
        let address = try venue.address(2)
        var scanner = try venue.scan(without: ["USDC"])
        try chain.mint("USDC", to: address, 700)
        try chain.mine(2)
        let hash = try chain.mint("USDC", to: address, 50)
        let wallet = try chain.mint("USDC", to: Venue.hotWallet, 6)
        try chain.mine(2)
        try venue.settle(scanner)
        scanner.stop()
        scanner = try venue.scan()
        try venue.settle(scanner)
        #expect(try venue.reconcile().assets[1].opening == UInt256(750 as UInt64))
        #expect(try venue.reconcile().assets[1].float == 6)
        if comesAgain {
          for transaction in [hash, wallet] { try chain.call("dev_hold", [transaction]) }
        }
        try chain.reorganise(depth: 3, blocks: 4, drop: comesAgain ? [] : [hash, wallet])
        try venue.settle(scanner)
        let books = try venue.reconcile()
        #expect(books.agrees && books.assets[1].opening == UInt256(700 as UInt64), "\(books)")
        #expect(books.assets[1].float == 0)
        if comesAgain {
          for transaction in [hash, wallet] { try chain.call("dev_hold", [transaction, false]) }
          try chain.mine(4)
          #expect(try eventually { try venue.balance(2, 0) == 50 })
          try venue.settle(scanner)
          let again = try venue.reconcile()
          #expect(again.agrees && again.assets[1].opening == UInt256(700 as UInt64), "\(again)")
          #expect(again.assets[1].float == 6)
        }
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// All that was scanned leaves the chain, and the block before it, with what it had brought.
    @Test func theFirstBlockLeavesTheChain() throws {
      try Venue.run { venue, chain in
        let address = try venue.address(2)
        try chain.fund(address, wei: 700)
        try chain.mine(2)
        let hash = try chain.fund(address, wei: 50)
        let height = try chain.mine()
        let scanner = try venue.scan(start: height + 1)
        try chain.mine()
        try venue.settle(scanner)
        #expect(try venue.reconcile().assets[0].opening == UInt256(750 as UInt64))
        try chain.reorganise(depth: 2, blocks: 3, drop: [hash])
        try venue.settle(scanner)
        let books = try venue.reconcile()
        #expect(books.agrees && books.assets[0].opening == UInt256(700 as UInt64), "\(books)")
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// What an earlier program recorded from its first block on is no opening.
    @Test func olderDataHasNoOpening() throws {
      try Venue.run { venue, chain in
        let address = try venue.address(2)
        var scanner = try venue.scan()
        try chain.fund(address, wei: 5_000)
        try chain.mint("USDC", to: address, 100)
        try chain.mine(4)
        #expect(try eventually { try venue.balance(2, 1) == 5_000 && venue.balance(2, 0) == 100 })
        try venue.settle(scanner)
        scanner.stop()
        try venue.database.forge(
          """
          drop table core.deposit_opening, core.opened_asset, core.solvency_check;
          alter table core.venue_opening drop column is_due
          """)
        try venue.database.connect(venue.database.owner).execute(Migrations.solvency)
        scanner = try venue.scan()
        try chain.fund(address, wei: 3_000)
        try chain.mine(4)
        #expect(try eventually { try venue.balance(2, 1) == 8_000 })
        try venue.settle(scanner)
        let books = try venue.reconcile()
        #expect(books.agrees && books.assets.allSatisfy { $0.opening == .zero }, "\(books)")
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// The chain's own coin, listed after addresses have paid gas and coins with what they had: the
    /// opening is what is left.
    @Test func theCoinIsListedLater() throws {
      try Venue.run { venue, chain in
        let address = try venue.address(2)
        var scanner = try venue.scan(without: ["ETH"])
        try chain.fund(address, wei: 3 * Self.theft)
        try chain.fund(Venue.hotWallet, wei: Self.theft)
        try chain.mine()
        let child = try ExtendedPrivateKey(seed: Venue.seed).child(2)
        try chain.transact(
          by: child.secretKey, to: Venue.hotWallet, value: UInt256(5_000 as UInt64))
        try chain.mine()
        try venue.settle(scanner)
        scanner.stop()
        scanner = try venue.scan { $0.surplusSeconds = 0.05 }
        for _ in 0..<14 {
          try chain.mine()
          try venue.settle(scanner)
        }
        let books = try venue.reconcile()
        #expect(books.agrees && books.assets[0].opening > UInt256(exactly: Self.theft)!, "\(books)")
        #expect(books.assets[0].float == Self.theft + 5_000)
        #expect(try venue.deposits(2).isEmpty)
        // From here on gas counts, and a sweep by hand is no theft.
        try chain.transact(
          by: child.secretKey, to: Venue.hotWallet, value: UInt256(5_000 as UInt64))
        try chain.mine()
        try venue.settle(scanner)
        #expect(try venue.reconcile().assets[0].difference == 0)
        #expect(try venue.reconcile().assets[0].float < Self.theft + 5_000)
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    private static let nothing = "0x" + String(repeating: "0", count: 64)

    private func give(
      _ venue: Venue, _ user: UserID, _ asset: AssetID, _ amount: Int128
    ) throws {
      let request = "\(user)-\(asset)-\(amount)"
      let adjustment = try Load.adjust(user, asset, amount, request)
      #expect(try venue.core.submit([adjustment]).get()[0].rejection == nil)
      #expect(venue.core.projection.drain(withinSeconds: patience))
    }
  }
}
