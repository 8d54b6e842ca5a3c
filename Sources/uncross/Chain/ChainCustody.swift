// Custody of one chain in a running exchange: scanner, desk, and how the API sees them.

internal import API
internal import Client
internal import Custody
internal import Engine
internal import Ethereum
internal import Formats
internal import Foundation
internal import Journal
internal import Logging
internal import Postgres
internal import Synchronization
internal import Wire

/// Follows the chain of the settings from the start to the stop of the exchange.
final class ChainCustody: Sendable {
  let settings: ChainSettings
  let rules: DepositRules
  let nodes: [ChainNode]
  let scanner: DepositScanner
  let desk: CustodyDesk
  let addresses: DepositAddresses
  /// Nil where nothing can be taken out.
  let payments: PayoutSender?
  let directory: Directory
  let logger: Logger
  private let loop: CommandLoop
  /// How chain and books compared.
  let solvencyChecks: Mutex<SolvencyChecks>
  private let schedule = Mutex<Task<Void, Never>?>(nil)

  init(
    _ settings: ChainSettings, conninfo: String, loop: CommandLoop, directory: Directory,
    term: Term, logger: Logger
  ) throws {
    self.settings = settings
    self.directory = directory
    self.loop = loop
    self.logger = logger
    let seconds = settings.reconcileSeconds ?? 3_600
    solvencyChecks = Mutex(SolvencyChecks(interval: Int64(seconds * 1_000_000)))
    rules = try settings.rules { directory.decimals(of: $0) }
    addresses = DepositAddresses(xpub: try ExtendedPublicKey(settings.xpub))
    var configuration = DepositScanner.Configuration(
      chain: settings.name, chainID: settings.chainID, start: settings.start)
    if let poll = settings.pollMilliseconds { configuration.pollMilliseconds = poll }
    configuration.traces = settings.traces ?? false
    configuration.expectations = settings.expectations(rules)
    nodes = settings.nodes.map { ChainNode(url: $0) }
    scanner = DepositScanner(
      conninfo: conninfo, configuration: configuration, rules: rules,
      nodes: nodes, addresses: addresses,
      core: CustodyCore(loop: loop, term: term), report: { logger.warning("\($0)") })
    desk = CustodyDesk(
      conninfo: conninfo, chain: settings.name, addresses: addresses, xpub: settings.xpub,
      term: { term.current }, report: { logger.error("\($0)") })
    payments = try Self.payments(
      settings, conninfo, rules, addresses, CustodyCore(loop: loop, term: term), scanner, logger)
  }

  private static func payments(
    _ settings: ChainSettings, _ conninfo: String, _ rules: DepositRules,
    _ addresses: DepositAddresses, _ core: CustodyCore, _ scanner: DepositScanner, _ logger: Logger
  ) throws -> PayoutSender? {
    guard let payouts = settings.payouts else { return nil }
    var fees = PayoutRules(
      maximumFee: payouts.maximumFeePerGas, priorityFee: payouts.priorityFeePerGas)
    if let blocks = payouts.bumpAfterBlocks { fees.bumpAfterBlocks = blocks }
    var configuration = PayoutSender.Configuration(
      chain: settings.name, chainID: UInt64(settings.chainID), sender: payouts.sender, rules: fees,
      depth: payouts.confirmations)
    if let nonce = payouts.firstNonce { configuration.firstNonce = nonce }
    if let poll = settings.pollMilliseconds { configuration.pollMilliseconds = poll }
    return PayoutSender(
      conninfo: conninfo, configuration: configuration, assets: rules, addresses: addresses,
      nodes: settings.nodes.map { ChainNode(url: $0) },
      signer: SocketSigner(path: payouts.signer, wallet: payouts.sender), core: core,
      isFollowing: { scanner.currentFigures().isFollowing },
      nodeInUse: { scanner.currentFigures().nodeInUse }, report: { logger.warning("\($0)") })
  }

  /// Asks the nodes whether they say what the settings do, and refuses where those that answer do
  /// not; where none answers the scanner asks again. Then the books are of these assets.
  func claimBooks(_ conninfo: String) async throws {
    if let halt = await settings.expectations(rules).contradiction(by: nodes) {
      throw ChainSettingsError("\(settings.name): \(halt)")
    }
    let assets = zip(rules.assets, settings.assets).map {
      BooksIdentity.Asset($0, decimals: $1.decimals)
    }
    try BooksIdentity.claim(PostgresConnection(conninfo), assets, of: settings.name)
  }

