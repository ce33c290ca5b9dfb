/** Members of proxies: those that all have, and those that come with an ability. */

import { toJs, type ToJsOptions } from "../convert/decode.ts";
import type { Core } from "../../../js/src/core.ts";
import { Able } from "./abilities.ts";
import { deleteItem, getItem, hasItem, lengthOf, setItem, withRecords } from "./access.ts";
import { asJson } from "./handler.ts";
import type { PyProxy } from "./classes.ts";
import {
  destroy,
  destroyBorrowed,
  invoke,
  isPyProxy,
  invokeObject,
  objectOf,
  proxyOf,
  makeProxy,
  type Reference,
  type State,
  stateOfThis,
} from "./pyproxy.ts";

/* eslint-disable @typescript-eslint/no-explicit-any -- Python's values can be anything. */

/** What every proxy has. */
export class ProxyMembers {
  /** @private What the object can do. */
  get $$flags(): number {
    return stateOfThis(this).abilities;
  }

  get [Symbol.toStringTag](): string {
    return "PyProxy";
  }

  /** The name of the object's type, with its module unless that is builtins. */
  get type(): string {
    const state = stateOfThis(this);
    const { core } = state;
    const object = objectOf(state);
    return core.readOut((out) => core.exports.ferropy_type_name(object, out)) as string;
  }

  /** `str(object)`, or `repr(object)` if the interpreter was loaded so. */
  toString(): string {
    const state = stateOfThis(this);
    const { core } = state;
    const object = objectOf(state);
    return core.readOut((out) =>
      core.exports.ferropy_text(object, Number(core.toStringIsRepr), out),
    ) as string;
  }

  /**
   * Releases the object. Later use of the proxy throws.
   * @param options.message what that error says.
   * @param options.destroyRoundtrip false spares proxies that Python made with `create_proxy`.
   */
  destroy(options: { message?: string; destroyRoundtrip?: boolean } = {}): void {
    const state = stateOfThis(this);
    if (options.destroyRoundtrip === false && state.double) return;
    destroy(state, options.message);
  }

  [Symbol.dispose](): void {
    this.destroy();
  }

  /** Another proxy of the same object, to be destroyed on its own. */
  copy(): PyProxy {
    const state = stateOfThis(this);
    const { core, abilities } = state;
    const object = objectOf(state);
    core.exports.ferropy_retain(object);
    return makeProxy(
      core,
      object,
      abilities,
      true,
      options(state),
      state.reference.attributes.share(),
    );
  }

  /** A copy of the object in JavaScript values. */
  toJs(options: ToJsOptions = {}): any {
    const state = stateOfThis(this);
    return toJs(state.core, objectOf(state), options);
  }
}

/** `len(object)`. */
export class LengthMembers {
  get length(): number {
    return lengthOf(stateOfThis(this));
  }
}

/** A proxy of the same object that is treated as JSON. */
function adapted(state: State): unknown {
  objectOf(state);
  const json = (state.abilities & Able.Sequence) !== 0 ? Able.JsJsonSequence : Able.JsJsonDict;
  const abilities = (state.abilities & ~Able.Call) | json;
  return proxyOf(state.core, state.reference, abilities, options(state));
}

/** `object[key]`. */
export class GetItemMembers {
  /** The item, or `undefined` if there is none of that key or index. */
  get(key: any): any {
    const state = stateOfThis(this);
    const item = getItem(state, key);
    // As a name in Python code would: then the builtins.
    if (item === undefined && state.reference === state.core.globals && typeof key === "string") {
      const builtins = state.core.importModule("builtins");
      const value: unknown = (builtins as Record<string, unknown>)[key];
      const kept: unknown = isPyProxy(value) ? value.copy() : value;
      builtins.destroy();
      return kept;
    }
    const value = item?.value;
    return (state.abilities & (Able.JsJsonDict | Able.JsJsonSequence)) === 0
      ? value
      : asJson(state, value, String(key));
  }

