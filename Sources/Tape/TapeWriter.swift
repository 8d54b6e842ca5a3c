// From effects to the tape's records: canonical bytes, numbered and chained for each market.

internal import Auction
internal import Crypto
public import Engine

/// The journal group that holds a run: sequence, count of all commands up to its end, hash.
public struct TapeAnchor: Sendable, Equatable {
  public var sequence: Int64
  public var commands: UInt64
  public var hash: [UInt8]

  public init(sequence: Int64, commands: UInt64, hash: [UInt8]) {
    self.sequence = sequence
    self.commands = commands
    self.hash = hash
  }
}

/// One record of one market's tape (`docs/tape.md`).
public struct TapeRecord: Sendable, Equatable {
  public var market: MarketID
  /// From 1, gapless in its market.
  public var number: Int64
  public var payload: [UInt8]
  /// The chain before and after this record.
  public var previousChain: [UInt8]
  public var chain: [UInt8]
}

/// Turns effects into records. A value: the same journal gives the same records, so what was lost
/// on the way to the Worker is made again by replay, byte for byte.
public struct TapeWriter: Sendable, Equatable {
  public struct Market: Sendable, Equatable {
    public var symbol: String
    /// Records written so far.
    public var count: Int64 = 0
    public var chain = [UInt8](repeating: 0, count: 32)
  }

  /// By market number.
  public private(set) var markets: [Market] = []

  public init() {}

  /// The records of one journal group, in order. `anchor` is that group.
  public mutating func write(_ effects: Effects, anchor: TapeAnchor) -> [TapeRecord] {
    var records: [TapeRecord] = []
    var trade = effects.trades.startIndex
    var row = effects.ladder.startIndex
    for event in effects.tape {
      switch event {
      case .definition(let id, let market):
        if Int(id) == markets.count { markets.append(Market(symbol: market.definition.symbol)) }
        append(Self.definition(market), to: id, &records)
      case .auction(let auction):
        let trades = effects.trades[trade..<trade + auction.tradeCount]
        let ladder = effects.ladder[row..<row + auction.ladderCount]
        trade += auction.tradeCount
        row += auction.ladderCount
        TradePublisher.publish(trades, of: auction, to: &self, &records)
        AuctionPublisher.publish(auction, ladder: ladder, anchor: anchor, to: &self, &records)
      case .reference(let id, let priceTicks, let time):
        var writer = ByteWriter()
        writer.byte(TapeKind.reference.rawValue)
        writer.uint(time)
        writer.uint(priceTicks)
        append(writer.bytes, to: id, &records)
      case .tradingState(let id, let isOpen, let time):
        var writer = ByteWriter()
        writer.byte(TapeKind.tradingState.rawValue)
        writer.uint(time)
        writer.byte(isOpen ? 1 : 0)
        append(writer.bytes, to: id, &records)
      }
    }
    return records
  }

  fileprivate func chain(of market: MarketID) -> [UInt8] { markets[Int(market)].chain }

  fileprivate mutating func append(
    _ payload: [UInt8], to market: MarketID, _ records: inout [TapeRecord]
  ) {
    let previous = markets[Int(market)].chain
    markets[Int(market)].count += 1
    let number = markets[Int(market)].count
    let chain = Self.chain(after: previous, number: number, payload: payload)
    markets[Int(market)].chain = chain
    records.append(
      TapeRecord(
        market: market, number: number, payload: payload, previousChain: previous, chain: chain))
  }

  /// `chain(n)` of `docs/tape.md`.
  public static func chain(after previous: [UInt8], number: Int64, payload: [UInt8]) -> [UInt8] {
    var header = ByteWriter()
    header.raw("uncross-tape-1".utf8)
    header.raw(previous)
    header.fixed(UInt64(number))
    header.fixed32(UInt32(payload.count))
    var hasher = SHA256()
    hasher.update(data: header.bytes)
    hasher.update(data: payload)
    return Array(hasher.finalize())
  }

  private static func definition(_ market: MarketRecord) -> [UInt8] {
    let terms = market.definition.terms
    var writer = ByteWriter()
    writer.byte(
      (market.rule == .call1 ? TapeKind.definition : .definitionOfCall2).rawValue)
    writer.uint(market.time)
    writer.text(market.definition.symbol)
    writer.text(market.base.code)
    writer.uint(market.base.decimals)
    writer.text(market.quote.code)
    writer.uint(market.quote.decimals)
    writer.uint(market.definition.tickAtoms)
    writer.uint(market.definition.lotAtoms)
    writer.uint(market.atomsPerTickLot)
    writer.uint(terms.intervalMilliseconds)
    writer.uint(terms.bandBasisPoints)
    writer.uint(terms.runsBeforeWidening)
    writer.uint(terms.buyFeeBasisPoints)
    writer.uint(terms.sellFeeBasisPoints)
    writer.uint(terms.minimumNotional)
    writer.uint(terms.maximumOpenOrders)
    if market.rule == .call2 {
      writer.uint(terms.referenceVolume)
      writer.uint(Bounds.widestBandBasisPoints)
    }
    writer.text(market.rule.id)
    writer.uint(market.rulesVersion)
    return writer.bytes
  }

