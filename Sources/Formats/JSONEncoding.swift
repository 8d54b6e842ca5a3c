// Encodable types to JSON values, so that there is no second writer beside ours.

extension JSONValue {
  /// The value's JSON, names in byte order. Floating-point numbers are refused.
  public init(encoding value: some Encodable) throws {
    let box = Box()
    try box.encode(value, codingPath: [])
    self = box.value
  }
}

/// A value that is still being written: containers are handed out before they are full.
private final class Box {
  private enum Content {
    case nothing
    case value(JSONValue)
    case array([Box])
    case object([(name: String, value: Box)])
  }

  private var content = Content.nothing

  var value: JSONValue {
    switch content {
    // As a type that encodes nothing: an empty object.
    case .nothing: .object([])
    case .value(let value): value
    case .array(let boxes): .array(boxes.map(\.value))
    case .object(let fields):
      .object(
        fields.map { JSONField($0.name, $0.value.value) }
          .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) })
    }
  }

  var count: Int { if case .array(let boxes) = content { boxes.count } else { 0 } }

  func encode<Value: Encodable>(_ value: Value, codingPath: [any CodingKey]) throws {
    switch value {
    case let text as String: set(.text(text))
    case let bool as Bool: set(.bool(bool))
    case let integer as any FixedWidthInteger & Encodable: set(.number("\(integer)"))
    case is Double, is Float:
      throw EncodingError.invalidValue(
        value,
        EncodingError.Context(
          codingPath: codingPath, debugDescription: "no floating-point number is written"))
    default: try value.encode(to: ValueEncoder(box: self, codingPath: codingPath))
    }
  }

  func set(_ value: JSONValue) { content = .value(value) }

  func makeArray() {
    if case .array = content { return }
    content = .array([])
  }

  func makeObject() {
    if case .object = content { return }
    content = .object([])
  }

  func appended() -> Box {
    guard case .array(var boxes) = content else { preconditionFailure("not an array") }
    content = .nothing
    let box = Box()
    boxes.append(box)
    content = .array(boxes)
    return box
  }

  /// For a name that the type encodes once.
  func member(_ name: String) -> Box {
    guard case .object(var fields) = content else { preconditionFailure("not an object") }
    content = .nothing
    let box = Box()
    fields.append((name, box))
    content = .object(fields)
    return box
  }
}

private struct ValueEncoder: Encoder {
  let box: Box
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    box.makeObject()
    return KeyedEncodingContainer(Members(box: box, codingPath: codingPath))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    box.makeArray()
    return Items(box: box, codingPath: codingPath)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer {
    Only(box: box, codingPath: codingPath)
  }
}

private struct Only: SingleValueEncodingContainer {
  let box: Box
  let codingPath: [any CodingKey]

  func encodeNil() { box.set(.null) }
  func encode<Value: Encodable>(_ value: Value) throws {
    try box.encode(value, codingPath: codingPath)
  }
}

private struct Members<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let box: Box
  let codingPath: [any CodingKey]

  func encodeNil(forKey key: Key) { box.member(key.stringValue).set(.null) }

  func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
    try box.member(key.stringValue).encode(value, codingPath: codingPath + [key])
  }

  private func nested(_ key: any CodingKey) -> ValueEncoder {
    ValueEncoder(box: box.member(key.stringValue), codingPath: codingPath + [key])
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Nested> { nested(key).container(keyedBy: type) }

  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    nested(key).unkeyedContainer()
  }

  func superEncoder() -> any Encoder { nested(NamedKey("super")) }
  func superEncoder(forKey key: Key) -> any Encoder { nested(key) }
}

private struct Items: UnkeyedEncodingContainer {
  let box: Box
  let codingPath: [any CodingKey]

  var count: Int { box.count }

  func encodeNil() { box.appended().set(.null) }

  func encode<Value: Encodable>(_ value: Value) throws {
    let path = codingPath + [NamedKey(index: count)]
    try box.appended().encode(value, codingPath: path)
  }

  private func nested() -> ValueEncoder {
    let path = codingPath + [NamedKey(index: count)]
    return ValueEncoder(box: box.appended(), codingPath: path)
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) -> KeyedEncodingContainer<Nested> { nested().container(keyedBy: type) }

  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { nested().unkeyedContainer() }

  func superEncoder() -> any Encoder { nested() }
}
