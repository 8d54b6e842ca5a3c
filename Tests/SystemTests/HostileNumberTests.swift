// Numbers and words of a server, a Worker, a file that are beyond everything: the verbs say so, and
// none of them ends the program.

import Formats
import Foundation
import Testing
import Wire

@testable import Client
@testable import uncross

@Suite struct HostileNumberTests {
  private static let most = String(repeating: "9", count: 38)

  private static func details(
    _ change: (inout MarketDetails) -> Void = { _ in }
  ) throws -> MarketDetails {
    let json = """
      {"market": "ETH-USDC", "base": "ETH", "quote": "USDC", "base_decimals": 18,
      "quote_decimals": 6, "tick_size": "0.01", "lot_size": "0.0001", "rule_id": "CALL-2",
      "status": "open", "interval_milliseconds": 1000, "band_basis_points": 1000,
      "runs_before_widening": 10, "buy_fee_basis_points": 10, "sell_fee_basis_points": 10,
      "minimum_notional": "1", "maximum_open_orders": 100, "minimum_reference_volume": "0",
      "reference": "2000", "band": {"lower": "1800", "upper": "2200"}, "auctions": "1",
      "trades": "1", "buy_orders": 0, "sell_orders": 0,
      "next_run": "2026-09-21T12:00:00.000000Z"}
      """
    var details: MarketDetails = try JSON.value(from: Array(json.utf8))
    change(&details)
    return details
  }

  private static func amount(_ text: String) throws -> DecimalAmount {
    try #require(DecimalAmount(text))
  }

  // MARK: A file of orders

  private func needs(
    _ limit: String?, _ quantity: String, _ change: (inout MarketDetails) -> Void = { _ in }
  ) throws -> Int128? {
    let details = try Self.details(change)
    let price = try limit.map { try Self.amount($0) }
    let quantity = try Self.amount(quantity)
    let order =
      price.map { NewOrder(.buy, quantity, of: "ETH-USDC", at: $0, clientOrderID: "a") }
      ?? NewOrder(.buy, quantity, of: "ETH-USDC", clientOrderID: "a")
    var needs = FundsNeeded()
    guard needs.add(OrderLine(line: 1, user: "u", order: order), details) else { return nil }
    return needs.byUser["u"]?["USDC"]
  }

