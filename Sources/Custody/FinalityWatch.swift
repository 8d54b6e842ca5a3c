// Whether blocks still become final: a value, told each look.

/// Counts the chain's last blocks since the last one that became final.
struct FinalityWatch: Sendable {
  private var finalized: Int64?
  /// The chain's last block when it became final, as far as is known.
  private var since: Int64 = 0

  /// Blocks since then. While blocks are still to be scanned nothing is: their final one is ahead
  /// of us.
  mutating func blocks(tip: Int64, finalized: Int64, isAtEnd: Bool) -> Int64 {
    if !isAtEnd || self.finalized.map({ finalized > $0 }) ?? true {
      (self.finalized, since) = (finalized, tip)
    }
    return max(0, tip - since)
  }
}
