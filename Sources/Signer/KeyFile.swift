// The hot key at rest: a file that needs its passphrase.

internal import CSigner
internal import Crypto
internal import CryptoExtras
public import Ethereum
internal import Formats
internal import FoundationEssentials

/// A secret key in a file of mode 0600: AES-256-GCM under a key that scrypt makes of a passphrase
/// (RFC 7914). Everything else in the file is authenticated with it.
public enum KeyFile {
  /// How hard it is to try passphrases. `rounds` is N of RFC 7914.
  struct Scrypt: Equatable {
    let rounds: Int
    let blockSize: Int
    let parallelism: Int

    /// Takes 128 MiB and some tenths of a second.
    static let standard = Scrypt(rounds: 1 << 17, blockSize: 8, parallelism: 1)

    /// What is accepted from a file: below, guessing is cheap; above, opening takes over 1 GiB.
    var isWithinBounds: Bool {
      rounds.nonzeroBitCount == 1 && (1 << 14...1 << 20).contains(rounds) && blockSize == 8
        && (1...4).contains(parallelism)
    }
  }

  private static let version: UInt64 = 1
  private static let maximumByteCount = 4_096
  private static let saltByteCount = 32
  private static let nonceByteCount = 12
  private static let tagByteCount = 16

  /// What the file says, encrypted or not.
  private struct Content: Equatable {
    var address: Address
    var scrypt: Scrypt
    var salt: [UInt8]
    var nonce: [UInt8]
    /// The key's 32 bytes, encrypted, then the tag.
    var sealed: [UInt8]

    /// What the tag covers besides the key.
    var header: [UInt8] {
      let words = [
        "uncross-signer-key", "\(version)", "\(address)", "scrypt", "\(scrypt.rounds)",
        "\(scrypt.blockSize)", "\(scrypt.parallelism)", Hex.encode(salt),
      ]
      return Array(words.joined(separator: " ").utf8)
    }

    /// Tells a damaged file from a wrong passphrase; it says nothing of either.
    var checksum: [UInt8] { Array(SHA256.hash(data: header + nonce + sealed)) }

    /// The one text that a content has.
    var encoded: [UInt8] {
      let fields = [
        JSONField("version", .number(version)), .init("address", .text("\(address)")),
        .init("kdf", .text("scrypt")), .init("n", .number("\(scrypt.rounds)")),
        .init("r", .number("\(scrypt.blockSize)")), .init("p", .number("\(scrypt.parallelism)")),
        .init("salt", .text(Hex.encode(salt))), .init("cipher", .text("aes-256-gcm")),
        .init("nonce", .text(Hex.encode(nonce))), .init("sealed", .text(Hex.encode(sealed))),
        .init("checksum", .text(Hex.encode(checksum))),
      ]
      return JSONValue.object(fields).bytes + [UInt8(ascii: "\n")]
    }
  }

  // MARK: Writing

  /// Writes a new file, on disk when this returns; an existing one is never overwritten.
  public static func create(
    _ path: String, key: borrowing SecretKey, passphrase: borrowing SecretBytes
  ) throws(KeyFileError) {
    try create(path, key: key, passphrase: passphrase, scrypt: .standard)
  }

  static func create(
    _ path: String, key: borrowing SecretKey, passphrase: borrowing SecretBytes, scrypt: Scrypt
  ) throws(KeyFileError) {
    let salt = random(saltByteCount)
    let nonce = random(nonceByteCount)
    var content = Content(
      address: key.address, scrypt: scrypt, salt: salt, nonce: nonce, sealed: [])
    let wrapping = try wrappingKey(content, passphrase)
    do {
      let header = content.header
      content.sealed = try key.withBytes { bytes in
        try bytes.withUnsafeBytes { bytes in
          let box = try AES.GCM.seal(
            bytes, using: wrapping, nonce: AES.GCM.Nonce(data: nonce), authenticating: header)
          return Array(box.ciphertext) + Array(box.tag)
        }
      }
    } catch {
      preconditionFailure("AES-GCM does not encrypt: \(error)")
    }
    do { try ProtectedFile.create(path, content.encoded) } catch { throw .file(error) }
  }

  // MARK: Reading

