// The driver of payments: starts what is approved, signs, stores, sends, and tells the engine how it ended.

internal import Engine
public import Ethereum
internal import Foundation
internal import Postgres
internal import Synchronization

/// Why the signer gave no signature.
public enum PayoutSignerError: Error, Sendable, Equatable {
  /// It is away, or did not answer in time: payments wait.
  case unavailable(String)
  /// By its own rules it will not sign this.
  case refused(code: String, message: String)
}

/// The process that holds the key. Blocks.
public protocol PayoutSigner: Sendable {
  /// Whose key it holds.
  func address() throws(PayoutSignerError) -> Address
  func sign(_ transaction: Transaction1559) throws(PayoutSignerError) -> SignedTransaction
}

/// Pays what users take out of one chain, from one account.
///
/// **Invariant:** one withdrawal is one nonce of one account, for ever; a slot is made only when the engine's
/// `start` is durable and in the ledger; bytes are stored before they are sent; the lock ends by one command,
/// and only when the chain's answer is final.
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

    /// What has just become durable while the rest has not: tests end the session there, as a kill would.
    var onBoundary: @Sendable (Boundary) throws -> Void = { _ in }

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
    /// The signer has signed, nothing is stored.
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
    /// Since the start.
    public var paid = 0
    public var reverted = 0
    public var cancelled = 0
    public var attempts = 0
    /// Payments that wait for a person.
    public var held = 0
    /// Approved withdrawals that the account cannot pay at the moment, by asset.
    public var unfunded: [String] = []
    public var lastError = ""
    public var halted: String?
  }

  /// What the scanner must be for a new payment to begin: following the chain's end.
  public typealias IsFollowing = @Sendable () -> Bool

  private let conninfo: String
  private let configuration: Configuration
  private let assets: DepositRules
  private let addresses: DepositAddresses
  private let nodes: [ChainNode]
  private let signer: any PayoutSigner
  private let core: CustodyCore
  private let isFollowing: IsFollowing
  private let report: @Sendable (String) -> Void
  private let figures = Mutex(Figures())
  private let thread: Mutex<OwnerThread?> = Mutex(nil)
  /// Withdrawals that this process has started and that have no slot yet: the ledger is behind, or the answer
  /// was lost. Nothing more is started before they have.
  private let starting: Mutex<Set<Int64>> = Mutex([])

  /// - Parameters:
  ///   - nodes: the first is asked and sent to; where there are more, they get the bytes too, and must agree
  ///     before a lock is released.
  ///   - report: lines for the operator's log.
  public init(
    conninfo: String, configuration: Configuration, assets: DepositRules,
    addresses: DepositAddresses, nodes: [ChainNode], signer: any PayoutSigner, core: CustodyCore,
    isFollowing: @escaping IsFollowing, report: @escaping @Sendable (String) -> Void
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
    self.report = report
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

  private struct CoreAway: Error, CustomStringConvertible {
    var description: String { "the engine takes no commands at the moment" }
  }

  /// What the thread owns between failures.
  private struct Session: ~Copyable {
    let store: CustodyStore
    /// That nobody else pays from this account was looked at.
    var isProven = false
  }

  /// How soon to look again.
  private enum Pause {
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
    let text =
      switch error {
      case PayoutSignerError.unavailable(let why): "the signer is away: \(why)"
      default: "\(error)"
      }
    let isNew = figures.withLock { figures in
      defer { figures.lastError = text }
      figures.state = "retrying"
      return figures.lastError != text
    }
    if isNew { report("\(configuration.chain) payouts: \(text)") }
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
    let identity = try nodes[0].identity()
    guard identity.chainID == Int64(clamping: configuration.chainID) else {
      return .wrongChain("the node has \(identity.chainID)")
    }
    let used = try nodes[0].transactionCount(configuration.sender, at: tip.hash)
    return account.next < used ? .nonceBehind(next: account.next, chain: used) : nil
  }

  private func halt(_ halt: PayoutHalt, _ store: borrowing CustodyStore) throws {
    try store.halt(configuration.sender, halt.description)
    report("payouts of \(configuration.chain) halted: \(halt)")
  }

  /// One look at everything that is open.
  private func turn(_ session: inout Session) throws -> Pause {
    guard let account = try session.store.account(configuration.sender) else {
      throw NodeError.unreachable("no account")
    }
    figures.withLock { ($0.halted, $0.nextNonce) = (account.halted, account.next) }
    if account.halted != nil {
      figures.withLock { $0.state = "halted" }
      session.isProven = false
      return .poll
    }
    guard let (tip, finalized) = try session.store.position() else {
      figures.withLock { $0.state = "no_block" }
      return .poll
    }
    if !session.isProven {
      if let objection = try objection(account, tip) {
        try halt(objection, session.store)
        return .poll
      }
      session.isProven = true
    }
    let slots = try session.store.openSlots(configuration.sender, configuration.openSlots)
    figures.withLock { figures in
      figures.openSlots = slots.count
      figures.held = slots.count { $0.hold != nil && !$0.isCancelled }
    }
    let mined = try session.store.mined(
      configuration.sender, from: slots.first?.nonce ?? account.next)
    if let foreign = mined.values.filter({ $0.nonce >= account.next }).min(by: {
      $0.nonce < $1.nonce
    }) {
      try halt(
        .foreignTransaction(nonce: foreign.nonce, hash: foreign.hash), session.store)
      return .poll
    }
    let baseFee = try nodes[0].baseFee(of: tip.hash)
    var pause = Pause.poll
    if !slots.isEmpty {
      let used = try nodes[0].transactionCount(configuration.sender, at: tip.hash)
      let settled = configuration.depth.map { tip.height - $0 + 1 } ?? finalized
      for slot in slots {
        let view = PayoutView(
          mined: mined[slot.nonce], tip: tip.height, settled: settled, nonce: used,
          baseFee: baseFee, now: Self.now())
        switch try act(configuration.rules.step(slot, view), slot, view, session.store) {
        case .acted: pause = .none
        case .waits: break
        case .halted: return .poll
        }
      }
    }
    if slots.count < configuration.openSlots, isFollowing() {
      switch try allot(account, slots, tip, baseFee, session.store) {
      case .poll: break
      case let sooner: pause = pause == .none ? .none : sooner
      }
    }
    figures.withLock { $0.state = pause == .poll ? "waiting" : "paying" }
    return pause
  }

  private static func now() -> Microseconds {
    Microseconds(Date().timeIntervalSince1970 * 1_000_000)
  }

  private enum Acted { case acted, waits, halted }

  private func act(
    _ step: PayoutStep, _ slot: PayoutSlot, _ view: PayoutView, _ store: borrowing CustodyStore
  ) throws -> Acted {
    switch step {
    case .wait(let state):
      let hash = view.mined?.hash
      try store.note(state, of: slot, transaction: hash, height: view.mined?.height)
      return .waits
    case .waitForFees(let state):
      figures.withLock { $0.lastError = "fees are above the cap" }
      try store.note(state, of: slot, transaction: nil, height: nil)
      return .waits
    case .sign(let kind, let fees): return try sign(kind, fees, slot, view, store)
    case .send(let hash): return try send(hash, slot, view, store)
    case .settle(let outcome): return try settle(outcome, slot, view, store)
    case .hold(let reason):
      try store.hold(slot, reason)
      report("\(configuration.chain): payment with nonce \(slot.nonce) is held: \(reason)")
      return .waits
    case .halt(let halt):
      try self.halt(halt, store)
      return .halted
    }
  }

  // MARK: Signing and sending

  private func sign(
    _ kind: PayoutAttempt.Kind, _ fees: GasFees, _ slot: PayoutSlot, _ view: PayoutView,
    _ store: borrowing CustodyStore
  ) throws -> Acted {
    let transaction = try self.transaction(kind, fees, slot)
    let signed: SignedTransaction
    do throws(PayoutSignerError) {
      signed = try signer.sign(transaction)
    } catch .refused(let code, let message) {
      // An attempt that is out goes on; without one a person decides.
      if slot.attempts.isEmpty || kind == .cancellation {
        guard slot.hold == nil else { return .waits }
        try store.hold(slot, CustodyStore.signerRefuses + "\(code): \(message)")
        report("\(configuration.chain): the signer refuses nonce \(slot.nonce): \(code)")
      }
      return .waits
    } catch {
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

  private func transaction(
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

  private func send(
    _ hash: Hash32, _ slot: PayoutSlot, _ view: PayoutView, _ store: borrowing CustodyStore
  ) throws -> Acted {
    guard let attempt = slot.attempts.first(where: { $0.hash == hash }),
      let raw = try store.raw(hash)
    else { preconditionFailure("an attempt without its bytes") }
    // An answer that is lost leaves everything as it is: the same bytes go again.
    let answer = try nodes[0].send(raw)
    for node in nodes.dropFirst() { _ = try? node.send(raw) }
    try configuration.onBoundary(.sent)
    if answer.answer == .wrongChain {
      try halt(.wrongChain(answer.message), store)
      return .halted
    }
    if ![.accepted, .alreadyKnown].contains(answer.answer) {
      figures.withLock { $0.lastError = "nonce \(slot.nonce): \(answer.message)" }
      if attempt.answer != answer.answer {
        report("\(configuration.chain): nonce \(slot.nonce): \(answer.message)")
      }
    }
    try store.sent(
      hash, of: slot, answer.answer, attempt.kind, height: view.tip, at: view.now)
    return .waits
  }

  // MARK: The end

  private func settle(
    _ outcome: PayoutOutcome, _ slot: PayoutSlot, _ view: PayoutView,
    _ store: borrowing CustodyStore
  ) throws -> Acted {
    guard let mined = view.mined else { preconditionFailure("settled without a transaction") }
    guard try othersAgree(mined) else {
      figures.withLock { $0.lastError = "nonce \(slot.nonce): another node disagrees, or is away" }
      return .waits
    }
    if let withdrawal = slot.withdrawal {
      let command: Command =
        outcome == .paid
        ? .finishWithdrawal(id: withdrawal)
        : .failWithdrawal(id: withdrawal, isCancelled: outcome == .cancelled)
      guard let reply = core.submit([command])?.first else { throw CoreAway() }
      if let rejection = reply.rejection {
        // Forgotten by the engine: booked more than a day ago, and the ledger says how.
        let booked = try store.decision(withdrawal)
        guard rejection == .withdrawalFinished, booked == outcome.decision else {
          try halt(.refused("withdrawal \(withdrawal) \(outcome): \(rejection.code)"), store)
          return .halted
        }
      }
    }
    try configuration.onBoundary(.finished)
    try store.close(slot, outcome, mined)
    figures.withLock { figures in
      switch outcome {
      case .paid: figures.paid += 1
      case .reverted: figures.reverted += 1
      case .cancelled: figures.cancelled += 1
      }
    }
    return .acted
  }

  /// Each further node has the same transaction in the same block with the same end.
  private func othersAgree(_ mined: SentTransaction) throws -> Bool {
    for node in nodes.dropFirst() {
      guard let receipt = try? node.receipts(of: [mined.hash])[0],
        receipt.block == mined.block, receipt.isSuccess == mined.isSuccess
      else { return false }
    }
    return true
  }

  // MARK: New payments

  /// Gives what is started its nonce, or else starts what is approved and can be paid.
  private func allot(
    _ account: PayoutAccount, _ open: [PayoutSlot], _ tip: BlockPlace, _ baseFee: UInt256,
    _ store: borrowing CustodyStore
  ) throws -> Pause {
    let room = configuration.openSlots - open.count
    var next = account.next
    for due in try store.started(room) {
      try store.insert(try slot(due, nonce: next))
      try configuration.onBoundary(.slotted)
      next += 1
    }
    if next > account.next { return .none }
    if try !startAgain(store) { return .short }
    let isShort = open.contains { $0.attempts.contains { $0.answer == .insufficientFunds } }
    let approved = isShort ? [] : try store.approved(room)
    if approved.isEmpty {
      figures.withLock { $0.unfunded = [] }
      return .poll
    }
    var purse = try Purse(
      nodes[0], configuration.sender, assets, tip, open,
      gasPrice: configuration.rules.fees(.payment, over: nil, baseFee: baseFee)?.maximum)
    var unfunded: Set<String> = []
    var hasActed = false
    for due in approved where !unfunded.contains(due.asset) {
      if let reason = try refusal(due) {
        guard core.submit([.rejectWithdrawal(id: due.id, by: 0, reason: reason)]) != nil else {
          throw CoreAway()
        }
        report("\(configuration.chain): withdrawal \(due.id) is rejected: \(reason)")
        hasActed = true
      } else if try purse.take(slot(due, nonce: 0), due.asset) {
        starting.withLock { _ = $0.insert(due.id) }
        try start(due.id)
        hasActed = true
      } else {
        unfunded.insert(due.asset)
      }
    }
    noteUnfunded(unfunded.sorted())
    return hasActed ? .short : .poll
  }

  /// Cancelled, rejected or frozen meanwhile it is not started: the engine is the arbiter.
  private func start(_ id: Int64) throws {
    guard let reply = core.submit([.startWithdrawal(id: id)])?.first else { throw CoreAway() }
    if reply.rejection != nil {
      starting.withLock { _ = $0.remove(id) }
    } else {
      try configuration.onBoundary(.started)
    }
  }

  /// True where everything that was started has its slot. What has none is started again, which is harmless:
  /// the answer may have been lost.
  private func startAgain(_ store: borrowing CustodyStore) throws -> Bool {
    let waiting = starting.withLock { $0.sorted() }
    if waiting.isEmpty { return true }
    let slotted = try store.slotted(waiting)
    starting.withLock { $0.subtract(slotted) }
    for id in waiting where !slotted.contains(id) { try start(id) }
    return starting.withLock { $0.isEmpty }
  }

  private func noteUnfunded(_ names: [String]) {
    let isNew = figures.withLock { figures in
      defer { figures.unfunded = names }
      return figures.unfunded != names
    }
    if isNew, !names.isEmpty {
      report("\(configuration.chain): the hot wallet cannot pay: \(names.joined(separator: ", "))")
    }
  }

  /// Why a withdrawal can never be paid; nil where it can. Found out before it takes a nonce.
  private func refusal(_ due: DueWithdrawal) throws -> String? {
    guard let asset = assets.asset(named: due.asset) else { return "not paid on this chain" }
    guard let address = Address(due.address.bytes) else { return "not an address of this chain" }
    if let reason = PayoutDestination.refusal(address, assets, addresses) { return reason }
    let slot = try self.slot(due, nonce: 0, address)
    do throws(NodeError) {
      _ = try nodes[0].estimateGas(
        from: slot.sender, to: slot.destination, value: slot.value, data: slot.data)
      if case .token = asset.source {
        let result = try nodes[0].callResult(
          from: slot.sender, to: slot.destination, data: slot.data)
        // Tokens that answer nothing succeed by not failing; those that answer must say yes.
        if !result.isEmpty, UInt256(bigEndian: result) != .one { return "the token refuses it" }
      }
    } catch .refused(_, let message) where message.lowercased().contains("revert") {
      // A token refuses for lack of funds too: that is the venue's to mend, not the user's fault.
      return try isFunded(slot, asset) ? "the chain would refuse it" : nil
    } catch .refused {
      return nil
    }
    return slot.gasLimit > configuration.maximumGas ? "it would take too much gas" : nil
  }

  private func isFunded(_ slot: PayoutSlot, _ asset: DepositAsset) throws -> Bool {
    guard case .token(let contract) = asset.source else { return true }
    let latest = try nodes[0].heads().latest
    let held = try nodes[0].balances([slot.sender], ofToken: contract, at: latest.hash)[0]
    return try held >= ERC20.decodeTransferCall(slot.data).amount
  }

  private func slot(_ due: DueWithdrawal, nonce: UInt64) throws -> PayoutSlot {
    guard let address = Address(due.address.bytes) else {
      throw NodeError.malformed("withdrawal \(due.id): not an address")
    }
    return try slot(due, nonce: nonce, address)
  }

  private func slot(
    _ due: DueWithdrawal, nonce: UInt64, _ address: Address
  ) throws -> PayoutSlot {
    guard let asset = assets.asset(named: due.asset),
      let amount = UInt256(exactly: due.amount)?.multiplied(by: asset.scale)
    else { throw NodeError.malformed("withdrawal \(due.id): not payable here") }
    let (destination, value, data): (Address, UInt256, [UInt8]) =
      switch asset.source {
      case .native: (address, amount, [])
      case .token(let contract):
        (contract, .zero, ERC20.transferCall(to: address, amount: amount))
      }
    return PayoutSlot(
      sender: configuration.sender, nonce: nonce, purpose: .withdrawal, withdrawal: due.id,
      destination: destination, value: value, data: data,
      gasLimit: try gas(destination, value, data))
  }

  /// A fifth more than a node says: the state may have moved when it is mined.
  private func gas(_ destination: Address, _ value: UInt256, _ data: [UInt8]) throws -> UInt64 {
    let estimate: UInt64
    do throws(NodeError) {
      estimate = try nodes[0].estimateGas(
        from: configuration.sender, to: destination, value: value, data: data)
    } catch .refused {
      // It cannot be tried at the moment, for lack of funds for example.
      return data.isEmpty ? 21_000 : 100_000
    } catch {
      throw error
    }
    return data.isEmpty && estimate <= 21_000 ? 21_000 : estimate + estimate / 5
  }
}

extension PayoutOutcome {
  /// What the ledger calls it.
  fileprivate var decision: String {
    switch self {
    case .paid: "confirmed"
    case .reverted: "reverted"
    case .cancelled: "cancelled"
    }
  }
}

/// Where nothing may be paid to.
public enum PayoutDestination {
  /// Why not; nil where it may.
  public static func refusal(
    _ address: Address, _ rules: DepositRules, _ addresses: DepositAddresses
  ) -> String? {
    if address == .zero { return "the zero address" }
    if rules.ownSenders.contains(address) { return "an address of the venue" }
    if addresses.owner(address) != nil { return "a deposit address of this venue" }
    if rules.contracts.contains(address) { return "the contract of a token" }
    return nil
  }
}

/// What the account has, less what open slots will take.
private struct Purse {
  private var left: [String: UInt256] = [:]
  private let native: String?
  private let gasPrice: UInt256?

  init(
    _ node: ChainNode, _ sender: Address, _ assets: DepositRules, _ tip: BlockPlace,
    _ open: [PayoutSlot], gasPrice: UInt256?
  ) throws(NodeError) {
    self.gasPrice = gasPrice
    native = assets.asset(.native)?.code
    for asset in assets.assets {
      switch asset.source {
      case .native: left[asset.code] = try node.balances([sender], at: tip.hash)[0]
      case .token(let contract):
        left[asset.code] = try node.balances([sender], ofToken: contract, at: tip.hash)[0]
      }
    }
    for slot in open {
      let code = assets.assets.first { $0.source == .token(slot.destination) }?.code
      _ = take(slot, code ?? native ?? "")
    }
  }

  /// False where it does not suffice; nothing is taken then.
  mutating func take(_ slot: PayoutSlot, _ asset: String) -> Bool {
    guard let gasPrice, let gas = UInt256(slot.gasLimit).multiplied(by: gasPrice) else {
      return false
    }
    let amount = (try? ERC20.decodeTransferCall(slot.data))?.amount ?? slot.value
    var after = left
    guard let native, let rest = after[native]?.subtracting(gas) else { return false }
    after[native] = rest
    guard let rest = after[asset]?.subtracting(amount) else { return false }
    after[asset] = rest
    left = after
    return true
  }
}
