// `uncross demo`: hundreds of traders for a few seconds, then proof that nothing was lost or made
// up.

internal import ArgumentParser
internal import Client
internal import Formats
internal import Wire

struct DemoCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Deposit, trade, withdraw, then check engine, ledger, tape and chain to the atom.",
    discussion: """
      Starts an exchange of its own in a temporary directory, and removes it after:

        uncross demo
        uncross demo --traders 50 --seconds 60 --rate 100

      Or trades on one that runs; the check then covers all that it ever did:

        uncross demo --api http://127.0.0.1:8080 \\
          --operator-key .uncross/data/keys/operator.pem \\
          --treasurer-key .uncross/data/keys/treasurer.pem \\
          --database "host=... user=uncross_audit dbname=uncross" \\
          --worker http://127.0.0.1:8787

      A connection string with a password goes into DATABASE_URL instead of --database.

      Exit status 0 only where all agree.
      """)

  @Option(help: "How many trade.") var traders = 300
  @Option(help: "How long.") var seconds = 20
  @Option(help: "Calls a second of all traders together.") var rate = 200
  @Option(help: "What the traders do follows from it.") var seed: UInt64 = 1
  @Option(help: "An exchange that runs, instead of one of its own.") var api: String?
  @Option(help: ArgumentHelp("With --api: an operator's key.", valueName: "file"))
  var operatorKey: String?
  @Option(
    help: ArgumentHelp(
      "With --api: another operator's key, which approves the traders' funds.", valueName: "file"))
  var treasurerKey: String?
  @Option(
    help: ArgumentHelp(
      "With --api: the ledger, as a role that may read; without it DATABASE_URL.",
      valueName: "conninfo"))
  var database: String?
  @Option(help: ArgumentHelp("With --api: the Worker.", valueName: "url")) var worker: String?

  private struct Place {
    var api: String
    var operatorSigner: RequestSigner
    var treasurerSigner: RequestSigner
    var database: String
    var worker: String
    var faucet: ChainFaucet?
  }

  func validate() throws {
    guard (2...10_000).contains(traders), (1...86_400).contains(seconds),
      (1...100_000).contains(rate)
    else {
      throw ValidationError("--traders is 2 to 10000, --seconds 1 to 86400, --rate 1 to 100000")
    }
    try DatabaseArgument.check(database)
    let named = [api, operatorKey, treasurerKey, worker].count { $0 != nil }
    let ofDatabase = named == 4 ? DatabaseArgument.value(database) : database
    guard named == 0 && ofDatabase == nil || named == 4 && ofDatabase != nil else {
      throw ValidationError(
        "--api, --operator-key, --treasurer-key, --database (or DATABASE_URL) and --worker go"
          + " together")
    }
  }

  func run() async throws {
    try await VerbFailure.reported {
      if let api, let operatorKey, let treasurerKey, let worker,
        let database = DatabaseArgument.value(database)
      {
        try await demonstrate(
          Place(
            api: api, operatorSigner: try RequestSigner(keyFile: operatorKey),
            treasurerSigner: try RequestSigner(keyFile: treasurerKey), database: database,
            worker: worker))
      } else {
        try await withTemporaryExchange { exchange in
          try await demonstrate(
            Place(
              api: exchange.api, operatorSigner: exchange.operatorSigner,
              treasurerSigner: exchange.treasurerSigner,
              database: exchange.database, worker: exchange.worker,
              faucet: exchange.chain.map { ChainFaucet(url: $0) }))
        }
      }
    }
  }

  private func demonstrate(_ place: Place) async throws {
    let flow = DemoFlow(
      DemoFlow.Configuration(
        api: place.api, operatorSigner: place.operatorSigner,
        treasurerSigner: place.treasurerSigner, keySeed: Self.randomSeed(),
        traders: traders, ordersPerSecond: Double(rate), seed: seed,
        namePrefix: "demo-\(Timestamp.now().seconds)", faucet: place.faucet))
    do {
      try await demonstrate(place, flow)
    } catch {
      await flow.close()
      throw error
    }
    await flow.close()
  }

  private func demonstrate(_ place: Place, _ flow: DemoFlow) async throws {
    let source = place.faucet == nil ? "by adjustments" : "on the chain"
    Output.line("registering and funding \(traders) traders \(source) at \(place.api)")
    try await flow.prepare()
    Output.line("trading for \(seconds) s at \(rate) calls a second")
    let totals = try await watching(place.api) {
      let totals = try await flow.run(forSeconds: Double(seconds))
      let cancelled = try await flow.cancelEverything()
      Output.line("\nstopped; \(cancelled) open orders cancelled\n")
      return totals
    }
    Output.line(Self.table(totals) + "\n")
    if place.faucet != nil {
      Output.line("\(try await flow.withdraw()) withdrawals are paid and final on the chain\n")
    }
    let check = DemoCheck(
      api: place.api, operatorSigner: place.operatorSigner, database: place.database,
      worker: place.worker, hasChain: place.faucet != nil)
    let report = try await check.run()
    Output.line(report.text)
    if !report.agrees { throw ExitCode(VerbFailure.refused) }
  }

  /// Prints every market's auctions while the body runs.
  private func watching<R: Sendable>(
    _ api: String, _ body: @escaping @Sendable () async throws -> R
  ) async throws -> R {
    let client = UncrossClient(baseURL: api)
    let watchers = try await client.markets().map { market in
      Task {
        try await MarketWatch(api: client, market: market.market).forEach(lost: { _ in }) { event in
          if case .auction(let report) = event.content {
            Output.line(WatchCommand.line(Output.printable(report)))
          }
          return true
        }
      }
    }
    let result: Result<R, any Error>
    do { result = .success(try await body()) } catch { result = .failure(error) }
    for watcher in watchers { watcher.cancel() }
    for watcher in watchers { _ = await watcher.result }
    await client.close()
    return try result.get()
  }

  private static func table(_ totals: DemoFlow.Totals) -> String {
    var table = Table("CALLS", ">COUNT")
    table.add("placed", "\(totals.placed)")
    table.add("amended", "\(totals.amended)")
    table.add("cancelled", "\(totals.cancelled)")
    if totals.withdrawals > 0 { table.add("withdrawals asked", "\(totals.withdrawals)") }
    for (code, count) in totals.refused.sorted(by: { $0.key < $1.key }) {
      table.add("refused: \(code)", "\(count)")
    }
    if totals.throttled > 0 { table.add("given up, server busy", "\(totals.throttled)") }
    if totals.unanswered > 0 { table.add("without an answer", "\(totals.unanswered)") }
    return table.text()
  }

  private static func randomSeed() -> [UInt8] {
    var generator = SystemRandomNumberGenerator()
    return (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
  }
}
