// Remembered orders against plain dictionaries that forget nothing: random histories, snapshots in
// between, and orders that older rules remembered.

import Auction
import Testing

@testable import Engine

/// Remembers all, and knows what the engine must still know.
private struct MemoryModel {
  struct Key: Hashable {
    var user: UserID
    var name: ClientOrderID
  }

  struct Known {
    var request: PlaceOrder
    var reply: Reply
    var view: OrderView?
    /// Nil as long as it rests.
    var end: Microseconds?
  }

  var known: [Key: Known] = [:]
  /// Of orders that rest.
  private var open: Set<Key> = []
  /// Keys by the ends of their orders, and of the refused ones of each user.
  var ended: [UserID: [Key]] = [:]
  var refused: [UserID: [Key]] = [:]
  let newest: Int

  init(newest: Int) { self.newest = newest }

  func mustKnow(_ key: Key, at time: Microseconds) -> Bool {
    guard let entry = known[key] else { return false }
    if entry.reply.rejection != nil {
      return time - entry.reply.time <= 5 * MemoryScene.minute
        && (refused[key.user] ?? []).suffix(16).contains(key)
    }
    guard let end = entry.end else { return true }
    if time - end <= 5 * MemoryScene.minute { return true }
    return time - end <= MemoryScene.day && isAmongNewest(key, end)
  }

  /// Of those that ended with one command the engine may take any for the newer ones.
  private func isAmongNewest(_ key: Key, _ end: Microseconds) -> Bool {
    let notOlder = (ended[key.user] ?? []).reversed().prefix { (known[$0]?.end ?? 0) >= end }
    return notOlder.count <= newest
  }

  /// Long after its time: a second for rounding, and a full round of the sweep.
  func mustHaveForgotten(_ key: Key, at time: Microseconds) -> Bool {
    guard let entry = known[key], let end = entry.end else { return false }
    return time - end > MemoryScene.day + 2 * Scene.second
  }

  mutating func place(_ order: PlaceOrder, _ reply: Reply) {
    let key = Key(user: order.user, name: order.clientOrderID)
    // Known again after it was forgotten: its older end says nothing any more.
    ended[order.user]?.removeAll { $0 == key }
    refused[order.user]?.removeAll { $0 == key }
    known[key] = Known(request: order, reply: reply)
    if reply.rejection == nil {
      open.insert(key)
    } else {
      refused[order.user, default: []].append(key)
    }
  }

  /// Looks at what rests: which orders ended with the last command.
  mutating func observe(_ engine: borrowing AuctionEngine) {
    for key in open {
      guard let entry = known[key], let view = engine.order(entry.reply.id) else {
        Issue.record("\(key) rests and is not known")
        continue
      }
      if view.status == .open { continue }
      open.remove(key)
      known[key]?.end = engine.time
      known[key]?.view = view
      ended[key.user, default: []].append(key)
    }
  }
}

@Suite struct OrderMemoryOracleTests {
  static let seeds: [UInt64] = Array(1...16)
  private static let newest = 6

