// Snapshots and replays on a real database: whole, damaged, beside a running core, forged.

import Engine
import Foundation
import Postgres
import SeededNumbers
import Synchronization
import TestServers
import Testing

@testable import CoreFixture
@testable import Journal
@testable import Ledger

extension DatabaseTests {
  @Suite struct SnapshotTests {
    /// A journal of some groups, without an engine behind it.
    private func journal(_ database: TestDatabase, groups: Int) throws -> [JournalHead] {
      var store = try JournalStore(database.app)
      #expect(try store.lead())
      var heads: [JournalHead] = [.empty]
      for number in 1...groups {
        let group = JournalGroup(
          after: heads[number - 1], commandCount: 1, time: Int64(number), body: [1, UInt8(number)])
        try store.append(group)
        heads.append(group.head)
      }
      return heads
    }

    /// Not the same anywhere, so that parts in another order are seen.
    private func bytes(_ count: Int, _ seed: UInt64) -> [UInt8] {
      var numbers = SeededNumbers(seed)
      var bytes: [UInt8] = []
      bytes.reserveCapacity(count)
      while bytes.count < count {
        let block = withUnsafeBytes(of: numbers.next(), Array.init)
        bytes += [UInt8](repeating: block[0], count: 4_000) + block
      }
      return Array(bytes.prefix(count))
    }

    @Test func snapshotsComeBackWhole() throws {
      let database = try TestDatabase()
      let heads = try journal(database, groups: 6)
      let store = try JournalStore(database.app)
      #expect(try store.snapshot(atOrBefore: .max) == nil)
      // Three parts and one, none and one, exactly a part.
      let snapshots = [
        Snapshot(head: heads[2], engine: bytes(17 << 20, 1), tape: bytes(64, 2)),
        Snapshot(head: heads[4], engine: [], tape: [7]),
        Snapshot(head: heads[5], engine: bytes(8 << 20, 3), tape: []),
      ]
      for snapshot in snapshots { try store.save(snapshot) }
      // Again, as a second writer would: the first stays.
      var other = snapshots[1]
      other.tape = [8]
      try store.save(other)
      #expect(try store.snapshotSequences() == [5, 4, 2])
      for (at, expected) in [(Int64.max, 2), (5, 2), (4, 1), (3, 0), (2, 0)] {
        let found = try store.snapshot(atOrBefore: at)
        #expect(found == snapshots[expected], "at \(at)")
        #expect(
          try store.tapeState(at: snapshots[expected].head.sequence) == snapshots[expected].tape)
      }
      #expect(try store.snapshot(atOrBefore: 1) == nil)
      // One at or before what is needed stays, and the newest.
      try store.prune(keep: 1, oldestNeeded: 4)
      #expect(try store.snapshotSequences() == [5, 4])
      try store.prune(keep: 1, oldestNeeded: 100)
      #expect(try store.snapshotSequences() == [5])
      try store.prune(keep: 3, oldestNeeded: -1)
      #expect(try store.snapshotSequences() == [5])
    }

    @Test(arguments: [
      "update core.snapshot set body = set_byte(body, 17, get_byte(body, 17) # 1) where part = 1",
      "update core.snapshot set body = body || '\\x00' where part = 2",
      "delete from core.snapshot where part = 1", "delete from core.snapshot where part = 2",
      "delete from core.snapshot where part = 0",
      "update core.snapshot set name = 'tape' where part = 1",
      "update core.snapshot set parts = 2", "delete from core.journal where seq = 2",
    ])
    func damageIsFound(change: String) throws {
      let database = try TestDatabase()
      let heads = try journal(database, groups: 2)
      let store = try JournalStore(database.app)
      // Two parts and one.
      try store.save(Snapshot(head: heads[2], engine: bytes(9 << 20, 1), tape: bytes(64, 2)))
      try database.forge(change)
      do throws(JournalError) {
        let found = try store.snapshot(atOrBefore: .max)
        Issue.record("\(change): \(found?.head.sequence ?? 0) is taken")
      } catch {
        #expect(error.code == "snapshot_broken", "\(change): \(error)")
        #expect("\(error)".contains("at group 2"), "\(error)")
      }
    }