  func start() {
    scanner.start()
    payments?.start()
    schedule.withLock { $0 = Task { [weak self] in await self?.keepChecking() } }
  }

  func stop() {
    schedule.withLock { $0?.cancel() }
    payments?.stop()
    scanner.stop()
  }

  func metrics() -> [Metric] {
    let figures = scanner.currentFigures()
    let labels = [(name: "chain", value: settings.name)]
    func gauge(_ name: String, _ help: String, _ value: Double) -> Metric {
      Metric(name, help, .gauge, value, labels: labels)
    }
    return solvencyMetrics() + nodeMetrics(figures) + waitMetrics(figures) + payoutMetrics() + [
      gauge(
        "uncross_custody_scanned_block", "The last scanned block; -1 before the first",
        Double(figures.tip ?? -1)),
      gauge(
        "uncross_custody_lag_blocks", "Blocks of the node's chain that are not scanned",
        Double(max(0, (figures.latest ?? 0) - (figures.tip ?? -1)))),
      gauge("uncross_custody_finalized_block", "The last final block", Double(figures.finalized)),
      gauge("uncross_custody_halted", "1 where custody stopped", figures.halted == nil ? 0 : 1),
      gauge(
        "uncross_custody_finality_stalled",
        "1 where no block becomes final and something waits for it",
        figures.isFinalityStalled ? 1 : 0),
      Metric(
        "uncross_custody_untraced_blocks_total", "Blocks scanned without their traces", .counter,
        Double(figures.untraced), labels: labels),
      Metric(
        "uncross_custody_credits_total", "Deposits credited", .counter, Double(figures.credits),
        labels: labels),
      Metric(
        "uncross_custody_clawbacks_total", "Credits taken back", .counter,
        Double(figures.clawbacks), labels: labels),
      Metric(
        "uncross_custody_node_errors_total", "Failed or unbelievable answers of nodes", .counter,
        Double(figures.nodeErrors), labels: labels),
      Metric(
        "uncross_custody_reorganisations_total", "Reorganisations followed", .counter,
        Double(figures.reorganisations), labels: labels),
    ]
  }
}

extension ChainCustody {
  /// Of what credits wait for.
  private func waitMetrics(_ figures: DepositScanner.Figures) -> [Metric] {
    func gauge(_ name: String, _ help: String, _ value: Int) -> Metric {
      Metric(
        name, help, .gauge, Double(value), labels: [(name: "chain", value: settings.name)])
    }
    return [
      gauge(
        "uncross_custody_unread_transactions",
        "Transactions of deposits that no node tells: their credits wait", figures.unread),
      gauge(
        "uncross_custody_unproved_blocks",
        "Blocks that no node tells so that they give their hashes: their credits wait",
        figures.unproved),
      gauge(
        "uncross_custody_unagreed_deposits",
        "Ripe deposits that no second node agrees about: their credits wait", figures.unagreed),
    ]
  }

  /// By their numbers in the settings: anybody may read the metrics, and hosts are the operator's
  /// to know.
  private func nodeMetrics(_ figures: DepositScanner.Figures) -> [Metric] {
    func each(
      _ name: String, _ help: String, _ value: (Int, NodeRoster.Node) -> Double
    ) -> [Metric] {
      figures.nodes.enumerated().map { index, node in
        Metric(
          name, help, .gauge, value(index, node),
          labels: [(name: "chain", value: settings.name), (name: "node", value: "\(index + 1)")])
      }
    }
    return each("uncross_custody_node_well", "1 where the node can be asked") { _, node in
      node.verdict.isUsable ? 1 : 0
    }
      + each("uncross_custody_node_in_use", "1 for the node that is asked") { index, _ in
        index == figures.nodeInUse ? 1 : 0
      }
      + each("uncross_custody_node_block", "The node's head; -1 before it told one") { _, node in
        Double(node.height ?? -1)
      }
  }
}

// MARK: - The engine, as custody needs it

