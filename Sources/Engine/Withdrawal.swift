// Money that leaves: what is asked for, on which terms, to which address, and how it stands.

/// An address on some chain, as its bytes: 20 of an EVM chain. What is an address of which chain is
/// judged before a command is made; the engine compares.
public struct PayoutAddress: Hashable, Sendable {
  public let bytes: [UInt8]

  /// Any bytes: the engine refuses a count that no chain has.
  public init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

  var isValid: Bool {
    (1...Bounds.maximumAddressBytes).contains(bytes.count) && bytes.contains { $0 != 0 }
  }
}

/// On which terms an asset leaves. They hold for later requests; what loosens them waits.
public struct WithdrawalTerms: Sendable, Equatable {
  public var asset: AssetID
  /// The chain on which it is paid.
  public var chain: ChainID
  /// False while none is taken.
  public var isOpen: Bool
  /// Atoms, the fee not included; at least 1.
  public var minimum: Int128
  /// Atoms for each, to the venue.
  public var fee: Int128
  /// Atoms in 24 hours: one user's, and all users'.
  public var userDayLimit: Int128
  public var venueDayLimit: Int128
  /// What takes a user's 24 hours above so many atoms, operators approve first.
  public var approvalAbove: Int128
  /// So many of them.
  public var approvals: UInt8

  public init(
    asset: AssetID, chain: ChainID, isOpen: Bool = true, minimum: Int128, fee: Int128,
    userDayLimit: Int128, venueDayLimit: Int128, approvalAbove: Int128, approvals: UInt8
  ) {
    self.asset = asset
    self.chain = chain
    self.isOpen = isOpen
    self.minimum = minimum
    self.fee = fee
    self.userDayLimit = userDayLimit
    self.venueDayLimit = venueDayLimit
    self.approvalAbove = approvalAbove
    self.approvals = approvals
  }

  /// More may leave than by the others, or more easily, or by another chain's delay; since rules 2
  /// also for more: who asks for a withdrawal must have seen the fee.
  func loosens(_ others: WithdrawalTerms, under rules: UInt32) -> Bool {
    rules >= 2 && fee > others.fee || chain != others.chain || isOpen && !others.isOpen
      || minimum < others.minimum
      || userDayLimit > others.userDayLimit || venueDayLimit > others.venueDayLimit
      || approvalAbove > others.approvalAbove || approvals < others.approvals
  }
}

/// A new line of a user's address book.
public struct PayoutAddressAddition: Sendable, Equatable {
  public var user: UserID
  public var chain: ChainID
  public var address: PayoutAddress
  /// For the user: at most 64 bytes.
  public var label: String

  public init(user: UserID, chain: ChainID, address: PayoutAddress, label: String) {
    self.user = user
    self.chain = chain
    self.address = address
    self.label = label
  }
}

/// A line of a user's address book.
public struct ListedPayoutAddress: Sendable, Equatable {
  public var chain: ChainID
  public var address: PayoutAddress
  public var label: String
  public var addedAt: Microseconds
  /// From when on it is paid to.
  public var usableAt: Microseconds

  public init(
    chain: ChainID, address: PayoutAddress, label: String, addedAt: Microseconds,
    usableAt: Microseconds
  ) {
    self.chain = chain
    self.address = address
    self.label = label
    self.addedAt = addedAt
    self.usableAt = usableAt
  }
}

/// What a user asks for; the same client id again gets the first answer.
public struct WithdrawalRequest: Sendable, Equatable {
  public var user: UserID
  public var asset: AssetID
  /// Atoms that arrive; the fee is locked on top of them.
  public var amount: Int128
  public var address: PayoutAddress
  public var clientID: ClientOrderID

  public init(
    user: UserID, asset: AssetID, amount: Int128, address: PayoutAddress, clientID: ClientOrderID
  ) {
    self.user = user
    self.asset = asset
    self.amount = amount
    self.address = address
    self.clientID = clientID
  }
}

/// How a withdrawal stands in the books. What happens to it on the chain between `started` and its
/// end is custody's to know.
public enum WithdrawalStatus: UInt8, Sendable, CaseIterable {
  /// Operators must approve it.
  case requested = 0
  case approved = 1
  /// It can no longer be cancelled by its user.
  case started = 2
  /// Paid, finally.
  case confirmed = 3
  case cancelled = 4
  case rejected = 5
  /// The payment failed on the chain, finally: nothing left.
  case reverted = 6

  public var name: String { "\(self)" }

