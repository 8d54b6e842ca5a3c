// A market with real magnitudes, under the rules that a test is about.

import Auction

@testable import Engine

/// BTC-USDC at 60,000: a tick is 0.1 USDC, a lot 0.0001 BTC, so a lot at 60,000 is 6 USDC. The band
/// is 10 %, the smallest order 1 USDC. Users 2 to 5 have 1,000,000 USDC and 100 BTC.
enum PriceScene {
  static let usdc: Int128 = 1_000_000
  static let reference: Int64 = 600_000

  static func terms(volume: Int128? = nil, band: UInt32 = 1_000) -> MarketTerms {
    MarketTerms(
      intervalMilliseconds: 1_000, bandBasisPoints: band, runsBeforeWidening: 3,
      buyFeeBasisPoints: 10, sellFeeBasisPoints: 10, minimumNotional: usdc,
      minimumReferenceVolume: volume)
  }

  static func make(
    rules: UInt32, _ terms: MarketTerms = terms(), listing: Int64 = reference
  ) -> AuctionEngine {
    var engine = AuctionEngine()
    var commands: [Command] = [
      .schedule(.advanceTime(Scene.start)),
      .venue(.configure(VenueConfiguration(seed: 3, secondSeed: 5))),
    ]
    if rules > 1 {
      for version in 2...rules { commands.append(.venue(.activateRules(version: version))) }
    }
    let actions: [OperatorAction] = [
      .createAsset(AssetDefinition(code: "USDC", decimals: 6, adjustmentLimit: 1 << 100)),
      .createAsset(AssetDefinition(code: "BTC", decimals: 8, adjustmentLimit: 1 << 100)),
      .createMarket(
        MarketDefinition(
          symbol: "BTC-USDC", base: 1, quote: 0, tickAtoms: 100_000, lotAtoms: 10_000,
          terms: terms, listingPriceTicks: listing)),
      .registerUser(name: "operator"),
    ]
    for action in actions { commands.append(.operation(action, by: .venue)) }
    for user in UserID(2)...5 {
      commands.append(.operation(.registerUser(name: "user-\(user)"), by: .venue))
      commands.append(fund(user, 0, 1_000_000 * usdc, rules))
      commands.append(fund(user, 1, 10_000_000_000, rules))
    }
    for command in commands {
      precondition(engine.apply(command).rejection == nil, "the scene was refused: \(command)")
    }
    engine.effects.removeAll()
    return engine
  }

  private static func fund(
    _ user: UserID, _ asset: AssetID, _ amount: Int128, _ rules: UInt32
  ) -> Command {
    let adjustment = BalanceAdjustment(
      user: user, asset: asset, amount: amount, requestID: Venue.identifier("f-\(user)-\(asset)"))
    // Under rules 1 somebody must ask.
    let by = Authority(user: rules > 1 ? 0 : 1, reason: "test")
    return .operation(.adjustBalance(adjustment), by: by)
  }
}

extension AuctionEngine {
  var referenceTicks: Int64 { marketView(0).referenceTicks }

  /// Users 2 and 3 trade with each other at a price, and a run follows.
  mutating func cross(_ lots: Int64, at ticks: Int64) -> AuctionResult {
    let (buy, sell) = (
      place(2, .buy, lots, at: ticks, forOneRun: true),
      place(3, .sell, lots, at: ticks, forOneRun: true)
    )
    precondition(buy.rejection == nil && sell.rejection == nil, "\(buy), \(sell)")
    return runNext()
  }

  mutating func change(_ terms: MarketTerms) -> Reply {
    apply(.operation(.changeMarket(MarketChange(market: 0, terms: terms)), by: .venue))
  }
}
