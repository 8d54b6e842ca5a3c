// The codec against bytes written by hand, against golden.json, and against itself.

import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import { chainAfter, EMPTY_CHAIN } from "../src/chain.js";
import {
  checkRecord,
  decodeHead,
  decodeLadder,
  decodeTrades,
  encode,
  MalformedError,
} from "../src/codec.js";
import { GOLDEN, golden, goldenText } from "./golden.js";
import { isLocal, openEdge } from "./support/edge.js";
import { Market } from "./support/market.js";
import { randomFrom, randomLadder, randomTrades } from "./support/random.js";
import { TapeModel, TERMS } from "./support/tape.js";

/** A record's fields again from its payload, in the form that `encode` takes. */
function decode(payload) {
  const { count: _count, columnsAt: _at, lastTrade: _last, ...fields } = checkRecord(payload);
  const head = decodeHead(payload);
  if (head.kind === "trades") {
    fields.trades = decodeTrades(payload, head).map(({ quantity, buyOrder, sellOrder }) => ({
      quantity,
      buyOrder,
      sellOrder,
    }));
  }
  if (head.kind === "ladder") fields.rows = decodeLadder(payload, head);
  return fields;
}

const byHand = [
  ["05 01 ac02", { kind: "reference", time: 1n, reference: 300n }],
  ["06 8001 01", { kind: "trading_state", time: 128n, open: true }],
  ["06 ff7f 00", { kind: "trading_state", time: 16_383n, open: false }],
  [
    "02 01 01 03 c801 05  01 7f 8001  07 00 08  09 0a 00",
    {
      kind: "trades",
      auction: 1,
      firstTrade: 1,
      price: 200n,
      time: 5n,
      trades: [
        { quantity: 1n, buyOrder: 7n, sellOrder: 9n },
        { quantity: 127n, buyOrder: 7n, sellOrder: 10n },
        { quantity: 128n, buyOrder: 8n, sellOrder: 10n },
      ],
    },
  ],
  [
    "03 01 00 03  64 01 c701  05 04 00  00 01 ac02",
    {
      kind: "ladder",
      auction: 1,
      firstRow: 0,
      rows: [
        { price: 100n, buy: 5n, sell: 0n },
        { price: 101n, buy: 4n, sell: 1n },
        { price: 300n, buy: 0n, sell: 300n },
      ],
    },
  ],
  [
    `04 01 03 05 02 c801 8002 01 03 03 00 be01 d201 06 43414c4c2d31 02 01 01 0a
     ${"11".repeat(32)} ${"22".repeat(32)}`,
    {
      kind: "auction",
      auction: 1,
      status: "cleared",
      time: 5n,
      slot: 2n,
      price: 200n,
      volume: 256n,
      surplus: -1n,
      tradeCount: 3,
      ladderRows: 3,
      reference: 0n,
      bandLower: 190n,
      bandUpper: 210n,
      ruleID: "CALL-1",
      buyOrders: 2,
      sellOrders: 1,
      journalSequence: 1n,
      journalCommands: 10n,
      journalHash: "11".repeat(32),
      previousChain: "22".repeat(32),
    },
  ],
  [
    `01 01 07 4554482d555344 03 455448 12 03 555344 02 01 904e 01 e807 f403 03 0a 05 64 c801
     06 43414c4c2d31 01`,
    {
      kind: "definition",
      time: 1n,
      market: "ETH-USD",
      base: "ETH",
      baseDecimals: 18,
      quote: "USD",
      quoteDecimals: 2,
      tick: 1n,
      lot: 10_000n,
      atomsPerTickLot: 1n,
      intervalMilliseconds: 1_000,
      bandBasisPoints: 500,
      runsBeforeWidening: 3,
      buyFeeBasisPoints: 10,
      sellFeeBasisPoints: 5,
      minimumNotional: 100n,
      maximumOpenOrders: 200,
      ruleID: "CALL-1",
      rulesVersion: 1,
    },
  ],
  [
    `08 01 03 05 02 c801 8002 01 03 03 00 be01 d201 02 ac02 c801 06 43414c4c2d32 02 01 01 0a
     ${"11".repeat(32)} ${"22".repeat(32)}`,
    {
      kind: "auction",
      auction: 1,
      status: "cleared",
      time: 5n,
      slot: 2n,
      price: 200n,
      volume: 256n,
      surplus: -1n,
      tradeCount: 3,
      ladderRows: 3,
      reference: 0n,
      bandLower: 190n,
      bandUpper: 210n,
      outsideRuns: 2,
      heldLots: 300n,
      nextReference: 200n,
      ruleID: "CALL-2",
      buyOrders: 2,
      sellOrders: 1,
      journalSequence: 1n,
      journalCommands: 10n,
      journalHash: "11".repeat(32),
      previousChain: "22".repeat(32),
    },
  ],
  [
    `07 01 07 4554482d555344 03 455448 12 03 555344 02 01 904e 01 e807 f403 03 0a 05 64 c801
     8002 8827 06 43414c4c2d32 03`,
    {
      kind: "definition",
      time: 1n,
      market: "ETH-USD",
      base: "ETH",
      baseDecimals: 18,
      quote: "USD",
      quoteDecimals: 2,
      tick: 1n,
      lot: 10_000n,
      atomsPerTickLot: 1n,
      intervalMilliseconds: 1_000,
      bandBasisPoints: 500,
      runsBeforeWidening: 3,
      buyFeeBasisPoints: 10,
      sellFeeBasisPoints: 5,
      minimumNotional: 100n,
      maximumOpenOrders: 200,
      minimumReferenceVolume: 256n,
      widestBandBasisPoints: 5_000,
      ruleID: "CALL-2",
      rulesVersion: 3,
    },
  ],
];

