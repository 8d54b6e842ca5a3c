// `uncross clear`: any auction, checked by anyone: a book as JSON on stdin, the outcome on stdout.

internal import ArgumentParser
internal import Auction
internal import Formats
internal import Foundation

struct Clear: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compute the outcome of one auction by rules CALL-1 and CALL-2.",
    discussion: """
      Reads a book from standard input. Array order is time order, prices are ticks, quantities
      lots:

        echo '{"reference": 100, "band": {"lower": 90, "upper": 110}, "orders": [
          {"id": "a", "side": "buy", "type": "limit", "limit": 101, "quantity": 5},
          {"id": "b", "side": "sell", "type": "limit", "limit": 99, "quantity": 3}]}' |
          uncross clear

      Without a reference write null; without a band no price is excluded. A market order has no
      limit. Bad input: exit status 65 and one line that says which field of which order.
      """)

  func run() throws {
    do throws(BookError) {
      let book = try Book(json: Self.input())
      let outcome = CallAuction.run(
        orders: book.orders, reference: book.reference, band: book.band)
      Output.line(Self.render(outcome, book.ids))
    } catch {
      Output.error("uncross clear: \(error.description)")
      throw ExitCode(65)
    }
  }

  /// One byte more than a book may have is enough to refuse it.
  private static func input() throws(BookError) -> [UInt8] {
    do {
      return Array(try FileHandle.standardInput.read(upToCount: Book.limits.bytes + 1) ?? Data())
    } catch {
      throw BookError(description: "input cannot be read")
    }
  }

  /// Keys in a fixed order, integers as they are and a line for each row, so that two outputs
  /// compare as text.
  static func render(_ outcome: AuctionOutcome, _ ids: [String]) -> String {
    let clearing = outcome.clearing
    let fills = outcome.fills.enumerated().filter { $0.element > 0 }.map { fill -> JSONValue in
      ["id": .text(ids[fill.offset]), "quantity": .number(fill.element)]
    }
    let trades = outcome.trades.map { trade -> JSONValue in
      [
        "buy": .text(ids[trade.buy]), "sell": .text(ids[trade.sell]),
        "quantity": .number(trade.quantity),
      ]
    }
    let ladder = outcome.ladder.map { level -> JSONValue in
      ["price": .number(level.price), "buy": .number(level.demand), "sell": .number(level.supply)]
    }
    let value: JSONValue = [
      "status": .text(clearing.status.name),
      "price": clearing.status == .cleared ? .number(clearing.price) : .null,
      "volume": .number(clearing.volume), "surplus": .number(clearing.surplus),
      "fills": .array(fills), "trades": .array(trades), "ladder": .array(ladder),
    ]
    return String(value.indentedText(levels: 2).dropLast())
  }
}

/// What is wrong with a book, in one line.
struct BookError: Error { var description: String }

/// The input of `uncross clear`, parsed once; what is in it is valid.
struct Book {
  /// Far more orders than a market's book takes, each with an id as long as any of ours.
  static let limits = JSONLimits(
    bytes: 128 << 20, depth: 4, members: 16, elements: 1 << 20, stringBytes: 256)

  private(set) var reference: Int64?
  private(set) var band: Band?
  private(set) var orders: [AuctionOrder] = []
  private(set) var ids: [String] = []

