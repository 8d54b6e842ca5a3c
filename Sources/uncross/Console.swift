// What an operator sees on the terminal: what listens where, how to try it, each auction as it
// clears.

internal import Auction
internal import Client
internal import Embedded
internal import Engine
internal import Formats
internal import Foundation
internal import Journal
internal import Synchronization
internal import Tape
internal import Wire

/// Prints lines; one at a time, whoever calls.
final class Console: Sendable {
  private let isQuiet: Bool
  private let markets = Mutex<[MarketID: MarketRecord]>([:])

  init(isQuiet: Bool) { self.isQuiet = isQuiet }

  func line(_ text: String = "") {
    if isQuiet { return }
    Output.line(text)
  }

  func recovered(_ recovered: Recovered) {
    line(
      recovered.isNew
        ? "new       journal is empty: the venue, its markets and its operator are made now"
        : """
        recovered group \(recovered.head.sequence), \(recovered.head.commands) commands \
        (\(recovered.replayed) replayed), state \(Hex.string(recovered.stateHash).prefix(16))
        """)
  }

  func listening(_ pipeline: Pipeline, api: String, metrics: String, keys: Keys) {
    line("API       \(api)")
    line("metrics   \(metrics)/metrics")
    line("Worker    \(pipeline.embedded.workerURL)")
    line(
      "Postgres  "
        + (pipeline.embedded.cluster?.conninfo(user: "uncross_audit") ?? "as configured"))
    if let chain = pipeline.embedded.chain?.ready {
      line("chain     \(chain.url) (chain id \(chain.chainID), a development chain)")
    } else if let settings = pipeline.custody?.settings {
      line("chain     \(settings.name), chain id \(settings.chainID)")
    }
    line("operator  \(keys.operatorKeyFile)")
    if pipeline.embedded.chain != nil || pipeline.custody == nil {
      line("treasurer \(keys.treasurerKeyFile)")
    }
  }

  /// One working command line for each verb, with a trader that has funds.
  func invite(api: String, traderKey: String, operatorKey: String, worker: String) {
    let trader = "--api \(api) --key \(traderKey)"
    let officer = "--api \(api) --key \(operatorKey)"
    line()
    line("Try it, in another terminal (the trader of this key has funds):")
    for command in [
      "uncross place \(trader) ETH-USDC buy 0.5 --limit 2501.00",
      "uncross orders \(trader)",
      "uncross cancel \(trader) --all",
      "uncross balance \(trader)",
      "uncross fills \(trader)",
      "uncross deposits \(trader)",
      "uncross deposit-address \(trader)",
      "uncross watch --api \(api) ETH-USDC",
      "uncross status --api \(api)",
      "uncross adjust \(officer) trader USDC 1000 --reason gift",
      "uncross custody \(officer)",
      "uncross reconcile \(officer)",
      "uncross solvency \(officer)",
      "curl \(worker)/v1/markets/ETH-USDC/auctions?limit=1",
    ] {
      line("  " + (command.hasPrefix("uncross") ? ".build/release/" : "") + command)
    }
    line()
  }

  func learn(_ directory: some Sequence<DirectoryEvent>) {
    markets.withLock { markets in
      for case .marketDefined(let id, let record) in directory { markets[id] = record }
    }
  }

  func auctions(_ results: [AuctionResult]) {
    for result in results {
      guard let market = markets.withLock({ $0[result.market] }) else { continue }
      let definition = market.definition
      let time = Timestamp(microseconds: result.time).description
      var text = "auction   \(definition.symbol) \(result.id) \(time) \(result.status.name)"
      if result.status == .cleared {
        let price = DecimalAmount(
          atoms: Int128(result.priceTicks) * Int128(definition.tickAtoms),
          decimals: Int(market.quote.decimals))
        let volume = DecimalAmount(
          atoms: Int128(result.volumeLots) * Int128(definition.lotAtoms),
          decimals: Int(market.base.decimals))
        text += " \(price) \(market.quote.code), \(volume) \(market.base.code) in"
        text += " \(result.tradeCount) trade\(result.tradeCount == 1 ? "" : "s")"
      }
      line(text)
    }
  }

  func stopped(_ head: JournalHead) {
    line("stopped   at group \(head.sequence), \(head.commands) commands; all of it is durable")
  }
}
