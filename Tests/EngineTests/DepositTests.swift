// Credits and clawbacks: each once, in order, always applicable, and exact.

import Auction
import Testing

@testable import Engine

@Suite struct DepositTests {
  private func venue() -> AuctionEngine {
    var engine = Venue.make()
    precondition(engine.apply(.operation(.registerChain(name: "dev"), by: .venue)).rejection == nil)
    engine.effects.removeAll()
    return engine
  }

  private func credit(
    _ number: Int64, user: UserID = 2, asset: AssetID = 0, amount: Int128 = 1_000
  ) -> Command {
    .deposit(
      .credit(
        DepositCredit(chain: 0, number: number, user: user, asset: asset, amount: amount)))
  }

  private func clawback(
    _ number: Int64, of credit: Int64, user: UserID = 2, amount: Int128 = 1_000
  ) -> Command {
    .deposit(
      .clawBack(
        DepositClawback(
          chain: 0, number: number, credit: credit, user: user, asset: 0, amount: amount)))
  }

  @Test func aChainHasOneNumber() {
    var engine = venue()
    #expect(
      engine.apply(.operation(.registerChain(name: "dev"), by: .venue)).rejection == .chainExists)
    #expect(engine.apply(.operation(.registerChain(name: "dev"), by: .venue)).id == 0)
    #expect(engine.apply(.operation(.registerChain(name: "eth2"), by: .venue)).id == 1)
    #expect(engine.chain(named: "eth2") == 1 && engine.chain(named: "btc") == nil)
    for number in 2..<Bounds.maximumChains {
      #expect(
        engine.apply(.operation(.registerChain(name: "c\(number)"), by: .venue)).id == Int64(number)
      )
    }
    #expect(
      engine.apply(.operation(.registerChain(name: "more"), by: .venue)).rejection == .chainInvalid)
  }

  @Test func aCreditIsBookedOnceAndInOrder() {
    var engine = venue()
    #expect(engine.apply(credit(2)).rejection == .creditOutOfSequence)
    #expect(engine.apply(credit(0)).rejection == .creditAlreadyApplied)
    #expect(engine.apply(credit(.min)).rejection == .creditAlreadyApplied)
    let before = engine.issued(0)
    #expect(engine.apply(credit(1)) == Reply(rejection: nil, id: 1, time: engine.time))
    #expect(engine.apply(credit(1)).rejection == .creditAlreadyApplied)
    #expect(engine.apply(credit(3)).rejection == .creditOutOfSequence)
    #expect(engine.apply(credit(2, user: 99)).rejection == .unknownUser)
    #expect(engine.apply(credit(2, user: 0)).rejection == .unknownUser)
    #expect(engine.apply(credit(2, user: Bounds.lossAccount)).rejection == .unknownUser)
    #expect(engine.apply(credit(2, asset: 9)).rejection == .unknownAsset)
    #expect(engine.apply(credit(2, amount: 0)).rejection == .amountInvalid)
    #expect(engine.apply(credit(2, amount: -1)).rejection == .amountInvalid)
    #expect(engine.apply(credit(2, amount: Bounds.maximumAtoms - 1)).rejection == .supplyTooLarge)
    // What was refused took no number.
    #expect(engine.apply(credit(2)).rejection == nil)
    #expect(engine.balance(2, 0).free == 200_000 + 2_000 && engine.issued(0) == before + 2_000)
    #expect(engine.lastNumbers(0).credit == 2)
    let entries = engine.effects.entries
    #expect(entries.map(\.type) == [.deposit, .deposit])
    #expect(entries.map(\.reference) == [.deposit(1, on: 0), .deposit(2, on: 0)])
    #expect(entries[0].delta == 1_000 && entries[0].lockedDelta == 0)
  }

  @Test func aFrozenUserIsCredited() {
    var engine = venue()
    engine.apply(.operation(.setFrozen(user: 2, frozen: true), by: .venue))
    #expect(engine.apply(credit(1)).rejection == nil)
  }

  @Test func aClawbackTakesWhatIsFree() {
    var engine = venue()
    engine.apply(credit(1))
    #expect(engine.apply(clawback(2, of: 1)).rejection == .clawbackOutOfSequence)
    #expect(engine.apply(clawback(1, of: 2)).rejection == .clawbackOutOfSequence)
    #expect(engine.apply(clawback(1, of: 0)).rejection == .clawbackOutOfSequence)
    let reply = engine.apply(clawback(1, of: 1))
    #expect(reply.rejection == nil && reply.outcome == .clawedBack(withLoss: false))
    #expect(engine.apply(clawback(1, of: 1)).rejection == .clawbackAlreadyApplied)
    #expect(engine.balance(2, 0).free == 200_000 && engine.isFrozen(2))
    #expect(engine.balance(Bounds.lossAccount, 0).total == 0)
    engine.accounts.checkConservation()
  }

  /// 200,000 of their own and 1,000 deposited; 200,500 is in an order, 200,000 of 201,000 is gone.
  @Test func ordersEndAndTheRestIsTheVenuesLoss() throws {
    var engine = venue()
    engine.apply(credit(1))
    let order = engine.apply(
      .order(
        .place(
          PlaceOrder(
            user: 2, market: 0, side: .buy, limitTicks: 20, lots: 100,
            clientOrderID: Venue.identifier("resting")))))
    #expect(order.rejection == nil && engine.balance(2, 0).locked > 0)
    // Most of it is taken away meanwhile; the order's lock stays.
    let free = engine.balance(2, 0).free
    #expect(engine.apply(Venue.fund(2, 0, -free, "gone")).rejection == nil)
    let locked = engine.balance(2, 0).locked
    let amount = locked + 300
    engine.apply(credit(2, amount: amount))
    engine.apply(Venue.fund(2, 0, -amount, "gone-too"))
    let issued = engine.issued(0)
    engine.effects.removeAll()
    let reply = engine.apply(clawback(1, of: 2, amount: amount))
    #expect(reply.rejection == nil && reply.outcome == .clawedBack(withLoss: true))
    #expect(engine.openOrders(2).isEmpty && engine.isFrozen(2))
    #expect(engine.balance(2, 0).total == 0)
    #expect(engine.balance(Bounds.lossAccount, 0).free == -300)
    #expect(engine.issued(0) == issued - amount)
    #expect(engine.effects.entries.map(\.type) == [.unlock, .clawback, .clawback])
    engine.accounts.checkConservation()

    // The loss is state: a snapshot has it, and an operator may make it good.
    let bytes = Venue.snapshot(engine)
    var restored = try AuctionEngine(restoring: bytes)
    #expect(Venue.snapshot(restored) == bytes)
    #expect(restored.apply(Venue.fund(Bounds.lossAccount, 0, 300, "made-good")).rejection == nil)
    #expect(restored.balance(Bounds.lossAccount, 0).free == 0)
    #expect(restored.apply(credit(3, user: 3)).rejection == nil)
    #expect(restored.apply(credit(3, user: 3)).rejection == .creditAlreadyApplied)
  }

  /// Nobody may drain it on purpose.
  @Test func theLossAccountIsNotLentFrom() {
    var engine = venue()
    let taken = Venue.fund(Bounds.lossAccount, 0, -1, "taken")
    #expect(engine.apply(taken).rejection == .insufficientFunds)
  }

  /// The chains stand at the end and only where there are any: what was there before keeps its
  /// bytes.
  @Test func chainsAreAtTheEndOfTheState() throws {
    var engine = Venue.make()
    engine.apply(.schedule(.advanceTime(engine.time + 1)))
    let plain = Venue.snapshot(engine)
    var other = Venue.make()
    other.apply(.operation(.registerChain(name: "dev"), by: .venue))
    let withChain = Venue.snapshot(other)
    // Both have applied as many commands; only the time differs, in the same number of bytes.
    #expect(withChain.suffix(7) == [1, 3] + Array("dev".utf8) + [0, 0])
    #expect(withChain.count == plain.count + 7)
    #expect(Venue.snapshot(try AuctionEngine(restoring: plain)) == plain)
    #expect(Venue.snapshot(try AuctionEngine(restoring: withChain)) == withChain)
  }
}
