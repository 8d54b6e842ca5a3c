// The state as canonical bytes: what a restart begins with, and what the state hash is taken over.

package import Auction

extension AuctionEngine {
  /// Begins every snapshot. The byte after it is the format's version, which is the rules': what
  /// older rules do not know has no place in their bytes, so a state of theirs has one form for
  /// ever.
  static var snapshotMark: [UInt8] { Array("uncross-state".utf8) }

  /// Writes the state. The bytes depend on the state alone: not on slots, hash tables or how it
  /// came about. `effects` are no part of it.
  public func writeSnapshot(to writer: inout ByteWriter) {
    writer.raw(Self.snapshotMark)
    writer.byte(UInt8(rulesVersion))
    writer.uint(rulesVersion)
    writer.uint(time)
    writer.uint(commandCount)
    writer.bool(venue != nil)
    guard let venue else { return }
    writer.fixed(venue.seed)
    writer.fixed(venue.secondSeed)
    writer.uint(venue.maximumRememberedOrders)
    writer.uint(venue.maximumRememberedOrdersOfUser)
    writeDirectory(to: &writer)
    writeAccounts(to: &writer)
    writeMarkets(to: &writer)
    writeRemembered(to: &writer)
    writeOrders(to: &writer)
    if rulesVersion >= 3 { writeMemory(to: &writer) }
    if rulesVersion >= 2 { writeSafeguards(to: &writer) }
    if rulesVersion >= 3 { writeReferenceRules(to: &writer) }
    writeChains(to: &writer)
    writeWithdrawals(to: &writer)
  }

  private func writeDirectory(to writer: inout ByteWriter) {
    writer.uint(assets.count)
    for asset in assets { writer.asset(asset) }
    writer.uint(users.count)
    for user in users {
      writer.text(user.name)
      writer.bool(user.isFrozen)
      writer.uint(user.registered)
      writer.uint(user.keys.count)
      for key in user.keys {
        writer.raw(key.key.bytes)
        writer.byte(key.role.rawValue)
        writer.uint(key.registered)
        if rulesVersion >= 2 { writer.uint(key.expiresAt) }
      }
      if rulesVersion >= 2 { writeAccess(of: user, to: &writer) }
      if rulesVersion >= 4 { writer.bool(user.isFrozenByClawback) }
    }
    if rulesVersion >= 4 {
      for limit in assetLimits {
        writer.uint(limit.setBy)
        writer.uint(limit.countsFrom)
      }
    }
    writer.uint(adjustmentCount)
    writer.uint(pendingAdjustments.count)
    for pending in pendingAdjustments {
      writer.uint(pending.id)
      writer.uint(pending.time)
      writer.adjustment(pending.adjustment, by: pending.authority)
      if rulesVersion >= 2 { writer.key(pending.authority.key) }
    }
  }

  private func writeAccounts(to writer: inout ByteWriter) {
    writer.uint(accounts.entryCount)
    for asset in assets.indices { writer.int(accounts.issued[asset]) }
    // An account without an entry is not state: it came about when somebody looked at a market.
    let slots = accounts.sortedSlots().filter { accounts.slab[$0].lastEntry != 0 }
    writer.uint(slots.count)
    for slot in slots {
      let account = accounts.slab[slot]
      writer.uint(account.user)
      writer.uint(account.asset)
      // Losses are owed.
      if account.user == Bounds.lossAccount {
        writer.int(account.free)
      } else {
        writer.uint(account.free)
      }
      writer.uint(account.locked)
      writer.uint(account.lastEntry)
    }
  }

  private func writeMarkets(to writer: inout ByteWriter) {
    writer.uint(markets.count)
    for market in 0..<Int32(markets.count) {
      writer.market(markets[market].definition)
      writer.uint(markets[market].constants.atomsPerTickLot)
      writer.bool(markets[market].constants.isOpen)
      writer.uint(markets[market].constants.referenceTicks)
      writer.uint(markets[market].lastSlot)
      writer.uint(markets[market].outsideRuns)
      writer.uint(markets[market].auctionCount)
      writer.uint(markets[market].tradeCount)
    }
  }

