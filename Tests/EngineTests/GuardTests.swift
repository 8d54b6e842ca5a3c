// The preconditions that guard money: where the books are wrong the process stops.

import Auction
import Testing

@testable import Engine

@Suite struct GuardTests {
  /// The control: the same commands on books that are right.
  @Test func soundBooksPass() {
    var engine = Scene.make()
    _ = engine.place(2, .buy, 1, at: 100)
    _ = engine.place(3, .sell, 1, at: 100)
    #expect(engine.runNext().status == .cleared)
  }

  @Test func aRunStopsWhereValueWasMade() async {
    await #expect(processExitsWith: .failure) {
      var engine = Scene.make()
      engine.accounts.issue(-1, of: Scene.usd)
      _ = engine.runNext()
    }
  }

  @Test func aRunStopsWhereValueWasLost() async {
    await #expect(processExitsWith: .failure) {
      var engine = Scene.make()
      engine.accounts.issue(1, of: Scene.coin)
      _ = engine.runNext()
    }
  }

  @Test(arguments: [UserID(0), 2]) func noPostingTakesFreeBelowZero(user: UserID) async {
    await #expect(processExitsWith: .failure) { [user] in
      var engine = Scene.make()
      let account = engine.accounts.open(user, Scene.usd)
      engine.post(
        account, .adjustment, free: -engine.balance(user, Scene.usd).free - 1,
        .adjustment(1))
    }
  }

  /// Not even the loss account's.
  @Test(arguments: [2, Bounds.lossAccount]) func noPostingTakesLockedBelowZero(
    user: UserID
  ) async {
    await #expect(processExitsWith: .failure) { [user] in
      var engine = Scene.make()
      let account = engine.accounts.open(user, Scene.usd)
      engine.moveLock(account, by: -1, order: 1)
    }
  }

  @Test func theLossAccountMayOwe() {
    var engine = Scene.make()
    let account = engine.accounts.open(Bounds.lossAccount, Scene.usd)
    engine.accounts.issue(-5, of: Scene.usd)
    engine.post(
      account, .clawback, free: -5, .clawback(1, on: 0))
    #expect(engine.balance(Bounds.lossAccount, Scene.usd).free == -5)
    _ = engine.runNext()
  }

  /// The order's limit is worth more than its lock: buying would take another's money.
  @Test func aLockThatIsTooSmallStopsTheRun() async {
    await #expect(processExitsWith: .failure) {
      var engine = Scene.make()
      let buy = engine.place(2, .buy, 10, at: 100)
      _ = engine.place(3, .sell, 10, at: 100)
      guard let slot = engine.restingSlot(buy.id) else { return }
      engine.orders[slot].limitTicks = 90
      _ = engine.runNext()
    }
  }

  @Test func aTradeWithItselfStopsTheRun() async {
    await #expect(processExitsWith: .failure) {
      var engine = Scene.make()
      let buy = engine.place(2, .buy, 10, at: 100)
      let sell = engine.place(3, .sell, 10, at: 100)
      guard let bought = engine.restingSlot(buy.id),
        let sold = engine.restingSlot(sell.id)
      else { return }
      // All else fits, so that nothing but the guard can stop the run.
      let (trader, other) = (engine.orders[bought].trader, engine.orders[sold].trader)
      engine.traders[trader].sells = engine.traders[other].sells
      engine.moveLock(engine.traders[trader].baseAccount, by: 10, order: sell.id)
      engine.orders[sold].trader = trader
      _ = engine.runNext()
    }
  }

  /// Behind a pair that is sound.
  @Test func aTradeWithItselfStopsTheRunAmongOthers() async {
    await #expect(processExitsWith: .failure) {
      var engine = Scene.make()
      _ = engine.place(2, .buy, 10, at: 100)
      let buy = engine.place(4, .buy, 10, at: 100)
      _ = engine.place(3, .sell, 10, at: 100)
      let sell = engine.place(5, .sell, 10, at: 100)
      guard let bought = engine.restingSlot(buy.id),
        let sold = engine.restingSlot(sell.id)
      else { return }
      engine.orders[sold].trader = engine.orders[bought].trader
      _ = engine.runNext()
    }
  }

  /// A market order's, which is locked at the band's edge.
  @Test func aMarketOrdersLockThatIsTooSmallStopsTheRun() async {
    await #expect(processExitsWith: .failure) {
      var engine = Scene.make()
      let buy = engine.place(2, .buy, 10)
      _ = engine.place(3, .sell, 10, at: 105)
      guard let slot = engine.restingSlot(buy.id) else { return }
      engine.orders[slot].limitTicks = 104
      _ = engine.runNext()
    }
  }

  /// The control of both.
  @Test func soundOrdersAmongOthersPass() {
    var engine = Scene.make()
    for user in UserID(2)...5 {
      _ = engine.place(user, user % 2 == 0 ? .buy : .sell, 10, at: 100)
    }
    #expect(engine.runNext().status == .cleared)
    _ = engine.place(2, .buy, 10)
    _ = engine.place(3, .sell, 10, at: 105)
    #expect(engine.runNext().priceTicks == 105)
  }

  @Test func anUnsignedFieldIsNeverNegative() async {
    await #expect(processExitsWith: .failure) {
      var writer = ByteWriter()
      writer.uint(Int64(-1))
    }
  }
}
