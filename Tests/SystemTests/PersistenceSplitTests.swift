// The heart of persistence: trades and auctions are at the edge in full, and nowhere in Postgres.

import AsyncHTTPClient
import Client
import Engine
import Formats
import Foundation
import Journal
import NIOCore
import Postgres
import Synchronization
import Testing
import Wire

@Suite(.serialized) struct PersistenceSplitTests {
  /// Every table and column that may exist, with its type: a new one must be thought about here.
  static let allowed = """
    core.balance_movement: seq bigint, user_id bigint, asset text, delta numeric, free_delta numeric, locked_delta numeric, free_after numeric, locked_after numeric, type text, ref text, created_at timestamp with time zone, updated_at timestamp with time zone
    core.books: singleton boolean, kind text, at timestamp with time zone
    core.chain: chain text, chain_id bigint, genesis_hash bytea, scan_from bigint, finalized bigint, last_credit bigint, last_clawback bigint
    core.chain_asset: chain text, asset text, contract bytea, decimals integer, scale numeric
    core.changed_deposit: chain text, tx_hash bytea, out_ref text, user_id bigint, asset text, address bytea, sender bytea, contract bytea, block_height bigint, block_hash bytea, raw_amount numeric, amount numeric, dust numeric, scale numeric
    core.custody_decision: id bigint, journal_seq bigint, position integer, at timestamp with time zone, chain text, operator_id bigint, public_key bytea, action text, subject text, detail text, reason text, signature bytea
    core.custody_proposal: id bigint, chain text, deposit_id bigint, sender bytea, nonce bigint, withdrawal_id bigint, decision text, user_id bigint, asset text, amount numeric, tx_hash bytea, out_ref text, operator_id bigint, public_key bytea, reason text, requested_at timestamp with time zone, outcome text, decided_by bigint
    core.deposit_address: chain text, address bytea, user_id bigint, xpub text, created_at timestamp with time zone
    core.deposit_log: id bigint, chain text, tx_hash bytea, out_ref text, status text, block_height bigint, block_hash bytea, credit_no bigint, clawback_no bigint, at timestamp with time zone, resolved_by bigint, resolution_reason text
    core.deposit_opening: chain text, asset text, address bytea, raw_amount numeric, block_height bigint, block_hash bytea
    core.journal: seq bigint, term bigint, first_command bigint, commands integer, at timestamp with time zone, prev_hash bytea, hash bytea, body bytea
    core.leader: singleton boolean, term bigint, at timestamp with time zone
    core.migration: version integer, applied_at timestamp with time zone
    core.opened_asset: chain text, asset text, block_height bigint, is_due boolean, opened_at timestamp with time zone
    core.operator_log: journal_seq bigint, position integer, at timestamp with time zone, operator_id bigint, public_key bytea, action text, subject text, detail text, reason text
    core.orphan_block: chain text, height bigint, hash bytea, parent_hash bytea, replaced_at timestamp with time zone
    core.payout_attempt: hash bytea, chain text, sender bytea, nonce bigint, kind text, priority_fee numeric, maximum_fee numeric, raw bytea, signed_height bigint, sent_height bigint, answer text, signed_at timestamp with time zone, sent_at timestamp with time zone
    core.payout_sender: chain text, sender bytea, first_nonce bigint, halted text, halted_at timestamp with time zone
    core.payout_slot: chain text, sender bytea, nonce bigint, purpose text, withdrawal_id bigint, destination bytea, value numeric, data bytea, gas_limit bigint, is_cancelled boolean, hold text, resolution text, outcome text, created_at timestamp with time zone, asked_kind text, asked_priority_fee numeric, asked_maximum_fee numeric, doubted_priority_fee numeric, doubted_maximum_fee numeric, resolved_hash bytea
    core.projection: singleton boolean, journal_seq bigint, event_index bigint, ledger_seq bigint
    core.sent_transaction: chain text, sender bytea, nonce bigint, hash bytea, is_success boolean, has_paid boolean, gas_cost numeric, block_height bigint, block_hash bytea, value numeric, recipient bytea
    core.snapshot: journal_seq bigint, part integer, parts integer, name text, hash bytea, body bytea
    core.solvency_check: chain text, made_at timestamp with time zone, report text, failures bigint, failed_at timestamp with time zone, failure text
    core.top_up: id bigint, chain text, address bytea, value numeric, operator_id bigint, requested_at timestamp with time zone, sender bytea, nonce bigint
    core.users: id bigint, name text, created_at timestamp with time zone
    core.venue_opening: chain text, asset text, own bytea, raw_amount numeric, block_height bigint, is_due boolean
    core.venue_transfer: chain text, tx_hash bytea, out_ref text, asset text, own bytea, other bytea, raw_amount numeric, block_height bigint, block_hash bytea
    core.withdrawal_approval: withdrawal_id bigint, operator_id bigint, public_key bytea, signature bytea, approved_at timestamp with time zone
    core.withdrawal_log: id bigint, withdrawal_id bigint, status text, tx_hash bytea, block_height bigint, reason text, at timestamp with time zone, decided_by bigint
    public.balance: user_id bigint, asset text, total numeric, free numeric, locked numeric, last_seq bigint
    public.balance_log: seq bigint, user_id bigint, asset text, delta numeric, free_delta numeric, locked_delta numeric, free_after numeric, locked_after numeric, type text, ref text, created_at timestamp with time zone, updated_at timestamp with time zone
    public.deposits: chain text, tx_hash bytea, out_ref text, user_id bigint, asset text, address bytea, block_height bigint, block_hash bytea, raw_amount numeric, credited numeric, dust numeric, status text, credit_no bigint, created_at timestamp with time zone, updated_at timestamp with time zone, id bigint, sender bytea, contract bytea, amount numeric, scale numeric, reason text, credited_seq bigint, clawback_no bigint, clawback_seq bigint, resolution text, resolved_by bigint, resolution_reason text
    public.scanned_blocks: chain text, height bigint, hash bytea, parent_hash bytea, scanned_at timestamp with time zone
    public.withdrawals: id bigint, user_id bigint, asset text, amount numeric, fee numeric, address bytea, chain text, tx_hash bytea, created_at timestamp with time zone, updated_at timestamp with time zone, client_id text, approvals_needed smallint, decision text, reason text, payment text, status text, block_height bigint, decided_by bigint
    """

