// What is public: markets, indicative prices, books, events, health.

internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
public import Wire

extension UncrossClient {
  public func markets() async throws(APIError) -> [MarketDetails] {
    let answer: MarketList = try await call(.get, Target("v1", "markets"), isSafeToRepeat: true)
    return answer.markets
  }

  public func market(_ market: String) async throws(APIError) -> MarketDetails {
    try await call(.get, Target("v1", "markets", market), isSafeToRepeat: true)
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
