// The tape's bytes against the golden file that the Worker's tests made from docs/tape.md.

import Auction
import Formats
import Foundation
import Testing

@testable import Engine
@testable import Tape

/// `golden/tape.json` is a copy of `worker/test/golden.json`, `golden/tape-2.json` one of
/// `golden-2.json`: two implementations, one file.
private struct GoldenTape: Decodable {
  struct Number: Decodable {
    var value: String
    var bytes: String
  }

  struct Trade: Decodable {
    var quantity: String
    var buyOrder: String
    var sellOrder: String
  }

  struct Row: Decodable {
    var price: String
    var buy: String
    var sell: String
  }

  struct Record: Decodable {
    var number: String
    var kind: String
    var fields: Fields
    var payload: String
    var chain: String
  }

  /// Fields of all kinds; numbers are strings.
  struct Fields: Decodable {
    var texts: [String: String] = [:]
    var open = false
    var trades: [Trade] = []
    var rows: [Row] = []

    private struct Key: CodingKey {
      var stringValue: String
      var intValue: Int? { nil }
      init?(stringValue: String) { self.stringValue = stringValue }
      init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Key.self)
      for key in container.allKeys {
        switch key.stringValue {
        case "open": open = try container.decode(Bool.self, forKey: key)
        case "trades": trades = try container.decode([Trade].self, forKey: key)
        case "rows": rows = try container.decode([Row].self, forKey: key)
        default: texts[key.stringValue] = try container.decode(String.self, forKey: key)
        }
      }
    }

    func number<T: FixedWidthInteger>(_ name: String, as type: T.Type = T.self) throws -> T {
      let text = try #require(texts[name])
      return try #require(T(text))
    }

    func bytes(_ name: String) throws -> [UInt8] {
      let text = try #require(texts[name])
      return try #require(Hex.bytes(text))
    }
  }

  var uint: [Number]
  var int: [Number]
  var market: String
  var records: [Record]

  /// Of CALL-1, and of a market that goes on under CALL-2.
  static let files = ["tape.json", "tape-2.json"]

  static func load(_ file: String) throws -> GoldenTape {
    let url = try #require(Bundle.module.url(forResource: "golden/\(file)", withExtension: nil))
    return try JSONDecoder().decode(GoldenTape.self, from: Data(contentsOf: url))
  }
}

