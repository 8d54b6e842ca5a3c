// Long statements: every row once whatever the filters, in bounded steps, and nobody waits long.

import Engine
import Foundation
import Postgres
import SeededNumbers
import Synchronization
import TestServers
import Testing

@testable import CoreFixture
@testable import Ledger

extension DatabaseTests {
  @Suite struct StatementTests {
    private static let partitionRows: UInt64 = 8_192

    private static let directory: ContiguousArray<DirectoryEvent> = {
      var events: ContiguousArray<DirectoryEvent> = []
      for (id, code) in ["USDC", "ETH", "BTC"].enumerated() {
        let asset = AssetDefinition(code: code, decimals: 6, adjustmentLimit: 1)
        events.append(.assetCreated(AssetID(id), asset))
      }
      return events
    }()

    /// User 1 has most rows, user 2 a third of the rest; deposits are rare, BTC's fees rarer.
    private func rows(_ count: Int, seed: UInt64) -> [LedgerRow] {
      var numbers = SeededNumbers(seed)
      return (1...UInt64(count)).map { sequence in
        let user: UserID = numbers.once(in: 4) ? UserID(2 + numbers.below(3)) : 1
        var type = numbers.pick([.trade, .trade, .lock, .unlock] as [LedgerTransactionType])
        var asset = AssetID(numbers.below(2))
        if numbers.once(in: 5_000) { type = .deposit }
        if numbers.once(in: 100) { (type, asset) = (.fee, numbers.once(in: 50) ? 2 : 0) }
        if numbers.once(in: 100) { asset = 2 }
        return LedgerRow(
          sequence: sequence,
          entry: LedgerEntry(
            user: user, asset: asset, type: type,
            reference: .order(Int64(sequence)), freeDelta: 1,
            lockedDelta: 0, freeAfter: Int128(numbers.below(1_000)), lockedAfter: 0,
            previousEntry: 0, time: 1_790_000_000_000_000 + Int64(sequence)))
      }
    }

    /// A log with these rows and none of its indexes, as a process leaves it that is killed.
    private func filled(_ rows: [LedgerRow]) throws -> TestDatabase {
      let database = try TestDatabase()
      let owner = try database.connect(database.owner)
      let last = rows.last?.sequence ?? 0
      for first in stride(from: 1, through: last, by: Int(Self.partitionRows)) {
        try owner.execute("select core.ensure_partition(\(first), \(Self.partitionRows))")
      }
      let codes = ["USDC", "ETH", "BTC"]
      for start in stride(from: 0, to: rows.count, by: 10_000) {
        let values = rows[start..<min(start + 10_000, rows.count)].map { row in
          let entry = row.entry
          let time =
            "to_timestamp(\(entry.time / 1_000_000)) "
            + "+ interval '\(entry.time % 1_000_000) microseconds'"
          return "(\(row.sequence), \(entry.user), '\(codes[Int(entry.asset)])', 1, 1, 0, "
            + "\(entry.freeAfter), 0, '\(entry.type.name)', '\(row.sequence)', "
            + "\(time), \(time))"
        }
        try owner.execute(
          "insert into public.balance_log values \(values.joined(separator: ","))")
      }
      return database
    }

    private func reader(_ database: TestDatabase, upTo watermark: UInt64) throws -> LedgerReader {
      let reader = LedgerReader(conninfo: database.app, partitionRows: Self.partitionRows)
      try reader.load(upTo: watermark, directory: Array(Self.directory))
      reader.start()
      return reader
    }

    private func page(_ reader: LedgerReader, _ query: LedgerQuery) throws -> LedgerQuery.Page {
      let answer = Answer<Result<LedgerQuery.Page, LedgerQueryError>>()
      reader.query(query) { answer.give($0) }
      return try answer.wait().get()
    }

    private func isIndexed(_ database: TestDatabase, partitions: Int64) throws -> Bool {
      try database.number("select count(*) from pg_class where relname like 'balance_log_%_type'")
        == partitions
    }

    /// Every filter's pages against the plain list of rows; with the indexes and before they stand.
    @Test(arguments: zip([UInt64(1), 2], [true, false]))
    func pagesAreThoseOfAPlainList(seed: UInt64, isIndexed: Bool) throws {
      let all = rows(100_000, seed: seed)
      let database = try filled(Array(all[..<90_000]))
      if !isIndexed {
        try database.connect(database.owner).execute(
          """
          create or replace function core.close_partition(first bigint) returns void
            language plpgsql as $$ begin raise exception 'not now'; end $$
          """)
      }
      let reader = try reader(database, upTo: 90_000)
      reader.take(firstEntry: 90_001, ContiguousArray(all[90_000...].map(\.entry)), [])
      if isIndexed {
        // 90,000 rows are 10 full partitions and the open one.
        #expect(try eventually { try self.isIndexed(database, partitions: 10) })
      }
      var numbers = SeededNumbers(seed)
      for user in UserID(1)...3 {
        for asset in [nil, 0, 2] as [AssetID?] {
          for type in [nil, .trade, .deposit, .fee, .clawback] as [LedgerTransactionType?] {
            let query = LedgerQuery(
              user: user, asset: asset, type: type, limit: numbers.pick([100, 1_000]))
            let expected = all.reversed().filter { query.fits($0.entry) }
            #expect(try wholeStatement(reader, query) == expected, "\(query), seed \(seed)")
          }
        }
      }
      reader.stop()
    }

