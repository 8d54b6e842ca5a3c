// `uncross watch`: a market's events as they come.

internal import ArgumentParser
internal import Client
internal import Formats
internal import Wire

struct WatchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch", abstract: "Print a market's indicative prices and auctions.",
    discussion: """
      Goes on where it was after a lost connection. Needs no key:

        uncross watch ETH-USDC
        uncross watch ETH-USDC --auctions 1 --json
      """)

  @Argument(help: "As ETH-USDC.") var market: String
  @Option(help: "Stop after so many auctions.") var auctions: Int?
  @OptionGroup var client: ClientOptions

  func validate() throws {
    guard auctions ?? 1 > 0 else { throw ValidationError("--auctions is 1 or more") }
  }

  func run() async throws {
    try await client.unsigned { api in
      var seen = 0
      try await MarketWatch(api: api, market: market).forEach(
        lost: { Output.error("\($0); connecting again") },
        { event in
          show(event)
          if case .auction = event.content { seen += 1 }
          return seen < auctions ?? .max
        })
    }
  }

  private func show(_ event: MarketEvent) {
    switch event.content {
    case .auction(let report): client.show(report) { Self.line($0) }
    case .indicative(let price): client.show(price) { Self.line($0) }
    case .reset: Output.error("events were missed")
    }
  }

  /// One line for one auction.
  static func line(_ report: AuctionReport) -> String {
    var text = "\(report.timestamp) \(report.market) auction \(report.id) \(report.status.rawValue)"
    if let price = report.clearingPrice {
      text += " price \(price) volume \(report.volume) surplus \(report.surplus)"
      text += " in \(report.tradeCount) trade\(report.tradeCount == 1 ? "" : "s")"
    }
    return text
  }

  private static func line(_ price: IndicativePrice) -> String {
    "\(price.timestamp) \(price.market) indicative \(price.status.rawValue)"
      + " price \(price.price.cell) volume \(price.volume) surplus \(price.surplus)"
  }
}

/// A market's events over as many connections as it takes.
struct MarketWatch {
  /// Between two attempts to connect: doubling up to this.
  static let maximumWaitMilliseconds = 5_000

  let api: UncrossClient
  let market: String

  /// Hands over each event until `body` says no. The first connection must succeed; a lost one is
  /// made again, after the last event received. Throws `APIError` where the server refuses.
  func forEach(
    lost: (String) -> Void, _ body: (MarketEvent) -> Bool
  ) async throws {
    var last: String?
    var stream = try await api.events(market)
    var wait = 100
    while true {
      do {
        for try await event in stream {
          wait = 100
          // A reset names no event to go on after.
          last = event.content == .reset ? nil : event.id
          guard body(event) else { return }
        }
        lost("the server closed the connection")
      } catch {
        try Task.checkCancellation()
        lost("the connection was lost: \(error)")
      }
      stream = try await reconnect(after: last, &wait)
    }
  }

  private func reconnect(after last: String?, _ wait: inout Int) async throws -> MarketEventStream {
    while true {
      try await Task.sleep(for: .milliseconds(wait))
      wait = min(wait * 2, Self.maximumWaitMilliseconds)
      do throws(APIError) {
        return try await api.events(market, after: last)
      } catch {
        guard error.isTemporary || error.isOutcomeUnknown else { throw error }
      }
    }
  }
}
