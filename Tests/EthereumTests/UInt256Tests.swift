// Amounts of 256 bits against Python's integers and against digits worked by hand.

import Ethereum
import Formats
import SeededNumbers
import Testing

/// Digits of base 256, the least first, without zeros at the end: slow and plain.
private struct Schoolbook: Equatable {
  var digits: [Int]

  init(_ digits: [Int]) {
    self.digits = digits
    while self.digits.last == 0 { self.digits.removeLast() }
  }

  init(_ value: UInt256) { self.init(value.bigEndianBytes.reversed().map(Int.init)) }

  /// Nil if it does not fit.
  var value: UInt256? {
    guard digits.count <= 32 else { return nil }
    let padded = digits + [Int](repeating: 0, count: 32 - digits.count)
    return UInt256(bigEndian: padded.reversed().map(UInt8.init))
  }

  subscript(index: Int) -> Int { index < digits.count ? digits[index] : 0 }

  static func + (a: Schoolbook, b: Schoolbook) -> Schoolbook {
    var carry = 0
    return Schoolbook(
      (0...max(a.digits.count, b.digits.count)).map { index in
        let sum = a[index] + b[index] + carry
        carry = sum / 256
        return sum % 256
      })
  }

  /// Nil below zero.
  static func - (a: Schoolbook, b: Schoolbook) -> Schoolbook? {
    var borrow = 0
    let digits = (0..<max(a.digits.count, b.digits.count)).map { index in
      let difference = a[index] - b[index] - borrow
      borrow = difference < 0 ? 1 : 0
      return difference + 256 * borrow
    }
    return borrow == 0 ? Schoolbook(digits) : nil
  }

  static func * (a: Schoolbook, b: Schoolbook) -> Schoolbook {
    var digits = [Int](repeating: 0, count: a.digits.count + b.digits.count + 1)
    for (i, x) in a.digits.enumerated() {
      for (j, y) in b.digits.enumerated() {
        digits[i + j] += x * y
        digits[i + j + 1] += digits[i + j] / 256
        digits[i + j] %= 256
      }
    }
    return Schoolbook(digits)
  }

  /// Long division, each digit found by repeated subtraction.
  func divided(by divisor: Schoolbook) -> (quotient: Schoolbook, remainder: Schoolbook) {
    var quotient: [Int] = []
    var rest = Schoolbook([])
    for digit in digits.reversed() {
      rest = Schoolbook([digit] + rest.digits)
      var times = 0
      while let less = rest - divisor {
        rest = less
        times += 1
      }
      quotient.insert(times, at: 0)
    }
    return (Schoolbook(quotient), rest)
  }
}

