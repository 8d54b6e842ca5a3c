// The filter in a block's header that says which contracts and topics its logs cannot hold.

internal import Formats

/// One log of a receipt, as far as its contract chose it.
public struct Log: Equatable, Sendable {
  /// The contract that wrote it: the only part of a log that cannot be forged.
  public let address: Address
  /// At most 4; the first is the hash of the event's signature unless the event is anonymous.
  public let topics: [Hash32]
  public let data: [UInt8]

  public init(address: Address, topics: [Hash32], data: [UInt8]) {
    self.address = address
    self.topics = topics
    self.data = data
  }
}

/// A bloom filter of 2048 bits over the addresses and topics of logs: it may say that something is
/// there which is not, never the reverse. Source: Ethereum yellow paper, section 4.4.1.
public struct Bloom: Sendable {
  /// Word 0 is the first eight bytes, big-endian.
  private var words = InlineArray<32, UInt64>(repeating: 0)

  /// The filter of no logs.
  public init() {}

  /// The filter of these logs.
  public init(of logs: some Sequence<Log>) {
    self.init()
    for log in logs { insert(log) }
  }

  /// Nil for any count but 256.
  public init?(_ bytes: [UInt8]) {
    guard bytes.count == 256 else { return nil }
    for (offset, byte) in bytes.enumerated() {
      words[offset / 8] |= UInt64(byte) << UInt64(56 - offset % 8 * 8)
    }
  }

  /// From `0x` and 512 digits; else nil.
  public init?(hex text: some StringProtocol) {
    guard text.utf8.count == 514, let bytes = try? Hex.decode(text) else { return nil }
    self.init(bytes)
  }

  /// The 256 bytes.
  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(256)
    for index in words.indices {
      withUnsafeBytes(of: words[index].bigEndian) { bytes.append(contentsOf: $0) }
    }
    return bytes
  }

  /// False: no log of the block is by this contract.
  public func contains(_ address: Address) -> Bool { contains(hashed: Self.hash(address)) }

  /// False: no log of the block has this topic.
  public func contains(_ topic: Hash32) -> Bool { contains(hashed: Self.hash(topic)) }

  /// Adds the address and the topics of a log.
  public mutating func insert(_ log: Log) {
    insert(hashed: Self.hash(log.address))
    for topic in log.topics { insert(hashed: Self.hash(topic)) }
  }

  private static func hash(_ address: Address) -> UInt128 {
    var hasher = Keccak256()
    address.feed(&hasher)
    return hasher.finalize().number.high
  }

  private static func hash(_ topic: Hash32) -> UInt128 {
    var hasher = Keccak256()
    hasher.update(topic.number.high)
    hasher.update(topic.number.low)
    return hasher.finalize().number.high
  }

  /// The places of an item's three bits: the lower 11 bits of each of its hash's first three pairs
  /// of bytes count bits from the filter's end.
  private static func places(_ hash: UInt128) -> InlineArray<3, (word: Int, bit: UInt64)> {
    InlineArray { pair in
      let bit = Int(truncatingIfNeeded: hash >> UInt128(112 - 16 * pair)) & 2047
      return (31 - bit / 64, 1 << UInt64(bit % 64))
    }
  }

  private func contains(hashed hash: UInt128) -> Bool {
    let places = Self.places(hash)
    for pair in places.indices where words[places[pair].word] & places[pair].bit == 0 {
      return false
    }
    return true
  }

  private mutating func insert(hashed hash: UInt128) {
    let places = Self.places(hash)
    for pair in places.indices { words[places[pair].word] |= places[pair].bit }
  }
}

extension Bloom: Equatable {
  public static func == (a: Bloom, b: Bloom) -> Bool {
    a.words.indices.allSatisfy { a.words[$0] == b.words[$0] }
  }
}
