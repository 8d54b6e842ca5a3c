// The Worker's door: routes of docs/tape.md to publishing and reads.

import { chainAfter } from "./chain.js";
import { decodeHead } from "./codec.js";
import { journal, MarketView } from "./json.js";
import { DEFAULT_PAGE, MAX_PAGE } from "./limits.js";
import { publish } from "./publish.js";

import { OTHER_FORMAT } from "./tape.js";

export { Tape } from "./tape.js";

export default {
  async fetch(request, env) {
    try {
      return await route(request, env);
    } catch (error) {
      if (error instanceof ReadError) return error.response();
      // The object may be moving or overloaded. A batch's outcome is unknown then: sent again, it
      // is accepted or a duplicate.
      console.error(error);
      const isOfAnotherWorker = error.message.startsWith(OTHER_FORMAT);
      const message = isOfAnotherWorker ? error.message : "try again";
      return new ReadError(503, "unavailable", message).response();
    }
  },
};

/** What a reader is told instead of an answer. */
class ReadError extends Error {
  constructor(status, code, message, headers = {}) {
    super(message);
    Object.assign(this, { status, code, headers });
  }

  response() {
    const headers = { ...this.headers, ...CORS, "Cache-Control": "no-store" };
    const content = { error: { code: this.code, message: this.message } };
    return Response.json(content, { status: this.status, headers });
  }
}

const badRequest = (message) => new ReadError(400, "bad_request", message);
const notFound = (message) => new ReadError(404, "not_found", message);

/** The tape is public: any page may read it. */
const CORS = { "Access-Control-Allow-Origin": "*" };

/** How long an answer may be kept. What is settled never changes; an hour bounds the time after an
 * operator replaced a whole tape. */
const FRESH = { "Cache-Control": "no-store" };
const RECENT = { "Cache-Control": "public, max-age=1" };
const SETTLED = { "Cache-Control": "public, max-age=3600" };

const READS = { head, definition, trades, auctions, "auctions/": auction, records };

/** What each read may be asked, the others nothing. */
const PARAMETERS = {
  trades: ["after", "before", "limit"],
  auctions: ["after", "before", "limit"],
  records: ["after", "limit"],
};

/** Market names as the core makes them: 3 to 25 of `A-Z 0-9 -`. */
const PATH = /^\/v1\/markets\/([A-Z0-9-]{3,25})\/([a-z]+)(?:\/([^/]+))?$/;

async function route(request, env) {
  const url = urlOf(request);
  if (url.pathname === "/healthz") {
    allow(request, "GET");
    queryOf(url, []);
    return Response.json({ status: "ok" }, { headers: { ...CORS, ...FRESH } });
  }
  const [, market, resource, id] = PATH.exec(url.pathname) ?? [];
  if (resource === "batches" && id === undefined) {
    allow(request, "POST");
    return await publish(request, env, market);
  }
  const name = id === undefined ? resource : `${resource}/`;
  if (!Object.hasOwn(READS, name ?? "")) throw notFound("no such path");
  allow(request, "GET");
  const query = queryOf(url, PARAMETERS[name] ?? []);
  const tape = env.TAPE.getByName(market);
  return await READS[name](tape, { market, id, query });
}

