// Who sent this: signature, time window, replay, in the order that costs a stranger the most.

internal import Client
internal import Crypto
internal import Engine
internal import Formats
internal import Hummingbird
internal import Synchronization

/// Proves a request's head: the signature covers method, path, query and the body's digest. The
/// body is read only after that, and compared with the digest.
struct RequestAuthenticator: Sendable {
  /// Seconds that `created` may lie in the past.
  static let receiveWindow: Int64 = 5
  /// And in the future: for clocks that differ by less than a second across its border.
  static let futureWindow: Int64 = 1

  let directory: Directory
  let replays: ReplayCache
  /// The second in which this server began. What was signed before or in it may have been sent to
  /// the server that ran before, whose memory of nonces is gone; that server took signatures from
  /// up to `futureWindow` ahead.
  let startedAt: Int64

  /// What a request's head says of its sender; nothing of it is proved.
  struct Claim: Sendable {
    fileprivate var signature: RequestSignature
    var identity: Identity
    /// `Content-Digest`, which the body must have.
    var digest: String
  }

  /// Reads a head and finds the key it names: cheap, whatever a stranger sends.
  func claim(of request: HTTPRequest, target: String) throws(Refusal) -> Claim {
    let fields = request.headerFields
    guard let digest = try Self.single(.contentDigest, fields),
      let input = try Self.single(.signatureInput, fields),
      let value = try Self.single(.signature, fields)
    else { throw Refusal(.signatureMissing) }
    let signable = SignableRequest(
      method: request.method.rawValue, target: target, contentDigest: digest)
    let signature: RequestSignature
    do throws(SignatureFormatError) {
      signature = try RequestSignature(signatureInput: input, signature: value, of: signable)
    } catch {
      throw Refusal(.signatureInvalid, error.description)
    }
    guard let key = PublicKey(signature.publicKey), let identity = directory.identity(of: key)
    else { throw Refusal(.keyUnknown) }
    return Claim(signature: signature, identity: identity, digest: digest)
  }

  /// Proves a claim: its time, the signature, and that it comes for the first time.
  func prove(_ claim: Claim, now: Int64) throws(Refusal) {
    let signature = claim.signature
    guard signature.created >= now - Self.receiveWindow,
      signature.created <= now + Self.futureWindow
    else { throw Refusal(.requestStale) }
    guard signature.created > startedAt + Self.futureWindow else {
      throw Refusal(.requestBeforeStart, retryAfterSeconds: 1)
    }
    guard signature.isValid else { throw Refusal(.signatureInvalid) }
    switch replays.insert(signature, now: now) {
    case .new: return
    case .seen: throw Refusal(.requestReplayed)
    case .full:
      throw Refusal(.unavailable, "too many signatures to remember", retryAfterSeconds: 1)
    }
  }

  /// The only value of a header field; nil where it is missing. Two of them would be read
  /// differently by others on the way.
  private static func single(
    _ name: HTTPFields.Element.Name, _ fields: HTTPFields
  ) throws(Refusal) -> String? {
    let values = fields[values: name]
    guard values.count <= 1 else {
      throw Refusal(.signatureInvalid, "\(name.canonicalName) is there twice")
    }
    return values.first
  }
}

/// The nonces of all signatures that are still inside the window, by second. When it is full it
/// refuses: forgetting one early would let it be sent again.
final class ReplayCache: Sendable {
  enum Outcome: Equatable { case new, seen, full }

  // Half of a SHA-256 over key and nonce: nobody finds two that agree.
  private struct Fingerprint: Hashable {
    var high: UInt64
    var low: UInt64
  }

  private struct State {
    var bySecond: [Int64: Set<Fingerprint>] = [:]
    var count = 0
  }

  private let capacity: Int
  private let state = Mutex(State())

  /// About 40 bytes each.
  init(capacity: Int) { self.capacity = capacity }

  var count: Int { state.withLock { $0.count } }

  /// Remembers a signature whose time was checked against `now`.
  func insert(_ signature: RequestSignature, now: Int64) -> Outcome {
    let fingerprint = Self.fingerprint(signature)
    return state.withLock { state in
      Self.forget(before: now - RequestAuthenticator.receiveWindow, in: &state)
      if state.bySecond[signature.created]?.contains(fingerprint) == true { return .seen }
      guard state.count < capacity else { return .full }
      state.bySecond[signature.created, default: []].insert(fingerprint)
      state.count += 1
      return .new
    }
  }

  // The window is seven seconds wide, so there are hardly more buckets than that.
  private static func forget(before second: Int64, in state: inout State) {
    for old in state.bySecond.keys.filter({ $0 < second }) {
      state.count -= state.bySecond.removeValue(forKey: old)?.count ?? 0
    }
  }

  private static func fingerprint(_ signature: RequestSignature) -> Fingerprint {
    let digest = SHA256.hash(data: signature.publicKey + Array(signature.nonce.utf8))
    var words: [UInt64] = [0, 0]
    for (index, byte) in digest.prefix(16).enumerated() {
      words[index / 8] = words[index / 8] << 8 | UInt64(byte)
    }
    return Fingerprint(high: words[0], low: words[1])
  }
}
