// Waiting for what a server, a thread or a child process does in its own time.

internal import Foundation

/// Seconds after which a wait has failed. Far beyond what a busy machine needs: only a test that
/// fails takes so long. Whoever expects it to fail says less (scripts/mutants.py).
package let patience: Double =
  ProcessInfo.processInfo.environment["UNCROSS_PATIENCE"].flatMap { Double($0) } ?? 120

/// Waits for a condition, looking again and again; false where it does not come. Blocks its thread.
package func eventually(
  within seconds: Double = patience, _ condition: () throws -> Bool
) rethrows -> Bool {
  var pace = Pace(seconds)
  while try !condition() {
    guard let pause = pace.afterLook() else { return false }
    Thread.sleep(forTimeInterval: pause)
  }
  return true
}

/// As `eventually`, for tests that block no thread.
package func soon(
  within seconds: Double = patience, _ condition: () async throws -> Bool
) async rethrows -> Bool {
  var pace = Pace(seconds)
  while try await !condition() {
    guard let pause = pace.afterLook() else { return false }
    do { try await Task.sleep(for: .seconds(pause)) } catch { return false }
  }
  return true
}

/// Runs a body that may wait for ever; nil where it does.
package func bounded<Value: Sendable>(
  within seconds: Double = patience, _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value? {
  try await withThrowingTaskGroup(of: Value?.self) { tasks in
    tasks.addTask { try await body() }
    tasks.addTask {
      try await Task.sleep(for: .seconds(seconds))
      return nil
    }
    defer { tasks.cancelAll() }
    return try await tasks.next() ?? nil
  }
}

/// After a look it pauses for as long as the look took: what is cheap to see is seen at once, and a
/// query or a request takes half of its server's time at most.
private struct Pace {
  private let deadline: Date
  private var began = Date()

  init(_ seconds: Double) { deadline = Date(timeIntervalSinceNow: seconds) }

  /// Nil when the time is over.
  mutating func afterLook() -> Double? {
    let now = Date()
    guard now < deadline else { return nil }
    let pause = min(max(now.timeIntervalSince(began), 0.001), 0.1)
    began = now.addingTimeInterval(pause)
    return pause
  }
}
