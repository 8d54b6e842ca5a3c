// Fees, amendments and self-trades, by example.

import Auction
import Testing

@testable import Engine

@Suite struct FeeTests {
  static func share(_ amount: Int128, _ rate: UInt16) -> Int128 {
    (amount * Int128(rate) + 9_999) / 10_000
  }

  static let rates: [UInt16] = [0, 1, 7, 3_333, 9_999, 10_000]

  /// 10 lots at 107 in three runs: 321, 642, 1070 in all; one ceiling over the sum, never three.
  @Test(arguments: rates) func aBuyPaysOneCeilingOverItsFills(rate: UInt16) {
    var engine = Scene.make(Scene.terms(buyFee: rate))
    let buy = engine.place(2, .buy, 10, at: 107)
    #expect(engine.cash(2)[1] == 1_070 + Self.share(1_070, rate))
    var (notional, fees, rest) = (Int128(0), Int128(0), Int128(10))
    for lots in [3, 3, 4] as [Int64] {
      _ = engine.place(3, .sell, lots, at: 100)
      #expect(engine.runNext().priceTicks == 107)
      notional += 107 * Int128(lots)
      rest -= Int128(lots)
      for entry in engine.effects.entries where entry.type == .fee && entry.user == 2 {
        fees -= entry.delta
      }
      #expect(fees == Self.share(notional, rate))
      let need = 107 * rest + Self.share(1_070, rate) - fees
      #expect(engine.cash(2) == [100_000 - notional - fees - need, need])
    }
    #expect(engine.status(buy) == .executed && engine.cash(2)[1] == 0)
    #expect(engine.cash(0) == [fees, 0] && engine.cash(3) == [101_070, 0])
  }

  /// 10 lots at 93 in three runs: 279, 558, 930 in all.
  @Test(arguments: rates) func aSellPaysOneCeilingOverItsFills(rate: UInt16) {
    var engine = Scene.make(Scene.terms(sellFee: rate))
    let sell = engine.place(2, .sell, 10, at: 93)
    var notional: Int128 = 0
    for lots in [3, 3, 4] as [Int64] {
      _ = engine.place(3, .buy, lots, at: 100)
      #expect(engine.runNext().priceTicks == 93)
      notional += 93 * Int128(lots)
      let fee = Self.share(notional, rate)
      #expect(engine.cash(2) == [100_000 + notional - fee, 0])
      #expect(engine.cash(0) == [fee, 0])
    }
    #expect(engine.status(sell) == .executed && engine.coins(2) == [990, 0])
  }

  /// docs/auction.md, Locks: notional 100 at 1 % locks 101, though two halves alone would need
  /// 51 + 51.
  @Test func halvesNeedNoMoreThanTheWhole() {
    var engine = Scene.make(Scene.terms(band: 0, buyFee: 100), reference: 0)
    let buy = engine.place(2, .buy, 2, at: 50)
    #expect(engine.cash(2) == [99_899, 101])
    for rest in [50, 0] as [Int128] {
      _ = engine.place(3, .sell, 1, at: 50)
      _ = engine.runNext()
      #expect(engine.cash(2) == [99_899, rest])
    }
    #expect(engine.status(buy) == .executed)
  }

  @Test func aPriceImprovementReturnsWithItsFee() {
    var engine = Scene.make(Scene.terms(buyFee: 10_000))
    _ = engine.place(2, .buy, 5, at: 110)
    #expect(engine.cash(2) == [98_900, 1_100])
    _ = engine.place(3, .sell, 10, at: 95)
    #expect(engine.runNext().priceTicks == 95)
    #expect(engine.cash(2) == [100_000 - 2 * 475, 0])
  }

  @Test func anotherRateIsForLaterOrders() {
    var engine = Scene.make(Scene.terms(buyFee: 100))
    _ = engine.place(2, .buy, 10, at: 100)
    engine.apply(
      .operation(
        .changeMarket(MarketChange(market: 0, terms: Scene.terms(buyFee: 200))), by: .venue))
    _ = engine.place(4, .buy, 10, at: 100)
    _ = engine.place(3, .sell, 20, at: 100)
    _ = engine.runNext()
    #expect(engine.cash(2) == [98_990, 0] && engine.cash(4) == [98_980, 0])
  }
}

