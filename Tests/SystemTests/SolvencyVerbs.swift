// `uncross reconcile`, `uncross solvency` and the figures of both: where chain and books agree and
// all is covered, where they do not, and where nobody knows.

import Client
import Formats
import Foundation
import Postgres
import Testing
import Wire

extension CustodyVerbTests {
  private static let agreement = "chain and books agree, and all that is owed is held"

  func chainAndBooksAgree(_ scene: CustodyScene) async throws {
    try await wait("agreement") { try await scene.admin.reconciliation().agrees }
    let lines = try await scene.lines("reconcile", as: "operator")
    #expect(lines.last == Self.agreement && lines.count == 10, "\(lines)")
    for (owed, books) in zip(lines[2..<5], lines[6..<9]) {
      #expect(owed.hasSuffix(" yes") && books.hasSuffix(" 0"), "\(lines)")
    }
    // Anna paid in 3 ether; 0.6 and 0.1 went out again, with a fee each.
    let ether = lines[2].split(separator: " ")
    #expect(ether[0] == "ETH" && ether[2].hasPrefix("2."), "\(lines)")
    let raw = try await scene.lines("reconcile --raw", as: "operator")[2].split(separator: " ")
    #expect(raw[2].hasPrefix("2") && raw[2].count == 19 && !raw[2].contains("."), "\(raw)")
    let words = lines[0].split { " ,".contains($0) }
    #expect(words.prefix(3) == ["dev", "at", "block"], "\(lines)")
    let block = try #require(words.dropFirst(3).first.flatMap { Int64($0) })
    let looked = try await scene.lines(
      "custody rescan 0 \(block) --reason seen", as: "operator")
    let blocks = looked.first?.split(separator: " ").first.flatMap { Int64($0) } ?? 0
    #expect(blocks > 0 && blocks <= block + 1, "\(looked)")
    #expect(looked.last?.hasSuffix("; 0 deposits had been left out") == true, "\(looked)")
    try await scene.misuse("custody rescan 5 4 --reason seen", as: "operator", "at most 10000")
    for asset in ["ETH", "USDC", "BTC"] {
      #expect(try await scene.figure("difference", #"chain="dev",asset="\#(asset)""#) == 0)
    }
    for asset in ["ETH", "USDC", "BTC"] {
      let labels = #"chain="dev",asset="\#(asset)""#
      #expect(try await scene.figure("covered", labels) == 1)
      let (held, owed) = (
        try await scene.figure("held", labels), try await scene.figure("owed", labels)
      )
      #expect(try #require(held) >= #require(owed))
    }
    #expect(try await scene.figure("solvent", #"chain="dev""#) == 1)
    #expect(try await scene.figure("check_age_seconds", #"chain="dev""#) ?? 99 < 60)
    // The last check, without asking anybody.
    let kept = try await scene.lines("solvency", as: "operator")
    #expect(kept.first == lines.first || kept.last == Self.agreement, "\(kept)")
    #expect(kept.last == Self.agreement && kept[9].contains(" s old, one is due every 60 s"))
    let report = try await scene.admin.solvency()
    #expect(report.solvent && report.check == .current && report.failures == 0)
    #expect(report.report?.block ?? -1 >= block && report.ageSeconds ?? 99 < 60)
    try await scene.refuse("solvency", as: "anna", "forbidden: ")
    // The exchange reconciles by itself too.
    #expect(try await scene.figure("reconciled_block", #"chain="dev""#) ?? -1 >= Double(block))
    #expect(try await scene.figure("node_well", #"chain="dev",node="1""#) == 1)
    // Everybody may read them: no host is named.
    let metrics = try await scene.admin.metrics()
    #expect(!metrics.contains("host=") && !metrics.contains("127.0.0.1"))
    try await scene.refuse("reconcile", as: "anna", "forbidden: ")
  }

  /// Coins that a contract paid from inside a call. Without traces only balances show them, and
  /// whose they are is looked for every ten minutes: until then chain and books differ by them.
  func chainAndBooksDiffer(_ scene: CustodyScene) async throws {
    let address = try await scene.anna.depositAddress().address
    let payment = ["address": address, "wei": "777"]
    try await scene.chain.call("dev_pay", [payment])
    try await wait("the coins to be noticed") {
      try await !scene.admin.reconciliation().agrees
    }
    let lines = try await scene.lines("reconcile", as: "operator", status: 1)
    #expect(lines.last == "chain and books DIFFER: ETH", "\(lines)")
    let ether = try #require(lines.last { $0.hasPrefix("ETH ") })
    #expect(ether.split(separator: " ").last == "0.000000000000000777", "\(ether)")
    let raw = try await scene.lines("reconcile --raw", as: "operator", status: 1)
    let units = try #require(raw.last { $0.hasPrefix("ETH ") })
    #expect(units.split(separator: " ").last == "777", "\(units)")
    let kept = try await scene.lines("solvency", as: "operator", status: 1)
    #expect(kept.last == "chain and books DIFFER: ETH", "\(kept)")
    #expect(try await scene.figure("solvent", #"chain="dev""#) == 0)
    #expect(try await scene.figure("difference", #"chain="dev",asset="ETH""#) == 777)
    #expect(try await scene.anna.deposits().deposits.count == 1)
  }

