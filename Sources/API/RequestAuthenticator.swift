// Who sent this: time, replay, signature, the cheap before the dear.

internal import Crypto
internal import Engine
internal import Formats
internal import Hummingbird
internal import Synchronization
internal import Wire

/// Proves a request's head: the signature covers method, path, query and the body's digest. The
/// body is read only after that, and compared with the digest.
///
/// A key that nobody holds costs the same and gets the same answer as a wrong signature: an answer
/// tells nobody which keys are registered.
struct RequestAuthenticator: Sendable {
  /// Seconds that `created` may lie in the past.
  static let receiveWindow: Int64 = 5
  /// And in the future: for clocks that differ by less than a second across its border.
  static let futureWindow: Int64 = 1

  let directory: Directory
  let replays: ReplayCache
  /// The last second whose signatures a server before this one may have taken: its memory of
  /// nonces is gone. Where its clock was ahead, that second is still to come; until then a nonce
  /// that begins with `noncePrefix` proves that it was never taken.
  let signaturesAfter: Int64
  /// Drawn at this server's start: nobody could sign it before.
  let noncePrefix = Hex.string((0..<8).map { _ in UInt8.random(in: .min ... .max) })

  /// What a request's head says of its sender; nothing of it is proved.
  struct Claim: Sendable {
    fileprivate var signature: RequestSignature
    /// Nil where no key can have these bytes.
    var key: PublicKey?
    /// `Content-Digest`, which the body must have.
    var digest: String
  }

  /// Reads a head and refuses what needs no proof: form, time, and a nonce that was used. Cheap,
  /// whatever a stranger sends.
  func claim(
    of request: HTTPRequest, target: String, now: Int64
  ) throws(Refusal) -> Claim {
    let fields = request.headerFields
    guard let digest = try Self.single(.contentDigest, fields),
      let input = try Self.single(.signatureInput, fields),
      let value = try Self.single(.signature, fields)
    else { throw Refusal(.signatureMissing) }
    guard SignableRequest.isDigest(digest) else {
      throw Refusal(.signatureInvalid, "Content-Digest must be sha-256=:BASE64: of 32 bytes")
    }
    let signable = SignableRequest(
      method: request.method.rawValue, target: target, contentDigest: digest)
    let signature: RequestSignature
    do throws(SignatureFormatError) {
      signature = try RequestSignature(signatureInput: input, signature: value, of: signable)
    } catch {
      throw Refusal(.signatureInvalid, error.description)
    }
    guard signature.created >= now - Self.receiveWindow,
      signature.created <= now + Self.futureWindow
    else { throw Refusal(.requestStale) }
    guard signature.created > signaturesAfter || signature.nonce.hasPrefix(noncePrefix) else {
      throw staleAtStart
    }
    try Self.check(replays.look(signature))
    return Claim(signature: signature, key: PublicKey(signature.publicKey), digest: digest)
  }

  private var staleAtStart: Refusal {
    var refusal = Refusal(.requestStale, retryAfterSeconds: 1)
    refusal.noncePrefix = noncePrefix
    return refusal
  }

  /// Proves a claim: the signature, by a key that somebody holds, for the first time.
  func prove(_ claim: Claim, at time: Microseconds) throws(Refusal) -> Identity {
    let isValid = claim.signature.isValid
    guard let key = claim.key, let identity = directory.identity(of: key, at: time), isValid
    else { throw Refusal(.signatureInvalid) }
    try Self.check(replays.insert(claim.signature, now: time / 1_000_000))
    return identity
  }

  private static func check(_ outcome: ReplayCache.Outcome) throws(Refusal) {
    switch outcome {
    case .new: return
    case .seen: throw Refusal(.requestReplayed)
    case .forgotten: throw Refusal(.requestStale, retryAfterSeconds: 1)
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

/// The nonces of all signatures that are still inside the window, by the second that was signed.
/// When it is full it refuses: forgetting one early would let it be sent again.
///
/// **Invariant:** a second whose nonces were forgotten is never taken again, whatever the clock
/// does. Seconds that nobody signed, as those that a clock jumped over, are taken whenever they
/// come: a clock that went ahead and back refuses nobody.
final class ReplayCache: Sendable {
  enum Outcome: Equatable { case new, seen, forgotten, full }

  // Half of a SHA-256 over key and nonce: nobody finds two that agree.
  private struct Fingerprint: Hashable {
    var high: UInt64
    var low: UInt64
  }

  private struct State {
    var bySecond: [Int64: Set<Fingerprint>] = [:]
    var count = 0
    /// Seconds of which nonces are forgotten: the newest by their number, all others by a floor.
    var forgotten: Set<Int64> = []
    var floor = Int64.min

    func outcome(_ fingerprint: Fingerprint, _ created: Int64) -> Outcome {
      if created < floor || forgotten.contains(created) { return .forgotten }
      return bySecond.values.contains { $0.contains(fingerprint) } ? .seen : .new
    }
  }

  private let capacity: Int
  private let state = Mutex(State())

  /// About 40 bytes each.
  init(capacity: Int) { self.capacity = capacity }

  var count: Int { state.withLock { $0.count } }

  /// What `insert` would say, without a place for it.
  func look(_ signature: RequestSignature) -> Outcome {
    let fingerprint = Self.fingerprint(signature)
    return state.withLock { $0.outcome(fingerprint, signature.created) }
  }

  /// Remembers a signature whose time was checked against `now`.
  func insert(_ signature: RequestSignature, now: Int64) -> Outcome {
    let fingerprint = Self.fingerprint(signature)
    return state.withLock { state in
      Self.forget(before: now - RequestAuthenticator.receiveWindow, in: &state)
      let outcome = state.outcome(fingerprint, signature.created)
      guard outcome == .new else { return outcome }
      guard state.count < capacity else { return .full }
      state.bySecond[signature.created, default: []].insert(fingerprint)
      state.count += 1
      return .new
    }
  }

  /// An hour's and more: further back no clock is set while the exchange runs, because a jump of
  /// ten seconds halts it.
  private static let maximumForgotten = 4_096

  // The window is seven seconds wide, so there are hardly more buckets than that.
  private static func forget(before second: Int64, in state: inout State) {
    for old in state.bySecond.keys.filter({ $0 < second }) {
      state.count -= state.bySecond.removeValue(forKey: old)?.count ?? 0
      state.forgotten.insert(old)
    }
    while state.forgotten.count > maximumForgotten, let oldest = state.forgotten.min() {
      state.forgotten.remove(oldest)
      state.floor = max(state.floor, oldest + 1)
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
