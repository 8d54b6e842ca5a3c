// Withdrawals: the address book, requests, and what operators decide about them.

public import Engine
internal import Formats
public import Wire

/// Payments out as the API sees them.
public protocol WithdrawalDesk: Sendable {
  /// The chain on which is paid.
  var chain: String { get }
  /// An address as its user wrote it; nil, with the reason, where nothing may be paid to it.
  func parse(_ address: String) -> Result<PayoutAddress, AddressRefusal>
  /// As it is shown, with its checksum.
  func text(_ address: PayoutAddress) -> String
  /// Newest first; of all users where none is named, in all states where none is.
  func withdrawals(
    of user: UserID?, status: WithdrawalLine.Status?, before: Int64?, limit: Int
  ) async throws(ExchangeError) -> WithdrawalPage
  func withdrawal(_ id: Int64) async throws(ExchangeError) -> WithdrawalLine?
  /// The user's first withdrawal under a client id.
  func withdrawal(
    of user: UserID, clientID: ClientOrderID
  ) async throws(ExchangeError) -> WithdrawalLine?
  func payouts() async throws(ExchangeError) -> PayoutReport
  func resumePayouts(by authority: Authority) async throws(ExchangeError)
  /// False where no such payment is open.
  func cancelPayout(nonce: UInt64, by authority: Authority) async throws(ExchangeError) -> Bool
  /// Of one that gives nobody money by its end; false where the chain has no transaction of this
  /// nonce that a person must judge.
  func resolvePayout(
    nonce: UInt64, _ resolution: PayoutResolution, by authority: Authority
  ) async throws(ExchangeError) -> Bool
}

/// Why an address is not paid to, in words.
public struct AddressRefusal: Error, Sendable, Equatable {
  public var reason: String

  public init(_ reason: String) { self.reason = reason }
}

extension Handlers {
  private func desk() throws(Refusal) -> any WithdrawalDesk {
    guard let desk = exchange.withdrawals else {
      throw Refusal(.notFound, "this exchange pays out on no chain")
    }
    return desk
  }

  private func ask<Value>(
    _ body: (any WithdrawalDesk) async throws(ExchangeError) -> Value
  ) async throws(Refusal) -> Value {
    let desk = try desk()
    do throws(ExchangeError) {
      return try await body(desk)
    } catch {
      throw Refusal(ofCore: error)
    }
  }

  private func chain(_ desk: any WithdrawalDesk) async throws(Refusal) -> ChainID {
    let name = desk.chain
    guard let chain = try await read({ $0.chain(named: name) }) else {
      throw Refusal(.unavailable, "the chain is not registered yet", retryAfterSeconds: 1)
    }
    return chain
  }

  private static func address(
    _ text: String, _ desk: any WithdrawalDesk
  ) throws(Refusal) -> PayoutAddress {
    switch desk.parse(text) {
    case .success(let address): return address
    case .failure(let refusal): throw Refusal(.addressInvalid, refusal.reason)
    }
  }

  // MARK: Terms

  func withdrawalTerms() async throws(Refusal) -> Answer {
    let chain = try await chain(desk())
    let (terms, pendingTerms, delay, pendingDelay) = try await read { engine in
      (
        engine.withdrawalTerms(), engine.pendingWithdrawalTerms(),
        engine.addressDelay(on: chain), engine.pendingAddressDelay(on: chain)
      )
    }
    return .json(
      WithdrawalTermsList(
        terms: terms.map(line),
        pending: pendingTerms.map {
          PendingWithdrawalTerms(
            terms: line($0.value), effectiveAt: Timestamp(microseconds: $0.effectiveAt))
        }, addressDelaySeconds: delay,
        pendingAddressDelay: pendingDelay.map {
          PendingAddressDelay(
            seconds: $0.value, effectiveAt: Timestamp(microseconds: $0.effectiveAt))
        }))
  }

  private func line(_ terms: WithdrawalTerms) -> WithdrawalTermsLine {
    let asset = listedAsset(terms.asset)
    func amount(_ atoms: Int128) -> DecimalAmount {
      DecimalAmount(atoms: atoms, decimals: asset.decimals)
    }
    return WithdrawalTermsLine(
      asset: asset.definition.code, chain: directory.chain(terms.chain) ?? "",
      open: terms.isOpen, minimum: amount(terms.minimum), fee: amount(terms.fee),
      userDayLimit: amount(terms.userDayLimit), venueDayLimit: amount(terms.venueDayLimit),
      approvalAbove: amount(terms.approvalAbove), approvals: terms.approvals)
  }

