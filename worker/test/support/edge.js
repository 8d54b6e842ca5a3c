// The Worker under test: the one that WORKER_URL names, or a local host of our own.

import { Publisher } from "./publisher.js";

const HOST = new URL("../../host/serve.js", import.meta.url).pathname;
const CONFIGURATION = new URL("../../deno.json", import.meta.url).pathname;

/** Whether the suite may stop, kill and rewrite the Worker. */
export const isLocal = !Deno.env.get("WORKER_URL");

/** `{url, publisher, close}`. */
export async function openEdge() {
  if (!isLocal) {
    const publisher = await Publisher.fromFile(Deno.env.get("PUBLISHER_KEY_FILE"));
    const url = Deno.env.get("WORKER_URL").replace(/\/$/, "");
    return { url, publisher, close: () => {} };
  }
  const publisher = await Publisher.generate();
  const directory = Deno.makeTempDirSync();
  const keysFile = `${directory}/keys`;
  Deno.writeTextFileSync(keysFile, publisher.keyID);
  const host = await Host.start({ data: `${directory}/data`, keysFile });
  return {
    url: host.url,
    publisher,
    close: async () => {
      await host.stop();
      Deno.removeSync(directory, { recursive: true });
    },
  };
}

/** A local host as a child process. */
export class Host {
  static async start({ data, keysFile, port = 0 }) {
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-prompt",
        "--allow-net=127.0.0.1",
        "--allow-read",
        `--allow-write=${data}`,
        "--config",
        CONFIGURATION,
        HOST,
        "--data",
        data,
        "--port",
        `${port}`,
        "--keys-file",
        keysFile,
      ],
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const host = new Host(child, await firstLine(child.stdout));
    return host;
  }

  constructor(child, line) {
    this.child = child;
    if (line) {
      this.url = JSON.parse(line).listening;
      this.port = Number(new URL(this.url).port);
    }
  }

  /** Asks it to end; answers its exit code. */
  async stop() {
    this.child.kill("SIGTERM");
    return (await this.child.status).code;
  }

  async kill() {
    this.child.kill("SIGKILL");
    await this.child.status;
  }
}

/** Null if the output ends before a line does. */
async function firstLine(stream) {
  let text = "";
  for await (const piece of stream.pipeThrough(new TextDecoderStream())) {
    text += piece;
    if (text.includes("\n")) return text.split("\n")[0];
  }
  return null;
}
