// The server: limits, wiring, listening, and stopping without cutting anyone short.

internal import Engine
internal import Formats
internal import Hummingbird
internal import HummingbirdCore
public import Logging
internal import NIOCore
public import ServiceLifecycle
internal import Synchronization

/// Where the server listens and what it bears.
public struct APIConfiguration: Sendable {
  public var host = "127.0.0.1"
  /// 0 lets the system choose; `onListening` tells which.
  public var port = 8080
  /// Where figures and the reasons of readiness are read without a key: they show the venue's
  /// money, so this is for the operator's own machines.
  public var metricsHost = "127.0.0.1"
  /// 0 lets the system choose.
  public var metricsPort = 0
  /// A new one always comes in; beyond these the weakest goes (`ConnectionPlaces`). A quarter is
  /// for connections that proved a key.
  public var maximumConnections = 4_096
  /// Of one address (of one /64 of IPv6), as long as they have proved no key; 0 for no such bound.
  /// There is none behind a proxy: `proxyHeader`.
  public var maximumConnectionsOfAddress = 256
  /// Of one user's, that count as proved.
  public var maximumConnectionsOfUser = 256
  public var deadlines = ConnectionDeadlines()
  var bodyLimits = BodyBudget.Limits()
  /// Orders and requests of one user, whatever its keys: sixteen keys are no sixteen rates.
  public var userLimit = RateLimit(perSecond: 2_000, burst: 5_000)
  /// Public requests of one address, those without a known key among them.
  public var addressLimit = RateLimit(perSecond: 200, burst: 1_000)
  /// Wrong signatures from one address.
  public var failureLimit = RateLimit(perSecond: 10, burst: 100)
  /// The header field in which the proxy in front names the client, as `X-Forwarded-For`: its last
  /// entry counts as the address. Only for a proxy that nobody can go around.
  public var proxyHeader: String?
  /// Signatures of the last seconds; 40 bytes each, and 150,000 requests a second.
  public var maximumRememberedSignatures = 1 << 20
  /// The last second whose signatures a server before this one may have taken. Nil: the one after
  /// the second in which `run` begins.
  public var signaturesAfter: Int64?
  /// Between two looks at the indicative prices that someone reads.
  public var indicativeMilliseconds: Int64 = 1_000
  var clock = APIClock.system

  public init() {}

  var places: ConnectionPlaces.Limits {
    let isBounded = proxyHeader == nil && maximumConnectionsOfAddress > 0
    return ConnectionPlaces.Limits(
      total: maximumConnections, anonymous: max(maximumConnections * 3 / 4, 1),
      ofAddress: isBounded ? maximumConnectionsOfAddress : nil, ofUser: maximumConnectionsOfUser)
  }
}

/// The clocks of the API: the core's time plays no part in it.
struct APIClock: Sendable {
  /// Since 1970, for signatures.
  var microseconds: @Sendable () -> Int64
  /// Since anything, never backwards, for rates.
  var nanoseconds: @Sendable () -> Int64

  static let system = APIClock(
    microseconds: SystemClock.wallMicroseconds, nanoseconds: SystemClock.monotonicNanoseconds)
}

/// The ports that were bound.
public struct ListeningPorts: Sendable, Equatable {
  public var api = 0
  public var metrics = 0
}

/// The HTTP server of one exchange. Run it when this instance leads and has recovered.
public struct APIServer: Service {
  private let configuration: APIConfiguration
  private let exchange: any Exchange
  private let directory: Directory
  private let events: MarketEvents
  private let deposits: DepositEvents
  private let logger: Logger
  private let onListening: @Sendable (_ ports: ListeningPorts) -> Void

  /// `directory` and `events` are fed by the core. `onListening` is called once, when both
  /// listeners are bound.
  public init(
    _ configuration: APIConfiguration, exchange: any Exchange, directory: Directory,
    events: MarketEvents, logger: Logger,
    onListening: @escaping @Sendable (_ ports: ListeningPorts) -> Void = { _ in }
  ) {
    self.configuration = configuration
    self.exchange = exchange
    self.directory = directory
    self.events = events
    deposits = DepositEvents(directory: directory, clock: configuration.clock)
    self.logger = logger
    self.onListening = onListening
  }

