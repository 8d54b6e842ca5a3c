// Random books: everything about one is drawn from its seed, so the seed replays it.

import Auction
import SeededNumbers

extension SeededNumbers {
  mutating func chance(percent: Int) -> Bool { below(100) < percent }
}

/// The orders of an auction in order of acceptance, its reference price and its band.
struct Book: CustomStringConvertible {
  var orders: [AuctionOrder]
  var reference: Int64?
  var band: Band?

  var description: String {
    let list = orders.map { order in
      "\(order.side) \(order.quantity)@\(order.limit.map(String.init) ?? "market")"
    }
    let edges = band.map { "\($0.lower)...\($0.upper)" } ?? "none"
    return "[\(list.joined(separator: ", "))] reference \(reference ?? 0) band \(edges)"
  }

  var limits: [Int64] { orders.compactMap(\.limit) }

  func lots(of side: Side, where isCounted: (AuctionOrder) -> Bool) -> Int128 {
    orders.reduce(0) { sum, order in
      order.side == side && isCounted(order) ? sum + Int128(order.quantity) : sum
    }
  }

  func marketLots(_ side: Side) -> Int128 { lots(of: side) { $0.type == .market } }

  /// The limit orders of a side as the engine would hold them: one level a price, best first.
  func levels(_ side: Side) -> [PriceLevel] {
    var levels: [Int64: Int64] = [:]
    for order in orders where order.side == side {
      if let limit = order.limit { levels[limit, default: 0] += order.quantity }
    }
    let ascending = levels.map { PriceLevel(price: $0, quantity: $1) }.sorted {
      $0.price < $1.price
    }
    return side == .buy ? ascending.reversed() : ascending
  }

  func clear() -> Clearing {
    CallAuction.clear(
      buys: ArrayCursor(levels(.buy)), sells: ArrayCursor(levels(.sell)),
      marketBuy: marketLots(.buy), marketSell: marketLots(.sell), reference: reference, band: band)
  }

  func run() -> AuctionOutcome {
    CallAuction.run(orders: orders, reference: reference, band: band)
  }
}

struct ArrayCursor: LevelCursor {
  private let levels: [PriceLevel]
  private var position = 0

  init(_ levels: [PriceLevel]) { self.levels = levels }

  mutating func next() -> PriceLevel? {
    guard position < levels.count else { return nil }
    position += 1
    return levels[position - 1]
  }
}

extension Book {
  init(seed: UInt64) {
    var random = SeededNumbers(seed)
    let base: Int64 = random.pick([1, 1, 1, 7, 100, 1 << 50])
    let span: Int64 = random.pick([1, 2, 3, 4, 6, 9, 14, 40, 1_000, 1 << 45])
    let prices = base...(base + span - 1)
    let quantities: ClosedRange<Int64> = random.pick([
      1...1, 1...2, 1...3, 1...5, 5...5, 1...20, 1...(1 << 40), (1 << 40)...(1 << 40),
    ])
    switch Int.random(in: 0..<10, using: &random) {
    case 0, 1: orders = Self.tied(prices: prices, quantities: quantities, using: &random)
    case 2:
      orders =
        Self.tied(prices: prices, quantities: quantities, using: &random)
        + Self.scattered(3, prices: prices, quantities: quantities, using: &random)
    default:
      let count = Int.random(in: 0...14, using: &random)
      orders = Self.scattered(count, prices: prices, quantities: quantities, using: &random)
    }
    orders.shuffle(using: &random)
    reference = Self.reference(prices: prices, limits: orders.compactMap(\.limit), using: &random)
    band = Self.band(prices: prices, reference: reference, using: &random)
  }

