// What a block shows of the venue's own money: transactions of its addresses, and value over their
// border.

public import Ethereum

/// A transaction that one of our addresses sent.
public struct SentTransaction: Sendable, Equatable {
  public var hash: Hash32
  public var sender: Address
  public var nonce: UInt64
  public var isSuccess: Bool
  /// It succeeded, and where it is a token's transfer, the token logged this very transfer: some
  /// tokens move nothing and do not fail.
  public var hasPaid: Bool
  /// Gas used times the price paid, in wei.
  public var gasCost: UInt256
  public var height: Int64
  public var block: Hash32
  /// Coins that moved with it, in wei, and to whom; zero where it failed.
  public var value = UInt256.zero
  public var recipient: Address?
}

/// Value that came to one of the venue's own addresses from outside, or left any address of ours.
struct VenueTransfer: Sendable, Equatable {
  var transaction: Hash32
  var outRef: String
  var asset: String
  var own: Address
  var other: Address
  var raw: UInt256
  var isIncoming: Bool
  var place: BlockPlace
}

/// Whose an address is.
enum AddressOwner: Sendable, Equatable {
  case venue
  case user
  case outside
}

extension BlockScan {
  /// Transactions of ours in a block whose receipts were checked.
  func sent(
    _ transaction: ChainTransaction, _ receipt: ChainReceipt, in place: BlockPlace,
    _ owner: (Address) -> AddressOwner
  ) throws(BlockDoubt) -> SentTransaction? {
    guard owner(transaction.sender) != .outside else { return nil }
    guard let cost = UInt256(receipt.gasUsed).multiplied(by: receipt.gasPrice) else {
      throw .receiptsDoNotMatch
    }
    return SentTransaction(
      hash: transaction.hash, sender: transaction.sender, nonce: transaction.nonce,
      isSuccess: receipt.isSuccess, hasPaid: hasPaid(transaction, receipt), gasCost: cost,
      height: place.height, block: place.hash,
      value: receipt.isSuccess ? transaction.value : .zero, recipient: transaction.recipient)
  }

  private func hasPaid(_ transaction: ChainTransaction, _ receipt: ChainReceipt) -> Bool {
    guard receipt.isSuccess else { return false }
    guard let call = try? ERC20.decodeTransferCall(transaction.input) else { return true }
    return receipt.logs.contains { log in
      guard log.address == transaction.recipient, let event = try? ERC20.decodeTransfer(log) else {
        return false
      }
      return event.sender == transaction.sender && event.recipient == call.recipient
        && event.amount == call.amount
    }
  }

  /// Value over the venue's border. What users pay in is a deposit and not among it, what moves
  /// between addresses of ours is nothing.
  func venueTransfers(
    _ transaction: ChainTransaction, _ receipt: ChainReceipt, in place: BlockPlace,
    _ owner: (Address) -> AddressOwner
  ) -> [VenueTransfer] {
    guard receipt.isSuccess else { return [] }
    var found: [VenueTransfer] = []
    func add(_ outRef: String, _ asset: String, _ from: Address, _ to: Address, _ raw: UInt256) {
      let (sender, recipient) = (owner(from), owner(to))
      let isIncoming = sender == .outside && recipient == .venue
      guard raw > .zero, isIncoming || sender != .outside && recipient == .outside else { return }
      found.append(
        VenueTransfer(
          transaction: transaction.hash, outRef: outRef, asset: asset, own: isIncoming ? to : from,
          other: isIncoming ? from : to, raw: raw, isIncoming: isIncoming, place: place))
    }
    if let asset = rules.asset(.native), let recipient = transaction.recipient {
      add("n", asset.code, transaction.sender, recipient, transaction.value)
    }
    for (ordinal, log) in receipt.logs.enumerated() {
      guard let asset = rules.asset(.token(log.address)),
        let event = try? ERC20.decodeTransfer(log)
      else { continue }
      add("l\(ordinal)", asset.code, event.sender, event.recipient, event.amount)
    }
    return found
  }
}
