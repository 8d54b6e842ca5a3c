// Commands for the codec's tests: the extremes of each case, and any command from a seed.

import Auction
import Engine
import SeededNumbers
import Testing

@testable import Journal

/// One of each case with ordinary values, and one with the ends of every type.
func namedCommands() throws -> [(name: String, command: Command)] {
  let id = try #require(ClientOrderID("b-1"))
  let longest = try #require(ClientOrderID(String(repeating: "z", count: 36)))
  let key = try #require(PublicKey(0..<32))
  let last = try #require(PublicKey([UInt8](repeating: 255, count: 32)))
  return try trading(id, longest) + administration(key, last) + money(id, longest)
    + withdrawals(id, key)
}

private func trading(
  _ id: ClientOrderID, _ longest: ClientOrderID
) throws -> [(name: String, command: Command)] {
  [
    ("advanceTime", .schedule(.advanceTime(1_790_000_000_000_000))),
    ("advanceTime.max", .schedule(.advanceTime(.max))),
    ("advanceTime.min", .schedule(.advanceTime(.min))),
    (
      "placeOrder.limit",
      .order(
        .place(
          PlaceOrder(
            user: 2, market: 0, side: .buy, limitTicks: 250_000, lots: 10, clientOrderID: id)
        ))
    ),
    (
      "placeOrder.market",
      .order(
        .place(
          PlaceOrder(
            user: 300, market: 1, side: .sell, type: .market, timeInForce: .auction, limitTicks: 0,
            lots: 1, clientOrderID: id)))
    ),
    (
      "placeOrder.max",
      .order(
        .place(
          PlaceOrder(
            user: .max, market: .max, side: .sell, type: .market, timeInForce: .auction,
            limitTicks: .max, lots: .max, expiry: .max, clientOrderID: longest)))
    ),
    (
      "placeOrder.min",
      .order(
        .place(
          PlaceOrder(
            user: 0, market: 0, side: .buy, timeInForce: .goodTilDate, limitTicks: .min, lots: .min,
            expiry: .min, clientOrderID: id)))
    ),
    ("amendOrder", .order(.amend(AmendOrder(user: 2, order: 77, limitTicks: 0, lots: 5)))),
    (
      "amendOrder.ends",
      .order(.amend(AmendOrder(user: .max, order: .max, limitTicks: .min, lots: .max)))
    ),
    ("cancelOrder", .order(.cancel(CancelOrder(user: 2, order: 4_611_686_018_427_387_903)))),
    ("cancelOrder.min", .order(.cancel(CancelOrder(user: 0, order: .min)))),
    ("cancelAllOrders.all", .order(.cancelAll(user: 2, market: nil))),
    ("cancelAllOrders.first", .order(.cancelAll(user: 2, market: 0))),
    ("cancelAllOrders.max", .order(.cancelAll(user: .max, market: .max))),
    ("runAuction", .schedule(.runAuction(market: 0, slot: 895_000_000))),
    ("runAuction.ends", .schedule(.runAuction(market: .max, slot: .min))),
  ]
}