  /** The same object with its items as properties: what `JSON.parse` would give. */
  asJsJson(): PyProxy & {} {
    return adapted(stateOfThis(this)) as PyProxy;
  }
}

/** `object[key] = value`, `del object[key]`. */
export class SetItemMembers {
  set(key: any, value: any): void {
    setItem(stateOfThis(this), key, value);
  }

  delete(key: any): void {
    deleteItem(stateOfThis(this), key);
  }
}

/** `key in object`. */
export class ContainsMembers {
  has(key: any): boolean {
    return hasItem(stateOfThis(this), key);
  }
}

/** There is nothing more. */
const NONE = -2;

/** Owns an iterator of Python while JavaScript goes through it. */
class PythonIterator implements IterableIterator<any> {
  readonly #core: Core;
  readonly #reference: Reference;
  readonly #convert: ((value: unknown) => unknown) | undefined;
  /** Elements that are destroyed when the iteration has come to its end. */
  #lent: PyProxy[] = [];

  constructor(core: Core, object: number, convert?: (value: unknown) => unknown) {
    this.#core = core;
    this.#reference = { kind: "PyProxy", object };
    this.#convert = convert;
    core.keepAlive(this.#reference, this);
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<any> {
    const core = this.#core;
    const { object } = this.#reference;
    if (object === 0) return { value: undefined, done: true };
    const { wire } = core;
    const out = wire.top;
    let status: number;
    wire.reserve(1);
    try {
      status = core.exports.ferropy_next(object, out);
    } catch (error) {
      throw core.fail(error);
    } finally {
      wire.top = out;
    }
    if (status === 0) {
      const value = wire.read(out);
      if (this.#convert !== undefined) return { value: this.#convert(value), done: false };
      if (isPyProxy(value)) this.#lent.push(value);
      return { value, done: false };
    }
    const end = status === NONE ? { value: wire.read(out), done: true } : undefined;
    const error = end ?? core.pendingError();
    this.#release();
    destroyBorrowed(this.#lent, "iteration");
    this.#lent = [];
    if (end === undefined) throw error;
    return { value: undefined, done: true };
  }

  return(value?: unknown): IteratorResult<any> {
    this.#release();
    return { value, done: true };
  }

  #release(): void {
    const { object } = this.#reference;
    if (object === 0) return;
    this.#reference.object = 0;
    this.#core.forget(this.#reference);
    this.#core.exports.ferropy_release(object);
  }
}

function iterate(state: State, asynchronous: boolean): number {
  const { core } = state;
  const object = objectOf(state);
  const iterator = core.enter(() => core.exports.ferropy_iterate(object, Number(asynchronous)));
  if (iterator === 0) throw core.pendingError();
  return iterator >>> 0;
}

/** `iter(object)`. */
export class IterableMembers {
  [Symbol.iterator](): Iterator<any, any, any> {
    const state = stateOfThis(this);
    const json = (state.abilities & (Able.JsJsonDict | Able.JsJsonSequence)) !== 0;
    let index = 0;
    const convert = json
      ? (value: unknown): unknown => asJson(state, value, String(index++))
      : undefined;
    return new PythonIterator(state.core, iterate(state, false), convert);
  }
}

/** Resumes an iterator or generator by one of its methods. */
function resume(state: State, method: string, argument: unknown): IteratorResult<any, any> {
  const { core } = state;
  const { wire } = core;
  const name = wire.name(method);
  const { status, at } = withRecords(state, [argument], (record, object) =>
    method === "__next__"
      ? core.exports.ferropy_next(object, record)
      : core.exports.ferropy_resume(object, name, record),
  );
  if (status === NONE) return { done: true, value: wire.read(at) };
  if (status < 0) throw core.pendingError();
  return { done: false, value: wire.read(at) };
}

/** `next(object)`. */
export class IteratorMembers {
  [Symbol.iterator](): this {
    return this;
  }

  next(value?: any): IteratorResult<any, any> {
    return resume(stateOfThis(this), value === undefined ? "__next__" : "send", value);
  }
}

/** A generator's `throw` and `close`. */
export class GeneratorMembers {
  throw(error: any): IteratorResult<any, any> {
    return resume(stateOfThis(this), "throw", error);
  }

  return(value: any): IteratorResult<any, any> {
    const state = stateOfThis(this);
    const { core } = state;
    const end = core.generatorExit();
    try {
      return resume(state, "throw", end);
    } catch (error) {
      if ((error as { type?: unknown }).type === "GeneratorExit") return { done: true, value };
      throw error;
    } finally {
      end.destroy();
    }
  }
}

/** `aiter(object)`. */
export class AsyncIterableMembers {
  [Symbol.asyncIterator](): AsyncIterator<any, any, any> {
    const state = stateOfThis(this);
    const iterator = makeProxy(
      state.core,
      iterate(state, true),
      Able.AsyncIterator | Able.AsyncIterate,
      true,
    );
    return asyncIteration(iterator);
  }
}

async function* asyncIteration(iterator: PyProxy): AsyncGenerator<any> {
  try {
    for (;;) {
      const step = (await (iterator["next"] as () => Promise<IteratorResult<any>>)()) as
        | IteratorResult<any>
        | undefined;
      if (step === undefined || step.done === true) return;
      yield step.value;
    }
  } finally {
    iterator.destroy();
  }
}

/** Resumes an asynchronous iterator or generator; its end is a result too. */
async function asyncResume(
  state: State,
  method: string,
  argument: unknown,
): Promise<IteratorResult<any, any>> {
  const { core } = state;
  const { wire } = core;
  const name = wire.name(method);
  const { status, at } = withRecords(state, [argument], (record, object) =>
    core.exports.ferropy_async_resume(object, name, record),
  );
  if (status < 0) throw core.pendingError();
  const awaitable = wire.read(at) as PyProxy;
  try {
    return { done: false, value: await core.settle(awaitable) };
  } catch (error) {
    if ((error as { type?: unknown }).type === "StopAsyncIteration") {
      return { done: true, value: undefined };
    }
    throw error;
  } finally {
    awaitable.destroy();
  }
}

/** `anext(object)`. */
export class AsyncIteratorMembers {
  [Symbol.asyncIterator](): this {
    return this;
  }

  next(value?: any): Promise<IteratorResult<any, any>> {
    return asyncResume(stateOfThis(this), value === undefined ? "__anext__" : "asend", value);
  }
}

/** An asynchronous generator's `athrow` and `aclose`. */
export class AsyncGeneratorMembers {
  throw(error: any): Promise<IteratorResult<any, any>> {
    return asyncResume(stateOfThis(this), "athrow", error);
  }

  async return(value: any): Promise<IteratorResult<any, any>> {
    const state = stateOfThis(this);
    const end = state.core.generatorExit();
    try {
      return await asyncResume(state, "athrow", end);
    } catch (error) {
      const { type } = error as { type?: unknown };
      if (type === "GeneratorExit") return { done: true, value };
      throw error;
    } finally {
      end.destroy();
    }
  }
}

/** The promise of an awaitable; asking for it starts it. */
function promiseOf(proxy: object): Promise<any> {
  const state = stateOfThis(proxy);
  if (state.promise === undefined) {
    objectOf(state);
    state.promise = state.core.settle(proxy as PyProxy);
  }
  return state.promise;
}

/** A promise's methods. */
export class AwaitableMembers {
  then(...handlers: Parameters<Promise<any>["then"]>): Promise<any> {
    return promiseOf(this).then(...handlers);
  }

  catch(...handlers: Parameters<Promise<any>["catch"]>): Promise<any> {
    return promiseOf(this).catch(...handlers);
  }

  finally(...handlers: Parameters<Promise<any>["finally"]>): Promise<any> {
    return promiseOf(this).finally(...handlers);
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || isPyProxy(value)) return false;
  const prototype = Object.getPrototypeOf(value) as { constructor?: { name?: unknown } } | null;
  return prototype === null || prototype.constructor?.name === "Object";
}

/** How `callWithOptions` calls. */
export interface CallOptions {
  /** Whether arguments that are too many are left out. */
  relaxed?: boolean;
  /** Whether the last argument holds keyword arguments. */
  kwargs?: boolean;
  /** Whether the call may wait for promises, and gives one. */
  promising?: boolean;
}

/** The arguments that `apply` was given: any object with a length will do. */
function listOf(args: unknown): unknown[] {
  if (args === undefined || args === null) return [];
  if (typeof args !== "object" && typeof args !== "function") {
    throw new TypeError("apply() takes the arguments as an array");
  }
  return Array.prototype.slice.call(args);
}

/** A function's members. */
export class CallableMembers {
  apply(self: any, args: any): any {
    return Reflect.apply(this as unknown as () => unknown, self, listOf(args));
  }

  call(self: any, ...args: any): any {
    return Reflect.apply(this as unknown as () => unknown, self, args as unknown[]);
  }

  callWithOptions({ relaxed, kwargs, promising }: CallOptions, ...args: any): any {
    const state = stateOfThis(this);
    const positional = [...(args as unknown[])];
    let keywords: Record<string, unknown> | undefined;
    if (kwargs === true) {
      const last = positional.pop();
      if (!isPlainObject(last)) {
        throw new TypeError(
          "a call with keyword arguments needs them, a plain object, as its last argument",
        );
      }
      keywords = last;
    }
    const run = (): unknown =>
      relaxed === true ? relaxedCall(state, positional, keywords) : invoke(state, positional, keywords);
    return promising === true ? state.core.promising(run) : run();
  }

  callKwargs(...args: any): any {
    return this.callWithOptions({ kwargs: true }, ...(args as any[]));
  }

  callRelaxed(...args: any): any {
    return this.callWithOptions({ relaxed: true }, ...(args as any[]));
  }

  callKwargsRelaxed(...args: any): any {
    return this.callWithOptions({ kwargs: true, relaxed: true }, ...(args as any[]));
  }

  callPromising(...args: any): Promise<any> {
    return this.callWithOptions({ promising: true }, ...(args as any[])) as Promise<any>;
  }

  callPromisingKwargs(...args: any): Promise<any> {
    return this.callWithOptions({ kwargs: true, promising: true }, ...(args as any[])) as Promise<any>;
  }

  /** A function with a `this` and first arguments. It shares the proxy's lifetime. */
  bind(self: any, ...args: any): PyProxy {
    const state = stateOfThis(this);
    objectOf(state);
    const bound = {
      self: state.bound === undefined ? (self as unknown) : state.bound.self,
      args: [...(state.bound?.args ?? []), ...(args as unknown[])],
    };
    return proxyOf(state.core, state.reference, state.abilities, { ...options(state), bound });
  }

  /** A function that passes its `this` as the first argument. It shares the proxy's lifetime. */
  captureThis(): PyProxy {
    const state = stateOfThis(this);
    objectOf(state);
    return proxyOf(state.core, state.reference, state.abilities, {
      ...options(state),
      captureThis: true,
    });
  }
}

function options({ double, captureThis, bound }: State): Pick<
  State,
  "double" | "captureThis" | "bound"
> {
  return { double, captureThis, bound };
}

function relaxedCall(
  state: State,
  args: readonly unknown[],
  keywords: Record<string, unknown> | undefined,
): unknown {
  const { core } = state;
  const object = objectOf(state);
  const relaxed = core.enter(() => core.exports.ferropy_relaxed_caller(object));
  if (relaxed === 0) throw core.pendingError();
  try {
    return invokeObject(core, () => relaxed >>> 0, args, keywords);
  } finally {
    core.exports.ferropy_release(relaxed);
  }
}
