// The driver: asks the nodes, stores what was found, and sends ripe deposits to the engine.

internal import Engine
internal import Ethereum
internal import Foundation
internal import Postgres
internal import Synchronization

/// Scans one chain and credits what arrives on it.
///
/// **Invariant:** a deposit is credited only after its row, with the number of its credit, is durable; and
/// the engine applies each number once.
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
    /// Deposits that are numbered at once.
    public var creditBatch = 500
    /// Between a node's failure and the next look at it, at first.
    public var nodePauseMilliseconds = 5_000
    /// Whether the nodes trace: then payments from inside calls are found in their blocks.
    public var traces = false

    /// What has just become durable while the rest has not: tests end the session there, as a kill would.
    var onBoundary: @Sendable (Boundary) throws -> Void = { _ in }

    public init(chain: String, chainID: Int64, start: Int64? = nil) {
      self.chain = chain
      self.chainID = chainID
      self.start = start
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
    public var lastError = ""
    public var halted: CustodyHalt?
    /// What the scanner waits for.
    public var state = "starting"
    /// In the configured order, and which of them is asked.
    public var nodes: [NodeRoster.Node] = []
    public var nodeInUse = 0

    /// It has what the node has, within some blocks: new payments may begin.
    public var isFollowing: Bool {
      guard halted == nil, let tip, let latest else { return false }
      return latest - tip < 16 && state != "retrying" && state != "starting"
    }
  }

  private let conninfo: String
  let configuration: Configuration
  let scan: BlockScan
  private let nodes: [ChainNode]
  let addresses: DepositAddresses
  private let core: CustodyCore
  let report: @Sendable (String) -> Void
  let figures = Mutex(Figures())
  private let range: Mutex<AdaptiveRange>
  private let roster: Mutex<NodeRoster>
  private let thread: Mutex<OwnerThread?> = Mutex(nil)

  /// - Parameters:
  ///   - nodes: the first that is believed is asked; another must agree where an asset's rule says so.
  ///   - report: lines for the operator's log.
  public init(
    conninfo: String, configuration: Configuration, rules: DepositRules, nodes: [ChainNode],
    addresses: DepositAddresses, core: CustodyCore, report: @escaping @Sendable (String) -> Void
  ) {
    precondition(!nodes.isEmpty, "a chain without a node")
    self.conninfo = conninfo
    self.configuration = configuration
    range = Mutex(AdaptiveRange(maximum: configuration.limits.blocks))
    roster = Mutex(
      NodeRoster(
        count: nodes.count, pause: .milliseconds(configuration.nodePauseMilliseconds)))
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

  // MARK: The thread

  /// What the thread owns between failures.
  struct Session: ~Copyable {
    var store: CustodyStore
    var follower: ChainFollower
    var position: ChainPosition
    var known: CustodyStore.Known
    var surplusAt = ContinuousClock.now
    /// What the last look found that was not certain yet, and the final block that it was of.
    var suspected: [Address: UInt256] = [:]
    var suspectedAt: Int64 = -1
    /// Looks in a row whose answers were of two chains.
    var contradictions = 0
  }

  private func run(_ stop: OwnerThread.Stop) {
    var failures = 0
    while !stop.isRequested {
      do {
        var session = try open()
        while !stop.isRequested {
          try turn(&session, stop)
          failures = 0
        }
      } catch let halt as CustodyHalt where isByOneNodeOnly(halt) {
        failures += 1
        if stop.wait(milliseconds: configuration.retryMilliseconds << min(failures, 6)) { return }
      } catch let halt as CustodyHalt {
        figures.withLock { ($0.halted, $0.state) = (halt, "halted") }
        report("custody of \(configuration.chain) halted: \(halt)")
        return
      } catch {
        failures += 1
        note(error)
        if let error = error as? NodeError { judge(nodeInUse, .failing(error)) }
        // Up to 64 times as long, 6 s by default: a node that is away is not asked more often than that.
        if stop.wait(milliseconds: configuration.retryMilliseconds << min(failures, 6)) { return }
      }
    }
  }

  private func note(_ error: any Error) {
    let isNew = figures.withLock { figures in
      if let error = error as? NodeError {
        figures.nodeErrors += 1
        if case .doubtful = error { figures.doubts += 1 }
      }
      defer { figures.lastError = "\(error)" }
      figures.state = "retrying"
      return figures.lastError != "\(error)"
    }
    if isNew { report("\(configuration.chain): \(error)") }
  }

  /// Connects, proves that the node is of our chain, and takes up where the database is.
  private func open() throws -> Session {
    let store = try CustodyStore(conninfo, chain: configuration.chain, term: core.term)
    if try store.known() == nil {
      try choose(nil, nil)
      let identity = try node.identity()
      let start = try configuration.start ?? node.heads().latest.height + 1
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
    // Whichever was asked before may be of another chain by now.
    roster.withLock { $0.doubt() }
    try choose(known, follower)
    return Session(store: store, follower: follower, position: position, known: known)
  }

  // MARK: Nodes

  private var nodeInUse: Int { roster.withLock { $0.current } }

  private func name(_ index: Int) -> String { "node \(index + 1) (\(nodes[index].host))" }

  private func judge(_ index: Int, _ verdict: NodeVerdict, height: Int64? = nil) {
    let before = roster.withLock { roster in
      defer { roster.note(index, verdict, height: height, at: .now) }
      return roster.nodes[index].verdict
    }
    // To lag by some blocks is a node's daily life, and the first look that finds all well is no news.
    let isKnown = before.name == verdict.name || before.isUsable && verdict.isUsable
    if !isKnown, before != .untried || !verdict.isUsable {
      report("\(configuration.chain): \(name(index)) is \(verdict.name)")
    }
  }

  /// A node that contradicts what was scanned is left for another, where one is not known to agree with it.
  private func isByOneNodeOnly(_ halt: CustodyHalt) -> Bool {
    guard halt.isOfANode, nodes.count > 1, roster.withLock({ $0.halt }) == nil else { return false }
    judge(nodeInUse, .foreign(halt))
    return roster.withLock { $0.halt } == nil
  }

  /// The node to ask from here on. Those that are not in use are looked at from time to time; the first that
  /// is believed is taken.
  private func choose(_ known: CustodyStore.Known?, _ follower: ChainFollower?) throws {
    for index in roster.withLock({ $0.due(at: .now) }) {
      let (verdict, height) = look(at: nodes[index], known, follower)
      judge(index, verdict, height: height)
    }
    let before = nodeInUse
    guard roster.withLock({ $0.choose() }) else {
      if let halt = roster.withLock({ $0.halt }) { throw halt }
      throw roster.withLock { $0.error }
    }
    if nodeInUse != before {
      report("\(configuration.chain): \(name(nodeInUse)) is asked instead of \(name(before))")
    }
  }

  /// Whether a node is of our chain and holds what we have scanned. Where there is no other, the follower
  /// waits or halts by its own rules.
  private func look(
    at node: ChainNode, _ known: CustodyStore.Known?, _ follower: ChainFollower?
  ) -> (NodeVerdict, Int64?) {
    do throws(NodeError) {
      let identity = try node.identity()
      guard identity.chainID == configuration.chainID else {
        let halt = CustodyHalt.wrongChain(
          expected: configuration.chainID, found: identity.chainID)
        return (.foreign(halt), nil)
      }
      if let known, known.genesis != identity.genesis { return (.foreign(.wrongGenesis), nil) }
      guard nodes.count > 1, let follower else { return (.well, nil) }
      let height = try node.heads().latest.height
      return (
        try follower.verdict(on: height) { height throws(NodeError) in
          try node.hashes(at: [height])[0].hash
        }, height
      )
    } catch {
      figures.withLock { $0.nodeErrors += 1 }
      return (.failing(error), nil)
    }
  }

  private struct CoreAway: Error, CustomStringConvertible {
    var description: String { "the engine takes no commands at the moment" }
  }

  private func register() throws -> ChainPosition {
    if let position = core.position(configuration.chain) { return position }
    guard let reply = core.submit([.registerChain(name: configuration.chain)])?.first else {
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
    var action = session.follower.heads(
      latest: heads.latest, finalized: heads.finalized)
    var blocks: [ChainBlock] = []
    var isWaiting = false
    while !isWaiting {
      switch action {
      case .fetch(let heights):
        blocks = try fetch(heights, &session)
        action = session.follower.blocks(blocks.map(\.place))
      case .compare(let heights):
        action = session.follower.hashes(try node.hashes(at: heights))
      case .apply(let step):
        try apply(step, blocks, &session)
        isWaiting = true
      case .wait(let reason):
        figures.withLock { $0.state = reason.rawValue }
        session.contradictions = reason == .inconsistent ? session.contradictions + 1 : 0
        // A reorganisation between two questions looks like it, once or twice.
        if session.contradictions > 3, nodes.count > 1 { throw NodeError.malformed("two chains") }
        if reason == .caughtUp, let tip = session.follower.tip {
          try session.store.advance(tip: tip.height, finalized: session.follower.finalized)
        }
        isWaiting = true
      case .halt(.reorganisationTooDeep(let height)):
        throw CustodyHalt.reorganisationTooDeep(below: height)
      case .halt(.finalBlockLeft(let height)): throw CustodyHalt.finalBlockLeft(height: height)
      }
    }
    publish(session)
    try credit(&session)
    try findSurplus(&session)
    publish(session)
    let isLagging = heads.latest.height < session.follower.tip?.height ?? -1
    roster.withLock { $0.served(height: heads.latest.height, isLagging: isLagging) }
    if session.follower.lag == 0 || blocks.isEmpty {
      _ = stop.wait(milliseconds: configuration.pollMilliseconds)
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
    figures.withLock { figures in
      figures.tip = follower.tip?.height
      figures.latest = follower.latest?.height
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
    for block in blocks { found += try deposits(in: block, &own) }
    try session.store.apply(step, found, own, finalized: session.follower.finalized)
    try configuration.onBoundary(.scanned)
    session.follower.applied(step)
    figures.withLock { figures in
      figures.state = "scanning"
      figures.found += found.count
      if step.rollBackTo != nil { figures.reorganisations += 1 }
    }
    if let height = step.rollBackTo {
      report("\(configuration.chain): the chain was reorganised above block \(height)")
    }
  }

  private func deposits(
    in block: ChainBlock, _ own: inout OwnMovements
  ) throws -> [FoundDeposit] {
    let transfers: [Transfer]
    do {
      transfers = try self.transfers(in: block, &own)
    } catch let doubt as BlockDoubt {
      throw NodeError.doubtful(doubt)
    }
    return transfers.compactMap { transfer in
      // Between addresses of ours nothing is paid in.
      guard let user = addresses.owner(transfer.recipient), addresses.owner(transfer.sender) == nil,
        let asset = scan.rules.asset(transfer.source)
      else { return nil }
      return FoundDeposit(
        transfer: transfer, user: user, asset: asset,
        value: scan.rules.value(of: transfer, in: asset), place: block.place)
    }
  }

  private func transfers(
    in block: ChainBlock, _ own: inout OwnMovements
  ) throws -> [Transfer] {
    let watching: (Address) -> Bool = { [addresses] in addresses.owner($0) != nil }
    let traces = configuration.traces ? try node.traces(block) : []
    if configuration.traces { try scan.check(traces, of: block) }
    guard
      traces.contains(where: { scan.mayPay($0, watching: watching) })
        || scan.needsReceipts(block, watching: watching)
    else { return [] }
    let receipts = try node.receipts(block)
    try scan.check(receipts, of: block)
    var found: [Transfer] = []
    for (index, (transaction, receipt)) in zip(block.transactions, receipts).enumerated() {
      try note(transaction, receipt, in: block.place, &own)
      found += scan.transfers(transaction, receipt, watching: watching)
      guard configuration.traces else { continue }
      found += try scan.transfers(traces[index], transaction, receipt, watching: watching)
    }
    return found
  }

  private func note(
    _ transaction: ChainTransaction, _ receipt: ChainReceipt, in place: BlockPlace,
    _ own: inout OwnMovements
  ) throws(BlockDoubt) {
    let owner: (Address) -> AddressOwner = { [addresses, scan] address in
      if scan.rules.ownSenders.contains(address) { return .venue }
      return addresses.owner(address) == nil ? .outside : .user
    }
    if let sent = try scan.sent(transaction, receipt, in: place, owner) { own.sent.append(sent) }
    own.transfers += scan.venueTransfers(transaction, receipt, in: place, owner)
  }

  // MARK: Credits

  private func credit(_ session: inout Session) throws {
    if let tip = session.follower.tip, session.follower.lag == 0 {
      let finalized = session.follower.finalized
      let heights = scan.rules.assets.map { ($0.code, $0.ripeHeight(tip.height, finalized)) }
      var (after, isLast) = (Int64(0), false)
      while !isLast {
        let page = try session.store.ripe(heights, after: after, limit: configuration.creditBatch)
        isLast = page.count < configuration.creditBatch
        after = page.last?.id ?? after
        let confirmed = try confirmAgain(page)
        if confirmed.isEmpty { continue }
        try session.store.number(confirmed)
        try configuration.onBoundary(.numbered)
      }
    }
    try submit(&session)
  }

  /// Those that, looked at once more by transaction, lie where they were found; of large ones a second node
  /// must say so too. A number is given for ever.
  private func confirmAgain(_ ripe: [Deposit]) throws -> [Deposit] {
    let confirmed = try confirm(ripe, by: node)
    let large = confirmed.filter { deposit in
      scan.rules.asset(named: deposit.asset)?.secondNodeFrom.map { deposit.amount >= $0 } ?? false
    }
    if large.isEmpty { return confirmed }
    let agreed = Set(try confirmByAnother(large).map(\.id))
    if agreed.count < large.count { figures.withLock { $0.state = "second_node_disagrees" } }
    let waiting = Set(large.map(\.id)).subtracting(agreed)
    return confirmed.filter { !waiting.contains($0.id) }
  }

  /// Those of which a node has the very transfer in the very block.
  private func confirm(_ deposits: [Deposit], by node: ChainNode) throws -> [Deposit] {
    let hashes = Array(Set(deposits.map(\.transaction))).sorted()
    let receipts = try node.receipts(of: hashes)
    let transactions = try node.transactions(hashes)
    var found: [Hash32: (transaction: ChainTransaction, receipt: ChainReceipt)] = [:]
    for (hash, (receipt, transaction)) in zip(hashes, zip(receipts, transactions)) {
      if let receipt, let transaction { found[hash] = (transaction, receipt) }
    }
    let traces = traces(of: deposits, by: node)
    return deposits.filter { deposit in
      guard let (transaction, receipt) = found[deposit.transaction],
        receipt.transaction == deposit.transaction, receipt.block == deposit.block,
        let asset = scan.rules.asset(named: deposit.asset)
      else { return false }
      let watching: (Address) -> Bool = { [addresses] in addresses.owner($0) != nil }
      var transfers = scan.transfers(transaction, receipt, watching: watching)
      if let trace = traces[deposit.transaction] {
        transfers += (try? scan.transfers(trace, transaction, receipt, watching: watching)) ?? []
      }
      return transfers.contains {
        $0.outRef == deposit.outRef && $0.raw == deposit.raw && $0.recipient == deposit.address
          && $0.source == asset.source
      }
    }
  }

  /// The traces of those that were paid from inside a call. Where a node gives none such a deposit waits, and
  /// no other does.
  private func traces(of deposits: [Deposit], by node: ChainNode) -> [Hash32: CallTrace] {
    var found: [Hash32: CallTrace] = [:]
    for deposit in deposits where deposit.isFromInside && found[deposit.transaction] == nil {
      do throws(NodeError) {
        found[deposit.transaction] = try node.trace(deposit.transaction)
      } catch {
        note(error)
      }
    }
    return found
  }

  /// Those of which another node, of the same chain, says the same. One that is away, behind or of another
  /// chain is reported and counts for nothing.
  private func confirmByAnother(_ deposits: [Deposit]) throws -> [Deposit] {
    var agreed: [Deposit] = []
    let (inUse, own) = (nodeInUse, try node.identity())
    for (index, node) in nodes.enumerated() where index != inUse {
      do {
        let identity = try node.identity()
        guard identity == own else {
          report("\(configuration.chain): \(name(index)) is of another chain or genesis")
          continue
        }
        agreed += try confirm(deposits, by: node)
      } catch {
        note(error)
      }
    }
    return agreed
  }

  /// Gives the engine what it does not have yet, in order: first credits, then what takes them back.
  private func submit(_ session: inout Session) throws {
    let chain = session.position.chain
    let credits = try session.store.credits(after: session.position.lastCredit)
    try send(credits, after: session.position.lastCredit, accepting: .creditAlreadyApplied) {
      deposit, number in
      .creditDeposit(
        DepositCredit(
          chain: chain, number: number, user: deposit.user, asset: try asset(deposit.asset),
          amount: deposit.amount))
    } number: {
      $0.creditNumber
    }
    session.position.lastCredit += Int64(credits.count)
    let clawbacks = try session.store.clawbacks(after: session.position.lastClawback)
    try send(clawbacks, after: session.position.lastClawback, accepting: .clawbackAlreadyApplied) {
      deposit, number in
      guard let credit = deposit.creditNumber else {
        throw CustodyHalt.lostDeposits("clawback \(number) is of no credit")
      }
      return .clawBackDeposit(
        DepositClawback(
          chain: chain, number: number, credit: credit, user: deposit.user,
          asset: try asset(deposit.asset), amount: deposit.amount))
    } number: {
      $0.clawbackNumber
    }
    session.position.lastClawback += Int64(clawbacks.count)
    for deposit in clawbacks {
      report(
        "\(configuration.chain): deposit \(deposit.id) left the chain after its credit: "
          + "\(deposit.amount) atoms of \(deposit.asset) are taken back, user \(deposit.user) is frozen"
      )
    }
  }

  /// All of them at once, in the order of their numbers, which follow `last` without a gap.
  private func send(
    _ deposits: [Deposit], after last: Int64, accepting known: Rejection,
    _ command: (Deposit, Int64) throws -> Command, number: (Deposit) -> Int64?
  ) throws {
    if deposits.isEmpty { return }
    var commands: [Command] = []
    for (offset, deposit) in deposits.enumerated() {
      let expected = last + Int64(offset) + 1
      guard number(deposit) == expected else {
        throw CustodyHalt.lostDeposits("credit or clawback \(expected) has no deposit")
      }
      commands.append(try command(deposit, expected))
    }
    guard let replies = core.submit(commands), replies.count == commands.count else {
      throw CoreAway()
    }
    for (deposit, reply) in zip(deposits, replies) {
      if let rejection = reply.rejection, rejection != known {
        throw CustodyHalt.refused("deposit \(deposit.id): \(rejection.code)")
      }
    }
    try configuration.onBoundary(.submitted)
  }

  private func asset(_ code: String) throws -> AssetID {
    guard let asset = core.asset(code) else {
      throw CustodyHalt.refused("the venue has no asset \(code)")
    }
    return asset
  }
}