  @Test(arguments: seeds) func agreesWithADictionaryThatForgetsNothing(seed: UInt64) throws {
    var engine = MemoryScene.make(
      OrderTerms(rememberedOrders: UInt32(Self.newest), allowance: nil), poorUsers: 2)
    var model = MemoryModel(newest: Self.newest)
    var source = CommandSource(seed: seed)
    var (repeats, forgotten, refusals) = (0, 0, 0)
    for step in 0..<4_000 {
      switch source.random(20) {
      case 0..<12:
        let order = Self.order(&source)
        let key = MemoryModel.Key(user: order.user, name: order.clientOrderID)
        let must = model.mustKnow(key, at: engine.time)
        let mustNot = model.mustHaveForgotten(key, at: engine.time)
        let reply = engine.apply(.order(.place(order)))
        let note = "seed \(seed), step \(step): \(order) \(reply)"
        let first = model.known[key]
        let isKnown = reply.outcome == .repeated || reply.rejection == .duplicateClientOrderID
        #expect(!must || isKnown, "\(note)")
        #expect(!mustNot || !isKnown, "\(note)")
        #expect(first != nil || !isKnown, "\(note)")
        if isKnown, let first {
          repeats += 1
          #expect((reply.outcome == .repeated) == (first.request == order), "\(note)")
          #expect(reply.id == first.reply.id, "\(note)")
          if reply.outcome == .repeated {
            #expect(reply.rejection == first.reply.rejection, "\(note)")
            #expect(reply.time == first.reply.time, "\(note)")
          }
        } else {
          forgotten += first == nil ? 0 : 1
          refusals += reply.rejection == nil ? 0 : 1
          model.place(order, reply)
        }
      case 12..<14:
        guard let open = engine.openOrders(UserID(source.random(4)) + 2).first else { continue }
        _ = engine.cancel(open.user, open.id)
      case 14:
        guard let open = engine.openOrders(UserID(source.random(4)) + 2).last else { continue }
        _ = engine.amend(
          open.user, open.id, to: 95 + Int64(source.random(10)), lots: Int64(source.random(9)))
      case 15:
        engine.apply(.schedule(.runAuction(market: 0, slot: engine.time / Scene.second)))
      case 16..<19: engine.advance(by: Microseconds(source.random(40)) * Scene.second + 1)
      default:
        if source.random(30) == 0 { engine.advance(by: MemoryScene.day - 1) }
      }
      model.observe(engine)
      engine.effects.removeAll()
      if step % 40 == 0 {
        Self.checkViews(engine, model, seed, step)
        engine = try Self.restored(engine, seed, step)
      }
    }
    #expect(repeats > 300 && forgotten > 30 && refusals > 30, "\(repeats) \(forgotten) \(refusals)")
  }

  private static func order(_ source: inout CommandSource) -> PlaceOrder {
    if source.random(3) != 0 { source.number += 1 }
    // Recent ids, or any that there ever was.
    let span = source.random(3) == 0 ? source.number + 1 : 12
    let number = max(0, source.number - Int(source.random(UInt64(span))))
    let timeInForce: TimeInForce =
      [.goodTilCancelled, .auction, .goodTilDate][Int(source.random(3))]
    return PlaceOrder(
      // Users 6 and 7 have nothing. An id is mostly its user's own, with mostly the same content.
      user: UserID(number % 6) + 2, market: 0, side: number % 2 == 0 ? .buy : .sell,
      timeInForce: number % 3 == 0 ? timeInForce : .goodTilCancelled,
      limitTicks: 95 + Int64(number % 11), lots: 1 + Int64(source.random(20) == 0 ? 1 : 0),
      expiry: number % 3 == 0 && timeInForce == .goodTilDate ? 1 << 60 : 0,
      clientOrderID: Venue.identifier("o-\(number)"))
  }

  /// A finished order tells what it told at its end.
  private static func checkViews(
    _ engine: borrowing AuctionEngine, _ model: MemoryModel, _ seed: UInt64, _ step: Int
  ) {
    for (key, entry) in model.known where entry.reply.rejection == nil && entry.end != nil {
      let byID = engine.order(entry.reply.id)
      if model.mustKnow(key, at: engine.time) {
        #expect(byID == entry.view, "seed \(seed), step \(step)")
        #expect(engine.order(key.user, key.name) == entry.view, "seed \(seed), step \(step)")
      } else if byID != nil {
        #expect(byID == entry.view, "seed \(seed), step \(step)")
      }
    }
  }

  private static func restored(
    _ engine: borrowing AuctionEngine, _ seed: UInt64, _ step: Int
  ) throws -> AuctionEngine {
    let bytes = Venue.snapshot(engine)
    var restored = try AuctionEngine(restoring: bytes)
    #expect(Venue.snapshot(restored) == bytes, "seed \(seed), step \(step)")
    restored.effects.removeAll()
    return restored
  }

