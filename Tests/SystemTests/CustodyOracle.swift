// What must hold of coins and books once it is quiet, whatever was killed before: asked of chain,
// database and API.

import AsyncHTTPClient
import Client
import Formats
import Foundation
import NIOCore
import NIOHTTP1
import Testing
import Wire

/// The development chain beside the exchange, as a test moves it.
struct ChainProbe: Sendable {
  var url: String

  @discardableResult
  func call(_ method: String, _ parameters: [any Sendable] = []) async throws -> String {
    var request = HTTPClientRequest(url: url)
    request.method = .POST
    let body: [String: Any] = ["jsonrpc": "2.0", "id": 1, "method": method, "params": parameters]
    request.body = .bytes(try ByteBuffer(bytes: JSONSerialization.data(withJSONObject: body)))
    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
    let answer = String(buffer: try await response.body.collect(upTo: 1 << 20))
    if answer.contains("\"error\"") { throw TestFailure("\(method): \(answer)") }
    return answer
  }

  /// A native balance, or a token's, in the chain's smallest units; what a test pays fits a word.
  func balance(of address: String, token: String? = nil) async throws -> UInt64 {
    let text: String
    if let token {
      let data = "0x70a08231" + String(repeating: "0", count: 24) + address.dropFirst(2)
      let request: [String: any Sendable] = ["to": token, "data": data]
      text = try await call("eth_call", [request, "latest"])
    } else {
      text = try await call("eth_getBalance", [address, "latest"])
    }
    let digits = try #require(text.split(separator: "\"").last { $0.hasPrefix("0x") }).dropFirst(2)
    return try #require(UInt64(digits.drop { $0 == "0" }.isEmpty ? "0" : digits, radix: 16))
  }

  /// One payment on its way; its transaction's hash.
  func pay(_ address: String, _ asset: String, _ amount: Int) async throws -> String {
    let payment: [String: String] =
      asset == "ETH"
      ? ["address": address, "wei": "\(amount)"]
      : ["to": address, "token": asset, "amount": "\(amount)"]
    let answer = try await call(asset == "ETH" ? "dev_fund" : "dev_mint", [[payment]])
    return try #require(answer.split(separator: "\"").map(String.init).first { $0.hasPrefix("0x") })
  }

  /// A height in an answer.
  private func height(_ key: String, in answer: String) throws -> Int {
    let object = try JSONSerialization.jsonObject(with: Data(answer.utf8)) as? [String: Any]
    let text = (object?["result"] as? [String: Any])?[key] as? String
    return try #require(text.flatMap { Int($0.dropFirst(2), radix: 16) })
  }

  /// From now on no block becomes final.
  func stallFinality() async throws {
    let block = try await call("eth_getBlockByNumber", ["finalized", false])
    try await call("dev_options", [["finalized_stalled": try height("number", in: block)]])
  }

  /// The chain goes on without a transaction that it had.
  func lose(_ transaction: String) async throws {
    let receipt = try await call("eth_getTransactionReceipt", [transaction])
    let block = try await call("eth_getBlockByNumber", ["latest", false])
    // Two more: blocks come meanwhile.
    let depth =
      try height("number", in: block) - height("blockNumber", in: receipt) + 3
    let request: [String: any Sendable] = ["depth": depth, "drop": [transaction]]
    try await call("dev_reorg", [request])
  }
}

/// Who pays in, and where it takes out to.
struct Payee: Sendable {
  var user: String
  var signer: RequestSigner
  var address: String
  var recipient: String
}

/// One exchange on a development chain, and the users whose coins it moves.
struct CustodyOracle: Sendable {
  let exchange: ExchangeProcess
  let payees: [Payee]

  /// Users with addresses, and terms low enough for what they are paid.
  static func open(
    _ exchange: ExchangeProcess, payees count: Int
  ) async throws -> CustodyOracle {
    let admin = try exchange.client(try exchange.operatorSigner())
    for (asset, minimum, fee) in [("ETH", "0.0005", "0.0001"), ("USDC", "0.5", "0.01")] {
      let most = try #require(DecimalAmount("1000"))
      _ = try await admin.setWithdrawalTerms(
        WithdrawalTermsLine(
          asset: asset, chain: "dev", minimum: try #require(DecimalAmount(minimum)),
          fee: try #require(DecimalAmount(fee)), userDayLimit: most, venueDayLimit: most,
          approvalAbove: most, approvals: 0), reason: "low enough for a test")
    }
    var payees: [Payee] = []
    for index in 0..<count {
      let signer = RequestSigner()
      let user = try await admin.createUser(
        NewUser(
          name: "payee-\(index)", key: KeyGrant(publicKey: signer.publicKeyHex, role: .trader)))
      let client = try exchange.client(signer)
      let recipient = "0x" + signer.publicKeyHex.prefix(40)
      _ = try await client.add(NewWithdrawalAddress(address: recipient))
      payees.append(
        Payee(
          user: user.userID, signer: signer, address: try await client.depositAddress().address,
          recipient: recipient))
    }
    return CustodyOracle(exchange: exchange, payees: payees)
  }

