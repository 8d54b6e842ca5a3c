// What keeps one operator's key from making money or getting at another's account. Since rules 2.

/// A key that waits for its account's owner, or for a second operator and its time.
struct PendingKeyGrant: Equatable {
  var id: Int64
  var grant: AccessGrant
  /// Who asked for it.
  var authority: Authority
  var time: Microseconds
  /// Before this no operator's approval gives access.
  var effectiveAt: Microseconds
  var approval: Withdrawal.Approver?
}

/// The delay, the keys that wait, and what each operator booked alone within a day.
struct OperatorSafeguards {
  struct AccountKey: Hashable, Comparable {
    var `operator`: UserID
    var asset: AssetID

    static func < (a: Self, b: Self) -> Bool {
      (a.operator, a.asset) < (b.operator, b.asset)
    }
  }

  struct Hour: Equatable {
    /// Since 1970.
    var number: Int64
    var atoms: Int128
  }

  /// There is one delay, so one key.
  static let delayKey: UInt8 = 0
  static let defaultDelaySeconds: Int64 = 86_400
  private static let hour: Microseconds = 3_600_000_000
  /// The hour at hand and the 24 before it: what was booked counts for 24 hours at least, 25 at
  /// most.
  static let hoursOfDay: Int64 = 25

  /// Seconds.
  var delays = GuardedSettings<UInt8, Int64>()
  /// Where the last raise may still be taken back. Since rules 4.
  var raise: DelayRaise?
  var grants: [PendingKeyGrant] = []
  var grantCount: Int64 = 0
  /// Keys that the venue's own word gave, oldest first: once each. Since rules 4.
  var venueKeys: [PublicKey] = []
  /// Everybody who ever held an operator's key, sorted.
  private(set) var operators: [UserID] = []
  /// By hour, oldest first: at most 25 an operator and asset, however much is booked.
  private(set) var bookedAlone: [AccountKey: [Hour]] = [:]

  var delaySeconds: Int64 { delays[Self.delayKey] ?? Self.defaultDelaySeconds }
  var delay: Microseconds { delaySeconds * 1_000_000 }

  mutating func settleRaise(at time: Microseconds) {
    if let raise, !raise.isUnsettled(delaySeconds, at: time) { self.raise = nil }
  }

  /// Atoms that an operator booked alone in the last day, given or taken.
  func booked(by operator: UserID, _ asset: AssetID, at time: Microseconds) -> Int128 {
    let first = time / Self.hour - Self.hoursOfDay + 1
    let hours = bookedAlone[AccountKey(operator: `operator`, asset: asset)] ?? []
    return hours.reduce(0) { $1.number >= first ? $0 + $1.atoms : $0 }
  }

  mutating func book(
    _ atoms: Int128, by operator: UserID, _ asset: AssetID, at time: Microseconds
  ) {
    let key = AccountKey(operator: `operator`, asset: asset)
    let number = time / Self.hour
    var hours = (bookedAlone[key] ?? []).filter { $0.number > number - Self.hoursOfDay }
    if let last = hours.last, last.number == number {
      hours[hours.count - 1].atoms += atoms
    } else {
      hours.append(Hour(number: number, atoms: atoms))
    }
    bookedAlone[key] = hours
  }

  mutating func addOperator(_ user: UserID) {
    if operators.contains(user) { return }
    operators.append(user)
    operators.sort()
  }

  var sortedBookedAlone: [(key: AccountKey, value: [Hour])] {
    bookedAlone.sorted { $0.key < $1.key }
  }

  /// While a snapshot is read; false where these cannot be.
  mutating func restore(_ key: AccountKey, _ hours: [Hour], at time: Microseconds) -> Bool {
    guard bookedAlone[key] == nil, !hours.isEmpty, hours.count <= Int(Self.hoursOfDay),
      zip(hours, hours.dropFirst()).allSatisfy({ $0.number < $1.number }),
      hours[hours.count - 1].number <= time / Self.hour,
      hours[hours.count - 1].number - hours[0].number < Self.hoursOfDay,
      // Each is below the bound, and 25 of them do not overflow.
      hours.allSatisfy({ $0.atoms > 0 && $0.atoms < Bounds.maximumAtoms })
    else { return false }
    bookedAlone[key] = hours
    return true
  }
}
