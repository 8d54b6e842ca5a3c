// What `serve` needs to know, from flags, environment and a file, in that order.

internal import Configuration
internal import Formats
internal import Foundation

/// The settings of one exchange. Each has a flag, an environment variable (`UNCROSS_API_PORT` for
/// `api.port`; the two usual ones `DATABASE_URL` and `WORKER_URL` besides) and a key in the JSON
/// file named by `--config`.
struct ServeConfiguration: Sendable {
  /// Keys, the embedded database and the embedded Worker's storage.
  var dataDirectory: String
  var apiHost: String
  var apiPort: Int
  /// The listener for figures, which asks for no key.
  var metricsHost: String
  var metricsPort: Int
  /// The header in which a proxy in front says whose request it is; nil where there is none.
  var proxyHeader: String?
  /// Connections in all, and of one address before a key is proved; 0 for no bound of that.
  var connections: Int
  var addressConnections: Int
  /// A Postgres of the operator's; nil runs the embedded one. The login acts as `uncross_app`.
  var databaseURL: String?
  /// A login that owns the schema; without it `databaseURL` is asked to act as the owner.
  var databaseOwnerURL: String?
  /// A Worker of the operator's; nil runs the embedded one.
  var workerURL: String?
  /// The directory `worker` of this repository, for the embedded Worker.
  var workerSource: String
  /// The operator's description of a chain; nil runs the development chain.
  var chainFile: String?
  /// Deposits from a chain; without, funds come by operators' adjustments only.
  var chain: Bool
  /// The directory that holds `devchain`, for the development chain.
  var chainSource: String
  /// Between two blocks of the development chain.
  var chainBlockSeconds: Double
  /// Runs demo traders: never beside a chain of the operator's.
  var demo: Bool
  /// A public key that gets the first operator's role at the start: for a venue whose operators are
  /// locked out.
  var operatorKey: String?
  /// Waits for the lead instead of refusing to start beside another instance.
  var standBy: Bool
  /// Makes a snapshot after so many commands.
  var snapshotCommands: Int

  init(
    flags: [String: String], file: String?,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) async throws {
    let config = try await Self.reader(flags, file, environment)
    var known: Set<String> = []
    var numbers: Set<String> = []

    func text(_ key: String) -> String? {
      known.insert(key)
      return config.string(forKey: ConfigKey(key)).flatMap { $0.isEmpty ? nil : $0 }
    }
    func number(_ key: String, _ standard: Int) throws -> Int {
      // Flags and variables are text, a file may hold a number.
      numbers.insert(key)
      if let text = text(key) {
        guard let number = Int(text) else { throw ConfigurationError(key: key, value: text) }
        return number
      }
      return config.int(forKey: ConfigKey(key), default: standard)
    }
    func flag(_ key: String) throws -> Bool? {
      guard let text = text(key) else { return nil }
      if let flag = Bool(text) { return flag }
      throw ConfigurationError(key: key, value: text, wanted: "true or false")
    }
    let here = FileManager.default.currentDirectoryPath
    let data = text("data.directory") ?? ".uncross/data"
    dataDirectory = data.hasPrefix("/") ? data : here + "/" + data
    apiHost = text("api.host") ?? "127.0.0.1"
    apiPort = try number("api.port", 8080)
    metricsHost = text("metrics.host") ?? "127.0.0.1"
    metricsPort = try number("metrics.port", 0)
    proxyHeader = text("api.proxy.header")
    connections = try number("api.connections", 4_096)
    addressConnections = try number("api.address.connections", 256)
    guard connections >= 8 else {
      throw ConfigurationError(key: "api.connections", value: "\(connections)")
    }
    guard addressConnections >= 0 else {
      throw ConfigurationError(key: "api.address.connections", value: "\(addressConnections)")
    }
    databaseURL = text("database.url")
    databaseOwnerURL = text("database.owner.url")
    workerURL = text("worker.url")
    workerSource = text("worker.source") ?? here + "/worker"
    chainFile = text("chain.file")
    chain = try flag("chain.enabled") ?? true
    guard let seconds = Double(text("chain.block.seconds") ?? "1"), seconds > 0 else {
      throw ConfigurationError(
        key: "chain.block.seconds", value: text("chain.block.seconds") ?? "")
    }
    chainBlockSeconds = seconds
    chainSource = text("chain.source") ?? here
    demo = try flag("demo") ?? (chainFile == nil)
    guard !demo || chainFile == nil else {
      throw ConfigurationError(
        key: "demo", value: "on beside chain.file", wanted: "for books of a real chain")
    }
    operatorKey = text("operator.key")
    standBy = try flag("stand.by") ?? false
    snapshotCommands = try number("snapshot.commands", 250_000)
    guard snapshotCommands >= 1 else {
      throw ConfigurationError(key: "snapshot.commands", value: "\(snapshotCommands)")
    }
    if let file { try Self.refuseUnknown(in: file, known, numbers: numbers) }
    try Self.refuseMisspelt(environment, known)
  }

