// A block as a node tells it whole: all that its hash vouches for.

internal import Ethereum
internal import Formats

/// A block's header, its transactions and its receipts, nothing of it proved.
struct ToldBlock: Sendable {
  var header: BlockHeader
  var transactions: [ToldTransaction]
  var receipts: [BlockReceipt]
}

struct ToldTransaction: Sendable {
  enum Content: Sendable {
    /// Of a kind whose bytes can be made from its fields.
    case fields(BlockTransaction)
    /// Of another kind: its bytes, of which nothing is read.
    case bytes([UInt8])
  }

  var hash: Hash32
  var content: Content
}

/// A block as it is scanned, and what its hash says of its transactions.
struct WholeBlock: Sendable {
  var block: ChainBlock
  fileprivate var header: BlockHeader
  fileprivate var transactions: [RPCWholeTransaction]

  /// Whether its hash proves that these are its transactions, none left out: false where that
  /// cannot be known, of unknown types and of a bloom that is not shown. What contradicts it is no
  /// answer.
  func isProved() throws(BlockDoubt) -> Bool {
    guard header.hash == block.place.hash else {
      if block.hasEmptyBloom { return false }
      throw .headerDoesNotMatchHash
    }
    let known = transactions.compactMap(\.fields)
    guard known.count == transactions.count else { return false }
    let raw = known.map(\.raw)
    guard zip(transactions, raw).allSatisfy({ $0.hash == Keccak256.hash($1) }),
      OrderedTrie.root(raw) == header.transactionsRoot
    else { throw .transactionsDoNotMatchRoot }
    return true
  }
}

extension ChainNode {
  /// The canonical blocks of a range, each with all that its hash is of.
  func wholeBlocks(_ heights: ClosedRange<Int64>) throws(NodeError) -> [WholeBlock] {
    let told: [RPCScannedBlock?] = try many(
      heights.map { RPCCall("eth_getBlockByNumber", .quantity($0), .truth(true)) })
    return told.compactMap { $0?.block }
  }

  /// A whole block by its hash, in two requests; nil where the node does not have it. For
  /// transactions of kinds that are not known here their bytes are asked for too.
  func whole(_ block: Hash32) throws(NodeError) -> ToldBlock? {
    let told: RPCWholeBlock? = try call(
      RPCCall("eth_getBlockByHash", .text("\(block)"), .truth(true)))
    guard let told else { return nil }
    let receipts: [RPCWholeReceipt]? = try call(
      RPCCall("eth_getBlockReceipts", .text("\(block)")))
    guard let receipts else { return nil }
    let strange = told.transactions.filter { $0.fields == nil }.map(\.hash)
    let raw: [HexData] = try many(
      strange.map { RPCCall("eth_getRawTransactionByHash", .text("\($0)")) })
    let bytes = Dictionary(
      zip(strange, raw.map(\.bytes)), uniquingKeysWith: { first, _ in first })
    return ToldBlock(
      header: told.header,
      transactions: told.transactions.map { transaction in
        ToldTransaction(
          hash: transaction.hash,
          content: transaction.fields.map { .fields($0) } ?? .bytes(bytes[transaction.hash] ?? []))
      }, receipts: receipts.map(\.receipt))
  }
}

private struct RPCScannedBlock: Decodable {
  var block: WholeBlock

  init(from decoder: any Decoder) throws {
    let whole = try RPCWholeBlock(from: decoder)
    block = WholeBlock(
      block: try RPCBlock(from: decoder).block, header: whole.header,
      transactions: whole.transactions)
  }
}

private struct RPCWholeBlock: Decodable {
  var header = BlockHeader()
  var transactions: [RPCWholeTransaction]