  /// Serves until graceful shutdown: then no new connection, requests under way are answered, event
  /// streams end, what is still open a while later is cut, and it returns. Throws where it cannot
  /// listen.
  public func run() async throws {
    let (directory, clock) = (directory, configuration.clock)
    let places = ConnectionPlaces(limits(), directory, clock)
    // Some scrapers and an operator's browser.
    let ownPlaces = ConnectionPlaces(
      .init(total: 64, anonymous: 64, ofUser: 1), directory, clock)
    let deadlines = configuration.deadlines
    let handlers = handlers(places)
    let bound = BoundPorts(then: onListening)
    let api = application(
      pipeline(handlers), places, configuration.host, configuration.port,
      services: [
        EventClock(
          events: events, deposits: deposits, exchange: exchange,
          milliseconds: configuration.indicativeMilliseconds)
      ]
    ) { port in bound.set { $0.api = port } }
    var own = pipeline(handlers)
    own.routes = RouteTable(Route.operations)
    own.proxyHeader = nil
    let metrics = application(
      own, ownPlaces, configuration.metricsHost, configuration.metricsPort
    ) { port in bound.set { $0.metrics = port } }
    let group = ServiceGroup(configuration: .init(services: [api, metrics], logger: logger))
    try await withGracefulShutdownHandler {
      try await group.run()
    } onGracefulShutdown: {
      // Whoever does not read or send to the end must not keep the process.
      Task {
        try? await Task.sleep(for: .milliseconds(deadlines.stopMilliseconds))
        places.closeAll()
        ownPlaces.closeAll()
      }
    }
  }

  /// Places for no more connections than the system lets the process have.
  private func limits() -> ConnectionPlaces.Limits {
    var bounded = configuration
    let wanted = configuration.maximumConnections
    let files = OpenFiles.raise(to: wanted + OpenFiles.reserve)
    bounded.maximumConnections = OpenFiles.connections(wanted: wanted, files: files)
    if bounded.maximumConnections < wanted {
      logger.warning(
        "the process may open \(files) files: \(bounded.maximumConnections) connections")
    }
    return bounded.places
  }

  private func application(
    _ responder: RequestPipeline, _ places: ConnectionPlaces, _ host: String, _ port: Int,
    services: [any Service] = [], onListening: @escaping @Sendable (_ port: Int) -> Void
  ) -> Application<RequestPipeline> {
    let deadlines = configuration.deadlines
    return Application(
      responder: responder,
      server: HTTPServerBuilder { responder in
        GuardedChannel(responder: responder, places: places, deadlines: deadlines)
      },
      configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
      services: services,
      onServerRunning: { channel in onListening(channel.localAddress?.port ?? 0) }, logger: logger)
  }

  private func handlers(_ places: ConnectionPlaces) -> Handlers {
    var userLimit = configuration.userLimit
    // A whole batch must fit, or it never would.
    userLimit.burst = max(userLimit.burst, 1_000)
    return Handlers(
      exchange: exchange, directory: directory, events: events, deposits: deposits,
      counters: APICounters(), places: places, bodies: BodyBudget(configuration.bodyLimits),
      userBuckets: TokenBuckets(userLimit), clock: configuration.clock)
  }

  private func pipeline(_ handlers: Handlers) -> RequestPipeline {
    RequestPipeline(
      routes: RouteTable(Route.all),
      authenticator: RequestAuthenticator(
        directory: directory,
        replays: ReplayCache(capacity: configuration.maximumRememberedSignatures),
        signaturesAfter: configuration.signaturesAfter
          ?? configuration.clock.microseconds() / 1_000_000 + RequestAuthenticator.futureWindow),
      handlers: handlers,
      addressBuckets: TokenBuckets(configuration.addressLimit),
      failureBuckets: TokenBuckets(configuration.failureLimit), provedKeys: ProvedKeys(),
      proxyHeader: configuration.proxyHeader.flatMap { .init($0) })
  }
}

/// Tells the ports when all are known.
private final class BoundPorts: Sendable {
  private let ports = Mutex(ListeningPorts())
  private let then: @Sendable (ListeningPorts) -> Void

  init(then: @escaping @Sendable (ListeningPorts) -> Void) { self.then = then }

  func set(_ change: (inout ListeningPorts) -> Void) {
    let all = ports.withLock { ports in
      change(&ports)
      return ports
    }
    if all.api > 0, all.metrics > 0 { then(all) }
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
