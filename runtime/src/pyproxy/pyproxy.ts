/**
 * Python objects in JavaScript: what a `PyProxy` is made of.
 *
 * Inside each one is an invisible *shell*, a function if the object can be called.
 * The shell is called directly; reading and writing properties goes through the
 * traps of `handler.ts`. Members that every proxy or those of an ability have are
 * methods of classes (`members.ts`, `sequence.ts`, `buffer.ts`).
 */

import type { Core } from "../../../js/src/core.ts";
import { RECORD } from "../wire/wire.ts";
import { Able } from "./abilities.ts";
import { Attributes } from "./attributes.ts";
import { handlerOf, type Shell, STATE } from "./handler.ts";
import { kindOf, type PyProxy } from "./classes.ts";

export type { PyProxy } from "./classes.ts";

/** A reference to a Python object that several proxies may share. */
export interface Reference {
  readonly kind: "PyProxy" | "PyBufferView" | "PythonError";
  /** The object's address, 0 once it is released. */
  object: number;
}

/** A proxy's reference. */
export interface ProxyReference extends Reference {
  /** Why it was released, for errors. */
  reason: string;
  readonly attributes: Attributes;
}

/** What a proxy knows. */
export interface State {
  readonly core: Core;
  readonly reference: ProxyReference;
  readonly abilities: number;
  /** Whether Python gets a double proxy back, not the object; `create_proxy` makes such ones. */
  readonly double: boolean;
  /** Whether `this` is passed to the object as its first argument. */
  readonly captureThis: boolean;
  /** What `bind` was given. */
  readonly bound: { readonly self: unknown; readonly args: readonly unknown[] } | undefined;
  /** The promise of an awaitable, once it was asked for. */
  promise: Promise<unknown> | undefined;
}

const states = new WeakMap<object, State>();

/** The state of a proxy, or undefined of anything else. */
export function stateOf(value: object): State | undefined {
  return states.get(value);
}

/** Whether a value is a PyProxy, destroyed ones included. */
export function isPyProxy(value: unknown): value is PyProxy {
  return (
    ((typeof value === "object" && value !== null) || typeof value === "function") &&
    states.has(value)
  );
}

/** The state of what must be a proxy. */
export function stateOfThis(proxy: object): State {
  const state = states.get(proxy);
  if (state === undefined) throw new TypeError("Illegal invocation: this is not a PyProxy");
  return state;
}

/** The address of a proxy's object; throws if it was destroyed. */
export function objectOf({ reference }: State): number {
  if (reference.object === 0) throw new Error(reference.reason);
  return reference.object;
}

/** The parts of a new state that differ from the usual. */
export type StateOptions = Partial<Pick<State, "double" | "captureThis" | "bound">>;

/** A proxy that shares `reference`. */
export function proxyOf(
  core: Core,
  reference: ProxyReference,
  abilities: number,
  options: StateOptions = {},
): PyProxy {
  const state: State = {
    core,
    reference,
    abilities,
    double: options.double ?? false,
    captureThis: options.captureThis ?? false,
    bound: options.bound,
    promise: undefined,
  };
  let shell: Shell;
  if ((abilities & Able.Call) !== 0) {
    // A method, unlike other functions, is no constructor but has a `this`.
    shell = {
      shell(this: unknown, ...args: unknown[]): unknown {
        return call(state, this, args);
      },
    }.shell as unknown as Shell;
    Object.setPrototypeOf(shell, kindOf(abilities).prototype);
  } else {
    shell = Object.create(kindOf(abilities).prototype) as Shell;
  }
  shell[STATE] = state;
  const proxy = new Proxy(shell, handlerOf(abilities)) as unknown as PyProxy;
  states.set(proxy, state);
  return proxy;
}

/**
 * A proxy that owns the strong reference `object`.
 * @param registered whether the reference is given back when the proxy is collected.
 */
export function makeProxy(
  core: Core,
  object: number,
  abilities: number,
  registered: boolean,
  options?: StateOptions,
  attributes = new Attributes(),
): PyProxy {
  const reference: ProxyReference = { kind: "PyProxy", object, reason: "", attributes };
  const proxy = proxyOf(core, reference, abilities, options);
  core.live.add(reference);
  if (core.debug) core.makers.noteReference(core, reference);
  if (registered) core.keepAlive(reference, proxy);
  return proxy;
}

/** The name of an object's type, which objects of the same type share. */
function typeName(core: Core, object: number): string {
  const tag = core.exports.ferropy_type_tag(object) >>> 0;
  let name = core.typeNames.get(tag);
  if (name === undefined) {
    name = core.readOut((out) => core.exports.ferropy_type_name(object, out)) as string;
    if (core.typeNames.size >= TYPE_NAMES) core.typeNames.clear();
    if (tag !== 0) core.typeNames.set(tag, name);
  }
  return name;
}

