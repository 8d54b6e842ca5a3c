// The text of extended keys: base 58 with a checksum.

import Crypto

/// Bytes and four of checksum as digits of base 58. Source: Bitcoin's `base58.cpp`, BIP-32.
enum Base58Check {
  /// The most characters that are decoded: an extended key has 111. It bounds quadratic time.
  static let maximumCharacterCount = 128

  private static let alphabet = Array(
    "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".utf8)

  /// The text of `payload`.
  static func encode(_ payload: [UInt8]) -> String {
    var bytes = payload + checksum(payload)
    defer { Secp256k1.erase(&bytes) }
    // The digits so far, the least first.
    var digits: [UInt8] = []
    for byte in bytes {
      var carry = Int(byte)
      for index in digits.indices {
        carry += Int(digits[index]) << 8
        digits[index] = UInt8(carry % 58)
        carry /= 58
      }
      while carry > 0 {
        digits.append(UInt8(carry % 58))
        carry /= 58
      }
    }
    let zeros = bytes.prefix { $0 == 0 }.count
    defer { Secp256k1.erase(&digits) }
    return String(repeating: "1", count: zeros)
      + String(decoding: digits.reversed().map { alphabet[Int($0)] }, as: UTF8.self)
  }

  /// The payload of `text`.
  static func decode(_ text: some StringProtocol) throws(ExtendedKeyError) -> [UInt8] {
    let characters = Array(text.utf8)
    guard characters.count <= maximumCharacterCount else { throw .notBase58 }
    // The bytes so far, the last first.
    var bytes: [UInt8] = []
    defer { Secp256k1.erase(&bytes) }
    for character in characters {
      guard var carry = alphabet.firstIndex(of: character) else { throw .notBase58 }
      for index in bytes.indices {
        carry += Int(bytes[index]) * 58
        bytes[index] = UInt8(carry & 255)
        carry >>= 8
      }
      if carry > 0 { bytes.append(UInt8(carry)) }
    }
    let zeros = characters.prefix { $0 == alphabet[0] }.count
    let all = [UInt8](repeating: 0, count: zeros) + bytes.reversed()
    guard all.count >= 4 else { throw .checksum }
    let payload = Array(all.dropLast(4))
    guard all.suffix(4).elementsEqual(checksum(payload)) else { throw .checksum }
    return payload
  }

  private static func checksum(_ payload: [UInt8]) -> [UInt8] {
    Array(SHA256.hash(data: Array(SHA256.hash(data: payload))).prefix(4))
  }
}
