// The newest ledger rows in memory: the committer appends, readers walk a view of their own.

internal import Engine

/// The rows since the last closed partition, in chunks that never change once they are full.
///
/// **Invariant:** a walk needs no lock. Who holds the lock appends rows, or takes a view, which
/// copies a few references; rows are looked at in the view, after the lock.
///
/// Bounded: a partition's rows leave when its index stands.
struct LedgerTail {
  /// Rows of one chunk. An append beside a view copies the open chunk, this many rows at most
  /// (64 KB); a view's walk looks at each of the open chunk's rows.
  static let chunkRows = 512

  /// The chunks of one partition, or of its part that this process has seen; without its open one.
  struct Segment {
    var first: UInt64
    var chunks: [LedgerChunk] = []
  }

  private let partitionRows: UInt64
  private let chunkRows: Int
  private var segments: [Segment] = []
  /// The rows behind the last full chunk; they belong to the last segment.
  private var open: ContiguousArray<LedgerEntry> = []
  private var openFirst: UInt64 = 0
  /// Rows that were looked at by who held the lock, one by one: those that were appended.
  private(set) var rowsTouched: UInt64 = 0

  init(partitionRows: UInt64, chunkRows: Int = Self.chunkRows) {
    precondition((1...Int(UInt16.max)).contains(chunkRows), "a place in a chunk has 16 bits")
    self.partitionRows = partitionRows
    self.chunkRows = chunkRows
  }

  /// The first row that is in memory; older ones are in closed partitions.
  var first: UInt64? { segments.first?.first }

  /// The row after the newest; nil without one.
  private var next: UInt64? { segments.isEmpty ? nil : openFirst + UInt64(open.count) }

  mutating func append(firstEntry: UInt64, _ entries: ContiguousArray<LedgerEntry>) {
    precondition(next == nil || next == firstEntry, "the tail missed entries")
    var sequence = firstEntry
    for entry in entries {
      let isStart = (sequence - 1) % partitionRows == 0
      if segments.isEmpty || isStart {
        seal()
        segments.append(Segment(first: sequence))
        openFirst = sequence
      }
      open.append(entry)
      sequence += 1
      if open.count == chunkRows { seal() }
    }
    rowsTouched += UInt64(entries.count)
  }

  private mutating func seal() {
    guard !open.isEmpty else { return }
    segments[segments.count - 1].chunks.append(LedgerChunk(first: openFirst, open))
    openFirst += UInt64(open.count)
    open = []
    open.reserveCapacity(chunkRows)
  }

  /// Takes out the partitions before this row, which the database has indexed by now. The caller
  /// lets them go after the lock: giving back their memory takes milliseconds.
  mutating func removePartitions(before first: UInt64) -> [Segment] {
    let end = segments.firstIndex { $0.first >= first } ?? segments.count
    // The last one takes rows as long as it is not full.
    let gone = end == segments.count && (next ?? 0) < first ? max(end - 1, 0) : end
    guard gone > 0 else { return [] }
    if gone == segments.count { seal() }
    let removed = Array(segments[..<gone])
    segments.removeFirst(gone)
    return removed
  }

  /// What is there now, to be walked without the lock.
  func view() -> View { View(segments: segments, open: open, openFirst: openFirst) }
}

/// Full, so never changed: rows in order, and where each user's are.
final class LedgerChunk: Sendable {
  private struct Run {
    var user: UserID
    /// Its first place in `places`; the last is before the next run's.
    var start: UInt16
    /// A bit for each type, and for each asset modulo 64, that is among the rows: a filter passes
    /// over chunks without looking at rows.
    var types: UInt64 = 0
    var assets: UInt64 = 0
  }

  let first: UInt64
  let entries: ContiguousArray<LedgerEntry>
  /// Places of rows by user, and in order of each.
  private let places: [UInt16]
  private let runs: [Run]

