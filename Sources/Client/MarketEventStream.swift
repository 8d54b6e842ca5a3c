// Reading a market's server-sent events.

internal import AsyncHTTPClient
internal import NIOCore
public import Wire

/// One event of a market, with the id after which a stream can go on.
public struct MarketEvent: Sendable, Equatable {
  public enum Content: Sendable, Equatable {
    case auction(AuctionReport)
    /// At most once a second, and only when it changed.
    case indicative(IndicativePrice)
    /// Events were missed: read what you need anew, then go on from here.
    case reset
  }

  public var id: String
  public var content: Content
}

/// A market's events as they come; ends when the server closes the connection.
public struct MarketEventStream: AsyncSequence, Sendable {
  public typealias Element = MarketEvent

  private let body: HTTPClientResponse.Body

  init(_ body: HTTPClientResponse.Body) { self.body = body }

  public func makeAsyncIterator() -> Iterator {
    Iterator(body: body.makeAsyncIterator())
  }

  public struct Iterator: AsyncIteratorProtocol {
    private var body: HTTPClientResponse.Body.AsyncIterator
    private var parser = ServerSentEventParser()

    init(body: HTTPClientResponse.Body.AsyncIterator) { self.body = body }

    /// Throws `APIError` where an event cannot be read, else what the connection threw.
    public mutating func next() async throws -> MarketEvent? {
      while true {
        while let event = parser.next() {
          if let known = try Self.read(event) { return known }
        }
        guard let buffer = try await body.next() else { return nil }
        try parser.append(buffer.readableBytesView)
      }
    }

    /// Nil for an event of a later version.
    private static func read(_ event: ServerSentEvent) throws -> MarketEvent? {
      let bytes = Array(event.data.utf8)
      let content: MarketEvent.Content
      switch event.name {
      case "auction": content = .auction(try JSON.value(from: bytes))
      case "indicative": content = .indicative(try JSON.value(from: bytes))
      case "reset": content = .reset
      default: return nil
      }
      return MarketEvent(id: event.id, content: content)
    }
  }
}

/// One event of the `text/event-stream` format (WHATWG HTML, 9.2).
struct ServerSentEvent: Equatable {
  var id: String
  var name: String
  var data: String
}

/// Cuts a byte stream into events. Lines end with LF or CR LF, as ours do.
struct ServerSentEventParser {
  /// Bytes of one line; ours are below 1 KB.
  private static let maximumLine = 1 << 20

  private var rest: [UInt8] = []
  private var scanned = 0
  private var id = ""
  private var name = "message"
  private var data: [String] = []

  mutating func append(_ bytes: some Collection<UInt8>) throws(APIError) {
    rest.append(contentsOf: bytes)
    guard rest.count <= Self.maximumLine * 2 else {
      throw APIError(
        status: 200, code: APIError.unreadableAnswer, message: "an event line beyond 1 MB")
    }
  }

  /// The next whole event; nil where more bytes are needed.
  mutating func next() -> ServerSentEvent? {
    while let line = nextLine() {
      if line.isEmpty {
        defer {
          name = "message"
          data = []
        }
        if !data.isEmpty {
          return ServerSentEvent(id: id, name: name, data: data.joined(separator: "\n"))
        }
        continue
      }
      take(line)
    }
    return nil
  }

  private mutating func nextLine() -> String? {
    guard let end = rest[scanned...].firstIndex(of: UInt8(ascii: "\n")) else {
      rest.removeFirst(scanned)
      scanned = 0
      return nil
    }
    var line = rest[scanned..<end]
    if line.last == UInt8(ascii: "\r") { line.removeLast() }
    scanned = end + 1
    return String(decoding: line, as: UTF8.self)
  }

  private mutating func take(_ line: String) {
    let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    var value = parts.count > 1 ? String(parts[1]) : ""
    if value.hasPrefix(" ") { value.removeFirst() }
    switch parts[0] {
    case "id": id = value
    case "event": name = value
    case "data": data.append(value)
    default: break
    }
  }
}
