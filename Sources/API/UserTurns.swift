// Turns of users at what is dear for the engine: one at a time for each, whatever its connections.

internal import Engine
internal import Synchronization

/// Lets one request of a user at a time to what makes everybody's commands wait, as a walk over
/// all its orders does. One with hundreds of connections makes others wait for one walk, never for
/// hundreds.
final class UserTurns: Sendable {
  /// One that is answered, and three of a program with a few tabs open: as for ledger and fills.
  static let maximumOfUser = 4

  /// Who waits, by user, first come first; there is an entry while somebody has the turn.
  private let waiting = Mutex<[UserID: [CheckedContinuation<Bool, Never>]]>([:])

  /// Runs `body` when it is this request's turn; refused where too many of the user's wait.
  func take<Value>(
    _ user: UserID, _ body: () async throws(Refusal) -> Value
  ) async throws(Refusal) -> Value {
    guard await begin(user) else {
      throw Refusal(
        .rateLimited, "the user's earlier lists of orders are not answered yet",
        retryAfterSeconds: 1)
    }
    defer { end(user) }
    return try await body()
  }

  private func begin(_ user: UserID) async -> Bool {
    await withCheckedContinuation { continuation in
      let isTaken = waiting.withLock { waiting -> Bool? in
        guard let others = waiting[user] else {
          waiting[user] = []
          return true
        }
        // The one that has the turn counts.
        guard others.count + 1 < Self.maximumOfUser else { return false }
        waiting[user] = others + [continuation]
        return nil
      }
      if let isTaken { continuation.resume(returning: isTaken) }
    }
  }

  private func end(_ user: UserID) {
    let next = waiting.withLock { waiting -> CheckedContinuation<Bool, Never>? in
      guard var others = waiting[user] else {
        preconditionFailure("a turn ended that nobody had")
      }
      let next = others.isEmpty ? nil : others.removeFirst()
      waiting[user] = next == nil ? nil : others
      return next
    }
    next?.resume(returning: true)
  }
}
