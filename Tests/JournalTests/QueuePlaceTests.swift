// Which places of the queue commands may take, by what they do.

import Auction
import Engine
import Testing

@testable import Journal

@Suite struct QueuePlaceTests {
  private static let order = Command.order(.cancelAll(user: 2, market: nil))
  private static let operation = Command.operation(.suspendMarket(0), by: .venue)
  private static let amendment = Command.order(
    .amend(AmendOrder(user: 2, order: 1, limitTicks: 5, lots: 0)))

  static let rows: [(commands: [Command], place: QueuePlace)] = [
    ([amendment], .ordinary), ([order], .reserved), ([operation], .operators),
    ([.order(.cancel(CancelOrder(user: 2, order: 1)))], .reserved),
    ([.withdrawal(.cancel(user: 2, id: 1))], .reserved),
    ([.user(.removePayoutAddress(user: 2, chain: 0, address: PayoutAddress([1])))], .ordinary),
    (
      [
        .user(
          .addPayoutAddress(
            PayoutAddressAddition(user: 2, chain: 0, address: PayoutAddress([1]), label: "")))
      ], .ordinary
    ),
    ([.withdrawal(.start(id: 1))], .operators),
    ([.venue(.activateRules(version: 2))], .operators),
    // Together they have the least place of theirs.
    ([operation, order], .reserved), ([order, amendment], .ordinary),
    ([amendment, operation], .ordinary),
  ]

  @Test(arguments: rows.indices) func noUserTakesTheOperatorsPlaces(row: Int) {
    let (commands, place) = Self.rows[row]
    #expect(QueuePlace(of: commands) == place)
  }
}
