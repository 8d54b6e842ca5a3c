// What a run leaves for the next one: the reference price and the band (docs/auction.md).

internal import Auction

extension AuctionEngine {
  var rule: AuctionRule { rulesVersion >= 3 ? .call2 : .call1 }

  // MARK: After a run

  /// What a run with this clearing leaves, by CALL-2; nil by CALL-1. Asked before its trades change
  /// the book.
  func outcome(
    of clearing: Clearing, _ market: Int32, _ constants: MarketConstants
  ) -> ReferenceOutcome? {
    guard rule == .call2 else { return nil }
    let executed = Self.exactNotional(clearing.price, Int64(clearing.volume), constants)
    let sets = clearing.status == .cleared && executed >= constants.minimumReferenceVolume
    return ReferenceOutcome(
      outsideRuns: markets[market].outsideRuns,
      heldLots: sets ? 0 : heldLots(clearing, market, constants),
      nextReferenceTicks: sets ? clearing.price : constants.referenceTicks)
  }

  /// The lots that the band keeps from trading. More orders never make them fewer by more than they
  /// trade themselves, so small ones do not hide a gap.
  private func heldLots(
    _ clearing: Clearing, _ market: Int32, _ constants: MarketConstants
  ) -> Int64 {
    guard constants.band != nil else { return 0 }
    var open = constants
    open.band = nil
    return Int64(clear(market, open).volume - clearing.volume)
  }

  /// Moves the reference, counts the run, and puts the band of the next run in force.
  mutating func conclude(_ clearing: Clearing, _ outcome: ReferenceOutcome?, _ market: Int32) {
    if let outcome {
      let isOutside = countsTowardsWidening(outcome, markets[market].constants)
      let runs = outcome.outsideRuns
      markets[market].outsideRuns = isOutside ? min(runs, .max - 1) + 1 : 0
      markets[market].constants.referenceTicks = outcome.nextReferenceTicks
    } else {
      if clearing.status == .cleared {
        markets[market].constants.referenceTicks = clearing.price
      }
      markets[market].outsideRuns =
        clearing.status == .outsideBand ? markets[market].outsideRuns &+ 1 : 0
    }
    refreshBand(market)
  }

  /// Whether what the band held back is worth the least volume, at the reference price: so whoever
  /// widens a band offers as much as whoever moves the reference.
  private func countsTowardsWidening(
    _ outcome: ReferenceOutcome, _ constants: MarketConstants
  ) -> Bool {
    guard outcome.heldLots > 0 else { return false }
    // Nil is beyond every bound.
    let held = Self.notional(constants.referenceTicks, outcome.heldLots, constants)
    return held.map { $0 >= constants.minimumReferenceVolume } ?? true
  }

  // MARK: Band

  /// Recomputes the band in force from the market's terms, reference and runs outside.
  mutating func refreshBand(_ market: Int32) {
    let terms = markets[market].definition.terms
    let reference = markets[market].constants.referenceTicks
    guard reference > 0, terms.bandBasisPoints > 0 else {
      markets[market].constants.band = nil
      return
    }
    markets[market].constants.band = CallAuction.bandAround(
      reference: reference, basisPoints: bandWidth(terms, markets[market].outsideRuns),
      maximum: Bounds.maximumPriceTicks)
  }

  /// Basis points: the market's half width, doubled for each run too many outside it. By CALL-2 it
  /// is doubled up to a bound.
  private func bandWidth(_ terms: MarketTerms, _ outside: UInt32) -> Int64 {
    let doublings =
      outside >= terms.runsBeforeWidening ? min(outside - terms.runsBeforeWidening + 1, 32) : 0
    let width = Int64(terms.bandBasisPoints)
    let doubled = width << Int64(doublings)
    return rule == .call2 ? min(doubled, max(width, Bounds.widestBandBasisPoints)) : doubled
  }

  // MARK: Rules 3

  /// Each market goes on with the reference that it has. Runs outside that were counted without
  /// their volume count no more, so the band is the terms' own.
  mutating func beginCall2() {
    for market in 0..<Int32(markets.count) {
      let band = markets[market].constants.band
      markets[market].outsideRuns = 0
      refreshBand(market)
      // A market buy's funds are locked at the upper edge: another edge would not be covered.
      if markets[market].constants.band != band { cancelMarketOrders(market) }
    }
  }

  /// In the snapshot's form of rules 3: what each market's terms say beyond those of rules 1.
  func writeReferenceRules(to writer: inout ByteWriter) {
    for market in 0..<Int32(markets.count) {
      let volume = markets[market].definition.terms.minimumReferenceVolume
      writer.bool(volume != nil)
      if let volume { writer.uint(volume) }
    }
  }

  mutating func readReferenceRules(_ reader: inout ByteReader) throws(ByteError) {
    for market in 0..<Int32(markets.count) where try reader.bool() {
      markets[market].definition.terms.minimumReferenceVolume = try reader.uint()
      let terms = markets[market].definition.terms
      guard isValid(terms) else { throw reader.fail("not a least volume") }
      markets[market].constants.minimumReferenceVolume = terms.referenceVolume
    }
  }
}
