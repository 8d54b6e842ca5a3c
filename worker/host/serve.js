// Runs the Worker on this machine: ../src under Deno, on loopback, storage in a directory.
//
//   deno run --allow-net=127.0.0.1 --allow-read=worker,DIR,FILE --allow-write=DIR \
//     --config worker/deno.json worker/host/serve.js --data DIR --port N --keys-file FILE

import { mkdirSync, readFileSync } from "node:fs";
import worker, { Tape } from "../src/index.js";
import { Namespace } from "./namespace.js";

/** A ring of keys is a few hundred bytes. */
const MAX_KEYS_FILE_BYTES = 65_536;
/** How long requests under way may take to end when the host is told to stop. */
const SHUTDOWN_MILLISECONDS = 5_000;
/** How long to wait for the host before us to end: longer than its shutdown. */
const LOCK_MILLISECONDS = 10_000;

const { data, port, keysFile } = parseArguments(Deno.args);
mkdirSync(data, { recursive: true });
const lock = await lockDirectory(data);

const env = {
  /** Read at every batch, so that a rotation needs no restart. No file, no publisher. */
  get PUBLISHER_KEYS() {
    try {
      const text = readFileSync(keysFile, "utf8");
      return text.length <= MAX_KEYS_FILE_BYTES ? text : "";
    } catch (error) {
      console.error(`publisher keys: ${error.message}`);
      return "";
    }
  },
};
const tapes = env.TAPE = new Namespace(Tape, env, `${data}/tapes`);

const server = Deno.serve({
  hostname: "127.0.0.1",
  port,
  onListen: (address) =>
    console.log(JSON.stringify({ listening: `http://127.0.0.1:${address.port}` })),
}, (request) => worker.fetch(request, env));

for (const signal of ["SIGTERM", "SIGINT"]) Deno.addSignalListener(signal, stop);

let isStopping = false;

async function stop() {
  if (isStopping) return;
  isStopping = true;
  const deadline = setTimeout(close, SHUTDOWN_MILLISECONDS);
  await server.shutdown();
  clearTimeout(deadline);
  close();
}

function close() {
  tapes.close();
  lock.close();
  Deno.exit(0);
}

/** Two hosts over one directory would be two objects for one market. Ends with the process. */
async function lockDirectory(directory) {
  const file = Deno.openSync(`${directory}/host.lock`, { create: true, write: true });
  const deadline = setTimeout(
    () => fail(`${directory} is in use by another host`),
    LOCK_MILLISECONDS,
  );
  await file.lock(true);
  clearTimeout(deadline);
  return file;
}

function parseArguments(values) {
  const options = {};
  for (let i = 0; i < values.length; i += 2) {
    if (!["--data", "--port", "--keys-file"].includes(values[i])) fail(`unknown: ${values[i]}`);
    options[values[i]] = values[i + 1];
  }
  const { "--data": data, "--port": port = "0", "--keys-file": keysFile } = options;
  if (!data || !keysFile) fail("usage: serve.js --data DIR --keys-file FILE [--port N]");
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) fail(`not a port: ${port}`);
  return { data, port: Number(port), keysFile };
}

function fail(message) {
  console.error(message);
  Deno.exit(1);
}
