// Everything that can change the engine: the journal is a list of these and nothing else.

public import Auction

/// One change asked of the engine. All of them are journaled, those that are refused too; replaying
/// them in order gives the same state, ledger and tape to the byte.
public enum Command: Sendable, Equatable {
  case order(OrderCommand)
  case schedule(ScheduleCommand)
  /// An operator's, with who decided it and why. These are large and few: they lie apart, so that
  /// an order is half as long.
  indirect case operation(OperatorAction, by: Authority)
  case user(UserCommand)
  case deposit(DepositCommand)
  case withdrawal(WithdrawalCommand)
  case venue(VenueCommand)
}

/// Of a trader: the hot path.
public enum OrderCommand: Sendable, Equatable {
  case place(PlaceOrder)
  case amend(AmendOrder)
  case cancel(CancelOrder)
  /// Cancels a user's orders, in one market or in all.
  case cancelAll(user: UserID, market: MarketID?)
}

/// Of the clock.
public enum ScheduleCommand: Sendable, Equatable {
  /// The only way in which time enters.
  case advanceTime(Microseconds)
  /// The only way in which an auction runs. A slot is a multiple of the market's interval.
  case runAuction(market: MarketID, slot: Int64)
}

/// Of a user, about its own account.
public enum UserCommand: Sendable, Equatable {
  case answerKeyGrant(KeyGrantAnswer)
  case addPayoutAddress(PayoutAddressAddition)
  case removePayoutAddress(user: UserID, chain: ChainID, address: PayoutAddress)
}

/// Of custody: what came from a chain.
public enum DepositCommand: Sendable, Equatable {
  case credit(DepositCredit)
  case clawBack(DepositClawback)
}

/// Of a user (`request`, `cancel`), and of custody. What operators decide is an `OperatorAction`.
public enum WithdrawalCommand: Sendable, Equatable {
  /// Locks the amount and the fee.
  case request(WithdrawalRequest)
  /// By its user, until it is started.
  case cancel(user: UserID, id: Int64)
  /// Ends the right to cancel: from here on the money may be on its way.
  case start(id: Int64)
  /// The payment is final on the chain: the lock becomes a withdrawal and its fee.
  case finish(id: Int64)
  /// What was started is final on the chain and paid nothing: the lock returns.
  case fail(id: Int64, isCancelled: Bool)
}

/// Of whoever starts the exchange.
public enum VenueCommand: Sendable, Equatable {
  /// The first command of every journal.
  case configure(VenueConfiguration)
  /// Later commands follow this version's semantics.
  case activateRules(version: UInt32)
}

extension Command {
  /// The newest rules after older ones: one version after another, each begins where the one before
  /// it stands. A journal begins under rules 1.
  public static func newestRules(after version: UInt32 = 1) -> [Command] {
    version < Bounds.rulesVersion
      ? (version + 1...Bounds.rulesVersion).map { .venue(.activateRules(version: $0)) } : []
  }
}

public enum OrderType: UInt8, Sendable {
  case limit = 0
  /// At any price, in the next auction only.
  case market = 1

  public var name: String { self == .limit ? "limit" : "market" }
}

public enum TimeInForce: UInt8, Sendable, CaseIterable {
  /// Until executed or cancelled.
  case goodTilCancelled = 0
  /// Until a time; ends before the first run at or after it.
  case goodTilDate = 1
  /// The next auction only.
  case auction = 2

  public var name: String {
    switch self {
    case .goodTilCancelled: "gtc"
    case .goodTilDate: "gtd"
    case .auction: "auction"
    }
  }
}

public struct PlaceOrder: Sendable, Equatable {
  public var user: UserID
  public var market: MarketID
  public var side: Side
  public var type: OrderType
  public var timeInForce: TimeInForce
  /// Ticks; 0 for a market order.
  public var limitTicks: Int64
  public var lots: Int64
  /// For good-til-date, else 0.
  public var expiry: Microseconds
  public var clientOrderID: ClientOrderID

