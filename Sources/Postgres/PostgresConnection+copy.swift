// COPY into a table, in binary form.

internal import CPostgres

extension PostgresConnection {
  /// Runs a `COPY ... FROM STDIN (FORMAT binary)` with what the buffer holds.
  /// - Returns: rows copied.
  @discardableResult
  public func copyIn(_ sql: String, _ copy: borrowing CopyBuffer) throws(PostgresError) -> Int {
    precondition(copy.isComplete, "COPY without its end")
    let status = try check(PQexec(raw, sql), sql).status
    precondition(status == PGRES_COPY_IN, "not a COPY in this direction: \(sql)")
    let bytes = copy.buffer.bytes
    var offset = 0
    // The length is 32 bits, and the library keeps a copy of its own: megabytes are the right
    // piece.
    while offset < bytes.count {
      let count = min(1 << 20, bytes.count - offset)
      let slice = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
      let sent = PQputCopyData(
        raw, slice.assumingMemoryBound(to: CChar.self).baseAddress, Int32(count))
      if sent != 1 { break }  // why, the end of the command says
      offset += count
    }
    let sentAll = offset == bytes.count && PQputCopyEnd(raw, nil) == 1
    if !sentAll {
      let error = lastError(sql)
      try finishCommand(sql)
      throw error
    }
    let result = try check(PQgetResult(raw), sql)
    let rows = result.affectedRows
    try finishCommand(sql)
    return rows
  }
}
