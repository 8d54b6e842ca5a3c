// The chain that deposits come from, as the operator's file describes it, or as the development
// chain is.

internal import Client
internal import Custody
internal import Embedded
internal import Engine
internal import Ethereum
internal import Formats
internal import Foundation
internal import Wire

/// What `chain.file` holds (`docs/custody.md`).
struct ChainSettings: Decodable, Sendable {
  struct Asset: Decodable, Sendable {
    /// As the venue calls it.
    var asset: String
    /// The token's contract; absent for the chain's own coin.
    var contract: String?
    /// On the chain; not less than the venue's.
    var decimals: Int
    /// In whole coins: less is dust.
    var minimum: String
    /// Blocks until it is credited; absent: when final.
    var confirmations: Int64?
    /// In whole coins: from here a second node must agree.
    var secondNodeFrom: String?

    fileprivate enum CodingKeys: String, CodingKey, CaseIterable {
      case asset, contract, decimals, minimum, confirmations
      case secondNodeFrom = "second_node_from"
    }
  }

  /// How withdrawals are paid.
  struct Payouts: Decodable, Sendable {
    /// The hot wallet, whose key the signer holds.
    var sender: Address
    /// The signer's socket.
    var signer: String
    /// Its first nonce that is ours: above 0 for a key that was used before.
    var firstNonce: UInt64?
    /// Wei for each unit of gas, in total: nothing is paid while the chain asks for more.
    var maximumFeePerGas: UInt256
    /// Wei for each unit of gas above the base fee.
    var priorityFeePerGas: UInt256
    /// Blocks until a payment counts as final, its own included; absent: when the chain says so.
    var confirmations: Int64?
    /// Blocks after which a payment that is not mined is signed again with higher fees.
    var bumpAfterBlocks: Int64?

    fileprivate enum CodingKeys: String, CodingKey, CaseIterable {
      case sender, signer, confirmations
      case firstNonce = "first_nonce"
      case maximumFeePerGas = "maximum_fee_per_gas"
      case priorityFeePerGas = "priority_fee_per_gas"
      case bumpAfterBlocks = "bump_after_blocks"
    }

    init(sender: Address, signer: String, maximumFeePerGas: UInt64, priorityFeePerGas: UInt64) {
      self.sender = sender
      self.signer = signer
      self.maximumFeePerGas = UInt256(maximumFeePerGas)
      self.priorityFeePerGas = UInt256(priorityFeePerGas)
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      let senderText = try container.decode(String.self, forKey: .sender)
      func wei(_ key: CodingKeys) throws -> UInt256 {
        let text = try container.decode(String.self, forKey: key)
        guard let wei = UInt256(decimal: text) else {
          throw JSONError("payouts.\(key.rawValue): \(text) is no amount of wei")
        }
        return wei
      }
      do throws(ChainSettingsError) {
        sender = try ChainSettings.address(senderText, "payouts.sender")
      } catch { throw JSONError(error.reason) }
      signer = try container.decode(String.self, forKey: .signer)
      firstNonce = try container.decodeIfPresent(UInt64.self, forKey: .firstNonce)
      maximumFeePerGas = try wei(.maximumFeePerGas)
      priorityFeePerGas = try wei(.priorityFeePerGas)
      confirmations = try container.decodeIfPresent(Int64.self, forKey: .confirmations)
      bumpAfterBlocks = try container.decodeIfPresent(Int64.self, forKey: .bumpAfterBlocks)
      guard confirmations.map({ $0 > 0 }) ?? true, bumpAfterBlocks.map({ $0 > 0 }) ?? true,
        priorityFeePerGas <= maximumFeePerGas
      else {
        throw JSONError(
          "payouts: numbers of blocks are 1 or more, the priority fee is part of the maximum")
      }
    }
  }

