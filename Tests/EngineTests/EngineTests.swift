// The engine by example: one cleared auction, its ledger and its replay.

import Auction
import Testing

@testable import Engine

@Test func oneAuctionSettlesToTheAtom() throws {
  var engine = AuctionEngine()
  func done(_ command: Command) -> Reply { engine.apply(command) }
  _ = engine.apply(.schedule(.advanceTime(1_790_000_000_000_000)))
  #expect(
    engine.apply(.venue(.configure(VenueConfiguration(seed: 1, secondSeed: 2)))).rejection == nil)
  for (code, decimals) in [("ETH", 18), ("USDC", 6)] {
    let asset = AssetDefinition(code: code, decimals: UInt8(decimals), adjustmentLimit: 1 << 100)
    #expect(engine.apply(.operation(.createAsset(asset), by: .venue)).rejection == nil)
  }
  let market = MarketDefinition(
    symbol: "ETH-USDC", base: 0, quote: 1, tickAtoms: 10_000, lotAtoms: 100_000_000_000_000,
    terms: MarketTerms(
      intervalMilliseconds: 2_000, bandBasisPoints: 1_000, buyFeeBasisPoints: 10,
      sellFeeBasisPoints: 20, minimumNotional: 1_000_000), listingPriceTicks: 200_000)
  #expect(engine.apply(.operation(.createMarket(market), by: .venue)).rejection == nil)
  for name in ["op", "alice", "bob"] {
    #expect(engine.apply(.operation(.registerUser(name: name), by: .venue)).rejection == nil)
  }
  for (user, asset, amount) in [
    (UserID(2), AssetID(1), Int128(10_000_000_000)), (3, 0, 5_000_000_000_000_000_000),
  ] {
    let reply = engine.apply(
      .operation(
        .adjustBalance(
          BalanceAdjustment(
            user: user, asset: asset, amount: amount,
            requestID: try #require(ClientOrderID("fund-\(user)")))),
        by: Authority(user: 1, reason: "test")))
    #expect(reply.rejection == nil)
  }
  let buy = engine.apply(
    .order(
      .place(
        PlaceOrder(
          user: 2, market: 0, side: .buy, limitTicks: 201_000, lots: 10_000,
          clientOrderID: try #require(ClientOrderID("b1"))))))
  let sell = engine.apply(
    .order(
      .place(
        PlaceOrder(
          user: 3, market: 0, side: .sell, limitTicks: 199_000, lots: 4_000,
          clientOrderID: try #require(ClientOrderID("s1"))))))
  #expect(buy.rejection == nil && sell.rejection == nil)
  engine.apply(.schedule(.advanceTime(engine.time + 2_000_000)))
  let due = engine.dueRuns(at: engine.time)
  #expect(due.count == 1)
  let run = engine.apply(due[0])
  #expect(run.rejection == nil && run.outcome == .ran(trades: 1))
  #expect(engine.effects.entries.filter { $0.type == .trade }.count == 4)
  // Buy surplus at every price: the pressure rule takes the highest limit.
  #expect(engine.marketView(0).referenceTicks == 201_000)
  #expect(engine.balance(2, 0).free == 400_000_000_000_000_000)
  #expect(engine.balance(3, 1).free == 804_000_000 - 1_608_000)
  #expect(engine.balance(0, 1).free == 804_000 + 1_608_000)

  var writer = ByteWriter()
  engine.writeSnapshot(to: &writer)
  let restored = try AuctionEngine(restoring: writer.bytes)
  var again = ByteWriter()
  restored.writeSnapshot(to: &again)
  #expect(again.bytes == writer.bytes)
}
