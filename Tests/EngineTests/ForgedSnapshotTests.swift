// Snapshots that no engine wrote: an error, never a stopped process, and no state that breaks a
// rule.

import Auction
import Testing

@testable import Engine

/// A snapshot's hash guards it; these are bytes that somebody forged.
@Suite struct ForgedSnapshotTests {
  static let seeds: [UInt64] = Array(1...8)

  /// Bytes changed, put in and left out: an error, or an engine that keeps every rule.
  @Test(arguments: seeds) func isRefusedOrHarmless(seed: UInt64) {
    var engine = Venue.make(rules: seed % 2 == 0 ? 1 : 3)
    var source = CommandSource(seed: seed &+ 9_000)
    for _ in 0..<200 { source.learn(engine.apply(source.next(engine))) }
    let bytes = Venue.snapshot(engine)
    var survivors = 0
    for _ in 0..<400 {
      var forged = bytes
      for _ in 0...source.random(3) { Self.forge(&forged, &source) }
      guard var restored = try? AuctionEngine(restoring: forged) else { continue }
      survivors += 1
      var commands = source
      for _ in 0..<300 { commands.learn(restored.apply(commands.next(restored))) }
      var extremes = ExtremeSource(seed: source.random(1 << 40), endsTime: false)
      for _ in 0..<700 { extremes.learn(restored.apply(extremes.next(restored))) }
      Self.check(restored, seed)
    }
    #expect(survivors > 0, "seed \(seed): nothing was tried")
  }

  /// Each of these is wrong in one place; its bytes are well formed.
  @Test func booksThatNoCommandMakesAreRefused() {
    refuses { $0.accounts.issue(1, of: 0) }
    refuses { $0.orders[0].limitTicks -= 1 }
    refuses { $0.orders[0].limitTicks = Bounds.maximumPriceTicks + 1 }
    refuses { $0.orders[0].remainingLots = 0 }
    refuses { $0.orders[0].remainingLots = .max }
    refuses { $0.orders[0].feePaid = 1 }
    refuses { $0.orders[0].feeBasisPoints = 10_001 }
    refuses { $0.orders[0].expiry = 1 }
    refuses { $0.orders[0].id = 1 << 62 }
    refuses { $0.orders[1].id = $0.orders[0].id }
    refuses { $0.orders[2].limitTicks -= 1 }
    refuses { $0.markets[0].constants.referenceTicks = Bounds.maximumPriceTicks + 1 }
    refuses { $0.markets[0].constants.atomsPerTickLot = 2 }
    refuses { $0.markets[0].definition.terms.intervalMilliseconds = 0 }
    refuses { $0.markets[0].lastSlot = $0.time }
    refuses { $0.markets[0].tradeCount = .max }
    refuses { $0.assets[0].decimals = 19 }
    refuses { $0.users[3].name = $0.users[2].name }
    refuses { $0.commandCount = .max }
    refuses { $0.adjustmentCount = .max }
    refuses { $0.orderCount = .max }
    refuses { $0.orderCount = 2 }
    refuses { $0.venue?.seed += 1 }
    refuses { $0.priorityCount = .max }
    refuses { $0.chains.append(ChainState(name: "dev", lastCredit: .max)) }
    refuses { $0.chains.append(ChainState(name: "")) }
  }

  /// A buy, a sell by the same user, and a market buy that is locked at the upper edge.
  private func refuses(
    _ damage: (inout AuctionEngine) -> Void, _ location: SourceLocation = #_sourceLocation
  ) {
    var engine = Scene.make()
    for reply in [
      engine.place(2, .buy, 5, at: 100), engine.place(2, .sell, 5, at: 101),
      engine.place(3, .buy, 5),
    ] { #expect(reply.rejection == nil) }
    let sound = Venue.snapshot(engine)
    #expect(throws: Never.self) { _ = try AuctionEngine(restoring: sound) }
    damage(&engine)
    let bytes = Venue.snapshot(engine)
    #expect(throws: ByteError.self, sourceLocation: location) {
      _ = try AuctionEngine(restoring: bytes)
    }
  }

  /// The user's two orders would trade with each other; their locks are right.
  @Test func ownOrdersThatCrossAreRefused() {
    var engine = Scene.make()
    _ = engine.place(2, .buy, 5, at: 100)
    let sell = engine.place(2, .sell, 5, at: 101)
    guard let slot = engine.restingSlot(sell.id) else { return }
    engine.orders[slot].limitTicks = 100
    let bytes = Venue.snapshot(engine)
    #expect(throws: ByteError.self) { _ = try AuctionEngine(restoring: bytes) }
  }

  private static func forge(_ bytes: inout [UInt8], _ source: inout CommandSource) {
    let place = Int(source.random(UInt64(bytes.count)))
    switch source.random(6) {
    case 0: bytes[place] ^= 1 << UInt8(source.random(8))
    case 1: bytes[place] = UInt8(source.random(256))
    case 2: bytes.remove(at: place)
    case 3: bytes.insert(UInt8(source.random(256)), at: place)
    case 4:
      // The largest numbers of 7 to 126 bits in place of one byte.
      let wide = [UInt8](repeating: 0xff, count: Int(source.random(18))) + [0x7f]
      bytes.replaceSubrange(place...place, with: wide)
    default: bytes.swapAt(place, Int(source.random(UInt64(bytes.count))))
    }
  }

  private static func check(_ engine: borrowing AuctionEngine, _ seed: UInt64) {
    engine.accounts.checkConservation()
    var locks: [UInt64: Int128] = [:]
    for user in 0..<UserID(engine.userCount) {
      for order in engine.openOrders(user) {
        let (asset, amount) = Naive.lock(order, engine)
        locks[UInt64(user) << 16 | UInt64(asset), default: 0] += amount
      }
      for withdrawal in engine.withdrawals.records.values
      where withdrawal.user == user && !withdrawal.status.isFinished {
        let key = UInt64(user) << 16 | UInt64(withdrawal.asset)
        locks[key, default: 0] += withdrawal.amount + withdrawal.fee
      }
      for balance in engine.balances(user) {
        let lock = locks[UInt64(user) << 16 | UInt64(balance.asset), default: 0]
        #expect(balance.locked == lock && balance.free >= 0, "seed \(seed)")
      }
    }
    let bytes = Venue.snapshot(engine)
    #expect(throws: Never.self) { _ = try AuctionEngine(restoring: bytes) }
  }
}
