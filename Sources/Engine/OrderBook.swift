// The resting orders of one market: a queue at each price, a queue of market orders, in time order.

internal import Auction

/// A resting order. Links are slots in the engine's order slab; -1 ends a list.
struct Order {
  var id: OrderID
  /// Place in time: unique, rising. 0 marks a slot that is free.
  var priority: UInt64
  /// The limit; for a market buy the price its funds are locked at; for a market sell 0.
  var limitTicks: Int64
  var remainingLots: Int64
  var executedLots: Int64
  var expiry: Microseconds
  /// When it was accepted.
  var time: Microseconds
  /// Quote atoms traded so far, and the fee taken on them.
  var notional: Int128
  var feePaid: Int128
  var clientOrderID: ClientOrderID
  /// Its entry in `RememberedOrders`, as long as that entry names this order; since rules 3 its
  /// entry in `OrderMemory`. -1 for none.
  var remembered: Int32
  var trader: Int32
  var level: Int32
  var previous: Int32 = -1
  var next: Int32 = -1
  var ownPrevious: Int32 = -1
  var ownNext: Int32 = -1
  var runPrevious: Int32 = -1
  var runNext: Int32 = -1
  var market: MarketID
  /// Fixed at acceptance.
  var feeBasisPoints: UInt16
  var side: Side
  var type: OrderType
  var timeInForce: TimeInForce

  /// Ends with the next auction whatever happens.
  var isForOneRun: Bool { type == .market || timeInForce == .auction }
}

/// The orders at one limit price, oldest first.
struct Level {
  var priceTicks: Int64
  var lots: Int64 = 0
  var head: Int32 = -1
  var tail: Int32 = -1
}

/// One side of a book. Lots sum below 2^60 by `Bounds`, so sums stay in 64 bits.
struct BookSide: ~Copyable {
  let side: Side
  private(set) var index = PriceIndex()
  private(set) var levels = Slab<Level>()
  private(set) var marketOrders = Level(priceTicks: 0)
  private(set) var orderCount = 0

  init(_ side: Side) { self.side = side }

  // Buys are indexed by the negated price: the smallest key is the best price on both sides.
  @inline(__always)
  private func key(_ priceTicks: Int64) -> Int64 { side == .buy ? -priceTicks : priceTicks }

  var isEmpty: Bool { orderCount == 0 }

  /// Puts an order behind all others of its price.
  mutating func append(_ slot: Int32, _ orders: inout Slab<Order>) {
    orderCount += 1
    if orders[slot].type == .market {
      orders[slot].level = -1
      Self.link(slot, &marketOrders, &orders)
      return
    }
    let price = orders[slot].limitTicks
    let level: Int32
    if let found = index.find(key(price)) {
      level = found
    } else {
      level = levels.insert(Level(priceTicks: price))
      index.insert(key(price), level)
    }
    orders[slot].level = level
    Self.link(slot, &levels[level], &orders)
  }

  mutating func remove(_ slot: Int32, _ orders: inout Slab<Order>) {
    orderCount -= 1
    let level = orders[slot].level
    if level < 0 {
      Self.unlink(slot, &marketOrders, &orders)
      return
    }
    Self.unlink(slot, &levels[level], &orders)
    if levels[level].head < 0 {
      index.remove(key(levels[level].priceTicks))
      levels.release(level)
    }
  }

  /// Takes lots off an order that stays in its place.
  mutating func reduce(_ slot: Int32, by lots: Int64, _ orders: inout Slab<Order>) {
    let level = orders[slot].level
    if level < 0 { marketOrders.lots -= lots } else { levels[level].lots -= lots }
    orders[slot].remainingLots -= lots
  }

  private static func link(_ slot: Int32, _ level: inout Level, _ orders: inout Slab<Order>) {
    orders[slot].previous = level.tail
    orders[slot].next = -1
    if level.tail >= 0 { orders[level.tail].next = slot } else { level.head = slot }
    level.tail = slot
    level.lots += orders[slot].remainingLots
  }

  private static func unlink(_ slot: Int32, _ level: inout Level, _ orders: inout Slab<Order>) {
    let (previous, next) = (orders[slot].previous, orders[slot].next)
    if previous >= 0 { orders[previous].next = next } else { level.head = next }
    if next >= 0 { orders[next].previous = previous } else { level.tail = previous }
    level.lots -= orders[slot].remainingLots
  }

  /// Fills orders in rank order (market orders, then better limits, then time) until `volume` is
  /// spent. The caller's volume is at most what ranks at or above the clearing price.
  func allocate(
    _ volume: Int64, into fills: inout ContiguousArray<Fill>, _ orders: borrowing Slab<Order>
  ) {
    var rest = volume
    var cursor = PriceIndex.Cursor()
    var slot = marketOrders.head
    while rest > 0 {
      while slot < 0 {
        guard let level = index.next(&cursor) else {
          preconditionFailure("an auction allocated more lots than one side has")
        }
        slot = levels[level].head
      }
      let lots = min(rest, orders[slot].remainingLots)
      fills.append(Fill(index: slot, quantity: lots))
      rest -= lots
      slot = orders[slot].next
    }
  }

