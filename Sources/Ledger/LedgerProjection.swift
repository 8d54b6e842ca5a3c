// Entries into `balance_log` and `balance`: many groups a transaction, exactly once, on one thread.

public import Engine
internal import Formats
internal import Foundation
public import Postgres

/// Follows the journal: takes the entries of durable groups in order and writes them to Postgres.
///
/// **Invariant:** after each transaction `balance` is the sum of `balance_log`, both up to the
/// watermark.
public final class LedgerProjection: @unchecked Sendable {
  // Sendable by hand: `writer`, `state` and `current` belong to the projection's thread (set before
  // it starts); everything else is guarded by `monitor`.

  public struct Limits: Sendable {
    /// Rows of one transaction, one more where a clawback would be cut: beyond this a batch gains
    /// little (measured) and a lost one costs more.
    public var batchRows = 50_000
    /// Rows of a partition of `balance_log`; the open one and the one before it are kept in memory
    /// for users' statements, at about 150 bytes a row.
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
    public var withdrawals: ContiguousArray<WithdrawalEvent>
    public var operations: ContiguousArray<OperatorAct>

    /// What a group's commands brought about.
    public init(journalSequence: Int64, _ effects: borrowing Effects) {
      self.journalSequence = journalSequence
      firstEntry = effects.firstEntry
      entries = effects.entries
      directory = effects.directory
      withdrawals = effects.withdrawals
      operations = effects.operations
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

  /// A group whose entries are not all applied.
  private struct Queued {
    var segment: Segment
    /// Entries of the group that were applied before this process began.
    var skipped: Int
    var since: Date
  }

  private let conninfo: String
  private let limits: Limits
  /// The term of this process, which changes when the journal's connection does.
  private let term: @Sendable () -> Int64
  private let onHalt: @Sendable (String) -> Void

  private var writer: LedgerWriter?
  private var state: ProjectionState
  private var current = LedgerBatch()

  private let monitor = NSCondition()
  private var names = LedgerNames()
  private var queue: [Queued] = []
  private var head = 0
  /// Entries of `queue[head]` that are in a batch already.
  private var consumed = 0
  /// When the oldest entry of the batch in hand was queued.
  private var oldestInHand: Date?
  private var queuedEntry: UInt64
  private var queuedSequence: Int64
  /// Where the database was at the start: only there may a group's entries be known in part.
  private let origin: Watermark
  private var figures = Figures()
  private var stopping = false
  /// The patience of `stop` is over.
  private var abandoning = false
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
    origin = watermark
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
      writer = nil
      monitor.withLock {
        running = false
        monitor.broadcast()
      }
    }
    thread.name = "ledger"
    thread.start()
  }

  /// Takes a group's entries, in order; those at or before the watermark are skipped, so a replay
  /// may give all.
  public func enqueue(_ segment: Segment) {
    let divergence: String? = monitor.withLock {
      for event in segment.directory { names.learn(event) }
      if halted { return nil }
      // Only the group at the watermark may be in the database in part.
      let isBorder =
        segment.journalSequence == origin.journalSequence
        && queuedSequence == origin.journalSequence
      guard isBorder || segment.journalSequence > queuedSequence else { return nil }
      let count = segment.entries.count
      let known = Int(clamping: Int64(clamping: queuedEntry) - Int64(segment.firstEntry) + 1)
      guard known == 0 || isBorder && (0...count).contains(known) else {
        halted = true
        monitor.broadcast()
        return "group \(segment.journalSequence) has \(count) entries from \(segment.firstEntry), "
          + "the ledger has those up to \(queuedEntry)"
      }
      queuedSequence = segment.journalSequence
      if isBorder, known == count { return nil }
      var rest = segment
      rest.entries.removeFirst(known)
      rest.firstEntry += UInt64(known)
      queuedEntry += UInt64(rest.entries.count)
      queue.append(Queued(segment: rest, skipped: known, since: Date()))
      monitor.broadcast()
      return nil
    }
    if let divergence { onHalt("ledger_divergence: \(divergence)") }
  }

