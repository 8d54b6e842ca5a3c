// One node of a chain, asked by JSON-RPC: bounded answers, typed failures, nothing believed unread.

internal import AsyncHTTPClient
public import Ethereum
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// Why a node gave no usable answer.
public enum NodeError: Error, Sendable, Equatable {
  /// No connection, no answer in time, or one that was cut off: the request may have been carried out.
  case unreachable(String)
  /// An HTTP status other than 200; 429 asks to go slower.
  case status(Int)
  /// The node's own error.
  case refused(code: Int, message: String)
  /// Not what the method answers with: not JSON, a field missing, a number out of range, or too long.
  case malformed(String)
  /// The answers do not hold together.
  case doubtful(BlockDoubt)

  /// A smaller request may be answered where this one was not.
  fileprivate var isAboutTheRequest: Bool {
    switch self {
    case .unreachable, .status(429), .doubtful: false
    case .status, .refused, .malformed: true
    }
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
    let answers: [RPCAnswer<RPCHeader?>] = try answers([
      RPCCall("eth_getBlockByNumber", .text("latest"), .truth(false)),
      RPCCall("eth_getBlockByNumber", .text("finalized"), .truth(false)),
    ])
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
    var reader = CallTraceReader(Array(answer))
    if let value = try read(&reader) { return value }
    guard let refusal = try? JSONDecoder().decode(RPCAnswer<Bool?>.self, from: answer) else {
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

  private func many<Value: Decodable>(_ calls: [RPCCall]) throws(NodeError) -> [Value] {
    let answers: [RPCAnswer<Value>] = try answers(calls)
    var values: [Value] = []
    for answer in answers { values.append(try answer.value()) }
    return values
  }

  /// Answers in the order of the calls, in as many requests as the node's own limit asks for: providers allow
  /// from some to thousands, and say so in words and codes of their own.
  private func answers<Value: Decodable>(
    _ calls: [RPCCall]
  ) throws(NodeError) -> [RPCAnswer<Value>] {
    var answers: [RPCAnswer<Value>] = []
    while answers.count < calls.count {
      let count = min(Int(size.withLock { $0.blocks }), calls.count - answers.count)
      let part = Array(calls[answers.count..<answers.count + count])
      do throws(NodeError) {
        let told: [RPCAnswer<Value>] = try batch(part)
        if count > 1, told.allSatisfy({ $0.error != nil }) {
          // Each of them is refused: perhaps because they came together.
          _ = try told[0].value()
        }
        answers += told
        size.withLock { if Int64(count) >= $0.blocks { $0.succeeded() } }
      } catch {
        if count > 1 { size.withLock { $0.failed() } }
        // A node that is away, or asks to go slower, is left alone for a while.
        guard count > 1, error.isAboutTheRequest else { throw error }
      }
    }
    return answers
  }

  /// One request; answers in the order of the calls.
  private func batch<Value: Decodable>(_ calls: [RPCCall]) throws(NodeError) -> [RPCAnswer<Value>] {
    let requests = calls.enumerated().map { RPCRequest(id: $0, call: $1) }
    let answer = try post(encoded(requests), seconds: limits.seconds)
    let answers: [RPCAnswer<Value>]
    do {
      answers = try JSONDecoder().decode([RPCAnswer<Value>].self, from: answer)
    } catch {
      // A node that refuses the whole batch answers with one error.
      if let one = try? JSONDecoder().decode(RPCAnswer<Value>.self, from: answer), let e = one.error
      {
        throw e.refusal
      }
      throw .malformed("\(error)")
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

  private func encoded(_ request: some Encodable) -> [UInt8] {
    do {
      return try Array(JSONEncoder().encode(request))
    } catch {
      preconditionFailure("a request that cannot be encoded: \(error)")
    }
  }

  private func post(_ body: [UInt8], seconds: Int64) throws(NodeError) -> Data {
    do {
      var request = try HTTPClient.Request(url: url, method: .POST)
      request.headers.add(name: "Content-Type", value: "application/json")
      request.body = .bytes(body)
      let accumulator = ResponseAccumulator(request: request, maxBodySize: limits.bodyBytes)
      let response = try HTTPClient.shared.execute(
        request: request, delegate: accumulator, deadline: .now() + .seconds(seconds)
      ).futureResult.wait()
      guard response.status == .ok else { throw NodeError.status(Int(response.status.code)) }
      return response.body.map { Data($0.readableBytesView) } ?? Data()
    } catch let error as NodeError {
      throw error
    } catch is ResponseAccumulator.ResponseTooBigError {
      throw .malformed("an answer of more than \(limits.bodyBytes) bytes")
    } catch {
      throw .unreachable("\(error)")
    }
  }
}
