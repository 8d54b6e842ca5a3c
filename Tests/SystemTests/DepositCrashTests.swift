// kill -9 of exchange, Postgres, chain and signer while coins come and go and the chain reorganises.

import AsyncHTTPClient
import Client
import Foundation
import NIOCore
import NIOHTTP1
import Postgres
import SeededNumbers
import Synchronization
import Testing

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
}

@Suite(.serialized) struct DepositCrashTests {
  private static let kills = CrashTests.environment["CRASH_KILLS"].flatMap { Int($0) } ?? 12
  private static let victims = ["exchange", "postgres", "python", "uncross"]

  /// Who pays in, and where it takes out to.
  private struct Payee: Sendable {
    var user: String
    var signer: RequestSigner
    var address: String
    var recipient: String
  }

  /// What was done so far.
  private final class Load: Sendable {
    private let state = Mutex(Counts())

    func withLock<R>(_ body: (inout Counts) -> R) -> R {
      state.withLock { counts in body(&counts) }
    }
  }

  private struct Counts: Sendable {
    var payments = 0
    /// By recipient and asset: withdrawals that were acknowledged.
    var acknowledged: [String] = []
    var refused: [String: Int] = [:]
  }

  @Test(arguments: [CrashTests.seed])
  func everyCoinIsCreditedAndPaidOnce(seed: UInt64) async throws {
    try await ExchangeProcess.with { try await crash($0, seed) }
  }

  private func start(_ exchange: ExchangeProcess) async throws {
    try await exchange.start(
      ["--no-demo", "--chain-block-seconds", "0.2"], withChain: true)
  }

  private func crash(_ exchange: ExchangeProcess, _ seed: UInt64) async throws {
    var random = SeededNumbers(seed)
    try await start(exchange)
    let admin = try exchange.client(try exchange.operatorSigner())
    let payees = try await open(exchange, admin)
    let load = Load()
    for round in 0..<Self.kills {
      let chain = ChainProbe(url: try #require(exchange.chain))
      // Under way when the kill comes.
      try await Self.sweep(exchange, round)
      let deadline = ContinuousClock.now + .milliseconds(2_000)
      let (first, second) = (random.next(), random.next())
      let clients = try payees.map { try exchange.client($0.signer) }
      async let paying: Void = Self.pay(
        chain, payees.map(\.address), SeededNumbers(first), load
      ) {
        ContinuousClock.now >= deadline
      }
      async let taking: Void = Self.withdraw(clients, payees, SeededNumbers(second), load) {
        ContinuousClock.now >= deadline
      }
      try await Task.sleep(for: .milliseconds(Int(200 + random.next() % 1_500)))
      switch Self.victims[round % Self.victims.count] {
      case "exchange": try await exchange.killNow()
      case let child: try exchange.killChild(named: child)
      }
      await paying
      await taking
      if round % Self.victims.count == 0 { try await start(exchange) }
      try await check(exchange, payees, load.withLock { $0 }, round)
    }
    let credits = try exchange.number("select count(*) from balance_log where type = 'DEPOSIT'")
    let undone = try exchange.number(
      "select count(distinct ref) from balance_log where type = 'CLAWBACK'")
    let orphans = try exchange.number("select count(*) from core.orphan_block")
    let paid = try exchange.number("select count(*) from withdrawals where decision = 'confirmed'")
    let swept = try exchange.number(
      "select count(*) from core.payout_slot where purpose = 'sweep' and outcome = 'paid'")
    let toppedUp = try exchange.number(
      "select count(*) from core.payout_slot where purpose = 'top_up' and outcome = 'paid'")
    let done = load.withLock { $0 }
    print(
      "custody: seed \(seed), \(Self.kills) kills, \(done.payments) payments,",
      "\(credits) credits, \(undone) clawbacks, \(orphans) orphaned blocks,",
      "\(done.acknowledged.count) withdrawals acknowledged, \(paid) paid, refused \(done.refused),",
      "\(swept) sweeps, \(toppedUp) top-ups")
    #expect(credits > Int64(Self.kills) * 3 && orphans > 0, "too little happened to mean anything")
    #expect(paid > Int64(Self.kills), "too few withdrawals were paid to mean anything")
    #expect(
      swept > 0 && toppedUp > 0, "\(swept) sweeps, \(toppedUp) top-ups")
    try await exchange.stop()
  }

