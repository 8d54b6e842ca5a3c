// Sweeps on a real chain: planned, signed with the extended private key, submitted, and gas where
// it lacks.

import Embedded
import Engine
import Ethereum
import Formats
import Foundation
import Postgres
import SeededNumbers
import Synchronization
import TestServers
import Testing

@testable import CoreFixture
@testable import Custody

extension DatabaseTests {
  @Suite(.serialized) struct SweepTests {
    @Test func coinsReachTheHotWallet() throws {
      try PayoutScene.run { scene in
        try scene.pay()
        let (venue, chain) = (scene.venue, scene.chain)
        let address = try venue.address(2)
        let before = try venue.wei(Venue.hotWallet)
        let plan = try scene.plan("ETH")
        let item = try #require(plan.items.first)
        #expect(plan.items.count == 1 && plan.needs.isEmpty && plan.next == nil)
        #expect(item.user == 2 && item.address == address && item.asset == "ETH")
        #expect(item.transaction.nonce == 0 && item.transaction.destination == Venue.hotWallet)
        // What it holds but for the most that gas may cost.
        let cost = try #require(item.transaction.maximumGasCost)
        #expect(item.amount.adding(cost) == UInt256(1_000_000_000_000_000_000 as UInt64))

        let signed = try scene.sign(plan)
        #expect(try scene.submit(signed) == [.success(signed[0].hash)])
        try scene.wait("sent") { try scene.mempool() == ["\(signed[0].hash)"] }
        // While it is out nothing else is planned for its address.
        #expect(try scene.plan("ETH").items.isEmpty)
        // Submitted again it is the same.
        #expect(try scene.submit(signed) == [.success(signed[0].hash)])
        try chain.mine()
        try scene.look()
        #expect(try scene.outcome(of: address, 0) == nil)
        try chain.mine(2)
        try scene.wait("final") { try scene.outcome(of: address, 0) == "paid" }
        #expect(try venue.wei(Venue.hotWallet) == before.adding(item.amount))
        #expect(try scene.submit(signed) == [.success(signed[0].hash)])
        #expect(
          try scene.count(
            "select count(*) from core.custody_decision where action = 'submit_sweep'") == 1)
        // Users have what they had, and the books agree.
        #expect(try venue.balance(2, 1) == 1_000_000_000_000_000_000)
        try scene.wait("told") { scene.figures.swept == 1 && scene.figures.openSweeps == 0 }
      }
    }

    /// Tokens cannot move without gas: the hot wallet pays it, once, then they do.
    @Test func tokensMoveWithGasFromTheHotWallet() throws {
      try PayoutScene.run { scene in
        try scene.pay { $0.rules.bumpAfterBlocks = 10_000 }
        let (venue, chain) = (scene.venue, scene.chain)
        let poor = try venue.address(3)
        try chain.mint("USDC", to: poor, 500)
        try chain.mine(4)
        try venue.settle(scene.scanner)
        let plan = try scene.plan("USDC")
        // User 2 has coins of its own.
        #expect(plan.items.map(\.user) == [2] && plan.needs.map(\.user) == [3])
        #expect(plan.needs[0].isToppedUp == false && plan.needs[0].missing > .zero)
        #expect(try scene.topUp(plan.needs) == [poor])
        #expect(try scene.topUp(plan.needs).isEmpty)
        #expect(try scene.plan("USDC").needs.map(\.isToppedUp) == [true])
        try scene.wait("paid") {
          try chain.mine()
          return try scene.outcome(of: Venue.hotWallet, 0) == "paid"
        }
        #expect(try venue.wei(poor) == plan.needs[0].missing)
        try venue.settle(scene.scanner)
        // What the hot wallet sent is no deposit.
        #expect(try venue.balance(3, 1) == 0 && venue.deposits(3).map(\.asset) == ["USDC"])

        let second = try scene.plan("USDC")
        #expect(second.items.map(\.user).sorted() == [2, 3] && second.needs.isEmpty)
        let outcomes = try scene.submit(scene.sign(second))
        #expect(outcomes.allSatisfy { (try? $0.get()) != nil })
        try scene.wait("swept") {
          try chain.mine()
          return try scene.outcome(of: poor, 0) == "paid"
            && scene.outcome(of: venue.address(2), 0) == "paid"
        }
        #expect(try venue.tokens("USDC", poor) == .zero)
        #expect(try venue.tokens("USDC", Venue.hotWallet) == UInt256(4_000_500 as UInt64))
        #expect(try venue.balance(3, 0) == 500)
      }
    }

