// Query parameters: what a route takes, and the strict reading of a query string.

internal import Engine
internal import Formats
internal import Wire

/// A parameter that a route takes. Its form is checked before the handler is asked.
struct QueryParameter: Sendable {
  enum Form: Sendable {
    case text
    case choices([String])
    case integer(ClosedRange<UInt64>)
  }

  var name: String
  var meaning: String
  var form = Form.text
  /// What else a text must be, where the handler says so: a regular expression.
  var pattern: String?
  var isRequired = false

  static func limit(_ maximum: Int) -> QueryParameter {
    QueryParameter(
      name: "limit", meaning: "Rows of the page; \(Handlers.defaultLimit) without it.",
      form: .integer(1...UInt64(maximum)))
  }

  static let depth = QueryParameter(
    name: "depth", meaning: "Levels of a side; \(Handlers.defaultDepth) without it.",
    form: .integer(1...UInt64(Handlers.maximumDepth)))
  static let market = QueryParameter(name: "market", meaning: "Of this market only.")
  static let asset = QueryParameter(name: "asset", meaning: "Of this asset only.")
  static let clientOrderID = QueryParameter(
    name: "client_order_id", meaning: "The order under this id, open or not; stands alone.",
    pattern: "^[A-Za-z0-9._:-]{1,36}$")
  static let afterOrder = QueryParameter(
    name: "after", meaning: "`next` of the page before.", form: .integer(0...UInt64(OrderID.max)))
  static let before = QueryParameter(
    name: "before", meaning: "`next` of the page before.", form: .integer(1...UInt64(Int64.max)))
  static let beforeRow = QueryParameter(
    name: "before", meaning: "`next` of the page before.", form: .integer(1...UInt64.max))
  static let beforeAction = QueryParameter(
    name: "before", meaning: "`next` of the page before.", pattern: "^[0-9]+-[0-9]+$")
  static let ledgerType = QueryParameter(
    name: "type", meaning: "Of this type only.",
    form: .choices(LedgerTransactionType.allCases.map { "\($0.name)" }))
  static let depositStatus = QueryParameter(
    name: "status", meaning: "In this state only.",
    form: .choices(DepositLine.Status.allCases.map(\.rawValue)))
  static let withdrawalStatus = QueryParameter(
    name: "status", meaning: "In this state only.",
    form: .choices(WithdrawalLine.Status.allCases.map(\.rawValue)))
  static let `operator` = QueryParameter(
    name: "operator", meaning: "By the operator of this user id; 0 is the venue itself.",
    form: .integer(0...UInt64(UserID.max)))
  static let action = QueryParameter(
    name: "action", meaning: "Of this kind only, as `suspend_market`.")
  static let subject = QueryParameter(
    name: "subject", meaning: "About this market, user id, asset or chain.")
  static let user = QueryParameter(name: "user", meaning: "A user's id.", isRequired: true)
  static let userName = QueryParameter(name: "name", meaning: "A user's name.", isRequired: true)
  static let sweptAsset = QueryParameter(
    name: "asset", meaning: "The asset to sweep.", isRequired: true)
  static let minimum = QueryParameter(
    name: "minimum", meaning: "Addresses with less are left alone; a decimal in whole coins.",
    pattern: DecimalAmount.pattern)
  static let afterAddress = QueryParameter(
    name: "after", meaning: "`next` of the page before.", pattern: "^0x[0-9a-f]{40}$")
}

/// A query string's parameters, decoded; each at most once, and only those that the route knows.
/// A value has one spelling: letters, digits and `-._~:` stand for themselves, every other byte is
/// `%` and two upper-case hex digits.
struct QueryFields: Sendable {
  /// Bytes of a text, decoded; the longest that we know, a key in hex, has 64.
  private static let maximumText = 200

  private var values: [String: String] = [:]

  init() {}

  init(_ query: some StringProtocol, knowing parameters: [QueryParameter]) throws(Refusal) {
    if !query.isEmpty {
      for part in query.split(separator: "&", omittingEmptySubsequences: false) {
        try take(part, knowing: parameters)
      }
    }
    if let missing = parameters.first(where: { $0.isRequired && values[$0.name] == nil }) {
      throw Refusal(.badRequest, "parameter `\(missing.name)` is missing")
    }
  }

  private mutating func take(
    _ part: some StringProtocol, knowing parameters: [QueryParameter]
  ) throws(Refusal) {
    let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard let known = parameters.first(where: { $0.name.hasSameBytes(as: pair[0]) }) else {
      let shown = Printable.line(pair[0], maximumBytes: 40)
      throw Refusal(.badRequest, "unknown parameter `\(shown)`")
    }
    func refusal(_ what: String) -> Refusal {
      Refusal(.badRequest, "parameter `\(known.name)` \(what)")
    }
    guard pair.count == 2, !pair[1].isEmpty else { throw refusal("has no value") }
    guard let value = Self.decoded(pair[1]) else { throw refusal("is not spelled as it must be") }
    guard values.updateValue(value, forKey: known.name) == nil else {
      throw refusal("is there twice")
    }
    switch known.form {
    case .text:
      // It may go on to the database, whose texts hold no NUL, and back to somebody's terminal.
      do throws(FreeTextError) {
        _ = try FreeText(value, maximumBytes: Self.maximumText)
      } catch { throw refusal(error.description) }
    case .choices(let words):
      guard words.contains(where: { $0.hasSameBytes(as: value) }) else {
        throw refusal("must be one of " + words.joined(separator: ", "))
      }
    case .integer(let range):
      guard let number: UInt64 = Handlers.number(value), range.contains(number) else {
        throw refusal("must be a whole number in \(range.lowerBound)...\(range.upperBound)")
      }
    }
  }

  subscript(_ name: String) -> String? { values[name] }

  /// Of a parameter that the route requires.
  func required(_ name: String) -> String {
    guard let value = values[name] else {
      preconditionFailure("the route does not require \(name)")
    }
    return value
  }

  /// Of a parameter whose range fits the type.
  func integer<Integer: FixedWidthInteger>(
    _ name: String, as type: Integer.Type = Integer.self
  ) -> Integer? {
    guard let text = values[name] else { return nil }
    guard let value = Integer(text) else {
      preconditionFailure("the route takes a \(name) that is no \(type)")
    }
    return value
  }

  /// Percent-decoded; nil where it is spelled otherwise or the result is not UTF-8.
  private static func decoded(_ text: some StringProtocol) -> String? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if standsForItself(byte) {
        bytes.append(byte)
        continue
      }
      guard byte == UInt8(ascii: "%"), rest.count >= 2 else { return nil }
      let digits = Array(rest.prefix(2))
      guard let high = hexDigit(digits[0]), let low = hexDigit(digits[1]),
        !standsForItself(high << 4 | low)
      else { return nil }
      rest = rest.dropFirst(2)
      bytes.append(high << 4 | low)
    }
    return String(validating: bytes, as: UTF8.self)
  }

  private static func standsForItself(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
      UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: ":"):
      true
    default: false
    }
  }

  private static func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
