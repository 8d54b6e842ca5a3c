// Whether engine, ledger, tape and chain say the same, to the atom.

internal import Client
internal import Formats
internal import Wire

/// Compares what the engine answers, what Postgres holds and what the Worker publishes.
struct DemoCheck: Sendable {
  /// As `http://127.0.0.1:8080`.
  var api: String
  var operatorSigner: RequestSigner
  /// A libpq connection string of a role that may read, as `uncross_audit`.
  var database: String
  /// The Worker's address.
  var worker: String
  /// Whether there is a chain to compare with.
  var hasChain = false

  /// Waits for the ledger and the tape at most.
  var maximumWaitSeconds = 60
  /// Comparisons at most, where the books moved while one was made.
  private static let attempts = 5
  private static let parallel = 8

  struct Report: Sendable {
    /// Named one by one at most.
    static let maximumNamed = 100

    fileprivate(set) var differences: [String] = []
    fileprivate(set) var differenceCount = 0
    /// What, engine, ledger, tape; `-` where one does not know it.
    fileprivate(set) var rows: [[String]] = []
    /// What is on the chain against the books.
    fileprivate(set) var chain: ReconciliationReport?

    var agrees: Bool { differenceCount == 0 }

    mutating func differs(_ text: String) {
      differenceCount += 1
      if differences.count < Self.maximumNamed { differences.append(text) }
    }

    fileprivate mutating func add(_ what: String, _ values: String?...) {
      rows.append([what] + values.map(\.cell))
    }

    /// The totals as a table, then every difference, then the verdict.
    var text: String {
      var table = Table("TOTAL", ">ENGINE", ">LEDGER", ">TAPE")
      for row in rows { table.add(row[0], row[1], row[2], row[3]) }
      var lines = [table.text(), ""]
      lines += differences
      if differenceCount > differences.count {
        lines.append("and \(differenceCount - differences.count) more")
      }
      if let chain { lines += [SolvencyText.of(Output.printable(chain)), ""] }
      let all = chain == nil ? "engine, ledger and tape" : "engine, ledger, tape and chain"
      lines.append(
        agrees ? "\(all) agree to the atom" : "\(all) DISAGREE in \(differenceCount) places")
      return lines.joined(separator: "\n")
    }
  }

  /// Throws where one of the three cannot be read or does not catch up; a difference is in the
  /// report.
  func run() async throws -> Report {
    var options = UncrossClient.Configuration(baseURL: api, signer: operatorSigner)
    // A call for each user by one operator meets its rate limit: it waits as told.
    options.maximumAttempts = 15
    let client = UncrossClient(options)
    do {
      let report = try await run(client)
      await client.close()
      return report
    } catch {
      await client.close()
      throw error
    }
  }

  private func run(_ client: UncrossClient) async throws -> Report {
    var attempt = 1
    while true {
      let before = try await client.markets()
      let entry = try await waitUntilCaughtUp(client)
      var report = try await compare(client, before)
      if hasChain {
        let chain = try await client.reconciliation()
        for asset in chain.assets where asset.difference != "0" {
          report.differs(
            "\(asset.asset): chain and books differ by \(asset.difference ?? "too much")")
        }
        for asset in chain.assets where !asset.covered {
          report.differs("\(asset.asset): \(asset.owed ?? "too much") owed, \(asset.held) held")
        }
        report.chain = chain
      }
      let now = try await Lag(client.metrics()).appliedEntry
      if report.agrees || now == entry { return report }
      guard attempt < Self.attempts else {
        report.differs("the books moved during each of \(Self.attempts) comparisons: stop trading")
        return report
      }
      attempt += 1
    }
  }

  // MARK: Waiting

  /// What `/metrics` says about those that come after the engine.
  private struct Lag {
    /// The metrics that are not 0.
    var behind: [String] = []
    var appliedEntry = ""

    init(_ metrics: String) throws(VerbFailure) {
      var known = 0
      for line in metrics.split(separator: "\n") where !line.hasPrefix("#") {
        guard let end = line.lastIndex(of: " ") else { continue }
        let (name, value) = (line[..<end], line[line.index(after: end)...])
        if name == "uncross_ledger_applied_entry" { appliedEntry = String(value) }
        guard name == "uncross_ledger_lag_rows" || name.hasPrefix("uncross_tape_lag_records")
        else { continue }
        known += 1
        if Double(value) != 0 { behind.append(String(line)) }
      }
      guard known > 0, !appliedEntry.isEmpty else {
        throw VerbFailure("/metrics does not say how far ledger and tape are")
      }
    }
  }

  /// Returns the ledger's last entry.
  private func waitUntilCaughtUp(_ client: UncrossClient) async throws -> String {
    let end = ContinuousClock.now + .seconds(maximumWaitSeconds)
    while true {
      let lag = try await Lag(client.metrics())
      if lag.behind.isEmpty { return lag.appliedEntry }
      guard ContinuousClock.now < end else {
        throw VerbFailure(
          "still behind after \(maximumWaitSeconds) s: \(lag.behind.joined(separator: ", "))",
          status: VerbFailure.unavailable)
      }
      try await Task.sleep(for: .milliseconds(200))
    }
  }

