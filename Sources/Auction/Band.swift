// The price band (collar): an auction prints inside it or not at all.

/// The prices, in ticks and both edges included, at which an auction may clear.
public struct Band: Equatable, Sendable {
  /// The lowest price, at least 1.
  public let lower: Int64
  /// The highest price, at least `lower`.
  public let upper: Int64

  /// Nil unless `1 <= lower <= upper`.
  public init?(lower: Int64, upper: Int64) {
    guard lower >= 1, lower <= upper else { return nil }
    self.lower = lower
    self.upper = upper
  }

  /// Whether the auction may clear at `price` (ticks).
  public func contains(_ price: Int64) -> Bool { lower <= price && price <= upper }
}

extension CallAuction {
  /// The collar `reference x (1 +/- c)`, rounded inward to ticks but at least one tick each side,
  /// inside `1...maximum` (which wins over the tick each side).
  ///
  /// - Parameters:
  ///   - reference: the reference price in ticks, in `1...maximum`.
  ///   - basisPoints: `c` in 1/10000; 0 or more, above 10000 too (a band that was widened has
  ///     lower edge 1).
  ///   - maximum: the highest price that the market admits, in ticks.
  public static func bandAround(reference: Int64, basisPoints: Int64, maximum: Int64) -> Band {
    precondition(reference >= 1 && reference <= maximum, "the reference must be in 1...maximum")
    precondition(basisPoints >= 0, "a band cannot be narrower than its reference")
    // Two factors below 2^63 + 2^14 keep every product below 2^127.
    let one: Int128 = 10_000
    let centre = Int128(reference)
    let width = Int128(basisPoints)
    let lower = width >= one ? 1 : (centre * (one - width) + one - 1) / one
    let upper = centre * (one + width) / one
    let band = Band(
      lower: Int64(max(1, min(lower, centre - 1))),
      upper: Int64(min(Int128(maximum), max(upper, centre + 1))))
    guard let band else { preconditionFailure("the reference lies between the edges") }
    return band
  }
}
