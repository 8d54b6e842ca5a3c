// Each way in which a withdrawal is refused, and that nothing moves by it.

import Testing

@testable import Engine

@Suite struct WithdrawalRejectionTests {
  /// In a scene where 1 waits for approvals, 2 is approved, 3 started, 4 confirmed, 5 cancelled.
  private static func scene() -> AuctionEngine {
    var engine = WithdrawalScene.make()
    for (amount, id) in [(1_500, "1"), (100, "2"), (100, "3"), (100, "4"), (100, "5")] {
      precondition(engine.withdraw(2, Int128(amount), id).rejection == nil)
    }
    for (id, user) in [(2, 7), (2, 8), (3, 7), (3, 8), (4, 7), (4, 8)] as [(Int64, UserID)] {
      precondition(engine.approve(id, by: user, of: 100).rejection == nil)
    }
    engine.apply(.withdrawal(.start(id: 3)))
    engine.apply(.withdrawal(.start(id: 4)))
    engine.apply(.withdrawal(.finish(id: 4)))
    engine.apply(.withdrawal(.cancel(user: 2, id: 5)))
    engine.apply(.operation(.setFrozen(user: 5, frozen: true), by: .venue))
    engine.effects.removeAll()
    return engine
  }

  private static func terms(_ change: (inout WithdrawalTerms) -> Void) -> Command {
    var terms = WithdrawalScene.terms
    change(&terms)
    return .operation(.setWithdrawalTerms(terms), by: Authority(user: 1))
  }

  private static func approve(_ change: (inout WithdrawalApproval) -> Void) -> Command {
    var approval = WithdrawalScene.approval(1, by: 1, of: 1_500)
    change(&approval)
    return approval.command
  }

  private static let empty = PayoutAddress([])
  private static let long = PayoutAddress([UInt8](repeating: 1, count: 65))
  private static let own = WithdrawalScene.address(2)
  private static let giant = Bounds.maximumAtoms

  static let terms: [(Command, Rejection)] = [
    (.operation(.setAddressDelay(chain: 0, seconds: 5), by: Authority(user: 0)), .unknownUser),
    (.operation(.setAddressDelay(chain: 0, seconds: 5), by: Authority(user: .max)), .unknownUser),
    (.operation(.setAddressDelay(chain: 0, seconds: 5), by: Authority(user: 5)), .userFrozen),
    (.operation(.setWithdrawalTerms(WithdrawalScene.terms), by: Authority(user: 0)), .unknownUser),
    (.operation(.setWithdrawalTerms(WithdrawalScene.terms), by: Authority(user: 99)), .unknownUser),
    (.operation(.setWithdrawalTerms(WithdrawalScene.terms), by: Authority(user: 5)), .userFrozen),
    (.operation(.setAddressDelay(chain: 1, seconds: 0), by: Authority(user: 1)), .unknownChain),
    (.operation(.setAddressDelay(chain: .max, seconds: 0), by: Authority(user: 1)), .unknownChain),
    (
      .operation(.setAddressDelay(chain: 0, seconds: -1), by: Authority(user: 1)),
      .withdrawalTermsInvalid
    ),
    (
      .operation(.setAddressDelay(chain: 0, seconds: .max), by: Authority(user: 1)),
      .withdrawalTermsInvalid
    ),
    (
      .operation(
        .setAddressDelay(chain: 0, seconds: Bounds.maximumAddressDelaySeconds + 1),
        by: Authority(user: 1)),
      .withdrawalTermsInvalid
    ),
    (terms { $0.asset = 9 }, .unknownAsset), (terms { $0.chain = 1 }, .unknownChain),
    (terms { $0.minimum = 0 }, .withdrawalTermsInvalid),
    (terms { $0.minimum = -1 }, .withdrawalTermsInvalid),
    (terms { $0.minimum = giant }, .withdrawalTermsInvalid),
    (terms { $0.fee = -1 }, .withdrawalTermsInvalid),
    (terms { $0.fee = giant }, .withdrawalTermsInvalid),
    (terms { $0.userDayLimit = -1 }, .withdrawalTermsInvalid),
    (terms { $0.userDayLimit = .max }, .withdrawalTermsInvalid),
    (terms { $0.venueDayLimit = .min }, .withdrawalTermsInvalid),
    (terms { $0.venueDayLimit = giant }, .withdrawalTermsInvalid),
    (terms { $0.approvalAbove = -1 }, .withdrawalTermsInvalid),
    (terms { $0.approvalAbove = giant }, .withdrawalTermsInvalid),
    (terms { $0.approvals = Bounds.maximumApprovals + 1 }, .withdrawalTermsInvalid),
    (terms { $0.approvals = .max }, .withdrawalTermsInvalid),
  ]

