// Markets on the wire: terms, state, indicative price, book, and the results of auctions.

public import Formats

/// The prices inside which a run may print.
public struct PriceBand: Codable, Sendable, Equatable {
  public var lower: DecimalAmount
  public var upper: DecimalAmount

  public init(lower: DecimalAmount, upper: DecimalAmount) {
    self.lower = lower
    self.upper = upper
  }
}

/// A market's terms and where it stands.
public struct MarketDetails: Codable, Sendable, Equatable {
  public enum Status: String, JSONChoice { case open, suspended }

  public var market: String
  public var base: String
  public var quote: String
  public var baseDecimals: Int
  public var quoteDecimals: Int
  /// The price step, in quote per whole base coin.
  public var tickSize: DecimalAmount
  /// The quantity step, in base coins.
  public var lotSize: DecimalAmount
  public var ruleID: String
  public var status: Status
  public var intervalMilliseconds: Int64
  /// 0 for no band.
  public var bandBasisPoints: Int
  public var runsBeforeWidening: Int
  public var buyFeeBasisPoints: Int
  public var sellFeeBasisPoints: Int
  /// In quote.
  public var minimumNotional: DecimalAmount
  public var maximumOpenOrders: Int
  /// What a run must execute to set a new reference price, in quote.
  public var minimumReferenceVolume: DecimalAmount
  @Nullable public var reference: DecimalAmount?
  @Nullable public var band: PriceBand?
  /// How many auctions ran: the number of the last one.
  public var auctions: String
  public var trades: String
  public var buyOrders: Int
  public var sellOrders: Int
  public var nextRun: Timestamp

  package init(
    market: String, base: String, quote: String, baseDecimals: Int, quoteDecimals: Int,
    tickSize: DecimalAmount, lotSize: DecimalAmount, ruleID: String, status: Status,
    intervalMilliseconds: Int64, bandBasisPoints: Int, runsBeforeWidening: Int,
    buyFeeBasisPoints: Int, sellFeeBasisPoints: Int, minimumNotional: DecimalAmount,
    maximumOpenOrders: Int, minimumReferenceVolume: DecimalAmount, reference: DecimalAmount?,
    band: PriceBand?, auctions: String,
    trades: String, buyOrders: Int, sellOrders: Int, nextRun: Timestamp
  ) {
    self.market = market
    self.base = base
    self.quote = quote
    self.baseDecimals = baseDecimals
    self.quoteDecimals = quoteDecimals
    self.tickSize = tickSize
    self.lotSize = lotSize
    self.ruleID = ruleID
    self.status = status
    self.intervalMilliseconds = intervalMilliseconds
    self.bandBasisPoints = bandBasisPoints
    self.runsBeforeWidening = runsBeforeWidening
    self.buyFeeBasisPoints = buyFeeBasisPoints
    self.sellFeeBasisPoints = sellFeeBasisPoints
    self.minimumNotional = minimumNotional
    self.maximumOpenOrders = maximumOpenOrders
    self.minimumReferenceVolume = minimumReferenceVolume
    self.reference = reference
    self.band = band
    self.auctions = auctions
    self.trades = trades
    self.buyOrders = buyOrders
    self.sellOrders = sellOrders
    self.nextRun = nextRun
  }

  private enum CodingKeys: String, CodingKey {
    case market, base, quote, status, reference, band, auctions, trades
    case baseDecimals = "base_decimals"
    case quoteDecimals = "quote_decimals"
    case tickSize = "tick_size"
    case lotSize = "lot_size"
    case ruleID = "rule_id"
    case intervalMilliseconds = "interval_milliseconds"
    case bandBasisPoints = "band_basis_points"
    case runsBeforeWidening = "runs_before_widening"
    case buyFeeBasisPoints = "buy_fee_basis_points"
    case sellFeeBasisPoints = "sell_fee_basis_points"
    case minimumNotional = "minimum_notional"
    case maximumOpenOrders = "maximum_open_orders"
    case minimumReferenceVolume = "minimum_reference_volume"
    case buyOrders = "buy_orders"
    case sellOrders = "sell_orders"
    case nextRun = "next_run"
  }
}

public struct MarketList: Codable, Sendable, Equatable {
  public var markets: [MarketDetails]

