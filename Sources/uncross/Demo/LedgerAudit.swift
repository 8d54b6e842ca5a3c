// Reads the ledger as an auditor and holds it against the tape: one transaction, on a thread of its
// own.

internal import Client
internal import Formats
internal import Postgres

/// What the ledger says.
struct LedgerFigures: Sendable {
  struct Account: Sendable, Hashable {
    var user: Int64
    var asset: String
  }

  struct Amounts: Sendable, Equatable {
    var free: Int128
    var locked: Int128
  }

  var users: [(id: Int64, name: String)] = []
  var accounts: [Account: Amounts] = [:]
  var entries: Int64 = 0
  /// By market.
  var trades: [String: (count: Int, volume: Int128, amount: Int128)] = [:]
  var differences: [String] = []
}

struct LedgerAudit: Sendable {
  /// A libpq connection string of a role that may read.
  let conninfo: String
  let tapes: [TapeContent]

  /// Rows of one fetch.
  private static let pageRows = 10_000

  func run() async throws -> LedgerFigures {
    do throws(PostgresError) {
      return try await OwnerThread.run(name: "ledger-audit") { () throws(PostgresError) in
        try read()
      }
    } catch {
      throw VerbFailure("the ledger cannot be read: \(error)", status: VerbFailure.unavailable)
    }
  }

  private func read() throws(PostgresError) -> LedgerFigures {
    let connection = try PostgresConnection(conninfo)
    var figures = LedgerFigures()
    // One snapshot for all statements.
    try connection.execute("begin isolation level repeatable read read only")
    try readEntries(connection, &figures)
    try readUsers(connection, &figures)
    try readAccounts(connection, &figures)
    try readAssets(connection, &figures)
    for tape in tapes { try compareTrades(tape, connection, &figures) }
    try connection.execute("commit")
    return figures
  }

  private func readEntries(
    _ connection: borrowing PostgresConnection, _ figures: inout LedgerFigures
  ) throws(PostgresError) {
    let result = try connection.query(
      "select count(*), coalesce(min(seq), 1), coalesce(max(seq), 0) from public.balance_log",
      PostgresParameters())
    let (count, first, last) = (result.int64(0, 0), result.int64(0, 1), result.int64(0, 2))
    figures.entries = count
    if first != 1 || last != count {
      figures.differences.append(
        "ledger: \(count) entries are numbered \(first) to \(last)")
    }
  }

  private func readUsers(
    _ connection: borrowing PostgresConnection, _ figures: inout LedgerFigures
  ) throws(PostgresError) {
    let result = try connection.query(
      "select id, name from core.users order by id", PostgresParameters())
    for row in 0..<result.rowCount {
      figures.users.append((id: result.int64(row, 0), name: result.string(row, 1)))
    }
  }

  /// Each account's balance must be the sum of its entries and the last of them.
  private func readAccounts(
    _ connection: borrowing PostgresConnection, _ figures: inout LedgerFigures
  ) throws(PostgresError) {
    let result = try connection.query(
      """
      select coalesce(b.user_id, l.user_id), coalesce(b.asset, l.asset),
        coalesce(b.free, 0), coalesce(b.locked, 0), coalesce(b.total, 0),
        coalesce(l.free, 0), coalesce(l.locked, 0), coalesce(l.total, 0),
        coalesce(b.last_seq, 0), coalesce(l.last_seq, 0)
      from public.balance b
      full join (
        select user_id, asset, sum(free_delta) as free, sum(locked_delta) as locked,
          sum(delta) as total, max(seq) as last_seq
        from public.balance_log group by user_id, asset) l
      on b.user_id = l.user_id and b.asset = l.asset
      """, PostgresParameters())
    for row in 0..<result.rowCount {
      let account = LedgerFigures.Account(
        user: result.int64(row, 0), asset: result.string(row, 1))
      let balance = (2...4).map { result.numeric(row, $0) }
      let sums = (5...7).map { result.numeric(row, $0) }
      figures.accounts[account] = LedgerFigures.Amounts(free: balance[0], locked: balance[1])
      if balance != sums || result.int64(row, 8) != result.int64(row, 9) {
        figures.differences.append(
          "ledger: user \(account.user) \(account.asset): balance (free, locked, total)"
            + " \(balance), sum of entries \(sums)")
      }
    }
  }

