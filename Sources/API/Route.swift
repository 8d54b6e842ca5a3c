// What a route is, and how a request finds its own.

internal import Engine
internal import Formats
internal import Wire

enum RequestMethod: String, Sendable, CaseIterable {
  case get = "GET"
  case post = "POST"
  case patch = "PATCH"
  case delete = "DELETE"
}

/// A request as a handler sees it: route matched, signature checked, body read.
struct Call: Sendable {
  /// The values of the template's braces, in order.
  var parameters: [String]
  var query: QueryFields
  var body: [UInt8]
  /// The client's, as it is counted.
  var address: String
  var lastEventID: String?
}

/// What a handler answers.
enum Answer: Sendable {
  case content(type: String, [UInt8])
  case events(EventSubscription)

  static func json(_ value: some Encodable) -> Answer {
    .content(type: "application/json", JSON.bytes(value))
  }
}

/// One route. Who may call it is part of it: a route without an access rule cannot be written.
struct Route: Sendable {
  enum Access: Sendable {
    /// Without a signature.
    case open(@Sendable (Handlers, Call) async throws(Refusal) -> Answer)
    /// For keys of these roles.
    case roles(Set<Role>, @Sendable (Handlers, Call, Identity) async throws(Refusal) -> Answer)
  }

  /// A body of one order, market, user or adjustment: a few hundred bytes.
  static let maximumBody = 64 << 10
  /// A body of 1,000 orders.
  static let maximumBatchBody = 1 << 20

  var method: RequestMethod
  /// As `/v1/orders/{id}`.
  var template: String
  /// The query parameters that it knows; others are refused.
  var query: [String] = []
  /// Bytes; 0 for none.
  var maximumBody = 0
  var access: Access

  /// Answers events without end, of which there is no `HEAD`.
  var isStream: Bool { template.hasSuffix("/events") }

  /// Whether a request's method asks for this route: `HEAD` is `GET` without its body.
  func takes(_ method: String) -> Bool {
    method == self.method.rawValue || (method == "HEAD" && self.method == .get && !isStream)
  }

  var segments: [Substring] { template.split(separator: "/", omittingEmptySubsequences: false) }
}

/// Finds routes by path: exact words before parameters.
struct RouteTable: Sendable {
  enum Match: Sendable {
    case route(Route, parameters: [String])
    case otherMethods([String])
    case none
  }

  private struct Entry: Sendable {
    var route: Route
    var segments: [Substring]
    var parameterCount: Int
  }

  let routes: [Route]
  private let bySegmentCount: [Int: [Entry]]

  init(_ routes: [Route]) {
    self.routes = routes
    let entries = routes.map { route in
      Entry(
        route: route, segments: route.segments,
        parameterCount: route.segments.count { $0.hasPrefix("{") })
    }
    bySegmentCount = Dictionary(grouping: entries) { $0.segments.count }
      .mapValues { $0.sorted { $0.parameterCount < $1.parameterCount } }
  }

  func match(_ method: String, path: some StringProtocol) -> Match {
    let segments = path.split(separator: "/", omittingEmptySubsequences: false)
    var others: [String] = []
    for entry in bySegmentCount[segments.count] ?? [] {
      guard let parameters = Self.parameters(entry.segments, segments) else { continue }
      if entry.route.takes(method) { return .route(entry.route, parameters: parameters) }
      others.append(entry.route.method.rawValue)
      if entry.route.takes("HEAD") { others.append("HEAD") }
    }
    return others.isEmpty ? .none : .otherMethods(others)
  }

  private static func parameters(
    _ template: [Substring], _ path: [some StringProtocol]
  ) -> [String]? {
    var values: [String] = []
    for (expected, found) in zip(template, path) {
      if expected.hasPrefix("{") {
        guard !found.isEmpty else { return nil }
        values.append(String(found))
      } else if expected != found {
        return nil
      }
    }
    return values
  }
}

/// A query string's parameters, decoded; each at most once, and only those that the route knows.
/// A value has one spelling: letters, digits and `-._~:` stand for themselves, every other byte is
/// `%` and two upper-case hex digits.
struct QueryFields: Sendable {
  private var values: [String: String] = [:]

  init() {}

  init(_ query: some StringProtocol, knowing names: [String]) throws(Refusal) {
    if query.isEmpty { return }
    for part in query.split(separator: "&", omittingEmptySubsequences: false) {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = names.first(where: { $0.hasSameBytes(as: pair[0]) }) else {
        let shown = Printable.line(pair[0], maximumBytes: 40)
        throw Refusal(.badRequest, "unknown parameter `\(shown)`")
      }
      guard pair.count == 2, !pair[1].isEmpty else {
        throw Refusal(.badRequest, "parameter `\(name)` has no value")
      }
      guard let value = Self.decoded(pair[1]) else {
        throw Refusal(.badRequest, "parameter `\(name)` is not spelled as it must be")
      }
      guard values.updateValue(value, forKey: name) == nil else {
        throw Refusal(.badRequest, "parameter `\(name)` is there twice")
      }
    }
  }

  subscript(_ name: String) -> String? { values[name] }

  func required(_ name: String) throws(Refusal) -> String {
    guard let value = values[name] else {
      throw Refusal(.badRequest, "parameter `\(name)` is missing")
    }
    return value
  }

  func integer<Integer: FixedWidthInteger>(
    _ name: String, in range: ClosedRange<Integer>
  ) throws(Refusal) -> Integer? {
    guard let text = values[name] else { return nil }
    guard let value: Integer = Handlers.number(text), range.contains(value) else {
      throw Refusal(
        .badRequest,
        "parameter `\(name)` must be a whole number in \(range.lowerBound)...\(range.upperBound)")
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
