// Entries into `balance_log` and `balance`: many groups a transaction, exactly once, on a thread of its own.

public import Engine
internal import Foundation
public import Postgres

/// Follows the journal: takes the entries of durable groups in order and writes them to Postgres.
///
/// **Invariant:** after each transaction `balance` is the sum of `balance_log`, both up to the watermark.
public final class LedgerProjection: @unchecked Sendable {
  // Sendable by hand: `connection`, `state`, `partitions` and `names` belong to the projection's thread (set before it
  // starts); everything else is guarded by `monitor`.

  public struct Limits: Sendable {
    /// Rows of one transaction: beyond this a batch gains little (measured) and a lost one costs more.
    public var batchRows = 50_000
    /// Rows of a partition of `balance_log`; the open one and the one before it are kept in memory for
    /// users' statements, at about 150 bytes a row.
    public var partitionRows: UInt64 = 1 << 19
    /// Waiting rows and seconds at which ordinary commands are refused.
    public var lagRows: UInt64 = 2_000_000
    public var lagSeconds: Double = 30

    public init() {}
  }

  /// What one journal group gives the ledger.
  public struct Segment: Sendable {
    public var journalSequence: Int64
    public var firstEntry: UInt64
    public var entries: ContiguousArray<LedgerEntry>
    public var directory: ContiguousArray<DirectoryEvent>

    public init(
      journalSequence: Int64, firstEntry: UInt64, entries: ContiguousArray<LedgerEntry>,
      directory: ContiguousArray<DirectoryEvent>
    ) {
      self.journalSequence = journalSequence
      self.firstEntry = firstEntry
      self.entries = entries
      self.directory = directory
    }
  }

  public struct Figures: Sendable {
    /// Entries that wait, and how long the oldest of them has.
    public var lagRows: UInt64 = 0
    public var lagSeconds: Double = 0
    public var appliedEntry: UInt64 = 0
    public var appliedSequence: Int64 = 0
    public var transactions: UInt64 = 0
    public var isConnected = false
  }

  private let conninfo: String
  private let limits: Limits
  /// The term of this process, which changes when the journal's connection does.
  private let term: @Sendable () -> Int64
  private let onHalt: @Sendable (String) -> Void

  private var writer: LedgerWriter?
  private var state: ProjectionState
  private var names = LedgerNames()

  private let monitor = NSCondition()
  private var queue: [(segment: Segment, since: Date)] = []
  private var head = 0
  private var consumed = 0
  private var queuedEntry: UInt64
  private var queuedSequence: Int64
  private var figures = Figures()
  private var stopping = false
  private var running = false
  private var halted = false

  /// - Parameter watermark: what the database says at the start (`LedgerWriter.watermark`).
  public init(
    conninfo: String, watermark: Watermark, limits: Limits = Limits(),
    term: @escaping @Sendable () -> Int64, onHalt: @escaping @Sendable (String) -> Void
  ) {
    self.conninfo = conninfo
    self.limits = limits
    self.term = term
    self.onHalt = onHalt
    state = ProjectionState(applied: watermark.entry)
    queuedEntry = watermark.entry
    queuedSequence = watermark.journalSequence
    figures.appliedEntry = watermark.entry
    figures.appliedSequence = watermark.journalSequence
  }

  public func start() {
    monitor.withLock { running = true }
    let thread = Thread { [self] in
      run()
      monitor.withLock {
        running = false
        monitor.broadcast()
      }
    }
    thread.name = "ledger"
    thread.start()
  }

  /// Takes a group's entries; those at or before the watermark are skipped, so a replay may give all.
  public func enqueue(_ segment: Segment) {
    monitor.withLock {
      let last = segment.firstEntry + UInt64(segment.entries.count) - 1
      guard segment.journalSequence > queuedSequence || last > queuedEntry else { return }
      var segment = segment
      if !segment.entries.isEmpty {
        let skip = queuedEntry + 1 > segment.firstEntry ? queuedEntry + 1 - segment.firstEntry : 0
        precondition(segment.firstEntry + skip == queuedEntry + 1, "the ledger missed entries")
        segment.entries.removeFirst(Int(skip))
        segment.firstEntry += skip
        queuedEntry = last
      }
      queuedSequence = max(queuedSequence, segment.journalSequence)
      queue.append((segment, Date()))
      monitor.broadcast()
    }
  }

