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
    for text in ["0x" + secret.dropLast(), Self.xprv, "seven words that nobody should read"] {
      let refusal = try changingPayouts("sender", text)
      #expect(refusal?.contains("is no address: 0x and 40 digits") == true, "\(refusal ?? "")")
      #expect(refusal?.contains(text.suffix(8)) == false)
    }
    let isPrivate = try refusal { $0["xpub"] = Self.xprv }
    #expect(isPrivate?.contains("xpub: this is a private key") == true, "\(isPrivate ?? "taken")")
    #expect(isPrivate?.contains("xprv") == false)
    let wrong = try refusal { $0["xpub"] = Self.xpub.dropLast() + "9" }
    #expect(wrong?.contains("its checksum does not fit") == true, "\(wrong ?? "taken")")
    let short = try refusal { $0["xpub"] = "xpub" }
    #expect(short?.contains("those begin with `xpub`") == true, "\(short ?? "taken")")
  }

  /// The engine takes no other name, and the books would have it before the engine is asked.
  @Test func aNameAndNodesAreCheckedBeforeAnythingIsWritten() throws {
    for name in ["Eth", "eth-mainnet", "", String(repeating: "a", count: 17)] {
      let refusal = try refusal { $0["name"] = name }
      #expect(refusal == "chain: FILE: name is 1 to 16 of a-z and 0-9", "\(name)")
    }
    for node in ["not a url", "ws://node.example", "http://", "node.example:8545"] {
      let refusal = try refusal { $0["nodes"] = [node] }
      #expect(refusal == "chain: FILE: a node is an http or https address", "\(node)")
    }
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
      // Nobody reads these: an operator who wrote them would get the development chain.
      (#"{"demo": false}"#, "demo is not a string: false"),
      (#"{"chain": {"file": 123}}"#, "chain.file is not a string: 123"),
      (#"{"chain": {"file": ["a"]}}"#, #"chain.file is not a string: ["a"]"#),
      (#"{"chain": {"enabled": "no"}}"#, "chain.enabled is not true or false: no"),
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

  @Test func aMisspeltVariableIsRefused() async throws {
    for (name, words) in [
      ("UNCROSS_CHAIN_FIEL", "(is `chain.file` meant?)"), ("UNCROSS_DENO", nil),
      ("UNCROSS_SOMETHING_ELSE", nil),
    ] as [(String, String?)] {
      var refusal: String?
      do {
        _ = try await ServeConfiguration(flags: [:], file: nil, environment: [name: "x"])
      } catch { refusal = "\(error)" }
      #expect(words.map { refusal?.contains($0) == true } ?? (refusal == nil), "\(refusal ?? "")")
    }
  }
}
