/** A package index of small wheels, some of them trouble; `index/{package_name}.json` is its pages' address. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { wheel } from './zips.mjs';

const sha256 = (data) => createHash('sha256').update(data).digest('hex');

/**
 * What there is. `files` have a `version`, what they need (`metadata`), and lies: `sha256`, `coreMetadata`, `yanked`,
 * `python` (Requires-Python), `tag`, `name` (another file name; nothing is behind it).
 */
const PROJECTS = {
  'idx-app': [
    { version: '1.0', metadata: 'Requires-Dist: idx-lib\n' },
    { version: '1.1', metadata: 'Requires-Dist: idx-lib>=1\nRequires-Dist: idx_extra>=1; extra == "more"\nProvides-Extra: more\n' },
    { version: '2.0rc1', metadata: '' },
  ],
  'idx-lib': [{ version: '1.0' }, { version: '1.2' }, { version: '1.5', yanked: 'broken' }, { version: '1.9', python: '<3.0' }],
  'idx-extra': [{ version: '1.0', metadata: 'Requires-Dist: idx-app\n' }],
  'idx-rival': [{ version: '1.0', metadata: 'Requires-Dist: idx-lib<1.1\n' }, { version: '1.1', metadata: 'Requires-Dist: idx-lib>=2\n' }],
  'idx-source': [{ version: '1.0', name: 'idx_source-1.0.tar.gz' }],
  'idx-native': [{ version: '1.0', name: 'idx_native-1.0-cp315-cp315-win_amd64.whl' }],
  'idx-gone': [{ version: '1.0', name: 'idx_gone-1.0-py3-none-any.whl' }],
  'idx-altered': [{ version: '1.0', sha256: '0'.repeat(64) }],
  'idx-lying': [{ version: '1.0', coreMetadata: { sha256: '0'.repeat(64) } }],
  'idx-promising': [{ version: '1.0', coreMetadata: true, withoutMetadata: true }],
  'idx-cycle': [{ version: '1.0', metadata: 'Requires-Dist: idx-cycle2\n' }],
  'idx-cycle2': [{ version: '1.0', metadata: 'Requires-Dist: idx-cycle\n' }],
};

/** Bytes that cannot be packed. */
function noise(length) {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

/** Wheels without METADATA beside them; what each needs is idx-lib. `size` is what their page says, if it says it. */
const LARGE = {
  'rng-late': { size: (size) => size },
  'rng-early': { size: (size) => size, early: true },
  'rng-many': { size: (size) => size, modules: 1_000 },
  'rng-unsized': { size: () => undefined },
  'rng-larger': { size: (size) => size + 1_000 },
  'rng-smaller': { size: (size) => size - 1_000 },
  'rng-small': { size: (size) => size, noise: 1_000 },
};

async function makeLarge(root) {
  for (const [name, { size, early = false, modules = 0, noise: length = 400_000 }] of Object.entries(LARGE)) {
    const module = name.replaceAll('-', '_');
    const file = `${module}-1.0-py3-none-any.whl`;
    const large = [{ name: `${module}_data/noise.bin`, data: noise(length) }];
    for (let index = 0; index < modules; index++) large.push({ name: `${module}_data/module_number_${index}.txt`, data: '' });
    const about = { name: module, metadata: 'Requires-Dist: idx-lib<1.1\n', after: early ? large : [] };
    const data = wheel(about, [{ name: `${module}.py`, data: 'VERSION = "1.0"\n' }, ...(early ? [] : large)]);
    await writeFile(join(root, 'files', file), data);
    const entry = { filename: file, url: `files/${file}`, hashes: { sha256: sha256(data) }, size: size(data.length) };
    await writeFile(join(root, `${name}.json`), JSON.stringify({ meta: { 'api-version': '1.1' }, name, files: [entry] }));
  }
}

/** @param {string} folder where `index/` goes */
export async function makeIndex(folder) {
  const root = join(folder, 'index');
  await mkdir(join(root, 'files'), { recursive: true });
  for (const [name, releases] of Object.entries(PROJECTS)) {
    const files = [];
    for (const { version, metadata = '', ...more } of releases) {
      const module = name.replaceAll('-', '_');
      const file = more.name ?? `${module}-${version}-py3-none-any.whl`;
      const data = wheel({ name: module, version, metadata }, [{ name: `${module}.py`, data: `VERSION = "${version}"\n` }]);
      if (more.name === undefined) await writeFile(join(root, 'files', file), data);
      const text = `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n${metadata}`;
      const served = more.name === undefined && !more.withoutMetadata;
      if (served) await writeFile(join(root, 'files', `${file}.metadata`), text);
      files.push({
        filename: file,
        url: `files/${file}`,
        hashes: { sha256: more.sha256 ?? sha256(data) },
        'core-metadata': more.coreMetadata ?? { sha256: sha256(text) },
        'requires-python': more.python ?? null,
        yanked: more.yanked ?? false,
        size: data.length,
      });
    }
    await writeFile(join(root, `${name}.json`), JSON.stringify({ meta: { 'api-version': '1.1' }, name, files }));
  }
  await makeLarge(root);
  const html = '<!DOCTYPE html><title>Log in</title>';
  await writeFile(join(root, 'idx-login.json'), html);
  await writeFile(join(root, 'idx-future.json'), JSON.stringify({ meta: { 'api-version': '2.0' }, files: [] }));
  const lib = await readFile(join(root, 'files', 'idx_lib-1.0-py3-none-any.whl'));
  await mkdir(join(root, 'pages'), { recursive: true });
  const link = `<a href="../files/idx_lib-1.0-py3-none-any.whl#sha256=${sha256(lib)}" data-requires-python="&gt;=3">idx_lib</a>`;
  await writeFile(join(root, 'pages', 'idx-lib.html'), `<!DOCTYPE html><html><body>${link}</body></html>`);
}
