// The exact ends of the signer's limits: the last that fits, and the first that does not.

import Ethereum
import Testing

@testable import Signer

@Suite struct LimitTests {
  private func wei(_ amount: UInt64) -> UInt256 { UInt256(amount) }

  @Test func aDaysLimitMayBeReachedAndNotPassed() {
    var day = DayWindow()
    #expect(day.fits(wei(100), limit: wei(100)) && !day.fits(wei(101), limit: wei(100)))
    let first = day.add(wei(60), at: 1_000)
    #expect(day.fits(wei(40), limit: wei(100)) && !day.fits(wei(41), limit: wei(100)))
    // In the place of the first.
    #expect(day.fits(wei(100), replacing: first, limit: wei(100)))
    #expect(!day.fits(wei(101), replacing: first, limit: wei(100)))
  }

  @Test func anEntryCountsUntilItIsADayOld() {
    var day = DayWindow()
    _ = day.add(wei(60), at: 1_000)
    day.advance(to: 1_000 + 86_399)
    #expect(day.sum == wei(60))
    day.advance(to: 1_000 + 86_400)
    #expect(day.sum == .zero)
  }

  /// A log may say any time.
  @Test(arguments: [Int64.min, -1, 0, .max])
  func anEntryOfAnyTimeIsOldOrNot(time: Int64) {
    var day = DayWindow()
    _ = day.add(wei(60), at: time)
    day.advance(to: 1_790_000_000)
    #expect(day.sum == (time == .max ? wei(60) : .zero))
  }

  /// Nodes ask for a tenth more, rounded up: what is signed below it takes the nonce for nothing.
  @Test(
    arguments: [
      (0, 1), (1, 2), (9, 10), (10, 11), (11, 13), (15, 17), (100, 110), (101, 112), (109, 120),
    ] as [(UInt64, UInt64)])
  func aReplacementRaisesByATenthRoundedUp(fee: UInt64, least: UInt64) {
    #expect(SignerRules.isRaised(wei(least), from: wei(fee)))
    #expect(!SignerRules.isRaised(wei(least - 1), from: wei(fee)))
    #expect(!SignerRules.isRaised(wei(fee), from: wei(fee)))
  }
}
