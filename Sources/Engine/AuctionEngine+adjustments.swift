// Adjustments: operators give and take funds, alone within a limit, else two of them.

internal import Auction

extension AuctionEngine {
  mutating func adjust(_ adjustment: BalanceAdjustment, by authority: Authority) -> Reply {
    let request = contentOf(adjustment, authority.reason)
    if let answer = recall(authority.user, adjustment.requestID, request) { return answer }
    if let refusal = refuseToRemember(authority.user) { return refusal }
    var entry = RememberedOrder(
      user: authority.user, clientOrderID: adjustment.requestID, request: request, time: time,
      id: 0, rejection: nil)
    let reply: Reply
    if let rejection = check(adjustment, by: authority) {
      // Since rules 2 a refusal takes no place.
      if rulesVersion >= 2 { return refuse(rejection) }
      entry.rejection = rejection
      reply = refuse(rejection)
    } else {
      adjustmentCount += 1
      entry.id = adjustmentCount
      if needsSecond(adjustment, authority) {
        pendingAdjustments.append(
          PendingAdjustment(
            id: adjustmentCount, adjustment: adjustment, authority: authority, time: time))
        reply = accept(adjustmentCount, .adjusted(.waits))
      } else {
        if rulesVersion >= 2, authority.user != 0 {
          safeguards.book(
            Int128(adjustment.amount.magnitude), by: authority.user, adjustment.asset, at: time)
        }
        book(adjustment, adjustmentCount)
        // Rules 1 did not keep whether it was booked at once.
        if rulesVersion >= 2 { entry.status = .executed }
        reply = accept(adjustmentCount, .adjusted(.booked))
      }
    }
    remember(entry)
    return reply
  }

  // Digest in the fields of an order: user, amount and reason; FNV-1a over both halves is enough
  // against mistakes, and an operator gains nothing by a collision with itself.
  private func contentOf(_ adjustment: BalanceAdjustment, _ reason: String) -> RememberedRequest {
    var (first, second): (UInt64, UInt64) = (0xcbf2_9ce4_8422_2325, 0x9ae1_6a3b_2f90_404f)
    func mix(_ byte: UInt8) {
      first = (first ^ UInt64(byte)) &* 0x100_0000_01b3
      second = (second &+ UInt64(byte)) &* 0x9e37_79b9_7f4a_7c15
      second ^= second >> 29
    }
    for shift in stride(from: 0, to: 32, by: 8) {
      mix(UInt8(truncatingIfNeeded: adjustment.user >> UInt32(shift)))
    }
    for shift in stride(from: Int128(0), to: 128, by: 8) {
      mix(UInt8(truncatingIfNeeded: adjustment.amount >> shift))
    }
    for byte in reason.utf8 { mix(byte) }
    return RememberedRequest(
      isAdjustment: true, market: adjustment.asset, side: .buy, type: .limit,
      timeInForce: .goodTilCancelled, limitTicks: Int64(bitPattern: first),
      lots: Int64(bitPattern: second), expiry: 0)
  }

  private func check(_ adjustment: BalanceAdjustment, by authority: Authority) -> Rejection? {
    if let rejection = checkTerms(adjustment, reason: authority.reason) { return rejection }
    guard pendingAdjustments.count < Bounds.maximumPendingAdjustments else {
      return .tooManyApprovals
    }
    if rulesVersion >= 2, authority.user != 0 {
      let own = pendingAdjustments.count { $0.authority.user == authority.user }
      guard own < Bounds.maximumPendingOfOperator else { return .tooManyApprovals }
      // One of the two that book a large sum, so as old as the other.
      guard !isTooNew(authority) else { return .operatorKeyTooNew }
    }
    return checkFunds(adjustment)
  }

  /// Whether the key counts for nothing yet. `operate` has seen that it is the operator's.
  func isTooNew(_ authority: Authority) -> Bool {
    guard let key = authority.key, let held = operatorKey(key, of: authority.user) else {
      return true
    }
    return time - held.registered < safeguards.delay
  }

  /// Beyond what the operator may book alone: by the sum of a day, or a large amount would be
  /// booked in small ones, and never for an account that it has to do with or by a limit that it
  /// set.
  private func needsSecond(_ adjustment: BalanceAdjustment, _ authority: Authority) -> Bool {
    let limit = Int128(assets[Int(adjustment.asset)].adjustmentLimit)
    let amount = Int128(adjustment.amount.magnitude)
    if rulesVersion < 2 { return amount > limit }
    if authority.user == 0 { return false }
    // Nobody alone uses a limit of its own making, and the others have a while to see it.
    let given = assetLimits[Int(adjustment.asset)]
    if given.setBy == authority.user || time < given.countsFrom { return true }
    let alone = safeguards.booked(by: authority.user, adjustment.asset, at: time)
    return alone + amount > limit || authority.user == adjustment.user
      || isGrantor(authority.user, of: adjustment.user)
  }

