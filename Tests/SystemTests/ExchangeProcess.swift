// The program as a user runs it: a process of its own, started, killed and started again by a test.

import AsyncHTTPClient
import Client
import Formats
import Foundation
import NIOCore
import Postgres
import Synchronization
import TestServers
import Testing
import Wire

/// One `uncross serve` on a data directory under a temporary one, with everything embedded.
final class ExchangeProcess: Sendable {
  let root: String
  private let process = Mutex<Process?>(nil)
  private let output = Mutex<String>("")
  private let clients = Mutex<[UncrossClient]>([])

  var data: String { root + "/data" }

  init() throws {
    // Postgres, which may run as another user, must be able to pass through.
    root = "/tmp/uncross-test-\(UInt32.random(in: .min ... .max))"
    try FileManager.default.createDirectory(
      atPath: root, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
  }

  /// Runs a test with an exchange of its own; whatever happens, nothing of it stays.
  static func with(_ body: (ExchangeProcess) async throws -> Void) async throws {
    let exchange = try ExchangeProcess()
    do {
      try await body(exchange)
      await exchange.cleanUp()
    } catch {
      let printed = exchange.printed
      await exchange.cleanUp()
      throw TestFailure("\(error)\nThe exchange printed:\n\(printed.suffix(4_000))")
    }
  }

  private func cleanUp() async {
    for client in clients.withLock({ $0 }) { await client.close() }
    if let running = process.withLock({ $0 }), running.isRunning {
      // Its servers end with it: they get a signal when their parent dies.
      kill(running.processIdentifier, SIGTERM)
      try? await wait("the exchange to end", seconds: 40) { !running.isRunning }
      if running.isRunning { kill(running.processIdentifier, SIGKILL) }
    }
    try? FileManager.default.removeItem(atPath: root)
  }

  /// The repository: this file's directory is `Tests/SystemTests`.
  static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path

  /// The program that was built with this test.
  static var program: String {
    for argument in [CommandLine.arguments[0], "/proc/self/exe"] {
      let path = URL(fileURLWithPath: argument).resolvingSymlinksInPath()
      var directory = path.deletingLastPathComponent()
      for _ in 0..<4 {
        let candidate = directory.appendingPathComponent("uncross").path
        if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
        directory.deleteLastPathComponent()
      }
    }
    return repository + "/.build/debug/uncross"
  }

  // MARK: Life

  /// Starts it and waits until it listens; everything it printed is in `printed`.
  /// Without the development chain, which takes seconds to start, unless a test is about it.
  func start(_ arguments: [String] = ["--no-demo"], withChain: Bool = false) async throws {
    output.withLock { $0 = "" }
    let (fresh, pipe) = (Process(), Pipe())
    fresh.executableURL = URL(fileURLWithPath: Self.program)
    fresh.arguments =
      ["serve", "--data", data, "--port", "0"] + arguments
      + (withChain ? [] : ["--no-chain"])
    fresh.currentDirectoryURL = URL(fileURLWithPath: Self.repository)
    fresh.standardOutput = pipe
    fresh.standardError = pipe
    fresh.standardInput = FileHandle.nullDevice
    pipe.fileHandleForReading.readabilityHandler = { [weak self] handle in
      let data = handle.availableData
      if data.isEmpty { handle.readabilityHandler = nil }
      self?.output.withLock { $0 += String(decoding: data, as: UTF8.self) }
    }
    try fresh.run()
    process.withLock { $0 = fresh }
    try await wait("the API to listen") {
      if !fresh.isRunning { throw TestFailure("serve ended:\n\(self.printed)") }
      return self.api != nil
    }
  }

  /// kill -9.
  func killNow() async throws {
    guard let running = process.withLock({ $0 }) else { return }
    kill(running.processIdentifier, SIGKILL)
    try await wait("the killed process to end") { !running.isRunning }
  }

  /// kill -9 of a server that runs beside it: the newest of its children with this program.
  func killChild(named program: String) throws {
    try signalChildren(named: program, SIGKILL)
  }

  /// Gives whom it found.
  @discardableResult
  func signalChildren(named program: String, _ signal: Int32) throws -> [Int32] {
    guard let parent = process.withLock({ $0?.processIdentifier }) else { return [] }
    let children = try String(
      contentsOfFile: "/proc/\(parent)/task/\(parent)/children", encoding: .utf8)
    var found = children.split(separator: " ").compactMap { Int32($0) }
    // Threads spawn too: look at all of them.
    for task in try FileManager.default.contentsOfDirectory(atPath: "/proc/\(parent)/task") {
      let path = "/proc/\(parent)/task/\(task)/children"
      found +=
        (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: " ")
        .compactMap { Int32($0) } ?? []
    }
    var signalled: [Int32] = []
    for child in Set(found) {
      let name = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(child)/exe")
      // The signer shows its program to nobody, but its short name.
      let short = try? String(contentsOfFile: "/proc/\(child)/comm", encoding: .utf8)
      // Python's own name ends with its version.
      let last = name?.split(separator: "/").last.map { String($0) } ?? short ?? ""
      if last.hasPrefix(program) {
        kill(child, signal)
        signalled.append(child)
      }
    }
    // A kill that hits nothing would prove nothing.
    guard !signalled.isEmpty else { throw TestFailure("no \(program) runs beside the exchange") }
    return signalled
  }

  /// SIGTERM. Gives the status; throws where it does not end within ten seconds.
  func terminate() async throws -> Int32 {
    let running = try #require(process.withLock { $0 })
    kill(running.processIdentifier, SIGTERM)
    try await wait("the end of a stop", seconds: 10) { !running.isRunning }
    return running.terminationStatus
  }

  /// Ctrl-C.
  func stop() async throws {
    guard let running = process.withLock({ $0 }) else { return }
    kill(running.processIdentifier, SIGINT)
    try await wait("the stopped process to end") { !running.isRunning }
    guard running.terminationStatus == 0 else {
      throw TestFailure("serve stopped with status \(running.terminationStatus):\n\(printed)")
    }
  }

  var printed: String { output.withLock { $0 } }

  private func word(after label: String) -> String? {
    let line = printed.split(separator: "\n").first { $0.hasPrefix(label) }
    return line?.dropFirst(label.count).split(separator: " ").first.map(String.init)
  }

  /// Nil until it listens.
  var api: String? { word(after: "API ") }
  var worker: String? { word(after: "Worker ") }
  var chain: String? { word(after: "chain ") }

  // MARK: Access

  func client(_ signer: RequestSigner?) throws -> UncrossClient {
    let client = UncrossClient(baseURL: try #require(api), signer: signer)
    clients.withLock { $0.append(client) }
    return client
  }

  func operatorSigner() throws -> RequestSigner {
    try RequestSigner(keyFile: data + "/keys/operator.pem")
  }

  /// The second operator of a development exchange.
  func treasurerSigner() throws -> RequestSigner {
    try RequestSigner(keyFile: data + "/keys/treasurer.pem")
  }

  /// What the first operator gives, the treasurer approves: whoever registered a user gives it
  /// nothing alone.
  func fund(
    _ user: String, _ asset: String, _ amount: DecimalAmount, request: String
  ) async throws {
    let outcome = try await client(try operatorSigner()).adjust(
      NewAdjustment(
        requestID: request, user: user, asset: asset, amount: amount, reason: "test funds"))
    guard outcome.status == .waitingApproval else { return }
    let (treasurer, signer) = (try client(try treasurerSigner()), try treasurerSigner())
    let waiting = try #require(
      try await treasurer.waitingAdjustments().first { $0.adjustmentID == outcome.adjustmentID })
    let booked = try await treasurer.approve(
      adjustment: waiting.adjustmentID, signature: signer.sign(digest: waiting.approvalDigest))
    #expect(booked.status == .booked)
  }

  func database(_ user: String = "uncross_audit") -> String {
    "host=\(data)/postgres/socket port=5432 user=\(user) dbname=uncross"
  }

  /// One number from the database.
  func number(_ sql: String) throws -> Int64 {
    let connection = try PostgresConnection(database())
    return try connection.query("select (\(sql))::int8", PostgresParameters()).int64(0, 0)
  }

  /// JSON of the Worker.
  func edge(_ path: String) async throws -> [String: Any] {
    let url = try #require(worker) + path
    let response = try await HTTPClient.shared.execute(
      HTTPClientRequest(url: url), timeout: .seconds(10))
    let body = try await response.body.collect(upTo: 16 << 20)
    let object = try JSONSerialization.jsonObject(with: Data(body.readableBytesView))
    return try #require(object as? [String: Any])
  }

  /// Bytes of the Worker.
  func edgeBytes(_ path: String) async throws -> [UInt8] {
    let url = try #require(worker) + path
    let response = try await HTTPClient.shared.execute(
      HTTPClientRequest(url: url), timeout: .seconds(10))
    let body = try await response.body.collect(upTo: 16 << 20)
    return Array(body.readableBytesView)
  }

  /// A dump of the whole database as text, in which bytes are hex digits.
  func dump() async throws -> Data {
    let (tool, pipe) = (Process(), Pipe())
    tool.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    tool.arguments = ["pg_dump", "-d", database("postgres")]
    tool.standardOutput = pipe
    try tool.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    tool.waitUntilExit()
    guard tool.terminationStatus == 0 else { throw TestFailure("pg_dump failed") }
    return data
  }

  /// What another verb of the program prints, on both outputs.
  func run(_ arguments: [String]) async throws -> (status: Int32, output: String) {
    try await Self.run(arguments)
  }

  static func run(
    _ arguments: [String], input: String = ""
  ) async throws -> (status: Int32, output: String) {
    let (tool, pipe, stdin) = (Process(), Pipe(), Pipe())
    tool.executableURL = URL(fileURLWithPath: Self.program)
    tool.arguments = arguments
    tool.currentDirectoryURL = URL(fileURLWithPath: Self.repository)
    tool.standardOutput = pipe
    tool.standardError = pipe
    tool.standardInput = stdin
    try tool.run()
    stdin.fileHandleForWriting.write(Data(input.utf8))
    try stdin.fileHandleForWriting.close()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    tool.waitUntilExit()
    return (tool.terminationStatus, String(decoding: data, as: UTF8.self))
  }
}

struct TestFailure: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}

/// Waits for a condition; throws where it does not come.
func wait(
  _ what: String, seconds: Double = patience, _ condition: () async throws -> Bool
) async throws {
  guard try await soon(within: seconds, condition) else {
    throw TestFailure("waited in vain for \(what)")
  }
}
