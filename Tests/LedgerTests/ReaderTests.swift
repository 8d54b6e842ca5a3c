// Users' statements on a real database: what a start finds, and while the database is away.

import Engine
import Foundation
import Postgres
import Synchronization
import TestServers
import Testing

@testable import CoreFixture
@testable import Journal
@testable import Ledger

extension DatabaseTests {
  @Suite struct ReaderTests {
    /// A ledger of a thousand rows in partitions of 64, of which none has its index yet.
    private func filled() throws -> TestDatabase {
      let database = try TestDatabase()
      _ = try database.connect(database.app).query("select core.raise_term()")
      var limits = LedgerProjection.Limits()
      limits.partitionRows = 64
      let halts = Core.Halts()
      let projection = LedgerProjection(
        conninfo: database.app, watermark: Watermark(journalSequence: 0, entry: 0), limits: limits,
        term: { 1 }, onHalt: { halts.note($0) })
      projection.start()
      var books = ProjectionTests.Books()
      projection.enqueue(books.segment(1_000))
      #expect(projection.drain(withinSeconds: 30))
      projection.stop()
      #expect(halts.all.isEmpty)
      return database
    }

    private func reader(_ database: TestDatabase, upTo watermark: UInt64) throws -> LedgerReader {
      let reader = LedgerReader(conninfo: database.app, partitionRows: 64)
      try reader.load(upTo: watermark, directory: Array(ProjectionTests.Books.directory))
      return reader
    }

    private func page(_ reader: LedgerReader, _ query: LedgerQuery) throws -> LedgerQuery.Page {
      let answer = Answer<Result<LedgerQuery.Page, LedgerQueryError>>()
      reader.query(query) { answer.give($0) }
      return try answer.wait().get()
    }

    private func rows(_ reader: LedgerReader, _ query: LedgerQuery) throws -> [LedgerRow] {
      try page(reader, query).rows
    }

    private func indexed(_ database: TestDatabase, _ index: String) throws -> Int64 {
      try database.number(
        """
        select count(*) from pg_class
        where relname like 'balance_log_%_\(index)' and relkind = 'i'
        """)
    }

    /// The process before was killed between the last row of a partition and its index.
    @Test func forgottenPartitionsGetTheirIndex() throws {
      let database = try filled()
      #expect(try indexed(database, "user") == 0)
      let reader = try reader(database, upTo: 1_000)
      reader.start()
      // 1,000 rows are 15 full partitions and the open one.
      #expect(try eventually { try indexed(database, "type") == 15 })
      #expect(try indexed(database, "user") == 15)
      reader.stop()
      #expect(
        try database.number("select count(*) from pg_class where relname = 'balance_log_961_user'")
          == 0)
    }

    @Test(arguments: [UInt64(1), 63, 64, 65, 128, 999, 1_000])
    func aStartAnywhereGivesAllRows(watermark: UInt64) throws {
      let database = try filled()
      let reader = try reader(database, upTo: watermark)
      reader.start()
      var found: [UInt64] = []
      for user in UInt32(0)..<7 {
        for asset in [AssetID(0), 1] {
          var before: UInt64? = watermark + 1
          while let end = before {
            let page = try page(
              reader, LedgerQuery(user: user, asset: asset, before: end, limit: 13))
            #expect(page.rows.allSatisfy { $0.entry.user == user && $0.entry.asset == asset })
            found += page.rows.map(\.sequence)
            before = page.next
          }
        }
      }
      #expect(found.sorted() == Array(1...watermark))
      // What is in no row, or not of this ledger.
      #expect(try rows(reader, LedgerQuery(user: 77)).isEmpty)
      #expect(try rows(reader, LedgerQuery(user: 1, asset: 9)).isEmpty)
      #expect(try rows(reader, LedgerQuery(user: 1, type: .trade)).isEmpty)
      #expect(try rows(reader, LedgerQuery(user: 1, before: 1)).isEmpty)
      #expect(try rows(reader, LedgerQuery(user: 1, before: 0)).isEmpty)
      reader.stop()
    }

