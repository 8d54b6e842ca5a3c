// Keys that are revoked, end or are frozen while a body is still to come: nothing is done for them.

import Client
import Engine
import Testing

@testable import API

/// What happens to the caller between the head and the body of its request.
enum LateChange: CaseIterable {
  case revoked, givenAway, ended, frozen
}

/// One request whose head is there and whose body is not.
private struct LateRequest {
  var route: Route
  var change: LateChange
  var name: String
  var role: Role
  var user: UserID
  var connection: RawConnection

  static let body = #"{"reason":"r"}"#

  /// A user of its own, so that what happens to it happens to nobody else.
  init(_ route: Route, _ roles: Set<Role>, _ change: LateChange, _ venue: Venue) async throws {
    (self.route, self.change) = (route, change)
    // A signer's seed is the first 32 bytes of its name.
    name = "\(change)".prefix(1) + "-\(route.id)"
    role = roles.contains(.trader) ? .trader : .operator
    let end = change == .ended ? (venue.clock.seconds + 60) * 1_000_000 : 0
    let registered = venue.exchange.apply([.operation(.registerUser(name: name), by: .venue)])
    user = try #require(UserID(exactly: registered[0].id))
    let granted = venue.exchange.apply([
      .operation(
        .registerKey(user: user, key: try Self.key(name), role: role, expiresAt: end), by: .venue)
    ])
    try #require(granted[0].rejection == nil, "\(granted[0])")
    connection = try venue.connect()
    let path = route.template.split(separator: "/").map { $0.hasPrefix("{") ? "1" : $0 }
    connection.send(
      venue.head(
        route.method.rawValue, "/" + path.joined(separator: "/"), body: Array(Self.body.utf8),
        as: name, ["Content-Length: \(Self.body.utf8.count)", "Expect: 100-continue"]))
    // The server asks for a body when it has proved the head.
    let asked = try await connection.answer()
    try #require(asked.hasPrefix("HTTP/1.1 100"), "\(name): \(asked)")
  }

  private static func key(_ name: String) throws -> PublicKey {
    try #require(PublicKey(Venue.signer(name).publicKey))
  }

  func befall(_ venue: Venue) throws {
    let key = try Self.key(name)
    var commands: [Command] = []
    switch change {
    case .revoked: commands = [.operation(.revokeKey(key), by: .venue)]
    case .givenAway:
      // To the account of another operator, or to a user that it registers.
      let by = Authority(user: 4, key: try Self.key("second-operator"), reason: "given away")
      commands = [.operation(.revokeKey(key), by: .venue)]
      var heir = UserID(4)
      if role != .operator {
        let heirs = venue.exchange.apply([.operation(.registerUser(name: "h" + name), by: by)])
        heir = try #require(UserID(exactly: heirs[0].id))
      }
      commands.append(.operation(.registerKey(user: heir, key: key, role: role), by: by))
    case .ended: venue.clock.advance(milliseconds: 60_000)
    case .frozen: commands = [.operation(.setFrozen(user: user, frozen: true), by: .venue)]
    }
    try #require(venue.exchange.apply(commands).allSatisfy { $0.rejection == nil })
  }

  func revoke(_ venue: Venue) throws {
    venue.exchange.apply([.operation(.revokeKey(try Self.key(name)), by: .venue)])
  }

  func answer() async throws -> String {
    connection.send(Self.body)
    return try await connection.answer()
  }
}

@Suite struct LateBodyTests {
  /// Every signed route that takes a body; what a frozen user may do, the engine says.
  private static func routes(_ change: LateChange) -> [(route: Route, roles: Set<Role>)] {
    Route.all.compactMap { route in
      guard case .roles(let roles, _) = route.access, route.body != nil else { return nil }
      return change != .frozen || roles == Route.operators ? (route, roles) : nil
    }
  }

  @Test(arguments: LateChange.allCases)
  func aKeyRevokedBeforeTheBodyDoesNothing(_ change: LateChange) async throws {
    try await Venue.run { venue in
      let routes = Self.routes(change)
      #expect(routes.count > 20)
      for (route, roles) in routes {
        let request = try await LateRequest(route, roles, change, venue)
        try request.befall(venue)
        let answer = try await request.answer()
        let expected = change == .frozen ? ("403", "user_frozen") : ("401", "signature_invalid")
        #expect(
          answer.hasPrefix("HTTP/1.1 \(expected.0)") && answer.contains(expected.1),
          "\(request.name): \(answer)")
        // An account has few keys.
        if change == .givenAway { try request.revoke(venue) }
      }
      #expect(venue.exchange.submittedCount == 0)
      #expect(venue.exchange.payouts.decisions == [])
    }
  }

  /// A withdrawal asks the database before it asks the engine: that may take a while too.
  @Test func aKeyRevokedWhileTheDatabaseIsAskedDoesNothing() async throws {
    try await Venue.run { venue in
      let key = try #require(PublicKey(Venue.signer("alice").publicKey))
      venue.exchange.payouts.whenAsked {
        venue.exchange.apply([.operation(.revokeKey(key), by: .venue)])
      }
      let answer = try await venue.send(
        "POST", "/v1/withdrawals",
        body: #"{"asset":"USDC","amount":"5","address":"0x\#(String(repeating: "1", count: 40))","#
          + #""client_withdrawal_id":"w1"}"#, as: "alice")
      #expect(answer.status == 401 && answer.code == "signature_invalid", "\(answer.text)")
      #expect(venue.exchange.submittedCount == 0)
    }
  }
}
