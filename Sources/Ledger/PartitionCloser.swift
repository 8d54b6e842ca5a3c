// Full partitions of `balance_log` get the indexes that users' statements read by.

internal import Engine
internal import Foundation
internal import Postgres

/// Builds indexes behind the projection, one partition at a time. Its thread and connection are its
/// own: an index takes a second, and those of an older database take as many as it has partitions.
/// A closed partition takes no rows, so the writer waits for none of it.
final class PartitionCloser: @unchecked Sendable {
  // Sendable by hand: `connection` belongs to the closer's thread; everything else is guarded by
  // `monitor`.

  /// Between two attempts while the database is away.
  private static let retrySeconds = 1.0

  private let conninfo: String
  private let partitionRows: UInt64
  private var connection: PostgresConnection?

  private let monitor = NSCondition()
  private var appliedEntry: UInt64 = 0
  private var closedTo: UInt64 = 0
  private var stopping = false
  private var running = false

  init(conninfo: String, partitionRows: UInt64) {
    self.conninfo = conninfo
    self.partitionRows = partitionRows
  }

  /// Before the start: what a predecessor filled, and how far the projection is.
  func load(closedTo: UInt64, appliedEntry: UInt64) {
    monitor.withLock { (self.closedTo, self.appliedEntry) = (closedTo, appliedEntry) }
  }

  /// Whether there is a closed partition.
  var hasClosed: Bool { monitor.withLock { closedTo > 0 } }

  func projected(upTo entry: UInt64) {
    monitor.withLock {
      appliedEntry = max(appliedEntry, entry)
      if appliedEntry >= closedTo + partitionRows { monitor.broadcast() }
    }
  }

  /// `closed` gets the row after each partition that was closed.
  func start(_ closed: @escaping @Sendable (UInt64) -> Void) {
    monitor.withLock { running = true }
    let thread = Thread { [self] in
      run(closed)
      connection = nil
      monitor.withLock {
        running = false
        monitor.broadcast()
      }
    }
    thread.name = "ledger-index"
    thread.start()
  }

  /// An index in the making is left to the next start.
  func stop(until deadline: Date) {
    monitor.withLock {
      stopping = true
      monitor.broadcast()
      while running, monitor.wait(until: deadline) {}
    }
  }

  private enum Work {
    case partition(UInt64)
    case forgotten
  }

  private func run(_ closed: (UInt64) -> Void) {
    // What a predecessor filled and did not live to index, or indexed otherwise.
    var forgotten: [Int64]?
    while let work = nextWork(isComplete: forgotten?.isEmpty == true) {
      do throws(PostgresError) {
        if connection?.isAlive != true {
          connection = nil
          connection = try PostgresConnection(conninfo)
        }
        guard connection != nil else { continue }
        switch work {
        case .partition(let first):
          try close(Int64(first))
          let next = first + partitionRows
          monitor.withLock { closedTo = next - 1 }
          closed(next)
        case .forgotten:
          if forgotten == nil { forgotten = try withoutIndex(connection!) }
          if let first = forgotten?.popLast() { try close(first) }
        }
      } catch {
        // Until then its rows stay in memory, or are found the slow way.
        if error.isConnectionLoss { connection = nil }
        pause()
      }
    }
  }

  private func close(_ first: Int64) throws(PostgresError) {
    try connection?.execute("select core.close_partition(\(first))")
  }

  /// What to do next, the partition in memory first; nil to end.
  private func nextWork(isComplete: Bool) -> Work? {
    monitor.lock()
    defer { monitor.unlock() }
    while true {
      if stopping { return nil }
      if appliedEntry >= closedTo + partitionRows { return .partition(closedTo + 1) }
      if !isComplete { return .forgotten }
      monitor.wait()
    }
  }

  private func pause() {
    let deadline = Date(timeIntervalSinceNow: Self.retrySeconds)
    monitor.withLock { while !stopping, monitor.wait(until: deadline) {} }
  }

  /// Partitions before the tail that lack an index, the oldest first.
  private func withoutIndex(
    _ connection: borrowing PostgresConnection
  ) throws(PostgresError) -> [Int64] {
    let end = monitor.withLock { closedTo }
    let result = try connection.query(
      """
      select substring(c.relname from '[0-9]+$')::int8
      from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = 'public.balance_log'::regclass
        and not (
          exists (select from pg_class x where x.relname = c.relname || '_user')
          and exists (select from pg_class x where x.relname = c.relname || '_type'))
      order by 1
      """)
    return (0..<result.rowCount).map { result.int64($0, 0) }.filter { $0 <= end }
  }
}
