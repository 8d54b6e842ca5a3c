// Every way in which the engine says no, by its number. `Refusals` says the rest.

/// Why a command was refused. The raw value lies in journals and snapshots: a number that was given
/// once is never given again (10, 12, 24 and 25 were).
public enum Rejection: UInt16, Sendable, CaseIterable, Error {
  // The one who asks.
  case unknownUser = 1
  case userFrozen = 2
  case unknownMarket = 3
  case marketSuspended = 4
  case unknownAsset = 5

  // The order's own terms.
  case priceOutOfRange = 11
  case quantityOutOfRange = 13
  case notionalTooSmall = 14
  case notionalTooLarge = 15
  case limitMissing = 16
  case limitNotAllowed = 17
  case expiryMissing = 18
  case expiryNotAllowed = 19
  case expiryPassed = 20
  case noReferencePrice = 21
  case marketOrdersNotOffered = 22
  case timeInForceNotAllowed = 23

  // The order against the state.
  case insufficientFunds = 30
  case selfTrade = 31
  case tooManyOpenOrders = 32
  case bookFull = 33
  case orderNotFound = 34
  case orderFinished = 35
  case quantityAlreadyExecuted = 36
  case marketOrderNotAmendable = 37
  case duplicateClientOrderID = 38
  case tooManyRememberedOrders = 39
  case orderAllowanceUsed = 40

  // Operators' commands.
  case nameInvalid = 50
  case nameTaken = 51
  case tooManyUsers = 52
  case keyTaken = 53
  case keyNotFound = 54
  case tooManyKeys = 55
  case assetExists = 56
  case assetInvalid = 57
  case marketExists = 58
  case marketInvalid = 59
  case tooManyMarkets = 60
  case amountInvalid = 61
  case supplyTooLarge = 62
  case reasonMissing = 63
  case approvalNotFound = 64
  case approvalByRequester = 65
  case tooManyApprovals = 66
  case referenceOutOfRange = 67
  case marketAlreadySuspended = 68
  case marketNotSuspended = 69
  case venueAlreadyConfigured = 70
  case venueNotConfigured = 71
  case unknownRulesVersion = 72
  case approvalByGrantor = 73
  case keyGrantNotFound = 74
  case keyNotOfOwner = 75
  case operatorDelayInvalid = 76
  case orderTermsInvalid = 77

  // The schedule.
  case slotAlreadyRun = 80
  case slotInFuture = 81
  case timeNotLater = 82

  // Custody.
  case chainExists = 90
  case chainInvalid = 91
  case unknownChain = 92
  case creditAlreadyApplied = 93
  case creditOutOfSequence = 94
  case clawbackAlreadyApplied = 95
  case clawbackOutOfSequence = 96

  // Withdrawals.
  case withdrawalsNotOffered = 100
  case withdrawalTermsInvalid = 101
  case addressInvalid = 102
  case addressNotListed = 103
  case addressTooNew = 104
  case addressExists = 105
  case tooManyAddresses = 106
  case withdrawalTooSmall = 107
  case userDayLimit = 108
  case venueDayLimit = 109
  case tooManyWithdrawals = 110
  case duplicateClientWithdrawalID = 111
  case withdrawalNotFound = 112
  case withdrawalStarted = 113
  case withdrawalFinished = 114
  case withdrawalNotApproved = 115
  case withdrawalNotStarted = 116
  case approvalNotNeeded = 117
  case approvalRepeated = 118
  case approvalMismatch = 119
  case approvalByOwner = 120
  case notAnOperatorKey = 121
  case operatorKeyTooNew = 122
  case keyRevoked = 123
}
