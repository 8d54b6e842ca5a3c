// What the verbs print of a server that lies: nothing of its answers reaches the terminal raw.

import Formats
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@testable import uncross

@Suite struct HostileAnswerTests {
  /// A second row, another colour, a cleared screen, text that runs backwards, and nothing at all.
  private static let hostile =
    "gift\n99999  2026-01-01T00:00:00.000000Z  1\u{1b}[2J\u{9b}31m\u{7f}\r"
    + "\u{202e}\u{2028}\u{0}\u{200b}"

  private static let adjustments = JSONValue.object([
    JSONField(
      "adjustments",
      .array([
        .object([
          JSONField("adjustment_id", .text("7")), JSONField("request_id", .text(hostile)),
          JSONField("requested_by", .text("1" + hostile)), JSONField("user", .text("5")),
          JSONField("asset", .text("BTC" + hostile)), JSONField("amount", .text("25")),
          JSONField("reason", .text(hostile)),
          JSONField("requested_at", .text("2026-09-21T14:13:22.000000Z")),
        ])
      ]))
  ])

  private static let accepted = JSONValue.object([
    JSONField("order_id", .text("1" + hostile)), JSONField("client_order_id", .text(hostile)),
    JSONField("accepted_at", .text("2026-09-21T14:13:22.000000Z")),
    JSONField("repeated", .bool(false)),
  ])

  private static let refused = JSONValue.object([
    JSONField(
      "error",
      .object([
        JSONField("code", .text("not_found" + hostile)), JSONField("message", .text(hostile)),
        JSONField("request_id", .text(hostile)),
      ]))
  ])

  @Test(
    arguments: [
      (["adjust", "list"], 200, adjustments, 2),
      (["adjust", "list", "--json"], 200, adjustments, 1),
      (["place", "ETH-USDC", "buy", "1", "--limit", "1"], 200, accepted, 3),
      (["place", "ETH-USDC", "buy", "1", "--limit", "1", "--json"], 200, accepted, 1),
      (["balance"], 404, refused, 1), (["balance"], 200, .text(hostile), 1),
    ] as [([String], Int, JSONValue, Int)])
  func answersAreEscaped(verb: [String], status: Int, answer: JSONValue, lines: Int) async throws {
    let directory = "/tmp/uncross-hostile-\(UInt32.random(in: .min ... .max))"
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let key = directory + "/key.pem"
    #expect(try await ExchangeProcess.run(["key", "new", key]).status == 0)
    let server = try await FakeServer(status: status, body: Self.raw(answer))
    let printed = try await ExchangeProcess.run(verb + ["--api", server.url, "--key", key]).output
    await server.stop()
    Self.expectPrintable(printed, lines: lines)
  }

  /// What no verb foresaw, as a setting that is none, ends in one line too.
  @Test func anErrorThatNoVerbForesawIsEscaped() async throws {
    let file = "/tmp/uncross-hostile-\(UInt32.random(in: .min ... .max)).json"
    defer { try? FileManager.default.removeItem(atPath: file) }
    let settings = JSONValue.object([
      JSONField("api", .object([JSONField("port", .text("8" + Self.hostile))]))
    ])
    try Data(settings.bytes).write(to: URL(fileURLWithPath: file))
    let (status, printed) = try await ExchangeProcess.run(["serve", "--config", file])
    #expect(status == 1)
    #expect(printed.hasPrefix("Error: configuration: api.port is not a number"), "\(printed)")
    Self.expectPrintable(printed, lines: 1)
  }

  /// The log quotes servers beside the exchange, nodes and clients.
  @Test func theLogIsEscaped() {
    var handler = TerminalLog(label: "uncross")
    handler[metadataKey: "node"] = "\(Self.hostile)"
    let event = LogEvent(
      level: .error, message: "Postgres said \(Self.hostile)",
      metadata: ["path": "\(Self.hostile)"], source: "Ledger", file: "", function: "", line: 0)
    let printed = handler.line(event, at: Timestamp(microseconds: 0))
    Self.expectPrintable(printed + "\n", lines: 1)
    #expect(printed.hasPrefix("1970-01-01T00:00:00.000000Z error uncross: node="))
  }

  private static func expectPrintable(_ printed: String, lines: Int? = nil) {
    let rows = printed.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(rows.last == "" && lines.map { $0 + 1 == rows.count } ?? true, "\(rows)")
    #expect(!rows.contains { $0.unicodeScalars.contains { $0.isUnprintable } }, "\(rows)")
    #expect(!rows.contains { $0.hasPrefix("99999") }, "\(rows)")
  }

  /// JSON with as little escaped as JSON allows: our own writer would help the verb.
  private static func raw(_ value: JSONValue) -> String {
    switch value {
    case .text(let text):
      let escaped = text.unicodeScalars.map { scalar in
        switch scalar.value {
        case 0..<0x20: "\\u00" + Hex.string([UInt8(scalar.value)])
        default: String(Character(scalar))
        }
      }
      return "\"" + escaped.joined() + "\""
    case .array(let values): return "[" + values.map(raw).joined(separator: ",") + "]"
    case .object(let fields):
      return "{" + fields.map { "\"\($0.name)\":" + raw($0.value) }.joined(separator: ",") + "}"
    default: return String(decoding: value.bytes, as: UTF8.self)
    }
  }
}

/// Gives one answer to every request.
struct FakeServer {
  private let channel: any Channel

  var url: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)" }

  init(status: Int, body: String) async throws {
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(AnswerHandler(status, body))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
  }

  func stop() async { try? await channel.close() }
}

private final class AnswerHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let status: Int
  private let body: String

  init(_ status: Int, _ body: String) {
    self.status = status
    self.body = body
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .end = unwrapInboundIn(data) else { return }
    var headers = HTTPHeaders()
    headers.add(name: "content-type", value: "application/json")
    headers.add(name: "content-length", value: "\(body.utf8.count)")
    let head = HTTPResponseHead(
      version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: headers)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }
}
