// The pages of the API against the server: their requests and answers, and two scripts.

import Client
import Engine
import Formats
import Foundation
import Synchronization
import Testing
import Wire

@testable import API

/// The pages as one document, cut into what a test can run.
private struct Document {
  /// In the order in which a reader tries them: a request needs what those before it made.
  private static let pages = [
    "docs/api.md", "docs/api-signing.md", "docs/api-trading.md", "docs/api-operating.md",
    "docs/api-withdrawals.md",
  ]

  enum Step {
    case auction
    case call(Request, answer: String?)
    /// A request that the reader does not see.
    case hidden(Request)
  }

  struct Request {
    var method: String
    var target: String
    var body: String
    /// Nil: as the route's role asks.
    var caller: String?
  }

  var steps: [Step] = []
  var scripts: [String: String] = [:]
  var eventData: [String] = []

  init() throws {
    let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let text = try Self.pages.map {
      try String(contentsOf: repository.appendingPathComponent($0), encoding: .utf8)
    }.joined(separator: "\n")
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
    var caller: String?
    while let line = lines.popFirst() {
      if line.hasPrefix("```") {
        let content = Array(lines.prefix { $0 != "```" }).map { String($0) }
        lines = lines.dropFirst(content.count + 1)
        take(String(line.dropFirst(3)), content, &caller)
      } else if line == "<!-- auction -->" {
        steps.append(.auction)
      } else if line.hasPrefix("<!-- next as ") {
        caller = String(line.dropFirst(13).dropLast(4))
      } else if line.hasPrefix("<!-- as ") {
        let parts = line.dropFirst(8).dropLast(4).split(separator: ":", maxSplits: 1)
        let words = parts[1].split(separator: " ", maxSplits: 2).map { String($0) }
        steps.append(
          .hidden(
            Request(
              method: words[0], target: words[1], body: words.count > 2 ? words[2] : "",
              caller: String(parts[0]))))
      }
    }
  }

  private mutating func take(_ kind: String, _ content: [String], _ caller: inout String?) {
    switch kind {
    case "http":
      let words = content[0].split(separator: " ").map { String($0) }
      let request = Request(
        method: words[0], target: words[1], body: content.dropFirst().joined(separator: "\n"),
        caller: caller)
      caller = nil
      steps.append(.call(request, answer: nil))
    case "json":
      guard case .call(let request, _)? = steps.popLast() else { return }
      steps.append(.call(request, answer: content.joined(separator: "\n")))
    case "text":
      eventData += content.filter { $0.hasPrefix("data: ") }.map { String($0.dropFirst(6)) }
    default: scripts[kind] = content.joined(separator: "\n") + "\n"
    }
  }
}

