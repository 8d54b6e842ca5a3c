// COPY in both directions, in binary form.

internal import CPostgres

extension PostgresConnection {
  /// Runs a `COPY ... FROM STDIN (FORMAT binary)` with what the buffer holds.
  /// - Returns: rows copied.
  @discardableResult
  public func copyIn(_ sql: String, _ copy: borrowing CopyBuffer) throws(PostgresError) -> Int {
    precondition(copy.isComplete, "COPY without its end")
    try begin(sql, PGRES_COPY_IN)
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

  /// Runs a `COPY ... TO STDOUT (FORMAT binary)`; memory stays that of one row.
  /// - Parameter body: gets each row; where it throws, the rest is cancelled and the session stays
  ///   usable.
  /// - Returns: rows read.
  @discardableResult
  public func copyOut(
    _ sql: String, _ body: (borrowing PostgresCopyRow) throws(PostgresError) -> Void
  ) throws(PostgresError) -> Int {
    try begin(sql, PGRES_COPY_OUT)
    var rows = 0
    var headerDue = true
    do throws(PostgresError) {
      while let message = try nextCopyMessage(sql) {
        defer { PQfreemem(message.baseAddress) }
        var bytes = UnsafeRawBufferPointer(message)
        if headerDue {
          bytes = Self.withoutCopyHeader(bytes)
          headerDue = false
        }
        if bytes.count == 2 { continue }  // the trailer, a row of -1 fields
        if !bytes.isEmpty {
          try body(PostgresCopyRow(bytes))
          rows += 1
        }
      }
    } catch {
      cancelCopyOut()
      throw error
    }
    try finishCommand(sql)
    return rows
  }

  private func begin(_ sql: String, _ expected: ExecStatusType) throws(PostgresError) {
    let status = try check(PQexec(raw, sql), sql).status
    precondition(status == expected, "not a COPY in this direction: \(sql)")
  }

  /// One message, which is one row and before the first the header too; nil after the last. The
  /// caller frees it.
  private func nextCopyMessage(_ sql: String) throws(PostgresError)
    -> UnsafeMutableRawBufferPointer?
  {
    var data: UnsafeMutablePointer<CChar>?
    let count = PQgetCopyData(raw, &data, 0)
    if count > 0, let data { return UnsafeMutableRawBufferPointer(start: data, count: Int(count)) }
    if count == -1 { return nil }
    throw lastError(sql)
  }

  // Signature (11 bytes), flags (4), length of the extension (4), extension.
  private static func withoutCopyHeader(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    precondition(
      bytes.count >= 19 && bytes[0] == UInt8(ascii: "P"), "COPY's answer is not in binary form")
    let length = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 15, as: UInt32.self))
    precondition(Int(length) <= bytes.count - 19, "COPY's header is longer than its message")
    return UnsafeRawBufferPointer(rebasing: bytes[(19 + Int(length))...])
  }

  private func cancelCopyOut() {
    if let cancel = PQgetCancel(raw) {
      var reason = [CChar](repeating: 0, count: 256)
      PQcancel(cancel, &reason, Int32(reason.count))
      PQfreeCancel(cancel)
    }
    var data: UnsafeMutablePointer<CChar>?
    while PQgetCopyData(raw, &data, 0) > 0 { PQfreemem(data) }
    // What comes now is the answer to the cancellation; the caller has the error that matters.
    try? finishCommand("copy")
  }
}

/// One row of `copyOut`. COPY does not say types: only widths can be checked. Fields count from 0.
public struct PostgresCopyRow: ~Copyable {
  // Valid while `copyOut` calls its body, which only borrows the row and so cannot keep it.
  private let bytes: UnsafeRawBufferPointer
  // Where each field's bytes begin, and how many they are; -1 is null.
  private var fields: [(start: Int, length: Int)] = []

  init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
    func word<T: FixedWidthInteger>(at offset: Int) -> T {
      precondition(offset + MemoryLayout<T>.size <= bytes.count, "a row of COPY is cut off")
      return T(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
    }
    let count: Int16 = word(at: 0)
    fields.reserveCapacity(Int(max(count, 0)))
    var offset = 2
    for _ in 0..<max(count, 0) {
      let length = Int(word(at: offset) as Int32)
      offset += 4
      fields.append((offset, length))
      offset += max(length, 0)
      precondition(offset <= bytes.count, "a row of COPY is cut off")
    }
  }

  public var fieldCount: Int { fields.count }

  public func isNull(_ field: Int) -> Bool { fields[field].length < 0 }

  public func withBytes<R>(_ field: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R {
    let (start, length) = fields[field]
    precondition(length >= 0, "field \(field) is null where a value is due")
    return body(UnsafeRawBufferPointer(rebasing: bytes[start..<start + length]))
  }

  private func integer<T: FixedWidthInteger>(_ field: Int) -> T {
    withBytes(field) { bytes in
      precondition(
        bytes.count == MemoryLayout<T>.size,
        "field \(field) has \(bytes.count) bytes, not \(T.self)")
      return T(bigEndian: bytes.loadUnaligned(as: T.self))
    }
  }

  public func int64(_ field: Int) -> Int64 { integer(field) }
  public func int32(_ field: Int) -> Int32 { integer(field) }
  public func int16(_ field: Int) -> Int16 { integer(field) }
  public func bool(_ field: Int) -> Bool { (integer(field) as UInt8) != 0 }
  public func numeric(_ field: Int) -> Int128 { withBytes(field, decodeNumeric) }
  public func string(_ field: Int) -> String {
    withBytes(field) { String(decoding: $0, as: UTF8.self) }
  }
  public func bytes(_ field: Int) -> [UInt8] { withBytes(field) { Array($0) } }

  /// Microseconds since 1970.
  public func timestamp(_ field: Int) -> Int64 { int64(field) + postgresEpochMicroseconds }
}
