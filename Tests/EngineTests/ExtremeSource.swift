// Seeded commands of every kind with fields from the ends of their types, and a venue for them.

import Auction

@testable import Engine

struct ExtremeSource {
  private var values: CommandSource
  private var number = 0
  private var known: [OrderID] = []
  /// Whether the clock may jump to the end of its type, after which no slot is new.
  private let endsTime: Bool

  init(seed: UInt64, endsTime: Bool) {
    values = CommandSource(seed: seed)
    self.endsTime = endsTime
  }

  /// Two markets in which a tick times a lot is the largest number that there is, one with fees of
  /// 100 %, one of giant lots; six users with a good part of all that may exist.
  static func venue() -> AuctionEngine {
    var engine = AuctionEngine()
    let limit = Bounds.maximumAtoms - 1
    var commands: [Command] = [
      .schedule(.advanceTime(Venue.start)),
      .venue(.configure(VenueConfiguration(seed: .max, secondSeed: 0))),
      .operation(
        .createAsset(AssetDefinition(code: "A", decimals: 0, adjustmentLimit: limit)), by: .venue),
      .operation(
        .createAsset(AssetDefinition(code: "B", decimals: 18, adjustmentLimit: limit)), by: .venue),
      .operation(
        .createAsset(AssetDefinition(code: "C", decimals: 0, adjustmentLimit: 1 << 117)), by: .venue
      ),
      market("C-A", base: 2, quote: 0, tick: 1, lot: 1, fee: 10_000),
      market("B-A", base: 1, quote: 0, tick: 1_000_000_000_000_000_000, lot: .max, fee: 7),
      market("A-C", base: 0, quote: 2, tick: .max, lot: 1, fee: 10_000),
      market("C-B", base: 2, quote: 1, tick: 1, lot: .max, fee: 0),
      .operation(.registerUser(name: "operator"), by: .venue),
      .operation(.registerChain(name: "dev"), by: .venue),
      .operation(.setAddressDelay(chain: 0, seconds: 0), by: Authority(user: 1)),
    ]
    for user in UserID(2)...7 {
      commands.append(.operation(.registerUser(name: "user-\(user)"), by: .venue))
      for asset in AssetID(0)...2 {
        commands.append(Venue.fund(user, asset, 1 << 116, "fund-\(user)-\(asset)"))
      }
    }
    for command in commands {
      precondition(engine.apply(command).rejection == nil, "the venue was refused: \(command)")
    }
    return engine
  }

  private static func market(
    _ symbol: String, base: AssetID, quote: AssetID, tick: Int64, lot: Int64, fee: UInt16
  ) -> Command {
    .operation(
      .createMarket(
        MarketDefinition(
          symbol: symbol, base: base, quote: quote, tickAtoms: tick, lotAtoms: lot,
          terms: MarketTerms(
            intervalMilliseconds: 10, bandBasisPoints: 3_000, buyFeeBasisPoints: fee,
            sellFeeBasisPoints: fee, minimumNotional: 0, maximumOpenOrders: 1_000),
          listingPriceTicks: 20)), by: .venue)
  }

  mutating func learn(_ reply: Reply) {
    guard reply.rejection == nil, reply.id > 1 << 20 else { return }
    known.append(reply.id)
    if known.count > 64 { known.removeFirst(32) }
  }

  mutating func next(_ engine: borrowing AuctionEngine) -> Command {
    switch random(140) {
    case 0..<45: return .order(.place(order(engine.time)))
    case 45..<52: return .order(.amend(amendment()))
    case 52..<56: return .order(.cancel(CancelOrder(user: user(), order: orderID())))
    case 56..<58:
      return .order(.cancelAll(user: user(), market: random(2) == 0 ? nil : narrow()))
    case 58..<68: return .schedule(.advanceTime(time(engine.time)))
    case 68..<82:
      let id = random(8) == 0 ? narrow() : MarketID(random(4))
      let slot = engine.time / 10_000
      return .schedule(.runAuction(market: id, slot: random(8) == 0 ? wide() : slot))
    case 82..<100: return administration(engine)
    default: return transfer(engine)
    }
  }

