// Whole numbers as binary `numeric`: Int128 to the server's digits of base 10,000 and back.

// The form (numeric_send in the server's numeric.c): four 16-bit words, then the digits, most
// significant first: count of digits, weight (the power of 10,000 of the first digit), sign (0 or
// 0x4000; others are NaN and infinities), display scale. Canonical: no zero digit at either end;
// zero has no digits at all.

extension PostgresBuffer {
  private static let chunk: UInt64 = 10_000_000_000_000_000  // four digits of base 10,000

  /// Appends the canonical form, 8 to 28 bytes.
  mutating func putNumeric(_ value: Int128) {
    // 2^127 has 39 decimal digits: three chunks of 16. Divisions of 128 bits only where 64 do not
    // hold the rest.
    let magnitude = value.magnitude
    var digits = InlineArray<12, UInt16>(repeating: 0)
    var first = 8
    if magnitude <= UInt128(UInt64.max) {
      let (high, low) = UInt64(magnitude).quotientAndRemainder(dividingBy: Self.chunk)
      Self.split(low, into: &digits, at: 8)
      if high != 0 {
        Self.split(high, into: &digits, at: 4)
        first = 4
      }
    } else {
      let (rest, low) = magnitude.quotientAndRemainder(dividingBy: UInt128(Self.chunk))
      let (high, middle) = rest.quotientAndRemainder(dividingBy: UInt128(Self.chunk))
      Self.split(UInt64(low), into: &digits, at: 8)
      Self.split(UInt64(middle), into: &digits, at: 4)
      Self.split(UInt64(high), into: &digits, at: 0)
      first = 0
    }
    while first < 12, digits[first] == 0 { first += 1 }
    var end = 12
    while end > first, digits[end - 1] == 0 { end -= 1 }
    reserve(8 + 2 * (end - first))
    put(Int16(truncatingIfNeeded: end - first))
    put(Int16(truncatingIfNeeded: first == 12 ? 0 : 11 - first))
    put(UInt16(value < 0 ? 0x4000 : 0))
    put(Int16(0))
    for index in first..<end { put(digits[index]) }
  }

  // Four digits of one chunk; constants, so that the compiler multiplies instead of dividing.
  private static func split(
    _ chunk: UInt64, into digits: inout InlineArray<12, UInt16>, at place: Int
  ) {
    let (high, low) = chunk.quotientAndRemainder(dividingBy: 100_000_000)
    let (upper, lower) = (UInt32(truncatingIfNeeded: high), UInt32(truncatingIfNeeded: low))
    digits[place] = UInt16(truncatingIfNeeded: upper / 10_000)
    digits[place + 1] = UInt16(truncatingIfNeeded: upper % 10_000)
    digits[place + 2] = UInt16(truncatingIfNeeded: lower / 10_000)
    digits[place + 3] = UInt16(truncatingIfNeeded: lower % 10_000)
  }
}

/// Reads the binary form. Stops the process where the value is no whole number that Int128 holds:
/// columns of money are `numeric(39,0)` and only this program writes them.
func decodeNumeric(_ bytes: UnsafeRawBufferPointer) -> Int128 {
  func word(_ index: Int) -> UInt16 {
    UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self))
  }
  precondition(bytes.count >= 8, "a numeric value of fewer than eight bytes")
  let digits = Int(word(0))
  let weight = Int(Int16(bitPattern: word(1)))
  let sign = word(2)
  precondition(bytes.count == 8 + 2 * digits, "a numeric value of another length than it says")
  precondition(sign == 0 || sign == 0x4000, "a numeric value that is not a number")
  if digits == 0 { return 0 }
  precondition(weight + 1 >= digits, "a numeric value with a fraction where atoms are whole")
  precondition(weight <= 9, "a numeric value beyond 128 bits")
  // Up to four digits (10^16) stay in 64 bits, where most balances are.
  var head: UInt64 = 0
  for index in 0..<min(weight + 1, 4) {
    head = head * 10_000 + UInt64(index < digits ? word(4 + index) : 0)
  }
  var magnitude = UInt128(head)
  for index in stride(from: 4, through: weight, by: 1) {
    let digit = UInt128(index < digits ? word(4 + index) : 0)
    // 10^40 exceeds 2^128: the last step may overflow.
    let (scaled, overflow) = magnitude.multipliedReportingOverflow(by: 10_000)
    let (sum, carry) = scaled.addingReportingOverflow(digit)
    precondition(!overflow && !carry, "a numeric value beyond 128 bits")
    magnitude = sum
  }
  let limit = Int128.max.magnitude + (sign == 0 ? 0 : 1)
  precondition(magnitude <= limit, "a numeric value beyond 128 bits")
  return sign == 0
    ? Int128(truncatingIfNeeded: magnitude) : Int128(truncatingIfNeeded: 0 &- magnitude)
}
