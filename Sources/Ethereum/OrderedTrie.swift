// The tree over a block's transactions, or over its receipts: the block's header names its root.

/// A Merkle Patricia trie whose keys are the places 0, 1, 2, ... of its values. Source: Ethereum
/// yellow paper, appendix D and section 4.4.
public enum OrderedTrie {
  private struct Leaf {
    /// Its key by half bytes. No key is the beginning of another, so every branch has no value.
    var path: [UInt8]
    var value: [UInt8]
  }

  /// The hash that stands for all of the values in their order.
  public static func root(_ values: [[UInt8]]) -> Hash32 {
    if values.isEmpty { return Keccak256.hash(RLP.bytes([]).encoded) }
    var leaves = values.enumerated().map { place, value in
      Leaf(path: halves(RLP.integer(UInt64(place)).encoded), value: value)
    }
    leaves.sort { $0.path.lexicographicallyPrecedes($1.path) }
    return Keccak256.hash(node(leaves[...], depth: 0).encoded)
  }

  /// The node over some leaves, in order, that have their first `depth` half bytes in common. A
  /// key has 9 bytes at most, which bounds the recursion.
  private static func node(_ leaves: ArraySlice<Leaf>, depth: Int) -> RLP {
    let first = leaves[leaves.startIndex]
    if leaves.count == 1 {
      return .list([.bytes(compact(first.path[depth...], isLeaf: true)), .bytes(first.value)])
    }
    let last = leaves[leaves.endIndex - 1]
    // What the first and the last have in common all between them have.
    var end = depth
    while first.path[end] == last.path[end] { end += 1 }
    if end > depth {
      let below = reference(node(leaves, depth: end))
      return .list([.bytes(compact(first.path[depth..<end], isLeaf: false)), below])
    }
    var children: [RLP] = []
    var rest = leaves
    for half in UInt8(0)..<16 {
      let child = rest.prefix { $0.path[depth] == half }
      children.append(child.isEmpty ? .bytes([]) : reference(node(child, depth: depth + 1)))
      rest = rest.dropFirst(child.count)
    }
    return .list(children + [.bytes([])])
  }

  /// A node inside another one: itself where it is shorter than a hash.
  private static func reference(_ node: RLP) -> RLP {
    let bytes = node.encoded
    return bytes.count < 32 ? node : .bytes(Keccak256.hash(bytes).bytes)
  }

  private static func halves(_ bytes: [UInt8]) -> [UInt8] { bytes.flatMap { [$0 >> 4, $0 & 15] } }

  /// Half bytes as bytes, with a flag for a leaf and one for an odd number (appendix C).
  private static func compact(_ halves: ArraySlice<UInt8>, isLeaf: Bool) -> [UInt8] {
    let flag: UInt8 = isLeaf ? 0x20 : 0
    var rest = halves
    var bytes: [UInt8] = []
    if rest.count.isMultiple(of: 2) {
      bytes.append(flag)
    } else if let odd = rest.popFirst() {
      bytes.append(flag | 0x10 | odd)
    }
    while let high = rest.popFirst(), let low = rest.popFirst() { bytes.append(high << 4 | low) }
    return bytes
  }
}
