// A trader's orders: `uncross place`, `cancel`, `amend`, `orders`.

internal import ArgumentParser
internal import Client
internal import Formats
internal import Foundation
internal import Wire

struct PlaceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "place", abstract: "Place an order.",
    discussion: """
      Quantities are in base coins, prices in quote for one base coin, both exact decimals:

        uncross place ETH-USDC buy 0.5 --limit 2501.00 --key anna.pem
        uncross place ETH-USDC sell 2 --market-order --key anna.pem
        uncross place ETH-USDC buy 1 --limit 2490 --tif auction --key anna.pem
        uncross place ETH-USDC buy 1 --limit 2490 --expires 2030-01-01T00:00:00.000000Z

      The client order id makes a resend safe: the same order under the same id gets the first
      answer.
      """)

  @Argument(help: "As ETH-USDC.") var market: String
  @Argument var side: NewOrder.Side
  @Argument(help: "Base coins.") var quantity: DecimalAmount
  @Option(name: .customLong("limit"), help: "Quote for one base coin.")
  var price: DecimalAmount?
  @Flag(help: "At any price inside the band, in the next auction only.")
  var marketOrder = false
  @Option(
    name: .customLong("tif"),
    help: "Until cancelled, until --expires, or the next auction only. (gtc; gtd with --expires)")
  var timeInForce: NewOrder.TimeInForce?
  @Option(name: .customLong("expires"), help: "As 2030-01-01T00:00:00.000000Z.")
  var expiresAt: Timestamp?
  @Option(
    name: .customLong("client-order-id"),
    help: "1 to 36 characters of A-Z a-z 0-9 . _ : -  (a new one)")
  var clientOrderID: String?
  @OptionGroup var client: ClientOptions

  func validate() throws {
    guard (price == nil) == marketOrder else {
      throw ValidationError("give either --limit PRICE or --market-order")
    }
    let isUntil = timeInForce == .gtd
    guard timeInForce == nil || isUntil == (expiresAt != nil) else {
      throw ValidationError("--tif gtd and --expires go together")
    }
    guard !marketOrder || (timeInForce ?? .auction) == .auction, !marketOrder || expiresAt == nil
    else { throw ValidationError("a market order is for the next auction only") }
  }

  func run() async throws {
    let id = clientOrderID ?? "cli-" + UUID().uuidString.lowercased().suffix(32)
    let order: NewOrder
    if let price {
      order = NewOrder(
        side, quantity, of: market, at: price,
        timeInForce: timeInForce ?? (expiresAt == nil ? .gtc : .gtd), expiresAt: expiresAt,
        clientOrderID: id)
    } else {
      order = NewOrder(side, quantity, of: market, clientOrderID: id)
    }
    try await client.signed { api in
      do throws(APIError) {
        client.show(try await api.place(order)) { accepted in
          """
          order            \(accepted.orderID)
          client order id  \(accepted.clientOrderID)
          accepted         \(accepted.acceptedAt)\(accepted.repeated ? " (repeated)" : "")
          """
        }
      } catch {
        guard error.isOutcomeUnknown else { throw error }
        Output.error("the outcome is unknown; to ask again: --client-order-id \(id)")
        throw error
      }
    }
  }
}

struct CancelCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel", abstract: "Cancel an order, or all.",
    discussion: """
        uncross cancel 1234567890 --key anna.pem
        uncross cancel --all --key anna.pem
        uncross cancel --all --market ETH-USDC --key anna.pem
      """)

  @Argument(help: "The order's id, as `uncross orders` prints it.") var orderID: String?
  @Flag(help: "All open orders.") var all = false
  @Option(help: "With --all: only in this market.") var market: String?
  @OptionGroup var client: ClientOptions

  func validate() throws {
    guard (orderID == nil) == all else { throw ValidationError("give an order id or --all") }
    guard all || market == nil else { throw ValidationError("--market goes with --all") }
  }

  func run() async throws {
    try await client.signed { api in
      if let orderID {
        client.show(try await api.cancel(orderID)) {
          "cancelled \($0.cancelledQuantity) of order \($0.orderID) at \($0.cancelledAt)"
        }
      } else {
        client.show(try await api.cancelAll(market: market)) {
          let count = $0.cancelledOrders
          return "cancelled \(count) order\(count == 1 ? "" : "s") at \($0.cancelledAt)"
        }
      }
    }
  }
}

struct AmendCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "amend", abstract: "Change an order's limit, its total quantity, or both.",
    discussion: """
      The quantity is the new total, executed part included. Less quantity at the same limit keeps
      the order's place in time:

        uncross amend 1234567890 --quantity 0.4 --key anna.pem
        uncross amend 1234567890 --limit 2505.00 --key anna.pem
      """)

  @Argument(help: "The order's id, as `uncross orders` prints it.") var orderID: String
  @Option(name: .customLong("limit"), help: "Quote for one base coin.") var price: DecimalAmount?
  @Option(help: "Base coins, the new total.") var quantity: DecimalAmount?
  @OptionGroup var client: ClientOptions

  func validate() throws {
    guard price != nil || quantity != nil else {
      throw ValidationError("give --limit, --quantity or both")
    }
  }

  func run() async throws {
    let amendment = OrderAmendment(price: price, quantity: quantity)
    try await client.signed { api in
      client.show(try await api.amend(orderID, amendment)) {
        let place = $0.lostPriority ? "at the end of its queue" : "its place kept"
        return "amended order \($0.orderID) at \($0.amendedAt), \(place)"
      }
    }
  }
}

struct OrdersCommand: AsyncParsableCommand {
  /// Orders to print at most: 50 markets full of one account's orders.
  static let maximumOrders = 10_000

  static let configuration = CommandConfiguration(
    commandName: "orders", abstract: "List the open orders, or show one.",
    discussion: """
        uncross orders --key anna.pem
        uncross orders --market ETH-USDC --key anna.pem
        uncross orders 1234567890 --key anna.pem
      """)

  @Argument(help: "One order, open or finished.") var orderID: String?
  @Option(help: "Only in this market.") var market: String?
  @OptionGroup var client: ClientOptions

  func run() async throws {
    try await client.signed { api in
      if let orderID {
        client.show(try await api.order(orderID)) { Self.table([$0]) }
        return
      }
      var page = try await api.openOrders(market: market, limit: 1_000)
      while let next = page.next, page.orders.count < Self.maximumOrders {
        let more = try await api.openOrders(market: market, after: next, limit: 1_000)
        page.orders += more.orders
        page.next = more.next
      }
      client.show(page) { $0.orders.isEmpty ? "no open orders" : Self.table($0.orders) }
    }
  }

  private static func table(_ orders: [OrderDetails]) -> String {
    var table = Table(
      "ORDER", "MARKET", "SIDE", ">LIMIT", ">QUANTITY", ">EXECUTED", "STATUS", "UNTIL",
      "CLIENT ORDER ID")
    for order in orders {
      table.add(
        order.orderID, order.market, order.side.rawValue,
        order.price.map { "\($0)" } ?? order.type.rawValue, "\(order.quantity)",
        "\(order.executedQuantity)", order.status.rawValue,
        order.expiresAt.map { "\($0)" } ?? order.timeInForce.rawValue, order.clientOrderID)
    }
    return table.text()
  }
}
