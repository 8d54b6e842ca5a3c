// Transactions of every kind as nodes show them, and forged payments in true blocks.

import Embedded
import Engine
import Ethereum
import Formats
import Foundation
import Ledger
import TestServers
import Testing

@testable import CoreFixture
@testable import Custody

@Suite struct BlockTransactionTests {
  private struct Expected: Decodable {
    var from: String
  }

  private static func vectors() throws -> [UInt8] {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "EthereumTests/vectors/block-transactions.json")
    return try Array(Data(contentsOf: file))
  }

  /// Legacy ones with and without a chain, and types 1 to 4, signed by eth-account: their fields
  /// give their hashes and their senders.
  @Test func everyKindGivesItsHashAndItsSender() throws {
    let bytes = try Self.vectors()
    let limits = JSONLimits.answer(bytes: 1 << 20)
    let told = try StrictJSON.decode([RPCWholeTransaction].self, from: bytes, limits)
    let senders = try JSONDecoder().decode([Expected].self, from: Data(bytes)).map(\.from)
    #expect(told.count == 7 && Set(told.compactMap(\.fields?.kind)).count == 5)
    for (transaction, sender) in zip(told, senders) {
      let fields = try #require(transaction.fields)
      #expect(Keccak256.hash(fields.raw) == transaction.hash, "\(fields.kind)")
      #expect(fields.sender?.lowercase == sender, "\(fields.kind)")
    }
  }
}

/// A block that is true, and what is changed in it.
@Suite struct ProvedBlockTests {
  private static let ours = Address.zero

  private static func transaction(_ nonce: UInt64, value: UInt64) -> ToldTransaction {
    var fields = BlockTransaction()
    (fields.kind, fields.nonce, fields.value) = (.dynamicFee, nonce, UInt256(value))
    fields.destination = ours
    (fields.r, fields.s) = (.one, .one)
    return ToldTransaction(hash: Keccak256.hash(fields.raw), content: .fields(fields))
  }

  private static func log(_ amount: UInt64) -> Log {
    Log(
      address: ours, topics: [ERC20.transferTopic, Hash32(.one), Hash32(ours.word)],
      data: UInt256(amount).bigEndianBytes)
  }

  private static func seal(_ block: inout ToldBlock) {
    block.header.transactionsRoot = OrderedTrie.root(
      block.transactions.map { transaction in
        if case .fields(let fields) = transaction.content { fields.raw } else { [] }
      })
    block.header.receiptsRoot = OrderedTrie.root(
      block.receipts.map { $0.encoded(Bloom(of: $0.logs)) })
    block.header.bloom = Bloom(of: block.receipts.flatMap(\.logs))
  }

  private static var block: ToldBlock {
    var block = ToldBlock(
      header: BlockHeader(), transactions: [transaction(0, value: 0), transaction(1, value: 0)],
      receipts: [
        BlockReceipt(kind: 2, isSuccess: true, cumulativeGasUsed: 30_000, logs: [log(7)]),
        BlockReceipt(kind: 2, isSuccess: false, cumulativeGasUsed: 51_000, logs: []),
      ])
    seal(&block)
    return block
  }

  private func prove(_ block: ToldBlock) throws(BlockDoubt) -> ProvedBlock {
    try ProvedBlock(
      block, hash: Self.block.header.hash, tokens: [Self.ours], watching: { $0 == Self.ours })
  }

