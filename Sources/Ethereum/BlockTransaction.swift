// A transaction as a block holds it, whoever signed it: the bytes under the block's root.

/// Any transaction of the kinds that are known here. Sources: yellow paper, section 4.3; EIP-155,
/// 2930, 1559, 4844 and 7702.
public struct BlockTransaction: Sendable, Equatable {
  /// The type's byte of EIP-2718; a legacy transaction has none.
  public enum Kind: UInt8, Sendable {
    case legacy, accessList, dynamicFee, blob, setCode
  }

  public var kind = Kind.legacy
  /// Of all but legacy ones, which say it in `v` or not at all.
  public var chainID = UInt256.zero
  public var nonce: UInt64 = 0
  /// Of legacy ones and those with an access list only.
  public var gasPrice = UInt256.zero
  /// Of all others.
  public var priorityFee = UInt256.zero
  public var maximumFee = UInt256.zero
  public var gasLimit: UInt64 = 0
  /// Nil where it makes a contract.
  public var destination: Address?
  public var value = UInt256.zero
  public var data: [UInt8] = []
  /// `[[address, [key, ...]], ...]`.
  public var accessList = RLP.list([])
  public var blobFee = UInt256.zero
  public var blobHashes: [Hash32] = []
  /// `[[chain, address, nonce, parity, r, s], ...]`.
  public var authorizations = RLP.list([])
  /// The parity; of legacy ones 27 or 28 with it, or 35 and twice the chain with it.
  public var v = UInt256.zero
  public var r = UInt256.zero
  public var s = UInt256.zero

  public init() {}

  /// What the block's root, and the transaction's hash, are of.
  public var raw: [UInt8] {
    prefix + RLP.list(items + [.integer(v), .integer(r), .integer(s)]).encoded
  }

  /// Who signed it; nil where nobody can have.
  public var sender: Address? {
    guard let v = UInt64(exactly: v) else { return nil }
    var items = items
    var parity = v
    if kind == .legacy {
      if v >= 35 {
        items += [.integer((v - 35) / 2), .bytes([]), .bytes([])]
        parity = (v - 35) % 2
      } else {
        guard v == 27 || v == 28 else { return nil }
        parity = v - 27
      }
    }
    guard parity <= 1, let signature = Signature(r: r, s: s, isYOdd: parity == 1) else {
      return nil
    }
    let hash = Keccak256.hash(prefix + RLP.list(items).encoded)
    return signature.publicKey(signing: hash)?.address
  }

  private var prefix: [UInt8] { kind == .legacy ? [] : [kind.rawValue] }

  /// Without the signature.
  private var items: [RLP] {
    let to = RLP.bytes(destination?.bytes ?? [])
    let fees: [RLP] =
      switch kind {
      case .legacy, .accessList: [.integer(gasPrice)]
      case .dynamicFee, .blob, .setCode: [.integer(priorityFee), .integer(maximumFee)]
      }
    let call = [.integer(nonce)] + fees + [.integer(gasLimit), to, .integer(value), .bytes(data)]
    if kind == .legacy { return call }
    let listed = [.integer(chainID)] + call + [accessList]
    return switch kind {
    case .legacy, .accessList, .dynamicFee: listed
    case .blob:
      listed + [.integer(blobFee), .list(blobHashes.map { .bytes($0.bytes) })]
    case .setCode: listed + [authorizations]
    }
  }
}

/// What a transaction did, as its block's root of receipts has it. Source: yellow paper, section
/// 4.4.1; EIP-658, 2718.
public struct BlockReceipt: Sendable, Equatable {
  /// The transaction's type, 0 where it has none.
  public var kind: UInt8
  public var isSuccess: Bool
  /// Of the block's transactions up to this one.
  public var cumulativeGasUsed: UInt64
  public var logs: [Log]

  public init(kind: UInt8, isSuccess: Bool, cumulativeGasUsed: UInt64, logs: [Log]) {
    self.kind = kind
    self.isSuccess = isSuccess
    self.cumulativeGasUsed = cumulativeGasUsed
    self.logs = logs
  }

  /// With this filter in it; that of its logs, but on chains that leave all filters empty.
  public func encoded(_ bloom: Bloom) -> [UInt8] {
    let logs = logs.map { log in
      RLP.list([
        .bytes(log.address.bytes), .list(log.topics.map { .bytes($0.bytes) }), .bytes(log.data),
      ])
    }
    let list = RLP.list([
      .integer(isSuccess ? 1 as UInt64 : 0), .integer(cumulativeGasUsed), .bytes(bloom.bytes),
      .list(logs),
    ])
    return (kind == 0 ? [] : [kind]) + list.encoded
  }
}
