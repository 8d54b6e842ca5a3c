// Withdrawals: the engine is the arbiter of who may take out what, and of when it is too late to
// cancel.

extension AuctionEngine {
  // MARK: Requests

  mutating func request(_ request: WithdrawalRequest) -> Reply {
    guard request.user != 0, Int(request.user) < users.count else { return refuse(.unknownUser) }
    withdrawals.expire(at: time)
    if let known = withdrawals.find(request.user, request.clientID) {
      let isSame =
        known.asset == request.asset && known.amount == request.amount
        && known.address == request.address
      return isSame
        ? Reply(rejection: nil, id: known.id, time: known.requestedAt, outcome: .repeated)
        : refuse(.duplicateClientWithdrawalID, id: known.id)
    }
    guard Int(request.asset) < assets.count else { return refuse(.unknownAsset) }
    guard let terms = withdrawals.terms[request.asset], terms.isOpen else {
      return refuse(.withdrawalsNotOffered)
    }
    if let rejection = check(request, terms) { return refuse(rejection) }
    // By all of the user's day, or a large amount would leave in small ones.
    let taken = withdrawals.day(request.user, request.asset).user + request.amount
    let needed = taken > terms.approvalAbove ? terms.approvals : 0
    let withdrawal = Withdrawal(
      id: withdrawals.count + 1, user: request.user, asset: request.asset, chain: terms.chain,
      address: request.address, amount: request.amount, fee: terms.fee, clientID: request.clientID,
      approvalsNeeded: needed, status: needed > 0 ? .requested : .approved, requestedAt: time)
    withdrawals.append(withdrawal)
    post(
      accounts.open(request.user, request.asset), .lock, free: -withdrawal.lock,
      locked: withdrawal.lock, reference(withdrawal))
    effects.withdrawals.append(.requested(withdrawal))
    return accept(withdrawal.id)
  }

  private func check(_ request: WithdrawalRequest, _ terms: WithdrawalTerms) -> Rejection? {
    if users[Int(request.user)].isFrozen { return .userFrozen }
    guard request.amount > 0, request.amount < Bounds.maximumAtoms else { return .amountInvalid }
    guard request.amount >= terms.minimum else { return .withdrawalTooSmall }
    let listed = withdrawals.addresses[request.user]?.first {
      $0.chain == terms.chain && $0.address == request.address
    }
    guard let listed else { return .addressNotListed }
    guard listed.usableAt <= time else { return .addressTooNew }
    guard withdrawals.records.count < Bounds.maximumWithdrawals,
      withdrawals.count(of: request.user) < Bounds.maximumWithdrawalsOfUser
    else { return .tooManyWithdrawals }
    let day = withdrawals.day(request.user, request.asset)
    guard day.user + request.amount <= terms.userDayLimit else { return .userDayLimit }
    guard day.venue + request.amount <= terms.venueDayLimit else { return .venueDayLimit }
    let free = accounts.find(request.user, request.asset).map { accounts.slab[$0].free } ?? 0
    return free < request.amount + terms.fee ? .insufficientFunds : nil
  }

  private func reference(_ withdrawal: Withdrawal) -> LedgerReference {
    .withdrawal(withdrawal.id, on: withdrawal.chain)
  }

  /// One that is there and not finished.
  private func open(_ id: Int64) throws(Rejection) -> Withdrawal {
    guard let withdrawal = withdrawals.records[id] else { throw .withdrawalNotFound }
    if withdrawal.status.isFinished { throw .withdrawalFinished }
    return withdrawal
  }

  // MARK: Approval