  private func transfer(_ amount: UInt64, at outRef: String = "l0") throws -> Transfer {
    Transfer(
      transaction: Self.block.transactions[0].hash, outRef: outRef, source: .token(Self.ours),
      sender: try #require(Address(word: .one)), recipient: Self.ours, raw: UInt256(amount))
  }

  @Test func aTrueBlockShowsWhatItPays() throws {
    let proof = try prove(Self.block)
    #expect(proof.verdict(on: try transfer(7)) == .shown)
    #expect(proof.verdict(on: try transfer(8)) == .notShown)
    #expect(proof.verdict(on: try transfer(7, at: "l1")) == .notShown)
    #expect(proof.verdict(on: try transfer(7, at: "t0")) == .shown)
    var failed = try transfer(7, at: "t0")
    failed.transaction = Self.block.transactions[1].hash
    #expect(proof.verdict(on: failed) == .notShown)
    // Without its filter it is the same block.
    var bare = Self.block
    bare.header.bloom = Bloom()
    #expect(try prove(bare).verdict(on: try transfer(7)) == .shown)
  }

  /// Each alone, and with the roots, or the header, made to fit it.
  @Test func aForgeryIsNoProof() {
    let forgeries: [(BlockDoubt, (inout ToldBlock) -> Void)] = [
      (
        .transactionsDoNotMatchRoot,
        { block in
          guard case .fields(var fields) = block.transactions[0].content else { return }
          fields.value = .one
          block.transactions[0].content = .fields(fields)
        }
      ), (.transactionsDoNotMatchRoot, { $0.transactions[0] = Self.transaction(0, value: 9) }),
      (.transactionsDoNotMatchRoot, { $0.transactions.swapAt(0, 1) }),
      (
        .transactionsDoNotMatchRoot,
        { block in
          block.transactions.removeLast()
          block.receipts.removeLast()
        }
      ), (.receiptsDoNotMatch, { $0.receipts.removeLast() }),
      (.receiptsDoNotMatchRoot, { $0.receipts[0].logs = [Self.log(8)] }),
      (.receiptsDoNotMatchRoot, { $0.receipts[1].isSuccess = true }),
      (.receiptsDoNotMatchRoot, { $0.receipts.swapAt(0, 1) }),
      (.headerDoesNotMatchHash, { $0.header.number += 1 }),
      (
        .headerDoesNotMatchHash,
        { block in
          block.receipts[0].logs = [Self.log(8)]
          Self.seal(&block)
        }
      ),
      (
        .headerDoesNotMatchHash,
        { block in
          block.transactions[0] = Self.transaction(0, value: 9)
          Self.seal(&block)
        }
      ),
    ]
    for (place, (doubt, forge)) in forgeries.enumerated() {
      var block = Self.block
      forge(&block)
      #expect(throws: doubt, "\(place)") { try prove(block) }
    }
  }
}

extension DatabaseTests {
  @Suite(.serialized) struct BlockProofTests {
    /// Nothing is paid, and the node says that much was: in true blocks, in every answer.
    private func forge(_ count: Int, to address: Address, on chains: TestChain...) throws
      -> [String: String]
    {
      var values: [String: String] = [:]
      for chain in chains {
        for _ in 0..<count { values[try chain.fund(address, wei: 0)] = "9900000000000000000" }
      }
      return values
    }

    private func isOrphaned(_ venue: Venue, _ count: Int) throws -> Bool {
      try venue.statuses(2).count { $0 == .orphaned } == count
    }

