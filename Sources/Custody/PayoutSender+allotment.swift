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
    for due in try store.started(room) {
      var slot = try slot(due, nonce: next)
      // What it takes may have grown since it was looked at: the wallet's gas has its bound all the same.
      slot.gasLimit = min(slot.gasLimit, configuration.maximumGas)
      try store.insert(slot)
      try configuration.onBoundary(.slotted)
      next += 1
    }
    if next > account.next { return .none }
    if try !startAgain(store) { return .short }
    guard let gasPrice = try price(look.slots, baseFee) else { return .poll }
    let approved = try store.approved(room)
    if approved.isEmpty {
      figures.withLock { $0.unfunded = [] }
      if try store.waitingTopUps(1).isEmpty { return .poll }
    }
    var purse = try Purse(
      nodes[0], configuration.sender, assets, look.tip,
      look.slots.filter { look.mined[$0.nonce] == nil }, gasPrice: gasPrice)
    let pause = try start(approved, room, &purse)
    return pause == .poll ? try topUp(account, look.slots, &purse, store) : pause
  }

  /// What gas may cost a new payment; nil where none may begin.
  private func price(_ open: [PayoutSlot], _ baseFee: UInt256) throws -> UInt256? {
    if open.contains(where: { $0.current?.answer == .insufficientFunds }) {
      noteUnfunded([assets.asset(.native)?.code ?? "gas"])
      return nil
    }
    // Behind a nonce that does not move a payment could neither be made nor be cancelled by its user.
    if open.contains(where: { $0.hold != nil && !$0.isCancelled && $0.attempts.isEmpty }) {
      return nil
    }
    guard let fees = configuration.rules.fees(.payment, over: nil, baseFee: baseFee) else {
      figures.withLock { $0.lastError = "fees are above the cap" }
      return nil
    }
    return fees.maximum
  }

  /// In order for each asset: one that cannot be paid now holds up those of its asset only.
  private func start(
    _ approved: [DueWithdrawal], _ room: Int, _ purse: inout Purse
  ) throws -> Pause {
    var unfunded: Set<String> = []
    var hasActed = false
    var left = room
    for due in approved where left > 0 && !unfunded.contains(due.asset) {
      if let reason = try refusal(due) {
        guard core.submit([.rejectWithdrawal(id: due.id, by: 0, reason: reason)]) != nil else {
          throw CoreAway()
        }
        report("\(configuration.chain): withdrawal \(due.id) is rejected: \(reason)")
        hasActed = true
      } else if try purse.take(slot(due, nonce: 0), due.asset) {
        starting.withLock { _ = $0.insert(due.id) }
        try start(due.id)
        left -= 1
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
    guard try objection(slot, asset) != nil else {
      return slot.gasLimit > configuration.maximumGas ? "it would take too much gas" : nil
    }
    // A token refuses for lack of funds too: that is the venue's to mend, not the user's fault. So it must
    // refuse while the funds are there, before and after.
    guard try isFunded(slot, asset), let reason = try objection(slot, asset),
      try isFunded(slot, asset)
    else { return nil }
    return reason
  }

  /// What speaks against it now; nil for nothing, and where it cannot be told at the moment.
  private func objection(_ slot: PayoutSlot, _ asset: DepositAsset) throws -> String? {
    do throws(NodeError) {
      _ = try nodes[0].estimateGas(
        from: slot.sender, to: slot.destination, value: slot.value, data: slot.data)
      if case .token = asset.source {
        let result = try nodes[0].callResult(
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
    let latest = try nodes[0].heads().latest
    return try nodes[0].balances([slot.sender], ofToken: contract, at: latest.hash)[0] >= amount
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