  static let addresses: [(Command, Rejection)] = [
    (WithdrawalScene.add(0, own), .unknownUser), (WithdrawalScene.add(99, own), .unknownUser),
    (WithdrawalScene.add(.max, own), .unknownUser),
    (
      .user(.addPayoutAddress(PayoutAddressAddition(user: 2, chain: 1, address: own, label: ""))),
      .unknownChain
    ),
    (WithdrawalScene.add(2, empty), .addressInvalid),
    (WithdrawalScene.add(2, long), .addressInvalid),
    (WithdrawalScene.add(2, WithdrawalScene.address(0)), .addressInvalid),
    (WithdrawalScene.add(2, own), .addressExists),
    (
      WithdrawalScene.add(
        2, WithdrawalScene.address(9), label: String(repeating: "\u{e9}", count: 33)),
      .nameInvalid
    ),
    (WithdrawalScene.add(5, WithdrawalScene.address(9)), .userFrozen),
    (.user(.removePayoutAddress(user: 0, chain: 0, address: own)), .unknownUser),
    (.user(.removePayoutAddress(user: 99, chain: 0, address: own)), .unknownUser),
    (.user(.removePayoutAddress(user: 2, chain: 1, address: own)), .unknownChain),
    (
      .user(.removePayoutAddress(user: 2, chain: 0, address: WithdrawalScene.address(3))),
      .addressNotListed
    ),
    (.user(.removePayoutAddress(user: 2, chain: 0, address: empty)), .addressNotListed),
  ]

  static let requests: [(Command, Rejection)] = [
    (WithdrawalScene.request(0, 50, "a"), .unknownUser),
    (WithdrawalScene.request(99, 50, "a"), .unknownUser),
    (WithdrawalScene.request(.max, 50, "a"), .unknownUser),
    (WithdrawalScene.request(2, 50, "a", asset: 9), .unknownAsset),
    (WithdrawalScene.request(2, 50, "a", asset: Scene.coin), .withdrawalsNotOffered),
    (WithdrawalScene.request(5, 50, "a"), .userFrozen),
    (WithdrawalScene.request(2, 0, "a"), .amountInvalid),
    (WithdrawalScene.request(2, .min, "a"), .amountInvalid),
    (WithdrawalScene.request(2, giant, "a"), .amountInvalid),
    (WithdrawalScene.request(2, .max, "a"), .amountInvalid),
    (WithdrawalScene.request(2, 9, "a"), .withdrawalTooSmall),
    (WithdrawalScene.request(2, 50, "a", to: WithdrawalScene.address(3)), .addressNotListed),
    (WithdrawalScene.request(2, 50, "a", to: empty), .addressNotListed),
    (WithdrawalScene.request(2, giant - 1, "a"), .userDayLimit),
    // The same client id with another content, whatever became of the first.
    (WithdrawalScene.request(2, 101, "2"), .duplicateClientWithdrawalID),
    (WithdrawalScene.request(2, 101, "5"), .duplicateClientWithdrawalID),
    (WithdrawalScene.request(2, 100, "4", asset: 9), .duplicateClientWithdrawalID),
    (
      WithdrawalScene.request(2, 100, "3", to: WithdrawalScene.address(3)),
      .duplicateClientWithdrawalID
    ),
  ]

