// The one JSON shape of the API: how values are written and read, and null where there is nothing.

public import Formats

/// Writes and reads the API's JSON; used by both ends, so that they cannot differ.
public enum JSON {
  /// An answer beyond it is refused; the largest page is about 400 KB.
  public static let maximumAnswerBytes = 8 << 20

  /// Of an answer, a page of the tape or a plan in a file.
  private static let limits = JSONLimits(
    bytes: maximumAnswerBytes,
    // A page of withdrawals that wait nests four deep.
    depth: 16,
    // Answers have up to 30; a later server may say more.
    members: 256,
    // A page has 1,000 rows.
    elements: 1 << 16,
    // An unsigned transaction in hex has less than 1 KiB.
    stringBytes: 64 << 10)

  /// Names in byte order. The wire values hold strings, integers and lists of them: encoding one
  /// cannot fail.
  public static func bytes(_ value: some Encodable) -> [UInt8] {
    do {
      return try JSONValue(encoding: value).bytes
    } catch {
      preconditionFailure("a wire value does not encode: \(error)")
    }
  }

  public static func value<Value: Decodable>(
    _ type: Value.Type = Value.self, from bytes: [UInt8]
  ) throws -> Value {
    try StrictJSON.decode(type, from: bytes, limits)
  }
}

/// A value that is one of some types.
package protocol JSONUnion {
  static var alternatives: [any Decodable.Type] { get }
}

/// An optional that is written as `null` instead of being left out.
@propertyWrapper
public struct Nullable<Value: Codable & Sendable & Equatable>: Codable, Sendable, Equatable {
  public var wrappedValue: Value?

  public init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    wrappedValue = container.decodeNil() ? nil : try container.decode(Value.self)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if let wrappedValue {
      try container.encode(wrappedValue)
    } else {
      try container.encodeNil()
    }
  }
}

extension Nullable: JSONNullable {
  public static var wrapped: any Decodable.Type { Value.self }
}

extension KeyedDecodingContainer {
  /// What is left out reads as null: found by overload resolution in synthesized `init(from:)`.
  public func decode<Value>(
    _ type: Nullable<Value>.Type, forKey key: Key
  ) throws -> Nullable<Value> {
    try decodeIfPresent(type, forKey: key) ?? Nullable(wrappedValue: nil)
  }
}