  private mutating func administration(_ engine: borrowing AuctionEngine) -> Command {
    switch random(18) {
    case 0:
      return .venue(.configure(VenueConfiguration(seed: bits(), secondSeed: bits())))
    case 1:
      return .operation(
        .createAsset(
          AssetDefinition(
            code: name(), decimals: UInt8(truncatingIfNeeded: bits()), adjustmentLimit: giant())),
        by: .venue)
    case 2:
      return .operation(
        .createMarket(
          MarketDefinition(
            symbol: name(), base: narrow(), quote: narrow(), tickAtoms: wide(), lotAtoms: wide(),
            terms: terms(), listingPriceTicks: wide())), by: .venue)
    case 3:
      return .operation(
        .changeMarket(MarketChange(market: random(3) == 0 ? narrow() : .max, terms: terms())),
        by: .venue)
    case 4: return .operation(.suspendMarket(random(3) == 0 ? narrow() : .max), by: .venue)
    case 5, 6: return .operation(.resumeMarket(MarketID(random(4))), by: .venue)
    case 7: return .operation(.setReference(market: narrow(), priceTicks: price()), by: .venue)
    case 8: return .operation(.registerUser(name: name()), by: .venue)
    case 9: return .operation(.registerKey(user: user(), key: key(), role: .trader), by: .venue)
    case 10: return .operation(.revokeKey(key()), by: .venue)
    case 11: return .operation(.setFrozen(user: user(), frozen: random(4) == 0), by: .venue)
    case 12, 13:
      number += 1
      return .operation(
        .adjustBalance(
          BalanceAdjustment(
            user: user(), asset: narrow(), amount: giant(),
            requestID: Venue.identifier("a-\(number)"))),
        by: Authority(user: random(4) == 0 ? user() : 1, reason: random(8) == 0 ? "" : "test"))
    case 14:
      return .operation(
        .approveAdjustment(AdjustmentApproval(id: adjustment(engine))), by: Authority(user: user()))
    case 15:
      return .operation(.refuseAdjustment(id: adjustment(engine)), by: Authority(user: user()))
    case 16:
      let last = lastNumbers(engine).credit
      return .deposit(
        .credit(
          DepositCredit(
            chain: random(8) == 0 ? narrow() : 0, number: random(4) == 0 ? wide() : last + 1,
            user: user(), asset: narrow(), amount: giant())))
    default:
      if random(8) == 0 {
        return .venue(.activateRules(version: UInt32(truncatingIfNeeded: bits())))
      }
      let last = lastNumbers(engine)
      return .deposit(
        .clawBack(
          DepositClawback(
            chain: 0, number: random(4) == 0 ? wide() : last.clawback + 1,
            credit: random(4) == 0 ? wide() : last.credit, user: user(), asset: narrow(),
            amount: giant())))
    }
  }

