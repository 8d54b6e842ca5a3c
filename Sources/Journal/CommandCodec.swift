// Commands as bytes: the body of a journal group. Golden bytes pin it; a new form is a new version.

internal import Auction
public import Engine

/// Version 1 of the journal's encoding. A command is one tag byte and its fields in the canonical
/// encoding of `ByteWriter`. Nothing here can hold a trade, a fill or an auction's result: those
/// are not commands.
public enum CommandCodec {
  /// Stored as the first byte of every body.
  public static let version: UInt8 = 1

  // Tags are never reused.
  enum Tag: UInt8 {
    case advanceTime = 1
    case placeOrder = 2
    case amendOrder = 3
    case cancelOrder = 4
    case cancelAllOrders = 5
    case runAuction = 6
    case configureVenue = 16
    case createAsset = 17
    case createMarket = 18
    case changeMarket = 19
    case suspendMarket = 20
    case resumeMarket = 21
    case setReference = 22
    case registerUser = 23
    case registerKey = 24
    case revokeKey = 25
    case setFrozen = 26
    case adjustBalance = 27
    case approveAdjustment = 28
    case refuseAdjustment = 29
    case activateRules = 30
    case registerChain = 31
    case creditDeposit = 32
    case clawBackDeposit = 33
    case setAddressDelay = 34
    case setWithdrawalTerms = 35
    case addPayoutAddress = 36
    case removePayoutAddress = 37
    case requestWithdrawal = 38
    case approveWithdrawal = 39
    case cancelWithdrawal = 40
    case rejectWithdrawal = 41
    case startWithdrawal = 42
    case finishWithdrawal = 43
    case failWithdrawal = 44
  }

  // MARK: Encode

  public static func encode(_ command: Command, to writer: inout ByteWriter) {
    switch command {
    case .placeOrder(let order): encode(order, to: &writer)
    case .cancelOrder(let cancel):
      writer.byte(Tag.cancelOrder.rawValue)
      writer.uint(cancel.user)
      writer.int(Int128(cancel.order))
    case .amendOrder(let amendment):
      writer.byte(Tag.amendOrder.rawValue)
      writer.uint(amendment.user)
      writer.int(Int128(amendment.order))
      writer.int(Int128(amendment.limitTicks))
      writer.int(Int128(amendment.lots))
    case .advanceTime(let time):
      writer.byte(Tag.advanceTime.rawValue)
      writer.int(Int128(time))
    case .runAuction(let market, let slot):
      writer.byte(Tag.runAuction.rawValue)
      writer.uint(market)
      writer.int(Int128(slot))
    case .cancelAllOrders(let user, let market):
      writer.byte(Tag.cancelAllOrders.rawValue)
      writer.uint(user)
      writer.uint(market.map { UInt64($0) + 1 } ?? 0)
    default: encodeAdministration(command, to: &writer)
    }
  }

  private static func encode(_ order: PlaceOrder, to writer: inout ByteWriter) {
    writer.byte(Tag.placeOrder.rawValue)
    writer.uint(order.user)
    writer.uint(order.market)
    writer.byte(
      order.side.rawValue | order.type.rawValue << 1 | order.timeInForce.rawValue << 2)
    writer.int(Int128(order.limitTicks))
    writer.int(Int128(order.lots))
    writer.int(Int128(order.expiry))
    writer.clientOrderID(order.clientOrderID)
  }

