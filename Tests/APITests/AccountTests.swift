// Pages of orders, ledger and fills; balances; what an auction leaves in them.

import Client
import Engine
import Formats
import Synchronization
import TestServers
import Testing
import Wire

@testable import API

/// Answers in the order in which they came.
private final class Answers: Sendable {
  private let codes = Mutex<[String]>([])

  var all: [String] { codes.withLock { $0 } }

  func list(_ venue: Venue, _ name: String) async throws {
    let answer = try await venue.send("GET", "/v1/orders?limit=1", as: name)
    codes.withLock { $0.append(answer.code ?? "\(name) \(answer.status)") }
  }
}

@Suite struct AccountTests {
  /// Bob sells in small pieces, alice buys in one: many fills in one auction.
  private func trade(_ venue: Venue, fills: Int) async throws {
    try await venue.with("bob") { client in
      let orders = (0..<fills).map { index in
        NewOrder(
          .sell, decimal("0.01"), of: "ETH-USDC", at: decimal("1990"), clientOrderID: "s\(index)")
      }
      _ = try await client.place(orders)
    }
    try await venue.with("alice") { client in
      _ = try await client.place(
        NewOrder(
          .buy, DecimalAmount(atoms: Int128(fills), decimals: 2), of: "ETH-USDC",
          at: decimal("2010"), clientOrderID: "b"))
    }
    venue.exchange.runAuctions()
  }

  @Test func anOpenOrderIsOnExactlyOnePage() async throws {
    try await Venue.run { venue in
      try await venue.with("alice") { client in
        let orders = (0..<25).map { index in
          NewOrder(
            .buy, decimal("0.01"), of: "ETH-USDC",
            at: DecimalAmount(atoms: Int128(200_000 - index), decimals: 2),
            clientOrderID: "p\(index)")
        }
        let placed = try await client.place(orders)
        var seen: [String] = []
        var after: String?
        repeat {
          let page = try await client.openOrders(market: "ETH-USDC", after: after, limit: 10)
          #expect(page.orders.count <= 10)
          // Orders that go between two pages do not shift the others.
          if after == nil { _ = try await client.cancel(page.orders[3].orderID) }
          seen += page.orders.map(\.orderID)
          after = page.next
        } while after != nil
        #expect(seen.count == 25 && Set(seen).count == 25)
        let numbers = seen.compactMap { Int64($0) }
        #expect(numbers == numbers.sorted())
        #expect(placed.count == 25)
        #expect(try await client.openOrders().orders.count == 24)
      }
    }
  }

  /// One list of a user at a time is made on the engine's thread; others' do not wait behind it.
  @Test func listsOfOrdersTakeTurns() async throws {
    try await Venue.run { venue in
      venue.exchange.holdReads()
      let answers = Answers()
      try await withThrowingTaskGroup { tasks in
        for _ in 0..<6 { tasks.addTask { try await answers.list(venue, "alice") } }
        // One is read, three wait, two are refused.
        let areRefused = await soon { answers.all.count == 2 }
        #expect(areRefused && answers.all == ["rate_limited", "rate_limited"])
        #expect(venue.exchange.heldReads == 1)
        tasks.addTask { try await answers.list(venue, "bob") }
        let isBobRead = await soon { venue.exchange.heldReads == 2 }
        venue.exchange.letReadsGo(holdingNext: true)
        let isNextRead = await soon {
          answers.all.count == 4 && venue.exchange.heldReads == 1
        }
        #expect(isBobRead && isNextRead)
        venue.exchange.letReadsGo(holdingNext: false)
        try await tasks.waitForAll()
      }
      let expected = Array(repeating: "alice 200", count: 4) + ["bob 200"]
      #expect(answers.all.sorted() == expected + ["rate_limited", "rate_limited"])
    }
  }

  @Test func badParametersAreRefused() async throws {
    try await Venue.run { venue in
      for query in [
        "limit=0", "limit=1001", "limit=x", "limit=", "limit", "limit=1&limit=2", "after=-1",
        "Limit=1", "markt=ETH-USDC", "client_order_id=a%20b", "client_order_id=a&limit=1",
        "=1", "&",
      ] {
        let answer = try await venue.send("GET", "/v1/orders?" + query, as: "alice")
        #expect(answer.code == "bad_request", "\(query): \(answer.text)")
      }
      for query in ["market=NO-SUCH", "market=eth-usdc"] {
        let answer = try await venue.send("GET", "/v1/orders?" + query, as: "alice")
        #expect(answer.code == "unknown_market", "\(query)")
        // The same typo must not cancel everything.
        let cancel = try await venue.send("DELETE", "/v1/orders?" + query, as: "alice")
        #expect(cancel.code == "unknown_market", "\(query)")
      }
      for query in ["market=", "markt=ETH-USDC"] {
        let answer = try await venue.send("DELETE", "/v1/orders?" + query, as: "alice")
        #expect(answer.code == "bad_request", "\(query)")
      }
      for query in ["type=trade", "asset=NONE", "before=0", "before=18446744073709551616"] {
        let answer = try await venue.send("GET", "/v1/ledger?" + query, as: "alice")
        #expect(answer.status >= 400, "\(query)")
      }
      // A body where none belongs.
      let answer = try await venue.send("GET", "/v1/orders", body: "{}", as: "alice")
      #expect(answer.status == 413 && answer.code == "body_too_large")
    }
  }

