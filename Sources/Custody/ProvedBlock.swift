// What a block's hash alone vouches for, whoever told the block.

internal import Ethereum

/// Of a block whose header gives the hash that was scanned, and whose transactions and receipts
/// give the header's roots: what it pays to addresses of ours. No node can forge in it.
struct ProvedBlock: Sendable {
  let hash: Hash32
  /// Of the coin and of listed tokens. A native one without a provable sender is not among them.
  private var payments: [Transfer] = []
  /// Whether each transaction succeeded.
  private var outcomes: [Hash32: Bool] = [:]
  /// Transactions of which the block proves no more than their bytes and their outcome.
  private var opaque: Set<Hash32> = []

  enum Verdict: Sendable {
    case shown
    case notShown
    /// A transaction of a kind that is not known here, or by nobody's signature.
    case unreadable
  }

  init(
    _ told: ToldBlock, hash: Hash32, tokens: Set<Address>, watching: (Address) -> Bool
  ) throws(BlockDoubt) {
    self.hash = hash
    let header = try Self.proved(told, hash: hash)
    let raw = told.transactions.map { transaction in
      switch transaction.content {
      case .fields(let fields): fields.raw
      case .bytes(let bytes): bytes
      }
    }
    guard zip(told.transactions, raw).allSatisfy({ $0.hash == Keccak256.hash($1) }),
      OrderedTrie.root(raw) == header.transactionsRoot
    else { throw .transactionsDoNotMatchRoot }
    try Self.proveReceipts(told, header)
    for (transaction, receipt) in zip(told.transactions, told.receipts) {
      read(transaction, receipt, tokens, watching)
    }
  }

  /// The header, if its hash is the block's. Where a node shows an empty filter, and the block has
  /// the filter of its logs, that one is tried: what gives the hash is the block's.
  private static func proved(_ told: ToldBlock, hash: Hash32) throws(BlockDoubt) -> BlockHeader {
    if told.header.hash == hash { return told.header }
    var header = told.header
    guard header.bloom == Bloom() else { throw .headerDoesNotMatchHash }
    header.bloom = Bloom(of: told.receipts.lazy.flatMap(\.logs))
    guard header.hash == hash else { throw .headerDoesNotMatchHash }
    return header
  }

  private static func proveReceipts(
    _ told: ToldBlock, _ header: BlockHeader
  ) throws(BlockDoubt) {
    guard told.receipts.count == told.transactions.count else { throw .receiptsDoNotMatch }
    func root(_ bloom: (BlockReceipt) -> Bloom) -> Hash32 {
      OrderedTrie.root(told.receipts.map { $0.encoded(bloom($0)) })
    }
    if root({ Bloom(of: $0.logs) }) == header.receiptsRoot { return }
    // On a chain that leaves all filters empty, the receipts' are empty too.
    guard header.bloom == Bloom(), root({ _ in Bloom() }) == header.receiptsRoot else {
      throw .receiptsDoNotMatchRoot
    }
  }

  private mutating func read(
    _ told: ToldTransaction, _ receipt: BlockReceipt, _ tokens: Set<Address>,
    _ watching: (Address) -> Bool
  ) {
    outcomes[told.hash] = receipt.isSuccess
    if case .bytes = told.content { opaque.insert(told.hash) }
    guard receipt.isSuccess else { return }
    if case .fields(let transaction) = told.content, transaction.value > .zero,
      let recipient = transaction.destination, watching(recipient)
    {
      if let sender = transaction.sender {
        payments.append(
          Transfer(
            transaction: told.hash, outRef: "n", source: .native, sender: sender,
            recipient: recipient, raw: transaction.value))
      } else {
        opaque.insert(told.hash)
      }
    }
    for (ordinal, log) in receipt.logs.enumerated() where tokens.contains(log.address) {
      guard let event = try? ERC20.decodeTransfer(log), watching(event.recipient) else { continue }
      payments.append(
        Transfer(
          transaction: told.hash, outRef: "l\(ordinal)", source: .token(log.address),
          sender: event.sender, recipient: event.recipient, raw: event.amount))
    }
  }

  /// Whether the block has a payment. No block shows what a call paid, only that its transaction
  /// is there and succeeded.
  func verdict(on transfer: Transfer) -> Verdict {
    if transfer.isFromInside { return outcomes[transfer.transaction] == true ? .shown : .notShown }
    if payments.contains(transfer) { return .shown }
    return transfer.source == .native && opaque.contains(transfer.transaction)
      ? .unreadable : .notShown
  }
}

/// The last proved blocks: a block's deposits may come to their credits one after another.
struct ProvedBlocks: Sendable {
  /// Each may keep the outcomes of some thousand transactions.
  static let maximum = 16

  private var blocks: [ProvedBlock] = []

  subscript(_ hash: Hash32) -> ProvedBlock? { blocks.first { $0.hash == hash } }

  mutating func add(_ block: ProvedBlock) {
    blocks.removeAll { $0.hash == block.hash }
    blocks.append(block)
    if blocks.count > Self.maximum { blocks.removeFirst() }
  }
}
