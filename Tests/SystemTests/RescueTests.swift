// Whoever starts the exchange lets an operator in: each key once.

import Client
import Testing
import Wire

@Suite struct RescueTests {
  /// The setting stays where it was written when its key was revoked: the exchange starts, says so
  /// and gives nothing. Another key gets in, and ends the freeze.
  @Test func aStartGivesEachKeyOnce() async throws {
    try await ExchangeProcess.with { exchange in
      let (first, second) = (RequestSigner(), RequestSigner())
      func start(naming signer: RequestSigner) async throws -> UncrossClient {
        try await exchange.start(["--no-demo", "--operator-key", signer.publicKeyHex])
        return try exchange.client(signer)
      }
      var client = try await start(naming: first)
      #expect(try await client.user(named: "treasurer").frozen == false)
      let treasurer = try exchange.client(try exchange.treasurerSigner())
      _ = try await treasurer.revoke(publicKey: first.publicKeyHex, reason: "stolen")
      _ = try await treasurer.freeze("1", reason: "stolen")
      try await exchange.stop()

      client = try await start(naming: first)
      #expect(exchange.printed.contains("operator.key gives nothing: this key was revoked"))
      await #expect(throws: APIError.self) { try await client.operatorDelay() }
      let found = try await exchange.client(try exchange.treasurerSigner()).user(named: "operator")
      #expect(found.frozen)
      try await exchange.stop()

      client = try await start(naming: second)
      #expect(try await client.user(named: "operator").frozen == false)
      let log = try await client.operatorLog(action: "register_key").rows
      #expect(log.filter { $0.reason == "named at the start" }.count == 2)
      try await exchange.stop()
    }
  }
}
