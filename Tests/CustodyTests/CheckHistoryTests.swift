// How good a check still is: by its age, and by what failed since.

import Ethereum
import Testing

@testable import CoreFixture
@testable import Custody

@Suite struct CheckHistoryTests {
  private static let second: Int64 = 1_000_000

  @Test func aCheckIsGoodWhileItIsFreshAndNoneFailed() {
    var checks = CheckHistory<String>(interval: 60 * Self.second)
    func standing(_ seconds: Int64, isFollowing: Bool = true) -> CheckHistory<String>.Standing {
      checks.standing(at: seconds * Self.second, isFollowing: isFollowing)
    }
    #expect(standing(0) == .never && checks.age(at: 0) == nil)
    checks.failed("no node", at: 10 * Self.second)
    #expect(standing(10) == .never && checks.failure?.count == 1)
    checks.succeeded("good", at: 100 * Self.second)
    #expect(standing(100) == .current && checks.failure == nil)
    #expect(standing(220) == .current && checks.age(at: 220 * Self.second) == 120 * Self.second)
    #expect(checks.standing(at: 220 * Self.second + 1, isFollowing: true) == .old)
    // The clock went back: of then nothing is known.
    #expect(standing(99) == .old)
    #expect(standing(110, isFollowing: false) == .behind)
    checks.failed("no node", at: 160 * Self.second)
    checks.failed("none again", at: 170 * Self.second)
    #expect(standing(170) == .failed && standing(220) == .failed && standing(221) == .old)
    #expect(checks.failure?.count == 2 && checks.failure?.reason == "none again")
    #expect(checks.success?.report == "good")
    checks.succeeded("good again", at: 230 * Self.second)
    #expect(standing(230) == .current && checks.failure == nil)
  }

  @Test func checksComeInTime() {
    var checks = CheckHistory<String>(interval: 3_600 * Self.second)
    #expect(checks.pause(at: 0) == 10 * Self.second)
    checks.failed("not scanned yet", at: 0)
    #expect(checks.pause(at: 0) == 60 * Self.second)
    checks.succeeded("good", at: 100 * Self.second)
    #expect(checks.pause(at: 100 * Self.second) == 3_600 * Self.second)
    // Taken up after a restart, late or with a clock that went back.
    #expect(checks.pause(at: 3_000 * Self.second) == 700 * Self.second)
    #expect(checks.pause(at: 99_000 * Self.second) == 10 * Self.second)
    #expect(checks.pause(at: 0) == 10 * Self.second)
    let short = CheckHistory<String>(interval: Self.second)
    #expect(short.pause(at: 0) == Self.second)
  }

  @Test func aReasonIsShort() {
    var checks = CheckHistory<String>(interval: Self.second)
    checks.failed(String(repeating: "x", count: 5_000), at: 0)
    #expect(checks.failure?.reason.utf8.count == 200)
    let none = checks.mapped { _ in String?.none }
    #expect(none.success == nil && none.failure?.count == 1)
  }
}

extension DatabaseTests.SolvencyTests {
  /// The next process knows what the last one found, and what failed since.
  @Test func checksAreKept() throws {
    try Venue.run { venue, _ in
      let store = try CustodyStore(venue.database.app, chain: "dev", term: venue.custodyCore().term)
      func kept() throws -> CheckHistory<String> { try store.storedChecks(interval: 7) }
      #expect(try kept().success == nil && kept().failure == nil && kept().interval == 7)
      try store.save(.init(count: 1, at: 11, reason: "no block"))
      #expect(try kept().success == nil && kept().failure?.reason == "no block")
      try store.save(.init(report: "one", at: 21))
      #expect(try kept().success?.report == "one" && kept().failure == nil)
      try store.save(.init(count: 3, at: 31, reason: "no node"))
      let last = try kept()
      #expect(last.success?.report == "one" && last.success?.at == 21)
      #expect(last.failure?.count == 3 && last.failure?.at == 31)
      try store.save(.init(report: "two", at: 41))
      #expect(try kept().success?.report == "two" && kept().failure == nil)
      #expect(try venue.database.number("select count(*) from core.solvency_check") == 1)
      venue.core.stop()
    }
  }

  /// A node that does not answer is said to be the reason, and gives no report.
  @Test func aNodeThatFailsGivesNoReport() throws {
    try Venue.run { venue, chain in
      #expect(throws: ReconciliationError.self) { try venue.reconcile() }
      let scanner = try venue.scan()
      try chain.mine()
      _ = try venue.address(2)
      try venue.settle(scanner)
      try chain.fault([
        "method": "eth_getBalance", "kind": "error", "times": 100,
        "error": ["code": -32000, "message": "missing trie node"],
      ])
      do {
        _ = try venue.reconcile()
        Issue.record("a report")
      } catch let error as ReconciliationError {
        #expect("\(error)".contains("missing trie node"))
      }
      try chain.call("dev_clearFaults")
      #expect(try venue.reconcile().agrees)
      venue.stop(scanner)
    }
  }
}
