// A venue under seeded commands of every kind: what the golden journal is made of.

import Auction
import Engine
import SeededNumbers
import Testing

@testable import Journal

/// Makes groups of commands and applies them to an engine of its own.
struct RandomVenue: ~Copyable {
  var engine = AuctionEngine()
  /// What has come about so far: statuses of auctions, codes of refusals, tags of commands.
  private(set) var statuses: Set<UInt8> = []
  private(set) var rejections: Set<String> = []
  private(set) var kinds: Set<UInt8> = []
  private(set) var trades = 0

  private var numbers: SeededNumbers
  private var time: Microseconds = 1_790_000_000_000_000
  private var orders: [(user: UserID, id: OrderID)] = []
  private var pendingAdjustments: [Int64] = []
  private var requests = 0
  private var group: [Command] = []
  private let users: UInt32 = 12

  init(seed: UInt64) throws { numbers = SeededNumbers(seed) }

  /// The commands of the next group, applied; `engine.effects` has what they brought about.
  mutating func nextGroup() -> [Command] {
    group = []
    if engine.commandCount == 0 {
      begin()
    } else {
      time += 250_000 + Int64(numbers.next() % 700_000)
      apply(.advanceTime(time))
      for run in engine.dueRuns(at: time) { apply(run) }
      // The first runs find nothing.
      if engine.commandCount < 100 { return group }
      for _ in 0..<6 + Int(numbers.next() % 16) { step() }
    }
    for case .auction(let result) in engine.effects.tape { statuses.insert(result.status.rawValue) }
    trades += engine.effects.trades.count
    return group
  }

  private mutating func apply(_ command: Command) {
    group.append(command)
    var writer = ByteWriter()
    CommandCodec.encode(command, to: &writer)
    kinds.insert(writer.bytes[0])
    let reply = engine.apply(command)
    if let rejection = reply.rejection { rejections.insert(rejection.code) }
    switch command {
    case .placeOrder(let order) where reply.rejection == nil: orders.append((order.user, reply.id))
    case .adjustBalance where reply.detail == 1: pendingAdjustments.append(reply.id)
    default: break
    }
  }

  private mutating func begin() {
    apply(.advanceTime(time))
    apply(.registerUser(name: "too-early"))
    apply(
      .configureVenue(
        VenueConfiguration(
          seed: numbers.next(), secondSeed: numbers.next(), maximumRememberedOrders: 100_000,
          maximumRememberedOrdersOfUser: 10_000)))
    apply(.createAsset(AssetDefinition(code: "USDC", decimals: 6, adjustmentLimit: 1 << 60)))
    apply(.createAsset(AssetDefinition(code: "ETH", decimals: 18, adjustmentLimit: 1 << 90)))
    apply(.createAsset(AssetDefinition(code: "BTC", decimals: 8, adjustmentLimit: 1 << 50)))
    let eth: Int64 = 100_000_000_000_000
    // The last one is listed far from where it will trade: its band holds back the first runs.
    for (symbol, base, quote, lot, listing) in [
      ("ETH-USDC", AssetID(1), AssetID(0), eth, Int64(2_000)), ("BTC-USDC", 2, 0, 10_000, 2_000),
      ("BTC-ETH", 2, 1, 10_000, 40),
    ] {
      apply(
        .createMarket(
          MarketDefinition(
            symbol: symbol, base: base, quote: quote, tickAtoms: 10_000, lotAtoms: lot,
            terms: terms(band: 500), listingPriceTicks: listing)))
    }
    for user in 1...users { apply(.registerUser(name: "user-\(user)")) }
    for user in 1...users {
      for asset in AssetID(0)...2 { adjust(user, asset, 1 << (asset == 1 ? 80 : 45)) }
    }
  }

  private mutating func terms(band: UInt32) -> MarketTerms {
    MarketTerms(
      intervalMilliseconds: 1_000, bandBasisPoints: band,
      runsBeforeWidening: 2, buyFeeBasisPoints: numbers.pick([0, 10, 25]),
      sellFeeBasisPoints: numbers.pick([0, 7, 30]), minimumNotional: 20_000)
  }

