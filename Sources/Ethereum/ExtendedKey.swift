// Deposit addresses: one public key on the server gives every user one, and no secret is near it.

import Crypto

/// Why an extended key is refused, or has no such child.
public enum ExtendedKeyError: Error, Equatable, Sendable {
  /// A character is not of base 58, or there are too many.
  case notBase58
  case checksum
  /// Not 78 bytes.
  case length(Int)
  /// Not the version of the kind of key that was asked for (a private one in place of a public one,
  /// another network).
  case version(UInt32)
  /// The key itself is out of range, not on the curve, or wrongly marked.
  case key
  /// A master key (depth 0) with a parent or an index.
  case masterWithParent
  /// A seed has 16 to 64 bytes.
  case seedLength(Int)
  /// The seed gives no valid master key; once in 2^127 seeds.
  case seed
  /// A hardened child needs the secret.
  case hardened
  /// The key has depth 255, the last.
  case depth
  /// This index has no valid child; once in 2^127 times. The next index is to be taken (BIP-32).
  case noChild(index: UInt32)
}

/// A public key from which the public keys of children follow. Source: BIP-32.
public struct ExtendedPublicKey: Hashable, Sendable {
  /// From this index on children are hardened.
  public static let firstHardenedIndex: UInt32 = 0x8000_0000

  /// `xpub`.
  static let version: UInt32 = 0x0488_b21e

  /// Parents up to the master key, which has 0.
  public let depth: UInt8
  /// The parent's fingerprint; 0 for a master key.
  public let parentFingerprint: UInt32
  /// Which child of the parent it is; 0 for a master key.
  public let index: UInt32
  /// What children depend on beside the key. Not secret, but with it and a child's secret key the
  /// secrets of this key and of all its other children follow, so both are kept apart.
  public let chainCode: Hash32
  public let publicKey: PublicKey

  /// From the text `xpub...`.
  public init(_ text: some StringProtocol) throws(ExtendedKeyError) {
    let fields = try SerializedKey(text, version: Self.version)
    guard fields.key.count == 33, let publicKey = PublicKey(fields.key) else { throw .key }
    self.init(fields.origin, chainCode: fields.chainCode, publicKey: publicKey)
  }

  init(_ origin: KeyOrigin, chainCode: Hash32, publicKey: PublicKey) {
    depth = origin.depth
    parentFingerprint = origin.parentFingerprint
    index = origin.index
    self.chainCode = chainCode
    self.publicKey = publicKey
  }

  /// The first four bytes of the hash of the key: a hint at which key it is, not a proof.
  public var fingerprint: UInt32 {
    RIPEMD160.hash(Array(SHA256.hash(data: publicKey.compressed))).prefix(4)
      .reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// The child at `index`, which must be below `firstHardenedIndex`.
  public func child(_ index: UInt32) throws(ExtendedKeyError) -> ExtendedPublicKey {
    guard index < Self.firstHardenedIndex else { throw .hardened }
    let code = ChildCode(of: publicKey.compressed, index: index, chainCode: chainCode)
    return try child(index, by: code)
  }

  /// The child that `code` gives.
  func child(_ index: UInt32, by code: ChildCode) throws(ExtendedKeyError) -> ExtendedPublicKey {
    let origin = try origin(ofChild: index)
    guard let childKey = publicKey.adding(code.tweak) else { throw .noChild(index: index) }
    return ExtendedPublicKey(origin, chainCode: code.chainCode, publicKey: childKey)
  }

  func origin(ofChild index: UInt32) throws(ExtendedKeyError) -> KeyOrigin {
    guard depth < 255 else { throw .depth }
    return KeyOrigin(depth: depth + 1, parentFingerprint: fingerprint, index: index)
  }

  var origin: KeyOrigin {
    KeyOrigin(depth: depth, parentFingerprint: parentFingerprint, index: index)
  }
}

extension ExtendedPublicKey: CustomStringConvertible {
  /// The text `xpub...`.
  public var description: String {
    SerializedKey(origin: origin, chainCode: chainCode, key: publicKey.compressed)
      .text(version: Self.version)
  }
}

/// A secret key from which the secret keys of children follow: for the signer, the tool that
/// sweeps, and tests; never on the server. Source: BIP-32.
public struct ExtendedPrivateKey: ~Copyable, Sendable {
  /// `xprv`.
  private static let version: UInt32 = 0x0488_ade4

  public let secretKey: SecretKey
  /// The public half, with depth, parent and chain code of both.
  public let extendedPublicKey: ExtendedPublicKey

  /// The master key of a seed of 16 to 64 bytes.
  public init(seed: [UInt8]) throws(ExtendedKeyError) {
    guard (16...64).contains(seed.count) else { throw .seedLength(seed.count) }
    var code = ChildCode(of: seed, key: Array("Bitcoin seed".utf8))
    defer { code.erase() }
    guard let secretKey = SecretKey(code.tweak) else { throw .seed }
    self.init(.master, chainCode: code.chainCode, secretKey: secretKey)
  }

  /// From the text `xprv...`.
  public init(_ text: some StringProtocol) throws(ExtendedKeyError) {
    var fields = try SerializedKey(text, version: Self.version)
    defer { fields.erase() }
    var secret = Array(fields.key.dropFirst())
    defer { Secp256k1.erase(&secret) }
    guard fields.key.first == 0, let secretKey = SecretKey(secret) else { throw .key }
    self.init(fields.origin, chainCode: fields.chainCode, secretKey: secretKey)
  }