  /// The levels best first, as the kernel reads them.
  struct Levels: LevelCursor {
    // Points at the side inside the market slab; made and used within one call that borrows the
    // side, and nothing changes the book meanwhile.
    let side: UnsafePointer<BookSide>
    var cursor = PriceIndex.Cursor()

    mutating func next() -> PriceLevel? {
      guard let level = side.pointee.index.next(&cursor) else { return nil }
      return PriceLevel(
        price: side.pointee.levels[level].priceTicks, quantity: side.pointee.levels[level].lots)
    }
  }

  /// The best levels, at most `limit`, for depth of book.
  func depth(_ limit: Int) -> [PriceLevel] {
    var rows: [PriceLevel] = []
    var cursor = PriceIndex.Cursor()
    while rows.count < limit, let level = index.next(&cursor) {
      rows.append(PriceLevel(price: levels[level].priceTicks, quantity: levels[level].lots))
    }
    return rows
  }
}

/// The orders of a market that end at a time, earliest first. An entry whose order is gone stays
/// until it comes up or until such entries are the larger half.
struct ExpiryHeap {
  struct Entry {
    var expiry: Microseconds
    var priority: UInt64
    var slot: Int32

    static func < (a: Entry, b: Entry) -> Bool {
      a.expiry != b.expiry ? a.expiry < b.expiry : a.priority < b.priority
    }
  }

  private var entries: ContiguousArray<Entry> = []

  var first: Entry? { entries.first }

  mutating func insert(_ entry: Entry, _ orders: borrowing Slab<Order>, live: Int) {
    if entries.count > 64, entries.count > 2 * live { compact(orders) }
    entries.append(entry)
    var child = entries.count - 1
    while child > 0, entries[child] < entries[(child - 1) / 2] {
      entries.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func removeFirst() {
    entries.swapAt(0, entries.count - 1)
    entries.removeLast()
    siftDown(0)
  }

  private mutating func siftDown(_ start: Int) {
    var parent = start
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < entries.count && entries[child] < entries[least] {
        least = child
      }
      if least == parent { return }
      entries.swapAt(parent, least)
      parent = least
    }
  }

  private mutating func compact(_ orders: borrowing Slab<Order>) {
    var kept = 0
    for index in entries.indices
    where orders[entries[index].slot].priority == entries[index].priority {
      entries[kept] = entries[index]
      kept += 1
    }
    entries.removeLast(entries.count - kept)
    for parent in stride(from: entries.count / 2 - 1, through: 0, by: -1) { siftDown(parent) }
  }
}

/// What the hot path reads of a market, free of references.
struct MarketConstants {
  var base: AssetID
  var quote: AssetID
  var lotAtoms: Int64
  /// Quote atoms of one tick times one lot.
  var atomsPerTickLot: Int64
  var minimumNotional: Int128
  var minimumReferenceVolume: Int128
  var maximumOpenOrders: UInt32
  var buyFeeBasisPoints: UInt16
  var sellFeeBasisPoints: UInt16
  var interval: Microseconds
  var isOpen: Bool
  /// Ticks, 0 for none.
  var referenceTicks: Int64
  /// Nil without a reference or a band.
  var band: Band?
}

struct Market: ~Copyable {
  var definition: MarketDefinition
  var constants: MarketConstants
  var lastSlot: Int64
  /// Runs in a row outside the band; by CALL-2 those that count.
  var outsideRuns: UInt32 = 0
  var auctionCount: Int64 = 0
  var tradeCount: Int64 = 0
  var buys = BookSide(.buy)
  var sells = BookSide(.sell)
  var expiries = ExpiryHeap()
  // Orders for one run, oldest first.
  var runHead: Int32 = -1
  var runTail: Int32 = -1

  init(definition: MarketDefinition, constants: MarketConstants, lastSlot: Int64) {
    self.definition = definition
    self.constants = constants
    self.lastSlot = lastSlot
  }

  func orderCount(_ side: Side) -> Int { side == .buy ? buys.orderCount : sells.orderCount }

  // Inlined always: a coroutine that is called keeps its frame on the heap.
  subscript(side: Side) -> BookSide {
    @inline(__always) _read { if side == .buy { yield buys } else { yield sells } }
    @inline(__always) _modify { if side == .buy { yield &buys } else { yield &sells } }
  }
}

/// One user in one market: accounts, own orders (oldest first on each side), and bounds on own
/// prices.
struct Trader {
  var user: UserID
  var market: MarketID
  var baseAccount: Int32
  var quoteAccount: Int32
  var buys = OwnOrders()
  var sells = OwnOrders()

  subscript(side: Side) -> OwnOrders {
    @inline(__always) _read { if side == .buy { yield buys } else { yield sells } }
    @inline(__always) _modify { if side == .buy { yield &buys } else { yield &sells } }
  }
}

struct OwnOrders {
  var head: Int32 = -1
  var tail: Int32 = -1
  var count: UInt32 = 0
  var marketCount: UInt32 = 0
  /// The best own limit (highest buy, lowest sell); 0 where it must be looked for again.
  var best: Int64 = 0
}
