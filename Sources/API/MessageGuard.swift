// The manners of HTTP/1: versions, Host, Expect, Upgrade, and when a connection ends.

internal import Formats
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOHTTP1

/// Stands between the decoder and what answers. What a request's head does wrong in HTTP's own
/// terms it writes into the head, for `RequestPipeline` to answer in its turn.
final class MessageGuard: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  /// The header field that carries what is wrong with a head; a client's own is taken out.
  static let faultField = "uncross-fault"

  /// The body is wanted: a client that asked whether to send it is told so.
  struct BodyIsWanted: Sendable {}

  /// A request that was not answered to its end.
  private struct Asked {
    /// HTTP/1.0, which knows neither chunks nor a connection that goes on.
    var isOld: Bool
    var closes = false
    var upgrades = false
    var awaitsContinue = false
    var isComplete = false
  }

  private let connection: ConnectionGuard
  private let makeDecoder: () -> ByteToMessageHandler<HTTPRequestDecoder>
  private var asked: [Asked] = []
  /// The answer that is being written is the connection's last.
  private var closes = false
  /// Nothing that follows is a request.
  private var isDeaf = false
  private var isQuiescing = false

  init(
    connection: ConnectionGuard,
    makeDecoder: @escaping () -> ByteToMessageHandler<HTTPRequestDecoder>
  ) {
    self.connection = connection
    self.makeDecoder = makeDecoder
  }

  // MARK: Requests

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if isDeaf { return }
    switch unwrapInboundIn(data) {
    case .head(var head):
      let request = Self.read(&head)
      asked.append(request)
      connection.headCame()
      context.fireChannelRead(wrapInboundOut(.head(head)))
    case .body(let bytes):
      connection.bodyCame(bytes.readableBytes)
      if !asked.isEmpty { asked[asked.count - 1].awaitsContinue = false }
      context.fireChannelRead(data)
    case .end:
      connection.requestEnded()
      if !asked.isEmpty {
        asked[asked.count - 1].isComplete = true
        isDeaf = asked[asked.count - 1].closes
        if asked[asked.count - 1].upgrades { renewDecoder(context) }
      }
      context.fireChannelRead(data)
    }
  }

  /// What a head says of its connection; the head comes back with one spelling of `Connection`.
  private static func read(_ head: inout HTTPRequestHead) -> Asked {
    var request = Asked(isOld: head.version == .http1_0)
    request.closes = !head.isKeepAlive || request.isOld || head.method == .CONNECT
    request.upgrades =
      head.headers[canonicalForm: "connection"].contains { $0.lowercased() == "upgrade" }
      && head.headers.contains(name: "upgrade")
    var fault: String?
    if !head.uri.hasPrefix("/") { fault = "the target must begin with /" }
    let hosts = head.headers["host"]
    if hosts.count > 1 || (hosts.isEmpty && !request.isOld) || hosts.first == "" {
      fault = "Host must be there exactly once"
    } else if let host = hosts.first, !isHost(host) {
      fault = "Host must name one host"
    }
    fault = lengthFault(head, request) ?? fault
    let expected = head.headers["expect"]
    if !expected.isEmpty, !request.isOld {
      request.awaitsContinue = true
      if expected.count > 1 || expected[0].lowercased() != "100-continue" {
        fault = "Expect can only be 100-continue"
      }
    }
    head.headers.remove(name: faultField)
    head.headers.remove(name: "connection")
    if let fault {
      request.closes = true
      head.headers.add(name: faultField, value: fault)
    }
    if request.closes { head.headers.add(name: "connection", value: "close") }
    return request
  }

  /// A body's length has one spelling: what a proxy in front reads otherwise would split requests
  /// elsewhere than we do.
  private static func lengthFault(_ head: HTTPRequestHead, _ request: Asked) -> String? {
    let codings = head.headers["transfer-encoding"]
    if !codings.isEmpty {
      if request.isOld { return "HTTP/1.0 has no Transfer-Encoding" }
      guard codings.count == 1, codings[0].utf8.count == "chunked".utf8.count,
        codings[0].lowercased().hasSameBytes(as: "chunked")
      else { return "Transfer-Encoding can only be chunked" }
    }
    let lengths = head.headers["content-length"]
    guard let length = lengths.first else { return nil }
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    guard lengths.count == 1, length.utf8.allSatisfy({ digits.contains($0) }),
      length.utf8.count == 1 || length.utf8.first != digits.lowerBound
    else { return "Content-Length must be a number without leading zeros" }
    return nil
  }

  /// A host and its port in the characters that those may have (RFC 3986).
  private static func isHost(_ text: String) -> Bool {
    text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: "-._~:[]%!$&'()*+;=".utf8.contains(byte)
      }
    }
  }

  /// The decoder stops after a request with an `Upgrade`, whatever is answered. Another one goes
  /// on behind it: the upgrade is not taken.
  private func renewDecoder(_ context: ChannelHandlerContext) {
    let pipeline = context.pipeline.syncOperations
    guard let old = try? pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
    else { return }
    let left = LeftBytes()
    do {
      try pipeline.addHandler(left, position: .after(old))
    } catch {
      context.fireErrorCaught(error)
      return
    }
    pipeline.removeHandler(old).assumeIsolated().whenComplete { [self] _ in
      guard context.channel.isActive else { return }
      do {
        try pipeline.addHandler(makeDecoder(), position: .before(left))
        _ = pipeline.removeHandler(left)
        if let bytes = left.bytes { connection.readAgain(bytes) }
      } catch {
        context.fireErrorCaught(error)
      }
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is ChannelShouldQuiesceEvent {
      isQuiescing = true
      // What is being answered ends with its answer; without any, the connection is closed behind.
      if !asked.isEmpty { return }
    }
    context.fireUserInboundEventTriggered(event)
  }

  // MARK: Answers

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(var head):
      let request = asked.first
      // A client that may still send its body would fill the connection with what nobody reads.
      closes = isQuiescing || request?.closes ?? true || request?.isComplete == false
      if request?.isOld == true { head.version = .http1_0 }
      if closes { head.headers.replaceOrAdd(name: "connection", value: "close") }
      context.write(wrapOutboundOut(.head(head)), promise: promise)
    case .body:
      context.write(data, promise: promise)
    case .end:
      guard !asked.isEmpty else {
        // The parser's own refusal: no request came of it.
        context.writeAndFlush(data, promise: promise)
        isDeaf = true
        connection.linger()
        return
      }
      asked.removeFirst()
      context.writeAndFlush(data, promise: promise)
      connection.answerEnded()
      // A stop may have begun behind this answer's head, as it does behind a stream's.
      if closes || isQuiescing {
        isDeaf = true
        connection.linger()
      }
    }
  }

  func triggerUserOutboundEvent(
    context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?
  ) {
    guard event is BodyIsWanted else {
      context.triggerUserOutboundEvent(event, promise: promise)
      return
    }
    if asked.first?.awaitsContinue == true {
      asked[0].awaitsContinue = false
      let head = HTTPResponseHead(version: .http1_1, status: .continue)
      context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
    }
    promise?.succeed()
  }
}

