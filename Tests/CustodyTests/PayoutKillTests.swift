// The sender killed at each boundary of its steps, between reorganisations and cancellations: each recipient is
// paid exactly once.

import Embedded
import Engine
import Ethereum
import Foundation
import Postgres
import Synchronization
import Testing

@testable import CoreFixture
@testable import Custody

extension DatabaseTests {
  @Suite(.serialized) struct PayoutKillTests {
    @Test(arguments: [UInt64(1), 2, 3]) func aKillAtAnyBoundaryPaysOnce(seed: UInt64) throws {
      let chain = try TestChain()
      defer { chain.stop() }
      let venue = try Venue(TestDatabase(), chain)
      let scanner = try venue.scan()
      try venue.settle(scanner)
      try venue.openPayouts(scanner)
      let kills = Mutex((numbers: SeededNumbers(seed &+ 7), met: [PayoutSender.Boundary: Int]()))
      let signer = TestSigner(secret: Venue.hotSecret)
      let always: PayoutSender.IsFollowing = { true }
      let sender = try venue.pay(signer, isFollowing: always) { configuration in
        configuration.pollMilliseconds = 5
        configuration.retryMilliseconds = 1
        configuration.onBoundary = { boundary in
          try kills.withLock { kills in
            // Each boundary is met some times, then the rest may come to its end.
            guard kills.met[boundary, default: 0] < 8, kills.numbers.once(in: 2) else { return }
            kills.met[boundary, default: 0] += 1
            throw ChainCallError(description: "killed at \(boundary)")
          }
        }
      }
      var numbers = SeededNumbers(seed)
      let recipients = try (1...4).map { byte in
        try #require(Address([UInt8](repeating: UInt8(0x80 + byte), count: 20)))
      }
      var asked: [(id: Int64, asset: AssetID, recipient: Int)] = []
      for round in 0..<30 {
        if round < 16 {
          let (asset, to) = (AssetID(numbers.below(2)), numbers.below(4))
          let id = try venue.withdraw(
            Int128(1_000 + numbers.below(9_000)), of: asset, to: recipients[to])
          asked.append((id, asset, to))
        }
        if numbers.once(in: 5) { try cancelOne(venue, &numbers) }
        if numbers.once(in: 4) {
          // Shallower than the depth at which a payment counts.
          try chain.reorganise(depth: 1 + numbers.below(2))
        } else {
          try chain.mine(1 + numbers.below(2))
        }
        Thread.sleep(forTimeInterval: 0.03)
      }
      let isQuiet = try eventually(within: 90) {
        try chain.mine()
        try venue.settle(scanner)
        return try venue.database.number(
          """
          select count(*) from public.withdrawals w left join core.payout_slot s
            on s.withdrawal_id = w.id
          where decision in ('requested', 'approved', 'started') or s.outcome is null
          """) == 0
      }
      #expect(isQuiet, "seed \(seed): \(sender.currentFigures()) \(venue.reports.all.suffix(5))")
      let met = kills.withLock { $0.met }
      #expect(met.count == PayoutSender.Boundary.allCases.count, "seed \(seed): \(met)")
      try check(venue, asked, recipients, seed)
      sender.stop()
      #expect(signer.isSound, "seed \(seed)")
      venue.stop(scanner)
      #expect(venue.core.halts.all.isEmpty)
      try venue.checkPayouts()
    }

    /// An operator wants one of the open payments to end.
    private func cancelOne(_ venue: Venue, _ numbers: inout SeededNumbers) throws {
      let nonces = try venue.openNonces()
      guard !nonces.isEmpty else { return }
      let nonce = numbers.pick(nonces)
      let answer = Answer<Bool?>()
      let desk = venue.desk
      Task {
        answer.give(
          try? await desk.decide(
            PayoutDecision(.cancel, nonce: nonce, operator: 1, reason: "test"), Venue.hotWallet))
      }
      _ = try answer.wait()
    }

    private func check(
      _ venue: Venue, _ asked: [(id: Int64, asset: AssetID, recipient: Int)],
      _ recipients: [Address], _ seed: UInt64
    ) throws {
      for (index, recipient) in recipients.enumerated() {
        for asset in [AssetID(0), 1] {
          let own = asked.filter { $0.asset == asset && $0.recipient == index }.map(\.id)
          let list = own.isEmpty ? "-1" : own.map { "\($0)" }.joined(separator: ",")
          let confirmed = try venue.database.number(
            """
            select coalesce(sum(amount), 0)::int8 from public.withdrawals
            where decision = 'confirmed' and id in (\(list))
            """)
          let arrived =
            try asset == 0 ? venue.tokens("USDC", recipient) : venue.wei(recipient)
          #expect(arrived == UInt256(UInt64(confirmed)), "seed \(seed): asset \(asset) of \(index)")
        }
      }
      let paid = try venue.database.number(
        "select count(*) from public.withdrawals where decision = 'confirmed'")
      #expect(paid > 4, "seed \(seed): too few were paid to mean anything")
    }
  }
}

extension Venue {
  fileprivate func openNonces() throws -> [UInt64] {
    let connection = try PostgresConnection(database.audit)
    let result = try connection.query(
      "select nonce from core.payout_slot where outcome is null order by nonce",
      PostgresParameters())
    return (0..<result.rowCount).map { UInt64(result.int64($0, 0)) }
  }
}
