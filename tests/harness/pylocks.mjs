/** `pylock.toml` files (PEP 751): as `ferropy lock` writes them, as other tools do, and some that nothing should load. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const quoted = (text) => JSON.stringify(text);
const list = (texts) => `[${texts.map(quoted).join(', ')}]`;

/** The end of a file of `ferropy lock`: what it is for. */
const ours = ({ python, platform, arch, abi_version: abi }, schema = 1) => `
[tool.ferropy]
schema = ${schema}
requirements = []
python = ${quoted(python)}
platform = ${quoted(platform)}
arch = ${quoted(arch)}
abi-version = ${quoted(abi)}
`;

const wheels = (...files) =>
  `wheels = [${files.map(({ name, place, sha256 }) => `{ name = ${quoted(name)}, ${place}, hashes = { sha256 = ${quoted(sha256)} } }`).join(', ')}]\n`;

const at = (file) => ({ name: file.file_name, place: `path = ${quoted(file.file_name)}`, sha256: file.sha256 });

const head = (more = '') => `lock-version = "1.0"\n${more}created-by = "tests"\n`;

const entry = (name, version, rest) => `\n[[packages]]\nname = ${quoted(name)}\nversion = ${quoted(version)}\n${rest}`;

/**
 * Writes them into `folder`.
 * @param {object} info of the distribution's lock file
 * @param {Record<string, object>} packages entries of `pyodide-lock.json`, of which the wheels are taken
 * @param {string} foreign the name of a wheel for another platform
 */
export async function makePylocks(folder, info, packages, foreign) {
  const names = ['ferropy-tool', 'ferropy-needy', 'ferropy-native'];
  const written = names.map((name) => {
    const { version, imports, depends, ...file } = packages[name];
    const needs = depends.filter((one) => names.includes(one));
    const dependencies = needs.length === 0 ? '' : `dependencies = [${needs.map((one) => `{ name = ${quoted(one)} }`).join(', ')}]\n`;
    return entry(name, version, `${dependencies}${wheels(at(file))}\n[packages.tool.ferropy]\nimports = ${list(imports)}\n`);
  });
  const environment = `environments = ${list(["python_version == '3.15' and sys_platform == 'emscripten'"])}\nrequires-python = "==3.15.*"\n`;
  const good = `${head(environment)}${written.join('')}${ours(info)}`;
  const { 'ferropy-tool': tool, 'ferropy-needy': needy } = packages;
  const other = { name: foreign, place: `url = ${quoted(`https://nowhere.invalid/${foreign}`)}`, sha256: '0'.repeat(64) };
  const fitting = entry('ferropy-tool', '1.0', wheels({ ...at(tool), place: `path = ${quoted(`./${tool.file_name}`)}` }));
  const files = {
    '': good,
    // Neither dependencies nor modules, entries for other platforms, and tables of others.
    '-others': `${head('requires-python = ">=3.9"\n')}${fitting}${entry('ferropy-needy', '1.0', wheels(at(needy)))}${
      entry('colour', '1.0', `marker = "sys_platform == 'win32'"\n[packages.sdist]\nname = "colour-1.0.tar.gz"\nurl = "https://nowhere.invalid/colour-1.0.tar.gz"\nhashes = { sha256 = "${'0'.repeat(64)}" }\n`)
    }\n[tool.other]\nanything = 1\n`,
    '-other-abi': good.replace(/abi-version = .*/, 'abi-version = "2020_0"'),
    '-newer': good.replace('lock-version = "1.0"', 'lock-version = "2.0"'),
    '-newer-schema': good.replace('schema = 1', 'schema = 2'),
    '-other-python': good.replace('"==3.15.*"', '">=3.99"'),
    '-other-system': good.replace("sys_platform == 'emscripten'", "sys_platform == 'linux'"),
    '-wrong-hash': good.replace(needy.sha256, '0'.repeat(64)),
    '-short-hash': good.replace(needy.sha256, 'abc'),
    '-above': good.replace(`path = "${needy.file_name}"`, `path = "../${needy.file_name}"`),
    '-cut': good.slice(0, good.indexOf('imports =') + 12),
    '-foreign': `${head()}${entry('ferropy-sample', '1.2.3', wheels(other))}`,
    '-source': `${head()}${entry('ferropy-tool', '1.0', '[packages.sdist]\nname = "ferropy_tool-1.0.tar.gz"\nurl = "https://nowhere.invalid/ferropy_tool-1.0.tar.gz"\nhashes = { sha256 = "00" }\n')}`,
    '-vcs': `${head()}${entry('ferropy-tool', '1.0', '[packages.vcs]\ntype = "git"\nurl = "https://nowhere.invalid/x"\ncommit-id = "1"\n')}`,
    '-missing': good.replace('{ name = "ferropy-tool" }', '{ name = "nobody" }'),
  };
  await Promise.all(Object.entries(files).map(([what, text]) => writeFile(join(folder, `pylock${what}.toml`), text)));
}
