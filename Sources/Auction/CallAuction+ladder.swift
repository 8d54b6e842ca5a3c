// The ladder: demand and supply at every price at which the auction could have cleared.

extension CallAuction {
  /// Calls `body` with `(p, D(p), S(p))`, in ticks and lots, for every candidate `p` with
  /// `V(p) > 0`, by ascending price. Arguments as for `clear`.
  ///
  /// The prices given are the crossed range; if both sides have market orders that is every
  /// candidate. One array is allocated, of the crossed buy levels.
  @inlinable
  public static func ladder<Buys: LevelCursor, Sells: LevelCursor>(
    buys: Buys, sells: Sells, marketBuy: Int128, marketSell: Int128,
    reference: Int64?, band: Band?,
    body: (_ price: Int64, _ demand: Int128, _ supply: Int128) -> Void
  ) {
    var demand = SideWalk(.buy, buys, marketLots: marketBuy, band: band)
    var supply = SideWalk(.sell, sells, marketLots: marketSell, band: band)
    guard let highest = demand.head?.price, let lowest = supply.head?.price, highest >= lowest
    else { return }

    // Demand at a price is that of the next buy limit at or above it: levels in reverse.
    var bids: [Depth] = []
    while let bid = demand.head, bid.price >= lowest {
      bids.append(bid)
      demand.advance()
    }
    var lotsSold: Int128 = 0
    if marketSell > 0 {
      lotsSold = marketSell
      supply.advance()
    }
    var reference = reference
    if let price = reference, price < lowest || price > highest { reference = nil }
    if let price = reference, let band, !band.contains(price) { reference = nil }
    while true {
      var price = Side.buy.marketPrice
      if let bid = bids.last { price = min(price, bid.price) }
      if let ask = supply.head, ask.price <= highest { price = min(price, ask.price) }
      if let reference { price = min(price, reference) }
      guard price < Side.buy.marketPrice, let bid = bids.last else { return }
      if let ask = supply.head, ask.price == price {
        lotsSold = ask.lots
        supply.advance()
      }
      body(price, bid.lots, lotsSold)
      if bid.price == price { bids.removeLast() }
      if reference == price { reference = nil }
    }
  }
}
