// JSON as a value, and the one writer of it.

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A JSON value. Numbers keep their text: no amount ever becomes a floating-point number.
public enum JSONValue: Equatable, Sendable {
  case null
  case bool(Bool)
  case number(String)
  case text(String)
  case array([JSONValue])
  case object([JSONField])

  public static func number(_ value: some BinaryInteger) -> JSONValue { .number("\(value)") }
}

/// One member of an object, where it stands among the others.
public struct JSONField: Equatable, Sendable {
  public var name: String
  public var value: JSONValue

  public init(_ name: String, _ value: JSONValue) {
    self.name = name
    self.value = value
  }

  public static func == (a: Self, b: Self) -> Bool {
    a.name.hasSameBytes(as: b.name) && a.value == b.value
  }
}

extension String {
  /// Whether both have the same bytes. `==` compares what Unicode calls equal, and hostile text
  /// makes that a hundred times as expensive.
  public func hasSameBytes(as other: String) -> Bool {
    utf8.count == other.utf8.count && order(other, utf8.count) == 0
  }

  /// Whether its bytes come first.
  func hasBytesBefore(_ other: String) -> Bool {
    let (count, otherCount) = (utf8.count, other.utf8.count)
    let order = order(other, min(count, otherCount))
    return order < 0 || order == 0 && count < otherCount
  }

  /// As `memcmp` of so many bytes, which both have.
  private func order(_ other: String, _ count: Int) -> Int32 {
    var (a, b) = (self, other)
    return a.withUTF8 { a in
      b.withUTF8 { b in
        guard count > 0, let a = a.baseAddress, let b = b.baseAddress else { return 0 }
        return memcmp(a, b, count)
      }
    }
  }
}

extension StringProtocol {
  /// Whether both have the same bytes.
  public func hasSameBytes(as other: some StringProtocol) -> Bool {
    utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
  }

  /// Whether all of it is ASCII without space and control characters, and there is something.
  public var isPrintableASCIIWord: Bool {
    !utf8.isEmpty && utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
  }
}

extension JSONValue {
  /// The same value with all its text as it may be shown on a terminal.
  public var printable: JSONValue {
    switch self {
    case .null, .bool, .number: self
    case .text(let text): .text(Printable.line(text))
    case .array(let values): .array(values.map(\.printable))
    case .object(let fields):
      .object(fields.map { JSONField(Printable.line($0.name), $0.value.printable) })
    }
  }
}

// A value may be written down in code as it stands in JSON, its names in their order.
extension JSONValue: ExpressibleByStringLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral
{
  public init(stringLiteral text: String) { self = .text(text) }

  public init(arrayLiteral values: JSONValue...) { self = .array(values) }

  public init(dictionaryLiteral fields: (String, JSONValue)...) {
    self = .object(fields.map { JSONField($0.0, $0.1) })
  }
}

// MARK: - Writing

extension JSONValue {
  /// On one line, without spaces. What does not print is escaped, so that JSON of ours may stand in
  /// a terminal or a log whatever was said in it.
  public var bytes: [UInt8] {
    var out: [UInt8] = []
    write(into: &out)
    return out
  }

  private func write(into out: inout [UInt8]) {
    switch self {
    case .null: out += "null".utf8
    case .bool(let value): out += (value ? "true" : "false").utf8
    case .number(let digits): out += digits.utf8
    case .text(let text): Self.write(text, into: &out)
    case .array(let values):
      out.append(UInt8(ascii: "["))
      for (index, value) in values.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        value.write(into: &out)
      }
      out.append(UInt8(ascii: "]"))
    case .object(let fields):
      out.append(UInt8(ascii: "{"))
      for (index, field) in fields.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        Self.write(field.name, into: &out)
        out.append(UInt8(ascii: ":"))
        field.value.write(into: &out)
      }
      out.append(UInt8(ascii: "}"))
    }
  }

  /// The same on lines of its own, for a file that people read and compare; below so many levels on
  /// one line again.
  public func indentedText(levels: Int = .max) -> String {
    var out: [UInt8] = []
    writeIndented(2, levels, into: &out)
    out.append(UInt8(ascii: "\n"))
    return String(decoding: out, as: UTF8.self)
  }

  private func writeIndented(_ indent: Int, _ levels: Int, into out: inout [UInt8]) {
    func list<Item>(_ items: [Item], _ ends: (String, String), _ write: (Item) -> Void) {
      out += ends.0.utf8
      for (index, item) in items.enumerated() {
        out += (index > 0 ? ",\n" : "\n").utf8
        out += String(repeating: " ", count: indent).utf8
        write(item)
      }
      out += "\n\(String(repeating: " ", count: indent - 2))\(ends.1)".utf8
    }
    switch self {
    case .array(let values) where !values.isEmpty && levels > 0:
      list(values, ("[", "]")) { $0.writeIndented(indent + 2, levels - 1, into: &out) }
    case .object(let fields) where !fields.isEmpty && levels > 0:
      list(fields, ("{", "}")) { field in
        Self.write(field.name, into: &out)
        out += ": ".utf8
        field.value.writeIndented(indent + 2, levels - 1, into: &out)
      }
    default: write(into: &out)
    }
  }

  private static func write(_ text: String, into out: inout [UInt8]) {
    out.append(UInt8(ascii: "\""))
    var text = text
    let isPlain = text.withUTF8 { bytes in
      for byte in bytes {
        guard byte >= 0x20, byte < 0x7f, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\")
        else { return false }
      }
      out.append(contentsOf: bytes)
      return true
    }
    if !isPlain {
      for scalar in text.unicodeScalars { write(scalar, into: &out) }
    }
    out.append(UInt8(ascii: "\""))
  }

  private static func write(_ scalar: Unicode.Scalar, into out: inout [UInt8]) {
    switch scalar {
    case "\"": out += "\\\"".utf8
    case "\\": out += "\\\\".utf8
    case "\u{8}": out += "\\b".utf8
    case "\u{c}": out += "\\f".utf8
    case "\n": out += "\\n".utf8
    case "\r": out += "\\r".utf8
    case "\t": out += "\\t".utf8
    case let scalar where scalar.isUnprintable:
      for unit in String(Character(scalar)).utf16 {
        out += "\\u".utf8
        for shift in [12, 8, 4, 0] { out.append(Hex.digit(UInt8(unit >> shift & 15))) }
      }
    default: out += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
    }
  }
}
