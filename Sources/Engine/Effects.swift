// What commands bring about: replies, ledger entries, the tape, changes of the directory and of
// withdrawals, and what operators did.

public import Auction

/// The answer to one command. Plain memory: replies are made for each command.
public struct Reply: Sendable, Equatable {
  /// What the command made or touched: an order, user, asset, market, auction or adjustment; else
  /// 0.
  public var id: Int64
  /// When: for a repeated order the time of the first answer.
  public var time: Microseconds
  /// What it did; of a refusal `done`, or that the request was refused before.
  public var outcome: Outcome
  /// Nil where the command was applied.
  public var rejection: Rejection?

  public init(
    rejection: Rejection?, id: Int64 = 0, time: Microseconds, outcome: Outcome = .done
  ) {
    self.rejection = rejection
    self.id = id
    self.time = time
    self.outcome = outcome
  }
}

/// What a command did beyond what its `Reply.id` says.
public enum Outcome: Sendable, Equatable {
  /// Nothing that needs saying.
  case done
  /// The same was asked before, and this is its first answer.
  case repeated
  case amended(lostPriority: Bool)
  case cancelled(lots: Int64)
  case cancelledAll(count: Int64)
  case ran(trades: Int64)
  case adjusted(Adjusted)
  /// A key waits, as this grant.
  case waits(grant: Int64)
  /// An address, a setting or an approved key counts from this time on.
  case inForce(from: Microseconds)
  /// A withdrawal needs so many approvals more.
  case approved(missing: Int64)
  /// What a clawback could not take from the user is the venue's loss.
  case clawedBack(withLoss: Bool)

  public enum Adjusted: UInt8, Sendable {
    case booked
    /// For a second operator.
    case waits
    /// The same was asked before: it was booked then.
    case bookedBefore
    /// The same was asked before: it waited, or rules 1 did not keep whether it did.
    case askedBefore
  }
}

/// Why a balance changed.
public enum LedgerTransactionType: UInt8, Sendable, CaseIterable {
  case deposit = 1
  case withdrawal = 2
  case trade = 3
  case fee = 4
  case lock = 5
  case unlock = 6
  case adjustment = 7
  case clawback = 8

  /// The name in `balance_log.type`.
  public var name: StaticString {
    switch self {
    case .deposit: "DEPOSIT"
    case .withdrawal: "WITHDRAWAL"
    case .trade: "TRADE"
    case .fee: "FEE"
    case .lock: "LOCK"
    case .unlock: "UNLOCK"
    case .adjustment: "ADJUSTMENT"
    case .clawback: "CLAWBACK"
    }
  }
}

/// What a ledger entry refers to: each by its number, within its market or chain where it has one.
public enum LedgerReference: Sendable, Equatable {
  /// Orders' ids are the venue's: `balance_log.ref` does not say the market.
  case order(OrderID)
  case trade(Int64, in: MarketID)
  /// The venue's fees of a run.
  case auction(Int64, in: MarketID)
  case adjustment(Int64)
  case deposit(Int64, on: ChainID)
  case clawback(Int64, on: ChainID)
  case withdrawal(Int64, on: ChainID)
}

/// One change of one balance. Entries are numbered from 1 without gaps (`Effects.firstEntry`).
public struct LedgerEntry: Sendable, Equatable {
  public var user: UserID
  public var asset: AssetID
  public var type: LedgerTransactionType
  public var reference: LedgerReference
  /// Atoms; the change of the total is their sum.
  public var freeDelta: Int128
  public var lockedDelta: Int128
  public var freeAfter: Int128
  public var lockedAfter: Int128
  /// The number of this account's entry before this one, 0 for its first.
  public var previousEntry: UInt64
  public var time: Microseconds

  public var delta: Int128 { freeDelta + lockedDelta }

  public init(
    user: UserID, asset: AssetID, type: LedgerTransactionType, reference: LedgerReference,
    freeDelta: Int128, lockedDelta: Int128, freeAfter: Int128, lockedAfter: Int128,
    previousEntry: UInt64, time: Microseconds
  ) {
    self.user = user
    self.asset = asset
    self.type = type
    self.reference = reference
    self.freeDelta = freeDelta
    self.lockedDelta = lockedDelta
    self.freeAfter = freeAfter
    self.lockedAfter = lockedAfter
    self.previousEntry = previousEntry
    self.time = time
  }
}

/// One trade of an auction; price, time and market are the auction's.
public struct Trade: Sendable, Equatable {
  public var lots: Int64
  public var buyOrder: OrderID
  public var sellOrder: OrderID
}

/// Demand and supply at one candidate price, in lots.
public struct LadderRow: Sendable, Equatable {
  public var priceTicks: Int64
  public var buyLots: Int64
  public var sellLots: Int64

  public init(priceTicks: Int64, buyLots: Int64, sellLots: Int64) {
    self.priceTicks = priceTicks
    self.buyLots = buyLots
    self.sellLots = sellLots
  }
}

