// Schemas of the wire's types, read off the types: each decodes itself once from placeholders, and
// what it asks for is written down.

internal import Formats
internal import Wire

/// The schemas that a document names, as they are needed.
final class SchemaBook {
  /// For whom a type is described.
  enum Use {
    /// Nothing but what is named may be there, and nothing is `null`.
    case request
    /// More may come with a later version.
    case answer
  }

  private(set) var components: [String: JSONValue] = [:]
  private var uses: [String: Use] = [:]

  func schema(of type: any Decodable.Type, for use: Use) -> JSONValue {
    func schema<Value: Decodable>(_ type: Value.Type) -> JSONValue {
      do {
        return try described(type, use).schema
      } catch {
        preconditionFailure("\(type) does not read from placeholders: \(error)")
      }
    }
    return schema(type)
  }

  /// A type's schema, and a value of it for whoever wants to go on reading.
  fileprivate func described<Value: Decodable>(
    _ type: Value.Type, _ use: Use
  ) throws -> (schema: JSONValue, value: Value) {
    if let text = type as? any JSONText.Type { return try describedText(text) }
    if let number = type as? any FixedWidthInteger.Type { return try describedInteger(number) }
    if type == String.self { return (["type": "string"], try Self.cast("")) }
    if type == Bool.self { return (["type": "boolean"], try Self.cast(false)) }
    let decoder = SchemaDecoder(book: self, use: use)
    let value = try Value(from: decoder)
    if let union = type as? any JSONUnion.Type {
      let alternatives = union.alternatives.map { schema(of: $0, for: use) }
      return (["oneOf": .array(alternatives)], value)
    }
    switch decoder.record.content {
    case .object(let properties): return (define(type, properties, use), value)
    case .array(let item): return (["type": "array", "items": item], value)
    case .nothing: preconditionFailure("\(type) asks for nothing")
    }
  }

  private static func cast<Value>(_ value: Any) throws -> Value {
    guard let value = value as? Value else { preconditionFailure("a placeholder of another type") }
    return value
  }

  private func describedText<Value>(
    _ type: any JSONText.Type
  ) throws -> (schema: JSONValue, value: Value) {
    switch type.form {
    case .choices(let words):
      let value: Value = try Self.cast(placeholder(type, words[0]))
      return (["type": "string", "enum": .array(words.map { .text($0) })], value)
    case .pattern(let pattern, let example):
      let value: Value = try Self.cast(placeholder(type, example))
      let name = Self.name(type)
      components[name] = [
        "type": "string", "pattern": .text(pattern), "examples": [.text(example)],
        "description": .text(type.expectation),
      ]
      return (Self.reference(name), value)
    }
  }

  private func placeholder(_ type: any JSONText.Type, _ example: String) -> any JSONText {
    guard let value = type.init(jsonText: example) else {
      preconditionFailure("\(type) does not read its own example")
    }
    return value
  }

  private func describedInteger<Value>(
    _ type: any FixedWidthInteger.Type
  ) throws -> (schema: JSONValue, value: Value) {
    func schema<Integer: FixedWidthInteger>(_ type: Integer.Type) -> JSONValue {
      if Integer.bitWidth == 64 { return ["type": "integer", "format": "int64"] }
      return [
        "type": "integer", "minimum": .number(Integer.min), "maximum": .number(Integer.max),
      ]
    }
    return (schema(type), try Self.cast(type.zero))
  }

  private func define(
    _ type: any Any.Type, _ properties: [SchemaRecord.Property], _ use: Use
  ) -> JSONValue {
    let name = Self.name(type)
    precondition(
      uses.updateValue(use, forKey: name) ?? use == use, "\(name) is both asked and answered")
    var fields: [String: JSONValue] = [:]
    for property in properties { fields[property.name] = Self.bounded(property, use) }
    var schema: [String: JSONValue] = ["type": "object", "properties": .object(fields.sorted)]
    let required = properties.filter(\.isRequired).map(\.name).sorted()
    if !required.isEmpty { schema["required"] = .array(required.map { .text($0) }) }
    if use == .request { schema["additionalProperties"] = .bool(false) }
    components[name] = .object(schema.sorted)
    return Self.reference(name)
  }

  private static func bounded(_ property: SchemaRecord.Property, _ use: Use) -> JSONValue {
    guard use == .request else { return property.schema }
    var schema = property.schema
    if let bounds = requestBounds[property.name] { schema = schema.with(bounds) }
    return schema
  }

  static func reference(_ name: String) -> JSONValue {
    ["$ref": .text("#/components/schemas/\(name)")]
  }

  /// `Wire.Reasoned<Wire.KeyGrant>` is `ReasonedKeyGrant`.
  private static func name(_ type: any Any.Type) -> String {
    String(
      String(reflecting: type).replacing("Wire.", with: "").replacing("Formats.", with: "")
        .filter(\.isLetter))
  }

