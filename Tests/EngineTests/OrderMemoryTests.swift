// What is remembered of orders since rules 3: for how long, at whose cost, in how many bytes.

import Auction
import Testing

@testable import Engine

@Suite struct OrderMemoryTests {
  private let minute = MemoryScene.minute

  // MARK: Nobody is refused for what is remembered

  /// The attack that filled the venue: refused orders at the permitted rate. The bounds that rules
  /// 2 kept are set so low that the first second would pass them.
  @Test func usersWithoutACentTakeNothingFromAnybody() {
    var engine = Venue.make(remembered: 1_000, rememberedOfUser: 100)
    for user in 0..<8 {
      engine.apply(.operation(.registerUser(name: "poor-\(user)"), by: .venue))
    }
    for version in UInt32(2)...3 { engine.apply(.venue(.activateRules(version: version))) }
    let before = (count: engine.rememberedOrderCount, bytes: engine.rememberedOrderBytes)
    var number: UInt64 = 0
    var refused = 0
    for _ in 0..<10 {
      for _ in 0..<2_000 {
        for user in UserID(8)...15 {
          number += 1
          let reply = engine.buy(user, number, lots: 10, at: 20)
          refused += reply.rejection == .insufficientFunds ? 1 : 0
        }
      }
      engine.advance(by: Scene.second)
      engine.effects.removeAll()
    }
    #expect(refused == Int(number))
    #expect(engine.rememberedOrderCount == before.count, "a refusal takes no place")
    // A ring for each of the eight.
    #expect(engine.rememberedOrderBytes - before.bytes == 8 * 16 * 32)
    for user in Venue.users {
      #expect(engine.buy(user, 1, lots: 10, at: 20).rejection == nil, "others are served")
    }
    let fund = Venue.fund(2, 0, 5, "after")
    guard case .operation(let action, _) = fund else { return }
    let given = engine.apply(.operation(action, by: Authority(user: 0, reason: "served")))
    #expect(given.rejection == nil, "the operator is served")
    #expect(engine.apply(.operation(.registerUser(name: "new"), by: .venue)).rejection == nil)
    #expect(engine.buy(UserID(engine.userCount) - 1, 1).rejection == .insufficientFunds)
  }

  /// 2,000 orders a second, longer than the 17 minutes after which rules 2 refused the rest of the
  /// day. Memory stands still once five minutes are full.
  @Test func aMakerAtThePermittedRateIsNeverRefused() {
    var engine = MemoryScene.make()
    var number: UInt64 = 0
    var most = 0
    for second in 0..<1_200 {
      for _ in 0..<2_000 {
        number += 1
        if let rejection = engine.churn(2, number).rejection {
          Issue.record("second \(second): \(rejection)")
          return
        }
      }
      engine.advance(by: Scene.second)
      engine.effects.removeAll()
      // Once more under its id, some at once and some after nearly five minutes.
      let old = number - min(number, UInt64(2_000 * 298)) + 1
      #expect(engine.buy(2, old).outcome == .repeated, "second \(second)")
      most = max(most, engine.rememberedOrderCount)
    }
    #expect(number > 1 << 21, "as many as rules 2 remembered of a user in a day")
    #expect(most < 16_384 + 2_000 * 303, "\(most) orders")
    // An hour without an order: what is beyond the newest went by itself.
    for _ in 0..<3_600 { engine.advance(by: Scene.second) }
    #expect(engine.memory.count == 16_384)
    #expect(engine.buy(2, number).outcome == .repeated)
  }

  // MARK: For how long

  @Test func anOrderIsRememberedFiveMinutesWhateverComes() {
    var engine = MemoryScene.make(OrderTerms(rememberedOrders: 3, allowance: nil))
    let first = engine.churn(2, 1)
    for number in UInt64(2)...50 { _ = engine.churn(2, number) }
    engine.advance(by: 5 * minute)
    #expect(engine.buy(2, 1).id == first.id, "five minutes are not over")
    #expect(engine.order(first.id)?.status == .cancelled)
    #expect(engine.buy(2, 1, lots: 2).rejection == .duplicateClientOrderID)
    engine.advance(by: 1 * Scene.second)
    _ = engine.churn(2, 51)
    engine.advance(by: 1 * Scene.second)
    #expect(engine.order(first.id) == nil)
    let fresh = engine.buy(2, 1)
    #expect(fresh.outcome == .done && fresh.id != first.id, "\(fresh)")
    #expect(engine.buy(2, 50).outcome == .repeated, "among the newest three")
  }

