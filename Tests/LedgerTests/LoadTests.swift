// Thousands of commands from many threads into journal and ledger: every atom is accounted for.

import Auction
import Engine
import Foundation
import Postgres
import TestServers
import Testing

@testable import CoreFixture
@testable import Journal
@testable import Ledger

extension DatabaseTests {
  @Suite struct LoadTests {
    @Test(arguments: [UInt64(1), 2]) func everyAtomIsAccountedFor(seed: UInt64) throws {
      let database = try TestDatabase()
      let limits = Core.Limits.small(
        batchRows: seed == 1 ? 64 : 1_000, partitionRows: seed == 1 ? 150 : 900)
      var core = try Core(database, limits: limits)
      let replies = try core.submit(Load.genesis()).get()
      #expect(replies.allSatisfy { $0.rejection == nil })
      var acknowledged = Load.run(core, seed: seed, batches: 150)
      // Nothing is due any more, so the state stands still.
      core.submit([.operation(.suspendMarket(0), by: .venue)])
      let hash = core.stateHash()
      try checkStatements(core)
      core.stop()
      #expect(core.halts.all.isEmpty)
      try Books(database: database).check(acknowledged: acknowledged, stateHash: hash)

      let trades = try database.number(
        "select count(*) from public.balance_log where type = 'TRADE'")
      #expect(trades > 400, "the load is worth little")

      // Another process on the same database: it replays, applies nothing twice, and goes on.
      let before = try database.number("select count(*) from public.balance_log")
      core = try Core(database, limits: limits)
      #expect(core.stateHash() == hash, "seed \(seed)")
      #expect(try database.number("select count(*) from public.balance_log") == before)
      core.submit([.operation(.resumeMarket(0), by: .venue)])
      acknowledged += Load.run(core, seed: seed + 100, batches: 30, from: 150)
      try checkStatements(core)
      core.stop()
      #expect(core.halts.all.isEmpty)
      try Books(database: database).check(acknowledged: acknowledged)
    }

    /// One run of a thousand orders is one group, and many transactions of the projection.
    @Test func aGiantAuctionIsStreamed() throws {
      let (database, clock) = (try TestDatabase(), TestClock())
      var limits = Core.Limits.small(batchRows: 40, partitionRows: 300)
      limits.loop.groupEntries = 100
      let core = try Core(database, limits: limits, clock: clock.clock)
      try #expect(core.submit(Load.genesis()).get().allSatisfy { $0.rejection == nil })
      var orders: [Command] = []
      for number in 0..<1_000 {
        let side: Side = number % 2 == 0 ? .buy : .sell
        orders.append(
          .order(
            .place(
              PlaceOrder(
                user: 2 + UInt32(number) % Load.traders, market: 0, side: side, limitTicks: 2_000,
                lots: 1 + Int64(number % 7),
                clientOrderID: try #require(ClientOrderID("giant-\(number)"))))))
      }
      let accepted = try core.submit(orders).get().count { $0.rejection == nil }
      #expect(core.projection.drain(withinSeconds: 30) && accepted == 1_000)
      let before = core.projection.currentFigures()
      clock.move(20_000)
      #expect(
        eventually {
          _ = core.projection.drain(withinSeconds: 30)
          return core.projection.currentFigures().appliedEntry > before.appliedEntry + 2_000
        })
      let after = core.projection.currentFigures()
      #expect(after.appliedSequence == before.appliedSequence + 1, "it is one group")
      #expect(after.transactions - before.transactions > 50)
      try checkStatements(core)
      core.stop()
      #expect(core.halts.all.isEmpty)
      try Books(database: database).check()
    }

    /// Every user's pages, in several sizes, are the user's rows of the log: none lost, none twice.
    private func checkStatements(_ core: Core) throws {
      // Auctions go on meanwhile: a page is checked up to the log's end as of now.
      #expect(core.projection.drain(withinSeconds: 30))
      let end = UInt64(try core.database.number("select max(seq) from public.balance_log")) + 1
      let connection = try core.database.connect(core.database.audit)
      for user in 0..<2 + Load.traders {
        let log = try connection.query(
          """
          select seq from public.balance_log where user_id = \(user) and seq < \(end)
          order by 1 desc
          """
        )
        let expected = (0..<log.rowCount).map { UInt64(log.int64($0, 0)) }
        for limit in [7, 250] {
          var (found, before) = ([UInt64](), UInt64?(end))
          while let next = before {
            let page = try core.ledger(LedgerQuery(user: user, before: next, limit: limit))
            found += page.rows.map(\.sequence)
            before = page.next
          }
          #expect(found == expected, "user \(user), pages of \(limit)")
        }
      }
    }
  }
}