  func setWithdrawalTerms(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    let request: Reasoned<WithdrawalTermsLine> = try call.decoded()
    let (new, reason) = (request.body, try request.checkedReason())
    let asset = try asset(named: new.asset)
    let name = new.chain
    guard Self.isName(name), let chain = try await read({ $0.chain(named: name) }) else {
      throw Refusal(.unknownChain)
    }
    func atoms(_ amount: DecimalAmount) throws(Refusal) -> Int128 {
      guard let atoms = amount.atoms(decimals: asset.decimals) else {
        throw Refusal(.withdrawalTermsInvalid)
      }
      return atoms
    }
    let terms = WithdrawalTerms(
      asset: asset.id, chain: chain, isOpen: new.open, minimum: try atoms(new.minimum),
      fee: try atoms(new.fee), userDayLimit: try atoms(new.userDayLimit),
      venueDayLimit: try atoms(new.venueDayLimit), approvalAbove: try atoms(new.approvalAbove),
      approvals: new.approvals)
    let reply = try await submit(.setWithdrawalTerms(terms), by: user, reason)
    return Self.changed(asset.definition.code, reply)
  }

  func setAddressDelay(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    let desk = try desk()
    let request: Reasoned<AddressDelay> = try call.decoded()
    let reason = try request.checkedReason()
    let reply = try await submit(
      .setAddressDelay(chain: chain(desk), seconds: request.body.seconds), by: user, reason)
    return Self.changed(desk.chain, reply)
  }

  /// Of commands whose reply says from when on they hold.
  private static func changed(_ name: String, _ reply: Reply) -> Answer {
    .json(
      SettingChange(
        name: name, appliedAt: Timestamp(microseconds: reply.time),
        effectiveAt: Timestamp(microseconds: start(reply))))
  }

  private static func applied(_ name: String, _ reply: Reply) -> Answer {
    .json(Applied(name: name, appliedAt: Timestamp(microseconds: reply.time)))
  }

  // MARK: The address book

  func withdrawalAddresses(_ user: Identity) async throws(Refusal) -> Answer {
    let desk = try desk()
    let book = try await read { $0.payoutAddresses(of: user.user) }
    return .json(WithdrawalAddressBook(addresses: book.map { line($0, desk) }))
  }

  private func line(
    _ address: ListedPayoutAddress, _ desk: any WithdrawalDesk
  ) -> WithdrawalAddressLine {
    WithdrawalAddressLine(
      address: desk.text(address.address), chain: directory.chain(address.chain) ?? "",
      label: address.label, addedAt: Timestamp(microseconds: address.addedAt),
      usableAt: Timestamp(microseconds: address.usableAt))
  }

  func addWithdrawalAddress(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    let desk = try desk()
    let new: NewWithdrawalAddress = try call.decoded()
    let label = try checkedText(new.label ?? "", field: "label", maximumBytes: 64)
    let address = try Self.address(new.address, desk)
    let chain = try await chain(desk)
    let reply = try await submit(
      .user(
        .addPayoutAddress(
          PayoutAddressAddition(user: user.user, chain: chain, address: address, label: label))),
      of: user)
    return .json(
      line(
        ListedPayoutAddress(
          chain: chain, address: address, label: label, addedAt: reply.time,
          usableAt: Self.start(reply)), desk))
  }

  func removeWithdrawalAddress(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    let desk = try desk()
    // What was listed once may be removed, whatever is thought of it today.
    let text = call.parameters[0]
    let book = try await read { $0.payoutAddresses(of: user.user) }
    guard let listed = book.first(where: { Self.isSame(desk.text($0.address), text) }) else {
      throw Refusal(.addressNotListed)
    }
    let reply = try await submit(
      .user(.removePayoutAddress(user: user.user, chain: listed.chain, address: listed.address)),
      of: user)
    return Self.applied(desk.text(listed.address), reply)
  }