    @Test func rowsFromMemoryAndFromTheDatabaseAreTheSame() throws {
      let database = try filled()
      // One has only the open partition in memory, the other all rows.
      let (cold, warm) = (
        try reader(database, upTo: 1_000), LedgerReader(conninfo: database.app, partitionRows: 64)
      )
      var books = ProjectionTests.Books()
      let segment = books.segment(1_000)
      try warm.load(upTo: 0, directory: [])
      warm.take(firstEntry: 1, segment.entries, segment.directory)
      // What it has is not taken again.
      warm.take(firstEntry: 1, segment.entries, segment.directory)
      cold.start()
      warm.start()
      for user in UInt32(0)..<7 {
        let query = LedgerQuery(user: user, limit: 1_000)
        var expected = try rows(warm, query)
        // The link to the row before is the writer's; a row that was read has none.
        for place in expected.indices { expected[place].entry.previousEntry = 0 }
        var found = try rows(cold, query)
        for place in found.indices { found[place].entry.previousEntry = 0 }
        #expect(found == expected && found.count > 140)
      }
      cold.stop()
      warm.stop()
    }

    @Test func missingRowsStopTheStart() throws {
      let database = try filled()
      try database.forge("delete from public.balance_log where seq = 990")
      #expect(throws: PostgresError.self) { try reader(database, upTo: 1_000) }
      #expect(throws: PostgresError.self) { try reader(database, upTo: 1_001) }
    }

    /// In a closed partition: told each time, and no other connection is tried.
    @Test func aRowThatCannotBeIsToldAndNothingReconnects() throws {
      let database = try filled()
      try database.forge("update public.balance_log set ref = 'nobody:knows' where seq = 500")
      let reports = Mutex<[String]>([])
      let reader = LedgerReader(conninfo: database.app, partitionRows: 64) { report in
        reports.withLock { $0.append(report) }
      }
      try reader.load(upTo: 1_000, directory: Array(ProjectionTests.Books.directory))
      reader.start()
      // The index builder's session comes and stays too.
      #expect(try eventually { try indexed(database, "type") == 15 })
      let user = UserID(500 % 7)
      #expect(try rows(reader, LedgerQuery(user: user, before: 600, limit: 10)).count == 10)
      let sessions =
        "select count(*) * 1000000000 + sum(pid) from pg_stat_activity "
        + "where datname = '\(database.name)' and usename = 'uncross_app'"
      let before = try database.number(sessions)
      for _ in 0..<3 {
        let error = #expect(throws: LedgerQueryError.self) {
          try rows(reader, LedgerQuery(user: user, before: 520, limit: 10))
        }
        guard case .database(let cause) = error else {
          Issue.record("\(String(describing: error))")
          return
        }
        #expect(cause.isImpossible && !cause.isConnectionLoss)
      }
      #expect(try database.number(sessions) == before)
      #expect(reports.withLock { $0.count } == 3)
      #expect(reports.withLock { $0.allSatisfy { $0.contains("did not write") } })
      // Others read on.
      #expect(try rows(reader, LedgerQuery(user: user, before: 600, limit: 10)).count == 10)
      reader.stop()
    }

    @Test func memoryAnswersWhileTheDatabaseIsAway() throws {
      let database = try filled()
      let reader = try reader(database, upTo: 1_000)
      reader.start()
      #expect(try rows(reader, LedgerQuery(user: 3, limit: 100)).count == 100)
      try database.close()
      #expect(try rows(reader, LedgerQuery(user: 3, limit: 3)).count == 3)
      #expect(throws: LedgerQueryError.self) {
        try rows(reader, LedgerQuery(user: 3, limit: 100))
      }
      try database.open()
      #expect(try rows(reader, LedgerQuery(user: 3, limit: 100)).count == 100)
      reader.stop()
      #expect(throws: LedgerQueryError.self) {
        try rows(reader, LedgerQuery(user: 3, limit: 100))
      }
    }
  }
}