  @Test func postgresHoldsNoTradeAndNoAuction() async throws {
    try await ExchangeProcess.with { exchange in
      try await exchange.start(["--no-demo", "--snapshot-commands", "200"])
      let load = CrashLoad(traders: 6, seed: 7)
      let admin = try exchange.client(try exchange.operatorSigner())
      try await load.register(exchange)
      for market in ["ETH-USDC", "BTC-USDC"] {
        _ = try await admin.changeMarket(
          market, MarketTermsChange(intervalMilliseconds: 100), reason: "many runs")
      }
      let deadline = ContinuousClock.now + .seconds(4)
      await load.run(try #require(exchange.api), round: 0) { ContinuousClock.now >= deadline }
      for market in ["ETH-USDC", "BTC-USDC"] {
        _ = try await admin.suspend(market, reason: "quiet")
      }
      try await wait("a snapshot") {
        try exchange.number("select count(*) from core.snapshot") > 0
      }
      try checkColumns(exchange)
      try checkBodies(exchange)
      try await checkDump(exchange)
    }
  }

  private func checkColumns(_ exchange: ExchangeProcess) throws {
    let connection = try PostgresConnection(exchange.database("uncross_owner"))
    let result = try connection.query(
      """
      select table_schema || '.' || table_name || ': '
        || string_agg(column_name || ' ' || data_type, ', ' order by ordinal_position)
      from information_schema.columns
      where table_schema not in ('pg_catalog', 'information_schema')
        and table_name not like 'balance\\_log\\_%'
      group by table_schema, table_name order by 1
      """, PostgresParameters())
    let found = (0..<result.rowCount).map { result.string($0, 0) }
    #expect(found == Self.allowed.split(separator: "\n").map(String.init))
  }

  /// Every body decodes as commands, or as the state of accounts, orders and counters; no other
  /// case exists.
  private func checkBodies(_ exchange: ExchangeProcess) throws {
    let store = try JournalStore(exchange.database("uncross_app"))
    var (groups, commands, after) = (0, 0, Int64(0))
    while true {
      let page = try store.groups(after: after)
      guard let last = page.last else { break }
      for group in page {
        groups += 1
        for command in try group.commands() {
          commands += 1
          // Exhaustive without a default: a new kind of command must be judged here.
          switch command {
          case .order(.place), .order(.amend), .order(.cancel), .order(.cancelAll),
            .schedule(.advanceTime), .schedule(.runAuction), .user(.answerKeyGrant),
            .user(.addPayoutAddress), .user(.removePayoutAddress), .deposit(.credit),
            .deposit(.clawBack), .withdrawal(.request), .withdrawal(.cancel), .withdrawal(.start),
            .withdrawal(.finish), .withdrawal(.fail), .venue(.configure), .venue(.activateRules):
            break
          case .operation(let action, _):
            switch action {
            case .createAsset, .createMarket, .changeMarket, .suspendMarket, .resumeMarket,
              .setReference, .registerUser, .registerKey, .approveKey, .refuseKey, .revokeKey,
              .setFrozen, .setOperatorDelay, .setOrderTerms, .adjustBalance, .approveAdjustment,
              .refuseAdjustment, .registerChain, .setAddressDelay, .setWithdrawalTerms,
              .approveWithdrawal, .rejectWithdrawal:
              break
            }
          }
        }
      }
      after = last.sequence
    }
    #expect(groups > 50 && commands > 500, "the load was too small to mean anything")
    for sequence in try store.snapshotSequences() {
      let snapshot = try #require(try store.snapshot(atOrBefore: sequence))
      let engine = try AuctionEngine(restoring: snapshot.engine)
      var again = ByteWriter()
      engine.writeSnapshot(to: &again)
      #expect(again.bytes == snapshot.engine, "a snapshot holds more than the state")
    }
  }

  /// No record of the tape is anywhere in a dump of the whole database.
  private func checkDump(_ exchange: ExchangeProcess) async throws {
    let dump = try await exchange.dump()
    #expect(dump.count > 10_000)
    var trades = 0
    for market in ["ETH-USDC", "BTC-USDC"] {
      try await wait("the tape of \(market)") {
        let head = try await exchange.edge("/v1/markets/\(market)/head")
        let records = try await exchange.edgeBytes(
          "/v1/markets/\(market)/records?after=0&limit=1000")
        return head["last"] as? String != "0" && !records.isEmpty
      }
      let frames = try await exchange.edgeBytes("/v1/markets/\(market)/records?after=0&limit=1000")
      for record in TapeFrames(frames) where record.first == 2 || record.first == 4 {
        trades += record.first == 2 ? 1 : 0
        let hex = record.map { String(format: "%02x", $0) }.joined()
        // Ids, time and price of a trade record; the whole of an auction record but its journal
        // anchor.
        let mark = String(hex.dropFirst(2).prefix(48))
        #expect(dump.range(of: Data(mark.utf8)) == nil, "a tape record is in the dump: \(mark)")
      }
    }
    #expect(trades > 5, "the load traded too little to mean anything")
  }
}

/// Payloads of a run of framed records (`docs/tape.md`).
struct TapeFrames: Sequence, IteratorProtocol {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { rest = bytes[...] }

  mutating func next() -> [UInt8]? {
    guard rest.count >= 4 else { return nil }
    let count = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
    defer { rest = rest.dropFirst(4 + count) }
    return Array(rest.dropFirst(4).prefix(count))
  }
}
