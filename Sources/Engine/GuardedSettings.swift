// Settings that guard money: tightened at once, loosened only after a delay.

/// What a setting will be, and from when on.
public struct PendingChange<Value: Sendable & Equatable>: Sendable, Equatable {
  public var value: Value
  public var effectiveAt: Microseconds

  public init(_ value: Value, effectiveAt: Microseconds) {
    self.value = value
    self.effectiveAt = effectiveAt
  }
}

/// A setting for each key, and for some of them the one that follows it. Who changes one says
/// whether it waits: then others see it before it is in force, and can still put another in its
/// place.
struct GuardedSettings<Key: Hashable & Comparable & Sendable, Value: Sendable & Equatable> {
  var inForce: [Key: Value] = [:]
  var pending: [Key: PendingChange<Value>] = [:]

  var isEmpty: Bool { inForce.isEmpty && pending.isEmpty }

  subscript(key: Key) -> Value? { inForce[key] }

  /// Puts it in the place of what is pending, and says from when on it is in force. The same as is
  /// pending already keeps its time: whoever did not get the answer may ask again.
  mutating func set(
    _ value: Value, of key: Key, from effectiveAt: Microseconds, at time: Microseconds
  ) -> Microseconds {
    if effectiveAt <= time {
      inForce[key] = value
      pending[key] = nil
      return time
    }
    if let same = pending[key], same.value == value { return same.effectiveAt }
    pending[key] = PendingChange(value, effectiveAt: effectiveAt)
    return effectiveAt
  }

  mutating func takeEffect(at time: Microseconds) {
    if pending.isEmpty { return }
    for key in pending.keys.sorted() {
      guard let change = pending[key], change.effectiveAt <= time else { continue }
      inForce[key] = change.value
      pending[key] = nil
    }
  }

  /// By key.
  var sortedInForce: [(key: Key, value: Value)] { inForce.sorted { $0.key < $1.key } }
  var sortedPending: [(key: Key, value: PendingChange<Value>)] {
    pending.sorted { $0.key < $1.key }
  }
}

/// A raise of a delay that is so young that it may be taken back: to no less than was in force
/// before it, and after no longer than that. Since rules 4.
///
/// A raise holds at once, so one stolen key can make it. If lowering it again waited for the longer
/// delay, that key would stop custody for as long. A raise is settled when it has been in force as
/// long as it is: from then on a shorter delay waits for it. Until then more raises count to the
/// first one, so that no chain of raises hides what was in force before it or puts off for long
/// that the first is settled.
struct DelayRaise: Equatable {
  /// Seconds.
  var before: Int64
  /// Of the first raise.
  var at: Microseconds

  /// Seconds that a change of a delay waits.
  static func wait(from old: Int64, to new: Int64, after raise: DelayRaise?) -> Int64 {
    if new >= old { return 0 }
    guard let raise, new >= raise.before else { return old }
    return raise.before
  }

  /// Whether there is something to take back of the delay that is in force.
  func isUnsettled(_ seconds: Int64, at time: Microseconds) -> Bool {
    seconds > before && time - at < seconds * 1_000_000
  }
}

extension ByteWriter {
  mutating func delayRaise(_ raise: DelayRaise) {
    uint(raise.before)
    uint(raise.at)
  }
}

extension ByteReader {
  mutating func delayRaise() throws(ByteError) -> DelayRaise {
    DelayRaise(before: try uint(), at: try uint())
  }
}
