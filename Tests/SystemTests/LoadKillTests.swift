// `uncross load` killed in the midst of a file: the same command again sends the rest, and nothing
// twice.

import Foundation
import TestServers
import Testing

@Suite struct LoadKillTests {
  private static let users = 10
  private static let orders = 1_500
  /// Users that send at a time: so many orders may have had their answer and no line yet.
  private static let parallel = 8

  /// One order a batch, so that a window has many; none meets another.
  private static let file: String = {
    var lines = ["user,market,side,type,limit,quantity,client_order_id"]
    for number in 0..<orders {
      lines.append("user-\(number % users),ETH-USDC,buy,limit,2400.\(10 + number % 80),0.01,")
    }
    return lines.joined(separator: "\n")
  }()

  private func batches(_ progress: String) -> [Substring] {
    let text = (try? String(contentsOfFile: progress, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").filter { $0.hasPrefix("batch ") }
  }

  /// The orders of a row of what it printed at its end.
  private func count(_ row: String, _ printed: String) -> Int? {
    let line = printed.split(separator: "\n").last {
      $0.trimmingCharacters(in: .whitespaces).hasPrefix(row)
    }
    return line?.split(separator: " ").last.flatMap { Int($0) }
  }

  @Test func aKilledLoadGoesOnWhereItWas() async throws {
    try await ExchangeProcess.with { exchange in
      try await exchange.start()
      let file = exchange.root + "/orders.csv"
      try Self.file.write(toFile: file, atomically: true, encoding: .utf8)
      let arguments = [
        "load", file, "--api", try #require(exchange.api), "--batch", "1", "--operator-key",
        exchange.data + "/keys/operator.pem", "--second-operator-key",
        exchange.data + "/keys/treasurer.pem",
      ]
      let progress = file + ".progress"
      try await runAndKill(arguments) { batches(progress).count >= 100 }
      let done = batches(progress).count
      #expect(done < Self.orders, "it was over before it was killed")
      let text = try String(contentsOfFile: progress, encoding: .utf8)
      #expect(!text.contains("window"))
      // A crash of the machine may leave a line without its end.
      try (text + "batch 1499 1").write(toFile: progress, atomically: false, encoding: .utf8)
      let end = try await exchange.run(arguments)
      #expect(end.status == 0, "\(end.output)")
      try await check(exchange, progress, end.output)
      // What is done is not sent again.
      let again = try await exchange.run(arguments)
      #expect(again.status == 0 && count("accepted", again.output) == Self.orders)
      #expect(count("of them repeated", again.output) == count("of them repeated", end.output))
    }
  }

  /// Runs the verb and kills it when the time has come.
  private func runAndKill(_ arguments: [String], when condition: () -> Bool) async throws {
    let load = Process()
    load.executableURL = URL(fileURLWithPath: ExchangeProcess.program)
    load.arguments = arguments
    (load.standardOutput, load.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
    try load.run()
    try await wait("a part of the window") { condition() || !load.isRunning }
    kill(load.processIdentifier, SIGKILL)
    try await wait("the killed load to end") { !load.isRunning }
  }

  /// Each order was placed once, and each batch counted once. Only what was under way when it was
  /// killed had its answer before: progress that is not kept would send all again.
  private func check(
    _ exchange: ExchangeProcess, _ progress: String, _ printed: String
  ) async throws {
    #expect(count("accepted", printed) == Self.orders, "\(printed)")
    #expect(count("of them repeated", printed) ?? 0 <= Self.parallel, "\(printed)")
    let numbers = batches(progress).compactMap { Int($0.split(separator: " ")[1]) }
    #expect(numbers.sorted() == Array(0..<Self.orders))
    func locks(_ what: String) throws -> Int64 {
      try exchange.number("select count(\(what)) from balance_log where type = 'LOCK'")
    }
    try await wait("the ledger") { try locks("*") >= Self.orders }
    #expect(try locks("*") == Self.orders && locks("distinct ref") == Self.orders)
  }
}
