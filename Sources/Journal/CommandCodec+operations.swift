// Operators' actions as bytes, see `CommandCodec`.

internal import Engine

extension CommandCodec {
  // MARK: Encode

  /// In the form of version 1 where that can say all of it: so a journal of that version has one
  /// form still.
  static func encode(
    _ action: OperatorAction, _ authority: Authority, to writer: inout ByteWriter
  ) {
    if isUnattributed(action, authority) {
      encode(action, inOldFormBy: authority, to: &writer)
    } else {
      writer.byte(Tag.operation.rawValue)
      writer.authority(authority)
      encode(action, inOldFormBy: nil, to: &writer)
    }
  }

  /// Version 1 knew no keys, some actions with an operator, and reasons of two.
  private static func isUnattributed(_ action: OperatorAction, _ authority: Authority) -> Bool {
    switch action {
    case .createAsset, .suspendMarket, .resumeMarket, .setReference, .registerUser, .revokeKey,
      .setFrozen, .registerChain:
      authority == .venue
    case .createMarket(let market):
      authority == .venue && market.terms.minimumReferenceVolume == nil
    case .changeMarket(let change):
      authority == .venue && change.terms.minimumReferenceVolume == nil
    case .registerKey(_, _, let role, let expiresAt):
      authority == .venue && expiresAt == 0 && role != .tradeOnly
    case .setAddressDelay, .setWithdrawalTerms, .refuseAdjustment:
      authority.key == nil && authority.reason.isEmpty
    case .approveAdjustment(let approval):
      authority.key == nil && authority.reason.isEmpty && approval.content == nil
        && approval.signature.isEmpty
    case .adjustBalance, .rejectWithdrawal: authority.key == nil
    case .approveWithdrawal(let approval):
      authority == Authority(user: approval.operator, key: approval.key)
    case .approveKey, .refuseKey, .setOperatorDelay, .setOrderTerms: false
    }
  }

  /// - Parameter authority: what version 1 wrote among the fields; nil where it was written before
  ///   them.
  private static func encode(
    _ action: OperatorAction, inOldFormBy authority: Authority?, to writer: inout ByteWriter
  ) {
    func tag(_ tag: Tag) { writer.byte(tag.rawValue) }
    switch action {
    case .createAsset(let asset): encode(asset, to: &writer)
    case .createMarket(let market): encode(market, to: &writer)
    case .changeMarket(let change): encode(change, to: &writer)
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
    case .revokeKey(let key):
      tag(.revokeKey)
      writer.raw(key.bytes)
    case .setFrozen(let user, let frozen):
      tag(.setFrozen)
      writer.uint(user)
      writer.bool(frozen)
    case .registerChain(let name):
      tag(.registerChain)
      writer.text(name)
    case .setAddressDelay(let chain, let seconds):
      tag(.setAddressDelay)
      writer.uint(chain)
      writer.int(Int128(seconds))
      if let authority { writer.uint(authority.user) }
    case .setWithdrawalTerms(let terms):
      tag(.setWithdrawalTerms)
      writer.withdrawalTerms(terms)
      if let authority { writer.uint(authority.user) }
    case .rejectWithdrawal(let id):
      tag(.rejectWithdrawal)
      writer.int(Int128(id))
      if let authority {
        writer.uint(authority.user)
        writer.text(authority.reason)
      }
    case .approveWithdrawal(let approval):
      tag(.approveWithdrawal)
      encode(approval, to: &writer)
    case .registerKey(let user, let key, let role, let end):
      encode(
        AccessGrant(user: user, key: key, role: role, expiresAt: end), isOldForm: authority != nil,
        to: &writer)
    case .approveKey(let approval): encode(approval, to: &writer)
    case .refuseKey(let grant):
      tag(.refuseKey)
      writer.int(Int128(grant))
    case .setOperatorDelay(let seconds):
      tag(.setOperatorDelay)
      writer.int(Int128(seconds))
    case .adjustBalance(let adjustment): encode(adjustment, inOldFormBy: authority, to: &writer)
    case .approveAdjustment(let approval): encode(approval, inOldFormBy: authority, to: &writer)
    case .refuseAdjustment(let id):
      tag(.refuseAdjustment)
      writer.int(Int128(id))
      if let authority { writer.uint(authority.user) }
    case .setOrderTerms(let terms): encode(terms, to: &writer)
    }
  }

