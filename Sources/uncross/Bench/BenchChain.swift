// Deposits: blocks and credits a second, against the node's own answers alone.

internal import Custody
internal import Embedded
internal import Engine
internal import Ethereum
internal import Foundation
internal import Journal
internal import Ledger
internal import Logging
internal import Postgres

/// A chain with a thousand payments in twenty blocks, among two hundred empty ones.
struct BenchChain {
  private static let users: UInt32 = 100
  private static let paymentsOfBlock = 50
  private static let fullBlocks = 20
  private static let emptyBlocks = 200

  var root: String
  var logger: Logger

  func run(_ report: inout BenchReport) async throws {
    let here = FileManager.default.currentDirectoryPath
    guard let python = ChainHost.findPython(project: here) else {
      Output.line("chain: not measured, there is no Python for the development chain (make setup)")
      return
    }
    let host = try ChainHost(
      python: python, source: here, data: root + "/chain", logger: logger)
    let ready = try host.start()
    defer { host.stop() }
    let addresses = DepositAddresses(
      xpub: try ExtendedPrivateKey(seed: Array(repeating: 7, count: 32)).extendedPublicKey)
    try await fill(ready, addresses)

    let cluster = try PrivateCluster(root: root + "/postgres", logger: logger)
    try cluster.start()
    defer { cluster.stop() }
    try Migrations.apply(on: PostgresConnection(cluster.conninfo(user: "uncross_owner")))
    try await measure(ready, addresses, cluster.conninfo(user: "uncross_app"), &report)
  }

  private func fill(_ ready: ChainHost.Ready, _ addresses: DepositAddresses) async throws {
    let faucet = ChainFaucet(url: ready.url)
    for _ in 0..<Self.fullBlocks {
      let payments = try (0..<Self.paymentsOfBlock).map { index in
        ChainFaucet.Payment(
          address: "\(try addresses.derive(2 + UInt32(index) % Self.users))", asset: "USDC",
          amount: 1_000_000)
      }
      try await faucet.pay(payments)
      try await faucet.mine(1)
    }
    try await faucet.mine(Self.emptyBlocks)
  }

  private func measure(
    _ ready: ChainHost.Ready, _ addresses: DepositAddresses, _ conninfo: String,
    _ report: inout BenchReport
  ) async throws {
    guard let usdc = ready.contracts["USDC"] else { return }
    let rules = DepositRules(assets: [
      DepositAsset(
        code: "USDC", source: .token(try Address(usdc)), scale: .one, minimum: 1,
        finality: .depth(3))
    ])
    let node = ChainNode(url: ready.url)
    let height = try node.heads().latest.height
    let fetching = try fetchingSeconds(node, upTo: height)
    var store = try JournalStore(conninfo)
    guard try store.lead() else { throw JournalError.notLeader("bench") }
    let term = Term()
    let projection = LedgerProjection(
      conninfo: conninfo, watermark: Watermark(journalSequence: 0, entry: 0),
      term: { term.current }, onHalt: { Output.line("halted: \($0)") })
    let loop = CommandLoop(
      engine: AuctionEngine(), durable: .empty, store: store, conninfo: conninfo,
      sinks: [
        { group in
          projection.enqueue(
            LedgerProjection.Segment(
              journalSequence: group.head.sequence, group.effects))
        }
      ], term: term, onHalt: { Output.line("halted: \($0)") })
    loop.start()
    projection.start()
    let core = CustodyCore(loop: loop, term: term)
    _ = core.submit(Self.genesis())
    let desk = CustodyDesk(
      conninfo: conninfo, chain: "dev", addresses: addresses, xpub: "bench",
      term: { term.current })
    for user in 2..<2 + Self.users { _ = try await desk.address(of: user) }
    var configuration = DepositScanner.Configuration(
      chain: "dev", chainID: ready.chainID, start: 0)
    configuration.pollMilliseconds = 1
    let scanner = DepositScanner(
      conninfo: conninfo, configuration: configuration, rules: rules, nodes: [node],
      addresses: addresses, core: core, report: { Output.line($0) })
    scanner.start()
    let scanning = seconds { while scanner.currentFigures().tip != height { usleep(500) } }
    let credits = Int64(Self.paymentsOfBlock * Self.fullBlocks)
    let crediting = seconds { while scanner.currentFigures().credits < credits { usleep(500) } }
    scanner.stop()
    loop.stop()
    projection.stop()
    report.add(
      BenchRow(
        name: "chain: scan", rate: Double(height + 1) / scanning, unit: "blocks/s",
        floor: Double(height + 1) / fetching, floorName: "blocks/s asked of the node only"))
    report.add(
      BenchRow(
        name: "chain: scan", rate: Double(credits) / scanning, unit: "logs/s",
        floor: Double(credits) / fetching, floorName: "logs/s asked of the node only"))
    report.add(
      BenchRow(
        name: "chain: credit", rate: Double(credits) / crediting, unit: "credits/s", floor: nil,
        floorName: ""))
  }

  /// The node's own limit: the same blocks and receipts, and nothing done with them.
  private func fetchingSeconds(_ node: ChainNode, upTo height: Int64) throws -> Double {
    try seconds {
      for start in stride(from: Int64(0), through: height, by: 64) {
        for block in try node.blocks(start...min(height, start + 63))
        where !block.transactions.isEmpty {
          _ = try node.receipts(block)
        }
      }
    }
  }

  private static func genesis() -> [Command] {
    [.venue(.configure(VenueConfiguration(seed: 1, secondSeed: 2)))] + Command.newestRules() + [
      .operation(
        .createAsset(AssetDefinition(code: "USDC", decimals: 6, adjustmentLimit: 1 << 100)),
        by: .venue),
      .operation(.registerUser(name: "operator"), by: .venue),
    ] + (0..<users).map { .operation(.registerUser(name: "user-\($0)"), by: .venue) }
  }
}