  init(first: UInt64, _ entries: ContiguousArray<LedgerEntry>) {
    self.first = first
    self.entries = entries
    // User above, place below: one number to sort by.
    let keys = entries.indices.map { UInt64(entries[$0].user) << 16 | UInt64($0) }.sorted()
    places = keys.map { UInt16(truncatingIfNeeded: $0) }
    var runs: [Run] = []
    for (index, place) in places.enumerated() {
      let entry = entries[Int(place)]
      if runs.last?.user != entry.user {
        runs.append(Run(user: entry.user, start: UInt16(index)))
      }
      runs[runs.count - 1].types |= Self.bit(entry.type)
      runs[runs.count - 1].assets |= Self.bit(entry.asset)
    }
    self.runs = runs
  }

  private static func bit(_ type: LedgerTransactionType) -> UInt64 { 1 << UInt64(type.rawValue) }
  private static func bit(_ asset: AssetID) -> UInt64 { 1 << UInt64(asset % 64) }

  /// Places of the user's rows in this chunk, oldest first; none where no row fits the filters.
  func places(for query: LedgerQuery) -> ArraySlice<UInt16> {
    let index = runs.firstIndexOfSorted { $0.user >= query.user }
    guard index < runs.count, runs[index].user == query.user else { return [] }
    let run = runs[index]
    if let type = query.type, run.types & Self.bit(type) == 0 { return [] }
    if let asset = query.asset, run.assets & Self.bit(asset) == 0 { return [] }
    let end = index + 1 < runs.count ? Int(runs[index + 1].start) : places.count
    return places[Int(run.start)..<end]
  }
}

extension LedgerTail {
  /// The tail as it was at one moment.
  struct View {
    fileprivate let segments: [Segment]
    fileprivate let open: ContiguousArray<LedgerEntry>
    fileprivate let openFirst: UInt64

    /// The first row that is in memory; nil where none is.
    var first: UInt64? { segments.first?.first }

    /// What a walk found, newest first.
    struct Walk {
      var rows: [LedgerRow] = []
      /// Chunks and rows that were looked at.
      var steps = 0
      /// Every row from here on was looked at; nil where all of the view was.
      var reached: UInt64?
    }

    /// Rows of the query, at most its limit and at the price of `maximumSteps` steps.
    func walk(_ query: LedgerQuery, maximumSteps: Int) -> Walk {
      var walk = Walk()
      let before = query.before ?? .max
      func isOver(_ sequence: UInt64) -> Bool {
        guard walk.rows.count == query.limit || walk.steps >= maximumSteps else { return false }
        walk.reached = sequence
        return true
      }
      func look(_ sequence: UInt64, _ entry: LedgerEntry) {
        walk.steps += 1
        if query.matches(entry) { walk.rows.append(LedgerRow(sequence: sequence, entry: entry)) }
      }
      if before > openFirst {
        let end = Int(min(UInt64(open.count), before - openFirst))
        for place in (0..<end).reversed() {
          let sequence = openFirst + UInt64(place)
          look(sequence, open[place])
          if isOver(sequence) { return walk }
        }
      }
      for segment in segments.reversed() {
        let end = segment.chunks.firstIndexOfSorted { $0.first >= before }
        for chunk in segment.chunks[..<end].reversed() {
          let places = chunk.places(for: query)
          walk.steps += 1
          let start = places.firstIndexOfSorted { chunk.first + UInt64($0) >= before }
          for place in places[..<start].reversed() {
            let sequence = chunk.first + UInt64(place)
            look(sequence, chunk.entries[Int(place)])
            if isOver(sequence) { return walk }
          }
          if isOver(chunk.first) { return walk }
        }
      }
      return walk
    }
  }
}

extension LedgerQuery {
  fileprivate func matches(_ entry: LedgerEntry) -> Bool {
    user == entry.user && (asset == nil || asset == entry.asset)
      && (type == nil || type == entry.type)
  }
}

extension RandomAccessCollection where Index == Int {
  /// The first index of which the predicate holds, where it holds of all behind it too.
  fileprivate func firstIndexOfSorted(_ predicate: (Element) -> Bool) -> Int {
    var (low, high) = (startIndex, endIndex)
    while low < high {
      let middle = low + (high - low) / 2
      if predicate(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