  /// The chain's name in the ledger.
  var name: String
  var chainID: Int64
  /// JSON-RPC addresses: the first that is believed is scanned, another must agree about much.
  var nodes: [String]
  /// The extended public key whose children are the deposit addresses.
  var xpub: String
  /// The first block to scan; absent: the one after the head at the first start.
  var start: Int64?
  var pollMilliseconds: Int?
  /// Between two reconciliations; absent: an hour.
  var reconcileSeconds: Double?
  var assets: [Asset]
  /// The venue's own addresses: what they send is no deposit.
  var ownSenders: [String]?
  /// Absent: nothing can be taken out.
  var payouts: Payouts?
  /// Whether the nodes offer `debug_traceBlockByHash`; absent: no.
  var traces: Bool?

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case name, nodes, xpub, start, assets, payouts, traces
    case chainID = "chain_id"
    case pollMilliseconds = "poll_milliseconds"
    case reconcileSeconds = "reconcile_seconds"
    case ownSenders = "own_senders"
  }

  /// All names of a description, wherever they stand.
  static let fieldNames =
    CodingKeys.allCases.map(\.rawValue) + Asset.CodingKeys.allCases.map(\.rawValue)
    + Payouts.CodingKeys.allCases.map(\.rawValue)

  init(file: String) throws {
    self = try Self.read(file)
    // It is written into the books before the engine is asked for it.
    guard (1...16).contains(name.utf8.count),
      name.utf8.allSatisfy({
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
      })
    else { throw ChainSettingsError("\(file): name is 1 to 16 of a-z and 0-9") }
    for node in nodes {
      let url = URLComponents(string: node)
      guard ["http", "https"].contains(url?.scheme?.lowercased()), url?.host?.isEmpty == false
      else { throw ChainSettingsError("\(file): a node is an http or https address") }
    }
    guard !nodes.isEmpty else { throw ChainSettingsError("\(file): it names no node") }
    // Each asks for the balance of every address; less than one a day is none.
    guard reconcileSeconds.map({ (1...86_400).contains($0) }) ?? true else {
      throw ChainSettingsError("\(file): reconcile_seconds is 1 to 86400")
    }
    guard Set(nodes.map(Self.plain)).count == nodes.count else {
      throw ChainSettingsError("\(file): a node is named twice: it would agree with itself")
    }
    // Beyond these are no chains, and sums would overflow.
    guard chainID > 0 else { throw ChainSettingsError("\(file): chain_id is 1 or more") }
    guard (0...1 << 48).contains(start ?? 0) else {
      throw ChainSettingsError("\(file): start is a height")
    }
    guard (1...3_600_000).contains(pollMilliseconds ?? 1) else {
      throw ChainSettingsError("\(file): poll_milliseconds is 1 to 3600000")
    }
    let depths = assets.map(\.confirmations) + [payouts?.confirmations, payouts?.bumpAfterBlocks]
    guard depths.allSatisfy({ (1...1 << 32).contains($0 ?? 1) }) else {
      throw ChainSettingsError("\(file): a number of blocks is 1 to 4294967296")
    }
    for asset in assets where asset.secondNodeFrom != nil && nodes.count < 2 {
      throw ChainSettingsError(
        "\(file): \(asset.asset) asks for a second node and there is one: "
          + "much of it would wait for ever")
    }
    do throws(ChainSettingsError) {
      try Self.checkPublicKey(xpub)
    } catch { throw ChainSettingsError("\(file): \(error.reason)") }
  }

  /// An address as it is compared: no two nodes differ by case of the host, or a slash at the end,
  /// only.
  private static func plain(_ url: String) -> String {
    guard var parts = URLComponents(string: url) else { return url }
    parts.scheme = parts.scheme?.lowercased()
    parts.host = parts.host?.lowercased()
    while parts.path.hasSuffix("/") { parts.path.removeLast() }
    return parts.string ?? url
  }

  /// As the development chain is known in the books, since the first program that had one.
  static let developmentChain = BooksIdentity.Chain(name: "dev", chainID: 31_337)

  /// The development chain with the coins of the embedded markets.
  init(development ready: ChainHost.Ready, xpub: String) throws {
    func contract(_ name: String) throws -> String {
      guard let address = ready.contracts[name] else {
        throw ChainSettingsError("the development chain has no contract \(name)")
      }
      return address
    }
    name = Self.developmentChain.name
    chainID = ready.chainID
    nodes = [ready.url]
    self.xpub = xpub
    start = 0
    pollMilliseconds = 250
    reconcileSeconds = 60
    assets = [
      Asset(asset: "ETH", decimals: 18, minimum: "0.001", confirmations: 3),
      Asset(
        asset: "USDC", contract: try contract("USDC"), decimals: 6, minimum: "1", confirmations: 3),
      Asset(asset: "BTC", contract: try contract("BTC"), decimals: 8, minimum: "0.00001"),
    ]
  }

  // MARK: Into rules

  /// What the nodes must say too.
  func expectations(_ rules: DepositRules) -> ChainExpectations {
    var waits = zip(rules.assets, assets).filter { $1.confirmations == nil }.map(\.0.code)
    if payouts.map({ $0.confirmations == nil }) == true { waits.append("payouts") }
    let tokens = zip(rules.assets, assets).compactMap { rule, asset in
      if case .token(let contract) = rule.source {
        ChainExpectations.Token(asset: rule.code, contract: contract, decimals: asset.decimals)
      } else {
        nil
      }
    }
    return ChainExpectations(chainID: chainID, tokens: tokens, waitsForFinality: waits)
  }

  /// Checked against the venue's assets.
  func rules(decimals: (String) -> Int?) throws -> DepositRules {
    var seen: Set<DepositAsset.Source> = []
    let rules = try assets.map { asset in
      guard let own = decimals(asset.asset) else {
        throw ChainSettingsError("the venue has no asset \(asset.asset)")
      }
      let rule = try asset.rule(ownDecimals: own)
      guard seen.insert(rule.source).inserted else {
        throw ChainSettingsError("\(asset.asset): its contract is named twice")
      }
      return rule
    }
    guard Set(rules.map(\.code)).count == rules.count else {
      throw ChainSettingsError("an asset is named twice: one chain, one source an asset")
    }
    return DepositRules(
      assets: rules,
      ownSenders: try Set(
        (ownSenders ?? []).map { try Self.address($0, "own_senders") }
          + (payouts.map { [$0.sender] } ?? [])))
  }
}

