// Seeded commands that bring money in and take it out, in every state that a withdrawal has.

@testable import Engine

extension CommandSource {
  /// The venue's chains, terms and keys are made by these commands too.
  mutating func transfer(_ engine: borrowing AuctionEngine) -> Command {
    switch random(60) {
    case 0: return .operation(.registerChain(name: random(4) == 0 ? "other" : "dev"), by: .venue)
    case 1:
      return .operation(
        .setAddressDelay(chain: chain(), seconds: Int64(random(3) * random(40))),
        by: Authority(user: operatorOrAnybody()))
    case 2..<4:
      return .operation(
        .setWithdrawalTerms(withdrawalTerms()), by: Authority(user: operatorOrAnybody()))
    case 4..<9:
      let user = user()
      return .user(
        .addPayoutAddress(
          PayoutAddressAddition(
            user: user, chain: chain(), address: payoutAddress(user), label: "x")))
    case 9:
      let user = user()
      return .user(.removePayoutAddress(user: user, chain: chain(), address: payoutAddress(user)))
    case 10, 11:
      guard engine.chain(named: "dev") != nil else {
        return .operation(.registerChain(name: "dev"), by: .venue)
      }
      return .deposit(
        .credit(
          DepositCredit(
            chain: 0, number: engine.lastNumbers(0).credit + Int64(random(4) == 0 ? 0 : 1),
            user: user(), asset: AssetID(random(3)), amount: 1 + Int128(random(900)))))
    case 12:
      guard engine.chain(named: "dev") != nil else {
        return .operation(.registerChain(name: "dev"), by: .venue)
      }
      let last = engine.lastNumbers(0)
      return .deposit(
        .clawBack(
          DepositClawback(
            chain: 0, number: last.clawback + 1, credit: last.credit, user: user(),
            asset: AssetID(random(3)), amount: 1 + Int128(random(900)))))
    case 13, 14:
      let user = 1 + UserID(random(4))
      let role: Role = random(8) == 0 ? .trader : .operator
      return .operation(
        .registerKey(user: user, key: WithdrawalScene.key(UInt8(100 + user)), role: role),
        by: .venue)
    case 15: return .operation(.revokeKey(WithdrawalScene.key(UInt8(101 + random(4)))), by: .venue)
    case 16, 17:
      // Hours, so that days end.
      time += Microseconds(random(20)) * WithdrawalScene.hour
      return .schedule(.advanceTime(time))
    case 18..<38: return request(engine)
    default: return step(engine)
    }
  }

  /// A request, or mostly what it lacks.
  private mutating func request(_ engine: borrowing AuctionEngine) -> Command {
    let request = withdrawalRequest()
    if random(8) == 0 { return .withdrawal(.request(request)) }
    guard engine.chain(named: "dev") != nil else {
      return .operation(.registerChain(name: "dev"), by: .venue)
    }
    // Before the first terms, or it waits for a day.
    guard let terms = engine.withdrawalTerms(of: request.asset) else {
      return engine.addressDelay(on: 0) == Withdrawals.defaultDelaySeconds
        ? .operation(.setAddressDelay(chain: 0, seconds: 1), by: Authority(user: 1))
        : .operation(.setWithdrawalTerms(withdrawalTerms()), by: Authority(user: 1))
    }
    let isListed = engine.payoutAddresses(of: request.user).contains {
      $0.chain == terms.chain && $0.address == request.address
    }
    if isListed { return .withdrawal(.request(request)) }
    return .user(
      .addPayoutAddress(
        PayoutAddressAddition(
          user: request.user, chain: terms.chain, address: request.address, label: "")))
  }

  /// The next step of one of the last.
  private mutating func step(_ engine: borrowing AuctionEngine) -> Command {
    let id = max(1, engine.withdrawals.count - Int64(random(6)))
    let owner = engine.withdrawal(id)?.user ?? 2
    return switch random(16) {
    case 0..<7: approval(engine.withdrawal(id), id).command
    case 7: .withdrawal(.cancel(user: random(4) == 0 ? user() : owner, id: id))
    case 8:
      .operation(.rejectWithdrawal(id: id), by: Authority(user: UserID(random(2)), reason: "no"))
    case 9..<13: .withdrawal(.start(id: id))
    case 13, 14: .withdrawal(.finish(id: id))
    default: .withdrawal(.fail(id: id, isCancelled: random(2) == 0))
    }
  }

  private mutating func approval(_ withdrawal: Withdrawal?, _ id: Int64) -> WithdrawalApproval {
    let user = 1 + UserID(random(4))
    return WithdrawalApproval(
      id: id, operator: user, key: WithdrawalScene.key(UInt8(100 + user)),
      user: withdrawal?.user ?? 2, asset: withdrawal?.asset ?? 0,
      amount: (withdrawal?.amount ?? 1) + (random(8) == 0 ? 1 : 0), fee: withdrawal?.fee ?? 0,
      address: withdrawal?.address ?? payoutAddress(2), signature: [1])
  }

  private mutating func withdrawalTerms() -> WithdrawalTerms {
    WithdrawalTerms(
      asset: AssetID(random(3)), chain: chain(), isOpen: random(8) != 0,
      minimum: 1 + Int128(random(20)), fee: Int128(random(6)),
      userDayLimit: 1_000 + Int128(random(4_000)), venueDayLimit: 3_000 + Int128(random(6_000)),
      approvalAbove: Int128(random(600)), approvals: UInt8(random(4)))
  }

  private mutating func withdrawalRequest() -> WithdrawalRequest {
    // Now and then an id again, with the same or another content.
    if random(8) != 0 { number += 1 }
    let user = user()
    return WithdrawalRequest(
      user: user, asset: AssetID(random(3)),
      amount: random(40) == 0 ? 1_000_000 : Int128(random(700)), address: payoutAddress(user),
      clientID: Venue.identifier("w-\(number)"))
  }

  private mutating func operatorOrAnybody() -> UserID { random(16) == 0 ? user() : 1 }

  private mutating func chain() -> ChainID { random(6) == 0 ? ChainID(random(3)) : 0 }

  /// Two of each user.
  private mutating func payoutAddress(_ user: UserID) -> PayoutAddress {
    WithdrawalScene.address(UInt8(truncatingIfNeeded: user) * 2 + UInt8(random(2)))
  }
}
