// The verbs as a user types them.

import Client
import Formats
import Foundation
import Testing
import Wire

@Suite(.serialized) struct VerbTests {
  /// What stands in an argument is read by everybody on the machine; where the password lies, it is
  /// not shown again.
  @Test(arguments: [
    ["replay", "--database", "postgres://app:hunter2@localhost:1/uncross"],
    ["replay", "--database", "host=/tmp user=app password=hunter2"],
    [
      "demo", "--api", "http://127.0.0.1:1", "--operator-key", "none.pem", "--worker",
      "http://127.0.0.1:1", "--database", "postgresql://app@localhost:1/x?password=hunter2",
    ],
  ]) func aPasswordIsNoArgument(arguments: [String]) async throws {
    let (status, output) = try await ExchangeProcess.run(arguments)
    #expect(status == 64 && output.contains("--database takes no password"), "\(output)")
    #expect(output.contains("DATABASE_URL") && !output.contains("hunter2"), "\(output)")
  }

  /// Bad books: exit status 65 and one line that says which field of which order.
  @Test(arguments: [
    (
      #"{"orders": [{"id": "a", "side": "buy", "type": "limit", "quantity": 5}]}"#,
      "orders[0] (id \"a\").limit is missing"
    ),
    ("nope", "not JSON"),
    (#"[]"#, "not a JSON object"),
    (#"{"reference": 5}"#, "orders is missing"),
    (
      #"{"orders": [{"side": "buy", "type": "limit", "limit": 1, "quantity": 5}]}"#,
      "orders[0].id is missing"
    ),
    (
      #"{"orders": [{"id": "a", "side": "buy", "type": "limit", "limit": 0, "quantity": 5}]}"#,
      "limit is not above zero"
    ),
    (
      #"{"orders": [{"id": "a", "side": "buy", "type": "limit", "limit": 7, "quantity": -1}]}"#,
      "quantity is not above zero"
    ),
    (
      #"{"orders": [{"id": "a", "side": "buy", "type": "limit", "limit": 7.5, "quantity": 1}]}"#,
      "limit is not an integer"
    ),
    (
      #"{"orders": [{"id": "a", "side": "buy", "type": "limit", "limit": true, "quantity": 1}]}"#,
      "limit is not an integer"
    ),
    (
      #"{"orders": [{"id": "a", "side": "long", "type": "limit", "limit": 7, "quantity": 1}]}"#,
      "side is not"
    ),
    (
      #"{"orders": [{"id": "a", "side": "buy", "type": "stop", "limit": 7, "quantity": 1}]}"#,
      "type is not"
    ),
    (
      #"{"orders": [{"id": "a", "side": "buy", "type": "market", "limit": 7, "quantity": 1}]}"#,
      "a market order has no limit"
    ),
    (
      #"""
      {"orders": [
        {"id": "a", "side": "buy", "type": "limit", "limit": 99999999999999999999, "quantity": 1}]}
      """#,
      "limit is not an integer"
    ),
    (
      #"""
      {"orders": [
        {"id": "a", "side": "buy", "type": "limit", "limit": 7, "quantity": 1, "size": 2}]}
      """#,
      "unknown field \"size\""
    ),
    (#"{"band": {"lower": 9, "upper": 8}, "orders": []}"#, "band.lower is above band.upper"),
    (
      #"""
      {"orders": [
        {"id": "a", "side": "buy", "type": "limit", "limit": 7, "quantity": 1},
        {"id": "a", "side": "sell", "type": "limit", "limit": 7, "quantity": 1}]}
      """#,
      "orders[1].id: \"a\" appears twice"
    ),
  ])
  func badBookIsNamed(json: String, message: String) async throws {
    let result = try await ExchangeProcess.run(["clear"], input: json)
    #expect(result.status == 65)
    #expect(result.output.contains(message), "\(result.output)")
    #expect(result.output.split(separator: "\n").count == 1, "\(result.output)")
  }

  @Test func bookOfTheDocumentClears() async throws {
    let json = """
      {"reference": 6, "band": null, "orders": [
        {"id": "s1", "side": "sell", "type": "limit", "limit": 13, "quantity": 3},
        {"id": "s2", "side": "sell", "type": "limit", "limit": 5, "quantity": 3},
        {"id": "b1", "side": "buy", "type": "limit", "limit": 13, "quantity": 3},
        {"id": "b2", "side": "buy", "type": "limit", "limit": 8, "quantity": 3}]}
      """
    let result = try await ExchangeProcess.run(["clear"], input: json)
    #expect(result.status == 0)
    let object = try JSONSerialization.jsonObject(with: Data(result.output.utf8))
    let outcome = try #require(object as? [String: Any])
    #expect(outcome["status"] as? String == "cleared")
    #expect(outcome["price"] as? Int == 8)
    #expect(outcome["volume"] as? Int == 3)
    #expect(outcome["surplus"] as? Int == 3)
    let trades = try #require(outcome["trades"] as? [[String: Any]])
    #expect(trades.count == 1 && trades[0]["buy"] as? String == "b1")
    // One row a line, so that two outputs compare as text.
    #expect(
      result.output.hasPrefix(
        """
        {
          "status": "cleared",
          "price": 8,
          "volume": 3,
          "surplus": 3,
          "fills": [
            {"id":"s2","quantity":3},
            {"id":"b1","quantity":3}
          ],
          "trades": [
            {"buy":"b1","sell":"s2","quantity":3}
          ],
          "ladder": [
        """), "\(result.output)")
  }

  /// A description that could cost money is refused before anything is started.
  @Test(arguments: [
    (
      #""nodes": ["https://Node.example/v1", "https://node.example/v1/"]"#, "a node is named twice"
    ),
    (#""nodes": []"#, "it names no node"),
    (#""nodes": ["https://node.example"], "start": -1"#, "start is a height"),
  ])
  func aChainFileIsReadFirst(fields: String, expected: String) async throws {
    let root = FileManager.default.temporaryDirectory.path + "/uncross-chain-file-\(UUID())"
    try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: root) }
    let text = #"{"name": "eth", "chain_id": 1, "xpub": "xpub", "assets": [], \#(fields)}"#
    try text.write(toFile: root + "/chain.json", atomically: true, encoding: .utf8)
    let result = try await ExchangeProcess.run([
      "serve", "--data", root + "/data", "--port", "0", "--chain-file", root + "/chain.json",
    ])
    #expect(result.status != 0 && result.output.contains(expected), "\(result.output)")
  }

  @Test func demoAgreesToTheAtom() async throws {
    let result = try await ExchangeProcess.run([
      "demo", "--traders", "30", "--seconds", "6", "--rate", "60",
    ])
    #expect(result.status == 0, "\(result.output)")
    #expect(result.output.contains("engine, ledger, tape and chain agree to the atom"))
  }

  @Test func orderTermsAreSetAndSeen() async throws {
    try await ExchangeProcess.with { exchange in
      try await exchange.start()
      let common = [
        "--api", try #require(exchange.api), "--key", exchange.data + "/keys/operator.pem",
      ]
      let before = try await ExchangeProcess.run(["order-terms"] + common)
      #expect(before.output.contains("200000 orders a day"), "\(before.output)")
      let set = try await ExchangeProcess.run(
        [
          "order-terms", "--remembered", "9", "--free-per-day", "7", "--per-trade", "0",
          "--reason", "a quiet market",
        ] + common)
      #expect(set.status == 0 && set.output.contains("newest 9 finished"), "\(set.output)")
      let own = try await ExchangeProcess.run(["allowance"] + common)
      #expect(own.output.contains("7 orders left"), "\(own.output)")
      let log = try await ExchangeProcess.run(["log", "--action", "set_order_terms"] + common)
      #expect(log.output.contains("free_orders_per_day=7"), "\(log.output)")
      let part = try await ExchangeProcess.run(["order-terms", "--remembered", "9"] + common)
      #expect(part.status != 0 && part.output.contains("--per-trade"), "\(part.output)")
    }
  }

  /// Register, fund, send, and a second run that has nothing left to do.
  @Test func orderFileIsLoadedOnce() async throws {
    try await ExchangeProcess.with { exchange in
      try await exchange.start()
      let file = exchange.root + "/orders.csv"
      var lines = ["user,market,side,type,limit,quantity,client_order_id"]
      for number in 0..<300 {
        let side = number % 2 == 0 ? "buy" : "sell"
        lines.append(
          "user-\(number % 10),ETH-USDC,\(side),limit,2500.\(10 + number % 80),0.01,load-\(number)")
      }
      lines.append("user-1,ETH-USDC,buy,limit,2500.001,0.01,off-tick")
      try lines.joined(separator: "\n").write(toFile: file, atomically: true, encoding: .utf8)
      let arguments = [
        "load", file, "--api", try #require(exchange.api), "--operator-key",
        exchange.data + "/keys/operator.pem", "--second-operator-key",
        exchange.data + "/keys/treasurer.pem", "--keys", exchange.root + "/keys",
      ]
      let first = try await ExchangeProcess.run(arguments)
      #expect(first.output.contains("price_off_tick"), "\(first.output)")
      let second = try await ExchangeProcess.run(arguments)
      #expect(second.status == first.status, "\(second.output)")
      let locks = try exchange.number(
        "select count(*) - count(distinct ref) from balance_log where type = 'LOCK'")
      #expect(locks == 0, "an order was placed twice")
      #expect(try exchange.number("select count(*) from core.users where name like 'user-%'") == 10)
    }
  }
}
