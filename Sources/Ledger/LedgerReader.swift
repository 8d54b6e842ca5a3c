// Users' own ledgers: a fair queue of queries over the rows in memory and the closed partitions.

public import Engine
internal import Foundation
internal import Postgres
internal import Synchronization

/// Answers users' queries in pages, one query at a time a user, and closes partitions behind the
/// projection.
///
/// **Invariant:** nothing that a query does makes the committer wait: under the lock that `take`
/// needs, a query takes a view and no step more.
public final class LedgerReader: @unchecked Sendable {
  // Sendable by hand: each of the two threads makes and drops what it owns (a connection); all
  // that is shared is in `recent`, or guarded by `monitor`.

  /// Rows and chunks that one page may look at in memory: some tenths of a millisecond.
  static let maximumSteps = 16_384

  private typealias Reply = @Sendable (Result<LedgerQuery.Page, LedgerQueryError>) -> Void
  private struct Job {
    var query: LedgerQuery
    var reply: Reply
  }
  /// A job whose page goes on in closed partitions.
  private struct OlderJob {
    var job: Job
    var newer: [LedgerRow]
    var before: UInt64
    var names: LedgerNames
  }
  /// What `take` and a query's view share.
  private struct Recent {
    var tail: LedgerTail
    var names = LedgerNames()
    /// The last entry that is in the tail.
    var taken: UInt64 = 0
  }

  private let conninfo: String
  private let partitionRows: UInt64
  private let report: @Sendable (String) -> Void
  private let closer: PartitionCloser
  private let recent: Mutex<Recent>

  private let monitor = NSCondition()
  private var queue = LedgerQueue<Job>()
  /// In the order of their turns; one a user, as its others wait in `queue`.
  private var olderJobs: [OlderJob] = []
  private var stopping = false
  /// Of the two threads.
  private var running = 0
  private var rowsWalked: UInt64 = 0

  /// - Parameter report: gets what an operator must look at: a row that cannot be.
  public init(
    conninfo: String, partitionRows: UInt64,
    report: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.conninfo = conninfo
    self.report = report
    self.partitionRows = partitionRows
    recent = Mutex(Recent(tail: LedgerTail(partitionRows: partitionRows)))
    closer = PartitionCloser(conninfo: conninfo, partitionRows: partitionRows)
  }

  /// Loads the rows of the open partition up to the watermark, so that the tail begins at a
  /// partition's border.
  public func load(upTo watermark: UInt64, directory: [DirectoryEvent]) throws {
    let names = recent.withLock { recent in
      for event in directory { recent.names.learn(event) }
      recent.taken = watermark
      return recent.names
    }
    if watermark == 0 { return }
    let start = (watermark - 1) / partitionRows * partitionRows + 1
    closer.load(closedTo: start - 1, appliedEntry: watermark)
    let connection = try PostgresConnection(conninfo)
    var next = start
    while next <= watermark {
      let rows = try LedgerArchive.rows(
        connection, names,
        "select \(LedgerArchive.columns) from public.balance_log "
          + "where seq >= \(next) and seq <= \(watermark) order by seq limit 50000",
        PostgresParameters())
      guard let last = rows.last, last.sequence == next + UInt64(rows.count) - 1 else {
        throw PostgresError.impossible("balance_log lacks rows between \(next) and \(watermark)")
      }
      let entries = ContiguousArray(rows.map(\.entry))
      recent.withLock { $0.tail.append(firstEntry: next, entries) }
      next = last.sequence + 1
    }
  }

  public func start() {
    closer.start { [self] first in
      // The rows' memory goes after the lock.
      _ = recent.withLock { $0.tail.removePartitions(before: first) }
    }
    monitor.withLock { running = 2 }
    spawn("ledger-reader") { [self] in answerRecent() }
    spawn("ledger-archive") { [self] in answerOlder() }
  }

  private func spawn(_ name: String, _ body: @escaping @Sendable () -> Void) {
    let thread = Thread { [self] in
      body()
      monitor.withLock {
        running -= 1
        monitor.broadcast()
      }
    }
    thread.name = name
    thread.start()
  }

