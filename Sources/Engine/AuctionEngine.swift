// The core: a value that takes commands and returns effects. No clock, no I/O, no randomness.

internal import Auction

/// The deterministic engine: accounts, order books, schedule. The same commands in the same order
/// give the same state, ledger and tape on every machine.
///
/// It trusts nothing it is told: a command that breaks a rule gets a `Rejection`, and no command
/// that is applied can overflow or trap (see `Bounds`). What cannot happen stops the process
/// (`precondition`).
public struct AuctionEngine: ~Copyable {
  /// The semantics in force; changed only by `VenueCommand.activateRules`.
  public internal(set) var rulesVersion: UInt32 = 1
  /// The latest time that a command brought.
  public internal(set) var time: Microseconds = 0
  /// Commands applied since the first, refused ones included.
  public internal(set) var commandCount: UInt64 = 0
  /// Replies, ledger entries and tape since the last `effects.removeAll()`.
  public var effects = Effects()

  var venue: VenueConfiguration?
  var assets: ContiguousArray<AssetDefinition> = []
  var assetIDs: [String: AssetID] = [:]
  /// By asset.
  var assetLimits: ContiguousArray<AssetLimit> = []
  var users: ContiguousArray<User> = []
  var userIDs: [String: UserID] = [:]
  var keys: [PublicKey: UserID] = [:]
  var accounts = Accounts()
  var markets = Slab<Market>(minimumCapacity: 4)
  var marketIDs: [String: MarketID] = [:]
  var orders = Slab<Order>(minimumCapacity: 1024)
  /// Under rules 1 and 2: order id -> slot of a resting order, or -(slot + 1) of the remembered
  /// entry of a finished one. Since rules 3 `memory` finds orders; here is only what those rules
  /// left behind without an entry.
  var orderIndex = HashIndex(minimumCapacity: 1024)
  var traders = Slab<Trader>()
  var traderIndex = HashIndex()
  /// Orders under rules 1 and 2, and adjustments under all.
  var remembered = RememberedOrders()
  /// Orders since rules 3.
  var memory = OrderMemory()
  public internal(set) var orderTerms = OrderTerms()
  var chains: ContiguousArray<ChainState> = []
  var withdrawals = Withdrawals()
  var pendingAdjustments: ContiguousArray<PendingAdjustment> = []
  var adjustmentCount: Int64 = 0
  var safeguards = OperatorSafeguards()
  /// Orders accepted so far; the permutation of it is the public id.
  var orderCount: UInt64 = 0
  /// Rises with every order put into a queue.
  var priorityCount: UInt64 = 0

  // Lists reused by every run.
  var buyFills: ContiguousArray<Fill> = []
  var sellFills: ContiguousArray<Fill> = []
  var locksBefore: ContiguousArray<Int128> = []

  /// The empty engine, before `configureVenue`.
  public init() {}

  /// Applies one command and appends what it brings about to `effects`.
  @discardableResult
  public mutating func apply(_ command: Command) -> Reply {
    let reply = dispatch(command)
    commandCount += 1
    effects.replies.append(reply)
    return reply
  }

  private mutating func dispatch(_ command: Command) -> Reply {
    switch command {
    case .order(let command): return apply(command)
    case .schedule(let command): return apply(command)
    case .operation(let action, let authority): return operate(action, by: authority)
    case .user(let command): return apply(command)
    case .deposit(let command): return apply(command)
    case .withdrawal(let command): return apply(command)
    case .venue(let command): return apply(command)
    }
  }

  private mutating func apply(_ command: OrderCommand) -> Reply {
    switch command {
    case .place(let order): return place(order)
    case .cancel(let cancel): return self.cancel(cancel)
    case .amend(let amendment): return amend(amendment)
    case .cancelAll(let user, let market): return cancelAll(user: user, market: market)
    }
  }

  private mutating func apply(_ command: ScheduleCommand) -> Reply {
    switch command {
    case .advanceTime(let to):
      guard to > time else { return refuse(.timeNotLater) }
      time = to
      withdrawals.takeEffect(at: to)
      takeEffectOfSafeguards()
      if rulesVersion >= 3 { memory.sweep(newest: rememberedForADay, at: to) }
      return accept()
    case .runAuction(let market, let slot): return runAuction(market, slot: slot)
    }
  }

