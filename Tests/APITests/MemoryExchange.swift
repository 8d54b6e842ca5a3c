// The core for tests: a real engine in memory behind the seam, with failures on demand.

import API
import Engine
import Ledger
import Synchronization

/// Applies commands to a real engine at once; everything is "durable" when it returns.
final class MemoryExchange: Exchange {
  private struct Core: ~Copyable {
    var engine = AuctionEngine()
    var rows: [LedgerRow] = []
    var acts: [OperatorAct] = []
    var failure: ExchangeError?
    var failures = 0
    var readiness = Readiness.ready
    var submitted = 0
    var hasChain = true
    var looks = Int.max
    var holdsReads = false
    var held: [CheckedContinuation<Void, Never>] = []
  }

  let directory = Directory()
  let events: MarketEvents
  let desk = MemoryDesk()
  let payouts = MemoryPayouts()
  private let core = Mutex(Core())

  init(maximumReaders: Int = 1_000) {
    events = MarketEvents(directory: directory, maximumReaders: maximumReaders)
    payouts.attach { [weak self] id in
      self?.core.withLock { core in
        core.engine.withdrawal(id).map { ($0, core.engine.asset($0.asset)) }
      }
    }
  }

  /// What the next calls throw.
  func fail(with error: ExchangeError, times: Int = .max) {
    core.withLock { core in
      core.failure = error
      core.failures = times
    }
  }
  func hasChain(_ has: Bool) { core.withLock { $0.hasChain = has } }
  var deposits: (any DepositDesk)? { core.withLock { $0.hasChain } ? desk : nil }
  var withdrawals: (any WithdrawalDesk)? { core.withLock { $0.hasChain } ? payouts : nil }
  var sweeps: (any SweepDesk)? { core.withLock { $0.hasChain } ? payouts : nil }
  /// Reads wait until they are let go.
  func holdReads() { core.withLock { $0.holdsReads = true } }
  var heldReads: Int { core.withLock { $0.held.count } }
  /// All that wait; whether the next ones do.
  func letReadsGo(holdingNext: Bool) {
    let held = core.withLock { core in
      core.holdsReads = holdingNext
      defer { core.held = [] }
      return core.held
    }
    for read in held { read.resume() }
  }
  var decisions: (any DecisionDesk)? { core.withLock { $0.hasChain } ? desk : nil }
  func setReadiness(_ readiness: Readiness) { core.withLock { $0.readiness = readiness } }
  /// Commands that came through `submit`.
  var submittedCount: Int { core.withLock { $0.submitted } }

  @discardableResult
  func apply(_ commands: [Command]) -> [Reply] {
    let (replies, auctions) = core.withLock { core in
      let replies = commands.map { core.engine.apply($0) }
      let first = core.engine.effects.firstEntry
      for (index, entry) in core.engine.effects.entries.enumerated() {
        core.rows.append(LedgerRow(sequence: first + UInt64(index), entry: entry))
      }
      directory.apply(core.engine.effects.directory)
      core.acts += core.engine.effects.operations
      let auctions = core.engine.effects.tape.compactMap { event -> AuctionResult? in
        if case .auction(let result) = event { result } else { nil }
      }
      core.engine.effects.removeAll()
      return (replies, auctions)
    }
    events.publish(auctions)
    return replies
  }

  /// Moves time to the next due runs and runs them.
  func runAuctions() {
    let due = core.withLock { core -> [Command] in
      guard let next = core.engine.nextDue else { return [] }
      return [.schedule(.advanceTime(max(next, core.engine.time + 1)))]
        + core.engine.dueRuns(at: max(next, core.engine.time + 1))
    }
    apply(due)
  }

  // MARK: Exchange

  func submit(_ commands: [Command]) async throws(ExchangeError) -> [Reply] {
    try check()
    core.withLock { $0.submitted += commands.count }
    return apply(commands)
  }

  func read<Value: Sendable>(
    _ query: @escaping @Sendable (borrowing AuctionEngine) -> Value
  ) async throws(ExchangeError) -> Value {
    try check()
    await withCheckedContinuation { continuation in
      let isHeld = core.withLock { core in
        if core.holdsReads { core.held.append(continuation) }
        return core.holdsReads
      }
      if !isHeld { continuation.resume() }
    }
    return core.withLock { query($0.engine) }
  }

  /// What operators did, without the projection's words: those are tested with a real database.
  func operatorLog(_ query: OperatorLogQuery) async throws(ExchangeError) -> [OperatorLogRow] {
    try check()
    return core.withLock { core in
      core.acts.enumerated().reversed().filter { _, act in
        act.authority.user == query.operator ?? act.authority.user
      }.prefix(query.limit).map { number, act in
        OperatorLogRow(
          place: OperatorLogRow.Place(journalSequence: Int64(number), position: 0),
          time: act.time, operator: act.authority.user, key: act.authority.key,
          action: "\(act.action)".split(separator: "(").first.map(String.init) ?? "",
          subject: "\(act.id)", detail: "", reason: act.authority.reason)
      }
    }
  }

  /// Looks at so many rows a page, whosever they are.
  func look(atMost rows: Int) { core.withLock { $0.looks = rows } }

  func ledger(_ query: LedgerQuery) async throws(ExchangeError) -> LedgerQuery.Page {
    try check()
    return core.withLock { core in
      var page = LedgerQuery.Page(rows: [], next: nil)
      var looks = core.looks
      for row in core.rows.reversed() where row.sequence < query.before ?? .max {
        if row.entry.user == query.user, (query.asset ?? row.entry.asset) == row.entry.asset,
          (query.type ?? row.entry.type) == row.entry.type
        {
          page.rows.append(row)
        }
        looks -= 1
        if page.rows.count == query.limit || looks == 0 {
          page.next = row.sequence > 1 ? row.sequence : nil
          break
        }
      }
      return page
    }
  }

  func readiness() -> Readiness { core.withLock { $0.readiness } }

  func metrics() -> [Metric] {
    [Metric("uncross_test_figure", "A figure.", .gauge, 1.5, labels: [("kind", "a\"b")])]
  }

  private func check() throws(ExchangeError) {
    let failure = core.withLock { core -> ExchangeError? in
      guard core.failures > 0 else { return nil }
      core.failures -= 1
      return core.failure
    }
    if let failure { throw failure }
  }
}
