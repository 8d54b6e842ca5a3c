// Worked examples from venues' documents and open test suites (`cases/auction-examples.json`).

import Auction
import Foundation
import Testing

/// One example; prices and quantities are scaled to integers. `source` names the document.
struct WorkedExample: Decodable, Sendable, CustomTestStringConvertible {
  struct Order: Decodable, Sendable {
    let side: String
    let limit: Int64?
    let quantity: Int64
    let trader: String?
  }

  struct Expected: Decodable, Sendable {
    let price: Int64?
    let volume: Int64
    let surplus: Int64?
    let surplusSide: String?
    /// Triples: buyer, seller, lots.
    let fills: [[Value]]?
  }

  enum Value: Decodable, Hashable, Sendable {
    case name(String)
    case lots(Int64)

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let lots = try? container.decode(Int64.self) {
        self = .lots(lots)
      } else {
        self = .name(try container.decode(String.self))
      }
    }
  }

  let id: String
  let source: String
  let reference: Int64?
  /// In order of time.
  let orders: [Order]
  let expected: Expected
  /// Whether CALL-1 gives the venue's own answer.
  let agrees: Bool
  let differsBecause: String?

  var testDescription: String { id }

  var book: Book {
    Book(
      orders: orders.map { order in
        AuctionOrder(
          side: order.side == "buy" ? .buy : .sell,
          type: order.limit.map { .limit($0) } ?? .market, quantity: order.quantity)
      }, reference: reference, band: nil)
  }

  static let all: [WorkedExample] = {
    do {
      guard
        let file = Bundle.module.url(
          forResource: "auction-examples", withExtension: "json", subdirectory: "cases")
      else { preconditionFailure("cases/auction-examples.json is a resource of this target") }
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      return try decoder.decode([WorkedExample].self, from: Data(contentsOf: file))
    } catch {
      preconditionFailure("cases/auction-examples.json: \(error)")
    }
  }()

  static let agreeing = all.filter(\.agrees)
  static let differing = all.filter { !$0.agrees }
}

@Suite struct WorkedExampleTests {
  @Test func allAreThere() {
    #expect(WorkedExample.agreeing.count == 52)
    #expect(WorkedExample.differing.count == 15)
    #expect(WorkedExample.all.allSatisfy { !$0.source.isEmpty })
  }

  @Test(arguments: WorkedExample.agreeing)
  func clearsAsPublished(example: WorkedExample) {
    let outcome = example.book.run()
    let expected = example.expected
    guard let price = expected.price else {
      #expect(outcome.clearing.status == (example.orders.isEmpty ? .empty : .noCross))
      #expect(outcome.clearing.volume == 0)
      return
    }
    #expect(outcome.clearing.status == .cleared)
    #expect(outcome.clearing.price == price)
    #expect(outcome.clearing.volume == Int128(expected.volume))
    #expect(outcome.clearing.surplus.magnitude == UInt128(expected.surplus ?? -1))
    let surplus = outcome.clearing.surplus
    let side = surplus > 0 ? "buy" : surplus < 0 ? "sell" : "none"
    #expect(side == expected.surplusSide)
  }

  @Test(arguments: WorkedExample.agreeing.filter { $0.expected.fills != nil })
  func fillsAsPublished(example: WorkedExample) {
    let outcome = example.book.run()
    // Who trades with whom is the venue's own choice; what each order gets is the rule's.
    var published: [String: Int64] = [:]
    for fill in example.expected.fills ?? [] {
      guard case .lots(let lots) = fill[2] else { continue }
      for case .name(let trader) in fill { published[trader, default: 0] += lots }
    }
    for (order, fill) in zip(example.orders, outcome.fills) {
      #expect(fill == published[order.trader ?? ""] ?? 0, "\(order.trader ?? "")")
    }
  }

  /// Where the venue's rule differs in the price only, the volume is the same.
  @Test(arguments: WorkedExample.differing)
  func differsAsStated(example: WorkedExample) {
    let clearing = example.book.run().clearing
    if example.book.limits.isEmpty {
      // There a market maker's quote prices the market orders; here nothing does.
      #expect(example.reference == nil)
      #expect(clearing == Clearing(withoutTrade: .noCross))
    } else {
      #expect(clearing.volume == Int128(example.expected.volume))
      #expect(clearing.price != example.expected.price, "\(example.differsBecause ?? "")")
    }
  }

  @Test(arguments: WorkedExample.all)
  func agreesWithOracle(example: WorkedExample) {
    #expect(example.book.clear() == Oracle(book: example.book).clear())
  }

  /// CALL-1, "Worked by hand": the narrowing of step 3 keeps a better-priced order in.
  @Test func mixedSignsAreNarrowed() {
    let book = Book(
      orders: [
        AuctionOrder(side: .sell, type: .limit(13), quantity: 3),
        AuctionOrder(side: .sell, type: .limit(5), quantity: 3),
        AuctionOrder(side: .buy, type: .limit(13), quantity: 3),
        AuctionOrder(side: .buy, type: .limit(8), quantity: 3),
      ], reference: 6, band: nil)
    let outcome = book.run()
    #expect(outcome.clearing == Clearing(status: .cleared, price: 8, volume: 3, surplus: 3))
    #expect(outcome.fills == [0, 3, 3, 0])
  }
}
