// What the signer says before a withdrawal is started: it holds up nobody, and no nonce is taken
// for it.

import Engine
import Ethereum
import Foundation
import TestServers
import Testing

@testable import CoreFixture
@testable import Custody

extension DatabaseTests {
  @Suite(.serialized) struct PayoutSignerTests {
    private static let recipient = PayoutScene.recipient(1)

    /// Withdrawals wait; their users may cancel, and what comes in is credited.
    @Test func aSignerThatIsAwayHoldsUpNothingElse() throws {
      try PayoutScene.run { scene in
        let venue = scene.venue
        scene.signer.mood = .away
        try scene.pay()
        let first = try venue.withdraw(700, of: 0, to: Self.recipient)
        let second = try venue.withdraw(900, of: 0, to: PayoutScene.recipient(2))
        try scene.wait("told") { scene.figures.isSignerAway }
        #expect(try venue.withdrawal(first)?.status == "approved")
        try venue.apply([.withdrawal(.cancel(user: 2, id: first))])
        try scene.chain.mint("USDC", to: venue.address(3), 50)
        try scene.chain.mine(3)
        #expect(try eventually { try venue.balance(3, 0) == 50 })
        #expect(try scene.count("select count(*) from core.payout_slot") == 0)
        scene.signer.mood = .willing
        try venue.reach("confirmed", second, mining: true)
        try scene.wait("no alarm") { !scene.figures.isSignerAway && scene.figures.lastError == "" }
        #expect(try venue.withdrawal(first)?.status == "cancelled")
      }
    }

    /// Its day is full: the asset waits, with its users free to cancel, and goes on by itself.
    @Test(arguments: [
      "over_day_limit", "gas_cost_over_day_limit", "nonce_used", "asset_not_listed",
    ])
    func whatItWouldNotSignNowWaits(code: String) throws {
      try PayoutScene.run { scene in
        let venue = scene.venue
        scene.signer.mood = .forbidding(code)
        try scene.pay()
        let id = try venue.withdraw(700, of: 0, to: Self.recipient)
        try scene.wait("alarm") { scene.figures.unsigned == ["USDC \(code)"] }
        try scene.look()
        #expect(try venue.withdrawal(id)?.status == "approved" && scene.figures.held == 0)
        #expect(try scene.count("select count(*) from core.payout_slot") == 0)
        scene.signer.mood = .willing
        try venue.reach("confirmed", id, mining: true)
        try scene.wait("no alarm") { scene.figures.unsigned.isEmpty }
      }
    }

    /// Several are approved at once, and the day has room for some: the others take no nonce.
    @Test func aDayThatRunsFullHoldsNothing() throws {
      try PayoutScene.run { scene in
        let venue = scene.venue
        scene.signer.mood = .limited(2)
        let ids = try (1...5).map {
          try venue.withdraw(Int128(100 * $0), of: 0, to: PayoutScene.recipient(UInt8($0)))
        }
        try scene.pay()
        for id in ids.prefix(2) { try venue.reach("confirmed", id, mining: true) }
        try scene.wait("alarm") { scene.figures.unsigned == ["USDC over_day_limit"] }
        for id in ids.dropFirst(2) { #expect(try venue.withdrawal(id)?.status == "approved") }
        #expect(try scene.count("select count(*) from core.payout_slot") == 2)
        #expect(scene.figures.held == 0)
        scene.signer.mood = .willing
        for id in ids { try venue.reach("confirmed", id, mining: true) }
      }
    }

    /// What can never be signed is rejected, and all others are paid.
    @Test(arguments: [
      "over_transaction_limit", "not_on_allow_list", "bad_recipient", "gas_too_high",
    ])
    func whatItNeverSignsIsRejected(code: String) throws {
      try PayoutScene.run { scene in
        let venue = scene.venue
        scene.signer.mood = .forbidding(code)
        try scene.pay()
        let id = try venue.withdraw(700, of: 0, to: Self.recipient)
        try venue.reach("rejected", id)
        #expect(try scene.locked(0) == 0 && venue.balance(2, 0) == 1_000_000)
        scene.signer.mood = .willing
        let next = try venue.withdraw(900, of: 0, to: PayoutScene.recipient(2))
        try venue.reach("confirmed", next, mining: true)
        #expect(try scene.count("select count(*) from core.payout_slot") == 1)
      }
    }

    /// It holds another key, or is no signer: a person must look, and no lock ends.
    @Test func aWrongSignerHalts() throws {
      try PayoutScene.run { scene in
        scene.signer.mood = .wrong
        try scene.pay()
        let id = try scene.venue.withdraw(700, of: 0, to: Self.recipient)
        try scene.wait("halted") {
          scene.figures.halted == "refused: the signer: another wallet"
        }
        #expect(try scene.venue.withdrawal(id)?.status == "approved")
        scene.signer.mood = .willing
        try scene.resume()
        try scene.venue.reach("confirmed", id, mining: true)
      }
    }
  }
}
