// The driver: asks the nodes, stores what was found, and sends ripe deposits to the engine.

internal import Engine
internal import Ethereum
internal import Foundation
internal import Postgres
internal import Synchronization

/// Scans one chain and credits what arrives on it.
///
/// **Invariant:** a deposit is credited only after its row, with the number of its credit, is
/// durable; and the engine applies each number once.
public final class DepositScanner: Sendable {
  public struct Configuration: Sendable {
    /// The chain's name in the ledger: `a-z 0-9`.
    public var chain: String
    public var chainID: Int64
    /// The first block to look at, at the first start; nil begins behind the present head.
    public var start: Int64?
    public var pollMilliseconds = 1_000
    /// The first pause after a failure; each further one doubles it, up to 64 times.
    public var retryMilliseconds = 100
    public var limits = ChainFollower.Limits()
    /// Between two looks for payments that no block shows as a transfer.
    public var surplusSeconds: Double = 600
    /// Addresses that are looked at for such payments in one turn.
    public var surplusSlice = 1_000
    /// Deposits that are numbered at once.
    public var creditBatch = 500
    /// How long a credit counts for what is credited without a second node's word.
    public var secondNodeWindowSeconds: Int64 = 86_400
    /// Credits, or clawbacks, that the engine gets at once.
    public var submitBatch = 1_000
    /// Blocks without a new final one after which somebody must know.
    public var finalityAlarmBlocks: Int64 = 128
    /// Between a node's failure and the next look at it, at first.
    public var nodePauseMilliseconds = 5_000
    /// What each node must say too.
    public var expectations: ChainExpectations
    /// Whether the nodes trace: then payments from inside calls are found in their blocks.
    public var traces = false

    /// What has just become durable while the rest has not: tests end the session there, as a kill
    /// would.
    var onBoundary: @Sendable (Boundary) throws -> Void = { _ in }

    public init(chain: String, chainID: Int64, start: Int64? = nil) {
      self.chain = chain
      self.chainID = chainID
      self.start = start
      expectations = ChainExpectations(chainID: chainID)
    }
  }

  enum Boundary: CaseIterable, Sendable {
    /// Blocks and deposits are stored, the scanner does not know it yet.
    case scanned
    /// Credits have their numbers, the engine has not heard of them.
    case numbered
    /// The engine has a credit or a clawback, the scanner does not know it yet.
    case submitted
  }

  public struct Figures: Sendable {
    public var tip: Int64?
    public var latest: Int64?
    public var finalized: Int64 = -1
    /// Deposits that were found, credits and clawbacks that the engine has, since the start.
    public var found = 0
    public var credits: Int64 = 0
    public var clawbacks: Int64 = 0
    /// Failed requests, answers that were not believed, reorganisations followed.
    public var nodeErrors = 0
    public var doubts = 0
    public var reorganisations = 0
    /// Blocks that were scanned without their traces.
    public var untraced = 0
    /// Transactions whose deposits wait because a node does not tell them, though it tells others.
    public var unread = 0
    /// Blocks whose deposits wait because no node tells them so that they give their hashes.
    public var unproved = 0
    /// Ripe deposits that wait for another node.
    public var unagreed = 0
    /// No block becomes final, and something waits for it.
    public var isFinalityStalled = false
    /// Credits may have left the chain, and the nodes do not agree about it yet.
    public var isDisputed = false
    public var lastError = ""
    public var halted: CustodyHalt?
    /// What the scanner waits for.
    public var state = "starting"
    /// In the configured order, and which of them is asked.
    public var nodes: [NodeRoster.Node] = []
    public var nodeInUse = 0

    /// It has what the node has, within some blocks, and the nodes do not dispute what users were
    /// credited: new payments may begin.
    public var isFollowing: Bool {
      guard halted == nil, !isDisputed, let tip, let latest else { return false }
      return latest - tip < 16 && state != "retrying" && state != "starting"
    }
  }

  private let conninfo: String
  let configuration: Configuration
  let scan: BlockScan
  let nodes: [ChainNode]
  let addresses: DepositAddresses
  let core: CustodyCore
  let report: @Sendable (String) -> Void
  let figures = Mutex(Figures())
  private let range: Mutex<AdaptiveRange>
  let roster: Mutex<NodeRoster>
  /// What the node does not tell of single transactions: receipts, and traces.
  let unread: Mutex<Suspects>
  let untraced: Mutex<Suspects>
  /// Blocks of ripe deposits that no node proves; and those of deposits that the node in use does
  /// not have, when they were last proved.
  let unproved: Mutex<Suspects>
  let absent: Mutex<Suspects>
  private let finality = Mutex(FinalityWatch())
  /// Credits that another node still has, as was reported.
  let disputed: Mutex<Set<Int64>> = Mutex([])
  /// The last error beside the main line, so that each is reported once.
  private let aside = Mutex("")
  private let thread: Mutex<OwnerThread?> = Mutex(nil)