  private static func encodeAdministration(_ command: Command, to writer: inout ByteWriter) {
    func tag(_ tag: Tag) { writer.byte(tag.rawValue) }
    switch command {
    case .configureVenue(let venue):
      tag(.configureVenue)
      writer.fixed(venue.seed)
      writer.fixed(venue.secondSeed)
      writer.uint(venue.maximumRememberedOrders)
      writer.uint(venue.maximumRememberedOrdersOfUser)
    case .createAsset(let asset):
      tag(.createAsset)
      writer.text(asset.code)
      writer.uint(asset.decimals)
      writer.int(asset.adjustmentLimit)
    case .createMarket(let market):
      tag(.createMarket)
      writer.text(market.symbol)
      writer.uint(market.base)
      writer.uint(market.quote)
      writer.int(Int128(market.tickAtoms))
      writer.int(Int128(market.lotAtoms))
      encode(market.terms, to: &writer)
      writer.int(Int128(market.listingPriceTicks))
    case .changeMarket(let change):
      tag(.changeMarket)
      writer.uint(change.market)
      encode(change.terms, to: &writer)
    case .suspendMarket(let market):
      tag(.suspendMarket)
      writer.uint(market)
    case .resumeMarket(let market):
      tag(.resumeMarket)
      writer.uint(market)
    case .setReference(let market, let priceTicks):
      tag(.setReference)
      writer.uint(market)
      writer.int(Int128(priceTicks))
    case .registerUser(let name):
      tag(.registerUser)
      writer.text(name)
    case .registerKey(let user, let key, let role):
      tag(.registerKey)
      writer.uint(user)
      writer.raw(key.bytes)
      writer.byte(role.rawValue)
    case .revokeKey(let key):
      tag(.revokeKey)
      writer.raw(key.bytes)
    case .setFrozen(let user, let frozen):
      tag(.setFrozen)
      writer.uint(user)
      writer.bool(frozen)
    case .adjustBalance(let adjustment):
      tag(.adjustBalance)
      writer.adjustment(adjustment)
    case .approveAdjustment(let id, let by):
      tag(.approveAdjustment)
      writer.int(Int128(id))
      writer.uint(by)
    case .refuseAdjustment(let id, let by):
      tag(.refuseAdjustment)
      writer.int(Int128(id))
      writer.uint(by)
    case .registerChain(let name):
      tag(.registerChain)
      writer.text(name)
    case .creditDeposit(let credit):
      tag(.creditDeposit)
      writer.uint(credit.chain)
      writer.int(Int128(credit.number))
      writer.uint(credit.user)
      writer.uint(credit.asset)
      writer.int(credit.amount)
    case .clawBackDeposit(let clawback):
      tag(.clawBackDeposit)
      writer.uint(clawback.chain)
      writer.int(Int128(clawback.number))
      writer.int(Int128(clawback.credit))
      writer.uint(clawback.user)
      writer.uint(clawback.asset)
      writer.int(clawback.amount)
    case .activateRules(let version):
      tag(.activateRules)
      writer.uint(version)
    case .advanceTime, .placeOrder, .amendOrder, .cancelOrder, .cancelAllOrders, .runAuction:
      preconditionFailure("encoded by the other half")
    default: encodeWithdrawals(command, to: &writer)
    }
  }

  private static func encode(_ terms: MarketTerms, to writer: inout ByteWriter) {
    writer.int(Int128(terms.intervalMilliseconds))
    writer.uint(terms.bandBasisPoints)
    writer.uint(terms.runsBeforeWidening)
    writer.uint(terms.buyFeeBasisPoints)
    writer.uint(terms.sellFeeBasisPoints)
    writer.int(terms.minimumNotional)
    writer.uint(terms.maximumOpenOrders)
  }

  // MARK: Decode

  public static func decode(_ reader: inout ByteReader) throws(ByteError) -> Command {
    guard let tag = Tag(rawValue: try reader.byte()) else { throw reader.fail("unknown command") }
    switch tag {
    case .placeOrder: return .placeOrder(try decodeOrder(&reader))
    case .cancelOrder:
      return .cancelOrder(
        CancelOrder(user: try reader.uint(), order: try reader.int(as: Int64.self)))
    case .amendOrder:
      return .amendOrder(
        AmendOrder(
          user: try reader.uint(), order: try reader.int(as: Int64.self),
          limitTicks: try reader.int(as: Int64.self), lots: try reader.int(as: Int64.self)))
    case .advanceTime: return .advanceTime(try reader.int(as: Int64.self))
    case .runAuction:
      return .runAuction(market: try reader.uint(), slot: try reader.int(as: Int64.self))
    case .cancelAllOrders:
      let user: UserID = try reader.uint()
      let market: UInt32 = try reader.uint()
      guard market <= UInt32(MarketID.max) + 1 else { throw reader.fail("not a market") }
      return .cancelAllOrders(user: user, market: market == 0 ? nil : MarketID(market - 1))
    default: return try decodeAdministration(tag, &reader)
    }
  }

  private static func decodeOrder(_ reader: inout ByteReader) throws(ByteError) -> PlaceOrder {
    let user: UserID = try reader.uint()
    let market: MarketID = try reader.uint()
    let kind = try reader.byte()
    guard let side = Side(rawValue: kind & 1), let type = OrderType(rawValue: kind >> 1 & 1),
      let timeInForce = TimeInForce(rawValue: kind >> 2)
    else { throw reader.fail("not a kind of order") }
    return PlaceOrder(
      user: user, market: market, side: side, type: type, timeInForce: timeInForce,
      limitTicks: try reader.int(as: Int64.self), lots: try reader.int(as: Int64.self),
      expiry: try reader.int(as: Int64.self), clientOrderID: try reader.clientOrderID())
  }

