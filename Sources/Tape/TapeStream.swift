// One market's way to the Worker as a pure value: what to send next, and what each answer means.

/// Whole records, framed as the body of one request.
public struct TapeBatch: Sendable, Equatable {
  /// Bounds of a request (`docs/tape.md`).
  public static let maximumBytes = 1_900_000
  public static let maximumRecords = 10_000

  public var epoch: String
  public var first: Int64
  public var count: Int
  public var previousChain: [UInt8]
  public var chain: [UInt8]
  public var body: [UInt8]

  public var last: Int64 { first + Int64(count) - 1 }
}

/// Publishes one market's records in order, each until the Worker has acknowledged it. Begins with
/// `.retry`.
///
/// Memory is bounded however long the Worker is away: beyond `maximumBytes` all that waits is
/// dropped, and made again by replay from the Worker's head when it is back.
public struct TapeStream: Sendable {
  public enum Answer: Sendable, Equatable {
    /// Accepted or duplicate: the Worker's head is now this.
    case stored(TapeHead)
    /// 412: the Worker's storage is another.
    case otherEpoch(String)
    /// 409 gap or overlap: the Worker is elsewhere; ask for its head.
    case elsewhere
    /// 409 fork: the Worker holds another history.
    case fork(String)
    /// 400, 422: the Worker says that our bytes are wrong.
    case refused(String)
    /// No answer, 5xx, 429: try the same again.
    case failed(String)
  }

  public enum Event: Sendable {
    case records([TapeRecord])
    case head(TapeHead)
    case headFailed(String)
    case answer(Answer)
    /// Records made again by replay, contiguous; empty when the replay has reached the journal's
    /// end.
    case regenerated([TapeRecord])
    case regenerationFailed(String)
    case retry
  }

  public enum Action: Sendable, Equatable {
    case askHead
    case post(TapeBatch)
    /// Make the records after this one again, up to the journal's end.
    case regenerate(after: Int64)
    /// Go on with the replay that runs.
    case continueRegeneration
    /// The replay that runs is not wanted any more.
    case endRegeneration
    case wait(milliseconds: Int)
    /// Publishing of this market stops until an operator decides.
    case halt(TapeHalt)
  }

  enum State: Sendable, Equatable {
    case needsHead, asking, ready, posting, waiting, regenerating, halted
  }

  /// What may wait in memory: minutes at full rate, seconds to make again.
  public static let maximumBytes = 32 << 20

  private(set) var state = State.needsHead
  /// Records made so far, sent or not.
  public private(set) var produced: Int64
  public private(set) var head: TapeHead?
  private var pending: [TapeRecord] = []
  private var pendingBytes = 0
  private var flight: TapeBatch?
  /// Since the Worker last stored something, or lacked nothing.
  private var failures = 0
  /// The epoch that this tape is published to; nil before the first answer ever. Remember it: a
  /// restart must not take another one for granted.
  public private(set) var epoch: String?
  /// The chain after the last record made; nil where the caller did not say.
  private var chain: [UInt8]?
  private var regenerated: [TapeRecord] = []
  private var isRegenerating = false
  /// The replay that runs has given what was asked for.
  private var hasGivenWanted = false

  /// - Parameters:
  ///   - produced: the number of the last record that the journal's history holds.
  ///   - chain: the chain after it.
  ///   - epoch: the epoch of earlier runs of this program, or nil.
  public init(produced: Int64, chain: [UInt8]? = nil, epoch: String?) {
    self.produced = produced
    self.chain = chain
    self.epoch = epoch
  }

  /// Records that the Worker has not acknowledged; nil while its head is not known.
  public var lag: Int64? { head.map { produced - $0.last } }
  public var isHalted: Bool { state == .halted }
  public var waitingBytes: Int { pendingBytes }

  public mutating func handle(_ event: Event) -> [Action] {
    if state == .halted {
      if case .records(let records) = event { produced += Int64(records.count) }
      return []
    }
    switch event {
    case .records(let records):
      take(records)
      return state == .ready ? next() : []
    case .head(let head):
      guard state == .asking else { return [] }
      // A fresh look at the Worker: a replay that ran for an older one is no longer wanted.
      return endRegeneration() + learn(head)
    case .headFailed: return state == .asking ? wait(then: .needsHead) : []
    case .answer(let answer): return handle(answer)
    case .regenerated(let records): return state == .regenerating ? take(regenerated: records) : []
    case .regenerationFailed:
      guard state == .regenerating else { return [] }
      isRegenerating = false
      return wait(then: .needsHead)
    case .retry:
      switch state {
      case .needsHead: return ask()
      case .waiting:
        guard let flight else { return ask() }
        state = .posting
        return [.post(flight)]
      case .ready: return next()
      case .asking, .posting, .regenerating, .halted: return []
      }
    }
  }

  private mutating func take(_ records: [TapeRecord]) {
    guard let last = records.last else { return }
    precondition(records[0].number == produced + 1, "the tape's records must come in order")
    produced = last.number
    chain = last.chain
    pending += records
    for record in records { pendingBytes += record.payload.count + 4 }
    if pendingBytes > Self.maximumBytes {
      pending = []
      pendingBytes = 0
    }
  }

  private mutating func take(regenerated records: [TapeRecord]) -> [Action] {
    regenerated = records
    state = .ready
    if !records.isEmpty { return next() }
    // The journal's end. What it gave so far was posted; a replay that gave nothing of use waits.
    isRegenerating = false
    if hasGivenWanted || pending.first.map({ $0.number == (head?.last ?? 0) + 1 }) == true {
      return next()
    }
    return wait(then: .needsHead)
  }

