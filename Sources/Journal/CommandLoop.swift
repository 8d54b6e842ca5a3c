// The one command loop: queue -> engine -> group -> journal -> replies. Two threads, one hand-over.

public import Engine
internal import Formats
internal import Foundation
internal import Postgres
internal import Synchronization

/// Runs the engine on a thread of its own and commits its groups on another.
///
/// **Invariant:** a reply, a read or an effect leaves only when the last group it could have seen
/// is durable.
///
/// While group N commits, group N+1 is open and takes what arrives; it is handed over when the
/// committer is free, or full. So the slower the disk the larger the groups, and no command pays a
/// commit of its own.
public final class CommandLoop: @unchecked Sendable {
  // Sendable by hand: `engine` and `open` are touched by the engine thread only, `store` and
  // `commit` by the committer thread only (both set before the threads start); all else is guarded
  // by `monitor`.

  public typealias Reply = @Sendable (Result<[Engine.Reply], SubmissionError>) -> Void
  /// Computes on the engine's thread and returns what delivers the answer.
  public typealias Query = @Sendable (borrowing AuctionEngine) -> @Sendable () -> Void
  /// Told instead of the answer, where the loop stopped before it could leave.
  public typealias QueryFailure = @Sendable (SubmissionError) -> Void
  /// Takes a durable group; called in order on the committer's thread; must not wait.
  public typealias Sink = @Sendable (DurableGroup) -> Void

  public struct Limits: Sendable {
    /// Commands that may wait: a quarter of a second at full rate.
    public var queuedCommands = 65_536
    /// Room beyond that for what users send to take back, and about their keys, addresses and
    /// withdrawals.
    public var reservedCommands = 16_384
    /// Room beyond both, which no user can take, for operators and the exchange itself: two seconds
    /// of the fastest operator.
    public var operatorCommands = 4_096
    /// Commands of one group: what one commit and one message should carry.
    public var groupCommands = 8_192
    public var groupBytes = 1 << 20
    /// Queries of one group: their answers wait in memory until it is durable.
    public var groupQueries = 8_192
    /// Ledger entries of one group; one auction may exceed it alone.
    public var groupEntries = 65_536
    /// A wall clock that moves by more than this against the monotonic one halts.
    public var clockJump: Microseconds = 10_000_000
    /// A group that is under way for longer hangs: nothing more is taken until it is durable. A
    /// commit takes milliseconds, the stall of a checkpoint a second or two.
    public var commitPatience: Microseconds = 5_000_000
    /// How long a start waits for the lead: a killed predecessor's session ends meanwhile.
    public var leadPatienceSeconds = 20.0

    public init() {}
  }

  private enum Item {
    case commands([Command], Reply)
    case query(Query, QueryFailure)

    var isCommands: Bool { if case .commands = self { true } else { false } }
  }

  /// What delivers a read's answer, and who is told instead.
  private typealias Delivery = (deliver: @Sendable () -> Void, fail: QueryFailure)

  private struct OpenGroup {
    var body = ByteWriter()
    var commandCount = 0
    var replies: [(range: Range<Int>, reply: Reply)] = []
    var deliveries: [Delivery] = []
    var effects = Effects()
    var time: Microseconds = 0

    var isEmpty: Bool { commandCount == 0 && deliveries.isEmpty }

    /// Nothing of it may leave: what it saw may never become durable.
    func fail() {
      for (_, reply) in replies { reply(.failure(.outcomeUnknown)) }
      for (_, fail) in deliveries { fail(.outcomeUnknown) }
    }
  }

  private let limits: Limits
  private let clock: LoopClock
  private let conninfo: String
  private let sinks: [Sink]
  private let gate: @Sendable () -> String?
  private let term: Term
  private let onHalt: @Sendable (JournalError) -> Void

  private var engine: AuctionEngine
  private var open = OpenGroup()
  private var store: JournalStore?
  private var commit: GroupCommit