  private func writeRemembered(to writer: inout ByteWriter) {
    writer.uint(remembered.count)
    var slot = remembered.head
    while slot >= 0 {
      let entry = remembered.slab[slot]
      writer.uint(entry.user)
      writer.clientOrderID(entry.clientOrderID)
      writer.bool(entry.request.isAdjustment)
      writer.uint(entry.request.market)
      writer.byte(entry.request.side.rawValue)
      writer.byte(entry.request.type.rawValue)
      writer.byte(entry.request.timeInForce.rawValue)
      writer.int(Int128(entry.request.limitTicks))
      writer.int(Int128(entry.request.lots))
      writer.int(Int128(entry.request.expiry))
      writer.uint(entry.time)
      writer.uint(entry.id)
      writer.uint(entry.rejection?.rawValue ?? 0)
      writer.byte(entry.status.rawValue)
      writer.uint(entry.limitTicks)
      writer.uint(entry.lots)
      writer.uint(entry.executedLots)
      writer.uint(entry.notional)
      writer.uint(entry.feePaid)
      slot = remembered.next(after: slot)
    }
  }

  /// Live orders by their place in time, so that restoring them in order rebuilds every queue.
  private func writeOrders(to writer: inout ByteWriter) {
    writer.uint(orderCount)
    writer.uint(priorityCount)
    let live = liveOrders()
    writer.uint(live.count)
    for slot in live {
      let order = orders[slot]
      writer.uint(order.id)
      writer.uint(order.priority)
      writer.uint(traders[order.trader].user)
      writer.uint(order.market)
      writer.byte(order.side.rawValue)
      writer.byte(order.type.rawValue)
      writer.byte(order.timeInForce.rawValue)
      writer.uint(order.limitTicks)
      writer.uint(order.remainingLots)
      writer.uint(order.executedLots)
      writer.uint(order.notional)
      writer.uint(order.feePaid)
      writer.uint(order.feeBasisPoints)
      writer.uint(order.expiry)
      writer.uint(order.time)
      writer.clientOrderID(order.clientOrderID)
    }
  }

  // MARK: Restore

  /// The engine that wrote these bytes: the same hash, and the same future. What no engine writes
  /// is refused here, so that it does not stop the process later.
  public init(restoring bytes: [UInt8]) throws(ByteError) {
    var reader = ByteReader(bytes)
    guard try Array(reader.raw(Self.snapshotMark.count)) == Self.snapshotMark else {
      throw reader.fail("not a snapshot")
    }
    let format = try reader.byte()
    rulesVersion = try reader.uint()
    guard (1...Bounds.rulesVersion).contains(rulesVersion), format == rulesVersion else {
      throw reader.fail("rules version not known to this program: start a newer one")
    }
    time = try reader.uint()
    commandCount = try reader.counter()
    guard try reader.bool() else {
      guard reader.isAtEnd else { throw reader.fail("bytes after the snapshot's end") }
      return
    }
    let seed = try reader.fixed()
    let secondSeed = try reader.fixed()
    venue = VenueConfiguration(
      seed: seed, secondSeed: secondSeed, maximumRememberedOrders: try reader.uint(),
      maximumRememberedOrdersOfUser: try reader.uint())
    remembered.hash.seed = seed ^ secondSeed
    memory.hash = remembered.hash
    memory.numbers = OrderNumbers(seed: seed, secondSeed: secondSeed)
    try readDirectory(&reader)
    try readAccounts(&reader)
    try readMarkets(&reader)
    var open: [OrderID: Int32] = [:]
    try readRemembered(&reader, &open)
    try readOrders(&reader, open)
    if rulesVersion >= 3 { try readMemory(&reader) }
    if rulesVersion >= 2 { try readSafeguards(&reader) }
    if rulesVersion >= 3 { try readReferenceRules(&reader) }
    try readChains(&reader)
    try readWithdrawals(&reader)
    guard locksHaveTheirReasons() else {
      throw reader.fail("locks are not those of the orders and withdrawals")
    }
    guard reader.isAtEnd else { throw reader.fail("bytes after the snapshot's end") }
    effects = Effects()
    effects.firstEntry = accounts.entryCount + 1
  }

