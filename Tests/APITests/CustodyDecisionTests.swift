// Decisions about custody that give a user money: two distinct operators, by the engine's rule, the
// second one by its signature over all fields.

import Client
import Engine
import Formats
import Testing
import Wire

@testable import API

@Suite struct CustodyDecisionTests {
  static let credit = #"{"decision":"credit","reason":"anna's contract"}"#
  static let reverted = #"{"outcome":"reverted","reason":"nothing left"}"#
  private static let (creditPath, payoutPath) = ("deposits/1/resolution", "payouts/3/resolve")

  /// Both ways to give alice money: a deposit in review, and a payment that is held.
  private static let both = [(creditPath, credit), (payoutPath, reverted)]

  private func venue(
    of user: UserID = 2, _ body: @escaping @Sendable (Venue) async throws -> Void
  ) async throws {
    try await Venue.run { venue in
      venue.exchange.desk.receive(user, 5, status: .review, block: 5)
      venue.exchange.desk.hold(user)
      try await body(venue)
    }
  }

  private static func propose(
    _ venue: Venue, _ path: String, _ body: String, as caller: String
  ) async throws -> WireAnswer {
    try await venue.send("POST", "/v1/operator/" + path, body: body, as: caller)
  }

  private static func line(_ venue: Venue, _ id: Int = 1) async throws -> WaitingDecision {
    try #require(try await venue.exchange.desk.decision(Int64(id))).line
  }

  /// Signs the line as it is shown, or as `change` makes it.
  private static func approve(
    _ venue: Venue, _ id: Int = 1, as caller: String, signedBy signer: String? = nil,
    _ change: (inout WaitingDecision) -> Void = { _ in }
  ) async throws -> WireAnswer {
    var line = try await line(venue, id)
    change(&line)
    let signature = Hex.string(Venue.signer(signer ?? caller).sign(digest: line.approvalDigest))
    return try await venue.send(
      "POST", "/v1/operator/custody-decisions/\(id)/approve",
      body: #"{"signature":"\#(signature)"}"#, as: caller)
  }

  private static func key(_ name: String) throws -> PublicKey {
    try #require(PublicKey(Venue.signer(name).publicKey))
  }

  private static func expectNothingGiven(_ venue: Venue) {
    #expect(venue.exchange.desk.status(1) == .review && venue.exchange.desk.heldEnd == nil)
  }

  @Test func twoOperatorsGive() async throws {
    try await venue { venue in
      for (number, (path, body)) in Self.both.enumerated() {
        let asked = try await Self.propose(venue, path, body, as: "operator")
        #expect(asked.status == 200, "\(asked.text)")
        #expect(asked.json["status"]?.text == "waiting_approval")
        #expect(asked.json["decision_id"]?.text == "\(number + 1)")
        // The same again is the same.
        let again = try await Self.propose(venue, path, body, as: "operator")
        #expect(again.text == asked.text)
      }
      Self.expectNothingGiven(venue)
      let waiting = try await venue.with("second-operator") { try await $0.waitingDecisions() }
      #expect(waiting.map(\.decision) == [.credit, .reverted])
      #expect(waiting.map(\.requestedBy) == ["1", "1"] && waiting.map(\.user) == ["2", "2"])
      for id in 1...2 {
        let done = try await Self.approve(venue, id, as: "second-operator")
        #expect(done.status == 200 && done.json["status"]?.text == "applied", "\(done.text)")
      }
      #expect(venue.exchange.desk.status(1) == .confirming)
      #expect(venue.exchange.desk.heldEnd == "reverted")
      // Replayed by the same operator it is answered alike; nobody else has anything to approve.
      let replayed = try await Self.approve(venue, as: "second-operator")
      #expect(replayed.json["status"]?.text == "applied", "\(replayed.text)")
      #expect(try await Self.approve(venue, as: "operator").code == "approval_not_found")
      let late = try await Self.propose(venue, Self.creditPath, Self.credit, as: "operator")
      #expect(late.json["status"]?.text == "applied" && late.json["decision_id"] == .null)
      #expect(
        try await venue.send("GET", "/v1/operator/custody-decisions", as: "operator")
          .json["decisions"]?.count == 0)
    }
  }