  // MARK: Comparing

  private func compare(
    _ client: UncrossClient, _ before: [MarketDetails]
  ) async throws -> Report {
    var report = Report()
    var tapes: [TapeContent] = []
    for market in before {
      tapes.append(
        try await TapeReader(worker: worker, details: market).read { report.differs($0) })
    }
    let figures = try await LedgerAudit(conninfo: database, tapes: tapes).run()
    for difference in figures.differences { report.differs(difference) }
    let after = try await client.markets()
    for (index, market) in before.enumerated() {
      guard let later = after.first(where: { $0.market == market.market }) else { continue }
      compare(market, later, tapes[index], figures, &report)
    }
    try await compareBalances(client, before, figures, &report)
    report.add("ledger entries", nil, "\(figures.entries)", nil)
    return report
  }

  private func compare(
    _ before: MarketDetails, _ after: MarketDetails, _ tape: TapeContent,
    _ figures: LedgerFigures, _ report: inout Report
  ) {
    let name = before.market
    func within(_ what: String, _ count: Int64, _ first: String, _ last: String) {
      // Auctions run on while the tape is read.
      guard let first = Int64(first), let last = Int64(last), first <= last,
        (first...last).contains(count)
      else {
        report.differs("\(name): the tape has \(count) \(what), the engine \(first) to \(last)")
        return
      }
    }
    within("auctions", tape.auctions, before.auctions, after.auctions)
    within("trades", Int64(tape.trades.count), before.trades, after.trades)
    let ledger = figures.trades[name]
    func amount(_ atoms: Int128?, _ decimals: Int) -> String? {
      atoms.map { "\(DecimalAmount(atoms: $0, decimals: decimals))" }
    }
    let engine =
      before.auctions == after.auctions
      ? after.auctions : "\(before.auctions)..\(after.auctions)"
    report.add("\(name) auctions", engine, nil, "\(tape.auctions)")
    report.add(
      "\(name) trades", after.trades, ledger.map { "\($0.count)" }, "\(tape.trades.count)")
    report.add(
      "\(name) volume, \(before.base)", nil, amount(ledger?.volume, before.baseDecimals),
      amount(tape.volume, before.baseDecimals))
    report.add(
      "\(name) amount, \(before.quote)", nil, amount(ledger?.amount, before.quoteDecimals),
      amount(tape.amount, before.quoteDecimals))
  }

  /// Every account of every user, engine against `balance`.
  private func compareBalances(
    _ client: UncrossClient, _ markets: [MarketDetails], _ figures: LedgerFigures,
    _ report: inout Report
  ) async throws {
    var decimals: [String: Int] = [:]
    for market in markets {
      decimals[market.base] = market.baseDecimals
      decimals[market.quote] = market.quoteDecimals
    }
    let held = try await concurrently(figures.users.map(\.id), limit: Self.parallel) { user in
      (user: user, balances: try await client.balances(ofUser: String(user)))
    }
    var left = figures.accounts
    var totals: [String: (engine: Int128, ledger: Int128)] = [:]
    for (user, balances) in held {
      for balance in balances {
        let account = LedgerFigures.Account(user: user, asset: balance.asset)
        let ledger = left.removeValue(forKey: account)
        guard let places = decimals[balance.asset], let free = balance.free.atoms(decimals: places),
          let locked = balance.locked.atoms(decimals: places)
        else {
          report.differs("user \(user): \(balance.asset) is in no market, its decimals are unknown")
          continue
        }
        let engine = LedgerFigures.Amounts(free: free, locked: locked)
        if engine != ledger ?? LedgerFigures.Amounts(free: 0, locked: 0) {
          report.differs(
            "user \(user) \(balance.asset): engine (\(free), \(locked)), ledger"
              + " \(ledger.map { "(\($0.free), \($0.locked))" }.cell) atoms")
        }
        var total = totals[balance.asset] ?? (0, 0)
        total.engine = total.engine.saturatingSum(free).saturatingSum(locked)
        total.ledger = total.ledger.saturatingSum(ledger?.free ?? 0)
          .saturatingSum(ledger?.locked ?? 0)
        totals[balance.asset] = total
      }
    }
    for account in left.keys {
      report.differs("user \(account.user) \(account.asset): in the ledger, not in the engine")
    }
    for (asset, total) in totals.sorted(by: { $0.key < $1.key }) {
      let places = decimals[asset] ?? 0
      report.add(
        "\(asset) of all users", "\(DecimalAmount(atoms: total.engine, decimals: places))",
        "\(DecimalAmount(atoms: total.ledger, decimals: places))", nil)
    }
    let accounts = held.reduce(0) { $0 + $1.balances.count }
    report.add("users", "\(held.count)", "\(figures.users.count)", nil)
    report.add("accounts", "\(accounts)", "\(figures.accounts.count)", nil)
  }
}
