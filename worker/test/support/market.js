// One random market at the edge under test: posts batches, asks, and checks that nothing changed.

import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import { TapeModel } from "./tape.js";

/** A name that nobody else has, so that the suite can run against a live Worker. */
export function randomMarket() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `T${[...bytes].map((byte) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[byte % 32]).join("")}-USD`;
}

export class Market {
  epoch = "-";

  constructor(edge, name = randomMarket(), terms = undefined) {
    this.edge = edge;
    this.name = name;
    this.model = new TapeModel(name, terms);
  }

  get path() {
    return `/v1/markets/${this.name}`;
  }

  async get(resource, expected = 200) {
    const response = await fetch(`${this.edge.url}${this.path}/${resource}`);
    const content = await response.json();
    assert.equal(response.status, expected, `${resource}: ${JSON.stringify(content)}`);
    return content;
  }

  head() {
    return this.get("head");
  }

  /** Every framed byte that is stored. */
  async stored() {
    const pieces = [];
    for (let after = 0;;) {
      const url = `${this.edge.url}${this.path}/records?after=${after}&limit=1000`;
      const response = await fetch(url);
      const bytes = Buffer.from(await response.arrayBuffer());
      if (response.status === 404 || bytes.length === 0) return Buffer.concat(pieces);
      assert.equal(response.headers.get("uncross-first"), `${after + 1}`);
      assert.ok(bytes.length <= 2_000_000);
      after += Number(response.headers.get("uncross-count"));
      pieces.push(bytes);
    }
  }

  /**
   * Sends a batch; answers `{code, ...content}`. `options` do things wrong (`Publisher.headers`).
   */
  async post(batch, { publisher = this.edge.publisher, headers = {}, body, ...options } = {}) {
    const path = `${this.path}/batches`;
    const signed = await publisher.headers(path, batch, options);
    for (const name in headers) {
      if (headers[name] === null) delete signed[name];
      else signed[name] = headers[name];
    }
    const url = `${this.edge.url}${path}${options.sentQuery ?? ""}`;
    const response = await fetch(url, {
      method: "POST",
      headers: signed,
      body: body ?? batch.body,
    });
    return { code: response.status, ...await response.json() };
  }

  /** Publishes all records of the model that are not stored yet, in batches that end at `lasts`. */
  async publish(lasts = [this.model.count]) {
    let first = Number((await this.head()).last) + 1;
    let answer;
    for (const last of lasts) {
      answer = await this.post(this.model.batch(first, last, this.epoch));
      assert.equal(answer.status, "accepted", JSON.stringify(answer));
      assert.equal(answer.code, 200);
      assert.equal(answer.last, `${last}`);
      assert.equal(answer.chain, this.model.chainAt(last));
      this.epoch = answer.epoch;
      first = last + 1;
    }
    return answer;
  }

  /** Sends what must be refused; nothing may have changed. */
  async refused(batch, code, status, options = {}) {
    const before = [await this.head(), await this.stored()];
    const answer = await this.post(batch, options);
    assert.deepEqual([answer.code, answer.status], [code, status]);
    const after = [await this.head(), await this.stored()];
    assert.deepEqual(after[0], before[0], "the head changed");
    assert.ok(after[1].equals(before[1]), "records changed");
    const { epoch, last, chain } = before[0];
    const [named, stored] = [[answer.epoch, answer.last, answer.chain], [epoch, last, chain]];
    const namesHead = [409, 412, 422].includes(code);
    assert.deepEqual(named, namesHead ? stored : [undefined, undefined, undefined]);
    return answer;
  }

  /** Reads pages to their end. */
  async pages(resource, key, query) {
    const items = [];
    for (let from = query;;) {
      const page = await this.get(`${resource}?${from}`);
      items.push(...page[key]);
      if (page.next === null) return items;
      assert.equal(page.next, page[key].at(-1).id);
      const direction = query.includes("after") ? "after" : "before";
      const limit = new URLSearchParams(query).get("limit");
      from = `${direction}=${page.next}&limit=${limit}`;
    }
  }
}
