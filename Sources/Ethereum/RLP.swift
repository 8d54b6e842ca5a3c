// Ethereum's encoding of transactions: byte strings and lists of them, each value in one form only.

/// An item of Recursive Length Prefix encoding. Source: Ethereum yellow paper, appendix B.
public enum RLP: Equatable, Sendable {
  case bytes([UInt8])
  case list([RLP])

  /// The most bytes that are decoded: what a node admits as one transaction (go-ethereum,
  /// core/txpool/legacypool, `txMaxSize`).
  public static let maximumByteCount = 128 * 1024

  /// The deepest list in list that is decoded; a transaction needs 3. It bounds recursion.
  public static let maximumDepth = 16

  /// A number: its bytes, big-endian, without leading zeros; zero has none.
  public static func integer(_ value: UInt256) -> RLP {
    .bytes(Array(value.bigEndianBytes.dropFirst(32 - (value.bitWidth + 7) / 8)))
  }

  /// A number, see above.
  public static func integer(_ value: UInt64) -> RLP { integer(UInt256(value)) }

  /// The number that the item is; nil if it is a list, has a leading zero or more than 32 bytes.
  public var integer: UInt256? {
    guard case .bytes(let bytes) = self, bytes.count <= 32, bytes.first != 0 else { return nil }
    return UInt256(atMost32: bytes)
  }
}

// MARK: - Encoding

extension RLP {
  /// The encoding.
  public var encoded: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(encodedCount)
    encode(into: &bytes)
    return bytes
  }

  private func encode(into out: inout [UInt8]) {
    switch self {
    case .bytes(let bytes):
      if !Self.isItsOwnEncoding(bytes) { Self.appendHead(0x80, bytes.count, to: &out) }
      out.append(contentsOf: bytes)
    case .list(let items):
      Self.appendHead(0xc0, items.reduce(0) { $0 + $1.encodedCount }, to: &out)
      for item in items { item.encode(into: &out) }
    }
  }

  private var encodedCount: Int {
    switch self {
    case .bytes(let bytes):
      return Self.isItsOwnEncoding(bytes) ? 1 : Self.headCount(bytes.count) + bytes.count
    case .list(let items):
      let count = items.reduce(0) { $0 + $1.encodedCount }
      return Self.headCount(count) + count
    }
  }

  private static func isItsOwnEncoding(_ bytes: [UInt8]) -> Bool {
    bytes.count == 1 && bytes[0] < 0x80
  }

  private static func headCount(_ count: Int) -> Int { count < 56 ? 1 : 1 + lengthCount(count) }

  /// Bytes that a length takes, big-endian without leading zeros.
  private static func lengthCount(_ length: Int) -> Int {
    (Int.bitWidth - length.leadingZeroBitCount + 7) / 8
  }

  private static func appendHead(_ base: UInt8, _ count: Int, to out: inout [UInt8]) {
    if count < 56 {
      out.append(base + UInt8(count))
      return
    }
    let lengthCount = lengthCount(count)
    out.append(base + 55 + UInt8(lengthCount))
    for index in (0..<lengthCount).reversed() {
      out.append(UInt8(truncatingIfNeeded: count >> (8 * index)))
    }
  }
}

// MARK: - Decoding

/// Why bytes are not one canonical item. Offsets are from the first byte given.
public enum RLPError: Error, Equatable, Sendable {
  /// More than `RLP.maximumByteCount` bytes.
  case tooLarge
  /// The item at `offset` ends behind its list or behind the bytes.
  case truncated(offset: Int)
  /// The item at `offset` has a shorter encoding.
  case notMinimal(offset: Int)
  /// The list at `offset` is deeper than `RLP.maximumDepth`.
  case tooDeep(offset: Int)
  /// Bytes follow the item from `offset` on.
  case trailing(offset: Int)
}

extension RLP {
  /// The one item that the bytes are. What is accepted encodes to the same bytes again.
  public init(decoding bytes: some Collection<UInt8>) throws(RLPError) {
    guard bytes.count <= RLP.maximumByteCount else { throw .tooLarge }
    var reader = RLPReader(bytes: Array(bytes))
    self = try reader.item(end: reader.bytes.count, depth: 0)
    guard reader.offset == reader.bytes.count else { throw .trailing(offset: reader.offset) }
  }
}

private struct RLPReader {
  let bytes: [UInt8]
  var offset = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  /// The item at `offset`, which ends at `end` or before.
  mutating func item(end: Int, depth: Int) throws(RLPError) -> RLP {
    let start = offset
    guard start < end else { throw .truncated(offset: start) }
    let head = bytes[start]
    offset += 1
    if head < 0x80 { return .bytes([head]) }
    let isList = head >= 0xc0
    let count = try count(head - (isList ? 0xc0 : 0x80), start: start, end: end)
    let itemEnd = offset + count
    if isList {
      guard depth < RLP.maximumDepth else { throw .tooDeep(offset: start) }
      var items: [RLP] = []
      while offset < itemEnd { items.append(try item(end: itemEnd, depth: depth + 1)) }
      return .list(items)
    }
    let content = bytes[offset..<itemEnd]
    if count == 1, content[offset] < 0x80 { throw .notMinimal(offset: start) }
    offset = itemEnd
    return .bytes(Array(content))
  }

  /// The content's bytes, from the head's lower six bits: up to 55 themselves, above that the
  /// number of bytes of the length. The content is checked to end at `end` or before.
  private mutating func count(_ code: UInt8, start: Int, end: Int) throws(RLPError) -> Int {
    var count = Int(code)
    if code > 55 {
      let lengthEnd = offset + Int(code) - 55
      guard lengthEnd <= end else { throw .truncated(offset: start) }
      guard bytes[offset] != 0 else { throw .notMinimal(offset: start) }
      count = 0
      while offset < lengthEnd {
        // All lengths above the maximum are the same error, and none overflows.
        count = min(count << 8 | Int(bytes[offset]), RLP.maximumByteCount + 1)
        offset += 1
      }
      guard count > 55 else { throw .notMinimal(offset: start) }
    }
    guard count <= end - offset else { throw .truncated(offset: start) }
    return count
  }
}
