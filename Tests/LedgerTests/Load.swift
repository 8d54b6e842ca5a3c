// Traders on threads of their own, and the proof of the books afterwards.

import Auction
import Engine
import Foundation
import Postgres
import SeededNumbers
import Synchronization
import TestServers
import Testing

@testable import CoreFixture
@testable import Journal

enum Load {
  static let traders: UInt32 = 8
  /// Orders that were acknowledged: what must be found again after anything.
  struct Acknowledged: Sendable {
    var user: UserID
    var clientOrderID: ClientOrderID
    var id: OrderID
  }

  /// A venue with one market that runs often, and funded traders 2, 3, ...
  static func genesis(interval: Int64 = 20, fee: UInt16 = 10) throws -> [Command] {
    var commands: [Command] = [
      .venue(.configure(VenueConfiguration(seed: 5, secondSeed: 6))),
      .operation(
        .createAsset(AssetDefinition(code: "USDC", decimals: 6, adjustmentLimit: 1 << 119)),
        by: .venue),
      .operation(
        .createAsset(AssetDefinition(code: "ETH", decimals: 18, adjustmentLimit: 1 << 119)),
        by: .venue),
      .operation(
        .createMarket(
          MarketDefinition(
            symbol: "ETH-USDC", base: 1, quote: 0, tickAtoms: 10_000,
            lotAtoms: 100_000_000_000_000,
            terms: MarketTerms(
              intervalMilliseconds: interval, bandBasisPoints: 0, buyFeeBasisPoints: fee,
              sellFeeBasisPoints: fee, minimumNotional: 0, maximumOpenOrders: 10_000),
            listingPriceTicks: 2_000)), by: .venue),
      .operation(.registerUser(name: "operator"), by: .venue),
    ]
    for trader in 2..<2 + traders {
      commands.append(.operation(.registerUser(name: "trader-\(trader)"), by: .venue))
      // Far beyond 64 bits in both assets.
      for (asset, amount) in [(AssetID(0), Int128(1) << 100), (1, Int128(1) << 110)] {
        commands.append(try fund(trader, asset, amount, "fund-\(trader)-\(asset)"))
      }
    }
    return commands
  }

  static func fund(
    _ user: UserID, _ asset: AssetID, _ amount: Int128, _ request: String
  ) throws -> Command {
    .operation(
      .adjustBalance(
        BalanceAdjustment(
          user: user, asset: asset, amount: amount, requestID: try #require(ClientOrderID(request)))
      ), by: Authority(user: 1, reason: "test"))
  }

  /// Each trader sends batches one after another from a thread of its own and sends again what was
  /// refused or whose outcome is unknown, under the same names. Returns when all are done.
  static func run(
    _ core: Core, seed: UInt64, batches: Int, from round: Int = 0,
    patience seconds: Double = 60
  ) -> [Acknowledged] {
    let acknowledged = Mutex<[Acknowledged]>([])
    let group = DispatchGroup()
    for trader in 2..<2 + traders {
      group.enter()
      Thread.detachNewThread {
        let own = trade(
          core, trader, SeededNumbers(seed &* 1_000 &+ UInt64(trader)), round..<round + batches,
          Date(timeIntervalSinceNow: seconds))
        acknowledged.withLock { $0 += own }
        group.leave()
      }
    }
    group.wait()
    return acknowledged.withLock { $0 }
  }

  private static func trade(
    _ core: Core, _ trader: UserID, _ seeded: SeededNumbers, _ rounds: Range<Int>, _ deadline: Date
  ) -> [Acknowledged] {
    var numbers = seeded
    var acknowledged: [Acknowledged] = []
    for round in rounds {
      let commands = batch(&numbers, trader, round, acknowledged)
      var answered: [Reply] = []
      // Refused or lost, the same names go again: what was applied is not applied twice.
      _ = eventually(within: deadline.timeIntervalSinceNow) {
        guard case .success(let replies) = core.submit(commands) else { return false }
        answered = replies
        return true
      }
      #expect(answered.isEmpty || answered.count == commands.count)
      for (command, reply) in zip(commands, answered) {
        guard case .order(.place(let order)) = command, reply.rejection == nil else { continue }
        acknowledged.append(
          Acknowledged(user: trader, clientOrderID: order.clientOrderID, id: reply.id))
      }
    }
    return acknowledged
  }

  private static func batch(
    _ numbers: inout SeededNumbers, _ trader: UserID, _ round: Int, _ known: [Acknowledged]
  ) -> [Command] {
    (0..<1 + numbers.below(6)).compactMap { place in
      if numbers.once(in: 6), !known.isEmpty {
        return .order(.cancel(CancelOrder(user: trader, order: numbers.pick(known).id)))
      }
      if numbers.once(in: 40) { return .order(.cancelAll(user: trader, market: nil)) }
      return ClientOrderID("o-\(trader)-\(round)-\(place)").map {
        .order(
          .place(
            PlaceOrder(
              user: trader, market: 0, side: numbers.once(in: 2) ? .buy : .sell,
              limitTicks: 1_990 + Int64(numbers.below(20)),
              lots: 1 + Int64(numbers.below(1_000)) << Int64(numbers.pick([0, 20])),
              clientOrderID: $0)))
      }
    }
  }
}

/// What an auditor asks, and what a replay answers: both must agree on every atom.
struct Books {
  let database: TestDatabase

