/**
 * Reading addresses before returning, for `import`: with synchronous requests in browsers, with the file system and a
 * helper thread in Node. Whatever `fetch` has beyond that (the Cache API, streams) is not to be had here.
 */

import { FetchError, IN_NODE } from "../../../js/src/environment.ts";
import type { Answer } from "../../../js/src/node/fetcher.ts";

/** Reads an address whole; throws FetchError. */
export type Reader = (url: string) => Uint8Array<ArrayBuffer>;

/** How often a signal is looked for while Node's helper thread works, in milliseconds. */
const LOOK_TIME = 100;

/** How long Node may take to start a thread, in milliseconds; it takes about 30. */
const START_TIME = 30_000;

/**
 * What reads here.
 * @param interrupted whether somebody wants Python to stop; browsers cannot stop their synchronous requests.
 * @throws Error where nothing can be read synchronously.
 */
export async function openReader(interrupted: () => boolean): Promise<Reader> {
  if (IN_NODE) return nodeReader(interrupted);
  if (!("XMLHttpRequest" in globalThis)) {
    throw new Error(
      "packages cannot be installed on import here: this thread has no XMLHttpRequest (service workers have none), " +
        "and nothing else reads synchronously. Leave installOnImport out, and await loadPackage",
    );
  }
  return request;
}

function request(url: string): Uint8Array<ArrayBuffer> {
  const asked = new XMLHttpRequest();
  let answer: unknown;
  try {
    asked.open("GET", url, false);
    // Windows refuse other types of synchronous answers; in this charset every byte is a character of its own.
    if ("document" in globalThis) asked.overrideMimeType("text/plain; charset=x-user-defined");
    else asked.responseType = "arraybuffer";
    asked.send();
    answer = asked.response;
  } catch (error) {
    throw new FetchError(url, (error as Error).message, { cause: error });
  }
  if (asked.status < 200 || asked.status > 299) {
    throw new FetchError(url, `the server answered ${asked.status} ${asked.statusText}`);
  }
  if (typeof answer !== "string") return new Uint8Array(answer as ArrayBuffer);
  const bytes = new Uint8Array(answer.length);
  for (let index = 0; index < bytes.length; index++) bytes[index] = answer.charCodeAt(index);
  return bytes;
}

async function nodeReader(interrupted: () => boolean): Promise<Reader> {
  const { readFileSync } = await import("node:fs");
  const fetcher = await openFetcher(interrupted);
  return (url) => {
    if (!url.startsWith("file:")) return fetcher(url);
    try {
      return new Uint8Array(readFileSync(new URL(url)));
    } catch (error) {
      throw new FetchError(url, (error as Error).message, { cause: error });
    }
  };
}

/** `fetch` in another thread, which is started with the first address. */
async function openFetcher(interrupted: () => boolean): Promise<Reader> {
  const { MessageChannel, receiveMessageOnPort, Worker } = await import("node:worker_threads");

  /** The thread, for one question after the other. */
  const start = (): Reader => {
    const { port1: port, port2: theirs } = new MessageChannel();
    // Whether it runs, and how many answers it gave.
    const state = new Int32Array(new SharedArrayBuffer(8));
    const worker = new Worker(new URL("node/fetcher.mjs", import.meta.url), {
      workerData: { state, port: theirs },
      transferList: [theirs],
    });
    const gone = (): void => {
      if (current === read) current = undefined;
    };
    worker.on("error", gone).on("exit", gone);
    // A program ends without waiting for it.
    worker.unref();
    port.unref();
    const giveUp = (url: string, reason: string): never => {
      gone();
      void worker.terminate();
      throw new FetchError(url, reason);
    };
    const read: Reader = (url) => {
      if (Atomics.wait(state, 0, 0, START_TIME) === "timed-out") {
        giveUp(url, "the thread that reads it for `import` did not start");
      }
      const answered = Atomics.load(state, 1);
      port.postMessage(url);
      while (Atomics.wait(state, 1, answered, LOOK_TIME) === "timed-out") {
        if (interrupted()) giveUp(url, "it was interrupted");
      }
      const { bytes, reason } = receiveMessageOnPort(port)?.message as Answer;
      if (bytes === undefined) throw new FetchError(url, reason ?? "no answer");
      return bytes;
    };
    return read;
  };

  let current: Reader | undefined;
  return (url) => (current ??= start())(url);
}
