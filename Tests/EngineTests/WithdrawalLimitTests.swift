// Limits over 24 hours at their edges, what is remembered meanwhile, and a slow oracle for both.

import Testing

@testable import Engine

@Suite struct WithdrawalLimitTests {
  static let seeds: [UInt64] = Array(1...24)
  private static let day = 24 * WithdrawalScene.hour

  @Test func aUsersDayRolls() {
    var engine = WithdrawalScene.make()
    let start = engine.time
    engine.pay(engine.withdraw(2, 1_000, "a").id)
    engine.pass(WithdrawalScene.hour)
    engine.pay(engine.withdraw(2, 4_000, "b").id)
    #expect(engine.withdraw(2, 10, "c").rejection == .userDayLimit)
    // To the microsecond: what is 24 hours old still counts, what is older does not.
    engine.apply(.schedule(.advanceTime(start + Self.day)))
    #expect(engine.withdraw(2, 10, "c").rejection == .userDayLimit)
    engine.apply(.schedule(.advanceTime(start + Self.day + 1)))
    #expect(engine.withdraw(2, 1_001, "c").rejection == .userDayLimit)
    #expect(engine.withdraw(2, 1_000, "c").rejection == nil)
    #expect(engine.withdraw(2, 10, "d").rejection == .userDayLimit)
    engine.apply(.schedule(.advanceTime(start + WithdrawalScene.hour + Self.day + 1)))
    #expect(engine.withdraw(2, 4_000, "d").rejection == nil)
  }

  @Test func theVenuesDayIsOfAllUsers() {
    var engine = WithdrawalScene.make()
    engine.pay(engine.withdraw(2, 5_000, "a").id)
    #expect(engine.withdraw(3, 3_001, "a").rejection == .venueDayLimit)
    engine.pay(engine.withdraw(3, 3_000, "a").id)
    #expect(engine.withdraw(4, 10, "a").rejection == .venueDayLimit)
    #expect(engine.withdraw(2, 10, "b").rejection == .userDayLimit, "the user's comes first")
    engine.pass(Self.day + 1)
    #expect(engine.withdraw(4, 5_000, "a").rejection == nil)
  }

  /// What was called off does not count, whatever ended it; what left does.
  @Test func whatWasCalledOffDoesNotCount() {
    var engine = WithdrawalScene.make()
    func ask(_ id: String) -> Int64 {
      let reply = engine.withdraw(2, 5_000, id)
      #expect(reply.rejection == nil, "\(id)")
      #expect(engine.withdraw(2, 10, "more").rejection == .userDayLimit)
      return reply.id
    }
    let cancelled = ask("a")
    engine.apply(.withdrawal(.cancel(user: 2, id: cancelled)))
    let rejected = ask("b")
    engine.apply(.operation(.rejectWithdrawal(id: rejected), by: Authority(user: 1, reason: "x")))
    let aborted = ask("c")
    engine.begin(aborted)
    engine.apply(.withdrawal(.fail(id: aborted, isCancelled: true)))
    _ = ask("d")
    engine.apply(.operation(.setFrozen(user: 2, frozen: true), by: .venue))
    engine.apply(.operation(.setFrozen(user: 2, frozen: false), by: .venue))
    engine.pay(ask("e"))
    #expect(engine.withdraw(2, 10, "more").rejection == .userDayLimit)
  }

  /// A user whose payments revert gets no new limit by it: they count for their day as those that
  /// left.
  @Test func aRevertedOneCountsForItsDay() {
    var engine = WithdrawalScene.make()
    let start = engine.time
    let reply = engine.withdraw(2, 5_000, "a")
    engine.begin(reply.id)
    engine.apply(.withdrawal(.fail(id: reply.id, isCancelled: false)))
    #expect(engine.cash(2) == [100_000, 0])
    #expect(engine.withdraw(2, 10, "b").rejection == .userDayLimit)
    #expect(engine.withdraw(3, 3_001, "b").rejection == .venueDayLimit)
    engine.apply(.schedule(.advanceTime(start + Self.day)))
    #expect(engine.withdraw(2, 10, "b").rejection == .userDayLimit)
    engine.apply(.schedule(.advanceTime(start + Self.day + 1)))
    #expect(engine.withdraw(2, 5_000, "b").rejection == nil)
  }

