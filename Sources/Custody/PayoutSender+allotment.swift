// New payments: which withdrawals are started, and the nonce that each is given.

internal import Engine
public import Ethereum
internal import Synchronization

extension PayoutSender {
  /// Gives what is started its nonce, or else starts what is approved and can be paid.
  func allot(
    _ account: PayoutAccount, _ look: PayoutLook, _ baseFee: UInt256,
    _ store: borrowing CustodyStore
  ) throws -> Pause {
    let room = configuration.openSlots - look.slots.count
    var next = account.next
    let unpayable = unpayable.withLock { $0.count }
    for due in try store.started(room + unpayable).filter({ isPayable($0) }).prefix(room) {
      var slot = try slot(due, nonce: next)
      // What it takes may have grown since it was looked at: it gets what the signer was asked
      // about.
      let checked = starting.withLock { $0[due.id] } ?? configuration.maximumGas
      slot.gasLimit = min(slot.gasLimit, checked)
      try store.insert(slot)
      try configuration.onBoundary(.slotted)
      next += 1
    }
    if next > account.next { return .none }
    if try !startAgain(store) { return .short }
    guard let fees = fees(look.slots, baseFee) else { return .poll }
    let approved = try store.approved(room)
    if approved.isEmpty {
      figures.withLock { ($0.unfunded, $0.unsigned) = ([], []) }
      if try store.waitingTopUps(1).isEmpty { return .poll }
    }
    var purse = try Purse(
      node, configuration.sender, assets, look.tip,
      look.slots.filter { look.mined[$0.nonce] == nil }, gasPrice: fees.maximum)
    let pause = try start(approved, from: account.next, fees, purse)
    return pause == .poll ? try topUp(account, look.slots, &purse, store) : pause
  }

  /// The settings may have changed since it was started: it waits until they have its asset again.
  private func isPayable(_ due: DueWithdrawal) -> Bool {
    if assets.asset(named: due.asset) != nil, Address(due.address.bytes) != nil { return true }
    let text = "withdrawal \(due.id) is started, and \(due.asset) is not in the chain's settings"
    if unpayable.withLock({ $0.insert(due.id).inserted }) {
      report("\(configuration.chain): \(text)")
    }
    noteTrouble(text)
    return false
  }

  /// What gas may cost a new payment; nil where none may begin.
  private func fees(_ open: [PayoutSlot], _ baseFee: UInt256) -> GasFees? {
    if open.contains(where: { $0.current?.answer == .insufficientFunds }) {
      note(unfunded: [assets.asset(.native)?.code ?? "gas"], unsigned: [])
      return nil
    }
    // Behind a nonce that does not move a payment could neither be made nor be cancelled by its
    // user. And until the signer has signed the one before, its word about the next leaves that one
    // out of the day's sums.
    if open.contains(where: {
      !$0.isCancelled && $0.attempts.isEmpty && ($0.purpose == .withdrawal || $0.hold != nil)
    }) {
      return nil
    }
    guard let fees = configuration.rules.fees(.payment, over: nil, baseFee: baseFee) else {
      noteTrouble("fees are above the cap")
      return nil
    }
    return fees
  }

  /// In order for each asset: one that cannot be paid now holds up those of its asset only. One at
  /// a time: the signer's word about the next counts what it has signed, not what it was asked
  /// about.
  private func start(
    _ approved: [DueWithdrawal], from nonce: UInt64, _ fees: GasFees, _ purse: Purse
  ) throws -> Pause {
    var (unfunded, unsigned): (Set<String>, [String: String]) = ([], [:])
    var (isStarted, hasRejected) = (false, false)
    for due in approved where !isStarted {
      if unfunded.contains(due.asset) || unsigned[due.asset] != nil { continue }
      switch try readiness(due, nonce, fees, purse) {
      case .ready(let gasLimit):
        starting.withLock { $0[due.id] = gasLimit }
        try start(due.id)
        isStarted = true
      case .never(let reason):
        try reject(due, reason)
        hasRejected = true
      case .unfunded: unfunded.insert(due.asset)
      case .unsigned(let code): unsigned[due.asset] = code
      }
    }
    note(unfunded: unfunded.sorted(), unsigned: unsigned.map { "\($0) \($1)" }.sorted())
    return isStarted || hasRejected ? .short : .poll
  }

