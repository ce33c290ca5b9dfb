/** Finds the distribution under test: an option, the environment, or what `ferropy dist` builds. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { REPO, peerPin } from './pins.mjs';

/** The peer's package, as tests/package.json installs it. */
export function peerDist() {
  const dir = join(REPO, 'tests', 'node_modules', peerPin().name);
  const manifest = join(dir, 'package.json');
  if (!existsSync(manifest)) throw new Error(`the peer is not installed: run \`npm ci\` in ${join(REPO, 'tests')}`);
  const found = JSON.parse(readFileSync(manifest, 'utf8')).version;
  if (found !== peerPin().version) {
    throw new Error(`installed peer is ${found}, versions.toml pins ${peerPin().version}: run \`npm ci\` in tests/`);
  }
  return { dir, loader: 'pyodide.mjs', classic: 'pyodide.js', peer: true };
}

/** Ours. @param {string} [given] `--dist DIR` */
export function ferropyDist(given) {
  let dir = given ?? process.env.FERROPY_DIST;
  if (!dir) {
    const build = spawnSync('cargo', ['run', '--release', '--quiet', '--', 'dist', '--print-path'], {
      cwd: REPO,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (build.status !== 0) throw new Error('`cargo run --release -- dist --print-path` failed (see above)');
    dir = build.stdout.trim();
  }
  dir = resolve(dir);
  if (!existsSync(join(dir, 'ferropy.mjs'))) throw new Error(`${dir} holds no distribution (no ferropy.mjs)`);
  return { dir, loader: 'ferropy.mjs', classic: 'pyodide.js', peer: false };
}
