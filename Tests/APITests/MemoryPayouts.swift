// Payments for tests: what the engine has of withdrawals, and one payment that is held.

import Client
import Engine
import Formats
import Synchronization
import Wire

@testable import API

final class MemoryPayouts: WithdrawalDesk {
  private struct State {
    var failure: ExchangeError?
    var decisions: [String] = []
    var engine: Engine?
    var whenAsked: @Sendable () -> Void = {}
  }

  typealias Engine = @Sendable (Int64) -> (withdrawal: Withdrawal, asset: AssetDefinition)?

  private let state = Mutex(State())
  /// Takes the engine of the exchange that this belongs to.
  func attach(_ engine: @escaping Engine) { state.withLock { $0.engine = engine } }

  private func engine(_ id: Int64) -> (withdrawal: Withdrawal, asset: AssetDefinition)? {
    state.withLock { $0.engine }?(id)
  }

  /// What happens while a client's id is looked up.
  func whenAsked(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.whenAsked = body } }

  let chain = "dev"

  func fail(with error: ExchangeError?) { state.withLock { $0.failure = error } }
  /// What operators decided, as `cancel 3 1 reason`.
  var decisions: [String] { state.withLock { $0.decisions } }

  private func check() throws(ExchangeError) {
    if let failure = state.withLock({ $0.failure }) { throw failure }
  }

  /// 20 bytes in lower-case hex; the zero address stands for all that is not paid to.
  func parse(_ address: String) -> Result<PayoutAddress, AddressRefusal> {
    guard address.hasPrefix("0x"), let bytes = Hex.bytes(address.dropFirst(2)), bytes.count == 20
    else { return .failure(AddressRefusal("not an address")) }
    guard bytes.contains(where: { $0 != 0 }) else {
      return .failure(AddressRefusal("nothing is paid to the zero address"))
    }
    return .success(PayoutAddress(bytes))
  }

  func text(_ address: PayoutAddress) -> String { "0x" + Hex.string(address.bytes) }

  private var all: [WithdrawalLine] {
    var lines: [WithdrawalLine] = []
    while let (withdrawal, asset) = engine(Int64(lines.count + 1)) {
      lines.append(line(withdrawal, asset))
    }
    return lines.reversed()
  }

  private func line(_ withdrawal: Withdrawal, _ asset: AssetDefinition) -> WithdrawalLine {
    func amount(_ atoms: Int128) -> DecimalAmount {
      DecimalAmount(atoms: atoms, decimals: Int(asset.decimals))
    }
    return WithdrawalLine(
      id: "\(withdrawal.id)", user: "\(withdrawal.user)",
      clientWithdrawalID: withdrawal.clientID.description, asset: asset.code,
      amount: amount(withdrawal.amount), fee: amount(withdrawal.fee), chain: chain,
      address: text(withdrawal.address), status: withdrawal.status.wire,
      approvalsNeeded: Int(withdrawal.approvalsNeeded), transaction: nil, block: nil, reason: "",
      requestedAt: Timestamp(microseconds: withdrawal.requestedAt))
  }

  func withdrawals(
    of user: UserID?, status: WithdrawalLine.Status?, before: Int64?, limit: Int
  ) async throws(ExchangeError) -> WithdrawalPage {
    try check()
    let found = all.filter { line in
      (user.map { line.user == "\($0)" } ?? true) && (status.map { line.status == $0 } ?? true)
        && (Int64(line.id) ?? 0) < before ?? .max
    }
    let page = Array(found.prefix(limit))
    return WithdrawalPage(withdrawals: page, next: found.count > limit ? page.last?.id : nil)
  }

  func withdrawal(_ id: Int64) async throws(ExchangeError) -> WithdrawalLine? {
    try check()
    return engine(id).map(line)
  }

  func withdrawal(
    of user: UserID, clientID: ClientOrderID
  ) async throws(ExchangeError) -> WithdrawalLine? {
    try check()
    state.withLock { $0.whenAsked }()
    return all.last { $0.user == "\(user)" && $0.clientWithdrawalID == clientID.description }
  }

  func payouts() async throws(ExchangeError) -> PayoutReport {
    try check()
    return PayoutReport(
      chain: chain, sender: "0xd42781231b055c803c4f56bd99f0f7e6c2b518e3", state: "waiting",
      halted: nil, nextNonce: "4", unfunded: [], unsigned: [], lastError: nil,
      slots: [
        PayoutReport.Slot(
          sender: "0xd42781231b055c803c4f56bd99f0f7e6c2b518e3", nonce: "3", purpose: "withdrawal",
          withdrawal: "9",
          destination: "0x2946259e0334f33a064106302415ad3391bed384", value: "0", cancelled: false,
          hold: "it succeeded, but the token logged no such transfer",
          transactions: ["0x" + String(repeating: "9", count: 64)], answer: "accepted")
      ])
  }

  private func decide(_ what: String, _ by: Authority) throws(ExchangeError) {
    try check()
    state.withLock { $0.decisions.append("\(what) \(by.user) \(by.reason)") }
  }

  func resumePayouts(by authority: Authority) async throws(ExchangeError) {
    try decide("resume", authority)
  }

  func cancelPayout(nonce: UInt64, by authority: Authority) async throws(ExchangeError) -> Bool {
    try decide("cancel \(nonce)", authority)
    return nonce == 3
  }

  func resolvePayout(
    nonce: UInt64, _ resolution: PayoutResolution, by authority: Authority
  ) async throws(ExchangeError) -> Bool {
    try decide("\(resolution.outcome) \(nonce)", authority)
    return nonce == 3
  }
}

