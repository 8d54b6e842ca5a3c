// Every way in which the API says no: code, HTTP status, meaning. `docs/api.md` prints this table.

internal import Engine

/// Refusals that happen before the engine is asked.
enum TransportError: String, CaseIterable, Sendable {
  case badRequest = "bad_request"
  case textInvalid = "text_invalid"
  case signatureMissing = "signature_missing"
  case signatureInvalid = "signature_invalid"
  case requestStale = "request_stale"
  case requestReplayed = "request_replayed"
  case digestMismatch = "digest_mismatch"
  case forbidden
  case notFound = "not_found"
  case methodNotAllowed = "method_not_allowed"
  case bodyTooLarge = "body_too_large"
  case rateLimited = "rate_limited"
  case overloaded
  case unavailable
  case outcomeUnknown = "outcome_unknown"
  case depositNotFound = "deposit_not_found"
  case depositNotInReview = "deposit_not_in_review"
  case depositNotCreditable = "deposit_not_creditable"
  case tooManyStreams = "too_many_streams"

  var status: Int {
    switch self {
    case .badRequest: 400
    case .signatureMissing, .signatureInvalid, .requestStale, .requestReplayed, .digestMismatch:
      401
    case .forbidden: 403
    case .notFound, .depositNotFound: 404
    case .methodNotAllowed: 405
    case .depositNotInReview, .depositNotCreditable, .tooManyStreams: 409
    case .bodyTooLarge: 413
    case .textInvalid: 422
    case .rateLimited, .overloaded: 429
    case .outcomeUnknown: 500
    case .unavailable: 503
    }
  }

  var meaning: String {
    switch self {
    case .badRequest: "The request cannot be read: JSON, an unknown or missing field, a parameter."
    case .textInvalid:
      "A label or reason holds a character that does not print, or a label is too long."
    case .signatureMissing: "Content-Digest, Signature-Input or Signature is missing."
    case .signatureInvalid: "No user's key signed this request as it came."
    case .requestStale: "`created` is more than 5 s past, 1 s ahead, or from before a start."
    case .requestReplayed: "This key used this nonce before."
    case .digestMismatch: "The body is not the one that Content-Digest names."
    case .forbidden: "The key's role may not do this."
    case .notFound: "There is no such path."
    case .methodNotAllowed: "The path exists with other methods; `Allow` names them."
    case .bodyTooLarge: "The body is larger than this route takes."
    case .rateLimited: "Too many requests from this key, user or address; nothing was applied."
    case .overloaded: "Too much is waiting for the engine; nothing was applied."
    case .unavailable: "Requests are not taken at the moment; nothing was applied."
    case .outcomeUnknown: "It may or may not have been applied: send it again under the same id."
    case .depositNotFound: "There is no such deposit."
    case .depositNotInReview: "The deposit is in another state, or was decided otherwise."
    case .depositNotCreditable: "No amount of it can be booked, or no transaction shows it."
    case .tooManyStreams: "The user or address has as many event streams open as it may."
    }
  }
}

extension Rejection {
  /// 404: what was named is not there. 403: the user may not. 422: the request's own terms are
  /// wrong. 409: they do not fit the present state.
  var status: Int {
    switch self {
    case .unknownUser, .unknownMarket, .unknownAsset, .orderNotFound, .keyNotFound,
      .approvalNotFound, .keyGrantNotFound, .unknownChain, .withdrawalNotFound:
      404
    case .userFrozen, .approvalByRequester, .approvalByOwner, .approvalByGrantor,
      .notAnOperatorKey, .keyNotOfOwner:
      403
    case .priceOffTick, .priceOutOfRange, .quantityOffLot, .quantityOutOfRange, .notionalTooSmall,
      .notionalTooLarge, .limitMissing, .limitNotAllowed, .expiryMissing, .expiryNotAllowed,
      .expiryPassed, .noReferencePrice, .marketOrdersNotOffered, .timeInForceNotAllowed,
      .fillOrKillNotOffered, .minimumQuantityNotOffered, .marketOrderNotAmendable, .nameInvalid,
      .assetInvalid, .marketInvalid, .amountInvalid, .reasonMissing, .referenceOutOfRange,
      .unknownRulesVersion, .chainInvalid, .withdrawalTermsInvalid, .addressInvalid,
      .withdrawalTooSmall, .operatorDelayInvalid:
      422
    case .marketSuspended, .insufficientFunds, .selfTrade, .tooManyOpenOrders, .bookFull,
      .orderFinished, .quantityAlreadyExecuted, .duplicateClientOrderID, .tooManyRememberedOrders,
      .nameTaken, .tooManyUsers, .keyTaken, .tooManyKeys, .assetExists, .marketExists,
      .tooManyMarkets, .supplyTooLarge, .tooManyApprovals, .marketAlreadySuspended,
      .marketNotSuspended, .venueAlreadyConfigured, .venueNotConfigured, .slotAlreadyRun,
      .slotInFuture, .timeNotLater, .chainExists, .creditAlreadyApplied, .creditOutOfSequence,
      .clawbackAlreadyApplied, .clawbackOutOfSequence, .withdrawalsNotOffered,
      .addressNotListed, .addressTooNew, .addressExists, .tooManyAddresses, .userDayLimit,
      .venueDayLimit, .tooManyWithdrawals, .duplicateClientWithdrawalID, .withdrawalStarted,
      .withdrawalFinished, .withdrawalNotApproved, .withdrawalNotStarted, .approvalNotNeeded,
      .approvalRepeated, .approvalMismatch, .operatorKeyTooNew:
      409
    }
  }

