// Orders and auctions that break many rules.

import Auction
import Testing

@testable import Engine

enum OrderLadders {
  static func climb() -> [Ladder] {
    [placing(), placingAtAnyPrice(), amending(), cancelling(), cancellingAll()] + running()
  }

  private static func changeTerms(
    _ engine: inout AuctionEngine, _ change: (inout MarketTerms) -> Void
  ) {
    var terms = PrecedenceScene.terms
    change(&terms)
    engine.must(.changeMarket(MarketChange(market: 0, terms: terms)))
  }

  private static func buy(
    _ id: String, _ user: UserID = 2, _ side: Side = .buy, lots: Int64 = 2, at ticks: Int64 = 1
  ) -> PlaceOrder {
    PlaceOrder(
      user: user, market: 0, side: side, limitTicks: ticks, lots: lots,
      clientOrderID: Venue.identifier(id))
  }

  private static func placing() -> Ladder {
    var engine = PrecedenceScene.orders()
    var ladder = Ladder(.placeOrder)
    for number in 0..<20 {
      let reply = engine.apply(.order(.place(buy("m-\(number)"))))
      engine.must(.order(.cancel(CancelOrder(user: 2, order: reply.id))))
    }
    rememberAsManyAsMayBe(of: 2, &engine)
    engine.fund(2, Scene.usd, -1 << 60)
    engine.must(.setFrozen(user: 2, frozen: true))
    engine.must(.suspendMarket(0))
    var order = PlaceOrder(
      user: 99, market: 9, side: .buy, timeInForce: .goodTilDate, limitTicks: 0, lots: 0,
      expiry: 0, clientOrderID: Venue.identifier("m-0"))
    // An id each: it stands for one request.
    func step(
      _ engine: inout AuctionEngine, _ rejection: Rejection, id: String? = nil
    ) {
      order.clientOrderID = Venue.identifier(id ?? "step-\(ladder.answers.count)")
      ladder.step(&engine, .order(.place(order)), rejection)
    }
    step(&engine, .unknownUser, id: "m-0")
    order.user = 2
    step(&engine, .duplicateClientOrderID, id: "m-0")
    step(&engine, .tooManyRememberedOrders)
    engine.pass(Bounds.rememberedAtLeast + Scene.second + 1)
    useUpStock(of: 2, &engine)
    step(&engine, .orderAllowanceUsed)
    engine.must(.setOrderTerms(OrderTerms(allowance: nil)))
    step(&engine, .userFrozen)
    engine.must(.setFrozen(user: 2, frozen: false))
    step(&engine, .unknownMarket)
    order.market = 0
    step(&engine, .marketSuspended)
    engine.must(.resumeMarket(0))
    step(&engine, .quantityOutOfRange)
    order.lots = Bounds.maximumLots
    step(&engine, .limitMissing)
    order.limitTicks = -1
    step(&engine, .priceOutOfRange)
    order.limitTicks = Bounds.maximumPriceTicks
    for id in ["own-1", "own-2"] { engine.must(.order(.place(buy(id, 2, .sell)))) }
    step(&engine, .expiryMissing)
    order.expiry = 5
    step(&engine, .expiryPassed)
    order.expiry = .max
    step(&engine, .tooManyOpenOrders)
    changeTerms(&engine) { $0.maximumOpenOrders = 3 }
    step(&engine, .selfTrade)
    engine.must(.order(.cancelAll(user: 2, market: nil)))
    step(&engine, .notionalTooLarge)
    (order.limitTicks, order.lots) = (1, 1)
    step(&engine, .insufficientFunds)
    engine.fund(2, Scene.usd, 1 << 60)
    step(&engine, .notionalTooSmall)
    order.lots = 2
    order.clientOrderID = Venue.identifier("good")
    engine.must(.order(.place(order)))
    return ladder
  }

  /// No API lets in so many within five minutes.
  private static func rememberAsManyAsMayBe(of user: UserID, _ engine: inout AuctionEngine) {
    engine.must(.setOrderTerms(OrderTerms(rememberedOrders: 1, allowance: nil)))
    var number: UInt64 = 0
    engine.memory.placesOfUser = 100
    while engine.memory.users[Int(user)].count < engine.memory.placesOfUser {
      number += 1
      _ = engine.churn(user, number, lots: 2, at: 1)
      engine.effects.removeAll()
    }
    engine.must(.order(.place(buy("others", 3))))
    engine.must(.order(.cancelAll(user: 3, market: nil)))
  }

  private static func useUpStock(of user: UserID, _ engine: inout AuctionEngine) {
    engine.must(
      .setOrderTerms(OrderTerms(allowance: OrderAllowance(freePerDay: 1, perTrade: 0))))
    engine.users[Int(user)].stock = OrderStock(orders: 0, countedTo: engine.time)
  }

  private static func placingAtAnyPrice() -> Ladder {
    var engine = PrecedenceScene.orders()
    var ladder = Ladder(.placeOrder)
    var order = PlaceOrder(
      user: 2, market: 0, side: .buy, type: .market, limitTicks: 5, lots: 0, expiry: 5,
      clientOrderID: Venue.identifier("any"))
    func step(_ engine: inout AuctionEngine, _ rejection: Rejection) {
      order.clientOrderID = Venue.identifier("step-\(ladder.answers.count)")
      ladder.step(&engine, .order(.place(order)), rejection)
    }
    step(&engine, .quantityOutOfRange)
    order.lots = 2
    step(&engine, .limitNotAllowed)
    order.limitTicks = 0
    step(&engine, .timeInForceNotAllowed)
    order.timeInForce = .auction
    step(&engine, .noReferencePrice)
    engine.must(.setReference(market: 0, priceTicks: 4))
    step(&engine, .marketOrdersNotOffered)
    changeTerms(&engine) { $0.bandBasisPoints = 5_000 }
    step(&engine, .expiryNotAllowed)
    return ladder
  }

