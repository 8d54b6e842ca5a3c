// What a fee is, to the atom, and who is filled first: rules that one digit would break.

import Auction
import Testing

@testable import Engine

@Suite struct FeeAndPriorityTests {
  /// Every remainder that an amount can leave, small and large, beside a ceiling by remainder.
  @Test(arguments: [0, 1, 3, 10, 25, 100, 3_333, 5_000, 9_999, 10_000] as [UInt16])
  func aFeeIsTheCeilingOfItsShare(basisPoints: UInt16) {
    for start in [0, 10_000, 1 << 40 * 10_000, 1 << 96 * 10_000] as [Int128] {
      for residue in 0..<10_000 as Range<Int128> {
        let amount = start + residue
        let (quotient, remainder) = (amount * Int128(basisPoints))
          .quotientAndRemainder(dividingBy: 10_000)
        let expected = remainder == 0 ? quotient : quotient + 1
        guard fee(on: amount, basisPoints) != expected else { continue }
        Issue.record("\(basisPoints) bp of \(amount): \(fee(on: amount, basisPoints))")
        return
      }
    }
  }

  /// The same through a run: 1 atom at 1 bp costs 1 atom, of which the buyer pays the whole.
  @Test func theLeastShareOfAnAtomIsAnAtom() {
    var engine = Scene.make(Scene.terms(buyFee: 1, sellFee: 1))
    _ = engine.place(2, .buy, 1, at: 100)
    _ = engine.place(3, .sell, 1, at: 100)
    #expect(engine.runNext().status == .cleared)
    #expect(engine.cash(2) == [100_000 - 101, 0])
    #expect(engine.cash(3) == [100_000 + 99, 0])
    #expect(engine.coins(2) == [1_001, 0])
  }

  /// Within one price the earlier order is filled first, on both sides, whatever their sizes.
  @Test(arguments: [Side.buy, .sell])
  func ofOnePriceTheEarlierIsFilledFirst(side: Side) {
    var engine = Scene.make()
    let first = engine.place(2, side, 3, at: 100)
    let second = engine.place(4, side, 9, at: 100)
    let third = engine.place(2, side, 1, at: 100)
    _ = engine.place(3, side.opposite, 5, at: 100)
    #expect(engine.runNext().status == .cleared)
    #expect([first, second, third].map { engine.executed($0) } == [3, 2, 0])
    _ = engine.place(3, side.opposite, 8, at: 100)
    #expect(engine.runNext().status == .cleared)
    #expect([first, second, third].map { engine.executed($0) } == [3, 9, 1])
  }

  /// A market order ranks before every limit, a better limit before a worse that came earlier.
  @Test(arguments: [Side.buy, .sell])
  func marketOrdersThenBetterLimitsGoFirst(side: Side) {
    var engine = Scene.make()
    let better: Int64 = side == .buy ? 101 : 99
    let early = engine.place(2, side, 2, at: 100)
    let late = engine.place(4, side, 2, at: better)
    _ = engine.place(5, side, 2)
    _ = engine.place(3, side.opposite, 3, at: 100)
    let before = engine.coins(5)[0]
    #expect(engine.runNext().status == .cleared)
    #expect(engine.coins(5)[0] == (side == .buy ? before + 2 : before))
    #expect([early, late].map { engine.executed($0) } == [0, 1])
  }

  /// Sums of what is below the bound stay in the range that the proofs assume.
  @Test func aNotionalStaysBelowTheBound() {
    var market = Scene.make().markets[0].constants
    market.atomsPerTickLot = 1 << 40
    let (ticks, lots) = (Int64(1) << 40, Int64(1) << 40)
    #expect(AuctionEngine.notional(ticks, lots, market) == nil)
    #expect(
      AuctionEngine.notional(ticks, lots - 1, market) == Bounds.maximumAtoms - Int128(1) << 80)
  }
}