  private static func decodeAdministration(
    _ tag: Tag, _ reader: inout ByteReader
  ) throws(ByteError) -> Command {
    switch tag {
    case .configureVenue:
      return .configureVenue(
        VenueConfiguration(
          seed: try reader.fixed(), secondSeed: try reader.fixed(),
          maximumRememberedOrders: try reader.uint(),
          maximumRememberedOrdersOfUser: try reader.uint()))
    case .createAsset:
      return .createAsset(
        AssetDefinition(
          code: try anyText(&reader), decimals: try reader.uint(), adjustmentLimit: try reader.int()
        ))
    case .createMarket:
      return .createMarket(
        MarketDefinition(
          symbol: try anyText(&reader), base: try reader.uint(), quote: try reader.uint(),
          tickAtoms: try reader.int(as: Int64.self), lotAtoms: try reader.int(as: Int64.self),
          terms: try decodeTerms(&reader), listingPriceTicks: try reader.int(as: Int64.self)))
    case .changeMarket:
      return .changeMarket(
        MarketChange(market: try reader.uint(), terms: try decodeTerms(&reader)))
    case .suspendMarket: return .suspendMarket(try reader.uint())
    case .resumeMarket: return .resumeMarket(try reader.uint())
    case .setReference:
      return .setReference(market: try reader.uint(), priceTicks: try reader.int(as: Int64.self))
    case .registerUser: return .registerUser(name: try anyText(&reader))
    case .registerKey:
      let user: UserID = try reader.uint()
      let key = try decodeKey(&reader)
      guard let role = Role(rawValue: try reader.byte()) else { throw reader.fail("not a role") }
      return .registerKey(user: user, key: key, role: role)
    case .revokeKey: return .revokeKey(try decodeKey(&reader))
    case .setFrozen: return .setFrozen(user: try reader.uint(), frozen: try reader.bool())
    case .adjustBalance: return .adjustBalance(try decodeAdjustment(&reader))
    case .approveAdjustment:
      return .approveAdjustment(id: try reader.int(as: Int64.self), by: try reader.uint())
    case .refuseAdjustment:
      return .refuseAdjustment(id: try reader.int(as: Int64.self), by: try reader.uint())
    case .registerChain: return .registerChain(name: try anyText(&reader))
    case .creditDeposit:
      return .creditDeposit(
        DepositCredit(
          chain: try reader.uint(), number: try reader.int(as: Int64.self),
          user: try reader.uint(), asset: try reader.uint(), amount: try reader.int()))
    case .clawBackDeposit:
      return .clawBackDeposit(
        DepositClawback(
          chain: try reader.uint(), number: try reader.int(as: Int64.self),
          credit: try reader.int(as: Int64.self), user: try reader.uint(),
          asset: try reader.uint(), amount: try reader.int()))
    case .activateRules: return .activateRules(version: try reader.uint())
    case .advanceTime, .placeOrder, .amendOrder, .cancelOrder, .cancelAllOrders, .runAuction:
      preconditionFailure("decoded by the other half")
    default: return try decodeWithdrawals(tag, &reader)
    }
  }

  /// Text of any length: what was journaled must be read again, refused commands too.
  static func anyText(_ reader: inout ByteReader) throws(ByteError) -> String {
    try reader.text(maximum: reader.remaining)
  }

  private static func decodeAdjustment(
    _ reader: inout ByteReader
  ) throws(ByteError) -> BalanceAdjustment {
    BalanceAdjustment(
      operator: try reader.uint(), user: try reader.uint(), asset: try reader.uint(),
      amount: try reader.int(), reason: try anyText(&reader), requestID: try reader.clientOrderID())
  }

  static func decodeKey(_ reader: inout ByteReader) throws(ByteError) -> PublicKey {
    guard let key = PublicKey(try reader.raw(32)) else { throw reader.fail("not a key") }
    return key
  }

  private static func decodeTerms(_ reader: inout ByteReader) throws(ByteError) -> MarketTerms {
    MarketTerms(
      intervalMilliseconds: try reader.int(as: Int64.self), bandBasisPoints: try reader.uint(),
      runsBeforeWidening: try reader.uint(), buyFeeBasisPoints: try reader.uint(),
      sellFeeBasisPoints: try reader.uint(), minimumNotional: try reader.int(),
      maximumOpenOrders: try reader.uint())
  }
}
