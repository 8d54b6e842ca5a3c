// The journal's encoding: golden bytes, round trips, foreign bytes.

import Engine
import Formats
import SeededNumbers
import Tape
import Testing

@testable import Journal

@Suite struct CommandCodecTests {
  private func encode(_ command: Command) -> [UInt8] {
    var writer = ByteWriter()
    CommandCodec.encode(command, to: &writer)
    return writer.bytes
  }

  private func decode(
    _ bytes: [UInt8], version: UInt8 = CommandCodec.version
  ) throws(ByteError) -> Command {
    var reader = ByteReader(bytes)
    let command = try CommandCodec.decode(&reader, version: version)
    guard reader.isAtEnd else { throw reader.fail("bytes after the command") }
    return command
  }

  @Test func goldenBytesOfEveryCommand() throws {
    let named = try namedCommands()
    try Golden.write(
      "commands.txt",
      ["# Version 1 of the journal's encoding: never changed, only added to."]
        + named.map { "\($0.name) \(Hex.string(encode($0.command)))" })
    let lines = try Golden.lines("commands.txt")
    #expect(lines.map { String($0[0]) } == named.map(\.name))
    for ((name, command), line) in zip(named, lines) {
      #expect(Hex.string(encode(command)) == line[1], "\(name)")
      let bytes = try #require(Hex.bytes(line[1]))
      #expect(try decode(bytes) == command, "\(name)")
      #expect(try decode(bytes, version: 1) == command, "\(name)")
    }
    // All tags there are: a new command needs its line.
    #expect(Set(lines.map { $0[1].prefix(2) }).count == 35)
  }

  /// What version 2 added: actions with their authority, and the answer to a key.
  @Test func goldenBytesOfVersion2() throws {
    let named = try attributedCommands()
    try Golden.write(
      "commands-2.txt",
      ["# What version 2 of the journal's encoding added: never changed, only added to."]
        + named.map { "\($0.name) \(Hex.string(encode($0.command)))" })
    let lines = try Golden.lines("commands-2.txt")
    #expect(lines.map { String($0[0]) } == named.map(\.name))
    var actions: Set<UInt8> = []
    for ((name, command), line) in zip(named, lines) {
      #expect(Hex.string(encode(command)) == line[1], "\(name)")
      let bytes = try #require(Hex.bytes(line[1]))
      #expect(try decode(bytes) == command, "\(name)")
      // A program that knows version 1 only must not read it as something else.
      #expect(throws: ByteError.self, "\(name)") { try decode(bytes, version: 1) }
      guard case .operation(_, let authority) = command else { continue }
      var writer = ByteWriter()
      writer.authority(authority)
      actions.insert(bytes[1 + writer.bytes.count])
    }
    // Every action there is, in its attributed form.
    #expect(actions.count == 21, "\(actions)")
  }

  /// What version 3 added: terms with a least volume for a new reference price, terms of orders.
  @Test func goldenBytesOfVersion3() throws {
    let named = version3Commands()
    try Golden.write(
      "commands-3.txt",
      ["# What version 3 of the journal's encoding added: never changed, only added to."]
        + named.map { "\($0.name) \(Hex.string(encode($0.command)))" })
    let lines = try Golden.lines("commands-3.txt")
    #expect(lines.map { String($0[0]) } == named.map(\.name))
    for ((name, command), line) in zip(named, lines) {
      #expect(Hex.string(encode(command)) == line[1], "\(name)")
      let bytes = try #require(Hex.bytes(line[1]))
      #expect(try decode(bytes) == command, "\(name)")
      for older in UInt8(1)...2 {
        #expect(throws: ByteError.self, "\(name)") { try decode(bytes, version: older) }
      }
    }
  }

  @Test(arguments: UInt64(1)...40) func everyCommandComesBack(seed: UInt64) throws {
    var numbers = SeededNumbers(seed)
    for _ in 0..<200 {
      let command = numbers.command()
      let bytes = encode(command)
      #expect(try decode(bytes) == command, "seed \(seed)")
    }
  }

  @Test(arguments: UInt64(1)...20) func damagedBytesAreRefusedOrRead(seed: UInt64) {
    var numbers = SeededNumbers(seed)
    for _ in 0..<400 {
      var bytes = encode(numbers.command())
      for _ in 0...numbers.next() % 4 {
        let place = Int(numbers.next() % UInt64(bytes.count))
        switch numbers.next() % 4 {
        case 0: bytes[place] = UInt8(truncatingIfNeeded: numbers.next())
        case 1: bytes[place] ^= 1 << UInt8(numbers.next() % 8)
        case 2: bytes.insert(UInt8(truncatingIfNeeded: numbers.next()), at: place)
        default: bytes.removeLast(min(bytes.count - 1, Int(numbers.next() % 3)))
        }
      }
      // What is read has one encoding only: other bytes for it would give two journals one content.
      if let command = try? decode(bytes) {
        #expect(encode(command) == bytes, "seed \(seed): \(Hex.string(bytes))")
      }
    }
  }

  @Test(arguments: UInt64(1)...20) func groupsComeBack(seed: UInt64) throws {
    var numbers = SeededNumbers(seed)
    let commands = (0...Int(numbers.next() % 40)).map { _ in numbers.command() }
    var body = ByteWriter()
    body.byte(CommandCodec.version)
    for command in commands { CommandCodec.encode(command, to: &body) }
    let group = JournalGroup(
      after: .empty, commandCount: commands.count, time: 17, body: body.bytes)
    #expect(try group.commands() == commands, "seed \(seed)")
    for damaged in [
      Array(body.bytes.dropLast()), body.bytes + [1], [],
      [CommandCodec.version + 1] + body.bytes.dropFirst(), [0] + body.bytes.dropFirst(),
    ] {
      var other = group
      other.body = damaged
      #expect(throws: JournalError.self, "seed \(seed)") { try other.commands() }
      #expect(throws: JournalError.self, "seed \(seed)") { try other.verify(after: .empty) }
    }
  }
}
