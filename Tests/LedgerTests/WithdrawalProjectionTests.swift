// Withdrawals as the auditor finds them: each once, with every step, whatever broke in between.

import Auction
import Embedded
import Engine
import Foundation
import Glibc
import Postgres
import TestServers
import Testing

@testable import CoreFixture
@testable import Journal
@testable import Ledger

extension DatabaseTests {
  @Suite struct WithdrawalProjectionTests {
    static let address = PayoutAddress([UInt8](repeating: 7, count: 20))

    /// The load's venue with a chain and terms; users 1, 3 and 4 are operators by the keys of their
    /// numbers.
    private static func genesis() throws -> [Command] {
      var commands: [Command] = try Load.genesis()
      commands += [
        .operation(.registerChain(name: "dev"), by: .venue),
        .operation(.setAddressDelay(chain: 0, seconds: 0), by: Authority(user: 1)),
        .operation(
          .setWithdrawalTerms(
            WithdrawalTerms(
              asset: 0, chain: 0, minimum: 1, fee: 3, userDayLimit: 1 << 118,
              venueDayLimit: 1 << 119,
              approvalAbove: 1 << 90, approvals: 2)), by: Authority(user: 1)),
      ]
      for user in UserID(2)...3 {
        commands.append(
          .user(
            .addPayoutAddress(
              PayoutAddressAddition(user: user, chain: 0, address: address, label: ""))))
      }
      for user in [1, 3, 4] as [UserID] {
        commands.append(
          .operation(.registerKey(user: user, key: try key(user), role: .operator), by: .venue))
      }
      return commands
    }

    private static func key(_ user: UserID) throws -> PublicKey {
      try #require(PublicKey([UInt8](repeating: UInt8(user), count: 32)))
    }

