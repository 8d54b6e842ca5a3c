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
  public static let timestamptz: Oid = 1184
  public static let numeric: Oid = 1700
  public static let byteaArray: Oid = 1001
  public static let int4Array: Oid = 1007
  public static let textArray: Oid = 1009
  public static let int8Array: Oid = 1016
  public static let numericArray: Oid = 1231
}

/// `$1`, `$2`, ... in order. Pointers are made only while the statement is sent.
public struct PostgresParameters: ~Copyable {
  private var buffer: PostgresBuffer
  private var starts: [Int] = []
  private var lengths: [Int32] = []
  private(set) var types: [Oid] = []

  public init(capacity: Int = 256) { buffer = PostgresBuffer(capacity: capacity) }

  var count: Int { starts.count }

  private mutating func begin(_ type: Oid) -> Int {
    types.append(type)
    starts.append(buffer.count)
    return buffer.count
  }

  private mutating func end(_ start: Int) { lengths.append(Int32(buffer.count - start)) }

  public mutating func int8(_ value: Int64) {
    let start = begin(PostgresType.int8)
    buffer.put(value)
    end(start)
  }

  public mutating func int4(_ value: Int32) {
    let start = begin(PostgresType.int4)
    buffer.put(value)
    end(start)
  }

  public mutating func bool(_ value: Bool) {
    let start = begin(PostgresType.bool)
    buffer.put(UInt8(value ? 1 : 0))
    end(start)
  }

  /// Microseconds since 1970.
  public mutating func timestamp(_ microseconds: Int64) {
    let start = begin(PostgresType.timestamptz)
    buffer.put(microseconds - postgresEpochMicroseconds)
    end(start)
  }

  public mutating func numeric(_ value: Int128) {
    let start = begin(PostgresType.numeric)
    buffer.putNumeric(value)
    end(start)
  }

  public mutating func text(_ value: String) {
    let start = begin(PostgresType.text)
    var value = value
    value.withUTF8 { buffer.put(UnsafeRawBufferPointer($0)) }
    end(start)
  }

  public mutating func bytea(_ value: some Collection<UInt8>) {
    let start = begin(PostgresType.bytea)
    let done: Void? = value.withContiguousStorageIfAvailable {
      buffer.put(UnsafeRawBufferPointer($0))
    }
    if done == nil { for byte in value { buffer.put(byte) } }
    end(start)
  }

  public mutating func null(_ type: Oid) {
    types.append(type)
    starts.append(-1)
    lengths.append(0)
  }

  // MARK: One-dimensional arrays

  private mutating func array(
    _ type: Oid, of element: Oid, _ count: Int, _ put: (inout PostgresBuffer, Int) -> Void
  ) {
    let start = begin(type)
    buffer.put(Int32(count == 0 ? 0 : 1))
    buffer.put(Int32(0))
    buffer.put(Int32(bitPattern: element))
    if count > 0 {
      buffer.put(Int32(count))
      buffer.put(Int32(1))
      for index in 0..<count { put(&buffer, index) }
    }
    end(start)
  }

  public mutating func int8Array(_ count: Int, _ element: (Int) -> Int64) {
    array(PostgresType.int8Array, of: PostgresType.int8, count) { $0.putSized(element($1)) }
  }

  public mutating func textArray(_ count: Int, _ element: (Int) -> String) {
    array(PostgresType.textArray, of: PostgresType.text, count) { $0.putSized(text: element($1)) }
  }

  public mutating func numericArray(_ count: Int, _ element: (Int) -> Int128) {
    array(PostgresType.numericArray, of: PostgresType.numeric, count) {
      $0.putSized(numeric: element($1))
    }
  }

  func withPointers<R>(
    _ body: (
      Int32, UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?
    ) -> R
  ) -> R {
    // Valid for this call only: the buffer is borrowed and not written meanwhile.
    let pointers = starts.map { start -> UnsafePointer<CChar>? in
      start < 0
        ? nil : UnsafeRawPointer(buffer.base + start).assumingMemoryBound(to: CChar.self)
    }
    let formats = [Int32](repeating: 1, count: starts.count)
    return body(Int32(starts.count), pointers, lengths, formats)
  }
}
