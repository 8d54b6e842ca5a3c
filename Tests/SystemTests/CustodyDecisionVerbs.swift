// Two operators decide what a person credits, as they type it.

import Client
import Formats
import Postgres
import Testing
import Wire

extension CustodyVerbTests {
  /// A deposit that the chain knows nothing of, in review: two operators credit it, and it waits
  /// for the chain.
  func aCreditTakesTwo(_ scene: CustodyScene) async throws {
    let owner = try PostgresConnection(scene.exchange.database("uncross_owner"))
    try owner.execute(
      """
      insert into public.deposits(chain, tx_hash, out_ref, user_id, asset, address, sender,
        block_height, block_hash, raw_amount, amount, dust, scale, status, reason, created_at,
        updated_at)
      select chain, sha256('another'), 'l0', user_id, asset, address, sender, block_height,
        block_hash, 9, 9, 0, 1, 'review', 'by hand', now(), now()
      from public.deposits where id = 1
      """)
    let id = try #require(try await scene.admin.allDeposits(status: .review).deposits.first?.id)
    let credit = "resolve-deposit \(id) --credit --reason seen"
    #expect(try await scene.lines("custody-decisions", as: "operator") == ["none waits"])
    let asked = try await scene.lines(credit, as: "operator")
    let next = "decision 1 waits for another operator: uncross custody-decisions approve 1"
    #expect(asked == [next])
    #expect(try await scene.lines(credit, as: "operator") == [next])
    try await scene.refuse(credit, as: "second", "decision_waits: ")
    try await scene.refuse(credit, as: "anna", "forbidden: ")
    let listed = try await scene.lines("custody-decisions list", as: "second")
    #expect(listed.count == 2 && listed[1].hasSuffix(" seen"), "\(listed)")
    let waiting = try #require(try await scene.admin.waitingDecisions().first)
    #expect(waiting.deposit == id && waiting.user == scene.user && waiting.requestedBy == "1")
    let digest = Hex.string(waiting.approvalDigest)
    let fields =
      waiting.approvalText.split(separator: "\n").map { String($0) } + ["digest \(digest)"]
    let shown = try await scene.lines("custody-decisions approve 1", as: "second")
    #expect(shown == fields + ["to approve this: --yes \(digest)"])
    let approve = "custody-decisions approve 1 --yes \(digest)"
    let own = try await scene.lines(approve, as: "operator", status: 1)
    #expect(own.contains { $0.hasPrefix("approval_by_requester: ") }, "\(own)")
    #expect(try await scene.admin.allDeposits(status: .review).deposits.count == 1)
    let done = try await scene.lines(approve, as: "second")
    #expect(done == fields + ["decision 1 is applied"])
    try await scene.refuse(approve, as: "second", "no decision 1 waits for approval")
    try await scene.refuse(
      "custody-decisions refuse 1 --reason late", as: "second", "approval_not_found: ")
    #expect(try await scene.admin.allDeposits(status: .review).deposits.isEmpty)
    let rows = try await scene.admin.operatorLog(limit: 2).rows
    #expect(rows.map(\.action) == ["approve_credit", "propose_credit"])
    #expect(rows.map(\.reason) == ["", "seen"] && rows.allSatisfy { $0.publicKey != nil })
    let log = try await scene.lines("log --action propose_credit", as: "operator")
    #expect(log.count == 2 && log[1].contains(" seen "), "\(log)")
    // What found nothing to do is no decision: no payment was halted when they were resumed.
    let resumed = try await scene.admin.operatorLog(action: "resume_payouts").rows
    #expect(resumed.isEmpty)
  }
}
