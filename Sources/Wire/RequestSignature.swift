// How requests are signed: the subset of RFC 9421 that this project speaks, for both ends.

internal import Crypto
internal import Formats

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// What a signature covers: `("@method" "@path" "@query" "content-digest")`, then the header fields
/// in `extra` in their order (the tape's `uncross-*`; none in the API).
public struct SignableRequest: Sendable {
  public var method: String
  /// As it stands in the request line, percent-encoding untouched.
  public var path: String
  /// Without the question mark; empty for none.
  public var query: String
  /// The value of `Content-Digest`; always there, for an empty body too.
  public var contentDigest: String
  /// Lower-case field names and their values.
  public var extra: [(name: String, value: String)]

  public init(
    method: String, path: String, query: String, contentDigest: String,
    extra: [(name: String, value: String)] = []
  ) {
    self.method = method
    self.path = path
    self.query = query
    self.contentDigest = contentDigest
    self.extra = extra
  }

  /// From the request line's target, `/v1/orders?limit=2`.
  public init(
    method: String, target: String, contentDigest: String,
    extra: [(name: String, value: String)] = []
  ) {
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    self.init(
      method: method, path: parts[0].isEmpty ? "/" : String(parts[0]),
      query: parts.count > 1 ? String(parts[1]) : "", contentDigest: contentDigest, extra: extra)
  }

  /// `sha-256=:BASE64:` of a body (RFC 9530).
  public static func digest(of body: some Collection<UInt8>) -> String {
    "sha-256=:\(Data(SHA256.hash(data: Array(body))).base64EncodedString()):"
  }

  /// Whether a text has the form of a digest: bytes of ASCII, so that what Unicode calls equal to
  /// one is none.
  package static func isDigest(_ text: String) -> Bool {
    let (head, tail) = ("sha-256=:", "=:")
    guard text.utf8.count == head.utf8.count + 43 + tail.utf8.count,
      text.utf8.starts(with: head.utf8), text.utf8.suffix(tail.utf8.count).elementsEqual(tail.utf8)
    else { return false }
    return text.utf8.dropFirst(head.utf8.count).prefix(43).allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
        true
      default: false
      }
    }
  }

  /// The component list as it begins `Signature-Input`'s value.
  package var components: String {
    var list = #"("@method" "@path" "@query" "content-digest""#
    for field in extra { list += " \"\(field.name)\"" }
    return list + ")"
  }

  /// The bytes that are signed; nil where a value holds a control character, which could forge a
  /// line.
  package func base(_ parameters: String) -> [UInt8]? {
    var lines = [
      ("@method", method), ("@path", path), ("@query", "?" + query),
      ("content-digest", contentDigest),
    ]
    lines += extra.map { ($0.name, $0.value) }
    lines.append(("@signature-params", parameters))
    let text = lines.map { "\"\($0.0)\": \($0.1)" }
    guard text.allSatisfy({ line in line.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f } }) else {
      return nil
    }
    return Array(text.joined(separator: "\n").utf8)
  }
}

/// A request's signature as its two header fields say it. Parsing proves nothing yet: the verifier
/// looks up the key, checks the time, then asks `isValid`.
public struct RequestSignature: Sendable, Equatable {
  /// When it was made, in seconds since 1970.
  public let created: Int64
  /// 8 to 64 characters of `A-Z a-z 0-9 - _`.
  public let nonce: String
  /// The public key itself, 32 bytes.
  public let publicKey: [UInt8]

  private let bytes: [UInt8]
  private let signedBytes: [UInt8]