    /// What came by a call is found though its address was swept and given gas, and nothing else
    /// is.
    @Test func aSurplusIsFoundBehindSweepsAndGas() throws {
      try PayoutScene.run { scene in
        try scene.pay { $0.rules.bumpAfterBlocks = 10_000 }
        let (venue, chain) = (scene.venue, scene.chain)
        scene.stopScanning()
        try scene.scanAgain { $0.surplusSeconds = 0.05 }
        let poor = try venue.address(3)
        try chain.mint("USDC", to: poor, 500)
        try chain.mine(4)
        try venue.settle(scene.scanner)
        _ = try scene.topUp(scene.plan("USDC").needs)
        try scene.wait("gas") {
          try chain.mine()
          return try scene.outcome(of: Venue.hotWallet, 0) == "paid"
        }
        try venue.settle(scene.scanner)
        for (asset, count) in [("USDC", Int64(2)), ("ETH", 3)] {
          // What is left of its gas stays on user 3's address.
          let plan = try scene.plan(asset, minimum: asset == "ETH" ? 10_000_000_000_000_000 : 0)
          _ = try scene.submit(scene.sign(plan))
          try scene.wait("swept") {
            try chain.mine()
            return try scene.count(
              "select count(*) from core.payout_slot where purpose = 'sweep' and outcome = 'paid'")
              == count
          }
          try venue.settle(scene.scanner)
        }
        try chain.pay(poor, wei: 7_770)
        try chain.mine(12)
        try scene.wait("found") {
          try chain.mine()
          return try venue.deposits(3).contains { $0.status == .review }
        }
        try chain.mine(10)
        try venue.settle(scene.scanner)
        let reviews = try venue.deposits(3).filter { $0.status == .review }
        #expect(reviews.map(\.raw) == [UInt256(7_770 as UInt64)])
        let others = try venue.deposits(2).filter { $0.status == .review }
        #expect(others.isEmpty, "\(others)")
      }
    }