  private static func isSame(_ listed: String, _ text: String) -> Bool {
    listed.hasSameBytes(as: text) || listed.lowercased().hasSameBytes(as: text)
  }

  // MARK: Requests

  func withdraw(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    let desk = try desk()
    let new: NewWithdrawal = try call.decoded()
    let clientID = try checkedClientID(new.clientWithdrawalID, field: "client_withdrawal_id")
    let asset = try asset(named: new.asset)
    let address = try Self.address(new.address, desk)
    guard let atoms = new.amount.atoms(decimals: asset.decimals) else {
      throw Refusal(.amountInvalid)
    }
    // The engine remembers a client id for a day, the table for ever.
    let known = try await ask { desk async throws(ExchangeError) in
      try await desk.withdrawal(of: user.user, clientID: clientID)
    }
    if let known {
      let isSame =
        known.asset == asset.definition.code && known.address == desk.text(address)
        && known.amount.atoms(decimals: asset.decimals) == atoms
      guard isSame else { throw Refusal(.duplicateClientWithdrawalID) }
      return .json(known)
    }
    let request = WithdrawalRequest(
      user: user.user, asset: asset.id, amount: atoms, address: address, clientID: clientID)
    let reply = try await submit(.withdrawal(.request(request)), of: user)
    return .json(try await requested(reply.id, desk))
  }

  /// As the engine has it: the table follows some milliseconds later.
  private func requested(
    _ id: Int64, _ desk: any WithdrawalDesk
  ) async throws(Refusal) -> WithdrawalLine {
    let found: Withdrawal?
    do throws(Refusal) {
      found = try await read { $0.withdrawal(id) }
    } catch {
      // The request itself was applied.
      throw Refusal(.outcomeUnknown)
    }
    guard let found else { throw Refusal(.outcomeUnknown) }
    return line(found, desk)
  }

  private func line(_ withdrawal: Withdrawal, _ desk: any WithdrawalDesk) -> WithdrawalLine {
    let asset = listedAsset(withdrawal.asset)
    return WithdrawalLine(
      id: "\(withdrawal.id)", user: "\(withdrawal.user)",
      clientWithdrawalID: withdrawal.clientID.description, asset: asset.definition.code,
      amount: DecimalAmount(atoms: withdrawal.amount, decimals: asset.decimals),
      fee: DecimalAmount(atoms: withdrawal.fee, decimals: asset.decimals),
      chain: directory.chain(withdrawal.chain) ?? "", address: desk.text(withdrawal.address),
      status: withdrawal.status.wire, approvalsNeeded: Int(withdrawal.approvalsNeeded),
      transaction: nil, block: nil, reason: "",
      requestedAt: Timestamp(microseconds: withdrawal.requestedAt))
  }

  func withdrawals(_ call: Call, of user: Identity?) async throws(Refusal) -> Answer {
    let limit = call.query.integer("limit") ?? Self.defaultLimit
    let before = call.query.integer("before", as: Int64.self)
    let status = call.query["status"].flatMap(WithdrawalLine.Status.init(rawValue:))
    return .json(
      try await ask { desk async throws(ExchangeError) in
        try await desk.withdrawals(of: user?.user, status: status, before: before, limit: limit)
      })
  }

  func withdrawal(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    let id = try Self.withdrawalID(call)
    let found = try await ask { desk async throws(ExchangeError) in try await desk.withdrawal(id) }
    if let found {
      // Another user's does not exist.
      guard found.user == "\(user.user)" else { throw Refusal(.withdrawalNotFound) }
      return .json(found)
    }
    let fresh = try await read { $0.withdrawal(id) }
    guard let fresh, fresh.user == user.user else { throw Refusal(.withdrawalNotFound) }
    return .json(line(fresh, try desk()))
  }

  func cancelWithdrawal(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    let id = try Self.withdrawalID(call)
    let owner = try await read { $0.withdrawal(id)?.user }
    guard owner == user.user else { throw Refusal(.withdrawalNotFound) }
    _ = try await submit(.withdrawal(.cancel(user: user.user, id: id)), of: user)
    return .json(WithdrawalOutcome(id: "\(id)", status: .cancelled))
  }

