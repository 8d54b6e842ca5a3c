// Market orders, time in force, and the band, by example: the numbers are worked out by hand.

import Auction
import Testing

@testable import Engine

@Suite struct MarketOrderTests {
  @Test func aBuyLocksAtTheUpperEdge() {
    var engine = Scene.make(Scene.terms(buyFee: 100))
    #expect(engine.place(2, .buy, 10).rejection == nil)
    // 10 x 110 and 1 % of it.
    #expect(engine.cash(2) == [98_889, 1_111])
  }

  @Test func aSellLocksItsLots() {
    var engine = Scene.make()
    #expect(engine.place(2, .sell, 10).rejection == nil)
    #expect(engine.coins(2) == [990, 10])
  }

  @Test func marketOrdersAloneTradeAtTheReference() {
    var engine = Scene.make()
    let buy = engine.place(2, .buy, 5)
    let sell = engine.place(3, .sell, 5)
    #expect(engine.runNext().priceTicks == 100)
    #expect(engine.cash(2) == [99_500, 0] && engine.cash(3) == [100_500, 0])
    #expect(engine.status(buy) == .executed && engine.status(sell) == .executed)
  }

  @Test func theSurplusOfABuyExpiresAndUnlocks() {
    var engine = Scene.make(Scene.terms(buyFee: 100))
    let buy = engine.place(2, .buy, 10)
    _ = engine.place(3, .sell, 4, at: 99)
    let run = engine.runNext()
    // Buy surplus at 99 and at the reference: the higher one.
    #expect(run.priceTicks == 100 && run.volumeLots == 4 && run.surplusLots == 6)
    #expect(engine.cash(2) == [100_000 - 400 - 4, 0] && engine.coins(2) == [1_004, 0])
    #expect(engine.status(buy) == .expired && engine.executed(buy) == 4)
  }

  @Test func theSurplusOfASellExpiresAndUnlocks() {
    var engine = Scene.make(Scene.terms(sellFee: 100))
    let sell = engine.place(2, .sell, 10)
    _ = engine.place(3, .buy, 4, at: 101)
    #expect(engine.runNext().priceTicks == 100)
    #expect(engine.coins(2) == [996, 0] && engine.cash(2) == [100_000 + 400 - 4, 0])
    #expect(engine.status(sell) == .expired && engine.executed(sell) == 4)
  }

  @Test func withoutTradeItExpiresAndUnlocks() {
    var engine = Scene.make()
    let buy = engine.place(2, .buy, 10)
    let limit = engine.place(3, .buy, 10, at: 100, forOneRun: true)
    #expect(engine.runNext().status == .noCross)
    #expect(engine.status(buy) == .expired && engine.status(limit) == .expired)
    #expect(engine.cash(2) == [100_000, 0] && engine.cash(3) == [100_000, 0])
  }

  @Test func anotherBandCancelsIt() {
    var engine = Scene.make()
    let (buy, sell) = (engine.place(2, .buy, 10), engine.place(3, .sell, 5))
    let limit = engine.place(4, .buy, 1, at: 100, forOneRun: true)
    let change = MarketChange(market: 0, terms: Scene.terms(band: 1_100))
    #expect(engine.apply(.operation(.changeMarket(change), by: .venue)).rejection == nil)
    #expect(engine.status(buy) == .cancelled && engine.status(sell) == .cancelled)
    #expect(engine.status(limit) == .open, "its lock does not depend on the band")
    #expect(engine.cash(2) == [100_000, 0] && engine.coins(3) == [1_000, 0])
  }

  @Test func noBandCancelsIt() {
    var engine = Scene.make()
    let buy = engine.place(2, .buy, 10)
    engine.apply(
      .operation(.changeMarket(MarketChange(market: 0, terms: Scene.terms(band: 0))), by: .venue))
    #expect(engine.status(buy) == .cancelled && engine.cash(2) == [100_000, 0])
  }

  @Test func otherTermsWithTheSameBandLeaveIt() {
    var engine = Scene.make(Scene.terms(buyFee: 100))
    let buy = engine.place(2, .buy, 10)
    engine.apply(
      .operation(
        .changeMarket(MarketChange(market: 0, terms: Scene.terms(buyFee: 500))), by: .venue))
    #expect(engine.status(buy) == .open && engine.cash(2) == [98_889, 1_111], "at its own fee")
  }

