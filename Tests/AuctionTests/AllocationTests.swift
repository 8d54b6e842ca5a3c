// Whole runs: allocation, trades, and how an outcome relates to that of a changed book.

import Auction
import SeededNumbers
import Testing

@Suite struct AllocationTests {
  @Test(arguments: shards)
  func runsHoldTheProperties(shard: UInt64) {
    var counts: [String: Int] = [:]
    for seed in shard * 1_000_000..<shard * 1_000_000 + booksPerShard {
      for name in examine(seed: seed) { counts[name, default: 0] += 1 }
    }
    for name in ["cut", "residual", "split", "partial", "marketFirst"] {
      #expect(counts[name, default: 0] >= 500, "\(name) in shard \(shard)")
    }
  }

  @Test(arguments: rememberedSeeds)
  func rememberedBookHoldsTheProperties(seed: UInt64) { _ = examine(seed: seed) }

  /// Checks everything about one book; returns what it could be checked for.
  private func examine(seed: UInt64) -> Set<String> {
    let book = Book(seed: seed)
    let outcome = book.run()
    var random = SeededNumbers(~seed)
    var reached: Set<String> = []

    check(outcome.clearing == book.clear(), "run and clear agree", book, seed: seed)
    let rungs = Oracle(book: book).ladder()
    check(
      outcome.ladder.count == rungs.count
        && zip(outcome.ladder, rungs).allSatisfy { ($0.price, $0.demand, $0.supply) == $1 },
      "ladder", book, seed: seed)
    checkFills(outcome, book, seed: seed, reached: &reached)
    checkTrades(outcome, book, seed: seed)
    checkResidual(outcome, book, seed: seed, reached: &reached)
    checkStorage(outcome, book, seed: seed, using: &random)
    checkSplit(outcome, book, seed: seed, using: &random, reached: &reached)
    checkAddition(outcome, seed: seed, using: &random)
    checkMirror(outcome, book, seed: seed)
    return reached
  }

  /// Whether the first order ranks before the second of the same side; their places in the book
  /// are their times.
  private func ranksBefore(_ book: Book, _ first: Int, _ second: Int) -> Bool {
    switch (book.orders[first].limit, book.orders[second].limit) {
    case (nil, nil): first < second
    case (nil, _): true
    case (_, nil): false
    case (let price?, let other?) where price == other: first < second
    case (let price?, let other?): book.orders[first].side == .buy ? price > other : price < other
    }
  }

  private func checkFills(
    _ outcome: AuctionOutcome, _ book: Book, seed: UInt64, reached: inout Set<String>
  ) {
    check(outcome.fills.count == book.orders.count, "a fill an order", book, seed: seed)
    let price = outcome.clearing.price
    for side in [Side.buy, .sell] {
      let indices = book.orders.indices.filter { book.orders[$0].side == side }
      var total: Int128 = 0
      var partial = 0
      for index in indices {
        let order = book.orders[index]
        let fill = outcome.fills[index]
        total += Int128(fill)
        check(0 <= fill && fill <= order.quantity, "fill within order", book, seed: seed)
        if 0 < fill && fill < order.quantity { partial += 1 }
        if fill > 0, let limit = order.limit {
          check(side == .buy ? limit >= price : limit <= price, "fill in limit", book, seed: seed)
        }
        for worse in indices where fill < order.quantity && ranksBefore(book, index, worse) {
          check(outcome.fills[worse] == 0, "rank respected", book, seed: seed)
        }
        if order.type == .market && fill > 0 && index > (indices.first ?? 0) {
          reached.insert("marketFirst")
        }
      }
      check(total == outcome.clearing.volume, "\(side) fills sum to V", book, seed: seed)
      check(partial <= 1, "one partial fill a side", book, seed: seed)
      if partial == 1 { reached.insert("partial") }
    }
  }

  private func checkTrades(_ outcome: AuctionOutcome, _ book: Book, seed: UInt64) {
    var exchanged = [Int64](repeating: 0, count: book.orders.count)
    for trade in outcome.trades {
      check(trade.quantity > 0, "a trade has lots", book, seed: seed)
      check(
        book.orders[trade.buy].side == .buy && book.orders[trade.sell].side == .sell,
        "a trade has a buy and a sell", book, seed: seed)
      exchanged[trade.buy] += trade.quantity
      exchanged[trade.sell] += trade.quantity
    }
    check(exchanged == outcome.fills, "trades add up to fills", book, seed: seed)
    let filled = outcome.fills.count { $0 > 0 }
    check(outcome.trades.count <= max(0, filled - 1), "number of trades", book, seed: seed)
    for (trade, next) in zip(outcome.trades, outcome.trades.dropFirst()) {
      check(
        (trade.buy == next.buy || ranksBefore(book, trade.buy, next.buy))
          && (trade.sell == next.sell || ranksBefore(book, trade.sell, next.sell))
          && (trade.buy, trade.sell) != (next.buy, next.sell),
        "trades in rank order", book, seed: seed)
    }
  }

