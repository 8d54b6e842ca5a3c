// Addresses, hashes and blooms: their text, order and bytes.

import Ethereum
import Formats
import SeededNumbers
import Testing

@Suite struct AddressTests {
  /// Source: EIP-55, "Test Cases".
  @Test(
    arguments: [
      // All capitals.
      "0x52908400098527886E0F7030069857D2E4169EE7",
      "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
      // All lower.
      "0xde709f2102306220921060314715629080e2fb77",
      "0x27b1fdb04752bbc536007a920d24acb045561c26",
      // Normal.
      "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
      "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
      "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
      "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ])
  func checksum(text: String) throws {
    let address = try Address(text)
    #expect(address.description == text)
    #expect(try Address(text.lowercased()) == address)
    let capitals = "0x" + text.dropFirst(2).uppercased()
    if capitals != text {
      #expect(throws: AddressError.checksum(expected: text)) { try Address(capitals) }
    }
    #expect(address.lowercase == text.lowercased())
  }

  @Test func agreesWithPython() throws {
    for row in try vectors("addresses") {
      let address = try Address(row[0])
      #expect(address.description == row[0])
      #expect(Address(address.bytes) == address)
      #expect(Address(word: address.word) == address)
    }
  }

  @Test(
    arguments: [
      ("", .noPrefix), ("0", .noPrefix), ("0X52908400098527886E0F7030069857D2E4169EE7", .noPrefix),
      ("52908400098527886E0F7030069857D2E4169EE7", .noPrefix), ("0x", .length(digits: 0)),
      ("0x52908400098527886E0F7030069857D2E4169EE", .length(digits: 39)),
      ("0x52908400098527886E0F7030069857D2E4169EE77", .length(digits: 41)),
      (" 0x52908400098527886E0F7030069857D2E4169EE7", .noPrefix),
      ("0x52908400098527886E0F7030069857D2E4169EEg", .noDigit(offset: 41)),
      ("0x+2908400098527886E0F7030069857D2E4169EE7", .noDigit(offset: 2)),
      (
        "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        .checksum(expected: "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")
      ),
      (
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed",
        .checksum(expected: "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")
      ),
    ] as [(String, AddressError)])
  func refuses(text: String, error: AddressError) {
    #expect(throws: error) { try Address(text) }
  }

  /// One letter's case changed: refused.
  @Test func refusesEveryWrongCase() throws {
    let text = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
    for index in text.indices.dropFirst(2) where text[index].isLetter {
      let letter = text[index]
      let other = letter.isUppercase ? letter.lowercased() : letter.uppercased()
      let changed = text.replacingCharacters(at: index, by: other)
      #expect(throws: AddressError.checksum(expected: text)) { try Address(changed) }
    }
  }

  @Test func isCompact() {
    #expect(MemoryLayout<Address>.size == 20)
    #expect(MemoryLayout<Hash32>.size == 32)
    #expect(Address([UInt8](repeating: 0, count: 19)) == nil)
    #expect(Hash32([UInt8](repeating: 0, count: 33)) == nil)
    #expect(Address(word: UInt256(setBit: 160)) == nil)
    #expect(Address(word: UInt256(setBit: 255)) == nil)
    #expect(Address(word: UInt256(setBit: 159)) != nil)
  }

  @Test(arguments: [1, 2] as [UInt64])
  func ordersByBytes(seed: UInt64) {
    var random = SeededNumbers(seed)
    for _ in 0..<500 {
      let a = random.bytes(20)
      let b = random.below(2) == 0 ? random.mutated(a) : random.bytes(20)
      guard let first = Address(a), let second = Address(b) else { continue }
      #expect((first < second) == a.lexicographicallyPrecedes(b))
      #expect((first == second) == (a == b))
    }
    for _ in 0..<500 {
      let a = random.bytes(32)
      let b = random.below(2) == 0 ? random.mutated(a) : random.bytes(32)
      guard let first = Hash32(a), let second = Hash32(b) else { continue }
      #expect((first < second) == a.lexicographicallyPrecedes(b))
      #expect((first == second) == (a == b))
      #expect(Hash32(hex: first.description) == first)
      #expect(first.bytes == a)
    }
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func anyTextIsReadOrRefused(seed: UInt64) {
    var random = SeededNumbers(seed)
    for round in 0..<2000 {
      let start = round % 2 == 0 ? random.address().description : Hex.encode(random.bytes(32))
      let text = String(decoding: random.mutated(Array(start.utf8)), as: UTF8.self)
      if let address = try? Address(text) {
        #expect(address.lowercase == text.lowercased())
      }
      if let hash = Hash32(hex: text) { #expect(hash.description == text.lowercased()) }
      if let bytes = try? Hex.decode(text) { #expect(Hex.encode(bytes) == text.lowercased()) }
      if let value = UInt256(quantity: text) { #expect(value.quantity == text.lowercased()) }
      _ = Bloom(hex: text)
      let number = random.uint256().description
      let digits = String(decoding: random.mutated(Array(number.utf8)), as: UTF8.self)
      if let value = UInt256(decimal: digits) { #expect(value.description == digits) }
    }
  }

  @Test(
    arguments: [
      ("", .noPrefix), ("00", .noPrefix), ("0x0", .oddDigits), ("0x0g", .noDigit),
      ("0xf0f0f0f", .oddDigits), ("004200", .noPrefix), ("0xé", .noDigit),
    ] as [(String, HexError)])
  func refusesHex(text: String, error: HexError) {
    #expect(throws: error) { try Hex.decode(text) }
  }
}

@Suite struct BloomTests {
  @Test func agreesWithPython() throws {
    for row in try vectors("blooms") {
      let logs = row[1] == "-" ? [] : try row[1].split(separator: ";").map(Self.log)
      let bloom = Bloom(of: logs)
      #expect(Hex.encode(bloom.bytes) == row[0])
      #expect(Bloom(hex: row[0]) == bloom)
      for log in logs {
        #expect(bloom.contains(log.address))
        for topic in log.topics { #expect(bloom.contains(topic)) }
      }
    }
  }

  private static func log(_ text: Substring) throws -> Log {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    let address = try Address("0x" + parts[0])
    let topics = try parts[1].split(separator: ",").map { try hash("0x" + $0) }
    return Log(address: address, topics: topics, data: [])
  }

  @Test(arguments: [1, 2] as [UInt64])
  func saysNoToNearlyAllOthers(seed: UInt64) {
    var random = SeededNumbers(seed)
    let logs = (0..<30).map { _ in
      Log(address: random.address(), topics: [Hash32(random.uint256())], data: [])
    }
    let bloom = Bloom(of: logs)
    // 60 items set at most 180 of 2048 bits, so one of 1473 others is taken for one of them.
    let strangers = (0..<2000).filter { _ in bloom.contains(random.address()) }
    #expect(strangers.count < 20)
    #expect(!Bloom().contains(logs[0].address))
    #expect(Bloom([UInt8](repeating: 255, count: 256))?.contains(random.address()) == true)
    #expect(Bloom([UInt8](repeating: 0, count: 255)) == nil)
  }
}

extension String {
  fileprivate func replacingCharacters(at index: Index, by text: String) -> String {
    self[..<index] + text + self[self.index(after: index)...]
  }
}
