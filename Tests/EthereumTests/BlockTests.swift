// Headers by blocks of the main network, and the tree over a block by another's roots.

import Ethereum
import Testing

@Suite struct BlockTests {
  /// The roots that another implementation gives.
  @Test func rootsOfTrees() throws {
    for row in try vectors("tries") {
      let count = try #require(Int(row[0]))
      let values = (0..<count).map {
        [UInt8](repeating: UInt8(truncatingIfNeeded: $0), count: 1 + $0 * 7 % 90)
      }
      #expect(OrderedTrie.root(values) == (try hash(row[1])), "\(count)")
    }
  }

  /// Block 0 of the main network, by the rules of 2015.
  private func genesis() throws -> BlockHeader {
    var header = BlockHeader()
    header.uncles = try hash("0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347")
    header.stateRoot = try hash(
      "0xd7f8974fb5ac78d9ac099b9ad5018bedc2ce0a72dad1827a1709da30580f0544")
    header.transactionsRoot = OrderedTrie.root([])
    header.receiptsRoot = OrderedTrie.root([])
    header.difficulty = UInt256(0x4_0000_0000 as UInt64)
    header.gasLimit = 5_000
    header.extraData = try hash(
      "0x11bbe8db4e347b4e8c937c1c8370e4b5ed33adb3db69cbdb7a38e1e50b1b82fa"
    ).bytes
    header.nonce = 0x42
    return header
  }

  @Test func theFirstBlock() throws {
    let expected = try hash("0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3")
    #expect(try genesis().hash == expected)
  }

  /// Block 23,535,880 of the main network, by the rules of 2025.
  private func later() throws -> BlockHeader {
    var header = BlockHeader()
    header.parent = try hash("0x1fab238a9630a2e95c8b735ebc63bc2751bc6492f409ee16a7b5a532985196eb")
    header.uncles = try genesis().uncles
    header.beneficiary = try Address("0x4838b106fce9647bdf1e7877bf73ce8b0bad5f97")
    header.stateRoot = try hash(
      "0xd3c86549e5d57f14bd0b28630b70cb68038ac3334251bd194c93a18d96492f39")
    header.transactionsRoot = try hash(
      "0x9da0226f723a9da4b8df8782930c0e83bd73c4a393069ee7861465188eed989b")
    header.receiptsRoot = try hash(
      "0x01d0a60dd8fd8de710a191aba91f82e2a437ac21a6e77b21b2f745809e7feadf")
    header.bloom = try #require(
      Bloom(
        hex: "0x3effc77fb16497fa74fffeb6ef65dfbd7b97f8dd7f198ff37abfcf5fdeb329e7bdbc9d8caffdf765"
          + "f7b75df9e737eff773fbf639ff9ffb376fb726a7ff2f68dffea0de7fafd3f7fbff8d5fdff57becf3e76f3f"
          + "73fefc1ff9bbf9df7fb3fffff13f577b7fdffeb7f7ffb8cd71ff93fff3bfffd7e3bfbe576daefdfff6fb5a"
          + "fedf8ffbbd7d7baf977f46fbffceebfbe86fc6ffb6f1eff3fbbfbeb9eefbf954ffe3fbff9d73b8f9ecfdcf"
          + "df7df3fdd9ff3bbfdfe9efe8ffee6ff7fe4a3ff7a5fefbfffffcffcd7f2bc04bdf7c52d3fdfeff3f7dfe7b"
          + "4fefa9f46edb53c2de9ffb7f3ffdff6fefa67f64f6e7f7bff5af1dffffeff9b99ff86fef589e3bbfffdfff"
          + "b7"))
    (header.number, header.gasLimit, header.gasUsed) = (23_535_880, 45_000_000, 30_531_630)
    header.timestamp = 1_759_960_991
    header.extraData = Array("Titan (titanbuilder.xyz)".utf8)
    header.mixHash = try hash("0x15350a0cad9bc5cb1298b3710db038850f1df5d8ac00c4ca3b03fb64c7e8ab78")
    header.baseFee = UInt256(194_923_488 as UInt64)
    header.withdrawalsRoot = try hash(
      "0x0740ba007069960b2d60f77b0ce2648cffa3573accd055d4803eb771e32903e7")
    (header.blobGasUsed, header.excessBlobGas) = (786_432, 0)
    header.parentBeaconRoot = try hash(
      "0x2bd55d2f0e1a3d3e181659ebc21bb167527e517de88b39b0d7ebbeeb3e28eebc")
    header.requestsHash = try hash(
      "0x965c860907968cab126093a785436ad747495ae45b21dac1b6a92ae0f4866ce0")
    return header
  }

  /// Each field counts: another value of any, or none of one that later rules added, is another
  /// block.
  @Test func aLaterBlockAndEachOfItsFields() throws {
    let header = try later()
    let expected = try hash("0xe38d4bb2060a54519508612f40ef737a09c5b20488c12b0bec2d4f5ea7073c15")
    #expect(header.hash == expected)
    let changes: [(inout BlockHeader) -> Void] = [
      { $0.parent = $0.uncles }, { $0.uncles = $0.parent }, { $0.beneficiary = .zero },
      { $0.stateRoot = $0.parent }, { $0.transactionsRoot = $0.parent },
      { $0.receiptsRoot = $0.parent }, { $0.bloom = Bloom() }, { $0.difficulty = .one },
      { $0.number += 1 }, { $0.gasLimit += 1 }, { $0.gasUsed += 1 }, { $0.timestamp += 1 },
      { $0.extraData.append(0) }, { $0.mixHash = $0.parent }, { $0.nonce += 1 },
      { $0.baseFee = .one }, { $0.withdrawalsRoot = $0.parent }, { $0.blobGasUsed = 0 },
      { $0.excessBlobGas = 1 }, { $0.parentBeaconRoot = $0.parent }, { $0.requestsHash = nil },
    ]
    for (place, change) in changes.enumerated() {
      var other = header
      change(&other)
      #expect(other.hash != expected, "\(place)")
    }
  }
}
