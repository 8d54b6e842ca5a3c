// Bytes as hexadecimal text: `0x` before them where chains write them, bare where keys are.

/// The digits of bytes. Written in lower case always.
public enum Hex {
  // MARK: Bare

  /// Two digits for each byte.
  public static func string(_ bytes: some Sequence<UInt8>) -> String {
    var text: [UInt8] = []
    append(bytes, to: &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// Nil unless there is an even count of the digits `0-9 a-f`: keys and digests have one spelling.
  public static func bytes(_ text: some StringProtocol) -> [UInt8]? {
    // An array, so that the rest is compiled for one type.
    let digits = Array(text.utf8)
    guard !digits.contains(where: { (UInt8(ascii: "A")...UInt8(ascii: "F")).contains($0) }) else {
      return nil
    }
    return try? bytes(of: digits[...])
  }

  // MARK: After `0x`

  /// `0x` and two digits for each byte. Source: ethereum.org, "JSON-RPC API: Unformatted data".
  public static func encode(_ bytes: some Sequence<UInt8>) -> String {
    var text: [UInt8] = [UInt8(ascii: "0"), UInt8(ascii: "x")]
    append(bytes, to: &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// The bytes of `0x` and an even number of digits, of either case: EIP-55 mixes them.
  public static func decode(_ text: some StringProtocol) throws(HexError) -> [UInt8] {
    var digits = Array(text.utf8)[...]
    guard digits.popFirst() == UInt8(ascii: "0"), digits.popFirst() == UInt8(ascii: "x") else {
      throw .noPrefix
    }
    return try bytes(of: digits)
  }

  // MARK: Digits

  /// The digit, lower case, of a value below 16.
  public static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }

  /// The value of a digit of either case, else nil.
  public static func value(of digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  private static func append(_ bytes: some Sequence<UInt8>, to text: inout [UInt8]) {
    text.reserveCapacity(text.count + 2 * bytes.underestimatedCount)
    for byte in bytes {
      text.append(digit(byte >> 4))
      text.append(digit(byte & 15))
    }
  }

  private static func bytes(of digits: ArraySlice<UInt8>) throws(HexError) -> [UInt8] {
    guard digits.count % 2 == 0 else { throw .oddDigits }
    var rest = digits
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count / 2)
    while let first = rest.popFirst(), let second = rest.popFirst() {
      guard let high = value(of: first), let low = value(of: second) else { throw .noDigit }
      bytes.append(high << 4 | low)
    }
    return bytes
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
