// Payments in tests: a signer that keeps its promises, users with money, and withdrawals on their
// way.

import Embedded
import Engine
import Ethereum
import Formats
import Foundation
import Postgres
import Synchronization
import TestServers
import Testing

@testable import CoreFixture
@testable import Custody

/// Signs at once, or is away, or refuses. As the real one it signs a nonce again with higher fees
/// only.
final class TestSigner: PayoutSigner {
  enum Mood: Sendable, Equatable {
    case willing, away, refusing
    case refusingTo(Address)
    /// Away from the check to the signature.
    case silent
    /// Says no before a withdrawal is started, by this code of its rules.
    case forbidding(String)
    /// Signs so many nonces, and no more today.
    case limited(Int)
    /// Answers what no signer of this wallet can.
    case wrong
  }

  private struct State {
    var mood = Mood.willing
    var payloads: [UInt64: Set<[UInt8]>] = [:]
    var fees: [UInt64: GasFees] = [:]
    var hashes: Set<Hash32> = []
    var signatures = 0
  }

  private let key: SecretKey
  private let state = Mutex(State())

  init(secret: [UInt8]) {
    guard let key = SecretKey(secret) else { preconditionFailure("not a key") }
    self.key = key
  }

  var mood: Mood {
    get { state.withLock { $0.mood } }
    set { state.withLock { $0.mood = newValue } }
  }
  var signatures: Int { state.withLock { $0.signatures } }
  /// More than a payment and its cancellation for one nonce is the fault that pays twice.
  var isSound: Bool { state.withLock { $0.payloads.values.allSatisfy { $0.count <= 2 } } }

  func address() throws(PayoutSignerError) -> Address { key.address }

  private static func isRaised(_ fee: UInt256, _ last: UInt256) -> Bool {
    let (ten, eleven) = (UInt256(10 as UInt64), UInt256(11 as UInt64))
    guard let fee = fee.multiplied(by: ten), let least = last.multiplied(by: eleven) else {
      return false
    }
    return fee >= least
  }

  func check(_ transaction: Transaction1559) throws(PayoutSignerError) {
    switch mood {
    case .away: throw .unavailable("killed")
    case .forbidding(let code): throw .refused(code: code, message: "by the rules")
    case .wrong: throw .wrong("another wallet")
    case .limited(let most): try count(transaction.nonce, most)
    case .willing, .refusing, .refusingTo, .silent: break
    }
  }

  private func count(_ nonce: UInt64, _ most: Int) throws(PayoutSignerError) {
    let isOver = state.withLock { $0.fees[nonce] == nil && $0.fees.count >= most }
    if isOver { throw .refused(code: "over_day_limit", message: "\(most) today") }
  }

  func sign(_ transaction: Transaction1559) throws(PayoutSignerError) -> SignedTransaction {
    switch mood {
    case .away, .silent: throw .unavailable("killed")
    case .forbidding(let code): throw .refused(code: code, message: "by the rules")
    case .wrong: throw .wrong("another wallet")
    case .limited(let most): try count(transaction.nonce, most)
    case .refusing: throw .refused(code: "nonce_used", message: "by the rules")
    case .refusingTo(let address) where transaction.destination == address:
      throw .refused(code: "not_on_allow_list", message: "\(address)")
    case .refusingTo, .willing: break
    }
    let signed = transaction.signed(by: key)
    let isRaised = state.withLock { state in
      if state.hashes.contains(signed.hash) { return true }
      let fees = transaction.fees
      if let last = state.fees[transaction.nonce],
        !Self.isRaised(fees.maximum, last.maximum) || !Self.isRaised(fees.priority, last.priority)
      {
        return false
      }
      state.fees[transaction.nonce] = fees
      state.hashes.insert(signed.hash)
      state.signatures += 1
      state.payloads[transaction.nonce, default: []].insert(
        transaction.destination.bytes + transaction.value.bigEndianBytes + transaction.data)
      return true
    }
    guard isRaised else {
      throw .refused(code: "fee_not_raised", message: "nonce \(transaction.nonce)")
    }
    return signed
  }
}

extension Venue {
  static let hotSecret = [UInt8](repeating: 9, count: 32)
  static let hotWallet: Address = {
    guard let key = SecretKey(hotSecret) else { preconditionFailure("not a key") }
    return key.address
  }()
  static let gwei: Int128 = 1_000_000_000

  /// Fees of 100 gwei at most, a bump after 3 blocks, again every 50 ms.
  static let payoutRules = PayoutRules(
    maximumFee: UInt256(100_000_000_000 as UInt64), priorityFee: UInt256(1_000_000_000 as UInt64),
    bumpAfterBlocks: 3, resendAfter: 50_000)