  /// A market with a band and the reference 4, in which user 2 has an order at any price, and one
  /// of 10 lots of which 4 are executed.
  private static func trade(_ engine: inout AuctionEngine) -> (market: OrderID, limit: OrderID) {
    changeTerms(&engine) { ($0.bandBasisPoints, $0.maximumOpenOrders) = (5_000, 9) }
    let limit = engine.apply(.order(.place(buy("part", lots: 10, at: 4))))
    engine.must(.order(.place(buy("other", 3, .sell, lots: 4, at: 4))))
    engine.pass(Scene.second)
    engine.must(.schedule(.runAuction(market: 0, slot: engine.time / Scene.second)))
    let market = engine.apply(
      .order(
        .place(
          PlaceOrder(
            user: 2, market: 0, side: .buy, type: .market, timeInForce: .auction, limitTicks: 0,
            lots: 1, clientOrderID: Venue.identifier("any")))))
    precondition(market.rejection == nil && engine.executed(limit) == 4, "\(market)")
    return (market.id, limit.id)
  }

  private static func amending() -> Ladder {
    var ladder = Ladder(.amendOrder)
    var engine = PrecedenceScene.orders()
    let (market, limit) = trade(&engine)
    let finished = engine.apply(.order(.place(buy("finished"))))
    engine.must(.order(.cancel(CancelOrder(user: 2, order: finished.id))))
    engine.must(.suspendMarket(0))
    // No command leaves a frozen user an order; a snapshot of before could.
    engine.users[2].isFrozen = true
    var amendment = AmendOrder(user: 3, order: finished.id, limitTicks: -1, lots: -1)
    func step(_ engine: inout AuctionEngine, _ rejection: Rejection) {
      ladder.step(&engine, .order(.amend(amendment)), rejection)
    }
    step(&engine, .orderNotFound)
    amendment.user = 2
    step(&engine, .orderFinished)
    amendment.order = market
    step(&engine, .userFrozen)
    engine.users[2].isFrozen = false
    step(&engine, .marketSuspended)
    engine.must(.resumeMarket(0))
    step(&engine, .marketOrderNotAmendable)
    amendment.order = limit
    step(&engine, .priceOutOfRange)
    amendment.limitTicks = Bounds.maximumPriceTicks
    step(&engine, .quantityOutOfRange)
    amendment.lots = 4
    engine.must(.order(.cancel(CancelOrder(user: 2, order: market))))
    let own = engine.apply(.order(.place(buy("own", 2, .sell, at: 5))))
    step(&engine, .quantityAlreadyExecuted)
    amendment.lots = Bounds.maximumLots
    step(&engine, .selfTrade)
    engine.must(.order(.cancel(CancelOrder(user: 2, order: own.id))))
    step(&engine, .notionalTooLarge)
    (amendment.limitTicks, amendment.lots) = (1, 5)
    changeTerms(&engine) { ($0.bandBasisPoints, $0.minimumNotional) = (5_000, 1 << 100) }
    step(&engine, .notionalTooSmall)
    changeTerms(&engine) { $0.bandBasisPoints = 5_000 }
    (amendment.limitTicks, amendment.lots) = (1 << 30, 20)
    step(&engine, .insufficientFunds)
    amendment.limitTicks = 5
    useUpStock(of: 2, &engine)
    step(&engine, .orderAllowanceUsed)
    engine.must(.setOrderTerms(OrderTerms()))
    engine.pass(Scene.second)
    engine.must(.order(.amend(amendment)))
    return ladder
  }

  private static func cancelling() -> Ladder {
    var engine = PrecedenceScene.orders()
    var ladder = Ladder(.cancelOrder)
    let order = engine.apply(.order(.place(buy("a"))))
    engine.must(.order(.cancel(CancelOrder(user: 2, order: order.id))))
    ladder.step(
      &engine, .order(.cancel(CancelOrder(user: 3, order: order.id))), .orderNotFound)
    ladder.step(
      &engine, .order(.cancel(CancelOrder(user: 2, order: order.id))), .orderFinished)
    return ladder
  }

  private static func cancellingAll() -> Ladder {
    var engine = PrecedenceScene.orders()
    var ladder = Ladder(.cancelAllOrders)
    ladder.step(&engine, .order(.cancelAll(user: 99, market: 9)), .unknownUser)
    ladder.step(&engine, .order(.cancelAll(user: 2, market: 9)), .unknownMarket)
    return ladder
  }

  private static func running() -> [Ladder] {
    [(Int64.min, Rejection.slotAlreadyRun), (.max, .slotInFuture)].map { slot, end in
      var engine = PrecedenceScene.orders()
      var ladder = Ladder(.runAuction)
      engine.must(.suspendMarket(0))
      ladder.step(&engine, .schedule(.runAuction(market: 9, slot: slot)), .unknownMarket)
      ladder.step(&engine, .schedule(.runAuction(market: 0, slot: slot)), .marketSuspended)
      engine.must(.resumeMarket(0))
      ladder.step(&engine, .schedule(.runAuction(market: 0, slot: slot)), end)
      return ladder
    }
  }
}
