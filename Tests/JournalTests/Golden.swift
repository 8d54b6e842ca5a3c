// Golden files, and seeded numbers of any magnitude.

import Engine
import Foundation
import SeededNumbers
import Tape
import Testing

extension SeededNumbers {
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
