// What the tests of this folder share: waiting for a condition.

import Foundation

/// Waits for a condition, looking often; false after the time. Blocks its thread.
func eventually(within seconds: Double = 60, _ condition: () throws -> Bool) rethrows -> Bool {
  let deadline = Date(timeIntervalSinceNow: seconds)
  while Date() < deadline {
    if try condition() { return true }
    Thread.sleep(forTimeInterval: 0.005)
  }
  return try condition()
}
