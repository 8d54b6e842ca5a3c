// BIP-32 by its vectors, public against secret derivation, and keys that do not exist.

import Formats
import SeededNumbers
import Testing

@testable import Ethereum

@Suite struct ExtendedKeyTests {
  private static func path(_ text: String) throws -> [UInt32] {
    try text.split(separator: "/").dropFirst().map { part in
      let isHardened = part.hasSuffix("H")
      let index = try #require(UInt32(isHardened ? part.dropLast() : part))
      return isHardened ? index + ExtendedPublicKey.firstHardenedIndex : index
    }
  }

  @Test func vectors1To4() throws {
    for row in try vectors("bip32") {
      let path = try Self.path(row[1])
      let key = try ExtendedPrivateKey(seed: Hex.decode(row[0])).descendant(path)
      #expect(key.extendedPublicKey.description == row[2])
      #expect(key.secretText() == row[3])

      let read = try ExtendedPrivateKey(row[3])
      #expect(read.extendedPublicKey == key.extendedPublicKey)
      #expect(read.secretText() == row[3])
      let readPublic = try ExtendedPublicKey(row[2])
      #expect(readPublic == key.extendedPublicKey)
      #expect(Int(readPublic.depth) == path.count)
      #expect(readPublic.index == path.last ?? 0)

      // The last step by the public key alone, if it is one without the secret.
      guard let last = path.last, last < ExtendedPublicKey.firstHardenedIndex else { continue }
      let parent = try ExtendedPrivateKey(seed: Hex.decode(row[0])).descendant(path.dropLast())
      #expect(try parent.extendedPublicKey.child(last).description == row[2])
      #expect(readPublic.parentFingerprint == parent.extendedPublicKey.fingerprint)
    }
  }

  @Test func vector5() throws {
    let expected: [ExtendedKeyError] = [
      .key, .key, .key, .key, .key, .key, .masterWithParent, .masterWithParent, .masterWithParent,
      .masterWithParent, .version(0), .version(0), .key, .key, .key, .checksum,
    ]
    let rows = try vectors("bip32-invalid")
    #expect(rows.count == expected.count)
    for (row, error) in zip(rows, expected) {
      let text = row[0]
      let isPublic = text.hasPrefix("xpub")
      let isPrivate = text.hasPrefix("xprv")
      if !isPrivate { Self.expect(error, row) { _ = try ExtendedPublicKey(text) } }
      if !isPublic { Self.expect(error, row) { _ = try ExtendedPrivateKey(text) } }
    }
  }

