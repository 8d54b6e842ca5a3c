// Withdrawals in the state: the same bytes and the same future, and what no engine writes is
// refused.

import Testing

@testable import Engine

@Suite struct WithdrawalSnapshotTests {
  /// One in each status, one that is older than a day, address books and terms of two chains.
  private func full() -> AuctionEngine {
    var engine = WithdrawalScene.make()
    _ = engine.withdraw(3, 100, "old")
    _ = engine.withdraw(4, 100, "gone")
    engine.apply(.withdrawal(.start(id: 1)))
    engine.apply(.withdrawal(.cancel(user: 4, id: 2)))
    engine.pass(24 * WithdrawalScene.hour + 1)
    for (user, amount) in [(2, 1_500), (2, 100), (2, 101), (2, 102), (3, 103), (3, 104), (3, 105)] {
      let reply = engine.withdraw(UserID(user), Int128(amount), "w-\(amount)")
      precondition(reply.rejection == nil)
    }
    _ = engine.approve(3, by: 6, of: 1_500)
    for user in [UserID(7), 8] { _ = engine.approve(4, by: user, of: 100) }
    for id in Int64(5)...7 { engine.begin(id) }
    engine.apply(.withdrawal(.finish(id: 6)))
    engine.apply(.withdrawal(.fail(id: 7, isCancelled: false)))
    engine.apply(.withdrawal(.cancel(user: 3, id: 8)))
    engine.apply(.operation(.rejectWithdrawal(id: 9), by: Authority(user: 1, reason: "no")))
    engine.apply(.operation(.registerChain(name: "other"), by: .venue))
    engine.apply(.operation(.setAddressDelay(chain: 1, seconds: 77), by: Authority(user: 1)))
    engine.apply(
      .user(
        .addPayoutAddress(
          PayoutAddressAddition(
            user: 4, chain: 1, address: PayoutAddress([1, 2]), label: "caf\u{e9}"))))
    engine.effects.removeAll()
    return engine
  }

