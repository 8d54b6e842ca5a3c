// Who sent a batch: the project's subset of RFC 9421 with Ed25519 (docs/tape.md, "Signing").
//
// There is no memory of nonces: a batch sent again is a duplicate by its content and changes
// nothing.

import { unbase64, unhex } from "./bytes.js";
import { MAX_CACHED_KEYS, MAX_CLOCK_SKEW_SECONDS, MAX_SIGNATURE_INPUT } from "./limits.js";

/** The header fields that a signature covers after method, path and query. */
const FIELDS = [
  "content-digest",
  "uncross-epoch",
  "uncross-first",
  "uncross-count",
  "uncross-chain",
];
const COMPONENTS = `(${
  ["@method", "@path", "@query", ...FIELDS].map((name) => `"${name}"`).join(" ")
})`;

const PRINTABLE = /^[\x20-\x7e]*$/;
/** One spelling for each parameter. Their order is the signer's; each comes once. */
const PARAMETERS = {
  created: /^(\d{1,12})$/,
  nonce: /^"([A-Za-z0-9_-]{8,64})"$/,
  keyid: /^"([0-9a-f]{64})"$/,
  alg: /^"(ed25519)"$/,
};

/**
 * What is wrong with a request's signature: `digest` (no usable `Content-Digest` to sign),
 * `signature`, `stale`, `key`, or null. Needs no body: the signature covers the digest's header,
 * and the body must match that, so nothing of a stranger's body is ever kept.
 */
export async function signatureFault(request, publisherKeys, nowSeconds) {
  if (!/^sha-256=:[A-Za-z0-9+/]{43}=:$/.test(request.headers.get("content-digest") ?? "")) {
    return "digest";
  }
  const claim = parse(request);
  if (!claim) return "signature";
  if (Math.abs(claim.created - nowSeconds) > MAX_CLOCK_SKEW_SECONDS) return "stale";
  if (!publisherKeys.has(claim.keyid)) return "key";
  const valid = await crypto.subtle.verify(
    "Ed25519",
    await importedKey(claim.keyid),
    claim.signature,
    new TextEncoder().encode(claim.base),
  );
  return valid ? null : "signature";
}

/**
 * The keys in `PUBLISHER_KEYS`: hex, separated by commas or white space. None: nobody may publish.
 */
export function publisherKeysFrom(text) {
  const keys = (text ?? "").toLowerCase().split(/[\s,]+/);
  return new Set(keys.filter((key) => /^[0-9a-f]{64}$/.test(key)));
}

function parse(request) {
  const input = request.headers.get("signature-input") ?? "";
  const encoded = /^sig=:([A-Za-z0-9+/]{86}==):$/.exec(request.headers.get("signature") ?? "");
  if (!encoded || input.length > MAX_SIGNATURE_INPUT || !input.startsWith(`sig=${COMPONENTS};`)) {
    return null;
  }
  const value = input.slice("sig=".length);
  const parameters = parseParameters(value.slice(COMPONENTS.length + 1));
  const base = signatureBase(request, value);
  if (!parameters || !base) return null;
  return {
    created: Number(parameters.created),
    keyid: parameters.keyid,
    signature: unbase64(encoded[1]),
    base,
  };
}

function parseParameters(text) {
  const found = {};
  for (const part of text.split(";")) {
    const at = part.indexOf("=");
    const name = part.slice(0, at);
    if (!Object.hasOwn(PARAMETERS, name) || name in found) return null;
    const match = PARAMETERS[name].exec(part.slice(at + 1));
    if (!match) return null;
    found[name] = match[1];
  }
  return Object.keys(found).length === Object.keys(PARAMETERS).length ? found : null;
}

/** The text that is signed, null where a part is missing or could forge a line. */
function signatureBase(request, parameters) {
  const url = new URL(request.url);
  const parts = [
    ["@method", request.method],
    ["@path", url.pathname],
    ["@query", url.search || "?"],
    ...FIELDS.map((name) => [name, request.headers.get(name)]),
    ["@signature-params", parameters],
  ];
  if (!parts.every(([, value]) => value !== null && PRINTABLE.test(value))) return null;
  return parts.map(([name, value]) => `"${name}": ${value}`).join("\n");
}

const imported = new Map();

/** Only keys of the ring come here, so strangers cannot fill the cache. */
async function importedKey(keyid) {
  if (!imported.has(keyid)) {
    if (imported.size >= MAX_CACHED_KEYS) imported.clear();
    const key = await crypto.subtle.importKey("raw", unhex(keyid), "Ed25519", false, ["verify"]);
    imported.set(keyid, key);
  }
  return imported.get(keyid);
}
