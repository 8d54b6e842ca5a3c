// The first commands of a new journal: the venue, its assets and markets, its operator.

internal import Engine

enum Genesis {
  /// The embedded defaults: `ETH-USDC` and `BTC-USDC`, a run every 2 s.
  ///
  /// Ticks of 0.01 USDC and lots of 0.0001 coin: one tick times one lot is one millionth of a USDC, its
  /// smallest unit, so trading never rounds.
  /// - Parameter chain: the development chain's name, where it runs: what can be taken out, and how.
  static func commands(operatorKey: PublicKey, chain: String? = nil) -> [Command] {
    var generator = SystemRandomNumberGenerator()
    var commands: [Command] = [
      .configureVenue(
        VenueConfiguration(seed: generator.next(), secondSeed: generator.next()))
    ]
    // One operator alone may move a million USDC, 500 ETH, 20 BTC; beyond it takes two.
    commands += [
      .createAsset(AssetDefinition(code: "USDC", decimals: 6, adjustmentLimit: 1_000_000_000_000)),
      .createAsset(
        AssetDefinition(code: "ETH", decimals: 18, adjustmentLimit: 500_000_000_000_000_000_000)),
      .createAsset(AssetDefinition(code: "BTC", decimals: 8, adjustmentLimit: 2_000_000_000)),
    ]
    let terms = MarketTerms(
      intervalMilliseconds: 2_000, bandBasisPoints: 1_000, buyFeeBasisPoints: 10,
      sellFeeBasisPoints: 10, minimumNotional: 1_000_000)
    commands += [
      .createMarket(
        MarketDefinition(
          symbol: "ETH-USDC", base: 1, quote: 0, tickAtoms: 10_000, lotAtoms: 100_000_000_000_000,
          terms: terms, listingPriceTicks: 250_000)),
      .createMarket(
        MarketDefinition(
          symbol: "BTC-USDC", base: 2, quote: 0, tickAtoms: 10_000, lotAtoms: 10_000, terms: terms,
          listingPriceTicks: 6_000_000)),
      .registerUser(name: "operator"),
      .registerKey(user: 1, key: operatorKey, role: .operator),
    ]
    if let chain { commands += withdrawals(on: chain) }
    return commands
  }

  /// New addresses can be paid to at once: on a real chain give them a day (`uncross address-delay`).
  private static func withdrawals(on chain: String) -> [Command] {
    func terms(
      _ asset: AssetID, minimum: Int128, fee: Int128, dayLimit: Int128, approvalAbove: Int128
    ) -> Command {
      .setWithdrawalTerms(
        WithdrawalTerms(
          asset: asset, chain: 0, minimum: minimum, fee: fee, userDayLimit: dayLimit,
          venueDayLimit: dayLimit * 100, approvalAbove: approvalAbove, approvals: 1),
        by: 1)
    }
    let coin: Int128 = 1_000_000_000_000_000_000
    return [
      .registerChain(name: chain),
      .setAddressDelay(chain: 0, seconds: 0, by: 1),
      // A million USDC, 500 ETH, 20 BTC a day; a tenth of it without an operator.
      terms(
        0, minimum: 10_000_000, fee: 1_000_000, dayLimit: 1_000_000_000_000,
        approvalAbove: 100_000_000_000),
      terms(
        1, minimum: coin / 100, fee: coin / 1_000, dayLimit: 500 * coin, approvalAbove: 50 * coin),
      terms(
        2, minimum: 10_000, fee: 2_000, dayLimit: 2_000_000_000, approvalAbove: 200_000_000),
    ]
  }
}
