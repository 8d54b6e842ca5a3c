// The fields of one JSON object, each taken once: unknown and mistyped ones get no further.

/// The fields of one object, taken one by one; what is left at the end is unknown and refused.
public struct JSONFields<Failure: JSONFailure> {
  private var fields: [JSONField]
  /// As `orders[3].`, for messages.
  private let path: String

  public init(_ value: JSONValue, path: String = "") throws(Failure) {
    guard case .object(let fields) = value else {
      throw Failure(json: JSONError(.notAnObject(path.isEmpty ? "the body" : path)))
    }
    self.fields = fields
    self.path = path.isEmpty ? "" : path + "."
  }

  public init(parsing bytes: [UInt8], _ limits: JSONLimits) throws(Failure) {
    let value: JSONValue
    do throws(JSONError) {
      value = try StrictJSON.parse(bytes, limits)
    } catch { throw Failure(json: error) }
    try self.init(value)
  }

  public func finish() throws(Failure) {
    guard let unknown = fields.first else { return }
    throw Failure(json: JSONError(.unknownField(path + JSONError.quoted(unknown.name))))
  }

  public func wrong(_ name: String, _ expected: String) -> Failure {
    Failure(json: JSONError(.wrongField(shown(name), expected: expected)))
  }

  private func shown(_ name: String) -> String { "\(path)`\(name)`" }

  public mutating func take(_ name: String) -> JSONValue? {
    guard let index = fields.firstIndex(where: { $0.name.hasSameBytes(as: name) }) else {
      return nil
    }
    return fields.remove(at: index).value
  }

  private func required<Value>(_ name: String, _ value: Value?) throws(Failure) -> Value {
    guard let value else { throw Failure(json: JSONError(.missingField(shown(name)))) }
    return value
  }

  // MARK: Text

  public mutating func textIfPresent(_ name: String) throws(Failure) -> String? {
    switch take(name) {
    case nil: return nil
    case .text(let text): return text
    default: throw wrong(name, "a string")
    }
  }

  /// What the caller checks further: a code, a key, an address.
  public mutating func text(_ name: String) throws(Failure) -> String {
    try required(name, textIfPresent(name))
  }

  public mutating func choiceIfPresent<Choice: RawRepresentable<String> & CaseIterable>(
    _ name: String, of type: Choice.Type = Choice.self
  ) throws(Failure) -> Choice? {
    guard let text = try textIfPresent(name) else { return nil }
    guard let choice = Choice.allCases.first(where: { $0.rawValue.hasSameBytes(as: text) }) else {
      throw wrong(name, "one of " + Choice.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return choice
  }

  public mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ name: String, of type: Choice.Type = Choice.self
  ) throws(Failure) -> Choice {
    try required(name, choiceIfPresent(name))
  }

  // MARK: Other values

  public mutating func integerIfPresent<Integer: FixedWidthInteger>(
    _ name: String, as type: Integer.Type = Integer.self
  ) throws(Failure) -> Integer? {
    switch take(name) {
    case nil: return nil
    case .number(let text):
      guard let value = Integer(json: text) else {
        throw wrong(name, "a whole number in \(Integer.min)...\(Integer.max)")
      }
      return value
    default: throw wrong(name, "a whole number")
    }
  }

  public mutating func integer<Integer: FixedWidthInteger>(
    _ name: String, as type: Integer.Type = Integer.self
  ) throws(Failure) -> Integer {
    try required(name, integerIfPresent(name))
  }

  public mutating func decimalIfPresent(_ name: String) throws(Failure) -> DecimalAmount? {
    guard let value = take(name) else { return nil }
    guard case .text(let text) = value, let amount = DecimalAmount(jsonText: text) else {
      throw wrong(name, DecimalAmount.expectation)
    }
    return amount
  }

  public mutating func decimal(_ name: String) throws(Failure) -> DecimalAmount {
    try required(name, decimalIfPresent(name))
  }

  public mutating func array(_ name: String) throws(Failure) -> [JSONValue] {
    let values = try required(name, take(name))
    guard case .array(let values) = values else { throw wrong(name, "an array") }
    return values
  }
}

extension FixedWidthInteger {
  /// The number that a JSON number is, if it is written as a whole one: no point, no exponent, and
  /// no `-0`, which is a second spelling.
  public init?(json text: String) {
    guard !text.hasSameBytes(as: "-0"), let value = Self(text) else { return nil }
    self = value
  }
}