  /// Reads `Signature-Input` and `Signature` of a request; throws where they say anything but a
  /// signature `sig` by this scheme over exactly this request's components.
  public init(
    signatureInput: String, signature: String, of request: SignableRequest
  ) throws(SignatureFormatError) {
    // Bounded and ASCII, before anything compares it as text.
    guard signatureInput.utf8.count <= 2_048, signatureInput.utf8.allSatisfy({ $0 < 0x80 }),
      let value = signatureInput.after("sig=")
    else {
      throw SignatureFormatError("Signature-Input must begin with sig=")
    }
    guard let rest = value.after(request.components) else {
      throw SignatureFormatError("Signature-Input must cover \(request.components)")
    }
    let parameters = try Self.parameters(rest)
    guard let createdText = parameters["created"], createdText.utf8.count <= 12,
      createdText.utf8.allSatisfy(isDigit), let created = Int64(createdText),
      String(created) == createdText
    else { throw SignatureFormatError("created must be whole seconds") }
    guard let nonce = parameters["nonce"]?.unquoted, (8...64).contains(nonce.utf8.count),
      nonce.utf8.allSatisfy(isNonceByte)
    else { throw SignatureFormatError("nonce must be 8 to 64 characters of A-Z a-z 0-9 - _") }
    guard let key = parameters["keyid"]?.unquoted.flatMap({ Hex.bytes($0) }), key.count == 32 else {
      throw SignatureFormatError("keyid must be 64 lower-case hex digits")
    }
    guard parameters["alg"] == "\"ed25519\"" else {
      throw SignatureFormatError("alg must be \"ed25519\"")
    }
    guard signature.utf8.count <= 256, signature.utf8.allSatisfy({ $0 < 0x80 }),
      let encoded = signature.after("sig=:"), encoded.last == ":",
      let bytes = Data(base64Encoded: String(encoded.dropLast())), bytes.count == 64,
      bytes.base64EncodedString() == encoded.dropLast()
    else { throw SignatureFormatError("Signature must be sig=:BASE64: of 64 bytes") }
    guard let base = request.base(String(value)) else {
      throw SignatureFormatError("a signed value holds a control character")
    }
    self.created = created
    self.nonce = String(nonce)
    publicKey = key
    self.bytes = Array(bytes)
    signedBytes = base
  }

  /// Whether the holder of `publicKey` signed this.
  public var isValid: Bool {
    guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey) else {
      return false
    }
    return key.isValidSignature(bytes, for: signedBytes)
  }

  /// `;name=value` pairs, each name once.
  private static func parameters(
    _ text: Substring
  ) throws(SignatureFormatError) -> [Substring: Substring] {
    var found: [Substring: Substring] = [:]
    let parts = text.split(separator: ";", omittingEmptySubsequences: false)
    guard parts.first == "" else {
      throw SignatureFormatError("parameters must follow the components")
    }
    for part in parts.dropFirst() {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard pair.count == 2, ["created", "nonce", "keyid", "alg"].contains(pair[0]),
        found.updateValue(pair[1], forKey: pair[0]) == nil
      else { throw SignatureFormatError("parameters are created, nonce, keyid, alg, each once") }
    }
    return found
  }
}

/// What is wrong with the form of a signature, for the one who wrote it.
public struct SignatureFormatError: Error, Sendable, Equatable, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}

/// The header fields of a signed request.
public struct SignatureFields: Sendable, Equatable {
  public let contentDigest: String
  public let signatureInput: String
  public let signature: String

  package init(contentDigest: String, signatureInput: String, signature: String) {
    self.contentDigest = contentDigest
    self.signatureInput = signatureInput
    self.signature = signature
  }

  /// In the order in which they are usually sent.
  public var all: [(name: String, value: String)] {
    [
      ("Content-Digest", contentDigest), ("Signature-Input", signatureInput),
      ("Signature", signature),
    ]
  }
}

private func isDigit(_ byte: UInt8) -> Bool {
  (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}

private func isNonceByte(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
    true
  default: false
  }
}

extension StringProtocol where SubSequence == Substring {
  fileprivate func after(_ prefix: String) -> Substring? {
    hasPrefix(prefix) ? dropFirst(prefix.count) : nil
  }

  /// The content of a quoted string without escapes.
  fileprivate var unquoted: Substring? {
    guard utf8.count >= 2, first == "\"", last == "\"" else { return nil }
    return dropFirst().dropLast()
  }
}
