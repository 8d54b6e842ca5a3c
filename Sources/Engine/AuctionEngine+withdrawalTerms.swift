// On which terms money may leave, and to which addresses: operators' settings and users' address
// books.

extension AuctionEngine {
  // MARK: Terms

  mutating func setAddressDelay(_ chain: ChainID, _ seconds: Int64) -> Reply {
    guard Int(chain) < chains.count else { return refuse(.unknownChain) }
    guard (0...Bounds.maximumAddressDelaySeconds).contains(seconds) else {
      return refuse(.withdrawalTermsInvalid)
    }
    // Where nothing can be taken out yet, there is nothing to guard.
    let isGuarded = withdrawals.hasTerms(on: chain)
    let old = withdrawals.delay(on: chain)
    let raise = withdrawals.raises[chain]
    let wait = isGuarded ? DelayRaise.wait(from: old, to: seconds, after: raise) : 0
    let effectiveAt = withdrawals.delays.set(
      seconds, of: chain, from: after(wait * 1_000_000), at: time)
    if !isGuarded {
      withdrawals.raises[chain] = nil
    } else if rulesVersion >= 4, seconds > old, raise == nil {
      withdrawals.raises[chain] = DelayRaise(before: old, at: time)
    }
    withdrawals.settleRaises(at: time)
    return accept(Int64(chain), .inForce(from: effectiveAt))
  }

  mutating func set(_ terms: WithdrawalTerms, by authority: Authority) -> Reply {
    guard Int(terms.asset) < assets.count else { return refuse(.unknownAsset) }
    guard Int(terms.chain) < chains.count else { return refuse(.unknownChain) }
    guard isValid(terms) else { return refuse(.withdrawalTermsInvalid) }
    let effectiveAt = withdrawals.terms.set(
      terms, of: terms.asset, from: beginning(of: terms, by: authority), at: time)
    return accept(Int64(terms.asset), .inForce(from: effectiveAt))
  }

  /// From when on terms may hold that are asked for now.
  private func beginning(of terms: WithdrawalTerms, by authority: Authority) -> Microseconds {
    if let old = withdrawals.terms[terms.asset] {
      return terms.loosens(old, under: rulesVersion) ? afterDelay(on: old.chain) : time
    }
    // The first terms of an asset that somebody has are its loosest change. The chain's delay alone
    // would not guard them: it is set at once where there are no terms.
    guard rulesVersion >= 4, authority.user != 0, isHeld(terms.asset) else { return time }
    return after(max(delay(on: terms.chain), safeguards.delay))
  }

  /// Whether anybody may have some: where losses are owed, all of it together may be nothing.
  private func isHeld(_ asset: AssetID) -> Bool {
    let lost = accounts.find(Bounds.lossAccount, asset).map { accounts.slab[$0].free } ?? 0
    return accounts.issued[Int(asset)] != 0 || lost != 0
  }

  /// When what is asked for now has waited as long as a new address of the chain does.
  private func afterDelay(on chain: ChainID) -> Microseconds { after(delay(on: chain)) }

  func delay(on chain: ChainID) -> Microseconds { withdrawals.delay(on: chain) * 1_000_000 }

  private func isValid(_ terms: WithdrawalTerms) -> Bool {
    let amounts = [
      terms.minimum, terms.fee, terms.userDayLimit, terms.venueDayLimit, terms.approvalAbove,
    ]
    return amounts.allSatisfy { $0 >= 0 && $0 < Bounds.maximumAtoms } && terms.minimum > 0
      && terms.approvals <= Bounds.maximumApprovals
  }

  // MARK: Addresses

  mutating func add(_ addition: PayoutAddressAddition) -> Reply {
    guard addition.user != 0, Int(addition.user) < users.count else { return refuse(.unknownUser) }
    guard Int(addition.chain) < chains.count else { return refuse(.unknownChain) }
    guard addition.address.isValid else { return refuse(.addressInvalid) }
    guard addition.label.utf8.count <= 64 else { return refuse(.nameInvalid) }
    if users[Int(addition.user)].isFrozen { return refuse(.userFrozen) }
    let known = withdrawals.addresses[addition.user] ?? []
    guard !known.contains(where: { $0.chain == addition.chain && $0.address == addition.address })
    else { return refuse(.addressExists) }
    guard known.count < Bounds.maximumPayoutAddresses else { return refuse(.tooManyAddresses) }
    let usableAt = afterDelay(on: addition.chain)
    withdrawals.addresses[addition.user, default: []].append(
      ListedPayoutAddress(
        chain: addition.chain, address: addition.address, label: addition.label, addedAt: time,
        usableAt: usableAt))
    return accept(0, .inForce(from: usableAt))
  }

