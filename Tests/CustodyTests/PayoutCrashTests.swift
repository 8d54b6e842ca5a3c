// Kills at every point where something has just become durable, under reorganisations: each is paid
// once.

import Engine
import Ethereum
import Foundation
import SeededNumbers
import Synchronization
import TestServers
import Testing

@testable import CoreFixture
@testable import Custody

extension DatabaseTests {
  @Suite(.serialized) struct PayoutCrashTests {
    private struct Kills {
      var numbers: SeededNumbers
      var met: [PayoutSender.Boundary: Int] = [:]
    }

    /// Payments and cancellations; the chain loses, reorders and reprices them meanwhile.
    @Test(arguments: [UInt64(1), 2, 3]) func aKillAtAnyBoundaryIsHarmless(seed: UInt64) throws {
      try PayoutScene.run { scene in
        let kills = Mutex(Kills(numbers: SeededNumbers(seed &+ 99)))
        try scene.pay { configuration in
          configuration.pollMilliseconds = 5
          configuration.retryMilliseconds = 1
          configuration.openSlots = 4
          configuration.onBoundary = { boundary in
            try kills.withLock { kills in
              // Each boundary is met once at least and then some times; the rest may come to its
              // end.
              let met = kills.met[boundary, default: 0]
              guard met < 10, met == 0 || kills.numbers.once(in: 2) else { return }
              kills.met[boundary] = met + 1
              throw ChainCallError(description: "killed at \(boundary)")
            }
          }
        }
        var numbers = SeededNumbers(seed)
        var ids: [Int64] = []
        for _ in 0..<30 { try happen(scene, &numbers, &ids) }
        try scene.chain.call("dev_setBaseFee", [NSNull()])
        let isQuiet = try eventually {
          try scene.chain.mine()
          try scene.venue.settle(scene.scanner)
          return try scene.count(
            """
            select (select count(*) from public.withdrawals
                where decision in ('approved', 'started'))
              + (select count(*) from core.payout_slot where outcome is null)
            """) == 0
        }
        #expect(isQuiet, "seed \(seed): \(scene.figures)")
        let met = kills.withLock { $0.met }
        #expect(met.count == PayoutSender.Boundary.allCases.count, "seed \(seed): \(met)")
        #expect(scene.figures.halted == nil, "seed \(seed)")
        let ends = try scene.count(
          "select count(*) from core.payout_slot where outcome in ('paid', 'cancelled')")
        #expect(ends == Int64(ids.count), "seed \(seed)")
      }
    }

    private func happen(
      _ scene: PayoutScene, _ numbers: inout SeededNumbers, _ ids: inout [Int64]
    ) throws {
      let (venue, chain) = (scene.venue, scene.chain)
      if ids.count < 16, numbers.once(in: 2) {
        let recipient = PayoutScene.recipient(UInt8(1 + numbers.below(4)))
        ids.append(
          try venue.withdraw(
            Int128(10 + numbers.below(900)), of: numbers.once(in: 2) ? 1 : 0, to: recipient))
      }
      let next = UInt64(ids.count)
      switch numbers.below(8) {
      case 0:
        // Shallower than what counts as final.
        let hashes = try (0..<next).compactMap { try scene.attempts($0).last?.hash }
        let drop = hashes.isEmpty ? [] : [numbers.pick(hashes.suffix(4))]
        try chain.reorganise(depth: 1 + numbers.below(2), drop: drop)
      case 1: try chain.setBaseFee(gwei: 1 + numbers.below(40))
      case 2:
        for hash in try scene.mempool().prefix(1) { try chain.call("dev_evict", [hash]) }
      case 3:
        let store = try scene.store()
        _ = try store.cancelPayment(Venue.hotWallet, UInt64(numbers.below(ids.count + 1)))
      default: try chain.mine()
      }
      try scene.waitForLooks(1)
    }

    /// A new sender on the same database, the old one's memory gone, after a kill at each boundary.
    @Test func aRestartGoesOnWhereItWas() throws {
      try PayoutScene.run { scene in
        for (number, boundary) in PayoutSender.Boundary.allCases.enumerated() {
          let isMet = Mutex(false)
          try scene.pay {
            $0.onBoundary = { met in
              guard met == boundary else { return }
              isMet.withLock { $0 = true }
              throw ChainCallError(description: "killed at \(boundary)")
            }
          }
          let id = try scene.venue.withdraw(
            700, of: 0, to: PayoutScene.recipient(UInt8(1 + number)))
          try scene.wait("\(boundary) is met") {
            try scene.chain.mine()
            return isMet.withLock { $0 }
          }
          try scene.pay()
          try scene.venue.reach("confirmed", id, mining: true)
        }
      }
    }

    @Test func aCancellationGoesOnAfterAKill() throws {
      try PayoutScene.run { scene in
        let boundaries: [PayoutSender.Boundary] = [.signed, .saved, .sent, .finished]
        for (nonce, boundary) in boundaries.enumerated() {
          try scene.pay()
          let id = try scene.venue.withdraw(700, of: 0, to: PayoutScene.recipient(1))
          try scene.venue.reach("broadcast", id)
          scene.stop()
          try scene.cancelPayment(UInt64(nonce))
          let isMet = Mutex(false)
          try scene.pay {
            $0.onBoundary = { met in
              guard met == boundary, !isMet.withLock({ $0 }) else { return }
              isMet.withLock { $0 = true }
              throw ChainCallError(description: "killed at \(boundary)")
            }
          }
          // Before it is out a block would have the payment.
          try scene.wait("out") {
            let last = try scene.attempts(UInt64(nonce)).last
            return last?.kind == "cancellation" && last?.answer != ""
          }
          try scene.venue.reach("cancelled", id, mining: true)
          #expect(isMet.withLock { $0 })
        }
        #expect(try scene.venue.balance(2, 0) == 1_000_000)
      }
    }
  }
}
