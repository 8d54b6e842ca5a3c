// Traders for demonstrations: a few hundred users with keys of their own who trade through the
// signed API.

internal import Client
internal import Formats
internal import Foundation
internal import Synchronization
internal import Wire

/// Registers and funds its traders, then places, amends and cancels around a random walk of prices
/// until it is told to stop. Names and keys follow from the configuration, so a restart finds the
/// same traders.
final class DemoFlow: Sendable {
  struct Configuration: Sendable {
    /// As `http://127.0.0.1:8080`.
    var api: String
    var operatorSigner: RequestSigner
    /// Approves what the first one gives where nothing is paid on a chain.
    var treasurerSigner: RequestSigner?
    /// Every trader's key follows from it and the trader's name: keep it as secret as a key.
    var keySeed: [UInt8]
    var traders = 20
    /// Placements, amendments and cancellations of all traders together.
    var ordersPerSecond = 10.0
    /// Empty for all that the exchange has.
    var markets: [String] = []
    /// Of what they do.
    var seed: UInt64 = 1
    var namePrefix = "demo"
    /// Pays the traders on the chain; without it an operator's adjustments do.
    var faucet: ChainFaucet?
  }

  /// What was done, and what was answered.
  struct Totals: Sendable, Equatable {
    var placed = 0
    var amended = 0
    var cancelled = 0
    var withdrawals = 0
    /// By code; some are part of the game: the order was executed meanwhile, the funds are locked.
    var refused: [String: Int] = [:]
    /// Calls given up because the server was busy.
    var throttled = 0
    /// Calls without a readable answer.
    var unanswered = 0

    mutating func add(_ other: Totals) {
      placed += other.placed
      amended += other.amended
      cancelled += other.cancelled
      withdrawals += other.withdrawals
      refused.merge(other.refused) { $0 + $1 }
      throttled += other.throttled
      unanswered += other.unanswered
    }

    mutating func count(_ error: APIError) {
      if error.isTemporary {
        throttled += 1
      } else if error.isOutcomeUnknown {
        unanswered += 1
      } else {
        refused[error.code, default: 0] += 1
      }
    }
  }

  /// Tasks that trade at a time; each has its own traders, and waits for one answer before the next
  /// call.
  private static let maximumWorkers = 64
  /// Users registered, or cancelled for, at a time.
  private static let parallel = 8
  /// In whole quote coins: what a trader holds of the quote asset, and the worth of what it holds
  /// in base.
  private static let wealth: Int128 = 200_000

  private struct State {
    var traders: [DemoTrader] = []
    var markets: [DemoMarket] = []
  }

  private let configuration: Configuration
  private let state = Mutex(State())

  init(_ configuration: Configuration) {
    precondition(configuration.traders > 1 && configuration.ordersPerSecond > 0, "no flow")
    self.configuration = configuration
  }

  // MARK: Verbs

  /// Registers and funds the traders, and cancels what an earlier run left open. Running it again,
  /// also in another process, is safe.
  func prepare() async throws {
    var options = UncrossClient.Configuration(
      baseURL: configuration.api, signer: configuration.operatorSigner)
    // Hundreds of calls of one operator meet its rate limit: they wait as told.
    options.maximumAttempts = 15
    let client = UncrossClient(options)
    let treasurer = configuration.treasurerSigner.map {
      SecondOperator(api: configuration.api, signer: $0)
    }
    let outcome: Result<Void, any Error>
    do {
      outcome = .success(try await prepare(client, treasurer))
    } catch {
      outcome = .failure(error)
    }
    await client.close()
    await treasurer?.client.close()
    try outcome.get()
  }

  /// Trades until the time is over or the task is cancelled; needs `prepare` before.
  func run(forSeconds seconds: Double? = nil) async throws -> Totals {
    let (traders, markets) = state.withLock { ($0.traders, $0.markets) }
    guard !traders.isEmpty, !markets.isEmpty else {
      throw VerbFailure("the demo has no traders or no markets: prepare it first")
    }
    let walk = PriceWalk(markets)
    let workers = min(traders.count, Self.maximumWorkers)
    let end = seconds.map { ContinuousClock.now + .seconds($0) }
    let pause = Duration.seconds(Double(workers) / configuration.ordersPerSecond)
    let run = Self.randomName(8)
    return await withTaskGroup(of: Totals.self) { group in
      for worker in 0..<workers {
        let own = stride(from: worker, to: traders.count, by: workers).map { traders[$0] }
        let random = DemoRandom(seed: configuration.seed &+ UInt64(worker) &* 0x9e37_79b9)
        group.addTask {
          var worker = DemoWorker(
            traders: own, walk: walk, random: random, orderPrefix: "demo-\(run)-\(worker)-")
          await worker.work(every: pause, until: end)
          return worker.totals
        }
      }
      var totals = Totals()
      for await part in group { totals.add(part) }
      return totals
    }
  }

