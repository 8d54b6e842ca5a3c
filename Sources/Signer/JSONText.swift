// The JSON that the signer reads and writes: settings, the key's file, requests and answers.

/// A value of the part of JSON (RFC 8259) that the signer's texts need: strings without escapes,
/// whole numbers, lists and objects. All else is refused, as are fields that are there twice.
///
/// A reader of its own: what guards the key takes nothing from the exchange's face.
enum JSONText: Equatable {
  case text(String)
  /// As it is written: no number is ever rounded.
  case number(String)
  case list([JSONText])
  case object([Field])

  struct Field: Equatable {
    let name: String
    let value: JSONText

    init(_ name: String, _ value: JSONText) {
      self.name = name
      self.value = value
    }
  }

  static func number(_ value: UInt64) -> JSONText { .number("\(value)") }

  init(parsing bytes: [UInt8]) throws(JSONError) {
    var reader = JSONTextReader(bytes)
    self = try reader.document()
  }

  /// One line. In strings, what would need an escape becomes an apostrophe.
  var encoded: [UInt8] {
    var out: [UInt8] = []
    encode(into: &out)
    return out
  }

  private func encode(into out: inout [UInt8]) {
    switch self {
    case .number(let digits): out += digits.utf8
    case .text(let text): Self.encode(text, into: &out)
    case .list(let values):
      out.append(UInt8(ascii: "["))
      for (index, value) in values.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        value.encode(into: &out)
      }
      out.append(UInt8(ascii: "]"))
    case .object(let fields):
      out.append(UInt8(ascii: "{"))
      for (index, field) in fields.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        Self.encode(field.name, into: &out)
        out.append(UInt8(ascii: ":"))
        field.value.encode(into: &out)
      }
      out.append(UInt8(ascii: "}"))
    }
  }

  private static func encode(_ text: String, into out: inout [UInt8]) {
    out.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      let needsEscape = byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
      out.append(needsEscape ? UInt8(ascii: "'") : byte)
    }
    out.append(UInt8(ascii: "\""))
  }
}

/// Why a text is not what the signer reads, for people.
struct JSONError: Error, Equatable, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

private struct JSONTextReader {
  /// A policy nests three deep.
  private static let maximumDepth = 4
  /// No object of the signer has more than 12 fields.
  private static let maximumFields = 16

  private let bytes: [UInt8]
  private var offset = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func document() throws(JSONError) -> JSONText {
    let value = try value(depth: 0)
    skipSpace()
    guard offset == bytes.count else { throw fail("something follows the value") }
    return value
  }

  private func fail(_ reason: String) -> JSONError { JSONError("\(reason) at byte \(offset)") }

  private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
      offset += 1
    }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    skipSpace()
    guard next == byte else { return false }
    offset += 1
    return true
  }

  private mutating func value(depth: Int) throws(JSONError) -> JSONText {
    guard depth < Self.maximumDepth else { throw fail("nested too deep") }
    if take(UInt8(ascii: "{")) { return .object(try fields(depth: depth)) }
    if take(UInt8(ascii: "[")) { return .list(try values(depth: depth)) }
    if take(UInt8(ascii: "\"")) { return .text(try text()) }
    let start = offset
    while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { offset += 1 }
    let digits = bytes[start..<offset]
    guard let first = digits.first, first != UInt8(ascii: "0") || digits.count == 1 else {
      throw fail("a value is missing")
    }
    return .number(String(decoding: digits, as: UTF8.self))
  }

  private mutating func fields(depth: Int) throws(JSONError) -> [JSONText.Field] {
    var fields: [JSONText.Field] = []
    if take(UInt8(ascii: "}")) { return fields }
    repeat {
      guard take(UInt8(ascii: "\"")) else { throw fail("a field's name is missing") }
      let name = try text()
      guard !fields.contains(where: { $0.name == name }) else { throw fail("a field is twice") }
      guard fields.count < Self.maximumFields else { throw fail("too many fields") }
      guard take(UInt8(ascii: ":")) else { throw fail("a colon is missing") }
      fields.append(JSONText.Field(name, try value(depth: depth + 1)))
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "}")) else { throw fail("a comma or an end is missing") }
    return fields
  }

  private mutating func values(depth: Int) throws(JSONError) -> [JSONText] {
    var values: [JSONText] = []
    if take(UInt8(ascii: "]")) { return values }
    repeat { values.append(try value(depth: depth + 1)) } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "]")) else { throw fail("a comma or an end is missing") }
    return values
  }

  /// Behind the opening quotation mark.
  private mutating func text() throws(JSONError) -> String {
    let start = offset
    while let byte = next, byte != UInt8(ascii: "\"") {
      guard byte >= 0x20, byte != UInt8(ascii: "\\") else { throw fail("an escape in a string") }
      offset += 1
    }
    guard next != nil else { throw fail("a string does not end") }
    guard let text = String(validating: bytes[start..<offset], as: UTF8.self) else {
      throw fail("a string is not UTF-8")
    }
    offset += 1
    return text
  }
}

/// The fields of one object, taken one by one; what is left at the end is unknown and refused.
struct JSONFieldReader {
  private var fields: [JSONText.Field]

  init(_ value: JSONText) throws(JSONError) {
    guard case .object(let fields) = value else { throw JSONError("an object is missing") }
    self.fields = fields
  }

  init(parsing bytes: [UInt8]) throws(JSONError) { try self.init(JSONText(parsing: bytes)) }

  mutating func take(_ name: String) -> JSONText? {
    guard let index = fields.firstIndex(where: { $0.name == name }) else { return nil }
    return fields.remove(at: index).value
  }

  mutating func textIfPresent(_ name: String) throws(JSONError) -> String? {
    switch take(name) {
    case nil: nil
    case .text(let text): text
    default: throw JSONError("\(name) must be a string")
    }
  }

  mutating func text(_ name: String) throws(JSONError) -> String {
    guard let text = try textIfPresent(name) else { throw JSONError("\(name) is missing") }
    return text
  }

  mutating func number(_ name: String) throws(JSONError) -> UInt64 {
    guard case .number(let digits) = take(name), let number = UInt64(digits) else {
      throw JSONError("\(name) must be a whole number below 2^64")
    }
    return number
  }

  func finish() throws(JSONError) {
    if let field = fields.first { throw JSONError("unknown field \(field.name.prefix(40))") }
  }
}
