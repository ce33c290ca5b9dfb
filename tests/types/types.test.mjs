/**
 * The published types: valid by themselves, and in the place of the peer's. compat.ts and usage.ts say what is
 * compared; the compiler is that of js/.
 *
 *     node --test tests/types/types.test.mjs
 */

import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { API, TypeFlags } from '../../js/node_modules/typescript/dist/api/sync/api.js';
import { writeDeclarations } from '../../js/declarations.mjs';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

/** Where the configurations here look for ours. */
const PUBLISHED = path('../../target/types');
const COMPAT = path('compat.ts');

/** The peer's declarations, by the names that compat.ts gives them. */
const PEER = {
  pyodide: path('../node_modules/pyodide/pyodide.d.ts'),
  ffi: path('../node_modules/pyodide/ffi.d.ts'),
};

/** Faults in our declarations: each must show where it matters. */
const FAULTS = [
  { file: 'types/js/src/api.d.ts', from: 'runPython(code: string,', to: 'runPython(code: number,', hurts: 'PyodideAPI' },
  { file: 'types/js/src/api.d.ts', from: 'setDebug(debug: boolean): boolean;', to: '', hurts: 'PyodideAPI' },
  { file: 'types/js/src/index.d.ts', from: 'env?: Record<string, string>', to: 'env?: Record<string, number>', hurts: 'PyodideConfig' },
  { file: 'types/js/src/filesystem.d.ts', from: 'readdir(path: string): string[]', to: 'readdir(path: string): string', hurts: 'PyodideAPI' },
  { file: 'types/runtime/src/pyproxy/members.d.ts', from: 'copy(): PyProxy;', to: '', hurts: 'PyProxy' },
  { file: 'types/runtime/src/pyproxy/members.d.ts', from: 'get length(): number', to: 'get length(): bigint', hurts: 'PyDict' },
  { file: 'types/js/src/ffi.d.ts', from: 'PyBuffer, ', to: '', hurts: 'PyBuffer' },
  { file: 'ferropy.d.mts', from: 'index.js', to: 'nothing.js', hurts: 'PyodideAPI' },
];

/** Compiles a configuration of this folder; `changed` are texts that stand in for those of files. */
function compile(t, config, changed = {}) {
  const api = new API({ cwd: path('.'), fs: { readFile: (name) => changed[name] } });
  t.after(() => api.close());
  return api.updateSnapshot({ openProjects: [path(config)] }).getProject(path(config));
}

/** All that the compiler says against a project, as `file: text`. */
function complaints({ program }) {
  return [
    program.getConfigFileParsingDiagnostics(),
    program.getProgramDiagnostics(),
    program.getGlobalDiagnostics(),
    program.getSyntacticDiagnostics(),
    program.getSemanticDiagnostics(),
  ]
    .flat()
    .map(({ fileName = '', pos, text }) => ({ fileName, pos, text }));
}

const names = (symbols) => symbols.map(({ name }) => name).sort();

/** The symbols that a file exports. */
function exportsOf({ program, checker }, file) {
  return checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)));
}

/** The members of the interface `Compared` in compat.ts: by section, a symbol for each name. */
function compared(project) {
  const { checker } = project;
  const table = exportsOf(project, COMPAT).find(({ name }) => name === 'Compared');
  const sections = checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(table));
  return new Map(
    sections.map((section) => [section.name, checker.getPropertiesOfType(checker.getTypeOfSymbol(section))]),
  );
}

before(async () => {
  await mkdir(PUBLISHED, { recursive: true });
  await writeDeclarations(PUBLISHED);
});

test('our declarations need no others', (t) => {
  assert.deepEqual(complaints(compile(t, 'tsconfig.alone.json')), []);
});

test('programs for the peer compile with its declarations and with ours', (t) => {
  assert.deepEqual(complaints(compile(t, 'tsconfig.json')), []);
  assert.deepEqual(complaints(compile(t, 'tsconfig.ours.json')), []);
});

test('all names that the peer exports are compared', (t) => {
  const project = compile(t, 'tsconfig.json');
  const sections = compared(project);
  assert.deepEqual([...sections.keys()].sort(), Object.keys(PEER).sort());
  for (const [section, file] of Object.entries(PEER)) {
    const exported = names(exportsOf(project, file));
    assert.ok(exported.length > 10, `${file} exports only ${exported}`);
    assert.deepEqual(names(sections.get(section)), exported);
  }
});

test('no compared type is any', (t) => {
  const project = compile(t, 'tsconfig.json');
  const { checker } = project;
  for (const symbol of [...compared(project).values()].flat()) {
    const pair = checker.getTypeArguments(checker.getTypeOfSymbol(symbol));
    assert.equal(pair.length, 2, symbol.name);
    for (const type of pair) assert.equal(type.flags & TypeFlags.Any, 0, `${symbol.name} is any`);
  }
});

describe('a fault in our declarations is found:', () => {
  for (const { file, from, to, hurts } of FAULTS) {
    test(`'${from}' becomes '${to}' in ${file}`, async (t) => {
      const broken = `${PUBLISHED}/${file}`;
      const text = await readFile(broken, 'utf8');
      assert.ok(text.includes(from), `${file} has no '${from}'`);
      const found = complaints(compile(t, 'tsconfig.json', { [broken]: text.replaceAll(from, to) }));
      const source = await readFile(COMPAT, 'utf8');
      const lines = found
        .filter(({ fileName }) => fileName === COMPAT)
        .map(({ pos }) => source.slice(0, pos).split('\n').length - 1)
        .map((line) => source.split('\n')[line]?.trim() ?? '');
      assert.ok(
        lines.some((line) => line.startsWith(`${hurts}:`)),
        `no complaint about ${hurts}, only about ${JSON.stringify(lines)}`,
      );
    });
  }
});
