// The hash chain over a tape's records (docs/tape.md, "The chain"). It does not depend on batches.

import { hex, sha256, unhex } from "./bytes.js";

const TAG = new TextEncoder().encode("uncross-tape-1");

/** `chain(0)`: before any record. */
export const EMPTY_CHAIN = "0".repeat(64);

/** `chain(number)` in hex, from the chain before it and the record's payload. */
export async function chainAfter(previous, number, payload) {
  const message = new Uint8Array(TAG.length + 32 + 8 + 4 + payload.length);
  const view = new DataView(message.buffer);
  message.set(TAG);
  message.set(unhex(previous), TAG.length);
  view.setBigUint64(TAG.length + 32, BigInt(number));
  view.setUint32(TAG.length + 40, payload.length);
  message.set(payload, TAG.length + 44);
  return hex(await sha256(message));
}