/** The URL, in which the local host puts what stands in `Host` before the target, unread. */
function urlOf(request) {
  try {
    if (!/[/?#@\\]/.test(request.headers.get("host") ?? "")) return new URL(request.url);
  } catch {
    // As where the place is more than a place.
  }
  throw badRequest("Host is no place, or the target no path");
}

function allow(request, method) {
  if (request.method === method) return;
  throw new ReadError(405, "method_not_allowed", `use ${method}`, { Allow: method });
}

function json(content, freshness) {
  return Response.json(content, { headers: { ...CORS, ...freshness } });
}

/** What a read found, or 404 for a market without a tape. */
function published(found, market) {
  if (!found) throw notFound(`nothing is published for ${market}`);
  return found;
}

// MARK: Reads

async function head(tape, { market }) {
  const { epoch, last, chain, trade, auction } = await tape.head();
  const closed = auction && decodeHead(auction.payload);
  return json({
    market,
    epoch,
    last: `${last}`,
    chain,
    auction: closed && { id: `${closed.auction}`, journal: journal(closed) },
    trade: trade === 0 ? null : `${trade}`,
  }, FRESH);
}

async function definition(tape, { market }) {
  const { units, record } = published(await tape.definition(), market);
  const view = new MarketView(market, units);
  return json(view.definition(decodeHead(record.payload), record.number), RECENT);
}

async function trades(tape, { market, query }) {
  const page = published(await tape.trades(rangeOf(query)), market);
  const view = new MarketView(market, page.units);
  const content = { trades: page.items.map((trade) => view.trade(trade)), next: cursor(page.next) };
  return json(content, page.settled ? SETTLED : RECENT);
}

async function auctions(tape, { market, query }) {
  const page = published(await tape.auctions(rangeOf(query)), market);
  const view = new MarketView(market, page.units);
  const content = {
    auctions: await Promise.all(page.items.map((record) => auctionView(view, record))),
    next: cursor(page.next),
  };
  return json(content, page.settled ? SETTLED : RECENT);
}

async function auction(tape, { market, id }) {
  const found = await tape.auction(naturalNumber("an auction's id", id));
  if (!found) throw notFound(`${market} has no auction ${id}`);
  const view = new MarketView(market, found.units);
  const content = {
    ...await auctionView(view, found.record),
    ladder: found.ladder.rows.map((row) => view.ladderRow(row)),
    trades: found.trades.map((trade) => view.trade(trade)),
  };
  if (found.next !== null) content.trades_next = cursor(found.next);
  if (found.ladder.truncated) content.ladder_truncated = true;
  return json(content, SETTLED);
}

async function records(tape, { market, query }) {
  const after = query.has("after") ? naturalNumber("after", query.get("after"), 0) : 0;
  const found = published(await tape.records(after, limitOf(query)), market);
  return new Response(found.bytes, {
    headers: {
      "Content-Type": "application/octet-stream",
      "Uncross-First": `${found.first}`,
      "Uncross-Count": `${found.count}`,
      "Access-Control-Expose-Headers": "Uncross-First, Uncross-Count",
      ...CORS,
      ...(found.settled ? SETTLED : RECENT),
    },
  });
}

/** The chain after an auction's record needs one hash: the record repeats the chain before it. */
async function auctionView(view, { number, payload }) {
  const auction = decodeHead(payload);
  const chain = await chainAfter(auction.previousChain, number, payload);
  return view.auction(auction, number, chain);
}

// MARK: Queries

/**
 * The parameters, each once and as it stands: a name that is not read is a mistake of the asker's,
 * and a second spelling of the same question would be kept by caches as another.
 */
function queryOf(url, known) {
  const query = new Map();
  for (const part of url.search === "" ? [] : url.search.slice(1).split("&")) {
    const at = part.indexOf("=");
    const name = at < 0 ? part : part.slice(0, at);
    if (!known.includes(name)) {
      const takes = known.length === 0 ? "no parameters" : known.join(", ");
      throw badRequest(`an unknown parameter: this takes ${takes}`);
    }
    if (query.has(name)) throw badRequest(`${name} is there twice`);
    query.set(name, at < 0 ? "" : part.slice(at + 1));
  }
  return query;
}

function rangeOf(query) {
  const range = { limit: limitOf(query) };
  if (query.has("after") && query.has("before")) throw badRequest("after or before, not both");
  if (query.has("after")) range.after = naturalNumber("after", query.get("after"), 0);
  if (query.has("before")) range.before = naturalNumber("before", query.get("before"), 1);
  return range;
}

function limitOf(query) {
  if (!query.has("limit")) return DEFAULT_PAGE;
  return naturalNumber("limit", query.get("limit"), 1, MAX_PAGE);
}

function naturalNumber(what, text, lowest = 1, highest = Number.MAX_SAFE_INTEGER - 1) {
  const value = /^(0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : NaN;
  if (value >= lowest && value <= highest) return value;
  throw badRequest(`${what} must be a whole number from ${lowest} to ${highest}`);
}

function cursor(id) {
  return id === null ? null : `${id}`;
}
