// Commands about withdrawals that break many rules.

import Auction
import Testing

@testable import Engine

enum WithdrawalLadders {
  static func climb() -> [Ladder] {
    settings() + [listing(), unlisting(), requesting(), approving()] + ending()
  }

  private static func settings() -> [Ladder] {
    var engine = PrecedenceScene.operators()
    var delay = Ladder(.setAddressDelay)
    for (chain, rejection) in [(ChainID(9), Rejection.unknownChain), (0, .withdrawalTermsInvalid)] {
      delay.step(
        &engine,
        .operation(.setAddressDelay(chain: chain, seconds: -1), by: SafeguardScene.by(1)),
        rejection)
    }
    var setting = Ladder(.setWithdrawalTerms)
    var terms = WithdrawalScene.terms
    (terms.asset, terms.chain, terms.minimum) = (9, 9, 0)
    func step(_ rejection: Rejection) {
      setting.step(
        &engine, .operation(.setWithdrawalTerms(terms), by: SafeguardScene.by(1)), rejection)
    }
    step(.unknownAsset)
    terms.asset = Scene.usd
    step(.unknownChain)
    terms.chain = 0
    step(.withdrawalTermsInvalid)
    return [delay, setting]
  }

  private static func listing() -> Ladder {
    var engine = PrecedenceScene.operators()
    var ladder = Ladder(.addPayoutAddress)
    var none = AuctionEngine()
    for number in 1..<UInt8(Bounds.maximumPayoutAddresses) {
      engine.must(WithdrawalScene.add(2, WithdrawalScene.address(100 + number)))
    }
    engine.must(.setFrozen(user: 2, frozen: true))
    var addition = PayoutAddressAddition(
      user: 99, chain: 9, address: PayoutAddress([]), label: String(repeating: "x", count: 65))
    ladder.step(&none, .user(.addPayoutAddress(addition)), .venueNotConfigured)
    ladder.step(&engine, .user(.addPayoutAddress(addition)), .unknownUser)
    addition.user = 2
    ladder.step(&engine, .user(.addPayoutAddress(addition)), .unknownChain)
    addition.chain = 0
    ladder.step(&engine, .user(.addPayoutAddress(addition)), .addressInvalid)
    addition.address = WithdrawalScene.address(2)
    ladder.step(&engine, .user(.addPayoutAddress(addition)), .nameInvalid)
    addition.label = ""
    ladder.step(&engine, .user(.addPayoutAddress(addition)), .userFrozen)
    engine.must(.setFrozen(user: 2, frozen: false))
    ladder.step(&engine, .user(.addPayoutAddress(addition)), .addressExists)
    addition.address = WithdrawalScene.address(9)
    ladder.step(&engine, .user(.addPayoutAddress(addition)), .tooManyAddresses)
    return ladder
  }

  private static func unlisting() -> Ladder {
    var engine = PrecedenceScene.operators()
    var ladder = Ladder(.removePayoutAddress)
    var none = AuctionEngine()
    func remove(_ user: UserID, _ chain: ChainID) -> Command {
      .user(.removePayoutAddress(user: user, chain: chain, address: WithdrawalScene.address(9)))
    }
    ladder.step(&none, remove(99, 9), .venueNotConfigured)
    ladder.step(&engine, remove(99, 9), .unknownUser)
    ladder.step(&engine, remove(2, 9), .unknownChain)
    engine.must(.setFrozen(user: 2, frozen: true))
    ladder.step(&engine, remove(2, 0), .userFrozen)
    engine.must(.setFrozen(user: 2, frozen: false))
    ladder.step(&engine, remove(2, 0), .addressNotListed)
    return ladder
  }

  private static func requesting() -> Ladder {
    var engine = PrecedenceScene.operators()
    var ladder = Ladder(.requestWithdrawal)
    var none = AuctionEngine()
    for number in 0..<Bounds.maximumWithdrawalsOfUser {
      let reply = engine.withdraw(2, 10, "n-\(number)")
      engine.must(.withdrawal(.cancel(user: 2, id: reply.id)))
    }
    engine.must(.setAddressDelay(chain: 0, seconds: 86_400))
    engine.must(WithdrawalScene.add(2, WithdrawalScene.address(9)))
    engine.must(.setFrozen(user: 2, frozen: true))
    var request = WithdrawalRequest(
      user: 99, asset: 9, amount: 0, address: PayoutAddress([]),
      clientID: Venue.identifier("n-0"))
    ladder.step(&none, .withdrawal(.request(request)), .venueNotConfigured)
    ladder.step(&engine, .withdrawal(.request(request)), .unknownUser)
    request.user = 2
    ladder.step(&engine, .withdrawal(.request(request)), .duplicateClientWithdrawalID)
    request.clientID = Venue.identifier("new")
    ladder.step(&engine, .withdrawal(.request(request)), .unknownAsset)
    request.asset = Scene.coin
    ladder.step(&engine, .withdrawal(.request(request)), .withdrawalsNotOffered)
    request.asset = Scene.usd
    ladder.step(&engine, .withdrawal(.request(request)), .userFrozen)
    engine.must(.setFrozen(user: 2, frozen: false))
    ladder.step(&engine, .withdrawal(.request(request)), .amountInvalid)
    request.amount = 9
    ladder.step(&engine, .withdrawal(.request(request)), .withdrawalTooSmall)
    request.amount = 6_000
    ladder.step(&engine, .withdrawal(.request(request)), .addressNotListed)
    request.address = WithdrawalScene.address(9)
    ladder.step(&engine, .withdrawal(.request(request)), .addressTooNew)
    request.address = WithdrawalScene.address(2)
    ladder.step(&engine, .withdrawal(.request(request)), .tooManyWithdrawals)
    engine.pass(Bounds.withdrawalWindow + 1)
    // Of the venue's 8,000 a day others took 7,000, and user 2 has nothing.
    engine.must(engine.withdraw(3, 5_000, "three"))
    engine.must(engine.withdraw(4, 2_000, "four"))
    engine.fund(2, Scene.usd, -engine.cash(2)[0])
    ladder.step(&engine, .withdrawal(.request(request)), .userDayLimit)
    request.amount = 2_000
    ladder.step(&engine, .withdrawal(.request(request)), .venueDayLimit)
    request.amount = 500
    ladder.step(&engine, .withdrawal(.request(request)), .insufficientFunds)
    return ladder
  }

