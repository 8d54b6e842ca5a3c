// The sorted prices of one side of a book: a directory of small sorted blocks.

internal import Auction

/// Sorted keys with a 32-bit value each. Two binary searches and one short move a change, at most a
/// directory of 2^20 / 128 blocks to shift when a block splits: no price distribution makes it
/// slow.
struct PriceIndex: ~Copyable {
  // 256 keys a block: 2 kB to shift at the worst, a directory of 8,192 for the most levels a side
  // may have.
  static var blockCapacity: Int { 256 }

  // Sole owner: block b's keys lie at keys + b * 256, its values likewise. `order` lists the blocks
  // by key, `last` their greatest keys, `counts` (by block) how many entries are initialised.
  private var keys: UnsafeMutablePointer<Int64>
  private var values: UnsafeMutablePointer<Int32>
  private var blockCount = 0
  private var blockLimit = 4
  private var order: ContiguousArray<Int32> = []
  private var last: ContiguousArray<Int64> = []
  private var counts: ContiguousArray<Int32> = []
  private var freeBlocks: ContiguousArray<Int32> = []
  private(set) var count = 0

  init() {
    keys = .allocate(capacity: blockLimit * Self.blockCapacity)
    values = .allocate(capacity: blockLimit * Self.blockCapacity)
  }

  deinit {
    keys.deallocate()
    values.deallocate()
  }

  /// The place in the directory of the first block whose last key is not below `key`.
  @inline(__always)
  private func blockPosition(_ key: Int64) -> Int {
    var (low, high) = (0, last.count)
    while low < high {
      let middle = (low + high) >> 1
      if last[middle] < key { low = middle + 1 } else { high = middle }
    }
    return low
  }

  @inline(__always)
  private func lowerBound(_ base: UnsafeMutablePointer<Int64>, _ count: Int, _ key: Int64) -> Int {
    var (low, rest) = (0, count)
    while rest > 0 {
      let half = rest >> 1
      let below = base[low + half] < key
      low = below ? low + half + 1 : low
      rest = below ? rest - half - 1 : half
    }
    return low
  }

  @inline(__always)
  func find(_ key: Int64) -> Int32? {
    let position = blockPosition(key)
    guard position < order.count else { return nil }
    let block = Int(order[position])
    let base = keys + block * Self.blockCapacity
    let index = lowerBound(base, Int(counts[block]), key)
    return base[index] == key ? values[block * Self.blockCapacity + index] : nil
  }

  /// The key must be absent.
  mutating func insert(_ key: Int64, _ value: Int32) {
    if order.isEmpty {
      let block = makeBlock()
      order.append(block)
      last.append(key)
    }
    var position = min(blockPosition(key), order.count - 1)
    if Int(counts[Int(order[position])]) == Self.blockCapacity {
      split(position)
      if key > last[position] { position += 1 }
    }
    let block = Int(order[position])
    let filled = Int(counts[block])
    let keyBase = keys + block * Self.blockCapacity
    let valueBase = values + block * Self.blockCapacity
    let index = lowerBound(keyBase, filled, key)
    precondition(index == filled || keyBase[index] != key, "a price was indexed twice")
    (keyBase + index + 1).update(from: keyBase + index, count: filled - index)
    (valueBase + index + 1).update(from: valueBase + index, count: filled - index)
    keyBase[index] = key
    valueBase[index] = value
    counts[block] += 1
    last[position] = max(last[position], key)
    count += 1
  }

  /// The key must be present.
  mutating func remove(_ key: Int64) {
    let position = blockPosition(key)
    precondition(position < order.count, "removed a price that is absent")
    let block = Int(order[position])
    let filled = Int(counts[block])
    let keyBase = keys + block * Self.blockCapacity
    let valueBase = values + block * Self.blockCapacity
    let index = lowerBound(keyBase, filled, key)
    precondition(index < filled && keyBase[index] == key, "removed a price that is absent")
    (keyBase + index).update(from: keyBase + index + 1, count: filled - index - 1)
    (valueBase + index).update(from: valueBase + index + 1, count: filled - index - 1)
    counts[block] -= 1
    count -= 1
    if filled == 1 {
      freeBlocks.append(Int32(block))
      order.remove(at: position)
      last.remove(at: position)
    } else if index == filled - 1 {
      last[position] = keyBase[filled - 2]
    }
  }

  private mutating func split(_ position: Int) {
    let half = Self.blockCapacity / 2
    let block = Int(order[position])
    let new = makeBlock()
    (keys + Int(new) * Self.blockCapacity)
      .update(from: keys + block * Self.blockCapacity + half, count: half)
    (values + Int(new) * Self.blockCapacity)
      .update(from: values + block * Self.blockCapacity + half, count: half)
    counts[block] = Int32(half)
    counts[Int(new)] = Int32(half)
    order.insert(new, at: position + 1)
    last.insert(last[position], at: position + 1)
    last[position] = keys[block * Self.blockCapacity + half - 1]
  }

  private mutating func makeBlock() -> Int32 {
    if let block = freeBlocks.popLast() {
      counts[Int(block)] = 0
      return block
    }
    if blockCount == blockLimit {
      let used = blockCount * Self.blockCapacity
      let widerKeys = UnsafeMutablePointer<Int64>.allocate(capacity: used * 2)
      let widerValues = UnsafeMutablePointer<Int32>.allocate(capacity: used * 2)
      widerKeys.moveUpdate(from: keys, count: used)
      widerValues.moveUpdate(from: values, count: used)
      keys.deallocate()
      values.deallocate()
      (keys, values, blockLimit) = (widerKeys, widerValues, blockLimit * 2)
    }
    counts.append(0)
    blockCount += 1
    return Int32(blockCount - 1)
  }

  /// The value at a cursor (directory place, index in the block), which then moves on.
  @inline(__always)
  func next(_ cursor: inout Cursor) -> Int32? {
    guard cursor.position < order.count else { return nil }
    let block = Int(order[cursor.position])
    let value = values[block * Self.blockCapacity + cursor.index]
    cursor.index += 1
    if cursor.index == Int(counts[block]) {
      cursor.index = 0
      cursor.position += 1
    }
    return value
  }

  /// A place between two keys; a change of the index makes it meaningless.
  struct Cursor {
    var position = 0
    var index = 0
  }
}
