// What moved inside the calls of a transaction: where a node traces, the one way to see such a
// payment.

public import Ethereum
internal import Formats

/// One call of a transaction, in the words of the callTracer.
public struct CallFrame: Sendable, Equatable {
  /// The call that made it, by its place in the trace; nil for the transaction's own.
  public var parent: Int?
  /// Its place among the calls of its parent.
  public var ordinal: Int
  public var kind: String
  public var sender: Address
  /// Nil where a contract was to be made and was not.
  public var recipient: Address?
  public var value: UInt256
  public var failed: Bool

  public init(
    parent: Int?, ordinal: Int, kind: String, sender: Address, recipient: Address?,
    value: UInt256, failed: Bool
  ) {
    self.parent = parent
    self.ordinal = ordinal
    self.kind = kind
    self.sender = sender
    self.recipient = recipient
    self.value = value
    self.failed = failed
  }

  /// A code that is borrowed (`DELEGATECALL`, `CALLCODE`) runs with the caller's own balance, and a
  /// `STATICCALL` has no value: only these move what they name.
  fileprivate var moves: Bool {
    switch kind {
    case "CALL", "CREATE", "CREATE2", "SELFDESTRUCT": value > .zero && sender != recipient
    default: false
    }
  }
}

/// A transaction's calls: its own first, each after the call that made it.
public struct CallTrace: Sendable, Equatable {
  public var transaction: Hash32
  public var frames: [CallFrame]

  public init(transaction: Hash32, frames: [CallFrame]) {
    self.transaction = transaction
    self.frames = frames
  }

  /// The calls below the transaction's own that moved value to these addresses, none of them inside
  /// one that failed.
  func payments(to watching: (Address) -> Bool) -> [Payment] {
    var isUndone: [Bool] = []
    var found: [Payment] = []
    for (index, frame) in frames.enumerated() {
      isUndone.append(frame.failed || frame.parent.map { isUndone[$0] } == true)
      if !isUndone[index], frame.parent != nil, frame.moves,
        let recipient = frame.recipient, watching(recipient)
      {
        found.append(
          Payment(
            outRef: outRef(of: index), sender: frame.sender, recipient: recipient, raw: frame.value)
        )
      }
    }
    return found
  }

  struct Payment: Equatable {
    var outRef: String
    var sender: Address
    var recipient: Address
    var raw: UInt256
  }

  /// `t0.2`: call 2 of the transaction's call 0. Nobody but a trickster calls so deep that it gets
  /// long; such a path is named by its hash, so that the key stays short enough for an index.
  private func outRef(of index: Int) -> String {
    var path: [String] = []
    var frame = frames[index]
    while let parent = frame.parent {
      path.append("\(frame.ordinal)")
      frame = frames[parent]
    }
    let text = path.reversed().joined(separator: ".")
    if text.utf8.count <= Self.longestPath { return "t" + text }
    return "t" + Hex.encode(Keccak256.hash(Array(text.utf8)).bytes)
  }

  private static let longestPath = 64
}

extension BlockScan {
  /// Traces are believed where they are those of the block's transactions, in order, and begin with
  /// what the block itself says of each.
  func check(_ traces: [CallTrace], of block: ChainBlock) throws(BlockDoubt) {
    guard traces.map(\.transaction) == block.transactions.map(\.hash) else {
      throw .tracesDoNotMatch
    }
    for (trace, transaction) in zip(traces, block.transactions) {
      try check(trace, of: transaction)
    }
  }

  private func check(_ trace: CallTrace, of transaction: ChainTransaction) throws(BlockDoubt) {
    guard let own = trace.frames.first, own.sender == transaction.sender,
      own.value == transaction.value,
      transaction.recipient == nil || own.recipient == transaction.recipient
    else { throw .tracesDoNotMatch }
  }

  /// Whether a payment to us may be inside: then the receipts must say that the transaction
  /// succeeded.
  func mayPay(_ trace: CallTrace, watching: (Address) -> Bool) -> Bool {
    rules.asset(.native) != nil && !trace.payments(to: watching).isEmpty
  }

  /// What came to us from inside the calls of a transaction that succeeded.
  func transfers(
    _ trace: CallTrace, _ transaction: ChainTransaction, _ receipt: ChainReceipt,
    watching: (Address) -> Bool
  ) throws(BlockDoubt) -> [Transfer] {
    try check(trace, of: transaction)
    guard receipt.isSuccess == (trace.frames.first?.failed == false) else {
      throw .tracesDoNotMatch
    }
    guard receipt.isSuccess, rules.asset(.native) != nil else { return [] }
    return trace.payments(to: watching).compactMap { payment in
      // What the venue sends itself is no deposit.
      if rules.ownSenders.contains(payment.sender) { return nil }
      return Transfer(
        transaction: transaction.hash, outRef: payment.outRef, source: .native,
        sender: payment.sender, recipient: payment.recipient, raw: payment.raw)
    }
  }
}
