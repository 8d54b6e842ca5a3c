// Operators' actions: who may, then what it does, then the operators' log.

extension AuctionEngine {
  mutating func operate(_ action: OperatorAction, by authority: Authority) -> Reply {
    guard venue != nil else { return refuse(.venueNotConfigured) }
    let rejection =
      rulesVersion >= 2 ? refusal(of: authority, for: action) : refusalOfRules1(authority, action)
    if let rejection { return refuse(rejection) }
    let before = (adjustmentCount, safeguards.grantCount, keys.count)
    let reply = carryOut(action, authority)
    let isNews =
      rulesVersion >= 4
      ? !isRepeat(reply.outcome, before)
      : !isRepeat(action) || before != (adjustmentCount, safeguards.grantCount, keys.count)
    if reply.rejection == nil, rulesVersion >= 2, isNews {
      effects.operations.append(
        OperatorAct(
          time: time, authority: authority, action: action, id: reply.id,
          result: .replied(reply.outcome)))
    }
    return reply
  }

  /// Whether the same came before and nothing changed: then it was logged the first time.
  private func isRepeat(
    _ outcome: Outcome, _ before: (adjustments: Int64, grants: Int64, keys: Int)
  ) -> Bool {
    switch outcome {
    case .repeated, .adjusted(.bookedBefore), .adjusted(.askedBefore): true
    case .waits(let grant): grant <= before.grants
    case .done, .amended, .cancelled, .cancelledAll, .ran, .adjusted(.booked), .adjusted(.waits),
      .inForce, .approved, .clawedBack:
      false
    }
  }

  /// Rules 2 and 3 counted what there is after actions that may come again; so a key that took the
  /// place of another was not logged.
  private func isRepeat(_ action: OperatorAction) -> Bool {
    switch action {
    case .adjustBalance, .registerKey: true
    case .createAsset, .createMarket, .changeMarket, .suspendMarket, .resumeMarket, .setReference,
      .registerUser, .approveKey, .refuseKey, .revokeKey, .setFrozen, .setOperatorDelay,
      .setOrderTerms, .approveAdjustment, .refuseAdjustment, .registerChain, .setAddressDelay,
      .setWithdrawalTerms, .approveWithdrawal, .rejectWithdrawal:
      false
    }
  }

  private mutating func carryOut(_ action: OperatorAction, _ authority: Authority) -> Reply {
    switch action {
    case .createAsset(let asset): return create(asset, by: authority)
    case .createMarket(let market): return create(market)
    case .changeMarket(let change): return self.change(change)
    case .suspendMarket(let market): return setOpen(market, false)
    case .resumeMarket(let market): return setOpen(market, true)
    case .setReference(let market, let ticks): return setReference(market, ticks)
    case .registerUser(let name): return register(name, by: authority)
    case .registerKey(let user, let key, let role, let expiresAt):
      return register(
        AccessGrant(user: user, key: key, role: role, expiresAt: expiresAt), by: authority)
    case .approveKey(let approval): return approve(approval, by: authority)
    case .refuseKey(let grant): return refuseKey(grant)
    case .revokeKey(let key): return revoke(key)
    case .setFrozen(let user, let frozen): return freeze(user, frozen, by: authority)
    case .setOperatorDelay(let seconds): return setOperatorDelay(seconds, by: authority)
    case .setOrderTerms(let terms): return set(terms)
    case .adjustBalance(let adjustment): return adjust(adjustment, by: authority)
    case .approveAdjustment(let approval): return approve(approval, by: authority)
    case .refuseAdjustment(let id): return refuseAdjustment(id)
    case .registerChain(let name): return registerChain(name)
    case .setAddressDelay(let chain, let seconds): return setAddressDelay(chain, seconds)
    case .setWithdrawalTerms(let terms): return set(terms, by: authority)
    case .approveWithdrawal(let approval): return approve(approval)
    case .rejectWithdrawal(let id): return reject(id, by: authority)
    }
  }

  // MARK: Who may

  /// Whether this operator may act at all: known, not frozen, by a key of its own that has not
  /// ended, and with a reason where one is needed. The venue needs none of it.
  private func refusal(of authority: Authority, for action: OperatorAction) -> Rejection? {
    if authority.user == 0 { return authority.key == nil ? nil : .unknownUser }
    if let rejection = refusal(ofOperator: authority.user) { return rejection }
    guard let key = authority.key, operatorKey(key, of: authority.user) != nil else {
      return .notAnOperatorKey
    }
    let length = authority.reason.utf8.count
    guard length <= Bounds.maximumReasonBytes, length > 0 || !action.needsReason,
      !authority.reason.utf8.contains(0)
    else { return .reasonMissing }
    // A withdrawal's approval says once more whose it is.
    if case .approveWithdrawal(let approval) = action,
      approval.operator != authority.user || approval.key != key
    {
      return .notAnOperatorKey
    }
    return nil
  }

