// Price determination: one sweep of the crossed levels, then a choice of few prices.

/// The call auction (`docs/auction.md`): one clearing price for all orders collected, the same by
/// CALL-1 and CALL-2.
///
/// For a price `p`, `D(p)` is the lots of buy orders with a limit of `p` or more and `S(p)` the
/// lots of sell orders with a limit of `p` or less; market orders count at every price.
/// `V(p) = min(D, S)`. The candidates `C` are the limits and the reference price inside the band,
/// the upper edge if a buy limit lies above it, and the lower edge if a sell limit lies below it.
public enum CallAuction {
  /// The clearing price: largest `V`, then smallest `|D - S|`, then market pressure, then nearest
  /// to the reference (without one the midpoint of those that remain, floored to a tick).
  ///
  /// Reads the crossed levels once and allocates nothing.
  ///
  /// - Parameters:
  ///   - buys: the limit orders to buy, by descending price.
  ///   - sells: the limit orders to sell, by ascending price.
  ///   - marketBuy: lots of the market orders to buy, 0 or more.
  ///   - marketSell: lots of the market orders to sell, 0 or more.
  ///   - reference: the reference price in ticks, at least 1; a market has one always, a book for a
  ///     verifier may have none.
  ///   - band: where the run may print; nil for everywhere.
  @inlinable
  public static func clear<Buys: LevelCursor, Sells: LevelCursor>(
    buys: Buys, sells: Sells, marketBuy: Int128, marketSell: Int128,
    reference: Int64?, band: Band?
  ) -> Clearing {
    var demand = SideWalk(.buy, buys, marketLots: marketBuy, band: band)
    var supply = SideWalk(.sell, sells, marketLots: marketSell, band: band)
    var peak = Peak()
    while let bid = demand.head, let ask = supply.head, bid.price >= ask.price {
      peak.volume = min(bid.lots, ask.lots)
      peak.high = bid.price
      peak.low = ask.price
      if bid.lots == peak.volume { demand.advance() }
      if ask.lots == peak.volume { supply.advance() }
    }
    peak.excessDemand = demand.head
    peak.excessSupply = supply.head
    if demand.head?.price == Side.buy.marketPrice {
      demand.advance()
      peak.bestBuy = demand.head
    }
    if supply.head?.price == Side.sell.marketPrice {
      supply.advance()
      peak.bestSell = supply.head
    }
    if let cleared = peak.clearing(reference: reference, band: band) { return cleared }
    return Clearing(
      withoutTrade: statusWithoutTrade(
        bid: demand.bestPrice, ask: supply.bestPrice,
        hasCandidate: demand.bestLimit != nil || supply.bestLimit != nil || reference != nil))
  }

  /// Why nothing trades, from the best prices without a band: if those cross at some candidate,
  /// only the band prevents the trade.
  @usableFromInline
  static func statusWithoutTrade(bid: Int64?, ask: Int64?, hasCandidate: Bool) -> AuctionStatus {
    guard let bid, let ask else { return bid == nil && ask == nil ? .empty : .noCross }
    return bid >= ask && hasCandidate ? .outsideBand : .noCross
  }
}
