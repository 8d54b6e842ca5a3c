// The driver of payments: starts what is approved, signs, stores, sends, and tells the engine how
// it ended.

internal import Engine
public import Ethereum
internal import Formats
internal import Foundation
internal import Postgres
internal import Synchronization

/// Why the signer gave no signature.
public enum PayoutSignerError: Error, Sendable, Equatable {
  /// It is away, or did not answer in time: payments wait.
  case unavailable(String)
  /// By its own rules it will not sign this.
  case refused(code: String, message: String)
  /// What it answered cannot be: it holds another key, or is no signer.
  case wrong(String)
}

/// The process that holds the key. Blocks.
public protocol PayoutSigner: Sendable {
  /// Whose key it holds.
  func address() throws(PayoutSignerError) -> Address
  /// Throws what `sign` would throw now; nothing is signed and nothing counts.
  func check(_ transaction: Transaction1559) throws(PayoutSignerError)
  func sign(_ transaction: Transaction1559) throws(PayoutSignerError) -> SignedTransaction
}

/// Pays what users take out of one chain, from one account.
///
/// **Invariant:** one withdrawal is one nonce of one account, for ever; a slot is made only when
/// the engine's `start` is durable and in the ledger; bytes are stored before they are sent; the
/// lock ends by one command, and only when the chain's answer is final.
public final class PayoutSender: Sendable {
  public struct Configuration: Sendable {
    public var chain: String
    public var chainID: UInt64
    /// The account that pays.
    public var sender: Address
    /// Its first nonce that is ours: a key that was used before begins later.
    public var firstNonce: UInt64 = 0
    public var rules: PayoutRules
    /// After so many blocks, its own included, a payment is final; nil: when the chain says so.
    public var depth: Int64?
    public var pollMilliseconds = 1_000
    /// The first pause after a failure; each further one doubles it, up to 64 times.
    public var retryMilliseconds = 100
    /// Payments that are open at once: a nonce that is stuck holds up all behind it.
    public var openSlots = 32
    /// Gas of one payment at most; a contract that wants more is not paid.
    public var maximumGas: UInt64 = 200_000

    /// What has just become durable while the rest has not: tests end the session there, as a kill
    /// would.
    var onBoundary: @Sendable (Boundary) throws -> Void = { _ in }
    /// Between the look at the chain's end and the look at what it has of us: tests move the chain
    /// there.
    var onLook: @Sendable () throws -> Void = {}

    public init(
      chain: String, chainID: UInt64, sender: Address, rules: PayoutRules, depth: Int64? = nil
    ) {
      self.chain = chain
      self.chainID = chainID
      self.sender = sender
      self.rules = rules
      self.depth = depth
    }
  }

  enum Boundary: CaseIterable, Sendable {
    /// The engine has started it, no slot is made.
    case started
    /// It has its nonce, nothing is signed.
    case slotted
    /// What is to be signed is stored, the signer has not heard of it.
    case asked
    /// The signer has signed, its signature is not stored.
    case signed
    /// The bytes are stored, no node has them.
    case saved
    /// A node may have them, the database does not know it.
    case sent
    /// The engine has booked the end, the slot is open.
    case finished
  }

  public struct Figures: Sendable {
    /// What the sender waits for.
    public var state = "starting"
    public var openSlots = 0
    public var nextNonce: UInt64 = 0
    /// Looks that have ended, well or not: tests wait for the next.
    var looks = 0
    /// Since the start.
    public var paid = 0
    public var reverted = 0
    public var cancelled = 0
    public var attempts = 0
    /// Payments that wait for a person.
    public var held = 0
    /// Sweeps that are not finished, and those that were final since the start.
    public var openSweeps = 0
    public var swept = 0
    /// Approved withdrawals that the account cannot pay at the moment, by asset.
    public var unfunded: [String] = []
    /// Assets of which the signer would not sign what is approved, and its codes:
    /// `ETH over_day_limit`.
    public var unsigned: [String] = []
    public var isSignerAway = false
    /// Payments of wallets of before that are not finished.
    public var openOfEarlier = 0
    /// Of the last look; empty where nothing failed.
    public var lastError = ""
    public var halted: String?
  }

  /// What the scanner must be for a new payment to begin: following the chain's end.
  public typealias IsFollowing = @Sendable () -> Bool

