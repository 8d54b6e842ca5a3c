// Bytes of request bodies under way: how many one user, and how many all together, may have.

internal import Engine
internal import Synchronization

/// Counts the declared bytes of each signed request's body from before the first is read until the
/// request is answered. Operators' bodies do not count in the total, so no trader's keep them out.
final class BodyBudget: Sendable {
  struct Limits: Sendable, Equatable {
    /// 64 of the largest batches. Parsed, a body takes some times its bytes.
    var total = 64 << 20
    /// Eight of the largest batches at once: no user's keys together take all of `total`.
    var ofUser = 8 << 20
  }

  /// Bytes that cost as much as a request. Reading, hashing and parsing them costs far less than
  /// as many orders do: the largest batch of 1,000 is 512 requests of bytes.
  private static let bytesOfToken = 2 << 10

  /// What a request with a body of so many bytes costs its user.
  static func tokens(_ bytes: Int) -> Int { max((bytes + bytesOfToken - 1) / bytesOfToken, 1) }

  private struct State {
    var total = 0
    var ofUser: [UserID: Int] = [:]
  }

  private let limits: Limits
  private let state = Mutex(State())

  init(_ limits: Limits) { self.limits = limits }

  /// Bytes under way, operators' left out.
  var total: Int { state.withLock { $0.total } }

  /// What was taken must be given back.
  func take(_ bytes: Int, of user: Identity) throws(Refusal) {
    if bytes == 0 { return }
    try state.withLock { state throws(Refusal) in
      let own = state.ofUser[user.user] ?? 0
      guard own + bytes <= limits.ofUser else {
        throw Refusal(
          .rateLimited, "too many bytes of this user's bodies are under way", retryAfterSeconds: 1)
      }
      let counted = user.role == .operator ? 0 : bytes
      guard state.total + counted <= limits.total || counted == 0 else {
        throw Refusal(
          .unavailable, "too many bytes of bodies are under way", retryAfterSeconds: 1)
      }
      state.ofUser[user.user] = own + bytes
      state.total += counted
    }
  }

  func giveBack(_ bytes: Int, of user: Identity) {
    if bytes == 0 { return }
    state.withLock { state in
      let left = (state.ofUser[user.user] ?? 0) - bytes
      precondition(left >= 0, "more bytes of bodies came back than were taken")
      state.ofUser[user.user] = left == 0 ? nil : left
      if user.role != .operator { state.total -= bytes }
    }
  }
}
