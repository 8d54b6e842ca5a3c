// One node of a chain, asked by JSON-RPC: bounded answers, typed failures, nothing believed unread.

internal import AsyncHTTPClient
public import Ethereum
internal import Formats
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// Why a node gave no usable answer.
public enum NodeError: Error, Sendable, Equatable {
  /// No connection, or one that was cut off: the request may have been carried out.
  case unreachable(String)
  /// No answer in time: the node is away, or what was asked takes longer.
  case late(seconds: Int64)
  /// An HTTP status other than 200; 429 asks to go slower.
  case status(Int)
  /// The node's own error.
  case refused(code: Int, message: String)
  /// More than is taken of one answer.
  case tooLarge(bytes: Int)
  /// Not what the method answers with: not JSON, a field missing, a number out of range.
  case malformed(String)
  /// The answers do not hold together.
  case doubtful(BlockDoubt)

  /// A smaller request may be answered where this one was not.
  fileprivate var isAboutTheRequest: Bool {
    switch self {
    case .unreachable, .late, .status(429), .doubtful: false
    case .status, .refused, .tooLarge, .malformed: true
    }
  }

  /// It says nothing of what was asked, only that the node is not there.
  var isAway: Bool {
    if case .unreachable = self { true } else { false }
  }

  fileprivate var isLate: Bool {
    if case .late = self { true } else { false }
  }
}

/// Blocks its thread while it asks; never call it on Swift's cooperative pool.
public final class ChainNode: Sendable {
  public struct Limits: Sendable {
    public var seconds: Int64 = 10
    /// A block of 2,000 transactions with their data is about 1 MB.
    public var bodyBytes = 64 << 20
    /// Calls of one request at most; where the node takes fewer, fewer are sent.
    public var batch = 100
    /// A trace executes its block again.
    public var traceSeconds: Int64 = 60
    /// Before a part of a batch is asked again where the whole was told to go slower.
    public var slowDownSeconds = 0.2
    /// Calls in a row that may fail on their own before it is the node that fails.
    public var spared = 16

    public init() {}
  }

  public let url: String
  private let limits: Limits
  /// Calls of one request that the node takes, as far as is known.
  private let size: Mutex<AdaptiveRange>

  public init(url: String, limits: Limits = Limits()) {
    self.url = url
    self.limits = limits
    size = Mutex(AdaptiveRange(maximum: Int64(limits.batch)))
  }

  /// Without path, query and user: providers put their keys there.
  public var host: String {
    guard let parts = URLComponents(string: url), let host = parts.host else { return "?" }
    return parts.port.map { "\(host):\($0)" } ?? host
  }

  // MARK: What the scanner asks

  public struct Heads: Sendable, Equatable {
    public var latest: BlockPlace
    /// Nil where the node does not know the tag.
    public var finalized: BlockPlace?
  }

  public func heads() throws(NodeError) -> Heads {
    let answers: [RPCAnswer<RPCHeader?>] = try answers(
      [
        RPCCall("eth_getBlockByNumber", .text("latest"), .truth(false)),
        RPCCall("eth_getBlockByNumber", .text("finalized"), .truth(false)),
      ], needsAll: false)
    guard let latest = try answers[0].value() else { throw .malformed("no latest block") }
    // Chains without finality refuse the tag.
    let finalized = (try? answers[1].value()) ?? nil
    return Heads(latest: latest.place, finalized: finalized?.place)
  }

  public struct Identity: Sendable, Equatable {
    public var chainID: Int64
    public var genesis: Hash32
  }

  public func identity() throws(NodeError) -> Identity {
    let chain: Quantity = try call(RPCCall("eth_chainId"))
    let genesis: RPCHeader? = try call(
      RPCCall("eth_getBlockByNumber", .text("0x0"), .truth(false)))
    guard let genesis else { throw .malformed("no block 0") }
    return Identity(chainID: chain.value, genesis: genesis.hash)
  }

