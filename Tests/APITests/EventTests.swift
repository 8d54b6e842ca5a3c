// Event streams: order, resume, reset, slow and many readers, shutdown.

import Auction
import Client
import Engine
import Formats
import Testing
import Wire

@testable import API

@Suite struct EventTests {
  private func place(_ venue: Venue, _ id: String, _ price: String) async throws {
    _ = try await venue.with("alice") {
      try await $0.place(
        NewOrder(.buy, decimal("0.01"), of: "ETH-USDC", at: decimal(price), clientOrderID: id))
    }
  }

  /// Reads until `count` auctions came; returns all events up to there.
  private func read(
    _ venue: Venue, auctions count: Int, after id: String? = nil,
    _ onOpen: () async throws -> Void = {}
  ) async throws -> [MarketEvent] {
    try await venue.with(nil) { client in
      var iterator = try await client.events("ETH-USDC", after: id).makeAsyncIterator()
      try await onOpen()
      var events: [MarketEvent] = []
      var seen = 0
      while seen < count, let event = try await iterator.next() {
        events.append(event)
        if case .auction = event.content { seen += 1 }
      }
      return events
    }
  }

  @Test func auctionsComeInOrderAndAgreeWithTheMarket() async throws {
    try await Venue.run(Venue.configuration.with(\.indicativeMilliseconds, 3_600_000)) { venue in
      let events = try await read(venue, auctions: 3) {
        for _ in 0..<3 { venue.exchange.runAuctions() }
      }
      let reports = events.compactMap { event -> AuctionReport? in
        if case .auction(let report) = event.content { report } else { nil }
      }
      #expect(reports.map(\.id) == ["1", "2", "3"])
      #expect(reports.allSatisfy { $0.status == .empty && $0.clearingPrice == nil })
      #expect(reports[0].reference == decimal("2000"))
      #expect(reports[0].band == PriceBand(lower: decimal("1800"), upper: decimal("2200")))
      #expect(Set(events.map(\.id)).count == 3)
    }
  }

  @Test func aReaderGoesOnWhereItWas() async throws {
    try await Venue.run(Venue.configuration.with(\.indicativeMilliseconds, 3_600_000)) { venue in
      for _ in 0..<5 { venue.exchange.runAuctions() }
      let start = try await read(venue, auctions: 1) { venue.exchange.runAuctions() }
      let last = try #require(start.last?.id)
      for _ in 0..<4 { venue.exchange.runAuctions() }
      let rest = try await read(venue, auctions: 4, after: last)
      let ids = rest.compactMap { event -> String? in
        if case .auction(let report) = event.content { report.id } else { nil }
      }
      #expect(ids == ["7", "8", "9", "10"] && rest.count == 4)
    }
  }

  @Test func whatTheRingNoLongerHoldsIsAReset() async throws {
    try await Venue.run(Venue.configuration.with(\.indicativeMilliseconds, 3_600_000)) { venue in
      let first = try await read(venue, auctions: 1) { venue.exchange.runAuctions() }
      let id = try #require(first.last?.id)
      for _ in 0...MarketEvents.ringCapacity { venue.exchange.runAuctions() }
      let epoch = try #require(id.split(separator: "-").first)
      for old in [id, "\(epoch)-99999999", "other-1", "garbage", "-", "\(epoch)-x"] {
        let events = try await read(venue, auctions: 1, after: old) { venue.exchange.runAuctions() }
        #expect(events.first?.content == .reset, "\(old)")
        #expect(events.count == 2, "\(old): after a reset it goes on")
      }
      // The oldest that is still there.
      let newest = try await read(venue, auctions: 1) { venue.exchange.runAuctions() }
      let number = try #require(newest.last?.id.split(separator: "-").last.flatMap { UInt64($0) })
      let oldest = "\(epoch)-\(number - UInt64(MarketEvents.ringCapacity))"
      let all = try await read(venue, auctions: MarketEvents.ringCapacity, after: oldest)
      #expect(all.count == MarketEvents.ringCapacity)
      #expect(!all.contains { $0.content == .reset })
    }
  }

