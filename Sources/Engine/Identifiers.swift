// Names for the things the engine counts: users, assets, markets, client order ids, public keys.

/// A user's number; 0 is the venue itself (fees, later the loss account). Given in order of
/// registration.
public typealias UserID = UInt32
/// An asset's number, given in order of creation from 0.
public typealias AssetID = UInt16
/// A market's number, given in order of creation from 0.
public typealias MarketID = UInt16
/// A chain's number, given in order of registration from 0.
public typealias ChainID = UInt16
/// A public order id: 1 ..< 2^62, a keyed permutation of the order number, so that ids shown on the
/// tape tell nothing about who else traded or how much.
public typealias OrderID = Int64
/// Microseconds since 1970-01-01T00:00:00Z; the only time the engine knows is what commands
/// brought.
public typealias Microseconds = Int64

/// The name a client gives an order (or an operator an adjustment) so that sending it again is
/// safe: 1 to 36 characters of `A-Z a-z 0-9 . _ : -`, held inline so that no command allocates.
public struct ClientOrderID: Hashable, Sendable, CustomStringConvertible {
  /// Characters at most: room for a UUID with dashes.
  public static let maximumLength = 36

  // Five words, most significant byte first, zero padded: the padding gives the length.
  package var words: (UInt64, UInt64, UInt64, UInt64, UInt64)

  package init(words: (UInt64, UInt64, UInt64, UInt64, UInt64)) { self.words = words }

  /// Nil where the text is empty, too long or holds another character.
  public init?(_ text: some StringProtocol) { self.init(utf8: text.utf8) }

  package init?(utf8: some Sequence<UInt8>) {
    var packed: (UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0)
    var count = 0
    for byte in utf8 {
      guard count < Self.maximumLength, Self.isAllowed(byte) else { return nil }
      let shifted = UInt64(byte) << UInt64(56 - 8 * (count & 7))
      switch count >> 3 {
      case 0: packed.0 |= shifted
      case 1: packed.1 |= shifted
      case 2: packed.2 |= shifted
      case 3: packed.3 |= shifted
      default: packed.4 |= shifted
      }
      count += 1
    }
    guard count > 0 else { return nil }
    words = packed
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: ":"), UInt8(ascii: "-"):
      true
    default: false
    }
  }

  /// The characters, without the padding. Written out, because a list of the words would be
  /// allocated.
  @inline(__always)
  package func forEachByte(_ body: (UInt8) -> Void) {
    Self.forEachByte(words.0, body)
    Self.forEachByte(words.1, body)
    Self.forEachByte(words.2, body)
    Self.forEachByte(words.3, body)
    Self.forEachByte(words.4, body)
  }

  @inline(__always)
  private static func forEachByte(_ word: UInt64, _ body: (UInt8) -> Void) {
    var rest = word
    while rest != 0 {
      body(UInt8(truncatingIfNeeded: rest >> 56))
      rest <<= 8
    }
  }

  public var description: String {
    String(unsafeUninitializedCapacity: Self.maximumLength) { text in
      var count = 0
      forEachByte {
        text.initializeElement(at: count, to: $0)
        count += 1
      }
      return count
    }
  }

  public static func == (a: Self, b: Self) -> Bool {
    a.words.0 == b.words.0 && a.words.1 == b.words.1 && a.words.2 == b.words.2
      && a.words.3 == b.words.3 && a.words.4 == b.words.4
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(words.0)
    hasher.combine(words.1)
    hasher.combine(words.2)
    hasher.combine(words.3)
    hasher.combine(words.4)
  }
}

/// An Ed25519 public key, 32 bytes.
public struct PublicKey: Hashable, Sendable {
  public let bytes: [UInt8]

  /// Nil unless there are 32 bytes.
  public init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == 32 else { return nil }
    self.bytes = Array(bytes)
  }
}

/// What a key may do; there is no order among them, each route names the roles it takes.
public enum Role: UInt8, Sendable, CaseIterable {
  case trader = 1
  case readOnly = 2
  case `operator` = 3
  /// A trader's that takes nothing out: for a program that only trades.
  case tradeOnly = 4

  /// The name in the API.
  public var name: String {
    switch self {
    case .trader: "trader"
    case .readOnly: "read_only"
    case .operator: "operator"
    case .tradeOnly: "trade_only"
    }
  }

  public init?(name: some StringProtocol) {
    guard let role = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = role
  }
}
