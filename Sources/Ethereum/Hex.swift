// Hexadecimal text, as JSON-RPC writes bytes.

/// Bytes as `0x` and two digits each. Source: ethereum.org, "JSON-RPC API: Unformatted data".
public enum Hex {
  /// `0x`, then lower case.
  public static func encode(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = [UInt8(ascii: "0"), UInt8(ascii: "x")]
    text.reserveCapacity(2 + 2 * bytes.count)
    for byte in bytes {
      text.append(digit(byte >> 4))
      text.append(digit(byte & 15))
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The bytes of `0x` and an even number of digits, of either case.
  public static func decode(_ text: some StringProtocol) throws(HexError) -> [UInt8] {
    // An array, so that the rest is compiled for one type.
    var digits = Array(text.utf8)[...]
    guard digits.popFirst() == UInt8(ascii: "0"), digits.popFirst() == UInt8(ascii: "x") else {
      throw .noPrefix
    }
    guard digits.count % 2 == 0 else { throw .oddDigits }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count / 2)
    while let first = digits.popFirst(), let second = digits.popFirst() {
      guard let high = value(of: first), let low = value(of: second) else { throw .noDigit }
      bytes.append(high << 4 | low)
    }
    return bytes
  }

  /// The digit, lower case, of a value below 16.
  static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }

  /// The value of a digit of either case, else nil.
  static func value(of digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

/// Why text is not hexadecimal bytes.
public enum HexError: Error, Equatable, Sendable {
  /// It does not begin with `0x`.
  case noPrefix
  /// A digit lacks its partner.
  case oddDigits
  /// A character is no digit.
  case noDigit
}
