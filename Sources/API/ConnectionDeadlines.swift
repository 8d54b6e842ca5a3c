// How long a client may take for each part of an exchange with it.

internal import NIOCore

/// Deadlines are absolute: bytes that trickle in extend none, except a body's and an answer's at
/// the least rate.
public struct ConnectionDeadlines: Sendable, Equatable {
  /// Without a byte of a request, and without one being answered.
  public var idleMilliseconds: Int64 = 60_000
  /// From a head's first byte to its last: it fits into some packets.
  public var headMilliseconds: Int64 = 10_000
  /// For a body, and one second more for each `bytesPerSecond` that came: 74 s for a whole MiB.
  public var bodyMilliseconds: Int64 = 10_000
  /// For an answer to leave, and one second more for each `bytesPerSecond` of it.
  public var writeMilliseconds: Int64 = 10_000
  /// The least rate of a client that keeps its connection.
  public var bytesPerSecond: Int64 = 16 << 10
  /// After the last answer of a connection has left for the system, and one second more for each
  /// `bytesPerSecond` that the system may still hold: for the client to read it and close. A close
  /// with unread bytes of the client's would take the answer from it.
  public var lingerMilliseconds: Int64 = 2_000
  /// After the beginning of a stop; then what is still open is cut.
  public var stopMilliseconds: Int64 = 3_000

  public init() {}

  func body(_ received: Int) -> TimeAmount { Self.amount(bodyMilliseconds, received, self) }
  func write(_ waiting: Int) -> TimeAmount { Self.amount(writeMilliseconds, waiting, self) }
  func linger(_ held: Int) -> TimeAmount { Self.amount(lingerMilliseconds, held, self) }

  private static func amount(_ fixed: Int64, _ bytes: Int, _ deadlines: Self) -> TimeAmount {
    .milliseconds(fixed + Int64(bytes) * 1_000 / max(deadlines.bytesPerSecond, 1))
  }
}
