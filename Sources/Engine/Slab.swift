// Flat memory for the engine's records: stable slots, no object per record, no allocation when warm.

/// Records in one block of memory, addressed by a 32-bit slot that stays valid until released.
/// Slots never appear in anything canonical: they depend on history.
struct Slab<Element: ~Copyable>: ~Copyable {
  // Sole owner: allocated here, freed in deinit, never handed out beyond a borrow of `self`;
  // every access checks the slot against `used`, and slots below `used` are always initialised.
  private var base: UnsafeMutablePointer<Element>
  private var capacity: Int
  private(set) var used: Int32 = 0
  private var freeSlots: ContiguousArray<Int32> = []

  init(minimumCapacity: Int = 64) {
    capacity = minimumCapacity
    base = .allocate(capacity: minimumCapacity)
  }

  deinit {
    base.deinitialize(count: Int(used))
    base.deallocate()
  }

  /// Records in use.
  var count: Int { Int(used) - freeSlots.count }

  subscript(slot: Int32) -> Element {
    @inline(__always) _read {
      precondition(UInt32(bitPattern: slot) < UInt32(bitPattern: used), "slot out of range")
      yield base[Int(slot)]
    }
    @inline(__always) _modify {
      precondition(UInt32(bitPattern: slot) < UInt32(bitPattern: used), "slot out of range")
      yield &base[Int(slot)]
    }
  }

  mutating func insert(_ element: consuming Element) -> Int32 {
    if let slot = freeSlots.popLast() {
      base[Int(slot)] = element
      return slot
    }
    if Int(used) == capacity { grow() }
    (base + Int(used)).initialize(to: element)
    used += 1
    return used - 1
  }

  /// The slot may be given out again at once.
  mutating func release(_ slot: Int32) { freeSlots.append(slot) }

  /// Room for `count` records without another allocation.
  mutating func reserve(_ count: Int) {
    while capacity < count { grow() }
    freeSlots.reserveCapacity(count)
  }

  @inline(never)
  private mutating func grow() {
    precondition(capacity < Int(Int32.max) / 2, "a slab holds at most 2^30 records")
    let wider = UnsafeMutablePointer<Element>.allocate(capacity: capacity * 2)
    wider.moveInitialize(from: base, count: Int(used))
    base.deallocate()
    base = wider
    capacity *= 2
    freeSlots.reserveCapacity(capacity)
  }

  /// The records' memory for the length of a call.
  @inline(__always)
  func withMemory<R>(_ body: (UnsafePointer<Element>) -> R) -> R { body(UnsafePointer(base)) }
}

/// Key -> slot by open addressing with linear probing and backward-shift deletion: no tombstones, so its
/// cost does not depend on how many keys have come and gone. Never iterated.
struct HashIndex: ~Copyable {
  // Sole owner of two arrays of `mask + 1` entries, initialised at once; every index is masked.
  private var keys: UnsafeMutablePointer<UInt64>
  private var values: UnsafeMutablePointer<Int32>
  private var mask: Int
  private(set) var count = 0

  private static var vacant: Int32 { Int32.min }

  init(minimumCapacity: Int = 64) {
    var size = 16
    while size < minimumCapacity * 2 { size *= 2 }
    (keys, values) = Self.allocate(size)
    mask = size - 1
  }

  deinit {
    keys.deallocate()
    values.deallocate()
  }

  private static func allocate(
    _ size: Int
  ) -> (UnsafeMutablePointer<UInt64>, UnsafeMutablePointer<Int32>) {
    let keys = UnsafeMutablePointer<UInt64>.allocate(capacity: size)
    keys.initialize(repeating: 0, count: size)
    let values = UnsafeMutablePointer<Int32>.allocate(capacity: size)
    values.initialize(repeating: vacant, count: size)
    return (keys, values)
  }

  // Fibonacci hashing of the upper bits: keys are random or mixed already, or small and dense.
  @inline(__always)
  private func home(_ key: UInt64) -> Int {
    Int(truncatingIfNeeded: (key &* 0x9e37_79b9_7f4a_7c15) >> 20) & mask
  }

  /// The value under `key` for which `matches` holds (several may share a key).
  @inline(__always)
  func find(_ key: UInt64, where matches: (Int32) -> Bool = { _ in true }) -> Int32? {
    var index = home(key)
    while values[index] != Self.vacant {
      if keys[index] == key, matches(values[index]) { return values[index] }
      index = (index + 1) & mask
    }
    return nil
  }

  mutating func insert(_ key: UInt64, _ value: Int32) {
    precondition(value != Self.vacant, "the mark of a vacant entry is not a value")
    if count * 2 > mask { grow() }
    place(key, value)
    count += 1
  }

  @inline(__always)
  private mutating func place(_ key: UInt64, _ value: Int32) {
    var index = home(key)
    while values[index] != Self.vacant { index = (index + 1) & mask }
    keys[index] = key
    values[index] = value
  }

  /// Replaces the value of a unique key that is present.
  mutating func replace(_ key: UInt64, with value: Int32) {
    var index = home(key)
    while keys[index] != key || values[index] == Self.vacant {
      precondition(values[index] != Self.vacant, "replaced a key that is absent")
      index = (index + 1) & mask
    }
    values[index] = value
  }

  mutating func remove(_ key: UInt64, value: Int32) {
    var index = home(key)
    while keys[index] != key || values[index] != value {
      precondition(values[index] != Self.vacant, "removed a key that is absent")
      index = (index + 1) & mask
    }
    var hole = index
    while true {
      index = (index + 1) & mask
      if values[index] == Self.vacant { break }
      // An entry may fill the hole unless its home lies cyclically after the hole.
      if (index &- home(keys[index])) & mask >= (index &- hole) & mask {
        keys[hole] = keys[index]
        values[hole] = values[index]
        hole = index
      }
    }
    values[hole] = Self.vacant
    count -= 1
  }

  mutating func reserve(_ capacity: Int) { while capacity * 2 > mask { grow() } }

  @inline(never)
  private mutating func grow() {
    let (oldKeys, oldValues, oldSize) = (keys, values, mask + 1)
    (keys, values) = Self.allocate(oldSize * 2)
    mask = oldSize * 2 - 1
    for index in 0..<oldSize where oldValues[index] != Self.vacant {
      place(oldKeys[index], oldValues[index])
    }
    oldKeys.deallocate()
    oldValues.deallocate()
  }
}