  /// Variables of the clients and of the set-up.
  private static let otherVariables: Set = ["api", "key", "deno", "python"]

  /// A variable that is nearly a setting's was meant for it.
  private static func refuseMisspelt(
    _ environment: [String: String], _ known: Set<String>
  ) throws {
    for name in environment.keys.sorted() where name.hasPrefix("UNCROSS_") {
      let key = name.dropFirst("UNCROSS_".count).lowercased().replacing("_", with: ".")
      if known.contains(key) || otherVariables.contains(key) { continue }
      let hint = NearestName.hint(for: key, among: known.sorted())
      guard hint.isEmpty else {
        throw ConfigurationError(key: name, value: "`\(key)`\(hint)", wanted: "a setting")
      }
    }
  }

  /// What a file says and nobody asks for was meant for something, and so was a value of a kind
  /// that nobody reads.
  private static func refuseUnknown(
    in file: String, _ known: Set<String>, numbers: Set<String>
  ) throws {
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: file)))
    let limits = JSONLimits(
      bytes: 1 << 20, depth: 8, members: 64, elements: 64, stringBytes: 4_096)
    func look(_ value: JSONValue, _ path: [String]) throws {
      guard case .object(let fields) = value else {
        let key = path.joined(separator: ".")
        guard known.contains(key), !path.contains(where: { $0.contains(".") }) else {
          let hint = NearestName.hint(for: key, among: known.sorted())
          throw ConfigurationError(
            key: file, value: "`\(Printable.line(key))`\(hint)", wanted: "a file of settings only")
        }
        switch value {
        case .text: return
        case .number where numbers.contains(key): return
        default:
          throw ConfigurationError(
            key: key, value: String(decoding: value.bytes, as: UTF8.self), wanted: "a string")
        }
      }
      for field in fields { try look(field.value, path + [field.name]) }
    }
    try look(StrictJSON.parse(bytes, limits), [])
  }

  /// Flags before the environment before the file.
  private static func reader(
    _ flags: [String: String], _ file: String?, _ environment: [String: String]
  ) async throws -> ConfigReader {
    var providers: [any ConfigProvider] = [
      InMemoryProvider(
        values: Dictionary(
          uniqueKeysWithValues: flags.map {
            (
              AbsoluteConfigKey($0.key.split(separator: ".").map(String.init)),
              ConfigValue(.string($0.value), isSecret: false)
            )
          }))
    ]
    var variables: [String: String] = [:]
    for (name, value) in environment where name.hasPrefix("UNCROSS_") {
      variables[String(name.dropFirst("UNCROSS_".count))] = value
    }
    variables["DATABASE_URL"] = environment["DATABASE_URL"] ?? variables["DATABASE_URL"]
    variables["DATABASE_OWNER_URL"] =
      environment["DATABASE_OWNER_URL"] ?? variables["DATABASE_OWNER_URL"]
    variables["WORKER_URL"] = environment["WORKER_URL"] ?? variables["WORKER_URL"]
    providers.append(EnvironmentVariablesProvider(environmentVariables: variables))
    if let file {
      let place = ConfigReader(
        provider: InMemoryProvider(values: ["filePath": .init(stringLiteral: file)]))
      providers.append(try await FileProvider<JSONSnapshot>(config: place))
    }
    return ConfigReader(providers: providers)
  }
}

struct ConfigurationError: Error, CustomStringConvertible {
  var key: String
  var value: String
  var wanted = "a number that it may be"
  var description: String { "configuration: \(key) is not \(wanted): \(value)" }
}
