/** The two sides of every comparison: their distributions, processes, turns, and the machine they run on. */
import { fork, spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { ferropyDist, peerDist } from '../../tests/harness/dist.mjs';
import { REPO, pin } from '../../tests/harness/pins.mjs';

/** By the names the tables use. `self` puts the peer in both places. @param {{self: boolean, dist?: string}} options */
export const chooseSides = ({ self, dist }) => ({ ferropy: self ? peerDist() : ferropyDist(dist), peer: peerDist() });

/** Alternates which side goes first, round by round. */
export const order = (round) => (round % 2 === 0 ? ['ferropy', 'peer'] : ['peer', 'ferropy']);

/** Progress, apart from the results. */
export const say = (text) => process.stderr.write(`${text}\n`);

/** A process of child.mjs with one distribution: `ask` sends one request and waits for its answer. */
export class Child {
  /** @param {{dir: string, loader: string}} side @param {Record<string, string>} env added to this process's */
  constructor({ dir, loader }, env = {}) {
    this.dist = { dist: dir, loader };
    const program = fileURLToPath(new URL('child.mjs', import.meta.url));
    this.process = fork(program, [], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: [],
      env: { ...process.env, ...env },
    });
  }

  ask(request, limit = 300_000) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.process.kill('SIGKILL'), limit);
      const onExit = (code, signal) => finish(() => reject(new Error(`the process ended (${signal ?? code})`)));
      const onMessage = ({ answer, error }) => finish(() => (error ? reject(new Error(error)) : resolve(answer)));
      const finish = (then) => {
        clearTimeout(timer);
        this.process.off('exit', onExit);
        this.process.off('message', onMessage);
        then();
      };
      this.process.on('exit', onExit);
      this.process.on('message', onMessage);
      this.process.send(request);
    });
  }

  load() {
    return this.ask({ do: 'load', ...this.dist });
  }

  end() {
    this.process.kill('SIGKILL');
  }
}

export function machine() {
  const git = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: REPO, encoding: 'utf8' });
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    node: process.version,
    peer: pin('peer', 'npm'),
    commit: git.status === 0 ? git.stdout.trim() : 'none',
    date: new Date().toISOString().slice(0, 10),
  };
}
