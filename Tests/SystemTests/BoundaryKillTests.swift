// kill -9 of exchange, signer, Postgres and chain at each boundary of a deposit's credit, of a
// clawback and of a payment: what comes before the boundary is durable, what comes after it is held
// back until the kill.

import Client
import Formats
import Foundation
import Testing
import Wire

@Suite(.serialized) struct BoundaryKillTests {
  enum Victim: String, CaseIterable, Sendable {
    case exchange, postgres, chain, signer

    /// Its program's name.
    fileprivate var program: String {
      switch self {
      case .exchange, .signer: "uncross"
      case .postgres: "postgres"
      case .chain: "python"
      }
    }
  }

  /// What is about to become durable of a payment when the kill comes.
  private enum PaymentBoundary: String, CaseIterable {
    /// The request is in the journal, not in the ledger.
    case requested
    /// Its start is in the journal and the ledger, it has no nonce.
    case started
    /// It has its nonce, the signer has not been asked.
    case slotted
    /// The signer has signed, its signature is not stored.
    case signed
    /// The bytes are stored, no node has them.
    case saved
    /// A node has them, that is not stored.
    case sent
    /// A block has it, the block is not scanned.
    case mined
    /// The block is final and the end is in the journal, the slot is open.
    case finished

    var place: DatabaseGate.Place? {
      switch self {
      case .requested: .init(table: "public.withdrawals", event: "insert")
      case .started: .init(table: "core.payout_slot", event: "insert")
      case .slotted:
        .init(
          table: "core.payout_slot", event: "update",
          condition: "old.asked_kind is null and new.asked_kind is not null")
      case .signed: .init(table: "core.payout_attempt", event: "insert")
      // The chain closes each connection on which bytes come.
      case .saved: nil
      case .sent:
        .init(
          table: "core.payout_attempt", event: "update",
          condition: "old.answer is distinct from new.answer")
      case .mined: .init(table: "core.sent_transaction", event: "insert")
      case .finished:
        .init(
          table: "core.payout_slot", event: "update",
          condition: "old.outcome is null and new.outcome is not null")
      }
    }

    /// True of the last withdrawal, as the database has it at the boundary.
    var proof: String {
      let last = "select max(id) from public.withdrawals"
      return switch self {
      case .requested: "true"
      case .started:
        "(select decision = 'started' from withdrawals where id = (\(last))) "
          + "and not exists (select from core.payout_slot where withdrawal_id = (\(last)))"
      case .slotted:
        "(select asked_kind is null from core.payout_slot where withdrawal_id = (\(last)))"
      case .signed:
        "(select asked_kind is not null from core.payout_slot where withdrawal_id = (\(last)))"
          + " and not exists (\(Self.attempts))"
      case .saved: "exists (\(Self.attempts) and a.answer = '')"
      case .sent: "exists (\(Self.attempts) and a.answer = '')"
      case .mined: "exists (\(Self.attempts) and a.answer <> '')"
      case .finished:
        "(select outcome is null from core.payout_slot where withdrawal_id = (\(last)))"
          + " and exists (\(Self.attempts))"
      }
    }

    private static let attempts = """
      select from core.payout_attempt a join core.payout_slot s using (chain, sender, nonce)
      where s.withdrawal_id = (select max(id) from public.withdrawals)
      """
  }

  /// What is about to become durable of a deposit.
  private enum DepositBoundary: String, CaseIterable {
    /// Its block is read, nothing of it is stored.
    case found
    /// It is ripe, it has no number.
    case ripe
    /// It has its number, the credit is in no group of the journal.
    case numbered
    /// The credit is in the journal, not in the ledger.
    case credited
    /// Its block is final, that is not stored.
    case final
    /// The chain was reorganised, no block is taken back.
    case reorganised
    /// It has left the chain, what takes it back has no number.
    case left
    /// What takes it back is in the journal, not in the ledger.
    case takenBack

