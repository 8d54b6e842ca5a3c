// The operators' log as a person reads it: each action once, with who, what and why, whatever broke
// in between.

import Auction
import Engine
import Foundation
import Postgres
import TestServers
import Testing

@testable import CoreFixture
@testable import Journal
@testable import Ledger

extension DatabaseTests {
  @Suite struct OperatorLogTests {
    private static func key(_ user: UInt8) throws -> PublicKey {
      try #require(PublicKey([UInt8](repeating: user, count: 32)))
    }

    /// The load's venue under rules 2, with operators 1 and 10 by the keys of their numbers.
    private static func genesis() throws -> [Command] {
      var commands = try Load.genesis().map { command -> Command in
        guard case .operation(let action, _) = command else { return command }
        return .operation(action, by: Authority(user: 0, reason: "load"))
      }
      // Before any balance, or the shorter delay would wait.
      commands.insert(
        contentsOf: [
          .venue(.activateRules(version: 2)), .operation(.setOperatorDelay(seconds: 0), by: .venue),
        ], at: 1)
      commands.append(.operation(.registerUser(name: "second"), by: .venue))
      for user in [UserID(1), 10] {
        commands.append(
          .operation(
            .registerKey(user: user, key: try key(UInt8(user)), role: .operator), by: .venue))
      }
      return commands
    }

    private static func by(_ user: UserID, _ reason: String) throws -> Authority {
      Authority(user: user, key: try key(UInt8(user)), reason: reason)
    }

    private static func acts() throws -> [Command] {
      let trader = try key(77)
      let adjustment = BalanceAdjustment(
        user: 3, asset: 0, amount: -1_500_000, requestID: try #require(ClientOrderID("fix")))
      return [
        .operation(.suspendMarket(0), by: try by(1, "odd prices; '\"\\ é")),
        .operation(.suspendMarket(0), by: try by(1, "again")),
        .operation(.resumeMarket(0), by: try by(10, "checked")),
        .operation(.setReference(market: 0, priceTicks: 2_100), by: try by(10, "moved")),
        .operation(
          .registerKey(user: 3, key: trader, role: .tradeOnly), by: try by(1, "a bot")),
        .operation(.adjustBalance(adjustment), by: try by(1, "too much")),
        .operation(.setFrozen(user: 4, frozen: true), by: try by(10, "stolen")),
        .operation(.revokeKey(try key(10)), by: try by(1, "left")),
      ]
    }

    private static let expected = [
      "1 revoke_key 10 'left'", "10 freeze 4 'stolen'", "1 adjust 3 'too much'",
      "1 request_key 3 'a bot'", "10 set_reference ETH-USDC 'moved'",
      "10 resume_market ETH-USDC 'checked'", "1 suspend_market ETH-USDC 'odd prices; '\"\\ é'",
    ]

    private func lines(_ rows: [OperatorLogRow]) -> [String] {
      rows.map { "\($0.operator) \($0.action) \($0.subject) '\($0.reason)'" }
    }

    private func log(_ database: TestDatabase) -> OperatorLog {
      OperatorLog(conninfo: database.app)
    }

    @Test func eachActionIsThereOnceWithItsReason() async throws {
      let database = try TestDatabase()
      var core = try Core(database)
      try #expect(core.submit(Self.genesis()).get().allSatisfy { $0.rejection == nil })
      for command in try Self.acts() { _ = try core.submit([command]).get() }
      #expect(core.projection.drain(withinSeconds: 30))
      let log = log(database)
      let mine = OperatorLogQuery(limit: 7)
      let rows = try #require(await log.rows(mine))
      #expect(lines(rows) == Self.expected)
      #expect(try rows.allSatisfy { $0.key == (try Self.key(UInt8($0.operator))) })
      #expect(rows.first { $0.action == "adjust" }?.detail.contains("amount=-1.5 USDC") == true)
      #expect(
        rows.first { $0.action == "request_key" }?.detail.contains("role=trade_only") == true)

      // Filtered, and page by page.
      let tens = try #require(await log.rows(OperatorLogQuery(operator: 10)))
      #expect(lines(tens) == Self.expected.filter { $0.hasPrefix("10 ") })
      let market = try #require(await log.rows(OperatorLogQuery(subject: "ETH-USDC", limit: 3)))
      #expect(lines(market) == Self.expected.filter { $0.contains("ETH-USDC") })
      let frozen = try #require(
        await log.rows(OperatorLogQuery(action: "freeze", subject: "4")))
      #expect(lines(frozen) == ["10 freeze 4 'stolen'"])
      var paged: [OperatorLogRow] = []
      while paged.count < 7 {
        let page = try #require(
          await log.rows(OperatorLogQuery(before: paged.last?.place, limit: 2)))
        paged += page
      }
      #expect(Array(paged.prefix(7)) == rows)

