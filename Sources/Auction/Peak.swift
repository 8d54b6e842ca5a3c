// Steps 2 to 4 of the rule: the choice among the prices with the largest volume.

/// What the sweep leaves: the prices with the largest volume `V`, and the levels at which they end.
///
/// `V(p) = V` for the prices in `low...high`. Let `q` be the highest price with `D(q) > V` and
/// `r` the lowest with `S(r) > V`; then `q < r`, or `V` would not be the largest. So inside
/// `low...high` the surplus is positive up to `q`, zero between `q` and `r` and negative from `r`
/// on; each outer part shrinks towards the middle, and strictly between `q` and `r` lie no limits
/// but `low` and `high`. Steps 2 to 4 therefore choose among `q`, `low`, the reference, `high`
/// and `r`.
///
/// A market order at `low`, `high`, `q` or `r` is no candidate. If it is `q` (market orders to
/// buy exceed `V`), the surplus is positive at every price and the highest candidate takes its
/// place; so with `r` and the lowest.
@usableFromInline
struct Peak {
  /// In lots; 0 if nothing crosses.
  @usableFromInline var volume: Int128 = 0
  /// The price of the V-th lot of supply, best lots first.
  @usableFromInline var low: Int64 = 0
  /// The price of the V-th lot of demand.
  @usableFromInline var high: Int64 = 0
  /// `q` with D(q); nil if demand ends with the V-th lot.
  @usableFromInline var excessDemand: Depth?
  /// `r` with S(r); nil if supply ends with the V-th lot.
  @usableFromInline var excessSupply: Depth?
  /// The best buy limit; given only if `q` is the market orders.
  @usableFromInline var bestBuy: Depth?
  /// The best sell limit; given only if `r` is the market orders.
  @usableFromInline var bestSell: Depth?

  @usableFromInline init() {}

  /// Steps 1 to 4; nil if nothing trades at any candidate.
  @usableFromInline
  func clearing(reference: Int64?, band: Band?) -> Clearing? {
    if let reference {
      precondition(isLimit(reference), "a reference price is at least one tick")
    }
    guard volume > 0 else { return nil }
    var candidate = reference
    if let price = reference, let band, !band.contains(price) { candidate = nil }

    if let flat = balanced(reference: candidate) {
      return nearest(low: flat.low, high: flat.high, reference: reference)
    }
    let buyHeavy = highestWithBuySurplus(reference: candidate)
    let sellHeavy = lowestWithSellSurplus(reference: candidate)
    guard let buyHeavy else { return sellHeavy }
    guard let sellHeavy else { return buyHeavy }
    if buyHeavy.surplus < -sellHeavy.surplus { return buyHeavy }
    if buyHeavy.surplus > -sellHeavy.surplus { return sellHeavy }
    return nearest(low: buyHeavy.price, high: sellHeavy.price, reference: reference)
  }

  /// The lowest and the highest candidate without surplus.
  private func balanced(reference: Int64?) -> (low: Int64, high: Int64)? {
    var middle = reference
    if let price = reference, !isBalanced(price) { middle = nil }
    let first = isBalanced(low) ? low : middle
    let last = isBalanced(high) ? high : middle
    guard let lowest = first ?? last, let highest = last ?? first else { return nil }
    return (lowest, highest)
  }

  private func isBalanced(_ price: Int64) -> Bool {
    guard isLimit(price), low <= price, price <= high else { return false }
    if let excessDemand, price <= excessDemand.price { return false }
    if let excessSupply, price >= excessSupply.price { return false }
    return true
  }

  /// Among the candidates with buy surplus the one with the smallest, and of several such the
  /// highest.
  private func highestWithBuySurplus(reference: Int64?) -> Clearing? {
    guard let excessDemand else { return nil }
    if isLimit(excessDemand.price) {
      guard excessDemand.price >= low else { return nil }
      return cleared(at: excessDemand.price, surplus: excessDemand.lots - volume)
    }
    var price = isLimit(low) ? low : 0
    if let bestBuy { price = max(price, bestBuy.price) }
    if let reference { price = max(price, reference) }
    guard price > 0 else { return nil }
    let demand = price == bestBuy?.price ? bestBuy?.lots : nil
    return cleared(at: price, surplus: (demand ?? excessDemand.lots) - volume)
  }

  /// Among the candidates with sell surplus the one with the smallest, and of several such the
  /// lowest.
  private func lowestWithSellSurplus(reference: Int64?) -> Clearing? {
    guard let excessSupply else { return nil }
    if isLimit(excessSupply.price) {
      guard excessSupply.price <= high else { return nil }
      return cleared(at: excessSupply.price, surplus: volume - excessSupply.lots)
    }
    var price = isLimit(high) ? high : Int64.max
    if let bestSell { price = min(price, bestSell.price) }
    if let reference { price = min(price, reference) }
    guard price < Int64.max else { return nil }
    let supply = price == bestSell?.price ? bestSell?.lots : nil
    return cleared(at: price, surplus: volume - (supply ?? excessSupply.lots))
  }

  /// Step 4. A reference strictly between the two is balanced, hence a candidate: there is never
  /// a tie.
  private func nearest(low: Int64, high: Int64, reference: Int64?) -> Clearing {
    let price =
      if let reference { min(max(reference, low), high) } else { low + (high - low) / 2 }
    var surplus: Int128 = 0
    if let excessDemand, price <= excessDemand.price { surplus = excessDemand.lots - volume }
    if let excessSupply, price >= excessSupply.price { surplus = volume - excessSupply.lots }
    return cleared(at: price, surplus: surplus)
  }

  private func cleared(at price: Int64, surplus: Int128) -> Clearing {
    Clearing(status: .cleared, price: price, volume: volume, surplus: surplus)
  }

  /// Whether this is a price at which an order may be limited, not a market order's.
  private func isLimit(_ price: Int64) -> Bool {
    price > Side.sell.marketPrice && price < Side.buy.marketPrice
  }
}
