// Who may write what: terms, grants, triggers.

import Engine
import Foundation
import Postgres
import TestServers
import Testing

@testable import CoreFixture
@testable import Journal
@testable import Ledger

extension DatabaseTests {
  @Suite struct FencingTests {
    /// A row in each log, so that row triggers have something to fire on.
    private func filled() throws -> TestDatabase {
      let database = try TestDatabase()
      let core = try Core(database, limits: .small(partitionRows: 5))
      try #expect(core.submit(Load.genesis()).get().allSatisfy { $0.rejection == nil })
      #expect(core.projection.drain(withinSeconds: 30))
      #expect(
        try eventually {
          try database.number(
            "select count(*) from pg_class where relname like 'balance_log_%_user'") >= 3
        })
      core.stop()
      return database
    }

    private func refusal(_ connection: borrowing PostgresConnection, _ sql: String) -> String? {
      do throws(PostgresError) {
        try connection.execute(sql)
        return nil
      } catch {
        return error.sqlstate
      }
    }

    @Test func logsAreAppendOnlyForEveryone() throws {
      let database = try filled()
      let tables = [
        "core.journal", "public.balance_log", "public.balance_log_1", "public.balance_log_6",
      ]
      for conninfo in [database.app, database.audit, database.owner] {
        let isOwner = conninfo == database.owner
        let connection = try database.connect(conninfo)
        for table in tables {
          let column = table == "core.journal" ? "term" : "user_id"
          for sql in [
            "update \(table) set \(column) = 0", "delete from \(table)", "truncate \(table)",
            "truncate \(table) cascade",
          ] {
            // The owner's grants allow it, so a trigger refuses.
            #expect(refusal(connection, sql) == (isOwner ? "UX010" : "42501"), "\(sql)")
          }
        }
      }
      try Books(database: database).check()
    }