    @Test(arguments: [
      "update core.journal set body = set_byte(body, 1, 99) where seq = 3",
      "update core.journal set body = body || '\\x00' where seq = 3",
      "update core.journal set at = at + interval '1 microsecond' where seq = 3",
      "update core.journal set commands = commands + 1 where seq = 3",
      "update core.journal set commands = 2147483647 where seq = 3",
      "update core.journal set first_command = -9 where seq = 3",
      "update core.journal set first_command = 9223372036854775807 where seq = 3",
      "update core.journal set hash = prev_hash where seq = 3",
      "update core.journal set prev_hash = hash where seq = 3",
      "delete from core.journal where seq = 3",
      "update core.journal set seq = seq + 100 where seq > 3",
    ])
    func aChangedJournalIsFound(change: String) throws {
      let database = try TestDatabase()
      let core = try Core(database)
      for _ in 0..<5 { core.submit([.venue(.activateRules(version: 1))]) }
      core.stop()
      try database.forge(change)
      let store = try JournalStore(database.audit)
      var replay = try Replay(from: nil)
      do {
        try replay.run(store)
        Issue.record("\(change): it replays")
      } catch let error as JournalError {
        #expect(error.code == "journal_broken", "\(change): \(error)")
        #expect(replay.head.sequence < 4)
      }
    }

    @Test func aSnapshotOfAnotherStateIsRefused() throws {
      let database = try TestDatabase()
      let core = try Core(database)
      try #expect(core.submit(Load.genesis()).get().allSatisfy { $0.rejection == nil })
      core.stop()
      let store = try JournalStore(database.app)
      var replay = try Replay(from: nil)
      try replay.run(store)
      var state = ByteWriter()
      replay.engine.writeSnapshot(to: &state)
      let snapshot = Snapshot(head: replay.head, engine: state.bytes, tape: [])
      #expect(throws: Never.self) { _ = try Replay(from: snapshot).head }
      for damaged in [
        Snapshot(head: replay.head, engine: Array(state.bytes.dropLast()), tape: []),
        Snapshot(head: replay.head, engine: state.bytes + [0], tape: []),
        Snapshot(head: replay.head, engine: [], tape: []),
        Snapshot(head: .empty, engine: state.bytes, tape: []),
      ] {
        #expect(throws: JournalError.self) { _ = try Replay(from: damaged).head }
      }
    }

    /// Beside a running core: each snapshot leads to the state that the whole journal leads to.
    @Test func snapshotsAreMadeWithoutAPause() throws {
      let database = try TestDatabase()
      let core = try Core(database)
      try #expect(core.submit(Load.genesis()).get().allSatisfy { $0.rejection == nil })
      var policy = Snapshotter.Policy(commands: 200)
      (policy.intervalSeconds, policy.kept) = (0.02, 3)
      let reports = Core.Halts()
      let followed = Mutex<Int64>(0)
      let loop = core.loop
      let snapshotter = Snapshotter(
        conninfo: database.app, policy: policy, durable: { loop.currentFigures().durable },
        oldestNeeded: { .max },
        makeFollower: { tape in
          // Stands for the tape: the last group that was followed.
          let before = tape.map { Int64($0[0]) << 8 | Int64($0[1]) } ?? 0
          followed.withLock { $0 = before }
          return Snapshotter.TapeFollower(
            follow: { _, head in
              followed.withLock { last in
                #expect(head.sequence == last + 1)
                last = head.sequence
              }
            },
            state: {
              followed.withLock {
                [UInt8(truncatingIfNeeded: $0 >> 8), UInt8(truncatingIfNeeded: $0)]
              }
            })
        }, report: { reports.note($0) })
      snapshotter.start(after: 0)
      let store = try JournalStore(database.audit)
      var round = 0
      // How many a load brings is a matter of speed: load until there are more than are kept.
      let hasThree = try eventually {
        _ = Load.run(core, seed: 41, batches: 30, from: round)
        round += 30
        return try store.snapshotSequences().count == 3
      }
      core.submit([.operation(.suspendMarket(0), by: .venue)])
      #expect(hasThree)
      snapshotter.stop()
      let hash = core.stateHash()
      core.stop()
      #expect(reports.all.isEmpty && core.halts.all.isEmpty)
      for sequence in try store.snapshotSequences() {
        let snapshot = try #require(try store.snapshot(atOrBefore: sequence))
        #expect(snapshot.head.sequence == sequence)
        #expect(snapshot.tape == [UInt8(sequence >> 8), UInt8(truncatingIfNeeded: sequence)])
        var replay = try Replay(from: snapshot)
        try replay.run(store)
        #expect(Journal.stateHash(replay.engine) == hash)
      }
      try replaysInParts(store)
    }

    /// Up to a group, and up to a command in the midst of one.
    private func replaysInParts(_ store: borrowing JournalStore) throws {
      let head = try store.head()
      for last in [Int64(1), head.sequence / 2, head.sequence] {
        var replay = try Replay(from: nil)
        try replay.run(store, upTo: last)
        #expect(try replay.head == store.head(at: last))
      }
      for commands in [UInt64(1), 20, head.commands - 1] {
        var replay = try Replay(from: nil)
        try replay.run(store, commands: commands)
        #expect(replay.engine.commandCount == commands)
      }
    }
  }
}
