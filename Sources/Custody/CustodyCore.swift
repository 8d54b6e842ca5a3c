// What custody has of the engine, and why it stops.

public import Engine

/// The engine as custody needs it. What is submitted or asked blocks until the answer is durable.
public struct CustodyCore: Sendable {
  /// Replies, or nil where the outcome is unknown or the engine takes nothing at the moment: the
  /// same is sent again later, which is safe because every credit has its number.
  public var submit: @Sendable ([Command]) -> [Reply]?
  /// A chain's number and its last credit and clawback; nil where it is not registered, or no
  /// answer came.
  public var position: @Sendable (String) -> ChainPosition?
  /// An asset's number.
  public var asset: @Sendable (String) -> AssetID?
  /// The term of this process.
  public var term: @Sendable () -> Int64

  public init(
    submit: @escaping @Sendable ([Command]) -> [Reply]?,
    position: @escaping @Sendable (String) -> ChainPosition?,
    asset: @escaping @Sendable (String) -> AssetID?, term: @escaping @Sendable () -> Int64
  ) {
    self.submit = submit
    self.position = position
    self.asset = asset
    self.term = term
  }
}

public struct ChainPosition: Sendable, Equatable {
  public var chain: ChainID
  public var lastCredit: Int64
  public var lastClawback: Int64

  public init(chain: ChainID, lastCredit: Int64, lastClawback: Int64) {
    self.chain = chain
    self.lastCredit = lastCredit
    self.lastClawback = lastClawback
  }
}

/// Why custody of a chain stopped. Trading goes on; nothing of this chain is credited until an
/// operator has looked (`docs/custody.md`).
public enum CustodyHalt: Error, Sendable, Equatable, CustomStringConvertible {
  case wrongChain(expected: Int64, found: Int64)
  case wrongGenesis
  /// Its deposits are booked already, under this name.
  case knownChain(name: String)
  /// The settings name no confirmations for this, and the node knows no final block.
  case noFinality(of: String)
  case wrongDecimals(String, expected: Int, found: Int)
  /// An asset, and where the settings say that its contract is.
  case noContract(String, String)
  case reorganisationTooDeep(below: Int64)
  case finalBlockLeft(height: Int64)
  /// The engine has credits or clawbacks that the database does not know of.
  case lostDeposits(String)
  case refused(String)
  /// A row of custody's tables that this program never writes.
  case impossibleRow(String)

  /// As in the table of halts.
  public var code: String {
    switch self {
    case .wrongChain: "wrong_chain"
    case .wrongGenesis: "wrong_genesis"
    case .knownChain: "known_chain"
    case .noFinality: "no_finality"
    case .wrongDecimals: "wrong_decimals"
    case .noContract: "no_contract"
    case .reorganisationTooDeep: "reorganisation_too_deep"
    case .finalBlockLeft: "final_block_left"
    case .lostDeposits: "lost_deposits"
    case .refused: "refused"
    case .impossibleRow: "impossible_row"
    }
  }

  /// By what a node says, which another node may know better.
  var isOfANode: Bool {
    switch self {
    case .wrongChain, .wrongGenesis, .knownChain, .noFinality, .wrongDecimals, .noContract,
      .reorganisationTooDeep, .finalBlockLeft:
      true
    case .lostDeposits, .refused, .impossibleRow: false
    }
  }

  public var description: String {
    let detail =
      switch self {
      case .wrongChain(let expected, let found): "expected \(expected), the node has \(found)"
      case .wrongGenesis: "the node's block 0 is another than at the first start"
      case .knownChain(let name): "the node's chain is \(name) in these books"
      case .noFinality(let what):
        "\(what) names no confirmations, and the node knows no final block: name them"
      case .wrongDecimals(let asset, let expected, let found):
        "the contract of \(asset) says \(found) decimals, the settings \(expected)"
      case .noContract(let asset, let address): "\(asset): there is no contract at \(address)"
      case .reorganisationTooDeep(let height): "no block from \(height) on is on the chain"
      case .finalBlockLeft(let height): "block \(height) was final"
      case .lostDeposits(let what), .refused(let what), .impossibleRow(let what): what
      }
    return "\(code): \(detail)"
  }
}
