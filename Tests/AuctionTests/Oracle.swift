// The oracle: rule CALL-1 word for word, by trying every candidate and summing every order.

import Auction

/// What happened on the way, to prove that the random books reach every part of the rule.
enum Fact: String, CaseIterable {
  case empty, noCross, outsideBand, cleared
  case volumeDecides, surplusDecides, buyPressure, sellPressure, mixedSigns
  /// Without the narrowing of step 3 the price would be another one.
  case narrowingDecides
  case referenceDecides, referenceOutsideBandDecides
  /// The price is the reference and nobody's limit.
  case referenceIsPrice
  case midpoint, midpointFloored, midpointIsNoCandidate, midpointOfMixedSigns, midpointOfNeighbours
  case upperEdgeIsPrice, lowerEdgeIsPrice
  /// Edges that are no candidates would change the outcome if they were.
  case idleEdgeMatters
  case bandCutsPrice, noCandidateInBand
  case marketBuysExceedVolume, marketSellsExceedVolume, marketPricedByReference
  /// Market orders on both sides and no price to trade them at.
  case marketUnpriced
  case farPrice, giantVolume
}

struct Oracle {
  let book: Book

  func demand(_ price: Int64) -> Int128 { book.lots(of: .buy) { ($0.limit ?? .max) >= price } }
  func supply(_ price: Int64) -> Int128 { book.lots(of: .sell) { ($0.limit ?? 0) <= price } }
  func volume(_ price: Int64) -> Int128 { min(demand(price), supply(price)) }
  func surplus(_ price: Int64) -> Int128 { demand(price) - supply(price) }

  /// C, ascending.
  func candidates(band: Band?) -> [Int64] {
    var prices = Set(book.limits)
    if let reference = book.reference { prices.insert(reference) }
    guard let band else { return prices.sorted() }
    prices = prices.filter { band.lower <= $0 && $0 <= band.upper }
    for order in book.orders {
      guard let limit = order.limit else { continue }
      if order.side == .buy && limit > band.upper { prices.insert(band.upper) }
      if order.side == .sell && limit < band.lower { prices.insert(band.lower) }
    }
    return prices.sorted()
  }

  /// The largest V over all ticks of the band. D and S change only at a limit, so it is enough to
  /// look at each limit, beside it and at the edges; a narrow band is scanned tick by tick.
  func largestVolumeOverTicks() -> Int128 {
    var prices: [Int64] = [1] + book.limits.flatMap { [$0 - 1, $0, $0 + 1] }
    if let band = book.band {
      prices += [band.lower, band.upper]
      if band.upper - band.lower < 32 { prices = Array(band.lower...band.upper) }
      prices = prices.filter { band.lower <= $0 && $0 <= band.upper }
    }
    return prices.filter { $0 >= 1 }.map(volume).max() ?? 0
  }

  func ladder() -> [(price: Int64, demand: Int128, supply: Int128)] {
    candidates(band: book.band).filter { volume($0) > 0 }.map { ($0, demand($0), supply($0)) }
  }

  func clear(note: (Fact) -> Void = { _ in }) -> Clearing {
    let all = candidates(band: book.band)
    let largest = all.map(volume).max() ?? 0
    guard largest > 0 else {
      let isCrossed = candidates(band: nil).contains { volume($0) > 0 }
      let status: AuctionStatus =
        book.orders.isEmpty ? .empty : isCrossed ? .outsideBand : .noCross
      return Clearing(withoutTrade: status)
    }
    let price = choose(from: all, largest: largest, note: note)
    return Clearing(
      status: .cleared, price: price, volume: volume(price), surplus: surplus(price))
  }

