// Keccak-256, Ethereum's hash: addresses, transaction hashes, topics and blooms go through it.

/// The hash of bytes that come in pieces. Original Keccak padding (0x01), not that of SHA3-256.
///
/// Source: the Keccak reference, version 3.0, with rate 1088 and capacity 512; Ethereum yellow
/// paper, section 3. Nothing is allocated.
public struct Keccak256: Sendable {
  /// Bytes taken in between two permutations.
  private static let rate = 136

  /// Lane `x + 5y` of the sponge, little-endian.
  private var state = InlineArray<25, UInt64>(repeating: 0)
  /// Where the next byte goes, in `0..<rate`.
  private var position = 0

  public init() {}

  /// The hash of `bytes`.
  public static func hash(_ bytes: RawSpan) -> Hash32 {
    var hasher = Keccak256()
    hasher.update(bytes)
    return hasher.finalize()
  }

  /// The hash of `bytes`.
  public static func hash(_ bytes: [UInt8]) -> Hash32 { hash(bytes.span.bytes) }

  /// The hash of `bytes`.
  public static func hash(_ bytes: ArraySlice<UInt8>) -> Hash32 { hash(bytes.span.bytes) }

  /// Takes in more bytes.
  public mutating func update(_ bytes: RawSpan) {
    // The loads are safe: a span checks their bounds, and every pattern of bits is an integer.
    let count = bytes.byteCount
    var offset = 0
    while offset < count {
      if position & 7 == 0, count - offset >= 8 {
        let lane = bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
        state[position >> 3] ^= UInt64(littleEndian: lane)
        offset += 8
        position += 8
      } else {
        let byte = bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
        state[position >> 3] ^= UInt64(byte) << UInt64((position & 7) * 8)
        offset += 1
        position += 1
      }
      if position == Self.rate {
        permute()
        position = 0
      }
    }
  }

  /// Takes in more bytes.
  public mutating func update(_ bytes: [UInt8]) { update(bytes.span.bytes) }

  /// Takes in the sixteen bytes of a number, big-endian.
  mutating func update(_ value: UInt128) {
    withUnsafeBytes(of: value.bigEndian) { update($0.bytes) }
  }

  /// Takes in the four bytes of a number, big-endian.
  mutating func update(_ value: UInt32) {
    withUnsafeBytes(of: value.bigEndian) { update($0.bytes) }
  }

  /// The hash of all bytes so far; the hasher itself can go on.
  public func finalize() -> Hash32 {
    var last = self
    last.state[position >> 3] ^= 1 << UInt64((position & 7) * 8)
    last.state[Self.rate / 8 - 1] ^= 1 << 63
    last.permute()
    return Hash32(
      UInt256(
        high: UInt128(last.state[0].byteSwapped) << 64 | UInt128(last.state[1].byteSwapped),
        low: UInt128(last.state[2].byteSwapped) << 64 | UInt128(last.state[3].byteSwapped)))
  }

