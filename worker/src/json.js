// What readers see: decoded records as the JSON of docs/tape.md, "Reads". Pure.

/** `atoms / 10^decimals`, exact, in its shortest spelling. */
export function decimal(atoms, decimals) {
  const digits = (atoms < 0n ? -atoms : atoms).toString().padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, "");
  return (atoms < 0n ? "-" : "") + whole + (fraction && "." + fraction);
}

/** RFC 3339 with microseconds, of microseconds since 1970. */
export function timestamp(microseconds) {
  const milliseconds = new Date(Number(microseconds / 1_000n)).toISOString().slice(0, -1);
  return `${milliseconds}${(microseconds % 1_000n).toString().padStart(3, "0")}Z`;
}

/** Views of one market's records: the units turn ticks and lots into decimals. */
export class MarketView {
  constructor(market, units) {
    this.market = market;
    this.units = units;
  }

  price(ticks) {
    return decimal(ticks * this.units.tick, this.units.quoteDecimals);
  }

  quantity(lots) {
    return decimal(lots * this.units.lot, this.units.baseDecimals);
  }

  /** 0 ticks stand for no price. */
  #priceOrNull(ticks) {
    return ticks === 0n ? null : this.price(ticks);
  }

  trade(trade) {
    return {
      id: `${trade.id}`,
      market: this.market,
      auction_id: `${trade.auction}`,
      price: this.price(trade.price),
      quantity: this.quantity(trade.quantity),
      buy_order_id: `${trade.buyOrder}`,
      sell_order_id: `${trade.sellOrder}`,
      timestamp: timestamp(trade.time),
    };
  }

  ladderRow(row) {
    return {
      price: this.price(row.price),
      buy: this.quantity(row.buy),
      sell: this.quantity(row.sell),
    };
  }

  /** `record` is the auction record's number, `chain` the chain after it. */
  auction(auction, record, chain) {
    const { bandLower, bandUpper } = auction;
    return {
      id: `${auction.auction}`,
      market: this.market,
      status: auction.status,
      clearing_price: auction.status === "cleared" ? this.price(auction.price) : null,
      volume: this.quantity(auction.volume),
      surplus: this.quantity(auction.surplus),
      trade_count: auction.tradeCount,
      timestamp: timestamp(auction.time),
      slot: `${auction.slot}`,
      rule_id: auction.ruleID,
      reference: this.#priceOrNull(auction.reference),
      band: bandLower === 0n && bandUpper === 0n
        ? null
        : { lower: this.price(bandLower), upper: this.price(bandUpper) },
      buy_orders: auction.buyOrders,
      sell_orders: auction.sellOrders,
      ladder_rows: auction.ladderRows,
      outcome: this.#outcome(auction),
      journal: journal(auction),
      record: `${record}`,
      chain,
    };
  }

  /** What a run leaves for the next one; CALL-1 does not publish it. */
  #outcome({ outsideRuns, heldLots, nextReference }) {
    return outsideRuns === undefined ? null : {
      outside_runs: outsideRuns,
      held_volume: this.quantity(heldLots),
      next_reference: this.#priceOrNull(nextReference),
    };
  }

  definition(definition, record) {
    const { minimumReferenceVolume, widestBandBasisPoints } = definition;
    return {
      market: definition.market,
      base: definition.base,
      quote: definition.quote,
      base_decimals: definition.baseDecimals,
      quote_decimals: definition.quoteDecimals,
      tick_size: this.price(1n),
      lot_size: this.quantity(1n),
      rule_id: definition.ruleID,
      rules_version: definition.rulesVersion,
      interval_milliseconds: definition.intervalMilliseconds,
      band_basis_points: definition.bandBasisPoints,
      runs_before_widening: definition.runsBeforeWidening,
      buy_fee_basis_points: definition.buyFeeBasisPoints,
      sell_fee_basis_points: definition.sellFeeBasisPoints,
      minimum_notional: decimal(definition.minimumNotional, definition.quoteDecimals),
      maximum_open_orders: definition.maximumOpenOrders,
      minimum_reference_volume: minimumReferenceVolume === undefined
        ? null
        : decimal(minimumReferenceVolume, definition.quoteDecimals),
      widest_band_basis_points: widestBandBasisPoints ?? null,
      timestamp: timestamp(definition.time),
      record: `${record}`,
    };
  }
}

/** The anchor of an auction in the core's journal. */
export function journal(auction) {
  return {
    sequence: `${auction.journalSequence}`,
    commands: `${auction.journalCommands}`,
    hash: auction.journalHash,
  };
}
