// Recipients and tokens that refuse, lie or burn gas: before a nonce is given, and when it is too
// late.

import Engine
import Ethereum
import Foundation
import Synchronization
import TestServers
import Testing

@testable import CoreFixture
@testable import Custody

extension DatabaseTests {
  @Suite(.serialized) struct PayoutRefusalTests {
    private static let recipient = PayoutScene.recipient(1)

    /// MOODY is listed as BTC, 100 units an atom, and user 2 has 5,000 atoms of it.
    private func run(
      isListed: Bool = true, isFunded: Bool = true,
      sourceLocation: SourceLocation = #_sourceLocation, _ body: (PayoutScene) throws -> Void
    ) throws {
      if !isListed { return try PayoutScene.run(sourceLocation: sourceLocation, body) }
      try PayoutScene.run(bitcoin: "MOODY", sourceLocation: sourceLocation) { scene in
        try scene.chain.mint("MOODY", to: scene.venue.address(2), 500_000)
        if isFunded { try scene.chain.mint("MOODY", to: Venue.hotWallet, 900_000) }
        try scene.chain.mine(10)
        #expect(try eventually { try scene.venue.balance(2, 2) == 5_000 })
        try body(scene)
      }
    }

    private func moody(_ scene: PayoutScene, _ mood: UInt64) throws {
      try scene.chain.setMood(mood)
      try scene.chain.mine()
      try scene.venue.settle(scene.scanner)
    }

    /// Sets the mood once, when the sender is there; it is mined before the payment.
    private func atBoundary(
      _ boundary: PayoutSender.Boundary, _ scene: PayoutScene, _ mood: UInt64, isMined: Bool = false
    ) throws {
      let chain = scene.chain
      let isDone = Mutex(false)
      try scene.pay {
        $0.onBoundary = { met in
          guard met == boundary, !isDone.withLock({ $0 }) else { return }
          isDone.withLock { $0 = true }
          try chain.setMood(mood)
          if isMined { try chain.mine() }
        }
      }
    }

    // MARK: Before the start

    /// It reverts for this recipient, or burns gas: no nonce is given, and the lock is released.
    @Test func aPaymentThatCannotBeIsRejected() throws {
      try run { scene in
        for mood in [UInt64(0), 5] {
          try scene.chain.setUnwelcome(Self.recipient)
          try moody(scene, mood)
          try scene.pay()
          let other = PayoutScene.recipient(2)
          try scene.venue.reach(
            "rejected",
            try scene.venue.withdraw(50, of: 2, to: mood == 0 ? Self.recipient : other))
          #expect(try scene.venue.balance(2, 2) == 5_000 && scene.locked(2) == 0)
        }
        #expect(try scene.count("select count(*) from core.payout_slot") == 0)
      }
    }

