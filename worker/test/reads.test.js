// What readers get: pages, whole auctions, decimals, raw records; and what they must not see yet.

import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import { isLocal, openEdge } from "./support/edge.js";
import { Market } from "./support/market.js";
import { randomFrom, randomLadder, randomTrades } from "./support/random.js";
import { chainOver, TERMS, ZERO_CHAIN } from "./support/tape.js";

const edge = await openEdge();
Deno.test.afterAll(() => edge.close());

Deno.test("a market that nobody has published", async () => {
  const it = new Market(edge);
  assert.deepEqual(await it.head(), {
    market: it.name,
    epoch: "-",
    last: "0",
    chain: ZERO_CHAIN,
    auction: null,
    trade: null,
  });
  for (const path of ["definition", "trades", "auctions", "auctions/1", "records"]) {
    const { error } = await it.get(path, 404);
    assert.equal(error.code, "not_found", path);
  }
});

Deno.test("trades and auctions, page by page in both directions", async () => {
  const it = new Market(edge);
  const random = randomFrom(2);
  it.model.define();
  for (let i = 0; i < 60; i++) {
    it.model.auction({ trades: randomTrades(random, i % 4 === 0 ? 0 : random(9)), chunk: 3 });
  }
  await it.publish([2, 3, 30, 31, 90, it.model.count]);
  const { trades, auctions } = it.model.views();
  for (const [resource, all] of Object.entries({ trades, auctions })) {
    const [ascending, descending] = [all, all.toReversed()];
    for (const limit of [1, 7, 50, 1_000]) {
      const forward = await it.pages(resource, resource, `after=0&limit=${limit}`);
      assert.deepEqual(forward, ascending);
      const backward = await it.pages(resource, resource, `limit=${limit}`);
      assert.deepEqual(backward, descending);
    }
    const middle = all.length >> 1;
    const page = await it.get(`${resource}?after=${middle}&limit=3`);
    assert.deepEqual(page[resource], ascending.slice(middle, middle + 3));
    assert.equal(page.next, `${middle + 3}`);
    const back = await it.get(`${resource}?before=${middle}&limit=3`);
    assert.deepEqual(back[resource], ascending.slice(middle - 4, middle - 1).reverse());
    assert.equal(back.next, `${middle - 3}`);
    const newest = await it.get(resource);
    assert.deepEqual(newest[resource], descending.slice(0, 100));

    const last = all.length;
    for (const query of [`after=${last}`, `after=${last + 5}`, "before=1"]) {
      assert.deepEqual(await it.get(`${resource}?${query}`), { [resource]: [], next: null });
    }
    const beyond = await it.get(`${resource}?before=${last + 100}&limit=2`);
    assert.deepEqual(beyond[resource], descending.slice(0, 2));
  }
});

Deno.test("queries that make no sense", async () => {
  const it = new Market(edge);
  it.model.define().auction();
  await it.publish();
  const wrong = [
    "trades?limit=0",
    "trades?limit=1001",
    "trades?limit=ten",
    "trades?limit=",
    "trades?after=-1",
    "trades?after=1.5",
    "trades?after=01",
    "trades?after=99999999999999999",
    "trades?before=0",
    "trades?after=1&before=5",
    "auctions?limit=1e3",
    "auctions?after=x",
    "auctions/one",
    "auctions/0",
    "records?after=x",
    "records?limit=1001",
    "head?foo=1",
    "head?limit=1",
    "head?&",
    "definition?after=1",
    "trades?limt=5",
    "trades?limit=5&limit=7",
    "trades?limit=5&limit=5",
    "trades?limit=%35",
    "trades?l%69mit=5",
    "trades?limit",
    "trades?limit=5&",
    "trades?limit=5=5",
    "auctions?after=1&foo",
    "auctions/1?limit=5",
    "records?before=3",
    "records?limit=5&after=0&limit=5",
  ];
  for (const path of wrong) {
    const { error } = await it.get(path, 400);
    assert.equal(error.code, "bad_request", path);
  }
  assert.equal((await it.get("auctions/2", 404)).error.code, "not_found");
});

