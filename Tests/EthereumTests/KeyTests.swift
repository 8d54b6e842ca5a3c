// Keys and signatures by vectors of other implementations; what is not a key.

import Ethereum
import Formats
import SeededNumbers
import Testing

@Suite struct KeyTests {
  @Test func agreesWithOtherImplementations() throws {
    for row in try vectors("signatures") {
      let secret = try Hex.decode(row[0])
      let message = try hash(row[2])
      let key = try secretKey(secret)
      #expect(Hex.encode(key.publicKey.compressed) == row[1])
      #expect(key.address.description == row[6])
      let signature = key.sign(message)
      #expect(try signature.r == hash(row[3]).number)
      #expect(try signature.s == hash(row[4]).number)
      #expect(signature.isYOdd == (row[5] == "1"))
      #expect(signature.publicKey(signing: message) == key.publicKey)
      #expect(PublicKey(key.publicKey.compressed) == key.publicKey)
      #expect(PublicKey(key.publicKey.uncompressed) == key.publicKey)
      #expect(key.withBytes { Array(copying: $0) } == secret)
    }
  }

  /// go-ethereum, core/vm/testdata/precompiles/ecRecover.json, "ValidKey". Its `s` is high, which a
  /// contract may take and a transaction may not: the form with low `s` has the other parity.
  @Test func recovers() throws {
    let message = try hash("0x18c547e4f7b0f325ad1e56f57e26c745b09a3e503d86e00e5255ff7f715d3d1c")
    let r = try hash("0x73b1693892219d736caba55bdb67216e485557ea6b6af75f37096c9aa6a5a75f").number
    let s = try hash("0xeeb940b1d03b21e36b0e47e79769f095fe2ab855bd91e3a38756b7d75a9c4549").number
    #expect(Signature(r: r, s: s, isYOdd: true) == nil)
    let low = try #require(Self.order.subtracting(s))
    let signature = try #require(Signature(r: r, s: low, isYOdd: false))
    #expect(
      signature.publicKey(signing: message)?.address
        == (try Address("0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b")))
  }

  /// go-ethereum, the same file, "CallEcrecoverUnrecoverableKey".
  @Test func recoversNothing() throws {
    let message = try hash("0xa8b53bdf3306a35a7103ab5504a0c9b492295564b6202b1942a84ef300107281")
    let r = try hash("0x3078356531653033663533636531386237373263636230303933666637316633").number
    let s = try hash("0x6633663566356337356237346463623331613835616138623838393262346538").number
    let signature = try #require(Signature(r: r, s: s, isYOdd: false))
    #expect(signature.publicKey(signing: message) == nil)
  }

  static let order = UInt256(
    decimal: "115792089237316195423570985008687907852837564279074904382605163141518161494337")!

  @Test func ranges() throws {
    let below = try #require(Self.order.subtracting(.one))
    let half = Self.order.quotientAndRemainder(dividingBy: 2 as UInt64).quotient
    let aboveHalf = try #require(half.adding(.one))
    for (r, s, isValid) in [
      (UInt256.one, UInt256.one, true), (.zero, .one, false), (.one, .zero, false),
      (below, half, true), (Self.order, half, false), (below, aboveHalf, false),
      (.max, .one, false), (.one, .max, false),
    ] {
      #expect((Signature(r: r, s: s, isYOdd: false) != nil) == isValid, "\(r), \(s)")
    }
    for (number, isValid) in [
      (UInt256.zero, false), (.one, true), (below, true), (Self.order, false), (.max, false),
    ] {
      #expect(SecretKey.isValid(number.bigEndianBytes) == isValid)
      #expect(SecretKey.exists(number.bigEndianBytes) == isValid)
    }
    #expect(!SecretKey.exists([UInt8](repeating: 1, count: 31)))
    #expect(!SecretKey.exists([UInt8](repeating: 1, count: 33)))
    #expect(!SecretKey.isValid([1]))
  }

  @Test(arguments: [1, 2] as [UInt64])
  func anyBytesAreAPointOrRefused(seed: UInt64) {
    var random = SeededNumbers(seed)
    var points = 0
    for _ in 0..<300 {
      let key = random.secretKey().publicKey
      let compressed = [2 + UInt8(random.below(2))] + random.bytes(32)
      for bytes in [
        compressed, random.mutated(key.compressed), random.mutated(key.uncompressed),
        [6] + key.uncompressed.dropFirst(), random.bytes(random.below(70)),
      ] {
        guard let point = PublicKey(bytes) else { continue }
        points += 1
        #expect(bytes == (bytes.count == 33 ? point.compressed : point.uncompressed))
      }
    }
    // About every second x is one of the curve.
    #expect(points > 100)
  }

  @Test(arguments: [1] as [UInt64])
  func anotherMessageRecoversAnotherKey(seed: UInt64) {
    var random = SeededNumbers(seed)
    for _ in 0..<50 {
      let key = random.secretKey()
      let signature = key.sign(Hash32(random.uint256()))
      #expect(signature.publicKey(signing: Keccak256.hash(random.bytes(9))) != key.publicKey)
    }
  }

  @Test func randomKeysDiffer() {
    #expect(SecretKey.random().address != SecretKey.random().address)
  }
}

extension SecretKey {
  static func exists(_ bytes: [UInt8]) -> Bool {
    if let key = SecretKey(bytes) { key.address != .zero } else { false }
  }
}

extension [UInt8] {
  fileprivate init(copying bytes: RawSpan) {
    self = bytes.withUnsafeBytes { Array($0) }
  }
}
