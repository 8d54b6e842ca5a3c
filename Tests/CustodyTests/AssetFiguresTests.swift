// Sums of a reconciliation: what fits agrees with sums by hand, what does not is said to be beyond.

import Ethereum
import Testing

@testable import Custody

@Suite struct AssetFiguresTests {
  private static let figures = AssetFigures(
    users: 700, venue: 60, adjustments: 100, crossed: 5_000, taken: 40, paid: 30, confirmed: 10,
    gas: 7)

  @Test func smallSums() {
    let figures = Self.figures
    #expect(figures.leaving(10) == 200 && figures.float(10) == 5_333)
    // held = users - adjustments + unbooked - leaving + float + opening - taken
    let held = UInt256(6_000 + 11 - 200 + 5_333 + 13 - 40 as UInt64)
    let (eleven, thirteen) = (UInt256(11 as UInt64), UInt256(13 as UInt64))
    #expect(figures.difference(held: held, unbooked: eleven, opening: thirteen, 10) == 0)
    #expect(figures.difference(held: .zero, unbooked: .zero, opening: .zero, 10) == -11_093)
    // owed = users - venue + waiting - leaving: adjustments are owed as any other.
    #expect(figures.owed(waiting: eleven, 10) == 6_211)
  }

  /// A loss is what users' balances exceed what came in by.
  @Test func aLossIsOwed() {
    var figures = AssetFigures(users: 0, venue: -5, adjustments: 0)
    #expect(figures.owed(waiting: .zero, 10) == 50)
    #expect(figures.difference(held: .zero, unbooked: .zero, opening: .zero, 10) == 0)
    (figures.users, figures.venue) = (7, 2)
    #expect(figures.owed(waiting: .zero, 10) == 50)
  }

  /// An asset of 38 more decimals on the chain than here, as the settings may name it.
  @Test func sumsBeyondAllNumbers() throws {
    let scale: Int128 = 100_000_000_000_000_000_000_000_000_000_000_000_000
    #expect(Self.figures.leaving(scale) == nil && Self.figures.float(scale) == nil)
    #expect(
      Self.figures.difference(held: .zero, unbooked: .zero, opening: .zero, scale) == nil)
    #expect(Self.figures.owed(waiting: .zero, scale) == nil)
    for keyPath in [
      \.users, \.venue, \.adjustments, \.crossed, \.taken, \.paid, \.confirmed, \.gas,
    ] as [WritableKeyPath<AssetFigures, Int128>] {
      for value in [Int128.max, .min] {
        var figures = Self.figures
        figures[keyPath: keyPath] = value
        for scale in [1, 10] as [Int128] {
          _ = (figures.leaving(scale), figures.float(scale))
          _ = figures.difference(held: .zero, unbooked: .zero, opening: .zero, scale)
          _ = figures.owed(waiting: .zero, scale)
        }
        // What is not scaled may fit.
        if ![\.crossed, \.taken, \.gas, \.venue].contains(keyPath) {
          #expect(figures.difference(held: .zero, unbooked: .zero, opening: .zero, 10) == nil)
        }
        if [\.users, \.venue, \.paid, \.confirmed].contains(keyPath) {
          #expect(figures.owed(waiting: .zero, 10) == nil)
        }
      }
    }
    let most = try #require(UInt256(exactly: Int128.max))
    #expect(Self.figures.difference(held: most, unbooked: .zero, opening: .zero, 10) != nil)
  }
}
