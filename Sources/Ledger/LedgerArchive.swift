// Users' rows in closed partitions: pages by index, so many partitions and rows at most.

internal import Engine
internal import Postgres

/// Reads a user's rows from the database, newest partition first. Its connection is its own.
///
/// A closed partition has the indexes (user_id, asset, seq) and (user_id, type, seq). Each
/// statement asks for the order of one of them in a range that only it can serve, so the planner
/// has no other way: the one by `seq` alone walks all users' rows.
struct LedgerArchive: ~Copyable {
  /// Partitions that one page may look into, at a third of a millisecond each.
  static let maximumPartitions = 64
  /// Rows that a page with two filters may look at in a partition: the index serves one of them.
  static let maximumLooks = 10_000
  /// Longer takes only a statement on a partition that lacks its index yet; the others wait for it.
  private static let timeoutSeconds = 10

  static let columns = """
    seq, user_id, asset, free_delta, locked_delta, free_after, locked_after, type, ref, created_at
    """

  private let conninfo: String
  private let partitionRows: UInt64
  private var connection: PostgresConnection?

  init(conninfo: String, partitionRows: UInt64) {
    self.conninfo = conninfo
    self.partitionRows = partitionRows
  }

  /// Rows before `query.before`; all of that are in closed partitions.
  mutating func page(
    _ query: LedgerQuery, _ names: LedgerNames
  ) throws(PostgresError) -> LedgerQuery.Page {
    // An asset so new that this ledger has no entry of it.
    if let asset = query.asset, Int(asset) >= names.assets.count {
      return LedgerQuery.Page(rows: [], next: nil)
    }
    do throws(PostgresError) {
      if connection?.isAlive != true {
        connection = nil
        let made = try PostgresConnection(conninfo)
        try made.execute("set statement_timeout = '\(Self.timeoutSeconds)s'")
        connection = consume made
      }
      return try pages(query, names)
    } catch {
      if error.isConnectionLoss { connection = nil }
      throw error
    }
  }

  private func pages(
    _ query: LedgerQuery, _ names: LedgerNames
  ) throws(PostgresError) -> LedgerQuery.Page {
    guard var before = query.before else { preconditionFailure("the archive ends somewhere") }
    var page = LedgerQuery.Page(rows: [], next: nil)
    for _ in 0..<Self.maximumPartitions {
      guard before > 1 else { return page }
      let start = (before - 2) / partitionRows * partitionRows + 1
      var range = Range(start: start, end: before)
      if query.asset != nil, query.type != nil { range.start = try floor(query, range) }
      var rest = query
      rest.limit -= page.rows.count
      page.rows += try rows(rest, range, names)
      if page.rows.count == query.limit {
        page.next = page.rows.last.flatMap { $0.sequence > 1 ? $0.sequence : nil }
        return page
      }
      before = range.start
      // So many looks are a page's worth, as short as it may be.
      if range.start > start { break }
    }
    page.next = before > 1 ? before : nil
    return page
  }

  /// Sequences of one partition, the end exclusive.
  struct Range {
    var start: UInt64
    var end: UInt64
  }

  /// The range's start, or where the rows of the type become too many to look at in one page.
  private func floor(_ query: LedgerQuery, _ range: Range) throws(PostgresError) -> UInt64 {
    guard let type = query.type else { return range.start }
    let statement = Self.floorStatement(query, range, type)
    guard connection != nil else { throw PostgresError(message: "no connection") }
    return try Self.number(connection!, statement.sql, statement.parameters) ?? range.start
  }

  private static func floorStatement(
    _ query: LedgerQuery, _ range: Range, _ type: LedgerTransactionType
  ) -> Statement {
    var statement = Statement(query, range, limit: 1)
    statement.parameters.text("\(type.name)")
    statement.sql = select("seq", by: "type", "$5") + " offset \(maximumLooks - 1)"
    return statement
  }