  mutating func approve(_ approval: WithdrawalApproval) -> Reply {
    do throws(Rejection) {
      var withdrawal = try open(approval.id)
      let approver = Withdrawal.Approver(user: approval.operator, key: approval.key)
      if let rejection = refusal(of: approver, on: withdrawal.chain) { throw rejection }
      guard approval.user == withdrawal.user, approval.asset == withdrawal.asset,
        approval.amount == withdrawal.amount, approval.fee == withdrawal.fee,
        approval.address == withdrawal.address
      else { throw .approvalMismatch }
      guard approver.user != withdrawal.user else { throw .approvalByOwner }
      if rulesVersion >= 2, isGrantor(approver.user, of: withdrawal.user) {
        throw .approvalByGrantor
      }
      withdrawal.approvals = approvalsInForce(of: withdrawal)
      // Two keys of one person are one person.
      guard
        !withdrawal.approvals.contains(where: { $0.user == approver.user || $0.key == approver.key }
        )
      else { throw .approvalRepeated }
      guard withdrawal.status == .requested else { throw .approvalNotNeeded }
      withdrawal.approvals.append(approver)
      effects.withdrawals.append(.approved(approval, time: time))
      let missing = Int(withdrawal.approvalsNeeded) - withdrawal.approvals.count
      if missing <= 0 { move(&withdrawal, to: .approved, by: approver.user) }
      withdrawals.update(withdrawal)
      return accept(withdrawal.id, .approved(missing: Int64(missing)))
    } catch {
      return refuse(error)
    }
  }

  /// Why this key cannot approve for this user now; nil where it can. A new key waits as a new
  /// address does, or who holds one key would make the others that must approve.
  private func refusal(of approver: Withdrawal.Approver, on chain: ChainID) -> Rejection? {
    if let rejection = refusal(ofOperator: approver.user) { return rejection }
    guard let key = operatorKey(approver.key, of: approver.user) else { return .notAnOperatorKey }
    // Where new addresses wait for nothing, the operators' own delay still counts.
    let age = rulesVersion >= 4 ? max(delay(on: chain), safeguards.delay) : delay(on: chain)
    return time - key.registered < age ? .operatorKeyTooNew : nil
  }

  /// A yes counts as long as its operator could still say it: a key is revoked because it is in
  /// wrong hands.
  private func approvalsInForce(of withdrawal: Withdrawal) -> [Withdrawal.Approver] {
    withdrawal.approvals.filter { refusal(of: $0, on: withdrawal.chain) == nil }
  }

  private mutating func move(
    _ withdrawal: inout Withdrawal, to status: WithdrawalStatus, by: UserID, _ reason: String = ""
  ) {
    withdrawal.status = status
    effects.withdrawals.append(
      .changed(withdrawal.id, status, by: by, reason: reason, time: time))
  }

  // MARK: The end before the start

  mutating func cancelWithdrawal(_ id: Int64, by user: UserID) -> Reply {
    // Another user's does not exist.
    guard withdrawals.records[id]?.user == user else { return refuse(.withdrawalNotFound) }
    return endUnstarted(id, .cancelled, by: user, "by its user")
  }

  mutating func reject(_ id: Int64, by authority: Authority) -> Reply {
    // The reason goes to the ledger, and no text of a database holds a zero byte.
    guard (1...Bounds.maximumReasonBytes).contains(authority.reason.utf8.count),
      !authority.reason.utf8.contains(0)
    else { return refuse(.reasonMissing) }
    return endUnstarted(id, .rejected, by: authority.user, authority.reason)
  }

  private mutating func endUnstarted(
    _ id: Int64, _ status: WithdrawalStatus, by: UserID, _ reason: String
  ) -> Reply {
    do throws(Rejection) {
      var withdrawal = try open(id)
      guard withdrawal.status != .started else { throw .withdrawalStarted }
      unlock(withdrawal)
      move(&withdrawal, to: status, by: by, reason)
      withdrawals.update(withdrawal)
      return accept(id)
    } catch {
      return refuse(error)
    }
  }

  private mutating func unlock(_ withdrawal: Withdrawal) {
    post(
      accounts.open(withdrawal.user, withdrawal.asset), .unlock, free: withdrawal.lock,
      locked: -withdrawal.lock, reference(withdrawal))
  }

