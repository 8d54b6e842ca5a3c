// `uncross replay`: proves the journal, and says what state it gives.

internal import ArgumentParser
internal import Engine
internal import Formats
internal import Foundation
internal import Journal
internal import Tape

struct ReplayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Replay the journal from nothing and print the state it gives.",
    discussion: """
      Every group's hash and link is checked, every command is applied. The state hash is the one
      that the running exchange has at the same group. Reads only; the exchange may run meanwhile.

        DATABASE_URL='host=/path/.uncross/data/postgres/socket user=uncross_audit dbname=uncross' \\
          uncross replay
        uncross replay --to 1200
      """)

  @Option(
    help:
      "Connection string without a password; without it DATABASE_URL, else the embedded database."
  )
  var database: String?
  @Option(help: "The data directory of the embedded database.")
  var data = ".uncross/data"
  @Option(help: "The last group to replay; without it the journal's end.")
  var to: Int64?
  @Option(help: "Stop after so many commands, even within a group (`state_hash` of the API).")
  var commands: UInt64?

  func validate() throws { try DatabaseArgument.check(database) }

  func run() async throws {
    let directory =
      data.hasPrefix("/") ? data : FileManager.default.currentDirectoryPath + "/" + data
    let conninfo =
      DatabaseArgument.value(database)
      ?? "host=\(directory)/postgres/socket port=5432 user=uncross_app dbname=uncross"
    let store = try JournalStore(conninfo)
    var replay = try Replay(from: nil)
    var tape = TapeWriter()
    try replay.run(store, upTo: to ?? .max, commands: commands ?? .max) { head, engine in
      _ = tape.write(engine.effects, anchor: TapeAnchor(head))
      return true
    }
    Output.line("group       \(replay.head.sequence)")
    Output.line("commands    \(replay.engine.commandCount)")
    Output.line("journal     \(Hex.string(replay.head.hash))")
    Output.line("state       \(Hex.string(stateHash(replay.engine)))")
    for market in tape.markets {
      Output.line("tape        \(market.symbol) \(market.count) \(Hex.string(market.chain))")
    }
  }
}
