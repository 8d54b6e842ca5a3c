// The development chain and the scanner before a whole core, for the tests of this folder.

import AsyncHTTPClient
import Embedded
import Engine
import Ethereum
import Foundation
import Ledger
import NIOCore
import NIOHTTP1
import Postgres
import Synchronization
import TestServers
import Testing

@testable import CoreFixture
@testable import Custody
@testable import Journal

/// The development chain of one test: blocks only when the test says so.
final class TestChain: Sendable {
  let host: ChainHost
  let ready: ChainHost.Ready
  private let directory: String
  /// A chain with its contracts, as its file: every chain begins with the same blocks, and the
  /// compiler is slow.
  private static let beginning: Mutex<Data?> = Mutex(nil)

  init(_ arguments: [String] = []) throws {
    let project = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().path
    directory = "/tmp/uncross-chain-\(getpid())-\(UInt32.random(in: .min ... .max))"
    let python = try #require(ChainHost.findPython(project: project), "make setup installs it")
    host = try ChainHost(
      python: python, source: project, data: directory, arguments: arguments,
      logger: quiet)
    let file = URL(fileURLWithPath: directory + "/chain.jsonl")
    try Self.beginning.withLock { $0 }?.write(to: file)
    ready = try host.start()
    if arguments.isEmpty {
      let written = try Data(contentsOf: file)
      Self.beginning.withLock { $0 = $0 ?? written }
    }
  }

  func stop() {
    host.stop()
    try? FileManager.default.removeItem(atPath: directory)
  }

