// What the command loop gives out, and by which clocks it runs.

public import Engine
internal import Formats
internal import Synchronization

/// A group that is durable, with all it brought about: what replies, projection and publishing work
/// from.
public struct DurableGroup: Sendable {
  public let head: JournalHead
  public let effects: Effects

  public init(head: JournalHead, effects: Effects) {
    self.head = head
    self.effects = effects
  }
}

/// Why a submission was not applied, or why nobody knows.
public enum SubmissionError: Error, Sendable, Equatable {
  /// Nothing was accepted.
  case refused(reason: String)
  /// The queue is full; nothing was accepted.
  case queueFull
  /// The loop stopped with the commands in hand: they may or may not become durable.
  case outcomeUnknown
}

/// This process's term, raised by the journal's connection and required by the projection's.
public final class Term: Sendable {
  private let value = Mutex<Int64>(0)

  public init() {}

  public var current: Int64 { value.withLock { $0 } }
  func set(_ term: Int64) { value.withLock { $0 = term } }
}

/// The loop's clocks. Wall time becomes commands; the monotonic clock tells when the wall jumps.
public struct LoopClock: Sendable {
  public var wall: @Sendable () -> Microseconds
  public var monotonic: @Sendable () -> Microseconds

  public init(
    wall: @escaping @Sendable () -> Microseconds, monotonic: @escaping @Sendable () -> Microseconds
  ) {
    self.wall = wall
    self.monotonic = monotonic
  }

  public static var system: LoopClock {
    LoopClock(
      wall: SystemClock.wallMicroseconds,
      monotonic: { SystemClock.monotonicNanoseconds() / 1_000 })
  }
}
