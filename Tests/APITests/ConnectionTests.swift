// Clients that hold places, trickle, do not read, or do not end: each is bounded, others are
// served.

import Client
import Engine
import Foundation
import Synchronization
import TestServers
import Testing

@testable import API

private let get = "GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n"
/// The longest answer that needs no key.
private let description = "GET /v1/openapi.json HTTP/1.1\r\nHost: test\r\n\r\n"

extension APIConfiguration {
  /// Deadlines far below a test's patience.
  fileprivate static var hurried: APIConfiguration {
    Venue.configuration.with(\.deadlines.idleMilliseconds, 20_000)
      .with(\.deadlines.headMilliseconds, 300).with(\.deadlines.bodyMilliseconds, 300)
      .with(\.deadlines.writeMilliseconds, 300).with(\.deadlines.bytesPerSecond, 1 << 30)
      .with(\.deadlines.stopMilliseconds, 300)
  }
}

@Suite struct ConnectionTests {
  // MARK: Deadlines

  @Test func aHeadThatTricklesIsCut() async throws {
    try await Venue.run(.hurried) { venue in
      let slow = try venue.connect()
      slow.send("GET /healthz HTTP/1.1\r\nHost: test\r\nX-Long: ")
      try await slow.closedWhileTrickling(UInt8(ascii: "x"), everyMilliseconds: 30)
      // So is one behind an answer.
      let second = try venue.connect()
      second.send(get)
      #expect(try await second.answer().contains("200 OK"))
      second.send("GET /healthz HTTP/1.1\r\nX-Long: ")
      try await second.closedWhileTrickling(UInt8(ascii: "x"), everyMilliseconds: 30)
    }
  }

  @Test func aConnectionWithoutARequestIsCut() async throws {
    try await Venue.run(.hurried.with(\.deadlines.idleMilliseconds, 200)) { venue in
      let idle = try venue.connect()
      try await idle.closed()
      let kept = try venue.connect()
      kept.send(get)
      #expect(try await kept.answer().contains("200 OK"))
      try await kept.closed()
    }
  }

  @Test func aBodyThatTricklesIsCut() async throws {
    try await Venue.run(.hurried.with(\.deadlines.bytesPerSecond, 16 << 10)) { venue in
      let slow = try venue.connect()
      slow.send(
        venue.head(
          "POST", "/v1/orders/batch", as: "alice", ["Content-Length: \(Route.maximumBatchBody)"]))
      try await slow.closedWhileTrickling(UInt8(ascii: " "), everyMilliseconds: 30)
      #expect(venue.exchange.submittedCount == 0)
    }
  }

  /// Requests without end, answers unread: the server neither waits for ever nor keeps them.
  private func flood(_ connection: RawConnection) {
    let many = String(repeating: "GET /v1/markets HTTP/1.1\r\nHost: test\r\n\r\n", count: 1_000)
    for _ in 0..<12 where !connection.send(many) { return }
  }

  @Test func aClientThatDoesNotReadIsCut() async throws {
    let configuration = APIConfiguration.hurried
      .with(\.addressLimit, RateLimit(perSecond: 1_000_000, burst: 1_000_000))
    try await Venue.run(configuration) { venue in
      let deaf = try venue.connect(receiveBuffer: 4_096)
      flood(deaf)
      // Its place is free while its socket still holds answers that it never read.
      #expect(try await soon { try await venue.openConnections() == 0 })
      deaf.finish()
    }
  }

  /// The system takes only a part of an answer, so its deadline is seen; what the system has of it
  /// does not stay.
  @Test func anAnswerThatNobodyReadsIsCut() async throws {
    #expect(OpenAPI.text.utf8.count > SocketMemory.sendBuffer * 3 / 2)
    try await Venue.run(.hurried.with(\.deadlines.idleMilliseconds, 600_000)) { venue in
      let deaf = try venue.connect(receiveBuffer: 2_048)
      deaf.send(description)
      #expect(try await deaf.isReset())
    }
  }

