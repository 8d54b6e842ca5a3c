// `Scene` under rules 3, and what tests of remembered orders ask of it.

import Auction
import Testing

@testable import Engine

enum MemoryScene {
  static let minute: Microseconds = 60 * Scene.second
  static let day: Microseconds = 24 * 60 * minute

  /// Users 2 to 5 have money; those from 6 on have none.
  static func make(
    _ terms: OrderTerms = OrderTerms(allowance: nil), poorUsers: Int = 0,
    _ marketTerms: MarketTerms = Scene.terms()
  ) -> AuctionEngine {
    var engine = Scene.make(marketTerms)
    for user in 0..<poorUsers {
      engine.apply(.operation(.registerUser(name: "poor-\(user)"), by: .venue))
    }
    for command: Command in [
      .venue(.activateRules(version: 2)), .venue(.activateRules(version: 3)),
      .operation(.setOrderTerms(terms), by: .venue),
    ] {
      precondition(engine.apply(command).rejection == nil, "the scene was refused: \(command)")
    }
    engine.effects.removeAll()
    return engine
  }

  /// A buy under an id of its own number, cheap to make by the million.
  static func buy(
    _ user: UserID, _ number: UInt64, lots: Int64 = 1, at ticks: Int64 = 100
  ) -> Command {
    .order(
      .place(
        PlaceOrder(
          user: user, market: 0, side: .buy, limitTicks: ticks, lots: lots,
          clientOrderID: identifier(number))))
  }

  /// Sixteen letters, four bits each.
  private static func identifier(_ number: UInt64) -> ClientOrderID {
    func letters(_ half: UInt64) -> UInt64 {
      var word: UInt64 = 0
      for shift in stride(from: UInt64(0), to: 32, by: 4) {
        word |= ((half >> shift & 15) + UInt64(UInt8(ascii: "a"))) << (2 * shift)
      }
      return word
    }
    return ClientOrderID(words: (letters(number >> 32), letters(number & 0xffff_ffff), 0, 0, 0))
  }
}

extension AuctionEngine {
  mutating func advance(by duration: Microseconds) {
    apply(.schedule(.advanceTime(time + duration)))
  }

  mutating func buy(
    _ user: UserID, _ number: UInt64, lots: Int64 = 1, at ticks: Int64 = 100
  ) -> Reply {
    apply(MemoryScene.buy(user, number, lots: lots, at: ticks))
  }

  /// Places and cancels, so that the order ends now.
  mutating func churn(
    _ user: UserID, _ number: UInt64, lots: Int64 = 1, at ticks: Int64 = 100
  ) -> Reply {
    let placed = buy(user, number, lots: lots, at: ticks)
    apply(.order(.cancel(CancelOrder(user: user, order: placed.id))))
    return placed
  }
}
