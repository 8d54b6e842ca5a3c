// A whole server for a test: real sockets, a real engine, clocks that the test drives.

import AsyncHTTPClient
import Client
import Engine
import Formats
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Synchronization
import TestServers
import Testing
import Wire

@testable import API

/// Time for signatures and rates; it stands still until moved.
final class TestClock: Sendable {
  private let now: Mutex<Int64>
  /// How far the wall clock was set away from what nobody sets.
  private let offset = Mutex<Int64>(0)

  init(seconds: Int64) { now = Mutex(seconds * 1_000_000) }

  private var wall: Int64 { now.withLock { $0 } + offset.withLock { $0 } }
  var seconds: Int64 { wall / 1_000_000 }
  func advance(milliseconds: Int64) { now.withLock { $0 += milliseconds * 1_000 } }
  /// Sets the wall clock ahead or back.
  func set(bySeconds seconds: Int64) { offset.withLock { $0 += seconds * 1_000_000 } }

  var clock: APIClock {
    APIClock(microseconds: { self.wall }, nanoseconds: { self.now.withLock { $0 } * 1_000 })
  }
}

/// An answer as it came over the wire.
struct WireAnswer {
  var status: Int
  private var headers: HTTPHeaders
  var text: String

  init(status: Int, headers: HTTPHeaders, text: String) {
    self.status = status
    self.headers = headers
    self.text = text
  }

  func header(_ name: String) -> String? { headers.first(name: name) }

  var json: JSONValue { (try? JSONValue.parse(Array(text.utf8))) ?? .null }
  /// The code of an error answer.
  var code: String? { json["error"]?["code"]?.text }
}

extension JSONValue {
  subscript(_ name: String) -> JSONValue? {
    guard case .object(let fields) = self else { return nil }
    return fields.first { $0.name == name }?.value
  }

  subscript(_ index: Int) -> JSONValue? {
    guard case .array(let values) = self, index < values.count else { return nil }
    return values[index]
  }

  var text: String? { if case .text(let text) = self { text } else { nil } }
  var count: Int? { if case .array(let values) = self { values.count } else { nil } }

  /// Independent of the order of fields.
  var sorted: JSONValue {
    switch self {
    case .object(let fields):
      .object(
        fields.map { JSONField($0.name, $0.value.sorted) }
          .sorted { $0.name < $1.name })
    case .array(let values): .array(values.map(\.sorted))
    default: self
    }
  }
}

extension APIConfiguration {
  func with<Value>(_ path: WritableKeyPath<Self, Value>, _ value: Value) -> Self {
    var changed = self
    changed[keyPath: path] = value
    return changed
  }
}

/// A running server with a market, an operator (user 1), alice (2), bob (3) and a second operator
/// (4).
struct Venue: Sendable {
  /// When the server starts: 2026-09-21T14:13:20Z.
  static let start: Int64 = 1_790_000_000

  let exchange: MemoryExchange
  let clock: TestClock
  let port: Int
  let metricsPort: Int

  var url: String { "http://127.0.0.1:\(port)" }

  /// Ports that the system chooses, no waiting for indicative prices, and a stop that cuts nobody
  /// only because the machine is busy.
  static let configuration = APIConfiguration().with(\.port, 0).with(\.indicativeMilliseconds, 5)
    .with(\.deadlines.stopMilliseconds, 30_000)

