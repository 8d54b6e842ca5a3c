// What readers ask of the engine: views by value, computed on the engine's thread between groups.

public import Auction

/// One order as its owner sees it, live or finished (as long as its id is remembered).
public struct OrderView: Sendable, Equatable {
  public var id: OrderID
  public var user: UserID
  public var market: MarketID
  public var clientOrderID: ClientOrderID
  public var side: Side
  public var type: OrderType
  public var timeInForce: TimeInForce
  public var status: OrderStatus
  /// Ticks; 0 for a market order.
  public var limitTicks: Int64
  /// The total; what rests is `lots - executedLots` while open.
  public var lots: Int64
  public var executedLots: Int64
  /// Quote atoms traded and charged so far.
  public var notional: Int128
  public var feePaid: Int128
  public var expiry: Microseconds
  public var time: Microseconds
}

public struct BalanceView: Sendable, Equatable {
  public var asset: AssetID
  public var free: Int128
  public var locked: Int128
  public var total: Int128 { free + locked }
}

/// What a run would do now, and where the market stands.
public struct MarketView: Sendable, Equatable {
  public var isOpen: Bool
  public var definition: MarketDefinition
  public var referenceTicks: Int64
  public var band: Band?
  public var auctionCount: Int64
  public var tradeCount: Int64
  public var buyOrders: Int
  public var sellOrders: Int
  /// When the next run is due.
  public var nextRun: Microseconds
}

public struct IndicativeView: Sendable, Equatable {
  public var clearing: Clearing
  public var referenceTicks: Int64
  public var band: Band?
  public var time: Microseconds
  public var nextRun: Microseconds
}

public struct BookView: Sendable, Equatable {
  public var buys: [PriceLevel]
  public var sells: [PriceLevel]
  public var marketBuyLots: Int64
  public var marketSellLots: Int64
}

public struct PendingAdjustmentView: Sendable, Equatable {
  public var id: Int64
  public var adjustment: BalanceAdjustment
  /// Who asked for it, and why.
  public var authority: Authority
  public var time: Microseconds
}

extension AuctionEngine {
  public var isConfigured: Bool { venue != nil }
  public var userCount: Int { users.count }
  public var marketCount: Int { markets.count }
  public var liveOrderCount: Int { orders.count }
  public var rememberedOrderCount: Int { remembered.count + memory.count }
  /// Memory of orders and refusals that are remembered since rules 3.
  public var rememberedOrderBytes: Int { memory.bytes }
  /// The number of the last ledger entry.
  public var entryCount: UInt64 { accounts.entryCount }

  public func asset(_ id: AssetID) -> AssetDefinition { assets[Int(id)] }
  public func asset(named code: String) -> AssetID? { assetIDs[code] }
  public func market(named symbol: String) -> MarketID? { marketIDs[symbol] }
  public func user(named name: String) -> UserID? { userIDs[name] }
  public func name(of user: UserID) -> String? {
    Int(user) < users.count ? users[Int(user)].name : nil
  }
  public func isFrozen(_ user: UserID) -> Bool {
    Int(user) < users.count && users[Int(user)].isFrozen
  }

  /// What came into an asset from outside, less what went out.
  public func issued(_ asset: AssetID) -> Int128 { accounts.issued[Int(asset)] }

  public func balance(_ user: UserID, _ asset: AssetID) -> BalanceView {
    guard let slot = accounts.find(user, asset) else {
      return BalanceView(asset: asset, free: 0, locked: 0)
    }
    let account = accounts.slab[slot]
    return BalanceView(asset: asset, free: account.free, locked: account.locked)
  }

  /// Every asset in which the user has an account, in order of asset.
  public func balances(_ user: UserID) -> [BalanceView] {
    (0..<assets.count).compactMap { asset in
      accounts.find(user, AssetID(asset)) == nil ? nil : balance(user, AssetID(asset))
    }
  }

  /// Every account that ever had an entry, by user and asset: for auditors and checks.
  public func forEachBalance(_ body: (UserID, BalanceView, _ lastEntry: UInt64) -> Void) {
    for slot in accounts.sortedSlots() where accounts.slab[slot].lastEntry != 0 {
      let account = accounts.slab[slot]
      body(
        account.user,
        BalanceView(asset: account.asset, free: account.free, locked: account.locked),
        account.lastEntry)
    }
  }

  /// The directory as events, so that a reader can start from a snapshot.
  public func directory() -> [DirectoryEvent] {
    var events: [DirectoryEvent] = []
    for (id, asset) in assets.enumerated() { events.append(.assetCreated(AssetID(id), asset)) }
    for id in 0..<markets.count {
      events.append(.marketDefined(MarketID(id), record(of: MarketID(id))))
      if !markets[Int32(id)].constants.isOpen { events.append(.marketOpen(MarketID(id), false)) }
    }
    for (id, chain) in chains.enumerated() {
      events.append(.chainRegistered(ChainID(id), chain.name))
    }
    for (number, user) in users.enumerated() {
      let id = UserID(number)
      events.append(.userRegistered(id, name: user.name, time: user.registered))
      if user.isFrozen { events.append(.userFrozen(id, true)) }
      for key in user.keys {
        events.append(
          .keyRegistered(key.key, user: id, role: key.role, expiresAt: key.expiresAt))
      }
    }
    return events
  }

  // MARK: Orders

  public func order(_ id: OrderID) -> OrderView? {
    guard id > 0 else { return nil }
    return switch place(of: id) {
    case .resting(let slot): view(slot)
    case .kept(let slot): keptView(slot)
    case .remembered(let slot): finishedView(slot)
    case nil: nil
    }
  }

