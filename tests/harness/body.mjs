/**
 * What a test file sees: `test(name, options?, body)` and the `t` each body gets.
 *
 * Runs unchanged in Node, in a page and in a worker, so it imports nothing from any of them.
 * It does not choose engines, start processes or print; `harness/session.mjs` runs bodies and the
 * runner on the host reports them.
 */

/**
 * @typedef {object} TestOptions
 * @property {number} [timeout] seconds before the runner kills the engine (default 60)
 * @property {Record<string, string>} [skip] reason by engine tag: an engine's name (`firefox-worker`), its
 *   browser (`firefox`), its kind (`node`, `window`, `worker`), or `peer`
 * @property {Record<string, string>} [only] the reverse: runs only where a tag is listed; the value is the reason
 *   given elsewhere
 * @property {string[]} [wheels] sets of strangers' wheels (tests/wheels.lock.json) the body loads
 */

/** @type {{name: string, options: TestOptions, body: Function}[]} */
let registered = [];

/**
 * Registers one test.
 * @param {string} name
 * @param {TestOptions | Function} options
 * @param {Function} [body] `async (load, t) => …`
 */
export function test(name, options, body) {
  if (typeof options === 'function') {
    body = options;
    options = {};
  }
  if (typeof body !== 'function') throw new TypeError(`test '${name}' has no body`);
  registered.push({ name, options, body });
}

/** Hands over what the file just imported registered. */
export function takeRegistered() {
  const taken = registered;
  registered = [];
  return taken;
}

/** Thrown by `t.skip`; the reason becomes part of the report. */
export class Skip extends Error {}

/** A failed assertion: says what was found and what was wanted. */
export class AssertionError extends Error {
  constructor(message, actual, expected) {
    super(
      arguments.length > 1
        ? `${message}\n    found:  ${show(actual)}\n    wanted: ${show(expected)}`
        : message,
    );
    this.name = 'AssertionError';
  }
}

/** A short, unambiguous picture of any JavaScript value (`-0`, `1n`, `Map(1) {…}`). */
export function show(value, depth = 0) {
  if (typeof value === 'string') {
    const text = JSON.stringify(value);
    return text.length > 2000 ? `${text.slice(0, 1000)}…${text.slice(-1000)}` : text;
  }
  if (typeof value === 'bigint') return `${value}n`;
  if (Object.is(value, -0)) return '-0';
  if (value === null || typeof value !== 'object') return String(value);
  if (depth > 4) return '…';
  const inner = (items) => items.slice(0, 50).join(', ') + (items.length > 50 ? ', …' : '');
  if (value instanceof RegExp) return String(value);
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (Array.isArray(value)) return `[${inner(value.map((v) => show(v, depth + 1)))}]`;
  if (ArrayBuffer.isView(value)) return `${value.constructor.name} [${inner([...value].map(String))}]`;
  if (value instanceof Map)
    return `Map {${inner([...value].map(([k, v]) => `${show(k, depth + 1)} => ${show(v, depth + 1)}`))}}`;
  if (value instanceof Set) return `Set {${inner([...value].map((v) => show(v, depth + 1)))}}`;
  const fields = Object.entries(value).map(([k, v]) => `${k}: ${show(v, depth + 1)}`);
  return `${value.constructor?.name ?? ''} {${inner(fields)}}`;
}

/** Structural equality that tells -0 from 0, NaN equal to itself, Map/Set/typed arrays by content. */
export function same(a, b) {
  if (Object.is(a, b)) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((v, i) => same(v, b[i]));
  }
  if (ArrayBuffer.isView(a) || ArrayBuffer.isView(b)) {
    return (
      ArrayBuffer.isView(a) &&
      ArrayBuffer.isView(b) &&
      a.constructor === b.constructor &&
      a.length === b.length &&
      [...a].every((v, i) => Object.is(v, b[i]))
    );
  }
  if (a instanceof Map || b instanceof Map) {
    return a instanceof Map && b instanceof Map && same([...a], [...b]);
  }
  if (a instanceof Set || b instanceof Set) {
    if (!(a instanceof Set && b instanceof Set) || a.size !== b.size) return false;
    return [...a].every((v) => b.has(v) || [...b].some((w) => same(v, w)));
  }
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((k) => Object.hasOwn(b, k) && same(a[k], b[k]));
}

/** The assertions and facts a body works with. */
export class T {
  /** @param {object} env what this engine is; see session.mjs */
  constructor(env) {
    /** engine, browser, kind, peer, isolated, distUrl, assetsUrl, wheels, platform helpers */
    this.env = env;
    this.cleanups = [];
  }

  /** Ends the test as skipped. @param {string} reason */
  skip(reason) {
    throw new Skip(reason);
  }

  /** Runs after the body, whatever happened. @param {() => unknown} f */
  after(f) {
    this.cleanups.push(f);
  }

  ok(value, message = 'should be truthy') {
    if (!value) throw new AssertionError(message, value, 'a truthy value');
  }

  equal(actual, expected, message = 'values differ') {
    if (!Object.is(actual, expected)) throw new AssertionError(message, actual, expected);
  }

  same(actual, expected, message = 'structures differ') {
    if (!same(actual, expected)) throw new AssertionError(message, actual, expected);
  }

  match(text, pattern, message = 'text does not match') {
    if (typeof text !== 'string' || !pattern.test(text)) throw new AssertionError(message, text, pattern);
  }

  noMatch(text, pattern, message = 'text matches') {
    if (typeof text !== 'string' || pattern.test(text)) throw new AssertionError(message, text, `not ${pattern}`);
  }

  /** Calls `f`, wants it to throw, and returns what it threw. */
  throws(f, message = 'nothing was thrown') {
    let result;
    try {
      result = f();
    } catch (error) {
      return error;
    }
    throw new AssertionError(message, result, 'an exception');
  }

  /** Awaits `f()`, wants a rejection, and returns what was thrown. */
  async rejects(f, message = 'nothing was thrown') {
    let result;
    try {
      result = await f();
    } catch (error) {
      return error;
    }
    throw new AssertionError(message, result, 'a rejection');
  }

  /** Bytes of a generated file (tests/harness/assets.mjs). @returns {Promise<Uint8Array>} */
  async asset(name) {
    const response = await fetch(this.assetUrl(name));
    if (!response.ok) throw new Error(`asset ${name}: HTTP ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  }

  /** Where the test server offers that file (`name`: a file, or a key of NAMES in assets.mjs). */
  assetUrl(name) {
    return new URL(this.env.assetNames[name] ?? name, this.env.assetsUrl).href;
  }

  /** URLs of a set of strangers' wheels, dependencies first. */
  wheelUrls(set) {
    const files = this.env.wheels[set];
    if (!files) throw new Error(`no wheel set '${set}' (have ${Object.keys(this.env.wheels)})`);
    return files.map((file) => new URL(`wheels/${file}`, this.env.assetsUrl).href);
  }

  /**
   * Writes `signum` into `buffer[0]` after `ms` milliseconds from another thread, so that it arrives while
   * this one is busy in Python. Resolves when the other thread is ready and the clock runs.
   */
  async signalAfter(buffer, ms, signum = 2) {
    const worker = await this.env.startSignaller(buffer.buffer, ms, signum);
    this.after(() => worker.terminate());
  }
}
