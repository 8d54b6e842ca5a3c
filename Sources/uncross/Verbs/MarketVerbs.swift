// An operator's markets and assets: `uncross market`, `asset`, `suspend`, `resume`.

internal import ArgumentParser
internal import Client
internal import Formats
internal import Wire

struct MarketCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "market", abstract: "List, create and change markets.",
    subcommands: [List.self, Create.self, Change.self, Reference.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the markets with their terms. Needs no key.",
      discussion: "  uncross market list")

    @OptionGroup var client: ClientOptions

    func run() async throws {
      try await client.unsigned { api in
        client.show(MarketList(markets: try await api.markets())) { Self.table($0.markets) }
      }
    }

    private static func table(_ markets: [MarketDetails]) -> String {
      if markets.isEmpty { return "no markets" }
      var table = Table(
        "MARKET", "STATUS", ">TICK", ">LOT", ">INTERVAL", ">BAND", ">WIDENS", ">BUY FEE",
        ">SELL FEE", ">MIN NOTIONAL", ">MAX ORDERS", ">REFERENCE VOLUME", "RULE")
      for market in markets {
        table.add(
          market.market, market.status.rawValue, "\(market.tickSize)", "\(market.lotSize)",
          "\(market.intervalMilliseconds) ms", "\(market.bandBasisPoints) bp",
          "\(market.runsBeforeWidening) runs", "\(market.buyFeeBasisPoints) bp",
          "\(market.sellFeeBasisPoints) bp", "\(market.minimumNotional)",
          "\(market.maximumOpenOrders)", "\(market.minimumReferenceVolume)", market.ruleID)
      }
      return table.text()
    }
  }

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Open a market between two assets.",
      discussion: """
        Assets, tick and lot never change; tick times lot must be a whole number of the quote
        asset's smallest unit:

          uncross market create SOL-USDC --base SOL --quote USDC --tick 0.01 \\
            --lot 0.001 --listing-price 150 --key operator.pem
        """)

    @Argument(help: "As SOL-USDC.") var market: String
    @Option(help: "The asset that is traded.") var base: String
    @Option(help: "The asset that pays.") var quote: String
    @Option(name: .customLong("tick"), help: "The price step.") var tickSize: DecimalAmount
    @Option(name: .customLong("lot"), help: "The quantity step.") var lotSize: DecimalAmount
    @Option(name: .customLong("interval"), help: "Milliseconds between auctions.")
    var intervalMilliseconds: Int64 = 2_000
    @Option(name: .customLong("band"), help: "Basis points around the reference; 0 for none.")
    var bandBasisPoints: UInt32 = 1_000
    @Option(help: "The band widens after so many runs outside it.") var runsBeforeWidening: UInt32 =
      3
    @Option(name: .customLong("buy-fee"), help: "Basis points.") var buyFeeBasisPoints: UInt16 = 10
    @Option(name: .customLong("sell-fee"), help: "Basis points.") var sellFeeBasisPoints: UInt16 =
      10
    @Option(help: "The smallest order, in quote.") var minimumNotional = DecimalAmount(1)
    @Option(help: "Of one account in this market.") var maximumOpenOrders: UInt32 = 200
    @Option(
      help: """
        A run that executes less, in quote, sets no new reference price; 0 for none. Without it
        1,000 times the smallest order.
        """)
    var minimumReferenceVolume: DecimalAmount?
    @Option(
      help: "The first reference price; without it no market orders before the first clearing.")
    var listingPrice: DecimalAmount?
    @OptionGroup var client: ClientOptions

    func run() async throws {
      let new = NewMarket(
        market: market, base: base, quote: quote, tickSize: tickSize, lotSize: lotSize,
        intervalMilliseconds: intervalMilliseconds, bandBasisPoints: bandBasisPoints,
        runsBeforeWidening: runsBeforeWidening, buyFeeBasisPoints: buyFeeBasisPoints,
        sellFeeBasisPoints: sellFeeBasisPoints, minimumNotional: minimumNotional,
        maximumOpenOrders: maximumOpenOrders, minimumReferenceVolume: minimumReferenceVolume,
        listingPrice: listingPrice)
      try await client.signed { api in
        client.show(try await api.createMarket(new)) { "created \($0.name) at \($0.appliedAt)" }
      }
    }
  }

  struct Change: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Change a market's terms; what is not named stays.",
      discussion: """
          uncross market change ETH-USDC --interval 1000 --reason "more runs" --key operator.pem
          uncross market change ETH-USDC --buy-fee 5 --reason "a week of low fees"
        """)

    @Argument(help: "As ETH-USDC.") var market: String
    @Option(name: .customLong("interval"), help: "Milliseconds between auctions.")
    var intervalMilliseconds: Int64?
    @Option(name: .customLong("band"), help: "Basis points around the reference; 0 for none.")
    var bandBasisPoints: UInt32?
    @Option(help: "The band widens after so many runs outside it.") var runsBeforeWidening: UInt32?
    @Option(name: .customLong("buy-fee"), help: "Basis points.") var buyFeeBasisPoints: UInt16?
    @Option(name: .customLong("sell-fee"), help: "Basis points.") var sellFeeBasisPoints: UInt16?
    @Option(help: "The smallest order, in quote.") var minimumNotional: DecimalAmount?
    @Option(help: "Of one account in this market.") var maximumOpenOrders: UInt32?
    @Option(help: "A run that executes less, in quote, sets no new reference price; 0 for none.")
    var minimumReferenceVolume: DecimalAmount?
    @Option(help: "Why, for the operators' log: 1 to 200 bytes.") var reason: String
    @OptionGroup var client: ClientOptions

    private var change: MarketTermsChange {
      MarketTermsChange(
        intervalMilliseconds: intervalMilliseconds, bandBasisPoints: bandBasisPoints,
        runsBeforeWidening: runsBeforeWidening, buyFeeBasisPoints: buyFeeBasisPoints,
        sellFeeBasisPoints: sellFeeBasisPoints, minimumNotional: minimumNotional,
        maximumOpenOrders: maximumOpenOrders, minimumReferenceVolume: minimumReferenceVolume)
    }

    func validate() throws {
      if change == MarketTermsChange() { throw ValidationError("name a term to change") }
    }

    func run() async throws {
      try await client.signed { api in
        client.show(try await api.changeMarket(market, change, reason: reason)) {
          "changed \($0.name) at \($0.appliedAt)"
        }
      }
    }
  }

  struct Reference: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Set the reference price; the market's market orders are cancelled.",
      discussion: "  uncross market reference ETH-USDC 2500.00 --reason listing --key operator.pem")

    @Argument(help: "As ETH-USDC.") var market: String
    @Argument(help: "Quote for one base coin.") var price: DecimalAmount
    @Option(help: "Why, for the operators' log: 1 to 200 bytes.") var reason: String
    @OptionGroup var client: ClientOptions

    func run() async throws {
      try await client.signed { api in
        client.show(try await api.setReference(market, to: price, reason: reason)) {
          "the reference of \($0.name) is \(price) from \($0.appliedAt)"
        }
      }
    }
  }
}

