// Pages of a user's live orders: the same as sorting all of them, at the cost of a page.

import Auction
import SeededNumbers
import Testing

@testable import Engine

@Suite struct OrderPageTests {
  /// Against all orders, sorted: random books whose amended orders are out of their ids' order.
  @Test(arguments: UInt64(1)...20)
  func aPageIsTheFirstOfAllOrders(seed: UInt64) {
    var numbers = SeededNumbers(seed)
    var engine = Scene.make()
    for _ in 0..<60 {
      let ticks = 90 + Int64(numbers.below(20))
      let user = UserID(2 + numbers.below(2))
      _ = engine.place(user, numbers.once(in: 2) ? .buy : .sell, 1, at: ticks)
      let own = engine.openOrders(2)
      guard numbers.once(in: 3), !own.isEmpty else { continue }
      let order = numbers.pick(own)
      engine.apply(
        numbers.once(in: 4)
          ? .order(.cancel(CancelOrder(user: 2, order: order.id)))
          : .order(.amend(AmendOrder(user: 2, order: order.id, limitTicks: 0, lots: 2))))
    }
    let all = engine.openOrders(2).sorted { $0.id < $1.id }
    for _ in 0..<20 {
      let count = 1 + numbers.below(12)
      let after = OrderID(numbers.below(70))
      let market: MarketID? = numbers.once(in: 2) ? nil : 0
      let page = engine.openOrders(2, market, after: after, count: count)
      #expect(
        page == Array(all.filter { $0.id > after }.prefix(count)), "seed \(seed), after \(after)")
    }
    #expect(engine.openOrders(9, nil, after: 0, count: 1).isEmpty)
  }

  /// One order of 10,000 is asked for: two are copied, the second says that there are more.
  @Test func aSmallPageOfManyOrdersIsSmallWork() {
    var engine = Scene.make()
    for _ in 0..<10_000 { #expect(engine.place(2, .buy, 1, at: 1).rejection == nil) }
    let all = engine.openOrders(2).map(\.id).sorted()
    #expect(all.count == 10_000)
    for after in [0, all[4_999], all[9_998]] {
      let first = engine.firstOpenOrders(2, nil, after: after, count: 2)
      #expect(first.map(\.id) == Array(all.filter { $0 > after }.prefix(2)))
    }
    var smallest = SmallestOrders(count: 2)
    for id in all { smallest.take(SmallestOrders.Entry(id: id, slot: 0)) }
    #expect(smallest.exchanges <= 2, "an order behind the page moves nothing")
    // The worst order of ids: each goes through a heap of two.
    for id in all.reversed() { smallest.take(SmallestOrders.Entry(id: id - 20_000, slot: 0)) }
    #expect(smallest.exchanges <= 2 + all.count)
  }
}