  public func order(_ user: UserID, _ clientOrderID: ClientOrderID) -> OrderView? {
    if rulesVersion >= 3 {
      guard let slot = memory.find(user, clientOrderID) else { return nil }
      return order(memory.slab[slot].id)
    }
    guard let slot = remembered.find(user, clientOrderID) else { return nil }
    let entry = remembered.slab[slot]
    guard entry.rejection == nil, !entry.request.isAdjustment else { return nil }
    return order(entry.id)
  }

  func view(_ slot: Int32) -> OrderView {
    let order = orders[slot]
    return OrderView(
      id: order.id, user: traders[order.trader].user, market: order.market,
      clientOrderID: order.clientOrderID, side: order.side, type: order.type,
      timeInForce: order.timeInForce, status: .open,
      limitTicks: order.type == .market ? 0 : order.limitTicks,
      lots: order.executedLots + order.remainingLots, executedLots: order.executedLots,
      notional: order.notional, feePaid: order.feePaid, expiry: order.expiry, time: order.time)
  }

  private func finishedView(_ slot: Int32) -> OrderView {
    let entry = remembered.slab[slot]
    return OrderView(
      id: entry.id, user: entry.user, market: entry.request.market,
      clientOrderID: entry.clientOrderID, side: entry.request.side, type: entry.request.type,
      timeInForce: entry.request.timeInForce, status: entry.status,
      limitTicks: entry.limitTicks, lots: entry.lots,
      executedLots: entry.executedLots, notional: entry.notional, feePaid: entry.feePaid,
      expiry: entry.request.expiry, time: entry.time)
  }

  /// Whether the user has a live order in one market (nil: in any).
  public func hasOpenOrders(_ user: UserID, _ market: MarketID? = nil) -> Bool {
    let range = market.map { Int($0)..<Int($0) + 1 } ?? 0..<markets.count
    return range.contains { market in
      guard let trader = traderIndex.find(UInt64(user) << 16 | UInt64(market)) else { return false }
      return traders[trader].buys.head >= 0 || traders[trader].sells.head >= 0
    }
  }

  /// The user's live orders in one market (nil: all), oldest first a side and market.
  public func openOrders(_ user: UserID, _ market: MarketID? = nil) -> [OrderView] {
    var views: [OrderView] = []
    let range = market.map { Int($0)..<Int($0) + 1 } ?? 0..<markets.count
    for market in range {
      guard let trader = traderIndex.find(UInt64(user) << 16 | UInt64(market)) else { continue }
      for side in [Side.buy, .sell] {
        var slot = traders[trader][side].head
        while slot >= 0 {
          views.append(view(slot))
          slot = orders[slot].ownNext
        }
      }
    }
    return views
  }

  // MARK: Markets

  public func marketView(_ id: MarketID) -> MarketView {
    let constants = markets[Int32(id)].constants
    return MarketView(
      isOpen: constants.isOpen, definition: markets[Int32(id)].definition,
      referenceTicks: constants.referenceTicks, band: constants.band,
      auctionCount: markets[Int32(id)].auctionCount, tradeCount: markets[Int32(id)].tradeCount,
      buyOrders: markets[Int32(id)].buys.orderCount,
      sellOrders: markets[Int32(id)].sells.orderCount,
      nextRun: nextRun(Int32(id)))
  }

  /// The end of time where no later slot fits it.
  private func nextRun(_ market: Int32) -> Microseconds {
    let (next, overflow) = (markets[market].lastSlot + 1)
      .multipliedReportingOverflow(by: markets[market].constants.interval)
    return overflow ? .max : next
  }

  /// What a run would do if it came now (expiries due by then still count).
  public func indicative(_ id: MarketID) -> IndicativeView {
    let constants = markets[Int32(id)].constants
    return IndicativeView(
      clearing: clear(Int32(id), constants), referenceTicks: constants.referenceTicks,
      band: constants.band, time: time, nextRun: nextRun(Int32(id)))
  }

  public func book(_ id: MarketID, depth: Int) -> BookView {
    let market = Int32(id)
    return BookView(
      buys: markets[market].buys.depth(depth), sells: markets[market].sells.depth(depth),
      marketBuyLots: markets[market].buys.marketOrders.lots,
      marketSellLots: markets[market].sells.marketOrders.lots)
  }

  /// The runs that are due at `time`, one a market: missed slots are skipped.
  public func dueRuns(at time: Microseconds) -> [Command] {
    var due: [Command] = []
    for market in 0..<Int32(markets.count) where markets[market].constants.isOpen {
      let slot = time / markets[market].constants.interval
      if slot > markets[market].lastSlot {
        due.append(.schedule(.runAuction(market: MarketID(market), slot: slot)))
      }
    }
    return due
  }

  /// When the next run of an open market is due; nil without one.
  public var nextDue: Microseconds? {
    var next: Microseconds?
    for market in 0..<Int32(markets.count) where markets[market].constants.isOpen {
      let run = nextRun(market)
      next = min(next ?? run, run)
    }
    return next
  }

  public func pendingAdjustmentViews() -> [PendingAdjustmentView] {
    pendingAdjustments.map {
      PendingAdjustmentView(
        id: $0.id, adjustment: $0.adjustment, authority: $0.authority, time: $0.time)
    }
  }

  /// Room for so many live orders and remembered ids, so that none of them makes memory grow.
  public mutating func reserve(orders count: Int, remembered rememberedCount: Int) {
    orders.reserve(count)
    if rulesVersion < 3 { orderIndex.reserve(count + rememberedCount) }
    remembered.reserve(rememberedCount)
    memory.reserve(rememberedCount)
  }
}
