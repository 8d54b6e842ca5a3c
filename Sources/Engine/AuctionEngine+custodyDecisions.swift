// Whether an operator's word counts about money that custody, and not the engine, gives an account.

extension AuctionEngine {
  /// Why it does not; nil where it does. The rule is the one of adjustments and of access: a key as
  /// old as the delay, and nobody for an own account or one that it gave a key to.
  ///
  /// - Parameter asked: when this was said; a key that was registered later did not say it.
  public func refusalToDecide(
    by authority: Authority, aboutAccountOf user: UserID, asked: Microseconds? = nil
  ) -> Rejection? {
    if let rejection = refusal(ofOperator: authority.user) { return rejection }
    if let asked, let key = authority.key, let held = operatorKey(key, of: authority.user),
      held.registered > asked
    {
      return .notAnOperatorKey
    }
    return refusal(of: authority, aboutAccountOf: user, after: safeguards.delay)
  }
}
