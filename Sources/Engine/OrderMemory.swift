// What the engine remembers of orders since rules 3: so that a request sent again is safe, and so
// that a finished order can still be looked at. docs/api-trading.md has the contract.

internal import Auction

/// One accepted order, open or finished: 88 bytes. Two indexes add 21 to 43 bytes, and the list of
/// free slots up to 4.
struct KeptOrder {
  var name: PackedClientOrderID
  var user: UserID
  var id: OrderID
  /// When it was accepted.
  var time: Microseconds
  /// As asked for; how it ended may differ (`OrderOutcome`).
  var limitTicks: Int64
  var lots: Int64
  /// From `time` to its end in seconds, rounded up.
  var secondsToEnd: UInt32 = 0
  /// Of an open order: where it lies. Of a finished one: the user's next in the order of their
  /// ends.
  var next: Int32 = -1
  /// Its `OrderOutcome`, for those that have one.
  var outcome: Int32 = -1
  var market: MarketID
  var kind: OrderKind
  /// `open` as long as it rests.
  var status = OrderStatus.open
}

/// What only some orders have to tell: those that traded, were amended, or end at a date. 64 bytes.
struct OrderOutcome {
  var notional: Int128 = 0
  var feePaid: Int128 = 0
  var expiry: Microseconds = 0
  /// At the end.
  var limitTicks: Int64 = 0
  var lots: Int64 = 0
  var executedLots: Int64 = 0

  /// Whether the order ended as it was asked for and untouched: then it needs no outcome.
  func isPlain(for kept: KeptOrder) -> Bool {
    expiry == 0 && executedLots == 0 && lots == kept.lots && limitTicks == kept.limitTicks
  }
}

/// Side, type and time in force in one byte.
struct OrderKind: Equatable {
  private let bits: UInt8

  init(_ side: Side, _ type: OrderType, _ timeInForce: TimeInForce) {
    bits = side.rawValue | type.rawValue << 1 | timeInForce.rawValue << 2
  }

  var side: Side { bits & 1 == Side.buy.rawValue ? .buy : .sell }
  var type: OrderType { bits >> 1 & 1 == OrderType.limit.rawValue ? .limit : .market }
  var timeInForce: TimeInForce {
    guard let value = TimeInForce(rawValue: bits >> 2) else {
      preconditionFailure("made of a time in force")
    }
    return value
  }
}

/// A client order id without its padding: 36 bytes.
struct PackedClientOrderID: Equatable {
  private var first: UInt64
  private var second: UInt64
  private var third: UInt64
  private var fourth: UInt64
  private var last: UInt32

  init(_ id: ClientOrderID) {
    (first, second, third, fourth) = (id.words.0, id.words.1, id.words.2, id.words.3)
    last = UInt32(truncatingIfNeeded: id.words.4 >> 32)
  }

  var unpacked: ClientOrderID {
    ClientOrderID(words: (first, second, third, fourth, UInt64(last) << 32))
  }
}

/// A request that was refused: hashes of its name and content, keyed with the venue's secret.
struct RefusedOrder: Equatable {
  var name: UInt64
  var content: UInt64
  var time: Microseconds
  var rejection: Rejection
}

/// The orders of all users, and of each user the refused requests of a moment ago.
///
/// The id of an open order is remembered. After the order's end its id is remembered for five
/// minutes, and for a day if it is among the user's `newest` to end. Since rules 4 that number
/// falls while more than half of the places are taken, so that what is younger than five minutes
/// has the other half: nobody is refused for what is older, whoever left it there.
struct OrderMemory: ~Copyable {
  struct OfUser {
    // Finished orders by their ends, oldest first.
    fileprivate(set) var head: Int32 = -1
    fileprivate var tail: Int32 = -1
    fileprivate(set) var count: UInt32 = 0
    /// A ring: `oldestRefusal` is the place of the oldest once it is full.
    fileprivate(set) var refusals: ContiguousArray<RefusedOrder> = []
    fileprivate var oldestRefusal: UInt8 = 0
  }

  private(set) var slab = Slab<KeptOrder>(minimumCapacity: 1024)
  private(set) var outcomes = Slab<OrderOutcome>()
  private var byName = SlotIndex(minimumCapacity: 1024)
  private var byID = SlotIndex(minimumCapacity: 1024)
  private(set) var users: ContiguousArray<OfUser> = []
  /// Whose orders the next `sweep` looks at.
  var nextSwept: UserID = 0
  var hash = KeyedHash()
  var numbers = OrderNumbers()
  /// Places for orders, of all users and since rules 4 of one. Tests have fewer.
  var places = Bounds.maximumKeptOrders
  var placesOfUser = Int(Bounds.maximumRememberedOrders) + Bounds.maximumRecentOrders

