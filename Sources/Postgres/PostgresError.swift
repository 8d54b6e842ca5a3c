// What the server or the connection said, and what it means for who asked.

/// The world failed. `sqlstate` is empty where the connection or the library speaks, not the server.
public struct PostgresError: Error, Sendable, CustomStringConvertible {
  public var sqlstate: String
  public var message: String
  public var detail: String?
  public var table: String?
  public var constraint: String?

  public init(
    sqlstate: String = "", message: String, detail: String? = nil, table: String? = nil,
    constraint: String? = nil
  ) {
    self.sqlstate = sqlstate
    self.message = message
    self.detail = detail
    self.table = table
    self.constraint = constraint
  }

  /// Serialization failure or deadlock: nothing was written, the same may be tried again.
  public var isRetryable: Bool { sqlstate == "40001" || sqlstate == "40P01" }

  /// The connection is gone or the server is going: the outcome of a commit in flight is unknown.
  public var isConnectionLoss: Bool {
    sqlstate.isEmpty || sqlstate.hasPrefix("08") || sqlstate.hasPrefix("57P0")
  }

  /// The server is a standby: find the primary.
  public var isReadOnly: Bool { sqlstate == "25006" }

  public var description: String {
    let parts = [sqlstate.isEmpty ? nil : "[\(sqlstate)]", message, detail].compactMap { $0 }
    return parts.joined(separator: " ")
  }
}
