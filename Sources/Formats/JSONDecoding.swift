// Decodable types from JSON values, so that there is no second reader beside the strict one.

extension StrictJSON {
  /// A value of JSON text. Names that the type does not know are passed over: for answers of
  /// others, who may say more tomorrow.
  public static func decode<Value: Decodable>(
    _ type: Value.Type = Value.self, from bytes: [UInt8], _ limits: JSONLimits
  ) throws -> Value {
    try parse(bytes, limits).decode(type)
  }
}

extension JSONValue {
  public func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
    try ValueDecoder(self, path: [], isExact: false).decode(type)
  }

  /// What the type reads and nothing else: a name that it does not ask for is refused, and so is
  /// `null`, the second spelling of a field that is left out, unless the type is `JSONNullable`.
  /// What is wrong is said with its place, as `orders[3].` and the field's name.
  public func decodeExactly<Value: Decodable>(
    _ type: Value.Type = Value.self
  ) throws(JSONError) -> Value {
    do {
      return try ValueDecoder(self, path: [], isExact: true).decode(type)
    } catch let error as JSONError {
      throw error
    } catch let error as DecodingError {
      throw JSONError(error)
    } catch {
      throw JSONError("\(error)")
    }
  }

  fileprivate var kind: String {
    switch self {
    case .null: "null"
    case .bool: "a truth value"
    case .number: "a number"
    case .text: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

/// A value that JSON writes as one string of a form of its own.
public protocol JSONText: Decodable, Sendable {
  /// Nil where the text has another form.
  init?(jsonText text: String)
  /// Completes "must be ...", for who wrote another.
  static var expectation: String { get }
  /// For a schema.
  static var form: JSONTextForm { get }
}

extension JSONText {
  // Our own decoder reads the text itself; this is for others.
  public init(from decoder: any Decoder) throws {
    self = try Self.read(decoder)
  }

  fileprivate static func read(_ decoder: any Decoder) throws -> Self {
    let container = try decoder.singleValueContainer()
    guard let value = Self(jsonText: try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "not \(Self.expectation)")
    }
    return value
  }
}

/// A value that may be `null` where it stands.
public protocol JSONNullable {
  static var wrapped: any Decodable.Type { get }
}

/// What strings there are of a kind.
public enum JSONTextForm: Sendable {
  case choices([String])
  /// Those that match a regular expression of ECMA 262.
  case pattern(String, example: String)
}

/// A value that JSON writes as one of a few words.
public protocol JSONChoice: JSONText, Codable, CaseIterable, RawRepresentable<String> {}

extension JSONChoice {
  public init?(jsonText text: String) {
    // Of ASCII, `==` compares bytes.
    guard text.utf8.allSatisfy({ $0 < 0x80 }), let choice = Self(rawValue: text) else {
      return nil
    }
    self = choice
  }

  public init(from decoder: any Decoder) throws { self = try Self.read(decoder) }

  public static var expectation: String {
    "one of " + allCases.map(\.rawValue).joined(separator: ", ")
  }

  public static var form: JSONTextForm { .choices(allCases.map(\.rawValue)) }
}

/// What a JSON value itself can be.
private protocol JSONPrimitive: Decodable {
  static func read(_ value: JSONValue) -> Self?
  /// Completes "must be ...".
  static var expectation: String { get }
}

extension JSONPrimitive where Self: FixedWidthInteger {
  fileprivate static func read(_ value: JSONValue) -> Self? {
    if case .number(let text) = value { Self(json: text) } else { nil }
  }

  fileprivate static var expectation: String { "a whole number in \(Self.min)...\(Self.max)" }
}

extension Int: JSONPrimitive {}
extension Int8: JSONPrimitive {}
extension Int16: JSONPrimitive {}
extension Int32: JSONPrimitive {}
extension Int64: JSONPrimitive {}
extension Int128: JSONPrimitive {}
extension UInt: JSONPrimitive {}
extension UInt8: JSONPrimitive {}
extension UInt16: JSONPrimitive {}
extension UInt32: JSONPrimitive {}
extension UInt64: JSONPrimitive {}
extension UInt128: JSONPrimitive {}

extension String: JSONPrimitive {
  fileprivate static func read(_ value: JSONValue) -> String? {
    if case .text(let text) = value { text } else { nil }
  }

  fileprivate static var expectation: String { "a string" }
}

extension Bool: JSONPrimitive {
  fileprivate static func read(_ value: JSONValue) -> Bool? {
    if case .bool(let bool) = value { bool } else { nil }
  }

  fileprivate static var expectation: String { "true or false" }
}

// For settings as a pause in seconds. Amounts are strings: none is ever read as a number.
extension JSONPrimitive where Self: LosslessStringConvertible & BinaryFloatingPoint {
  fileprivate static func read(_ value: JSONValue) -> Self? {
    guard case .number(let text) = value, let number = Self(text), number.isFinite else {
      return nil
    }
    return number
  }

  fileprivate static var expectation: String { "a number" }
}
extension Double: JSONPrimitive {}
extension Float: JSONPrimitive {}

/// An object that is read, and which of its members were asked for.
private final class ObjectReader {
  /// Members of an object that can be read exactly: so many bits.
  static let maximumMembers = 128

  let fields: [JSONField]
  let path: [any CodingKey]
  let isExact: Bool
  /// Whether the names were asked for at all, by the type that reads this object.
  var isUsed = false
  private var read: UInt128 = 0

  init(_ fields: [JSONField], path: [any CodingKey], isExact: Bool) {
    self.fields = fields
    self.path = path
    self.isExact = isExact
  }

  func valueIfPresent(_ key: some CodingKey) -> JSONValue? {
    let name = key.stringValue
    guard let index = fields.firstIndex(where: { $0.name.hasSameBytes(as: name) }) else {
      return nil
    }
    if isExact { read |= 1 << UInt128(index) }
    return fields[index].value
  }

  func value(_ key: some CodingKey) throws -> JSONValue {
    guard let value = valueIfPresent(key) else {
      throw DecodingError.keyNotFound(
        key,
        DecodingError.Context(
          codingPath: path, debugDescription: "field `\(key.stringValue)` is missing"))
    }
    return value
  }

  func checkWhole() throws(JSONError) {
    guard isExact, isUsed else { return }
    let index = (~read).trailingZeroBitCount
    guard index < fields.count else { return }
    let name = JSONError.quoted(fields[index].name)
    throw JSONError(.unknownField(JSONError.prefix(path) + name))
  }
}

private struct ValueDecoder: Decoder {
  let value: JSONValue
  let codingPath: [any CodingKey]
  let isExact: Bool
  /// Nil unless this is an object.
  let object: ObjectReader?
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  init(_ value: JSONValue, path: [any CodingKey], isExact: Bool) throws(JSONError) {
    self.value = value
    codingPath = path
    self.isExact = isExact
    if case .object(let fields) = value {
      guard !isExact || fields.count <= ObjectReader.maximumMembers else {
        throw JSONError("\(JSONError.place(path)) has too many fields")
      }
      object = ObjectReader(fields, path: path, isExact: isExact)
    } else {
      object = nil
    }
  }

  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    try Self.decode(type, value, path: { codingPath }, decoder: { self })
  }

  /// `decoder` makes one for a type that makes itself of containers.
  static func decode<Value: Decodable>(
    _ type: Value.Type, _ value: JSONValue, path: () -> [any CodingKey],
    decoder: () throws(JSONError) -> ValueDecoder
  ) throws -> Value {
    // Amounts are most of what is read: without a look for their conformance.
    if type == DecimalAmount.self, case .text(let content) = value,
      let found = DecimalAmount(jsonText: content) as? Value
    {
      return found
    }
    if let text = type as? any JSONText.Type {
      guard case .text(let content) = value, let found = text.init(jsonText: content) as? Value
      else { throw mismatch(type, text.expectation, value, path()) }
      return found
    }
    if let primitive = type as? any JSONPrimitive.Type {
      guard let found = primitive.read(value) as? Value else {
        throw mismatch(type, primitive.expectation, value, path())
      }
      return found
    }
    let decoder = try decoder()
    let result = try Value(from: decoder)
    try decoder.object?.checkWhole()
    return result
  }

  private static func mismatch(
    _ type: any Any.Type, _ expected: String, _ value: JSONValue, _ path: [any CodingKey]
  ) -> DecodingError {
    .typeMismatch(
      type,
      DecodingError.Context(
        codingPath: path, debugDescription: "not \(expected) but \(value.kind)",
        underlyingError: JSONMismatch(expected: expected)))
  }

  func mismatch(_ type: any Any.Type, _ expected: String) -> DecodingError {
    Self.mismatch(type, expected, value, codingPath)
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard let object else { throw mismatch([String: Any].self, JSONMismatch.object.expected) }
    object.isUsed = true
    return KeyedDecodingContainer(Fields(object: object))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard case .array(let values) = value else { throw mismatch([Any].self, "an array") }
    return Elements(values: values, decoder: self)
  }

  func singleValueContainer() throws -> any SingleValueDecodingContainer { Single(decoder: self) }
}

