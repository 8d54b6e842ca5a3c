// What a route is and says of itself, and how a request finds its own.

internal import Engine
internal import Formats
internal import NIOCore
internal import Wire

enum RequestMethod: String, Sendable, CaseIterable {
  case get = "GET"
  case post = "POST"
  case patch = "PATCH"
  case delete = "DELETE"
}

/// A type of the wire: a body or an answer.
typealias WireType = any (Decodable & Sendable).Type

/// A request as a handler sees it: route matched, signature checked, body read.
struct Call: Sendable {
  /// What the route's table says that the body is.
  var bodyType: WireType?
  /// The values of the template's braces, in order.
  var parameters: [String]
  var query: QueryFields
  var body: [UInt8]
  /// Tokens that the request has cost its user.
  var paid = 1
  /// The client's, as it is counted.
  var address: String
  var lastEventID: String?
}

/// What a handler answers.
enum Answer: Sendable {
  case content(type: String, [UInt8])
  /// The same for all: one buffer, whoever reads it.
  case document(type: String, ByteBuffer)
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

  /// What a route answers with 200.
  enum AnswerForm: Sendable {
    case json(WireType)
    /// JSON that describes itself.
    case object
    /// Text of this content type.
    case text(String)
    /// The names of events, and what the data of each is.
    case events([(name: String, type: WireType)])

    static let prometheus = AnswerForm.text(PrometheusText.contentType)
  }

  /// Stable: programs are made of it.
  var id: String
  var method: RequestMethod
  /// As `/v1/orders/{id}`.
  var template: String
  /// One sentence.
  var summary: String
  /// The query parameters that it knows; others are refused.
  var query: [QueryParameter]
  /// Nil for none.
  var body: WireType?
  /// Bytes; 0 for none.
  var maximumBody: Int
  var answer: AnswerForm
  var access: Access

  init(
    _ id: String, _ method: RequestMethod, _ template: String, _ summary: String,
    query: [QueryParameter] = [], body: WireType? = nil, maximumBody: Int? = nil,
    answer: AnswerForm, access: Access
  ) {
    self.id = id
    self.method = method
    self.template = template
    self.summary = summary
    self.query = query
    self.body = body
    self.maximumBody = body == nil ? 0 : maximumBody ?? Self.maximumBody
    self.answer = answer
    self.access = access
  }

  /// Answers events without end, of which there is no `HEAD`.
  var isStream: Bool { if case .events = answer { true } else { false } }

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
      } else if !expected.hasSameBytes(as: found) {
        return nil
      }
    }
    return values
  }
}
