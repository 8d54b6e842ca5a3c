// Users' own ledgers: the newest rows in memory, the others by the index of closed partitions.

public import Engine
internal import Foundation
public import Postgres

/// The rows since the last closed partition, linked by user: a user's page is a walk of as many
/// steps as rows, never a scan. Bounded: a partition's rows leave when its index stands.
struct LedgerTail {
  /// The rows of one partition, or of its part that this process has seen.
  private struct Segment {
    var first: UInt64
    var entries: ContiguousArray<LedgerEntry> = []
    /// For each row the place of the same user's row before it in this segment; -1 for none.
    var links: ContiguousArray<Int32> = []
    var lastOfUser: [UserID: Int32] = [:]

    mutating func append(_ entry: LedgerEntry) {
      let place = Int32(entries.count)
      links.append(lastOfUser.updateValue(place, forKey: entry.user) ?? -1)
      entries.append(entry)
    }
  }

  private let partitionRows: UInt64
  private var segments: [Segment] = []

  init(partitionRows: UInt64) { self.partitionRows = partitionRows }

  /// The first row that is in memory; older ones are in closed partitions.
  var first: UInt64? { segments.first?.first }

  /// The row after the newest; nil without one.
  private var next: UInt64? { segments.last.map { $0.first + UInt64($0.entries.count) } }

  mutating func append(firstEntry: UInt64, _ entries: ContiguousArray<LedgerEntry>) {
    var sequence = firstEntry
    precondition(next == nil || next == firstEntry, "the tail missed entries")
    for entry in entries {
      let start = (sequence - 1) / partitionRows * partitionRows + 1
      if segments.isEmpty || sequence == start { segments.append(Segment(first: sequence)) }
      segments[segments.count - 1].append(entry)
      sequence += 1
    }
  }

  /// Rows before this one are to be had from the database.
  mutating func drop(before first: UInt64) {
    segments.removeAll { $0.first < first && $0.first + UInt64($0.entries.count) <= first }
  }

  /// Rows of the query that are in memory, newest first, at most its limit.
  func rows(_ query: LedgerQuery) -> [LedgerRow] {
    var rows: [LedgerRow] = []
    for segment in segments.reversed() {
      var place = segment.lastOfUser[query.user] ?? -1
      while place >= 0, rows.count < query.limit {
        let entry = segment.entries[Int(place)]
        let sequence = segment.first + UInt64(place)
        if sequence < query.before ?? .max, query.matches(entry) {
          rows.append(LedgerRow(sequence: sequence, entry: entry))
        }
        place = segment.links[Int(place)]
      }
      if rows.count == query.limit { break }
    }
    return rows
  }
}

extension LedgerQuery {
  func matches(_ entry: LedgerEntry) -> Bool {
    (asset == nil || asset == entry.asset) && (type == nil || type == entry.type)
  }
}

/// Answers users' queries, and closes partitions behind the projection. Its connection and thread
/// are its own.
public final class LedgerReader: @unchecked Sendable {
  // Sendable by hand: `connection` belongs to the reader's thread; everything else is guarded by
  // `monitor`.
  private let conninfo: String
  private let partitionRows: UInt64
  private var connection: PostgresConnection?

  private typealias Job = (LedgerQuery, @Sendable (Result<[LedgerRow], PostgresError>) -> Void)

  private let monitor = NSCondition()
  private var tail: LedgerTail
  private var names = LedgerNames()
  private var jobs: [Job] = []
  private var appliedEntry: UInt64 = 0
  /// The last entry that is in the tail.
  private var taken: UInt64 = 0
  private var closedTo: UInt64 = 0
  private var stopping = false
  private var running = false

  /// Queries that may wait; beyond it they are refused.
  private static let maximumJobs = 1_024

  public init(conninfo: String, partitionRows: UInt64) {
    self.conninfo = conninfo
    self.partitionRows = partitionRows
    tail = LedgerTail(partitionRows: partitionRows)
  }

