/** Where things are in the file system. */

/** Replaced by the build: the version that names the library's folder, such as `3.15`. */
declare const FERROPY_PYTHON: string;

/** Where Python's standard library lives in the file system. */
export const STDLIB = `/lib/python${FERROPY_PYTHON}`;
/** Where packages are installed. */
export const SITE_PACKAGES = `${STDLIB}/site-packages`;
