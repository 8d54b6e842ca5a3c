// The operator's routes: assets and markets.

internal import Client
internal import Crypto
internal import Engine
internal import Formats

extension Handlers {
  // MARK: Assets and markets

  func createAsset(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    var fields = try call.fields()
    let code = try fields.text("code")
    let decimals: UInt8 = try fields.integer("decimals")
    let limit = try fields.decimal("adjustment_limit")
    try fields.finish()
    guard decimals <= 18, let atoms = limit.atoms(decimals: Int(decimals)) else {
      throw Refusal(.assetInvalid)
    }
    let reply = try await submit(
      .createAsset(AssetDefinition(code: code, decimals: decimals, adjustmentLimit: atoms)),
      by: user)
    return Self.applied(code, reply)
  }

  func createMarket(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    var fields = try call.fields()
    let symbol = try fields.text("market")
    let base = try asset(named: fields.text("base"))
    let quote = try asset(named: fields.text("quote"))
    let tick = try fields.decimal("tick_size").atoms(decimals: quote.decimals)
    let lot = try fields.decimal("lot_size").atoms(decimals: base.decimals)
    let listing = try fields.decimalIfPresent("listing_price")
    let volume = try fields.decimalIfPresent("minimum_reference_volume")
    var terms = MarketTerms(
      intervalMilliseconds: try fields.integer("interval_milliseconds"),
      bandBasisPoints: try fields.integer("band_basis_points"),
      runsBeforeWidening: try fields.integerIfPresent("runs_before_widening") ?? 3,
      buyFeeBasisPoints: try fields.integer("buy_fee_basis_points"),
      sellFeeBasisPoints: try fields.integer("sell_fee_basis_points"),
      minimumNotional: try Self.notional(fields.decimal("minimum_notional"), quote),
      maximumOpenOrders: try fields.integerIfPresent("maximum_open_orders") ?? 200)
    if let volume { terms.minimumReferenceVolume = try Self.notional(volume, quote) }
    try fields.finish()
    guard let tickAtoms = tick.flatMap({ Int64(exactly: $0) }), tickAtoms > 0,
      let lotAtoms = lot.flatMap({ Int64(exactly: $0) }), lotAtoms > 0
    else { throw Refusal(.marketInvalid) }
    var definition = MarketDefinition(
      symbol: symbol, base: base.id, quote: quote.id, tickAtoms: tickAtoms, lotAtoms: lotAtoms,
      terms: terms, listingPriceTicks: 0)
    if let listing {
      definition.listingPriceTicks = try Self.ticks(listing, tickAtoms, quote)
    }
    return Self.applied(symbol, try await submit(.createMarket(definition), by: user))
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
    var fields = try call.fields()
    if let value: Int64 = try fields.integerIfPresent("interval_milliseconds") {
      terms.intervalMilliseconds = value
    }
    if let value: UInt32 = try fields.integerIfPresent("band_basis_points") {
      terms.bandBasisPoints = value
    }
    if let value: UInt32 = try fields.integerIfPresent("runs_before_widening") {
      terms.runsBeforeWidening = value
    }
    if let value: UInt16 = try fields.integerIfPresent("buy_fee_basis_points") {
      terms.buyFeeBasisPoints = value
    }
    if let value: UInt16 = try fields.integerIfPresent("sell_fee_basis_points") {
      terms.sellFeeBasisPoints = value
    }
    if let value = try fields.decimalIfPresent("minimum_notional") {
      terms.minimumNotional = try Self.notional(
        value, listedAsset(market.record.definition.quote))
    }
    if let value: UInt32 = try fields.integerIfPresent("maximum_open_orders") {
      terms.maximumOpenOrders = value
    }
    if let value = try fields.decimalIfPresent("minimum_reference_volume") {
      terms.minimumReferenceVolume = try Self.notional(
        value, listedAsset(market.record.definition.quote))
    }
    let reason = try fields.reason()
    try fields.finish()
    let reply = try await submit(
      .changeMarket(MarketChange(market: market.id, terms: terms)), by: user, reason)
    return Self.applied(market.symbol, reply)
  }

  func setOpen(
    _ call: Call, _ user: Identity, _ isOpen: Bool
  ) async throws(Refusal) -> Answer {
    let market = try market(named: call.parameters[0])
    let reason = try Self.reason(call)
    let reply = try await submit(
      isOpen ? .resumeMarket(market.id) : .suspendMarket(market.id), by: user, reason)
    return Self.applied(market.symbol, reply)
  }

  func setReference(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    let market = try market(named: call.parameters[0])
    var fields = try call.fields()
    let price = try fields.decimal("price")
    let reason = try fields.reason()
    try fields.finish()
    let ticks = try market.ticks(price)
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
