// Records <-> bytes: the one place that knows the layouts of docs/tape.md, "Records".
//
// Ids and counts below 2^53 are Numbers, so that they can be compared and bound to SQL; everything
// that may be larger (times, prices, quantities, order ids) is a BigInt; hashes are hex.

import { hex, unhex } from "./bytes.js";
import { MAX_CHUNK, MAX_DECIMALS, MAX_TIME } from "./limits.js";

/** Bytes that are no record, or not its only encoding. */
export class MalformedError extends Error {}

/** Statuses of an auction, by their byte. */
export const STATUSES = ["empty", "no_cross", "outside_band", "cleared"];

/** What a definition begins with, whatever the rule, and what it ends with. */
const TERMS = {
  time: "time",
  market: "text",
  base: "text",
  baseDecimals: "decimals",
  quote: "text",
  quoteDecimals: "decimals",
  tick: "uint",
  lot: "uint",
  atomsPerTickLot: "uint",
  intervalMilliseconds: "count",
  bandBasisPoints: "count",
  runsBeforeWidening: "count",
  buyFeeBasisPoints: "count",
  sellFeeBasisPoints: "count",
  minimumNotional: "uint",
  maximumOpenOrders: "count",
};
const RULE = { ruleID: "text", rulesVersion: "count" };

/** The same of an auction. */
const RUN = {
  auction: "id",
  status: "status",
  time: "time",
  slot: "uint",
  price: "uint",
  volume: "uint",
  surplus: "int",
  tradeCount: "count",
  ladderRows: "count",
  reference: "uint",
  bandLower: "uint",
  bandUpper: "uint",
};
const CLOSING = {
  ruleID: "text",
  buyOrders: "count",
  sellOrders: "count",
  journalSequence: "uint",
  journalCommands: "uint",
  journalHash: "hash",
  previousChain: "hash",
};

/**
 * Kinds by their byte, each with its fields in order. Trades and ladder go on with columns. The
 * forms of CALL-1 (1 and 4) stay beside those of CALL-2 (7 and 8): what is published never changes.
 */
const LAYOUTS = {
  1: { kind: "definition", fields: { ...TERMS, ...RULE } },
  2: {
    kind: "trades",
    fields: { auction: "id", firstTrade: "id", count: "chunk", price: "uint", time: "time" },
  },
  3: {
    kind: "ladder",
    fields: { auction: "id", firstRow: "count", count: "chunk" },
  },
  4: { kind: "auction", fields: { ...RUN, ...CLOSING } },
  5: { kind: "reference", fields: { time: "time", reference: "uint" } },
  6: { kind: "trading_state", fields: { time: "time", open: "flag" } },
  7: {
    kind: "definition",
    fields: {
      ...TERMS,
      minimumReferenceVolume: "uint",
      widestBandBasisPoints: "count",
      ...RULE,
    },
  },
  8: {
    kind: "auction",
    fields: { ...RUN, outsideRuns: "count", heldLots: "uint", nextReference: "uint", ...CLOSING },
  },
};

/** The bytes of a kind: the last is the form with the most fields. */
const KIND_BYTES = Object.groupBy(Object.keys(LAYOUTS).map(Number), (byte) => LAYOUTS[byte].kind);

/** The form that holds all that the record says. */
function byteOf(record) {
  return KIND_BYTES[record.kind].findLast((byte) =>
    Object.keys(LAYOUTS[byte].fields).every((name) => name === "count" || name in record)
  );
}

/** How a field is read, and how it is written. */
const TYPES = {
  uint: { read: (reader) => reader.uint(), write: (writer, value) => writer.uint(value) },
  int: { read: (reader) => reader.int(), write: (writer, value) => writer.int(value) },
  text: { read: (reader) => reader.text(), write: (writer, value) => writer.text(value) },
  hash: { read: (reader) => hex(reader.take(32)), write: (writer, value) => writer.hash(value) },
  count: { read: (reader) => reader.count(), write: (writer, value) => writer.uint(value) },
  id: {
    read: (reader) => within(reader.count(), 1, Number.MAX_SAFE_INTEGER, "an id"),
    write: (writer, value) => writer.uint(value),
  },
  chunk: {
    read: (reader) => within(reader.count(), 1, MAX_CHUNK, "a count of columns"),
    write: (writer, value) => writer.uint(value),
  },
  decimals: {
    read: (reader) => within(reader.count(), 0, MAX_DECIMALS, "decimals"),
    write: (writer, value) => writer.uint(value),
  },
  time: {
    read: (reader) => within(reader.uint(), 0n, MAX_TIME, "a time"),
    write: (writer, value) => writer.uint(value),
  },
  status: {
    read: (reader) => STATUSES[within(reader.byte(), 0, STATUSES.length - 1, "a status")],
    write: (writer, value) => writer.byte(STATUSES.indexOf(value)),
  },
  flag: {
    read: (reader) => within(reader.byte(), 0, 1, "a flag") === 1,
    write: (writer, value) => writer.byte(value ? 1 : 0),
  },
};

