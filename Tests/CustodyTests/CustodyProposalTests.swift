// Decisions that wait for a second operator, as they are stored: done once, of what was proposed,
// after a restart too, and seen in the log.

import Engine
import Ethereum
import Ledger
import Postgres
import TestServers
import Testing

@testable import CoreFixture
@testable import Custody

extension DatabaseTests {
  @Suite struct CustodyProposalTests {
    /// A deposit of 7,000 wei of user 2 that is in review, and a store.
    private func review(
      _ body: (Venue, TestChain, DepositScanner, Int64) throws -> Void
    ) throws {
      let chain = try TestChain(["--traces"])
      defer { chain.stop() }
      let venue = try Venue(TestDatabase(), chain)
      let address = try venue.address(2)
      let scanner = try venue.scan { $0.traces = true }
      try chain.pay(address, wei: 7_000)
      try chain.mine()
      try venue.settle(scanner)
      try body(venue, chain, scanner, try #require(try venue.deposits(2).first).id)
      venue.stop(scanner)
      try venue.checkDeposits()
      #expect(venue.core.halts.all.isEmpty)
    }

    private func store(_ venue: Venue) throws -> CustodyStore {
      try CustodyStore(venue.database.app, chain: "dev", term: venue.custodyCore().term)
    }

    private func new(
      _ matter: CustodyProposal.Matter, by user: UserID, _ reason: String = "r",
      for owner: UserID = 2, replacing: Int64? = nil
    ) -> NewCustodyProposal {
      NewCustodyProposal(
        matter, for: owner, by: .custody(user, reason), at: 7_000_001, replacing: replacing)
    }

    private func approval(_ proposal: Int64, by user: UserID) -> CustodyApproval {
      CustodyApproval(proposal: proposal, authority: .custody(user), signature: [7, 7])
    }

    private func log(_ venue: Venue, _ query: OperatorLogQuery = OperatorLogQuery()) throws
      -> [OperatorLogRow]
    {
      let answer = Answer<[OperatorLogRow]?>()
      let log = OperatorLog(conninfo: venue.database.app)
      Task { answer.give(await log.rows(query)) }
      return try #require(try answer.wait())
    }

    private func lines(_ rows: [OperatorLogRow]) -> [String] {
      rows.filter { $0.key != nil }.map {
        "\($0.operator) \($0.action) \($0.subject) '\($0.reason)'"
      }
    }

    @Test func aCreditTakesTwoAndIsDoneOnce() throws {
      try review { venue, chain, scanner, id in
        let matter = CustodyProposal.Matter.deposit(id)
        var waiting: CustodyProposal?
        do {
          let store = try store(venue)
          // Considered for another account, it is not taken.
          #expect(try store.propose(new(matter, by: 1, for: 3)) == .changed)
          guard case .waits(let proposal) = try store.propose(new(matter, by: 1)) else {
            Issue.record("not taken")
            return
          }
          #expect(proposal.content.user == 2 && proposal.content.amount == 7_000)
          #expect(proposal.authority == .custody(1, "r") && proposal.time == 7_000_001)
          #expect(try store.propose(new(matter, by: 1)) == .waits(proposal))
          #expect(try store.propose(new(matter, by: 1, "other")) == .otherWaits(proposal))
          #expect(try store.propose(new(matter, by: 3)) == .otherWaits(proposal))
          // The same operator is no second one, even here.
          #expect(try store.approve(approval(proposal.id, by: 1)) == .gone)
          waiting = proposal
        }
        // Another process: it still waits, and nothing is credited meanwhile.
        let proposal = try #require(waiting)
        try chain.mine(4)
        try venue.settle(scanner)
        #expect(try venue.balance(2, 1) == 0)
        let store = try store(venue)
        #expect(try store.waitingProposals() == [proposal])
        #expect(try store.approve(approval(proposal.id + 1, by: 9)) == .gone)
        #expect(try store.approve(approval(proposal.id, by: 9)) == .applied)
        #expect(try store.approve(approval(proposal.id, by: 9)) == .applied)
        #expect(try store.approve(approval(proposal.id, by: 8)) == .gone)
        #expect(try store.refuse(proposal.id, by: .custody(8, "late")) == false)
        #expect(try store.propose(new(matter, by: 1)) == .changed)
        #expect(try store.reject(id, by: .custody(8, "late")) == .notInReview(.confirming))
        try chain.mine(4)
        #expect(try eventually { try venue.balance(2, 1) == 7_000 })
        #expect(try venue.database.number("select count(*) from core.custody_decision") == 2)
        #expect(
          lines(try log(venue)) == ["9 approve_credit 2 ''", "1 propose_credit 2 'r'"])
      }
    }

