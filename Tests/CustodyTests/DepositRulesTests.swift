// What a transfer is worth, when it is ripe, and which logs are transfers at all.

import Ethereum
import Foundation
import SeededNumbers
import TestServers
import Testing

@testable import CoreFixture
@testable import Custody

@Suite struct DepositRulesTests {
  static let token = address(0xaa)
  static let other = address(0xbb)
  static let ours = address(0x01)
  static let stranger = address(0x02)

  static func address(_ low: UInt64) -> Address {
    guard let address = Address(word: UInt256(low)) else { preconditionFailure("an address") }
    return address
  }

  static func hash(_ low: UInt64) -> Hash32 { Hash32(UInt256(low)) }

  /// Ether with 18 decimals on both sides; a token with 18 on the chain and 6 here.
  static let rules = DepositRules(
    assets: [
      DepositAsset(
        code: "ETH", source: .native, scale: .one, minimum: 1_000, finality: .depth(3)),
      DepositAsset(
        code: "USDC", source: .token(token), scale: UInt256(1_000_000_000_000 as UInt64),
        minimum: 10, finality: .finalized),
    ], ownSenders: [address(0x0f)])

  private func transfer(
    _ raw: UInt256, _ source: DepositAsset.Source, from sender: Address = stranger
  ) -> Transfer {
    Transfer(
      transaction: Self.hash(1), outRef: "n", source: source, sender: sender,
      recipient: Self.ours, raw: raw)
  }

  private func value(_ raw: UInt256, _ source: DepositAsset.Source) throws -> DepositValue {
    Self.rules.value(of: transfer(raw, source), in: try #require(Self.rules.asset(source)))
  }

  @Test func rawIsAmountTimesScalePlusDust() throws {
    let value = try value(UInt256(10_000_000_000_123 as UInt64), .token(Self.token))
    #expect(value.amount == 10 && value.dust == UInt256(123 as UInt64) && value.status == .seen)
    var numbers = SeededNumbers(7)
    for _ in 0..<2_000 {
      let raw = UInt256(UInt128(numbers.next()) * UInt128(numbers.next() >> 20))
      let value = try self.value(raw, .token(Self.token))
      let scale = UInt256(1_000_000_000_000 as UInt64)
      let booked = try #require(UInt256(exactly: value.amount)?.multiplied(by: scale))
      #expect(booked.adding(value.dust) == raw)
    }
  }

  @Test func theEndsOfTheRange() throws {
    #expect(try value(UInt256(999 as UInt64), .native).status == .dust)
    #expect(try value(UInt256(999 as UInt64), .native).dust == UInt256(999 as UInt64))
    #expect(try value(UInt256(1_000 as UInt64), .native).status == .seen)
    let bound = UInt256(UInt128(1) << 120)
    #expect(try value(bound, .native).status == .review)
    #expect(try value(.max, .native).status == .review)
    #expect(try value(.max, .native).dust == .max)
    let largest = try #require(bound.subtracting(.one))
    #expect(try value(largest, .native).amount == 1 << 120 - 1)
  }

  /// They move value over no border: neither a deposit nor the venue's gain.
  @Test func theVenuesOwnPaymentsAreNoDeposits() {
    let scan = BlockScan(Self.rules)
    let venue = Self.address(0x0f)
    var (block, receipts) = block([[Self.log()]], values: [5])
    block.transactions[0].sender = venue
    var topics = receipts[0].logs[0].topics
    topics[1] = Hash32(venue.word)
    receipts[0].logs[0] = Log(
      address: receipts[0].logs[0].address, topics: topics, data: receipts[0].logs[0].data)
    #expect(scan.transfers(block.transactions[0], receipts[0], watching: watching).isEmpty)
    let owner: (Address) -> AddressOwner = { address in
      address == venue ? .venue : address == Self.ours ? .user : .outside
    }
    #expect(
      scan.venueTransfers(block.transactions[0], receipts[0], in: block.place, owner).isEmpty)
  }

