// The command loop on a real journal: what leaves when, bounds, halts, stops, each answer once.

import Engine
import Foundation
import Postgres
import Synchronization
import TestServers
import Testing

@testable import CoreFixture
@testable import Journal
@testable import Ledger

/// A clock that tests move; wall and monotonic time apart only where a test says so.
final class TestClock: Sendable {
  private let state = Mutex((wall: Int64(1_790_000_000_000_000), monotonic: Int64(0), reads: 0))

  func move(_ wall: Microseconds, monotonic: Microseconds? = nil) {
    state.withLock {
      $0.wall += wall
      $0.monotonic += monotonic ?? wall
    }
  }

  var reads: Int { state.withLock { $0.reads } }

  var clock: LoopClock {
    LoopClock(
      wall: {
        self.state.withLock {
          $0.reads += 1
          return $0.wall
        }
      }, monotonic: { self.state.withLock { $0.monotonic } })
  }
}

/// Keeps groups from being written while it holds: the journal's table is locked.
struct HeldJournal: ~Copyable {
  private let connection: PostgresConnection
  private let database: TestDatabase

  init(_ database: TestDatabase) throws {
    let session = try database.connect(database.owner)
    try session.execute("begin; lock table core.journal in exclusive mode")
    self.database = database
    connection = session
  }

  /// Until a group waits for us.
  func waitForGroup() throws {
    let waits = try eventually {
      try database.number(
        "select count(*) from pg_locks where relation = 'core.journal'::regclass and not granted")
        > 0
    }
    #expect(waits)
  }

  consuming func release() throws { try connection.execute("rollback") }
}

extension DatabaseTests {
  @Suite struct CommandLoopTests {
    private typealias Outcome = Result<[Reply], SubmissionError>

    private let suspend = [Command.operation(.suspendMarket(0), by: .venue)]

    private func core(
      _ database: TestDatabase, _ clock: TestClock = TestClock(), interval: Int64 = 20,
      gate: @escaping @Sendable () -> String? = { nil },
      limits change: (inout CommandLoop.Limits) -> Void = { _ in }
    ) throws -> Core {
      var limits = Core.Limits()
      change(&limits.loop)
      let core = try Core(database, limits: limits, clock: clock.clock, gate: gate)
      try #expect(
        core.submit(Load.genesis(interval: interval), isReserved: true).get().allSatisfy {
          $0.rejection == nil
        })
      return core
    }

    /// Submits one command and does not wait.
    private func send(_ core: Core, in place: QueuePlace = .ordinary) -> Answer<Outcome> {
      let answer = Answer<Outcome>()
      core.loop.submit(suspend, in: place) { answer.give($0) }
      return answer
    }

    private func ask(_ core: Core) -> Answer<Result<UInt64, SubmissionError>>? {
      let answer = Answer<Result<UInt64, SubmissionError>>()
      let isTaken = core.loop.ask { engine in
        let commands = engine.commandCount
        return { answer.give(.success(commands)) }
      } orElse: { error in
        answer.give(.failure(error))
      }
      return isTaken ? answer : nil
    }

