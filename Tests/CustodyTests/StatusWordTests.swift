// The words for how a deposit or a withdrawal stands: the same in the tables and on the wire.

import Custody
import Engine
import Testing
import Wire

@Suite struct StatusWordTests {
  @Test func ofDeposits() {
    #expect(
      Set(DepositStatus.allCases.map(\.rawValue))
        == Set(DepositLine.Status.allCases.map(\.rawValue)))
  }

  /// The engine has some, and custody those between `started` and the end.
  @Test func ofWithdrawals() {
    let words = WithdrawalStatus.allCases.map(\.name) + PayoutState.allCases.map(\.rawValue)
    #expect(words.count == WithdrawalLine.Status.allCases.count)
    #expect(Set(words) == Set(WithdrawalLine.Status.allCases.map(\.rawValue)))
  }
}
