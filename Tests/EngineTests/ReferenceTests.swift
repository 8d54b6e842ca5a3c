// What moves the reference price and what widens the band: CALL-2, and CALL-1 where it differs.

import Auction
import Testing

@testable import Engine

@Suite struct ReferenceTests {
  // MARK: The reference

  /// Two accounts in an empty book, a lot (about 6 USDC) a run, each time at the upper edge.
  @Test(arguments: [(UInt32(2), Int64(1_286_151)), (3, 600_000)])
  func twoAccountsMoveThePriceByNothing(rules: UInt32, end: Int64) {
    var engine = PriceScene.make(rules: rules)
    for _ in 0..<8 {
      guard let upper = engine.band?[1] else { return }
      let run = engine.cross(1, at: upper)
      #expect(run.status == .cleared && run.priceTicks == upper, "they may trade")
    }
    #expect(engine.referenceTicks == end)
  }

  /// 1,000 times the smallest order are 1,000 USDC; a lot at 66,000 is 6.6 USDC.
  @Test func aThousandSmallestOrdersMoveIt() {
    var engine = PriceScene.make(rules: 3)
    let small = engine.cross(151, at: 660_000)
    #expect(small.outcome?.nextReferenceTicks == 600_000)
    #expect(engine.referenceTicks == 600_000 && engine.band == [540_000, 660_000])
    let large = engine.cross(152, at: 660_000)
    #expect(large.outcome?.nextReferenceTicks == 660_000 && large.referenceTicks == 600_000)
    #expect(engine.referenceTicks == 660_000 && engine.band == [594_000, 726_000])
  }

  /// The volume counts, whoever it is of and in however many trades.
  @Test func manySmallTradesMoveIt() {
    var engine = PriceScene.make(rules: 3)
    for number in 0..<152 {
      _ = engine.place(UserID(2 + number % 2), .buy, 1, at: 660_000)
      _ = engine.place(UserID(4 + number % 2), .sell, 1, at: 660_000)
    }
    #expect(engine.runNext().tradeCount == 152)
    #expect(engine.referenceTicks == 660_000)
  }

  @Test func theTermSaysHowMuch() {
    var engine = PriceScene.make(rules: 3, PriceScene.terms(volume: 20 * PriceScene.usdc))
    #expect(engine.cross(3, at: 660_000).status == .cleared)
    #expect(engine.referenceTicks == 600_000, "19.8 USDC")
    #expect(engine.change(PriceScene.terms(volume: 19_800_000)).rejection == nil)
    #expect(engine.cross(3, at: 660_000).status == .cleared)
    #expect(engine.referenceTicks == 660_000)
    #expect(engine.change(PriceScene.terms(volume: 0)).rejection == nil)
    #expect(engine.cross(1, at: 600_000).status == .cleared)
    #expect(engine.referenceTicks == 600_000, "0 is none")
    // The default follows the smallest order.
    var terms = PriceScene.terms()
    terms.minimumNotional = 6_600
    #expect(engine.change(terms).rejection == nil)
    #expect(engine.cross(1, at: 660_000).status == .cleared)
    #expect(engine.referenceTicks == 660_000)
  }

  @Test func theTermHasBounds() {
    var engine = PriceScene.make(rules: 3)
    for volume in [-1, Bounds.maximumAtoms, .max] as [Int128] {
      #expect(engine.change(PriceScene.terms(volume: volume)).rejection == .marketInvalid)
    }
    #expect(engine.change(PriceScene.terms(volume: Bounds.maximumAtoms - 1)).rejection == nil)
    var terms = PriceScene.terms()
    terms.minimumNotional = Bounds.maximumAtoms - 1
    #expect(terms.referenceVolume == Bounds.maximumAtoms, "no overflow")
    #expect(engine.change(terms).rejection == nil)
    var older = PriceScene.make(rules: 2)
    #expect(older.change(PriceScene.terms(volume: 0)).rejection == .marketInvalid)
    #expect(older.change(PriceScene.terms()).rejection == nil)
  }