    @Test func whatIsNoSweepIsRefused() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try scene.pay()
        let item = try #require(try scene.plan("ETH").items.first)
        func changed(
          chain: UInt64 = 31337, nonce: UInt64 = 0, maximum: UInt64 = 50_000_000_000,
          gas: UInt64 = 21_000, to: Address = Venue.hotWallet, value: UInt256 = .one,
          data: [UInt8] = []
        ) throws -> [UInt8] {
          let transaction = try Transaction1559(
            chainID: chain, nonce: nonce,
            fees: #require(GasFees(maximum: UInt256(maximum), priority: .one)), gasLimit: gas,
            destination: to, value: value, data: data)
          return try Self.sign(transaction, as: 2).raw
        }
        let token = try chain.contract("USDC")
        let stranger = PayoutScene.recipient(1)
        let cases: [([UInt8], SweepRefusal)] = [
          ([], .malformed), (item.transaction.signingPayload, .malformed),
          (try changed(chain: 1), .wrongChain),
          (try changed(to: stranger), .notToTheHotWallet),
          (try changed(value: .zero), .notToTheHotWallet),
          (
            try changed(
              to: token, value: .zero, data: ERC20.transferCall(to: stranger, amount: .one)),
            .notToTheHotWallet
          ),
          (
            try changed(
              to: token, data: ERC20.transferCall(to: Venue.hotWallet, amount: .one)),
            .notToTheHotWallet
          ),
          (
            try changed(
              to: stranger, value: .zero,
              data: ERC20.transferCall(to: Venue.hotWallet, amount: .one)), .assetNotListed
          ),
          (try changed(maximum: 100_000_000_001), .feeTooHigh),
          (try changed(gas: 10_000_000), .gasTooHigh),
        ]
        for (raw, refusal) in cases {
          #expect(try scene.submit(raw: [raw]) == [.failure(refusal)])
        }
        // Signed by a key that is nobody's address here.
        guard let foreign = SecretKey([UInt8](repeating: 3, count: 32)) else { return }
        let raw = item.transaction.signed(by: foreign).raw
        #expect(try scene.submit(raw: [raw]) == [.failure(.notADepositAddress)])
        #expect(try scene.count("select count(*) from core.payout_slot") == 0)
        // One that is refused holds up no other of its batch.
        let good = try scene.sign(scene.plan("ETH"))[0]
        #expect(
          try scene.submit(raw: [raw, good.raw]) == [
            .failure(.notADepositAddress), .success(good.hash),
          ])
        try scene.wait("final") {
          try chain.mine()
          return try scene.outcome(of: venue.address(2), 0) == "paid"
        }
        #expect(try scene.submit(raw: [changed()]) == [.failure(.nonceUsed)])
      }
    }

    /// Signed with fees that became too low: planned again for its nonce, with higher ones.
    @Test func aStuckSweepIsReplaced() throws {
      try PayoutScene.run { scene in
        try scene.pay()
        let (venue, chain) = (scene.venue, scene.chain)
        let first = try scene.sign(scene.plan("ETH"))
        _ = try scene.submit(first)
        try scene.wait("out") { try scene.mempool().count == 1 }
        try chain.setBaseFee(gwei: 40)
        for _ in 0..<3 {
          try chain.setBaseFee(gwei: 40)
          try chain.mine()
        }
        try venue.settle(scene.scanner)
        let again = try scene.plan("ETH")
        let item = try #require(again.items.first)
        #expect(item.transaction.nonce == 0)
        #expect(item.transaction.fees.maximum > first[0].transaction.fees.maximum)
        let second = try scene.sign(again)
        #expect(try scene.submit(second) == [.success(second[0].hash)])
        try scene.wait("replaced") { try scene.mempool() == ["\(second[0].hash)"] }
        try scene.wait("final") {
          try chain.setBaseFee(gwei: 40)
          try chain.mine()
          return try scene.outcome(of: venue.address(2), 0) == "paid"
        }
      }
    }

    /// A block that leaves takes the sweep back; the same bytes are sent again.
    @Test func aSweepThatLeavesTheChainIsSentAgain() throws {
      try PayoutScene.run { scene in
        try scene.pay()
        let (venue, chain) = (scene.venue, scene.chain)
        let signed = try scene.sign(scene.plan("ETH"))
        _ = try scene.submit(signed)
        let hash = "\(signed[0].hash)"
        try scene.wait("out") { try scene.mempool() == [hash] }
        try chain.mine()
        try venue.settle(scene.scanner)
        try chain.reorganise(depth: 1, drop: [hash])
        try venue.settle(scene.scanner)
        #expect(try scene.outcome(of: venue.address(2), 0) == nil)
        try scene.wait("there again") { try scene.mempool() == [hash] }
        try scene.wait("final") {
          try chain.mine()
          return try scene.outcome(of: venue.address(2), 0) == "paid"
        }
      }
    }

    /// Nothing more goes into a wallet whose key somebody else may have.
    @Test func aHaltStopsSweepsToo() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try scene.pay()
        let store = try scene.store()
        try scene.wait("there") { try store.account(Venue.hotWallet) != nil }
        _ = try store.halt(Venue.hotWallet, "looked at by a test")
        let signed = try scene.sign(scene.plan("ETH"))
        _ = try scene.submit(signed)
        try scene.look()
        #expect(try scene.mempool().isEmpty && scene.outcome(of: venue.address(2), 0) == nil)
        try scene.resume()
        try scene.wait("final") {
          try chain.mine()
          return try scene.outcome(of: venue.address(2), 0) == "paid"
        }
      }
    }

    /// Somebody else has the key of a deposit address: it ends, and the operator sees by whom.
    @Test func aForeignTransactionOfADepositAddressIsShown() throws {
      try PayoutScene.run { scene in
        try scene.pay { $0.rules.resendAfter = 3_600_000_000 }
        let (venue, chain) = (scene.venue, scene.chain)
        let address = try venue.address(2)
        let signed = try scene.sign(scene.plan("ETH"))
        let theft = try Transaction1559(
          chainID: 31337, nonce: 0,
          fees: #require(
            GasFees(
              maximum: UInt256(90_000_000_000 as UInt64),
              priority: UInt256(5_000_000_000 as UInt64))),
          gasLimit: 21_000, destination: PayoutScene.recipient(9), value: UInt256(700 as UInt64))
        let thief = try Self.sign(theft, as: 2)
        try chain.call("eth_sendRawTransaction", [Hex.encode(thief.raw)])
        _ = try scene.submit(signed)
        try chain.mine(3)
        try scene.wait("ended") { try scene.outcome(of: address, 0) == "reverted" }
        #expect(venue.reports.all.contains { $0.contains("signed by somebody else") })
        #expect(try scene.sweeps().unknown == [thief.hash])
        // The venue's loss, not a difference: it left through a transaction that the books know.
        #expect(try venue.reconcile().agrees)
      }
    }

    /// A deposit to an address whose sweep is open is credited as ever, and is swept later.
    @Test func aSweepDelaysNoCredit() throws {
      try PayoutScene.run { scene in
        try scene.pay()
        let (venue, chain) = (scene.venue, scene.chain)
        let address = try venue.address(2)
        let signed = try scene.sign(scene.plan("ETH"))
        try chain.fund(address, wei: 5_000_000_000_000_000)
        _ = try scene.submit(signed)
        try scene.wait("out") { try scene.mempool().contains("\(signed[0].hash)") }
        try chain.mine(4)
        #expect(
          try eventually { try venue.balance(2, 1) == 1_005_000_000_000_000_000 })
        try scene.wait("final") { try scene.outcome(of: address, 0) == "paid" }
        let item = try #require(try scene.plan("ETH").items.first)
        #expect(
          item.transaction.nonce == 1 && item.amount > UInt256(4_000_000_000_000_000 as UInt64))
      }
    }

    /// Kills wherever something has just become durable, while gas, sweeps and withdrawals are
    /// under way.
    @Test(arguments: [UInt64(1), 2]) func killsAreHarmless(seed: UInt64) throws {
      try PayoutScene.run { scene in
        let numbers = Mutex(SeededNumbers(seed))
        let kills = Mutex(0)
        try scene.pay { configuration in
          configuration.pollMilliseconds = 5
          configuration.retryMilliseconds = 1
          configuration.onBoundary = { boundary in
            guard numbers.withLock({ $0.once(in: 3) }), kills.withLock({ $0 < 40 }) else { return }
            kills.withLock { $0 += 1 }
            throw ChainCallError(description: "killed at \(boundary)")
          }
        }
        let (venue, chain) = (scene.venue, scene.chain)
        for user in UserID(3)...4 {
          try chain.mint("USDC", to: venue.address(user), 500)
        }
        try chain.mine(4)
        try venue.settle(scene.scanner)
        var last: Int64 = 0
        func count(_ purpose: String) throws -> Int64 {
          try scene.count(
            """
            select count(*) from core.payout_slot where purpose = '\(purpose)' and outcome = 'paid'
            """)
        }
        // Until enough of both was met.
        for round in 0..<40 where try count("sweep") < 3 || count("top_up") < 2 {
          let asset = round % 2 == 0 ? "USDC" : "ETH"
          // The gas that was given stays for the tokens.
          let plan = try scene.plan(asset, minimum: asset == "ETH" ? 10_000_000_000_000_000 : 0)
          _ = try scene.topUp(plan.needs)
          _ = try scene.submit(scene.sign(plan))
          last = try venue.withdraw(Int128(100 + round), of: 0, to: PayoutScene.recipient(3))
          if numbers.withLock({ $0.once(in: 2) }) { try chain.reorganise(depth: 1) }
          for _ in 0..<6 {
            try chain.mine()
            try venue.settle(scene.scanner)
            try scene.waitForLooks(1)
          }
        }
        try venue.reach("confirmed", last, mining: true)
        try scene.wait("all final") {
          try chain.mine()
          return try scene.count("select count(*) from core.payout_slot where outcome is null") == 0
        }
        #expect(kills.withLock { $0 } > 10, "seed \(seed)")
        #expect(try count("sweep") >= 3 && count("top_up") == 2, "seed \(seed)")
      }
    }

    /// By the key of a user's deposit address.
    static func sign(_ transaction: Transaction1559, as user: UInt32) throws -> SignedTransaction {
      let key = try ExtendedPrivateKey(seed: Venue.seed)
      let child = try key.child(user)
      return transaction.signed(by: child.secretKey)
    }
  }
}