  // MARK: From rules 2

  /// What rules 2 answered is answered alike after their end: orders, refusals, adjustments.
  @Test(arguments: seeds) func whatOlderRulesRememberedIsKnown(seed: UInt64) throws {
    var engine = Scene.make()
    for name in ["poor-6", "poor-7"] {
      engine.apply(.operation(.registerUser(name: name), by: .venue))
    }
    engine.apply(.venue(.activateRules(version: 2)))
    var source = CommandSource(seed: seed)
    var replies: [(order: PlaceOrder, reply: Reply)] = []
    var lastRefusals: [UserID: [Int]] = [:]
    for _ in 0..<600 {
      let order = Self.order(&source)
      let reply = engine.apply(.order(.place(order)))
      if reply.outcome == .done, reply.rejection != .duplicateClientOrderID {
        if reply.rejection != nil { lastRefusals[order.user, default: []].append(replies.count) }
        replies.append((order, reply))
      }
      if source.random(9) == 0 {
        engine.advance(by: 300_000)
        engine.apply(.schedule(.runAuction(market: 0, slot: engine.time / Scene.second)))
      }
      if source.random(9) == 0 {
        engine.apply(.order(.cancelAll(user: UserID(source.random(4)) + 2, market: nil)))
      }
    }
    let views = replies.map { $0.reply.rejection == nil ? engine.order($0.reply.id) : nil }
    let count = engine.rememberedOrderCount
    #expect(engine.apply(.venue(.activateRules(version: 3))).rejection == nil)
    engine = try Self.restored(engine, seed, 0)
    #expect(engine.rememberedOrderCount < count, "refusals leave")
    engine.advance(by: MemoryScene.minute)
    for (index, (order, reply)) in replies.enumerated() {
      if reply.rejection != nil, !(lastRefusals[order.user] ?? []).suffix(16).contains(index) {
        continue
      }
      let again = engine.apply(.order(.place(order)))
      #expect(again.rejection == reply.rejection && again.id == reply.id, "seed \(seed): \(order)")
      #expect(again.time == reply.time && again.outcome == .repeated, "seed \(seed): \(order)")
      if reply.rejection == nil { #expect(engine.order(reply.id) == views[index], "seed \(seed)") }
    }
    let again = engine.apply(
      .operation(
        .adjustBalance(
          BalanceAdjustment(
            user: 2, asset: Scene.usd, amount: 100_000, requestID: Venue.identifier("usd-2"))),
        by: Authority(user: 0, reason: "test")))
    #expect(again.rejection == nil, "an id of another operator: \(again)")
    #expect(engine.remembered.find(1, Venue.identifier("usd-2")) != nil)
  }

  /// Under rules 2 an id was forgotten while its order rested.
  @Test func anOpenOrderWhoseIDWasForgottenIsKnownAgain() throws {
    var engine = Scene.make()
    engine.apply(.venue(.activateRules(version: 2)))
    let old = engine.buy(2, 1, lots: 3)
    let reused = engine.buy(2, 2, lots: 3)
    engine.advance(by: MemoryScene.day + 1)
    for number in UInt64(10)..<40 { _ = engine.churn(3, number) }
    let later = engine.buy(2, 2, lots: 3)
    #expect(later.rejection == nil && later.id != reused.id, "rules 2 forgot the id")
    engine.apply(.venue(.activateRules(version: 3)))
    var restored = try AuctionEngine(restoring: Venue.snapshot(engine))
    #expect(restored.buy(2, 1, lots: 3).id == old.id)
    #expect(restored.buy(2, 2, lots: 3).id == later.id)
    for id in [old.id, reused.id, later.id] { #expect(restored.cancel(2, id).rejection == nil) }
    #expect(restored.order(old.id)?.status == .cancelled)
    #expect(restored.order(reused.id) == nil && restored.order(later.id) != nil)
  }
}