  func contract(_ name: String) throws -> Address { try Address(#require(ready.contracts[name])) }

  /// One call, its result as JSON.
  @discardableResult
  func call(_ method: String, _ parameters: [Any] = []) throws -> Any {
    let body: [String: Any] = ["jsonrpc": "2.0", "id": 1, "method": method, "params": parameters]
    var request = try HTTPClient.Request(url: ready.url, method: .POST)
    request.body = .data(try JSONSerialization.data(withJSONObject: body))
    let response = try HTTPClient.shared.execute(
      request: request, deadline: .now() + .seconds(60)
    ).wait()
    let bytes = Data(try #require(response.body).readableBytesView)
    let answer = try #require(JSONSerialization.jsonObject(with: bytes) as? [String: Any])
    if let error = answer["error"] { throw ChainCallError(description: "\(method): \(error)") }
    return answer["result"] ?? NSNull()
  }

  @discardableResult
  func mine(_ count: Int = 1) throws -> Int64 {
    try call("evm_mine", [count])
    return try height()
  }

  func height() throws -> Int64 {
    let text = try #require(try call("eth_blockNumber") as? String)
    return try #require(Int64(text.dropFirst(2), radix: 16))
  }

  /// Many payments of the same, on their way; their transactions' hashes.
  @discardableResult
  func fund(_ addresses: [Address], wei: Int128) throws -> [String] {
    let payments = addresses.map { ["address": "\($0)", "wei": "\(wei)"] }
    return try #require(try call("dev_fund", [payments]) as? [String])
  }

  /// Coins on their way; their transactions' hashes.
  @discardableResult
  func fund(_ address: Address, wei: Int128) throws -> String {
    let hashes = try call("dev_fund", [[["address": "\(address)", "wei": "\(wei)"]]])
    return try #require((hashes as? [String])?.first)
  }

  @discardableResult
  func mint(_ token: String, to address: Address, _ amount: Int128) throws -> String {
    let hashes = try call(
      "dev_mint", [[["token": token, "to": "\(address)", "amount": "\(amount)"]]])
    return try #require((hashes as? [String])?.first)
  }

  /// Coins from inside a call.
  @discardableResult
  func pay(_ address: Address, wei: Int128) throws -> String {
    try #require(try call("dev_pay", [["address": "\(address)", "wei": "\(wei)"]]) as? String)
  }

  /// A contract of this code, at most 255 bytes in hex.
  func deploy(_ code: some StringProtocol) throws -> Address {
    let length = String(code.utf8.count / 2 + 256, radix: 16).dropFirst()
    let making = "0x60\(length)600c60003960\(length)6000f3" + code
    let hash = try #require(try call("dev_send", [["data": making]]) as? String)
    try mine()
    let receipt = try #require(
      try call("eth_getTransactionReceipt", [hash]) as? [String: Any])
    return try Address(#require(receipt["contractAddress"] as? String))
  }

  func reorganise(depth: Int, blocks: Int? = nil, drop: [String] = []) throws {
    var request: [String: Any] = ["depth": depth, "drop": drop]
    if let blocks { request["blocks"] = blocks }
    try call("dev_reorg", [request])
  }

  func options(_ options: [String: Any]) throws { try call("dev_options", [options]) }
  func fault(_ fault: [String: Any]) throws { try call("dev_setFault", [fault]) }
  /// How often faults will still be met.
  func faults() throws -> Int { try #require(try call("dev_faults") as? Int) }
}

struct ChainCallError: Error, CustomStringConvertible {
  var description: String
}

/// A core with a scanner before it: users 2, 3, ... of `Load.genesis`' kind, assets USDC, ETH and
/// BTC.
final class Venue: Sendable {
  static let seed = [UInt8](repeating: 7, count: 32)

  let chain: TestChain
  let database: TestDatabase
  let core: Core
  let addresses: DepositAddresses
  let desk: CustodyDesk
  /// The contract that is listed as BTC.
  private let bitcoin: String
  private let state: Mutex<DepositScanner?> = Mutex(nil)
  /// Whether the token that takes a fee is listed, against all advice.
  let listsFee: Bool
  let reports = Core.Halts()
  /// The engine takes no commands of custody, though it answers questions.
  let refusesCommands = Mutex(false)

  init(
    _ database: TestDatabase, _ chain: TestChain, users: Int = 3, listsFee: Bool = false,
    bitcoin: String = "BTC"
  ) throws {
    (self.database, self.chain, self.listsFee) = (database, chain, listsFee)
    self.bitcoin = bitcoin
    let core = try Core(database, limits: .small(batchRows: 20, partitionRows: 1_000))
    self.core = core
    if core.loop.currentFigures().durable.commands == 0 {
      try #expect(
        core.submit(Self.genesis(users: users), isReserved: true).get()
          .allSatisfy { $0.rejection == nil })
    }
    let xpub = try ExtendedPrivateKey(seed: Self.seed).extendedPublicKey
    addresses = DepositAddresses(xpub: xpub)
    desk = CustodyDesk(
      conninfo: database.app, chain: "dev", addresses: addresses, xpub: "\(xpub)",
      term: { core.loop.currentFigures().term })
  }

  /// A venue on a chain of its own for the length of a call; the test ends its core.
  static func run(_ body: (Venue, TestChain) throws -> Void) throws {
    let chain = try TestChain()
    defer { chain.stop() }
    let venue = try Venue(TestDatabase(), chain)
    try body(venue, chain)
    #expect(venue.core.halts.all.isEmpty)
  }

  static func genesis(users: Int) -> [Command] {
    [
      .venue(.configure(VenueConfiguration(seed: 5, secondSeed: 6))),
      .operation(
        .createAsset(AssetDefinition(code: "USDC", decimals: 6, adjustmentLimit: 1 << 100)),
        by: .venue),
      .operation(
        .createAsset(AssetDefinition(code: "ETH", decimals: 18, adjustmentLimit: 1 << 100)),
        by: .venue),
      .operation(
        .createAsset(AssetDefinition(code: "BTC", decimals: 6, adjustmentLimit: 1 << 100)),
        by: .venue),
      .operation(.registerUser(name: "operator"), by: .venue),
    ] + (0..<users).map { .operation(.registerUser(name: "user-\($0 + 2)"), by: .venue) }
  }

  /// Ether after 3 blocks, at least 1,000 wei; USDC after 3, at least 10 atoms; BTC, which has 8
  /// decimals on the chain and 6 here, when final. Of ether and BTC a second node must agree from a
  /// value on.
  func rules(
    secondNodeFrom: Int128? = nil, without unlisted: Set<String> = []
  ) throws -> DepositRules {
    let fee = DepositAsset(
      code: "FEE", source: .token(try chain.contract("FEE")), scale: .one, minimum: 1,
      finality: .depth(3))
    let assets = [
      DepositAsset(
        code: "ETH", source: .native, scale: .one, minimum: 1_000, finality: .depth(3),
        secondNodeFrom: secondNodeFrom),
      DepositAsset(
        code: "USDC", source: .token(try chain.contract("USDC")), scale: .one, minimum: 10,
        finality: .depth(3)),
      DepositAsset(
        code: "BTC", source: .token(try chain.contract(bitcoin)), scale: UInt256(100 as UInt64),
        minimum: 1, finality: .finalized, secondNodeFrom: secondNodeFrom),
    ]
    return DepositRules(
      assets: (listsFee ? assets + [fee] : assets).filter { !unlisted.contains($0.code) },
      ownSenders: [Self.hotWallet])
  }

  /// Nobody waits long for a node of this machine.
  static var nodeLimits: ChainNode.Limits {
    var limits = ChainNode.Limits()
    (limits.seconds, limits.slowDownSeconds) = (3, 0.005)
    return limits
  }

  /// Starts a scanner from the database; one at a time.
  @discardableResult
  func scan(
    nodes others: [String] = [], secondNodeFrom: Int128? = nil, start: Int64 = 0,
    limits: ChainNode.Limits? = nil, without unlisted: Set<String> = [],
    change: (inout DepositScanner.Configuration) -> Void = { _ in }
  ) throws -> DepositScanner {
    var configuration = DepositScanner.Configuration(chain: "dev", chainID: 31337, start: start)
    configuration.pollMilliseconds = 20
    change(&configuration)
    let reports = reports
    let limits = limits ?? Self.nodeLimits
    let scanner = DepositScanner(
      conninfo: database.app, configuration: configuration,
      rules: try rules(secondNodeFrom: secondNodeFrom, without: unlisted),
      nodes: [ChainNode(url: chain.ready.url, limits: limits)]
        + others.map { ChainNode(url: $0, limits: limits) },
      addresses: addresses,
      core: custodyCore(),
      report: { reports.note($0) })
    state.withLock { $0 = scanner }
    scanner.start()
    return scanner
  }

  /// The core as custody sees it.
  func custodyCore() -> CustodyCore {
    let core = core
    return CustodyCore(
      // The venue keeps its scanner, which keeps this.
      submit: { [weak self] commands in
        if self?.refusesCommands.withLock({ $0 }) == true { return nil }
        return try? core.submit(commands, isReserved: true).get()
      },
      position: { name in
        core.ask { engine in
          engine.chain(named: name).map { chain in
            let last = engine.lastNumbers(chain)
            return ChainPosition(
              chain: chain, lastCredit: last.credit, lastClawback: last.clawback)
          }
        } ?? nil
      },
      asset: { code in core.ask { $0.asset(named: code) } ?? nil },
      term: { core.loop.currentFigures().term })
  }

  /// Until the scanner has the chain's head.
  func settle(_ scanner: DepositScanner, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let height = try chain.height()
    let isThere = eventually {
      let figures = scanner.currentFigures()
      return figures.halted != nil || figures.tip == height && figures.state == "caught_up"
    }
    #expect(
      isThere, "\(scanner.currentFigures()), the head is \(height)", sourceLocation: sourceLocation)
    #expect(core.projection.drain(withinSeconds: patience), sourceLocation: sourceLocation)
  }

  func stop(_ scanner: DepositScanner) {
    scanner.stop()
    core.stop()
  }

  /// A blocking read of an async answer.
  func address(_ user: UserID) throws -> Address {
    let answer = Answer<Address?>()
    let desk = desk
    Task { answer.give(try? await desk.address(of: user)) }
    return try #require(try answer.wait())
  }

  func deposits(_ user: UserID) throws -> [Deposit] {
    let answer = Answer<[Deposit]?>()
    let desk = desk
    Task { answer.give(try? await desk.deposits(of: user, limit: 100)) }
    return try #require(try answer.wait())
  }

  func statuses(_ user: UserID) throws -> [DepositStatus] { try deposits(user).map(\.status) }

  /// Rejects as operator 1; credits as operators 1 and 9.
  func resolve(
    _ deposit: Int64, _ decision: DepositResolution.Decision, _ reason: String = "looked at"
  ) throws -> DepositResolution.Outcome {
    let store = try CustodyStore(database.app, chain: "dev", term: custodyCore().term)
    return try store.decide(deposit, decision, reason)
  }

  func reconcile(without unlisted: Set<String> = []) throws -> Reconciled {
    try Reconciliation(
      chain: "dev", rules: rules(without: unlisted), node: ChainNode(url: chain.ready.url)
    ).run(database.audit)
  }

  func balance(_ user: UserID, _ asset: AssetID) throws -> Int128 {
    try #require(core.ask { $0.balance(user, asset).total })
  }
}

extension Authority {
  /// An operator with a key of its own.
  static func custody(_ user: UserID, _ reason: String = "") -> Authority {
    Authority(
      user: user, key: Engine.PublicKey([UInt8](repeating: UInt8(user), count: 32)), reason: reason)
  }
}

extension CustodyStore {
  /// One operator rejects a deposit; two credit it.
  func decide(
    _ deposit: Int64, _ decision: DepositResolution.Decision, _ reason: String
  ) throws(PostgresError) -> DepositResolution.Outcome {
    let first = Authority.custody(1, reason)
    if decision == .reject { return try reject(deposit, by: first) }
    switch try consider(.deposit(deposit)) {
    case .deposit(let outcome): return outcome
    case .gives(let content, _):
      try give(.deposit(deposit), for: content.user, by: first)
    case .givesNothing, .unknownPayout: preconditionFailure("a credit gives")
    }
    guard let found = try deposits("chain = $1 and id = \(deposit)").first else { return .unknown }
    return .resolved(found)
  }

  /// Operator 9 approves what the first one proposes.
  func give(
    _ matter: CustodyProposal.Matter, for user: UserID, by first: Authority
  ) throws(PostgresError) {
    let proposed = try propose(NewCustodyProposal(matter, for: user, by: first, at: 5_000_000))
    guard case .waits(let proposal) = proposed else {
      Issue.record("\(matter): \(proposed)")
      return
    }
    let approved = try approve(
      CustodyApproval(proposal: proposal.id, authority: .custody(9), signature: [1, 2]))
    #expect(approved == .applied)
  }
}

enum Load {
  static func adjust(
    _ user: UserID, _ asset: AssetID, _ amount: Int128, _ request: String
  ) throws -> Command {
    .operation(
      .adjustBalance(
        BalanceAdjustment(
          user: user, asset: asset, amount: amount, requestID: try #require(ClientOrderID(request)))
      ), by: Authority(user: 1, reason: "test"))
  }
}