  public var isFinished: Bool {
    switch self {
    case .requested, .approved, .started: false
    case .confirmed, .cancelled, .rejected, .reverted: true
    }
  }
}

public struct Withdrawal: Sendable, Equatable {
  /// 1, 2, 3 ... over all assets and chains.
  public var id: Int64
  public var user: UserID
  public var asset: AssetID
  public var chain: ChainID
  public var address: PayoutAddress
  /// Atoms that arrive.
  public var amount: Int128
  public var fee: Int128
  public var clientID: ClientOrderID
  /// Operators that had to approve when it was asked for.
  public var approvalsNeeded: UInt8
  public var status: WithdrawalStatus
  public var requestedAt: Microseconds
  /// Who approved, in order: those who still could when the last one did.
  public var approvals: [Approver] = []

  /// An operator and the key that signed.
  public struct Approver: Sendable, Equatable {
    public var user: UserID
    public var key: PublicKey
  }

  var lock: Int128 { amount + fee }
}

/// One operator's yes. It names everything that it is about, so that it can be for nothing else;
/// the signature, checked before the journal, is kept for the auditor.
public struct WithdrawalApproval: Sendable, Equatable {
  public var id: Int64
  public var `operator`: UserID
  public var key: PublicKey
  public var user: UserID
  public var asset: AssetID
  public var amount: Int128
  public var fee: Int128
  public var address: PayoutAddress
  /// Ed25519, 64 bytes.
  public var signature: [UInt8]

  public init(
    id: Int64, operator: UserID, key: PublicKey, user: UserID, asset: AssetID, amount: Int128,
    fee: Int128, address: PayoutAddress, signature: [UInt8]
  ) {
    self.id = id
    self.operator = `operator`
    self.key = key
    self.user = user
    self.asset = asset
    self.amount = amount
    self.fee = fee
    self.address = address
    self.signature = signature
  }
}

/// Address books, terms, and withdrawals that are not finished or not a day old.
///
/// Dictionaries are enough here: withdrawals are rare against orders. None is walked in its own
/// order.
struct Withdrawals {
  struct ClientKey: Hashable {
    var user: UserID
    var id: ClientOrderID
  }

  static let defaultDelaySeconds: Int64 = 86_400

  /// Seconds.
  var delays = GuardedSettings<ChainID, Int64>()
  /// Of delays, where the last raise may still be taken back. Since rules 4.
  var raises: [ChainID: DelayRaise] = [:]
  var terms = GuardedSettings<AssetID, WithdrawalTerms>()
  var addresses: [UserID: [ListedPayoutAddress]] = [:]
  /// The last id.
  private(set) var count: Int64 = 0
  /// The oldest that still counts for the limits of a day when it is finished.
  private(set) var firstOfDay: Int64 = 1
  private(set) var records: [Int64: Withdrawal] = [:]
  private(set) var byClientID: [ClientKey: Int64] = [:]
  private var countOfUser: [UserID: Int] = [:]
  private var dayOfUser: [UInt64: Int128] = [:]
  private var dayOfVenue: [AssetID: Int128] = [:]

  var isEmpty: Bool { delays.isEmpty && terms.isEmpty && addresses.isEmpty && count == 0 }

  func delay(on chain: ChainID) -> Int64 { delays[chain] ?? Self.defaultDelaySeconds }

  /// In force or pending.
  func hasTerms(on chain: ChainID) -> Bool {
    terms.inForce.values.contains { $0.chain == chain }
      || terms.pending.values.contains { $0.value.chain == chain }
  }

  mutating func takeEffect(at time: Microseconds) {
    delays.takeEffect(at: time)
    settleRaises(at: time)
    terms.takeEffect(at: time)
  }

  mutating func settleRaises(at time: Microseconds) {
    if raises.isEmpty { return }
    raises = raises.filter { $0.value.isUnsettled(delay(on: $0.key), at: time) }
  }

  private static func key(_ user: UserID, _ asset: AssetID) -> UInt64 {
    UInt64(user) << 16 | UInt64(asset)
  }

  func find(_ user: UserID, _ id: ClientOrderID) -> Withdrawal? {
    byClientID[ClientKey(user: user, id: id)].flatMap { records[$0] }
  }

  func count(of user: UserID) -> Int { countOfUser[user] ?? 0 }

  /// Atoms that count for the limits of a day: the user's and everybody's.
  func day(_ user: UserID, _ asset: AssetID) -> (user: Int128, venue: Int128) {
    (dayOfUser[Self.key(user, asset)] ?? 0, dayOfVenue[asset] ?? 0)
  }