  public init(
    user: UserID, market: MarketID, side: Side, type: OrderType = .limit,
    timeInForce: TimeInForce = .goodTilCancelled, limitTicks: Int64, lots: Int64,
    expiry: Microseconds = 0, clientOrderID: ClientOrderID
  ) {
    self.user = user
    self.market = market
    self.side = side
    self.type = type
    self.timeInForce = timeInForce
    self.limitTicks = limitTicks
    self.lots = lots
    self.expiry = expiry
    self.clientOrderID = clientOrderID
  }
}

/// A new limit or a new total quantity. A change of price or more quantity loses time priority;
/// less keeps it. Both values are absolute, so sending it twice does what sending it once does.
public struct AmendOrder: Sendable, Equatable {
  public var user: UserID
  public var order: OrderID
  /// Ticks; 0 leaves it.
  public var limitTicks: Int64
  /// Total lots, executed ones included; 0 leaves it.
  public var lots: Int64

  public init(user: UserID, order: OrderID, limitTicks: Int64, lots: Int64) {
    self.user = user
    self.order = order
    self.limitTicks = limitTicks
    self.lots = lots
  }
}

public struct CancelOrder: Sendable, Equatable {
  public var user: UserID
  public var order: OrderID

  public init(user: UserID, order: OrderID) {
    self.user = user
    self.order = order
  }
}

/// What the engine needs to know once: secrets that make ids unguessable, and bounds on memory.
public struct VenueConfiguration: Sendable, Equatable {
  /// Random, secret: keys the permutation of order ids and the hash of client order ids.
  public var seed: UInt64
  public var secondSeed: UInt64
  /// How many ids of orders are remembered at most under rules 1 and 2; later rules have
  /// `OrderTerms`.
  public var maximumRememberedOrders: UInt32
  /// The same for one user.
  public var maximumRememberedOrdersOfUser: UInt32

  public init(
    seed: UInt64, secondSeed: UInt64, maximumRememberedOrders: UInt32 = 1 << 24,
    maximumRememberedOrdersOfUser: UInt32 = 1 << 21
  ) {
    self.seed = seed
    self.secondSeed = secondSeed
    self.maximumRememberedOrders = maximumRememberedOrders
    self.maximumRememberedOrdersOfUser = maximumRememberedOrdersOfUser
  }
}

public struct AssetDefinition: Sendable, Equatable {
  /// 1 to 12 characters `A-Z 0-9`.
  public var code: String
  /// Decimals of one whole coin: 18 means that 1 coin is 10^18 atoms. At most 18.
  public var decimals: UInt8
  /// Atoms up to which one operator adjusts a balance alone; beyond it a second one approves.
  public var adjustmentLimit: Int128

  public init(code: String, decimals: UInt8, adjustmentLimit: Int128) {
    self.code = code
    self.decimals = decimals
    self.adjustmentLimit = adjustmentLimit
  }
}

/// A market's terms. Assets, tick and lot never change: that is a new market.
public struct MarketDefinition: Sendable, Equatable {
  /// As `ETH-USDC`: 3 to 25 characters `A-Z 0-9 -`.
  public var symbol: String
  public var base: AssetID
  public var quote: AssetID
  /// The price step: quote atoms for one whole base coin.
  public var tickAtoms: Int64
  /// The quantity step in base atoms.
  public var lotAtoms: Int64
  public var terms: MarketTerms
  /// Ticks before the first auction; 0 for none (then no market orders).
  public var listingPriceTicks: Int64

  public init(
    symbol: String, base: AssetID, quote: AssetID, tickAtoms: Int64, lotAtoms: Int64,
    terms: MarketTerms, listingPriceTicks: Int64
  ) {
    self.symbol = symbol
    self.base = base
    self.quote = quote
    self.tickAtoms = tickAtoms
    self.lotAtoms = lotAtoms
    self.terms = terms
    self.listingPriceTicks = listingPriceTicks
  }
}

