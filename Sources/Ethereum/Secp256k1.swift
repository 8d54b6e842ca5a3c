// The curve of Ethereum's keys: libsecp256k1's shared context, and public keys.

import CSecp256k1

/// What all calls of libsecp256k1 share.
enum Secp256k1 {
  /// The order of the curve's group: secret keys and signatures' numbers are below it. Source: SEC
  /// 2, version 2, section 2.4.1.
  static let order = UInt256(
    high: 0xffff_ffff_ffff_ffff_ffff_ffff_ffff_fffe,
    low: 0xbaae_dce6_af48_a03b_bfd2_5e8c_d036_4141)

  /// Half the order, rounded down: of a signature's two forms only the one with `s` up to this is
  /// valid. Source: EIP-2.
  static let halfOrder = UInt256(
    high: 0x7fff_ffff_ffff_ffff_ffff_ffff_ffff_ffff,
    low: 0x5d57_6e73_57a4_501d_dfe9_2f46_681b_20a0)

  /// Made once, blinded against timing by random bytes, never freed.
  ///
  /// Safe to share: it is not written after this initialiser, and libsecp256k1 allows calls from
  /// many threads that take the context as const (secp256k1.h, "secp256k1_context").
  nonisolated(unsafe) static let context: OpaquePointer = {
    guard let context = secp256k1_context_create(UInt32(SECP256K1_CONTEXT_NONE)) else {
      preconditionFailure("libsecp256k1 makes no context")
    }
    var random = SystemRandomNumberGenerator()
    var seed = InlineArray<4, UInt64> { _ in random.next() }
    let isRandomized = withUnsafeMutableBytes(of: &seed) { seed in
      defer { uncross_erase(seed.baseAddress, seed.count) }
      return secp256k1_context_randomize(
        context, seed.baseAddress?.assumingMemoryBound(to: UInt8.self))
    }
    precondition(isRandomized == 1, "libsecp256k1's context is not randomized")
    return context
  }()

  /// Overwrites bytes that were secret. Copies that the compiler or a library made stay.
  static func erase(_ bytes: inout [UInt8]) {
    bytes.withUnsafeMutableBytes { uncross_erase($0.baseAddress, $0.count) }
  }
}

/// A point of the curve that is a public key.
public struct PublicKey: Hashable, Sendable {
  /// The coordinates; on the curve, which every initialiser has checked.
  public let x: UInt256
  public let y: UInt256

  /// From 33 bytes (compressed: 2 or 3, x) or 65 bytes (4, x, y) of SEC 1; nil if they are no point
  /// of the curve.
  public init?(_ bytes: [UInt8]) {
    guard
      bytes.count == 33 && (bytes[0] == 2 || bytes[0] == 3) || bytes.count == 65 && bytes[0] == 4
    else { return nil }
    var point = secp256k1_pubkey()
    guard secp256k1_ec_pubkey_parse(Secp256k1.context, &point, bytes, bytes.count) == 1 else {
      return nil
    }
    self.init(point)
  }

  init(_ point: secp256k1_pubkey) {
    var point = point
    var bytes = [UInt8](repeating: 0, count: 65)
    var count = bytes.count
    let result = secp256k1_ec_pubkey_serialize(
      Secp256k1.context, &bytes, &count, &point, UInt32(SECP256K1_EC_UNCOMPRESSED))
    precondition(result == 1 && count == 65, "libsecp256k1 writes no point")
    x = UInt256(atMost32: bytes[1...32])
    y = UInt256(atMost32: bytes[33...])
  }

  var point: secp256k1_pubkey {
    var point = secp256k1_pubkey()
    let bytes = uncompressed
    precondition(
      secp256k1_ec_pubkey_parse(Secp256k1.context, &point, bytes, bytes.count) == 1,
      "a public key is not on the curve")
    return point
  }

  /// 33 bytes: 2 or 3 as y is even or odd, then x.
  public var compressed: [UInt8] { [y.low & 1 == 0 ? 2 : 3] + x.bigEndianBytes }

  /// 65 bytes: 4, x, y.
  public var uncompressed: [UInt8] {
    var bytes: [UInt8] = [4]
    bytes.reserveCapacity(65)
    x.append(to: &bytes)
    y.append(to: &bytes)
    return bytes
  }

  /// The address of the account that the key controls: the last 20 bytes of its coordinates' hash.
  public var address: Address {
    var hasher = Keccak256()
    for half in [x.high, x.low, y.high, y.low] { hasher.update(half) }
    return Address(lowBytesOf: hasher.finalize().number)
  }

  /// The key plus `tweak` times the generator; nil if `tweak` (32 bytes) is not below the order or
  /// the sum is no point. What it means for secrets: see `SecretKey.adding`.
  func adding(_ tweak: [UInt8]) -> PublicKey? {
    precondition(tweak.count == 32, "a tweak has 32 bytes")
    var point = point
    guard secp256k1_ec_pubkey_tweak_add(Secp256k1.context, &point, tweak) == 1 else { return nil }
    return PublicKey(point)
  }
}