  /// What rules 1 asked of some actions before they were looked at.
  private func refusalOfRules1(_ authority: Authority, _ action: OperatorAction) -> Rejection? {
    switch action {
    case .setAddressDelay, .setWithdrawalTerms: refusal(ofOperator: authority.user)
    case .adjustBalance, .approveAdjustment, .refuseAdjustment:
      Int(authority.user) < users.count && authority.user != 0 ? nil : .unknownUser
    case .rejectWithdrawal: Int(authority.user) < users.count ? nil : .unknownUser
    case .approveKey, .refuseKey, .setOperatorDelay, .setOrderTerms: .unknownRulesVersion
    // What these rules have no place for.
    case .registerKey(_, _, let role, let expiresAt) where role == .tradeOnly || expiresAt != 0:
      .unknownRulesVersion
    case .createAsset, .createMarket, .changeMarket, .suspendMarket, .resumeMarket, .setReference,
      .registerUser, .registerKey, .revokeKey, .setFrozen, .registerChain, .approveWithdrawal:
      nil
    }
  }

  func refusal(ofOperator user: UserID) -> Rejection? {
    guard user != 0, Int(user) < users.count else { return .unknownUser }
    // The door refuses too; but a freeze may have come first into the journal.
    return users[Int(user)].isFrozen ? .userFrozen : nil
  }

  /// The key, where it is this user's as an operator and has not ended.
  func operatorKey(_ key: PublicKey, of user: UserID) -> UserKey? {
    self.key(key, of: user, .operator).flatMap {
      $0.expiresAt == 0 || $0.expiresAt > time ? $0 : nil
    }
  }

  /// Why this operator's word does not count for money of this account, or for access to it; nil
  /// where it does. Who holds the account, or gave a key access to it, is no second pair of eyes.
  func refusal(
    of authority: Authority, aboutAccountOf user: UserID, after delay: Microseconds
  ) -> Rejection? {
    guard let key = authority.key, let held = operatorKey(key, of: authority.user) else {
      return .notAnOperatorKey
    }
    if users[Int(authority.user)].isFrozen { return .userFrozen }
    if time - held.registered < delay { return .operatorKeyTooNew }
    if authority.user == user { return .approvalByOwner }
    return isGrantor(authority.user, of: user) ? .approvalByGrantor : nil
  }

  /// The account of losses is nobody's, and no key has access to it.
  func isGrantor(_ operator: UserID, of user: UserID) -> Bool {
    Int(user) < users.count && users[Int(user)].grantors.contains(`operator`)
  }

  // MARK: The delay

  /// So much later than now; the end of time where that does not fit it.
  func after(_ delay: Microseconds) -> Microseconds {
    let (then, isTooLate) = time.addingReportingOverflow(delay)
    return isTooLate ? .max : then
  }

  private mutating func setOperatorDelay(_ seconds: Int64, by authority: Authority) -> Reply {
    guard (0...Bounds.maximumOperatorDelaySeconds).contains(seconds) else {
      return refuse(.operatorDelayInvalid)
    }
    // Where no balance ever changed, there is nothing to guard; and the venue's word helps where a
    // long delay locks all operators out.
    let isGuarded = accounts.entryCount > 0 && authority.user != 0
    let old = safeguards.delaySeconds
    let wait = isGuarded ? DelayRaise.wait(from: old, to: seconds, after: safeguards.raise) : 0
    let effectiveAt = safeguards.delays.set(
      seconds, of: OperatorSafeguards.delayKey, from: after(wait * 1_000_000), at: time)
    if !isGuarded {
      safeguards.raise = nil
    } else if rulesVersion >= 4, seconds > old, safeguards.raise == nil {
      safeguards.raise = DelayRaise(before: old, at: time)
    }
    safeguards.settleRaise(at: time)
    return accept(0, .inForce(from: effectiveAt))
  }

  /// Seconds that a new operator's key counts for nothing that creates money or gives access.
  public var operatorDelay: Int64 { safeguards.delaySeconds }

  /// A shorter one that waits.
  public var pendingOperatorDelay: PendingChange<Int64>? {
    safeguards.delays.pending[OperatorSafeguards.delayKey]
  }
}
