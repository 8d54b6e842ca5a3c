// What operators did, into `core.operator_log`, as a person reads it.

internal import Engine
internal import Formats
internal import Postgres

extension LedgerWriter {
  /// A group that comes again after a restart adds nothing.
  func writeOperations(_ batch: LedgerBatch, _ names: LedgerNames) throws(PostgresError) {
    let rows = batch.operations
    if rows.isEmpty { return }
    let lines = rows.map { names.line($0.operation) }
    var parameters = PostgresParameters(capacity: rows.count * 200 + 256)
    parameters.int8Array(rows.count) { rows[$0].journalSequence }
    parameters.int8Array(rows.count) { Int64(rows[$0].position) }
    parameters.int8Array(rows.count) { rows[$0].operation.time }
    parameters.int8Array(rows.count) { Int64(rows[$0].operation.authority.user) }
    // No bytes for no key.
    parameters.byteaArray(rows.count) { rows[$0].operation.authority.key?.bytes ?? [] }
    parameters.textArray(rows.count) { lines[$0].action }
    parameters.textArray(rows.count) { lines[$0].subject }
    parameters.textArray(rows.count) { lines[$0].detail }
    parameters.textArray(rows.count) { rows[$0].operation.authority.reason }
    try connection.query(
      """
      insert into core.operator_log(journal_seq, position, at, operator_id, public_key, action,
        subject, detail, reason)
      select s, p, to_timestamp(t / 1000000) + (t % 1000000) * interval '1 microsecond', o,
        nullif(k, ''::bytea), a, j, d, r
      from unnest($1::int8[], $2::int8[], $3::int8[], $4::int8[], $5::bytea[], $6::text[],
        $7::text[], $8::text[], $9::text[]) x(s, p, t, o, k, a, j, d, r)
      on conflict (journal_seq, position) do nothing
      """, parameters)
  }
}

extension LedgerNames {
  /// What was done, to what, and with which values.
  typealias OperationLine = (action: String, subject: String, detail: String)

  func line(_ operation: OperatorAct) -> OperationLine {
    switch operation.action {
    case .createAsset(let asset):
      return (
        "create_asset", asset.code,
        "decimals=\(asset.decimals) adjustment_limit_atoms=\(asset.adjustmentLimit)"
      )
    case .createMarket(let market):
      return (
        "create_market", market.symbol,
        "tick_atoms=\(market.tickAtoms) lot_atoms=\(market.lotAtoms)"
          + " listing_price_ticks=\(market.listingPriceTicks) " + text(market.terms)
      )
    case .changeMarket(let change):
      return ("change_market", symbol(change.market), text(change.terms))
    case .suspendMarket(let market): return ("suspend_market", symbol(market), "")
    case .resumeMarket(let market): return ("resume_market", symbol(market), "")
    case .setReference(let market, let ticks):
      return ("set_reference", symbol(market), "price_ticks=\(ticks)")
    case .registerUser(let name): return ("register_user", "\(operation.id)", "name=\(name)")
    case .setFrozen(let user, let frozen): return (frozen ? "freeze" : "unfreeze", "\(user)", "")
    case .setOperatorDelay(let seconds):
      return ("set_operator_delay", "venue", "seconds=\(seconds)")
    case .setOrderTerms(let terms): return ("set_order_terms", "venue", text(terms))
    case .registerChain(let name): return ("register_chain", name, "")
    case .setAddressDelay(let chain, let seconds):
      return ("set_address_delay", chains[Int(chain)], "seconds=\(seconds)")
    case .setWithdrawalTerms(let terms):
      return ("set_withdrawal_terms", assets[Int(terms.asset)], text(terms))
    case .registerKey(let user, let key, let role, let expiresAt):
      return line(
        AccessGrant(user: user, key: key, role: role, expiresAt: expiresAt), operation.result)
    case .approveKey(let approval):
      return (
        "approve_key", "\(approval.grant.user)", "grant=\(approval.id) " + text(approval.grant)
      )
    case .refuseKey(let grant): return ("refuse_key", "grant:\(grant)", "")
    case .revokeKey(let key):
      return ("revoke_key", "\(operation.id)", "public_key=\(Hex.string(key.bytes))")
    case .adjustBalance(let adjustment):
      return (
        "adjust", "\(adjustment.user)",
        "adjustment=\(operation.id) amount=\(amount(adjustment.amount, of: adjustment.asset))"
          + (operation.result == .replied(.adjusted(.waits)) ? " waits=true" : "")
      )
    case .approveAdjustment(let approval): return line(approval)
    case .refuseAdjustment(let id): return ("refuse_adjustment", "adjustment:\(id)", "")
    case .approveWithdrawal(let approval):
      return (
        "approve_withdrawal", "\(approval.user)",
        "withdrawal=\(approval.id) amount=\(amount(approval.amount, of: approval.asset))"
      )
    case .rejectWithdrawal(let id): return ("reject_withdrawal", "withdrawal:\(id)", "")
    }
  }