  /// 140 coins that an operator gave out are owed, and the venue has 100: the books agree with the
  /// chain to the smallest unit.
  func whatIsOwedIsNotHeld(_ scene: CustodyScene) async throws {
    let labels = #"chain="dev",asset="BTC""#
    try await give(scene, "140", "gift")
    try await wait("the gift to be in the books") {
      try await scene.admin.reconciliation().assets.contains { $0.asset == "BTC" && !$0.covered }
    }
    let lines = try await scene.lines("reconcile", as: "operator", status: 1)
    #expect(lines.suffix(2) == ["chain and books DIFFER: ETH", "NOT COVERED: BTC"], "\(lines)")
    let owed = try #require(lines.first { $0.hasPrefix("BTC ") })
    #expect(owed.split(separator: " ") == ["BTC", "100", "140", "-40", "NO"], "\(owed)")
    let books = try #require(lines.last { $0.hasPrefix("BTC ") })
    #expect(books.split(separator: " ").last == "0", "\(books)")
    #expect(try await scene.figure("covered", labels) == 0)
    #expect(try await scene.figure("owed", labels) == 14_000_000_000)
    #expect(try await scene.figure("held", labels) == 10_000_000_000)
    let report = try await scene.admin.solvency()
    #expect(report.check == .current && !report.solvent)
    try await give(scene, "-140", "gift-back")
    try await wait("the gift to be out of the books") {
      try await scene.admin.reconciliation().assets.allSatisfy(\.covered)
    }
  }

  /// A check that fails takes every figure with it; the last one that succeeded is shown with its
  /// age, and not as good.
  func aCheckFails(_ scene: CustodyScene) async throws {
    let labels = #"chain="dev",asset="BTC""#
    #expect(try await scene.figure("covered", labels) == 1)
    let refused: [String: any Sendable] = ["code": -32000, "message": "missing trie node"]
    let fault: [String: any Sendable] = [
      "method": "eth_getBalance", "kind": "error", "error": refused, "times": 100_000,
    ]
    try await scene.chain.call("dev_setFault", [fault])
    try await scene.refuse(
      "reconcile", as: "operator", "unavailable: chain_unavailable", status: 69)
    let report = try await scene.admin.solvency()
    #expect(report.check == .failed && !report.solvent && report.failures > 0)
    #expect(report.failure?.contains("missing trie node") == true, "\(report)")
    #expect(report.report?.assets.count == 3)
    let lines = try await scene.lines("solvency", as: "operator", status: 1)
    #expect(lines.last == "solvency is NOT KNOWN: the last check FAILED", "\(lines)")
    for figure in ["covered", "held", "owed", "difference", "taken"] {
      #expect(try await scene.figure(figure, labels)?.isNaN == true, "\(figure)")
    }
    #expect(try await scene.figure("solvent", #"chain="dev""#)?.isNaN == true)
    #expect(try await scene.figure("failed_checks", #"chain="dev""#) ?? 0 > 0)
    try await scene.chain.call("dev_clearFaults")
    _ = try await scene.admin.reconciliation()
    #expect(try await scene.admin.solvency().check == .current)
    #expect(try await scene.figure("covered", labels) == 1)
  }

  /// The next process knows what the last one found, and that it is old: nothing of it looks good
  /// until the first check of its own, ten seconds later.
  func theLastCheckIsKept(_ scene: CustodyScene, _ arguments: [String]) async throws {
    let block = try await scene.admin.reconciliation().block
    let owner = try PostgresConnection(scene.exchange.database("uncross_owner"))
    try owner.execute("update core.solvency_check set made_at = made_at - interval '1 hour'")
    try await scene.exchange.stop()
    try await scene.exchange.start(arguments, withChain: true)
    let admin = try scene.exchange.client(try scene.exchange.operatorSigner())
    try await wait("the check to be read") { try await admin.solvency().check == .old }
    let kept = try await admin.solvency()
    #expect(kept.report?.block == block && !kept.solvent && kept.ageSeconds ?? 0 >= 3_600)
    try await wait("the first check") { try await admin.solvency().check == .current }
    #expect(try await admin.solvency().report?.block ?? -1 >= block)
  }

  /// The first operator gives, the second one approves: the treasurer registered anna.
  private func give(_ scene: CustodyScene, _ amount: String, _ request: String) async throws {
    let outcome = try await scene.admin.adjust(
      NewAdjustment(
        requestID: request, user: scene.user, asset: "BTC", amount: #require(DecimalAmount(amount)),
        reason: "test"))
    guard outcome.status == .waitingApproval else { return }
    let signer = try RequestSigner(keyFile: scene.key("second"))
    let second = try scene.exchange.client(signer)
    let waiting = try #require(
      try await second.waitingAdjustments().first { $0.adjustmentID == outcome.adjustmentID })
    let booked = try await second.approve(
      adjustment: waiting.adjustmentID, signature: signer.sign(digest: waiting.approvalDigest))
    #expect(booked.status == .booked)
  }
}