  private enum CodingKeys: String, CodingKey {
    case parentHash, sha3Uncles, miner, stateRoot, transactionsRoot, receiptsRoot, logsBloom
    case difficulty, number, gasLimit, gasUsed, timestamp, extraData, mixHash, nonce, baseFeePerGas
    case withdrawalsRoot, blobGasUsed, excessBlobGas, parentBeaconBlockRoot, requestsHash
    case transactions
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    func word(_ key: CodingKeys) throws -> UInt64 {
      try container.decode(Word.self, forKey: key).value
    }
    func bytes(_ key: CodingKeys) throws -> [UInt8] {
      try container.decode(HexData.self, forKey: key).bytes
    }
    func laterWord(_ key: CodingKeys) throws -> UInt64? {
      try container.decodeIfPresent(Word.self, forKey: key)?.value
    }
    func laterHash(_ key: CodingKeys) throws -> Hash32? {
      guard try container.decodeIfPresent(HexData.self, forKey: key) != nil else { return nil }
      return try container.hash(key)
    }
    header.parent = try container.hash(.parentHash)
    header.uncles = try container.hash(.sha3Uncles)
    header.beneficiary = try container.address(.miner)
    header.stateRoot = try container.hash(.stateRoot)
    header.transactionsRoot = try container.hash(.transactionsRoot)
    header.receiptsRoot = try container.hash(.receiptsRoot)
    guard let bloom = Bloom(try bytes(.logsBloom)) else {
      throw malformed(decoder, "a bloom has 256 bytes")
    }
    header.bloom = bloom
    header.difficulty = try container.decode(Amount.self, forKey: .difficulty).value
    header.number = try word(.number)
    header.gasLimit = try word(.gasLimit)
    header.gasUsed = try word(.gasUsed)
    header.timestamp = try word(.timestamp)
    header.extraData = try bytes(.extraData)
    header.mixHash = try container.hash(.mixHash)
    let nonce = try bytes(.nonce)
    guard nonce.count == 8 else { throw malformed(decoder, "a block's nonce has 8 bytes") }
    header.nonce = nonce.reduce(0) { $0 << 8 | UInt64($1) }
    header.baseFee = try container.decodeIfPresent(Amount.self, forKey: .baseFeePerGas)?.value
    header.withdrawalsRoot = try laterHash(.withdrawalsRoot)
    header.blobGasUsed = try laterWord(.blobGasUsed)
    header.excessBlobGas = try laterWord(.excessBlobGas)
    header.parentBeaconRoot = try laterHash(.parentBeaconBlockRoot)
    header.requestsHash = try laterHash(.requestsHash)
    transactions = try container.decode([RPCWholeTransaction].self, forKey: .transactions)
  }
}

struct RPCWholeTransaction: Decodable {
  var hash: Hash32
  /// Nil for a kind that is not known here.
  var fields: BlockTransaction?

  private enum CodingKeys: String, CodingKey {
    case hash, type, chainId, nonce, gasPrice, maxPriorityFeePerGas, maxFeePerGas, gas, to, value
    case input, accessList, maxFeePerBlobGas, blobVersionedHashes, authorizationList, v, yParity
    case r, s
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    hash = try container.hash(.hash)
    // Before there were types, nodes named none.
    let type = try container.decodeIfPresent(Word.self, forKey: .type)?.value ?? 0
    guard let kind = UInt8(exactly: type).flatMap(BlockTransaction.Kind.init) else { return }
    // What is written in a way that does not read is asked for as bytes.
    fields = try? Self.fields(kind, container, decoder)
  }

