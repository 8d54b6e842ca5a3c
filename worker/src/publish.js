// The way of a batch up to storage: limits, signature, digest, records, chain. Stateless.

import { base64, hex, sha256 } from "./bytes.js";
import { chainAfter } from "./chain.js";
import { checkRecord, frames, MalformedError } from "./codec.js";
import { MAX_BATCH_BYTES, MAX_BATCH_RECORDS } from "./limits.js";
import { publisherKeysFrom, signatureFault } from "./signature.js";
import { FORMAT } from "./tape.js";

/** HTTP codes of the answers (docs/tape.md, "Batches"). */
const CODES = {
  too_large: 413,
  digest: 401,
  signature: 401,
  stale: 401,
  key: 401,
  malformed: 400,
  epoch: 412,
  duplicate: 200,
  fork: 409,
  overlap: 409,
  gap: 409,
  inconsistent: 422,
  accepted: 200,
};

/** Answers `POST /v1/markets/{market}/batches`. */
export async function publish(request, env, market) {
  const answer = await verdict(request, env, market);
  // A body that nobody reads to its end can cost the sender the answer, or the connection.
  // Where it ends before its length, its sender is gone, and hears nothing.
  if (request.body && !request.bodyUsed) await readBounded(request, false).catch(() => {});
  const { status, epoch, last, chain } = answer;
  const content = epoch === undefined ? { status } : { status, epoch, last: `${last}`, chain };
  return Response.json(content, {
    status: CODES[status],
    headers: { "Cache-Control": "no-store" },
  });
}

async function verdict(request, env, market) {
  const { headers } = request;
  if (
    Number(headers.get("content-length")) > MAX_BATCH_BYTES ||
    Number(headers.get("uncross-count")) > MAX_BATCH_RECORDS
  ) return { status: "too_large" };

  // Before the body: what a stranger sends is not kept in memory.
  const keys = publisherKeysFrom(env.PUBLISHER_KEYS);
  const fault = await signatureFault(request, keys, Math.floor(Date.now() / 1_000));
  if (fault) return { status: fault };
  const body = await readBounded(request, true);
  if (!body) return { status: "too_large" };
  const digest = await sha256(body);
  if (headers.get("content-digest") !== `sha-256=:${base64(digest)}:`) return { status: "digest" };

  const batch = parse(headers, body);
  if (!batch) return { status: "malformed" };
  const { chain, fault: chainFault } = await chained(batch);
  return await env.TAPE.getByName(market).append({
    format: FORMAT,
    market,
    epoch: batch.epoch,
    first: batch.first,
    count: batch.records.length,
    previousChain: batch.previousChain,
    chain,
    digest: hex(digest),
    body,
    fault: chainFault,
  });
}

/** The batch with its records checked one by one; null if anything does not parse. */
function parse(headers, body) {
  const epoch = headers.get("uncross-epoch");
  const first = wholeNumber(headers.get("uncross-first"));
  const count = wholeNumber(headers.get("uncross-count"));
  const previousChain = headers.get("uncross-chain");
  if (!/^(-|[0-9a-f-]{36})$/.test(epoch) || !first || !count) return null;
  if (!/^[0-9a-f]{64}$/.test(previousChain)) return null;
  if (!Number.isSafeInteger(first + count)) return null;
  const records = [];
  try {
    for (const { number, payload } of frames(body, first)) {
      if (records.length === count) return null;
      records.push({ number, payload, head: checkRecord(payload) });
    }
  } catch (error) {
    if (error instanceof MalformedError) return null;
    throw error;
  }
  return records.length === count ? { epoch, first, previousChain, records } : null;
}

/** From 1, in its only spelling; else null. */
function wholeNumber(text) {
  return /^[1-9][0-9]{0,15}$/.test(text ?? "") ? Number(text) : null;
}

/**
 * The chain after the batch, and whether an auction record repeats another than the one before it.
 */
async function chained({ previousChain, records }) {
  let chain = previousChain;
  let fault = null;
  for (const { number, payload, head } of records) {
    if (head.kind === "auction" && head.previousChain !== chain) {
      fault ??= `record ${number} closes over another chain`;
    }
    chain = await chainAfter(chain, number, payload);
  }
  return { chain, fault };
}

/**
 * The body up to the limit, or null if it is longer; without `keep` it is only read, never held.
 */
async function readBounded(request, keep) {
  const pieces = [];
  let size = 0;
  for await (const piece of request.body ?? []) {
    size += piece.length;
    // Leaving the loop cancels the stream: of a longer body no more is read.
    if (size > MAX_BATCH_BYTES) return null;
    if (keep) pieces.push(piece);
  }
  if (!keep) return null;
  const body = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    body.set(piece, at);
    at += piece.length;
  }
  return body;
}
