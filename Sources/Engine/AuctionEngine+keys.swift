// Keys: who has access to which account, and how another one comes to have it.

extension AuctionEngine {
  func key(_ key: PublicKey, of user: UserID, _ role: Role) -> UserKey? {
    users[Int(user)].keys.first { $0.key == key && $0.role == role }
  }

  mutating func register(_ grant: AccessGrant, by authority: Authority) -> Reply {
    guard Int(grant.user) < users.count, grant.user != 0 else { return refuse(.unknownUser) }
    if let owner = keys[grant.key] {
      let same = owner == grant.user && key(grant.key, of: grant.user, grant.role) != nil
      return same ? accept(Int64(grant.user), detail: 1) : refuse(.keyTaken)
    }
    if rulesVersion < 2 {
      guard users[Int(grant.user)].keys.count < Bounds.maximumKeysOfUser else {
        return refuse(.tooManyKeys)
      }
      give(grant)
      return accept(Int64(grant.user))
    }
    if let waiting = safeguards.grants.first(where: { $0.grant.key == grant.key }) {
      return waiting.grant == grant
        ? accept(Int64(grant.user), detail: 1 + waiting.id) : refuse(.keyTaken)
    }
    let waiting = safeguards.grants.count { $0.grant.user == grant.user }
    guard users[Int(grant.user)].keys.count + waiting < Bounds.maximumKeysOfUser else {
      return refuse(.tooManyKeys)
    }
    guard grant.expiresAt == 0 || grant.expiresAt > time else { return refuse(.expiryPassed) }
    if givesAtOnce(grant, authority) {
      give(grant, by: authority.user)
      return accept(Int64(grant.user))
    }
    return wait(grant, authority)
  }

  /// The venue's own word; an operator's for its own account, which it signed itself; and the first
  /// key of an account in which there is nothing yet. But what an operator may do is everybody's
  /// business.
  private func givesAtOnce(_ grant: AccessGrant, _ authority: Authority) -> Bool {
    if authority.user == 0 || authority.user == grant.user { return true }
    let user = users[Int(grant.user)]
    return grant.role != .operator && !user.hadKey && user.keys.isEmpty
      && (0..<assets.count).allSatisfy { accounts.find(grant.user, AssetID($0)) == nil }
  }

  private mutating func wait(_ grant: AccessGrant, _ authority: Authority) -> Reply {
    let own = safeguards.grants.count { $0.authority.user == authority.user }
    guard safeguards.grants.count < Bounds.maximumKeyGrants,
      own < Bounds.maximumPendingOfOperator
    else { return refuse(.tooManyApprovals) }
    safeguards.grantCount += 1
    let (then, isTooLate) = time.addingReportingOverflow(safeguards.delay)
    safeguards.grants.append(
      PendingKeyGrant(
        id: safeguards.grantCount, grant: grant, authority: authority, time: time,
        effectiveAt: isTooLate ? .max : then))
    return accept(Int64(grant.user), detail: 1 + safeguards.grantCount)
  }

  /// Whether nobody but this operator was ever one: then a second one must come about somehow, by
  /// waiting and seen in the log. Later on who revokes the others' keys must not be alone for it: a
  /// venue whose operators are locked out is helped by whoever starts it (`Authority.venue`).
  private func isOnlyOperatorEver(_ user: UserID) -> Bool {
    safeguards.operators.allSatisfy { $0 == user }
  }

  private mutating func give(_ grant: AccessGrant, by grantor: UserID = 0) {
    let user = Int(grant.user)
    users[user].keys.append(
      UserKey(key: grant.key, role: grant.role, registered: time, expiresAt: grant.expiresAt))
    keys[grant.key] = grant.user
    if rulesVersion >= 2 {
      users[user].hadKey = true
      if grant.role == .operator { safeguards.addOperator(grant.user) }
      if grantor != 0, grantor != grant.user, !users[user].grantors.contains(grantor) {
        users[user].grantors.append(grantor)
        users[user].grantors.sort()
      }
    }
    effects.directory.append(
      .keyRegistered(
        grant.key, user: grant.user, role: grant.role, expiresAt: grant.expiresAt))
  }

  // MARK: Keys that wait

