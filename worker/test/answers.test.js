// The answer table of docs/tape.md, row by row: what is refused, why, and that it changed nothing.

import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import { isLocal, openEdge } from "./support/edge.js";
import { Market } from "./support/market.js";
import { Publisher } from "./support/publisher.js";
import { randomFrom, randomLadder, randomTrades } from "./support/random.js";
import { frame, TapeModel, TERMS, ZERO_CHAIN } from "./support/tape.js";

const edge = await openEdge();
Deno.test.afterAll(() => edge.close());

const random = randomFrom(1);
const trades = randomTrades(random, 5);
const ladder = randomLadder(random, 4);

/** Six records in two batches: definition, trades (3 + 2), ladder (3 + 1), auction. */
async function sixRecords() {
  const market = new Market(edge);
  market.model.define().auction({ trades, ladder, chunk: 3 });
  await market.publish([4, 6]);
  return market;
}

/** The batch after what is stored, of the records that `add` appends. */
function nextOf(market, add = (model) => model.reference(7)) {
  const first = market.model.count + 1;
  add(market.model);
  return market.model.batch(first, market.model.count, market.epoch);
}

/** A batch of hand-made bytes. */
function rawNextOf(market, body, count = 1) {
  const batch = { ...nextOf(market), count, body: Buffer.from(body) };
  market.model.records.pop();
  return batch;
}

const now = () => Math.floor(Date.now() / 1_000);

// MARK: 413

Deno.test("413 too_large: a body over the limit, declared", async () => {
  const it = await sixRecords();
  await it.refused(rawNextOf(it, Buffer.alloc(1_900_001)), 413, "too_large");
});

Deno.test("413 too_large: a body over the limit, streamed without a length", async () => {
  const it = await sixRecords();
  const batch = rawNextOf(it, Buffer.alloc(2_500_000));
  await it.refused(batch, 413, "too_large", { body: new Blob([batch.body]).stream() });
});

Deno.test("413 too_large: one record too many; 10,000 are accepted", async () => {
  const it = await sixRecords();
  const batch = nextOf(it, (model) => {
    for (let i = 0; i < 10_001; i++) model.tradingState(i % 2 === 0);
  });
  await it.refused(batch, 413, "too_large");
  it.model.records.pop();
  await it.publish();
});

Deno.test("413 too_large: the largest body is accepted, a byte more is not", async () => {
  const it = await sixRecords();
  const define = (length) => nextOf(it, (model) => model.define({ ruleID: "R".repeat(length) }));
  const rest = 1_900_000 - define(100_000).body.length;
  it.model.records.pop();
  await it.refused(define(100_000 + rest + 1), 413, "too_large");
  it.model.records.pop();
  assert.equal(define(100_000 + rest).body.length, 1_900_000);
  await it.publish();
});

// MARK: 401

Deno.test("401 digest: body cut, changed, or without a digest", async () => {
  const it = await sixRecords();
  const batch = nextOf(it);
  await it.refused(batch, 401, "digest", { body: batch.body.subarray(0, -5) });
  await it.refused(batch, 401, "digest", { body: Buffer.concat([batch.body, batch.body]) });
  await it.refused(batch, 401, "digest", { body: batch.body.map((byte) => byte ^ 1) });
  for (const digest of [null, "", "sha-256=:AAAA:", "sha-512=:AAAA:"]) {
    await it.refused(batch, 401, "digest", { headers: { "content-digest": digest } });
  }
});

