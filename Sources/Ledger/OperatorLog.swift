// What operators did, newest first: read from the database, on a connection of its own.

internal import Dispatch
public import Engine
internal import Postgres

/// A page of the operators' log.
public struct OperatorLogQuery: Sendable, Equatable {
  /// Rows of one page at most.
  public static let maximumLimit = 1_000

  public var `operator`: UserID?
  /// As `suspend_market`.
  public var action: String?
  /// A market, a user's number, an asset or a chain.
  public var subject: String?
  /// Rows before this one; nil begins with the newest.
  public var before: OperatorLogRow.Place?
  public var limit: Int

  public init(
    operator: UserID? = nil, action: String? = nil, subject: String? = nil,
    before: OperatorLogRow.Place? = nil, limit: Int = 100
  ) {
    self.operator = `operator`
    self.action = action
    self.subject = subject
    self.before = before
    self.limit = min(max(limit, 1), Self.maximumLimit)
  }
}

/// One action.
public struct OperatorLogRow: Sendable, Equatable {
  /// Where it lies: the journal's group, and the place among the actions of the group; what was
  /// decided about custody lies after the group that was projected last.
  public struct Place: Sendable, Equatable {
    public var journalSequence: Int64
    public var position: Int32

    public init(journalSequence: Int64, position: Int32) {
      self.journalSequence = journalSequence
      self.position = position
    }
  }

  public var place: Place
  public var time: Microseconds
  /// 0 is the venue itself.
  public var `operator`: UserID
  public var key: PublicKey?
  public var action: String
  public var subject: String
  /// `name=value` pairs.
  public var detail: String
  public var reason: String

  public init(
    place: Place, time: Microseconds, operator: UserID, key: PublicKey?, action: String,
    subject: String, detail: String, reason: String
  ) {
    self.place = place
    self.time = time
    self.operator = `operator`
    self.key = key
    self.action = action
    self.subject = subject
    self.detail = detail
    self.reason = reason
  }
}

/// Reads `core.operator_log`, which the engine's actions are in, and `core.custody_decision`, one
/// query at a time: nobody who trades waits for it.
public final class OperatorLog: @unchecked Sendable {
  // Sendable by hand: `connection` is touched on `queue` only.
  private let conninfo: String
  private let queue = DispatchQueue(label: "operator-log")
  private var connection: PostgresConnection?

  public init(conninfo: String) { self.conninfo = conninfo }

  /// Nil where the database cannot be asked at the moment.
  public func rows(_ query: OperatorLogQuery) async -> [OperatorLogRow]? {
    await withCheckedContinuation { continuation in
      queue.async { [self] in continuation.resume(returning: answer(query)) }
    }
  }

  private func answer(_ query: OperatorLogQuery) -> [OperatorLogRow]? {
    do throws(PostgresError) {
      if connection?.isAlive != true { connection = try PostgresConnection(conninfo) }
      guard connection != nil else { return nil }
      return try Self.read(connection!, query)
    } catch {
      connection = nil
      return nil
    }
  }

  private static func read(
    _ connection: borrowing PostgresConnection, _ query: OperatorLogQuery
  ) throws(PostgresError) -> [OperatorLogRow] {
    var parameters = PostgresParameters()
    parameters.int8(query.before?.journalSequence ?? .max)
    parameters.int4(query.before?.position ?? .max)
    parameters.int8(Int64(query.limit))
    // Only what is asked for is in the statement, so that its index is taken.
    var conditions = ""
    if let by = query.operator { conditions += " and operator_id = \(by)" }
    if let action = query.action {
      parameters.text(action)
      conditions += " and action = $4"
    }
    if let subject = query.subject {
      parameters.text(subject)
      conditions += " and subject = $\(query.action == nil ? 4 : 5)"
    }
    // Each part is a page of its own, so that its index is taken.
    let parts = ["core.operator_log", "core.custody_decision"].map { table in
      """
      (select journal_seq, position, at, operator_id, coalesce(public_key, ''::bytea), action,
        subject, detail, reason
      from \(table) where (journal_seq, position) < ($1, $2)\(conditions)
      order by journal_seq desc, position desc limit $3)
      """
    }
    let result = try connection.query(
      """
      \(parts.joined(separator: " union all "))
      order by journal_seq desc, position desc limit $3
      """, parameters)
    return (0..<result.rowCount).map { row in
      OperatorLogRow(
        place: OperatorLogRow.Place(
          journalSequence: result.int64(row, 0), position: result.int32(row, 1)),
        time: result.timestamp(row, 2), operator: UserID(result.int64(row, 3)),
        key: PublicKey(result.bytes(row, 4)), action: result.string(row, 5),
        subject: result.string(row, 6), detail: result.string(row, 7),
        reason: result.string(row, 8))
    }
  }
}
