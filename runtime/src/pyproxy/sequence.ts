/**
 * Array's methods on proxies of sequences. Array's own ones do the work: they ask
 * for nothing but `length` and elements, which these proxies have (`handler.ts`).
 */

/* eslint-disable @typescript-eslint/no-explicit-any -- Python's values can be anything. */

import { deleteItem, getAttribute, hasItem, invokeMethod, lengthOf } from "./access.ts";
import type { PyProxy } from "./classes.ts";
import { type State, stateOfThis } from "./pyproxy.ts";

const array = Array.prototype as any;

/** The elements, as an Array. */
function elements(sequence: any): any[] {
  return Array.prototype.slice.call(sequence);
}

/** Array's methods that change nothing. */
export class SequenceMembers {
  get [Symbol.isConcatSpreadable](): boolean {
    return true;
  }

  join(separator?: string): string {
    return array.join.call(this, separator) as string;
  }

  slice(start?: number, stop?: number): any {
    return array.slice.call(this, start, stop);
  }

  lastIndexOf(element: any, ...from: [number?]): number {
    return array.lastIndexOf.call(this, element, ...from) as number;
  }

  indexOf(element: any, from?: number): number {
    return array.indexOf.call(this, element, from) as number;
  }

  forEach(callback: (element: any, index: number, array: any) => void, self?: any): void {
    array.forEach.call(this, callback, self);
  }

  map<U>(callback: (element: any, index: number, array: any) => U, self?: any): U[] {
    return array.map.call(this, callback, self) as U[];
  }

  filter(predicate: (element: any, index: number, array: any) => boolean, self?: any): any[] {
    return array.filter.call(this, predicate, self) as any[];
  }

  some(predicate: (element: any, index: number, array: any[]) => unknown, self?: any): boolean {
    return array.some.call(this, predicate, self) as boolean;
  }

  every(predicate: (element: any, index: number, array: any[]) => unknown, self?: any): boolean {
    return array.every.call(this, predicate, self) as boolean;
  }

  reduce(
    callback: (previous: any, element: any, index: number, array: any) => any,
    ...initial: [any?]
  ): any {
    return array.reduce.call(this, callback, ...initial);
  }

  reduceRight(
    callback: (previous: any, element: any, index: number, array: any) => any,
    ...initial: [any?]
  ): any {
    return array.reduceRight.call(this, callback, ...initial);
  }

  at(index: number): any {
    return array.at.call(this, index);
  }

  concat(...rest: ConcatArray<any>[]): any[] {
    return elements(this).concat(...rest);
  }

  includes(element: any): any {
    return hasItem(stateOfThis(this), element);
  }

  entries(): IterableIterator<[number, any]> {
    return array.entries.call(this) as IterableIterator<[number, any]>;
  }

  keys(): IterableIterator<number> {
    return array.keys.call(this) as IterableIterator<number>;
  }

  values(): IterableIterator<any> {
    return array.values.call(this) as IterableIterator<any>;
  }

  find(predicate: (element: any, index: number, array: any[]) => any, self?: any): any {
    return array.find.call(this, predicate, self);
  }

  findIndex(predicate: (element: any, index: number, array: any[]) => any, self?: any): number {
    return array.findIndex.call(this, predicate, self) as number;
  }

  findLast(predicate: (element: any, index: number, array: any[]) => any, self?: any): any {
    return array.findLast.call(this, predicate, self);
  }

  findLastIndex(predicate: (element: any, index: number, array: any[]) => any, self?: any): number {
    return array.findLastIndex.call(this, predicate, self) as number;
  }

  flat(depth?: number): any[] {
    return elements(this).flat(depth);
  }

  flatMap<U>(callback: (element: any, index: number, array: any) => U | U[], self?: any): U[] {
    return array.flatMap.call(this, callback, self) as U[];
  }

  toReversed(): any[] {
    return elements(this).reverse();
  }