  /// - Parameters:
  /// - nodes: the first that is believed is asked; another must agree where an asset's rule says
  /// so.
  ///   - report: lines for the operator's log.
  public init(
    conninfo: String, configuration: Configuration, rules: DepositRules, nodes: [ChainNode],
    addresses: DepositAddresses, core: CustodyCore, report: @escaping @Sendable (String) -> Void
  ) {
    precondition(!nodes.isEmpty, "a chain without a node")
    self.conninfo = conninfo
    self.configuration = configuration
    range = Mutex(AdaptiveRange(maximum: configuration.limits.blocks))
    let pause = Duration.milliseconds(configuration.nodePauseMilliseconds)
    roster = Mutex(NodeRoster(count: nodes.count, pause: pause))
    unread = Mutex(Suspects(pause: pause))
    untraced = Mutex(Suspects(pause: pause))
    unproved = Mutex(Suspects(pause: pause))
    absent = Mutex(Suspects(pause: pause))
    scan = BlockScan(rules)
    self.nodes = nodes
    self.addresses = addresses
    self.core = core
    self.report = report
  }

  public func currentFigures() -> Figures {
    var now = figures.withLock { $0 }
    (now.nodes, now.nodeInUse) = roster.withLock { ($0.nodes, $0.current) }
    return now
  }

  /// The node in use.
  var node: ChainNode { nodes[roster.withLock { $0.current }] }

  public func start() {
    thread.withLock { $0 = OwnerThread(name: "deposits") { [self] stop in run(stop) } }
  }

  /// Ends after the step in hand. Blocks.
  public func stop() {
    let running = thread.withLock { $0 }
    running?.stop()
    running?.join()
  }

  /// What waits though the chain goes on, the gravest first.
  enum Alarm: String, CaseIterable {
    /// A credit left the chain of one node, and another node still has it.
    case clawbackDisputed = "clawback_disputed"
    case secondNodeDisagrees = "second_node_disagrees"
    /// No node tells a deposit's block so that it gives its hash.
    case blockNotProved = "block_not_proved"
    case finalityStalled = "finality_stalled"
  }

  // MARK: The thread

  /// What the thread owns between failures.
  struct Session: ~Copyable {
    var store: CustodyStore
    var follower: ChainFollower
    var position: ChainPosition
    var known: CustodyStore.Known
    var surplus = SurplusLook()
    var proved = ProvedBlocks()
    /// By which the node in use has shown that it cannot be believed.
    var forgery: BlockDoubt?
    /// What is told of instead of how scanning goes.
    var alarms: Set<Alarm> = []
    /// Looks in a row whose answers were of two chains.
    var contradictions = 0
  }

  private func run(_ stop: OwnerThread.Stop) {
    var failures = 0
    while !stop.isRequested {
      do {
        var session = try open(stop)
        while !stop.isRequested {
          try turn(&session, stop)
          failures = 0
        }
      } catch let halt as CustodyHalt where isByOneNodeOnly(halt) {
        failures += 1
        if stop.wait(milliseconds: configuration.retryMilliseconds << min(failures, 6)) { return }
      } catch let halt as CustodyHalt {
        return self.halt(halt)
      } catch let error as PostgresError where error.isImpossible {
        return halt(.impossibleRow("\(error)"))
      } catch {
        failures += 1
        note(error)
        if let error = error as? NodeError { judge(nodeInUse, .failing(error)) }
        // Up to 64 times as long, 6 s by default: a node that is away is not asked more often than
        // that.
        if stop.wait(milliseconds: configuration.retryMilliseconds << min(failures, 6)) { return }
      }
    }
  }

  private func halt(_ halt: CustodyHalt) {
    figures.withLock { ($0.halted, $0.state) = (halt, "halted") }
    report("custody of \(configuration.chain) halted: \(halt)")
  }

  private func note(_ error: any Error) {
    count(error)
    let isNew = figures.withLock { figures in
      defer { figures.lastError = "\(error)" }
      figures.state = "retrying"
      return figures.lastError != "\(error)"
    }
    if isNew { report("\(configuration.chain): \(error)") }
  }

  /// Of what is asked beside the main line, which goes on.
  func noteAside(_ error: any Error) {
    count(error)
    let isNew = aside.withLock { last in
      defer { last = "\(error)" }
      return last != "\(error)"
    }
    if isNew { report("\(configuration.chain): \(error)") }
  }

