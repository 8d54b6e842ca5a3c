// What can be swept now: asked of the chain for a page of deposit addresses.

public import Engine
public import Ethereum
internal import Postgres

/// Why there is no plan.
public enum SweepPlanError: Error, Sendable, Equatable {
  /// Nothing is final yet.
  case noBlock
  case unknownAsset
  /// The chain asks for more than the cap.
  case feesAboveCap
}

/// Makes plans. It signs nothing and stores nothing.
public struct SweepPlanner: Sendable {
  public let chain: String
  public let rules: SweepRules
  public let fees: PayoutRules
  /// Blocks until a balance counts; nil: when the chain says that its block is final.
  public let depth: Int64?
  public let addresses: DepositAddresses
  public let node: ChainNode

  public init(
    chain: String, rules: SweepRules, fees: PayoutRules, depth: Int64?,
    addresses: DepositAddresses, node: ChainNode
  ) {
    self.chain = chain
    self.rules = rules
    self.fees = fees
    self.depth = depth
    self.addresses = addresses
    self.node = node
  }

  public struct Page: Sendable {
    public var asset: String
    /// Atoms; addresses with less are left alone.
    public var minimum: Int128
    public var after: Address?
    /// Addresses that are looked at.
    public var limit: Int

    public init(asset: String, minimum: Int128, after: Address?, limit: Int) {
      self.asset = asset
      self.minimum = minimum
      self.after = after
      self.limit = limit
    }
  }

  /// Open sweeps are not planned again, unless they wait for so long that they need higher fees.
  func plan(
    _ page: Page, _ store: borrowing CustodyStore
  ) throws -> Result<SweepPlan, SweepPlanError> {
    guard let asset = rules.assets.asset(named: page.asset),
      // What is no deposit is not worth its gas: anybody can send dust to anybody.
      let least = UInt256(exactly: max(page.minimum, asset.minimum, 1))?
        .multiplied(by: asset.scale)
    else { return .failure(.unknownAsset) }
    guard let (tip, finalized) = try store.position(),
      let block = try store.block(at: depth.map { tip.height - $0 + 1 } ?? finalized)
    else { return .failure(.noBlock) }
    let rest = addresses.all.drop { address in page.after.map { address <= $0 } ?? false }
    let all = Array(rest.prefix(page.limit))
    let look = Look(
      asset: asset, least: least, tip: tip, baseFee: try node.baseFee(of: tip.hash),
      open: try store.openSweeps(of: all), toppedUp: try store.toppedUp(all, from: rules.hotWallet))
    guard fees.fees(.payment, over: nil, baseFee: look.baseFee) != nil else {
      return .failure(.feesAboveCap)
    }
    var plan = SweepPlan(
      block: block, items: [], needs: [], next: rest.count > all.count ? all.last : nil)
    for (address, held) in try held(asset, all, block, tip) where held >= least {
      try add(address, held, look, &plan)
    }
    return .success(plan)
  }

  private struct Look {
    var asset: DepositAsset
    var least: UInt256
    var tip: BlockPlace
    var baseFee: UInt256
    var open: [Address: [OpenSweep]]
    var toppedUp: Set<Address>
  }

  /// What was there when the block became final, and still is.
  private func held(
    _ asset: DepositAsset, _ all: [Address], _ block: BlockPlace, _ tip: BlockPlace
  ) throws(NodeError) -> [(Address, UInt256)] {
    func balances(_ place: BlockPlace) throws(NodeError) -> [UInt256] {
      switch asset.source {
      case .native: try node.balances(all, at: place.hash)
      case .token(let contract): try node.balances(all, ofToken: contract, at: place.hash)
      }
    }
    if all.isEmpty { return [] }
    return zip(all, zip(try balances(block), try balances(tip))).map { ($0, min($1.0, $1.1)) }
  }

  private func add(
    _ address: Address, _ held: UInt256, _ look: Look, _ plan: inout SweepPlan
  ) throws {
    guard let user = addresses.owner(address) else { return }
    let open = look.open[address] ?? []
    // Until it is final, what the address has is not certain.
    if open.contains(where: { $0.mined != nil }) { return }
    let nonce = try node.transactionCount(address, at: look.tip.hash)
    // One that is out for this nonce may still be mined: it is replaced by one of the same asset
    // only, with higher fees and after some blocks.
    let current = open.first { $0.slot.nonce == nonce }?.slot
    if let current, isWaiting(current, look) { return }
    guard let fees = fees.fees(.payment, over: current?.highestFees, baseFee: look.baseFee) else {
      return
    }
    guard let reserved = Self.cost(of: open.map(\.slot).filter { $0.nonce != nonce }) else {
      return
    }
    switch look.asset.source {
    case .native:
      guard let cost = UInt256(21_000 as UInt64).multiplied(by: fees.maximum)?.adding(reserved),
        let amount = held.subtracting(cost), amount >= look.least
      else { return }
      let transaction = try Transaction1559(
        chainID: rules.chainID, nonce: nonce, fees: fees, gasLimit: 21_000,
        destination: rules.hotWallet, value: amount)
      plan.items.append(
        SweepPlan.Item(
          user: user, address: address, asset: look.asset.code, amount: amount,
          transaction: transaction))
    case .token(let contract):
      try add(address, user, held, contract, (nonce, fees, reserved), look, &plan)
    }
  }

