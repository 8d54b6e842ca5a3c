// A whole exchange for the length of a call: in a temporary directory, on free ports, gone
// afterwards.

internal import API
internal import Client
internal import Embedded
internal import Formats
internal import Foundation
internal import Logging
internal import ServiceLifecycle
internal import UnixSignals
internal import Wire

/// How to reach it.
struct TemporaryExchange: Sendable {
  var api: String
  var operatorSigner: RequestSigner
  var treasurerSigner: RequestSigner
  var database: String
  var worker: String
  /// The development chain.
  var chain: String?
}

/// Starts an exchange with everything embedded, runs `body`, and removes every trace.
func withTemporaryExchange<Result: Sendable>(
  _ body: @escaping @Sendable (TemporaryExchange) async throws -> Result
) async throws -> Result {
  let root = "/tmp/uncross-\(ProcessInfo.processInfo.processIdentifier)"
  // Postgres, which may run as another user, must be able to pass through.
  try FileManager.default.createDirectory(
    atPath: root, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
  defer { try? FileManager.default.removeItem(atPath: root) }
  let logger = TerminalLog.logger("uncross", level: .error)
  let configuration = try await ServeConfiguration(
    flags: ["data.directory": root, "api.port": "0", "demo": "false"], file: nil, environment: [:])
  let keys = try Keys(directory: root + "/keys")
  let pipeline = try await Pipeline(
    configuration, keys: keys, console: Console(isQuiet: true), logger: logger,
    halt: Halt(logger: logger))
  var api = APIConfiguration()
  api.port = 0
  api.signaturesAfter = pipeline.recovered.signaturesAfter
  await pipeline.recovered.untilSignaturesAreTaken(logger)
  let (listening, listens) = AsyncStream<Int>.makeStream()
  let server = APIServer(
    api, exchange: pipeline.exchange, directory: pipeline.directory, events: pipeline.events,
    logger: logger, onListening: { listens.yield($0.api) })
  let group = ServiceGroup(
    configuration: .init(
      services: [.init(service: server, successTerminationBehavior: .gracefullyShutdownGroup)],
      gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
  let running = Task {
    defer { listens.finish() }
    try await group.run()
  }
  var ports = listening.makeAsyncIterator()
  guard let port = await ports.next(), let cluster = pipeline.embedded.cluster else {
    try await running.value
    throw EmbeddedError("the API does not listen")
  }
  let exchange = TemporaryExchange(
    api: "http://127.0.0.1:\(port)", operatorSigner: keys.operator,
    treasurerSigner: keys.treasurer,
    database: cluster.conninfo(user: "uncross_audit"), worker: pipeline.embedded.workerURL,
    chain: pipeline.embedded.chain?.ready?.url)
  let outcome: Swift.Result<Result, any Error>
  do {
    outcome = .success(try await body(exchange))
  } catch {
    outcome = .failure(error)
  }
  await group.triggerGracefulShutdown()
  try? await running.value
  await pipeline.stop()
  return try outcome.get()
}
