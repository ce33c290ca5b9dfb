/**
 * A thread that writes one signal number into shared memory after a while. Started by `T.signalAfter` as a
 * worker_thread in Node and as a module worker in browsers; the message is the same in both.
 */
const onMessage = ({ buffer, ms, signum, ready }) => {
  const target = new Uint8Array(buffer);
  ready();
  setTimeout(() => Atomics.store(target, 0, signum), ms);
};

if (globalThis.process?.versions?.node) {
  const { parentPort } = await import('node:worker_threads');
  parentPort.on('message', (data) => onMessage({ ...data, ready: () => parentPort.postMessage('ready') }));
} else {
  globalThis.onmessage = ({ data }) => onMessage({ ...data, ready: () => globalThis.postMessage('ready') });
}