/** A record's kind and single fields; of trades and ladder also where their columns begin. */
export function decodeHead(payload) {
  const reader = new Reader(payload);
  const layout = LAYOUTS[reader.byte()];
  if (!layout) throw new MalformedError("no such kind of record");
  const head = { kind: layout.kind };
  for (const name in layout.fields) head[name] = TYPES[layout.fields[name]].read(reader);
  if (head.kind === "trades") {
    head.lastTrade = within(
      head.firstTrade + head.count - 1,
      1,
      Number.MAX_SAFE_INTEGER,
      "the last trade's id",
    );
  }
  if (hasColumns(head)) head.columnsAt = reader.offset;
  else reader.end();
  return head;
}

/** Reads a record to its end without making objects of its columns; returns its head. */
export function checkRecord(payload) {
  const head = decodeHead(payload);
  if (!hasColumns(head)) return head;
  const reader = new Reader(payload, head.columnsAt);
  if (head.kind === "trades") {
    for (let i = 0; i < head.count; i++) reader.skipUint();
    reader.checkOrders(head.count);
    reader.checkOrders(head.count);
  } else {
    reader.checkAscending(head.count);
    for (let i = 0; i < 2 * head.count; i++) reader.skipUint();
  }
  reader.end();
  return head;
}

/** The trades `from ..< to` of a record, counted from 0, with what all of them share. */
export function decodeTrades(payload, head, from = 0, to = head.count) {
  const reader = new Reader(payload, head.columnsAt);
  const quantities = reader.column(head.count, from, to);
  const buyOrders = reader.orders(head.count, from, to);
  const sellOrders = reader.orders(head.count, from, to);
  return quantities.map((quantity, i) => ({
    id: head.firstTrade + from + i,
    auction: head.auction,
    price: head.price,
    time: head.time,
    quantity,
    buyOrder: buyOrders[i],
    sellOrder: sellOrders[i],
  }));
}

/** The rows `0 ..< to` of a ladder record. */
export function decodeLadder(payload, head, to = head.count) {
  const reader = new Reader(payload, head.columnsAt);
  let price = 0n;
  const prices = reader.column(head.count, 0, to).map((step) => price += step);
  const buys = reader.column(head.count, 0, to);
  const sells = reader.column(head.count, 0, to);
  return prices.map((price, i) => ({ price, buy: buys[i], sell: sells[i] }));
}

/** A payload from a record's fields, the counterpart of `decodeHead` with `trades` or `rows`. */
export function encode(record) {
  const writer = new Writer();
  const byte = byteOf(record);
  const { fields } = LAYOUTS[byte];
  const columns = record.trades ?? record.rows;
  writer.byte(byte);
  for (const name in fields) {
    const value = name === "count" ? columns.length : record[name];
    TYPES[fields[name]].write(writer, value);
  }
  if (record.kind === "trades") {
    for (const trade of columns) writer.uint(trade.quantity);
    writer.orders(columns.map((trade) => trade.buyOrder));
    writer.orders(columns.map((trade) => trade.sellOrder));
  } else if (record.kind === "ladder") {
    columns.forEach((row, i) => writer.uint(row.price - (i > 0 ? columns[i - 1].price : 0n)));
    for (const row of columns) writer.uint(row.buy);
    for (const row of columns) writer.uint(row.sell);
  }
  return new Uint8Array(writer.bytes);
}

/**
 * The records of a body, numbered from `first`: each 4 bytes of length, big-endian, then a payload.
 */
export function* frames(body, first) {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  let number = first;
  for (let at = 0; at < body.length; number++) {
    if (at + 4 > body.length) throw new MalformedError("a frame's length is cut short");
    const end = at + 4 + view.getUint32(at);
    if (end > body.length) throw new MalformedError("a frame is cut short");
    yield { number, payload: body.subarray(at + 4, end), at, end };
    at = end;
  }
}

function hasColumns(head) {
  return head.kind === "trades" || head.kind === "ladder";
}