private func administration(
  _ key: PublicKey, _ last: PublicKey
) throws -> [(name: String, command: Command)] {
  let terms = MarketTerms(
    intervalMilliseconds: 2_000, bandBasisPoints: 1_000, buyFeeBasisPoints: 10,
    sellFeeBasisPoints: 20, minimumNotional: 1_000_000)
  let ends = MarketTerms(
    intervalMilliseconds: .min, bandBasisPoints: .max, runsBeforeWidening: .max,
    buyFeeBasisPoints: .max, sellFeeBasisPoints: .max, minimumNotional: .min,
    maximumOpenOrders: .max)
  let most = VenueConfiguration(
    seed: .max, secondSeed: .max, maximumRememberedOrders: .max, maximumRememberedOrdersOfUser: 0)
  return [
    ("configureVenue", .venue(.configure(VenueConfiguration(seed: 1, secondSeed: 2)))),
    ("configureVenue.max", .venue(.configure(most))),
    (
      "createAsset",
      .operation(
        .createAsset(
          AssetDefinition(code: "ETH", decimals: 18, adjustmentLimit: 500_000_000_000_000_000_000)),
        by: .venue)
    ),
    (
      "createAsset.ends",
      .operation(
        .createAsset(AssetDefinition(code: "", decimals: .max, adjustmentLimit: .min)), by: .venue)
    ),
    (
      "createMarket",
      .operation(
        .createMarket(
          MarketDefinition(
            symbol: "ETH-USDC", base: 1, quote: 0, tickAtoms: 10_000, lotAtoms: 100_000_000_000_000,
            terms: terms, listingPriceTicks: 250_000)), by: .venue)
    ),
    (
      "createMarket.ends",
      .operation(
        .createMarket(
          MarketDefinition(
            symbol: "\u{0}\u{10ffff}", base: .max, quote: .max, tickAtoms: .min, lotAtoms: .max,
            terms: ends, listingPriceTicks: .min)), by: .venue)
    ),
    ("changeMarket", .operation(.changeMarket(MarketChange(market: 3, terms: terms)), by: .venue)),
    (
      "changeMarket.ends",
      .operation(.changeMarket(MarketChange(market: .max, terms: ends)), by: .venue)
    ),
    ("suspendMarket", .operation(.suspendMarket(0), by: .venue)),
    ("suspendMarket.max", .operation(.suspendMarket(.max), by: .venue)),
    ("resumeMarket", .operation(.resumeMarket(0), by: .venue)),
    ("resumeMarket.max", .operation(.resumeMarket(.max), by: .venue)),
    ("setReference", .operation(.setReference(market: 0, priceTicks: 250_000), by: .venue)),
    ("setReference.min", .operation(.setReference(market: .max, priceTicks: .min), by: .venue)),
    ("registerUser", .operation(.registerUser(name: "alice"), by: .venue)),
    ("registerUser.empty", .operation(.registerUser(name: ""), by: .venue)),
    ("registerKey", .operation(.registerKey(user: 2, key: key, role: .trader), by: .venue)),
    (
      "registerKey.max",
      .operation(.registerKey(user: .max, key: last, role: .operator), by: .venue)
    ),
    ("revokeKey", .operation(.revokeKey(key), by: .venue)),
    ("setFrozen", .operation(.setFrozen(user: 2, frozen: true), by: .venue)),
    ("setFrozen.max", .operation(.setFrozen(user: .max, frozen: false), by: .venue)),
    ("activateRules", .venue(.activateRules(version: 1))),
    ("activateRules.max", .venue(.activateRules(version: .max))),
  ]
}

private func money(
  _ id: ClientOrderID, _ longest: ClientOrderID
) throws -> [(name: String, command: Command)] {
  [
    (
      "adjustBalance",
      .operation(
        .adjustBalance(BalanceAdjustment(user: 2, asset: 0, amount: -1_000_000, requestID: id)),
        by: Authority(user: 1, reason: "wire 17"))
    ),
    (
      "adjustBalance.max",
      .operation(
        .adjustBalance(
          BalanceAdjustment(user: .max, asset: .max, amount: .max, requestID: longest)),
        by: Authority(user: .max, reason: "é\u{1f600}"))
    ),
    (
      "adjustBalance.min",
      .operation(
        .adjustBalance(BalanceAdjustment(user: 0, asset: 0, amount: .min, requestID: id)),
        by: Authority(user: 0, reason: ""))
    ),
    (
      "approveAdjustment",
      .operation(.approveAdjustment(AdjustmentApproval(id: 9)), by: Authority(user: 1))
    ),
    (
      "approveAdjustment.ends",
      .operation(.approveAdjustment(AdjustmentApproval(id: .min)), by: Authority(user: .max))
    ),
    ("refuseAdjustment", .operation(.refuseAdjustment(id: 9), by: Authority(user: 1))),
    ("refuseAdjustment.ends", .operation(.refuseAdjustment(id: .max), by: Authority(user: .max))),
    ("registerChain", .operation(.registerChain(name: "dev"), by: .venue)),
    (
      "creditDeposit",
      .deposit(.credit(DepositCredit(chain: 0, number: 7, user: 2, asset: 1, amount: 1_000_000)))
    ),
    (
      "creditDeposit.ends",
      .deposit(
        .credit(
          DepositCredit(chain: .max, number: .min, user: .max, asset: .max, amount: .min)))
    ),
    (
      "clawBackDeposit",
      .deposit(
        .clawBack(
          DepositClawback(chain: 0, number: 1, credit: 7, user: 2, asset: 1, amount: 1_000_000)))
    ),
    (
      "clawBackDeposit.ends",
      .deposit(
        .clawBack(
          DepositClawback(
            chain: .max, number: .max, credit: .min, user: .max, asset: .max, amount: .max)))
    ),
  ]
}

