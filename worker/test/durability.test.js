// Crashes, restarts, rotation and lost storage: what needs a host of our own to stop and kill.

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { Host, isLocal } from "./support/edge.js";
import { Market } from "./support/market.js";
import { Publisher } from "./support/publisher.js";
import { randomFrom, randomTrades } from "./support/random.js";
import { chainOver } from "./support/tape.js";

/** A host over a fresh directory; `edge` is what `Market` talks to, across restarts. */
async function withHost(body) {
  const directory = Deno.makeTempDirSync();
  const publisher = await Publisher.generate();
  const options = { data: `${directory}/data`, keysFile: `${directory}/keys`, port: 0 };
  Deno.writeTextFileSync(options.keysFile, publisher.keyID);
  const it = {
    directory,
    options,
    edge: { publisher },
    async start() {
      it.host = await Host.start(options);
      it.edge.url = it.host.url;
      // The next start takes the same port, as a supervisor's does.
      options.port = it.host.port;
    },
  };
  await it.start();
  try {
    await body(it);
  } finally {
    await it.host.kill().catch(() => {});
    Deno.removeSync(directory, { recursive: true });
  }
}

const test = (name, body) => Deno.test({ name, ignore: !isLocal, fn: () => withHost(body) });

test("kill -9, again and again: no acknowledged batch is lost", async (it) => {
  const seed = Number(Deno.env.get("UNCROSS_SEED") ?? Date.now() % 2 ** 32);
  const random = randomFrom(seed);
  const market = new Market(it.edge);
  market.model.define();
  const borders = [0, 1];
  // Made before, so that a kill finds a batch under way and not a client at work.
  for (let i = 0; i < 3_000; i++) {
    market.model.auction({ trades: randomTrades(random, random(20) === 0 ? 3_000 : random(5)) });
    borders.push(market.model.count);
  }
  const outcomes = { unsent: 0, unstored: 0, unanswered: 0 };
  let next = 0;
  const batch = () => market.model.batch(borders[next] + 1, borders[next + 1], market.epoch);
  for (let round = 0; round < 20; round++) {
    const killed = later(5 + random(40), () => it.host.child.kill("SIGKILL"));
    const sent = await postUntilKilled(market, () => batch(), () => next++);
    await killed;
    await it.host.child.status;
    await it.start();
    const message = `UNCROSS_SEED=${seed} round ${round}`;
    const head = await market.head();
    // Stored is all that was acknowledged, and at most the batch that was under way.
    const isStored = Number(head.last) === borders[next + 1];
    assert.ok(isStored || Number(head.last) === borders[next], message);
    assert.equal(head.chain, market.model.chainAt(Number(head.last)), message);
    if (market.epoch !== "-") assert.equal(head.epoch, market.epoch, message);
    outcomes[isStored ? "unanswered" : sent ? "unstored" : "unsent"]++;
    // The same batch again is what a publisher does that got no answer.
    const again = await market.post(batch());
    assert.equal(again.status, isStored ? "duplicate" : "accepted", message);
    market.epoch = again.epoch;
    next++;
  }
  const stored = await market.stored();
  assert.ok(stored.equals(market.model.batch(1, borders[next], "-").body));
  assert.equal(chainOver(stored).chain, (await market.head()).chain);
  console.log(`killed 20 times, ${next} batches stored; the batch then was`, outcomes);
});

/** Posts one batch after another; answers whether the last one went out to a living host. */
async function postUntilKilled(market, batch, onAccepted) {
  for (;;) {
    let answer;
    try {
      answer = await market.post(batch());
    } catch (error) {
      return !/refused/.test(`${error.message} ${error.cause?.message}`);
    }
    assert.equal(answer.status, "accepted");
    market.epoch = answer.epoch;
    onAccepted();
  }
}

test("a host that is asked to end does, and leaves its tapes", async (it) => {
  const market = new Market(it.edge);
  market.model.define().auction();
  await market.publish();
  assert.equal(await it.host.stop(), 0);
  await it.start();
  const head = await market.head();
  assert.deepEqual([head.last, head.epoch], ["2", market.epoch]);
});

