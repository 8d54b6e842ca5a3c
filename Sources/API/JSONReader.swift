// Strict JSON of request bodies: no duplicate, unknown or mistyped field gets past here.

internal import Client

/// A parsed JSON value. Numbers keep their text: no amount ever becomes a floating-point number.
enum JSONValue: Equatable {
  case null
  case bool(Bool)
  case number(String)
  case text(String)
  case array([JSONValue])
  case object([JSONField])

  /// Parses a whole body (RFC 8259, UTF-8); duplicate names are refused.
  static func parse(_ bytes: [UInt8]) throws(Refusal) -> JSONValue {
    var reader = JSONReader(bytes)
    return try reader.document()
  }
}

struct JSONField: Equatable {
  var name: String
  var value: JSONValue
}

/// Recursive descent over a body whose size is bounded already.
private struct JSONReader {
  /// A batch nests three deep.
  private static let maximumDepth = 8
  /// No request has more than 20 fields; duplicates are searched one by one.
  private static let maximumFields = 64

  private let bytes: [UInt8]
  private var offset = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func document() throws(Refusal) -> JSONValue {
    let value = try value(depth: 0)
    skipSpace()
    guard offset == bytes.count else { throw fail("something follows the JSON value") }
    return value
  }

  private func fail(_ reason: String) -> Refusal {
    Refusal(.badRequest, "JSON: \(reason) at byte \(offset)")
  }

  private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
      offset += 1
    }
  }

  private mutating func value(depth: Int) throws(Refusal) -> JSONValue {
    guard depth < Self.maximumDepth else { throw fail("nested too deep") }
    skipSpace()
    guard let byte = next else { throw fail("a value is missing") }
    switch byte {
    case UInt8(ascii: "{"): return .object(try object(depth: depth))
    case UInt8(ascii: "["): return .array(try array(depth: depth))
    case UInt8(ascii: "\""): return .text(try text())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return .number(try number())
    }
  }

  private mutating func word(_ word: String, _ value: JSONValue) throws(Refusal) -> JSONValue {
    guard bytes[offset...].starts(with: word.utf8) else { throw fail("not a value") }
    offset += word.utf8.count
    return value
  }

  private mutating func object(depth: Int) throws(Refusal) -> [JSONField] {
    var fields: [JSONField] = []
    offset += 1
    skipSpace()
    if next == UInt8(ascii: "}") {
      offset += 1
      return fields
    }
    while true {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw fail("a field name is missing") }
      let name = try text()
      guard !fields.contains(where: { $0.name == name }) else {
        throw Refusal(.badRequest, "field \(quoted(name)) is there twice")
      }
      guard fields.count < Self.maximumFields else { throw fail("too many fields") }
      skipSpace()
      guard next == UInt8(ascii: ":") else { throw fail("a colon is missing") }
      offset += 1
      fields.append(JSONField(name: name, value: try value(depth: depth + 1)))
      if try closes(with: UInt8(ascii: "}")) { return fields }
    }
  }

  private mutating func array(depth: Int) throws(Refusal) -> [JSONValue] {
    var values: [JSONValue] = []
    offset += 1
    skipSpace()
    if next == UInt8(ascii: "]") {
      offset += 1
      return values
    }
    while true {
      values.append(try value(depth: depth + 1))
      if try closes(with: UInt8(ascii: "]")) { return values }
    }
  }

  /// After an element: a comma (false) or the end (true).
  private mutating func closes(with end: UInt8) throws(Refusal) -> Bool {
    skipSpace()
    guard let byte = next, byte == end || byte == UInt8(ascii: ",") else {
      throw fail("a comma or an end is missing")
    }
    offset += 1
    return byte == end
  }

  private mutating func number() throws(Refusal) -> String {
    let start = offset
    if next == UInt8(ascii: "-") { offset += 1 }
    if next == UInt8(ascii: "0") { offset += 1 } else if !skipDigits() { throw fail("not a value") }
    if next == UInt8(ascii: ".") {
      offset += 1
      guard skipDigits() else { throw fail("digits are missing") }
    }
    if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
      offset += 1
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { offset += 1 }
      guard skipDigits() else { throw fail("digits are missing") }
    }
    return String(decoding: bytes[start..<offset], as: UTF8.self)
  }

  private mutating func skipDigits() -> Bool {
    let start = offset
    while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { offset += 1 }
    return offset > start
  }

  private mutating func text() throws(Refusal) -> String {
    offset += 1
    let start = offset
    while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
      offset += 1
    }
    if next == UInt8(ascii: "\"") {
      guard let text = String(validating: bytes[start..<offset], as: UTF8.self) else {
        throw fail("not UTF-8")
      }
      offset += 1
      return text
    }
    return try textWithEscapes(Array(bytes[start..<offset]))
  }

  private mutating func textWithEscapes(_ beginning: [UInt8]) throws(Refusal) -> String {
    var content = beginning
    while let byte = next {
      guard byte >= 0x20 else { throw fail("a control character in a string") }
      offset += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: content, as: UTF8.self) else { throw fail("not UTF-8") }
        return text
      case UInt8(ascii: "\\"): try escape(into: &content)
      default: content.append(byte)
      }
    }
    throw fail("a string does not end")
  }

  private mutating func escape(into content: inout [UInt8]) throws(Refusal) {
    guard let byte = next else { throw fail("a string does not end") }
    offset += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
    case UInt8(ascii: "b"): content.append(0x08)
    case UInt8(ascii: "f"): content.append(0x0c)
    case UInt8(ascii: "n"): content.append(0x0a)
    case UInt8(ascii: "r"): content.append(0x0d)
    case UInt8(ascii: "t"): content.append(0x09)
    case UInt8(ascii: "u"):
      var scalar = try hexDigits()
      if (0xd800..<0xdc00).contains(scalar) {
        guard next == UInt8(ascii: "\\"), offset + 1 < bytes.count,
          bytes[offset + 1] == UInt8(ascii: "u")
        else { throw fail("half a surrogate pair") }
        offset += 2
        let low = try hexDigits()
        guard (0xdc00..<0xe000).contains(low) else { throw fail("half a surrogate pair") }
        scalar = 0x10000 + (scalar - 0xd800) << 10 + (low - 0xdc00)
      }
      guard let character = Unicode.Scalar(scalar) else { throw fail("half a surrogate pair") }
      content.append(contentsOf: String(Character(character)).utf8)
    default: throw fail("an unknown escape")
    }
  }

  private mutating func hexDigits() throws(Refusal) -> UInt32 {
    guard offset + 4 <= bytes.count,
      let text = String(validating: bytes[offset..<offset + 4], as: UTF8.self),
      text.utf8.allSatisfy({ Unicode.Scalar($0).properties.isASCIIHexDigit }),
      let value = UInt32(text, radix: 16)
    else { throw fail("four hex digits are missing") }
    offset += 4
    return value
  }
}