  /// 1 of user 10, approved by 6 and 8, and 2, which waits; 3 of user 2 is cancelled.
  private static func approving() -> Ladder {
    var engine = PrecedenceScene.operators()
    var ladder = Ladder(.approveWithdrawal)
    engine.fund(10, Scene.usd, 100_000)
    engine.must(WithdrawalScene.add(10, WithdrawalScene.address(10)))
    engine.must(.setAddressDelay(chain: 0, seconds: 86_400))
    engine.must(engine.withdraw(10, 1_500, "1"))
    engine.must(engine.withdraw(10, 1_500, "2"))
    engine.must(engine.withdraw(2, 10, "3"))
    engine.must(.withdrawal(.cancel(user: 2, id: 3)))
    func approval(_ id: Int64, by user: UserID, of amount: Int128 = 1_500) -> Command {
      WithdrawalScene.approval(
        id, by: user, of: amount, user: 10, to: WithdrawalScene.address(10)
      ).command
    }
    engine.must(approval(1, by: 6))
    engine.must(approval(1, by: 8))
    ladder.step(&engine, approval(99, by: 11, of: 5), .withdrawalNotFound)
    ladder.step(&engine, approval(3, by: 11, of: 5), .withdrawalFinished)
    ladder.step(&engine, approval(2, by: 11, of: 5), .operatorKeyTooNew)
    ladder.step(&engine, approval(1, by: 10, of: 5), .approvalMismatch)
    ladder.step(&engine, approval(1, by: 10), .approvalByOwner)
    ladder.step(&engine, approval(1, by: 7), .approvalByGrantor)
    ladder.step(&engine, approval(1, by: 6), .approvalRepeated)
    ladder.step(&engine, approval(1, by: 1), .approvalNotNeeded)
    return ladder
  }

  /// 1 of user 2 waits for approvals, 2 is approved, 3 started, 4 cancelled.
  private static func ending() -> [Ladder] {
    var engine = PrecedenceScene.operators()
    var none = AuctionEngine()
    for (amount, id) in [(1_500, "1"), (100, "2"), (100, "3"), (100, "4")] {
      engine.must(engine.withdraw(2, Int128(amount), id))
    }
    for id in [Int64(2), 3, 4] {
      for user in [UserID(6), 8] { engine.must(engine.approve(id, by: user, of: 100)) }
    }
    engine.must(.withdrawal(.start(id: 3)))
    engine.must(.withdrawal(.cancel(user: 2, id: 4)))

    var cancelling = Ladder(.cancelWithdrawal)
    cancelling.step(&none, .withdrawal(.cancel(user: 3, id: 4)), .venueNotConfigured)
    cancelling.step(&engine, .withdrawal(.cancel(user: 3, id: 4)), .withdrawalNotFound)
    cancelling.step(&engine, .withdrawal(.cancel(user: 2, id: 4)), .withdrawalFinished)
    cancelling.step(&engine, .withdrawal(.cancel(user: 2, id: 3)), .withdrawalStarted)

    var rejecting = Ladder(.rejectWithdrawal)
    for (id, authority, rejection) in [
      (99, .venue, .reasonMissing), (99, PrecedenceScene.bank, .withdrawalNotFound),
      (4, PrecedenceScene.bank, .withdrawalFinished), (3, PrecedenceScene.bank, .withdrawalStarted),
    ] as [(Int64, Authority, Rejection)] {
      rejecting.step(&engine, .operation(.rejectWithdrawal(id: id), by: authority), rejection)
    }

    var finishing = Ladder(.endWithdrawal)
    finishing.step(&none, .withdrawal(.finish(id: 99)), .venueNotConfigured)
    finishing.step(&engine, .withdrawal(.finish(id: 99)), .withdrawalNotFound)
    finishing.step(&engine, .withdrawal(.fail(id: 4, isCancelled: false)), .withdrawalFinished)
    finishing.step(&engine, .withdrawal(.fail(id: 1, isCancelled: true)), .withdrawalNotStarted)

    // No command leaves a frozen user a withdrawal that is not started; a snapshot of before could.
    engine.users[2].isFrozen = true
    var starting = Ladder(.startWithdrawal)
    starting.step(&none, .withdrawal(.start(id: 99)), .venueNotConfigured)
    starting.step(&engine, .withdrawal(.start(id: 99)), .withdrawalNotFound)
    starting.step(&engine, .withdrawal(.start(id: 4)), .withdrawalFinished)
    starting.step(&engine, .withdrawal(.start(id: 1)), .withdrawalNotApproved)
    starting.step(&engine, .withdrawal(.start(id: 2)), .userFrozen)
    return [cancelling, rejecting, finishing, starting]
  }
}