  /// Without a listing price there is no reference, no band and no market order until enough
  /// trades.
  @Test func theFirstReferenceNeedsVolumeToo() {
    var engine = PriceScene.make(rules: 3, listing: 0)
    #expect(engine.cross(1, at: 600_000).priceTicks == 600_000)
    #expect(engine.referenceTicks == 0 && engine.band == nil)
    #expect(engine.place(4, .buy, 1).rejection == .noReferencePrice)
    #expect(engine.cross(167, at: 600_000).outcome?.nextReferenceTicks == 600_000)
    #expect(engine.band == [540_000, 660_000])
  }

  // MARK: Widening

  /// A lot on both sides at 200,000 for ever.
  @Test(arguments: [(2, [1, 1_560_000]), (3, [540_000, 660_000])] as [(UInt32, [Int64])])
  func smallOrdersWidenNothing(rules: UInt32, edges: [Int64]) {
    var engine = PriceScene.make(rules: rules)
    _ = engine.place(2, .buy, 1, at: 2_000_000)
    _ = engine.place(3, .sell, 1, at: 2_000_000)
    for _ in 0..<6 { #expect(engine.runNext().status == .outsideBand) }
    #expect(engine.band == edges)
  }

  /// 167 lots are 1,002 USDC at the reference; at each of three further runs the band doubles, to a
  /// half of it.
  @Test func aGapWidensTheBandToAHalf() {
    var engine = PriceScene.make(rules: 3)
    _ = engine.place(2, .buy, 167, at: 2_000_000)
    _ = engine.place(3, .sell, 167, at: 2_000_000)
    for edges in [
      [540_000, 660_000], [540_000, 660_000], [480_000, 720_000], [360_000, 840_000],
      [300_000, 900_000], [300_000, 900_000],
    ] as [[Int64]] {
      let run = engine.runNext()
      #expect(run.status == .outsideBand && run.outcome?.heldLots == 167)
      #expect(engine.band == edges)
    }
    for _ in 0..<60 { #expect(engine.runNext().status == .outsideBand) }
    #expect(engine.band == [300_000, 900_000] && engine.referenceTicks == 600_000)
  }

  @Test func aLotLessThanTheVolumeDoesNotCount() {
    var engine = PriceScene.make(rules: 3)
    _ = engine.place(2, .buy, 166, at: 2_000_000)
    _ = engine.place(3, .sell, 166, at: 2_000_000)
    for _ in 0..<6 { #expect(engine.runNext().outcome?.outsideRuns == 0) }
    #expect(engine.band == [540_000, 660_000])
  }

  /// The price that held lots would have counts for nothing: 17 lots at 10 times the reference.
  @Test func aHighPriceIsNoVolume() {
    var engine = PriceScene.make(rules: 3)
    _ = engine.place(2, .buy, 17, at: 6_000_000)
    _ = engine.place(3, .sell, 17, at: 6_000_000)
    for _ in 0..<6 { #expect(engine.runNext().outcome?.outsideRuns == 0) }
  }

  /// Somebody sells a lot at the reference in each run: the run clears, and the gap still counts.
  @Test func aSmallTradeHidesNoGap() {
    var engine = PriceScene.make(rules: 3)
    _ = engine.place(2, .buy, 200, at: 700_000)
    _ = engine.place(3, .sell, 200, at: 700_000)
    for runs in UInt32(0)..<3 {
      _ = engine.place(4, .sell, 1, at: 600_000)
      let run = engine.runNext()
      #expect(run.status == .cleared && run.volumeLots == 1 && run.priceTicks == 660_000)
      #expect(run.outcome?.outsideRuns == runs && run.outcome?.nextReferenceTicks == 600_000)
    }
    #expect(engine.band == [480_000, 720_000])
    let run = engine.runNext()
    #expect(run.priceTicks == 700_000 && run.volumeLots == 197)
    #expect(
      run.outcome == ReferenceOutcome(outsideRuns: 3, heldLots: 0, nextReferenceTicks: 700_000))
    #expect(engine.band == [630_000, 770_000])
  }

  @Test func aRunThatHoldsNothingBackEndsTheRow() {
    var engine = PriceScene.make(rules: 3)
    _ = engine.place(2, .buy, 200, at: 700_000)
    let sell = engine.place(3, .sell, 200, at: 700_000)
    for _ in 0..<3 { _ = engine.runNext() }
    #expect(engine.band == [480_000, 720_000])
    #expect(engine.cancel(3, sell.id).rejection == nil)
    #expect(engine.runNext().status == .noCross)
    #expect(engine.band == [540_000, 660_000])
  }

  @Test func aWiderTermStays() {
    var engine = PriceScene.make(rules: 3, PriceScene.terms(band: 6_000))
    _ = engine.place(2, .buy, 200, at: 2_000_000)
    _ = engine.place(3, .sell, 200, at: 2_000_000)
    for _ in 0..<6 { #expect(engine.runNext().status == .outsideBand) }
    #expect(engine.band == [240_000, 960_000])
  }

  @Test func theCountOfRunsEnds() {
    var engine = PriceScene.make(rules: 3)
    _ = engine.place(2, .buy, 200, at: 2_000_000)
    _ = engine.place(3, .sell, 200, at: 2_000_000)
    engine.markets[0].outsideRuns = .max - 1
    for _ in 0..<3 { _ = engine.runNext() }
    #expect(engine.markets[0].outsideRuns == .max && engine.band == [300_000, 900_000])
  }

  // MARK: Rules 3 begin

  /// A band that small orders widened under rules 2, and a market order locked at its edge.
  @Test func aMarketGoesOnFromItsReference() throws {
    var engine = PriceScene.make(rules: 2)
    _ = engine.place(2, .buy, 1, at: 2_000_000)
    _ = engine.place(3, .sell, 1, at: 2_000_000)
    for _ in 0..<3 { #expect(engine.runNext().outcome == nil) }
    #expect(engine.band == [480_000, 720_000])
    let order = engine.place(4, .buy, 1)
    engine.effects.removeAll()
    #expect(engine.apply(.venue(.activateRules(version: 3))).rejection == nil)
    #expect(engine.referenceTicks == 600_000 && engine.band == [540_000, 660_000])
    #expect(engine.status(order) == .cancelled)
    guard case .definition(0, let record)? = engine.effects.tape.first else {
      Issue.record("the rule is not published")
      return
    }
    #expect(record.rule == .call2 && record.rulesVersion == 3)
    #expect(record.definition.terms.referenceVolume == 1_000 * PriceScene.usdc)
    let run = engine.runNext()
    #expect(
      run.outcome == ReferenceOutcome(outsideRuns: 0, heldLots: 1, nextReferenceTicks: 600_000))
  }

  @Test func aMarketOrderWhoseBandStaysRests() {
    var engine = PriceScene.make(rules: 2)
    let order = engine.place(4, .buy, 1)
    #expect(engine.apply(.venue(.activateRules(version: 3))).rejection == nil)
    #expect(engine.status(order) == .open)
  }

  // MARK: The state

  @Test(arguments: [nil, 0, 5, Bounds.maximumAtoms - 1] as [Int128?])
  func aSnapshotKeepsTheTerm(volume: Int128?) throws {
    var engine = PriceScene.make(rules: 3, PriceScene.terms(volume: volume))
    _ = engine.place(2, .buy, 200, at: 700_000)
    _ = engine.place(3, .sell, 200, at: 700_000)
    _ = engine.runNext()
    let bytes = Venue.snapshot(engine)
    var restored = try AuctionEngine(restoring: bytes)
    #expect(Venue.snapshot(restored) == bytes)
    #expect(restored.marketView(0).definition.terms.minimumReferenceVolume == volume)
    for _ in 0..<4 { #expect(engine.runNext() == restored.runNext()) }
    #expect(Venue.snapshot(restored) == Venue.snapshot(engine))
  }

  @Test func aSnapshotWithAnImpossibleTermIsRefused() {
    var engine = PriceScene.make(rules: 3)
    engine.markets[0].definition.terms.minimumReferenceVolume = Bounds.maximumAtoms
    let bytes = Venue.snapshot(engine)
    #expect(throws: ByteError.self) { _ = try AuctionEngine(restoring: bytes) }
  }
}
