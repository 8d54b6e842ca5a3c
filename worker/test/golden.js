// Makes golden.json: one tape with every kind of record and its extremes, for every implementation.
// `deno run --allow-read --allow-write worker/test/golden.js`.

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

/** LEB128 by the definition, one step a byte; not the codec's code. */
function leb128(value) {
  return value < 128n ? [Number(value)] : [Number(value % 128n) + 128, ...leb128(value / 128n)];
}

export function golden() {
  const model = records();
  const uints = [0n, 1n, 127n, 128n, 16_383n, 16_384n, 2n ** 32n, 2n ** 49n, 2n ** 53n, INT64_MAX];
  uints.push(2n ** 63n, 2n ** 64n - 1n, 2n ** 64n, 2n ** 98n, 2n ** 127n, 2n ** 128n - 1n);
  const ints = [0n, -1n, 1n, -2n, 2n, 63n, -64n, 64n, -65n, INT64_MAX, -INT64_MAX - 1n];
  ints.push(2n ** 127n - 1n, -(2n ** 127n));
  const zigzag = (value) => value >= 0n ? 2n * value : -2n * value - 1n;
  return {
    about: "docs/tape.md: numbers alone, then one tape. Integers are strings; made by golden.js",
    uint: uints.map((value) => ({ value, bytes: hex(leb128(value)) })),
    int: ints.map((value) => ({ value, bytes: hex(leb128(zigzag(value))) })),
    market: model.market,
    records: model.records.map(({ number, fields, payload, chain }) => {
      const { kind, ...rest } = fields;
      return { number, kind, fields: rest, payload: hex(payload), chain };
    }),
  };
}

/** As it stands in the file. */
export function goldenText() {
  const asText = (_, value) => ["bigint", "number"].includes(typeof value) ? `${value}` : value;
  return `${JSON.stringify(golden(), asText, 1)}\n`;
}

function hex(bytes) {
  return Buffer.from(bytes).toString("hex");
}

export const GOLDEN_FILE = new URL("golden.json", import.meta.url);

if (import.meta.main) Deno.writeTextFileSync(GOLDEN_FILE, goldenText());
