// `uncross status`: whether the exchange answers and takes requests, and where its markets stand.

internal import ArgumentParser
internal import Client
internal import Formats
internal import Wire

struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show health, readiness and the markets.",
    discussion: """
      Exit status 69 where the API cannot be reached or takes no requests:

        uncross status
        uncross status --api https://exchange.example.com --json
      """)

  @OptionGroup var client: ClientOptions

  private struct Answer: Codable {
    var healthy: Bool
    var ready: Bool
    /// Why not.
    var reason: String?
    var markets: [MarketDetails]
  }

  func run() async throws {
    try await VerbFailure.reported {
      var configuration = UncrossClient.Configuration(baseURL: client.baseURL)
      // It reports what is; it does not wait for better.
      configuration.maximumAttempts = 1
      let api = UncrossClient(configuration)
      do {
        try await report(api)
      } catch {
        await api.close()
        throw error
      }
      await api.close()
    }
  }

  private func report(_ api: UncrossClient) async throws {
    var answer = Answer(healthy: true, ready: true, markets: [])
    var notReady: APIError?
    do throws(APIError) { try await api.checkReady() } catch { notReady = error }
    if let notReady {
      guard notReady.status == 503 else { throw notReady }
      answer.ready = false
      answer.reason = notReady.message
    }
    do throws(APIError) {
      answer.markets = try await api.markets()
    } catch {
      // Not ready: markets may be unreadable, and the reason is said already.
      guard notReady != nil else { throw error }
    }
    client.show(answer) { answer in
      let state = answer.ready ? "ready" : "not ready: \(answer.reason ?? "no reason given")"
      return "API \(client.baseURL) is \(state)\n\n" + Self.table(answer.markets)
    }
    if !answer.ready { throw ExitCode(VerbFailure.unavailable) }
  }

  static func table(_ markets: [MarketDetails]) -> String {
    if markets.isEmpty { return "no markets" }
    var table = Table(
      "MARKET", "STATUS", ">TICK", ">LOT", ">REFERENCE", ">BAND", ">AUCTIONS", ">TRADES", ">BUYS",
      ">SELLS", "NEXT RUN")
    for market in markets {
      table.add(
        market.market, market.status.rawValue, "\(market.tickSize)", "\(market.lotSize)",
        market.reference.cell, market.band.map { "\($0.lower)..\($0.upper)" }.cell,
        market.auctions, market.trades, "\(market.buyOrders)", "\(market.sellOrders)",
        "\(market.nextRun)")
    }
    return table.text()
  }
}