  static let ends: [(Command, Rejection)] = [
    (.withdrawal(.cancel(user: 3, id: 2)), .withdrawalNotFound),
    (.withdrawal(.cancel(user: 0, id: 2)), .withdrawalNotFound),
    (.withdrawal(.cancel(user: 2, id: 0)), .withdrawalNotFound),
    (.withdrawal(.cancel(user: 2, id: 6)), .withdrawalNotFound),
    (.withdrawal(.cancel(user: 2, id: .min)), .withdrawalNotFound),
    (.withdrawal(.cancel(user: 2, id: 3)), .withdrawalStarted),
    (.withdrawal(.cancel(user: 2, id: 4)), .withdrawalFinished),
    (.withdrawal(.cancel(user: 2, id: 5)), .withdrawalFinished),
    (.operation(.rejectWithdrawal(id: 2), by: Authority(user: 99, reason: "x")), .unknownUser),
    (.operation(.rejectWithdrawal(id: 2), by: Authority(user: 1, reason: "")), .reasonMissing),
    (
      .operation(
        .rejectWithdrawal(id: 2), by: Authority(user: 1, reason: String(repeating: "x", count: 201))
      ),
      .reasonMissing
    ),
    // No text of a database holds a zero byte: the ledger would stop at it.
    (.operation(.rejectWithdrawal(id: 2), by: Authority(user: 1, reason: "a\0b")), .reasonMissing),
    (
      .operation(.rejectWithdrawal(id: 9), by: Authority(user: 1, reason: "x")), .withdrawalNotFound
    ),
    (.operation(.rejectWithdrawal(id: 3), by: Authority(user: 1, reason: "x")), .withdrawalStarted),
    (
      .operation(.rejectWithdrawal(id: 4), by: Authority(user: 1, reason: "x")), .withdrawalFinished
    ),
    (.withdrawal(.start(id: 1)), .withdrawalNotApproved),
    (.withdrawal(.start(id: 4)), .withdrawalFinished),
    (.withdrawal(.start(id: 5)), .withdrawalFinished),
    (.withdrawal(.start(id: 6)), .withdrawalNotFound),
    (.withdrawal(.start(id: .max)), .withdrawalNotFound),
    (.withdrawal(.finish(id: 1)), .withdrawalNotStarted),
    (.withdrawal(.finish(id: 2)), .withdrawalNotStarted),
    (.withdrawal(.finish(id: 5)), .withdrawalFinished),
    (.withdrawal(.finish(id: 6)), .withdrawalNotFound),
    (.withdrawal(.finish(id: -1)), .withdrawalNotFound),
    (.withdrawal(.fail(id: 2, isCancelled: true)), .withdrawalNotStarted),
    (.withdrawal(.fail(id: 4, isCancelled: true)), .withdrawalFinished),
    (.withdrawal(.fail(id: 5, isCancelled: false)), .withdrawalFinished),
    (.withdrawal(.fail(id: .min, isCancelled: false)), .withdrawalNotFound),
  ]

  static let approvals: [(Command, Rejection)] = [
    (approve { $0.id = 6 }, .withdrawalNotFound), (approve { $0.id = .min }, .withdrawalNotFound),
    (approve { $0.id = 4 }, .withdrawalFinished), (approve { $0.id = 5 }, .withdrawalFinished),
    (approve { $0.operator = 0 }, .unknownUser), (approve { $0.operator = .max }, .unknownUser),
    (approve { $0.operator = 6 }, .notAnOperatorKey),
    (approve { $0.key = WithdrawalScene.key(6) }, .notAnOperatorKey),
    (approve { $0.key = WithdrawalScene.key(99) }, .notAnOperatorKey),
    (approve { $0.user = 3 }, .approvalMismatch), (approve { $0.asset = 1 }, .approvalMismatch),
    (approve { $0.amount += 1 }, .approvalMismatch), (approve { $0.fee = 0 }, .approvalMismatch),
    (approve { $0.address = WithdrawalScene.address(3) }, .approvalMismatch),
    // Another withdrawal with other fields, and those that need none.
    (approve { $0.id = 2 }, .approvalMismatch),
    (
      approve {
        $0.id = 2
        $0.amount = 100
      }, .approvalNotNeeded
    ),
    (
      approve {
        $0.id = 3
        $0.amount = 100
      }, .approvalNotNeeded
    ),
  ]

  static let rows = terms + addresses + requests + ends + approvals