  private static func withdrawalID(_ call: Call) throws(Refusal) -> Int64 {
    guard let id: Int64 = number(call.parameters[0]) else { throw Refusal(.withdrawalNotFound) }
    return id
  }

  // MARK: Operators

  func waitingWithdrawals() async throws(Refusal) -> Answer {
    let desk = try desk()
    let waiting = try await read { $0.withdrawalsToApprove() }
    return .json(
      WaitingWithdrawals(
        withdrawals: waiting.map { withdrawal in
          let line = line(withdrawal, desk)
          return WaitingWithdrawal(
            withdrawal: line, approvedBy: withdrawal.approvals.map { "\($0.user)" },
            digest: Hex.string(line.approvalDigest))
        }))
  }

  /// The signature is over all fields of the withdrawal; the command names them again, so that the
  /// engine compares what was signed with what it holds.
  func approveWithdrawal(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    let id = try Self.withdrawalID(call)
    guard let withdrawal = try await read({ $0.withdrawal(id) }) else {
      throw Refusal(.withdrawalNotFound)
    }
    let signature = try signature(
      call, of: line(withdrawal, try desk()).approvalDigest, by: user)
    let reply = try await submit(
      WithdrawalApproval(
        id: id, operator: user.user, key: user.key, user: withdrawal.user,
        asset: withdrawal.asset, amount: withdrawal.amount, fee: withdrawal.fee,
        address: withdrawal.address, signature: signature
      ).command, of: user)
    guard case .approved(let missing) = reply.outcome else { Self.unexpected(reply) }
    return .json(
      WithdrawalOutcome(
        id: "\(id)", status: missing > 0 ? .requested : .approved, missing: Int(missing)))
  }

  func rejectWithdrawal(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    let id = try Self.withdrawalID(call)
    let reason = try call.reason()
    _ = try await submit(.rejectWithdrawal(id: id), by: user, reason)
    return .json(WithdrawalOutcome(id: "\(id)", status: .rejected))
  }

  // MARK: Payments

  func payouts() async throws(Refusal) -> Answer {
    .json(try await ask { desk async throws(ExchangeError) in try await desk.payouts() })
  }

  func resumePayouts(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    let authority = user.authority(try call.reason())
    try await ask { desk async throws(ExchangeError) in
      try await desk.resumePayouts(by: authority)
    }
    return try await decided()
  }

  func cancelPayout(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    let nonce = try Self.nonce(call)
    let authority = user.authority(try call.reason())
    let isOpen = try await ask { desk async throws(ExchangeError) in
      try await desk.cancelPayout(nonce: nonce, by: authority)
    }
    guard isOpen else { throw Refusal(.notFound, "no open payment has this nonce") }
    return try await decided()
  }

  /// That a user's payment has not paid gives the user money: that takes two operators.
  func resolvePayout(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    let nonce = try Self.nonce(call)
    let resolution: PayoutResolution = try call.decoded()
    let authority = user.authority(try resolution.checkedReason())
    _ = try desk()
    let proposed = try await propose(
      .payout(nonce: nonce, resolution.outcome, sender: resolution.sender), by: authority)
    if let proposed { return .json(proposed) }
    // The database was asked meanwhile.
    try Self.checkActs(try present(user))
    let isTold = try await ask { desk async throws(ExchangeError) in
      try await desk.resolvePayout(nonce: nonce, resolution, by: authority)
    }
    guard isTold else {
      throw Refusal(
        .notFound, "no payment of this nonce has a transaction that a person must judge")
    }
    return .json(CustodyOutcome(status: .applied))
  }

  private static func nonce(_ call: Call) throws(Refusal) -> UInt64 {
    guard let nonce: UInt64 = number(call.parameters[0]) else {
      throw Refusal(.notFound, "no open payment has this nonce")
    }
    return nonce
  }

  private func decided() async throws(Refusal) -> Answer {
    let time = try await read { $0.time }
    return .json(Applied(name: try desk().chain, appliedAt: Timestamp(microseconds: time)))
  }
}

extension WithdrawalStatus {
  var wire: WithdrawalLine.Status {
    switch self {
    case .requested: .requested
    case .approved: .approved
    case .started: .started
    case .confirmed: .confirmed
    case .cancelled: .cancelled
    case .rejected: .rejected
    case .reverted: .reverted
    }
  }
}
