// Sweeps on the wire: what may be signed, what was, and how it stands.

public import Formats

/// What can be swept of a page of deposit addresses.
public struct SweepPlanPage: Codable, Sendable, Equatable {
  public struct Item: Codable, Sendable, Equatable {
    /// Whose deposit address it is: the number of its key.
    public var user: String
    public var address: String
    public var asset: String
    /// In whole coins, rounded down to the venue's decimals; `unsigned` has it exactly.
    public var amount: DecimalAmount
    /// The transaction to be signed: 0x02 and the list of its nine fields (EIP-1559).
    public var unsigned: String

    public init(
      user: String, address: String, asset: String, amount: DecimalAmount, unsigned: String
    ) {
      self.user = user
      self.address = address
      self.asset = asset
      self.amount = amount
      self.unsigned = unsigned
    }
  }

  /// An address that cannot send its tokens for lack of gas.
  public struct Need: Codable, Sendable, Equatable {
    public var user: String
    public var address: String
    /// Wei.
    public var missing: String
    /// Gas for it is on its way.
    public var toppedUp: Bool

    public init(user: String, address: String, missing: String, toppedUp: Bool) {
      self.user = user
      self.address = address
      self.missing = missing
      self.toppedUp = toppedUp
    }

    private enum CodingKeys: String, CodingKey {
      case user, address, missing
      case toppedUp = "topped_up"
    }
  }

  public var chain: String
  public var chainID: String
  /// The block whose balances these are.
  public var block: Int64
  /// Where all of it goes.
  public var hotWallet: String
  public var items: [Item]
  public var needsGas: [Need]
  /// `after` of the next page; nil after the last.
  @Nullable public var next: String?

  private enum CodingKeys: String, CodingKey {
    case chain, block, items, next
    case chainID = "chain_id"
    case hotWallet = "hot_wallet"
    case needsGas = "needs_gas"
  }

  public init(
    chain: String, chainID: String, block: Int64, hotWallet: String, items: [Item],
    needsGas: [Need], next: String?
  ) {
    self.chain = chain
    self.chainID = chainID
    self.block = block
    self.hotWallet = hotWallet
    self.items = items
    self.needsGas = needsGas
    self.next = next
  }
}

/// Gas is asked for, for the addresses of a page of the plan that lack it.
public struct NewTopUps: Codable, Sendable, Equatable {
  public var asset: String
  /// In whole coins: addresses with less are left alone.
  public var minimum: DecimalAmount
  public var after: String?

  public init(asset: String, minimum: DecimalAmount, after: String? = nil) {
    self.asset = asset
    self.minimum = minimum
    self.after = after
  }
}

public struct TopUpOutcome: Codable, Sendable, Equatable {
  /// Which get some; others have it on its way.
  public var addresses: [String]
  /// `after` of the next page; nil after the last.
  @Nullable public var next: String?

  public init(addresses: [String], next: String?) {
    self.addresses = addresses
    self.next = next
  }
}

/// Signed sweeps, at most 100.
public struct SignedSweeps: Codable, Sendable, Equatable {
  public static let maximumCount = 100

  /// Each as `eth_sendRawTransaction` takes it.
  public var transactions: [String]

  public init(transactions: [String]) { self.transactions = transactions }
}

/// What became of each, in order.
public struct SweepOutcomes: Codable, Sendable, Equatable {
  public struct Outcome: Codable, Sendable, Equatable {
    /// `accepted`, or why not.
    public var outcome: String
    @Nullable public var transaction: String?

    public init(outcome: String, transaction: String?) {
      self.outcome = outcome
      self.transaction = transaction
    }
  }

  public var outcomes: [Outcome]

  public init(outcomes: [Outcome]) { self.outcomes = outcomes }
}

/// How sweeps stand.
public struct SweepReport: Codable, Sendable, Equatable {
  public struct Sweep: Codable, Sendable, Equatable {
    public var address: String
    public var nonce: String
    /// Transactions signed for it, the dearest last, and the nodes' last answer.
    public var transactions: [String]
    public var answer: String

    public init(address: String, nonce: String, transactions: [String], answer: String) {
      self.address = address
      self.nonce = nonce
      self.transactions = transactions
      self.answer = answer
    }
  }

  public struct TopUp: Codable, Sendable, Equatable {
    public var address: String
    /// Wei.
    public var value: String
    /// Of the hot wallet's payment; nil while it waits for one.
    @Nullable public var nonce: String?

    public init(address: String, value: String, nonce: String?) {
      self.address = address
      self.value = value
      self.nonce = nonce
    }
  }

  public var chain: String
  /// Not finished, oldest first.
  public var sweeps: [Sweep]
  public var topUps: [TopUp]
  /// Transactions of deposit addresses that were not submitted here: another tool's, or a thief's.
  public var unknown: [String]

  private enum CodingKeys: String, CodingKey {
    case chain, sweeps, unknown
    case topUps = "top_ups"
  }

  public init(chain: String, sweeps: [Sweep], topUps: [TopUp], unknown: [String]) {
    self.chain = chain
    self.sweeps = sweeps
    self.topUps = topUps
    self.unknown = unknown
  }
}
