// A venue for tests: two markets, funded users, seeded commands that provoke ties, refusals and
// ends.

import Auction

@testable import Engine

enum Venue {
  static let start: Microseconds = 1_790_000_000_000_000
  static let users: [UserID] = [2, 3, 4, 5, 6, 7]

  static func make(
    rules: UInt32 = 1, remembered: UInt32 = 1 << 20, rememberedOfUser: UInt32 = 1 << 20,
    interval: Int64 = 1_000, maximumOpenOrders: UInt32 = 20
  ) -> AuctionEngine {
    var engine = AuctionEngine()
    for command in genesis(remembered, rememberedOfUser, interval, maximumOpenOrders) {
      precondition(engine.apply(command).rejection == nil, "genesis was refused")
    }
    if rules > 1 {
      for version in 2...rules { engine.apply(.venue(.activateRules(version: version))) }
    }
    if rules >= 3 {
      // So much that some runs set a new reference and some do not.
      for (market, volume) in [(MarketID(0), Int128(2_000)), (1, 150)] {
        var terms = engine.marketView(market).definition.terms
        terms.minimumReferenceVolume = volume
        engine.apply(
          .operation(.changeMarket(MarketChange(market: market, terms: terms)), by: .venue))
      }
    }
    return engine
  }

  static func genesis(
    _ remembered: UInt32 = 1 << 20, _ rememberedOfUser: UInt32 = 1 << 20,
    _ interval: Int64 = 1_000, _ maximumOpenOrders: UInt32 = 20
  ) -> [Command] {
    let terms = MarketTerms(
      intervalMilliseconds: interval, bandBasisPoints: 2_000, runsBeforeWidening: 2,
      buyFeeBasisPoints: 7, sellFeeBasisPoints: 13, minimumNotional: 50,
      maximumOpenOrders: maximumOpenOrders)
    var commands: [Command] = [
      .schedule(.advanceTime(start)),
      .venue(
        .configure(
          VenueConfiguration(
            seed: 3, secondSeed: 5, maximumRememberedOrders: remembered,
            maximumRememberedOrdersOfUser: rememberedOfUser))),
      .operation(
        .createAsset(AssetDefinition(code: "USD", decimals: 2, adjustmentLimit: 1 << 100)),
        by: .venue),
      .operation(
        .createAsset(AssetDefinition(code: "AAA", decimals: 3, adjustmentLimit: 1 << 100)),
        by: .venue),
      .operation(
        .createAsset(AssetDefinition(code: "BBB", decimals: 0, adjustmentLimit: 1_000_000)),
        by: .venue),
      .operation(
        .createMarket(
          MarketDefinition(
            symbol: "AAA-USD", base: 1, quote: 0, tickAtoms: 1_000, lotAtoms: 10, terms: terms,
            listingPriceTicks: 20)), by: .venue),
      .operation(
        .createMarket(
          MarketDefinition(
            symbol: "BBB-USD", base: 2, quote: 0, tickAtoms: 1, lotAtoms: 1, terms: terms,
            listingPriceTicks: 0)), by: .venue),
      .operation(.registerUser(name: "operator"), by: .venue),
    ]
    for user in users {
      commands.append(.operation(.registerUser(name: "user-\(user)"), by: .venue))
      for asset in AssetID(0)...2 {
        commands.append(fund(user, asset, 200_000, "fund-\(user)-\(asset)"))
      }
    }
    return commands
  }

  static func fund(_ user: UserID, _ asset: AssetID, _ amount: Int128, _ id: String) -> Command {
    .operation(
      .adjustBalance(
        BalanceAdjustment(user: user, asset: asset, amount: amount, requestID: identifier(id))),
      by: Authority(user: 1, reason: "test"))
  }

  static func identifier(_ text: String) -> ClientOrderID {
    guard let id = ClientOrderID(text) else {
      preconditionFailure("not a client order id: \(text)")
    }
    return id
  }

  static func snapshot(_ engine: borrowing AuctionEngine) -> [UInt8] {
    var writer = ByteWriter()
    engine.writeSnapshot(to: &writer)
    return writer.bytes
  }
}

/// Seeded commands. It remembers the ids it was told, so that amends and cancels hit something.
struct CommandSource {
  private var state: UInt64
  var number = 0
  var time = Venue.start
  private(set) var known: [OrderID] = []

  init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

  mutating func random(_ bound: UInt64) -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return (state >> 11) % bound
  }

  mutating func learn(_ reply: Reply) {
    guard reply.rejection == nil, reply.id > 1 << 20 else { return }
    known.append(reply.id)
    if known.count > 64 { known.removeFirst(Int(random(32)) + 1) }
  }

  mutating func next(_ engine: borrowing AuctionEngine) -> Command {
    if random(3) == 0 { return transfer(engine) }
    switch random(100) {
    case 0..<55: return .order(.place(order()))
    case 55..<67:
      return .order(.cancel(CancelOrder(user: user(), order: id())))
    case 67..<79:
      return .order(
        .amend(
          AmendOrder(
            user: user(), order: id(), limitTicks: random(3) == 0 ? 0 : 15 + Int64(random(11)),
            lots: random(3) == 0 ? 0 : Int64(random(40)))))
    case 79..<81:
      return .order(.cancelAll(user: user(), market: random(2) == 0 ? nil : MarketID(random(3))))
    case 81..<83: return .operation(.setFrozen(user: user(), frozen: random(3) == 0), by: .venue)
    case 83:
      return .operation(
        .setReference(market: MarketID(random(2)), priceTicks: 18 + Int64(random(5))), by: .venue)
    case 84:
      return random(2) == 0
        ? .operation(.suspendMarket(0), by: .venue) : .operation(.resumeMarket(0), by: .venue)
    case 85:
      number += 1
      let amount = Int128(random(2_000)) - 1_000
      return Venue.fund(user(), AssetID(random(3)), amount, "more-\(number)")
    default:
      if random(2) == 0 {
        time += Microseconds(random(900_000))
        return .schedule(.advanceTime(time))
      }
      let market = MarketID(random(2))
      let interval: Microseconds = 1_000_000
      return .schedule(
        .runAuction(market: market, slot: engine.time / interval - (random(8) == 0 ? 1 : 0)))
    }
  }

  mutating func user() -> UserID { Venue.users[Int(random(UInt64(Venue.users.count)))] }

  private mutating func id() -> OrderID {
    known.isEmpty ? 1 : known[Int(random(UInt64(known.count)))]
  }

  mutating func order() -> PlaceOrder {
    // Now and then an id again, with the same or another content.
    if random(12) != 0 { number += 1 }
    let isMarket = random(10) == 0
    let timeInForce: TimeInForce =
      isMarket
      ? .auction : [.goodTilCancelled, .goodTilCancelled, .goodTilDate, .auction][Int(random(4))]
    return PlaceOrder(
      user: user(), market: MarketID(random(2)), side: random(2) == 0 ? .buy : .sell,
      type: isMarket ? .market : .limit, timeInForce: timeInForce,
      limitTicks: isMarket ? 0 : 15 + Int64(random(11)), lots: Int64(random(30)),
      expiry: timeInForce == .goodTilDate ? time + Microseconds(random(3_000_000)) : 0,
      clientOrderID: Venue.identifier("o-\(number)"))
  }
}
