// Client order ids: the first answer again, for at least a day; the bound on memory is kept by
// refusing.

import Auction
import Testing

@testable import Engine

@Suite struct RememberedOrderTests {
  private static let day: Microseconds = 24 * 3_600 * 1_000_000

  private func order(_ id: String, lots: Int64 = 10, user: UserID = 2) -> Command {
    .order(
      .place(
        PlaceOrder(
          user: user, market: 0, side: .buy, limitTicks: 20, lots: lots,
          clientOrderID: Venue.identifier(id))))
  }

  @Test func sameContentGetsTheFirstAnswer() throws {
    var engine = Venue.make()
    let first = engine.apply(order("a"))
    #expect(first.rejection == nil)
    let entries = engine.entryCount
    engine.apply(.schedule(.advanceTime(engine.time + 5_000_000)))
    let again = engine.apply(order("a"))
    #expect(again.id == first.id && again.time == first.time && again.outcome == .repeated)
    #expect(engine.entryCount == entries, "it was applied once")
    let other = engine.apply(order("a", lots: 11))
    #expect(other.rejection == .duplicateClientOrderID && other.id == first.id)
    #expect(engine.apply(order("a", user: 3)).rejection == nil, "ids are each user's own")

    #expect(engine.apply(.order(.cancel(CancelOrder(user: 2, order: first.id)))).rejection == nil)
    #expect(engine.apply(order("a")).id == first.id, "also after the order is gone")
    var restored = try AuctionEngine(restoring: Venue.snapshot(engine))
    #expect(restored.apply(order("a")).id == first.id, "also after a restart")
    #expect(restored.order(first.id)?.status == .cancelled)
  }

  @Test func rejectionIsRememberedToo() {
    var engine = Venue.make()
    #expect(engine.apply(order("poor", lots: 1_000_000)).rejection == .insufficientFunds)
    #expect(engine.apply(Venue.fund(2, 0, 1_000_000_000, "rich")).rejection == nil)
    #expect(engine.apply(order("poor", lots: 1_000_000)).rejection == .insufficientFunds)
    #expect(engine.apply(order("rich", lots: 1_000)).rejection == nil)
  }

  @Test func isForgottenAfterADayAndNotBefore() {
    var engine = Venue.make()
    let first = engine.apply(order("a"))
    #expect(engine.apply(.order(.cancel(CancelOrder(user: 2, order: first.id)))).rejection == nil)
    engine.apply(.schedule(.advanceTime(engine.time + Self.day)))
    // Each command may forget two; twenty push out what may go.
    for number in 0..<20 { engine.apply(order("fill-\(number)", lots: 3)) }
    #expect(engine.apply(order("a")).id == first.id, "a day is not over")
    engine.apply(.order(.cancelAll(user: 2, market: nil)))
    engine.apply(.schedule(.advanceTime(engine.time + 1)))
    for number in 20..<60 { engine.apply(order("fill-\(number)", lots: 3, user: 3)) }
    let fresh = engine.apply(order("a"))
    #expect(fresh.rejection == nil && fresh.id != first.id && fresh.outcome == .done)
    #expect(engine.order(first.id) == nil)
  }

  @Test func boundIsKeptByRefusing() {
    // Genesis remembered 18 adjustments of the operator.
    var engine = Venue.make(remembered: 40, rememberedOfUser: 20, maximumOpenOrders: 100)
    for number in 0..<20 { #expect(engine.apply(order("a-\(number)", lots: 3)).rejection == nil) }
    #expect(engine.apply(order("b", lots: 3)).rejection == .tooManyRememberedOrders)
    #expect(engine.apply(order("a-0", lots: 3)).rejection == nil, "known ids are still answered")
    #expect(engine.apply(order("c", lots: 3, user: 3)).rejection == nil)
    #expect(engine.apply(order("d", lots: 3, user: 3)).rejection == nil)
    let full = engine.apply(order("e", lots: 3, user: 3))
    #expect(full.rejection == .tooManyRememberedOrders, "the venue's bound")
    engine.apply(.order(.cancelAll(user: 2, market: nil)))
    engine.apply(.schedule(.advanceTime(engine.time + Self.day + 1)))
    for number in 0..<10 { engine.apply(order("f-\(number)", lots: 3, user: 4)) }
    #expect(engine.apply(order("b", lots: 3)).rejection == nil, "a day later there is room")
  }
}
