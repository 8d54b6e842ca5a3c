// One connection over libpq: binary parameters, prepared statements; COPY and pipelines beside it.

public import CPostgres
internal import Glibc

/// One session of a database. Not Sendable: made, used and dropped by one thread. Every call
/// blocks, so that thread is never one of Swift's cooperative pool (see `OwnerThread`).
///
/// Errors: every call throws `PostgresError`. After one with `isConnectionLoss` the session is of
/// no more use; drop it, make another, and find out what became of a commit in flight.
public struct PostgresConnection: ~Copyable {
  let raw: OpaquePointer
  private let statements = PreparedStatements()

  /// Connects, blocking; gives up after 5 s per host.
  /// - Parameter conninfo: a libpq connection string or URL. Multi-host strings follow a failover.
  ///   What it says goes before our own settings.
  /// - Parameter role: a role to act in, for a login that is a member of it.
  public init(_ conninfo: String, role: String? = nil) throws(PostgresError) {
    // A throwing init does not run deinit, so all that may fail is done before the value exists.
    let made = try Self.connect(conninfo)
    do throws(PostgresError) { try Self.prepareSession(made, role) } catch {
      PQfinish(made)
      throw error
    }
    raw = made
  }

  deinit { PQfinish(raw) }

  // The server learns within half a minute that our host died, and frees our locks (a leader's
  // above all); a lock that is not had in 30 s is an error to try again; a process that hangs
  // inside a transaction loses it. No statement_timeout: it also ends the wait for a synchronous
  // standby, and the commit then reports success.
  private static let sessionSettings = [
    "tcp_keepalives_idle = 10", "tcp_keepalives_interval = 5", "tcp_keepalives_count = 3",
    "lock_timeout = '30s'", "idle_in_transaction_session_timeout = '60s'",
    "client_min_messages = warning",
  ]

  private static func prepareSession(
    _ made: OpaquePointer, _ role: String?
  ) throws(PostgresError) {
    PQsetNoticeProcessor(made, { _, _ in }, nil)  // else libpq writes warnings to standard error
    for setting in sessionSettings {
      // Best effort: compatible servers do not know them all. A lost connection shows at the next
      // call.
      PQclear(PQexec(made, "set \(setting)"))
    }
    guard let role else { return }
    let quoted = role.split(separator: "\"", omittingEmptySubsequences: false)
      .joined(separator: "\"\"")
    let result = PostgresResult(PQexec(made, "set role \"\(quoted)\""))
    guard result.status == PGRES_COMMAND_OK else { throw result.error() }
  }

  /// Whether a connection string has a password in it; one that cannot be read counts.
  public static func hasPassword(_ conninfo: String) -> Bool {
    guard let options = PQconninfoParse(conninfo, nil) else { return true }
    defer { PQconninfoFree(options) }
    // An array that ends with an option without a name.
    var option = options
    while let name = option.pointee.keyword {
      let isSecret = ["password", "sslpassword"].contains(String(cString: name))
      if isSecret, option.pointee.val != nil { return true }
      option += 1
    }
    return false
  }

  private static func connect(_ conninfo: String) throws(PostgresError) -> OpaquePointer {
    try requireReadable(conninfo)
    // Of a keyword given twice the last counts: our defaults before the caller's string, the
    // encoding after it.
    let settings = [
      ("application_name", "uncross"), ("connect_timeout", "5"), ("keepalives_idle", "10"),
      ("keepalives_interval", "5"), ("keepalives_count", "3"), ("tcp_user_timeout", "20000"),
      ("dbname", conninfo), ("client_encoding", "UTF8"),
    ]
    // Two null-terminated lists of C strings, ours until they are freed after the call.
    let keys = settings.map { strdup($0.0) } + [nil]
    let values = settings.map { strdup($0.1) } + [nil]
    defer { for pointer in keys + values { free(pointer) } }
    let made = PQconnectdbParams(
      keys.map { UnsafePointer($0) }, values.map { UnsafePointer($0) }, 1)
    guard let made else { throw PostgresError(message: "no memory for a connection") }
    guard PQstatus(made) == CONNECTION_OK else {
      var error = PostgresError(connection: made)
      if let password = PQpass(made).map({ String(cString: $0) }), !password.isEmpty {
        error.message = error.message.split(separator: password, omittingEmptySubsequences: false)
          .joined(separator: "***")
      }
      PQfinish(made)
      throw error
    }
    return made
  }

  /// The library quotes what it cannot read of a connection string, a password for example; so it
  /// is read here first, and its words are not passed on.
  private static func requireReadable(_ conninfo: String) throws(PostgresError) {
    // Without "=" or a scheme it is a database's name. The server would quote one that has an "@"
    // and is a URL without its scheme.
    let isParsed = conninfo.contains("=") || conninfo.contains("@") || conninfo.contains("://")
    guard isParsed else { return }
    guard let options = PQconninfoParse(conninfo, nil) else {
      throw PostgresError(
        message: "the connection string cannot be read: give a postgres:// URL or key=value pairs, "
          + "with special characters escaped")
    }
    PQconninfoFree(options)
  }

  /// False once the connection is known to be lost; looks at the socket, does not ask the server.
  public var isAlive: Bool {
    // What an idle server sends is its farewell: read it, and the end of the stream behind it.
    for _ in 0..<2 where PQstatus(raw) == CONNECTION_OK && Self.poll(raw, Int16(POLLIN), 0) != 0 {
      _ = PQconsumeInput(raw)
    }
    return PQstatus(raw) == CONNECTION_OK
  }

