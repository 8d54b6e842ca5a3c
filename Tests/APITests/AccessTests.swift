// Who may call what: every route of the table as each role and as nobody, against a list by hand.

import Engine
import Testing

@testable import API

/// Written by hand on purpose: a route that is added or opened must be added here too.
private let expectations: [(method: String, template: String, roles: String)] = [
  ("GET", "/healthz", "public"),
  ("GET", "/readyz", "public"),
  ("GET", "/v1/openapi.json", "public"),
  ("GET", "/v1/markets", "public"),
  ("GET", "/v1/markets/{market}", "public"),
  ("GET", "/v1/markets/{market}/indicative", "public"),
  ("GET", "/v1/markets/{market}/book", "public"),
  ("GET", "/v1/markets/{market}/events", "public"),
  ("POST", "/v1/orders", "trader trade_only"),
  ("POST", "/v1/orders/batch", "trader trade_only"),
  ("GET", "/v1/orders", "trader trade_only read_only operator"),
  ("DELETE", "/v1/orders", "trader trade_only"),
  ("GET", "/v1/orders/{id}", "trader trade_only read_only operator"),
  ("PATCH", "/v1/orders/{id}", "trader trade_only"),
  ("DELETE", "/v1/orders/{id}", "trader trade_only"),
  ("GET", "/v1/order-allowance", "trader trade_only read_only operator"),
  ("GET", "/v1/balances", "trader trade_only read_only operator"),
  ("GET", "/v1/ledger", "trader trade_only read_only operator"),
  ("GET", "/v1/fills", "trader trade_only read_only operator"),
  ("GET", "/v1/deposit-address", "trader trade_only"),
  ("GET", "/v1/deposits", "trader trade_only read_only operator"),
  ("GET", "/v1/deposits/events", "trader trade_only read_only operator"),
  ("GET", "/v1/withdrawal-terms", "trader trade_only read_only operator"),
  ("GET", "/v1/withdrawal-addresses", "trader trade_only read_only operator"),
  ("POST", "/v1/withdrawal-addresses", "trader"),
  ("DELETE", "/v1/withdrawal-addresses/{address}", "trader"),
  ("POST", "/v1/withdrawals", "trader"),
  ("GET", "/v1/withdrawals", "trader trade_only read_only operator"),
  ("GET", "/v1/withdrawals/{id}", "trader trade_only read_only operator"),
  ("DELETE", "/v1/withdrawals/{id}", "trader"),
  ("GET", "/v1/operator/withdrawals", "operator"),
  ("GET", "/v1/operator/withdrawals/waiting", "operator"),
  ("POST", "/v1/operator/withdrawals/{id}/approve", "operator"),
  ("POST", "/v1/operator/withdrawals/{id}/reject", "operator"),
  ("POST", "/v1/operator/withdrawal-terms", "operator"),
  ("POST", "/v1/operator/address-delay", "operator"),
  ("GET", "/v1/operator/payouts", "operator"),
  ("POST", "/v1/operator/payouts/resume", "operator"),
  ("POST", "/v1/operator/payouts/{nonce}/cancel", "operator"),
  ("POST", "/v1/operator/payouts/{nonce}/resolve", "operator"),
  ("GET", "/v1/operator/sweeps", "operator"), ("POST", "/v1/operator/sweeps", "operator"),
  ("GET", "/v1/operator/sweeps/plan", "operator"),
  ("POST", "/v1/operator/sweeps/top-ups", "operator"),
  ("POST", "/v1/operator/assets", "operator"),
  ("POST", "/v1/operator/markets", "operator"),
  ("PATCH", "/v1/operator/markets/{market}", "operator"),
  ("POST", "/v1/operator/markets/{market}/suspend", "operator"),
  ("POST", "/v1/operator/markets/{market}/resume", "operator"),
  ("POST", "/v1/operator/markets/{market}/reference", "operator"),
  ("POST", "/v1/operator/users", "operator"),
  ("GET", "/v1/operator/users", "operator"),
  ("POST", "/v1/operator/users/{id}/keys", "operator"),
  ("POST", "/v1/operator/keys/{public_key}/revoke", "operator"),
  ("GET", "/v1/operator/key-grants", "operator"),
  ("POST", "/v1/operator/key-grants/{id}/approve", "operator"),
  ("POST", "/v1/operator/key-grants/{id}/refuse", "operator"),
  ("GET", "/v1/operator/order-terms", "operator"),
  ("POST", "/v1/operator/order-terms", "operator"),
  ("GET", "/v1/operator/operator-delay", "operator"),
  ("POST", "/v1/operator/operator-delay", "operator"),
  ("GET", "/v1/operator/log", "operator"),
  ("GET", "/v1/keys", "trader trade_only read_only operator"),
  ("POST", "/v1/key-grants/{id}/confirm", "trader operator"),
  ("POST", "/v1/key-grants/{id}/refuse", "trader operator"),
  ("POST", "/v1/operator/users/{id}/freeze", "operator"),
  ("POST", "/v1/operator/users/{id}/unfreeze", "operator"),
  ("POST", "/v1/operator/adjustments", "operator"),
  ("GET", "/v1/operator/adjustments", "operator"),
  ("POST", "/v1/operator/adjustments/{id}/approve", "operator"),
  ("POST", "/v1/operator/adjustments/{id}/refuse", "operator"),
  ("GET", "/v1/operator/balances", "operator"),
  ("GET", "/v1/operator/metrics", "operator"),
  ("GET", "/v1/operator/state", "operator"),
  ("GET", "/v1/operator/deposits", "operator"),
  ("POST", "/v1/operator/deposits/{id}/resolution", "operator"),
  ("GET", "/v1/operator/custody-decisions", "operator"),
  ("POST", "/v1/operator/custody-decisions/{id}/approve", "operator"),
  ("POST", "/v1/operator/custody-decisions/{id}/refuse", "operator"),
  ("GET", "/v1/operator/custody", "operator"),
  ("POST", "/v1/operator/custody/rescan", "operator"),
  ("GET", "/v1/operator/reconciliation", "operator"),
  ("GET", "/v1/operator/solvency", "operator"),
]

