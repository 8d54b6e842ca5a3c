// What one task of the demo does: its traders' next actions, at a steady pace.

internal import Client
internal import Formats
internal import Synchronization
internal import Wire

/// A market in whole ticks and lots.
struct DemoMarket: Sendable {
  let details: MarketDetails
  let tickAtoms: Int128
  let lotAtoms: Int128
  /// Base atoms of a whole coin.
  let coin: Int128
  /// Around which prices walk.
  let anchorTicks: Int64

  /// Prices and orders of so many ticks and lots leave room for all that is reckoned with them.
  private static let maximumTicks: Int64 = 1 << 40
  static let maximumLots: Int64 = 1 << 50
  /// Of a tick and of a lot, for the same reason.
  private static let maximumAtoms: Int128 = 1 << 60
  /// Of the least order.
  private static let maximumNotional: Int128 = 1 << 100

  /// Nil without a reference price, or where the server names terms beyond all that trades.
  init?(_ details: MarketDetails) {
    guard let tick = details.tickSize.atoms(decimals: details.quoteDecimals),
      let lot = details.lotSize.atoms(decimals: details.baseDecimals),
      let coin = DecimalAmount(1).atoms(decimals: details.baseDecimals),
      let reference = details.reference?.atoms(decimals: details.quoteDecimals),
      (1...Self.maximumAtoms).contains(tick), (1...Self.maximumAtoms).contains(lot),
      let ticks = Int64(exactly: reference / tick), (1...Self.maximumTicks / 4).contains(ticks),
      !(Int128(Self.maximumTicks) * tick).multipliedReportingOverflow(by: lot).overflow
    else { return nil }
    self.details = details
    (tickAtoms, lotAtoms, self.coin, anchorTicks) = (tick, lot, coin, ticks)
  }

  func price(_ ticks: Int64) -> DecimalAmount {
    DecimalAmount(
      atoms: Int128(min(ticks, Self.maximumTicks)) * tickAtoms, decimals: details.quoteDecimals)
  }

  func quantity(_ lots: Int64) -> DecimalAmount {
    DecimalAmount(
      atoms: Int128(min(lots, Self.maximumLots)) * lotAtoms, decimals: details.baseDecimals)
  }

  /// Whole lots that are worth about so much quote, rounded down, at least one.
  func lots(worth atoms: Int128, at ticks: Int64) -> Int64 {
    let lotWorth = max(Int128(min(ticks, Self.maximumTicks)) * tickAtoms * lotAtoms / coin, 1)
    return min(max(Int64(clamping: atoms / lotWorth), 1), Self.maximumLots)
  }

  /// The least order in quote atoms, from 1.
  var minimumNotional: Int128 {
    let atoms = details.minimumNotional.atoms(decimals: details.quoteDecimals) ?? 0
    return min(max(atoms, 1), Self.maximumNotional)
  }

  /// Base coins worth so many whole quote coins at the reference, in whole lots.
  func base(worth quote: Int128) -> DecimalAmount {
    let atoms = DecimalAmount(atoms: quote, decimals: 0).atoms(decimals: details.quoteDecimals)
    return quantity(lots(worth: atoms ?? 0, at: anchorTicks))
  }
}

/// One price a market, shared by all workers: a random walk that is pulled back to where it began.
final class PriceWalk: Sendable {
  let markets: [DemoMarket]
  private let ticks: Mutex<[Int64]>

  init(_ markets: [DemoMarket]) {
    self.markets = markets
    ticks = Mutex(markets.map(\.anchorTicks))
  }

  /// The market's price after one more step: up to 2 basis points, less 1/500 of the way it has
  /// come.
  func step(_ market: Int, _ random: inout DemoRandom) -> Int64 {
    let shift = random.in(-200...200)
    return ticks.withLock { ticks in
      let (price, anchor) = (ticks[market], markets[market].anchorTicks)
      ticks[market] = max(price + price * shift / 1_000_000 + (anchor - price) / 500, 1)
      return ticks[market]
    }
  }
}

/// SplitMix64: small, seeded, good enough for a game.
struct DemoRandom: Sendable {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  mutating func `in`(_ range: ClosedRange<Int64>) -> Int64 {
    range.lowerBound + Int64(next() % UInt64(range.upperBound - range.lowerBound + 1))
  }

  mutating func chance(_ percent: Int64) -> Bool { self.in(1...100) <= percent }
}

/// A few traders, acted for one call at a time.
struct DemoWorker {
  /// Orders a trader leaves open; beyond it the oldest is cancelled.
  private static let maximumOpen = 12
  /// Behind by more, after a stall of the server, the lost calls are left out.
  private static let maximumDelay = Duration.seconds(1)

  private struct Open {
    var id: String
    var market: Int
    var side: NewOrder.Side
    var lots: Int64
  }

  private let traders: [DemoTrader]
  private let walk: PriceWalk
  private var random: DemoRandom
  private let orderPrefix: String
  private var orderCount = 0
  /// By trader; executions are learned when an order is touched next.
  private var open: [[Open]]
  private(set) var totals = DemoFlow.Totals()

