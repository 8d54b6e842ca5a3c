// Users and their keys by an operator's word: what is refused leaves nothing behind, and an answer
// says what happened.

import Client
import Engine
import Formats
import Testing
import Wire

@testable import API

@Suite struct UserGrantTests {
  private static let path = "/v1/operator/users"

  private static func body(_ name: String, _ more: String, role: String = "trader") -> String {
    let key = Venue.signer(name).publicKeyHex
    return #"{"name":"\#(name)","public_key":"\#(key)","role":"\#(role)"\#(more)}"#
  }

  private static func end(_ text: String) -> String { #","expires_at":"\#(text)""# }

  private static func key(_ name: String) throws -> PublicKey {
    try #require(PublicKey(Venue.signer(name).publicKey))
  }

  // MARK: Ends

  /// Also the end that stands for none in the engine.
  @Test(arguments: [
    "1970-01-01T00:00:00.000000Z", "1970-01-01T00:00:00.000001Z", "2026-09-21T14:13:20.000000Z",
    "2026-09-21T14:13:30.000000Z",
  ])
  func anEndThatHasPassedGivesNoKey(_ end: String) async throws {
    try await Venue.run { venue in
      venue.exchange.apply([.schedule(.advanceTime(venue.clock.seconds * 1_000_000))])
      let created = try await venue.send(
        "POST", Self.path, body: Self.body("dave", Self.end(end)), as: "operator")
      #expect(created.status == 422 && created.code == "expiry_passed", "\(created.text)")
      let found = try await venue.send("GET", Self.path + "?name=dave", as: "operator")
      #expect(found.code == "unknown_user", "\(found.text)")
      // A key of an account that is there.
      let key = Venue.signer("dave").publicKeyHex
      let granted = try await venue.send(
        "POST", Self.path + "/2/keys",
        body: #"{"public_key":"\#(key)","role":"trader","reason":"r"\#(Self.end(end))}"#,
        as: "operator")
      #expect(granted.status == 422 && granted.code == "expiry_passed", "\(granted.text)")
      let waiting = try await venue.send("GET", "/v1/operator/key-grants", as: "operator")
      #expect(waiting.json["keys"]?.count == 0)
    }
  }

  // MARK: A name and its first key

  @Test func whatIsRefusedRegistersNobody() async throws {
    try await Venue.run { venue in
      let rows: [(more: String, status: Int, code: String)] = [
        (#","reason":"""#, 422, "reason_missing"),
        (#","reason":"\#(String(repeating: "x", count: 201))""#, 422, "reason_missing"),
        (#","reason":"a\u0000b""#, 422, "text_invalid"),
        (Self.end("2026-09-21T14:13:30.000000Z"), 422, "expiry_passed"),
        (Self.end("tomorrow"), 400, "bad_request"),
      ]
      for row in rows {
        let answer = try await venue.send(
          "POST", Self.path, body: Self.body("dave", row.more), as: "operator")
        #expect(answer.status == row.status && answer.code == row.code, "\(row): \(answer.text)")
      }
      let role = try await venue.send(
        "POST", Self.path, body: Self.body("dave", "", role: "owner"), as: "operator")
      #expect(role.code == "bad_request")
      #expect(venue.exchange.submittedCount == 0)
      let created = try await venue.send(
        "POST", Self.path, body: Self.body("dave", ""), as: "operator")
      #expect(created.status == 200, "the name is free: \(created.text)")
    }
  }

  /// As many keys of this operator wait as may: an operator's first key would wait too.
  @Test func aKeyThatCannotWaitRegistersNobody() async throws {
    try await Venue.run { venue in
      let authority = Authority(user: 1, key: try Self.key("operator"), reason: "r")
      var commands: [Command] = []
      for index in 0..<Bounds.maximumPendingOfOperator {
        if index % 10 == 0 {
          commands.append(.operation(.registerUser(name: "user-\(index)"), by: authority))
        }
        commands.append(
          .operation(
            .registerKey(
              user: UserID(5 + index / 10), key: try Self.key("key-\(index)"), role: .operator),
            by: authority))
      }
      try #require(venue.exchange.apply(commands).allSatisfy { $0.rejection == nil })
      let answer = try await venue.send(
        "POST", Self.path, body: Self.body("dave", "", role: "operator"), as: "operator")
      #expect(answer.status == 409 && answer.code == "too_many_approvals", "\(answer.text)")
      #expect(venue.exchange.submittedCount == 0)
      // A trader's first key waits for nobody, and the other operator has its own hundred.
      for (role, name) in [("trader", "operator"), ("operator", "second-operator")] {
        let created = try await venue.send(
          "POST", Self.path, body: Self.body("new-\(role)", "", role: role), as: name)
        #expect(created.status == 200, "\(created.text)")
      }
    }
  }

  /// A request that is sent again gets the same answer only where it asks for the same key.
  @Test(arguments: ["trader", "operator"])
  func theWholeKeyIsCompared(_ role: String) async throws {
    try await Venue.run { venue in
      let end = Self.end("2026-10-01T00:00:00.000000Z")
      func create(_ more: String) async throws -> WireAnswer {
        try await venue.send(
          "POST", Self.path, body: Self.body("erin", more, role: role), as: "operator")
      }
      let first = try await create(end)
      #expect(first.status == 200, "\(first.text)")
      #expect(first.json["waiting_keys"]?.count == (role == "operator" ? 1 : 0))
      #expect(try await create(end).text == first.text)
      for other in ["", Self.end("2026-10-01T00:00:00.000001Z")] {
        let answer = try await create(other)
        #expect(answer.status == 409 && answer.code == "name_taken", "\(other): \(answer.text)")
      }
    }
  }

  // MARK: Approving

  /// Two keys wait for the last place of an account: only one of them is given.
  @Test func anApprovalOfAFullAccountDoesNotSayGranted() async throws {
    try await Venue.run { venue in
      let authority = Authority(user: 1, key: try Self.key("operator"), reason: "r")
      var commands: [Command] = []
      for index in 2..<Bounds.maximumKeysOfUser {
        commands.append(
          .operation(
            .registerKey(user: 3, key: try Self.key("more-\(index)"), role: .trader), by: .venue))
      }
      for name in ["last", "late"] {
        commands.append(
          .operation(.registerKey(user: 3, key: try Self.key(name), role: .trader), by: authority))
      }
      try #require(venue.exchange.apply(commands).allSatisfy { $0.rejection == nil })
      try await venue.with("second-operator") { client in
        var outcomes: [String] = []
        for waiting in try await client.waitingKeys() {
          let signature = Venue.signer("second-operator").sign(digest: waiting.approvalDigest)
          do {
            let outcome = try await client.approve(keyGrant: waiting.grantID, signature: signature)
            outcomes.append(outcome.status.rawValue)
          } catch { outcomes.append((error as? APIError)?.code ?? "\(error)") }
        }
        #expect(outcomes.count == 2 && outcomes[0] == "granted" && outcomes[1] != "granted")
      }
      let bob = try await venue.send("GET", "/v1/keys", as: "bob")
      #expect(bob.json["keys"]?.count == Bounds.maximumKeysOfUser)
    }
  }
}