  /// Trades and fees only move what is there.
  private func readAssets(
    _ connection: borrowing PostgresConnection, _ figures: inout LedgerFigures
  ) throws(PostgresError) {
    let result = try connection.query(
      """
      select asset, type, sum(delta) from public.balance_log
      where type in ('TRADE', 'FEE', 'LOCK', 'UNLOCK') group by asset, type having sum(delta) <> 0
      """, PostgresParameters())
    // Fees of a market are several users' and the venue's: they too must sum to nothing.
    for row in 0..<result.rowCount {
      figures.differences.append(
        "ledger: all \(result.string(row, 1)) entries in \(result.string(row, 0)) sum to"
          + " \(result.numeric(row, 2)) instead of 0")
    }
  }

  // MARK: Trades

  /// A trade's entries of one asset.
  private struct Side {
    var trade: Int64
    var asset: String
    var entries: Int64
    var sum: Int128
    var received: Int128
  }

  /// Each trade of the tape must be four entries of the ledger, and each such entry a trade of the
  /// tape.
  private func compareTrades(
    _ tape: TapeContent, _ connection: borrowing PostgresConnection,
    _ figures: inout LedgerFigures
  ) throws(PostgresError) {
    let isPlain = tape.market.utf8.allSatisfy { byte in
      (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
    }
    precondition(isPlain, "a market's symbol that is none")
    try connection.execute(
      """
      declare trades no scroll cursor for
      select split_part(ref, ':', 2)::int8, asset, count(*), sum(delta),
        coalesce(sum(delta) filter (where delta > 0), 0)
      from public.balance_log where type = 'TRADE' and split_part(ref, ':', 1) = '\(tape.market)'
      group by 1, 2 order by 1, asset = '\(tape.quote)'
      """)
    var count = 0
    var (volume, amount): (Int128, Int128) = (0, 0)
    var base: Side?
    while true {
      let page = try connection.query(
        "fetch \(Self.pageRows) from trades", PostgresParameters())
      if page.rowCount == 0 { break }
      for row in 0..<page.rowCount {
        let side = Side(
          trade: page.int64(row, 0), asset: page.string(row, 1), entries: page.int64(row, 2),
          sum: page.numeric(row, 3), received: page.numeric(row, 4))
        // The base side of a trade comes before its quote side.
        guard let first = base else {
          base = side
          continue
        }
        base = nil
        count += 1
        volume = volume.saturatingSum(first.received)
        amount = amount.saturatingSum(side.received)
        if let difference = difference(first, side, count, tape) {
          figures.differences.append(difference)
        }
      }
    }
    try connection.execute("close trades")
    if base != nil || count != tape.trades.count {
      figures.differences.append(
        "\(tape.market): the ledger has \(count) trades, the tape \(tape.trades.count)")
    }
    figures.trades[tape.market] = (count, volume, amount)
  }

  private func difference(
    _ base: Side, _ quote: Side, _ number: Int, _ tape: TapeContent
  ) -> String? {
    let name = "\(tape.market): trade \(base.trade)"
    guard base.trade == Int64(number), quote.trade == base.trade, base.asset == tape.base,
      quote.asset == tape.quote, base.entries == 2, quote.entries == 2, base.sum == 0,
      quote.sum == 0
    else { return "\(name) is not the four entries of trade \(number) in the ledger" }
    guard number <= tape.trades.count else { return "\(name) is in the ledger, not on the tape" }
    let trade = tape.trades[number - 1]
    guard base.received == trade.quantity, quote.received == trade.amount else {
      return "\(name): the ledger has \(base.received) for \(quote.received), the tape"
        + " \(trade.quantity) for \(trade.amount) atoms"
    }
    return nil
  }
}