  private let monitor = NSCondition()
  private var queue: [Item] = []
  private var queuedCommands = 0
  private var handed: OpenGroup?
  private var committerIsIdle = true
  /// Since when the committer has the group that it has, by the monotonic clock.
  private var underWaySince: Microseconds?
  /// Reads whose answers leave with that group.
  private var underWayReads: [Delivery] = []
  private var stopping = false
  /// The patience of `stop` is over: what is not durable yet is given up.
  private var abandoning = false
  private var halted: JournalError?
  private var threadsRunning = 0
  private var figures = Figures()

  /// What `/metrics` shows of the loop.
  public struct Figures: Sendable {
    public var durable = JournalHead.empty
    /// Whether groups go through: a connection stands, and none hangs.
    public var isConnected = true
    public var queuedCommands = 0
    public var groups: UInt64 = 0
    public var commands: UInt64 = 0
    public var liveOrders = 0
    public var rememberedOrders = 0
    public var rememberedOrderBytes = 0
    public var time: Microseconds = 0
    public var term: Int64 = 0
  }

  /// - Parameters:
  ///   - engine: the state after `store`'s head.
  ///   - store: a connection that leads already.
  ///   - gate: a reason to refuse ordinary commands now (the ledger lags), or nil.
  public init(
    engine: consuming AuctionEngine, durable: JournalHead, store: consuming JournalStore,
    conninfo: String, limits: Limits = Limits(), clock: LoopClock = .system, sinks: [Sink],
    gate: @escaping @Sendable () -> String? = { nil }, term: Term,
    onHalt: @escaping @Sendable (JournalError) -> Void
  ) {
    self.limits = limits
    self.clock = clock
    self.conninfo = conninfo
    self.sinks = sinks
    self.gate = gate
    self.term = term
    self.onHalt = onHalt
    term.set(store.term)
    figures.term = store.term
    figures.durable = durable
    figures.time = engine.time
    self.engine = engine
    self.engine.effects.removeAll()
    self.store = consume store
    commit = GroupCommit(durable: durable)
    _ = commit.handle(.retry)
    _ = commit.handle(.connected(head: durable))
  }

  public func start() {
    monitor.withLock { threadsRunning = 2 }
    for (name, body) in [("engine", runEngine), ("journal", runCommitter)] {
      let thread = Thread { [self] in
        body()
        monitor.withLock {
          threadsRunning -= 1
          monitor.broadcast()
        }
      }
      thread.name = name
      thread.start()
    }
  }

  // MARK: Intake

  /// Queues commands; `reply` is called once, from another thread, when they are durable or
  /// refused.
  /// - Parameter place: beyond the ordinary ones commands pass the gate too.
  public func submit(_ commands: [Command], in place: QueuePlace, _ reply: @escaping Reply) {
    if commands.isEmpty { return reply(.success([])) }
    let closed = place == .ordinary ? gate() : nil
    let refusal: SubmissionError? = monitor.withLock {
      if let refusal = intakeRefusal(closed) { return refusal }
      if queuedCommands + commands.count > room(in: place) { return .queueFull }
      queuedCommands += commands.count
      queue.append(.commands(commands, reply))
      monitor.broadcast()
      return nil
    }
    // Outside the lock: whoever is answered may submit again at once.
    if let refusal { reply(.failure(refusal)) }
  }

  private func room(in place: QueuePlace) -> Int {
    switch place {
    case .ordinary: limits.queuedCommands
    case .reserved: limits.queuedCommands + limits.reservedCommands
    case .operators: limits.queuedCommands + limits.reservedCommands + limits.operatorCommands
    }
  }

  private func intakeRefusal(_ closed: String?) -> SubmissionError? {
    if let halted { return .refused(reason: halted.code) }
    if stopping { return .refused(reason: "stopping") }
    if let closed { return .refused(reason: closed) }
    if !figures.isConnected || hangs { return .refused(reason: Self.unavailable) }
    return nil
  }

  private static let unavailable = "journal_unavailable"

