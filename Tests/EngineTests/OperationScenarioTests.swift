// The schedule, adjustments and order ids, by example.

import Auction
import Testing

@testable import Engine

@Suite struct ScheduleTests {
  @Test func slotsMissedWhileSuspendedAreSkipped() {
    var engine = Scene.make()
    #expect(engine.apply(.operation(.suspendMarket(0), by: .venue)).rejection == nil)
    engine.apply(.schedule(.advanceTime(Scene.start + 10 * Scene.second)))
    #expect(engine.dueRuns(at: engine.time).isEmpty && engine.nextDue == nil)
    let run = Command.schedule(.runAuction(market: 0, slot: 1_010))
    #expect(engine.apply(run).rejection == .marketSuspended)
    #expect(engine.apply(.operation(.resumeMarket(0), by: .venue)).rejection == nil)
    #expect(engine.dueRuns(at: engine.time) == [run])
    #expect(engine.apply(run).id == 1, "the first run, not the tenth")
    #expect(
      engine.apply(.schedule(.runAuction(market: 0, slot: 1_009))).rejection == .slotAlreadyRun)
    #expect(engine.nextDue == Scene.start + 11 * Scene.second)
  }

  /// A tick that comes twice, from a journal or a scheduler, is one run.
  @Test func aSlotRunsOnce() {
    var engine = Scene.make()
    let slot = engine.runNext().slot
    engine.effects.removeAll()
    #expect(
      engine.apply(.schedule(.runAuction(market: 0, slot: slot))).rejection == .slotAlreadyRun)
    #expect(
      engine.apply(.schedule(.runAuction(market: 0, slot: slot - 1))).rejection == .slotAlreadyRun)
    #expect(engine.effects.tape.isEmpty)
    #expect(engine.runNext().id == 2)
  }

  @Test func anotherIntervalRepeatsNoTime() {
    var engine = Scene.make()
    _ = engine.runNext()
    for (interval, next) in [(10, 1_001_010), (2_000, 1_002_000), (1_000, 1_001_000)]
      as [(
        Int64, Int64
      )]
    {
      let change = MarketChange(market: 0, terms: Scene.terms(interval: interval))
      #expect(engine.apply(.operation(.changeMarket(change), by: .venue)).rejection == nil)
      #expect(engine.nextDue == next * 1_000)
    }
  }

  @Test(arguments: [Int64.max, Int64.max - 1, Int64.max / 2])
  func theEndOfTimeHasNoNextRunButNoOverflow(time: Microseconds) {
    var engine = Scene.make()
    #expect(engine.apply(.schedule(.advanceTime(time))).rejection == nil)
    #expect(engine.dueRuns(at: time).count == 1)
    #expect(engine.apply(engine.dueRuns(at: time)[0]).rejection == nil)
    let next = engine.nextDue ?? 0
    #expect(next >= time && engine.marketView(0).nextRun == next)
  }
}

@Suite struct AdjustmentTests {
  @Test func theReplySaysWhetherItWaits() {
    var engine = Scene.make()
    #expect(engine.apply(Venue.fund(2, 0, 1_000_000, "at")).outcome == .adjusted(.booked))
    #expect(engine.apply(Venue.fund(2, 0, -1_000_000, "below")).outcome == .adjusted(.booked))
    let above = engine.apply(Venue.fund(2, 0, 1_000_001, "above"))
    #expect(above.outcome == .adjusted(.waits) && engine.cash(2) == [100_000, 0])
    #expect(engine.pendingAdjustmentViews().map(\.id) == [above.id])
  }