  func checkTerms(_ adjustment: BalanceAdjustment, reason: String) -> Rejection? {
    guard Int(adjustment.user) < users.count || adjustment.user == Bounds.lossAccount else {
      return .unknownUser
    }
    guard Int(adjustment.asset) < assets.count else { return .unknownAsset }
    guard adjustment.amount != 0, adjustment.amount > -Bounds.maximumAtoms,
      adjustment.amount < Bounds.maximumAtoms
    else { return .amountInvalid }
    return (1...Bounds.maximumReasonBytes).contains(reason.utf8.count) ? nil : .reasonMissing
  }

  private func checkFunds(_ adjustment: BalanceAdjustment) -> Rejection? {
    guard accounts.issued[Int(adjustment.asset)] + adjustment.amount < Bounds.maximumAtoms else {
      return .supplyTooLarge
    }
    guard adjustment.amount < 0 else { return nil }
    let account = accounts.find(adjustment.user, adjustment.asset)
    let free = account.map { accounts.slab[$0].free } ?? 0
    return free + adjustment.amount < 0 ? .insufficientFunds : nil
  }

  private mutating func book(_ adjustment: BalanceAdjustment, _ id: Int64) {
    let account = accounts.open(adjustment.user, adjustment.asset)
    accounts.issue(adjustment.amount, of: adjustment.asset)
    post(account, .adjustment, free: adjustment.amount, .adjustment(id))
  }

  mutating func approve(_ approval: AdjustmentApproval, by authority: Authority) -> Reply {
    guard let index = pendingAdjustments.firstIndex(where: { $0.id == approval.id }) else {
      return refuse(.approvalNotFound)
    }
    let pending = pendingAdjustments[index]
    guard stillAsks(pending.authority) else { return refuse(.approvalNotFound) }
    guard authority.user != pending.authority.user else { return refuse(.approvalByRequester) }
    if rulesVersion >= 2, authority.user != 0 {
      guard
        approval.content
          == AdjustmentApproval.Content(
            adjustment: pending.adjustment, requestedBy: pending.authority.user,
            reason: pending.authority.reason)
      else { return refuse(.approvalMismatch) }
      let rejection = refusal(
        of: authority, aboutAccountOf: pending.adjustment.user, after: safeguards.delay)
      if let rejection { return refuse(rejection) }
    }
    if let rejection = checkFunds(pending.adjustment) { return refuse(rejection) }
    book(pending.adjustment, approval.id)
    pendingAdjustments.remove(at: index)
    return accept(approval.id)
  }

  mutating func refuseAdjustment(_ id: Int64) -> Reply {
    guard let index = pendingAdjustments.firstIndex(where: { $0.id == id }) else {
      return refuse(.approvalNotFound)
    }
    pendingAdjustments.remove(at: index)
    return accept(id)
  }

  /// What an operator asked for ends with its key: a key is revoked because it is in wrong hands.
  /// What is booked already stays, and is seen in the log.
  mutating func withdrawRequests(_ isBy: (Authority) -> Bool) {
    pendingAdjustments.removeAll { isBy($0.authority) }
    safeguards.grants.removeAll { isBy($0.authority) }
    for index in safeguards.grants.indices {
      guard let approval = safeguards.grants[index].approval else { continue }
      if isBy(Authority(user: approval.user, key: approval.key)) {
        safeguards.grants[index].approval = nil
      }
    }
    if rulesVersion >= 4 { withdrawApprovals(isBy) }
  }

  /// An approval of a withdrawal goes with its operator's key or freedom: the same key, given
  /// again, says it again.
  private mutating func withdrawApprovals(_ isBy: (Authority) -> Bool) {
    for id in withdrawals.records.keys.sorted() {
      guard var withdrawal = withdrawals.records[id], withdrawal.status == .requested else {
        continue
      }
      let count = withdrawal.approvals.count
      withdrawal.approvals.removeAll { isBy(Authority(user: $0.user, key: $0.key)) }
      if withdrawal.approvals.count < count { withdrawals.update(withdrawal) }
    }
  }
}