private struct Single: SingleValueDecodingContainer {
  let decoder: ValueDecoder
  var codingPath: [any CodingKey] { decoder.codingPath }

  func decodeNil() -> Bool { decoder.value == .null }
  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try decoder.decode(type) }
}

private struct Fields<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let object: ObjectReader
  var codingPath: [any CodingKey] { object.path }

  var allKeys: [Key] { object.fields.compactMap { Key(stringValue: $0.name) } }

  private func nested(
    _ key: some CodingKey, _ value: JSONValue
  ) throws(JSONError) -> ValueDecoder {
    try ValueDecoder(value, path: object.path + [key], isExact: object.isExact)
  }

  private func nested(_ key: some CodingKey) throws -> ValueDecoder {
    try nested(key, object.value(key))
  }

  private func decode<Value: Decodable>(
    _ type: Value.Type, _ key: Key, _ value: JSONValue
  ) throws -> Value {
    try ValueDecoder.decode(
      type, value, path: { object.path + [key] },
      decoder: { () throws(JSONError) in try nested(key, value) })
  }

  func contains(_ key: Key) -> Bool { object.valueIfPresent(key) != nil }

  /// Whether a value that may be left out is null, which is as much; whoever reads exactly refuses
  /// that.
  private func isLeftOut(_ key: Key, _ value: JSONValue) throws -> Bool {
    guard value == .null else { return false }
    guard !object.isExact else {
      throw DecodingError.valueNotFound(
        JSONValue.self,
        DecodingError.Context(
          codingPath: object.path + [key], debugDescription: "null",
          underlyingError: JSONMismatch(expected: "left out where it has no value, not null")))
    }
    return true
  }

  /// The standard library asks this before it decodes a number, text or truth value if present.
  func decodeNil(forKey key: Key) throws -> Bool { try isLeftOut(key, object.value(key)) }

  func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
    try decode(type, key, object.value(key))
  }

  func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
    guard let value = object.valueIfPresent(key) else { return nil }
    // Few are null, and a look for a conformance is dear.
    if value == .null, !(type is any JSONNullable.Type), try isLeftOut(key, value) { return nil }
    return try decode(type, key, value)
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> { try nested(key).container(keyedBy: type) }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try nested(key).unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder { try nested(NamedKey("super")) }
  func superDecoder(forKey key: Key) throws -> any Decoder { try nested(key) }
}