  /// What a request's fields must be beyond their types, by name: a name means the same everywhere.
  private static let requestBounds: [String: [String: JSONValue]] = [
    "client_order_id": clientID, "client_withdrawal_id": clientID, "request_id": clientID,
    "public_key": ["pattern": "^[0-9a-f]{64}$"],
    "signature": ["pattern": "^[0-9a-f]{128}$"],
    "reason": [
      "minLength": .number(1), "maxLength": .number(200),
      "description": .text("1 to 200 bytes of UTF-8, however many characters. " + printable),
    ],
    "label": [
      "maxLength": .number(64),
      "description": .text("Up to 64 bytes of UTF-8, however many characters. " + printable),
    ],
    "orders": ["minItems": .number(1), "maxItems": .number(OrderBatch.maximumOrders)],
    "transactions": ["minItems": .number(1), "maxItems": .number(SignedSweeps.maximumCount)],
  ]

  /// A schema's lengths count characters, and no pattern says the rest.
  private static let printable =
    "Nothing that does not print, as emoji variation selectors; no space at its ends."

  private static let clientID: [String: JSONValue] = ["pattern": "^[A-Za-z0-9._:-]{1,36}$"]
}

// MARK: - Asking

/// What one type asked for.
final class SchemaRecord {
  struct Property {
    var name: String
    var schema: JSONValue
    var isRequired: Bool
  }

  enum Content {
    case nothing
    case object([Property])
    case array(JSONValue)
  }

  var content = Content.nothing
  /// Names of which the type asked first whether they are there.
  var optional: Set<String> = []

  func add(_ property: Property) {
    guard case .object(let properties) = content else { preconditionFailure("not an object") }
    content = .object(properties.filter { $0.name != property.name } + [property])
  }
}

private struct SchemaDecoder: Decoder {
  let book: SchemaBook
  let use: SchemaBook.Use
  let record = SchemaRecord()

  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
    if case .nothing = record.content { record.content = .object([]) }
    return KeyedDecodingContainer(SchemaFields(decoder: self))
  }

  func unkeyedContainer() -> any UnkeyedDecodingContainer { SchemaItems(decoder: self) }

  func singleValueContainer() -> any SingleValueDecodingContainer {
    preconditionFailure("a type of one value is no object: say its form by JSONText")
  }
}

private struct SchemaFields<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let decoder: SchemaDecoder

  var codingPath: [any CodingKey] { [] }
  var allKeys: [Key] { [] }

  private func property(_ key: Key, _ schema: JSONValue, isRequired: Bool) {
    decoder.record.add(
      SchemaRecord.Property(name: key.stringValue, schema: schema, isRequired: isRequired))
  }

  /// The standard library asks this before it decodes a number, text or truth value if present.
  func contains(_ key: Key) -> Bool {
    decoder.record.optional.insert(key.stringValue)
    return true
  }

  func decodeNil(forKey key: Key) -> Bool { false }

  func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
    let (schema, value) = try decoder.book.described(type, decoder.use)
    property(key, schema, isRequired: !decoder.record.optional.contains(key.stringValue))
    return value
  }

  func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
    if let nullable = type as? any JSONNullable.Type {
      let schema = decoder.book.schema(of: nullable.wrapped, for: decoder.use)
      property(key, schema.orNull, isRequired: true)
    } else {
      let (schema, _) = try decoder.book.described(type, decoder.use)
      property(key, schema, isRequired: false)
    }
    return nil
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) -> KeyedDecodingContainer<Nested> { preconditionFailure("a nested object is a type") }

  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedDecodingContainer {
    SchemaItems(decoder: decoder) { schema in
      property(key, ["type": "array", "items": schema], isRequired: true)
    }
  }

  func superDecoder() -> any Decoder { preconditionFailure("no type of the wire is a class") }
  func superDecoder(forKey key: Key) -> any Decoder { superDecoder() }
}

/// One item, whatever it is.
private struct SchemaItems: UnkeyedDecodingContainer {
  let decoder: SchemaDecoder
  /// Nil for the type's own items.
  var tell: ((JSONValue) -> Void)?

  var codingPath: [any CodingKey] { [] }
  var count: Int? { 1 }
  var isAtEnd: Bool { currentIndex > 0 }
  private(set) var currentIndex = 0

  init(decoder: SchemaDecoder, tell: ((JSONValue) -> Void)? = nil) {
    self.decoder = decoder
    self.tell = tell
  }

  mutating func decodeNil() -> Bool { false }

  mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    let (schema, value) = try decoder.book.described(type, decoder.use)
    if let tell { tell(schema) } else { decoder.record.content = .array(schema) }
    currentIndex += 1
    return value
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) -> KeyedDecodingContainer<Nested> { preconditionFailure("an item is a type") }

  mutating func nestedUnkeyedContainer() -> any UnkeyedDecodingContainer {
    preconditionFailure("an item is a type")
  }

  mutating func superDecoder() -> any Decoder { preconditionFailure("an item is a type") }
}

// MARK: - Writing

extension JSONValue {
  /// An object with further fields.
  fileprivate func with(_ more: [String: JSONValue]) -> JSONValue {
    guard case .object(let fields) = self else { return self }
    return .object(fields + more.sorted)
  }

  /// A schema of this or nothing.
  fileprivate var orNull: JSONValue { ["anyOf": [self, ["type": "null"]]] }
}

extension [String: JSONValue] {
  /// By name, so that a document is the same each time.
  var sorted: [JSONField] {
    sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      .map { JSONField($0.key, $0.value) }
  }
}
