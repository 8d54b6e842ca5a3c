// A Durable Object namespace in one process: one object per name, each with its own database file.

import { mkdirSync } from "node:fs";
import { Storage } from "./storage.js";

/** Objects kept open, at three file descriptors each; others are opened again when asked for. */
const MAX_OPEN_OBJECTS = 64;

/** File names come from object names, so these say what a name may be. */
const NAME = /^[A-Z0-9-]{1,64}$/;

/** `env.TAPE`, as far as the Worker uses it. */
export class Namespace {
  #Class;
  #env;
  #directory;
  /** By name, the least recently used first. */
  #objects = new Map();

  constructor(Class, env, directory) {
    mkdirSync(directory, { recursive: true });
    this.#Class = Class;
    this.#env = env;
    this.#directory = directory;
  }

  /** A stub: calling a method of it calls the object's, across a boundary like the platform's. */
  getByName(name) {
    if (!NAME.test(name)) throw new Error(`not a name of an object: ${name}`);
    const call = (method, values) => this.#call(name, method, values);
    return new Proxy({}, { get: (_, method) => async (...values) => await call(method, values) });
  }

  close() {
    for (const name of [...this.#objects.keys()]) this.#evict(name);
  }

  /**
   * The object's methods run without waiting for anything, so calls come one after another and the
   * platform's gates have nothing left to hold back: storage commits before the method returns.
   */
  #call(name, method, values) {
    const { object } = this.#object(name);
    try {
      // Values are copied on the way in and out, as between isolates.
      const result = object[method](...structuredClone(values));
      if (result instanceof Promise) throw new Error("the host runs synchronous objects only");
      return structuredClone(result);
    } catch (error) {
      // As on the platform, an object that failed starts anew: nothing half known stays in memory.
      this.#evict(name);
      throw error;
    }
  }

  #object(name) {
    const open = this.#objects.get(name) ?? this.#open(name);
    this.#objects.delete(name);
    this.#objects.set(name, open);
    if (this.#objects.size > MAX_OPEN_OBJECTS) this.#evict(this.#objects.keys().next().value);
    return open;
  }

  #open(name) {
    const storage = new Storage(`${this.#directory}/${name}.sqlite`);
    return { storage, object: new this.#Class({ storage }, this.#env) };
  }

  #evict(name) {
    this.#objects.get(name)?.storage.close();
    this.#objects.delete(name);
  }
}
