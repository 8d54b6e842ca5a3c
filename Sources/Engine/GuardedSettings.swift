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
