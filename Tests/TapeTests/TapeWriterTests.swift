// Records of whole groups: chunks, chains, several markets, and the writer's own state.

import Auction
import Formats
import Testing

@testable import Engine
@testable import Tape

@Suite struct TapeWriterTests {
  private static let anchor = TapeAnchor(
    sequence: 5, commands: 99, hash: [UInt8](repeating: 3, count: 32))

  private func market(_ id: MarketID) -> TapeEvent {
    let terms = MarketTerms(
      intervalMilliseconds: 1_000, bandBasisPoints: 0, buyFeeBasisPoints: 0, sellFeeBasisPoints: 0,
      minimumNotional: 0)
    let asset = AssetDefinition(code: "A", decimals: 0, adjustmentLimit: 0)
    return .definition(
      id,
      MarketRecord(
        definition: MarketDefinition(
          symbol: "M-\(id)", base: 0, quote: 1, tickAtoms: 1, lotAtoms: 1, terms: terms,
          listingPriceTicks: 0), base: asset, quote: asset, atomsPerTickLot: 1, time: 1,
        rulesVersion: 1, rule: .call1))
  }

  private func auction(_ market: MarketID, trades: Int, rows: Int) -> TapeEvent {
    .auction(
      AuctionResult(
        id: 1, market: market, status: .cleared, time: 2, slot: 2, priceTicks: 7, volumeLots: 9,
        surplusLots: -1, firstTrade: 11, tradeCount: trades, ladderCount: rows, referenceTicks: 0,
        band: nil, buyOrders: 1, sellOrders: 1))
  }

  /// Two runs in one group: each takes its own trades and rows, in chunks, and is closed after
  /// them.
  @Test func longRunsAreCutIntoChunksInOrder() throws {
    let chunk = Bounds.tapeChunk
    var effects = Effects()
    let runs: [(MarketID, trades: Int, rows: Int)] = [
      (0, 2 * chunk + 1, chunk + 1), (1, chunk, chunk), (0, 0, 0), (1, 1, 0),
    ]
    effects.tape = [market(0), market(1)]
    for (market, trades, rows) in runs {
      effects.tape.append(auction(market, trades: trades, rows: rows))
      for number in 0..<trades {
        effects.trades.append(
          Trade(lots: Int64(number) + 1, buyOrder: Int64(market) + 1, sellOrder: Int64(number) + 5))
      }
      for number in 0..<rows {
        effects.ladder.append(LadderRow(priceTicks: Int64(number) * 3 + 1, buyLots: 1, sellLots: 2))
      }
    }
    var writer = TapeWriter()
    let records = writer.write(effects, anchor: Self.anchor)
    let kinds = records.map { "\($0.market)\($0.payload[0])" }
    #expect(
      kinds == ["01", "11", "02", "02", "02", "03", "03", "04", "12", "13", "14", "04", "12", "14"])
    for market in MarketID(0)...1 {
      let own = records.filter { $0.market == market }
      #expect(own.map(\.number) == Array(1...Int64(own.count)))
      var chain = [UInt8](repeating: 0, count: 32)
      for record in own {
        #expect(record.previousChain == chain)
        chain = TapeWriter.chain(after: chain, number: record.number, payload: record.payload)
        #expect(record.chain == chain)
        // An auction record closes over all before it.
        if record.payload[0] == 4 {
          #expect(Array(record.payload.suffix(32)) == record.previousChain)
        }
        #expect(record.payload.count < TapeBatch.maximumBytes / 2)
      }
      #expect(writer.markets[Int(market)].chain == chain)
    }
    try checkChunks(records.filter { $0.market == 0 && $0.payload[0] == 2 }, of: 2 * chunk + 1)
  }

  private func checkChunks(_ records: [TapeRecord], of count: Int) throws {
    var next: Int64 = 11
    for record in records {
      var reader = ByteReader(Array(record.payload.dropFirst()))
      let id: Int64 = try reader.uint()
      let first: Int64 = try reader.uint()
      let trades: Int = try reader.uint()
      #expect(id == 1 && first == next && (1...Bounds.tapeChunk).contains(trades))
      let price: Int64 = try reader.uint()
      let time: Int64 = try reader.uint()
      #expect(price == 7 && time == 2)
      for number in 0..<Int64(trades) {
        let lots: Int64 = try reader.uint()
        #expect(lots == next - 11 + number + 1)
      }
      // The same buyer as the trade before is a zero; the first of a record never is.
      for number in 0..<trades {
        let buyer: Int64 = try reader.uint()
        #expect(buyer == (number == 0 ? 1 : 0))
      }
      for number in 0..<Int64(trades) {
        let seller: Int64 = try reader.uint()
        #expect(seller == next - 11 + number + 5)
      }
      #expect(reader.isAtEnd)
      next += Int64(trades)
    }
    #expect(next == 11 + Int64(count))
  }

  @Test func theStateComesBackAndForeignBytesAreRefused() throws {
    var effects = Effects()
    effects.tape = [market(0), market(1), .tradingState(1, isOpen: false, time: 3)]
    var writer = TapeWriter()
    _ = writer.write(effects, anchor: Self.anchor)
    let bytes = writer.snapshot()
    var restored = try TapeWriter(restoring: bytes)
    #expect(restored == writer)
    effects.tape = [.reference(0, priceTicks: 5, time: 4)]
    #expect(
      restored.write(effects, anchor: Self.anchor) == writer.write(effects, anchor: Self.anchor))
    #expect(try TapeWriter(restoring: TapeWriter().snapshot()) == TapeWriter())
    for length in 0..<bytes.count {
      #expect(throws: ByteError.self) { try TapeWriter(restoring: Array(bytes.prefix(length))) }
    }
    #expect(throws: ByteError.self) { try TapeWriter(restoring: bytes + [0]) }
    let error = #expect(throws: ByteError.self) {
      try TapeWriter(restoring: [2] + bytes.dropFirst())
    }
    #expect(error?.reason.hasSuffix("not known to this program: start a newer one") == true)
  }
}