  private mutating func readDirectory(_ reader: inout ByteReader) throws(ByteError) {
    for _ in 0..<(try reader.count()) {
      let asset = try reader.asset()
      guard isValid(asset), assetIDs[asset.code] == nil, assets.count < Bounds.maximumAssets else {
        throw reader.fail("not an asset")
      }
      assetIDs[asset.code] = AssetID(assets.count)
      assets.append(asset)
      assetLimits.append(AssetLimit())
    }
    for _ in 0..<(try reader.count()) {
      var user = User(
        name: try reader.text(), isFrozen: try reader.bool(), registered: try reader.uint())
      for _ in 0..<(try reader.count()) {
        guard let key = PublicKey(try reader.raw(32)), let role = Role(rawValue: try reader.byte())
        else { throw reader.fail("not a key") }
        let registered: Microseconds = try reader.uint()
        guard registered >= user.registered, registered <= time else {
          throw reader.fail("a key older than its user, or of the future")
        }
        guard keys[key] == nil, user.keys.count < Bounds.maximumKeysOfUser else {
          throw reader.fail("a key of two users, or one too many")
        }
        var held = UserKey(key: key, role: role, registered: registered)
        if rulesVersion >= 2 { held.expiresAt = try reader.uint() }
        guard rulesVersion >= 2 || role != .tradeOnly else { throw reader.fail("not a role") }
        user.keys.append(held)
        keys[key] = UserID(users.count)
      }
      if rulesVersion >= 2 { try readAccess(of: &user, &reader) }
      if rulesVersion >= 4 { user.isFrozenByClawback = try reader.bool() }
      guard isUserName(user.name), userIDs[user.name] == nil, users.count < Bounds.maximumUsers,
        user.registered <= time, user.isFrozen || !user.isFrozenByClawback
      else { throw reader.fail("not a user") }
      userIDs[user.name] = UserID(users.count)
      users.append(user)
    }
    if rulesVersion >= 4 { try readAssetLimits(&reader) }
    adjustmentCount = try reader.counter()
    for _ in 0..<(try reader.count()) {
      let id: Int64 = try reader.uint()
      let time: Microseconds = try reader.uint()
      var (adjustment, authority) = try reader.adjustment()
      if rulesVersion >= 2 { authority.key = try reader.key() }
      guard checkTerms(adjustment, reason: authority.reason) == nil,
        Int(authority.user) < users.count, id <= adjustmentCount, time <= self.time,
        id > pendingAdjustments.last?.id ?? 0, authority.user != 0,
        pendingAdjustments.count < Bounds.maximumPendingAdjustments
      else { throw reader.fail("not an adjustment") }
      pendingAdjustments.append(
        PendingAdjustment(id: id, adjustment: adjustment, authority: authority, time: time))
    }
  }

  private mutating func readAssetLimits(_ reader: inout ByteReader) throws(ByteError) {
    for asset in assets.indices {
      let limit = AssetLimit(setBy: try reader.uint(), countsFrom: try reader.uint())
      guard Int(limit.setBy) < users.count, limit.setBy != 0 || limit.countsFrom == 0 else {
        throw reader.fail("not whose limit it is")
      }
      assetLimits[asset] = limit
    }
  }

  private mutating func readAccounts(_ reader: inout ByteReader) throws(ByteError) {
    let entryCount: UInt64 = try reader.counter()
    var issued: ContiguousArray<Int128> = []
    for _ in assets {
      issued.append(try reader.int())
      guard issued[issued.count - 1].magnitude < Bounds.maximumAtoms.magnitude else {
        throw reader.fail("a supply beyond its bound")
      }
    }
    accounts.restore(issued: issued, entryCount: entryCount)
    for _ in 0..<(try reader.count()) {
      var account = Account(user: try reader.uint(), asset: try reader.uint())
      account.free =
        account.user == Bounds.lossAccount ? try reader.int() : try reader.uint()
      account.locked = try reader.uint()
      account.lastEntry = try reader.uint()
      guard Int(account.user) < users.count || account.user == Bounds.lossAccount,
        Int(account.asset) < assets.count
      else {
        throw reader.fail("an account of nobody")
      }
      guard accounts.restore(account) else { throw reader.fail("not a balance") }
    }
    guard accounts.held == accounts.issued else { throw reader.fail("value is not conserved") }
  }

