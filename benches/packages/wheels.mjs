/** Loading and importing wheels: each set of tests/wheels.lock.json alone, and all of them in one interpreter. */
import { findBrowser } from '../../tests/harness/engines.mjs';
import { startServer } from '../../tests/harness/server.mjs';
import { ensureWheels } from '../../tests/harness/wheels.mjs';
import { order, say } from '../shared/sides.mjs';
import { inBrowser, inNode } from './measure.mjs';

/** What importing each set means: what a program of its kind imports first. */
const IMPORTS = {
  msgpack: 'import msgpack._cmsgpack',
  bitarray: 'import bitarray.util',
  'python-calamine': 'import python_calamine',
  librt: 'import librt.base64, librt.internal',
  mypy: 'from mypy import api; import mypy.build, mypy.main',
  rich: 'import rich.console, rich.table, rich.syntax',
  jinja2: 'import jinja2',
  sympy: 'import sympy',
  networkx: 'import networkx',
  beautifulsoup4: 'import bs4',
};

/** The set of all others. */
export const ALL = 'all';

/** @param {string} engine @returns {Promise<Record<string, {ferropy: object[], peer: object[]}> | undefined>} */
export async function measureWheels(engine, sides, { rounds, sets: chosen }) {
  if (engine !== 'node' && !findBrowser(engine)) {
    say(`${engine} is not installed: no figures for it`);
    return undefined;
  }
  const { folder, sets } = ensureWheels();
  const everything = { ...sets, [ALL]: [...new Set(Object.values(sets).flat())] };
  const imports = { ...IMPORTS, [ALL]: Object.values(IMPORTS).join('\n') };
  const { measure, url, close } = engine === 'node' ? await nodeWith(folder) : await inBrowser(engine, sides, folder);
  const results = {};
  try {
    for (const set of Object.keys(everything).filter((name) => chosen.test(name))) {
      results[set] = { ferropy: [], peer: [] };
      const request = { what: 'wheels', urls: everything[set].map((file) => `${url}/${file}`), code: imports[set] };
      for (let round = 0; round < rounds; round++) {
        for (const side of order(round)) results[set][side].push(await measure(sides[side], request));
      }
      say(`wheels in ${engine}: ${set}`);
    }
  } finally {
    await close();
  }
  return results;
}

async function nodeWith(folder) {
  const { url, close } = await startServer({ mounts: [['/', folder]] });
  return { measure: inNode, url, close };
}
