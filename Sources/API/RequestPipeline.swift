// One request from its head to its answer: route, limit, signature, body, handler.

internal import Client
internal import Crypto
internal import Engine
internal import Formats
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import ServiceLifecycle

/// What Hummingbird knows about a request's connection.
struct ConnectionContext: InitializableFromSource {
  let channel: any Channel
  let logger: Logger

  init(source: ApplicationRequestContextSource) {
    channel = source.channel
    logger = source.logger
  }
}

/// Answers every request. Deny by default: what no route of the table names is not found, and a
/// route names its roles.
struct RequestPipeline: HTTPResponder {
  /// Bytes of a request line's target; ours are below 300.
  private static let maximumTarget = 2_048

  let routes: RouteTable
  let authenticator: RequestAuthenticator
  let handlers: Handlers
  /// Public reads by address.
  let addressBuckets: TokenBuckets<String>
  /// Wrong signatures by address and key.
  let failureBuckets: TokenBuckets<String>
  /// The header field in which a trusted proxy names the client.
  let proxyHeader: HTTPFields.Element.Name?

  private var clock: APIClock { handlers.clock }

  func respond(to request: Request, context: ConnectionContext) async throws -> Response {
    let started = clock.nanoseconds()
    let id = Self.requestID()
    var refusal: Refusal?
    var response: Response
    do {
      let answer = try await answer(request, context)
      response = Self.response(answer, context)
    } catch let error as Refusal {
      refusal = error
      response = Self.response(error, id)
    }
    response.headers[.requestID] = id
    if request.method == .head { response.body = ResponseBody() }
    let status = Int(response.status.code)
    let elapsed = clock.nanoseconds() - started
    handlers.counters.count(status: status, refusal: refusal?.code, nanoseconds: elapsed)
    context.logger.log(
      level: status >= 500 ? .warning : .debug, "\(request.method) \(request.uri.path) \(status)",
      metadata: [
        "request": "\(id)", "code": "\(refusal?.code ?? "-")", "microseconds": "\(elapsed / 1_000)",
      ])
    return response
  }

  /// Throws `Refusal`, or what the connection threw while the body came in.
  private func answer(_ request: Request, _ context: ConnectionContext) async throws -> Answer {
    let target = request.head.path ?? ""
    guard target.utf8.count <= Self.maximumTarget, target.hasPrefix("/") else {
      throw Refusal(.notFound)
    }
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let (route, parameters) = try route(request.method.rawValue, parts[0])
    let query = parts.count > 1 ? parts[1] : ""
    var call = Call(parameters: parameters, query: QueryFields(), body: [])
    switch route.access {
    case .open(let handler):
      try limit(address(request, context))
      call.query = try QueryFields(query, knowing: route.query)
      call.body = try await Self.body(request, route)
      call.lastEventID = request.headers[.lastEventID]
      return try await handler(handlers, call)
    case .roles(let roles, let handler):
      let claim = try authenticate(request, target, address(request, context))
      let user = claim.identity
      guard roles.contains(user.role) else { throw Refusal(.forbidden) }
      try handlers.charge(user, 1)
      if user.role == .operator, user.isFrozen, route.method != .get { throw Refusal(.userFrozen) }
      call.query = try QueryFields(query, knowing: route.query)
      call.body = try await Self.body(request, route)
      guard SignableRequest.digest(of: call.body) == claim.digest else {
        throw Refusal(.digestMismatch)
      }
      call.lastEventID = request.headers[.lastEventID]
      return try await handler(handlers, call, user)
    }
  }

  private func route(
    _ method: String, _ path: Substring
  ) throws(Refusal) -> (Route, parameters: [String]) {
    switch routes.match(method, path: path) {
    case .route(let route, let parameters): return (route, parameters)
    case .none: throw Refusal(.notFound)
    case .otherMethods(let methods):
      var refusal = Refusal(.methodNotAllowed)
      refusal.allowedMethods = methods
      throw refusal
    }
  }

  // MARK: Guards

  private func limit(_ address: String) throws(Refusal) {
    if let wait = addressBuckets.take(of: address, at: clock.nanoseconds()) {
      throw Refusal(.rateLimited, retryAfterSeconds: max(wait, 1))
    }
  }

  /// Who signed the request. A stranger without a known key costs as much as a public read and is
  /// counted as one. Wrong signatures under a known key cost more: they are counted by address and
  /// key, so that they shut out nobody else behind the same proxy.
  private func authenticate(
    _ request: Request, _ target: String, _ address: String
  ) throws(Refusal) -> RequestAuthenticator.Claim {
    let claim: RequestAuthenticator.Claim
    do throws(Refusal) {
      claim = try authenticator.claim(of: request.head, target: target)
    } catch {
      try limit(address)
      throw error
    }
    let name = address + " " + Hex.string(claim.identity.key.bytes)
    guard !failureBuckets.isEmpty(name, at: clock.nanoseconds()) else {
      throw Refusal(.rateLimited, "too many wrong signatures", retryAfterSeconds: 1)
    }
    do throws(Refusal) {
      try authenticator.prove(claim, now: clock.microseconds() / 1_000_000)
    } catch {
      if error.code == TransportError.signatureInvalid.rawValue {
        _ = failureBuckets.take(of: name, at: clock.nanoseconds())
      }
      throw error
    }
    return claim
  }

