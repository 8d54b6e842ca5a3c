// The group writer's decisions as a pure value: events in, actions out. The driver holds all I/O.

/// Commits one group at a time, each exactly once, whatever happens to the connection.
///
/// A definite failure is retried with the same bytes. After an unknown outcome (the connection was
/// lost in the commit) the head of the journal decides: the group is there, or it is not, or
/// somebody else wrote.
public struct GroupCommit: Sendable {
  public enum Event: Sendable {
    /// A group to commit; the one before must be released.
    case enqueue(JournalGroup)
    /// A connection leads; `head` is the journal's last group.
    case connected(head: JournalHead)
    case connectFailed(String)
    case committed
    /// The server refused or failed, and said so: nothing was written.
    case commitFailed(String)
    /// The connection was lost: whether the group was written is not known.
    case connectionLost(String)
    /// This process's term is over.
    case leadershipLost(String)
    /// The delay of `.wait` is over.
    case retry
  }

  public enum Action: Sendable, Equatable {
    case connect
    case commit(JournalGroup)
    /// Durable: replies, projection and publishing may go out.
    case release(JournalGroup)
    /// Send `.retry` after so long.
    case wait(milliseconds: Int)
    case halt(JournalHalt)
  }

  private enum State: Sendable {
    case disconnected
    case connecting
    case idle
    case committing
    case halted
  }

  /// Waiting grows to this and no further: work goes on within a second of the server's return.
  static let maximumWaitMilliseconds = 1_000

  private var state = State.disconnected
  /// The last group known to be durable.
  public private(set) var durable: JournalHead
  private var pending: JournalGroup?
  /// Since the last release: a connection that stands and fails each commit must not be tried
  /// without a pause.
  private var failures = 0

  public init(durable: JournalHead) { self.durable = durable }

  /// Whether groups go through: a connection stands, and its last commit was not refused.
  public var isConnected: Bool {
    switch state {
    case .idle, .committing: failures == 0
    case .disconnected, .connecting, .halted: false
    }
  }

  public mutating func handle(_ event: Event) -> [Action] {
    if case .halted = state { return [] }
    switch event {
    case .enqueue(let group):
      precondition(pending == nil, "two groups were to be committed at once")
      pending = group
      switch state {
      case .idle:
        state = .committing
        return [.commit(group)]
      case .disconnected:
        state = .connecting
        return [.connect]
      case .connecting, .committing, .halted: return []
      }
    case .connected(let head): return connected(head)
    case .committed:
      guard let group = pending, case .committing = state else {
        preconditionFailure("nothing was being committed")
      }
      return release(group)
    case .commitFailed: return wait()
    case .connectFailed, .connectionLost:
      state = .disconnected
      return wait()
    case .leadershipLost(let reason): return halt(.notLeader(reason))
    case .retry:
      if case .disconnected = state {
        state = .connecting
        return [.connect]
      }
      guard let pending, case .committing = state else { return [] }
      return [.commit(pending)]
    }
  }

  private mutating func connected(_ head: JournalHead) -> [Action] {
    if let group = pending, head == group.head {
      // The commit whose answer was lost had succeeded.
      return release(group)
    }
    guard head == durable else {
      if head.sequence < durable.sequence {
        return halt(
          .lostHistory(
            "the journal ends at group \(head.sequence), acknowledged up to \(durable.sequence)"))
      }
      return halt(.fork("group \(head.sequence) was written by another"))
    }
    guard let group = pending else {
      state = .idle
      return []
    }
    state = .committing
    return [.commit(group)]
  }

  private mutating func release(_ group: JournalGroup) -> [Action] {
    failures = 0
    durable = group.head
    pending = nil
    state = .idle
    return [.release(group)]
  }

  private mutating func wait() -> [Action] {
    failures += 1
    return [.wait(milliseconds: min(10 << min(failures, 10), Self.maximumWaitMilliseconds))]
  }

  private mutating func halt(_ reason: JournalHalt) -> [Action] {
    state = .halted
    return [.halt(reason)]
  }
}

/// Why the writer stopped; the process ends and an operator looks (`docs/operations.md`).
public enum JournalHalt: Sendable, Equatable {
  case notLeader(String)
  case lostHistory(String)
  case fork(String)

  var error: JournalError {
    switch self {
    case .notLeader(let reason): .notLeader(reason)
    case .lostHistory(let reason): .lostHistory(reason)
    case .fork(let reason): .fork(reason)
    }
  }
}
