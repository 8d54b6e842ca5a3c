// Where the ladders of `PrecedenceTests` stand: venues under the newest rules.

import Auction

@testable import Engine

enum PrecedenceScene {
  static let bank = Authority(user: 0, reason: "test")
  static let tick: Int64 = 1 << 40

  static let terms = MarketTerms(
    intervalMilliseconds: 1_000, bandBasisPoints: 0, runsBeforeWidening: 2, buyFeeBasisPoints: 0,
    sellFeeBasisPoints: 0, minimumNotional: 1 << 41, maximumOpenOrders: 2,
    minimumReferenceVolume: 0)

  /// A market in which a tick of a lot is 2^40 atoms, without reference and band. Users 2 and 3
  /// have 2^60 USD and 1,000 coins; user 1 is an operator.
  static func orders() -> AuctionEngine {
    var engine = AuctionEngine()
    engine.must(.schedule(.advanceTime(Scene.start)))
    engine.must(.venue(.configure(VenueConfiguration(seed: 3, secondSeed: 5))))
    engine.activateNewestRules()
    for code in ["USD", "COIN"] {
      engine.must(.createAsset(AssetDefinition(code: code, decimals: 0, adjustmentLimit: 1 << 70)))
    }
    engine.must(
      .createMarket(
        MarketDefinition(
          symbol: "COIN-USD", base: Scene.coin, quote: Scene.usd, tickAtoms: tick, lotAtoms: 1,
          terms: terms, listingPriceTicks: 0)))
    for name in ["operator", "two", "three"] { engine.must(.registerUser(name: name)) }
    engine.must(
      .registerKey(user: 1, key: SafeguardScene.key(1), role: .operator, expiresAt: 0))
    for user in UserID(2)...3 {
      engine.fund(user, Scene.usd, 1 << 60)
      engine.fund(user, Scene.coin, 1_000)
    }
    engine.must(.setOperatorDelay(seconds: 0))
    return engine
  }

  /// `SafeguardScene`, in which users 10 and 11 are operators too: 10 with a key as old as the
  /// delay, to whose account operator 7 gave a key; 11 with a key of just now.
  static func operators() -> AuctionEngine {
    var engine = SafeguardScene.make()
    engine.activateNewestRules()
    for name in ["nine", "ten", "eleven"] { engine.must(.registerUser(name: name)) }
    engine.must(
      .registerKey(user: 10, key: SafeguardScene.key(10), role: .operator, expiresAt: 0))
    engine.must(engine.grant(70, to: 10, by: 7))
    engine.must(engine.approveKey(engine.pendingKeyGrants()[0].id, by: 8))
    engine.pass(SafeguardScene.day)
    precondition(engine.holds(70, 10), "operator 7 gave no key")
    engine.must(
      .registerKey(user: 11, key: SafeguardScene.key(11), role: .operator, expiresAt: 0))
    return engine
  }
}

extension AuctionEngine {
  func must(_ reply: Reply) {
    precondition(reply.rejection == nil, "the scene was refused: \(reply)")
  }

  mutating func must(_ command: Command) {
    let reply = apply(command)
    precondition(reply.rejection == nil, "the scene was refused: \(command): \(reply)")
  }

  /// By the venue.
  mutating func must(_ action: OperatorAction) {
    must(.operation(action, by: PrecedenceScene.bank))
  }

  mutating func fund(_ user: UserID, _ asset: AssetID, _ amount: Int128) {
    must(
      .adjustBalance(
        BalanceAdjustment(
          user: user, asset: asset, amount: amount,
          requestID: Venue.identifier("fund-\(commandCount)"))))
  }

  mutating func activateNewestRules() {
    while rulesVersion < Bounds.rulesVersion {
      must(.venue(.activateRules(version: rulesVersion + 1)))
    }
  }
}