    private static func request(_ user: UserID, _ amount: Int128, _ id: String) throws -> Command {
      .withdrawal(
        .request(
          WithdrawalRequest(
            user: user, asset: 0, amount: amount, address: address,
            clientID: try #require(ClientOrderID(id)))))
    }

    private static func approve(_ id: Int64, _ amount: Int128, by user: UserID) throws -> Command {
      WithdrawalApproval(
        id: id, operator: user, key: try key(user), user: 2, asset: 0, amount: amount, fee: 3,
        address: address, signature: [UInt8](repeating: UInt8(user), count: 64)
      ).command
    }

    /// A number of each fate; the commands of one come one after another. The ids count from
    /// `first`. User 2's need approvals, user 3's do not.
    private static func fates(_ count: Int, first: Int64 = 1) throws -> [Command] {
      var commands: [Command] = []
      for id in first..<first + Int64(count) {
        let user: UserID = id % 3 == 0 ? 2 : 3
        let amount: Int128 = user == 2 ? 1 << 91 : Int128(id)
        commands.append(try request(user, amount, "w-\(id)"))
        if user == 2 {
          for user in [1, 3] as [UserID] { commands.append(try approve(id, amount, by: user)) }
        }
        switch id % 5 {
        case 0: commands.append(.withdrawal(.cancel(user: user, id: id)))
        case 1:
          commands.append(
            .operation(.rejectWithdrawal(id: id), by: Authority(user: 1, reason: "caf\u{e9} \(id)"))
          )
        case 2: commands += [.withdrawal(.start(id: id)), .withdrawal(.finish(id: id))]
        case 3:
          commands += [.withdrawal(.start(id: id)), .withdrawal(.fail(id: id, isCancelled: false))]
        default: commands.append(.withdrawal(.start(id: id)))
        }
      }
      return commands
    }

    // MARK: What is there

    private static let rows = """
      select concat_ws(' ', id, user_id, asset, amount, fee, encode(address, 'hex'), chain,
        client_id, approvals_needed, decision, status, quote_literal(reason),
        coalesce(decided_by::text, 'nobody'), payment,
        extract(epoch from created_at) * 1000000, extract(epoch from updated_at) * 1000000)
      from public.withdrawals order by id
      """
    private static let steps = """
      select withdrawal_id || ': '
        || string_agg(concat_ws(' by ', status, decided_by), ', ' order by id)
      from core.withdrawal_log group by withdrawal_id order by withdrawal_id
      """
    private static let approvals = """
      select concat_ws(' ', withdrawal_id, operator_id, encode(public_key, 'hex'),
        encode(signature, 'hex'), extract(epoch from approved_at) * 1000000)
      from core.withdrawal_approval order by withdrawal_id, operator_id
      """

    private func lines(_ database: TestDatabase, _ sql: String) throws -> [String] {
      let result = try database.connect(database.audit).query(sql)
      return (0..<result.rowCount).map { result.string($0, 0) }
    }

    /// What the engine's events say that must be there.
    private struct Expected {
      var rows: [String] = []
      var steps: [String] = []
      var approvals: [String] = []

      private struct Known {
        var asked: Withdrawal
        var steps: [String]
        var by = "nobody"
        var reason = ""
        var time: Microseconds
      }

      init(_ events: some Sequence<WithdrawalEvent>) {
        var known: [Known] = []
        for event in events {
          switch event {
          case .requested(let asked):
            known.append(Known(asked: asked, steps: [asked.status.name], time: asked.requestedAt))
          case .changed(let id, let status, let by, let reason, let time):
            var now = known[Int(id) - 1]
            now.asked.status = status
            now.steps.append("\(status.name) by \(by)")
            (now.by, now.reason, now.time) = ("\(by)", reason, time)
            known[Int(id) - 1] = now
          case .approved(let approval, let time):
            approvals.append(
              "\(approval.id) \(approval.operator) \(Self.hex(approval.key.bytes)) "
                + "\(Self.hex(approval.signature)) \(time).000000")
          }
        }
        for known in known {
          let (asked, status) = (known.asked, known.asked.status.name)
          rows.append(
            "\(asked.id) \(asked.user) USDC \(asked.amount) \(asked.fee) "
              + "\(Self.hex(asked.address.bytes)) dev \(asked.clientID) \(asked.approvalsNeeded) "
              + "\(status) \(status) '\(known.reason)' \(known.by) "
              + "\(asked.requestedAt).000000 \(known.time).000000")
          steps.append("\(asked.id): \(known.steps.joined(separator: ", "))")
        }
      }

      private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
      }
    }

    private func check(_ database: TestDatabase, _ events: some Sequence<WithdrawalEvent>) throws {
      let expected = Expected(events)
      #expect(try lines(database, Self.rows) == expected.rows)
      #expect(try lines(database, Self.steps) == expected.steps)
      #expect(try lines(database, Self.approvals) == expected.approvals)
    }

    /// All that happened, from the journal.
    private func replayed(_ database: TestDatabase) throws -> [WithdrawalEvent] {
      var events: [WithdrawalEvent] = []
      var replay = try Replay(from: nil)
      try replay.run(JournalStore(database.audit)) { _, engine in
        events += engine.effects.withdrawals
        return true
      }
      return events
    }

    // MARK: The tests

    @Test func eachIsThereWithItsSteps() throws {
      let database = try TestDatabase()
      var core = try Core(database)
      try #expect(core.submit(Self.genesis()).get().allSatisfy { $0.rejection == nil })
      // In groups of one command, and all in one.
      for command in try Self.fates(15) {
        try #expect(core.submit([command]).get()[0].rejection == nil, "\(command)")
      }
      try #expect(core.submit(Self.fates(15, first: 16)).get().allSatisfy { $0.rejection == nil })
      #expect(core.projection.drain(withinSeconds: 30))
      let events = try replayed(database)
      try check(database, events)
      let steps = Expected(events).steps
      #expect(
        [
          "2: approved, started by 0, confirmed by 0",
          "3: requested, approved by 3, started by 0, reverted by 0",
          "5: approved, cancelled by 3", "6: requested, approved by 3, rejected by 1",
          "9: requested, approved by 3, started by 0",
        ].allSatisfy { steps.contains($0) })
      #expect(
        try lines(
          database,
          """
          select concat_ws(' ', user_id, type, ref, free_delta, locked_delta)
          from public.balance_log where ref = 'dev:withdrawal:2' order by seq
          """) == [
            "3 LOCK dev:withdrawal:2 -5 5", "3 WITHDRAWAL dev:withdrawal:2 0 -2",
            "3 FEE dev:withdrawal:2 0 -3", "0 FEE dev:withdrawal:2 3 0",
          ])
      let statement = try core.ledger(LedgerQuery(user: 3, asset: 0, type: .withdrawal)).rows
      #expect(
        statement.last?.entry.reference == .withdrawal(2, on: 0))
      core.stop()
      // A restart changes nothing.
      core = try Core(database)
      #expect(core.projection.drain(withinSeconds: 30) && core.halts.all.isEmpty)
      core.stop()
      try check(database, events)
      try Books(database: database).check()
    }