  @Test func whatAnOrderNeedsIsCountedOrRefused() throws {
    #expect(try needs("2000", "1") == 2_002_000_000)
    #expect(try needs("0.000001", "0.000001") == 2)
    #expect(try needs(nil, "1") == 4_404_400_000)
    // The digits of 2^127 - 1: there is no room for what rounding up needs.
    let largest = "17014118346046923173168730371588.4105727"
    #expect(try needs("1", largest) == nil)
    #expect(try needs("0.0000001", largest) != nil)
    #expect(
      try needs("1", largest) { $0.buyFeeBasisPoints = 0 }
        == 17_014_118_346_046_923_173_168_730_371_588_410_573)
    // The fee in ten thousandths is within 9,999 of the most.
    #expect(try needs("1", "17014118346046923173168730371588.410572") != nil)
    #expect(try needs(Self.most, "1") == nil)
    #expect(try needs("1" + String(repeating: "0", count: 30), "100000000") == nil)
    // Twice the band's upper edge, which the server names.
    let upper = try Self.amount(Self.most)
    #expect(try needs(nil, "1") { $0.band?.upper = upper } == nil)
  }

  // MARK: A server's markets

  @Test func aMarketThatIsNoneIsNotTaken() async throws {
    #expect(throws: Never.self) { try UncrossClient.check(Self.details()) }
    for change in [
      { $0.baseDecimals = 39 }, { $0.quoteDecimals = -1 }, { $0.quoteDecimals = 1_000_000_000 },
      { $0.tickSize = .zero }, { $0.lotSize = DecimalAmount(-1) }, { $0.market = "'; select 1" },
      { $0.market = "" },
    ] as [(inout MarketDetails) -> Void] {
      let details = try Self.details(change)
      #expect(throws: APIError.self, "\(details.market)") { try UncrossClient.check(details) }
    }
  }

  @Test func aDemoReckonsWithinBounds() throws {
    let details = try Self.details()
    let market = try #require(DemoMarket(details))
    #expect(market.anchorTicks == 200_000)
    for ticks in [1, market.anchorTicks, .max] {
      for lots in [1, .max] as [Int64] {
        _ = (market.price(ticks), market.quantity(lots))
        #expect(market.lots(worth: .max, at: ticks) >= 1)
      }
    }
    let least = try Self.details { $0.minimumNotional = DecimalAmount(Int64.max) }
    let huge = try #require(DemoMarket(least))
    #expect(huge.lots(worth: huge.minimumNotional * 2_000, at: 1) >= 1)
    for change in [
      { $0.reference = DecimalAmount(Int64.max) },
      { $0.lotSize = DecimalAmount(Int64.max) },
      { $0.tickSize = DecimalAmount(atoms: 1, decimals: 7) },
    ] as [(inout MarketDetails) -> Void] {
      #expect(try DemoMarket(Self.details(change)) == nil)
    }
  }

  @Test func sumsOfATapeEnd() throws {
    let trade = TapeContent.Trade(quantity: .max, amount: .min)
    let tape = TapeContent(market: "A-B", base: "A", quote: "B", trades: [trade, trade])
    #expect(tape.volume == .max && tape.amount == .min)
  }

  // MARK: Waits

  @Test func aServerSaysHowLongAndNotForEver() async throws {
    for (text, seconds) in [
      ("0", 0), ("7", 7), ("86400", 86_400), ("86401", 86_400), ("9223372036854775807", 86_400),
      ("99999999999999999999999", 86_400), ("-1", nil), ("+5", nil), ("", nil), (" 5", nil),
      ("5.0", nil), ("\u{665}", nil), ("Wed, 21 Oct 2026 07:28:00 GMT", nil),
    ] as [(String, Int?)] {
      #expect(UncrossClient.seconds(text) == seconds, "\(text)")
    }
    var configuration = UncrossClient.Configuration(baseURL: "http://127.0.0.1:1")
    for longest in [5, 0, -1, .max, .min] as [Int] {
      configuration.maximumWaitSeconds = longest
      let client = UncrossClient(configuration)
      for seconds in [nil, 0, -1, 7, .max, .min] as [Int?] {
        let error = APIError(status: 429, code: "busy", message: "", retryAfterSeconds: seconds)
        for attempt in [0, 1, 99] {
          let wait = client.wait(after: error, attempt: attempt)
          #expect(wait <= .seconds(86_400 * 3 / 2), "\(longest) \(String(describing: seconds))")
          if longest == 5 { #expect(wait <= .milliseconds(7_500)) }
        }
      }
      await client.close()
    }
  }

  // MARK: Files

  @Test(arguments: [
    "window 9223372036854775807", "window -1", "window +1", "batch 99999999999999 1 0",
    "batch 0 9223372036854775807 0", "batch 0 1 0 code=9223372036854775807", "batch 0 -1 0",
  ])
  func aProgressFileOfOthers(line: String) throws {
    let path = NSTemporaryDirectory() + "uncross-progress-\(UInt64.random(in: .min ... .max))"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data("uncross-load 1 f 10\n\(line)\n\(line)\n".utf8).write(
      to: URL(fileURLWithPath: path))
    #expect(throws: VerbFailure.self) {
      try LoadProgress(path: path, fingerprint: "f", batchSize: 10)
    }
  }

  @Test(arguments: ["", "a b", "a\nwindow 7", "a=1", "\u{202e}", String(repeating: "a", count: 65)])
  func aCodeOfTheServersIsAWordInTheProgressFile(code: String) throws {
    let path = NSTemporaryDirectory() + "uncross-progress-\(UInt64.random(in: .min ... .max))"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let outcome = OrderOutcome.refused(
      RefusedOrder(clientOrderID: "a", error: OrderRefusal(code: code, message: "")))
    do {
      let progress = try LoadProgress(path: path, fingerprint: "f", batchSize: 10)
      try progress.done(batch: 0, LoadTotals([outcome]))
    }
    let again = try LoadProgress(path: path, fingerprint: "f", batchSize: 10)
    #expect(again.totals.refused == ["unknown_code": 1] && again.windows == 0)
  }

  @Test func settingsHaveBounds() async throws {
    for value in ["0", "-1", "-9223372036854775808"] {
      await #expect(throws: ConfigurationError.self) {
        try await ServeConfiguration(
          flags: ["snapshot.commands": value], file: nil, environment: [:])
      }
    }
    let path = NSTemporaryDirectory() + "uncross-chain-\(UInt64.random(in: .min ... .max)).json"
    defer { try? FileManager.default.removeItem(atPath: path) }
    func file(_ change: String = "") throws -> ChainSettings {
      let fields = #""name":"c","nodes":["http://n"],"xpub":"\#(ChainFileTests.xpub)","assets":[]"#
      let id = change.contains("chain_id") ? "" : #""chain_id":1,"#
      try Data("{\(id)\(change)\(fields)}".utf8).write(to: URL(fileURLWithPath: path))
      return try ChainSettings(file: path)
    }
    #expect(try file().chainID == 1)
    for change in [
      #""chain_id":-1,"#, #""chain_id":0,"#, #""start":9223372036854775807,"#,
      #""poll_milliseconds":0,"#, #""poll_milliseconds":-5,"#,
      #""poll_milliseconds":9223372036854775807,"#,
    ] {
      #expect(throws: ChainSettingsError.self, "\(change)") { try file(change) }
    }
  }

  /// The whole verb, against a server that has one market.
  @Test func aLineBeyondAllNumbersIsNamed() async throws {
    let directory = "/tmp/uncross-hostile-\(UInt32.random(in: .min ... .max))"
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let server = try await FakeServer(
      status: 200,
      body: String(decoding: JSON.bytes(MarketList(markets: [try Self.details()])), as: UTF8.self))
    let orders = """
      user,market,side,type,limit,quantity,client_order_id
      anna,ETH-USDC,buy,limit,2000,1,
      anna,ETH-USDC,buy,limit,1,17014118346046923173168730371588.4105727,

      """
    try Data(orders.utf8).write(to: URL(fileURLWithPath: directory + "/o.csv"))
    let (status, output) = try await ExchangeProcess.run(
      ["load", directory + "/o.csv", "--api", server.url])
    await server.stop()
    #expect(status == 65 && output.contains("line 3, quantity: beyond 38 digits"), "\(output)")
  }
}