private func withdrawals(
  _ id: ClientOrderID, _ key: PublicKey
) -> [(name: String, command: Command)] {
  let payoutAddress = PayoutAddress((1...20).map { UInt8($0) })
  let none = PayoutAddressAddition(user: .max, chain: .max, address: PayoutAddress([]), label: "")
  return [
    (
      "setAddressDelay",
      .operation(.setAddressDelay(chain: 0, seconds: 86_400), by: Authority(user: 1))
    ),
    (
      "setAddressDelay.ends",
      .operation(.setAddressDelay(chain: .max, seconds: .min), by: Authority(user: .max))
    ),
    (
      "setWithdrawalTerms",
      .operation(
        .setWithdrawalTerms(
          WithdrawalTerms(
            asset: 1, chain: 0, minimum: 1_000, fee: 10, userDayLimit: 1_000_000,
            venueDayLimit: 50_000_000, approvalAbove: 100_000, approvals: 2)),
        by: Authority(user: 1))
    ),
    (
      "setWithdrawalTerms.ends",
      .operation(
        .setWithdrawalTerms(
          WithdrawalTerms(
            asset: .max, chain: .max, isOpen: false, minimum: .min, fee: .max, userDayLimit: .min,
            venueDayLimit: .max, approvalAbove: .min, approvals: .max)), by: Authority(user: .max))
    ),
    (
      "addPayoutAddress",
      .user(
        .addPayoutAddress(
          PayoutAddressAddition(user: 2, chain: 0, address: payoutAddress, label: "cold")))
    ),
    ("addPayoutAddress.empty", .user(.addPayoutAddress(none))),
    (
      "removePayoutAddress", .user(.removePayoutAddress(user: 2, chain: 0, address: payoutAddress))
    ),
    (
      "requestWithdrawal",
      .withdrawal(
        .request(
          WithdrawalRequest(
            user: 2, asset: 1, amount: 5_000, address: payoutAddress, clientID: id)))
    ),
    (
      "approveWithdrawal",
      WithdrawalApproval(
        id: 7, operator: 1, key: key, user: 2, asset: 1, amount: 5_000, fee: 10,
        address: payoutAddress, signature: Array(repeating: 0xa5, count: 64)
      ).command
    ),
    ("cancelWithdrawal", .withdrawal(.cancel(user: 2, id: 7))),
    ("cancelWithdrawal.ends", .withdrawal(.cancel(user: .max, id: .min))),
    (
      "rejectWithdrawal",
      .operation(.rejectWithdrawal(id: 7), by: Authority(user: 1, reason: "sanctioned"))
    ),
    ("startWithdrawal", .withdrawal(.start(id: 7))),
    ("finishWithdrawal", .withdrawal(.finish(id: 7))),
    ("failWithdrawal", .withdrawal(.fail(id: 7, isCancelled: false))),
    ("failWithdrawal.cancelled", .withdrawal(.fail(id: .max, isCancelled: true))),
  ]
}

