// What is public about markets.

internal import Auction
internal import Engine
internal import Formats
internal import Wire

extension Handlers {
  /// Levels of one side.
  static let defaultDepth = 20
  static let maximumDepth = 200

  func markets() async throws(Refusal) -> Answer {
    let markets = directory.markets
    let ids = markets.map(\.id)
    let views = try await read { engine in ids.map { engine.marketView($0) } }
    return .json(MarketList(markets: zip(markets, views).map(Self.details)))
  }

  func market(_ call: Call) async throws(Refusal) -> Answer {
    let market = try market(named: call.parameters[0])
    let id = market.id
    return .json(Self.details(market, try await read { $0.marketView(id) }))
  }

  private static func details(_ market: ListedMarket, _ view: MarketView) -> MarketDetails {
    let definition = view.definition
    let terms = definition.terms
    return MarketDetails(
      market: market.symbol, base: market.record.base.code, quote: market.record.quote.code,
      baseDecimals: Int(market.record.base.decimals),
      quoteDecimals: Int(market.record.quote.decimals), tickSize: market.tickSize,
      lotSize: market.lotSize, ruleID: market.record.rule.id,
      status: view.isOpen ? .open : .suspended, intervalMilliseconds: terms.intervalMilliseconds,
      bandBasisPoints: Int(terms.bandBasisPoints),
      runsBeforeWidening: Int(terms.runsBeforeWidening),
      buyFeeBasisPoints: Int(terms.buyFeeBasisPoints),
      sellFeeBasisPoints: Int(terms.sellFeeBasisPoints),
      minimumNotional: market.quote(terms.minimumNotional),
      maximumOpenOrders: Int(terms.maximumOpenOrders),
      minimumReferenceVolume: market.quote(terms.referenceVolume),
      reference: market.priceIfAny(ticks: view.referenceTicks), band: market.band(view.band),
      auctions: String(view.auctionCount), trades: String(view.tradeCount),
      buyOrders: view.buyOrders, sellOrders: view.sellOrders,
      nextRun: Timestamp(microseconds: view.nextRun))
  }

  func indicative(_ call: Call) async throws(Refusal) -> Answer {
    let market = try market(named: call.parameters[0])
    let id = market.id
    return .json(IndicativePrice(market, try await read { $0.indicative(id) }))
  }

  func book(_ call: Call) async throws(Refusal) -> Answer {
    let market = try market(named: call.parameters[0])
    let depth = call.query.integer("depth") ?? Self.defaultDepth
    let id = market.id
    let (book, time) = try await read { ($0.book(id, depth: depth), $0.time) }
    func levels(_ levels: [PriceLevel]) -> [DepthLevel] {
      levels.map {
        DepthLevel(
          price: market.price(ticks: $0.price), quantity: market.quantity(lots: $0.quantity))
      }
    }
    return .json(
      BookDepth(
        market: market.symbol, buys: levels(book.buys), sells: levels(book.sells),
        marketBuyQuantity: market.quantity(lots: book.marketBuyLots),
        marketSellQuantity: market.quantity(lots: book.marketSellLots),
        timestamp: Timestamp(microseconds: time)))
  }

  func subscribe(_ call: Call) throws(Refusal) -> Answer {
    let market = try market(named: call.parameters[0])
    return .events(
      try events.subscribe(market.id, after: call.lastEventID, from: call.address))
  }
}

extension IndicativePrice {
  init(_ market: ListedMarket, _ view: IndicativeView) {
    let clearing = view.clearing
    self.init(
      market: market.symbol, status: RunStatus(clearing.status),
      price: market.priceIfAny(ticks: clearing.price),
      volume: market.quantity(lots: clearing.volume),
      surplus: market.quantity(lots: clearing.surplus),
      reference: market.priceIfAny(ticks: view.referenceTicks), band: market.band(view.band),
      timestamp: Timestamp(microseconds: view.time), nextRun: Timestamp(microseconds: view.nextRun))
  }
}

extension AuctionReport {
  init(_ market: ListedMarket, _ result: AuctionResult) {
    self.init(
      id: String(result.id), market: market.symbol, status: RunStatus(result.status),
      clearingPrice: market.priceIfAny(ticks: result.priceTicks),
      volume: market.quantity(lots: result.volumeLots),
      surplus: market.quantity(lots: result.surplusLots), tradeCount: result.tradeCount,
      timestamp: Timestamp(microseconds: result.time), slot: String(result.slot),
      reference: market.priceIfAny(ticks: result.referenceTicks), band: market.band(result.band),
      buyOrders: result.buyOrders, sellOrders: result.sellOrders)
  }
}

extension RunStatus {
  fileprivate init(_ status: AuctionStatus) {
    switch status {
    case .empty: self = .empty
    case .noCross: self = .noCross
    case .outsideBand: self = .outsideBand
    case .cleared: self = .cleared
    }
  }
}
