/**
 * The traps behind a proxy's properties: they are the Python object's attributes,
 * a dict's keys and a sequence's elements.
 */

import { Able } from "./abilities.ts";
import { kindOf, type PyProxy } from "./classes.ts";
import {
  deleteAttribute,
  deleteItem,
  getAttribute,
  getItem,
  hasAttribute,
  hasItem,
  invokeMethod,
  lengthOf,
  namesOf,
  setAttribute,
  setItem,
} from "./access.ts";
import { isPyProxy, objectOf, type State, stateOfThis } from "./pyproxy.ts";

/** Where a shell keeps its state; nobody else has this symbol. */
export const STATE = Symbol("state");

/** The object inside a proxy. */
export interface Shell {
  [STATE]: State;
}

/** Whether a name is one of the proxy's own members. */
function isMember(shell: Shell, name: string): boolean {
  return kindOf(shell[STATE].abilities).members.has(name);
}

/** `$name` reaches a Python attribute that one of the proxy's own members hides. */
function attributeName(name: string): string {
  return name.startsWith("$") ? name.slice(1) : name;
}

/** Why a member of proxies cannot be set or deleted. */
function refuse(name: string): TypeError {
  return new TypeError(
    `the property '${name}' of a PyProxy is fixed (hint: '$${name}' is the Python attribute)`,
  );
}

const attributes: ProxyHandler<Shell> = {
  get(shell, name, receiver): unknown {
    if (typeof name === "symbol" || isMember(shell, name)) {
      return Reflect.get(shell, name, receiver);
    }
    return getAttribute(shell[STATE], attributeName(name))?.value;
  },
  has(shell, name): boolean {
    if (typeof name === "symbol") return Reflect.has(shell, name);
    return isMember(shell, name) || hasAttribute(shell[STATE], attributeName(name));
  },
  set(shell, name, value): boolean {
    if (typeof name === "symbol") return false;
    if (isMember(shell, name)) {
      objectOf(shell[STATE]);
      return false;
    }
    setAttribute(shell[STATE], attributeName(name), value);
    return true;
  },
  deleteProperty(shell, name): boolean {
    if (typeof name === "symbol") return false;
    if (isMember(shell, name)) throw refuse(name);
    deleteAttribute(shell[STATE], attributeName(name));
    return true;
  },
  ownKeys(shell): string[] {
    return namesOf(shell[STATE]);
  },
  getOwnPropertyDescriptor(shell, name): PropertyDescriptor | undefined {
    // Attributes do not enumerate, and functions' own properties are not shown.
    if (typeof name !== "symbol") objectOf(shell[STATE]);
    return undefined;
  },
  defineProperty: () => false,
  preventExtensions: () => false,
};

/** The index that a name is, or -1. */
function indexOf(name: string | symbol): number {
  return typeof name === "string" && /^(0|[1-9][0-9]*)$/.test(name) ? Number(name) : -1;
}

/** Sequences have their elements as properties, so that Array's own methods work on them. */
const elements: ProxyHandler<Shell> = {
  ...attributes,
  get(shell, name, receiver: unknown): unknown {
    const index = indexOf(name);
    if (index >= 0) return getItem(shell[STATE], index)?.value;
    return attributes.get?.(shell, name, receiver);
  },
  has(shell, name): boolean {
    const index = indexOf(name);
    if (index >= 0) return index < lengthOf(shell[STATE]);
    return attributes.has?.(shell, name) ?? false;
  },
  set(shell, name, value, receiver: unknown): boolean {
    const index = indexOf(name);
    if (index < 0) return attributes.set?.(shell, name, value, receiver) ?? false;
    if (index >= lengthOf(shell[STATE])) return false;
    setItem(shell[STATE], index, value);
    return true;
  },
  deleteProperty(shell, name): boolean {
    const index = indexOf(name);
    if (index < 0) return attributes.deleteProperty?.(shell, name) ?? false;
    if (index >= lengthOf(shell[STATE])) return false;
    deleteItem(shell[STATE], index);
    return true;
  },
  ownKeys(shell): string[] {
    const indices = Array.from({ length: lengthOf(shell[STATE]) }, (_, index) => String(index));
    return [...new Set([...indices, "length", ...namesOf(shell[STATE])])];
  },
  getOwnPropertyDescriptor(shell, name): PropertyDescriptor | undefined {
    const index = indexOf(name);
    if (index < 0 || index >= lengthOf(shell[STATE])) return undefined;
    return described(getItem(shell[STATE], index)?.value);
  },
};

function described(value: unknown): PropertyDescriptor {
  return { value, writable: true, enumerable: true, configurable: true };
}

/** The key of a dict that a name means: the name itself, or the whole number that it writes. */
function keyOf(state: State, name: string): { key: string | number; there: boolean } {
  if (hasItem(state, name)) return { key: name, there: true };
  if (!/^[0-9]+$/.test(name)) return { key: name, there: false };
  return { key: Number(name), there: hasItem(state, Number(name)) };
}

function itemOf(state: State, name: string): { value: unknown } | undefined {
  const { key, there } = keyOf(state, name);
  return there ? getItem(state, key) : undefined;
}

/** The keys of a dict that are names. */
function keyNames(state: State): string[] {
  const keys = invokeMethod(state, "keys", []) as Iterable<unknown> & { destroy(): void };
  const names: string[] = [];
  for (const key of keys) {
    if (typeof key === "string") names.push(key);
    else if (Number.isSafeInteger(key) && (key as number) >= 0) names.push(String(key));
  }
  keys.destroy();
  return names;
}

