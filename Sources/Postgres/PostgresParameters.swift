// Parameters of a statement in binary form, in one buffer.

public import CPostgres

/// The types this program sends and reads, by the server's numbers (pg_type.dat).
public enum PostgresType {
  public static let bool: Oid = 16
  public static let bytea: Oid = 17
  public static let int8: Oid = 20
  public static let int2: Oid = 21
  public static let int4: Oid = 23
  public static let text: Oid = 25
  public static let timestamp: Oid = 1114
  public static let timestamptz: Oid = 1184
  public static let numeric: Oid = 1700
  public static let byteaArray: Oid = 1001
  public static let int4Array: Oid = 1007
  public static let textArray: Oid = 1009
  public static let int8Array: Oid = 1016
  public static let numericArray: Oid = 1231
  /// Lets the server infer the type; only for nulls.
  public static let inferred: Oid = 0
}

/// `$1`, `$2`, ... in order, each sent with its type, so that a mistake is an error and never a
/// reinterpretation. Pointers are made only while the statement is sent.
public struct PostgresParameters: ~Copyable {
  private var buffer: PostgresBuffer
  private var starts: [Int] = []
  private var lengths: [Int32] = []
  private(set) var types: [Oid] = []

  public init(capacity: Int = 256) { buffer = PostgresBuffer(capacity: capacity) }

  public var count: Int { starts.count }

  /// Empties it and keeps the memory.
  public mutating func removeAll() {
    buffer.removeAll()
    starts.removeAll(keepingCapacity: true)
    lengths.removeAll(keepingCapacity: true)
    types.removeAll(keepingCapacity: true)
  }

  private mutating func append(_ type: Oid, _ put: (inout PostgresBuffer) -> Void) {
    let start = buffer.count
    put(&buffer)
    let length = buffer.count - start
    // The server's own limit of one value (MaxAllocSize).
    precondition(length < 1 << 30, "a parameter of a gigabyte or more")
    types.append(type)
    starts.append(start)
    lengths.append(Int32(truncatingIfNeeded: length))
  }

  public mutating func int8(_ value: Int64) { append(PostgresType.int8) { $0.put(value) } }
  public mutating func int4(_ value: Int32) { append(PostgresType.int4) { $0.put(value) } }
  public mutating func int2(_ value: Int16) { append(PostgresType.int2) { $0.put(value) } }
  public mutating func numeric(_ value: Int128) {
    append(PostgresType.numeric) { $0.putNumeric(value) }
  }
  public mutating func text(_ value: String) { append(PostgresType.text) { $0.put(value) } }

  public mutating func bool(_ value: Bool) {
    append(PostgresType.bool) { $0.put(UInt8(value ? 1 : 0)) }
  }

  public mutating func bytea(_ value: some Collection<UInt8>) {
    append(PostgresType.bytea) { $0.put(value) }
  }

  /// `timestamptz` from microseconds since 1970.
  public mutating func timestamp(_ microseconds: Int64) {
    append(PostgresType.timestamptz) { $0.put(microseconds - postgresEpochMicroseconds) }
  }

  public mutating func null(_ type: Oid = PostgresType.inferred) {
    types.append(type)
    starts.append(-1)
    lengths.append(0)
  }

  // MARK: One-dimensional arrays

  // array_send in the server's arrayfuncs.c: dimensions, whether nulls are in it, the elements'
  // type; then of the one dimension its size and lower bound, and the elements with their lengths.
  private mutating func array(
    _ type: Oid, of element: Oid, _ count: Int, _ put: (inout PostgresBuffer, Int) -> Void
  ) {
    append(type) { buffer in
      buffer.put(Int32(count == 0 ? 0 : 1))
      buffer.put(Int32(0))
      buffer.put(element)
      if count > 0 {
        buffer.put(Int32(count))
        buffer.put(Int32(1))
        for index in 0..<count { put(&buffer, index) }
      }
    }
  }

  public mutating func int8Array(_ count: Int, _ element: (Int) -> Int64) {
    array(PostgresType.int8Array, of: PostgresType.int8, count) { $0.putSized(element($1)) }
  }

  public mutating func int4Array(_ count: Int, _ element: (Int) -> Int32) {
    array(PostgresType.int4Array, of: PostgresType.int4, count) { $0.putSized(element($1)) }
  }

  public mutating func textArray(_ count: Int, _ element: (Int) -> String) {
    array(PostgresType.textArray, of: PostgresType.text, count) { $0.putSized(element($1)) }
  }

  public mutating func numericArray(_ count: Int, _ element: (Int) -> Int128) {
    array(PostgresType.numericArray, of: PostgresType.numeric, count) {
      $0.putSized(numeric: element($1))
    }
  }

  public mutating func byteaArray(_ count: Int, _ element: (Int) -> [UInt8]) {
    array(PostgresType.byteaArray, of: PostgresType.bytea, count) { $0.putSized(element($1)) }
  }

  // MARK: Sending

  typealias Pointers = UnsafePointer<UnsafePointer<CChar>?>

  /// Values, lengths and formats as libpq takes them.
  func withPointers<R>(
    _ body: (Int32, Pointers?, UnsafePointer<Int32>?, UnsafePointer<Int32>?) -> R
  ) -> R {
    // The buffer is borrowed for the length of this call, so it is neither written nor freed
    // meanwhile: every pointer into it is valid until `body` returns.
    let pointers = starts.map { start -> UnsafePointer<CChar>? in
      start < 0 ? nil : UnsafeRawPointer(buffer.base + start).assumingMemoryBound(to: CChar.self)
    }
    let binary = [Int32](repeating: 1, count: starts.count)
    return body(Int32(starts.count), pointers, lengths, binary)
  }
}
