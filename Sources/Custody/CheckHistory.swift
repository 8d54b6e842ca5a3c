// The last comparison of chain and books, and what became of those since: how good it still is.

internal import Engine
internal import Postgres

/// The last check that succeeded, and how those since failed. It says of itself what it is worth: a
/// check that failed, or is old, or was never made, is never a good one.
public struct CheckHistory<Report: Sendable>: Sendable {
  /// Microseconds of the machine's clock, as all times here.
  public typealias Time = Int64

  public enum Standing: Sendable, Equatable {
    /// Made within twice the interval, and none failed since.
    case current
    /// There is one, and the last that was tried failed.
    case failed
    /// The last one is older than twice the interval, or of a time that has not come.
    case old
    /// The last one is of a block that the scan should long have left behind.
    case behind
    /// None has succeeded yet.
    case never
  }

  public struct Success: Sendable {
    public var report: Report
    public var at: Time
  }

  /// Since the last success.
  public struct Failure: Sendable {
    public var count: Int64
    /// Of the last one.
    public var at: Time
    public var reason: String
  }

  /// Between two checks, above 0.
  public let interval: Time
  public internal(set) var success: Success?
  public internal(set) var failure: Failure?

  /// Bytes of a reason that are kept: a node's own words may be long.
  private static var maximumReason: Int { 200 }
  /// Before the first check, so that the scan has begun, and after one that failed.
  private static var firstPause: Time { 10_000_000 }
  private static var retryPause: Time { 60_000_000 }

  public init(interval: Time) {
    precondition(interval > 0, "checks without a pause")
    self.interval = interval
  }

  public mutating func succeeded(_ report: Report, at time: Time) {
    success = Success(report: report, at: time)
    failure = nil
  }

  public mutating func failed(_ reason: String, at time: Time) {
    let words = String(decoding: reason.utf8.prefix(Self.maximumReason), as: UTF8.self)
    failure = Failure(count: (failure?.count ?? 0) + 1, at: time, reason: words)
  }

  /// Below zero where the clock went back.
  public func age(at now: Time) -> Time? { success.map { now - $0.at } }

  /// - Parameter isFollowing: the scan has what the chain has, so that the last scanned block is
  ///   worth asking about.
  public func standing(at now: Time, isFollowing: Bool) -> Standing {
    guard let age = age(at: now) else { return .never }
    if age < 0 || age > interval * 2 { return .old }
    if !isFollowing { return .behind }
    return failure == nil ? .current : .failed
  }

  /// Until the next check.
  public func pause(at now: Time) -> Time {
    if failure != nil { return min(interval, Self.retryPause) }
    let first = min(interval, Self.firstPause)
    guard let age = age(at: now), age >= 0 else { return first }
    return max(first, interval - age)
  }

  /// With the report in another form; without any where that cannot be.
  public func mapped<Other: Sendable>(_ form: (Report) -> Other?) -> CheckHistory<Other> {
    var other = CheckHistory<Other>(interval: interval)
    other.success = success.flatMap { success in
      form(success.report).map { CheckHistory<Other>.Success(report: $0, at: success.at) }
    }
    other.failure = failure.map {
      CheckHistory<Other>.Failure(count: $0.count, at: $0.at, reason: $0.reason)
    }
    return other
  }
}

extension CustodyStore {
  /// As it was when the last process wrote it.
  func storedChecks(interval: Int64) throws(PostgresError) -> CheckHistory<String> {
    let result = try connection.query(
      """
      select made_at, report, failures, failed_at, failure from core.solvency_check where chain = $1
      """, chainParameter())
    var history = CheckHistory<String>(interval: interval)
    if result.rowCount == 0 { return history }
    if let at = result.optionalTimestamp(0, 0), let report = result.optionalString(0, 1) {
      history.success = .init(report: report, at: at)
    }
    if let at = result.optionalTimestamp(0, 3), let reason = result.optionalString(0, 4) {
      history.failure = .init(count: result.int64(0, 2), at: at, reason: reason)
    }
    return history
  }

  /// One row a chain: what comes takes the place of what was.
  func save(_ success: CheckHistory<String>.Success) throws(PostgresError) {
    try transaction { () throws(PostgresError) in
      var parameters = chainParameter()
      parameters.timestamp(success.at)
      parameters.text(success.report)
      try connection.query(
        """
        insert into core.solvency_check(chain, made_at, report, failures) values ($1, $2, $3, 0)
        on conflict (chain) do update set made_at = excluded.made_at, report = excluded.report,
          failures = 0, failed_at = null, failure = null
        """, parameters)
    }
  }

  func save(_ failure: CheckHistory<String>.Failure) throws(PostgresError) {
    try transaction { () throws(PostgresError) in
      var parameters = chainParameter()
      parameters.int8(failure.count)
      parameters.timestamp(failure.at)
      parameters.text(failure.reason)
      try connection.query(
        """
        insert into core.solvency_check(chain, failures, failed_at, failure)
        values ($1, $2, $3, $4)
        on conflict (chain) do update set failures = excluded.failures,
          failed_at = excluded.failed_at, failure = excluded.failure
        """, parameters)
    }
  }
}

extension CustodyDesk {
  public func storedChecks(interval: Int64) async throws(Failure) -> CheckHistory<String> {
    try await withStore { store throws(PostgresError) in try store.storedChecks(interval: interval)
    }
  }

  /// What came last: a failure where there is one, or else the success.
  public func save(_ history: CheckHistory<String>) async throws(Failure) {
    try await withStore { store throws(PostgresError) in
      if let failure = history.failure {
        try store.save(failure)
      } else if let success = history.success {
        try store.save(success)
      }
    }
  }
}
