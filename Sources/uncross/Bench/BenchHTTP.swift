// Signed orders over HTTP, against the same server with nothing behind it.

internal import API
internal import Client
internal import Engine
internal import Formats
internal import Ledger
internal import Logging
internal import ServiceLifecycle
internal import Synchronization
internal import Wire

/// The floor: every order is accepted at once, nothing is kept. What remains is HTTP, parsing and
/// the signature.
private final class EmptyExchange: Exchange {
  private let count = Mutex<Int64>(1 << 40)

  func submit(_ commands: [Command]) async throws(ExchangeError) -> [Reply] {
    let first = count.withLock { count in
      defer { count += Int64(commands.count) }
      return count
    }
    return commands.indices.map {
      Reply(rejection: nil, id: first + Int64($0), time: BenchWorld.start)
    }
  }

  func read<Value: Sendable>(
    _ query: @escaping @Sendable (borrowing AuctionEngine) -> Value
  ) async throws(ExchangeError) -> Value { query(AuctionEngine()) }

  func ledger(_ query: LedgerQuery) async throws(ExchangeError) -> LedgerQuery.Page {
    LedgerQuery.Page(rows: [], next: nil)
  }
  func operatorLog(_ query: OperatorLogQuery) async throws(ExchangeError) -> [OperatorLogRow] { [] }
  func readiness() -> Readiness { .ready }
  func metrics() -> [Metric] { [] }
}

struct BenchHTTP {
  /// Traders with a key and a connection each: more than cores, fewer than would only queue.
  private static let traders = 32
  /// Orders of one request, as a market maker sends them.
  private static let batch = 20
  private static let seconds = 6.0

  private let signers = (0..<traders).map { _ in RequestSigner() }

  func run(_ report: inout BenchReport) async throws {
    let full = try await withTemporaryExchange { exchange in
      let admin = UncrossClient(baseURL: exchange.api, signer: exchange.operatorSigner)
      let treasurer = SecondOperator(api: exchange.api, signer: exchange.treasurerSigner)
      for (number, signer) in signers.enumerated() {
        let user = try await admin.createUser(
          NewUser(
            name: "bench-\(number)",
            key: KeyGrant(publicKey: signer.publicKeyHex, role: .trader)))
        try await treasurer.approve(
          try await admin.adjust(
            NewAdjustment(
              requestID: "bench-\(number)", user: user.userID, asset: "USDC",
              amount: DecimalAmount(1_000_000), reason: "bench")))
      }
      _ = try await admin.changeMarket(
        "ETH-USDC", MarketTermsChange(maximumOpenOrders: 10_000), reason: "bench")
      await admin.close()
      await treasurer.client.close()
      return try await load(exchange.api)
    }
    let empty = try await withEmptyServer { try await load($0) }
    report.add(
      BenchRow(
        name: "HTTP: signed orders, batches of 20", rate: full, unit: "orders/s", floor: empty,
        floorName: "orders/s with nothing behind the signature check"))
  }

  /// Hostile bodies against plain ones, with nothing behind the server.
  func runBodies(_ report: inout BenchReport) async throws {
    guard let signer = signers.first else { return }
    var measured = report
    _ = try await withEmptyServer { api in
      try await warmUp(api)
      try await BenchBodies().run(signer, api, &measured)
      return 0
    }
    report = measured
  }

  private func withEmptyServer(_ body: (String) async throws -> Double) async throws -> Double {
    let directory = Directory()
    var engine = AuctionEngine()
    guard let operatorKey = PublicKey([UInt8](repeating: 1, count: 32)) else { return 0 }
    for command in Genesis.commands(Genesis.Operators(first: operatorKey)) { engine.apply(command) }
    for (number, signer) in signers.enumerated() {
      guard let key = PublicKey(signer.publicKey) else { continue }
      engine.apply(.operation(.registerUser(name: "bench-\(number)"), by: .venue))
      engine.apply(
        .operation(.registerKey(user: UserID(number + 2), key: key, role: .trader), by: .venue))
    }
    directory.apply(engine.directory())
    let logger = TerminalLog.logger("bench", level: .critical)
    var configuration = APIConfiguration()
    configuration.port = 0
    // Nothing was signed before: the first request waits for nothing.
    configuration.signaturesAfter = 0
    // What is measured is what a request costs, not what one user may send.
    configuration.userLimit = RateLimit(perSecond: 1_000_000, burst: 10_000_000)
    let (listening, listens) = AsyncStream<Int>.makeStream()
    let group = ServiceGroup(
      configuration: .init(
        services: [
          .init(
            service: APIServer(
              configuration, exchange: EmptyExchange(), directory: directory,
              events: MarketEvents(directory: directory), logger: logger,
              onListening: { listens.yield($0.api) }))
        ], logger: logger))
    let running = Task { try await group.run() }
    var ports = listening.makeAsyncIterator()
    let rate = try await body("http://127.0.0.1:\(await ports.next() ?? 0)")
    await group.triggerGracefulShutdown()
    try? await running.value
    return rate
  }

  /// Orders accepted in a second, of all traders.
  private func load(_ api: String) async throws -> Double {
    try await warmUp(api)
    let end = ContinuousClock.now + .seconds(Self.seconds)
    let accepted = try await withThrowingTaskGroup(of: Int.self) { group in
      for (trader, signer) in signers.enumerated() {
        group.addTask { try await trade(api, signer, trader, until: end) }
      }
      return try await group.reduce(0, +)
    }
    return Double(accepted) / Self.seconds
  }

  /// The first request waits until signatures of this start are taken; it is not measured.
  private func warmUp(_ api: String) async throws {
    guard let signer = signers.first else { return }
    let client = UncrossClient(baseURL: api, signer: signer)
    _ = try await client.place(orders(trader: 0, round: -1))
    await client.close()
  }

  private func trade(
    _ api: String, _ signer: RequestSigner, _ trader: Int, until end: ContinuousClock.Instant
  ) async throws -> Int {
    var configuration = UncrossClient.Configuration(baseURL: api, signer: signer)
    configuration.connections = 1
    let client = UncrossClient(configuration)
    var (round, accepted) = (0, 0)
    while ContinuousClock.now < end {
      let outcomes = try await client.place(orders(trader: trader, round: round))
      for case .accepted in outcomes { accepted += 1 }
      round += 1
    }
    await client.close()
    return accepted
  }

  private func orders(trader: Int, round: Int) -> [NewOrder] {
    (0..<Self.batch).map { number in
      NewOrder(
        .buy, DecimalAmount(atoms: 5, decimals: 3), of: "ETH-USDC",
        at: DecimalAmount(atoms: Int128(230_000 + (round + number) % 10_000), decimals: 2),
        clientOrderID: "h\(trader)-\(round)-\(number)")
    }
  }
}
