/** The thread of Node that reads addresses for a thread which waits for them (packages/src/download). */

import { type MessagePort, workerData } from "node:worker_threads";
import { FetchError, readBytes } from "../environment.ts";

/** What came, or why nothing did. */
export interface Answer {
  readonly bytes?: Uint8Array<ArrayBuffer>;
  readonly reason?: string;
}

const { state, port } = workerData as { state: Int32Array; port: MessagePort };

async function read(url: string): Promise<Answer> {
  try {
    return { bytes: await readBytes(url) };
  } catch (error) {
    return { reason: error instanceof FetchError ? error.reason : String(error) };
  }
}

port.on("message", (url: string) => {
  void read(url).then((answer) => {
    port.postMessage(answer, answer.bytes === undefined ? [] : [answer.bytes.buffer]);
    Atomics.add(state, 1, 1);
    Atomics.notify(state, 1);
  });
});
Atomics.store(state, 0, 1);
Atomics.notify(state, 0);
