// What a user reads of a mistyped address: one sentence a case, and never how the address should be
// written.

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
}
