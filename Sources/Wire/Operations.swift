// The operator's side: assets, markets, adjustments.

internal import Crypto
public import Formats

public struct NewAsset: Codable, Sendable, Equatable {
  /// 1 to 12 characters `A-Z 0-9`.
  public var code: String
  /// 0 to 18.
  public var decimals: UInt8
  /// So much in 24 hours one operator gives and takes alone.
  public var adjustmentLimit: DecimalAmount

  public init(code: String, decimals: UInt8, adjustmentLimit: DecimalAmount) {
    self.code = code
    self.decimals = decimals
    self.adjustmentLimit = adjustmentLimit
  }

  private enum CodingKeys: String, CodingKey {
    case code, decimals
    case adjustmentLimit = "adjustment_limit"
  }
}

/// A market to open. Assets, tick and lot never change.
public struct NewMarket: Codable, Sendable, Equatable {
  public var market: String
  public var base: String
  public var quote: String
  public var tickSize: DecimalAmount
  public var lotSize: DecimalAmount
  public var intervalMilliseconds: Int64
  public var bandBasisPoints: UInt32
  /// Nil for 3.
  public var runsBeforeWidening: UInt32?
  public var buyFeeBasisPoints: UInt16
  public var sellFeeBasisPoints: UInt16
  public var minimumNotional: DecimalAmount
  /// Nil for 200.
  public var maximumOpenOrders: UInt32?
  /// What a run must execute to set a new reference price, in quote; 0 for none, nil for 1,000
  /// smallest orders.
  public var minimumReferenceVolume: DecimalAmount?
  /// Nil for none: then no market orders before the first clearing.
  public var listingPrice: DecimalAmount?

  public init(
    market: String, base: String, quote: String, tickSize: DecimalAmount, lotSize: DecimalAmount,
    intervalMilliseconds: Int64, bandBasisPoints: UInt32, runsBeforeWidening: UInt32? = nil,
    buyFeeBasisPoints: UInt16, sellFeeBasisPoints: UInt16, minimumNotional: DecimalAmount,
    maximumOpenOrders: UInt32? = nil, minimumReferenceVolume: DecimalAmount? = nil,
    listingPrice: DecimalAmount?
  ) {
    self.market = market
    self.base = base
    self.quote = quote
    self.tickSize = tickSize
    self.lotSize = lotSize
    self.intervalMilliseconds = intervalMilliseconds
    self.bandBasisPoints = bandBasisPoints
    self.runsBeforeWidening = runsBeforeWidening
    self.buyFeeBasisPoints = buyFeeBasisPoints
    self.sellFeeBasisPoints = sellFeeBasisPoints
    self.minimumNotional = minimumNotional
    self.maximumOpenOrders = maximumOpenOrders
    self.minimumReferenceVolume = minimumReferenceVolume
    self.listingPrice = listingPrice
  }

  private enum CodingKeys: String, CodingKey {
    case market, base, quote
    case tickSize = "tick_size"
    case lotSize = "lot_size"
    case intervalMilliseconds = "interval_milliseconds"
    case bandBasisPoints = "band_basis_points"
    case runsBeforeWidening = "runs_before_widening"
    case buyFeeBasisPoints = "buy_fee_basis_points"
    case sellFeeBasisPoints = "sell_fee_basis_points"
    case minimumNotional = "minimum_notional"
    case maximumOpenOrders = "maximum_open_orders"
    case minimumReferenceVolume = "minimum_reference_volume"
    case listingPrice = "listing_price"
  }
}

/// The terms to change; what is nil stays.
public struct MarketTermsChange: Codable, Sendable, Equatable {
  public var intervalMilliseconds: Int64?
  public var bandBasisPoints: UInt32?
  public var runsBeforeWidening: UInt32?
  public var buyFeeBasisPoints: UInt16?
  public var sellFeeBasisPoints: UInt16?
  public var minimumNotional: DecimalAmount?
  public var maximumOpenOrders: UInt32?
  public var minimumReferenceVolume: DecimalAmount?

  public init(
    intervalMilliseconds: Int64? = nil, bandBasisPoints: UInt32? = nil,
    runsBeforeWidening: UInt32? = nil, buyFeeBasisPoints: UInt16? = nil,
    sellFeeBasisPoints: UInt16? = nil,
    minimumNotional: DecimalAmount? = nil, maximumOpenOrders: UInt32? = nil,
    minimumReferenceVolume: DecimalAmount? = nil
  ) {
    self.intervalMilliseconds = intervalMilliseconds
    self.bandBasisPoints = bandBasisPoints
    self.runsBeforeWidening = runsBeforeWidening
    self.buyFeeBasisPoints = buyFeeBasisPoints
    self.sellFeeBasisPoints = sellFeeBasisPoints
    self.minimumNotional = minimumNotional
    self.maximumOpenOrders = maximumOpenOrders
    self.minimumReferenceVolume = minimumReferenceVolume
  }

