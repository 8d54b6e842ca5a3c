// On which terms money may leave, and to which addresses: operators' settings and users' address books.

extension AuctionEngine {
  // MARK: Terms

  mutating func setAddressDelay(_ chain: ChainID, _ seconds: Int64, by: UserID) -> Reply {
    if let rejection = refusal(ofOperator: by) { return refuse(rejection) }
    guard Int(chain) < chains.count else { return refuse(.unknownChain) }
    guard (0...Bounds.maximumAddressDelaySeconds).contains(seconds) else {
      return refuse(.withdrawalTermsInvalid)
    }
    withdrawals.delays[chain] = seconds
    return accept(Int64(chain))
  }

  mutating func set(_ terms: WithdrawalTerms, by: UserID) -> Reply {
    if let rejection = refusal(ofOperator: by) { return refuse(rejection) }
    guard Int(terms.asset) < assets.count else { return refuse(.unknownAsset) }
    guard Int(terms.chain) < chains.count else { return refuse(.unknownChain) }
    guard isValid(terms) else { return refuse(.withdrawalTermsInvalid) }
    withdrawals.terms[terms.asset] = terms
    return accept(Int64(terms.asset))
  }

  func refusal(ofOperator user: UserID) -> Rejection? {
    guard user != 0, Int(user) < users.count else { return .unknownUser }
    // The door refuses too; but a freeze may have come first into the journal.
    return users[Int(user)].isFrozen ? .userFrozen : nil
  }

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
    let delay = withdrawals.delays[addition.chain] ?? Withdrawals.defaultDelaySeconds
    // Times near the end of 64 bits must not overflow.
    let (usableAt, isTooLate) = time.addingReportingOverflow(delay * 1_000_000)
    withdrawals.addresses[addition.user, default: []].append(
      ListedPayoutAddress(
        chain: addition.chain, address: addition.address, label: addition.label, addedAt: time,
        usableAt: isTooLate ? .max : usableAt))
    return accept(detail: isTooLate ? .max : usableAt)
  }

  mutating func removePayoutAddress(
    _ address: PayoutAddress, of user: UserID, on chain: ChainID
  ) -> Reply {
    guard user != 0, Int(user) < users.count else { return refuse(.unknownUser) }
    guard Int(chain) < chains.count else { return refuse(.unknownChain) }
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
    withdrawals.terms.values.sorted { $0.asset < $1.asset }
  }

  /// Seconds that a new address waits.
  public func addressDelay(on chain: ChainID) -> Int64 {
    withdrawals.delays[chain] ?? Withdrawals.defaultDelaySeconds
  }

  // MARK: Snapshot

  func writeDelays(to writer: inout ByteWriter) {
    writer.uint(withdrawals.delays.count)
    for (chain, seconds) in withdrawals.delays.sorted(by: { $0.key < $1.key }) {
      writer.uint(chain)
      writer.uint(seconds)
    }
  }

  func writeTerms(to writer: inout ByteWriter) {
    writer.uint(withdrawals.terms.count)
    for terms in withdrawalTerms() { writer.withdrawalTerms(terms) }
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
      let chain: ChainID = try reader.uint()
      let seconds: Int64 = try reader.uint()
      guard Int(chain) < chains.count, withdrawals.delays[chain] == nil,
        seconds <= Bounds.maximumAddressDelaySeconds
      else { throw reader.fail("not a delay") }
      withdrawals.delays[chain] = seconds
    }
  }

  mutating func readTerms(_ reader: inout ByteReader) throws(ByteError) {
    for _ in 0..<(try reader.count()) {
      let terms = try reader.withdrawalTerms()
      guard Int(terms.asset) < assets.count, Int(terms.chain) < chains.count, isValid(terms),
        withdrawals.terms[terms.asset] == nil
      else { throw reader.fail("not terms of withdrawals") }
      withdrawals.terms[terms.asset] = terms
    }
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
