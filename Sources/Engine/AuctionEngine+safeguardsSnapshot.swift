// What rules 2 added to the state, as bytes: who has access, what waits, what was booked alone.

extension AuctionEngine {
  func writeAccess(of user: User, to writer: inout ByteWriter) {
    writer.bool(user.hadKey)
    writer.uint(user.registeredBy)
    writer.uint(user.grantors.count)
    for grantor in user.grantors { writer.uint(grantor) }
  }

  func readAccess(of user: inout User, _ reader: inout ByteReader) throws(ByteError) {
    user.hadKey = try reader.bool()
    user.registeredBy = try reader.uint()
    for _ in 0..<(try reader.count()) {
      let grantor: UserID = try reader.uint()
      guard grantor != 0, grantor > user.grantors.last ?? 0 else {
        throw reader.fail("not the operators who gave keys")
      }
      user.grantors.append(grantor)
    }
    guard user.hadKey || user.keys.isEmpty && user.grantors.isEmpty else {
      throw reader.fail("a key of a user who never had one")
    }
  }

  func writeSafeguards(to writer: inout ByteWriter) {
    writer.uint(safeguards.delays.inForce.count)
    for (_, seconds) in safeguards.delays.sortedInForce { writer.uint(seconds) }
    writer.uint(safeguards.delays.pending.count)
    for (_, change) in safeguards.delays.sortedPending {
      writer.uint(change.value)
      writer.uint(change.effectiveAt)
    }
    if rulesVersion >= 4 {
      writer.bool(safeguards.raise != nil)
      if let raise = safeguards.raise { writer.delayRaise(raise) }
    }
    writer.uint(safeguards.operators.count)
    for user in safeguards.operators { writer.uint(user) }
    if rulesVersion >= 4 {
      writer.uint(safeguards.venueKeys.count)
      for key in safeguards.venueKeys { writer.raw(key.bytes) }
    }
    writer.uint(safeguards.grantCount)
    writer.uint(safeguards.grants.count)
    for pending in safeguards.grants {
      writer.uint(pending.id)
      writer.keyGrant(pending.grant)
      writer.authority(pending.authority)
      writer.uint(pending.time)
      writer.uint(pending.effectiveAt)
      writer.bool(pending.approval != nil)
      guard let approval = pending.approval else { continue }
      writer.uint(approval.user)
      writer.raw(approval.key.bytes)
    }
    writer.uint(safeguards.bookedAlone.count)
    for (key, hours) in safeguards.sortedBookedAlone {
      writer.uint(key.operator)
      writer.uint(key.asset)
      writer.uint(hours.count)
      for hour in hours {
        writer.uint(hour.number)
        writer.uint(hour.atoms)
      }
    }
  }

  mutating func readSafeguards(_ reader: inout ByteReader) throws(ByteError) {
    try readOperatorDelay(&reader)
    for _ in 0..<(try reader.count()) {
      let user: UserID = try reader.uint()
      guard user > safeguards.operators.last ?? 0, Int(user) < users.count else {
        throw reader.fail("not the operators there ever were")
      }
      safeguards.addOperator(user)
    }
    if rulesVersion >= 4 { try readVenueKeys(&reader) }
    guard areSound() else { throw reader.fail("not the keys and operators of this venue") }
    safeguards.grantCount = try reader.counter()
    for _ in 0..<(try reader.count()) { try readGrant(&reader) }
    guard safeguards.grants.count <= Bounds.maximumKeyGrants else {
      throw reader.fail("too many keys wait")
    }
    for _ in 0..<(try reader.count()) {
      let key = OperatorSafeguards.AccountKey(
        operator: try reader.uint(), asset: try reader.uint())
      var hours: [OperatorSafeguards.Hour] = []
      for _ in 0..<(try reader.count()) {
        hours.append(
          OperatorSafeguards.Hour(number: try reader.uint(), atoms: try reader.uint()))
      }
      guard key.operator != 0, Int(key.operator) < users.count, Int(key.asset) < assets.count,
        safeguards.restore(key, hours, at: time)
      else { throw reader.fail("not what an operator booked") }
    }
  }

  private mutating func readVenueKeys(_ reader: inout ByteReader) throws(ByteError) {
    for _ in 0..<(try reader.count()) {
      guard let key = PublicKey(try reader.raw(32)),
        safeguards.venueKeys.count < Bounds.maximumVenueKeys,
        !safeguards.venueKeys.contains(key)
      else { throw reader.fail("not the keys that the venue gave") }
      safeguards.venueKeys.append(key)
    }
  }