  /// Whether the group under way is so for too long. The monitor is held.
  private var hangs: Bool {
    underWaySince.map { clock.monotonic() - $0 > limits.commitPatience } ?? false
  }

  /// Queues a read, unless a group hangs: then its answer could not leave. Where true is returned,
  /// either the answer is delivered or `fail` is called, once, from another thread; where false,
  /// neither.
  public func ask(
    _ query: @escaping Query, orElse fail: @escaping QueryFailure = { _ in }
  ) -> Bool {
    monitor.withLock {
      guard halted == nil, !stopping, !hangs, queue.count < limits.queuedCommands else {
        return false
      }
      queue.append(.query(query, fail))
      monitor.broadcast()
      return true
    }
  }

  public func currentFigures() -> Figures {
    monitor.withLock {
      var now = figures
      now.queuedCommands = queuedCommands
      now.isConnected = now.isConnected && !hangs
      return now
    }
  }

  /// Takes nothing more, commits what is in hand, ends the threads. Bounded by `seconds`: then what
  /// is not durable yet is answered `outcomeUnknown`.
  public func stop(withinSeconds seconds: Double = 30) {
    monitor.lock()
    stopping = true
    monitor.broadcast()
    waitForThreads(seconds)
    if threadsRunning > 0 {
      abandoning = true
      monitor.broadcast()
      // A call into the database cannot be ended from here; whoever waits in one stays behind.
      waitForThreads(1)
    }
    monitor.unlock()
  }

  private func waitForThreads(_ seconds: Double) {
    let deadline = Date(timeIntervalSinceNow: seconds)
    while threadsRunning > 0, monitor.wait(until: deadline) {}
  }
}

// MARK: - The engine's thread

extension CommandLoop {
  private func runEngine() {
    var nextDue = engine.nextDue
    var offset = clock.wall() - clock.monotonic()
    while let items = takeItems(nextDue) {
      let newOffset = clock.wall() - clock.monotonic()
      if abs(newOffset - offset) > limits.clockJump {
        halt(.clockJump("the wall clock moved by \((newOffset - offset) / 1_000) ms"))
        refuse(items)
        continue
      }
      offset = newOffset
      let now = clock.wall()
      let isDue = nextDue.map { $0 <= now } ?? false
      // A run needs its time exactly; for the rest a millisecond is enough.
      let step = now - engine.time
      if isDue ? step > 0 : step >= 1_000 && items.contains(where: \.isCommands) {
        apply(.schedule(.advanceTime(now)))
      }
      if isDue {
        for run in engine.dueRuns(at: engine.time) { apply(run) }
        nextDue = engine.nextDue
      }
      for item in items { take(item) }
      if !engine.effects.tape.isEmpty { nextDue = engine.nextDue }
      handOver()
    }
    failQueue()
  }

  /// Waits for work: commands and room for them, an open group and a free committer, or a due run.
  /// Empty where there is nothing to apply but something to hand over or look at; nil when it is
  /// over.
  private func takeItems(_ nextDue: Microseconds?) -> [Item]? {
    monitor.lock()
    defer { monitor.unlock() }
    var hasWaited = false
    while halted == nil {
      if hangs, failReads() { continue }
      let isFree = committerIsIdle && handed == nil
      if !isFull {
        if !queue.isEmpty { return dequeue() }
        if !open.isEmpty, isFree { return [] }
        if stopping { if open.isEmpty, isFree { return nil } }
        let now = clock.wall()
        if !stopping, let nextDue, nextDue <= now { return [] }
        // At least once a second the clocks are compared, work or not.
        if hasWaited, open.isEmpty, !stopping { return [] }
        let wait = min(max(Double((nextDue ?? .max / 2) - now) / 1_000_000, 0.0002), 1)
        hasWaited = !monitor.wait(until: Date(timeIntervalSinceNow: wait))
      } else if isFree {
        return []
      } else {
        _ = monitor.wait(until: Date(timeIntervalSinceNow: 1))
      }
    }
    return nil
  }

