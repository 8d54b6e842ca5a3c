// A venue that pays on the development chain, and what a test does to it.

import Engine
import Ethereum
import Formats
import Foundation
import Postgres
import TestServers
import Testing

@testable import CoreFixture
@testable import Custody

/// The scanner follows; the test starts its own sender.
final class PayoutScene {
  let venue: Venue
  let chain: TestChain
  let signer = TestSigner(secret: Venue.hotSecret)
  private(set) var scanner: DepositScanner
  private(set) var sender: PayoutSender?

  private init(_ venue: Venue, _ chain: TestChain, _ scanner: DepositScanner) {
    (self.venue, self.chain, self.scanner) = (venue, chain, scanner)
  }

  static func run(
    _ arguments: [String] = [], bitcoin: String = "BTC",
    sourceLocation: SourceLocation = #_sourceLocation, _ body: (PayoutScene) throws -> Void
  ) throws {
    let chain = try TestChain(arguments)
    defer { chain.stop() }
    let venue = try Venue(TestDatabase(), chain, bitcoin: bitcoin)
    let scanner = try venue.scan()
    try venue.settle(scanner)
    try venue.openPayouts(scanner)
    let scene = PayoutScene(venue, chain, scanner)
    defer {
      scene.stop()
      venue.stop(scene.scanner)
    }
    try body(scene)
    try scene.finishClosing()
    scene.stop()
    try venue.settle(scene.scanner)
    #expect(venue.core.halts.all.isEmpty && scene.signer.isSound, sourceLocation: sourceLocation)
    try venue.checkPayouts(sourceLocation: sourceLocation)
  }

  /// Ends the sender that runs, as a restart does, and starts one from the database.
  @discardableResult
  func pay(
    with signer: (any PayoutSigner)? = nil, nodes: [String] = [],
    _ change: (inout PayoutSender.Configuration) -> Void = { _ in }
  ) throws -> PayoutSender {
    stop()
    let sender = try venue.pay(signer ?? self.signer, nodes: nodes) {
      $0.retryMilliseconds = 5
      change(&$0)
    }
    self.sender = sender
    return sender
  }

  func stop() {
    sender?.stop()
    sender = nil
  }

  /// The chain goes on and the database does not know it.
  func stopScanning() { scanner.stop() }

  func scanAgain(_ change: (inout DepositScanner.Configuration) -> Void = { _ in }) throws {
    scanner = try venue.scan(change: change)
  }

  var figures: PayoutSender.Figures { sender?.currentFigures() ?? PayoutSender.Figures() }

  /// One that nobody else pays to.
  static func recipient(_ number: UInt8) -> Address {
    guard let address = Address([UInt8](repeating: 0x70, count: 19) + [number]) else {
      preconditionFailure("20 bytes")
    }
    return address
  }

  // MARK: What the database has

  func store() throws -> CustodyStore {
    try CustodyStore(venue.database.app, chain: "dev", term: venue.custodyCore().term)
  }

  /// By rising fees; with `closed` ones too.
  func attempts(_ nonce: UInt64) throws -> [(hash: String, kind: String, answer: String)] {
    let connection = try PostgresConnection(venue.database.audit)
    var parameters = PostgresParameters()
    parameters.int8(Int64(nonce))
    let result = try connection.query(
      "select hash, kind, answer from core.payout_attempt where nonce = $1 order by maximum_fee",
      parameters)
    return (0..<result.rowCount).map { row in
      (Hex.encode(result.bytes(row, 0)), result.string(row, 1), result.string(row, 2))
    }
  }

  func raw(_ hash: String) throws -> [UInt8] {
    let store = try store()
    let hash = try #require(Hash32(hex: hash))
    return try #require(try store.raw(hash))
  }

  func count(_ sql: String) throws -> Int64 { try venue.database.number(sql) }

  func cancelPayment(_ nonce: UInt64) throws {
    let store = try store()
    let isOpen = try store.cancelPayment(Venue.hotWallet, nonce)
    #expect(isOpen)
  }

