// Balances: one account a user and asset, changed only by posting a ledger entry.

/// The balance of one user in one asset, in atoms. `free + locked` is the total.
struct Account {
  var free: Int128 = 0
  var locked: Int128 = 0
  /// The number of the account's last ledger entry.
  var lastEntry: UInt64 = 0
  var user: UserID
  var asset: AssetID
}

/// All accounts, and the running totals that prove that nothing was made or lost.
struct Accounts: ~Copyable {
  private(set) var slab = Slab<Account>(minimumCapacity: 1024)
  private var index = HashIndex(minimumCapacity: 1024)
  /// By asset: what came in from outside, less what went out.
  private(set) var issued: ContiguousArray<Int128> = []
  /// By asset: the sum of all totals, kept by every posting.
  private(set) var held: ContiguousArray<Int128> = []
  /// The number of the last entry posted.
  private(set) var entryCount: UInt64 = 0

  private static func key(_ user: UserID, _ asset: AssetID) -> UInt64 {
    UInt64(user) << 16 | UInt64(asset)
  }

  func find(_ user: UserID, _ asset: AssetID) -> Int32? { index.find(Self.key(user, asset)) }

  mutating func open(_ user: UserID, _ asset: AssetID) -> Int32 {
    if let slot = find(user, asset) { return slot }
    let slot = slab.insert(Account(user: user, asset: asset))
    index.insert(Self.key(user, asset), slot)
    return slot
  }

  mutating func addAsset() {
    issued.append(0)
    held.append(0)
  }

  /// Value that enters (or, below zero, leaves) the books: what `held` must follow.
  mutating func issue(_ amount: Int128, of asset: AssetID) { issued[Int(asset)] += amount }

  /// The one way in which a balance changes.
  @inline(__always)
  mutating func post(
    _ slot: Int32, _ type: LedgerTransactionType, free: Int128, locked: Int128,
    _ reference: LedgerReference, _ time: Microseconds,
    into entries: inout ContiguousArray<LedgerEntry>
  ) {
    entryCount += 1
    slab[slot].free += free
    slab[slot].locked += locked
    precondition(
      (slab[slot].free >= 0 || slab[slot].user == Bounds.lossAccount) && slab[slot].locked >= 0,
      "a posting would take a balance below zero")
    let account = slab[slot]
    slab[slot].lastEntry = entryCount
    held[Int(account.asset)] += free + locked
    entries.append(
      LedgerEntry(
        user: account.user, asset: account.asset, type: type, reference: reference, freeDelta: free,
        lockedDelta: locked, freeAfter: account.free, lockedAfter: account.locked,
        previousEntry: account.lastEntry, time: time))
  }

  /// Vital, so checked at every auction: value is conserved in every asset, or the process stops.
  func checkConservation() {
    for asset in issued.indices {
      precondition(issued[asset] == held[asset], "value is not conserved in asset \(asset)")
    }
  }

  /// Slots in the canonical order: by user, then asset.
  func sortedSlots() -> [Int32] {
    var slots = Array(0..<slab.used)
    slots.sort { a, b in
      slab[a].user != slab[b].user ? slab[a].user < slab[b].user : slab[a].asset < slab[b].asset
    }
    return slots
  }

  /// Sets an account while a snapshot is restored; false where the balance cannot be.
  mutating func restore(_ account: Account) -> Bool {
    // What all hold is what was issued and what was lost (`clawBack`), each below the bound.
    let most = 2 * Bounds.maximumAtoms
    let least = account.user == Bounds.lossAccount ? -Bounds.maximumAtoms : 0
    guard account.free >= least, account.free < most, account.locked >= 0, account.locked < most,
      account.lastEntry > 0, account.lastEntry <= entryCount,
      find(account.user, account.asset) == nil
    else { return false }
    let slot = open(account.user, account.asset)
    slab[slot] = account
    held[Int(account.asset)] += account.free + account.locked
    return held[Int(account.asset)].magnitude < most.magnitude
  }

  mutating func restore(issued: ContiguousArray<Int128>, entryCount: UInt64) {
    self.issued = issued
    held = ContiguousArray(repeating: 0, count: issued.count)
    self.entryCount = entryCount
  }
}