/** A dict's keys are properties where no attribute has the name. */
const dict: ProxyHandler<Shell> = {
  ...attributes,
  get(shell, name, receiver): unknown {
    if (typeof name === "symbol" || isMember(shell, name)) {
      return Reflect.get(shell, name, receiver);
    }
    const state = shell[STATE];
    return (getAttribute(state, attributeName(name)) ?? itemOf(state, name))?.value;
  },
  has(shell, name): boolean {
    return (
      (attributes.has?.(shell, name) ?? false) ||
      (typeof name === "string" && keyOf(shell[STATE], name).there)
    );
  },
  set(shell, name, value, receiver: unknown): boolean {
    const state = shell[STATE];
    if (
      typeof name === "symbol" ||
      isMember(shell, name) ||
      hasAttribute(state, attributeName(name))
    ) {
      return attributes.set?.(shell, name, value, receiver) ?? false;
    }
    setItem(state, keyOf(state, name).key, value);
    return true;
  },
  deleteProperty(shell, name): boolean {
    const state = shell[STATE];
    if (
      typeof name === "symbol" ||
      isMember(shell, name) ||
      hasAttribute(state, attributeName(name))
    ) {
      return attributes.deleteProperty?.(shell, name) ?? false;
    }
    const { key, there } = keyOf(state, name);
    if (there) deleteItem(state, key);
    return there;
  },
  ownKeys(shell): string[] {
    return [...new Set([...keyNames(shell[STATE]), ...namesOf(shell[STATE])])];
  },
  getOwnPropertyDescriptor(shell, name): PropertyDescriptor | undefined {
    if (typeof name === "symbol") return undefined;
    const item = itemOf(shell[STATE], name);
    return item && described(item.value);
  },
};

/** Names that a JSON adapter shows of the proxy itself. */
const JSON_MEMBERS = new Set(["constructor", "copy", "destroy", "toString"]);

/** A mapping that is treated as JSON has its items as properties, and nothing else. */
const jsonDict: ProxyHandler<Shell> = {
  ...attributes,
  get(shell, name, receiver): unknown {
    if (typeof name === "symbol" || JSON_MEMBERS.has(name)) {
      return Reflect.get(shell, name, receiver);
    }
    const item = itemOf(shell[STATE], name);
    if (item !== undefined) return asJson(shell[STATE], item.value, name);
    if (name === "toJSON") return () => plainItems(shell);
    return isMember(shell, name) ? Reflect.get(shell, name, receiver) : undefined;
  },
  has(shell, name): boolean {
    if (typeof name === "symbol") return Reflect.has(shell, name);
    return JSON_MEMBERS.has(name) || keyOf(shell[STATE], name).there;
  },
  set(shell, name, value): boolean {
    if (typeof name === "symbol") return false;
    setItem(shell[STATE], keyOf(shell[STATE], name).key, value);
    return true;
  },
  deleteProperty(shell, name): boolean {
    if (typeof name === "symbol") return false;
    const { key, there } = keyOf(shell[STATE], name);
    if (there) deleteItem(shell[STATE], key);
    return there;
  },
  ownKeys(shell): string[] {
    return [...new Set(keyNames(shell[STATE]))];
  },
  getOwnPropertyDescriptor(shell, name): PropertyDescriptor | undefined {
    if (typeof name === "symbol") return undefined;
    const item = itemOf(shell[STATE], name);
    return item && described(asJson(shell[STATE], item.value, name));
  },
};

/** What `JSON.stringify` goes through: all items, also those that the proxy's own members hide. */
function plainItems(shell: Shell): object {
  const state = shell[STATE];
  const items = {};
  for (const name of new Set(keyNames(state))) {
    const value = asJson(state, itemOf(state, name)?.value, name);
    Object.defineProperty(items, name, described(value));
  }
  return items;
}

const jsonSequence: ProxyHandler<Shell> = {
  ...elements,
  get(shell, name, receiver: unknown): unknown {
    const value: unknown = elements.get?.(shell, name, receiver);
    return indexOf(name) >= 0 ? asJson(shell[STATE], value, name as string) : value;
  },
  getOwnPropertyDescriptor(shell, name): PropertyDescriptor | undefined {
    const descriptor = elements.getOwnPropertyDescriptor?.(shell, name);
    return descriptor && described(asJson(shell[STATE], descriptor.value, name as string));
  },
};

/**
 * What the item `key` of a JSON adapter becomes. It lives as long as the adapter's object, and is the
 * same proxy as long as it is the same object.
 */
export function asJson(state: State, value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null) return value;
  const { asJsJson } = value as { asJsJson?: () => PyProxy };
  if (typeof asJsJson !== "function" || !isPyProxy(value)) return value;
  const { attributes } = state.reference;
  const name = `json ${key}`;
  if (attributes.addressOf(name) === stateOfThis(value).reference.object) {
    value.destroy();
    return attributes.get(name);
  }
  const adapted = asJsJson.call(value);
  attributes.put(name, adapted);
  return adapted;
}

/** The traps for a set of abilities. */
export function handlerOf(abilities: number): ProxyHandler<Shell> {
  if ((abilities & Able.JsJsonDict) !== 0) return jsonDict;
  if ((abilities & Able.JsJsonSequence) !== 0) return jsonSequence;
  if ((abilities & Able.Dict) !== 0) return dict;
  return (abilities & Able.Sequence) === 0 ? attributes : elements;
}