  init(traders: [DemoTrader], walk: PriceWalk, random: DemoRandom, orderPrefix: String) {
    self.traders = traders
    self.walk = walk
    self.random = random
    self.orderPrefix = orderPrefix
    open = Array(repeating: [], count: traders.count)
  }

  mutating func work(every pause: Duration, until end: ContinuousClock.Instant?) async {
    let clock = ContinuousClock()
    // Workers begin apart, so that calls do not come in bursts.
    var due = clock.now + pause * Double(random.in(0...999)) / 1_000
    while !Task.isCancelled {
      if let end, due >= end { return }
      guard (try? await clock.sleep(until: due)) != nil else { return }
      do throws(APIError) {
        try await act()
      } catch {
        totals.count(error)
        if error.isTemporary || error.status == 0 {
          try? await clock.sleep(for: .seconds(error.retryAfterSeconds ?? 1))
        }
      }
      due = max(due + pause, clock.now - Self.maximumDelay)
    }
  }

  private mutating func act() async throws(APIError) {
    let trader = Int(random.in(0...Int64(traders.count - 1)))
    let roll = random.in(1...100)
    if roll == 100, random.chance(40), traders[trader].payoutAddress != nil {
      return try await withdraw(trader)
    }
    if open[trader].count > Self.maximumOpen {
      try await cancel(trader, 0)
    } else if open[trader].isEmpty || roll <= 70 {
      try await place(trader)
    } else {
      let index = Int(random.in(0...Int64(open[trader].count - 1)))
      if roll <= 85 { try await amend(trader, index) } else { try await cancel(trader, index) }
    }
  }

  /// A limit: sellers up to 0.4 % above the price and 0.15 % below, buyers the other way around.
  private mutating func limit(_ price: Int64, _ side: NewOrder.Side) -> Int64 {
    let away = random.in(-15...40)
    return max(price + price * (side == .buy ? -away : away) / 10_000, 1)
  }

  private mutating func place(_ trader: Int) async throws(APIError) {
    let market = Int(random.in(0...Int64(walk.markets.count - 1)))
    let terms = walk.markets[market]
    let price = walk.step(market, &random)
    // Mostly the side of the orders it has there: against its own it may not trade.
    let own = open[trader].last { $0.market == market }?.side
    let any: NewOrder.Side = random.chance(50) ? .buy : .sell
    let side = random.chance(95) ? own ?? any : any
    let ticks = limit(price, side)
    let worth = terms.minimumNotional * Int128(random.in(20...2_000))
    let lots = terms.lots(worth: worth, at: ticks)
    orderCount += 1
    let id = orderPrefix + String(orderCount)
    let symbol = terms.details.market
    let order: NewOrder
    if terms.details.band != nil, random.chance(8) {
      order = NewOrder(side, terms.quantity(lots), of: symbol, clientOrderID: id)
    } else {
      let kind = random.in(1...100)
      let expiry = Timestamp(microseconds: Timestamp.now().microseconds + 60_000_000)
      order = NewOrder(
        side, terms.quantity(lots), of: symbol, at: terms.price(ticks),
        timeInForce: kind <= 5 ? .auction : kind <= 10 ? .gtd : .gtc,
        expiresAt: kind > 5 && kind <= 10 ? expiry : nil, clientOrderID: id)
    }
    let accepted = try await traders[trader].client.place(order)
    totals.placed += 1
    if order.timeInForce != .auction {
      open[trader].append(Open(id: accepted.orderID, market: market, side: side, lots: lots))
    }
  }

  /// A little ether, now and then.
  private mutating func withdraw(_ trader: Int) async throws(APIError) {
    guard let address = traders[trader].payoutAddress else { return }
    orderCount += 1
    _ = try await traders[trader].client.withdraw(
      NewWithdrawal(
        clientWithdrawalID: orderPrefix + String(orderCount), asset: "ETH",
        amount: DecimalAmount(atoms: Int128(random.in(1...9)), decimals: 2), address: address))
    totals.withdrawals += 1
  }

  private mutating func amend(_ trader: Int, _ index: Int) async throws(APIError) {
    let order = open[trader][index]
    let terms = walk.markets[order.market]
    let amendment: OrderAmendment
    if random.chance(60) {
      let ticks = limit(walk.step(order.market, &random), order.side)
      amendment = OrderAmendment(price: terms.price(ticks))
    } else {
      let lots = min(max(order.lots * random.in(60...130) / 100, 1), DemoMarket.maximumLots)
      amendment = OrderAmendment(quantity: terms.quantity(lots))
      open[trader][index].lots = lots
    }
    do throws(APIError) {
      _ = try await traders[trader].client.amend(order.id, amendment)
      totals.amended += 1
    } catch {
      forgetFinished(trader, index, error)
      throw error
    }
  }

  private mutating func cancel(_ trader: Int, _ index: Int) async throws(APIError) {
    do throws(APIError) {
      _ = try await traders[trader].client.cancel(open[trader][index].id)
      totals.cancelled += 1
      open[trader].remove(at: index)
    } catch {
      forgetFinished(trader, index, error)
      throw error
    }
  }

  private mutating func forgetFinished(_ trader: Int, _ index: Int, _ error: APIError) {
    if error.code == "order_finished" || error.code == "order_not_found" {
      open[trader].remove(at: index)
    }
  }
}
