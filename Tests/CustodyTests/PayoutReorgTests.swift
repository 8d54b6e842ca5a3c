// Reorganisations under payments, and cancellations that race them: one of both is mined, and it
// counts.

import Engine
import Ethereum
import Formats
import Foundation
import Synchronization
import Testing

@testable import CoreFixture
@testable import Custody

extension DatabaseTests {
  @Suite(.serialized) struct PayoutReorgTests {
    private static let recipient = PayoutScene.recipient(1)

    /// A payment that is mined in the chain's last block; its id and hash.
    private func mined(_ scene: PayoutScene) throws -> (id: Int64, hash: String) {
      let id = try scene.venue.withdraw(700, of: 0, to: Self.recipient)
      try scene.venue.reach("broadcast", id)
      try scene.chain.mine()
      try scene.venue.reach("mined", id)
      return (id, try #require(try scene.attempts(0).last?.hash))
    }

    // MARK: Reorganisations

    @Test func whatAReorganisationDropsIsBroadcastAgain() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try scene.pay()
        let (id, hash) = try mined(scene)
        for depth in 1...2 {
          if depth == 2 { try chain.mine(2) }
          try venue.settle(scene.scanner)
          // The sender is away, so that nobody brings the transaction back before it is seen to be
          // gone.
          scene.stop()
          try chain.reorganise(depth: depth, drop: [hash])
          try venue.settle(scene.scanner)
          try scene.pay {
            ($0.rules.resendAfter, $0.rules.bumpAfterBlocks) = (3_600_000_000, 100)
          }
          try venue.reach("broadcast", id)
          #expect(try venue.withdrawal(id)?.height == nil && scene.locked(0) == 707)
          try scene.pay { $0.rules.bumpAfterBlocks = 100 }
          try scene.wait("there again") { try scene.mempool().contains(hash) }
        }
        try chain.mine(3)
        try venue.reach("confirmed", id)
        #expect(scene.signer.signatures == 1)
      }
    }

