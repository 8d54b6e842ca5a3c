// The newest rows in memory against a plain list of all rows.

import Auction
import SeededNumbers
import Testing

@testable import CoreFixture
@testable import Engine
@testable import Ledger

@Suite struct LedgerTailTests {
  @Test(arguments: UInt64(1)...60) func pagesAreThoseOfAPlainList(seed: UInt64) {
    var numbers = SeededNumbers(seed)
    let partitionRows = numbers.pick([1, 2, 7, 64] as [UInt64])
    var tail = LedgerTail(partitionRows: partitionRows, chunkRows: numbers.pick([1, 2, 5, 512]))
    var all: [LedgerRow] = []
    // Where a process begins: anywhere in a partition is allowed, its start is what happens.
    let first = 1 + partitionRows * (numbers.next() % 3)
    var dropped = first
    for _ in 0..<60 {
      var entries: ContiguousArray<LedgerEntry> = []
      for _ in 0..<numbers.below(9) { entries.append(numbers.entry()) }
      let next = first + UInt64(all.count)
      tail.append(firstEntry: next, entries)
      for (offset, entry) in entries.enumerated() {
        all.append(LedgerRow(sequence: next + UInt64(offset), entry: entry))
      }
      if numbers.once(in: 5) {
        // As the reader does: a partition leaves only when it is full and its index stands.
        let end = first + UInt64(all.count)
        while dropped + partitionRows <= end, numbers.once(in: 2) {
          dropped += partitionRows
          let gone = tail.removePartitions(before: dropped)
          #expect(gone.flatMap(\.chunks).reduce(0) { $0 + $1.entries.count } == Int(partitionRows))
        }
      }
      let query = numbers.query(upTo: first + UInt64(all.count) + 2)
      let expected = all.reversed().filter {
        $0.sequence >= dropped && $0.entry.user == query.user
          && (query.asset == nil || query.asset == $0.entry.asset)
          && (query.type == nil || query.type == $0.entry.type)
          && $0.sequence < query.before ?? .max
      }.prefix(query.limit)
      let walk = tail.view().walk(query, maximumSteps: .max)
      #expect(walk.rows == Array(expected), "seed \(seed)")
      #expect(walk.rows.count == query.limit || walk.reached == nil, "seed \(seed)")
      let steps = 1 + numbers.below(12)
      #expect(pages(tail.view(), query, steps) == Array(expected), "seed \(seed), \(steps) steps")
      #expect(tail.first == nil || tail.first == dropped, "seed \(seed)")
    }
  }

  /// The rows of as many walks as it takes, each of few steps.
  private func pages(_ view: LedgerTail.View, _ query: LedgerQuery, _ steps: Int) -> [LedgerRow] {
    var (rows, rest) = ([LedgerRow](), query)
    while rows.count < query.limit {
      rest.limit = query.limit - rows.count
      let walk = view.walk(rest, maximumSteps: steps)
      // A chunk and one of its rows are two steps.
      #expect(walk.steps <= steps + 1)
      rows += walk.rows
      guard let reached = walk.reached else { break }
      #expect(reached < rest.before ?? .max)
      rest.before = reached
    }
    return rows
  }

