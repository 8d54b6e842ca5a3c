// What a user reads of a mistyped address: one sentence a case, and never how the address should be
// written.

import Custody
import Ethereum
import Testing

@testable import uncross

@Suite struct AddressRefusalTests {
  @Test(arguments: [
    ("5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "an address begins with 0x"),
    ("", "an address begins with 0x"),
    (
      "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
      "an address has 40 hexadecimal digits after 0x"
    ),
    (
      "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg",
      "an address has nothing but hexadecimal digits after 0x"
    ),
    (
      "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
      "the checksum does not fit (EIP-55): a digit or a letter's case is wrong"
    ),
    (
      "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAee",
      "the checksum does not fit (EIP-55): a digit or a letter's case is wrong"
    ),
  ])
  func aMistypedAddressIsNotCorrected(text: String, sentence: String) throws {
    let error = try #require(throws: AddressError.self) { try Address(text) }
    #expect(error.refusal == sentence)
  }

  /// From the first precompiled contract to the last that some chain has.
  @Test func nothingIsPaidToTheChainItself() throws {
    func refusal(_ last4: [UInt8]) throws -> String? {
      let address = try #require(Address([UInt8](repeating: 0, count: 16) + last4))
      return PayoutDestination.refusal(
        address, DepositRules(assets: []), DepositAddresses(xpub: try ExtendedPublicKey(Self.xpub)))
    }
    for low in [1, 4, 9, 0x11, 0x64, 0x100, 0x801, 0xffff] as [UInt32] {
      let bytes = withUnsafeBytes(of: low.bigEndian) { Array($0) }
      #expect(try refusal(bytes) == "an address of the chain's own contracts", "\(low)")
    }
    #expect(try refusal([0, 0, 0, 0]) == "the zero address")
    #expect(try refusal([0, 1, 0, 0]) == nil)
  }

  /// Of BIP 32, test vector 1.
  private static let xpub =
    "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8Yt"
    + "GqsefD265TMg7usUDFdp6W1EGMcet8"
}
