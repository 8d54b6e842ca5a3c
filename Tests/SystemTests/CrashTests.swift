// kill -9 of exchange, Postgres and Worker under load, in turn; after each an oracle checks every
// promise.

import Client
import Formats
import Foundation
import Postgres
import SeededNumbers
import Synchronization
import Testing
import Wire

@Suite(.serialized) struct CrashTests {
  static var environment: [String: String] { ProcessInfo.processInfo.environment }
  /// `make crash SEED=N KILLS=M` sets both.
  static var seed: UInt64 { environment["CRASH_SEED"].flatMap { UInt64($0) } ?? 1 }
  static var kills: Int { environment["CRASH_KILLS"].flatMap { Int($0) } ?? 21 }

  enum Victim: CaseIterable { case exchange, postgres, worker }

  @Test(arguments: [seed]) func nothingAcknowledgedIsLost(seed: UInt64) async throws {
    try await ExchangeProcess.with { try await crash($0, seed) }
  }

  private func crash(_ exchange: ExchangeProcess, _ seed: UInt64) async throws {
    var random = SeededNumbers(seed)
    try await exchange.start()
    let load = CrashLoad(traders: 6, seed: seed)
    let admin = try exchange.client(try exchange.operatorSigner())
    try await load.register(exchange)
    for market in ["ETH-USDC", "BTC-USDC"] {
      // Many runs between two kills.
      _ = try await admin.changeMarket(
        market, MarketTermsChange(intervalMilliseconds: 100), reason: "many runs")
    }
    for round in 0..<Self.kills {
      let victim = Victim.allCases[round % Victim.allCases.count]
      try await self.round(exchange, load, victim, round, &random)
      try await Oracle(exchange: exchange, load: load, round: round).check()
    }
    let promises = load.promises.withLock { $0 }
    print(
      "crash: seed \(seed), \(Self.kills) kills, \(promises.sent) orders sent,",
      "\(promises.accepted.count) acknowledged, refused \(promises.refused)")
    #expect(promises.accepted.count > Self.kills * 20, "the load was too small to mean anything")
    try await exchange.stop()
  }

  private func round(
    _ exchange: ExchangeProcess, _ load: CrashLoad, _ victim: Victim, _ round: Int,
    _ random: inout SeededNumbers
  ) async throws {
    let api = try #require(exchange.api)
    let isOver = Mutex(false)
    async let running: Void = load.run(api, round: round) { isOver.withLock { $0 } }
    let error: (any Error)?
    do {
      try await wait(for: load, orders: 20 + random.below(400))
      switch victim {
      case .exchange: try await exchange.killNow()
      case .postgres: try exchange.killChild(named: "postgres")
      case .worker: try exchange.killChild(named: "deno")
      }
      if victim != .exchange { try await wait(for: load, orders: 200 + random.below(400)) }
      error = nil
    } catch let caught { error = caught }
    isOver.withLock { $0 = true }
    await running
    if let error { throw error }
    if victim == .exchange { try await exchange.start() }
  }
}

/// Until traders have sent so many more.
private func wait(for load: CrashLoad, orders: Int) async throws {
  let end = load.promises.withLock { $0.sent } + orders
  try await wait("\(orders) orders") { load.promises.withLock { $0.sent } >= end }
}

/// Looks from outside at everything that was promised.
struct Oracle {
  let exchange: ExchangeProcess
  let load: CrashLoad
  let round: Int

