// The venue, its assets, its markets and its users.

internal import Auction

extension AuctionEngine {
  /// One version after another: each knows how to begin where the one before it stands.
  mutating func activate(_ version: UInt32) -> Reply {
    if version == rulesVersion { return accept(Int64(version)) }
    guard version == rulesVersion + 1, version <= Bounds.rulesVersion else {
      return refuse(.unknownRulesVersion)
    }
    rulesVersion = version
    if version == 2 { beginSafeguards() }
    if version == 3 {
      // First: what ends an order needs its memory.
      beginOrderMemory()
      beginCall2()
    }
    for market in 0..<markets.count { announce(MarketID(market)) }
    return accept(Int64(version))
  }

  /// Who gave a key is not known; that there was one is.
  private mutating func beginSafeguards() {
    for user in users.indices {
      users[user].hadKey = !users[user].keys.isEmpty
      if users[user].keys.contains(where: { $0.role == .operator }) {
        safeguards.addOperator(UserID(user))
      }
    }
  }

  mutating func configure(_ configuration: VenueConfiguration) -> Reply {
    guard venue == nil else { return refuse(.venueAlreadyConfigured) }
    venue = configuration
    remembered.hash.seed = configuration.seed ^ configuration.secondSeed
    memory.hash.seed = remembered.hash.seed
    memory.numbers = OrderNumbers(
      seed: configuration.seed, secondSeed: configuration.secondSeed)
    // User 0 is the venue: it receives the fees and never trades.
    addUser("venue")
    return accept()
  }

  // MARK: Assets and markets

  mutating func create(_ asset: AssetDefinition, by authority: Authority) -> Reply {
    guard isValid(asset), assets.count < Bounds.maximumAssets else {
      return refuse(.assetInvalid)
    }
    if let id = assetIDs[asset.code] { return refuse(.assetExists, id: Int64(id)) }
    var limit = AssetLimit()
    if rulesVersion >= 4, authority.user != 0, asset.adjustmentLimit > 0 {
      // Who sets what operators book alone creates money, as who books.
      if isTooNew(authority) { return refuse(.operatorKeyTooNew) }
      limit = AssetLimit(setBy: authority.user, countsFrom: after(safeguards.delay))
    }
    let id = AssetID(assets.count)
    assets.append(asset)
    assetLimits.append(limit)
    assetIDs[asset.code] = id
    accounts.addAsset()
    effects.directory.append(.assetCreated(id, asset))
    return accept(Int64(id))
  }

  func isValid(_ asset: AssetDefinition) -> Bool {
    asset.code.utf8.count <= 12 && isSymbol(asset.code, allowsDash: false) && asset.decimals <= 18
      && asset.adjustmentLimit >= 0 && asset.adjustmentLimit < Bounds.maximumAtoms
  }