/// The terms that may change: fees apply to later orders, a band from the next run.
public struct MarketTerms: Sendable, Equatable {
  /// Time between runs; a slot is a multiple of it. 10 ms to 1 day.
  public var intervalMilliseconds: Int64
  /// Half width of the band around the reference price; 0 for none (then no market orders).
  public var bandBasisPoints: UInt32
  /// After so many runs in a row outside the band it doubles at each further one.
  public var runsBeforeWidening: UInt32
  /// At most 10,000 (100 %).
  public var buyFeeBasisPoints: UInt16
  public var sellFeeBasisPoints: UInt16
  /// Quote atoms.
  public var minimumNotional: Int128
  /// Of one account in this market.
  public var maximumOpenOrders: UInt32
  /// Quote atoms that a run must execute to set a new reference price; 0 for none, nil for
  /// `defaultReferenceOrders` smallest orders. Rules before 3 do not know it.
  public var minimumReferenceVolume: Int128?

  public init(
    intervalMilliseconds: Int64, bandBasisPoints: UInt32, runsBeforeWidening: UInt32 = 3,
    buyFeeBasisPoints: UInt16, sellFeeBasisPoints: UInt16, minimumNotional: Int128,
    maximumOpenOrders: UInt32 = 200, minimumReferenceVolume: Int128? = nil
  ) {
    self.intervalMilliseconds = intervalMilliseconds
    self.bandBasisPoints = bandBasisPoints
    self.runsBeforeWidening = runsBeforeWidening
    self.buyFeeBasisPoints = buyFeeBasisPoints
    self.sellFeeBasisPoints = sellFeeBasisPoints
    self.minimumNotional = minimumNotional
    self.maximumOpenOrders = maximumOpenOrders
    self.minimumReferenceVolume = minimumReferenceVolume
  }

  /// So many smallest orders must trade in a run before its price means something.
  static let defaultReferenceOrders: Int128 = 1_000

  /// Quote atoms that a run must execute to set a new reference price.
  public var referenceVolume: Int128 {
    if let minimumReferenceVolume { return minimumReferenceVolume }
    let (volume, isTooLarge) = minimumNotional.multipliedReportingOverflow(
      by: Self.defaultReferenceOrders)
    // No run executes so much.
    return isTooLarge ? Bounds.maximumAtoms : min(volume, Bounds.maximumAtoms)
  }
}

public struct MarketChange: Sendable, Equatable {
  public var market: MarketID
  public var terms: MarketTerms

  public init(market: MarketID, terms: MarketTerms) {
    self.market = market
    self.terms = terms
  }
}

/// A deposit that is ripe. Custody numbers them without gaps, chain by chain; the same number again
/// is refused, so sending it again after a lost answer is safe.
public struct DepositCredit: Sendable, Equatable {
  public var chain: ChainID
  /// 1, 2, 3 ...
  public var number: Int64
  public var user: UserID
  public var asset: AssetID
  /// Atoms, above 0.
  public var amount: Int128

  public init(chain: ChainID, number: Int64, user: UserID, asset: AssetID, amount: Int128) {
    self.chain = chain
    self.number = number
    self.user = user
    self.asset = asset
    self.amount = amount
  }
}

/// A credit whose transaction left the chain: the user is frozen, orders end, what is free is taken
/// back and the rest is the venue's loss.
public struct DepositClawback: Sendable, Equatable {
  public var chain: ChainID
  /// 1, 2, 3 ..., a count of its own.
  public var number: Int64
  /// The number of the credit that is taken back, and what was credited by it.
  public var credit: Int64
  public var user: UserID
  public var asset: AssetID
  public var amount: Int128

  public init(
    chain: ChainID, number: Int64, credit: Int64, user: UserID, asset: AssetID, amount: Int128
  ) {
    self.chain = chain
    self.number = number
    self.credit = credit
    self.user = user
    self.asset = asset
    self.amount = amount
  }
}

