// Orders on the wire: what is asked, what is answered, how an order stands.

public import Formats

/// An order to place. Sending the same one again, under the same client order id, is safe: it gets
/// the first answer.
public struct NewOrder: Codable, Sendable, Equatable {
  public enum Side: String, JSONChoice { case buy, sell }
  /// `market`: at any price, in the next auction only.
  public enum Kind: String, JSONChoice { case limit, market }
  public enum TimeInForce: String, JSONChoice {
    /// Until executed or cancelled.
    case gtc
    /// Until `expiresAt`.
    case gtd
    /// The next auction only.
    case auction
  }

  public var market: String
  public var side: Side
  public var type: Kind
  public var timeInForce: TimeInForce
  /// Quote per whole base coin, a multiple of the tick; nil for a market order.
  public var price: DecimalAmount?
  /// Base coins, a multiple of the lot.
  public var quantity: DecimalAmount
  public var expiresAt: Timestamp?
  /// 1 to 36 characters of `A-Z a-z 0-9 . _ : -`.
  public var clientOrderID: String
  /// Wishes that a call auction does not keep: an order with one is refused as what it asks for.
  public var fillOrKill: Bool?
  public var minimumQuantity: DecimalAmount?

  /// A limit order.
  public init(
    _ side: Side, _ quantity: DecimalAmount, of market: String, at price: DecimalAmount,
    timeInForce: TimeInForce = .gtc, expiresAt: Timestamp? = nil, clientOrderID: String
  ) {
    self.market = market
    self.side = side
    type = .limit
    self.timeInForce = timeInForce
    self.price = price
    self.quantity = quantity
    self.expiresAt = expiresAt
    self.clientOrderID = clientOrderID
  }

  /// A market order.
  public init(
    _ side: Side, _ quantity: DecimalAmount, of market: String, clientOrderID: String
  ) {
    self.market = market
    self.side = side
    type = .market
    timeInForce = .auction
    price = nil
    self.quantity = quantity
    expiresAt = nil
    self.clientOrderID = clientOrderID
  }

  private enum CodingKeys: String, CodingKey {
    case market, side, type, price, quantity
    case timeInForce = "time_in_force"
    case expiresAt = "expires_at"
    case clientOrderID = "client_order_id"
    case fillOrKill = "fill_or_kill"
    case minimumQuantity = "minimum_quantity"
  }
}

extension NewOrder {
  /// What `time_in_force` may say: fill-or-kill is known by name, so that it is refused as what it
  /// is.
  private enum TimeWish: String, JSONChoice {
    case gtc, gtd, auction, fok
    case fillOrKill = "fill_or_kill"

    static var expectation: String { TimeInForce.expectation }
    static var form: JSONTextForm { TimeInForce.form }
  }

  /// Left out, `type` is `limit`, and `time_in_force` what the type is for.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    market = try container.decode(String.self, forKey: .market)
    side = try container.decode(Side.self, forKey: .side)
    type = try container.decodeIfPresent(Kind.self, forKey: .type) ?? .limit
    let wish = try container.decodeIfPresent(TimeWish.self, forKey: .timeInForce)
    timeInForce =
      wish.map { TimeInForce(rawValue: $0.rawValue) ?? .auction }
      ?? (type == .limit ? .gtc : .auction)
    price = try container.decodeIfPresent(DecimalAmount.self, forKey: .price)
    quantity = try container.decode(DecimalAmount.self, forKey: .quantity)
    expiresAt = try container.decodeIfPresent(Timestamp.self, forKey: .expiresAt)
    clientOrderID = try container.decode(String.self, forKey: .clientOrderID)
    fillOrKill = try container.decodeIfPresent(Bool.self, forKey: .fillOrKill)
    if wish == .fok || wish == .fillOrKill { fillOrKill = true }
    minimumQuantity = try container.decodeIfPresent(DecimalAmount.self, forKey: .minimumQuantity)
  }
}