extension CustodyCore {
  init(loop: CommandLoop, term: Term) {
    self.init(
      submit: { commands in
        let answer = Waiter<[Reply]?>()
        loop.submit(commands, in: .operators) { answer.give(try? $0.get()) }
        return answer.wait()
      },
      position: { name in
        Self.ask(loop) { engine in
          engine.chain(named: name).map { chain in
            let last = engine.lastNumbers(chain)
            return ChainPosition(
              chain: chain, lastCredit: last.credit, lastClawback: last.clawback)
          }
        } ?? nil
      },
      asset: { code in Self.ask(loop) { $0.asset(named: code) } ?? nil },
      term: { term.current })
  }

  /// Blocks; nil where the engine does not answer.
  private static func ask<Value: Sendable>(
    _ loop: CommandLoop, _ query: @escaping @Sendable (borrowing AuctionEngine) -> Value
  ) -> Value? {
    let answer = Waiter<Value?>()
    let isTaken = loop.ask(
      { engine in
        let value = query(engine)
        return { answer.give(value) }
      }, orElse: { _ in answer.give(nil) })
    return isTaken ? answer.wait() : nil
  }
}

/// One answer for a thread that waits. The loop answers each submission and question once.
private final class Waiter<Value: Sendable>: Sendable {
  private let value = Mutex<Value?>(nil)
  private let isGiven = DispatchSemaphore(value: 0)

  func give(_ given: Value) {
    value.withLock { $0 = given }
    isGiven.signal()
  }

  func wait() -> Value {
    isGiven.wait()
    guard let given = value.withLock({ $0 }) else {
      preconditionFailure("signalled without a value")
    }
    return given
  }
}

// MARK: - The API's view

extension ChainCustody: DepositDesk {
  func address(of user: UserID) async throws(ExchangeError) -> DepositAddress {
    let address: Address
    do throws(CustodyDesk.Failure) {
      address = try await desk.address(of: user)
    } catch {
      throw .unavailable(reason: "custody_unavailable", retryAfterSeconds: 1)
    }
    return DepositAddress(
      address: "\(address)", chain: settings.name, chainID: "\(settings.chainID)",
      assets: rules.assets.map { asset in
        var contract: String?
        if case .token(let address) = asset.source { contract = "\(address)" }
        var confirmations: Int64?
        if case .depth(let depth) = asset.finality { confirmations = depth }
        return DepositAssetTerms(
          asset: asset.code, contract: contract, minimum: amount(asset.minimum, asset.code),
          confirmations: confirmations)
      })
  }

  func deposits(
    of user: UserID?, status: DepositLine.Status?, before: Int64?, limit: Int
  ) async throws(ExchangeError) -> DepositPage {
    let rows: [Deposit]
    do throws(CustodyDesk.Failure) {
      rows = try await desk.deposits(
        of: user, in: status?.custody, before: before, limit: limit)
    } catch {
      throw .unavailable(reason: "custody_unavailable", retryAfterSeconds: 1)
    }
    let tip = scanner.currentFigures().tip
    return DepositPage(
      deposits: rows.map { line($0, tip: tip) },
      next: rows.count < limit ? nil : rows.last.map { "\($0.id)" })
  }

  func reject(
    _ id: Int64, by authority: Authority
  ) async throws(ExchangeError) -> DepositResolutionOutcome {
    do throws(CustodyDesk.Failure) {
      return outcome(try await desk.reject(id, by: authority))
    } catch {
      throw .outcomeUnknown
    }
  }

  func outcome(_ outcome: DepositResolution.Outcome) -> DepositResolutionOutcome {
    switch outcome {
    case .resolved(let deposit): .resolved(line(deposit, tip: scanner.currentFigures().tip))
    case .notInReview(let status): .notInReview(status: status.wire)
    case .notCreditable: .notCreditable
    case .unknown: .notFound
    }
  }

  func changes(
    of user: UserID?, after: Int64, limit: Int
  ) async throws(ExchangeError) -> [DepositChange] {
    let tip = scanner.currentFigures().tip
    do throws(CustodyDesk.Failure) {
      return try await desk.steps(of: user, after: after, limit: limit).map {
        DepositChange(id: $0.id, user: $0.deposit.user, line: line($0.deposit, tip: tip))
      }
    } catch {
      throw .unavailable(reason: "custody_unavailable", retryAfterSeconds: 1)
    }
  }

