// The end of a stop that somebody outside holds up: a node, a Worker or a database that hangs.

internal import Foundation
internal import ServiceLifecycle

/// Ends the process a while after a stop began. Clients cannot hold a stop up: the API cuts them
/// after three seconds. But a thread that waits inside a call to a server cannot be ended from
/// outside, and a service manager kills after ten seconds anyway. Nothing is lost: what was
/// acknowledged is durable, the next start does the rest, and the embedded servers end with us.
struct StopLimit: Service, Sendable {
  static let seconds = 9.0

  /// EX_TEMPFAIL of sysexits.h.
  static let exitStatus: Int32 = 75

  func run() async throws {
    try await gracefulShutdown()
    Self.begin()
  }

  /// On a thread of its own: those of the tasks may all be held up.
  static func begin() {
    Thread.detachNewThread {
      Thread.sleep(forTimeInterval: seconds)
      Output.error(
        "uncross: the stop was cut after \(Int(seconds)) s, because a server beside the exchange "
          + "hangs; the next start recovers")
      // Not `exit`, which runs what others registered and may wait in it.
      _exit(exitStatus)
    }
  }
}