  init(json: [UInt8]) throws(BookError) {
    let value: JSONValue
    do throws(JSONError) {
      value = try StrictJSON.parse(json, Self.limits)
    } catch {
      throw BookError(description: "input is not JSON that can be read: \(error)")
    }
    guard var input = Members(value, "input") else {
      throw BookError(description: "input is not a JSON object")
    }
    try input.refuseOthers(than: ["reference", "band", "orders"])
    reference = try Self.integerIfPresent(input.take("reference"), "reference")
    if let given = input.take("band") { band = try Self.band(given) }
    guard case .array(let list) = input.take("orders") else {
      throw BookError(description: "orders is missing or not an array")
    }
    // Bytes: what Unicode calls equal is for people, and costs more than it is worth here.
    var seen: Set<[UInt8]> = []
    for (index, value) in list.enumerated() {
      guard var order = Members(value, "orders[\(index)]") else {
        throw BookError(description: "orders[\(index)] is not an object")
      }
      guard case .text(let id) = order.take("id"), !id.isEmpty else {
        throw BookError(description: "orders[\(index)].id is missing or not a string")
      }
      guard seen.insert(Array(id.utf8)).inserted else {
        throw BookError(description: "orders[\(index)].id: \(Self.shown(id)) appears twice")
      }
      order.name += " (id \(Self.shown(id)))"
      orders.append(try Self.order(order))
      ids.append(id)
    }
  }

  /// The fields of an object, each taken once.
  private struct Members {
    private var fields: [JSONField]
    /// For messages.
    var name: String

    init?(_ value: JSONValue, _ name: String) {
      guard case .object(let fields) = value else { return nil }
      self.fields = fields
      self.name = name
    }

    /// Null counts as left out.
    mutating func take(_ field: String) -> JSONValue? {
      guard let index = fields.firstIndex(where: { $0.name.hasSameBytes(as: field) }) else {
        return nil
      }
      let value = fields.remove(at: index).value
      return value == .null ? nil : value
    }

    func refuseOthers(than known: [String]) throws(BookError) {
      for field in fields where !known.contains(where: { $0.hasSameBytes(as: field.name) }) {
        throw BookError(description: "\(name) has an unknown field \(Book.shown(field.name))")
      }
    }
  }

  /// A word from outside, on one line.
  private static func shown(_ word: String) -> String {
    "\"\(Printable.line(word, maximumBytes: 64))\""
  }

  private static func band(_ value: JSONValue) throws(BookError) -> Band {
    guard var edges = Members(value, "band") else {
      throw BookError(description: "band is not an object")
    }
    try edges.refuseOthers(than: ["lower", "upper"])
    let lower = try integer(edges.take("lower"), "band.lower")
    let upper = try integer(edges.take("upper"), "band.upper")
    guard let band = Band(lower: lower, upper: upper) else {
      throw BookError(description: "band.lower is above band.upper")
    }
    return band
  }

  private static func order(_ fields: Members) throws(BookError) -> AuctionOrder {
    var order = fields
    let name = order.name
    try order.refuseOthers(than: ["side", "type", "limit", "quantity"])
    let side: Side
    switch order.take("side") {
    case .text("buy"): side = .buy
    case .text("sell"): side = .sell
    default: throw BookError(description: "\(name).side is not \"buy\" or \"sell\"")
    }
    let quantity = try integer(order.take("quantity"), "\(name).quantity")
    switch order.take("type") {
    case .text("limit"):
      let limit = try integer(order.take("limit"), "\(name).limit")
      return AuctionOrder(side: side, type: .limit(limit), quantity: quantity)
    case .text("market"):
      guard order.take("limit") == nil else {
        throw BookError(description: "\(name).limit: a market order has no limit")
      }
      return AuctionOrder(side: side, type: .market, quantity: quantity)
    default: throw BookError(description: "\(name).type is not \"limit\" or \"market\"")
    }
  }

  private static func integerIfPresent(
    _ value: JSONValue?, _ name: String
  ) throws(BookError) -> Int64? {
    value == nil ? nil : try integer(value, name)
  }

  /// A whole number from 1 below 2^63 - 1.
  private static func integer(_ value: JSONValue?, _ name: String) throws(BookError) -> Int64 {
    guard let value else { throw BookError(description: "\(name) is missing") }
    guard case .number(let digits) = value, let integer = Int64(json: digits) else {
      throw BookError(description: "\(name) is not an integer")
    }
    guard integer > 0 else { throw BookError(description: "\(name) is not above zero") }
    guard integer < .max else { throw BookError(description: "\(name) is too large") }
    return integer
  }
}
