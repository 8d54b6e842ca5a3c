// Users, their keys and operators.

internal import Crypto
public import Formats

/// What a key may do.
public enum KeyRole: String, JSONChoice {
  /// Trades, and takes out.
  case trader
  /// Trades only: for a program.
  case tradeOnly = "trade_only"
  case readOnly = "read_only"
  case `operator`
}

/// A public key and what it may do.
public struct KeyGrant: Codable, Sendable, Equatable {
  /// 64 lower-case hex digits.
  public var publicKey: String
  public var role: KeyRole
  /// From then on it signs nothing; nil for never.
  public var expiresAt: Timestamp?

  public init(publicKey: String, role: KeyRole, expiresAt: Timestamp? = nil) {
    self.publicKey = publicKey
    self.role = role
    self.expiresAt = expiresAt
  }

  private enum CodingKeys: String, CodingKey {
    case role
    case publicKey = "public_key"
    case expiresAt = "expires_at"
  }
}

/// A user to register, with a first key or without one.
public struct NewUser: Codable, Sendable, Equatable {
  /// 1 to 64 printable ASCII characters without space.
  public var name: String
  public var publicKey: String?
  public var role: KeyRole?
  public var expiresAt: Timestamp?
  /// For the operators' log; 1 to 200 bytes.
  public var reason: String?

  public init(name: String, key: KeyGrant? = nil, reason: String? = nil) {
    self.name = name
    publicKey = key?.publicKey
    role = key?.role
    expiresAt = key?.expiresAt
    self.reason = reason
  }

  private enum CodingKeys: String, CodingKey {
    case name, role, reason
    case publicKey = "public_key"
    case expiresAt = "expires_at"
  }
}

public struct UserDetails: Codable, Sendable, Equatable {
  public var userID: String
  public var name: String
  public var frozen: Bool
  public var keys: [KeyGrant]
  /// Keys that wait for the owner, or for a second operator.
  public var waitingKeys: [WaitingKey]
  public var registeredAt: Timestamp

  public init(
    userID: String, name: String, frozen: Bool, keys: [KeyGrant], waitingKeys: [WaitingKey],
    registeredAt: Timestamp
  ) {
    self.userID = userID
    self.name = name
    self.frozen = frozen
    self.keys = keys
    self.waitingKeys = waitingKeys
    self.registeredAt = registeredAt
  }

  private enum CodingKeys: String, CodingKey {
    case name, frozen, keys
    case userID = "user_id"
    case waitingKeys = "waiting_keys"
    case registeredAt = "registered_at"
  }
}

/// A user's own keys, and those that an operator wants to give access to the account.
public struct OwnKeys: Codable, Sendable, Equatable {
  public var keys: [KeyGrant]
  public var waiting: [WaitingKey]

  public init(keys: [KeyGrant], waiting: [WaitingKey]) {
    self.keys = keys
    self.waiting = waiting
  }
}

/// A key that waits: for the account's owner, or for a second operator and the delay.
public struct WaitingKey: Codable, Sendable, Equatable {
  public var grantID: String
  /// The account, by user id.
  public var user: String
  public var publicKey: String
  public var role: KeyRole
  @Nullable public var expiresAt: Timestamp?
  /// The operator who asked, by user id.
  public var requestedBy: String
  public var reason: String
  public var requestedAt: Timestamp
  /// Before this an operator's approval gives no access; the owner's does at once.
  public var effectiveAt: Timestamp
  /// The second operator, by user id, where one has approved.
  @Nullable public var approvedBy: String?

  package init(
    grantID: String, user: String, publicKey: String, role: KeyRole, expiresAt: Timestamp?,
    requestedBy: String, reason: String, requestedAt: Timestamp, effectiveAt: Timestamp,
    approvedBy: String?
  ) {
    self.grantID = grantID
    self.user = user
    self.publicKey = publicKey
    self.role = role
    self.expiresAt = expiresAt
    self.requestedBy = requestedBy
    self.reason = reason
    self.requestedAt = requestedAt
    self.effectiveAt = effectiveAt
    self.approvedBy = approvedBy
  }

  private enum CodingKeys: String, CodingKey {
    case user, role, reason
    case grantID = "grant_id"
    case publicKey = "public_key"
    case expiresAt = "expires_at"
    case requestedBy = "requested_by"
    case requestedAt = "requested_at"
    case effectiveAt = "effective_at"
    case approvedBy = "approved_by"
  }

