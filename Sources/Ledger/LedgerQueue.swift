// The order in which users' ledger queries are answered: a turn a user, one query at a time.

internal import Engine

/// Which query is next. A user whose query is being answered waits with its others, so one with
/// many queries makes another wait for one of them, never for all.
struct LedgerQueue<Job> {
  /// Queries of all users that wait or are being answered; each holds a client's connection, and
  /// at a millisecond each the last of them is answered within a second or so.
  static var maximumJobs: Int { 1_024 }
  /// Of one user: one that is answered, and three of a program with a few tabs open.
  static var maximumOfUser: Int { 4 }

  enum Refusal: Equatable { case tooManyOfUser, tooMany }

  private struct Lane {
    var waiting: [Job] = []
    var isBusy = false
    var count: Int { waiting.count + (isBusy ? 1 : 0) }
  }

  private var lanes: [UserID: Lane] = [:]
  /// Users with a query that may be answered next, in the order of their turns.
  private var turns: [UserID] = []
  private var count = 0

  /// Why the job is not taken, or nil.
  mutating func add(_ job: Job, of user: UserID) -> Refusal? {
    if count == Self.maximumJobs { return .tooMany }
    var lane = lanes[user] ?? Lane()
    if lane.count == Self.maximumOfUser { return .tooManyOfUser }
    if lane.count == 0 { turns.append(user) }
    lane.waiting.append(job)
    lanes[user] = lane
    count += 1
    return nil
  }

  /// The next job; its user has no other turn before `finish`.
  mutating func next() -> Job? {
    guard !turns.isEmpty else { return nil }
    let user = turns.removeFirst()
    lanes[user]?.isBusy = true
    return lanes[user]?.waiting.removeFirst()
  }

  /// The user's job is answered.
  mutating func finish(_ user: UserID) {
    guard var lane = lanes[user], lane.isBusy else {
      preconditionFailure("a query was answered that nobody had begun")
    }
    lane.isBusy = false
    count -= 1
    lanes[user] = lane.waiting.isEmpty ? nil : lane
    if !lane.waiting.isEmpty { turns.append(user) }
  }

  /// Takes out all that wait; those being answered are still to be finished.
  mutating func removeWaiting() -> [Job] {
    var jobs: [Job] = []
    for user in Array(lanes.keys) {
      guard var lane = lanes[user] else { continue }
      jobs += lane.waiting
      count -= lane.waiting.count
      lane.waiting = []
      lanes[user] = lane.isBusy ? lane : nil
    }
    turns = []
    return jobs
  }
}
