// Rate limits: one token bucket a key or address, refused before anything costs much.

internal import Synchronization

/// A rate and how much of it may come at once.
public struct RateLimit: Sendable, Equatable {
  public var perSecond: Int
  public var burst: Int

  public init(perSecond: Int, burst: Int) {
    precondition((1...1_000_000).contains(perSecond) && burst >= 1, "a rate limit out of range")
    self.perSecond = perSecond
    self.burst = burst
  }
}

/// Token buckets by name, as the generic cell rate algorithm: one number a bucket, the time at
/// which it will be full again. A full bucket is the same as none and is forgotten.
final class TokenBuckets<Name: Hashable & Sendable>: Sendable {
  private struct State {
    var fullAt: [Name: Int64] = [:]
    /// Shared by all names that found no place.
    var othersFullAt: Int64 = 0
    var sweptAt: Int64 = -1_000_000_000
  }

  /// Buckets at most; names beyond share one.
  private static var capacity: Int { 1 << 16 }
  private static var second: Int64 { 1_000_000_000 }

  private let nanosecondsPerToken: Int64
  private let burstNanoseconds: Int64
  private let state = Mutex(State())

  init(_ limit: RateLimit) {
    nanosecondsPerToken = Self.second / Int64(limit.perSecond)
    burstNanoseconds = nanosecondsPerToken * Int64(limit.burst)
  }

  /// Takes tokens at a time in nanoseconds. Nil where there were enough; else nothing was taken,
  /// and so many whole seconds later there are.
  func take(_ count: Int = 1, of name: Name, at now: Int64) -> Int? {
    guard count > 0 else { return nil }
    return state.withLock { state in
      let (full, hasPlace) = Self.full(name, in: &state, now)
      let next = full + nanosecondsPerToken * Int64(count)
      let excess = next - now - burstNanoseconds
      guard excess <= 0 else { return Int((excess + Self.second - 1) / Self.second) }
      if hasPlace { state.fullAt[name] = next } else { state.othersFullAt = next }
      return nil
    }
  }

  /// How long an empty bucket takes to hold so many.
  func seconds(for count: Int) -> Int {
    Int((nanosecondsPerToken * Int64(count) + Self.second - 1) / Self.second)
  }

  /// Whether one token is there; takes nothing.
  func isEmpty(_ name: Name, at now: Int64) -> Bool {
    state.withLock { state in
      Self.full(name, in: &state, now).at + nanosecondsPerToken - now > burstNanoseconds
    }
  }

  /// When a name's bucket is full, and whether it has one of its own.
  private static func full(
    _ name: Name, in state: inout State, _ now: Int64
  ) -> (at: Int64, hasPlace: Bool) {
    let known = state.fullAt[name]
    let hasPlace = known != nil || makePlace(in: &state, now)
    return (max(known ?? (hasPlace ? now : state.othersFullAt), now), hasPlace)
  }

  /// Room for one more bucket; sweeps the full ones out at most once a second.
  private static func makePlace(in state: inout State, _ now: Int64) -> Bool {
    if state.fullAt.count < capacity { return true }
    guard now >= state.sweptAt + second else { return false }
    state.sweptAt = now
    state.fullAt = state.fullAt.filter { $0.value > now }
    return state.fullAt.count < capacity
  }
}
