// Signatures from which the signer's key is recovered, as transactions carry them.

import CSecp256k1

/// A recoverable signature by ECDSA in the one valid form of EIP-2.
public struct Signature: Hashable, Sendable {
  /// 1 to the curve's order less one.
  public let r: UInt256
  /// 1 to half the curve's order.
  public let s: UInt256
  /// The parity of the nonce's point: `yParity` of EIP-1559, the recovery id of libsecp256k1.
  public let isYOdd: Bool

  /// Nil if `r` or `s` is out of its range, which for `s` excludes the other form of a signature.
  public init?(r: UInt256, s: UInt256, isYOdd: Bool) {
    guard
      (.one..<Secp256k1.order).contains(r), (.one...Secp256k1.halfOrder).contains(s)
    else { return nil }
    self.r = r
    self.s = s
    self.isYOdd = isYOdd
  }

  /// The key that signed `hash`; nil if there is none. Every pair of signature and hash with a
  /// point has some key, so the caller compares it with the one expected.
  public func publicKey(signing hash: Hash32) -> PublicKey? {
    var compact: [UInt8] = []
    compact.reserveCapacity(64)
    r.append(to: &compact)
    s.append(to: &compact)
    var signature = secp256k1_ecdsa_recoverable_signature()
    var point = secp256k1_pubkey()
    let context = Secp256k1.context
    guard
      secp256k1_ecdsa_recoverable_signature_parse_compact(
        context, &signature, compact, isYOdd ? 1 : 0) == 1,
      secp256k1_ecdsa_recover(context, &point, &signature, hash.bytes) == 1
    else { return nil }
    return PublicKey(point)
  }
}
