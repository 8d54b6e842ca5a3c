// What goes wrong outside: a core that is away, too full or cut off, limits, and the client.

import AsyncHTTPClient
import Client
import Engine
import Formats
import NIOCore
import NIOHTTP1
import Synchronization
import Testing
import Wire

@testable import API

private let orderBody =
  #"{"market":"ETH-USDC","side":"buy","price":"2000","quantity":"0.01","client_order_id":"f"}"#

private let limited = "rate_limited"

@Suite struct FailureTests {
  @Test func theCoresErrorsHaveTheirStatus() async throws {
    try await Venue.run { venue in
      let rows: [(ExchangeError, Int, String, String?)] = [
        (
          .unavailable(reason: "the database is away", retryAfterSeconds: 7), 503, "unavailable",
          "7"
        ),
        (.unavailable(reason: "starting", retryAfterSeconds: 0), 503, "unavailable", "1"),
        (.overloaded(retryAfterSeconds: 3), 429, "overloaded", "3"),
        (.rateLimited(reason: "wait", retryAfterSeconds: 2), 429, "rate_limited", "2"),
        (.outcomeUnknown, 500, "outcome_unknown", nil),
      ]
      for (error, status, code, retryAfter) in rows {
        venue.exchange.fail(with: error)
        for (method, target, body) in [
          ("POST", "/v1/orders", orderBody), ("GET", "/v1/orders", ""), ("GET", "/v1/ledger", ""),
          ("POST", "/v1/orders/batch", #"{"orders":[\#(orderBody)]}"#),
        ] {
          let answer = try await venue.send(method, target, body: body, as: "alice")
          #expect(answer.status == status && answer.code == code, "\(method) \(target)")
          #expect(answer.header("Retry-After") == retryAfter)
          #expect(answer.json["error"]?["request_id"]?.text?.count == 16)
        }
      }
    }
  }

  @Test func readiness() async throws {
    try await Venue.run { venue in
      #expect(try await venue.send("GET", "/healthz").text == #"{"status":"ok"}"#)
      #expect(try await venue.send("GET", "/readyz").text == #"{"status":"ready"}"#)
      venue.exchange.setReadiness(.notReady(reason: "replaying"))
      let answer = try await venue.send("GET", "/readyz")
      #expect(answer.status == 503 && answer.code == "unavailable")
      #expect(answer.header("Retry-After") == "1")
      // Why not is for the operator's machines only.
      #expect(!answer.text.contains("replaying"))
      #expect(try await venue.ask("/readyz").text.contains("replaying"))
      #expect(try await venue.ask("/healthz").status == 200)
      #expect(try await venue.send("GET", "/healthz").status == 200)
    }
  }

  @Test func metricsAreInThePrometheusFormat() async throws {
    try await Venue.run { venue in
      _ = try await venue.send("GET", "/v1/balances")
      let answer = try await venue.ask("/metrics")
      #expect(answer.header("Content-Type") == "text/plain; version=0.0.4")
      let lines = answer.text.split(separator: "\n")
      #expect(lines.contains("# TYPE uncross_test_figure gauge"))
      #expect(lines.contains(#"uncross_test_figure{kind="a\"b"} 1.5"#))
      #expect(lines.contains(#"uncross_api_answers_total{status="401"} 1"#))
      #expect(lines.contains(#"uncross_api_refusals_total{code="signature_missing"} 1"#))
      #expect(lines.filter { $0 == "# TYPE uncross_api_answers_total counter" }.count == 1)
    }
  }

  @Test func figuresAreTheOperators() async throws {
    try await Venue.run { venue in
      #expect(try await venue.send("GET", "/metrics").code == "not_found")
      for (name, code) in [("alice", "forbidden"), ("operator", nil)] {
        let answer = try await venue.send("GET", "/v1/operator/metrics", as: name)
        #expect(answer.code == code && answer.text.contains("uncross_test_figure") == (code == nil))
      }
      let read = try await venue.with("operator") { try await $0.metrics() }
      #expect(read.contains("uncross_test_figure"))
      // Nothing else is there without a key.
      for path in ["/v1/markets", "/v1/operator/metrics", "/v1/balances"] {
        #expect(try await venue.ask(path).code == "not_found")
      }
    }
  }

  @Test func bodiesAreBounded() async throws {
    try await Venue.run { venue in
      let padding = String(repeating: " ", count: Route.maximumBody - orderBody.utf8.count)
      let rows: [(String, String, Int)] = [
        ("/v1/orders", orderBody + padding, 200), ("/v1/orders", orderBody + padding + " ", 413),
        ("/v1/orders/batch", String(repeating: " ", count: Route.maximumBatchBody + 1), 413),
      ]
      for (target, body, status) in rows {
        let answer = try await venue.send("POST", target, body: body, as: "alice")
        #expect(answer.status == status, "\(body.utf8.count)")
        #expect((answer.code == "body_too_large") == (status == 413))
      }
    }
  }

  /// A body without a length is counted as it comes in.
  @Test func aStreamedBodyIsBoundedToo() async throws {
    try await Venue.run { venue in
      let body = [UInt8](repeating: 0x20, count: Route.maximumBody + 1)
      let fields = try Venue.signer("alice").sign(
        method: "POST", target: "/v1/orders", body: body, created: venue.clock.seconds)
      var request = HTTPClientRequest(url: venue.url + "/v1/orders")
      request.method = .POST
      for field in fields.all { request.headers.add(name: field.name, value: field.value) }
      let pieces = AsyncStream<ByteBuffer> { stream in
        for start in stride(from: 0, to: body.count, by: 10_000) {
          stream.yield(ByteBuffer(bytes: body[start..<min(start + 10_000, body.count)]))
        }
        stream.finish()
      }
      request.body = .stream(pieces, length: .unknown)
      let response = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
      #expect(response.status.code == 413)
    }
  }

  @Test func headsAreBounded() async throws {
    try await Venue.run { venue in
      let rows: [(Int, Int)] = [(1, 7_000), (40, 300), (1, 9_000), (100, 10), (40, 500)]
      var answered: [Bool] = []
      for (count, length) in rows {
        let headers = (0..<count).map { ("X-\($0)", String(repeating: "x", count: length)) }
        let answer = try? await venue.send("GET", "/healthz", headers: headers)
        answered.append(answer?.status == 200)
      }
      #expect(answered == [true, true, false, false, false])
      let long = try await venue.send("GET", "/" + String(repeating: "x", count: 3_000))
      #expect(long.status == 404)
    }
  }

  // MARK: Rates

  /// Of all its keys together: sixteen keys are no sixteen rates.
  @Test func aUserHasARate() async throws {
    try await Venue.run(
      Venue.configuration.with(\.userLimit, RateLimit(perSecond: 10, burst: 1_000))
    ) { venue in
      let orders = Array(repeating: orderBody, count: 998).joined(separator: ",")
      let batch = try await venue.send(
        "POST", "/v1/orders/batch", body: #"{"orders":[\#(orders)]}"#, as: "alice")
      #expect(batch.status == 200)
      var codes: [String?] = []
      for key in ["alice", "alice-reader", "alice-bot"] {
        codes.append(try await venue.send("GET", "/v1/balances", as: key).code)
      }
      #expect(codes == [nil, nil, "rate_limited"])
      #expect(try await venue.send("GET", "/v1/balances", as: "bob").code == nil)
      let before = venue.exchange.submittedCount
      let refused = try await venue.send(
        "POST", "/v1/orders/batch", body: #"{"orders":[\#(orders)]}"#, as: "alice")
      #expect(refused.status == 429 && refused.header("Retry-After") == "1")
      #expect(venue.exchange.submittedCount == before)
      // A tenth of a second is one token.
      venue.clock.advance(milliseconds: 100)
      #expect(try await venue.send("GET", "/v1/balances", as: "alice").status == 200)
      // One is there, the batch needs 998: it is told when, first by its bytes, then by its orders.
      venue.clock.advance(milliseconds: 100)
      for _ in 0..<2 {
        let later = try await venue.send(
          "POST", "/v1/orders/batch", body: #"{"orders":[\#(orders)]}"#, as: "alice")
        #expect(later.code == "rate_limited")
        let wait = try #require(later.header("Retry-After").flatMap { Int64($0) })
        #expect((1...101).contains(wait))
        venue.clock.advance(milliseconds: wait * 1_000)
      }
      let again = try await venue.send(
        "POST", "/v1/orders/batch", body: #"{"orders":[\#(orders)]}"#, as: "alice")
      #expect(again.status == 200)
    }
  }

  /// Whatever is in it: a body is paid for before it is read.
  @Test func aBodyHasItsPrice() async throws {
    let configuration = Venue.configuration
      .with(\.userLimit, RateLimit(perSecond: 1, burst: 2_000))
    try await Venue.run(configuration) { venue in
      let rubbish = String(repeating: "[", count: Route.maximumBatchBody)
      var codes: [String?] = []
      for _ in 0..<5 {
        codes.append(
          try await venue.send("POST", "/v1/orders/batch", body: rubbish, as: "alice").code)
      }
      #expect(codes == ["bad_request", "bad_request", "bad_request", limited, limited])
      #expect(try await venue.send("GET", "/v1/balances", as: "bob").status == 200)
      // Without a length it may be as long as the route takes.
      let open = try venue.connect()
      open.send(
        venue.head("POST", "/v1/orders/batch", as: "alice", ["Transfer-Encoding: chunked"]))
      #expect(try await open.answer().contains("rate_limited"))
    }
    // Orders are the dearer part of the longest batch.
    #expect(BodyBudget.tokens(Route.maximumBatchBody) == 512)
    #expect([0, 1, 2_048, 2_049].map { BodyBudget.tokens($0) } == [1, 1, 1, 2])
  }

  /// Neither a proof nor a nonce is spent on a user beyond its rate, and its neighbours at the
  /// address have what they had.
  @Test func aUserBeyondItsRateCostsNoProof() async throws {
    let configuration = Venue.configuration
      .with(\.userLimit, RateLimit(perSecond: 1, burst: 1_000))
      .with(\.addressLimit, RateLimit(perSecond: 1, burst: 5))
      .with(\.failureLimit, RateLimit(perSecond: 1, burst: 2))
    try await Venue.run(configuration) { venue in
      func balances(_ name: String, _ nonce: String? = nil) async throws -> String? {
        try await venue.send("GET", "/v1/balances", as: name, nonce: nonce).code
      }
      let orders = Array(repeating: orderBody, count: 999).joined(separator: ",")
      let batch = try await venue.send(
        "POST", "/v1/orders/batch", body: #"{"orders":[\#(orders)]}"#, as: "alice")
      #expect(batch.status == 200)
      #expect(try await balances("alice", "the-last-token") == nil)
      for _ in 0..<8 { #expect(try await balances("alice", "not-spent") == limited) }
      // A proof would have found it wrong.
      let wrong = try await venue.send("GET", "/v1/balances", as: "alice") {
        $0.target = "/v1/fills"
      }
      #expect(wrong.code == limited)
      // The address paid for none of it, and a stranger learns nothing of the user's rate.
      for _ in 0..<5 { #expect(try await venue.send("GET", "/v1/markets").status == 200) }
      #expect(try await venue.send("GET", "/v1/markets").code == limited)
      #expect(try await balances("bob") == nil)
      venue.clock.advance(milliseconds: 1_000)
      #expect(try await balances("alice", "not-spent") == nil)
      #expect(try await balances("alice", "not-spent") == "request_replayed")
    }
  }

  @Test func anAddressHasARate() async throws {
    let configuration = Venue.configuration
      .with(\.addressLimit, RateLimit(perSecond: 1, burst: 3))
    try await Venue.run(configuration) { venue in
      var codes: [String?] = []
      for _ in 0..<4 { codes.append(try await venue.send("GET", "/v1/markets").code) }
      #expect(codes == [nil, nil, nil, "rate_limited"])
      // Strangers count as the public; who has a key does not.
      #expect(try await venue.send("GET", "/v1/balances", as: "stranger").code == "rate_limited")
      #expect(try await venue.send("GET", "/v1/balances", as: "alice").status == 200)
    }
  }

  /// Every refusal before a key is proved costs its address.
  @Test func refusalsAreCharged() async throws {
    let configuration = Venue.configuration.with(
      \.addressLimit, RateLimit(perSecond: 1, burst: 2))
    let rows: [(String, @Sendable (Venue) async throws -> WireAnswer)] = [
      ("not_found", { try await $0.send("GET", "/nothing") }),
      ("not_found", { try await $0.send("GET", "/nothing", as: "alice") }),
      ("method_not_allowed", { try await $0.send("PUT", "/v1/orders") }),
      ("signature_missing", { try await $0.send("GET", "/v1/balances") }),
      ("request_stale", { try await $0.send("GET", "/v1/balances", as: "alice", created: 1) }),
      (
        "signature_invalid",
        { try await $0.send("GET", "/v1/balances", as: "alice") { $0.target = "/v1/fills" } }
      ),
      ("signature_invalid", { try await $0.send("GET", "/v1/balances", as: "stranger") }),
      (
        "request_replayed",
        {
          try await $0.send(
            "GET", "/v1/balances", as: "alice", nonce: "used-before", created: Venue.start + 10)
        }
      ),
    ]
    for (code, send) in rows {
      try await Venue.run(configuration) { venue in
        _ = try await venue.send(
          "GET", "/v1/balances", as: "alice", nonce: "used-before", created: Venue.start + 10)
        var codes: [String?] = []
        for _ in 0..<3 { codes.append(try await send(venue).code) }
        #expect(codes == [code, code, "rate_limited"])
        venue.clock.advance(milliseconds: 1_000)
        #expect(try await send(venue).code == code)
      }
    }
  }

  @Test func wrongSignaturesLockNobodyElseOut() async throws {
    let configuration = Venue.configuration
      .with(\.failureLimit, RateLimit(perSecond: 1, burst: 2))
      .with(\.proxyHeader, "X-Forwarded-For")
    try await Venue.run(configuration) { venue in
      func from(_ address: String) -> [(String, String)] { [("X-Forwarded-For", address)] }
      let open = try venue.connect()
      func alice() async throws -> String {
        open.send(
          venue.head("GET", "/v1/balances", as: "alice", ["X-Forwarded-For: 10.0.0.1"]))
        return try await open.answer()
      }
      #expect(try await alice().contains("200 OK"))
      func wrong(as name: String) async throws {
        for code in ["signature_invalid", "signature_invalid", "rate_limited"] {
          let answer = try await venue.send(
            "GET", "/v1/balances", as: name, headers: from("10.0.0.1")
          ) { $0.target = "/v1/fills" }
          #expect(answer.code == code)
        }
      }
      try await wrong(as: "bob")
      // The address has none left. What was open goes on, a key that was here does over another
      // connection, other addresses do, and it has more soon.
      #expect(try await alice().contains("200 OK"))
      let again = try await venue.send(
        "GET", "/v1/balances", as: "alice", headers: from("10.0.0.1"))
      #expect(again.status == 200)
      let here = try await venue.send(
        "GET", "/v1/balances", as: "bob", headers: from("10.0.0.1"))
      #expect(here.code == "rate_limited")
      // A key that was here has as many of its own.
      try await wrong(as: "alice")
      #expect(try await alice().contains("200 OK"))
      let there = try await venue.send(
        "GET", "/v1/balances", as: "alice", headers: from("10.0.0.2"))
      #expect(there.status == 200)
      venue.clock.advance(milliseconds: 1_000)
      let later = try await venue.send(
        "GET", "/v1/balances", as: "bob", headers: from("10.0.0.1"))
      #expect(later.status == 200)
    }
  }

  @Test func aProxyNamesTheAddress() async throws {
    let configuration = Venue.configuration
      .with(\.addressLimit, RateLimit(perSecond: 1, burst: 1))
      .with(\.proxyHeader, "X-Forwarded-For")
    try await Venue.run(configuration) { venue in
      // Only the last entry is the proxy's own word.
      let rows: [(String, String?)] = [
        ("10.0.0.1", nil), ("10.0.0.2", nil), ("10.0.0.1", "rate_limited"),
        ("10.0.0.9, 10.0.0.1", "rate_limited"), ("10.0.0.1, 10.0.0.3", nil),
      ]
      for (value, code) in rows {
        let answer = try await venue.send(
          "GET", "/v1/markets", headers: [("X-Forwarded-For", value)])
        #expect(answer.code == code, "\(value)")
      }
    }
  }

  @Test func provedKeysAreKnownForAnHour() throws {
    let keys = ProvedKeys(capacity: 2)
    let hour: Int64 = 3_600_000_000_000
    let (one, other, third) = (
      try #require(PublicKey(Venue.signer("alice").publicKey)),
      try #require(PublicKey(Venue.signer("bob").publicKey)),
      try #require(PublicKey(Venue.signer("carol").publicKey))
    )
    keys.prove(one, from: "a", at: 0)
    #expect(keys.source("a", one, at: hour - 1) == FailureSource(address: "a", key: one))
    // Not from another address, no other key, not an hour later.
    #expect(keys.source("b", one, at: 1) == FailureSource(address: "b"))
    #expect(keys.source("a", other, at: 1) == FailureSource(address: "a"))
    #expect(keys.source("a", one, at: hour) == FailureSource(address: "a"))
    // A third finds no place, until another's hour is over.
    keys.prove(other, from: "a", at: 1)
    keys.prove(third, from: "a", at: 2)
    #expect(keys.source("a", third, at: 2) == FailureSource(address: "a"))
    keys.prove(third, from: "a", at: hour)
    #expect(keys.source("a", third, at: hour) == FailureSource(address: "a", key: third))
  }

  @Test func bucketsRefillAndForget() {
    let buckets = TokenBuckets<Int>(RateLimit(perSecond: 2, burst: 4))
    let second: Int64 = 1_000_000_000
    #expect((0..<5).map { _ in buckets.take(of: 1, at: 0) } == [nil, nil, nil, nil, 1])
    #expect(buckets.isEmpty(1, at: 0) && !buckets.isEmpty(2, at: 0))
    #expect(buckets.take(4, of: 1, at: second) == 1)
    #expect(buckets.take(2, of: 1, at: second) == nil)
    #expect(buckets.take(4, of: 1, at: 100 * second) == nil)
    #expect(buckets.take(5, of: 2, at: 0) == 1)
    #expect(buckets.take(0, of: 1, at: 100 * second) == nil)
    // More names than places share one bucket, until the full ones are swept out.
    for name in 0..<1 << 16 { _ = buckets.take(of: name + 10, at: 200 * second) }
    let others = (0..<5).map { buckets.take(of: -1 - $0, at: 200 * second) }
    #expect(others == [nil, nil, nil, nil, 1])
    #expect(buckets.isEmpty(-100, at: 200 * second) && !buckets.isEmpty(-100, at: 201 * second))
    #expect(buckets.take(of: -100, at: 300 * second) == nil)
  }

  // MARK: The client

  /// A core that fails a few times, then answers.
  private func failing(
    _ venue: Venue, with error: ExchangeError, times: Int,
    _ call: @escaping (UncrossClient) async throws -> Void
  ) async throws {
    venue.exchange.fail(with: error, times: times)
    try await venue.with("alice", attempts: 3, call)
  }

  @Test func theClientTriesAgainWhereThatIsSafe() async throws {
    try await Venue.run { venue in
      let order = NewOrder(
        .buy, decimal("0.01"), of: "ETH-USDC", at: decimal("2000"), clientOrderID: "again")
      let soon = ExchangeError.unavailable(reason: "soon", retryAfterSeconds: 1)
      try await failing(venue, with: .outcomeUnknown, times: 2) { client in
        let placed = try await client.place(order)
        #expect(!placed.repeated)
      }
      try await failing(venue, with: soon, times: 1) { client in
        let cancelled = try await client.cancelAll()
        #expect(cancelled.cancelledOrders == 1)
      }
      // Cancelling all is not repeated where it may have happened.
      try await failing(venue, with: .outcomeUnknown, times: 1) { client in
        #expect(await codeThrown { try await client.cancelAll() } == "outcome_unknown")
      }
      try await failing(venue, with: .outcomeUnknown, times: 3) { client in
        #expect(await codeThrown { try await client.balances() } == "outcome_unknown")
      }
    }
  }

  /// A client that starts with its server signs too early at first.
  @Test func theClientSignsAgainAfterTheStart() async throws {
    try await Venue.run { venue in
      let calls = Mutex<Int64>(0)
      var configuration = UncrossClient.Configuration(
        baseURL: venue.url, signer: Venue.signer("alice"))
      configuration.maximumWaitSeconds = 0
      configuration.now = {
        // The first attempt in the second of the start, the next ones later.
        let seconds = calls.withLock { calls in
          calls += 1
          return Venue.start + calls
        }
        return Timestamp(microseconds: seconds * 1_000_000)
      }
      venue.clock.advance(milliseconds: -8_000)
      let client = UncrossClient(configuration)
      let balances = try await client.balances()
      let attempts = calls.withLock { $0 }
      #expect(balances.count == 2 && attempts == 2)
      await client.close()
    }
  }

  @Test func theClientSaysWhatTheServerSaid() async throws {
    try await Venue.run { venue in
      venue.exchange.fail(with: .unavailable(reason: "the database is away", retryAfterSeconds: 9))
      try await venue.with("alice") { client in
        do {
          _ = try await client.balances()
          Issue.record("no error")
        } catch let error as APIError {
          #expect(error.status == 503 && error.code == "unavailable")
          #expect(error.message == "the database is away" && error.retryAfterSeconds == 9)
          #expect(error.requestID?.count == 16)
          #expect(error.isTemporary && !error.isOutcomeUnknown)
        }
      }
    }
    // Nobody listens at port 1.
    var configuration = UncrossClient.Configuration(baseURL: "http://127.0.0.1:1")
    configuration.maximumAttempts = 1
    let client = UncrossClient(configuration)
    do {
      _ = try await client.markets()
      Issue.record("no error")
    } catch {
      #expect(error.status == 0 && error.code == APIError.noAnswer && error.isOutcomeUnknown)
    }
    await client.close()
  }
}
