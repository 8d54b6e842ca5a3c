// Custody for tests of the API: an address for each user and payments that are told to it.

import API
import Client
import Engine
import Formats
import Synchronization
import Wire

final class MemoryDesk: DepositDesk {
  private struct State {
    var lines: [DepositLine] = []
    var failure: ExchangeError?
  }

  private let stored = Mutex(State())

  func fail(with error: ExchangeError?) { stored.withLock { $0.failure = error } }

  /// A payment of so much ether to a user, in a block of that height.
  func receive(_ user: UserID, _ amount: Int128, status: String, block: Int64) {
    stored.withLock { state in
      let id = state.lines.count + 1
      let isBooked = status == "credited" || status == "final"
      state.lines.append(
        DepositLine(
          id: "\(id)", user: "\(user)", asset: "BTC", status: status,
          amount: DecimalAmount(atoms: amount, decimals: 8),
          credited: DecimalAmount(atoms: isBooked ? amount : 0, decimals: 8), raw: "\(amount)",
          dust: "0", chain: "dev", address: Self.address(user),
          sender: "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf",
          transaction: "0x" + String(repeating: "\(id % 10)", count: 64), outRef: "l0",
          block: block, confirmations: 12 - block + 1, reason: "",
          timestamp: Timestamp(microseconds: (Venue.start + block) * 1_000_000)))
    }
  }

  private static func address(_ user: UserID) -> String {
    "0x" + String(repeating: "0", count: 39) + "\(user)"
  }

  private func check() throws(ExchangeError) {
    if let failure = stored.withLock({ $0.failure }) { throw failure }
  }

  func address(of user: UserID) async throws(ExchangeError) -> DepositAddress {
    try check()
    return DepositAddress(
      address: Self.address(user), chain: "dev", chainID: "31337",
      assets: [
        DepositAssetTerms(
          asset: "BTC", contract: "0x2946259E0334f33A064106302415aD3391BeD384",
          minimum: DecimalAmount(atoms: 1_000, decimals: 8), confirmations: 3)
      ])
  }

  func deposits(
    of user: UserID?, status: String?, before: Int64?, limit: Int
  ) async throws(ExchangeError) -> DepositPage {
    try check()
    let lines = stored.withLock { $0.lines }.reversed().filter { line in
      (user.map { line.user == "\($0)" } ?? true) && (status.map { line.status == $0 } ?? true)
        && (Int64(line.id) ?? 0) < before ?? .max
    }
    let page = Array(lines.prefix(limit))
    return DepositPage(deposits: page, next: lines.count > limit ? page.last?.id : nil)
  }

  func resolve(
    _ id: Int64, _ resolution: NewDepositResolution, by operator: UserID
  ) async throws(ExchangeError) -> DepositResolutionOutcome {
    try check()
    return stored.withLock { state in
      guard let index = state.lines.firstIndex(where: { $0.id == "\(id)" }) else {
        return .notFound
      }
      let status = resolution.decision == .credit ? "confirming" : "rejected"
      guard state.lines[index].status == "review" else {
        return state.lines[index].status == status
          ? .resolved(state.lines[index]) : .notInReview(status: state.lines[index].status)
      }
      if resolution.decision == .credit, state.lines[index].amount.digits == 0 {
        return .notCreditable
      }
      state.lines[index].status = status
      return .resolved(state.lines[index])
    }
  }

  func reconcile() async throws(ExchangeError) -> ReconciliationReport {
    try check()
    return ReconciliationReport(
      chain: "dev", block: 12, blockHash: "0x" + String(repeating: "c", count: 64), agrees: true,
      assets: [
        ReconciliationReport.Asset(
          asset: "BTC", held: "152500000", users: "150000000", adjustments: "0",
          unbooked: "2500000", leaving: "0", float: "0", taken: "0", difference: "0")
      ])
  }

  func changes(
    of user: UserID?, after: Int64, limit: Int
  ) async throws(ExchangeError) -> [DepositChange] {
    try check()
    let all = stored.withLock { $0.lines }.compactMap { line -> DepositChange? in
      guard let id = Int64(line.id), let owner = UserID(line.user) else { return nil }
      return DepositChange(id: id, user: owner, line: line)
    }
    return Array(all.filter { $0.id > after && (user == nil || $0.user == user) }.prefix(limit))
  }

  func lastChange() async throws(ExchangeError) -> Int64 {
    try check()
    return stored.withLock { Int64($0.lines.count) }
  }

  func state() async throws(ExchangeError) -> CustodyState {
    try check()
    return CustodyState(
      chain: "dev", chainID: "31337", state: "caught_up", halted: nil, scannedBlock: 12,
      latestBlock: 12, finalizedBlock: 8, credits: 1, clawbacks: 0, reorganisations: 0,
      nodeErrors: 0, lastError: nil,
      losses: [
        AssetBalance(
          asset: "BTC", free: DecimalAmount(atoms: 0, decimals: 8),
          locked: DecimalAmount(atoms: 0, decimals: 8), total: DecimalAmount(atoms: 0, decimals: 8))
      ], nodes: [CustodyNode(host: "127.0.0.1:8545", state: "well", block: 12, inUse: true)])
  }
}