    /// The process ends in the middle of a giant group; the next gets all of it again.
    @Test(arguments: [1, 2, 5, 9]) func aGroupComesAgainFromItsMiddle(transactions: Int) throws {
      let database = try TestDatabase()
      _ = try database.connect(database.app).query("select core.raise_term()")
      var engine = AuctionEngine()
      var segments: [LedgerProjection.Segment] = []
      let time: Command = .schedule(.advanceTime(1_790_000_000_000_000))
      for commands in [
        try [time] + Self.genesis(), try Self.fates(60), try Self.fates(10, first: 61),
      ] {
        for command in commands { #expect(engine.apply(command).rejection == nil, "\(command)") }
        segments.append(
          LedgerProjection.Segment(
            journalSequence: Int64(segments.count) + 1, engine.effects))
        engine.effects.removeAll()
      }
      let events = segments.flatMap { Array($0.withdrawals) }
      let halts = Core.Halts()
      func project(until last: UInt64?) throws {
        var limits = LedgerProjection.Limits()
        (limits.batchRows, limits.partitionRows) = (13, 64)
        let projection = LedgerProjection(
          conninfo: database.app, watermark: try Watermark.read(database.app), limits: limits,
          term: { 1 }, onHalt: { halts.note($0) })
        for segment in segments {
          var segment = segment
          // What is beyond the last is not known to this process.
          let isLast = segment.journalSequence == 2 && last != nil
          if isLast, let last {
            segment.entries = segment.entries.prefix(Int(last)).reduce(into: []) { $0.append($1) }
          }
          projection.enqueue(segment)
          if isLast { break }
        }
        projection.start()
        #expect(projection.drain(withinSeconds: 30))
        projection.stop()
      }
      try project(until: UInt64(transactions * 13))
      #expect(
        try database.number("select event_index from core.projection") == Int64(transactions * 13))
      let half = try lines(database, Self.rows)
      #expect(half.count == 60)
      // The sender and the chain know more of the first by now: it stays.
      try database.connect(database.app).execute(
        "update public.withdrawals set payment = 'broadcast', tx_hash = '\\x01' where id = 4")
      for _ in 0..<2 { try project(until: nil) }
      #expect(halts.all.isEmpty, "\(halts.all)")
      #expect(
        try database.number(
          "select count(*) from public.withdrawals where id = 4 and status = 'broadcast'") == 1)
      try database.forge(
        """
        update public.withdrawals set payment = null, tx_hash = null where id = 4;
        delete from core.withdrawal_log where withdrawal_id = 4 and status = 'broadcast'
        """)
      try check(database, events)
    }

    /// What the engine decides about one that the ledger does not have is a divergence.
    @Test func aMissingRowIsADivergence() throws {
      let database = try TestDatabase()
      let core = try Core(database)
      try #expect(core.submit(Self.genesis()).get().allSatisfy { $0.rejection == nil })
      try #expect(core.submit([Self.request(2, 5, "a")]).get()[0].rejection == nil)
      #expect(core.projection.drain(withinSeconds: 30))
      try database.forge("delete from public.withdrawals")
      core.submit([.withdrawal(.start(id: 1))])
      #expect(eventually { !core.halts.all.isEmpty })
      #expect(
        core.halts.all.first?.hasPrefix("ledger_divergence: withdrawals to change") == true,
        "\(core.halts.all)")
      core.stop(withinSeconds: 0.1)
    }

    @Test func aKilledServerLosesNoStep() throws {
      try SharedCluster.own { try killServer() }
    }

    private func killServer() throws {
      let database = try TestDatabase()
      let core = try Core(database, limits: .small(batchRows: 7, partitionRows: 64))
      try #expect(core.submit(Self.genesis()).get().allSatisfy { $0.rejection == nil })
      var first: Int64 = 1
      for round in 0..<4 {
        for command in try Self.fates(10, first: first) {
          // Sent until it is answered: what was applied says so, by id or by its status.
          let isAnswered = eventually {
            (try? core.submit([command]).get()) != nil
          }
          #expect(isAnswered, "\(command)")
        }
        first += 10
        if round == 3 { break }
        let pid = try #require(database.cluster.postmasterPID)
        #expect(kill(pid, SIGKILL) == 0)
        let isBack = eventually {
          database.cluster.postmasterPID.map { $0 != pid } == true
            && (try? database.number("select 1")) == 1
        }
        #expect(isBack)
      }
      #expect(core.projection.drain(withinSeconds: 60))
      #expect(core.halts.all.isEmpty, "\(core.halts.all)")
      core.stop()
      let events = try replayed(database)
      #expect(Expected(events).rows.count == 40)
      try check(database, events)
      try Books(database: database).check()
    }
  }
}