  public func currentFigures() -> Figures {
    monitor.withLock {
      var now = figures
      now.lagRows = queuedEntry - figures.appliedEntry
      let oldest = oldestInHand ?? (head < queue.count ? queue[head].since : nil)
      now.lagSeconds = now.lagRows > 0 ? -(oldest?.timeIntervalSinceNow ?? 0) : 0
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
      let (entry, sequence) = (queuedEntry, queuedSequence)
      func isApplied() -> Bool {
        figures.appliedEntry >= entry && figures.appliedSequence >= sequence
      }
      while !isApplied(), !halted {
        if !monitor.wait(until: deadline) { break }
      }
      return isApplied()
    }
  }

  /// Applies what is queued, then ends the thread. Bounded by `seconds`: what is left then is
  /// applied by the next start, from the journal.
  public func stop(withinSeconds seconds: Double = 30) {
    monitor.withLock {
      stopping = true
      monitor.broadcast()
      waitForThread(seconds)
      if running {
        abandoning = true
        monitor.broadcast()
        waitForThread(1)
      }
    }
  }

  private func waitForThread(_ seconds: Double) {
    let deadline = Date(timeIntervalSinceNow: seconds)
    while running, monitor.wait(until: deadline) {}
  }

  // MARK: The projection's thread

  private func run() {
    perform(state.handle(.retry))
    while let batch = nextBatch() {
      current = batch
      perform(state.handle(.batch(lastEntry: batch.lastEntry)))
      if monitor.withLock({ halted || abandoning }) { return }
    }
  }

  /// As many queued entries as one transaction should take; a giant group is taken in pieces.
  private func nextBatch() -> LedgerBatch? {
    monitor.lock()
    defer { monitor.unlock() }
    while true {
      if halted || abandoning { return nil }
      if head < queue.count { break }
      if stopping { return nil }
      _ = monitor.wait(until: Date(timeIntervalSinceNow: 1))
    }
    oldestInHand = queue[head].since
    var batch = LedgerBatch()
    batch.names = names
    batch.lastEntry = figures.appliedEntry
    batch.journalSequence = figures.appliedSequence
    while head < queue.count, batch.count < limits.batchRows {
      let segment = queue[head].segment
      let take = Self.whole(
        min(segment.entries.count - consumed, limits.batchRows - batch.count),
        of: segment.entries[consumed...])
      if consumed == 0 {
        batch.directory.append(contentsOf: segment.directory)
        batch.withdrawals.append(contentsOf: segment.withdrawals)
        for (position, operation) in segment.operations.enumerated() {
          batch.operations.append((segment.journalSequence, position, operation))
        }
      }
      if take > 0 {
        let first = segment.firstEntry + UInt64(consumed)
        batch.pieces.append((segment.entries[consumed..<consumed + take], first))
        batch.count += take
        consumed += take
        batch.lastEntry = segment.firstEntry + UInt64(consumed) - 1
      }
      batch.journalSequence = segment.journalSequence
      batch.eventIndex = queue[head].skipped + consumed
      if consumed < segment.entries.count { break }
      head += 1
      consumed = 0
    }
    return batch
  }