    @Test func anAuditorOnlyReads() throws {
      let database = try filled()
      let audit = try database.connect(database.audit)
      for table in [
        "public.balance", "public.balance_log", "public.balance_log_1", "public.deposits",
        "public.withdrawals", "public.scanned_blocks", "core.journal", "core.users",
        "core.projection", "core.leader", "core.snapshot", "core.migration",
        "core.balance_movement", "core.deposit_log", "core.withdrawal_log",
        "core.withdrawal_approval", "core.payout_sender", "core.payout_slot",
        "core.payout_attempt", "core.custody_decision", "core.sent_transaction",
        "core.venue_transfer", "core.top_up", "core.changed_deposit", "core.venue_opening",
        "core.custody_proposal", "core.operator_log", "core.opened_asset", "core.deposit_opening",
        "core.solvency_check",
      ] {
        #expect(refusal(audit, "select * from \(table)") == nil, "\(table)")
        // No row of its own: generated columns would refuse one before the grants are looked at.
        #expect(
          refusal(audit, "insert into \(table) default values") == "42501", "\(table)")
        #expect(refusal(audit, "delete from \(table)") == "42501", "\(table)")
        #expect(
          refusal(audit, "truncate \(table)")
            == (table == "core.balance_movement" ? "42809" : "42501"), "\(table)")
      }
      for column in [
        "public.withdrawals set decision", "public.withdrawals set payment",
        "core.withdrawal_log set status", "core.withdrawal_approval set signature",
        "core.payout_sender set halted", "core.payout_slot set outcome",
        "core.payout_attempt set raw", "core.custody_decision set reason",
        "core.custody_proposal set outcome",
        "core.sent_transaction set hash", "core.venue_transfer set own",
      ] { #expect(refusal(audit, "update \(column) = null") == "42501", "\(column)") }
      for call in [
        "core.raise_term()", "core.require_term(1)", "core.ensure_partition(1000, 10)",
        "core.close_partition(1)",
        "core.append_group(9, 1, 1, 1, now(), '\\x00', '\\x00', '\\x00')",
      ] {
        #expect(refusal(audit, "select \(call)") == "42501", "\(call)")
      }
      #expect(refusal(audit, "create table public.mine()") == "42501")
      // The exchange itself takes nothing away that it needs not.
      let app = try database.connect(database.app)
      for sql in [
        "delete from public.balance", "truncate public.balance", "update core.leader set term = 9",
        "delete from core.projection", "insert into core.leader values (true, 1, now())",
        "drop table public.balance_log_1", "create table public.mine()",
        "update core.users set name = ''", "update core.snapshot set body = ''",
        "delete from public.withdrawals", "delete from core.withdrawal_log",
        "update core.withdrawal_log set status = ''", "delete from core.withdrawal_approval",
        "update core.withdrawal_approval set signature = ''", "delete from core.payout_sender",
        "delete from core.payout_slot", "delete from core.payout_attempt",
        "update core.custody_decision set reason = ''", "delete from core.custody_decision",
        "update core.custody_proposal set amount = 9", "delete from core.custody_proposal",
        "update core.sent_transaction set nonce = 1", "update core.venue_transfer set asset = ''",
        "update core.top_up set value = 1", "delete from core.top_up",
      ] {
        #expect(refusal(app, sql) == "42501", "\(sql)")
      }
    }

    @Test func anEndedTermWritesNothing() throws {
      let database = try TestDatabase()
      let core = try Core(database)
      try #expect(core.submit(Load.genesis()).get().allSatisfy { $0.rejection == nil })
      core.submit([.operation(.suspendMarket(0), by: .venue)])
      #expect(core.projection.drain(withinSeconds: 30))
      let head = try JournalStore(database.audit).head()
      let watermark = try Watermark.read(database.app)
      // Another instance took the lead while this one did not look: its session was gone.
      _ = try database.connect(database.app).query("select core.raise_term()")
      let answer = core.submit([try Load.fund(2, 0, 1, "too-late")])
      #expect(answer == .failure(.outcomeUnknown))
      #expect(core.halts.all.count == 1 && core.halts.all[0].hasPrefix("not_leader: "))
      #expect(
        core.submit([.operation(.suspendMarket(0), by: .venue)])
          == .failure(.refused(reason: "not_leader")))
      #expect(core.stateHash() == nil)
      #expect(try JournalStore(database.audit).head() == head)
      // Nor does the projection, though it has entries in hand.
      core.projection.enqueue(
        LedgerProjection.Segment(
          journalSequence: head.sequence + 1, firstEntry: watermark.entry + 1,
          entries: [entry(previous: 0)], directory: []))
      #expect(!core.projection.drain(withinSeconds: 1))
      #expect(try Watermark.read(database.app) == watermark)
      core.stop(withinSeconds: 0.1)
      #expect(try Watermark.read(database.app) == watermark)
    }

    private func entry(previous: UInt64) -> LedgerEntry {
      LedgerEntry(
        user: 2, asset: 0, type: .adjustment,
        reference: .adjustment(1), freeDelta: 1,
        lockedDelta: 0, freeAfter: 1, lockedAfter: 0, previousEntry: previous, time: 1)
    }

    /// The session is gone, another leads: the first says so instead of trying for ever.
    @Test func aLostLeadHaltsTheFirst() throws {
      let database = try TestDatabase()
      let core = try Core(database)
      try #expect(core.submit(Load.genesis()).get().allSatisfy { $0.rejection == nil })
      core.submit([.operation(.suspendMarket(0), by: .venue)])
      #expect(core.projection.drain(withinSeconds: 30))
      try database.dropSessions()
      var other = try JournalStore(database.app)
      #expect(try eventually { try other.lead() })
      #expect(core.submit([try Load.fund(2, 0, 1, "too-late")]) == .failure(.outcomeUnknown))
      #expect(core.halts.all.first?.hasPrefix("not_leader: ") == true, "\(core.halts.all)")
      core.stop()
      try Books(database: database).check()
    }

    /// Whatever the server, the role or the connection string says: a group that is acknowledged is
    /// on disk.
    @Test func acknowledgedMeansOnDisk() throws {
      let database = try TestDatabase()
      try database.connect(database.owner).execute(
        """
        create function core.require_disk() returns trigger language plpgsql as $$ begin
          if current_setting('synchronous_commit') = 'off' then raise 'may be lost'; end if;
          return new;
        end $$;
        grant execute on function core.require_disk() to uncross_app;
        create trigger require_disk before insert on core.journal for each row
          execute function core.require_disk()
        """)
      for setting in ["off", "local", "on"] {
        let conninfo = database.app + " options='-c synchronous_commit=\(setting)'"
        let value = "select (current_setting('synchronous_commit') = '\(setting)')::int::int8"
        #expect(try database.connect(conninfo).query(value).int64(0, 0) == 1)
        var store = try JournalStore(conninfo)
        #expect(try store.lead())
        let group = JournalGroup(
          after: try store.head(), commandCount: 1, time: 7, body: [1, 2])
        try store.append(group)
      }
    }

    @Test func groupsAreFencedAndLinked() throws {
      let database = try TestDatabase()
      var store = try JournalStore(database.app)
      func append(_ group: JournalGroup) -> String? {
        do throws(PostgresError) {
          try store.append(group)
          return nil
        } catch {
          return error.sqlstate
        }
      }
      let first = JournalGroup(after: .empty, commandCount: 2, time: 7, body: [1, 2])
      #expect(append(first) == "UX001")
      #expect(try store.lead() && store.term == 1)
      #expect(append(first) == nil)
      // Once more, another in its place, one too far, one after another past.
      #expect(append(first) == "23505")
      var forged = first
      forged.body = [9]
      #expect(append(forged) == "23505")
      let second = JournalGroup(after: first.head, commandCount: 1, time: 8, body: [1, 3])
      #expect(
        append(JournalGroup(after: second.head, commandCount: 1, time: 9, body: [1])) == "UX002")
      var other = second
      other.previousHash[0] ^= 1
      #expect(append(other) == "UX002")
      other = second
      other.firstCommand += 1
      #expect(append(other) == "UX002")
      #expect(append(second) == nil)
      #expect(try store.head() == second.head)
      #expect(try store.groups(after: 0) == [first, second])
      #expect(try store.groups(after: 0, limit: 1) == [first])
      #expect(try store.head(at: 1) == first.head && store.head(at: 3) == nil)
      #expect(try store.head(at: 0) == .empty)
      // The lead is one session's.
      var late = try JournalStore(database.app)
      #expect(try !late.lead() && late.term == 0)
      #expect(try late.currentTerm() == 1)
    }
  }
}