@Suite struct AmendTests {
  /// A first, B second, at one price; what A does decides who gets the four lots.
  @Test(
    arguments: [
      (5, 4, true), (5, 6, false), (99, 5, false), (100, 5, true), (100, 0, true), (0, 0, true),
    ] as [(Int64, Int64, Bool)])
  func priorityIsKeptOrLost(ticks: Int64, lots: Int64, keeps: Bool) {
    var engine = Scene.make()
    let first = engine.place(2, .buy, 5, at: 100)
    let second = engine.place(4, .buy, 5, at: 100)
    // A row with 5 ticks stands for "leave the price"; with 99 the price goes there and back.
    let reply = engine.amend(2, first.id, to: ticks == 5 ? 0 : ticks, lots: lots)
    #expect(reply.rejection == nil && reply.outcome == .amended(lostPriority: !keeps))
    if ticks == 99 {
      #expect(engine.amend(2, first.id, to: 100).outcome == .amended(lostPriority: true))
    }
    _ = engine.place(3, .sell, 4, at: 100)
    _ = engine.runNext()
    #expect(engine.executed(first) == (keeps ? 4 : 0))
    #expect(engine.executed(second) == (keeps ? 0 : 4))
  }

  @Test func theLockFollowsToTheAtom() {
    var engine = Scene.make(Scene.terms(buyFee: 100))
    let buy = engine.place(2, .buy, 10, at: 100)
    #expect(engine.cash(2)[1] == 1_010)
    _ = engine.amend(2, buy.id, to: 95)
    #expect(engine.cash(2)[1] == 950 + 10, "ceil(9.5)")
    _ = engine.amend(2, buy.id, lots: 20)
    #expect(engine.cash(2)[1] == 1_900 + 19)
    _ = engine.amend(2, buy.id, lots: 1)
    #expect(engine.cash(2) == [100_000 - 95 - 1, 95 + 1])
    let sell = engine.place(3, .sell, 10, at: 100)
    _ = engine.amend(3, sell.id, to: 120, lots: 30)
    #expect(engine.coins(3) == [970, 30])
    _ = engine.amend(3, sell.id, lots: 2)
    #expect(engine.coins(3) == [998, 2])
  }

  @Test func aQuantityCountsWhatIsExecuted() {
    var engine = Scene.make(Scene.terms(buyFee: 100))
    let buy = engine.place(2, .buy, 10, at: 100)
    _ = engine.place(3, .sell, 3, at: 100)
    _ = engine.runNext()
    for lots in [1, 2, 3] as [Int64] {
      #expect(engine.amend(2, buy.id, lots: lots).rejection == .quantityAlreadyExecuted)
    }
    #expect(engine.amend(2, buy.id, lots: 4).outcome == .amended(lostPriority: false))
    // 300 and 3 are spent; 100 + ceil(4.00) - 3 stay locked.
    #expect(engine.cash(2) == [99_697 - 101, 101])
    #expect(engine.amend(2, buy.id, to: 90).outcome == .amended(lostPriority: true))
    #expect(engine.cash(2) == [99_697 - 91, 91], "90 + ceil(3.90) - 3")
    _ = engine.place(3, .sell, 1, at: 90)
    _ = engine.runNext()
    #expect(engine.status(buy) == .executed && engine.cash(2) == [99_697 - 91, 0])
  }

  /// The refused amendment leaves the order, its lock and its place alone.
  @Test(
    arguments: [
      (2, -1, 0, .priceOutOfRange), (2, Int64.max, 0, .priceOutOfRange),
      (2, 0, -1, .quantityOutOfRange), (2, 0, Int64.min, .quantityOutOfRange),
      (2, 0, Bounds.maximumLots + 1, .quantityOutOfRange), (2, 0, 1_001, .insufficientFunds),
      (2, 10_001, 0, .insufficientFunds), (3, 99, 0, .orderNotFound), (0, 99, 0, .orderNotFound),
      (UserID.max, 99, 0, .orderNotFound),
    ] as [(UserID, Int64, Int64, Rejection)])
  func aRefusedOneChangesNothing(user: UserID, ticks: Int64, lots: Int64, rejection: Rejection) {
    var engine = Scene.make()
    let buy = engine.place(2, .buy, 10, at: 100)
    let before = engine.order(buy.id)
    #expect(engine.amend(user, buy.id, to: ticks, lots: lots).rejection == rejection)
    #expect(engine.order(buy.id) == before && engine.cash(2) == [99_000, 1_000])
  }