  /// Else several days' limits would leave at once when the wallet has coins again.
  @Test func whatIsNotFinishedCountsHoweverOld() {
    var engine = WithdrawalScene.make()
    engine.begin(engine.withdraw(2, 900, "started").id)
    #expect(engine.withdraw(2, 100, "approved").rejection == nil)
    #expect(engine.withdraw(2, 2_000, "requested").rejection == nil)
    for round in 0..<3 {
      engine.pass(Self.day + 1)
      #expect(engine.withdraw(2, 2_001, "r-\(round)").rejection == .userDayLimit)
      let theirs = engine.withdraw(3, 4_000, "r-\(round)")
      #expect(theirs.rejection == nil)
      #expect(engine.withdraw(4, 1_001, "r-\(round)").rejection == .venueDayLimit)
      engine.apply(.withdrawal(.cancel(user: 3, id: theirs.id)))
    }
    // Each leaves the day when it ends, once, whatever its end.
    func limits(_ id: String, _ free: Int128) {
      #expect(engine.withdraw(2, free + 1, id).rejection == .userDayLimit, "\(id)")
      let reply = engine.withdraw(2, free, id)
      #expect(reply.rejection == nil, "\(id)")
      engine.apply(.withdrawal(.cancel(user: 2, id: reply.id)))
    }
    engine.apply(.withdrawal(.finish(id: 1)))
    limits("a", 2_900)
    engine.apply(.withdrawal(.cancel(user: 2, id: 2)))
    limits("b", 3_000)
    engine.begin(3)
    limits("c", 3_000)
    engine.apply(.withdrawal(.fail(id: 3, isCancelled: false)))
    limits("d", 5_000)
    #expect(engine.withdrawals.day(2, Scene.usd) == (0, 0))
    engine.accounts.checkConservation()
  }

  /// Nor does an end take anything off twice where nobody asked between the window's end and it.
  @Test func aLateEndIsTakenOffOnce() {
    var engine = WithdrawalScene.make()
    for (id, amount) in [("a", 1_000), ("b", 900)] {
      engine.begin(engine.withdraw(2, Int128(amount), id).id)
    }
    engine.pass(Self.day + 1)
    engine.apply(.withdrawal(.finish(id: 1)))
    engine.apply(.withdrawal(.fail(id: 2, isCancelled: true)))
    #expect(engine.withdraw(2, 5_000, "c").rejection == nil)
    #expect(engine.withdraw(2, 10, "d").rejection == .userDayLimit)
    #expect(engine.withdrawals.day(2, Scene.usd) == (5_000, 5_000))
  }

  /// A limit that falls below what left today refuses, and nothing else.
  @Test func limitsMayFall() {
    var engine = WithdrawalScene.make()
    _ = engine.withdraw(2, 1_000, "a")
    var terms = WithdrawalScene.terms
    terms.userDayLimit = 0
    engine.apply(.operation(.setWithdrawalTerms(terms), by: Authority(user: 1)))
    #expect(engine.withdraw(2, 10, "b").rejection == .userDayLimit)
    (terms.userDayLimit, terms.venueDayLimit) = (5_000, 500)
    engine.apply(.operation(.setWithdrawalTerms(terms), by: Authority(user: 1)))
    #expect(engine.withdraw(2, 10, "b").rejection == .venueDayLimit)
    #expect(engine.apply(.withdrawal(.start(id: 1))).rejection == nil)
  }

  // MARK: What is remembered

  @Test func aRequestIsAnsweredOnce() {
    var engine = WithdrawalScene.make()
    let first = engine.withdraw(2, 100, "a")
    let asked = engine.time
    _ = engine.takeEntries()
    engine.pass(WithdrawalScene.hour)
    let again = Reply(rejection: nil, id: first.id, time: asked, outcome: .repeated)
    #expect(engine.withdraw(2, 100, "a") == again)
    let other = engine.withdraw(2, 101, "a")
    #expect(other.rejection == .duplicateClientWithdrawalID && other.id == first.id)
    #expect(engine.withdraw(3, 100, "a").id == 2, "client ids are each user's own")
    #expect(engine.takeEntries() == ["3 lock -102 102"])
    // Terms, addresses and the user's state do not change an answer that was given.
    var terms = WithdrawalScene.terms
    (terms.isOpen, terms.fee) = (false, 50)
    engine.apply(.operation(.setWithdrawalTerms(terms), by: Authority(user: 1)))
    engine.apply(
      .user(.removePayoutAddress(user: 2, chain: 0, address: WithdrawalScene.address(2))))
    #expect(engine.withdraw(2, 100, "a") == again)
  }

