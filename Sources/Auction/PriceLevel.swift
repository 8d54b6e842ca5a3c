// How the book hands its levels to the auction and how the auction reads them: best first, lazily.

/// The live limit orders of one side at one price.
public struct PriceLevel: Equatable, Sendable {
  /// In ticks, at least 1 and below `Int64.max`.
  public var price: Int64
  /// Their lots, at least 1.
  public var quantity: Int64

  @inlinable
  public init(price: Int64, quantity: Int64) {
    self.price = price
    self.quantity = quantity
  }
}

/// Gives the levels of one side, best first: buys by descending, sells by ascending price. A
/// price may come several times in a row (its lots are added). Market orders are not in it.
///
/// It is read lazily: the crossed levels, those beyond a band edge on the good side, and at most
/// two more.
public protocol LevelCursor {
  mutating func next() -> PriceLevel?
}

/// The lots of one side down to and including one price, from the best price on.
@usableFromInline
struct Depth {
  /// In ticks; `Side.marketPrice` for the market orders, which come first.
  @usableFromInline var price: Int64
  /// Lots at this price or a better one: D(price) of a buy side, S(price) of a sell side.
  @usableFromInline var lots: Int128

  @usableFromInline
  init(price: Int64, lots: Int128) {
    self.price = price
    self.lots = lots
  }
}

extension Side {
  /// What a market order of this side is ready to pay or take: beyond every limit, and no
  /// candidate.
  @inlinable
  var marketPrice: Int64 {
    switch self {
    case .buy: Int64.max
    case .sell: 0
    }
  }
}

/// One side seen as the rule counts it: market orders first, then limits clipped into the band (a
/// buy above the upper edge counts at the edge, one below the lower edge not at all; a sell the
/// other way round).
@usableFromInline
struct SideWalk<Cursor: LevelCursor> {
  @usableFromInline let side: Side
  @usableFromInline let band: Band?
  @usableFromInline var cursor: Cursor
  /// Read from the cursor, not yet part of `head`.
  @usableFromInline var pending: PriceLevel?
  /// Where the walk stands; nil behind the last level inside the band.
  @usableFromInline var head: Depth?
  /// The best limit, inside the band or not; nil if the side has none.
  @usableFromInline let bestLimit: Int64?
  @usableFromInline let marketLots: Int128

  @inlinable
  init(_ side: Side, _ cursor: Cursor, marketLots: Int128, band: Band?) {
    precondition(marketLots >= 0, "lots of market orders cannot be negative")
    self.side = side
    self.band = band
    self.marketLots = marketLots
    var cursor = cursor
    let first = cursor.next()
    self.cursor = cursor
    pending = first
    bestLimit = first?.price
    head = nil
    if let first { Self.check(first) }
    if marketLots > 0 {
      head = Depth(price: side.marketPrice, lots: marketLots)
    } else {
      advance()
    }
  }

  /// The best price at which the side is ready to trade without a band; nil if it has no orders.
  @inlinable var bestPrice: Int64? {
    marketLots > 0 ? side.marketPrice : bestLimit
  }

  /// Moves `head` to the next price inside the band.
  @inlinable
  mutating func advance() {
    guard let first = pending, let price = priceInBand(first) else {
      head = nil
      return
    }
    var lots = (head?.lots ?? 0) + Int128(first.quantity)
    readPending()
    while let more = pending, priceInBand(more) == price {
      lots += Int128(more.quantity)
      readPending()
    }
    head = Depth(price: price, lots: lots)
  }

  @inlinable
  mutating func readPending() {
    let last = pending
    pending = cursor.next()
    guard let last, let pending else { return }
    Self.check(pending)
    precondition(
      side == .buy ? pending.price <= last.price : pending.price >= last.price,
      "levels must come best first")
  }

  /// The price at which a level counts inside the band; nil if it does not.
  @inlinable
  func priceInBand(_ level: PriceLevel) -> Int64? {
    guard let band else { return level.price }
    switch side {
    case .buy: return level.price < band.lower ? nil : min(level.price, band.upper)
    case .sell: return level.price > band.upper ? nil : max(level.price, band.lower)
    }
  }

  @inlinable
  static func check(_ level: PriceLevel) {
    precondition(level.price >= 1 && level.price < Int64.max, "a limit is at least one tick")
    precondition(level.quantity >= 1, "a level has at least one lot")
  }
}