  /// Quiet: everything that is on the chain is credited; then the chain and the books must agree.
  /// - Parameter acknowledged: ids of all withdrawals that the exchange said it took.
  func check(acknowledged: [String], after what: String) async throws {
    let admin = try exchange.client(try exchange.operatorSigner())
    let chain = ChainProbe(url: try #require(exchange.chain))
    try await wait("readiness after \(what)") {
      (try? await admin.checkReady()) != nil
    }
    // A dropped transaction leaves a gap that the next payment fills.
    try await wait("the chain after \(what)") {
      (try? await chain.pay("0x00000000000000000000000000000000000000fe", "ETH", 1)) != nil
    }
    try await wait("all deposits after \(what)") {
      guard let state = try? await admin.custody() else { return false }
      if let halted = state.halted { throw TestFailure("halted: \(halted)") }
      let open = try exchange.number(
        """
        select count(*) from deposits where status in ('seen', 'confirming')
          or status = 'clawback' and clawback_seq is null
          or status = 'orphaned' and credit_no is not null
        """)
      return state.state == "caught_up" && state.scannedBlock == state.latestBlock && open == 0
    }
    try await wait("all withdrawals after \(what)") {
      guard let report = try? await admin.payouts() else { return false }
      if let halted = report.halted { throw TestFailure("payouts halted: \(halted)") }
      if let held = report.slots.compactMap(\.hold).first { throw TestFailure("held: \(held)") }
      // Blocks come while something is not final.
      let open = try exchange.number(
        "select count(*) from withdrawals where decision in ('approved', 'started')")
      return report.slots.isEmpty && open == 0
    }
    try await wait("all sweeps after \(what)") {
      guard let report = try? await admin.sweeps() else { return false }
      if let unknown = report.unknown.first { throw TestFailure("nobody submitted \(unknown)") }
      return report.sweeps.isEmpty && report.topUps.isEmpty
    }
    try await checkRecipients(chain, acknowledged, after: what)
    // A clawback froze its user, and who gave the user its key does not end that.
    let treasurer = try exchange.client(try exchange.treasurerSigner())
    for payee in payees { _ = try await treasurer.unfreeze(payee.user, reason: "test") }
    try await wait("agreement after \(what)") {
      (try? await admin.reconciliation().agrees) == true
    }
    for (wrong, sql) in Self.questions {
      let found = try exchange.number(sql)
      #expect(found == 0, "after \(what): \(found) \(wrong)")
    }
  }

  /// What arrived on the chain is what is confirmed, to the smallest unit, and nothing acknowledged
  /// is lost.
  private func checkRecipients(
    _ chain: ChainProbe, _ acknowledged: [String], after what: String
  ) async throws {
    for payee in payees {
      let client = try exchange.client(payee.signer)
      let token = try await client.depositAddress().assets.first { $0.asset == "USDC" }?.contract
      for (asset, contract) in [("ETH", nil), ("USDC", token)] {
        let confirmed = try exchange.number(
          """
          select coalesce(sum(amount), 0) from withdrawals where decision = 'confirmed'
            and asset = '\(asset)' and user_id = \(payee.user)
          """)
        let arrived = try await chain.balance(of: payee.recipient, token: contract)
        #expect(arrived == UInt64(confirmed), "after \(what): \(asset) of \(payee.recipient)")
      }
    }
    let known = try exchange.number("select count(*) from withdrawals")
    #expect(known >= Int64(Set(acknowledged).count), "after \(what): withdrawals are lost")
  }

  private static let questions = [
    "slots with gaps": """
    select count(*) from (select nonce, lag(nonce) over (partition by sender order by nonce) p from core.payout_slot) s
    where p is not null and p <> nonce - 1
    """,
    "payments that are not their withdrawals'": """
    select count(*) from withdrawals w left join core.payout_slot s on s.withdrawal_id = w.id
    where (w.decision = 'confirmed') <> coalesce(s.outcome = 'paid', false)
    """,
    "locks of withdrawals that did not end once": """
    select count(*) from (select ref, sum(locked_delta) rest,
        count(*) filter (where type in ('UNLOCK', 'WITHDRAWAL')) ends
      from balance_log where ref like '%:withdrawal:%' group by ref) l
    where rest <> 0 or ends <> 1
    """,
    "blocks that do not follow the one before": """
    select count(*) from (select height, parent_hash, lag(height) over w ph, lag(hash) over w pp
      from scanned_blocks window w as (order by height)) b
    where ph is not null and (ph <> height - 1 or pp <> parent_hash)
    """,
    "live credits off the chain": """
    select count(*) from deposits d where credited > 0 and status <> 'clawback'
      and not exists (select from scanned_blocks b where b.chain = d.chain
        and b.height = d.block_height and b.hash = d.block_hash)
    """,
    "atoms between what deposits say is credited and what is booked": """
    select (select coalesce(sum(credited), 0) from deposits)
      - (select coalesce(sum(delta), 0) from balance_log where type in ('DEPOSIT', 'CLAWBACK'))
    """,
    "credits without a number or numbers without a credit": """
    select abs(last_credit - (select count(*) from balance_log where type = 'DEPOSIT'))
    from core.chain
    """,
    "deposits whose raw amount is not credited times scale plus dust": """
    select count(*) from deposits where raw_amount <> amount * scale + dust
      or credited not in (0, amount)
    """,
    "balances that are not the sum of their log": """
    select count(*) from balance b join (
      select user_id, asset, sum(delta) d from balance_log group by 1, 2) s using (user_id, asset)
    where b.total <> s.d
    """,
  ]
}
