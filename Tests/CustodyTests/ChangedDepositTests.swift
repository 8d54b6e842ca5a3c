// A transaction that does something else where a reorganisation brings it again: what was credited
// for it is taken back, what the chain has now is counted once, and nobody gets it without a
// person.

import Engine
import Ethereum
import Formats
import Foundation
import Postgres
import TestServers
import Testing

@testable import CoreFixture
@testable import Custody

extension DatabaseTests {
  @Suite(.serialized) struct ChangedDepositTests {
    private static let secret = [UInt8](repeating: 5, count: 32)
    /// A contract that pays from inside a call what, and whom, it was told last.
    private static let payer =
      "36601557" + "6000600060006000" + "600054" + "600154" + "5af1" + "00"
      + "5b" + "600035600055" + "602035600155" + "00"

    private static var teller: Address {
      guard let key = SecretKey(secret) else { preconditionFailure("a key") }
      return key.address
    }

    private func told(_ amount: UInt64, _ recipient: Address) -> [UInt8] {
      UInt256(amount).bigEndianBytes + recipient.word.bigEndianBytes
    }

    /// Another amount, or another user's; in the very reorganisation that took the block, so that
    /// the clawback is still to come, or after it is in the ledger.
    @Test(arguments: [false, true], [false, true])
    func whatTheChainHasInsteadWaitsForAPerson(isBooked: Bool, isOfAnother: Bool) throws {
      let chain = try TestChain(["--traces"])
      defer { chain.stop() }
      let venue = try Venue(TestDatabase(), chain)
      let (mine, theirs) = (try venue.address(2), try venue.address(3))
      try chain.fund(Self.teller, wei: 1_000_000_000 * Venue.gwei)
      let payer = try chain.deploy(Self.payer)
      try chain.call(
        "dev_send", [["to": "\(payer)", "wei": "90000", "data": Hex.encode(told(7_000, mine))]])
      try chain.mine()
      let payment = try #require(try chain.call("dev_send", [["to": "\(payer)"]]) as? String)
      try chain.mine()
      let scanner = try venue.scan { ($0.traces, $0.surplusSeconds) = (true, 0.05) }
      try venue.settle(scanner)
      _ = try venue.resolve(#require(try venue.deposits(2).first).id, .credit)
      try chain.mine(2)
      #expect(try eventually { try venue.balance(2, 1) == 7_000 })
      try venue.settle(scanner)

      // Mined before the payment, for its tip is higher.
      let now = isOfAnother ? (amount: 7_000, user: UserID(3)) : (amount: 9_000, user: UserID(2))
      try chain.transact(
        Self.secret, to: payer, data: told(UInt64(now.amount), isOfAnother ? theirs : mine))
      if isBooked { try chain.call("dev_hold", [payment]) }
      try chain.reorganise(depth: 3, blocks: 5)
      #expect(try eventually { try venue.balance(2, 1) == 0 })
      try venue.settle(scanner)
      if isBooked {
        try chain.call("dev_hold", [payment, false])
        try chain.mine()
      }
      let reason = "changed in a reorganisation: " + (isOfAnother ? "recipient" : "amount")
      // The row follows at the look after the ledger has the clawback.
      let isTaken = try eventually {
        let rows = try venue.deposits(now.user)
        return rows.map(\.reason) == [reason] && rows[0].raw == UInt256(UInt64(now.amount))
      }
      #expect(isTaken)
      try venue.settle(scanner)
      let row = try #require(try venue.deposits(now.user).first)
      #expect(row.status == .clawback && row.credited == 0)
      #expect(row.raw == UInt256(UInt64(now.amount)) && row.resolution == nil)
      #expect(row.address == (isOfAnother ? theirs : mine))
      #expect(venue.core.ask { $0.isFrozen(2) } == true)
      let books = try venue.reconcile()
      #expect(books.agrees && books.assets[0].unbooked == row.raw, "\(books)")

      // What the document says that an operator does; and no look by balance finds the coins again.
      let remedy = try Load.adjust(now.user, 1, Int128(now.amount), "remedy")
      #expect(try venue.core.submit([remedy]).get()[0].rejection == nil)
      for _ in 0..<14 {
        try chain.mine()
        try venue.settle(scanner)
      }
      #expect(try venue.balance(now.user, 1) == Int128(now.amount))
      #expect(try venue.database.number("select count(*) from public.deposits") == 1)
      #expect(try venue.reconcile().agrees)
      venue.stop(scanner)
      #expect(venue.core.halts.all.isEmpty)
      try venue.checkDeposits()
    }

    /// Before it has a number the row is what the chain says, and a decision about something else
    /// is none.
    @Test func withoutANumberTheRowFollowsTheChain() throws {
      let chain = try TestChain(["--traces"])
      defer { chain.stop() }
      let venue = try Venue(TestDatabase(), chain)
      let (mine, theirs) = (try venue.address(2), try venue.address(3))
      try chain.fund(Self.teller, wei: 1_000_000_000 * Venue.gwei)
      let payer = try chain.deploy(Self.payer)
      try chain.call(
        "dev_send", [["to": "\(payer)", "wei": "90000", "data": Hex.encode(told(7_000, mine))]])
      try chain.mine()
      try chain.call("dev_send", [["to": "\(payer)"]])
      try chain.mine()
      let scanner = try venue.scan { $0.traces = true }
      try venue.settle(scanner)
      _ = try venue.resolve(#require(try venue.deposits(2).first).id, .credit)
      try chain.transact(Self.secret, to: payer, data: told(8_000, theirs))
      try chain.reorganise(depth: 1, blocks: 6)
      try venue.settle(scanner)
      #expect(try venue.deposits(2).isEmpty && venue.balance(2, 1) == 0)
      let row = try #require(try venue.deposits(3).first)
      #expect(row.status == .review && row.amount == 8_000 && row.resolution == nil)
      #expect(row.reason == "paid from inside a call" && row.address == theirs)
      _ = try venue.resolve(row.id, .credit)
      #expect(try eventually { try venue.balance(3, 1) == 8_000 })
      try venue.settle(scanner)
      #expect(try venue.reconcile().agrees)
      venue.stop(scanner)
      #expect(venue.core.halts.all.isEmpty)
      try venue.checkDeposits()
    }
  }
}
