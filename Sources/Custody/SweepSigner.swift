// Signs what a plan says, away from the exchange: it trusts nothing of the plan but what it checks
// itself.

public import Ethereum

/// One line of a plan, as it came from the exchange.
public struct SweepRequest: Sendable, Equatable {
  /// The number of the key below the account's.
  public var user: UInt32
  public var address: Address
  /// 0x02 and the list of nine fields.
  public var unsigned: [UInt8]

  public init(user: UInt32, address: Address, unsigned: [UInt8]) {
    self.user = user
    self.address = address
    self.unsigned = unsigned
  }
}

/// Why nothing of a plan is signed.
public enum SweepSigningError: Error, Sendable, Equatable, CustomStringConvertible {
  case malformed(Address)
  case wrongChain(Address)
  /// It does something else than to move coins into the wallet that was named.
  case wrongDestination(Address)
  case feeTooHigh(Address)
  case gasTooHigh(Address)
  /// The key of that number is not this address's: another extended key, or a forged plan.
  case wrongKey(Address)
  /// Two transactions with one nonce.
  case twice(Address)

  public var description: String {
    switch self {
    case .malformed(let address): "\(address): not an unsigned transaction"
    case .wrongChain(let address): "\(address): for another chain"
    case .wrongDestination(let address): "\(address): it does not pay the wallet that you named"
    case .feeTooHigh(let address): "\(address): its fee is above your maximum"
    case .gasTooHigh(let address): "\(address): its gas limit is above 500,000"
    case .wrongKey(let address): "\(address): not an address of this extended key"
    case .twice(let address): "\(address): two transactions with one nonce"
    }
  }
}

/// What its operator allows; all of a plan is within it, or nothing is signed.
public struct SweepSigner: Sendable {
  public static let maximumGas: UInt64 = 500_000

  public var chainID: UInt64
  /// The only address that may be paid.
  public var hotWallet: Address
  /// Wei for each unit of gas.
  public var maximumFee: UInt256

  public init(chainID: UInt64, hotWallet: Address, maximumFee: UInt256) {
    self.chainID = chainID
    self.hotWallet = hotWallet
    self.maximumFee = maximumFee
  }

  /// - Parameter key: of the account, whose children by the users' numbers are the deposit
  ///   addresses' keys.
  public func sign(
    _ requests: [SweepRequest], with key: borrowing ExtendedPrivateKey
  ) throws(SweepSigningError) -> [SignedTransaction] {
    var seen: Set<PayoutSlot.Place> = []
    var transactions: [Transaction1559] = []
    for request in requests {
      let transaction = try check(request)
      guard seen.insert(.init(sender: request.address, nonce: transaction.nonce)).inserted else {
        throw .twice(request.address)
      }
      transactions.append(transaction)
    }
    var signed: [SignedTransaction] = []
    for (request, transaction) in zip(requests, transactions) {
      signed.append(try sign(transaction, request, key))
    }
    return signed
  }

  private func sign(
    _ transaction: Transaction1559, _ request: SweepRequest,
    _ key: borrowing ExtendedPrivateKey
  ) throws(SweepSigningError) -> SignedTransaction {
    let signed: SignedTransaction
    do throws(ExtendedKeyError) {
      let child = try key.child(request.user)
      signed = transaction.signed(by: child.secretKey)
    } catch {
      throw .wrongKey(request.address)
    }
    guard signed.sender == request.address else { throw .wrongKey(request.address) }
    return signed
  }

  private func check(_ request: SweepRequest) throws(SweepSigningError) -> Transaction1559 {
    let address = request.address
    guard request.user < ExtendedPublicKey.firstHardenedIndex,
      let transaction = try? Transaction1559(signingPayload: request.unsigned)
    else { throw .malformed(address) }
    guard transaction.chainID == chainID else { throw .wrongChain(address) }
    guard let payload = SweepPayload(transaction), payload.recipient == hotWallet else {
      throw .wrongDestination(address)
    }
    guard transaction.fees.maximum <= maximumFee else { throw .feeTooHigh(address) }
    guard transaction.gasLimit <= Self.maximumGas else { throw .gasTooHigh(address) }
    return transaction
  }
}