  /// Reads the body piece by piece and stops at the route's bound; the rest is discarded unread.
  private static func body(_ request: Request, _ route: Route) async throws -> [UInt8] {
    let tooLarge = Refusal(.bodyTooLarge, "this route takes \(route.maximumBody) bytes")
    if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > route.maximumBody
    {
      throw tooLarge
    }
    var bytes: [UInt8] = []
    for try await buffer in request.body {
      guard bytes.count + buffer.readableBytes <= route.maximumBody else { throw tooLarge }
      bytes.append(contentsOf: buffer.readableBytesView)
    }
    return bytes
  }

  /// Behind a proxy the last address that it wrote into its header; else the peer's.
  private func address(_ request: Request, _ context: ConnectionContext) -> String {
    let peer = context.channel.remoteAddress?.ipAddress ?? "local"
    guard let proxyHeader, let value = request.headers[values: proxyHeader].last,
      let last = value.split(separator: ",").last
    else { return peer }
    return String(last.drop { $0 == " " })
  }

  /// 64 random bits: enough to find a line in a log.
  private static func requestID() -> String {
    var bits = UInt64.random(in: .min ... .max)
    return Hex.string(
      (0..<8).map { _ in
        defer { bits >>= 8 }
        return UInt8(truncatingIfNeeded: bits)
      })
  }

  // MARK: Answers

  private static func response(_ answer: Answer, _ context: ConnectionContext) -> Response {
    switch answer {
    case .content(let type, let bytes):
      return Response(
        status: .ok, headers: [.contentType: type, .cacheControl: "no-store"],
        body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    case .events(let subscription):
      return Response(
        status: .ok,
        headers: [
          .contentType: "text/event-stream", .cacheControl: "no-store", .accelBuffering: "no",
        ], body: EventStreamWriter(subscription: subscription, channel: context.channel).body)
    }
  }

  private static func response(_ refusal: Refusal, _ id: String) -> Response {
    var headers: HTTPFields = [.contentType: "application/json", .cacheControl: "no-store"]
    if let seconds = refusal.retryAfterSeconds { headers[.retryAfter] = String(seconds) }
    if !refusal.allowedMethods.isEmpty {
      headers[.allow] = refusal.allowedMethods.joined(separator: ", ")
    }
    let body = ErrorBody(code: refusal.code, message: refusal.message, requestID: id)
    return Response(
      status: .init(code: refusal.status), headers: headers,
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: JSON.bytes(body))))
  }
}

/// Writes one reader's events until it is ended, the client goes or the server stops.
struct EventStreamWriter: Sendable {
  /// How long a reader that was cut off, or is open at shutdown, may take to read its last bytes.
  private static let graceSeconds: Int64 = 5

  let subscription: EventSubscription
  let channel: any Channel

  var body: ResponseBody {
    ResponseBody { writer in
      let reader = subscription.reader
      let closer = DelayedClose(channel: channel)
      reader.whenEnded { closer.begin(afterSeconds: Self.graceSeconds) }
      defer { closer.cancel() }
      // Who goes leaves at once: readers are counted, and a heartbeat comes late.
      let departure = DepartureHandler { reader.end(wasSlow: false) }
      try await channel.pipeline.addHandler(departure, position: .first).get()
      defer { channel.pipeline.removeHandler(departure, promise: nil) }
      for event in subscription.backlog { try await writer.write(ByteBuffer(bytes: event)) }
      // The head goes out with the first bytes: a comment, so that the client knows that it is on.
      try await writer.write(ByteBuffer(string: ":\n\n"))
      try await withGracefulShutdownHandler {
        for await event in reader.stream { try await writer.write(ByteBuffer(bytes: event)) }
      } onGracefulShutdown: {
        reader.end(wasSlow: false)
      }
      if reader.wasSlow { try await writer.write(ByteBuffer(bytes: EventSubscription.farewell)) }
      try await writer.finish(nil)
    }
  }
}

// The header fields that HTTPTypes does not name. (Hummingbird re-exports its `HTTPFields` alone;
// their elements are its `HTTPField`.)
extension HTTPFields.Element.Name {
  static let contentDigest = make("content-digest")
  static let signatureInput = make("signature-input")
  static let signature = make("signature")
  static let requestID = make("x-request-id")
  static let lastEventID = make("last-event-id")
  static let accelBuffering = make("x-accel-buffering")

  private static func make(_ name: String) -> Self {
    guard let name = Self(name) else { preconditionFailure("\(name) is no header field name") }
    return name
  }
}
