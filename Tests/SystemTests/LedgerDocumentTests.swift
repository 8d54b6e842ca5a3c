// docs/ledger.md: its queries are run as they stand, and their answers compared with the engine's.

import Client
import Formats
import Foundation
import Postgres
import Synchronization
import Testing
import Wire

@Suite(.serialized) struct LedgerDocumentTests {
  private static let traders = 6

  @Test func queriesOfTheDocumentAgreeWithTheEngine() async throws {
    let queries = try Self.queries()
    try await ExchangeProcess.with { exchange in
      try await exchange.start()
      let load = CrashLoad(traders: Self.traders, seed: 11)
      let admin = try exchange.client(try exchange.operatorSigner())
      try await load.register(exchange)
      for market in ["ETH-USDC", "BTC-USDC"] {
        _ = try await admin.changeMarket(
          market, MarketTermsChange(intervalMilliseconds: 100), reason: "many runs")
      }
      let deadline = ContinuousClock.now + .seconds(3)
      await load.run(try #require(exchange.api), round: 0) { ContinuousClock.now >= deadline }
      for market in ["ETH-USDC", "BTC-USDC"] {
        _ = try await admin.suspend(market, reason: "quiet")
      }
      try await wait("the ledger") {
        try await admin.metrics().contains("uncross_ledger_lag_rows 0")
      }
      #expect(try exchange.number("select count(*) from balance_log where type = 'TRADE'") > 20)
      try await check(queries, exchange, admin)
    }
  }

  /// By heading.
  private static func queries() throws -> [String: String] {
    let path = ExchangeProcess.repository + "/docs/ledger.md"
    var (queries, heading, inside, sql): ([String: String], String, Bool, String) = (
      [:], "", false, ""
    )
    for line in try String(contentsOfFile: path, encoding: .utf8).components(separatedBy: "\n") {
      if line.hasPrefix("### ") { heading = String(line.dropFirst(4)) }
      if inside, line == "```" {
        queries[heading] = sql
        (inside, sql) = (false, "")
      } else if inside {
        sql += line + "\n"
      } else if line == "```sql" {
        inside = true
      }
    }
    return queries
  }

  private func check(
    _ queries: [String: String], _ exchange: ExchangeProcess, _ admin: UncrossClient
  ) async throws {
    let connection = try PostgresConnection(exchange.database())
    for (heading, sql) in queries where heading.hasSuffix("(no row: it holds)") {
      let rows = try connection.query(trimmed(sql), PostgresParameters()).rowCount
      #expect(rows == 0, "\(heading)")
    }
    let gaps = try connection.query(
      trimmed(try #require(queries["The log has no gaps (true: it holds)"])), PostgresParameters())
    let holds = gaps.bool(0, 0)
    #expect(holds)

    let decimals = ["USDC": 6, "ETH": 18, "BTC": 8]
    var owed: [String: Int128] = [:]
    let now = "'\(Timestamp.now())'"
    for trader in 0..<Self.traders {
      let user = try await admin.user(named: CrashLoad.name(trader))
      let sql = try #require(queries["Balance of a user as of a time"])
        .replacingOccurrences(of: ":user", with: user.userID)
        .replacingOccurrences(of: ":time", with: now)
      let asOf = try connection.query(trimmed(sql), PostgresParameters())
      var ledger: [String: Int128] = [:]
      for row in 0..<asOf.rowCount { ledger[asOf.string(row, 0)] = asOf.numeric(row, 1) }
      for balance in try await admin.balances(ofUser: user.userID) {
        let total = balance.total.atoms(decimals: try #require(decimals[balance.asset]))
        #expect(ledger[balance.asset] ?? 0 == total, "\(user.name) \(balance.asset)")
        owed[balance.asset, default: 0] += total ?? 0
      }
      try checkStatement(queries, connection, user.userID, ledger)
    }
    let sums = try connection.query(
      trimmed(try #require(queries["What is owed to users"])), PostgresParameters())
    for row in 0..<sums.rowCount {
      let (asset, sum) = (sums.string(row, 0), sums.numeric(row, 1))
      #expect(owed[asset] == sum, "owed in \(asset)")
    }
    let fees = try connection.query(
      trimmed(try #require(queries["Fees earned"])), PostgresParameters())
    let venue = try await admin.balances(ofUser: "0")
    let earned = fees.rowCount == 1 ? fees.numeric(0, 1) : 0
    #expect(earned > 0)
    #expect(venue.first { $0.asset == "USDC" }?.total.atoms(decimals: 6) == earned)
  }

  /// A statement's last line of each asset is the balance.
  private func checkStatement(
    _ queries: [String: String], _ connection: borrowing PostgresConnection, _ user: String,
    _ ledger: [String: Int128]
  ) throws {
    let sql = try #require(queries["Statement of a user"])
      .replacingOccurrences(of: ":user", with: user)
    let statement = try connection.query(trimmed(sql), PostgresParameters())
    var (sums, last): ([String: Int128], [String: Int128]) = ([:], [:])
    for row in 0..<statement.rowCount {
      sums[statement.string(row, 4), default: 0] += statement.numeric(row, 5)
      last[statement.string(row, 4)] = statement.numeric(row, 6)
    }
    #expect(!sums.isEmpty)
    #expect(sums == ledger && last == ledger, "statement of user \(user)")
  }

  private func trimmed(_ sql: String) -> String {
    sql.trimmingCharacters(in: .whitespacesAndNewlines).trimmingCharacters(in: [";"])
  }
}
