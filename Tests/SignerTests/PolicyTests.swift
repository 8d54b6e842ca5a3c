// The policy's file: what is not exactly right is refused, with the field's name.

import Ethereum
import Foundation
import Glibc
import Testing

@testable import Signer

@Suite struct PolicyTests {
  private static let usdc = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
  private static let text = """
    {"chain_id": 1,
     "assets": [
       {"asset": "ETH", "maximum_per_transaction": "10", "maximum_per_day": "20"},
       {"asset": "USDC", "contract": "\(usdc)", "maximum_per_transaction": "30",
        "maximum_per_day": "30"}],
     "maximum_fee_per_gas": "200000000000", "maximum_gas_limit": 100000,
     "maximum_gas_cost_per_day": "\(UInt256.max)",
     "allow_list": ["\(usdc)"]}
    """

  @Test func reads() throws {
    let usdc = try Address(Self.usdc)
    let expected = try SignerPolicy(
      chainID: 1,
      assets: [
        .init(code: "ETH", contract: nil, maximumPerTransaction: wei(10), maximumPerDay: wei(20)),
        .init(code: "USDC", contract: usdc, maximumPerTransaction: wei(30), maximumPerDay: wei(30)),
      ], maximumFeePerGas: wei(200_000_000_000), maximumGasLimit: 100_000,
      maximumGasCostPerDay: .max, allowList: [usdc])
    #expect(try SignerPolicy(json: Array(Self.text.utf8)) == expected)
    let open = Self.text.replacing(#", "allow_list": ["\#(Self.usdc)"]"#, with: "")
      .replacing(#""allow_list": ["\#(Self.usdc)"]"#, with: #""allow_list": []"#)
    #expect(try SignerPolicy(json: Array(open.utf8)).allowList == [])
  }

  @Test(arguments: [
    (#""chain_id": 1"#, #""chain_id": "1""#), (#""chain_id": 1"#, #""chain_id": 0"#),
    (#""chain_id": 1"#, #""chain_id": 1.0"#), (#""chain_id": 1"#, #""chain_id": 01"#),
    (#""chain_id": 1"#, #""chain_id": -1"#),
    (#""chain_id": 1"#, #""chain_id": 18446744073709551616"#),
    (#""chain_id": 1,"#, ""), (#""chain_id": 1,"#, #""chain_id": 1, "chain_id": 1,"#),
    (#""chain_id": 1,"#, #""chain_id": 1, "note": "hello","#),
    (#""maximum_per_day": "20""#, #""maximum_per_day": 20"#),
    (#""maximum_per_day": "20""#, #""maximum_per_day": "2e1""#),
    (#""maximum_per_day": "20""#, #""maximum_per_day": "020""#),
    (#""maximum_per_day": "20""#, #""maximum_per_day": """#),
    (#""maximum_per_day": "20""#, #""maximum_per_day": "9""#),
    (#""maximum_per_day": "20""#, #""maximum_per_day": "20", "maximum_per_hour": "1""#),
    (#""maximum_per_transaction": "10""#, #""maximum_per_transaction": "0""#),
    ("39935", "39936"), (#""asset": "USDC""#, #""asset": "ETH""#),
    (#""asset": "ETH""#, #""asset": """#),
    (#""contract": "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48","#, ""),
    (#""contract": "0xA0b"#, #""contract": "0xa0b"#),
    ("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"),
    (
      #""contract": "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"#,
      #""contract": "0x0000000000000000000000000000000000000000"#
    ), (#""maximum_gas_limit": 100000"#, #""maximum_gas_limit": 20999"#),
    (#""maximum_fee_per_gas": "200000000000""#, #""maximum_fee_per_gas": "0""#),
    (#""allow_list": ["#, #""allow_list": [1, "#),
    (#""allow_list": ["#, #""allow_list": "x", "y": ["#),
    (
      #""allow_list": ["#, #""allow_list": ["0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", "#
    ), (#""chain_id": 1,"#, #""chain_id": 1"#), ("]}", "]} x"), ("]}", "]"),
  ])
  func refuses(field: String, replacement: String) throws {
    let changed = Self.text.replacing(field, with: replacement)
    #expect(changed != Self.text)
    #expect(throws: SignerPolicyError.self) { try SignerPolicy(json: Array(changed.utf8)) }
  }

  @Test func refusesNoAssets() {
    #expect(throws: SignerPolicyError.self) {
      try SignerPolicy(
        chainID: 1, assets: [], maximumFeePerGas: wei(1), maximumGasLimit: 21_000,
        maximumGasCostPerDay: wei(1))
    }
  }

  @Test func refusesFiles() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("policy.json")
    try directory.write(Array(Self.text.utf8), to: "policy.json", mode: 0o644)
    #expect(try SignerPolicy(file: path).chainID == 1)
    for mode in [0o664, 0o646] as [mode_t] {
      #expect(chmod(path, mode) == 0)
      #expect(throws: SignerPolicyError.file(.openToOthers(mode: mode))) {
        try SignerPolicy(file: path)
      }
    }
    #expect(throws: SignerPolicyError.file(.missing)) {
      try SignerPolicy(file: directory.file("none"))
    }
  }
}