  public func currentFigures() -> Figures {
    monitor.withLock {
      var now = figures
      now.lagRows = queuedEntry - figures.appliedEntry
      now.lagSeconds =
        head < queue.count && now.lagRows > 0 ? -queue[head].since.timeIntervalSinceNow : 0
      return now
    }
  }

  /// Why ordinary commands should wait, or nil.
  public func gate() -> String? {
    let now = currentFigures()
    return now.lagRows > limits.lagRows || now.lagSeconds > limits.lagSeconds ? "ledger_lag" : nil
  }

  /// Waits until everything queued so far is applied; false where it took too long or halted.
  public func drain(withinSeconds seconds: Double) -> Bool {
    let deadline = Date(timeIntervalSinceNow: seconds)
    return monitor.withLock {
      let target = queuedEntry
      while figures.appliedEntry < target, !halted {
        if !monitor.wait(until: deadline) { break }
      }
      return figures.appliedEntry >= target
    }
  }

  /// Applies what is queued, then ends the thread.
  public func stop(withinSeconds seconds: Double = 30) {
    let deadline = Date(timeIntervalSinceNow: seconds)
    monitor.withLock {
      stopping = true
      monitor.broadcast()
      while running, monitor.wait(until: deadline) {}
    }
  }

  // MARK: The projection's thread

  private func run() {
    perform(state.handle(.retry))
    while let batch = nextBatch() {
      current = batch
      perform(state.handle(.batch(lastEntry: batch.lastEntry)))
      if monitor.withLock({ halted }) { return }
    }
  }

  private var current = LedgerBatch()

  /// As many queued entries as one transaction should take; a giant group is taken in pieces.
  private func nextBatch() -> LedgerBatch? {
    monitor.lock()
    defer { monitor.unlock() }
    while true {
      if halted { return nil }
      if head < queue.count { break }
      if stopping { return nil }
      _ = monitor.wait(until: Date(timeIntervalSinceNow: 1))
    }
    var batch = LedgerBatch()
    batch.lastEntry = figures.appliedEntry
    batch.journalSequence = figures.appliedSequence
    while head < queue.count, batch.count < limits.batchRows {
      let segment = queue[head].segment
      let take = min(segment.entries.count - consumed, limits.batchRows - batch.count)
      if consumed == 0 { batch.directory.append(contentsOf: segment.directory) }
      if take > 0 {
        batch.pieces.append((segment.entries[consumed..<consumed + take], segment.firstEntry + UInt64(consumed)))
        batch.count += take
        consumed += take
        batch.lastEntry = segment.firstEntry + UInt64(consumed) - 1
      }
      batch.journalSequence = segment.journalSequence
      batch.eventIndex = consumed
      if consumed < segment.entries.count { break }
      head += 1
      consumed = 0
    }
    return batch
  }

  private func perform(_ first: [ProjectionState.Action]) {
    var actions = first
    while !actions.isEmpty {
      switch actions.removeFirst() {
      case .connect: actions += state.handle(connect())
      case .apply(let after): actions += state.handle(apply(after: after))
      case .settled: settle()
      case .wait(let milliseconds):
        monitor.withLock { figures.isConnected = false }
        Thread.sleep(forTimeInterval: Double(milliseconds) / 1_000)
        if monitor.withLock({ stopping && !figures.isConnected && halted }) { return }
        actions += state.handle(.retry)
      case .halt(let reason):
        monitor.withLock {
          halted = true
          monitor.broadcast()
        }
        onHalt("ledger_divergence: \(reason)")
      }
    }
  }

