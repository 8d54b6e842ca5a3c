// Committed journals of each version of the rules: they replay to the state and tapes that they
// always gave.

import Engine
import Formats
import Tape
import Testing

@testable import Journal

/// Fails where a change of the engine, the codec, the chains or the tape gives an old journal
/// another meaning. Such a change needs a new rules version (`activateRules`); a file of an older
/// version is never made anew.
@Suite struct GoldenJournalTests {
  private static let groups = 100

  /// The rules of a file, the version of the codec that wrote it, and the seed of its venue.
  static let files: [(name: String, rules: UInt32, codec: UInt8, seed: UInt64)] = [
    ("journal-1.txt", 1, 1, 1), ("journal-2.txt", 2, 2, 13), ("journal-3.txt", 3, 3, 13),
    ("journal-4.txt", 4, 3, 13),
  ]

  @Test(arguments: files.map(\.name)) func replaysToTheSameStateAndTape(file: String) throws {
    let lines = try Golden.lines(file)
    var replay = try Replay(from: nil)
    var tape = TapeWriter()
    var groups = 0
    for line in lines where line[0] == "group" {
      let group = JournalGroup(
        sequence: try #require(Int64(line[1])), firstCommand: try #require(UInt64(line[2])),
        commandCount: try #require(Int(line[3])), time: try #require(Int64(line[4])),
        previousHash: replay.head.hash, hash: try #require(Hex.bytes(line[5])),
        body: try #require(Hex.bytes(line[6])))
      try replay.apply(group)
      try checkForm(of: group)
      let head = replay.head
      _ = tape.write(
        replay.engine.effects,
        anchor: TapeAnchor(sequence: head.sequence, commands: head.commands, hash: head.hash))
      groups += 1
    }
    let head = replay.head
    let end = outcome(head: head, engine: replay.engine, tape: tape)
    try checkRestores(replay.engine)
    #expect(groups == Self.groups)
    #expect(lines.filter { $0[0] != "group" }.map { $0.joined(separator: " ") } == end)
  }

  /// What was decoded is encoded in the same bytes: a command has one form, whichever version wrote
  /// it.
  private func checkForm(of group: JournalGroup) throws {
    var body = ByteWriter()
    body.byte(group.body[0])
    for command in try group.commands() { CommandCodec.encode(command, to: &body) }
    #expect(body.bytes == group.body, "group \(group.sequence)")
  }

  /// A snapshot of these rules restores to itself, and goes on under the newest rules.
  private func checkRestores(_ engine: borrowing AuctionEngine) throws {
    var written = ByteWriter()
    engine.writeSnapshot(to: &written)
    var restored = try AuctionEngine(restoring: written.bytes)
    var again = ByteWriter()
    restored.writeSnapshot(to: &again)
    #expect(again.bytes == written.bytes)
    while restored.rulesVersion < Bounds.rulesVersion {
      let next = restored.rulesVersion + 1
      #expect(restored.apply(.venue(.activateRules(version: next))).rejection == nil)
    }
    var renewed = ByteWriter()
    restored.writeSnapshot(to: &renewed)
    var last = ByteWriter()
    try AuctionEngine(restoring: renewed.bytes).writeSnapshot(to: &last)
    #expect(last.bytes == renewed.bytes)
  }

  private func outcome(
    head: JournalHead, engine: borrowing AuctionEngine, tape: TapeWriter
  ) -> [String] {
    [
      "commands \(engine.commandCount)", "state \(Hex.string(stateHash(engine)))",
      "entries \(engine.effects.firstEntry + UInt64(engine.effects.entries.count) - 1)",
    ] + tape.markets.map { "tape \($0.symbol) \($0.count) \(Hex.string($0.chain))" }
  }

  /// Makes the files, where `UNCROSS_WRITE_GOLDEN` asks for it: a venue of three markets, every
  /// command.
  @Test(arguments: files) func theGoldenJournalIsOfManyKinds(
    file: String, rules: UInt32, codec: UInt8, seed: UInt64
  ) throws {
    var venue = try RandomVenue(seed: seed, rules: rules)
    var head = JournalHead.empty
    var lines = [
      "# group: sequence, first command, commands, time, hash, body. Rules version \(rules)."
    ]
    var tape = TapeWriter()
    for _ in 0..<Self.groups {
      venue.engine.effects.removeAll()
      let commands = venue.nextGroup()
      var body = ByteWriter()
      body.byte(codec)
      for command in commands { CommandCodec.encode(command, to: &body) }
      let group = JournalGroup(
        after: head, commandCount: commands.count, time: venue.engine.time, body: body.bytes)
      head = group.head
      _ = tape.write(
        venue.engine.effects,
        anchor: TapeAnchor(sequence: head.sequence, commands: head.commands, hash: head.hash))
      lines.append(
        "group \(group.sequence) \(group.firstCommand) \(group.commandCount) \(group.time) "
          + "\(Hex.string(group.hash)) \(Hex.string(group.body))")
    }
    lines += outcome(head: head, engine: venue.engine, tape: tape)
    if rules == Bounds.rulesVersion { try Golden.write(file, lines) }
    // What is pinned is worth it: all outcomes of auctions, trades, fees, refusals and amendments.
    #expect(venue.statuses.count == 4 && venue.trades > 100, "\(venue.trades) trades")
    #expect(venue.rejections.count > 12, "\(venue.rejections)")
    #expect(rules < 3 || venue.rejections.contains("order_allowance_used"))
    #expect(rules < 4 || venue.rejections.contains("asset_exists"))
    #expect(venue.kinds.count >= (rules == 1 ? 21 : 12), "\(venue.kinds)")
    #expect(venue.engine.rulesVersion == rules)
  }
}