  /// Users with addresses, and terms low enough for what they are paid.
  private func open(_ exchange: ExchangeProcess, _ admin: UncrossClient) async throws -> [Payee] {
    for (asset, minimum, fee) in [("ETH", "0.0005", "0.0001"), ("USDC", "0.5", "0.01")] {
      let most = try #require(DecimalAmount("1000"))
      _ = try await admin.setWithdrawalTerms(
        WithdrawalTermsLine(
          asset: asset, chain: "dev", minimum: try #require(DecimalAmount(minimum)),
          fee: try #require(DecimalAmount(fee)), userDayLimit: most, venueDayLimit: most,
          approvalAbove: most, approvals: 0))
    }
    var payees: [Payee] = []
    for index in 0..<4 {
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
    return payees
  }

  /// Small withdrawals of everybody, each asked for twice where the answer is lost, some cancelled at once.
  private static func withdraw(
    _ clients: [UncrossClient], _ payees: [Payee], _ seeded: SeededNumbers,
    _ load: Load, until isOver: @Sendable () -> Bool
  ) async {
    var random = seeded
    while !isOver() {
      let index = Int(random.next() % UInt64(payees.count))
      let isEther = random.next() % 2 == 0
      let rest = Int128(random.next() % 100)
      let withdrawal = NewWithdrawal(
        clientWithdrawalID: "c-\(random.next())", asset: isEther ? "ETH" : "USDC",
        amount: DecimalAmount(
          atoms: isEther ? 500_000_000_000_000 + rest : 500_000 + rest, decimals: isEther ? 18 : 6),
        address: payees[index].recipient)
      for _ in 0..<2 {
        do throws(APIError) {
          let line = try await clients[index].withdraw(withdrawal)
          load.withLock { $0.acknowledged.append(line.id) }
          if random.next() % 8 == 0 { _ = try? await clients[index].cancel(withdrawal: line.id) }
          break
        } catch {
          if error.status >= 400 && error.status < 500 {
            load.withLock { $0.refused[error.code, default: 0] += 1 }
            break
          }
          try? await Task.sleep(for: .milliseconds(50))
        }
      }
      try? await Task.sleep(for: .milliseconds(40))
    }
  }

  /// What an operator types, of one asset a round: gas, a plan, signatures, and what was signed.
  private static func sweep(_ exchange: ExchangeProcess, _ round: Int) async throws {
    let admin = try exchange.client(try exchange.operatorSigner())
    let wallet = try await admin.payouts().sender
    let asset = ["USDC", "ETH", "BTC"][round % 3]
    let minimum = asset == "ETH" ? "0.001" : "0.5"
    let (plan, signed) = (
      "\(exchange.data)/plan-\(round).json", "\(exchange.data)/signed-\(round).json"
    )
    func verb(_ arguments: [String]) async throws {
      let end = try await exchange.run(
        ["sweep"] + arguments
          + ["--api", exchange.api ?? "", "--key", exchange.data + "/keys/operator.pem"])
      guard end.status == 0 else { throw TestFailure(end.output) }
    }
    try await verb(["--top-up", "--asset", asset, "--minimum", minimum])
    try await verb(["--plan", plan, "--asset", asset, "--minimum", minimum])
    let signing = try await ExchangeProcess.run(
      ["sweep", "--sign", plan, "--out", signed, "--to", wallet, "--xprv-fd", "0"],
      input: String(contentsOfFile: exchange.data + "/keys/deposits.xprv", encoding: .utf8))
    guard signing.status == 0 else {
      throw TestFailure(signing.output)
    }
    try await verb(["--submit", signed])
  }

  /// Payments to everybody, and now and then a reorganisation: most put the transactions back, some lose one.
  private static func pay(
    _ chain: ChainProbe, _ addresses: [String], _ seeded: SeededNumbers,
    _ load: Load,
    until isOver: @Sendable () -> Bool
  ) async {
    var random = seeded
    // The payments of the last blocks: one that is dropped may have been credited.
    var recent: [String] = []
    while !isOver() {
      let address = addresses[Int(random.next() % UInt64(addresses.count))]
      // Whole amounts and a rest: 0.002 ether or 3 coins and something.
      let amount = Int(random.next() % 1_000) + 3_000_000
      do {
        if random.next() % 12 == 0 {
          // The last four: what is deeper is final.
          let depth = 1 + Int(random.next() % 4)
          let drop = random.next() % 2 == 0 ? recent.randomElement(using: &random) : nil
          let request: [String: any Sendable] = [
            "depth": depth, "drop": drop.map { [$0] } ?? [String](),
          ]
          _ = try await chain.call("dev_reorg", [request])
        } else if random.next() % 3 == 0, address != addresses.last {
          // The last has tokens only: they are swept with gas from the hot wallet.
          recent.append(try await chain.pay(address, "ETH", amount * 1_000_000_000))
        } else {
          let token = random.next() % 2 == 0 ? "USDC" : "BTC"
          recent.append(try await chain.pay(address, token, amount))
        }
        if recent.count > 40 { recent.removeFirst() }
        load.withLock { $0.payments += 1 }
      } catch {
        // It is being killed, or starts again: whether it paid, its blocks tell.
        try? await Task.sleep(for: .milliseconds(50))
      }
      try? await Task.sleep(for: .milliseconds(10))
    }
  }

  /// Quiet: everything that is on the chain is credited; then the chain and the books must agree.
  private func check(
    _ exchange: ExchangeProcess, _ payees: [Payee], _ load: Counts, _ round: Int
  ) async throws {
    let admin = try exchange.client(try exchange.operatorSigner())
    let chain = ChainProbe(url: try #require(exchange.chain))
    try await wait("readiness after kill \(round)", seconds: 60) {
      (try? await admin.checkReady()) != nil
    }
    // A dropped transaction leaves a gap that the next payment fills.
    try await wait("the chain after kill \(round)", seconds: 60) {
      (try? await chain.pay("0x00000000000000000000000000000000000000fe", "ETH", 1)) != nil
    }
    try await wait("all deposits after kill \(round)", seconds: 60) {
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
    try await wait("all withdrawals after kill \(round)", seconds: 90) {
      guard let report = try? await admin.payouts() else { return false }
      if let halted = report.halted { throw TestFailure("payouts halted: \(halted)") }
      if let held = report.slots.compactMap(\.hold).first { throw TestFailure("held: \(held)") }
      // Blocks come while something is not final.
      let open = try exchange.number(
        "select count(*) from withdrawals where decision in ('approved', 'started')")
      return report.slots.isEmpty && open == 0
    }
    try await wait("all sweeps after kill \(round)", seconds: 60) {
      guard let report = try? await admin.sweeps() else { return false }
      if let unknown = report.unknown.first { throw TestFailure("nobody submitted \(unknown)") }
      return report.sweeps.isEmpty && report.topUps.isEmpty
    }
    try await checkRecipients(exchange, payees, load, chain, round)
    // A clawback froze its user.
    for payee in payees { _ = try await admin.unfreeze(payee.user) }
    try await wait("agreement after kill \(round)", seconds: 20) {
      (try? await admin.reconciliation().agrees) == true
    }
    for (what, sql) in Self.questions {
      let found = try exchange.number(sql)
      #expect(found == 0, "round \(round): \(found) \(what)")
    }
  }

  /// What arrived on the chain is what is confirmed, to the smallest unit, and nothing acknowledged is lost.
  private func checkRecipients(
    _ exchange: ExchangeProcess, _ payees: [Payee], _ load: Counts, _ chain: ChainProbe,
    _ round: Int
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
        #expect(arrived == UInt64(confirmed), "round \(round): \(asset) of \(payee.recipient)")
      }
    }
    let known = try exchange.number("select count(*) from withdrawals")
    #expect(known >= Int64(Set(load.acknowledged).count), "round \(round): withdrawals are lost")
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