  /// A row that is left out, or that comes twice, stops the process: pages would lie.
  @Test(arguments: [UInt64(2), 4]) func aTailThatMissesEntriesStops(next: UInt64) async {
    await #expect(processExitsWith: .failure) { [next] in
      var numbers = SeededNumbers(7)
      var tail = LedgerTail(partitionRows: 100)
      tail.append(firstEntry: 1, [numbers.entry(), numbers.entry()])
      tail.append(firstEntry: 3, [])
      tail.append(firstEntry: next, [numbers.entry()])
    }
  }

  /// What goes on meanwhile changes no view, and a view is taken without a look at any row.
  @Test func aViewStaysAsItWas() {
    var numbers = SeededNumbers(7)
    var tail = LedgerTail(partitionRows: 1_000)
    tail.append(firstEntry: 1, ContiguousArray((0..<1_999).map { _ in numbers.entry() }))
    let touched = tail.rowsTouched
    let view = tail.view()
    let query = LedgerQuery(user: 3, limit: 1_000)
    let rows = view.walk(query, maximumSteps: .max).rows
    #expect(tail.rowsTouched == touched && touched == 1_999)
    tail.append(firstEntry: 2_000, ContiguousArray((0..<1_000).map { _ in numbers.entry() }))
    #expect(tail.removePartitions(before: 2_001).count == 2)
    #expect(view.walk(query, maximumSteps: .max).rows == rows && rows.count > 300)
    #expect(tail.view().walk(query, maximumSteps: .max).rows.allSatisfy { $0.sequence > 2_000 })
  }

  /// What the archive reads is what the tail holds, whichever market and chain it is.
  @Test func aReferenceIsReadAsItWasWritten() {
    var engine = AuctionEngine()
    engine.apply(.venue(.configure(VenueConfiguration(seed: 1, secondSeed: 2))))
    let terms = MarketTerms(
      intervalMilliseconds: 1_000, bandBasisPoints: 0, buyFeeBasisPoints: 0, sellFeeBasisPoints: 0,
      minimumNotional: 1)
    let actions =
      ["USDC", "ETH"].map { code in
        OperatorAction.createAsset(AssetDefinition(code: code, decimals: 0, adjustmentLimit: 1))
      }
      + ["ETH-USDC", "ETH-USDC-2"].map { symbol in
        .createMarket(
          MarketDefinition(
            symbol: symbol, base: 1, quote: 0, tickAtoms: 1, lotAtoms: 1, terms: terms,
            listingPriceTicks: 0))
      } + ["dev", "other"].map { .registerChain(name: $0) }
    for action in actions { engine.apply(.operation(action, by: .venue)) }
    var names = LedgerNames()
    for event in engine.directory() { names.learn(event) }
    #expect(names.markets.count == 2 && names.chains.count == 2)
    for reference: LedgerReference in [
      .order(17), .trade(3, in: 1), .auction(5, in: 1), .adjustment(9), .deposit(3, on: 1),
      .clawback(1, on: 1), .withdrawal(7, on: 1),
    ] {
      #expect(names.reference(names.text(reference)) == reference)
    }
  }

  @Test func namesGoBothWays() {
    var names = LedgerNames()
    for (id, code) in ["USDC", "ETH"].enumerated() {
      let asset = AssetDefinition(code: code, decimals: 6, adjustmentLimit: 1)
      names.learn(.assetCreated(AssetID(id), asset))
      // Again, as a replay gives it.
      names.learn(.assetCreated(AssetID(id), asset))
    }
    #expect(names.assets == ["USDC", "ETH"])
    for (id, name) in ["dev", "other"].enumerated() {
      names.learn(.chainRegistered(ChainID(id), name))
      names.learn(.chainRegistered(ChainID(id), name))
    }
    #expect(names.chains == ["dev", "other"])
    let seventh = LedgerReference.withdrawal(7, on: 0)
    #expect(names.text(seventh) == "dev:withdrawal:7")
    #expect(names.reference("dev:withdrawal:7") == seventh)
    for text in [
      "17", "adjustment:9", "dev:deposit:3", "dev:clawback:1", "other:withdrawal:7",
      "other:withdrawal:\(Int64.max)",
    ] {
      #expect(names.reference(text).map(names.text) == text)
    }
    for text in [
      "", "x", "ETH-USDC:1", "a:b:c", "adjustment:", ":1", "1:2:3:4", "dev:auction:1", "dev::1",
      "dev:withdrawal:", "none:withdrawal:7", "dev:withdrawal:7:1",
    ] {
      #expect(names.reference(text) == nil, "\(text)")
    }
  }

  /// A chain and a market may have one name: what was written says which of them it is.
  @Test func aMarketMayHaveAChainsName() {
    var names = LedgerNames()
    let asset = AssetDefinition(code: "ETH", decimals: 6, adjustmentLimit: 1)
    names.learn(.chainRegistered(0, "123"))
    names.learn(
      .marketDefined(
        0,
        MarketRecord(
          definition: MarketDefinition(
            symbol: "123", base: 1, quote: 0, tickAtoms: 1, lotAtoms: 1,
            terms: MarketTerms(
              intervalMilliseconds: 1_000, bandBasisPoints: 1_000, buyFeeBasisPoints: 0,
              sellFeeBasisPoints: 0, minimumNotional: 1), listingPriceTicks: 1),
          base: asset, quote: asset, atomsPerTickLot: 1, time: 0, rulesVersion: 4, rule: .call2)))
    for reference in [
      LedgerReference.auction(5, in: 0), .trade(5, in: 0), .deposit(5, on: 0),
      .withdrawal(5, on: 0), .clawback(5, on: 0),
    ] {
      #expect(names.reference(names.text(reference)) == reference)
    }
    #expect(names.reference("123:other:5") == nil)
  }
}

extension SeededNumbers {
  fileprivate mutating func entry() -> LedgerEntry {
    LedgerEntry(
      user: UserID(below(5)), asset: AssetID(below(2)), type: pick([.trade, .fee, .lock]),
      reference: .order(Int64(below(1_000))), freeDelta: 1,
      lockedDelta: 0, freeAfter: Int128(below(1_000)), lockedAfter: 0, previousEntry: 0,
      time: Int64(below(1_000)))
  }

  fileprivate mutating func query(upTo end: UInt64) -> LedgerQuery {
    LedgerQuery(
      user: UserID(below(6)), asset: once(in: 3) ? AssetID(below(2)) : nil,
      type: once(in: 3) ? pick([.trade, .fee, .lock]) : nil,
      before: once(in: 2) ? next() % end : nil, limit: 1 + below(30))
  }
}
