// Encodable types to JSON values, so that there is no second writer beside ours.

extension JSONValue {
  /// The value's JSON, names in byte order. Floating-point numbers are refused.
  public init(encoding value: some Encodable) throws {
    self = try Container.value(of: value)
  }
}

/// An array or object that is still being written: it is handed out before it is full.
private final class Container {
  /// What stands in a container: most are written whole at once, and then take no object.
  private enum Item {
    case value(JSONValue)
    case container(Container)

    var value: JSONValue {
      switch self {
      case .value(let value): value
      case .container(let container): container.value
      }
    }
  }

  private enum Content {
    case nothing
    case value(JSONValue)
    case array([Item])
    /// Sorted by the bytes of the names.
    case object([(name: String, item: Item)])
  }

  private var content = Content.nothing

  /// What a value encodes.
  static func value<Value: Encodable>(of value: Value) throws -> JSONValue {
    let container = Container()
    try value.encode(to: ValueEncoder(container: container))
    return container.value
  }

  var value: JSONValue {
    switch content {
    // As a type that encodes nothing: an empty object.
    case .nothing: .object([])
    case .value(let value): value
    case .array(let items): .array(items.map(\.value))
    case .object(let fields): .object(fields.map { JSONField($0.name, $0.item.value) })
    }
  }

  var count: Int { if case .array(let items) = content { items.count } else { 0 } }

  func set(_ value: JSONValue) { content = .value(value) }

  func makeArray() {
    if case .array = content { return }
    content = .array([])
  }

  func makeObject() {
    if case .object = content { return }
    content = .object([])
  }

  func append(_ value: JSONValue) { append(.value(value)) }

  func appendedContainer() -> Container {
    let container = Container()
    append(.container(container))
    return container
  }

  /// For a name that the type encodes once.
  func add(_ name: String, _ value: JSONValue) { add(name, .value(value)) }

  func addedContainer(_ name: String) -> Container {
    let container = Container()
    add(name, .container(container))
    return container
  }

  private func append(_ item: Item) {
    guard case .array(var items) = content else { preconditionFailure("not an array") }
    content = .nothing
    items.append(item)
    content = .array(items)
  }

  private func add(_ name: String, _ item: Item) {
    guard case .object(var fields) = content else { preconditionFailure("not an object") }
    content = .nothing
    var place = fields.count
    while place > 0, name.hasBytesBefore(fields[place - 1].name) { place -= 1 }
    fields.insert((name, item), at: place)
    content = .object(fields)
  }
}

// No coding paths: only a floating-point number fails, and its error shows it.

private struct ValueEncoder: Encoder {
  let container: Container
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    container.makeObject()
    return KeyedEncodingContainer(Members(container: container))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    container.makeArray()
    return Items(container: container)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { Only(container: container) }
}

private func refused(_ number: some BinaryFloatingPoint) -> EncodingError {
  EncodingError.invalidValue(
    number,
    EncodingError.Context(
      codingPath: [], debugDescription: "no floating-point number is written"))
}

// Each type of JSON's own has its function, which the compiler takes where it knows the type: a
// look for what a value is costs more than to write it.

private struct Only: SingleValueEncodingContainer {
  let container: Container
  var codingPath: [any CodingKey] { [] }

  func encodeNil() { container.set(.null) }
  func encode(_ value: Bool) { container.set(.bool(value)) }
  func encode(_ value: String) { container.set(.text(value)) }
  func encode(_ value: Double) throws { throw refused(value) }
  func encode(_ value: Float) throws { throw refused(value) }
  func encode(_ value: Int) { container.set(.number(value)) }
  func encode(_ value: Int8) { container.set(.number(value)) }
  func encode(_ value: Int16) { container.set(.number(value)) }
  func encode(_ value: Int32) { container.set(.number(value)) }
  func encode(_ value: Int64) { container.set(.number(value)) }
  func encode(_ value: Int128) { container.set(.number(value)) }
  func encode(_ value: UInt) { container.set(.number(value)) }
  func encode(_ value: UInt8) { container.set(.number(value)) }
  func encode(_ value: UInt16) { container.set(.number(value)) }
  func encode(_ value: UInt32) { container.set(.number(value)) }
  func encode(_ value: UInt64) { container.set(.number(value)) }
  func encode(_ value: UInt128) { container.set(.number(value)) }
  func encode<Value: Encodable>(_ value: Value) throws {
    container.set(try Container.value(of: value))
  }
}

private struct Members<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let container: Container
  var codingPath: [any CodingKey] { [] }

  func encodeNil(forKey key: Key) { container.add(key.stringValue, .null) }
  func encode(_ value: Bool, forKey key: Key) { container.add(key.stringValue, .bool(value)) }
  func encode(_ value: String, forKey key: Key) { container.add(key.stringValue, .text(value)) }
  func encode(_ value: Int, forKey key: Key) { container.add(key.stringValue, .number(value)) }
  func encode(_ value: Int64, forKey key: Key) { container.add(key.stringValue, .number(value)) }

  func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
    container.add(key.stringValue, try Container.value(of: value))
  }

  private func nested(_ name: String) -> ValueEncoder {
    ValueEncoder(container: container.addedContainer(name))
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Nested> { nested(key.stringValue).container(keyedBy: type) }

  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    nested(key.stringValue).unkeyedContainer()
  }

  func superEncoder() -> any Encoder { nested("super") }
  func superEncoder(forKey key: Key) -> any Encoder { nested(key.stringValue) }
}

private struct Items: UnkeyedEncodingContainer {
  let container: Container
  var codingPath: [any CodingKey] { [] }

  var count: Int { container.count }

  func encodeNil() { container.append(.null) }
  func encode(_ value: String) { container.append(.text(value)) }

  func encode<Value: Encodable>(_ value: Value) throws {
    container.append(try Container.value(of: value))
  }

  private func nested() -> ValueEncoder { ValueEncoder(container: container.appendedContainer()) }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) -> KeyedEncodingContainer<Nested> { nested().container(keyedBy: type) }

  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { nested().unkeyedContainer() }

  func superEncoder() -> any Encoder { nested() }
}