@Suite struct AccessTests {
  @Test func theTableIsTheOneExpected() {
    let table = Set(Route.all.map { "\($0.method.rawValue) \($0.template)" })
    #expect(table == Set(expectations.map { "\($0.method) \($0.template)" }))
    #expect(Route.all.count == expectations.count)
  }

  @Test(arguments: [nil, "alice", "alice-bot", "alice-reader", "operator"])
  func everyRouteAs(_ caller: String?) async throws {
    let role = Venue.keys.first { $0.name == caller }?.role.name
    try await Venue.run { venue in
      for (method, template, roles) in expectations where !template.hasSuffix("/events") {
        let path = template.replacing("{market}", with: "NONE-SUCH").replacing("{id}", with: "77")
          .replacing("{public_key}", with: "00").replacing("{nonce}", with: "77")
          .replacing("{address}", with: "0x00")
        let answer = try await venue.send(method, path, as: caller)
        let expected: String? =
          roles == "public" || roles.split(separator: " ").contains { $0 == role ?? "" }
          ? nil : role == nil ? "signature_missing" : "forbidden"
        let denial = ["signature_missing", "forbidden"].contains(answer.code) ? answer.code : nil
        #expect(
          denial == expected, "\(method) \(path) as \(role ?? "nobody"): \(answer.text)")
        if expected != nil { #expect(answer.status == (role == nil ? 401 : 403)) }
      }
    }
  }

  /// Texts of a query go on to a database that takes no NUL, and come back in logs.
  @Test func aQuerysTextsPrint() async throws {
    try await Venue.run { venue in
      var count = 0
      for route in Route.all {
        var caller: String?
        if case .roles(let roles, _) = route.access {
          caller = roles.contains(.trader) ? "alice" : "operator"
        }
        for parameter in route.query {
          guard case .text = parameter.form else { continue }
          count += 1
          let path = route.template.replacing("{market}", with: "ETH-USDC")
          let long = String(repeating: "a", count: 201)
          for value in ["%00", "a%00b", "a%0Ab", "a%7F", "%C2%85", "%E2%80%8B", long] {
            let answer = try await venue.send(
              route.method.rawValue, "\(path)?\(parameter.name)=\(value)", as: caller)
            #expect(
              answer.status == 400 && answer.code == "bad_request",
              "\(path)?\(parameter.name)=\(value.prefix(12)): \(answer.text)")
          }
        }
      }
      #expect(count >= 9)
      #expect(venue.exchange.submittedCount == 0)
    }
  }

  @Test func whatIsNotInTheTableIsNotFound() async throws {
    try await Venue.run { venue in
      for path in [
        "/", "/v1", "/v1/orders/", "/v1/orders/1/2", "/v2/orders", "//v1/orders", "/V1/orders",
      ] {
        let answer = try await venue.send("GET", path, as: "alice")
        #expect(answer.status == 404 && answer.code == "not_found", "\(path)")
      }
      let wrong = try await venue.send("PUT", "/v1/orders", as: "alice")
      #expect(wrong.status == 405 && wrong.code == "method_not_allowed")
      #expect(
        Set(wrong.header("Allow")?.split(separator: ", ") ?? [])
          == ["GET", "HEAD", "POST", "DELETE"])
      let head = try await venue.send("HEAD", "/v1/orders/1/2")
      #expect(head.status == 404 && head.text.isEmpty)
      let id = try #require(wrong.json["error"]?["request_id"]?.text)
      #expect(wrong.header("X-Request-Id") == id)
    }
  }
}

extension String {
  fileprivate func replacing(_ part: String, with other: String) -> String {
    split(separator: "/", omittingEmptySubsequences: false)
      .map { $0 == part ? other : String($0) }.joined(separator: "/")
  }
}
