// The hand-over between a replay and the publisher: one piece at a time, nobody left waiting.

import Synchronization
import Testing

@testable import Tape

@Suite(.timeLimit(.minutes(1))) struct RegenerationTests {
  private func record(_ number: Int64) -> TapeRecord {
    TapeRecord(market: 0, number: number, payload: [1], previousChain: [], chain: [])
  }

  private func number(_ event: TapeStream.Event) -> Int64? {
    if case .regenerated(let records) = event { records.first?.number ?? 0 } else { nil }
  }

  @Test func piecesComeInOrderAndOnlyWhenAskedFor() async {
    let regeneration = Regeneration()
    let given = Mutex<Int64>(0)
    let replay = Task {
      for piece in Int64(1)...50 {
        given.withLock { $0 = piece }
        guard await regeneration.deliver([self.record(piece)]) else { return false }
      }
      regeneration.finish(nil)
      return true
    }
    for piece in Int64(1)...50 {
      #expect(number(await regeneration.next()) == piece)
      // The replay waits: it is never further than the piece in hand.
      #expect(given.withLock { $0 } == piece)
    }
    #expect(number(await regeneration.next()) == 0)
    #expect(await replay.value)
    // Beyond the end there is a failure, not a wait.
    #expect(number(await regeneration.next()) == nil)
  }

  @Test func anEndFreesAReplayThatWaits() async {
    let regeneration = Regeneration()
    let replay = Task { await regeneration.deliver([self.record(1)]) }
    #expect(number(await regeneration.next()) == 1)
    regeneration.end()
    #expect(await replay.value == false)
    // And one that comes to deliver later.
    #expect(await regeneration.deliver([record(2)]) == false)
  }

  @Test func aFailureReachesThePublisher() async {
    let regeneration = Regeneration()
    regeneration.finish("no database")
    guard case .regenerationFailed(let reason) = await regeneration.next() else {
      Issue.record("no failure")
      return
    }
    #expect(reason == "no database")
  }

  @Test func aCancelledPublisherDoesNotWait() async {
    let regeneration = Regeneration()
    let publisher = Task { self.number(await regeneration.next()) }
    publisher.cancel()
    #expect(await publisher.value == nil)
  }
}
