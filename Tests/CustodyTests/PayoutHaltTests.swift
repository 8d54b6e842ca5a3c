// When the sender stops, waits or goes short: other users of the key, other chains, nodes behind,
// no funds.

import Embedded
import Engine
import Ethereum
import Foundation
import TestServers
import Testing

@testable import CoreFixture
@testable import Custody

extension DatabaseTests {
  @Suite(.serialized) struct PayoutHaltTests {
    private static let recipient = PayoutScene.recipient(1)
    private static let stranger = PayoutScene.recipient(200)

    private func expectHalt(
      _ scene: PayoutScene, _ code: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
      try scene.wait("halted", sourceLocation: sourceLocation) {
        scene.figures.halted?.hasPrefix(code) ?? false
      }
      try scene.look()
    }

    // MARK: Somebody else has the key

    @Test func aForeignTransactionHalts() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try scene.pay()
        try scene.look()
        try chain.transact(Venue.hotSecret, to: Self.stranger, value: .one)
        try chain.mine()
        try expectHalt(scene, "foreign_transaction")
        let id = try venue.withdraw(700, of: 0, to: Self.recipient)
        try chain.mine(4)
        try scene.look()
        #expect(try venue.withdrawal(id)?.status == "approved" && scene.signer.signatures == 0)
        // Nor by a restart, nor where an operator says so while the cause is there.
        try scene.pay()
        try expectHalt(scene, "foreign_transaction")
        try scene.resume()
        try expectHalt(scene, "nonce_behind")
      }
    }

    /// In place of a payment that is out: its lock stays.
    @Test func aForeignTransactionInAPaymentsPlaceHalts() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try scene.pay()
        let id = try venue.withdraw(700, of: 0, to: Self.recipient)
        try venue.reach("broadcast", id)
        scene.stop()
        try chain.transact(Venue.hotSecret, to: Self.stranger, nonce: 0, gwei: 80)
        try chain.mine(4)
        try venue.settle(scene.scanner)
        try scene.pay()
        try expectHalt(scene, "foreign_transaction")
        #expect(try venue.withdrawal(id)?.decision == "started" && scene.locked(0) == 707)
      }
    }

    /// Not mined yet, ours may still win: it offers more.
    @Test func aForeignTransactionThatWaitsIsOutbid() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try chain.transact(Venue.hotSecret, to: Self.stranger, nonce: 0, gwei: 20, tip: 2)
        try scene.pay()
        let id = try venue.withdraw(700, of: 0, to: Self.recipient)
        try scene.wait("outbid") { try scene.attempts(0).last?.answer == "accepted" }
        try chain.mine(3)
        try venue.reach("confirmed", id)
        #expect(scene.figures.halted == nil)
      }
    }

    /// A key that was used before the venue had it: by its first nonce, or not at all.
    @Test(arguments: [UInt64(0), 1]) func anAccountThatWasUsedBefore(firstNonce: UInt64) throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try chain.transact(Venue.hotSecret, to: Self.stranger, nonce: 0)
        try chain.mine()
        try venue.settle(scene.scanner)
        try scene.pay {
          $0.firstNonce = firstNonce
          // However fast blocks come.
          $0.rules.bumpAfterBlocks = 10_000
        }
        let id = try venue.withdraw(700, of: 0, to: Self.recipient)
        if firstNonce == 0 {
          try expectHalt(scene, "nonce_behind")
          #expect(try venue.withdrawal(id)?.status == "approved")
        } else {
          try venue.reach("confirmed", id, mining: true)
          #expect(try scene.attempts(1).count == 1)
        }
      }
    }

    /// A database that was restored has scanned less than the chain has: what it forgot lies behind
    /// its last block, and only the chain's end tells.
    @Test func whatARestoredDatabaseForgotHaltsBeforeItIsScanned() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        let id = try venue.withdraw(700, of: 0, to: Self.recipient)
        try venue.settle(scene.scanner)
        scene.stopScanning()
        let scanned = try venue.database.number("select max(height) from public.scanned_blocks")
        try chain.transact(Venue.hotSecret, to: Self.stranger, nonce: 0)
        try chain.mine()
        try scene.pay()
        try scene.wait("halted") { scene.figures.halted?.hasPrefix("nonce_behind") ?? false }
        #expect(
          try venue.database.number("select max(height) from public.scanned_blocks") == scanned)
        #expect(try venue.withdrawal(id)?.status == "approved" && scene.signer.signatures == 0)
        try scene.scanAgain()
      }
    }

    // MARK: A database that somebody changed

    @Test func aRowThatCannotBeHaltsUntilAnOperatorHasLooked() throws {
      try PayoutScene.run { scene in
        let venue = scene.venue
        // However fast blocks come.
        try scene.pay { $0.rules.bumpAfterBlocks = 10_000 }
        let id = try venue.withdraw(700, of: 0, to: Self.recipient)
        try venue.reach("broadcast", id)
        try venue.database.forge(
          "update core.payout_slot set destination = destination || '\\x00'::bytea")
        try expectHalt(scene, "impossible_row: payout_slot")
        try venue.database.forge(
          "update core.payout_slot set destination = substring(destination for 20)")
        try scene.resume()
        try venue.reach("confirmed", id, mining: true)
      }
    }

    // MARK: Another chain

    @Test func anotherChainHaltsUntilAnOperatorHasLooked() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try chain.call("dev_claim", [["chain_id": 5]])
        try scene.pay()
        let id = try venue.withdraw(700, of: 0, to: Self.recipient)
        try expectHalt(scene, "wrong_chain")
        try scene.pay()
        try expectHalt(scene, "wrong_chain")
        try chain.call("dev_claim", [[:]])
        try scene.look()
        #expect(scene.figures.halted != nil && scene.signer.signatures == 0)
        try scene.resume()
        try venue.reach("confirmed", id, mining: true)
      }
    }

    @Test func anAnswerOfAnotherChainHalts() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try chain.fault([
          "kind": "error", "method": "eth_sendRawTransaction",
          "error": ["code": -32000, "message": "invalid chain id for signer: have 1 want 2"],
        ])
        // However fast blocks come.
        try scene.pay { $0.rules.bumpAfterBlocks = 10_000 }
        let id = try venue.withdraw(700, of: 0, to: Self.recipient)
        try expectHalt(scene, "wrong_chain")
        #expect(try scene.mempool().isEmpty && scene.locked(0) == 707)
        try scene.resume()
        try venue.reach("confirmed", id, mining: true)
        #expect(scene.signer.signatures == 1)
      }
    }

    // MARK: Nodes

    /// By its count the chain has used the nonce, by its blocks it has not: a person must look.
    @Test func aNonceThatIsUsedWithoutATransactionHalts() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try scene.pay()
        let id = try venue.withdraw(700, of: 0, to: Self.recipient)
        try venue.reach("broadcast", id)
        try chain.fault(["kind": "result", "method": "eth_getTransactionCount", "result": "0x1"])
        try expectHalt(scene, "nonce_without_receipt")
        #expect(try venue.withdrawal(id)?.decision == "started" && scene.locked(0) == 707)
        try scene.resume()
        try venue.reach("confirmed", id, mining: true)
      }
    }

    @Test func aNodeThatIsBehindIsWaitedFor() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try scene.pay()
        let first = try venue.withdraw(700, of: 0, to: Self.recipient)
        try venue.reach("broadcast", first)
        try chain.mine()
        try venue.reach("mined", first)
        try chain.options(["head_lag": 2])
        let second = try venue.withdraw(900, of: 0, to: PayoutScene.recipient(2))
        try scene.wait("waits") { scene.figures.state == "retrying" }
        #expect(scene.figures.halted == nil)
        try chain.options(["head_lag": 0])
        try venue.reach("confirmed", first, mining: true)
        try venue.reach("confirmed", second, mining: true)
      }
    }

    /// Final by the first node, and the second one has it in no block, or in another: the lock
    /// stays.
    @Test func theLockEndsWhenAllNodesAgree() throws {
      let state = "/tmp/uncross-nodes-\(getpid())-\(UInt32.random(in: .min ... .max))"
      defer { for end in ["a", "b"] { try? FileManager.default.removeItem(atPath: state + end) } }
      try PayoutScene.run(["--state", state + "a"]) { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        // A node that has seen the same so far.
        try FileManager.default.copyItem(atPath: state + "a", toPath: state + "b")
        let other = try TestChain(["--state", state + "b"])
        defer { other.stop() }
        #expect(try chain.height() == other.height())
        try scene.pay(nodes: [other.ready.url])
        let id = try venue.withdraw(700, of: 0, to: Self.recipient)
        try venue.reach("broadcast", id)
        try scene.wait("both have it") {
          try (other.call("dev_mempool") as? [String])?.count == 1
        }
        try chain.mine(4)
        try venue.reach("mined", id)
        try scene.wait("waits") { scene.figures.lastError.contains("disagrees about") }
        try scene.look()
        #expect(try venue.withdrawal(id)?.status == "mined" && scene.locked(0) == 707)
        // The same blocks come: the chain makes them from the same bytes.
        try other.mine(4)
        try venue.reach("confirmed", id)
      }
    }

    // MARK: Funds

    /// User 2 has more ether in its balance than the wallet that pays has on the chain.
    private func enrich(_ scene: PayoutScene) throws {
      let ether = 5 * 1_000_000_000 * Venue.gwei
      try scene.chain.fund(scene.venue.address(2), wei: ether)
      try scene.chain.mine(3)
      #expect(try eventually { try scene.venue.balance(2, 1) > ether })
    }

    /// Ether is missing, tokens are not: the ones behind are paid, the first one when it is there.
    @Test func whatTheWalletCannotPayIsNotStarted() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try enrich(scene)
        try scene.pay { $0.openSlots = 1 }
        let large = try venue.withdraw(3 * 1_000_000_000 * Venue.gwei, of: 1, to: Self.recipient)
        try scene.wait("alarm") { scene.figures.unfunded == ["ETH"] }
        let token = try venue.withdraw(700, of: 0, to: Self.recipient)
        try venue.reach("confirmed", token, mining: true)
        #expect(try venue.withdrawal(large)?.status == "approved")
        #expect(scene.figures.unfunded == ["ETH"])
        try chain.fund(Venue.hotWallet, wei: 2 * 1_000_000_000 * Venue.gwei)
        try venue.reach("confirmed", large, mining: true)
        try scene.wait("no alarm") { scene.figures.unfunded.isEmpty }
      }
    }

    /// The fees rose after the start: the nonce stays its own, nothing more is started, and
    /// somebody is told.
    @Test func withoutFundsAfterTheStartTheSlotStays() throws {
      try PayoutScene.run { try runShort($0) }
    }

    private func runShort(_ scene: PayoutScene) throws {
      let (venue, chain) = (scene.venue, scene.chain)
      try enrich(scene)
      scene.signer.mood = .silent
      try scene.pay()
      // All but 0.0003 ETH: enough for the gas of now, too little for that of 40 gwei.
      let large = try venue.withdraw(1_999_700_000 * Venue.gwei, of: 1, to: Self.recipient)
      try venue.reach("slotted", large)
      try chain.setBaseFee(gwei: 40)
      try chain.mine()
      // A look that is under way would sign with the fees of before.
      try scene.look()
      scene.signer.mood = .willing
      try scene.wait("short") { try scene.attempts(0).last?.answer == "insufficient_funds" }
      let token = try venue.withdraw(700, of: 0, to: PayoutScene.recipient(2))
      try scene.wait("alarm") { scene.figures.unfunded == ["ETH"] }
      try scene.look()
      let (first, second) = (try venue.withdrawal(large), try venue.withdrawal(token))
      #expect(first?.decision == "started" && second?.status == "approved")
      #expect(scene.figures.halted == nil)
      try chain.fund(Venue.hotWallet, wei: 1_000_000_000 * Venue.gwei)
      try venue.reach("confirmed", large, mining: true)
      try venue.reach("confirmed", token, mining: true)
    }

    /// Two that it could pay one by one, and not both.
    @Test func whatOpenPaymentsWillTakeIsNotSpentTwice() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try chain.mint("USDC", to: venue.address(2), 4_000_000)
        try chain.mine(3)
        #expect(try eventually { try venue.balance(2, 0) == 5_000_000 })
        scene.signer.mood = .silent
        try scene.pay()
        let first = try venue.withdraw(2_000_000, of: 0, to: Self.recipient)
        try venue.reach("slotted", first)
        let second = try venue.withdraw(2_000_000, of: 0, to: PayoutScene.recipient(2))
        scene.signer.mood = .willing
        try scene.wait("alarm") { scene.figures.unfunded == ["USDC"] }
        try venue.reach("confirmed", first, mining: true)
        #expect(try venue.withdrawal(second)?.status == "approved")
        try chain.mint("USDC", to: Venue.hotWallet, 1_000_000)
        try venue.reach("confirmed", second, mining: true)
      }
    }
  }
}
