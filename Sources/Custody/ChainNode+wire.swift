// JSON-RPC as it goes over the wire: strict reading of hex, everything checked before it is a
// value.

internal import Ethereum
internal import Formats

extension JSONLimits {
  /// A node's answer of so many bytes: a block nests nine deep, and what nodes add to it is theirs.
  /// A string may be a transaction's whole input, a list all logs of a block.
  static func answer(bytes: Int) -> JSONLimits {
    JSONLimits(bytes: bytes, depth: 32, members: 256, elements: 1 << 20, stringBytes: bytes)
  }
}

/// A parameter of a call.
enum RPCParameter: Encodable, Sendable {
  case text(String)
  case truth(Bool)
  case object([String: RPCParameter])

  static func quantity(_ value: Int64) -> RPCParameter { .text("0x" + String(value, radix: 16)) }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .text(let text): try container.encode(text)
    case .truth(let truth): try container.encode(truth)
    case .object(let fields): try container.encode(fields)
    }
  }
}

struct RPCCall: Sendable {
  var method: String
  var parameters: [RPCParameter]

  init(_ method: String, _ parameters: RPCParameter...) {
    self.method = method
    self.parameters = parameters
  }
}

struct RPCRequest: Encodable {
  var jsonrpc = "2.0"
  var id: Int
  var method: String
  var params: [RPCParameter]

  init(id: Int, call: RPCCall) {
    self.id = id
    method = call.method
    params = call.parameters
  }
}

struct RPCFailure: Decodable {
  var code: Int
  var message: String

  /// Of its words no more than a line of a log holds.
  var refusal: NodeError {
    .refused(
      code: code, message: Printable.line(message, maximumBytes: Self.maximumMessageBytes))
  }

  static let maximumMessageBytes = 500
}

struct RPCAnswer<Value: Decodable>: Decodable {
  var id: Int?
  var error: RPCFailure?
  /// Nil where there is no result at all: a `null` that the method allows decodes as the value's
  /// own nil.
  private var result: Value?

  private enum CodingKeys: String, CodingKey { case id, error, result }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    id = try container.decodeIfPresent(Int.self, forKey: .id)
    error = try container.decodeIfPresent(RPCFailure.self, forKey: .error)
    result = error == nil ? try container.decode(Value.self, forKey: .result) : nil
  }

  func value() throws(NodeError) -> Value {
    if let error { throw error.refusal }
    guard let result else { throw .malformed("neither a result nor an error") }
    return result
  }
}

// MARK: Values

/// `0x` and hex digits without leading zeros.
struct Quantity: Decodable {
  var value: Int64

  init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let word = UInt256(quantity: text).flatMap({ UInt64(exactly: $0) }),
      let value = Int64(exactly: word)
    else {
      throw malformed(decoder, "not a quantity: \(Printable.line(text, maximumBytes: 80))")
    }
    self.value = value
  }
}

/// A quantity of up to 64 bits.
struct Word: Decodable {
  var value: UInt64

  init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let value = UInt256(quantity: text).flatMap({ UInt64(exactly: $0) }) else {
      throw malformed(decoder, "not a 64-bit quantity: \(Printable.line(text, maximumBytes: 80))")
    }
    self.value = value
  }
}

/// `0x` and an even number of hex digits.
struct HexData: Decodable {
  var bytes: [UInt8]

  init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    do {
      bytes = try Hex.decode(text)
    } catch {
      throw malformed(decoder, "not hex data: \(error)")
    }
  }
}

func malformed(_ decoder: any Decoder, _ message: String) -> DecodingError {
  .dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: message))
}

extension KeyedDecodingContainer {
  func hash(_ key: Key) throws -> Hash32 {
    let bytes = try decode(HexData.self, forKey: key).bytes
    guard let hash = Hash32(bytes) else {
      throw DecodingError.dataCorruptedError(
        forKey: key, in: self, debugDescription: "a hash has 32 bytes")
    }
    return hash
  }

