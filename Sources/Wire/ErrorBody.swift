// How a request is refused on the wire: the one error shape.

/// The body of every error answer.
public struct ErrorBody: Codable, Sendable, Equatable {
  public struct Content: Codable, Sendable, Equatable {
    public var code: String
    public var message: String
    public var requestID: String

    private enum CodingKeys: String, CodingKey {
      case code, message
      case requestID = "request_id"
    }
  }

  public var error: Content

  public init(code: String, message: String, requestID: String) {
    error = Content(code: code, message: message, requestID: requestID)
  }
}