Deno.test("401 signature: by another key, for another path, missing, malformed", async () => {
  const it = await sixRecords();
  const batch = nextOf(it);
  const other = await Publisher.generate();
  const byOther = { publisher: other, keyid: edge.publisher.keyID };
  await it.refused(batch, 401, "signature", byOther);
  await it.refused(batch, 401, "signature", { query: "a=1" });
  await it.refused(batch, 401, "signature", { sentQuery: "?a=1" });
  const elsewhere = await edge.publisher.headers(`/v1/markets/OTHER-USD/batches`, batch);
  await it.refused(batch, 401, "signature", { headers: elsewhere });

  const good = await edge.publisher.headers(`${it.path}/batches`, batch);
  const [input, signature] = [good["signature-input"], good.signature];
  const wrong = [
    { signature: null },
    { signature: "" },
    { signature: "sig=:AAAA:" },
    { signature: signature.replace("sig", "one") },
    { signature: signature.replace(/=:(.)/, (_, c) => `=:${c === "A" ? "B" : "A"}`) },
    { "signature-input": null },
    { "signature-input": "" },
    { "signature-input": input.replace("sig=", "one=") },
  ];
  for (const headers of wrong) {
    await it.refused(batch, 401, "signature", { headers: { ...good, ...headers } });
  }
  const later = { "signature-input": input.replace(/\d(?=;nonce)/, (digit) => `${9 - digit}`) };
  await it.refused(batch, 401, "signature", { headers: { ...good, ...later } });
});

Deno.test("401 signature: well signed, but not over what the protocol says", async () => {
  const it = await sixRecords();
  const batch = nextOf(it);
  const rewrites = [
    (text) => text.replace(' "uncross-chain"', ""),
    (text) => text.replace('"@method" "@path"', '"@path" "@method"'),
    (text) => text.replace(/nonce="[^"]*"/, 'nonce="short"'),
    (text) => text.replace(/nonce="[^"]*"/, `nonce="${"n".repeat(65)}"`),
    (text) => text.replace(/nonce="[^"]*"/, 'nonce="with a space"'),
    (text) => text.replace(/;nonce="[^"]*"/, ""),
    (text) => text.replace(/;created=\d+/, ""),
    (text) => text.replace(/created=\d+/, "created=soon"),
    (text) => text.replace(/created=/, "created=-"),
    (text) => text.replace('"ed25519"', '"hmac-sha256"'),
    (text) => text.replace(';alg="ed25519"', ""),
    (text) => text.replace(/keyid="(.*?)"/, (_, key) => `keyid="${key.toUpperCase()}"`),
    (text) => `${text};alg="ed25519"`,
    (text) => `${text};expires=9999999999`,
    (text) => `${text};`,
    (text) => `${text};x="${"x".repeat(3_000)}"`,
  ];
  for (const rewrite of rewrites) await it.refused(batch, 401, "signature", { rewrite });
  // Another order of the parameters says the same.
  const rewrite = (text) => text.replace(/(;created=\d+)(.*)/, "$2$1");
  assert.equal((await it.post(batch, { rewrite })).status, "accepted");
});

Deno.test("401 signature: each signed header changed on the way", async () => {
  const it = await sixRecords();
  const batch = nextOf(it);
  const changes = {
    "uncross-epoch": crypto.randomUUID(),
    "uncross-first": "8",
    "uncross-count": "2",
    "uncross-chain": ZERO_CHAIN,
  };
  for (const name in changes) {
    await it.refused(batch, 401, "signature", { headers: { [name]: changes[name] } });
    await it.refused(batch, 401, "signature", { headers: { [name]: null } });
  }
});

Deno.test("401 stale: made too long ago, or in the future; a minute is allowed for", async () => {
  const it = await sixRecords();
  const batch = nextOf(it);
  await it.refused(batch, 401, "stale", { created: now() - 65 });
  await it.refused(batch, 401, "stale", { created: now() + 65 });
  await it.refused(batch, 401, "stale", { created: 0 });
  assert.equal((await it.post(batch, { created: now() - 50 })).status, "accepted");
});

Deno.test("401 key: a good signature by a key that nobody knows", async () => {
  const it = await sixRecords();
  const publisher = await Publisher.generate();
  await it.refused(nextOf(it), 401, "key", { publisher });
  it.model.records.pop();
  // A stranger's body is not kept, but read: the answer must arrive.
  await it.refused(rawNextOf(it, Buffer.alloc(1_900_000)), 401, "key", { publisher });
});

