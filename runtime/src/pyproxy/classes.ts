/**
 * The classes of proxies that `pyodide.ffi` shows. A proxy's members are those of
 * the classes for its abilities, put together once for each set of abilities.
 */

import { Able } from "./abilities.ts";
import { PyBufferMembers } from "./buffer.ts";
import {
  AsyncGeneratorMembers,
  AsyncIterableMembers,
  AsyncIteratorMembers,
  AwaitableMembers,
  CallableMembers,
  ContainsMembers,
  GeneratorMembers,
  GetItemMembers,
  IterableMembers,
  IteratorMembers,
  LengthMembers,
  ProxyMembers,
  SetItemMembers,
} from "./members.ts";
import { isPyProxy, stateOf } from "./pyproxy.ts";
import { MutableSequenceMembers, SequenceMembers } from "./sequence.ts";

/** A live reference to a Python object. Its attributes are properties. */
export class PyProxy extends ProxyMembers {
  constructor() {
    super();
    throw new TypeError("PyProxy is not a constructor: Python makes these objects");
  }

  static override [Symbol.hasInstance](value: unknown): value is PyProxy {
    return isPyProxy(value);
  }
}
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging
export interface PyProxy {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  [attribute: string]: any;
}

/** Whether a value is a proxy with these abilities. */
function isAble(value: unknown, abilities: number): boolean {
  if (!isPyProxy(value)) return false;
  return ((stateOf(value)?.abilities ?? 0) & abilities) === abilities;
}

/** A proxy of an object with `__len__`. */
export class PyProxyWithLength extends PyProxy {
  static override [Symbol.hasInstance](value: unknown): value is PyProxyWithLength {
    return isAble(value, Able.Length);
  }
}
export interface PyProxyWithLength extends LengthMembers {}

/** A proxy of an object with `__getitem__`. */
export class PyProxyWithGet extends PyProxy {
  static override [Symbol.hasInstance](value: unknown): value is PyProxyWithGet {
    return isAble(value, Able.Get);
  }
}
export interface PyProxyWithGet extends GetItemMembers {}

/** A proxy of an object with `__setitem__` or `__delitem__`. */
export class PyProxyWithSet extends PyProxy {
  static override [Symbol.hasInstance](value: unknown): value is PyProxyWithSet {
    return isAble(value, Able.Set);
  }
}
export interface PyProxyWithSet extends SetItemMembers {}

/** A proxy of an object with `__contains__`. */
export class PyProxyWithHas extends PyProxy {
  static override [Symbol.hasInstance](value: unknown): value is PyProxyWithHas {
    return isAble(value, Able.Has);
  }
}
export interface PyProxyWithHas extends ContainsMembers {}

/** A proxy of an iterable. */
export class PyIterable extends PyProxy {
  static override [Symbol.hasInstance](value: unknown): value is PyIterable {
    return isAble(value, Able.Iterate);
  }
}
export interface PyIterable extends IterableMembers {}

/** A proxy of an asynchronous iterable. */
export class PyAsyncIterable extends PyProxy {
  static override [Symbol.hasInstance](value: unknown): value is PyAsyncIterable {
    return isAble(value, Able.AsyncIterate);
  }
}
export interface PyAsyncIterable extends AsyncIterableMembers {}

/** A proxy of an iterator. */
export class PyIterator extends PyProxy {
  static override [Symbol.hasInstance](value: unknown): value is PyIterator {
    return isAble(value, Able.Iterator);
  }
}
export interface PyIterator extends IteratorMembers {}

/** A proxy of an asynchronous iterator. */
export class PyAsyncIterator extends PyProxy {
  static override [Symbol.hasInstance](value: unknown): value is PyAsyncIterator {
    return isAble(value, Able.AsyncIterator);
  }
}
export interface PyAsyncIterator extends AsyncIteratorMembers {}

/** A proxy of a generator. */
export class PyGenerator extends PyProxy {
  static override [Symbol.hasInstance](value: unknown): value is PyGenerator {
    return isAble(value, Able.Generator);
  }
}
export interface PyGenerator extends GeneratorMembers {}

/** A proxy of an asynchronous generator. */
export class PyAsyncGenerator extends PyProxy {
  static override [Symbol.hasInstance](value: unknown): value is PyAsyncGenerator {
    return isAble(value, Able.AsyncGenerator);
  }
}
export interface PyAsyncGenerator extends AsyncGeneratorMembers {}