  /// What is not finished counts however old it is: it may leave at any time. What left or could
  /// have left counts for the rest of its day; a payment that reverted too, or a user who makes
  /// them revert could ask without end. What was called off in time does not.
  private func counts(_ withdrawal: Withdrawal) -> Bool {
    switch withdrawal.status {
    case .requested, .approved, .started: true
    case .confirmed, .reverted: withdrawal.id >= firstOfDay
    case .cancelled, .rejected: false
    }
  }

  /// What left the window and is finished no longer counts, and is forgotten.
  mutating func expire(at time: Microseconds) {
    while firstOfDay <= count, let record = records[firstOfDay], isPastDay(record, time) {
      if record.status.isFinished {
        if counts(record) { addToDay(record, -record.amount) }
        forget(record)
      }
      firstOfDay += 1
    }
  }

  private func isPastDay(_ withdrawal: Withdrawal, _ time: Microseconds) -> Bool {
    time - withdrawal.requestedAt > Bounds.withdrawalWindow
  }

  /// The next id.
  mutating func append(_ withdrawal: Withdrawal) {
    precondition(withdrawal.id == count + 1, "withdrawals are numbered without gaps")
    count += 1
    insert(withdrawal)
  }

  private mutating func insert(_ withdrawal: Withdrawal) {
    records[withdrawal.id] = withdrawal
    byClientID[ClientKey(user: withdrawal.user, id: withdrawal.clientID)] = withdrawal.id
    countOfUser[withdrawal.user, default: 0] += 1
    if counts(withdrawal) { addToDay(withdrawal, withdrawal.amount) }
  }

  mutating func update(_ withdrawal: Withdrawal) {
    guard let old = records[withdrawal.id] else {
      preconditionFailure("a withdrawal that is not there changed")
    }
    records[withdrawal.id] = withdrawal
    if counts(old), !counts(withdrawal) { addToDay(withdrawal, -withdrawal.amount) }
    if withdrawal.id < firstOfDay, withdrawal.status.isFinished { forget(withdrawal) }
  }

  private mutating func addToDay(_ withdrawal: Withdrawal, _ amount: Int128) {
    let key = Self.key(withdrawal.user, withdrawal.asset)
    dayOfUser[key, default: 0] += amount
    dayOfVenue[withdrawal.asset, default: 0] += amount
    if dayOfUser[key] == 0 { dayOfUser[key] = nil }
  }

  private mutating func forget(_ withdrawal: Withdrawal) {
    records[withdrawal.id] = nil
    byClientID[ClientKey(user: withdrawal.user, id: withdrawal.clientID)] = nil
    countOfUser[withdrawal.user, default: 0] -= 1
    if countOfUser[withdrawal.user] == 0 { countOfUser[withdrawal.user] = nil }
  }

  /// While a snapshot is read; false where these cannot be.
  mutating func restore(
    count: Int64, firstOfDay: Int64, _ withdrawals: [Withdrawal], at time: Microseconds
  ) -> Bool {
    guard firstOfDay >= 1, firstOfDay <= count + 1 else { return false }
    (self.count, self.firstOfDay) = (count, firstOfDay)
    var (last, lastTime): (Int64, Microseconds) = (0, 0)
    var sums: [AssetID: Int128] = [:]
    for withdrawal in withdrawals {
      guard withdrawal.id > last, withdrawal.id <= count,
        withdrawal.id >= firstOfDay || isPastDay(withdrawal, time) && !withdrawal.status.isFinished,
        // The day ends with the first that is not past it: later ones are not older.
        withdrawal.requestedAt >= lastTime,
        find(withdrawal.user, withdrawal.clientID) == nil,
        self.count(of: withdrawal.user) < Bounds.maximumWithdrawalsOfUser
      else { return false }
      (last, lastTime) = (withdrawal.id, withdrawal.requestedAt)
      if counts(withdrawal) {
        // Limits are below the bound, so a forged sum beyond it is refused before it could
        // overflow.
        let sum = (sums[withdrawal.asset] ?? 0) + withdrawal.amount
        guard sum < Bounds.maximumAtoms else { return false }
        sums[withdrawal.asset] = sum
      }
      insert(withdrawal)
    }
    // All of a day are there: the next to leave the window is found by its number.
    return (firstOfDay..<count + 1).allSatisfy { records[$0] != nil }
  }
}
