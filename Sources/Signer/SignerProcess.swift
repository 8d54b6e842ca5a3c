// What the signer's process asks of the system.

internal import CSigner
internal import Glibc

/// Settings of the whole process, made once at its start.
public enum SignerProcess {
  /// Forbids core dumps and debuggers of the same user: both would show the key. False where the
  /// system refuses.
  public static func forbidDumps() -> Bool { uncross_signer_forbid_dumps() == 0 }

  /// A descriptor that becomes readable at SIGTERM or SIGINT, which then no longer end the process.
  public static func stopDescriptor() throws(FileFault) -> Int32 {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw .last("pipe") }
    for end in ends {
      guard fcntl(end, F_SETFD, FD_CLOEXEC) == 0 else { throw .last("fcntl") }
    }
    stopWriter = ends[1]
    for number in [SIGTERM, SIGINT] {
      signal(number) { _ in
        let before = errno
        var byte: UInt8 = 1
        _ = write(stopWriter, &byte, 1)
        errno = before
      }
    }
    return ends[0]
  }
}

// Written once, before the handlers that read it are installed; they only write to the descriptor,
// which POSIX allows in a handler.
nonisolated(unsafe) private var stopWriter: Int32 = -1
