// What the sender asks a node: nonces, fees, what a payment would do, and to take it.

internal import Ethereum
internal import Formats

extension ChainNode {
  /// What a node says to a transaction, and its own words.
  struct SendAnswer: Sendable, Equatable {
    var answer: PayoutAnswer
    var message: String
  }

  /// Transactions that an account has sent, as of one block.
  func transactionCount(_ sender: Address, at block: Hash32) throws(NodeError) -> UInt64 {
    let count: Word = try call(
      RPCCall(
        "eth_getTransactionCount", .text("\(sender)"), .object(["blockHash": .text("\(block)")])))
    return count.value
  }

  /// The base fee of a block, in wei.
  func baseFee(of block: Hash32) throws(NodeError) -> UInt256 {
    let header: RPCFeeHeader? = try call(
      RPCCall("eth_getBlockByHash", .text("\(block)"), .truth(false)))
    guard let header else { throw .doubtful(.otherBlock) }
    return header.baseFeePerGas.value
  }

  /// More than any block has, and far from where its sums would overflow.
  private static let maximumGas: UInt64 = 1 << 40

  /// The gas that a transaction would use now; throws `.refused` where it would fail.
  func estimateGas(
    from sender: Address, to destination: Address, value: UInt256, data: [UInt8]
  ) throws(NodeError) -> UInt64 {
    let gas: Word = try call(
      RPCCall("eth_estimateGas", .object(Self.callObject(sender, destination, value, data))))
    guard gas.value <= Self.maximumGas else { throw .malformed("\(gas.value) of gas") }
    return gas.value
  }

  /// What a call would give back now.
  func callResult(
    from sender: Address, to destination: Address, data: [UInt8]
  ) throws(NodeError) -> [UInt8] {
    let result: HexData = try call(
      RPCCall(
        "eth_call", .object(Self.callObject(sender, destination, .zero, data)), .text("latest")))
    return result.bytes
  }

  private static func callObject(
    _ sender: Address, _ destination: Address, _ value: UInt256, _ data: [UInt8]
  ) -> [String: RPCParameter] {
    var object: [String: RPCParameter] = [
      "from": .text("\(sender)"), "to": .text("\(destination)"),
      "value": .text(value.quantity),
    ]
    if !data.isEmpty { object["data"] = .text(Hex.encode(data)) }
    return object
  }

  /// Gives the node a transaction. Sending the same again is harmless.
  func send(_ raw: [UInt8]) throws(NodeError) -> SendAnswer {
    do throws(NodeError) {
      let _: HexData = try call(RPCCall("eth_sendRawTransaction", .text(Hex.encode(raw))))
      return SendAnswer(answer: .accepted, message: "")
    } catch .refused(_, let message) {
      return SendAnswer(answer: PayoutAnswer(message: message), message: message)
    }
  }
}

private struct RPCFeeHeader: Decodable {
  var baseFeePerGas: Amount
}
