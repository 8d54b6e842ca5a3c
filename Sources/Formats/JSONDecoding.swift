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
    try read(type, self, isExact: false) { [] }
  }

  /// What the type reads and nothing else: a name that it does not ask for is refused, and so is
  /// `null`, the second spelling of a field that is left out, unless the type is `JSONNullable`.
  /// What is wrong is said with its place, as `orders[3].` and the field's name.
  public func decodeExactly<Value: Decodable>(
    _ type: Value.Type = Value.self
  ) throws(JSONError) -> Value {
    do {
      return try read(type, self, isExact: true) { [] }
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
  public init(from decoder: any Decoder) throws {
    self = try Self.read(decoder)
  }

  fileprivate static func read(_ decoder: any Decoder) throws -> Self {
    guard let text = try? decoder.singleValueContainer().decode(String.self),
      let value = Self(jsonText: text)
    else {
      throw DecodingError.typeMismatch(
        Self.self,
        DecodingError.Context(
          codingPath: decoder.codingPath, debugDescription: "not \(Self.expectation)",
          underlyingError: JSONMismatch(expected: Self.expectation)))
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

/// Reads one value as a type. The type asks for what it is made of: there is no look for what the
/// type is, which would cost more than to read most of them.
private func read<Value: Decodable>(
  _ type: Value.Type, _ value: JSONValue, isExact: Bool, at path: () -> [any CodingKey]
) throws -> Value {
  switch value {
  case .null, .bool, .number, .text:
    do {
      return try Value(from: ScalarDecoder(value: value))
    } catch let error as DecodingError {
      throw error.placed(below: path())
    }
  case .array, .object:
    let decoder = try ValueDecoder(value, path: path(), isExact: isExact)
    let result = try Value(from: decoder)
    try decoder.object?.checkWhole()
    return result
  }
}

extension JSONPrimitive {
  fileprivate static func read(
    _ value: JSONValue, at path: @autoclosure () -> [any CodingKey]
  ) throws -> Self {
    guard let found = read(value) else { throw mismatch(Self.self, expectation, value, path()) }
    return found
  }
}

private func mismatch(
  _ type: any Any.Type, _ expected: String, _ value: JSONValue, _ path: [any CodingKey]
) -> DecodingError {
  .typeMismatch(
    type,
    DecodingError.Context(
      codingPath: path, debugDescription: "not \(expected) but \(value.kind)",
      underlyingError: JSONMismatch(expected: expected)))
}

extension DecodingError {
  /// The same error with the place of the value that was read.
  fileprivate func placed(below path: [any CodingKey]) -> DecodingError {
    func placed(_ context: Context) -> Context {
      Context(
        codingPath: path + context.codingPath, debugDescription: context.debugDescription,
        underlyingError: context.underlyingError)
    }
    return switch self {
    case .typeMismatch(let type, let context): .typeMismatch(type, placed(context))
    case .valueNotFound(let type, let context): .valueNotFound(type, placed(context))
    case .keyNotFound(let key, let context): .keyNotFound(key, placed(context))
    case .dataCorrupted(let context): .dataCorrupted(placed(context))
    @unknown default: self
    }
  }
}

/// Each type of JSON's own has its function, which the compiler takes where it knows the type.
private protocol PrimitiveContainer: SingleValueDecodingContainer {
  var value: JSONValue { get }
}

extension PrimitiveContainer {
  private func primitive<Value: JSONPrimitive>(_ type: Value.Type) throws -> Value {
    try type.read(value, at: codingPath)
  }

  func decodeNil() -> Bool { value == .null }
  func decode(_ type: Bool.Type) throws -> Bool { try primitive(type) }
  func decode(_ type: String.Type) throws -> String { try primitive(type) }
  func decode(_ type: Double.Type) throws -> Double { try primitive(type) }
  func decode(_ type: Float.Type) throws -> Float { try primitive(type) }
  func decode(_ type: Int.Type) throws -> Int { try primitive(type) }
  func decode(_ type: Int8.Type) throws -> Int8 { try primitive(type) }
  func decode(_ type: Int16.Type) throws -> Int16 { try primitive(type) }
  func decode(_ type: Int32.Type) throws -> Int32 { try primitive(type) }
  func decode(_ type: Int64.Type) throws -> Int64 { try primitive(type) }
  func decode(_ type: Int128.Type) throws -> Int128 { try primitive(type) }
  func decode(_ type: UInt.Type) throws -> UInt { try primitive(type) }
  func decode(_ type: UInt8.Type) throws -> UInt8 { try primitive(type) }
  func decode(_ type: UInt16.Type) throws -> UInt16 { try primitive(type) }
  func decode(_ type: UInt32.Type) throws -> UInt32 { try primitive(type) }
  func decode(_ type: UInt64.Type) throws -> UInt64 { try primitive(type) }
  func decode(_ type: UInt128.Type) throws -> UInt128 { try primitive(type) }
}

/// Of a value without parts. It does not know its place, and so takes no memory of its own.
private struct ScalarDecoder: Decoder, PrimitiveContainer {
  let value: JSONValue
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    throw mismatch([String: Any].self, JSONMismatch.object.expected, value, [])
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    throw mismatch([Any].self, JSONMismatch.array.expected, value, [])
  }

  func singleValueContainer() -> any SingleValueDecodingContainer { self }

  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try Value(from: self) }
}

/// Of an array or an object.
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

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard let object else {
      throw mismatch([String: Any].self, JSONMismatch.object.expected, value, codingPath)
    }
    object.isUsed = true
    return KeyedDecodingContainer(Fields(object: object))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard case .array(let values) = value else {
      throw mismatch([Any].self, JSONMismatch.array.expected, value, codingPath)
    }
    return Elements(values: values, codingPath: codingPath, isExact: isExact)
  }

  func singleValueContainer() throws -> any SingleValueDecodingContainer { Single(decoder: self) }
}

