// The projection's decisions as a pure value: what is applied, and what a lost commit means.

/// Applies ledger entries in order, each exactly once, whatever happens to the connection.
///
/// The watermark in the database says which entry was applied last; it is written in the
/// transaction that applies them. After an unknown outcome the watermark is read again instead of
/// sending again.
public struct ProjectionState: Sendable {
  public enum Event: Sendable {
    /// A batch that ends with this entry is ready; the one before is settled.
    case batch(lastEntry: UInt64)
    case connected(watermark: UInt64)
    case connectFailed
    case committed
    /// Nothing was written.
    case failed
    /// Whether it was written is not known.
    case connectionLost
    /// The database does not hold what it must: never repaired silently.
    case diverged(String)
    case retry
  }

  public enum Action: Sendable, Equatable {
    case connect
    /// Write the batch and move the watermark from `after`.
    case apply(after: UInt64)
    /// The batch is durable.
    case settled
    case wait(milliseconds: Int)
    case halt(String)
  }

  private enum State: Sendable { case disconnected, connecting, idle, applying, halted }

  private var state = State.disconnected
  /// The last entry known to be in the database.
  public private(set) var applied: UInt64
  private var pending: UInt64?
  /// Since the last batch was settled.
  private var failures = 0

  public init(applied: UInt64) { self.applied = applied }

  public mutating func handle(_ event: Event) -> [Action] {
    if state == .halted { return [] }
    switch event {
    case .batch(let lastEntry):
      precondition(pending == nil && lastEntry >= applied, "batches are applied in order")
      pending = lastEntry
      return proceed()
    case .connected(let watermark):
      state = .idle
      if let pending, watermark == pending, watermark != applied { return settle() }
      guard watermark == applied else {
        state = .halted
        return [.halt("the watermark is at entry \(watermark), expected \(applied)")]
      }
      return pending == nil ? [] : proceed()
    case .committed: return settle()
    case .failed:
      state = .idle
      return wait()
    case .connectFailed, .connectionLost:
      state = .disconnected
      return wait()
    case .diverged(let reason):
      state = .halted
      return [.halt(reason)]
    case .retry: return proceed()
    }
  }

  private mutating func proceed() -> [Action] {
    switch state {
    case .disconnected:
      state = .connecting
      return [.connect]
    case .idle:
      guard pending != nil else { return [] }
      state = .applying
      return [.apply(after: applied)]
    case .connecting, .applying, .halted: return []
    }
  }

  private mutating func settle() -> [Action] {
    guard let pending else { preconditionFailure("nothing was being applied") }
    failures = 0
    applied = pending
    self.pending = nil
    state = .idle
    return [.settled]
  }

  private mutating func wait() -> [Action] {
    failures += 1
    return [.wait(milliseconds: min(10 << min(failures, 10), 1_000))]
  }
}
