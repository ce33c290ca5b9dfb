/** `pyodide.js`: the loader for classic scripts, `importScripts` and `require`. */

import { loadPyodide, version } from "./index.ts";

/** Node's `module.exports`, or undefined; the build's banner looks for it. */
declare const ferropyExports: object | undefined;

Object.assign(ferropyExports ?? {}, { loadPyodide, version });
Object.assign(globalThis, { loadPyodide });
