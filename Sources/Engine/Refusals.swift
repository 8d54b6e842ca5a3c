// Every way in which the exchange says no, in one table: code, number, status, who says it, why.
// `docs/api.md` prints it; in which order the rules are asked says `Precedence`.

/// One row of the table.
public struct RefusalRow: Sendable, Equatable {
  /// Engine's refusals have a number, which is journaled; the others have none.
  public enum Name: Hashable, Sendable {
    case engine(Rejection)
    case edge(EdgeRefusal)
  }

  /// Who says it: the edge (before the engine is asked), custody (on the edge's behalf), or the
  /// engine.
  public struct Source: OptionSet, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let edge = Source(rawValue: 1)
    public static let custody = Source(rawValue: 2)
    public static let engine = Source(rawValue: 4)

    /// As the documentation prints it.
    public var names: [String] {
      [(Source.edge, "edge"), (.custody, "custody"), (.engine, "engine")]
        .filter { contains($0.0) }.map(\.1)
    }
  }

  public var name: Name
  /// Of the API: clients' programs know it.
  public var code: String
  /// Of an answer in HTTP. 401: who asks is not known. 403: the user may not. 404: what was named
  /// is not there. 422: the request's own terms are wrong. 409: they do not fit the present state.
  public var status: Int
  public var raisedBy: Source
  public var meaning: String

  public var number: UInt16? {
    if case .engine(let rejection) = name { rejection.rawValue } else { nil }
  }
}

/// Refusals without a number: the engine never says them, so no journal holds them.
public enum EdgeRefusal: Hashable, Sendable, CaseIterable {
  case badRequest
  case textInvalid
  case signatureMissing
  case signatureInvalid
  case requestStale
  case requestReplayed
  case digestMismatch
  case forbidden
  case notFound
  case methodNotAllowed
  case bodyTooLarge
  case rateLimited
  case overloaded
  case unavailable
  case outcomeUnknown
  case depositNotFound
  case depositNotInReview
  case depositNotCreditable
  case decisionWaits
  case decisionLapsed
  case tooManyStreams

  // An order that no command could hold: the engine counts in ticks and lots.
  case priceOffTick
  case quantityOffLot
  case fillOrKillNotOffered
  case minimumQuantityNotOffered
}

public enum Refusals {
  /// Those of the edge, then the engine's by number.
  public static let table: [RefusalRow] = ofEdge + ofEngine

  private static let ofEdge: [RefusalRow] = [
    edge(
      .badRequest, "bad_request", 400, .edge,
      "The request cannot be read: JSON, an unknown or missing field, a parameter."),
    edge(
      .textInvalid, "text_invalid", 422, .edge,
      "A label or reason does not print or has a space at an end, or a label is too long."),
    edge(
      .signatureMissing, "signature_missing", 401, .edge,
      "Content-Digest, Signature-Input or Signature is missing."),
    edge(
      .signatureInvalid, "signature_invalid", 401, .edge,
      "No user's key signed this request as it came."),
    edge(
      .requestStale, "request_stale", 401, .edge,
      "`created` is more than 5 s past, 1 s ahead, or from before a start."),
    edge(.requestReplayed, "request_replayed", 401, .edge, "This key used this nonce before."),
    edge(
      .digestMismatch, "digest_mismatch", 401, .edge,
      "The body is not the one that Content-Digest names."),
    edge(.forbidden, "forbidden", 403, .edge, "The key's role may not do this."),
    edge(.notFound, "not_found", 404, .edge, "There is no such path."),
    edge(
      .methodNotAllowed, "method_not_allowed", 405, .edge,
      "The path exists with other methods; `Allow` names them."),
    edge(.bodyTooLarge, "body_too_large", 413, .edge, "The body is larger than this route takes."),
    edge(
      .rateLimited, "rate_limited", 429, .edge,
      "Too many requests from this key, user or address; nothing was applied."),
    edge(
      .overloaded, "overloaded", 429, .edge,
      "Too much is waiting for the engine; nothing was applied."),
    edge(
      .unavailable, "unavailable", 503, .edge,
      "Requests are not taken at the moment; nothing was applied."),
    edge(
      .outcomeUnknown, "outcome_unknown", 500, .edge,
      "It may or may not have been applied: send it again under the same id."),
    edge(
      .depositNotFound, "deposit_not_found", 404, [.edge, .custody],
      "There is no such deposit."),
    edge(
      .depositNotInReview, "deposit_not_in_review", 409, .custody,
      "The deposit is in another state, or was decided otherwise."),
    edge(
      .depositNotCreditable, "deposit_not_creditable", 409, .custody,
      "No amount of it can be booked, or no transaction shows it."),
    edge(
      .decisionWaits, "decision_waits", 409, .custody,
      "Another decision about the deposit or payment waits for a second operator."),
    edge(
      .decisionLapsed, "decision_lapsed", 409, .edge,
      "Who proposed it could no longer do so: it is proposed anew."),
    edge(
      .tooManyStreams, "too_many_streams", 409, .edge,
      "The user or address has as many event streams open as it may."),
    edge(
      .priceOffTick, "price_off_tick", 422, .edge,
      "The price is not a multiple of the market's tick."),
    edge(
      .quantityOffLot, "quantity_off_lot", 422, .edge,
      "The quantity is not a multiple of the market's lot."),
    edge(
      .fillOrKillNotOffered, "fill_or_kill_not_offered", 422, .edge,
      "A call auction does not offer fill-or-kill."),
    edge(
      .minimumQuantityNotOffered, "minimum_quantity_not_offered", 422, .edge,
      "A call auction does not offer a minimum quantity."),
  ]