  /// Cancels all open orders of all traders; returns how many those were.
  func cancelEverything() async throws -> Int {
    let traders = state.withLock { $0.traders }
    return try await concurrently(traders, limit: Self.parallel) { trader in
      try await trader.client.cancelAll().cancelledOrders
    }.reduce(0, +)
  }

  /// Some traders take something of each asset out, to the chain; waits until all of it is final
  /// there. Returns how many withdrawals those were.
  func withdraw(traders count: Int = 20) async throws -> Int {
    let traders = state.withLock { $0.traders }.filter { $0.payoutAddress != nil }.prefix(count)
    guard let first = traders.first else { return 0 }
    let terms = try await first.client.withdrawalTerms().terms.filter(\.open)
    let asked = try await concurrently(Array(traders), limit: Self.parallel) { trader in
      var ids: [String] = []
      for line in terms {
        let free = try await trader.client.balances().first { $0.asset == line.asset }?.free
        guard let address = trader.payoutAddress, let free, Self.covers(free, line) else {
          continue
        }
        let withdrawal = NewWithdrawal(
          clientWithdrawalID: "demo-" + Self.randomName(24), asset: line.asset,
          amount: line.minimum, address: address)
        ids.append(try await trader.client.withdraw(withdrawal).id)
      }
      return ids
    }
    let deadline = ContinuousClock.now + .seconds(180)
    for (trader, ids) in zip(traders, asked) {
      for id in ids {
        while try await trader.client.withdrawal(id).status != .confirmed {
          guard ContinuousClock.now < deadline else {
            throw VerbFailure(
              "withdrawal \(id) of \(trader.name) is not final on the chain in time")
          }
          try await Task.sleep(for: .milliseconds(500))
        }
      }
    }
    return asked.reduce(0) { $0 + $1.count }
  }

  /// Whether a free balance covers the least withdrawal and its fee.
  private static func covers(_ free: DecimalAmount, _ terms: WithdrawalTermsLine) -> Bool {
    let scale = max(free.scale, terms.minimum.scale, terms.fee.scale)
    guard let free = free.atoms(decimals: scale), let least = terms.minimum.atoms(decimals: scale),
      let fee = terms.fee.atoms(decimals: scale)
    else { return false }
    let (needed, overflow) = least.addingReportingOverflow(fee)
    return !overflow && free >= needed
  }

  /// Closes the connections; nothing may follow.
  func close() async {
    let traders = state.withLock { state in
      defer { state.traders = [] }
      return state.traders
    }
    for trader in traders { await trader.client.close() }
  }

  // MARK: Preparing

  private func prepare(_ client: UncrossClient, _ treasurer: SecondOperator?) async throws {
    let wanted = Set(configuration.markets)
    let markets = try await client.markets()
      .filter { wanted.isEmpty || wanted.contains($0.market) }
      .compactMap { DemoMarket($0) }
    guard !markets.isEmpty else {
      throw VerbFailure("no market with a reference price to trade in")
    }
    var holdings: [String: DecimalAmount] = [:]
    for market in markets {
      holdings[market.details.base] = market.base(worth: Self.wealth)
      holdings[market.details.quote] = DecimalAmount(atoms: Self.wealth, decimals: 0)
    }
    let traders = try await concurrently(
      Array(0..<configuration.traders), limit: Self.parallel
    ) { [holdings] index in
      try await self.makeTrader(index, holdings, client, treasurer)
    }
    if let faucet = configuration.faucet { try await fund(traders, holdings, faucet) }
    let old = state.withLock { state in
      defer { state = State(traders: traders, markets: markets) }
      return state.traders
    }
    for trader in old { await trader.client.close() }
    _ = try await cancelEverything()
  }

  private func makeTrader(
    _ index: Int, _ holdings: [String: DecimalAmount], _ client: UncrossClient,
    _ treasurer: SecondOperator?
  ) async throws -> DemoTrader {
    let name = "\(configuration.namePrefix)-\(index + 1)"
    let signer = try signer(of: name)
    let key = KeyGrant(publicKey: signer.publicKeyHex, role: .trader)
    let user: String
    do throws(APIError) {
      user = try await client.createUser(NewUser(name: name, key: key)).userID
    } catch {
      guard error.code == "name_taken" else { throw error }
      user = try await client.user(named: name).userID
      _ = try await client.grant(key, to: user, reason: "a demo trader's key")
    }
    if configuration.faucet == nil { try await fund(user, holdings, client, treasurer) }
    var options = UncrossClient.Configuration(baseURL: configuration.api, signer: signer)
    options.connections = 1
    options.maximumAttempts = 3
    let trader = DemoTrader(
      name: name, client: UncrossClient(options),
      payoutAddress: configuration.faucet == nil
        ? nil : "0x" + signer.publicKeyHex.prefix(40))
    if let address = trader.payoutAddress { try await list(address, of: trader) }
    return trader
  }

