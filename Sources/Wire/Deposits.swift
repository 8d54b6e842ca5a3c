// Deposits on the wire: where to pay, and how what was paid stands.

public import Formats

/// What a user may pay in, and how it is credited.
public struct DepositAssetTerms: Codable, Sendable, Equatable {
  public var asset: String
  /// The token's contract; nil for the chain's own coin.
  @Nullable public var contract: String?
  /// Less than this is recorded and not credited.
  public var minimum: DecimalAmount
  /// Blocks until it is credited, its own included; nil where it is credited when final.
  @Nullable public var confirmations: Int64?

  public init(asset: String, contract: String?, minimum: DecimalAmount, confirmations: Int64?) {
    self.asset = asset
    self.contract = contract
    self.minimum = minimum
    self.confirmations = confirmations
  }
}

public struct DepositAddress: Codable, Sendable, Equatable {
  /// With the checksum of EIP-55.
  public var address: String
  public var chain: String
  /// The chain's id in its transactions (EIP-155).
  public var chainID: String
  public var assets: [DepositAssetTerms]

  private enum CodingKeys: String, CodingKey {
    case address, chain, assets
    case chainID = "chain_id"
  }

  public init(address: String, chain: String, chainID: String, assets: [DepositAssetTerms]) {
    self.address = address
    self.chain = chain
    self.chainID = chainID
    self.assets = assets
  }
}

/// One payment to a deposit address.
public struct DepositLine: Codable, Sendable, Equatable {
  /// `docs/custody.md` says when each comes.
  public enum Status: String, JSONChoice {
    case seen, confirming, credited, final, orphaned, dust, review, rejected, clawback
  }

  public var id: String
  public var user: String
  public var asset: String
  public var status: Status
  /// What it is worth here, and what of it is in the balance.
  public var amount: DecimalAmount
  public var credited: DecimalAmount
  /// In the chain's smallest units: what came, and what is too small to be booked.
  public var raw: String
  public var dust: String
  public var chain: String
  public var address: String
  public var sender: String
  public var transaction: String
  /// Which payment of the transaction: `n` its own value, `l3` its log 3, `t0.2` call 2 of its call
  /// 0.
  public var outRef: String
  public var block: Int64
  /// Blocks from its own to the chain's last; 0 where it is in none.
  public var confirmations: Int64
  /// Why it is not credited, where it is not.
  public var reason: String
  public var timestamp: Timestamp

  private enum CodingKeys: String, CodingKey {
    case id, user, asset, status, amount, credited, raw, dust, chain, address, sender, transaction
    case block, confirmations, reason, timestamp
    case outRef = "out_ref"
  }

  public init(
    id: String, user: String, asset: String, status: Status, amount: DecimalAmount,
    credited: DecimalAmount, raw: String, dust: String, chain: String, address: String,
    sender: String, transaction: String, outRef: String, block: Int64, confirmations: Int64,
    reason: String, timestamp: Timestamp
  ) {
    self.id = id
    self.user = user
    self.asset = asset
    self.status = status
    self.amount = amount
    self.credited = credited
    self.raw = raw
    self.dust = dust
    self.chain = chain
    self.address = address
    self.sender = sender
    self.transaction = transaction
    self.outRef = outRef
    self.block = block
    self.confirmations = confirmations
    self.reason = reason
    self.timestamp = timestamp
  }
}

public struct DepositPage: Codable, Sendable, Equatable {
  public var deposits: [DepositLine]
  /// For `before` of the next page; nil on the last.
  @Nullable public var next: String?

  public init(deposits: [DepositLine], next: String?) {
    self.deposits = deposits
    self.next = next
  }
}

public enum DepositDecision: String, JSONChoice {
  /// On its way to the balance, as any other.
  case credit
  /// Never credited.
  case reject
}

/// What an operator decides about a deposit in review.
public struct NewDepositResolution: Codable, Sendable, Equatable {
  public var decision: DepositDecision
  /// For the auditor, 1 to 200 bytes.
  public var reason: String

