// What is remembered of orders, and the order-to-trade allowance.

public import Wire

extension UncrossClient {
  public func orderAllowance() async throws(APIError) -> OwnOrderAllowance {
    try await call(.get, Target("v1", "order-allowance"), isSafeToRepeat: true)
  }

  public func orderTerms() async throws(APIError) -> VenueOrderTerms {
    try await call(.get, Target("v1", "operator", "order-terms"), isSafeToRepeat: true)
  }

  public func setOrderTerms(
    _ terms: VenueOrderTerms, reason: String
  ) async throws(APIError) -> VenueOrderTerms {
    try await operate(
      .post, Target("v1", "operator", "order-terms"), Reasoned(terms, reason: reason),
      isSafeToRepeat: true)
  }
}
