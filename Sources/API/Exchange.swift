// The seam between the API and the core: what routes may ask, and how they are refused.

public import Engine
public import Ledger

/// The core as the API sees it. Everything that comes back has become durable before.
public protocol Exchange: Sendable {
  /// Applies commands in order, in one group where it fits; one reply a command. It throws where
  /// nothing was accepted (`.unavailable`) or where nobody knows (`.outcomeUnknown`).
  func submit(_ commands: [Command]) async throws(ExchangeError) -> [Reply]

  /// Asks the engine between two groups; the answer leaves when all it could have seen is durable.
  func read<Value: Sendable>(
    _ query: @escaping @Sendable (borrowing AuctionEngine) -> Value
  ) async throws(ExchangeError) -> Value

  /// A page of one user's rows, newest first, from memory and closed partitions.
  func ledger(_ query: LedgerQuery) async throws(ExchangeError) -> LedgerQuery.Page

  /// What operators did, newest first.
  func operatorLog(_ query: OperatorLogQuery) async throws(ExchangeError) -> [OperatorLogRow]

  /// Whether requests are taken, and if not, why.
  func readiness() -> Readiness

  /// The figures of `/metrics`.
  func metrics() -> [Metric]

  /// What is paid in from a chain; nil for an exchange without one.
  var deposits: (any DepositDesk)? { get }

  /// What is paid out on a chain; nil for an exchange that pays out nothing.
  var withdrawals: (any WithdrawalDesk)? { get }

  /// How deposit addresses are swept; nil for an exchange that pays out nothing.
  var sweeps: (any SweepDesk)? { get }

  /// What operators decide about custody; nil for an exchange without a chain.
  var decisions: (any DecisionDesk)? { get }
}

extension Exchange {
  public var deposits: (any DepositDesk)? { nil }
  public var withdrawals: (any WithdrawalDesk)? { nil }
  public var sweeps: (any SweepDesk)? { nil }
  public var decisions: (any DecisionDesk)? { nil }
}

public enum ExchangeError: Error, Sendable, Equatable {
  /// Nothing was accepted; try again after so many seconds (503).
  case unavailable(reason: String, retryAfterSeconds: Int)
  /// Too much is waiting; nothing was accepted (429).
  case overloaded(retryAfterSeconds: Int)
  /// The user asks for more at once than it may; nothing was done (429).
  case rateLimited(reason: String, retryAfterSeconds: Int)
  /// It may or may not have been applied (500): send it again under the same client order id.
  case outcomeUnknown
}

public enum Readiness: Sendable, Equatable {
  case ready
  case notReady(reason: String)
}

/// One figure in the Prometheus text format.
public struct Metric: Sendable, Equatable {
  public enum Kind: String, Sendable { case counter, gauge }

  public var name: String
  public var help: String
  public var kind: Kind
  public var labels: [(name: String, value: String)]
  public var value: Double

  public init(
    _ name: String, _ help: String, _ kind: Kind, _ value: Double,
    labels: [(name: String, value: String)] = []
  ) {
    self.name = name
    self.help = help
    self.kind = kind
    self.value = value
    self.labels = labels
  }

  public static func == (a: Self, b: Self) -> Bool {
    a.name == b.name && a.kind == b.kind && a.value == b.value
      && a.labels.elementsEqual(b.labels) { $0.name == $1.name && $0.value == $1.value }
  }
}
