// The ids of requests of at least the last 24 hours, so that sending one again is safe.

internal import Auction

/// How an order stands.
public enum OrderStatus: UInt8, Sendable {
  case open = 0
  case executed = 1
  case cancelled = 2
  case expired = 3

  public var name: String {
    switch self {
    case .open: "open"
    case .executed: "executed"
    case .cancelled: "cancelled"
    case .expired: "expired"
    }
  }
}

/// What was asked under a client order id: the same again gets the first answer, other content is
/// refused.
struct RememberedRequest: Equatable {
  /// An adjustment's content lies in the same fields: asset in `market`, digest of user, amount and
  /// reason in `limitTicks` and `lots`.
  var isAdjustment: Bool
  var market: MarketID
  var side: Side
  var type: OrderType
  var timeInForce: TimeInForce
  var limitTicks: Int64
  var lots: Int64
  var expiry: Microseconds
}

struct RememberedOrder {
  var user: UserID
  var clientOrderID: ClientOrderID
  var request: RememberedRequest
  /// When the first answer was given.
  var time: Microseconds
  /// The first answer: an id, or a rejection.
  var id: Int64
  var rejection: Rejection?
  /// How the order ended; `open` as long as it rests.
  var status: OrderStatus = .open
  /// Terms at the end: amendments may have changed what was asked.
  var limitTicks: Int64 = 0
  var lots: Int64 = 0
  var executedLots: Int64 = 0
  var notional: Int128 = 0
  var feePaid: Int128 = 0
  var next: Int32 = -1
}

/// Requests by user and client id, oldest first. Its bound on memory is kept by refusing new ones,
/// never by forgetting one before its time. Since rules 3 only adjustments are here, and each
/// operator has room of its own. Orders are in `OrderMemory`.
struct RememberedOrders: ~Copyable {
  private(set) var slab = Slab<RememberedOrder>(minimumCapacity: 1024)
  private var index = HashIndex(minimumCapacity: 1024)
  private(set) var head: Int32 = -1
  private var tail: Int32 = -1
  var hash = KeyedHash()

  var count: Int { slab.count }

  @inline(__always)
  func find(_ user: UserID, _ id: ClientOrderID) -> Int32? {
    index.find(hash.of(user, id)) { slot in
      slab[slot].user == user && slab[slot].clientOrderID == id
    }
  }

  mutating func append(_ entry: RememberedOrder) -> Int32 {
    let slot = slab.insert(entry)
    slab[slot].next = -1
    index.insert(hash.of(entry.user, entry.clientOrderID), slot)
    if tail >= 0 { slab[tail].next = slot } else { head = slot }
    tail = slot
    return slot
  }

  /// The oldest entry if it may be forgotten at `time`.
  func expired(at time: Microseconds) -> Int32? {
    head >= 0 && time - slab[head].time > Bounds.rememberedFor ? head : nil
  }

  mutating func removeFirst() {
    let slot = head
    index.remove(hash.of(slab[slot].user, slab[slot].clientOrderID), value: slot)
    head = slab[slot].next
    if head < 0 { tail = -1 }
    // A live order may still point here: the id no longer answers to it.
    slab[slot].id = -1
    slab.release(slot)
  }

  mutating func finish(_ slot: Int32, _ status: OrderStatus, _ order: Order) {
    slab[slot].status = status
    slab[slot].limitTicks = order.type == .market ? 0 : order.limitTicks
    slab[slot].lots = order.executedLots + order.remainingLots
    slab[slot].executedLots = order.executedLots
    slab[slot].notional = order.notional
    slab[slot].feePaid = order.feePaid
  }

  func next(after slot: Int32) -> Int32 { slab[slot].next }

  mutating func reserve(_ count: Int) {
    slab.reserve(count)
    index.reserve(count)
  }
}
