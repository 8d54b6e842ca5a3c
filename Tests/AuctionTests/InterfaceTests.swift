// The rest of the interface: bands, pairing, how cursors are read, what stops the process.

import Auction
import SeededNumbers
import Testing

@Suite struct BandTests {
  @Test(
    arguments: [
      // reference, basis points, lower, upper
      (100, 1_000, 90, 110),
      (101, 1_000, 91, 111),  // 90.9 and 111.1 are rounded inward
      (99, 1, 98, 100),  // at least one tick
      (5, 0, 4, 6),
      (1, 0, 1, 2),
      (1, 10_000, 1, 2),
      (10, 9_999, 1, 19),
      (10, 10_000, 1, 20),
      (10, 25_000, 1, 35),
      (10, Int64.max, 1, 1 << 50),
      (1 << 50, 0, (1 << 50) - 1, 1 << 50),  // the maximum price wins
      (1 << 49, 5_000, 1 << 48, 3 << 48),
    ] as [(Int64, Int64, Int64, Int64)])
  func isRoundedInward(row: (reference: Int64, basisPoints: Int64, lower: Int64, upper: Int64)) {
    let band = CallAuction.bandAround(
      reference: row.reference, basisPoints: row.basisPoints, maximum: 1 << 50)
    #expect(band == Band(lower: row.lower, upper: row.upper))
  }

  @Test func needsOrderedEdgesAboveZero() {
    #expect(Band(lower: 0, upper: 5) == nil)
    #expect(Band(lower: 5, upper: 4) == nil)
    #expect(Band(lower: 5, upper: 5)?.contains(5) == true)
    #expect(Band(lower: 5, upper: 5)?.contains(6) == false)
  }

  @Test(arguments: [1, 2, 3])
  func holdsTheExactEdges(seed: UInt64) {
    var random = SeededNumbers(seed)
    for _ in 0..<10_000 {
      let maximum: Int64 = random.pick([3, 100, 1 << 50, Int64.max])
      let reference = Int64.random(
        in: 1...min(maximum, random.pick([10, Int64.max])), using: &random)
      let basisPoints = Int64.random(in: 0...random.pick([9, 9_999, 30_000, .max]), using: &random)
      let band = CallAuction.bandAround(
        reference: reference, basisPoints: basisPoints, maximum: maximum)
      let tenThousand: Int128 = 10_000
      let low = Int128(reference) * (tenThousand - Int128(basisPoints))
      let high = Int128(reference) * (tenThousand + Int128(basisPoints))
      func isInside(_ price: Int128) -> Bool {
        low <= price * tenThousand && price * tenThousand <= high
      }
      let (lower, upper) = (Int128(band.lower), Int128(band.upper))
      let replay = "seed \(seed): \(reference) \(basisPoints) \(maximum) \(band)"
      #expect(isInside(lower) || lower == Int128(reference) - 1 || lower == 1, "\(replay)")
      #expect(isInside(upper) || upper == Int128(reference) + 1, "\(replay)")
      #expect(!isInside(lower - 1) || lower == 1, "\(replay)")
      #expect(!isInside(upper + 1) || upper == Int128(maximum), "\(replay)")
      #expect(band.lower < reference || reference == 1, "\(replay)")
      #expect(band.upper > reference || reference == maximum, "\(replay)")
    }
  }
}

/// Market pressure alone: every candidate has one volume and one surplus, and the reference lies at
/// the end that pressure does not choose.
@Suite struct PressureTests {
  private func price(
    _ orders: [(Side, Int64, Int64)], reference: Int64
  ) -> Int64 {
    let orders = orders.map { AuctionOrder(side: $0, type: .limit($2), quantity: $1) }
    return CallAuction.run(orders: orders, reference: reference, band: nil).clearing.price
  }

  @Test func buyersLeftOverTakeTheHighestPrice() {
    #expect(price([(.buy, 10, 110), (.sell, 5, 100)], reference: 100) == 110)
    #expect(price([(.buy, 10, 110), (.sell, 5, 100)], reference: 105) == 110)
  }

  @Test func sellersLeftOverTakeTheLowestPrice() {
    #expect(price([(.buy, 5, 110), (.sell, 10, 100)], reference: 110) == 100)
    #expect(price([(.buy, 5, 110), (.sell, 10, 100)], reference: 105) == 100)
  }

  @Test func withNobodyLeftOverTheReferenceDecides() {
    #expect(price([(.buy, 5, 110), (.sell, 5, 100)], reference: 109) == 109)
    #expect(price([(.buy, 5, 110), (.sell, 5, 100)], reference: 120) == 110)
    #expect(price([(.buy, 5, 110), (.sell, 5, 100)], reference: 90) == 100)
  }
}

