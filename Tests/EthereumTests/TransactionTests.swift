// Transactions and token transfers by vectors of eth-account, and bytes that are none.

import Formats
import SeededNumbers
import Testing

@testable import Ethereum

@Suite struct TransactionTests {
  private static func transaction(_ row: [String]) throws -> Transaction1559 {
    let maximum = try #require(UInt256(decimal: row[4]))
    let priority = try #require(UInt256(decimal: row[3]))
    let fees = try #require(GasFees(maximum: maximum, priority: priority))
    return try Transaction1559(
      chainID: try #require(UInt64(row[1])), nonce: try #require(UInt64(row[2])), fees: fees,
      gasLimit: try #require(UInt64(row[5])), destination: Address(row[6]),
      value: try #require(UInt256(decimal: row[7])), data: Hex.decode(row[8]))
  }

  @Test func agreesWithEthAccount() throws {
    let rows = try vectors("transactions")
    #expect(rows.count >= 20)
    for row in rows {
      let transaction = try Self.transaction(row)
      #expect(transaction.signingHash.description == row[9])
      let key = try secretKey(Hex.decode(row[0]))
      let signed = transaction.signed(by: key)
      #expect(Hex.encode(signed.raw) == row[10])
      #expect(signed.hash.description == row[11])
      #expect(signed.sender.description == row[12])
      let read = try SignedTransaction(raw: Hex.decode(row[10]))
      #expect(read == signed)
      #expect(read.transaction == transaction)
    }
  }

  private static let row = try! vectors("transactions")[8]

  /// The vector's list with one field replaced.
  private static func raw(_ index: Int, _ item: RLP) throws -> [UInt8] {
    let raw = try Hex.decode(row[10])
    guard case .list(var fields) = try RLP(decoding: raw.dropFirst()) else { return [] }
    fields[index] = item
    return [2] + RLP.list(fields).encoded
  }

  @Test func refusesFields() throws {
    let rows: [(Int, RLP, TransactionError)] = [
      (0, .bytes([0]), .field(.chainID)), (0, .integer(UInt256(setBit: 64)), .field(.chainID)),
      (1, .list([]), .field(.nonce)), (1, .bytes([0, 1]), .field(.nonce)),
      (1, .integer(UInt64.max), .field(.nonce)), (2, .list([]), .field(.priorityFee)),
      (2, .integer(UInt256.max), .priorityAboveMaximum), (3, .bytes([0]), .field(.maximumFee)),
      (3, .integer(UInt256.zero), .priorityAboveMaximum),
      (4, .integer(UInt256(setBit: 64)), .field(.gasLimit)), (5, .bytes([]), .field(.destination)),
      (5, .bytes([UInt8](repeating: 1, count: 21)), .field(.destination)),
      (5, .list([]), .field(.destination)),
      (6, .bytes([UInt8](repeating: 1, count: 33)), .field(.value)),
      (7, .list([]), .field(.data)),
      (7, .bytes([UInt8](repeating: 1, count: 65537)), .field(.data)),
      (8, .bytes([]), .field(.accessList)),
      (8, .list([.list([.bytes(Address.zero.bytes), .list([])])]), .field(.accessList)),
      (9, .integer(2 as UInt64), .signature), (9, .bytes([0]), .signature),
      (10, .integer(UInt256.zero), .signature), (10, .integer(Secp256k1.order), .signature),
      (11, .integer(UInt256.zero), .signature), (11, .integer(UInt256.max), .signature),
      (11, .bytes([0, 1]), .signature),
    ]
    for (index, item, error) in rows {
      let raw = try Self.raw(index, item)
      #expect(throws: error, "field \(index), \(item)") { try SignedTransaction(raw: raw) }
    }
  }

  @Test func readsSigningPayloads() throws {
    for row in try vectors("transactions") {
      let transaction = try Self.transaction(row)
      // The vector's own bytes: its raw list without the last three fields.
      guard case .list(let fields) = try RLP(decoding: Hex.decode(row[10]).dropFirst()) else {
        Issue.record("a vector is no list")
        continue
      }
      let payload = [2] + RLP.list(Array(fields.dropLast(3))).encoded
      #expect(Keccak256.hash(payload).description == row[9])
      #expect(try Transaction1559(signingPayload: payload) == transaction)
      #expect(throws: TransactionError.shape) {
        try Transaction1559(signingPayload: Hex.decode(row[10]))
      }
      #expect(throws: TransactionError.encoding(.trailing(offset: payload.count - 1))) {
        try Transaction1559(signingPayload: payload + [0])
      }
      for count in 0..<payload.count {
        #expect(throws: TransactionError.self) {
          try Transaction1559(signingPayload: Array(payload.prefix(count)))
        }
      }
    }
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func anyPayloadIsReadOrRefused(seed: UInt64) throws {
    var random = SeededNumbers(seed)
    let rows = try vectors("transactions")
    var accepted = 0
    for _ in 0..<1_000 {
      let payload = try Self.transaction(rows[random.below(rows.count)]).signingPayload
      let changed = random.mutated(payload)
      guard let read = try? Transaction1559(signingPayload: changed) else { continue }
      accepted += 1
      #expect(read.signingPayload == changed)
    }
    #expect(accepted > 0)
  }

  /// The other form of each signature, which EIP-2 forbids: else one payment had two hashes.
  @Test func refusesHighS() throws {
    for row in try vectors("transactions").prefix(5) {
      let raw = try Hex.decode(row[10])
      guard case .list(var fields) = try RLP(decoding: raw.dropFirst()) else { continue }
      let s = try #require(fields[11].integer)
      fields[11] = .integer(try #require(Secp256k1.order.subtracting(s)))
      fields[9] = .integer(fields[9].integer == .zero ? UInt256.one : .zero)
      let other = [2] + RLP.list(fields).encoded
      #expect(throws: TransactionError.signature) { try SignedTransaction(raw: other) }
    }
  }

  @Test func refusesOtherBytes() throws {
    let raw = try Hex.decode(Self.row[10])
    #expect(throws: TransactionError.type(nil)) { try SignedTransaction(raw: []) }
    #expect(throws: TransactionError.type(1)) { try SignedTransaction(raw: [1] + raw.dropFirst()) }
    #expect(throws: TransactionError.type(0xf8)) { try SignedTransaction(raw: [0xf8, 0x80]) }
    #expect(throws: TransactionError.shape) { try SignedTransaction(raw: [2, 0xc0]) }
    #expect(throws: TransactionError.shape) { try SignedTransaction(raw: [2, 0x80]) }
    #expect(throws: TransactionError.encoding(.truncated(offset: 0))) {
      try SignedTransaction(raw: Array(raw.dropLast()))
    }
    #expect(throws: TransactionError.encoding(.trailing(offset: raw.count - 1))) {
      try SignedTransaction(raw: raw + [0])
    }
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func anyBytesAreReadOrRefused(seed: UInt64) throws {
    var random = SeededNumbers(seed)
    let rows = try vectors("transactions")
    for _ in 0..<300 {
      let row = rows[random.below(rows.count)]
      let sender = try Address(row[12])
      let raw = try Hex.decode(row[10])
      let changed = random.mutated(raw)
      if let read = try? SignedTransaction(raw: changed) {
        #expect(read.raw == changed)
        #expect(read.sender != sender || changed == raw)
      }
      _ = try? SignedTransaction(raw: [2] + random.bytes(random.below(200)))
    }
  }

  @Test(arguments: [1, 2] as [UInt64])
  func whatIsSignedIsReadBack(seed: UInt64) throws {
    var random = SeededNumbers(seed)
    for _ in 0..<100 {
      let (a, b) = (random.uint256(), random.uint256())
      let transaction = try Transaction1559(
        chainID: random.next() >> UInt64(random.below(64)),
        nonce: random.next() >> UInt64(1 + random.below(63)),
        fees: try #require(GasFees(maximum: max(a, b), priority: min(a, b))),
        gasLimit: random.next() >> UInt64(random.below(64)), destination: random.address(),
        value: random.uint256(), data: random.bytes(random.below(300)))
      let signed = transaction.signed(by: random.secretKey())
      #expect(try SignedTransaction(raw: signed.raw) == signed)
    }
  }

  @Test func limits() throws {
    #expect(GasFees(maximum: .one, priority: UInt256(2 as UInt64)) == nil)
    let fees = try #require(GasFees(maximum: .max, priority: .max))
    func transaction(nonce: UInt64, gasLimit: UInt64, data: Int) throws -> Transaction1559 {
      try Transaction1559(
        chainID: 1, nonce: nonce, fees: fees, gasLimit: gasLimit, destination: .zero, value: .max,
        data: [UInt8](repeating: 1, count: data))
    }
    #expect(throws: TransactionError.field(.nonce)) {
      try transaction(nonce: .max, gasLimit: 1, data: 0)
    }
    #expect(throws: TransactionError.field(.data)) {
      try transaction(nonce: 0, gasLimit: 1, data: 65537)
    }
    let largest = try transaction(nonce: .max - 1, gasLimit: .max, data: 65536)
    #expect(largest.maximumGasCost == nil)
    #expect(try transaction(nonce: 0, gasLimit: 1, data: 0).maximumGasCost == .max)
    let signed = largest.signed(by: try secretKey([UInt8](repeating: 1, count: 32)))
    #expect(try SignedTransaction(raw: signed.raw) == signed)
  }
}