    var place: DatabaseGate.Place {
      switch self {
      case .found: .init(table: "public.deposits", event: "insert")
      case .ripe:
        .init(
          table: "public.deposits", event: "update",
          condition: "old.credit_no is null and new.credit_no is not null")
      case .numbered: .init(table: "core.journal", event: "insert")
      case .credited:
        .init(table: "public.balance_log", event: "insert", condition: "new.type = 'DEPOSIT'")
      case .final:
        .init(
          table: "public.deposits", event: "update",
          condition: "old.status <> 'final' and new.status = 'final'")
      case .reorganised: .init(table: "core.orphan_block", event: "insert")
      case .left:
        .init(
          table: "public.deposits", event: "update",
          condition: "old.clawback_no is null and new.clawback_no is not null")
      case .takenBack:
        .init(table: "public.balance_log", event: "insert", condition: "new.type = 'CLAWBACK'")
      }
    }

    /// Only a chain that loses a credited deposit gets there.
    var isOfClawback: Bool {
      switch self {
      case .found, .ripe, .numbered, .credited, .final: false
      case .reorganised, .left, .takenBack: true
      }
    }
  }

  /// A run of one victim.
  private struct Scene {
    let exchange: ExchangeProcess
    let oracle: CustodyOracle
    let gate: DatabaseGate
    let victim: Victim
    var acknowledged: [String] = []
    var kills = 0

