// Waiting for what a server, a thread or a child process does in its own time.

internal import Foundation

/// Waits for a condition, looking often; false after the time. Blocks its thread.
package func eventually(
  within seconds: Double = 60, _ condition: () throws -> Bool
) rethrows -> Bool {
  let deadline = Date(timeIntervalSinceNow: seconds)
  while Date() < deadline {
    if try condition() { return true }
    Thread.sleep(forTimeInterval: 0.005)
  }
  return try condition()
}
