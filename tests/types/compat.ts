/**
 * Our types take the place of the peer's: for every name that its `pyodide.d.ts` and `ffi.d.ts` export,
 * {@link Compared} has a line that compiles only if ours fits. types.test.mjs sees that no name is missing.
 *
 * What is compared otherwise than as it stands:
 *
 * - `PyodideAPI`: theirs is the type of a class with static members, so nothing but that class has its
 *   `prototype`. The members are compared, which is all that programs use.
 * - {@link MissingMembers} and {@link MissingOptions}: what ferropy does not have yet is no part of its types, so
 *   that the compiler tells who uses it.
 */

import type * as ours from "ferropy";
import type * as ourFfi from "ferropy/ffi";
import type * as theirs from "pyodide";
import type * as theirFfi from "pyodide/ffi";

/**
 * Methods as properties. TypeScript lets a method take less than the one that it stands for; a property must take
 * all of it.
 */
type Strict<T> = {
  [K in keyof T]: 0 extends 1 & T[K]
    ? T[K]
    : T[K] extends (...args: infer Args) => infer Result
      ? (...args: Args) => Result
      : T[K];
};

/** Ours is all that theirs is. The pair shows the test that neither is `any`, which would fit everything. */
type Fits<Ours extends Theirs & Strict<Theirs>, Theirs> = [Ours, Theirs];

/** Ours takes all that is written for theirs. */
type Takes<Ours, Theirs extends Ours> = [Ours, Theirs];

type MissingMembers =
  | "canvas"
  | "makeMemorySnapshot"
  | "mountNativeFS"
  | "registerComlink"
  | "useNodeSockFS";

type MissingOptions =
  | "createPyodideModule"
  | "enableRunUntilComplete"
  // Those that the peer keeps for itself.
  | "BUILD_ID"
  | "_loadSnapshot"
  | "_makeSnapshot"
  | "_snapshotDeserializer"
  | "_sysExecutable"
  | "cdnUrl";

/** The members of their API object that ours has. */
type TheirAPI = Omit<theirs.PyodideAPI, MissingMembers | "prototype">;

export interface Compared {
  pyodide: {
    Lockfile: Fits<ours.Lockfile, theirs.Lockfile>;
    LockfileInfo: Fits<ours.LockfileInfo, theirs.LockfileInfo>;
    LockfilePackage: Fits<ours.LockfilePackage, theirs.LockfilePackage>;
    PackageData: Fits<ours.PackageData, theirs.PackageData>;
    PyodideAPI: Fits<ours.PyodideAPI, TheirAPI>;
    PyodideConfig: Takes<ours.PyodideConfig, theirs.PyodideConfig>;
    PyodideConfigWithDefaults: Takes<ours.PyodideConfigWithDefaults, theirs.PyodideConfigWithDefaults>;
    PyodideInterface: Fits<ours.PyodideInterface, TheirAPI>;
    TypedArray: Fits<ours.TypedArray, theirs.TypedArray>;
    loadPyodide: Fits<typeof ours.loadPyodide, (options?: theirs.PyodideConfig) => Promise<TheirAPI>>;
    version: Fits<typeof ours.version, typeof theirs.version>;
  };
  ffi: {
    PyAsyncGenerator: Fits<ourFfi.PyAsyncGenerator, theirFfi.PyAsyncGenerator>;
    PyAsyncIterable: Fits<ourFfi.PyAsyncIterable, theirFfi.PyAsyncIterable>;
    PyAsyncIterator: Fits<ourFfi.PyAsyncIterator, theirFfi.PyAsyncIterator>;
    PyAwaitable: Fits<ourFfi.PyAwaitable, theirFfi.PyAwaitable>;
    PyBuffer: Fits<ourFfi.PyBuffer, theirFfi.PyBuffer>;
    PyBufferView: Fits<ourFfi.PyBufferView, theirFfi.PyBufferView>;
    PyCallable: Fits<ourFfi.PyCallable, theirFfi.PyCallable>;
    PyDict: Fits<ourFfi.PyDict, theirFfi.PyDict>;
    PyGenerator: Fits<ourFfi.PyGenerator, theirFfi.PyGenerator>;
    PyIterable: Fits<ourFfi.PyIterable, theirFfi.PyIterable>;
    PyIterator: Fits<ourFfi.PyIterator, theirFfi.PyIterator>;
    PyMutableSequence: Fits<ourFfi.PyMutableSequence, theirFfi.PyMutableSequence>;
    PyProxy: Fits<ourFfi.PyProxy, theirFfi.PyProxy>;
    PyProxyWithGet: Fits<ourFfi.PyProxyWithGet, theirFfi.PyProxyWithGet>;
    PyProxyWithHas: Fits<ourFfi.PyProxyWithHas, theirFfi.PyProxyWithHas>;
    PyProxyWithLength: Fits<ourFfi.PyProxyWithLength, theirFfi.PyProxyWithLength>;
    PyProxyWithSet: Fits<ourFfi.PyProxyWithSet, theirFfi.PyProxyWithSet>;
    PySequence: Fits<ourFfi.PySequence, theirFfi.PySequence>;
    PythonError: Fits<ourFfi.PythonError, theirFfi.PythonError>;
    TypedArray: Fits<ourFfi.TypedArray, theirFfi.TypedArray>;
  };
}

/** The lists above name what is missing and nothing else. */
export interface Missing {
  members: Takes<MissingMembers | "prototype", Exclude<keyof theirs.PyodideAPI, keyof ours.PyodideAPI>>;
  noOtherMembers: Takes<Exclude<keyof theirs.PyodideAPI, keyof ours.PyodideAPI>, MissingMembers>;
  options: Takes<MissingOptions, Exclude<keyof theirs.PyodideConfig, keyof ours.PyodideConfig>>;
  noOtherOptions: Takes<Exclude<keyof theirs.PyodideConfig, keyof ours.PyodideConfig>, MissingOptions>;
}

interface Theirs {
  find(name: string | number): string;
}

/** The comparisons can fail. */
export interface Refused {
  // @ts-expect-error -- the member is missing
  missing: Fits<object, Theirs>;
  // @ts-expect-error -- the result is another
  result: Fits<{ find(name: string | number): string | undefined }, Theirs>;
  // @ts-expect-error -- the method takes less, which TypeScript lets methods do
  parameter: Fits<{ find(name: string): string }, Theirs>;
  // @ts-expect-error -- the option takes less
  option: Takes<{ name?: string }, { name?: string | number }>;
}
