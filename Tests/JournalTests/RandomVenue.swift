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

  private let rules: UInt32
  /// Whether operators act, and not the venue that begins.
  private var hasBegun = false

  init(seed: UInt64, rules: UInt32 = 1) throws {
    numbers = SeededNumbers(seed)
    self.rules = rules
  }

  /// The commands of the next group, applied; `engine.effects` has what they brought about.
  mutating func nextGroup() -> [Command] {
    group = []
    if engine.commandCount == 0 {
      begin()
      hasBegun = true
    } else {
      time += 250_000 + Int64(numbers.next() % 700_000)
      apply(.schedule(.advanceTime(time)))
      // Rules 3 begin in the middle of trading.
      if rules >= 3, engine.rulesVersion < 3, engine.commandCount > 400 {
        apply(.venue(.activateRules(version: 3)))
        setOrderTerms(OrderAllowance(freePerDay: 2, perTrade: 1))
      }
      if rules >= 4, engine.rulesVersion == 3, engine.commandCount > 600 {
        apply(.venue(.activateRules(version: 4)))
      }
      for run in engine.dueRuns(at: time) { apply(run) }
      // The first runs find nothing.
      if engine.commandCount < 100 { return group }
      for _ in 0..<6 + Int(numbers.next() % 16) { step() }
    }
    for case .auction(let result) in engine.effects.tape { statuses.insert(result.status.rawValue) }
    trades += engine.effects.trades.count
    return group
  }

  /// Under rules 2 an action is an operator's, by its key and with a reason.
  private func attributed(_ command: Command) -> Command {
    guard rules >= 2, case .operation(var action, var authority) = command else { return command }
    if !hasBegun {
      return .operation(action, by: Authority(user: 0, reason: authority.reason))
    }
    if authority.user == 0 { authority.user = 1 }
    authority.key = Self.key(UInt8(authority.user))
    authority.reason = "golden"
    // Frozen operators would leave the markets suspended.
    if case .setFrozen(let user, let frozen) = action, (1...3).contains(user) {
      action = .setFrozen(user: user + 3, frozen: frozen)
    }
    if case .approveAdjustment(var approval) = action,
      let view = engine.pendingAdjustmentViews().first(where: { $0.id == approval.id })
    {
      approval.content = AdjustmentApproval.Content(
        adjustment: view.adjustment, requestedBy: view.authority.user,
        reason: view.authority.reason)
      approval.signature = [1, 2, 3]
      action = .approveAdjustment(approval)
    }
    return .operation(action, by: authority)
  }

  static func key(_ byte: UInt8) -> PublicKey {
    guard let key = PublicKey([UInt8](repeating: byte, count: 32)) else {
      preconditionFailure("32 bytes are a key")
    }
    return key
  }

  private mutating func apply(_ plain: Command) {
    let command = attributed(plain)
    group.append(command)
    var writer = ByteWriter()
    CommandCodec.encode(command, to: &writer)
    kinds.insert(writer.bytes[0])
    let reply = engine.apply(command)
    if let rejection = reply.rejection { rejections.insert(rejection.code) }
    switch command {
    case .order(.place(let order)) where reply.rejection == nil:
      orders.append((order.user, reply.id))
    case .operation(.adjustBalance, _)
    where [.adjusted(.waits), .adjusted(.askedBefore)].contains(reply.outcome):
      pendingAdjustments.append(reply.id)
    default: break
    }
  }

  private mutating func begin() {
    apply(.schedule(.advanceTime(time)))
    apply(.operation(.registerUser(name: "too-early"), by: .venue))
    apply(
      .venue(
        .configure(
          VenueConfiguration(
            seed: numbers.next(), secondSeed: numbers.next(), maximumRememberedOrders: 100_000,
            maximumRememberedOrdersOfUser: 10_000))))
    if rules >= 2 { apply(.venue(.activateRules(version: 2))) }
    apply(
      .operation(
        .createAsset(AssetDefinition(code: "USDC", decimals: 6, adjustmentLimit: 1 << 60)),
        by: .venue))
    apply(
      .operation(
        .createAsset(AssetDefinition(code: "ETH", decimals: 18, adjustmentLimit: 1 << 90)),
        by: .venue))
    apply(
      .operation(
        .createAsset(AssetDefinition(code: "BTC", decimals: 8, adjustmentLimit: 1 << 50)),
        by: .venue))
    let eth: Int64 = 100_000_000_000_000
    // The last one is listed far from where it will trade: its band holds back the first runs.
    for (symbol, base, quote, lot, listing) in [
      ("ETH-USDC", AssetID(1), AssetID(0), eth, Int64(2_000)), ("BTC-USDC", 2, 0, 10_000, 2_000),
      ("BTC-ETH", 2, 1, 10_000, 40),
    ] {
      apply(
        .operation(
          .createMarket(
            MarketDefinition(
              symbol: symbol, base: base, quote: quote, tickAtoms: 10_000, lotAtoms: lot,
              terms: terms(band: 500), listingPriceTicks: listing)), by: .venue))
    }
    for user in 1...users { apply(.operation(.registerUser(name: "user-\(user)"), by: .venue)) }
    if rules >= 2 { beginOperators() }
    for user in 1...users {
      for asset in AssetID(0)...2 { adjust(user, asset, 1 << (asset == 1 ? 80 : 45)) }
    }
  }

  private mutating func beginOperators() {
    for user in UserID(1)...3 {
      apply(
        .operation(
          .registerKey(user: user, key: Self.key(UInt8(user)), role: .operator), by: .venue))
    }
    apply(.operation(.setOperatorDelay(seconds: 5), by: .venue))
  }

  /// What rules 2 brought.
  private mutating func guardAccounts() {
    let key = Self.key(UInt8(100 + numbers.next() % 60))
    switch numbers.next() % 6 {
    case 0, 1:
      apply(
        .operation(
          .registerKey(
            user: user(), key: key, role: numbers.pick(Role.allCases),
            expiresAt: numbers.once(in: 3) ? time + 3_000_000 : 0), by: Authority(user: 2)))
    case 2:
      guard let waiting = engine.pendingKeyGrants().first else { return }
      apply(
        .operation(
          .approveKey(KeyApproval(id: waiting.id, grant: waiting.grant, signature: [9])),
          by: Authority(user: numbers.once(in: 2) ? 3 : 1)))
    case 3:
      guard let waiting = engine.pendingKeyGrants().last else { return }
      if numbers.once(in: 3) {
        apply(.operation(.refuseKey(grant: waiting.id), by: Authority(user: 1)))
      } else {
        apply(
          .user(
            .answerKeyGrant(
              KeyGrantAnswer(
                user: waiting.grant.user, key: key, grant: waiting.id, isConfirmed: true))))
      }
    case 4:
      apply(
        .operation(
          .setOperatorDelay(seconds: Int64(numbers.next() % 10)), by: Authority(user: 1)))
    default: apply(.operation(.revokeKey(key), by: Authority(user: 1)))
    }
  }

  /// What rules 4 brought: assets of operators, and freezes of the engine's own.
  private mutating func guardMoney() {
    switch numbers.next() % 3 {
    case 0:
      let name = "A\(numbers.next() % 3)"
      apply(
        .operation(
          .createAsset(AssetDefinition(code: name, decimals: 2, adjustmentLimit: 1 << 40)),
          by: Authority(user: 1 + UserID(numbers.next() % 3))))
    case 1: adjust(user(), 3, 1 << 20)
    default:
      if engine.chain(named: "dev") == nil {
        apply(.operation(.registerChain(name: "dev"), by: .venue))
      }
      let number = engine.lastNumbers(0).credit + 1
      let owner = 4 + UserID(numbers.next() % 9)
      apply(
        .deposit(
          .credit(DepositCredit(chain: 0, number: number, user: owner, asset: 0, amount: 77))))
      guard numbers.once(in: 3) else { return }
      apply(
        .deposit(
          .clawBack(
            DepositClawback(
              chain: 0, number: engine.lastNumbers(0).clawback + 1, credit: number, user: owner,
              asset: 0, amount: 77))))
    }
  }

  /// What rules 3 brought: so few orders a day that some are refused, or no such bound.
  private mutating func setOrderTerms(_ allowance: OrderAllowance?) {
    let terms = OrderTerms(rememberedOrders: numbers.pick([1, 20]), allowance: allowance)
    apply(.operation(.setOrderTerms(terms), by: Authority(user: 1)))
  }

  private mutating func terms(band: UInt32) -> MarketTerms {
    MarketTerms(
      intervalMilliseconds: 1_000, bandBasisPoints: band,
      runsBeforeWidening: 2, buyFeeBasisPoints: numbers.pick([0, 10, 25]),
      sellFeeBasisPoints: numbers.pick([0, 7, 30]), minimumNotional: 20_000,
      minimumReferenceVolume: engine.rulesVersion >= 3
        ? numbers.pick([nil, 0, 1_000_000, 4_000_000]) : nil)
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
      .operation(
        .adjustBalance(
          BalanceAdjustment(user: user, asset: asset, amount: amount, requestID: request())),
        by: Authority(user: 1, reason: "test")))
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
      apply(.order(.cancel(CancelOrder(user: numbers.once(in: 9) ? user() : owner, order: id))))
    case 30...33:
      guard let (owner, id) = orders.isEmpty ? nil : numbers.pick(orders) else { return }
      apply(
        .order(
          .amend(
            AmendOrder(
              user: owner, order: id,
              limitTicks: numbers.once(in: 2) ? 0 : 1_940 + Int64(numbers.next() % 120),
              lots: numbers.once(in: 2) ? 0 : Int64(numbers.next() % 3_000)))))
    case 34: apply(.order(.cancelAll(user: user(), market: numbers.once(in: 2) ? nil : market())))
    case 35: adjust(user(), AssetID(numbers.next() % 4), numbers.pick([1, -1, 1 << 62, -1 << 30]))
    case 36:
      let id = numbers.once(in: 3) ? 99 : pendingAdjustments.popLast() ?? 1
      apply(
        numbers.once(in: 3)
          ? .operation(.refuseAdjustment(id: id), by: Authority(user: 2))
          : .operation(.approveAdjustment(AdjustmentApproval(id: id)), by: Authority(user: 3)))
    default:
      if engine.rulesVersion >= 4, numbers.once(in: 2) {
        guardMoney()
      } else if rules >= 3, numbers.once(in: 4) {
        setOrderTerms(
          numbers.once(in: 2)
            ? OrderAllowance(freePerDay: numbers.pick([1, 100_000]), perTrade: 1) : nil)
      } else if rules >= 2, numbers.once(in: 3) {
        guardAccounts()
      } else {
        administer()
      }
    }
  }

  private mutating func place() {
    let side: Side = numbers.once(in: 2) ? .buy : .sell
    let type: OrderType = numbers.once(in: 9) ? .market : .limit
    let lifetime: TimeInForce = type == .market ? .auction : numbers.pick(TimeInForce.allCases)
    apply(
      .order(
        .place(
          PlaceOrder(
            user: user(), market: market(), side: side, type: type, timeInForce: lifetime,
            limitTicks: type == .market ? 0 : 1_940 + Int64(numbers.next() % 120),
            lots: Int64(numbers.next() % 2_000),
            expiry: lifetime == .goodTilDate ? time + Int64(numbers.next() % 5_000_000) : 0,
            clientOrderID: request()))))
  }

  private mutating func administer() {
    switch numbers.next() % 10 {
    case 0: apply(.operation(.suspendMarket(market()), by: .venue))
    case 1, 2, 3: apply(.operation(.resumeMarket(market()), by: .venue))
    case 4:
      apply(
        .operation(
          .setReference(market: market(), priceTicks: 1_950 + Int64(numbers.next() % 100)),
          by: .venue))
    case 5:
      apply(
        .operation(
          .changeMarket(
            MarketChange(market: market(), terms: terms(band: numbers.pick([0, 300])))), by: .venue)
      )
    case 6: apply(.operation(.setFrozen(user: user(), frozen: numbers.once(in: 3)), by: .venue))
    case 7:
      guard let key = PublicKey((0..<32).map { _ in UInt8(numbers.next() % 3) }) else { return }
      apply(.operation(.registerKey(user: user(), key: key, role: .trader), by: .venue))
      apply(.operation(.revokeKey(key), by: .venue))
    case 8: apply(.venue(.activateRules(version: numbers.once(in: 2) ? 1 : 9)))
    default:
      apply(
        .operation(
          .createAsset(AssetDefinition(code: "usdc", decimals: 6, adjustmentLimit: 0)), by: .venue))
    }
  }
}
