// Withdrawals: exact entries of each path, each refusal, limits over time, approvals, and histories from seeds
// against a naive account of the same.

import Auction
import Testing

@testable import Engine

@Suite struct WithdrawalTests {
  static let cold = PayoutAddress([UInt8](repeating: 7, count: 20))
  static let day: Microseconds = 24 * 3_600 * 1_000_000

  static func key(_ byte: UInt8) -> PublicKey {
    guard let key = PublicKey([UInt8](repeating: byte, count: 32)) else {
      preconditionFailure("32 bytes")
    }
    return key
  }

  static func terms(
    _ asset: AssetID = 0, isOpen: Bool = true, minimum: Int128 = 100, fee: Int128 = 7,
    userDayLimit: Int128 = 50_000, venueDayLimit: Int128 = 80_000, approvalAbove: Int128 = 10_000,
    approvals: UInt8 = 2
  ) -> Command {
    .setWithdrawalTerms(
      WithdrawalTerms(
        asset: asset, chain: 0, isOpen: isOpen, minimum: minimum, fee: fee,
        userDayLimit: userDayLimit, venueDayLimit: venueDayLimit, approvalAbove: approvalAbove,
        approvals: approvals))
  }

  /// Operators 1, 3 and 4 with keys 1, 3 and 4; users 2 and 5 may take out at once.
  static func venue() -> AuctionEngine {
    var engine = Venue.make()
    var commands: [Command] = [
      .registerChain(name: "dev"), .setAddressDelay(chain: 0, seconds: 0), terms(),
    ]
    for user: UserID in [2, 5] {
      commands.append(
        .addPayoutAddress(
          PayoutAddressAddition(user: user, chain: 0, address: cold, label: "cold")))
    }
    for user: UserID in [1, 3, 4] {
      commands.append(.registerKey(user: user, key: key(UInt8(user)), role: .operator))
    }
    for command in commands {
      let reply = engine.apply(command)
      precondition(reply.rejection == nil, "\(command): \(reply)")
    }
    engine.effects.removeAll()
    return engine
  }

  static func request(
    _ amount: Int128, _ id: String = "w", user: UserID = 2, asset: AssetID = 0,
    to address: PayoutAddress = cold
  ) -> Command {
    .requestWithdrawal(
      WithdrawalRequest(
        user: user, asset: asset, amount: amount, address: address,
        clientID: Venue.identifier(id)))
  }

  static func approval(
    of withdrawal: Withdrawal, by user: UserID, key byte: UInt8
  ) -> WithdrawalApproval {
    WithdrawalApproval(
      id: withdrawal.id, operator: user, key: key(byte), user: withdrawal.user,
      asset: withdrawal.asset, amount: withdrawal.amount, fee: withdrawal.fee,
      address: withdrawal.address, signature: [])
  }

  private func entries(_ engine: borrowing AuctionEngine) -> [String] {
    engine.effects.entries.map {
      "\($0.user) \($0.type.name) \($0.freeDelta) \($0.lockedDelta)"
    }
  }