  private let conninfo: String
  let configuration: Configuration
  let assets: DepositRules
  let addresses: DepositAddresses
  let nodes: [ChainNode]
  let signer: any PayoutSigner
  let core: CustodyCore
  private let isFollowing: IsFollowing
  private let nodeInUse: @Sendable () -> Int
  let report: @Sendable (String) -> Void
  let figures = Mutex(Figures())
  private let thread: Mutex<OwnerThread?> = Mutex(nil)
  /// Withdrawals that this process has started and that have no slot yet, each with the gas that
  /// the signer was asked about: the ledger is behind, or the answer was lost. Nothing more is
  /// started before they have.
  let starting: Mutex<[Int64: UInt64]> = Mutex([:])
  /// Sweeps that pay another wallet than this sender's, as was read from their bytes.
  let keptBack: Mutex<Set<Hash32>> = Mutex([])
  /// What the operator should know of the look in hand.
  private let trouble = Mutex("")
  /// Ends that the nodes do not agree about, as they were reported.
  let doubted: Mutex<[PayoutSlot.Place: String]> = Mutex([:])
  /// Earlier wallets whose open payments were reported.
  let earlier: Mutex<Set<Address>> = Mutex([])
  /// Started withdrawals that cannot be paid by the settings of now, as they were reported.
  let unpayable: Mutex<Set<Int64>> = Mutex([])

  /// - Parameters:
  /// - nodes: one is asked and sent to; where there are more, they get the bytes too, and two must
  /// agree
  ///     before a lock is released.
  /// - nodeInUse: which one, by its place in `nodes`: the scanner's, for it has seen that it is
  /// well.
  ///   - report: lines for the operator's log.
  public init(
    conninfo: String, configuration: Configuration, assets: DepositRules,
    addresses: DepositAddresses, nodes: [ChainNode], signer: any PayoutSigner, core: CustodyCore,
    isFollowing: @escaping IsFollowing, nodeInUse: @escaping @Sendable () -> Int = { 0 },
    report: @escaping @Sendable (String) -> Void
  ) {
    precondition(!nodes.isEmpty, "a chain without a node")
    self.conninfo = conninfo
    self.configuration = configuration
    self.assets = assets
    self.addresses = addresses
    self.nodes = nodes
    self.signer = signer
    self.core = core
    self.isFollowing = isFollowing
    self.nodeInUse = nodeInUse
    self.report = report
  }

  /// The one that is asked.
  var node: ChainNode {
    let index = nodeInUse()
    return nodes[nodes.indices.contains(index) ? index : 0]
  }

  public func currentFigures() -> Figures { figures.withLock { $0 } }

  public func start() {
    thread.withLock { $0 = OwnerThread(name: "payouts") { [self] stop in run(stop) } }
  }

  /// Ends after the step in hand. Blocks.
  public func stop() {
    let running = thread.withLock { $0 }
    running?.stop()
    running?.join()
  }

  // MARK: The thread

  struct CoreAway: Error, CustomStringConvertible {
    var description: String { "the engine takes no commands at the moment" }
  }

  /// What the thread owns between failures.
  private struct Session: ~Copyable {
    let store: CustodyStore
    /// That nobody else pays from this account was looked at.
    var isProven = false
    /// When payments that left the chain after their end were last sent again.
    var settledSentAt: Microseconds?
  }

  /// How soon to look again.
  enum Pause {
    case none
    /// For the ledger, which is some milliseconds behind.
    case short
    case poll
  }

  private func run(_ stop: OwnerThread.Stop) {
    var failures = 0
    while !stop.isRequested {
      do {
        var session = try open()
        while !stop.isRequested {
          let pause = try turn(&session)
          if pause == .poll { failures = 0 }
          let milliseconds = pause == .poll ? configuration.pollMilliseconds : 20
          if pause != .none, stop.wait(milliseconds: milliseconds) { return }
        }
      } catch {
        failures += 1
        note(error)
        if stop.wait(milliseconds: configuration.retryMilliseconds << min(failures, 6)) { return }
      }
    }
  }

  private func note(_ error: any Error) {
    var isSignerAway = false
    let text: String
    if case PayoutSignerError.unavailable(let why) = error {
      (text, isSignerAway) = ("the signer is away: \(why)", true)
    } else {
      text = "\(error)"
    }
    let isNew = figures.withLock { figures in
      defer { (figures.lastError, figures.isSignerAway) = (text, isSignerAway) }
      figures.state = "retrying"
      return figures.lastError != text
    }
    if isNew { report("\(configuration.chain) payouts: \(text)") }
  }

