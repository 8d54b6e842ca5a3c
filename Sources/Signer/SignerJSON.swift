// What the texts of the signer may hold: settings, the key's file, requests and answers.

internal import Formats

extension JSONLimits {
  /// Of a frame or the key's file: flat objects, one inside another in an answer.
  static let signer = signer(bytes: SignerProtocol.maximumByteCount, elements: 0)

  /// Of the policy: at most 64 assets, and recipients of 44 bytes each.
  static let policy = signer(
    bytes: SignerPolicy.maximumByteCount, elements: SignerPolicy.maximumByteCount / 44)

  /// Plain words only: what guards the key is written in one way. No object has more than 12
  /// fields.
  private static func signer(bytes: Int, elements: Int) -> JSONLimits {
    JSONLimits(
      bytes: bytes, depth: 4, members: 16, elements: elements, nameBytes: 64, stringBytes: bytes,
      vocabulary: .plain)
  }
}

/// The fields of one object of the signer's.
typealias SignerFields = JSONFields<JSONError>