/// The actions of version 1 by an operator with a key, and what came after it.
func attributedCommands() throws -> [(name: String, command: Command)] {
  let key = RandomVenue.key(7)
  let by = Authority(user: 3, key: key, reason: "é, because")
  let id = try #require(ClientOrderID("request-1"))
  let adjustment = BalanceAdjustment(user: 2, asset: 1, amount: -5, requestID: id)
  let grant = AccessGrant(user: 9, key: RandomVenue.key(8), role: .tradeOnly, expiresAt: 77)
  var named: [(name: String, command: Command)] = try namedCommands().compactMap { name, command in
    guard case .operation(var action, _) = command, !name.contains(".") else { return nil }
    // Its own operator and key would be the form of version 1.
    if case .approveWithdrawal = action { return (name + ".by", .operation(action, by: by)) }
    if case .approveAdjustment(var approval) = action {
      approval.content = AdjustmentApproval.Content(
        adjustment: adjustment, requestedBy: 1, reason: "wire 17")
      approval.signature = Array(repeating: 0xa5, count: 64)
      action = .approveAdjustment(approval)
    }
    return (name + ".by", .operation(action, by: by))
  }
  named += [
    (
      "registerKey.until",
      .operation(
        .registerKey(user: 9, key: key, role: .trader, expiresAt: .max), by: .venue)
    ),
    (
      "approveAdjustment.without",
      .operation(.approveAdjustment(AdjustmentApproval(id: 1, signature: [1])), by: .venue)
    ),
    (
      "approveKey",
      .operation(
        .approveKey(KeyApproval(id: 4, grant: grant, signature: Array(repeating: 1, count: 64))),
        by: by)
    ),
    ("refuseKey", .operation(.refuseKey(grant: .min), by: by)),
    ("setOperatorDelay", .operation(.setOperatorDelay(seconds: 86_400), by: by)),
    (
      "answerKeyGrant",
      .user(.answerKeyGrant(KeyGrantAnswer(user: 9, key: key, grant: 4, isConfirmed: true)))
    ),
  ]
  return named
}

/// What version 3 added.
func version3Commands() -> [(name: String, command: Command)] {
  let by = Authority(user: 3, key: RandomVenue.key(7), reason: "é, because")
  let widest = OrderTerms(
    rememberedOrders: .max, allowance: OrderAllowance(freePerDay: .max, perTrade: .max))
  return volumeCommands() + [
    ("setOrderTerms", .operation(.setOrderTerms(OrderTerms()), by: by)),
    ("setOrderTerms.max", .operation(.setOrderTerms(widest), by: by)),
    (
      "setOrderTerms.free",
      .operation(.setOrderTerms(OrderTerms(rememberedOrders: 0, allowance: nil)), by: .venue)
    ),
  ]
}

private func volumeCommands() -> [(name: String, command: Command)] {
  let by = Authority(user: 3, key: RandomVenue.key(7), reason: "é, because")
  func terms(_ volume: Int128) -> MarketTerms {
    MarketTerms(
      intervalMilliseconds: 2_000, bandBasisPoints: 1_000, buyFeeBasisPoints: 10,
      sellFeeBasisPoints: 20, minimumNotional: 1_000_000, minimumReferenceVolume: volume)
  }
  func market(_ volume: Int128) -> MarketDefinition {
    MarketDefinition(
      symbol: "ETH-USDC", base: 1, quote: 0, tickAtoms: 10_000, lotAtoms: 100_000_000_000_000,
      terms: terms(volume), listingPriceTicks: 250_000)
  }
  return [
    ("createMarket.volume", .operation(.createMarket(market(1_000_000_000)), by: by)),
    ("createMarket.volume.venue", .operation(.createMarket(market(0)), by: .venue)),
    ("createMarket.volume.max", .operation(.createMarket(market(.max)), by: by)),
    (
      "changeMarket.volume",
      .operation(.changeMarket(MarketChange(market: 3, terms: terms(1_000_000_000))), by: by)
    ),
    (
      "changeMarket.volume.min",
      .operation(.changeMarket(MarketChange(market: .max, terms: terms(.min))), by: .venue)
    ),
  ]
}

