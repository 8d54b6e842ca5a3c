// Payments out of one chain in a running exchange: how the API sees them, and the signer behind its
// socket.

internal import API
internal import Client
internal import Custody
internal import Engine
internal import Ethereum
internal import Formats
internal import Wire

extension ChainCustody: WithdrawalDesk {
  var chain: String { settings.name }

  func parse(_ text: String) -> Result<PayoutAddress, AddressRefusal> {
    let address: Address
    do throws(AddressError) {
      address = try Address(text)
    } catch {
      return .failure(AddressRefusal(error.refusal))
    }
    if let reason = PayoutDestination.refusal(address, rules, addresses) {
      return .failure(AddressRefusal("nothing is paid to \(reason)"))
    }
    return .success(PayoutAddress(address.bytes))
  }

  func text(_ address: PayoutAddress) -> String {
    Address(address.bytes).map { "\($0)" } ?? Hex.encode(address.bytes)
  }

  func withdrawals(
    of user: UserID?, status: WithdrawalLine.Status?, before: Int64?, limit: Int
  ) async throws(ExchangeError) -> WithdrawalPage {
    let rows = try await asked { desk async throws(CustodyDesk.Failure) in
      try await desk.withdrawals(of: user, in: status?.rawValue, before: before, limit: limit)
    }
    return WithdrawalPage(
      withdrawals: try rows.map { row throws(ExchangeError) in try line(row) },
      next: rows.count < limit ? nil : rows.last.map { "\($0.id)" })
  }

  func withdrawal(_ id: Int64) async throws(ExchangeError) -> WithdrawalLine? {
    try await asked { desk async throws(CustodyDesk.Failure) in try await desk.withdrawal(id) }
      .map { row throws(ExchangeError) in try line(row) }
  }

  func withdrawal(
    of user: UserID, clientID: ClientOrderID
  ) async throws(ExchangeError) -> WithdrawalLine? {
    try await asked { desk async throws(CustodyDesk.Failure) in
      try await desk.withdrawal(of: user, clientID: clientID.description)
    }.map { row throws(ExchangeError) in try line(row) }
  }

  func asked<Value>(
    _ body: (CustodyDesk) async throws(CustodyDesk.Failure) -> Value
  ) async throws(ExchangeError) -> Value {
    do throws(CustodyDesk.Failure) {
      return try await body(desk)
    } catch {
      throw .unavailable(reason: "custody_unavailable", retryAfterSeconds: 1)
    }
  }

  private func line(_ stored: StoredWithdrawal) throws(ExchangeError) -> WithdrawalLine {
    guard let status = WithdrawalLine.Status(rawValue: stored.status) else {
      throw .unavailable(reason: "custody_unavailable", retryAfterSeconds: 60)
    }
    return WithdrawalLine(
      id: "\(stored.id)", user: "\(stored.user)", clientWithdrawalID: stored.clientID,
      asset: stored.asset, amount: amount(stored.amount, stored.asset),
      fee: amount(stored.fee, stored.asset), chain: stored.chain, address: text(stored.address),
      status: status, approvalsNeeded: stored.approvalsNeeded,
      transaction: stored.transaction.map { "\($0)" }, block: stored.height, reason: stored.reason,
      requestedAt: Timestamp(microseconds: stored.requested))
  }

  // MARK: Operators

  func payouts() async throws(ExchangeError) -> PayoutReport {
    guard let payments, let sender = settings.payouts?.sender else {
      throw .unavailable(reason: "no_payouts", retryAfterSeconds: 60)
    }
    let figures = payments.currentFigures()
    let slots = try await asked { desk async throws(CustodyDesk.Failure) in
      try await desk.openPayments(sender)
    }
    return PayoutReport(
      chain: settings.name, sender: "\(sender)", state: figures.state, halted: figures.halted,
      nextNonce: "\(figures.nextNonce)", unfunded: figures.unfunded,
      unsigned: figures.unsigned,
      lastError: figures.lastError.isEmpty ? nil : figures.lastError,
      slots: slots.map { slot in
        PayoutReport.Slot(
          sender: "\(slot.sender)", nonce: "\(slot.nonce)", purpose: slot.purpose.rawValue,
          withdrawal: slot.withdrawal.map { "\($0)" }, destination: "\(slot.destination)",
          value: "\(slot.value)", cancelled: slot.isCancelled, hold: slot.hold,
          transactions: slot.attempts.map { "\($0.hash)" },
          answer: slot.attempts.last?.answer?.rawValue ?? "")
      })
  }