  private enum Readiness {
    case ready(gasLimit: UInt64)
    /// It can never be paid, and why.
    case never(String)
    case unfunded
    /// The signer would not sign it now, by this code of its rules; or its token takes no payment
    /// of ours.
    case unsigned(String)
  }

  /// The token refuses whatever we pay: it is paused, or our wallet is on its list.
  private static let tokenRefuses = "token_refuses"

  /// Found out before it is started, while its user may still cancel it and nothing waits behind
  /// its nonce.
  private func readiness(
    _ due: DueWithdrawal, _ nonce: UInt64, _ fees: GasFees, _ purse: Purse
  ) throws -> Readiness {
    switch try objection(due) {
    case .toThis(let reason): return .never(reason)
    case .toAll: return .unsigned(Self.tokenRefuses)
    case nil: break
    }
    let slot = try slot(due, nonce: nonce)
    var after = purse
    guard after.take(slot, due.asset) else { return .unfunded }
    do throws(PayoutSignerError) {
      try signer.check(checked(slot, fees))
    } catch .refused(let code, _) {
      return Self.refusals[code].map { .never($0) } ?? .unsigned(code)
    } catch {
      throw error
    }
    return .ready(gasLimit: slot.gasLimit)
  }

  private func checked(
    _ slot: PayoutSlot, _ fees: GasFees
  ) throws(PayoutSignerError) -> Transaction1559 {
    do {
      return try transaction(.payment, fees, slot)
    } catch {
      throw .wrong("\(error)")
    }
  }

  /// What the signer's rules say about one payment for ever, in words for its user. All else
  /// changes with time, or is an operator's to mend.
  private static let refusals = [
    "over_transaction_limit": "more than is paid in one transaction",
    "not_on_allow_list": "the venue does not pay to this address",
    "bad_recipient": "nothing is paid to this address",
    "gas_too_high": "it would take too much gas",
  ]

  private func reject(_ due: DueWithdrawal, _ reason: String) throws {
    guard
      core.submit([
        .operation(.rejectWithdrawal(id: due.id), by: Authority(user: 0, reason: reason))
      ]) != nil
    else {
      throw CoreAway()
    }
    report("\(configuration.chain): withdrawal \(due.id) is rejected: \(reason)")
  }

  /// Cancelled, rejected or frozen meanwhile it is not started: the engine is the arbiter.
  private func start(_ id: Int64) throws {
    guard let reply = core.submit([.withdrawal(.start(id: id))])?.first else { throw CoreAway() }
    if reply.rejection != nil {
      starting.withLock { $0[id] = nil }
    } else {
      try configuration.onBoundary(.started)
    }
  }

  /// True where everything that was started has its slot. What has none is started again, which is
  /// harmless: the answer may have been lost.
  private func startAgain(_ store: borrowing CustodyStore) throws -> Bool {
    let waiting = starting.withLock { $0.keys.sorted() }
    if waiting.isEmpty { return true }
    let slotted = try store.slotted(waiting)
    starting.withLock { starting in for id in slotted { starting[id] = nil } }
    for id in waiting where !slotted.contains(id) { try start(id) }
    return starting.withLock { $0.isEmpty }
  }

  private func note(unfunded: [String], unsigned: [String]) {
    let before = figures.withLock { figures in
      defer { (figures.unfunded, figures.unsigned) = (unfunded, unsigned) }
      return (figures.unfunded, figures.unsigned)
    }
    if before.0 != unfunded, !unfunded.isEmpty {
      report(
        "\(configuration.chain): the hot wallet cannot pay: \(unfunded.joined(separator: ", "))")
    }
    if before.1 != unsigned, !unsigned.isEmpty {
      report(
        "\(configuration.chain): what cannot be paid now: \(unsigned.joined(separator: ", "))")
    }
  }

  private enum Objection {
    /// It can never be paid, and why.
    case toThis(String)
    /// No payment of its asset can be made now, whoever gets it.
    case toAll
  }

