// The operator's routes: assets, markets, users, keys, adjustments.

internal import Client
internal import Crypto
internal import Engine
internal import Formats

extension Handlers {
  // MARK: Assets and markets

  func createAsset(_ call: Call) async throws(Refusal) -> Answer {
    var fields = try call.fields()
    let code = try fields.text("code")
    let decimals: UInt8 = try fields.integer("decimals")
    let limit = try fields.decimal("adjustment_limit")
    try fields.finish()
    guard decimals <= 18, let atoms = limit.atoms(decimals: Int(decimals)) else {
      throw Refusal(.assetInvalid)
    }
    let reply = try await submit(
      .createAsset(AssetDefinition(code: code, decimals: decimals, adjustmentLimit: atoms)))
    return Self.applied(code, reply)
  }

  func createMarket(_ call: Call) async throws(Refusal) -> Answer {
    var fields = try call.fields()
    let symbol = try fields.text("market")
    let base = try asset(named: fields.text("base"))
    let quote = try asset(named: fields.text("quote"))
    let tick = try fields.decimal("tick_size").atoms(decimals: quote.decimals)
    let lot = try fields.decimal("lot_size").atoms(decimals: base.decimals)
    let listing = try fields.decimalIfPresent("listing_price")
    let terms = MarketTerms(
      intervalMilliseconds: try fields.integer("interval_milliseconds"),
      bandBasisPoints: try fields.integer("band_basis_points"),
      runsBeforeWidening: try fields.integerIfPresent("runs_before_widening") ?? 3,
      buyFeeBasisPoints: try fields.integer("buy_fee_basis_points"),
      sellFeeBasisPoints: try fields.integer("sell_fee_basis_points"),
      minimumNotional: try Self.notional(fields.decimal("minimum_notional"), quote),
      maximumOpenOrders: try fields.integerIfPresent("maximum_open_orders") ?? 200)
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
    return Self.applied(symbol, try await submit(.createMarket(definition)))
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
  func changeMarket(_ call: Call) async throws(Refusal) -> Answer {
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
    try fields.finish()
    let reply = try await submit(.changeMarket(MarketChange(market: market.id, terms: terms)))
    return Self.applied(market.symbol, reply)
  }

  func setOpen(_ call: Call, _ isOpen: Bool) async throws(Refusal) -> Answer {
    let market = try market(named: call.parameters[0])
    let reply = try await submit(isOpen ? .resumeMarket(market.id) : .suspendMarket(market.id))
    return Self.applied(market.symbol, reply)
  }

  func setReference(_ call: Call) async throws(Refusal) -> Answer {
    let market = try market(named: call.parameters[0])
    var fields = try call.fields()
    let price = try fields.decimal("price")
    try fields.finish()
    let ticks = try market.ticks(price)
    let reply = try await submit(.setReference(market: market.id, priceTicks: ticks))
    return Self.applied(market.symbol, reply)
  }

  private static func applied(_ name: String, _ reply: Reply) -> Answer {
    .json(Applied(name: name, appliedAt: Timestamp(microseconds: reply.time)))
  }

  // MARK: Users

  /// Registers a name, then its key. Where the name exists, it must hold this very key in this role
  /// already: a second person of the same name must not get the first one's account.
  func createUser(_ call: Call) async throws(Refusal) -> Answer {
    var fields = try call.fields()
    let name = try fields.text("name")
    let role: KeyRole? = try fields.choiceIfPresent("role")
    let key = try Self.keyIfPresent(&fields)
    try fields.finish()
    guard (role == nil) == (key == nil) else {
      throw Refusal(.badRequest, "`public_key` and `role` come together")
    }
    if let key, let role { try checkFree(key, role.engine, for: name) }
    let reply = try await submit([.registerUser(name: name)])[0]
    guard let id = UserID(exactly: reply.id) else {
      preconditionFailure("the engine gave a user id beyond its type")
    }
    switch reply.rejection {
    case nil:
      if let key, let role { try await grantFirst(key, role.engine, to: id) }
    case .nameTaken:
      let holds = directory.user(id)?.keys.contains { $0.key == key && $0.role == role?.engine }
      guard holds == true else { throw Refusal(.nameTaken) }
    case let rejection?: throw Refusal(rejection)
    }
    return .json(try details(id))
  }

  /// The name is registered by now: what keeps the key away must not read as if nothing happened.
  private func grantFirst(_ key: PublicKey, _ role: Role, to id: UserID) async throws(Refusal) {
    do throws(Refusal) {
      _ = try await submit(.registerKey(user: id, key: key, role: role))
    } catch {
      throw Refusal(
        .outcomeUnknown, "user \(id) is registered, its key may not be (\(error.code)): grant it")
    }
  }

  /// Another's key is refused before the name is taken.
  private func checkFree(_ key: PublicKey, _ role: Role, for name: String) throws(Refusal) {
    guard let holder = directory.identity(of: key) else { return }
    guard holder.role == role, directory.user(holder.user)?.name == name else {
      throw Refusal(.keyTaken)
    }
  }

  func findUser(_ call: Call) async throws(Refusal) -> Answer {
    let name = try call.query.required("name")
    guard Self.isName(name), let id = try await read({ $0.user(named: name) }) else {
      throw Refusal(.unknownUser)
    }
    return .json(try details(id))
  }

  private func details(_ id: UserID) throws(Refusal) -> UserDetails {
    guard let user = directory.user(id) else { throw Refusal(.unknownUser) }
    return UserDetails(
      userID: String(id), name: user.name, frozen: user.isFrozen,
      keys: user.keys.map {
        KeyGrant(publicKey: Hex.string($0.key.bytes), role: $0.role.wire)
      }, registeredAt: Timestamp(microseconds: user.registered))
  }

  private func user(_ text: String) throws(Refusal) -> UserID {
    // The account for losses is nobody's, but an operator looks at it and makes losses good.
    guard let id: UserID = Self.number(text),
      directory.user(id) != nil || id == Bounds.lossAccount
    else { throw Refusal(.unknownUser) }
    return id
  }

  func setFrozen(_ call: Call, _ isFrozen: Bool) async throws(Refusal) -> Answer {
    let id = try user(call.parameters[0])
    let reply = try await submit(.setFrozen(user: id, frozen: isFrozen))
    return .json(
      UserState(userID: String(id), frozen: isFrozen, cancelledOrders: Int(reply.detail)))
  }

  // MARK: Keys

  private static func keyIfPresent(_ fields: inout JSONFields) throws(Refusal) -> PublicKey? {
    guard let text = try fields.textIfPresent("public_key") else { return nil }
    guard let key = Self.key(text) else {
      throw fields.wrong("public_key", "64 lower-case hex digits")
    }
    return key
  }

  private static func key(_ text: String) -> PublicKey? {
    Hex.bytes(text).flatMap { PublicKey($0) }
  }

  func grantKey(_ call: Call) async throws(Refusal) -> Answer {
    let id = try user(call.parameters[0])
    var fields = try call.fields()
    let role: KeyRole = try fields.choice("role")
    let key = try Self.keyIfPresent(&fields)
    try fields.finish()
    guard let key else { throw Refusal(.badRequest, "field `public_key` is missing") }
    _ = try await submit(.registerKey(user: id, key: key, role: role.engine))
    return .json(KeyOwner(publicKey: Hex.string(key.bytes), userID: String(id)))
  }

  func revokeKey(_ call: Call) async throws(Refusal) -> Answer {
    guard let key = Self.key(call.parameters[0]) else { throw Refusal(.keyNotFound) }
    let reply = try await submit(.revokeKey(key))
    return .json(KeyOwner(publicKey: Hex.string(key.bytes), userID: String(reply.id)))
  }

  // MARK: Adjustments

  func adjust(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    var fields = try call.fields()
    guard let requestID = ClientOrderID(try fields.text("request_id")) else {
      throw fields.wrong("request_id", "1 to 36 characters of A-Z a-z 0-9 . _ : -")
    }
    let receiver = try self.user(fields.text("user"))
    let asset = try asset(named: fields.text("asset"))
    let amount = try fields.decimal("amount")
    let reason = try fields.reason()
    try fields.finish()
    guard let atoms = amount.atoms(decimals: asset.decimals) else { throw Refusal(.amountInvalid) }
    let reply = try await submit(
      .adjustBalance(
        BalanceAdjustment(
          operator: user.user, user: receiver, asset: asset.id, amount: atoms, reason: reason,
          requestID: requestID)))
    let status = try await status(ofAdjustment: reply.id, atoms, asset)
    return .json(AdjustmentOutcome(adjustmentID: String(reply.id), status: status))
  }

  /// A repeated request gets the first answer, which does not say what became of it since.
  private func status(
    ofAdjustment id: Int64, _ atoms: Int128, _ asset: ListedAsset
  ) async throws(Refusal) -> AdjustmentOutcome.Status {
    if atoms.magnitude <= asset.definition.adjustmentLimit.magnitude { return .booked }
    do throws(Refusal) {
      let waits = try await read { engine in
        engine.pendingAdjustmentViews().contains { $0.id == id }
      }
      return waits ? .waitingApproval : .decided
    } catch {
      // The request itself was applied.
      throw Refusal(.outcomeUnknown)
    }
  }

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

  func waitingAdjustments() async throws(Refusal) -> Answer {
    let views = try await read { $0.pendingAdjustmentViews() }
    return .json(
      WaitingAdjustments(
        adjustments: views.map { view in
          let adjustment = view.adjustment
          let asset = listedAsset(adjustment.asset)
          return WaitingAdjustment(
            adjustmentID: String(view.id), requestID: adjustment.requestID.description,
            requestedBy: String(adjustment.operator), user: String(adjustment.user),
            asset: asset.definition.code,
            amount: DecimalAmount(atoms: adjustment.amount, decimals: asset.decimals),
            reason: adjustment.reason, requestedAt: Timestamp(microseconds: view.time))
        }))
  }

  func decide(_ call: Call, _ user: Identity, approve: Bool) async throws(Refusal) -> Answer {
    guard let id: Int64 = Self.number(call.parameters[0]) else { throw Refusal(.approvalNotFound) }
    _ = try await submit(
      approve
        ? .approveAdjustment(id: id, by: user.user) : .refuseAdjustment(id: id, by: user.user))
    return .json(
      AdjustmentOutcome(adjustmentID: String(id), status: approve ? .booked : .refused))
  }

  func balancesOfUser(_ call: Call) async throws(Refusal) -> Answer {
    try await balances(of: user(call.query.required("user")))
  }
}

extension KeyRole {
  fileprivate var engine: Role {
    switch self {
    case .trader: .trader
    case .readOnly: .readOnly
    case .operator: .operator
    }
  }
}

extension Role {
  fileprivate var wire: KeyRole {
    switch self {
    case .trader: .trader
    case .readOnly: .readOnly
    case .operator: .operator
    }
  }
}