  /// Steps 1 to 4.
  private func choose(from all: [Int64], largest: Int128, note: (Fact) -> Void) -> Int64 {
    let loudest = all.filter { volume($0) == largest }
    if all.count > 1 && loudest.count == 1 { note(.volumeDecides) }

    let smallest = loudest.map { surplus($0).magnitude }.min()
    let evenest = loudest.filter { surplus($0).magnitude == smallest }
    if loudest.count > 1 && evenest.count == 1 { note(.surplusDecides) }

    let buyHeavy = evenest.filter { surplus($0) > 0 }
    let sellHeavy = evenest.filter { surplus($0) < 0 }
    var remaining = evenest
    if buyHeavy.count == evenest.count {
      remaining = [buyHeavy.max()!]
      if evenest.count > 1 { note(.buyPressure) }
    } else if sellHeavy.count == evenest.count {
      remaining = [sellHeavy.min()!]
      if evenest.count > 1 { note(.sellPressure) }
    } else if !buyHeavy.isEmpty && !sellHeavy.isEmpty {
      note(.mixedSigns)
      remaining = evenest.filter {
        surplus($0) == 0 || $0 == buyHeavy.max() || $0 == sellHeavy.min()
      }
      if nearest(evenest) != nearest(remaining) { note(.narrowingDecides) }
      if book.reference == nil { note(.midpointOfMixedSigns) }
    }
    if remaining.count > 1 {
      note(book.reference == nil ? .midpoint : .referenceDecides)
      let sum = remaining[0] + remaining.last!
      if book.reference == nil {
        if sum % 2 != 0 { note(.midpointFloored) }
        if !all.contains(sum / 2) { note(.midpointIsNoCandidate) }
        if remaining.last! - remaining[0] == 1 { note(.midpointOfNeighbours) }
      } else if let band = book.band, !band.contains(book.reference!) {
        note(.referenceOutsideBandDecides)
      }
    }
    return nearest(remaining)
  }

  /// Step 4.
  private func nearest(_ prices: [Int64]) -> Int64 {
    guard let reference = book.reference else { return (prices.min()! + prices.max()!) / 2 }
    let distance = prices.map { ($0 - reference).magnitude }.min()!
    return prices.first { ($0 - reference).magnitude == distance }!
  }

  /// Everything notable about the book.
  func facts() -> Set<Fact> {
    var facts: Set<Fact> = []
    let clearing = clear { facts.insert($0) }
    let marketBuy = book.marketLots(.buy)
    let marketSell = book.marketLots(.sell)
    let all = candidates(band: book.band)
    if all.isEmpty && largestVolumeOverTicks() > 0 { facts.insert(.noCandidateInBand) }
    if let band = book.band, all.contains(band.lower) == false || all.contains(band.upper) == false
    {
      let wider = Set(all + [band.lower, band.upper]).sorted()
      let largest = wider.map(volume).max() ?? 0
      let price = largest > 0 ? choose(from: wider, largest: largest, note: { _ in }) : 0
      if price != clearing.price { facts.insert(.idleEdgeMatters) }
    }
    switch clearing.status {
    case .empty: facts.insert(.empty)
    case .noCross:
      facts.insert(.noCross)
      if marketBuy > 0 && marketSell > 0 { facts.insert(.marketUnpriced) }
    case .outsideBand: facts.insert(.outsideBand)
    case .cleared:
      facts.insert(.cleared)
      let isLimit = book.limits.contains(clearing.price)
      if marketBuy > clearing.volume { facts.insert(.marketBuysExceedVolume) }
      if marketSell > clearing.volume { facts.insert(.marketSellsExceedVolume) }
      if book.limits.isEmpty { facts.insert(.marketPricedByReference) }
      if clearing.price == book.reference && !isLimit { facts.insert(.referenceIsPrice) }
      if let band = book.band, !isLimit, clearing.price != book.reference {
        if clearing.price == band.upper { facts.insert(.upperEdgeIsPrice) }
        if clearing.price == band.lower { facts.insert(.lowerEdgeIsPrice) }
      }
      if isCut(clearing) { facts.insert(.bandCutsPrice) }
      if clearing.price >= 1 << 50 { facts.insert(.farPrice) }
      if clearing.volume >= 1 << 41 { facts.insert(.giantVolume) }
    }
    return facts
  }

  /// Whether the run would print another price without its band.
  func isCut(_ clearing: Clearing) -> Bool {
    var free = book
    free.band = nil
    return Oracle(book: free).clear().price != clearing.price
  }
}
