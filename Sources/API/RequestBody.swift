// What a request's body may hold, and how a body that cannot be read is refused.

internal import Engine
internal import Formats
internal import Wire

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

extension Call {
  /// The body, which holds what the type knows and nothing else.
  func decoded<Body: Decodable>(_ type: Body.Type = Body.self) throws(Refusal) -> Body {
    // The description of the API is made of the table.
    precondition(bodyType == type, "the route's table does not say that its body is \(type)")
    let value = try JSONValue.parse(body)
    do throws(JSONError) {
      return try value.decodeExactly(type)
    } catch { throw Refusal(json: error) }
  }

  /// The body of a route that takes a reason and nothing else.
  func reason() throws(Refusal) -> String { try decoded(Reason.self).checkedReason() }
}

// MARK: - What a type of the wire does not say

extension Refusal {
  /// A field whose value is not of the form that it must have. `place` is as `orders[3].`.
  static func wrong(_ field: String, _ expected: String, at place: String = "") -> Refusal {
    Refusal(json: JSONError(.wrongField("\(place)`\(field)`", expected: expected)))
  }
}

/// Text that people write and read.
func checkedText(
  _ text: String, field: String, maximumBytes: Int
) throws(Refusal) -> String {
  do throws(FreeTextError) {
    return try FreeText(text, maximumBytes: maximumBytes).text
  } catch {
    throw Refusal(json: JSONError(.badText(field: "`\(field)`", error)))
  }
}

/// An id that a client chose.
func checkedClientID(
  _ text: String, field: String, at place: @autoclosure () -> String = ""
) throws(Refusal) -> ClientOrderID {
  guard let id = ClientOrderID(text) else {
    throw .wrong(field, "1 to 36 characters of A-Z a-z 0-9 . _ : -", at: place())
  }
  return id
}

/// A body that says why something is decided, for the auditor.
protocol Explained {
  var reason: String { get }
}

extension Explained {
  func checkedReason() throws(Refusal) -> String { try API.checkedReason(reason) }
}

/// Why something is decided, which must not be left out.
func checkedReason(_ reason: String) throws(Refusal) -> String {
  // Its length has a code of its own.
  let text = try checkedText(
    reason, field: "reason", maximumBytes: JSONLimits.body.stringBytes)
  guard (1...Bounds.maximumReasonBytes).contains(text.utf8.count) else {
    throw Refusal(.reasonMissing)
  }
  return text
}

extension Reason: Explained {}
extension Reasoned: Explained {}
extension NewAdjustment: Explained {}
extension NewDepositResolution: Explained {}
extension NewRescan: Explained {}
extension PayoutResolution: Explained {}

extension Refusal: JSONFailure {
  init(json error: JSONError) {
    if case .badText = error.fault {
      self.init(.textInvalid, error.description)
    } else {
      self.init(.badRequest, error.description)
    }
  }
}
