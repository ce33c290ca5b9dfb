/** Reads what the tools need from versions.toml. Not a TOML parser: strings and integers of one table. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const REPO = fileURLToPath(new URL('../..', import.meta.url));

/** Where expensive things live, as everywhere in ferropy. */
export const CACHE = process.env.FERROPY_CACHE ?? join(homedir(), '.cache', 'ferropy');

/** @param {string} table @param {string} key */
export function pin(table, key) {
  let here = '';
  for (const line of readFileSync(join(REPO, 'versions.toml'), 'utf8').split('\n')) {
    const header = /^\[([\w.-]+)\]/.exec(line);
    if (header) here = header[1];
    const entry = /^([\w-]+)\s*=\s*(?:"([^"]*)"|(\d+))/.exec(line);
    if (entry && here === table && entry[1] === key) return entry[2] ?? Number(entry[3]);
  }
  throw new Error(`versions.toml has no ${table}.${key}`);
}

/** The pin `[peer] npm`, split into name and version. */
export function peerPin() {
  const [name, version] = pin('peer', 'npm').split('@');
  return { name, version };
}
