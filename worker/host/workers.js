// Stands in for the module `cloudflare:workers` (deno.json maps it here).

/** The base of a Durable Object: keeps what the platform gives it. */
export class DurableObject {
  constructor(ctx, env) {
    this.ctx = ctx;
    this.env = env;
  }
}