  /// Users who have a ring.
  private var rings = 0

  var count: Int { slab.count }

  /// What all of it takes: records (a free place too), indexes, users and their rings.
  var bytes: Int {
    Int(slab.used) * MemoryLayout<KeptOrder>.stride
      + Int(outcomes.used) * MemoryLayout<OrderOutcome>.stride
      + byName.bytes + byID.bytes + users.count * MemoryLayout<OfUser>.stride
      + rings * Self.refusalsOfUser * MemoryLayout<RefusedOrder>.stride
  }

  mutating func addUser() { users.append(OfUser()) }

  // MARK: Finding

  @inline(__always)
  func find(_ user: UserID, _ id: ClientOrderID) -> Int32? {
    let name = PackedClientOrderID(id)
    return byName.find(hash.of(user, id)) { slab[$0].user == user && slab[$0].name == name }
  }

  @inline(__always)
  func find(_ id: OrderID) -> Int32? {
    byID.find(place(of: id)) { slab[$0].id == id }
  }

  /// A hash that puts eight orders in a row beside each other, on one line of memory: who cancels
  /// often cancels what is young, and its neighbours. Rows of eight lie anywhere, so that older
  /// ones build no queue before those that come.
  @inline(__always)
  private func place(of id: OrderID) -> UInt64 {
    let number = numbers.number(of: id)
    return hash.mix(hash.seed, number >> 3) & ~(7 << 32) | (number & 7) << 32
  }

  /// Whether this is what was asked for under the id of `slot`.
  func isSame(_ slot: Int32, _ order: PlaceOrder) -> Bool {
    let kept = slab[slot]
    return kept.market == order.market
      && kept.kind == OrderKind(order.side, order.type, order.timeInForce)
      && kept.limitTicks == order.limitTicks && kept.lots == order.lots
      && expiry(of: kept) == order.expiry
  }

  private func expiry(of kept: KeptOrder) -> Microseconds {
    kept.outcome < 0 ? 0 : outcomes[kept.outcome].expiry
  }

  /// How a finished order ended: without a record of its own as it was asked for, untouched.
  func outcome(_ slot: Int32) -> OrderOutcome {
    let kept = slab[slot]
    return kept.outcome >= 0
      ? outcomes[kept.outcome] : OrderOutcome(limitTicks: kept.limitTicks, lots: kept.lots)
  }

  // MARK: Keeping

  /// An order that rests in a slot of the engine's, or that is finished.
  mutating func keep(
    _ kept: KeptOrder, restingIn order: Int32 = -1, expiry: Microseconds
  ) -> Int32 {
    let slot = slab.insert(kept)
    slab[slot].next = order
    if expiry != 0 { slab[slot].outcome = outcomes.insert(OrderOutcome(expiry: expiry)) }
    byName.insert(hash.of(kept.user, kept.name.unpacked), slot)
    byID.insert(place(of: kept.id), slot)
    return slot
  }

  mutating func finish(
    _ slot: Int32, _ status: OrderStatus, _ outcome: OrderOutcome, at time: Microseconds
  ) {
    let kept = slab[slot]
    var outcome = outcome
    outcome.expiry = expiry(of: kept)
    if kept.outcome >= 0 {
      outcomes[kept.outcome] = outcome
    } else if !outcome.isPlain(for: kept) {
      slab[slot].outcome = outcomes.insert(outcome)
    }
    slab[slot].status = status
    let seconds = (time - kept.time + 999_999) / 1_000_000
    slab[slot].secondsToEnd = UInt32(clamping: seconds)
    link(slot)
  }

  /// Puts a finished order behind its user's others.
  private mutating func link(_ slot: Int32) {
    slab[slot].next = -1
    let user = Int(slab[slot].user)
    let tail = users[user].tail
    if tail >= 0 { slab[tail].next = slot } else { users[user].head = slot }
    users[user].tail = slot
    users[user].count += 1
  }

  /// A finished order from a snapshot, or from the rules before.
  mutating func restore(_ kept: KeptOrder, _ outcome: OrderOutcome?) {
    let slot = keep(kept, expiry: 0)
    if let outcome { slab[slot].outcome = outcomes.insert(outcome) }
    link(slot)
  }

  // MARK: Forgetting

  /// Whether the user's oldest finished order may go.
  private func mayForget(_ user: UserID, newest: UInt32, at time: Microseconds) -> Bool {
    let own = users[Int(user)]
    if own.head < 0 { return false }
    let kept = slab[own.head]
    let age = time - kept.time - Int64(kept.secondsToEnd) * 1_000_000
    return age > (own.count > newest ? Bounds.rememberedAtLeast : Bounds.rememberedFor)
  }