  mutating func approve(_ approval: KeyApproval, by authority: Authority) -> Reply {
    guard let index = safeguards.grants.firstIndex(where: { $0.id == approval.id }) else {
      return refuse(.keyGrantNotFound)
    }
    let pending = safeguards.grants[index]
    guard authority.user != pending.authority.user else { return refuse(.approvalByRequester) }
    guard pending.approval?.user != authority.user else { return refuse(.approvalRepeated) }
    guard approval.grant == pending.grant else { return refuse(.approvalMismatch) }
    let rejection = refusal(
      of: authority, aboutAccountOf: pending.grant.user, after: safeguards.delay)
    if let rejection { return refuse(rejection) }
    guard pending.approval == nil, let key = authority.key else {
      return refuse(.approvalNotNeeded)
    }
    safeguards.grants[index].approval = Withdrawal.Approver(user: authority.user, key: key)
    takeEffectOfSafeguards()
    return accept(approval.id, detail: pending.effectiveAt)
  }

  mutating func refuseKey(_ id: Int64) -> Reply {
    guard let index = safeguards.grants.firstIndex(where: { $0.id == id }) else {
      return refuse(.keyGrantNotFound)
    }
    safeguards.grants.remove(at: index)
    return accept(id)
  }

  /// The owner's word needs no second one: whoever holds such a key has the account already.
  mutating func answer(_ answer: KeyGrantAnswer) -> Reply {
    guard rulesVersion >= 2 else { return refuse(.unknownRulesVersion) }
    guard Int(answer.user) < users.count, answer.user != 0 else { return refuse(.unknownUser) }
    guard let index = safeguards.grants.firstIndex(where: { $0.id == answer.grant }),
      // Another account's does not exist.
      safeguards.grants[index].grant.user == answer.user
    else { return refuse(.keyGrantNotFound) }
    let held = users[Int(answer.user)].keys.first { $0.key == answer.key }
    guard let held, held.role == .trader || held.role == .operator,
      held.expiresAt == 0 || held.expiresAt > time
    else { return refuse(.keyNotOfOwner) }
    let grant = safeguards.grants[index].grant
    if answer.isConfirmed {
      // The owner speaks for its account, not for the venue: an operator's key needs another
      // operator.
      guard grant.role != .operator || held.role == .operator else { return refuse(.keyNotOfOwner) }
      if users[Int(answer.user)].isFrozen { return refuse(.userFrozen) }
    }
    safeguards.grants.remove(at: index)
    if answer.isConfirmed { give(grant) }
    return accept(answer.grant)
  }

  /// Delays and keys whose time has come. An approval still counts only while its operator could
  /// say it.
  mutating func takeEffectOfSafeguards() {
    if rulesVersion < 2 { return }
    safeguards.delays.takeEffect(at: time)
    if safeguards.grants.isEmpty { return }
    for pending in safeguards.grants where pending.effectiveAt <= time {
      if pending.grant.expiresAt != 0, pending.grant.expiresAt <= time {
        safeguards.grants.removeAll { $0.id == pending.id }
      } else if isApproved(pending) {
        safeguards.grants.removeAll { $0.id == pending.id }
        give(pending.grant, by: pending.authority.user)
      }
    }
  }

  private func isApproved(_ pending: PendingKeyGrant) -> Bool {
    guard let approval = pending.approval else {
      return isOnlyOperatorEver(pending.authority.user)
    }
    return refusal(
      of: Authority(user: approval.user, key: approval.key), aboutAccountOf: pending.grant.user,
      after: safeguards.delay) == nil
  }

  mutating func revoke(_ key: PublicKey) -> Reply {
    guard let user = keys[key] else { return refuse(.keyNotFound) }
    keys[key] = nil
    users[Int(user)].keys.removeAll { $0.key == key }
    if rulesVersion >= 2 { withdrawRequests { $0.key == key } }
    effects.directory.append(.keyRevoked(key))
    return accept(Int64(user))
  }

  // MARK: Queries

  /// Keys that wait, oldest first; of one account, or of all.
  public func pendingKeyGrants(of user: UserID? = nil) -> [PendingKeyGrantView] {
    safeguards.grants.filter { user == nil || $0.grant.user == user }.map { pending in
      PendingKeyGrantView(
        id: pending.id, grant: pending.grant, authority: pending.authority, time: pending.time,
        effectiveAt: pending.effectiveAt, approvedBy: pending.approval?.user)
    }
  }
}

/// A key that waits, as operators and the account's owner see it.
public struct PendingKeyGrantView: Sendable, Equatable {
  public var id: Int64
  public var grant: AccessGrant
  public var authority: Authority
  public var time: Microseconds
  /// Before this an operator's approval gives no access; the owner's does at once.
  public var effectiveAt: Microseconds
  public var approvedBy: UserID?
}
