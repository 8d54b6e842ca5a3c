// The one reader of JSON: RFC 8259 without what two readers could take differently.

/// How much a text may hold. Each caller has its own reasons, so each says its own numbers.
public struct JSONLimits: Sendable {
  /// What a text may say.
  public enum Vocabulary: Sendable {
    case full
    /// No escapes, no `null`, `true` and `false`, and of numbers only whole ones from 0 on.
    case plain
  }

  public var bytes: Int
  /// Values inside values.
  public var depth: Int
  /// Of one object.
  public var members: Int
  /// Of one array.
  public var elements: Int
  /// Of one member's name. It bounds what a comparison of two names costs.
  public var nameBytes: Int
  /// Of one string, as it is meant: escapes count as what they stand for.
  public var stringBytes: Int
  public var numberBytes: Int
  public var vocabulary: Vocabulary

  public init(
    bytes: Int, depth: Int, members: Int, elements: Int, nameBytes: Int = 128, stringBytes: Int,
    numberBytes: Int = 64, vocabulary: Vocabulary = .full
  ) {
    self.bytes = bytes
    self.depth = depth
    self.members = members
    self.elements = elements
    self.nameBytes = nameBytes
    self.stringBytes = stringBytes
    self.numberBytes = numberBytes
    self.vocabulary = vocabulary
  }
}

/// Reads JSON. A name that is there twice, half a surrogate pair, bytes that are not UTF-8 and
/// whatever follows the value are refused. The work is linear in the text's size, whatever it says.
public enum StrictJSON {
  public static func parse(
    _ bytes: [UInt8], _ limits: JSONLimits
  ) throws(JSONError) -> JSONValue {
    var work = JSONWork()
    return try parse(bytes, limits, &work)
  }

  /// Also counts what was compared, for tests.
  package static func parse(
    _ bytes: [UInt8], _ limits: JSONLimits, _ work: inout JSONWork
  ) throws(JSONError) -> JSONValue {
    var reader = JSONReader(bytes, limits)
    defer { work = reader.work }
    return try reader.document()
  }
}

/// What reading cost, beyond looking at each byte a bounded number of times.
package struct JSONWork: Equatable, Sendable {
  /// Pairs of names whose hashes were compared.
  package var comparisons = 0
  /// Bytes of names that were compared with another's of the same hash.
  package var comparedBytes = 0

  package init() {}
}

/// Recursive descent, as deep as the limit lets it.
private struct JSONReader {
  let bytes: [UInt8]
  let limits: JSONLimits
  var offset = 0
  var work = JSONWork()

  init(_ bytes: [UInt8], _ limits: JSONLimits) {
    self.bytes = bytes
    self.limits = limits
  }

  mutating func document() throws(JSONError) -> JSONValue {
    guard bytes.count <= limits.bytes else { throw fail(.tooLong) }
    let value = try value(depth: 0)
    skipSpace()
    guard offset == bytes.count else { throw fail(.trailingBytes) }
    return value
  }

  private func fail(_ reason: JSONError.Syntax) -> JSONError { JSONError(reason, at: offset) }