@Suite struct ERC20Tests {
  @Test func namesAreTheirHashes() {
    #expect(ERC20.transferTopic == Keccak256.hash(Array("Transfer(address,address,uint256)".utf8)))
    let transfer = Keccak256.hash(Array("transfer(address,uint256)".utf8)).bytes
    let balance = Keccak256.hash(Array("balanceOf(address)".utf8)).bytes
    #expect(ERC20.transferSelector == Array(transfer.prefix(4)))
    #expect(ERC20.balanceSelector == Array(balance.prefix(4)))
  }

  /// The calls among eth-account's transactions.
  @Test func calls() throws {
    var calls = 0
    for row in try vectors("transactions") where row[8].hasPrefix("0xa9059cbb") {
      let call = try Hex.decode(row[8])
      let (recipient, amount) = try ERC20.decodeTransferCall(call)
      #expect(ERC20.transferCall(to: recipient, amount: amount) == call)
      calls += 1
    }
    #expect(calls >= 3)
    let address = try Address("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")
    #expect(
      Hex.encode(ERC20.balanceCall(of: address))
        == "0x70a082310000000000000000000000005aaeb6053f3e94c9b9a09f33669435e7ef1beaed")
  }

  @Test func refusesCalls() throws {
    let call = ERC20.transferCall(to: .zero, amount: .max)
    var padded = call
    padded[15] = 1
    var other = call
    other[3] = 0
    for (bytes, error) in [
      ([], ERC20Error.selector), (other, .selector), (call + [0], .length(69)),
      (Array(call.dropLast()), .length(67)), (ERC20.transferSelector, .length(4)),
      (padded, .padding),
    ] {
      #expect(throws: error) { try ERC20.decodeTransferCall(bytes) }
    }
  }

  @Test(arguments: [1, 2] as [UInt64])
  func anyCallAndLogAreReadOrRefused(seed: UInt64) throws {
    var random = SeededNumbers(seed)
    for _ in 0..<500 {
      let (sender, recipient) = (random.address(), random.address())
      let amount = random.uint256()
      let call = ERC20.transferCall(to: recipient, amount: amount)
      let read = try ERC20.decodeTransferCall(call)
      #expect(read == (recipient, amount))
      let changed = random.mutated(call)
      if let read = try? ERC20.decodeTransferCall(changed) {
        #expect(ERC20.transferCall(to: read.recipient, amount: read.amount) == changed)
      }
      let topics = [ERC20.transferTopic, Hash32(sender.word), Hash32(recipient.word)]
      let log = Log(address: .zero, topics: topics, data: amount.bigEndianBytes)
      #expect(
        try ERC20.decodeTransfer(log)
          == ERC20.Transfer(sender: sender, recipient: recipient, amount: amount))
    }
  }

  @Test func refusesLogs() {
    let transfer = ERC20.transferTopic
    let word = Hash32(.one)
    let wide = Hash32(UInt256(setBit: 160))
    let data = UInt256.one.bigEndianBytes
    for (topics, data, error) in [
      ([], data, ERC20Error.topic), ([word, word, word], data, .topic),
      ([transfer], data, .topicCount(1)), ([transfer, word], data, .topicCount(2)),
      // A non-fungible token's.
      ([transfer, word, word, word], [], .topicCount(4)),
      ([transfer, wide, word], data, .padding), ([transfer, word, wide], data, .padding),
      ([transfer, word, word], [], .length(0)), ([transfer, word, word], [1], .length(1)),
      ([transfer, word, word], data + [0], .length(33)),
    ] as [([Hash32], [UInt8], ERC20Error)] {
      let log = Log(address: .zero, topics: topics, data: data)
      #expect(throws: error) { try ERC20.decodeTransfer(log) }
    }
  }
}