  public init(markets: [MarketDetails]) { self.markets = markets }
}

/// `empty`, `no_cross`, `outside_band` or `cleared`.
public enum RunStatus: String, JSONChoice {
  case empty
  case noCross = "no_cross"
  case outsideBand = "outside_band"
  case cleared
}

/// What a run would do now.
public struct IndicativePrice: Codable, Sendable, Equatable {
  public var market: String
  public var status: RunStatus
  /// Nil unless `status` is `cleared`.
  @Nullable public var price: DecimalAmount?
  public var volume: DecimalAmount
  /// Buy minus sell at the price.
  public var surplus: DecimalAmount
  @Nullable public var reference: DecimalAmount?
  @Nullable public var band: PriceBand?
  public var timestamp: Timestamp
  public var nextRun: Timestamp

  package init(
    market: String, status: RunStatus, price: DecimalAmount?, volume: DecimalAmount,
    surplus: DecimalAmount, reference: DecimalAmount?, band: PriceBand?, timestamp: Timestamp,
    nextRun: Timestamp
  ) {
    self.market = market
    self.status = status
    self.price = price
    self.volume = volume
    self.surplus = surplus
    self.reference = reference
    self.band = band
    self.timestamp = timestamp
    self.nextRun = nextRun
  }

  private enum CodingKeys: String, CodingKey {
    case market, status, price, volume, surplus, reference, band, timestamp
    case nextRun = "next_run"
  }
}

/// The lots that rest at one price.
public struct DepthLevel: Codable, Sendable, Equatable {
  public var price: DecimalAmount
  public var quantity: DecimalAmount

  public init(price: DecimalAmount, quantity: DecimalAmount) {
    self.price = price
    self.quantity = quantity
  }
}

/// Both sides of a book, best first.
public struct BookDepth: Codable, Sendable, Equatable {
  public var market: String
  public var buys: [DepthLevel]
  public var sells: [DepthLevel]
  public var marketBuyQuantity: DecimalAmount
  public var marketSellQuantity: DecimalAmount
  public var timestamp: Timestamp

  package init(
    market: String, buys: [DepthLevel], sells: [DepthLevel], marketBuyQuantity: DecimalAmount,
    marketSellQuantity: DecimalAmount, timestamp: Timestamp
  ) {
    self.market = market
    self.buys = buys
    self.sells = sells
    self.marketBuyQuantity = marketBuyQuantity
    self.marketSellQuantity = marketSellQuantity
    self.timestamp = timestamp
  }

  private enum CodingKeys: String, CodingKey {
    case market, buys, sells, timestamp
    case marketBuyQuantity = "market_buy_quantity"
    case marketSellQuantity = "market_sell_quantity"
  }
}

/// One auction run, under the names that the tape uses.
public struct AuctionReport: Codable, Sendable, Equatable {
  public var id: String
  public var market: String
  public var status: RunStatus
  @Nullable public var clearingPrice: DecimalAmount?
  public var volume: DecimalAmount
  public var surplus: DecimalAmount
  public var tradeCount: Int
  public var timestamp: Timestamp
  public var slot: String
  @Nullable public var reference: DecimalAmount?
  @Nullable public var band: PriceBand?
  /// Live orders before the run.
  public var buyOrders: Int
  public var sellOrders: Int

  package init(
    id: String, market: String, status: RunStatus, clearingPrice: DecimalAmount?,
    volume: DecimalAmount, surplus: DecimalAmount, tradeCount: Int, timestamp: Timestamp,
    slot: String, reference: DecimalAmount?, band: PriceBand?, buyOrders: Int, sellOrders: Int
  ) {
    self.id = id
    self.market = market
    self.status = status
    self.clearingPrice = clearingPrice
    self.volume = volume
    self.surplus = surplus
    self.tradeCount = tradeCount
    self.timestamp = timestamp
    self.slot = slot
    self.reference = reference
    self.band = band
    self.buyOrders = buyOrders
    self.sellOrders = sellOrders
  }

  private enum CodingKeys: String, CodingKey {
    case id, market, status, volume, surplus, timestamp, slot, reference, band
    case clearingPrice = "clearing_price"
    case tradeCount = "trade_count"
    case buyOrders = "buy_orders"
    case sellOrders = "sell_orders"
  }
}
