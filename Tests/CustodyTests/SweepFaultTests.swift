// Sweeps and gas against what goes wrong around them: another wallet, a full lane, a signer that
// refuses, a chain that takes back what was final.

import Engine
import Ethereum
import Formats
import Foundation
import Postgres
import Synchronization
import Testing

@testable import CoreFixture
@testable import Custody

extension DatabaseTests {
  @Suite(.serialized) struct SweepFaultTests {
    private static let otherWallet = PayoutScene.recipient(8)

    /// Users 3 and on have tokens, and no coins to move them with.
    private func makePoor(_ scene: PayoutScene, _ users: ClosedRange<UserID>) throws -> [Address] {
      let poor = try users.map { try scene.venue.address($0) }
      for address in poor { try scene.chain.mint("USDC", to: address, 500) }
      try scene.chain.mine(4)
      try scene.venue.settle(scene.scanner)
      return poor
    }

    /// The wallet was given up for a new one: what was signed into it stays away from it.
    @Test func aSweepIntoAWalletThatWasGivenUpIsNotSent() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try scene.pay()
        let store = try scene.store()
        try scene.wait("there") { try store.account(Venue.hotWallet) != nil }
        _ = try store.halt(Venue.hotWallet, "somebody else has the key")
        _ = try scene.submit(scene.sign(scene.plan("ETH")))
        try scene.pay { $0.sender = Self.otherWallet }
        try scene.wait("seen") { scene.figures.openSweeps == 1 }
        try scene.look()
        #expect(try scene.mempool().isEmpty)
        #expect(try scene.outcome(of: venue.address(2), 0) == nil)
        // Planned again it goes to the new one, with the same nonce.
        try chain.mine(3)
        try venue.settle(scene.scanner)
        let item = try #require(try scene.plan("ETH").items.first)
        #expect(
          item.transaction.nonce == 0 && item.transaction.destination == Self.otherWallet)
      }
    }

    /// Gas that a wallet of before will never send keeps no address from getting some.
    @Test func gasOfAWalletThatWasGivenUpIsAskedForAgain() throws {
      try PayoutScene.run { scene in
        try scene.pay { $0.rules.bumpAfterBlocks = 10_000 }
        let poor = try makePoor(scene, 3...3)
        #expect(try scene.topUp(scene.plan("USDC").needs) == poor)
        try scene.wait("out") { try scene.mempool().count == 1 }
        try scene.pay { $0.sender = Self.otherWallet }
        let needs = try scene.plan("USDC").needs
        #expect(needs.map(\.isToppedUp) == [false])
        #expect(try scene.topUp(needs) == poor)
      }
    }

    /// However many addresses lack gas, a withdrawal finds a place.
    @Test func gasLeavesRoomForWithdrawals() throws {
      try PayoutScene.run { scene in
        try scene.pay {
          $0.rules.bumpAfterBlocks = 10_000
          $0.openSlots = 2
        }
        let poor = try makePoor(scene, 3...4)
        #expect(try scene.topUp(scene.plan("USDC").needs).count == 2)
        try scene.wait("out") { try !scene.mempool().isEmpty }
        try scene.look()
        let id = try scene.venue.withdraw(700, of: 0, to: PayoutScene.recipient(1))
        try scene.venue.reach("broadcast", id)
        try scene.venue.reach("confirmed", id, mining: true)
        try scene.wait("all have it") {
          try scene.chain.mine()
          return try poor.allSatisfy { try scene.venue.wei($0) > .zero }
        }
      }
    }

    /// A top-up is nobody's money: one that the signer refuses gives its nonce up, and what is
    /// behind goes on.
    @Test func gasThatTheSignerRefusesHoldsUpNobody() throws {
      try PayoutScene.run { scene in
        try scene.pay { $0.rules.bumpAfterBlocks = 10_000 }
        let poor = try makePoor(scene, 3...3)
        scene.signer.mood = .refusingTo(poor[0])
        #expect(try scene.topUp(scene.plan("USDC").needs) == poor)
        try scene.wait("refused") {
          try scene.count("select count(*) from core.payout_slot where hold is not null") == 1
        }
        let id = try scene.venue.withdraw(700, of: 0, to: PayoutScene.recipient(1))
        try scene.venue.reach("confirmed", id, mining: true)
        #expect(try scene.outcome(of: Venue.hotWallet, 0) == "cancelled")
        #expect(try scene.venue.wei(poor[0]) == .zero)
        // Asked for again, it may come.
        scene.signer.mood = .willing
        try scene.venue.settle(scene.scanner)
        #expect(try scene.topUp(scene.plan("USDC").needs) == poor)
        try scene.wait("there") {
          try scene.chain.mine()
          return try scene.venue.wei(poor[0]) > .zero
        }
      }
    }

    /// What a withdrawal of coins waits for is not spent on gas.
    @Test func gasWaitsForWithdrawalsThatLackCoins() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try scene.pay { $0.rules.bumpAfterBlocks = 10_000 }
        try chain.fund(venue.address(2), wei: 5_000_000_000_000_000_000)
        let poor = try makePoor(scene, 3...3)
        let id = try venue.withdraw(3_000_000_000_000_000_000, of: 1, to: PayoutScene.recipient(1))
        try scene.wait("unfunded") { scene.figures.unfunded == ["ETH"] }
        #expect(try scene.topUp(scene.plan("USDC").needs) == poor)
        try scene.look()
        #expect(try scene.count("select count(*) from core.payout_slot") == 0)
        try chain.fund(Venue.hotWallet, wei: 2_000_000_000_000_000_000)
        try venue.reach("confirmed", id, mining: true)
        try scene.wait("there") {
          try chain.mine()
          return try venue.wei(poor[0]) > .zero
        }
      }
    }

    /// Final by the depth, and taken back all the same: its nonce is free again, and is not lost.
    @Test func aSweepThatWasFinalAndLeftCanBeSubmittedAgain() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try scene.pay()
        let address = try venue.address(2)
        let signed = try scene.sign(scene.plan("ETH"))
        _ = try scene.submit(signed)
        let hash = "\(signed[0].hash)"
        try scene.wait("out") { try scene.mempool() == [hash] }
        try chain.mine(3)
        try scene.wait("final") { try scene.outcome(of: address, 0) == "paid" }
        try chain.reorganise(depth: 3, drop: [hash])
        try venue.settle(scene.scanner)
        let plan = try scene.plan("ETH")
        #expect(plan.items.map(\.transaction.nonce) == [0])
        let again = try scene.sign(plan)
        #expect(try scene.submit(again) == [.success(again[0].hash)])
        try scene.wait("out again") { try !scene.mempool().isEmpty }
        try scene.wait("final again") {
          try chain.mine()
          return try scene.outcome(of: address, 0) == "paid"
        }
        #expect(try venue.wei(address) < UInt256(10_000_000_000_000_000 as UInt64))
      }
    }

    /// Signed elsewhere for a later nonce: the one that the chain waits for is planned.
    @Test func aGapIsPlannedFirst() throws {
      try PayoutScene.run { scene in
        try scene.pay { $0.rules.bumpAfterBlocks = 0 }
        let (venue, chain) = (scene.venue, scene.chain)
        let address = try venue.address(2)
        let item = try #require(try scene.plan("ETH").items.first)
        let later = try Transaction1559(
          chainID: 31337, nonce: 1, fees: item.transaction.fees, gasLimit: 21_000,
          destination: Venue.hotWallet, value: UInt256(1_000 as UInt64))
        let raw = try SweepTests.sign(later, as: 2).raw
        #expect(try scene.submit(raw: [raw]).allSatisfy { (try? $0.get()) != nil })
        let plan = try scene.plan("ETH")
        #expect(plan.items.map(\.transaction.nonce) == [0])
        _ = try scene.submit(scene.sign(plan))
        try scene.wait("out") { try scene.mempool().count == 2 }
        try chain.fund(address, wei: 500_000_000_000_000_000)
        try chain.mine()
        try venue.settle(scene.scanner)
        // Mined, and not final: a signature of these nonces would be for nothing.
        #expect(try scene.plan("ETH").items.isEmpty)
        try chain.mine(2)
        try scene.wait("final") { try scene.outcome(of: address, 1) == "paid" }
      }
    }

    /// Anybody can send dust to any address; nobody pays gas for it.
    @Test func dustIsNotSwept() throws {
      try PayoutScene.run { scene in
        try scene.pay()
        try scene.chain.mint("USDC", to: scene.venue.address(3), 9)
        try scene.chain.mine(4)
        try scene.venue.settle(scene.scanner)
        let plan = try scene.plan("USDC")
        #expect(plan.items.map(\.user) == [2] && plan.needs.isEmpty)
      }
    }

    /// Only payments wait for the signer.
    @Test func aSweepNeedsNoSigner() throws {
      try PayoutScene.run { scene in
        try scene.pay()
        scene.signer.mood = .silent
        let id = try scene.venue.withdraw(700, of: 0, to: PayoutScene.recipient(1))
        try scene.wait("waits") { scene.figures.lastError.contains("signer is away") }
        let signed = try scene.sign(scene.plan("ETH"))
        _ = try scene.submit(signed)
        try scene.wait("out") { try scene.mempool() == ["\(signed[0].hash)"] }
        scene.signer.mood = .willing
        try scene.venue.reach("confirmed", id, mining: true)
      }
    }

    /// A node's number is no reason to stop the process.
    @Test func anEstimateBeyondAllGasIsNotBelieved() throws {
      try PayoutScene.run { scene in
        try scene.pay()
        for gas in ["0xffffffffffffffff", "0x10000000001"] {
          try scene.chain.fault(["kind": "result", "method": "eth_estimateGas", "result": gas])
          #expect(throws: CustodyDesk.Failure.self) { try scene.plan("USDC") }
        }
        #expect(try scene.plan("USDC").items.map(\.user) == [2])
      }
    }

    /// Between two addresses of ours nothing is paid in, whoever moved it.
    @Test func whatADepositAddressPaysToAnotherIsNoDeposit() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        scene.stopScanning()
        try scene.scanAgain { $0.surplusSeconds = 0.05 }
        let (from, to) = (try venue.address(2), try venue.address(3))
        let fees = try #require(
          GasFees(
            maximum: UInt256(50_000_000_000 as UInt64), priority: UInt256(1_000_000_000 as UInt64)))
        let coins = try Transaction1559(
          chainID: 31337, nonce: 0, fees: fees, gasLimit: 21_000, destination: to,
          value: UInt256(70_000_000 as UInt64))
        let tokens = try Transaction1559(
          chainID: 31337, nonce: 1, fees: fees, gasLimit: 100_000,
          destination: chain.contract("USDC"), value: .zero,
          data: ERC20.transferCall(to: to, amount: UInt256(300 as UInt64)))
        for transaction in [coins, tokens] {
          let raw = try SweepTests.sign(transaction, as: 2).raw
          try chain.call("eth_sendRawTransaction", [Hex.encode(raw)])
        }
        try chain.mine(4)
        try venue.settle(scene.scanner)
        #expect(try venue.wei(to) > .zero && venue.wei(from) > .zero)
        for _ in 0..<14 {
          try chain.mine()
          try venue.settle(scene.scanner)
        }
        #expect(try venue.deposits(3).isEmpty)
        #expect(try venue.balance(3, 0) == 0 && venue.balance(3, 1) == 0)
      }
    }

    /// A node without the state of the last final block says nothing of surpluses, and the rest
    /// goes on.
    @Test func aNodeWithoutOldStateHoldsUpNothing() throws {
      try PayoutScene.run { scene in
        scene.stopScanning()
        try scene.chain.fault(["kind": "error", "method": "eth_getBalance", "times": 100_000])
        try scene.scanAgain()
        for _ in 0..<12 {
          try scene.chain.mine()
          try scene.venue.settle(scene.scanner)
        }
        #expect(scene.scanner.currentFigures().nodeErrors <= 2)
        #expect(scene.scanner.currentFigures().isFollowing)
        try scene.chain.call("dev_clearFaults")
      }
    }

    /// Two answers of the signer were lost and it refused since: the first may be signed all the
    /// same.
    @Test func anEarlierAnswerThatWasLostIsNotForgotten() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        func price(_ gwei: Int) throws {
          try chain.setBaseFee(gwei: gwei)
          try chain.mine()
          try venue.settle(scene.scanner)
        }
        func kill(at boundary: PayoutSender.Boundary) throws {
          let isMet = Mutex(false)
          try scene.pay {
            $0.retryMilliseconds = 60_000
            $0.onBoundary = { met in
              guard met == boundary else { return }
              isMet.withLock { $0 = true }
              throw ChainCallError(description: "killed at \(boundary)")
            }
          }
          try scene.wait("\(boundary)") { isMet.withLock { $0 } }
          scene.stop()
        }
        try price(10)
        let id = try venue.withdraw(700, of: 0, to: PayoutScene.recipient(1))
        try kill(at: .signed)
        try price(14)
        try kill(at: .asked)
        scene.signer.mood = .refusing
        try scene.pay()
        try scene.wait("held") { scene.figures.held == 1 }
        try price(9)
        scene.signer.mood = .willing
        try scene.resume()
        try venue.reach("confirmed", id, mining: true)
      }
    }
  }
}
