// Withdrawals over HTTP: the book of addresses, requests that are safe to repeat, approvals by
// signature.

import Client
import Engine
import Formats
import Testing
import Wire

@testable import API

@Suite struct WithdrawalTests {
  static let cold = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"
  static func terms(userDayLimit: String = "4") -> String {
    #"""
    {"asset":"ETH","chain":"dev","minimum":"0.01","fee":"0.001",
    "user_day_limit":"\#(userDayLimit)","venue_day_limit":"100","approval_above":"1","approvals":1,
    "reason":"r"}
    """#
  }

  /// A venue whose ether can be taken out, to an address of alice's.
  private func venue(_ body: @escaping @Sendable (Venue) async throws -> Void) async throws {
    try await Venue.run { venue in
      for (path, content, caller) in [
        ("/v1/operator/address-delay", #"{"seconds":0,"reason":"r"}"#, "operator"),
        ("/v1/operator/withdrawal-terms", Self.terms(), "operator"),
        ("/v1/withdrawal-addresses", #"{"address":"\#(Self.cold)"}"#, "alice"),
      ] {
        let answer = try await venue.send("POST", path, body: content, as: caller)
        #expect(answer.status == 200, "\(path): \(answer.text)")
      }
      try await body(venue)
    }
  }

  private func request(
    _ id: String, _ amount: String, asset: String = "ETH", to address: String = cold
  ) -> String {
    #"{"client_withdrawal_id":"\#(id)","asset":"\#(asset)","#
      + #""amount":"\#(amount)","address":"\#(address)"}"#
  }

  @Test func aRequestIsMadeOnce() async throws {
    try await venue { venue in
      let first = try await venue.send(
        "POST", "/v1/withdrawals", body: request("w-1", "0.5"), as: "alice")
      #expect(first.status == 200 && first.json["status"]?.text == "approved")
      let again = try await venue.send(
        "POST", "/v1/withdrawals", body: request("w-1", "0.5"), as: "alice")
      #expect(again.status == 200 && again.json["id"]?.text == first.json["id"]?.text)
      for (amount, asset) in [("0.6", "ETH"), ("0.5", "USDC")] {
        let other = try await venue.send(
          "POST", "/v1/withdrawals", body: request("w-1", amount, asset: asset), as: "alice")
        #expect(other.status == 409 && other.code == "duplicate_client_withdrawal_id")
      }
      // To another address it is another request, or its user would believe it was paid there.
      let elsewhere = "0x" + String(repeating: "1", count: 40)
      let other = try await venue.send(
        "POST", "/v1/withdrawals", body: request("w-1", "0.5", to: elsewhere), as: "alice")
      #expect(other.status == 409 && other.code == "duplicate_client_withdrawal_id")
      let balance = try await venue.exchange.read { $0.balance(2, 0) }
      #expect(balance.locked == 501_000_000_000_000_000)
      let page = try await venue.send("GET", "/v1/withdrawals", as: "alice-reader")
      #expect(page.json["withdrawals"]?.count == 1)
      #expect(try await venue.send("GET", "/v1/withdrawals/1", as: "bob").status == 404)
      let stranger = try await venue.send("DELETE", "/v1/withdrawals/1", as: "bob")
      #expect(stranger.status == 404 && stranger.code == "withdrawal_not_found")
      let gone = try await venue.send("DELETE", "/v1/withdrawals/1", as: "alice")
      #expect(gone.status == 200 && gone.json["status"]?.text == "cancelled")
      #expect(try await venue.exchange.read { $0.balance(2, 0) }.locked == 0)
    }
  }

  /// Each refusal by its name; none of them locks anything.
  @Test func whatCannotBePaidIsRefused() async throws {
    try await venue { venue in
      let rows: [(body: String, status: Int, code: String)] = [
        (request("a", "0.001"), 422, "withdrawal_too_small"),
        (request("a", "4.5"), 409, "user_day_limit"),
        (request("a", "0"), 422, "amount_invalid"),
        (request("a", "0.0000000000000000001"), 422, "amount_invalid"),
        (request("a", "1", asset: "USDC"), 409, "withdrawals_not_offered"),
        (request("a", "1", asset: "NONE"), 404, "unknown_asset"),
        (request("a", "1", to: "0x" + String(repeating: "0", count: 40)), 422, "address_invalid"),
        (request("a", "1", to: "x"), 422, "address_invalid"),
        (
          request("a", "1", to: "0x" + String(repeating: "1", count: 40)), 409,
          "address_not_listed"
        ),
        (request("", "1"), 400, "bad_request"),
        (#"{"asset":"ETH"}"#, 400, "bad_request"),
      ]
      for row in rows {
        let answer = try await venue.send("POST", "/v1/withdrawals", body: row.body, as: "alice")
        #expect(answer.status == row.status && answer.code == row.code, "\(row): \(answer.text)")
      }
      let poor = try await venue.send(
        "POST", "/v1/withdrawals", body: request("a", "1"), as: "bob")
      #expect(poor.code == "address_not_listed")
      venue.exchange.apply([.operation(.setFrozen(user: 2, frozen: true), by: .venue)])
      let frozen = try await venue.send(
        "POST", "/v1/withdrawals", body: request("a", "1"), as: "alice")
      #expect(frozen.status == 403 && frozen.code == "user_frozen")
      #expect(try await venue.exchange.read { $0.balance(2, 0) }.locked == 0)
    }
  }

  @Test func aNewAddressWaits() async throws {
    try await venue { venue in
      let slow = try await venue.send(
        "POST", "/v1/operator/address-delay", body: #"{"seconds":86400,"reason":"r"}"#,
        as: "operator")
      #expect(slow.status == 200)
      let address = "0x" + String(repeating: "ab", count: 20)
      let added = try await venue.send(
        "POST", "/v1/withdrawal-addresses", body: #"{"address":"\#(address)","label":"new"}"#,
        as: "alice")
      #expect(added.status == 200)
      let early = try await venue.send(
        "POST", "/v1/withdrawals", body: request("n", "1", to: address), as: "alice")
      #expect(early.status == 409 && early.code == "address_too_new")
      let twice = try await venue.send(
        "POST", "/v1/withdrawal-addresses", body: #"{"address":"\#(address)"}"#, as: "alice")
      #expect(twice.code == "address_exists")
      let removed = try await venue.send(
        "DELETE", "/v1/withdrawal-addresses/" + address, as: "alice")
      #expect(removed.status == 200)
      let book = try await venue.send("GET", "/v1/withdrawal-addresses", as: "alice")
      #expect(book.json["addresses"]?.count == 1)
    }
  }

  /// What loosens is in force later: the answer says from when on, and everybody sees what waits.
  @Test func looserTermsWait() async throws {
    try await venue { venue in
      let operatorPath = "/v1/operator/"
      func set(_ path: String, _ body: String) async throws -> (at: String?, from: String?) {
        let answer = try await venue.send("POST", operatorPath + path, body: body, as: "operator")
        #expect(answer.status == 200, "\(path): \(answer.text)")
        return (answer.json["applied_at"]?.text, answer.json["effective_at"]?.text)
      }
      let raised = try await set("address-delay", #"{"seconds":86400,"reason":"r"}"#)
      #expect(raised.at != nil && raised.at == raised.from)
      // Before the raise has stood for a day it could be taken back at once.
      venue.exchange.apply([.schedule(.advanceTime((Venue.start + 86_400) * 1_000_000))])
      let waiting = try await set("withdrawal-terms", Self.terms(userDayLimit: "9"))
      let tomorrow = "2026-09-23T14:13:20.000000Z"
      #expect(waiting.from == tomorrow)
      let shorter = try await set("address-delay", #"{"seconds":60,"reason":"r"}"#)
      #expect(shorter.from == tomorrow)
      let answer = try await venue.send("GET", "/v1/withdrawal-terms", as: "alice")
      let list = answer.json
      #expect(list["terms"]?[0]?["user_day_limit"]?.text == "4", "\(answer.text)")
      #expect(list["pending"]?.count == 1 && list["pending"]?[0]?["effective_at"]?.text == tomorrow)
      #expect(list["pending"]?[0]?["terms"]?["user_day_limit"]?.text == "9")
      #expect(list["address_delay_seconds"] == .number("86400"))
      #expect(list["pending_address_delay"]?["seconds"] == .number("60"))
      #expect(list["pending_address_delay"]?["effective_at"]?.text == tomorrow)
      let typed = try await venue.with("alice") { try await $0.withdrawalTerms() }
      #expect(typed.pending.map(\.terms.userDayLimit) == [decimal("9")])
      #expect(typed.pendingAddressDelay?.seconds == 60)
      // Who asked is in the journal's commands; a day later it is in force.
      venue.exchange.apply([.schedule(.advanceTime((Venue.start + 2 * 86_400) * 1_000_000))])
      let later = try await venue.with("alice") { try await $0.withdrawalTerms() }
      #expect(later.terms.map(\.userDayLimit) == [decimal("9")] && later.pending.isEmpty)
      #expect(later.addressDelaySeconds == 60 && later.pendingAddressDelay == nil)
    }
  }

  @Test func anOperatorsNewKeyWaits() async throws {
    try await venue { venue in
      let asked = try await venue.send(
        "POST", "/v1/withdrawals", body: request("big", "2"), as: "alice")
      #expect(asked.json["status"]?.text == "requested", "\(asked.text)")
      let slow = try await venue.send(
        "POST", "/v1/operator/address-delay", body: #"{"seconds":60,"reason":"r"}"#, as: "operator")
      #expect(slow.status == 200)
      func approve() async throws -> WireAnswer {
        let waiting = try await venue.send(
          "GET", "/v1/operator/withdrawals/waiting", as: "operator")
        let digest = try #require(
          waiting.json["withdrawals"]?[0]?["digest"]?.text.flatMap { Hex.bytes($0) })
        let signature = Hex.string(Venue.signer("operator").sign(digest: digest))
        return try await venue.send(
          "POST", "/v1/operator/withdrawals/1/approve", body: #"{"signature":"\#(signature)"}"#,
          as: "operator")
      }
      let early = try await approve()
      #expect(early.status == 409 && early.code == "operator_key_too_new", "\(early.text)")
      venue.exchange.apply([.schedule(.advanceTime((Venue.start + 60) * 1_000_000))])
      let late = try await approve()
      #expect(late.json["status"]?.text == "approved", "\(late.text)")
    }
  }

  /// Approved by the signature over these fields and by nothing else: another withdrawal's, another
  /// key's, a changed one and the same operator's twice are refused.
  @Test func approvalsAreSignatures() async throws {
    try await venue { venue in
      for id in ["big-1", "big-2"] {
        let asked = try await venue.send(
          "POST", "/v1/withdrawals", body: request(id, "2"), as: "alice")
        #expect(asked.json["status"]?.text == "requested", "\(asked.text)")
      }
      let waiting = try await venue.send("GET", "/v1/operator/withdrawals/waiting", as: "operator")
      let digests = try (0..<2).map { index in
        try #require(
          waiting.json["withdrawals"]?[index]?["digest"]?.text.flatMap { Hex.bytes($0) })
      }
      func approve(
        _ id: Int, _ digest: [UInt8], signedBy key: String, as caller: String
      ) async throws -> WireAnswer {
        try await Self.approve(venue, id, digest, signedBy: key, as: caller)
      }
      let other = try await approve(1, digests[1], signedBy: "operator", as: "operator")
      #expect(other.status == 409 && other.code == "approval_mismatch")
      let borrowed = try await approve(1, digests[0], signedBy: "second-operator", as: "operator")
      #expect(borrowed.code == "approval_mismatch")
      var changed = digests[0]
      changed[5] ^= 1
      #expect(
        try await approve(1, changed, signedBy: "operator", as: "operator").code
          == "approval_mismatch")
      #expect(
        try await approve(99, digests[0], signedBy: "operator", as: "operator").code
          == "withdrawal_not_found")
      let good = try await approve(1, digests[0], signedBy: "operator", as: "operator")
      #expect(good.status == 200 && good.json["status"]?.text == "approved", "\(good.text)")
      let again = try await approve(1, digests[0], signedBy: "operator", as: "operator")
      #expect(again.status == 409 && again.code == "approval_repeated")
      let late = try await approve(
        1, digests[0], signedBy: "second-operator", as: "second-operator")
      #expect(late.status == 409 && late.code == "approval_not_needed")
      let rejected = try await venue.send(
        "POST", "/v1/operator/withdrawals/2/reject", body: #"{"reason":"not today"}"#,
        as: "operator")
      #expect(rejected.json["status"]?.text == "rejected", "\(rejected.text)")
      #expect(
        try await approve(2, digests[1], signedBy: "operator", as: "operator").code
          == "withdrawal_finished")
    }
  }

  private static func approve(
    _ venue: Venue, _ id: Int, _ digest: [UInt8], signedBy key: String, as caller: String
  ) async throws -> WireAnswer {
    let signature = Hex.string(Venue.signer(key).sign(digest: digest))
    return try await venue.send(
      "POST", "/v1/operator/withdrawals/\(id)/approve", body: #"{"signature":"\#(signature)"}"#,
      as: caller)
  }

  /// A user who is an operator too has another operator approve.
  @Test func nobodyApprovesAnOwnWithdrawal() async throws {
    try await venue { venue in
      let key = try #require(PublicKey(Venue.signer("alice-operator").publicKey))
      venue.exchange.apply([
        .operation(.registerKey(user: 2, key: key, role: .operator), by: .venue)
      ])
      let asked = try await venue.send(
        "POST", "/v1/withdrawals", body: request("own", "2"), as: "alice")
      #expect(asked.json["status"]?.text == "requested", "\(asked.text)")
      let waiting = try await venue.send(
        "GET", "/v1/operator/withdrawals/waiting", as: "alice-operator")
      let digest = try #require(
        waiting.json["withdrawals"]?[0]?["digest"]?.text.flatMap { Hex.bytes($0) })
      let own = try await Self.approve(
        venue, 1, digest, signedBy: "alice-operator", as: "alice-operator")
      #expect(own.status == 403 && own.code == "approval_by_owner", "\(own.text)")
      #expect(try await venue.exchange.read { $0.withdrawal(1)?.approvals } == [])
      let other = try await Self.approve(venue, 1, digest, signedBy: "operator", as: "operator")
      #expect(other.status == 200 && other.json["status"]?.text == "approved", "\(other.text)")
    }
  }

  @Test func operatorsSweep() async throws {
    try await venue { venue in
      let sweeps = "/v1/operator/sweeps"
      let after = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"
      let checked = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
      let many = Array(repeating: #""0x02""#, count: 101).joined(separator: ",")
      let gold = #"{"code":"GOLD","decimals":2,"adjustment_limit":"1"}"#
      _ = try await venue.send("POST", "/v1/operator/assets", body: gold, as: "operator")
      for (method, path, body, status) in [
        ("GET", "/plan?asset=ETH", "", 200), ("GET", "/plan?asset=ETH&after=\(after)", "", 200),
        ("GET", "/plan?asset=ETH&after=0x12", "", 400), ("GET", "/plan", "", 400),
        ("GET", "/plan?asset=ETH&minimum=-1", "", 400), ("GET", "/plan?asset=NONE", "", 404),
        // The venue has it, the chain has not.
        ("GET", "/plan?asset=GOLD", "", 404),
        ("POST", "/top-ups", #"{"asset":"GOLD","minimum":"1"}"#, 404),
        ("POST", "/top-ups", #"{"asset":"ETH","minimum":"1","after":"\#(after)"}"#, 200),
        ("POST", "/top-ups", #"{"asset":"ETH"}"#, 400),
        ("POST", "", #"{"transactions":["0x02ab","0x"]}"#, 200),
        // Each in one spelling.
        ("GET", "/plan?asset=ETH&after=\(checked)", "", 400),
        ("GET", "/plan?asset=ETH&minimum=1.0", "", 400),
        ("GET", "/plan?asset=ETH&minimum=1.5", "", 200),
        ("POST", "/top-ups", #"{"asset":"ETH","minimum":"1","after":"\#(checked)"}"#, 400),
        ("POST", "/top-ups", #"{"asset":"ETH","minimum":"1","after":null}"#, 400),
        ("POST", "", #"{"transactions":["0x02AB"]}"#, 400),
        ("POST", "", #"{"transactions":[]}"#, 400), ("POST", "", #"{"transactions":["02"]}"#, 400),
        ("POST", "", #"{"transactions":["0x0"]}"#, 400),
        ("POST", "", #"{"transactions":[\#(many)]}"#, 400), ("GET", "", "", 200),
      ] {
        let answer = try await venue.send(method, sweeps + path, body: body, as: "operator")
        #expect(answer.status == status, "\(method) \(path) \(body): \(answer.text)")
      }
      #expect(
        venue.exchange.payouts.decisions == ["top up ETH 1000000000000000000 1 ", "sweep 2 1 "])
    }
  }

  @Test func operatorsMendPayments() async throws {
    try await venue { venue in
      let reason = #"{"reason":"checked"}"#
      for (path, body, status) in [
        ("resume", reason, 200), ("3/cancel", reason, 200), ("4/cancel", reason, 404),
        ("3/resolve", #"{"outcome":"paid","reason":"checked"}"#, 200),
        ("5/resolve", #"{"outcome":"paid","reason":"checked"}"#, 404),
        ("3/resolve", #"{"outcome":"maybe","reason":"checked"}"#, 400),
        ("x/cancel", reason, 404), ("resume", #"{"reason":""}"#, 422), ("resume", "{}", 400),
      ] {
        let answer = try await venue.send(
          "POST", "/v1/operator/payouts/" + path, body: body, as: "operator")
        #expect(answer.status == status, "\(path): \(answer.text)")
      }
      #expect(
        venue.exchange.payouts.decisions == [
          "resume 1 checked", "cancel 3 1 checked", "cancel 4 1 checked", "paid 3 1 checked",
        ])
      venue.exchange.payouts.fail(
        with: .unavailable(reason: "custody_unavailable", retryAfterSeconds: 1))
      #expect(try await venue.send("GET", "/v1/operator/payouts", as: "operator").status == 503)
      // Without the table nobody knows whether it was asked for before.
      let blind = try await venue.send(
        "POST", "/v1/withdrawals", body: request("b", "1"), as: "alice")
      #expect(blind.status == 503)
    }
  }

  @Test func anExchangeWithoutAChainPaysNothing() async throws {
    try await Venue.run { venue in
      venue.exchange.hasChain(false)
      for (method, path) in [
        ("GET", "/v1/withdrawals"), ("GET", "/v1/withdrawal-terms"),
        ("GET", "/v1/withdrawal-addresses"),
      ] {
        let answer = try await venue.send(method, path, as: "alice")
        #expect(answer.status == 404 && answer.code == "not_found", "\(path): \(answer.text)")
      }
    }
  }
}
