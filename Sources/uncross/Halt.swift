// The end of the process when going on would be wrong.

internal import Foundation
internal import Logging

/// Says why and ends the process: nothing in memory is worth keeping, recovery replays.
struct Halt: Sendable {
  /// EX_SOFTWARE of sysexits.h, so that a supervisor can tell a halt from a crash.
  static let exitStatus: Int32 = 70

  let logger: Logger

  func now(_ reason: String) {
    logger.critical("HALT \(reason). See docs/operations.md, Halts.")
    Output.error("uncross: halted: \(reason)")
    exit(Self.exitStatus)
  }
}