  /// Keccak-f[1600]: lanes in locals and steps written out, so that they stay in registers. Longer
  /// than other functions for that; the lines are those of the reference, for one x and y each.
  private mutating func permute() {
    var a00 = state[0]
    var a01 = state[1]
    var a02 = state[2]
    var a03 = state[3]
    var a04 = state[4]
    var a05 = state[5]
    var a06 = state[6]
    var a07 = state[7]
    var a08 = state[8]
    var a09 = state[9]
    var a10 = state[10]
    var a11 = state[11]
    var a12 = state[12]
    var a13 = state[13]
    var a14 = state[14]
    var a15 = state[15]
    var a16 = state[16]
    var a17 = state[17]
    var a18 = state[18]
    var a19 = state[19]
    var a20 = state[20]
    var a21 = state[21]
    var a22 = state[22]
    var a23 = state[23]
    var a24 = state[24]
    for round in 0..<24 {
      // Theta.
      let c0 = a00 ^ a05 ^ a10 ^ a15 ^ a20
      let c1 = a01 ^ a06 ^ a11 ^ a16 ^ a21
      let c2 = a02 ^ a07 ^ a12 ^ a17 ^ a22
      let c3 = a03 ^ a08 ^ a13 ^ a18 ^ a23
      let c4 = a04 ^ a09 ^ a14 ^ a19 ^ a24
      let d0 = c4 ^ Self.rotate(c1, 1)
      let d1 = c0 ^ Self.rotate(c2, 1)
      let d2 = c1 ^ Self.rotate(c3, 1)
      let d3 = c2 ^ Self.rotate(c4, 1)
      let d4 = c3 ^ Self.rotate(c0, 1)
      // Rho and pi.
      let b00 = a00 ^ d0
      let b01 = Self.rotate(a06 ^ d1, 44)
      let b02 = Self.rotate(a12 ^ d2, 43)
      let b03 = Self.rotate(a18 ^ d3, 21)
      let b04 = Self.rotate(a24 ^ d4, 14)
      let b05 = Self.rotate(a03 ^ d3, 28)
      let b06 = Self.rotate(a09 ^ d4, 20)
      let b07 = Self.rotate(a10 ^ d0, 3)
      let b08 = Self.rotate(a16 ^ d1, 45)
      let b09 = Self.rotate(a22 ^ d2, 61)
      let b10 = Self.rotate(a01 ^ d1, 1)
      let b11 = Self.rotate(a07 ^ d2, 6)
      let b12 = Self.rotate(a13 ^ d3, 25)
      let b13 = Self.rotate(a19 ^ d4, 8)
      let b14 = Self.rotate(a20 ^ d0, 18)
      let b15 = Self.rotate(a04 ^ d4, 27)
      let b16 = Self.rotate(a05 ^ d0, 36)
      let b17 = Self.rotate(a11 ^ d1, 10)
      let b18 = Self.rotate(a17 ^ d2, 15)
      let b19 = Self.rotate(a23 ^ d3, 56)
      let b20 = Self.rotate(a02 ^ d2, 62)
      let b21 = Self.rotate(a08 ^ d3, 55)
      let b22 = Self.rotate(a14 ^ d4, 39)
      let b23 = Self.rotate(a15 ^ d0, 41)
      let b24 = Self.rotate(a21 ^ d1, 2)
      // Chi, and iota in the first lane.
      a00 = b00 ^ (~b01 & b02) ^ Self.roundConstants[round]
      a01 = b01 ^ (~b02 & b03)
      a02 = b02 ^ (~b03 & b04)
      a03 = b03 ^ (~b04 & b00)
      a04 = b04 ^ (~b00 & b01)
      a05 = b05 ^ (~b06 & b07)
      a06 = b06 ^ (~b07 & b08)
      a07 = b07 ^ (~b08 & b09)
      a08 = b08 ^ (~b09 & b05)
      a09 = b09 ^ (~b05 & b06)
      a10 = b10 ^ (~b11 & b12)
      a11 = b11 ^ (~b12 & b13)
      a12 = b12 ^ (~b13 & b14)
      a13 = b13 ^ (~b14 & b10)
      a14 = b14 ^ (~b10 & b11)
      a15 = b15 ^ (~b16 & b17)
      a16 = b16 ^ (~b17 & b18)
      a17 = b17 ^ (~b18 & b19)
      a18 = b18 ^ (~b19 & b15)
      a19 = b19 ^ (~b15 & b16)
      a20 = b20 ^ (~b21 & b22)
      a21 = b21 ^ (~b22 & b23)
      a22 = b22 ^ (~b23 & b24)
      a23 = b23 ^ (~b24 & b20)
      a24 = b24 ^ (~b20 & b21)
    }
    state[0] = a00
    state[1] = a01
    state[2] = a02
    state[3] = a03
    state[4] = a04
    state[5] = a05
    state[6] = a06
    state[7] = a07
    state[8] = a08
    state[9] = a09
    state[10] = a10
    state[11] = a11
    state[12] = a12
    state[13] = a13
    state[14] = a14
    state[15] = a15
    state[16] = a16
    state[17] = a17
    state[18] = a18
    state[19] = a19
    state[20] = a20
    state[21] = a21
    state[22] = a22
    state[23] = a23
    state[24] = a24
  }

  @inline(__always)
  private static func rotate(_ lane: UInt64, _ count: UInt64) -> UInt64 {
    lane << count | lane >> (64 - count)
  }

  private static let roundConstants: InlineArray<24, UInt64> = [
    0x0000_0000_0000_0001, 0x0000_0000_0000_8082, 0x8000_0000_0000_808a, 0x8000_0000_8000_8000,
    0x0000_0000_0000_808b, 0x0000_0000_8000_0001, 0x8000_0000_8000_8081, 0x8000_0000_0000_8009,
    0x0000_0000_0000_008a, 0x0000_0000_0000_0088, 0x0000_0000_8000_8009, 0x0000_0000_8000_000a,
    0x0000_0000_8000_808b, 0x8000_0000_0000_008b, 0x8000_0000_0000_8089, 0x8000_0000_0000_8003,
    0x8000_0000_0000_8002, 0x8000_0000_0000_0080, 0x0000_0000_0000_800a, 0x8000_0000_8000_000a,
    0x8000_0000_8000_8081, 0x8000_0000_0000_8080, 0x0000_0000_8000_0001, 0x8000_0000_8000_8008,
  ]
}
