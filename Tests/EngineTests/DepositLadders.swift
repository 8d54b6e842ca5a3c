// Credits and clawbacks that break many rules.

import Auction
import Testing

@testable import Engine

enum DepositLadders {
  static func climb() -> [Ladder] { [registering(), crediting(), clawingBack()] }

  private static let giant = Bounds.maximumAtoms

  private static func registering() -> Ladder {
    var engine = PrecedenceScene.operators()
    var ladder = Ladder(.registerChain)
    for number in 1..<Bounds.maximumChains { engine.must(.registerChain(name: "c\(number)")) }
    for (name, rejection) in [("dev", Rejection.chainExists), ("other", .chainInvalid)] {
      ladder.step(
        &engine, .operation(.registerChain(name: name), by: PrecedenceScene.bank), rejection)
    }
    return ladder
  }

  private static func crediting() -> Ladder {
    var engine = PrecedenceScene.operators()
    var ladder = Ladder(.creditDeposit)
    var none = AuctionEngine()
    var credit = DepositCredit(chain: 9, number: 0, user: 99, asset: 9, amount: 0)
    ladder.step(&none, .deposit(.credit(credit)), .venueNotConfigured)
    ladder.step(&engine, .deposit(.credit(credit)), .unknownChain)
    credit.chain = 0
    ladder.step(&engine, .deposit(.credit(credit)), .unknownUser)
    credit.user = 2
    ladder.step(&engine, .deposit(.credit(credit)), .unknownAsset)
    credit.asset = Scene.usd
    ladder.step(&engine, .deposit(.credit(credit)), .amountInvalid)
    credit.amount = giant - 1
    ladder.step(&engine, .deposit(.credit(credit)), .creditAlreadyApplied)
    credit.number = 2
    ladder.step(&engine, .deposit(.credit(credit)), .creditOutOfSequence)
    credit.number = 1
    ladder.step(&engine, .deposit(.credit(credit)), .supplyTooLarge)
    return ladder
  }

  /// In a venue that lost three quarters of all that may be: user 2 spent what is taken back.
  private static func clawingBack() -> Ladder {
    var engine = PrecedenceScene.operators()
    var ladder = Ladder(.clawBackDeposit)
    var none = AuctionEngine()
    let most = giant / 2 + giant / 4
    engine.must(
      .deposit(.credit(DepositCredit(chain: 0, number: 1, user: 2, asset: Scene.usd, amount: most)))
    )
    engine.fund(2, Scene.usd, -most)
    engine.must(
      .deposit(
        .clawBack(
          DepositClawback(
            chain: 0, number: 1, credit: 1, user: 2, asset: Scene.usd, amount: most))))
    var clawback = DepositClawback(
      chain: 9, number: 1, credit: 0, user: 99, asset: 9, amount: 0)
    ladder.step(&none, .deposit(.clawBack(clawback)), .venueNotConfigured)
    ladder.step(&engine, .deposit(.clawBack(clawback)), .unknownChain)
    clawback.chain = 0
    ladder.step(&engine, .deposit(.clawBack(clawback)), .unknownUser)
    clawback.user = 2
    ladder.step(&engine, .deposit(.clawBack(clawback)), .unknownAsset)
    clawback.asset = Scene.usd
    ladder.step(&engine, .deposit(.clawBack(clawback)), .amountInvalid)
    clawback.amount = most
    ladder.step(&engine, .deposit(.clawBack(clawback)), .clawbackAlreadyApplied)
    clawback.number = 2
    ladder.step(&engine, .deposit(.clawBack(clawback)), .clawbackOutOfSequence)
    clawback.credit = 1
    ladder.step(&engine, .deposit(.clawBack(clawback)), .supplyTooLarge)
    return ladder
  }
}