/// One auction run as the engine knows it; the tape adds the journal's anchor and the chain.
public struct AuctionResult: Sendable, Equatable {
  public var id: Int64
  public var market: MarketID
  public var status: AuctionStatus
  public var time: Microseconds
  public var slot: Int64
  /// Ticks; 0 unless cleared.
  public var priceTicks: Int64
  public var volumeLots: Int64
  /// Buy minus sell at the price.
  public var surplusLots: Int64
  /// The trades are `firstTrade ..< firstTrade + tradeCount`, gapless per market.
  public var firstTrade: Int64
  public var tradeCount: Int
  public var ladderCount: Int
  /// Ticks; 0 for none.
  public var referenceTicks: Int64
  public var band: Band?
  /// Live orders before the run.
  public var buyOrders: Int
  public var sellOrders: Int
  /// What it leaves for the next run; nil by CALL-1, where the status and the price say it.
  public var outcome: ReferenceOutcome?
}

/// What a run leaves for the next one by CALL-2, and what it found.
public struct ReferenceOutcome: Sendable, Equatable {
  /// Runs in a row that counted towards widening the band, before this one.
  public var outsideRuns: UInt32
  /// Lots that the band kept from trading; 0 where the run set the reference.
  public var heldLots: Int64
  /// The reference price after the run in ticks; 0 for none.
  public var nextReferenceTicks: Int64
}

/// A market's terms with all that a reader needs to understand them.
public struct MarketRecord: Sendable, Equatable {
  public var definition: MarketDefinition
  public var base: AssetDefinition
  public var quote: AssetDefinition
  /// Quote atoms of one tick times one lot.
  public var atomsPerTickLot: Int64
  public var time: Microseconds
  public var rulesVersion: UInt32
  /// Of the market's runs from now on.
  public var rule: AuctionRule
}

/// What goes onto a market's tape, in order.
public enum TapeEvent: Sendable, Equatable {
  case definition(MarketID, MarketRecord)
  case auction(AuctionResult)
  case reference(MarketID, priceTicks: Int64, time: Microseconds)
  case tradingState(MarketID, isOpen: Bool, time: Microseconds)

  /// The run, where it is one.
  public var auction: AuctionResult? { if case .auction(let result) = self { result } else { nil } }
}

/// What authentication, the user table and readers of names need to know.
public enum DirectoryEvent: Sendable, Equatable {
  case userRegistered(UserID, name: String, time: Microseconds)
  case userFrozen(UserID, Bool)
  /// `expiresAt` is 0 for a key without an end.
  case keyRegistered(PublicKey, user: UserID, role: Role, expiresAt: Microseconds)
  case keyRevoked(PublicKey)
  case assetCreated(AssetID, AssetDefinition)
  case marketDefined(MarketID, MarketRecord)
  case marketOpen(MarketID, Bool)
  case chainRegistered(ChainID, String)
}

/// What became of withdrawals, for their table.
public enum WithdrawalEvent: Sendable, Equatable {
  case requested(Withdrawal)
  case approved(WithdrawalApproval, time: Microseconds)
  /// Its status, who decided it (0: custody or the system) and why where a person did.
  case changed(Int64, WithdrawalStatus, by: UserID, reason: String, time: Microseconds)
}

/// What a run of commands brought about, in order. The shell takes it a group at a time; the
/// buffers are reused, so a warm engine allocates nothing.
public struct Effects: Sendable {
  /// One a command.
  public var replies: ContiguousArray<Reply> = []
  /// The number of the first of `entries`.
  public var firstEntry: UInt64 = 1
  public var entries: ContiguousArray<LedgerEntry> = []
  public var tape: ContiguousArray<TapeEvent> = []
  /// The trades and ladder rows of the auctions in `tape`, one after another.
  public var trades: ContiguousArray<Trade> = []
  public var ladder: ContiguousArray<LadderRow> = []
  public var directory: ContiguousArray<DirectoryEvent> = []
  public var withdrawals: ContiguousArray<WithdrawalEvent> = []
  /// What operators did, for their log: what was refused is not there.
  public var operations: ContiguousArray<OperatorAct> = []

  public init() {}

  /// Room for as much as another run of commands brought about, within reason: a giant auction is
  /// rarely followed by another.
  package mutating func makeRoom(like other: Effects) {
    replies.makeRoom(min(other.replies.count, 1 << 16))
    entries.makeRoom(min(other.entries.count, 1 << 16))
  }

  /// Empties the buffers and keeps their memory; the next entry follows the last.
  public mutating func removeAll() {
    firstEntry += UInt64(entries.count)
    replies.removeAll(keepingCapacity: true)
    entries.removeAll(keepingCapacity: true)
    tape.removeAll(keepingCapacity: true)
    trades.removeAll(keepingCapacity: true)
    ladder.removeAll(keepingCapacity: true)
    directory.removeAll(keepingCapacity: true)
    withdrawals.removeAll(keepingCapacity: true)
    operations.removeAll(keepingCapacity: true)
  }
}
