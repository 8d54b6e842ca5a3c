// What the books are of, as the database keeps it: claimed once, refused as anything else.

import Engine
import Ethereum
import Ledger
import Postgres
import TestServers
import Testing

@testable import CoreFixture
@testable import Custody

extension DatabaseTests {
  @Suite struct BooksIdentityTests {
    private static let eth = BooksIdentity.Chain(name: "eth", chainID: 1)

    private func asset(
      _ code: String, _ contract: UInt8? = nil, decimals: Int = 18, scale: UInt64 = 1
    ) throws -> BooksIdentity.Asset {
      let address = try contract.map {
        try #require(Address([UInt8](repeating: 0, count: 19) + [$0]))
      }
      return BooksIdentity.Asset(
        DepositAsset(
          code: code, source: address.map { .token($0) } ?? .native, scale: UInt256(scale),
          minimum: 1, finality: .finalized), decimals: decimals)
    }

    private func refused(_ body: () throws -> Void) -> String? {
      do {
        try body()
        return nil
      } catch { return "\(error)" }
    }

    @Test func kindAndChainAreForEver() throws {
      for (first, other) in [(BooksIdentity.Kind.real, BooksIdentity.Kind.development)]
        + [(.development, .real)]
      {
        let connection = try PostgresConnection(TestDatabase().app)
        try BooksIdentity.claim(connection, as: first, nil)
        try BooksIdentity.claim(connection, as: first, Self.eth)
        #expect(throws: BooksError.self) {
          try BooksIdentity.claim(connection, as: other, nil)
        }
        try connection.execute(
          """
          insert into core.chain(chain, chain_id, genesis_hash, scan_from)
          values ('eth', 1, '\\x00', 0)
          """)
        try BooksIdentity.claim(connection, as: first, nil)
        try BooksIdentity.claim(connection, as: first, Self.eth)
        for chain in [("eth", 2), ("ether", 1), ("polygon", 137)] as [(String, Int64)] {
          #expect(throws: BooksError.self, "\(chain)") {
            try BooksIdentity.claim(
              connection, as: first, .init(name: chain.0, chainID: chain.1))
          }
        }
      }
    }

    /// Before a node was ever reached addresses are given out: their chain keeps its name too.
    @Test func aChainKeepsItsNameFromItsFirstAddressOn() throws {
      let connection = try PostgresConnection(TestDatabase().app)
      try BooksIdentity.claim(connection, as: .real, Self.eth)
      try connection.execute(
        """
        insert into core.deposit_address(chain, address, user_id, xpub)
        values ('eth', '\\x01', 2, 'xpub')
        """)
      try BooksIdentity.claim(connection, as: .real, Self.eth)
      #expect(throws: BooksError.self) {
        try BooksIdentity.claim(connection, as: .real, .init(name: "ether", chainID: 1))
      }
    }

    /// One identity has one name in the database too.
    @Test func aChainHasOneName() throws {
      let connection = try PostgresConnection(TestDatabase().app)
      let insert = "insert into core.chain(chain, chain_id, genesis_hash, scan_from) values"
      try connection.execute("\(insert) ('a', 1, '\\x01', 0), ('b', 1, '\\x02', 0)")
      #expect(throws: PostgresError.self) {
        try connection.execute("\(insert) ('c', 1, '\\x01', 0)")
      }
    }

    @Test func anAssetIsOneCoin() throws {
      let connection = try PostgresConnection(TestDatabase().app)
      func claim(_ assets: [BooksIdentity.Asset]) throws {
        try BooksIdentity.claim(connection, assets, of: "eth")
      }
      try claim([asset("ETH"), asset("USDC", 1, decimals: 6)])
      // Nothing was paid in yet: a mistake may be mended.
      try claim([asset("ETH"), asset("USDC", 2, decimals: 8, scale: 100)])
      try connection.execute(
        """
        insert into public.deposits(chain, tx_hash, out_ref, user_id, asset, address, sender,
          contract, block_height, block_hash, raw_amount, amount, scale, status, created_at,
          updated_at)
        select 'eth', '\\x01', 'l0', 2, a, '\\x02', '\\x03', null, 1, '\\x04', 100, 1, 100, 'seen',
          now(), now() from unnest(array['ETH', 'USDC']) a where a = 'USDC'
        """)
      // One that was never paid takes no other's place.
      try claim([asset("ETH"), asset("USDC", 2, decimals: 8, scale: 100), asset("OLD", 5)])
      try claim([asset("ETH"), asset("USDC", 2, decimals: 8, scale: 100), asset("NEW", 5)])
      let before = try connection.query("select count(*) from core.chain_asset").int64(0, 0)
      for (wrong, words) in try [
        (asset("USDC", 1, decimals: 8, scale: 100), "USDC is contract 0x"),
        (asset("USDC", 2, decimals: 6, scale: 100), "USDC has 8 decimals"),
        (asset("USDC", 2, decimals: 8), "USDC has 8 decimals"),
        (asset("USDC"), "the description says the chain's own coin"),
        (asset("DAI", 2, decimals: 8, scale: 100), "is USDC in these books, not DAI"),
      ] {
        let error = refused { try claim([asset("WBTC", 9, decimals: 8), wrong]) }
        #expect(error?.contains(words) == true, "\(error ?? "taken")")
      }
      // Nothing of a refused description is there.
      #expect(try connection.query("select count(*) from core.chain_asset").int64(0, 0) == before)
      try claim([asset("ETH"), asset("USDC", 2, decimals: 8, scale: 100)])
    }

    /// What an older program wrote says by its chains what it is of, and its coins by its deposits.
    @Test(
      arguments: [
        ([("dev", 31_337)], "development"), ([("eth", 1)], "real"),
        // A start without `chain.file` on real books was possible.
        ([("eth", 1), ("dev", 31_337)], "real"), ([], nil),
        // And a chain that was renamed, so that its identity is there twice.
        ([("eth", 1), ("ether", 1)], "real"),
      ] as [([(String, Int64)], String?)])
    func olderBooksAreKnown(chains: [(String, Int64)], kind: String?) throws {
      let database = try TestDatabase(schema: 14)
      let owner = try database.connect(database.owner)
      for (name, id) in chains {
        try owner.execute(
          """
          insert into core.chain(chain, chain_id, genesis_hash, scan_from)
          values ('\(name)', \(id), '\\x01', 0);
          insert into public.deposits(chain, tx_hash, out_ref, user_id, asset, address, sender,
            contract, block_height, block_hash, raw_amount, amount, scale, status, created_at,
            updated_at)
          values ('\(name)', '\\x01', 'l0', 2, 'USDC', '\\x02', '\\x03',
            decode(repeat('00', 19) || '07', 'hex'), 1, '\\x04', 100, 1, 100, 'seen', now(), now())
          """)
      }
      try Migrations.apply(on: owner)
      let found = try owner.query("select kind from core.books")
      #expect((found.rowCount == 0 ? nil : found.string(0, 0)) == kind)
      guard let first = chains.first else { return }
      let connection = try database.connect(database.app)
      #expect(throws: BooksError.self) {
        try BooksIdentity.claim(connection, [asset("USDC", 8, scale: 100)], of: first.0)
      }
      // Its decimals were not kept; the scale was.
      try BooksIdentity.claim(connection, [asset("USDC", 7, decimals: 20, scale: 100)], of: first.0)
    }
  }
}