function within(value, lowest, highest, what) {
  if (value < lowest || value > highest) throw new MalformedError(`${what} out of range`);
  return value;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

class Reader {
  constructor(bytes, offset = 0) {
    this.bytes = bytes;
    this.offset = offset;
  }

  end() {
    if (this.offset !== this.bytes.length) throw new MalformedError("bytes after a record's end");
  }

  take(count) {
    const end = this.offset + count;
    if (end > this.bytes.length) throw new MalformedError("a record is cut short");
    const taken = this.bytes.subarray(this.offset, end);
    this.offset = end;
    return taken;
  }

  byte() {
    return this.take(1)[0];
  }

  /** Steps over one uint and checks its form. */
  skipUint() {
    const { bytes, offset } = this;
    let last = offset;
    while (bytes[last] >= 0x80) last++;
    if (last >= bytes.length) throw new MalformedError("a number is cut short");
    const size = last - offset + 1;
    if (size > 1 && bytes[last] === 0) throw new MalformedError("a number not in shortest form");
    // 18 bytes of 7 bits are 126 bits: a nineteenth may add two.
    if (size > 19 || (size === 19 && bytes[last] > 3)) {
      throw new MalformedError("a number beyond 2^128");
    }
    this.offset = last + 1;
    return size;
  }

  uint() {
    const start = this.offset;
    const size = this.skipUint();
    if (size <= 7) return BigInt(this.#sevenBits(start, size));
    let value = 0n;
    for (let i = size - (size % 7 || 7); i >= 0; i -= 7) {
      value = (value << 49n) | BigInt(this.#sevenBits(start + i, Math.min(7, size - i)));
    }
    return value;
  }

  /** Up to seven bytes of a uint, 49 bits: exact in a Number. */
  #sevenBits(start, size) {
    let value = 0;
    for (let i = start + size - 1; i >= start; i--) value = value * 128 + (this.bytes[i] & 0x7f);
    return value;
  }

  /** A uint below 2^53. */
  count() {
    return Number(within(this.uint(), 0n, BigInt(Number.MAX_SAFE_INTEGER), "a count"));
  }

  int() {
    const zigzag = this.uint();
    return zigzag & 1n ? -(zigzag >> 1n) - 1n : zigzag >> 1n;
  }

  text() {
    const bytes = this.take(this.count());
    try {
      return decoder.decode(bytes);
    } catch {
      throw new MalformedError("a text is not UTF-8");
    }
  }

  /** Values `from ..< to` of a column. */
  column(count, from, to) {
    const values = [];
    for (let i = 0; i < count; i++) {
      if (i >= from && i < to) values.push(this.uint());
      else this.skipUint();
    }
    return values;
  }

  /** Values `from ..< to` of a column of order ids, in which 0 repeats the one before. */
  orders(count, from, to) {
    const values = [];
    let current = 0n;
    let currentAt = 0;
    for (let i = 0; i < count; i++) {
      const start = this.offset;
      if (this.skipUint() > 1 || this.bytes[start] !== 0) currentAt = start;
      if (i < from || i >= to) continue;
      if (currentAt === start || values.length === 0) {
        current = new Reader(this.bytes, currentAt).uint();
      }
      values.push(current);
    }
    return values;
  }

  /** Steps over a column of order ids: below 2^62, the first no repeat, no repeat in full. */
  checkOrders(count) {
    const { bytes } = this;
    let previousAt = -1;
    let previousSize = 0;
    for (let i = 0; i < count; i++) {
      const start = this.offset;
      const size = this.skipUint();
      if (size === 1 && bytes[start] === 0) {
        if (previousAt < 0) throw new MalformedError("an order id repeats none before it");
        continue;
      }
      // Nine bytes are 63 bits; the highest of them must be free.
      if (size > 9 || (size === 9 && bytes[start + 8] >= 0x40)) {
        throw new MalformedError("an order id beyond 2^62");
      }
      if (size === previousSize && sameBytes(bytes, start, previousAt, size)) {
        throw new MalformedError("an order id repeated in full");
      }
      previousAt = start;
      previousSize = size;
    }
  }

  /** Steps over a column of prices, each above the one before. */
  checkAscending(count) {
    for (let i = 0; i < count; i++) {
      if (this.bytes[this.offset] === 0) throw new MalformedError("a ladder does not ascend");
      this.skipUint();
    }
  }
}

function sameBytes(bytes, a, b, size) {
  for (let i = 0; i < size; i++) if (bytes[a + i] !== bytes[b + i]) return false;
  return true;
}

class Writer {
  bytes = [];

  byte(value) {
    this.bytes.push(value);
  }

  uint(value) {
    let rest = BigInt(value);
    while (rest >= 0x80n) {
      this.bytes.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.bytes.push(Number(rest));
  }

  int(value) {
    const number = BigInt(value);
    this.uint(number >= 0n ? 2n * number : -2n * number - 1n);
  }

  text(value) {
    const bytes = encoder.encode(value);
    this.uint(bytes.length);
    for (const byte of bytes) this.bytes.push(byte);
  }

  hash(value) {
    for (const byte of unhex(value)) this.bytes.push(byte);
  }

  orders(ids) {
    ids.forEach((id, i) => this.uint(i > 0 && id === ids[i - 1] ? 0n : id));
  }
}
