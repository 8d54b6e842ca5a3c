// The signer's time: the wall clock's, but it runs no faster than the machine's own.

internal import Formats

/// What the system says of time, in seconds.
public struct SignerClock {
  /// Since 1970; may be set, forwards and back.
  let wall: () -> Int64
  /// Since the machine was started, asleep or not. Nobody sets it.
  let boot: () -> Int64

  public init(wall: @escaping () -> Int64, boot: @escaping () -> Int64) {
    self.wall = wall
    self.boot = boot
  }

  public static var system: SignerClock {
    SignerClock(
      wall: { Timestamp.now().seconds }, boot: { SystemClock.bootNanoseconds() / 1_000_000_000 })
  }
}

/// Seconds since 1970 that the day's limits are counted by.
///
/// A wall clock that is set a day ahead would renew a whole day's limits. So since the start it is
/// followed only as far as time has passed by a clock that cannot be set.
struct SignerTime {
  /// How much further: clocks that are put right by a little, and whole seconds of two clocks.
  static let toleranceSeconds: Int64 = 10

  private let clock: SignerClock
  private let start: Int64
  private let bootAtStart: Int64

  /// - Parameter last: of the log's last record. A wall clock that is behind it at the start, as on
  ///   a machine that does not know the date yet, is followed from there.
  init(_ clock: SignerClock, notBefore last: Int64) {
    self.clock = clock
    bootAtStart = clock.boot()
    start = max(last, clock.wall())
  }

  var now: Int64 {
    min(clock.wall(), start + (clock.boot() - bootAtStart) + Self.toleranceSeconds)
  }
}
