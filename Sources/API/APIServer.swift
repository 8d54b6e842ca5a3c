// The server: limits, wiring, listening, and stopping without cutting anyone short.

internal import Engine
internal import Hummingbird
internal import HummingbirdCore
public import Logging
internal import NIOCore
public import ServiceLifecycle

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Where the server listens and what it bears.
public struct APIConfiguration: Sendable {
  public var host = "127.0.0.1"
  /// 0 lets the system choose; `onListening` tells which.
  public var port = 8080
  /// More wait in the system's queue.
  public var maximumConnections = 4_096
  /// A connection without a request, or with half of one, is closed after this.
  public var idleSeconds: Int64 = 60
  /// Orders and requests of one key.
  public var keyLimit = RateLimit(perSecond: 2_000, burst: 5_000)
  /// Public requests of one address, those without a known key among them.
  public var addressLimit = RateLimit(perSecond: 200, burst: 1_000)
  /// Wrong signatures under one known key from one address.
  public var failureLimit = RateLimit(perSecond: 10, burst: 100)
  /// The header field in which the proxy in front names the client, as `X-Forwarded-For`: its last
  /// entry counts as the address. Only for a proxy that nobody can go around.
  public var proxyHeader: String?
  /// Signatures of the last seconds; 40 bytes each, and 150,000 requests a second.
  public var maximumRememberedSignatures = 1 << 20
  /// Between two looks at the indicative prices that someone reads.
  public var indicativeMilliseconds: Int64 = 1_000
  var clock = APIClock.system

  public init() {}
}

/// The clocks of the API: the core's time plays no part in it.
struct APIClock: Sendable {
  /// Since 1970, for signatures.
  var microseconds: @Sendable () -> Int64
  /// Since anything, never backwards, for rates.
  var nanoseconds: @Sendable () -> Int64

  static let system = APIClock(
    microseconds: { Int64(read(CLOCK_REALTIME) / 1_000) }, nanoseconds: { read(CLOCK_MONOTONIC) })

  private static func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

/// The HTTP server of one exchange. Run it when this instance leads and has recovered: the second
/// in which `run` begins bounds the signatures that it takes.
public struct APIServer: Service {
  private let configuration: APIConfiguration
  private let exchange: any Exchange
  private let directory: Directory
  private let events: MarketEvents
  private let deposits: DepositEvents
  private let logger: Logger
  private let onListening: @Sendable (_ port: Int) -> Void

  /// `directory` and `events` are fed by the core. `onListening` is called once with the bound
  /// port.
  public init(
    _ configuration: APIConfiguration, exchange: any Exchange, directory: Directory,
    events: MarketEvents, logger: Logger,
    onListening: @escaping @Sendable (_ port: Int) -> Void = { _ in }
  ) {
    self.configuration = configuration
    self.exchange = exchange
    self.directory = directory
    self.events = events
    deposits = DepositEvents(directory: directory)
    self.logger = logger
    self.onListening = onListening
  }

  /// Serves until graceful shutdown: then no new connection, requests under way are answered, event
  /// streams end, and it returns. Throws where it cannot listen.
  public func run() async throws {
    let application = Application(
      responder: pipeline(), server: .http1(configuration: Self.http(configuration)),
      configuration: ApplicationConfiguration(
        address: .hostname(configuration.host, port: configuration.port),
        availableConnectionsDelegate: MaximumAvailableConnections(
          configuration.maximumConnections)),
      services: [
        EventClock(
          events: events, deposits: deposits, exchange: exchange,
          milliseconds: configuration.indicativeMilliseconds)
      ],
      onServerRunning: { channel in onListening(channel.localAddress?.port ?? 0) }, logger: logger)
    try await application.run()
  }

  private func pipeline() -> RequestPipeline {
    var keyLimit = configuration.keyLimit
    // A whole batch must fit, or it never would.
    keyLimit.burst = max(keyLimit.burst, 1_000)
    return RequestPipeline(
      routes: RouteTable(Route.all),
      authenticator: RequestAuthenticator(
        directory: directory,
        replays: ReplayCache(capacity: configuration.maximumRememberedSignatures),
        startedAt: configuration.clock.microseconds() / 1_000_000),
      handlers: Handlers(
        exchange: exchange, directory: directory, events: events, deposits: deposits,
        counters: APICounters(),
        keyBuckets: TokenBuckets(keyLimit), clock: configuration.clock),
      addressBuckets: TokenBuckets(configuration.addressLimit),
      failureBuckets: TokenBuckets(configuration.failureLimit),
      proxyHeader: configuration.proxyHeader.flatMap { .init($0) })
  }

  /// Heads of at most 16 KB and 64 fields: a signed one has about 700 bytes.
  private static func http(_ configuration: APIConfiguration) -> HTTP1Channel.Configuration {
    HTTP1Channel.Configuration(
      idleTimeout: .seconds(configuration.idleSeconds),
      httpDecoderConfiguration: .init(
        maxHeaderFieldSize: 8 << 10, maxHeaderListSize: 16 << 10, maxHeaderFieldCount: 64))
  }
}

/// Looks at the indicative prices of watched markets, and keeps streams alive.
private struct EventClock: Service {
  /// Below the half minute after which proxies give up on a silent stream.
  private static let heartbeatMilliseconds: Int64 = 15_000

  let events: MarketEvents
  let deposits: DepositEvents
  let exchange: any Exchange
  let milliseconds: Int64

  func run() async throws {
    try? await cancelWhenGracefulShutdown {
      var sinceHeartbeat: Int64 = 0
      while true {
        try await Task.sleep(for: .milliseconds(milliseconds))
        await look()
        sinceHeartbeat += milliseconds
        if sinceHeartbeat >= Self.heartbeatMilliseconds {
          events.sendHeartbeat()
          deposits.sendHeartbeat()
          sinceHeartbeat = 0
        }
      }
    }
  }

  private func look() async {
    if let desk = exchange.deposits { await deposits.look(desk) }
    let markets = events.watchedMarkets
    if markets.isEmpty { return }
    // A core that is not ready has no news; the next look comes soon.
    guard let views = try? await exchange.read({ engine in markets.map { engine.indicative($0) } })
    else { return }
    for (market, view) in zip(markets, views) { events.publish(view, of: market) }
  }
}