  func resumePayouts(by authority: Authority) async throws(ExchangeError) {
    _ = try await decide(.resume, by: authority)
  }

  func cancelPayout(
    nonce: UInt64, by authority: Authority
  ) async throws(ExchangeError) -> Bool {
    try await decide(.cancel(nonce: nonce), by: authority)
  }

  func resolvePayout(
    nonce: UInt64, _ resolution: PayoutResolution, by authority: Authority
  ) async throws(ExchangeError) -> Bool {
    // A wallet that is no address has no payment.
    guard let wallet = try wallet(resolution.sender) else { return false }
    return try await decide(
      .resolve(nonce: nonce, PayoutOutcome(resolution.outcome)), of: wallet, by: authority)
  }

  /// The one that is named, or the hot wallet; nil where the name is no address.
  func wallet(_ sender: String?) throws(ExchangeError) -> Address? {
    if let sender { return try? Address(sender) }
    guard let hot = settings.payouts?.sender else {
      throw .unavailable(reason: "no_payouts", retryAfterSeconds: 60)
    }
    return hot
  }

  private func decide(
    _ decision: PayoutDecision, of wallet: Address? = nil, by authority: Authority
  ) async throws(ExchangeError) -> Bool {
    guard let sender = wallet ?? settings.payouts?.sender else {
      throw .unavailable(reason: "no_payouts", retryAfterSeconds: 60)
    }
    return try await asked { desk async throws(CustodyDesk.Failure) in
      try await desk.decide(decision, sender, by: authority)
    }
  }

  func payoutMetrics() -> [Metric] {
    guard let figures = payments?.currentFigures() else { return [] }
    let labels = [(name: "chain", value: settings.name)]
    func gauge(_ name: String, _ help: String, _ value: Int) -> Metric {
      Metric(name, help, .gauge, Double(value), labels: labels)
    }
    return [
      gauge("uncross_payouts_open", "Payments that are not finished", figures.openSlots),
      gauge("uncross_payouts_open_sweeps", "Sweeps that are not finished", figures.openSweeps),
      gauge("uncross_payouts_held", "Payments that wait for a person", figures.held),
      gauge(
        "uncross_payouts_halted", "1 where nothing is paid until an operator has looked",
        figures.halted == nil ? 0 : 1),
      gauge(
        "uncross_payouts_unfunded_assets",
        "Assets of which the hot wallet has too little for what is approved",
        figures.unfunded.count),
      gauge(
        "uncross_payouts_unsigned_assets",
        "Assets of which nothing that is approved can be paid now: the signer or the token refuses",
        figures.unsigned.count),
      gauge(
        "uncross_payouts_signer_away", "1 where the signer did not answer",
        figures.isSignerAway ? 1 : 0),
      gauge(
        "uncross_payouts_open_of_earlier_wallets",
        "Payments of wallets of before that are not finished",
        figures.openOfEarlier),
      Metric(
        "uncross_payouts_paid_total", "Payments that are final since the start", .counter,
        Double(figures.paid), labels: labels),
    ]
  }
}

extension AddressError {
  /// What its user reads. The expected checksum is not told: whoever mistyped a digit must look at
  /// where the address comes from, and would copy the checksum of the wrong one.
  var refusal: String {
    switch self {
    case .noPrefix: "an address begins with 0x"
    case .length: "an address has 40 hexadecimal digits after 0x"
    case .noDigit: "an address has nothing but hexadecimal digits after 0x"
    case .checksum: "the checksum does not fit (EIP-55): a digit or a letter's case is wrong"
    }
  }
}
