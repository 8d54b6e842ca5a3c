// What operators do, and who stands behind it.

/// Who stands behind an operator's action, and why: for the rules (a key's age, distinct
/// operators), and for whoever asks later.
public struct Authority: Sendable, Equatable {
  /// 0 is the venue itself: its first commands, its development chain, custody. No request speaks
  /// as the venue.
  public var user: UserID
  /// The key that signed the request. Nil for the venue, and in journals of rules 1, which did not
  /// say.
  public var key: PublicKey?
  /// For the auditor: 1 to 200 bytes where the action needs a reason
  /// (`OperatorAction.needsReason`).
  public var reason: String

  public init(user: UserID, key: PublicKey? = nil, reason: String = "") {
    self.user = user
    self.key = key
    self.reason = reason
  }

  public static let venue = Authority(user: 0)
}

/// One change that an operator makes, or the venue itself.
public enum OperatorAction: Sendable, Equatable {
  case createAsset(AssetDefinition)
  case createMarket(MarketDefinition)
  case changeMarket(MarketChange)
  case suspendMarket(MarketID)
  case resumeMarket(MarketID)
  /// Sets the reference price in ticks and cancels the market's market orders.
  case setReference(market: MarketID, priceTicks: Int64)
  case registerUser(name: String)
  /// Gives a key access to an account. Where the account had one before, or the role is an
  /// operator's, the grant waits (`AccessGrant`). `expiresAt` is 0 for a key without an end.
  case registerKey(user: UserID, key: PublicKey, role: Role, expiresAt: Microseconds = 0)
  case approveKey(KeyApproval)
  case refuseKey(grant: Int64)
  case revokeKey(PublicKey)
  /// A frozen user places nothing; freezing cancels what rests.
  case setFrozen(user: UserID, frozen: Bool)
  /// How long a new operator's key counts for nothing that creates money or gives access.
  case setOperatorDelay(seconds: Int64)
  /// What is remembered of orders, and how many an account may place for its trades. Since rules 3.
  case setOrderTerms(OrderTerms)
  case adjustBalance(BalanceAdjustment)
  case approveAdjustment(AdjustmentApproval)
  case refuseAdjustment(id: Int64)
  /// A chain that deposits come from; chains are numbered from 0.
  case registerChain(name: String)
  /// How long a new payout address waits before it is paid to, and what loosens a safeguard.
  case setAddressDelay(chain: ChainID, seconds: Int64)
  case setWithdrawalTerms(WithdrawalTerms)
  case approveWithdrawal(WithdrawalApproval)
  /// By an operator (or by custody, as the venue), until it is started.
  case rejectWithdrawal(id: Int64)

  /// What takes something from somebody, or gives it, says why. What only adds to the venue may; an
  /// approval repeats what was asked for, and that has a reason.
  var needsReason: Bool {
    switch self {
    case .createAsset, .createMarket, .registerUser, .registerChain, .approveKey,
      .approveAdjustment, .approveWithdrawal:
      false
    case .changeMarket, .suspendMarket, .resumeMarket, .setReference, .registerKey, .refuseKey,
      .revokeKey, .setFrozen, .setOperatorDelay, .setOrderTerms, .adjustBalance,
      .refuseAdjustment, .setAddressDelay, .setWithdrawalTerms, .rejectWithdrawal:
      true
    }
  }
}

/// An operator gives or takes funds; the same request id is applied once.
public struct BalanceAdjustment: Sendable, Equatable {
  public var user: UserID
  public var asset: AssetID
  /// Atoms; below zero takes away. Never zero.
  public var amount: Int128
  public var requestID: ClientOrderID

  public init(user: UserID, asset: AssetID, amount: Int128, requestID: ClientOrderID) {
    self.user = user
    self.asset = asset
    self.amount = amount
    self.requestID = requestID
  }
}

/// A second operator's yes to an adjustment. It repeats what it is about, so that it can be for
/// nothing else; the signature, checked before the journal, is kept for the auditor.
public struct AdjustmentApproval: Sendable, Equatable {
  /// What was asked for, by whom and why.
  public struct Content: Sendable, Equatable {
    public var adjustment: BalanceAdjustment
    public var requestedBy: UserID
    public var reason: String

    public init(adjustment: BalanceAdjustment, requestedBy: UserID, reason: String) {
      self.adjustment = adjustment
      self.requestedBy = requestedBy
      self.reason = reason
    }
  }

  public var id: Int64
  /// Nil in journals of rules 1, which did not say.
  public var content: Content?
  /// Ed25519, 64 bytes; empty under rules 1.
  public var signature: [UInt8]

  public init(id: Int64, content: Content? = nil, signature: [UInt8] = []) {
    self.id = id
    self.content = content
    self.signature = signature
  }
}

/// Access to an account that was asked for and waits: for the account's owner, or for a second
/// operator and the delay.
public struct AccessGrant: Sendable, Equatable {
  public var user: UserID
  public var key: PublicKey
  public var role: Role
  /// 0 for a key without an end.
  public var expiresAt: Microseconds

  public init(user: UserID, key: PublicKey, role: Role, expiresAt: Microseconds = 0) {
    self.user = user
    self.key = key
    self.role = role
    self.expiresAt = expiresAt
  }
}

/// A second operator's yes to a key, as `AdjustmentApproval`.
public struct KeyApproval: Sendable, Equatable {
  public var id: Int64
  public var grant: AccessGrant
  /// Ed25519, 64 bytes.
  public var signature: [UInt8]

  public init(id: Int64, grant: AccessGrant, signature: [UInt8]) {
    self.id = id
    self.grant = grant
    self.signature = signature
  }
}

/// The answer of an account's owner to a key that an operator wants to give access to it.
public struct KeyGrantAnswer: Sendable, Equatable {
  public var user: UserID
  /// The owner's key that signed: a trader's or an operator's.
  public var key: PublicKey
  public var grant: Int64
  public var isConfirmed: Bool

  public init(user: UserID, key: PublicKey, grant: Int64, isConfirmed: Bool) {
    self.user = user
    self.key = key
    self.grant = grant
    self.isConfirmed = isConfirmed
  }
}

/// An action that was carried out, for the operators' log.
public struct OperatorAct: Sendable, Equatable {
  public var time: Microseconds
  public var authority: Authority
  public var action: OperatorAction
  /// What the action made or touched, as in its reply.
  public var id: Int64
  public var result: Result

  public enum Result: Sendable, Equatable {
    /// As in its reply.
    case replied(Outcome)
    /// A key that had waited got access: a second operator had approved it, and its time had come.
    case givenByDelay
    /// A key that had waited got access: the account's owner let it in.
    case confirmedByOwner
  }
}

extension WithdrawalApproval {
  /// The approval as a command: its own operator and key stand behind it.
  public var command: Command {
    .operation(.approveWithdrawal(self), by: Authority(user: `operator`, key: key))
  }
}