  private static func encode(_ asset: AssetDefinition, to writer: inout ByteWriter) {
    writer.byte(Tag.createAsset.rawValue)
    writer.text(asset.code)
    writer.uint(asset.decimals)
    writer.int(asset.adjustmentLimit)
  }

  // A market without a least volume keeps the form that it had before rules 3.
  private static func encode(_ market: MarketDefinition, to writer: inout ByteWriter) {
    let volume = market.terms.minimumReferenceVolume
    writer.byte((volume == nil ? Tag.createMarket : .createMarketWithVolume).rawValue)
    writer.text(market.symbol)
    writer.uint(market.base)
    writer.uint(market.quote)
    writer.int(Int128(market.tickAtoms))
    writer.int(Int128(market.lotAtoms))
    encode(market.terms, to: &writer)
    writer.int(Int128(market.listingPriceTicks))
    if let volume { writer.int(volume) }
  }

  private static func encode(
    _ grant: AccessGrant, isOldForm: Bool, to writer: inout ByteWriter
  ) {
    if isOldForm {
      writer.byte(Tag.registerKey.rawValue)
      writer.uint(grant.user)
      writer.raw(grant.key.bytes)
      writer.byte(grant.role.rawValue)
    } else {
      writer.byte(Tag.registerKeyUntil.rawValue)
      writer.keyGrant(grant)
    }
  }

  private static func encode(_ change: MarketChange, to writer: inout ByteWriter) {
    let volume = change.terms.minimumReferenceVolume
    writer.byte((volume == nil ? Tag.changeMarket : .changeMarketWithVolume).rawValue)
    writer.uint(change.market)
    encode(change.terms, to: &writer)
    if let volume { writer.int(volume) }
  }

  private static func encode(_ terms: OrderTerms, to writer: inout ByteWriter) {
    writer.byte(Tag.setOrderTerms.rawValue)
    writer.orderTerms(terms)
  }

  private static func encode(_ approval: KeyApproval, to writer: inout ByteWriter) {
    writer.byte(Tag.approveKey.rawValue)
    writer.int(Int128(approval.id))
    writer.keyGrant(approval.grant)
    writer.uint(approval.signature.count)
    writer.raw(approval.signature)
  }

  private static func encode(
    _ adjustment: BalanceAdjustment, inOldFormBy authority: Authority?,
    to writer: inout ByteWriter
  ) {
    writer.byte(Tag.adjustBalance.rawValue)
    if let authority {
      writer.adjustment(adjustment, by: authority)
    } else {
      writer.uint(adjustment.user)
      writer.uint(adjustment.asset)
      writer.int(adjustment.amount)
      writer.clientOrderID(adjustment.requestID)
    }
  }

  private static func encode(
    _ approval: AdjustmentApproval, inOldFormBy authority: Authority?,
    to writer: inout ByteWriter
  ) {
    if let authority {
      writer.byte(Tag.approveAdjustment.rawValue)
      writer.int(Int128(approval.id))
      writer.uint(authority.user)
    } else {
      writer.byte(Tag.approveAdjustmentOf.rawValue)
      writer.int(Int128(approval.id))
      writer.bool(approval.content != nil)
      if let content = approval.content {
        writer.adjustment(
          content.adjustment,
          by: Authority(user: content.requestedBy, reason: content.reason))
      }
      writer.uint(approval.signature.count)
      writer.raw(approval.signature)
    }
  }

  // MARK: Decode