  /// Finished it is remembered for 24 hours from the request; unfinished, until it ends.
  @Test func aFinishedOneIsForgottenAfterADay() {
    var engine = WithdrawalScene.make()
    for id in ["a", "b"] { _ = engine.withdraw(2, 100, id) }
    for id in Int64(1)...2 { engine.apply(.withdrawal(.start(id: id))) }
    engine.apply(.withdrawal(.finish(id: 1)))
    engine.pass(Self.day)
    #expect(engine.withdraw(2, 100, "a").outcome == .repeated)
    engine.pass(1)
    #expect(engine.withdraw(2, 100, "b").outcome == .repeated, "it is on its way still")
    #expect(engine.withdrawal(1) == nil)
    // Custody is told that it came too late, and never books it twice.
    _ = engine.takeEntries()
    for command in [
      Command.withdrawal(.finish(id: 1)), .withdrawal(.fail(id: 1, isCancelled: true)),
    ] { #expect(engine.apply(command).rejection == .withdrawalFinished) }
    #expect(engine.apply(.withdrawal(.start(id: 1))).rejection == .withdrawalNotFound)
    #expect(
      engine.apply(.withdrawal(.finish(id: 2))) == Reply(rejection: nil, id: 2, time: engine.time))
    #expect(engine.apply(.withdrawal(.finish(id: 2))).rejection == .withdrawalFinished)
    #expect(engine.takeEntries() == ["2 withdrawal 0 -100", "2 fee 0 -2", "0 fee 2 0"])
    #expect(engine.withdrawals.records.isEmpty && engine.withdrawals.byClientID.isEmpty)
    #expect(engine.withdraw(2, 100, "a").id == 3)
  }

  // MARK: The oracle

  /// What the rule says, by looking at everything that was ever asked for.
  private struct Oracle {
    struct Row {
      var user: UserID
      var amount: Int128
      var id: String
      var time: Microseconds
      var status = WithdrawalStatus.approved
    }

    static let terms = {
      var terms = WithdrawalScene.terms
      (terms.userDayLimit, terms.venueDayLimit) = (2_500, 6_000)
      terms.approvalAbove = 1_300
      return terms
    }()

    var rows: [Row] = []

    func day(_ now: Microseconds, of user: UserID?) -> Int128 {
      rows.reduce(0) { sum, row in
        let isOfDay = now - row.time <= 86_400_000_000
        let counts = Naive.counts(row.status, isOfDay: isOfDay)
        return sum + (counts && (user ?? row.user) == row.user ? row.amount : 0)
      }
    }

    mutating func answer(_ asked: Row) -> (rejection: Rejection?, id: Int64) {
      let known = rows.lastIndex {
        $0.user == asked.user && $0.id == asked.id
          && (asked.time - $0.time <= 86_400_000_000 || !$0.status.isFinished)
      }
      if let known {
        let isSame = rows[known].amount == asked.amount
        return (isSame ? nil : .duplicateClientWithdrawalID, Int64(known + 1))
      }
      let taken = day(asked.time, of: asked.user) + asked.amount
      if taken > Self.terms.userDayLimit { return (.userDayLimit, 0) }
      if day(asked.time, of: nil) + asked.amount > Self.terms.venueDayLimit {
        return (.venueDayLimit, 0)
      }
      rows.append(asked)
      if taken > Self.terms.approvalAbove { rows[rows.count - 1].status = .requested }
      return (nil, Int64(rows.count))
    }
  }