  /// Nobody acts for the venue by a key, and who is or was an operator is in the list.
  private func areSound() -> Bool {
    users.indices.allSatisfy { index in
      let user = users[index]
      return (index != 0 || user.keys.isEmpty) && Int(user.registeredBy) < users.count
        && user.grantors.allSatisfy { Int($0) < users.count }
        && (!user.keys.contains { $0.role == .operator }
          || safeguards.operators.contains(UserID(index)))
    }
  }

  private mutating func readOperatorDelay(_ reader: inout ByteReader) throws(ByteError) {
    let key = OperatorSafeguards.delayKey
    for _ in 0..<(try reader.count()) {
      guard safeguards.delays.inForce.isEmpty else { throw reader.fail("two delays") }
      safeguards.delays.inForce[key] = try reader.uint()
    }
    for _ in 0..<(try reader.count()) {
      let change = PendingChange<Int64>(try reader.uint(), effectiveAt: try reader.uint())
      guard safeguards.delays.pending.isEmpty, change.value < safeguards.delaySeconds,
        change.effectiveAt > time,
        change.effectiveAt - time <= Bounds.maximumOperatorDelaySeconds * 1_000_000
      else { throw reader.fail("not a delay that waits") }
      safeguards.delays.pending[key] = change
    }
    guard safeguards.delaySeconds <= Bounds.maximumOperatorDelaySeconds else {
      throw reader.fail("not a delay")
    }
    guard rulesVersion >= 4, try reader.bool() else { return }
    let raise = try reader.delayRaise()
    guard raise.at <= time, raise.isUnsettled(safeguards.delaySeconds, at: time) else {
      throw reader.fail("not a raise that may be taken back")
    }
    safeguards.raise = raise
  }

  private mutating func readGrant(_ reader: inout ByteReader) throws(ByteError) {
    let id: Int64 = try reader.counter()
    let grant = try reader.keyGrant()
    let authority = try reader.authority()
    var pending = PendingKeyGrant(
      id: id, grant: grant, authority: authority, time: try reader.uint(),
      effectiveAt: try reader.uint())
    if try reader.bool() {
      let user: UserID = try reader.uint()
      guard let key = PublicKey(try reader.raw(32)), user != 0, Int(user) < users.count,
        user != authority.user, user != grant.user
      else {
        throw reader.fail("not an approval")
      }
      pending.approval = Withdrawal.Approver(user: user, key: key)
    }
    guard id > safeguards.grants.last?.id ?? 0, id <= safeguards.grantCount,
      grant.user != 0, Int(grant.user) < users.count, keys[grant.key] == nil,
      !safeguards.grants.contains(where: {
        $0.grant.key == grant.key && $0.grant.user == grant.user
      }), grant.expiresAt >= 0,
      safeguards.grants.count(where: { $0.grant.user == grant.user })
        < Bounds.maximumKeysOfUser,
      authority.user != 0, Int(authority.user) < users.count, authority.key != nil,
      (1...Bounds.maximumReasonBytes).contains(authority.reason.utf8.count),
      !authority.reason.utf8.contains(0), pending.time <= time,
      pending.effectiveAt >= pending.time
    else { throw reader.fail("not a key that waits") }
    safeguards.grants.append(pending)
  }
}

// MARK: Shared encodings: the journal writes them in the same way

extension ByteWriter {
  package mutating func authority(_ authority: Authority) {
    uint(authority.user)
    key(authority.key)
    text(authority.reason)
  }

  package mutating func keyGrant(_ grant: AccessGrant) {
    uint(grant.user)
    raw(grant.key.bytes)
    byte(grant.role.rawValue)
    int(Int128(grant.expiresAt))
  }
}

extension ByteReader {
  package mutating func authority() throws(ByteError) -> Authority {
    Authority(user: try uint(), key: try key(), reason: try text(maximum: remaining))
  }

  package mutating func keyGrant() throws(ByteError) -> AccessGrant {
    let user: UserID = try uint()
    guard let key = PublicKey(try raw(32)), let role = Role(rawValue: try byte()) else {
      throw fail("not a key")
    }
    return AccessGrant(user: user, key: key, role: role, expiresAt: try int(as: Int64.self))
  }
}
