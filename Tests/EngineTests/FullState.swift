// Engines in which, taken together, no field has the value that it begins with.

import Auction

@testable import Engine

enum FullState {
  /// Orders, runs, deposits and withdrawals at random under the first rules.
  static func tradedAtFirst(_ source: inout CommandSource) -> AuctionEngine {
    var engine = Venue.make()
    for _ in 0..<1_200 { source.learn(engine.apply(source.next(engine))) }
    return engine
  }

  /// The same, then more under the newest rules.
  static func traded(seed: UInt64) -> AuctionEngine {
    var source = CommandSource(seed: seed)
    var engine = tradedAtFirst(&source)
    activate(&engine)
    for _ in 0..<200 { source.learn(engine.apply(source.next(engine))) }
    return engine
  }

  private static func activate(_ engine: inout AuctionEngine) {
    while engine.rulesVersion < Bounds.rulesVersion {
      let reply = engine.apply(.venue(.activateRules(version: engine.rulesVersion + 1)))
      precondition(reply.rejection == nil, "the newest rules were refused")
    }
  }

  /// What waits, what was booked alone, and a second chain and market.
  static func guarded() -> AuctionEngine {
    var engine = SafeguardScene.make()
    activate(&engine)
    for command in secondMarket + secondChain { apply(command, to: &engine) }
    // A run outside the band, and orders that wait for the next.
    for reply in [engine.place(4, .buy, 5, at: 130), engine.place(5, .sell, 5, at: 130)] {
      precondition(reply.rejection == nil, "the scene was refused: \(reply)")
    }
    precondition(engine.runNext().status == .outsideBand, "the run was within the band")
    precondition(engine.place(4, .buy, 2).rejection == nil, "the scene was refused")
    engine.pass(2 * SafeguardScene.day)
    apply(
      .user(
        .addPayoutAddress(
          PayoutAddressAddition(
            user: 3, chain: 1, address: WithdrawalScene.address(3), label: "home"))), to: &engine)
    engine.pass(2 * SafeguardScene.day)
    apply(WithdrawalScene.request(3, 50, "coins", asset: Scene.coin), to: &engine)
    for command in waiting(at: engine.time) { apply(command, to: &engine) }
    let reply = engine.approveKey(1, by: 8)
    precondition(reply.rejection == nil, "the scene was refused: \(reply)")
    return engine
  }

  private static func apply(_ command: Command, to engine: inout AuctionEngine) {
    let reply = engine.apply(command)
    precondition(reply.rejection == nil, "the scene was refused: \(reply), \(command)")
  }

  private static func act(_ action: OperatorAction, _ user: UserID) -> Command {
    .operation(action, by: SafeguardScene.by(user))
  }

  private static var termsWithVolume: MarketTerms {
    var terms = Scene.terms()
    terms.minimumReferenceVolume = 7
    return terms
  }

  private static let secondMarket: [Command] = [
    act(.createAsset(AssetDefinition(code: "BTC", decimals: 1, adjustmentLimit: 10)), 1),
    act(
      .createMarket(
        MarketDefinition(
          symbol: "BTC-COIN", base: 2, quote: Scene.coin, tickAtoms: 1, lotAtoms: 10,
          terms: termsWithVolume, listingPriceTicks: 100)), 1),
  ]

  private static let coinTerms = WithdrawalTerms(
    asset: Scene.coin, chain: 1, minimum: 10, fee: 2, userDayLimit: 500, venueDayLimit: 900,
    approvalAbove: 40, approvals: 2)

  private static let secondChain: [Command] = [
    act(.registerChain(name: "other"), 1), act(.setWithdrawalTerms(coinTerms), 1),
    act(.setAddressDelay(chain: 1, seconds: 100_000), 1),
  ]

  private static func waiting(at time: Microseconds) -> [Command] {
    let later = time + SafeguardScene.day
    var looser = coinTerms
    looser.minimum = 1
    return [
      act(.registerUser(name: "guest"), 6),
      act(
        .registerKey(
          user: 9, key: SafeguardScene.key(90), role: .tradeOnly, expiresAt: later), 6),
      act(
        .registerKey(
          user: 9, key: SafeguardScene.key(91), role: .readOnly, expiresAt: later), 7),
      act(.registerKey(user: 2, key: SafeguardScene.key(92), role: .trader), 7),
      act(
        .adjustBalance(
          BalanceAdjustment(
            user: 3, asset: Scene.coin, amount: 5, requestID: Venue.identifier("alone"))), 1),
      act(
        .adjustBalance(
          BalanceAdjustment(
            user: 3, asset: Scene.coin, amount: 1_000_001, requestID: Venue.identifier("large"))),
        1),
      act(.setOperatorDelay(seconds: 90_000), 6), act(.setOperatorDelay(seconds: 80_000), 6),
      act(.setAddressDelay(chain: 1, seconds: 120_000), 1),
      act(.setAddressDelay(chain: 1, seconds: 77), 1), act(.setWithdrawalTerms(looser), 1),
    ]
  }
}