  private mutating func readMarkets(_ reader: inout ByteReader) throws(ByteError) {
    for _ in 0..<(try reader.count()) {
      let definition = try reader.market()
      guard let product = atomsPerTickLot(definition), marketIDs[definition.symbol] == nil,
        markets.count < Bounds.maximumMarkets, product == (try reader.uint())
      else { throw reader.fail("not a market") }
      let market = Int32(markets.count)
      let isOpen = try reader.bool()
      let reference: Int64 = try reader.uint()
      let lastSlot: Int64 = try reader.uint()
      guard reference <= Bounds.maximumPriceTicks,
        lastSlot <= time / (definition.terms.intervalMilliseconds * 1_000)
      else { throw reader.fail("a reference or a slot that cannot be") }
      addMarket(
        definition, atomsPerTickLot: product, isOpen: isOpen, referenceTicks: reference,
        lastSlot: lastSlot)
      markets[market].outsideRuns = try reader.uint()
      markets[market].auctionCount = try reader.counter()
      markets[market].tradeCount = try reader.counter()
      refreshBand(market)
    }
  }

  private mutating func readRemembered(
    _ reader: inout ByteReader, _ open: inout [OrderID: Int32]
  ) throws(ByteError) {
    for _ in 0..<(try reader.count()) {
      let user: UserID = try reader.uint()
      guard Int(user) < users.count else { throw reader.fail("an order of nobody") }
      let clientOrderID = try reader.clientOrderID()
      let isAdjustment = try reader.bool()
      let market: MarketID = try reader.uint()
      let kind = try reader.orderKind()
      let request = RememberedRequest(
        isAdjustment: isAdjustment, market: market, side: kind.side, type: kind.type,
        timeInForce: kind.timeInForce, limitTicks: try reader.int(as: Int64.self),
        lots: try reader.int(as: Int64.self), expiry: try reader.int(as: Int64.self))
      let time: Microseconds = try reader.uint()
      let id: Int64 = try reader.uint()
      let code: UInt16 = try reader.uint()
      guard code == 0 || Rejection(rawValue: code) != nil,
        let status = OrderStatus(rawValue: try reader.byte())
      else { throw reader.fail("not an answer") }
      var entry = RememberedOrder(
        user: user, clientOrderID: clientOrderID, request: request, time: time, id: id,
        rejection: Rejection(rawValue: code))
      entry.status = status
      entry.limitTicks = try reader.uint()
      entry.lots = try reader.uint()
      entry.executedLots = try reader.uint()
      entry.notional = try reader.uint()
      entry.feePaid = try reader.uint()
      guard remembered.find(user, clientOrderID) == nil, isAdjustment || rulesVersion < 3 else {
        throw reader.fail("an id that is remembered twice, or an order in the wrong table")
      }
      let slot = remember(entry)
      if isAdjustment || entry.rejection != nil { continue }
      guard isOrderID(id), open[id] == nil, orderIndex.find(UInt64(id)) == nil,
        Int(market) < markets.count
      else { throw reader.fail("an order of no market, or one that is there") }
      if status == .open { open[id] = slot } else { orderIndex.insert(UInt64(id), -(slot + 1)) }
    }
  }