  mutating func create(_ market: MarketDefinition) -> Reply {
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
      minimumReferenceVolume: market.terms.referenceVolume,
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

  func isValid(_ terms: MarketTerms) -> Bool {
    (10...86_400_000).contains(terms.intervalMilliseconds) && terms.bandBasisPoints <= 1_000_000
      && (1...1_000).contains(terms.runsBeforeWidening) && terms.buyFeeBasisPoints <= 10_000
      && terms.sellFeeBasisPoints <= 10_000 && terms.minimumNotional >= 0
      && terms.minimumNotional < Bounds.maximumAtoms
      && (1...10_000).contains(terms.maximumOpenOrders)
      && isReferenceVolume(terms.minimumReferenceVolume)
  }

  /// Rules before 3 have no place for one.
  private func isReferenceVolume(_ atoms: Int128?) -> Bool {
    guard let atoms else { return true }
    return rulesVersion >= 3 && atoms >= 0 && atoms < Bounds.maximumAtoms
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

  mutating func change(_ change: MarketChange) -> Reply {
    guard Int(change.market) < markets.count else { return refuse(.unknownMarket) }
    guard isValid(change.terms) else { return refuse(.marketInvalid) }
    let market = Int32(change.market)
    let old = markets[market].definition.terms
    let interval = change.terms.intervalMilliseconds * 1_000
    markets[market].lastSlot =
      markets[market].lastSlot * old.intervalMilliseconds / change.terms.intervalMilliseconds
    markets[market].definition.terms = change.terms
    markets[market].constants.minimumNotional = change.terms.minimumNotional
    markets[market].constants.minimumReferenceVolume = change.terms.referenceVolume
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
    let record = record(of: id)
    effects.tape.append(.definition(id, record))
    effects.directory.append(.marketDefined(id, record))
  }

  func record(of id: MarketID) -> MarketRecord {
    let definition = markets[Int32(id)].definition
    return MarketRecord(
      definition: definition, base: assets[Int(definition.base)],
      quote: assets[Int(definition.quote)],
      atomsPerTickLot: markets[Int32(id)].constants.atomsPerTickLot, time: time,
      rulesVersion: rulesVersion, rule: rule)
  }

  mutating func setOpen(_ market: MarketID, _ open: Bool) -> Reply {
    guard Int(market) < markets.count else { return refuse(.unknownMarket) }
    guard markets[Int32(market)].constants.isOpen != open else {
      return refuse(open ? .marketNotSuspended : .marketAlreadySuspended)
    }
    markets[Int32(market)].constants.isOpen = open
    effects.tape.append(.tradingState(market, isOpen: open, time: time))
    effects.directory.append(.marketOpen(market, open))
    return accept(Int64(market))
  }

  mutating func setReference(_ market: MarketID, _ ticks: Int64) -> Reply {
    guard Int(market) < markets.count else { return refuse(.unknownMarket) }
    guard ticks > 0, ticks <= Bounds.maximumPriceTicks else { return refuse(.referenceOutOfRange) }
    markets[Int32(market)].constants.referenceTicks = ticks
    markets[Int32(market)].outsideRuns = 0
    refreshBand(Int32(market))
    cancelMarketOrders(Int32(market))
    effects.tape.append(.reference(market, priceTicks: ticks, time: time))
    return accept(Int64(market))
  }

  mutating func cancelMarketOrders(_ market: Int32) {
    for side in [Side.buy, .sell] {
      while markets[market][side].marketOrders.head >= 0 {
        end(markets[market][side].marketOrders.head, .cancelled)
      }
    }
  }

  // MARK: Users

  mutating func addUser(_ name: String, by registrar: UserID = 0) {
    let id = UserID(users.count)
    users.append(
      User(name: name, registered: time, registeredBy: rulesVersion >= 2 ? registrar : 0))
    if rulesVersion >= 3 { memory.addUser() }
    userIDs[name] = id
    effects.directory.append(.userRegistered(id, name: name, time: time))
  }

  mutating func register(_ name: String, by authority: Authority) -> Reply {
    guard isUserName(name) else { return refuse(.nameInvalid) }
    if let id = userIDs[name] { return refuse(.nameTaken, id: Int64(id)) }
    guard users.count < Bounds.maximumUsers else { return refuse(.tooManyUsers) }
    addUser(name, by: authority.user)
    return accept(Int64(users.count - 1))
  }

  func isUserName(_ name: String) -> Bool {
    (1...64).contains(name.utf8.count) && name.utf8.allSatisfy { (0x21...0x7e).contains($0) }
  }

  mutating func freeze(_ user: UserID, _ frozen: Bool, by authority: Authority) -> Reply {
    guard Int(user) < users.count, user != 0 else { return refuse(.unknownUser) }
    if !frozen, users[Int(user)].isFrozenByClawback, authority.user != 0 {
      let rejection = refusal(of: authority, aboutAccountOf: user, after: safeguards.delay)
      if let rejection { return refuse(rejection) }
    }
    users[Int(user)].isFrozen = frozen
    if !frozen { users[Int(user)].isFrozenByClawback = false }
    effects.directory.append(.userFrozen(user, frozen))
    if frozen {
      cancelUnstartedWithdrawals(of: user)
      if rulesVersion >= 2 { withdrawRequests { $0.user == user } }
    }
    return accept(Int64(user), frozen ? cancelAll(user: user, market: nil).outcome : .done)
  }
}