  /// What the operator should know of this look.
  func noteTrouble(_ text: String) {
    trouble.withLock { $0 = text }
    figures.withLock { $0.lastError = text }
  }

  private func open() throws -> Session {
    let store = try CustodyStore(conninfo, chain: configuration.chain, term: core.term)
    if try store.account(configuration.sender) == nil {
      try store.addAccount(configuration.sender, firstNonce: configuration.firstNonce)
    }
    return Session(store: store)
  }

  /// Why this account must not be used, as far as the chain tells before anything is sent.
  private func objection(
    _ account: PayoutAccount, _ tip: BlockPlace
  ) throws -> PayoutHalt? {
    let identity = try node.identity()
    guard identity.chainID == Int64(clamping: configuration.chainID) else {
      return .wrongChain("the node has \(identity.chainID)")
    }
    // Of the chain's end too: what an old database has scanned may end before payments that it has
    // forgotten.
    let latest = try node.heads().latest.hash
    let used = max(
      try node.transactionCount(configuration.sender, at: tip.hash),
      try node.transactionCount(configuration.sender, at: latest))
    return account.next < used ? .nonceBehind(next: account.next, chain: used) : nil
  }

  func halt(_ halt: PayoutHalt, _ store: borrowing CustodyStore) throws {
    guard try store.halt(configuration.sender, halt.description) else { return }
    report("payouts of \(configuration.chain) halted: \(halt)")
  }

  /// One look at everything that is open. What went wrong before it is over where it goes well.
  private func turn(_ session: inout Session) throws -> Pause {
    trouble.withLock { $0 = "" }
    defer { figures.withLock { $0.looks += 1 } }
    let pause: Pause
    do {
      pause = try look(&session)
    } catch let error as PostgresError where error.isImpossible {
      // Another connection would find the same: looked at again when a person resumed, or as often
      // as the chain is.
      let halt = PayoutHalt.impossibleRow("\(error)")
      try self.halt(halt, session.store)
      figures.withLock { ($0.halted, $0.state) = (halt.description, "halted") }
      return .poll
    }
    let last = trouble.withLock { $0 }
    figures.withLock { ($0.lastError, $0.isSignerAway) = (last, false) }
    return pause
  }

  private func look(_ session: inout Session) throws -> Pause {
    guard let account = try session.store.account(configuration.sender) else {
      throw NodeError.unreachable("no account")
    }
    figures.withLock { ($0.halted, $0.nextNonce) = (account.halted, account.next) }
    let look = try session.store.look(
      configuration.sender, next: account.next, limit: configuration.openSlots,
      midway: configuration.onLook)
    guard let look else {
      figures.withLock { $0.state = "no_block" }
      return .poll
    }
    let settled = configuration.depth.map { look.tip.height - $0 + 1 } ?? look.finalized
    try watchEarlier(settled: settled, session.store)
    if account.halted != nil {
      figures.withLock { $0.state = "halted" }
      session.isProven = false
      try watch(look, settled: settled, isSending: false, session.store)
      return .poll
    }
    if !session.isProven {
      if let objection = try objection(account, look.tip) {
        try halt(objection, session.store)
        return .poll
      }
      session.isProven = true
    }
    figures.withLock { figures in
      figures.openSlots = look.slots.count
      figures.held = look.slots.count { $0.needsPerson(look.mined[$0.nonce]) }
    }
    if let found = contradiction(look, account) {
      try halt(found, session.store)
      return .poll
    }
    let baseFee = try node.baseFee(of: look.tip.hash)
    let pause: Pause?
    do {
      pause = try pay(look, account, baseFee, settled, &session)
    } catch let error as PayoutSignerError {
      // Sweeps are signed elsewhere.
      try sweep(look, settled: settled, session.store)
      guard case .wrong(let why) = error else { throw error }
      try halt(.refused("the signer: \(why)"), session.store)
      return .poll
    }
    guard let pause else { return .poll }
    try sweep(look, settled: settled, session.store)
    figures.withLock { $0.state = pause == .poll ? "waiting" : "paying" }
    return pause
  }

