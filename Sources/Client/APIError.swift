// How a call fails: what the server refused, and what no answer means.

/// A call that was refused, or whose outcome nobody knows.
public struct APIError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The HTTP status; 0 where no answer came.
  public var status: Int
  /// Stable, listed in `docs/api.md`; `no_answer`, `not_sent` and `unreadable_answer` are made
  /// here.
  public var code: String
  public var message: String
  /// Names the request in the server's log.
  public var requestID: String?
  /// What the server asked to wait, `maximumRetryAfterSeconds` at most.
  public var retryAfterSeconds: Int?
  /// What the nonce of the next try must begin with.
  public var noncePrefix: String?

  /// A server that says more, says nothing that anyone waits for.
  public static let maximumRetryAfterSeconds = 86_400
  /// The request could not be signed, so it was not sent.
  public static let notSent = "not_sent"
  public static let noAnswer = "no_answer"
  public static let unreadableAnswer = "unreadable_answer"

  public init(
    status: Int, code: String, message: String, requestID: String? = nil,
    retryAfterSeconds: Int? = nil, noncePrefix: String? = nil
  ) {
    self.status = status
    self.code = code
    self.message = message
    self.requestID = requestID
    self.retryAfterSeconds = retryAfterSeconds
    self.noncePrefix = noncePrefix
  }

  /// Whether the request may have been applied: send it again only if that is safe.
  public var isOutcomeUnknown: Bool {
    if code == Self.notSent { return false }
    return status == 0 || code == Self.unreadableAnswer || (status >= 500 && code != "unavailable")
  }

  /// Whether nothing was applied and the same call may succeed later.
  public var isTemporary: Bool {
    // A signature from before the server's start says when to sign again; a wrong clock's does not.
    status == 429 || code == "unavailable"
      || (code == "request_stale" && retryAfterSeconds != nil)
  }

  public var description: String {
    let answer = status == 0 ? code : "\(status) \(code)"
    return "\(answer): \(message)" + (requestID.map { " (request \($0))" } ?? "")
  }
}
