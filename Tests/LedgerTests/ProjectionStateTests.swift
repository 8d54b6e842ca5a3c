// The projection's decisions against a database that fails in every way.

import SeededNumbers
import Testing

@testable import CoreFixture
@testable import Ledger

/// What may happen to the database besides lost answers and lost connections.
enum Mishap: String, CaseIterable {
  case none, olderCopy, newerCopy, foreignChange
}

/// A simulated database.
private struct LedgerWorld {
  var numbers: SeededNumbers
  let mishap: Mishap
  let rate: UInt64
  /// The transactions that it holds, by their last entry.
  var transactions: [UInt64] = []
  var shift: UInt64 = 0
  var watermark: UInt64 { (transactions.last ?? 0) + shift }
  var hasStruck = false
  var halt: String?

  init(seed: UInt64, mishap: Mishap) {
    numbers = SeededNumbers(seed)
    self.mishap = mishap
    rate = numbers.pick([2, 3, 10, 100])
  }

  mutating func fails() -> Bool { numbers.once(in: rate) }

  mutating func strikes(_ kind: Mishap) -> Bool {
    guard mishap == kind, !hasStruck, numbers.once(in: 4) else { return false }
    hasStruck = true
    return true
  }

  mutating func connect() -> ProjectionState.Event {
    if fails() { return .connectFailed }
    if watermark > 0, strikes(.olderCopy) {
      transactions.removeLast(1 + numbers.below(transactions.count))
    }
    if strikes(.newerCopy) { shift = 1_000_000 }
    return .connected(watermark: watermark)
  }

  /// The transaction of `LedgerWriter`: all or nothing, only from the watermark that is expected.
  mutating func apply(after: UInt64, upTo last: UInt64) -> ProjectionState.Event {
    if strikes(.foreignChange) { return .diverged("balances to update: expected 2, found 1") }
    if fails() { return .failed }
    if fails() { return .connectionLost }
    guard watermark == after else { return .diverged("watermark at entry \(after)") }
    transactions.append(last)
    return fails() ? .connectionLost : .committed
  }
}

@Suite struct ProjectionStateTests {
  /// A database that was restored to before, or that somebody else wrote.
  @Test(arguments: [0, 4, 6] as [UInt64]) func anotherWatermarkHalts(watermark: UInt64) {
    var state = ProjectionState(applied: 5)
    #expect(state.handle(.retry) == [.connect])
    let actions = state.handle(.connected(watermark: watermark))
    #expect(
      actions.count == 1
        && actions.allSatisfy { if case .halt = $0 { true } else { false } }, "\(actions)")
    #expect(state.handle(.batch(lastEntry: 7)).isEmpty)
  }

  @Test(arguments: UInt64(1)...120, Mishap.allCases)
  func appliesEveryEntryOnce(seed: UInt64, mishap: Mishap) {
    var world = LedgerWorld(seed: seed, mishap: mishap)
    var state = ProjectionState(applied: 0)
    var settled: [UInt64] = []
    var made: [UInt64] = []
    run(state.handle(.retry), &state, &world, &settled, pending: nil, seed)
    for _ in 0..<40 where world.halt == nil {
      // Now and then a batch of users only: no entry, the watermark's entry stays.
      let last = state.applied + (world.numbers.once(in: 4) ? 0 : 1 + world.numbers.next() % 9)
      made.append(last)
      run(
        state.handle(.batch(lastEntry: last)), &state, &world, &settled, pending: last, seed)
    }
    let place = "seed \(seed), \(mishap)"
    #expect(settled == Array(made.prefix(settled.count)), "\(place)")
    if world.halt == nil {
      #expect(settled == made && world.watermark == made.last, "\(place)")
      // Users alone may be written twice (on conflict do nothing); entries never are.
      let entries = world.transactions.reduce(into: [UInt64]()) {
        if $0.last != $1 { $0.append($1) }
      }
      #expect(entries == made.reduce(into: []) { if $0.last != $1 { $0.append($1) } }, "\(place)")
      #expect(!world.hasStruck || mishap == .olderCopy, "\(place)")
    } else {
      #expect(world.hasStruck, "\(place): halted without a cause: \(world.halt ?? "")")
    }
  }

  private func run(
    _ first: [ProjectionState.Action], _ state: inout ProjectionState, _ world: inout LedgerWorld,
    _ settled: inout [UInt64], pending: UInt64?, _ seed: UInt64
  ) {
    var actions = first
    var steps = 0
    while !actions.isEmpty {
      steps += 1
      guard steps < 10_000 else {
        Issue.record("seed \(seed): it goes round for ever")
        return
      }
      switch actions.removeFirst() {
      case .connect: actions += state.handle(world.connect())
      case .apply(let after):
        guard let pending else {
          Issue.record("seed \(seed): nothing was to be applied")
          return
        }
        actions += state.handle(world.apply(after: after, upTo: pending))
      case .settled:
        #expect(world.watermark == state.applied, "seed \(seed): settled, but not in the database")
        settled.append(state.applied)
      case .wait(let milliseconds):
        #expect((1...1_000).contains(milliseconds), "seed \(seed)")
        actions += state.handle(.retry)
      case .halt(let reason):
        world.halt = reason
        for event in [.retry, .committed, .batch(lastEntry: 1 << 40)] as [ProjectionState.Event] {
          #expect(state.handle(event).isEmpty, "seed \(seed): it goes on after a halt")
        }
      }
    }
  }
}