      // A start that projects again adds nothing.
      core.stop()
      let connection = try database.connect(database.owner)
      _ = try connection.query("update core.projection set journal_seq = journal_seq")
      core = try Core(database)
      _ = try core.submit([
        .operation(.resumeMarket(0), by: try Self.by(1, "nothing to resume"))
      ]).get()
      #expect(core.projection.drain(withinSeconds: 30))
      #expect(try #require(await log.rows(mine)) == rows)
      core.stop()
    }

    /// One group of many actions in many transactions: each comes once.
    @Test func aGroupInPiecesIsLoggedOnce() async throws {
      let database = try TestDatabase()
      let core = try Core(database, limits: .small(batchRows: 3))
      try #expect(core.submit(Self.genesis() + Self.acts()).get().count > 20)
      #expect(core.projection.drain(withinSeconds: 30))
      let rows = try #require(await log(database).rows(OperatorLogQuery(limit: 7)))
      #expect(lines(rows) == Self.expected)
      core.stop()
    }

    @Test func nobodyChangesIt() throws {
      let database = try TestDatabase()
      let core = try Core(database)
      try #expect(core.submit(Self.genesis() + Self.acts()).get().count > 20)
      #expect(core.projection.drain(withinSeconds: 30))
      core.stop()
      for statement in [
        "update core.operator_log set reason = ''", "delete from core.operator_log",
        "truncate core.operator_log",
      ] {
        for login in [database.app, database.owner] {
          #expect(throws: PostgresError.self, "\(statement)") {
            try database.connect(login).query(statement)
          }
        }
      }
    }

    /// What a database of before has of custody's decisions: it comes last, without a key.
    @Test func decisionsOfBeforeAreKept() async throws {
      let database = try TestDatabase()
      let owner = try database.connect(database.owner)
      try owner.execute(
        """
        begin;
        drop table core.custody_decision, core.custody_proposal;
        create table core.payout_decision(
          id bigint generated always as identity primary key, chain text not null,
          sender bytea not null, nonce bigint, operator_id bigint not null, decision text not null,
          reason text not null, at timestamptz not null default now());
        insert into core.payout_decision(chain, sender, nonce, operator_id, decision, reason, at)
        values ('dev', '\\x01ab', null, 1, 'resume', 'seen', '2026-01-01'),
          ('dev', '\\x01ab', 7, 2, 'reverted', 'no log', '2026-01-03');
        insert into public.deposits(chain, tx_hash, out_ref, user_id, asset, address, sender,
          block_height, block_hash, raw_amount, amount, dust, scale, status, reason, created_at,
          updated_at)
        values ('dev', '\\x01', 'l0', 5, 'ETH', '\\x02', '\\x03', 1, '\\x04', 9, 9, 0, 1, 'review',
          '', now(), now());
        update public.deposits set status = 'rejected', resolution = 'reject', resolved_by = 3,
          resolution_reason = 'not ours';
        commit
        """)
      try owner.execute(Migrations.custodyDecisions)
      let rows = try #require(await log(database).rows(OperatorLogQuery()))
      #expect(
        lines(rows) == [
          "3 reject_deposit 5 'not ours'", "2 resolve_payout dev 'no log'",
          "1 resume_payouts dev 'seen'",
        ])
      #expect(rows.allSatisfy { $0.key == nil && $0.place.journalSequence == 0 })
      #expect(rows[1].detail == "sender=0x01ab nonce=7 outcome=reverted")
    }
  }
}