  @Test func aMarketOrderIsNotAmended() {
    var engine = Scene.make()
    let buy = engine.place(2, .buy, 10)
    #expect(engine.amend(2, buy.id, lots: 5).rejection == .marketOrderNotAmendable)
  }

  @Test func anAmendedOrderForOneRunStillEndsWithIt() {
    var engine = Scene.make()
    let buy = engine.place(2, .buy, 10, at: 100, forOneRun: true)
    #expect(engine.amend(2, buy.id, to: 101, lots: 20).outcome == .amended(lostPriority: true))
    _ = engine.runNext()
    #expect(engine.status(buy) == .expired && engine.cash(2) == [100_000, 0])
  }
}

@Suite struct SelfTradeTests {
  @Test func theBestOwnPriceFollowsCancelsAndAmends() {
    var engine = Scene.make()
    let far = engine.place(2, .sell, 1, at: 105)
    let near = engine.place(2, .sell, 1, at: 103)
    #expect(engine.place(2, .buy, 1, at: 103).rejection == .selfTrade)
    #expect(engine.cancel(2, near.id).rejection == nil)
    #expect(engine.place(2, .buy, 1, at: 105).rejection == .selfTrade)
    let buy = engine.place(2, .buy, 1, at: 104)
    #expect(buy.rejection == nil)
    #expect(engine.amend(2, far.id, to: 104).rejection == .selfTrade)
    #expect(engine.amend(2, far.id, to: 106).rejection == nil)
    #expect(engine.amend(2, buy.id, to: 106).rejection == .selfTrade)
    #expect(engine.amend(2, buy.id, to: 105).rejection == nil)
  }

  @Test func aMarketOrderCrossesEveryOppositeOne() {
    var engine = Scene.make()
    let sell = engine.place(2, .sell, 1)
    #expect(engine.place(2, .buy, 1, at: 1).rejection == .selfTrade)
    #expect(engine.cancel(2, sell.id).rejection == nil)
    #expect(engine.place(2, .buy, 1, at: 1).rejection == nil)
    #expect(engine.place(2, .sell, 1).rejection == .selfTrade)
    #expect(engine.place(3, .sell, 1).rejection == nil, "another user's")
  }

  /// Compared with a look at every own order.
  @Test(arguments: 1...8 as ClosedRange<UInt64>) func itIsRefusedExactlyIfItCrosses(seed: UInt64) {
    var engine = Scene.make()
    var source = CommandSource(seed: seed)
    for step in 0..<1_500 {
      let own = engine.openOrders(2)
      let side: Side = source.random(2) == 0 ? .buy : .sell
      let ticks = source.random(8) == 0 ? nil : 95 + Int64(source.random(11))
      let picked = own.isEmpty ? nil : own[Int(source.random(UInt64(own.count)))]
      switch source.random(8) {
      case 0..<4:
        let refused = engine.place(2, side, 1, at: ticks).rejection == .selfTrade
        #expect(refused == crosses(side, ticks, own), "seed \(seed), step \(step)")
      case 4:
        guard let picked, picked.type == .limit, let ticks, ticks != picked.limitTicks
        else { break }
        let refused = engine.amend(2, picked.id, to: ticks).rejection == .selfTrade
        #expect(refused == crosses(picked.side, ticks, own), "seed \(seed), step \(step)")
      case 5..<7: if let picked { _ = engine.cancel(2, picked.id) }
      default:
        _ = engine.place(3, side, 2, at: 100, forOneRun: true)
        _ = engine.runNext()
      }
    }
  }

  private func crosses(_ side: Side, _ ticks: Int64?, _ own: [OrderView]) -> Bool {
    own.contains { order in
      guard order.side != side else { return false }
      guard let ticks, order.type == .limit else { return true }
      return side == .buy ? ticks >= order.limitTicks : ticks <= order.limitTicks
    }
  }
}
