// The Durable Object of one market's tape: appends batches, finds records.
//
// It decides and stores; signatures, hashes and JSON are the stateless Worker's work (publish.js,
// index.js). Every method runs from its first to its last line without an await, so none ever sees
// another's half.

import { DurableObject } from "cloudflare:workers";
import { EMPTY_CHAIN } from "./chain.js";
import { decodeHead, decodeLadder, decodeTrades, frames } from "./codec.js";
import { Continuity } from "./continuity.js";
import { MAX_READ_BATCHES, MAX_READ_BYTES, MAX_RECORDS_BYTES, MAX_WHOLE } from "./limits.js";

/** Changes with the tables or with `append`'s argument: code is rolled out place by place. */
export const FORMAT = 1;

/** How the error begins that says so; another isolate gets of an error its message only. */
export const OTHER_FORMAT = "storage of format";

/** In the place of an epoch: the tape has none yet. */
export const NO_EPOCH = "-";

/**
 * One row a batch and no index but the key: Cloudflare bills rows written, and an index counts as
 * one. All columns but the body say where the tape stands after the batch, so the last row is the
 * head, and since ids only grow, a search over the key finds any trade or auction. The body comes
 * last: SQLite then reads the small columns without it.
 */
const SCHEMA = [
  `CREATE TABLE meta (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     format INTEGER NOT NULL,
     epoch TEXT NOT NULL,
     market TEXT NOT NULL,
     units TEXT NOT NULL
   )`,
  `CREATE TABLE batch (
     first INTEGER PRIMARY KEY,    -- number of its first record
     last INTEGER NOT NULL,        -- and of its last
     digest TEXT NOT NULL,         -- SHA-256 of the body
     chain TEXT NOT NULL,          -- chain(last)
     auction INTEGER NOT NULL,     -- id of the last closed auction
     trade INTEGER NOT NULL,       -- id of the last trade, its auction closed or not
     open_trades INTEGER NOT NULL, -- trades since the last closed auction
     open_ladder INTEGER NOT NULL, -- ladder rows since then
     definition INTEGER NOT NULL,  -- number of the latest definition record
     body BLOB NOT NULL
   )`,
];
const COLUMNS = "first, last, digest, chain, auction, trade, open_trades, open_ladder, definition";

/** Where every tape stands before its first batch. */
const BEGINNING = Object.freeze({
  first: 0,
  last: 0,
  digest: "",
  chain: EMPTY_CHAIN,
  auction: 0,
  trade: 0,
  open_trades: 0,
  open_ladder: 0,
  definition: 0,
});

export class Tape extends DurableObject {
  #sql = this.ctx.storage.sql;
  #meta = null;
  /** The last auction's record, which every look at the head shows. */
  #closing = null;

  // MARK: Append

