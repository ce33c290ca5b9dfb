/**
 * Runs the bodies of one test file inside one engine and reports each as an event.
 *
 * Shared by Node, pages and workers. Does not know how events travel (`send`) nor how a distribution is
 * imported (`importLoader`).
 */
import { Skip, T, takeRegistered } from './body.mjs';

/** The loader's options that never change what a test sees, so that the plain instance can be shared. */
const isPlain = (options) => options === undefined;

/**
 * @param {object} env see `T.env`; plus `importLoader(): Promise<{loadPyodide}>` and `loadDefaults`
 * @param {() => Promise<unknown>} importFile imports the test file
 * @param {{skip: string[], filter?: string}} plan tests already done (after a restart) and the name filter
 * @param {(event: object) => Promise<void>} send
 */
export async function runFile(env, importFile, plan, send) {
  await importFile();
  const tests = takeRegistered();
  const done = new Set(plan.skip);
  const filter = plan.filter ? new RegExp(plan.filter, 'i') : undefined;
  let shared;
  const load = async (options) => {
    const { loadPyodide } = await env.importLoader();
    if (!isPlain(options)) return loadPyodide({ ...env.loadDefaults, ...options });
    // One plain instance per file: starting one per test would cost more than the tests.
    shared ??= loadPyodide({ ...env.loadDefaults });
    return shared;
  };
  const seen = new Set();
  for (const { name, options, body } of tests) {
    if (seen.has(name)) throw new Error(`two tests are called '${name}'`);
    seen.add(name);
    if (done.has(name) || (filter && !filter.test(name))) continue;
    const reason = skipReason(env, options);
    if (reason !== undefined) {
      await send({ type: 'skip', name, reason });
      continue;
    }
    await send({ type: 'start', name, timeout: options.timeout ?? 60 });
    const t = new T(env);
    const begin = performance.now();
    let event;
    try {
      await body(load, t);
      event = { type: 'pass', name };
    } catch (error) {
      event =
        error instanceof Skip
          ? { type: 'skip', name, reason: error.message }
          : { type: 'fail', name, message: describe(error) };
    }
    for (const cleanup of t.cleanups.reverse()) {
      try {
        await cleanup();
      } catch (error) {
        event = { type: 'fail', name, message: `clean-up: ${describe(error)}` };
      }
    }
    event.seconds = (performance.now() - begin) / 1000;
    await send(event);
  }
  await send({ type: 'done', tests: tests.map((t) => t.name) });
}

function skipReason(env, options) {
  const tags = [env.engine, env.browser, env.kind, env.peer ? 'peer' : 'ferropy'];
  for (const tag of tags) {
    if (options.skip?.[tag] !== undefined) return options.skip[tag];
  }
  if (options.only && !tags.some((tag) => options.only[tag] !== undefined)) {
    return [...new Set(Object.values(options.only))].join('; ');
  }
  return undefined;
}

function describe(error) {
  if (!(error instanceof Error)) return `threw ${String(error)}`;
  const stack = error.stack ?? '';
  // Firefox's stack lacks the message, V8's contains it.
  return stack.includes(error.message) ? stack : `${error.name}: ${error.message}\n${stack}`;
}
