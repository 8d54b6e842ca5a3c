// A block's header: what the block's hash is the hash of.

/// The fields in the order in which they are hashed. Sources: Ethereum yellow paper, section 4.4;
/// EIP-1559, 4895, 4844, 4788 and 7685 for those that later rules added. A field of rules that are
/// not known here gives another hash than the block has.
public struct BlockHeader: Sendable, Equatable {
  public var parent = Hash32(.zero)
  public var uncles = Hash32(.zero)
  public var beneficiary = Address.zero
  public var stateRoot = Hash32(.zero)
  public var transactionsRoot = Hash32(.zero)
  public var receiptsRoot = Hash32(.zero)
  public var bloom = Bloom()
  public var difficulty = UInt256.zero
  public var number: UInt64 = 0
  public var gasLimit: UInt64 = 0
  public var gasUsed: UInt64 = 0
  public var timestamp: UInt64 = 0
  public var extraData: [UInt8] = []
  public var mixHash = Hash32(.zero)
  /// Eight bytes.
  public var nonce: UInt64 = 0
  public var baseFee: UInt256?
  public var withdrawalsRoot: Hash32?
  public var blobGasUsed: UInt64?
  public var excessBlobGas: UInt64?
  public var parentBeaconRoot: Hash32?
  public var requestsHash: Hash32?

  public init() {}

  /// The block's hash.
  public var hash: Hash32 {
    var items: [RLP] = [
      .bytes(parent.bytes), .bytes(uncles.bytes), .bytes(beneficiary.bytes),
      .bytes(stateRoot.bytes), .bytes(transactionsRoot.bytes), .bytes(receiptsRoot.bytes),
      .bytes(bloom.bytes), .integer(difficulty), .integer(number), .integer(gasLimit),
      .integer(gasUsed), .integer(timestamp), .bytes(extraData), .bytes(mixHash.bytes),
      .bytes(Array(UInt256(nonce).bigEndianBytes.suffix(8))),
    ]
    let later: [RLP?] = [
      baseFee.map { .integer($0) }, withdrawalsRoot.map { .bytes($0.bytes) },
      blobGasUsed.map { .integer($0) }, excessBlobGas.map { .integer($0) },
      parentBeaconRoot.map { .bytes($0.bytes) }, requestsHash.map { .bytes($0.bytes) },
    ]
    items += later.compactMap { $0 }
    return Keccak256.hash(RLP.list(items).encoded)
  }
}
