// A warm engine allocates nothing for placing and cancelling.

import AllocationCounter
import Auction
import Testing

@testable import Engine

@Suite struct AllocationTests {
  /// Commands of the measurement; growth of tables happens before it, and is reported.
  static let commands = 1_000_000

  @Test(arguments: [UInt32(1), 3]) func warmPlaceAndCancelAllocateNothing(rules: UInt32) {
    var engine = Venue.make(
      rules: rules, remembered: 1 << 22, rememberedOfUser: 1 << 22, maximumOpenOrders: 100)
    // More than 200,000 orders of a user; and the stock is looked at.
    let free = OrderAllowance(freePerDay: 1 << 20, perTrade: 0)
    engine.apply(.operation(.setOrderTerms(OrderTerms(allowance: free)), by: .venue))
    var pairs: [(place: Command, user: UserID)] = []
    // A round of 64 ids, then the same prices again: levels come and go.
    for number in 0..<64 {
      let side: Side = number % 2 == 0 ? .buy : .sell
      let user = Venue.users[number % 2 + number / 2 % 3 * 2]
      pairs.append(
        (
          .order(
            .place(
              PlaceOrder(
                user: user, market: 0, side: side,
                limitTicks: side == .buy ? 10 + Int64(number % 7) : 30 + Int64(number % 7), lots: 6,
                clientOrderID: Venue.identifier("warm-\(number)")))), user
        ))
    }
    let before = allocation_count()
    engine.reserve(orders: 1_024, remembered: Self.commands + 1_024)
    engine.effects.replies.reserveCapacity(4_096)
    engine.effects.entries.reserveCapacity(4_096)
    run(&engine, pairs, rounds: 16, from: 0)
    let growth = allocation_count() - before
    let warm = allocation_count()
    run(&engine, pairs, rounds: Self.commands / 128, from: 1_000_000)
    let counted = allocation_count() - warm
    print("allocations: \(growth) while growing, \(counted) over \(Self.commands) warm commands")
    #expect(growth > 0, "the counter does not count")
    #expect(counted == 0)
  }

  /// Places 64 orders under fresh ids and cancels them, again and again.
  private func run(
    _ engine: inout AuctionEngine, _ pairs: [(place: Command, user: UserID)], rounds: Int,
    from: UInt64
  ) {
    // Loops by hand: an iterator of a debug build allocates.
    var (number, step) = (from, 0)
    while step < rounds * pairs.count {
      let pair = pairs[step % pairs.count]
      step += 1
      guard case .order(.place(var order)) = pair.place else { continue }
      number += 1
      order.clientOrderID = ClientOrderID(words: (number | 1 << 63, 0, 0, 0, 0))
      let placed = engine.apply(.order(.place(order)))
      precondition(placed.rejection == nil, "an order was refused")
      engine.apply(.order(.cancel(CancelOrder(user: pair.user, order: placed.id))))
      engine.effects.removeAll()
    }
  }
}
