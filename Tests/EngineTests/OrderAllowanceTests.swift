// The order-to-trade allowance: what takes from it, what brings more, and who is never stopped.

import Auction
import Testing

@testable import Engine

@Suite struct OrderAllowanceTests {
  private static let day = MemoryScene.day

  private func make(_ free: UInt32, _ perTrade: UInt32) -> AuctionEngine {
    MemoryScene.make(
      OrderTerms(allowance: OrderAllowance(freePerDay: free, perTrade: perTrade)))
  }

  @Test func ordersAndAmendmentsTakeCancelsDoNot() {
    var engine = make(10, 0)
    #expect(engine.orderStock(2) == 10)
    let first = engine.buy(2, 1, lots: 5)
    for number in UInt64(2)...8 { #expect(engine.churn(2, number).rejection == nil) }
    #expect(engine.amend(2, first.id, lots: 4).rejection == nil)
    #expect(engine.orderStock(2) == 1)
    #expect(engine.amend(2, first.id, lots: 4).rejection == nil, "nothing changes")
    #expect(engine.buy(2, 1, lots: 5).outcome == .repeated, "a repeat takes none")
    #expect(engine.buy(2, 9, lots: 100_000).rejection == .insufficientFunds)
    #expect(engine.orderStock(2) == 1, "a refusal takes none")
    let last = engine.buy(2, 10)
    #expect(last.rejection == nil && engine.orderStock(2) == 0)
    #expect(engine.buy(2, 11).rejection == .orderAllowanceUsed)
    #expect(engine.amend(2, first.id, lots: 3).rejection == .orderAllowanceUsed)
    #expect(engine.amend(2, first.id, to: 99).rejection == .orderAllowanceUsed)
    #expect(engine.buy(3, 1).rejection == nil, "another has its own")
    #expect(engine.cancel(2, last.id).rejection == nil, "a cancel is never refused")
    #expect(
      engine.apply(.order(.cancelAll(user: 2, market: nil))).outcome == .cancelledAll(count: 1))
    // The refusal is not remembered: the same request is taken when there is room.
    engine.advance(by: Self.day / 10)
    #expect(engine.buy(2, 11).rejection == nil)
    #expect(engine.buy(2, 12).rejection == .orderAllowanceUsed)
  }

  @Test func aDayBringsAsManyAsItSaysAndNoMore() {
    var engine = make(1_000, 0)
    var number: UInt64 = 0
    func placeAll() -> Int {
      var count = 0
      while true {
        number += 1
        if engine.churn(2, number).rejection != nil { return count }
        count += 1
      }
    }
    #expect(placeAll() == 1_000)
    // In steps that do not divide the day: what flows in is never more than a day's.
    var sum = 0
    for _ in 0..<997 {
      engine.advance(by: Self.day / 997)
      sum += placeAll()
      engine.effects.removeAll()
    }
    #expect((998...1_000).contains(sum), "\(sum)")
    engine.advance(by: 100 * Self.day)
    #expect(engine.orderStock(2) == 1_000, "what is not used is not saved up")
  }

  /// One of the two sells fills: each side's order brings `perTrade`.
  @Test func tradesBringMore() {
    var engine = make(100, 30)
    #expect(engine.buy(2, 1, lots: 4).rejection == nil)
    #expect(engine.place(3, .sell, 2, at: 100).rejection == nil)
    engine.advance(by: Scene.second)
    let slot = engine.time / Scene.second
    #expect(engine.apply(.schedule(.runAuction(market: 0, slot: slot))).outcome == .ran(trades: 1))
    #expect(engine.orderStock(2) == 129 && engine.orderStock(3) == 129)
    // Many trades save up ten days' orders and no more.
    for round in UInt64(0)..<40 {
      #expect(engine.buy(2, 100 + round).rejection == nil)
      #expect(engine.place(3, .sell, 1, at: 100).rejection == nil)
      engine.advance(by: Scene.second)
      engine.apply(.schedule(.runAuction(market: 0, slot: engine.time / Scene.second)))
    }
    #expect(engine.orderStock(2) == 1_000 && engine.orderStock(3) == 1_000)
  }

  /// A maker renews 50 orders a second and one of them trades: it is not stopped in a day. Without
  /// the trades it is.
  @Test(arguments: [true, false]) func aMakerWithFillsIsNotStopped(trades: Bool) {
    var engine = make(100_000, 100)
    var (number, refused) = (UInt64(0), 0)
    for second in 0..<4_000 {
      for _ in 0..<50 {
        number += 1
        refused += engine.churn(2, number).rejection == nil ? 0 : 1
      }
      // To and fro, so that the money lasts.
      _ = engine.place(2, second % 2 == 0 ? .buy : .sell, 1, at: 100)
      if trades { _ = engine.place(3, second % 2 == 0 ? .sell : .buy, 1, at: 100) }
      engine.advance(by: Scene.second)
      engine.apply(.schedule(.runAuction(market: 0, slot: engine.time / Scene.second)))
      engine.apply(.order(.cancelAll(user: 2, market: nil)))
      engine.apply(.order(.cancelAll(user: 3, market: nil)))
      engine.effects.removeAll()
    }
    #expect(trades ? refused == 0 : refused > 50_000, "\(refused) of \(number)")
  }

  @Test func otherTermsHoldFromNowOn() {
    var engine = make(10, 0)
    for number in UInt64(1)...10 { _ = engine.churn(2, number) }
    #expect(engine.buy(2, 11).rejection == .orderAllowanceUsed)
    func set(_ allowance: OrderAllowance?) {
      engine.apply(.operation(.setOrderTerms(OrderTerms(allowance: allowance)), by: .venue))
    }
    set(nil)
    #expect(engine.churn(2, 12).rejection == nil && engine.orderStock(2) == nil)
    set(OrderAllowance(freePerDay: 86_400, perTrade: 1))
    #expect(engine.buy(2, 13).rejection == .orderAllowanceUsed)
    engine.advance(by: Scene.second)
    #expect(engine.churn(2, 14).rejection == nil, "one a second")
    set(OrderAllowance(freePerDay: 1, perTrade: 1))
    #expect(engine.orderStock(3) == 1)
  }

  /// The stock is state: a snapshot has it.
  @Test func theStockOutlivesARestart() throws {
    var engine = make(86_400, 7)
    for number in UInt64(1)...100 { _ = engine.churn(2, number) }
    engine.advance(by: 12_345_678)
    _ = engine.churn(2, 101)
    engine.advance(by: 999_999)
    let bytes = Venue.snapshot(engine)
    let restored = try AuctionEngine(restoring: bytes)
    #expect(Venue.snapshot(restored) == bytes)
    #expect(restored.orderStock(2) == engine.orderStock(2))
    #expect(restored.orderTerms == engine.orderTerms)
    #expect(restored.users[2].stock == engine.users[2].stock)
    #expect(engine.users[2].stock != .untouched)
  }
}
