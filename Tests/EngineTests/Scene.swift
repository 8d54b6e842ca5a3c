// A small market with round numbers, so that a test's expectations can be worked out by hand.

import Auction

@testable import Engine

/// Users 2 to 5 have 100,000 USD and 1,000 coins; one tick times one lot is one atom; the reference
/// is 100, the band 90 to 110, a run is due each second. User 1 is an operator, user 0 the venue.
enum Scene {
  static let start: Microseconds = 1_000_000_000
  static let second: Microseconds = 1_000_000
  static let usd: AssetID = 0
  static let coin: AssetID = 1

  static func terms(
    band: UInt32 = 1_000, buyFee: UInt16 = 0, sellFee: UInt16 = 0, interval: Int64 = 1_000
  ) -> MarketTerms {
    MarketTerms(
      intervalMilliseconds: interval, bandBasisPoints: band, runsBeforeWidening: 2,
      buyFeeBasisPoints: buyFee, sellFeeBasisPoints: sellFee, minimumNotional: 0,
      maximumOpenOrders: 10_000)
  }

  static func make(
    _ terms: MarketTerms = terms(), reference: Int64 = 100, seeds: (UInt64, UInt64) = (3, 5)
  ) -> AuctionEngine {
    var engine = AuctionEngine()
    var commands: [Command] = [
      .schedule(.advanceTime(start)),
      .venue(.configure(VenueConfiguration(seed: seeds.0, secondSeed: seeds.1))),
      .operation(
        .createAsset(AssetDefinition(code: "USD", decimals: 0, adjustmentLimit: 1_000_000)),
        by: .venue),
      .operation(
        .createAsset(AssetDefinition(code: "COIN", decimals: 0, adjustmentLimit: 1_000_000)),
        by: .venue),
      .operation(
        .createMarket(
          MarketDefinition(
            symbol: "COIN-USD", base: coin, quote: usd, tickAtoms: 1, lotAtoms: 1, terms: terms,
            listingPriceTicks: reference)), by: .venue),
      .operation(.registerUser(name: "operator"), by: .venue),
    ]
    for user in UserID(2)...5 {
      commands.append(.operation(.registerUser(name: "user-\(user)"), by: .venue))
      commands.append(Venue.fund(user, usd, 100_000, "usd-\(user)"))
      commands.append(Venue.fund(user, coin, 1_000, "coin-\(user)"))
    }
    for command in commands {
      precondition(engine.apply(command).rejection == nil, "the scene was refused: \(command)")
    }
    engine.effects.removeAll()
    return engine
  }
}

extension AuctionEngine {
  func restingSlot(_ id: OrderID) -> Int32? {
    if case .resting(let slot)? = place(of: id) { slot } else { nil }
  }

  /// Places an order in market 0; without a limit a market order, with an expiry good until then.
  mutating func place(
    _ user: UserID, _ side: Side, _ lots: Int64, at ticks: Int64? = nil, forOneRun: Bool = false,
    until expiry: Microseconds? = nil
  ) -> Reply {
    apply(
      .order(
        .place(
          PlaceOrder(
            user: user, market: 0, side: side, type: ticks == nil ? .market : .limit,
            timeInForce: ticks == nil || forOneRun
              ? .auction : expiry == nil ? .goodTilCancelled : .goodTilDate,
            limitTicks: ticks ?? 0, lots: lots, expiry: expiry ?? 0,
            clientOrderID: Venue.identifier("scene-\(commandCount)")))))
  }

  mutating func amend(_ user: UserID, _ id: OrderID, to ticks: Int64 = 0, lots: Int64 = 0) -> Reply
  {
    apply(.order(.amend(AmendOrder(user: user, order: id, limitTicks: ticks, lots: lots))))
  }

  mutating func cancel(_ user: UserID, _ id: OrderID) -> Reply {
    apply(.order(.cancel(CancelOrder(user: user, order: id))))
  }

  /// Lets a second pass and runs market 0; its effects are those of the run alone.
  mutating func runNext() -> AuctionResult {
    apply(.schedule(.advanceTime(time + Scene.second)))
    effects.removeAll()
    apply(.schedule(.runAuction(market: 0, slot: time / Scene.second)))
    guard let result = effects.tape.last?.auction else { preconditionFailure("no run was due") }
    return result
  }

  /// Free and locked atoms.
  func cash(_ user: UserID) -> [Int128] { amounts(user, Scene.usd) }
  func coins(_ user: UserID) -> [Int128] { amounts(user, Scene.coin) }
  private func amounts(_ user: UserID, _ asset: AssetID) -> [Int128] {
    [balance(user, asset).free, balance(user, asset).locked]
  }

  func status(_ reply: Reply) -> OrderStatus? { order(reply.id)?.status }
  func executed(_ reply: Reply) -> Int64? { order(reply.id)?.executedLots }
  /// The edges of market 0's band in force.
  var band: [Int64]? { marketView(0).band.map { [$0.lower, $0.upper] } }
}

extension Reply {
  /// From when on a setting or an address counts.
  var start: Microseconds? { if case .inForce(let from) = outcome { from } else { nil } }
}

extension Outcome {
  /// Of a key that waits.
  var grant: Int64? { if case .waits(let grant) = self { grant } else { nil } }
}
