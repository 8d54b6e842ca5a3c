// Runs beside the API: says what listens where, and keeps a funded trader at hand.

internal import API
internal import Client
internal import Embedded
internal import Engine
internal import Formats
internal import Foundation
internal import Journal
internal import ServiceLifecycle
internal import Wire

struct ConsoleService: Service, Sendable {
  let console: Console
  let pipeline: Pipeline
  let keys: Keys
  let configuration: ServeConfiguration
  /// Gives the ports once both are bound.
  let listening: AsyncStream<ListeningPorts>

  func run() async throws {
    var iterator = listening.makeAsyncIterator()
    guard let ports = await iterator.next() else { return }
    let api = "http://\(configuration.apiHost):\(ports.api)"
    let metrics = "http://\(configuration.metricsHost):\(ports.metrics)"
    console.listening(pipeline, api: api, metrics: metrics, keys: keys)
    if configuration.demo {
      let trader = configuration.dataDirectory + "/keys/trader.pem"
      try await makeTrader(try Keys.readOrMake(trader))
      console.invite(
        api: api, traderKey: trader, operatorKey: keys.operatorKeyFile,
        worker: pipeline.embedded.workerURL)
      try? await cancelWhenGracefulShutdown { try await trade(api) }
    }
    try await gracefulShutdown()
  }

  /// A modest flow of orders, so that auctions have something to clear.
  private func trade(_ api: String) async throws {
    let flow = DemoFlow(
      DemoFlow.Configuration(
        api: api, operatorSigner: keys.operator, treasurerSigner: keys.treasurer,
        keySeed: try Keys.readOrMakeSeed(configuration.dataDirectory + "/keys/demo.seed"),
        faucet: faucet))
    do {
      try await flow.prepare()
      _ = try await flow.run()
    } catch {
      console.line("demo      stopped: \(error)")
    }
    await flow.close()
  }

  private var faucet: ChainFaucet? {
    (pipeline.embedded.chain?.ready?.url).map { ChainFaucet(url: $0) }
  }

  /// 100,000 USDC, 50 ETH and 2 BTC, paid on the development chain.
  private func pay(_ user: UserID, _ faucet: ChainFaucet, _ custody: ChainCustody) async throws {
    let known = try await custody.deposits(of: user, status: nil, before: nil, limit: 1)
    guard known.deposits.isEmpty else { return }
    let address = try await custody.address(of: user).address
    let gifts: [(asset: String, amount: Int128)] = [
      ("USDC", 100_000_000_000), ("ETH", 50_000_000_000_000_000_000), ("BTC", 200_000_000),
    ]
    try await faucet.pay(
      gifts.map { ChainFaucet.Payment(address: address, asset: $0.asset, amount: $0.amount) })
  }

  /// The trader of the examples: registered and funded once, at the first start.
  private func makeTrader(_ signer: RequestSigner) async throws {
    let exchange = pipeline.exchange
    guard let key = PublicKey(signer.publicKey) else { preconditionFailure("a key has 32 bytes") }
    let registered = try await exchange.submit([
      .operation(.registerUser(name: "trader"), by: .venue)
    ])[0]
    let user = UserID(registered.id)
    _ = try await exchange.submit([
      .operation(.registerKey(user: user, key: key, role: .trader), by: .venue)
    ])
    // Remembered request ids end after a day; the account's existence does not.
    let hasFunds = try await exchange.read { !$0.balances(user).isEmpty }
    if hasFunds { return }
    if let faucet, let custody = pipeline.custody {
      try await pay(user, faucet, custody)
      return
    }
    let gifts: [(asset: AssetID, amount: Int128)] = [
      (0, 100_000_000_000), (1, 50_000_000_000_000_000_000), (2, 200_000_000),
    ]
    for gift in gifts {
      guard let request = ClientOrderID("demo-trader-\(gift.asset)") else { continue }
      _ = try await exchange.submit([
        .operation(
          .adjustBalance(
            BalanceAdjustment(
              user: user, asset: gift.asset, amount: gift.amount, requestID: request)),
          by: Authority(user: 0, reason: "demo funds"))
      ])
    }
  }
}
