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
    var decisions: [ProposedDecision] = []
    /// The user whose payment of nonce 3 is held, and how an operator ended it.
    var heldUser: UserID?
    var heldEnd: String?
    var failure: ExchangeError?
  }

  private let stored = Mutex(State())

  func fail(with error: ExchangeError?) { stored.withLock { $0.failure = error } }

  /// A payment of so much ether to a user, in a block of that height.
  func receive(_ user: UserID, _ amount: Int128, status: DepositLine.Status, block: Int64) {
    stored.withLock { state in
      let id = state.lines.count + 1
      let isBooked = status == .credited || status == .final
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
    of user: UserID?, status: DepositLine.Status?, before: Int64?, limit: Int
  ) async throws(ExchangeError) -> DepositPage {
    try check()
    let lines = stored.withLock { $0.lines }.reversed().filter { line in
      (user.map { line.user == "\($0)" } ?? true) && (status.map { line.status == $0 } ?? true)
        && (Int64(line.id) ?? 0) < before ?? .max
    }
    let page = Array(lines.prefix(limit))
    return DepositPage(deposits: page, next: lines.count > limit ? page.last?.id : nil)
  }

  func reject(
    _ id: Int64, by authority: Authority
  ) async throws(ExchangeError) -> DepositResolutionOutcome {
    try check()
    return stored.withLock { state in
      guard let index = state.lines.firstIndex(where: { $0.id == "\(id)" }) else {
        return .notFound
      }
      guard [.review, .rejected].contains(state.lines[index].status) else {
        return .notInReview(status: state.lines[index].status)
      }
      state.lines[index].status = .rejected
      for place in state.decisions.indices where state.decisions[place].line.deposit == "\(id)" {
        state.decisions[place].state = .ended
      }
      return .resolved(state.lines[index])
    }
  }

  func rescan(
    _ blocks: ClosedRange<Int64>, by authority: Authority
  ) async throws(ExchangeError) -> RescanReport {
    try check()
    let looked = blocks.clamped(to: 0...12)
    return RescanReport(blocks: looked.count, unproved: 0, deposits: 0)
  }

  func reconcile() async throws(ExchangeError) -> ReconciliationReport {
    try check()
    var coin = ReconciliationReport.Asset(asset: "BTC", decimals: 8, onChain: true)
    (coin.held, coin.users, coin.venue) = ("152500000", "150000000", "20000")
    (coin.unbooked, coin.waiting, coin.owed) = ("2500000", "2500000", "152480000")
    (coin.difference, coin.covered) = ("0", true)
    return ReconciliationReport(
      chain: "dev", block: 12, blockHash: "0x" + String(repeating: "c", count: 64),
      checkedAt: Timestamp(microseconds: (Venue.start + 12) * 1_000_000), agrees: true,
      assets: [coin])
  }

  func solvency() async throws(ExchangeError) -> SolvencyReport {
    SolvencyReport(
      chain: "dev", check: .failed, ageSeconds: 4_000, intervalSeconds: 3_600,
      failures: (1, Timestamp(microseconds: (Venue.start + 3_612) * 1_000_000), "no node answers"),
      report: try await reconcile())
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

// MARK: - What waits

extension MemoryDesk: DecisionDesk {
  static let heldTransaction = "0x" + String(repeating: "9", count: 64)

  /// Who paid out by nonce 3, whose end a person must say.
  func hold(_ user: UserID) { stored.withLock { $0.heldUser = user } }
  var heldEnd: String? { stored.withLock { $0.heldEnd } }
  func status(_ deposit: Int) -> DepositLine.Status {
    stored.withLock { $0.lines[deposit - 1].status }
  }
  func setAmount(_ deposit: Int, _ atoms: Int128) {
    stored.withLock { $0.lines[deposit - 1].amount = DecimalAmount(atoms: atoms, decimals: 8) }
  }

  /// As it would wait now, without an id; nil where it gives nobody anything.
  private static func line(_ matter: CustodyMatter, _ state: State) -> WaitingDecision? {
    let time = Timestamp(microseconds: 0)
    switch matter {
    case .deposit(let id):
      guard let deposit = state.lines.first(where: { $0.id == "\(id)" }),
        deposit.status == .review, deposit.amount.digits > 0
      else { return nil }
      var line = WaitingDecision(
        decisionID: "", .credit, chain: "dev", user: deposit.user, asset: deposit.asset,
        amount: deposit.amount, transaction: deposit.transaction, requestedBy: "", reason: "",
        requestedAt: time)
      (line.deposit, line.outRef) = (deposit.id, deposit.outRef)
      return line
    case .payout(let nonce, let outcome, _):
      guard nonce == 3, outcome != .paid, let user = state.heldUser, state.heldEnd == nil else {
        return nil
      }
      var line = WaitingDecision(
        decisionID: "", outcome == .reverted ? .reverted : .cancelled, chain: "dev",
        user: "\(user)", asset: "ETH", amount: DecimalAmount(atoms: 5, decimals: 1),
        transaction: heldTransaction, requestedBy: "", reason: "", requestedAt: time)
      (line.withdrawal, line.nonce) = ("9", "3")
      return line
    }
  }

  private static func isSame(_ line: WaitingDecision, _ other: WaitingDecision) -> Bool {
    (line.deposit, line.nonce) == (other.deposit, other.nonce)
  }

  func consider(_ matter: CustodyMatter) async throws(ExchangeError) -> ConsideredDecision {
    try check()
    return stored.withLock { state in
      if let line = Self.line(matter, state), let user = UserID(line.user) {
        let waiting = state.decisions.first { $0.state == .waits && Self.isSame($0.line, line) }
        return .gives(to: user, waiting: waiting)
      }
      switch matter {
      case .payout(let nonce, _, _): return nonce == 3 ? .givesNothing : .unknownPayout
      case .deposit(let id):
        guard let line = state.lines.first(where: { $0.id == "\(id)" }) else {
          return .deposit(.notFound)
        }
        switch line.status {
        case .review: return .deposit(.notCreditable)
        case .confirming: return .deposit(.resolved(line))
        default: return .deposit(.notInReview(status: line.status))
        }
      }
    }
  }

  func propose(_ new: NewProposal) async throws(ExchangeError) -> ProposalOutcome {
    try check()
    return stored.withLock { state in
      guard var line = Self.line(new.matter, state), line.user == "\(new.user)" else {
        return .changed
      }
      let place = state.decisions.firstIndex { $0.state == .waits && Self.isSame($0.line, line) }
      if let place {
        let waiting = state.decisions[place]
        if waiting.authority == new.authority, waiting.line.decision == line.decision {
          return .waits(waiting)
        }
        guard waiting.id == new.replacing else { return .otherWaits(waiting) }
        state.decisions[place].state = .ended
      }
      let id = Int64(state.decisions.count + 1)
      (line.decisionID, line.requestedBy) = ("\(id)", "\(new.authority.user)")
      line.reason = new.authority.reason
      line.requestedAt = Timestamp(microseconds: new.time)
      let decision = ProposedDecision(
        id: id, line: line, user: new.user, authority: new.authority, time: new.time, state: .waits)
      state.decisions.append(decision)
      return .waits(decision)
    }
  }

  func waitingDecisions() async throws(ExchangeError) -> [ProposedDecision] {
    try check()
    return stored.withLock { $0.decisions.filter { $0.state == .waits } }
  }

  func decision(_ id: Int64) async throws(ExchangeError) -> ProposedDecision? {
    try check()
    return stored.withLock { $0.decisions.first { $0.id == id } }
  }

  func approve(
    _ id: Int64, by authority: Authority, signature: [UInt8]
  ) async throws(ExchangeError) -> ApprovalOutcome {
    try check()
    return stored.withLock { state in
      guard let place = state.decisions.firstIndex(where: { $0.id == id && $0.state == .waits })
      else { return .gone }
      let line = state.decisions[place].line
      if let deposit = line.deposit.flatMap({ Int($0) }) {
        guard state.lines[deposit - 1].status == .review,
          state.lines[deposit - 1].amount == line.amount
        else { return .changed }
        state.lines[deposit - 1].status = .confirming
      } else {
        state.heldEnd = line.decision.rawValue
      }
      state.decisions[place].state = .approved(by: authority.user)
      return .applied
    }
  }

  func refuse(_ id: Int64, by authority: Authority) async throws(ExchangeError) -> Bool {
    try check()
    return stored.withLock { state in
      guard let place = state.decisions.firstIndex(where: { $0.id == id && $0.state == .waits })
      else { return false }
      state.decisions[place].state = .ended
      return true
    }
  }
}
