// The database dies and sessions are cut under load: nothing acknowledged is lost, or done twice.

import Embedded
import Engine
import Foundation
import Glibc
import SeededNumbers
import Synchronization
import TestServers
import Testing

@testable import CoreFixture
@testable import Journal
@testable import Ledger

extension DatabaseTests {
  @Suite struct CrashTests {
    /// Runs the load and, beside it, what disturbs it: again and again after some more groups, as
    /// long as it says so and the load is not done.
    private func disturb(
      _ core: Core, seed: UInt64, batches: Int, from round: Int = 0,
      afterGroups pause: Range<Int>, _ body: () throws -> Bool
    ) throws -> [Load.Acknowledged] {
      let answer = Answer<[Load.Acknowledged]>()
      Thread.detachNewThread {
        answer.give(Load.run(core, seed: seed, batches: batches, from: round))
      }
      var numbers = SeededNumbers(seed &+ UInt64(round))
      repeat {
        let more = pause.lowerBound + numbers.below(pause.count)
        let end = core.loop.currentFigures().groups + UInt64(more)
        _ = eventually { answer.isThere || core.loop.currentFigures().groups >= end }
      } while try !answer.isThere && body()
      return try answer.wait(atMostSeconds: patience)
    }

    @Test(arguments: [UInt64(11), 12]) func cutSessionsLoseNothing(seed: UInt64) throws {
      let database = try TestDatabase()
      let core = try Core(database, limits: .small(batchRows: 50, partitionRows: 700))
      try #expect(core.submit(Load.genesis()).get().allSatisfy { $0.rejection == nil })
      var cuts = 0
      var acknowledged: [Load.Acknowledged] = []
      for round in 0..<20 where cuts < 5 {
        acknowledged += try disturb(
          core, seed: seed, batches: 120, from: round * 120, afterGroups: 4..<28
        ) {
          try database.dropSessions()
          cuts += 1
          return true
        }
      }
      #expect(cuts >= 5)
      // Work goes on by itself, when the last cut is mended; what was refused meanwhile was not
      // applied.
      var after: Reply?
      let isTaken = try eventually {
        if case .success(let replies) = core.submit([try Load.fund(2, 0, 1, "after")]) {
          after = replies[0]
        }
        return after != nil
      }
      #expect(isTaken && after?.rejection == nil)
      #expect(core.projection.drain(withinSeconds: 60))
      #expect(core.halts.all.isEmpty, "seed \(seed)")
      core.stop()
      try Books(database: database).check(acknowledged: acknowledged)
      // Each connection of the leader raised the term.
      #expect(try database.number("select term from core.leader") > 1)
    }

    @Test func aKilledServerLosesNothing() throws {
      try SharedCluster.own { try killServer() }
    }

    private func killServer() throws {
      let database = try TestDatabase()
      let limits = Core.Limits.small(batchRows: 500, partitionRows: 1_000)
      let core = try Core(database, limits: limits)
      try #expect(core.submit(Load.genesis()).get().allSatisfy { $0.rejection == nil })
      var kills = 0
      var acknowledged: [Load.Acknowledged] = []
      // One load after another, until one was met by each kill.
      for round in 0..<20 where kills < 3 {
        acknowledged += try disturb(
          core, seed: 21, batches: 100, from: round * 100, afterGroups: 30..<31
        ) {
          let pid = try #require(database.cluster.postmasterPID)
          #expect(kill(pid, SIGKILL) == 0)
          kills += 1
          // It is another process, and it answers.
          #expect(
            eventually {
              database.cluster.postmasterPID.map { $0 != pid } == true
                && (try? database.number("select 1")) == 1
            })
          return kills < 3
        }
      }
      #expect(kills == 3)
      // Refused while the journal's connection is away; and no hash is final before the runs end.
      let isSuspended = eventually {
        (try? core.submit([.operation(.suspendMarket(0), by: .venue)]).get()) != nil
      }
      #expect(isSuspended && core.projection.drain(withinSeconds: 60))
      let hash = core.stateHash()
      #expect(core.halts.all.isEmpty)
      core.stop()
      try Books(database: database).check(acknowledged: acknowledged, stateHash: hash)
    }

    /// The process dies instead: what it acknowledged is in the journal, and the next one projects
    /// the rest.
    @Test func anAbandonedProjectionIsCaughtUp() throws {
      let database = try TestDatabase()
      let limits = Core.Limits.small(batchRows: 7, partitionRows: 64)
      var core = try Core(database, limits: limits)
      try #expect(core.submit(Load.genesis()).get().allSatisfy { $0.rejection == nil })
      var acknowledged: [Load.Acknowledged] = []
      for round in 0..<4 {
        acknowledged += Load.run(core, seed: 31, batches: 25, from: round * 25)
        core.loop.stop()
        // In the midst of groups, at small batches.
        core.projection.stop(withinSeconds: 0)
        core.reader.stop()
        #expect(core.halts.all.isEmpty)
        core = try Core(database, limits: limits)
      }
      core.stop()
      try Books(database: database).check(acknowledged: acknowledged)
    }
  }
}
