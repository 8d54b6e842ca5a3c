// Reads a market's whole tape from the Worker, by cursor, and checks that it is whole in itself.

internal import AsyncHTTPClient
internal import Client
internal import Formats
internal import NIOCore
internal import NIOHTTP1
internal import Wire

/// What a market's tape says, in atoms.
struct TapeContent: Sendable {
  struct Trade: Sendable {
    /// Base atoms.
    var quantity: Int128
    /// Quote atoms, price times quantity.
    var amount: Int128
  }

  var market: String
  var base: String
  var quote: String
  /// The trade with id n is at n - 1.
  var trades: [Trade] = []
  var auctions: Int64 = 0

  var volume: Int128 { trades.reduce(0) { $0.saturatingSum($1.quantity) } }
  var amount: Int128 { trades.reduce(0) { $0.saturatingSum($1.amount) } }
}

extension Int128 {
  /// The sum, or the nearest number where there is none. What is summed is another machine's word:
  /// a sum of that size agrees with nothing, and that is reported.
  func saturatingSum(_ other: Int128) -> Int128 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? (other < 0 ? .min : .max) : sum
  }
}

struct TapeReader {
  /// Rows of a page, the protocol's maximum.
  private static let pageLimit = 1_000
  /// Trades of a market that fit into memory as they are kept here: 32 bytes each.
  private static let maximumTrades = 20_000_000
  private static let maximumAnswerBytes = 8 << 20
  private static let attempts = 5

  let worker: String
  let details: MarketDetails

  private struct TradePage: Decodable {
    struct Row: Decodable {
      var id: String
      var auctionID: String
      var price: DecimalAmount
      var quantity: DecimalAmount

      enum CodingKeys: String, CodingKey {
        case id, price, quantity
        case auctionID = "auction_id"
      }
    }
    var trades: [Row]
    var next: String?
  }

  private struct AuctionPage: Decodable {
    var auctions: [AuctionReport]
    var next: String?
  }

  /// Reads auctions and their trades side by side; what does not fit goes to `report`.
  func read(_ report: (String) -> Void) async throws -> TapeContent {
    var tape = TapeContent(market: details.market, base: details.base, quote: details.quote)
    var trades = Trades(reader: self)
    var cursor = "0"
    while true {
      let page: AuctionPage = try await get("auctions", after: cursor)
      for auction in page.auctions {
        tape.auctions += 1
        if auction.id != String(tape.auctions) {
          report("tape \(details.market): auction \(auction.id) where \(tape.auctions) belongs")
          // The Worker's numbers are JavaScript's: exact up to 2^53.
          let number = Int64(auction.id).flatMap { (1...1 << 53).contains($0) ? $0 : nil }
          tape.auctions = number ?? tape.auctions
        }
        try await take(auction, &trades, &tape, report)
      }
      guard let next = page.next else { break }
      cursor = next
    }
    // Trades may be of an auction that closed after the last page of auctions was read.
    if let row = try await trades.peek(), Int64(row.auctionID) ?? 0 <= tape.auctions {
      report("tape \(details.market): trade \(row.id) is of auction \(row.auctionID), not in order")
    }
    return tape
  }

  /// One auction's trades: as many as it says, at its price, of its volume.
  private func take(
    _ auction: AuctionReport, _ trades: inout Trades, _ tape: inout TapeContent,
    _ report: (String) -> Void
  ) async throws {
    let name = "tape \(details.market): auction \(auction.id)"
    var volume: Int128 = 0
    var count = 0
    while let row = try await trades.peek(), row.auctionID == auction.id {
      trades.advance()
      count += 1
      guard row.price == auction.clearingPrice, let trade = trade(row) else {
        report("\(name): trade \(row.id), \(row.quantity) at \(row.price), cannot be")
        continue
      }
      volume = volume.saturatingSum(trade.quantity)
      try place(trade, row.id, name, &tape, report)
    }
    if count != auction.tradeCount {
      report("\(name) says \(auction.tradeCount) trades, the tape has \(count)")
    }
    if auction.volume.atoms(decimals: details.baseDecimals) != volume {
      let sum = DecimalAmount(atoms: volume, decimals: details.baseDecimals)
      report("\(name) says volume \(auction.volume), its trades make \(sum)")
    }
  }

  /// Ids have no gaps. Where one is, the trades that are missing count as nothing, so that those
  /// after it are still compared with their own.
  private func place(
    _ trade: TapeContent.Trade, _ id: String, _ name: String, _ tape: inout TapeContent,
    _ report: (String) -> Void
  ) throws {
    let expected = tape.trades.count + 1
    guard let number = Int(id), number >= expected, number <= Self.maximumTrades else {
      if tape.trades.count >= Self.maximumTrades {
        throw VerbFailure("\(details.market) has more than \(Self.maximumTrades) trades to check")
      }
      return report("\(name): trade \(id) where \(expected) belongs")
    }
    if number > expected { report("\(name): trade \(id) where \(expected) belongs") }
    while tape.trades.count < number - 1 {
      tape.trades.append(TapeContent.Trade(quantity: 0, amount: 0))
    }
    tape.trades.append(trade)
  }

  private func trade(_ row: TradePage.Row) -> TapeContent.Trade? {
    let (product, overflow) = row.price.digits.multipliedReportingOverflow(by: row.quantity.digits)
    let scale = row.price.scale + row.quantity.scale
    guard !overflow, scale <= 38,
      let quantity = row.quantity.atoms(decimals: details.baseDecimals),
      let amount = DecimalAmount(atoms: product, decimals: scale)
        .atoms(decimals: details.quoteDecimals)
    else { return nil }
    return TapeContent.Trade(quantity: quantity, amount: amount)
  }

  /// The trades one after another, a page in memory.
  private struct Trades {
    let reader: TapeReader
    private var rows: [TradePage.Row] = []
    private var position = 0
    private var cursor: String? = "0"

    init(reader: TapeReader) { self.reader = reader }

    /// The next trade, which stays the next.
    mutating func peek() async throws -> TradePage.Row? {
      while position == rows.count {
        guard let after = cursor else { return nil }
        let page: TradePage = try await reader.get("trades", after: after)
        (rows, position, cursor) = (page.trades, 0, page.next)
      }
      return rows[position]
    }

    mutating func advance() { position += 1 }
  }

  private func get<Page: Decodable>(_ what: String, after: String) async throws -> Page {
    let url =
      "\(worker)/v1/markets/\(details.market)/\(what)?after=\(after)&limit=\(Self.pageLimit)"
    for attempt in 1... {
      do {
        let response = try await HTTPClient.shared.execute(
          HTTPClientRequest(url: url), timeout: .seconds(30))
        let body = try await response.body.collect(upTo: Self.maximumAnswerBytes)
        guard response.status.code == 200 else {
          throw VerbFailure("GET \(url): status \(response.status.code)")
        }
        return try JSON.value(from: Array(body.readableBytesView))
      } catch {
        guard attempt < Self.attempts, !(error is CancellationError) else {
          throw VerbFailure(
            "the Worker cannot be read: \(error)", status: VerbFailure.unavailable)
        }
        try await Task.sleep(for: .milliseconds(200 * attempt))
      }
    }
    preconditionFailure("the loop ends by returning or throwing")
  }
}