// MARK: 400

Deno.test("400 malformed: headers", async () => {
  const it = await sixRecords();
  const batch = nextOf(it);
  const wrong = [
    { first: "0" },
    { first: "07" },
    { first: "7.0" },
    { first: "-7" },
    { first: "seven" },
    { first: "9007199254740992" },
    { count: "0" },
    { count: "one" },
    { count: "2" },
    { epoch: "" },
    { epoch: "latest" },
    { chain: ZERO_CHAIN.slice(1) },
    { chain: batch.chain.toUpperCase() },
  ];
  for (const change of wrong) {
    await it.refused({ ...batch, ...change }, 400, "malformed");
  }
  const two = nextOf(it);
  await it.refused(
    { ...two, first: 7, body: Buffer.concat([batch.body, two.body]) },
    400,
    "malformed",
  );
});

Deno.test("400 malformed: frames", async () => {
  const it = await sixRecords();
  const bodies = [
    [],
    [0, 0, 0],
    [0, 0, 0, 0],
    [0, 0, 0, 9, 5, 1],
    [255, 255, 255, 255, 5, 1, 1],
    [0, 0, 0, 3, 5, 1, 1, 0],
  ];
  for (const body of bodies) await it.refused(rawNextOf(it, body), 400, "malformed");
});

Deno.test("400 malformed: records", async () => {
  const it = await sixRecords();
  const long = (last, size) => [...Array(size - 1).fill(0x80), last];
  const head = [2, 2, 6, 1, 9, 9, 1]; // one trade of auction 2, and its quantity
  const payloads = {
    "no such kind": [7, 1],
    "kind 0": [0],
    "cut short": [5, 1],
    "a number cut short": [5, 1, 0x80],
    "bytes after the end": [5, 1, 1, 0],
    "not in shortest form": [5, 1, 0x81, 0x00],
    "beyond 2^128": [5, 1, ...long(4, 19)],
    "twenty bytes": [5, 1, ...long(1, 20)],
    "a time beyond the year 9999": [5, ...long(4, 9), 1],
    "no such state": [6, 1, 2],
    "auction 0": [2, 0, 6, 1, 9, 9, 1, 1, 1],
    "an id of 2^53": [2, ...long(0x10, 8), 6, 1, 9, 9, 1, 1, 1],
    "no trades": [2, 2, 6, 0, 9, 9],
    "8,193 trades": [2, 2, 6, 0x81, 0x40, 9, 9, ...Array(3 * 8_193).fill(1)],
    "no ladder rows": [3, 2, 0, 0],
    "no order before the first": [...head, 0, 1],
    "an order id of 2^62": [...head, ...long(0x40, 9), 1],
    "an order id of ten bytes": [...head, 1, ...long(1, 10)],
    "an order repeated in full": [2, 2, 6, 2, 9, 9, 1, 1, 5, 5, 5, 0],
    "a sell order repeated in full": [2, 2, 6, 2, 9, 9, 1, 1, 5, 0, 6, 6],
    "a column too short": [2, 2, 6, 2, 9, 9, 1, 1, 5, 0, 6],
    "a ladder that stays": [3, 2, 0, 2, 5, 0, 1, 1, 1, 1],
    "a ladder from price 0": [3, 2, 0, 1, 0, 1, 1],
  };
  const definition = new TapeModel(it.name).define({ baseDecimals: 39 }).records[0].payload;
  payloads["39 decimals"] = definition;
  const text = new TapeModel("EUR").define().records[0].payload;
  payloads["a text that is not UTF-8"] = text.with(text.indexOf(0x45), 0xff);
  const auction = new TapeModel(it.name).closeAuction().records[0].payload;
  payloads["no such status"] = auction.with(2, 4);
  payloads["an auction cut short"] = auction.slice(0, -1);
  for (const [what, payload] of Object.entries(payloads)) {
    const batch = rawNextOf(it, frame({ payload: Buffer.from(payload) }));
    await it.refused(batch, 400, "malformed").catch((error) => assert.fail(`${what}: ${error}`));
  }
});