  @Test(arguments: [100, 101] as [Int64]) func aReferenceCancelsIt(ticks: Int64) {
    var engine = Scene.make()
    let (buy, sell) = (engine.place(2, .buy, 10), engine.place(3, .sell, 5))
    #expect(
      engine.apply(.operation(.setReference(market: 0, priceTicks: ticks), by: .venue)).rejection
        == nil)
    #expect(engine.status(buy) == .cancelled && engine.status(sell) == .cancelled)
    #expect(engine.cash(2) == [100_000, 0] && engine.coins(3) == [1_000, 0])
  }

  @Test func itIsRefusedWithoutReferenceOrBand() {
    var plain = Scene.make(reference: 0)
    #expect(plain.place(2, .buy, 1).rejection == .noReferencePrice)
    #expect(plain.place(2, .sell, 1).rejection == .noReferencePrice)
    var open = Scene.make(Scene.terms(band: 0))
    #expect(open.place(2, .buy, 1).rejection == .marketOrdersNotOffered)
    #expect(open.place(2, .sell, 1).rejection == .marketOrdersNotOffered)
  }
}

@Suite struct ExpiryTests {
  @Test func itEndsAtTheRunOfItsExpiryWithoutTrading() {
    var engine = Scene.make(Scene.terms(buyFee: 100))
    let due = Scene.start + Scene.second
    let buy = engine.place(2, .buy, 10, at: 100, until: due)
    let sell = engine.place(3, .sell, 10, at: 100)
    #expect(engine.cash(2) == [98_990, 1_010])
    #expect(engine.runNext().status == .noCross)
    #expect(engine.status(buy) == .expired && engine.status(sell) == .open)
    #expect(engine.cash(2) == [100_000, 0])
  }

  @Test func itTradesAtTheLastRunBeforeItsExpiry() {
    var engine = Scene.make()
    let buy = engine.place(2, .buy, 10, at: 100, until: Scene.start + Scene.second + 1)
    _ = engine.place(3, .sell, 4, at: 100)
    #expect(engine.runNext().volumeLots == 4)
    #expect(engine.status(buy) == .open && engine.cash(2) == [99_000, 600])
    #expect(engine.runNext().status == .empty)
    #expect(engine.status(buy) == .expired && engine.cash(2) == [99_600, 0])
  }

  /// Nothing but a run ends it: a clock's tick has no bound on what it would have to end.
  @Test func itRestsUntilARunComes() {
    var engine = Scene.make()
    let buy = engine.place(2, .buy, 10, at: 100, until: Scene.start + 1)
    #expect(engine.apply(.operation(.suspendMarket(0), by: .venue)).rejection == nil)
    engine.apply(.schedule(.advanceTime(Scene.start + 100 * Scene.second)))
    #expect(engine.status(buy) == .open && engine.cash(2) == [99_000, 1_000])
    #expect(engine.apply(.operation(.resumeMarket(0), by: .venue)).rejection == nil)
    #expect(engine.runNext().status == .empty)
    #expect(engine.status(buy) == .expired && engine.cash(2) == [100_000, 0])
  }

  @Test func anAmendedOneKeepsItsExpiry() {
    var engine = Scene.make()
    let buy = engine.place(2, .buy, 10, at: 100, until: Scene.start + 2 * Scene.second)
    #expect(engine.amend(2, buy.id, to: 101).outcome == .amended(lostPriority: true))
    #expect(engine.runNext().status == .noCross)
    #expect(engine.amend(2, buy.id, to: 99, lots: 20).outcome == .amended(lostPriority: true))
    #expect(engine.status(buy) == .open && engine.cash(2) == [98_020, 1_980])
    #expect(engine.runNext().status == .empty)
    #expect(engine.status(buy) == .expired && engine.cash(2) == [100_000, 0])
  }

  /// The next order takes the cancelled one's memory, and must not take its expiry.
  @Test func aCancelledOnesExpiryEndsNobodyElse() {
    var engine = Scene.make()
    let gone = engine.place(2, .buy, 10, at: 100, until: Scene.start + Scene.second)
    #expect(engine.cancel(2, gone.id).rejection == nil)
    let next = engine.place(2, .buy, 10, at: 100)
    #expect(engine.runNext().status == .noCross)
    #expect(engine.status(next) == .open && engine.status(gone) == .cancelled)
  }