  private mutating func apply(_ command: UserCommand) -> Reply {
    guard venue != nil else { return refuse(.venueNotConfigured) }
    switch command {
    case .answerKeyGrant(let answer): return self.answer(answer)
    case .addPayoutAddress(let addition): return add(addition)
    case .removePayoutAddress(let user, let chain, let address):
      return removePayoutAddress(address, of: user, on: chain)
    }
  }

  private mutating func apply(_ command: DepositCommand) -> Reply {
    guard venue != nil else { return refuse(.venueNotConfigured) }
    switch command {
    case .credit(let deposit): return credit(deposit)
    case .clawBack(let clawback): return clawBack(clawback)
    }
  }

  private mutating func apply(_ command: WithdrawalCommand) -> Reply {
    guard venue != nil else { return refuse(.venueNotConfigured) }
    switch command {
    case .request(let request): return self.request(request)
    case .cancel(let user, let id): return cancelWithdrawal(id, by: user)
    case .start(let id): return start(id)
    case .finish(let id): return finish(id)
    case .fail(let id, let isCancelled): return fail(id, isCancelled: isCancelled)
    }
  }

  private mutating func apply(_ command: VenueCommand) -> Reply {
    switch command {
    case .configure(let configuration): return configure(configuration)
    case .activateRules(let version):
      guard venue != nil else { return refuse(.venueNotConfigured) }
      return activate(version)
    }
  }

  // MARK: Answers

  func accept(_ id: Int64 = 0, _ outcome: Outcome = .done) -> Reply {
    Reply(rejection: nil, id: id, time: time, outcome: outcome)
  }

  func refuse(_ rejection: Rejection, id: Int64 = 0) -> Reply {
    Reply(rejection: rejection, id: id, time: time)
  }

  // MARK: Posting

  @inline(__always)
  mutating func post(
    _ account: Int32, _ type: LedgerTransactionType, free: Int128 = 0, locked: Int128 = 0,
    _ reference: LedgerReference
  ) {
    accounts.post(
      account, type, free: free, locked: locked, reference, time, into: &effects.entries)
  }

  /// Moves between free and locked; nothing where nothing moves.
  @inline(__always)
  mutating func moveLock(_ account: Int32, by amount: Int128, order: OrderID) {
    if amount == 0 { return }
    post(
      account, amount > 0 ? .lock : .unlock, free: -amount, locked: amount,
      .order(order))
  }
}

struct User {
  var name: String
  var isFrozen = false
  /// It may owe what a clawback took back: lifting the freeze is about money. Since rules 4.
  var isFrozenByClawback = false
  var registered: Microseconds
  /// In `RememberedOrders`.
  var rememberedCount: UInt32 = 0
  /// Since rules 3.
  var stock = OrderStock()
  var keys: [UserKey] = []
  /// Whether a key ever had access: from then on another one waits. Not kept under rules 1.
  var hadKey = false
  /// Who registered it, and so gives the first key; 0 for the venue, and for those of rules 1.
  var registeredBy: UserID = 0
  /// The operators who gave keys access to it without its owner's signature, sorted. They decide
  /// nothing about its money.
  var grantors: [UserID] = []
}

struct UserKey: Equatable {
  var key: PublicKey
  var role: Role
  var registered: Microseconds
  /// 0 for none. Not kept under rules 1.
  var expiresAt: Microseconds = 0
}

/// Whose word an asset's adjustment limit is. Since rules 4.
struct AssetLimit: Equatable {
  /// Books nothing of this asset alone. 0 for the venue, and for assets of older rules.
  var setBy: UserID = 0
  /// Until then nobody does.
  var countsFrom: Microseconds = 0
}

struct PendingAdjustment: Equatable {
  var id: Int64
  var adjustment: BalanceAdjustment
  /// Who asked for it, and why.
  var authority: Authority
  var time: Microseconds
}

/// `ceil(amount x basisPoints / 10,000)`, exact for amounts below 2^120.
@inline(__always)
func fee(on amount: Int128, _ basisPoints: UInt16) -> Int128 {
  let rate = Int128(basisPoints)
  return amount / 10_000 * rate + (amount % 10_000 * rate + 9_999) / 10_000
}