  /// Where a replay runs: nothing more of it is wanted.
  private mutating func endRegeneration() -> [Action] {
    regenerated = []
    guard isRegenerating else { return [] }
    isRegenerating = false
    return [.endRegeneration]
  }

  private mutating func ask() -> [Action] {
    state = .asking
    flight = nil
    return [.askHead]
  }

  private mutating func learn(_ head: TapeHead) -> [Action] {
    if let epoch, epoch != head.epoch { return halt(.epoch(expected: epoch, found: head.epoch)) }
    if head.last > produced {
      return halt(.lostHistory(worker: head.last, journal: produced))
    }
    if head.last == produced {
      if let chain, chain != head.chain {
        return halt(.fork("the Worker's chain after record \(head.last) is not the journal's"))
      }
      failures = 0
    }
    // A storage that holds nothing yet has no epoch: it is made with the first batch.
    if head.epoch != TapeHead.noEpoch { epoch = head.epoch }
    self.head = head
    state = .ready
    return next()
  }

  /// The next batch after the Worker's head, from what was made again or what waits.
  private mutating func next() -> [Action] {
    guard let head, state == .ready else { return [] }
    drop(upTo: head.last)
    if head.last == produced { return endRegeneration() }
    if let first = pending.first, first.number == head.last + 1 {
      return endRegeneration() + post(pending)
    }
    if let first = regenerated.first, first.number == head.last + 1 {
      hasGivenWanted = true
      return post(regenerated)
    }
    state = .regenerating
    regenerated = []
    if isRegenerating { return [.continueRegeneration] }
    isRegenerating = true
    hasGivenWanted = false
    return [.regenerate(after: head.last)]
  }

  private mutating func drop(upTo last: Int64) {
    let done = pending.prefix { $0.number <= last }.count
    for record in pending[..<done] { pendingBytes -= record.payload.count + 4 }
    pending.removeFirst(done)
    regenerated.removeFirst(regenerated.prefix { $0.number <= last }.count)
  }

  private mutating func post(_ records: [TapeRecord]) -> [Action] {
    guard let head else { return [] }
    if records[0].previousChain != head.chain {
      return halt(.fork("the Worker's chain at record \(head.last) is not the journal's"))
    }
    var (size, count) = (0, 0)
    for record in records.prefix(TapeBatch.maximumRecords) {
      let framed = record.payload.count + 4
      if count > 0, size + framed > TapeBatch.maximumBytes { break }
      size += framed
      count += 1
    }
    var body: [UInt8] = []
    body.reserveCapacity(size)
    for record in records.prefix(count) {
      withUnsafeBytes(of: UInt32(record.payload.count).bigEndian) { body += $0 }
      body += record.payload
    }
    let batch = TapeBatch(
      epoch: head.epoch, first: records[0].number, count: count, previousChain: head.chain,
      chain: records[count - 1].chain, body: body)
    flight = batch
    state = .posting
    return [.post(batch)]
  }

  private mutating func handle(_ answer: Answer) -> [Action] {
    guard state == .posting, let batch = flight else { return [] }
    switch answer {
    case .stored(let head):
      guard head.last >= batch.last else {
        return halt(.fork("the Worker stored less than it said"))
      }
      failures = 0
      // A duplicate may be answered with a head beyond: then its chain is checked with the next
      // batch.
      if head.last == batch.last, head.chain != batch.chain {
        return halt(.fork("the Worker's chain after record \(head.last) is not ours"))
      }
      flight = nil
      return learn(head)
    // Our first batch made the storage, and its answer was lost.
    case .otherEpoch where batch.epoch == TapeHead.noEpoch: return wait(then: .needsHead)
    case .otherEpoch(let found): return halt(.epoch(expected: batch.epoch, found: found))
    case .elsewhere: return wait(then: .needsHead)
    case .fork(let reason): return halt(.fork(reason))
    case .refused(let reason): return halt(.refused(reason))
    case .failed: return wait(then: .waiting)
    }
  }

  private mutating func wait(then next: State) -> [Action] {
    state = next
    failures += 1
    return [.wait(milliseconds: min(50 << min(failures, 8), 5_000))]
  }

  private mutating func halt(_ reason: TapeHalt) -> [Action] {
    state = .halted
    pending = []
    pendingBytes = 0
    flight = nil
    return endRegeneration() + [.halt(reason)]
  }
}

/// Why publishing stopped (`docs/operations.md`).
public enum TapeHalt: Sendable, Equatable, CustomStringConvertible {
  /// The Worker's storage is not the one published to before.
  case epoch(expected: String, found: String)
  /// The Worker holds records that the journal does not.
  case lostHistory(worker: Int64, journal: Int64)
  /// The Worker holds other records.
  case fork(String)
  /// The Worker says that ours are malformed or inconsistent.
  case refused(String)

  public var description: String {
    switch self {
    case .epoch(let expected, let found):
      "tape_epoch: the Worker's storage is \(found), published to \(expected)"
    case .lostHistory(let worker, let journal):
      "lost_history: the Worker has \(worker) records, the journal gives \(journal)"
    case .fork(let reason): "tape_fork: \(reason)"
    case .refused(let reason): "tape_refused: \(reason)"
    }
  }

  /// Whether the whole core must stop: the Worker has seen a history that this database lacks.
  public var stopsCore: Bool {
    switch self {
    case .lostHistory, .fork: true
    case .epoch, .refused: false
    }
  }
}