  private mutating func readOrders(
    _ reader: inout ByteReader, _ open: [OrderID: Int32]
  ) throws(ByteError) {
    orderCount = try reader.counter()
    let lastPriority: UInt64 = try reader.counter()
    var remembered = 0
    for _ in 0..<(try reader.count()) {
      let id: OrderID = try reader.uint()
      let priority: UInt64 = try reader.uint()
      let user: UserID = try reader.uint()
      let market: MarketID = try reader.uint()
      guard Int(user) < users.count, Int(market) < markets.count, priority > priorityCount else {
        throw reader.fail("an order of nobody, of no market or out of order")
      }
      let kind = try reader.orderKind()
      let limit: Int64 = try reader.uint()
      let remaining: Int64 = try reader.uint()
      let executed: Int64 = try reader.uint()
      let notional: Int128 = try reader.uint()
      let feePaid: Int128 = try reader.uint()
      let feeBasisPoints: UInt16 = try reader.uint()
      let expiry: Microseconds = try reader.uint()
      let accepted: Microseconds = try reader.uint()
      let trader = openTrader(user, market, markets[Int32(market)].constants)
      let order = Order(
        id: id, priority: 0, limitTicks: limit, remainingLots: remaining, executedLots: executed,
        expiry: expiry, time: accepted, notional: notional, feePaid: feePaid,
        clientOrderID: try reader.clientOrderID(), remembered: open[id] ?? -1, trader: trader,
        level: -1, market: market, feeBasisPoints: feeBasisPoints, side: kind.side,
        type: kind.type, timeInForce: kind.timeInForce)
      guard isSound(order) else { throw reader.fail("an order that cannot rest") }
      remembered += order.remembered >= 0 ? 1 : 0
      let slot = orders.insert(order)
      orderIndex.insert(UInt64(id), slot)
      priorityCount = priority - 1
      enqueue(slot)
    }
    guard lastPriority >= priorityCount else { throw reader.fail("orders beyond the count") }
    priorityCount = lastPriority
    guard remembered == open.count else { throw reader.fail("an open order does not rest") }
    guard idsWereGiven() else { throw reader.fail("an order beyond the count") }
  }
}

// MARK: What holds for all that rests

extension AuctionEngine {
  func isOrderID(_ id: OrderID) -> Bool { id > 0 && id < 1 << 62 }

  func wasGiven(_ id: OrderID) -> Bool {
    let number = memory.numbers.number(of: id)
    return number > 0 && number <= orderCount
  }

  /// No order to come gets the id of one that is there.
  private func idsWereGiven() -> Bool {
    (0..<orders.used).allSatisfy { wasGiven(orders[$0].id) }
      && (0..<remembered.slab.used).allSatisfy { slot in
        let entry = remembered.slab[slot]
        return entry.request.isAdjustment || entry.rejection != nil || wasGiven(entry.id)
      }
  }

  /// Whether the order could have been accepted, and could have come to where it is.
  private mutating func isSound(_ order: Order) -> Bool {
    let market = markets[Int32(order.market)].constants
    guard isOrderID(order.id), orderIndex.find(UInt64(order.id)) == nil,
      order.remainingLots > 0, order.remainingLots <= Bounds.maximumLots,
      order.executedLots <= Bounds.maximumLots - order.remainingLots,
      order.feeBasisPoints <= 10_000, order.notional < Bounds.maximumProceeds,
      order.feePaid == fee(on: order.notional, order.feeBasisPoints),
      (order.expiry != 0) == (order.timeInForce == .goodTilDate),
      order.remembered < 0
        || remembered.slab[order.remembered].user == traders[order.trader].user
    else { return false }
    switch order.type {
    case .limit:
      guard order.limitTicks > 0, order.limitTicks <= Bounds.maximumPriceTicks,
        !crossesOwn(order.trader, order.side, order.limitTicks)
      else { return false }
    case .market:
      guard let band = market.band, order.timeInForce == .auction,
        order.limitTicks == (order.side == .buy ? band.upper : 0),
        !crossesOwn(order.trader, order.side, nil)
      else { return false }
    }
    return markets[Int32(order.market)].orderCount(order.side) < Bounds.maximumOrdersOfSide
      && checkedLock(order, market) != nil
  }