for (const [text, fields] of byHand) {
  Deno.test(`by hand: ${fields.kind} ${fields.ruleID ?? ""}`, () => {
    const bytes = text.replace(/\s/g, "");
    assert.equal(Buffer.from(encode(fields)).toString("hex"), bytes);
    assert.deepEqual(decode(new Uint8Array(Buffer.from(bytes, "hex"))), fields);
  });
}

Deno.test("the golden files are what golden.js makes", () => {
  for (const [file, tape] of GOLDEN) {
    assert.equal(Deno.readTextFileSync(file), goldenText(tape()));
  }
});

Deno.test("golden: every record decodes to its fields and continues the chain", async () => {
  const kinds = new Set();
  for (const [, tape] of GOLDEN) {
    let chain = EMPTY_CHAIN;
    for (const { number, kind, fields, payload, chain: expected } of tape().records) {
      const bytes = new Uint8Array(Buffer.from(payload, "hex"));
      assert.deepEqual(decode(bytes), { kind, ...fields });
      chain = await chainAfter(chain, number, bytes);
      assert.equal(chain, expected);
      kinds.add(bytes[0]);
    }
  }
  assert.equal(kinds.size, 8);
});

Deno.test("golden: numbers, to the ends of 128 bits", () => {
  const { uint, int } = golden();
  for (const { value, bytes } of uint) {
    const payload = encode({ kind: "reference", time: 0n, reference: value });
    assert.equal(Buffer.from(payload.slice(2)).toString("hex"), bytes);
    assert.equal(decode(payload).reference, value);
  }
  const { fields } = new TapeModel("X", TERMS).closeAuction().records[0];
  for (const { value, bytes } of int) {
    const payload = encode({ ...fields, surplus: value });
    assert.ok(Buffer.from(payload).toString("hex").includes(bytes));
    assert.equal(decode(payload).surplus, value);
  }
});

Deno.test("golden: the Worker takes it whole", { ignore: !isLocal }, async () => {
  for (const [, tape] of GOLDEN) {
    const edge = await openEdge();
    try {
      const it = new Market(edge, "GOLDEN-USD");
      for (const { kind, fields } of tape().records) it.model.add({ kind, ...fields });
      await it.publish([1, 6, it.model.count]);
      assert.equal((await it.head()).chain, tape().records.at(-1).chain);
    } finally {
      await edge.close();
    }
  }
});

Deno.test("random columns come back, whole and in windows", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = randomFrom(seed);
    const trades = randomTrades(random, 1 + random(200));
    const rows = randomLadder(random, 1 + random(200));
    const shared = { auction: 9, price: 5n, time: 6n };
    const payload = encode({ kind: "trades", firstTrade: 77, ...shared, trades });
    const head = checkRecord(payload);
    const expected = trades.map((trade, i) => ({ id: 77 + i, ...shared, ...trade }));
    assert.deepEqual(decodeTrades(payload, head), expected, `seed ${seed}`);
    const from = random(trades.length);
    const to = from + random(trades.length - from + 1);
    assert.deepEqual(decodeTrades(payload, head, from, to), expected.slice(from, to));
    const ladder = encode({ kind: "ladder", auction: 9, firstRow: 3, rows });
    assert.deepEqual(decodeLadder(ladder, checkRecord(ladder)), rows);
    const some = random(rows.length + 1);
    assert.deepEqual(decodeLadder(ladder, checkRecord(ladder), some), rows.slice(0, some));
  }
});

Deno.test("a record cut short or made longer anywhere is malformed", () => {
  for (const { payload } of GOLDEN.flatMap(([, tape]) => tape().records)) {
    const bytes = new Uint8Array(Buffer.from(payload, "hex"));
    for (let size = 0; size < bytes.length; size++) {
      assert.throws(() => checkRecord(bytes.slice(0, size)), MalformedError);
    }
    assert.throws(() => checkRecord(new Uint8Array([...bytes, 0])), MalformedError);
  }
});

Deno.test("any one byte changed is malformed, or another record in its only encoding", () => {
  for (const { payload } of GOLDEN.flatMap(([, tape]) => tape().records)) {
    const bytes = new Uint8Array(Buffer.from(payload, "hex"));
    for (let at = 0; at < bytes.length; at++) {
      for (const mask of [1, 0x40, 0x80, 0xff]) {
        const changed = bytes.with(at, bytes[at] ^ mask);
        try {
          assert.deepEqual(encode(decode(changed)), changed);
        } catch (error) {
          if (!(error instanceof MalformedError)) throw error;
        }
      }
    }
  }
});
