// A core without face and tape on a real database, wired as the program wires it.

internal import Engine
internal import Foundation
internal import Ledger
internal import Postgres
internal import Synchronization
internal import TestServers
internal import Testing

@testable internal import Journal

/// Recovers and runs, as `Pipeline` does.
final class Core: Sendable {
  struct Limits {
    var loop = CommandLoop.Limits()
    var projection = LedgerProjection.Limits()

    /// Small batches and partitions, so that few rows cross many borders.
    static func small(batchRows: Int = 64, partitionRows: UInt64 = 100) -> Limits {
      var limits = Limits()
      limits.projection.batchRows = batchRows
      limits.projection.partitionRows = partitionRows
      return limits
    }
  }

  /// Reasons of halts, in order.
  final class Halts: Sendable {
    private let reasons = Mutex<[String]>([])
    var all: [String] { reasons.withLock { $0 } }
    func note(_ reason: String) { reasons.withLock { $0.append(reason) } }
  }

  let database: TestDatabase
  let halts = Halts()
  let loop: CommandLoop
  let projection: LedgerProjection
  let reader: LedgerReader

  init(
    _ database: TestDatabase, limits: Limits = Limits(), clock: LoopClock = .system,
    gate: @escaping @Sendable () -> String? = { nil }
  ) throws {
    self.database = database
    var store = try JournalStore(database.app)
    // A session that ended a moment ago may still hold the lead.
    let lead = try eventually { try store.lead() }
    try #require(lead)
    let watermark = try Watermark.read(database.app)
    let (head, term, halts) = (try store.head(), Term(), halts)
    let projection = LedgerProjection(
      conninfo: database.app, watermark: watermark, limits: limits.projection,
      term: { term.current }, onHalt: { halts.note($0) })
    let reader = LedgerReader(
      conninfo: database.app, partitionRows: limits.projection.partitionRows)
    var replay = try Replay(from: nil)
    var unprojected: [DurableGroup] = []
    try replay.run(store) { head, engine in
      if head.sequence >= watermark.journalSequence {
        unprojected.append(DurableGroup(head: head, effects: engine.effects))
      } else {
        projection.learn(Array(engine.effects.directory))
      }
      return true
    }
    let engine = replay.finish()
    try reader.load(upTo: watermark.entry, directory: engine.directory())
    for group in unprojected { Self.feed(group, projection, reader) }
    loop = CommandLoop(
      engine: engine, durable: head, store: store, conninfo: database.app, limits: limits.loop,
      clock: clock,
      sinks: [{ Self.feed($0, projection, reader) }], gate: gate, term: term,
      onHalt: { halts.note("\($0.code): \($0)") })
    (self.projection, self.reader) = (projection, reader)
    projection.start()
    #expect(projection.drain(withinSeconds: 60))
    reader.start()
    loop.start()
  }

  static func feed(
    _ group: DurableGroup, _ projection: LedgerProjection, _ reader: LedgerReader?
  ) {
    let effects = group.effects
    projection.enqueue(
      LedgerProjection.Segment(journalSequence: group.head.sequence, effects))
    reader?.take(firstEntry: effects.firstEntry, effects.entries, effects.directory)
    reader?.projected(upTo: projection.currentFigures().appliedEntry)
  }

  /// Waits for the answer.
  @discardableResult
  func submit(
    _ commands: [Command], isReserved: Bool = false
  ) -> Result<[Reply], SubmissionError> {
    let answer = Answer<Result<[Reply], SubmissionError>>()
    loop.submit(commands, in: isReserved ? .operators : .ordinary) { answer.give($0) }
    return (try? answer.wait()) ?? .failure(.outcomeUnknown)
  }

  func ledger(_ query: LedgerQuery) throws -> LedgerQuery.Page {
    let answer = Answer<Result<LedgerQuery.Page, LedgerQueryError>>()
    reader.query(query) { answer.give($0) }
    return try answer.wait().get()
  }

  func stateHash() -> [UInt8]? { ask { Journal.stateHash($0) } }

  /// Asks the engine and waits; nil where it does not answer.
  func ask<Value: Sendable>(
    _ query: @escaping @Sendable (borrowing AuctionEngine) -> Value
  ) -> Value? {
    let answer = Answer<Value?>()
    let isTaken = loop.ask { engine in
      let value = query(engine)
      return { answer.give(value) }
    } orElse: { _ in
      answer.give(nil)
    }
    return isTaken ? (try? answer.wait()) ?? nil : nil
  }

  func stop(withinSeconds seconds: Double = 30) {
    loop.stop(withinSeconds: seconds)
    projection.stop(withinSeconds: seconds)
    reader.stop()
  }
}

/// One answer, given once, waited for by a thread.
final class Answer<Value: Sendable>: Sendable {
  private let value = Mutex<Value?>(nil)
  private let isGiven = DispatchSemaphore(value: 0)

  func give(_ given: Value) {
    value.withLock { value in
      #expect(value == nil, "answered twice")
      value = given
    }
    isGiven.signal()
  }

  var isThere: Bool { value.withLock { $0 != nil } }

  /// The answer; throws where none comes, which would be a client that hangs.
  func wait(atMostSeconds seconds: Double = patience) throws -> Value {
    #expect(isGiven.wait(timeout: .now() + seconds) == .success, "nobody answered")
    return try #require(value.withLock { $0 })
  }
}
