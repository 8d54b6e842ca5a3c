// Commands as bytes: the body of a journal group. Golden bytes pin it; a new form is a new version.

internal import Auction
public import Engine

/// The journal's encoding. A command is one tag byte and its fields in the canonical encoding of
/// `ByteWriter`. Nothing here can hold a trade, a fill or an auction's result: those are not
/// commands.
///
/// Versions 2 and 3 added tags and changed none: a command that an older version could write has
/// the same bytes still.
public enum CommandCodec {
  /// Stored as the first byte of every body.
  public static let version: UInt8 = 3

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
    /// An operator's action with who stands behind it: an authority, then the action's own tag and
    /// fields.
    case operation = 45
    case answerKeyGrant = 46
    // Actions that are there within an operation only.
    case registerKeyUntil = 64
    case approveKey = 65
    case refuseKey = 66
    case setOperatorDelay = 67
    case approveAdjustmentOf = 68
    // With a least volume for a new reference price.
    case createMarketWithVolume = 69
    case changeMarketWithVolume = 70
    case setOrderTerms = 71

    /// Since which version it is there: an older program refuses the body by its first byte.
    var firstVersion: UInt8 {
      // A new tag says here since when it is there: until then nothing reads it.
      switch rawValue {
      case ..<Tag.operation.rawValue: 1
      case ..<Tag.createMarketWithVolume.rawValue: 2
      case ...Tag.setOrderTerms.rawValue: 3
      default: .max
      }
    }
  }

  // MARK: Encode

  public static func encode(_ command: Command, to writer: inout ByteWriter) {
    switch command {
    case .order(let command): encode(command, to: &writer)
    case .schedule(let command): encode(command, to: &writer)
    case .operation(let action, let authority): encode(action, authority, to: &writer)
    case .user(let command): encode(command, to: &writer)
    case .deposit(let command): encode(command, to: &writer)
    case .withdrawal(let command): encode(command, to: &writer)
    case .venue(let command): encode(command, to: &writer)
    }
  }

  private static func encode(_ command: OrderCommand, to writer: inout ByteWriter) {
    switch command {
    case .place(let order): encode(order, to: &writer)
    case .cancel(let cancel):
      writer.byte(Tag.cancelOrder.rawValue)
      writer.uint(cancel.user)
      writer.int(Int128(cancel.order))
    case .amend(let amendment):
      writer.byte(Tag.amendOrder.rawValue)
      writer.uint(amendment.user)
      writer.int(Int128(amendment.order))
      writer.int(Int128(amendment.limitTicks))
      writer.int(Int128(amendment.lots))
    case .cancelAll(let user, let market):
      writer.byte(Tag.cancelAllOrders.rawValue)
      writer.uint(user)
      writer.uint(market.map { UInt64($0) + 1 } ?? 0)
    }
  }

  private static func encode(_ command: ScheduleCommand, to writer: inout ByteWriter) {
    switch command {
    case .advanceTime(let time):
      writer.byte(Tag.advanceTime.rawValue)
      writer.int(Int128(time))
    case .runAuction(let market, let slot):
      writer.byte(Tag.runAuction.rawValue)
      writer.uint(market)
      writer.int(Int128(slot))
    }
  }

  private static func encode(_ command: UserCommand, to writer: inout ByteWriter) {
    switch command {
    case .answerKeyGrant(let answer):
      writer.byte(Tag.answerKeyGrant.rawValue)
      writer.uint(answer.user)
      writer.raw(answer.key.bytes)
      writer.int(Int128(answer.grant))
      writer.bool(answer.isConfirmed)
    case .addPayoutAddress(let addition):
      writer.byte(Tag.addPayoutAddress.rawValue)
      writer.uint(addition.user)
      writer.uint(addition.chain)
      writer.payoutAddress(addition.address)
      writer.text(addition.label)
    case .removePayoutAddress(let user, let chain, let address):
      writer.byte(Tag.removePayoutAddress.rawValue)
      writer.uint(user)
      writer.uint(chain)
      writer.payoutAddress(address)
    }
  }

  private static func encode(_ command: DepositCommand, to writer: inout ByteWriter) {
    switch command {
    case .credit(let credit):
      writer.byte(Tag.creditDeposit.rawValue)
      writer.uint(credit.chain)
      writer.int(Int128(credit.number))
      writer.uint(credit.user)
      writer.uint(credit.asset)
      writer.int(credit.amount)
    case .clawBack(let clawback):
      writer.byte(Tag.clawBackDeposit.rawValue)
      writer.uint(clawback.chain)
      writer.int(Int128(clawback.number))
      writer.int(Int128(clawback.credit))
      writer.uint(clawback.user)
      writer.uint(clawback.asset)
      writer.int(clawback.amount)
    }
  }

  private static func encode(_ command: WithdrawalCommand, to writer: inout ByteWriter) {
    switch command {
    case .request(let request):
      writer.byte(Tag.requestWithdrawal.rawValue)
      writer.uint(request.user)
      writer.uint(request.asset)
      writer.int(request.amount)
      writer.payoutAddress(request.address)
      writer.clientOrderID(request.clientID)
    case .cancel(let user, let id):
      writer.byte(Tag.cancelWithdrawal.rawValue)
      writer.uint(user)
      writer.int(Int128(id))
    case .start(let id):
      writer.byte(Tag.startWithdrawal.rawValue)
      writer.int(Int128(id))
    case .finish(let id):
      writer.byte(Tag.finishWithdrawal.rawValue)
      writer.int(Int128(id))
    case .fail(let id, let isCancelled):
      writer.byte(Tag.failWithdrawal.rawValue)
      writer.int(Int128(id))
      writer.bool(isCancelled)
    }
  }

  private static func encode(_ command: VenueCommand, to writer: inout ByteWriter) {
    switch command {
    case .configure(let venue):
      writer.byte(Tag.configureVenue.rawValue)
      writer.fixed(venue.seed)
      writer.fixed(venue.secondSeed)
      writer.uint(venue.maximumRememberedOrders)
      writer.uint(venue.maximumRememberedOrdersOfUser)
    case .activateRules(let version):
      writer.byte(Tag.activateRules.rawValue)
      writer.uint(version)
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

  static func encode(_ terms: MarketTerms, to writer: inout ByteWriter) {
    writer.int(Int128(terms.intervalMilliseconds))
    writer.uint(terms.bandBasisPoints)
    writer.uint(terms.runsBeforeWidening)
    writer.uint(terms.buyFeeBasisPoints)
    writer.uint(terms.sellFeeBasisPoints)
    writer.int(terms.minimumNotional)
    writer.uint(terms.maximumOpenOrders)
  }

  // MARK: Decode

  public static func decode(
    _ reader: inout ByteReader, version: UInt8 = version
  ) throws(ByteError) -> Command {
    guard let tag = Tag(rawValue: try reader.byte()), tag.firstVersion <= version else {
      throw reader.fail("unknown command")
    }
    switch tag {
    case .placeOrder: return .order(.place(try decodeOrder(&reader)))
    case .cancelOrder:
      return .order(
        .cancel(CancelOrder(user: try reader.uint(), order: try reader.int(as: Int64.self))))
    case .amendOrder:
      return .order(
        .amend(
          AmendOrder(
            user: try reader.uint(), order: try reader.int(as: Int64.self),
            limitTicks: try reader.int(as: Int64.self), lots: try reader.int(as: Int64.self))))
    case .cancelAllOrders:
      let user: UserID = try reader.uint()
      let market: UInt32 = try reader.uint()
      guard market <= UInt32(MarketID.max) + 1 else { throw reader.fail("not a market") }
      return .order(.cancelAll(user: user, market: market == 0 ? nil : MarketID(market - 1)))
    case .advanceTime: return .schedule(.advanceTime(try reader.int(as: Int64.self)))
    case .runAuction:
      return .schedule(
        .runAuction(market: try reader.uint(), slot: try reader.int(as: Int64.self)))
    case .operation: return try decodeAttributed(&reader, version: version)
    case .configureVenue:
      return .venue(
        .configure(
          VenueConfiguration(
            seed: try reader.fixed(), secondSeed: try reader.fixed(),
            maximumRememberedOrders: try reader.uint(),
            maximumRememberedOrdersOfUser: try reader.uint())))
    case .activateRules: return .venue(.activateRules(version: try reader.uint()))
    case .answerKeyGrant:
      return .user(
        .answerKeyGrant(
          KeyGrantAnswer(
            user: try reader.uint(), key: try decodeKey(&reader),
            grant: try reader.int(as: Int64.self), isConfirmed: try reader.bool())))
    case .creditDeposit, .clawBackDeposit, .addPayoutAddress, .removePayoutAddress,
      .requestWithdrawal, .cancelWithdrawal, .startWithdrawal, .finishWithdrawal,
      .failWithdrawal:
      return try decodeMoney(tag, &reader)
    case .createAsset, .createMarket, .changeMarket, .suspendMarket, .resumeMarket, .setReference,
      .registerUser, .registerKey, .revokeKey, .setFrozen, .adjustBalance, .approveAdjustment,
      .refuseAdjustment, .registerChain, .setAddressDelay, .setWithdrawalTerms,
      .approveWithdrawal, .rejectWithdrawal, .registerKeyUntil, .approveKey, .refuseKey,
      .setOperatorDelay, .approveAdjustmentOf, .createMarketWithVolume, .changeMarketWithVolume,
      .setOrderTerms:
      return try decodeUnattributed(tag, &reader)
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

  /// Text of any length: what was journaled must be read again, refused commands too.
  static func anyText(_ reader: inout ByteReader) throws(ByteError) -> String {
    try reader.text(maximum: reader.remaining)
  }

  static func decodeKey(_ reader: inout ByteReader) throws(ByteError) -> PublicKey {
    guard let key = PublicKey(try reader.raw(32)) else { throw reader.fail("not a key") }
    return key
  }

  static func decodeTerms(_ reader: inout ByteReader) throws(ByteError) -> MarketTerms {
    MarketTerms(
      intervalMilliseconds: try reader.int(as: Int64.self), bandBasisPoints: try reader.uint(),
      runsBeforeWidening: try reader.uint(), buyFeeBasisPoints: try reader.uint(),
      sellFeeBasisPoints: try reader.uint(), minimumNotional: try reader.int(),
      maximumOpenOrders: try reader.uint())
  }
}
