// Hashes of blocks, transactions and topics: 32 bytes in place.

internal import Formats

/// Thirty-two bytes, ordered by byte from the first.
public struct Hash32: Hashable, Sendable, Comparable {
  /// The bytes read as a big-endian number.
  public let number: UInt256

  public init(_ number: UInt256) { self.number = number }

  /// Nil for any count but 32.
  public init?(_ bytes: [UInt8]) {
    guard let number = UInt256(bigEndian: bytes) else { return nil }
    self.number = number
  }

  /// From `0x` and 64 digits of either case; else nil.
  public init?(hex text: some StringProtocol) {
    guard text.utf8.count == 66, let bytes = try? Hex.decode(text) else { return nil }
    self.init(bytes)
  }

  /// The 32 bytes.
  public var bytes: [UInt8] { number.bigEndianBytes }

  public static func < (a: Hash32, b: Hash32) -> Bool { a.number < b.number }
}

extension Hash32: CustomStringConvertible {
  /// `0x`, then 64 digits in lower case.
  public var description: String { Hex.encode(bytes) }
}
