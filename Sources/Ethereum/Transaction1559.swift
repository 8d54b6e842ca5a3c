// Transactions out: what the signer reads before it signs, and the bytes that go to the chain.

/// What a transaction pays for each unit of gas, in wei.
public struct GasFees: Hashable, Sendable {
  /// The most in total, the base fee included.
  public let maximum: UInt256
  /// The most above the base fee, which goes to the block's builder.
  public let priority: UInt256

  /// Nil if the priority fee is above the maximum, which no chain takes.
  public init?(maximum: UInt256, priority: UInt256) {
    guard priority <= maximum else { return nil }
    self.maximum = maximum
    self.priority = priority
  }
}

/// A transaction of type 2 that pays or calls an account. It creates no contract and has no access
/// list: the exchange needs neither, so the signer need not judge them. Source: EIP-1559.
public struct Transaction1559: Hashable, Sendable {
  /// The type's byte before the list. Source: EIP-2718.
  static let type: UInt8 = 2
  /// The most bytes of `data`: enough for any call of the exchange, and below what a node admits.
  public static let maximumDataByteCount = 64 * 1024

  public let chainID: UInt64
  /// Which transaction of its sender it is, from 0; below 2^64 - 1 (EIP-2681).
  public let nonce: UInt64
  public let fees: GasFees
  public let gasLimit: UInt64
  public let destination: Address
  /// In wei.
  public let value: UInt256
  /// The call's input; empty for a payment.
  public let data: [UInt8]

  public init(
    chainID: UInt64, nonce: UInt64, fees: GasFees, gasLimit: UInt64, destination: Address,
    value: UInt256, data: [UInt8] = []
  ) throws(TransactionError) {
    guard nonce < .max else { throw .field(.nonce) }
    guard data.count <= Self.maximumDataByteCount else { throw .field(.data) }
    self.chainID = chainID
    self.nonce = nonce
    self.fees = fees
    self.gasLimit = gasLimit
    self.destination = destination
    self.value = value
    self.data = data
  }

  /// The most that gas can cost, in wei: gas limit times maximum fee; nil at 2^256 and above.
  public var maximumGasCost: UInt256? { UInt256(gasLimit).multiplied(by: fees.maximum) }

  /// What is hashed and signed: the type's byte and the list of the first nine fields.
  public var signingPayload: [UInt8] { [Self.type] + RLP.list(items).encoded }

  /// From a signing payload, strictly: what is accepted has these bytes as its `signingPayload`.
  public init(signingPayload: [UInt8]) throws(TransactionError) {
    let fields = try Self.fields(of: signingPayload, count: 9)
    try self.init(fields: fields)
    precondition(
      self.signingPayload == signingPayload, "a decoded transaction does not encode to its bytes")
  }

  /// The hash of `signingPayload`.
  public var signingHash: Hash32 { Keccak256.hash(signingPayload) }

  /// The transaction with its signature by `key`. The same transaction gives the same bytes.
  public func signed(by key: borrowing SecretKey) -> SignedTransaction {
    SignedTransaction(self, key.sign(signingHash), sender: key.address)
  }

  /// The fields in the order of EIP-1559, up to the access list.
  var items: [RLP] {
    [
      .integer(chainID), .integer(nonce), .integer(fees.priority), .integer(fees.maximum),
      .integer(gasLimit), .bytes(destination.bytes), .integer(value), .bytes(data), .list([]),
    ]
  }
}

/// A signed transaction: its bytes, and who signed them.
public struct SignedTransaction: Hashable, Sendable {
  public let transaction: Transaction1559
  public let signature: Signature
  /// The account that pays, recovered from the signature.
  public let sender: Address
  /// What `eth_sendRawTransaction` takes.
  public let raw: [UInt8]
  /// What the chain knows it by.
  public let hash: Hash32

  init(_ transaction: Transaction1559, _ signature: Signature, sender: Address) {
    self.transaction = transaction
    self.signature = signature
    self.sender = sender
    let proof: [RLP] = [
      .integer(signature.isYOdd ? 1 as UInt64 : 0), .integer(signature.r), .integer(signature.s),
    ]
    raw = [Transaction1559.type] + RLP.list(transaction.items + proof).encoded
    hash = Keccak256.hash(raw)
  }

  /// From raw bytes, strictly: what is accepted has these bytes as its `raw`.
  public init(raw: [UInt8]) throws(TransactionError) {
    let fields = try Transaction1559.fields(of: raw, count: 12)
    let transaction = try Transaction1559(fields: fields)
    guard
      let parity = fields[9].integer, parity <= .one, let r = fields[10].integer,
      let s = fields[11].integer, let signature = Signature(r: r, s: s, isYOdd: parity == .one),
      let key = signature.publicKey(signing: transaction.signingHash)
    else { throw .signature }
    self.init(transaction, signature, sender: key.address)
    precondition(self.raw == raw, "a decoded transaction does not encode to its bytes")
  }
}

/// Why bytes or fields are no transaction of the exchange's kind.
public enum TransactionError: Error, Equatable, Sendable {
  public enum Field: Sendable {
    case chainID, nonce, priorityFee, maximumFee, gasLimit, destination, value, data, accessList
  }

  /// Not type 2; nil if there are no bytes.
  case type(UInt8?)
  case encoding(RLPError)
  /// Not a list of 12 fields, or of 9 without a signature.
  case shape
  /// The field is of the wrong kind, or out of its range: a destination must be an address, an
  /// access list empty.
  case field(Field)
  /// The priority fee is above the maximum fee.
  case priorityAboveMaximum
  /// Parity, `r` or `s` is out of range (a high `s` included), or no key can have signed.
  case signature
}

extension Transaction1559 {
  /// The items of the list behind the type's byte.
  fileprivate static func fields(
    of bytes: [UInt8], count: Int
  ) throws(TransactionError) -> [RLP] {
    guard bytes.first == type else { throw .type(bytes.first) }
    let item: RLP
    do { item = try RLP(decoding: bytes.dropFirst()) } catch { throw .encoding(error) }
    guard case .list(let fields) = item, fields.count == count else { throw .shape }
    return fields
  }

  /// From the list's items, of which the first nine are read.
  fileprivate init(fields: [RLP]) throws(TransactionError) {
    func number(_ index: Int, _ field: TransactionError.Field) throws(TransactionError) -> UInt256 {
      guard let number = fields[index].integer else { throw .field(field) }
      return number
    }
    func word(_ index: Int, _ field: TransactionError.Field) throws(TransactionError) -> UInt64 {
      guard let word = UInt64(exactly: try number(index, field)) else { throw .field(field) }
      return word
    }
    guard
      let fees = GasFees(maximum: try number(3, .maximumFee), priority: try number(2, .priorityFee))
    else { throw .priorityAboveMaximum }
    guard case .bytes(let destinationBytes) = fields[5], let destination = Address(destinationBytes)
    else { throw .field(.destination) }
    guard case .bytes(let data) = fields[7] else { throw .field(.data) }
    guard fields[8] == .list([]) else { throw .field(.accessList) }
    try self.init(
      chainID: try word(0, .chainID), nonce: try word(1, .nonce), fees: fees,
      gasLimit: try word(4, .gasLimit), destination: destination, value: try number(6, .value),
      data: data)
  }
}
