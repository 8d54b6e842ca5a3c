// One request from its head to its answer: route, limit, signature, body, handler.

internal import Crypto
internal import Engine
internal import Formats
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import ServiceLifecycle
internal import Wire

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

  var routes: RouteTable
  let authenticator: RequestAuthenticator
  let handlers: Handlers
  /// Public reads by address.
  let addressBuckets: TokenBuckets<String>
  /// Wrong signatures by address; those under a key that is known there, by both.
  let failureBuckets: TokenBuckets<FailureSource>
  let provedKeys: ProvedKeys
  /// The header field in which a trusted proxy names the client.
  var proxyHeader: HTTPFields.Element.Name?

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
    if request.method == .head {
      let length = response.body.contentLength
      response.body = ResponseBody()
      response.headers[.contentLength] = length.map { String($0) }
    }
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
    let address = address(request, context)
    let (route, parameters, query) = try charged(address) { () throws(Refusal) in
      try find(request)
    }
    var call = Call(
      bodyType: route.body, parameters: parameters, query: QueryFields(), body: [],
      address: address)
    switch route.access {
    case .open(let handler):
      try limit(address)
      call.query = try QueryFields(query, knowing: route.query)
      call.body = try await Self.body(request, route, context)
      call.lastEventID = request.headers[.lastEventID]
      return try await handler(handlers, call)
    case .roles(let roles, let handler):
      let (user, digest) = try authenticate(request, address, context)
      try charged(address) { () throws(Refusal) in try handlers.charge(user, 1) }
      guard roles.contains(user.role) else { throw Refusal(.forbidden) }
      if route.method != .get { try Handlers.checkActs(user) }
      call.query = try QueryFields(query, knowing: route.query)
      let expected = try Self.bodyBound(request, route)
      // One is taken whatever comes: a proof was made.
      let tokens = BodyBudget.tokens(expected)
      try handlers.charge(user, tokens, paid: call.paid)
      call.paid = tokens
      try handlers.bodies.take(expected, of: user)
      defer { handlers.bodies.giveBack(expected, of: user) }
      call.body = try await Self.body(request, route, context)
      guard SignableRequest.digest(of: call.body).hasSameBytes(as: digest) else {
        throw Refusal(.digestMismatch)
      }
      call.lastEventID = request.headers[.lastEventID]
      return try await handler(handlers, call, present(user, route, context))
    }
  }

  private func find(
    _ request: Request
  ) throws(Refusal) -> (Route, parameters: [String], query: Substring) {
    if let fault = request.headers[.fault] { throw Refusal(.badRequest, fault) }
    let target = request.head.path ?? ""
    guard target.utf8.count <= Self.maximumTarget, target.hasPrefix("/") else {
      throw Refusal(.notFound)
    }
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    if parts.count > 1, parts[1].isEmpty { throw Refusal(.badRequest, "the query is empty") }
    switch routes.match(request.method.rawValue, path: parts[0]) {
    case .route(let route, let parameters):
      return (route, parameters, parts.count > 1 ? parts[1] : "")
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

  /// A refusal costs its address as much as a public read does.
  private func charged<Value>(
    _ address: String, _ body: () throws(Refusal) -> Value
  ) throws(Refusal) -> Value {
    do throws(Refusal) {
      return try body()
    } catch {
      try limit(address)
      throw error
    }
  }

  /// Who signed the request, and the digest that its body must have.
  ///
  /// A wrong signature costs the server a proof, so an address has few of them. A key that proved
  /// itself there in the last hour has as many of its own, and a connection that proved it is
  /// served whatever came since: who shares an address with somebody that sends wrong signatures
  /// is not shut out, and nobody is from another address.
  ///
  /// A user beyond its rate costs no proof and no nonce wherever its key is known, and takes
  /// nothing of what others at its address have.
  private func authenticate(
    _ request: Request, _ address: String, _ context: ConnectionContext
  ) throws(Refusal) -> (Identity, digest: String) {
    let (places, channel) = (handlers.places, context.channel)
    let time = clock.microseconds()
    let claim = try charged(address) { () throws(Refusal) in
      try authenticator.claim(
        of: request.head, target: request.head.path ?? "", now: time / 1_000_000)
    }
    let isKnownHere = claim.key.map { places.hasProved(channel, $0) } ?? false
    let source = provedKeys.source(address, claim.key, at: clock.nanoseconds())
    if let key = claim.key, isKnownHere || source.key != nil { try handlers.checkRate(of: key) }
    if !isKnownHere, failureBuckets.isEmpty(source, at: clock.nanoseconds()) {
      try limit(address)
      throw Refusal(.rateLimited, "too many wrong signatures", retryAfterSeconds: 1)
    }
    let identity = try charged(address) { () throws(Refusal) in
      do throws(Refusal) {
        return try authenticator.prove(claim, at: time)
      } catch {
        if error.code == EdgeRefusal.signatureInvalid.row.code {
          _ = failureBuckets.take(of: source, at: clock.nanoseconds())
          if let key = claim.key { places.doubt(channel, key) }
        }
        throw error
      }
    }
    places.prove(channel, identity)
    provedKeys.prove(identity.key, from: address, at: clock.nanoseconds())
    return (identity, claim.digest)
  }

  /// The identity as it is when the body is there: the client chose how long that took, and a key
  /// may be revoked or end meanwhile, or its user be frozen.
  private func present(
    _ proved: Identity, _ route: Route, _ context: ConnectionContext
  ) throws(Refusal) -> Identity {
    do throws(Refusal) {
      let user = try handlers.present(proved)
      if route.method != .get { try Handlers.checkActs(user) }
      return user
    } catch {
      if error.code == EdgeRefusal.signatureInvalid.row.code {
        handlers.places.doubt(context.channel, proved.key)
      }
      throw error
    }
  }

  /// Bytes that the body may have by the head, refused where that is more than the route takes.
  private static func bodyBound(_ request: Request, _ route: Route) throws(Refusal) -> Int {
    guard let text = request.headers[.contentLength] else {
      return request.headers[.transferEncoding] == nil ? 0 : route.maximumBody
    }
    guard let length = Int(text), length <= route.maximumBody else { throw tooLarge(route) }
    return length
  }

  /// Reads the body piece by piece and stops at the route's bound; the connection ends where bytes
  /// of it were not read.
  private static func body(
    _ request: Request, _ route: Route, _ context: ConnectionContext
  ) async throws -> [UInt8] {
    if try bodyBound(request, route) > 0 {
      context.channel.pipeline.triggerUserOutboundEvent(
        MessageGuard.BodyIsWanted(), promise: nil)
    }
    var bytes: [UInt8] = []
    for try await buffer in request.body {
      guard bytes.count + buffer.readableBytes <= route.maximumBody else { throw tooLarge(route) }
      bytes.append(contentsOf: buffer.readableBytesView)
    }
    return bytes
  }

  private static func tooLarge(_ route: Route) -> Refusal {
    Refusal(.bodyTooLarge, "this route takes \(route.maximumBody) bytes")
  }

  /// Behind a proxy the last address that it wrote into its header; else the peer's.
  private func address(_ request: Request, _ context: ConnectionContext) -> String {
    guard let proxyHeader, let value = request.headers[values: proxyHeader].last,
      let last = value.split(separator: ",").last
    else { return ClientAddress.name(of: context.channel.remoteAddress) }
    return ClientAddress.name(ofText: last.drop { $0 == " " })
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
    case .content(let type, let bytes): return response(type, ByteBuffer(bytes: bytes))
    case .document(let type, let bytes): return response(type, bytes)
    case .events(let subscription):
      return Response(
        status: .ok,
        headers: [
          .contentType: "text/event-stream", .cacheControl: "no-store", .accelBuffering: "no",
        ], body: EventStreamWriter(subscription: subscription, channel: context.channel).body)
    }
  }

  private static func response(_ type: String, _ bytes: ByteBuffer) -> Response {
    Response(
      status: .ok, headers: [.contentType: type, .cacheControl: "no-store"],
      body: ResponseBody(byteBuffer: bytes))
  }

  private static func response(_ refusal: Refusal, _ id: String) -> Response {
    var headers: HTTPFields = [.contentType: "application/json", .cacheControl: "no-store"]
    if let seconds = refusal.retryAfterSeconds { headers[.retryAfter] = String(seconds) }
    if let prefix = refusal.noncePrefix { headers[.noncePrefix] = prefix }
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
  static let noncePrefix = make("uncross-nonce-prefix")
  static let lastEventID = make("last-event-id")
  static let accelBuffering = make("x-accel-buffering")
  static let fault = make(MessageGuard.faultField)

  private static func make(_ name: String) -> Self {
    guard let name = Self(name) else { preconditionFailure("\(name) is no header field name") }
    return name
  }
}
