// The projection on a real database: pieces, restarts, divergence, what it waits for and what not.

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
  @Suite struct ProjectionTests {
    /// Segments as the engine would give them, with accounts that are carried on.
    struct Books {
      private struct Account {
        var free: Int128 = 0
        var locked: Int128 = 0
        var last: UInt64 = 0
      }

      private var accounts: [UInt64: Account] = [:]
      private(set) var entries: UInt64 = 0
      private(set) var groups: Int64 = 0

      static let directory: ContiguousArray<DirectoryEvent> = [
        .assetCreated(0, AssetDefinition(code: "USDC", decimals: 6, adjustmentLimit: 1)),
        .assetCreated(1, AssetDefinition(code: "ETH", decimals: 18, adjustmentLimit: 1)),
      ]

      mutating func segment(
        _ count: Int, users: UInt32 = 7, amount: Int128 = 5,
        directory: ContiguousArray<DirectoryEvent> = Books.directory
      ) -> LedgerProjection.Segment {
        let first = entries + 1
        var rows: ContiguousArray<LedgerEntry> = []
        for _ in 0..<count {
          entries += 1
          let (user, asset) = (UInt32(entries) % users, AssetID(entries / 3 % 2))
          let key = UInt64(user) << 16 | UInt64(asset)
          var account = accounts[key] ?? Account()
          account.free += amount
          account.locked += amount / 2
          rows.append(
            LedgerEntry(
              user: user, asset: asset, type: .adjustment,
              reference: .adjustment(Int64(entries)),
              freeDelta: amount, lockedDelta: amount / 2, freeAfter: account.free,
              lockedAfter: account.locked, previousEntry: account.last,
              time: 1_790_000_000_000_000 + Int64(entries)))
          account.last = entries
          accounts[key] = account
        }
        groups += 1
        return LedgerProjection.Segment(
          journalSequence: groups, firstEntry: first, entries: rows, directory: directory)
      }
    }

    /// A projection on a database that is led; `failAfter` transactions its term is over.
    private func projection(
      _ database: TestDatabase, _ halts: Core.Halts, batchRows: Int = 30, failAfter: Int = .max,
      watermark: Watermark? = nil, _ change: (inout LedgerProjection.Limits) -> Void = { _ in }
    ) throws -> LedgerProjection {
      var limits = LedgerProjection.Limits()
      (limits.batchRows, limits.partitionRows) = (batchRows, 64)
      change(&limits)
      let term = try database.number("select term from core.leader")
      let calls = Mutex(0)
      let projection = LedgerProjection(
        conninfo: database.app, watermark: try watermark ?? Watermark.read(database.app),
        limits: limits,
        term: {
          calls.withLock { calls in
            calls += 1
            return calls > failAfter ? term + 1 : term
          }
        }, onHalt: { halts.note($0) })
      projection.start()
      return projection
    }

    private func led() throws -> TestDatabase {
      let database = try TestDatabase()
      _ = try database.connect(database.app).query("select core.raise_term()")
      return database
    }

    private func row(_ database: TestDatabase) throws -> [Int64] {
      let row = try database.connect(database.owner).query(
        "select journal_seq, event_index, ledger_seq from core.projection")
      return (0..<3).map { row.int64(0, $0) }
    }

    @Test func aGiantGroupGoesThroughInPiecesAndGoesOnInTheMidst() throws {
      let (database, halts) = (try led(), Core.Halts())
      var books = Books()
      let segments = [books.segment(3), books.segment(1_000), books.segment(2)]
      let first = try projection(database, halts, failAfter: 4)
      for segment in segments { first.enqueue(segment) }
      #expect(try eventually { try row(database)[2] == 120 })
      // The group's place is told from its own first entry.
      #expect(try row(database) == [2, 117, 120])
      #expect(!first.drain(withinSeconds: 0.1))
      first.stop(withinSeconds: 0)

      // The next process gets all groups again, the first ones too.
      let next = try projection(database, halts, batchRows: 77)
      for segment in segments { next.enqueue(segment) }
      #expect(next.drain(withinSeconds: 30))
      next.enqueue(books.segment(40))
      #expect(next.drain(withinSeconds: 30))
      #expect(try row(database) == [4, 40, 1_045])
      #expect(next.currentFigures().transactions > 11)
      next.stop()
      #expect(halts.all.isEmpty)
      #expect(try database.number("select count(*) from public.balance_log") == 1_045)
      #expect(
        try database.number(
          """
          select count(*) from public.balance b where (free, locked, last_seq) = (select free_after,
            locked_after, seq from public.balance_log l where l.user_id = b.user_id
            and l.asset = b.asset order by seq desc limit 1)
          """) == 14)
    }

    /// A deposit and its clawback, of which the loss account bears a part, in any pieces: once the
    /// clawback is marked the deposit may begin anew, so nothing more of it may come.
    @Test(arguments: 1...5) func aClawbackIsNeverCut(batchRows: Int) throws {
      let (database, halts) = (try led(), Core.Halts())
      try database.connect(database.owner).execute(
        """
        insert into public.deposits(chain, tx_hash, out_ref, user_id, asset, address, sender,
          block_height, block_hash, raw_amount, amount, dust, scale, status, credit_no, clawback_no,
          created_at, updated_at)
        values ('dev', '\\x01', 'n', 2, 'USDC', '\\x02', '\\x03', 1, '\\x04', 100, 100, 0, 1, 'clawback',
          1, 1, now(), now());
        create function core.begin_anew() returns trigger language plpgsql as $$
          begin new.clawback_no := null; return new; end $$;
        grant execute on function core.begin_anew() to uncross_app;
        create trigger begin_anew before update on public.deposits for each row
          when (new.clawback_seq is not null) execute function core.begin_anew()
        """)
      func entry(
        _ user: UserID, _ type: LedgerTransactionType, _ reference: LedgerReference,
        _ delta: Int128, after: Int128, previous: UInt64 = 0
      ) -> LedgerEntry {
        LedgerEntry(
          user: user, asset: 0, type: type,
          reference: reference, freeDelta: delta,
          lockedDelta: 0,
          freeAfter: after, lockedAfter: 0, previousEntry: previous, time: 1_790_000_000_000_000)
      }
      let projection = try projection(database, halts, batchRows: batchRows)
      projection.enqueue(
        LedgerProjection.Segment(
          journalSequence: 1, firstEntry: 1,
          entries: [
            entry(2, .deposit, .deposit(1, on: 0), 100, after: 100),
            entry(2, .adjustment, .adjustment(1), -70, after: 30, previous: 1),
            entry(2, .clawback, .clawback(1, on: 0), -30, after: 0, previous: 2),
            entry(Bounds.lossAccount, .clawback, .clawback(1, on: 0), -70, after: -70),
            entry(3, .adjustment, .adjustment(1), 5, after: 5),
          ], directory: Books.directory + [.chainRegistered(0, "dev")]))
      #expect(projection.drain(withinSeconds: 30))
      projection.stop()
      #expect(halts.all.isEmpty, "\(halts.all)")
      #expect(try row(database) == [1, 5, 5])
      #expect(
        try database.number(
          """
          select count(*) from public.deposits where credited = 0 and credited_seq = 1
            and clawback_seq = 3
          """) == 1)
    }

    /// The row of a deposit and its credit say one amount, or nothing is written. Another chain has
    /// numbers of its own.
    @Test(arguments: [100, 101] as [Int128])
    func aCreditOfAnotherAmountIsADivergence(amount: Int128) throws {
      let (database, halts) = (try led(), Core.Halts())
      try database.connect(database.owner).execute(
        """
        insert into public.deposits(chain, tx_hash, out_ref, user_id, asset, address, sender,
          block_height, block_hash, raw_amount, amount, dust, scale, status, credit_no,
          created_at, updated_at)
        select chain, '\\x01', 'n', 2, 'USDC', '\\x02', '\\x03', 1, '\\x04', 100, 100, 0, 1,
          'confirming', 1, now(), now()
        from unnest(array['dev', 'other']) chain
        """)
      let projection = try projection(database, halts)
      projection.enqueue(
        LedgerProjection.Segment(
          journalSequence: 1, firstEntry: 1,
          entries: [
            LedgerEntry(
              user: 2, asset: 0, type: .deposit,
              reference: .deposit(1, on: 0), freeDelta: amount,
              lockedDelta: 0, freeAfter: amount, lockedAfter: 0, previousEntry: 0,
              time: 1_790_000_000_000_000)
          ], directory: Books.directory + [.chainRegistered(0, "dev")]))
      let isRight = amount == 100
      #expect(projection.drain(withinSeconds: 30) == isRight)
      projection.stop(withinSeconds: 1)
      #expect(halts.all.isEmpty == isRight, "\(halts.all)")
      #expect(
        try database.number(
          "select count(*) from public.deposits where status = 'credited' and chain = 'dev'")
          == (isRight ? 1 : 0))
      #expect(try database.number("select count(*) from public.balance") == (isRight ? 1 : 0))
    }

    @Test func groupsWithoutEntriesMoveTheWatermarkToo() throws {
      let (database, halts) = (try led(), Core.Halts())
      var books = Books()
      let projection = try projection(database, halts)
      for user in UInt32(0)..<200 {
        // Some groups bring nothing at all.
        let users: ContiguousArray<DirectoryEvent> =
          user % 3 == 0
          ? [] : [.userRegistered(user, name: "user-\(user)", time: 1_790_000_000_123_456)]
        projection.enqueue(books.segment(user % 7 == 0 ? 2 : 0, directory: Books.directory + users))
        if user % 50 == 49 { try database.dropSessions() }
      }
      #expect(projection.drain(withinSeconds: 30))
      projection.stop()
      #expect(halts.all.isEmpty)
      #expect(try row(database) == [200, 0, Int64(books.entries)])
      #expect(try database.number("select count(*) from core.users") == 133)
      #expect(
        try database.number(
          "select count(distinct (extract(epoch from created_at) * 1000000)::int8) from core.users")
          == 1)
    }

    /// What only learned its names in a group that is applied already.
    @Test func namesAreKnownAfterARestart() throws {
      let database = try TestDatabase()
      var core = try Core(database)
      let genesis = try Load.genesis()
      core.submit(
        genesis.filter { if case .operation(.adjustBalance, _) = $0 { false } else { true } } + [
          .operation(.suspendMarket(0), by: .venue)
        ]
      )
      #expect(core.projection.drain(withinSeconds: 30))
      core.stop()
      core = try Core(database)
      #expect(try core.submit([Load.fund(2, 1, 7, "late")]).get()[0].rejection == nil)
      #expect(core.projection.drain(withinSeconds: 30))
      #expect(try core.ledger(LedgerQuery(user: 2, asset: 1)).rows.count == 1)
      core.stop()
      try LedgerTests.Books(database: database).check()
    }

    @Test func amountsFarBeyondSixtyFourBitsAreExact() throws {
      let (database, halts) = (try led(), Core.Halts())
      var books = Books()
      let projection = try projection(database, halts)
      let amount = (Int128(1) << 118) - 1
      for _ in 0..<3 { projection.enqueue(books.segment(14, amount: amount)) }
      #expect(projection.drain(withinSeconds: 30))
      projection.stop()
      let balances = try database.connect(database.audit).query(
        "select total, free, locked from public.balance")
      #expect(halts.all.isEmpty && balances.rowCount == 14)
      for row in 0..<balances.rowCount {
        #expect(balances.numeric(row, 0) == 3 * (amount + amount / 2))
        #expect(
          balances.numeric(row, 1) == 3 * amount && balances.numeric(row, 2) == 3 * (amount / 2))
      }
    }

    @Test(arguments: [
      "update public.balance set last_seq = last_seq + 1 where user_id = 3",
      "update public.balance set last_seq = 0",
      "delete from public.balance where user_id = 3 and asset = 'ETH'",
      "insert into public.balance values (29, 'ETH', 0, 0, 0, 0)",
      "update core.projection set ledger_seq = ledger_seq - 1",
      "update core.projection set ledger_seq = ledger_seq + 1",
    ])
    func divergenceHaltsAndWritesNothing(change: String) throws {
      let (database, halts) = (try led(), Core.Halts())
      var books = Books()
      let projection = try projection(database, halts)
      projection.enqueue(books.segment(60))
      #expect(projection.drain(withinSeconds: 30))
      try database.connect(database.owner).execute(change)
      let before = try row(database)
      // User 3 again, and user 29, who is new to the books.
      projection.enqueue(books.segment(40, users: 30))
      #expect(eventually { !halts.all.isEmpty })
      #expect(halts.all.count == 1 && halts.all[0].hasPrefix("ledger_divergence: "), "\(halts.all)")
      #expect(!projection.drain(withinSeconds: 0.1))
      projection.stop(withinSeconds: 1)
      #expect(try row(database) == before)
      #expect(try database.number("select count(*) from public.balance_log") == 60)
    }

    /// Groups that are not what the watermark says: missed, too short, too long.
    @Test func groupsThatDoNotMeetTheWatermarkHalt() throws {
      var books = Books()
      let (one, two, three) = (books.segment(10), books.segment(10), books.segment(10))
      var short = two
      short.entries.removeLast(8)
      var late = three
      late.firstEntry += 1
      for (name, watermark, segments, isRight) in [
        ("in the midst", Watermark(journalSequence: 2, entry: 15), [one, two, three], true),
        ("at the end", Watermark(journalSequence: 2, entry: 20), [one, two, three], true),
        ("none", Watermark(journalSequence: 0, entry: 0), [one, two, three], true),
        ("twice", Watermark(journalSequence: 2, entry: 15), [two, two, three, two, three], true),
        ("missed", Watermark(journalSequence: 1, entry: 10), [one, three], false),
        ("a gap", Watermark(journalSequence: 2, entry: 20), [two, late], false),
        ("too short", Watermark(journalSequence: 2, entry: 15), [one, short], false),
        ("other group", Watermark(journalSequence: 1, entry: 15), [one, two], false),
        ("far behind", Watermark(journalSequence: 2, entry: 5), [one, two], false),
      ] {
        let halts = Core.Halts()
        // Never started: only what it takes is looked at.
        let projection = LedgerProjection(
          conninfo: "", watermark: watermark, term: { 1 }, onHalt: { halts.note($0) })
        for segment in segments { projection.enqueue(segment) }
        #expect(halts.all.isEmpty == isRight, "\(name): \(halts.all)")
        if isRight {
          #expect(projection.currentFigures().lagRows == 30 - watermark.entry, "\(name)")
        }
      }
    }

    /// A commit that may still come decides first: its transaction holds the watermark's row.
    @Test func aReconnectWaitsForTheTransactionBefore() throws {
      let (database, halts) = (try led(), Core.Halts())
      var books = Books()
      let projection = try projection(database, halts)
      projection.enqueue(books.segment(5))
      #expect(projection.drain(withinSeconds: 30))
      // The next batch's own transaction: its connection is lost, its commit is on its way.
      let before = try database.connect(database.owner)
      try before.execute("begin; update core.projection set journal_seq = 2, ledger_seq = 10")
      let server = try database.connect(database.superuser())
      _ = try server.query(
        """
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = '\(database.name)' and usename = 'uncross_app'
        """)
      projection.enqueue(books.segment(5))
      let waits = try eventually {
        try server.query(
          """
          select from pg_stat_activity
          where datname = '\(database.name)' and wait_event_type = 'Lock'
          """
        ).rowCount == 1
      }
      #expect(waits && projection.currentFigures().appliedEntry == 5)
      try before.execute("commit")
      #expect(projection.drain(withinSeconds: 30))
      projection.stop()
      #expect(halts.all.isEmpty, "\(halts.all)")
      #expect(try database.number("select count(*) from public.balance_log") == 5)
    }

    /// A dump reads the log for hours; new partitions come all the same.
    @Test func readersOfTheLogHoldNothingUp() throws {
      let (database, halts) = (try led(), Core.Halts())
      var books = Books()
      let projection = try projection(database, halts)
      projection.enqueue(books.segment(10))
      #expect(projection.drain(withinSeconds: 30))
      let dump = try database.connect(database.audit)
      try dump.execute("begin; select count(*) from public.balance_log")
      projection.enqueue(books.segment(500))
      #expect(projection.drain(withinSeconds: 15))
      try dump.execute("rollback")
      projection.stop()
      #expect(halts.all.isEmpty)
      #expect(
        try database.number(
          "select count(*) from pg_inherits where inhparent = 'public.balance_log'::regclass") >= 8)
    }

    @Test func theGateClosesByRowsAndByTime() throws {
      let (database, halts) = (try led(), Core.Halts())
      var books = Books()
      let projection = try projection(database, halts) {
        ($0.lagRows, $0.lagSeconds) = (100, 0.3)
      }
      try database.close()
      #expect(projection.gate() == nil)
      projection.enqueue(books.segment(101))
      #expect(projection.gate() == "ledger_lag")
      try database.open()
      #expect(projection.drain(withinSeconds: 30) && projection.gate() == nil)
      // One entry that does not go through is old at last, though nothing waits behind it.
      try database.close()
      projection.enqueue(books.segment(1))
      #expect(projection.gate() == nil)
      #expect(eventually { projection.gate() == "ledger_lag" })
      try database.open()
      #expect(projection.drain(withinSeconds: 30) && projection.gate() == nil)
      projection.stop()
      #expect(halts.all.isEmpty)
    }
  }
}
