// A publisher for tests: signs batches, and can be told to do each thing wrong.

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

const COMPONENTS = [
  "@method",
  "@path",
  "@query",
  "content-digest",
  "uncross-epoch",
  "uncross-first",
  "uncross-count",
  "uncross-chain",
];

export class Publisher {
  static async generate() {
    const { privateKey, publicKey } = await crypto.subtle.generateKey("Ed25519", true, ["sign"]);
    return new Publisher(privateKey, await crypto.subtle.exportKey("raw", publicKey));
  }

  /** From a PKCS #8 PEM file, as `openssl genpkey -algorithm ed25519` writes it. */
  static async fromFile(path) {
    const pem = Deno.readTextFileSync(path).replace(/-----[A-Z ]+-----|\s/g, "");
    const der = Buffer.from(pem, "base64");
    const key = await crypto.subtle.importKey("pkcs8", der, "Ed25519", true, ["sign"]);
    const { x } = await crypto.subtle.exportKey("jwk", key);
    return new Publisher(key, Buffer.from(x, "base64url"));
  }

  constructor(privateKey, publicKey) {
    this.privateKey = privateKey;
    this.keyID = Buffer.from(publicKey).toString("hex");
  }

  /**
   * The header fields of a signed batch. `created`, `keyid` and `query` replace what is right;
   * `rewrite` changes the signature's parameters before they are signed.
   */
  async headers(path, batch, { created, keyid, query = "", rewrite = (text) => text } = {}) {
    const fields = {
      "content-digest": `sha-256=:${sha256(batch.body).toString("base64")}:`,
      "uncross-epoch": batch.epoch,
      "uncross-first": `${batch.first}`,
      "uncross-count": `${batch.count}`,
      "uncross-chain": batch.chain,
    };
    const values = { "@method": "POST", "@path": path, "@query": `?${query}`, ...fields };
    const seconds = created ?? Math.floor(Date.now() / 1_000);
    const list = COMPONENTS.map((name) => `"${name}"`).join(" ");
    const parameters = rewrite(
      `(${list});created=${seconds};nonce="${crypto.randomUUID()}"` +
        `;keyid="${keyid ?? this.keyID}";alg="ed25519"`,
    );
    const lines = COMPONENTS.map((name) => `"${name}": ${values[name]}`);
    const base = [...lines, `"@signature-params": ${parameters}`].join("\n");
    const signature = await crypto.subtle.sign(
      "Ed25519",
      this.privateKey,
      new TextEncoder().encode(base),
    );
    return {
      ...fields,
      "signature-input": `sig=${parameters}`,
      signature: `sig=:${Buffer.from(signature).toString("base64")}:`,
    };
  }
}

export function sha256(bytes) {
  return createHash("sha256").update(bytes).digest();
}
