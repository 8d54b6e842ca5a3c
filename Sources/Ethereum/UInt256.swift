// Amounts of the chain: 256 bits, checked, with the two text forms that the chain's interfaces use.

internal import Formats

/// An unsigned number of 256 bits, as the EVM's words and amounts in wei. Nothing wraps: what does
/// not fit is nil.
public struct UInt256: Hashable, Sendable, Comparable {
  /// The upper 128 bits.
  public let high: UInt128
  /// The lower 128 bits.
  public let low: UInt128

  public static let zero = UInt256(0 as UInt128)
  public static let one = UInt256(1 as UInt128)
  /// 2^256 - 1.
  public static let max = UInt256(high: .max, low: .max)

  public init(high: UInt128, low: UInt128) {
    self.high = high
    self.low = low
  }

  public init(_ value: UInt128) { self.init(high: 0, low: value) }

  public init(_ value: UInt64) { self.init(high: 0, low: UInt128(value)) }

  /// Nil below zero.
  public init?(exactly value: Int128) {
    guard let low = UInt128(exactly: value) else { return nil }
    self.init(low)
  }

  public static func < (a: UInt256, b: UInt256) -> Bool {
    a.high != b.high ? a.high < b.high : a.low < b.low
  }
}

extension UInt128 {
  /// Nil if the value does not fit.
  public init?(exactly value: UInt256) {
    guard value.high == 0 else { return nil }
    self = value.low
  }
}

extension Int128 {
  /// Nil if the value does not fit.
  public init?(exactly value: UInt256) {
    guard value.high == 0 else { return nil }
    self.init(exactly: value.low)
  }
}

extension UInt64 {
  /// Nil if the value does not fit.
  public init?(exactly value: UInt256) {
    guard value.high == 0 else { return nil }
    self.init(exactly: value.low)
  }
}

// MARK: - Arithmetic

extension UInt256 {
  /// The sum; nil at 2^256 and above.
  public func adding(_ other: UInt256) -> UInt256? {
    let (low, carry) = low.addingReportingOverflow(other.low)
    let (partial, overflow) = high.addingReportingOverflow(other.high)
    let (high, carryOverflow) = partial.addingReportingOverflow(carry ? 1 : 0)
    return overflow || carryOverflow ? nil : UInt256(high: high, low: low)
  }

  /// The difference; nil below zero.
  public func subtracting(_ other: UInt256) -> UInt256? {
    let (low, borrow) = low.subtractingReportingOverflow(other.low)
    let (partial, underflow) = high.subtractingReportingOverflow(other.high)
    let (high, borrowUnderflow) = partial.subtractingReportingOverflow(borrow ? 1 : 0)
    return underflow || borrowUnderflow ? nil : UInt256(high: high, low: low)
  }

  /// The product; nil at 2^256 and above.
  public func multiplied(by other: UInt256) -> UInt256? {
    // With both upper halves the product is at least 2^256.
    guard high == 0 || other.high == 0 else { return nil }
    let (carry, low) = low.multipliedFullWidth(by: other.low)
    // One of the two crossed products is zero.
    let (first, firstOverflow) = high.multipliedReportingOverflow(by: other.low)
    let (second, secondOverflow) = self.low.multipliedReportingOverflow(by: other.high)
    let (high, carryOverflow) = carry.addingReportingOverflow(first | second)
    return firstOverflow || secondOverflow || carryOverflow ? nil : UInt256(high: high, low: low)
  }

  /// The quotient, rounded down, and the rest. `divisor` must not be zero.
  public func quotientAndRemainder(
    dividingBy divisor: UInt64
  ) -> (quotient: UInt256, remainder: UInt64) {
    precondition(divisor != 0, "division by zero")
    let (word3, rest3) = divisor.dividingFullWidth((0, UInt64(high >> 64)))
    let (word2, rest2) = divisor.dividingFullWidth((rest3, UInt64(truncatingIfNeeded: high)))
    let (word1, rest1) = divisor.dividingFullWidth((rest2, UInt64(low >> 64)))
    let (word0, rest0) = divisor.dividingFullWidth((rest1, UInt64(truncatingIfNeeded: low)))
    let quotient = UInt256(
      high: UInt128(word3) << 64 | UInt128(word2), low: UInt128(word1) << 64 | UInt128(word0))
    return (quotient, rest0)
  }

