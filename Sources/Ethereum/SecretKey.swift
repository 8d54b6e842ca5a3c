// Secret keys: one owner, one place in memory, erased when the owner ends.

import CSecp256k1

/// A secret key of the curve: a number from 1 to the order less one.
///
/// Its bytes lie in one allocation, which no move copies and which is overwritten at the end.
public struct SecretKey: ~Copyable {
  public static let byteCount = 32

  private let memory: UnsafeMutablePointer<UInt8>
  /// The key's public half.
  public let publicKey: PublicKey

  /// From 32 bytes, big-endian, copied: the caller erases its own. Nil for another count, zero, or
  /// the order and above.
  public init?(_ bytes: RawSpan) {
    guard bytes.byteCount == Self.byteCount else { return nil }
    let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: Self.byteCount)
    for offset in 0..<Self.byteCount {
      memory[offset] = bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }
    self.init(owning: memory)
  }

  /// From 32 bytes, see above.
  public init?(_ bytes: [UInt8]) { self.init(bytes.span.bytes) }

  /// A new key from the system's random numbers.
  public static func random() -> SecretKey {
    var random = SystemRandomNumberGenerator()
    while true {
      var bytes = (0..<byteCount).map { _ in UInt8.random(in: 0...255, using: &random) }
      defer { Secp256k1.erase(&bytes) }
      // Refused once in 2^128 times.
      if let key = SecretKey(bytes) { return key }
    }
  }

  /// Takes `memory` over, which it frees if the key is not valid.
  private init?(owning memory: UnsafeMutablePointer<UInt8>) {
    var point = secp256k1_pubkey()
    // Also verifies the key: it fails for zero, and for the order and above.
    guard secp256k1_ec_pubkey_create(Secp256k1.context, &point, memory) == 1 else {
      Self.free(memory)
      return nil
    }
    self.memory = memory
    publicKey = PublicKey(point)
  }

  deinit { Self.free(memory) }

  private static func free(_ memory: UnsafeMutablePointer<UInt8>) {
    uncross_erase(memory, byteCount)
    memory.deallocate()
  }

  /// Whether 32 bytes are a secret key.
  public static func isValid(_ bytes: [UInt8]) -> Bool {
    bytes.count == byteCount && secp256k1_ec_seckey_verify(Secp256k1.context, bytes) == 1
  }

  /// The address that the key controls.
  public var address: Address { publicKey.address }

  /// Lends the 32 bytes to `body`, which must not keep them.
  public borrowing func withBytes<Result>(_ body: (RawSpan) throws -> Result) rethrows -> Result {
    try body(UnsafeRawBufferPointer(start: memory, count: Self.byteCount).bytes)
  }

  /// Signs a hash: nonce by RFC 6979 (so the same hash gives the same signature), low `s`. The
  /// signature is checked to recover to this key before it leaves: a faulty one could betray it.
  public borrowing func sign(_ hash: Hash32) -> Signature {
    let context = Secp256k1.context
    var recoverable = secp256k1_ecdsa_recoverable_signature()
    var compact = [UInt8](repeating: 0, count: 64)
    var recoveryID: Int32 = 0
    precondition(
      secp256k1_ecdsa_sign_recoverable(context, &recoverable, hash.bytes, memory, nil, nil) == 1
        && secp256k1_ecdsa_recoverable_signature_serialize_compact(
          context, &compact, &recoveryID, &recoverable) == 1,
      "libsecp256k1 does not sign")
    // Ids 2 and 3 say that the nonce's x was above the order, which happens once in 2^127 times.
    guard
      recoveryID == 0 || recoveryID == 1,
      let signature = Signature(
        r: UInt256(atMost32: compact[..<32]), s: UInt256(atMost32: compact[32...]),
        isYOdd: recoveryID == 1)
    else { preconditionFailure("a signature has no form in a transaction") }
    precondition(
      signature.publicKey(signing: hash) == publicKey, "a signature does not recover to its key")
    return signature
  }

  /// The key plus `tweak`, modulo the order; nil if `tweak` (32 bytes) is not below the order or
  /// the sum is zero. Its public half is the public key's own sum with `tweak`.
  borrowing func adding(_ tweak: [UInt8]) -> SecretKey? {
    precondition(tweak.count == 32, "a tweak has 32 bytes")
    let sum = UnsafeMutablePointer<UInt8>.allocate(capacity: Self.byteCount)
    sum.initialize(from: memory, count: Self.byteCount)
    guard secp256k1_ec_seckey_tweak_add(Secp256k1.context, sum, tweak) == 1 else {
      Self.free(sum)
      return nil
    }
    return SecretKey(owning: sum)
  }
}

// The memory is written only before the key exists and by deinit, when no one else has it; all
// methods between read it, so threads may share or pass a key.
extension SecretKey: @unchecked Sendable {}
