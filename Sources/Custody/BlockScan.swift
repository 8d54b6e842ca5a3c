// The transfers of a block to addresses of ours, and whether what a node says of the block holds
// together.

public import Ethereum

/// One transaction of a block.
public struct ChainTransaction: Sendable, Equatable {
  public var hash: Hash32
  public var sender: Address
  public var nonce: UInt64
  /// Nil where it makes a contract.
  public var recipient: Address?
  public var value: UInt256
  public var input: [UInt8]
}

/// A block with its transactions.
public struct ChainBlock: Sendable, Equatable {
  public var place: BlockPlace
  public var logsBloom: Bloom
  public var gasUsed: UInt64
  public var transactions: [ChainTransaction]

  /// An empty filter though something ran: some chains and providers leave it empty whatever the
  /// logs are. It says nothing.
  var hasEmptyBloom: Bool { logsBloom == Bloom() && gasUsed > 0 && !transactions.isEmpty }
}

/// What a transaction did.
public struct ChainReceipt: Sendable, Equatable {
  public var transaction: Hash32
  public var block: Hash32
  public var isSuccess: Bool
  public var logs: [Log]
  /// Of each log, its place among all of the block.
  public var positions: [Int64]
  public var gasUsed: UInt64
  /// Wei for each unit of gas that was paid.
  public var gasPrice: UInt256

  /// No log between its first and its last is left out: an ordinal would be another log's.
  var isGapless: Bool {
    positions.count == logs.count
      && zip(positions, positions.dropFirst()).allSatisfy { $1 - $0 == 1 }
  }
}

/// Why a node's answers about one block are not believed.
public enum BlockDoubt: String, Sendable, Error {
  /// Another block than was asked for.
  case otherBlock = "other_block"
  /// Receipts and transactions are not the same in number, order or hash.
  case receiptsDoNotMatch = "receipts_do_not_match"
  /// The logs of the receipts do not give the block's bloom: some were left out, or added.
  case logsDoNotMatchBloom = "logs_do_not_match_bloom"
  /// The logs of the receipts do not count 0, 1, 2, ...: two that are alike give the bloom of one.
  case logsDoNotCount = "logs_do_not_count"
  /// A transaction twice, or two of one sender with one nonce.
  case transactionsTwice = "transactions_twice"
  /// Traces are not those of the block's transactions, or say another outcome than the receipts.
  case tracesDoNotMatch = "traces_do_not_match"
  /// The header's fields do not give the block's hash: forged, or of rules that are not known here.
  case headerDoesNotMatchHash = "header_does_not_match_hash"
  /// The transactions do not give their hashes, or the header's root of them.
  case transactionsDoNotMatchRoot = "transactions_do_not_match_root"
  /// The receipts do not give the header's root of them.
  case receiptsDoNotMatchRoot = "receipts_do_not_match_root"
}

public struct BlockScan: Sendable {
  public let rules: DepositRules

  public init(_ rules: DepositRules) { self.rules = rules }

  /// Whether a block can be passed without its receipts: nothing native for us, nothing of us, and
  /// by its bloom no transfer of a listed token. A bloom may say yes for no reason, never no; an
  /// empty one says nothing where gas was used.
  public func needsReceipts(_ block: ChainBlock, watching: (Address) -> Bool) -> Bool {
    let concernsUs = block.transactions.contains { transaction in
      mayPay(transaction, watching) || watching(transaction.sender)
        || rules.ownSenders.contains(transaction.sender)
        || transaction.recipient.map(rules.ownSenders.contains) == true
    }
    if concernsUs || block.hasEmptyBloom && !rules.contracts.isEmpty { return true }
    guard block.logsBloom.contains(ERC20.transferTopic) else { return false }
    return rules.contracts.contains { block.logsBloom.contains($0) }
  }

  private func mayPay(_ transaction: ChainTransaction, _ watching: (Address) -> Bool) -> Bool {
    transaction.value > .zero && transaction.recipient.map(watching) == true
      && rules.asset(.native) != nil
  }

  /// No chain has a transaction twice, nor two of one sender with one nonce.
  func checkUnique(_ blocks: [ChainBlock]) throws(BlockDoubt) {
    struct Place: Hashable {
      var sender: Address
      var nonce: UInt64
    }
    let all = blocks.flatMap(\.transactions)
    guard Set(all.map(\.hash)).count == all.count,
      Set(all.map { Place(sender: $0.sender, nonce: $0.nonce) }).count == all.count
    else { throw .transactionsTwice }
  }

  /// Receipts are believed where they are those of the block's transactions, and their logs, all of
  /// them, give the bloom that is part of the block and are counted without a gap: a log cannot be
  /// left out in silence. An empty bloom says nothing: there only a credit's proof does.
  public func check(_ receipts: [ChainReceipt], of block: ChainBlock) throws(BlockDoubt) {
    guard receipts.map(\.transaction) == block.transactions.map(\.hash),
      receipts.allSatisfy({ $0.block == block.place.hash })
    else { throw .receiptsDoNotMatch }
    guard receipts.allSatisfy(\.isGapless),
      receipts.lazy.flatMap(\.positions).enumerated().allSatisfy({ $0 == $1 })
    else { throw .logsDoNotCount }
    if block.hasEmptyBloom { return }
    guard Bloom(of: receipts.lazy.flatMap(\.logs)) == block.logsBloom else {
      throw .logsDoNotMatchBloom
    }
  }

  /// The transfers to users' addresses of one transaction that succeeded; a failed one moves
  /// nothing. What the venue sends itself, gas for a sweep, is no deposit.
  public func transfers(
    _ transaction: ChainTransaction, _ receipt: ChainReceipt, watching: (Address) -> Bool
  ) -> [Transfer] {
    guard receipt.isSuccess else { return [] }
    var found: [Transfer] = []
    if mayPay(transaction, watching), !rules.ownSenders.contains(transaction.sender),
      let recipient = transaction.recipient
    {
      found.append(
        Transfer(
          transaction: transaction.hash, outRef: "n", source: .native, sender: transaction.sender,
          recipient: recipient, raw: transaction.value))
    }
    for (ordinal, log) in receipt.logs.enumerated() {
      let source = DepositAsset.Source.token(log.address)
      guard rules.asset(source) != nil,
        let event = try? ERC20.decodeTransfer(log), event.amount > .zero,
        watching(event.recipient), !rules.ownSenders.contains(event.sender)
      else { continue }
      found.append(
        Transfer(
          transaction: transaction.hash, outRef: "l\(ordinal)", source: source,
          sender: event.sender, recipient: event.recipient, raw: event.amount))
    }
    return found
  }
}
