// Calls to the API: signs each request, reads the answer, tries again where that is safe.

internal import AsyncHTTPClient
public import Formats
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization
internal import Wire

/// A client of one Uncross server. Without a signer it reads what is public. Close it when done.
///
/// An answer 429 or 503 means that nothing was applied: every call waits as told and tries again, a
/// bounded number of times. Where the outcome is unknown (5xx, a cut connection, a timeout), only
/// calls that are safe to repeat are repeated. Each attempt is signed anew.
public final class UncrossClient: Sendable {
  public struct Configuration: Sendable {
    /// As `http://127.0.0.1:8080`, without a path.
    public var baseURL: String
    /// Nil reads what is public.
    public var signer: RequestSigner?
    /// For one attempt, from the first byte to the last.
    public var timeoutSeconds: Int64 = 30
    /// How often one call is sent at most.
    public var maximumAttempts = 5
    /// The longest wait between two attempts, whatever the server says.
    public var maximumWaitSeconds = 5
    /// Connections that are kept for parallel calls.
    public var connections = 8
    /// The time for `created`; tests set it.
    public var now: @Sendable () -> Timestamp = { .now() }

    public init(baseURL: String, signer: RequestSigner? = nil) {
      self.baseURL = baseURL.hasSuffix("/") ? String(baseURL.dropLast()) : baseURL
      self.signer = signer
    }
  }

  public let configuration: Configuration
  let http: HTTPClient
  /// What nonces begin with.
  private let noncePrefix = Mutex("")