  @Test func anEvictedConnectionLeavesNothingBehind() async throws {
    try await Venue.run(Self.unlimited.with(\.maximumConnectionsOfAddress, 1)) { venue in
      let deaf = try venue.connect(receiveBuffer: 2_048)
      deaf.send(description)
      #expect(try await soon { try await venue.openConnections() == 1 })
      let next = try venue.connect()
      #expect(try await deaf.isReset())
      next.send(get)
      #expect(try await next.answer().contains("200 OK"))
    }
  }

  /// Whoever reads at the least rate gets its last answer whole: the system still has a part of it
  /// when the last byte left.
  @Test func aSlowReaderGetsItsLastAnswer() async throws {
    let configuration = Venue.configuration.with(\.deadlines.lingerMilliseconds, 1)
    try await Venue.run(configuration) { venue in
      let slow = try venue.connect(receiveBuffer: 2_048)
      slow.send(
        description.replacingOccurrences(of: "\r\n\r\n", with: "\r\nConnection: close\r\n\r\n"))
      let text = try await slow.receive { _ in false }
      #expect(text.hasSuffix(OpenAPI.text))
    }
  }

  // MARK: Stopping

  @Test func aStopEndsWhateverClientsDo() async throws {
    let held = Mutex<[RawConnection]>([])
    let stopping = Mutex<ContinuousClock.Instant?>(nil)
    let configuration = Venue.configuration.with(\.deadlines.stopMilliseconds, 500)
      .with(\.addressLimit, RateLimit(perSecond: 1_000_000, burst: 1_000_000))
    try await Venue.run(configuration) { venue in
      let idle = try venue.connect()
      let half = try venue.connect()
      half.send("GET /healthz HTTP/1.1\r\n")
      let body = try venue.connect()
      body.send(
        venue.head(
          "POST", "/v1/orders", as: "alice",
          ["Content-Length: 1000", "Expect: 100-continue"]))
      #expect(try await body.answer().contains("100 Continue"))
      let reader = try venue.connect(receiveBuffer: 4_096)
      reader.send("GET /v1/markets/ETH-USDC/events HTTP/1.1\r\nHost: test\r\n\r\n")
      #expect(try await reader.answer().contains("text/event-stream"))
      let deaf = try venue.connect(receiveBuffer: 4_096)
      flood(deaf)
      held.withLock { $0 = [idle, half, body, reader, deaf] }
      stopping.withLock { $0 = .now }
    }
    let took = stopping.withLock { $0.map { $0.duration(to: .now) } }
    #expect(try #require(took) < .seconds(8))
    #expect(held.withLock { $0.count } == 5)
  }

  /// A stream ends with a stop, and its connection with it: the client need not close.
  @Test func aStopEndsAStreamsConnection() async throws {
    let held = Mutex<RawConnection?>(nil)
    try await Venue.run { venue in
      let reader = try venue.connect()
      reader.send("GET /v1/markets/ETH-USDC/events HTTP/1.1\r\nHost: test\r\n\r\n")
      #expect(try await reader.answer().contains("text/event-stream"))
      held.withLock { $0 = reader }
    }
    let reader = try #require(held.withLock { $0 })
    let rest = try await reader.receive { _ in false }
    // Ended, not cut.
    #expect(rest.hasSuffix("0\r\n\r\n"), "\(rest)")
  }

  // MARK: Places

  /// However often a test looks at the figures: the clock of rates stands still.
  private static let unlimited = Venue.configuration
    .with(\.addressLimit, RateLimit(perSecond: 1_000_000, burst: 1_000_000))