  private func count(_ error: any Error) {
    guard let error = error as? NodeError else { return }
    figures.withLock { figures in
      figures.nodeErrors += 1
      if case .doubtful = error { figures.doubts += 1 }
    }
  }

  /// Connects, proves that the node is of our chain, and takes up where the database is.
  private func open(_ stop: OwnerThread.Stop) throws -> Session {
    let store = try CustodyStore(conninfo, chain: configuration.chain, term: core.term)
    if try store.known() == nil {
      try choose(nil, nil)
      let identity = try node.identity()
      if let other = try store.chain(identity) {
        throw CustodyHalt.knownChain(name: other)
      }
      let next = try node.heads().latest.height + 1
      let start = configuration.start ?? next
      guard start <= next else {
        throw NodeError.malformed("start is \(start), the chain's next block is \(next)")
      }
      try store.begin(chainID: identity.chainID, genesis: identity.genesis, start: start)
    }
    guard let known = try store.known() else { throw NodeError.unreachable("no chain") }
    guard known.chainID == configuration.chainID else {
      throw CustodyHalt.wrongChain(expected: known.chainID, found: configuration.chainID)
    }
    try addresses.load(store.addresses())
    let position = try register()
    guard position.lastCredit <= known.lastCredit, position.lastClawback <= known.lastClawback
    else {
      throw CustodyHalt.lostDeposits(
        "the engine has credit \(position.lastCredit) and clawback \(position.lastClawback), "
          + "the database \(known.lastCredit) and \(known.lastClawback)")
    }
    var follower = ChainFollower(
      start: known.start, tail: try store.tail(configuration.limits.depth),
      finalized: known.finalized, limits: configuration.limits)
    follower.range = range.withLock { $0.blocks }
    var session = Session(store: store, follower: follower, position: position, known: known)
    // What has its number needs no node. An engine that takes nothing now gets it after the next
    // step.
    do { try submit(&session) } catch is CoreAway {}
    // Whichever was asked before may be of another chain by now.
    roster.withLock { $0.doubt() }
    try choose(known, session.follower)
    try recordOpenings(session.store, start: known.start, stop)
    // Until it has been looked at: a reorganisation may have been the last thing that was stored.
    figures.withLock { $0.isDisputed = nodes.count > 1 }
    return session
  }

  struct CoreAway: Error, CustomStringConvertible {
    var description: String { "the engine takes no commands at the moment" }
  }

  private func register() throws -> ChainPosition {
    if let position = core.position(configuration.chain) { return position }
    guard
      let reply = core.submit([.operation(.registerChain(name: configuration.chain), by: .venue)])?
        .first
    else {
      throw CoreAway()
    }
    if let rejection = reply.rejection, rejection != .chainExists {
      throw CustodyHalt.refused("the chain's name: \(rejection.code)")
    }
    guard let position = core.position(configuration.chain) else { throw CoreAway() }
    return position
  }

  /// One look at the chain, and all that follows from it.
  private func turn(_ session: inout Session, _ stop: OwnerThread.Stop) throws {
    try choose(session.known, session.follower)
    let heads = try node.heads()
    let look = try follow(heads, &session, stop)
    publish(session)
    // What has its number needs no node, and waits for none.
    try submit(&session)
    if look.isCaughtUp { try takeBack(&session) }
    try credit(&session)
    try findSurplus(&session, stop)
    try watchFinality(&session)
    publish(session)
    let alarm = Alarm.allCases.first { session.alarms.contains($0) }
    figures.withLock { $0.state = alarm?.rawValue ?? look.state }
    let isLagging = heads.latest.height < session.follower.tip?.height ?? -1
    roster.withLock { $0.served(height: heads.latest.height, isLagging: isLagging) }
    if session.follower.lag == 0 || !look.isFetching {
      _ = stop.wait(milliseconds: configuration.pollMilliseconds)
    }
  }

  private struct Look {
    /// In the figures.
    var state = "scanning"
    /// The chain is known to its end.
    var isCaughtUp = false
    /// It had blocks to ask for.
    var isFetching = false
  }

