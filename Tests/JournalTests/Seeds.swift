// What the tests of this folder share: seeded numbers, hex, golden files.

import Engine
import Foundation
import Tape
import Testing

/// Numbers that a seed repeats (SplitMix64).
struct SeededNumbers: RandomNumberGenerator {
  var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// True once in so many times.
  mutating func once(in count: UInt64) -> Bool { next() % count == 0 }

  /// Of any magnitude, the ends of the type included: a uniform number is hardly ever small.
  mutating func integer<T: FixedWidthInteger>(_ type: T.Type = T.self) -> T {
    switch next() % 8 {
    case 0: T.min
    case 1: T.max
    case 2: 0
    default:
      T(truncatingIfNeeded: UInt128(next()) << 64 | UInt128(next()))
        >> Int(next() % UInt64(T.bitWidth))
    }
  }

  /// One of the elements.
  mutating func pick<C: RandomAccessCollection>(_ elements: C) -> C.Element where C.Index == Int {
    elements[elements.startIndex + Int(next() % UInt64(elements.count))]
  }
}

/// A committed file: `name value...` lines, `#` begins a remark. `UNCROSS_WRITE_GOLDEN=<this
/// folder>` writes it anew, for a change that is meant.
enum Golden {
  static func lines(_ file: String) throws -> [[Substring]] {
    let url = try #require(
      Bundle.module.url(forResource: "golden/\(file)", withExtension: nil))
    return try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
      .filter { !$0.hasPrefix("#") }.map { $0.split(separator: " ") }
  }

  /// Writes the file where that is asked for.
  static func write(_ file: String, _ lines: [String]) throws {
    guard let folder = ProcessInfo.processInfo.environment["UNCROSS_WRITE_GOLDEN"] else { return }
    try (lines.joined(separator: "\n") + "\n").write(
      toFile: "\(folder)/golden/\(file)", atomically: true, encoding: .utf8)
  }
}