  @Test func aPaidWithdrawalIsTheUsersAndTheFeeTheVenues() {
    var engine = Self.venue()
    let issued = engine.issued(0)
    #expect(engine.apply(Self.request(1_000)).id == 1)
    #expect(engine.apply(.finishWithdrawal(id: 1)).rejection == .withdrawalNotStarted)
    #expect(engine.apply(.startWithdrawal(id: 1)).rejection == nil)
    #expect(engine.apply(.startWithdrawal(id: 1)).detail == 1)
    #expect(
      engine.apply(.cancelWithdrawal(user: 2, id: 1)).rejection == .withdrawalStarted)
    #expect(
      engine.apply(.rejectWithdrawal(id: 1, by: 1, reason: "no")).rejection == .withdrawalStarted)
    #expect(engine.apply(.finishWithdrawal(id: 1)).rejection == nil)
    #expect(engine.apply(.finishWithdrawal(id: 1)).detail == 1)
    #expect(
      engine.apply(.failWithdrawal(id: 1, isCancelled: false)).rejection == .withdrawalFinished)
    #expect(
      entries(engine) == [
        "2 LOCK -1007 1007", "2 WITHDRAWAL 0 -1000", "2 FEE 0 -7", "0 FEE 7 0",
      ])
    #expect(engine.issued(0) == issued - 1_000)
    #expect(engine.balance(2, 0).locked == 0)
  }

  /// Each way in which nothing leaves gives the lock back, once.
  @Test(arguments: ["cancel", "reject", "revert", "noop", "freeze", "clawback"])
  func whatDoesNotLeaveReturns(_ way: String) {
    var engine = Self.venue()
    let before = engine.balance(2, 0)
    engine.apply(.creditDeposit(DepositCredit(chain: 0, number: 1, user: 2, asset: 0, amount: 5)))
    _ = engine.apply(Self.request(1_000))
    if way == "revert" || way == "noop" { _ = engine.apply(.startWithdrawal(id: 1)) }
    engine.effects.removeAll()
    let command: Command =
      switch way {
      case "cancel": .cancelWithdrawal(user: 2, id: 1)
      case "reject": .rejectWithdrawal(id: 1, by: 1, reason: "no")
      case "revert": .failWithdrawal(id: 1, isCancelled: false)
      case "noop": .failWithdrawal(id: 1, isCancelled: true)
      case "freeze": .setFrozen(user: 2, frozen: true)
      default:
        .clawBackDeposit(
          DepositClawback(chain: 0, number: 1, credit: 1, user: 2, asset: 0, amount: 5))
      }
    #expect(engine.apply(command).rejection == nil)
    let again = engine.apply(command)
    #expect(again.rejection != nil || again.detail == 1 || way == "freeze")
    #expect(entries(engine).filter { $0.contains("LOCK") } == ["2 UNLOCK 1007 -1007"])
    #expect(engine.balance(2, 0).locked == 0)
    #expect(engine.balance(2, 0).total == before.total + (way == "clawback" ? 0 : 5))
    #expect(engine.withdrawal(1)?.status.isFinished == true)
  }

  @Test func eachRefusalHasItsName() {
    let other = PayoutAddress([UInt8](repeating: 9, count: 20))
    let rows: [(Command, Rejection)] = [
      (Self.request(99), .withdrawalTooSmall), (Self.request(0), .amountInvalid),
      (Self.request(-5), .amountInvalid), (Self.request(.max), .amountInvalid),
      (Self.request(1_000, asset: 1), .withdrawalsNotOffered),
      (Self.request(1_000, asset: 9), .unknownAsset),
      (Self.request(1_000, user: 99), .unknownUser), (Self.request(1_000, user: 0), .unknownUser),
      (Self.request(1_000, user: 3), .addressNotListed),
      (Self.request(1_000, to: other), .addressNotListed),
      (Self.request(50_001), .userDayLimit),
      (.cancelWithdrawal(user: 2, id: 1), .withdrawalNotFound),
      (.startWithdrawal(id: 1), .withdrawalNotFound),
      (.finishWithdrawal(id: .min), .withdrawalNotFound),
      (.failWithdrawal(id: .max, isCancelled: true), .withdrawalNotFound),
      (.rejectWithdrawal(id: 1, by: 1, reason: ""), .reasonMissing),
      (.rejectWithdrawal(id: 1, by: 99, reason: "x"), .unknownUser),
      (.setAddressDelay(chain: 9, seconds: 1), .unknownChain),
      (.setAddressDelay(chain: 0, seconds: -1), .withdrawalTermsInvalid),
      (.setAddressDelay(chain: 0, seconds: .max), .withdrawalTermsInvalid),
      (Self.terms(minimum: 0), .withdrawalTermsInvalid),
      (Self.terms(fee: -1), .withdrawalTermsInvalid),
      (Self.terms(userDayLimit: .max), .withdrawalTermsInvalid),
      (Self.terms(approvals: 9), .withdrawalTermsInvalid),
      (
        .addPayoutAddress(
          PayoutAddressAddition(user: 2, chain: 0, address: Self.cold, label: "")), .addressExists
      ),
      (
        .addPayoutAddress(
          PayoutAddressAddition(user: 2, chain: 0, address: PayoutAddress([]), label: "")),
        .addressInvalid
      ),
      (
        .addPayoutAddress(
          PayoutAddressAddition(
            user: 2, chain: 0, address: PayoutAddress([UInt8](repeating: 0, count: 20)), label: "")
        ), .addressInvalid
      ),
      (.removePayoutAddress(user: 3, chain: 0, address: Self.cold), .addressNotListed),
    ]
    for (command, rejection) in rows {
      var engine = Self.venue()
      let count = engine.entryCount
      #expect(engine.apply(command).rejection == rejection, "\(command)")
      #expect(engine.entryCount == count, "\(command) moved money")
    }
    var closed = Self.venue()
    _ = closed.apply(Self.terms(isOpen: false))
    #expect(closed.apply(Self.request(1_000)).rejection == .withdrawalsNotOffered)
    _ = closed.apply(Self.terms(userDayLimit: 1 << 100, venueDayLimit: 1 << 100))
    #expect(closed.apply(Self.request(199_994)).rejection == .insufficientFunds)
    #expect(closed.apply(Self.request(199_993)).rejection == nil)
  }

  @Test func theSameRequestIsOneWithdrawal() {
    var engine = Self.venue()
    let first = engine.apply(Self.request(1_000, "a"))
    _ = engine.apply(.advanceTime(engine.time + 5))
    let again = engine.apply(Self.request(1_000, "a"))
    #expect(again.id == first.id && again.time == first.time && again.detail == 1)
    #expect(
      engine.apply(Self.request(1_001, "a")).rejection == .duplicateClientWithdrawalID)
    #expect(engine.balance(2, 0).locked == 1_007)
    // Another user's id is another id.
    #expect(engine.apply(Self.request(1_000, "a", user: 5)).id == 2)
    // Remembered for a day, cancelled or not, and then forgotten.
    _ = engine.apply(.cancelWithdrawal(user: 2, id: 1))
    _ = engine.apply(.advanceTime(engine.time + Self.day - 5))
    #expect(engine.apply(Self.request(1_000, "a")).id == 1)
    _ = engine.apply(.advanceTime(engine.time + 1))
    #expect(engine.apply(Self.request(1_000, "a")).id == 3)
  }

  @Test func limitsRollOverADay() {
    var engine = Self.venue()
    #expect(engine.apply(Self.request(30_000, "a")).rejection == nil)
    _ = engine.apply(.advanceTime(engine.time + Self.day / 2))
    #expect(engine.apply(Self.request(20_000, "b")).rejection == nil)
    #expect(engine.apply(Self.request(100, "c")).rejection == .userDayLimit)
    #expect(engine.apply(Self.request(30_001, "d", user: 5)).rejection == .venueDayLimit)
    #expect(engine.apply(Self.request(30_000, "d", user: 5)).rejection == nil)
    // What does not leave does not count.
    _ = engine.apply(.cancelWithdrawal(user: 5, id: 3))
    #expect(engine.apply(Self.request(30_000, "e", user: 5)).rejection == nil)
    _ = engine.apply(.advanceTime(engine.time + Self.day / 2))
    #expect(engine.apply(Self.request(100, "c")).rejection == .userDayLimit)
    _ = engine.apply(.advanceTime(engine.time + 1))
    #expect(engine.apply(Self.request(30_000, "f")).rejection == nil)
    #expect(engine.apply(Self.request(100, "g")).rejection == .userDayLimit)
  }

  @Test func aNewAddressWaitsItsTime() {
    var engine = Self.venue()
    _ = engine.apply(.setAddressDelay(chain: 0, seconds: 60))
    let fresh = PayoutAddress([UInt8](repeating: 8, count: 20))
    let added = engine.apply(
      .addPayoutAddress(PayoutAddressAddition(user: 2, chain: 0, address: fresh, label: "")))
    #expect(added.detail == engine.time + 60_000_000)
    #expect(engine.apply(Self.request(1_000, to: fresh)).rejection == .addressTooNew)
    _ = engine.apply(.advanceTime(engine.time + 59_999_999))
    #expect(engine.apply(Self.request(1_000, to: fresh)).rejection == .addressTooNew)
    _ = engine.apply(.advanceTime(engine.time + 1))
    #expect(engine.apply(Self.request(1_000, to: fresh)).rejection == nil)
    // A shorter delay is no way around for what waits already.
    for index in 0..<(Bounds.maximumPayoutAddresses - 2) {
      let more = PayoutAddress([UInt8](repeating: UInt8(100 + index), count: 20))
      #expect(
        engine.apply(
          .addPayoutAddress(PayoutAddressAddition(user: 2, chain: 0, address: more, label: ""))
        ).rejection == nil)
    }
    let last = PayoutAddress([UInt8](repeating: 99, count: 20))
    #expect(
      engine.apply(
        .addPayoutAddress(PayoutAddressAddition(user: 2, chain: 0, address: last, label: ""))
      ).rejection == .tooManyAddresses)
  }

  @Test func operatorsApproveWhatTheySign() throws {
    var engine = Self.venue()
    #expect(engine.apply(Self.request(10_000, "small")).rejection == nil)
    #expect(engine.withdrawal(1)?.status == .approved)
    #expect(engine.apply(Self.request(10_001, "big")).rejection == nil)
    let asked = engine.withdrawal(2)
    let big = try #require(asked)
    #expect(engine.apply(.startWithdrawal(id: 2)).rejection == .withdrawalNotApproved)
    let good = Self.approval(of: big, by: 1, key: 1)
    for change in 0..<5 {
      var wrong = good
      switch change {
      case 0: wrong.amount += 1
      case 1: wrong.fee -= 1
      case 2: wrong.user = 5
      case 3: wrong.asset = 1
      default: wrong.address = PayoutAddress([1])
      }
      #expect(engine.apply(.approveWithdrawal(wrong)).rejection == .approvalMismatch)
    }
    var stranger = good
    stranger.key = Self.key(3)
    #expect(engine.apply(.approveWithdrawal(stranger)).rejection == .notAnOperatorKey)
    #expect(engine.apply(.approveWithdrawal(good)).detail == 1)
    #expect(engine.apply(.approveWithdrawal(good)).rejection == .approvalRepeated)
    // A second key of the same person is the same person.
    _ = engine.apply(.registerKey(user: 1, key: Self.key(11), role: .operator))
    let twice = Self.approval(of: big, by: 1, key: 11)
    #expect(engine.apply(.approveWithdrawal(twice)).rejection == .approvalRepeated)
    #expect(
      engine.apply(.approveWithdrawal(Self.approval(of: big, by: 3, key: 3))).detail == 0)
    #expect(engine.withdrawal(2)?.status == .approved)
    #expect(
      engine.apply(.approveWithdrawal(Self.approval(of: big, by: 4, key: 4))).rejection
        == .approvalNotNeeded)
    // Nobody approves an own withdrawal.
    _ = engine.apply(.registerKey(user: 2, key: Self.key(22), role: .operator))
    _ = engine.apply(Self.request(10_002, "own"))
    let last = engine.withdrawal(3)
    let own = try #require(last)
    #expect(
      engine.apply(.approveWithdrawal(Self.approval(of: own, by: 2, key: 22))).rejection
        == .approvalByOwner)
  }

  @Test func aFrozenUserTakesNothingOut() {
    var engine = Self.venue()
    _ = engine.apply(Self.request(1_000, "a"))
    _ = engine.apply(.startWithdrawal(id: 1))
    _ = engine.apply(.setFrozen(user: 2, frozen: true))
    // What is on its way cannot be called back.
    #expect(engine.withdrawal(1)?.status == .started)
    #expect(engine.apply(Self.request(1_000, "b")).rejection == .userFrozen)
    let fresh = PayoutAddress([5])
    #expect(
      engine.apply(
        .addPayoutAddress(PayoutAddressAddition(user: 2, chain: 0, address: fresh, label: ""))
      ).rejection == .userFrozen)
    #expect(engine.apply(.finishWithdrawal(id: 1)).rejection == nil)
  }

  /// Random histories: locks are those of what is not finished, limits are those of a list of everything, and
  /// a snapshot in the midst has the same bytes and the same future.
  @Test(arguments: UInt64(1)...24) func historiesBalance(seed: UInt64) throws {
    var engine = Self.venue()
    var source = CommandSource(seed: seed)
    var restored = try AuctionEngine(restoring: Venue.snapshot(engine))
    var asked: [(amount: Int128, user: UserID, time: Microseconds, id: Int64)] = []
    for step in 0..<900 {
      let command = Self.command(&source, engine)
      let reply = engine.apply(command)
      #expect(restored.apply(command) == reply, "seed \(seed) step \(step)")
      if case .requestWithdrawal(let request) = command, reply.rejection == nil, reply.detail == 0 {
        asked.append((request.amount, request.user, engine.time, reply.id))
        let recent = asked.filter { line in
          guard engine.time - line.time <= Self.day else { return false }
          return engine.withdrawal(line.id)?.countsForLimits ?? false
        }
        #expect(recent.reduce(0) { $0 + $1.amount } <= 80_000, "seed \(seed) step \(step)")
        let own = recent.filter { $0.user == request.user }
        #expect(own.reduce(0) { $0 + $1.amount } <= 50_000, "seed \(seed) step \(step)")
      }
      for user: UserID in [2, 5] {
        let open = asked.compactMap { engine.withdrawal($0.id) }
          .filter { $0.user == user && !$0.status.isFinished }
        #expect(
          engine.balance(user, 0).locked == open.reduce(0) { $0 + $1.lock },
          "seed \(seed) step \(step): \(command)")
      }
      if step == 450 {
        let bytes = Venue.snapshot(engine)
        restored = try AuctionEngine(restoring: bytes)
        #expect(Venue.snapshot(restored) == bytes, "seed \(seed)")
      }
      engine.effects.removeAll()
      restored.effects.removeAll()
    }
    #expect(Venue.snapshot(restored) == Venue.snapshot(engine), "seed \(seed)")
    #expect(asked.count > 20, "seed \(seed): too few withdrawals to mean anything")
  }

  private static func command(
    _ source: inout CommandSource, _ engine: borrowing AuctionEngine
  ) -> Command {
    let users: [UserID] = [2, 5]
    let user = users[Int(source.random(2))]
    let id = Int64(source.random(60)) + 1
    switch source.random(12) {
    case 0, 1, 2, 3:
      return request(
        Int128(source.random(12_000)), "w-\(source.random(500))", user: user)
    case 4: return .startWithdrawal(id: id)
    case 5: return .finishWithdrawal(id: id)
    case 6: return .failWithdrawal(id: id, isCancelled: source.random(2) == 0)
    case 7: return .cancelWithdrawal(user: user, id: id)
    case 8:
      guard let withdrawal = engine.withdrawalsToApprove().first else {
        return .rejectWithdrawal(id: id, by: 1, reason: "random")
      }
      let by = [UserID(1), 3, 4][Int(source.random(3))]
      return .approveWithdrawal(approval(of: withdrawal, by: by, key: UInt8(by)))
    case 9: return .advanceTime(engine.time + Microseconds(source.random(4)) * 3_600_000_000)
    case 10: return .setFrozen(user: user, frozen: source.random(4) == 0)
    default:
      return .adjustBalance(
        BalanceAdjustment(
          operator: 1, user: user, asset: 0, amount: 20_000, reason: "more",
          requestID: Venue.identifier("more-\(source.random(1 << 40))")))
    }
  }

  /// Bytes that no engine writes are refused.
  @Test(arguments: UInt64(1)...12) func damagedSnapshotsAreRefusedOrHarmless(seed: UInt64) {
    var engine = Self.venue()
    _ = engine.apply(Self.request(1_000, "a"))
    _ = engine.apply(Self.request(20_000, "b"))
    _ = engine.apply(.startWithdrawal(id: 1))
    let bytes = Venue.snapshot(engine)
    var source = CommandSource(seed: seed)
    for _ in 0..<400 {
      var damaged = bytes
      let index = bytes.count - 1 - Int(source.random(220))
      damaged[index] ^= UInt8(1 << source.random(8))
      guard var other = try? AuctionEngine(restoring: damaged) else { continue }
      // What was let in must not stop the process.
      for command: Command in [
        .startWithdrawal(id: 2), .finishWithdrawal(id: 1), .cancelWithdrawal(user: 2, id: 2),
        Self.request(500, "c"), .advanceTime(other.time + 2 * Self.day), Self.request(600, "d"),
      ] {
        _ = other.apply(command)
      }
    }
  }
}