    var chain: ChainProbe { get throws { ChainProbe(url: try #require(exchange.chain)) } }
  }

  @Test(arguments: Victim.allCases) func eachBoundary(victim: Victim) async throws {
    try await ExchangeProcess.with { try await killAtEach($0, victim) }
  }

  private static func start(_ exchange: ExchangeProcess) async throws {
    try await exchange.start(["--no-demo", "--chain-block-seconds", "0.2"], withChain: true)
  }

  private func killAtEach(_ exchange: ExchangeProcess, _ victim: Victim) async throws {
    try await Self.start(exchange)
    let oracle = try await CustodyOracle.open(exchange, payees: 2)
    var scene = Scene(
      exchange: exchange, oracle: oracle, gate: DatabaseGate(exchange: exchange), victim: victim)
    for payee in oracle.payees {
      _ = try await scene.chain.pay(payee.address, "ETH", 50_000_000_000_000_000)
      _ = try await scene.chain.pay(payee.address, "USDC", 50_000_000)
    }
    try await wait("the first payments") {
      try exchange.number(
        "select count(*) from deposits where status in ('credited', 'final')") == 4
    }
    try await oracle.check(acknowledged: [], after: "the first payments")
    var places: [String: DatabaseGate.Place] = [:]
    for boundary in PaymentBoundary.allCases {
      if let place = boundary.place { places["pay_\(boundary)"] = place }
    }
    for boundary in DepositBoundary.allCases { places["in_\(boundary)"] = boundary.place }
    try scene.gate.install(places)
    for (number, boundary) in PaymentBoundary.allCases.enumerated() {
      try await kill(at: boundary, asset: number % 2 == 0 ? "ETH" : "USDC", &scene)
    }
    // The signer has no part in what comes in.
    if victim != .signer {
      for (number, boundary) in DepositBoundary.allCases.enumerated() {
        try await kill(at: boundary, asset: number % 2 == 0 ? "USDC" : "ETH", &scene)
      }
    }
    let paid = try exchange.number("select count(*) from withdrawals where status = 'confirmed'")
    let credits = try exchange.number("select count(*) from balance_log where type = 'DEPOSIT'")
    let undone = try exchange.number("select count(*) from deposits where status = 'clawback'")
    print(
      "boundaries: \(victim) killed at \(scene.kills), \(paid) withdrawals paid,",
      "\(credits) credits, \(undone) taken back")
    #expect(paid == Int64(PaymentBoundary.allCases.count))
    #expect(undone == (victim == .signer ? 0 : 3))
    try await exchange.stop()
  }

  // MARK: Payments

  private func kill(
    at boundary: PaymentBoundary, asset: String, _ scene: inout Scene
  ) async throws {
    let (exchange, gate) = (scene.exchange, scene.gate)
    let payee = scene.oracle.payees[0]
    if boundary == .saved {
      try await scene.chain.call(
        "dev_setFault",
        [
          ["kind": "drop", "method": "eth_sendRawTransaction", "times": 100_000]
            as [String: any Sendable]
        ])
    } else {
      try gate.arm("pay_\(boundary)")
    }
    let line = try await exchange.client(payee.signer).withdraw(
      NewWithdrawal(
        clientWithdrawalID: "at-\(boundary)", asset: asset,
        amount: try #require(DecimalAmount(asset == "ETH" ? "0.001" : "1")),
        address: payee.recipient))
    scene.acknowledged.append(line.id)
    let proof = "case when \(boundary.proof) then 1 else 0 end"
    try await wait("a payment to be \(boundary)") {
      let isMet = try boundary == .saved || gate.isMet()
      return try isMet && exchange.number(proof) == 1
    }
    try await kill(&scene, after: "killed \(scene.victim) with a payment \(boundary)")
    #expect(
      try exchange.number(
        "select count(*) from withdrawals where id = \(line.id) and status = 'confirmed'") == 1,
      "\(scene.victim) at \(boundary)")
  }

  /// The kill, and all that must hold after it.
  private func kill(_ scene: inout Scene, after what: String) async throws {
    switch scene.victim {
    case .exchange:
      try await scene.exchange.killNow()
      scene.gate.disarmAll()
      try await Self.start(scene.exchange)
    case let other: try scene.exchange.killChild(named: other.program)
    }
    scene.kills += 1
    scene.gate.disarmAll()
    try await wait("Postgres") {
      (try? scene.exchange.number("select 1")) == 1
    }
    if scene.victim != .exchange {
      try await wait("the chain") {
        (try? await scene.chain.call("dev_clearFaults")) != nil
      }
    }
    try await scene.oracle.check(acknowledged: scene.acknowledged, after: what)
  }

  // MARK: Deposits

  private func kill(
    at boundary: DepositBoundary, asset: String, _ scene: inout Scene
  ) async throws {
    let payee = scene.oracle.payees[1]
    let amount = asset == "ETH" ? 2_000_000_000_000_000 : 2_000_000
    let (exchange, gate) = (scene.exchange, scene.gate)
    func has(_ transaction: String, _ condition: String) throws -> Bool {
      try exchange.number(
        """
        select count(*) from deposits
        where tx_hash = decode('\(transaction.dropFirst(2))', 'hex') and (\(condition))
        """) == 1
    }
    // A group of the journal is on its way at any time: the gate is armed when the number is known.
    let before = boundary == .numbered ? DepositBoundary.ripe : boundary
    let transaction: String
    if boundary.isOfClawback {
      try await scene.chain.stallFinality()
      transaction = try await scene.chain.pay(payee.address, asset, amount)
      try await wait("the credit") { try has(transaction, "status = 'credited'") }
      try gate.arm("in_\(boundary)")
      try await scene.chain.lose(transaction)
    } else {
      if boundary == .final {
        try await wait("older deposits to be final") {
          try exchange.number("select count(*) from deposits where status = 'credited'") == 0
        }
      }
      try gate.arm("in_\(before)")
      transaction = try await scene.chain.pay(payee.address, asset, amount)
    }
    try await wait("a deposit to be \(before)") { try gate.isMet() }
    if boundary == .numbered {
      try gate.arm("in_numbered")
      try gate.disarm("in_ripe")
      try await wait("the number") { try has(transaction, "credit_no is not null") }
      try await wait("the group") { try gate.isMet() }
    }
    try await kill(&scene, after: "killed \(scene.victim) with a deposit \(boundary)")
    if boundary.isOfClawback {
      try await scene.chain.call("dev_options", [["finalized_stalled": NSNull()]])
    }
    #expect(
      try has(
        transaction,
        boundary.isOfClawback
          ? "status = 'clawback' and credited = 0" : "status in ('credited', 'final')"),
      "\(scene.victim) at \(boundary)")
  }
}