  @Test func theLedgerComesInPages() async throws {
    try await Venue.run { venue in
      try await trade(venue, fills: 12)
      try await venue.with("alice") { client in
        var rows: [LedgerLine] = []
        var before: String?
        repeat {
          let page = try await client.ledger(before: before, limit: 7)
          rows += page.rows
          before = page.next
        } while before != nil
        let numbers = rows.compactMap { UInt64($0.sequence) }
        #expect(numbers == numbers.sorted(by: >) && Set(numbers).count == rows.count)
        // Opening balances, one lock, two rows a trade, one fee, one unlock.
        #expect(rows.count == 29)
        for asset in ["ETH", "USDC"] {
          let own = rows.filter { $0.asset == asset }
          let decimals = asset == "ETH" ? 18 : 6
          let sum = own.reduce(Int128(0)) { $0 + ($1.delta.atoms(decimals: decimals) ?? 0) }
          let found = try await client.balances().first { $0.asset == asset }
          let balance = try #require(found)
          #expect(balance.total.atoms(decimals: decimals) == sum)
          #expect(own.first?.freeAfter == balance.free)
          #expect(own.first?.lockedAfter == balance.locked)
        }
        // A short page says where it goes on.
        venue.exchange.look(atMost: 3)
        var (short, next) = ([LedgerLine](), String?.none)
        repeat {
          let page = try await client.ledger(before: next, limit: 7)
          #expect(page.rows.count <= 3)
          short += page.rows
          next = page.next
        } while next != nil
        #expect(short == rows)
        venue.exchange.look(atMost: .max)
        let fees = try await client.ledger(asset: "USDC", type: "FEE")
        #expect(fees.rows.count == 1 && fees.next == nil)
        #expect(fees.rows.first?.reference.kind == "order")
        // `balance_log` does not say an order's market: no page tells one.
        #expect(fees.rows.first?.reference.market == nil)
        let adjustments = try await client.ledger(type: "ADJUSTMENT")
        #expect(adjustments.rows.count == 2)
        #expect(adjustments.rows.allSatisfy { $0.reference.market == nil })
      }
    }
  }

  @Test(arguments: ["alice", "bob"])
  func fillsAreTheTwoRowsOfATrade(_ name: String) async throws {
    try await Venue.run { venue in
      try await trade(venue, fills: 12)
      try await venue.with(name) { client in
        var fills: [OwnFill] = []
        var before: String?
        repeat {
          let page = try await client.fills(before: before, limit: 5)
          fills += page.fills
          before = page.next
        } while before != nil
        #expect(fills.map(\.tradeID) == (1...12).reversed().map { String($0) })
        for fill in fills {
          #expect(fill.side == (name == "alice" ? .buy : .sell))
          #expect(fill.price == decimal("1990") || fill.price == decimal("2000"))
          #expect(fill.quantity == decimal("0.01"))
          let price = try #require(fill.price.atoms(decimals: 6))
          #expect(fill.amount == DecimalAmount(atoms: price / 100, decimals: 6))
        }
        // A cursor between the two rows of a trade shows neither half of it, and ends nothing.
        let newest = try #require(fills.first)
        let between = String((UInt64(newest.sequence) ?? 0) + 1)
        let rest = try await allFills(client, before: between, limit: 1)
        #expect(rest == Array(fills.dropFirst()))
        // Pages that look at few rows, and end between the two rows of a trade.
        for looks in 2...9 {
          venue.exchange.look(atMost: looks)
          #expect(try await allFills(client, before: nil, limit: 5) == fills, "\(looks) looks")
        }
      }
    }
  }

  private func allFills(
    _ client: UncrossClient, before: String?, limit: Int
  ) async throws -> [OwnFill] {
    var (fills, before) = ([OwnFill](), before)
    repeat {
      let page = try await client.fills(before: before, limit: limit)
      fills += page.fills
      // Each page gets on.
      #expect(page.next == nil || page.next != before)
      before = page.next
    } while before != nil
    return fills
  }