  /// A repeat has 1 whatever the first was: `pendingAdjustmentViews` tells whether it waits.
  @Test func theSameRequestGetsTheFirstAnswer() {
    var engine = Scene.make()
    let first = engine.apply(Venue.fund(2, 0, 5, "again"))
    let second = engine.apply(Venue.fund(2, 0, 5, "again"))
    #expect(
      second.id == first.id && second.outcome == .adjusted(.askedBefore)
        && engine.cash(2) == [100_005, 0])
    let other = engine.apply(Venue.fund(2, 0, 6, "again"))
    #expect(other.rejection == .duplicateClientOrderID && other.id == first.id)
  }

  @Test func aSecondOperatorDecides() {
    var engine = Scene.make()
    let id = engine.apply(Venue.fund(2, 0, 1_000_001, "large")).id
    #expect(
      engine.apply(
        .operation(.approveAdjustment(AdjustmentApproval(id: id)), by: Authority(user: 1))
      ).rejection == .approvalByRequester)
    #expect(
      engine.apply(
        .operation(.approveAdjustment(AdjustmentApproval(id: id)), by: Authority(user: 99))
      ).rejection == .unknownUser)
    #expect(
      engine.apply(
        .operation(.approveAdjustment(AdjustmentApproval(id: id)), by: Authority(user: 0))
      ).rejection == .unknownUser)
    #expect(
      engine.apply(
        .operation(.approveAdjustment(AdjustmentApproval(id: id)), by: Authority(user: 3))
      ).rejection == nil)
    #expect(engine.cash(2) == [1_100_001, 0])
    #expect(
      engine.apply(
        .operation(.approveAdjustment(AdjustmentApproval(id: id)), by: Authority(user: 3))
      ).rejection == .approvalNotFound)
  }

  @Test func theRequesterMayRefuse() {
    var engine = Scene.make()
    let id = engine.apply(Venue.fund(2, 0, 1_000_001, "large")).id
    #expect(
      engine.apply(.operation(.refuseAdjustment(id: id), by: Authority(user: 1))).rejection == nil)
    #expect(engine.cash(2) == [100_000, 0] && engine.pendingAdjustmentViews().isEmpty)
  }

  @Test func fundsAreAskedForAgainAtApproval() {
    var engine = Scene.make()
    #expect(engine.apply(Venue.fund(2, 0, 1_000_000, "give")).rejection == nil)
    let id = engine.apply(Venue.fund(2, 0, -1_000_001, "take")).id
    _ = engine.place(2, .buy, 1_000, at: 100)
    #expect(
      engine.apply(
        .operation(.approveAdjustment(AdjustmentApproval(id: id)), by: Authority(user: 3))
      ).rejection == .insufficientFunds)
    #expect(engine.pendingAdjustmentViews().count == 1, "it still waits")
    _ = engine.apply(.order(.cancelAll(user: 2, market: nil)))
    #expect(
      engine.apply(
        .operation(.approveAdjustment(AdjustmentApproval(id: id)), by: Authority(user: 3))
      ).rejection == nil)
    #expect(engine.cash(2) == [99_999, 0])
  }

  @Test func allOfAnAssetStaysBelowTheBound() {
    var engine = Scene.make()
    let room = Bounds.maximumAtoms - 1 - engine.issued(0)
    let first = engine.apply(Venue.fund(2, 0, room, "all")).id
    let second = engine.apply(Venue.fund(3, 0, 1_000_001, "more")).id
    #expect(
      engine.apply(
        .operation(.approveAdjustment(AdjustmentApproval(id: first)), by: Authority(user: 3))
      ).rejection == nil)
    #expect(engine.issued(0) == Bounds.maximumAtoms - 1)
    #expect(
      engine.apply(
        .operation(.approveAdjustment(AdjustmentApproval(id: second)), by: Authority(user: 3))
      ).rejection == .supplyTooLarge)
    #expect(engine.apply(Venue.fund(3, 0, 1, "one")).rejection == .supplyTooLarge)
    let back = engine.apply(Venue.fund(2, 0, -room, "back")).id
    #expect(
      engine.apply(
        .operation(.approveAdjustment(AdjustmentApproval(id: back)), by: Authority(user: 3))
      ).rejection == nil)
    #expect(engine.cash(2) == [100_000, 0])
  }

  @Test(
    arguments: [
      (0, .amountInvalid), (Bounds.maximumAtoms, .amountInvalid), (.max, .amountInvalid),
      (-Bounds.maximumAtoms, .amountInvalid), (.min, .amountInvalid),
      (Bounds.maximumAtoms - 1, .supplyTooLarge), (1 - Bounds.maximumAtoms, .insufficientFunds),
    ] as [(Int128, Rejection)])
  func anExtremeAmountIsRefused(amount: Int128, rejection: Rejection) {
    var engine = Scene.make()
    #expect(engine.apply(Venue.fund(2, 0, amount, "x")).rejection == rejection)
  }
}

@Suite struct OrderIDTests {
  @Test(
    arguments: [(0, 0), (.max, .max), (0, .max), (7, 7), (1 << 31, 1 << 63)] as [(UInt64, UInt64)])
  func theyAreAPermutation(first: UInt64, second: UInt64) {
    let engine = Scene.make(seeds: (first, second))
    var seen = Set<OrderID>()
    var (last, rising): (OrderID, Int) = (0, 0)
    let numbers: [ClosedRange<UInt64>] = [
      1...50_000, (1 << 31) - 500...(1 << 31) + 500, (1 << 62) - 1_000...(1 << 62) - 1,
    ]
    for number in numbers.joined() {
      let id = engine.memory.numbers.id(of: number)
      #expect(id > 0 && id < 1 << 62)
      #expect(engine.memory.numbers.number(of: id) == number)
      #expect(seen.insert(id).inserted, "number \(number) has another's id")
      rising += id > last ? 1 : 0
      last = id
    }
    #expect((24_000...28_000).contains(rising), "half of them rise by chance, \(rising) do")
  }

  @Test func otherSeedsGiveOtherIDs() {
    let one = Scene.make(seeds: (1, 2))
    let two = Scene.make(seeds: (1, 3))
    for number in UInt64(1)...1_000 {
      #expect(one.memory.numbers.id(of: number) != two.memory.numbers.id(of: number))
    }
  }
}
