// Operators' commands: the venue, assets, markets, users, keys, adjustments.

internal import Auction

extension AuctionEngine {
  mutating func administer(_ command: Command) -> Reply {
    if case .configureVenue(let configuration) = command { return configure(configuration) }
    guard venue != nil else { return refuse(.venueNotConfigured) }
    switch command {
    case .createAsset(let asset): return create(asset)
    case .createMarket(let market): return create(market)
    case .changeMarket(let change): return self.change(change)
    case .suspendMarket(let market): return setOpen(market, false)
    case .resumeMarket(let market): return setOpen(market, true)
    case .setReference(let market, let ticks): return setReference(market, ticks)
    case .registerUser(let name): return register(name)
    case .registerKey(let user, let key, let role): return register(key, of: user, role)
    case .revokeKey(let key): return revoke(key)
    case .setFrozen(let user, let frozen): return freeze(user, frozen)
    case .adjustBalance(let adjustment): return adjust(adjustment)
    case .approveAdjustment(let id, let by): return decide(id, by, approve: true)
    case .refuseAdjustment(let id, let by): return decide(id, by, approve: false)
    case .registerChain(let name): return registerChain(name)
    case .creditDeposit(let deposit): return credit(deposit)
    case .clawBackDeposit(let clawback): return clawBack(clawback)
    case .setAddressDelay(let chain, let seconds, let by):
      return setAddressDelay(chain, seconds, by: by)
    case .setWithdrawalTerms(let terms, let by): return set(terms, by: by)
    case .addPayoutAddress(let addition): return add(addition)
    case .removePayoutAddress(let user, let chain, let address):
      return removePayoutAddress(address, of: user, on: chain)
    case .requestWithdrawal(let request): return self.request(request)
    case .approveWithdrawal(let approval): return approve(approval)
    case .cancelWithdrawal(let user, let id): return cancelWithdrawal(id, by: user)
    case .rejectWithdrawal(let id, let by, let reason): return reject(id, by: by, reason)
    case .startWithdrawal(let id): return start(id)
    case .finishWithdrawal(let id): return finish(id)
    case .failWithdrawal(let id, let isCancelled): return fail(id, isCancelled: isCancelled)
    case .activateRules(let version):
      guard version == rulesVersion else { return refuse(.unknownRulesVersion) }
      return accept(Int64(version))
    default: preconditionFailure("a command that no part of the engine handles")
    }
  }

  private mutating func configure(_ configuration: VenueConfiguration) -> Reply {
    guard venue == nil else { return refuse(.venueAlreadyConfigured) }
    venue = configuration
    remembered.seed = configuration.seed ^ configuration.secondSeed
    // User 0 is the venue: it receives the fees and never trades.
    addUser("venue")
    return accept()
  }

  // MARK: Assets and markets

  private mutating func create(_ asset: AssetDefinition) -> Reply {
    guard isValid(asset), assets.count < Bounds.maximumAssets else {
      return refuse(.assetInvalid)
    }
    if let id = assetIDs[asset.code] { return refuse(.assetExists, id: Int64(id)) }
    let id = AssetID(assets.count)
    assets.append(asset)
    assetIDs[asset.code] = id
    accounts.addAsset()
    effects.directory.append(.assetCreated(id, asset))
    return accept(Int64(id))
  }

  func isValid(_ asset: AssetDefinition) -> Bool {
    asset.code.utf8.count <= 12 && isSymbol(asset.code, allowsDash: false) && asset.decimals <= 18
      && asset.adjustmentLimit >= 0 && asset.adjustmentLimit < Bounds.maximumAtoms
  }

  private mutating func create(_ market: MarketDefinition) -> Reply {
    if let id = marketIDs[market.symbol] { return refuse(.marketExists, id: Int64(id)) }
    guard markets.count < Bounds.maximumMarkets else { return refuse(.tooManyMarkets) }
    guard let atomsPerTickLot = atomsPerTickLot(market) else { return refuse(.marketInvalid) }
    let id = MarketID(markets.count)
    let interval = market.terms.intervalMilliseconds * 1_000
    addMarket(
      market, atomsPerTickLot: atomsPerTickLot, isOpen: true,
      referenceTicks: market.listingPriceTicks, lastSlot: time / interval)
    announce(id)
    return accept(Int64(id))
  }