    @Test func nothingLeavesBeforeItIsDurable() throws {
      let database = try TestDatabase()
      let core = try core(database)
      let before = core.loop.currentFigures().durable
      let held = try HeldJournal(database)
      let command = send(core)
      try held.waitForGroup()
      // One that comes meanwhile, and reads that have seen both.
      let (next, read) = (send(core), try #require(ask(core)))
      #expect(eventually { core.loop.currentFigures().queuedCommands == 0 })
      #expect(!command.isThere && !next.isThere && !read.isThere)
      #expect(core.loop.currentFigures().durable == before)
      #expect(core.projection.currentFigures().appliedSequence <= before.sequence)
      try held.release()
      #expect(try command.wait().get().count == 1 && next.wait().get().count == 1)
      #expect(try read.wait().get() >= before.commands + 2)
      // The second waited in the open group: two groups, one after the other.
      #expect(core.loop.currentFigures().durable.sequence == before.sequence + 2)
      core.stop()
      try Books(database: database).check()
    }

    @Test func queuesAreBoundedAndCancelsHaveRoom() throws {
      let database = try TestDatabase()
      let isClosed = Mutex(false)
      let core = try core(
        database, gate: { isClosed.withLock { $0 ? "ledger_lag" : nil } },
        limits: {
          ($0.queuedCommands, $0.reservedCommands, $0.operatorCommands) = (50, 20, 5)
          $0.groupCommands = 10
        })
      let held = try HeldJournal(database)
      var waiting = [send(core)]
      try held.waitForGroup()
      func fill(_ place: QueuePlace) -> SubmissionError? {
        for _ in 0..<200 {
          let answer = send(core, in: place)
          if answer.isThere, case .failure(let error)? = try? answer.wait() { return error }
          waiting.append(answer)
        }
        return nil
      }
      // The open group takes ten, then the queue fills.
      for _ in 0..<10 { waiting.append(send(core)) }
      #expect(eventually { core.loop.currentFigures().queuedCommands == 0 })
      #expect(fill(.ordinary) == .queueFull)
      #expect(core.loop.currentFigures().queuedCommands == 50)
      #expect(fill(.reserved) == .queueFull)
      #expect(core.loop.currentFigures().queuedCommands == 70)
      #expect(fill(.operators) == .queueFull, "users leave room for operators")
      #expect(core.loop.currentFigures().queuedCommands == 75)
      isClosed.withLock { $0 = true }
      #expect(fill(.ordinary) == .refused(reason: "ledger_lag"))
      #expect(waiting.count == 86 && waiting.allSatisfy { !$0.isThere })
      try held.release()
      for answer in waiting { #expect(throws: Never.self) { try answer.wait().get() } }
      #expect(try database.number("select max(commands) from core.journal where seq > 1") <= 10)
      #expect(try send(core).wait() == .failure(.refused(reason: "ledger_lag")))
      #expect(throws: Never.self) { try send(core, in: .reserved).wait().get() }
      core.stop()
      try Books(database: database).check()
    }

    @Test func answersToQueriesAreBounded() throws {
      let database = try TestDatabase()
      let core = try core(database, limits: { ($0.queuedCommands, $0.groupQueries) = (40, 5) })
      let held = try HeldJournal(database)
      let command = send(core)
      try held.waitForGroup()
      var queries: [Answer<Result<UInt64, SubmissionError>>] = []
      // The open group computes five; then the queue is all there is.
      for _ in 0..<5 { queries.append(try #require(ask(core))) }
      for _ in 0..<200 { ask(core).map { queries.append($0) } }
      #expect(queries.count <= 46 && queries.count >= 40)
      #expect(queries.allSatisfy { !$0.isThere } && ask(core) == nil)
      try held.release()
      #expect(throws: Never.self) { try command.wait().get() }
      for query in queries { #expect(throws: Never.self) { try query.wait().get() } }
      core.stop()
    }

    /// A group in commit, an open one, and what still waits: nobody is left without an answer.
    @Test func aHaltAnswersEveryone() throws {
      let database = try TestDatabase()
      let core = try core(database, limits: { $0.groupCommands = 2 })
      let held = try HeldJournal(database)
      let committing = send(core)
      try held.waitForGroup()
      let open = (send(core), try #require(ask(core)), send(core))
      #expect(eventually { core.loop.currentFigures().queuedCommands == 0 })
      let queued = (send(core), try #require(ask(core)))
      // Another instance takes the lead while our session is cut.
      try database.dropSessions()
      var other = try JournalStore(database.app)
      try held.release()
      #expect(try eventually { try other.lead() })
      #expect(try committing.wait() == .failure(.outcomeUnknown))
      #expect(
        try open.0.wait() == .failure(.outcomeUnknown) && open.2.wait() == .failure(.outcomeUnknown)
      )
      #expect(try open.1.wait() == .failure(.outcomeUnknown))
      #expect(try queued.0.wait() == .failure(.refused(reason: "not_leader")))
      #expect(try queued.1.wait() == .failure(.refused(reason: "not_leader")))
      #expect(ask(core) == nil && core.halts.all.count == 1)
      core.stop()
      #expect(try database.number("select count(*) from core.journal where term > 1") == 0)
    }

    @Test func aStopWithoutADatabaseAnswersEveryone() throws {
      let database = try TestDatabase()
      let core = try core(database)
      try database.close()
      let pending = send(core)
      #expect(eventually { !core.loop.currentFigures().isConnected })
      #expect(try send(core).wait() == .failure(.refused(reason: "journal_unavailable")))
      #expect(
        try send(core, in: .reserved).wait() == .failure(.refused(reason: "journal_unavailable"))
      )
      let read = try #require(ask(core))
      let began = Date()
      core.loop.stop(withinSeconds: 0.2)
      #expect(Date().timeIntervalSince(began) < 10)
      #expect(
        try pending.wait() == .failure(.outcomeUnknown) && read.wait() == .failure(.outcomeUnknown))
      core.projection.stop(withinSeconds: 0.1)
      core.reader.stop()
      #expect(core.halts.all.isEmpty)
      try database.open()
      // Whatever became of it: the next one reads the same journal.
      let next = try Core(database)
      next.stop()
      try Books(database: database).check()
    }

    @Test func workGoesOnWhenTheDatabaseIsBack() throws {
      let database = try TestDatabase()
      let core = try core(database)
      try database.close()
      let pending = send(core)
      #expect(eventually { !core.loop.currentFigures().isConnected })
      try database.open()
      #expect(throws: Never.self) { try pending.wait().get() }
      #expect(throws: Never.self) { try send(core).wait().get() }
      #expect(core.loop.currentFigures().isConnected && core.halts.all.isEmpty)
      core.stop()
      try Books(database: database).check()
    }

    /// A database that stands still, as one that is stopped does: new requests and reads are told
    /// so at once, reads that wait too, and commands under way get their own answers when it goes
    /// on.
    @Test func aJournalThatHangsIsToldOf() throws {
      let (database, clock) = (try TestDatabase(), TestClock())
      let core = try core(database, clock, interval: 60_000)
      let held = try HeldJournal(database)
      let command = send(core)
      try held.waitForGroup()
      let read = try #require(ask(core))
      let next = send(core)
      #expect(eventually { core.loop.currentFigures().queuedCommands == 0 })
      // A few seconds are no fault.
      clock.move(5_000_000)
      #expect(core.loop.currentFigures().isConnected && !read.isThere)
      let late = try #require(ask(core))
      clock.move(1)
      let refused = SubmissionError.refused(reason: "journal_unavailable")
      #expect(!core.loop.currentFigures().isConnected && ask(core) == nil)
      #expect(try send(core).wait() == .failure(refused))
      #expect(try send(core, in: .operators).wait() == .failure(refused))
      #expect(try read.wait() == .failure(refused) && late.wait() == .failure(refused))
      #expect(!command.isThere && !next.isThere)
      try held.release()
      #expect(try command.wait().get().count == 1 && next.wait().get().count == 1)
      #expect(eventually { core.loop.currentFigures().isConnected })
      #expect(throws: Never.self) { try send(core).wait().get() }
      let again = try #require(ask(core))
      #expect(try again.wait().get() > 0 && core.halts.all.isEmpty)
      core.stop()
      try Books(database: database).check()
    }

    @Test(arguments: [Int64(11_000_000), -11_000_000, 86_400_000_000])
    func aJumpOfTheClockHalts(jump: Microseconds) throws {
      let (database, clock) = (try TestDatabase(), TestClock())
      let core = try core(database, clock)
      // Less is taken: time waits or goes on, and never back.
      clock.move(9_000_000, monotonic: 0)
      #expect(throws: Never.self) { try send(core).wait().get() }
      let time = core.loop.currentFigures().time
      clock.move(-9_000_000, monotonic: 0)
      #expect(throws: Never.self) { try send(core).wait().get() }
      #expect(core.loop.currentFigures().time >= time)
      clock.move(jump, monotonic: 0)
      let (command, read) = (send(core), ask(core))
      let refused = SubmissionError.refused(reason: "clock_jump")
      #expect(try command.wait() == .failure(refused))
      if let read { #expect(try read.wait() == .failure(refused)) }
      #expect(core.halts.all.count == 1 && core.halts.all[0].hasPrefix("clock_jump: "))
      core.stop()
      // Nothing of the wrong time is in the journal.
      let store = try JournalStore(database.audit)
      var replay = try Replay(from: nil)
      try replay.run(store)
      #expect(replay.engine.time < 1_790_000_000_000_000 + 10_000_000)
    }

    @Test func missedSlotsGiveOneRun() throws {
      let (database, clock) = (try TestDatabase(), TestClock())
      let core = try core(database, clock)
      func runs() -> Int64? {
        let answer = Answer<Int64?>()
        let isTaken = core.loop.ask { engine in
          let count = engine.marketView(0).auctionCount
          return { answer.give(count) }
        } orElse: { _ in
          answer.give(nil)
        }
        return isTaken ? (try? answer.wait()) ?? nil : nil
      }
      let before = try #require(runs())
      clock.move(7 * 20_000)
      #expect(eventually { runs() == before + 1 })
      clock.move(20_000)
      #expect(eventually { runs() == before + 2 })
      #expect(runs() == before + 2)
      core.stop()
    }

    /// Neither an idle loop nor one whose journal hangs goes round.
    @Test func aLoopThatWaitsDoesNotTurn() throws {
      let (database, clock) = (try TestDatabase(), TestClock())
      let core = try core(database, clock, interval: 60_000)
      // While the database answers 2,000 questions a loop that turned would turn far more often.
      let session = try database.connect(database.audit)
      func turnsMeanwhile() throws -> Int {
        let before = clock.reads
        for _ in 0..<2_000 { _ = try session.query("select 1") }
        return clock.reads - before
      }
      #expect(try turnsMeanwhile() < 200)
      let held = try HeldJournal(database)
      let command = send(core)
      try held.waitForGroup()
      // A run is due, too, and cannot be committed.
      clock.move(60_000_000)
      #expect(try turnsMeanwhile() < 200)
      try held.release()
      #expect(throws: Never.self) { try command.wait().get() }
      core.stop()
    }

    @Test func whoIsRefusedMaySubmitAgainAtOnce() throws {
      let database = try TestDatabase()
      let core = try core(database)
      #expect(core.submit([]) == .success([]))
      core.loop.stop()
      let answer = Answer<Outcome>()
      core.loop.submit(suspend, in: .ordinary) { _ in
        core.loop.submit([.operation(.resumeMarket(0), by: .venue)], in: .operators) {
          answer.give($0)
        }
      }
      #expect(try answer.wait() == .failure(.refused(reason: "stopping")))
      #expect(ask(core) == nil)
      core.stop()
    }

    /// Threads submit while it stops: each gets its one answer, and a success is in the journal.
    @Test(arguments: UInt64(1)...4) func aStopInTheMidstLosesNoAnswer(seed: UInt64) throws {
      let database = try TestDatabase()
      let core = try Core(database)
      let answers = Mutex<[Outcome]>([])
      let group = DispatchGroup()
      for _ in 0..<6 {
        group.enter()
        Thread.detachNewThread {
          for _ in 0..<300 {
            let outcome = core.submit([.venue(.activateRules(version: 1))])
            answers.withLock { $0.append(outcome) }
            if case .failure = outcome { break }
          }
          group.leave()
        }
      }
      let wanted = Int(seed) * 40
      #expect(eventually { answers.withLock { $0.count } >= wanted })
      core.loop.stop()
      group.wait()
      core.projection.stop()
      core.reader.stop()
      let successes = answers.withLock { $0.count { (try? $0.get()) != nil } }
      let store = try JournalStore(database.audit)
      var replay = try Replay(from: nil)
      var own = 0
      for journaled in try store.groups(after: 0, limit: 100_000) {
        own += try journaled.commands().count { $0 == .venue(.activateRules(version: 1)) }
      }
      try replay.run(store)
      // A stop commits what it took: whoever was told nothing else was told of success.
      #expect(own == successes, "seed \(seed)")
    }
  }
}