/// The engine's named bounds. With them no sum or product of a run can overflow
/// (`docs/ARCHITECTURE.md`).
public enum Bounds {
  /// Bytes of an address of any chain.
  public static let maximumAddressBytes = 64
  /// Payout addresses of one user, over all chains.
  public static let maximumPayoutAddresses = 32
  /// 30 days: a delay is shortened only after it has passed, so one that is set by mistake must
  /// end.
  public static let maximumAddressDelaySeconds: Int64 = 30 * 86_400
  /// Withdrawals that are not finished or not older than `withdrawalWindow`: some hundred bytes
  /// each.
  public static let maximumWithdrawals = 1 << 17
  public static let maximumWithdrawalsOfUser = 200
  /// What limits per day count over, and how long a finished withdrawal's client id is remembered:
  /// 24 hours.
  public static let withdrawalWindow: Microseconds = 24 * 3_600 * 1_000_000
  /// Operators that must approve, at most.
  public static let maximumApprovals: UInt8 = 8
  /// Lots of one order.
  public static let maximumLots: Int64 = 1 << 40
  /// Ticks of any price.
  public static let maximumPriceTicks: Int64 = 1 << 50
  /// Live orders of one side of one market: with `maximumLots` a side sums below 2^60.
  public static let maximumOrdersOfSide = 1 << 20
  /// Atoms of one asset in all accounts, and of one order's notional with its fee.
  public static let maximumAtoms: Int128 = 1 << 120
  /// Atoms that one sell may earn in all its runs, counted at the highest price: buyers may come
  /// back with the same money.
  public static let maximumProceeds: Int128 = 1 << 126
  /// Of everything that is only counted.
  static let maximumCount: UInt64 = 1 << 62
  /// A user's keys: device, algorithm, read-only, with room for rotation.
  public static let maximumKeysOfUser = 16
  /// Registered users: sixteen million balances are about a gigabyte.
  public static let maximumUsers = 1 << 24
  /// Assets and markets: small tables that are read in full.
  public static let maximumAssets = 1 << 10
  public static let maximumMarkets = 1 << 10
  public static let maximumChains = 16
  /// The venue's account for losses, the only one that may fall below zero. Nobody logs in as it.
  public static let lossAccount = UserID.max
  /// Adjustments that wait for a second operator: a list that operators read, and walk through.
  public static let maximumPendingAdjustments = 1_000
  /// Keys that wait, under the same thought.
  public static let maximumKeyGrants = 1_000
  /// Keys that whoever starts the exchange gave, one for each new setting.
  static let maximumVenueKeys = 4_096
  /// Of these what one operator may have asked for: none takes all places.
  public static let maximumPendingOfOperator = 100
  /// The newest rules that this program knows.
  public static let rulesVersion: UInt32 = 4
  /// Basis points up to which a band widens by itself: half of the reference. What is worth half as
  /// much, or half as much again, is news for a person, who sets the reference and says why.
  public static let widestBandBasisPoints: Int64 = 5_000
  /// Bytes of a reason: a line that a person reads.
  public static let maximumReasonBytes = 200
  /// 30 days, as of the delay of an address.
  public static let maximumOperatorDelaySeconds: Int64 = 30 * 86_400
  /// How long the id of a request is remembered, in exchange time: 24 hours. Since rules 3 that
  /// holds for an operator's adjustments, and for a user's newest orders (`OrderTerms`).
  public static let rememberedFor: Microseconds = 24 * 3_600 * 1_000_000
  /// How long an order's id is remembered at least after its end, whatever the load.
  public static let rememberedAtLeast: Microseconds = 5 * 60 * 1_000_000
  /// Of a user for 24 hours, whatever an operator sets: 128 MiB at some 128 bytes each.
  public static let maximumRememberedOrders: UInt32 = 1 << 20
  /// Orders of a user beyond those, which are younger than five minutes: 3,495 a second. The API
  /// lets in 2,000.
  static let maximumRecentOrders = 1 << 20
  /// Orders of all users, open ones too: at most 55 GB. Since rules 4 half of the places are for
  /// open orders and for those that ended within five minutes (`OrderMemory.newest`).
  static let maximumKeptOrders = 1 << 28
  /// Adjustments of an operator within 24 hours: three a second, and some 60 MB.
  static let maximumAdjustmentsOfOperator: UInt32 = 1 << 18
  /// With it the inflow of a day is counted in 64 bits.
  public static let maximumFreeOrders: UInt32 = 1 << 26
  public static let maximumOrdersPerTrade: UInt32 = 1 << 20
  /// Trades and ladder rows in one tape record.
  public static let tapeChunk = 8_192
}
