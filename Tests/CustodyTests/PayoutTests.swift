// Payments on a real chain and a real database: each is made exactly once, whatever the node says.

import Engine
import Ethereum
import Formats
import Foundation
import Synchronization
import TestServers
import Testing

@testable import CoreFixture
@testable import Custody

extension DatabaseTests {
  @Suite(.serialized) struct PayoutTests {
    private static let recipient = PayoutScene.recipient(1)

    @Test func coinsAndTokensArePaidOnce() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try scene.pay()
        let ether = try venue.withdraw(5_000, of: 1, to: Self.recipient)
        let token = try venue.withdraw(700, of: 0, to: Self.recipient)
        try venue.reach("broadcast", ether)
        try venue.reach("broadcast", token)
        try chain.mine()
        try venue.reach("mined", ether)
        try chain.mine(3)
        try venue.reach("confirmed", ether)
        try venue.reach("confirmed", token)
        #expect(try venue.wei(Self.recipient) == UInt256(5_000 as UInt64))
        #expect(try venue.tokens("USDC", Self.recipient) == UInt256(700 as UInt64))
        #expect(try venue.balance(2, 0) == 1_000_000 - 700 - 7)
        #expect(scene.signer.signatures == 2)
      }
    }

    // MARK: Answers

    /// Taken or not, nobody knows: the same bytes go again, and the node knows them.
    @Test func aLostAnswerIsAskedAgainWithTheSameBytes() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try scene.pay()
        for (nonce, kind) in ["accept_then_drop", "drop", "malformed"].enumerated() {
          try chain.fault(["kind": kind, "method": "eth_sendRawTransaction", "times": 2])
          let id = try venue.withdraw(5_000, of: 1, to: Self.recipient)
          try venue.reach("broadcast", id)
          try scene.wait("sent again") {
            try scene.attempts(UInt64(nonce)).last?.answer == "already_known"
          }
          try chain.mine(3)
          try venue.reach("confirmed", id)
        }
        #expect(scene.signer.signatures == 3)
      }
    }

    /// The block that has it is not scanned yet: `nonce too low` is no reason to stop, nor to pay
    /// again.
    @Test func nonceTooLowBeforeTheBlockIsScannedIsNoHalt() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try scene.pay()
        let id = try venue.withdraw(5_000, of: 1, to: Self.recipient)
        try venue.reach("broadcast", id)
        scene.stopScanning()
        try chain.mine()
        try scene.wait("too low") { try scene.attempts(0).last?.answer == "nonce_too_low" }
        #expect(scene.figures.halted == nil)
        try scene.scanAgain()
        try venue.reach("mined", id)
        try chain.mine(3)
        try venue.reach("confirmed", id)
        #expect(scene.signer.signatures == 1 && scene.figures.halted == nil)
      }
    }

    @Test func anUnderpricedOneIsSignedAgainHigher() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try chain.fault([
          "kind": "error", "method": "eth_sendRawTransaction", "times": 2,
          "error": ["code": -32000, "message": "replacement transaction underpriced"],
        ])
        try scene.pay()
        let id = try venue.withdraw(700, of: 0, to: Self.recipient)
        try scene.wait("three attempts") { try scene.attempts(0).count == 3 }
        try scene.wait("accepted") { try scene.attempts(0).last?.answer != "underpriced" }
        try venue.reach("confirmed", id, mining: true)
        #expect(try scene.attempts(0).count == 3)
      }
    }

    @Test func whatIsStuckIsReplaced() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try scene.pay()
        let id = try venue.withdraw(5_000, of: 1, to: Self.recipient)
        try venue.reach("broadcast", id)
        let first = try #require(try scene.attempts(0).first)
        try chain.setBaseFee(gwei: 30)
        for _ in 0..<3 {
          try chain.mine()
          try scene.look()
        }
        try scene.wait("replaced") { try scene.attempts(0).count == 2 }
        try scene.wait("taken") { try !scene.mempool().contains(first.hash) }
        try venue.reach("confirmed", id, mining: true)
        let row = try #require(try venue.withdrawal(id)?.transaction)
        #expect(Hex.encode(row) != first.hash)
      }
    }

    /// One that is never mined, for no reason that fees could mend, costs no more than the cap.
    @Test func whatIsHeldBackIsBumpedToTheCapOnly() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try chain.setBaseFee(gwei: 30)
        try chain.mine()
        try venue.settle(scene.scanner)
        try scene.pay {
          $0.rules.bumpAfterBlocks = 1
          $0.rules.maximumFee = UInt256(70_000_000_000 as UInt64)
        }
        let id = try venue.withdraw(5_000, of: 1, to: Self.recipient)
        try venue.reach("broadcast", id)
        for _ in 0..<6 {
          for each in try scene.attempts(0) { try chain.call("dev_hold", [each.hash]) }
          try chain.mine()
          try scene.look()
        }
        #expect(try scene.attempts(0).count == 1)
        for each in try scene.attempts(0) { try chain.call("dev_hold", [each.hash, false]) }
        try venue.reach("confirmed", id, mining: true)
      }
    }

    @Test func aBaseFeeAboveTheCapIsWaitedFor() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try chain.setBaseFee(gwei: 150)
        try chain.mine()
        try venue.settle(scene.scanner)
        try scene.pay()
        let id = try venue.withdraw(5_000, of: 1, to: Self.recipient)
        try scene.wait("waits") { scene.figures.lastError == "fees are above the cap" }
        try scene.look()
        #expect(try venue.withdrawal(id)?.status == "approved" && scene.figures.unfunded.isEmpty)
        try venue.reach("confirmed", id, mining: true)
      }
    }

    /// Started, and then the fees rose: before the signature, and after it.
    @Test func aBaseFeeAboveTheCapHoldsUpWhatIsStarted() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        scene.signer.mood = .silent
        try scene.pay()
        let first = try venue.withdraw(5_000, of: 1, to: Self.recipient)
        try venue.reach("slotted", first)
        try chain.setBaseFee(gwei: 150)
        try chain.mine()
        // A look that is under way would sign with the fees of before.
        try scene.look()
        scene.signer.mood = .willing
        try scene.wait("waits") { scene.figures.lastError == "fees are above the cap" }
        try scene.look()
        #expect(try scene.attempts(0).isEmpty && venue.withdrawal(first)?.status == "slotted")
        // One block with low fees to be signed in, none to be mined in.
        try chain.setBaseFee(gwei: 1)
        try chain.mine()
        try venue.reach("broadcast", first)
        try chain.setBaseFee(gwei: 150)
        for _ in 0..<4 {
          try chain.mine()
          try scene.look()
        }
        #expect(try venue.withdrawal(first)?.status == "broadcast")
        try venue.reach("confirmed", first, mining: true)
      }
    }

    // MARK: The mempool

    @Test func anEvictedOneIsSentAgain() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try scene.pay()
        let id = try venue.withdraw(700, of: 0, to: Self.recipient)
        try venue.reach("broadcast", id)
        let sent = try #require(try scene.attempts(0).first)
        for _ in 0..<3 {
          #expect(try chain.call("dev_evict", [sent.hash]) as? Bool == true)
          try scene.wait("there again") { try scene.mempool().contains(sent.hash) }
        }
        try chain.mine(3)
        try venue.reach("confirmed", id)
        #expect(scene.signer.signatures == 1)
      }
    }

    /// Behind a nonce that is missing nothing is mined, and nothing is paid for higher fees.
    @Test func aGapIsFilledWithItsOwnBytes() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try scene.pay { $0.rules.resendAfter = 3_600_000_000 }
        let first = try venue.withdraw(700, of: 0, to: Self.recipient)
        let second = try venue.withdraw(900, of: 0, to: PayoutScene.recipient(2))
        try venue.reach("broadcast", first)
        try venue.reach("broadcast", second)
        scene.stop()
        let gone = try #require(try scene.attempts(0).first)
        try chain.call("dev_evict", [gone.hash])
        try chain.mine(5)
        try venue.settle(scene.scanner)
        #expect(try venue.withdrawal(second)?.status == "broadcast")
        try scene.pay { $0.rules.bumpAfterBlocks = 100 }
        try scene.wait("there again") { try scene.mempool().contains(gone.hash) }
        try chain.mine(3)
        try venue.reach("confirmed", first)
        try venue.reach("confirmed", second)
        #expect(scene.signer.signatures == 2)
      }
    }

    // MARK: The signer

    @Test func aSignerThatIsAwayIsWaitedFor() throws {
      try PayoutScene.run { scene in
        scene.signer.mood = .silent
        // However fast blocks come.
        try scene.pay { $0.rules.bumpAfterBlocks = 10_000 }
        let id = try scene.venue.withdraw(5_000, of: 1, to: Self.recipient)
        try scene.venue.reach("slotted", id)
        try scene.look()
        #expect(scene.figures.lastError == "the signer is away: killed")
        scene.signer.mood = .willing
        try scene.venue.reach("confirmed", id, mining: true)
        #expect(scene.signer.signatures == 1)
      }
    }

    /// What is out is kept alive while no signature is to be had.
    @Test func withoutTheSignerWhatIsOutGoesOn() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try scene.pay()
        let id = try venue.withdraw(5_000, of: 1, to: Self.recipient)
        try venue.reach("broadcast", id)
        let sent = try #require(try scene.attempts(0).first)
        try chain.call("dev_hold", [sent.hash])
        for mood in [TestSigner.Mood.silent, .refusing] {
          scene.signer.mood = mood
          try chain.mine(4)
          try venue.settle(scene.scanner)
          try scene.look()
          try chain.call("dev_evict", [sent.hash])
          try scene.wait("there again") { try scene.mempool().contains(sent.hash) }
        }
        try chain.call("dev_hold", [sent.hash, false])
        try venue.reach("confirmed", id, mining: true)
        #expect(scene.signer.signatures == 1)
      }
    }

    /// A person looks, and ends it: its nonce goes to nothing, and the next one is paid.
    @Test func whatTheSignerRefusesIsHeldAndItsNonceFreed() throws {
      try PayoutScene.run { scene in
        let (venue, free) = (scene.venue, try scene.venue.balance(2, 0))
        scene.signer.mood = .refusing
        try scene.pay()
        let id = try venue.withdraw(700, of: 0, to: Self.recipient)
        try venue.reach("halted", id)
        try scene.wait("counted") { scene.figures.held == 1 }
        // Nothing is started behind a nonce that does not move.
        let next = try venue.withdraw(900, of: 0, to: PayoutScene.recipient(2))
        scene.signer.mood = .willing
        try scene.look()
        #expect(try venue.withdrawal(next)?.status == "approved")
        #expect(try scene.attempts(0).isEmpty && scene.figures.held == 1)
        try scene.cancelPayment(0)
        try venue.reach("cancelled", id, mining: true)
        try venue.reach("confirmed", next, mining: true)
        #expect(try venue.balance(2, 0) == free - 900 - 7)
        #expect(try Set(scene.attempts(0).map(\.kind)) == ["cancellation"])
      }
    }

    // MARK: The arbiter

    private enum Moment: Equatable {
      case atOnce, look
      case boundary(PayoutSender.Boundary)

      static let all = [atOnce, look] + PayoutSender.Boundary.allCases.map { boundary($0) }
    }

    /// A cancellation of the user's at a moment of the sender's work, on the sender's thread.
    private final class Canceller: Sendable {
      private let core: Core
      private let state = Mutex<(moment: Moment?, id: Int64?, reply: Reply?)>((nil, nil, nil))

      init(_ core: Core) { self.core = core }

      var reply: Reply? { state.withLock { $0.reply } }

      /// Before the withdrawal is asked for, so that no moment is missed.
      func await(_ moment: Moment) { state.withLock { $0 = (moment, nil, nil) } }
      func name(_ id: Int64) { state.withLock { $0.id = id } }

      func meet(_ moment: Moment) {
        let isIt = state.withLock { state in
          guard state.moment == moment else { return false }
          state.moment = nil
          return true
        }
        if isIt, eventually({ state.withLock { $0.id != nil } }) { cancel() }
      }

      func cancel() {
        guard let id = state.withLock({ $0.id }) else { return }
        let replies = try? core.submit([.withdrawal(.cancel(user: 2, id: id))]).get()
        state.withLock { $0.reply = replies?.first }
      }
    }

    /// Cancelled by the user while the sender starts: exactly one of both wins.
    @Test func aCancellationRacesTheStart() throws {
      try PayoutScene.run { scene in
        let venue = scene.venue
        let canceller = Canceller(venue.core)
        try scene.pay {
          ($0.pollMilliseconds, $0.rules.bumpAfterBlocks) = (1, 10_000)
          $0.onLook = { canceller.meet(.look) }
          $0.onBoundary = { canceller.meet(.boundary($0)) }
        }
        var cancelled: Set<Int64> = []
        var ids: [Int64] = []
        for round in 0..<27 {
          let moment = Moment.all[round % Moment.all.count]
          canceller.await(moment)
          let id = try venue.withdraw(100, of: 0, to: PayoutScene.recipient(UInt8(round)))
          ids.append(id)
          canceller.name(id)
          if moment == .atOnce { canceller.cancel() }
          try scene.wait("an answer") {
            // Until then no payment is finished.
            if moment == .boundary(.finished) { try scene.chain.mine() }
            return canceller.reply != nil
          }
          let rejection = canceller.reply?.rejection
          if rejection == nil { cancelled.insert(id) }
          #expect(rejection == nil || rejection == .withdrawalStarted)
          try scene.chain.mine()
        }
        for id in ids {
          try venue.reach(cancelled.contains(id) ? "cancelled" : "confirmed", id, mining: true)
        }
        let paid = ids.count - cancelled.count
        #expect(try scene.count("select count(*) from core.payout_slot") == Int64(paid))
        #expect(try venue.balance(2, 0) == 1_000_000 - 107 * Int128(paid))
      }
    }
  }
}