// MARK: 412

Deno.test("412 epoch: another storage than the publisher believes in", async () => {
  const it = await sixRecords();
  const batch = nextOf(it);
  await it.refused({ ...batch, epoch: crypto.randomUUID() }, 412, "epoch");
  await it.refused({ ...batch, epoch: "-" }, 412, "epoch");
});

Deno.test("412 epoch: a tape that has none yet", async () => {
  const it = new Market(edge);
  const batch = nextOf(it, (model) => model.define());
  const answer = await it.refused({ ...batch, epoch: crypto.randomUUID() }, 412, "epoch");
  assert.equal(answer.epoch, "-");
  assert.equal((await it.post(batch)).status, "accepted");
});

// MARK: 200 duplicate, 409

Deno.test("200 duplicate: a stored batch again, also the first without an epoch", async () => {
  const it = await sixRecords();
  const head = await it.head();
  const again = [
    it.model.batch(1, 4, it.epoch),
    it.model.batch(1, 4, "-"),
    it.model.batch(5, 6, it.epoch),
  ];
  for (const batch of again) {
    const { code, ...answer } = await it.post(batch);
    assert.equal(code, 200);
    assert.deepEqual(answer, {
      status: "duplicate",
      epoch: it.epoch,
      last: "6",
      chain: it.model.chainAt(6),
    });
  }
  assert.deepEqual(await it.head(), head);
});

Deno.test("concurrent twins: one is accepted, the others are duplicates", async () => {
  const it = new Market(edge);
  it.model.define();
  for (let round = 0; round < 5; round++) {
    const batch = it.model.batch(it.model.count, it.model.count, it.epoch);
    const answers = await Promise.all(Array.from({ length: 4 }, () => it.post(batch)));
    const statuses = answers.map((answer) => answer.status).sort();
    assert.deepEqual(statuses, ["accepted", "duplicate", "duplicate", "duplicate"]);
    assert.equal(new Set(answers.map((answer) => answer.chain)).size, 1);
    it.epoch = answers[0].epoch;
    it.model.auction({ trades });
    await it.publish([it.model.count]);
    it.model.reference(round + 1);
  }
});

Deno.test("concurrent rivals: one is accepted, the other is a fork", async () => {
  const it = await sixRecords();
  const one = nextOf(it, (model) => model.reference(1));
  it.model.records.pop();
  const two = nextOf(it, (model) => model.reference(2));
  const answers = await Promise.all([it.post(one), it.post(two)]);
  assert.deepEqual(answers.map((answer) => answer.status).sort(), ["accepted", "fork"]);
});

Deno.test("409 fork: other bytes at a stored place", async () => {
  const it = await sixRecords();
  const other = new Market(edge, it.name);
  other.model.define({ buyFeeBasisPoints: 11 }).auction({ trades, ladder, chunk: 3 });
  await it.refused(other.model.batch(1, 4, it.epoch), 409, "fork");
  await it.refused(other.model.batch(1, 4, "-"), 409, "fork");
});

Deno.test("409 fork: another chain before the batch, next or stored", async () => {
  const it = await sixRecords();
  await it.refused({ ...it.model.batch(5, 6, it.epoch), chain: ZERO_CHAIN }, 409, "fork");
  await it.refused({ ...nextOf(it), chain: ZERO_CHAIN }, 409, "fork");
});

Deno.test("409 overlap: other borders, inside what is stored and beyond it", async () => {
  const it = await sixRecords();
  nextOf(it);
  for (const [first, last] of [[1, 3], [2, 4], [5, 5], [6, 6], [2, 3], [5, 7], [6, 7], [1, 7]]) {
    await it.refused(it.model.batch(first, last, it.epoch), 409, "overlap");
  }
});

