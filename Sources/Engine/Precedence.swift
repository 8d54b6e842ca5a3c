// In which order each command's rules are asked: the rank of its refusals. `docs/api.md` prints it.

/// A command, or a part of a request's way before it. Where several of its rules are broken at
/// once, the answer is the one that is first in `checks`.
///
/// A rank belongs to a command, not to a refusal: an amendment asks for the price before the
/// quantity, a new order the other way round. What is asked is part of the engine's answers, so an
/// order changes only with the rules' version. `PrecedenceTests` hold the code to these lists.
public enum Precedence: String, Sendable, CaseIterable {
  // Before the engine.
  case request = "any signed request"
  case orderBody = "an order's body"

  // Orders and auctions.
  case placeOrder = "place an order"
  case amendOrder = "amend an order"
  case cancelOrder = "cancel an order"
  case cancelAllOrders = "cancel all orders"
  case runAuction = "run an auction"

  // Operators. The first is asked of every action, then the action's own.
  case operatorAction = "any operator's action"
  case createAsset = "create an asset"
  case createMarket = "create a market"
  case changeMarket = "change a market"
  case suspendMarket = "suspend a market"
  case resumeMarket = "resume a market"
  case setReference = "set a reference price"
  case registerUser = "register a user"
  case registerKey = "register a key"
  case approveKey = "approve a key"
  case refuseKey = "refuse a key"
  case revokeKey = "revoke a key"
  case setFrozen = "freeze or unfreeze a user"
  case setOperatorDelay = "set the operators' delay"
  case setOrderTerms = "set the terms of orders"
  case adjustBalance = "adjust a balance"
  case approveAdjustment = "approve an adjustment"
  case refuseAdjustment = "refuse an adjustment"
  case registerChain = "register a chain"
  case setAddressDelay = "set an address delay"
  case setWithdrawalTerms = "set withdrawal terms"
  case approveWithdrawal = "approve a withdrawal"
  case rejectWithdrawal = "reject a withdrawal"

  // Users' keys, deposits and withdrawals.
  case answerKeyGrant = "confirm or refuse a key for one's account"
  case addPayoutAddress = "add a payout address"
  case removePayoutAddress = "remove a payout address"
  case requestWithdrawal = "request a withdrawal"
  case cancelWithdrawal = "cancel a withdrawal"
  case creditDeposit = "credit a deposit"
  case clawBackDeposit = "claw back a deposit"
  case startWithdrawal = "start a withdrawal"
  case endWithdrawal = "finish or fail a withdrawal"

  // The venue.
  case configureVenue = "configure the venue"
  case activateRules = "activate rules"
  case advanceTime = "advance the time"

  /// First to last, each once: where it is asked again later, the first place counts. Of the
  /// engine's under the newest rules.
  public var checks: [RefusalRow.Name] {
    switch self {
    case .request: Self.ofRequest
    case .orderBody: Self.ofOrderBody
    default: (Self.ofEngine[self] ?? []).map { .engine($0) }
    }
  }

  private static let ofRequest: [RefusalRow.Name] = [
    .edge(.notFound), .edge(.methodNotAllowed), .edge(.signatureMissing), .edge(.requestStale),
    .edge(.requestReplayed), .edge(.signatureInvalid), .edge(.forbidden),
    .engine(.userFrozen), .edge(.bodyTooLarge), .edge(.digestMismatch), .edge(.badRequest),
    .edge(.textInvalid),
  ]

  private static let ofOrderBody: [RefusalRow.Name] = [
    .edge(.minimumQuantityNotOffered), .edge(.fillOrKillNotOffered), .engine(.unknownMarket),
    .engine(.quantityOutOfRange), .edge(.quantityOffLot), .engine(.priceOutOfRange),
    .edge(.priceOffTick), .engine(.expiryPassed),
  ]

