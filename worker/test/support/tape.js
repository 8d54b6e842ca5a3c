// The naive oracle: a tape as plain arrays, its chain by node:crypto, its views by long division.

import { Buffer } from "node:buffer";
import { encode } from "../../src/codec.js";
import { sha256 } from "./publisher.js";

export const ZERO_CHAIN = "0".repeat(64);

/** Terms that tests start from: 18 decimals, a tick of 0.01 and a lot of 0.0001. */
export const TERMS = {
  base: "ETH",
  baseDecimals: 18,
  quote: "USDC",
  quoteDecimals: 6,
  tick: 10_000n,
  lot: 100_000_000_000_000n,
  atomsPerTickLot: 1n,
  intervalMilliseconds: 1_000,
  bandBasisPoints: 1_000,
  runsBeforeWidening: 3,
  buyFeeBasisPoints: 10,
  sellFeeBasisPoints: 5,
  minimumNotional: 1_500_000n,
  maximumOpenOrders: 200,
  ruleID: "CALL-1",
  rulesVersion: 1,
};

/** What a market's terms say more under CALL-2. */
export const CALL_2 = {
  minimumReferenceVolume: 1_500_000_000n,
  widestBandBasisPoints: 5_000,
  ruleID: "CALL-2",
  rulesVersion: 3,
};

export const TIME = 1_790_000_000_123_006n;

export class TapeModel {
  /** One a record: `{number, fields, payload, chain}`. */
  records = [];

  constructor(market, terms = TERMS) {
    this.market = market;
    this.terms = terms;
    this.time = TIME;
    this.auctions = 0;
    this.trades = 0;
  }

  chainAt(number) {
    return number === 0 ? ZERO_CHAIN : this.records[number - 1].chain;
  }

  get count() {
    return this.records.length;
  }

  /** Appends whatever it is told to, right or wrong. */
  add(fields) {
    return this.addPayload(encode(fields), fields);
  }

  addPayload(payload, fields = null) {
    const number = this.count + 1;
    const chain = chain_(this.chainAt(this.count), number, payload);
    this.records.push({ number, fields, payload, chain });
    return this;
  }

  define(changes = {}) {
    const { market, terms, time } = this;
    return this.add({ kind: "definition", time, market, ...terms, ...changes });
  }

  /** From now on the rule is CALL-2, and it is published. */
  adoptCall2() {
    this.terms = { ...this.terms, ...CALL_2 };
    return this.define();
  }

