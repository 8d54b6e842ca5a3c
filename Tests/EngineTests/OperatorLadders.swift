// Operators' actions that break many rules: what every action asks, and those about markets.

import Auction
import Testing

@testable import Engine

enum OperatorLadders {
  /// One of each, with something wrong that is asked later.
  static let actions: [OperatorAction] = [
    .createAsset(AssetDefinition(code: "", decimals: 0, adjustmentLimit: 0)),
    .createMarket(market("")),
    .changeMarket(MarketChange(market: 9, terms: PrecedenceScene.terms)),
    .suspendMarket(9), .resumeMarket(9), .setReference(market: 9, priceTicks: 0),
    .registerUser(name: ""),
    .registerKey(user: 99, key: SafeguardScene.key(1), role: .trader, expiresAt: 5),
    .approveKey(KeyApproval(id: 99, grant: grant, signature: [])), .refuseKey(grant: 99),
    .revokeKey(SafeguardScene.key(99)), .setFrozen(user: 99, frozen: true),
    .setOperatorDelay(seconds: -1), .setOrderTerms(OrderTerms(rememberedOrders: 0)),
    .adjustBalance(
      BalanceAdjustment(user: 99, asset: 9, amount: 0, requestID: Venue.identifier("a"))),
    .approveAdjustment(AdjustmentApproval(id: 99)), .refuseAdjustment(id: 99),
    .registerChain(name: ""), .setAddressDelay(chain: 9, seconds: -1),
    .setWithdrawalTerms(WithdrawalScene.terms),
    .approveWithdrawal(WithdrawalScene.approval(99, by: 1, of: 5)), .rejectWithdrawal(id: 99),
  ]

  private static let grant = AccessGrant(user: 99, key: SafeguardScene.key(99), role: .trader)

  private static func market(_ symbol: String, lot: Int64 = 0) -> MarketDefinition {
    MarketDefinition(
      symbol: symbol, base: Scene.coin, quote: Scene.usd, tickAtoms: 1, lotAtoms: lot,
      terms: Scene.terms(), listingPriceTicks: 0)
  }

  static func everyAction() -> [Ladder] {
    actions.map { action in
      var engine = SafeguardScene.make()
      var none = AuctionEngine()
      engine.activateNewestRules()
      var ladder = Ladder(.operatorAction)
      let long = String(repeating: "x", count: Bounds.maximumReasonBytes + 1)
      func by(_ user: UserID, key: UInt8?) -> Command {
        .operation(
          action, by: Authority(user: user, key: key.map { SafeguardScene.key($0) }, reason: long))
      }
      ladder.step(&none, by(99, key: nil), .venueNotConfigured)
      ladder.step(&engine, by(99, key: nil), .unknownUser)
      engine.must(.setFrozen(user: 6, frozen: true))
      ladder.step(&engine, by(6, key: nil), .userFrozen)
      engine.must(.setFrozen(user: 6, frozen: false))
      ladder.step(&engine, by(6, key: 7), .notAnOperatorKey)
      ladder.step(&engine, by(6, key: 6), .reasonMissing)
      return ladder
    }
  }

  private static func climb(
    _ precedence: Precedence, _ engine: inout AuctionEngine,
    _ steps: [(OperatorAction, Rejection)]
  ) -> Ladder {
    var ladder = Ladder(precedence)
    for (action, rejection) in steps {
      ladder.step(&engine, .operation(action, by: PrecedenceScene.bank), rejection)
    }
    return ladder
  }

  static func markets() -> [Ladder] {
    var engine = Scene.make()
    engine.activateNewestRules()
    var operators = PrecedenceScene.operators()
    let asset = AssetDefinition(code: "USD", decimals: 19, adjustmentLimit: 0)
    var known = asset
    known.decimals = 0
    var invalid = Scene.terms()
    invalid.intervalMilliseconds = 0
    var ladders = [
      climb(
        .createAsset, &engine,
        [(.createAsset(asset), .assetInvalid), (.createAsset(known), .assetExists)]),
      climb(
        .changeMarket, &engine,
        [
          (.changeMarket(MarketChange(market: 9, terms: invalid)), .unknownMarket),
          (.changeMarket(MarketChange(market: 0, terms: invalid)), .marketInvalid),
        ]),
      climb(
        .setReference, &engine,
        [
          (.setReference(market: 9, priceTicks: 0), .unknownMarket),
          (.setReference(market: 0, priceTicks: 0), .referenceOutOfRange),
        ]),
      climb(
        .setOrderTerms, &engine,
        [(.setOrderTerms(OrderTerms(rememberedOrders: 0)), .orderTermsInvalid)]),
      climb(
        .resumeMarket, &engine,
        [(.resumeMarket(9), .unknownMarket), (.resumeMarket(0), .marketNotSuspended)]),
    ]
    var limited = Ladder(.createAsset)
    let new = AssetDefinition(code: "NEW", decimals: 0, adjustmentLimit: 1)
    limited.step(
      &operators, .operation(.createAsset(new), by: SafeguardScene.by(11)), .operatorKeyTooNew)
    ladders.append(limited)
    engine.must(.suspendMarket(0))
    ladders.append(
      climb(
        .suspendMarket, &engine,
        [(.suspendMarket(9), .unknownMarket), (.suspendMarket(0), .marketAlreadySuspended)]))
    return ladders + [creatingMarkets()]
  }

  private static func creatingMarkets() -> Ladder {
    var engine = Scene.make()
    var full = Scene.make()
    for number in 1..<Bounds.maximumMarkets {
      full.must(.createMarket(market("M\(number)-X", lot: 1)))
    }
    var ladder = climb(
      .createMarket, &full,
      [
        (.createMarket(market("COIN-USD")), .marketExists),
        (.createMarket(market("")), .tooManyMarkets),
      ]
    )
    ladder.step(
      &engine, .operation(.createMarket(market("")), by: PrecedenceScene.bank), .marketInvalid)
    return ladder
  }

  static func venue() -> [Ladder] {
    var engine = SafeguardScene.make()
    var none = AuctionEngine()
    var configuring = Ladder(.configureVenue)
    configuring.step(
      &engine, .venue(.configure(VenueConfiguration(seed: 1, secondSeed: 1))),
      .venueAlreadyConfigured)
    var activating = Ladder(.activateRules)
    activating.step(&none, .venue(.activateRules(version: 99)), .venueNotConfigured)
    activating.step(&engine, .venue(.activateRules(version: 99)), .unknownRulesVersion)
    var advancing = Ladder(.advanceTime)
    advancing.step(&engine, .schedule(.advanceTime(engine.time)), .timeNotLater)
    return [configuring, activating, advancing]
  }
}