  // MARK: Snapshot

  public func snapshot() -> [UInt8] {
    var writer = ByteWriter()
    writer.byte(1)
    writer.uint(markets.count)
    for market in markets {
      writer.text(market.symbol)
      writer.uint(market.count)
      writer.raw(market.chain)
    }
    return writer.bytes
  }

  public init(restoring bytes: [UInt8]) throws(ByteError) {
    var reader = ByteReader(bytes)
    guard try reader.byte() == 1 else {
      throw reader.fail("form of the tape's state not known to this program: start a newer one")
    }
    for _ in 0..<(try reader.count()) {
      var market = Market(symbol: try reader.text())
      market.count = try reader.uint()
      market.chain = Array(try reader.raw(32))
      markets.append(market)
    }
    guard reader.isAtEnd else { throw reader.fail("bytes after the tape state's end") }
  }
}

enum TapeKind: UInt8 {
  case definition = 1
  case trades = 2
  case ladder = 3
  case auction = 4
  case reference = 5
  case tradingState = 6
  case definitionOfCall2 = 7
  case auctionOfCall2 = 8
}

/// Publishes each execution's trades: id, price, quantity, buy and sell order ids, time.
public enum TradePublisher {
  /// Appends the trades of one auction in records of at most `Bounds.tapeChunk`.
  static func publish(
    _ trades: ContiguousArray<Trade>.SubSequence, of auction: AuctionResult,
    to tape: inout TapeWriter, _ records: inout [TapeRecord]
  ) {
    var start = trades.startIndex
    while start < trades.endIndex {
      let end = min(start + Bounds.tapeChunk, trades.endIndex)
      let chunk = trades[start..<end]
      var writer = ByteWriter()
      writer.reserve(chunk.count * 16 + 64)
      writer.byte(TapeKind.trades.rawValue)
      writer.uint(auction.id)
      writer.uint(auction.firstTrade + Int64(start - trades.startIndex))
      writer.uint(chunk.count)
      writer.uint(auction.priceTicks)
      writer.uint(auction.time)
      for trade in chunk { writer.uint(trade.lots) }
      var previous: OrderID = 0
      for trade in chunk {
        writer.uint(trade.buyOrder == previous ? 0 : trade.buyOrder)
        previous = trade.buyOrder
      }
      previous = 0
      for trade in chunk {
        writer.uint(trade.sellOrder == previous ? 0 : trade.sellOrder)
        previous = trade.sellOrder
      }
      tape.append(writer.bytes, to: auction.market, &records)
      start = end
    }
  }
}

/// Publishes each run, whatever its outcome: id, clearing price, volume, trade count, status, time,
/// and what a verifier needs beyond.
public enum AuctionPublisher {
  static func publish(
    _ auction: AuctionResult, ladder: ContiguousArray<LadderRow>.SubSequence, anchor: TapeAnchor,
    to tape: inout TapeWriter, _ records: inout [TapeRecord]
  ) {
    var start = ladder.startIndex
    while start < ladder.endIndex {
      let end = min(start + Bounds.tapeChunk, ladder.endIndex)
      var writer = ByteWriter()
      writer.byte(TapeKind.ladder.rawValue)
      writer.uint(auction.id)
      writer.uint(start - ladder.startIndex)
      writer.uint(end - start)
      var previous: Int64 = 0
      for row in ladder[start..<end] {
        writer.uint(row.priceTicks - previous)
        previous = row.priceTicks
      }
      for row in ladder[start..<end] { writer.uint(row.buyLots) }
      for row in ladder[start..<end] { writer.uint(row.sellLots) }
      tape.append(writer.bytes, to: auction.market, &records)
      start = end
    }
    tape.append(
      close(auction, anchor, chain: tape.chain(of: auction.market)), to: auction.market, &records)
  }

  private static func close(
    _ auction: AuctionResult, _ anchor: TapeAnchor, chain: [UInt8]
  ) -> [UInt8] {
    var writer = ByteWriter()
    writer.byte(
      (auction.outcome == nil ? TapeKind.auction : .auctionOfCall2).rawValue)
    writer.uint(auction.id)
    writer.byte(auction.status.rawValue)
    writer.uint(auction.time)
    writer.uint(auction.slot)
    writer.uint(auction.priceTicks)
    writer.uint(auction.volumeLots)
    writer.int(Int128(auction.surplusLots))
    writer.uint(auction.tradeCount)
    writer.uint(auction.ladderCount)
    writer.uint(auction.referenceTicks)
    writer.uint(auction.band?.lower ?? 0)
    writer.uint(auction.band?.upper ?? 0)
    if let outcome = auction.outcome {
      writer.uint(outcome.outsideRuns)
      writer.uint(outcome.heldLots)
      writer.uint(outcome.nextReferenceTicks)
    }
    writer.text((auction.outcome == nil ? AuctionRule.call1 : .call2).id)
    writer.uint(auction.buyOrders)
    writer.uint(auction.sellOrders)
    writer.uint(anchor.sequence)
    writer.uint(anchor.commands)
    writer.raw(anchor.hash)
    writer.raw(chain)
    return writer.bytes
  }
}
