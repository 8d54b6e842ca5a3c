// Rejections are a contract: their numbers lie in journals and snapshots, their names in clients'
// programs.

import Auction
import Testing

@testable import Engine

@Suite struct RejectionTests {
  static let golden = """
    1 unknown_user, 2 user_frozen, 3 unknown_market, 4 market_suspended, 5 unknown_asset
    11 price_out_of_range, 13 quantity_out_of_range
    14 notional_too_small, 15 notional_too_large, 16 limit_missing, 17 limit_not_allowed
    18 expiry_missing, 19 expiry_not_allowed, 20 expiry_passed, 21 no_reference_price
    22 market_orders_not_offered, 23 time_in_force_not_allowed
    30 insufficient_funds, 31 self_trade, 32 too_many_open_orders
    33 book_full, 34 order_not_found, 35 order_finished, 36 quantity_already_executed
    37 market_order_not_amendable, 38 duplicate_client_order_id, 39 too_many_remembered_orders
    40 order_allowance_used
    50 name_invalid, 51 name_taken, 52 too_many_users, 53 key_taken, 54 key_not_found
    55 too_many_keys, 56 asset_exists, 57 asset_invalid, 58 market_exists, 59 market_invalid
    60 too_many_markets, 61 amount_invalid, 62 supply_too_large, 63 reason_missing
    64 approval_not_found, 65 approval_by_requester, 66 too_many_approvals
    67 reference_out_of_range, 68 market_already_suspended, 69 market_not_suspended
    70 venue_already_configured, 71 venue_not_configured, 72 unknown_rules_version
    73 approval_by_grantor, 74 key_grant_not_found, 75 key_not_of_owner, 76 operator_delay_invalid
    77 order_terms_invalid
    80 slot_already_run, 81 slot_in_future, 82 time_not_later
    90 chain_exists, 91 chain_invalid, 92 unknown_chain, 93 credit_already_applied
    94 credit_out_of_sequence, 95 clawback_already_applied, 96 clawback_out_of_sequence
    100 withdrawals_not_offered, 101 withdrawal_terms_invalid, 102 address_invalid
    103 address_not_listed, 104 address_too_new, 105 address_exists, 106 too_many_addresses
    107 withdrawal_too_small, 108 user_day_limit, 109 venue_day_limit, 110 too_many_withdrawals
    111 duplicate_client_withdrawal_id, 112 withdrawal_not_found, 113 withdrawal_started
    114 withdrawal_finished, 115 withdrawal_not_approved, 116 withdrawal_not_started
    117 approval_not_needed, 118 approval_repeated, 119 approval_mismatch, 120 approval_by_owner
    121 not_an_operator_key, 122 operator_key_too_new, 123 key_revoked
    """

  @Test func numbersAndNamesAreWhatTheyWere() {
    let rows = Self.golden.split { $0 == "," || $0 == "\n" }.map { $0.drop { $0 == " " } }
    #expect(Rejection.allCases.map { "\($0.rawValue) \($0.code)" } == rows.map(String.init))
  }