test("storage that is lost shows as another epoch", async (it) => {
  const market = new Market(it.edge);
  market.model.define().auction();
  await market.publish([1, 2]);
  const old = market.epoch;
  await it.host.stop();
  Deno.removeSync(it.options.data, { recursive: true });
  await it.start();
  const head = await market.head();
  assert.deepEqual([head.last, head.epoch], ["0", "-"]);
  market.model.reference(1);
  await market.refused(market.model.batch(3, 3, old), 412, "epoch");
  await market.refused(market.model.batch(1, 1, old), 412, "epoch");
  // The operator orders a replay: the same records, under a new epoch.
  market.epoch = "-";
  await market.publish([1, 2, 3]);
  assert.notEqual(market.epoch, old);
  await market.refused(market.model.batch(1, 1, old), 412, "epoch");
});

test("storage of a newer Worker is refused by name, and stays", async (it) => {
  const market = new Market(it.edge);
  market.model.define().auction();
  await market.publish([1, 2]);
  const path = `${it.options.data}/tapes/${market.name}.sqlite`;
  const rewrite = async (format) => {
    await it.host.stop();
    const database = new DatabaseSync(path);
    database.exec(`UPDATE meta SET format = ${format}`);
    database.close();
    await it.start();
  };
  await rewrite(2);
  const message =
    "storage of format 2, this Worker reads 1: deploy the Worker that wrote it, or a newer one";
  const error = { code: "unavailable", message };
  assert.deepEqual(await market.get("head", 503), { error });
  market.model.reference(1);
  const { code, ...answer } = await market.post(market.model.batch(3, 3, market.epoch));
  assert.deepEqual([code, answer], [503, { error }]);
  await rewrite(1);
  await market.publish();
});

test("keys are rotated without a restart", async (it) => {
  const [old, next] = [it.edge.publisher, await Publisher.generate()];
  const market = new Market(it.edge);
  const post = (publisher) => {
    market.model.define();
    const { count } = market.model;
    return market.post(market.model.batch(count, count, market.epoch), { publisher });
  };
  const refused = async (publisher) => {
    assert.equal((await post(publisher)).status, "key");
    market.model.records.pop();
  };
  const accepted = async (publisher) => {
    const answer = await post(publisher);
    assert.equal(answer.status, "accepted");
    market.epoch = answer.epoch;
  };
  await refused(next);
  await accepted(old);
  Deno.writeTextFileSync(it.options.keysFile, `${old.keyID},${next.keyID}\n`);
  await accepted(old);
  await accepted(next);
  Deno.writeTextFileSync(it.options.keysFile, `${next.keyID.toUpperCase()}\n`);
  await accepted(next);
  await refused(old);
  Deno.removeSync(it.options.keysFile);
  await refused(next);
});

test("asking for markets that are not makes no files", async (it) => {
  for (let i = 0; i < 100; i++) {
    const market = new Market(it.edge);
    await market.head();
    await market.get("trades", 404);
  }
  assert.deepEqual([...Deno.readDirSync(`${it.options.data}/tapes`)], []);
});

test("more markets than are kept open", async (it) => {
  const markets = Array.from({ length: 100 }, () => new Market(it.edge));
  for (const round of [1, 2]) {
    for (const market of markets) {
      market.model.define({ rulesVersion: round });
      await market.publish();
    }
  }
  for (const market of markets) assert.equal((await market.head()).last, "2");
  if (Deno.build.os !== "linux") return;
  // Three files each: the database, its log and that log's index.
  const files = [...Deno.readDirSync(`/proc/${it.host.child.pid}/fd`)].length;
  assert.ok(files < 3 * 64 + 50, `${files} open files`);
});

test("a second host over the same directory waits for the first to end", async (it) => {
  const starting = Host.start({ ...it.options, port: 0 });
  const market = new Market(it.edge);
  market.model.define();
  await market.publish();
  await it.host.stop();
  it.host = await starting;
  it.edge.url = it.host.url;
  assert.equal((await market.head()).last, "1");
});

function later(milliseconds, action) {
  return new Promise((resolve) => setTimeout(() => resolve(action()), milliseconds));
}