  private func settle() {
    monitor.withLock {
      figures.appliedEntry = current.lastEntry
      figures.appliedSequence = current.journalSequence
      figures.transactions += 1
      figures.isConnected = true
      if head > 1_024 || head == queue.count {
        queue.removeFirst(head)
        head = 0
      }
      monitor.broadcast()
    }
  }

  private func connect() -> ProjectionState.Event {
    writer = nil
    do throws(PostgresError) {
      let fresh = try LedgerWriter(conninfo, partitionRows: limits.partitionRows)
      let watermark = try fresh.watermark()
      writer = consume fresh
      monitor.withLock { figures.isConnected = true }
      return .connected(watermark: watermark.entry)
    } catch {
      return .connectFailed
    }
  }

  private func apply(after: UInt64) -> ProjectionState.Event {
    for event in current.directory { names.learn(event) }
    do throws(PostgresError) {
      guard try writer?.apply(current, after: after, term: term(), names: names) != nil else {
        return .connectionLost
      }
      return .committed
    } catch {
      switch error.sqlstate {
      // Divergence, or a balance that the checks of the table refuse.
      case LedgerWriter.divergence, "23514", "23505": return .diverged(error.message)
      // The journal's connection is taking a new term; its loss of leadership halts there.
      case "UX001": return .failed
      default: return error.isConnectionLoss ? .connectionLost : .failed
      }
    }
  }

  /// The directory as far as the watermark: names of assets and markets for rows replayed later.
  public func learn(_ events: [DirectoryEvent]) { for event in events { names.learn(event) } }
}

/// What is applied already.
public struct Watermark: Sendable, Equatable {
  public var journalSequence: Int64
  public var entry: UInt64

  public init(journalSequence: Int64, entry: UInt64) {
    self.journalSequence = journalSequence
    self.entry = entry
  }

  /// What the database says.
  public static func read(_ conninfo: String) throws(PostgresError) -> Watermark {
    try LedgerWriter(conninfo, partitionRows: 1).watermark()
  }
}

/// Entries of one transaction.
struct LedgerBatch {
  var pieces: [(entries: ContiguousArray<LedgerEntry>.SubSequence, firstEntry: UInt64)] = []
  var directory: [DirectoryEvent] = []
  var count = 0
  var journalSequence: Int64 = 0
  var eventIndex = 0
  var lastEntry: UInt64 = 0
}

/// The codes of assets and symbols of markets, by number.
public struct LedgerNames: Sendable {
  public private(set) var assets: [String] = []
  public private(set) var markets: [String] = []

  public init() {}

  public mutating func learn(_ event: DirectoryEvent) {
    switch event {
    case .assetCreated(let id, let asset) where Int(id) == assets.count: assets.append(asset.code)
    case .marketDefined(let id, let market) where Int(id) == markets.count:
      markets.append(market.definition.symbol)
    default: break
    }
  }

  /// `ref` as the ledger shows it: `ETH-USDC:17` for a trade, the id for an order, `ETH-USDC:auction:5` for
  /// the venue's fees of a run, `adjustment:9`.
  public func text(_ reference: LedgerReference) -> String {
    switch reference.kind {
    case .trade: "\(markets[Int(reference.market)]):\(reference.id)"
    case .order: "\(reference.id)"
    case .auction: "\(markets[Int(reference.market)]):auction:\(reference.id)"
    case .adjustment: "adjustment:\(reference.id)"
    }
  }

  /// The other way; nil for what this ledger never wrote.
  public func reference(_ text: String) -> LedgerReference? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard let last = parts.last, let id = Int64(last) else { return nil }
    if parts.count == 1 { return LedgerReference(kind: .order, market: 0, id: id) }
    if parts.count == 2, parts[0] == "adjustment" {
      return LedgerReference(kind: .adjustment, market: 0, id: id)
    }
    guard let market = markets.firstIndex(of: String(parts[0])) else { return nil }
    return LedgerReference(
      kind: parts.count == 2 ? .trade : .auction, market: MarketID(market), id: id)
  }
}
