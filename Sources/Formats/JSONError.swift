// Why a text is not the JSON that its reader wants, and where.

/// What is wrong with a JSON text, for the one who wrote it.
public struct JSONError: Error, Equatable, Sendable {
  /// A rule of JSON that is broken, or a limit that is passed.
  public enum Syntax: String, Sendable, CaseIterable {
    case tooLong = "longer than this reader takes"
    case trailingBytes = "something follows the JSON value"
    case tooDeep = "nested too deep"
    case valueMissing = "a value is missing"
    case notAValue = "not a value"
    case nameMissing = "a field name is missing"
    case nameTooLong = "a field name is too long"
    case tooManyMembers = "too many fields"
    case colonMissing = "a colon is missing"
    case tooManyElements = "an array is too long"
    case endMissing = "a comma or an end is missing"
    case digitsMissing = "digits are missing"
    case numberTooLong = "a number is too long"
    case stringTooLong = "a string is too long"
    case stringUnended = "a string does not end"
    case notUTF8 = "not UTF-8"
    case controlCharacter = "a control character in a string"
    case unknownEscape = "an unknown escape"
    case escapeInPlainText = "an escape in a string"
    case hexDigitsMissing = "four hex digits are missing"
    case halfSurrogatePair = "half a surrogate pair"
  }

  public enum Fault: Equatable, Sendable {
    case syntax(Syntax, byte: Int)
    /// Names and paths are as they may be shown.
    case duplicateName(String)
    case unknownField(String)
    case missingField(String)
    case notAnObject(String)
    case wrongField(String, expected: String)
    case badText(field: String, FreeTextError)
    /// What a reader says of its own values.
    case other(String)
  }

  public let fault: Fault

  public init(_ fault: Fault) { self.fault = fault }

  init(_ reason: Syntax, at byte: Int) { fault = .syntax(reason, byte: byte) }

  public init(_ sentence: String) { fault = .other(sentence) }

  /// A name from outside, safe to show: it is cut and cannot break the message.
  static func quoted(_ name: String) -> String { "`\(Printable.line(name, maximumBytes: 40))`" }
}

extension JSONError: CustomStringConvertible {
  public var description: String {
    switch fault {
    case .syntax(let reason, let byte): "JSON: \(reason.rawValue) at byte \(byte)"
    case .duplicateName(let name): "field \(name) is there twice"
    case .unknownField(let path): "unknown field \(path)"
    case .missingField(let path): "field \(path) is missing"
    case .notAnObject(let path): "\(path) must be a JSON object"
    case .wrongField(let path, let expected): "field \(path) must be \(expected)"
    case .badText(let path, let error): "field \(path) \(error)"
    case .other(let sentence): sentence
    }
  }
}

/// An error that a reader of fields throws: its caller's own, made of what is wrong.
public protocol JSONFailure: Error {
  init(json error: JSONError)
}

extension JSONError: JSONFailure {
  public init(json error: JSONError) { self = error }
}