  /// What a second operator's approval signs: every field that says who gets access to what, a line
  /// each, the reason last, so that no reason reads as another line.
  public var approvalText: String {
    """
    uncross key approval 1
    id \(grantID)
    user \(user)
    public_key \(publicKey)
    role \(role.rawValue)
    expires_at \(expiresAt.map { "\($0)" } ?? "never")
    requested_by \(requestedBy)
    requested_at \(requestedAt)
    reason \(reason)

    """
  }

  /// SHA-256 of `approvalText`.
  public var approvalDigest: [UInt8] { Array(SHA256.hash(data: Array(approvalText.utf8))) }
}

public struct WaitingKeys: Codable, Sendable, Equatable {
  public var keys: [WaitingKey]

  public init(keys: [WaitingKey]) { self.keys = keys }
}

/// The answer to granting a key, and to deciding about one that waits.
public struct KeyGrantOutcome: Codable, Sendable, Equatable {
  public enum Status: String, JSONChoice {
    case granted
    /// For the owner, or for a second operator and the delay.
    case waiting
    case refused
  }

  public var publicKey: String
  public var userID: String
  public var status: Status
  /// Where it waits or waited.
  @Nullable public var grantID: String?

  public init(publicKey: String, userID: String, status: Status, grantID: String? = nil) {
    self.publicKey = publicKey
    self.userID = userID
    self.status = status
    self.grantID = grantID
  }

  private enum CodingKeys: String, CodingKey {
    case status
    case publicKey = "public_key"
    case userID = "user_id"
    case grantID = "grant_id"
  }
}

/// The answer to revoking a key.
public struct KeyOwner: Codable, Sendable, Equatable {
  public var publicKey: String
  public var userID: String

  public init(publicKey: String, userID: String) {
    self.publicKey = publicKey
    self.userID = userID
  }

  private enum CodingKeys: String, CodingKey {
    case publicKey = "public_key"
    case userID = "user_id"
  }
}

/// How long a new operator's key counts for nothing that creates money or gives access.
public struct OperatorDelay: Codable, Sendable, Equatable {
  public var seconds: Int64
  /// A shorter one that waits.
  @Nullable public var pending: PendingAddressDelay?

  public init(seconds: Int64, pending: PendingAddressDelay?) {
    self.seconds = seconds
    self.pending = pending
  }
}

/// A body with the reason that goes into the operators' log.
public struct Reasoned<Body: Codable & Sendable>: Codable, Sendable {
  public var body: Body
  /// 1 to 200 bytes, for the auditor.
  public var reason: String

  public init(_ body: Body, reason: String) {
    self.body = body
    self.reason = reason
  }

  private enum CodingKeys: String, CodingKey { case reason }

  public init(from decoder: any Decoder) throws {
    body = try Body(from: decoder)
    reason = try decoder.container(keyedBy: CodingKeys.self).decode(String.self, forKey: .reason)
  }

  public func encode(to encoder: any Encoder) throws {
    try body.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(reason, forKey: .reason)
  }
}

/// One action of an operator, or of the venue itself.
public struct OperatorLogLine: Codable, Sendable, Equatable {
  /// For `before`.
  public var id: String
  public var timestamp: Timestamp
  /// By user id; `0` is the venue itself.
  public var `operator`: String
  /// Nil for the venue.
  @Nullable public var publicKey: String?
  /// As `suspend_market`.
  public var action: String
  /// A market, a user's id, an asset or a chain.
  public var subject: String
  /// `name=value` pairs.
  public var detail: String
  public var reason: String

  public init(
    id: String, timestamp: Timestamp, operator: String, publicKey: String?, action: String,
    subject: String, detail: String, reason: String
  ) {
    self.id = id
    self.timestamp = timestamp
    self.operator = `operator`
    self.publicKey = publicKey
    self.action = action
    self.subject = subject
    self.detail = detail
    self.reason = reason
  }

  private enum CodingKeys: String, CodingKey {
    case id, timestamp, `operator`, action, subject, detail, reason
    case publicKey = "public_key"
  }
}

public struct OperatorLogPage: Codable, Sendable, Equatable {
  public var rows: [OperatorLogLine]
  /// For `before` of the next page; nil on the last.
  @Nullable public var next: String?

  public init(rows: [OperatorLogLine], next: String?) {
    self.rows = rows
    self.next = next
  }
}