struct AssetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "asset", abstract: "Create assets.", subcommands: [Create.self])

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Create an asset; its decimals never change.",
      discussion: """
        Beyond the adjustment limit in 24 hours a second operator must approve what one gives:

          uncross asset create SOL --decimals 9 --adjustment-limit 10000 --key o.pem
        """)

    @Argument(help: "1 to 12 characters A-Z 0-9.") var code: String
    @Option(help: "0 to 18.") var decimals: UInt8
    @Option(help: "So much in 24 hours one operator gives and takes alone.")
    var adjustmentLimit: DecimalAmount
    @OptionGroup var client: ClientOptions

    func run() async throws {
      let asset = NewAsset(code: code, decimals: decimals, adjustmentLimit: adjustmentLimit)
      try await client.signed { api in
        client.show(try await api.createAsset(asset)) { "created \($0.name) at \($0.appliedAt)" }
      }
    }
  }
}

struct SuspendCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "suspend", abstract: "Suspend a market: orders can only be cancelled.",
    discussion: "  uncross suspend ETH-USDC --reason \"odd prices\" --key operator.pem")

  @Argument(help: "As ETH-USDC.") var market: String
  @Option(help: "Why, for the operators' log: 1 to 200 bytes.") var reason: String
  @OptionGroup var client: ClientOptions

  func run() async throws {
    try await client.signed { api in
      client.show(try await api.suspend(market, reason: reason)) {
        "suspended \($0.name) at \($0.appliedAt)"
      }
    }
  }
}

struct ResumeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Resume a suspended market.",
    discussion: "  uncross resume ETH-USDC --reason checked --key operator.pem")

  @Argument(help: "As ETH-USDC.") var market: String
  @Option(help: "Why, for the operators' log: 1 to 200 bytes.") var reason: String
  @OptionGroup var client: ClientOptions

  func run() async throws {
    try await client.signed { api in
      client.show(try await api.resume(market, reason: reason)) {
        "resumed \($0.name) at \($0.appliedAt)"
      }
    }
  }
}