  /// While a group hangs, whoever waits for the answer to a read is told so; commands are not, for
  /// theirs is still open. False where nobody waits. The monitor is held, but not while it tells.
  private func failReads() -> Bool {
    var waiting = (underWayReads + open.deliveries).map(\.fail)
    underWayReads.removeAll()
    open.deliveries.removeAll()
    queue.removeAll { item in
      guard case .query(_, let fail) = item else { return false }
      waiting.append(fail)
      return true
    }
    if waiting.isEmpty { return false }
    monitor.unlock()
    for fail in waiting { fail(.refused(reason: Self.unavailable)) }
    monitor.lock()
    return true
  }

  private func dequeue() -> [Item] {
    var commands = open.commandCount
    var queries = open.deliveries.count
    var count = 0
    for item in queue {
      if count > 0, commands >= limits.groupCommands || queries >= limits.groupQueries { break }
      switch item {
      case .commands(let list, _):
        commands += list.count
        queuedCommands -= list.count
      case .query: queries += 1
      }
      count += 1
    }
    defer { queue.removeFirst(count) }
    return Array(queue.prefix(count))
  }

  private var isFull: Bool {
    open.commandCount >= limits.groupCommands || open.body.bytes.count >= limits.groupBytes
      || engine.effects.entries.count >= limits.groupEntries
      || open.deliveries.count >= limits.groupQueries
  }

  private func take(_ item: Item) {
    switch item {
    case .commands(let commands, let reply):
      let first = open.commandCount
      for command in commands { apply(command) }
      open.replies.append((first..<open.commandCount, reply))
    case .query(let query, let fail): open.deliveries.append((query(engine), fail))
    }
  }

  private func apply(_ command: Command) {
    if open.commandCount == 0 { open.body.byte(CommandCodec.version) }
    CommandCodec.encode(command, to: &open.body)
    open.commandCount += 1
    engine.apply(command)
  }

  /// Gives the open group to the committer if it is free, and opens the next.
  private func handOver() {
    monitor.lock()
    defer { monitor.unlock() }
    figures.liveOrders = engine.liveOrderCount
    figures.rememberedOrders = engine.rememberedOrderCount
    figures.rememberedOrderBytes = engine.rememberedOrderBytes
    figures.time = engine.time
    guard !open.isEmpty, committerIsIdle, handed == nil, halted == nil else { return }
    var filled = OpenGroup()
    swap(&filled, &open)
    filled.time = engine.time
    swap(&filled.effects, &engine.effects)
    engine.effects.firstEntry =
      filled.effects.firstEntry + UInt64(filled.effects.entries.count)
    // Groups come alike: memory at once, not by doublings while commands wait.
    engine.effects.makeRoom(like: filled.effects)
    open.body.reserve(min(filled.body.bytes.count, limits.groupBytes))
    handed = filled
    monitor.broadcast()
  }

  /// The end: nobody is left without an answer.
  private func failQueue() {
    let rest = monitor.withLock {
      defer { queue.removeAll() }
      return queue
    }
    refuse(rest)
    open.fail()
  }

  /// These were never applied.
  private func refuse(_ items: [Item]) {
    let reason = monitor.withLock { halted?.code ?? "stopping" }
    for item in items {
      switch item {
      case .commands(_, let reply): reply(.failure(.refused(reason: reason)))
      case .query(_, let fail): fail(.refused(reason: reason))
      }
    }
  }
}

// MARK: - The committer's thread

extension CommandLoop {
  private func runCommitter() {
    while let group = takeHanded() {
      if group.commandCount == 0 {
        deliverReads()
      } else {
        commitToTheEnd(group)
      }
      monitor.withLock {
        committerIsIdle = true
        underWaySince = nil
        monitor.broadcast()
      }
    }
    // With the session the lead is free for another.
    store = nil
  }

