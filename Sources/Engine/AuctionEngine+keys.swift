// Keys: who has access to which account, and how another one comes to have it.

extension AuctionEngine {
  func key(_ key: PublicKey, of user: UserID, _ role: Role) -> UserKey? {
    users[Int(user)].keys.first { $0.key == key && $0.role == role }
  }

  mutating func register(_ grant: AccessGrant, by authority: Authority) -> Reply {
    guard Int(grant.user) < users.count, grant.user != 0 else { return refuse(.unknownUser) }
    if let owner = keys[grant.key] {
      return owner == grant.user && holds(grant)
        ? accept(Int64(grant.user), .repeated) : refuse(.keyTaken)
    }
    let isVenues = rulesVersion >= 4 && authority.user == 0
    if isVenues {
      // Who starts the exchange names a key in its settings, where it stays when it is revoked.
      if safeguards.venueKeys.contains(grant.key) { return refuse(.keyRevoked) }
      guard safeguards.venueKeys.count < Bounds.maximumVenueKeys else {
        return refuse(.tooManyKeys)
      }
    }
    if rulesVersion < 2 {
      guard users[Int(grant.user)].keys.count < Bounds.maximumKeysOfUser else {
        return refuse(.tooManyKeys)
      }
      give(grant)
      return accept(Int64(grant.user))
    }
    guard grant.expiresAt == 0 || grant.expiresAt > time else { return refuse(.expiryPassed) }
    let isAtOnce = givesAtOnce(grant, authority)
    if authority.user == 0 { makePlace(in: grant.user, by: authority) }
    guard users[Int(grant.user)].keys.count < Bounds.maximumKeysOfUser else {
      return refuse(.tooManyKeys)
    }
    if isAtOnce {
      if isVenues { safeguards.venueKeys.append(grant.key) }
      give(grant, by: authority.user)
      return accept(Int64(grant.user))
    }
    return wait(grant, authority)
  }

  private func holds(_ grant: AccessGrant) -> Bool {
    guard let held = key(grant.key, of: grant.user, grant.role) else { return false }
    return held.expiresAt == grant.expiresAt
  }

  /// Whoever starts the exchange is not kept out by sixteen keys of a thief: the newest one goes,
  /// since the owner's were there before. (Under rules 2 and 3 the oldest one, and the log was not
  /// told.)
  private mutating func makePlace(in user: UserID, by authority: Authority) {
    let held = users[Int(user)].keys
    guard held.count >= Bounds.maximumKeysOfUser else { return }
    guard rulesVersion >= 4 else {
      _ = revoke(held[0].key)
      return
    }
    let leaving = held[held.count - 1].key
    let reply = revoke(leaving)
    effects.operations.append(
      OperatorAct(
        time: time, authority: authority, action: .revokeKey(leaving), id: reply.id,
        result: .replied(reply.outcome)))
  }

  /// The venue's own word; an operator's for its own account, which it signed itself; and the first
  /// key of an account in which there is nothing yet, by whoever registered it. But what an
  /// operator may do is everybody's business.
  private func givesAtOnce(_ grant: AccessGrant, _ authority: Authority) -> Bool {
    if authority.user == 0 || authority.user == grant.user { return true }
    let user = users[Int(grant.user)]
    return grant.role != .operator && !user.hadKey && user.keys.isEmpty
      && user.registeredBy == authority.user
      && (0..<assets.count).allSatisfy { !hasEntries(grant.user, AssetID($0)) }
  }

  /// An account without an entry is not state: it came about when somebody looked at a market.
  private func hasEntries(_ user: UserID, _ asset: AssetID) -> Bool {
    accounts.find(user, asset).map { accounts.slab[$0].lastEntry != 0 } ?? false
  }

  private mutating func wait(_ grant: AccessGrant, _ authority: Authority) -> Reply {
    // A key that waits is nobody's yet: it may wait for several accounts, once for each.
    if let same = safeguards.grants.first(where: {
      $0.grant.user == grant.user && $0.grant.key == grant.key
    }) {
      return same.grant == grant
        ? accept(Int64(grant.user), .waits(grant: same.id)) : refuse(.keyTaken)
    }
    let waiting = safeguards.grants.count { $0.grant.user == grant.user }
    guard waiting < Bounds.maximumKeysOfUser else { return refuse(.tooManyKeys) }
    let own = safeguards.grants.count { $0.authority.user == authority.user }
    guard safeguards.grants.count < Bounds.maximumKeyGrants,
      own < Bounds.maximumPendingOfOperator
    else { return refuse(.tooManyApprovals) }
    safeguards.grantCount += 1
    safeguards.grants.append(
      PendingKeyGrant(
        id: safeguards.grantCount, grant: grant, authority: authority, time: time,
        effectiveAt: after(safeguards.delay)))
    return accept(Int64(grant.user), .waits(grant: safeguards.grantCount))
  }

  /// Whether nobody but this operator was ever one: then a second one must come about somehow, by
  /// waiting and seen in the log. Later on who revokes the others' keys must not be alone for it: a
  /// venue whose operators are locked out is helped by whoever starts it (`Authority.venue`).
  private func isOnlyOperatorEver(_ user: UserID) -> Bool {
    safeguards.operators.allSatisfy { $0 == user }
  }

