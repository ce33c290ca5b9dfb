/** Where we run, and how files are read there. Nothing here knows of Python. */

/** Replaced by the build: the URL of the script that holds this code. */
declare const FERROPY_SCRIPT_URL: string;

const { process } = globalThis as { process?: NodeJS.Process };

/** Whether this is Node (or another runtime with Node's modules). */
export const IN_NODE: boolean =
  typeof process?.versions?.node === "string" && process.versions["electron"] === undefined;

/** The folder of the loader script, with a trailing slash. */
export function scriptFolder(): string {
  return new URL(".", FERROPY_SCRIPT_URL).href;
}

/** A folder given by a user (URL, or path in Node) as an absolute URL with a trailing slash. */
export async function folderUrl(folder: string): Promise<string> {
  const url = await fileUrl(folder);
  return url.endsWith("/") ? url : `${url}/`;
}

/** A file given by a user (URL, or path in Node) as an absolute URL. */
export async function fileUrl(file: string): Promise<string> {
  if (/^[a-z][a-z0-9+.-]+:/i.test(file)) return file;
  if (IN_NODE) {
    const { pathToFileURL } = await import("node:url");
    return pathToFileURL(file).href;
  }
  return new URL(file, globalThis.location.href).href;
}

/** A file could not be read. */
export class FetchError extends Error {
  readonly url: string;
  readonly reason: string;

  constructor(url: string, reason: string, options?: ErrorOptions) {
    super(`${url} could not be loaded: ${reason}`, options);
    this.name = "FetchError";
    this.url = url;
    this.reason = reason;
  }
}

/** Whether a URL has to be read from the disk. */
function isFile(url: string): boolean {
  return IN_NODE && url.startsWith("file:");
}

async function readFile(url: string): Promise<Uint8Array<ArrayBuffer>> {
  const { readFile } = await import("node:fs/promises");
  try {
    // Buffers of small files share one allocation: callers want their own.
    return new Uint8Array(await readFile(new URL(url)));
  } catch (error) {
    throw new FetchError(url, (error as Error).message, { cause: error });
  }
}

/** Fetches a URL and insists on a good status. */
export async function fetchOk(url: string, options: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { credentials: "same-origin", ...options });
  } catch (error) {
    throw new FetchError(url, (error as Error).message, { cause: error });
  }
  if (!response.ok) {
    throw new FetchError(url, `the server answered ${response.status} ${response.statusText}`);
  }
  return response;
}

/**
 * Reads a URL whole.
 * @throws FetchError with the URL and the reason.
 */
export async function readBytes(url: string): Promise<Uint8Array<ArrayBuffer>> {
  if (isFile(url)) return readFile(url);
  return new Uint8Array(await (await fetchOk(url)).arrayBuffer());
}

/** Modules by URL: a second interpreter in the same realm shares the first one's code. */
const modules = new Map<string, Promise<WebAssembly.Module>>();

/**
 * Compiles a WebAssembly module, while it arrives where the server says that it
 * is one; only once for each URL.
 * @throws FetchError with the URL and the reason.
 */
export function compile(url: string): Promise<WebAssembly.Module> {
  let module = modules.get(url);
  if (module === undefined) {
    module = fetchModule(url);
    // What failed may work later.
    module.catch(() => modules.delete(url));
    modules.set(url, module);
  }
  return module;
}

async function fetchModule(url: string): Promise<WebAssembly.Module> {
  if (isFile(url)) return WebAssembly.compile(await readFile(url));
  const response = await fetchOk(url);
  if (response.headers.get("content-type")?.startsWith("application/wasm")) {
    return WebAssembly.compileStreaming(response);
  }
  return WebAssembly.compile(await response.arrayBuffer());
}
