// Statements on their way in libpq's pipeline mode: sent without waiting, answered in order.

internal import CPostgres
internal import Glibc

/// Collects the statements of one `PostgresConnection.pipeline`.
public struct PostgresPipeline: ~Copyable {
  private let raw: OpaquePointer
  private let statements: PreparedStatements
  /// Statements queued so far.
  public var count: Int { sent.count }
  private var sent: [String] = []

  /// Answers wait in the library's memory until all is sent, and a group is far smaller.
  public static let maximumStatements = 10_000

  init(_ raw: OpaquePointer, _ statements: PreparedStatements) throws(PostgresError) {
    self.raw = raw
    self.statements = statements
    // Non-blocking: a client that only writes and a server that only answers could wait for each
    // other.
    guard PQsetnonblocking(raw, 1) == 0, PQenterPipelineMode(raw) == 1 else {
      throw PostgresError(connection: raw)
    }
  }

  /// Queues a prepared statement.
  public mutating func run(
    _ name: String, _ parameters: borrowing PostgresParameters
  ) throws(PostgresError) {
    precondition(count < Self.maximumStatements, "a pipeline of more than 10,000 statements")
    statements.require(name, parameters)
    let isSent = parameters.withPointers { count, values, lengths, formats in
      PQsendQueryPrepared(raw, name, count, values, lengths, formats, 1)
    }
    let sql = statements.sql(of: name)
    guard isSent == 1 else { throw PostgresError(connection: raw, sql: sql) }
    sent.append(sql)
  }

  /// Queues a statement without parameters (`begin`, `commit`).
  public mutating func run(sql: String) throws(PostgresError) {
    precondition(count < Self.maximumStatements, "a pipeline of more than 10,000 statements")
    guard PQsendQueryParams(raw, sql, 0, nil, nil, nil, nil, 1) == 1 else {
      throw PostgresError(connection: raw, sql: sql)
    }
    sent.append(sql)
  }

  /// What was queued may be at the server already: an error behind it is what undoes it.
  mutating func abandon() {
    let sql = "select 1 / 0"
    if PQsendQueryParams(raw, sql, 0, nil, nil, nil, nil, 1) == 1 { sent.append(sql) }
  }

  /// Ends the transaction, reads every answer and leaves pipeline mode.
  mutating func finish(
    _ body: (Int, borrowing PostgresResult) -> Void
  ) throws(PostgresError) -> [Int] {
    guard PQpipelineSync(raw) == 1 else { throw PostgresError(connection: raw) }
    try flush()
    var failure: PostgresError?
    var affected: [Int] = []
    affected.reserveCapacity(count)
    for statement in 0..<count {
      let result = try next()
      switch result.status {
      case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
        affected.append(result.affectedRows)
        body(statement, result)
      case PGRES_PIPELINE_ABORTED: break  // skipped: an earlier one failed
      default: failure = failure ?? result.error(sent[statement])
      }
      // Behind the answer of a statement lies a nil, its end.
      while let more = PQgetResult(raw) { PQclear(more) }
      if PQstatus(raw) != CONNECTION_OK {
        throw failure ?? PostgresError(connection: raw, sql: sent[statement])
      }
    }
    let sync = try next()
    guard sync.status == PGRES_PIPELINE_SYNC else { throw failure ?? sync.error() }
    // Queue and socket are empty: these two cannot fail.
    guard PQexitPipelineMode(raw) == 1, PQsetnonblocking(raw, 0) == 0 else {
      throw failure ?? PostgresError(connection: raw)
    }
    if let failure { throw failure }
    return affected
  }

  private func next() throws(PostgresError) -> PostgresResult {
    guard let pointer = PQgetResult(raw) else { throw PostgresError(connection: raw) }
    return PostgresResult(pointer)
  }

  /// Sends all, and takes in answers meanwhile.
  private func flush() throws(PostgresError) {
    while true {
      switch PQflush(raw) {
      case 0: return
      case 1:
        let ready = PostgresConnection.poll(raw, Int16(POLLIN | POLLOUT), -1)
        if ready & Int16(POLLIN) != 0, PQconsumeInput(raw) == 0 {
          throw PostgresError(connection: raw)
        }
      default: throw PostgresError(connection: raw)
      }
    }
  }
}
