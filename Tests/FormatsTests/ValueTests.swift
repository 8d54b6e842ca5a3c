// Decimals, times and hex: exact, and in one spelling.

import Formats
import SeededNumbers
import Testing

@Suite struct ValueTests {
  @Test func decimalsAreExact() {
    let rows: [(text: String, canonical: String?, decimals: Int, atoms: Int128?)] = [
      ("0", "0", 18, 0), ("0.0", "0", 0, 0), ("1", "1", 0, 1),
      ("1.10", "1.1", 1, 11), ("1.10", "1.1", 0, nil), ("100", "100", 2, 10_000),
      ("0.000000000000000001", "0.000000000000000001", 18, 1),
      ("0.000000000000000001", "0.000000000000000001", 17, nil),
      ("-12.345", "-12.345", 3, -12_345), ("-0.5", "-0.5", 1, -5),
      (
        "1329227995784915872.903807060280344576", "1329227995784915872.903807060280344576", 18,
        1 << 120
      ),
      (
        "99999999999999999999999999999999999999", "99999999999999999999999999999999999999", 0,
        Int128("99999999999999999999999999999999999999")
      ),
      ("99999999999999999999999999999999999999", "99999999999999999999999999999999999999", 1, nil),
      (
        "170141183460469231731687303715884105727", "170141183460469231731687303715884105727", 0,
        .max
      ),
      ("170141183460469231731687303715884105728", nil, 0, nil),
      (
        "0.00000000000000000000000000000000000001", "0.00000000000000000000000000000000000001", 38,
        1
      ),
      ("0.000000000000000000000000000000000000001", nil, 0, nil),
      ("", nil, 0, nil), ("-", nil, 0, nil), (".", nil, 0, nil), ("1.", nil, 0, nil),
      (".1", nil, 0, nil), ("+1", nil, 0, nil), ("01", nil, 0, nil), ("00", nil, 0, nil),
      ("-01", nil, 0, nil), ("-0", nil, 0, nil), ("-0.00", nil, 0, nil), ("1e3", nil, 0, nil),
      ("1.2.3", nil, 0, nil), ("1,2", nil, 0, nil),
      (" 1", nil, 0, nil), ("1 ", nil, 0, nil), ("0x1", nil, 0, nil), ("--1", nil, 0, nil),
      ("١", nil, 0, nil), ("NaN", nil, 0, nil), (String(repeating: "0", count: 100), nil, 0, nil),
    ]
    for row in rows {
      let amount = DecimalAmount(row.text)
      #expect(amount?.description == row.canonical, "\(row.text)")
      #expect(amount?.atoms(decimals: row.decimals) == row.atoms, "\(row.text) in \(row.decimals)")
    }
  }

  /// Against the naive way: text with the point moved.
  @Test(arguments: [UInt64(1), 2, 3])
  func decimalsGoThereAndBack(seed: UInt64) {
    var generator = SeededNumbers(seed)
    for _ in 0..<2_000 {
      let decimals = Int.random(in: 0...18, using: &generator)
      let bits = Int.random(in: 1...120, using: &generator)
      let high = Int128(UInt64.random(in: 0 ... .max, using: &generator)) << 64
      let magnitude =
        (high | Int128(UInt64.random(in: 0 ... .max, using: &generator)))
        & ((1 << Int128(bits)) - 1)
      let atoms = Bool.random(using: &generator) ? magnitude : -magnitude
      let amount = DecimalAmount(atoms: atoms, decimals: decimals)
      #expect(amount.atoms(decimals: decimals) == atoms, "seed \(seed): \(atoms) in \(decimals)")
      #expect(DecimalAmount(amount.description) == amount, "seed \(seed): \(amount)")
      var digits = String(atoms.magnitude)
      digits = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
      let naive =
        (atoms < 0 ? "-" : "") + digits.dropLast(decimals)
        + (decimals > 0 ? "." + digits.suffix(decimals) : "")
      #expect(DecimalAmount(naive) == amount, "seed \(seed): \(naive)")
    }
  }

  @Test func timesAreCivil() {
    let rows: [(String, Int64?)] = [
      ("1970-01-01T00:00:00.000000Z", 0), ("1970-01-01T00:00:00Z", nil),
      ("2026-09-21T14:13:20.000001Z", 1_790_000_000_000_001),
      ("2000-02-29T23:59:59.999999Z", 951_868_799_999_999),
      ("2026-09-21T14:13:20.5Z", nil), ("2026-09-21T14:13:20.500000Z", 1_790_000_000_500_000),
      ("9999-12-31T23:59:59.999999Z", Timestamp.maximum),
      ("2100-02-29T00:00:00.000000Z", nil), ("2026-02-29T00:00:00.000000Z", nil),
      ("2026-13-01T00:00:00.000000Z", nil),
      ("2026-00-01T00:00:00.000000Z", nil), ("2026-04-31T00:00:00.000000Z", nil),
      ("2026-04-30T24:00:00.000000Z", nil),
      ("2026-04-30T23:60:00.000000Z", nil), ("2026-04-30T23:59:60.000000Z", nil),
      ("1969-12-31T23:59:59.000000Z", nil),
      ("2026-04-30 23:59:00.000000Z", nil), ("2026-04-30T23:59:00.0000000", nil),
      ("2026-04-30T23:59:00.00+00:00", nil),
      ("2026-04-30T23:59:00.Z", nil), ("2026-04-30t23:59:00.000000z", nil),
      ("2026-04-30T23:59:00.1234567Z", nil), ("", nil), ("Z", nil),
      ("2026-04-3xT23:59:00.000000Z", nil),
    ]
    for (text, microseconds) in rows {
      #expect(Timestamp(text)?.microseconds == microseconds, "\(text)")
    }
    // Every day of the first 200 years has the next number.
    for day in Int64(0)..<73_049 {
      let time = Timestamp(microseconds: day * 86_400_000_000 + 1)
      #expect(Timestamp(time.description) == time)
    }
  }

  // MARK: Hex

  @Test func hexIsStrict() throws {
    let bytes = [UInt8](0...255)
    #expect(Hex.bytes(Hex.string(bytes)) == bytes && Hex.string(bytes).utf8.count == 512)
    #expect(try Hex.decode(Hex.encode(bytes)) == bytes && Hex.encode([]) == "0x")
    #expect(try Hex.decode("0x0Aff") == [10, 255])
    // A key and a digest have one spelling.
    for text in ["0", "0g", "é0", " 1", "0Aff", "+1", "0x", "٠٠"] {
      #expect(Hex.bytes(text) == nil, "\(text)")
    }
    let rows: [(String, HexError)] = [
      ("", .noPrefix), ("00", .noPrefix), ("0X00", .noPrefix), ("0x0", .oddDigits),
      ("0x0g", .noDigit), ("0x+1", .noDigit),
    ]
    for (text, error) in rows {
      #expect(throws: error, "\(text)") { try Hex.decode(text) }
    }
  }
}