  private func line(_ grant: AccessGrant, _ result: OperatorAct.Result) -> OperationLine {
    let user = "\(grant.user)"
    return switch result {
    case .confirmedByOwner: ("register_key", user, text(grant) + " confirmed_by_owner=true")
    case .givenByDelay: ("register_key", user, text(grant) + " after_delay=true")
    case .replied(.waits(let id)): ("request_key", user, "grant=\(id) " + text(grant))
    case .replied: ("register_key", user, text(grant))
    }
  }

  private func line(_ approval: AdjustmentApproval) -> OperationLine {
    let adjustment = approval.content?.adjustment
    return (
      "approve_adjustment", adjustment.map { "\($0.user)" } ?? "",
      "adjustment=\(approval.id)"
        + (adjustment.map { " amount=\(amount($0.amount, of: $0.asset))" } ?? "")
    )
  }

  private func symbol(_ market: MarketID) -> String { markets[Int(market)] }

  private func text(_ grant: AccessGrant) -> String {
    "public_key=\(Hex.string(grant.key.bytes)) role=\(grant.role.name)"
      + (grant.expiresAt > 0 ? " expires_at_microseconds=\(grant.expiresAt)" : "")
  }

  private func text(_ terms: MarketTerms) -> String {
    "interval_milliseconds=\(terms.intervalMilliseconds)"
      + " band_basis_points=\(terms.bandBasisPoints)"
      + " runs_before_widening=\(terms.runsBeforeWidening)"
      + " buy_fee_basis_points=\(terms.buyFeeBasisPoints)"
      + " sell_fee_basis_points=\(terms.sellFeeBasisPoints)"
      + " minimum_notional_atoms=\(terms.minimumNotional)"
      + " maximum_open_orders=\(terms.maximumOpenOrders)"
      + (terms.minimumReferenceVolume.map { " minimum_reference_volume_atoms=\($0)" } ?? "")
  }

  private func text(_ terms: OrderTerms) -> String {
    "remembered_orders=\(terms.rememberedOrders)"
      + " free_orders_per_day=\(terms.allowance?.freePerDay ?? 0)"
      + " orders_per_trade=\(terms.allowance?.perTrade ?? 0)"
  }

  private func text(_ terms: WithdrawalTerms) -> String {
    func part(_ name: String, _ atoms: Int128) -> String {
      " \(name)=\(amount(atoms, of: terms.asset))"
    }
    return "chain=\(chains[Int(terms.chain)]) open=\(terms.isOpen)"
      + part("minimum", terms.minimum) + part("fee", terms.fee)
      + part("user_day_limit", terms.userDayLimit) + part("venue_day_limit", terms.venueDayLimit)
      + part("approval_above", terms.approvalAbove) + " approvals=\(terms.approvals)"
  }
}
