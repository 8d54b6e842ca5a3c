// RLP by Ethereum's own vectors, its limits, and any bytes.

import Ethereum
import Formats
import SeededNumbers
import Testing

@Suite struct RLPTests {
  /// Items as the vector files write them: bytes in hexadecimal, lists in brackets.
  private static func text(_ item: RLP) -> String {
    switch item {
    case .bytes(let bytes): String(Hex.encode(bytes).dropFirst(2))
    case .list(let items): "[" + items.map(text).joined(separator: ",") + "]"
    }
  }

  @Test func officialVectors() throws {
    for row in try vectors("rlp") {
      let bytes = try Hex.decode(row[1])
      let item = try RLP(decoding: bytes)
      #expect("(\(Self.text(item)))" == row[2], "\(row[0])")
      #expect(item.encoded == bytes, "\(row[0])")
    }
  }

  @Test func officialInvalidVectors() throws {
    for row in try vectors("rlp-invalid") {
      let bytes = try Hex.decode(row[1])
      #expect(throws: RLPError.self, "\(row[0])") { try RLP(decoding: bytes) }
    }
  }

  @Test(
    arguments: [
      ("0x", .truncated(offset: 0)), ("0x8100", .notMinimal(offset: 0)),
      ("0xc28101", .notMinimal(offset: 1)), ("0x83ffff", .truncated(offset: 0)),
      ("0xc3830102", .truncated(offset: 1)), ("0x0000", .trailing(offset: 1)),
      ("0xb837", .notMinimal(offset: 0)), ("0xb90038", .notMinimal(offset: 0)),
      ("0xbfffffffffffffffff", .truncated(offset: 0)),
      ("0xffffffffffffffffff", .truncated(offset: 0)),
      ("0xbf", .truncated(offset: 0)), ("0xc1", .truncated(offset: 0)),
    ] as [(String, RLPError)])
  func refuses(hex: String, error: RLPError) throws {
    let bytes = try Hex.decode(hex)
    #expect(throws: error) { try RLP(decoding: bytes) }
  }

  @Test func boundsDepthAndSize() throws {
    var item = RLP.list([])
    for _ in 1..<RLP.maximumDepth { item = .list([item]) }
    #expect(try RLP(decoding: item.encoded) == item)
    let deeper = RLP.list([item]).encoded
    #expect(throws: RLPError.tooDeep(offset: RLP.maximumDepth)) { try RLP(decoding: deeper) }
    let deepest = RLP.bytes([UInt8](repeating: 0xc1, count: 100_000)).encoded.dropFirst(4)
    #expect(throws: RLPError.self) { try RLP(decoding: deepest) }

    let largest = RLP.bytes([UInt8](repeating: 1, count: RLP.maximumByteCount - 4))
    #expect(try RLP(decoding: largest.encoded) == largest)
    let tooLarge = RLP.bytes([UInt8](repeating: 1, count: RLP.maximumByteCount - 3)).encoded
    #expect(throws: RLPError.tooLarge) { try RLP(decoding: tooLarge) }
  }

  @Test func integersAreCanonical() {
    #expect(RLP.bytes([0]).integer == nil)
    #expect(RLP.bytes([0, 1]).integer == nil)
    #expect(RLP.list([]).integer == nil)
    #expect(RLP.bytes([UInt8](repeating: 1, count: 33)).integer == nil)
    #expect(RLP.bytes([]).integer == .zero)
    #expect(RLP.integer(UInt256.max).integer == .max)
  }

  private static func item(_ random: inout SeededNumbers, depth: Int) -> RLP {
    switch random.below(depth < 4 ? 5 : 3) {
    case 0: return .integer(random.uint256())
    case 1: return .bytes(random.bytes(random.below(4)))
    case 2: return .bytes(random.bytes([55, 56, 255, 256, 300][random.below(5)]))
    default:
      return .list((0..<random.below(6)).map { _ in item(&random, depth: depth + 1) })
    }
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func anyBytesAreReadOrRefused(seed: UInt64) throws {
    var random = SeededNumbers(seed)
    for _ in 0..<1000 {
      let item = Self.item(&random, depth: 0)
      let bytes = item.encoded
      #expect(try RLP(decoding: bytes) == item)
      for foreign in [random.mutated(bytes), random.bytes(random.below(40))] {
        if let read = try? RLP(decoding: foreign) { #expect(read.encoded == foreign) }
      }
    }
  }
}
