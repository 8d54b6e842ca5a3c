// A growing buffer of big-endian bytes, reused from batch to batch, under parameters and COPY.

/// Owned by one thread; the memory is kept when it is cleared.
struct PostgresBuffer: ~Copyable {
  // Sole owner of `base`: allocated here, freed in deinit and in grow. The first `count` bytes are
  // initialised, and every write reserves before it stores, so no store is beyond `capacity`.
  private(set) var base: UnsafeMutableRawPointer
  var count = 0
  private(set) var capacity: Int

  init(capacity: Int) {
    self.capacity = max(capacity, 64)
    base = .allocate(byteCount: self.capacity, alignment: 16)
  }

  deinit { base.deallocate() }

  mutating func removeAll() { count = 0 }

  mutating func reserve(_ more: Int) {
    if more > capacity - count { grow(more) }
  }

  @inline(never)
  mutating func grow(_ more: Int) {
    precondition(more >= 0 && more <= 1 << 40, "a value of impossible size for a buffer")
    capacity = max(capacity * 2, count + more)
    let wider = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
    wider.copyMemory(from: base, byteCount: count)
    base.deallocate()
    base = wider
  }

  mutating func put<T: FixedWidthInteger>(_ value: T) {
    reserve(MemoryLayout<T>.size)
    base.storeBytes(of: value.bigEndian, toByteOffset: count, as: T.self)
    count &+= MemoryLayout<T>.size
  }

  mutating func put(_ bytes: UnsafeRawBufferPointer) {
    reserve(bytes.count)
    if let start = bytes.baseAddress {
      (base + count).copyMemory(from: start, byteCount: bytes.count)
      count += bytes.count
    }
  }

  mutating func put(_ text: String) {
    var text = text
    text.withUTF8 { put(UnsafeRawBufferPointer($0)) }
  }

  mutating func put(_ content: some Collection<UInt8>) {
    let copied: Void? = content.withContiguousStorageIfAvailable { put(UnsafeRawBufferPointer($0)) }
    if copied == nil { for byte in content { put(byte) } }
  }

  /// Overwrites four bytes written before: a length that is known only afterwards.
  mutating func patch(_ value: Int32, at offset: Int) {
    precondition(offset >= 0 && offset + 4 <= count, "a patch beyond what was written")
    base.storeBytes(of: value.bigEndian, toByteOffset: offset, as: Int32.self)
  }

  // MARK: Values with their length before them, as the fields of COPY and the elements of arrays
  // have it

  mutating func putSized<T: FixedWidthInteger>(_ value: T) {
    reserve(4 + MemoryLayout<T>.size)
    put(Int32(truncatingIfNeeded: MemoryLayout<T>.size))
    put(value)
  }

  mutating func putSized(_ bytes: UnsafeRawBufferPointer) {
    put(Self.length(bytes.count))
    put(bytes)
  }

  mutating func putSized(_ text: String) {
    var text = text
    text.withUTF8 { putSized(UnsafeRawBufferPointer($0)) }
  }

  mutating func putSized(_ content: some Collection<UInt8>) {
    put(Self.length(content.count))
    put(content)
  }

  mutating func putSized(numeric value: Int128) {
    let start = count
    put(Int32(0))
    putNumeric(value)
    patch(Int32(truncatingIfNeeded: count - start - 4), at: start)
  }

  private static func length(_ count: Int) -> Int32 {
    // The server's own limit of one value (MaxAllocSize).
    precondition(count < 1 << 30, "a value of a gigabyte or more for Postgres")
    return Int32(truncatingIfNeeded: count)
  }

  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }
}

/// Postgres counts microseconds from 2000-01-01, we from 1970-01-01.
let postgresEpochMicroseconds: Int64 = 946_684_800_000_000