  @Test func anAddressHasItsPlaces() async throws {
    try await Venue.run(Self.unlimited.with(\.maximumConnectionsOfAddress, 4)) { venue in
      // A connection that proved a key is none of the four.
      let alice = try venue.connect()
      alice.send(venue.head("GET", "/v1/balances", as: "alice"))
      #expect(try await alice.answer().contains("200 OK"))
      var held: [RawConnection] = []
      for _ in 0..<12 { held.append(try venue.connect()) }
      // They came in by threads of their own: the order is not ours to know, the number is.
      #expect(
        try await soon { try await venue.figure("uncross_api_evicted_connections_total ") == 8 })
      var served = 0
      for connection in held {
        connection.send(get)
        if try await connection.answer().contains("200 OK") { served += 1 }
      }
      #expect(served == 4)
      alice.send(venue.head("GET", "/v1/balances", as: "alice"))
      #expect(try await alice.answer().contains("200 OK"))
      #expect(venue.exchange.submittedCount == 0)
    }
  }

  @Test func behindAProxyAnAddressHasNoPlaces() async throws {
    let configuration = Venue.configuration.with(\.maximumConnectionsOfAddress, 1)
      .with(\.proxyHeader, "X-Forwarded-For")
    try await Venue.run(configuration) { venue in
      let held = try (0..<3).map { _ in try venue.connect() }
      for connection in held {
        connection.send(get)
        #expect(try await connection.answer().contains("200 OK"))
      }
    }
  }

  @Test func aFullHouseLetsKeysAndOperatorsIn() async throws {
    let configuration = Self.unlimited.with(\.maximumConnections, 8)
      .with(\.maximumConnectionsOfAddress, 0).with(\.maximumConnectionsOfUser, 4)
    try await Venue.run(configuration) { venue in
      let house = House(venue)
      try await house.crowd(20)
      let officer = try await house.proved("operator")
      let alice = try await house.proved("alice")
      // Strangers go before both, and the two stay.
      try await house.crowd(20)
      try await serves(alice, venue, "alice")
      try await serves(officer, venue, "operator")
      // Proved connections in every place: of those who hold most one goes, never an operator's.
      for name in ["alice", "alice", "alice", "bob", "bob", "bob", "bob"] {
        _ = try await house.proved(name)
      }
      try await house.crowd(20)
      try await serves(officer, venue, "operator")
      let second = try await house.proved("second-operator")
      try await serves(second, venue, "second-operator")
    }
  }

  /// A key's places end with it, an operator's too: else whoever stole it holds them for ever.
  @Test func aPlaceEndsWithItsKey() async throws {
    let configuration = Self.unlimited.with(\.maximumConnections, 4)
      .with(\.maximumConnectionsOfAddress, 0).with(\.maximumConnectionsOfUser, 4)
    try await Venue.run(configuration) { venue in
      let house = House(venue)
      let key = try #require(PublicKey(Venue.signer("brief").publicKey))
      venue.exchange.apply([
        .operation(
          .registerKey(
            user: 1, key: key, role: .operator, expiresAt: (Venue.start + 60) * 1_000_000),
          by: .venue)
      ])
      let officer = try await house.proved("second-operator")
      let brief = try await house.proved("brief")
      let thief = try await house.proved("operator")
      try await house.crowd(20)
      try await serves(thief, venue, "operator")
      let stolen = try #require(PublicKey(Venue.signer("operator").publicKey))
      venue.exchange.apply([.operation(.revokeKey(stolen), by: .venue)])
      try await house.crowd(20)
      try await thief.closed()
      try await serves(brief, venue, "brief")
      venue.clock.advance(milliseconds: 60_000)
      try await house.crowd(20)
      try await brief.closed()
      try await serves(officer, venue, "second-operator")
    }
  }

  /// A place is as good as the newest key that its holder proved over it.
  @Test func aPlaceStaysWhereTheKeyIsRotated() async throws {
    let configuration = Self.unlimited.with(\.maximumConnections, 4)
      .with(\.maximumConnectionsOfAddress, 0).with(\.maximumConnectionsOfUser, 4)
    try await Venue.run(configuration) { venue in
      let house = House(venue)
      let new = try #require(PublicKey(Venue.signer("rotated").publicKey))
      venue.exchange.apply([
        .operation(.registerKey(user: 1, key: new, role: .operator), by: .venue)
      ])
      let officer = try await house.proved("operator")
      try await serves(officer, venue, "rotated")
      let old = try #require(PublicKey(Venue.signer("operator").publicKey))
      venue.exchange.apply([.operation(.revokeKey(old), by: .venue)])
      try await house.crowd(20)
      try await serves(officer, venue, "rotated")
    }
  }

  /// Many addresses that hold one place each: of them the one that came first goes, so that a
  /// newcomer has the time to prove its key.
  @Test func strangersOfManyAddressesDisplaceNoNewcomer() async throws {
    let configuration = Self.unlimited.with(\.maximumConnections, 12)
      .with(\.maximumConnectionsOfUser, 1)
    try await Venue.run(configuration) { venue in
      let house = House(venue)
      func strangers() async throws {
        for _ in 0..<8 { try await house.enter(from: UInt8(house.held.count % 200 + 2)) }
      }
      for _ in 0..<12 {
        try await strangers()
        let newcomer = try await house.enter()
        try await strangers()
        try await serves(newcomer, venue, "alice")
      }
    }
  }

  private func serves(
    _ connection: RawConnection, _ venue: Venue, _ name: String
  ) async throws {
    connection.send(venue.head("GET", "/v1/balances", as: name))
    #expect(try await connection.answer().contains("200 OK"), "\(name)")
  }

  // MARK: Bodies

  @Test func aRefusedBodyIsNotRead() async throws {
    try await Venue.run { venue in
      let rows: [(String, String)] = [
        ("POST /nothing HTTP/1.1\r\nHost: test\r\n", "not_found"),
        ("POST /v1/orders HTTP/1.1\r\nHost: test\r\n", "signature_missing"),
        ("PUT /v1/orders HTTP/1.1\r\nHost: test\r\n", "method_not_allowed"),
        ("GET /v1/markets HTTP/1.1\r\nHost: test\r\n", "body_too_large"),
      ]
      for (head, code) in rows {
        let connection = try venue.connect()
        connection.send(head + "Content-Length: 1000000\r\n\r\n" + "begun")
        let text = try await connection.receive { _ in false }
        #expect(text.contains(code) && text.lowercased().contains("connection: close"), "\(text)")
      }
      // Read to its end, it is a connection like any.
      let connection = try venue.connect()
      connection.send("GET /nothing HTTP/1.1\r\nHost: test\r\n\r\n" + get)
      let text = try await connection.receive { $0.contains(#"{"status":"ok"}"#) }
      #expect(text.contains("not_found") && !text.lowercased().contains("connection: close"))
    }
  }

  @Test func bodiesUnderWayHaveABudget() async throws {
    let configuration = Venue.configuration
      .with(\.bodyLimits, BodyBudget.Limits(total: 150, ofUser: 100))
    try await Venue.run(configuration) { venue in
      func begin(_ name: String, _ target: String = "/v1/orders") async throws -> RawConnection {
        let connection = try venue.connect()
        connection.send(
          venue.head(
            "POST", target, as: name, ["Content-Length: 80", "Expect: 100-continue"]))
        return connection
      }
      let first = try await begin("alice")
      #expect(try await first.answer().contains("100 Continue"))
      // 80 of a user's 100 are taken, and 80 of all 150.
      let same = try await begin("alice").answer()
      #expect(same.contains("429") && same.contains("rate_limited"))
      let other = try await begin("bob").answer()
      #expect(other.contains("503") && other.contains("unavailable"))
      let officer = try await begin("operator", "/v1/operator/users")
      #expect(try await officer.answer().contains("100 Continue"))
      // What is given up is given back.
      first.send([UInt8](repeating: 0x20, count: 80))
      #expect(try await first.answer().contains("digest_mismatch"))
      #expect(try await begin("bob").answer().contains("100 Continue"))
    }
  }

  // MARK: Streams

  @Test func anAddressHasItsStreams() async throws {
    try await Venue.run(Self.unlimited) { venue in
      let target = "GET /v1/markets/ETH-USDC/events HTTP/1.1\r\nHost: test\r\n\r\n"
      var held: [RawConnection] = []
      for _ in 0..<MarketEvents.maximumReadersOfAddress {
        let connection = try venue.connect()
        connection.send(target)
        #expect(try await connection.answer().contains("200 OK"))
        held.append(connection)
      }
      let more = try venue.connect()
      more.send(target)
      #expect(try await more.answer().contains("too_many_streams"))
      // A place that is left is free again.
      held.removeLast()
      #expect(try await soon { try await venue.figure("uncross_api_event_readers ") < 32 })
      let again = try venue.connect()
      again.send(target)
      #expect(try await again.answer().contains("200 OK"))
      #expect(held.count == MarketEvents.maximumReadersOfAddress - 1)
    }
  }

  /// More places than files would shut everybody out.
  @Test func thereAreNoMorePlacesThanFiles() {
    let rows = [(4_096, 20_000, 4_096), (4_096, 1_024, 768), (4_096, 256, 128), (8, 1_024, 8)]
    for (wanted, files, count) in rows {
      #expect(OpenFiles.connections(wanted: wanted, files: files) == count)
    }
    let limit = OpenFiles.raise(to: 1)
    #expect(limit > 1 && OpenFiles.raise(to: limit) == limit)
  }

  // MARK: Names

  @Test func addressesHaveOneName() {
    let rows: [(String, String)] = [
      ("10.0.0.1", "10.0.0.1"), ("::ffff:10.0.0.1", "10.0.0.1"),
      ("2001:db8:1:2::3", "2001:db8:1:2::/64"), ("2001:DB8:1:2:ffff::9", "2001:db8:1:2::/64"),
      ("2001:db8:1:3::3", "2001:db8:1:3::/64"), ("::1", "0:0:0:0::/64"),
      ("unknown", "unknown"),
      (String(repeating: "x", count: 99), String(repeating: "x", count: 64)),
    ]
    for (text, name) in rows { #expect(ClientAddress.name(ofText: text) == name, "\(text)") }
  }
}

/// Connections that stay open on our side, each in the server's house before the next one comes.
///
/// The server takes connections in by threads of its own, later than the kernel does. A test that
/// does not wait for that has strangers come in after one that it thinks is the newest.
private final class House {
  private let venue: Venue
  private(set) var held: [RawConnection] = []

  init(_ venue: Venue) { self.venue = venue }

  /// Comes from this machine's address that ends so.
  @discardableResult
  func enter(from lastByte: UInt8 = 1) async throws -> RawConnection {
    let connection = try venue.connect(from: lastByte)
    held.append(connection)
    // None closes of its own: who is no longer in was evicted.
    let isIn = try await soon {
      try await venue.figure("uncross_api_connections{")
        + venue.figure("uncross_api_evicted_connections_total ") == held.count
    }
    #expect(isIn, "of \(held.count)")
    return connection
  }

  func crowd(_ count: Int) async throws { for _ in 0..<count { try await enter() } }

  func proved(_ name: String) async throws -> RawConnection {
    let connection = try await enter()
    connection.send(venue.head("GET", "/v1/balances", as: name))
    #expect(try await connection.answer().contains("200 OK"), "\(name)")
    return connection
  }
}

extension Venue {
  /// Of the API's listener.
  fileprivate func openConnections() async throws -> Int {
    try await figure("uncross_api_connections{")
  }

  /// The sum of the samples that begin so.
  fileprivate func figure(_ beginning: String) async throws -> Int {
    let lines = try await ask("/metrics").text.split(separator: "\n")
    let counts = lines.filter { $0.hasPrefix(beginning) }
      .compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }
    return counts.reduce(0, +)
  }
}
