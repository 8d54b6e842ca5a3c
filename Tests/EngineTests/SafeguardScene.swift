// A venue under rules 2, with operators of different ages, and what tests ask of it.

import Auction
import Testing

@testable import Engine

/// `WithdrawalScene` a day after its operators' keys came, under rules 2. Users 1, 6, 7 and 8 are
/// operators; users 2 to 5 have 100,000 USD and no key; one operator books 1,000,000 a day alone.
enum SafeguardScene {
  static let day: Microseconds = 24 * WithdrawalScene.hour
  static let limit: Int128 = 1_000_000

  static func make() -> AuctionEngine {
    var engine = WithdrawalScene.make()
    for command: Command in [
      .venue(.activateRules(version: 2)), .schedule(.advanceTime(Scene.start + day)),
    ] {
      precondition(engine.apply(command).rejection == nil, "the scene was refused: \(command)")
    }
    engine.effects.removeAll()
    return engine
  }

  static func key(_ byte: UInt8) -> PublicKey { WithdrawalScene.key(byte) }

  /// An operator by its own key.
  static func by(_ user: UserID, key number: UInt8? = nil, _ reason: String = "test") -> Authority {
    Authority(user: user, key: key(number ?? UInt8(user)), reason: reason)
  }
}

extension AuctionEngine {
  mutating func operate(_ action: OperatorAction, _ user: UserID, key: UInt8? = nil) -> Reply {
    apply(.operation(action, by: SafeguardScene.by(user, key: key)))
  }

  mutating func give(
    _ amount: Int128, to user: UserID, by operator: UserID, _ id: String, key: UInt8? = nil
  ) -> Reply {
    operate(
      .adjustBalance(
        BalanceAdjustment(
          user: user, asset: Scene.usd, amount: amount, requestID: Venue.identifier(id))),
      `operator`, key: key)
  }

  /// Approves what waits, as it waits.
  mutating func approveAdjustment(_ id: Int64, by operator: UserID, key: UInt8? = nil) -> Reply {
    let view = pendingAdjustmentViews().first { $0.id == id }
    let content = view.map {
      AdjustmentApproval.Content(
        adjustment: $0.adjustment, requestedBy: $0.authority.user, reason: $0.authority.reason)
    }
    return operate(
      .approveAdjustment(AdjustmentApproval(id: id, content: content, signature: [1])), `operator`,
      key: key)
  }

  mutating func grant(
    _ key: UInt8, to user: UserID, as role: Role = .trader, by operator: UserID,
    until expiresAt: Microseconds = 0
  ) -> Reply {
    operate(
      .registerKey(
        user: user, key: SafeguardScene.key(key), role: role, expiresAt: expiresAt), `operator`)
  }

  mutating func approveKey(_ id: Int64, by operator: UserID) -> Reply {
    guard let view = pendingKeyGrants().first(where: { $0.id == id }) else {
      return operate(.refuseKey(grant: id), `operator`)
    }
    return operate(
      .approveKey(KeyApproval(id: id, grant: view.grant, signature: [1])), `operator`)
  }

  mutating func answer(_ grant: Int64, _ user: UserID, key: UInt8, yes: Bool = true) -> Reply {
    apply(
      .user(
        .answerKeyGrant(
          KeyGrantAnswer(
            user: user, key: SafeguardScene.key(key), grant: grant, isConfirmed: yes))))
  }

  func holds(_ key: UInt8, _ user: UserID) -> Bool {
    directory().contains { event in
      if case .keyRegistered(SafeguardScene.key(key), user, _, _) = event { true } else { false }
    }
  }
}
