// The group writer against a database that fails in every way: what it releases, when it halts.

import Engine
import SeededNumbers
import Testing

@testable import Journal

/// What may happen to the database besides lost answers and lost connections.
enum Mishap: String, CaseIterable {
  case none, olderCopy, anotherWriter, termOver
}

/// A simulated database and the driver's part: it performs actions and answers with events.
private struct JournalWorld {
  var numbers: SeededNumbers
  let mishap: Mishap
  /// What the database holds.
  var stored: [JournalGroup] = []
  var released: [JournalGroup] = []
  var halt: JournalHalt?
  var hasStruck = false
  var waited = 0
  /// How harsh the world is: 1 in so many steps fails.
  let rate: UInt64

  init(seed: UInt64, mishap: Mishap) {
    numbers = SeededNumbers(seed)
    self.mishap = mishap
    rate = numbers.pick([2, 3, 10, 100])
  }

  var head: JournalHead { stored.last?.head ?? .empty }

  mutating func fails() -> Bool { numbers.once(in: rate) }

  mutating func strikes(_ kind: Mishap) -> Bool {
    guard mishap == kind, !hasStruck, numbers.once(in: 4) else { return false }
    hasStruck = true
    return true
  }

  mutating func connect() -> GroupCommit.Event {
    if fails() { return .connectFailed("refused") }
    if !stored.isEmpty, strikes(.olderCopy) {
      stored.removeLast(1 + Int(numbers.next() % UInt64(stored.count)))
    }
    if strikes(.anotherWriter) {
      stored.append(JournalGroup(after: head, commandCount: 1, time: 1, body: [9]))
    }
    if strikes(.termOver) { return .leadershipLost("term 1 is over") }
    return .connected(head: head)
  }

  mutating func commit(_ group: JournalGroup) -> GroupCommit.Event {
    if strikes(.termOver) { return .leadershipLost("term 1 is over") }
    if fails() { return .commitFailed("disk full") }
    if fails() { return .connectionLost("before the commit") }
    guard group.sequence == head.sequence + 1, group.previousHash == head.hash else {
      // `append_group` refuses it (UX002, or the key is taken): the driver looks at the head.
      return .connectionLost("does not follow")
    }
    stored.append(group)
    return fails() ? .connectionLost("after the commit") : .committed
  }
}

@Suite struct GroupCommitTests {
  @Test(arguments: UInt64(1)...120, Mishap.allCases)
  func releasesWhatIsDurableOnceAndInOrder(seed: UInt64, mishap: Mishap) throws {
    var world = JournalWorld(seed: seed, mishap: mishap)
    var writer = GroupCommit(durable: .empty)
    // As the loop begins: connected already.
    _ = writer.handle(.retry)
    _ = writer.handle(.connected(head: .empty))
    var made: [JournalGroup] = []
    for number in 1...40 where world.halt == nil {
      let group = JournalGroup(
        after: writer.durable, commandCount: number, time: Int64(number), body: [UInt8(number)])
      made.append(group)
      perform(writer.handle(.enqueue(group)), &writer, &world, seed)
      if world.halt == nil { #expect(world.released == made, "seed \(seed) \(mishap)") }
    }
    checkEnd(world, made, seed)
  }

  private func perform(
    _ first: [GroupCommit.Action], _ writer: inout GroupCommit, _ world: inout JournalWorld,
    _ seed: UInt64
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
      case .connect: actions += writer.handle(world.connect())
      case .commit(let group): actions += writer.handle(world.commit(group))
      case .release(let group):
        #expect(world.stored.last == group, "seed \(seed): released before it is in the database")
        #expect(writer.durable == group.head, "seed \(seed)")
        #expect(writer.isConnected, "seed \(seed)")
        world.released.append(group)
      case .wait(let milliseconds):
        #expect((1...1_000).contains(milliseconds), "seed \(seed)")
        #expect(!writer.isConnected, "seed \(seed): commands would be let in")
        world.waited += milliseconds
        actions += writer.handle(.retry)
      case .halt(let reason):
        #expect(world.halt == nil, "seed \(seed): halted twice")
        world.halt = reason
        // Nothing moves it any more.
        for event in [.retry, .committed, .connected(head: world.head)] as [GroupCommit.Event] {
          #expect(writer.handle(event).isEmpty, "seed \(seed)")
        }
      }
    }
  }

  /// Halts exactly where the world became another, and then released all that it acknowledged
  /// before.
  private func checkEnd(_ world: JournalWorld, _ made: [JournalGroup], _ seed: UInt64) {
    let place = "seed \(seed), \(world.mishap)"
    #expect(world.released == Array(made.prefix(world.released.count)), "\(place)")
    switch (world.mishap, world.halt) {
    case (_, nil):
      #expect(world.released == made && world.stored == made, "\(place)")
      // An older copy that lacks only what was never acknowledged is no loss: it was sent again.
      #expect(!world.hasStruck || world.mishap == .olderCopy, "\(place)")
    case (.olderCopy, .lostHistory):
      #expect(world.stored.count < world.released.count, "\(place)")
    case (.anotherWriter, .fork):
      #expect(world.stored.last?.body == [9], "\(place)")
    case (.termOver, .notLeader):
      #expect(world.stored.count <= world.released.count + 1, "\(place)")
    default: Issue.record("\(place): halted with \(String(describing: world.halt))")
    }
  }

  /// A server that takes connections and fails each commit is asked once a second, not in a tight
  /// loop.
  @Test func waitsGrowWhileConnectionsStandAndCommitsFail() {
    var writer = GroupCommit(durable: .empty)
    _ = writer.handle(.retry)
    _ = writer.handle(.connected(head: .empty))
    let group = JournalGroup(after: .empty, commandCount: 1, time: 1, body: [1])
    var actions = writer.handle(.enqueue(group))
    var waits: [Int] = []
    while waits.count < 12 {
      switch actions.removeFirst() {
      case .connect: actions += writer.handle(.connected(head: .empty))
      case .commit: actions += writer.handle(.connectionLost("the backend died"))
      case .wait(let milliseconds):
        waits.append(milliseconds)
        actions += writer.handle(.retry)
      case .release, .halt: Issue.record("nothing was written")
      }
    }
    #expect(waits == [20, 40, 80, 160, 320, 640, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000])
    // And the first success ends it.
    var last = actions
    while let action = last.first {
      last.removeFirst()
      switch action {
      case .connect: last += writer.handle(.connected(head: .empty))
      case .commit: last += writer.handle(.committed)
      case .release(let done): #expect(done == group)
      case .wait, .halt: Issue.record("\(action)")
      }
    }
    #expect(writer.isConnected && writer.durable == group.head)
  }
}