  private static let ofEngine: [Precedence: [Rejection]] = [
    .placeOrder: [
      .unknownUser, .duplicateClientOrderID, .tooManyRememberedOrders, .orderAllowanceUsed,
      .userFrozen, .unknownMarket, .marketSuspended, .quantityOutOfRange, .limitMissing,
      .priceOutOfRange, .limitNotAllowed,
      .timeInForceNotAllowed, .noReferencePrice, .marketOrdersNotOffered, .expiryMissing,
      .expiryPassed, .expiryNotAllowed, .bookFull, .tooManyOpenOrders, .selfTrade,
      .notionalTooLarge, .insufficientFunds, .notionalTooSmall,
    ],
    .amendOrder: [
      .orderNotFound, .orderFinished, .userFrozen, .marketSuspended, .marketOrderNotAmendable,
      .priceOutOfRange, .quantityOutOfRange, .quantityAlreadyExecuted, .selfTrade,
      .notionalTooLarge, .notionalTooSmall, .insufficientFunds, .orderAllowanceUsed,
    ],
    .cancelOrder: [.orderNotFound, .orderFinished],
    .cancelAllOrders: [.unknownUser, .unknownMarket],
    .runAuction: [.unknownMarket, .marketSuspended, .slotAlreadyRun, .slotInFuture],
    .operatorAction: [
      .venueNotConfigured, .unknownUser, .userFrozen, .notAnOperatorKey, .reasonMissing,
    ],
    .createAsset: [.assetInvalid, .assetExists, .operatorKeyTooNew],
    .createMarket: [.marketExists, .tooManyMarkets, .marketInvalid],
    .changeMarket: [.unknownMarket, .marketInvalid],
    .suspendMarket: [.unknownMarket, .marketAlreadySuspended],
    .resumeMarket: [.unknownMarket, .marketNotSuspended],
    .setReference: [.unknownMarket, .referenceOutOfRange],
    .registerUser: [.nameInvalid, .nameTaken, .tooManyUsers],
    .registerKey: [
      .unknownUser, .keyTaken, .keyRevoked, .expiryPassed, .tooManyKeys, .tooManyApprovals,
    ],
    .approveKey: [
      .keyGrantNotFound, .approvalByRequester, .approvalRepeated, .approvalMismatch,
      .operatorKeyTooNew, .approvalByOwner, .approvalByGrantor, .approvalNotNeeded,
      .tooManyKeys,
    ],
    .refuseKey: [.keyGrantNotFound],
    .revokeKey: [.keyNotFound],
    .setFrozen: [.unknownUser, .operatorKeyTooNew, .approvalByGrantor],
    .setOperatorDelay: [.operatorDelayInvalid],
    .setOrderTerms: [.orderTermsInvalid],
    .adjustBalance: [
      .duplicateClientOrderID, .tooManyRememberedOrders, .unknownUser, .unknownAsset,
      .amountInvalid, .reasonMissing, .tooManyApprovals, .operatorKeyTooNew, .supplyTooLarge,
      .insufficientFunds,
    ],
    .approveAdjustment: [
      .approvalNotFound, .approvalByRequester, .approvalMismatch, .operatorKeyTooNew,
      .approvalByOwner, .approvalByGrantor, .supplyTooLarge, .insufficientFunds,
    ],
    .refuseAdjustment: [.approvalNotFound],
    .registerChain: [.chainExists, .chainInvalid],
    .setAddressDelay: [.unknownChain, .withdrawalTermsInvalid],
    .setWithdrawalTerms: [.unknownAsset, .unknownChain, .withdrawalTermsInvalid],
    .approveWithdrawal: [
      .withdrawalNotFound, .withdrawalFinished, .operatorKeyTooNew, .approvalMismatch,
      .approvalByOwner, .approvalByGrantor, .approvalRepeated, .approvalNotNeeded,
    ],
    .rejectWithdrawal: [
      .reasonMissing, .withdrawalNotFound, .withdrawalFinished, .withdrawalStarted,
    ],
    .answerKeyGrant: [
      .venueNotConfigured, .unknownRulesVersion, .unknownUser, .keyGrantNotFound, .keyNotOfOwner,
      .userFrozen, .expiryPassed, .tooManyKeys,
    ],
    .addPayoutAddress: [
      .venueNotConfigured, .unknownUser, .unknownChain, .addressInvalid, .nameInvalid, .userFrozen,
      .addressExists, .tooManyAddresses,
    ],
    .removePayoutAddress: [
      .venueNotConfigured, .unknownUser, .unknownChain, .userFrozen, .addressNotListed,
    ],
    .requestWithdrawal: [
      .venueNotConfigured, .unknownUser, .duplicateClientWithdrawalID, .unknownAsset,
      .withdrawalsNotOffered, .userFrozen, .amountInvalid, .withdrawalTooSmall, .addressNotListed,
      .addressTooNew, .tooManyWithdrawals, .userDayLimit, .venueDayLimit, .insufficientFunds,
    ],
    .cancelWithdrawal: [
      .venueNotConfigured, .withdrawalNotFound, .withdrawalFinished, .withdrawalStarted,
    ],
    .creditDeposit: [
      .venueNotConfigured, .unknownChain, .unknownUser, .unknownAsset, .amountInvalid,
      .creditAlreadyApplied, .creditOutOfSequence, .supplyTooLarge,
    ],
    .clawBackDeposit: [
      .venueNotConfigured, .unknownChain, .unknownUser, .unknownAsset, .amountInvalid,
      .clawbackAlreadyApplied, .clawbackOutOfSequence, .supplyTooLarge,
    ],
    .startWithdrawal: [
      .venueNotConfigured, .withdrawalNotFound, .withdrawalFinished, .withdrawalNotApproved,
      .userFrozen,
    ],
    .endWithdrawal: [
      .venueNotConfigured, .withdrawalNotFound, .withdrawalFinished, .withdrawalNotStarted,
    ],
    .configureVenue: [.venueAlreadyConfigured],
    .activateRules: [.venueNotConfigured, .unknownRulesVersion],
    .advanceTime: [.timeNotLater],
  ]
}