@Suite struct GoldenTapeTests {
  @Test func numbersAreEncodedAsTheDocumentSays() throws {
    let golden = try GoldenTape.load("tape.json")
    for row in golden.uint {
      var writer = ByteWriter()
      writer.uint(try #require(UInt128(row.value)))
      #expect(Hex.string(writer.bytes) == row.bytes, "\(row.value)")
    }
    for row in golden.int {
      var writer = ByteWriter()
      writer.int(try #require(Int128(row.value)))
      #expect(Hex.string(writer.bytes) == row.bytes, "\(row.value)")
    }
  }

  @Test(arguments: GoldenTape.files) func theCoreWritesTheGoldenTape(file: String) throws {
    let golden = try GoldenTape.load(file)
    var writer = TapeWriter()
    var made: [TapeRecord] = []
    var ladder: ContiguousArray<LadderRow> = []
    for record in golden.records {
      let fields = record.fields
      switch record.kind {
      case "trades":
        let trades = try trades(fields)
        TradePublisher.publish(trades[...], of: try result(fields), to: &writer, &made)
      // The core writes a run's ladder together with the record that closes it.
      case "ladder": ladder = try rows(fields)
      case "auction":
        AuctionPublisher.publish(
          try result(fields), ladder: ladder[...], anchor: try anchor(fields), to: &writer, &made)
        ladder = []
      default:
        var effects = Effects()
        effects.tape.append(try event(record.kind, fields, golden.market))
        made += writer.write(effects, anchor: TapeAnchor(sequence: 0, commands: 0, hash: []))
      }
    }
    #expect(made.map { Hex.string($0.payload) } == golden.records.map(\.payload))
    #expect(made.map { Hex.string($0.chain) } == golden.records.map(\.chain))
    #expect(made.map { "\($0.number)" } == golden.records.map(\.number))
    #expect(writer.markets.map(\.symbol) == [golden.market])
  }

  private func event(
    _ kind: String, _ fields: GoldenTape.Fields, _ market: String
  ) throws -> TapeEvent {
    let time: Microseconds = try fields.number("time")
    switch kind {
    case "definition": return .definition(0, try definition(fields, time))
    case "reference": return .reference(0, priceTicks: try fields.number("reference"), time: time)
    case "trading_state": return .tradingState(0, isOpen: fields.open, time: time)
    default:
      Issue.record("a kind that the core does not write: \(kind)")
      return .reference(0, priceTicks: 0, time: 0)
    }
  }

  private func definition(
    _ fields: GoldenTape.Fields, _ time: Microseconds
  ) throws -> MarketRecord {
    let rule = try #require(fields.texts["ruleID"].flatMap(AuctionRule.init))
    var terms = MarketTerms(
      intervalMilliseconds: try fields.number("intervalMilliseconds"),
      bandBasisPoints: try fields.number("bandBasisPoints"),
      runsBeforeWidening: try fields.number("runsBeforeWidening"),
      buyFeeBasisPoints: try fields.number("buyFeeBasisPoints"),
      sellFeeBasisPoints: try fields.number("sellFeeBasisPoints"),
      minimumNotional: try fields.number("minimumNotional"),
      maximumOpenOrders: try fields.number("maximumOpenOrders"))
    if rule == .call2 {
      terms.minimumReferenceVolume = try fields.number("minimumReferenceVolume")
      #expect(try fields.number("widestBandBasisPoints") == Bounds.widestBandBasisPoints)
    }
    func asset(_ side: String) throws -> AssetDefinition {
      AssetDefinition(
        code: try #require(fields.texts[side]), decimals: try fields.number("\(side)Decimals"),
        adjustmentLimit: 0)
    }
    return MarketRecord(
      definition: MarketDefinition(
        symbol: try #require(fields.texts["market"]), base: 0, quote: 1,
        tickAtoms: try fields.number("tick"), lotAtoms: try fields.number("lot"), terms: terms,
        listingPriceTicks: 0),
      base: try asset("base"), quote: try asset("quote"),
      atomsPerTickLot: try fields.number("atomsPerTickLot"), time: time,
      rulesVersion: try fields.number("rulesVersion"), rule: rule)
  }

  private func trades(_ fields: GoldenTape.Fields) throws -> ContiguousArray<Trade> {
    ContiguousArray(
      try fields.trades.map {
        Trade(
          lots: try #require(Int64($0.quantity)), buyOrder: try #require(Int64($0.buyOrder)),
          sellOrder: try #require(Int64($0.sellOrder)))
      })
  }

  private func rows(_ fields: GoldenTape.Fields) throws -> ContiguousArray<LadderRow> {
    ContiguousArray(
      try fields.rows.map {
        LadderRow(
          priceTicks: try #require(Int64($0.price)), buyLots: try #require(Int64($0.buy)),
          sellLots: try #require(Int64($0.sell)))
      })
  }

  private func anchor(_ fields: GoldenTape.Fields) throws -> TapeAnchor {
    TapeAnchor(
      sequence: try fields.number("journalSequence"),
      commands: try fields.number("journalCommands"), hash: try fields.bytes("journalHash"))
  }

  /// The run as a trades or an auction record tells it; what the record does not say stays zero.
  private func result(_ fields: GoldenTape.Fields) throws -> AuctionResult {
    func number<T: FixedWidthInteger>(_ name: String) throws -> T {
      fields.texts[name] == nil ? 0 : try fields.number(name)
    }
    let statuses = ["empty", "no_cross", "outside_band", "cleared"]
    let status = fields.texts["status"].flatMap { statuses.firstIndex(of: $0) } ?? 0
    return AuctionResult(
      id: try number("auction"), market: 0,
      status: try #require(AuctionStatus(rawValue: UInt8(status))), time: try number("time"),
      slot: try number("slot"), priceTicks: try number("price"), volumeLots: try number("volume"),
      surplusLots: try number("surplus"), firstTrade: try number("firstTrade"),
      tradeCount: try number("tradeCount"), ladderCount: try number("ladderRows"),
      referenceTicks: try number("reference"),
      band: Band(lower: try number("bandLower"), upper: try number("bandUpper")),
      buyOrders: try number("buyOrders"), sellOrders: try number("sellOrders"),
      outcome: try outcome(fields))
  }

  private func outcome(_ fields: GoldenTape.Fields) throws -> ReferenceOutcome? {
    guard fields.texts["ruleID"] == AuctionRule.call2.id else { return nil }
    return ReferenceOutcome(
      outsideRuns: try fields.number("outsideRuns"), heldLots: try fields.number("heldLots"),
      nextReferenceTicks: try fields.number("nextReference"))
  }
}