  /// A second old, a key gives nobody anything, by either of the two.
  @Test func aYoungKeyGivesNothing() async throws {
    try await venue { venue in
      venue.exchange.apply([.operation(.setOperatorDelay(seconds: 600), by: .venue)])
      for (path, body) in Self.both {
        let early = try await Self.propose(venue, path, body, as: "operator")
        #expect(early.status == 409 && early.code == "operator_key_too_new", "\(early.text)")
      }
      venue.exchange.apply([.schedule(.advanceTime((Venue.start + 600) * 1_000_000))])
      for (path, body) in Self.both {
        #expect(try await Self.propose(venue, path, body, as: "operator").status == 200)
      }
      venue.exchange.apply([
        .operation(.registerUser(name: "third-op"), by: .venue),
        .operation(
          .registerKey(user: 5, key: try Self.key("third-op"), role: .operator), by: .venue),
      ])
      for id in 1...2 {
        let young = try await Self.approve(venue, id, as: "third-op")
        #expect(young.status == 409 && young.code == "operator_key_too_new", "\(young.text)")
      }
      Self.expectNothingGiven(venue)
      #expect(try await Self.approve(venue, as: "second-operator").status == 200)
    }
  }

  /// Neither for an own account, nor for one that the operator gave a key to.
  @Test func nobodyGivesWhereItHasAccess() async throws {
    try await venue(of: 5) { venue in
      let granted = Hex.string(Venue.signer("puppet").publicKey)
      let created = try await venue.send(
        "POST", "/v1/operator/users",
        body: #"{"name":"puppet","public_key":"\#(granted)","role":"trader"}"#, as: "operator")
      #expect(created.json["user_id"]?.text == "5", "\(created.text)")
      venue.exchange.apply([
        .operation(
          .registerKey(user: 5, key: try Self.key("puppet-op"), role: .operator), by: .venue)
      ])
      let refusals = [("operator", "approval_by_grantor"), ("puppet-op", "approval_by_owner")]
      for (path, body) in Self.both {
        for (who, code) in refusals {
          let own = try await Self.propose(venue, path, body, as: who)
          #expect(own.status == 403 && own.code == code, "\(who): \(own.text)")
        }
        let asked = try await Self.propose(venue, path, body, as: "second-operator")
        #expect(asked.status == 200, "\(asked.text)")
      }
      for id in 1...2 {
        for (who, code) in refusals {
          let own = try await Self.approve(venue, id, as: who)
          #expect(own.status == 403 && own.code == code, "\(who): \(own.text)")
        }
      }
      Self.expectNothingGiven(venue)
    }
  }

  /// One operator is one, however many keys it has.
  @Test func theSameOperatorTwiceIsOne() async throws {
    try await venue { venue in
      venue.exchange.apply([
        .operation(
          .registerKey(user: 1, key: try Self.key("operator-2"), role: .operator), by: .venue)
      ])
      _ = try await Self.propose(venue, Self.creditPath, Self.credit, as: "operator")
      for key in ["operator", "operator-2"] {
        let own = try await Self.approve(venue, as: key)
        #expect(own.status == 403 && own.code == "approval_by_requester", "\(own.text)")
      }
      Self.expectNothingGiven(venue)
    }
  }

  /// What is signed is what is done: other fields, another key's signature and a deposit that is no
  /// longer the same give nothing.
  @Test func anApprovalIsOfTheseFields() async throws {
    try await venue { venue in
      _ = try await Self.propose(venue, Self.creditPath, Self.credit, as: "operator")
      let changes: [@Sendable (inout WaitingDecision) -> Void] = [
        { $0.amount = decimal("0.00000006") }, { $0.decision = .reverted }, { $0.user = "3" },
        { $0.asset = "USDC" }, { $0.transaction = MemoryDesk.heldTransaction },
        { $0.deposit = "2" }, { $0.decisionID = "2" }, { $0.requestedBy = "4" },
        { $0.reason = "another" }, { $0.outRef = "l1" }, { $0.chain = "main" },
      ]
      for (number, change) in changes.enumerated() {
        let other = try await Self.approve(venue, as: "second-operator", change)
        #expect(
          other.status == 409 && other.code == "approval_mismatch", "\(number): \(other.text)")
      }
      let borrowed = try await Self.approve(venue, as: "second-operator", signedBy: "operator")
      #expect(borrowed.code == "approval_mismatch")
      venue.exchange.desk.setAmount(1, 6)
      let changed = try await Self.approve(venue, as: "second-operator")
      #expect(changed.status == 409 && changed.code == "approval_mismatch", "\(changed.text)")
      Self.expectNothingGiven(venue)
      #expect(try await Self.approve(venue, as: "alice").code == "forbidden")
    }
  }

