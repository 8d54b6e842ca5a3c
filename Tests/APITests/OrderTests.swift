// Orders over the wire: bodies row by row, batches, exact decimals, the life of an order.

import Client
import Engine
import Formats
import Testing
import Wire

@testable import API

/// A body's fields with one changed, added or (nil) taken out.
private func body(_ changes: [String: String?] = [:], _ extra: String = "") -> String {
  var fields = [
    "market": "\"ETH-USDC\"", "side": "\"buy\"", "price": "\"2000\"", "quantity": "\"1\"",
    "client_order_id": "\"row\"",
  ]
  for (name, value) in changes { fields[name] = value }
  let pairs = fields.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }
  return "{" + pairs.joined(separator: ",") + extra + "}"
}

/// A body, the code that it gets (nil: accepted).
private let rows: [(name: String, body: String, code: String?)] = [
  ("plain", body(), nil),
  ("explicit", body(["type": "\"limit\"", "time_in_force": "\"gtc\""]), nil),
  ("next auction", body(["time_in_force": "\"auction\""]), nil),
  ("market order", body(["type": "\"market\"", "price": nil]), nil),
  ("false wish", body(["fill_or_kill": "false"]), nil),
  ("escapes", body(["client_order_id": #""\u0072ow\u002d2""#]), nil),

  ("empty", "", "bad_request"), ("not JSON", "market=ETH-USDC", "bad_request"),
  ("not an object", "[]", "bad_request"), ("cut", String(body().dropLast()), "bad_request"),
  ("more follows", body() + "{}", "bad_request"),
  ("unknown field", body(["prise": "\"1\""]), "bad_request"),
  ("camel case", body(["clientOrderID": "\"x\""]), "bad_request"),
  ("twice", body([:], ",\"side\":\"sell\""), "bad_request"),
  ("twice by escape", body([:], ",\"s\\u0069de\":\"sell\""), "bad_request"),
  ("no market", body(["market": nil]), "bad_request"),
  ("no side", body(["side": nil]), "bad_request"),
  ("no quantity", body(["quantity": nil]), "bad_request"),
  ("no client id", body(["client_order_id": nil]), "bad_request"),
  ("null for none", body(["minimum_quantity": "null"]), "bad_request"),
  ("null for no wish", body(["fill_or_kill": "null"]), "bad_request"),
  ("zeros at the end", body(["price": "\"2000.0\""]), "bad_request"),
  ("zeros that count for nothing", body(["quantity": "\"1.50\""]), "bad_request"),
  ("null client id", body(["client_order_id": "null"]), "bad_request"),
  ("empty client id", body(["client_order_id": "\"\""]), "bad_request"),
  (
    "long client id", body(["client_order_id": "\"\(String(repeating: "x", count: 37))\""]),
    "bad_request"
  ),
  ("client id with space", body(["client_order_id": "\"a b\""]), "bad_request"),
  ("side", body(["side": "\"BUY\""]), "bad_request"),
  ("type", body(["type": "\"stop\""]), "bad_request"),
  ("time in force", body(["time_in_force": "\"ioc\""]), "bad_request"),
  ("number price", body(["price": "2000"]), "bad_request"),
  ("number quantity", body(["quantity": "1"]), "bad_request"),
  ("exponent", body(["price": "\"2e3\""]), "bad_request"),
  ("plus", body(["price": "\"+2000\""]), "bad_request"),
  ("leading zero", body(["price": "\"02000\""]), "bad_request"),
  ("space", body(["price": "\" 2000\""]), "bad_request"),
  ("no digits after point", body(["price": "\"2000.\""]), "bad_request"),
  ("no digits before point", body(["quantity": "\".5\""]), "bad_request"),
  ("thousands", body(["price": "\"2,000\""]), "bad_request"),
  ("other digits", body(["price": "\"２０００\""]), "bad_request"),
  (
    "another spelling of a time",
    body(["time_in_force": "\"gtd\"", "expires_at": "\"2027-01-01T00:00:00Z\""]), "bad_request"
  ), ("minus zero", body(["quantity": "\"-0\""]), "bad_request"),
  (
    "a market that is not ASCII", body(["market": "\"\u{415}\u{422}\u{41d}-USDC\""]),
    "unknown_market"
  ), ("a name too long", body([String(repeating: "n", count: 65): "1"]), "bad_request"),
  ("time", body(["time_in_force": "\"gtd\"", "expires_at": "\"tomorrow\""]), "bad_request"),
  ("control character", body(["client_order_id": "\"a\u{1}\""]), "bad_request"),
  ("lone surrogate", body(["client_order_id": #""\ud800""#]), "bad_request"),
  ("deep", String(repeating: "[", count: 100), "bad_request"),

  ("unknown market", body(["market": "\"BTC-USDC\""]), "unknown_market"),
  ("off tick", body(["price": "\"2000.005\""]), "price_off_tick"),
  ("far off tick", body(["price": "\"2000.00000000000000000001\""]), "price_off_tick"),
  ("zeros at the end on tick", body(["price": "\"2000.0100000\""]), "bad_request"),
  ("price zero", body(["price": "\"0\""]), "price_out_of_range"),
  ("price negative", body(["price": "\"-1\""]), "price_out_of_range"),
  ("price huge", body(["price": "\"99999999999999999999\""]), "price_out_of_range"),
  ("off lot", body(["quantity": "\"0.00015\""]), "quantity_off_lot"),
  ("one atom", body(["quantity": "\"0.000000000000000001\""]), "quantity_off_lot"),
  ("below an atom", body(["quantity": "\"1.0000000000000000001\""]), "quantity_off_lot"),
  ("quantity zero", body(["quantity": "\"0\""]), "quantity_out_of_range"),
  ("quantity negative", body(["quantity": "\"-1\""]), "quantity_out_of_range"),
  ("quantity huge", body(["quantity": "\"99999999999999999999\""]), "quantity_out_of_range"),
  ("too small", body(["quantity": "\"0.0001\"", "price": "\"1\""]), "notional_too_small"),
  ("no price", body(["price": nil]), "limit_missing"),
  ("market order with price", body(["type": "\"market\""]), "limit_not_allowed"),
  (
    "market order that rests",
    body(["type": "\"market\"", "price": nil, "time_in_force": "\"gtc\""]),
    "time_in_force_not_allowed"
  ),
  ("gtd without time", body(["time_in_force": "\"gtd\""]), "expiry_missing"),
  (
    "time without gtd", body(["expires_at": "\"2027-01-01T00:00:00.000000Z\""]),
    "expiry_not_allowed"
  ),
  (
    "expired", body(["time_in_force": "\"gtd\"", "expires_at": "\"2026-01-01T00:00:00.000000Z\""]),
    "expiry_passed"
  ),
  (
    "expired in 1970",
    body(["time_in_force": "\"gtd\"", "expires_at": "\"1970-01-01T00:00:00.000000Z\""]),
    "expiry_passed"
  ),
  ("fill or kill", body(["fill_or_kill": "true"]), "fill_or_kill_not_offered"),
  ("fok", body(["time_in_force": "\"fok\""]), "fill_or_kill_not_offered"),
  ("minimum quantity", body(["minimum_quantity": "\"0.5\""]), "minimum_quantity_not_offered"),
  ("too expensive", body(["quantity": "\"1000\""]), "insufficient_funds"),
]

@Suite struct OrderTests {
  @Test func everyBody() async throws {
    for row in rows {
      // A venue each: a client order id remembers its answer.
      try await Venue.run { venue in
        let answer = try await venue.send("POST", "/v1/orders", body: row.body, as: "alice")
        #expect(answer.code == row.code, "\(row.name): \(answer.text)")
        #expect((answer.status == 200) == (row.code == nil), "\(row.name)")
        if row.code == "bad_request" || row.code == "price_off_tick"
          || row.code == "quantity_off_lot"
        {
          #expect(venue.exchange.submittedCount == 0, "\(row.name) reached the journal")
        }
      }
    }
  }

  @Test func aRepeatedOrderGetsTheFirstAnswer() async throws {
    try await Venue.run { venue in
      try await venue.with("alice") { client in
        let order = NewOrder(
          .buy, decimal("1.5"), of: "ETH-USDC", at: decimal("2000.5"), clientOrderID: "same")
        let first = try await client.place(order)
        #expect(!first.repeated && first.acceptedAt.microseconds == Venue.start * 1_000_000)
        venue.exchange.apply([.schedule(.advanceTime((Venue.start + 60) * 1_000_000))])
        var again = try await client.place(order)
        #expect(again.repeated)
        again.repeated = false
        #expect(again == first)
        var other = order
        other.quantity = decimal("1.6")
        #expect(await codeThrown { try await client.place(other) } == "duplicate_client_order_id")
      }
    }
  }

  @Test func theLifeOfAnOrder() async throws {
    try await Venue.run { venue in
      try await venue.with("alice") { client in
        let placed = try await client.place(
          NewOrder(.buy, decimal("1.5"), of: "ETH-USDC", at: decimal("2000"), clientOrderID: "life")
        )
        let id = placed.orderID
        let order = try await client.order(id)
        #expect(order.status == .open && order.price == decimal("2000"))
        #expect(order.quantity == decimal("1.5") && order.executedQuantity == .zero)
        #expect(try await client.order(clientOrderID: "life") == order)
        #expect(try await client.order(clientOrderID: "other") == nil)

        let less = try await client.amend(id, OrderAmendment(quantity: decimal("1")))
        #expect(!less.lostPriority)
        let dearer = try await client.amend(id, OrderAmendment(price: decimal("2001")))
        #expect(dearer.lostPriority)
        let amended = try await client.order(id)
        #expect(amended.price == decimal("2001") && amended.quantity == decimal("1"))
        for (amendment, code) in [
          (OrderAmendment(), "bad_request"),
          (OrderAmendment(price: decimal("2001.005")), "price_off_tick"),
          (OrderAmendment(quantity: .zero), "quantity_out_of_range"),
        ] {
          #expect(await codeThrown { try await client.amend(id, amendment) } == code)
        }

        let cancelled = try await client.cancel(id)
        #expect(cancelled.cancelledQuantity == decimal("1"))
        #expect(await codeThrown { try await client.cancel(id) } == "order_finished")
        #expect(try await client.order(id).status == .cancelled)
        #expect(await codeThrown { try await client.cancel("1") } == "order_not_found")
        for bad in ["0", "-1", "01", "x", "99999999999999999999", "1%20"] {
          #expect(await codeThrown { try await client.order(bad) } == "order_not_found", "\(bad)")
        }
      }
    }
  }

  @Test func othersOrdersDoNotExist() async throws {
    try await Venue.run { venue in
      let placed = try await venue.with("alice") {
        try await $0.place(
          NewOrder(.buy, decimal("1"), of: "ETH-USDC", at: decimal("2000"), clientOrderID: "mine"))
      }
      for (method, body) in [("GET", ""), ("DELETE", ""), ("PATCH", #"{"price":"1"}"#)] {
        let answer = try await venue.send(
          method, "/v1/orders/\(placed.orderID)", body: body, as: "bob")
        #expect(answer.status == 404 && answer.code == "order_not_found", "\(method)")
      }
    }
  }

  @Test func aBatchHasAnOutcomeForEachOrder() async throws {
    try await Venue.run { venue in
      try await venue.with("alice") { client in
        func order(
          _ id: String, _ price: String, _ quantity: String = "0.01", _ market: String = "ETH-USDC"
        ) -> NewOrder {
          NewOrder(.buy, decimal(quantity), of: market, at: decimal(price), clientOrderID: id)
        }
        let outcomes = try await client.place([
          order("b1", "2000"), order("b2", "2000.001"), order("b3", "1999", "1000"),
          order("b4", "1998", "0.01", "NO-SUCH"), order("b1", "2000"), order("b1", "2001"),
          order("b5", "1997"),
        ])
        let codes = outcomes.map { outcome in
          switch outcome {
          case .accepted(let order): order.repeated ? "repeated" : "accepted"
          case .refused(let order): order.error.code
          }
        }
        #expect(
          codes == [
            "accepted", "price_off_tick", "insufficient_funds", "unknown_market", "repeated",
            "duplicate_client_order_id", "accepted",
          ])
        if case .refused(let order) = outcomes[1] { #expect(order.clientOrderID == "b2") }
        #expect(venue.exchange.submittedCount == 5)
      }
      let good =
        #"{"market":"ETH-USDC","side":"buy","price":"1","quantity":"1","client_order_id":"g"}"#
      let bad = good.dropLast() + #","x":1}"#
      for (body, part) in [
        (#"{"orders":[\#(good),\#(bad)]}"#, "orders[1]"), (#"{"orders":[]}"#, "1 to 1000"),
        (#"{"orders":{}}"#, "array"), (#"{"orders":[1]}"#, "orders[0]"), ("{}", "orders"),
        (#"{"orders":[\#(good)],"market":"x"}"#, "market"),
        (
          "{\"orders\":[\(Array(repeating: "1", count: 1_001).joined(separator: ","))]}",
          "1 to 1000"
        ),
      ] {
        let answer = try await venue.send("POST", "/v1/orders/batch", body: body, as: "alice")
        #expect(
          answer.code == "bad_request" && answer.text.contains(part), "\(part): \(answer.text)")
      }
      #expect(venue.exchange.submittedCount == 5)
    }
  }

  @Test func aBatchOfAThousand() async throws {
    try await Venue.run { venue in
      venue.exchange.apply([
        .operation(
          .changeMarket(
            MarketChange(
              market: 0,
              terms: MarketTerms(
                intervalMilliseconds: 2_000, bandBasisPoints: 1_000, buyFeeBasisPoints: 10,
                sellFeeBasisPoints: 20, minimumNotional: 0, maximumOpenOrders: 10_000))), by: .venue
        )
      ])
      try await venue.with("alice") { client in
        let orders = (0..<1_000).map { index in
          NewOrder(
            .buy, decimal("0.0001"), of: "ETH-USDC",
            at: DecimalAmount(atoms: Int128(100_000 + index), decimals: 2),
            clientOrderID: "thousand-\(index)")
        }
        let outcomes = try await client.place(orders)
        #expect(outcomes.count == 1_000)
        #expect(outcomes.allSatisfy { if case .accepted = $0 { true } else { false } })
        let cancelled = try await client.cancelAll(market: "ETH-USDC")
        #expect(cancelled.cancelledOrders == 1_000)
      }
    }
  }

  /// Nothing to cancel is nothing to write down.
  @Test func cancellingNothingSubmitsNothing() async throws {
    try await Venue.run { venue in
      func cancelAll(_ target: String = "/v1/orders") async throws -> String? {
        let answer = try await venue.send("DELETE", target, as: "alice")
        #expect(answer.json["cancelled_at"]?.text?.hasPrefix("2026-") == true, "\(answer.text)")
        return answer.text.contains(#""cancelled_orders":0"#) ? nil : answer.text
      }
      #expect(try await cancelAll() == nil)
      #expect(try await cancelAll("/v1/orders?market=ETH-USDC") == nil)
      #expect(venue.exchange.submittedCount == 0)
      try await venue.with("alice") { client in
        _ = try await client.place(
          NewOrder(
            .buy, decimal("1"), of: "ETH-USDC", at: decimal("2000"), clientOrderID: "only"))
      }
      // Another's orders are not its own.
      #expect(try await venue.send("DELETE", "/v1/orders", as: "bob").status == 200)
      #expect(venue.exchange.submittedCount == 1)
      let list = try await venue.send("GET", "/v1/orders", as: "alice")
      let id = try #require(list.json["orders"]?[0]?["order_id"]?.text)
      for body in [
        #"{"price":"2000"}"#, #"{"quantity":"1"}"#, #"{"price":"2000","quantity":"1"}"#,
      ] {
        let same = try await venue.send("PATCH", "/v1/orders/\(id)", body: body, as: "alice")
        #expect(same.text.contains(#""lost_priority":false"#), "\(same.text)")
      }
      let none = try await venue.send("DELETE", "/v1/withdrawals/7", as: "alice")
      #expect(none.code == "withdrawal_not_found")
      #expect(venue.exchange.submittedCount == 1)
      #expect(try await cancelAll() != nil && venue.exchange.submittedCount == 2)
      #expect(try await cancelAll() == nil && venue.exchange.submittedCount == 2)
    }
  }

  /// Eighteen places in a price, a quantity and what they make of a balance.
  @Test func eighteenPlacesAreExact() async throws {
    try await Venue.run { venue in
      try await venue.with("operator") { client in
        _ = try await client.createAsset(
          NewAsset(code: "DAI", decimals: 18, adjustmentLimit: decimal("1000000")))
        _ = try await client.createMarket(
          NewMarket(
            market: "ETH-DAI", base: "ETH", quote: "DAI", tickSize: decimal("0.000000001"),
            lotSize: decimal("0.000000001"), intervalMilliseconds: 1_000, bandBasisPoints: 0,
            buyFeeBasisPoints: 0, sellFeeBasisPoints: 0, minimumNotional: .zero, listingPrice: nil))
      }
      // Who created the asset gives nothing of it alone.
      try await venue.with("second-operator") { client in
        _ = try await client.adjust(
          NewAdjustment(
            requestID: "dai", user: "2", asset: "DAI", amount: decimal("10000.000000000000000001"),
            reason: "test"))
      }
      try await venue.with("alice") { client in
        _ = try await client.place(
          NewOrder(
            .buy, decimal("1.000000001"), of: "ETH-DAI", at: decimal("1234.567890123"),
            clientOrderID: "exact"))
        let balance = try await client.balances().first { $0.asset == "DAI" }
        // 1234.567890123 x 1.000000001, by hand.
        #expect(balance?.locked == decimal("1234.567891357567890123"))
        #expect(balance?.free == decimal("8765.432108642432109878"))
        #expect(balance?.total == decimal("10000.000000000000000001"))
        let order = try await client.order(clientOrderID: "exact")
        #expect(order?.price == decimal("1234.567890123"))
        #expect(order?.quantity == decimal("1.000000001"))
      }
    }
  }
}