extension ChainSettings.Asset {
  /// Zeros of a scale at most: it is stored in 39 digits.
  private static let maximumScaleZeros = 38

  fileprivate func rule(ownDecimals: Int) throws -> DepositAsset {
    guard (ownDecimals...77).contains(decimals) else {
      throw ChainSettingsError(
        "\(asset): \(decimals) decimals on the chain, \(ownDecimals) here: atoms would be lost")
    }
    guard decimals - ownDecimals <= Self.maximumScaleZeros else {
      throw ChainSettingsError(
        "\(asset): \(decimals) decimals on the chain, \(ownDecimals) here: "
          + "at most \(Self.maximumScaleZeros) more can be kept")
    }
    var scale = UInt256.one
    for _ in ownDecimals..<decimals {
      guard let next = scale.multiplied(by: UInt256(10 as UInt64)) else {
        throw ChainSettingsError("\(asset): too many decimals")
      }
      scale = next
    }
    if let confirmations, confirmations < 1 {
      throw ChainSettingsError("\(asset): confirmations is 1 or more")
    }
    return DepositAsset(
      code: asset,
      source: try contract.map { .token(try ChainSettings.address($0, asset)) } ?? .native,
      scale: scale, minimum: try atoms(minimum, ownDecimals),
      finality: confirmations.map { .depth($0) } ?? .finalized,
      secondNodeFrom: try secondNodeFrom.map { try atoms($0, ownDecimals) })
  }

  private func atoms(_ text: String, _ decimals: Int) throws -> Int128 {
    guard let atoms = DecimalAmount(text)?.atoms(decimals: decimals), atoms >= 0 else {
      throw ChainSettingsError("\(asset): \(text) is no amount of it")
    }
    return atoms
  }
}

struct ChainSettingsError: Error, CustomStringConvertible {
  var reason: String
  var description: String { "chain: " + reason }

  init(_ reason: String) { self.reason = reason }
}