  /// Coins that other nonces of an address may take: nodes count them all. Nil beyond 256 bits.
  private static func cost(of open: [PayoutSlot]) -> UInt256? {
    var sum = UInt256.zero
    for slot in open {
      guard let gas = UInt256(slot.gasLimit).multiplied(by: slot.highestFees?.maximum ?? .zero),
        let next = sum.adding(gas)?.adding(slot.value)
      else { return nil }
      sum = next
    }
    return sum
  }

  private func isWaiting(_ current: PayoutSlot, _ look: Look) -> Bool {
    let isOfAsset =
      current.data.isEmpty
      ? look.asset.source == .native : look.asset.source == .token(current.destination)
    let signed = current.attempts.map(\.signedHeight).max() ?? look.tip.height
    return !isOfAsset || look.tip.height - signed < fees.bumpAfterBlocks
  }

  private func add(
    _ address: Address, _ user: UserID, _ held: UInt256, _ contract: Address,
    _ place: (nonce: UInt64, fees: GasFees, reserved: UInt256), _ look: Look,
    _ plan: inout SweepPlan
  ) throws {
    let data = ERC20.transferCall(to: rules.hotWallet, amount: held)
    let estimate: UInt64
    do throws(NodeError) {
      estimate = try node.estimateGas(from: address, to: contract, value: .zero, data: data)
    } catch .refused {
      // The token would not move: the reconciliation has it, and a person must look.
      return
    } catch {
      throw error
    }
    let gas = estimate + estimate / 5
    guard gas <= rules.maximumGas,
      let cost = UInt256(gas).multiplied(by: place.fees.maximum)?.adding(place.reserved)
    else { return }
    let coins = try node.balances([address], at: look.tip.hash)[0]
    guard coins >= cost else {
      // What other nonces of it may take is not gas: it waits until they have their end.
      guard place.reserved == .zero else { return }
      // Twice, for the fees may rise until it is there.
      let missing = cost.adding(cost)?.subtracting(coins) ?? cost
      plan.needs.append(
        SweepPlan.Need(
          user: user, address: address, missing: missing,
          isToppedUp: look.toppedUp.contains(address)))
      return
    }
    let transaction = try Transaction1559(
      chainID: rules.chainID, nonce: place.nonce, fees: place.fees, gasLimit: gas,
      destination: contract, value: .zero, data: data)
    plan.items.append(
      SweepPlan.Item(
        user: user, address: address, asset: look.asset.code, amount: held,
        transaction: transaction))
  }
}

extension CustodyDesk {
  /// What can be swept of a page of addresses. Asks the node, so it takes its time.
  public func plan(
    _ page: SweepPlanner.Page, _ planner: SweepPlanner
  ) async throws(Failure) -> Result<SweepPlan, SweepPlanError> {
    try await audit { store in try planner.plan(page, store) }
  }

  /// Takes signed sweeps, each for itself; the nodes get them from the sender of payments.
  public func submit(
    sweeps: [[UInt8]], _ rules: SweepRules, by authority: Authority
  ) async throws(Failure) -> [Result<Hash32, SweepRefusal>] {
    let checked = sweeps.map { raw in
      Result { () throws(SweepRefusal) in
        try rules.check(raw, isDepositAddress: isDepositAddress)
      }
    }
    return try await withStore { store throws(PostgresError) in
      var outcomes: [Result<Hash32, SweepRefusal>] = []
      for result in checked {
        switch result {
        case .failure(let refusal): outcomes.append(.failure(refusal))
        case .success(let signed):
          let refusal = try store.add(signed, by: authority)
          outcomes.append(refusal.map { .failure($0) } ?? .success(signed.hash))
        }
      }
      return outcomes
    }
  }

  /// Asks for gas for the addresses that a plan says need it. Those that have some on its way get
  /// no more.
  public func topUp(
    _ needs: [SweepPlan.Need], from wallet: Address, by authority: Authority
  ) async throws(Failure) -> [Address] {
    try await withStore { store throws(PostgresError) in
      try store.addTopUps(
        needs.map { ($0.address, $0.missing) }, from: wallet, by: authority)
    }
  }

  /// What is open of both, and what nobody here signed.
  public func sweeps() async throws(Failure) -> SweepState {
    try await withStore { store throws(PostgresError) in try store.sweepState() }
  }
}

/// How sweeps stand.
public struct SweepState: Sendable, Equatable {
  public struct TopUp: Sendable, Equatable {
    public var address: Address
    public var value: UInt256
    /// Of the hot wallet; nil while it waits for one.
    public var nonce: UInt64?
  }

  /// Oldest first.
  public var open: [PayoutSlot]
  public var topUps: [TopUp]
  /// Transactions of deposit addresses in scanned blocks that were not submitted here: by another
  /// tool of the operator, or by a thief.
  public var unknown: [Hash32]
}