  /// Runs a server for the length of `body`; without a clock of its own it takes the test's.
  static func run(
    _ configuration: APIConfiguration = configuration, clock ownClock: APIClock? = nil,
    maximumReaders: Int = 1_000, _ body: @escaping @Sendable (Venue) async throws -> Void
  ) async throws {
    let clock = TestClock(seconds: start)
    let exchange = MemoryExchange(maximumReaders: maximumReaders)
    open(exchange)
    let configuration = configuration.with(\.clock, ownClock ?? clock.clock)
    var logger = Logger(label: "test")
    logger.logLevel = .error
    let (listened, listening) = AsyncStream<ListeningPorts>.makeStream()
    let server = APIServer(
      configuration, exchange: exchange, directory: exchange.directory, events: exchange.events,
      logger: logger, onListening: { listening.yield($0) })
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(services: [server], logger: logger))
    try await withThrowingTaskGroup { tasks in
      tasks.addTask { try await group.run() }
      guard let ports = await listened.first(where: { _ in true }) else { return }
      // Past the seconds whose signatures the server does not take.
      clock.advance(milliseconds: 10_000)
      defer { tasks.cancelAll() }
      try await body(
        Venue(exchange: exchange, clock: clock, port: ports.api, metricsPort: ports.metrics))
      await group.triggerGracefulShutdown()
      try await tasks.next()
    }
  }

  // MARK: Users

  /// Fixed keys: their names are their seeds.
  static func signer(_ name: String) -> RequestSigner {
    let seed =
      Array(name.utf8.prefix(32)) + Array(repeating: 7, count: 32 - min(name.utf8.count, 32))
    guard let signer = try? RequestSigner(seed: seed) else { preconditionFailure("a bad seed") }
    return signer
  }

  /// The key that a role's tests use.
  static let keys: [(name: String, user: UserID, role: Role)] = [
    ("operator", 1, .operator), ("alice", 2, .trader), ("alice-reader", 2, .readOnly),
    ("bob", 3, .trader), ("second-operator", 4, .operator), ("alice-bot", 2, .tradeOnly),
  ]

  func client(_ name: String?, attempts: Int = 5) -> UncrossClient {
    var configuration = UncrossClient.Configuration(
      baseURL: url, signer: name.map { Self.signer($0) })
    configuration.maximumAttempts = attempts
    let clock = clock
    configuration.now = { Timestamp(microseconds: clock.seconds * 1_000_000) }
    return UncrossClient(configuration)
  }

  /// A client for the length of `body`.
  func with<Value>(
    _ name: String?, attempts: Int = 1, _ body: (UncrossClient) async throws -> Value
  ) async throws -> Value {
    let client = client(name, attempts: attempts)
    do {
      let value = try await body(client)
      await client.close()
      return value
    } catch {
      await client.close()
      throw error
    }
  }

  private static func open(_ exchange: MemoryExchange) {
    var commands: [Command] = [
      .schedule(.advanceTime(start * 1_000_000)),
      .venue(.configure(VenueConfiguration(seed: 1, secondSeed: 2))),
    ]
    commands += Command.newestRules()
    commands += [
      .operation(.setOperatorDelay(seconds: 0), by: .venue),
      .operation(
        .createAsset(
          AssetDefinition(code: "ETH", decimals: 18, adjustmentLimit: 1_000_000_000_000_000_000_000)
        ), by: .venue),
      .operation(
        .createAsset(
          AssetDefinition(code: "USDC", decimals: 6, adjustmentLimit: 1_000_000_000_000)),
        by: .venue),
      .operation(
        .createMarket(
          MarketDefinition(
            symbol: "ETH-USDC", base: 0, quote: 1, tickAtoms: 10_000, lotAtoms: 100_000_000_000_000,
            terms: MarketTerms(
              intervalMilliseconds: 2_000, bandBasisPoints: 1_000, buyFeeBasisPoints: 10,
              sellFeeBasisPoints: 20, minimumNotional: 1_000_000), listingPriceTicks: 200_000)),
        by: .venue),
    ]
    commands.append(.operation(.registerChain(name: "dev"), by: .venue))
    for name in ["op", "alice", "bob", "second-op"] {
      commands.append(.operation(.registerUser(name: name), by: .venue))
    }
    for (name, user, role) in keys {
      guard let key = PublicKey(signer(name).publicKey) else { preconditionFailure("32 bytes") }
      commands.append(.operation(.registerKey(user: user, key: key, role: role), by: .venue))
    }
    for (user, asset, amount) in [
      (UserID(2), AssetID(1), Int128(100_000_000_000)), (2, 0, 5_000_000_000_000_000_000),
      (3, 0, 50_000_000_000_000_000_000), (3, 1, 1_000_000_000),
    ] {
      guard let id = ClientOrderID("fund-\(user)-\(asset)") else { preconditionFailure("an id") }
      commands.append(
        .operation(
          .adjustBalance(
            BalanceAdjustment(user: user, asset: asset, amount: amount, requestID: id)),
          by: Authority(user: 0, reason: "opening balance")))
    }
    let replies = exchange.apply(commands)
    precondition(replies.allSatisfy { $0.rejection == nil }, "the test's venue does not open")
  }

  // MARK: Raw requests

  /// Sends a request as it is; `change` may spoil it after it was signed.
  func send(
    _ method: String, _ target: String, body: String = "", as name: String? = nil,
    nonce: String? = nil, created: Int64? = nil, headers: [(String, String)] = [],
    _ change: (inout RawRequest) -> Void = { _ in }
  ) async throws -> WireAnswer {
    var raw = RawRequest(method: method, target: target, body: Array(body.utf8), headers: headers)
    if let name {
      let fields = try Self.signer(name).sign(
        method: method, target: target, body: raw.body, created: created ?? clock.seconds,
        nonce: nonce)
      raw.headers += fields.all.map { ($0.name, $0.value) }
    }
    change(&raw)
    return try await send(raw)
  }

  /// Opens a stream; it closes when the answer is let go.
  func open(
    _ target: String, as name: String, headers: [(String, String)] = [],
    on client: HTTPClient = .shared
  ) async throws -> HTTPClientResponse {
    var request = HTTPClientRequest(url: url + target)
    let fields = try Self.signer(name).sign(
      method: "GET", target: target, body: [], created: clock.seconds, nonce: nil)
    for (name, value) in headers + fields.all.map({ ($0.name, $0.value) }) {
      request.headers.add(name: name, value: value)
    }
    return try await client.execute(request, timeout: .seconds(20))
  }

  /// Reads a stream until `isEnough` of what came; asked once before anything came, when it is
  /// open.
  func stream(
    _ target: String, as name: String, headers: [(String, String)] = [],
    until isEnough: @escaping @Sendable (String) -> Bool
  ) async throws -> String {
    let response = try await open(target, as: name, headers: headers)
    // A stream without what is waited for would never end.
    let text = try await bounded {
      var text = ""
      if isEnough(text) { return text }
      for try await chunk in response.body {
        text += String(buffer: chunk)
        if isEnough(text) { break }
      }
      return text
    }
    return text ?? "what was waited for did not come"
  }

  /// Asks the listener of the operator's machines.
  func ask(_ target: String) async throws -> WireAnswer {
    try await send(
      RawRequest(method: "GET", target: target, body: [], headers: []),
      to: "http://127.0.0.1:\(metricsPort)")
  }

  func send(_ raw: RawRequest, to url: String? = nil) async throws -> WireAnswer {
    var request = HTTPClientRequest(url: (url ?? self.url) + raw.target)
    request.method = .RAW(value: raw.method)
    for (name, value) in raw.headers { request.headers.add(name: name, value: value) }
    if !raw.body.isEmpty { request.body = .bytes(ByteBuffer(bytes: raw.body)) }
    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
    let body = try await response.body.collect(upTo: 16 << 20)
    return WireAnswer(
      status: Int(response.status.code), headers: response.headers, text: String(buffer: body))
  }
}

struct RawRequest {
  var method: String
  var target: String
  var body: [UInt8]
  var headers: [(String, String)]

  subscript(header name: String) -> String? {
    get { headers.first { $0.0 == name }?.1 }
    set {
      headers.removeAll { $0.0 == name }
      if let newValue { headers.append((name, newValue)) }
    }
  }
}

/// A refused call's code, or why it was not refused.
func codeThrown(_ call: () async throws -> some Any) async -> String {
  do {
    _ = try await call()
    return "accepted"
  } catch {
    return (error as? APIError)?.code ?? "\(error)"
  }
}

func decimal(_ text: String) -> DecimalAmount {
  guard let amount = DecimalAmount(text) else { preconditionFailure("not a decimal: \(text)") }
  return amount
}
