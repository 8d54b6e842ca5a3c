// A Worker in memory behind real HTTP: what docs/tape.md says of heads and batches, and faults on
// demand.

import Engine
import Formats
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

@testable import Tape

/// Serves `/v1/markets/{market}/head` and `/batches` of any number of markets.
final class FakeWorker: Sendable {
  struct Request: Sendable {
    var head: HTTPRequestHead
    var body: [UInt8]
  }

  struct Market: Sendable {
    var epoch = TapeHead.noEpoch
    var payloads: [[UInt8]] = []
    var chain = [UInt8](repeating: 0, count: 32)
    /// Where the stored batches end.
    var borders: Set<Int> = [0]
  }

  typealias Fault = @Sendable (Request) -> (status: Int, body: String)?

  private struct State {
    var markets: [String: Market] = [:]
    var fault: Fault?
    var posts = 0
  }

  private let state = Mutex(State())
  private let channel: any Channel

  init() async throws {
    // The handlers know the Worker only once it is made.
    let shared = HandlerBox()
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(Handler(shared))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    shared.answer.withLock { $0 = { [weak self] in self?.answer($0) ?? (503, "{}") } }
  }

  func stop() async { try? await channel.close() }

  var url: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)" }
  var posts: Int { state.withLock { $0.posts } }

  func market(_ symbol: String) -> Market { state.withLock { $0.markets[symbol] ?? Market() } }
  func set(_ symbol: String, _ market: Market) { state.withLock { $0.markets[symbol] = market } }
  func fail(_ fault: Fault?) { state.withLock { $0.fault = fault } }

  private func answer(_ request: Request) -> (status: Int, body: String) {
    let parts = request.head.uri.split(separator: "/")
    guard parts.count == 4, parts[0] == "v1", parts[1] == "markets" else { return (404, "{}") }
    return state.withLock { state in
      if request.head.method == .POST { state.posts += 1 }
      if let fault = state.fault?(request) { return fault }
      var market = state.markets[String(parts[2])] ?? Market()
      let result = request.head.method == .POST ? post(request, &market) : (200, "head")
      state.markets[String(parts[2])] = market
      return (
        result.0,
        """
        {"status": "\(result.1)", "epoch": "\(market.epoch)", "last": "\(market.payloads.count)", \
        "chain": "\(Hex.string(market.chain))"}
        """
      )
    }
  }

  private func post(_ request: Request, _ market: inout Market) -> (Int, String) {
    let headers = request.head.headers
    guard let first = headers.first(name: "uncross-first").flatMap({ Int($0) }),
      let count = headers.first(name: "uncross-count").flatMap({ Int($0) }),
      let chain = headers.first(name: "uncross-chain"),
      headers.first(name: "signature") == "signed",
      let payloads = frames(request.body), payloads.count == count
    else { return (400, "malformed") }
    let epoch = headers.first(name: "uncross-epoch")
    guard epoch == market.epoch || epoch == TapeHead.noEpoch && first == 1 else {
      return (412, "epoch")
    }
    if first > market.payloads.count + 1 { return (409, "gap") }
    if first <= market.payloads.count {
      let last = first + count - 1
      guard market.borders.isSuperset(of: [first - 1, last]) else { return (409, "overlap") }
      return Array(market.payloads[first - 1..<last]) == payloads
        ? (200, "duplicate") : (409, "fork")
    }
    if chain != Hex.string(market.chain) { return (409, "fork") }
    market.store(payloads)
    return (200, "accepted")
  }

  private func frames(_ body: [UInt8]) -> [[UInt8]]? {
    var reader = ByteReader(body)
    var payloads: [[UInt8]] = []
    while !reader.isAtEnd {
      guard let count = try? reader.fixed32(), let bytes = try? reader.raw(Int(count)) else {
        return nil
      }
      payloads.append(Array(bytes))
    }
    return payloads
  }
}

extension FakeWorker.Market {
  /// As the Worker draws them, with a number below 10,000.
  static func epoch(_ number: Int) -> String {
    "5f0c0000-0000-4000-8000-00000000\(1_000 + number % 9_000)"
  }

  mutating func store(_ new: [[UInt8]]) {
    for payload in new {
      payloads.append(payload)
      chain = TapeWriter.chain(after: chain, number: Int64(payloads.count), payload: payload)
    }
    borders.insert(payloads.count)
    if epoch == TapeHead.noEpoch { epoch = Self.epoch(payloads.count) }
  }
}

private final class HandlerBox: Sendable {
  let answer = Mutex<(@Sendable (FakeWorker.Request) -> (status: Int, body: String))?>(nil)
}

/// Collects a request and writes its answer.
private final class Handler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let box: HandlerBox
  private var head: HTTPRequestHead?
  private var body: [UInt8] = []

  init(_ box: HandlerBox) { self.box = box }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): (self.head, body) = (head, [])
    case .body(let part): body += Array(part.readableBytesView)
    case .end:
      guard let head else { return }
      let request = FakeWorker.Request(head: head, body: body)
      let answer = box.answer.withLock { $0 }
      let (status, text) = answer.map { $0(request) } ?? (503, "{}")
      var headers = HTTPHeaders()
      headers.add(name: "content-type", value: "application/json")
      headers.add(name: "content-length", value: "\(text.utf8.count)")
      let response = HTTPResponseHead(
        version: head.version, status: HTTPResponseStatus(statusCode: status), headers: headers)
      context.write(wrapOutboundOut(.head(response)), promise: nil)
      context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
      context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
  }
}