  @Test func theNewestAreRememberedADayAndNotLonger() {
    var engine = MemoryScene.make(OrderTerms(rememberedOrders: 3, allowance: nil))
    let ids = (UInt64(1)...5).map { engine.churn(2, $0).id }
    for number in UInt64(1)...40 { _ = engine.churn(3, number) }
    engine.advance(by: MemoryScene.day)
    #expect(engine.order(ids[0]) == nil && engine.order(ids[1]) == nil)
    for number in UInt64(3)...5 { #expect(engine.buy(2, number).outcome == .repeated, "\(number)") }
    engine.advance(by: Scene.second + 1)
    #expect(engine.memory.count == 0, "a quiet user's are forgotten too")
    #expect(engine.buy(2, 5).outcome == .done)
  }

  /// Rules 2 forgot the id of an order that rested for a day.
  @Test func theIDOfAnOpenOrderIsRememberedAsLongAsItRests() {
    var engine = MemoryScene.make(OrderTerms(rememberedOrders: 1, allowance: nil))
    let rests = engine.buy(2, 1)
    for number in UInt64(2)...20 { _ = engine.churn(2, number) }
    for _ in 0..<3 {
      engine.advance(by: MemoryScene.day)
      _ = engine.churn(2, UInt64(engine.time))
    }
    #expect(engine.buy(2, 1).id == rests.id)
    #expect(engine.cancel(2, rests.id).rejection == nil)
    engine.advance(by: 5 * minute)
    #expect(engine.order(rests.id)?.status == .cancelled, "it tells of its end")
    #expect(engine.cancel(2, rests.id).rejection == .orderFinished)
    #expect(engine.cancel(3, rests.id).rejection == .orderNotFound, "to its owner only")
  }

  @Test func aRefusalIsGivenAgainForAWhile() {
    var engine = MemoryScene.make(poorUsers: 1)
    let first = engine.buy(6, 1, lots: 10)
    #expect(first.rejection == .insufficientFunds)
    engine.advance(by: Scene.second)
    let again = engine.buy(6, 1, lots: 10)
    #expect(again.rejection == .insufficientFunds && again.time == first.time)
    #expect(again.outcome == .repeated)
    #expect(engine.buy(6, 1, lots: 11).rejection == .duplicateClientOrderID)
    let money = BalanceAdjustment(
      user: 6, asset: Scene.usd, amount: 5_000, requestID: Venue.identifier("money"))
    let by = Authority(user: 0, reason: "money")
    #expect(engine.apply(.operation(.adjustBalance(money), by: by)).rejection == nil)
    #expect(engine.buy(6, 1, lots: 10).rejection == .insufficientFunds, "the first answer")
    for number in UInt64(2)...17 {
      #expect(engine.buy(6, number, lots: 1_000).rejection == .insufficientFunds)
    }
    #expect(engine.buy(6, 1, lots: 10).rejection == nil, "16 refusals later it is new")
    #expect(engine.buy(6, 17, lots: 1_000).outcome == .repeated)
    engine.advance(by: 5 * minute + 1)
    #expect(engine.buy(6, 17, lots: 1).rejection == nil, "and after five minutes")
  }

  // MARK: Operators

  @Test func adjustmentsHaveAPlaceOfTheirOwn() {
    var engine = MemoryScene.make()
    func give(_ amount: Int128, _ id: String) -> Command {
      .operation(
        .adjustBalance(
          BalanceAdjustment(
            user: 2, asset: Scene.usd, amount: amount, requestID: Venue.identifier(id))),
        by: Authority(user: 0, reason: "once"))
    }
    #expect(engine.apply(give(7, "a")).rejection == nil)
    for number in UInt64(1)...100 { _ = engine.churn(2, number) }
    engine.advance(by: MemoryScene.day)
    let entries = engine.entryCount
    #expect(
      engine.apply(give(7, "a")).outcome == .adjusted(.bookedBefore),
      "booked already, however much is traded")
    #expect(engine.apply(give(8, "a")).rejection == .duplicateClientOrderID)
    #expect(engine.entryCount == entries)
    engine.advance(by: 1)
    // Each command forgets two; the scene's own eight go first.
    for number in 0..<5 { engine.apply(give(1, "more-\(number)")) }
    #expect(engine.apply(give(8, "a")).rejection == nil, "a day later the id is free")
  }

  // MARK: Terms

  @Test func termsAreSetWithinTheirRanges() {
    var engine = MemoryScene.make()
    func set(_ terms: OrderTerms) -> Rejection? {
      engine.apply(.operation(.setOrderTerms(terms), by: .venue)).rejection
    }
    #expect(set(OrderTerms(rememberedOrders: 0)) == .orderTermsInvalid)
    #expect(set(OrderTerms(rememberedOrders: 1 << 20 + 1)) == .orderTermsInvalid)
    for (free, perTrade) in [(UInt32(0), UInt32(1)), (1 << 26 + 1, 1), (1, 1 << 20 + 1)] {
      let allowance = OrderAllowance(freePerDay: free, perTrade: perTrade)
      #expect(set(OrderTerms(allowance: allowance)) == .orderTermsInvalid)
    }
    let widest = OrderTerms(
      rememberedOrders: 1 << 20,
      allowance: OrderAllowance(freePerDay: 1 << 26, perTrade: 1 << 20))
    #expect(set(widest) == nil && engine.orderTerms == widest)
    var older = Scene.make()
    older.apply(.venue(.activateRules(version: 2)))
    #expect(
      older.apply(.operation(.setOrderTerms(OrderTerms()), by: .venue)).rejection
        == .unknownRulesVersion)
    #expect(older.orderTerms == OrderTerms())
  }

  // MARK: Bytes

  @Test func anEntryTakesWhatTheDocsSay() {
    #expect(MemoryLayout<KeptOrder>.size == 88 && MemoryLayout<KeptOrder>.stride == 88)
    #expect(MemoryLayout<OrderOutcome>.stride == 64)
    #expect(MemoryLayout<RefusedOrder>.stride == 32)
    #expect(MemoryLayout<OrderStock>.stride == 16)
    var engine = MemoryScene.make()
    var (least, most) = (Int.max, 0)
    for number in UInt64(1)...400_000 {
      _ = engine.churn(2, number)
      if number % 1_000 == 0 {
        engine.effects.removeAll()
        // The first hundred thousand: users and small tables count.
        guard number > 100_000 else { continue }
        let bytes = engine.rememberedOrderBytes / engine.memory.count
        (least, most) = (min(least, bytes), max(most, bytes))
      }
    }
    #expect(least >= 108 && most <= 132, "\(least) to \(most) bytes an order")
    #expect((least + most) / 2 <= 128)
  }
}