  private init(_ origin: KeyOrigin, chainCode: Hash32, secretKey: consuming SecretKey) {
    extendedPublicKey = ExtendedPublicKey(
      origin, chainCode: chainCode, publicKey: secretKey.publicKey)
    self.secretKey = secretKey
  }

  /// The child at `index`; hardened from `ExtendedPublicKey.firstHardenedIndex` on.
  public borrowing func child(_ index: UInt32) throws(ExtendedKeyError) -> ExtendedPrivateKey {
    let chainCode = extendedPublicKey.chainCode
    guard index >= ExtendedPublicKey.firstHardenedIndex else {
      let key = extendedPublicKey.publicKey.compressed
      return try child(index, by: ChildCode(of: key, index: index, chainCode: chainCode))
    }
    var key: [UInt8] = [0]
    key.reserveCapacity(33)
    secretKey.withBytes { secret in secret.withUnsafeBytes { key.append(contentsOf: $0) } }
    defer { Secp256k1.erase(&key) }
    return try child(index, by: ChildCode(of: key, index: index, chainCode: chainCode))
  }

  /// The child that `code` gives.
  borrowing func child(
    _ index: UInt32, by code: consuming ChildCode
  ) throws(ExtendedKeyError) -> ExtendedPrivateKey {
    defer { code.erase() }
    let origin = try extendedPublicKey.origin(ofChild: index)
    guard let childKey = secretKey.adding(code.tweak) else { throw .noChild(index: index) }
    return ExtendedPrivateKey(origin, chainCode: code.chainCode, secretKey: childKey)
  }

  /// The key at the end of `path`, one index a level.
  public consuming func descendant(_ path: [UInt32]) throws(ExtendedKeyError) -> ExtendedPrivateKey
  {
    var key = self
    for index in path { key = try key.child(index) }
    return key
  }

  /// The text `xprv...`: the secret itself, which no one erases.
  public borrowing func secretText() -> String {
    var key: [UInt8] = [0]
    secretKey.withBytes { secret in secret.withUnsafeBytes { key.append(contentsOf: $0) } }
    var fields = SerializedKey(
      origin: extendedPublicKey.origin, chainCode: extendedPublicKey.chainCode, key: key)
    Secp256k1.erase(&key)
    defer { fields.erase() }
    return fields.text(version: Self.version)
  }
}

/// Where in the tree a key is.
struct KeyOrigin {
  static let master = KeyOrigin(depth: 0, parentFingerprint: 0, index: 0)

  let depth: UInt8
  let parentFingerprint: UInt32
  let index: UInt32
}

/// `I` of BIP-32, an HMAC of 64 bytes: what is added to a parent's key, and the child's chain code.
struct ChildCode {
  /// `I_L`, 32 bytes.
  private(set) var tweak: [UInt8]
  /// `I_R`.
  let chainCode: Hash32

  init(tweak: [UInt8], chainCode: Hash32) {
    self.tweak = tweak
    self.chainCode = chainCode
  }

  init(of message: [UInt8], key: [UInt8]) {
    var code = Array(
      HMAC<SHA512>.authenticationCode(for: message, using: SymmetricKey(data: key)))
    defer { Secp256k1.erase(&code) }
    tweak = Array(code[..<32])
    chainCode = Hash32(UInt256(atMost32: code[32...]))
  }

  /// `key` is 33 bytes: the parent's public key, or a zero and its secret.
  init(of key: [UInt8], index: UInt32, chainCode: Hash32) {
    var message = key
    message.appendBigEndian(index)
    defer { Secp256k1.erase(&message) }
    self.init(of: message, key: chainCode.bytes)
  }

  mutating func erase() { Secp256k1.erase(&tweak) }
}

/// The 78 bytes of an extended key: version 4, depth 1, parent 4, index 4, chain code 32, key 33.
private struct SerializedKey {
  let origin: KeyOrigin
  let chainCode: Hash32
  var key: [UInt8]

  init(origin: KeyOrigin, chainCode: Hash32, key: [UInt8]) {
    self.origin = origin
    self.chainCode = chainCode
    self.key = key
  }

  init(_ text: some StringProtocol, version: UInt32) throws(ExtendedKeyError) {
    var bytes = try Base58Check.decode(text)
    defer { Secp256k1.erase(&bytes) }
    guard bytes.count == 78 else { throw .length(bytes.count) }
    func number(_ range: Range<Int>) -> UInt32 {
      bytes[range].reduce(0) { $0 << 8 | UInt32($1) }
    }
    guard number(0..<4) == version else { throw .version(number(0..<4)) }
    origin = KeyOrigin(depth: bytes[4], parentFingerprint: number(5..<9), index: number(9..<13))
    guard origin.depth > 0 || origin.parentFingerprint == 0 && origin.index == 0 else {
      throw .masterWithParent
    }
    chainCode = Hash32(UInt256(atMost32: bytes[13..<45]))
    key = Array(bytes[45...])
  }

  func text(version: UInt32) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(78)
    defer { Secp256k1.erase(&bytes) }
    bytes.appendBigEndian(version)
    bytes.append(origin.depth)
    bytes.appendBigEndian(origin.parentFingerprint)
    bytes.appendBigEndian(origin.index)
    chainCode.number.append(to: &bytes)
    bytes.append(contentsOf: key)
    return Base58Check.encode(bytes)
  }

  mutating func erase() { Secp256k1.erase(&key) }
}

extension [UInt8] {
  fileprivate mutating func appendBigEndian(_ value: UInt32) {
    Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
  }
}
