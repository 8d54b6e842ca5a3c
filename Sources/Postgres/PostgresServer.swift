// Whether a server answers, without a session on it.

internal import CPostgres

/// What a server says before anyone has logged in.
public enum PostgresServer: Sendable {
  case accepting
  /// It is starting, recovering or stopping.
  case rejecting
  case silent

  /// Asks, blocking; at most the string's `connect_timeout`.
  public init(_ conninfo: String) {
    switch PQping(conninfo) {
    case PQPING_OK: self = .accepting
    case PQPING_REJECT: self = .rejecting
    default: self = .silent
    }
  }
}
