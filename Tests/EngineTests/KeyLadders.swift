// Commands about users and keys that break many rules.

import Auction
import Testing

@testable import Engine

enum KeyLadders {
  static func climb() -> [Ladder] {
    users() + [unfreezing(), registering(), approving(), answering()]
  }

  private static func by(_ user: UserID, key: UInt8? = nil, _ action: OperatorAction) -> Command {
    .operation(action, by: SafeguardScene.by(user, key: key))
  }

  private static func users() -> [Ladder] {
    let rows: [(Precedence, OperatorAction, Rejection)] = [
      (.refuseKey, .refuseKey(grant: 99), .keyGrantNotFound),
      (.revokeKey, .revokeKey(SafeguardScene.key(99)), .keyNotFound),
      (.setFrozen, .setFrozen(user: 99, frozen: true), .unknownUser),
      (.setOperatorDelay, .setOperatorDelay(seconds: -1), .operatorDelayInvalid),
      (.registerUser, .registerUser(name: "a b"), .nameInvalid),
      (.registerUser, .registerUser(name: "operator"), .nameTaken),
    ]
    return rows.map { precedence, action, rejection in
      var engine = PrecedenceScene.operators()
      var ladder = Ladder(precedence)
      ladder.step(&engine, by(1, action), rejection)
      return ladder
    }
  }

  /// User 10, an operator whom a clawback froze; operator 7 gave a key to its account.
  private static func unfreezing() -> Ladder {
    var engine = PrecedenceScene.operators()
    var ladder = Ladder(.setFrozen)
    func clawBack(_ user: UserID, _ number: Int64) {
      let credit = DepositCredit(
        chain: 0, number: number, user: user, asset: Scene.usd, amount: 5)
      engine.must(.deposit(.credit(credit)))
      let clawback = DepositClawback(
        chain: 0, number: number, credit: number, user: user, asset: Scene.usd, amount: 5)
      engine.must(.deposit(.clawBack(clawback)))
    }
    clawBack(10, 1)
    let lift = OperatorAction.setFrozen(user: 10, frozen: false)
    ladder.step(&engine, by(11, lift), .operatorKeyTooNew)
    ladder.step(&engine, by(7, lift), .approvalByGrantor)
    return ladder
  }

  /// User 2 has as many keys as it may, and operator 1 asked for as many as it may.
  private static func registering() -> Ladder {
    var engine = PrecedenceScene.operators()
    var ladder = Ladder(.registerKey)
    for number in 0..<UInt8(Bounds.maximumKeysOfUser) {
      engine.must(
        .registerKey(user: 2, key: SafeguardScene.key(100 + number), role: .trader, expiresAt: 0))
    }
    for number in 0..<Bounds.maximumPendingOfOperator {
      let user = [UserID(3), 4, 5, 6, 7, 8, 9][number % 7]
      engine.must(engine.grant(UInt8(120 + number), to: user, as: .operator, by: 1))
    }
    func step(_ user: UserID, _ key: UInt8, until end: Microseconds, _ rejection: Rejection) {
      ladder.step(
        &engine,
        by(
          1,
          .registerKey(
            user: user, key: SafeguardScene.key(key), role: .operator, expiresAt: end)), rejection)
    }
    step(99, 6, until: 5, .unknownUser)
    step(2, 6, until: 5, .keyTaken)
    // What the venue gave once, it does not give again.
    let given = OperatorAction.registerKey(
      user: 10, key: SafeguardScene.key(95), role: .operator, expiresAt: 5)
    let first = OperatorAction.registerKey(
      user: 10, key: SafeguardScene.key(95), role: .operator, expiresAt: 0)
    engine.must(first)
    engine.must(.revokeKey(SafeguardScene.key(95)))
    ladder.step(&engine, .operation(given, by: .venue), .keyRevoked)
    step(2, 90, until: 5, .expiryPassed)
    step(2, 90, until: 0, .tooManyKeys)
    step(10, 90, until: 0, .tooManyApprovals)
    return ladder
  }