extension SeededNumbers {
  /// An action with any authority.
  private mutating func attributed() -> Command {
    let by = Authority(user: integer(), key: once(in: 4) ? nil : key(), reason: text())
    let grant = AccessGrant(
      user: integer(), key: key(), role: pick(Role.allCases), expiresAt: integer())
    return switch next() % 8 {
    case 7:
      .operation(
        .setOrderTerms(
          OrderTerms(
            rememberedOrders: integer(),
            allowance: once(in: 3)
              ? nil : OrderAllowance(freePerDay: integer(), perTrade: integer()))), by: by)
    case 0:
      .operation(
        .registerKey(
          user: grant.user, key: grant.key, role: grant.role, expiresAt: grant.expiresAt), by: by)
    case 1:
      .operation(
        .approveKey(KeyApproval(id: integer(), grant: grant, signature: Array(text().utf8))), by: by
      )
    case 2: .operation(.refuseKey(grant: integer()), by: by)
    case 3: .operation(.setOperatorDelay(seconds: integer()), by: by)
    case 4:
      .operation(
        .adjustBalance(
          BalanceAdjustment(
            user: integer(), asset: integer(), amount: integer(), requestID: clientOrderID())),
        by: by)
    case 5:
      .operation(
        .approveAdjustment(
          AdjustmentApproval(
            id: integer(),
            content: AdjustmentApproval.Content(
              adjustment: BalanceAdjustment(
                user: integer(), asset: integer(), amount: integer(), requestID: clientOrderID()),
              requestedBy: integer(), reason: text()), signature: Array(text().utf8))), by: by)
    default: .operation(.setFrozen(user: integer(), frozen: once(in: 2)), by: by)
    }
  }

  /// Any command at all: what the engine would refuse is journaled too.
  mutating func command() -> Command {
    let kind = next() % 42
    return switch kind {
    case 34...39: attributed()
    case 20...22, 24...33: money(kind)
    case 40, 41:
      .user(
        .answerKeyGrant(
          KeyGrantAnswer(
            user: integer(), key: key(), grant: integer(), isConfirmed: once(in: 2))))
    case 0: .schedule(.advanceTime(integer()))
    case 1:
      .order(
        .amend(
          AmendOrder(user: integer(), order: integer(), limitTicks: integer(), lots: integer())))
    case 2: .order(.cancel(CancelOrder(user: integer(), order: integer())))
    case 3: .order(.cancelAll(user: integer(), market: once(in: 2) ? nil : integer()))
    case 4: .schedule(.runAuction(market: integer(), slot: integer()))
    case 5: .operation(.suspendMarket(integer()), by: .venue)
    case 6: .operation(.resumeMarket(integer()), by: .venue)
    case 7: .operation(.setReference(market: integer(), priceTicks: integer()), by: .venue)
    case 8: .operation(.registerUser(name: text()), by: .venue)
    case 9:
      .operation(.registerKey(user: integer(), key: key(), role: pick(Role.allCases)), by: .venue)
    case 10: .operation(.revokeKey(key()), by: .venue)
    case 11: .operation(.setFrozen(user: integer(), frozen: once(in: 2)), by: .venue)
    case 12:
      .operation(
        .approveAdjustment(AdjustmentApproval(id: integer())), by: Authority(user: integer()))
    case 13: .operation(.refuseAdjustment(id: integer()), by: Authority(user: integer()))
    case 14: .venue(.activateRules(version: integer()))
    case 15: .operation(.changeMarket(MarketChange(market: integer(), terms: terms())), by: .venue)
    case 16:
      .operation(
        .createAsset(
          AssetDefinition(code: text(), decimals: integer(), adjustmentLimit: integer())),
        by: .venue)
    case 17:
      .operation(
        .createMarket(
          MarketDefinition(
            symbol: text(), base: integer(), quote: integer(), tickAtoms: integer(),
            lotAtoms: integer(), terms: terms(), listingPriceTicks: integer())), by: .venue)
    case 18:
      .venue(
        .configure(
          VenueConfiguration(
            seed: integer(), secondSeed: integer(), maximumRememberedOrders: integer(),
            maximumRememberedOrdersOfUser: integer())))
    case 19:
      .operation(
        .adjustBalance(
          BalanceAdjustment(
            user: integer(), asset: integer(), amount: integer(), requestID: clientOrderID())),
        by: Authority(user: integer(), reason: text()))
    default:
      .order(
        .place(
          PlaceOrder(
            user: integer(), market: integer(), side: once(in: 2) ? .buy : .sell,
            type: once(in: 2) ? .limit : .market, timeInForce: pick(TimeInForce.allCases),
            limitTicks: integer(), lots: integer(), expiry: integer(),
            clientOrderID: clientOrderID())
        ))
    }
  }

