/** Proxies of attributes: they live as long as the proxies that they were read from. */

import type { PyProxy } from "./classes.ts";
import { destroyBorrowed, stateOfThis } from "./pyproxy.ts";

/** What the copies of a proxy share. */
export class Attributes {
  // Most proxies have none: nothing is made before it is needed.
  #proxies: Map<string, PyProxy> | undefined;
  #adopted: Set<PyProxy> | undefined;
  #owners = 1;

  /** The address of the object behind the attribute's proxy; 0 if there is none, or it was destroyed. */
  addressOf(name: string): number {
    const proxy = this.#proxies?.get(name);
    return proxy === undefined ? 0 : stateOfThis(proxy).reference.object;
  }

  /** The proxy of the attribute `name`. */
  get(name: string): PyProxy | undefined {
    return this.#proxies?.get(name);
  }

  /** Keeps a proxy; what had the name before lives on, somebody may be using it. */
  put(name: string, proxy: PyProxy): void {
    this.#proxies ??= new Map();
    const before = this.#proxies.get(name);
    if (before !== undefined) (this.#adopted ??= new Set()).add(before);
    this.#proxies.set(name, proxy);
  }

  /** Counts one more owner. */
  share(): this {
    this.#owners++;
    return this;
  }

  /** Counts one owner less; the last one takes the proxies along. */
  release(): void {
    if (--this.#owners > 0 || this.#proxies === undefined) return;
    const all = [...this.#proxies.values(), ...(this.#adopted ?? [])];
    this.#proxies = undefined;
    this.#adopted = undefined;
    destroyBorrowed(all, "attribute");
  }
}
