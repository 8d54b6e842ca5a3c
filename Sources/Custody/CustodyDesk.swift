// What users and operators ask of custody: an address to pay to, deposits and how they stand.

internal import Dispatch
public import Engine
public import Ethereum
internal import Postgres

/// Answers from a connection of its own, on a queue of its own, so that a slow chain delays nobody.
public final class CustodyDesk: @unchecked Sendable {
  // Sendable by hand: `store` is touched on `queue` only.

  public enum Failure: Error, Sendable {
    /// The database is away: ask again.
    case unavailable
  }

  public let chain: String
  private let conninfo: String
  private let addresses: DepositAddresses
  private let xpub: String
  private let term: @Sendable () -> Int64
  /// What an operator must look at.
  private let report: @Sendable (String) -> Void
  private let queue = DispatchQueue(label: "custody-desk")
  /// Asks nodes, which may be slow: apart from what users wait for, one at a time.
  private let audits = DispatchQueue(label: "custody-audit")
  private var store: CustodyStore?

  public init(
    conninfo: String, chain: String, addresses: DepositAddresses, xpub: String,
    term: @escaping @Sendable () -> Int64, report: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.report = report
    self.conninfo = conninfo
    self.chain = chain
    self.addresses = addresses
    self.xpub = xpub
    self.term = term
  }

  /// A user's address. It is watched, durably, before anybody sees it.
  public func address(of user: UserID) async throws(Failure) -> Address {
    if let shown = addresses.shown(to: user) { return shown }
    let address: Address
    do {
      address = try addresses.derive(user)
    } catch {
      // Once in 2^127 a number has no key.
      throw .unavailable
    }
    try await withStore { [xpub] store throws(PostgresError) in
      try store.insert(address, of: user, xpub: xpub)
    }
    addresses.learn(address, of: user)
    return address
  }

  /// Newest first, of all users where none is named; `before` is the id of the last one of the page
  /// before.
  public func deposits(
    of user: UserID?, in status: DepositStatus? = nil, before: Int64? = nil, limit: Int
  ) async throws(Failure) -> [Deposit] {
    var conditions = ["id < \(before ?? .max)"]
    if let user { conditions.append("user_id = \(user)") }
    if let status { conditions.append("status = '\(status.rawValue)'") }
    return try await rows(conditions.joined(separator: " and "), limit)
  }

  /// Of a deposit in review. A failure says nothing of whether it was done: ask again.
  public func reject(
    _ id: Int64, by authority: Authority
  ) async throws(Failure) -> DepositResolution.Outcome {
    try await withStore { store throws(PostgresError) in try store.reject(id, by: authority) }
  }

  /// Asks the node for every address's balances, so it takes its time; others wait only for another
  /// of it.
  public func reconcile(
    _ reconciliation: Reconciliation
  ) async -> Result<Reconciled, ReconciliationError> {
    await withCheckedContinuation { continuation in
      audits.async { [conninfo] in
        continuation.resume(
          returning: Result { () throws(ReconciliationError) in try reconciliation.run(conninfo) })
      }
    }
  }

  /// Asks nodes for scanned blocks once more, and so takes its time, as a reconciliation does.
  public func rescan(
    _ heights: ClosedRange<Int64>, with scanner: DepositScanner, by authority: Authority
  ) async throws(Failure) -> RescanOutcome {
    try await audit { store in try scanner.rescan(heights, by: authority, store) }
  }

  /// Steps of deposits after the one with this number, in order.
  public func steps(
    of user: UserID?, after: Int64, limit: Int
  ) async throws(Failure) -> [(id: Int64, deposit: Deposit)] {
    try await withStore { store throws(PostgresError) in
      try store.steps(of: user, after: after, limit: limit)
    }
  }

  /// The number of the last step; 0 before the first.
  public func lastStep() async throws(Failure) -> Int64 {
    try await withStore { store throws(PostgresError) in try store.lastStep() }
  }

  /// Runs a body with a connection of its own, beside what users wait for.
  func audit<R: Sendable>(
    _ body: @escaping @Sendable (borrowing CustodyStore) throws -> R
  ) async throws(Failure) -> R {
    try await run(on: audits) { [conninfo, chain, term] in
      try body(CustodyStore(conninfo, chain: chain, term: term))
    }
  }

  func isDepositAddress(_ address: Address) -> Bool { addresses.owner(address) != nil }

  private func rows(_ condition: String, _ limit: Int) async throws(Failure) -> [Deposit] {
    try await withStore { store throws(PostgresError) in
      try store.deposits(where: condition, limit: limit)
    }
  }

  /// Runs a body with the connection, which is made anew after a failure; not after a row that
  /// cannot be, which another connection would find too.
  func withStore<R: Sendable>(
    _ body: @escaping @Sendable (borrowing CustodyStore) throws(PostgresError) -> R
  ) async throws(Failure) -> R {
    try await run(on: queue) { [self] in
      if store == nil { store = try CustodyStore(conninfo, chain: chain, term: term) }
      do throws(PostgresError) {
        return try body(store!)
      } catch {
        if error.isImpossible { report("\(chain): \(error)") } else { store = nil }
        throw error
      }
    }
  }

  private func run<R: Sendable>(
    on queue: DispatchQueue, _ body: @escaping @Sendable () throws -> R
  ) async throws(Failure) -> R {
    let result: Result<R, Failure> = await withCheckedContinuation { continuation in
      queue.async {
        continuation.resume(returning: Result(catching: body).mapError { _ in .unavailable })
      }
    }
    return try result.get()
  }
}