  private mutating func transfer(_ engine: borrowing AuctionEngine) -> Command {
    let id = random(6) == 0 ? wide() : max(1, engine.withdrawals.count - Int64(random(4)))
    switch random(28) {
    case 0:
      return .operation(
        .registerChain(name: pick(["", "dev", "c1", "c2", "UP", "aaaaaaaaaaaaaaaaa"])), by: .venue)
    case 1:
      return .operation(
        .setAddressDelay(chain: chain(), seconds: random(8) == 0 ? wide() : 0),
        by: Authority(user: operatorOrAnybody()))
    case 2, 3:
      return .operation(
        .setWithdrawalTerms(withdrawalTerms()), by: Authority(user: operatorOrAnybody()))
    case 4, 5:
      return .user(
        .addPayoutAddress(
          PayoutAddressAddition(
            user: user(), chain: chain(), address: address(), label: pick(["", "x", name(), "\0"])))
      )
    case 6:
      return .user(.removePayoutAddress(user: user(), chain: chain(), address: address()))
    case 7:
      return .operation(
        .registerKey(user: 1 + UserID(random(5)), key: key(), role: .operator), by: .venue)
    case 8..<14:
      number += random(16) == 0 ? 0 : 1
      let user = user()
      let listed = engine.payoutAddresses(of: user).first?.address
      return .withdrawal(
        .request(
          WithdrawalRequest(
            user: user, asset: AssetID(random(3)), amount: giant(),
            address: random(8) == 0 ? address() : listed ?? address(),
            clientID: Venue.identifier("w-\(number)"))))
    case 14..<17: return approval(engine.withdrawal(id), id).command
    case 17: return .withdrawal(.cancel(user: user(), id: id))
    case 18:
      return .operation(
        .rejectWithdrawal(id: id),
        by: Authority(user: user(), reason: pick(["", "x", "\0", name()])))
    case 19..<23: return .withdrawal(.start(id: id))
    case 23..<27: return .withdrawal(.finish(id: id))
    default: return .withdrawal(.fail(id: id, isCancelled: random(2) == 0))
    }
  }

  private mutating func withdrawalTerms() -> WithdrawalTerms {
    let most = Bounds.maximumAtoms - 1
    return WithdrawalTerms(
      asset: random(8) == 0 ? narrow() : AssetID(random(3)), chain: chain(),
      isOpen: random(16) != 0, minimum: random(8) == 0 ? giant() : 1,
      fee: pick([0, 0, 1, 1 << 100, most, giant()]),
      userDayLimit: random(8) == 0 ? giant() : most,
      venueDayLimit: random(8) == 0 ? giant() : most,
      approvalAbove: pick([0, most, most, giant()]), approvals: pick([0, 1, 2, 8, 9, .max]))
  }

  private mutating func approval(_ withdrawal: Withdrawal?, _ id: Int64) -> WithdrawalApproval {
    WithdrawalApproval(
      id: id, operator: random(4) == 0 ? user() : 1 + UserID(random(5)), key: key(),
      user: withdrawal?.user ?? user(), asset: withdrawal?.asset ?? narrow(),
      amount: random(8) == 0 ? giant() : withdrawal?.amount ?? giant(),
      fee: withdrawal?.fee ?? giant(), address: withdrawal?.address ?? address(),
      signature: random(2) == 0 ? [] : [UInt8](repeating: 255, count: 64))
  }

  private mutating func chain() -> ChainID { random(8) == 0 ? narrow() : 0 }

  private mutating func address() -> PayoutAddress {
    PayoutAddress([UInt8](repeating: pick([0, 1, 1, 1, 2]), count: pick([0, 20, 20, 20, 64, 65])))
  }

  private mutating func order(_ now: Microseconds) -> PlaceOrder {
    number += random(16) == 0 ? 0 : 1
    let isMarket = random(8) == 0
    let timeInForce = TimeInForce.allCases[Int(random(3))]
    let isDated = random(16) == 0 || timeInForce == .goodTilDate
    return PlaceOrder(
      user: user(), market: random(16) == 0 ? narrow() : MarketID(random(4)),
      side: random(2) == 0 ? .buy : .sell, type: isMarket ? .market : .limit,
      timeInForce: isMarket && random(4) != 0 ? .auction : timeInForce,
      limitTicks: isMarket && random(4) != 0 ? 0 : price(), lots: lots(),
      expiry: isDated ? (random(2) == 0 ? wide() : time(now)) : 0,
      clientOrderID: Venue.identifier("o-\(number)"))
  }

  private mutating func amendment() -> AmendOrder {
    AmendOrder(
      user: user(), order: orderID(), limitTicks: random(4) == 0 ? 0 : price(),
      lots: random(4) == 0 ? 0 : lots())
  }

