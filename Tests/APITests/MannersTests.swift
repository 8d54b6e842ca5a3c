// HTTP itself, over bare sockets: versions, Host, HEAD, Expect, Upgrade.

import Client
import Foundation
import Testing

@testable import API

private let get = "GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n"

extension String {
  fileprivate func times(_ part: String) -> Int { components(separatedBy: part).count - 1 }
}

@Suite struct MannersTests {
  @Test func hostIsThereExactlyOnce() async throws {
    try await Venue.run { venue in
      let rows: [(String, String)] = [
        ("HTTP/1.1\r\n", "400"), ("HTTP/1.1\r\nHost: \r\n", "400"),
        ("HTTP/1.1\r\nHost: a\r\nHost: a\r\n", "400"), ("HTTP/1.1\r\nHost: a\r\n", "200"),
        ("HTTP/1.0\r\n", "200"), ("HTTP/1.0\r\nHost: a\r\n", "200"),
        ("HTTP/1.0\r\nHost: a\r\nHost: b\r\n", "400"),
      ]
      for (head, status) in rows {
        let connection = try venue.connect()
        connection.send("GET /healthz " + head + "\r\n")
        let text = try await connection.answer()
        #expect(text.split(separator: " ").dropFirst().first ?? "" == status, "\(head): \(text)")
        if status == "400" {
          #expect(text.contains("bad_request") && text.contains("Host"))
          try await connection.closed()
        }
      }
    }
  }

  /// What a proxy in front may read otherwise is not read at all.
  @Test func lengthsAndHostsHaveOneSpelling() async throws {
    try await Venue.run { venue in
      let rows: [(line: String, isRead: Bool)] = [
        ("Transfer-Encoding: gzip, chunked", false), ("Transfer-Encoding: gzip", false),
        ("Transfer-Encoding: chunked, chunked", false),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", false),
        ("Transfer-Encoding: chun\u{212A}ed", false), ("Content-Length: 00", false),
        ("Content-Length: 05", false), ("Content-Length: +5", false), ("Content-Length: 0", true),
        ("Transfer-Encoding: Chunked", true),
      ]
      for row in rows {
        let connection = try venue.connect()
        connection.send("GET /healthz HTTP/1.1\r\nHost: test\r\n\(row.line)\r\n\r\n0\r\n\r\n")
        let text = try await connection.answer()
        #expect(text.hasPrefix("HTTP/1.1 \(row.isRead ? 200 : 400)"), "\(row.line): \(text)")
      }
      for host in ["a b", "a,b", "a b, c", "a/b", "a\u{212A}", "a@b"] {
        let connection = try venue.connect()
        connection.send("GET /healthz HTTP/1.1\r\nHost: \(host)\r\n\r\n")
        #expect(try await connection.answer().contains(" 400 "), "\(host)")
      }
      for host in ["api.example.com:8080", "[::1]:80", "127.0.0.1", "a_b-c"] {
        let connection = try venue.connect()
        connection.send("GET /healthz HTTP/1.1\r\nHost: \(host)\r\n\r\n")
        #expect(try await connection.answer().contains(" 200 "), "\(host)")
      }
    }
  }