  /// The process that serves this session, for `pg_terminate_backend` and the server's log.
  public var backendPID: Int32 { PQbackendPID(raw) }

  /// Waits for a socket; returns what it is ready for, 0 after the time. -1 milliseconds is for
  /// ever.
  static func poll(_ raw: OpaquePointer, _ events: Int16, _ milliseconds: Int32) -> Int16 {
    var descriptor = pollfd(fd: PQsocket(raw), events: events, revents: 0)
    while Glibc.poll(&descriptor, 1, milliseconds) < 0 && errno == EINTR {}
    return descriptor.revents
  }

  func lastError(_ sql: String) -> PostgresError { PostgresError(connection: raw, sql: sql) }

  /// Takes ownership of a result of the statement and throws where it is an error.
  @discardableResult
  func check(_ pointer: OpaquePointer?, _ sql: String) throws(PostgresError) -> PostgresResult {
    guard let pointer else { throw lastError(sql) }
    let result = PostgresResult(pointer)
    switch result.status {
    case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_EMPTY_QUERY:
      return result
    default: throw result.error(sql)
    }
  }

  /// Reads what a command leaves up to its end, so that the next may begin; throws the first error.
  func finishCommand(_ sql: String) throws(PostgresError) {
    var failure: PostgresError?
    while let pointer = PQgetResult(raw) {
      do throws(PostgresError) { try check(pointer, sql) } catch { failure = failure ?? error }
      // A lost connection would repeat its error for ever in the middle of a COPY.
      if PQstatus(raw) != CONNECTION_OK { break }
    }
    if let failure { throw failure }
  }

  /// Statements without parameters or rows of interest; several are one transaction unless they say
  /// otherwise.
  public func execute(_ sql: String) throws(PostgresError) {
    let result = try check(PQexec(raw, sql), sql)
    precondition(
      result.status != PGRES_COPY_IN && result.status != PGRES_COPY_OUT,
      "COPY goes through copyIn")
  }

  /// One statement, parsed and planned for this once.
  @discardableResult
  public func query(
    _ sql: String, _ parameters: borrowing PostgresParameters
  ) throws(PostgresError) -> PostgresResult {
    let types = parameters.types
    return try check(
      parameters.withPointers { count, values, lengths, formats in
        PQexecParams(raw, sql, count, types, values, lengths, formats, 1)
      }, sql)
  }

  /// One statement without parameters; rows come in binary form.
  @discardableResult
  public func query(_ sql: String) throws(PostgresError) -> PostgresResult {
    try query(sql, PostgresParameters(capacity: 0))
  }

  /// Gives a statement a name for the length of the session.
  /// - Parameter types: of its parameters in order, from `PostgresType`.
  public func prepare(_ name: String, _ sql: String, _ types: [Oid]) throws(PostgresError) {
    try check(PQprepare(raw, name, sql, Int32(types.count), types), sql)
    statements.prepared[name] = PreparedStatements.Statement(sql: sql, types: types)
  }

  /// Runs a prepared statement.
  @discardableResult
  public func run(
    _ name: String, _ parameters: borrowing PostgresParameters
  ) throws(PostgresError) -> PostgresResult {
    statements.require(name, parameters)
    return try check(
      parameters.withPointers { count, values, lengths, formats in
        PQexecPrepared(raw, name, count, values, lengths, formats, 1)
      }, statements.sql(of: name))
  }

  /// Many prepared statements in one round trip and one transaction.
  ///
  /// All of them take effect, or none, unless `begin` and `commit` are among them. Statements after
  /// one that fails are skipped; its error is thrown after the last answer was read, and the
  /// session stays usable. Where the pipeline began a transaction of its own, that is then open and
  /// failed: roll it back. COPY is not possible.
  /// - Parameter send: queues statements; what it throws undoes those that are queued.
  /// - Parameter result: gets the answer of each statement that succeeded, by its number from 0.
  /// - Returns: the affected rows of each statement.
  @discardableResult
  public func pipeline(
    _ send: (inout PostgresPipeline) throws(PostgresError) -> Void,
    result: (Int, borrowing PostgresResult) -> Void = { _, _ in }
  ) throws(PostgresError) -> [Int] {
    var pipeline = try PostgresPipeline(raw, statements)
    var refusal: PostgresError?
    do throws(PostgresError) { try send(&pipeline) } catch { refusal = error }
    if refusal != nil { pipeline.abandon() }
    let affected: [Int]
    do throws(PostgresError) {
      affected = try pipeline.finish(result)
    } catch {
      throw refusal ?? error
    }
    if let refusal { throw refusal }
    return affected
  }
}

/// What was prepared in a session: a statement run with parameters of other types than it was
/// prepared for would have their bytes read as something else.
final class PreparedStatements {
  struct Statement {
    var sql: String
    var types: [Oid]
  }

  var prepared: [String: Statement] = [:]

  /// Of a statement that `require` let pass.
  func sql(of name: String) -> String { prepared[name]?.sql ?? name }

  func require(_ name: String, _ parameters: borrowing PostgresParameters) {
    let given = parameters.types
    guard let expected = prepared[name]?.types else {
      preconditionFailure("statement \(name) was not prepared")
    }
    precondition(
      expected.count == given.count, "statement \(name) takes \(expected.count) parameters")
    for index in given.indices where given[index] != expected[index] {
      let mayBeAny =
        given[index] == PostgresType.inferred || expected[index] == PostgresType.inferred
      precondition(
        mayBeAny,
        "parameter \(index + 1) of \(name) has type \(given[index]), not \(expected[index])")
    }
  }
}