  func address(_ key: Key) throws -> Address {
    let bytes = try decode(HexData.self, forKey: key).bytes
    guard let address = Address(bytes) else {
      throw DecodingError.dataCorruptedError(
        forKey: key, in: self, debugDescription: "an address has 20 bytes")
    }
    return address
  }
}

/// A quantity of up to 256 bits.
struct Amount: Decodable {
  var value: UInt256

  init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let value = UInt256(quantity: text) else {
      throw malformed(decoder, "not a 256-bit quantity")
    }
    self.value = value
  }
}

struct RPCHeader: Decodable {
  /// Far beyond any chain, and far from where sums with it would overflow.
  static let maximumHeight: Int64 = 1 << 48

  var number: Int64
  var hash: Hash32
  var parent: Hash32

  private enum CodingKeys: String, CodingKey { case number, hash, parentHash }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    number = try container.decode(Quantity.self, forKey: .number).value
    guard number <= Self.maximumHeight else { throw malformed(decoder, "a height of \(number)") }
    hash = try container.hash(.hash)
    parent = try container.hash(.parentHash)
  }

  var place: BlockPlace { BlockPlace(height: number, hash: hash, parent: parent) }
}

struct RPCBlock: Decodable {
  var number: Int64
  var block: ChainBlock

  private enum CodingKeys: String, CodingKey { case logsBloom, gasUsed, transactions }

  init(from decoder: any Decoder) throws {
    let header = try RPCHeader(from: decoder)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    guard let bloom = Bloom(try container.decode(HexData.self, forKey: .logsBloom).bytes) else {
      throw DecodingError.dataCorruptedError(
        forKey: .logsBloom, in: container, debugDescription: "a bloom has 256 bytes")
    }
    number = header.number
    block = ChainBlock(
      place: header.place, logsBloom: bloom,
      gasUsed: try container.decode(Word.self, forKey: .gasUsed).value,
      transactions: try container.decode([RPCTransaction].self, forKey: .transactions)
        .map(\.transaction))
  }
}

struct RPCTransaction: Decodable {
  var transaction: ChainTransaction

  private enum CodingKeys: String, CodingKey { case hash, from, nonce, to, value, input }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let makesContract = try container.decodeNil(forKey: .to)
    transaction = ChainTransaction(
      hash: try container.hash(.hash), sender: try container.address(.from),
      nonce: try container.decode(Word.self, forKey: .nonce).value,
      recipient: makesContract ? nil : try container.address(.to),
      value: try container.decode(Amount.self, forKey: .value).value,
      input: try container.decode(HexData.self, forKey: .input).bytes)
  }
}

struct RPCReceipt: Decodable {
  var receipt: ChainReceipt

  private enum CodingKeys: String, CodingKey {
    case transactionHash, blockHash, status, logs, gasUsed, effectiveGasPrice
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let logs = try container.decode([RPCLog].self, forKey: .logs)
    receipt = ChainReceipt(
      transaction: try container.hash(.transactionHash), block: try container.hash(.blockHash),
      isSuccess: try container.decode(Quantity.self, forKey: .status).value == 1,
      logs: logs.map(\.log), positions: logs.map(\.position),
      gasUsed: try container.decode(Word.self, forKey: .gasUsed).value,
      gasPrice: try container.decode(Amount.self, forKey: .effectiveGasPrice).value)
  }
}

struct RPCLog: Decodable {
  var log: Log
  /// In its block.
  var position: Int64

  private enum CodingKeys: String, CodingKey { case address, topics, data, removed, logIndex }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let topics = try container.decode([HexData].self, forKey: .topics).map { Hash32($0.bytes) }
    guard !topics.contains(nil) else {
      throw DecodingError.dataCorruptedError(
        forKey: .topics, in: container, debugDescription: "a topic has 32 bytes")
    }
    if try container.decodeIfPresent(Bool.self, forKey: .removed) == true {
      throw malformed(decoder, "a log that left the chain, in a block that is asked for by hash")
    }
    position = try container.decode(Quantity.self, forKey: .logIndex).value
    log = Log(
      address: try container.address(.address), topics: topics.compactMap { $0 },
      data: try container.decode(HexData.self, forKey: .data).bytes)
  }
}