  /// The hashes of the canonical blocks at these heights; nil where there is none.
  public func hashes(at heights: [Int64]) throws(NodeError) -> [(height: Int64, hash: Hash32?)] {
    let answers: [RPCAnswer<RPCHeader?>] = try answers(
      heights.map { RPCCall("eth_getBlockByNumber", .quantity($0), .truth(false)) })
    var found: [(height: Int64, hash: Hash32?)] = []
    for (height, answer) in zip(heights, answers) {
      let header = try answer.value()
      guard header.map({ $0.number == height }) ?? true else { throw .doubtful(.otherBlock) }
      found.append((height, header?.hash))
    }
    return found
  }

  /// The canonical blocks of a range with their transactions; short where the node's chain ends.
  public func blocks(_ heights: ClosedRange<Int64>) throws(NodeError) -> [ChainBlock] {
    var found: [ChainBlock] = []
    let answers: [RPCAnswer<RPCBlock?>] = try answers(
      heights.map { RPCCall("eth_getBlockByNumber", .quantity($0), .truth(true)) })
    for (height, answer) in zip(heights, answers) {
      guard let block = try answer.value() else { return found }
      guard block.number == height else { throw .doubtful(.otherBlock) }
      found.append(block.block)
    }
    return found
  }

  /// All receipts of a block, by its hash: another block's cannot come by mistake.
  public func receipts(_ block: ChainBlock) throws(NodeError) -> [ChainReceipt] {
    let receipts: [RPCReceipt]? = try call(
      RPCCall("eth_getBlockReceipts", .text("\(block.place.hash)")))
    guard let receipts else { throw .doubtful(.otherBlock) }
    return receipts.map(\.receipt)
  }

  /// What transactions did and in which block; nil for one that is in none.
  public func receipts(of transactions: [Hash32]) throws(NodeError) -> [ChainReceipt?] {
    let receipts: [RPCReceipt?] = try many(
      transactions.map { RPCCall("eth_getTransactionReceipt", .text("\($0)")) })
    return receipts.map { $0?.receipt }
  }

  public func transactions(_ hashes: [Hash32]) throws(NodeError) -> [ChainTransaction?] {
    let transactions: [RPCTransaction?] = try many(
      hashes.map { RPCCall("eth_getTransactionByHash", .text("\($0)")) })
    return transactions.map { $0?.transaction }
  }

  public typealias MinedTransaction = (transaction: ChainTransaction, receipt: ChainReceipt)

  /// Each of some transactions with what it did; nil for one that is in no block. One that cannot
  /// be read is told apart from the others and spoils none of them.
  func mined(_ hashes: [Hash32]) throws(NodeError) -> [Result<MinedTransaction?, NodeError>] {
    let receipts: [Result<RPCReceipt?, NodeError>] = try each(
      hashes.map { RPCCall("eth_getTransactionReceipt", .text("\($0)")) })
    let transactions: [Result<RPCTransaction?, NodeError>] = try each(
      hashes.map { RPCCall("eth_getTransactionByHash", .text("\($0)")) })
    return zip(receipts, transactions).map { receipt, transaction in
      receipt.flatMap { receipt in
        transaction.map { transaction in
          guard let receipt, let transaction else { return nil }
          return (transaction.transaction, receipt.receipt)
        }
      }
    }
  }

  /// What moved inside the calls of a block's transactions, by the block's hash.
  func traces(_ block: ChainBlock) throws(NodeError) -> [CallTrace] {
    if block.transactions.isEmpty { return [] }
    return try traced("debug_traceBlockByHash", block.place.hash) { reader throws(NodeError) in
      try reader.block()
    }
  }

  func trace(_ transaction: Hash32) throws(NodeError) -> CallTrace {
    let frames = try traced("debug_traceTransaction", transaction) { reader throws(NodeError) in
      try reader.transaction()
    }
    return CallTrace(transaction: transaction, frames: frames)
  }