  /// A clawback is of one deposit and has two entries where a part is charged to the loss account:
  /// the row is marked with both or with none, so a batch that would end between them takes one
  /// more.
  private static func whole(_ count: Int, of entries: ContiguousArray<LedgerEntry>.SubSequence)
    -> Int
  {
    let cut = entries.startIndex + count
    guard count > 0, cut < entries.endIndex, entries[cut].type == .clawback,
      entries[cut - 1].type == .clawback, entries[cut].reference == entries[cut - 1].reference
    else { return count }
    return count + 1
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
        guard pause(milliseconds) else { return }
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

  /// Waits between two attempts; false where there shall be none.
  private func pause(_ milliseconds: Int) -> Bool {
    let deadline = Date(timeIntervalSinceNow: Double(milliseconds) / 1_000)
    return monitor.withLock {
      while !abandoning, !halted, monitor.wait(until: deadline) {}
      return !abandoning && !halted
    }
  }

  private func settle() {
    monitor.withLock {
      oldestInHand = nil
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
      let watermark = try fresh.settledWatermark()
      writer = consume fresh
      monitor.withLock { figures.isConnected = true }
      return .connected(watermark: watermark.entry)
    } catch {
      return .connectFailed
    }
  }

  private func apply(after: UInt64) -> ProjectionState.Event {
    do throws(PostgresError) {
      guard try writer?.apply(current, after: after, term: term()) != nil else {
        return .connectionLost
      }
      return .committed
    } catch {
      switch error.sqlstate {
      // Divergence, or a balance that the checks of the table refuse.
      case LedgerWriter.divergence, "23514", "23505": return .diverged(error.message)
      // The journal's connection is taking a new term; its loss of leadership halts there.
      case "UX001": return .failed
      // A server that became read-only is a standby now: another connection finds the primary.
      default: return error.isConnectionLoss || error.isReadOnly ? .connectionLost : .failed
      }
    }
  }

  /// The directory as far as a snapshot or the watermark: names of assets and markets for rows
  /// replayed later.
  public func learn(_ events: [DirectoryEvent]) {
    monitor.withLock { for event in events { names.learn(event) } }
  }
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
  var withdrawals: [WithdrawalEvent] = []
  /// Each with its group's number and its place in the group.
  var operations: [(journalSequence: Int64, position: Int, operation: OperatorAct)] = []
  /// All that its entries name, and maybe more.
  var names = LedgerNames()
  var count = 0
  var journalSequence: Int64 = 0
  /// Entries of the last group that are applied with this batch.
  var eventIndex = 0
  var lastEntry: UInt64 = 0
}

/// The codes of assets and symbols of markets, by number.
public struct LedgerNames: Sendable {
  public private(set) var assets: [String] = []
  public private(set) var markets: [String] = []
  public private(set) var chains: [String] = []
  /// By asset.
  private var decimals: [UInt8] = []

  public init() {}

  public mutating func learn(_ event: DirectoryEvent) {
    switch event {
    case .assetCreated(let id, let asset) where Int(id) == assets.count:
      assets.append(asset.code)
      decimals.append(asset.decimals)
    case .marketDefined(let id, let market) where Int(id) == markets.count:
      markets.append(market.definition.symbol)
    case .chainRegistered(let id, let name) where Int(id) == chains.count: chains.append(name)
    default: break
    }
  }

  /// `ref` as the ledger shows it: `ETH-USDC:17` for a trade, the id for an order,
  /// `ETH-USDC:auction:5` for the venue's fees of a run, `adjustment:9`, `dev:deposit:3`,
  /// `dev:clawback:1`, `dev:withdrawal:7`.
  public func text(_ reference: LedgerReference) -> String {
    switch reference {
    case .order(let id): "\(id)"
    case .trade(let number, let market): "\(markets[Int(market)]):\(number)"
    case .auction(let number, let market): "\(markets[Int(market)]):auction:\(number)"
    case .adjustment(let id): "adjustment:\(id)"
    case .deposit(let number, let chain): "\(chains[Int(chain)]):deposit:\(number)"
    case .clawback(let number, let chain): "\(chains[Int(chain)]):clawback:\(number)"
    case .withdrawal(let id, let chain): "\(chains[Int(chain)]):withdrawal:\(id)"
    }
  }

  /// Atoms as a person writes them: `-0.25 ETH`.
  func amount(_ atoms: Int128, of asset: AssetID) -> String {
    "\(DecimalAmount(atoms: atoms, decimals: Int(decimals[Int(asset)]))) \(assets[Int(asset)])"
  }

  /// The other way; nil for what this ledger never wrote.
  public func reference(_ text: String) -> LedgerReference? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard let last = parts.last, let id = Int64(last) else { return nil }
    if parts.count == 1 { return .order(id) }
    if parts.count == 2, parts[0] == "adjustment" { return .adjustment(id) }
    // A market may have a chain's name: what it names says which of them it is.
    if parts.count == 3, parts[1] != "auction",
      let found = chains.firstIndex(of: String(parts[0]))
    {
      let chain = ChainID(found)
      switch parts[1] {
      case "deposit": return .deposit(id, on: chain)
      case "withdrawal": return .withdrawal(id, on: chain)
      case "clawback": return .clawback(id, on: chain)
      default: return nil
      }
    }
    guard parts.count == 2 || parts.count == 3 && parts[1] == "auction",
      let found = markets.firstIndex(of: String(parts[0]))
    else { return nil }
    let market = MarketID(found)
    return parts.count == 2 ? .trade(id, in: market) : .auction(id, in: market)
  }
}