  var meaning: String {
    switch self {
    case .unknownUser: "There is no such user."
    case .userFrozen: "The user is frozen: it may read and cancel, nothing else."
    case .unknownMarket: "There is no such market."
    case .marketSuspended: "The market is suspended; orders can be cancelled."
    case .unknownAsset: "There is no such asset."
    case .priceOffTick: "The price is not a multiple of the market's tick."
    case .priceOutOfRange: "The price is zero, negative or too large."
    case .quantityOffLot: "The quantity is not a multiple of the market's lot."
    case .quantityOutOfRange: "The quantity is zero, negative or too large."
    case .notionalTooSmall: "Price times quantity is below the market's minimum."
    case .notionalTooLarge: "Price times quantity is beyond what one order may be."
    case .limitMissing: "A limit order needs a price."
    case .limitNotAllowed: "A market order has no price."
    case .expiryMissing: "`gtd` needs `expires_at`."
    case .expiryNotAllowed: "`expires_at` goes with `gtd` only."
    case .expiryPassed: "`expires_at` is not in the future."
    case .noReferencePrice: "The market has no reference price yet: no market orders."
    case .marketOrdersNotOffered: "The market has no band: no market orders."
    case .timeInForceNotAllowed: "A market order is for the next auction only."
    case .fillOrKillNotOffered: "A call auction does not offer fill-or-kill."
    case .minimumQuantityNotOffered: "A call auction does not offer a minimum quantity."
    case .insufficientFunds: "The free balance does not cover it."
    case .selfTrade: "It would trade with an own order."
    case .tooManyOpenOrders: "The account has as many open orders in this market as it may have."
    case .bookFull: "The market's book takes no more orders on this side."
    case .orderNotFound: "The user has no such order."
    case .orderFinished: "The order is executed, cancelled or expired."
    case .quantityAlreadyExecuted: "The new total is not more than what was executed."
    case .marketOrderNotAmendable: "A market order cannot be amended."
    case .duplicateClientOrderID: "This client id stands for another request."
    case .tooManyRememberedOrders: "Too many client ids within 24 hours."
    case .nameInvalid: "A name is 1 to 64 printable ASCII characters without space."
    case .nameTaken: "A user of this name exists."
    case .tooManyUsers: "There are as many users as there may be."
    case .keyTaken: "The key is registered to another user or role, or waits for it."
    case .keyNotFound: "The key is not registered."
    case .tooManyKeys: "The user has 16 keys."
    case .assetExists: "An asset of this code exists."
    case .assetInvalid: "The asset's code, decimals or limit are not allowed."
    case .marketExists: "A market of this symbol exists."
    case .marketInvalid: "The market's terms are not allowed, or tick times lot would round."
    case .tooManyMarkets: "There are as many markets as there may be."
    case .amountInvalid: "The amount is zero, too large or finer than the asset."
    case .supplyTooLarge: "The asset's supply would be too large."
    case .reasonMissing: "A reason is 1 to 200 bytes."
    case .approvalNotFound: "No such adjustment waits."
    case .approvalByRequester: "Another operator than the requester approves."
    case .approvalByGrantor: "Who gave a key access to the account does not approve for it."
    case .keyGrantNotFound: "No such key waits."
    case .keyNotOfOwner: "Only a trader's or operator's key of the account answers for it."
    case .operatorDelayInvalid: "The delay is 0 to 2,592,000 seconds."
    case .tooManyApprovals: "Too many adjustments or keys wait, of this operator or of all."
    case .referenceOutOfRange: "The reference price is zero, negative or too large."
    case .marketAlreadySuspended: "The market is suspended already."
    case .marketNotSuspended: "The market is not suspended."
    case .venueAlreadyConfigured: "The venue is configured already."
    case .venueNotConfigured: "The venue is not configured yet."
    case .unknownRulesVersion: "There is no such version of the rules."
    case .slotAlreadyRun: "The auction of this slot ran already."
    case .slotInFuture: "The auction of this slot is not due yet."
    case .timeNotLater: "Time does not go back."
    case .chainExists: "A chain of this name is registered."
    case .chainInvalid: "A chain's name is 1 to 16 characters a-z 0-9."
    case .unknownChain: "There is no such chain."
    case .creditAlreadyApplied: "This deposit was credited already."
    case .creditOutOfSequence: "Credits come in the order of their numbers."
    case .clawbackAlreadyApplied: "This clawback was applied already."
    case .clawbackOutOfSequence: "Clawbacks come in the order of their numbers."
    case .withdrawalsNotOffered: "The asset cannot be withdrawn at the moment."
    case .withdrawalTermsInvalid:
      "Terms of withdrawals are amounts from 0 on, a minimum above 0, and at most 8 approvals."
    case .addressInvalid: "This is no address that can be paid to."
    case .addressNotListed: "The address is not in the user's address book."
    case .addressTooNew: "The address is in the address book but not usable yet."
    case .addressExists: "The address is in the address book already."
    case .tooManyAddresses: "The address book has 32 addresses."
    case .withdrawalTooSmall: "The amount is below the asset's minimum."
    case .userDayLimit: "The user's limit for 24 hours would be passed."
    case .venueDayLimit: "The venue's limit for 24 hours would be passed."
    case .tooManyWithdrawals: "Too many withdrawals within 24 hours."
    case .duplicateClientWithdrawalID: "This client id stands for another withdrawal."
    case .withdrawalNotFound: "The user has no such withdrawal."
    case .withdrawalStarted: "The payment has begun: it can no longer be cancelled."
    case .withdrawalFinished: "The withdrawal is finished."
    case .withdrawalNotApproved: "Operators have not approved it."
    case .withdrawalNotStarted: "The payment has not begun."
    case .approvalNotNeeded: "No further approval is needed."
    case .approvalRepeated: "This operator has approved it already."
    case .approvalMismatch: "What was approved is not what was asked for."
    case .approvalByOwner: "Nobody approves for an own account."
    case .notAnOperatorKey: "The key is not this operator's."
    case .operatorKeyTooNew:
      "The key counts when it is as old as the delay: of a new address, or of operators."
    }
  }
}

