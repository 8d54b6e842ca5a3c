// Data of a later program in a real database: refused by name, with what to do, and left alone.

import Postgres
import TestServers
import Testing

@testable import CoreFixture
@testable import Engine
@testable import Journal
@testable import Ledger

extension DatabaseTests {
  @Suite struct NewerDataTests {
    @Test func aNewerSchemaIsRefused() throws {
      let database = try TestDatabase()
      let known = Migrations.steps.count
      let later = "insert into core.migration(version) values (\(known + 1))"
      try database.connect(database.owner).execute(later)
      let error = #expect(throws: PostgresError.self) {
        try Migrations.apply(on: database.connect(database.owner))
      }
      #expect(
        error?.message
          == "the database is at schema version \(known + 1), this program knows up to \(known):"
          + " start a newer one")
      #expect(error?.isImpossible == true)
      #expect(try database.number("select max(version) from core.migration") == Int64(known + 1))
      // The program that wrote it finds the lock of migrations free.
      let locks = "select count(*) from pg_locks where locktype = 'advisory'"
      #expect(try eventually { try database.number(locks) == 0 })
    }

    /// A group whose form this program does not know, and one that activates rules that it does not
    /// know: the engine would refuse them and go on to a state that never was.
    @Test func aNewerJournalIsRefused() throws {
      let (form, rules) = (CommandCodec.version + 1, Bounds.rulesVersion + 1)
      var activation = ByteWriter()
      activation.byte(CommandCodec.version)
      CommandCodec.encode(.venue(.activateRules(version: rules)), to: &activation)
      for (body, reason) in [
        ([form], "its form has version \(form), this program reads up to \(form - 1)"),
        (activation.bytes, "it activates rules \(rules), this program knows up to \(rules - 1)"),
      ] {
        let database = try TestDatabase()
        var store = try JournalStore(database.app)
        #expect(try store.lead())
        try store.append(JournalGroup(after: .empty, commandCount: 1, time: 0, body: body))
        let groups = try store.groups(after: 0)
        // The whole group, and a part of it.
        for commands in [UInt64.max, 0] {
          var replay = try Replay(from: nil)
          let error = refusal { try replay.run(store, commands: commands) }
          #expect(error?.hasPrefix("journal group 1: ") == true, "\(error ?? "none")")
          #expect(error?.contains(reason + ": start a newer one") == true, "\(error ?? "none")")
          #expect(replay.head == .empty)
        }
        #expect(try store.groups(after: 0) == groups)
      }
    }

    @Test func aNewerSnapshotIsRefused() throws {
      let database = try TestDatabase()
      var store = try JournalStore(database.app)
      #expect(try store.lead())
      let group = JournalGroup(after: .empty, commandCount: 1, time: 0, body: [1])
      try store.append(group)
      var writer = ByteWriter()
      AuctionEngine().writeSnapshot(to: &writer)
      var bytes = writer.bytes
      // The form, then the rules.
      for place in 0...1 {
        bytes[AuctionEngine.snapshotMark.count + place] = UInt8(Bounds.rulesVersion + 1)
      }
      try store.save(Snapshot(head: group.head, engine: bytes, tape: []))
      let snapshot = try store.snapshot(atOrBefore: .max)
      let error = refusal { _ = try Replay(from: snapshot) }
      #expect(error?.hasPrefix("snapshot at group 1: ") == true, "\(error ?? "none")")
      let reason = "rules version not known to this program: start a newer one"
      #expect(error?.contains(reason) == true, "\(error ?? "none")")
      #expect(try store.snapshotSequences() == [1])
    }

    private func refusal(_ body: () throws -> Void) -> String? {
      do { try body() } catch { return "\(error)" }
      return nil
    }
  }
}