  static func decodeAttributed(
    _ reader: inout ByteReader, version: UInt8
  ) throws(ByteError) -> Command {
    let authority = try reader.authority()
    guard let tag = Tag(rawValue: try reader.byte()), tag.firstVersion <= version else {
      throw reader.fail("unknown action")
    }
    let action = try decode(tag, &reader, isOldForm: false).action
    // One form each: what version 1 can say is written so.
    guard !isUnattributed(action, authority) else { throw reader.fail("not in its shortest form") }
    return .operation(action, by: authority)
  }

  static func decodeUnattributed(
    _ tag: Tag, _ reader: inout ByteReader
  ) throws(ByteError) -> Command {
    let (action, authority) = try decode(tag, &reader, isOldForm: true)
    return .operation(action, by: authority)
  }

  private typealias Decoded = (action: OperatorAction, by: Authority)

  private static func decode(
    _ tag: Tag, _ reader: inout ByteReader, isOldForm: Bool
  ) throws(ByteError) -> Decoded {
    func by() throws(ByteError) -> Authority {
      isOldForm ? Authority(user: try reader.uint()) : .venue
    }
    switch tag {
    case .createAsset:
      return (
        .createAsset(
          AssetDefinition(
            code: try anyText(&reader), decimals: try reader.uint(),
            adjustmentLimit: try reader.int())), .venue
      )
    case .createMarket, .changeMarket, .createMarketWithVolume, .changeMarketWithVolume:
      return (try decodeMarkets(tag, &reader, isOldForm: isOldForm), .venue)
    case .suspendMarket: return (.suspendMarket(try reader.uint()), .venue)
    case .resumeMarket: return (.resumeMarket(try reader.uint()), .venue)
    case .setReference:
      let market: MarketID = try reader.uint()
      return (
        .setReference(market: market, priceTicks: try reader.int(as: Int64.self)), .venue
      )
    case .registerUser: return (.registerUser(name: try anyText(&reader)), .venue)
    case .revokeKey: return (.revokeKey(try decodeKey(&reader)), .venue)
    case .setFrozen:
      return (.setFrozen(user: try reader.uint(), frozen: try reader.bool()), .venue)
    case .registerChain: return (.registerChain(name: try anyText(&reader)), .venue)
    case .setAddressDelay:
      let action = OperatorAction.setAddressDelay(
        chain: try reader.uint(), seconds: try reader.int(as: Int64.self))
      return (action, try by())
    case .setWithdrawalTerms:
      let action = OperatorAction.setWithdrawalTerms(try reader.withdrawalTerms())
      return (action, try by())
    case .rejectWithdrawal:
      let action = OperatorAction.rejectWithdrawal(id: try reader.int(as: Int64.self))
      var authority = try by()
      if isOldForm { authority.reason = try anyText(&reader) }
      return (action, authority)
    case .approveWithdrawal:
      let approval = try decodeApproval(&reader)
      return (
        .approveWithdrawal(approval), Authority(user: approval.operator, key: approval.key)
      )
    case .registerKey, .registerKeyUntil, .approveKey, .refuseKey, .setOperatorDelay:
      return (try decodeKeys(tag, &reader, isOldForm: isOldForm), .venue)
    case .setOrderTerms:
      guard !isOldForm else { throw reader.fail("a form that this action does not have") }
      return (.setOrderTerms(try reader.orderTerms()), .venue)
    case .adjustBalance, .approveAdjustment, .approveAdjustmentOf, .refuseAdjustment:
      return try decodeAdjustments(tag, &reader, isOldForm: isOldForm)
    case .advanceTime, .placeOrder, .amendOrder, .cancelOrder, .cancelAllOrders, .runAuction,
      .configureVenue, .activateRules, .creditDeposit, .clawBackDeposit, .addPayoutAddress,
      .removePayoutAddress, .requestWithdrawal, .cancelWithdrawal, .startWithdrawal,
      .finishWithdrawal, .failWithdrawal, .operation, .answerKeyGrant:
      throw reader.fail("not an operator's action")
    }
  }