  /// Of deposits and withdrawals.
  private mutating func money(_ kind: UInt64) -> Command {
    switch kind {
    case 24:
      .operation(
        .setAddressDelay(chain: integer(), seconds: integer()), by: Authority(user: integer()))
    case 25:
      .operation(
        .setWithdrawalTerms(
          WithdrawalTerms(
            asset: integer(), chain: integer(), isOpen: once(in: 2), minimum: integer(),
            fee: integer(), userDayLimit: integer(), venueDayLimit: integer(),
            approvalAbove: integer(), approvals: integer())), by: Authority(user: integer()))
    case 26:
      .user(
        .addPayoutAddress(
          PayoutAddressAddition(
            user: integer(), chain: integer(), address: payoutAddress(), label: text())))
    case 27:
      .user(.removePayoutAddress(user: integer(), chain: integer(), address: payoutAddress()))
    case 28:
      .withdrawal(
        .request(
          WithdrawalRequest(
            user: integer(), asset: integer(), amount: integer(), address: payoutAddress(),
            clientID: clientOrderID())))
    case 29:
      WithdrawalApproval(
        id: integer(), operator: integer(), key: key(), user: integer(), asset: integer(),
        amount: integer(), fee: integer(), address: payoutAddress(),
        signature: Array(text().utf8)
      ).command
    case 30: .withdrawal(.cancel(user: integer(), id: integer()))
    case 31:
      .operation(.rejectWithdrawal(id: integer()), by: Authority(user: integer(), reason: text()))
    case 32: once(in: 2) ? .withdrawal(.start(id: integer())) : .withdrawal(.finish(id: integer()))
    case 33: .withdrawal(.fail(id: integer(), isCancelled: once(in: 2)))
    case 20: .operation(.registerChain(name: text()), by: .venue)
    case 21:
      .deposit(
        .credit(
          DepositCredit(
            chain: integer(), number: integer(), user: integer(), asset: integer(),
            amount: integer())))
    case 22:
      .deposit(
        .clawBack(
          DepositClawback(
            chain: integer(), number: integer(), credit: integer(), user: integer(),
            asset: integer(), amount: integer())))
    default: preconditionFailure("no command about money")
    }
  }

  private mutating func terms() -> MarketTerms {
    MarketTerms(
      intervalMilliseconds: integer(), bandBasisPoints: integer(), runsBeforeWidening: integer(),
      buyFeeBasisPoints: integer(), sellFeeBasisPoints: integer(), minimumNotional: integer(),
      maximumOpenOrders: integer(), minimumReferenceVolume: once(in: 2) ? nil : integer())
  }

  /// Now and then far longer than any rule allows: it is refused, but it is in the journal.
  private mutating func text() -> String {
    let length = once(in: 6) ? 1_500 : Int(next() % 30)
    var text = ""
    for _ in 0..<length { text.append(pick(["a", "Z", "9", "-", "é", "\u{0}", "\u{1f600}"])) }
    return text
  }

  private mutating func key() -> PublicKey {
    guard let key = PublicKey((0..<32).map { _ in UInt8(truncatingIfNeeded: next()) }) else {
      preconditionFailure("a key has 32 bytes")
    }
    return key
  }

  private mutating func payoutAddress() -> PayoutAddress {
    PayoutAddress((0..<Int(next() % 70)).map { _ in UInt8(truncatingIfNeeded: next()) })
  }

  private mutating func clientOrderID() -> ClientOrderID {
    let allowed = Array("ABCxyz0189._:-")
    let text = String((0...Int(next() % 36)).map { _ in pick(allowed) })
    guard let id = ClientOrderID(text) else { preconditionFailure("allowed characters only") }
    return id
  }
}