  /// Takes a durable group; the projection may still be behind it.
  public func take(
    firstEntry: UInt64, _ entries: ContiguousArray<LedgerEntry>,
    _ directory: ContiguousArray<DirectoryEvent>
  ) {
    recent.withLock { recent in
      for event in directory { recent.names.learn(event) }
      // A replay gives again what was loaded.
      let known = max(recent.taken, firstEntry - 1) - (firstEntry - 1)
      guard known < entries.count else { return }
      let new = known == 0 ? entries : ContiguousArray(entries.dropFirst(Int(known)))
      recent.tail.append(firstEntry: firstEntry + known, new)
      recent.taken = firstEntry + UInt64(entries.count) - 1
    }
  }

  /// Tells how far the projection is: behind it, partitions that are full are closed.
  public func projected(upTo entry: UInt64) { closer.projected(upTo: entry) }

  /// One page, newest first. `reply` comes once: at once where the query is refused, else from a
  /// thread of the reader's.
  public func query(
    _ query: LedgerQuery,
    _ reply: @escaping @Sendable (Result<LedgerQuery.Page, LedgerQueryError>) -> Void
  ) {
    let refusal: LedgerQueryError? = monitor.withLock {
      if stopping { return .stopping }
      switch queue.add(Job(query: query, reply: reply), of: query.user) {
      case .tooManyOfUser: return .tooManyOfUser
      case .tooMany: return .tooMany
      case nil:
        monitor.broadcast()
        return nil
      }
    }
    if let refusal { reply(.failure(refusal)) }
  }

  /// Ends the threads. Queries that wait are refused, one that is being answered is answered.
  public func stop(withinSeconds seconds: Double = 10) {
    let refused = monitor.withLock {
      stopping = true
      monitor.broadcast()
      return queue.removeWaiting()
    }
    for job in refused { job.reply(.failure(.stopping)) }
    let deadline = Date(timeIntervalSinceNow: seconds)
    monitor.withLock { while running > 0, monitor.wait(until: deadline) {} }
    closer.stop(until: deadline)
  }

  /// Rows touched under the lock that `take` needs, and rows and chunks looked at without it.
  var steps: (underLock: UInt64, outside: UInt64) {
    (recent.withLock { $0.tail.rowsTouched }, monitor.withLock { rowsWalked })
  }

  // MARK: The thread that walks memory

  private func answerRecent() {
    while let job = nextJob() {
      let (view, names) = recent.withLock { ($0.tail.view(), $0.names) }
      let walk = view.walk(job.query, maximumSteps: Self.maximumSteps)
      monitor.withLock { rowsWalked += UInt64(walk.steps) }
      let end = min(job.query.before ?? .max, view.first ?? .max)
      if let reached = walk.reached, reached > 1 {
        finish(job, .success(LedgerQuery.Page(rows: walk.rows, next: reached)))
      } else if walk.reached == nil, end > 1, closer.hasClosed {
        monitor.withLock {
          olderJobs.append(OlderJob(job: job, newer: walk.rows, before: end, names: names))
          monitor.broadcast()
        }
      } else {
        finish(job, .success(LedgerQuery.Page(rows: walk.rows, next: nil)))
      }
    }
  }

  private func nextJob() -> Job? {
    monitor.lock()
    defer { monitor.unlock() }
    while true {
      if stopping { return nil }
      if let job = queue.next() { return job }
      monitor.wait()
    }
  }

  private func finish(_ job: Job, _ page: Result<LedgerQuery.Page, LedgerQueryError>) {
    job.reply(page)
    monitor.withLock {
      queue.finish(job.query.user)
      monitor.broadcast()
    }
  }

  // MARK: The thread that asks the database

  private func answerOlder() {
    var archive = LedgerArchive(conninfo: conninfo, partitionRows: partitionRows)
    while let older = nextOlderJob() {
      var query = older.job.query
      query.before = older.before
      query.limit -= older.newer.count
      do throws(PostgresError) {
        var page = try archive.page(query, older.names)
        page.rows = older.newer + page.rows
        finish(older.job, .success(page))
      } catch {
        if error.isImpossible {
          report("the ledger of user \(query.user) before row \(older.before): \(error)")
        }
        finish(older.job, .failure(.database(error)))
      }
    }
  }

  private func nextOlderJob() -> OlderJob? {
    monitor.lock()
    defer { monitor.unlock() }
    while olderJobs.isEmpty {
      // The other thread adds no more once it has ended.
      if stopping, running < 2 { return nil }
      monitor.wait()
    }
    return olderJobs.removeFirst()
  }
}