/** How many names of types are remembered. */
const TYPE_NAMES = 1024;

/** Describes the object behind a proxy that is about to be destroyed. */
function describe({ core, reference: { object } }: State): string {
  try {
    const type = typeName(core, object);
    if (!core.debug) return `The object was of type ${type}.`;
    const text = core.readOut((out) => core.exports.ferropy_text(object, 1, out)) as string;
    const where = new Error("destroyed").stack ?? "";
    return `The object was of type ${type}: ${text.slice(0, 200)}\nIt was destroyed here:\n${where}`;
  } catch {
    return "The object could not be described.";
  }
}

/** Releases the object; proxies that share it are destroyed with it. */
export function destroy(state: State, message?: string): void {
  const { core, reference } = state;
  if (reference.object === 0) return;
  const description = describe(state);
  const { object } = reference;
  // Describing it may have run anything.
  if (object === 0) return;
  reference.reason =
    message === undefined
      ? `Object has already been destroyed\n${description}`
      : `${message}\n${description}`;
  reference.object = 0;
  core.forget(reference);
  core.live.delete(reference);
  reference.attributes.release();
  core.exports.ferropy_release(object);
}

/** Why lent proxies end. */
const REASONS = {
  call:
    "This borrowed proxy was automatically destroyed at the end of a function call. Keep a .copy() " +
    "of it in JavaScript, or use create_proxy or create_once_callable in Python.",
  promise:
    "This borrowed proxy was automatically destroyed at the end of an asynchronous function call. " +
    "Keep a .copy() of it in JavaScript, or use create_proxy or create_once_callable in Python.",
  generator:
    "This borrowed proxy was automatically destroyed when the generator that it was an argument of " +
    "had ended. Keep a .copy() of it in JavaScript, or use create_proxy in Python.",
  iteration:
    "This borrowed proxy was automatically destroyed when the iteration that gave it had ended. " +
    "Keep a .copy() of it.",
  attribute:
    "This borrowed attribute proxy was automatically destroyed with the proxy that it was read from. " +
    "Keep a .copy() of it.",
} as const;

/** Destroys proxies that were lent. */
export function destroyBorrowed(
  proxies: readonly unknown[],
  reason: keyof typeof REASONS = "call",
): void {
  for (const proxy of proxies) {
    const state = stateOf(proxy as object);
    if (state !== undefined && !state.double) destroy(state, REASONS[reason]);
  }
}

/** Has the references of lent proxies given back even if nobody destroys them. */
export function adoptBorrowed(core: Core, proxies: readonly PyProxy[]): void {
  for (const proxy of proxies) {
    const { reference } = stateOfThis(proxy);
    if (reference.object !== 0) core.keepAlive(reference, proxy);
  }
}

const NO_NAMES: readonly string[] = [];

/** Calls the shell of a proxy. */
function call(state: State, self: unknown, args: readonly unknown[]): unknown {
  if (state.bound !== undefined) {
    const all = [...state.bound.args, ...args];
    return invoke(state, state.captureThis ? [state.bound.self, ...all] : all);
  }
  return invoke(state, state.captureThis ? [self, ...args] : args);
}

/** `object(*args, **keywords)`. */
export function invoke(
  state: State,
  args: readonly unknown[],
  keywords?: Readonly<Record<string, unknown>>,
): unknown {
  return invokeObject(state.core, () => objectOf(state), args, keywords);
}

/**
 * The same for an object that need not be a proxy's; it is asked for when the arguments are written,
 * since getters among them may run anything.
 */
export function invokeObject(
  core: Core,
  objectNow: () => number,
  args: readonly unknown[],
  keywords?: Readonly<Record<string, unknown>>,
): unknown {
  const { wire } = core;
  const names = keywords === undefined ? NO_NAMES : Object.keys(keywords);
  const count = args.length;
  const named = names.length;
  const saved = wire.top;
  const base = wire.reserve(Math.max(count + 2 * named, 1));
  let written = 0;
  let status: number;
  try {
    for (; written < count; written++) wire.place(base + written * RECORD, args[written]);
    for (const name of names) {
      wire.place(base + written++ * RECORD, (keywords as Record<string, unknown>)[name]);
    }
    for (const name of names) wire.place(base + written++ * RECORD, name);
  } catch (error) {
    wire.discard(base, written);
    wire.top = saved;
    throw error;
  }
  let object: number;
  try {
    object = objectNow();
  } catch (error) {
    wire.discard(base, written);
    wire.top = saved;
    throw error;
  }
  try {
    status = core.exports.ferropy_call(object, base, count, named);
  } catch (error) {
    throw core.fail(error);
  } finally {
    wire.top = saved;
  }
  if (status < 0) throw core.pendingError();
  return wire.read(base);
}
