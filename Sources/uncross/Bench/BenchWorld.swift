// The market, traders and orders that every measurement uses: seeded, so that runs compare.

internal import Auction
internal import Engine

struct BenchWorld {
  static let traders: UInt32 = 1_000
  static let start: Microseconds = 1_790_000_000_000_000
  static let interval: Microseconds = 2_000_000

  /// Commands that make a venue of one market with funded traders.
  static func genesis() -> [Command] {
    var commands: [Command] = [
      .schedule(.advanceTime(start)),
      .venue(
        .configure(
          VenueConfiguration(
            seed: 11, secondSeed: 22, maximumRememberedOrders: 1 << 26,
            maximumRememberedOrdersOfUser: 1 << 26))),
    ]
    commands += Command.newestRules()
    commands += [
      // What is measured is the engine: its traders place without a pause.
      .operation(
        .setOrderTerms(OrderTerms(allowance: nil)), by: Authority(user: 0, reason: "bench")),
      .operation(
        .createAsset(AssetDefinition(code: "USDC", decimals: 6, adjustmentLimit: 1 << 110)),
        by: .venue),
      .operation(
        .createAsset(AssetDefinition(code: "ETH", decimals: 18, adjustmentLimit: 1 << 110)),
        by: .venue),
      .operation(
        .createMarket(
          MarketDefinition(
            symbol: "ETH-USDC", base: 1, quote: 0, tickAtoms: 10_000,
            lotAtoms: 100_000_000_000_000,
            terms: MarketTerms(
              intervalMilliseconds: 2_000, bandBasisPoints: 1_000, buyFeeBasisPoints: 10,
              sellFeeBasisPoints: 10, minimumNotional: 0, maximumOpenOrders: 10_000),
            listingPriceTicks: 250_000)), by: .venue),
      .operation(.registerUser(name: "operator"), by: .venue),
    ]
    for trader in 0..<traders {
      commands.append(.operation(.registerUser(name: "trader-\(trader)"), by: .venue))
      for asset in AssetID(0)...1 {
        guard let request = ClientOrderID("fund-\(trader)-\(asset)") else { continue }
        commands.append(
          .operation(
            .adjustBalance(
              BalanceAdjustment(
                user: trader + 2, asset: asset,
                amount: asset == 0 ? 1_000_000_000_000_000 : 1_000_000_000_000_000_000_000_000,
                requestID: request)), by: Authority(user: 0, reason: "bench")))
      }
    }
    return commands
  }

  private var state: UInt64
  private var number: UInt64 = 0

  init(seed: UInt64) { state = seed }

  mutating func random() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }

  /// A limit order around the middle; half of the traders buy and half sell, so that nobody meets
  /// itself.
  /// - Parameter crossing: orders of both sides overlap and trade; else they rest apart.
  mutating func order(crossing: Bool) -> PlaceOrder {
    number += 1
    let bits = random()
    let side: Side = bits & 1 == 0 ? .buy : .sell
    let user = 2 + UInt32(bits >> 1 & 0xffff) % (Self.traders / 2) * 2 + (side == .buy ? 0 : 1)
    let distance = Int64(bits >> 20 & 0x1ff) + 1
    let sign: Int64 = (side == .buy) == crossing ? 1 : -1
    return PlaceOrder(
      user: user, market: 0, side: side, limitTicks: 250_000 + sign * distance,
      lots: 1 + Int64(bits >> 32 & 0x3f), clientOrderID: Self.identifier(number))
  }

  /// A client order id without making text.
  static func identifier(_ number: UInt64) -> ClientOrderID {
    // Sixteen hex digits.
    var digits: [UInt8] = []
    digits.reserveCapacity(16)
    for shift in stride(from: 60, through: 0, by: -4) {
      let digit = UInt8(number >> UInt64(shift) & 15)
      digits.append(digit < 10 ? 48 + digit : 87 + digit)
    }
    guard let id = ClientOrderID(String(decoding: digits, as: UTF8.self)) else {
      preconditionFailure("hex digits are a client order id")
    }
    return id
  }
}