    @Test func whatIsMinedAgainElsewhereIsOnePayment() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try scene.pay()
        let (id, hash) = try mined(scene)
        let before = try #require(try venue.withdrawal(id))
        try chain.call("dev_hold", [hash])
        try chain.reorganise(depth: 1, blocks: 1)
        try chain.mine()
        try chain.call("dev_hold", [hash, false])
        try chain.mine()
        try scene.wait("elsewhere") {
          let row = try venue.withdrawal(id)
          return row?.status == "mined" && row?.height == (before.height ?? 0) + 2
        }
        try chain.mine(2)
        try venue.reach("confirmed", id)
        #expect(scene.signer.signatures == 1)
      }
    }

    /// The first attempt is mined, leaves, and the replacement is mined instead: one payment.
    @Test func anotherAttemptIsMinedAfterAReorganisation() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try scene.pay()
        let id = try venue.withdraw(700, of: 0, to: Self.recipient)
        try venue.reach("broadcast", id)
        try chain.setBaseFee(gwei: 30)
        for _ in 0..<3 {
          try chain.mine()
          try scene.look()
        }
        try scene.wait("replaced") { try scene.attempts(0).count == 2 }
        scene.stop()
        // The node has the first one again, and mines it.
        let (first, second) = (try scene.attempts(0)[0], try scene.attempts(0)[1])
        try chain.call("dev_evict", [second.hash])
        try chain.call("eth_sendRawTransaction", [Hex.encode(try scene.raw(first.hash))])
        try chain.setBaseFee(gwei: 1)
        try chain.mine()
        try venue.settle(scene.scanner)
        try scene.pay()
        try venue.reach("mined", id)
        #expect(try venue.withdrawal(id)?.transaction.map(Hex.encode) == first.hash)
        try chain.reorganise(depth: 1, drop: [first.hash])
        try scene.wait("the second") { try scene.mempool().contains(second.hash) }
        try chain.mine(3)
        try venue.reach("confirmed", id)
        #expect(try venue.withdrawal(id)?.transaction.map(Hex.encode) == second.hash)
      }
    }

    /// The chain moves between two looks of the sender at the database: what it sees is of one
    /// moment.
    @Test func aReorganisationBetweenTwoLooksIsNoHalt() throws {
      try PayoutScene.run { scene in
        let (venue, chain, scanner) = (scene.venue, scene.chain, scene.scanner)
        let drop = Mutex<String?>(nil)
        try scene.pay {
          $0.onLook = {
            guard let hash = drop.withLock({ $0 }) else { return }
            drop.withLock { $0 = nil }
            try chain.reorganise(depth: 1, drop: [hash])
            try venue.settle(scanner)
          }
        }
        let (id, hash) = try mined(scene)
        drop.withLock { $0 = hash }
        try scene.wait("reorganised") { drop.withLock { $0 == nil } }
        try scene.look()
        #expect(scene.figures.halted == nil)
        try venue.reach("confirmed", id, mining: true)
      }
    }

    /// A depth that turned out too small: the nonce is empty again, and all behind it would wait
    /// for ever.
    @Test func aSettledPaymentThatLeftIsBroadcastAgain() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        // However fast blocks come.
        try scene.pay { $0.rules.bumpAfterBlocks = 10_000 }
        let (id, hash) = try mined(scene)
        try chain.mine(2)
        try venue.reach("confirmed", id)
        try chain.reorganise(depth: 4, drop: [hash])
        try scene.wait("there again") { try scene.mempool().contains(hash) }
        #expect(scene.venue.reports.all.contains { $0.contains("left the chain") })
        let next = try venue.withdraw(900, of: 0, to: PayoutScene.recipient(2))
        try venue.reach("confirmed", next, mining: true)
        #expect(scene.signer.signatures == 2 && scene.figures.halted == nil)
      }
    }

    /// The cancellation is mined in place of a payment that was booked: never again without a
    /// person.
    @Test func anotherEndThanWasBookedHalts() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try scene.pay { $0.rules.resendAfter = 3_600_000_000 }
        let id = try venue.withdraw(700, of: 0, to: Self.recipient)
        try venue.reach("broadcast", id)
        try scene.cancelPayment(0)
        try scene.wait("signed") { try scene.attempts(0).count == 2 }
        let (payment, cancellation) = (try scene.attempts(0)[0], try scene.attempts(0)[1])
        try scene.wait("in its place") { try scene.mempool() == [cancellation.hash] }
        try chain.mine(3)
        try venue.reach("cancelled", id)
        scene.stop()
        try chain.reorganise(depth: 4, blocks: 4, drop: [cancellation.hash])
        try chain.call("eth_sendRawTransaction", [Hex.encode(try scene.raw(payment.hash))])
        try chain.mine()
        try venue.settle(scene.scanner)
        try scene.pay()
        try scene.wait("halted") {
          scene.figures.halted?.hasPrefix("end_contradicted: nonce 0") ?? false
        }
        // For the checks after the test: the chain comes back to what was booked.
        scene.stop()
        try chain.reorganise(depth: 1, blocks: 1, drop: [payment.hash])
        try chain.call("eth_sendRawTransaction", [Hex.encode(try scene.raw(cancellation.hash))])
        try chain.mine()
      }
    }

    // MARK: Cancellations

    @Test func aCancellationThatIsMinedReleasesTheLock() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try scene.pay()
        let id = try venue.withdraw(700, of: 0, to: Self.recipient)
        try venue.reach("broadcast", id)
        try scene.cancelPayment(0)
        try scene.wait("in its place") {
          let attempts = try scene.attempts(0)
          return try attempts.count == 2 && scene.mempool() == [attempts[1].hash]
        }
        try venue.reach("cancelling", id)
        #expect(try scene.locked(0) == 707)
        try chain.mine()
        try venue.reach("mined", id)
        #expect(try scene.locked(0) == 707)
        try chain.mine(2)
        try venue.reach("cancelled", id)
        #expect(try venue.balance(2, 0) == 1_000_000 && scene.locked(0) == 0)
        #expect(try scene.attempts(0).map(\.kind) == ["payment", "cancellation"])
      }
    }

    /// The wish came too late: the payment was mined, though the cancellation is signed and out.
    @Test func aPaymentThatIsMinedFirstIsPaid() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try scene.pay { $0.rules.resendAfter = 3_600_000_000 }
        let id = try venue.withdraw(700, of: 0, to: Self.recipient)
        try venue.reach("broadcast", id)
        try scene.cancelPayment(0)
        try scene.wait("in its place") {
          let attempts = try scene.attempts(0)
          return try attempts.count == 2 && scene.mempool() == [attempts[1].hash]
        }
        let (payment, cancellation) = (try scene.attempts(0)[0], try scene.attempts(0)[1])
        try chain.call("dev_evict", [cancellation.hash])
        try chain.call("eth_sendRawTransaction", [Hex.encode(try scene.raw(payment.hash))])
        try chain.mine(3)
        try venue.reach("confirmed", id)
        #expect(try venue.withdrawal(id)?.transaction.map(Hex.encode) == payment.hash)
      }
    }

    /// Mined, then dropped by a reorganisation: the wish is still there, and now it can be met.
    @Test func aCancellationAfterAReorganisationWins() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try scene.pay()
        let (id, hash) = try mined(scene)
        try scene.cancelPayment(0)
        try scene.look()
        #expect(try scene.attempts(0).count == 1)
        try chain.reorganise(depth: 1, drop: [hash])
        try venue.reach("cancelled", id, mining: true)
        #expect(try venue.balance(2, 0) == 1_000_000)
      }
    }

    /// The cancellation was mined and left, the payment came instead: it is the chain that decides.
    @Test func aPaymentAfterAReorganisationWins() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try scene.pay { $0.rules.resendAfter = 3_600_000_000 }
        let id = try venue.withdraw(700, of: 0, to: Self.recipient)
        try venue.reach("broadcast", id)
        try scene.cancelPayment(0)
        try scene.wait("signed") { try scene.attempts(0).count == 2 }
        let (payment, cancellation) = (try scene.attempts(0)[0], try scene.attempts(0)[1])
        try scene.wait("in its place") { try scene.mempool() == [cancellation.hash] }
        try chain.mine(2)
        try venue.reach("mined", id)
        try chain.reorganise(depth: 2, blocks: 2, drop: [cancellation.hash])
        try chain.call("eth_sendRawTransaction", [Hex.encode(try scene.raw(payment.hash))])
        try chain.mine(3)
        try venue.reach("confirmed", id)
      }
    }

    /// The dearest payment that there is leaves room for its cancellation.
    @Test func aPaymentAtTheCapCanBeCancelled() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try chain.setBaseFee(gwei: 80)
        try chain.mine()
        try venue.settle(scene.scanner)
        try scene.pay()
        let id = try venue.withdraw(700, of: 0, to: Self.recipient)
        try venue.reach("broadcast", id)
        try scene.cancelPayment(0)
        try scene.wait("in its place") {
          let attempts = try scene.attempts(0)
          return try attempts.count == 2 && scene.mempool() == [attempts[1].hash]
        }
        try venue.reach("cancelled", id, mining: true)
        #expect(try venue.balance(2, 0) == 1_000_000)
      }
    }
  }
}
