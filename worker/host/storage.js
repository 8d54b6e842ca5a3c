// A Durable Object's SQLite storage over node:sqlite, with Cloudflare's limits.
//
// Stricter than the platform in one point: writes are taken only inside `transactionSync`. So a
// commit has happened before the object's method returns, and no reply can leave before what it
// tells is durable.

import { existsSync } from "node:fs";
import { constants, DatabaseSync } from "node:sqlite";

/** developers.cloudflare.com/durable-objects/platform/limits */
const CLOUDFLARE_LIMITS = {
  length: 2_000_000,
  sqlLength: 100_000,
  variableNumber: 100,
  column: 100,
  functionArg: 32,
  likePatternLength: 50,
};

/** What the platform refuses to a Worker's SQL. */
const DENIED = new Set([
  constants.SQLITE_TRANSACTION,
  constants.SQLITE_SAVEPOINT,
  constants.SQLITE_PRAGMA,
  constants.SQLITE_ATTACH,
  constants.SQLITE_DETACH,
]);
const READING = new Set([
  constants.SQLITE_SELECT,
  constants.SQLITE_READ,
  constants.SQLITE_FUNCTION,
  constants.SQLITE_RECURSIVE,
]);

/** Prepared statements kept; the Worker has about a dozen. */
const MAX_STATEMENTS = 100;

/** `ctx.storage`, as far as the Worker uses it. */
export class Storage {
  #path;
  #database = null;
  #statements = new Map();
  #inTransaction = false;
  /** Set while a statement is prepared, by the authorizer: whether it writes. */
  #writes = false;
  /** The host's own statements are not the Worker's: the authorizer lets them pass. */
  #isOwn = false;

  /** A market that was never written has no file, and asking for it makes none. */
  constructor(path) {
    this.#path = path;
    this.#open(existsSync(path) ? path : ":memory:");
  }

  sql = { exec: (query, ...bindings) => this.#exec(query, bindings) };

  /** Runs `body` as one transaction; what it throws rolls back. */
  transactionSync(body) {
    if (this.#inTransaction) throw new Error("the host has no nested transactions");
    if (!existsSync(this.#path)) this.#open(this.#path);
    this.#own("BEGIN IMMEDIATE");
    this.#inTransaction = true;
    try {
      const result = body();
      this.#own("COMMIT");
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#own("ROLLBACK");
      throw error;
    } finally {
      this.#inTransaction = false;
    }
  }

  close() {
    this.#statements.clear();
    this.#database?.close();
    this.#database = null;
  }

  #open(path) {
    this.close();
    const database = this.#database = new DatabaseSync(path);
    // FULL: a commit is on the disk, not only in the kernel, when it returns.
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    for (const name in CLOUDFLARE_LIMITS) database.limits[name] = CLOUDFLARE_LIMITS[name];
    database.setAuthorizer((action, name) => {
      if (this.#isOwn) return constants.SQLITE_OK;
      this.#writes ||= !READING.has(action);
      const isHidden = name?.toLowerCase().startsWith("_cf_");
      return DENIED.has(action) || isHidden ? constants.SQLITE_DENY : constants.SQLITE_OK;
    });
  }

  #own(query) {
    this.#isOwn = true;
    try {
      this.#database.exec(query);
    } finally {
      this.#isOwn = false;
    }
  }

  #exec(query, bindings) {
    const { statement, writes } = this.#statement(query);
    if (writes && !this.#inTransaction) throw new Error("write inside transactionSync");
    return new Cursor(statement.all(...bindings));
  }

  #statement(query) {
    const known = this.#statements.get(query);
    if (known) return known;
    if (this.#statements.size >= MAX_STATEMENTS) this.#statements.clear();
    this.#writes = false;
    const statement = this.#database.prepare(query);
    const prepared = { statement, writes: this.#writes };
    this.#statements.set(query, prepared);
    return prepared;
  }
}

/** The rows of one statement. */
class Cursor {
  #rows;

  constructor(rows) {
    for (const row of rows) {
      for (const name in row) if (row[name] instanceof Uint8Array) row[name] = buffer(row[name]);
    }
    this.#rows = rows;
  }

  toArray() {
    return this.#rows;
  }

  one() {
    if (this.#rows.length !== 1) throw new Error(`one row, but got ${this.#rows.length}`);
    return this.#rows[0];
  }
}

/** The platform gives a BLOB as an ArrayBuffer. */
function buffer(bytes) {
  const { buffer, byteOffset, byteLength } = bytes;
  if (byteOffset === 0 && byteLength === buffer.byteLength) return buffer;
  return buffer.slice(byteOffset, byteOffset + byteLength);
}