  @Test func everyFieldComesBack() throws {
    let engine = full()
    let bytes = Venue.snapshot(engine)
    let restored = try AuctionEngine(restoring: bytes)
    #expect(Venue.snapshot(restored) == bytes)
    #expect(engine.withdrawal(1)?.status == .started && engine.withdrawal(2) == nil)
    for id in Int64(1)...10 {
      let (before, after) = (engine.withdrawal(id), restored.withdrawal(id))
      #expect(before == after, "\(id)")
    }
    #expect(
      Set(engine.withdrawals.records.values.map(\.status)) == Set(WithdrawalStatus.allCases))
    for user in UserID(1)...5 {
      let (before, after) = (engine.payoutAddresses(of: user), restored.payoutAddresses(of: user))
      #expect(
        before == after
          && engine.withdrawals.count(of: user) == restored.withdrawals.count(of: user))
      let (day, again) = (engine.withdrawals.day(user, 0), restored.withdrawals.day(user, 0))
      #expect(day == again)
    }
    let (terms, again) = (engine.withdrawalTerms(), restored.withdrawalTerms())
    #expect(terms == again)
    #expect(engine.addressDelay(on: 0) == restored.addressDelay(on: 0))
    #expect(engine.addressDelay(on: 1) == 77 && restored.addressDelay(on: 1) == 77)
  }

  /// Restored it remembers, limits and pays as the one that went on.
  @Test func theFutureIsTheSame() throws {
    var engine = full()
    var restored = try AuctionEngine(restoring: Venue.snapshot(engine))
    let commands: [Command] = [
      WithdrawalScene.request(2, 100, "w-100"), WithdrawalScene.request(2, 99, "w-100"),
      WithdrawalScene.request(4, 100, "gone"), WithdrawalScene.request(3, 100, "old"),
      WithdrawalScene.request(2, 3_198, "to"), WithdrawalScene.request(2, 3_197, "the-limit"),
      WithdrawalScene.approval(3, by: 6, of: 1_500).command,
      WithdrawalScene.approval(3, by: 7, of: 1_500).command,
      .withdrawal(.start(id: 3)), .withdrawal(.start(id: 3)), .withdrawal(.finish(id: 1)),
      .withdrawal(.finish(id: 1)), .withdrawal(.finish(id: 6)),
      .withdrawal(.fail(id: 7, isCancelled: false)),
      .schedule(.advanceTime(engine.time + 24 * WithdrawalScene.hour + 1)),
      WithdrawalScene.request(2, 5_000, "all"), .withdrawal(.finish(id: 3)),
      .withdrawal(.finish(id: 6)),
      .operation(.setFrozen(user: 2, frozen: true), by: .venue),
    ]
    for command in commands {
      let reply = engine.apply(command)
      #expect(restored.apply(command) == reply, "\(command)")
    }
    #expect(engine.effects.entries == restored.effects.entries)
    #expect(engine.effects.withdrawals == restored.effects.withdrawals)
    #expect(engine.effects.directory == restored.effects.directory)
    #expect(Venue.snapshot(engine) == Venue.snapshot(restored))
  }

  /// At the end and only where there is something: what was there before keeps its bytes.
  @Test func anEmptyPartIsNotWritten() throws {
    var engine = Scene.make()
    engine.apply(.operation(.registerChain(name: "dev"), by: .venue))
    let before = Venue.snapshot(engine)
    engine.apply(WithdrawalScene.add(2, WithdrawalScene.address(2)))
    engine.apply(
      .user(.removePayoutAddress(user: 2, chain: 0, address: WithdrawalScene.address(2))))
    #expect(Venue.snapshot(engine).count == before.count)
    #expect(throws: ByteError.self) {
      _ = try AuctionEngine(restoring: before + [0, 0, 0, 0, 0, 0, 1, 0])
    }
  }

  // MARK: Forged

  private func refuses(
    _ damage: (inout AuctionEngine) -> Void, _ location: SourceLocation = #_sourceLocation
  ) {
    var engine = full()
    damage(&engine)
    let bytes = Venue.snapshot(engine)
    #expect(throws: ByteError.self, sourceLocation: location) {
      _ = try AuctionEngine(restoring: bytes)
    }
  }

  private func refuses(
    _ id: Int64, _ location: SourceLocation = #_sourceLocation, _ damage: (inout Withdrawal) -> Void
  ) {
    refuses(
      { engine in
        guard var withdrawal = engine.withdrawal(id) else { return }
        damage(&withdrawal)
        engine.withdrawals.update(withdrawal)
      }, location)
  }

  private static let other = Withdrawal.Approver(user: 7, key: WithdrawalScene.key(7))

  /// Number 1 is older than a day and started, 3 has one of two approvals, 4 has both, 5 is
  /// started, 6 paid.
  @Test func withdrawalsThatNoCommandMakesAreRefused() {
    // The lock is not theirs any more.
    refuses(4) { $0.amount += 1 }
    refuses(4) { $0.amount = 0 }
    refuses(4) { $0.amount = Bounds.maximumAtoms - 1 }
    refuses(4) { $0.fee += 1 }
    refuses(4) { $0.fee = Bounds.maximumAtoms }
    refuses(4) { $0.user = 3 }
    refuses(4) { $0.asset = Scene.coin }
    refuses(6) { $0.status = .started }
    refuses(5) { $0.status = .confirmed }
    refuses(4) { $0.status = .cancelled }
    // Of nobody, nothing, nowhere.
    refuses(6) { $0.user = 0 }
    refuses(6) { $0.user = 99 }
    refuses(6) { $0.asset = 99 }
    refuses(6) { $0.chain = 99 }
    refuses(6) { $0.address = PayoutAddress([]) }
    refuses(6) { $0.address = WithdrawalScene.address(0) }
    refuses(6) { $0.clientID = Venue.identifier("w-101") }
    // Times that fall, or a day that was left too early.
    refuses(6) { $0.requestedAt -= 1 }
    refuses(9) { $0.requestedAt += 1 }
    refuses(1) { $0.requestedAt += 1_000_000 }
    // Without its operators, with too many, with one twice, with its owner.
    refuses(3) { $0.status = .approved }
    refuses(3) { $0.approvals.append(Self.other) }
    refuses(3) { $0.approvals.append($0.approvals[0]) }
    refuses(3) { $0.approvals[0].user = 2 }
    refuses(3) { $0.approvals[0].user = 0 }
    refuses(3) { $0.approvals[0].user = 99 }
    refuses(3) { $0.approvalsNeeded = Bounds.maximumApprovals + 1 }
    refuses(3) { $0.approvalsNeeded = 1 }
    refuses(3) { $0.approvalsNeeded = 0 }
    refuses(4) { $0.status = .requested }
    refuses(4) { $0.approvalsNeeded = 1 }
    refuses(5) { $0.approvalsNeeded = 1 }
    refuses { $0.users[2].isFrozen = true }
  }

  @Test func termsAndAddressesThatNoCommandMakesAreRefused() {
    let line = ListedPayoutAddress(
      chain: 0, address: WithdrawalScene.address(50), label: "", addedAt: 5, usableAt: 5)
    refuses { $0.withdrawals.delays.inForce[9] = 5 }
    refuses { $0.withdrawals.delays.inForce[0] = Bounds.maximumAddressDelaySeconds + 1 }
    refuses { $0.withdrawals.terms.inForce[0]?.minimum = 0 }
    refuses { $0.withdrawals.terms.inForce[0]?.fee = -1 }
    refuses { $0.withdrawals.terms.inForce[0]?.userDayLimit = Bounds.maximumAtoms }
    refuses { $0.withdrawals.terms.inForce[0]?.venueDayLimit = .min }
    refuses { $0.withdrawals.terms.inForce[0]?.approvals = 99 }
    refuses { $0.withdrawals.terms.inForce[0]?.asset = 99 }
    refuses { $0.withdrawals.terms.inForce[0]?.chain = 99 }
    refuses { $0.withdrawals.terms.inForce[1] = $0.withdrawals.terms.inForce[0] }
    refuses { $0.withdrawals.addresses[0] = [line] }
    refuses { $0.withdrawals.addresses[99] = [line] }
    refuses { $0.withdrawals.addresses[2] = [] }
    refuses { $0.withdrawals.addresses[2] = [line, line] }
    refuses { $0.withdrawals.addresses[2]?[0].address = WithdrawalScene.address(0) }
    refuses { $0.withdrawals.addresses[2]?[0].chain = 9 }
    refuses { $0.withdrawals.addresses[2]?[0].usableAt = 0 }
    refuses { $0.withdrawals.addresses[2]?[0].label = String(repeating: "x", count: 65) }
    refuses { engine in
      engine.withdrawals.addresses[2] = (0...Bounds.maximumPayoutAddresses).map { number in
        var other = line
        other.address = WithdrawalScene.address(UInt8(100 + number))
        return other
      }
    }
  }

  /// Chain 1's delay of 77 s is to fall to 7, and USD's limits are to rise in a day.
  @Test func changesThatWaitAreThereOrRefused() throws {
    func change(_ engine: inout AuctionEngine, _ damage: (inout AuctionEngine) -> Void) -> [UInt8] {
      var terms = WithdrawalScene.terms
      engine.apply(.operation(.setAddressDelay(chain: 0, seconds: 86_400), by: Authority(user: 1)))
      terms.userDayLimit = 6_000
      engine.apply(.operation(.setWithdrawalTerms(terms), by: Authority(user: 1)))
      terms.asset = Scene.coin
      terms.chain = 1
      engine.apply(.operation(.setWithdrawalTerms(terms), by: Authority(user: 1)))
      engine.apply(.operation(.setAddressDelay(chain: 1, seconds: 7), by: Authority(user: 1)))
      damage(&engine)
      return Venue.snapshot(engine)
    }
    var engine = full()
    let bytes = change(&engine) { _ in }
    var restored = try AuctionEngine(restoring: bytes)
    #expect(Venue.snapshot(restored) == bytes)
    let (day, delay) = (engine.time + 24 * WithdrawalScene.hour, engine.time + 77 * Scene.second)
    #expect(restored.pendingWithdrawalTerms().map(\.value.userDayLimit) == [6_000])
    #expect(restored.pendingWithdrawalTerms().map(\.effectiveAt) == [day])
    #expect(restored.pendingAddressDelay(on: 1) == PendingChange(7, effectiveAt: delay))
    for time in [delay - 1, delay, day - 1, day] {
      engine.apply(.schedule(.advanceTime(time)))
      restored.apply(.schedule(.advanceTime(time)))
      #expect(Venue.snapshot(engine) == Venue.snapshot(restored))
      #expect(restored.addressDelay(on: 1) == (time < delay ? 77 : 7))
      #expect(restored.withdrawalTerms(of: 0)?.userDayLimit == (time < day ? 5_000 : 6_000))
    }
    typealias Pending<Value: Sendable & Equatable> = PendingChange<Value>
    let most = Bounds.maximumAddressDelaySeconds * Scene.second
    let damages: [(inout AuctionEngine) -> Void] = [
      { $0.withdrawals.delays.pending[1]?.value = 77 },
      { $0.withdrawals.delays.pending[1]?.effectiveAt = $0.time },
      { $0.withdrawals.delays.pending[1]?.effectiveAt = $0.time + most + 1 },
      { $0.withdrawals.delays.pending[9] = Pending(1, effectiveAt: $0.time + 1) },
      { $0.withdrawals.terms.pending[0]?.value.userDayLimit = 5_000 },
      { $0.withdrawals.terms.pending[0]?.value.minimum = 0 },
      { $0.withdrawals.terms.pending[0]?.value.chain = 9 },
      { $0.withdrawals.terms.pending[0]?.value.asset = 9 },
      { $0.withdrawals.terms.pending[0]?.effectiveAt = $0.time },
      { $0.withdrawals.terms.pending[0]?.effectiveAt = .max },
      { $0.withdrawals.terms.pending[1] = $0.withdrawals.terms.pending[0] },
      { $0.withdrawals.terms.inForce[0] = nil },
    ]
    for (number, damage) in damages.enumerated() {
      var engine = full()
      let bytes = change(&engine, damage)
      #expect(throws: ByteError.self, "\(number)") { _ = try AuctionEngine(restoring: bytes) }
    }
  }

  @Test func keysHaveTheirAge() {
    refuses { $0.users[1].keys[0].registered = $0.time + 1 }
    refuses { $0.users[1].keys[0].registered = $0.users[1].registered - 1 }
    refuses { $0.users[3].registered = $0.time + 1 }
  }

  /// What is in the day is there without gaps, what is before it is not finished.
  @Test func theDayIsWhole() {
    let engine = full()
    let first = engine.withdrawals.firstOfDay
    let rows = engine.withdrawals.records.values.sorted { $0.id < $1.id }
    let now = engine.time
    func isRead(
      _ rows: [Withdrawal], count: Int64 = 9, first: Int64 = first,
      _ change: (inout [Withdrawal]) -> Void = { _ in }
    ) -> Bool {
      var (withdrawals, changed) = (Withdrawals(), rows)
      change(&changed)
      return withdrawals.restore(count: count, firstOfDay: first, changed, at: now)
    }
    #expect(first == 3 && rows.map(\.id) == [1, 3, 4, 5, 6, 7, 8, 9])
    #expect(isRead(rows))
    #expect(!isRead(rows) { $0.remove(at: 3) }, "a gap")
    #expect(!isRead(rows) { $0.removeLast() }, "the last is missing")
    #expect(!isRead(rows) { $0.swapAt(3, 4) }, "out of order")
    #expect(!isRead(rows) { $0.append($0[7]) }, "twice")
    #expect(!isRead(rows, count: 8), "beyond the count")
    #expect(!isRead(rows, count: 10), "short of the count")
    #expect(!isRead(rows, first: 0))
    #expect(!isRead(rows, first: 11))
    #expect(!isRead(rows, first: 2), "the gap is in the day")
    #expect(!isRead(rows, first: 4), "not older than a day")
    #expect(!isRead(rows) { $0[0].status = .confirmed }, "finished and older than a day")
    #expect(!isRead(rows) { $0[2].clientID = $0[3].clientID }, "one client id twice")
    let giants = (Int64(1)...3).map { id in
      var row = rows[3]
      (row.id, row.clientID) = (id, Venue.identifier("g-\(id)"))
      row.amount = Bounds.maximumAtoms / 2
      return row
    }
    #expect(!isRead(giants, count: 3, first: 1), "a day's sum beyond the bound")
    let many = (Int64(1)...Int64(Bounds.maximumWithdrawalsOfUser) + 1).map { id in
      var row = rows[3]
      (row.id, row.clientID, row.amount) = (id, Venue.identifier("m-\(id)"), 1)
      return row
    }
    #expect(isRead(many.dropLast(), count: Int64(many.count) - 1, first: 1))
    #expect(!isRead(many, count: Int64(many.count), first: 1), "more than a user may have")
  }
}
