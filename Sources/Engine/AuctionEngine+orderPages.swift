// A page of a user's live orders: of all that are walked over, only the page's own are copied.

internal import Auction

extension AuctionEngine {
  /// The user's live orders in one market (nil: all) with ids above `after`, by rising id, `count`
  /// at most. A walk looks at each live order's id, so it costs some nanoseconds an order.
  public func openOrders(
    _ user: UserID, _ market: MarketID?, after: OrderID, count: Int
  ) -> [OrderView] {
    firstOpenOrders(user, market, after: after, count: count).map { view($0.slot) }
  }

  func firstOpenOrders(
    _ user: UserID, _ market: MarketID?, after: OrderID, count: Int
  ) -> [SmallestOrders.Entry] {
    var smallest = SmallestOrders(count: count)
    let range = market.map { Int($0)..<Int($0) + 1 } ?? 0..<markets.count
    for market in range {
      guard let trader = traderIndex.find(UInt64(user) << 16 | UInt64(market)) else { continue }
      for side in [Side.buy, .sell] {
        var slot = traders[trader][side].head
        while slot >= 0 {
          let id = orders[slot].id
          if id > after { smallest.take(SmallestOrders.Entry(id: id, slot: slot)) }
          slot = orders[slot].ownNext
        }
      }
    }
    return smallest.sorted
  }
}

/// The orders with the smallest ids of all that are taken: a heap with the largest of them on top.
struct SmallestOrders {
  struct Entry: Equatable {
    var id: OrderID
    var slot: Int32
  }

  private let count: Int
  private var heap: [Entry] = []
  /// Exchanges of two entries so far: none for an order behind the page.
  private(set) var exchanges = 0

  init(count: Int) {
    precondition(count > 0, "a page holds an order")
    self.count = count
  }

  var sorted: [Entry] { heap.sorted { $0.id < $1.id } }

  mutating func take(_ entry: Entry) {
    if heap.count < count {
      heap.append(entry)
      rise(heap.count - 1)
    } else if entry.id < heap[0].id {
      heap[0] = entry
      sink()
    }
  }

  private mutating func rise(_ start: Int) {
    var child = start
    while child > 0, heap[child].id > heap[(child - 1) / 2].id {
      exchange(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private mutating func sink() {
    var parent = 0
    while true {
      var largest = parent
      for child in 2 * parent + 1...2 * parent + 2
      where child < heap.count && heap[child].id > heap[largest].id {
        largest = child
      }
      if largest == parent { return }
      exchange(parent, largest)
      parent = largest
    }
  }

  private mutating func exchange(_ a: Int, _ b: Int) {
    exchanges += 1
    heap.swapAt(a, b)
  }
}
