// A committed journal of rules version 1: it replays to the state and tapes that it always gave.

import Engine
import Formats
import Tape
import Testing

@testable import Journal

/// Fails where a change of the engine, the codec, the chains or the tape gives an old journal
/// another meaning. Such a change needs a new rules version (`activateRules`); this file is never
/// made anew for version 1.
@Suite struct GoldenJournalTests {
  private static let groups = 100

  @Test func replaysToTheSameStateAndTape() throws {
    let lines = try Golden.lines("journal-1.txt")
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
      let head = replay.head
      _ = tape.write(
        replay.engine.effects,
        anchor: TapeAnchor(sequence: head.sequence, commands: head.commands, hash: head.hash))
      groups += 1
    }
    let head = replay.head
    let end = outcome(head: head, engine: replay.engine, tape: tape)
    #expect(groups == Self.groups)
    #expect(lines.filter { $0[0] != "group" }.map { $0.joined(separator: " ") } == end)
  }

  private func outcome(
    head: JournalHead, engine: borrowing AuctionEngine, tape: TapeWriter
  ) -> [String] {
    [
      "commands \(engine.commandCount)", "state \(Hex.string(stateHash(engine)))",
      "entries \(engine.effects.firstEntry + UInt64(engine.effects.entries.count) - 1)",
    ] + tape.markets.map { "tape \($0.symbol) \($0.count) \(Hex.string($0.chain))" }
  }

  /// Makes the file, where `UNCROSS_WRITE_GOLDEN` asks for it: a venue of three markets, every
  /// command.
  @Test func theGoldenJournalIsOfManyKinds() throws {
    var venue = try RandomVenue(seed: 1)
    var head = JournalHead.empty
    var lines = ["# group: sequence, first command, commands, time, hash, body. Rules version 1."]
    var tape = TapeWriter()
    for _ in 0..<Self.groups {
      venue.engine.effects.removeAll()
      let commands = venue.nextGroup()
      var body = ByteWriter()
      body.byte(CommandCodec.version)
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
    try Golden.write("journal-1.txt", lines)
    // What is pinned is worth it: all outcomes of auctions, trades, fees, refusals and amendments.
    #expect(venue.statuses.count == 4 && venue.trades > 100, "\(venue.trades) trades")
    #expect(venue.rejections.count > 12, "\(venue.rejections)")
    #expect(venue.kinds.count == 21)
  }
}