  /// Tick x lot in quote atoms of a valid market, else nil. It must be a whole number, or trading
  /// would round.
  func atomsPerTickLot(_ market: MarketDefinition) -> Int64? {
    guard (3...25).contains(market.symbol.utf8.count), isSymbol(market.symbol, allowsDash: true),
      Int(market.base) < assets.count, Int(market.quote) < assets.count,
      market.base != market.quote, isValid(market.terms), market.listingPriceTicks >= 0,
      market.listingPriceTicks <= Bounds.maximumPriceTicks, market.tickAtoms > 0,
      market.lotAtoms > 0
    else { return nil }
    var scale: Int128 = 1
    for _ in 0..<assets[Int(market.base)].decimals { scale *= 10 }
    let product = Int128(market.tickAtoms) * Int128(market.lotAtoms)
    return product % scale == 0 ? Int64(exactly: product / scale) : nil
  }

  mutating func addMarket(
    _ market: MarketDefinition, atomsPerTickLot: Int64, isOpen: Bool, referenceTicks: Int64,
    lastSlot: Int64
  ) {
    let constants = MarketConstants(
      base: market.base, quote: market.quote, lotAtoms: market.lotAtoms,
      atomsPerTickLot: atomsPerTickLot, minimumNotional: market.terms.minimumNotional,
      maximumOpenOrders: market.terms.maximumOpenOrders,
      buyFeeBasisPoints: market.terms.buyFeeBasisPoints,
      sellFeeBasisPoints: market.terms.sellFeeBasisPoints,
      interval: market.terms.intervalMilliseconds * 1_000, isOpen: isOpen,
      referenceTicks: referenceTicks, band: nil)
    let slot = markets.insert(
      Market(definition: market, constants: constants, lastSlot: lastSlot))
    marketIDs[market.symbol] = MarketID(slot)
    refreshBand(slot)
  }

  private func isValid(_ terms: MarketTerms) -> Bool {
    (10...86_400_000).contains(terms.intervalMilliseconds) && terms.bandBasisPoints <= 1_000_000
      && (1...1_000).contains(terms.runsBeforeWidening) && terms.buyFeeBasisPoints <= 10_000
      && terms.sellFeeBasisPoints <= 10_000 && terms.minimumNotional >= 0
      && terms.minimumNotional < Bounds.maximumAtoms
      && (1...10_000).contains(terms.maximumOpenOrders)
  }