  private static func fields(
    _ kind: BlockTransaction.Kind, _ container: KeyedDecodingContainer<CodingKeys>,
    _ decoder: any Decoder
  ) throws -> BlockTransaction {
    func amount(_ key: CodingKeys) throws -> UInt256 {
      try container.decode(Amount.self, forKey: key).value
    }
    var transaction = BlockTransaction()
    transaction.kind = kind
    transaction.nonce = try container.decode(Word.self, forKey: .nonce).value
    transaction.gasLimit = try container.decode(Word.self, forKey: .gas).value
    let makesContract = try container.decodeNil(forKey: .to)
    transaction.destination = makesContract ? nil : try container.address(.to)
    transaction.value = try amount(.value)
    transaction.data = try container.decode(HexData.self, forKey: .input).bytes
    switch kind {
    case .legacy, .accessList: transaction.gasPrice = try amount(.gasPrice)
    case .dynamicFee, .blob, .setCode:
      transaction.priorityFee = try amount(.maxPriorityFeePerGas)
      transaction.maximumFee = try amount(.maxFeePerGas)
    }
    if kind != .legacy {
      transaction.chainID = try amount(.chainId)
      let list = try container.decodeIfPresent([RPCAccess].self, forKey: .accessList)
      transaction.accessList = .list((list ?? []).map(\.item))
    }
    if kind == .blob {
      transaction.blobFee = try amount(.maxFeePerBlobGas)
      transaction.blobHashes = try container.decode([HexData].self, forKey: .blobVersionedHashes)
        .map { try Self.hash($0.bytes, decoder) }
    }
    if kind == .setCode {
      let list = try container.decode([RPCAuthorization].self, forKey: .authorizationList)
      transaction.authorizations = .list(list.map(\.item))
    }
    // Some nodes show the parity of typed ones under its own name only.
    let v = try container.decodeIfPresent(PaddedNumber.self, forKey: .v)
    transaction.v = try v?.value ?? container.decode(PaddedNumber.self, forKey: .yParity).value
    transaction.r = try container.decode(PaddedNumber.self, forKey: .r).value
    transaction.s = try container.decode(PaddedNumber.self, forKey: .s).value
    return transaction
  }

  private static func hash(_ bytes: [UInt8], _ decoder: any Decoder) throws -> Hash32 {
    guard let hash = Hash32(bytes) else { throw malformed(decoder, "a hash has 32 bytes") }
    return hash
  }
}

private struct RPCAccess: Decodable {
  var item: RLP

  private enum CodingKeys: String, CodingKey { case address, storageKeys }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let keys = try container.decode([HexData].self, forKey: .storageKeys)
    item = .list([
      .bytes(try container.address(.address).bytes), .list(keys.map { .bytes($0.bytes) }),
    ])
  }
}

private struct RPCAuthorization: Decodable {
  var item: RLP

  private enum CodingKeys: String, CodingKey { case chainId, address, nonce, yParity, r, s }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    func number(_ key: CodingKeys) throws -> RLP {
      .integer(try container.decode(PaddedNumber.self, forKey: key).value)
    }
    item = .list([
      try number(.chainId), .bytes(try container.address(.address).bytes), try number(.nonce),
      try number(.yParity), try number(.r), try number(.s),
    ])
  }
}

private struct RPCWholeReceipt: Decodable {
  var receipt: BlockReceipt

  private enum CodingKeys: String, CodingKey { case type, status, cumulativeGasUsed, logs }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let type = try container.decodeIfPresent(Word.self, forKey: .type)?.value ?? 0
    guard let kind = UInt8(exactly: type), kind < 0x80 else {
      throw malformed(decoder, "a type of \(type)")
    }
    receipt = BlockReceipt(
      kind: kind, isSuccess: try container.decode(Word.self, forKey: .status).value == 1,
      cumulativeGasUsed: try container.decode(Word.self, forKey: .cumulativeGasUsed).value,
      logs: try container.decode([RPCLog].self, forKey: .logs).map(\.log))
  }
}

/// A number of up to 256 bits; some nodes show a signature's with leading zeros.
private struct PaddedNumber: Decodable {
  var value: UInt256

  init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    let digits = text.dropFirst(2).drop { $0 == "0" }
    guard text.hasPrefix("0x"), text.utf8.count > 2,
      let value = UInt256(quantity: "0x" + (digits.isEmpty ? "0" : digits))
    else { throw malformed(decoder, "not a 256-bit number") }
    self.value = value
  }
}