    /// A reorganisation brings another amount in the same place: what was signed was the first.
    @Test func whatIsNoLongerSoIsNotGiven() throws {
      try review { venue, chain, scanner, id in
        let store = try store(venue)
        let matter = CustodyProposal.Matter.deposit(id)
        guard case .waits(let proposal) = try store.propose(new(matter, by: 1)) else {
          Issue.record("not taken")
          return
        }
        for change in ["amount = 7001, raw_amount = 7001", "user_id = 3", "asset = 'BTC'"] {
          let owner = try venue.database.connect(venue.database.owner)
          try owner.execute("begin; update public.deposits set \(change) where id = \(id); commit")
          #expect(try store.approve(approval(proposal.id, by: 9)) == .changed, "\(change)")
          try owner.execute(
            """
            update public.deposits set amount = 7000, raw_amount = 7000, user_id = 2, asset = 'ETH'
            where id = \(id)
            """)
        }
        #expect(try venue.deposits(2).map(\.status) == [.review])
        // Where it stands no longer another one takes its place; a rejection ends that.
        let replaced = try store.propose(new(matter, by: 3, replacing: proposal.id))
        guard case .waits(let second) = replaced else {
          Issue.record("\(replaced)")
          return
        }
        #expect(second.id != proposal.id && second.authority.user == 3)
        #expect(try store.approve(approval(proposal.id, by: 9)) == .gone)
        _ = try store.reject(id, by: .custody(1, "paid back"))
        _ = try store.reject(id, by: .custody(1, "paid back"))
        #expect(try store.waitingProposals().isEmpty)
        #expect(try store.approve(approval(second.id, by: 9)) == .gone)
        #expect(
          lines(try log(venue)) == [
            "1 reject_deposit 2 'paid back'", "3 propose_credit 2 'r'", "1 propose_credit 2 'r'",
          ])
      }
    }

    @Test func theLogIsFilteredAndPaged() throws {
      try review { venue, _, _, id in
        let store = try store(venue)
        let matter = CustodyProposal.Matter.deposit(id)
        for number in 1...3 {
          guard case .waits(let proposal) = try store.propose(new(matter, by: 1)) else {
            Issue.record("not taken")
            return
          }
          #expect(try store.refuse(proposal.id, by: .custody(8, "no \(number)")))
        }
        let all = try log(venue)
        #expect(
          lines(Array(all.prefix(6))) == [
            "8 refuse_credit 2 'no 3'", "1 propose_credit 2 'r'", "8 refuse_credit 2 'no 2'",
            "1 propose_credit 2 'r'", "8 refuse_credit 2 'no 1'", "1 propose_credit 2 'r'",
          ])
        #expect(all[0].key == Authority.custody(8).key)
        #expect(all[0].detail.contains("deposit=\(id) asset=ETH amount_atoms=7000"))
        #expect(try lines(log(venue, OperatorLogQuery(operator: 8))).count == 3)
        #expect(try lines(log(venue, OperatorLogQuery(action: "propose_credit"))).count == 3)
        #expect(
          try lines(log(venue, OperatorLogQuery(action: "refuse_credit", subject: "2"))).count == 3)
        #expect(try log(venue, OperatorLogQuery(subject: "77")).isEmpty)
        // Page by page, with what the engine logged, nothing is missing and nothing comes twice.
        var paged: [OperatorLogRow] = []
        while true {
          let page = try log(venue, OperatorLogQuery(before: paged.last?.place, limit: 2))
          paged += page
          if page.count < 2 { break }
        }
        #expect(paged == all)
      }
    }

    /// One operator alone says that it paid, never that it did not.
    @Test func aPaymentThatHasNotPaidTakesTwo() throws {
      try PayoutScene.run { scene in
        let (venue, chain) = (scene.venue, scene.chain)
        try scene.pay()
        let id = try venue.withdraw(700, of: 0, to: PayoutScene.recipient(1))
        try venue.reach("broadcast", id)
        let stranger = PayoutScene.recipient(9)
        try chain.transact(Venue.hotSecret, to: stranger, nonce: 0, gwei: 90)
        try chain.mine(4)
        try scene.wait("halted") { scene.figures.halted?.hasPrefix("foreign") ?? false }
        let store = try scene.store()
        func matter(_ outcome: PayoutOutcome) -> CustodyProposal.Matter {
          .payout(sender: Venue.hotWallet, nonce: 0, outcome)
        }
        for outcome in [PayoutOutcome.reverted, .cancelled] {
          let isDone = try store.decide(
            .resolve(nonce: 0, outcome), Venue.hotWallet, by: .custody(1, "mine"))
          #expect(!isDone, "\(outcome)")
        }
        guard case .gives(let content, nil) = try store.consider(matter(.cancelled)) else {
          Issue.record("gives nothing")
          return
        }
        // With its fee it comes free again.
        #expect(content.amount == 707 && content.user == 2 && content.withdrawal == id)
        guard case .waits(let proposal) = try store.propose(new(matter(.cancelled), by: 1)) else {
          Issue.record("not taken")
          return
        }
        #expect(try store.propose(new(matter(.reverted), by: 3)) == .otherWaits(proposal))
        try scene.look()
        #expect(try scene.locked(0) == 707)
        #expect(try store.approve(approval(proposal.id, by: 1)) == .gone)
        #expect(try store.approve(approval(proposal.id, by: 9)) == .applied)
        // Until it has come true: the same again is no new decision, and one operator alone does
        // not say otherwise.
        let isPaid = try store.decide(
          .resolve(nonce: 0, .paid), Venue.hotWallet, by: .custody(1, "alone"))
        #expect(!isPaid)
        if case .gives = try store.consider(matter(.cancelled)) {
          Issue.record("a second proposal of what is decided")
        }
        try venue.reach("cancelled", id)
        #expect(try scene.locked(0) == 0)
        #expect(
          lines(try log(venue, OperatorLogQuery(subject: "2"))).prefix(2) == [
            "9 approve_payout_end 2 ''", "1 propose_payout_end 2 'r'",
          ])
        #expect(try store.decide(.resume, Venue.hotWallet, by: .custody(1, "seen")))
        #expect(lines(try log(venue)).first == "1 resume_payouts dev 'seen'")
        // The thief has the key: what is halted for it stays halted.
        scene.stop()
      }
    }
  }
}