  /// Freezing ends what has not begun; what is on its way cannot be called back.
  mutating func cancelUnstartedWithdrawals(of user: UserID) {
    let unstarted = withdrawals.records.values.filter {
      $0.user == user && ($0.status == .requested || $0.status == .approved)
    }
    for withdrawal in unstarted.sorted(by: { $0.id < $1.id }) {
      _ = endUnstarted(withdrawal.id, .cancelled, by: 0, "the user was frozen")
    }
  }

  // MARK: Custody's commands

  /// Sent again it is accepted again, as `repeated`: custody may have lost the answer.
  mutating func start(_ id: Int64) -> Reply {
    do throws(Rejection) {
      var withdrawal = try open(id)
      if withdrawal.status == .started { return accept(id, .repeated) }
      guard withdrawal.status == .approved else { throw .withdrawalNotApproved }
      if users[Int(withdrawal.user)].isFrozen { throw .userFrozen }
      move(&withdrawal, to: .started, by: 0)
      withdrawals.update(withdrawal)
      return accept(id)
    } catch {
      return refuse(error)
    }
  }

  mutating func finish(_ id: Int64) -> Reply {
    end(id, .confirmed) { engine, withdrawal in
      let account = engine.accounts.open(withdrawal.user, withdrawal.asset)
      let reference = engine.reference(withdrawal)
      engine.accounts.issue(-withdrawal.amount, of: withdrawal.asset)
      engine.post(account, .withdrawal, locked: -withdrawal.amount, reference)
      if withdrawal.fee > 0 {
        engine.post(account, .fee, locked: -withdrawal.fee, reference)
        engine.post(
          engine.accounts.open(0, withdrawal.asset), .fee, free: withdrawal.fee, reference)
      }
    }
  }

  mutating func fail(_ id: Int64, isCancelled: Bool) -> Reply {
    end(id, isCancelled ? .cancelled : .reverted) { engine, withdrawal in
      engine.unlock(withdrawal)
    }
  }

  /// Once; the same end again is accepted again, as `repeated`.
  private mutating func end(
    _ id: Int64, _ status: WithdrawalStatus, _ settle: (inout Self, Withdrawal) -> Void
  ) -> Reply {
    guard var withdrawal = withdrawals.records[id] else {
      // Finished and older than a day: the sender's own record says how.
      return refuse(id >= 1 && id <= withdrawals.count ? .withdrawalFinished : .withdrawalNotFound)
    }
    if withdrawal.status.isFinished {
      return withdrawal.status == status ? accept(id, .repeated) : refuse(.withdrawalFinished)
    }
    guard withdrawal.status == .started else { return refuse(.withdrawalNotStarted) }
    settle(&self, withdrawal)
    move(&withdrawal, to: status, by: 0)
    withdrawals.update(withdrawal)
    return accept(id)
  }

  // MARK: Queries

  public func withdrawal(_ id: Int64) -> Withdrawal? { withdrawals.records[id] }

  /// Those that wait for operators, oldest first, each with the approvals that count now.
  public func withdrawalsToApprove() -> [Withdrawal] {
    let waiting = withdrawals.records.values.filter { $0.status == .requested }
    return waiting.sorted { $0.id < $1.id }.map { withdrawal in
      var current = withdrawal
      current.approvals = approvalsInForce(of: withdrawal)
      return current
    }
  }

  // MARK: Snapshot

  /// At the end and only where there is something: a journal of before has the bytes it had.
  func writeWithdrawals(to writer: inout ByteWriter) {
    if withdrawals.isEmpty { return }
    writeDelays(to: &writer)
    writeTerms(to: &writer)
    writeAddressBooks(to: &writer)
    writer.uint(withdrawals.count)
    writer.uint(withdrawals.firstOfDay)
    writer.uint(withdrawals.records.count)
    for withdrawal in withdrawals.records.values.sorted(by: { $0.id < $1.id }) {
      write(withdrawal, to: &writer)
    }
  }

