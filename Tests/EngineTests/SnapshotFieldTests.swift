// A snapshot brings back every field of the state: one that it forgets is seen, whatever follows
// from it later.

import Testing

@testable import Engine

@Suite struct SnapshotFieldTests {
  /// What a field begins with.
  private static let beginnings: Set<String> = ["0", "-1", "nil", "false", "\"\"", "[]"]
  /// There is one delay of operators, under key 0.
  private static let alwaysAtBeginning: Set<String> = [
    "safeguards.delays.inForce[].key", "safeguards.delays.pending[].key",
  ]

  /// Field by field, over engines in which no field has the value that it begins with: a new field
  /// fails here until the snapshot has it and `FullState` gives it a value.
  @Test func everyFieldComesBack() throws {
    var values: [String: Set<String>] = [:]
    var cases: Set<String> = []
    func check(_ engine: borrowing AuctionEngine) throws {
      let bytes = Venue.snapshot(engine)
      let restored = try AuctionEngine(restoring: bytes)
      let (before, after) = (StateWalk(engine), StateWalk(restored))
      #expect(before.unknown.isEmpty, "not walked: \(before.unknown)")
      for path in Set(before.values.keys).union(after.values.keys).sorted() {
        #expect(before.values[path] == after.values[path], "\(path)")
        values[path, default: []].formUnion(before.values[path] ?? [])
      }
      cases.formUnion(before.cases)
      // Whose an order is, is a slot in the engine.
      for user in 0..<UserID(engine.userCount) {
        let (orders, again) = (engine.openOrders(user), restored.openOrders(user))
        #expect(orders == again)
      }
      #expect(Venue.snapshot(restored) == bytes)
    }
    for seed in UInt64(1)...4 { try check(FullState.traded(seed: seed)) }
    try check(FullState.guarded())
    // What later rules keep elsewhere is here: orders among the requests of all.
    var source = CommandSource(seed: 5)
    try check(FullState.tradedAtFirst(&source))
    for (path, found) in values.sorted(by: { $0.key < $1.key })
    where !Self.alwaysAtBeginning.contains(path) {
      let isSeen = cases.contains(path) ? found.count > 1 : !found.isSubset(of: Self.beginnings)
      #expect(isSeen, "\(path) is only ever \(found): a snapshot could forget it")
    }
  }

  /// The walk sees one lost field anywhere: in a list, a dictionary, a slab, and beneath a part
  /// that cannot be copied.
  @Test func aLostFieldIsSeen() throws {
    let engine = FullState.guarded()
    let (bytes, whole) = (Venue.snapshot(engine), StateWalk(engine))
    func sees(_ path: String, _ lose: (inout AuctionEngine) -> Void) throws {
      var restored = try AuctionEngine(restoring: bytes)
      lose(&restored)
      let walk = StateWalk(restored)
      let different = whole.values.keys.filter { whole.values[$0] != walk.values[$0] }
      #expect(different == [path])
    }
    try sees("commandCount") { $0.commandCount = 0 }
    try sees("markets[].outsideRuns") { $0.markets[0].outsideRuns = 0 }
    try sees("orders[].time") { $0.orders[0].time = 0 }
    try sees("users[].keys[].expiresAt") { $0.users[9].keys[0].expiresAt = 0 }
    try sees("chains[].name") { $0.chains[1].name = "" }
    try sees("withdrawals.addresses[].value[].usableAt") {
      $0.withdrawals.addresses[3]?[0].usableAt = 0
    }
    try sees("remembered.hash.seed") { $0.remembered.hash.seed = 0 }
    try sees("memory.nextSwept") { $0.memory.nextSwept = 0 }
    try sees("users[].stock.orders") { $0.users[4].stock.orders = 7 }
  }
}
