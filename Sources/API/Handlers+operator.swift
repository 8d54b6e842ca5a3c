// The operator's routes: assets and markets.

internal import Crypto
internal import Engine
internal import Formats
internal import Wire

extension Handlers {
  // MARK: Assets and markets

  func createAsset(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    let new: NewAsset = try call.decoded()
    guard new.decimals <= 18,
      let limit = new.adjustmentLimit.atoms(decimals: Int(new.decimals))
    else { throw Refusal(.assetInvalid) }
    let reply = try await submit(
      .createAsset(
        AssetDefinition(code: new.code, decimals: new.decimals, adjustmentLimit: limit)),
      by: user)
    return Self.applied(new.code, reply)
  }

  func createMarket(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    let new: NewMarket = try call.decoded()
    let base = try asset(named: new.base)
    let quote = try asset(named: new.quote)
    let tick = new.tickSize.atoms(decimals: quote.decimals)
    let lot = new.lotSize.atoms(decimals: base.decimals)
    var terms = MarketTerms(
      intervalMilliseconds: new.intervalMilliseconds, bandBasisPoints: new.bandBasisPoints,
      runsBeforeWidening: new.runsBeforeWidening ?? 3, buyFeeBasisPoints: new.buyFeeBasisPoints,
      sellFeeBasisPoints: new.sellFeeBasisPoints,
      minimumNotional: try Self.notional(new.minimumNotional, quote),
      maximumOpenOrders: new.maximumOpenOrders ?? 200)
    if let volume = new.minimumReferenceVolume {
      terms.minimumReferenceVolume = try Self.notional(volume, quote)
    }
    guard let tickAtoms = tick.flatMap({ Int64(exactly: $0) }), tickAtoms > 0,
      let lotAtoms = lot.flatMap({ Int64(exactly: $0) }), lotAtoms > 0
    else { throw Refusal(.marketInvalid) }
    var definition = MarketDefinition(
      symbol: new.market, base: base.id, quote: quote.id, tickAtoms: tickAtoms, lotAtoms: lotAtoms,
      terms: terms, listingPriceTicks: 0)
    if let listing = new.listingPrice {
      definition.listingPriceTicks = try Self.ticks(listing, tickAtoms, quote)
    }
    return Self.applied(new.market, try await submit(.createMarket(definition), by: user))
  }

  private static func notional(
    _ amount: DecimalAmount, _ quote: ListedAsset
  ) throws(Refusal) -> Int128 {
    guard let atoms = amount.atoms(decimals: quote.decimals) else { throw Refusal(.marketInvalid) }
    return atoms
  }

  /// Ticks of a price in a market that does not exist yet.
  private static func ticks(
    _ price: DecimalAmount, _ tickAtoms: Int64, _ quote: ListedAsset
  ) throws(Refusal) -> Int64 {
    guard let atoms = price.atoms(decimals: quote.decimals) else { throw Refusal(.priceOffTick) }
    let (ticks, rest) = atoms.quotientAndRemainder(dividingBy: Int128(tickAtoms))
    guard rest == 0 else { throw Refusal(.priceOffTick) }
    guard ticks > 0, let ticks = Int64(exactly: ticks) else { throw Refusal(.priceOutOfRange) }
    return ticks
  }

  /// What is left out stays as the directory knows it.
  func changeMarket(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    let market = try market(named: call.parameters[0])
    var terms = market.record.definition.terms
    let request: Reasoned<MarketTermsChange> = try call.decoded()
    let change = request.body
    if let value = change.intervalMilliseconds { terms.intervalMilliseconds = value }
    if let value = change.bandBasisPoints { terms.bandBasisPoints = value }
    if let value = change.runsBeforeWidening { terms.runsBeforeWidening = value }
    if let value = change.buyFeeBasisPoints { terms.buyFeeBasisPoints = value }
    if let value = change.sellFeeBasisPoints { terms.sellFeeBasisPoints = value }
    if let value = change.minimumNotional {
      terms.minimumNotional = try Self.notional(
        value, listedAsset(market.record.definition.quote))
    }
    if let value = change.maximumOpenOrders { terms.maximumOpenOrders = value }
    if let value = change.minimumReferenceVolume {
      terms.minimumReferenceVolume = try Self.notional(
        value, listedAsset(market.record.definition.quote))
    }
    let reason = try request.checkedReason()
    let reply = try await submit(
      .changeMarket(MarketChange(market: market.id, terms: terms)), by: user, reason)
    return Self.applied(market.symbol, reply)
  }

  func setOpen(
    _ call: Call, _ user: Identity, _ isOpen: Bool
  ) async throws(Refusal) -> Answer {
    let market = try market(named: call.parameters[0])
    let reason = try call.reason()
    let reply = try await submit(
      isOpen ? .resumeMarket(market.id) : .suspendMarket(market.id), by: user, reason)
    return Self.applied(market.symbol, reply)
  }

  func setReference(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    let market = try market(named: call.parameters[0])
    let request: Reasoned<ReferencePrice> = try call.decoded()
    let reason = try request.checkedReason()
    let ticks = try market.ticks(request.body.price)
    let reply = try await submit(
      .setReference(market: market.id, priceTicks: ticks), by: user, reason)
    return Self.applied(market.symbol, reply)
  }

  private static func applied(_ name: String, _ reply: Reply) -> Answer {
    .json(Applied(name: name, appliedAt: Timestamp(microseconds: reply.time)))
  }

  // MARK: Looking

  /// The canonical bytes are copied between two groups and hashed here.
  func engineState() async throws(Refusal) -> Answer {
    let (commands, time, bytes) = try await read { engine in
      var writer = ByteWriter()
      engine.writeSnapshot(to: &writer)
      return (engine.commandCount, engine.time, writer.bytes)
    }
    return .json(
      EngineState(
        commands: String(commands), timestamp: Timestamp(microseconds: time),
        stateHash: Hex.string(SHA256.hash(data: bytes))))
  }

  func balancesOfUser(_ call: Call) async throws(Refusal) -> Answer {
    try await balances(of: user(call.query.required("user")))
  }
}