  /**
   * Stores a batch that publish.js has verified, or says why not. The comparison with what is
   * stored and the write are one transaction; the answer leaves when it is durable (the platform's
   * output gate).
   *
   * @param batch `{format, market, epoch, first, count, previousChain, chain, digest, body,
   *   fault}`: `fault` is what publish.js found wrong between records; it counts only if the batch
   *   is next.
   * @returns `{status, epoch, last, chain}` with the head as it is then.
   */
  append(batch) {
    if (batch.format !== FORMAT) {
      throw new Error(`batches of format ${FORMAT}, not ${batch.format}`);
    }
    return this.ctx.storage.transactionSync(() => {
      const last = this.#lastRow();
      const status = this.#place(batch, last) ?? this.#write(batch, last);
      const head = status === "accepted" ? this.#lastRow() : last;
      return { status, epoch: this.#epoch(), last: head.last, chain: head.chain };
    });
  }

  /** Where the batch lies in relation to what is stored; null if it is next. */
  #place(batch, last) {
    // A tape's first batch is signed before anyone knows an epoch, and so is its repetition.
    const knowsEpoch = batch.epoch === this.#epoch() ||
      (batch.epoch === NO_EPOCH && batch.first === 1);
    if (!knowsEpoch) return "epoch";
    if (batch.first > last.last + 1) return "gap";
    if (batch.first === last.last + 1) return batch.previousChain === last.chain ? null : "fork";
    const stored = this.#rowAt(batch.first);
    if (stored.first !== batch.first) return "overlap";
    if (batch.previousChain !== this.#rowAt(batch.first - 1).chain) return "fork";
    if (stored.last !== batch.first + batch.count - 1) return "overlap";
    return stored.digest === batch.digest ? "duplicate" : "fork";
  }

  #write(batch, last) {
    const tape = new Continuity(batch.market, last, this.#readMeta()?.units ?? null);
    for (const { number, payload } of frames(batch.body, batch.first)) {
      const breach = tape.take(number, decodeHead(payload));
      if (breach) return "inconsistent";
    }
    if (batch.fault) return "inconsistent";
    if (!this.#readMeta()) this.#create(batch.market, tape.units);
    this.#sql.exec(
      `INSERT INTO batch (${COLUMNS}, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      batch.first,
      batch.first + batch.count - 1,
      batch.digest,
      batch.chain,
      tape.auction,
      tape.trade,
      tape.openTrades,
      tape.openLadder,
      tape.definition,
      batch.body,
    );
    return "accepted";
  }

  /**
   * Only a batch that is accepted makes storage: asking for a market that is not must cost nothing.
   */
  #create(market, units) {
    for (const statement of SCHEMA) this.#sql.exec(statement);
    this.#sql.exec(
      "INSERT INTO meta (id, format, epoch, market, units) VALUES (1, ?, ?, ?, ?)",
      FORMAT,
      crypto.randomUUID(),
      market,
      // Ticks and lots are BigInt: text in JSON.
      JSON.stringify(units, (_, value) => typeof value === "bigint" ? `${value}` : value),
    );
  }

  // MARK: Reads. Each answers null for a market that nobody has published.

  /**
   * Where the tape ends: `{epoch, last, chain, trade, auction}`, the last two as readers may see
   * them.
   */
  head() {
    const last = this.#lastRow();
    return {
      epoch: this.#epoch(),
      last: last.last,
      chain: last.chain,
      trade: last.trade - last.open_trades,
      auction: last.auction === 0 ? null : this.#lastAuction(last.auction),
    };
  }

  /** The latest definition as `{number, payload}`. */
  definition() {
    const meta = this.#readMeta();
    if (!meta) return null;
    const { definition } = this.#lastRow();
    return { units: meta.units, record: this.#recordIn(this.#rowAt(definition), definition) };
  }

  /**
   * A page of trades of closed auctions; `range` is `{after}`, `{before}` or neither, and `limit`.
   */
  trades(range) {
    const last = this.#lastRow();
    return this.#page(range, last.trade - last.open_trades, "trade", tradesIn);
  }

  /** A page of auctions as `{number, payload}`. */
  auctions(range) {
    return this.#page(range, this.#lastRow().auction, "auction", auctionsIn);
  }

  /** One auction with its trades and ladder, each to a limit. */
  auction(id) {
    const meta = this.#readMeta();
    if (!meta || id > this.#lastRow().auction) return null;
    const { record, head, firstTrade } = this.#auctionAt(id);
    const { items: trades, next } = this.#page(
      { after: firstTrade - 1, limit: Math.min(head.tradeCount, MAX_WHOLE) },
      firstTrade + head.tradeCount - 1,
      "trade",
      tradesIn,
    );
    return { units: meta.units, record, trades, next, ladder: this.#ladder(id, head.ladderRows) };
  }

  /** Raw frames after a record: `{first, count, bytes, settled}`. */
  records(after, limit) {
    if (!this.#readMeta()) return null;
    const pieces = [];
    let size = 0;
    let count = 0;
    for (const row of this.#rowsFrom(after + 1)) {
      for (const { number, at, end } of frames(row.body, row.first)) {
        if (number <= after) continue;
        if (count === limit || size + end - at > MAX_RECORDS_BYTES) {
          return { first: after + 1, count, bytes: joined(pieces, size), settled: true };
        }
        pieces.push(row.body.subarray(at, end));
        size += end - at;
        count++;
      }
    }
    const settled = after + count < this.#lastRow().last;
    return { first: after + 1, count, bytes: joined(pieces, size), settled };
  }

  /**
   * Items with ids 1 ... newest, ascending after an id or else descending, a batch at a time.
   * `column` of a row is the last id that it holds or has before it; `itemsIn` gives a batch's
   * items within bounds, ascending. `next` is where to go on; a `settled` page will never read
   * otherwise.
   */
  #page({ after, before, limit }, newest, column, itemsIn) {
    const meta = this.#readMeta();
    if (!meta) return null;
    const ascending = after !== undefined;
    const items = [];
    const budget = new ReadBudget();
    let id = ascending ? after + 1 : Math.min(newest, (before ?? Infinity) - 1);
    let shown = null;
    while (id >= 1 && id <= newest && items.length < limit && budget.allows) {
      const wanted = limit - items.length;
      const row = this.#withBody(this.#find((row) => row[column] >= id));
      const [low, high] = ascending
        ? [id, Math.min(newest, id + wanted - 1)]
        : [Math.max(1, id - wanted + 1), id];
      const found = itemsIn(row, low, high);
      items.push(...(ascending ? found.items : found.items.reverse()));
      shown = ascending ? found.last : found.first;
      id = ascending ? shown + 1 : shown - 1;
      budget.spend(row);
    }
    const next = id >= 1 && id <= newest ? shown : null;
    const settled = ascending ? next !== null : before <= newest + 1;
    return { units: meta.units, items, next, settled };
  }

  /**
   * An auction's record, its head, and the id of its first trade (or of the next one, without
   * trades).
   */
  #auctionAt(id) {
    const row = this.#withBody(this.#find((row) => row.auction >= id));
    let { trade } = this.#rowAt(row.first - 1);
    for (const { number, payload } of frames(row.body, row.first)) {
      const head = decodeHead(payload);
      if (head.kind === "trades") trade = head.lastTrade;
      if (head.kind === "auction" && head.auction === id) {
        const record = { number, payload: payload.slice() };
        return { record, head, firstTrade: trade - head.tradeCount + 1 };
      }
    }
    throw new Error(`auction ${id} is not where the columns say`);
  }

  #lastAuction(id) {
    if (this.#closing?.id !== id) this.#closing = { id, record: this.#auctionAt(id).record };
    return this.#closing.record;
  }

  /** The rows of an auction's ladder to the limit, and whether there are more. */
  #ladder(id, rows) {
    const shown = [];
    const wanted = Math.min(rows, MAX_WHOLE);
    if (wanted > 0) {
      const start = this.#find((row) =>
        row.auction >= id || (row.auction === id - 1 && row.open_ladder > 0)
      );
      for (const row of this.#rowsFrom(start.first)) {
        for (const { payload } of frames(row.body, row.first)) {
          const head = decodeHead(payload);
          if (head.kind !== "ladder" || head.auction !== id || shown.length === wanted) continue;
          shown.push(
            ...decodeLadder(payload, head, Math.min(head.count, wanted - shown.length)),
          );
        }
        if (shown.length === wanted) break;
      }
    }
    return { rows: shown, truncated: shown.length < rows };
  }

  #recordIn(row, wanted) {
    const { body, first } = this.#withBody(row);
    for (const { number, payload } of frames(body, first)) {
      if (number === wanted) return { number, payload: payload.slice() };
    }
    throw new Error(`record ${wanted} is not where the columns say`);
  }

  // MARK: Rows

  /** Null before the first batch. */
  #readMeta() {
    if (this.#meta) return this.#meta;
    const made = this.#sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'meta'").toArray();
    if (made.length === 0) return null;
    const { epoch, units, format } = this.#sql.exec("SELECT * FROM meta").one();
    if (format !== FORMAT) {
      throw new Error(
        `${OTHER_FORMAT} ${format}, this Worker reads ${FORMAT}: ` +
          "deploy the Worker that wrote it, or a newer one",
      );
    }
    const parsed = JSON.parse(units);
    const meta = {
      epoch,
      units: { ...parsed, tick: BigInt(parsed.tick), lot: BigInt(parsed.lot) },
    };
    return this.#meta = meta;
  }

  #epoch() {
    return this.#readMeta()?.epoch ?? NO_EPOCH;
  }

  #lastRow() {
    if (!this.#readMeta()) return BEGINNING;
    return this.#sql.exec(`SELECT ${COLUMNS} FROM batch ORDER BY first DESC LIMIT 1`).one();
  }

  /** The row that holds a record; the beginning for record 0. */
  #rowAt(number) {
    if (number < 1) return BEGINNING;
    return this.#sql.exec(
      `SELECT ${COLUMNS} FROM batch WHERE first <= ? ORDER BY first DESC LIMIT 1`,
      number,
    ).one();
  }

  /**
   * The first row of which `holds` is true. It must be false up to some row and true from there to
   * the last: then halving the record numbers in doubt finds it with one row read a step.
   */
  #find(holds) {
    let found = this.#lastRow();
    for (let low = 1; low < found.first;) {
      const middle = this.#rowAt(low + Math.floor((found.first - 1 - low) / 2));
      if (holds(middle)) found = middle;
      else low = middle.last + 1;
    }
    return found;
  }

  #withBody(row) {
    const { body } = this.#sql.exec("SELECT body FROM batch WHERE first = ?", row.first).one();
    return { ...row, body: new Uint8Array(body) };
  }

  /** Rows with bodies from the one that holds a record on, as far as one read may go. */
  *#rowsFrom(number) {
    const { last } = this.#lastRow();
    const budget = new ReadBudget();
    while (number <= last && budget.allows) {
      const row = this.#withBody(this.#rowAt(number));
      yield row;
      budget.spend(row);
      number = row.last + 1;
    }
  }
}

/** Bounds the work of one read. */
class ReadBudget {
  #bytes = MAX_READ_BYTES;
  #batches = MAX_READ_BATCHES;

  get allows() {
    return this.#bytes > 0 && this.#batches > 0;
  }

  spend(row) {
    this.#bytes -= row.body.length;
    this.#batches--;
  }
}

/** Trades of a batch with ids `low` to `high`, ascending. */
function tradesIn(row, low, high) {
  const items = [];
  for (const { payload } of frames(row.body, row.first)) {
    const head = decodeHead(payload);
    if (head.kind !== "trades" || head.lastTrade < low || head.firstTrade > high) continue;
    const from = Math.max(low - head.firstTrade, 0);
    const to = Math.min(high + 1 - head.firstTrade, head.count);
    items.push(...decodeTrades(payload, head, from, to));
  }
  return { items, first: items[0].id, last: items.at(-1).id };
}

/** Records of a batch that close auctions `low` to `high`, ascending. */
function auctionsIn(row, low, high) {
  const items = [];
  const ids = [];
  for (const { number, payload } of frames(row.body, row.first)) {
    const head = decodeHead(payload);
    if (head.kind !== "auction" || head.auction < low || head.auction > high) continue;
    items.push({ number, payload: payload.slice() });
    ids.push(head.auction);
  }
  return { items, first: ids[0], last: ids.at(-1) };
}

function joined(pieces, size) {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
