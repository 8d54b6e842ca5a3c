// What all tests share: numbers that a seed repeats.

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers on every machine.
public struct SeededNumbers: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(_ seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// True once in so many times.
  public mutating func once(in count: UInt64) -> Bool { next() % count == 0 }

  /// From 0 up to, without, the bound.
  public mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

  public mutating func pick<C: RandomAccessCollection>(_ elements: C) -> C.Element
  where C.Index == Int {
    elements[elements.startIndex + below(elements.count)]
  }

  public mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
  }
}
