// Times of the wire: RFC 3339 in UTC with microseconds, to and from one integer.

/// Microseconds since 1970-01-01T00:00:00Z; in JSON `"2026-09-21T12:00:00.000000Z"`.
public struct Timestamp: Sendable, Hashable, Comparable {
  public let microseconds: Int64

  /// The years 1970 to 9999, which four digits can write.
  public static let maximum: Int64 = 253_402_300_799_999_999

  public init(microseconds: Int64) { self.microseconds = microseconds }

  /// Now, by the machine's clock.
  public static func now() -> Timestamp {
    Timestamp(microseconds: SystemClock.wallMicroseconds())
  }

  /// Whole seconds, rounded down: `created` of a signature.
  public var seconds: Int64 { microseconds / 1_000_000 }

  public static func < (a: Self, b: Self) -> Bool { a.microseconds < b.microseconds }

  /// Nil unless the text is `YYYY-MM-DDThh:mm:ss.ffffffZ`, the one spelling, and names a real time
  /// from 1970 on.
  public init?(_ text: some StringProtocol) {
    // An array, so that the rest is compiled for one type.
    let bytes = Array(text.utf8)
    guard bytes.count == 27, bytes[26] == UInt8(ascii: "Z"), bytes[19] == UInt8(ascii: "."),
      bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"), bytes[10] == UInt8(ascii: "T"),
      bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
      let year = Self.number(bytes[0..<4]), let month = Self.number(bytes[5..<7]),
      let day = Self.number(bytes[8..<10]), let hour = Self.number(bytes[11..<13]),
      let minute = Self.number(bytes[14..<16]), let second = Self.number(bytes[17..<19]),
      let micros = Self.number(bytes[20..<26]),
      year >= 1970, (1...12).contains(month), (1...Self.days(in: month, of: year)).contains(day),
      hour < 24, minute < 60, second < 60
    else { return nil }
    let days = Self.daysSinceEpoch(year, month, day)
    microseconds = (((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000 + micros
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
    var value: Int64 = 0
    for digit in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
      value = value * 10 + Int64(digit - UInt8(ascii: "0"))
    }
    return value
  }

  private static func days(in month: Int64, of year: Int64) -> Int64 {
    switch month {
    case 4, 6, 9, 11: 30
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    default: 31
    }
  }

  // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": eras of 400 years from 1 March.
  private static func daysSinceEpoch(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = days + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let month = (5 * dayOfYear + 2) / 153
    let civilMonth = month < 10 ? month + 3 : month - 9
    let year = yearOfEra + era * 400 + (civilMonth <= 2 ? 1 : 0)
    return (year, civilMonth, dayOfYear - (153 * month + 2) / 5 + 1)
  }
}

extension Timestamp: CustomStringConvertible {
  public var description: String {
    let clamped = min(max(microseconds, 0), Self.maximum)
    let (seconds, micros) = clamped.quotientAndRemainder(dividingBy: 1_000_000)
    let (days, time) = seconds.quotientAndRemainder(dividingBy: 86_400)
    let (year, month, day) = Self.civil(days)
    return String(unsafeUninitializedCapacity: 27) { text in
      var place = 0
      func append(_ value: Int64, _ width: Int, _ end: UInt8) {
        var rest = value
        for digit in stride(from: place + width - 1, through: place, by: -1) {
          text.initializeElement(at: digit, to: UInt8(ascii: "0") + UInt8(rest % 10))
          rest /= 10
        }
        text.initializeElement(at: place + width, to: end)
        place += width + 1
      }
      append(year, 4, UInt8(ascii: "-"))
      append(month, 2, UInt8(ascii: "-"))
      append(day, 2, UInt8(ascii: "T"))
      append(time / 3_600, 2, UInt8(ascii: ":"))
      append(time / 60 % 60, 2, UInt8(ascii: ":"))
      append(time % 60, 2, UInt8(ascii: "."))
      append(micros, 6, UInt8(ascii: "Z"))
      return place
    }
  }
}

extension Timestamp: JSONText, Encodable {
  public init?(jsonText text: String) { self.init(text) }

  public static var expectation: String { "a time as \"2026-09-21T12:00:00.000000Z\"" }

  public static var form: JSONTextForm {
    .pattern(
      "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z$",
      example: "2026-09-21T12:00:00.000000Z")
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
