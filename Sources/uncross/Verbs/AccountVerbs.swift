// A trader's accounts: `uncross balance`, `fills`, `ledger`.

internal import ArgumentParser
internal import Client
internal import Formats
internal import Wire

struct BalanceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "balance", abstract: "Show the balances.",
    discussion: """
      Locked is what open orders hold:

        uncross balance --key anna.pem
      """)

  @OptionGroup var client: ClientOptions

  func run() async throws {
    try await client.signed { api in
      client.show(BalanceList(balances: try await api.balances())) { Self.table($0.balances) }
    }
  }

  static func table(_ balances: [AssetBalance]) -> String {
    if balances.isEmpty { return "no balances" }
    var table = Table("ASSET", ">FREE", ">LOCKED", ">TOTAL")
    for balance in balances {
      table.add(balance.asset, "\(balance.free)", "\(balance.locked)", "\(balance.total)")
    }
    return table.text()
  }
}

struct FillsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fills", abstract: "List own trades, newest first.",
    discussion: """
        uncross fills --key anna.pem
        uncross fills --limit 1000 --key anna.pem
      """)

  /// Fills to print at most.
  static let maximum = 100_000
  private static let pageLimit = 500

  @Option(help: "How many at most.") var limit = 50
  @OptionGroup var client: ClientOptions

  func validate() throws {
    guard (1...Self.maximum).contains(limit) else {
      throw ValidationError("--limit is 1 to \(Self.maximum)")
    }
  }

  func run() async throws {
    try await client.signed { api in
      var page = try await api.fills(limit: min(limit, Self.pageLimit))
      while let next = page.next, page.fills.count < limit {
        let rest = min(limit - page.fills.count, Self.pageLimit)
        let more = try await api.fills(before: next, limit: rest)
        page.fills += more.fills
        page.next = more.next
      }
      client.show(page) { $0.fills.isEmpty ? "no fills" : Self.table($0.fills) }
    }
  }

  private static func table(_ fills: [OwnFill]) -> String {
    var table = Table("TIME", "MARKET", ">TRADE", "SIDE", ">PRICE", ">QUANTITY", ">AMOUNT")
    for fill in fills {
      table.add(
        "\(fill.timestamp)", fill.market, fill.tradeID, fill.side.rawValue, "\(fill.price)",
        "\(fill.quantity)", "\(fill.amount)")
    }
    return table.text()
  }
}

struct LedgerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ledger", abstract: "List each change of own balances, newest first.",
    discussion: """
        uncross ledger --key anna.pem
        uncross ledger --asset USDC --type FEE --limit 500 --key anna.pem
      """)

  /// Lines to print at most.
  static let maximum = 100_000
  private static let pageLimit = 1_000

  @Option(help: "Only this asset.") var asset: String?
  @Option(
    help: "Only DEPOSIT, WITHDRAWAL, TRADE, FEE, LOCK, UNLOCK, ADJUSTMENT or CLAWBACK.")
  var type: String?
  @Option(help: "How many at most.") var limit = 50
  @OptionGroup var client: ClientOptions

  func validate() throws {
    guard (1...Self.maximum).contains(limit) else {
      throw ValidationError("--limit is 1 to \(Self.maximum)")
    }
  }

  func run() async throws {
    try await client.signed { api in
      var page = try await api.ledger(
        asset: asset, type: type, limit: min(limit, Self.pageLimit))
      while let next = page.next, page.rows.count < limit {
        let rest = min(limit - page.rows.count, Self.pageLimit)
        let more = try await api.ledger(asset: asset, type: type, before: next, limit: rest)
        page.rows += more.rows
        page.next = more.next
      }
      client.show(page) { $0.rows.isEmpty ? "no entries" : Self.table($0.rows) }
    }
  }

  private static func table(_ rows: [LedgerLine]) -> String {
    var table = Table(
      ">SEQUENCE", "TIME", "TYPE", "REFERENCE", "ASSET", ">FREE +/-", ">LOCKED +/-", ">FREE",
      ">LOCKED")
    for row in rows {
      let reference = [row.reference.kind, row.reference.market, row.reference.id]
      table.add(
        row.sequence, "\(row.timestamp)", row.type,
        reference.compactMap(\.self).joined(separator: " "), row.asset, "\(row.freeDelta)",
        "\(row.lockedDelta)", "\(row.freeAfter)", "\(row.lockedAfter)")
    }
    return table.text()
  }
}
