// Which keys proved themselves from which addresses of late: strangers there do not shut them out.

internal import Engine
internal import Synchronization

/// Where a wrong signature comes from, as far as it is counted: an address, and a key that proved
/// itself there before.
struct FailureSource: Hashable, Sendable {
  var address: String
  /// Nil for all keys that did not.
  var key: PublicKey?
}

/// Pairs of address and key, each for an hour after its last proof.
///
/// Only a proof brings one in, so that strangers take no place here. When there is no place, a new
/// pair is not remembered: its wrong signatures count as its address's.
final class ProvedKeys: Sendable {
  private struct State {
    var provedAt: [FailureSource: Int64] = [:]
    var sweptAt = Int64.min
  }

  /// About 100 bytes each.
  static let capacity = 1 << 16
  private static let lifetime: Int64 = 3_600_000_000_000
  private static let sweepInterval: Int64 = 1_000_000_000

  private let capacity: Int
  private let state = Mutex(State())

  init(capacity: Int = ProvedKeys.capacity) { self.capacity = capacity }

  /// The key proved itself from the address, at a time in nanoseconds.
  func prove(_ key: PublicKey, from address: String, at now: Int64) {
    let source = FailureSource(address: address, key: key)
    state.withLock { state in
      if state.provedAt[source] == nil, !makePlace(in: &state, now) { return }
      state.provedAt[source] = now
    }
  }

  /// As what a wrong signature under this key counts.
  func source(_ address: String, _ key: PublicKey?, at now: Int64) -> FailureSource {
    let source = FailureSource(address: address, key: key)
    let isKnown = state.withLock { state in
      state.provedAt[source].map { now - $0 < Self.lifetime } ?? false
    }
    return isKnown ? source : FailureSource(address: address)
  }

  private func makePlace(in state: inout State, _ now: Int64) -> Bool {
    if state.provedAt.count < capacity { return true }
    guard state.sweptAt == .min || now - state.sweptAt >= Self.sweepInterval else { return false }
    state.sweptAt = now
    state.provedAt = state.provedAt.filter { now - $0.value < Self.lifetime }
    return state.provedAt.count < capacity
  }
}