  /// - Parameter acknowledged: orders that clients were told of.
  func check(acknowledged: [Load.Acknowledged] = [], stateHash: [UInt8]? = nil) throws {
    let store = try JournalStore(database.audit)
    var replay = try Replay(from: nil)
    try replay.run(store)
    #expect(try store.head() == replay.head)
    if let stateHash { #expect(Journal.stateHash(replay.engine) == stateHash) }
    for order in acknowledged {
      let found = replay.engine.order(order.user, order.clientOrderID)
      #expect(found?.id == order.id, "acknowledged \(order.clientOrderID) is lost")
    }
    try checkBalances(replay.engine)
    try checkLog(replay.engine)
  }

  private struct Row: Equatable {
    var free: Int128
    var locked: Int128
    var lastEntry: UInt64
  }

  private func checkBalances(_ engine: borrowing AuctionEngine) throws {
    var expected: [String: Row] = [:]
    engine.forEachBalance { user, balance, lastEntry in
      if lastEntry == 0 { return }
      expected["\(user) \(engine.asset(balance.asset).code)"] = Row(
        free: balance.free, locked: balance.locked, lastEntry: lastEntry)
    }
    let connection = try database.connect(database.audit)
    let result = try connection.query(
      "select user_id, asset, free, locked, last_seq, total from public.balance")
    var found: [String: Row] = [:]
    for row in 0..<result.rowCount {
      let balance = Row(
        free: result.numeric(row, 2), locked: result.numeric(row, 3),
        lastEntry: UInt64(result.int64(row, 4)))
      #expect(balance.free + balance.locked == result.numeric(row, 5))
      found["\(result.int64(row, 0)) \(result.string(row, 1))"] = balance
    }
    #expect(found == expected)
  }

  /// Each of these queries gives no row, or the number that the engine has.
  private func checkLog(_ engine: borrowing AuctionEngine) throws {
    let connection = try database.connect(database.audit)
    for (name, sql) in Self.emptyQueries {
      #expect(try connection.query(sql).rowCount == 0, "\(name)")
    }
    let counts = try connection.query(
      """
      select count(*), coalesce(max(seq), 0), (select ledger_seq from core.projection),
        (select count(*) from core.users) from public.balance_log
      """)
    let entries = Int64(engine.entryCount)
    #expect((0..<3).map { counts.int64(0, $0) } == [entries, entries, entries])
    #expect(counts.int64(0, 3) == Int64(engine.userCount))
    let issued = try connection.query(
      """
      select asset, sum(delta) filter (where type in ('ADJUSTMENT', 'DEPOSIT', 'CLAWBACK',
        'WITHDRAWAL')), sum(delta)
      from public.balance_log group by asset
      """)
    for row in 0..<issued.rowCount {
      let asset = engine.asset(named: issued.string(row, 0))
      let expected = try engine.issued(#require(asset))
      #expect(issued.numeric(row, 1) == expected)
      #expect(issued.numeric(row, 2) == expected)
    }
  }

  private static let emptyQueries = [
    (
      "balance is the sum of its log",
      """
      select user_id, asset from public.balance b full join (
        select user_id, asset, sum(delta) d, sum(free_delta) f, sum(locked_delta) l, max(seq) s
        from public.balance_log group by 1, 2) x using (user_id, asset)
      where (b.total, b.free, b.locked, b.last_seq) is distinct from (x.d, x.f, x.l, x.s)
      """
    ),
    (
      "each row follows the one before",
      """
      select seq from (select *, lag(free_after, 1, 0) over w pf, lag(locked_after, 1, 0) over w pl
        from public.balance_log window w as (partition by user_id, asset order by seq)) x
      where free_after <> pf + free_delta or locked_after <> pl + locked_delta
        or delta <> free_delta + locked_delta or free_after < 0 or locked_after < 0
        or created_at <> updated_at
      """
    ),
    (
      "a trade moves nothing in or out",
      """
      select ref, asset from public.balance_log where type = 'TRADE'
      group by 1, 2 having sum(delta) <> 0 or count(*) <> 2
      """
    ),
    (
      "fees go to the venue",
      "select asset from public.balance_log where type = 'FEE' group by 1 having sum(delta) <> 0"
    ),
    (
      "locks move nothing",
      "select seq from public.balance_log where type in ('LOCK', 'UNLOCK') and delta <> 0"
    ),
  ]
}