    /// A token that is paused, or that has our wallet on its list, refuses whoever is paid: that is
    /// nobody's fault here. What is approved waits and is seen, other assets are paid, and it goes
    /// on by itself.
    @Test(arguments: [UInt64(1), 2]) func aTokenThatRefusesAllHoldsItsOwn(mood: UInt64) throws {
      try run { scene in
        let venue = scene.venue
        try moody(scene, mood)
        try scene.pay()
        let ids = try (1...2).map {
          try venue.withdraw(50, of: 2, to: PayoutScene.recipient($0))
        }
        let coins = try venue.withdraw(50, of: 1, to: PayoutScene.recipient(3))
        try venue.reach("confirmed", coins, mining: true)
        try scene.look()
        #expect(scene.figures.unsigned == ["BTC token_refuses"])
        for id in ids { #expect(try venue.withdrawal(id)?.status == "approved") }
        try moody(scene, 0)
        for id in ids { try venue.reach("confirmed", id, mining: true) }
        #expect(scene.figures.unsigned.isEmpty)
      }
    }

    /// A recipient of coins that is a contract may refuse them too.
    @Test func coinsThatCannotBePaidAreRejected() throws {
      try PayoutScene.run { scene in
        for mood in [UInt64(1), 5] {
          try moody(scene, mood)
          try scene.pay()
          let coins = try scene.venue.withdraw(50, of: 1, to: scene.chain.contract("MOODY"))
          try scene.venue.reach("rejected", coins)
          #expect(try scene.locked(1) == 0)
        }
        // More gas than a block has: a node says so in these words.
        try scene.chain.fault([
          "kind": "error", "method": "eth_estimateGas", "times": 3,
          "error": ["code": -32000, "message": "gas required exceeds allowance (30000000)"],
        ])
        try scene.venue.reach(
          "rejected", try scene.venue.withdraw(50, of: 1, to: Self.recipient))
        #expect(try scene.count("select count(*) from core.payout_slot") == 0)
      }
    }

    /// Without funds a token refuses too: that is the venue's to mend, and no reason to reject.
    @Test func aWalletWithoutTokensRejectsNothing() throws {
      try run(isFunded: false) { scene in
        let venue = scene.venue
        try scene.pay()
        let id = try venue.withdraw(50, of: 2, to: Self.recipient)
        for mood in [UInt64(0), 2] {
          try moody(scene, mood)
          try scene.look()
          #expect(try venue.withdrawal(id)?.status == "approved")
          #expect(scene.figures.unfunded == ["BTC"])
        }
        try moody(scene, 0)
        try scene.chain.mint("MOODY", to: Venue.hotWallet, 900_000)
        try venue.reach("confirmed", id, mining: true)
      }
    }

    /// Addresses to which a payment makes no sense, though the chain would take it.
    @Test func theVenuesOwnAddressesAreNotPaid() throws {
      try PayoutScene.run { scene in
        try scene.pay()
        let addresses = try [
          Venue.hotWallet, scene.venue.address(3), scene.chain.contract("USDC"),
        ]
        for address in addresses {
          try scene.venue.reach(
            "rejected", try scene.venue.withdraw(50, of: 0, to: address))
        }
        #expect(try scene.count("select count(*) from core.payout_slot") == 0)
        #expect(try scene.venue.balance(2, 0) == 1_000_000 && scene.locked(0) == 0)
      }
    }

    // MARK: Too late

    /// Tokens and coins: mined without success, and final, the lock is released.
    @Test(arguments: [AssetID(1), 2]) func aPaymentThatFailsOnTheChainIsReverted(
      asset: AssetID
    ) throws {
      let isCoin = asset == 1
      try run(isListed: !isCoin) { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        let before = try venue.balance(2, asset)
        try atBoundary(.saved, scene, 1)
        let address = isCoin ? try chain.contract("MOODY") : Self.recipient
        let id = try venue.withdraw(50, of: asset, to: address)
        try venue.reach("broadcast", id)
        try chain.mine()
        try venue.reach("mined", id)
        #expect(try scene.locked(asset) == 57)
        try chain.mine(2)
        try venue.reach("reverted", id)
        #expect(try venue.balance(2, asset) == before && scene.locked(asset) == 0)
        // The ledger has it before the sender has closed its slot.
        try scene.wait("told") { scene.figures.reverted == 1 }
      }
    }

    /// It was cheap when it was looked at: the gas that is paid for has its bound all the same.
    @Test func aRecipientCannotBurnTheWalletsGas() throws {
      try PayoutScene.run { scene in
        try atBoundary(.started, scene, 5, isMined: true)
        let id = try scene.venue.withdraw(50, of: 1, to: scene.chain.contract("MOODY"))
        try scene.venue.reach("reverted", id, mining: true)
        // No more than the signer was asked about.
        #expect(try scene.count("select max(gas_limit) from core.payout_slot") < 100_000)
      }
    }

    /// It succeeded and logged nothing: nobody knows but a person, and the lock stays until it says
    /// so.
    @Test func aTokenThatLogsNothingWaitsForAPerson() throws {
      try run { scene in
        var left: Int128 = 5_000
        for (round, (mood, hasMoved)) in [(UInt64(2), false), (3, false), (4, true)].enumerated() {
          try moody(scene, 0)
          try waitForAPerson(scene, UInt64(2 * round), mood, hasMoved)
          if hasMoved { left -= 57 }
          #expect(try scene.venue.balance(2, 2) == left && scene.locked(2) == 0)
        }
      }
    }

    private func waitForAPerson(
      _ scene: PayoutScene, _ nonce: UInt64, _ mood: UInt64, _ hasMoved: Bool
    ) throws {
      let (venue, chain) = (scene.venue, scene.chain)
      let recipient = PayoutScene.recipient(10 + UInt8(nonce))
      try atBoundary(.saved, scene, mood)
      let id = try venue.withdraw(50, of: 2, to: recipient)
      try venue.reach("broadcast", id)
      try chain.mine()
      try venue.reach("mined", id)
      try chain.mine(3)
      try venue.reach("halted", id)
      try scene.wait("counted") { scene.figures.held == 1 }
      #expect(try scene.locked(2) == 57)
      // It is on the chain: it does not hold up the others.
      let next = try venue.withdraw(700, of: 0, to: PayoutScene.recipient(2))
      try venue.reach("confirmed", next, mining: true)
      #expect(try venue.withdrawal(id)?.status == "halted")
      let moved = try venue.tokens("MOODY", recipient)
      #expect(moved == (hasMoved ? UInt256(5_000 as UInt64) : .zero))
      try scene.resolve(nonce, hasMoved ? .paid : .reverted)
      try venue.reach(hasMoved ? "confirmed" : "reverted", id)
    }
  }
}