  private mutating func terms() -> MarketTerms {
    MarketTerms(
      intervalMilliseconds: random(2) == 0 ? 10 : pick([11, 1_000, 86_400_000, wide()]),
      bandBasisPoints: UInt32(truncatingIfNeeded: pick([0, 1, 3_000, 1_000_000, 1_000_001, -1])),
      runsBeforeWidening: UInt32(truncatingIfNeeded: pick([0, 1, 2, 1_000, -1])),
      buyFeeBasisPoints: UInt16(truncatingIfNeeded: pick([0, 1, 9_999, 10_000, 10_001, -1])),
      sellFeeBasisPoints: UInt16(truncatingIfNeeded: pick([0, 1, 9_999, 10_000, 10_001, -1])),
      minimumNotional: random(4) == 0 ? giant() : 0,
      maximumOpenOrders: UInt32(truncatingIfNeeded: pick([0, 1, 1_000, 10_000, 10_001, -1])),
      minimumReferenceVolume: random(4) == 0 ? giant() : nil)
  }

  // MARK: Values

  mutating func random(_ bound: UInt64) -> UInt64 { values.random(bound) }
  private mutating func bits() -> UInt64 { random(1 << 32) << 32 | random(1 << 32) }
  private mutating func pick<T>(_ list: [T]) -> T { list[Int(random(UInt64(list.count)))] }

  private mutating func wide() -> Int64 {
    pick([
      .min, .min + 1, -1, 0, 1, 2, 20, 1_000, Bounds.maximumLots, Bounds.maximumPriceTicks,
      1 << 62, .max - 1, .max, Int64(bitPattern: bits()),
    ])
  }

  private mutating func giant() -> Int128 {
    let high = Int128(1) << Int128(random(121))
    return pick([
      .min, -Bounds.maximumAtoms, 1 - Bounds.maximumAtoms, -high, -1, 0, 1, high, high, high,
      Bounds.maximumAtoms - 1, Bounds.maximumAtoms, .max,
    ])
  }

  private mutating func price() -> Int64 {
    let highest = Bounds.maximumPriceTicks
    return random(3) == 0
      ? pick([1, highest - 1, highest, highest + 1, wide()]) : 15 + Int64(random(11))
  }

  private mutating func lots() -> Int64 {
    random(3) == 0
      ? pick([Bounds.maximumLots, Bounds.maximumLots + 1, 1 << Int64(random(41)), wide()])
      : 1 + Int64(random(30))
  }

  private mutating func time(_ now: Microseconds) -> Microseconds {
    if random(64) == 0 { return pick([.min, -1, 0, now, now - 1]) }
    if endsTime, random(500) == 0 { return pick([.max, .max - 1, 1 << 62]) }
    return now < Int64.max - 200_000_000_000
      ? now + Microseconds(random(random(64) == 0 ? 100_000_000_000 : 30_000)) : now &+ 1
  }

  private mutating func user() -> UserID {
    random(8) == 0 ? pick([0, 1, 99, .max - 1, .max]) : 2 + UserID(random(6))
  }

  private mutating func operatorOrAnybody() -> UserID { random(8) == 0 ? user() : 1 }

  private mutating func narrow() -> UInt16 { random(8) == 0 ? .max : UInt16(random(6)) }
  private mutating func orderID() -> OrderID {
    known.isEmpty || random(8) == 0 ? wide() : pick(known)
  }

  private mutating func adjustment(_ engine: borrowing AuctionEngine) -> Int64 {
    let waiting = engine.pendingAdjustmentViews()
    return waiting.isEmpty || random(8) == 0 ? wide() : pick(waiting).id
  }

  private mutating func name() -> String {
    let long = String(repeating: "Z", count: 99)
    return pick(["", "A", "X\(random(99))", "AB-C\(random(9))", "venue", long])
  }

  private func lastNumbers(_ engine: borrowing AuctionEngine) -> (credit: Int64, clawback: Int64) {
    engine.chain(named: "dev") == nil ? (0, 0) : engine.lastNumbers(0)
  }

  private mutating func key() -> PublicKey {
    guard let key = PublicKey([UInt8](repeating: UInt8(random(40)), count: 32)) else {
      preconditionFailure("32 bytes are a key")
    }
    return key
  }
}