  /// The quotient, rounded down, and the rest. `divisor` must not be zero.
  public func quotientAndRemainder(
    dividingBy divisor: UInt256
  ) -> (quotient: UInt256, remainder: UInt256) {
    precondition(divisor != .zero, "division by zero")
    if self < divisor { return (.zero, self) }
    if divisor.high == 0 {
      let (upper, rest) = high.quotientAndRemainder(dividingBy: divisor.low)
      let (lower, remainder) = divisor.low.dividingFullWidth((rest, low))
      return (UInt256(high: upper, low: lower), UInt256(remainder))
    }
    // The quotient has at most 128 bits. Dividing by the divisor's upper 128 significant bits gives
    // it or one more (Warren, Hacker's Delight, 9-5, which does this for 64 bits).
    let shift = divisor.high.leadingZeroBitCount
    let significant =
      shift == 0
      ? divisor.high : divisor.high << UInt128(shift) | divisor.low >> UInt128(128 - shift)
    let half = (high: high >> 1, low: high << 127 | low >> 1)
    let (estimate, _) = significant.dividingFullWidth(half)
    // `half` and `significant` are 2^-1 and 2^(shift - 128) of the true operands. The quotient is
    // above zero here, so at least the true one less one remains.
    let below = Swift.max(estimate >> UInt128(127 - shift), 1) - 1
    guard
      let product = divisor.multiplied(by: UInt256(below)),
      let remainder = subtracting(product)
    else { preconditionFailure("a quotient was estimated too high") }
    guard let rest = remainder.subtracting(divisor) else { return (UInt256(below), remainder) }
    return (UInt256(below + 1), rest)
  }
}

// MARK: - Bytes

extension UInt256 {
  /// From 32 bytes, big-endian; nil for any other count.
  public init?(bigEndian bytes: [UInt8]) {
    guard bytes.count == 32 else { return nil }
    self.init(atMost32: bytes)
  }

  /// From up to 32 bytes, big-endian; the caller has counted them.
  init(atMost32 bytes: some Collection<UInt8>) {
    var high: UInt128 = 0
    var low: UInt128 = 0
    for byte in bytes {
      high = high << 8 | low >> 120
      low = low << 8 | UInt128(byte)
    }
    self.init(high: high, low: low)
  }

  /// 32 bytes, big-endian.
  public var bigEndianBytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(32)
    append(to: &bytes)
    return bytes
  }

  /// Appends 32 bytes, big-endian.
  public func append(to bytes: inout [UInt8]) {
    withUnsafeBytes(of: high.bigEndian) { bytes.append(contentsOf: $0) }
    withUnsafeBytes(of: low.bigEndian) { bytes.append(contentsOf: $0) }
  }

  /// How many bits the value needs; 0 for zero.
  public var bitWidth: Int {
    high != 0 ? 256 - high.leadingZeroBitCount : 128 - low.leadingZeroBitCount
  }
}

// MARK: - Text

extension UInt256: CustomStringConvertible {
  /// From decimal digits: at least one, none but digits, no leading zero, below 2^256; else nil.
  public init?(decimal text: some StringProtocol) {
    let digits = Array(text.utf8)
    // 2^256 - 1 has 78 digits.
    guard
      let first = digits.first, digits.count <= 78,
      first != UInt8(ascii: "0") || digits.count == 1
    else { return nil }
    var value = UInt256.zero
    for digit in digits {
      guard
        digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9"),
        let tenfold = value.multiplied(by: UInt256(10 as UInt64)),
        let next = tenfold.adding(UInt256(UInt64(digit - UInt8(ascii: "0"))))
      else { return nil }
      value = next
    }
    self = value
  }

  /// Decimal digits.
  public var description: String {
    if high == 0 { return low.description }
    // The largest power of ten in 64 bits.
    let group: UInt64 = 10_000_000_000_000_000_000
    var rest = self
    var groups: [String] = []
    while rest != .zero {
      let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: group)
      let digits = String(remainder)
      groups.append(
        quotient == .zero ? digits : String(repeating: "0", count: 19 - digits.count) + digits)
      rest = quotient
    }
    return groups.reversed().joined()
  }

  /// From a quantity of JSON-RPC: `0x`, then 1 to 64 hexadecimal digits of either case without a
  /// leading zero (zero itself is `0x0`); else nil. Source: ethereum.org, "JSON-RPC API:
  /// Quantities".
  public init?(quantity text: some StringProtocol) {
    var digits = Array(text.utf8)[...]
    guard
      digits.popFirst() == UInt8(ascii: "0"), digits.popFirst() == UInt8(ascii: "x"),
      let first = digits.first, digits.count <= 64,
      first != UInt8(ascii: "0") || digits.count == 1
    else { return nil }
    var high: UInt128 = 0
    var low: UInt128 = 0
    for digit in digits {
      guard let value = Hex.value(of: digit) else { return nil }
      high = high << 4 | low >> 124
      low = low << 4 | UInt128(value)
    }
    self.init(high: high, low: low)
  }

  /// As a quantity of JSON-RPC: `0x`, then lower case without leading zeros.
  public var quantity: String {
    if high == 0 { return "0x" + String(low, radix: 16) }
    let digits = String(low, radix: 16)
    return "0x" + String(high, radix: 16) + String(repeating: "0", count: 32 - digits.count)
      + digits
  }
}