  @Test func ripenessByDepthAndByFinality() {
    let (ether, token) = (Self.rules.assets[0], Self.rules.assets[1])
    // A depth of 3 counts the deposit's own block.
    #expect(ether.ripeHeight(12, -1) == 10 && ether.ripeHeight(11, 11) == 9)
    #expect(token.ripeHeight(1_000, 9) == 9 && token.ripeHeight(10, 10) == 10)
  }

  /// While blocks are still to be scanned nothing stands still.
  @Test func finalityIsCountedInBlocksOfTheTip() {
    var watch = FinalityWatch()
    let looks: [(tip: Int64, final: Int64, isAtEnd: Bool, blocks: Int64)] = [
      (100, -1, false, 0), (900, -1, false, 0), (1_000, 990, true, 0), (1_010, 990, true, 10),
      (1_008, 990, true, 8), (1_020, 990, true, 20), (1_021, 1_011, true, 0),
      (1_030, 1_011, true, 9), (1_040, 1_011, false, 0), (1_045, 1_011, true, 5),
      (1_039, 1_011, true, 0),
    ]
    for look in looks {
      let blocks = watch.blocks(tip: look.tip, finalized: look.final, isAtEnd: look.isAtEnd)
      #expect(blocks == look.blocks, "\(look)")
    }
  }

  // MARK: Blocks

  private static func log(
    _ contract: Address = token, to recipient: Address = ours, amount: UInt64 = 77,
    topics extra: [Hash32] = [], data: [UInt8]? = nil
  ) -> Log {
    Log(
      address: contract,
      topics: [ERC20.transferTopic, Hash32(stranger.word), Hash32(recipient.word)] + extra,
      data: data ?? UInt256(amount).bigEndianBytes)
  }

  private func block(_ logs: [[Log]], values: [UInt64]) -> (ChainBlock, [ChainReceipt]) {
    let place = BlockPlace(height: 5, hash: Self.hash(50), parent: Self.hash(49))
    let transactions = values.enumerated().map { index, value in
      ChainTransaction(
        hash: Self.hash(UInt64(100 + index)), sender: Self.stranger, nonce: UInt64(index),
        recipient: Self.ours, value: UInt256(value), input: [])
    }
    let receipts = Self.counted(
      zip(transactions, logs).map { transaction, logs in
        ChainReceipt(
          transaction: transaction.hash, block: place.hash, isSuccess: true, logs: logs,
          positions: [], gasUsed: 21_000, gasPrice: .one)
      })
    let block = ChainBlock(
      place: place, logsBloom: Bloom(of: logs.flatMap { $0 }), gasUsed: 0,
      transactions: transactions)
    return (block, receipts)
  }

  /// Their logs count 0, 1, 2, ...
  private static func counted(_ receipts: [ChainReceipt]) -> [ChainReceipt] {
    var next: Int64 = 0
    return receipts.map { receipt in
      var counted = receipt
      counted.positions = receipt.logs.indices.map { next + Int64($0) }
      next += Int64(receipt.logs.count)
      return counted
    }
  }

  private func watching(_ address: Address) -> Bool { address == Self.ours }

  @Test func everyTransferOfATransactionIsFoundByItsOrdinal() {
    let scan = BlockScan(Self.rules)
    let (block, receipts) = block(
      [
        [
          Self.log(Self.other), Self.log(amount: 1), Self.log(to: Self.stranger),
          Self.log(amount: 2),
        ]
      ],
      values: [9])
    let found = scan.transfers(block.transactions[0], receipts[0], watching: watching)
    #expect(found.map(\.outRef) == ["n", "l1", "l3"])
    #expect(found.map(\.raw) == [9, 1, 2].map { UInt256($0 as UInt64) })
  }

  /// Another contract's log, a token with an id (four topics), longer data, nothing, and a
  /// transaction that failed: none of them moved a listed token.
  @Test func forgeriesAreNoTransfers() {
    let scan = BlockScan(Self.rules)
    let forgeries = [
      Self.log(Self.other), Self.log(topics: [Self.hash(1)]),
      Self.log(data: UInt256(5 as UInt64).bigEndianBytes + [0]), Self.log(data: []),
      Self.log(amount: 0),
    ]
    let (block, receipts) = block([forgeries], values: [0])
    #expect(scan.transfers(block.transactions[0], receipts[0], watching: watching).isEmpty)
    var failed = receipts[0]
    (failed.isSuccess, failed.logs) = (false, [Self.log()])
    var paying = block.transactions[0]
    paying.value = UInt256(5_000 as UInt64)
    #expect(scan.transfers(paying, failed, watching: watching).isEmpty)
  }