@Suite struct PairTests {
  private func trades(_ buys: [Int64], _ sells: [Int64]) -> [[Int64]] {
    let buys = buys.enumerated().map { Fill(index: Int32($0), quantity: $1) }
    let sells = sells.enumerated().map { Fill(index: Int32($0), quantity: $1) }
    var trades: [[Int64]] = []
    CallAuction.pair(buys: buys.span, sells: sells.span) { buy, sell, quantity in
      trades.append([Int64(buy), Int64(sell), quantity])
    }
    return trades
  }

  @Test func goesDownBothListsInRankOrder() {
    #expect(trades([], []) == [])
    #expect(trades([5], [5]) == [[0, 0, 5]])
    #expect(trades([5], [2, 2, 1]) == [[0, 0, 2], [0, 1, 2], [0, 2, 1]])
    #expect(trades([3, 4], [5, 2]) == [[0, 0, 3], [1, 0, 2], [1, 1, 2]])
    #expect(trades([1, 1], [1, 1]) == [[0, 0, 1], [1, 1, 1]])
  }

  @Test func unequalVolumesStopTheProcess() async {
    await #expect(processExitsWith: .failure) {
      let buys = [Fill(index: 0, quantity: 2)]
      let sells = [Fill(index: 1, quantity: 1)]
      CallAuction.pair(buys: buys.span, sells: sells.span) { _, _, _ in }
    }
    await #expect(processExitsWith: .failure) {
      let buys = [Fill(index: 0, quantity: 2), Fill(index: 2, quantity: 0)]
      let sells = [Fill(index: 1, quantity: 2)]
      CallAuction.pair(buys: buys.span, sells: sells.span) { _, _, _ in }
    }
  }
}

@Suite struct CursorTests {
  /// Counts what is read.
  private struct CountingCursor: LevelCursor {
    final class Count { var reads = 0 }
    var base: ArrayCursor
    let count = Count()

    mutating func next() -> PriceLevel? {
      count.reads += 1
      return base.next()
    }
  }

  /// Read: the levels that the volume consumes, those clipped to the edge, and two more.
  @Test(arguments: shards)
  func readsTheCrossedLevelsOnly(shard: UInt64) {
    for seed in shard * 1_000_000..<shard * 1_000_000 + booksPerShard / 5 {
      let book = Book(seed: seed)
      let buys = CountingCursor(base: ArrayCursor(book.levels(.buy)))
      let sells = CountingCursor(base: ArrayCursor(book.levels(.sell)))
      let clearing = CallAuction.clear(
        buys: buys, sells: sells, marketBuy: book.marketLots(.buy),
        marketSell: book.marketLots(.sell), reference: book.reference, band: book.band)
      guard clearing.status == .cleared else { continue }
      func limit(_ side: Side) -> Int {
        var lots = book.marketLots(side)
        let consumed = book.levels(side).prefix {
          lots += Int128($0.quantity)
          return lots <= clearing.volume
        }
        let clipped = book.levels(side).prefix { level in
          guard let band = book.band else { return false }
          return side == .buy ? level.price >= band.upper : level.price <= band.lower
        }
        return max(consumed.count, clipped.count) + 2
      }
      check(
        buys.count.reads <= limit(.buy) && sells.count.reads <= limit(.sell),
        "reads \(buys.count.reads) buy and \(sells.count.reads) sell levels", book, seed: seed)
    }
  }

  @Test func brokenCursorsStopTheProcess() async {
    await #expect(processExitsWith: .failure) {
      clear(buys: [PriceLevel(price: 5, quantity: 1), PriceLevel(price: 6, quantity: 1)])
    }
    await #expect(processExitsWith: .failure) { clear(buys: [PriceLevel(price: 5, quantity: 0)]) }
    await #expect(processExitsWith: .failure) { clear(buys: [PriceLevel(price: 0, quantity: 1)]) }
    await #expect(processExitsWith: .failure) { clear(buys: [], reference: 0) }
    await #expect(processExitsWith: .failure) { clear(buys: [], marketBuy: -1) }
  }
}

/// Against one sell order of 9 lots at 1.
private func clear(buys: [PriceLevel], marketBuy: Int128 = 0, reference: Int64? = nil) {
  _ = CallAuction.clear(
    buys: ArrayCursor(buys), sells: ArrayCursor([PriceLevel(price: 1, quantity: 9)]),
    marketBuy: marketBuy, marketSell: 0, reference: reference, band: nil)
}

@Suite struct VocabularyTests {
  @Test func statusesHaveTheirPublishedNames() {
    let statuses: [AuctionStatus] = [.empty, .noCross, .outsideBand, .cleared]
    #expect(statuses.map(\.name) == ["empty", "no_cross", "outside_band", "cleared"])
    #expect(statuses.map(\.rawValue) == [0, 1, 2, 3])
    #expect(AuctionRule.call1.id == "CALL-1" && AuctionRule.call2.id == "CALL-2")
  }

  @Test func sidesHaveOpposites() {
    #expect(Side.buy.opposite == .sell)
    #expect(Side.sell.opposite == .buy)
  }
}