  toSorted(compare?: (left: any, right: any) => number): any[] {
    return elements(this).sort(compare);
  }

  toSpliced(start: number, ...rest: any[]): any[] {
    const copy = elements(this);
    copy.splice(...([start, ...rest] as Parameters<typeof copy.splice>));
    return copy;
  }

  with(index: number, value: any): any[] {
    const copy = elements(this);
    const position = index < 0 ? copy.length + Math.trunc(index) : Math.trunc(index);
    if (position < 0 || position >= copy.length) {
      throw new RangeError(`the index ${index} is out of range`);
    }
    copy[position] = value;
    return copy;
  }

  toJSON(this: any): unknown[] {
    return Array.from(this as Iterable<unknown>);
  }
}

/** A whole number as Array's methods take it. */
function integer(value: unknown): number {
  const number = Math.trunc(Number(value));
  return Number.isNaN(number) ? 0 : number;
}

/** The order of Array's sort without a comparison. */
function byText(left: unknown, right: unknown): number {
  const [one, two] = [String(left), String(right)];
  return one < two ? -1 : Number(one > two);
}

/** Array's methods that change it. They use the Python object's own methods. */
export class MutableSequenceMembers {
  reverse(): this {
    invokeMethod(stateOfThis(this), "reverse", []);
    return this;
  }

  sort(compare?: (left: any, right: any) => number): this {
    const state = stateOfThis(this);
    if (compare !== undefined && typeof compare !== "function") {
      throw new TypeError("the comparison must be a function");
    }
    const order = compare ?? byText;
    const last = (left: any, right: any): number => {
      if (left === undefined || right === undefined) {
        return Number(left === undefined) - Number(right === undefined);
      }
      return Number(order(left, right));
    };
    const functools = state.core.importModule("functools");
    const key = functools["cmp_to_key"](last) as PyProxy;
    try {
      const method = getAttribute(state, "sort")?.value as PyProxy | undefined;
      if (method === undefined) throw new TypeError("the Python object has no method 'sort'");
      method["callKwargs"]({ key });
    } finally {
      key.destroy();
      functools.destroy();
    }
    return this;
  }

  splice(start?: number, ...rest: any[]): any[] {
    const state = stateOfThis(this);
    const length = lengthOf(state);
    const from = integer(start);
    const first = from < 0 ? Math.max(length + from, 0) : Math.min(from, length);
    let count = 0;
    if (arguments.length === 1) count = length - first;
    else if (arguments.length > 1) {
      count = Math.min(Math.max(integer(rest[0]), 0), length - first);
    }
    const removed = array.slice.call(this, first, first + count) as any[];
    for (let index = 0; index < count; index++) deleteItem(state, first);
    for (const [index, item] of rest.slice(1).entries()) {
      invokeMethod(state, "insert", [first + index, item]);
    }
    return removed;
  }

  push(...items: any[]): any {
    const state = stateOfThis(this);
    for (const item of items) invokeMethod(state, "append", [item]);
    return lengthOf(state);
  }

  pop(): any {
    return taken(stateOfThis(this), "last");
  }

  shift(): any {
    return taken(stateOfThis(this), "first");
  }

  unshift(...items: any[]): any {
    const state = stateOfThis(this);
    for (const [index, item] of items.entries()) invokeMethod(state, "insert", [index, item]);
    return lengthOf(state);
  }

  copyWithin(target: number, start?: number, end?: number): any {
    return array.copyWithin.call(this, target, start, end);
  }

  fill(value: any, start?: number, end?: number): any {
    return array.fill.call(this, value, start, end);
  }
}

/** Removes an element at an end and returns it; `undefined` if there is none. */
function taken(state: State, end: "first" | "last"): unknown {
  try {
    return invokeMethod(state, "pop", end === "first" ? [0] : []);
  } catch (error) {
    if ((error as { type?: unknown }).type === "IndexError") return undefined;
    throw error;
  }
}
