// Makes golden.json and golden-2.json: tapes with every kind of record and its extremes, for every
// implementation. `deno run --allow-read --allow-write worker/test/golden.js`.

import { Buffer } from "node:buffer";
import { TapeModel, TERMS, TIME } from "./support/tape.js";

const INT64_MAX = 2n ** 63n - 1n;
const LAST_TIME = 253_402_300_799_999_999n;

/** Within what the core's types hold, so that the core can make this tape from auctions too. */
function records() {
  const model = new TapeModel("GOLDEN-USD", {
    ...TERMS,
    base: "GOLDEN",
    quote: "USD",
  });
  model.define().tradingState(true);
  model.auction({ status: "empty", surplus: 0n, reference: 0n, bandLower: 0n, bandUpper: 0n });
  model.reference(1).reference(300);
  const trade = (quantity, buyOrder, sellOrder) => ({ quantity, buyOrder, sellOrder });
  const [a, b, c, d] = [7n, 2n ** 62n - 1n, 2n ** 56n, 1n];
  model.auction({
    trades: [
      trade(1n, a, b),
      trade(127n, a, c),
      trade(128n, b, c),
      trade(16_383n, b, c),
      trade(16_384n, d, a),
    ],
    ladder: [
      { price: 199_900n, buy: 40_000n, sell: 0n },
      { price: 200_000n, buy: 33_023n, sell: 45_368n },
      { price: 200_300n, buy: 0n, sell: 45_368n },
    ],
    volume: 33_023n,
    surplus: -12_345n,
  });
  model.auction({ status: "no_cross", surplus: 64n, buyOrders: 0, sellOrders: 1_048_576 });
  model.auction({
    status: "outside_band",
    ladder: [{ price: 1n, buy: 1n, sell: 1n }],
    reference: 1n,
    bandLower: 1n,
    bandUpper: 2n,
  });
  model.define({
    bandBasisPoints: 0,
    buyFeeBasisPoints: 10_000,
    sellFeeBasisPoints: 0,
    intervalMilliseconds: 86_400_000,
    runsBeforeWidening: 4_294_967_295,
    minimumNotional: 2n ** 127n - 1n,
    maximumOpenOrders: 4_294_967_295,
    rulesVersion: 4_294_967_295,
  });
  model.time = LAST_TIME - 1_000_001n;
  model.auction({
    trades: [trade(INT64_MAX, b, b - 1n)],
    ladder: [{ price: INT64_MAX, buy: INT64_MAX, sell: INT64_MAX }],
    price: INT64_MAX,
    volume: INT64_MAX,
    surplus: -INT64_MAX - 1n,
    slot: INT64_MAX,
    reference: INT64_MAX,
    bandLower: INT64_MAX,
    bandUpper: INT64_MAX,
    journalSequence: INT64_MAX,
    journalCommands: 2n ** 64n - 1n,
    journalHash: "ff".repeat(32),
  });
  model.time = TIME;
  model.tradingState(false);
  return model;
}

/** A market that goes on under CALL-2: kinds 7 and 8 after 1 and 4. */
function recordsOfCall2() {
  const model = new TapeModel("GOLDEN-USD", { ...TERMS, base: "GOLDEN", quote: "USD" });
  const trades = [{ quantity: 127n, buyOrder: 7n, sellOrder: 2n ** 62n - 1n }];
  const ladder = [{ price: 200_000n, buy: 127n, sell: 128n }];
  model.define().auction().adoptCall2().auction({ trades, ladder, volume: 127n, surplus: -1n });
  model.auction({ status: "outside_band", outsideRuns: 0, heldLots: 1n });
  model.auction({
    status: "empty",
    reference: 0n,
    bandLower: 0n,
    bandUpper: 0n,
    nextReference: 0n,
  });
  model.reference(300).tradingState(false).tradingState(true);
  model.define({ minimumReferenceVolume: 0n, rulesVersion: 4_294_967_295 });
  model.define({ minimumReferenceVolume: 2n ** 120n });
  model.auction({
    status: "outside_band",
    outsideRuns: 4_294_967_295,
    heldLots: INT64_MAX,
    nextReference: INT64_MAX,
  });
  return model;
}

/** LEB128 by the definition, one step a byte; not the codec's code. */
function leb128(value) {
  return value < 128n ? [Number(value)] : [Number(value % 128n) + 128, ...leb128(value / 128n)];
}

/** The tape of CALL-1 with numbers alone. */
export function golden() {
  const uints = [0n, 1n, 127n, 128n, 16_383n, 16_384n, 2n ** 32n, 2n ** 49n, 2n ** 53n, INT64_MAX];
  uints.push(2n ** 63n, 2n ** 64n - 1n, 2n ** 64n, 2n ** 98n, 2n ** 127n, 2n ** 128n - 1n);
  const ints = [0n, -1n, 1n, -2n, 2n, 63n, -64n, 64n, -65n, INT64_MAX, -INT64_MAX - 1n];
  ints.push(2n ** 127n - 1n, -(2n ** 127n));
  const zigzag = (value) => value >= 0n ? 2n * value : -2n * value - 1n;
  return {
    about: "docs/tape.md: numbers alone, then one tape. Integers are strings; made by golden.js",
    uint: uints.map((value) => ({ value, bytes: hex(leb128(value)) })),
    int: ints.map((value) => ({ value, bytes: hex(leb128(zigzag(value))) })),
    ...tapeOf(records()),
  };
}

/** The tape of a market that goes on under CALL-2. */
export function goldenOfCall2() {
  return {
    about: "docs/tape.md: a market that goes on under CALL-2. Integers are strings; by golden.js",
    uint: [],
    int: [],
    ...tapeOf(recordsOfCall2()),
  };
}

function tapeOf(model) {
  return {
    market: model.market,
    records: model.records.map(({ number, fields, payload, chain }) => {
      const { kind, ...rest } = fields;
      return { number, kind, fields: rest, payload: hex(payload), chain };
    }),
  };
}

/** Each file with its tape. */
export const GOLDEN = [
  [new URL("golden.json", import.meta.url), golden],
  [new URL("golden-2.json", import.meta.url), goldenOfCall2],
];

/** A tape as it stands in its file. */
export function goldenText(tape) {
  const asText = (_, value) => ["bigint", "number"].includes(typeof value) ? `${value}` : value;
  return `${JSON.stringify(tape, asText, 1)}\n`;
}

function hex(bytes) {
  return Buffer.from(bytes).toString("hex");
}

if (import.meta.main) {
  for (const [file, tape] of GOLDEN) Deno.writeTextFileSync(file, goldenText(tape()));
}
