// The smallest order holds for what an amendment leaves.

import Auction
import Testing

@testable import Engine

@Suite struct AmendmentTests {
  /// The smallest order is 5 USDC, and no band holds a price back.
  private static func scene(_ rules: UInt32) -> AuctionEngine {
    var terms = PriceScene.terms(band: 0)
    terms.minimumNotional = 5 * PriceScene.usdc
    return PriceScene.make(rules: rules, terms)
  }

  /// A million lots at a tick are 10 USDC, two are 0.00002.
  @Test(arguments: [(UInt32(2), Rejection?.none), (3, .notionalTooSmall)])
  func lessQuantityLeavesNoDust(rules: UInt32, rejection: Rejection?) {
    var engine = Self.scene(rules)
    let order = engine.place(2, .buy, 1_000_000, at: 1)
    #expect(order.rejection == nil)
    #expect(engine.amend(2, order.id, lots: 2).rejection == rejection)
    #expect(engine.order(order.id)?.lots == (rejection == nil ? 2 : 1_000_000))
  }

  /// A lot at 60,000 is 6 USDC, at 49,999.9 it is 4.99999.
  @Test func whatRestsAtItsPriceCounts() {
    var engine = Self.scene(3)
    let order = engine.place(2, .buy, 100, at: 600_000)
    #expect(engine.amend(2, order.id, lots: 1).rejection == nil, "6 USDC")
    #expect(engine.amend(2, order.id, to: 499_999).rejection == .notionalTooSmall)
    #expect(engine.amend(2, order.id, to: 500_000).rejection == nil, "5 USDC")
    #expect(engine.amend(2, order.id, to: 250_000, lots: 2).rejection == nil)
    #expect(engine.amend(2, order.id, to: 249_999, lots: 2).rejection == .notionalTooSmall)
    #expect(engine.amend(2, order.id, lots: 1).rejection == .notionalTooSmall)
  }

  /// 9 of 10 lots trade; the last, of 6 USDC, lies below a minimum that came later.
  @Test func whatExecutionsLeftMayStay() {
    var engine = Self.scene(3)
    let order = engine.place(2, .buy, 10, at: 600_000)
    _ = engine.place(3, .sell, 9, at: 600_000)
    #expect(engine.runNext().volumeLots == 9)
    var terms = engine.marketView(0).definition.terms
    terms.minimumNotional = 20 * PriceScene.usdc
    #expect(engine.change(terms).rejection == nil)
    #expect(engine.amend(2, order.id, to: 600_000, lots: 10).rejection == nil, "nothing changes")
    #expect(engine.amend(2, order.id, to: 599_999).rejection == .notionalTooSmall)
    #expect(engine.amend(2, order.id, to: 600_001).rejection == nil, "more than there was")
    #expect(engine.amend(2, order.id, to: 300_001, lots: 11).rejection == nil)
    #expect(engine.amend(2, order.id, to: 300_000, lots: 11).rejection == .notionalTooSmall)
    #expect(engine.amend(2, order.id, lots: 16).rejection == nil, "21 USDC")
    #expect(engine.amend(2, order.id, lots: 15).rejection == .notionalTooSmall, "below 20 again")
  }

  /// What executed counts no more: the whole of 10 lots is worth 60 USDC, its rest 6.
  @Test(arguments: [(UInt32(2), Rejection?.none), (3, .notionalTooSmall)])
  func executedLotsAreNoRest(rules: UInt32, rejection: Rejection?) {
    var engine = Self.scene(rules)
    let order = engine.place(2, .buy, 10, at: 600_000)
    _ = engine.place(3, .sell, 9, at: 600_000)
    #expect(engine.runNext().volumeLots == 9)
    #expect(engine.amend(2, order.id, to: 100_000).rejection == rejection)
  }

  @Test func aSellIsHeldToItToo() {
    var engine = Self.scene(3)
    let order = engine.place(2, .sell, 100, at: 600_000)
    #expect(engine.amend(2, order.id, to: 4_999).rejection == .notionalTooSmall)
    #expect(engine.amend(2, order.id, to: 5_000).rejection == nil)
    #expect(engine.amend(2, order.id, lots: 99).rejection == .notionalTooSmall)
  }
}
