// `uncross load`: sends a file of orders through the signed API.

internal import ArgumentParser
internal import Client
internal import Formats
internal import Foundation
internal import Wire

struct LoadCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "load", abstract: "Send a file of orders.",
    discussion: """
      The file is CSV in decimal units, whatever the number of lines; a market order has no limit,
      and a line without a client order id gets one that stays the same:

        user,market,side,type,limit,quantity,client_order_id
        anna,ETH-USDC,buy,limit,2501.00,0.5,a-1
        bert,ETH-USDC,sell,market,,2,

      Each user signs with a key of its own, DIR/USER.pem. With an operator's key, users that are
      missing are registered, with new keys, and all get the funds that their orders need. Funds for
      a user whom the operator registered wait for a second operator, or are approved with its key:

        uncross load orders.csv --keys keys --operator-key operator.pem \\
          --second-operator-key treasurer.pem
        uncross load orders.csv --keys keys

      What is done is kept in FILE.progress: the same command again goes on after a stop, and
      sending an order twice places it once. A file with bad lines is not sent, unless --skip-bad.
      """)

  @Argument(help: "The file of orders.") var file: String
  @OptionGroup var server: ServerOption
  @Option(help: ArgumentHelp("The users' keys. (FILE.keys)", valueName: "directory"))
  var keys: String?
  @Option(
    help: ArgumentHelp("Register and fund users with this operator's key.", valueName: "file"))
  var operatorKey: String?
  @Option(help: ArgumentHelp("Approve the funds with this operator's key.", valueName: "file"))
  var secondOperatorKey: String?
  @Flag(help: "Leave bad lines out instead of refusing the file.") var skipBad = false
  @Option(help: "Orders of one request.") var batch = OrderBatch.maximumOrders

  /// Bad lines that are printed; the rest are counted.
  private static let maximumReported = 50

  func validate() throws {
    guard (1...OrderBatch.maximumOrders).contains(batch) else {
      throw ValidationError("--batch is 1 to \(OrderBatch.maximumOrders)")
    }
  }

  func run() async throws {
    try await VerbFailure.reported {
      let markets = try await readMarkets()
      let survey = try survey(markets)
      let progress = try LoadProgress(
        path: file + ".progress", fingerprint: survey.fingerprint, batchSize: batch)
      Output.error("\(survey.orders) orders of \(survey.needs.byUser.count) users")
      let userKeys = UserKeys(directory: keys ?? file + ".keys")
      try await prepare(survey, markets, userKeys, progress)
      let display = LoadDisplay(total: survey.orders, before: progress.totals.sent)
      let sender = LoadSender(
        baseURL: server.baseURL, keys: userKeys, batchSize: batch, progress: progress,
        display: display)
      do {
        try await sender.send(
          OrderFile(path: file, markets: markets, name: survey.fingerprint))
      } catch {
        display.show(progress.totals, isLast: true)
        Output.error("stopped; the same command goes on from here (\(progress.path))")
        throw error
      }
      display.show(progress.totals, isLast: true)
      Output.line(Self.table(progress.totals, survey.bad))
    }
  }

  private func readMarkets() async throws -> [String: MarketDetails] {
    let client = UncrossClient(baseURL: server.baseURL)
    let result: Result<[MarketDetails], APIError>
    do throws(APIError) { result = .success(try await client.markets()) } catch {
      result = .failure(error)
    }
    await client.close()
    return Dictionary(uniqueKeysWithValues: try result.get().map { ($0.market, $0) })
  }

  /// What a first reading of the whole file finds.
  private struct Survey {
    var fingerprint = ""
    var orders = 0
    var bad = 0
    var needs = FundsNeeded()
  }

  /// Reads all lines once before any is sent.
  private func survey(_ markets: [String: MarketDetails]) throws -> Survey {
    var orderFile = try OrderFile(path: file, markets: markets)
    var survey = Survey()
    func report(_ bad: BadLine) {
      survey.bad += 1
      if survey.bad <= Self.maximumReported { Output.error("\(bad)") }
    }
    while let line = try orderFile.next() {
      switch line {
      case .bad(let bad): report(bad)
      case .order(let line):
        guard let market = markets[line.order.market] else { preconditionFailure("read by it") }
        survey.orders += 1
        if !survey.needs.add(line, market) {
          throw VerbFailure(
            "line \(line.line), quantity: beyond 38 digits", status: VerbFailure.badData)
        }
      }
    }
    survey.fingerprint = orderFile.fingerprint
    if survey.bad > Self.maximumReported {
      Output.error("and \(survey.bad - Self.maximumReported) more")
    }
    if survey.bad > 0, !skipBad {
      throw VerbFailure(
        "\(survey.bad) bad lines: nothing was sent (--skip-bad leaves them out)",
        status: VerbFailure.badData)
    }
    return survey
  }

  private func prepare(
    _ survey: Survey, _ markets: [String: MarketDetails], _ userKeys: UserKeys,
    _ progress: LoadProgress
  ) async throws {
    guard let operatorKey else {
      let missing = survey.needs.byUser.keys.filter { !userKeys.exists($0) }.sorted()
      if let first = missing.first {
        throw VerbFailure(
          "\(missing.count) users have no key in \(userKeys.directory), the first is \(first):"
            + " register them with --operator-key", status: VerbFailure.usage)
      }
      return
    }
    if progress.isFunded { return }
    try userKeys.make()
    var configuration = UncrossClient.Configuration(
      baseURL: server.baseURL, signer: try RequestSigner(keyFile: operatorKey))
    configuration.maximumAttempts = LoadSender.maximumAttempts
    let client = UncrossClient(configuration)
    var decimals: [String: Int] = [:]
    for market in markets.values {
      decimals[market.base] = market.baseDecimals
      decimals[market.quote] = market.quoteDecimals
    }
    let users = survey.needs.byUser.count
    Output.error("registering and funding \(users) user\(users == 1 ? "" : "s")")
    let second = try secondOperatorKey.map {
      SecondOperator(api: server.baseURL, signer: try RequestSigner(keyFile: $0))
    }
    let funding = LoadFunding(
      client: client, second: second, keys: userKeys, decimals: decimals,
      fingerprint: survey.fingerprint)
    do {
      try await funding.fund(survey.needs)
    } catch {
      await client.close()
      await second?.client.close()
      throw error
    }
    await client.close()
    await second?.client.close()
    try progress.funded()
  }

  private static func table(_ totals: LoadTotals, _ bad: Int) -> String {
    var table = Table("OUTCOME", ">ORDERS")
    table.add("accepted", "\(totals.accepted)")
    if totals.repeated > 0 { table.add("  of them repeated", "\(totals.repeated)") }
    let reasons = totals.refused.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    for (code, count) in reasons { table.add("refused: \(code)", "\(count)") }
    if bad > 0 { table.add("bad lines left out", "\(bad)") }
    return table.text()
  }
}