/// Of an array or an object that reads itself as another type.
private struct Single: PrimitiveContainer {
  let decoder: ValueDecoder
  var value: JSONValue { decoder.value }
  var codingPath: [any CodingKey] { decoder.codingPath }

  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    try Value(from: decoder)
  }
}

private struct Fields<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let object: ObjectReader
  var codingPath: [any CodingKey] { object.path }

  var allKeys: [Key] { object.fields.compactMap { Key(stringValue: $0.name) } }

  private func nested(_ key: some CodingKey) throws -> ValueDecoder {
    try ValueDecoder(object.value(key), path: object.path + [key], isExact: object.isExact)
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

  func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try primitive(type, key) }
  func decode(_ type: String.Type, forKey key: Key) throws -> String { try primitive(type, key) }
  func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try primitive(type, key) }
  func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try primitive(type, key) }

  private func primitive<Value: JSONPrimitive>(_ type: Value.Type, _ key: Key) throws -> Value {
    try type.read(object.value(key), at: object.path + [key])
  }

  func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
    try decode(type, key, object.value(key))
  }

  private func decode<Value: Decodable>(
    _ type: Value.Type, _ key: Key, _ value: JSONValue
  ) throws -> Value {
    try read(type, value, isExact: object.isExact) { object.path + [key] }
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

  func superDecoder() throws -> any Decoder { try nested(NamedKey.name("super")) }
  func superDecoder(forKey key: Key) throws -> any Decoder { try nested(key) }
}

private struct Elements: UnkeyedDecodingContainer {
  let values: [JSONValue]
  let codingPath: [any CodingKey]
  let isExact: Bool
  var currentIndex = 0

  init(values: [JSONValue], codingPath: [any CodingKey], isExact: Bool) {
    self.values = values
    self.codingPath = codingPath
    self.isExact = isExact
  }

  var count: Int? { values.count }
  var isAtEnd: Bool { currentIndex == values.count }

  private var path: [any CodingKey] { codingPath + [NamedKey.index(currentIndex)] }

  private func element() throws -> JSONValue {
    guard !isAtEnd else {
      throw DecodingError.valueNotFound(
        Any.self, DecodingError.Context(codingPath: path, debugDescription: "the array has ended"))
    }
    return values[currentIndex]
  }

  private func elementDecoder() throws -> ValueDecoder {
    try ValueDecoder(element(), path: path, isExact: isExact)
  }

  mutating func decodeNil() throws -> Bool {
    guard try element() == .null else { return false }
    currentIndex += 1
    return true
  }

  mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    let value = try read(type, element(), isExact: isExact) { path }
    currentIndex += 1
    return value
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) throws -> KeyedDecodingContainer<Nested> {
    let container = try elementDecoder().container(keyedBy: type)
    currentIndex += 1
    return container
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    let container = try elementDecoder().unkeyedContainer()
    currentIndex += 1
    return container
  }

  mutating func superDecoder() throws -> any Decoder {
    let decoder = try elementDecoder()
    currentIndex += 1
    return decoder
  }
}

/// A place in an array, or a name of no type's own.
enum NamedKey: CodingKey {
  case name(String)
  case index(Int)

  var stringValue: String {
    switch self {
    case .name(let name): name
    case .index(let index): String(index)
    }
  }

  var intValue: Int? { if case .index(let index) = self { index } else { nil } }

  init?(stringValue: String) { self = .name(stringValue) }
  init?(intValue: Int) { self = .index(intValue) }
}

// MARK: - What is wrong, and where

/// Rides in a `DecodingError`: what the value had to be.
private struct JSONMismatch: Error, Equatable {
  var expected: String

  static let object = JSONMismatch(expected: "an object")
  static let array = JSONMismatch(expected: "an array")
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