  mutating func removePayoutAddress(
    _ address: PayoutAddress, of user: UserID, on chain: ChainID
  ) -> Reply {
    guard user != 0, Int(user) < users.count else { return refuse(.unknownUser) }
    guard Int(chain) < chains.count else { return refuse(.unknownChain) }
    if rulesVersion >= 4, users[Int(user)].isFrozen { return refuse(.userFrozen) }
    var known = withdrawals.addresses[user] ?? []
    guard let index = known.firstIndex(where: { $0.chain == chain && $0.address == address })
    else { return refuse(.addressNotListed) }
    known.remove(at: index)
    withdrawals.addresses[user] = known.isEmpty ? nil : known
    return accept()
  }

  // MARK: Queries

  public func payoutAddresses(of user: UserID) -> [ListedPayoutAddress] {
    withdrawals.addresses[user] ?? []
  }

  public func withdrawalTerms(of asset: AssetID) -> WithdrawalTerms? { withdrawals.terms[asset] }

  /// By asset.
  public func withdrawalTerms() -> [WithdrawalTerms] {
    withdrawals.terms.sortedInForce.map(\.value)
  }

  /// Looser ones that wait, by asset.
  public func pendingWithdrawalTerms() -> [PendingChange<WithdrawalTerms>] {
    withdrawals.terms.sortedPending.map(\.value)
  }

  /// Seconds that a new address waits, and what loosens a safeguard.
  public func addressDelay(on chain: ChainID) -> Int64 { withdrawals.delay(on: chain) }

  /// A shorter one that waits.
  public func pendingAddressDelay(on chain: ChainID) -> PendingChange<Int64>? {
    withdrawals.delays.pending[chain]
  }

  // MARK: Snapshot

  func writeDelays(to writer: inout ByteWriter) {
    writer.uint(withdrawals.delays.inForce.count)
    for (chain, seconds) in withdrawals.delays.sortedInForce {
      writer.uint(chain)
      writer.uint(seconds)
    }
    writer.uint(withdrawals.delays.pending.count)
    for (chain, change) in withdrawals.delays.sortedPending {
      writer.uint(chain)
      writer.uint(change.value)
      writer.uint(change.effectiveAt)
    }
    if rulesVersion < 4 { return }
    writer.uint(withdrawals.raises.count)
    for (chain, raise) in withdrawals.raises.sorted(by: { $0.key < $1.key }) {
      writer.uint(chain)
      writer.delayRaise(raise)
    }
  }

  func writeTerms(to writer: inout ByteWriter) {
    writer.uint(withdrawals.terms.inForce.count)
    for terms in withdrawalTerms() { writer.withdrawalTerms(terms) }
    writer.uint(withdrawals.terms.pending.count)
    for change in pendingWithdrawalTerms() {
      writer.withdrawalTerms(change.value)
      writer.uint(change.effectiveAt)
    }
  }

  func writeAddressBooks(to writer: inout ByteWriter) {
    writer.uint(withdrawals.addresses.count)
    for (user, book) in withdrawals.addresses.sorted(by: { $0.key < $1.key }) {
      writer.uint(user)
      writer.uint(book.count)
      for line in book {
        writer.uint(line.chain)
        writer.payoutAddress(line.address)
        writer.text(line.label)
        writer.uint(line.addedAt)
        writer.uint(line.usableAt)
      }
    }
  }