/// A name from outside, safe to show: it is cut and cannot break the message.
private func quoted(_ name: String) -> String { "`\(name.prefix(40))`" }

/// The fields of one object, taken one by one; what is left at the end is unknown and refused.
struct JSONFields {
  private var fields: [JSONField]
  /// As `orders[3].`, for messages.
  private let path: String

  init(_ value: JSONValue, path: String = "") throws(Refusal) {
    guard case .object(let fields) = value else {
      throw Refusal(.badRequest, "\(path.isEmpty ? "the body" : path) must be a JSON object")
    }
    self.fields = fields
    self.path = path.isEmpty ? "" : path + "."
  }

  init(body: [UInt8]) throws(Refusal) { try self.init(JSONValue.parse(body)) }

  func finish() throws(Refusal) {
    guard let unknown = fields.first else { return }
    throw Refusal(.badRequest, "unknown field \(path)\(quoted(unknown.name))")
  }

  func wrong(_ name: String, _ expected: String) -> Refusal {
    Refusal(.badRequest, "field \(path)`\(name)` must be \(expected)")
  }

  /// Null counts as left out.
  mutating func take(_ name: String) -> JSONValue? {
    guard let index = fields.firstIndex(where: { $0.name == name }) else { return nil }
    let value = fields.remove(at: index).value
    return value == .null ? nil : value
  }

  private func required<Value>(
    _ name: String, _ value: Value?
  ) throws(Refusal) -> Value {
    guard let value else { throw Refusal(.badRequest, "field \(path)`\(name)` is missing") }
    return value
  }

  mutating func textIfPresent(_ name: String) throws(Refusal) -> String? {
    switch take(name) {
    case nil: return nil
    case .text(let text): return text
    default: throw wrong(name, "a string")
    }
  }

  mutating func text(_ name: String) throws(Refusal) -> String {
    try required(name, textIfPresent(name))
  }

  mutating func boolIfPresent(_ name: String) throws(Refusal) -> Bool? {
    switch take(name) {
    case nil: return nil
    case .bool(let bool): return bool
    default: throw wrong(name, "true or false")
    }
  }

  mutating func integerIfPresent<Integer: FixedWidthInteger>(
    _ name: String, as type: Integer.Type = Integer.self
  ) throws(Refusal) -> Integer? {
    switch take(name) {
    case nil: return nil
    case .number(let text):
      guard let value = Integer(text) else {
        throw wrong(name, "a whole number in \(Integer.min)...\(Integer.max)")
      }
      return value
    default: throw wrong(name, "a whole number")
    }
  }

  mutating func integer<Integer: FixedWidthInteger>(
    _ name: String, as type: Integer.Type = Integer.self
  ) throws(Refusal) -> Integer {
    try required(name, integerIfPresent(name))
  }

  mutating func decimalIfPresent(_ name: String) throws(Refusal) -> DecimalAmount? {
    guard let value = take(name) else { return nil }
    guard case .text(let text) = value, let amount = DecimalAmount(text) else {
      throw wrong(name, "a decimal string as \"12.5\"")
    }
    return amount
  }

  mutating func decimal(_ name: String) throws(Refusal) -> DecimalAmount {
    try required(name, decimalIfPresent(name))
  }

  mutating func timeIfPresent(_ name: String) throws(Refusal) -> Timestamp? {
    guard let text = try textIfPresent(name) else { return nil }
    guard let time = Timestamp(text) else {
      throw wrong(name, "a time as \"2026-09-21T12:00:00.000000Z\"")
    }
    return time
  }

  mutating func choiceIfPresent<Choice: RawRepresentable<String> & CaseIterable>(
    _ name: String, of type: Choice.Type = Choice.self
  ) throws(Refusal) -> Choice? {
    guard let text = try textIfPresent(name) else { return nil }
    guard let choice = Choice(rawValue: text) else {
      throw wrong(name, "one of " + Choice.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return choice
  }

  mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ name: String, of type: Choice.Type = Choice.self
  ) throws(Refusal) -> Choice {
    try required(name, choiceIfPresent(name))
  }

  mutating func array(_ name: String) throws(Refusal) -> [JSONValue] {
    switch take(name) {
    case .array(let values): return values
    case nil: throw Refusal(.badRequest, "field \(path)`\(name)` is missing")
    default: throw wrong(name, "an array")
    }
  }
}
