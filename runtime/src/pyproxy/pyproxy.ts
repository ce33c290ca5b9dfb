/** Python objects in JavaScript. */

import type { Core } from "../../../js/src/core.ts";
import type { Slot } from "../jsref/jsref.ts";

/** Bits that say what a Python object can do; `mod.rs` has the same names. */
const enum Able {
  Call = 1,
  Length = 2,
  Get = 4,
  Iterate = 8,
  Await = 16,
}

/** What a proxy knows about its object; `object` is 0 once it is destroyed. */
interface Target {
  readonly core: Core;
  object: number;
  readonly abilities: number;
  destroyed: string | undefined;
}

/** The targets of all proxies; being listed here is what makes a value a proxy. */
const targets = new WeakMap<object, Target>();

function targetOf(proxy: object): Target {
  const target = targets.get(proxy);
  if (target === undefined) throw new TypeError("Illegal invocation: this is not a PyProxy");
  return target;
}

/** The address of a proxy's object; throws if the proxy was destroyed. */
function live(proxy: object): [Core, number] {
  const { core, object, destroyed } = targetOf(proxy);
  if (object === 0) throw new Error(`Object has already been destroyed\n${destroyed ?? ""}`);
  return [core, object];
}

/** Options of {@link PyProxy.toJs}. */
export interface ToJsOptions {
  /** How many levels of containers to copy; all of them without it. */
  depth?: number;
}

/** A live reference to a Python object. */
export class PyProxy {
  /** Whether a value is a PyProxy, destroyed ones included. */
  static is(value: unknown): boolean {
    return (
      ((typeof value === "object" && value !== null) || typeof value === "function") &&
      targets.has(value)
    );
  }

  /** The address behind a PyProxy, or 0 if it was destroyed. */
  static objectOf(value: unknown): number {
    return targets.get(value as object)?.object ?? 0;
  }

  static [Symbol.hasInstance](value: unknown): boolean {
    return PyProxy.is(value);
  }

  /** The name of the object's type. */
  get type(): string {
    const [core, object] = live(this);
    return core.call("ferropy_type_name", object) as string;
  }

  /** `str(object)`. */
  toString(): string {
    const [core, object] = live(this);
    return core.call("ferropy_text", object, 0) as string;
  }

  /** Copies containers into Arrays, Maps, Sets and Uint8Arrays. */
  toJs(options: ToJsOptions = {}): unknown {
    const [core, object] = live(this);
    return core.call("ferropy_copy_to_js", object, options.depth ?? -1);
  }

  /** A second proxy of the same object, to be destroyed on its own. */
  copy(): PyProxy {
    const [core, object] = live(this);
    return core.call("ferropy_copy", object) as PyProxy;
  }

  /** Releases the Python object. Later use of the proxy throws. */
  destroy(options: { message?: string } = {}): void {
    const target = targetOf(this);
    if (target.object === 0) return;
    const description = target.core.attempt(() => `The object was ${this.type}: ${this.toString()}`);
    target.destroyed = options.message ?? description ?? "";
    const object = target.object;
    target.object = 0;
    target.core.forget(this);
    target.core.exports.ferropy_release(object);
  }

  [Symbol.dispose](): void {
    this.destroy();
  }

  /** `len(object)`. */
  get length(): number {
    const [core, object] = live(this);
    return core.call("ferropy_length", object) as number;
  }

  /** `object[key]`, or `undefined` if the key or index is missing. */
  get(key: unknown): unknown {
    const [core, object] = live(this);
    return core.call("ferropy_get_item", object, core.slots.put(key));
  }

  /** `object[key] = value`. */
  set(key: unknown, value: unknown): void {
    const [core, object] = live(this);
    core.call("ferropy_set_item", object, core.slots.put(key), core.slots.put(value));
  }

  /** `del object[key]`. */
  delete(key: unknown): void {
    const [core, object] = live(this);
    core.call("ferropy_delete_item", object, core.slots.put(key));
  }

  /** `key in object`. */
  has(key: unknown): boolean {
    const [core, object] = live(this);
    return core.call("ferropy_contains", object, core.slots.put(key)) as boolean;
  }

  /** Calls the object with keyword arguments taken from the last argument. */
  callKwargs(...args: unknown[]): unknown {
    const keywords = args.pop();
    if (typeof keywords !== "object" || keywords === null) {
      throw new TypeError("callKwargs needs the keyword arguments, an object, as its last argument");
    }
    return call(this, args, keywords);
  }