extension MemoryPayouts: SweepDesk {
  private static let wallet = "0xd42781231b055c803c4f56bd99f0f7e6c2b518e3"
  private static let address = "0x2946259e0334f33a064106302415ad3391bed384"

  func hasAsset(_ code: String) -> Bool { ["ETH", "USDC"].contains(code) }

  func sweepPlan(
    asset: String, minimum: Int128, after: String?
  ) async throws(ExchangeError) -> SweepPlanPage {
    try check()
    return SweepPlanPage(
      chain: chain, chainID: "31337", block: 40, hotWallet: Self.wallet,
      items: after == nil
        ? [
          SweepPlanPage.Item(
            user: "2", address: Self.address, asset: asset,
            amount: DecimalAmount(atoms: minimum, decimals: 18), unsigned: "0x02c0")
        ] : [],
      needsGas: [
        SweepPlanPage.Need(
          user: "3", address: Self.wallet, missing: "42000000000000", toppedUp: false)
      ], next: after == nil ? Self.address : nil)
  }

  func topUp(
    asset: String, minimum: Int128, after: String?, by authority: Authority
  ) async throws(ExchangeError) -> TopUpOutcome {
    try decide("top up \(asset) \(minimum)", authority)
    return TopUpOutcome(addresses: [Self.wallet], next: after == nil ? Self.address : nil)
  }

  func submit(
    sweeps: [[UInt8]], by authority: Authority
  ) async throws(ExchangeError) -> SweepOutcomes {
    try decide("sweep \(sweeps.count)", authority)
    return SweepOutcomes(
      outcomes: sweeps.map { bytes in
        bytes.isEmpty
          ? SweepOutcomes.Outcome(outcome: "malformed", transaction: nil)
          : SweepOutcomes.Outcome(
            outcome: "accepted", transaction: "0x" + String(repeating: "8", count: 64))
      })
  }

  func sweeps() async throws(ExchangeError) -> SweepReport {
    try check()
    return SweepReport(
      chain: chain,
      sweeps: [
        SweepReport.Sweep(
          address: Self.address, nonce: "0",
          transactions: ["0x" + String(repeating: "8", count: 64)], answer: "accepted")
      ],
      topUps: [SweepReport.TopUp(address: Self.wallet, value: "42000000000000", nonce: nil)],
      unknown: [])
  }
}
