// A database that an older program wrote starts, and goes on under the newest rules.

import Client
import Embedded
import Formats
import Foundation
import Logging
import Testing
import Wire

/// A file `exchange-1.sql` or the like is a dump of what a program with these rules wrote: two
/// markets, two traders with a trade and open orders, a second operator, an adjustment that waits,
/// a snapshot. With rules 1 there is a withdrawal that is final; with rules 2 a key that waits, and
/// a market whose band orders of 0.0001 BTC had widened; with rules 3 finished orders of each kind,
/// an asset with terms that one operator made, raised delays, and groups after the snapshot; with
/// rules 4 deposits and a withdrawal of the development chain. A file of a released version is
/// never made anew.
@Suite(.serialized) struct OlderDataTests {
  private static let golden = ExchangeProcess.repository + "/Tests/SystemTests/golden/"

  /// The keys are in the repository, so they are worth nothing.
  private static func signer(_ name: String, _ exchange: ExchangeProcess) throws -> RequestSigner {
    let path = "\(exchange.root)/\(name).pem"
    if !FileManager.default.fileExists(atPath: path) {
      let text = try Data(contentsOf: URL(fileURLWithPath: golden + name + ".pem"))
      #expect(
        FileManager.default.createFile(
          atPath: path, contents: text, attributes: [.posixPermissions: 0o600]))
    }
    return try RequestSigner(keyFile: path)
  }

  /// A data directory with the dump in its database, and the operator's key.
  private func restore(_ file: String, _ exchange: ExchangeProcess) async throws {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let cluster = try PrivateCluster(root: exchange.data + "/postgres", logger: logger)
    #expect(try cluster.start() == .created)
    defer { cluster.stop() }
    let psql = Process()
    psql.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    psql.arguments = [
      "psql", "--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--output", "/dev/null",
      "--dbname", cluster.conninfo(user: PrivateCluster.superuser, database: "uncross"),
      "--file", Self.golden + file,
    ]
    try psql.run()
    psql.waitUntilExit()
    try #require(psql.terminationStatus == 0, "psql could not restore \(file)")
    let keys = exchange.data + "/keys"
    try FileManager.default.createDirectory(atPath: keys, withIntermediateDirectories: true)
    _ = try Self.signer("operator", exchange)
    try FileManager.default.copyItem(
      atPath: exchange.root + "/operator.pem", toPath: keys + "/operator.pem")
  }

  @Test func aDatabaseOfRulesOneGoesOn() async throws {
    try await ExchangeProcess.with { exchange in
      try await restore("exchange-1.sql", exchange)
      try await exchange.start()
      try await checkBooks(exchange)
      try await checkNewRules(exchange)
      let bea = try exchange.client(Self.signer("bea", exchange))
      let order = try await bea.place(
        NewOrder(
          .sell, try #require(DecimalAmount("0.5")), of: "ETH-USDC",
          at: try #require(DecimalAmount("2400")), clientOrderID: "after-the-start"))
      // The rest of anna's buy of before meets it.
      try await wait("a trade under the newest rules") {
        try await bea.order(order.orderID).status == .executed
      }
      try await exchange.killNow()
      try await exchange.start()
      let again = try exchange.client(Self.signer("bea", exchange))
      #expect(try await again.order(order.orderID).status == .executed)
      try await wait("the tape") {
        let trades = try? await exchange.edge("/v1/markets/ETH-USDC/trades?after=0")["trades"]
        return (trades as? [[String: Any]])?.count == 2
      }
      try await exchange.stop()
    }
  }

  @Test func aDatabaseOfRulesTwoGoesOn() async throws {
    try await ExchangeProcess.with { exchange in
      try await restore("exchange-2.sql", exchange)
      try await exchange.start()
      try await checkBooksOfRulesTwo(exchange)
      try await checkPrices(exchange)
      let bea = try exchange.client(Self.signer("bea", exchange))
      let order = try await bea.place(
        NewOrder(
          .sell, try #require(DecimalAmount("0.5")), of: "ETH-USDC",
          at: try #require(DecimalAmount("2600")), clientOrderID: "after-the-start"))
      try await wait("a trade under the newest rules") {
        try await bea.order(order.orderID).status == .executed
      }
      try await exchange.killNow()
      try await exchange.start()
      let again = try exchange.client(Self.signer("bea", exchange))
      #expect(try await again.order(order.orderID).status == .executed)
      try await checkTape(exchange)
      try await exchange.stop()
    }
  }

  /// The state is the one that the older program had, to the bit.
  @Test func aDatabaseOfRulesThreeGoesOn() async throws {
    try await ExchangeProcess.with { exchange in
      try await restore("exchange-3.sql", exchange)
      try await exchange.start()
      #expect(exchange.printed.contains("group 47, 127 commands"))
      #expect(exchange.printed.contains("state 66e6c1e3387e052e"))
      try await checkBooksOfRulesThree(exchange)
      let bea = try exchange.client(Self.signer("bea", exchange))
      let order = try await bea.place(
        NewOrder(
          .sell, try #require(DecimalAmount("0.4")), of: "ETH-USDC",
          at: try #require(DecimalAmount("2500")), clientOrderID: "after-the-start"))
      try await wait("a trade under the newest rules") {
        try await bea.order(order.orderID).status == .executed
      }
      try await checkLimits(exchange)
      try await exchange.killNow()
      try await exchange.start()
      let again = try exchange.client(Self.signer("bea", exchange))
      #expect(try await again.order(order.orderID).status == .executed)
      try await wait("the tape") {
        let trades = try? await exchange.edge("/v1/markets/ETH-USDC/trades?after=0")["trades"]
        return (trades as? [[String: Any]])?.count == 2
      }
      try await exchange.stop()
    }
  }

  /// Written before the books said what they are of: they know it by their chain and deposits.
  @Test func aDatabaseOfRulesFourGoesOn() async throws {
    try await ExchangeProcess.with { exchange in
      try await restore("exchange-4.sql", exchange)
      try await exchange.start()
      #expect(exchange.printed.contains("group 34, 100 commands"))
      #expect(exchange.printed.contains("state 51fa0412275e0a9d"))
      try await checkBooksOfRulesFour(exchange)
      let admin = try exchange.client(exchange.operatorSigner())
      _ = try await admin.resume("ETH-USDC", reason: "test")
      let bea = try exchange.client(Self.signer("bea", exchange))
      let order = try await bea.place(
        NewOrder(
          .sell, try #require(DecimalAmount("0.4")), of: "ETH-USDC",
          at: try #require(DecimalAmount("2400")), clientOrderID: "after-the-start"))
      try await wait("a trade under the newest program") {
        try await bea.order(order.orderID).status == .executed
      }
      try await exchange.killNow()
      try await exchange.start()
      let again = try exchange.client(Self.signer("bea", exchange))
      #expect(try await again.order(order.orderID).status == .executed)
      // It was of one key before, and stays of it: sent again it gets its first answer.
      let five = try await again.place(
        NewOrder(
          .sell, DecimalAmount(3), of: "ETH-USDC", at: DecimalAmount(2_700), clientOrderID: "five"))
      #expect(five.repeated && five.orderID == "1759387909821145491")
      try await exchange.stop()
    }
  }

  private func checkBooksOfRulesFour(_ exchange: ExchangeProcess) async throws {
    let admin = try exchange.client(exchange.operatorSigner())
    for (user, expected) in [
      ("3", ["ETH 1 0", "USDC 95535.54 960.96"]),
      ("4", ["BTC 1.99 0.01", "ETH 16 3", "USDC 2497.5 0"]),
    ] {
      let lines = try await admin.balances(ofUser: user).map {
        "\($0.asset) \($0.free) \($0.locked)"
      }
      #expect(lines.sorted() == expected, "user \(user)")
    }
    for (user, expected) in [
      ("anna", ["3012205141432895400"]), ("bea", ["1759387909821145491", "4383523473472878411"]),
    ] {
      let open = try await exchange.client(Self.signer(user, exchange)).openOrders()
      #expect(open.orders.map(\.orderID).sorted() == expected)
    }
    for (number, sql) in [
      (1, "select count(*) from core.books where kind = 'development'"),
      (3, "select count(*) from core.chain_asset where chain = 'dev' and decimals is null"),
      (1, "select count(*) from core.chain_asset where asset = 'ETH' and contract is null"),
      (1, "select count(*) from public.withdrawals where status = 'confirmed'"),
      (3, "select count(*) from public.deposits where credited > 0"),
    ] as [(Int64, String)] {
      #expect(try exchange.number(sql) == number, "\(sql)")
    }
  }

  private func checkBooksOfRulesThree(_ exchange: ExchangeProcess) async throws {
    let admin = try exchange.client(exchange.operatorSigner())
    for (user, expected) in [
      ("3", ["BTC 1 0", "ETH 1 0", "USDC 96396.4 1001"]),
      ("4", ["BTC 0.99 0.01", "ETH 18.5 0.5", "SOL 10 0", "USDC 3597.4 0"]),
    ] {
      let lines = try await admin.balances(ofUser: user).map {
        "\($0.asset) \($0.free) \($0.locked)"
      }
      #expect(lines.sorted() == expected, "user \(user)")
    }
    for (user, expected) in [
      ("anna", ["1309178512426559169"]), ("bea", ["2527107158449427069", "3048364081978947079"]),
    ] {
      let open = try await exchange.client(Self.signer(user, exchange)).openOrders()
      #expect(open.orders.map(\.orderID).sorted() == expected)
    }
    #expect(try await admin.waitingAdjustments().map(\.adjustmentID) == ["7"])
  }

  /// The older asset's limit counts for whoever made it, a new one's does not; and a raised delay
  /// goes back to what it was.
  private func checkLimits(_ exchange: ExchangeProcess) async throws {
    let admin = try exchange.client(exchange.operatorSigner())
    let limit = try #require(DecimalAmount("100"))
    _ = try await admin.createAsset(NewAsset(code: "DOT", decimals: 2, adjustmentLimit: limit))
    for (asset, status) in [
      ("SOL", AdjustmentOutcome.Status.booked), ("DOT", .waitingApproval),
    ] {
      let outcome = try await admin.adjust(
        NewAdjustment(
          requestID: "to-\(asset)", user: "2", asset: asset, amount: limit, reason: "test"))
      #expect(outcome.status == status, "\(asset)")
    }
    let before = try await admin.operatorDelay().seconds
    for seconds in [2_592_000, before] {
      _ = try await admin.setOperatorDelay(seconds: seconds, reason: "test")
    }
    #expect(try await admin.operatorDelay().seconds == before)
  }

  private func checkBooksOfRulesTwo(_ exchange: ExchangeProcess) async throws {
    let admin = try exchange.client(exchange.operatorSigner())
    for (user, expected) in [
      ("3", ["BTC 1 0", "ETH 0.5 0", "USDC 97297.3 1401.4"]),
      ("4", ["BTC 0.9999 0.0001", "ETH 16.5 3", "USDC 2298.7 0"]),
    ] {
      let lines = try await admin.balances(ofUser: user).map {
        "\($0.asset) \($0.free) \($0.locked)"
      }
      #expect(lines.sorted() == expected, "user \(user)")
    }
    let open = try await exchange.client(Self.signer("anna", exchange)).openOrders()
    #expect(
      open.orders.map(\.orderID).sorted() == ["3113862467783316081", "4311887462693337135"])
    #expect(try await admin.waitingAdjustments().map(\.adjustmentID) == ["6"])
  }

  /// The band was 36,000 to 84,000; the orders that widened it are still there.
  private func checkPrices(_ exchange: ExchangeProcess) async throws {
    let admin = try exchange.client(exchange.operatorSigner())
    func market() async throws -> MarketDetails {
      try #require(try await admin.markets().first { $0.market == "BTC-USDC" })
    }
    let before = try await market()
    #expect(before.ruleID == "CALL-2" && "\(before.minimumReferenceVolume)" == "1000")
    let band = try #require(before.band)
    #expect("\(band.lower) \(band.upper)" == "54000 66000")
    _ = try await admin.changeMarket(
      "BTC-USDC", MarketTermsChange(intervalMilliseconds: 100), reason: "test")
    _ = try await admin.resume("BTC-USDC", reason: "test")
    try await wait("runs outside the band") { Int(try await market().auctions) ?? 0 > 12 }
    #expect(try await market().band == band)
  }

  /// What was published before stays as it was; the rule changes with a definition.
  private func checkTape(_ exchange: ExchangeProcess) async throws {
    try await wait("the tape") {
      let trades = try? await exchange.edge("/v1/markets/ETH-USDC/trades?after=0")["trades"]
      return (trades as? [[String: Any]])?.count == 2
    }
    let definition = try await exchange.edge("/v1/markets/BTC-USDC/definition")
    #expect(definition["rule_id"] as? String == "CALL-2")
    let page = try await exchange.edge("/v1/markets/BTC-USDC/auctions?after=0")["auctions"]
    let auctions = try #require(page as? [[String: Any]])
    let rules = auctions.map { $0["rule_id"] as? String }
    #expect(rules.prefix(6).allSatisfy { $0 == "CALL-1" })
    #expect(rules.count > 6 && rules.dropFirst(6).allSatisfy { $0 == "CALL-2" })
    let outcome = try #require(auctions[6]["outcome"] as? [String: Any])
    #expect(outcome["held_volume"] as? String == "0.0001" && outcome["outside_runs"] as? Int == 0)
    #expect(outcome["next_reference"] as? String == "60000")
    #expect(auctions[0]["outcome"] is NSNull)
  }

  /// What the older program showed before it was stopped.
  private func checkBooks(_ exchange: ExchangeProcess) async throws {
    let admin = try exchange.client(exchange.operatorSigner())
    for (user, expected) in [
      ("2", ["ETH 1 0", "USDC 96244.7485 1251.7505"]), ("3", ["ETH 15.499 3", "USDC 2498.499 0"]),
      ("0", ["ETH 0.001 0", "USDC 5.002 0"]),
    ] {
      let lines = try await admin.balances(ofUser: user).map {
        "\($0.asset) \($0.free) \($0.locked)"
      }
      #expect(lines.sorted() == expected, "user \(user)")
    }
    let open = try await exchange.client(Self.signer("bea", exchange)).openOrders()
    #expect(open.orders.map(\.orderID) == ["1759569912223046588"])
    let waiting = try await admin.waitingAdjustments()
    #expect(waiting.map { "\($0.adjustmentID) \($0.amount) \($0.asset)" } == ["3 2000000 USDC"])
    let differing = """
      select count(*) from balance b join (
        select user_id, asset, sum(delta) d from balance_log group by 1, 2) s using (user_id, asset)
      where b.total is distinct from s.d
      """
    #expect(try exchange.number(differing) == 0)
  }

  /// The safeguards hold from the start on: anna has a key, so another one waits.
  private func checkNewRules(_ exchange: ExchangeProcess) async throws {
    let admin = try exchange.client(exchange.operatorSigner())
    let key = KeyGrant(publicKey: RequestSigner().publicKeyHex, role: .trader)
    let outcome = try await admin.grant(key, to: "2", reason: "a second device")
    #expect(outcome.status == .waiting)
    try await wait("the log") {
      try await admin.operatorLog(action: "request_key").rows.first?.subject == "2"
    }
  }
}
