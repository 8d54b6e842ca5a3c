// The rows of a statement, in binary form, read by the type that the server says they have.

internal import CPostgres

/// Owns one result. A column read as another type than it has, or a null read as a value, stops the
/// process: that is a fault of ours, and the number it would give is wrong. Rows and columns count
/// from 0.
public struct PostgresResult: ~Copyable {
  private let raw: OpaquePointer

  init(_ raw: OpaquePointer) { self.raw = raw }

  deinit { PQclear(raw) }

  var status: ExecStatusType { PQresultStatus(raw) }

  func error(_ sql: String? = nil) -> PostgresError { PostgresError(result: raw, sql: sql) }

  public var rowCount: Int { Int(PQntuples(raw)) }
  public var columnCount: Int { Int(PQnfields(raw)) }

  /// Rows that the statement inserted, updated, deleted, copied or returned.
  public var affectedRows: Int { Int(String(cString: PQcmdTuples(raw))) ?? 0 }

  private func requireCell(_ row: Int, _ column: Int) {
    precondition(row >= 0 && row < rowCount, "row \(row) of a result of \(rowCount)")
    precondition(
      column >= 0 && column < columnCount, "column \(column) of a result of \(columnCount)")
  }

  public func isNull(_ row: Int, _ column: Int) -> Bool {
    requireCell(row, column)
    return PQgetisnull(raw, Int32(row), Int32(column)) == 1
  }

  /// The bytes of a value of any type, for the length of the call.
  public func withBytes<R>(_ row: Int, _ column: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R {
    precondition(!isNull(row, column), "column \(column) is null where a value is due")
    // The memory belongs to the result, which is borrowed for the length of this call.
    return body(
      UnsafeRawBufferPointer(
        start: PQgetvalue(raw, Int32(row), Int32(column)),
        count: Int(PQgetlength(raw, Int32(row), Int32(column)))))
  }

  private func type(of column: Int) -> Oid {
    precondition(
      PQfformat(raw, Int32(column)) == 1, "a result in text form: only query and run give binary")
    return PQftype(raw, Int32(column))
  }

  private func integer<T: FixedWidthInteger>(_ row: Int, _ column: Int, _ expected: Oid) -> T {
    withBytes(row, column) { bytes in
      let type = type(of: column)
      precondition(
        type == expected && bytes.count == MemoryLayout<T>.size,
        "column \(column) has type \(type) and \(bytes.count) bytes, not type \(expected)")
      return T(bigEndian: bytes.loadUnaligned(as: T.self))
    }
  }

  public func int64(_ row: Int, _ column: Int) -> Int64 { integer(row, column, PostgresType.int8) }
  public func int32(_ row: Int, _ column: Int) -> Int32 { integer(row, column, PostgresType.int4) }
  public func int16(_ row: Int, _ column: Int) -> Int16 { integer(row, column, PostgresType.int2) }

  public func bool(_ row: Int, _ column: Int) -> Bool {
    let value: UInt8 = integer(row, column, PostgresType.bool)
    return value != 0
  }

  /// Microseconds since 1970 of a `timestamptz`, or of a `timestamp` taken as UTC.
  public func timestamp(_ row: Int, _ column: Int) -> Int64 {
    requireCell(row, column)
    let isPlain = type(of: column) == PostgresType.timestamp
    let type = isPlain ? PostgresType.timestamp : PostgresType.timestamptz
    let value: Int64 = integer(row, column, type)
    // The two ends of the range are the infinities.
    precondition(value != .min && value < .max - postgresEpochMicroseconds, "an infinite timestamp")
    return value + postgresEpochMicroseconds
  }

  /// A whole number that Int128 holds, exactly.
  public func numeric(_ row: Int, _ column: Int) -> Int128 {
    withBytes(row, column) { bytes in
      let type = type(of: column)
      precondition(type == PostgresType.numeric, "column \(column) has type \(type), not numeric")
      return decodeNumeric(bytes)
    }
  }

  /// Text of any of the server's text types.
  public func string(_ row: Int, _ column: Int) -> String {
    withBytes(row, column) { bytes in
      let type = type(of: column)
      precondition(Self.isText(type), "column \(column) has type \(type), not text")
      return String(decoding: bytes, as: UTF8.self)
    }
  }

  // "char", name, text, json, unknown, bpchar, varchar; types of the database itself (enums) begin
  // at 16384.
  private static func isText(_ type: Oid) -> Bool {
    [18, 19, 25, 114, 705, 1042, 1043].contains(type) || type >= 16_384
  }

  public func bytes(_ row: Int, _ column: Int) -> [UInt8] {
    withBytes(row, column) { bytes in
      let type = type(of: column)
      precondition(type == PostgresType.bytea, "column \(column) has type \(type), not bytea")
      return Array(bytes)
    }
  }

  // MARK: The same where a column may be null

  public func optionalInt64(_ row: Int, _ column: Int) -> Int64? {
    isNull(row, column) ? nil : int64(row, column)
  }

  public func optionalTimestamp(_ row: Int, _ column: Int) -> Int64? {
    isNull(row, column) ? nil : timestamp(row, column)
  }

  public func optionalString(_ row: Int, _ column: Int) -> String? {
    isNull(row, column) ? nil : string(row, column)
  }

  public func optionalBytes(_ row: Int, _ column: Int) -> [UInt8]? {
    isNull(row, column) ? nil : bytes(row, column)
  }
}
