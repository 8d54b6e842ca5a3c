// A user's own accounts: balances, ledger, fills.

internal import Engine
internal import Formats
internal import Ledger
internal import Wire

extension Handlers {
  func balances(of user: UserID) async throws(Refusal) -> Answer {
    let views = try await read { $0.balances(user) }
    return .json(
      BalanceList(
        balances: views.map { view in
          let asset = listedAsset(view.asset)
          func amount(_ atoms: Int128) -> DecimalAmount {
            DecimalAmount(atoms: atoms, decimals: asset.decimals)
          }
          return AssetBalance(
            asset: asset.definition.code, free: amount(view.free), locked: amount(view.locked),
            total: amount(view.total))
        }))
  }

  // MARK: Ledger

  func ledger(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    var query = LedgerQuery(
      user: user.user, limit: call.query.integer("limit") ?? Self.defaultLimit)
    query.before = call.query.integer("before")
    if let code = call.query["asset"] { query.asset = try asset(named: code).id }
    if let name = call.query["type"] {
      query.type = LedgerTransactionType.allCases.first { "\($0.name)" == name }
    }
    let page = try await ledgerPage(query)
    return .json(LedgerPage(rows: page.rows.map(line), next: page.next.map { String($0) }))
  }

  private func line(_ row: LedgerRow) -> LedgerLine {
    let entry = row.entry
    let asset = listedAsset(entry.asset)
    func amount(_ atoms: Int128) -> DecimalAmount {
      DecimalAmount(atoms: atoms, decimals: asset.decimals)
    }
    return LedgerLine(
      sequence: String(row.sequence), asset: asset.definition.code, type: "\(entry.type.name)",
      reference: reference(entry.reference), delta: amount(entry.delta),
      freeDelta: amount(entry.freeDelta), lockedDelta: amount(entry.lockedDelta),
      freeAfter: amount(entry.freeAfter), lockedAfter: amount(entry.lockedAfter),
      timestamp: Timestamp(microseconds: entry.time))
  }

  private func reference(_ reference: LedgerReference) -> LedgerLineReference {
    func ofMarket(_ kind: String, _ id: Int64, _ market: MarketID) -> LedgerLineReference {
      LedgerLineReference(kind: kind, market: listedMarket(market).symbol, id: String(id))
    }
    func ofChain(_ kind: String, _ id: Int64, _ chain: ChainID) -> LedgerLineReference {
      LedgerLineReference(kind: kind, chain: directory.chain(chain), id: String(id))
    }
    return switch reference {
    case .order(let id): LedgerLineReference(kind: "order", id: String(id))
    case .trade(let number, let market): ofMarket("trade", number, market)
    case .auction(let number, let market): ofMarket("auction", number, market)
    case .adjustment(let id): LedgerLineReference(kind: "adjustment", id: String(id))
    case .deposit(let number, let chain): ofChain("deposit", number, chain)
    case .clawback(let number, let chain): ofChain("clawback", number, chain)
    case .withdrawal(let id, let chain): ofChain("withdrawal", id, chain)
    }
  }

  // MARK: Fills

  /// A user's side of a trade is two TRADE rows, one after another: what it paid and what it got.
  static let maximumFills = LedgerQuery.maximumLimit / 2

  func fills(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    let limit = call.query.integer("limit") ?? Self.defaultLimit
    let before: UInt64? = call.query.integer("before")
    let page = try await ledgerPage(
      LedgerQuery(user: user.user, type: .trade, before: before, limit: limit * 2))
    let (fills, next) = paired(page, before: before)
    return .json(FillPage(fills: fills, next: next.map { String($0) }))
  }

  /// The fills of a page's rows, and where the next page begins.
  private func paired(
    _ page: LedgerQuery.Page, before: UInt64?
  ) -> (fills: [OwnFill], next: UInt64?) {
    let rows = page.rows
    var fills: [OwnFill] = []
    var index = 0
    while index + 1 < rows.count {
      if let fill = fill(rows[index], rows[index + 1]) {
        fills.append(fill)
        index += 2
      } else {
        // A cursor between the two rows of a trade: the page before had it.
        index += 1
      }
    }
    // One half of a trade at the end: the next page begins with it, unless this one did.
    if page.next != nil, index < rows.count, rows[index].sequence + 1 < before ?? .max {
      return (fills, rows[index].sequence + 1)
    }
    return (fills, page.next)
  }

  /// One fill of two rows of the same trade, newer first; nil where they are not.
  private func fill(_ newer: LedgerRow, _ older: LedgerRow) -> OwnFill? {
    guard newer.entry.reference == older.entry.reference,
      case .trade(let number, let id) = older.entry.reference
    else { return nil }
    let market = listedMarket(id)
    let baseID = market.record.definition.base
    let (base, quote) =
      newer.entry.asset == baseID ? (newer.entry, older.entry) : (older.entry, newer.entry)
    guard base.asset == baseID, quote.asset == market.record.definition.quote else { return nil }
    let (quantity, amount) = (abs(base.delta), abs(quote.delta))
    guard let price = market.price(quoteAtoms: amount, baseAtoms: quantity) else { return nil }
    return OwnFill(
      tradeID: String(number), market: market.symbol,
      side: base.delta > 0 ? .buy : .sell, price: price, quantity: market.base(quantity),
      amount: market.quote(amount), timestamp: Timestamp(microseconds: older.entry.time),
      sequence: String(older.sequence))
  }
}