  reference(ticks) {
    return this.add({ kind: "reference", time: this.#tick(), reference: BigInt(ticks) });
  }

  tradingState(open) {
    return this.add({ kind: "trading_state", time: this.#tick(), open });
  }

  /** One run: trades and ladder in records of at most `chunk`, then the auction. */
  auction({ trades = [], ladder = [], chunk = 8_192, ...changes } = {}) {
    this.openAuction({ trades, ladder, chunk });
    return this.closeAuction({ tradeCount: trades.length, ladderRows: ladder.length, ...changes });
  }

  openAuction({ trades = [], ladder = [], price = 200_000n, chunk = 8_192 }) {
    const auction = this.auctions + 1;
    const time = this.#tick();
    for (const part of chunks(trades, chunk)) {
      const firstTrade = this.trades + 1;
      this.add({ kind: "trades", auction, firstTrade, price, time, trades: part });
      this.trades += part.length;
    }
    let firstRow = 0;
    for (const rows of chunks(ladder, chunk)) {
      this.add({ kind: "ladder", auction, firstRow, rows });
      firstRow += rows.length;
    }
    return this;
  }

  closeAuction(changes = {}) {
    const traded = (changes.tradeCount ?? 0) > 0;
    const outcome = this.terms.ruleID === "CALL-2"
      ? { outsideRuns: 2, heldLots: traded ? 0n : 77n, nextReference: traded ? 200_000n : 199_999n }
      : {};
    this.auctions++;
    return this.add({
      kind: "auction",
      auction: this.auctions,
      status: traded ? "cleared" : "no_cross",
      time: this.time,
      slot: this.time / 1_000_000n,
      price: traded ? 200_000n : 0n,
      volume: traded ? 70_000n : 0n,
      surplus: -12_345n,
      tradeCount: 0,
      ladderRows: 0,
      reference: 199_999n,
      bandLower: 180_000n,
      bandUpper: 220_000n,
      ...outcome,
      ruleID: this.terms.ruleID,
      buyOrders: 3,
      sellOrders: 2,
      journalSequence: BigInt(this.auctions) * 7n,
      journalCommands: BigInt(this.auctions) * 1_000n,
      journalHash: sha256(`journal ${this.auctions}`).toString("hex"),
      previousChain: this.chainAt(this.count),
      ...changes,
    });
  }

  /** The records `first ... last` as one request. */
  batch(first, last, epoch) {
    const body = Buffer.concat(this.records.slice(first - 1, last).map(frame));
    return { epoch, first, count: last - first + 1, chain: this.chainAt(first - 1), body };
  }

  /** What readers may see after the first `count` records, as docs/tape.md, "Reads", words it. */
  views(count = this.count) {
    const seen = { trades: [], auctions: [], whole: [] };
    let open = { trades: [], ladder: [] };
    for (const record of this.records.slice(0, count)) {
      const { fields } = record;
      if (fields.kind === "trades") open.trades.push(...this.#tradeViews(fields));
      if (fields.kind === "ladder") open.ladder.push(...fields.rows.map((row) => this.#row(row)));
      if (fields.kind !== "auction") continue;
      const auction = this.#auctionView(record);
      seen.auctions.push(auction);
      seen.trades.push(...open.trades);
      seen.whole.push({ ...auction, ...open });
      open = { trades: [], ladder: [] };
    }
    return seen;
  }

  #tradeViews(fields) {
    return fields.trades.map((trade, i) => ({
      id: `${fields.firstTrade + i}`,
      market: this.market,
      auction_id: `${fields.auction}`,
      price: this.#price(fields.price),
      quantity: this.#quantity(trade.quantity),
      buy_order_id: `${trade.buyOrder}`,
      sell_order_id: `${trade.sellOrder}`,
      timestamp: rfc3339(fields.time),
    }));
  }

  #row({ price, buy, sell }) {
    return { price: this.#price(price), buy: this.#quantity(buy), sell: this.#quantity(sell) };
  }

  #auctionView({ number, fields, chain }) {
    const hasBand = fields.bandUpper > 0n;
    return {
      id: `${fields.auction}`,
      market: this.market,
      status: fields.status,
      clearing_price: fields.status === "cleared" ? this.#price(fields.price) : null,
      volume: this.#quantity(fields.volume),
      surplus: this.#quantity(fields.surplus),
      trade_count: fields.tradeCount,
      timestamp: rfc3339(fields.time),
      slot: `${fields.slot}`,
      rule_id: fields.ruleID,
      reference: fields.reference > 0n ? this.#price(fields.reference) : null,
      band: hasBand
        ? { lower: this.#price(fields.bandLower), upper: this.#price(fields.bandUpper) }
        : null,
      buy_orders: fields.buyOrders,
      sell_orders: fields.sellOrders,
      ladder_rows: fields.ladderRows,
      outcome: fields.ruleID === "CALL-2"
        ? {
          outside_runs: fields.outsideRuns,
          held_volume: this.#quantity(fields.heldLots),
          next_reference: fields.nextReference > 0n ? this.#price(fields.nextReference) : null,
        }
        : null,
      journal: {
        sequence: `${fields.journalSequence}`,
        commands: `${fields.journalCommands}`,
        hash: fields.journalHash,
      },
      record: `${number}`,
      chain,
    };
  }

  #price(ticks) {
    return divided(ticks * this.terms.tick, this.terms.quoteDecimals);
  }

  #quantity(lots) {
    return divided(lots * this.terms.lot, this.terms.baseDecimals);
  }

  #tick() {
    return this.time += 1_000_001n;
  }
}

export function frame({ payload }) {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(payload.length);
  return Buffer.concat([length, payload]);
}

/** Checks the chain of framed bytes after `number` records; answers the chain at their end. */
export function chainOver(bytes, number = 0, chain = ZERO_CHAIN) {
  const buffer = Buffer.from(bytes);
  for (let at = 0; at < buffer.length;) {
    const end = at + 4 + buffer.readUInt32BE(at);
    chain = chain_(chain, ++number, buffer.subarray(at + 4, end));
    at = end;
  }
  return { number, chain };
}

function chain_(previous, number, payload) {
  const place = Buffer.alloc(12);
  place.writeBigUInt64BE(BigInt(number));
  place.writeUInt32BE(payload.length, 8);
  const parts = [Buffer.from("uncross-tape-1"), Buffer.from(previous, "hex"), place, payload];
  return sha256(Buffer.concat(parts)).toString("hex");
}

function divided(atoms, decimals) {
  const sign = atoms < 0n ? "-" : "";
  let rest = atoms < 0n ? -atoms : atoms;
  const scale = 10n ** BigInt(decimals);
  let text = `${sign}${rest / scale}`;
  rest %= scale;
  if (rest > 0n) text += ".";
  while (rest > 0n) {
    rest *= 10n;
    text += rest / scale;
    rest %= scale;
  }
  return text;
}

function rfc3339(microseconds) {
  const seconds = new Date(Number(microseconds / 1_000_000n) * 1_000).toISOString().slice(0, 19);
  return `${seconds}.${String(microseconds % 1_000_000n).padStart(6, "0")}Z`;
}

function chunks(values, size) {
  const parts = [];
  for (let i = 0; i < values.length; i += size) parts.push(values.slice(i, i + size));
  return parts;
}
