// Reference prices and bands once more, by the book (docs/auction.md): the oracle of CALL-1 and
// CALL-2 beyond the price.

import Auction
import Testing

@testable import Engine

/// Follows every market's reference price and runs outside the band, from runs alone.
struct NaiveReferences {
  private var ticks: [MarketID: Int64] = [:]
  private var outside: [MarketID: UInt32] = [:]
  private var terms: [MarketID: MarketTerms] = [:]
  private var units: [MarketID: Int128] = [:]

  init(_ engine: borrowing AuctionEngine) {
    for number in 0..<engine.marketCount {
      let market = MarketID(number)
      ticks[market] = engine.marketView(market).referenceTicks
      outside[market] = 0
      terms[market] = engine.marketView(market).definition.terms
      units[market] = Int128(engine.record(of: market).atomsPerTickLot)
    }
  }

  mutating func set(_ market: MarketID, _ price: Int64) {
    ticks[market] = price
    outside[market] = 0
  }

  /// A run on a book that is known.
  mutating func take(
    _ run: AuctionResult, _ book: (outcome: AuctionOutcome, orders: [OrderView]), _ rules: UInt32
  ) {
    let market = run.market
    guard let reference = ticks[market], let runs = outside[market], let terms = terms[market],
      let unit = units[market]
    else { return }
    let clearing = book.outcome.clearing
    if rules < 3 {
      #expect(run.outcome == nil)
      if clearing.status == .cleared { ticks[market] = clearing.price }
      outside[market] = clearing.status == .outsideBand ? runs + 1 : 0
      return
    }
    let least = terms.minimumReferenceVolume ?? 1_000 * terms.minimumNotional
    let executed = book.outcome.trades.reduce(Int128(0)) {
      $0 + Int128($1.quantity) * Int128(clearing.price) * unit
    }
    var held: Int128 = 0
    if executed > 0, executed >= least {
      ticks[market] = clearing.price
      outside[market] = 0
    } else {
      held = Self.volume(of: book.orders, reference) - clearing.volume
      if run.band == nil { held = 0 }
      let isOutside = held > 0 && held * Int128(reference) * unit >= least
      outside[market] = isOutside ? runs + 1 : 0
    }
    #expect(
      run.outcome
        == ReferenceOutcome(
          outsideRuns: runs, heldLots: Int64(held), nextReferenceTicks: ticks[market] ?? 0))
  }

  /// What would trade without a band.
  private static func volume(of orders: [OrderView], _ reference: Int64) -> Int128 {
    CallAuction.run(
      orders: orders.map {
        AuctionOrder(
          side: $0.side, type: $0.type == .market ? .market : .limit($0.limitTicks),
          quantity: $0.lots - $0.executedLots)
      }, reference: reference == 0 ? nil : reference, band: nil
    ).clearing.volume
  }

  func check(_ engine: borrowing AuctionEngine, _ rules: UInt32, seed: UInt64, step: Int) {
    for (market, reference) in ticks {
      let view = engine.marketView(market)
      #expect(view.referenceTicks == reference, "seed \(seed), step \(step): \(market)")
      guard reference > 0, let terms = terms[market] else {
        #expect(view.band == nil, "seed \(seed), step \(step): \(market)")
        continue
      }
      let band = CallAuction.bandAround(
        reference: reference, basisPoints: width(terms, outside[market] ?? 0, rules),
        maximum: Bounds.maximumPriceTicks)
      #expect(view.band == band, "seed \(seed), step \(step): \(market)")
    }
  }

  private func width(_ terms: MarketTerms, _ runs: UInt32, _ rules: UInt32) -> Int64 {
    var width = Int64(terms.bandBasisPoints)
    let own = width
    var run = terms.runsBeforeWidening
    while run <= runs, width < own << 32 {
      width *= 2
      if rules >= 3 { width = min(width, max(own, 5_000)) }
      run += 1
      if rules >= 3, width == max(own, 5_000) { break }
    }
    return width
  }
}
