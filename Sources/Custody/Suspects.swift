// Transactions that a node does not tell though it tells others: asked alone, and ever less often.

internal import Ethereum

/// What waits, and when it is asked for again: a value.
///
/// **Invariant:** the time between two looks at one is bounded from below, so that it costs the
/// others little.
struct Suspects: Sendable {
  private struct Suspect {
    var failures = 0
    var lookAt: ContinuousClock.Instant
  }

  /// Looks at suspects in one turn: each may take as long as a request may.
  static let looks = 16

  private var all: [Hash32: Suspect] = [:]
  /// Between a failure and the next look, doubled by each further one, up to 64 times.
  private let pause: Duration

  init(pause: Duration) { self.pause = pause }

  var count: Int { all.count }

  func contains(_ hash: Hash32) -> Bool { all[hash] != nil }

  /// Those whose time has come, the longest due first.
  func due(_ hashes: [Hash32], at now: ContinuousClock.Instant) -> [Hash32] {
    let due = hashes.compactMap { hash in
      all[hash].flatMap { $0.lookAt <= now ? (hash: hash, since: $0.lookAt) : nil }
    }
    return due.sorted { ($0.since, $0.hash) < ($1.since, $1.hash) }.prefix(Self.looks).map(\.hash)
  }

  /// True where it is new.
  mutating func failed(_ hash: Hash32, at now: ContinuousClock.Instant) -> Bool {
    let failures = all[hash]?.failures ?? 0
    all[hash] = Suspect(failures: failures + 1, lookAt: now + pause * (1 << min(failures, 6)))
    return failures == 0
  }

  mutating func told(_ hash: Hash32) { all[hash] = nil }

  /// Forgets those that nobody waits for any more.
  mutating func keep(_ hashes: Set<Hash32>) { all = all.filter { hashes.contains($0.key) } }
}
