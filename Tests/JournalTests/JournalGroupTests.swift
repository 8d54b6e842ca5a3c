// A group's hash: golden, and over every field.

import Engine
import Formats
import Tape
import Testing

@testable import Journal

@Suite struct JournalGroupTests {
  private static let head = JournalHead(
    sequence: 41, commands: 1_000, hash: [UInt8](repeating: 0xab, count: 32))

  private var group: JournalGroup {
    JournalGroup(
      after: Self.head, commandCount: 3, time: 1_790_000_000_000_001, body: [1, 2, 3, 4, 5])
  }

  @Test func goldenHash() throws {
    // SHA-256 over "uncross-journal-1", 32 x ab, then 42, 1001, 3, 1790000000000001, 5 in eight
    // bytes each, big-endian, then 01 02 03 04 05; computed by Python's hashlib.
    #expect(
      Hex.string(group.hash) == "92ddb79b15cf7583c7598d62be43d0b8378d4b8ed283fcdcf86a21dd07ca003a")
    #expect(group.head == JournalHead(sequence: 42, commands: 1_003, hash: group.hash))
    try group.verify(after: Self.head)
  }

  /// How far a row of groups goes on from the journal's beginning.
  private static func verified(_ groups: [JournalGroup]) -> Int {
    var head = JournalHead.empty
    for (place, group) in groups.enumerated() {
      do { try group.verify(after: head) } catch { return place }
      head = group.head
    }
    return groups.count
  }

  private static func chain(_ bodies: [UInt8]) -> [JournalGroup] {
    var head = JournalHead.empty
    return bodies.map { body in
      let group = JournalGroup(after: head, commandCount: 2, time: 7, body: [body])
      head = group.head
      return group
    }
  }

  /// Left out, swapped, repeated, or of another journal that is as long and ends alike.
  @Test func noGroupStandsWhereItWasNotWritten() {
    let groups = Self.chain([1, 2, 3, 4, 5])
    #expect(Self.verified(groups) == 5)
    for place in groups.indices {
      var (less, more, swapped, mixed) = (groups, groups, groups, groups)
      less.remove(at: place)
      #expect(Self.verified(less) == (place == 4 ? 4 : place))
      more.insert(groups[place], at: place)
      #expect(Self.verified(more) == place + 1)
      swapped.swapAt(place, (place + 1) % 5)
      #expect(Self.verified(swapped) == (place == 4 ? 0 : place))
      mixed[place] = Self.chain([9, 2, 3, 4, 5])[place]
      #expect(Self.verified(mixed) == max(place, 1))
    }
  }

  @Test func everyFieldIsHashedAndLinked() throws {
    let changes: [(String, (inout JournalGroup) -> Void)] = [
      ("sequence", { $0.sequence += 1 }), ("sequence down", { $0.sequence = -1 }),
      ("first command", { $0.firstCommand += 1 }),
      ("first command end", { $0.firstCommand = .max }),
      ("count", { $0.commandCount += 1 }), ("no command", { $0.commandCount = 0 }),
      ("negative count", { $0.commandCount = -3 }), ("time", { $0.time += 1 }),
      ("previous hash", { $0.previousHash[31] ^= 1 }), ("hash", { $0.hash[0] ^= 128 }),
      ("short hash", { $0.hash = [] }), ("body", { $0.body[4] ^= 1 }),
      ("longer body", { $0.body.append(0) }), ("empty body", { $0.body = [] }),
    ]
    for (name, change) in changes {
      var other = group
      change(&other)
      #expect(throws: JournalError.self, "\(name)") { try other.verify(after: Self.head) }
      _ = other.head
    }
    for (name, head) in [
      ("one before", JournalHead(sequence: 40, commands: 1_000, hash: Self.head.hash)),
      ("other commands", JournalHead(sequence: 41, commands: 999, hash: Self.head.hash)),
      ("other hash", JournalHead(sequence: 41, commands: 1_000, hash: group.hash)),
    ] {
      #expect(throws: JournalError.self, "\(name)") { try group.verify(after: head) }
    }
  }
}
