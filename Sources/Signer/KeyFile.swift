// The hot key at rest: encrypted by a passphrase, in a file that only its owner may touch.

internal import Crypto
internal import CryptoExtras
public import Ethereum
internal import Foundation
internal import Glibc

/// Why a file of the signer cannot be used; never says what is in it.
public struct SignerFileError: Error, Sendable, Equatable, CustomStringConvertible {
  public let path: String
  public let reason: String

  init(_ path: String, _ reason: String) {
    self.path = path
    self.reason = reason
  }

  public var description: String { "\(path): \(reason)" }
}

/// Files that must be ours alone.
enum PrivateFile {
  /// Opens an existing regular file; refuses a link, another's file, and one that others may touch.
  static func open(_ path: String, _ flags: Int32) throws(SignerFileError) -> Int32 {
    let descriptor = Glibc.open(path, flags | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { throw failure(path, "cannot be opened") }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw SignerFileError(path, "is not a regular file")
    }
    guard status.st_uid == geteuid() else {
      close(descriptor)
      throw SignerFileError(path, "belongs to another user")
    }
    guard status.st_mode & 0o077 == 0 else {
      close(descriptor)
      throw SignerFileError(path, "others may touch it: chmod 600")
    }
    return descriptor
  }

  /// Makes a file that was not there, durably, its place in the directory included.
  static func make(_ path: String, _ content: [UInt8]) throws(SignerFileError) {
    let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw failure(path, "cannot be made") }
    defer { close(descriptor) }
    guard fchmod(descriptor, 0o600) == 0, write(descriptor, content), fsync(descriptor) == 0 else {
      throw failure(path, "cannot be written")
    }
    try syncDirectory(of: path)
  }

  static func syncDirectory(of path: String) throws(SignerFileError) {
    let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
    let descriptor = Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(directory, "cannot be opened") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failure(directory, "cannot be synced") }
  }

  /// All of it, however the kernel cuts it up.
  static func write(_ descriptor: Int32, _ content: [UInt8]) -> Bool {
    var rest = content[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// Up to `maximum` bytes; nil where there are more, or reading fails.
  static func read(_ descriptor: Int32, maximum: Int) -> [UInt8]? {
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4_096)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0, content.count + count <= maximum else { return nil }
      if count == 0 { return content }
      content += buffer[..<count]
    }
  }

  static func failure(_ path: String, _ what: String) -> SignerFileError {
    SignerFileError(path, "\(what): \(String(cString: strerror(errno)))")
  }
}

/// A secret key in a file: scrypt of a passphrase, then AES-256-GCM, bound to the key's address.
public enum KeyFile {
  /// 128 MB and some 300 ms for each guess (RFC 7914: 128 x N x r bytes).
  static let rounds = 1 << 17
  static let blockSize = 8
  static let maximumBytes = 4_096
  static let maximumPassphraseBytes = 1_024

  private struct Content: Codable {
    var version: Int
    var address: String
    var rounds: Int
    var blockSize: Int
    var salt: String
    /// Nonce, ciphertext and tag.
    var sealed: String
  }

  /// A passphrase from a descriptor, so that it is in no argument and no environment; one line end is cut.
  public static func passphrase(from descriptor: Int32) throws(SignerFileError) -> [UInt8] {
    guard var bytes = PrivateFile.read(descriptor, maximum: maximumPassphraseBytes) else {
      throw SignerFileError(
        "descriptor \(descriptor)", "holds no passphrase of at most \(maximumPassphraseBytes) bytes"
      )
    }
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    guard !bytes.isEmpty else {
      throw SignerFileError("descriptor \(descriptor)", "the passphrase is empty")
    }
    return bytes
  }

  /// Writes a key to a new file.
  public static func write(
    _ key: borrowing SecretKey, to path: String, passphrase: [UInt8]
  ) throws(SignerFileError) {
    var generator = SystemRandomNumberGenerator()
    let salt = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    let address = "\(key.address)"
    let wrapping = try wrappingKey(passphrase, salt, rounds, blockSize, path)
    var secret = key.withBytes { span in
      (0..<span.byteCount).map { span.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
    }
    defer { erase(&secret) }
    guard
      let sealed = try? AES.GCM.seal(
        secret, using: wrapping, authenticating: Array(address.utf8)
      ).combined,
      let content = try? JSONEncoder().encode(
        Content(
          version: 1, address: address, rounds: rounds, blockSize: blockSize,
          salt: Hex.encode(salt), sealed: Hex.encode(Array(sealed))))
    else { throw SignerFileError(path, "the key cannot be sealed") }
    try PrivateFile.make(path, Array(content))
  }

  /// Reads a key; says no more than that passphrase or file is wrong.
  public static func read(
    _ path: String, passphrase: [UInt8]
  ) throws(SignerFileError) -> SecretKey {
    let descriptor = try PrivateFile.open(path, O_RDONLY)
    defer { close(descriptor) }
    guard let bytes = PrivateFile.read(descriptor, maximum: maximumBytes),
      let content = try? JSONDecoder().decode(Content.self, from: Data(bytes)),
      content.version == 1, let salt = try? Hex.decode(content.salt), salt.count == 32,
      let sealed = try? Hex.decode(content.sealed), sealed.count == 12 + 32 + 16,
      // More would take more memory than a machine has; less than was ever written is a forgery.
      content.rounds == rounds, content.blockSize == blockSize
    else { throw SignerFileError(path, "is not a key file") }
    let wrapping = try wrappingKey(passphrase, salt, content.rounds, content.blockSize, path)
    guard let box = try? AES.GCM.SealedBox(combined: sealed),
      let opened = try? AES.GCM.open(
        box, using: wrapping, authenticating: Array(content.address.utf8))
    else { throw SignerFileError(path, "the passphrase is wrong, or the file is damaged") }
    var secret = Array(opened)
    defer { erase(&secret) }
    guard let key = SecretKey(secret), "\(key.address)" == content.address else {
      throw SignerFileError(path, "the key is not the address's")
    }
    return key
  }

  private static func wrappingKey(
    _ passphrase: [UInt8], _ salt: [UInt8], _ rounds: Int, _ blockSize: Int, _ path: String
  ) throws(SignerFileError) -> SymmetricKey {
    do {
      return try KDF.Scrypt.deriveKey(
        from: passphrase, salt: salt, outputByteCount: 32, rounds: rounds, blockSize: blockSize,
        parallelism: 1, maxMemory: 256 << 20)
    } catch {
      throw SignerFileError(path, "scrypt does not run: \(error)")
    }
  }

  private static func erase(_ bytes: inout [UInt8]) {
    bytes.withUnsafeMutableBytes { memory in
      if let base = memory.baseAddress { explicit_bzero(base, memory.count) }
    }
  }
}