  private static let ofEngine: [RefusalRow] = [
    // The one who asks.
    engine(.unknownUser, "unknown_user", 404, [.edge, .engine], "There is no such user."),
    engine(
      .userFrozen, "user_frozen", 403, [.edge, .engine],
      "The user is frozen: it may read and cancel, nothing else."),
    engine(.unknownMarket, "unknown_market", 404, [.edge, .engine], "There is no such market."),
    engine(
      .marketSuspended, "market_suspended", 409, .engine,
      "The market is suspended; orders can be cancelled."),
    engine(.unknownAsset, "unknown_asset", 404, [.edge, .engine], "There is no such asset."),
    // The order's own terms.
    engine(
      .priceOutOfRange, "price_out_of_range", 422, [.edge, .engine],
      "The price is zero, negative or too large."),
    engine(
      .quantityOutOfRange, "quantity_out_of_range", 422, [.edge, .engine],
      "The quantity is zero, negative or too large."),
    engine(
      .notionalTooSmall, "notional_too_small", 422, .engine,
      "Price times quantity is below the market's minimum."),
    engine(
      .notionalTooLarge, "notional_too_large", 422, .engine,
      "Price times quantity is beyond what one order may be."),
    engine(.limitMissing, "limit_missing", 422, .engine, "A limit order needs a price."),
    engine(.limitNotAllowed, "limit_not_allowed", 422, .engine, "A market order has no price."),
    engine(.expiryMissing, "expiry_missing", 422, .engine, "`gtd` needs `expires_at`."),
    engine(
      .expiryNotAllowed, "expiry_not_allowed", 422, .engine,
      "`expires_at` goes with `gtd` only."),
    engine(
      .expiryPassed, "expiry_passed", 422, [.edge, .engine],
      "`expires_at` is not in the future."),
    engine(
      .noReferencePrice, "no_reference_price", 422, .engine,
      "The market has no reference price yet: no market orders."),
    engine(
      .marketOrdersNotOffered, "market_orders_not_offered", 422, .engine,
      "The market has no band: no market orders."),
    engine(
      .timeInForceNotAllowed, "time_in_force_not_allowed", 422, .engine,
      "A market order is for the next auction only."),
    // The order against the state.
    engine(
      .insufficientFunds, "insufficient_funds", 409, .engine,
      "The free balance does not cover it."),
    engine(.selfTrade, "self_trade", 409, .engine, "It would trade with an own order."),
    engine(
      .tooManyOpenOrders, "too_many_open_orders", 409, .engine,
      "The account has as many open orders in this market as it may have."),
    engine(
      .bookFull, "book_full", 409, .engine,
      "The market's book takes no more orders on this side."),
    engine(
      .orderNotFound, "order_not_found", 404, [.edge, .engine],
      "The user has no such order."),
    engine(
      .orderFinished, "order_finished", 409, [.edge, .engine],
      "The order is executed, cancelled or expired."),
    engine(
      .quantityAlreadyExecuted, "quantity_already_executed", 409, .engine,
      "The new total is not more than what was executed."),
    engine(
      .marketOrderNotAmendable, "market_order_not_amendable", 422, .engine,
      "A market order cannot be amended."),
    engine(
      .duplicateClientOrderID, "duplicate_client_order_id", 409, .engine,
      "This client id stands for another request."),
    engine(
      .tooManyRememberedOrders, "too_many_remembered_orders", 409, .engine,
      "More ids are remembered of this user than its rates allow."),
    engine(
      .orderAllowanceUsed, "order_allowance_used", 409, .engine,
      "Too many orders for the account's trades: trade, or wait."),
    // Operators' commands.
    engine(
      .nameInvalid, "name_invalid", 422, .engine,
      "A name is 1 to 64 printable ASCII characters without space."),
    engine(.nameTaken, "name_taken", 409, [.edge, .engine], "A user of this name exists."),
    engine(
      .tooManyUsers, "too_many_users", 409, .engine,
      "There are as many users as there may be."),
    engine(
      .keyTaken, "key_taken", 409, [.edge, .engine],
      "The key is registered to another user or role, or waits for it."),
    engine(
      .keyRevoked, "key_revoked", 409, .engine,
      "The start that names the key gave it before, and it was revoked."),
    engine(.keyNotFound, "key_not_found", 404, [.edge, .engine], "The key is not registered."),
    engine(.tooManyKeys, "too_many_keys", 409, .engine, "The user has 16 keys."),
    engine(.assetExists, "asset_exists", 409, .engine, "An asset of this code exists."),
    engine(
      .assetInvalid, "asset_invalid", 422, [.edge, .engine],
      "The asset's code, decimals or limit are not allowed."),
    engine(.marketExists, "market_exists", 409, .engine, "A market of this symbol exists."),
    engine(
      .marketInvalid, "market_invalid", 422, [.edge, .engine],
      "The market's terms are not allowed, or tick times lot would round."),
    engine(
      .tooManyMarkets, "too_many_markets", 409, .engine,
      "There are as many markets as there may be."),
    engine(
      .amountInvalid, "amount_invalid", 422, [.edge, .engine],
      "The amount is zero, too large or finer than the asset."),
    engine(
      .supplyTooLarge, "supply_too_large", 409, .engine,
      "The asset's supply would be too large."),
    engine(.reasonMissing, "reason_missing", 422, [.edge, .engine], "A reason is 1 to 200 bytes."),
    engine(
      .approvalNotFound, "approval_not_found", 404, [.edge, .engine],
      "No such adjustment or decision waits."),
    engine(
      .approvalByRequester, "approval_by_requester", 403, [.edge, .engine],
      "Another operator than the requester approves."),
    engine(
      .tooManyApprovals, "too_many_approvals", 409, [.edge, .engine],
      "Too many adjustments or keys wait, of this operator or of all."),
    engine(
      .referenceOutOfRange, "reference_out_of_range", 422, .engine,
      "The reference price is zero, negative or too large."),
    engine(
      .marketAlreadySuspended, "market_already_suspended", 409, .engine,
      "The market is suspended already."),
    engine(
      .marketNotSuspended, "market_not_suspended", 409, .engine,
      "The market is not suspended."),
    engine(
      .venueAlreadyConfigured, "venue_already_configured", 409, .engine,
      "The venue is configured already."),
    engine(
      .venueNotConfigured, "venue_not_configured", 409, .engine,
      "The venue is not configured yet."),
    engine(
      .unknownRulesVersion, "unknown_rules_version", 422, .engine,
      "There is no such version of the rules."),
    engine(
      .approvalByGrantor, "approval_by_grantor", 403, .engine,
      "Who gave a key access to the account does not approve for it."),
    engine(.keyGrantNotFound, "key_grant_not_found", 404, [.edge, .engine], "No such key waits."),
    engine(
      .keyNotOfOwner, "key_not_of_owner", 403, .engine,
      "Only a trader's or operator's key of the account answers for it."),
    engine(
      .operatorDelayInvalid, "operator_delay_invalid", 422, .engine,
      "The delay is 0 to 2,592,000 seconds."),
    engine(
      .orderTermsInvalid, "order_terms_invalid", 422, .engine,
      "The terms of orders are out of their ranges."),
    // The schedule.
    engine(
      .slotAlreadyRun, "slot_already_run", 409, .engine,
      "The auction of this slot ran already."),
    engine(
      .slotInFuture, "slot_in_future", 409, .engine,
      "The auction of this slot is not due yet."),
    engine(.timeNotLater, "time_not_later", 409, .engine, "Time does not go back."),
    // Custody.
    engine(.chainExists, "chain_exists", 409, .engine, "A chain of this name is registered."),
    engine(
      .chainInvalid, "chain_invalid", 422, .engine,
      "A chain's name is 1 to 16 characters a-z 0-9."),
    engine(.unknownChain, "unknown_chain", 404, [.edge, .engine], "There is no such chain."),
    engine(
      .creditAlreadyApplied, "credit_already_applied", 409, .engine,
      "This deposit was credited already."),
    engine(
      .creditOutOfSequence, "credit_out_of_sequence", 409, .engine,
      "Credits come in the order of their numbers."),
    engine(
      .clawbackAlreadyApplied, "clawback_already_applied", 409, .engine,
      "This clawback was applied already."),
    engine(
      .clawbackOutOfSequence, "clawback_out_of_sequence", 409, .engine,
      "Clawbacks come in the order of their numbers."),
    // Withdrawals.
    engine(
      .withdrawalsNotOffered, "withdrawals_not_offered", 409, .engine,
      "The asset cannot be withdrawn at the moment."),
    engine(
      .withdrawalTermsInvalid, "withdrawal_terms_invalid", 422, [.edge, .engine],
      "Terms of withdrawals are amounts from 0 on, a minimum above 0, and at most 8 approvals."),
    engine(
      .addressInvalid, "address_invalid", 422, [.custody, .engine],
      "This is no address that can be paid to."),
    engine(
      .addressNotListed, "address_not_listed", 409, [.edge, .engine],
      "The address is not in the user's address book."),
    engine(
      .addressTooNew, "address_too_new", 409, .engine,
      "The address is in the address book but not usable yet."),
    engine(
      .addressExists, "address_exists", 409, .engine,
      "The address is in the address book already."),
    engine(
      .tooManyAddresses, "too_many_addresses", 409, .engine,
      "The address book has 32 addresses."),
    engine(
      .withdrawalTooSmall, "withdrawal_too_small", 422, .engine,
      "The amount is below the asset's minimum."),
    engine(
      .userDayLimit, "user_day_limit", 409, .engine,
      "The user's limit for 24 hours would be passed."),
    engine(
      .venueDayLimit, "venue_day_limit", 409, .engine,
      "The venue's limit for 24 hours would be passed."),
    engine(
      .tooManyWithdrawals, "too_many_withdrawals", 409, .engine,
      "Too many withdrawals within 24 hours."),
    engine(
      .duplicateClientWithdrawalID, "duplicate_client_withdrawal_id", 409, [.edge, .engine],
      "This client id stands for another withdrawal."),
    engine(
      .withdrawalNotFound, "withdrawal_not_found", 404, [.edge, .engine],
      "The user has no such withdrawal."),
    engine(
      .withdrawalStarted, "withdrawal_started", 409, .engine,
      "The payment has begun: it can no longer be cancelled."),
    engine(.withdrawalFinished, "withdrawal_finished", 409, .engine, "The withdrawal is finished."),
    engine(
      .withdrawalNotApproved, "withdrawal_not_approved", 409, .engine,
      "Operators have not approved it."),
    engine(
      .withdrawalNotStarted, "withdrawal_not_started", 409, .engine,
      "The payment has not begun."),
    engine(
      .approvalNotNeeded, "approval_not_needed", 409, .engine,
      "No further approval is needed."),
    engine(
      .approvalRepeated, "approval_repeated", 409, .engine,
      "This operator has approved it already."),
    engine(
      .approvalMismatch, "approval_mismatch", 409, [.edge, .custody, .engine],
      "What was approved is not what was asked for."),
    engine(
      .approvalByOwner, "approval_by_owner", 403, .engine,
      "Nobody approves for an own account."),
    engine(
      .notAnOperatorKey, "not_an_operator_key", 403, .engine,
      "The key is not this operator's."),
    engine(
      .operatorKeyTooNew, "operator_key_too_new", 409, .engine,
      "The key counts when it is as old as the delay: of a new address, or of operators."),
  ]

  private static func edge(
    _ name: EdgeRefusal, _ code: String, _ status: Int, _ raisedBy: RefusalRow.Source,
    _ meaning: String
  ) -> RefusalRow {
    RefusalRow(
      name: .edge(name), code: code, status: status, raisedBy: raisedBy, meaning: meaning)
  }

  private static func engine(
    _ name: Rejection, _ code: String, _ status: Int, _ raisedBy: RefusalRow.Source,
    _ meaning: String
  ) -> RefusalRow {
    RefusalRow(
      name: .engine(name), code: code, status: status, raisedBy: raisedBy, meaning: meaning)
  }

  private static let byName = Dictionary(uniqueKeysWithValues: table.map { ($0.name, $0) })

  public static func row(_ name: RefusalRow.Name) -> RefusalRow {
    guard let row = byName[name] else { preconditionFailure("\(name) is not in the table") }
    return row
  }
}

extension Rejection {
  public var row: RefusalRow { Refusals.row(.engine(self)) }
  /// The code in the API.
  public var code: String { row.code }
}

extension EdgeRefusal {
  public var row: RefusalRow { Refusals.row(.edge(self)) }
}
