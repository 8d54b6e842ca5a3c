// What must hold of blocks and deposits after every test, read from the database and from the chain
// itself.

import Embedded
import Engine
import Ethereum
import Foundation
import Postgres
import Testing

@testable import CoreFixture
@testable import Custody

extension Venue {
  /// The scanned blocks are the chain's, each credit is of one payment that is on it or was taken
  /// back, no atom is booked but by a deposit, and the books agree with the chain.
  /// - Parameters:
  ///   - chain: the one that the scanner followed last; the venue's where none is named.
  ///   - differences: by asset, what is missing (below zero) or too much, and must be.
  func checkDeposits(
    on chain: TestChain? = nil, differences: [String: Int128] = [:],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let chain = chain ?? self.chain
    try chain.call("dev_clearFaults")
    try chain.call("dev_claim", [[:]])
    try chain.options(["head_lag": 0, "batch_limit": NSNull()])
    let connection = try PostgresConnection(database.audit)
    for (rule, sql) in Self.depositRules {
      let rows = try connection.query(sql).rowCount
      #expect(rows == 0, "\(rule): \(sql)", sourceLocation: sourceLocation)
    }
    let booked = try connection.query(
      """
      select (select coalesce(sum(credited), 0) from public.deposits),
        (select coalesce(sum(delta) filter (where type in ('DEPOSIT', 'CLAWBACK')), 0)
          from public.balance_log)
      """)
    #expect(booked.numeric(0, 0) == booked.numeric(0, 1), sourceLocation: sourceLocation)
    let node = ChainNode(url: chain.ready.url)
    try checkBlocks(connection, node, sourceLocation)
    let books = try Reconciliation(chain: "dev", rules: rules(), node: node).run(database.audit)
    for asset in books.assets {
      #expect(
        asset.difference == differences[asset.code] ?? 0, "\(asset)",
        sourceLocation: sourceLocation)
    }
  }

  private func checkBlocks(
    _ connection: borrowing PostgresConnection, _ node: ChainNode,
    _ sourceLocation: SourceLocation
  ) throws {
    let start = try connection.query("select scan_from from core.chain where chain = 'dev'")
    let scanned = try connection.query(
      "select height, hash, parent_hash from public.scanned_blocks order by height")
    let places = try (0..<scanned.rowCount).map { row in
      BlockPlace(
        height: scanned.int64(row, 0), hash: try #require(Hash32(scanned.bytes(row, 1))),
        parent: try #require(Hash32(scanned.bytes(row, 2))))
    }
    #expect(places.first?.height == start.int64(0, 0), sourceLocation: sourceLocation)
    for (block, next) in zip(places, places.dropFirst()) {
      #expect(
        next.height == block.height + 1 && next.parent == block.hash, "block \(next.height)",
        sourceLocation: sourceLocation)
    }
    let told = try node.hashes(at: places.map(\.height))
    let strange = zip(places, told).filter { $0.hash != $1.hash }.map(\.0.height)
    #expect(strange.isEmpty, "not the chain's: \(strange)", sourceLocation: sourceLocation)
  }

  private static let depositRules: [(rule: String, sql: String)] = [
    (
      "live credits lie on the chain",
      """
      select id from public.deposits d where credited > 0 and status <> 'clawback'
        and not exists (select from public.scanned_blocks b where b.chain = d.chain
          and b.height = d.block_height and b.hash = d.block_hash)
      """
    ),
    (
      "numbers without a gap",
      """
      select from core.chain where last_credit <> (
          select count(*) from public.balance_log where type = 'DEPOSIT')
        or last_clawback <> (
          select count(distinct ref) from public.balance_log where type = 'CLAWBACK')
      """
    ),
    (
      "a number is of one payment",
      """
      select from core.deposit_log where credit_no is not null group by chain, credit_no
      having count(distinct (tx_hash, out_ref)) > 1
      """
    ),
    (
      "at most one live credit a payment, by the log of its steps and the ledger",
      """
      select from (select distinct chain, tx_hash, out_ref, credit_no from core.deposit_log
        where credit_no is not null) c
      where exists (select from public.balance_log b
          where b.ref = c.chain || ':deposit:' || c.credit_no)
        and not exists (select from core.deposit_log l join public.balance_log b
          on b.ref = l.chain || ':clawback:' || l.clawback_no
          where (l.chain, l.tx_hash, l.out_ref, l.credit_no)
            = (c.chain, c.tx_hash, c.out_ref, c.credit_no))
      group by chain, tx_hash, out_ref having count(*) > 1
      """
    ),
    (
      "what a deposit says is credited is what the ledger has under its numbers",
      """
      select id from public.deposits d where credited <> coalesce((
        select sum(delta) from public.balance_log b where b.ref in (
          d.chain || ':deposit:' || d.credit_no, d.chain || ':clawback:' || d.clawback_no)), 0)
      """
    ),
    (
      "raw is amount times scale plus dust, and what is credited is the amount",
      """
      select id from public.deposits where raw_amount <> amount * scale + dust
        or credited > 0 and raw_amount <> credited * scale + dust
      """
    ),
    (
      "nothing waits apart for what has no credit",
      """
      select from core.changed_deposit c join public.deposits d using (chain, tx_hash, out_ref)
      where d.credit_no is null
      """
    ),
    (
      "every step is in the log",
      """
      select id from public.deposits d where not exists (select from core.deposit_log l
        where l.tx_hash = d.tx_hash and l.out_ref = d.out_ref and l.status = d.status)
      """
    ),
  ]
}