  /// Loads the rows of the open partition up to the watermark, so that the tail begins at a
  /// partition's border.
  public func load(upTo watermark: UInt64, directory: [DirectoryEvent]) throws {
    for event in directory { names.learn(event) }
    appliedEntry = watermark
    taken = watermark
    if watermark == 0 { return }
    let start = (watermark - 1) / partitionRows * partitionRows + 1
    closedTo = start - 1
    let connection = try PostgresConnection(conninfo)
    var next = start
    while next <= watermark {
      let rows = try Self.read(
        connection, names,
        "where seq >= \(next) and seq <= \(watermark) order by seq limit 50000",
        PostgresParameters())
      guard let last = rows.last, last.sequence == next + UInt64(rows.count) - 1 else {
        throw PostgresError(message: "balance_log lacks rows between \(next) and \(watermark)")
      }
      tail.append(firstEntry: next, ContiguousArray(rows.map(\.entry)))
      next = last.sequence + 1
    }
  }

  public func start() {
    monitor.withLock { running = true }
    let thread = Thread { [self] in
      run()
      connection = nil
      monitor.withLock {
        running = false
        monitor.broadcast()
      }
    }
    thread.name = "ledger-reader"
    thread.start()
  }

  /// Takes a durable group; the projection may still be behind it.
  public func take(
    firstEntry: UInt64, _ entries: ContiguousArray<LedgerEntry>,
    _ directory: ContiguousArray<DirectoryEvent>
  ) {
    monitor.withLock {
      for event in directory { names.learn(event) }
      // A replay gives again what was loaded.
      let known = max(taken, firstEntry - 1) - (firstEntry - 1)
      guard known < entries.count else { return }
      tail.append(
        firstEntry: firstEntry + known, ContiguousArray(entries.dropFirst(Int(known))))
      taken = firstEntry + UInt64(entries.count) - 1
    }
  }

  /// Tells how far the projection is: behind it, partitions that are full are closed.
  public func projected(upTo entry: UInt64) {
    monitor.withLock {
      appliedEntry = max(appliedEntry, entry)
      if appliedEntry >= closedTo + partitionRows { monitor.broadcast() }
    }
  }

  /// One page, newest first. `reply` may come at once or from the reader's thread.
  public func query(
    _ query: LedgerQuery, _ reply: @escaping @Sendable (Result<[LedgerRow], PostgresError>) -> Void
  ) {
    monitor.lock()
    let rows = tail.rows(query)
    let oldest = tail.first ?? .max
    let end = min(query.before ?? .max, oldest)
    let needsOlder = rows.count < query.limit && closedTo > 0 && end > 1
    guard needsOlder else {
      monitor.unlock()
      return reply(.success(rows))
    }
    guard jobs.count < Self.maximumJobs, !stopping else {
      monitor.unlock()
      return reply(.failure(PostgresError(message: "too many ledger queries wait")))
    }
    var older = query
    older.before = end
    older.limit = query.limit - rows.count
    jobs.append((older, { reply($0.map { rows + $0 }) }))
    monitor.broadcast()
    monitor.unlock()
  }

  public func stop() {
    monitor.withLock {
      stopping = true
      monitor.broadcast()
      while running, monitor.wait(until: Date(timeIntervalSinceNow: 10)) { continue }
    }
  }

  // MARK: The reader's thread

  private func run() {
    // What a predecessor filled and did not live to index.
    var isComplete = closeForgotten()
    while true {
      monitor.lock()
      while jobs.isEmpty, !stopping, appliedEntry < closedTo + partitionRows {
        _ = monitor.wait(until: Date(timeIntervalSinceNow: 5))
      }
      if stopping, jobs.isEmpty {
        monitor.unlock()
        return
      }
      let work = jobs
      jobs = []
      let closing = appliedEntry >= closedTo + partitionRows ? closedTo + 1 : nil
      let names = names
      monitor.unlock()
      for (query, reply) in work { reply(answer(query, names)) }
      if !isComplete { isComplete = closeForgotten() }
      if let closing { close(closing) }
    }
  }

