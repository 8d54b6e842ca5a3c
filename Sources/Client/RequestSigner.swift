// The signing side: an Ed25519 private key, and the file that holds it.

internal import Crypto
internal import Formats
public import Wire

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif
#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Signs requests. Its key lies in a PKCS #8 PEM file that only its owner may read, as
/// `openssl genpkey -algorithm ed25519` writes it.
public struct RequestSigner: Sendable {
  /// 32 bytes; names the key to the server.
  public let publicKey: [UInt8]
  public var publicKeyHex: String { Hex.string(publicKey) }

  private let privateKey: Curve25519.Signing.PrivateKey

  /// A new random key.
  public init() { self.init(Curve25519.Signing.PrivateKey()) }

  /// The key with this seed (RFC 8032), 32 bytes.
  public init(seed: [UInt8]) throws(KeyFileError) {
    guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed) else {
      throw KeyFileError(path: "", reason: "a seed has 32 bytes")
    }
    self.init(key)
  }

  private init(_ key: Curve25519.Signing.PrivateKey) {
    privateKey = key
    publicKey = Array(key.publicKey.rawRepresentation)
  }

  /// The header fields that sign a request. A nonce is never used twice: leave it out, or take
  /// `randomNonce`. Throws where a value holds a control character: what came from another machine
  /// may.
  public func sign(
    method: String, target: String, body: some Collection<UInt8>,
    extra: [(name: String, value: String)] = [], created: Int64, nonce: String? = nil
  ) throws(UnsignableRequest) -> SignatureFields {
    let request = SignableRequest(
      method: method, target: target, contentDigest: SignableRequest.digest(of: body), extra: extra)
    return try sign(request, created: created, nonce: nonce)
  }

  public func sign(
    _ request: SignableRequest, created: Int64, nonce: String? = nil
  ) throws(UnsignableRequest) -> SignatureFields {
    let nonce = nonce ?? Self.randomNonce()
    let parameters =
      request.components
      + ";created=\(created);nonce=\"\(nonce)\";keyid=\"\(publicKeyHex)\";alg=\"ed25519\""
    guard let base = request.base(parameters) else { throw UnsignableRequest() }
    return SignatureFields(
      contentDigest: request.contentDigest, signatureInput: "sig=" + parameters,
      signature: "sig=:\(Data(sign(digest: base)).base64EncodedString()):")
  }

  /// Signs a hash that stands for something else than a request, as an approval's.
  public func sign(digest: [UInt8]) -> [UInt8] {
    guard let signature = try? privateKey.signature(for: digest) else {
      preconditionFailure("Ed25519 signs every message")
    }
    return Array(signature)
  }

  /// 128 random bits after what the server wants first.
  public static func randomNonce(after prefix: String = "") -> String {
    var generator = SystemRandomNumberGenerator()
    return prefix
      + Hex.string((0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
  }
}

/// A request with a value that holds a control character, which could pretend to be two signed
/// lines. Nothing was signed.
public struct UnsignableRequest: Error, Sendable, Equatable, CustomStringConvertible {
  public init() {}

  public var description: String { "a value of the request to sign holds a control character" }
}

/// A key file that cannot be used; `description` says which and why, never its content.
public struct KeyFileError: Error, Sendable, Equatable, CustomStringConvertible {
  public let path: String
  public let reason: String

  public var description: String { path.isEmpty ? reason : "key file \(path): \(reason)" }
}

extension RequestSigner {
  private static let beginning = "-----BEGIN PRIVATE KEY-----"
  private static let ending = "-----END PRIVATE KEY-----"
  /// RFC 8410: version 0, id-Ed25519, an octet string that holds one of 32 bytes.
  private static let prefix: [UInt8] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
  ]
  /// A key is 119 bytes of PEM; more is something else.
  private static let maximumFileSize = 4_096

  /// Reads a private key; refuses a file that group or others may touch.
  public init(keyFile path: String) throws(KeyFileError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw KeyFileError(path: path, reason: "cannot be opened: \(lastError())")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw KeyFileError(path: path, reason: "is not a regular file")
    }
    guard status.st_mode & 0o077 == 0 else {
      let mode = String(status.st_mode & 0o777, radix: 8)
      throw KeyFileError(
        path: path, reason: "has mode 0\(mode), others could use the key: chmod 600 it")
    }
    var content = [UInt8](repeating: 0, count: Self.maximumFileSize)
    let count = read(descriptor, &content, content.count)
    guard count > 0, count < Self.maximumFileSize else {
      throw KeyFileError(path: path, reason: "is empty, too large or unreadable")
    }
    guard let seed = Self.seed(inPEM: String(decoding: content[..<count], as: UTF8.self)) else {
      throw KeyFileError(
        path: path, reason: "holds no Ed25519 private key (openssl genpkey -algorithm ed25519)")
    }
    try self.init(seed: seed)
  }

  /// Writes the private key to a new file of mode 0600; never overwrites one.
  public func writeKeyFile(_ path: String) throws(KeyFileError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw KeyFileError(path: path, reason: "cannot be made: \(lastError())")
    }
    defer { close(descriptor) }
    let content = Array(pem.utf8)
    guard fchmod(descriptor, 0o600) == 0,
      write(descriptor, content, content.count) == content.count,
      fsync(descriptor) == 0
    else { throw KeyFileError(path: path, reason: "cannot be written: \(lastError())") }
  }

  private var pem: String {
    let encoded = Data(Self.prefix + privateKey.rawRepresentation).base64EncodedString()
    return "\(Self.beginning)\n\(encoded)\n\(Self.ending)\n"
  }

  private static func seed(inPEM text: String) -> [UInt8]? {
    let lines = text.split(whereSeparator: \.isNewline)
    guard lines.first == beginning[...], lines.last == ending[...],
      let der = Data(base64Encoded: lines.dropFirst().dropLast().joined()),
      der.count == prefix.count + 32, der.starts(with: prefix)
    else { return nil }
    return Array(der.suffix(32))
  }
}

private func lastError() -> String { String(cString: strerror(errno)) }
