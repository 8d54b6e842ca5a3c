// What a user or accountant asks of the ledger, and what comes back.

public import Engine
public import Postgres

/// One row of `balance_log`: a change of one balance, numbered without gaps over the whole
/// exchange.
public struct LedgerRow: Sendable, Equatable {
  public var sequence: UInt64
  public var entry: LedgerEntry

  public init(sequence: UInt64, entry: LedgerEntry) {
    self.sequence = sequence
    self.entry = entry
  }
}

/// Asks for a page of one user's rows, newest first.
public struct LedgerQuery: Sendable, Equatable {
  /// Rows of one page at most.
  public static let maximumLimit = 1_000

  public var user: UserID
  public var asset: AssetID?
  public var type: LedgerTransactionType?
  /// Rows before this sequence, exclusive; nil begins with the newest.
  public var before: UInt64?
  /// 1...1,000.
  public var limit: Int

  public init(
    user: UserID, asset: AssetID? = nil, type: LedgerTransactionType? = nil, before: UInt64? = nil,
    limit: Int = 100
  ) {
    self.user = user
    self.asset = asset
    self.type = type
    self.before = before
    self.limit = min(max(limit, 1), Self.maximumLimit)
  }

  /// What a query gets. It may have fewer rows than its limit, or none, though older ones exist: a
  /// query looks at so many rows and no more.
  public struct Page: Sendable, Equatable {
    public var rows: [LedgerRow]
    /// The `before` of the next page: every row from it on was looked at. Nil where there is
    /// nothing older.
    public var next: UInt64?

    public init(rows: [LedgerRow], next: UInt64?) {
      self.rows = rows
      self.next = next
    }
  }
}

/// Why a query has no answer; nothing is lost, the same may be asked again.
public enum LedgerQueryError: Error, Sendable {
  /// Others of the same user wait already.
  case tooManyOfUser
  /// Too many of all users wait.
  case tooMany
  case stopping
  case database(PostgresError)
}