  @Test func anIndicativePriceComesWhenItChanged() async throws {
    try await Venue.run { venue in
      _ = try await venue.with(nil) { client in
        var events = try await client.events("ETH-USDC").makeAsyncIterator()
        guard case .indicative(let first) = try await events.next()?.content else {
          Issue.record("the first event is not the indicative price")
          return
        }
        #expect(first.status == .empty && first.price == nil)
        try await place(venue, "i1", "2000")
        guard case .indicative(let second) = try await events.next()?.content else {
          Issue.record("no indicative price after an order")
          return
        }
        #expect(second.status == .noCross)
        #expect(try await client.indicative("ETH-USDC").status == .noCross)
        // A second reader begins with what is known.
        var others = try await client.events("ETH-USDC").makeAsyncIterator()
        #expect(try await others.next()?.content == .indicative(second))
      }
    }
  }

  /// A market without a server around it.
  private func smallExchange() -> MemoryExchange {
    let exchange = MemoryExchange(maximumReaders: 2)
    exchange.apply([
      .venue(.configure(VenueConfiguration(seed: 1, secondSeed: 2))),
      .operation(
        .createAsset(AssetDefinition(code: "A", decimals: 0, adjustmentLimit: 0)), by: .venue),
      .operation(
        .createAsset(AssetDefinition(code: "B", decimals: 0, adjustmentLimit: 0)), by: .venue),
      .operation(
        .createMarket(
          MarketDefinition(
            symbol: "A-B", base: 0, quote: 1, tickAtoms: 1, lotAtoms: 1,
            terms: MarketTerms(
              intervalMilliseconds: 1_000, bandBasisPoints: 0, buyFeeBasisPoints: 0,
              sellFeeBasisPoints: 0, minimumNotional: 0), listingPriceTicks: 0)), by: .venue),
    ])
    return exchange
  }

  @Test func anUnchangedPriceIsSentOnce() async throws {
    let exchange = smallExchange()
    let hub = exchange.events
    let reader = try hub.subscribe(0, after: nil, from: "a")
    let view = try await exchange.read { $0.indicative(0) }
    var later = view
    later.time = 5
    var other = later
    other.referenceTicks = 9
    for view in [view, view, later, other, other] { hub.publish(view, of: 0) }
    let again = try hub.subscribe(0, after: nil, from: "b")
    let known = try #require(again.backlog.first).split(separator: UInt8(ascii: "\n"))[0]
    #expect(again.backlog.count == 1 && known.last == UInt8(ascii: "2"), "the second event")
    #expect(throws: Refusal.self, "the third of two readers") {
      try hub.subscribe(0, after: nil, from: "c")
    }
    _ = reader
  }

  @Test func aSlowReaderIsCutOffWithAReset() async throws {
    let exchange = smallExchange()
    let hub = exchange.events
    var slow: EventSubscription? = try hub.subscribe(0, after: nil, from: "a")
    let reader = try #require(slow?.reader)
    for _ in 0..<MarketEvents.readerCapacity { exchange.runAuctions() }
    #expect(hub.subscriberCount == 1 && !reader.wasSlow)
    exchange.runAuctions()
    #expect(hub.subscriberCount == 0 && reader.wasSlow)
    // What fitted is still there, then it ends.
    var count = 0
    for await _ in reader.stream { count += 1 }
    #expect(count == MarketEvents.readerCapacity)
    slow = nil
    #expect(hub.subscriberCount == 0)
    #expect(
      String(decoding: EventSubscription.farewell, as: UTF8.self) == "event: reset\ndata: {}\n\n")
  }

  @Test func tooManyReadersAreRefused() async throws {
    try await Venue.run(maximumReaders: 1) { venue in
      try await venue.with(nil) { client in
        let events = try await client.events("ETH-USDC")
        #expect(await codeThrown { try await client.events("ETH-USDC") } == "unavailable")
        #expect(await codeThrown { try await client.events("NO-SUCH") } == "unknown_market")
        _ = events
      }
    }
  }

  @Test func streamsEndWhenTheServerStops() async throws {
    let (lasts, ended) = AsyncStream<Int>.makeStream()
    try await Venue.run { venue in
      // Not awaited here: it ends only because the server does.
      Task {
        let count = try? await venue.with(nil) { client in
          var count = 0
          for try await _ in try await client.events("ETH-USDC") {
            count += 1
            ended.yield(count)
          }
          return count
        }
        ended.yield(-(count ?? 99))
      }
      // The first event is there: the stream is open.
      for await count in lasts where count > 0 { break }
    }
    for await last in lasts where last <= 0 {
      #expect(last == -1)
      break
    }
  }
}