  private mutating func request() -> ClientOrderID {
    requests += 1
    // Now and then one again, with other content or the same.
    let number = numbers.once(in: 25) ? Int(numbers.next() % UInt64(requests)) : requests
    guard let id = ClientOrderID("r-\(number)") else { preconditionFailure("allowed characters") }
    return id
  }

  private mutating func adjust(_ user: UserID, _ asset: AssetID, _ amount: Int128) {
    apply(
      .adjustBalance(
        BalanceAdjustment(
          operator: 1, user: user, asset: asset, amount: amount, reason: "test",
          requestID: request())))
  }

  private mutating func user() -> UserID { UserID(numbers.next() % UInt64(users + 2)) }
  private mutating func market() -> MarketID {
    numbers.once(in: 40) ? 7 : MarketID(numbers.next() % 3)
  }

  private mutating func step() {
    switch numbers.next() % 40 {
    case 0...25: place()
    case 26...29:
      guard let (owner, id) = orders.isEmpty ? nil : numbers.pick(orders) else { return }
      apply(.cancelOrder(CancelOrder(user: numbers.once(in: 9) ? user() : owner, order: id)))
    case 30...33:
      guard let (owner, id) = orders.isEmpty ? nil : numbers.pick(orders) else { return }
      apply(
        .amendOrder(
          AmendOrder(
            user: owner, order: id,
            limitTicks: numbers.once(in: 2) ? 0 : 1_940 + Int64(numbers.next() % 120),
            lots: numbers.once(in: 2) ? 0 : Int64(numbers.next() % 3_000))))
    case 34: apply(.cancelAllOrders(user: user(), market: numbers.once(in: 2) ? nil : market()))
    case 35: adjust(user(), AssetID(numbers.next() % 4), numbers.pick([1, -1, 1 << 62, -1 << 30]))
    case 36:
      let id = numbers.once(in: 3) ? 99 : pendingAdjustments.popLast() ?? 1
      apply(
        numbers.once(in: 3) ? .refuseAdjustment(id: id, by: 2) : .approveAdjustment(id: id, by: 3))
    default: administer()
    }
  }

  private mutating func place() {
    let side: Side = numbers.once(in: 2) ? .buy : .sell
    let type: OrderType = numbers.once(in: 9) ? .market : .limit
    let lifetime: TimeInForce = type == .market ? .auction : numbers.pick(TimeInForce.allCases)
    apply(
      .placeOrder(
        PlaceOrder(
          user: user(), market: market(), side: side, type: type, timeInForce: lifetime,
          limitTicks: type == .market ? 0 : 1_940 + Int64(numbers.next() % 120),
          lots: Int64(numbers.next() % 2_000),
          expiry: lifetime == .goodTilDate ? time + Int64(numbers.next() % 5_000_000) : 0,
          clientOrderID: request())))
  }

  private mutating func administer() {
    switch numbers.next() % 10 {
    case 0: apply(.suspendMarket(market()))
    case 1, 2, 3: apply(.resumeMarket(market()))
    case 4: apply(.setReference(market: market(), priceTicks: 1_950 + Int64(numbers.next() % 100)))
    case 5:
      apply(
        .changeMarket(MarketChange(market: market(), terms: terms(band: numbers.pick([0, 300])))))
    case 6: apply(.setFrozen(user: user(), frozen: numbers.once(in: 3)))
    case 7:
      guard let key = PublicKey((0..<32).map { _ in UInt8(numbers.next() % 3) }) else { return }
      apply(.registerKey(user: user(), key: key, role: .trader))
      apply(.revokeKey(key))
    case 8: apply(.activateRules(version: numbers.once(in: 2) ? 1 : 9))
    default: apply(.createAsset(AssetDefinition(code: "usdc", decimals: 6, adjustmentLimit: 0)))
    }
  }
}
