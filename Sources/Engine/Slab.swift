// Flat memory for the engine's records: stable slots, no object per record, no allocation when
// warm.

internal import Glibc

/// Where large blocks come from: mapped, with a request for huge pages, and with address space to
/// grow in place. A book of a million orders is hundreds of megabytes touched at random: with small
/// pages the faults and the misses of the address cache cost more than the matching, and a copy at
/// each doubling would stop the market for as long as it takes.
enum LargeMemory {
  private static let huge = 2 << 20

  private static func bytes<T>(_ count: Int, of _: T.Type) -> Int where T: ~Copyable {
    (count * MemoryLayout<T>.stride + huge - 1) & ~(huge - 1)
  }

  /// Small blocks stay with the allocator.
  private static func isMapped<T>(_ count: Int, of type: T.Type) -> Bool where T: ~Copyable {
    count * MemoryLayout<T>.stride >= 2 * huge
  }

  /// - Parameter limit: records that the block may grow to in place; costs addresses, not memory.
  static func allocate<T>(_ count: Int, growingTo limit: Int) -> UnsafeMutablePointer<T>
  where T: ~Copyable {
    guard isMapped(count, of: T.self) else { return .allocate(capacity: count) }
    let space = bytes(limit, of: T.self)
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    guard let memory = mmap(nil, space, PROT_NONE, flags, -1, 0), memory != MAP_FAILED else {
      fatalError("no address space: \(space) bytes for the engine's records")
    }
    preferHugePages(memory, space)
    open(memory, bytes(count, of: T.self))
    return memory.bindMemory(to: T.self, capacity: limit)
  }

  /// Gives back what `allocate` or `grow` gave for `count` records, which are no longer
  /// initialised.
  static func deallocate<T>(
    _ memory: UnsafeMutablePointer<T>, _ count: Int, growingTo limit: Int
  ) where T: ~Copyable {
    guard isMapped(count, of: T.self) else { return memory.deallocate() }
    munmap(memory, bytes(limit, of: T.self))
  }

  /// The same records with more room; the old block is gone, or is the new one.
  static func grow<T>(
    _ memory: UnsafeMutablePointer<T>, from old: Int, to new: Int, used: Int, growingTo limit: Int
  ) -> UnsafeMutablePointer<T> where T: ~Copyable {
    if isMapped(old, of: T.self) {
      open(memory, bytes(new, of: T.self))
      return memory
    }
    let wider: UnsafeMutablePointer<T> = allocate(new, growingTo: limit)
    wider.moveInitialize(from: memory, count: used)
    memory.deallocate()
    return wider
  }

  private static func open(_ memory: UnsafeMutableRawPointer, _ bytes: Int) {
    guard mprotect(memory, bytes, PROT_READ | PROT_WRITE) == 0 else {
      fatalError("no memory: \(bytes) bytes for the engine's records")
    }
  }

  /// A hint for the whole huge pages inside a block of memory; its answer does not matter.
  fileprivate static func preferHugePages(_ memory: UnsafeMutableRawPointer, _ bytes: Int) {
    let first = (Int(bitPattern: memory) + huge - 1) & ~(huge - 1)
    let end = (Int(bitPattern: memory) + bytes) & ~(huge - 1)
    guard first < end else { return }
    madvise(UnsafeMutableRawPointer(bitPattern: first), end - first, MADV_HUGEPAGE)
  }
}

extension ContiguousArray {
  /// Room for `count` more elements at once: one block instead of one a doubling, in huge pages.
  mutating func makeRoom(_ count: Int) {
    let needed = self.count + count
    guard needed > capacity else { return }
    // Many small runs in one group must not copy what is there each time.
    reserveCapacity(Swift.max(needed, capacity + capacity / 2))
    withUnsafeMutableBufferPointer { used in
      guard let base = used.baseAddress else { return }
      LargeMemory.preferHugePages(
        UnsafeMutableRawPointer(base), needed * MemoryLayout<Element>.stride)
    }
  }
}

