// Vectors from files, and seeded numbers, addresses and keys.

import Ethereum
import Foundation
import SeededNumbers
import Testing

extension SeededNumbers {
  /// Of any magnitude, powers of two and the ends of the type included.
  mutating func uint256() -> UInt256 {
    let bits = below(257)
    let power = bits == 256 ? UInt256.zero : UInt256(setBit: bits)
    switch below(8) {
    case 0: return .zero
    case 1: return .max
    case 2: return power
    case 3: return power.subtracting(.one) ?? .max
    case 4: return UInt256.max.subtracting(power) ?? .max
    default:
      let count = below(33)
      return UInt256(bigEndian: [UInt8](repeating: 0, count: 32 - count) + bytes(count)) ?? .zero
    }
  }

  mutating func address() -> Address { Address(bytes(20)) ?? .zero }

  mutating func secretKey() -> SecretKey {
    while true {
      if let key = SecretKey(bytes(32)) { return key }
    }
  }

  /// One to three bytes changed, put in or taken out.
  mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for _ in 0...below(3) {
      let place = below(bytes.count + 1)
      switch below(4) {
      case 0: bytes.insert(UInt8(truncatingIfNeeded: next()), at: place)
      case 1 where place < bytes.count: bytes.remove(at: place)
      case 2: bytes.removeLast(min(bytes.count, below(4)))
      default: if place < bytes.count { bytes[place] = UInt8(truncatingIfNeeded: next()) }
      }
    }
    return bytes
  }
}

extension UInt256 {
  init(setBit bit: Int) {
    self.init(
      high: bit >= 128 ? 1 << UInt128(bit - 128) : 0, low: bit < 128 ? 1 << UInt128(bit) : 0)
  }
}

/// A committed file of rows: fields between spaces, `#` begins a remark, which names the source.
func vectors(_ file: String) throws -> [[String]] {
  let url = try #require(Bundle.module.url(forResource: "vectors/\(file)", withExtension: "txt"))
  let rows = try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
    .filter { !$0.hasPrefix("#") }
    .map { $0.split(separator: " ").map(String.init) }
  try #require(!rows.isEmpty)
  return rows
}

/// `#require` takes no value that cannot be copied.
func secretKey(_ bytes: [UInt8]) throws -> SecretKey {
  guard let key = SecretKey(bytes) else { throw NoKey() }
  return key
}

struct NoKey: Error {}

func hash(_ text: String) throws -> Hash32 { try #require(Hash32(hex: text)) }
