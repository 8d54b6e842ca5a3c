// Signatures at the door: every way to spoil, delay, repeat or steal a request.

import Client
import Engine
import Formats
import Testing
import Wire

@testable import API

private let order =
  #"{"market":"ETH-USDC","side":"buy","price":"2000","quantity":"1","client_order_id":"a1"}"#

/// One way to spoil a signed request, and the code that it gets.
private struct Tampering: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var code: String
  var status = 401
  var spoil: @Sendable (inout RawRequest) -> Void

  init(_ name: String, _ code: String, _ spoil: @escaping @Sendable (inout RawRequest) -> Void) {
    testDescription = name
    self.code = code
    self.spoil = spoil
  }

  static func parameters(
    _ name: String, _ code: String = "signature_invalid", _ old: String, _ new: String
  ) -> Tampering {
    Tampering(name, code) { raw in
      let value = raw[header: "Signature-Input"] ?? ""
      let parts = value.components(at: old)
      precondition(parts.count == 2, "\(old) is not once in \(value)")
      raw[header: "Signature-Input"] = parts.joined(separator: new)
    }
  }

  static let all: [Tampering] = [
    Tampering("method", "signature_invalid") { $0.method = "DELETE" },
    Tampering("path", "signature_invalid") { $0.target = "/v1/orders/batch?limit=1" },
    Tampering("query", "signature_invalid") { $0.target += "?x=1" },
    Tampering("body", "digest_mismatch") { $0.body[1] = UInt8(ascii: " ") },
    Tampering("body longer", "digest_mismatch") { $0.body.append(UInt8(ascii: " ")) },
    Tampering("body gone", "digest_mismatch") { $0.body = [] },
    Tampering("digest", "signature_invalid") {
      $0[header: "Content-Digest"] = SignableRequest.digest(of: Array("x".utf8))
    },
    Tampering("digest and body", "signature_invalid") {
      $0.body[1] = UInt8(ascii: " ")
      $0[header: "Content-Digest"] = SignableRequest.digest(of: $0.body)
    },
    Tampering("no digest", "signature_missing") { $0[header: "Content-Digest"] = nil },
    Tampering("no input", "signature_missing") { $0[header: "Signature-Input"] = nil },
    Tampering("no signature", "signature_missing") { $0[header: "Signature"] = nil },
    Tampering("two signatures", "signature_invalid") {
      $0.headers.append(("Signature", $0[header: "Signature"] ?? ""))
    },
    Tampering("two digests", "signature_invalid") {
      $0.headers.append(("Content-Digest", $0[header: "Content-Digest"] ?? ""))
    },
    Tampering("other signature", "signature_invalid") {
      let other = try? Venue.signer("alice")
        .sign(method: "POST", target: "/v1/orders", body: [], created: Venue.start + 10)
      $0[header: "Signature"] = other?.signature
    },
    Tampering("signature cut", "signature_invalid") { $0[header: "Signature"] = "sig=:AAAA:" },
    Tampering("signature under another label", "signature_invalid") {
      $0[header: "Signature"] = "sig2=" + ($0[header: "Signature"] ?? "").dropFirst(4)
    },
    .parameters("created", "signature_invalid", ";created=1790000010", ";created=1790000009"),
    .parameters("created with sign", "signature_invalid", ";created=", ";created=+"),
    .parameters("created with a zero", "signature_invalid", ";created=", ";created=0"),
    Tampering("signature in another base64", "signature_invalid") { raw in
      // The last sextet's four unused bits are not zero.
      let value = raw[header: "Signature"] ?? ""
      let last = value.dropLast(3).last ?? "A"
      let next: [Character: Character] = ["A": "B", "Q": "R", "g": "h", "w": "x"]
      raw[header: "Signature"] = value.dropLast(4) + String(next[last] ?? "B") + "==:"
    },
    .parameters("created missing", "signature_invalid", ";created=1790000010", ""),
    .parameters("created twice", "signature_invalid", ";alg=", ";created=1790000010;alg="),
    .parameters("other algorithm", "signature_invalid", "ed25519", "hmac-sha256"),
    .parameters("nonce", "signature_invalid", "nonce-one", "nonce-two"),
    .parameters("nonce too short", "signature_invalid", "nonce-one", "n"),
    .parameters("unknown parameter", "signature_invalid", ";alg=", ";tag=\"x\";alg="),
    .parameters("method not covered", "signature_invalid", "(\"@method\" ", "("),
    .parameters("digest not covered", "signature_invalid", " \"content-digest\")", ")"),
    .parameters(
      "more covered", "signature_invalid", " \"content-digest\")", " \"content-digest\" \"host\")"),
    .parameters(
      "another's key", "signature_invalid", Venue.signer("alice").publicKeyHex,
      Venue.signer("bob").publicKeyHex),
    .parameters(
      "upper-case key", "signature_invalid", Venue.signer("alice").publicKeyHex,
      Venue.signer("alice").publicKeyHex.uppercased()),
    .parameters(
      "unknown key", "signature_invalid", Venue.signer("alice").publicKeyHex,
      Venue.signer("stranger").publicKeyHex),
  ]
}

