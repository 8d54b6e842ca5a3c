// What hostile commands cannot do: stop the process, make money, or leave a lock behind.

import Auction
import Testing

@testable import Engine

@Suite struct ExtremeTests {
  static let seeds: [UInt64] = Array(1...12)

  @Test(arguments: seeds, [UInt32(1), 2, 3])
  func noCommandStopsTheEngine(seed: UInt64, rules: UInt32) throws {
    var engine = ExtremeSource.venue()
    for version in 1..<rules { engine.apply(.venue(.activateRules(version: version + 1))) }
    var source = ExtremeSource(seed: seed, endsTime: seed % 4 == 0)
    var audit = Audit(engine)
    var (accepted, cleared) = (0, 0)
    for step in 0..<3_000 {
      let command = Self.spoken(source.next(engine), under: rules)
      let reply = engine.apply(command)
      if case .order(.place) = command {
        source.learn(reply)
        accepted += reply.rejection == nil ? 1 : 0
      }
      if engine.effects.tape.last?.auction?.status == .cleared { cleared += 1 }
      audit.check(engine, seed: seed, step: step)
      engine.effects.removeAll()
      if step % 64 == 0 { try read(engine, seed, step) }
    }
    #expect(accepted > 100, "seed \(seed): too few orders to mean anything, \(accepted)")
    let paid = audit.withdrawals.count { $0.status == .confirmed }
    // Where time ends there may be none left to be paid in.
    #expect(
      paid > 0 || seed % 4 == 0,
      "seed \(seed): no withdrawal was paid, of \(audit.withdrawals.count)")
    #expect(cleared > (seed % 4 == 0 ? 0 : 2), "seed \(seed): too few auctions, \(cleared)")
  }

  /// The source's operators have no keys: since rules 2 the venue speaks for them.
  static func spoken(_ command: Command, under rules: UInt32) -> Command {
    switch command {
    case .operation(let action, let authority) where rules > 1 && authority.key == nil:
      .operation(action, by: Authority(user: 0, reason: authority.reason))
    case .venue(.activateRules(let version)) where version == rules + 1:
      .venue(.activateRules(version: 9))
    default: command
    }
  }

  /// Readers ask for everything, and the state goes through its bytes.
  private func read(_ engine: borrowing AuctionEngine, _ seed: UInt64, _ step: Int) throws {
    _ = (engine.dueRuns(at: engine.time), engine.nextDue, engine.directory())
    for market in 0..<engine.marketCount {
      let id = MarketID(market)
      _ = (engine.marketView(id), engine.indicative(id), engine.book(id, depth: 10))
    }
    let bytes = Venue.snapshot(engine)
    let restored = try AuctionEngine(restoring: bytes)
    #expect(Venue.snapshot(restored) == bytes, "seed \(seed), step \(step)")
  }

  /// A sell far below the band trades at its edge, run after run: what it earned would overflow.
  @Test func whatASellEarnsInManyRunsIsBounded() {
    var engine = ExtremeSource.venue()
    func terms(_ interval: Int64) -> MarketTerms {
      MarketTerms(
        intervalMilliseconds: interval, bandBasisPoints: 1, buyFeeBasisPoints: 0,
        sellFeeBasisPoints: 10_000, minimumNotional: 0)
    }
    engine.apply(.operation(.changeMarket(MarketChange(market: 2, terms: terms(10))), by: .venue))
    engine.apply(
      .operation(.setReference(market: 2, priceTicks: Bounds.maximumPriceTicks), by: .venue))
    func order(_ user: UserID, _ side: Side, _ lots: Int64, _ ticks: Int64) -> PlaceOrder {
      PlaceOrder(
        user: user, market: 2, side: side, limitTicks: ticks, lots: lots,
        clientOrderID: Venue.identifier("o-\(engine.commandCount)"))
    }
    // 2^13 lots x 2^50 ticks x (2^63 - 1) stay below 2^126.
    let more = engine.apply(.order(.place(order(2, .sell, 8_193, 1))))
    #expect(more.rejection == .notionalTooLarge)
    let sell = engine.apply(.order(.place(order(2, .sell, 8_192, 1))))
    #expect(engine.amend(2, sell.id, lots: 8_193).rejection == .notionalTooLarge)
    var run = 0
    while engine.status(sell) == .open, run < 2_500 {
      run += 1
      // What the venue took in fees comes back to the buyer.
      let taken = engine.balance(0, 2).free
      if taken > 0 {
        engine.apply(Venue.fund(0, 2, -taken, "take-\(run)"))
        engine.apply(Venue.fund(3, 2, taken, "give-\(run)"))
      }
      engine.apply(
        .operation(.setReference(market: 2, priceTicks: Bounds.maximumPriceTicks), by: .venue))
      engine.apply(.order(.place(order(3, .buy, 7, Bounds.maximumPriceTicks))))
      engine.apply(.schedule(.advanceTime(engine.time + 10_000)))
      #expect(
        engine.apply(.schedule(.runAuction(market: 2, slot: engine.time / 10_000))).outcome
          == .ran(trades: 1))
      engine.effects.removeAll()
    }
    #expect(run == 1_171 && engine.executed(sell) == 8_192)
    let notional = engine.order(sell.id)?.notional ?? 0
    #expect(notional > 1 << 125 && notional < 1 << 126)
  }

  /// Credited, taken out, clawed back, and funded anew: what others hold would overflow.
  @Test func theVenuesLossIsBounded() {
    var engine = ExtremeSource.venue()
    let amount: Int128 = 1 << 117
    var refused: Int64?
    for number in Int64(1)...1_100 {
      engine.apply(
        .deposit(
          .credit(DepositCredit(chain: 0, number: number, user: 2, asset: 0, amount: amount))))
      engine.apply(Venue.fund(2, 0, -engine.balance(2, 0).free, "out-\(number)"))
      let clawback = DepositClawback(
        chain: 0, number: number, credit: number, user: 2, asset: 0, amount: amount)
      if let rejection = engine.apply(.deposit(.clawBack(clawback))).rejection {
        #expect(rejection == .supplyTooLarge)
        refused = number
        break
      }
      engine.apply(Venue.fund(3, 0, amount, "in-\(number)"))
    }
    #expect(refused == 8, "seven times 2^117 are below 2^120")
    #expect(engine.balance(Bounds.lossAccount, 0).free == -7 * amount)
    engine.accounts.checkConservation()
  }

  /// As many orders of the most lots as a side may have: 2^60 lots, which still fit a level's sum.
  @Test func aFullSideIsSummedAndRefusesMore() {
    var engine = Scene.make()
    let lots = Bounds.maximumLots
    for user in UserID(6)..<111 {
      engine.apply(.operation(.registerUser(name: "user-\(user)"), by: .venue))
      let id = engine.apply(Venue.fund(user, Scene.coin, Int128(lots) * 10_000, "f-\(user)")).id
      #expect(
        engine.apply(
          .operation(.approveAdjustment(AdjustmentApproval(id: id)), by: Authority(user: 2))
        ).rejection == nil)
    }
    var order = PlaceOrder(
      user: 6, market: 0, side: .sell, limitTicks: 100, lots: lots,
      clientOrderID: Venue.identifier("x"))
    for number in 0..<Bounds.maximumOrdersOfSide {
      order.user = 6 + UserID(number / 10_000)
      order.clientOrderID = ClientOrderID(words: (UInt64(number) | 1 << 63, 0, 0, 0, 0))
      precondition(
        engine.apply(.order(.place(order))).rejection == nil, "order \(number) was refused")
      engine.effects.removeAll()
    }
    #expect(engine.place(2, .sell, 1, at: 100).rejection == .bookFull)
    #expect(engine.place(2, .sell, 1).rejection == .bookFull)
    #expect(engine.book(0, depth: 2).sells == [PriceLevel(price: 100, quantity: 1 << 60)])
    _ = engine.place(2, .buy, 1_000, at: 100)
    let run = engine.runNext()
    #expect(run.volumeLots == 1_000 && run.surplusLots == 1_000 - 1 << 60)
  }
}
