// Reads a market's whole tape from the Worker, by cursor, and checks that it is whole in itself.

internal import AsyncHTTPClient
internal import Client
internal import NIOCore
internal import NIOHTTP1

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

  var volume: Int128 { trades.reduce(0) { $0 + $1.quantity } }
  var amount: Int128 { trades.reduce(0) { $0 + $1.amount } }
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
          tape.auctions = Int64(auction.id) ?? tape.auctions
        }
        try await check(auction, &trades, &tape, report)
      }
      guard let next = page.next else { break }
      cursor = next
    }
    return tape
  }

  /// One auction's trades: as many as it says, at its price, of its volume.
  private func check(
    _ auction: AuctionReport, _ trades: inout Trades, _ tape: inout TapeContent,
    _ report: (String) -> Void
  ) async throws {
    let name = "tape \(details.market): auction \(auction.id)"
    var volume: Int128 = 0
    for _ in 0..<auction.tradeCount {
      guard let row = try await trades.next() else {
        report("\(name) has fewer trades than its \(auction.tradeCount)")
        return
      }
      guard row.auctionID == auction.id, row.price == auction.clearingPrice else {
        report("\(name): trade \(row.id) is of auction \(row.auctionID) at \(row.price)")
        continue
      }
      guard let trade = trade(row) else {
        report("\(name): trade \(row.id) is not in whole atoms")
        continue
      }
      tape.trades.append(trade)
      volume += trade.quantity
      if row.id != String(tape.trades.count) {
        report("\(name): trade \(row.id) where \(tape.trades.count) belongs")
      }
    }
    if auction.volume.atoms(decimals: details.baseDecimals) != volume {
      report("\(name) says volume \(auction.volume), its trades make \(volume) atoms")
    }
    guard tape.trades.count <= Self.maximumTrades else {
      throw VerbFailure("\(details.market) has more than \(Self.maximumTrades) trades to check")
    }
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

    mutating func next() async throws -> TradePage.Row? {
      while position == rows.count {
        guard let after = cursor else { return nil }
        let page: TradePage = try await reader.get("trades", after: after)
        (rows, position, cursor) = (page.trades, 0, page.next)
      }
      defer { position += 1 }
      return rows[position]
    }
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
