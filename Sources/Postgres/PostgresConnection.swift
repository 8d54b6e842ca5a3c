// One connection over libpq: binary parameters, prepared statements, COPY.

internal import Glibc
public import CPostgres

/// One session. Not Sendable: made, used and dropped by one thread. All calls block.
public struct PostgresConnection: ~Copyable {
  private let raw: OpaquePointer

  /// Connects, blocking. Times out after 5 s, finds a dead peer by keep-alives within half a minute.
  /// - Parameter conninfo: a libpq connection string or URL; multi-host strings follow a failover.
  /// - Parameter role: a role to act in, for a login that is a member of it.
  public init(_ conninfo: String, role: String? = nil) throws(PostgresError) {
    let defaults: [(String, String)] = [
      ("dbname", conninfo), ("application_name", "uncross"), ("connect_timeout", "5"),
      ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
      ("tcp_user_timeout", "20000"), ("client_encoding", "UTF8"),
    ]
    // Two null-terminated lists of C strings, freed after the call.
    let keys = defaults.map { strdup($0.0) }
    let values = defaults.map { strdup($0.1) }
    let made = PQconnectdbParams(
      keys.map { UnsafePointer($0) } + [nil], values.map { UnsafePointer($0) } + [nil], 1)
    for pointer in keys + values { free(pointer) }
    guard let made else { throw PostgresError(message: "out of memory") }
    guard PQstatus(made) == CONNECTION_OK else {
      let message = String(cString: PQerrorMessage(made))
      PQfinish(made)
      throw PostgresError(message: message)
    }
    PQsetNoticeProcessor(made, { _, _ in }, nil)
    if let role {
      let result = PostgresResult(PQexec(made, "set role \"\(role)\""))
      if result.status != PGRES_COMMAND_OK {
        let error = result.error()
        PQfinish(made)
        throw error
      }
    }
    raw = made
  }

  deinit { PQfinish(raw) }

  /// False after the connection was lost.
  public var isAlive: Bool { PQstatus(raw) == CONNECTION_OK }

  private func lastError() -> PostgresError {
    PostgresError(message: String(cString: PQerrorMessage(raw)))
  }

  @discardableResult
  private func check(_ pointer: OpaquePointer?) throws(PostgresError) -> PostgresResult {
    guard let pointer else { throw lastError() }
    let result = PostgresResult(pointer)
    switch result.status {
    case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_COPY_IN, PGRES_EMPTY_QUERY: return result
    default: throw result.error()
    }
  }

  /// Statements without parameters; several are allowed, and are one transaction unless they say otherwise.
  public func execute(_ sql: String) throws(PostgresError) { try check(PQexec(raw, sql)) }

  /// One statement; results are binary.
  @discardableResult
  public func query(
    _ sql: String, _ parameters: borrowing PostgresParameters
  ) throws(PostgresError) -> PostgresResult {
    let types = parameters.types
    return try check(
      parameters.withPointers { count, values, lengths, formats in
        PQexecParams(raw, sql, count, types, values, lengths, formats, 1)
      })
  }

  public func prepare(_ name: String, _ sql: String, _ types: [Oid]) throws(PostgresError) {
    try check(PQprepare(raw, name, sql, Int32(types.count), types))
  }

  @discardableResult
  public func run(
    _ name: String, _ parameters: borrowing PostgresParameters
  ) throws(PostgresError) -> PostgresResult {
    try check(
      parameters.withPointers { count, values, lengths, formats in
        PQexecPrepared(raw, name, count, values, lengths, formats, 1)
      })
  }

  /// Runs a `COPY ... FROM STDIN (FORMAT binary)` with what the buffer holds, header and trailer included.
  public func copyIn(_ sql: String, _ copy: borrowing CopyBuffer) throws(PostgresError) {
    try execute(sql)
    let bytes = copy.buffer.bytes
    var offset = 0
    // The length is 32 bits, and the library keeps its own copy: megabytes are the right piece.
    while offset < bytes.count {
      let count = min(1 << 20, bytes.count - offset)
      let slice = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
      guard PQputCopyData(raw, slice.assumingMemoryBound(to: CChar.self).baseAddress, Int32(count)) == 1
      else { throw lastError() }
      offset += count
    }
    guard PQputCopyEnd(raw, nil) == 1 else { throw lastError() }
    var failure: PostgresError?
    while let pointer = PQgetResult(raw) {
      do throws(PostgresError) { try check(pointer) } catch { failure = failure ?? error }
    }
    if let failure { throw failure }
  }
}
