// Snapshots without a pause: a replica replays the journal beside the engine and writes its state.

public import Engine
internal import Foundation
internal import Postgres

/// Follows the journal from the newest snapshot now and then, and saves the state it reaches. So
/// each snapshot is also a proof that the journal replays, and the live engine never waits for one.
public final class Snapshotter: @unchecked Sendable {
  // Sendable by hand: everything that changes is guarded by `monitor`.

  public struct Policy: Sendable {
    /// A snapshot is due after so many commands: what a restart replays at most, within seconds.
    public var commands: UInt64 = 250_000
    /// Snapshots kept beyond those that a reader needs.
    public var kept = 3
    /// How often to look whether one is due.
    public var intervalSeconds: Double = 10

    public init(commands: UInt64 = 250_000) { self.commands = commands }
  }

  /// Follows the tape beside the engine: given each group's effects, it returns the state to store.
  public struct TapeFollower: Sendable {
    public var follow: @Sendable (Effects, JournalHead) -> Void
    public var state: @Sendable () -> [UInt8]

    public init(
      follow: @escaping @Sendable (Effects, JournalHead) -> Void,
      state: @escaping @Sendable () -> [UInt8]
    ) {
      self.follow = follow
      self.state = state
    }
  }

  private let conninfo: String
  private let policy: Policy
  private let durable: @Sendable () -> JournalHead
  private let oldestNeeded: @Sendable () -> Int64
  private let makeFollower: @Sendable (_ tape: [UInt8]?) throws -> TapeFollower
  private let report: @Sendable (String) -> Void

  private let monitor = NSCondition()
  private var stopping = false
  private var running = false
  private var lastCommands: UInt64 = 0

  public init(
    conninfo: String, policy: Policy = Policy(), durable: @escaping @Sendable () -> JournalHead,
    oldestNeeded: @escaping @Sendable () -> Int64,
    makeFollower: @escaping @Sendable (_ tape: [UInt8]?) throws -> TapeFollower,
    report: @escaping @Sendable (String) -> Void
  ) {
    self.conninfo = conninfo
    self.policy = policy
    self.durable = durable
    self.oldestNeeded = oldestNeeded
    self.makeFollower = makeFollower
    self.report = report
  }

  /// - Parameter after: the commands that the newest snapshot holds already.
  public func start(after commands: UInt64) {
    monitor.withLock {
      running = true
      lastCommands = commands
    }
    let thread = Thread { [self] in
      run()
      monitor.withLock {
        running = false
        monitor.broadcast()
      }
    }
    thread.name = "snapshotter"
    thread.start()
  }

  /// A snapshot that is being made then is made by the next start.
  public func stop(withinSeconds seconds: Double = 30) {
    let deadline = Date(timeIntervalSinceNow: seconds)
    monitor.withLock {
      stopping = true
      monitor.broadcast()
      while running, monitor.wait(until: deadline) { continue }
    }
  }

  private func run() {
    while true {
      let isOver = monitor.withLock {
        if !stopping { _ = monitor.wait(until: Date(timeIntervalSinceNow: policy.intervalSeconds)) }
        return stopping
      }
      if isOver { return }
      let due = monitor.withLock { lastCommands } + policy.commands
      guard durable().commands >= due else { continue }
      do {
        let made = try save()
        monitor.withLock { lastCommands = made.commands }
      } catch {
        report("a snapshot could not be made: \(error)")
      }
    }
  }

  private func save() throws -> JournalHead {
    let store = try JournalStore(conninfo)
    let newest = try store.snapshot(atOrBefore: .max)
    let follower = try makeFollower(newest?.tape)
    var replay = try Replay(from: newest)
    try replay.run(store, upTo: durable().sequence) { head, engine in
      follower.follow(engine.effects, head)
      return !monitor.withLock { stopping }
    }
    var writer = ByteWriter()
    replay.engine.writeSnapshot(to: &writer)
    try store.save(Snapshot(head: replay.head, engine: writer.bytes, tape: follower.state()))
    try store.prune(keep: policy.kept, oldestNeeded: oldestNeeded())
    return replay.head
  }
}
