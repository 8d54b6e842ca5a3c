// The local host's storage keeps to Cloudflare's rules, and to its own stricter one.

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { Storage } from "../host/storage.js";

function test(name, body) {
  Deno.test(name, () => {
    const directory = Deno.makeTempDirSync();
    const path = `${directory}/it.sqlite`;
    const storage = new Storage(path);
    try {
      body(storage, path);
    } finally {
      storage.close();
      Deno.removeSync(directory, { recursive: true });
    }
  });
}

/** A table with one row. */
function withTable(storage) {
  storage.transactionSync(() => {
    storage.sql.exec("CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)");
    storage.sql.exec("INSERT INTO t VALUES (?, ?)", 1, new Uint8Array([1, 2]));
  });
}

const rows = (storage) => storage.sql.exec("SELECT count(*) AS count FROM t").one().count;

test("blobs come back as ArrayBuffer, numbers as integers", (storage) => {
  withTable(storage);
  const row = storage.sql.exec("SELECT a, b, typeof(a) AS type FROM t WHERE a <= ?", 7).one();
  assert.ok(row.b instanceof ArrayBuffer);
  assert.deepEqual([row.a, row.type, [...new Uint8Array(row.b)]], [1, "integer", [1, 2]]);
});

test("what throws inside a transaction leaves nothing", (storage) => {
  withTable(storage);
  assert.throws(() =>
    storage.transactionSync(() => {
      storage.sql.exec("INSERT INTO t VALUES (2, NULL)");
      throw new Error("no");
    }), /no/);
  assert.equal(rows(storage), 1);
  storage.transactionSync(() => storage.sql.exec("INSERT INTO t VALUES (2, NULL)"));
  assert.equal(rows(storage), 2);
});

test("writes outside a transaction are refused", (storage, path) => {
  assert.throws(() => storage.sql.exec("CREATE TABLE t (a)"), /inside transactionSync/);
  assert.throws(() => Deno.statSync(path), Deno.errors.NotFound);
  withTable(storage);
  const insert = "INSERT INTO t VALUES (2, NULL)";
  assert.throws(() => storage.sql.exec(insert), /inside transactionSync/);
  storage.transactionSync(() => storage.sql.exec(insert));
  assert.throws(() => storage.sql.exec(insert), /inside transactionSync/);
  assert.equal(rows(storage), 2);
});

test("what Cloudflare refuses is refused", (storage) => {
  withTable(storage);
  const refused = [
    "BEGIN",
    "COMMIT",
    "SAVEPOINT s",
    "PRAGMA synchronous = OFF",
    "ATTACH ':memory:' AS other",
    "CREATE TABLE _cf_own (a)",
    `SELECT ${Array.from({ length: 101 }, (_, i) => `?${i + 1}`)}`,
    `SELECT '${"x".repeat(100_000)}'`,
    `CREATE TABLE wide (${Array.from({ length: 101 }, (_, i) => `c${i}`)})`,
  ];
  for (const query of refused) {
    assert.throws(
      () => storage.transactionSync(() => storage.sql.exec(query)),
      (error) => !/inside transactionSync/.test(error.message),
      query.slice(0, 40),
    );
  }
  const large = new Uint8Array(2_000_001);
  assert.throws(() =>
    storage.transactionSync(() => storage.sql.exec("INSERT INTO t VALUES (3, ?)", large))
  );
  assert.equal(rows(storage), 1);
});

Deno.test("a commit is on the disk when it returns", () => {
  const { exec } = DatabaseSync.prototype;
  const opened = new Set();
  DatabaseSync.prototype.exec = function (query) {
    opened.add(this);
    return exec.call(this, query);
  };
  const directory = Deno.makeTempDirSync();
  const storage = new Storage(`${directory}/it.sqlite`);
  try {
    withTable(storage);
    const database = [...opened].at(-1);
    database.setAuthorizer(null);
    // 2 is FULL. In any other mode a power cut takes back what was acknowledged.
    assert.equal(database.prepare("PRAGMA synchronous").get().synchronous, 2);
    assert.equal(database.prepare("PRAGMA journal_mode").get().journal_mode, "wal");
  } finally {
    DatabaseSync.prototype.exec = exec;
    storage.close();
    Deno.removeSync(directory, { recursive: true });
  }
});