  @Test func anOmittedLogIsNoticed() throws {
    let scan = BlockScan(Self.rules)
    let (block, receipts) = block([[Self.log()], [Self.log(Self.other)]], values: [0, 0])
    #expect(scan.needsReceipts(block, watching: watching))
    #expect(throws: Never.self) { try scan.check(receipts, of: block) }
    var lying = receipts
    lying[0].logs = []
    #expect(throws: BlockDoubt.logsDoNotMatchBloom) {
      try scan.check(Self.counted(lying), of: block)
    }
    #expect(throws: BlockDoubt.receiptsDoNotMatch) {
      try scan.check(Array(receipts.dropLast()), of: block)
    }
    #expect(throws: BlockDoubt.receiptsDoNotMatch) {
      try scan.check(receipts.reversed(), of: block)
    }
    lying = receipts
    lying[1].block = Self.hash(51)
    #expect(throws: BlockDoubt.receiptsDoNotMatch) { try scan.check(lying, of: block) }
  }

  /// Two that are alike give the bloom of one: then only their places tell that one is missing.
  @Test func logsCountWithoutAGap() throws {
    let scan = BlockScan(Self.rules)
    let (block, receipts) = block([[Self.log(), Self.log()], [Self.log()]], values: [0, 0])
    #expect(throws: Never.self) { try scan.check(receipts, of: block) }
    var lying = receipts
    (lying[0].logs, lying[0].positions) = ([Self.log()], [1])
    #expect(throws: BlockDoubt.logsDoNotCount) { try scan.check(lying, of: block) }
    lying[0].positions = [0]
    #expect(throws: BlockDoubt.logsDoNotCount) { try scan.check(lying, of: block) }
    lying = receipts
    lying[0].positions = [0]
    #expect(throws: BlockDoubt.logsDoNotCount) { try scan.check(lying, of: block) }
    lying[0].positions = [.max, 0]
    #expect(throws: BlockDoubt.logsDoNotCount) { try scan.check(lying, of: block) }
  }

  @Test func aTransactionIsOnAChainOnce() throws {
    let scan = BlockScan(Self.rules)
    let (first, _) = block([[], []], values: [1, 1])
    #expect(throws: Never.self) { try scan.checkUnique([first]) }
    #expect(throws: BlockDoubt.transactionsTwice) { try scan.checkUnique([first, first]) }
    var other = first
    other.transactions[1].nonce = 0
    #expect(throws: BlockDoubt.transactionsTwice) { try scan.checkUnique([other]) }
    other.transactions[1].sender = Self.ours
    #expect(throws: Never.self) { try scan.checkUnique([other]) }
  }

  /// What would overflow where it is counted with is no height.
  @Test func hostileHeights() throws {
    func header(_ number: String) throws -> RPCHeader {
      let hash = "0x" + String(repeating: "ab", count: 32)
      let text = #"{"number":"\#(number)","hash":"\#(hash)","parentHash":"\#(hash)"}"#
      return try JSONDecoder().decode(RPCHeader.self, from: Data(text.utf8))
    }
    #expect(try header("0x1000000000000").number == 1 << 48)
    for number in ["0x1000000000001", "0x7fffffffffffffff", "0xffffffffffffffff", "-0x1", "12"] {
      #expect(throws: DecodingError.self) { try header(number) }
    }
  }

  @Test func aBlockWithoutUsIsPassed() {
    let scan = BlockScan(Self.rules)
    let (quiet, _) = block([[]], values: [0])
    #expect(!scan.needsReceipts(quiet, watching: watching))
    let (paying, _) = block([[]], values: [1])
    #expect(scan.needsReceipts(paying, watching: watching))
    #expect(!scan.needsReceipts(paying, watching: { _ in false }))
  }
}
