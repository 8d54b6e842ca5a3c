// The rows of a statement, in binary form.

internal import CPostgres

/// Owns one result. A column read as another type than the server sent stops the process: that is a fault of ours.
public struct PostgresResult: ~Copyable {
  private let raw: OpaquePointer

  init(_ raw: OpaquePointer) { self.raw = raw }

  deinit { PQclear(raw) }

  public var rowCount: Int { Int(PQntuples(raw)) }

  /// Rows that the statement inserted, updated, deleted or returned.
  public var affectedRows: Int { Int(String(cString: PQcmdTuples(raw))) ?? 0 }

  public func isNull(_ row: Int, _ column: Int) -> Bool {
    PQgetisnull(raw, Int32(row), Int32(column)) == 1
  }

  /// The bytes of a value, for the length of the call.
  public func withBytes<R>(
    _ row: Int, _ column: Int, _ body: (UnsafeRawBufferPointer) -> R
  ) -> R {
    precondition(row < rowCount, "a row beyond the result")
    return body(
      UnsafeRawBufferPointer(
        start: PQgetvalue(raw, Int32(row), Int32(column)),
        count: Int(PQgetlength(raw, Int32(row), Int32(column)))))
  }

  private func integer<T: FixedWidthInteger>(_ row: Int, _ column: Int) -> T {
    withBytes(row, column) { bytes in
      precondition(bytes.count == MemoryLayout<T>.size, "a column of another width")
      return T(bigEndian: bytes.loadUnaligned(as: T.self))
    }
  }

  public func int64(_ row: Int, _ column: Int) -> Int64 { integer(row, column) }
  public func int32(_ row: Int, _ column: Int) -> Int32 { integer(row, column) }
  public func bool(_ row: Int, _ column: Int) -> Bool { (integer(row, column) as UInt8) != 0 }

  /// Microseconds since 1970.
  public func timestamp(_ row: Int, _ column: Int) -> Int64 {
    int64(row, column) + postgresEpochMicroseconds
  }

  public func string(_ row: Int, _ column: Int) -> String {
    withBytes(row, column) { String(decoding: $0, as: UTF8.self) }
  }

  public func bytes(_ row: Int, _ column: Int) -> [UInt8] { withBytes(row, column) { Array($0) } }

  /// A whole number of at most 38 digits.
  public func numeric(_ row: Int, _ column: Int) -> Int128 {
    withBytes(row, column) { bytes in
      func word(_ index: Int) -> Int16 {
        Int16(bigEndian: bytes.loadUnaligned(fromByteOffset: index * 2, as: Int16.self))
      }
      precondition(bytes.count >= 8, "not a numeric value")
      let (digits, weight, sign) = (Int(word(0)), Int(word(1)), UInt16(bitPattern: word(2)))
      precondition(sign == 0 || sign == 0x4000, "a numeric value that is no number")
      precondition(digits <= weight + 1 || digits == 0, "a numeric value that is no whole number")
      var value: Int128 = 0
      for index in 0...max(weight, 0) {
        value = value * 10_000 + Int128(index < digits ? word(4 + index) : 0)
      }
      return sign == 0 ? value : -value
    }
  }

  var status: ExecStatusType { PQresultStatus(raw) }

  func error() -> PostgresError {
    func field(_ code: Int) -> String? {
      PQresultErrorField(raw, Int32(code)).map { String(cString: $0) }
    }
    return PostgresError(
      sqlstate: field(UNCROSS_DIAG_SQLSTATE) ?? "",
      message: field(UNCROSS_DIAG_MESSAGE) ?? String(cString: PQresultErrorMessage(raw)),
      detail: field(UNCROSS_DIAG_DETAIL), table: field(UNCROSS_DIAG_TABLE),
      constraint: field(UNCROSS_DIAG_CONSTRAINT))
  }
}