@Suite struct DocumentationTests {
  /// The document is one session: its requests run in its order, and the answers are the ones
  /// printed. A failure prints the answer to put there.
  @Test func everyRouteAnswersAsPrinted() async throws {
    let document = try Document()
    let routes = RouteTable(Route.all)
    let check = SchemaCheck()
    let shown = Mutex<Set<String>>([])
    try await Venue.run(Venue.configuration.with(\.indicativeMilliseconds, 3_600_000)) { venue in
      venue.exchange.desk.receive(2, 150_000_000, status: .final, block: 5)
      venue.exchange.desk.receive(2, 2_500_000, status: .confirming, block: 11)
      venue.exchange.desk.receive(3, 40_000_000, status: .review, block: 9)
      venue.exchange.desk.receive(3, 1_000_000, status: .review, block: 9)
      for step in document.steps {
        switch step {
        case .auction: venue.exchange.runAuctions()
        case .hidden(let request):
          let answer = try await venue.send(
            request.method, request.target, body: request.body, as: request.caller)
          #expect(answer.status == 200, "\(request.target): \(answer.text)")
        case .call(let request, let expected):
          let target = request.target
          let path = target.split(separator: "?")[0]
          guard case .route(let route, _) = routes.match(request.method, path: path) else {
            Issue.record("no route: \(request.method) \(target)")
            continue
          }
          shown.withLock { _ = $0.insert("\(route.method.rawValue) \(route.template)") }
          if path.hasSuffix("/events") { continue }
          let answer = try await venue.send(
            request.method, target, body: request.body, as: request.caller ?? Self.caller(route))
          #expect(answer.status == 200, "\(request.method) \(target): \(answer.text)")
          #expect(try check.fault(request: request.body, of: route) == nil, "\(target)")
          #expect(check.fault(answer, of: route) == nil, "\(request.method) \(target)")
          guard let expected else { continue }
          let printed = try JSONValue.parse(Array(expected.utf8))
          #expect(
            Self.comparable(printed) == Self.comparable(answer.json),
            "\(request.method) \(target): \(answer.text)")
        }
      }
    }
    #expect(
      shown.withLock { $0 } == Set(Route.all.map { "\($0.method.rawValue) \($0.template)" }))
  }

  /// Every text of every request of the document, with something in it that does not print: it is
  /// refused, and where people write it, as what it is. Nothing of it is done: the document goes
  /// on.
  @Test func noRouteTakesHostileText() async throws {
    let document = try Document()
    let routes = RouteTable(Route.all)
    let freeTexts = Mutex<Set<String>>([])
    try await Venue.run(Venue.configuration.with(\.indicativeMilliseconds, 3_600_000)) { venue in
      venue.exchange.desk.receive(2, 150_000_000, status: .final, block: 5)
      venue.exchange.desk.receive(2, 2_500_000, status: .confirming, block: 11)
      venue.exchange.desk.receive(3, 40_000_000, status: .review, block: 9)
      venue.exchange.desk.receive(3, 1_000_000, status: .review, block: 9)
      for step in document.steps {
        let request: Document.Request
        switch step {
        case .auction:
          venue.exchange.runAuctions()
          continue
        case .hidden(let hidden): request = hidden
        case .call(let shown, _): request = shown
        }
        let path = request.target.split(separator: "?")[0]
        guard case .route(let route, _) = routes.match(request.method, path: path) else { continue }
        if path.hasSuffix("/events") { continue }
        let caller = request.caller ?? Self.caller(route)
        for hostile in try Self.hostile(request.body) {
          let answer = try await venue.send(
            request.method, request.target, body: hostile.body, as: caller)
          let place = "\(request.method) \(request.target) \(hostile.body): \(answer.text)"
          #expect((400..<500).contains(answer.status) && answer.status != 429, "\(place)")
          #expect(!answer.text.unicodeScalars.contains { $0.isUnprintable }, "\(place)")
          guard hostile.field == "reason" || hostile.field == "label" else { continue }
          #expect(answer.status == 422 && answer.code == "text_invalid", "\(place)")
          freeTexts.withLock {
            _ = $0.insert("\(route.method.rawValue) \(route.template) \(hostile.field)")
          }
        }
        let answer = try await venue.send(
          request.method, request.target, body: request.body, as: caller)
        #expect(answer.status == 200, "\(request.target): \(answer.text)")
      }
    }
    // Written by hand: who adds a route that takes text for people adds it here.
    #expect(
      freeTexts.withLock { $0.sorted() } == [
        "PATCH /v1/operator/markets/{market} reason",
        "POST /v1/operator/address-delay reason",
        "POST /v1/operator/adjustments reason",
        "POST /v1/operator/adjustments/{id}/refuse reason",
        "POST /v1/operator/custody-decisions/{id}/refuse reason",
        "POST /v1/operator/custody/rescan reason",
        "POST /v1/operator/deposits/{id}/resolution reason",
        "POST /v1/operator/key-grants/{id}/refuse reason",
        "POST /v1/operator/keys/{public_key}/revoke reason",
        "POST /v1/operator/markets/{market}/reference reason",
        "POST /v1/operator/markets/{market}/resume reason",
        "POST /v1/operator/markets/{market}/suspend reason",
        "POST /v1/operator/operator-delay reason",
        "POST /v1/operator/order-terms reason",
        "POST /v1/operator/payouts/resume reason",
        "POST /v1/operator/payouts/{nonce}/cancel reason",
        "POST /v1/operator/payouts/{nonce}/resolve reason",
        "POST /v1/operator/users/{id}/freeze reason",
        "POST /v1/operator/users/{id}/keys reason",
        "POST /v1/operator/users/{id}/unfreeze reason",
        "POST /v1/operator/withdrawal-terms reason",
        "POST /v1/operator/withdrawals/{id}/reject reason",
        "POST /v1/withdrawal-addresses label",
      ])
  }

  /// The body once for each of its texts and each kind of what does not print.
  private static func hostile(_ body: String) throws -> [(field: String, body: String)] {
    if body.isEmpty { return [] }
    guard case .object(let fields) = try JSONValue.parse(Array(body.utf8)) else { return [] }
    var bodies: [(field: String, body: String)] = []
    for (index, field) in fields.enumerated() {
      guard case .text(let text) = field.value else { continue }
      for mark in [
        "\u{0}", "\n", "\u{1b}[2J", "\u{7f}", "\u{9b}", "\u{2028}", "\u{202e}", "\u{feff}",
      ] {
        var changed = fields
        changed[index].value = .text(text + mark)
        bodies.append(
          (field.name, String(decoding: JSONValue.object(changed).bytes, as: UTF8.self)))
      }
    }
    return bodies
  }

  /// Without the order of fields, and without the hash of the whole engine, which this page does
  /// not pin.
  private static func comparable(_ answer: JSONValue) -> JSONValue {
    guard case .object(let fields) = answer.sorted else { return answer.sorted }
    return .object(fields.filter { $0.name != "state_hash" })
  }

  private static func caller(_ route: Route) -> String? {
    switch route.access {
    case .open: nil
    case .roles(let roles, _): roles.contains(.trader) ? "alice" : "operator"
    }
  }

  @Test func theEventsAreReadable() throws {
    let data = try Document().eventData.map { Array($0.utf8) }
    #expect(data.count == 2)
    _ = try JSON.value(IndicativePrice.self, from: data[0])
    _ = try JSON.value(AuctionReport.self, from: data[1])
    let check = SchemaCheck()
    for (data, type) in zip(data, ["IndicativePrice", "AuctionReport"]) {
      let schema: JSONValue = ["$ref": .text("#/components/schemas/\(type)")]
      #expect(check.fault(try JSONValue.parse(data), schema) == nil)
    }
  }

  /// The scripts as a reader would save them, with a key that openssl made.
  @Test(arguments: [("sh", "sh", "curl-1"), ("python", "python3", "python-1")])
  func theScriptRuns(_ kind: String, _ interpreter: String, _ id: String) async throws {
    let script = try #require(Document().scripts[kind])
    // The scripts take the machine's time: the server must have begun before it.
    let offset = Mutex<Int64>(-60_000_000)
    let system = APIClock.system
    let clock = APIClock(
      microseconds: { system.microseconds() + offset.withLock { $0 } },
      nanoseconds: system.nanoseconds)
    try await Venue.run(clock: clock) { venue in
      offset.withLock { $0 = 0 }
      let output = try await withDirectory { directory in
        let (key, file) = (directory + "/trader.pem", directory + "/script")
        let publicKey = try await run(
          """
          umask 077; openssl genpkey -algorithm ed25519 -out \(key)
          openssl pkey -in \(key) -pubout -outform DER | tail -c 32 | od -An -v -tx1 | tr -d ' \\n'
          """)
        let bytes = try #require(Hex.bytes(publicKey))
        let registered = try #require(PublicKey(bytes))
        venue.exchange.apply([
          .operation(.registerKey(user: 2, key: registered, role: .trader), by: .venue)
        ])
        try script.write(toFile: file, atomically: true, encoding: .utf8)
        // On a machine that is busy with other tests a request may come later than its signature
        // holds.
        var output = ""
        for _ in 0..<5 where output.isEmpty || output.contains("request_stale") {
          output = try await run(
            "\(interpreter) \(file)", ["UNCROSS_URL": venue.url, "UNCROSS_KEY": key])
        }
        return output
      }
      #expect(output.contains(id) && output.contains("USDC"), "\(output)")
      #expect(!output.contains("error"), "\(output)")
      let order = try await venue.exchange.read { engine in
        ClientOrderID(id).flatMap { engine.order(2, $0) }
      }
      #expect(order?.limitTicks == 200_050 && order?.lots == 2_500)
    }
  }
}