  /// Does what the follower says until a step is durable, or there is none.
  private func follow(
    _ heads: ChainNode.Heads, _ session: inout Session, _ stop: OwnerThread.Stop
  ) throws -> Look {
    var action = session.follower.heads(latest: heads.latest, finalized: heads.finalized)
    var blocks: [ChainBlock] = []
    var look = Look()
    while true {
      switch action {
      case .fetch(let heights):
        blocks = try fetch(heights, &session)
        look.isFetching = !blocks.isEmpty
        action = session.follower.blocks(blocks.map(\.place))
      case .compare(let heights):
        action = session.follower.hashes(try node.hashes(at: heights))
      case .apply(let step):
        try apply(step, blocks, &session)
        if step.rollBackTo != nil {
          try recordOpenings(session.store, start: session.known.start, stop)
        }
        look.isCaughtUp = step.isCaughtUp
        return look
      case .wait(let reason):
        look.state = reason.rawValue
        session.contradictions = reason == .inconsistent ? session.contradictions + 1 : 0
        // A reorganisation between two questions looks like it, once or twice.
        if session.contradictions > 3, nodes.count > 1 { throw NodeError.malformed("two chains") }
        if reason == .caughtUp, let tip = session.follower.tip {
          try session.store.advance(
            tip: tip.height, finalized: session.follower.finalized, numbersLost: nodes.count == 1)
          look.isCaughtUp = true
        }
        return look
      case .halt(.reorganisationTooDeep(let height)):
        throw CustodyHalt.reorganisationTooDeep(below: height)
      case .halt(.finalBlockLeft(let height)): throw CustodyHalt.finalBlockLeft(height: height)
      }
    }
  }

  /// Asks for fewer blocks after a failure, whatever its reason.
  private func fetch(
    _ heights: ClosedRange<Int64>, _ session: inout Session
  ) throws -> [ChainBlock] {
    do {
      let blocks = try node.blocks(heights)
      range.withLock { $0.succeeded() }
      session.follower.range = range.withLock { $0.blocks }
      return blocks
    } catch {
      range.withLock { $0.failed() }
      throw error
    }
  }

  private func publish(_ session: borrowing Session) {
    let (follower, position) = (session.follower, session.position)
    // A node that stands still must not look like the end of the chain.
    let best = roster.withLock { $0.bestHeight }
    figures.withLock { figures in
      figures.tip = follower.tip?.height
      figures.latest = follower.latest.map { max($0.height, best ?? -1) }
      figures.finalized = follower.finalized
      figures.credits = position.lastCredit
      figures.clawbacks = position.lastClawback
    }
  }

  private func apply(
    _ step: ChainFollower.Step, _ blocks: [ChainBlock], _ session: inout Session
  ) throws {
    var found: [FoundDeposit] = []
    var own = OwnMovements()
    do {
      try scan.checkUnique(blocks)
      for block in blocks { found += try deposits(in: block, by: node, &own) }
    } catch let doubt as BlockDoubt {
      throw NodeError.doubtful(doubt)
    }
    do throws(PostgresError) {
      try session.store.apply(
        step, found, own, finalized: session.follower.finalized, numbersLost: nodes.count == 1)
    } catch {
      // One of ours with a nonce that scanned blocks have.
      throw error.sqlstate == "23505" ? NodeError.doubtful(.transactionsTwice) : error
    }
    try configuration.onBoundary(.scanned)
    session.follower.applied(step)
    figures.withLock { figures in
      figures.state = "scanning"
      figures.found += found.count
      if step.rollBackTo != nil {
        figures.reorganisations += 1
        figures.isDisputed = nodes.count > 1
      }
    }
    if let height = step.rollBackTo {
      report("\(configuration.chain): the chain was reorganised above block \(height)")
    }
  }

  // MARK: Finality

  /// Tells of a finality that stands still while something waits for it.
  private func watchFinality(_ session: inout Session) throws {
    guard let tip = session.follower.tip else { return }
    let (finalized, isAtEnd) = (session.follower.finalized, session.follower.lag == 0)
    let blocks = finality.withLock {
      $0.blocks(tip: tip.height, finalized: finalized, isAtEnd: isAtEnd)
    }
    var isStalled = blocks >= configuration.finalityAlarmBlocks
    if isStalled, !scan.rules.assets.contains(where: { $0.finality == .finalized }) {
      // A chain that never told a final block has none to wait for.
      isStalled = try finalized >= 0 && session.store.hasUnfinal()
    }
    let wasStalled = figures.withLock { figures in
      defer { figures.isFinalityStalled = isStalled }
      return figures.isFinalityStalled
    }
    session.alarms.set(.finalityStalled, isStalled)
    if isStalled, !wasStalled {
      report(
        "\(configuration.chain): no block became final in the last \(blocks), after \(finalized): "
          + "what waits for finality waits")
    } else if wasStalled, !isStalled {
      report("\(configuration.chain): block \(finalized) is final, finality goes on")
    }
  }
}

extension Set {
  mutating func set(_ element: Element, _ isIn: Bool) {
    if isIn { insert(element) } else { remove(element) }
  }
}
