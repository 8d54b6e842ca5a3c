// Rows for COPY ... FROM STDIN (FORMAT binary), as the server stores them, built without text.

/// `begin`, then for each row `row(n)` and n fields, then `end`; kept and reused from batch to
/// batch. A row with fewer or more fields than it said stops the process: the server would read
/// other columns.
public struct CopyBuffer: ~Copyable {
  var buffer: PostgresBuffer
  var fieldsDue: Int16 = 0
  /// Rows since `begin`.
  public internal(set) var rowCount = 0
  private(set) var isComplete = false

  public init(capacity: Int = 1 << 16) {
    buffer = PostgresBuffer(capacity: capacity)
    begin()
  }

  /// Bytes that `copyIn` would send, header included.
  public var byteCount: Int { buffer.count }

  /// Empties it and writes the header: signature, no flags, no extension.
  public mutating func begin() {
    buffer.removeAll()
    fieldsDue = 0
    rowCount = 0
    isComplete = false
    buffer.put("PGCOPY\n")
    buffer.put(UInt32(0xff0d_0a00))
    buffer.put(Int32(0))
    buffer.put(Int32(0))
  }

  /// Begins a row of that many fields.
  public mutating func row(_ fields: Int16) {
    precondition(fieldsDue == 0, "a row of COPY begins before the last has all its fields")
    precondition(!isComplete, "a row of COPY after the end")
    buffer.put(fields)
    fieldsDue = fields
    rowCount += 1
  }

  mutating func countField() {
    precondition(fieldsDue > 0, "a row of COPY has more fields than it said")
    fieldsDue &-= 1
  }

  public mutating func field(_ value: Int64) {
    countField()
    buffer.putSized(value)
  }

  public mutating func field(_ value: Int32) {
    countField()
    buffer.putSized(value)
  }

  public mutating func field(_ value: Int16) {
    countField()
    buffer.putSized(value)
  }

  public mutating func field(_ value: Bool) {
    countField()
    buffer.putSized(UInt8(value ? 1 : 0))
  }

  public mutating func numeric(_ value: Int128) {
    countField()
    buffer.putSized(numeric: value)
  }

  public mutating func text(_ value: StaticString) {
    countField()
    buffer.putSized(UnsafeRawBufferPointer(start: value.utf8Start, count: value.utf8CodeUnitCount))
  }

  public mutating func text(_ value: String) {
    countField()
    buffer.putSized(value)
  }

  public mutating func text(_ utf8: UnsafeBufferPointer<UInt8>) {
    countField()
    buffer.putSized(UnsafeRawBufferPointer(utf8))
  }

  public mutating func bytea(_ value: some Collection<UInt8>) {
    countField()
    buffer.putSized(value)
  }

  /// `timestamptz` from microseconds since 1970.
  public mutating func timestamp(_ microseconds: Int64) {
    countField()
    buffer.putSized(microseconds - postgresEpochMicroseconds)
  }

  public mutating func null() {
    countField()
    buffer.put(Int32(-1))
  }

  /// Writes the trailer; without it the server refuses the data as cut off.
  public mutating func end() {
    precondition(fieldsDue == 0, "COPY ends before its last row has all its fields")
    precondition(!isComplete, "COPY ends twice")
    buffer.put(Int16(-1))
    isComplete = true
  }
}