/// Records in one block of memory, addressed by a 32-bit slot that stays valid until released.
/// Slots never appear in anything canonical: they depend on history.
struct Slab<Element: ~Copyable>: ~Copyable {
  // Sole owner: allocated here, freed in deinit, never handed out beyond a borrow of `self`;
  // every access checks the slot against `used`, and slots below `used` are always initialised.
  private var base: UnsafeMutablePointer<Element>
  private var capacity: Int
  private(set) var used: Int32 = 0
  private var freeSlots: ContiguousArray<Int32> = []

  private static var limit: Int { 1 << 29 }

  init(minimumCapacity: Int = 64) {
    capacity = minimumCapacity
    base = LargeMemory.allocate(minimumCapacity, growingTo: Self.limit)
  }

  deinit {
    base.deinitialize(count: Int(used))
    LargeMemory.deallocate(base, capacity, growingTo: Self.limit)
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
    precondition(capacity * 2 <= Self.limit, "a slab holds at most 2^29 records")
    base = LargeMemory.grow(
      base, from: capacity, to: capacity * 2, used: Int(used), growingTo: Self.limit)
    capacity *= 2
    freeSlots.reserveCapacity(capacity)
  }

  /// The records' memory for the length of a call.
  @inline(__always)
  func withMemory<R>(_ body: (UnsafePointer<Element>) -> R) -> R { body(UnsafePointer(base)) }
}

/// Key -> slot by open addressing with linear probing and backward-shift deletion: no tombstones,
/// so its cost does not depend on how many keys have come and gone. Never iterated.
struct HashIndex: ~Copyable {
  // Key and value side by side: a look-up touches one line of memory.
  private struct Entry {
    var key: UInt64 = 0
    var value = HashIndex.vacant
  }

  // Sole owner of `mask + 1` entries, initialised at once; every index is masked.
  private var entries: UnsafeMutablePointer<Entry>
  private var mask: Int
  private(set) var count = 0

  private static var vacant: Int32 { Int32.min }

  init(minimumCapacity: Int = 64) {
    var size = 16
    while size < minimumCapacity * 2 { size *= 2 }
    entries = Self.allocate(size)
    mask = size - 1
  }

  deinit { LargeMemory.deallocate(entries, mask + 1, growingTo: mask + 1) }

  private static func allocate(_ size: Int) -> UnsafeMutablePointer<Entry> {
    let entries: UnsafeMutablePointer<Entry> = LargeMemory.allocate(size, growingTo: size)
    entries.initialize(repeating: Entry(), count: size)
    return entries
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
    while entries[index].value != Self.vacant {
      if entries[index].key == key, matches(entries[index].value) { return entries[index].value }
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
    while entries[index].value != Self.vacant { index = (index + 1) & mask }
    entries[index] = Entry(key: key, value: value)
  }

  /// Replaces the value of a unique key that is present.
  mutating func replace(_ key: UInt64, with value: Int32) {
    var index = home(key)
    while entries[index].key != key || entries[index].value == Self.vacant {
      precondition(entries[index].value != Self.vacant, "replaced a key that is absent")
      index = (index + 1) & mask
    }
    entries[index].value = value
  }

  mutating func remove(_ key: UInt64, value: Int32) {
    var index = home(key)
    while entries[index].key != key || entries[index].value != value {
      precondition(entries[index].value != Self.vacant, "removed a key that is absent")
      index = (index + 1) & mask
    }
    var hole = index
    while true {
      index = (index + 1) & mask
      if entries[index].value == Self.vacant { break }
      // An entry may fill the hole unless its home lies cyclically after the hole.
      if (index &- home(entries[index].key)) & mask >= (index &- hole) & mask {
        entries[hole] = entries[index]
        hole = index
      }
    }
    entries[hole].value = Self.vacant
    count -= 1
  }

  mutating func reserve(_ capacity: Int) { while capacity * 2 > mask { grow() } }

  @inline(never)
  private mutating func grow() {
    let (old, oldSize) = (entries, mask + 1)
    entries = Self.allocate(oldSize * 2)
    mask = oldSize * 2 - 1
    for index in 0..<oldSize where old[index].value != Self.vacant {
      place(old[index].key, old[index].value)
    }
    LargeMemory.deallocate(old, oldSize, growingTo: oldSize)
  }
}
