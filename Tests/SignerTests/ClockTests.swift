// The signer's time against wall clocks that are set: no step forward renews a day's limits.

import Ethereum
import SeededNumbers
import Testing

@testable import Signer

@Suite struct ClockTests {
  /// Both clocks, set by the test.
  private final class Clocks {
    var wall: Int64
    var boot: Int64 = 5_000

    init(wall: Int64) { self.wall = wall }

    var clock: SignerClock { SignerClock(wall: { self.wall }, boot: { self.boot }) }

    func pass(_ seconds: Int64) {
      wall += seconds
      boot += seconds
    }
  }

  private func desk(_ clocks: Clocks, _ directory: TemporaryDirectory) throws -> SignerDesk {
    let log = directory.file("log")
    return try SignerDesk(
      key: Accounts.key(), policy: policy(), log: log, .fitting(log), clock: clocks.clock)
  }

  private func isSigned(
    _ transaction: Transaction1559, _ desk: inout SignerDesk
  ) throws -> Bool {
    switch try desk.sign(unsigned: transaction.signingPayload) {
    case .signed: return true
    case .refused(let refusal):
      #expect(refusal == .overDayLimit)
      return false
    }
  }

  @Test func aStepForwardRenewsNothing() throws {
    let directory = try TemporaryDirectory()
    let clocks = Clocks(wall: 1_000_000)
    var desk = try desk(clocks, directory)
    for nonce in 0..<3 as Range<UInt64> {
      #expect(try isSigned(pay(1_000, nonce: nonce), &desk))
    }
    // A day ahead, a year ahead, and the day minus the tolerance and a second of true time.
    for step in [86_400, 31_536_000] as [Int64] {
      clocks.wall += step
      #expect(try !isSigned(pay(1, nonce: 3), &desk))
      clocks.wall -= step
    }
    clocks.pass(86_389)
    clocks.wall += 86_400
    #expect(try !isSigned(pay(1, nonce: 3), &desk))
    clocks.boot += 1
    #expect(try isSigned(pay(1, nonce: 3), &desk))
  }

  /// A machine that learns the date after the start: time goes on from the last record.
  @Test func aLateDateIsCaughtUp() throws {
    let directory = try TemporaryDirectory()
    let clocks = Clocks(wall: 1_000_000)
    do {
      var desk = try desk(clocks, directory)
      for nonce in 0..<3 as Range<UInt64> {
        #expect(try isSigned(pay(1_000, nonce: nonce), &desk))
      }
    }
    clocks.wall = 0
    clocks.boot = 0
    var desk = try desk(clocks, directory)
    #expect(try !isSigned(pay(1, nonce: 3), &desk))
    clocks.pass(86_400)
    // It stands still while the wall clock is behind the record.
    #expect(try !isSigned(pay(1, nonce: 3), &desk))
    clocks.wall = 1_086_400
    #expect(try isSigned(pay(1, nonce: 3), &desk))
  }

  /// Never faster than the clock that cannot be set, and the wall clock's where that is behind.
  @Test(arguments: [1, 2, 3] as [UInt64])
  func runsNoFasterThanTheMachine(seed: UInt64) throws {
    var random = SeededNumbers(seed)
    let clocks = Clocks(wall: 1_000_000)
    let last = 1_000_000 + Int64(random.below(2_000)) - 1_000
    let time = SignerTime(clocks.clock, notBefore: last)
    let start = max(last, clocks.wall)
    var passed: Int64 = 0
    for step in 0..<1_000 {
      let seconds = Int64(random.below(3_600))
      clocks.pass(seconds)
      passed += seconds
      if random.below(5) == 0 { clocks.wall += Int64(random.below(400_000)) - 200_000 }
      let bound = start + passed + SignerTime.toleranceSeconds
      #expect(time.now <= bound, "seed \(seed), step \(step)")
      #expect(time.now == clocks.wall || time.now == bound && clocks.wall > bound)
    }
  }

  @Test func theSystemHasBothClocks() {
    let (wall, boot) = (SignerClock.system.wall(), SignerClock.system.boot())
    #expect(wall > 1_600_000_000 && boot > 0 && boot < wall)
    #expect(SignerClock.system.wall() >= wall && SignerClock.system.boot() >= boot)
  }
}