Deno.test({
  name: "a Host that is none",
  ignore: !isLocal,
  fn: async () => {
    const path = `/v1/markets/${new Market(edge).name}/head`;
    const wrong = ["a b", "a:b", "[", "[::1", "a/b", "a?b", "a@b", "1.2.3.4.5", "a:99999", "a%00b"];
    for (const host of ["tape.test", "127.0.0.1:80", "[::1]", ...wrong]) {
      const status = await statusOf(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n`);
      assert.equal(status, wrong.includes(host) ? 400 : 200, host);
    }
  },
});

Deno.test({
  name: "a stranger's body that ends too early is no failure of ours",
  ignore: !isLocal,
  fn: async () => {
    const path = `/v1/markets/${new Market(edge).name}/batches`;
    for (const length of ["Content-Length: 5", "Transfer-Encoding: chunked"]) {
      assert.equal(await statusOf(`POST ${path} HTTP/1.1\r\nHost: a\r\n${length}\r\n`), 401);
    }
  },
});

/** The status that a request is answered with whose head begins like this; nothing follows it. */
async function statusOf(head) {
  const { hostname, port } = new URL(edge.url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  try {
    const bytes = new TextEncoder().encode(`${head}Connection: close\r\n\r\n`);
    await connection.write(bytes);
    await connection.closeWrite();
    const answer = await new Response(connection.readable).text();
    return Number(/^HTTP\/1\.1 ([0-9]{3}) /.exec(answer)[1]);
  } finally {
    try {
      connection.close();
    } catch {
      // The stream closed it.
    }
  }
}

Deno.test("what is not closed is not visible", async () => {
  const it = new Market(edge);
  const random = randomFrom(3);
  it.model.define().auction({ trades: randomTrades(random, 4) });
  const closed = it.model.count;
  it.model.openAuction({
    trades: randomTrades(random, 6),
    ladder: randomLadder(random, 4),
    chunk: 2,
  });
  it.model.closeAuction({ tradeCount: 6, ladderRows: 4 });
  await it.publish([closed]);
  for (let last = closed + 1; last < it.model.count; last++) {
    await it.publish([last]);
    const { trades, auctions } = it.model.views(last);
    assert.deepEqual((await it.get("trades?after=0")).trades, trades);
    assert.deepEqual((await it.get("trades")).trades, trades.toReversed());
    assert.deepEqual((await it.get("auctions?after=0")).auctions, auctions);
    await it.get("auctions/2", 404);
    const head = await it.head();
    assert.deepEqual([head.last, head.trade, head.auction.id], [`${last}`, "4", "1"]);
  }
  await it.publish();
  const { trades, whole } = it.model.views();
  assert.deepEqual((await it.get("trades?after=0")).trades, trades);
  assert.deepEqual(await it.get("auctions/2"), whole[1]);
  const head = await it.head();
  assert.deepEqual([head.trade, head.auction], ["10", {
    id: "2",
    journal: { sequence: "14", commands: "2000", hash: whole[1].journal.hash },
  }]);
});

Deno.test("whole auctions, whatever the batches", async () => {
  const random = randomFrom(4);
  for (const step of [1, 2, 5, 1_000]) {
    const it = new Market(edge);
    it.model.define().tradingState(true);
    for (let i = 0; i < 8; i++) {
      const trades = randomTrades(random, i % 3 === 1 ? 0 : 7);
      const ladder = randomLadder(random, i % 4 === 2 ? 0 : 5);
      it.model.auction({ trades, ladder, chunk: 2 }).reference(i + 1);
    }
    const lasts = [];
    for (let last = step; last < it.model.count; last += step) lasts.push(last);
    await it.publish([...lasts, it.model.count]);
    for (const expected of it.model.views().whole) {
      assert.deepEqual(await it.get(`auctions/${expected.id}`), expected);
    }
  }
});

Deno.test("an auction beyond what one answer shows", async () => {
  const it = new Market(edge);
  const random = randomFrom(5);
  it.model.define().auction({ trades: randomTrades(random, 3) });
  it.model.auction({ trades: randomTrades(random, 12_000), ladder: randomLadder(random, 11_000) });
  it.model.auction({ trades: randomTrades(random, 10_000), ladder: randomLadder(random, 10_000) });
  await it.publish();
  const { trades, whole } = it.model.views();
  const shown = await it.get("auctions/2");
  assert.deepEqual(shown, {
    ...whole[1],
    trades: whole[1].trades.slice(0, 10_000),
    ladder: whole[1].ladder.slice(0, 10_000),
    trades_next: "10003",
    ladder_truncated: true,
  });
  const rest = await it.get(`trades?after=${shown.trades_next}&limit=1000`);
  assert.deepEqual(rest.trades, trades.slice(10_003, 11_003));
  assert.deepEqual(await it.get("auctions/3"), whole[2]);
});

Deno.test("a page of what lies far apart ends early and says where to go on", async () => {
  const it = new Market(edge);
  const random = randomFrom(6);
  const wide = Array.from(
    { length: 8_192 },
    (_, i) => ({ price: BigInt(i + 1) << 50n, buy: 1n << 60n, sell: 1n << 60n }),
  );
  it.model.define();
  const lasts = [];
  for (let i = 0; i < 7; i++) {
    it.model.openAuction({ trades: randomTrades(random, 2) });
    for (let part = 0; part < 8; part++) {
      const firstRow = part * wide.length;
      it.model.add({ kind: "ladder", auction: i + 1, firstRow, rows: wide });
    }
    it.model.closeAuction({ tradeCount: 2, ladderRows: 8 * wide.length });
    lasts.push(it.model.count);
  }
  assert.ok(it.model.batch(lasts[0] + 1, lasts[1], "-").body.length > 1_500_000);
  await it.publish(lasts);
  const { trades, auctions } = it.model.views();
  for (const [resource, all] of Object.entries({ trades, auctions })) {
    const page = await it.get(`${resource}?after=0&limit=1000`);
    assert.ok(page[resource].length < all.length && page[resource].length > 0);
    assert.deepEqual(await it.pages(resource, resource, "after=0&limit=1000"), all);
    assert.deepEqual(await it.pages(resource, resource, "limit=1000"), all.toReversed());
  }
  const whole = await it.get("auctions/7");
  assert.deepEqual([whole.trades.length, whole.ladder.length, whole.ladder_truncated], [
    2,
    10_000,
    true,
  ]);
  const stored = await it.stored();
  assert.equal(chainOver(stored).chain, (await it.head()).chain);
});

Deno.test("decimals, whatever the units", async () => {
  const units = [
    { baseDecimals: 18, quoteDecimals: 18, tick: 1n, lot: 1n },
    { baseDecimals: 18, quoteDecimals: 6, tick: 10_000n, lot: 10n ** 14n },
    { baseDecimals: 0, quoteDecimals: 0, tick: 5n, lot: 100n },
    { baseDecimals: 8, quoteDecimals: 2, tick: 1n, lot: 10n ** 8n },
  ];
  const values = [1n, 9n, 10n, 123_456_789n, 10n ** 18n, 10n ** 18n + 1n, 2n ** 62n - 1n];
  for (const unit of units) {
    const it = new Market(edge, undefined, { ...TERMS, ...unit });
    it.model.define();
    for (const value of values) {
      const trades = [{ quantity: value, buyOrder: 2n ** 62n - 1n, sellOrder: 2n ** 62n - 2n }];
      const ladder = [{ price: value, buy: value, sell: 0n }];
      it.model.auction({ trades, ladder, price: value, surplus: -value, volume: value });
    }
    await it.publish();
    const { trades, whole } = it.model.views();
    assert.deepEqual((await it.get("trades?after=0")).trades, trades);
    assert.deepEqual(await it.get("auctions/6"), whole[5]);
  }
});

Deno.test("one trade and its auction, written out by hand", async () => {
  const it = new Market(edge);
  it.model.define();
  it.model.openAuction({
    trades: [{
      quantity: 15_000n,
      buyOrder: 4_611_686_018_427_387_903n,
      sellOrder: 4_611_686_018_427_387_902n,
    }],
    ladder: [{ price: 201_050n, buy: 20_000n, sell: 15_000n }],
    price: 201_050n,
  });
  it.model.closeAuction({
    price: 201_050n,
    volume: 15_000n,
    surplus: 5_000n,
    tradeCount: 1,
    ladderRows: 1,
    bandLower: 0n,
    bandUpper: 0n,
  });
  await it.publish();
  const trade = {
    id: "1",
    market: it.name,
    auction_id: "1",
    price: "2010.5",
    quantity: "1.5",
    buy_order_id: "4611686018427387903",
    sell_order_id: "4611686018427387902",
    timestamp: "2026-09-21T14:13:21.123007Z",
  };
  assert.deepEqual(await it.get("trades"), { trades: [trade], next: null });
  assert.deepEqual(await it.get("auctions/1"), {
    id: "1",
    market: it.name,
    status: "cleared",
    clearing_price: "2010.5",
    volume: "1.5",
    surplus: "0.5",
    trade_count: 1,
    timestamp: "2026-09-21T14:13:21.123007Z",
    slot: "1790000001",
    rule_id: "CALL-1",
    reference: "1999.99",
    band: null,
    buy_orders: 3,
    sell_orders: 2,
    ladder_rows: 1,
    outcome: null,
    journal: {
      sequence: "7",
      commands: "1000",
      hash: it.model.records[3].fields.journalHash,
    },
    record: "4",
    chain: it.model.chainAt(4),
    ladder: [{ price: "2010.5", buy: "2", sell: "1.5" }],
    trades: [trade],
  });
});

Deno.test("auctions that did not clear", async () => {
  const it = new Market(edge);
  it.model.define();
  it.model.auction({ status: "empty", reference: 0n, bandLower: 0n, bandUpper: 0n, surplus: 0n });
  it.model.auction({ status: "no_cross" });
  it.model.auction({
    status: "outside_band",
    price: 5n,
    ladder: [{ price: 5n, buy: 1n, sell: 1n }],
  });
  await it.publish();
  const { auctions } = await it.get("auctions?after=0");
  assert.deepEqual(auctions, it.model.views().auctions);
  assert.deepEqual(auctions.map((auction) => auction.clearing_price), [null, null, null]);
  assert.deepEqual([auctions[0].reference, auctions[0].band], [null, null]);
});

Deno.test("the latest definition", async () => {
  const it = new Market(edge);
  it.model.define().auction().define({ buyFeeBasisPoints: 25 }).auction().reference(3);
  await it.publish([1, 2, 3, 4, 5]);
  assert.deepEqual(await it.get("definition"), {
    market: it.name,
    base: "ETH",
    quote: "USDC",
    base_decimals: 18,
    quote_decimals: 6,
    tick_size: "0.01",
    lot_size: "0.0001",
    rule_id: "CALL-1",
    rules_version: 1,
    interval_milliseconds: 1_000,
    band_basis_points: 1_000,
    runs_before_widening: 3,
    buy_fee_basis_points: 25,
    sell_fee_basis_points: 5,
    minimum_notional: "1.5",
    maximum_open_orders: 200,
    minimum_reference_volume: null,
    widest_band_basis_points: null,
    timestamp: "2026-09-21T14:13:21.123007Z",
    record: "3",
  });
});

Deno.test("a market that goes on under CALL-2 says what each run leaves for the next", async () => {
  const it = new Market(edge);
  it.model.define().auction().adoptCall2().auction().auction({ nextReference: 0n });
  await it.publish([2, 5]);
  const { rule_id, rules_version, minimum_reference_volume, widest_band_basis_points } = await it
    .get("definition");
  assert.deepEqual(
    [rule_id, rules_version, minimum_reference_volume, widest_band_basis_points],
    ["CALL-2", 3, "1500", 5_000],
  );
  const { auctions } = await it.get("auctions?after=0");
  assert.deepEqual(auctions, it.model.views().auctions);
  assert.deepEqual(auctions.map((auction) => [auction.rule_id, auction.outcome]), [
    ["CALL-1", null],
    ["CALL-2", { outside_runs: 2, held_volume: "0.0077", next_reference: "1999.99" }],
    ["CALL-2", { outside_runs: 2, held_volume: "0.0077", next_reference: null }],
  ]);
});

Deno.test("a run of CALL-2 in the form of CALL-1 is malformed", async () => {
  const it = new Market(edge);
  it.model.define().adoptCall2().auction();
  await it.publish([2]);
  const { payload } = it.model.records[2];
  const changed = it.model.batch(3, 3, it.epoch);
  changed.body = changed.body.with(4, 4);
  assert.equal(payload[0], 8);
  assert.equal((await it.post(changed)).status, "malformed");
});

Deno.test("raw records from any place, up to the head's chain", async () => {
  const it = new Market(edge);
  const random = randomFrom(7);
  it.model.define();
  for (let i = 0; i < 30; i++) {
    it.model.auction({ trades: randomTrades(random, 5), chunk: 2 });
  }
  it.model.openAuction({ trades: randomTrades(random, 2) });
  await it.publish([3, 10, 11, 60, it.model.count]);
  const all = await it.stored();
  assert.ok(all.equals(it.model.batch(1, it.model.count, "-").body));
  const head = await it.head();
  assert.deepEqual(chainOver(all), { number: Number(head.last), chain: head.chain });
  for (const [after, limit] of [[0, 1], [2, 1], [3, 20], [9, 3], [70, 1_000], [60, 1]]) {
    const response = await fetch(
      `${edge.url}${it.path}/records?after=${after}&limit=${limit}`,
    );
    const count = Math.min(limit, it.model.count - after);
    assert.equal(response.headers.get("content-type"), "application/octet-stream");
    assert.equal(response.headers.get("uncross-first"), `${after + 1}`);
    assert.equal(response.headers.get("uncross-count"), `${count}`);
    const bytes = Buffer.from(await response.arrayBuffer());
    assert.ok(bytes.equals(it.model.batch(after + 1, after + count, "-").body));
    const { chain } = chainOver(bytes, after, it.model.chainAt(after));
    assert.equal(chain, it.model.chainAt(after + count));
  }
  const beyond = await fetch(`${edge.url}${it.path}/records?after=${it.model.count}`);
  assert.equal(beyond.headers.get("uncross-count"), "0");
  assert.equal((await beyond.arrayBuffer()).byteLength, 0);
});

Deno.test("anyone may read, and keep what cannot change", async () => {
  const it = new Market(edge);
  it.model.define().auction({ trades: randomTrades(randomFrom(8), 5) });
  await it.publish();
  const [fresh, recent, settled] = ["no-store", "public, max-age=1", "public, max-age=3600"];
  const expected = {
    "head": fresh,
    "definition": recent,
    "trades": recent,
    "trades?after=0": recent,
    "trades?after=0&limit=4": settled,
    "trades?before=6": settled,
    "trades?before=7": recent,
    "auctions?before=2": settled,
    "auctions/1": settled,
    "auctions/2": fresh,
    "records?limit=2": settled,
    "records": recent,
  };
  for (const path in expected) {
    const response = await fetch(`${edge.url}${it.path}/${path}`);
    await response.body.cancel();
    assert.equal(response.headers.get("cache-control"), expected[path], path);
    assert.equal(response.headers.get("access-control-allow-origin"), "*");
  }
  const health = await fetch(`${edge.url}/healthz`);
  assert.deepEqual(await health.json(), { status: "ok" });
});
