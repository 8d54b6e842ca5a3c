// What the system may hold of a connection's answers, and how it forgets them.

internal import NIOCore

/// Bytes that a client does not read wait in the system's memory, where no deadline of ours sees
/// them. Left to itself the system takes megabytes of each connection, and keeps them for minutes
/// after the connection was closed; all connections together then fill what it has for TCP.
enum SocketMemory {
  /// Bytes of answers that the system may hold for one connection: at 100 ms of distance a client
  /// still reads more than a MiB a second. What does not fit waits with us, where
  /// `ConnectionGuard` sees it.
  static let sendBuffer = 128 << 10
  /// After so long without a byte that the client's system took, the connection is over, where it
  /// was closed before its client had all too.
  private static let unreadMilliseconds = 20_000
  /// Linux's `TCP_USER_TIMEOUT`.
  private static let userTimeout = NIOBSDSocket.Option(rawValue: 18)

  /// Bounds what an accepted connection takes; on its event loop.
  static func bound(_ channel: any Channel) throws {
    guard let options = channel.syncOptions else { return }
    // Linux counts its own bookkeeping too and so doubles what it is asked for.
    try options.setOption(
      .socketOption(.so_sndbuf), value: .init(sendBuffer / 2))
    try options.setOption(.tcpOption(userTimeout), value: .init(unreadMilliseconds))
  }
}

extension Channel {
  /// Closes at once, and the system forgets what the client did not read: it gets a reset.
  func reset() {
    forgetUnread()
    close(promise: nil)
  }

  /// A close that follows is a reset.
  func forgetUnread() {
    // The option's value is C's `struct linger`, two `int`: on, and for how long. A tuple of two
    // `CInt` has its size and layout. Where it fails the connection is gone already.
    let linger: (CInt, CInt) = (1, 0)
    _ = (self as? any SocketOptionProvider)?
      .unsafeSetSocketOption(level: .socket, name: .so_linger, value: linger)
  }
}
