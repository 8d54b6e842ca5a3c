// What must hold of payments after every test, read from the database and from the chain itself.

import Embedded
import Engine
import Ethereum
import Postgres
import Testing

@testable import CoreFixture
@testable import Custody

extension Venue {
  /// Slots without gaps, one payload and one cancellation a nonce with fees that are replacements
  /// below the cap, locks that ended once, recipients that have what was confirmed and no more,
  /// books that agree with the chain.
  func checkPayouts(sourceLocation: SourceLocation = #_sourceLocation) throws {
    let rows: [(rule: String, sql: String)] = [
      (
        "slots are without gaps",
        """
        select max(nonce) from core.payout_slot
        group by chain, sender having max(nonce) - min(nonce) + 1 <> count(*)
        """
      ),
      (
        "engine and sender tell the same end",
        """
        select w.id from public.withdrawals w left join core.payout_slot s on s.withdrawal_id = w.id
        where s.outcome is not null and w.decision is distinct from
            (case s.outcome when 'paid' then 'confirmed' else s.outcome end)
            and not (w.decision = 'reverted' and s.outcome = 'cancelled' and s.is_cancelled)
          or s.nonce is null and w.decision in ('confirmed', 'reverted')
          or s.nonce is not null and w.decision in ('requested', 'approved', 'rejected')
          or s.nonce is not null and s.outcome is null and w.decision = 'cancelled'
        """
      ),
      (
        "a lock ends once, and as its withdrawal",
        """
        select w.id from public.withdrawals w, lateral (
          select count(*) filter (where type = 'LOCK') locks,
            count(*) filter (where type = 'UNLOCK') unlocks,
            count(*) filter (where type = 'WITHDRAWAL') paid,
            coalesce(sum(delta) filter (where type = 'WITHDRAWAL'), 0) taken,
            sum(locked_delta) still
          from public.balance_log l
          where l.ref = w.chain || ':withdrawal:' || w.id and l.user_id = w.user_id) x
        where locks <> 1
          or unlocks <> (w.decision in ('cancelled', 'rejected', 'reverted'))::int
          or paid <> (w.decision = 'confirmed')::int
          or taken <> case w.decision when 'confirmed' then -w.amount else 0 end
          or still <> case when w.decision in ('requested', 'approved', 'started')
            then w.amount + w.fee else 0 end
        """
      ),
      (
        "no money without a transaction",
        """
        select s.nonce from core.payout_slot s
        left join core.sent_transaction t using (chain, sender, nonce)
        left join core.payout_attempt a on a.hash = t.hash
        where s.outcome is not null and t.hash is distinct from s.resolved_hash
          and (a.kind is null and s.hold is null
          or (s.outcome = 'cancelled') <> (a.kind = 'cancellation')
          or s.outcome = 'reverted' and t.is_success and s.resolution is null and s.hold is null
          or s.outcome = 'paid' and not t.has_paid and s.resolution is null)
        """
      ),
    ]
    let connection = try PostgresConnection(database.audit)
    for (rule, sql) in rows {
      let result = try connection.query(sql, PostgresParameters())
      #expect(result.rowCount == 0, "\(rule): \(sql)", sourceLocation: sourceLocation)
    }
    try checkAttempts(connection, sourceLocation)
    try checkRecipients(connection, sourceLocation)
    let books = try reconcile()
    #expect(books.agrees, "\(books)", sourceLocation: sourceLocation)
  }

  /// From the bytes themselves, as they were sent.
  private func checkAttempts(
    _ connection: borrowing PostgresConnection, _ sourceLocation: SourceLocation
  ) throws {
    let result = try connection.query(
      """
      select s.nonce, a.kind, a.raw, s.destination, s.value::text, s.data, a.hash, s.sender, s.purpose
      from core.payout_attempt a join core.payout_slot s using (chain, sender, nonce)
      order by s.sender, s.nonce, a.maximum_fee
      """, PostgresParameters())
    var (last, lastSender): (Transaction1559?, Address?) = (nil, nil)
    for row in 0..<result.rowCount {
      let signed = try SignedTransaction(raw: result.bytes(row, 2))
      let transaction = signed.transaction
      let isPayment = result.string(row, 1) == "payment"
      // A sweep that is replaced moves less, for its gas costs more.
      let isSweep = result.string(row, 8) == "sweep"
      let isSound =
        signed.sender.bytes == result.bytes(row, 7) && isSweep != (signed.sender == Self.hotWallet)
        && signed.hash.bytes == result.bytes(row, 6)
        && transaction.nonce == UInt64(result.int64(row, 0))
        && transaction.destination.bytes
          == (isPayment ? result.bytes(row, 3) : Self.hotWallet.bytes)
        && (isSweep || "\(transaction.value)" == (isPayment ? result.string(row, 4) : "0"))
        && (isSweep || transaction.data == (isPayment ? result.bytes(row, 5) : []))
      #expect(
        isSound, "nonce \(transaction.nonce): another payload", sourceLocation: sourceLocation)
      let maximum = try #require(UInt64(exactly: transaction.fees.maximum))
      let priority = try #require(UInt64(exactly: transaction.fees.priority))
      #expect(transaction.fees.maximum <= Self.payoutRules.maximumFee)
      if let last, last.nonce == transaction.nonce, lastSender == signed.sender {
        let below = try #require(UInt64(exactly: last.fees.maximum))
        let tip = try #require(UInt64(exactly: last.fees.priority))
        #expect(
          maximum * 10 >= below * 11 && priority * 10 >= tip * 11,
          "nonce \(last.nonce): \(transaction.fees) over \(last.fees)",
          sourceLocation: sourceLocation)
      }
      (last, lastSender) = (transaction, signed.sender)
    }
  }

  /// Tests pay to addresses that nobody else pays to. What an operator decided the chain may
  /// contradict.
  private func checkRecipients(
    _ connection: borrowing PostgresConnection, _ sourceLocation: SourceLocation
  ) throws {
    let result = try connection.query(
      """
      select w.asset, w.address,
        coalesce(sum(w.amount) filter (where w.decision = 'confirmed'), 0)::text
      from public.withdrawals w left join core.payout_slot s on s.withdrawal_id = w.id
      group by 1, 2 having bool_and(s.resolution is null) and bool_or(w.decision <> 'rejected')
      """, PostgresParameters())
    let (node, rules) = (ChainNode(url: chain.ready.url), try rules())
    let tip = try node.heads().latest.hash
    for row in 0..<result.rowCount {
      let asset = try #require(rules.asset(named: result.string(row, 0)))
      let address = try #require(Address(result.bytes(row, 1)))
      let held =
        switch asset.source {
        case .native: try node.balances([address], at: tip)[0]
        case .token(let contract): try node.balances([address], ofToken: contract, at: tip)[0]
        }
      let expected = UInt256(decimal: result.string(row, 2))?.multiplied(by: asset.scale)
      #expect(
        held == expected, "\(asset.code) of \(address)", sourceLocation: sourceLocation)
    }
  }
}