  /// What is open goes on, and what is approved begins; nil where it halted.
  private func pay(
    _ look: PayoutLook, _ account: PayoutAccount, _ baseFee: UInt256, _ settled: Int64,
    _ session: inout Session
  ) throws -> Pause? {
    guard let pause = try advance(look, account, baseFee, settled, &session) else { return nil }
    guard look.slots.count < configuration.openSlots, isFollowing() else { return pause }
    return switch try allot(account, look, baseFee, session.store) {
    case .poll: pause
    case let sooner: pause == .none ? .none : sooner
    }
  }

  /// What scanned blocks show that no payment of ours can have done.
  private func contradiction(_ look: PayoutLook, _ account: PayoutAccount) -> PayoutHalt? {
    let foreign = look.mined.values.filter { $0.nonce >= account.next }
    if let first = foreign.min(by: { $0.nonce < $1.nonce }) {
      return .foreignTransaction(nonce: first.nonce, hash: first.hash)
    }
    return look.contradiction.map { .endContradicted(nonce: $0.nonce, hash: $0.hash) }
  }

  /// A step of each open payment; nil where it halted.
  private func advance(
    _ look: PayoutLook, _ account: PayoutAccount, _ baseFee: UInt256, _ settled: Int64,
    _ session: inout Session
  ) throws -> Pause? {
    let used = try node.transactionCount(configuration.sender, at: look.tip.hash)
    let first = look.slots.first?.nonce ?? account.next
    if used < first { try sendSettledAgain(used..<first, &session) }
    var pause = Pause.poll
    for slot in look.slots {
      let view = PayoutView(
        mined: look.mined[slot.nonce], tip: look.tip.height, settled: settled, nonce: used,
        baseFee: baseFee, now: Self.now())
      switch try act(configuration.rules.step(slot, view), slot, view, session.store) {
      case .acted: pause = .none
      case .waits: break
      case .halted: return nil
      }
    }
    return pause
  }

  /// Final by the depth, and yet the chain left them: their nonces are empty again, and all behind
  /// would wait for ever. What was booked is sent again; anything else of these nonces is not.
  private func sendSettledAgain(_ nonces: Range<UInt64>, _ session: inout Session) throws {
    let now = Self.now()
    if let sentAt = session.settledSentAt,
      (0..<configuration.rules.resendAfter).contains(now - sentAt)
    {
      return
    }
    let reopened = try session.store.reopenReverted(configuration.sender, nonces)
    if reopened > 0 {
      report(
        "\(configuration.chain): \(reopened) payments that were booked as reverted left the chain: "
          + "their nonces go to nothing")
    }
    let settled = try session.store.settledBytes(configuration.sender, nonces)
    // A first nonce above the chain's is a gap too, and nothing was ever sent for it.
    if settled.isEmpty { return }
    if session.settledSentAt == nil {
      report(
        "\(configuration.chain): payments that were final left the chain, from nonce "
          + "\(nonces.lowerBound) on: they are sent again")
    }
    for raw in settled {
      for node in nodes { _ = try? node.send(raw) }
    }
    session.settledSentAt = now
  }

  static func now() -> Microseconds {
    Timestamp.now().microseconds
  }

  enum Acted { case acted, waits, halted }

  private func act(
    _ step: PayoutStep, _ slot: PayoutSlot, _ view: PayoutView, _ store: borrowing CustodyStore
  ) throws -> Acted {
    switch step {
    case .wait(let state):
      let hash = view.mined?.hash
      try store.note(state, of: slot, transaction: hash, height: view.mined?.height)
      return .waits
    case .waitForFees(let state):
      noteTrouble("fees are above the cap")
      try store.note(state, of: slot, transaction: nil, height: nil)
      return .waits
    case .sign(let kind, let fees): return try sign(kind, fees, slot, view, store)
    case .send(let hash): return try send(hash, slot, view, store)
    case .settle(let outcome): return try settle(outcome, slot, view, store)
    case .hold(let reason):
      try hold(slot, reason, store)
      return .waits
    case .halt(let halt):
      try self.halt(halt, store)
      return .halted
    }
  }

  func hold(
    _ slot: PayoutSlot, _ reason: String, _ store: borrowing CustodyStore
  ) throws {
    try store.hold(slot, reason)
    report("\(configuration.chain): payment with nonce \(slot.nonce) is held: \(reason)")
  }

  // MARK: Signing and sending

