// A growing buffer of big-endian bytes, reused from batch to batch.

/// Owned by one thread; the memory is kept when it is cleared.
struct PostgresBuffer: ~Copyable {
  // Sole owner of `base`: allocated here, freed in deinit; `count` bytes are initialised, and every
  // write reserves before it stores.
  private(set) var base: UnsafeMutableRawPointer
  private(set) var count = 0
  private var capacity: Int

  init(capacity: Int = 4096) {
    self.capacity = max(capacity, 64)
    base = .allocate(byteCount: self.capacity, alignment: 16)
  }

  deinit { base.deallocate() }

  mutating func removeAll() { count = 0 }

  @inline(__always)
  mutating func reserve(_ more: Int) { if count + more > capacity { grow(more) } }

  @inline(never)
  private mutating func grow(_ more: Int) {
    capacity = max(capacity * 2, count + more)
    let wider = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
    wider.copyMemory(from: base, byteCount: count)
    base.deallocate()
    base = wider
  }

  @inline(__always)
  mutating func put<T: FixedWidthInteger>(_ value: T) {
    reserve(MemoryLayout<T>.size)
    base.storeBytes(of: value.bigEndian, toByteOffset: count, as: T.self)
    count += MemoryLayout<T>.size
  }

  mutating func put(_ bytes: UnsafeRawBufferPointer) {
    reserve(bytes.count)
    if let start = bytes.baseAddress { (base + count).copyMemory(from: start, byteCount: bytes.count) }
    count += bytes.count
  }

  /// Overwrites four bytes written before: lengths that are known afterwards.
  mutating func patch(_ value: Int32, at offset: Int) {
    precondition(offset + 4 <= count, "a patch beyond what was written")
    base.storeBytes(of: value.bigEndian, toByteOffset: offset, as: Int32.self)
  }

  // MARK: Values with their length before them, as parameters of arrays and fields of COPY have it

  @inline(__always)
  mutating func putSized<T: FixedWidthInteger>(_ value: T) {
    put(Int32(truncatingIfNeeded: MemoryLayout<T>.size))
    put(value)
  }

  mutating func putSized(text: String) {
    var text = text
    text.withUTF8 { utf8 in
      put(Int32(utf8.count))
      put(UnsafeRawBufferPointer(utf8))
    }
  }

  mutating func putSized(numeric value: Int128) {
    let start = count
    put(Int32(0))
    putNumeric(value)
    patch(Int32(count - start - 4), at: start)
  }

  /// The binary form of `numeric` for a whole number, canonical: digits of base 10,000 without zeros at either
  /// end, weight of the first, sign, scale 0.
  mutating func putNumeric(_ value: Int128) {
    var magnitude = value.magnitude
    // 2^127 has 39 decimal digits: ten digits of base 10,000 hold them. They come lowest first.
    var digits: (UInt64, UInt64, UInt64) = (0, 0, 0)
    var total = 0
    var trailing = 0
    var kept = 0
    func store(_ digit: UInt64) {
      // Four digits of 16 bits a word.
      let shift = UInt64(kept & 3) * 16
      switch kept >> 2 {
      case 0: digits.0 |= digit << shift
      case 1: digits.1 |= digit << shift
      default: digits.2 |= digit << shift
      }
      kept += 1
    }
    func take(_ digit: UInt64) {
      if digit == 0, kept == 0 { trailing += 1 } else { store(digit) }
      total += 1
    }
    while magnitude > UInt128(UInt64.max) {
      let (quotient, rest) = magnitude.quotientAndRemainder(dividingBy: 10_000)
      take(UInt64(rest))
      magnitude = quotient
    }
    var small = UInt64(magnitude)
    while small > 0 {
      take(small % 10_000)
      small /= 10_000
    }
    reserve(8 + kept * 2)
    put(Int16(kept))
    put(Int16(total == 0 ? 0 : total - 1))
    put(UInt16(value < 0 ? 0x4000 : 0))
    put(Int16(0))
    for index in stride(from: kept - 1, through: 0, by: -1) {
      let shift = UInt64(index & 3) * 16
      let word = index >> 2 == 0 ? digits.0 : index >> 2 == 1 ? digits.1 : digits.2
      put(UInt16(truncatingIfNeeded: word >> shift))
    }
  }

  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }
}

/// Postgres counts microseconds from 2000-01-01, we from 1970-01-01.
let postgresEpochMicroseconds: Int64 = 946_684_800_000_000

/// COPY BINARY: rows as the server stores them, built without text.
public struct CopyBuffer: ~Copyable {
  var buffer = PostgresBuffer(capacity: 1 << 16)

  public init() { begin() }

  /// Empties it and writes the header.
  public mutating func begin() {
    buffer.removeAll()
    for byte in Array("PGCOPY\n".utf8) + [0xff, 0x0d, 0x0a, 0x00] { buffer.put(byte) }
    buffer.put(Int32(0))
    buffer.put(Int32(0))
  }

  /// Begins a row; that many fields must follow.
  @inline(__always)
  public mutating func row(_ fields: Int16) { buffer.put(fields) }

  @inline(__always)
  public mutating func field<T: FixedWidthInteger>(_ value: T) { buffer.putSized(value) }
  @inline(__always)
  public mutating func numeric(_ value: Int128) { buffer.putSized(numeric: value) }
  public mutating func text(_ value: String) { buffer.putSized(text: value) }

  public mutating func text(_ value: StaticString) {
    buffer.put(Int32(value.utf8CodeUnitCount))
    buffer.put(UnsafeRawBufferPointer(start: value.utf8Start, count: value.utf8CodeUnitCount))
  }

  public mutating func bytea(_ value: [UInt8]) {
    buffer.put(Int32(value.count))
    value.withUnsafeBytes { buffer.put($0) }
  }

  /// Microseconds since 1970.
  @inline(__always)
  public mutating func timestamp(_ microseconds: Int64) {
    buffer.putSized(microseconds - postgresEpochMicroseconds)
  }

  public mutating func null() { buffer.put(Int32(-1)) }

  /// Writes the trailer.
  public mutating func end() { buffer.put(Int16(-1)) }

  public var byteCount: Int { buffer.count }
}