  func lastChange() async throws(ExchangeError) -> Int64 {
    do throws(CustodyDesk.Failure) {
      return try await desk.lastStep()
    } catch {
      throw .unavailable(reason: "custody_unavailable", retryAfterSeconds: 1)
    }
  }

  private func line(_ deposit: Deposit, tip: Int64?) -> DepositLine {
    let isOnChain = deposit.status != .orphaned && deposit.status != .clawback
    return DepositLine(
      id: "\(deposit.id)", user: "\(deposit.user)", asset: deposit.asset,
      status: deposit.status.wire, amount: amount(deposit.amount, deposit.asset),
      credited: amount(deposit.credited, deposit.asset), raw: "\(deposit.raw)",
      dust: "\(deposit.dust)", chain: deposit.chain, address: "\(deposit.address)",
      sender: "\(deposit.sender)", transaction: "\(deposit.transaction)", outRef: deposit.outRef,
      block: deposit.height,
      confirmations: isOnChain ? max(0, (tip ?? 0) - deposit.height + 1) : 0,
      reason: deposit.reason, timestamp: Timestamp(microseconds: deposit.created))
  }

  func state() async throws(ExchangeError) -> CustodyState {
    let figures = scanner.currentFigures()
    let codes = rules.assets.map(\.code)
    let losses = await loop.read { engine in
      codes.compactMap { code in
        engine.asset(named: code).map { (code, engine.balance(Bounds.lossAccount, $0).total) }
      }
    }
    guard let losses else { throw .unavailable(reason: "stopping", retryAfterSeconds: 1) }
    return CustodyState(
      chain: settings.name, chainID: "\(settings.chainID)", state: figures.state,
      halted: figures.halted?.description, scannedBlock: figures.tip, latestBlock: figures.latest,
      finalizedBlock: figures.finalized, credits: figures.credits, clawbacks: figures.clawbacks,
      reorganisations: figures.reorganisations, nodeErrors: figures.nodeErrors,
      lastError: figures.lastError.isEmpty ? nil : figures.lastError,
      losses: losses.map { code, total in
        AssetBalance(
          asset: code, free: amount(total, code), locked: amount(0, code),
          total: amount(total, code))
      },
      nodes: figures.nodes.enumerated().map { index, node in
        CustodyNode(
          host: nodes[index].host, state: node.verdict.name, block: node.height,
          inUse: index == figures.nodeInUse)
      })
  }

  func rescan(
    _ blocks: ClosedRange<Int64>, by authority: Authority
  ) async throws(ExchangeError) -> RescanReport {
    do throws(CustodyDesk.Failure) {
      let outcome = try await desk.rescan(blocks, with: scanner, by: authority)
      return RescanReport(
        blocks: outcome.blocks, unproved: outcome.unproved, deposits: outcome.found)
    } catch {
      throw .unavailable(reason: "chain_unavailable", retryAfterSeconds: 5)
    }
  }

  func amount(_ atoms: Int128, _ code: String) -> DecimalAmount {
    DecimalAmount(atoms: atoms, decimals: directory.decimals(of: code) ?? 0)
  }
}

extension CommandLoop {
  /// Nil where the engine does not answer.
  func read<Value: Sendable>(
    _ query: @escaping @Sendable (borrowing AuctionEngine) -> Value
  ) async -> Value? {
    await withCheckedContinuation { continuation in
      let isTaken = ask(
        { engine in
          let value = query(engine)
          return { continuation.resume(returning: value) }
        }, orElse: { _ in continuation.resume(returning: nil) })
      if !isTaken { continuation.resume(returning: nil) }
    }
  }
}

// The wire and the table say the same words; here the compiler sees that neither lacks one.

extension DepositStatus {
  fileprivate var wire: DepositLine.Status {
    switch self {
    case .seen: .seen
    case .confirming: .confirming
    case .credited: .credited
    case .final: .final
    case .orphaned: .orphaned
    case .dust: .dust
    case .review: .review
    case .rejected: .rejected
    case .clawback: .clawback
    }
  }
}

extension DepositLine.Status {
  fileprivate var custody: DepositStatus {
    switch self {
    case .seen: .seen
    case .confirming: .confirming
    case .credited: .credited
    case .final: .final
    case .orphaned: .orphaned
    case .dust: .dust
    case .review: .review
    case .rejected: .rejected
    case .clawback: .clawback
    }
  }
}
