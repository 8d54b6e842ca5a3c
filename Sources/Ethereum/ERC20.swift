// Tokens: the call that pays them and the log that says they were paid.

/// The parts of the token standard that move money. Source: EIP-20, Solidity ABI specification.
public enum ERC20 {
  /// A payment of tokens, in the token's smallest unit.
  public struct Transfer: Hashable, Sendable {
    public let sender: Address
    public let recipient: Address
    /// What the contract says, which for a dishonest contract is anything.
    public let amount: UInt256
  }

  /// The first bytes of the hash of `transfer(address,uint256)`.
  public static let transferSelector: [UInt8] = [0xa9, 0x05, 0x9c, 0xbb]

  /// The first bytes of the hash of `balanceOf(address)`.
  public static let balanceSelector: [UInt8] = [0x70, 0xa0, 0x82, 0x31]

  /// The first bytes of the hash of `decimals()`.
  public static let decimalsSelector: [UInt8] = [0x31, 0x3c, 0xe5, 0x67]

  /// Topic 0 of a transfer: the hash of `Transfer(address,address,uint256)`.
  public static let transferTopic = Hash32(
    UInt256(
      high: 0xddf2_52ad_1be2_c89b_69c2_b068_fc37_8daa,
      low: 0x952b_a7f1_63c4_a116_28f5_5a4d_f523_b3ef))

  /// The call that pays `amount` to `recipient`: 68 bytes.
  public static func transferCall(to recipient: Address, amount: UInt256) -> [UInt8] {
    var call = transferSelector
    call.reserveCapacity(68)
    recipient.word.append(to: &call)
    amount.append(to: &call)
    return call
  }

  /// The call that asks for an owner's balance: 36 bytes.
  public static func balanceCall(of owner: Address) -> [UInt8] {
    var call = balanceSelector
    owner.word.append(to: &call)
    return call
  }

  /// What `transferCall` gives, read back: exactly 68 bytes, with the selector and an address
  /// padded by zeros.
  public static func decodeTransferCall(
    _ call: [UInt8]
  ) throws(ERC20Error) -> (recipient: Address, amount: UInt256) {
    guard call.starts(with: transferSelector) else { throw .selector }
    guard call.count == 68 else { throw .length(call.count) }
    guard let recipient = Address(word: UInt256(atMost32: call[4..<36])) else { throw .padding }
    return (recipient, UInt256(atMost32: call[36...]))
  }

  /// The transfer that a log of a token's contract reports: 3 topics (a transfer of a non-fungible
  /// token has 4), addresses padded by zeros, 32 bytes of data. Whether the contract is one that
  /// the exchange knows, and the amount above zero, is for the caller to check.
  public static func decodeTransfer(_ log: Log) throws(ERC20Error) -> Transfer {
    guard log.topics.first == transferTopic else { throw .topic }
    guard log.topics.count == 3 else { throw .topicCount(log.topics.count) }
    guard
      let sender = Address(word: log.topics[1].number),
      let recipient = Address(word: log.topics[2].number)
    else { throw .padding }
    guard let amount = UInt256(bigEndian: log.data) else { throw .length(log.data.count) }
    return Transfer(sender: sender, recipient: recipient, amount: amount)
  }
}

/// Why a call or a log is no transfer.
public enum ERC20Error: Error, Equatable, Sendable {
  /// The call is of another function.
  case selector
  /// The log is of another event.
  case topic
  case topicCount(Int)
  /// The call or the log's data have another number of bytes.
  case length(Int)
  /// An address is not padded by zeros.
  case padding
}
