// The stream's answers to single events: rows for what the simulation cannot show.

import Testing

@testable import Tape

@Suite struct TapeRowTests {
  private static let zero = [UInt8](repeating: 0, count: 32)

  private func head(_ last: Int64, epoch: String = "e", _ byte: UInt8 = 0) -> TapeHead {
    TapeHead(epoch: epoch, last: last, chain: [UInt8](repeating: byte, count: 32))
  }

  private func asking(produced: Int64, chain: UInt8? = nil, epoch: String? = nil) -> TapeStream {
    var stream = TapeStream(
      produced: produced, chain: chain.map { [UInt8](repeating: $0, count: 32) }, epoch: epoch)
    #expect(stream.handle(.retry) == [.askHead])
    return stream
  }

  @Test func aWorkerOfTheSameLengthAndAnotherChainIsAFork() {
    var stream = asking(produced: 4, chain: 1)
    #expect(
      stream.handle(.head(head(4, 2))).contains {
        if case .halt(.fork) = $0 { true } else { false }
      })
    #expect(stream.isHalted)
  }

  @Test func anEpochThatWasNotAcceptedIsNotRemembered() {
    var stream = asking(produced: 4, epoch: "a")
    #expect(stream.handle(.head(head(4, epoch: "b"))) == [.halt(.epoch(expected: "a", found: "b"))])
    #expect(stream.epoch == "a")
    var lost = asking(produced: 4, epoch: "a")
    #expect(
      lost.handle(.head(head(0, epoch: TapeHead.noEpoch)))
        == [.halt(.epoch(expected: "a", found: "-"))])
  }

  @Test func aReplayThatGivesNothingOfUseIsNotRepeatedAtOnce() {
    var stream = asking(produced: 4)
    var waits: [Int] = []
    var actions = stream.handle(.head(head(2)))
    while waits.count < 8 {
      switch actions.removeFirst() {
      case .regenerate(let after):
        #expect(after == 2)
        actions += stream.handle(.regenerated([]))
      case .wait(let milliseconds):
        waits.append(milliseconds)
        actions += stream.handle(.retry)
      case .askHead: actions += stream.handle(.head(head(2)))
      case let other: Issue.record("\(other)")
      }
    }
    #expect(waits == [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000])
  }

  @Test func failuresToReplayWaitLongerAndLonger() {
    var stream = asking(produced: 4)
    #expect(stream.handle(.head(head(2))) == [.regenerate(after: 2)])
    #expect(stream.handle(.regenerationFailed("no database")) == [.wait(milliseconds: 100)])
    #expect(stream.handle(.retry) == [.askHead])
    #expect(stream.handle(.head(head(2))) == [.regenerate(after: 2)])
    #expect(stream.handle(.regenerationFailed("no database")) == [.wait(milliseconds: 200)])
  }

  @Test func recordsDoNotShortenAWait() {
    var stream = asking(produced: 0)
    #expect(stream.handle(.headFailed("away")) == [.wait(milliseconds: 100)])
    let record = TapeRecord(
      market: 0, number: 1, payload: [1], previousChain: Self.zero,
      chain: TapeWriter.chain(after: Self.zero, number: 1, payload: [1]))
    #expect(stream.handle(.records([record])).isEmpty)
    #expect(stream.handle(.retry) == [.askHead])
  }

  @Test func anEpochIsRememberedFromTheFirstAnswerOn() {
    var stream = asking(produced: 4)
    _ = stream.handle(.head(head(4, epoch: "a")))
    #expect(stream.epoch == "a")
    var new = asking(produced: 0)
    _ = new.handle(.head(head(0, epoch: TapeHead.noEpoch)))
    #expect(new.epoch == nil)
  }

  /// An answer that accepts a batch and does not hold all of it.
  @Test(arguments: [0, 1, 2] as [Int64]) func whatIsStoredIsAllOrAFork(stored: Int64) {
    var stream = asking(produced: 0)
    #expect(stream.handle(.head(head(0))).isEmpty)
    var (records, chain): ([TapeRecord], [UInt8]) = ([], Self.zero)
    for number in 1...2 as ClosedRange<Int64> {
      let next = TapeWriter.chain(after: chain, number: number, payload: [1])
      records.append(
        TapeRecord(
          market: 0, number: number, payload: [1], previousChain: chain, chain: next))
      chain = next
    }
    #expect(stream.handle(.records(records)).count == 1)
    let end = stored == 0 ? Self.zero : records[Int(stored) - 1].chain
    _ = stream.handle(.answer(.stored(TapeHead(epoch: "e", last: stored, chain: end))))
    #expect(stream.isHalted == (stored < 2))
    #expect(stream.head?.last == (stored < 2 ? 0 : 2))
  }

  /// A batch over the bound would be refused by the Worker, again and again.
  @Test(arguments: [(0, 2), (1, 1)]) func aBatchIsAsLargeAsItMayBe(beyond: Int, count: Int) {
    var stream = asking(produced: 0)
    #expect(stream.handle(.head(head(0))).isEmpty)
    var (records, chain): ([TapeRecord], [UInt8]) = ([], Self.zero)
    for (index, size) in [1_000_000, TapeBatch.maximumBytes - 1_000_000 + beyond].enumerated() {
      let payload = [UInt8](repeating: 1, count: size - 4)
      let next = TapeWriter.chain(after: chain, number: Int64(index) + 1, payload: payload)
      records.append(
        TapeRecord(
          market: 0, number: Int64(index) + 1, payload: payload, previousChain: chain, chain: next))
      chain = next
    }
    let batches = stream.handle(.records(records)).compactMap { action -> TapeBatch? in
      if case .post(let batch) = action { batch } else { nil }
    }
    #expect(batches.map(\.count) == [count])
    #expect(batches.allSatisfy { $0.body.count <= TapeBatch.maximumBytes })
  }
}
