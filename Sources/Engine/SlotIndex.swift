// A hash table of slots that takes little memory: 8 bytes a place, where `HashIndex` takes 16.

/// Slots by a hash of what lies in them. Part of the hash is kept beside the slot; the caller says
/// whether the record there is the one it looks for. Open addressing with linear probing and
/// backward-shift deletion, at most three quarters full: 11 to 21 bytes a slot. Never iterated.
struct SlotIndex: ~Copyable {
  // Sole owner of `mask + 1` entries, initialised at once; every index is masked. An entry is
  // 32 bits of the hash above the slot plus one; 0 is vacant.
  private var entries: UnsafeMutablePointer<UInt64>
  private var mask: Int
  private(set) var count = 0

  var bytes: Int { (mask + 1) * MemoryLayout<UInt64>.stride }

  init(minimumCapacity: Int = 64) {
    var size = 16
    while size < minimumCapacity * 2 { size *= 2 }
    entries = Self.allocate(size)
    mask = size - 1
  }

  deinit { LargeMemory.deallocate(entries, mask + 1, growingTo: mask + 1) }

  private static func allocate(_ size: Int) -> UnsafeMutablePointer<UInt64> {
    let entries: UnsafeMutablePointer<UInt64> = LargeMemory.allocate(size, growingTo: size)
    entries.initialize(repeating: 0, count: size)
    return entries
  }

  @inline(__always)
  private static func entry(_ hash: UInt64, _ slot: Int32) -> UInt64 {
    hash & 0xffff_ffff_0000_0000 | UInt64(UInt32(bitPattern: slot)) + 1
  }

  @inline(__always)
  private static func slot(_ entry: UInt64) -> Int32 {
    Int32(bitPattern: UInt32(truncatingIfNeeded: entry)) - 1
  }

  // The kept half of the hash alone gives the place, so that a table can grow without the records.
  @inline(__always)
  private func home(_ entry: UInt64) -> Int { Int(entry >> 32) & mask }

  /// The slot under `hash` for which `matches` holds (several may share a hash).
  @inline(__always)
  func find(_ hash: UInt64, where matches: (Int32) -> Bool) -> Int32? {
    var index = home(hash)
    while entries[index] != 0 {
      if entries[index] >> 32 == hash >> 32, matches(Self.slot(entries[index])) {
        return Self.slot(entries[index])
      }
      index = (index + 1) & mask
    }
    return nil
  }

  mutating func insert(_ hash: UInt64, _ slot: Int32) {
    if (count + 1) * 4 > (mask + 1) * 3 { grow() }
    place(Self.entry(hash, slot))
    count += 1
  }

  @inline(__always)
  private mutating func place(_ entry: UInt64) {
    var index = home(entry)
    while entries[index] != 0 { index = (index + 1) & mask }
    entries[index] = entry
  }

  mutating func remove(_ hash: UInt64, _ slot: Int32) {
    let entry = Self.entry(hash, slot)
    var hole = home(entry)
    while entries[hole] != entry {
      precondition(entries[hole] != 0, "removed a slot that is absent")
      hole = (hole + 1) & mask
    }
    var index = hole
    while true {
      index = (index + 1) & mask
      if entries[index] == 0 { break }
      // An entry may fill the hole unless its home lies cyclically after the hole.
      if (index &- home(entries[index])) & mask >= (index &- hole) & mask {
        entries[hole] = entries[index]
        hole = index
      }
    }
    entries[hole] = 0
    count -= 1
  }

  mutating func reserve(_ capacity: Int) {
    while capacity * 4 > (mask + 1) * 3 { grow() }
  }

  @inline(never)
  private mutating func grow() {
    precondition(mask < 1 << 31, "the kept half of a hash addresses 2^32 places")
    let (old, oldSize) = (entries, mask + 1)
    entries = Self.allocate(oldSize * 2)
    mask = oldSize * 2 - 1
    for index in 0..<oldSize where old[index] != 0 { place(old[index]) }
    LargeMemory.deallocate(old, oldSize, growingTo: oldSize)
  }
}