/// The answer to an order that was accepted.
public struct AcceptedOrder: Codable, Sendable, Equatable {
  public var orderID: String
  public var clientOrderID: String
  /// Of a repeated order: when it was accepted first.
  public var acceptedAt: Timestamp
  /// Whether this client order id had its answer before.
  public var repeated: Bool

  public init(orderID: String, clientOrderID: String, acceptedAt: Timestamp, repeated: Bool) {
    self.orderID = orderID
    self.clientOrderID = clientOrderID
    self.acceptedAt = acceptedAt
    self.repeated = repeated
  }

  private enum CodingKeys: String, CodingKey {
    case repeated
    case orderID = "order_id"
    case clientOrderID = "client_order_id"
    case acceptedAt = "accepted_at"
  }
}

/// Why one order of a batch was refused.
public struct OrderRefusal: Codable, Sendable, Equatable {
  public var code: String
  public var message: String

  public init(code: String, message: String) {
    self.code = code
    self.message = message
  }
}

/// An order of a batch that was refused.
public struct RefusedOrder: Codable, Sendable, Equatable {
  public var clientOrderID: String
  public var error: OrderRefusal

  public init(clientOrderID: String, error: OrderRefusal) {
    self.clientOrderID = clientOrderID
    self.error = error
  }

  private enum CodingKeys: String, CodingKey {
    case error
    case clientOrderID = "client_order_id"
  }
}

/// What became of one order of a batch.
public enum OrderOutcome: Codable, Sendable, Equatable {
  case accepted(AcceptedOrder)
  case refused(RefusedOrder)

  private enum CodingKeys: String, CodingKey { case error }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self =
      container.contains(.error)
      ? .refused(try RefusedOrder(from: decoder)) : .accepted(try AcceptedOrder(from: decoder))
  }

  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .accepted(let order): try order.encode(to: encoder)
    case .refused(let order): try order.encode(to: encoder)
    }
  }
}

extension OrderOutcome: JSONUnion {
  package static var alternatives: [any Decodable.Type] {
    [AcceptedOrder.self, RefusedOrder.self]
  }
}

/// The body and the answer of `POST /v1/orders/batch`, in the same order.
public struct OrderBatch: Codable, Sendable, Equatable {
  /// Orders of one batch at most: with 300 bytes each they fit into its body.
  public static let maximumOrders = 1_000

  public var orders: [NewOrder]

  public init(orders: [NewOrder]) { self.orders = orders }

  /// The list is counted before anything of it is read.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    var list = try container.nestedUnkeyedContainer(forKey: .orders)
    let count = list.count ?? 0
    guard (1...Self.maximumOrders).contains(count) else {
      throw JSONError("a batch has 1 to \(Self.maximumOrders) orders")
    }
    orders = []
    orders.reserveCapacity(count)
    while !list.isAtEnd { orders.append(try list.decode(NewOrder.self)) }
  }

  private enum CodingKeys: String, CodingKey { case orders }
}

public struct OrderOutcomes: Codable, Sendable, Equatable {
  public var outcomes: [OrderOutcome]

  public init(outcomes: [OrderOutcome]) { self.outcomes = outcomes }
}

/// How an order stands, as its owner sees it.
public struct OrderDetails: Codable, Sendable, Equatable {
  public enum Status: String, JSONChoice {
    case open, executed, cancelled, expired
  }

  public var orderID: String
  public var clientOrderID: String
  public var market: String
  public var side: NewOrder.Side
  public var type: NewOrder.Kind
  public var timeInForce: NewOrder.TimeInForce
  public var status: Status
  /// Nil for a market order.
  @Nullable public var price: DecimalAmount?
  /// The total; while open `quantity - executedQuantity` rests.
  public var quantity: DecimalAmount
  public var executedQuantity: DecimalAmount
  /// Quote traded and charged so far.
  public var executedAmount: DecimalAmount
  public var feePaid: DecimalAmount
  @Nullable public var expiresAt: Timestamp?
  public var acceptedAt: Timestamp

