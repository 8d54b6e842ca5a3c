// The machine's clocks, read here and nowhere else. Whoever waits or measures takes a clock as an
// argument and gets these in the program.

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

public enum SystemClock {
  /// Microseconds since 1970. May be set, ahead and back.
  public static func wallMicroseconds() -> Int64 { nanoseconds(CLOCK_REALTIME) / 1_000 }

  /// Nanoseconds since anything: nobody sets it, and it never goes back. It stands while the
  /// machine sleeps.
  public static func monotonicNanoseconds() -> Int64 { nanoseconds(CLOCK_MONOTONIC) }

  /// Nanoseconds since the machine was started, asleep or not. Nobody sets it.
  public static func bootNanoseconds() -> Int64 { nanoseconds(CLOCK_BOOTTIME) }

  private static func nanoseconds(_ clock: clockid_t) -> Int64 {
    var now = timespec()
    guard clock_gettime(clock, &now) == 0 else {
      preconditionFailure("the system has no clock \(clock): errno \(errno)")
    }
    return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
  }
}