  private mutating func give(_ grant: AccessGrant, by grantor: UserID = 0) {
    let user = Int(grant.user)
    safeguards.grants.removeAll { $0.grant.key == grant.key }
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
    guard stillAsks(pending.authority) else { return refuse(.keyGrantNotFound) }
    guard authority.user != pending.authority.user else { return refuse(.approvalByRequester) }
    // A yes whose operator could no longer say it is none.
    let standing = pending.approval.flatMap { stands($0, for: pending) ? $0 : nil }
    guard standing?.user != authority.user else { return refuse(.approvalRepeated) }
    guard approval.grant == pending.grant else { return refuse(.approvalMismatch) }
    let rejection = refusal(
      of: authority, aboutAccountOf: pending.grant.user, after: safeguards.delay)
    if let rejection { return refuse(rejection) }
    guard standing == nil, let key = authority.key else {
      return refuse(.approvalNotNeeded)
    }
    // A yes that cannot take effect now would do so in silence, whenever a key goes.
    if rulesVersion >= 4 {
      guard users[Int(pending.grant.user)].keys.count < Bounds.maximumKeysOfUser else {
        return refuse(.tooManyKeys)
      }
    }
    safeguards.grants[index].approval = Withdrawal.Approver(user: authority.user, key: key)
    takeEffectOfSafeguards()
    return accept(approval.id, .inForce(from: pending.effectiveAt))
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
      safeguards.grants[index].grant.user == answer.user,
      stillAsks(safeguards.grants[index].authority)
    else { return refuse(.keyGrantNotFound) }
    let held = users[Int(answer.user)].keys.first { $0.key == answer.key }
    guard let held, held.role == .trader || held.role == .operator,
      held.expiresAt == 0 || held.expiresAt > time
    else { return refuse(.keyNotOfOwner) }
    let pending = safeguards.grants[index]
    let grant = pending.grant
    // Who froze the account speaks for its owner.
    if rulesVersion >= 4, users[Int(answer.user)].isFrozen { return refuse(.userFrozen) }
    if answer.isConfirmed {
      // The owner speaks for its account, not for the venue: an operator's key needs another
      // operator.
      guard grant.role != .operator || held.role == .operator else { return refuse(.keyNotOfOwner) }
      if users[Int(answer.user)].isFrozen { return refuse(.userFrozen) }
      guard grant.expiresAt == 0 || grant.expiresAt > time else { return refuse(.expiryPassed) }
      guard users[Int(answer.user)].keys.count < Bounds.maximumKeysOfUser else {
        return refuse(.tooManyKeys)
      }
    }
    safeguards.grants.remove(at: index)
    if answer.isConfirmed {
      give(grant)
      log(pending, .confirmedByOwner)
    }
    return accept(answer.grant)
  }

  /// Delays and keys whose time has come. An approval still counts only while its operator could
  /// say it.
  mutating func takeEffectOfSafeguards() {
    if rulesVersion < 2 { return }
    safeguards.delays.takeEffect(at: time)
    safeguards.settleRaise(at: time)
    if safeguards.grants.isEmpty { return }
    for pending in safeguards.grants where pending.effectiveAt <= time {
      // Gone with another that was given before it.
      guard safeguards.grants.contains(where: { $0.id == pending.id }) else { continue }
      let isOver = pending.grant.expiresAt != 0 && pending.grant.expiresAt <= time
      if isOver || !stillAsks(pending.authority) {
        safeguards.grants.removeAll { $0.id == pending.id }
      } else if isApproved(pending),
        users[Int(pending.grant.user)].keys.count < Bounds.maximumKeysOfUser
      {
        safeguards.grants.removeAll { $0.id == pending.id }
        give(pending.grant, by: pending.authority.user)
        log(pending, .givenByDelay)
      } else if rulesVersion >= 4, pending.approval != nil {
        forgetApproval(of: pending.id)
      }
    }
  }

  /// A yes that found no place, or whose operator could not say it now, must be said again.
  private mutating func forgetApproval(of id: Int64) {
    guard let index = safeguards.grants.firstIndex(where: { $0.id == id }) else { return }
    safeguards.grants[index].approval = nil
  }

  /// When a key that waited gets access, whoever reads the log sees it.
  private mutating func log(_ pending: PendingKeyGrant, _ result: OperatorAct.Result) {
    let grant = pending.grant
    effects.operations.append(
      OperatorAct(
        time: time, authority: pending.authority,
        action: .registerKey(
          user: grant.user, key: grant.key, role: grant.role, expiresAt: grant.expiresAt),
        id: Int64(grant.user), result: result))
  }

  /// Whether what was asked for with this key still stands: it ends with the key. Since rules 4
  /// that is so too where the key ends by itself.
  func stillAsks(_ authority: Authority) -> Bool {
    if rulesVersion < 4 || authority.user == 0 { return true }
    // A request of rules 1 names no key.
    guard let key = authority.key else { return true }
    return operatorKey(key, of: authority.user) != nil
  }

  private func isApproved(_ pending: PendingKeyGrant) -> Bool {
    guard let approval = pending.approval else {
      return pending.grant.role == .operator && isOnlyOperatorEver(pending.authority.user)
    }
    return stands(approval, for: pending)
  }

  private func stands(_ approval: Withdrawal.Approver, for pending: PendingKeyGrant) -> Bool {
    refusal(
      of: Authority(user: approval.user, key: approval.key), aboutAccountOf: pending.grant.user,
      after: safeguards.delay) == nil
  }

  mutating func revoke(_ key: PublicKey) -> Reply {
    guard let user = keys[key] else { return refuse(.keyNotFound) }
    keys[key] = nil
    users[Int(user)].keys.removeAll { $0.key == key }
    if rulesVersion >= 2 {
      // A request of rules 1 names no key: it goes with the last one that its operator had.
      let isLast = !users[Int(user)].keys.contains { $0.role == .operator }
      withdrawRequests { $0.key == key || $0.key == nil && $0.user == user && isLast }
    }
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