    /// The scene of the issue: ten payments of 9.9 where a second node is asked from 10 on. The
    /// one node that lies credits none of them, and a true payment is not held up.
    @Test func tenForgedPaymentsOfOneNodeAreNotCredited() throws {
      try Venue.run { venue, chain in
        let address = try venue.address(2)
        try chain.call("dev_lie", [["values": try forge(10, to: address, on: chain)]])
        try chain.mine()
        try chain.mint("USDC", to: address, 700)
        try chain.mine(12)
        let scanner = try venue.scan { $0.nodePauseMilliseconds = 20 }
        #expect(try eventually { try venue.balance(2, 0) == 700 })
        #expect(eventually { scanner.currentFigures().state == "block_not_proved" })
        let figures = scanner.currentFigures()
        #expect(figures.unproved == 1 && figures.doubts > 0 && figures.halted == nil)
        let statuses = try venue.deposits(2).filter { $0.asset == "ETH" }.map(\.status)
        #expect(statuses == Array(repeating: .confirming, count: 10))
        #expect(try venue.balance(2, 1) == 0)
        try chain.call("dev_lie", [[:]])
        #expect(try eventually { try isOrphaned(venue, 10) })
        #expect(eventually { scanner.currentFigures().state == "caught_up" })
        #expect(try venue.balance(2, 1) == 0 && scanner.currentFigures().unproved == 0)
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// What a node may say otherwise of a true payment, but for its hash.
    enum Forgery: CaseIterable { case value, amount, sender }

    /// Another node tells the block as it is: the forger is left, and its payments were never made.
    @Test(arguments: Forgery.allCases) func aForgerIsFoundOutByAnotherNode(of what: Forgery) throws
    {
      let (first, second) = (try TestChain(), try TestChain())
      defer {
        first.stop()
        second.stop()
      }
      let venue = try Venue(TestDatabase(), first)
      let address = try venue.address(2)
      var told: [String: Any] = [:]
      switch what {
      case .value: told["values"] = try forge(10, to: address, on: first, second)
      case .amount:
        let hashes = try [first, second].map { try $0.mint("USDC", to: address, 1) }
        #expect(hashes[0] == hashes[1])
        told["amounts"] = [hashes[0]: "9900000"]
      case .sender:
        let hashes = try [first, second].map { try $0.fund(address, wei: 5_000) }
        told["senders"] = [hashes[0]: "0x" + String(repeating: "77", count: 20)]
      }
      try first.call("dev_lie", [told])
      for chain in [first, second] {
        try chain.mine()
        try chain.fund(address, wei: 2_000)
        try chain.mine(4)
      }
      let scanner = try venue.scan(nodes: [second.ready.url]) {
        ($0.nodePauseMilliseconds, $0.retryMilliseconds) = (20, 5)
      }
      #expect(try eventually { try isOrphaned(venue, what == .value ? 10 : 1) })
      #expect(try eventually { try venue.balance(2, 1) == 2_000 })
      #expect(try venue.balance(2, 0) == 0)
      // Who signed is no part of a block: it is read from the signature.
      #expect(venue.reports.all.contains { $0.contains("forged a block") } == (what != .sender))
      scanner.stop()
      #expect(venue.core.projection.drain(withinSeconds: patience))
      venue.core.stop()
      try first.call("dev_lie", [[:]])
      // What the forger hid of what was really paid lies there unbooked until it is looked for.
      let hidden: [String: Int128] =
        switch what {
        case .value: [:]
        case .amount: ["USDC": 1]
        case .sender: ["ETH": 5_000]
        }
      try venue.checkDeposits(differences: hidden)
    }

    /// A chain, or a provider, that shows no filter: the receipts are read, and the block's hash
    /// still proves them.
    @Test func aTokenInABlockWithoutAFilterIsFound() throws {
      try Venue.run { venue, chain in
        let address = try venue.address(2)
        try chain.options(["zero_bloom": true])
        let scanner = try venue.scan()
        try chain.mint("USDC", to: address, 700)
        try chain.mine(4)
        #expect(try eventually { try venue.balance(2, 0) == 700 })
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// Its bytes are asked for, and prove the block and what it logs; of what it pays itself they
    /// say nothing. Where a node does not tell them, the block is not proved.
    @Test func aTransactionOfAnUnknownKindIsIncludedAsBytes() throws {
      try Venue.run { venue, chain in
        let address = try venue.address(2)
        try chain.mint("USDC", to: address, 700)
        try chain.fund(address, wei: 2_000)
        let hashes = try #require(try chain.call("evm_mine", [1]) as? [String])
        try chain.mine(4)
        var told = try #require(
          try chain.call("eth_getBlockByHash", [hashes[0], true]) as? [String: Any])
        let transactions = try #require(told["transactions"] as? [[String: Any]])
        told["transactions"] = transactions.map { $0.merging(["type": "0x7e"]) { $1 } }
        try chain.fault([
          "kind": "result", "method": "eth_getBlockByHash", "result": told, "times": 1_000_000,
        ])
        let error = ["code": -32601, "message": "the method does not exist"] as [String: Any]
        try chain.fault([
          "kind": "error", "method": "eth_getRawTransactionByHash", "error": error, "times": 1,
        ])
        let scanner = try venue.scan { $0.nodePauseMilliseconds = 20 }
        #expect(try eventually { try venue.balance(2, 0) == 700 })
        #expect(eventually { scanner.currentFigures().state == "block_not_proved" })
        #expect(try venue.balance(2, 1) == 0 && venue.statuses(2).contains(.confirming))
        let reports = venue.reports.all
        #expect(reports.contains { $0.contains("the method does not exist") }, "\(reports)")
        try chain.call("dev_clearFaults")
        #expect(try eventually { try venue.balance(2, 1) == 2_000 })
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// Blocks without deposits of ours are not asked for whole, and one with many is once.
    @Test func aBlockIsProvedOnceForAllOfItsDeposits() throws {
      try Venue.run { venue, chain in
        let address = try venue.address(2)
        for _ in 0..<5 {
          try chain.fund(address, wei: 2_000)
          try chain.mint("USDC", to: address, 100)
        }
        try chain.mine(20)
        // Whatever else is asked meets no such fault.
        try chain.fault(
          ["kind": "delay", "milliseconds": 0, "method": "eth_getBlockByHash", "times": 100])
        let scanner = try venue.scan()
        #expect(try eventually { try venue.balance(2, 1) == 10_000 && venue.balance(2, 0) == 500 })
        try venue.settle(scanner)
        #expect(try chain.faults() == 99)
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }
  }
}
