// Deposits: a user's address and payments, and what an operator sees of custody.

public import Engine
internal import Formats
public import Wire

/// Custody as the API sees it.
public protocol DepositDesk: Sendable {
  /// A user's address; it is watched before it is shown.
  func address(of user: UserID) async throws(ExchangeError) -> DepositAddress
  /// Newest first; of all users where none is named, in all states where none is.
  func deposits(
    of user: UserID?, status: DepositLine.Status?, before: Int64?, limit: Int
  ) async throws(ExchangeError) -> DepositPage
  /// Steps of deposits after the one with this number, in order; of all users where none is named.
  func changes(
    of user: UserID?, after: Int64, limit: Int
  ) async throws(ExchangeError) -> [DepositChange]
  /// The number of the last step; 0 before the first.
  func lastChange() async throws(ExchangeError) -> Int64
  func state() async throws(ExchangeError) -> CustodyState
  /// Of a deposit in review; asked again it is answered alike.
  func reject(
    _ id: Int64, by authority: Authority
  ) async throws(ExchangeError) -> DepositResolutionOutcome
  /// Looks at scanned blocks once more and records what was left out, once.
  func rescan(
    _ blocks: ClosedRange<Int64>, by authority: Authority
  ) async throws(ExchangeError) -> RescanReport
  /// Asks the chain for the balances of all addresses: takes its time.
  func reconcile() async throws(ExchangeError) -> ReconciliationReport
  /// The last one that was made, and what it is worth: asks nobody.
  func solvency() async throws(ExchangeError) -> SolvencyReport
}

public enum DepositResolutionOutcome: Sendable {
  case resolved(DepositLine)
  case notFound
  case notInReview(status: DepositLine.Status)
  case notCreditable
}

extension Handlers {
  private func desk() throws(Refusal) -> any DepositDesk {
    guard let desk = exchange.deposits else {
      throw Refusal(.notFound, "this exchange has no chain: nothing can be paid in")
    }
    return desk
  }

  private func ask<Value>(
    _ body: (any DepositDesk) async throws(ExchangeError) -> Value
  ) async throws(Refusal) -> Value {
    let desk = try desk()
    do throws(ExchangeError) {
      return try await body(desk)
    } catch {
      throw Refusal(ofCore: error)
    }
  }

  func depositAddress(_ user: Identity) async throws(Refusal) -> Answer {
    .json(
      try await ask { desk async throws(ExchangeError) in try await desk.address(of: user.user) })
  }

  func deposits(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    try await deposits(call, of: user.user)
  }

  /// Each step of the user's deposits as an event.
  func subscribeToDeposits(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    .events(try await deposits.subscribe(user, after: call.lastEventID, desk()))
  }

  func depositsOfAll(_ call: Call) async throws(Refusal) -> Answer {
    try await deposits(call, of: nil)
  }

  private func deposits(_ call: Call, of user: UserID?) async throws(Refusal) -> Answer {
    let limit = call.query.integer("limit") ?? Self.defaultLimit
    let before = call.query.integer("before", as: Int64.self)
    let status = call.query["status"].flatMap(DepositLine.Status.init(rawValue:))
    return .json(
      try await ask { desk async throws(ExchangeError) in
        try await desk.deposits(of: user, status: status, before: before, limit: limit)
      })
  }

  func resolveDeposit(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    guard let id: Int64 = Self.number(call.parameters[0]) else { throw Refusal(.depositNotFound) }
    let resolution: NewDepositResolution = try call.decoded()
    let authority = user.authority(try resolution.checkedReason())
    switch resolution.decision {
    case .credit:
      guard let outcome = try await propose(.deposit(id), by: authority) else {
        preconditionFailure("a credit gives somebody money")
      }
      return .json(outcome)
    case .reject:
      let outcome = try await ask { desk async throws(ExchangeError) in
        try await desk.reject(id, by: authority)
      }
      _ = try Self.resolved(outcome)
      return .json(CustodyOutcome(status: .applied))
    }
  }

  /// The deposit, where it was decided as asked.
  static func resolved(_ outcome: DepositResolutionOutcome) throws(Refusal) -> DepositLine {
    switch outcome {
    case .resolved(let line): return line
    case .notFound: throw Refusal(.depositNotFound)
    case .notInReview(let status):
      throw Refusal(.depositNotInReview, "the deposit is \(status.rawValue)")
    case .notCreditable: throw Refusal(.depositNotCreditable)
    }
  }

  func rescan(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    let rescan: NewRescan = try call.decoded()
    let authority = user.authority(try rescan.checkedReason())
    // No chain has so many blocks.
    guard (0...1 << 48).contains(rescan.fromBlock) else {
      throw .wrong("from_block", "a block's number")
    }
    let last = rescan.fromBlock + NewRescan.maximumBlocks - 1
    guard (rescan.fromBlock...last).contains(rescan.toBlock) else {
      throw .wrong("to_block", "`from_block` to `from_block` + \(NewRescan.maximumBlocks - 1)")
    }
    let blocks = rescan.fromBlock...rescan.toBlock
    return .json(
      try await ask { desk async throws(ExchangeError) in
        try await desk.rescan(blocks, by: authority)
      })
  }

  func reconciliation() async throws(Refusal) -> Answer {
    .json(try await ask { desk async throws(ExchangeError) in try await desk.reconcile() })
  }

  func solvency() async throws(Refusal) -> Answer {
    .json(try await ask { desk async throws(ExchangeError) in try await desk.solvency() })
  }

  func custodyState() async throws(Refusal) -> Answer {
    .json(try await ask { desk async throws(ExchangeError) in try await desk.state() })
  }
}