  private func traced<Value>(
    _ method: String, _ hash: Hash32,
    _ read: (inout CallTraceReader) throws(NodeError) -> Value?
  ) throws(NodeError) -> Value {
    let call = RPCCall(method, .text("\(hash)"), .object(["tracer": .text("callTracer")]))
    let answer = try post(encoded(RPCRequest(id: 0, call: call)), seconds: limits.traceSeconds)
    var reader = CallTraceReader(answer)
    if let value = try read(&reader) { return value }
    guard let refusal = try? decoded(RPCAnswer<Bool?>.self, answer) else {
      throw .malformed("traces: neither a result nor an error")
    }
    _ = try refusal.value()
    throw .malformed("traces: no result")
  }

  /// The native balances of addresses as of one block.
  public func balances(_ addresses: [Address], at block: Hash32) throws(NodeError) -> [UInt256] {
    let amounts: [Amount] = try many(
      addresses.map { address in
        RPCCall("eth_getBalance", .text("\(address)"), .object(["blockHash": .text("\(block)")]))
      })
    return amounts.map(\.value)
  }

  /// A token's balances of addresses as of one block.
  public func balances(
    _ addresses: [Address], ofToken contract: Address, at block: Hash32
  ) throws(NodeError) -> [UInt256] {
    let words: [HexData] = try many(
      addresses.map { address in
        RPCCall(
          "eth_call",
          .object([
            "to": .text("\(contract)"), "data": .text(Hex.encode(ERC20.balanceCall(of: address))),
          ]), .object(["blockHash": .text("\(block)")]))
      })
    var amounts: [UInt256] = []
    for word in words {
      guard word.bytes.count == 32, let amount = UInt256(bigEndian: word.bytes) else {
        throw .malformed("a balance that is no 256-bit number")
      }
      amounts.append(amount)
    }
    return amounts
  }

  // MARK: JSON-RPC

  func call<Value: Decodable>(_ call: RPCCall) throws(NodeError) -> Value {
    try batch([call])[0].value()
  }

  func many<Value: Decodable>(_ calls: [RPCCall]) throws(NodeError) -> [Value] {
    let answers: [RPCAnswer<Value>] = try answers(calls)
    var values: [Value] = []
    for answer in answers { values.append(try answer.value()) }
    return values
  }

  /// - Parameter needsAll: the first call that is refused on its own ends it, and the others are
  ///   not asked.
  private func answers<Value: Decodable>(
    _ calls: [RPCCall], needsAll: Bool = true
  ) throws(NodeError) -> [RPCAnswer<Value>] {
    var answers: [RPCAnswer<Value>] = []
    for answer: Result<RPCAnswer<Value>, NodeError> in try collect(
      calls, sparing: 0, needsAll: needsAll)
    {
      answers.append(try answer.get())
    }
    return answers
  }

  /// Of each call its value, or why there is none.
  private func each<Value: Decodable>(
    _ calls: [RPCCall]
  ) throws(NodeError) -> [Result<Value, NodeError>] {
    let answers: [Result<RPCAnswer<Value>, NodeError>] = try collect(
      calls, sparing: limits.spared)
    return answers.map { answer in
      answer.flatMap { answer in
        Result { () throws(NodeError) -> Value in try answer.value() }
      }
    }
  }

  /// Answers in the order of the calls, in as many requests as the node's own limit asks for:
  /// providers allow from some to thousands, and say so in words and codes of their own.
  /// - Parameter sparing: calls in a row that may fail on their own, each told as its failure;
  ///   beyond it, it is the node that fails.
  private func collect<Value: Decodable>(
    _ calls: [RPCCall], sparing: Int, needsAll: Bool = false
  ) throws(NodeError) -> [Result<RPCAnswer<Value>, NodeError>] {
    var found: [Result<RPCAnswer<Value>, NodeError>] = []
    // Of these calls; what the node takes of others is another matter.
    var (most, failures) = (calls.count, 0)
    while found.count < calls.count {
      let count = min(Int(size.withLock { $0.blocks }), most, calls.count - found.count)
      let part = Array(calls[found.count..<found.count + count])
      do throws(NodeError) {
        let told: [RPCAnswer<Value>] = try batch(part)
        let isRefused = told.allSatisfy { $0.error != nil }
        if isRefused, count > 1 || needsAll || sparing > 0 && failures >= sparing {
          // Each of them is refused: perhaps because they came together.
          _ = try told[0].value()
        }
        failures = isRefused ? failures + 1 : 0
        most = min(calls.count, count * 2)
        found += told.map { .success($0) }
        size.withLock { if Int64(count) >= $0.blocks { $0.succeeded() } }
      } catch {
        if count > 1 {
          most = count / 2
          size.withLock { $0.failed() }
          try divide(after: error, isSparing: sparing > 0)
        } else {
          guard failures < sparing, error.isAboutTheRequest || error.isLate else { throw error }
          failures += 1
          found.append(.failure(error))
        }
      }
    }
    return found
  }