  /// Numbers that refusals of the edge had, which no journal ever held.
  @Test func numbersAreNotGivenTwice() {
    for number: UInt16 in [10, 12, 24, 25] { #expect(Rejection(rawValue: number) == nil) }
  }

  /// What is refused, and why: each row against a fresh venue.
  static let rows: [(Command, Rejection)] = [
    (place(user: 99), .unknownUser), (place(user: 0), .unknownUser),
    (place(market: 7), .unknownMarket), (place(ticks: 0), .limitMissing),
    (place(ticks: -1), .priceOutOfRange),
    (place(ticks: Bounds.maximumPriceTicks + 1), .priceOutOfRange),
    (place(lots: 0), .quantityOutOfRange), (place(lots: -5), .quantityOutOfRange),
    (place(lots: Bounds.maximumLots + 1), .quantityOutOfRange),
    (place(lots: 1_000_000), .insufficientFunds),
    (place(ticks: Bounds.maximumPriceTicks, lots: Bounds.maximumLots), .insufficientFunds),
    (place(ticks: 1, lots: 1), .notionalTooSmall),
    (place(timeInForce: .goodTilDate), .expiryMissing), (place(expiry: 5), .expiryNotAllowed),
    (place(timeInForce: .goodTilDate, expiry: 5), .expiryPassed),
    (place(type: .market, timeInForce: .auction), .limitNotAllowed),
    (place(type: .market, ticks: 0), .timeInForceNotAllowed),
    (place(market: 1, type: .market, timeInForce: .auction, ticks: 0), .noReferencePrice),
    (.order(.cancel(CancelOrder(user: 2, order: 77))), .orderNotFound),
    (.order(.cancel(CancelOrder(user: 2, order: -77))), .orderNotFound),
    (.order(.cancel(CancelOrder(user: 99, order: 77))), .orderNotFound),
    (.order(.amend(AmendOrder(user: 2, order: 77, limitTicks: 1, lots: 1))), .orderNotFound),
    (.order(.cancelAll(user: 99, market: nil)), .unknownUser),
    (.order(.cancelAll(user: 2, market: 9)), .unknownMarket),
    (.schedule(.runAuction(market: 9, slot: 1)), .unknownMarket),
    (.schedule(.runAuction(market: 0, slot: 0)), .slotAlreadyRun),
    (.schedule(.runAuction(market: 0, slot: .min)), .slotAlreadyRun),
    (.schedule(.runAuction(market: 0, slot: .max)), .slotInFuture),
    (.schedule(.advanceTime(0)), .timeNotLater), (.schedule(.advanceTime(.min)), .timeNotLater),
    (.venue(.configure(VenueConfiguration(seed: 1, secondSeed: 1))), .venueAlreadyConfigured),
    (
      .operation(
        .createAsset(AssetDefinition(code: "USD", decimals: 2, adjustmentLimit: 0)), by: .venue),
      .assetExists
    ),
    (
      .operation(
        .createAsset(AssetDefinition(code: "us", decimals: 2, adjustmentLimit: 0)), by: .venue),
      .assetInvalid
    ),
    (
      .operation(
        .createAsset(AssetDefinition(code: "XX", decimals: 19, adjustmentLimit: 0)), by: .venue),
      .assetInvalid
    ),
    (.operation(.suspendMarket(9), by: .venue), .unknownMarket),
    (.operation(.resumeMarket(0), by: .venue), .marketNotSuspended),
    (.operation(.setReference(market: 0, priceTicks: 0), by: .venue), .referenceOutOfRange),
    (.operation(.setReference(market: 9, priceTicks: 5), by: .venue), .unknownMarket),
    (.operation(.registerUser(name: ""), by: .venue), .nameInvalid),
    (.operation(.registerUser(name: "a b"), by: .venue), .nameInvalid),
    (.operation(.registerUser(name: "venue"), by: .venue), .nameTaken),
    (.operation(.setFrozen(user: 99, frozen: true), by: .venue), .unknownUser),
    (
      .operation(.approveAdjustment(AdjustmentApproval(id: 5)), by: Authority(user: 1)),
      .approvalNotFound
    ),
    (Venue.fund(2, 9, 5, "x"), .unknownAsset), (Venue.fund(99, 0, 5, "x"), .unknownUser),
    (Venue.fund(2, 0, 0, "x"), .amountInvalid),
    (Venue.fund(2, 0, -9_999_999, "x"), .insufficientFunds),
    (Venue.fund(2, 0, Bounds.maximumAtoms, "x"), .amountInvalid),
    (Venue.fund(2, 0, Bounds.maximumAtoms - 1, "x"), .supplyTooLarge),
    (.venue(.activateRules(version: 3)), .unknownRulesVersion),
    (.operation(.registerChain(name: ""), by: .venue), .chainInvalid),
    (.operation(.registerChain(name: "Dev"), by: .venue), .chainInvalid),
    (
      .deposit(.credit(DepositCredit(chain: 0, number: 1, user: 2, asset: 0, amount: 1))),
      .unknownChain
    ),
    (
      .deposit(
        .clawBack(
          DepositClawback(chain: 9, number: 1, credit: 1, user: 2, asset: 0, amount: 1))),
      .unknownChain
    ),
    // More of withdrawals in `WithdrawalRejectionTests`.
    (.operation(.setAddressDelay(chain: 0, seconds: 1), by: Authority(user: 1)), .unknownChain),
    (WithdrawalScene.request(2, 5, "x"), .withdrawalsNotOffered),
    (.withdrawal(.start(id: 1)), .withdrawalNotFound),
    (.withdrawal(.finish(id: 1)), .withdrawalNotFound),
  ]

  static func place(
    user: UserID = 2, market: MarketID = 0, type: OrderType = .limit,
    timeInForce: TimeInForce = .goodTilCancelled, ticks: Int64 = 20, lots: Int64 = 10,
    expiry: Microseconds = 0
  ) -> Command {
    .order(
      .place(
        PlaceOrder(
          user: user, market: market, side: .buy, type: type, timeInForce: timeInForce,
          limitTicks: ticks, lots: lots, expiry: expiry, clientOrderID: Venue.identifier("row"))))
  }

  @Test(arguments: rows.indices) func isRefused(row: Int) {
    var engine = Venue.make()
    let entries = engine.entryCount
    let (command, rejection) = Self.rows[row]
    #expect(engine.apply(command).rejection == rejection, "row \(row): \(command)")
    #expect(engine.entryCount == entries, "row \(row) moved money")
  }

  @Test func refusalsThatNeedAState() {
    var engine = Venue.make(maximumOpenOrders: 2)
    func place(
      _ user: UserID, _ side: Side, _ ticks: Int64, _ id: String, type: OrderType = .limit
    ) -> Command {
      .order(
        .place(
          PlaceOrder(
            user: user, market: 0, side: side, type: type,
            timeInForce: type == .market ? .auction : .goodTilCancelled,
            limitTicks: ticks, lots: 10, clientOrderID: Venue.identifier(id))))
    }
    let resting = engine.apply(place(2, .sell, 21, "a"))
    #expect(engine.apply(place(2, .buy, 21, "b")).rejection == .selfTrade)
    #expect(engine.apply(place(2, .buy, 0, "c", type: .market)).rejection == .selfTrade)
    let below = engine.apply(place(2, .buy, 20, "d"))
    #expect(below.rejection == nil)
    #expect(engine.apply(place(2, .buy, 19, "e")).rejection == .tooManyOpenOrders)
    let raise = AmendOrder(user: 2, order: below.id, limitTicks: 22, lots: 0)
    #expect(engine.apply(.order(.amend(raise))).rejection == .selfTrade)
    let theirs = CancelOrder(user: 3, order: resting.id)
    #expect(engine.apply(.order(.cancel(theirs))).rejection == .orderNotFound)
    #expect(engine.apply(.operation(.suspendMarket(0), by: .venue)).rejection == nil)
    #expect(engine.apply(place(3, .buy, 20, "f")).rejection == .marketSuspended)
    #expect(
      engine.apply(.operation(.suspendMarket(0), by: .venue)).rejection == .marketAlreadySuspended)
    let own = CancelOrder(user: 2, order: resting.id)
    #expect(engine.apply(.order(.cancel(own))).rejection == nil, "cancels always pass")
    #expect(engine.apply(.order(.cancel(own))).rejection == .orderFinished)
    #expect(engine.apply(.operation(.resumeMarket(0), by: .venue)).rejection == nil)
    #expect(
      engine.apply(.operation(.setFrozen(user: 2, frozen: true), by: .venue)).outcome
        == .cancelledAll(count: 1),
      "its order is cancelled")
    #expect(engine.apply(place(2, .buy, 20, "g")).rejection == .userFrozen)
    // Above the asset's limit a second operator decides.
    let large = Venue.fund(3, 2, 1_000_001, "large")
    #expect(engine.apply(large).outcome == .adjusted(.waits))
    let id = engine.pendingAdjustmentViews()[0].id
    #expect(
      engine.apply(
        .operation(.approveAdjustment(AdjustmentApproval(id: id)), by: Authority(user: 1))
      ).rejection == .approvalByRequester)
    #expect(
      engine.apply(
        .operation(.approveAdjustment(AdjustmentApproval(id: id)), by: Authority(user: 3))
      ).rejection == nil)
    #expect(engine.balance(3, 2).free == 1_200_001)
  }
}