private struct Elements: UnkeyedDecodingContainer {
  let values: [JSONValue]
  let decoder: ValueDecoder
  var currentIndex = 0

  init(values: [JSONValue], decoder: ValueDecoder) {
    self.values = values
    self.decoder = decoder
  }

  var codingPath: [any CodingKey] { decoder.codingPath }
  var count: Int? { values.count }
  var isAtEnd: Bool { currentIndex == values.count }

  private func element() throws -> ValueDecoder {
    let path = codingPath + [NamedKey(index: currentIndex)]
    guard !isAtEnd else {
      throw DecodingError.valueNotFound(
        Any.self, DecodingError.Context(codingPath: path, debugDescription: "the array has ended"))
    }
    return try ValueDecoder(values[currentIndex], path: path, isExact: decoder.isExact)
  }

  mutating func decodeNil() throws -> Bool {
    guard try element().value == .null else { return false }
    currentIndex += 1
    return true
  }

  mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    let value = try element().decode(type)
    currentIndex += 1
    return value
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) throws -> KeyedDecodingContainer<Nested> {
    let container = try element().container(keyedBy: type)
    currentIndex += 1
    return container
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    let container = try element().unkeyedContainer()
    currentIndex += 1
    return container
  }

  mutating func superDecoder() throws -> any Decoder {
    let decoder = try element()
    currentIndex += 1
    return decoder
  }
}

/// A place in an array, or a name of no type's own.
struct NamedKey: CodingKey {
  private let name: String
  let intValue: Int?

  var stringValue: String { intValue.map { "\($0)" } ?? name }

  init(_ name: String) {
    self.name = name
    intValue = nil
  }

  init(index: Int) {
    name = ""
    intValue = index
  }

  init?(stringValue: String) { self.init(stringValue) }
  init?(intValue: Int) { self.init(index: intValue) }
}

// MARK: - What is wrong, and where

/// Rides in a `DecodingError`: what the value had to be.
private struct JSONMismatch: Error, Equatable {
  var expected: String

  static let object = JSONMismatch(expected: "an object")
}

extension JSONError {
  fileprivate init(_ error: DecodingError) {
    switch error {
    case .keyNotFound(let key, let context):
      fault = .missingField(Self.shown(context.codingPath + [key]))
    case .typeMismatch(_, let context), .valueNotFound(_, let context),
      .dataCorrupted(let context):
      let mismatch = context.underlyingError as? JSONMismatch
      if mismatch == .object {
        fault = .notAnObject(Self.place(context.codingPath))
      } else {
        fault = .wrongField(
          Self.shown(context.codingPath), expected: mismatch?.expected ?? context.debugDescription)
      }
    @unknown default: fault = .other("\(error)")
    }
  }

  /// As `orders[3]`. The names are a type's own.
  fileprivate static func place(_ path: [any CodingKey]) -> String {
    if path.isEmpty { return "the body" }
    var place = ""
    for key in path {
      if let index = key.intValue {
        place += "[\(index)]"
      } else {
        place += (place.isEmpty ? "" : ".") + key.stringValue
      }
    }
    return place
  }

  fileprivate static func prefix(_ path: [any CodingKey]) -> String {
    path.isEmpty ? "" : place(path) + "."
  }

  /// As a field is named: orders[3].`price`.
  fileprivate static func shown(_ path: [any CodingKey]) -> String {
    guard let last = path.last, last.intValue == nil else { return place(path) }
    return prefix(path.dropLast()) + "`\(last.stringValue)`"
  }
}
