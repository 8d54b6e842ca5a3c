// The scanner on a real chain and a real database: what arrives is credited once, whatever the
// chain does.

import Embedded
import Engine
import Ethereum
import Foundation
import Ledger
import Postgres
import SeededNumbers
import Synchronization
import TestServers
import Testing

@testable import CoreFixture
@testable import Custody

extension DatabaseTests {
  @Suite(.serialized) struct ScannerTests {
    private func venue(
      _ body: (Venue, TestChain) throws -> Void
    ) throws {
      let chain = try TestChain()
      defer { chain.stop() }
      let venue = try Venue(TestDatabase(), chain)
      try body(venue, chain)
      #expect(venue.core.halts.all.isEmpty)
    }

    private func statuses(_ venue: Venue, _ user: UserID) throws -> [DepositStatus] {
      try venue.deposits(user).map(\.status)
    }

    @Test func aDepositIsSeenConfirmedCreditedAndFinal() throws {
      try venue { venue, chain in
        let address = try venue.address(2)
        #expect(try venue.address(2) == address && venue.address(3) != address)
        let scanner = try venue.scan()
        try venue.settle(scanner)
        try chain.fund(address, wei: 5_000)
        try chain.mint("BTC", to: address, 12_345)
        try chain.mine()
        try venue.settle(scanner)
        #expect(try statuses(venue, 2) == [.seen, .seen])
        try chain.mine()
        try venue.settle(scanner)
        #expect(try statuses(venue, 2) == [.confirming, .confirming])
        #expect(try venue.balance(2, 1) == 0)
        try chain.mine()
        try venue.settle(scanner)
        // Ether by its depth of 3; Bitcoin waits for finality, 8 blocks behind the head.
        #expect(try eventually { try venue.balance(2, 1) == 5_000 })
        try chain.mine(7)
        try venue.settle(scanner)
        #expect(try eventually { try venue.balance(2, 2) == 123 })
        #expect(
          try eventually {
            try venue.settle(scanner)
            return try statuses(venue, 2) == [.final, .final]
          })
        let bitcoin = try #require(try venue.deposits(2).first { $0.asset == "BTC" })
        #expect(bitcoin.raw == UInt256(12_345 as UInt64) && bitcoin.amount == 123)
        #expect(bitcoin.dust == UInt256(45 as UInt64) && bitcoin.credited == 123)
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// A forger's log, a token that moves nothing, one below the minimum, a failing transfer, and
    /// one to somebody else: none is credited, and none leaves a row but the dust.
    @Test func whatIsNoDepositIsNotCredited() throws {
      try venue { venue, chain in
        let address = try venue.address(2)
        let scanner = try venue.scan()
        for token in ["FORGER", "FALSE", "FEE"] { try chain.mint(token, to: address, 1_000_000) }
        try chain.mint("USDC", to: address, 9)
        try chain.mint("USDC", to: address, 0)
        try chain.mint("USDC", to: chain.contract("FORWARDER"), 500)
        try chain.fund(address, wei: 999)
        try chain.mine(12)
        try venue.settle(scanner)
        let found = try venue.deposits(2)
        #expect(found.map(\.status) == [.dust, .dust])
        #expect(Set(found.map(\.asset)) == ["ETH", "USDC"] && found.allSatisfy { $0.amount == 0 })
        #expect(try venue.balance(2, 0) == 0 && venue.balance(2, 1) == 0)
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    @Test func twoPaymentsInOneTransactionAreTwoDeposits() throws {
      try venue { venue, chain in
        let address = try venue.address(3)
        let forwarder = try chain.contract("FORWARDER")
        try chain.mint("USDC", to: forwarder, 1_000)
        try chain.call(
          "dev_sendTwice",
          [["token": "USDC", "to": "\(address)", "first": "100", "second": "200"]])
        try chain.mine(4)
        let scanner = try venue.scan()
        #expect(try eventually { try venue.balance(3, 0) == 300 })
        try venue.settle(scanner)
        #expect(try Set(venue.deposits(3).map(\.outRef)) == ["l0", "l1"])
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// Shallower than the depth, equal to it, and at equal height: the transaction comes again
    /// elsewhere in its block, and is one deposit.
    @Test(arguments: [(1, 2), (2, 3), (3, 4), (2, 2)])
    func aDepositThatIsMinedAgainIsOneDeposit(depth: Int, blocks: Int) throws {
      try venue { venue, chain in
        let address = try venue.address(2)
        let scanner = try venue.scan()
        // A neighbour before it, which leaves: the deposit's index in the block shifts.
        let neighbour = try chain.mint("USDC", to: venue.address(3), 50)
        try chain.mint("USDC", to: address, 700)
        try chain.mine(depth)
        try venue.settle(scanner)
        let before = try #require(try venue.deposits(2).first)
        try chain.reorganise(depth: depth, blocks: blocks, drop: [neighbour])
        try chain.mine(0)
        try venue.settle(scanner)
        // The neighbour's nonce is gone: ours waits until somebody fills it.
        try chain.fund(try chain.contract("FORGER"), wei: 1)
        try chain.mine(4)
        #expect(try eventually { try venue.balance(2, 0) == 700 })
        try venue.settle(scanner)
        let after = try venue.deposits(2)
        #expect(after.count == 1 && after[0].id == before.id && after[0].block != before.block)
        // At the depth of 3 it had been credited.
        let gone = try venue.deposits(3).map(\.status)
        #expect(gone == [depth < 3 ? .orphaned : .clawback])
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// Deeper than its depth, and mined again at once: the credit and its number stay.
    @Test(arguments: [(4, 5), (6, 9), (7, 7)])
    func aDeepReorganisationThatBringsItAgainKeepsTheCredit(depth: Int, blocks: Int) throws {
      try venue { venue, chain in
        let address = try venue.address(2)
        let scanner = try venue.scan()
        try chain.mint("USDC", to: venue.address(3), 50)
        try chain.mint("USDC", to: address, 700)
        try chain.mine(depth)
        #expect(try eventually { try venue.balance(2, 0) == 700 })
        try venue.settle(scanner)
        let before = try #require(try venue.deposits(2).first)
        try chain.reorganise(depth: depth, blocks: blocks)
        // One of equal height is seen by its hash only.
        #expect(eventually { scanner.currentFigures().reorganisations == 1 })
        try venue.settle(scanner)
        let after = try #require(try venue.deposits(2).first)
        #expect(after.block != before.block && after.credited == 700)
        #expect(after.creditNumber == before.creditNumber && after.clawbackNumber == nil)
        #expect(try venue.balance(2, 0) == 700 && venue.balance(3, 0) == 50)
        #expect(venue.core.ask { $0.isFrozen(2) } == false)
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    @Test func aDropBeforeTheCreditIsOrphanedAndMayComeAgain() throws {
      try venue { venue, chain in
        let address = try venue.address(2)
        let scanner = try venue.scan()
        let hash = try chain.fund(address, wei: 8_000)
        try chain.mine(2)
        try venue.settle(scanner)
        try chain.reorganise(depth: 2, blocks: 5, drop: [hash])
        try venue.settle(scanner)
        #expect(try statuses(venue, 2) == [.orphaned])
        try chain.mine(5)
        try venue.settle(scanner)
        #expect(try venue.balance(2, 1) == 0)
        #expect(scanner.currentFigures().reorganisations == 1)
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// Deeper than the depth: what was credited is taken back, from the user or, where it is spent,
    /// from the venue's loss account; the user is frozen.
    @Test(arguments: [false, true]) func aDropAfterTheCreditIsTakenBack(isSpent: Bool) throws {
      try venue { venue, chain in
        let address = try venue.address(2)
        let scanner = try venue.scan()
        let hash = try chain.fund(address, wei: 8_000)
        try chain.mine(4)
        #expect(try eventually { try venue.balance(2, 1) == 8_000 })
        try venue.settle(scanner)
        if isSpent {
          #expect(
            try venue.core.submit([Load.adjust(2, 1, -7_000, "spent")]).get()[0].rejection == nil)
        }
        try chain.reorganise(depth: 4, blocks: 6, drop: [hash])
        #expect(try eventually { try venue.balance(2, 1) == 0 })
        try venue.settle(scanner)
        #expect(try statuses(venue, 2) == [.clawback])
        #expect(venue.core.ask { $0.isFrozen(2) } == true)
        let loss = try #require(
          venue.core.ask { $0.balance(Bounds.lossAccount, 1).total })
        #expect(loss == (isSpent ? -7_000 : 0))
        #expect(venue.reports.all.contains { $0.contains("taken back") })
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// Taken back, and mined again after all: credited anew, under a new number.
    @Test func aClawbackThatComesAgainIsCreditedAgain() throws {
      try venue { venue, chain in
        let address = try venue.address(2)
        let scanner = try venue.scan()
        let hash = try chain.fund(address, wei: 8_000)
        try chain.mine(4)
        #expect(try eventually { try venue.balance(2, 1) == 8_000 })
        try venue.settle(scanner)
        // It leaves the chain, but waits.
        try chain.call("dev_hold", [hash])
        try chain.reorganise(depth: 4, blocks: 6)
        #expect(try eventually { try venue.balance(2, 1) == 0 })
        try venue.settle(scanner)
        try chain.call("dev_hold", [hash, false])
        try chain.mine(5)
        #expect(try eventually { try venue.balance(2, 1) == 8_000 })
        try venue.settle(scanner)
        let deposit = try #require(try venue.deposits(2).first)
        #expect(deposit.creditNumber == 2 && deposit.clawbackNumber == nil)
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    @Test func aNodeOfAnotherChainHaltsCustodyOnly() throws {
      try venue { venue, chain in
        try chain.call("dev_claim", [["chain_id": 1]])
        let scanner = try venue.scan()
        #expect(eventually { scanner.currentFigures().halted != nil })
        #expect(scanner.currentFigures().halted == .wrongChain(expected: 31337, found: 1))
        scanner.stop()
        try chain.call("dev_claim", [[:]])
        let second = try venue.scan()
        try venue.settle(second)
        second.stop()
        try chain.call("dev_claim", [["genesis": "0x" + String(repeating: "ab", count: 32)]])
        let third = try venue.scan()
        #expect(eventually { third.currentFigures().halted == .wrongGenesis })
        #expect(
          try venue.core.submit([.venue(.activateRules(version: 1))]).get()[0].rejection == nil)
        venue.stop(third)
        try venue.checkDeposits()
      }
    }

    /// Late, later than anybody waits, cut off, refused, told to go slower, not JSON, larger than
    /// any answer may be, nothing, without logs.
    private static var faults: [[String: Any]] {
      [
        ["kind": "delay", "milliseconds": 300],
        ["kind": "delay", "milliseconds": 1_300],
        ["kind": "drop"], ["kind": "error"],
        [
          "kind": "error", "error": ["code": -32602, "message": "query exceeds max block range 2"],
        ],
        ["kind": "error", "error": ["code": 35, "message": "batch limit 2 exceeded"]],
        ["kind": "error", "error": ["code": -32005, "message": "limit exceeded"]],
        ["kind": "status", "status": 429], ["kind": "status", "status": 503], ["kind": "malformed"],
        ["kind": "huge", "bytes": 1 << 16], ["kind": "huge", "bytes": 2 << 20],
        ["kind": "result", "result": NSNull()], ["kind": "result", "result": "0x0"],
        ["kind": "omit_logs"], ["kind": "accept_then_drop"],
      ]
    }

    /// Each fault is met, by the blocks of a range, the receipts of a block, and what is asked
    /// before a credit while two deposits wait for it. Nothing is lost and nothing comes twice.
    @Test(arguments: [
      ("eth_getBlockByNumber", 3, 1), ("eth_getBlockReceipts", 1, 2),
      ("eth_getTransactionReceipt", 2, 1), ("eth_getTransactionByHash", 2, 1),
    ]) func faultsOfTheNodeAreWaitedOut(method: String, batch: Int, times: Int) throws {
      try venue { venue, chain in
        let address = try venue.address(2)
        var limits = Venue.nodeLimits
        (limits.seconds, limits.bodyBytes) = (1, 1 << 20)
        let first = try venue.scan(limits: limits)
        try venue.settle(first)
        first.stop()
        var expected: Int128 = 0
        var (errors, doubts) = (0, 0)
        for fault in Self.faults {
          for _ in 0..<2 { try chain.mint("USDC", to: address, 1_000) }
          expected += 2_000
          try chain.mine(3)
          // What is only late is asked for once.
          let isLate = fault["milliseconds"] as? Int == 300
          let aim: [String: Any] = [
            "method": method, "batch_from": batch, "times": isLate ? 1 : times,
          ]
          try chain.fault(fault.merging(aim) { own, _ in own })
          // Begins with a range of three blocks, whatever it came to before.
          let scanner = try venue.scan(limits: limits) {
            ($0.limits.blocks, $0.nodePauseMilliseconds, $0.retryMilliseconds) = (3, 20, 5)
          }
          #expect(
            try eventually(within: 20) { try venue.balance(2, 0) == expected },
            "\(fault): \(scanner.currentFigures())")
          #expect(try chain.faults() == 0, "\(fault)")
          let figures = scanner.currentFigures()
          #expect(figures.halted == nil, "\(fault)")
          errors += figures.nodeErrors
          doubts += figures.doubts
          scanner.stop()
        }
        #expect(venue.core.projection.drain(withinSeconds: 20))
        #expect(errors > 3 && (doubts >= 1 || method != "eth_getBlockReceipts"), "\(errors)")
        venue.core.stop()
        try venue.checkDeposits()
      }
    }

    @Test func aStaleNodeAndAStalledFinalityAreWaitedFor() throws {
      try venue { venue, chain in
        let address = try venue.address(2)
        try chain.mine(10)
        let scanner = try venue.scan()
        try venue.settle(scanner)
        try chain.options(["head_lag": 6])
        #expect(eventually { scanner.currentFigures().state == "node_behind" })
        try chain.options(["head_lag": 0, "finalized_stalled": 2])
        try chain.mint("BTC", to: address, 10_000)
        try chain.mine(30)
        try venue.settle(scanner)
        #expect(try venue.balance(2, 2) == 0 && statuses(venue, 2) == [.confirming])
        try chain.options(["finalized_stalled": NSNull()])
        #expect(try eventually { try venue.balance(2, 2) == 100 })
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// Somebody must know when finality stands still, once, and that it goes on.
    @Test func aFinalityThatStandsStillIsTold() throws {
      try venue { venue, chain in
        try chain.mine(12)
        let scanner = try venue.scan { $0.finalityAlarmBlocks = 10 }
        try venue.settle(scanner)
        try chain.options(["finalized_stalled": 4])
        try chain.mine(9)
        try venue.settle(scanner)
        #expect(!scanner.currentFigures().isFinalityStalled)
        for _ in 0..<3 {
          try chain.mine()
          #expect(eventually { scanner.currentFigures().state == "finality_stalled" })
        }
        let figures = scanner.currentFigures()
        #expect(figures.isFinalityStalled && figures.isFollowing)
        try chain.options(["finalized_stalled": NSNull()])
        try venue.settle(scanner)
        #expect(!scanner.currentFigures().isFinalityStalled)
        #expect(venue.reports.all.count { $0.contains("no block became final") } == 1)
        #expect(venue.reports.all.count { $0.contains("finality goes on") } == 1)
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// Each step as it was: in its own block, and with what the balance had of it then.
    @Test func stepsAreOfTheirTime() throws {
      try venue { venue, chain in
        let address = try venue.address(2)
        let scanner = try venue.scan()
        try venue.settle(scanner)
        let hash = try chain.fund(address, wei: 8_000)
        try chain.mine(4)
        #expect(try eventually { try venue.balance(2, 1) == 8_000 })
        try venue.settle(scanner)
        try chain.call("dev_hold", [hash])
        let first = try #require(try venue.deposits(2).first).block
        try chain.reorganise(depth: 4, blocks: 6)
        #expect(try eventually { try venue.balance(2, 1) == 0 })
        try venue.settle(scanner)
        try chain.call("dev_hold", [hash, false])
        try chain.mine(4)
        #expect(try eventually { try venue.balance(2, 1) == 8_000 })
        try venue.settle(scanner)
        let second = try #require(try venue.deposits(2).first).block
        let store = try CustodyStore(
          venue.database.app, chain: "dev", term: venue.custodyCore().term)
        let steps = try store.steps(of: 2, after: 0, limit: 100).map(\.deposit)
        let before = steps.filter { $0.block == first }
        let after = steps.filter { $0.block == second }
        #expect(first != second && before.count + after.count == steps.count)
        func told(_ steps: [Deposit]) -> [String] {
          steps.map { "\($0.status) \($0.credited) \($0.creditNumber ?? 0)" }
        }
        #expect(
          told(before) == [
            "seen 0 0", "confirming 0 0", "confirming 0 1", "credited 8000 1", "orphaned 8000 1",
            "clawback 0 1",
          ])
        #expect(told(after).first == "clawback 0 1" && told(after).last == "credited 8000 2")
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// One address a turn, as of one final block; what is below the minimum is nobody's to look at.
    @Test func aLookByBalanceGoesInSlices() throws {
      try venue { venue, chain in
        let addresses = try (UInt32(2)...4).map { try venue.address($0) }
        let scanner = try venue.scan {
          ($0.surplusSeconds, $0.surplusSlice, $0.pollMilliseconds) = (0.05, 1, 5)
        }
        try chain.pay(addresses[0], wei: 7_000)
        try chain.pay(addresses[1], wei: 777)
        try chain.pay(addresses[2], wei: 9_000)
        try chain.mine(9)
        let isFound = try eventually {
          try chain.mine()
          try venue.settle(scanner)
          return try (UInt32(2)...4).allSatisfy { try !venue.deposits($0).isEmpty }
        }
        #expect(isFound)
        for _ in 0..<6 {
          try chain.mine()
          try venue.settle(scanner)
        }
        let found = try (UInt32(2)...4).map { try venue.deposits($0) }
        #expect(found.map(\.count) == [1, 1, 1])
        #expect(found.flatMap { $0 }.map(\.status) == [.review, .dust, .review])
        #expect(
          found.flatMap { $0 }.map(\.raw) == [7_000, 777, 9_000].map { UInt256($0 as UInt64) })
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// As many deposits as are looked at together wait for a finality that stalls; another asset's
    /// go on.
    @Test func anAssetThatWaitsHoldsUpNoOther() throws {
      try venue { venue, chain in
        let address = try venue.address(2)
        try chain.options(["finalized_stalled": 1])
        for _ in 0..<5 { try chain.mint("BTC", to: address, 10_000) }
        try chain.mine()
        let scanner = try venue.scan { $0.creditBatch = 2 }
        for _ in 0..<5 { try chain.fund(address, wei: 2_000) }
        try chain.mine(4)
        #expect(try eventually(within: 20) { try venue.balance(2, 1) == 10_000 })
        #expect(try venue.balance(2, 2) == 0)
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// From a value on a second node must have it too; one that lags, or is of another chain, does
    /// not count.
    @Test func aSecondNodeMustAgreeAboutMuch() throws {
      let other = try TestChain()
      defer { other.stop() }
      try venue { venue, chain in
        let address = try venue.address(2)
        let scanner = try venue.scan(nodes: [other.ready.url], secondNodeFrom: 10_000)
        try chain.fund(address, wei: 9_999)
        try chain.fund(address, wei: 10_000)
        try chain.mine(5)
        #expect(try eventually { try venue.balance(2, 1) == 9_999 })
        #expect(eventually { scanner.currentFigures().state == "second_node_disagrees" })
        #expect(try venue.balance(2, 1) == 9_999)
        // The same transactions in the same blocks: the other node has them now.
        try other.fund(address, wei: 9_999)
        try other.fund(address, wei: 10_000)
        try other.mine(5)
        #expect(try other.height() == chain.height())
        #expect(try eventually { try venue.balance(2, 1) == 19_999 })
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// A payment from inside a call is no transfer of any block: it is found by balance, once it is
    /// final, and waits for a person; the reconciliation counts it.
    @Test func aPaymentFromInsideACallGoesToReview() throws {
      try venue { venue, chain in
        let address = try venue.address(2)
        let scanner = try venue.scan { $0.surplusSeconds = 0.05 }
        try chain.pay(address, wei: 7_770)
        try chain.fund(address, wei: 5_000)
        try chain.mine(4)
        #expect(try eventually { try venue.balance(2, 1) == 5_000 })
        try venue.settle(scanner)
        // Not final yet: the books say less than the chain.
        #expect(try venue.reconcile().assets.map(\.difference) == [7_770, 0, 0])
        try chain.mine(8)
        // Two final blocks say so.
        #expect(
          try eventually {
            try chain.mine()
            return try statuses(venue, 2).contains(.review)
          })
        try chain.mine(5)
        try venue.settle(scanner)
        let review = try venue.deposits(2).filter { $0.status == .review }
        #expect(review.map(\.raw) == [UInt256(7_770 as UInt64)] && review[0].amount == 0)
        #expect(try venue.balance(2, 1) == 5_000)
        #expect(try venue.reconcile().agrees)
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// Wallets that had coins before the first scanned block: they are the venue's, once.
    @Test func whatWalletsHeldBeforeIsTheVenues() throws {
      try venue { venue, chain in
        try chain.fund(Venue.hotWallet, wei: 9_000)
        try chain.mint("USDC", to: Venue.hotWallet, 700)
        let height = try chain.mine(2)
        for round in 1...2 {
          let scanner = try venue.scan(start: height + 1)
          try chain.fund(venue.address(2), wei: 5_000)
          try chain.fund(Venue.hotWallet, wei: 50)
          try chain.mine(3)
          try venue.settle(scanner)
          let books = try venue.reconcile()
          #expect(books.agrees, "\(books)")
          #expect(books.assets.map(\.float) == [Int128(9_000 + 50 * round), 700, 0])
          scanner.stop()
        }
        venue.core.stop()
      }
    }

    /// The scan begins before the token's contract was made, or where a node has no state any more:
    /// custody goes on.
    @Test(arguments: [
      ["kind": "result", "result": "0x"],
      ["kind": "error", "error": "missing trie node"],
    ]) func whatIsNotKnownOfAWalletHoldsUpNothing(fault: [String: String]) throws {
      try venue { venue, chain in
        let height = try chain.mine(2)
        var answer: [String: Any] = fault.merging(["method": "eth_call"]) { own, _ in own }
        if let message = fault["error"] { answer["error"] = ["code": -32000, "message": message] }
        // One question a token, and again one by one where it is refused.
        answer["times"] = 2
        try chain.fault(answer)
        let scanner = try venue.scan(start: height + 1)
        try chain.mint("USDC", to: venue.address(2), 1_000)
        try chain.mine(3)
        #expect(try eventually { try venue.balance(2, 0) == 1_000 })
        #expect(venue.reports.all.contains { $0.contains("is not known") })
        try chain.call("dev_clearFaults")
        try venue.settle(scanner)
        #expect(try venue.reconcile().agrees)
        venue.stop(scanner)
      }
    }

    /// What the chain lacks is noticed: a token that takes a fee logs more than arrives, and coins
    /// that an operator gave out are not on the chain.
    @Test func theReconciliationNamesWhatIsMissing() throws {
      try venue { venue, chain in
        let address = try venue.address(2)
        let scanner = try venue.scan()
        try chain.fund(address, wei: 5_000)
        try chain.mint("BTC", to: address, 12_345)
        try chain.mint("USDC", to: address, 5)
        try chain.mine(2)
        try venue.settle(scanner)
        #expect(try venue.reconcile().agrees, "before the credit")
        try chain.mine(12)
        #expect(try eventually { try venue.balance(2, 2) == 123 })
        try venue.settle(scanner)
        #expect(try venue.core.submit([Load.adjust(3, 1, 9, "gift")]).get()[0].rejection == nil)
        #expect(venue.core.projection.drain(withinSeconds: 10))
        let books = try venue.reconcile()
        #expect(books.agrees && books.assets.map(\.adjustments) == [9, 0, 0])
        #expect(books.assets.map(\.users) == [5_009, 0, 123])
        #expect(books.assets.map(\.unbooked) == [0, 5, 45].map { UInt256($0 as UInt64) })
        try venue.database.forge("update public.balance set free = free + 1, total = total + 1")
        #expect(try venue.reconcile().assets[0].difference == -2)
        scanner.stop()
        venue.core.stop()
      }
    }

    /// Why such a token must not be listed: its log says more than arrives, the user gets what the
    /// log says, and the reconciliation names what is missing to the smallest unit, before the
    /// credit and after.
    @Test func aTokenWithAFeeIsNoticedByTheReconciliationOnly() throws {
      let chain = try TestChain()
      defer { chain.stop() }
      let venue = try Venue(TestDatabase(), chain, listsFee: true)
      let fee = Command.operation(
        .createAsset(AssetDefinition(code: "FEE", decimals: 6, adjustmentLimit: 1 << 100)),
        by: .venue)
      #expect(try venue.core.submit([fee]).get()[0].rejection == nil)
      let address = try venue.address(2)
      let scanner = try venue.scan()
      try chain.mint("FEE", to: address, 123_457)
      try chain.fund(address, wei: 5_000)
      try chain.mine()
      try venue.settle(scanner)
      #expect(try venue.deposits(2).contains { $0.asset == "FEE" && $0.amount == 123_457 })
      // 1 % of it, rounded down, went to the token's owner.
      #expect(try venue.reconcile().assets.map(\.difference) == [0, 0, 0, -1_234])
      try chain.mine(3)
      #expect(try eventually { try venue.balance(2, 3) == 123_457 })
      try venue.settle(scanner)
      let books = try venue.reconcile()
      #expect(!books.agrees && books.assets.map(\.difference) == [0, 0, 0, -1_234])
      #expect(books.assets[3].held == UInt256(122_223 as UInt64))
      #expect(books.assets[3].users == 123_457)
      venue.stop(scanner)
      try venue.checkDeposits(differences: ["FEE": -1_234])
    }

    /// The scanner forgets everything at each moment when one thing is durable and the next is not,
    /// again and again, while deposits arrive, leave and come again.
    @Test(arguments: [UInt64(1), 2, 3]) func aKillAtAnyBoundaryIsHarmless(seed: UInt64) throws {
      try venue { venue, chain in
        var numbers = SeededNumbers(seed)
        let addresses = try (UInt32(2)...4).map { try venue.address($0) }
        let kills = Mutex(
          (numbers: SeededNumbers(seed &+ 99), met: [DepositScanner.Boundary: Int]()))
        let scanner = try venue.scan { configuration in
          configuration.limits.blocks = 3
          configuration.pollMilliseconds = 5
          configuration.retryMilliseconds = 1
          configuration.onBoundary = { boundary in
            try kills.withLock { kills in
              // Each boundary is met some times, then the rest may come to its end.
              guard kills.met[boundary, default: 0] < 12, kills.numbers.once(in: 3) else { return }
              kills.met[boundary, default: 0] += 1
              throw ChainCallError(description: "killed at \(boundary)")
            }
          }
        }
        var recent: [String] = []
        for _ in 0..<40 {
          for _ in 0..<numbers.below(4) {
            let address = numbers.pick(addresses)
            recent.append(
              numbers.once(in: 2)
                ? try chain.fund(address, wei: Int128(1_000 + numbers.below(9_000)))
                : try chain.mint("USDC", to: address, Int128(10 + numbers.below(90_000))))
          }
          if numbers.once(in: 6), try chain.height() > 12 {
            let depth = 1 + numbers.below(5)
            let drop = numbers.once(in: 2) ? [numbers.pick(recent.suffix(6))] : []
            try chain.reorganise(depth: depth, drop: drop)
          } else {
            try chain.mine(1 + numbers.below(2))
          }
          Thread.sleep(forTimeInterval: 0.02)
        }
        // What was dropped left a gap in the payer's numbers; the next payment fills it.
        try chain.fund(chain.contract("FORGER"), wei: 1)
        try chain.mine(14)
        let isQuiet = try eventually(within: 60) {
          try venue.settle(scanner)
          return try venue.database.number(
            """
            select count(*) from public.deposits where status in ('seen', 'confirming')
              or status = 'clawback' and clawback_seq is null
              or status = 'orphaned' and credit_no is not null
            """) == 0
        }
        #expect(isQuiet, "seed \(seed): \(scanner.currentFigures())")
        let met = kills.withLock { $0.met }
        #expect(met.count == DepositScanner.Boundary.allCases.count, "\(met)")
        #expect(scanner.currentFigures().halted == nil, "seed \(seed)")
        #expect(try venue.reconcile().agrees, "seed \(seed)")
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }

    /// Deep in the chain a scan goes in steps, and a restart goes on where it ended.
    @Test func aBacklogIsScannedInStepsAndAcrossRestarts() throws {
      try venue { venue, chain in
        let address = try venue.address(2)
        for _ in 0..<5 {
          try chain.fund(address, wei: 2_000)
          try chain.mine(30)
        }
        for _ in 0..<4 {
          let scanner = try venue.scan {
            ($0.limits.blocks, $0.creditBatch) = (7, 2)
          }
          _ = eventually(within: 0.15) { scanner.currentFigures().state == "caught_up" }
          scanner.stop()
        }
        let scanner = try venue.scan()
        #expect(try eventually { try venue.balance(2, 1) == 10_000 })
        try venue.settle(scanner)
        #expect(try venue.database.number("select count(*) from public.scanned_blocks") == 152)
        venue.stop(scanner)
        try venue.checkDeposits()
      }
    }
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