/// Takes the bytes that a removed decoder leaves.
private final class LeftBytes: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer

  private(set) var bytes: ByteBuffer?

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var more = unwrapInboundIn(data)
    if bytes == nil { bytes = more } else { bytes?.writeBuffer(&more) }
  }
}

/// A connection's handlers: HTTP/1 as Hummingbird has it, between our two guards.
struct GuardedChannel: ServerChildChannel {
  typealias Value = HTTP1Channel.Value

  /// Heads of at most 16 KB and 64 fields: a signed one has about 700 bytes.
  private static let decoderLimits: NIOHTTPDecoderLimitConfiguration = {
    var limits = NIOHTTPDecoderLimitConfiguration()
    limits.maxHeaderFieldSize = 8 << 10
    limits.maxHeaderListSize = 16 << 10
    limits.maxHeaderFieldCount = 64
    return limits
  }()
  /// Bytes of one read. Some wait unread behind a request that is being answered.
  private static let maximumRead = 16 << 10

  let http: HTTP1Channel
  let places: ConnectionPlaces
  let deadlines: ConnectionDeadlines

  init(
    responder: @escaping HTTPChannelHandler.Responder, places: ConnectionPlaces,
    deadlines: ConnectionDeadlines
  ) {
    http = HTTP1Channel(responder: responder)
    self.places = places
    self.deadlines = deadlines
  }

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    let (places, deadlines) = (places, deadlines)
    return http.setup(channel: channel, logger: logger).flatMap { value in
      do {
        let pipeline = channel.pipeline.syncOperations
        try SocketMemory.bound(channel)
        try channel.syncOptions?.setOption(
          .recvAllocator,
          value: AdaptiveRecvByteBufferAllocator(
            minimum: 64, initial: 2_048, maximum: Self.maximumRead))
        let connection = ConnectionGuard(places: places, deadlines: deadlines)
        let messages = MessageGuard(connection: connection, makeDecoder: Self.makeDecoder)
        // Ours keeps the bytes behind an `Upgrade`; Hummingbird's would drop them.
        let theirs = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
        try pipeline.addHandler(messages, position: .after(theirs))
        try pipeline.addHandler(Self.makeDecoder(), position: .before(messages))
        try pipeline.addHandler(connection, position: .first)
        return pipeline.removeHandler(theirs).map { value }
      } catch {
        return channel.eventLoop.makeFailedFuture(error)
      }
    }
  }

  private static func makeDecoder() -> ByteToMessageHandler<HTTPRequestDecoder> {
    ByteToMessageHandler(
      HTTPRequestDecoder(
        leftOverBytesStrategy: .forwardBytes, limitConfiguration: decoderLimits))
  }

  func handle(value: Value, logger: Logger) async {
    await http.handle(value: value, logger: logger)
  }
}