  /// Throws where a part of a batch is not to be asked now: a node that is away is left alone for a
  /// while. One that asks to go slower may mean the batch: each further part comes after a pause.
  private func divide(after error: NodeError, isSparing: Bool) throws(NodeError) {
    if error == .status(429) {
      Thread.sleep(forTimeInterval: limits.slowDownSeconds)
    } else if !(error.isAboutTheRequest || isSparing && error.isLate) {
      throw error
    }
  }

  /// One request; answers in the order of the calls.
  private func batch<Value: Decodable>(_ calls: [RPCCall]) throws(NodeError) -> [RPCAnswer<Value>] {
    let requests = calls.enumerated().map { RPCRequest(id: $0, call: $1) }
    let answer = try post(encoded(requests), seconds: limits.seconds)
    let answers: [RPCAnswer<Value>]
    do {
      answers = try decoded([RPCAnswer<Value>].self, answer)
    } catch {
      // A node that refuses the whole batch answers with one error.
      if let one = try? decoded(RPCAnswer<Value>.self, answer), let e = one.error {
        throw e.refusal
      }
      throw .malformed(Printable.line("\(error)", maximumBytes: RPCFailure.maximumMessageBytes))
    }
    var ordered: [RPCAnswer<Value>?] = Array(repeating: nil, count: calls.count)
    for answer in answers {
      guard let id = answer.id, ordered.indices.contains(id), ordered[id] == nil else {
        throw .malformed("an answer to nothing that was asked")
      }
      ordered[id] = answer
    }
    let complete = ordered.compactMap { $0 }
    guard complete.count == calls.count else { throw .malformed("an answer is missing") }
    return complete
  }

  private func decoded<Answer: Decodable>(
    _ type: Answer.Type, _ answer: [UInt8]
  ) throws -> Answer {
    try StrictJSON.decode(type, from: answer, .answer(bytes: limits.bodyBytes))
  }

  private func encoded(_ request: some Encodable) -> [UInt8] {
    do {
      return try JSONValue(encoding: request).bytes
    } catch {
      preconditionFailure("a request that cannot be encoded: \(error)")
    }
  }

  private func post(_ body: [UInt8], seconds: Int64) throws(NodeError) -> [UInt8] {
    do {
      var request = try HTTPClient.Request(url: url, method: .POST)
      request.headers.add(name: "Content-Type", value: "application/json")
      request.body = .bytes(body)
      let accumulator = ResponseAccumulator(request: request, maxBodySize: limits.bodyBytes)
      let response = try HTTPClient.shared.execute(
        request: request, delegate: accumulator, deadline: .now() + .seconds(seconds)
      ).futureResult.wait()
      guard response.status == .ok else { throw NodeError.status(Int(response.status.code)) }
      return response.body.map { Array($0.readableBytesView) } ?? []
    } catch let error as NodeError {
      throw error
    } catch is ResponseAccumulator.ResponseTooBigError {
      throw .tooLarge(bytes: limits.bodyBytes)
    } catch let error as HTTPClientError
      where error == .deadlineExceeded || error == .readTimeout
    {
      throw .late(seconds: seconds)
    } catch {
      throw .unreachable("\(error)")
    }
  }
}