  public init(decision: DepositDecision, reason: String) {
    self.decision = decision
    self.reason = reason
  }
}

/// Scanned blocks to be looked at once more.
public struct NewRescan: Codable, Sendable, Equatable {
  /// At most in one request.
  public static let maximumBlocks: Int64 = 1_000

  /// The first and the last block, both included.
  public var fromBlock: Int64
  public var toBlock: Int64
  /// For the auditor, 1 to 200 bytes.
  public var reason: String

  private enum CodingKeys: String, CodingKey {
    case reason
    case fromBlock = "from_block"
    case toBlock = "to_block"
  }

  public init(fromBlock: Int64, toBlock: Int64, reason: String) {
    self.fromBlock = fromBlock
    self.toBlock = toBlock
    self.reason = reason
  }
}

/// What came of it.
public struct RescanReport: Codable, Sendable, Equatable {
  /// Of the blocks asked for those that were scanned before, and so were looked at.
  public var blocks: Int
  /// Of these, those whose transactions their hash does not prove.
  public var unproved: Int
  /// Deposits that had been left out and are recorded now.
  public var deposits: Int

  public init(blocks: Int, unproved: Int, deposits: Int) {
    self.blocks = blocks
    self.unproved = unproved
    self.deposits = deposits
  }
}

/// A node of the chain, in the order of the settings.
public struct CustodyNode: Codable, Sendable, Equatable {
  public var host: String
  /// `well`, `lagging`, `behind`, `failing`, `untried`, or why it is not of this chain.
  public var state: String
  /// Its head, where it ever told one.
  @Nullable public var block: Int64?
  public var inUse: Bool

  private enum CodingKeys: String, CodingKey {
    case host, state, block
    case inUse = "in_use"
  }

  public init(host: String, state: String, block: Int64?, inUse: Bool) {
    self.host = host
    self.state = state
    self.block = block
    self.inUse = inUse
  }
}

/// How custody of a chain stands, for operators.
public struct CustodyState: Codable, Sendable, Equatable {
  public var chain: String
  public var chainID: String
  /// `caught_up`, `scanning`, `node_behind`, `retrying`, `halted`, ...
  public var state: String
  /// Why it stopped; nil while it works.
  @Nullable public var halted: String?
  @Nullable public var scannedBlock: Int64?
  @Nullable public var latestBlock: Int64?
  public var finalizedBlock: Int64
  public var credits: Int64
  public var clawbacks: Int64
  public var reorganisations: Int
  public var nodeErrors: Int
  @Nullable public var lastError: String?
  /// What clawbacks could not take back, by asset: below zero is the venue's loss.
  public var losses: [AssetBalance]
  public var nodes: [CustodyNode]

  private enum CodingKeys: String, CodingKey {
    case chain, state, halted, credits, clawbacks, reorganisations, losses, nodes
    case chainID = "chain_id"
    case scannedBlock = "scanned_block"
    case latestBlock = "latest_block"
    case finalizedBlock = "finalized_block"
    case nodeErrors = "node_errors"
    case lastError = "last_error"
  }

  public init(
    chain: String, chainID: String, state: String, halted: String?, scannedBlock: Int64?,
    latestBlock: Int64?, finalizedBlock: Int64, credits: Int64, clawbacks: Int64,
    reorganisations: Int, nodeErrors: Int, lastError: String?, losses: [AssetBalance],
    nodes: [CustodyNode]
  ) {
    self.chain = chain
    self.chainID = chainID
    self.state = state
    self.halted = halted
    self.scannedBlock = scannedBlock
    self.latestBlock = latestBlock
    self.finalizedBlock = finalizedBlock
    self.credits = credits
    self.clawbacks = clawbacks
    self.reorganisations = reorganisations
    self.nodeErrors = nodeErrors
    self.lastError = lastError
    self.losses = losses
    self.nodes = nodes
  }
}