  private static func decodeMarkets(
    _ tag: Tag, _ reader: inout ByteReader, isOldForm: Bool
  ) throws(ByteError) -> OperatorAction {
    switch (tag, isOldForm) {
    case (.createMarket, _): return .createMarket(try decodeMarket(&reader))
    case (.changeMarket, _):
      return .changeMarket(
        MarketChange(market: try reader.uint(), terms: try decodeTerms(&reader)))
    case (.createMarketWithVolume, false):
      var market = try decodeMarket(&reader)
      market.terms.minimumReferenceVolume = try reader.int()
      return .createMarket(market)
    case (.changeMarketWithVolume, false):
      var change = MarketChange(market: try reader.uint(), terms: try decodeTerms(&reader))
      change.terms.minimumReferenceVolume = try reader.int()
      return .changeMarket(change)
    default: throw reader.fail("a form that this action does not have")
    }
  }

  private static func decodeMarket(
    _ reader: inout ByteReader
  ) throws(ByteError) -> MarketDefinition {
    MarketDefinition(
      symbol: try anyText(&reader), base: try reader.uint(), quote: try reader.uint(),
      tickAtoms: try reader.int(as: Int64.self), lotAtoms: try reader.int(as: Int64.self),
      terms: try decodeTerms(&reader), listingPriceTicks: try reader.int(as: Int64.self))
  }

  private static func decodeKeys(
    _ tag: Tag, _ reader: inout ByteReader, isOldForm: Bool
  ) throws(ByteError) -> OperatorAction {
    switch (tag, isOldForm) {
    case (.registerKey, true):
      let user: UserID = try reader.uint()
      let key = try decodeKey(&reader)
      guard let role = Role(rawValue: try reader.byte()), role != .tradeOnly else {
        throw reader.fail("not a role")
      }
      return .registerKey(user: user, key: key, role: role)
    case (.registerKeyUntil, false):
      let grant = try reader.keyGrant()
      return .registerKey(
        user: grant.user, key: grant.key, role: grant.role, expiresAt: grant.expiresAt)
    case (.approveKey, false):
      return .approveKey(
        KeyApproval(
          id: try reader.int(as: Int64.self), grant: try reader.keyGrant(),
          signature: Array(try reader.raw(try reader.count()))))
    case (.refuseKey, false): return .refuseKey(grant: try reader.int(as: Int64.self))
    case (.setOperatorDelay, false):
      return .setOperatorDelay(seconds: try reader.int(as: Int64.self))
    default: throw reader.fail("a form that this action does not have")
    }
  }

  private static func decodeAdjustments(
    _ tag: Tag, _ reader: inout ByteReader, isOldForm: Bool
  ) throws(ByteError) -> Decoded {
    switch (tag, isOldForm) {
    case (.adjustBalance, true):
      let (adjustment, authority) = try reader.adjustment(maximumReason: reader.remaining)
      return (.adjustBalance(adjustment), authority)
    case (.adjustBalance, false):
      return (
        .adjustBalance(
          BalanceAdjustment(
            user: try reader.uint(), asset: try reader.uint(), amount: try reader.int(),
            requestID: try reader.clientOrderID())), .venue
      )
    case (.approveAdjustment, true):
      let id = try reader.int(as: Int64.self)
      return (
        .approveAdjustment(AdjustmentApproval(id: id)), Authority(user: try reader.uint())
      )
    case (.approveAdjustmentOf, false):
      var approval = AdjustmentApproval(id: try reader.int(as: Int64.self))
      if try reader.bool() {
        let (adjustment, by) = try reader.adjustment(maximumReason: reader.remaining)
        approval.content = AdjustmentApproval.Content(
          adjustment: adjustment, requestedBy: by.user, reason: by.reason)
      }
      approval.signature = Array(try reader.raw(try reader.count()))
      return (.approveAdjustment(approval), .venue)
    case (.refuseAdjustment, _):
      let id = try reader.int(as: Int64.self)
      return (
        .refuseAdjustment(id: id), isOldForm ? Authority(user: try reader.uint()) : .venue
      )
    default: throw reader.fail("a form that this action does not have")
    }
  }
}
