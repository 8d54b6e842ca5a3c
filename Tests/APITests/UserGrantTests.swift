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
}
