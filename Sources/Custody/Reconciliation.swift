// What is on the chain against what is in the books, to the smallest unit, as of one block; and
// whether it is enough for what is owed.

public import Ethereum
public import Postgres

/// One asset's account of itself, in the chain's smallest units. Two questions, with an answer
/// each: whether chain and books say the same,
///
///     held = users - adjustments + unbooked - leaving + float + opening - taken + difference
///
/// where a `difference` above zero is what somebody paid in a way that no block shows as a transfer
/// (from inside a call), and below zero what is missing; and whether there is enough for everybody,
///
///     owed = users - venue + waiting - leaving
///
/// whatever the reason that it is owed: what an operator gave out without a coin is owed too.
public struct ReconciledAsset: Sendable, Equatable {
  public var code: String
  /// Atoms to smallest units.
  public var scale: UInt256
  /// False where the chain is not said to have it: nothing of it can be held.
  public var isOnChain: Bool
  /// On all addresses of the chain.
  public var held: UInt256
  /// Every balance, the venue's and the loss account's included, in atoms.
  public var users: Int128
  /// The venue's part of these, in atoms: its fees, and the loss account, which users' balances
  /// exceed what came in by where it is below zero.
  public var venue: Int128
  /// What operators' adjustments brought in on balance, in atoms: no coin covers it.
  public var adjustments: Int128
  /// Deposits on the chain that no balance has: seen, confirming, dust, in review, rejected; and
  /// the dust of those that were credited.
  public var unbooked: UInt256
  /// Of `unbooked` what is on its way to a balance, or may be when a person has looked.
  public var waiting: UInt256
  /// Withdrawals that are paid in a scanned block and not yet booked: it may still leave the chain.
  public var leaving: UInt256
  /// The venue's own: what its wallets held when they were named, and what it put into its
  /// addresses from outside, less what it took out, less gas.
  public var float: Int128
  /// What lay on deposit addresses before their transfers were recorded: nobody's until an operator
  /// says whose.
  public var opening: UInt256
  /// What left deposit addresses and wallets that pay by transactions that were never signed here:
  /// somebody else has a key.
  public var taken: Int128
  /// What must be there; nil where it is beyond 127 bits.
  public var owed: Int128?
  /// `held` less what the books say; nil where a figure is beyond 127 bits and cannot be compared,
  /// or where the opening is not known yet.
  public var difference: Int128?

  /// What is held is enough for what is owed.
  public var isCovered: Bool {
    guard let owed else { return false }
    return owed <= 0 || UInt256(owed.magnitude) <= held
  }

  /// The venue has put in what somebody took, or nobody took anything. Coins that nobody is owed
  /// are no excuse for a key that is out.
  public var isWhole: Bool { taken <= 0 || float >= taken }

  public var agrees: Bool { difference == 0 && isCovered && isWhole }
}

public struct Reconciled: Sendable, Equatable {
  public var chain: String
  public var height: Int64
  public var block: Hash32
  /// All that are listed for the chain; then those that somebody owns and the chain is not said to
  /// have.
  public var assets: [ReconciledAsset]

  public var agrees: Bool { assets.allSatisfy(\.agrees) }
}

/// Why there is no reconciliation.
public enum ReconciliationError: Error, Sendable {
  /// Nothing was scanned yet.
  case noBlock
  case node(NodeError)
  case database(PostgresError)
}

public struct Reconciliation: Sendable {
  public let chain: String
  public let rules: DepositRules
  public let node: ChainNode

  public init(chain: String, rules: DepositRules, node: ChainNode) {
    self.chain = chain
    self.rules = rules
    self.node = node
  }

  /// Reads the books in one snapshot, then asks the chain for its balances as of that very block.
  /// - Parameter conninfo: any role that may read. Blocks.
  public func run(_ conninfo: String) throws(ReconciliationError) -> Reconciled {
    let books: ReconciledBooks
    do throws(PostgresError) {
      books = try ReconciledBooks(conninfo, chain: chain, native: rules.asset(.native)?.code)
    } catch {
      throw .database(error)
    }
    guard let tip = books.tip else { throw .noBlock }
    var assets: [ReconciledAsset] = []
    for asset in rules.assets {
      do throws(NodeError) {
        let held = try total(of: asset, on: books.addresses + rules.ownSenders.sorted(), tip.hash)
        assets.append(books.reconcile(asset, held: held))
      } catch {
        throw .node(error)
      }
    }
    assets += books.elsewhere(than: rules)
    return Reconciled(chain: chain, height: tip.height, block: tip.hash, assets: assets)
  }

  private func total(
    of asset: DepositAsset, on addresses: [Address], _ block: Hash32
  ) throws(NodeError) -> UInt256 {
    let balances: [UInt256]
    switch asset.source {
    case .native: balances = try node.balances(addresses, at: block)
    case .token(let contract):
      balances = try node.balances(addresses, ofToken: contract, at: block)
    }
    var sum = UInt256.zero
    for balance in balances {
      guard let next = sum.adding(balance) else { throw .malformed("balances beyond 256 bits") }
      sum = next
    }
    return sum
  }
}
