// The first whole of the product, seen from outside: fund, order, clear, settle, publish; kill -9;
// the same state.

import Client
import Formats
import Foundation
import Testing
import Wire

@Suite(.serialized) struct FirstProofTests {
  @Test func oneAuctionSurvivesAKill() async throws {
    try await ExchangeProcess.with { try await prove($0) }
  }

  private func prove(_ exchange: ExchangeProcess) async throws {
    try await exchange.start()
    let admin = try exchange.client(try exchange.operatorSigner())
    let (alice, bob) = (RequestSigner(), RequestSigner())
    try await fund(exchange, "alice", alice, "USDC", "10000")
    try await fund(exchange, "bob", bob, "ETH", "5")

    // Buys 1.0 at 2510 against 0.4 at 2490: the surplus is on the buy side, so the run prints 2510.
    let buyer = try exchange.client(alice)
    let seller = try exchange.client(bob)
    let buy = try await buyer.place(order(.buy, "1.0", "2510.00", "buy-1"))
    let sell = try await seller.place(order(.sell, "0.4", "2490.00", "sell-1"))
    try await wait("the trade") { try await !seller.fills().fills.isEmpty }
    let fill = try #require(try await seller.fills().fills.first)
    #expect(fill.price == DecimalAmount("2510"))
    #expect(fill.quantity == DecimalAmount("0.4"))

    try await wait("the ledger") {
      try exchange.number("select count(*) from balance_log where type = 'TRADE'") == 4
    }
    try await checkLedger(exchange)
    try await checkEdge(exchange, buy: buy.orderID, sell: sell.orderID)

    let before = try await admin.engineState()
    try await exchange.killNow()
    try await exchange.start()
    let replay = try await exchange.run([
      "replay", "--database", exchange.database("uncross_app"), "--commands", before.commands,
    ])
    #expect(replay.status == 0, "\(replay.output)")
    #expect(replay.output.contains(before.stateHash), "before the kill: \(replay.output)")
    #expect(exchange.printed.contains("recovered group"))

    // Sent again after the kill, the same request gets the first answer.
    let again = try await exchange.client(alice).place(order(.buy, "1.0", "2510.00", "buy-1"))
    #expect(again.orderID == buy.orderID && again.repeated)
    let rest = try await exchange.client(alice).order(buy.orderID)
    #expect(rest.executedQuantity == DecimalAmount("0.4"))
    try await checkLedger(exchange)
    try await checkEdge(exchange, buy: buy.orderID, sell: sell.orderID)
    try await exchange.stop()
  }

  private func order(
    _ side: NewOrder.Side, _ quantity: String, _ price: String, _ id: String
  ) throws -> NewOrder {
    NewOrder(
      side, try #require(DecimalAmount(quantity)), of: "ETH-USDC",
      at: try #require(DecimalAmount(price)), clientOrderID: id)
  }

  private func fund(
    _ exchange: ExchangeProcess, _ name: String, _ signer: RequestSigner, _ asset: String,
    _ amount: String
  ) async throws {
    let admin = try exchange.client(try exchange.operatorSigner())
    let user = try await admin.createUser(
      NewUser(name: name, key: KeyGrant(publicKey: signer.publicKeyHex, role: .trader)))
    try await exchange.fund(
      user.userID, asset, try #require(DecimalAmount(amount)), request: "fund-\(name)")
  }

  private func checkLedger(_ exchange: ExchangeProcess) async throws {
    #expect(
      try exchange.number(
        """
        select count(*) from balance b join (
          select user_id, asset, sum(delta) d, sum(free_delta) f, sum(locked_delta) l
          from balance_log group by 1, 2) s using (user_id, asset)
        where (b.total, b.free, b.locked) is distinct from (s.d, s.f, s.l)
        """) == 0)
    #expect(try exchange.number("select count(*) from balance_log where type = 'TRADE'") == 4)
  }

  private func checkEdge(_ exchange: ExchangeProcess, buy: String, sell: String) async throws {
    let path = "/v1/markets/ETH-USDC"
    try await wait("the tape") {
      let trades = try? await exchange.edge(path + "/trades?after=0")["trades"] as? [[String: Any]]
      return trades?.count == 1
    }
    let trades = try await exchange.edge(path + "/trades?after=0")["trades"] as? [[String: Any]]
    let trade = try #require(trades?.first)
    #expect(trade["buy_order_id"] as? String == buy)
    #expect(trade["sell_order_id"] as? String == sell)
    #expect(DecimalAmount(trade["price"] as? String ?? "") == DecimalAmount("2510"))
    let id = try #require(trade["auction_id"] as? String)
    let auction = try await exchange.edge(path + "/auctions/\(id)")
    #expect(auction["status"] as? String == "cleared")
    #expect(DecimalAmount(auction["volume"] as? String ?? "") == DecimalAmount("0.4"))
  }
}