@Suite struct UInt256Tests {
  @Test func agreesWithPython() throws {
    for row in try vectors("uint256") {
      let a = try #require(UInt256(decimal: row[0]))
      let b = try #require(UInt256(decimal: row[1]))
      let text = "\(row[0]) and \(row[1])"
      #expect(a.adding(b)?.description ?? "-" == row[2], "\(text)")
      #expect(a.subtracting(b)?.description ?? "-" == row[3], "\(text)")
      #expect(a.multiplied(by: b)?.description ?? "-" == row[4], "\(text)")
      if b != .zero {
        let (quotient, remainder) = a.quotientAndRemainder(dividingBy: b)
        #expect(quotient.description == row[5], "\(text)")
        #expect(remainder.description == row[6], "\(text)")
      }
      #expect(a.quantity == row[7])
      #expect(b.quantity == row[8])
      #expect(UInt256(quantity: row[7]) == a)
    }
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func agreesWithTheSchoolbook(seed: UInt64) throws {
    var random = SeededNumbers(seed)
    for _ in 0..<300 {
      let a = random.uint256()
      let b = random.uint256()
      let (slowA, slowB) = (Schoolbook(a), Schoolbook(b))
      #expect(slowA.value == a)
      #expect(a.adding(b) == (slowA + slowB).value, "\(a) + \(b)")
      #expect(a.subtracting(b) == (slowA - slowB)?.value, "\(a) - \(b)")
      #expect(a.multiplied(by: b) == (slowA * slowB).value, "\(a) * \(b)")
      #expect((a < b) == (slowB - slowA != nil && a != b))
      #expect(a.bitWidth == String(a.quantity.dropFirst(2)).binaryDigits)
      if b != .zero {
        let slow = slowA.divided(by: slowB)
        let (quotient, remainder) = a.quotientAndRemainder(dividingBy: b)
        #expect(quotient == slow.quotient.value && remainder == slow.remainder.value, "\(a) / \(b)")
      }
      let short = random.next() >> UInt64(random.below(64)) | 1
      let slow = slowA.divided(by: Schoolbook(UInt256(short)))
      let (quotient, remainder) = a.quotientAndRemainder(dividingBy: short)
      #expect(quotient == slow.quotient.value, "\(a) / \(short)")
      #expect(UInt256(remainder) == slow.remainder.value, "\(a) / \(short)")
    }
  }

  @Test(arguments: [1, 2] as [UInt64])
  func textAndBytesComeBack(seed: UInt64) {
    var random = SeededNumbers(seed)
    for _ in 0..<1000 {
      let value = random.uint256()
      #expect(UInt256(decimal: value.description) == value)
      #expect(UInt256(quantity: value.quantity) == value)
      #expect(UInt256(quantity: "0x" + value.quantity.dropFirst(2).uppercased()) == value)
      #expect(UInt256(bigEndian: value.bigEndianBytes) == value)
    }
  }

  @Test(
    arguments: [
      "", " 1", "1 ", "+1", "-1", "00", "01", "1e3", "1.0", "0x1", "١",
      "115792089237316195423570985008687907853269984665640564039457584007913129639936",
      "1000000000000000000000000000000000000000000000000000000000000000000000000000000",
    ])
  func refusesDecimal(text: String) { #expect(UInt256(decimal: text) == nil) }

  @Test(
    arguments: [
      "", "0", "1", "0x", "0x00", "0x01", "0x0400", "ff", "0xg", "0X1", "0x-1", " 0x1", "0x1 ",
      "0x10000000000000000000000000000000000000000000000000000000000000000",
    ])
  func refusesQuantity(text: String) { #expect(UInt256(quantity: text) == nil) }

  /// Source: ethereum.org, "JSON-RPC API: Quantities".
  @Test(arguments: [("0x41", 65), ("0x400", 1024), ("0x0", 0)] as [(String, UInt64)])
  func quantities(text: String, value: UInt64) {
    #expect(UInt256(quantity: text) == UInt256(value))
    #expect(UInt256(value).quantity == text)
  }

  @Test func convertsExactly() {
    let signedTop = UInt128(Int128.max)
    #expect(UInt256(exactly: Int128(-1)) == nil)
    #expect(UInt256(exactly: Int128.min) == nil)
    #expect(UInt256(exactly: Int128.max) == UInt256(signedTop))
    #expect(Int128(exactly: UInt256(signedTop)) == .max)
    #expect(Int128(exactly: UInt256(signedTop + 1)) == nil)
    #expect(Int128(exactly: UInt256(high: 1, low: 0)) == nil)
    #expect(UInt128(exactly: UInt256(UInt128.max)) == .max)
    #expect(UInt128(exactly: UInt256(high: 1, low: 0)) == nil)
    #expect(UInt64(exactly: UInt256(UInt64.max)) == .max)
    #expect(UInt64(exactly: UInt256(UInt128(1) << 64)) == nil)
    #expect(UInt64(exactly: UInt256(high: 1, low: 0)) == nil)
    #expect(UInt256(bigEndian: [UInt8](repeating: 0, count: 31)) == nil)
    #expect(UInt256(bigEndian: [UInt8](repeating: 0, count: 33)) == nil)
  }

  @Test func stopsOnDivisionByZero() async {
    await #expect(processExitsWith: .failure) {
      _ = UInt256.one.quotientAndRemainder(dividingBy: UInt256.zero)
    }
    await #expect(processExitsWith: .failure) {
      _ = UInt256.one.quotientAndRemainder(dividingBy: 0 as UInt64)
    }
  }
}

extension String {
  /// Of a number in hexadecimal without leading zeros: how many binary digits it has.
  fileprivate var binaryDigits: Int {
    guard let first = first?.hexDigitValue, first != 0 else { return 0 }
    return 4 * (count - 1) + String(first, radix: 2).count
  }
}
