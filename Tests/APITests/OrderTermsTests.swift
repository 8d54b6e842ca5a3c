// The terms of orders over the wire: an operator sets them, a trader runs into them and reads them.

import Client
import Formats
import Testing
import Wire

@testable import API

@Suite struct OrderTermsTests {
  @Test func anAllowanceIsSetUsedAndEnded() async throws {
    try await Venue.run { venue in
      let terms = VenueOrderTerms(rememberedOrders: 5, freeOrdersPerDay: 3, ordersPerTrade: 1)
      try await venue.with("operator") { client in
        let set = try await client.setOrderTerms(terms, reason: "few")
        let seen = try await client.orderTerms()
        #expect(set == terms && seen == terms)
      }
      try await venue.with("alice") { client in
        func place(_ id: String) async throws -> AcceptedOrder {
          try await client.place(
            NewOrder(.buy, decimal("0.1"), of: "ETH-USDC", at: decimal("2000"), clientOrderID: id))
        }
        let first = try await place("1")
        _ = try await client.amend(first.orderID, OrderAmendment(price: decimal("1999")))
        _ = try await place("2")
        #expect(try await client.orderAllowance() == OwnOrderAllowance(terms: terms, remaining: 0))
        #expect(await codeThrown { try await place("3") } == "order_allowance_used")
        let amendment = OrderAmendment(price: decimal("1998"))
        #expect(
          await codeThrown { try await client.amend(first.orderID, amendment) }
            == "order_allowance_used")
        #expect(try await client.cancel(first.orderID).cancelledQuantity == decimal("0.1"))
      }
      try await venue.with("operator") { client in
        let free = VenueOrderTerms(rememberedOrders: 5, freeOrdersPerDay: 0, ordersPerTrade: 0)
        _ = try await client.setOrderTerms(free, reason: "all")
      }
      try await venue.with("alice") { client in
        #expect(try await client.orderAllowance().remaining == nil)
        _ = try await client.place(
          NewOrder(.buy, decimal("0.1"), of: "ETH-USDC", at: decimal("2000"), clientOrderID: "3"))
      }
    }
  }

  @Test(
    arguments: [
      ("{}", "bad_request"),
      (#"{"remembered_orders":5,"free_orders_per_day":3,"orders_per_trade":1}"#, "bad_request"),
      (#"{"remembered_orders":5,"free_orders_per_day":3,"reason":"r"}"#, "bad_request"),
      (
        #"{"remembered_orders":0,"free_orders_per_day":3,"orders_per_trade":1,"reason":"r"}"#,
        "order_terms_invalid"
      ),
      (
        #"{"remembered_orders":1048577,"free_orders_per_day":3,"orders_per_trade":1,"reason":"r"}"#,
        "order_terms_invalid"
      ),
      (
        #"{"remembered_orders":5,"free_orders_per_day":67108865,"orders_per_trade":1,"#
          + #""reason":"r"}"#,
        "order_terms_invalid"
      ),
    ]) func termsOutOfRangeAreRefused(body: String, code: String) async throws
  {
    try await Venue.run { venue in
      let answer = try await venue.send(
        "POST", "/v1/operator/order-terms", body: body, as: "operator")
      #expect(answer.code == code, "\(body): \(answer.text)")
    }
  }
}