  /// For books without market orders. The band did not cut a price that lies between its edges,
  /// nor one that is the same without a band. (A re-run trades nothing even where it did.)
  private func checkResidual(
    _ outcome: AuctionOutcome, _ book: Book, seed: UInt64, reached: inout Set<String>
  ) {
    let clearing = outcome.clearing
    guard clearing.status == .cleared, book.limits.count == book.orders.count else { return }
    var residual = book
    residual.orders = []
    var isBetterOrderLeft = false
    for (order, fill) in zip(book.orders, outcome.fills) where fill < order.quantity {
      guard let limit = order.limit else { continue }
      if order.side == .buy ? limit > clearing.price : limit < clearing.price {
        isBetterOrderLeft = true
      }
      residual.orders.append(
        AuctionOrder(side: order.side, type: order.type, quantity: order.quantity - fill))
    }
    check(residual.clear().volume == 0, "a re-run trades nothing", book, seed: seed)

    let isInside = book.band.map { $0.lower < clearing.price && clearing.price < $0.upper } ?? true
    guard isInside || !Oracle(book: book).isCut(clearing) else {
      reached.insert("cut")
      return
    }
    reached.insert("residual")
    check(!isBetterOrderLeft, "better orders whole", book, seed: seed)
    if let bid = residual.levels(.buy).first, let ask = residual.levels(.sell).first {
      check(bid.price < ask.price, "residual book not crossed", book, seed: seed)
    }
  }

  /// The result does not depend on how equal inputs are stored: orders of different ranks may
  /// change places.
  private func checkStorage(
    _ outcome: AuctionOutcome, _ book: Book, seed: UInt64, using random: inout SeededNumbers
  ) {
    struct Rank: Hashable {
      let side: Side
      let limit: Int64?
    }
    func rank(_ index: Int) -> Rank {
      Rank(side: book.orders[index].side, limit: book.orders[index].limit)
    }
    var queues: [Rank: ArraySlice<Int>] = [:]
    for index in book.orders.indices { queues[rank(index), default: []].append(index) }
    let shuffled = book.orders.indices.shuffled(using: &random)
      .map { queues[rank($0)]!.removeFirst() }
    var other = book
    other.orders = shuffled.map { book.orders[$0] }
    let result = other.run()
    check(
      result.clearing == outcome.clearing && result.ladder == outcome.ladder
        && result.fills == shuffled.map { outcome.fills[$0] }
        && result.trades.map { [shuffled[$0.buy], shuffled[$0.sell], Int($0.quantity)] }
          == outcome.trades.map { [$0.buy, $0.sell, Int($0.quantity)] },
      "the result depends on storage", book, seed: seed)
  }

  /// Splitting an order in two of the same rank changes neither the auction nor what its owner
  /// gets.
  private func checkSplit(
    _ outcome: AuctionOutcome, _ book: Book, seed: UInt64, using random: inout SeededNumbers,
    reached: inout Set<String>
  ) {
    let divisible = book.orders.indices.filter { book.orders[$0].quantity > 1 }
    guard !divisible.isEmpty else { return }
    reached.insert("split")
    let index = random.pick(divisible)
    let order = book.orders[index]
    let part = Int64.random(in: 1..<order.quantity, using: &random)
    var other = book
    other.orders[index...index] = [
      AuctionOrder(side: order.side, type: order.type, quantity: order.quantity - part),
      AuctionOrder(side: order.side, type: order.type, quantity: part),
    ]
    let result = other.run()
    var fills = result.fills
    fills[index] += fills.remove(at: index + 1)
    check(
      result.clearing == outcome.clearing && result.ladder == outcome.ladder
        && fills == outcome.fills,
      "splitting order \(index) changes the result", book, seed: seed)
  }

  private func checkAddition(
    _ outcome: AuctionOutcome, seed: UInt64, using random: inout SeededNumbers
  ) {
    var book = Book(seed: seed)
    let around = book.limits.isEmpty ? [book.reference ?? 1] : book.limits
    let price = max(1, random.pick(around) + Int64.random(in: -2...2, using: &random))
    book.orders.append(
      AuctionOrder(
        side: random.chance(percent: 50) ? .buy : .sell,
        type: random.chance(percent: 20) ? .market : .limit(price),
        quantity: Int64.random(in: 1...5, using: &random)))
    check(
      book.clear().volume >= outcome.clearing.volume, "an added order lowers V", book, seed: seed)
  }

  /// The rule favours no side: in a mirror (buys are sells, up is down) the price is the mirrored
  /// one. Only the floored midpoint, where there is no reference, is not symmetric.
  private func checkMirror(_ outcome: AuctionOutcome, _ book: Book, seed: UInt64) {
    guard let reference = book.reference else { return }
    let edge = (book.limits + [reference, book.band?.upper ?? 1]).max()! + 1
    let mirrored = Book(
      orders: book.orders.map { order in
        AuctionOrder(
          side: order.side.opposite, type: order.limit.map { .limit(edge - $0) } ?? .market,
          quantity: order.quantity)
      },
      reference: edge - reference,
      band: book.band.flatMap { Band(lower: edge - $0.upper, upper: edge - $0.lower) })
    var expected = outcome.clearing
    expected.surplus = -expected.surplus
    if expected.status == .cleared { expected.price = edge - expected.price }
    let result = mirrored.run()
    check(
      result.clearing == expected && result.fills == outcome.fills,
      "the mirrored book clears at \(result.clearing)", book, seed: seed)
  }
}