  *[Symbol.iterator](): Generator<unknown> {
    const [core, object] = live(this);
    const iterator = core.call("ferropy_iterate", object) as PyProxy;
    try {
      for (;;) {
        const item = core.call("ferropy_next", live(iterator)[1]) as [unknown] | null;
        if (item === null) return;
        yield item[0];
      }
    } finally {
      iterator.destroy();
    }
  }
}

function call(proxy: object, args: unknown[], keywords?: object): unknown {
  const [core, object] = live(proxy);
  return core.call("ferropy_call", object, core.slots.put(args), core.slots.put(keywords));
}

/** Members that exist only if the object has the ability. */
const NEEDS: Readonly<Record<string, Able>> = {
  length: Able.Length,
  get: Able.Get,
  set: Able.Get,
  delete: Able.Get,
  has: Able.Get,
  callKwargs: Able.Call,
};

function isMember(target: Target, name: string | symbol): boolean {
  if (name === Symbol.iterator) return (target.abilities & Able.Iterate) !== 0;
  if (typeof name === "symbol") return name in PyProxy.prototype;
  if (!(name in PyProxy.prototype) || name === "constructor") return name === "constructor";
  const need = NEEDS[name];
  return need === undefined || (target.abilities & need) !== 0;
}

/** `$name` reaches a Python attribute that one of the proxy's own members hides. */
function attributeName(name: string): string {
  return /^\$+[^$]/.test(name) && name.slice(1) in PyProxy.prototype ? name.slice(1) : name;
}

const handler: ProxyHandler<object> = {
  getPrototypeOf: () => PyProxy.prototype,
  get(shell, name, receiver: object): unknown {
    const target = targetOf(receiver);
    if (isMember(target, name)) return Reflect.get(PyProxy.prototype, name, receiver);
    if (typeof name === "symbol") return Reflect.get(shell, name);
    if (name === "then") return promiseMethod(target, receiver);
    if (target.object === 0) live(receiver);
    const { core, object } = target;
    const slot = core.slots.put(attributeName(name));
    if (core.call("ferropy_has_attribute", object, slot) !== true) {
      return target.abilities & Able.Call ? Reflect.get(Function.prototype, name, receiver) : undefined;
    }
    return core.call("ferropy_get_attribute", object, core.slots.put(attributeName(name)));
  },
  has(shell, name): boolean {
    const target = shells.get(shell) as Target;
    if (isMember(target, name)) return true;
    if (typeof name === "symbol") return false;
    const { core, object } = target;
    return core.call("ferropy_has_attribute", object, core.slots.put(attributeName(name))) === true;
  },
  set(_shell, name, value, receiver: object): boolean {
    if (typeof name === "symbol") return false;
    const [core, object] = live(receiver);
    core.call(
      "ferropy_set_attribute",
      object,
      core.slots.put(attributeName(name)),
      core.slots.put(value),
    );
    return true;
  },
  deleteProperty(shell, name): boolean {
    if (typeof name === "symbol") return false;
    const { core, object } = shells.get(shell) as Target;
    core.call("ferropy_delete_attribute", object, core.slots.put(attributeName(name)));
    return true;
  },
  apply(shell, _this, args): unknown {
    return call(proxies.get(shell) as object, args);
  },
};

function promiseMethod(target: Target, receiver: object): unknown {
  if ((target.abilities & Able.Await) === 0) return undefined;
  return (...args: Parameters<Promise<unknown>["then"]>) =>
    target.core.settle(receiver).then(...args);
}

/** The invisible object inside each `Proxy`, which traps without receiver see. */
const shells = new WeakMap<object, Target>();
const proxies = new WeakMap<object, object>();

function makeProxy(core: Core, object: number, abilities: number): PyProxy {
  // Only a function can be called, so callables have one inside. Strict mode's
  // arrow functions have no own `prototype` that a Proxy would have to show.
  const shell: object = (abilities & Able.Call) !== 0 ? () => undefined : {};
  if (typeof shell === "function") {
    // `name` and `length` of the shell would hide the Python attributes.
    for (const own of ["name", "length"]) Reflect.deleteProperty(shell, own);
  }
  const target: Target = { core, object, abilities, destroyed: undefined };
  const proxy = new Proxy(shell, handler);
  shells.set(shell, target);
  proxies.set(shell, proxy);
  targets.set(proxy, target);
  core.keepAlive(proxy, object);
  return proxy as PyProxy;
}

/** The import functions of this area; see `mod.rs`. */
export function pyproxyImports(core: Core): Record<string, (...args: never[]) => unknown> {
  return {
    js_pyproxy: (object: number, abilities: number): Slot =>
      core.slots.put(makeProxy(core, object, abilities)),
    js_box: (value: Slot): Slot => core.slots.put([core.slots.take(value)]),
  };
}
