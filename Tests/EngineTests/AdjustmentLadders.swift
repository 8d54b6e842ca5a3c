// Adjustments that break many rules.

import Auction
import Testing

@testable import Engine

enum AdjustmentLadders {
  static func climb() -> [Ladder] { [asking(), approving(), refusing()] }

  private static let giant = Bounds.maximumAtoms

  private static func ask(
    _ id: String, _ user: UserID, _ asset: AssetID, _ amount: Int128, by authority: Authority
  ) -> Command {
    .operation(
      .adjustBalance(
        BalanceAdjustment(
          user: user, asset: asset, amount: amount, requestID: Venue.identifier(id))),
      by: authority)
  }

  private static func asking() -> Ladder {
    var ladder = Ladder(.adjustBalance)
    // As many within a day as are remembered of an operator.
    var small = PrecedenceScene.orders()
    for number in 0..<Bounds.maximumAdjustmentsOfOperator {
      small.must(ask("m-\(number)", 2, Scene.usd, 1, by: SafeguardScene.by(1)))
      small.effects.removeAll()
    }
    ladder.step(
      &small, ask("m-0", 99, 9, 0, by: SafeguardScene.by(1)), .duplicateClientOrderID)
    ladder.step(
      &small, ask("more", 99, 9, 0, by: SafeguardScene.by(1)), .tooManyRememberedOrders)

    // Operator 1 asked for as much as it may, and has a key of just now.
    var engine = PrecedenceScene.operators()
    engine.must(engine.grant(50, to: 1, as: .operator, by: 1))
    for number in 0..<Bounds.maximumPendingOfOperator {
      engine.must(ask("p-\(number)", 3, Scene.usd, 2_000_000, by: SafeguardScene.by(1)))
    }
    let (new, old) = (SafeguardScene.by(1, key: 50), SafeguardScene.by(1))
    ladder.step(&engine, ask("a", 99, 9, 0, by: new), .unknownUser)
    ladder.step(&engine, ask("b", 3, 9, 0, by: new), .unknownAsset)
    // An operator without a reason is refused before; the venue is not.
    ladder.step(&engine, ask("c", 3, Scene.usd, 0, by: .venue), .amountInvalid)
    ladder.step(&engine, ask("d", 3, Scene.usd, giant - 1, by: .venue), .reasonMissing)
    ladder.step(&engine, ask("e", 3, Scene.usd, giant - 1, by: new), .tooManyApprovals)
    engine.must(.refuseAdjustment(id: engine.pendingAdjustmentViews()[0].id))
    ladder.step(&engine, ask("f", 3, Scene.usd, giant - 1, by: new), .operatorKeyTooNew)
    ladder.step(&engine, ask("g", 3, Scene.usd, giant - 1, by: old), .supplyTooLarge)
    ladder.step(&engine, ask("h", 3, Scene.usd, 1 - giant, by: old), .insufficientFunds)
    return ladder
  }

  private static func approving() -> Ladder {
    var engine = PrecedenceScene.operators()
    var ladder = Ladder(.approveAdjustment)
    engine.fund(4, Scene.usd, 2_000_000)
    let half = giant / 2 + giant / 4
    func wait(_ user: UserID, _ amount: Int128, _ engine: inout AuctionEngine) -> Int64 {
      let reply = engine.give(amount, to: user, by: 1, "wait-\(user)-\(engine.commandCount)")
      engine.must(reply)
      return reply.id
    }
    // Each fits, both do not; and what user 4 then no longer has.
    let ten = wait(10, half, &engine)
    let three = wait(3, half, &engine)
    let eleven = wait(11, half, &engine)
    let taken = wait(4, -2_000_000, &engine)
    engine.must(engine.approveAdjustment(three, by: 6))
    engine.fund(4, Scene.usd, -200_000)
    func step(
      _ id: Int64, by user: UserID, other: Bool = false, _ rejection: Rejection
    ) {
      let view = engine.pendingAdjustmentViews().first { $0.id == id }
      var content = view.map {
        AdjustmentApproval.Content(
          adjustment: $0.adjustment, requestedBy: $0.authority.user, reason: $0.authority.reason)
      }
      if other { content?.adjustment.amount += 1 }
      ladder.step(
        &engine,
        .operation(
          .approveAdjustment(AdjustmentApproval(id: id, content: content, signature: [1])),
          by: SafeguardScene.by(user)), rejection)
    }
    step(99, by: 1, .approvalNotFound)
    step(ten, by: 1, other: true, .approvalByRequester)
    step(eleven, by: 11, other: true, .approvalMismatch)
    step(eleven, by: 11, .operatorKeyTooNew)
    step(ten, by: 10, .approvalByOwner)
    step(ten, by: 7, .approvalByGrantor)
    step(ten, by: 8, .supplyTooLarge)
    step(taken, by: 8, .insufficientFunds)
    return ladder
  }

  private static func refusing() -> Ladder {
    var engine = PrecedenceScene.operators()
    var ladder = Ladder(.refuseAdjustment)
    ladder.step(
      &engine, .operation(.refuseAdjustment(id: 99), by: SafeguardScene.by(1)), .approvalNotFound)
    return ladder
  }
}
