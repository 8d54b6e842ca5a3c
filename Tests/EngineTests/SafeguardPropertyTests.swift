// Operators at random, against what must hold whatever they do, and through snapshots.

import Auction
import SeededNumbers
import Testing

@testable import Engine

/// What a naive reader of the replies and the log knows.
private struct Book {
  /// Booked by one operator alone: operator, amount, time.
  var alone: [(by: UserID, atoms: Int128, time: Microseconds)] = []
  var requested: [Int64: (by: UserID, user: UserID)] = [:]
}

@Suite struct SafeguardPropertyTests {
  private static let operators: [UserID] = [1, 6, 7, 8]

  @Test(arguments: UInt64(1)...60) func noOperatorIsAlone(seed: UInt64) throws {
    var numbers = SeededNumbers(seed)
    var engine = SafeguardScene.make()
    var book = Book()
    for step in 0..<250 {
      act(&engine, &numbers, &book, step)
      checkSums(engine, book, seed)
      if step % 50 == 49 { try checkSnapshot(engine, seed, step) }
    }
  }

  private func act(
    _ engine: inout AuctionEngine, _ numbers: inout SeededNumbers, _ book: inout Book, _ step: Int
  ) {
    func below(_ bound: Int) -> Int { Int(numbers.next() % UInt64(bound)) }
    let by = Self.operators[below(4)]
    let user = UserID([1, 2, 3, 4, 6, 9, 10][below(7)])
    switch below(12) {
    case 0: engine.pass(Int64(below(30)) * WithdrawalScene.hour + 1)
    case 1: _ = engine.operate(.registerUser(name: "user-of-step-\(step)"), by)
    case 2: _ = engine.grant(UInt8(100 + below(60)), to: user, by: by)
    case 3:
      guard let grant = engine.pendingKeyGrants().first else { return }
      let reply = engine.approveKey(grant.id, by: by)
      if reply.rejection == nil { #expect(by != grant.authority.user && by != grant.grant.user) }
    case 4:
      _ = engine.operate(.setFrozen(user: by, frozen: below(3) == 0), Self.operators[below(4)])
    case 5:
      guard let waiting = engine.pendingAdjustmentViews().first else { return }
      let grantors = engine.users[Int(waiting.adjustment.user)].grantors
      if engine.approveAdjustment(waiting.id, by: by).rejection == nil {
        #expect(by != waiting.authority.user && by != waiting.adjustment.user)
        #expect(!grantors.contains(by))
      }
    default:
      let amount = Int128(below(600_000)) * (below(3) == 0 ? -1 : 1)
      let reply = engine.give(amount, to: user, by: by, "step-\(step)")
      guard reply.rejection == nil, reply.outcome == .adjusted(.booked) else { return }
      #expect(by != user && !engine.users[Int(user)].grantors.contains(by))
      book.alone.append((by, Int128(amount.magnitude), engine.time))
    }
  }

  /// Within any 24 hours no operator booked more than the limit alone.
  private func checkSums(_ engine: borrowing AuctionEngine, _ book: Book, _ seed: UInt64) {
    guard let last = book.alone.last, last.time == engine.time else { return }
    let sum = book.alone.reduce(Int128(0)) { sum, entry in
      entry.by == last.by && engine.time - entry.time < SafeguardScene.day
        ? sum + entry.atoms : sum
    }
    #expect(sum <= SafeguardScene.limit, "seed \(seed)")
  }

  private func checkSnapshot(
    _ engine: borrowing AuctionEngine, _ seed: UInt64, _ step: Int
  ) throws {
    var writer = ByteWriter()
    engine.writeSnapshot(to: &writer)
    let restored = try AuctionEngine(restoring: writer.bytes)
    var again = ByteWriter()
    restored.writeSnapshot(to: &again)
    #expect(again.bytes == writer.bytes, "seed \(seed), step \(step)")
  }

  /// Damaged bytes are refused (here, or by the journal because they are not the state's own), or
  /// give a state that goes on: the process does not stop.
  @Test(arguments: UInt64(1)...40) func damagedSnapshotsAreRefused(seed: UInt64) {
    var numbers = SeededNumbers(seed)
    var engine = SafeguardScene.make()
    var book = Book()
    for step in 0..<120 { act(&engine, &numbers, &book, step) }
    var writer = ByteWriter()
    engine.writeSnapshot(to: &writer)
    for _ in 0..<150 {
      var bytes = writer.bytes
      let place = Int(numbers.next() % UInt64(bytes.count))
      bytes[place] = UInt8(truncatingIfNeeded: numbers.next())
      guard var restored = try? AuctionEngine(restoring: bytes) else { continue }
      var again = ByteWriter()
      restored.writeSnapshot(to: &again)
      guard again.bytes == bytes else { continue }
      for step in 200..<230 { act(&restored, &numbers, &book, step) }
      var later = ByteWriter()
      restored.writeSnapshot(to: &later)
      #expect(throws: Never.self, "seed \(seed), byte \(place)") {
        _ = try AuctionEngine(restoring: later.bytes)
      }
    }
  }

  /// A snapshot of older rules is what it was, and goes on under the newer ones.
  @Test func aSnapshotOfRulesOneGoesOn() throws {
    var engine = WithdrawalScene.make()
    var first = ByteWriter()
    engine.writeSnapshot(to: &first)
    #expect(first.bytes[13] == 1, "the format is that of the rules")
    var restored = try AuctionEngine(restoring: first.bytes)
    for command: Command in [
      .venue(.activateRules(version: 2)), .schedule(.advanceTime(Scene.start + 5)),
    ] {
      #expect(engine.apply(command) == restored.apply(command))
    }
    var (second, third) = (ByteWriter(), ByteWriter())
    engine.writeSnapshot(to: &second)
    restored.writeSnapshot(to: &third)
    #expect(second.bytes == third.bytes && second.bytes[13] == 2)
    var mixed = second.bytes
    mixed[13] = 1
    #expect(throws: ByteError.self) { _ = try AuctionEngine(restoring: mixed) }
  }
}
