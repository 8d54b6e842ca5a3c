// Sums of a reconciliation: what fits agrees with sums by hand, what does not is said to be beyond.

import Ethereum
import Testing

@testable import Custody

@Suite struct AssetFiguresTests {
  private static let figures = AssetFigures(
    users: 700, adjustments: 100, crossed: 5_000, taken: 40, paid: 30, confirmed: 10, gas: 7)

  @Test func smallSums() {
    let figures = Self.figures
    #expect(figures.leaving(10) == 200 && figures.float(10) == 5_333)
    // held = users - adjustments + unbooked - leaving + float - taken
    let held = UInt256(6_000 + 11 - 200 + 5_333 - 40 as UInt64)
    #expect(figures.difference(held: held, unbooked: UInt256(11 as UInt64), 10) == 0)
    #expect(figures.difference(held: .zero, unbooked: .zero, 10) == -11_093)
  }

  /// An asset of 38 more decimals on the chain than here, as the settings may name it.
  @Test func sumsBeyondAllNumbers() throws {
    let scale: Int128 = 100_000_000_000_000_000_000_000_000_000_000_000_000
    #expect(Self.figures.leaving(scale) == nil && Self.figures.float(scale) == nil)
    #expect(Self.figures.difference(held: .zero, unbooked: .zero, scale) == nil)
    for keyPath in [
      \.users, \.adjustments, \.crossed, \.taken, \.paid, \.confirmed, \.gas,
    ] as [WritableKeyPath<AssetFigures, Int128>] {
      for value in [Int128.max, .min] {
        var figures = Self.figures
        figures[keyPath: keyPath] = value
        for scale in [1, 10] as [Int128] {
          _ = (figures.leaving(scale), figures.float(scale))
          _ = figures.difference(held: .zero, unbooked: .zero, scale)
        }
        // What is not scaled may fit.
        if keyPath != \.crossed, keyPath != \.taken, keyPath != \.gas {
          #expect(figures.difference(held: .zero, unbooked: .zero, 10) == nil)
        }
      }
    }
    let most = try #require(UInt256(exactly: Int128.max))
    #expect(Self.figures.difference(held: most, unbooked: .zero, 10) != nil)
  }
}
