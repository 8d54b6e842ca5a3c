// Sweeps: coins of deposit addresses on their way into the hot wallet. Checks without I/O, the same
// where they are signed, offline, and where they are taken.

public import Engine
public import Ethereum

/// What a transaction moves, read from itself.
public struct SweepPayload: Sendable, Equatable {
  public var source: DepositAsset.Source
  public var recipient: Address
  /// The chain's smallest units, above 0.
  public var amount: UInt256

  /// Nil where it is neither coins nor a token's `transfer(address,uint256)`.
  public init?(_ transaction: Transaction1559) {
    if transaction.data.isEmpty {
      (source, recipient, amount) = (.native, transaction.destination, transaction.value)
    } else {
      guard transaction.value == .zero, let call = try? ERC20.decodeTransferCall(transaction.data)
      else { return nil }
      source = .token(transaction.destination)
      (recipient, amount) = (call.recipient, call.amount)
    }
    guard amount > .zero else { return nil }
  }
}

/// Why a sweep is not taken.
public enum SweepRefusal: String, Error, Sendable, CaseIterable {
  /// No signed transaction of type 2.
  case malformed
  case wrongChain = "wrong_chain"
  /// Its sender is nobody's deposit address.
  case notADepositAddress = "not_a_deposit_address"
  /// It does something else than to move coins into the hot wallet.
  case notToTheHotWallet = "not_to_the_hot_wallet"
  case assetNotListed = "asset_not_listed"
  case feeTooHigh = "fee_too_high"
  case gasTooHigh = "gas_too_high"
  /// A sweep with this nonce has ended.
  case nonceUsed = "nonce_used"
  /// As many as may be open are.
  case tooManyOpen = "too_many_open"
}

/// What is taken as a sweep.
public struct SweepRules: Sendable {
  public var chainID: UInt64
  public var hotWallet: Address
  public var assets: DepositRules
  /// Wei for each unit of gas.
  public var maximumFee: UInt256
  public var maximumGas: UInt64

  public init(
    chainID: UInt64, hotWallet: Address, assets: DepositRules, maximumFee: UInt256,
    maximumGas: UInt64
  ) {
    self.chainID = chainID
    self.hotWallet = hotWallet
    self.assets = assets
    self.maximumFee = maximumFee
    self.maximumGas = maximumGas
  }

  /// - Parameter isDepositAddress: whether an address is one that the venue watches.
  public func check(
    _ raw: [UInt8], isDepositAddress: (Address) -> Bool
  ) throws(SweepRefusal) -> SignedTransaction {
    guard let signed = try? SignedTransaction(raw: raw) else { throw .malformed }
    let transaction = signed.transaction
    guard transaction.chainID == chainID else { throw .wrongChain }
    guard isDepositAddress(signed.sender) else { throw .notADepositAddress }
    guard let payload = SweepPayload(transaction), payload.recipient == hotWallet else {
      throw .notToTheHotWallet
    }
    guard assets.asset(payload.source) != nil else { throw .assetNotListed }
    guard transaction.fees.maximum <= maximumFee else { throw .feeTooHigh }
    guard transaction.gasLimit <= maximumGas else { throw .gasTooHigh }
    return signed
  }
}

/// What may be signed now.
public struct SweepPlan: Sendable, Equatable {
  public struct Item: Sendable, Equatable {
    public var user: UserID
    public var address: Address
    public var asset: String
    /// The chain's smallest units.
    public var amount: UInt256
    public var transaction: Transaction1559
  }

  /// An address whose token cannot move for lack of gas.
  public struct Need: Sendable, Equatable {
    public var user: UserID
    public var address: Address
    /// Wei, enough for twice the fees of now.
    public var missing: UInt256
    /// It is on its way.
    public var isToppedUp: Bool
  }

  /// The block whose balances these are: old enough to stay.
  public var block: BlockPlace
  public var items: [Item]
  public var needs: [Need]
  /// Where the next page begins; nil after the last.
  public var next: Address?
}

extension PayoutRules {
  enum SweepStep: Equatable {
    case wait
    case send(Hash32)
    case settle(PayoutOutcome)
    /// Somebody else has the key of this deposit address.
    case foreign(Hash32)
  }

  /// A sweep is never signed here, so nothing is decided but to send what there is until the chain
  /// has it.
  func sweepStep(_ slot: PayoutSlot, _ view: PayoutView) -> SweepStep {
    guard let mined = view.mined else {
      return resend(slot, view).map { .send($0) } ?? .wait
    }
    guard mined.height <= view.settled else { return .wait }
    guard slot.attempts.contains(where: { $0.hash == mined.hash }) else {
      return .foreign(mined.hash)
    }
    return .settle(mined.hasPaid ? .paid : .reverted)
  }
}
