/** `pyodide.js`: the loader for classic scripts, `importScripts` and `require`. */

import { loadPyodide, version } from "./index.ts";

declare const module: { exports: object } | undefined;

const api = { loadPyodide, version };
if (typeof module === "object") module.exports = api;
Object.assign(globalThis, { loadPyodide });