  private func takeHanded() -> OpenGroup? {
    monitor.lock()
    defer { monitor.unlock() }
    while handed == nil {
      if halted != nil || (stopping && threadsRunning < 2) { return nil }
      _ = monitor.wait(until: Date(timeIntervalSinceNow: 1))
    }
    defer { handed = nil }
    committerIsIdle = false
    underWaySince = clock.monotonic()
    underWayReads = handed?.deliveries ?? []
    handed?.deliveries = []
    return handed
  }

  private func takeReads() -> [Delivery] {
    monitor.withLock {
      defer { underWayReads = [] }
      return underWayReads
    }
  }

  private func deliverReads() { for (deliver, _) in takeReads() { deliver() } }

  /// Nothing of the group under way may leave.
  private func giveUp(_ group: OpenGroup) {
    group.fail()
    for (_, fail) in takeReads() { fail(.outcomeUnknown) }
  }

  private func commitToTheEnd(_ open: OpenGroup) {
    let group = JournalGroup(
      after: commit.durable, commandCount: open.commandCount, time: open.time,
      body: open.body.bytes)
    var actions = commit.handle(.enqueue(group))
    while !actions.isEmpty {
      let action = actions.removeFirst()
      switch action {
      case .release: release(open)
      case .halt(let reason):
        halt(reason.error)
        giveUp(open)
      case .connect: actions += commit.handle(connect())
      case .commit(let group): actions += commit.handle(append(group))
      case .wait(let milliseconds):
        monitor.withLock { figures.isConnected = false }
        guard pause(milliseconds) else { return giveUp(open) }
        actions += commit.handle(.retry)
      }
      if case .wait = action { continue }
      monitor.withLock { figures.isConnected = commit.isConnected }
    }
  }

  /// Waits between two attempts; false where there shall be none.
  private func pause(_ milliseconds: Int) -> Bool {
    let deadline = Date(timeIntervalSinceNow: Double(milliseconds) / 1_000)
    return monitor.withLock {
      while !abandoning, monitor.wait(until: deadline) {}
      if abandoning, halted == nil { halted = .failed("stopped while the journal was away") }
      return !abandoning
    }
  }

  private func release(_ open: OpenGroup) {
    let durable = DurableGroup(head: commit.durable, effects: open.effects)
    monitor.withLock {
      figures.durable = durable.head
      figures.groups += 1
      figures.commands += UInt64(open.commandCount)
    }
    for sink in sinks { sink(durable) }
    for (range, reply) in open.replies {
      reply(.success(Array(durable.effects.replies[range])))
    }
    deliverReads()
  }

  private func connect() -> GroupCommit.Event {
    store = nil
    do throws(PostgresError) {
      var fresh = try JournalStore(conninfo)
      guard try fresh.lead() else {
        // A session holds the lead: ours of before, which the server has not missed yet, or
        // another's.
        let leading = try fresh.currentTerm()
        if leading != term.current {
          return .leadershipLost("term \(term.current) is over, the leader has term \(leading)")
        }
        return .connectFailed("another session holds the lead")
      }
      monitor.withLock { figures.term = fresh.term }
      term.set(fresh.term)
      let head = try fresh.head()
      store = consume fresh
      return .connected(head: head)
    } catch {
      return .connectFailed("\(error)")
    }
  }

  private func append(_ group: JournalGroup) -> GroupCommit.Event {
    do throws(PostgresError) {
      guard try store?.append(group) != nil else { return .connectionLost("no connection") }
      return .committed
    } catch {
      switch error.sqlstate {
      case "UX001": return .leadershipLost(error.message)
      // The group is there already, or something else is: the head decides.
      case "UX002", "23505": return .connectionLost(error.message)
      default:
        // A server that became read-only is a standby now: another connection finds the primary.
        return error.isConnectionLoss || error.isReadOnly
          ? .connectionLost(error.message) : .commitFailed(error.message)
      }
    }
  }

  private func halt(_ reason: JournalError) {
    let isFirst = monitor.withLock {
      defer {
        if halted == nil { halted = reason }
        monitor.broadcast()
      }
      return halted == nil
    }
    if isFirst { onHalt(reason) }
  }
}