  private static func approving() -> Ladder {
    var engine = PrecedenceScene.operators()
    var ladder = Ladder(.approveKey)
    func grant(_ key: UInt8, to user: UserID, _ engine: inout AuctionEngine) -> KeyApproval {
      engine.must(engine.grant(key, to: user, by: 1))
      let view = engine.pendingKeyGrants(of: user)[0]
      return KeyApproval(id: view.id, grant: view.grant, signature: [1])
    }
    // Of the account of 10, to which 7 gave a key; and of 11, whose key is new.
    let ten = grant(80, to: 10, &engine)
    let eleven = grant(81, to: 11, &engine)
    engine.must(engine.approveKey(ten.id, by: 6))
    func step(
      _ approval: KeyApproval, by user: UserID, other: Bool = false, _ rejection: Rejection
    ) {
      var approval = approval
      if other { approval.grant.role = .readOnly }
      ladder.step(&engine, by(user, .approveKey(approval)), rejection)
    }
    var unknown = ten
    unknown.id = 99
    step(unknown, by: 1, other: true, .keyGrantNotFound)
    step(ten, by: 1, other: true, .approvalByRequester)
    step(ten, by: 6, other: true, .approvalRepeated)
    step(eleven, by: 11, other: true, .approvalMismatch)
    step(eleven, by: 11, .operatorKeyTooNew)
    step(ten, by: 10, .approvalByOwner)
    step(ten, by: 7, .approvalByGrantor)
    step(ten, by: 8, .approvalNotNeeded)
    // Asked for while there was a place.
    let full = grant(82, to: 2, &engine)
    for number in 0..<UInt8(Bounds.maximumKeysOfUser) {
      engine.must(
        .registerKey(user: 2, key: SafeguardScene.key(100 + number), role: .trader, expiresAt: 0))
    }
    step(full, by: 6, .tooManyKeys)
    return ladder
  }

  private static func answering() -> Ladder {
    var engine = PrecedenceScene.operators()
    var ladder = Ladder(.answerKeyGrant)
    var none = AuctionEngine()
    var old = Scene.make()
    engine.must(
      .registerKey(user: 2, key: SafeguardScene.key(40), role: .trader, expiresAt: 0))
    engine.must(
      engine.grant(41, to: 2, by: 1, until: engine.time + WithdrawalScene.hour))
    engine.must(engine.grant(42, to: 2, by: 1))
    let (short, long) = (engine.pendingKeyGrants(of: 2)[0].id, engine.pendingKeyGrants(of: 2)[1].id)
    for number in 0..<UInt8(Bounds.maximumKeysOfUser - 1) {
      engine.must(
        .registerKey(user: 2, key: SafeguardScene.key(100 + number), role: .trader, expiresAt: 0))
    }
    engine.pass(2 * WithdrawalScene.hour)
    engine.must(.setFrozen(user: 2, frozen: true))
    func answer(_ grant: Int64, _ user: UserID, _ key: UInt8) -> Command {
      .user(
        .answerKeyGrant(
          KeyGrantAnswer(
            user: user, key: SafeguardScene.key(key), grant: grant, isConfirmed: true)))
    }
    ladder.step(&none, answer(short, 99, 6), .venueNotConfigured)
    ladder.step(&old, answer(short, 99, 6), .unknownRulesVersion)
    ladder.step(&engine, answer(short, 99, 6), .unknownUser)
    ladder.step(&engine, answer(short, 3, 6), .keyGrantNotFound)
    ladder.step(&engine, answer(short, 2, 6), .keyNotOfOwner)
    ladder.step(&engine, answer(short, 2, 40), .userFrozen)
    engine.must(.setFrozen(user: 2, frozen: false))
    ladder.step(&engine, answer(short, 2, 40), .expiryPassed)
    ladder.step(&engine, answer(long, 2, 40), .tooManyKeys)
    return ladder
  }
}