  private func write(_ withdrawal: Withdrawal, to writer: inout ByteWriter) {
    writer.uint(withdrawal.id)
    writer.uint(withdrawal.user)
    writer.uint(withdrawal.asset)
    writer.uint(withdrawal.chain)
    writer.payoutAddress(withdrawal.address)
    writer.uint(withdrawal.amount)
    writer.uint(withdrawal.fee)
    writer.clientOrderID(withdrawal.clientID)
    writer.byte(withdrawal.approvalsNeeded)
    writer.byte(withdrawal.status.rawValue)
    writer.uint(withdrawal.requestedAt)
    writer.uint(withdrawal.approvals.count)
    for approval in withdrawal.approvals {
      writer.uint(approval.user)
      writer.raw(approval.key.bytes)
    }
  }

  mutating func readWithdrawals(_ reader: inout ByteReader) throws(ByteError) {
    if reader.isAtEnd { return }
    try readDelays(&reader)
    try readTerms(&reader)
    for _ in 0..<(try reader.count()) { try readAddressBook(&reader) }
    let count: Int64 = try reader.counter()
    let firstOfDay: Int64 = try reader.counter()
    var found: [Withdrawal] = []
    for _ in 0..<(try reader.count()) { found.append(try readWithdrawal(&reader)) }
    guard found.count <= Bounds.maximumWithdrawals,
      count - firstOfDay < Int64(Bounds.maximumWithdrawals),
      withdrawals.restore(count: count, firstOfDay: firstOfDay, found, at: time)
    else { throw reader.fail("withdrawals that cannot be") }
    guard !withdrawals.isEmpty else { throw reader.fail("an empty part") }
  }

  private func readWithdrawal(_ reader: inout ByteReader) throws(ByteError) -> Withdrawal {
    let (id, user): (Int64, UserID) = (try reader.counter(), try reader.uint())
    let (asset, chain): (AssetID, ChainID) = (try reader.uint(), try reader.uint())
    let address = try reader.payoutAddress()
    let (amount, fee): (Int128, Int128) = (try reader.uint(), try reader.uint())
    let clientID = try reader.clientOrderID()
    let needed = try reader.byte()
    guard let status = WithdrawalStatus(rawValue: try reader.byte()) else {
      throw reader.fail("not a status")
    }
    var withdrawal = Withdrawal(
      id: id, user: user, asset: asset, chain: chain, address: address, amount: amount, fee: fee,
      clientID: clientID, approvalsNeeded: needed, status: status, requestedAt: try reader.uint())
    for _ in 0..<(try reader.count()) {
      let approver: UserID = try reader.uint()
      guard let key = PublicKey(try reader.raw(32)), Int(approver) < users.count else {
        throw reader.fail("not an approval")
      }
      withdrawal.approvals.append(Withdrawal.Approver(user: approver, key: key))
    }
    guard user != 0, Int(user) < users.count, Int(asset) < assets.count, Int(chain) < chains.count,
      address.isValid, amount > 0, amount < Bounds.maximumAtoms, fee < Bounds.maximumAtoms,
      needed <= Bounds.maximumApprovals, hasItsApprovals(withdrawal),
      withdrawal.requestedAt <= time
    else { throw reader.fail("not a withdrawal") }
    return withdrawal
  }

  /// As many distinct operators as its status says, and nothing unstarted of a frozen user.
  private func hasItsApprovals(_ withdrawal: Withdrawal) -> Bool {
    let (count, needed) = (withdrawal.approvals.count, Int(withdrawal.approvalsNeeded))
    let operators = Set(withdrawal.approvals.map(\.user))
    guard operators.count == count, Set(withdrawal.approvals.map(\.key)).count == count,
      !operators.contains(0), !operators.contains(withdrawal.user)
    else { return false }
    let isFrozen = users[Int(withdrawal.user)].isFrozen
    switch withdrawal.status {
    case .requested: return count < needed && !isFrozen
    case .approved: return count == needed && !isFrozen
    case .started, .confirmed, .reverted: return count == needed
    case .cancelled, .rejected: return count <= needed
    }
  }
}
