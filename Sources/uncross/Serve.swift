// `uncross serve`: the exchange, started whole and stopped cleanly.

internal import API
internal import ArgumentParser
internal import Client
internal import Engine
internal import Formats
internal import Foundation
internal import Journal
internal import Logging
internal import ServiceLifecycle
internal import Tape
internal import UnixSignals
internal import Wire

struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run the exchange.",
    discussion: """
      On embedded defaults: a private Postgres, the Worker under Deno, two markets, demo traders:

        uncross serve
        uncross serve --no-demo --port 9000

      On servers of your own (secrets by environment or file, never by argument):

        DATABASE_URL=postgres://app@db/uncross WORKER_URL=https://tape.example.com \\
          uncross serve --no-demo
        uncross serve --config exchange.json
      """)

  @Option(name: .customLong("data"), help: "Keys and embedded servers' data. (.uncross/data)")
  var dataDirectory: String?
  @Option(help: "The API's address. (127.0.0.1)") var host: String?
  @Option(help: "The API's port; 0 picks a free one. (8080)") var port: Int?
  @Option(help: "Where figures are read without a key. (127.0.0.1)") var metricsHost: String?
  @Option(help: "The port for figures; 0 picks a free one. (0)") var metricsPort: Int?
  @Option(help: "A JSON file with the settings of docs/operations.md.") var config: String?
  @Flag(inversion: .prefixedNo, help: "Run demo traders. (on)") var demo: Bool?
  @Option(help: "A JSON file that describes the chain of deposits. (the development chain)")
  var chainFile: String?
  @Flag(inversion: .prefixedNo, help: "Take deposits from a chain. (on)") var chain: Bool?
  @Option(help: "Between two blocks of the development chain. (1)") var chainBlockSeconds: Double?
  @Option(help: "Make a snapshot after so many commands. (250000)") var snapshotCommands: Int?
  @Flag(help: "Wait for the lead instead of refusing to start beside another instance.")
  var standBy = false
  @Option(
    help: ArgumentHelp(
      "Give this public key the first operator's role: for a venue whose operators are locked out.",
      valueName: "hex"))
  var operatorKey: String?
  @Flag(help: "Print only warnings.") var quiet = false

  func run() async throws {
    var flags: [String: String] = [:]
    flags["data.directory"] = dataDirectory
    flags["api.host"] = host
    flags["api.port"] = port.map { "\($0)" }
    flags["metrics.host"] = metricsHost
    flags["metrics.port"] = metricsPort.map { "\($0)" }
    flags["snapshot.commands"] = snapshotCommands.map { "\($0)" }
    flags["chain.file"] = chainFile
    flags["chain.enabled"] = chain.map { "\($0)" }
    flags["chain.block.seconds"] = chainBlockSeconds.map { "\($0)" }
    flags["demo"] = demo.map { "\($0)" }
    flags["operator.key"] = operatorKey
    if standBy { flags["stand.by"] = "true" }
    let configuration = try await ServeConfiguration(flags: flags, file: config)
    let logger = TerminalLog.logger("uncross", level: quiet ? .error : .warning)
    try FileManager.default.createDirectory(
      atPath: configuration.dataDirectory, withIntermediateDirectories: true)
    let keys = try Keys(directory: configuration.dataDirectory + "/keys")
    let console = Console(isQuiet: quiet)
    let pipeline = try await Pipeline(
      configuration, keys: keys, console: console, logger: logger, halt: Halt(logger: logger))
    console.recovered(pipeline.recovered)

    var api = APIConfiguration()
    api.host = configuration.apiHost
    api.port = configuration.apiPort
    api.proxyHeader = configuration.proxyHeader
    api.signaturesAfter = pipeline.recovered.signaturesAfter
    api.maximumConnections = configuration.connections
    api.maximumConnectionsOfAddress = configuration.addressConnections
    api.metricsHost = configuration.metricsHost
    api.metricsPort = configuration.metricsPort
    let (listening, listens) = AsyncStream<ListeningPorts>.makeStream()
    let server = APIServer(
      api, exchange: pipeline.exchange, directory: pipeline.directory, events: pipeline.events,
      logger: logger, onListening: { listens.yield($0) })
    let greeter = ConsoleService(
      console: console, pipeline: pipeline, keys: keys, configuration: configuration,
      listening: listening)
    let group = ServiceGroup(
      configuration: .init(
        services: [
          .init(service: server, successTerminationBehavior: .gracefullyShutdownGroup),
          .init(service: greeter, successTerminationBehavior: .ignore),
          .init(service: StopLimit(), successTerminationBehavior: .ignore),
        ], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
    await pipeline.recovered.untilSignaturesAreTaken(logger)
    do {
      try await group.run()
    } catch {
      StopLimit.begin()
      await pipeline.stop()
      throw error
    }
    await pipeline.stop()
    console.stopped(pipeline.loop.currentFigures().durable)
  }
}
