// One market's way to the Worker, against a Worker that fails in every way.

import Engine
import SeededNumbers
import Testing

@testable import Tape

/// What may happen to the Worker besides lost answers, lost requests and a slow process before us.
enum Mishap: String, CaseIterable {
  case none, storageLost, storageReset, olderCopy, otherHistory, ahead, refusal
}

/// A simulated Worker, the journal behind it, and the driver's part.
private struct TapeWorld {
  /// A replay that runs: the next record that it gives.
  struct Replay {
    var next: Int64
  }

  var numbers: SeededNumbers
  let mishap: Mishap
  let rate: UInt64
  /// All records that the journal gives.
  var journal: [TapeRecord] = []
  /// What the Worker stores: as many of these, in batches that end here.
  var stored: [[UInt8]] = []
  var borders: Set<Int> = [0]
  var epoch: String?
  var chain = [UInt8](repeating: 0, count: 32)
  var replay: Replay?
  var replays = 0
  var hasStruck = false
  /// The stream knows an epoch: before it does, another storage cannot be told from a new one.
  var knowsEpoch = false
  var halt: TapeHalt?

  init(seed: UInt64, mishap: Mishap) {
    numbers = SeededNumbers(seed)
    self.mishap = mishap
    rate = numbers.pick([2, 4, 20])
  }

  var head: TapeHead {
    TapeHead(epoch: epoch ?? TapeHead.noEpoch, last: Int64(stored.count), chain: chain)
  }

  mutating func fails() -> Bool { numbers.once(in: rate) }

  mutating func strikes(_ kind: Mishap) -> Bool {
    guard mishap == kind, !hasStruck, numbers.once(in: 6) else { return false }
    hasStruck = true
    return true
  }

  /// New records of durable groups.
  mutating func produce(_ count: Int, payload: [UInt8]?) -> [TapeRecord] {
    var fresh: [TapeRecord] = []
    for _ in 0..<count {
      let previous = journal.last?.chain ?? [UInt8](repeating: 0, count: 32)
      let number = Int64(journal.count) + 1
      let bytes =
        payload
        ?? (0..<1 + numbers.below(300)).map { _ in UInt8(truncatingIfNeeded: numbers.next()) }
      let record = TapeRecord(
        market: 0, number: number, payload: bytes, previousChain: previous,
        chain: TapeWriter.chain(after: previous, number: number, payload: bytes))
      journal.append(record)
      fresh.append(record)
    }
    return fresh
  }

  mutating func store(_ payloads: [[UInt8]]) {
    for payload in payloads {
      stored.append(payload)
      chain = TapeWriter.chain(after: chain, number: Int64(stored.count), payload: payload)
    }
    borders.insert(stored.count)
    if epoch == nil { epoch = "epoch-\(numbers.next())" }
  }

  /// The Worker's data becomes other data.
  private mutating func strike() {
    if knowsEpoch, strikes(.storageLost) {
      (epoch, stored, borders) = (nil, [], [0])
      chain = [UInt8](repeating: 0, count: 32)
    }
    if knowsEpoch, strikes(.storageReset) { epoch = "epoch-of-another-storage" }
    if borders.count > 2, strikes(.olderCopy) {
      let kept = borders.sorted()[borders.count / 2]
      borders = borders.filter { $0 <= kept }
      stored.removeLast(stored.count - kept)
      chain = kept == 0 ? [UInt8](repeating: 0, count: 32) : journal[kept - 1].chain
    }
    if !stored.isEmpty, stored.count < journal.count, strikes(.otherHistory) { store([[1, 2, 3]]) }
    if !stored.isEmpty, strikes(.ahead) {
      store(journal[stored.count...].map(\.payload) + [[9]])
    }
    // A process before us, whose request arrives late: the same history, other borders.
    if !stored.isEmpty, stored.count < journal.count, numbers.once(in: 30) {
      store([journal[stored.count].payload])
    }
  }

  mutating func askHead() -> TapeStream.Event {
    strike()
    return fails() ? .headFailed("no route") : .head(head)
  }

  mutating func post(_ batch: TapeBatch) -> TapeStream.Answer {
    strike()
    if fails() { return .failed("timeout") }
    if strikes(.refusal) { return .refused("malformed") }
    if batch.epoch != head.epoch, !(batch.epoch == TapeHead.noEpoch && batch.first == 1) {
      return .otherEpoch(head.epoch)
    }
    let payloads = frames(batch.body)
    #expect(payloads.count == batch.count && batch.count <= TapeBatch.maximumRecords)
    #expect(batch.body.count <= TapeBatch.maximumBytes)
    if batch.first == head.last + 1 {
      if batch.previousChain != chain { return .fork("chain") }
      store(payloads)
      #expect(chain == batch.chain)
    } else if batch.last <= head.last,
      borders.contains(Int(batch.first) - 1), borders.contains(Int(batch.last)),
      Array(stored[Int(batch.first) - 1..<Int(batch.last)]) == payloads
    {
      // A duplicate: nothing to do.
    } else {
      return .elsewhere
    }
    return fails() ? .failed("the answer was lost") : .stored(head)
  }

  private func frames(_ body: [UInt8]) -> [[UInt8]] {
    var reader = ByteReader(body)
    var payloads: [[UInt8]] = []
    while !reader.isAtEnd {
      guard let count = try? reader.fixed32(), let bytes = try? reader.raw(Int(count)) else {
        Issue.record("a frame that does not parse")
        return []
      }
      payloads.append(Array(bytes))
    }
    return payloads
  }