  /// That it paid says operator 1; that it did not, operators 1 and 9.
  func resolve(_ nonce: UInt64, _ outcome: PayoutOutcome) throws {
    let store = try store()
    let first = Authority.custody(1, "looked at the chain")
    let matter = CustodyProposal.Matter.payout(sender: Venue.hotWallet, nonce: nonce, outcome)
    switch try store.consider(matter) {
    case .gives(let content, _): try store.give(matter, for: content.user, by: first)
    case .givesNothing:
      let isHeld = try store.decide(
        .resolve(nonce: nonce, outcome), Venue.hotWallet, by: first)
      #expect(isHeld)
    case .deposit, .unknownPayout: Issue.record("nonce \(nonce) is for nobody to judge")
    }
  }

  func resume() throws {
    let store = try store()
    #expect(try store.resume(Venue.hotWallet))
  }

  /// The engine may have booked an end whose slot the sender is about to close.
  private func finishClosing() throws {
    guard sender != nil, figures.halted == nil else { return }
    _ = try eventually(within: 10) {
      try count(
        """
        select count(*) from core.payout_slot s join public.withdrawals w on w.id = s.withdrawal_id
        where s.outcome is null and w.decision <> 'started'
        """) == 0
    }
  }

  // MARK: Waiting

  func wait(
    _ what: String, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () throws -> Bool
  ) throws {
    let isThere = try eventually(condition)
    #expect(isThere, "\(what): \(figures), \(venue.reports.all)", sourceLocation: sourceLocation)
  }

  /// The scanner is at the chain's end, and the sender has looked several times since.
  func look() throws {
    try venue.settle(scanner)
    try waitForLooks(3)
  }

  /// The sender, if there is one, has begun and ended so many looks since.
  func waitForLooks(_ count: Int) throws {
    guard sender != nil else { return }
    let before = figures.looks
    // One may be under way.
    try wait("\(count) looks") { figures.looks > before + count }
  }

  func locked(_ asset: AssetID) throws -> Int128 {
    try #require(venue.core.ask { $0.balance(2, asset).locked })
  }

  func mempool() throws -> [String] { try #require(try chain.call("dev_mempool") as? [String]) }
}

extension TestChain {
  static let faucetSecret = [UInt8](repeating: 0, count: 31) + [1]

  /// A transaction of any key, waiting to be mined; its hash.
  @discardableResult
  func transact(
    _ secret: [UInt8], to destination: Address, value: UInt256 = .zero, data: [UInt8] = [],
    nonce: UInt64? = nil, gwei: UInt64 = 50, tip: UInt64 = 5
  ) throws -> String {
    guard let key = SecretKey(secret) else { preconditionFailure("not a key") }
    return try transact(
      by: key, to: destination, value: value, data: data, nonce: nonce, gwei: gwei, tip: tip)
  }

  @discardableResult
  func transact(
    by key: borrowing SecretKey, to destination: Address, value: UInt256 = .zero,
    data: [UInt8] = [],
    nonce: UInt64? = nil, gwei: UInt64 = 50, tip: UInt64 = 5
  ) throws -> String {
    let next = try call("eth_getTransactionCount", ["\(key.address)", "pending"]) as? String
    let transaction = try Transaction1559(
      chainID: 31337, nonce: nonce ?? #require(UInt64((next ?? "").dropFirst(2), radix: 16)),
      fees: #require(
        GasFees(
          maximum: UInt256(gwei * 1_000_000_000), priority: UInt256(tip * 1_000_000_000))),
      gasLimit: data.isEmpty ? 21_000 : 100_000, destination: destination, value: value, data: data)
    let raw = Hex.encode(transaction.signed(by: key).raw)
    return try #require(try call("eth_sendRawTransaction", [raw]) as? String)
  }

  /// How MOODY takes payments from the next block on; in it, it is mined before what pays less.
  func setMood(_ mood: UInt64) throws {
    let selector = Keccak256.hash(Array("set_mood(uint256)".utf8)).bytes.prefix(4)
    try transact(
      Self.faucetSecret, to: contract("MOODY"),
      data: Array(selector) + UInt256(mood).bigEndianBytes)
  }

  /// Whom MOODY takes no payment for.
  func setUnwelcome(_ address: Address) throws {
    let selector = Keccak256.hash(Array("set_unwelcome(address)".utf8)).bytes.prefix(4)
    try transact(
      Self.faucetSecret, to: contract("MOODY"),
      data: Array(selector) + address.word.bigEndianBytes)
  }

  func setBaseFee(gwei: Int) throws { try call("dev_setBaseFee", ["\(gwei)000000000"]) }
}
