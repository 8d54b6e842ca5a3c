// Canonical bytes: the one way in which state and commands become bytes and come back.

/// Writes the canonical encoding: unsigned LEB128 in the shortest form, fixed-width big-endian,
/// bytes.
public struct ByteWriter: Sendable {
  public private(set) var bytes: [UInt8] = []

  public init() {}

  public mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }
  public mutating func reserve(_ count: Int) { bytes.reserveCapacity(count) }

  public mutating func byte(_ value: UInt8) { bytes.append(value) }

  public mutating func bool(_ value: Bool) { bytes.append(value ? 1 : 0) }

  /// Unsigned LEB128.
  @inline(__always)
  public mutating func uint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  // Inlinable, so that the caller's module compiles it for the type at hand.
  @inlinable
  public mutating func uint(_ value: some BinaryInteger) {
    if let small = UInt64(exactly: value) {
      uint(small)
    } else {
      precondition(value >= 0, "an unsigned field got a negative value")
      uint(wide: UInt128(value))
    }
  }

  @usableFromInline
  mutating func uint(wide value: UInt128) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  /// Zigzag, then unsigned LEB128.
  public mutating func int(_ value: Int128) {
    let zigzag = UInt128(truncatingIfNeeded: (value << 1) ^ (value >> 127))
    if let small = UInt64(exactly: zigzag) { uint(small) } else { uint(wide: zigzag) }
  }

  /// A fixed eight bytes, big-endian.
  public mutating func fixed(_ value: UInt64) {
    for shift in stride(from: UInt64(56), through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }

  /// A fixed four bytes, big-endian.
  public mutating func fixed32(_ value: UInt32) {
    for shift in stride(from: UInt32(24), through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }

  public mutating func raw(_ content: some Collection<UInt8>) { bytes.append(contentsOf: content) }

  /// Count, then UTF-8.
  public mutating func text(_ value: String) {
    let utf8 = value.utf8
    uint(UInt64(utf8.count))
    bytes.append(contentsOf: utf8)
  }

  package mutating func clientOrderID(_ id: ClientOrderID) {
    let start = bytes.count
    bytes.append(0)
    id.forEachByte { bytes.append($0) }
    bytes[start] = UInt8(truncatingIfNeeded: bytes.count - start - 1)
  }
}

/// What does not decode, and where.
public struct ByteError: Error, Sendable, CustomStringConvertible {
  public let reason: String
  public let offset: Int

  public init(_ reason: String, at offset: Int) {
    self.reason = reason
    self.offset = offset
  }

  public var description: String { "\(reason) at byte \(offset)" }
}

/// Reads what `ByteWriter` wrote; every reading is checked, so foreign bytes give an error and no
/// trap.
public struct ByteReader: Sendable {
  private let bytes: ArraySlice<UInt8>
  public private(set) var offset: Int

  public init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    offset = bytes.startIndex
  }

  public init(_ bytes: [UInt8]) { self.init(bytes[...]) }

  public var isAtEnd: Bool { offset == bytes.endIndex }
  public var remaining: Int { bytes.endIndex - offset }

  public func fail(_ reason: String) -> ByteError { ByteError(reason, at: offset) }

  public mutating func byte() throws(ByteError) -> UInt8 {
    guard offset < bytes.endIndex else { throw fail("bytes end too early") }
    defer { offset += 1 }
    return bytes[offset]
  }

  public mutating func bool() throws(ByteError) -> Bool {
    switch try byte() {
    case 0: return false
    case 1: return true
    default: throw fail("not a truth value")
    }
  }

  /// Unsigned LEB128 in its shortest form.
  public mutating func uint128() throws(ByteError) -> UInt128 {
    var value: UInt128 = 0
    var shift: UInt128 = 0
    while true {
      let next = try byte()
      let bits = UInt128(next & 0x7f)
      guard shift < 126 || (shift == 126 && bits < 4) else { throw fail("number too wide") }
      value |= bits << shift
      if next & 0x80 == 0 {
        guard next != 0 || shift == 0 else { throw fail("number not in its shortest form") }
        return value
      }
      shift += 7
    }
  }

  /// The same where it fits 64 bits, as nearly all numbers do.
  @usableFromInline
  mutating func uint64() throws(ByteError) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let next = try byte()
      let bits = UInt64(next & 0x7f)
      guard shift < 63 || (shift == 63 && bits < 2) else { throw fail("number out of range") }
      value |= bits << shift
      if next & 0x80 == 0 {
        guard next != 0 || shift == 0 else { throw fail("number not in its shortest form") }
        return value
      }
      shift += 7
    }
  }

  // Inlinable, so that the caller's module compiles them for the type at hand.
  @inlinable
  public mutating func uint<T: FixedWidthInteger>(as type: T.Type = T.self) throws(ByteError) -> T {
    let value = T.bitWidth <= 64 ? T(exactly: try uint64()) : T(exactly: try uint128())
    guard let value else { throw fail("number out of range") }
    return value
  }

  public mutating func int() throws(ByteError) -> Int128 {
    let raw = try uint128()
    return Int128(truncatingIfNeeded: raw >> 1) ^ -Int128(truncatingIfNeeded: raw & 1)
  }

  @usableFromInline
  mutating func int64() throws(ByteError) -> Int64 {
    let raw = try uint64()
    return Int64(truncatingIfNeeded: raw >> 1) ^ -Int64(truncatingIfNeeded: raw & 1)
  }

  @inlinable
  public mutating func int<T: FixedWidthInteger>(as type: T.Type) throws(ByteError) -> T {
    let value = T.bitWidth <= 64 ? T(exactly: try int64()) : T(exactly: try int())
    guard let value else { throw fail("number out of range") }
    return value
  }

  public mutating func fixed() throws(ByteError) -> UInt64 {
    var value: UInt64 = 0
    for _ in 0..<8 { value = value << 8 | UInt64(try byte()) }
    return value
  }

  public mutating func fixed32() throws(ByteError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 { value = value << 8 | UInt32(try byte()) }
    return value
  }

  public mutating func raw(_ count: Int) throws(ByteError) -> ArraySlice<UInt8> {
    guard count >= 0, count <= remaining else { throw fail("bytes end too early") }
    defer { offset += count }
    return bytes[offset..<offset + count]
  }

  public mutating func text(maximum: Int = 1024) throws(ByteError) -> String {
    let count: Int = try uint()
    guard count <= maximum else { throw fail("text too long") }
    let content = try raw(count)
    guard let text = String(validating: content, as: UTF8.self) else { throw fail("not UTF-8") }
    return text
  }

  /// A count that says how many elements follow, each of at least one byte: never above what is
  /// left.
  public mutating func count() throws(ByteError) -> Int {
    let count: Int = try uint()
    guard count <= remaining else { throw fail("count beyond the bytes that follow") }
    return count
  }

  package mutating func clientOrderID() throws(ByteError) -> ClientOrderID {
    let count = Int(try byte())
    guard let id = ClientOrderID(utf8: try raw(count)) else { throw fail("not a client order id") }
    return id
  }
}
