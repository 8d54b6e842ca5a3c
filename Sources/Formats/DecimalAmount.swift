// Exact decimals of the wire: prices, quantities and amounts between JSON strings and whole atoms.

/// A decimal number as it stands in JSON: `"2010.5"`. Exact, up to 38 digits. Nothing is ever
/// rounded: what does not convert gives nil.
///
/// People and their files may write `2010.50`; JSON has the one shortest spelling.
public struct DecimalAmount: Sendable, Hashable {
  /// The number is `digits / 10^scale`, in lowest terms: `digits` ends in no zero unless `scale` is
  /// 0.
  public let digits: Int128
  public let scale: Int

  /// More characters than any 38 digits with sign and point; bounds the work on hostile text.
  private static let maximumLength = 48
  /// 10^38 is the largest power of ten in an `Int128`.
  private static let maximumScale = 38

  public static let zero = DecimalAmount(0)

  public init(_ whole: Int64) {
    digits = Int128(whole)
    scale = 0
  }

  /// `atoms / 10^decimals`.
  public init(atoms: Int128, decimals: Int) {
    precondition((0...Self.maximumScale).contains(decimals), "decimals out of 0...38")
    (digits, scale) = Self.reduced(atoms, decimals)
  }

  /// Nil unless the text is `-`? digits (`.` digits)? without leading zeros, sign `+`, exponent, or
  /// a minus before zero.
  public init?(_ text: some StringProtocol) {
    let utf8 = text.utf8
    guard !utf8.isEmpty, utf8.count <= Self.maximumLength else { return nil }
    var rest = utf8[...]
    let isNegative = rest.first == UInt8(ascii: "-")
    if isNegative { rest = rest.dropFirst() }
    // The first 18 digits fit here, and most numbers have no more.
    var short: Int64 = 0
    var value: Int128 = 0
    var (whole, fraction) = (0, 0)
    var hasPoint = false
    var first: UInt8 = 0
    for byte in rest {
      if byte == UInt8(ascii: ".") {
        guard !hasPoint else { return nil }
        hasPoint = true
        continue
      }
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
      if whole == 0, !hasPoint { first = byte }
      if hasPoint { fraction += 1 } else { whole += 1 }
      let digit = byte - UInt8(ascii: "0")
      if whole + fraction <= 18 {
        short = short * 10 + Int64(digit)
        continue
      }
      if whole + fraction == 19 { value = Int128(short) }
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(Int128(digit))
      guard !overflow, !carry else { return nil }
      value = sum
    }
    if whole + fraction <= 18 { value = Int128(short) }
    guard whole > 0, !hasPoint || fraction > 0, whole == 1 || first != UInt8(ascii: "0"),
      fraction <= Self.maximumScale, value != 0 || !isNegative
    else { return nil }
    (digits, scale) = Self.reduced(isNegative ? -value : value, fraction)
  }

  /// Whole atoms of an asset with so many decimals; nil where there is a rest or it does not fit.
  public func atoms(decimals: Int) -> Int128? {
    guard fits(decimals: decimals) else { return nil }
    var value = digits
    for _ in scale..<decimals {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      if overflow { return nil }
      value = product
    }
    return value
  }

  /// Whether the number is a whole count of `10^-decimals`.
  public func fits(decimals: Int) -> Bool { scale <= decimals }

  private static func reduced(_ atoms: Int128, _ decimals: Int) -> (Int128, Int) {
    var (value, scale) = (atoms, decimals)
    if value == 0 { return (0, 0) }
    // Most numbers are short, and long ones divide slowly.
    if var short = Int64(exactly: value) {
      while scale > 0, short % 10 == 0 {
        short /= 10
        scale -= 1
      }
      return (Int128(short), scale)
    }
    while scale > 0, value % 10 == 0 {
      value /= 10
      scale -= 1
    }
    return (value, scale)
  }
}

extension DecimalAmount: CustomStringConvertible {
  /// The shortest spelling: no zeros after the last digit that counts.
  public var description: String {
    if scale == 0 { return Int64(exactly: digits).map { String($0) } ?? String(digits) }
    let text = UInt64(exactly: digits.magnitude).map { String($0) } ?? String(digits.magnitude)
    let sign = digits < 0 ? "-" : ""
    guard text.utf8.count > scale else {
      return sign + "0." + String(repeating: "0", count: scale - text.utf8.count) + text
    }
    return sign + text.dropLast(scale) + "." + text.suffix(scale)
  }
}

extension DecimalAmount: LosslessStringConvertible {}

extension DecimalAmount: JSONText, Encodable {
  /// As `description` writes it: what is signed and compared as text has no second spelling.
  public init?(jsonText text: String) {
    guard let amount = DecimalAmount(text) else { return nil }
    // Of all that is read, only zeros at the end are needless.
    let utf8 = text.utf8
    guard utf8.last != UInt8(ascii: "0") || !utf8.contains(UInt8(ascii: ".")) else { return nil }
    self = amount
  }

  public static var expectation: String { "a decimal string as \"12.5\", without needless zeros" }

  /// A regular expression for a query parameter.
  public static let pattern = #"^-?(0|[1-9][0-9]{0,37})(\.[0-9]{0,37}[1-9])?$"#

  public static var form: JSONTextForm {
    // Some that match are refused: `-0`, and more than 38 digits in all.
    .pattern(pattern, example: "12.5")
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
