internal import API
internal import Engine
internal import Logging
internal import ServiceLifecycle
final class Directory: Sendable { func apply(_ e: some Sequence<DirectoryEvent>) {} }
final class MarketEvents: Sendable { func publish(_ r: [AuctionResult]) {} }
struct APIConfiguration { var host: String; var port: Int }
struct APIServer: Service, Sendable {
  let exchange: any Exchange
  init(exchange: any Exchange, directory: Directory, events: MarketEvents, configuration: APIConfiguration, logger: Logger) { self.exchange = exchange }
  func run() async throws { try await gracefulShutdown() }
}