  @Test(arguments: seeds) func theDaysAreWhatTheOracleSays(seed: UInt64) {
    var engine = WithdrawalScene.make(Oracle.terms)
    var numbers = CommandSource(seed: seed)
    var oracle = Oracle()
    var counts: [Rejection?: Int] = [:]
    var statuses: [WithdrawalStatus: Int] = [:]
    for step in 0..<1_500 {
      let note: Comment = "seed \(seed), step \(step)"
      if numbers.random(3) == 0 { Self.pass(&engine, &numbers, oracle) }
      if numbers.random(2) == 0 {
        Self.end(&engine, &numbers, &oracle, note)
        continue
      }
      var asked = Oracle.Row(
        user: 2 + UserID(numbers.random(4)), amount: Int128(100 + 50 * numbers.random(18)),
        id: "n-\(step)", time: engine.time)
      if numbers.random(4) == 0, let row = numbers.pick(oracle.rows.suffix(20)) {
        asked.id = row.id
        if numbers.random(2) == 0 { (asked.user, asked.amount) = (row.user, row.amount) }
      }
      // Users have enough, always.
      engine.apply(Venue.fund(asked.user, Scene.usd, asked.amount + 2, "more-\(step)"))
      let reply = engine.withdraw(asked.user, asked.amount, asked.id)
      let expected = oracle.answer(asked)
      #expect(reply.rejection == expected.rejection && reply.id == expected.id, note)
      counts[reply.rejection, default: 0] += 1
      if reply.rejection == nil, reply.outcome == .done {
        let status = oracle.rows[oracle.rows.count - 1].status
        #expect(engine.withdrawal(reply.id)?.status == status, note)
        #expect(engine.withdrawal(reply.id)?.approvalsNeeded == (status == .approved ? 0 : 2), note)
        statuses[status, default: 0] += 1
      }
      let day = engine.withdrawals.day(asked.user, Scene.usd)
      #expect(day.user == oracle.day(asked.time, of: asked.user), note)
      #expect(day.venue == oracle.day(asked.time, of: nil), note)
      engine.effects.removeAll()
    }
    let all: [Rejection?] = [nil, .userDayLimit, .venueDayLimit, .duplicateClientWithdrawalID]
    for rejection in all {
      #expect(counts[rejection, default: 0] > 2, "seed \(seed): \(counts)")
    }
    #expect(statuses.count == 2 && statuses.values.allSatisfy { $0 > 2 }, "seed \(seed)")
    engine.accounts.checkConservation()
  }

  /// Somewhat later, or to the edge of some window.
  private static func pass(
    _ engine: inout AuctionEngine, _ numbers: inout CommandSource, _ oracle: Oracle
  ) {
    var next = engine.time + 1 + Microseconds(numbers.random(5_000_000_000))
    if numbers.random(2) == 0, let row = numbers.pick(oracle.rows) {
      let edge = row.time + day + Microseconds(numbers.random(3)) - 1
      if edge > engine.time { next = edge }
    }
    engine.apply(.schedule(.advanceTime(next)))
  }

  /// Starts or ends one of the last in some way, or an old one.
  private static func end(
    _ engine: inout AuctionEngine, _ numbers: inout CommandSource, _ oracle: inout Oracle,
    _ note: Comment
  ) {
    let open = oracle.rows.indices.filter { !oracle.rows[$0].status.isFinished }
    guard let row = numbers.random(2) == 0 ? open.first : numbers.pick(open.suffix(6)) else {
      return
    }
    let id = Int64(row + 1)
    if numbers.random(3) == 0 {
      Self.begin(&engine, id, oracle.rows[row].status, note)
      oracle.rows[row].status = .started
      return
    }
    let (command, status): (Command, WithdrawalStatus) =
      switch numbers.random(oracle.rows[row].status == .started ? 3 : 5) {
      case 4: (.withdrawal(.cancel(user: oracle.rows[row].user, id: id)), .cancelled)
      case 3:
        (.operation(.rejectWithdrawal(id: id), by: Authority(user: 1, reason: "x")), .rejected)
      case 1: (.withdrawal(.fail(id: id, isCancelled: true)), .cancelled)
      case 2: (.withdrawal(.fail(id: id, isCancelled: false)), .reverted)
      default: (.withdrawal(.finish(id: id)), .confirmed)
      }
    // Custody ends what it has started.
    switch command {
    case .withdrawal(.finish), .withdrawal(.fail):
      Self.begin(&engine, id, oracle.rows[row].status, note)
    default: break
    }
    #expect(engine.apply(command).rejection == nil, note)
    oracle.rows[row].status = status
  }

  /// What needs approvals is not started without them.
  private static func begin(
    _ engine: inout AuctionEngine, _ id: Int64, _ status: WithdrawalStatus, _ note: Comment
  ) {
    if status == .requested {
      #expect(engine.apply(.withdrawal(.start(id: id))).rejection == .withdrawalNotApproved, note)
    }
    engine.begin(id)
  }
}

extension CommandSource {
  /// One of these, where there is one.
  mutating func pick<Rows: RandomAccessCollection>(_ rows: Rows) -> Rows.Element? {
    rows.isEmpty ? nil : rows.dropFirst(Int(random(UInt64(rows.count)))).first
  }
}
