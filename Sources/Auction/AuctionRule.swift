// Which rule a run follows: published with it, so that a verifier knows what to expect.

/// The rules of a market's runs (`docs/auction.md`). Both find the same price; they differ in what
/// a run leaves for the next one.
public enum AuctionRule: String, Sendable {
  /// Every clearing price is the next reference; a band doubles without a bound.
  case call1 = "CALL-1"
  /// Only a run of enough volume sets the reference or counts towards widening, and a band widens
  /// up to a bound.
  case call2 = "CALL-2"

  /// As it is published.
  public var id: String { rawValue }
}
