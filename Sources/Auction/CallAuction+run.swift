// A whole auction over a list of orders, for `uncross clear` and for verifiers: brief, not fast.

/// An order as a verifier has it.
public struct AuctionOrder: Equatable, Sendable {
  public enum OrderType: Equatable, Sendable {
    /// Trades at this price, in ticks, or a better one.
    case limit(Int64)
    /// Trades at any price.
    case market
  }

  public let side: Side
  public let type: OrderType
  /// In lots, at least 1.
  public let quantity: Int64

  public init(side: Side, type: OrderType, quantity: Int64) {
    precondition(quantity >= 1, "an order has at least one lot")
    if case .limit(let price) = type {
      precondition(price >= 1 && price < Int64.max, "a limit is at least one tick")
    }
    self.side = side
    self.type = type
    self.quantity = quantity
  }

  /// In ticks; nil for a market order.
  public var limit: Int64? {
    if case .limit(let price) = type { price } else { nil }
  }
}

/// All that a run decides.
public struct AuctionOutcome: Equatable, Sendable {
  /// A buy and a sell order, by their index in the list given, and the lots that they exchange.
  public struct Trade: Equatable, Sendable {
    public var buy: Int
    public var sell: Int
    public var quantity: Int64
  }

  /// Demand and supply at a candidate price, in lots.
  public struct Rung: Equatable, Sendable {
    public var price: Int64
    public var demand: Int128
    public var supply: Int128
  }

  public var clearing: Clearing
  /// Lots that each order gets, by its index in the list given; 0 for none.
  public var fills: [Int64]
  /// In rank order of both sides; all at `clearing.price`.
  public var trades: [Trade]
  /// Every candidate price with executable volume, ascending. Without a reference the clearing
  /// price may be missing from it: a midpoint is no candidate.
  public var ladder: [Rung]
}

extension CallAuction {
  /// Runs an auction: price, allocation, trades and ladder.
  ///
  /// - Parameters:
  ///   - orders: in order of acceptance, which is their priority in time; at most 2^31 of them.
  ///   - reference: in ticks, at least 1. Without one, market orders alone do not trade.
  ///   - band: where the run may print; nil for everywhere.
  public static func run(orders: [AuctionOrder], reference: Int64?, band: Band?) -> AuctionOutcome {
    let buys = RankedOrders(.buy, of: orders)
    let sells = RankedOrders(.sell, of: orders)
    let clearing = clear(
      buys: buys, sells: sells, marketBuy: buys.marketLots, marketSell: sells.marketLots,
      reference: reference, band: band)
    var ladder: [AuctionOutcome.Rung] = []
    CallAuction.ladder(
      buys: buys, sells: sells, marketBuy: buys.marketLots, marketSell: sells.marketLots,
      reference: reference, band: band
    ) { ladder.append(AuctionOutcome.Rung(price: $0, demand: $1, supply: $2)) }

    let bought = buys.fills(volume: clearing.volume)
    let sold = sells.fills(volume: clearing.volume)
    var fills = [Int64](repeating: 0, count: orders.count)
    for fill in bought { fills[Int(fill.index)] = fill.quantity }
    for fill in sold { fills[Int(fill.index)] = fill.quantity }
    var trades: [AuctionOutcome.Trade] = []
    pair(buys: bought.span, sells: sold.span) { buy, sell, quantity in
      trades.append(AuctionOutcome.Trade(buy: Int(buy), sell: Int(sell), quantity: quantity))
    }
    return AuctionOutcome(clearing: clearing, fills: fills, trades: trades, ladder: ladder)
  }
}

/// The orders of one side in rank order; as a cursor, one level an order.
private struct RankedOrders: LevelCursor {
  private let orders: [AuctionOrder]
  /// Indices into `orders`: market orders, then better limits, then time.
  private let ranked: [Int]
  private var position: Int
  let marketLots: Int128

  init(_ side: Side, of orders: [AuctionOrder]) {
    /// Ascending, market orders first.
    func key(_ index: Int) -> Int64 {
      guard let limit = orders[index].limit else { return Int64.min }
      return side == .buy ? -limit : limit
    }
    self.orders = orders
    ranked = orders.indices.filter { orders[$0].side == side }
      .sorted { (key($0), $0) < (key($1), $1) }
    let market = ranked.prefix { orders[$0].limit == nil }
    position = market.count
    marketLots = market.reduce(0) { $0 + Int128(orders[$1].quantity) }
  }

  mutating func next() -> PriceLevel? {
    guard position < ranked.count else { return nil }
    let order = orders[ranked[position]]
    position += 1
    return order.limit.map { PriceLevel(price: $0, quantity: order.quantity) }
  }

  /// Gives the volume to the orders in rank order: all whole but at most one.
  func fills(volume: Int128) -> [Fill] {
    var open = volume
    var fills: [Fill] = []
    for index in ranked where open > 0 {
      let quantity = Int64(min(open, Int128(orders[index].quantity)))
      fills.append(Fill(index: Int32(index), quantity: quantity))
      open -= Int128(quantity)
    }
    return fills
  }
}