extension PayoutScene {
  private func planner() throws -> SweepPlanner {
    try #require(sender).planner(node: ChainNode(url: chain.ready.url))
  }

  func plan(_ asset: String, minimum: Int128 = 0) throws -> SweepPlan {
    let (desk, planner) = (venue.desk, try planner())
    let page = SweepPlanner.Page(asset: asset, minimum: minimum, after: nil, limit: 100)
    let plan = try Self.waited { try await desk.plan(page, planner) }
    return try plan.get()
  }

  /// As the offline key does.
  func sign(_ plan: SweepPlan) throws -> [SignedTransaction] {
    let signer = SweepSigner(
      chainID: 31337, hotWallet: Venue.hotWallet, maximumFee: Venue.payoutRules.maximumFee)
    let requests = plan.items.map {
      SweepRequest(
        user: $0.user, address: $0.address, unsigned: $0.transaction.signingPayload)
    }
    return try signer.sign(requests, with: ExtendedPrivateKey(seed: Venue.seed))
  }

  func submit(_ signed: [SignedTransaction]) throws -> [Result<Hash32, SweepRefusal>] {
    try submit(raw: signed.map(\.raw))
  }

  func submit(raw: [[UInt8]]) throws -> [Result<Hash32, SweepRefusal>] {
    let (desk, rules) = (venue.desk, try planner().rules)
    return try Self.waited { try await desk.submit(sweeps: raw, rules, by: .custody(1)) }
  }

  func topUp(_ needs: [SweepPlan.Need]) throws -> [Address] {
    let (desk, wallet) = (venue.desk, try planner().rules.hotWallet)
    return try Self.waited { try await desk.topUp(needs, from: wallet, by: .custody(1)) }
  }

  func sweeps() throws -> SweepState {
    let desk = venue.desk
    return try Self.waited { try await desk.sweeps() }
  }

  func outcome(of sender: Address, _ nonce: UInt64) throws -> String? {
    let connection = try PostgresConnection(venue.database.audit)
    var parameters = PostgresParameters()
    parameters.bytea(sender.bytes)
    parameters.int8(Int64(nonce))
    let result = try connection.query(
      "select outcome from core.payout_slot where sender = $1 and nonce = $2", parameters)
    return result.rowCount == 1 ? result.optionalString(0, 0) : nil
  }

  private static func waited<Value: Sendable>(
    _ body: @escaping @Sendable () async throws -> Value
  ) throws -> Value {
    let answer = Answer<Result<Value, any Error>>()
    Task {
      do { answer.give(.success(try await body())) } catch { answer.give(.failure(error)) }
    }
    return try answer.wait().get()
  }
}