Deno.test("409 gap: beyond the next record", async () => {
  const it = await sixRecords();
  nextOf(it);
  const batch = nextOf(it);
  await it.refused(batch, 409, "gap");
  const empty = new Market(edge);
  empty.model.define().reference(1);
  await empty.refused(empty.model.batch(2, 2, "-"), 409, "gap");
});

// MARK: 422

Deno.test("422 inconsistent: a tape that begins otherwise", async () => {
  const beginnings = [
    (model) => model.reference(1),
    (model) => model.auction(),
    (model) => model.openAuction({ trades }),
    (model) => model.define({ market: "OTHER-USD" }),
  ];
  for (const add of beginnings) {
    const it = new Market(edge);
    await it.refused(nextOf(it, add), 422, "inconsistent");
    assert.equal((await it.head()).epoch, "-");
  }
});

/** Each breaks one rule as the next thing after a closed auction 1 with trades 1 to 5. */
const breaches = {
  "an auction left out": (model) => {
    model.auctions++;
    model.auction();
  },
  "an auction twice": (model) => {
    model.auctions--;
    model.auction();
  },
  "a trade left out": (model) => {
    model.trades++;
    model.auction({ trades });
  },
  "a trade twice": (model) => {
    model.trades--;
    model.auction({ trades });
  },
  "a trade left out between two records": (model) => {
    model.openAuction({ trades });
    model.auctions--;
    model.trades++;
    model.auctions++;
    model.openAuction({ trades });
    model.closeAuction({ tradeCount: 10 });
  },
  "trades of another auction": (model) => {
    model.auctions++;
    model.openAuction({ trades });
    model.auctions--;
    model.closeAuction({ tradeCount: 5 });
  },
  "trades of two auctions in one run": (model) => {
    model.openAuction({ trades });
    model.auctions++;
    model.openAuction({ trades });
    model.auctions--;
    model.closeAuction({ tradeCount: 10 });
  },
  "trades after the ladder": (model) => {
    model.openAuction({ ladder });
    model.openAuction({ trades });
    model.closeAuction({ tradeCount: 5, ladderRows: 4 });
  },
  "a ladder that begins late": (model) => {
    model.add({ kind: "ladder", auction: 2, firstRow: 1, rows: ladder });
    model.closeAuction({ ladderRows: 4 });
  },
  "a ladder that begins again": (model) => {
    model.openAuction({ ladder });
    model.openAuction({ ladder });
    model.closeAuction({ ladderRows: 8 });
  },
  "a ladder of another auction": (model) => {
    model.add({ kind: "ladder", auction: 3, firstRow: 0, rows: ladder });
    model.closeAuction({ ladderRows: 4 });
  },
  "a trade too many": (model) => model.auction({ trades, tradeCount: 4 }),
  "a trade too few": (model) => model.auction({ trades, tradeCount: 6 }),
  "trades of none": (model) => model.auction({ tradeCount: 1 }),
  "a ladder row too many": (model) => model.auction({ ladder, ladderRows: 3 }),
  "a ladder row too few": (model) => model.auction({ ladder, ladderRows: 5 }),
  "another chain": (model) => model.auction({ previousChain: ZERO_CHAIN }),
  "the chain after it": (model) => model.auction({ trades, previousChain: model.chainAt(6) }),
  "a reference inside a run": (model) => {
    model.openAuction({ trades });
    model.reference(5);
    model.closeAuction({ tradeCount: 5 });
  },
  "a state inside a run": (model) => {
    model.openAuction({ ladder });
    model.tradingState(true);
    model.closeAuction({ ladderRows: 4 });
  },
  "a definition inside a run": (model) => {
    model.openAuction({ trades });
    model.define();
    model.closeAuction({ tradeCount: 5 });
  },
  "the definition of another market": (model) => model.define({ market: "OTHER-USD" }),
};
for (const name of ["base", "quote", "baseDecimals", "quoteDecimals", "tick", "lot"]) {
  const value = TERMS[name];
  const other = typeof value === "string"
    ? `${value}X`
    : typeof value === "bigint"
    ? value + 1n
    : 7;
  breaches[`another ${name}`] = (model) => model.define({ [name]: other });
}