  /// Indexes the partitions before the tail that lack it; true when none is left.
  private func closeForgotten() -> Bool {
    let end = monitor.withLock { closedTo }
    if end == 0 { return true }
    do throws(PostgresError) {
      try connected()
      guard connection != nil else { return false }
      let partitions = try connection!.query(
        """
        select substring(c.relname from '[0-9]+$')::int8
        from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'public.balance_log'::regclass
          and not exists (select from pg_class x where x.relname = c.relname || '_user')
        """, PostgresParameters())
      for row in 0..<partitions.rowCount {
        let first = partitions.int64(row, 0)
        if UInt64(first) < end { try connection?.execute("select core.close_partition(\(first))") }
      }
      return true
    } catch {
      connection = nil
      return false
    }
  }

  private func connected() throws(PostgresError) {
    if connection?.isAlive == true { return }
    connection = nil
    connection = try PostgresConnection(conninfo)
  }

  private func answer(
    _ query: LedgerQuery, _ names: LedgerNames
  ) -> Result<[LedgerRow], PostgresError> {
    // An asset so new that this ledger has no entry of it.
    if let asset = query.asset, Int(asset) >= names.assets.count { return .success([]) }
    do throws(PostgresError) {
      try connected()
      var parameters = PostgresParameters()
      parameters.int8(Int64(query.user))
      parameters.int8(Int64(clamping: query.before ?? .max))
      parameters.text(query.asset.map { names.assets[Int($0)] } ?? "")
      parameters.text(query.type.map { "\($0.name)" } ?? "")
      parameters.int8(Int64(query.limit))
      guard connection != nil else { throw PostgresError(message: "no connection") }
      return .success(
        try Self.read(
          connection!, names,
          """
          where user_id = $1 and seq < $2 and ($3 = '' or asset = $3) and ($4 = '' or type = $4)
          order by seq desc limit $5
          """, parameters))
    } catch {
      connection = nil
      return .failure(error)
    }
  }

  private func close(_ first: UInt64) {
    do throws(PostgresError) {
      try connected()
      try connection?.execute("select core.close_partition(\(first))")
      monitor.withLock {
        closedTo = first + partitionRows - 1
        tail.drop(before: first + partitionRows)
      }
    } catch {
      // Tried again: until then the rows stay in memory.
      connection = nil
      Thread.sleep(forTimeInterval: 1)
    }
  }

  private static func read(
    _ connection: borrowing PostgresConnection, _ names: LedgerNames, _ condition: String,
    _ parameters: borrowing PostgresParameters
  ) throws(PostgresError) -> [LedgerRow] {
    let result = try connection.query(
      """
      select seq, user_id, asset, free_delta, locked_delta, free_after, locked_after, type, ref,
        created_at
      from public.balance_log \(condition)
      """, parameters)
    var rows: [LedgerRow] = []
    rows.reserveCapacity(result.rowCount)
    for row in 0..<result.rowCount {
      let asset = result.string(row, 2)
      let type = result.string(row, 7)
      guard let assetID = names.assets.firstIndex(of: asset),
        let kind = LedgerTransactionType.allCases.first(where: { "\($0.name)" == type }),
        let reference = names.reference(result.string(row, 8))
      else { throw PostgresError(message: "a ledger row that this program did not write") }
      rows.append(
        LedgerRow(
          sequence: UInt64(result.int64(row, 0)),
          entry: LedgerEntry(
            user: UserID(result.int64(row, 1)), asset: AssetID(assetID), type: kind,
            reference: reference, freeDelta: result.numeric(row, 3),
            lockedDelta: result.numeric(row, 4), freeAfter: result.numeric(row, 5),
            lockedAfter: result.numeric(row, 6), previousEntry: 0, time: result.timestamp(row, 9))))
    }
    return rows
  }
}
