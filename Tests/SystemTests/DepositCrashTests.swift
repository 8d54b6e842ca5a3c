// kill -9 of exchange, Postgres, chain and signer while coins come and go and the chain
// reorganises.

import Client
import Formats
import Foundation
import SeededNumbers
import Synchronization
import TestServers
import Testing
import Wire

@Suite(.serialized) struct DepositCrashTests {
  private static let kills = CrashTests.environment["CRASH_KILLS"].flatMap { Int($0) } ?? 12
  private static let victims = ["exchange", "postgres", "python", "uncross"]

  /// What was done so far.
  private final class Load: Sendable {
    private let state = Mutex(Counts())

    func withLock<R>(_ body: (inout Counts) -> R) -> R {
      state.withLock { counts in body(&counts) }
    }
  }

  private struct Counts: Sendable {
    var payments = 0
    /// Payments and withdrawals that were tried.
    var attempts = 0
    var isOver = false
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
    let oracle = try await CustodyOracle.open(exchange, payees: 4)
    let payees = oracle.payees
    let load = Load()
    for round in 0..<Self.kills {
      let chain = ChainProbe(url: try #require(exchange.chain))
      // Under way when the kill comes.
      try await Self.sweep(exchange, round)
      let (first, second) = (random.next(), random.next())
      let clients = try payees.map { try exchange.client($0.signer) }
      load.withLock { $0.isOver = false }
      async let paying: Void = Self.pay(
        chain, payees.map(\.address), SeededNumbers(first), load)
      async let taking: Void = Self.withdraw(clients, payees, SeededNumbers(second), load)
      let error: (any Error)?
      do {
        try await Self.wait(for: load, attempts: 10 + random.below(80))
        switch Self.victims[round % Self.victims.count] {
        // Its servers end with it: nobody answers until the next start.
        case "exchange": try await exchange.killNow()
        case let child:
          try exchange.killChild(named: child)
          try await Self.wait(for: load, attempts: 10 + random.below(60))
        }
        error = nil
      } catch let caught { error = caught }
      load.withLock { $0.isOver = true }
      await paying
      await taking
      if let error { throw error }
      if round % Self.victims.count == 0 { try await start(exchange) }
      let acknowledged = load.withLock { $0.acknowledged }
      try await oracle.check(acknowledged: acknowledged, after: "kill \(round)")
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

  /// Until the two have tried so often more.
  private static func wait(for load: Load, attempts: Int) async throws {
    let end = load.withLock { $0.attempts } + attempts
    try await SystemTests.wait("\(attempts) attempts") { load.withLock { $0.attempts } >= end }
  }

  /// Small withdrawals of everybody, each asked for twice where the answer is lost, some cancelled
  /// at once. One for a payment: the chain takes no more.
  private static func withdraw(
    _ clients: [UncrossClient], _ payees: [Payee], _ seeded: SeededNumbers, _ load: Load
  ) async {
    var random = seeded
    var attempts = -1
    while await soon({ load.withLock { $0.isOver || $0.attempts > attempts } }),
      !load.withLock({ $0.isOver })
    {
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
        }
      }
      attempts = load.withLock { counts in
        counts.attempts += 1
        return counts.attempts
      }
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

  /// Payments to everybody, and now and then a reorganisation: most put the transactions back, some
  /// lose one.
  private static func pay(
    _ chain: ChainProbe, _ addresses: [String], _ seeded: SeededNumbers, _ load: Load
  ) async {
    var random = seeded
    // The payments of the last blocks: one that is dropped may have been credited.
    var recent: [String] = []
    while !load.withLock({ $0.isOver }) {
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
      }
      load.withLock { $0.attempts += 1 }
    }
  }
}