  /// The one number that a statement answers; nil where it has no row.
  private static func number(
    _ connection: borrowing PostgresConnection, _ sql: String,
    _ parameters: borrowing PostgresParameters
  ) throws(PostgresError) -> UInt64? {
    let result = try connection.query(sql, parameters)
    return result.rowCount == 0 ? nil : UInt64(result.int64(0, 0))
  }

  private func rows(
    _ query: LedgerQuery, _ range: Range, _ names: LedgerNames
  ) throws(PostgresError) -> [LedgerRow] {
    let statement = Self.statement(query, range, names)
    guard connection != nil else { throw PostgresError(message: "no connection") }
    return try Self.rows(connection!, names, statement.sql, statement.parameters)
  }

  /// A statement with its parameters: user, start, end and limit, then what the filters say.
  struct Statement: ~Copyable {
    var sql = ""
    var parameters = PostgresParameters()

    init(_ query: LedgerQuery, _ range: Range, limit: Int) {
      parameters.int8(Int64(query.user))
      parameters.int8(Int64(clamping: range.start))
      parameters.int8(Int64(clamping: range.end))
      parameters.int8(Int64(limit))
    }
  }

  /// What asks for the newest rows of the query in a range.
  static func statement(
    _ query: LedgerQuery, _ range: Range, _ names: LedgerNames
  ) -> Statement {
    let isDouble = query.asset != nil && query.type != nil
    var statement = Statement(query, range, limit: isDouble ? maximumLooks : query.limit)
    if let type = query.type { statement.parameters.text("\(type.name)") }
    if let asset = query.asset { statement.parameters.text(names.assets[Int(asset)]) }
    switch (query.asset, query.type) {
    case (nil, nil):
      // The newest of each type, and of those the newest.
      let types = LedgerTransactionType.allCases.map { type in
        "(\(select(columns, by: "type", "'\(type.name)'")))"
      }
      statement.sql = "\(types.joined(separator: "\nunion all\n")) order by seq desc limit $4"
    case (nil, _?): statement.sql = select(columns, by: "type", "$5")
    case (_?, nil): statement.sql = select(columns, by: "asset", "$5")
    case (_?, _?):
      statement.sql = """
        with looked as materialized (\(select(columns, by: "type", "$5")))
        select \(columns) from looked where asset = $6 order by seq desc limit \(query.limit)
        """
    }
    return statement
  }

  /// The newest rows of a user by the index of `column`. The bounds of `seq` alone choose the
  /// partition; those of the pair, and the order, fit that index only.
  private static func select(_ columns: String, by column: String, _ value: String) -> String {
    """
    select \(columns) from public.balance_log
    where user_id = $1 and seq >= $2 and seq < $3
      and (\(column), seq) >= (\(value), $2) and (\(column), seq) < (\(value), $3)
    order by \(column) desc, seq desc limit $4
    """
  }

  /// Rows of a statement that selects `columns`.
  static func rows(
    _ connection: borrowing PostgresConnection, _ names: LedgerNames, _ sql: String,
    _ parameters: borrowing PostgresParameters
  ) throws(PostgresError) -> [LedgerRow] {
    let result = try connection.query(sql, parameters)
    var rows: [LedgerRow] = []
    rows.reserveCapacity(result.rowCount)
    for row in 0..<result.rowCount {
      let asset = result.string(row, 2)
      let type = result.string(row, 7)
      guard let assetID = names.assets.firstIndex(of: asset),
        let kind = LedgerTransactionType.allCases.first(where: { "\($0.name)" == type }),
        let reference = names.reference(result.string(row, 8)),
        let sequence = UInt64(exactly: result.int64(row, 0)),
        let user = UserID(exactly: result.int64(row, 1))
      else { throw PostgresError.impossible("a ledger row that this program did not write") }
      rows.append(
        LedgerRow(
          sequence: sequence,
          entry: LedgerEntry(
            user: user, asset: AssetID(assetID), type: kind,
            reference: reference, freeDelta: result.numeric(row, 3),
            lockedDelta: result.numeric(row, 4), freeAfter: result.numeric(row, 5),
            lockedAfter: result.numeric(row, 6), previousEntry: 0, time: result.timestamp(row, 9))))
    }
    return rows
  }
}
