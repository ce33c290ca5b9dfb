/**
 * Work that waits for something: for promises in `loadPackage`, and for nothing during an `import`, which cannot wait
 * for them. It is written once, as a generator; whoever has it done chooses. Nothing here knows of packages.
 */

/** Something to wait for, in both ways. */
export interface Wait<T> {
  later(): Promise<T>;
  /** The same before it returns; throws if it can only be had later. */
  now(): T;
}

/** Work with waits in it. */
export type Work<T> = Generator<Wait<unknown>, T, unknown>;

/** Waits within work. */
export function* wait<T>(what: Wait<T>): Work<T> {
  return (yield what) as T;
}

/** Does work that waits for promises. */
export async function later<T>(work: Work<T>): Promise<T> {
  let step = work.next();
  while (step.done !== true) {
    let value: unknown;
    try {
      value = await step.value.later();
    } catch (error) {
      step = work.throw(error);
      continue;
    }
    step = work.next(value);
  }
  return step.value;
}

/** Does work before it returns. */
export function now<T>(work: Work<T>): T {
  let step = work.next();
  while (step.done !== true) {
    let value: unknown;
    try {
      value = step.value.now();
    } catch (error) {
      step = work.throw(error);
      continue;
    }
    step = work.next(value);
  }
  return step.value;
}

/** Works side by side, and what became of each; where they go one after the other, the first failure ends it. */
export function settled<T>(works: readonly Work<T>[]): Wait<PromiseSettledResult<T>[]> {
  return {
    later: () => Promise.allSettled(works.map(later)),
    now: () => {
      const results: PromiseSettledResult<T>[] = [];
      for (const work of works) {
        try {
          results.push({ status: "fulfilled", value: now(work) });
        } catch (reason) {
          results.push({ status: "rejected", reason });
          break;
        }
      }
      return results;
    },
  };
}

/** Several waits as one. */
export function together<T>(waits: readonly Wait<T>[]): Wait<T[]> {
  return {
    later: () => Promise.all(waits.map((one) => one.later())),
    now: () => waits.map((one) => one.now()),
  };
}

/** What can only be had later. */
export function onlyLater<T>(promise: () => Promise<T>): Wait<T> {
  return {
    later: promise,
    now: () => {
      throw new Error("only an asynchronous call can have this");
    },
  };
}

/** What a promise gives, and at once when it has come. */
export class Coming<T> implements Wait<T> {
  readonly #promise: Promise<T>;
  #came: { readonly value: T } | undefined;

  constructor(promise: Promise<T>) {
    this.#promise = promise;
    // A failure is reported where it is awaited.
    promise.then(
      (value) => {
        this.#came = { value };
      },
      () => undefined,
    );
  }

  later(): Promise<T> {
    return this.#promise;
  }

  now(): T {
    if (this.#came === undefined) throw new Error("what is needed for this has not come yet");
    return this.#came.value;
  }
}