for (const [what, breach] of Object.entries(breaches)) {
  Deno.test(`422 inconsistent: ${what}`, async () => {
    const it = await sixRecords();
    const batch = nextOf(it, breach);
    await it.refused(batch, 422, "inconsistent");
    if (batch.count === 1) return;
    // The same a record at a time: the breach is found from what earlier batches left.
    const first = batch.first;
    let last = first;
    for (; last < it.model.count; last++) {
      const next = it.model.batch(last, last, it.epoch);
      const { status } = await it.post(next);
      if (status === "accepted") continue;
      assert.equal(status, "inconsistent");
      break;
    }
    await it.refused(it.model.batch(last, last, it.epoch), 422, "inconsistent");
  });
}

Deno.test("422 comes after 409: a wrong batch elsewhere is told where it stands", async () => {
  const it = await sixRecords();
  const batch = nextOf(it, (model) => model.auction({ tradeCount: 9 }));
  await it.refused({ ...batch, first: 9 }, 409, "gap");
  await it.refused({ ...batch, epoch: crypto.randomUUID() }, 412, "epoch");
  await it.refused({ ...batch, chain: ZERO_CHAIN }, 409, "fork");
});

// MARK: Around the table

Deno.test("an upload that breaks off stores nothing", { ignore: !isLocal }, async () => {
  const it = await sixRecords();
  const batch = nextOf(it, (model) => model.auction({ trades: randomTrades(random, 8_000) }));
  const headers = await edge.publisher.headers(`${it.path}/batches`, batch);
  const { hostname, port } = new URL(edge.url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const lines = [
    `POST ${it.path}/batches HTTP/1.1`,
    `Host: ${hostname}`,
    `Content-Length: ${batch.body.length}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  const head = new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`);
  await connection.write(Buffer.concat([head, batch.body.subarray(0, batch.body.length / 2)]));
  connection.close();
  assert.equal((await it.head()).last, "6");
  await it.publish();
});

Deno.test("405 and 404 for what is not there", async () => {
  const it = await sixRecords();
  const asked = [
    ["GET", `${it.path}/batches`, 405, "method_not_allowed"],
    ["POST", `${it.path}/head`, 405, "method_not_allowed"],
    ["DELETE", `${it.path}/trades`, 405, "method_not_allowed"],
    ["POST", "/healthz", 405, "method_not_allowed"],
    ["GET", "/", 404, "not_found"],
    ["GET", "/v1/markets", 404, "not_found"],
    ["GET", `${it.path}/nothing`, 404, "not_found"],
    ["GET", `${it.path}/toString`, 404, "not_found"],
    ["GET", `${it.path}/trades/1`, 404, "not_found"],
    ["GET", `${it.path}/head/`, 404, "not_found"],
    ["GET", "/v1/markets/eth-usdc/head", 404, "not_found"],
    ["GET", "/v1/markets/..%2F..%2Fetc/head", 404, "not_found"],
    ["GET", `/v1/markets/${"A".repeat(26)}/head`, 404, "not_found"],
    ["POST", "/v1/markets/A/batches", 404, "not_found"],
  ];
  for (const [method, path, code, name] of asked) {
    const response = await fetch(edge.url + path, { method });
    const { error } = await response.json();
    assert.deepEqual([path, response.status, error.code], [path, code, name]);
    assert.equal(response.headers.get("access-control-allow-origin"), "*");
  }
});