extension String {
  fileprivate func components(at separator: String) -> [String] {
    var parts: [String] = [""]
    var rest = self[...]
    while let first = rest.first {
      if rest.hasPrefix(separator) {
        parts.append("")
        rest = rest.dropFirst(separator.count)
      } else {
        parts[parts.count - 1].append(first)
        rest = rest.dropFirst()
      }
    }
    return parts
  }
}

@Suite struct AuthenticationTests {
  @Test func aSpoiledRequestIsRefusedAndChangesNothing() async throws {
    try await Venue.run { venue in
      for (index, row) in Tampering.all.enumerated() {
        // A nonce of its own each: a signature counts even where its body then does not fit.
        let answer = try await venue.send(
          "POST", "/v1/orders", body: order, as: "alice", nonce: "nonce-one-\(index)", row.spoil)
        #expect(
          answer.code == row.code && answer.status == row.status,
          "\(row.testDescription): \(answer.text)")
      }
      #expect(venue.exchange.submittedCount == 0)
    }
  }

  /// Unicode calls the sign of the unit kelvin equal to K. A digest is bytes.
  @Test func aDigestHasOneSpelling() async throws {
    try await Venue.run { venue in
      let body = try #require(
        (0..<1_000).lazy.map { order + String(repeating: " ", count: $0) }
          .first { SignableRequest.digest(of: Array($0.utf8)).contains("K") })
      let digest = SignableRequest.digest(of: Array(body.utf8))
      let other = String(digest.map { $0 == "K" ? "\u{212A}" : $0 })
      #expect(digest == other)
      for (text, isTaken) in [(other, false), (digest.dropLast(2) + ":", false), (digest, true)] {
        let fields = try Venue.signer("alice").sign(
          SignableRequest(method: "POST", target: "/v1/orders", contentDigest: text),
          created: venue.clock.seconds)
        let lines = fields.all.map { "\($0.name): \($0.value)\r\n" }.joined()
        let connection = try venue.connect()
        connection.send(
          "POST /v1/orders HTTP/1.1\r\nHost: test\r\nContent-Length: \(body.utf8.count)\r\n"
            + lines + "\r\n" + body)
        let answer = try await connection.answer()
        #expect(answer.contains(isTaken ? "order_id" : "signature_invalid"), "\(answer)")
      }
    }
  }

  @Test func theQueryIsSigned() async throws {
    try await Venue.run { venue in
      for target in [
        "/v1/orders", "/v1/orders?limit=20", "/v1/orders?limit=2&limit=3",
      ] {
        let answer = try await venue.send("GET", "/v1/orders?limit=2", as: "alice") {
          $0.target = target
        }
        #expect(answer.code == "signature_invalid", "\(target)")
      }
      // An empty query and none are the same component, `?`: only one of them is written.
      let answer = try await venue.send("GET", "/v1/orders", as: "alice") { $0.target += "?" }
      #expect(answer.status == 400 && answer.code == "bad_request")
    }
  }

  @Test func aNonceCountsOnceAKey() async throws {
    try await Venue.run { venue in
      for (name, code) in [("alice", nil), ("alice", "request_replayed"), ("bob", nil)] {
        let answer = try await venue.send(
          "GET", "/v1/balances", as: name, nonce: "the-same-nonce")
        #expect(answer.code == code, "\(name)")
      }
      // Nor in a signature of another second.
      let later = try await venue.send(
        "GET", "/v1/balances", as: "alice", nonce: "the-same-nonce",
        created: venue.clock.seconds - 1)
      #expect(later.code == "request_replayed")
      // At the far end of the window it is still known; behind it the signature is stale.
      venue.clock.advance(milliseconds: 5_000)
      let created = venue.clock.seconds - 5
      for (wait, code) in [(Int64(0), "request_replayed"), (1_000, "request_stale")] {
        venue.clock.advance(milliseconds: wait)
        let answer = try await venue.send(
          "GET", "/v1/balances", as: "alice", nonce: "the-same-nonce", created: created)
        #expect(answer.code == code)
      }
    }
  }

  @Test func aSignatureHasItsTime() async throws {
    try await Venue.run { venue in
      let now = venue.clock.seconds
      let rows: [(Int64, String?)] = [
        (now, nil), (now - 5, nil), (now + 1, nil), (now - 6, "request_stale"),
        (now + 2, "request_stale"), (0, "request_stale"), (999_999_999_999, "request_stale"),
      ]
      for (created, code) in rows {
        let answer = try await venue.send("GET", "/v1/balances", as: "alice", created: created)
        #expect(answer.code == code, "\(created - now) s from now")
        #expect(answer.status == (code == nil ? 200 : 401))
      }
    }
  }

  @Test func whatWasSignedBeforeTheStartIsRefused() async throws {
    try await Venue.run { venue in
      venue.clock.advance(milliseconds: -9_000)
      for (created, code) in [
        (Venue.start, "request_stale"), (Venue.start + 1, "request_stale"),
        (Venue.start + 2, nil),
      ] {
        let answer = try await venue.send("GET", "/v1/balances", as: "alice", created: created)
        #expect(answer.code == code, "\(created - Venue.start)")
        if code != nil { #expect(answer.header("Retry-After") == "1") }
      }
    }
  }

  @Test func aRevokedKeyIsUnknown() async throws {
    try await Venue.run { venue in
      let key = Venue.signer("alice").publicKeyHex
      _ = try await venue.with("operator") { try await $0.revoke(publicKey: key, reason: "lost") }
      let answer = try await venue.send("GET", "/v1/balances", as: "alice")
      #expect(answer.status == 401 && answer.code == "signature_invalid")
      let other = try await venue.send("GET", "/v1/balances", as: "alice-reader")
      #expect(other.status == 200)
      let again = try await venue.send(
        "POST", "/v1/operator/keys/\(key)/revoke", body: #"{"reason":"again"}"#, as: "operator")
      #expect(again.status == 404 && again.code == "key_not_found")
    }
  }

  /// What a server before this one took is not taken again, however long its recovery was.
  @Test func whatAServerBeforeTookIsRefused() async throws {
    let configuration = Venue.configuration.with(\.signaturesAfter, Venue.start + 8)
    try await Venue.run(configuration) { venue in
      for (created, code) in [(Venue.start + 8, "request_stale"), (Venue.start + 9, nil)] {
        let answer = try await venue.send("GET", "/v1/balances", as: "alice", created: created)
        #expect(answer.code == code, "\(created - Venue.start)")
      }
    }
  }

  @Test func aClockThatIsSetBackForgetsNoNonce() async throws {
    try await Venue.run { venue in
      let first = venue.clock.seconds
      // Forgotten a while later, when another one comes; then the clock goes back.
      let rows: [(nonce: String, after: Int64, code: String?)] = [
        ("nonce-first", 0, nil), ("nonce-later", 30, nil), ("nonce-first", -30, "request_stale"),
        ("nonce-other", 0, "request_stale"), ("nonce-again", 30, nil),
      ]
      var created = first
      for row in rows {
        venue.clock.set(bySeconds: row.after)
        created += row.after
        let answer = try await venue.send(
          "GET", "/v1/balances", as: "alice", nonce: row.nonce, created: created)
        #expect(answer.code == row.code, "\(row.nonce)")
      }
    }
  }

  /// Seconds that the clock jumped over are nobody's: who has the right time is served at once.
  @Test func aClockThatWentAheadAndBackRefusesNobody() async throws {
    try await Venue.run { venue in
      let first = venue.clock.seconds
      var ahead: Int64 = 0
      let rows: [(nonce: String, ahead: Int64, created: Int64, code: String?)] = [
        ("nonce-right", 0, 0, nil), ("nonce-ahead", 3_600, 3_600, nil),
        ("nonce-later", 3_610, 3_610, nil),
        // Back, ten seconds after the first.
        ("nonce-after", 10, 10, nil), ("nonce-after", 10, 10, "request_replayed"),
        ("nonce-right", 10, 0, "request_stale"), ("nonce-ahead", 10, 3_600, "request_stale"),
        ("nonce-next", 11, 11, nil),
        // The seconds that come again: what was taken of them is not taken again.
        ("nonce-early", 3_599, 3_599, nil), ("nonce-ahead", 3_600, 3_600, "request_stale"),
        ("nonce-later", 3_610, 3_610, "request_replayed"), ("nonce-end", 3_611, 3_611, nil),
      ]
      for row in rows {
        venue.clock.set(bySeconds: row.ahead - ahead)
        ahead = row.ahead
        let answer = try await venue.send(
          "GET", "/v1/balances", as: "alice", nonce: row.nonce, created: first + row.created)
        #expect(answer.code == row.code, "\(row)")
      }
    }
  }

  /// The server before had a clock an hour ahead. What it took is refused; who begins the nonce
  /// with what this one drew is served.
  @Test func aClockThatWasSetBackBeforeTheStartRefusesNobody() async throws {
    let configuration = Venue.configuration.with(\.signaturesAfter, Venue.start + 3_600)
    try await Venue.run(configuration) { venue in
      let refused = try await venue.send("GET", "/v1/balances", as: "alice")
      #expect(refused.code == "request_stale" && refused.header("Retry-After") == "1")
      let prefix = try #require(refused.header("Uncross-Nonce-Prefix"))
      for code in [nil, "request_replayed"] {
        let answer = try await venue.send("GET", "/v1/balances", as: "alice", nonce: prefix + "1")
        #expect(answer.code == code)
      }
      let other = try await venue.send("GET", "/v1/balances", as: "alice", nonce: "1" + prefix)
      #expect(other.code == "request_stale")
      // The client does so by itself.
      _ = try await venue.with("alice", attempts: 2) { try await $0.balances() }
    }
  }

  @Test func anAnswerTellsNobodyWhichKeysThereAre() async throws {
    try await Venue.run { venue in
      var answers: [String] = []
      for name in ["alice", "operator", "stranger"] {
        // Signed by somebody else than the key that is named.
        let named = Venue.signer(name).publicKeyHex
        let answer = try await venue.send("GET", "/v1/balances", as: "mallory") { raw in
          let input = raw[header: "Signature-Input"] ?? ""
          raw[header: "Signature-Input"] =
            input.components(at: Venue.signer("mallory").publicKeyHex).joined(separator: named)
        }
        let id = answer.json["error"]?["request_id"]?.text ?? ""
        answers.append("\(answer.status) " + answer.text.components(at: id).joined())
      }
      let unknown = try await venue.send("GET", "/v1/balances", as: "stranger")
      let id = unknown.json["error"]?["request_id"]?.text ?? ""
      answers.append("\(unknown.status) " + unknown.text.components(at: id).joined())
      #expect(Set(answers).count == 1 && answers[0].contains("signature_invalid"), "\(answers)")
    }
  }

  @Test func aKeySignsNothingWhenItHasEnded() async throws {
    try await Venue.run { venue in
      let key = try #require(PublicKey(Venue.signer("brief").publicKey))
      venue.exchange.apply([
        .operation(
          .registerKey(
            user: 2, key: key, role: .trader, expiresAt: (Venue.start + 60) * 1_000_000),
          by: .venue)
      ])
      let early = try await venue.send("GET", "/v1/balances", as: "brief")
      #expect(early.status == 200, "\(early.text)")
      venue.clock.advance(milliseconds: 60_000)
      let late = try await venue.send("GET", "/v1/balances", as: "brief")
      #expect(late.status == 401 && late.code == "signature_invalid", "\(late.text)")
    }
  }

  /// It trades, reads, and takes nothing out; nor does it let another key in.
  @Test func aTradingKeyTakesNothingOut() async throws {
    try await Venue.run { venue in
      let placed = try await venue.send("POST", "/v1/orders", body: order, as: "alice-bot")
      #expect(placed.status == 200, "\(placed.text)")
      for (method, path) in [
        ("POST", "/v1/withdrawals"), ("POST", "/v1/withdrawal-addresses"),
        ("DELETE", "/v1/withdrawals/1"), ("POST", "/v1/key-grants/1/confirm"),
      ] {
        let answer = try await venue.send(method, path, as: "alice-bot")
        #expect(answer.status == 403 && answer.code == "forbidden", "\(path): \(answer.text)")
      }
    }
  }

  @Test func aFrozenUserReadsAndCancelsOnly() async throws {
    try await Venue.run { venue in
      let first = try await venue.send("POST", "/v1/orders", body: order, as: "alice")
      let id = try #require(first.json["order_id"]?.text)
      let state = try await venue.with("operator") { try await $0.freeze("2", reason: "r") }
      #expect(state.frozen && state.cancelledOrders == 1)
      let another = order.components(at: "a1").joined(separator: "a2")
      let placed = try await venue.send("POST", "/v1/orders", body: another, as: "alice")
      #expect(placed.status == 403 && placed.code == "user_frozen")
      let read = try await venue.send("GET", "/v1/orders/\(id)", as: "alice")
      #expect(read.json["status"]?.text == "cancelled")
      let cancelled = try await venue.send("DELETE", "/v1/orders", as: "alice")
      #expect(cancelled.status == 200)

      // A frozen operator reads; another one lifts it.
      _ = try await venue.with("second-operator") { try await $0.freeze("1", reason: "r") }
      let own = try await venue.send(
        "POST", "/v1/operator/users/1/unfreeze", body: #"{"reason":"r"}"#, as: "operator")
      #expect(own.status == 403 && own.code == "user_frozen")
      let reads = try await venue.send("GET", "/v1/operator/adjustments", as: "operator")
      #expect(reads.status == 200)
      _ = try await venue.with("second-operator") { try await $0.unfreeze("1", reason: "r") }
      let lifted = try await venue.send(
        "POST", "/v1/operator/users/2/unfreeze", body: #"{"reason":"r"}"#, as: "operator")
      #expect(lifted.status == 200)
    }
  }

  @Test func theReplayCacheRefusesWhenItIsFull() async throws {
    try await Venue.run(Venue.configuration.with(\.maximumRememberedSignatures, 2)) { venue in
      for code in [nil, nil, "unavailable"] {
        let answer = try await venue.send("GET", "/v1/balances", as: "alice")
        #expect(answer.code == code)
        if code != nil { #expect(answer.header("Retry-After") == "1") }
      }
      venue.clock.advance(milliseconds: 6_000)
      let answer = try await venue.send("GET", "/v1/balances", as: "alice")
      #expect(answer.status == 200)
    }
  }
}
