// A user's own accounts on the wire: balances, ledger lines, fills.

public import Formats

public struct AssetBalance: Codable, Sendable, Equatable {
  public var asset: String
  public var free: DecimalAmount
  /// Held by open orders and by withdrawals that are not finished.
  public var locked: DecimalAmount
  public var total: DecimalAmount

  public init(asset: String, free: DecimalAmount, locked: DecimalAmount, total: DecimalAmount) {
    self.asset = asset
    self.free = free
    self.locked = locked
    self.total = total
  }
}

public struct BalanceList: Codable, Sendable, Equatable {
  public var balances: [AssetBalance]

  public init(balances: [AssetBalance]) { self.balances = balances }
}

/// What a ledger line refers to.
public struct LedgerLineReference: Codable, Sendable, Equatable {
  /// `trade`, `order`, `auction`, `adjustment`, `deposit`, `clawback` or `withdrawal`.
  public var kind: String
  /// Of a trade or an auction.
  @Nullable public var market: String?
  /// Of a deposit, a clawback or a withdrawal.
  @Nullable public var chain: String?
  public var id: String

  public init(kind: String, market: String? = nil, chain: String? = nil, id: String) {
    self.kind = kind
    self.market = market
    self.chain = chain
    self.id = id
  }
}

/// One change of one balance.
public struct LedgerLine: Codable, Sendable, Equatable {
  /// Numbered over the whole exchange without gaps.
  public var sequence: String
  public var asset: String
  /// `DEPOSIT`, `WITHDRAWAL`, `TRADE`, `FEE`, `LOCK`, `UNLOCK`, `ADJUSTMENT` or `CLAWBACK`.
  public var type: String
  public var reference: LedgerLineReference
  /// The change of the total: `freeDelta + lockedDelta`.
  public var delta: DecimalAmount
  public var freeDelta: DecimalAmount
  public var lockedDelta: DecimalAmount
  public var freeAfter: DecimalAmount
  public var lockedAfter: DecimalAmount
  public var timestamp: Timestamp

  package init(
    sequence: String, asset: String, type: String, reference: LedgerLineReference,
    delta: DecimalAmount, freeDelta: DecimalAmount, lockedDelta: DecimalAmount,
    freeAfter: DecimalAmount, lockedAfter: DecimalAmount, timestamp: Timestamp
  ) {
    self.sequence = sequence
    self.asset = asset
    self.type = type
    self.reference = reference
    self.delta = delta
    self.freeDelta = freeDelta
    self.lockedDelta = lockedDelta
    self.freeAfter = freeAfter
    self.lockedAfter = lockedAfter
    self.timestamp = timestamp
  }

  private enum CodingKeys: String, CodingKey {
    case sequence, asset, type, reference, delta, timestamp
    case freeDelta = "free_delta"
    case lockedDelta = "locked_delta"
    case freeAfter = "free_after"
    case lockedAfter = "locked_after"
  }
}

/// Newest first; `next` goes into `before` of the next request, nil at the end.
public struct LedgerPage: Codable, Sendable, Equatable {
  public var rows: [LedgerLine]
  @Nullable public var next: String?

  public init(rows: [LedgerLine], next: String?) {
    self.rows = rows
    self.next = next
  }
}

/// One trade as one of its two sides sees it: the user's two TRADE lines of that trade. Fees are
/// lines of their own (type FEE, one an order and auction).
public struct OwnFill: Codable, Sendable, Equatable {
  public var tradeID: String
  public var market: String
  public var side: NewOrder.Side
  public var price: DecimalAmount
  /// Base coins.
  public var quantity: DecimalAmount
  /// Quote paid or received.
  public var amount: DecimalAmount
  public var timestamp: Timestamp
  /// Of the older of the two lines.
  public var sequence: String

  package init(
    tradeID: String, market: String, side: NewOrder.Side, price: DecimalAmount,
    quantity: DecimalAmount, amount: DecimalAmount, timestamp: Timestamp, sequence: String
  ) {
    self.tradeID = tradeID
    self.market = market
    self.side = side
    self.price = price
    self.quantity = quantity
    self.amount = amount
    self.timestamp = timestamp
    self.sequence = sequence
  }

  private enum CodingKeys: String, CodingKey {
    case market, side, price, quantity, amount, timestamp, sequence
    case tradeID = "trade_id"
  }
}

/// Newest first; `next` goes into `before` of the next request, nil at the end.
public struct FillPage: Codable, Sendable, Equatable {
  public var fills: [OwnFill]
  @Nullable public var next: String?

  public init(fills: [OwnFill], next: String?) {
    self.fills = fills
    self.next = next
  }
}
