// What is on the chain against what is in the books and what is owed, on the wire.

public import Formats

/// What is on the chain against what is in the books, as of one block, and whether it is enough for
/// what is owed; all in the chain's smallest units.
public struct ReconciliationReport: Codable, Sendable, Equatable {
  public struct Asset: Codable, Sendable, Equatable {
    public var asset: String
    /// Digits after the point of a whole coin, as the chain has it.
    public var decimals: Int
    /// False for what somebody owns and the chain is not said to have: none of it is held.
    public var onChain: Bool
    /// On all addresses.
    public var held: String
    /// `users - venue + waiting - leaving`, what operators gave out included; nil where it is
    /// beyond 127 bits.
    @Nullable public var owed: String?
    /// What is held is enough for what is owed.
    public var covered: Bool
    /// Every balance, the venue's and the loss account's included.
    public var users: String
    /// The venue's part of it: its fees, and the loss account, below zero where users are owed what
    /// clawbacks could not take back.
    public var venue: String
    /// What operators' adjustments brought in on balance: no coin covers it.
    public var adjustments: String
    /// On the chain and in no balance.
    public var unbooked: String
    /// The part of `unbooked` that is on its way to a balance, or may be.
    public var waiting: String
    /// Withdrawals that are paid on the chain and not final yet.
    public var leaving: String
    /// The venue's own coins: put in from outside, less taken out, less gas.
    public var float: String
    /// What lay on deposit addresses before their transfers were recorded.
    public var opening: String
    /// What left our addresses by transactions that nobody here signed.
    public var taken: String
    /// `held - (users - adjustments + unbooked - leaving + float + opening - taken)`; nil where it
    /// is beyond 127 bits, or the opening is not known yet.
    @Nullable public var difference: String?

    private enum CodingKeys: String, CodingKey {
      case asset, decimals, held, owed, covered, users, venue, adjustments, unbooked, waiting
      case leaving, float, opening, taken, difference
      case onChain = "on_chain"
    }

    /// An asset of which nothing is known yet.
    public init(asset: String, decimals: Int, onChain: Bool) {
      (self.asset, self.decimals, self.onChain) = (asset, decimals, onChain)
      (held, users, venue, adjustments) = ("0", "0", "0", "0")
      (unbooked, waiting, leaving) = ("0", "0", "0")
      (float, opening, taken) = ("0", "0", "0")
      (owed, difference, covered) = (nil, nil, false)
    }
  }

  public var chain: String
  public var block: Int64
  public var blockHash: String
  /// When the chain was asked.
  public var checkedAt: Timestamp
  /// Every difference is zero, every asset is covered, and the float covers what was taken.
  public var agrees: Bool
  /// Those of the chain; then those that somebody owns and the chain is not said to have.
  public var assets: [Asset]

  private enum CodingKeys: String, CodingKey {
    case chain, block, agrees, assets
    case blockHash = "block_hash"
    case checkedAt = "checked_at"
  }

  public init(
    chain: String, block: Int64, blockHash: String, checkedAt: Timestamp, agrees: Bool,
    assets: [Asset]
  ) {
    self.chain = chain
    self.block = block
    self.blockHash = blockHash
    self.checkedAt = checkedAt
    self.agrees = agrees
    self.assets = assets
  }
}

/// The last comparison of chain and books that was made, and what it is worth by now.
public struct SolvencyReport: Codable, Sendable, Equatable {
  public enum Check: String, JSONChoice {
    /// Made within twice the interval, and none failed since.
    case current
    /// The last one that was tried failed.
    case failed
    /// Older than twice the interval.
    case old
    /// Of a block that the chain has long left behind.
    case behind
    /// None has succeeded yet.
    case never
  }

  public var chain: String
  public var check: Check
  /// The check is current, and it agrees: the one good answer.
  public var solvent: Bool
  /// Since the last check that succeeded; nil before the first.
  @Nullable public var ageSeconds: Int64?
  /// Between two checks.
  public var intervalSeconds: Int64
  /// Checks that failed since then.
  public var failures: Int64
  @Nullable public var failedAt: Timestamp?
  /// Why the last of them failed.
  @Nullable public var failure: String?
  /// The last one that succeeded.
  @Nullable public var report: ReconciliationReport?

  private enum CodingKeys: String, CodingKey {
    case chain, check, solvent, failures, failure, report
    case ageSeconds = "age_seconds"
    case intervalSeconds = "interval_seconds"
    case failedAt = "failed_at"
  }

  public init(
    chain: String, check: Check, ageSeconds: Int64?, intervalSeconds: Int64,
    failures: (count: Int64, at: Timestamp?, reason: String?), report: ReconciliationReport?
  ) {
    self.chain = chain
    self.check = check
    solvent = check == .current && report?.agrees == true
    self.ageSeconds = ageSeconds
    self.intervalSeconds = intervalSeconds
    (self.failures, failedAt, failure) = failures
    self.report = report
  }
}