  /// Starts a sender from the database; one at a time.
  @discardableResult
  func pay(
    _ signer: any PayoutSigner, nodes others: [String] = [],
    _ change: (inout PayoutSender.Configuration) -> Void = { _ in }
  ) throws -> PayoutSender {
    var configuration = PayoutSender.Configuration(
      chain: "dev", chainID: 31337, sender: Self.hotWallet, rules: Self.payoutRules, depth: 3)
    configuration.pollMilliseconds = 20
    change(&configuration)
    var limits = ChainNode.Limits()
    limits.seconds = 3
    let reports = reports
    let sender = PayoutSender(
      conninfo: database.app, configuration: configuration, assets: try rules(),
      addresses: addresses,
      nodes: ([chain.ready.url] + others).map { ChainNode(url: $0, limits: limits) },
      signer: signer, core: custodyCore(), isFollowing: { true },
      report: { reports.note($0) })
    sender.start()
    return sender
  }

  /// The chain is registered, the hot wallet has coins, and user 2 has been credited 10^18 wei and
  /// 10^6 USDC atoms on it.
  func openPayouts(
    _ scanner: DepositScanner, minimum: Int128 = 10, approvalAbove: Int128 = 1 << 100
  ) throws {
    let address = try address(2)
    try chain.fund(address, wei: 1_000_000_000_000_000_000)
    try chain.mint("USDC", to: address, 1_000_000)
    try chain.fund(Self.hotWallet, wei: 2_000_000_000_000_000_000)
    try chain.mint("USDC", to: Self.hotWallet, 3_000_000)
    try chain.mine(4)
    #expect(try eventually { try balance(2, 0) == 1_000_000 && balance(2, 1) > 0 })
    var commands: [Command] = [
      .operation(.setAddressDelay(chain: 0, seconds: 0), by: Authority(user: 1))
    ]
    for asset in [AssetID(0), 1, 2] {
      commands.append(
        .operation(
          .setWithdrawalTerms(
            WithdrawalTerms(
              asset: asset, chain: 0, minimum: minimum, fee: 7, userDayLimit: 1 << 100,
              venueDayLimit: 1 << 100, approvalAbove: approvalAbove, approvals: 1)),
          by: Authority(user: 1)))
    }
    try apply(commands)
    try settle(scanner)
  }

  func apply(_ commands: [Command]) throws {
    let replies = try core.submit(commands, isReserved: true).get()
    #expect(replies.allSatisfy { $0.rejection == nil }, "\(replies)")
  }

  /// Asks for a withdrawal of user 2; its id.
  @discardableResult
  func withdraw(_ amount: Int128, of asset: AssetID, to address: Address) throws -> Int64 {
    let payout = PayoutAddress(address.bytes)
    let id = try #require(ClientOrderID("w-\(UInt64.random(in: .min ... .max))"))
    let replies = try core.submit(
      [
        .user(
          .addPayoutAddress(
            PayoutAddressAddition(user: 2, chain: 0, address: payout, label: ""))),
        .withdrawal(
          .request(
            WithdrawalRequest(user: 2, asset: asset, amount: amount, address: payout, clientID: id))
        ),
      ], isReserved: true
    ).get()
    #expect(replies[0].rejection == nil || replies[0].rejection == .addressExists)
    #expect(replies[1].rejection == nil, "\(replies[1])")
    return replies[1].id
  }

  struct WithdrawalRow: Equatable {
    var decision: String
    var status: String
    var transaction: [UInt8]?
    var height: Int64?
  }

  func withdrawal(_ id: Int64) throws -> WithdrawalRow? {
    let connection = try PostgresConnection(database.audit)
    var parameters = PostgresParameters()
    parameters.int8(id)
    let result = try connection.query(
      "select decision, status, tx_hash, block_height from public.withdrawals where id = $1",
      parameters)
    guard result.rowCount == 1 else { return nil }
    return WithdrawalRow(
      decision: result.string(0, 0), status: result.string(0, 1),
      transaction: result.optionalBytes(0, 2), height: result.optionalInt64(0, 3))
  }

  /// Waits for a state of a withdrawal, mining a block at each look where it may.
  func reach(
    _ status: String, _ id: Int64, mining: Bool = false,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let isThere = try eventually {
      if mining { try chain.mine() }
      return try withdrawal(id)?.status == status
    }
    let row = try withdrawal(id)
    #expect(
      isThere, "\(String(describing: row)): \(reports.all)", sourceLocation: sourceLocation)
  }

  /// A native balance on the chain, in wei.
  func wei(_ address: Address) throws -> UInt256 {
    let text = try #require(
      try chain.call("eth_getBalance", ["\(address)", "latest"]) as? String)
    return try #require(UInt256(quantity: text))
  }

  func tokens(_ contract: String, _ address: Address) throws -> UInt256 {
    let call: [String: String] = [
      "to": "\(try chain.contract(contract))",
      "data": Hex.encode(ERC20.balanceCall(of: address)),
    ]
    let text = try #require(try chain.call("eth_call", [call, "latest"]) as? String)
    return try #require(UInt256(bigEndian: try Hex.decode(text)))
  }
}