  mutating func regenerate(after: Int64) -> TapeStream.Event {
    #expect(replay == nil, "a replay is left running")
    replay = Replay(next: after + 1)
    replays += 1
    return goOn()
  }

  /// The next piece of the replay: it ends at the journal's end.
  mutating func goOn() -> TapeStream.Event {
    guard let next = replay?.next else {
      Issue.record("no replay runs")
      return .regenerationFailed("none")
    }
    if numbers.once(in: 12) {
      replay = nil
      return .regenerationFailed("the database went away")
    }
    let piece = journal[Int(next - 1)...].prefix(1 + numbers.below(40))
    replay = piece.isEmpty ? nil : Replay(next: next + Int64(piece.count))
    return .regenerated(Array(piece))
  }
}

@Suite struct TapeStreamTests {
  @Test(arguments: UInt64(1)...64, Mishap.allCases)
  func theWorkersTapeIsTheJournals(seed: UInt64, mishap: Mishap) {
    var world = TapeWorld(seed: seed, mishap: mishap)
    // Where the process begins: some history is there, and the Worker has part of it, or nothing.
    _ = world.produce(world.numbers.below(30), payload: nil)
    if world.numbers.once(in: 2), !world.journal.isEmpty {
      world.store(world.journal.prefix(1 + world.numbers.below(world.journal.count)).map(\.payload))
    }
    var stream = begin(world, epoch: world.numbers.once(in: 2) ? world.epoch : nil)
    // Some seeds produce more than memory may hold, twice; the others little.
    let large = [UInt8](repeating: 7, count: 1_200_000)
    var floods = seed.isMultiple(of: 16) && [.none, .olderCopy].contains(mishap) ? 2 : 0
    var actions = stream.handle(.retry)
    var (steps, toProduce) = (0, 160)
    while world.halt == nil, toProduce > 0 || !actions.isEmpty || stream.lag != 0 {
      steps += 1
      guard steps < 20_000 else {
        Issue.record("seed \(seed), \(mishap): it does not come to an end")
        return
      }
      if toProduce > 0, actions.isEmpty || world.numbers.once(in: 3) {
        let isFlood = floods > 0 && world.numbers.once(in: 6)
        if isFlood { floods -= 1 }
        let fresh = world.produce(
          isFlood ? 30 : 1 + world.numbers.below(12), payload: isFlood ? large : nil)
        toProduce -= fresh.count
        actions += stream.handle(.records(fresh))
      } else if world.numbers.once(in: 200), mishap == .none {
        // The process ends and another begins: memory is lost, the epoch is remembered.
        stream = begin(world, epoch: stream.epoch)
        world.replay = nil
        actions = stream.handle(.retry)
      } else if !actions.isEmpty {
        perform(actions.removeFirst(), &actions, &stream, &world, seed)
      }
      #expect(stream.waitingBytes <= TapeStream.maximumBytes, "seed \(seed): memory")
    }
    checkEnd(stream, world, "seed \(seed), \(mishap)")
  }

  private func begin(_ world: TapeWorld, epoch: String?) -> TapeStream {
    TapeStream(
      produced: Int64(world.journal.count), chain: world.journal.last?.chain ?? world.chain,
      epoch: epoch)
  }

  private func perform(
    _ action: TapeStream.Action, _ actions: inout [TapeStream.Action], _ stream: inout TapeStream,
    _ world: inout TapeWorld, _ seed: UInt64
  ) {
    world.knowsEpoch = stream.epoch != nil
    switch action {
    case .askHead: actions += stream.handle(world.askHead())
    case .post(let batch): actions += stream.handle(.answer(world.post(batch)))
    case .regenerate(let after): actions += stream.handle(world.regenerate(after: after))
    case .continueRegeneration: actions += stream.handle(world.goOn())
    case .endRegeneration:
      #expect(world.replay != nil, "seed \(seed): ends what does not run")
      world.replay = nil
    case .wait(let milliseconds):
      #expect((1...5_000).contains(milliseconds), "seed \(seed)")
      actions += stream.handle(.retry)
    case .halt(let reason):
      world.halt = reason
      #expect(stream.isHalted && stream.handle(.retry).isEmpty, "seed \(seed)")
    }
  }

  private func checkEnd(_ stream: TapeStream, _ world: TapeWorld, _ place: String) {
    #expect(world.replay == nil, "\(place): a replay is left running")
    switch (world.mishap, world.halt) {
    case (_, nil):
      #expect(world.stored == world.journal.map(\.payload), "\(place)")
      #expect(stream.produced == Int64(world.journal.count) && stream.waitingBytes == 0, "\(place)")
      // A copy that lacks some is filled again; all else must not go unnoticed.
      #expect(!world.hasStruck || world.mishap == .olderCopy, "\(place)")
    case (.storageLost, .epoch), (.storageReset, .epoch), (.refusal, .refused):
      #expect(world.halt?.stopsCore == false, "\(place)")
    case (.otherHistory, .fork), (.ahead, .lostHistory), (.ahead, .fork):
      #expect(world.halt?.stopsCore == true, "\(place)")
    default: Issue.record("\(place): halted with \(world.halt?.description ?? "")")
    }
  }
}