  public init(_ configuration: Configuration) {
    self.configuration = configuration
    var options = HTTPClient.Configuration()
    options.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = configuration.connections
    // Calls are repeated here, where it is known which ones may be.
    options.connectionPool.retryConnectionEstablishment = false
    options.timeout.connect = .seconds(5)
    options.redirectConfiguration = .disallow
    http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: options)
  }

  public convenience init(baseURL: String, signer: RequestSigner? = nil) {
    self.init(Configuration(baseURL: baseURL, signer: signer))
  }

  /// Closes its connections; no call may follow.
  public func close() async {
    try? await http.shutdown()
  }

  // MARK: Calls

  /// One call, with its retries.
  func call<Answer: Decodable>(
    _ method: HTTPVerb, _ target: Target, body: [UInt8] = [], isSafeToRepeat: Bool
  ) async throws(APIError) -> Answer {
    let bytes = try await callForBytes(
      method, target, body: body, isSafeToRepeat: isSafeToRepeat)
    do {
      return try JSON.value(from: bytes)
    } catch {
      throw APIError(
        status: 200, code: APIError.unreadableAnswer,
        message: "\(method.rawValue) \(target.path): \(error)")
    }
  }

  func callForBytes(
    _ method: HTTPVerb, _ target: Target, body: [UInt8] = [], isSafeToRepeat: Bool
  ) async throws(APIError) -> [UInt8] {
    var attempt = 1
    while true {
      do throws(APIError) {
        return try await send(method, target.text, body: body)
      } catch {
        // Of a server that has no memory of what the one before it took.
        if let prefix = error.noncePrefix { noncePrefix.withLock { $0 = prefix } }
        let mayRepeat = error.isTemporary || (error.isOutcomeUnknown && isSafeToRepeat)
        guard mayRepeat, attempt < configuration.maximumAttempts, !Task.isCancelled else {
          throw error
        }
        try? await Task.sleep(for: wait(after: error, attempt: attempt))
        attempt += 1
      }
    }
  }

  /// What the server asked for, else 0.1 s doubling, with up to half of it added at random.
  func wait(after error: APIError, attempt: Int) -> Duration {
    let longest = min(max(configuration.maximumWaitSeconds, 0), APIError.maximumRetryAfterSeconds)
    // Bounded before it is multiplied: the server says it.
    let milliseconds =
      error.retryAfterSeconds.map { min(max($0, 0), longest) * 1_000 }
      ?? 100 << min(max(attempt - 1, 0), 10)
    let bounded = min(max(milliseconds, 1), longest * 1_000)
    return .milliseconds(bounded + Int.random(in: 0...bounded / 2))
  }

  private func send(
    _ method: HTTPVerb, _ target: String, body: [UInt8]
  ) async throws(APIError) -> [UInt8] {
    let request: HTTPClientRequest
    do throws(UnsignableRequest) {
      request = try self.request(method, target, body: body)
    } catch {
      throw APIError(
        status: 0, code: APIError.notSent, message: "\(method.rawValue) \(target): \(error)")
    }
    let response: HTTPClientResponse
    let bytes: [UInt8]
    do {
      response = try await http.execute(request, timeout: .seconds(configuration.timeoutSeconds))
      bytes = Array(buffer: try await response.body.collect(upTo: JSON.maximumAnswerBytes))
    } catch {
      throw APIError(
        status: 0, code: APIError.noAnswer, message: "\(method.rawValue) \(target): \(error)")
    }
    guard response.status.code < 300 else { throw Self.error(response, bytes) }
    return bytes
  }

  func request(
    _ method: HTTPVerb, _ target: String, body: [UInt8]
  ) throws(UnsignableRequest) -> HTTPClientRequest {
    var request = HTTPClientRequest(url: configuration.baseURL + target)
    request.method = .RAW(value: method.rawValue)
    if !body.isEmpty {
      request.body = .bytes(ByteBuffer(bytes: body))
      request.headers.add(name: "Content-Type", value: "application/json")
    }
    if let signer = configuration.signer {
      let fields = try signer.sign(
        method: method.rawValue, target: target, body: body,
        created: configuration.now().seconds,
        nonce: RequestSigner.randomNonce(after: noncePrefix.withLock { $0 }))
      for field in fields.all { request.headers.add(name: field.name, value: field.value) }
    }
    return request
  }

  static func error(_ response: HTTPClientResponse, _ bytes: [UInt8]) -> APIError {
    let status = Int(response.status.code)
    let retryAfter = response.headers.first(name: "Retry-After").flatMap { seconds($0) }
    guard let body = try? JSON.value(ErrorBody.self, from: bytes) else {
      return APIError(
        status: status, code: "http_\(status)", message: "an answer that is not from Uncross",
        retryAfterSeconds: retryAfter)
    }
    return APIError(
      status: status, code: body.error.code, message: body.error.message,
      requestID: body.error.requestID, retryAfterSeconds: retryAfter,
      noncePrefix: response.headers.first(name: "Uncross-Nonce-Prefix").flatMap(noncePrefix))
  }

  /// Nil where a nonce could not begin with it.
  private static func noncePrefix(_ text: String) -> String? {
    text.utf8.count <= 32 && Hex.bytes(text) != nil ? text : nil
  }

  /// What `Retry-After` says, a day at most; nil unless it is digits (RFC 9110, 10.2.3: a date is
  /// allowed too, which Uncross does not send).
  static func seconds(_ retryAfter: String) -> Int? {
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    guard !retryAfter.isEmpty, retryAfter.utf8.allSatisfy(digits.contains) else { return nil }
    let longest = APIError.maximumRetryAfterSeconds
    return min(Int(retryAfter) ?? longest, longest)
  }
}

/// The methods that the API uses.
enum HTTPVerb: String {
  case get = "GET"
  case post = "POST"
  case patch = "PATCH"
  case delete = "DELETE"
}

/// A path and query, percent-encoded once, as they are signed and sent.
struct Target {
  var path: String
  private var query: [String] = []

  init(_ parts: String...) {
    path = parts.map { "/" + Self.encoded($0) }.joined()
  }

  /// Adds a parameter unless its value is nil.
  func with(_ name: String, _ value: (some CustomStringConvertible)?) -> Target {
    guard let value else { return self }
    var target = self
    target.query.append("\(name)=\(Self.encoded(value.description))")
    return target
  }

  var text: String { query.isEmpty ? path : path + "?" + query.joined(separator: "&") }

  private static func encoded(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: ":"):
        result.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        result += "%" + Hex.string([byte]).uppercased()
      }
    }
    return result
  }
}