  package init(
    orderID: String, clientOrderID: String, market: String, side: NewOrder.Side,
    type: NewOrder.Kind, timeInForce: NewOrder.TimeInForce, status: Status, price: DecimalAmount?,
    quantity: DecimalAmount, executedQuantity: DecimalAmount, executedAmount: DecimalAmount,
    feePaid: DecimalAmount, expiresAt: Timestamp?, acceptedAt: Timestamp
  ) {
    self.orderID = orderID
    self.clientOrderID = clientOrderID
    self.market = market
    self.side = side
    self.type = type
    self.timeInForce = timeInForce
    self.status = status
    self.price = price
    self.quantity = quantity
    self.executedQuantity = executedQuantity
    self.executedAmount = executedAmount
    self.feePaid = feePaid
    self.expiresAt = expiresAt
    self.acceptedAt = acceptedAt
  }

  private enum CodingKeys: String, CodingKey {
    case market, side, type, status, price, quantity
    case orderID = "order_id"
    case clientOrderID = "client_order_id"
    case timeInForce = "time_in_force"
    case executedQuantity = "executed_quantity"
    case executedAmount = "executed_amount"
    case feePaid = "fee_paid"
    case expiresAt = "expires_at"
    case acceptedAt = "accepted_at"
  }
}

/// A page of orders; `next` goes into `after` of the next request, nil at the end.
public struct OrderPage: Codable, Sendable, Equatable {
  public var orders: [OrderDetails]
  @Nullable public var next: String?

  public init(orders: [OrderDetails], next: String?) {
    self.orders = orders
    self.next = next
  }
}

/// A new limit, a new total quantity, or both; both absolute, so that sending it twice does no
/// harm.
public struct OrderAmendment: Codable, Sendable, Equatable {
  public var price: DecimalAmount?
  /// The total, executed lots included.
  public var quantity: DecimalAmount?

  public init(price: DecimalAmount? = nil, quantity: DecimalAmount? = nil) {
    self.price = price
    self.quantity = quantity
  }
}

public struct AmendedOrder: Codable, Sendable, Equatable {
  public var orderID: String
  /// Whether the order went to the end of its queue: another price or more quantity.
  public var lostPriority: Bool
  public var amendedAt: Timestamp

  public init(orderID: String, lostPriority: Bool, amendedAt: Timestamp) {
    self.orderID = orderID
    self.lostPriority = lostPriority
    self.amendedAt = amendedAt
  }

  private enum CodingKeys: String, CodingKey {
    case orderID = "order_id"
    case lostPriority = "lost_priority"
    case amendedAt = "amended_at"
  }
}

public struct CancelledOrder: Codable, Sendable, Equatable {
  public var orderID: String
  /// What had not been executed.
  public var cancelledQuantity: DecimalAmount
  public var cancelledAt: Timestamp

  public init(orderID: String, cancelledQuantity: DecimalAmount, cancelledAt: Timestamp) {
    self.orderID = orderID
    self.cancelledQuantity = cancelledQuantity
    self.cancelledAt = cancelledAt
  }

  private enum CodingKeys: String, CodingKey {
    case orderID = "order_id"
    case cancelledQuantity = "cancelled_quantity"
    case cancelledAt = "cancelled_at"
  }
}

public struct CancelledOrders: Codable, Sendable, Equatable {
  public var cancelledOrders: Int
  public var cancelledAt: Timestamp

  public init(cancelledOrders: Int, cancelledAt: Timestamp) {
    self.cancelledOrders = cancelledOrders
    self.cancelledAt = cancelledAt
  }

  private enum CodingKeys: String, CodingKey {
    case cancelledOrders = "cancelled_orders"
    case cancelledAt = "cancelled_at"
  }
}