  /// The key. Takes as long as scrypt does.
  public static func open(
    _ path: String, passphrase: borrowing SecretBytes
  ) throws(KeyFileError) -> SecretKey {
    let bytes: [UInt8]
    do {
      bytes = try ProtectedFile.read(path, .secret, maximum: maximumByteCount)
    } catch { throw .file(error) }
    let content = try content(of: bytes)
    let wrapping = try wrappingKey(content, passphrase)
    var plain: Data
    do {
      let box = try AES.GCM.SealedBox(
        nonce: AES.GCM.Nonce(data: content.nonce),
        ciphertext: content.sealed.dropLast(tagByteCount),
        tag: content.sealed.suffix(tagByteCount))
      plain = try AES.GCM.open(box, using: wrapping, authenticating: content.header)
    } catch { throw .wrongPassphrase }
    defer {
      plain.withUnsafeMutableBytes { uncross_signer_erase($0.baseAddress, $0.count) }
    }
    guard let key = SecretKey(plain.bytes) else { throw .damaged("it holds no key") }
    guard key.address == content.address else { throw .damaged("the key is another address's") }
    return key
  }

  private static func content(of bytes: [UInt8]) throws(KeyFileError) -> Content {
    let content: Content
    do throws(JSONError) {
      var fields = try SignerFields(parsing: bytes, .signer)
      let written: UInt64 = try fields.integer("version")
      guard written == version else {
        throw JSONError("its version is \(written); if a newer signer wrote it, start that one")
      }
      guard try fields.text("kdf") == "scrypt" else { throw JSONError("unknown kdf") }
      guard try fields.text("cipher") == "aes-256-gcm" else { throw JSONError("unknown cipher") }
      guard let address = try? Address(try fields.text("address")) else {
        throw JSONError("address is none")
      }
      func hex(_ name: String, count: Int) throws(JSONError) -> [UInt8] {
        guard let bytes = try? Hex.decode(try fields.text(name)), bytes.count == count else {
          throw JSONError("\(name) must be \(count) bytes in hexadecimal")
        }
        return bytes
      }
      func parameter(_ name: String) throws(JSONError) -> Int {
        Int(clamping: try fields.integer(name, as: UInt64.self))
      }
      content = Content(
        address: address,
        scrypt: Scrypt(
          rounds: try parameter("n"), blockSize: try parameter("r"),
          parallelism: try parameter("p")),
        salt: try hex("salt", count: saltByteCount), nonce: try hex("nonce", count: nonceByteCount),
        sealed: try hex("sealed", count: SecretKey.byteCount + tagByteCount))
      guard try hex("checksum", count: 32) == content.checksum else {
        throw JSONError("the checksum is another")
      }
      try fields.finish()
    } catch { throw .damaged(error.description) }
    guard content.scrypt.isWithinBounds else { throw .damaged("scrypt's parameters") }
    guard content.encoded == bytes else { throw .damaged("it is not as it was written") }
    return content
  }

  private static func wrappingKey(
    _ content: Content, _ passphrase: borrowing SecretBytes
  ) throws(KeyFileError) -> SymmetricKey {
    do {
      return try passphrase.withBytes { bytes in
        try KDF.Scrypt.deriveKey(
          from: bytes, salt: content.salt, outputByteCount: 32, rounds: content.scrypt.rounds,
          blockSize: content.scrypt.blockSize, parallelism: content.scrypt.parallelism,
          // The table of N blocks, p blocks and some room (RFC 7914, section 5).
          maxMemory: 128 * content.scrypt.blockSize * (content.scrypt.rounds + 64))
      }
    } catch { throw .noMemory }
  }

  private static func random(_ count: Int) -> [UInt8] {
    var generator = SystemRandomNumberGenerator()
    return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
  }
}

/// Why a key's file gives no key, or is not made.
public enum KeyFileError: Error, Equatable, Sendable {
  case file(FileFault)
  /// The file is not as it was written.
  case damaged(String)
  case wrongPassphrase
  /// scrypt does not get its memory.
  case noMemory
}

extension KeyFileError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .file(let fault): fault.description
    case .damaged(let reason): "it is damaged: \(reason)"
    case .wrongPassphrase: "wrong passphrase"
    case .noMemory: "not enough memory to open it"
    }
  }
}