  func check() async throws {
    let admin = try exchange.client(try exchange.operatorSigner())
    try await wait("readiness after kill \(round)") {
      (try? await admin.checkReady()) != nil
    }
    try await load.resolve(try #require(exchange.api))
    // Without runs nothing moves: engine, ledger and tape can be compared.
    for market in ["ETH-USDC", "BTC-USDC"] { _ = try await admin.suspend(market, reason: "quiet") }
    do {
      try await wait("ledger and tape after kill \(round)") {
        try await isQuiet(admin)
      }
    } catch {
      let figures = try await admin.metrics().split(separator: "\n").filter { !$0.hasPrefix("#") }
      throw TestFailure("\(error)\n\(figures.joined(separator: "\n"))")
    }
    try await checkOrders()
    try checkLedger()
    try await checkEngine(admin)
    try await checkTape()
    // Resting orders would fill the accounts' limits, and the next rounds would only be refused.
    for signer in load.signers {
      let client = UncrossClient(baseURL: try #require(exchange.api), signer: signer)
      _ = try await client.cancelAll()
      await client.close()
    }
    for market in ["ETH-USDC", "BTC-USDC"] { _ = try await admin.resume(market, reason: "on") }
  }

  private func isQuiet(_ admin: UncrossClient) async throws -> Bool {
    let lines = try await admin.metrics().split(separator: "\n")
    let lags = lines.filter {
      $0.hasPrefix("uncross_ledger_lag_rows ") || $0.hasPrefix("uncross_tape_lag_records{")
    }
    return lags.count == 3 && lags.allSatisfy { $0.hasSuffix(" 0") || $0.hasSuffix(" 0.0") }
  }

  /// Every acknowledged order of the latest rounds is there under its client order id.
  private func checkOrders() async throws {
    let api = try #require(exchange.api)
    let accepted = load.promises.withLock { $0.accepted }.filter { $0.key.hasPrefix("r\(round)-") }
    let cancelled = load.promises.withLock { $0.cancelled }
    for (trader, signer) in load.signers.enumerated() {
      let client = UncrossClient(baseURL: api, signer: signer)
      for (id, promise) in accepted where promise.trader == trader {
        let order = try await client.order(promise.orderID)
        #expect(order.clientOrderID == id, "round \(round): order \(promise.orderID)")
        if cancelled.contains(promise.orderID) {
          #expect(order.status == .cancelled, "round \(round): \(id) was cancelled")
        }
      }
      await client.close()
    }
  }

  private func checkLedger() throws {
    let questions = [
      "balances that are not the sum of their log": """
      select count(*) from balance b join (
        select user_id, asset, sum(delta) d, sum(free_delta) f, sum(locked_delta) l
        from balance_log group by 1, 2) s using (user_id, asset)
      where (b.total, b.free, b.locked) is distinct from (s.d, s.f, s.l)
      """,
      "assets in which value is not conserved": """
      select count(*) from (select asset from balance_log where type <> 'ADJUSTMENT'
        group by asset having sum(delta) <> 0) broken
      """,
      "orders that were locked twice": """
      select count(*) from (select ref from balance_log where type = 'LOCK'
        group by ref having count(*) > 1) twice
      """,
      "adjustments that were booked twice": """
      select count(*) from (select ref from balance_log where type = 'ADJUSTMENT'
        group by ref having count(*) > 1) twice
      """,
      "trades without exactly four rows": """
      select count(*) from (select ref from balance_log where type = 'TRADE'
        group by ref having count(*) <> 4) wrong
      """,
      "gaps in the log": "select coalesce(max(seq), 0) - count(*) from balance_log",
    ]
    for (what, sql) in questions {
      let found = try exchange.number(sql)
      #expect(found == 0, "round \(round): \(found) \(what)")
    }
  }

  /// The engine's balances are the ledger's.
  private func checkEngine(_ admin: UncrossClient) async throws {
    let decimals = ["USDC": 6, "ETH": 18, "BTC": 8]
    for trader in load.signers.indices {
      let name = CrashLoad.name(trader)
      let user = try await admin.user(named: name)
      for balance in try await admin.balances(ofUser: user.userID) {
        let scale = try #require(decimals[balance.asset])
        let connection = try PostgresConnection(exchange.database())
        let row = try connection.query(
          """
          select free, locked from balance where user_id = \(user.userID) and asset = '\(balance.asset)'
          """, PostgresParameters())
        let (free, locked) = row.rowCount == 0 ? (0, 0) : (row.numeric(0, 0), row.numeric(0, 1))
        #expect(balance.free.atoms(decimals: scale) == free, "round \(round): \(name)")
        #expect(balance.locked.atoms(decimals: scale) == locked, "round \(round): \(name)")
      }
    }
  }

  /// The Worker's tape is what a replay of the whole journal gives, closed and to the byte.
  private func checkTape() async throws {
    let replay = try await exchange.run(["replay", "--database", exchange.database("uncross_app")])
    #expect(replay.status == 0, "\(replay.output)")
    for market in ["ETH-USDC", "BTC-USDC"] {
      let line = replay.output.split(separator: "\n").first {
        $0.contains("tape ") && $0.contains(market)
      }
      let words = try #require(line).split(separator: " ")
      let head = try await exchange.edge("/v1/markets/\(market)/head")
      #expect(head["last"] as? String == String(words[2]), "round \(round): \(market) records")
      #expect(head["chain"] as? String == String(words[3]), "round \(round): \(market) chain")
      try await checkTrades(market)
    }
  }

  /// Trade ids are gapless, and each trade's money is in the ledger.
  private func checkTrades(_ market: String) async throws {
    let newest = try await exchange.edge("/v1/markets/\(market)/trades?limit=1")
    let trades = newest["trades"] as? [[String: Any]] ?? []
    let last = Int64(trades.first?["id"] as? String ?? "0") ?? 0
    let ledger = try exchange.number(
      """
      select count(distinct ref) from balance_log where type = 'TRADE' and ref like '\(market):%'
      """)
    #expect(last == ledger, "round \(round): trades of \(market) on tape and in the ledger")
  }
}