/// One row of the error table.
struct ErrorRow: Equatable {
  var code: String
  var status: Int
  var meaning: String

  /// Transport errors in their order, then the engine's by code.
  static var all: [ErrorRow] {
    TransportError.allCases.map {
      ErrorRow(code: $0.rawValue, status: $0.status, meaning: $0.meaning)
    }
      + Rejection.allCases.map { ErrorRow(code: $0.code, status: $0.status, meaning: $0.meaning) }
      .sorted { $0.code < $1.code }
  }
}

/// Why a request is refused: what becomes the one error shape.
struct Refusal: Error, Sendable, Equatable {
  var status: Int
  var code: String
  var message: String
  var retryAfterSeconds: Int?
  /// For `method_not_allowed`.
  var allowedMethods: [String] = []

  /// `detail` says more than the table does.
  init(_ error: TransportError, _ detail: String? = nil, retryAfterSeconds: Int? = nil) {
    status = error.status
    code = error.rawValue
    message = detail ?? error.meaning
    self.retryAfterSeconds = retryAfterSeconds
  }

  /// `detail` says more than the table does.
  init(_ rejection: Rejection, _ detail: String? = nil) {
    status = rejection.status
    code = rejection.code
    message = detail ?? rejection.meaning
  }

  init(ofCore error: ExchangeError) {
    switch error {
    case .unavailable(let reason, let seconds):
      self.init(.unavailable, reason, retryAfterSeconds: max(seconds, 1))
    case .overloaded(let seconds): self.init(.overloaded, retryAfterSeconds: max(seconds, 1))
    case .rateLimited(let reason, let seconds):
      self.init(.rateLimited, reason, retryAfterSeconds: max(seconds, 1))
    case .outcomeUnknown: self.init(.outcomeUnknown)
    }
  }
}
