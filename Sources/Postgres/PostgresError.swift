// What the server or the connection said, and what it means for who asked.

internal import CPostgres

/// The world failed, and who says so.
public struct PostgresError: Error, Sendable, CustomStringConvertible {
  public enum Origin: Sendable {
    /// The server refused a statement; the session goes on.
    case server
    /// The connection or the library: the session is over.
    case connection
    /// This program: the database holds what it never wrote. Another connection finds the same.
    case contents
  }

  public var origin: Origin
  /// Five characters of the SQL standard's and Postgres's table of error codes (appendix A of its
  /// manual); empty where not the server speaks.
  public var sqlstate: String
  public var message: String
  public var detail: String?
  public var table: String?
  public var constraint: String?
  /// The statement that failed, as `StatementText` shows it: without values.
  public var statement: String?

  /// What the server says, or where the code is empty the connection.
  public init(
    sqlstate: String = "", message: String, detail: String? = nil, table: String? = nil,
    constraint: String? = nil
  ) {
    origin = sqlstate.isEmpty ? .connection : .server
    self.sqlstate = sqlstate
    self.message = message
    self.detail = detail
    self.table = table
    self.constraint = constraint
  }

  /// A row that cannot be, because this program never writes such. A person must look: it is never
  /// a lost connection, and the same question gets the same answer.
  public static func impossible(_ message: String) -> PostgresError {
    var error = PostgresError(message: message)
    error.origin = .contents
    return error
  }

  /// Takes the server's fields from a failed result; the caller still owns the result.
  /// - Parameter sql: the statement, where it is known.
  init(result raw: OpaquePointer, sql: String? = nil) {
    func field(_ code: Int) -> String? {
      PQresultErrorField(raw, Int32(code)).map { String(cString: $0) }
    }
    self.init(
      sqlstate: field(UNCROSS_DIAG_SQLSTATE) ?? "",
      message: field(UNCROSS_DIAG_MESSAGE) ?? Self.trimmed(PQresultErrorMessage(raw)),
      detail: field(UNCROSS_DIAG_DETAIL), table: field(UNCROSS_DIAG_TABLE),
      constraint: field(UNCROSS_DIAG_CONSTRAINT))
    statement = sql.map {
      StatementText.shown($0, at: field(UNCROSS_DIAG_POSITION).flatMap(Int.init))
    }
  }

  /// What the library last said of a connection.
  init(connection raw: OpaquePointer, sql: String? = nil) {
    self.init(message: Self.trimmed(PQerrorMessage(raw)))
    statement = sql.map { StatementText.shown($0) }
  }

  // libpq ends its messages with a line feed.
  private static func trimmed(_ text: UnsafePointer<CChar>?) -> String {
    var message = text.map { String(cString: $0) } ?? ""
    while message.last?.isNewline == true { message.removeLast() }
    return message
  }

  /// The connection is gone or the server is going: the outcome of a commit in flight is unknown.
  public var isConnectionLoss: Bool {
    // 25P03 and 25P04 are the server's timeouts that end a session, not a statement.
    origin == .connection || sqlstate.hasPrefix("08") || sqlstate.hasPrefix("57P0")
      || sqlstate == "25P03" || sqlstate == "25P04"
  }

  /// A row that cannot be: see `impossible`.
  public var isImpossible: Bool { origin == .contents }

  /// The server is a standby, or set read-only: find the primary.
  public var isReadOnly: Bool { sqlstate == "25006" }

  public var description: String {
    let place = constraint.map { "(constraint \($0))" } ?? table.map { "(table \($0))" }
    let code = sqlstate.isEmpty ? nil : "[\(sqlstate)]"
    let parts = [code, message, detail, place, statement.map { "in: \($0)" }]
    return parts.compactMap { $0 }.joined(separator: " ")
  }
}
