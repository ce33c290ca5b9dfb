/** Generates the files tests load: small wheels (good, foreign, broken), an .xlsx, lock files. */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { strToU8, zipSync } from 'fflate';
import { pin } from './pins.mjs';
import { makeIndex } from './index.mjs';
import { library, padded } from './libraries.mjs';
import { makePylocks } from './pylocks.mjs';
import { HOSTILE, wheel as anyWheel, zip as anyZip } from './zips.mjs';

const sha256 = (data) => createHash('sha256').update(data).digest('hex');

/** A wheel's bytes, with a correct RECORD. */
function wheel({ name, version, tag, files }) {
  const info = `${name}-${version}.dist-info`;
  const all = {
    ...files,
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`,
    [`${info}/WHEEL`]: `Wheel-Version: 1.0\nGenerator: ferropy-tests\nRoot-Is-Purelib: true\nTag: ${tag}\n`,
  };
  const record = Object.entries(all).map(([path, text]) => {
    const digest = createHash('sha256').update(text).digest('base64url');
    return `${path},sha256=${digest},${strToU8(text).length}`;
  });
  all[`${info}/RECORD`] = [...record, `${info}/RECORD,,`, ''].join('\n');
  return zipSync(Object.fromEntries(Object.entries(all).map(([path, text]) => [path, strToU8(text)])), {
    mtime: new Date(2026, 0, 1),
  });
}

/** An .xlsx with one sheet `Fruit`: a header and two rows, a date-free minimum any reader accepts. */
function xlsx() {
  const cell = (ref, value) =>
    typeof value === 'number'
      ? `<c r="${ref}"><v>${value}</v></c>`
      : `<c r="${ref}" t="inlineStr"><is><t>${value}</t></is></c>`;
  const rows = [
    ['name', 'count', 'price'],
    ['apple', 3, 1.5],
    ['pear', 7, 0.25],
  ];
  const xml = rows
    .map((row, r) => `<row r="${r + 1}">${row.map((v, c) => cell(`${'ABC'[c]}${r + 1}`, v)).join('')}</row>`)
    .join('');
  const head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>';
  const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
  const rels = 'http://schemas.openxmlformats.org/package/2006/relationships';
  const office = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
  const type = 'application/vnd.openxmlformats-officedocument.spreadsheetml';
  const parts = {
    '[Content_Types].xml': `${head}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="${type}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${type}.worksheet+xml"/></Types>`,
    '_rels/.rels': `${head}<Relationships xmlns="${rels}"><Relationship Id="rId1" Type="${office}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    'xl/workbook.xml': `${head}<workbook xmlns="${main}" xmlns:r="${office}"><sheets><sheet name="Fruit" sheetId="1" r:id="rId1"/></sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `${head}<Relationships xmlns="${rels}"><Relationship Id="rId1" Type="${office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
    'xl/worksheets/sheet1.xml': `${head}<worksheet xmlns="${main}"><sheetData>${xml}</sheetData></worksheet>`,
  };
  return zipSync(Object.fromEntries(Object.entries(parts).map(([path, text]) => [path, strToU8(text)])));
}

const TAG = pin('abi', 'tag');
const FOREIGN_PLATFORM = `${TAG}-${TAG}-manylinux_2_28_x86_64`;

/** Wheels by what is special about them: `t.assetUrl('good')` finds the file by this table. */
export const NAMES = {
  good: 'ferropy_sample-1.2.3-py3-none-any.whl',
  foreignPlatform: `ferropy_sample-1.2.3-${FOREIGN_PLATFORM}.whl`,
  foreignPython: 'ferropy_sample-1.2.3-cp39-cp39-any.whl',
  broken: 'ferropy_broken-1.0-py3-none-any.whl',
  truncated: 'ferropy_truncated-1.0-py3-none-any.whl',
  outside: 'ferropy_outside-1.0-py3-none-any.whl',
  missing: 'ferropy_missing-1.0-py3-none-any.whl',
  tool: 'ferropy_tool-1.0-py3-none-any.whl',
  native: `ferropy_native-1.0-py3-none-${pin('abi', 'platform')}.whl`,
  needy: 'ferropy_needy-1.0-py3-none-any.whl',
  large: `ferropy_large-1.0-py3-none-${pin('abi', 'platform')}.whl`,
};

/**
 * Writes all assets into `folder`.
 * @param {string} folder
 * @param {object} distLock the distribution's own lock file, whose `info` the test locks repeat
 */
export async function makeAssets(folder, distLock) {
  await mkdir(folder, { recursive: true });
  await makeIndex(folder);
  const files = {
    'ferropy_sample/__init__.py': 'VALUE = 42\n\ndef greet(name):\n    return f"hello {name}"\n',
    'ferropy_sample/data.txt': 'data beside the code\n',
  };
  const sample = (tag) => wheel({ name: 'ferropy_sample', version: '1.2.3', tag, files });
  const good = sample('py3-none-any');
  const outside = zipSync({ '../escaped.txt': strToU8('out'), 'ferropy_outside.py': strToU8('') });
  const put = (name, data) => writeFile(join(folder, name), data);
  await put(NAMES.good, good);
  await put(NAMES.foreignPlatform, sample(FOREIGN_PLATFORM));
  await put(NAMES.foreignPython, sample('cp39-cp39-any'));
  await put(NAMES.broken, strToU8('this is no zip archive, whatever its name says\n'.repeat(20)));
  await put(NAMES.truncated, good.slice(0, good.length >> 1));
  await put(NAMES.outside, outside);
  await put('fruit.xlsx', xlsx());
  const entry = (name, digest) => ({
    name,
    version: '1.2.3',
    file_name: NAMES.good,
    install_dir: 'site',
    sha256: digest,
    package_type: 'package',
    imports: [name],
    depends: [],
    unvendored_tests: false,
  });
  const lock = (digest) =>
    JSON.stringify({ ...distLock, packages: { 'ferropy-sample': entry('ferropy-sample', digest) } });
  for (const [what, [make]] of Object.entries(HOSTILE)) {
    await mkdir(join(folder, what), { recursive: true });
    await put(`${what}/ferropy_hostile-1.0-py3-none-any.whl`, make());
  }
  const tool = anyWheel({ name: 'ferropy_tool' }, [
    { name: 'ferropy_tool/__init__.py', data: 'def main():\n    return 7\n' },
    { name: 'ferropy_tool/big.txt', data: 'line of text\n'.repeat(100_000) },
    { name: 'ferropy_tool/sub/mod.py', data: 'NAME = __name__\n' },
    { name: 'ferropy_tool-1.0.data/data/share/ferropy_tool/data.txt', data: 'shared\n' },
    { name: 'ferropy_tool-1.0.data/scripts/ferropy-script', data: '#!python\n' },
    { name: 'ferropy_tool-1.0.data/headers/ferropy_tool.h', data: '' },
    { name: 'ferropy_tool-1.0.data/purelib/ferropy_extra.py', data: 'X = 1\n' },
    { name: 'ferropy_tool-1.0.dist-info/entry_points.txt', data: '[console_scripts]\nferropy-tool = ferropy_tool:main\n' },
  ]);
  await put(NAMES.tool, tool);
  const changed = anyWheel({ name: 'ferropy_tool', version: '1.0' }, [{ name: 'ferropy_tool/__init__.py', data: 'def main():\n    return 8\n' }]);
  await mkdir(join(folder, 'changed'), { recursive: true });
  await put(`changed/${NAMES.tool}`, changed);
  const inner = library({ name: 'inner', value: 40 });
  const native = anyWheel({ name: 'ferropy_native', tag: `py3-none-${pin('abi', 'platform')}` }, [
    { name: 'ferropy_native/__init__.py', data: '' },
    { name: 'ferropy_native/outer.so', data: library({ name: 'outer', value: 2, from: { library: 'libinner.so', name: 'inner' } }) },
    { name: 'ferropy_native.libs/libinner.so', data: inner },
  ]);
  await put(NAMES.native, native);
  const everybodys = anyZip([{ name: 'libeverybodys.so', data: library({ name: 'everybodys', value: 5 }) }]);
  await put('everybodys.zip', everybodys);
  const needy = anyWheel({ name: 'ferropy_needy', metadata: 'Requires-Dist: ferropy-tool>=1\n' }, [{ name: 'ferropy_needy.py', data: 'import ferropy_tool\n' }]);
  await put(NAMES.needy, needy);
  const locked = (name, file, data, more = {}) => ({ ...entry(name, sha256(data)), version: '1.0', file_name: file, ...more });
  const packages = {
    'ferropy-tool': locked('ferropy_tool', NAMES.tool, tool, { imports: ['ferropy_tool', 'ferropy_extra'] }),
    everybodys: locked('everybodys', 'everybodys.zip', everybodys, { package_type: 'shared_library', install_dir: 'dynlib', imports: [] }),
    'ferropy-needy': locked('ferropy_needy', NAMES.needy, needy, { imports: ['ferropy_needy'], depends: ['ferropy-tool'] }),
  };
  await put('lock-two.json', JSON.stringify({ ...distLock, packages }));
  const large = anyWheel({ name: 'ferropy_large', tag: `py3-none-${pin('abi', 'platform')}` }, [
    { name: 'ferropy_large/__init__.py', data: '' },
    { name: 'ferropy_large/large.so', data: padded(inner, 9 << 20) },
  ]);
  await put(NAMES.large, large);
  const importable = {
    ...packages,
    'ferropy-native': locked('ferropy_native', NAMES.native, native, { imports: ['ferropy_native'], depends: ['everybodys'] }),
    'ferropy-large': locked('ferropy_large', NAMES.large, large, { imports: ['ferropy_large'] }),
    'wrong-hash': locked('wrong-hash', NAMES.good, good, { imports: ['wrong_hash'], sha256: sha256('something else') }),
    absent: locked('absent', NAMES.missing, good, { imports: ['absent'], depends: ['ferropy-tool'] }),
    liar: locked('liar', NAMES.good, good, { imports: ['not_in_liar'] }),
    half: locked('half', NAMES.needy, needy, { imports: ['half_one'], depends: ['no-such-package'] }),
  };
  await put('lock-imports.json', JSON.stringify({ ...distLock, packages: importable }));
  await makePylocks(folder, distLock.info, importable, NAMES.foreignPlatform);
  const info = { ...distLock.info, abi_version: '2020_0' };
  await put('lock-other-abi.json', JSON.stringify({ ...distLock, info, packages }));
  const newer = { x: { ...packages['ferropy-tool'], package_type: 'hologram' } };
  await put('lock-newer.json', JSON.stringify({ ...distLock, packages: newer }));
  await put('lock-good.json', lock(sha256(good)));
  await put('lock-wrong-hash.json', lock(sha256('something else')));
  await put('lock-not-json.json', 'not json');
}
