// A file of orders: its lines as orders, and what is wrong with a line.

internal import Client
internal import Formats
internal import Wire

/// An order and whose it is.
struct OrderLine {
  var line: Int
  var user: String
  var order: NewOrder
}

/// A line that is no order.
struct BadLine: CustomStringConvertible {
  var line: Int
  var field: String
  var reason: String

  var description: String { "line \(line), \(field): \(reason)" }
}

/// The orders of a CSV file, one after another. The same bytes always give the same orders.
struct OrderFile {
  static let header = ["user", "market", "side", "type", "limit", "quantity", "client_order_id"]

  enum Line {
    case order(OrderLine)
    case bad(BadLine)
  }

  private var reader: CSVReader
  private let markets: [String: MarketDetails]
  /// Begins the client order ids that the file does not give; with the line they are unique.
  private let idPrefix: String

  /// - Parameter name: the file's fingerprint where it is known, for the ids it does not give.
  init(
    path: String, markets: [String: MarketDetails], name: String = "0"
  ) throws(VerbFailure) {
    reader = try CSVReader(path: path)
    self.markets = markets
    idPrefix = "load-\(name.prefix(16))-"
    guard let first = try reader.next(), first.problem == nil, first.fields == Self.header else {
      throw VerbFailure(
        "line 1: the header must be \(Self.header.joined(separator: ","))",
        status: VerbFailure.badData)
    }
  }

  /// Names the content, once all lines are read: letters and digits.
  var fingerprint: String {
    String(reader.fingerprint.dropFirst("sha-256=:".count).filter { $0.isLetter || $0.isNumber })
  }

  mutating func next() throws(VerbFailure) -> Line? {
    guard let record = try reader.next() else { return nil }
    do throws(BadField) {
      return .order(try order(record))
    } catch {
      return .bad(BadLine(line: record.line, field: error.field, reason: error.reason))
    }
  }

  private struct BadField: Error {
    var field: String
    var reason: String

    init(_ field: String, _ reason: String) {
      self.field = field
      self.reason = reason
    }
  }

  private func order(_ record: CSVRecord) throws(BadField) -> OrderLine {
    if let problem = record.problem { throw BadField("record", problem) }
    let fields = record.fields
    guard fields.count == Self.header.count else {
      throw BadField("record", "\(fields.count) fields instead of \(Self.header.count)")
    }
    let user = fields[0]
    guard (1...64).contains(user.utf8.count), user.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
    else { throw BadField("user", "1 to 64 printable ASCII characters without space") }
    guard let market = markets[fields[1]] else {
      throw BadField("market", "there is no market \(fields[1].prefix(32))")
    }
    guard let side = NewOrder.Side(rawValue: fields[2]) else {
      throw BadField("side", "buy or sell")
    }
    guard let kind = NewOrder.Kind(rawValue: fields[3]) else {
      throw BadField("type", "limit or market")
    }
    guard let quantity = DecimalAmount(fields[5]), quantity.digits > 0,
      quantity.fits(decimals: market.baseDecimals)
    else {
      throw BadField("quantity", "a decimal above 0 of at most \(market.baseDecimals) places")
    }
    let id = try clientOrderID(fields[6], record.line)
    let order: NewOrder
    switch kind {
    case .market:
      guard fields[4].isEmpty else { throw BadField("limit", "a market order has none") }
      order = NewOrder(side, quantity, of: market.market, clientOrderID: id)
    case .limit:
      guard let limit = DecimalAmount(fields[4]), limit.digits > 0,
        limit.fits(decimals: market.quoteDecimals)
      else {
        throw BadField("limit", "a decimal above 0 of at most \(market.quoteDecimals) places")
      }
      order = NewOrder(side, quantity, of: market.market, at: limit, clientOrderID: id)
    }
    return OrderLine(line: record.line, user: user, order: order)
  }

  private func clientOrderID(_ text: String, _ line: Int) throws(BadField) -> String {
    if text.isEmpty { return idPrefix + String(line) }
    let isValid = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: ":"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
    guard isValid, text.utf8.count <= 36 else {
      throw BadField("client_order_id", "1 to 36 characters of A-Z a-z 0-9 . _ : -")
    }
    return text
  }
}

/// What a user's orders need, per asset in atoms.
struct FundsNeeded {
  private(set) var byUser: [String: [String: Int128]] = [:]

  /// Adds what an order locks at most, fee included; false where that is beyond 38 digits.
  mutating func add(_ line: OrderLine, _ market: MarketDetails) -> Bool {
    let order = line.order
    let asset = order.side == .buy ? market.quote : market.base
    guard
      let amount = order.side == .buy
        ? Self.cost(order, market)
        : order.quantity.atoms(decimals: market.baseDecimals)
    else { return false }
    let (sum, overflow) = byUser[line.user, default: [:]][asset, default: 0]
      .addingReportingOverflow(amount)
    if overflow { return false }
    byUser[line.user, default: [:]][asset] = sum
    return true
  }

  /// Quote atoms, rounded up, with the fee, rounded up; nil where that is beyond 38 digits. The
  /// numbers are the file's and the server's, so no step may overflow.
  private static func cost(_ order: NewOrder, _ market: MarketDetails) -> Int128? {
    // A market buy is locked at the band's upper edge when it comes, which may have moved: twice
    // today's.
    var marketPrice: DecimalAmount?
    if let upper = market.band?.upper {
      let (twice, overflow) = upper.digits.multipliedReportingOverflow(by: 2)
      if overflow { return nil }
      marketPrice = DecimalAmount(atoms: twice, decimals: upper.scale)
    }
    guard let price = order.price ?? marketPrice ?? market.reference else { return 0 }
    var (product, overflow) = price.digits.multipliedReportingOverflow(by: order.quantity.digits)
    if overflow { return nil }
    var scale = price.scale + order.quantity.scale
    while scale < market.quoteDecimals {
      (product, overflow) = product.multipliedReportingOverflow(by: 10)
      if overflow { return nil }
      scale += 1
    }
    while scale > market.quoteDecimals {
      product = roundedUp(product, over: 10)
      scale -= 1
    }
    let (fee, feeOverflow) = product.multipliedReportingOverflow(
      by: Int128(market.buyFeeBasisPoints))
    if feeOverflow { return nil }
    let (sum, sumOverflow) = product.addingReportingOverflow(roundedUp(fee, over: 10_000))
    return sumOverflow ? nil : sum
  }

  private static func roundedUp(_ value: Int128, over divisor: Int128) -> Int128 {
    let (quotient, rest) = value.quotientAndRemainder(dividingBy: divisor)
    return rest > 0 ? quotient + 1 : quotient
  }
}
