// Requests that break many rules, mended one by one: which answer, from the path to the engine.

import Client
import Engine
import Testing

@testable import API

/// The answers so far, each later in the lists than the one before.
private struct RequestLadder {
  let codes: [String]
  var last = -1

  init(_ precedences: [Precedence]) {
    codes = precedences.flatMap(\.checks).map { Refusals.row($0).code }
  }

  mutating func step(
    _ answer: WireAnswer, _ code: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(answer.code == code, "\(answer.text)", sourceLocation: sourceLocation)
    let rank = codes.indices.first { $0 > last && codes[$0] == code }
    #expect(
      rank != nil, "\(code) is not after \(codes.prefix(last + 1))", sourceLocation: sourceLocation)
    last = rank ?? last
  }
}

@Suite struct RequestPrecedenceTests {
  private static let path = "/v1/orders"

  private static func body(
    _ market: String, _ quantity: String, _ price: String, _ more: String
  ) -> String {
    #"{"market":"\#(market)","side":"buy","price":"\#(price)","quantity":"\#(quantity)","#
      + #""client_order_id":"a1"\#(more)}"#
  }

  @Test func theFirstBrokenRuleAnswers() async throws {
    try await Venue.run { venue in
      var ladder = RequestLadder([.request, .orderBody, .placeOrder])
      let wrong = #","time_in_force":"gtd","expires_at":"1970-01-01T00:00:00.000000Z""#
      let wishes = wrong + #","minimum_quantity":"1","fill_or_kill":true"#
      let large = String(repeating: "x", count: 1 << 20)
      func send(
        _ body: String, as name: String? = "alice", _ method: String = "POST",
        _ path: String = Self.path, nonce: String? = nil, created: Int64? = nil,
        _ change: (inout RawRequest) -> Void = { _ in }
      ) async throws -> WireAnswer {
        try await venue.send(
          method, path, body: body, as: name, nonce: nonce, created: created, change)
      }
      let used = "a-nonce-that-was-used"
      _ = try await send("", as: "alice-reader", "GET", nonce: used)

      // Who asks.
      ladder.step(try await send("x", as: nil, "PUT", "/v1/nowhere"), "not_found")
      ladder.step(try await send("x", as: nil, "PUT"), "method_not_allowed")
      ladder.step(try await send("x", as: nil), "signature_missing")
      ladder.step(
        try await send("x", as: "alice-reader", nonce: used, created: 1) { $0.target += "?x=1" },
        "request_stale")
      ladder.step(
        try await send("x", as: "alice-reader", nonce: used) { $0.target += "?x=1" },
        "request_replayed")
      ladder.step(
        try await send("x", as: "alice-reader") { $0.target += "?x=1" }, "signature_invalid")
      // What it may, and what it sent.
      ladder.step(try await send(large, as: "alice-reader"), "forbidden")
      ladder.step(try await send(large) { $0.body[0] = 0 }, "body_too_large")
      ladder.step(try await send("x") { $0.body = Array("{}".utf8) }, "digest_mismatch")
      ladder.step(
        try await send(Self.body("NO-SUCH", "0", "0", wishes + #","x":1"#)), "bad_request")
      // The order against the market.
      ladder.step(
        try await send(Self.body("NO-SUCH", "0", "0", wishes)), "minimum_quantity_not_offered")
      ladder.step(
        try await send(Self.body("NO-SUCH", "0", "0", wrong + #","fill_or_kill":true"#)),
        "fill_or_kill_not_offered")
      venue.exchange.apply([
        .operation(.setFrozen(user: 2, frozen: true), by: .venue),
        .operation(.suspendMarket(0), by: .venue),
      ])
      ladder.step(try await send(Self.body("NO-SUCH", "0", "0", wrong)), "unknown_market")
      ladder.step(try await send(Self.body("ETH-USDC", "0", "0", wrong)), "quantity_out_of_range")
      ladder.step(try await send(Self.body("ETH-USDC", "0.00001", "0", wrong)), "quantity_off_lot")
      ladder.step(try await send(Self.body("ETH-USDC", "1", "0", wrong)), "price_out_of_range")
      ladder.step(try await send(Self.body("ETH-USDC", "1", "2000.001", wrong)), "price_off_tick")
      ladder.step(try await send(Self.body("ETH-USDC", "1", "2000", wrong)), "expiry_passed")
      // The engine.
      let late = #","expires_at":"1990-01-01T00:00:00.000000Z""#
      let fine = Self.body("ETH-USDC", "1", "2000", late)
      ladder.step(try await send(fine), "user_frozen")
      venue.exchange.apply([.operation(.setFrozen(user: 2, frozen: false), by: .venue)])
      let again = fine.replacing("a1", with: "a2")
      ladder.step(try await send(again), "market_suspended")
      venue.exchange.apply([.operation(.resumeMarket(0), by: .venue)])
      ladder.step(try await send(fine.replacing("a1", with: "a3")), "expiry_not_allowed")
      let good = Self.body("ETH-USDC", "1", "2000", "")
      #expect(try await send(good.replacing("a1", with: "a4")).status == 200)
    }
  }

  @Test func anOperatorsRequest() async throws {
    try await Venue.run { venue in
      var ladder = RequestLadder([.request, .operatorAction, .suspendMarket])
      let path = "/v1/operator/markets/ETH-USDC/suspend"
      func send(
        _ body: String, as name: String = "operator",
        _ change: (inout RawRequest) -> Void = { _ in }
      ) async throws -> WireAnswer {
        try await venue.send("POST", path, body: body, as: name, change)
      }
      venue.exchange.apply([
        .operation(.setFrozen(user: 1, frozen: true), by: .venue),
        .operation(.setFrozen(user: 2, frozen: true), by: .venue),
        .operation(.suspendMarket(0), by: .venue),
      ])
      let large = String(repeating: "x", count: 1 << 20)
      ladder.step(try await send(large, as: "alice"), "forbidden")
      ladder.step(try await send(large), "user_frozen")
      venue.exchange.apply([.operation(.setFrozen(user: 1, frozen: false), by: .venue)])
      ladder.step(try await send(large) { $0.body[0] = 0 }, "body_too_large")
      ladder.step(
        try await send(#"{"reason":"a\nb","x":1}"#) { $0.body.append(UInt8(ascii: " ")) },
        "digest_mismatch")
      ladder.step(try await send(#"{"reason":"a\nb","x":1}"#), "bad_request")
      ladder.step(try await send(#"{"reason":"a\nb"}"#), "text_invalid")
      ladder.step(try await send(#"{"reason":""}"#), "reason_missing")
      ladder.step(try await send(#"{"reason":"a"}"#), "market_already_suspended")
    }
  }
}