  @Test func operatorsSeeAndChangeFunds() async throws {
    try await Venue.run { venue in
      try await venue.with("operator") { client in
        func adjust(_ id: String, _ amount: String) async throws(APIError) -> AdjustmentOutcome {
          try await client.adjust(
            NewAdjustment(
              requestID: id, user: "3", asset: "USDC", amount: decimal(amount), reason: "r"))
        }
        let booked = try await adjust("a1", "-10.5")
        #expect(booked.status == .booked)
        #expect(try await adjust("a1", "-10.5") == booked)
        #expect(await codeThrown { try await adjust("a1", "-10.6") } == "duplicate_client_order_id")
        #expect(await codeThrown { try await adjust("a2", "0.0000001") } == "amount_invalid")
        #expect(await codeThrown { try await adjust("a3", "0") } == "amount_invalid")
        #expect(await codeThrown { try await adjust("a4", "-1000") } == "insufficient_funds")

        let large = try await adjust("a5", "1000000.000001")
        #expect(large.status == .waitingApproval)
        #expect(try await adjust("a5", "1000000.000001") == large)
        let waiting = try await client.waitingAdjustments()
        #expect(waiting.map(\.adjustmentID) == [large.adjustmentID])
        #expect(waiting.first?.amount == decimal("1000000.000001"))
        let id = large.adjustmentID
        let digest = try #require(waiting.first?.approvalDigest)
        #expect(
          await codeThrown {
            try await client.approve(
              adjustment: id, signature: Venue.signer("operator").sign(digest: digest))
          } == "approval_by_requester")
        let approved = try await venue.with("second-operator") { other in
          try await other.approve(
            adjustment: id, signature: Venue.signer("second-operator").sign(digest: digest))
        }
        #expect(approved.status == .booked)
        #expect(try await adjust("a5", "1000000.000001").status == .decided)
        #expect(
          await codeThrown { try await client.refuse(adjustment: id, reason: "late") }
            == "approval_not_found")
        let balances = try await client.balances(ofUser: "3")
        #expect(balances.first { $0.asset == "USDC" }?.free == decimal("1000989.500001"))
        #expect(await codeThrown { try await client.balances(ofUser: "99") } == "unknown_user")
      }
    }
  }

  @Test func usersAndKeys() async throws {
    try await Venue.run { venue in
      try await venue.with("operator") { client in
        let key = KeyGrant(publicKey: Venue.signer("carol").publicKeyHex, role: .trader)
        let carol = try await client.createUser(NewUser(name: "carol", key: key))
        #expect(carol.userID == "5" && carol.keys == [key] && !carol.frozen)
        #expect(try await client.createUser(NewUser(name: "carol", key: key)) == carol)
        #expect(try await client.user(named: "carol") == carol)
        let other = KeyGrant(publicKey: Venue.signer("dave").publicKeyHex, role: .trader)
        let reader = KeyGrant(publicKey: key.publicKey, role: .readOnly)
        for (user, code) in [
          (NewUser(name: "carol"), "name_taken"),
          (NewUser(name: "carol", key: other), "name_taken"),
          (NewUser(name: "carol", key: reader), "key_taken"),
          (NewUser(name: "dave", key: key), "key_taken"), (NewUser(name: "d ave"), "name_invalid"),
          (NewUser(name: "dave", key: KeyGrant(publicKey: "00", role: .trader)), "bad_request"),
        ] {
          #expect(
            await codeThrown { try await client.createUser(user) } == code, "\(user)")
        }
        // A refused key must not leave a user behind.
        #expect(
          await codeThrown { try await client.user(named: "dave") } == "unknown_user")
        // Another key of an account that has one waits for its owner.
        let grant = try await client.grant(other, to: carol.userID, reason: "a second device")
        #expect(grant.status == .waiting && grant.userID == carol.userID)
        #expect(try await client.grant(other, to: carol.userID, reason: "again") == grant)
        let waiting = try await client.user(named: "carol")
        #expect(waiting.keys == [key] && waiting.waitingKeys.map(\.publicKey) == [other.publicKey])
        let id = try #require(grant.grantID)
        let confirmed = try await venue.with("carol") { try await $0.confirm(keyGrant: id) }
        #expect(confirmed.status == .granted)
        #expect(try await client.user(named: "carol").keys == [key, other])
        _ = try await client.revoke(publicKey: key.publicKey, reason: "lost")
        #expect(try await client.user(named: "carol").keys == [other])
      }
    }
  }
}