  private mutating func forgetOldest(_ user: UserID) {
    let slot = users[Int(user)].head
    let kept = slab[slot]
    byName.remove(hash.of(user, kept.name.unpacked), slot)
    byID.remove(place(of: kept.id), slot)
    users[Int(user)].head = kept.next
    if kept.next < 0 { users[Int(user)].tail = -1 }
    users[Int(user)].count -= 1
    if kept.outcome >= 0 { outcomes.release(kept.outcome) }
    slab.release(slot)
  }

  /// Makes the room that an order of this user takes: two may go for one that comes.
  mutating func makeRoom(_ user: UserID, newest: UInt32, at time: Microseconds) {
    for _ in 0..<2 where mayForget(user, newest: newest, at: time) { forgetOldest(user) }
  }

  /// More than half of the places are taken.
  var isCrowded: Bool { count > places / 2 }

  /// How many of a user's newest orders are remembered for a day: all that the terms allow, and
  /// half as many with each further `1 / crowdedSteps` of the second half that is taken. Whoever
  /// has fewer loses none. Since rules 4.
  ///
  /// It follows from the count, so no state says how scarce room is. None of 2^20 is left when 21
  /// of 32 steps are taken. Then all goes that is older than five minutes.
  func newest(_ most: UInt32) -> UInt32 {
    guard isCrowded else { return most }
    let half = places / 2
    return most >> UInt32((count - half) * Self.crowdedSteps / half)
  }

  private static let crowdedSteps = 32

  /// Looks at users in turn, so that what may go goes though its user is quiet: a bounded step.
  mutating func sweep(
    newest: UInt32, at time: Microseconds, step: Int = OrderMemory.sweepStep
  ) {
    var work = 0
    var looked = 0
    while work < step, looked < min(users.count, step) {
      if Int(nextSwept) >= users.count { nextSwept = 0 }
      if mayForget(nextSwept, newest: newest, at: time) {
        forgetOldest(nextSwept)
      } else {
        nextSwept += 1
        looked += 1
      }
      work += 1
    }
  }

  /// Users looked at and orders forgotten in one step: some 50 microseconds.
  static let sweepStep = 256

  /// The same for an order that comes while the memory is crowded: some two microseconds. It frees
  /// more than the one place that the order takes, and sixteen million users are looked at within a
  /// million orders: a quarter of a step of `newest`.
  static let crowdedSweepStep = 16

  // MARK: Refusals

  /// A user's refused requests that get the same answer again: half a kilobyte.
  static let refusalsOfUser = 16

  func contentHash(_ order: PlaceOrder) -> UInt64 {
    let kind =
      UInt64(order.market) << 8 | UInt64(order.side.rawValue) << 4
      | UInt64(order.type.rawValue) << 3 | UInt64(order.timeInForce.rawValue)
    var state = hash.mix(hash.seed, kind)
    state = hash.mix(state, UInt64(bitPattern: order.limitTicks))
    state = hash.mix(state, UInt64(bitPattern: order.lots))
    return hash.mix(state, UInt64(bitPattern: order.expiry))
  }

  /// The refusal that the user got under this id at most five minutes ago.
  func refusal(_ user: UserID, _ id: ClientOrderID, at time: Microseconds) -> RefusedOrder? {
    let own = users[Int(user)].refusals
    if own.isEmpty { return nil }
    let name = hash.of(user, id)
    for index in own.indices
    where own[index].name == name && time - own[index].time <= Bounds.rememberedAtLeast {
      return own[index]
    }
    return nil
  }

  mutating func refuse(_ order: PlaceOrder, _ rejection: Rejection, at time: Microseconds) {
    add(
      RefusedOrder(
        name: hash.of(order.user, order.clientOrderID), content: contentHash(order), time: time,
        rejection: rejection), of: order.user)
  }

  /// In the place of the user's oldest.
  mutating func add(_ refused: RefusedOrder, of user: UserID) {
    let index = Int(user)
    guard users[index].refusals.count == Self.refusalsOfUser else {
      if users[index].refusals.isEmpty {
        users[index].refusals.reserveCapacity(Self.refusalsOfUser)
        rings += 1
      }
      users[index].refusals.append(refused)
      return
    }
    users[index].refusals[Int(users[index].oldestRefusal)] = refused
    users[index].oldestRefusal = (users[index].oldestRefusal + 1) % UInt8(Self.refusalsOfUser)
  }

  /// Oldest first.
  func forEachRefusal(of user: UserID, _ body: (RefusedOrder) -> Void) {
    let own = users[Int(user)]
    for index in own.refusals.indices {
      body(own.refusals[(Int(own.oldestRefusal) + index) % own.refusals.count])
    }
  }

  // MARK: Room

  mutating func reserve(_ count: Int) {
    slab.reserve(count)
    byName.reserve(count)
    byID.reserve(count)
  }
}