  /// Orders anywhere; more or less crossed, with no, few or only market orders.
  private static func scattered(
    _ count: Int, prices: ClosedRange<Int64>, quantities: ClosedRange<Int64>,
    using random: inout SeededNumbers
  ) -> [AuctionOrder] {
    let marketPercent = random.pick([0, 0, 0, 0, 10, 30, 60, 100])
    let buyPercent = random.pick([10, 50, 50, 50, 90])
    let crossed = random.chance(percent: 40)
    let middle = (prices.lowerBound + prices.upperBound) / 2
    return (0..<count).map { _ in
      let side: Side = random.chance(percent: buyPercent) ? .buy : .sell
      let quantity = Int64.random(in: quantities, using: &random)
      if random.chance(percent: marketPercent) {
        return AuctionOrder(side: side, type: .market, quantity: quantity)
      }
      let range =
        !crossed ? prices : side == .buy ? middle...prices.upperBound : prices.lowerBound...middle
      return AuctionOrder(
        side: side, type: .limit(Int64.random(in: range, using: &random)), quantity: quantity)
    }
  }

  /// Books that reach steps 3 and 4: the same volume on both sides, and perhaps the same excess
  /// at both ends (mixed signs) or at one.
  private static func tied(
    prices: ClosedRange<Int64>, quantities: ClosedRange<Int64>,
    using random: inout SeededNumbers
  ) -> [AuctionOrder] {
    let low = Int64.random(in: prices, using: &random)
    let high = Int64.random(in: low...prices.upperBound, using: &random)
    let excess = Int64.random(in: quantities, using: &random)
    let isMarket = random.chance(percent: 15)
    var orders: [AuctionOrder] = []
    func add(_ side: Side, _ range: ClosedRange<Int64>, _ quantity: Int64) {
      let price = Int64.random(in: range, using: &random)
      orders.append(AuctionOrder(side: side, type: .limit(price), quantity: quantity))
    }
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let quantity = Int64.random(in: quantities, using: &random)
      if isMarket {
        orders.append(AuctionOrder(side: .buy, type: .market, quantity: quantity))
      } else {
        add(.buy, high...(random.chance(percent: 50) ? high : prices.upperBound), quantity)
      }
      add(.sell, (random.chance(percent: 50) ? low : prices.lowerBound)...low, quantity)
    }
    switch Int.random(in: 0..<4, using: &random) {
    case 0: break
    case 1: add(.buy, low...low, excess)
    case 2: add(.sell, high...high, excess)
    default:
      add(.buy, low...low, excess)
      add(.sell, high...high, excess)
    }
    return orders
  }

  private static func reference(
    prices: ClosedRange<Int64>, limits: [Int64], using random: inout SeededNumbers
  ) -> Int64? {
    switch Int.random(in: 0..<8, using: &random) {
    case 0, 1: nil
    case 2: limits.isEmpty ? prices.lowerBound : random.pick(limits)
    case 3: max(1, prices.lowerBound - Int64.random(in: 1...5, using: &random))
    case 4: prices.upperBound + Int64.random(in: 1...5, using: &random)
    default: Int64.random(in: prices, using: &random)
    }
  }

  private static func band(
    prices: ClosedRange<Int64>, reference: Int64?, using random: inout SeededNumbers
  ) -> Band? {
    let centre = reference ?? Int64.random(in: prices, using: &random)
    let inside = Int64.random(in: prices, using: &random)
    switch Int.random(in: 0..<10, using: &random) {
    case 0:
      let basisPoints: Int64 = random.pick([0, 50, 1_000, 5_000, 20_000])
      return CallAuction.bandAround(reference: centre, basisPoints: basisPoints, maximum: 1 << 60)
    case 1: return Band(lower: max(1, centre - 1), upper: centre + 1)
    case 2: return Band(lower: inside, upper: inside)
    case 3: return Band(lower: inside, upper: prices.upperBound + 3)
    case 4: return Band(lower: 1, upper: inside)
    case 5:
      return Band(
        lower: inside, upper: Int64.random(in: inside...prices.upperBound + 2, using: &random))
    default: return nil
    }
  }
}