  private static func expect(
    _ error: ExtendedKeyError, _ row: [String], _ body: () throws -> Void
  ) {
    #expect("\(row)") { try body() } throws: { thrown in
      switch (thrown as? ExtendedKeyError, error) {
      case (.version, .version): true
      case (let thrown, _): thrown == error
      }
    }
  }

  /// One kind in place of the other.
  @Test func refusesTheOtherKind() throws {
    let rows = try vectors("bip32")
    #expect(throws: ExtendedKeyError.version(0x0488_ade4)) { try ExtendedPublicKey(rows[0][3]) }
    #expect(throws: ExtendedKeyError.version(0x0488_b21e)) {
      _ = try ExtendedPrivateKey(rows[0][2]).secretText()
    }
  }

  /// The addresses that users get, derived a second time in Python.
  @Test func children() throws {
    let master = try ExtendedPublicKey(vectors("bip32")[0][2])
    for row in try vectors("children") {
      let child = try master.child(try #require(UInt32(row[0])))
      #expect(Hex.encode(child.publicKey.compressed) == row[1])
      #expect(child.publicKey.address.description == row[2])
    }
  }

  @Test(arguments: [1, 2] as [UInt64])
  func publicAndSecretDerivationAgree(seed: UInt64) throws {
    var random = SeededNumbers(seed)
    for _ in 0..<30 {
      let parent = try ExtendedPrivateKey(seed: random.bytes(16 + random.below(49)))
      let index = UInt32(truncatingIfNeeded: random.next()) >> 1
      let child = try parent.child(index)
      #expect(try parent.extendedPublicKey.child(index) == child.extendedPublicKey)
      #expect(child.secretKey.publicKey == child.extendedPublicKey.publicKey)
      let hardened = try parent.child(index + ExtendedPublicKey.firstHardenedIndex)
      #expect(hardened.extendedPublicKey != child.extendedPublicKey)
    }
  }

  @Test func refusesHardenedChildrenOfAPublicKey() throws {
    let master = try ExtendedPublicKey(vectors("bip32")[0][2])
    for index in [ExtendedPublicKey.firstHardenedIndex, .max] {
      #expect(throws: ExtendedKeyError.hardened) { try master.child(index) }
    }
  }

  @Test func refusesSeeds() {
    for count in [0, 15, 65] {
      #expect(throws: ExtendedKeyError.seedLength(count)) {
        _ = try ExtendedPrivateKey(seed: [UInt8](repeating: 1, count: count)).secretText()
      }
    }
  }

  @Test func endsAtDepth255() throws {
    var key = try ExtendedPublicKey(vectors("bip32")[0][2])
    for _ in 0..<255 { key = try key.child(0) }
    #expect(key.depth == 255)
    #expect(try ExtendedPublicKey(key.description) == key)
    #expect(throws: ExtendedKeyError.depth) { try key.child(0) }
  }

  /// The cases that no one has met, given by hand: a tweak of the order or above, and one that
  /// takes the key to zero.
  @Test func someChildrenDoNotExist() throws {
    let parent = try ExtendedPrivateKey(seed: [UInt8](repeating: 7, count: 32))
    let secret = parent.secretKey.withBytes { $0.withUnsafeBytes { Array($0) } }
    let number = try #require(UInt256(bigEndian: secret))
    let negative = try #require(Secp256k1.order.subtracting(number))
    let below = try #require(Secp256k1.order.subtracting(.one))
    for (tweak, exists) in [
      (Secp256k1.order, false), (.max, false), (negative, false), (.one, true), (below, true),
      // The child has its parent's key. BIP-32 allows it.
      (.zero, true),
    ] {
      let code = ChildCode(tweak: tweak.bigEndianBytes, chainCode: Hash32(.zero))
      if exists {
        let child = try parent.child(5, by: code)
        #expect(try parent.extendedPublicKey.child(5, by: code) == child.extendedPublicKey)
        continue
      }
      #expect(throws: ExtendedKeyError.noChild(index: 5)) {
        try parent.extendedPublicKey.child(5, by: code)
      }
      #expect(throws: ExtendedKeyError.noChild(index: 5)) {
        _ = try parent.child(5, by: code).secretText()
      }
    }
  }

  @Test(arguments: [1, 2] as [UInt64])
  func anyTextIsReadOrRefused(seed: UInt64) throws {
    var random = SeededNumbers(seed)
    let rows = try vectors("bip32")
    for _ in 0..<300 {
      let row = rows[random.below(rows.count)]
      for text in [row[2], row[3]] {
        let changed = String(decoding: random.mutated(Array(text.utf8)), as: UTF8.self)
        if let key = try? ExtendedPublicKey(changed) { #expect(key.description == changed) }
        if let key = try? ExtendedPrivateKey(changed) { #expect(key.secretText() == changed) }
      }
      // A right checksum over wrong bytes gets past the first check.
      let payload = try Base58Check.decode(row[2 + random.below(2)])
      let changed = random.mutated(payload)
      let text = Base58Check.encode(changed)
      #expect(try Base58Check.decode(text) == changed)
      if let key = try? ExtendedPublicKey(text) { #expect(key.description == text) }
      if let key = try? ExtendedPrivateKey(text) { #expect(key.secretText() == text) }
    }
    #expect(throws: ExtendedKeyError.notBase58) {
      try ExtendedPublicKey(String(repeating: "z", count: 1_000_000))
    }
    #expect(throws: ExtendedKeyError.notBase58) { try ExtendedPublicKey("0OIl") }
    #expect(throws: ExtendedKeyError.checksum) { try ExtendedPublicKey("") }
    #expect(throws: ExtendedKeyError.length(0)) { try ExtendedPublicKey(Base58Check.encode([])) }
  }
}