  private func locksHaveTheirReasons() -> Bool {
    // Taken off what is locked: a sum of forged locks could overflow.
    var rest = (0..<accounts.slab.used).map { accounts.slab[$0].locked }
    for slot in 0..<orders.used {
      let order = orders[slot]
      rest[Int(lockAccount(order))] -= lock(order, markets[Int32(order.market)].constants)
      if rest[Int(lockAccount(order))] < 0 { return false }
    }
    for withdrawal in withdrawals.records.values where !withdrawal.status.isFinished {
      guard let account = accounts.find(withdrawal.user, withdrawal.asset) else { return false }
      rest[Int(account)] -= withdrawal.lock
      if rest[Int(account)] < 0 { return false }
    }
    return rest.allSatisfy { $0 == 0 }
  }
}

// MARK: Shared encodings: the journal writes definitions in the same way

extension ByteWriter {
  package mutating func asset(_ asset: AssetDefinition) {
    text(asset.code)
    uint(asset.decimals)
    uint(asset.adjustmentLimit)
  }

  package mutating func market(_ market: MarketDefinition) {
    text(market.symbol)
    uint(market.base)
    uint(market.quote)
    uint(market.tickAtoms)
    uint(market.lotAtoms)
    terms(market.terms)
    uint(market.listingPriceTicks)
  }

  package mutating func terms(_ terms: MarketTerms) {
    uint(terms.intervalMilliseconds)
    uint(terms.bandBasisPoints)
    uint(terms.runsBeforeWidening)
    uint(terms.buyFeeBasisPoints)
    uint(terms.sellFeeBasisPoints)
    uint(terms.minimumNotional)
    uint(terms.maximumOpenOrders)
  }

  package mutating func adjustment(_ adjustment: BalanceAdjustment, by authority: Authority) {
    uint(authority.user)
    uint(adjustment.user)
    uint(adjustment.asset)
    int(adjustment.amount)
    text(authority.reason)
    clientOrderID(adjustment.requestID)
  }

  /// One byte for none.
  package mutating func key(_ key: PublicKey?) {
    bool(key != nil)
    if let key { raw(key.bytes) }
  }
}

extension ByteReader {
  /// Of something that is only counted: it never overflows.
  mutating func counter<T: FixedWidthInteger>() throws(ByteError) -> T {
    let value: UInt64 = try uint()
    guard value < Bounds.maximumCount, let count = T(exactly: value) else {
      throw fail("a count beyond its bound")
    }
    return count
  }

  package mutating func asset() throws(ByteError) -> AssetDefinition {
    AssetDefinition(code: try text(), decimals: try uint(), adjustmentLimit: try uint())
  }

  package mutating func market() throws(ByteError) -> MarketDefinition {
    MarketDefinition(
      symbol: try text(), base: try uint(), quote: try uint(), tickAtoms: try uint(),
      lotAtoms: try uint(), terms: try terms(), listingPriceTicks: try uint())
  }

  package mutating func terms() throws(ByteError) -> MarketTerms {
    MarketTerms(
      intervalMilliseconds: try uint(), bandBasisPoints: try uint(),
      runsBeforeWidening: try uint(), buyFeeBasisPoints: try uint(),
      sellFeeBasisPoints: try uint(), minimumNotional: try uint(), maximumOpenOrders: try uint())
  }

  package mutating func adjustment(
    maximumReason: Int = 4_096
  ) throws(ByteError) -> (BalanceAdjustment, by: Authority) {
    let by: UserID = try uint()
    let (user, asset): (UserID, AssetID) = (try uint(), try uint())
    let amount: Int128 = try int()
    let reason = try text(maximum: maximumReason)
    return (
      BalanceAdjustment(user: user, asset: asset, amount: amount, requestID: try clientOrderID()),
      Authority(user: by, reason: reason)
    )
  }

  package mutating func key() throws(ByteError) -> PublicKey? {
    guard try bool() else { return nil }
    guard let key = PublicKey(try raw(32)) else { throw fail("not a key") }
    return key
  }

  package mutating func orderKind() throws(ByteError) -> (
    side: Side, type: OrderType, timeInForce: TimeInForce
  ) {
    guard let side = Side(rawValue: try byte()), let type = OrderType(rawValue: try byte()),
      let timeInForce = TimeInForce(rawValue: try byte())
    else { throw fail("not a kind of order") }
    return (side, type, timeInForce)
  }
}
