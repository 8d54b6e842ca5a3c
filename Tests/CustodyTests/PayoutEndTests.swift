// Ends that are hard to tell: a node that lied, a wallet that was changed or whose key somebody
// else has, and what was booked as reverted and leaves the chain. Locks end once, and by what the
// chain has.

import Engine
import Ethereum
import Foundation
import Synchronization
import Testing

@testable import CoreFixture
@testable import Custody

extension DatabaseTests {
  @Suite(.serialized) struct PayoutEndTests {
    private static let recipient = PayoutScene.recipient(1)
    private static let stranger = PayoutScene.recipient(99)

    // MARK: A node that lied

    /// The scanner read that the payment failed, which no bloom contradicts: before its lock is
    /// released the nodes are asked once more.
    @Test func aLieAboutTheOutcomeReleasesNoLock() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try scene.pay()
        let id = try venue.withdraw(5_000, of: 1, to: Self.recipient)
        try venue.reach("broadcast", id)
        scene.stopScanning()
        try chain.mine()
        let block = try #require(
          try chain.call("eth_getBlockByNumber", ["latest", false]) as? [String: Any])
        let told = try chain.call("eth_getBlockReceipts", [try #require(block["hash"])])
        let receipts = try #require(told as? [[String: Any]]).map { receipt in
          receipt.merging(["status": "0x0"]) { _, lie in lie }
        }
        try chain.fault(["kind": "result", "method": "eth_getBlockReceipts", "result": receipts])
        try scene.scanAgain()
        try chain.mine(4)
        try scene.wait("doubt") { scene.figures.lastError.contains("disagrees about") }
        try scene.look()
        #expect(try venue.withdrawal(id)?.decision == "started" && scene.locked(1) == 5_007)
        // The block is read again where the chain brings it again.
        try chain.reorganise(depth: 5)
        try venue.reach("confirmed", id, mining: true)
        #expect(try venue.wei(Self.recipient) == UInt256(5_000 as UInt64))
      }
    }

    // MARK: Another wallet

    /// The wallet is changed while a payment is out: what was signed is sent and booked all the
    /// same.
    @Test func paymentsOfAnEarlierWalletEnd() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try scene.pay()
        let id = try venue.withdraw(700, of: 0, to: Self.recipient)
        try venue.reach("broadcast", id)
        let sent = try #require(try scene.attempts(0).first).hash
        let successor = TestSigner(secret: [UInt8](repeating: 11, count: 32))
        let wallet = try successor.address()
        try scene.pay(with: successor) { $0.sender = wallet }
        try scene.wait("told") { scene.figures.openOfEarlier == 1 }
        try chain.call("dev_evict", [sent])
        try scene.wait("there again") { try scene.mempool().contains(sent) }
        try chain.mine(3)
        try venue.reach("confirmed", id)
        try scene.wait("closed") { scene.figures.openOfEarlier == 0 }
        #expect(successor.signatures == 0 && scene.figures.halted == nil)
      }
    }

    /// It has its nonce, and no bytes of it are anywhere: nobody will ever sign it.
    @Test func whatAnEarlierWalletNeverSignedIsCancelled() throws {
      try PayoutScene.run { scene in
        let venue = scene.venue
        let isMet = Mutex(false)
        try scene.pay {
          $0.onBoundary = { met in
            guard met == .slotted else { return }
            isMet.withLock { $0 = true }
            throw ChainCallError(description: "killed at \(met)")
          }
        }
        let id = try venue.withdraw(700, of: 0, to: Self.recipient)
        try scene.wait("slotted") { isMet.withLock { $0 } }
        scene.stop()
        let isUnsigned =
          try scene.count(
            "select count(*) from core.payout_slot where asked_kind is null") == 1
        #expect(isUnsigned)
        let successor = TestSigner(secret: [UInt8](repeating: 11, count: 32))
        let wallet = try successor.address()
        try scene.pay(with: successor) { $0.sender = wallet }
        try venue.reach("cancelled", id)
        #expect(try venue.balance(2, 0) == 1_000_000 && scene.locked(0) == 0)
        // The first wallet again: its gap goes to nothing, and what comes after it is paid.
        try scene.wait("closed") { scene.figures.openOfEarlier == 0 }
        try scene.pay()
        let next = try venue.withdraw(900, of: 0, to: PayoutScene.recipient(2))
        try venue.reach("confirmed", next, mining: true)
        #expect(try Set(scene.attempts(0).map(\.kind)) == ["cancellation"])
      }
    }

    // MARK: Somebody else has the key

    /// A payment is mined, then the thief's: nothing more is paid, and what the chain has is
    /// booked.
    @Test func whatIsMinedBeforeAHaltIsBooked() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try scene.pay()
        let id = try venue.withdraw(700, of: 0, to: Self.recipient)
        try venue.reach("broadcast", id)
        try chain.mine()
        try venue.reach("mined", id)
        try chain.transact(Venue.hotSecret, to: Self.stranger, value: .one)
        try chain.mine()
        try scene.wait("halted") { scene.figures.halted?.hasPrefix("foreign") ?? false }
        #expect(try venue.withdrawal(id)?.status == "mined" && scene.locked(0) == 707)
        try chain.mine(2)
        try venue.reach("confirmed", id)
        #expect(try scene.figures.halted != nil && scene.locked(0) == 0)
      }
    }

    /// The thief's transaction has the payment's nonce for ever: a person says that it paid nothing
    /// of it, and of no other transaction.
    @Test func whatAnotherTransactionDisplacedIsResolved() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try scene.pay()
        let id = try venue.withdraw(700, of: 0, to: Self.recipient)
        try venue.reach("broadcast", id)
        // Nothing to judge yet.
        let store = try scene.store()
        #expect(try !store.resolve(Venue.hotWallet, 0, .cancelled))
        let thief = try chain.transact(Venue.hotSecret, to: Self.stranger, nonce: 0, gwei: 90)
        try chain.mine()
        try scene.wait("halted") { scene.figures.halted?.hasPrefix("foreign") ?? false }
        try scene.resolve(0, .cancelled)
        #expect(try scene.locked(0) == 707)
        // It leaves the chain: what was said of it counts for nothing.
        try chain.reorganise(depth: 1, blocks: 1, drop: [thief])
        try venue.settle(scene.scanner)
        try scene.look()
        #expect(try venue.withdrawal(id)?.decision == "started" && scene.locked(0) == 707)
        let again = try chain.transact(Venue.hotSecret, to: Self.stranger, nonce: 0, gwei: 95)
        try chain.mine(4)
        try venue.settle(scene.scanner)
        try scene.look()
        #expect(again != thief)
        #expect(try venue.withdrawal(id)?.decision == "started" && scene.locked(0) == 707)
        try scene.resolve(0, .cancelled)
        try venue.reach("cancelled", id)
        #expect(try venue.balance(2, 0) == 1_000_000 && scene.locked(0) == 0)
        #expect(scene.figures.halted != nil)
      }
    }

    /// What a person may say of ours: only of one that succeeded and logged nothing.
    @Test func whatTheChainTellsNobodyDecides() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        scene.signer.mood = .refusing
        try scene.pay()
        let id = try venue.withdraw(700, of: 0, to: Self.recipient)
        try venue.reach("halted", id)
        let store = try scene.store()
        for outcome in [PayoutOutcome.paid, .reverted, .cancelled] {
          #expect(try !store.resolve(Venue.hotWallet, 0, outcome))
        }
        scene.signer.mood = .willing
        try scene.resume()
        try venue.reach("broadcast", id)
        try chain.mine()
        try venue.reach("mined", id)
        for outcome in [PayoutOutcome.paid, .reverted, .cancelled] {
          #expect(try !store.resolve(Venue.hotWallet, 0, outcome))
        }
        try venue.reach("confirmed", id, mining: true)
      }
    }

    // MARK: Reverted, and off the chain

    /// Its lock is gone: on the new branch its bytes would pay, so its nonce goes to nothing.
    @Test func whatRevertedAndLeftIsNotPaid() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        let moody = try chain.contract("MOODY")
        let isDone = Mutex(false)
        try scene.pay {
          $0.rules.bumpAfterBlocks = 10_000
          $0.onBoundary = { met in
            guard met == .saved, !isDone.withLock({ $0 }) else { return }
            isDone.withLock { $0 = true }
            try chain.setMood(1)
          }
        }
        let before = try venue.balance(2, 1)
        let id = try venue.withdraw(50, of: 1, to: moody)
        try venue.reach("broadcast", id)
        let payment = try #require(try scene.attempts(0).first).hash
        try chain.mine(3)
        try venue.reach("reverted", id)
        try scene.wait("closed") { scene.figures.reverted == 1 }
        #expect(try venue.balance(2, 1) == before && scene.locked(1) == 0)
        let held = try venue.wei(moody)
        // On the other branch the contract would take it.
        try chain.reorganise(depth: 4, drop: [payment])
        try chain.setMood(0)
        try chain.mine()
        try scene.wait("to nothing") {
          try chain.mine()
          return try scene.count(
            "select count(*) from core.payout_slot where outcome = 'cancelled'") == 1
        }
        #expect(try venue.wei(moody) == held && venue.balance(2, 1) == before)
        #expect(try venue.withdrawal(id)?.decision == "reverted" && scene.figures.halted == nil)
        let next = try venue.withdraw(900, of: 0, to: PayoutScene.recipient(2))
        try venue.reach("confirmed", next, mining: true)
      }
    }
  }
}