  /// What speaks against a withdrawal; nil for nothing. Found out before it takes a nonce.
  private func objection(_ due: DueWithdrawal) throws -> Objection? {
    guard let asset = assets.asset(named: due.asset) else {
      return .toThis("not paid on this chain")
    }
    guard let address = Address(due.address.bytes) else {
      return .toThis("not an address of this chain")
    }
    if let reason = PayoutDestination.refusal(address, assets, addresses) {
      return .toThis(reason)
    }
    let slot = try self.slot(due, nonce: 0, address)
    guard try objection(slot, asset) != nil else {
      return slot.gasLimit > configuration.maximumGas
        ? .toThis("it would take too much gas") : nil
    }
    // A token refuses for lack of funds too: that is the venue's to mend, not the user's fault. So
    // it must refuse while the funds are there, before and after.
    guard try isFunded(slot, asset), let reason = try objection(slot, asset),
      try isFunded(slot, asset)
    else { return nil }
    // Nor is it the user's fault where the same amount could not be paid to ourselves.
    if case .token(let contract) = asset.source,
      let amount = (try? ERC20.decodeTransferCall(slot.data))?.amount
    {
      var control = slot
      control.destination = contract
      control.data = ERC20.transferCall(to: slot.sender, amount: amount)
      if try objection(control, asset) != nil { return .toAll }
    }
    return .toThis(reason)
  }

  /// What speaks against it now; nil for nothing, and where it cannot be told at the moment.
  private func objection(_ slot: PayoutSlot, _ asset: DepositAsset) throws -> String? {
    do throws(NodeError) {
      _ = try node.estimateGas(
        from: slot.sender, to: slot.destination, value: slot.value, data: slot.data)
      if case .token = asset.source {
        let result = try node.callResult(
          from: slot.sender, to: slot.destination, data: slot.data)
        // Tokens that answer nothing succeed by not failing; those that answer must say yes.
        if !result.isEmpty, UInt256(bigEndian: result) != .one { return "the token refuses it" }
      }
      return nil
    } catch .refused(_, let message) {
      return Self.isFinal(message) ? "the chain would refuse it" : nil
    }
  }

  /// It would fail whenever it is tried: it reverts, or no gas suffices.
  private static func isFinal(_ message: String) -> Bool {
    let text = message.lowercased()
    return text.contains("revert") || text.contains("gas required exceeds")
  }

  private func isFunded(
    _ slot: PayoutSlot, _ asset: DepositAsset
  ) throws(NodeError) -> Bool {
    guard case .token(let contract) = asset.source,
      let amount = (try? ERC20.decodeTransferCall(slot.data))?.amount
    else { return true }
    let latest = try node.heads().latest
    return try node.balances([slot.sender], ofToken: contract, at: latest.hash)[0] >= amount
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
      estimate = try node.estimateGas(
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

/// Where nothing may be paid to.
public enum PayoutDestination {
  /// Why not; nil where it may.
  public static func refusal(
    _ address: Address, _ rules: DepositRules, _ addresses: DepositAddresses
  ) -> String? {
    if address == .zero { return "the zero address" }
    if address.isReserved { return "an address of the chain's own contracts" }
    if rules.ownSenders.contains(address) { return "an address of the venue" }
    if addresses.owner(address) != nil { return "a deposit address of this venue" }
    if rules.contracts.contains(address) { return "the contract of a token" }
    return nil
  }
}

/// What the account has, less what open slots that are in no block will take.
struct Purse {
  private var left: [String: UInt256] = [:]
  private let native: String?
  private let gasPrice: UInt256

  init(
    _ node: ChainNode, _ sender: Address, _ assets: DepositRules, _ tip: BlockPlace,
    _ open: [PayoutSlot], gasPrice: UInt256
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
      // What is open and not covered comes first: nothing more of it is started.
      if !take(slot, code ?? native ?? "") { left[code ?? native ?? ""] = .zero }
    }
  }

  /// False where it does not suffice; nothing is taken then.
  mutating func take(_ slot: PayoutSlot, _ asset: String) -> Bool {
    guard let gas = UInt256(slot.gasLimit).multiplied(by: gasPrice) else { return false }
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
