// A venue from which money leaves, with round numbers, and the commands that tests send to it.

@testable import Engine

/// `Scene` with a chain, and terms for USD: from 10 on, a fee of 2, 5,000 a day for a user, 8,000
/// for all, two approvals above 1,000. Users 2 to 5 have the payout address of their number; users
/// 1, 6, 7 and 8 are operators with the keys of their numbers.
enum WithdrawalScene {
  static let chain: ChainID = 0
  static let hour: Microseconds = 3_600 * Scene.second
  static let operators: [UserID] = [1, 6, 7, 8]

  static let terms = WithdrawalTerms(
    asset: Scene.usd, chain: chain, minimum: 10, fee: 2, userDayLimit: 5_000,
    venueDayLimit: 8_000, approvalAbove: 1_000, approvals: 2)

  static func make(_ terms: WithdrawalTerms = terms) -> AuctionEngine {
    var engine = Scene.make()
    var commands: [Command] = [
      .operation(.registerChain(name: "dev"), by: .venue),
      .operation(.setAddressDelay(chain: chain, seconds: 0), by: Authority(user: 1)),
      .operation(.setWithdrawalTerms(terms), by: Authority(user: 1)),
    ]
    for user in UserID(2)...5 { commands.append(add(user, address(UInt8(user)))) }
    for user in UserID(6)...8 {
      commands.append(.operation(.registerUser(name: "operator-\(user)"), by: .venue))
    }
    for user in operators {
      commands.append(
        .operation(.registerKey(user: user, key: key(UInt8(user)), role: .operator), by: .venue))
    }
    for command in commands {
      precondition(engine.apply(command).rejection == nil, "the scene was refused: \(command)")
    }
    engine.effects.removeAll()
    return engine
  }

  static func address(_ byte: UInt8) -> PayoutAddress {
    PayoutAddress([UInt8](repeating: byte, count: 20))
  }

  static func key(_ byte: UInt8) -> PublicKey {
    guard let key = PublicKey([UInt8](repeating: byte, count: 32)) else {
      preconditionFailure("32 bytes are a key")
    }
    return key
  }

  static func add(_ user: UserID, _ address: PayoutAddress, label: String = "") -> Command {
    .user(
      .addPayoutAddress(
        PayoutAddressAddition(user: user, chain: chain, address: address, label: label)))
  }

  static func request(
    _ user: UserID, _ amount: Int128, _ id: String, asset: AssetID = Scene.usd,
    to address: PayoutAddress? = nil
  ) -> Command {
    .withdrawal(
      .request(
        WithdrawalRequest(
          user: user, asset: asset, amount: amount,
          address: address ?? Self.address(UInt8(truncatingIfNeeded: user)),
          clientID: Venue.identifier(id))))
  }

  /// An operator's approval of what user 2 asked for in `make()`.
  static func approval(
    _ id: Int64, by operator: UserID, of amount: Int128, key: PublicKey? = nil, user: UserID = 2,
    to payee: PayoutAddress? = nil
  ) -> WithdrawalApproval {
    WithdrawalApproval(
      id: id, operator: `operator`, key: key ?? Self.key(UInt8(truncatingIfNeeded: `operator`)),
      user: user, asset: Scene.usd, amount: amount, fee: terms.fee, address: payee ?? address(2),
      signature: [UInt8](repeating: 7, count: 64))
  }
}

extension AuctionEngine {
  /// Asks for USD to the user's own address.
  mutating func withdraw(_ user: UserID, _ amount: Int128, _ id: String) -> Reply {
    apply(WithdrawalScene.request(user, amount, id))
  }

  mutating func approve(_ id: Int64, by user: UserID, of amount: Int128) -> Reply {
    apply(WithdrawalScene.approval(id, by: user, of: amount).command)
  }

  /// Approves one as far as it needs it, and starts it.
  mutating func begin(_ id: Int64) {
    for user in WithdrawalScene.operators {
      guard let asked = withdrawal(id), asked.status == .requested else { break }
      let approval = WithdrawalApproval(
        id: id, operator: user, key: WithdrawalScene.key(UInt8(user)), user: asked.user,
        asset: asked.asset, amount: asked.amount, fee: asked.fee, address: asked.address,
        signature: [])
      apply(approval.command)
    }
    let reply = apply(.withdrawal(.start(id: id)))
    precondition(reply.rejection == nil, "\(id) was not started: \(reply)")
  }

  /// All the way, to its payment.
  mutating func pay(_ id: Int64) {
    begin(id)
    apply(.withdrawal(.finish(id: id)))
  }

  /// The entries since the last look: user, type, free and locked.
  mutating func takeEntries() -> [String] {
    let rows = effects.entries.map { "\($0.user) \($0.type) \($0.freeDelta) \($0.lockedDelta)" }
    effects.removeAll()
    return rows
  }

  /// The statuses that withdrawals came to since the last look.
  var moves: [String] {
    effects.withdrawals.compactMap { event in
      guard case .changed(let id, let status, _, _, _) = event else { return nil }
      return "\(id) \(status)"
    }
  }

  mutating func pass(_ duration: Microseconds) { apply(.schedule(.advanceTime(time + duration))) }
}
