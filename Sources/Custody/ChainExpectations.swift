// What the settings say of a chain that a node can contradict: asked before anything is booked by
// them.

internal import Engine
public import Ethereum
internal import Formats
internal import Foundation

public struct ChainExpectations: Sendable {
  public struct Token: Sendable {
    public var asset: String
    public var contract: Address
    public var decimals: Int

    public init(asset: String, contract: Address, decimals: Int) {
      (self.asset, self.contract, self.decimals) = (asset, contract, decimals)
    }
  }

  public var chainID: Int64
  public var tokens: [Token]
  /// What waits for the chain's finality, because the settings name no confirmations for it.
  public var waitsForFinality: [String]

  public init(chainID: Int64, tokens: [Token] = [], waitsForFinality: [String] = []) {
    (self.chainID, self.tokens) = (chainID, tokens)
    self.waitsForFinality = waitsForFinality
  }

  /// What a node says otherwise; nil where it says the same. Nodes that cannot be asked throw.
  public func contradiction(by node: ChainNode) throws(NodeError) -> CustodyHalt? {
    try contradiction(by: node, node.identity())
  }

  func contradiction(
    by node: ChainNode, _ identity: ChainNode.Identity
  ) throws(NodeError) -> CustodyHalt? {
    guard identity.chainID == chainID else {
      return .wrongChain(expected: chainID, found: identity.chainID)
    }
    if let first = waitsForFinality.first, try !node.knowsFinality() {
      return .noFinality(of: first)
    }
    for token in tokens {
      switch try node.decimals(of: token.contract) {
      case .told(let decimals) where decimals != token.decimals:
        return .wrongDecimals(token.asset, expected: token.decimals, found: decimals)
      case .told, .untold: break
      case .noContract: return .noContract(token.asset, "\(token.contract)")
      }
    }
    return nil
  }

  /// The same of several nodes at once. A contradiction counts where no node that answers says
  /// otherwise: one that lies, or is of another chain, is left out later.
  public func contradiction(by nodes: [ChainNode]) async -> CustodyHalt? {
    let answers = await withTaskGroup(of: Result<CustodyHalt?, NodeError>.self) { group in
      for node in nodes {
        group.addTask {
          await withCheckedContinuation { continuation in
            Thread.detachNewThread {
              continuation.resume(
                returning: Result { () throws(NodeError) in try contradiction(by: node) })
            }
          }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    var found: CustodyHalt?
    for case .success(let told) in answers {
      guard let told else { return nil }
      found = told
    }
    return found
  }
}

extension ChainNode {
  enum Decimals: Equatable {
    case told(Int)
    /// A contract is there and does not say: a token need not.
    case untold
    case noContract
  }

  func decimals(of contract: Address) throws(NodeError) -> Decimals {
    do throws(NodeError) {
      let code: HexData = try call(
        RPCCall("eth_getCode", .text("\(contract)"), .text("latest")))
      if code.bytes.isEmpty { return .noContract }
    } catch {
      // Some providers do not offer it.
      guard case .refused(-32_601, _) = error else { throw error }
    }
    let word: HexData
    do throws(NodeError) {
      word = try call(
        RPCCall(
          "eth_call",
          .object(["to": .text("\(contract)"), "data": .text(Hex.encode(ERC20.decimalsSelector))]),
          .text("latest")))
    } catch {
      if case .refused = error { return .untold }
      throw error
    }
    if word.bytes.isEmpty { return .untold }
    guard word.bytes.count == 32, let decimals = UInt256(bigEndian: word.bytes),
      let number = UInt128(exactly: decimals).flatMap({ UInt8(exactly: $0) })
    else { throw .malformed("decimals that are no 8-bit number") }
    return .told(Int(number))
  }

  /// Whether the node knows the tag, though no block may be final yet.
  func knowsFinality() throws(NodeError) -> Bool {
    do throws(NodeError) {
      let _: RPCHeader? = try call(
        RPCCall("eth_getBlockByNumber", .text("finalized"), .truth(false)))
      return true
    } catch {
      // Another code says that no block is final yet, or that it cannot tell now.
      if case .refused(-32_602, _) = error { return false }
      throw error
    }
  }
}