  private func list(_ address: String, of trader: DemoTrader) async throws {
    do throws(APIError) {
      _ = try await trader.client.add(NewWithdrawalAddress(address: address, label: "demo"))
    } catch {
      guard error.code == "address_exists" else { throw error }
    }
  }

  /// Pays what traders lack to their addresses, and waits until it is credited.
  private func fund(
    _ traders: [DemoTrader], _ holdings: [String: DecimalAmount], _ faucet: ChainFaucet
  ) async throws {
    let decimals = try await decimals(of: Set(holdings.keys))
    let payments = try await concurrently(traders, limit: Self.parallel) { trader in
      let held = try await trader.client.balances()
      let address = try await trader.client.depositAddress().address
      return holdings.compactMap { asset, holding -> ChainFaucet.Payment? in
        let scale = decimals[asset] ?? 0
        let present = max(held.first { $0.asset == asset }?.total.atoms(decimals: scale) ?? 0, 0)
        guard let target = holding.atoms(decimals: scale), present < target / 2 else { return nil }
        return ChainFaucet.Payment(address: address, asset: asset, amount: target - present)
      }
    }
    let all = payments.flatMap { $0 }
    try await faucet.pay(all)
    let deadline = ContinuousClock.now + .seconds(60 + all.count / 20)
    for (trader, own) in zip(traders, payments) where !own.isEmpty {
      while try await trader.client.balances().count < holdings.count {
        guard ContinuousClock.now < deadline else {
          throw VerbFailure("deposits of \(trader.name) were not credited in time")
        }
        try await Task.sleep(for: .milliseconds(500))
      }
    }
  }

  /// The chain's units are the venue's atoms: as many decimals on both sides.
  private func decimals(of assets: Set<String>) async throws -> [String: Int] {
    let client = UncrossClient(baseURL: configuration.api)
    let markets: [MarketDetails]
    do {
      markets = try await client.markets()
    } catch {
      await client.close()
      throw error
    }
    await client.close()
    var decimals: [String: Int] = [:]
    for market in markets {
      decimals[market.base] = market.baseDecimals
      decimals[market.quote] = market.quoteDecimals
    }
    return decimals.filter { assets.contains($0.key) }
  }

  /// Fills up what is below half of what a trader should hold.
  private func fund(
    _ user: String, _ holdings: [String: DecimalAmount], _ client: UncrossClient,
    _ treasurer: SecondOperator?
  ) async throws {
    var held: [String: DecimalAmount] = [:]
    for balance in try await client.balances(ofUser: user) { held[balance.asset] = balance.total }
    for (asset, holding) in holdings.sorted(by: { $0.key < $1.key }) {
      let scale = max(holding.scale, held[asset]?.scale ?? 0)
      guard let target = holding.atoms(decimals: scale),
        let present = (held[asset] ?? .zero).atoms(decimals: scale), (0..<target / 2) ~= present
      else { continue }
      let outcome = try await client.adjust(
        NewAdjustment(
          requestID: "demo-" + Self.randomName(24), user: user, asset: asset,
          amount: DecimalAmount(atoms: target - present, decimals: scale), reason: "demo funds"))
      if outcome.status == .booked { continue }
      guard let treasurer else {
        throw VerbFailure(
          "demo funds of \(asset) wait for another operator (adjustment \(outcome.adjustmentID)):"
            + " name its key too")
      }
      try await treasurer.approve(outcome)
    }
  }

  private func signer(of name: String) throws -> RequestSigner {
    let digest = SignableRequest.digest(of: configuration.keySeed + Array(" \(name)".utf8))
    let base64 = digest.dropFirst("sha-256=:".count).dropLast()
    guard let seed = Data(base64Encoded: String(base64)) else {
      preconditionFailure("a digest is base64")
    }
    return try RequestSigner(seed: Array(seed))
  }

  private static func randomName(_ length: Int) -> String {
    String(UUID().uuidString.lowercased().filter { $0 != "-" }.prefix(length))
  }
}

struct DemoTrader: Sendable {
  var name: String
  var client: UncrossClient
  /// Where it takes its coins out to; nil where nothing can be taken out.
  var payoutAddress: String?
}

/// Does one thing for each element, a few at a time; the results in the elements' order.
func concurrently<Element: Sendable, Result: Sendable>(
  _ elements: [Element], limit: Int, _ body: @escaping @Sendable (Element) async throws -> Result
) async throws -> [Result] {
  try await withThrowingTaskGroup(of: (Int, Result).self) { group in
    var results = [Result?](repeating: nil, count: elements.count)
    var next = 0
    var running = 0
    while next < elements.count || running > 0 {
      if next < elements.count, running < limit {
        group.addTask { [next] in (next, try await body(elements[next])) }
        next += 1
        running += 1
      } else if let (index, result) = try await group.next() {
        results[index] = result
        running -= 1
      }
    }
    return results.compactMap(\.self)
  }
}