  /// What a revoked key asked for ends with it, even where the key comes back.
  @Test func aProposalEndsWithItsKey() async throws {
    try await venue { venue in
      _ = try await Self.propose(venue, Self.creditPath, Self.credit, as: "operator")
      let key = try Self.key("operator")
      venue.exchange.apply([
        .operation(.revokeKey(key), by: Authority(user: 0, reason: "stolen"))
      ])
      func waiting() async throws -> Int? {
        try await venue.send("GET", "/v1/operator/custody-decisions", as: "second-operator")
          .json["decisions"]?.count
      }
      let late = try await Self.approve(venue, as: "second-operator")
      #expect(late.status == 409 && late.code == "decision_lapsed", "\(late.text)")
      #expect(try await waiting() == 0)
      venue.exchange.apply([
        .schedule(.advanceTime((Venue.start + 5) * 1_000_000)),
        .operation(
          .registerKey(user: 1, key: try Self.key("spare"), role: .operator), by: .venue),
        .operation(
          .registerKey(user: 1, key: key, role: .operator),
          by: Authority(user: 1, key: try Self.key("spare"), reason: "found again")),
      ])
      #expect(try await Self.approve(venue, as: "second-operator").code == "decision_lapsed")
      Self.expectNothingGiven(venue)
      // In its place another one is proposed.
      let asked = try await Self.propose(
        venue, Self.creditPath, Self.credit, as: "second-operator")
      #expect(asked.json["decision_id"]?.text == "2", "\(asked.text)")
      #expect(try await Self.approve(venue, 2, as: "operator").json["status"]?.text == "applied")
    }
  }

  /// One waits about a deposit or payment; who wants another one refuses it first.
  @Test func oneWaitsAtATime() async throws {
    try await venue { venue in
      _ = try await Self.propose(venue, Self.payoutPath, Self.reverted, as: "operator")
      for (who, outcome) in [("operator", "cancelled"), ("second-operator", "reverted")] {
        let other = try await Self.propose(
          venue, Self.payoutPath, #"{"outcome":"\#(outcome)","reason":"r"}"#, as: who)
        #expect(other.status == 409 && other.code == "decision_waits", "\(other.text)")
      }
      let path = "/v1/operator/custody-decisions/1/refuse"
      for (body, code) in [
        (#"{"reason":""}"#, "reason_missing"), (#"{"reason":"not so"}"#, nil),
        (#"{"reason":"not so"}"#, "approval_not_found"),
      ] {
        let answer = try await venue.send("POST", path, body: body, as: "second-operator")
        #expect(answer.code == code, "\(answer.text)")
      }
      #expect(try await Self.approve(venue, as: "second-operator").code == "approval_not_found")
      let next = try await Self.propose(venue, Self.payoutPath, Self.reverted, as: "operator")
      #expect(next.json["decision_id"]?.text == "2", "\(next.text)")
      // A rejection needs one operator, and ends what waits.
      _ = try await Self.propose(venue, Self.creditPath, Self.credit, as: "operator")
      let rejected = try await Self.propose(
        venue, Self.creditPath, #"{"decision":"reject","reason":"no"}"#, as: "operator")
      #expect(rejected.json["status"]?.text == "applied", "\(rejected.text)")
      #expect(try await Self.approve(venue, 3, as: "second-operator").code == "approval_not_found")
      #expect(venue.exchange.desk.status(1) == .rejected)
    }
  }

  @Test func anExchangeWithoutAChainDecidesNothing() async throws {
    try await Venue.run { venue in
      venue.exchange.hasChain(false)
      let answer = try await venue.send("GET", "/v1/operator/custody-decisions", as: "operator")
      #expect(answer.status == 404 && answer.code == "not_found", "\(answer.text)")
    }
  }
}