  private enum CodingKeys: String, CodingKey {
    case intervalMilliseconds = "interval_milliseconds"
    case bandBasisPoints = "band_basis_points"
    case runsBeforeWidening = "runs_before_widening"
    case buyFeeBasisPoints = "buy_fee_basis_points"
    case sellFeeBasisPoints = "sell_fee_basis_points"
    case minimumNotional = "minimum_notional"
    case maximumOpenOrders = "maximum_open_orders"
    case minimumReferenceVolume = "minimum_reference_volume"
  }
}

/// The answer to a change of a market or asset.
public struct Applied: Codable, Sendable, Equatable {
  /// The market's symbol or the asset's code.
  public var name: String
  public var appliedAt: Timestamp

  public init(name: String, appliedAt: Timestamp) {
    self.name = name
    self.appliedAt = appliedAt
  }

  private enum CodingKeys: String, CodingKey {
    case name
    case appliedAt = "applied_at"
  }
}

public struct ReferencePrice: Codable, Sendable, Equatable {
  public var price: DecimalAmount

  public init(price: DecimalAmount) { self.price = price }
}

/// An operator gives or takes funds; sending the same request id again is safe.
public struct NewAdjustment: Codable, Sendable, Equatable {
  /// As a client order id.
  public var requestID: String
  /// The user's id.
  public var user: String
  public var asset: String
  /// Below zero takes away.
  public var amount: DecimalAmount
  /// 1 to 200 bytes, for the auditor.
  public var reason: String

  public init(
    requestID: String, user: String, asset: String, amount: DecimalAmount, reason: String
  ) {
    self.requestID = requestID
    self.user = user
    self.asset = asset
    self.amount = amount
    self.reason = reason
  }

  private enum CodingKeys: String, CodingKey {
    case user, asset, amount, reason
    case requestID = "request_id"
  }
}

public struct AdjustmentOutcome: Codable, Sendable, Equatable {
  public enum Status: String, JSONChoice {
    case booked
    /// Beyond what one operator books alone: a second one must approve it.
    case waitingApproval = "waiting_approval"
    case refused
    /// Sent again after a second operator approved or refused it: the ledger knows which.
    case decided
  }

  public var adjustmentID: String
  public var status: Status

  public init(adjustmentID: String, status: Status) {
    self.adjustmentID = adjustmentID
    self.status = status
  }

  private enum CodingKeys: String, CodingKey {
    case status
    case adjustmentID = "adjustment_id"
  }
}

/// An adjustment that waits for a second operator.
public struct WaitingAdjustment: Codable, Sendable, Equatable {
  public var adjustmentID: String
  public var requestID: String
  /// The operator who asked, by user id.
  public var requestedBy: String
  public var user: String
  public var asset: String
  public var amount: DecimalAmount
  public var reason: String
  public var requestedAt: Timestamp

  package init(
    adjustmentID: String, requestID: String, requestedBy: String, user: String, asset: String,
    amount: DecimalAmount, reason: String, requestedAt: Timestamp
  ) {
    self.adjustmentID = adjustmentID
    self.requestID = requestID
    self.requestedBy = requestedBy
    self.user = user
    self.asset = asset
    self.amount = amount
    self.reason = reason
    self.requestedAt = requestedAt
  }

  private enum CodingKeys: String, CodingKey {
    case user, asset, amount, reason
    case adjustmentID = "adjustment_id"
    case requestID = "request_id"
    case requestedBy = "requested_by"
    case requestedAt = "requested_at"
  }

  /// What a second operator's approval signs: every field that says what is booked for whom and
  /// why, a line each, the reason last, so that no reason reads as another line.
  public var approvalText: String {
    """
    uncross adjustment approval 1
    id \(adjustmentID)
    request_id \(requestID)
    requested_by \(requestedBy)
    user \(user)
    asset \(asset)
    amount \(amount)
    requested_at \(requestedAt)
    reason \(reason)

    """
  }

  /// SHA-256 of `approvalText`.
  public var approvalDigest: [UInt8] { Array(SHA256.hash(data: Array(approvalText.utf8))) }
}

public struct WaitingAdjustments: Codable, Sendable, Equatable {
  public var adjustments: [WaitingAdjustment]

  public init(adjustments: [WaitingAdjustment]) { self.adjustments = adjustments }
}

/// The answer to freezing or unfreezing a user.
public struct UserState: Codable, Sendable, Equatable {
  public var userID: String
  public var frozen: Bool
  /// Open orders that freezing cancelled.
  public var cancelledOrders: Int

  public init(userID: String, frozen: Bool, cancelledOrders: Int) {
    self.userID = userID
    self.frozen = frozen
    self.cancelledOrders = cancelledOrders
  }

  private enum CodingKeys: String, CodingKey {
    case frozen
    case userID = "user_id"
    case cancelledOrders = "cancelled_orders"
  }
}

/// The running engine's state after so many commands: `uncross replay --commands N` gives the same
/// hash.
public struct EngineState: Codable, Sendable, Equatable {
  public var commands: String
  public var timestamp: Timestamp
  /// SHA-256 of the canonical state, 64 hex digits.
  public var stateHash: String

  public init(commands: String, timestamp: Timestamp, stateHash: String) {
    self.commands = commands
    self.timestamp = timestamp
    self.stateHash = stateHash
  }

  private enum CodingKeys: String, CodingKey {
    case commands, timestamp
    case stateHash = "state_hash"
  }
}
