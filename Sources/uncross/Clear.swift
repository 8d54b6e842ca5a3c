// `uncross clear`: any auction, checked by anyone: a book as JSON on stdin, the outcome on stdout.

internal import ArgumentParser
internal import Auction
internal import Foundation

struct Clear: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compute the outcome of one auction by rule CALL-1.",
    discussion: """
      Reads a book from standard input; array order is time order, prices are ticks, quantities lots:

        echo '{"reference": 100, "band": {"lower": 90, "upper": 110}, "orders": [
          {"id": "a", "side": "buy", "type": "limit", "limit": 101, "quantity": 5},
          {"id": "b", "side": "sell", "type": "limit", "limit": 99, "quantity": 3}]}' | uncross clear

      Without a reference write null; without a band no price is excluded. A market order has no limit.
      Bad input: exit status 65 and one line that says which field of which order.
      """)

  func run() throws {
    do throws(BookError) {
      let book = try Book(json: FileHandle.standardInput.readDataToEndOfFile())
      let outcome = CallAuction.run(
        orders: book.orders, reference: book.reference, band: book.band)
      print(Self.render(outcome, book.ids))
    } catch {
      FileHandle.standardError.write(Data("uncross clear: \(error.description)\n".utf8))
      throw ExitCode(65)
    }
  }

  /// Keys in a fixed order and integers as they are, so that two outputs compare as text.
  static func render(_ outcome: AuctionOutcome, _ ids: [String]) -> String {
    let clearing = outcome.clearing
    let isCleared = clearing.status == .cleared
    let fills = outcome.fills.enumerated().filter { $0.element > 0 }
      .map { "{\"id\": \(quote(ids[$0.offset])), \"quantity\": \($0.element)}" }
    let trades = outcome.trades.map {
      "{\"buy\": \(quote(ids[$0.buy])), \"sell\": \(quote(ids[$0.sell])), \"quantity\": \($0.quantity)}"
    }
    let ladder = outcome.ladder.map {
      "{\"price\": \($0.price), \"buy\": \($0.demand), \"sell\": \($0.supply)}"
    }
    func list(_ rows: [String]) -> String {
      rows.isEmpty ? "[]" : "[\n    \(rows.joined(separator: ",\n    "))\n  ]"
    }
    return """
      {
        "status": "\(clearing.status.name)",
        "price": \(isCleared ? "\(clearing.price)" : "null"),
        "volume": \(clearing.volume),
        "surplus": \(clearing.surplus),
        "fills": \(list(fills)),
        "trades": \(list(trades)),
        "ladder": \(list(ladder))
      }
      """
  }

  private static func quote(_ text: String) -> String {
    guard let data = try? JSONSerialization.data(withJSONObject: text, options: .fragmentsAllowed)
    else { preconditionFailure("every string has a JSON form") }
    return String(decoding: data, as: UTF8.self)
  }
}

/// What is wrong with a book, in one line.
struct BookError: Error { var description: String }

/// The input of `uncross clear`, parsed once; what is in it is valid.
struct Book {
  private(set) var reference: Int64?
  private(set) var band: Band?
  private(set) var orders: [AuctionOrder] = []
  private(set) var ids: [String] = []

  init(json: Data) throws(BookError) {
    let value: Any
    do {
      value = try JSONSerialization.jsonObject(with: json)
    } catch {
      throw BookError(description: "input is not JSON")
    }
    guard let object = value as? [String: Any] else {
      throw BookError(description: "input is not a JSON object")
    }
    try Self.refuseOthers(object, ["reference", "band", "orders"], "input")
    reference = try Self.optionalInteger(object["reference"], "reference")
    if let given = object["band"], !(given is NSNull) {
      guard let edges = given as? [String: Any] else {
        throw BookError(description: "band is not an object")
      }
      try Self.refuseOthers(edges, ["lower", "upper"], "band")
      let lower = try Self.integer(edges["lower"], "band.lower")
      let upper = try Self.integer(edges["upper"], "band.upper")
      guard let band = Band(lower: lower, upper: upper) else {
        throw BookError(description: "band.lower is above band.upper")
      }
      self.band = band
    }
    guard let list = object["orders"] as? [Any] else {
      throw BookError(description: "orders is missing or not an array")
    }
    var seen: Set<String> = []
    for (index, value) in list.enumerated() {
      guard let order = value as? [String: Any] else {
        throw BookError(description: "orders[\(index)] is not an object")
      }
      guard let id = order["id"] as? String, !id.isEmpty else {
        throw BookError(description: "orders[\(index)].id is missing or not a string")
      }
      guard seen.insert(id).inserted else {
        throw BookError(description: "orders[\(index)].id: \"\(id)\" appears twice")
      }
      orders.append(try Self.order(order, "orders[\(index)] (id \"\(id)\")"))
      ids.append(id)
    }
  }

  private static func order(_ order: [String: Any], _ name: String) throws(BookError)
    -> AuctionOrder
  {
    try refuseOthers(order, ["id", "side", "type", "limit", "quantity"], name)
    let side: Side
    switch order["side"] as? String {
    case "buy"?: side = .buy
    case "sell"?: side = .sell
    default: throw BookError(description: "\(name).side is not \"buy\" or \"sell\"")
    }
    let quantity = try integer(order["quantity"], "\(name).quantity")
    switch order["type"] as? String {
    case "limit"?:
      let limit = try integer(order["limit"], "\(name).limit")
      return AuctionOrder(side: side, type: .limit(limit), quantity: quantity)
    case "market"?:
      guard order["limit"] == nil || order["limit"] is NSNull else {
        throw BookError(description: "\(name).limit: a market order has no limit")
      }
      return AuctionOrder(side: side, type: .market, quantity: quantity)
    default: throw BookError(description: "\(name).type is not \"limit\" or \"market\"")
    }
  }

  private static func refuseOthers(
    _ object: [String: Any], _ known: Set<String>, _ name: String
  ) throws(BookError) {
    // Sorted, so that the same input gives the same line.
    if let other = object.keys.sorted().first(where: { !known.contains($0) }) {
      throw BookError(description: "\(name) has an unknown field \"\(other)\"")
    }
  }

  private static func optionalInteger(_ value: Any?, _ name: String) throws(BookError) -> Int64? {
    value == nil || value is NSNull ? nil : try integer(value, name)
  }

  /// A whole number from 1 below 2^63 - 1.
  private static func integer(_ value: Any?, _ name: String) throws(BookError) -> Int64 {
    guard let value, !(value is NSNull) else { throw BookError(description: "\(name) is missing") }
    guard let number = value as? NSNumber, !isBoolean(number),
      let integer = Int64(number.stringValue)
    else { throw BookError(description: "\(name) is not an integer") }
    guard integer > 0 else { throw BookError(description: "\(name) is not above zero") }
    guard integer < .max else { throw BookError(description: "\(name) is too large") }
    return integer
  }

  private static func isBoolean(_ number: NSNumber) -> Bool { number.objCType.pointee == 99 }
}
