// Remembered orders where places are scarce: who loses what, and that nobody is refused for it.

import Auction
import Testing

@testable import Engine

@Suite struct CrowdedMemoryTests {
  private static let places = 2_048

  /// Few places, and all orders of a day kept for everybody by the terms.
  private static func make(rules: UInt32 = Bounds.rulesVersion) -> AuctionEngine {
    var engine = MemoryScene.make(
      OrderTerms(rememberedOrders: 1 << 20, allowance: nil), poorUsers: 2)
    if rules >= 4 { engine.activateNewestRules() }
    engine.memory.places = places
    return engine
  }

  /// Three users at a slow rate for a day: some orders are refused where the newest of all are kept
  /// whatever comes, as rules 3 do.
  @Test(arguments: [UInt32(3), 4]) func aDayOfSlowOrdersRefusesNobody(rules: UInt32) {
    var engine = Self.make(rules: rules)
    var refused = 0
    for number in UInt64(1)...5_000 {
      for user in UserID(2)...4 {
        let reply = engine.churn(user, number)
        if reply.rejection == .tooManyRememberedOrders { refused += 1 }
      }
      engine.advance(by: 15 * Scene.second)
      engine.effects.removeAll()
    }
    #expect(rules >= 4 ? refused == 0 : refused > 9_000, "\(refused) refused")
  }

  /// Whoever has fewer than the others keeps all for a day; those who have most lose first, and
  /// what is younger than five minutes is lost by nobody.
  @Test func whoHasMostLosesFirst() {
    var engine = Self.make()
    let quiet = (UInt64(1)...12).map { engine.churn(5, $0).id }
    var first: [(number: UInt64, time: Microseconds)] = []
    for number in UInt64(1)...4_000 {
      #expect(engine.churn(2, number).rejection == nil, "order \(number)")
      first.append((number, engine.time))
      if number % 3 == 0 { #expect(engine.churn(3, number).rejection == nil) }
      engine.advance(by: 2 * Scene.second)
      if let old = first.first(where: { engine.time - $0.time <= 5 * MemoryScene.minute }),
        number % 50 == 0
      {
        #expect(engine.buy(2, old.number).outcome == .repeated, "five minutes are not over")
      }
      engine.effects.removeAll()
    }
    #expect(engine.memory.count < Self.places * 3 / 4, "\(engine.memory.count) of all")
    for id in quiet { #expect(engine.order(id)?.status == .cancelled, "of a quiet user") }
    #expect(engine.buy(2, 1).outcome == .done, "it went before a day was over")
    engine.advance(by: MemoryScene.day)
    for _ in 0..<20 { engine.advance(by: Scene.second) }
    #expect(engine.order(quiet[0]) == nil)
  }

  /// Open orders and what ended a moment ago are forgotten by nobody: then places can run out, and
  /// they come back by time alone.
  @Test func onlyWhatMayNotBeForgottenFillsIt() {
    var engine = Self.make()
    for number in UInt64(1)...UInt64(Self.places) {
      #expect(engine.churn(UserID(number % 4) + 2, number).rejection == nil)
    }
    #expect(engine.churn(2, 9_000).rejection == .tooManyRememberedOrders)
    #expect(engine.buy(2, 4).outcome == .repeated)
    engine.advance(by: 5 * MemoryScene.minute + 2 * Scene.second)
    #expect(engine.churn(2, 9_000).rejection == nil)
    // One that comes brings the others' older ones down to what may stay.
    for number in UInt64(9_001)...9_200 { #expect(engine.churn(5, number).rejection == nil) }
    #expect(engine.memory.count < Self.places * 3 / 4)
  }

  /// A user's own bound refuses that user, and whatever the terms are lowered to.
  @Test func aUsersOwnBoundIsItsOwn() {
    var engine = Self.make()
    engine.memory.placesOfUser = 100
    for number in UInt64(1)...100 { #expect(engine.churn(2, number).rejection == nil) }
    #expect(engine.churn(2, 101).rejection == .tooManyRememberedOrders)
    #expect(engine.churn(3, 101).rejection == nil)
    let terms = OrderTerms(rememberedOrders: 1, allowance: nil)
    #expect(engine.apply(.operation(.setOrderTerms(terms), by: .venue)).rejection == nil)
    #expect(engine.churn(3, 102).rejection == nil)
    engine.advance(by: 5 * MemoryScene.minute + 2 * Scene.second)
    #expect(engine.churn(2, 101).rejection == nil)
  }

  /// How scarce room is follows from the state: an engine that was restored forgets the same.
  @Test(arguments: UInt64(1)...4) func aRestoredOneForgetsTheSame(seed: UInt64) throws {
    var source = CommandSource(seed: seed)
    var engine = Self.make()
    for number in UInt64(1)...1_500 { _ = engine.churn(UserID(source.random(4)) + 2, number) }
    var restored = try AuctionEngine(restoring: Venue.snapshot(engine))
    restored.memory.places = Self.places
    for number in UInt64(2_000)...4_000 {
      let user = UserID(source.random(4)) + 2
      let pause = Microseconds(source.random(20)) * Scene.second + 1
      #expect(engine.churn(user, number) == restored.churn(user, number))
      engine.advance(by: pause)
      restored.advance(by: pause)
    }
    #expect(Venue.snapshot(engine) == Venue.snapshot(restored))
  }

  /// The number of each falls with what is taken, by steps, to none before all is taken.
  @Test func theNumberFallsInSteps() {
    var memory = OrderMemory()
    (memory.places, memory.hash.seed) = (128, 7)
    memory.addUser()
    var numbers: [UInt32] = []
    for number in 0..<128 {
      numbers.append(memory.newest(1 << 20))
      let kept = KeptOrder(
        name: PackedClientOrderID(Venue.identifier("n-\(number)")), user: 0,
        id: OrderID(number) + 1,
        time: 0, limitTicks: 1, lots: 1, market: 0,
        kind: OrderKind(.buy, .limit, .goodTilCancelled))
      _ = memory.keep(kept, expiry: 0)
    }
    #expect(numbers.prefix(65).allSatisfy { $0 == 1 << 20 })
    #expect(numbers[66] == 1 << 19 && numbers[70] == 1 << 17)
    #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $0 >= $1 })
    #expect(numbers[64 + 40] == 1 && numbers[64 + 42] == 0)
  }
}