  @Test(arguments: rows.indices) func isRefused(row: Int) {
    var engine = Self.scene()
    let (command, rejection) = Self.rows[row]
    var expected = Self.scene()
    expected.apply(.timeStandsStill(expected))
    #expect(engine.apply(command).rejection == rejection, "row \(row): \(command)")
    #expect(
      engine.effects.entries.isEmpty && engine.effects.directory.isEmpty
        && engine.effects.withdrawals.isEmpty, "row \(row)")
    #expect(Venue.snapshot(engine) == Venue.snapshot(expected), "row \(row) left something behind")
  }

  /// Those that need more than one scene has.
  @Test func theRest() {
    var engine = Self.scene()
    // Keys of other roles are none, and so is the owner's own.
    for (key, user, role) in [(UInt8(20), UserID(3), Role.trader), (21, 4, .readOnly)] {
      engine.apply(
        .operation(.registerKey(user: user, key: WithdrawalScene.key(key), role: role), by: .venue))
      let approval = WithdrawalScene.approval(
        1, by: user, of: 1_500, key: WithdrawalScene.key(key))
      #expect(engine.apply(approval.command).rejection == .notAnOperatorKey)
    }
    engine.apply(
      .operation(.registerKey(user: 2, key: WithdrawalScene.key(22), role: .operator), by: .venue))
    let own = WithdrawalScene.approval(1, by: 2, of: 1_500, key: WithdrawalScene.key(22))
    #expect(engine.apply(own.command).rejection == .approvalByOwner)
    #expect(engine.approve(1, by: 6, of: 1_500).rejection == nil)
    #expect(engine.approve(1, by: 6, of: 1_500).rejection == .approvalRepeated)
    // Funds: the fee is needed too, what is locked is not there, the limits come first.
    let taken = engine.cash(4)[0] - 51
    engine.apply(Venue.fund(4, Scene.usd, -taken, "taken"))
    #expect(engine.withdraw(4, 50, "a").rejection == .insufficientFunds)
    #expect(engine.withdraw(4, 49, "a").rejection == nil)
    #expect(engine.withdraw(4, 10, "b").rejection == .insufficientFunds)
    #expect(engine.withdraw(4, 5_000, "b").rejection == .userDayLimit)
    // Without an account at all.
    engine.apply(.operation(.registerUser(name: "poor"), by: .venue))
    engine.apply(WithdrawalScene.add(9, WithdrawalScene.address(9)))
    #expect(engine.withdraw(9, 10, "a").rejection == .insufficientFunds)
    #expect(engine.withdraw(3, 5_000, "a").rejection == nil)
    #expect(engine.withdraw(9, 3_000, "a").rejection == .venueDayLimit)
    // A frozen user's is not started, even where it came from a state of before.
    engine.users[4].isFrozen = true
    let id = engine.withdrawals.find(4, Venue.identifier("a"))?.id ?? 0
    #expect(engine.apply(.withdrawal(.start(id: id))).rejection == .userFrozen)
    var terms = WithdrawalScene.terms
    terms.isOpen = false
    engine.apply(.operation(.setWithdrawalTerms(terms), by: Authority(user: 1)))
    #expect(engine.withdraw(3, 10, "b").rejection == .withdrawalsNotOffered)
  }

  @Test func withdrawalsOfAUserAreBounded() {
    var engine = WithdrawalScene.make()
    for number in 0..<Bounds.maximumWithdrawalsOfUser {
      let reply = engine.withdraw(2, 10, "n-\(number)")
      #expect(engine.apply(.withdrawal(.cancel(user: 2, id: reply.id))).rejection == nil)
    }
    #expect(engine.withdraw(2, 10, "more").rejection == .tooManyWithdrawals)
    #expect(engine.withdraw(2, 10, "n-0").outcome == .repeated, "an answer takes no room")
    #expect(engine.withdraw(3, 10, "more").rejection == nil)
    engine.pass(24 * WithdrawalScene.hour)
    #expect(engine.withdraw(2, 10, "more").rejection == .tooManyWithdrawals)
    engine.pass(1)
    #expect(engine.withdraw(2, 10, "more").rejection == nil)
  }

  @Test func allWithdrawalsAreBounded() {
    var engine = WithdrawalScene.make()
    let users = Bounds.maximumWithdrawals / Bounds.maximumWithdrawalsOfUser
    for user in UserID(9)..<9 + UserID(users) + 1 {
      engine.apply(.operation(.registerUser(name: "user-\(user)"), by: .venue))
      engine.apply(Venue.fund(user, Scene.usd, 12, "fund-\(user)"))
      engine.apply(WithdrawalScene.add(user, WithdrawalScene.address(1)))
      for number in 0..<Bounds.maximumWithdrawalsOfUser {
        let request = WithdrawalScene.request(
          user, 10, "n-\(number)", to: WithdrawalScene.address(1))
        let reply = engine.apply(request)
        if reply.rejection != nil { break }
        engine.apply(.withdrawal(.cancel(user: user, id: reply.id)))
        engine.effects.removeAll()
      }
    }
    #expect(engine.withdrawals.count == Bounds.maximumWithdrawals)
    #expect(engine.withdraw(2, 10, "more").rejection == .tooManyWithdrawals)
    let bytes = Venue.snapshot(engine)
    #expect(throws: Never.self, "a full one is restored") {
      _ = try AuctionEngine(restoring: bytes)
    }
    engine.pass(24 * WithdrawalScene.hour + 1)
    #expect(engine.withdraw(2, 10, "more").rejection == nil)
    #expect(engine.withdrawals.records.count == 1)
  }
}

extension Command {
  /// A command that is refused and changes nothing but the count of commands.
  fileprivate static func timeStandsStill(_ engine: borrowing AuctionEngine) -> Command {
    .schedule(.advanceTime(engine.time))
  }
}
