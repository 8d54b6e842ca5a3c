// Measures ingest: auctions of 10,000 trades over one connection, one after another.
// `deno run -A worker/test/throughput.js [BATCHES]`; a local host, or WORKER_URL as in the suite.

import { openEdge } from "./support/edge.js";
import { Market } from "./support/market.js";
import { randomFrom, randomTrades } from "./support/random.js";

const TRADES = 10_000;
const batches = Number(Deno.args[0] ?? 50);

const edge = await openEdge();
const market = new Market(edge);
const random = randomFrom(1);
market.model.define();
await market.publish();
const sent = [];
for (let i = 0; i < batches; i++) {
  const first = market.model.count + 1;
  market.model.auction({ trades: randomTrades(random, TRADES) });
  sent.push(market.model.batch(first, market.model.count, market.epoch));
}

const times = [];
const began = performance.now();
for (const batch of sent) {
  const start = performance.now();
  const { status } = await market.post(batch);
  if (status !== "accepted") throw new Error(status);
  times.push(performance.now() - start);
}
const seconds = (performance.now() - began) / 1_000;
times.sort((a, b) => a - b);
const bytes = sent.reduce((sum, batch) => sum + batch.body.length, 0);
const report = {
  batches,
  trades_per_second: Math.round(batches * TRADES / seconds),
  batch_milliseconds: {
    median: times[batches >> 1].toFixed(1),
    worst: times.at(-1).toFixed(1),
  },
  bytes_per_trade: (bytes / batches / TRADES).toFixed(1),
};
console.log(JSON.stringify(report, null, 1));
await edge.close();
