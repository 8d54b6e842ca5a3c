// Keccak-256 and RIPEMD-160 by vectors, and in pieces.

import Formats
import SeededNumbers
import Testing

@testable import Ethereum

@Suite struct KeccakTests {
  /// Sources: EIP-1052 (empty), Ethereum wiki and the Keccak team's KAT (abc), Solidity ABI
  /// specification (`baz(uint32,bool)` begins with cdcd77c0).
  @Test(
    arguments: [
      ("", "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
      ("abc", "0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
      (
        "The quick brown fox jumps over the lazy dog",
        "0x4d741b6f1eb29cb2a9b9911c82f56fa8d73b04959d3d9d222895df6c0b28aa15"
      ),
    ])
  func known(message: String, expected: String) throws {
    #expect(Keccak256.hash(Array(message.utf8)).description == expected)
  }

  @Test func selectors() {
    let hash = Keccak256.hash(Array("baz(uint32,bool)".utf8))
    #expect(hash.bytes.prefix(4) == [0xcd, 0xcd, 0x77, 0xc0])
  }

  static func message(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: 7 * $0 + count) }
  }

  /// Lengths around a lane (8), the rate (136) and its multiples.
  @Test func lengths() throws {
    for row in try vectors("keccak") {
      let count = try #require(Int(row[0]))
      #expect(try Keccak256.hash(Self.message(count)) == hash(row[1]), "of \(count) bytes")
    }
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func pieces(seed: UInt64) {
    var random = SeededNumbers(seed)
    for _ in 0..<200 {
      let message = random.bytes(random.below(600))
      var hasher = Keccak256()
      var rest = message[...]
      while !rest.isEmpty {
        let piece = rest.prefix(1 + random.below(200))
        hasher.update(Array(piece))
        // Asking does not end it.
        if random.below(4) == 0 { _ = hasher.finalize() }
        rest = rest.dropFirst(piece.count)
      }
      #expect(hasher.finalize() == Keccak256.hash(message))
      #expect(Keccak256.hash(([1] + message)[1...]) == Keccak256.hash(message))
    }
  }

  /// Source: the paper's appendix B.
  @Test(
    arguments: [
      ("", "0x9c1185a5c5e9fc54612808977ee8f548b2258d31"),
      ("a", "0x0bdc9d2d256b3ee9daae347be6f4dc835a467ffe"),
      ("abc", "0x8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"),
      ("message digest", "0x5d0689ef49d2fae572b881b123a85ffa21595f36"),
      ("abcdefghijklmnopqrstuvwxyz", "0xf71c27109c692c1b56bbdceb5b9d2865b3708dbc"),
    ])
  func ripemd(message: String, expected: String) {
    #expect(Hex.encode(RIPEMD160.hash(Array(message.utf8))) == expected)
  }
}
