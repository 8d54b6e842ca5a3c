// kill -9 of exchange, Postgres and chain while deposits arrive and the chain reorganises.

import AsyncHTTPClient
import Client
import Foundation
import NIOCore
import NIOHTTP1
import Postgres
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
  private static let kills = CrashTests.environment["CRASH_KILLS"].flatMap { Int($0) } ?? 9
  private static let victims = ["exchange", "postgres", "python"]

  @Test(arguments: [CrashTests.seed]) func everyDepositIsCreditedOnce(seed: UInt64) async throws {
    try await ExchangeProcess.with { try await crash($0, seed) }
  }

  private func start(_ exchange: ExchangeProcess) async throws {
    try await exchange.start(
      ["--no-demo", "--chain-block-seconds", "0.2"], withChain: true)
  }

  private func crash(_ exchange: ExchangeProcess, _ seed: UInt64) async throws {
    var random = SplitMix(seed: seed)
    try await start(exchange)
    let admin = try exchange.client(try exchange.operatorSigner())
    var addresses: [String] = []
    for index in 0..<4 {
      let signer = RequestSigner()
      _ = try await admin.createUser(
        NewUser(
          name: "payee-\(index)", key: KeyGrant(publicKey: signer.publicKeyHex, role: .trader)))
      addresses.append(try await exchange.client(signer).depositAddress().address)
    }
    let payments = Mutex(0)
    for round in 0..<Self.kills {
      let chain = ChainProbe(url: try #require(exchange.chain))
      let deadline = ContinuousClock.now + .milliseconds(2_000)
      let roundSeed = random.next()
      async let paying: Void = Self.pay(chain, addresses, SplitMix(seed: roundSeed), payments) {
        ContinuousClock.now >= deadline
      }
      try await Task.sleep(for: .milliseconds(Int(200 + random.next() % 1_500)))
      switch Self.victims[round % 3] {
      case "exchange": try await exchange.killNow()
      case let child: try exchange.killChild(named: child)
      }
      await paying
      if round % 3 == 0 { try await start(exchange) }
      try await check(exchange, round)
    }
    let credits = try exchange.number("select count(*) from balance_log where type = 'DEPOSIT'")
    let undone = try exchange.number(
      "select count(distinct ref) from balance_log where type = 'CLAWBACK'")
    let orphans = try exchange.number("select count(*) from core.orphan_block")
    print(
      "deposits: seed \(seed), \(Self.kills) kills, \(payments.withLock { $0 }) payments,",
      "\(credits) credits, \(undone) clawbacks, \(orphans) orphaned blocks")
    #expect(credits > Int64(Self.kills) * 3 && orphans > 0, "too little happened to mean anything")
    try await exchange.stop()
  }

  /// Payments to everybody, and now and then a reorganisation: most put the transactions back, some lose one.
  private static func pay(
    _ chain: ChainProbe, _ addresses: [String], _ seeded: SplitMix,
    _ payments: borrowing Mutex<Int>,
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
        } else if random.next() % 3 == 0 {
          recent.append(try await chain.pay(address, "ETH", amount * 1_000_000_000))
        } else {
          let token = random.next() % 2 == 0 ? "USDC" : "BTC"
          recent.append(try await chain.pay(address, token, amount))
        }
        if recent.count > 40 { recent.removeFirst() }
        payments.withLock { $0 += 1 }
      } catch {
        // It is being killed, or starts again: whether it paid, its blocks tell.
        try? await Task.sleep(for: .milliseconds(50))
      }
      try? await Task.sleep(for: .milliseconds(10))
    }
  }

  /// Quiet: everything that is on the chain is credited; then the chain and the books must agree.
  private func check(_ exchange: ExchangeProcess, _ round: Int) async throws {
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
    try await wait("agreement after kill \(round)", seconds: 20) {
      (try? await admin.reconciliation().agrees) == true
    }
    for (what, sql) in Self.questions {
      let found = try exchange.number(sql)
      #expect(found == 0, "round \(round): \(found) \(what)")
    }
  }

  private static let questions = [
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