    private func wholeStatement(_ reader: LedgerReader, _ query: LedgerQuery) throws -> [LedgerRow]
    {
      var (found, query) = ([LedgerRow](), query)
      while true {
        let page = try page(reader, query)
        found += page.rows
        #expect(page.rows.count <= query.limit)
        guard let next = page.next else { return found }
        #expect(next < query.before ?? .max)
        query.before = next
      }
    }

    /// 100,000 rows of one user in memory: a query looks at so many and no more, none of them under
    /// the lock that the committer needs.
    @Test func noQueryWalksUnderTheLock() throws {
      let reader = LedgerReader(conninfo: "", partitionRows: 1 << 19)
      try reader.load(upTo: 0, directory: Array(Self.directory))
      // Neither type nor asset alone lets a chunk be passed over.
      let entries = (0..<100_000).map { number in
        LedgerEntry(
          user: 1, asset: number % 2 == 0 ? 0 : 1, type: number % 2 == 0 ? .trade : .fee,
          reference: .order(1), freeDelta: 1, lockedDelta: 0,
          freeAfter: 1, lockedAfter: 0, previousEntry: 0, time: 1)
      }
      reader.take(firstEntry: 1, ContiguousArray(entries), [])
      reader.start()
      let queries = [
        LedgerQuery(user: 1, before: 1), LedgerQuery(user: 1, asset: 0, type: .fee, limit: 1_000),
        LedgerQuery(user: 1, type: .deposit), LedgerQuery(user: 2),
        LedgerQuery(user: 1, before: 50_000, limit: 1_000),
      ]
      for query in queries {
        let before = reader.steps
        _ = try page(reader, query)
        let after = reader.steps
        #expect(after.underLock == before.underLock, "\(query)")
        #expect(after.outside - before.outside <= UInt64(LedgerReader.maximumSteps) + 1, "\(query)")
      }
      #expect(reader.steps.underLock == 100_000)
      let short = try page(reader, queries[1])
      let reached = try #require(short.next)
      #expect(short.rows.isEmpty && reached > 80_000)
      #expect(try wholeStatement(reader, queries[1]).isEmpty)
      // The cursor's place is found, not walked to: its page, and the chunks between its rows.
      let before = reader.steps.outside
      #expect(try page(reader, queries[4]).rows.first?.sequence == 49_999)
      #expect(reader.steps.outside - before < 1_010)
      reader.stop()
    }

    /// Many queries of one user wait while another's is answered next, and too many are refused.
    @Test func oneUsersQueriesWaitForAnothers() throws {
      let reader = LedgerReader(conninfo: "", partitionRows: 1_024)
      try reader.load(upTo: 0, directory: Array(Self.directory))
      reader.start()
      let answered = Mutex<[String]>([])
      let gate = DispatchSemaphore(value: 0)
      let begun = Answer<Bool>()
      func ask(_ name: String, _ user: UserID, _ after: @escaping @Sendable () -> Void = {}) {
        reader.query(LedgerQuery(user: user)) { result in
          let isRefused = if case .failure(.tooManyOfUser) = result { true } else { false }
          answered.withLock { $0.append(isRefused ? "\(name) refused" : name) }
          after()
        }
      }
      ask("a1", 1) {
        begun.give(true)
        gate.wait()
      }
      _ = try begun.wait()
      for name in ["a2", "a3", "a4", "a5"] { ask(name, 1) }
      ask("b1", 2)
      ask("c1", 3)
      gate.signal()
      #expect(eventually { answered.withLock { $0.count } == 7 })
      #expect(answered.withLock { $0 } == ["a1", "a5 refused", "b1", "c1", "a2", "a3", "a4"])
      reader.stop()
    }

    /// A database of the schema before: the step is quick, and the partitions that are closed get
    /// their index from the exchange, while the log takes rows.
    @Test func closedPartitionsOfAnOlderDatabaseGetTheirIndex() throws {
      let database = try filled(rows(20_000, seed: 3))
      let owner = try database.connect(database.owner)
      for first in [1, 8_193] {
        try owner.execute("select core.close_partition(\(first))")
        try owner.execute("drop index public.balance_log_\(first)_type")
      }
      let reader = try reader(database, upTo: 20_000)
      #expect(try eventually { try isIndexed(database, partitions: 2) })
      // Each filter is served by an index of the user's rows, though one user has most of all.
      var names = LedgerNames()
      for event in Self.directory { names.learn(event) }
      let range = LedgerArchive.Range(start: 8_193, end: 16_385)
      for asset in [nil, 0, 2] as [AssetID?] {
        for type in [nil, .lock, .deposit, .clawback] as [LedgerTransactionType?] {
          for user in [UserID(1), 4, 77] {
            let query = LedgerQuery(user: user, asset: asset, type: type)
            let statement = LedgerArchive.statement(query, range, names)
            let plan = try owner.query("explain \(statement.sql)", statement.parameters)
            let lines = (0..<plan.rowCount).map { plan.string($0, 0) }.joined(separator: "\n")
            #expect(lines.contains("balance_log_8193_"), "\(query): \(lines)")
            for other in ["Seq Scan", "_pkey", "balance_log_1_", "balance_log_16385"] {
              #expect(!lines.contains(other), "\(query): \(lines)")
            }
          }
        }
      }
      reader.stop()
    }
  }
}

extension LedgerQuery {
  fileprivate func fits(_ entry: LedgerEntry) -> Bool {
    entry.user == user && asset ?? entry.asset == entry.asset && type ?? entry.type == entry.type
  }
}
