// What counts as a deposit, what it is worth, and when it is credited: values, decided without I/O.

internal import Engine
public import Ethereum

/// How one asset arrives on a chain.
public struct DepositAsset: Sendable, Equatable {
  public enum Source: Sendable, Equatable, Hashable {
    case native
    /// The token's contract: the only thing that tells a token from its forgery.
    case token(Address)
  }

  public enum Finality: Sendable, Equatable {
    /// After so many blocks, its own included; at least 1.
    case depth(Int64)
    /// When the chain says that its block is final.
    case finalized
  }

  public var code: String
  public var source: Source
  /// Smallest units of the chain in one atom: 10^(decimals on the chain - decimals here).
  public var scale: UInt256
  /// Atoms below which a deposit is recorded as dust and not credited.
  public var minimum: Int128
  public var finality: Finality
  /// Atoms, credited in 24 hours, from which on a second node must say the same; nil where one is
  /// enough.
  public var secondNodeFrom: Int128?

  public init(
    code: String, source: Source, scale: UInt256, minimum: Int128, finality: Finality,
    secondNodeFrom: Int128? = nil
  ) {
    self.code = code
    self.source = source
    self.scale = scale
    self.minimum = minimum
    self.finality = finality
    self.secondNodeFrom = secondNodeFrom
  }

  /// The highest block whose deposits may be credited while `tip` is the last block.
  public func ripeHeight(_ tip: Int64, _ finalized: Int64) -> Int64 {
    switch finality {
    case .depth(let depth): tip - depth + 1
    case .finalized: finalized
    }
  }
}

/// One movement of value to an address of ours, as a block shows it.
public struct Transfer: Sendable, Equatable {
  public var transaction: Hash32
  /// `n`: the transaction's own value. `l3`: the log with ordinal 3 in the transaction's receipt.
  /// `t0.2`: call 2 of its call 0. They stay when a reorganisation moves the transaction; a log's
  /// place in its block does not.
  public var outRef: String
  public var source: DepositAsset.Source
  public var sender: Address
  public var recipient: Address
  /// The chain's smallest units, above 0.
  public var raw: UInt256

  public init(
    transaction: Hash32, outRef: String, source: DepositAsset.Source, sender: Address,
    recipient: Address, raw: UInt256
  ) {
    self.transaction = transaction
    self.outRef = outRef
    self.source = source
    self.sender = sender
    self.recipient = recipient
    self.raw = raw
  }

  /// A call of the transaction paid, not the transaction itself.
  var isFromInside: Bool { outRef.hasPrefix("t") }
}

/// The part of a deposit's life that the chain decides; `docs/custody.md` has the picture.
public enum DepositStatus: String, Sendable, CaseIterable {
  /// In the chain's last block.
  case seen
  /// In the chain, not ripe yet, or ripe and on its way through the journal.
  case confirming
  /// In the user's balance.
  case credited
  /// Credited, and its block is final.
  case final
  /// Its block left the chain; it may come again.
  case orphaned
  /// Below the minimum: recorded, never credited.
  case dust
  /// A person must look at it.
  case review
  case rejected
  /// Credited, and its transaction is no longer on the chain: taken back.
  case clawback
}

/// A transfer with its worth: `raw == amount * scale + dust`, to the chain's smallest unit.
public struct DepositValue: Sendable, Equatable {
  public var amount: Int128
  public var dust: UInt256
  public var status: DepositStatus
  public var reason: String
}

/// The operator's list of what is taken.
public struct DepositRules: Sendable {
  public let assets: [DepositAsset]
  /// The venue's own addresses, hot and cold: what they send is no deposit, what they hold is the
  /// venue's.
  public let ownSenders: Set<Address>
  private let bySource: [DepositAsset.Source: Int]

  public init(assets: [DepositAsset], ownSenders: Set<Address> = []) {
    self.assets = assets
    self.ownSenders = ownSenders
    bySource = Dictionary(
      assets.enumerated().map { ($1.source, $0) }, uniquingKeysWith: { first, _ in first })
  }

  public func asset(_ source: DepositAsset.Source) -> DepositAsset? {
    bySource[source].map { assets[$0] }
  }

  public func asset(named code: String) -> DepositAsset? { assets.first { $0.code == code } }

  public var contracts: [Address] {
    assets.compactMap { if case .token(let contract) = $0.source { contract } else { nil } }
  }

  /// What a transfer is worth here.
  public func value(of transfer: Transfer, in asset: DepositAsset) -> DepositValue {
    let (atoms, dust) = transfer.raw.quotientAndRemainder(dividingBy: asset.scale)
    // Beyond the engine's bound nothing can be booked; nobody sends 2^120 atoms by mistake of a
    // digit.
    guard let amount = Int128(exactly: atoms), amount < Bounds.maximumAtoms else {
      return DepositValue(
        amount: 0, dust: transfer.raw, status: .review, reason: "more than can be booked")
    }
    if amount < max(asset.minimum, 1) {
      return DepositValue(
        amount: 0, dust: transfer.raw, status: .dust, reason: "below the minimum")
    }
    if transfer.isFromInside {
      return DepositValue(
        amount: amount, dust: dust, status: .review, reason: "paid from inside a call")
    }
    return DepositValue(amount: amount, dust: dust, status: .seen, reason: "")
  }
}
