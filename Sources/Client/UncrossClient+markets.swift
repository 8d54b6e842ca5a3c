// What is public: markets, indicative prices, books, events, health.

internal import AsyncHTTPClient
internal import Formats
internal import NIOCore
internal import NIOHTTP1
public import Wire

extension UncrossClient {
  public func markets() async throws(APIError) -> [MarketDetails] {
    let answer: MarketList = try await call(.get, Target("v1", "markets"), isSafeToRepeat: true)
    for market in answer.markets { try Self.check(market) }
    return answer.markets
  }

  public func market(_ market: String) async throws(APIError) -> MarketDetails {
    let details: MarketDetails = try await call(
      .get, Target("v1", "markets", market), isSafeToRepeat: true)
    try Self.check(details)
    return details
  }

  /// Callers scale amounts by a market's decimals, divide by its steps, and name it elsewhere: what
  /// no exchange says of a market gets no further.
  static func check(_ market: MarketDetails) throws(APIError) {
    let isName = market.market.utf8.allSatisfy { byte in
      (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || byte == UInt8(ascii: "-")
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
    guard isName, (3...25).contains(market.market.utf8.count),
      (0...18).contains(market.baseDecimals), (0...18).contains(market.quoteDecimals),
      market.tickSize.digits > 0, market.lotSize.digits > 0
    else {
      let name = Printable.line(market.market, maximumBytes: 40)
      throw APIError(
        status: 200, code: APIError.unreadableAnswer,
        message: "no market is as \(name) is said to be")
    }
  }

  public func indicative(_ market: String) async throws(APIError) -> IndicativePrice {
    try await call(.get, Target("v1", "markets", market, "indicative"), isSafeToRepeat: true)
  }

  /// Up to `depth` levels a side.
  public func book(_ market: String, depth: Int? = nil) async throws(APIError) -> BookDepth {
    try await call(
      .get, Target("v1", "markets", market, "book").with("depth", depth), isSafeToRepeat: true)
  }

  /// A market's events from now on, or after the event `after`. The sequence ends when the server
  /// closes; go on with the id of the last event received.
  public func events(
    _ market: String, after id: String? = nil
  ) async throws(APIError) -> MarketEventStream {
    let target = Target("v1", "markets", market, "events").text
    var request = HTTPClientRequest(url: configuration.baseURL + target)
    request.headers.add(name: "Accept", value: "text/event-stream")
    if let id { request.headers.add(name: "Last-Event-ID", value: id) }
    let response: HTTPClientResponse
    do {
      response = try await http.execute(request, deadline: .distantFuture)
      guard response.status.code == 200 else {
        let body = try await response.body.collect(upTo: JSON.maximumAnswerBytes)
        throw Self.error(response, Array(buffer: body))
      }
    } catch let error as APIError {
      throw error
    } catch {
      throw APIError(status: 0, code: APIError.noAnswer, message: "GET \(target): \(error)")
    }
    return MarketEventStream(response.body)
  }

  // MARK: Health

  /// Returns where requests are taken; throws `unavailable` where not (after retries).
  public func checkReady() async throws(APIError) {
    _ = try await callForBytes(.get, Target("readyz"), isSafeToRepeat: true)
  }
}