/** A proxy of a sequence. */
export class PySequence extends PyProxy {
  static override [Symbol.hasInstance](value: unknown): value is PySequence {
    return isAble(value, Able.Sequence);
  }
}
export interface PySequence extends SequenceMembers, Pick<GetItemMembers, "asJsJson"> {}

/** A proxy of a mutable sequence. */
export class PyMutableSequence extends PyProxy {
  static override [Symbol.hasInstance](value: unknown): value is PyMutableSequence {
    return isAble(value, Able.MutableSequence);
  }
}
export interface PyMutableSequence extends MutableSequenceMembers {}

/** A proxy of an awaitable, which is a promise. */
export class PyAwaitable extends PyProxy {
  static override [Symbol.hasInstance](value: unknown): value is PyAwaitable {
    return isAble(value, Able.Await);
  }
}
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export interface PyAwaitable extends Promise<any> {}

/** A proxy of a callable, which is a function. */
export class PyCallable extends PyProxy {
  static override [Symbol.hasInstance](value: unknown): value is PyCallable {
    return isAble(value, Able.Call);
  }
}
export interface PyCallable extends CallableMembers {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  (...args: any[]): any;
}

/** A proxy of an object with a buffer. */
export class PyBuffer extends PyProxy {
  static override [Symbol.hasInstance](value: unknown): value is PyBuffer {
    return isAble(value, Able.Buffer);
  }
}
export interface PyBuffer extends PyBufferMembers {}

/** A proxy of a `dict`. */
export class PyDict extends PyProxy {
  static override [Symbol.hasInstance](value: unknown): value is PyDict {
    return isAble(value, Able.Dict);
  }
}
export interface PyDict
  extends PyProxyWithGet, PyProxyWithSet, PyProxyWithHas, PyProxyWithLength, PyIterable {}

/** Which members come with which abilities; later ones win. */
const MEMBERS: readonly (readonly [number, { readonly prototype: object }])[] = [
  [Able.Length, LengthMembers],
  [Able.Get, GetItemMembers],
  [Able.Set, SetItemMembers],
  [Able.Has, ContainsMembers],
  [Able.Iterate, IterableMembers],
  [Able.Iterator, IteratorMembers],
  [Able.Generator, GeneratorMembers],
  [Able.AsyncIterate, AsyncIterableMembers],
  [Able.AsyncIterator, AsyncIteratorMembers],
  [Able.AsyncGenerator, AsyncGeneratorMembers],
  [Able.Await, AwaitableMembers],
  [Able.Call, CallableMembers],
  [Able.Buffer, PyBufferMembers],
  [Able.Sequence, SequenceMembers],
  [Able.MutableSequence, MutableSequenceMembers],
];

/** What the proxies with the same abilities have in common. */
export interface Kind {
  readonly prototype: object;
  /** Names of properties that are not the Python object's attributes. */
  readonly members: ReadonlySet<string>;
}

const kinds = new Map<number, Kind>();

/** Copies members, but not the constructor. */
function mixIn(prototype: object, members: object): void {
  const { constructor: _, ...own } = Object.getOwnPropertyDescriptors(members) as Record<
    PropertyKey,
    PropertyDescriptor
  >;
  Object.defineProperties(prototype, own);
}

/** What proxies with these abilities have. */
export function kindOf(abilities: number): Kind {
  const known = kinds.get(abilities);
  if (known !== undefined) return known;
  const called = (abilities & Able.Call) !== 0;
  // Callables are functions too, for `instanceof Function`.
  const prototype = Object.create(called ? Function.prototype : PyProxy.prototype) as object;
  if (called) {
    Object.defineProperty(prototype, "constructor", { value: PyProxy, configurable: true });
    mixIn(prototype, ProxyMembers.prototype);
  }
  for (const [able, { prototype: members }] of MEMBERS) {
    if ((abilities & able) !== 0) mixIn(prototype, members);
  }
  const members = new Set<string>(Object.getOwnPropertyNames(Object.prototype));
  for (const owner of [prototype, ProxyMembers.prototype]) {
    for (const name of Object.getOwnPropertyNames(owner)) members.add(name);
  }
  const kind = { prototype, members };
  kinds.set(abilities, kind);
  return kind;
}