  /// Two in three are cancelled or amended away: the heap is compacted again and again.
  @Test(arguments: [1, 2, 3] as [UInt64]) func manyCancelledOnesLeaveTheOthers(seed: UInt64) {
    var engine = Scene.make()
    var source = CommandSource(seed: seed)
    var live: [OrderID: Microseconds] = [:]
    for _ in 0..<40 {
      for _ in 0..<100 {
        let expiry = engine.time + 1 + Microseconds(source.random(5)) * Scene.second
        let order = engine.place(2, .buy, 1, at: 1 + Int64(source.random(50)), until: expiry)
        if source.random(3) == 0 {
          live[order.id] = expiry
          if source.random(2) == 0 { _ = engine.amend(2, order.id, to: 60) }
        } else {
          #expect(engine.cancel(2, order.id).rejection == nil)
        }
      }
      _ = engine.runNext()
      live = live.filter { $0.value > engine.time }
      #expect(Set(engine.openOrders(2).map(\.id)) == Set(live.keys), "seed \(seed)")
    }
    #expect(engine.cash(2)[1] == engine.openOrders(2).reduce(0) { $0 + Int128($1.limitTicks) })
  }
}

@Suite struct BandTests {
  /// Both sides at 150 for ever; two runs outside, then 1000 basis points are doubled at each.
  @Test func runsOutsideWidenItAndAClearedOneResetsIt() {
    var engine = Scene.make()
    _ = engine.place(2, .buy, 1, at: 150)
    _ = engine.place(3, .sell, 1, at: 150)
    for edges in [[90, 110], [80, 120], [60, 140], [20, 180]] as [[Int64]] {
      #expect(engine.runNext().status == .outsideBand)
      #expect(engine.band == edges)
    }
    #expect(engine.runNext().priceTicks == 150)
    #expect(engine.band == [135, 165])
  }

  @Test func aRunWithoutCrossResetsIt() {
    var engine = Scene.make()
    _ = engine.place(2, .buy, 1, at: 150)
    let sell = engine.place(3, .sell, 1, at: 150)
    for _ in 0..<3 { _ = engine.runNext() }
    #expect(engine.band == [60, 140])
    #expect(engine.cancel(3, sell.id).rejection == nil)
    #expect(engine.runNext().status == .noCross)
    #expect(engine.band == [90, 110])
  }

  @Test func aReferenceResetsIt() {
    var engine = Scene.make()
    _ = engine.place(2, .buy, 1, at: 150)
    _ = engine.place(3, .sell, 1, at: 150)
    for _ in 0..<3 { _ = engine.runNext() }
    engine.apply(.operation(.setReference(market: 0, priceTicks: 200), by: .venue))
    #expect(engine.band == [180, 220])
  }

  /// A widened band is in force for market orders that come then.
  @Test func aMarketBuyLocksAtTheWidenedEdge() {
    var engine = Scene.make()
    _ = engine.place(2, .buy, 1, at: 150)
    _ = engine.place(3, .sell, 1, at: 150)
    for _ in 0..<2 { _ = engine.runNext() }
    _ = engine.place(4, .buy, 10)
    #expect(engine.cash(4) == [98_800, 1_200])
    #expect(engine.runNext().status == .outsideBand)
    #expect(engine.cash(4) == [100_000, 0])
  }

  @Test func itStaysBetweenOneTickAndTheHighestPrice() {
    var engine = Scene.make()
    engine.apply(.operation(.setReference(market: 0, priceTicks: 1), by: .venue))
    #expect(engine.band == [1, 2])
    engine.apply(
      .operation(.setReference(market: 0, priceTicks: Bounds.maximumPriceTicks), by: .venue))
    #expect(engine.band?[1] == Bounds.maximumPriceTicks)
    _ = engine.place(2, .buy, 1, at: 150)
    _ = engine.place(3, .sell, 1, at: 150)
    // Doubled four times, 1000 basis points are 16000: the lower edge is 1.
    for _ in 0..<5 { #expect(engine.runNext().status == .outsideBand) }
    #expect(engine.band == [1, Bounds.maximumPriceTicks])
    #expect(engine.runNext().priceTicks == 150)
  }

  /// At most 32 doublings: 1 + 0.1 x 2^32, floored.
  @Test func itStopsWidening() {
    var engine = Scene.make(reference: 1)
    for number in 0..<500 {
      engine.apply(Venue.fund(2, Scene.usd, 1_000_000, "more-\(number)"))
    }
    #expect(engine.place(2, .buy, 1, at: 500_000_000).rejection == nil)
    #expect(engine.place(3, .sell, 1, at: 500_000_000).rejection == nil)
    for _ in 0..<60 { #expect(engine.runNext().status == .outsideBand) }
    #expect(engine.band == [1, 429_496_730])
  }
}