  mutating func readDelays(_ reader: inout ByteReader) throws(ByteError) {
    for _ in 0..<(try reader.count()) {
      let (chain, seconds): (ChainID, Int64) = (try reader.uint(), try reader.uint())
      guard Int(chain) < chains.count, withdrawals.delays[chain] == nil,
        seconds <= Bounds.maximumAddressDelaySeconds
      else { throw reader.fail("not a delay") }
      withdrawals.delays.inForce[chain] = seconds
    }
    for _ in 0..<(try reader.count()) {
      let (chain, seconds): (ChainID, Int64) = (try reader.uint(), try reader.uint())
      let change = PendingChange(seconds, effectiveAt: try reader.uint())
      guard Int(chain) < chains.count, withdrawals.delays.pending[chain] == nil,
        seconds < withdrawals.delay(on: chain), isAwaited(change.effectiveAt)
      else { throw reader.fail("not a delay that waits") }
      withdrawals.delays.pending[chain] = change
    }
    if rulesVersion < 4 { return }
    for _ in 0..<(try reader.count()) {
      let chain: ChainID = try reader.uint()
      let raise = try reader.delayRaise()
      guard Int(chain) < chains.count, withdrawals.raises[chain] == nil,
        raise.isUnsettled(withdrawals.delay(on: chain), at: time), raise.at <= time
      else { throw reader.fail("not a raise that may be taken back") }
      withdrawals.raises[chain] = raise
    }
  }

  mutating func readTerms(_ reader: inout ByteReader) throws(ByteError) {
    for _ in 0..<(try reader.count()) {
      let terms = try reader.withdrawalTerms()
      guard areOfThisVenue(terms), withdrawals.terms[terms.asset] == nil else {
        throw reader.fail("not terms of withdrawals")
      }
      withdrawals.terms.inForce[terms.asset] = terms
    }
    for _ in 0..<(try reader.count()) {
      let terms = try reader.withdrawalTerms()
      let change = PendingChange(terms, effectiveAt: try reader.uint())
      guard areOfThisVenue(terms), withdrawals.terms.pending[terms.asset] == nil,
        waits(terms), isAwaited(change.effectiveAt)
      else { throw reader.fail("not terms that wait") }
      withdrawals.terms.pending[terms.asset] = change
    }
  }

  private func waits(_ terms: WithdrawalTerms) -> Bool {
    guard let old = withdrawals.terms[terms.asset] else { return rulesVersion >= 4 }
    return terms.loosens(old, under: rulesVersion)
  }

  private func areOfThisVenue(_ terms: WithdrawalTerms) -> Bool {
    Int(terms.asset) < assets.count && Int(terms.chain) < chains.count && isValid(terms)
  }

  /// Later than now, and not by more than any delay.
  private func isAwaited(_ then: Microseconds) -> Bool {
    then > time
      && then - time <= Bounds.maximumAddressDelaySeconds * 1_000_000
  }

  mutating func readAddressBook(_ reader: inout ByteReader) throws(ByteError) {
    let user: UserID = try reader.uint()
    var book: [ListedPayoutAddress] = []
    for _ in 0..<(try reader.count()) {
      book.append(
        ListedPayoutAddress(
          chain: try reader.uint(), address: try reader.payoutAddress(), label: try reader.text(),
          addedAt: try reader.uint(), usableAt: try reader.uint()))
    }
    guard user != 0, Int(user) < users.count, withdrawals.addresses[user] == nil, !book.isEmpty,
      book.count <= Bounds.maximumPayoutAddresses,
      book.allSatisfy({
        $0.address.isValid && Int($0.chain) < chains.count && $0.label.utf8.count <= 64
          && $0.addedAt <= $0.usableAt
      }),
      book.indices.allSatisfy({ at in
        !book[..<at].contains { $0.chain == book[at].chain && $0.address == book[at].address }
      })
    else { throw reader.fail("not an address book") }
    withdrawals.addresses[user] = book
  }
}

extension ByteWriter {
  package mutating func payoutAddress(_ address: PayoutAddress) {
    uint(address.bytes.count)
    raw(address.bytes)
  }

  package mutating func withdrawalTerms(_ terms: WithdrawalTerms) {
    uint(terms.asset)
    uint(terms.chain)
    bool(terms.isOpen)
    for amount in [
      terms.minimum, terms.fee, terms.userDayLimit, terms.venueDayLimit, terms.approvalAbove,
    ] {
      int(amount)
    }
    byte(terms.approvals)
  }
}

extension ByteReader {
  package mutating func payoutAddress() throws(ByteError) -> PayoutAddress {
    let count = try self.count()
    return PayoutAddress(try raw(count))
  }

  package mutating func withdrawalTerms() throws(ByteError) -> WithdrawalTerms {
    WithdrawalTerms(
      asset: try uint(), chain: try uint(), isOpen: try bool(), minimum: try int(),
      fee: try int(), userDayLimit: try int(), venueDayLimit: try int(),
      approvalAbove: try int(), approvals: try byte())
  }
}