  @Test func aTargetIsAPath() async throws {
    try await Venue.run { venue in
      for target in ["http://test/healthz", "x:/healthz", "*"] {
        let connection = try venue.connect()
        connection.send("GET \(target) HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(try await connection.answer().contains(" 400 "), "\(target)")
      }
    }
  }

  @Test func anOldClientsConnectionEndsWithItsAnswer() async throws {
    try await Venue.run { venue in
      for head in [
        "GET /healthz HTTP/1.0\r\n", "GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n",
        "GET /healthz HTTP/1.1\r\nHost: test\r\nConnection: close\r\n",
        "GET /healthz HTTP/1.1\r\nHost: test\r\nConnection: Close\r\n",
      ] {
        let connection = try venue.connect()
        // What comes behind is not answered.
        connection.send(head + "\r\n" + get)
        let text = try await connection.receive { _ in false }
        #expect(text.times("HTTP/1.") == 1 && text.hasSuffix(#"{"status":"ok"}"#), "\(text)")
        #expect(text.lowercased().contains("connection: close"))
      }
      // A stream is not chunked for it.
      let connection = try venue.connect()
      connection.send("GET /v1/markets/ETH-USDC/events HTTP/1.0\r\n\r\n")
      let text = try await connection.receive { $0.contains(":\n\n") }
      #expect(text.hasPrefix("HTTP/1.0 200") && !text.lowercased().contains("chunked"), "\(text)")
    }
  }

  @Test func headIsGetWithoutItsBody() async throws {
    try await Venue.run { venue in
      for target in ["/healthz", "/v1/markets", "/v1/markets/NO-SUCH"] {
        let whole = try await venue.send("GET", target)
        let connection = try venue.connect()
        connection.send("HEAD \(target) HTTP/1.1\r\nHost: test\r\n\r\n" + get)
        let text = try await connection.receive { $0.hasSuffix(#"{"status":"ok"}"#) }
        let head = text.components(separatedBy: "\r\n\r\n")[0].lowercased()
        #expect(head.contains(" \(whole.status) "))
        #expect(head.contains("content-length: \(whole.text.utf8.count)"), "\(text)")
        #expect(text.times("\r\n\r\n") == 2 && text.times("{") == 1, "\(text)")
      }
      let signed = try await venue.send("HEAD", "/v1/balances", as: "alice")
      #expect(signed.status == 200 && signed.text.isEmpty)
      let stream = try await venue.send("HEAD", "/v1/markets/ETH-USDC/events")
      #expect(stream.status == 405 && stream.header("Allow") == "GET")
    }
  }

  @Test func aClientThatAsksBeforeItsBodyIsAnswered() async throws {
    try await Venue.run { venue in
      let body =
        #"{"market":"ETH-USDC","side":"buy","price":"2000","quantity":"1","client_order_id":"e"}"#
      let lines = ["Content-Length: \(body.utf8.count)", "Expect: 100-continue"]
      let asks = try venue.connect()
      asks.send(venue.head("POST", "/v1/orders", body: Array(body.utf8), as: "alice", lines))
      #expect(try await asks.answer() == "HTTP/1.1 100 Continue\r\n\r\n")
      asks.send(body + get)
      let text = try await asks.receive { $0.contains(#"{"status":"ok"}"#) }
      #expect(text.contains("order_id") && text.times("HTTP/1.1 200 OK") == 2, "\(text)")
      // A refusal comes instead, and the body is not waited for.
      let refused = try venue.connect()
      refused.send(venue.head("POST", "/v1/orders", body: Array(body.utf8), as: "stranger", lines))
      let refusal = try await refused.receive { _ in false }
      #expect(refusal.hasPrefix("HTTP/1.1 401") && refusal.times("HTTP/1.1") == 1, "\(refusal)")
      // Another expectation cannot be met.
      let other = try venue.connect()
      other.send("GET /healthz HTTP/1.1\r\nHost: test\r\nExpect: more\r\n\r\n")
      #expect(try await other.answer().contains("bad_request"))
    }
  }

  @Test func anUpgradeThatIsNotTakenIsARequestLikeAny() async throws {
    try await Venue.run { venue in
      let connection = try venue.connect()
      let upgrade =
        "GET /healthz HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
      for _ in 0..<3 {
        connection.send(upgrade)
        #expect(try await connection.answer().contains("200 OK"))
        connection.send(get)
        #expect(try await connection.answer().contains("200 OK"))
      }
      // All at once too: what lies behind the upgrade is read.
      connection.send(upgrade + get + upgrade + upgrade + get)
      let text = try await connection.receive { $0.times(#"{"status":"ok"}"#) == 5 }
      #expect(text.times("HTTP/1.1 200 OK") == 5)
    }
  }

  @Test func noClientSaysWhatIsWrongWithItself() async throws {
    try await Venue.run { venue in
      let connection = try venue.connect()
      connection.send(
        "GET /healthz HTTP/1.1\r\nHost: test\r\nUncross-Fault: mine\r\nuncross-fault: b\r\n\r\n")
      #expect(try await connection.answer().contains("200 OK"))
    }
  }
}
