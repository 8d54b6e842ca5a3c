// Accounts and contracts of the chain: 20 bytes in place, with the checksum of their text.

internal import Formats

/// An Ethereum address, ordered by byte from the first.
public struct Address: Hashable, Sendable, Comparable {
  // 20 bytes. Not a UInt128 and a UInt32: enumerations around a type of alignment 16 and size 20
  // are copied by the compiler's debug code as if they were aligned, which traps (Swift 6.3).
  private let first8: UInt64
  private let middle8: UInt64
  private let last4: UInt32

  /// The address that no one owns: the sender of what is minted.
  public static let zero = Address(lowBytesOf: .zero)

  /// Of the chain itself: its precompiled contracts lie there, on some chains below 0x10000, and
  /// nobody has a key. What is paid to one stays there.
  public var isReserved: Bool { first8 == 0 && middle8 == 0 && last4 < 0x1_0000 }

  /// Nil for any count but 20.
  public init?(_ bytes: [UInt8]) {
    guard bytes.count == 20 else { return nil }
    self.init(lowBytesOf: UInt256(atMost32: bytes))
  }

  /// From a word of the EVM, in which an address is padded to 32 bytes by zeros on its left; nil if
  /// one of the 12 is not zero.
  public init?(word: UInt256) {
    guard word.high >> 32 == 0 else { return nil }
    self.init(lowBytesOf: word)
  }

  /// The last 20 of 32 bytes, the others dropped: how a key's hash becomes its address.
  init(lowBytesOf word: UInt256) {
    first8 = UInt64(truncatingIfNeeded: word.high << 32 | word.low >> 96)
    middle8 = UInt64(truncatingIfNeeded: word.low >> 32)
    last4 = UInt32(truncatingIfNeeded: word.low)
  }

  /// Padded to 32 bytes by zeros on the left.
  public var word: UInt256 {
    UInt256(
      high: UInt128(first8 >> 32),
      low: UInt128(first8) << 96 | UInt128(middle8) << 32 | UInt128(last4))
  }

  /// The 20 bytes.
  public var bytes: [UInt8] { Array(word.bigEndianBytes.dropFirst(12)) }

  public static func < (a: Address, b: Address) -> Bool {
    (a.first8, a.middle8, a.last4) < (b.first8, b.middle8, b.last4)
  }

  /// Takes the 20 bytes in.
  func feed(_ hasher: inout Keccak256) {
    let word = word
    hasher.update(UInt32(truncatingIfNeeded: word.high))
    hasher.update(word.low)
  }
}

// MARK: - Text

/// Why text is not an address.
public enum AddressError: Error, Equatable, Sendable {
  /// It does not begin with `0x`.
  case noPrefix
  /// After the prefix there are `digits` characters (bytes of UTF-8) and not 40.
  case length(digits: Int)
  /// The character at `offset` (from 0, the prefix counted) is no hexadecimal digit.
  case noDigit(offset: Int)
  /// There are capitals, and not as the checksum has them: at least one digit may not be what was
  /// meant.
  /// `expected` is the right writing of the digits given, to report and never to pay to.
  case checksum(expected: String)
}

extension Address: CustomStringConvertible {
  /// From `0x` and 40 digits: all letters in lower case, as nodes write it, or cased by EIP-55, as
  /// wallets do. All in upper case they have no checksum, though they look as if they could.
  public init(_ text: some StringProtocol) throws(AddressError) {
    let characters = Array(text.utf8)
    var digits = characters[...]
    guard digits.popFirst() == UInt8(ascii: "0"), digits.popFirst() == UInt8(ascii: "x") else {
      throw .noPrefix
    }
    guard digits.count == 40 else { throw .length(digits: digits.count) }
    var word = UInt256.zero
    var hasUpper = false
    for (offset, digit) in digits.enumerated() {
      guard let value = Hex.value(of: digit) else { throw .noDigit(offset: offset + 2) }
      word = UInt256(high: word.high << 4 | word.low >> 124, low: word.low << 4 | UInt128(value))
      hasUpper = hasUpper || (digit >= UInt8(ascii: "A") && digit <= UInt8(ascii: "F"))
    }
    self.init(lowBytesOf: word)
    if hasUpper, !description.utf8.elementsEqual(characters) {
      throw .checksum(expected: description)
    }
  }

  /// `0x` and 40 digits cased by EIP-55: a letter is upper case where the hash of the lower-case
  /// digits has a digit of 8 or more. Source: EIP-55.
  public var description: String {
    var digits = Array(lowercase.utf8.dropFirst(2))
    let hash = Keccak256.hash(digits).number
    for offset in digits.indices where digits[offset] >= UInt8(ascii: "a") {
      let half = offset < 32 ? hash.high : hash.low
      if half >> UInt128(124 - 4 * (offset % 32)) & 15 >= 8 { digits[offset] -= 32 }
    }
    return "0x" + String(decoding: digits, as: UTF8.self)
  }

  /// `0x` and 40 digits in lower case, as nodes write it.
  public var lowercase: String { Hex.encode(bytes) }
}
