// What the server or the connection said, and what it means for who asked.

internal import CPostgres

/// The world failed. `sqlstate` is empty where the connection or the library speaks, not the
/// server.
public struct PostgresError: Error, Sendable, CustomStringConvertible {
  /// Five characters of the SQL standard's and Postgres's table of error codes (appendix A of its
  /// manual).
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

  /// Takes the server's fields from a failed result; the caller still owns the result.
  init(result raw: OpaquePointer) {
    func field(_ code: Int) -> String? {
      PQresultErrorField(raw, Int32(code)).map { String(cString: $0) }
    }
    self.init(
      sqlstate: field(UNCROSS_DIAG_SQLSTATE) ?? "",
      message: field(UNCROSS_DIAG_MESSAGE) ?? Self.trimmed(PQresultErrorMessage(raw)),
      detail: field(UNCROSS_DIAG_DETAIL), table: field(UNCROSS_DIAG_TABLE),
      constraint: field(UNCROSS_DIAG_CONSTRAINT))
  }

  /// What the library last said of a connection.
  init(connection raw: OpaquePointer) {
    self.init(message: Self.trimmed(PQerrorMessage(raw)))
  }

  // libpq ends its messages with a line feed.
  private static func trimmed(_ text: UnsafePointer<CChar>?) -> String {
    var message = text.map { String(cString: $0) } ?? ""
    while message.last?.isNewline == true { message.removeLast() }
    return message
  }

  /// Serialization failure or deadlock: nothing was written, the same transaction may be tried
  /// again.
  public var isRetryable: Bool { sqlstate == "40001" || sqlstate == "40P01" }

  /// The connection is gone or the server is going: the outcome of a commit in flight is unknown.
  public var isConnectionLoss: Bool {
    // 25P03 and 25P04 are the server's timeouts that end a session, not a statement.
    sqlstate.isEmpty || sqlstate.hasPrefix("08") || sqlstate.hasPrefix("57P0")
      || sqlstate == "25P03" || sqlstate == "25P04"
  }

  /// The server is a standby, or set read-only: find the primary.
  public var isReadOnly: Bool { sqlstate == "25006" }

  public var description: String {
    let place = constraint.map { "(constraint \($0))" } ?? table.map { "(table \($0))" }
    let parts = [sqlstate.isEmpty ? nil : "[\(sqlstate)]", message, detail, place]
    return parts.compactMap { $0 }.joined(separator: " ")
  }
}
