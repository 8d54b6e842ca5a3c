// The first commands of a new journal: the venue, its assets and markets, its operators.

internal import Engine

enum Genesis {
  /// Whose keys the venue begins with.
  struct Operators {
    /// User 1.
    var first: PublicKey
    /// User 2, on a development exchange only: a second operator of a real venue is a second
    /// person, with a key of its own.
    var treasurer: PublicKey?
  }

  /// The embedded defaults: `ETH-USDC` and `BTC-USDC`, a run every 2 s.
  ///
  /// Ticks of 0.01 USDC and lots of 0.0001 coin: one tick times one lot is one millionth of a USDC,
  /// its smallest unit, so trading never rounds.
  /// - Parameter chain: the development chain's name, where it runs: what can be taken out, and
  ///   how.
  static func commands(_ operators: Operators, chain: String? = nil) -> [Command] {
    var generator = SystemRandomNumberGenerator()
    var actions: [OperatorAction] = [
      // One operator alone may move a million USDC, 500 ETH, 20 BTC a day; beyond it takes two.
      .createAsset(AssetDefinition(code: "USDC", decimals: 6, adjustmentLimit: 1_000_000_000_000)),
      .createAsset(
        AssetDefinition(code: "ETH", decimals: 18, adjustmentLimit: 500_000_000_000_000_000_000)),
      .createAsset(AssetDefinition(code: "BTC", decimals: 8, adjustmentLimit: 2_000_000_000)),
    ]
    let terms = MarketTerms(
      intervalMilliseconds: 2_000, bandBasisPoints: 1_000, buyFeeBasisPoints: 10,
      sellFeeBasisPoints: 10, minimumNotional: 1_000_000)
    actions += [
      .createMarket(
        MarketDefinition(
          symbol: "ETH-USDC", base: 1, quote: 0, tickAtoms: 10_000, lotAtoms: 100_000_000_000_000,
          terms: terms, listingPriceTicks: 250_000)),
      .createMarket(
        MarketDefinition(
          symbol: "BTC-USDC", base: 2, quote: 0, tickAtoms: 10_000, lotAtoms: 10_000, terms: terms,
          listingPriceTicks: 6_000_000)),
      .registerUser(name: "operator"),
      .registerKey(user: 1, key: operators.first, role: .operator),
    ]
    if let treasurer = operators.treasurer {
      actions += [
        .registerUser(name: "treasurer"),
        .registerKey(user: 2, key: treasurer, role: .operator),
        // Both keys were made a moment ago, on this machine: a delay would guard nothing here.
        .setOperatorDelay(seconds: 0),
      ]
    }
    if let chain { actions += withdrawals(on: chain) }
    return [
      .venue(
        .configure(
          VenueConfiguration(seed: generator.next(), secondSeed: generator.next())))
    ] + Command.newestRules() + actions.map { .operation($0, by: .venue) }
  }

  /// New addresses can be paid to at once: on a real chain give them a day
  /// (`uncross address-delay`).
  private static func withdrawals(on chain: String) -> [OperatorAction] {
    func terms(
      _ asset: AssetID, minimum: Int128, fee: Int128, dayLimit: Int128, approvalAbove: Int128
    ) -> OperatorAction {
      .setWithdrawalTerms(
        WithdrawalTerms(
          asset: asset, chain: 0, minimum: minimum, fee: fee, userDayLimit: dayLimit,
          venueDayLimit: dayLimit * 100, approvalAbove: approvalAbove, approvals: 1))
    }
    let coin: Int128 = 1_000_000_000_000_000_000
    return [
      .registerChain(name: chain),
      .setAddressDelay(chain: 0, seconds: 0),
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