  private func isSymbol(_ text: String, allowsDash: Bool) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "-"): allowsDash
        default: false
        }
      }
  }

  private mutating func change(_ change: MarketChange) -> Reply {
    guard Int(change.market) < markets.count else { return refuse(.unknownMarket) }
    guard isValid(change.terms) else { return refuse(.marketInvalid) }
    let market = Int32(change.market)
    let old = markets[market].definition.terms
    let interval = change.terms.intervalMilliseconds * 1_000
    markets[market].lastSlot =
      markets[market].lastSlot * old.intervalMilliseconds / change.terms.intervalMilliseconds
    markets[market].definition.terms = change.terms
    markets[market].constants.minimumNotional = change.terms.minimumNotional
    markets[market].constants.maximumOpenOrders = change.terms.maximumOpenOrders
    markets[market].constants.buyFeeBasisPoints = change.terms.buyFeeBasisPoints
    markets[market].constants.sellFeeBasisPoints = change.terms.sellFeeBasisPoints
    markets[market].constants.interval = interval
    let band = markets[market].constants.band
    refreshBand(market)
    // A market buy's funds are locked at the upper edge: another edge would not be covered.
    if markets[market].constants.band != band { cancelMarketOrders(market) }
    announce(change.market)
    return accept(Int64(change.market))
  }

  private mutating func announce(_ id: MarketID) {
    let definition = markets[Int32(id)].definition
    let record = MarketRecord(
      definition: definition, base: assets[Int(definition.base)],
      quote: assets[Int(definition.quote)],
      atomsPerTickLot: markets[Int32(id)].constants.atomsPerTickLot, time: time,
      rulesVersion: rulesVersion)
    effects.tape.append(.definition(id, record))
    effects.directory.append(.marketDefined(id, record))
  }

  private mutating func setOpen(_ market: MarketID, _ open: Bool) -> Reply {
    guard Int(market) < markets.count else { return refuse(.unknownMarket) }
    guard markets[Int32(market)].constants.isOpen != open else {
      return refuse(open ? .marketNotSuspended : .marketAlreadySuspended)
    }
    markets[Int32(market)].constants.isOpen = open
    effects.tape.append(.tradingState(market, isOpen: open, time: time))
    effects.directory.append(.marketOpen(market, open))
    return accept(Int64(market))
  }

  private mutating func setReference(_ market: MarketID, _ ticks: Int64) -> Reply {
    guard Int(market) < markets.count else { return refuse(.unknownMarket) }
    guard ticks > 0, ticks <= Bounds.maximumPriceTicks else { return refuse(.referenceOutOfRange) }
    markets[Int32(market)].constants.referenceTicks = ticks
    markets[Int32(market)].outsideRuns = 0
    refreshBand(Int32(market))
    cancelMarketOrders(Int32(market))
    effects.tape.append(.reference(market, priceTicks: ticks, time: time))
    return accept(Int64(market))
  }

  private mutating func cancelMarketOrders(_ market: Int32) {
    for side in [Side.buy, .sell] {
      while markets[market][side].marketOrders.head >= 0 {
        end(markets[market][side].marketOrders.head, .cancelled)
      }
    }
  }

  // MARK: Users and keys

  mutating func addUser(_ name: String) {
    let id = UserID(users.count)
    users.append(User(name: name, registered: time))
    userIDs[name] = id
    effects.directory.append(.userRegistered(id, name: name, time: time))
  }

  private mutating func register(_ name: String) -> Reply {
    guard isUserName(name) else { return refuse(.nameInvalid) }
    if let id = userIDs[name] { return refuse(.nameTaken, id: Int64(id)) }
    guard users.count < Bounds.maximumUsers else { return refuse(.tooManyUsers) }
    addUser(name)
    return accept(Int64(users.count - 1))
  }

  func isUserName(_ name: String) -> Bool {
    (1...64).contains(name.utf8.count) && name.utf8.allSatisfy { (0x21...0x7e).contains($0) }
  }

  private mutating func register(_ key: PublicKey, of user: UserID, _ role: Role) -> Reply {
    guard Int(user) < users.count, user != 0 else { return refuse(.unknownUser) }
    if let owner = keys[key] {
      let same = owner == user && self.key(key, of: user, role) != nil
      return same ? accept(Int64(user), detail: 1) : refuse(.keyTaken)
    }
    guard users[Int(user)].keys.count < Bounds.maximumKeysOfUser else {
      return refuse(.tooManyKeys)
    }
    users[Int(user)].keys.append(UserKey(key: key, role: role, registered: time))
    keys[key] = user
    effects.directory.append(.keyRegistered(key, user: user, role: role))
    return accept(Int64(user))
  }

  func key(_ key: PublicKey, of user: UserID, _ role: Role) -> UserKey? {
    users[Int(user)].keys.first { $0.key == key && $0.role == role }
  }

  private mutating func revoke(_ key: PublicKey) -> Reply {
    guard let user = keys[key] else { return refuse(.keyNotFound) }
    keys[key] = nil
    users[Int(user)].keys.removeAll { $0.key == key }
    effects.directory.append(.keyRevoked(key))
    return accept(Int64(user))
  }

  private mutating func freeze(_ user: UserID, _ frozen: Bool) -> Reply {
    guard Int(user) < users.count, user != 0 else { return refuse(.unknownUser) }
    users[Int(user)].isFrozen = frozen
    effects.directory.append(.userFrozen(user, frozen))
    if frozen { cancelUnstartedWithdrawals(of: user) }
    if frozen { return accept(Int64(user), detail: cancelAll(user: user, market: nil).detail) }
    return accept(Int64(user))
  }

  // MARK: Adjustments

  private mutating func adjust(_ adjustment: BalanceAdjustment) -> Reply {
    guard Int(adjustment.operator) < users.count, adjustment.operator != 0 else {
      return refuse(.unknownUser)
    }
    let request = contentOf(adjustment)
    if let answer = recall(adjustment.operator, adjustment.requestID, request) { return answer }
    if let refusal = refuseToRemember(adjustment.operator) { return refusal }
    var entry = RememberedOrder(
      user: adjustment.operator, clientOrderID: adjustment.requestID, request: request, time: time,
      id: 0, rejection: nil)
    let reply: Reply
    if let rejection = check(adjustment) {
      entry.rejection = rejection
      reply = refuse(rejection)
    } else {
      adjustmentCount += 1
      entry.id = adjustmentCount
      if adjustment.amount.magnitude > assets[Int(adjustment.asset)].adjustmentLimit.magnitude {
        pendingAdjustments.append(
          PendingAdjustment(id: adjustmentCount, adjustment: adjustment, time: time))
        reply = accept(adjustmentCount, detail: 1)
      } else {
        book(adjustment, adjustmentCount)
        reply = accept(adjustmentCount)
      }
    }
    remember(entry)
    return reply
  }

  // Digest in the fields of an order: user, amount and reason; FNV-1a over both halves is enough against
  // mistakes, and an operator gains nothing by a collision with itself.
  private func contentOf(_ adjustment: BalanceAdjustment) -> RememberedRequest {
    var (first, second): (UInt64, UInt64) = (0xcbf2_9ce4_8422_2325, 0x9ae1_6a3b_2f90_404f)
    func mix(_ byte: UInt8) {
      first = (first ^ UInt64(byte)) &* 0x100_0000_01b3
      second = (second &+ UInt64(byte)) &* 0x9e37_79b9_7f4a_7c15
      second ^= second >> 29
    }
    for shift in stride(from: 0, to: 32, by: 8) {
      mix(UInt8(truncatingIfNeeded: adjustment.user >> UInt32(shift)))
    }
    for shift in stride(from: Int128(0), to: 128, by: 8) {
      mix(UInt8(truncatingIfNeeded: adjustment.amount >> shift))
    }
    for byte in adjustment.reason.utf8 { mix(byte) }
    return RememberedRequest(
      isAdjustment: true, market: adjustment.asset, side: .buy, type: .limit,
      timeInForce: .goodTilCancelled, limitTicks: Int64(bitPattern: first),
      lots: Int64(bitPattern: second), expiry: 0)
  }

  private func check(_ adjustment: BalanceAdjustment) -> Rejection? {
    if let rejection = checkTerms(adjustment) { return rejection }
    guard pendingAdjustments.count < Bounds.maximumPendingAdjustments else {
      return .tooManyApprovals
    }
    return checkFunds(adjustment)
  }

  func checkTerms(_ adjustment: BalanceAdjustment) -> Rejection? {
    guard Int(adjustment.user) < users.count || adjustment.user == Bounds.lossAccount else {
      return .unknownUser
    }
    guard Int(adjustment.asset) < assets.count else { return .unknownAsset }
    guard adjustment.amount != 0, adjustment.amount > -Bounds.maximumAtoms,
      adjustment.amount < Bounds.maximumAtoms
    else { return .amountInvalid }
    return (1...200).contains(adjustment.reason.utf8.count) ? nil : .reasonMissing
  }

  private func checkFunds(_ adjustment: BalanceAdjustment) -> Rejection? {
    guard accounts.issued[Int(adjustment.asset)] + adjustment.amount < Bounds.maximumAtoms else {
      return .supplyTooLarge
    }
    guard adjustment.amount < 0 else { return nil }
    let account = accounts.find(adjustment.user, adjustment.asset)
    let free = account.map { accounts.slab[$0].free } ?? 0
    return free + adjustment.amount < 0 ? .insufficientFunds : nil
  }

  private mutating func book(_ adjustment: BalanceAdjustment, _ id: Int64) {
    let account = accounts.open(adjustment.user, adjustment.asset)
    accounts.issue(adjustment.amount, of: adjustment.asset)
    post(
      account, .adjustment, free: adjustment.amount,
      LedgerReference(kind: .adjustment, market: 0, id: id))
  }

  private mutating func decide(_ id: Int64, _ by: UserID, approve: Bool) -> Reply {
    guard Int(by) < users.count, by != 0 else { return refuse(.unknownUser) }
    guard let index = pendingAdjustments.firstIndex(where: { $0.id == id }) else {
      return refuse(.approvalNotFound)
    }
    let adjustment = pendingAdjustments[index].adjustment
    if approve {
      guard by != adjustment.operator else { return refuse(.approvalByRequester) }
      if let rejection = checkFunds(adjustment) { return refuse(rejection) }
      book(adjustment, id)
    }
    pendingAdjustments.remove(at: index)
    return accept(id)
  }
}
