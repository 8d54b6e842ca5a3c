// Deposits through the API: one's own only, pages, refusals where custody is away or there is none.

import Engine
import Testing
import Wire

@testable import API

@Suite struct DepositTests {
  @Test func aUserSeesOnlyOwnDeposits() async throws {
    try await Venue.run { venue in
      venue.exchange.desk.receive(2, 5, status: .seen, block: 12)
      venue.exchange.desk.receive(3, 6, status: .credited, block: 5)
      for (who, id) in [("alice", "1"), ("alice-reader", "1")] {
        let answer = try await venue.send("GET", "/v1/deposits", as: who)
        #expect(answer.json["deposits"]?.count == 1, "\(answer.text)")
        #expect(answer.json["deposits"]?[0]?["id"]?.text == id)
      }
      let all = try await venue.send("GET", "/v1/operator/deposits", as: "operator")
      #expect(all.json["deposits"]?.count == 2)
      let some = try await venue.send("GET", "/v1/operator/deposits?status=seen", as: "operator")
      #expect(some.json["deposits"]?.count == 1)
    }
  }

  @Test func pagesGoOnWhereTheyEnded() async throws {
    try await Venue.run { venue in
      for block in Int64(1)...5 { venue.exchange.desk.receive(2, 9, status: .final, block: block) }
      var seen: [String] = []
      var target = "/v1/deposits?limit=2"
      for _ in 0..<3 {
        let page = try await venue.send("GET", target, as: "alice")
        let count = try #require(page.json["deposits"]?.count)
        for index in 0..<count {
          seen.append(try #require(page.json["deposits"]?[index]?["id"]?.text))
        }
        guard let next = page.json["next"]?.text else { break }
        target = "/v1/deposits?limit=2&before=\(next)"
      }
      #expect(seen == ["5", "4", "3", "2", "1"])
    }
  }

  /// The venue's account for losses is an operator's to look at and to make good, and no user's to
  /// trade.
  @Test func anOperatorReachesTheLossAccount() async throws {
    try await Venue.run { venue in
      let account = "4294967295"
      let body =
        #"{"request_id": "made-good", "user": "\#(account)", "asset": "USDC", "amount": "5", "#
        + #""reason": "loss of deposit 7"}"#
      let given = try await venue.send(
        "POST", "/v1/operator/adjustments", body: body, as: "operator")
      #expect(given.status == 200, "\(given.text)")
      let held = try await venue.send(
        "GET", "/v1/operator/balances?user=\(account)", as: "operator")
      #expect(held.json["balances"]?[0]?["total"]?.text == "5", "\(held.text)")
      let frozen = try await venue.send(
        "POST", "/v1/operator/users/\(account)/freeze", body: #"{"reason":"r"}"#, as: "operator")
      #expect(frozen.code == "unknown_user")
    }
  }

  @Test func badParametersAreRefused() async throws {
    try await Venue.run { venue in
      for query in ["status=gone", "status=", "limit=0", "limit=1001", "before=0", "before=x"] {
        let answer = try await venue.send("GET", "/v1/deposits?\(query)", as: "alice")
        #expect(answer.status == 400 && answer.code == "bad_request", "\(query): \(answer.text)")
      }
    }
  }

  @Test func custodyThatIsAwayIsUnavailable() async throws {
    try await Venue.run { venue in
      venue.exchange.desk.fail(
        with: .unavailable(reason: "custody_unavailable", retryAfterSeconds: 1))
      for (path, who) in [
        ("/v1/deposits", "alice"), ("/v1/deposit-address", "alice"),
        ("/v1/operator/custody", "operator"),
      ] {
        let answer = try await venue.send("GET", path, as: who)
        #expect(answer.status == 503 && answer.header("Retry-After") == "1", "\(answer.text)")
      }
    }
  }

  /// What an operator may decide, once; the same again is answered alike.
  @Test func aReviewIsResolvedByAnOperator() async throws {
    try await Venue.run { venue in
      venue.exchange.desk.receive(2, 5, status: .review, block: 5)
      venue.exchange.desk.receive(2, 0, status: .review, block: 5)
      venue.exchange.desk.receive(2, 5, status: .final, block: 5)
      let (credit, reject) = (
        #"{"decision": "credit", "reason": "seen"}"#, #"{"decision": "reject", "reason": "no"}"#
      )
      for (id, body, code) in [
        ("1", #"{"decision": "maybe", "reason": "x"}"#, "bad_request"),
        ("1", #"{"decision": "credit"}"#, "bad_request"),
        ("1", #"{"decision": "credit", "reason": ""}"#, "reason_missing"),
        // Postgres takes no NUL: the answer was 500, for ever.
        ("1", #"{"decision": "credit", "reason": "\u0000"}"#, "text_invalid"),
        ("1", #"{"decision": "credit", "reason": "a\nb"}"#, "text_invalid"),
        (
          "1", #"{"decision": "credit", "reason": "\#(String(repeating: "x", count: 201))"}"#,
          "reason_missing"
        ), ("1", credit, nil), ("1", credit, nil), ("1", reject, nil),
        ("1", reject, nil), ("1", credit, "deposit_not_in_review"),
        ("2", credit, "deposit_not_creditable"), ("2", reject, nil),
        ("3", reject, "deposit_not_in_review"), ("4", credit, "deposit_not_found"),
        ("x", credit, "deposit_not_found"),
      ] {
        let answer = try await venue.send(
          "POST", "/v1/operator/deposits/\(id)/resolution", body: body, as: "operator")
        #expect(answer.code == code, "\(id) \(body): \(answer.text)")
      }
      let all = try await venue.send("GET", "/v1/operator/deposits", as: "operator")
      #expect(all.json["deposits"]?[2]?["status"]?.text == "rejected")
      #expect(all.json["deposits"]?[1]?["status"]?.text == "rejected")
    }
  }

  @Test func anExchangeWithoutAChainHasNoDeposits() async throws {
    try await Venue.run { venue in
      venue.exchange.hasChain(false)
      let answer = try await venue.send("GET", "/v1/deposit-address", as: "alice")
      #expect(answer.status == 404 && answer.code == "not_found", "\(answer.text)")
    }
  }
}
