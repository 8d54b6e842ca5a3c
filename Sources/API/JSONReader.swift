// What a request's body may hold, and how a body that cannot be read is refused.

internal import Engine
internal import Formats

/// The fields of a body's object; what does not fit is refused as the API refuses.
typealias JSONFields = Formats.JSONFields<Refusal>

extension JSONLimits {
  /// Of every body. Its bytes are bounded by the route before it is read.
  static let body = JSONLimits(
    bytes: Route.maximumBatchBody,
    // A batch nests three deep.
    depth: 8,
    // No request has more than 20 fields.
    members: 64,
    // The largest batch has 1,000 orders; one more is refused by its own rule.
    elements: 2_048,
    // The longest names have 24 bytes.
    nameBytes: 64,
    // A signed transaction in hex has less than 1 KiB.
    stringBytes: 4_096)
}

extension JSONValue {
  /// Parses a whole body.
  static func parse(_ bytes: [UInt8]) throws(Refusal) -> JSONValue {
    do throws(JSONError) {
      return try StrictJSON.parse(bytes, .body)
    } catch { throw Refusal(json: error) }
  }
}

extension Formats.JSONFields where Failure == Refusal {
  init(body: [UInt8]) throws(Refusal) { try self.init(JSONValue.parse(body)) }

  /// Why something is decided, for the auditor.
  mutating func reason() throws(Refusal) -> String {
    let reason = try freeText("reason", maximumBytes: JSONLimits.body.stringBytes)
    // Its length has a code of its own.
    guard (1...200).contains(reason.utf8.count) else { throw Refusal(.reasonMissing) }
    return reason
  }
}

extension Refusal: JSONFailure {
  init(json error: JSONError) {
    if case .badText = error.fault {
      self.init(.textInvalid, error.description)
    } else {
      self.init(.badRequest, error.description)
    }
  }
}
