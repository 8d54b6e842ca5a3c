// The description of a chain: what is wrong in it is said in words, and nothing is passed over.

import Foundation
import Testing

@testable import uncross

@Suite struct ChainFileTests {
  /// Of BIP 32, test vector 1: nobody is paid to it.
  static let xpub =
    "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8Yt"
    + "GqsefD265TMg7usUDFdp6W1EGMcet8"
  private static let xprv =
    "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3"
    + "TGtRBeJgk33yuGBxrMPHi"

  private func refusal(_ change: (inout [String: Any]) -> Void) throws -> String? {
    var file: [String: Any] = [
      "name": "eth", "chain_id": 1, "nodes": ["http://127.0.0.1:1"], "xpub": Self.xpub,
      "assets": [["asset": "ETH", "decimals": 18, "minimum": "0.01"] as [String: Any]],
      "payouts": [
        "sender": "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf", "signer": "/run/signer.sock",
        "maximum_fee_per_gas": "100", "priority_fee_per_gas": "1",
      ],
    ]
    change(&file)
    let path = FileManager.default.temporaryDirectory.path + "/uncross-chain-\(UUID()).json"
    try JSONSerialization.data(withJSONObject: file).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    do {
      _ = try ChainSettings(file: path)
      return nil
    } catch { return "\(error)".replacingOccurrences(of: path, with: "FILE") }
  }

  private func changingAsset(_ field: String, _ value: Any?) throws -> String? {
    try refusal {
      var asset = ($0["assets"] as? [[String: Any]])?.first ?? [:]
      asset[field] = value
      $0["assets"] = [asset]
    }
  }

  private func changingPayouts(_ field: String, _ value: Any) throws -> String? {
    try refusal {
      var payouts = $0["payouts"] as? [String: Any] ?? [:]
      payouts[field] = value
      $0["payouts"] = payouts
    }
  }

  @Test func aWholeDescriptionIsRead() throws {
    #expect(try refusal { _ in } == nil)
  }

  @Test func anUnknownFieldIsRefusedWithTheOneThatIsMeant() throws {
    #expect(
      try refusal { $0["own_sender"] = [] }
        == "chain: FILE: unknown field `own_sender` (is `own_senders` meant?)")
    #expect(
      try changingAsset("confirmation", 3)
        == "chain: FILE: unknown field assets[0].`confirmation` (is `confirmations` meant?)")
    #expect(
      try changingPayouts("max_fee_per_gas", "3")
        == "chain: FILE: unknown field payouts.`max_fee_per_gas` (is `maximum_fee_per_gas` meant?)")
    #expect(try refusal { $0["colour"] = 1 } == "chain: FILE: unknown field `colour`")
  }

  @Test func aWrongKindIsSaidInWords() throws {
    #expect(
      try changingAsset("decimals", "18")
        == "chain: FILE: field assets[0].`decimals` must be a whole number in "
        + "\(Int.min)...\(Int.max)")
    #expect(
      try changingAsset("minimum", 1) == "chain: FILE: field assets[0].`minimum` must be a string")
    #expect(
      try changingAsset("minimum", nil) == "chain: FILE: field assets[0].`minimum` is missing")
    #expect(
      try changingPayouts("maximum_fee_per_gas", "1.5")
        == "chain: FILE: payouts.maximum_fee_per_gas: 1.5 is no amount of wei")
  }

  /// What may be a secret is not said again.
  @Test func aWrongKeyIsSaidInWords() throws {
    let secret = String(repeating: "7", count: 64)
    for text in [secret, "0x" + secret] {
      let refusal = try changingPayouts("sender", text)
      #expect(
        refusal == "chain: FILE: payouts.sender: 64 digits are a private key's or a hash's, "
          + "an address has 40 after 0x")
    }
    let isPrivate = try refusal { $0["xpub"] = Self.xprv }
    #expect(isPrivate?.contains("xpub: this is a private key") == true, "\(isPrivate ?? "taken")")
    #expect(isPrivate?.contains("xprv") == false)
    let wrong = try refusal { $0["xpub"] = Self.xpub.dropLast() + "9" }
    #expect(wrong?.contains("its checksum does not fit") == true, "\(wrong ?? "taken")")
    let short = try refusal { $0["xpub"] = "xpub" }
    #expect(short?.contains("those begin with `xpub`") == true, "\(short ?? "taken")")
  }

  /// Of the exchange's own settings too.
  @Test func aFileOfSettingsHoldsNothingElse() async throws {
    let path = FileManager.default.temporaryDirectory.path + "/uncross-config-\(UUID()).json"
    defer { try? FileManager.default.removeItem(atPath: path) }
    for (text, words) in [
      (#"{"api": {"port": 0}, "demo": "false"}"#, nil),
      (#"{"api": {"prot": 0}}"#, "`api.prot` (is `api.port` meant?)"),
      (#"{"api.port": 0, "api": {"host": "::1"}}"#, "`api.port`"),
      (#"{"chain": {"file": "a", "fiel": "b"}}"#, "`chain.fiel` (is `chain.file` meant?)"),
    ] as [(String, String?)] {
      try text.write(toFile: path, atomically: true, encoding: .utf8)
      var refusal: String?
      do {
        _ = try await ServeConfiguration(flags: [:], file: path, environment: [:])
      } catch { refusal = "\(error)" }
      if let words {
        #expect(refusal?.contains(words) == true, "\(text): \(refusal ?? "taken")")
      } else {
        #expect(refusal == nil, "\(text)")
      }
    }
  }
}