  private func sign(
    _ kind: PayoutAttempt.Kind, _ fees: GasFees, _ slot: PayoutSlot, _ view: PayoutView,
    _ store: borrowing CustodyStore
  ) throws -> Acted {
    let transaction = try self.transaction(kind, fees, slot)
    let ask = PayoutSlot.Ask(kind: kind, fees: fees)
    if slot.asked != ask {
      try store.ask(ask, for: slot)
      try configuration.onBoundary(.asked)
    }
    let signed: SignedTransaction
    do throws(PayoutSignerError) {
      signed = try signer.sign(transaction)
    } catch .refused(let code, let message) {
      try store.refused(ask, for: slot)
      // Its day ran full between its check and the signature: it is asked again.
      if Self.daily.contains(code) {
        noteTrouble("the signer refuses nonce \(slot.nonce) today: \(code)")
        return try sendAgain(slot, view, store)
      }
      // An attempt that is out goes on; without one a person decides.
      if slot.attempts.isEmpty || kind == .cancellation, slot.hold == nil {
        // Gas is nobody's money: a top-up that is refused gives its nonce up, and nothing waits for
        // it.
        try store.hold(
          slot, CustodyStore.signerRefuses + "\(code): \(message)",
          isCancelled: slot.purpose == .topUp)
        report("\(configuration.chain): the signer refuses nonce \(slot.nonce): \(code)")
      }
      return try sendAgain(slot, view, store)
    } catch {
      _ = try sendAgain(slot, view, store)
      throw error
    }
    guard signed.sender == slot.sender, signed.transaction == transaction else {
      try halt(.refused("the signer signed as \(signed.sender), or something else"), store)
      return .halted
    }
    try configuration.onBoundary(.signed)
    try store.save(signed, kind, for: slot, height: view.tip)
    try configuration.onBoundary(.saved)
    figures.withLock { $0.attempts += 1 }
    return .acted
  }

  /// What the signer refuses of a day, by its codes.
  private static let daily: Set<String> = ["over_day_limit", "gas_cost_over_day_limit"]

  func transaction(
    _ kind: PayoutAttempt.Kind, _ fees: GasFees, _ slot: PayoutSlot
  ) throws -> Transaction1559 {
    switch kind {
    case .payment:
      try Transaction1559(
        chainID: configuration.chainID, nonce: slot.nonce, fees: fees, gasLimit: slot.gasLimit,
        destination: slot.destination, value: slot.value, data: slot.data)
    case .cancellation:
      try Transaction1559(
        chainID: configuration.chainID, nonce: slot.nonce, fees: fees, gasLimit: 21_000,
        destination: slot.sender, value: .zero)
    }
  }

  /// Without a signature what is out is kept alive.
  func sendAgain(
    _ slot: PayoutSlot, _ view: PayoutView, _ store: borrowing CustodyStore
  ) throws -> Acted {
    guard let hash = configuration.rules.resend(slot, view) else { return .waits }
    return try send(hash, slot, view, store)
  }

  private func send(
    _ hash: Hash32, _ slot: PayoutSlot, _ view: PayoutView, _ store: borrowing CustodyStore
  ) throws -> Acted {
    guard let attempt = slot.attempts.first(where: { $0.hash == hash }),
      let raw = try store.raw(hash)
    else { preconditionFailure("an attempt without its bytes") }
    // An answer that is lost leaves everything as it is: the same bytes go again.
    let answer = try sendToAll(raw)
    try configuration.onBoundary(.sent)
    if answer.answer == .wrongChain {
      try halt(.wrongChain(answer.message), store)
      return .halted
    }
    if ![.accepted, .alreadyKnown].contains(answer.answer) {
      noteTrouble("nonce \(slot.nonce): \(answer.message)")
      if attempt.answer != answer.answer {
        report("\(configuration.chain): nonce \(slot.nonce): \(answer.message)")
      }
    }
    try store.sent(
      hash, of: slot, answer.answer, attempt.kind, height: view.tip, at: view.now)
    return .waits
  }

  /// The answer of the node in use; that the others get it too is more than is needed.
  func sendToAll(_ raw: [UInt8]) throws -> ChainNode.SendAnswer {
    let inUse = node
    let answer = try inUse.send(raw)
    for other in nodes where other !== inUse { _ = try? other.send(raw) }
    return answer
  }
}

extension PayoutSlot {
  /// Held, and not about to end by its cancellation.
  fileprivate func needsPerson(_ mined: SentTransaction?) -> Bool {
    guard hold != nil else { return false }
    if let mined { return mined.isSuccess && !mined.hasPaid }
    return !isCancelled || current == nil
  }
}