  private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private var isPlain: Bool { limits.vocabulary == .plain }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
      offset += 1
    }
  }

  private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
    guard depth < limits.depth else { throw fail(.tooDeep) }
    skipSpace()
    guard let byte = next else { throw fail(.valueMissing) }
    switch byte {
    case UInt8(ascii: "{"): return .object(try object(depth: depth))
    case UInt8(ascii: "["): return .array(try array(depth: depth))
    case UInt8(ascii: "\""): return .text(try text(limits.stringBytes, .stringTooLong))
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return .number(try number())
    }
  }

  private mutating func word(_ word: String, _ value: JSONValue) throws(JSONError) -> JSONValue {
    guard !isPlain, bytes[offset...].starts(with: word.utf8) else { throw fail(.notAValue) }
    offset += word.utf8.count
    return value
  }

  private mutating func object(depth: Int) throws(JSONError) -> [JSONField] {
    var fields: [JSONField] = []
    var known: [KnownName] = []
    offset += 1
    skipSpace()
    if next == UInt8(ascii: "}") {
      offset += 1
      return fields
    }
    while true {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw fail(.nameMissing) }
      guard fields.count < limits.members else { throw fail(.tooManyMembers) }
      let name = try text(limits.nameBytes, .nameTooLong)
      guard insert(name, at: fields.count, in: &known, fields) else {
        throw JSONError(.duplicateName(JSONError.quoted(name)))
      }
      skipSpace()
      guard next == UInt8(ascii: ":") else { throw fail(.colonMissing) }
      offset += 1
      fields.append(JSONField(name, try value(depth: depth + 1)))
      if try closes(with: UInt8(ascii: "}")) { return fields }
    }
  }

  /// A member's name by its hash. The hash is of its bytes, and seeded: nobody finds two names that
  /// share one.
  private struct KnownName {
    var hash: Int
    var index: Int

    init(_ name: String, _ index: Int) {
      var hasher = Hasher()
      var name = name
      name.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
      hash = hasher.finalize()
      self.index = index
    }
  }

  /// Adds a name to those that are sorted by hash; false where it is there. Even if all hashes were
  /// equal, the limits of members and of a name's bytes would bound the work.
  private mutating func insert(
    _ name: String, at index: Int, in known: inout [KnownName], _ fields: [JSONField]
  ) -> Bool {
    let new = KnownName(name, index)
    var (low, high) = (0, known.count)
    while low < high {
      work.comparisons += 1
      let middle = (low + high) / 2
      if known[middle].hash < new.hash { low = middle + 1 } else { high = middle }
    }
    var place = low
    while place < known.count, known[place].hash == new.hash {
      work.comparedBytes += name.utf8.count
      if fields[known[place].index].name.hasSameBytes(as: name) { return false }
      place += 1
    }
    known.insert(new, at: low)
    return true
  }

  private mutating func array(depth: Int) throws(JSONError) -> [JSONValue] {
    var values: [JSONValue] = []
    offset += 1
    skipSpace()
    if next == UInt8(ascii: "]") {
      offset += 1
      return values
    }
    while true {
      guard values.count < limits.elements else { throw fail(.tooManyElements) }
      values.append(try value(depth: depth + 1))
      if try closes(with: UInt8(ascii: "]")) { return values }
    }
  }

  /// After an element: a comma (false) or the end (true).
  private mutating func closes(with end: UInt8) throws(JSONError) -> Bool {
    skipSpace()
    guard let byte = next, byte == end || byte == UInt8(ascii: ",") else { throw fail(.endMissing) }
    offset += 1
    return byte == end
  }

  // MARK: Numbers

  private mutating func number() throws(JSONError) -> String {
    let start = offset
    if next == UInt8(ascii: "-"), !isPlain { offset += 1 }
    if next == UInt8(ascii: "0") { offset += 1 } else if !skipDigits() { throw fail(.notAValue) }
    if next == UInt8(ascii: "."), !isPlain {
      offset += 1
      guard skipDigits() else { throw fail(.digitsMissing) }
    }
    if next == UInt8(ascii: "e") || next == UInt8(ascii: "E"), !isPlain {
      offset += 1
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { offset += 1 }
      guard skipDigits() else { throw fail(.digitsMissing) }
    }
    guard offset - start <= limits.numberBytes else { throw fail(.numberTooLong) }
    return String(decoding: bytes[start..<offset], as: UTF8.self)
  }

  private mutating func skipDigits() -> Bool {
    let start = offset
    while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { offset += 1 }
    return offset > start
  }

  // MARK: Strings

  private mutating func text(
    _ maximum: Int, _ tooLong: JSONError.Syntax
  ) throws(JSONError) -> String {
    offset += 1
    let start = offset
    while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
      offset += 1
    }
    guard offset - start <= maximum else { throw fail(tooLong) }
    if next == UInt8(ascii: "\"") {
      guard let text = String(validating: bytes[start..<offset], as: UTF8.self) else {
        throw fail(.notUTF8)
      }
      offset += 1
      return text
    }
    return try textWithEscapes(Array(bytes[start..<offset]), maximum, tooLong)
  }

  private mutating func textWithEscapes(
    _ beginning: [UInt8], _ maximum: Int, _ tooLong: JSONError.Syntax
  ) throws(JSONError) -> String {
    var content = beginning
    while let byte = next {
      guard byte >= 0x20 else { throw fail(.controlCharacter) }
      guard content.count <= maximum else { throw fail(tooLong) }
      offset += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: content, as: UTF8.self) else { throw fail(.notUTF8) }
        return text
      case UInt8(ascii: "\\"): try escape(into: &content)
      default: content.append(byte)
      }
    }
    throw fail(.stringUnended)
  }

  private mutating func escape(into content: inout [UInt8]) throws(JSONError) {
    guard !isPlain else { throw fail(.escapeInPlainText) }
    guard let byte = next else { throw fail(.stringUnended) }
    offset += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
    case UInt8(ascii: "b"): content.append(0x08)
    case UInt8(ascii: "f"): content.append(0x0c)
    case UInt8(ascii: "n"): content.append(0x0a)
    case UInt8(ascii: "r"): content.append(0x0d)
    case UInt8(ascii: "t"): content.append(0x09)
    case UInt8(ascii: "u"):
      guard let scalar = Unicode.Scalar(try codePoint()) else { throw fail(.halfSurrogatePair) }
      content.append(contentsOf: String(Character(scalar)).utf8)
    default: throw fail(.unknownEscape)
    }
  }

  /// Behind `\u`; a surrogate pair is two of them.
  private mutating func codePoint() throws(JSONError) -> UInt32 {
    let high = try hexDigits()
    guard (0xd800..<0xdc00).contains(high) else { return high }
    guard next == UInt8(ascii: "\\"), offset + 1 < bytes.count,
      bytes[offset + 1] == UInt8(ascii: "u")
    else { throw fail(.halfSurrogatePair) }
    offset += 2
    let low = try hexDigits()
    guard (0xdc00..<0xe000).contains(low) else { throw fail(.halfSurrogatePair) }
    return 0x10000 + (high - 0xd800) << 10 + (low - 0xdc00)
  }

  private mutating func hexDigits() throws(JSONError) -> UInt32 {
    guard offset + 4 <= bytes.count else { throw fail(.hexDigitsMissing) }
    var value: UInt32 = 0
    for byte in bytes[offset..<offset + 4] {
      guard let digit = Hex.value(of: byte) else { throw fail(.hexDigitsMissing) }
      value = value << 4 | UInt32(digit)
    }
    offset += 4
    return value
  }
}
